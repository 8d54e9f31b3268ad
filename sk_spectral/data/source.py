"""Rows that come in blocks, as often as they are asked for."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from sk_spectral.data.splitting import hashed_rows

Array = NDArray[Any]
Keys = NDArray[np.uint64]

ROWS_OF_A_BLOCK = 65_536

_FEWEST_ROWS_OF_A_BLOCK = 8192

_ROWS_OF_A_SLICE = 256  # read together where they lie on a disk
_PART, _SHARD = 32, 52  # bits of a row's number within its part, and of these within a shard
_MIX = (
    (np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
    (np.uint64(27), np.uint64(0x94D049BB133111EB)),
)
_LAST = np.uint64(31)


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows as they come from a user.

    Attributes
    ----------
    X : array or frame of shape (n_samples, n_features)
    y : array of shape (n_samples,) or (n_samples, n_outputs), or None where it was not asked for
    sample_weight : array of shape (n_samples,), or None
    numbers : uint64 array of shape (n_samples,)
        That tell rows apart, the same whenever a row comes.
    """

    X: Any
    y: Any
    sample_weight: Any
    numbers: Keys

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: Any) -> "Block":
        """Some of the rows, by their places."""
        X, y, weight = (
            None if values is None else _safe_indexing(values, rows)
            for values in (self.X, self.y, self.sample_weight)
        )
        return Block(X, y, weight, self.numbers[rows])

    def values(self) -> Keys:
        """A number for each row by its values alone, which are those of X."""
        if hasattr(self.X, "hash_rows"):
            return np.asarray(self.X.hash_rows(), dtype=np.uint64)
        if hasattr(self.X, "columns"):
            from pandas.util import hash_pandas_object

            return np.asarray(hash_pandas_object(self.X, index=False), dtype=np.uint64)
        X = np.asarray(self.X)
        return hashed_rows(X) if X.dtype.kind in "fiub" else self.numbers


