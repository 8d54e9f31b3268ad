"""Which rows are held out: equal rows together, and by class where classes allow it."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from sk_spectral.data.dataset import Data
from sk_spectral.data.sparse import hashed
from sk_spectral.data.streamed import Stream

N_FOLDS = 5
FEWEST_TO_COMPARE = 2 * N_FOLDS
"""Different rows, below which nothing can be told of a network."""

MOST_ROWS = 5000
"""Up to these, the rows set apart for validation are too few to tell, and a fit is cheap."""

FEWEST_INFORMATIVE = 10
"""Rows outside of the largest class, below which validation rows say little of the others."""

_FEWEST_ROWS_TO_SPLIT = 100
_FEWEST_REPEATED = 100
_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@dataclass(frozen=True, eq=False)
class Splitter:
    """Splits rows of a learning problem.

    Rows of equal X stay on one side: a copy of a row that was trained on says nothing about others,
    and a weight of 2 would not be the same as two rows. They do so whatever their targets: if they
    were kept together by target as well, all rows of one target would be held out, and what is
    fitted to the others would be tested on the opposite. Where there are fewer than ten different
    rows among 100 or more, equal ones are repetitions of an experiment, and split one by one.

    Attributes
    ----------
    groups : array of shape (n_samples,)
        Numbers from 0 on, equal for rows that stay together.
    labels : array of shape (n_samples,), or None
        Class codes by which rows are spread.
    """

    groups: NDArray[np.intp]
    labels: NDArray[Any] | None

    @classmethod
    def of(cls, data: Data) -> Self:
        """For these rows."""
        return cls(groups_to_keep(data), data.strata)

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return int(self.groups.max()) + 1

    def take(self, rows: NDArray[Any]) -> "Splitter":
        """For these of the rows alone."""
        groups = np.unique(self.groups[rows], return_inverse=True)[1]
        return Splitter(groups, None if self.labels is None else self.labels[rows])

    def set_apart(
        self, fraction: float, random_state: int
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows to train on, and about `fraction` of them for validation, one of each at least."""
        first = np.sort(np.unique(self.groups, return_index=True)[1])
        n_valid = min(max(int(np.ceil(fraction * len(first))), 1), len(first) - 1)
        labels = None if self.labels is None else self.labels[first]
        if labels is not None:
            counts = np.bincount(labels)
            counts = counts[counts > 0]
            if counts.min() < 2 or len(counts) > min(n_valid, len(first) - n_valid):
                labels = None
        train, valid = train_test_split(
            first, test_size=n_valid, stratify=labels, random_state=random_state
        )
        if len(first) == len(self.groups):
            return train, valid
        held_out = np.isin(self.groups, self.groups[valid])
        return np.flatnonzero(~held_out), np.flatnonzero(held_out)

    def folds(self, random_state: int) -> list[NDArray[np.bool_]]:
        """Which rows each of five folds holds out, or as many as there are groups."""
        first = np.unique(self.groups, return_index=True)[1]
        n_folds, splitter, labels = min(N_FOLDS, len(first)), KFold, None
        if self.labels is not None:
            labels = self.labels[first]
            counts = np.bincount(labels)
            if counts[counts > 0].min() >= n_folds:
                splitter = StratifiedKFold
        split = splitter(n_folds, shuffle=True, random_state=random_state).split(first, labels)
        return [np.isin(self.groups, out) for _, out in split]


@dataclass(frozen=True, eq=False)
class Split:
    """What to train on, what to watch, and what the linear map may be fitted to in the end.

    Attributes
    ----------
    train : Data
    valid : Data or None
    whole : Data
    splitter : Splitter or None
        Of the whole, where folds of it are to hold the network against linear maps.
    stream : Stream or None
        What to train on instead, where `train` is a sample of it.
    """

    train: Data
    valid: Data | None
    whole: Data
    splitter: Splitter | None
    stream: Stream | None = None

    @property
    def n_train(self) -> int:
        """How many rows there are to train on."""
        return len(self.train) if self.stream is None else self.stream.n_rows

    @classmethod
    def of(
        cls,
        data: Data,
        valid: Data | None,
        *,
        early_stopping: bool | str,
        validation_fraction: float,
        is_compared: bool,
        watches: bool,
        random_state: int,
    ) -> Self:
        """Of `data`, and of `valid` that the user has set apart.

        Parameters
        ----------
        data : Data
        valid : Data or None
        early_stopping : bool or "auto"
            Whether to set rows apart; "auto" does from 100 on, if the training `watches` them.
        validation_fraction : float
        is_compared : bool
            Whether folds are wanted, where they can tell more than the rows set apart.
        watches : bool
        random_state : int
        """
        wanted = valid is None and (
            early_stopping is True
            or (early_stopping == "auto" and watches and len(data) >= _FEWEST_ROWS_TO_SPLIT)
        )
        compared = is_compared and folds_tell_more(data, validation_fraction)
        splitter = Splitter.of(data) if wanted or compared else None
        if splitter is not None and splitter.n_groups < 2:
            splitter = None  # one row, however often
        of_folds = splitter if compared else None
        if not wanted or splitter is None:
            return cls(data, valid, data, of_folds)
        rows = splitter.set_apart(validation_fraction, random_state)
        return cls(data.take(rows[0]), data.take(rows[1]), data, of_folds)


def folds_tell_more(data: Data, validation_fraction: float) -> bool:
    """Whether folds tell more of these rows than those set apart.

    Up to 5,000 rows, or where those set apart would hardly hold the rarer classes.
    """
    if len(data) <= MOST_ROWS:
        return True
    strata = data.strata
    if strata is None:
        return False
    rarer = len(data) - np.bincount(strata).max()
    return bool(validation_fraction * rarer < FEWEST_INFORMATIVE)


def groups_to_keep(data: Data) -> NDArray[np.intp]:
    """Number of each row's group.

    Up to 5,000 rows groups are numbered in the order of their values, so that neither the order of
    rows nor a repetition of some changes the folds.
    """
    if data.is_sparse:
        groups = np.unique(hashed(data.matrix()), return_inverse=True)[1]
    elif len(data) <= MOST_ROWS:
        X = np.concatenate(list(data.parts_of_X()))
        groups = np.unique(X, axis=0, return_inverse=True)[1].ravel()
    else:
        codes = np.concatenate([hashed_rows(part) for part in data.parts_of_X()])
        groups = np.unique(codes, return_inverse=True)[1]
    if groups.max() + 1 < FEWEST_TO_COMPARE and len(data) >= _FEWEST_REPEATED:
        return np.arange(len(data))
    return groups


def hashed_rows(X: NDArray[Any]) -> NDArray[np.uint64]:
    """A number for each row, by its values alone; a sorted copy of X would take its memory."""
    bits = np.ascontiguousarray(X.T, dtype=np.float64) + 0.0  # −0 becomes 0
    codes = np.zeros(len(X), dtype=np.uint64)
    for column in bits.view(np.uint64):
        codes = (codes ^ column) * _ODD
        codes ^= codes >> _SHIFT
    return codes
