"""The first pass through rows that are too many for memory: what has to be known of all of them.

Where columns lie and how far they spread is found exactly, in one pass. Quantiles, and all else
that is decided before and after the training, are those of a random sample: by the inequality of
Dvoretzky, Kiefer and Wolfowitz the rank of a quantile of m rows is off by more than √(ln(2/δ) / 2m)
with probability δ at most, which is 0.43 % of the rows for m = 100,000 and δ = 0.05.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_spectral.data.moments import Moments
from sk_spectral.data.running_moments import RunningMoments
from sk_spectral.data.source import Block, Keys, joined_blocks, mixed

Array = NDArray[Any]

MOST_SAMPLED, MOST_SET_APART = 100_000, 50_000

_WITNESSES = 2
_FEWEST_KEYS, _FEWEST_REPEATED = 10, 100
_MOST_CLASSES = 10_000


class Lowest:
    """Of rows that come with keys those of the least keys, rows of one key together.

    Parameters
    ----------
    most : int
        Rows, at most: of a key of which there are more by itself, none.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._limit = int(np.iinfo(np.uint64).max)
        self._kept: list[tuple[Keys, Block]] = []
        self._n_kept = 0

    def offer(self, keys: Keys, block: Block) -> None:
        """Rows that come."""
        near = np.flatnonzero(keys <= np.uint64(self._limit))
        if len(near):
            self._kept.append((keys[near], block.take(near)))
            self._n_kept += len(near)
        if self._n_kept > 2 * self.most:
            self._keep(self.most)

    def least(self, most: int) -> tuple[Keys, Block] | None:
        """Keys and rows, at most so many; None where there are none."""
        self._keep(min(most, self.most))
        return self._kept[0] if self._kept else None

    def and_of(self, other: "Lowest") -> None:
        """Rows that came elsewhere: not those beyond which some were left out there."""
        self._limit = min(self._limit, other._limit)
        for keys, block in other._kept:
            self.offer(keys, block)

    def keys(self) -> Keys:
        """Those of the rows that are kept."""
        self._keep(self.most)
        return self._kept[0][0] if self._kept else np.empty(0, dtype=np.uint64)

    def _keep(self, most: int) -> None:
        if not self._kept:
            return
        keys = np.concatenate([found for found, _ in self._kept])
        block = joined_blocks([block for _, block in self._kept])
        order = np.argsort(keys, kind="stable")
        order = order[keys[order] <= np.uint64(self._limit)]
        if len(order) > most:
            ascending = keys[order]
            # Not a part of the rows of one key.
            n_kept = int(np.searchsorted(ascending, ascending[most]))
            order = order[:n_kept]
            self._limit = int(ascending[n_kept - 1]) if n_kept else 0
        self._kept = [(keys[order], block.take(order))] if len(order) else []
        self._n_kept = len(order)


@dataclass(frozen=True, eq=False)
class Survey:
    """What is known of all rows of a source.

    Attributes
    ----------
    n_rows : int
        Of weight above 0, those set apart included.
    weight : float
        Their total weight.
    sample : Block
        Some of them, each as likely as any other, and two of each class and of each column in which
        a number is missing.
    valid : Block or None
        Those that are set apart.
    limit : int or None
        Those of keys up to this are set apart.
    by_value : bool
        Whether the keys are those of the values of rows.
    seed : int
    moments : Moments
        Of the numbers among the columns: those that are there.
    complete : bool array of shape (n_numbers,)
        Whether none is missing.
    classes : dict
        Weight of each label; empty for numbers.
    n_valid : int
        How many rows are set apart.
    """

    n_rows: int
    weight: float
    sample: Block
    valid: Block | None
    limit: int | None
    by_value: bool
    seed: int
    moments: Moments
    complete: NDArray[np.bool_]
    classes: dict[Any, float]
    n_valid: int = 0

    def keys_of(self, block: Block) -> Keys:
        """By which rows are set apart."""
        return _keys_of(block, self.by_value, self.seed)

    def to_train_on(self, block: Block) -> Block:
        """The rows of a block that have a weight and are not set apart."""
        counts = np.ones(len(block), dtype=bool)
        if block.sample_weight is not None:
            counts = np.asarray(block.sample_weight) > 0
        if self.limit is not None:
            counts &= self.keys_of(block) > np.uint64(self.limit)
        return block if counts.all() else block.take(np.flatnonzero(counts))