def mixed(numbers: Keys, seed: int) -> Keys:
    """The numbers as random ones, for a seed: the finaliser of SplitMix64.

    Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    found = numbers + np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    for shift, factor in _MIX:
        found ^= found >> shift
        found *= factor
    found ^= found >> _LAST
    return found


class Source(ABC):
    """Goes through rows, in their order or in a random one.

    Attributes
    ----------
    n_rows : int or None
        How many there are, where that is known without going through them.
    """

    n_rows: int | None = None

    @abstractmethod
    def blocks(self, random: np.random.Generator | None = None) -> Iterator[Block]:
        """All rows once, block by block: with `random` in another order, as far as there is one."""


class ArraySource(Source):
    """Rows of arrays or of a frame, which are read where they lie.

    Parameters
    ----------
    X : array or frame of shape (n_samples, n_features)
        Of a `numpy.memmap` only what a block needs is read, 256 rows that lie together at a time.
    y : array of shape (n_samples,) or (n_samples, n_outputs), optional
    sample_weight : array of shape (n_samples,), optional
    """

    def __init__(self, X: Any, y: Any = None, sample_weight: Any = None) -> None:
        self._rows = Block(X, y, sample_weight, np.arange(X.shape[0], dtype=np.uint64))
        self.n_rows = X.shape[0]
        for name, values in (("y", y), ("sample_weight", sample_weight)):
            if values is not None and len(values) != self.n_rows:
                raise ValueError(
                    f"X and {name} have inconsistent numbers of samples: "
                    f"[{self.n_rows}, {len(values)}]."
                )

    def blocks(self, random: np.random.Generator | None = None) -> Iterator[Block]:
        n, rows = len(self._rows), self._rows
        if random is None:
            for start in range(0, n, ROWS_OF_A_BLOCK):
                yield rows.take(slice(start, min(start + ROWS_OF_A_BLOCK, n)))
            return
        step = _ROWS_OF_A_SLICE if isinstance(rows.X, np.memmap) else 1
        starts = random.permutation(-(-n // step)) * step
        for first in range(0, len(starts), ROWS_OF_A_BLOCK // step):
            picked = starts[first : first + ROWS_OF_A_BLOCK // step]
            places = (picked[:, None] + np.arange(step)).ravel()
            yield rows.take(places[places < n])


class BatchSource(Source):
    """Batches of whatever can be gone through again and again.

    Parameters
    ----------
    batches : iterable of (X, y) or (X, y, sample_weight)
        Tuples, or lists as a loader of torch gives them. For predictions of X alone, too.
    """

    def __init__(self, batches: Iterable[Any]) -> None:
        self._batches = batches

    def blocks(self, random: np.random.Generator | None = None) -> Iterator[Block]:
        for part, batch in enumerate(self._batches):
            is_several = isinstance(batch, tuple) or (
                isinstance(batch, list) and np.ndim(batch[0]) == 2  # as torch's loaders give them
            )
            given = tuple(batch) if is_several else (batch,)
            if not 1 <= len(given) <= 3:
                raise ValueError(
                    f"Batch {part} of X holds {len(given)} things; it must be a tuple of X and y, "
                    "or of X, y and sample_weight."
                )
            yield block_of_part(part, *given)


class PartSource(Source):
    """Rows in parts that can be read one by one, in any order.

    Parameters
    ----------
    parts : sequence of callables
        Each gives the blocks of one part, as (X, y, sample_weight).
    n_rows : int, optional
    """

    def __init__(
        self, parts: Sequence[Callable[[], Iterable[tuple[Any, ...]]]], n_rows: int | None = None
    ) -> None:
        self._parts = parts
        self.n_rows = n_rows

    def blocks(self, random: np.random.Generator | None = None) -> Iterator[Block]:
        order = np.arange(len(self._parts))
        if random is not None:
            random.shuffle(order)
        for part in order:
            start = 0
            for given in self._parts[int(part)]():
                block = block_of_part(int(part), *given)
                yield replace(block, numbers=block.numbers + np.uint64(start))
                start += len(block)


def block_of_part(part: int, X: Any, y: Any = None, sample_weight: Any = None) -> Block:
    """The rows of one part, numbered by it and by their place."""
    if hasattr(X, "tocsr"):
        raise ValueError(
            "Batches of sparse rows are not taken by fit: give one sparse matrix, or call "
            "partial_fit with each."
        )
    X = X if hasattr(X, "columns") else np.asarray(X)
    n = np.shape(X)[0] if np.ndim(X) else 0
    y, sample_weight = (None if v is None else np.asarray(v) for v in (y, sample_weight))
    for name, values in (("y", y), ("sample_weight", sample_weight)):
        if values is not None and np.shape(values)[:1] != (n,):
            raise ValueError(
                f"Part {part} of X has {n} rows, but its {name} is of shape {np.shape(values)}."
            )
    return Block(X, y, sample_weight, np.arange(n, dtype=np.uint64) + np.uint64(part << _PART))


def joined_blocks(blocks: Sequence[Block]) -> Block:
    """The rows of several blocks, in order."""
    first = blocks[0]
    if len(blocks) == 1:
        return first
    for name in ("y", "sample_weight"):
        if len({getattr(block, name) is None for block in blocks}) > 1:
            raise ValueError(f"Some batches of X come with {name} and others without it.")
    X: Any
    if hasattr(first.X, "hash_rows"):
        import polars

        X = polars.concat([block.X for block in blocks])
    elif hasattr(first.X, "columns"):
        import pandas

        X = pandas.concat([block.X for block in blocks], ignore_index=True)
    else:
        X = np.concatenate([block.X for block in blocks])
    y, weight = (
        None if values[0] is None else np.concatenate([np.asarray(some) for some in values])
        for values in ([b.y for b in blocks], [b.sample_weight for b in blocks])
    )
    return Block(X, y, weight, np.concatenate([block.numbers for block in blocks]))


def some_rows_each(blocks: Iterable[Block]) -> Iterator[Block]:
    """The same rows, small blocks put together: each costs as much as some thousand rows."""
    held: list[Block] = []
    for block in blocks:
        held.append(block)
        if sum(map(len, held)) >= _FEWEST_ROWS_OF_A_BLOCK:
            yield joined_blocks(held)
            held = []
    if held:
        yield joined_blocks(held)


class Shard(Source):
    """The rows that one of several processes has, their numbers being others than those of others.

    Parameters
    ----------
    source : Source
    rank : int
        Of the process.
    """

    def __init__(self, source: Source, rank: int) -> None:
        self._source, self._first = source, np.uint64(rank << _SHARD)
        self.n_rows = source.n_rows

    def blocks(self, random: np.random.Generator | None = None) -> Iterator[Block]:
        for block in self._source.blocks(random):
            yield replace(block, numbers=block.numbers + self._first)