@dataclass
class Count:
    """What blocks tell, one after the other, and counts of several processes together.

    Attributes
    ----------
    seed : int
    by_value : bool
    sample, apart : Lowest
    """

    seed: int
    by_value: bool
    sample: Lowest
    apart: Lowest
    n_rows: int = 0
    weight: float = 0.0
    moments: RunningMoments | None = None
    missing: Array | None = None
    classes: dict[Any, float] = field(default_factory=dict)
    witnesses: list[Block] = field(default_factory=list)

    def take(self, block: Block, numbers: Array, labels: Array | None) -> None:
        """A block, the numbers in it and its labels, where there are some.

        Parameters
        ----------
        block : Block
            Rows of weight above 0.
        numbers : array of shape (n_samples, n_numbers)
            NaN where one is missing.
        labels : array of shape (n_samples,), or None
        """
        weight = block.sample_weight
        self.n_rows += len(block)
        self.weight += len(block) if weight is None else float(weight.sum())
        self._count_numbers(block, numbers)
        if labels is not None:
            self._count_labels(block, labels)
        self.apart.offer(_keys_of(block, self.by_value, self.seed), block)
        self.sample.offer(mixed(block.numbers, self.seed + 1), block)

    def _count_numbers(self, block: Block, numbers: Array) -> None:
        missing = np.isnan(numbers)
        n_missing = missing.sum(axis=0)
        before = np.zeros_like(n_missing) if self.missing is None else self.missing
        for j in np.flatnonzero((n_missing > 0) & (before < _WITNESSES)):
            self.witnesses.append(block.take(np.flatnonzero(missing[:, j])[:_WITNESSES]))
        self.missing = before + n_missing
        if n_missing.any():
            known = np.zeros(numbers.shape[1]) if self.moments is None else self.moments.mean
            there = np.where(missing, 0.0, numbers).sum(axis=0)
            n_there = len(numbers) - n_missing
            mean = np.where(n_there > 0, there / np.maximum(n_there, 1), known)
            numbers = np.where(missing, mean, numbers)
        found = RunningMoments.of(lambda: [numbers], block.sample_weight)
        self.moments = found if self.moments is None else self.moments.and_of(found)

    def _count_labels(self, block: Block, labels: Array) -> None:
        values, codes = np.unique(labels, return_inverse=True)
        totals = np.bincount(codes.ravel(), block.sample_weight, len(values))
        for k, label in enumerate(values.tolist()):
            if label not in self.classes:
                self.witnesses.append(block.take(np.flatnonzero(codes.ravel() == k)[:_WITNESSES]))
            self.classes[label] = self.classes.get(label, 0.0) + float(totals[k])
        if len(self.classes) > _MOST_CLASSES:
            raise ValueError(
                f"y has more than {_MOST_CLASSES} different labels: are these numbers to be "
                "predicted by a regressor?"
            )

    def and_of(self, other: "Count") -> None:
        """What another process has counted."""
        widths = [0 if c.missing is None else len(c.missing) for c in (self, other)]
        if widths[0] != widths[1] and all(widths):
            raise ValueError(
                f"X has {widths[0]} columns of numbers in one process, but {widths[1]} in another."
            )
        self.n_rows += other.n_rows
        self.weight += other.weight
        if self.moments is None or self.missing is None:
            self.moments, self.missing = other.moments, other.missing
        elif other.moments is not None and other.missing is not None:
            self.moments = self.moments.and_of(other.moments)
            self.missing = self.missing + other.missing
        for label, weight in other.classes.items():
            self.classes[label] = self.classes.get(label, 0.0) + weight
        self.witnesses += other.witnesses
        self.sample.and_of(other.sample)
        self.apart.and_of(other.apart)

    def tells_apart(self) -> bool:
        """Whether there are enough different keys to set rows apart by them."""
        found = self.apart.least(self.apart.most)
        if not self.by_value or self.n_rows < _FEWEST_REPEATED:
            return True
        return found is not None and len(np.unique(found[0])) >= _FEWEST_KEYS

    def survey(self, fraction: float) -> Survey:
        """With a share of the rows set apart, none if it is 0."""
        assert self.moments is not None
        assert self.missing is not None
        valid, limit = None, None
        if fraction > 0:
            apart = self.apart.least(max(int(np.ceil(fraction * self.n_rows)), 1))
            if apart is not None and len(apart[0]) < self.n_rows:
                valid, limit = apart[1], int(apart[0].max())
        drawn = self.sample.least(self.sample.most)
        assert drawn is not None
        several = joined_blocks([drawn[1], *self.witnesses])
        _, first = np.unique(several.numbers, return_index=True)
        found = Survey(
            self.n_rows, self.weight, several.take(np.sort(first)), valid, limit,
            self.by_value, self.seed, _as_moments(self.moments), self.missing == 0,
            dict(sorted(self.classes.items())), 0 if valid is None else len(valid),
        )  # fmt: skip
        return replace(found, sample=found.to_train_on(found.sample))


def _keys_of(block: Block, by_value: bool, seed: int) -> Keys:
    return mixed(block.values() if by_value else block.numbers, seed)


def _as_moments(found: RunningMoments) -> Moments:
    return Moments(
        found.low, found.high, found.mean, found.deviation,
        found.two_valued & ~found.constant, found.constant,
    )  # fmt: skip
