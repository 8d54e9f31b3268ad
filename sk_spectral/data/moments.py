"""Where the columns of a table lie and how far they spread, whatever their magnitude."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Parts = Callable[[], Iterable[NDArray[Any]]]

_ULPS_OF_NOISE = 8
SMALLEST = np.finfo(np.float64).tiny
"""What is below has no inverse."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Weighted moments of each column, arrays of shape (n_columns,).

    Attributes
    ----------
    low, high : arrays
        Least and largest value.
    mean, deviation : arrays
    two_valued : bool array
        Whether a column has two values.
    constant : bool array
        Whether it has one, but for rounding errors: whole numbers have none.
    """

    low: Array
    high: Array
    mean: Array
    deviation: Array
    two_valued: NDArray[np.bool_]
    constant: NDArray[np.bool_]

    @property
    def spread(self) -> Array:
        """Range of each column, or the largest number there is."""
        return 2.0 * np.minimum(self.high / 2 - self.low / 2, np.finfo(np.float64).max / 2)

    @property
    def largest(self) -> Array:
        """Largest magnitude in each column."""
        return np.maximum(np.abs(self.low), np.abs(self.high))

    @property
    def root_mean_square(self) -> Array:
        """Weighted root of the mean square."""
        return np.hypot(self.mean, self.deviation)


def without_spread(low: Array, high: Array, dtype: np.dtype[Any]) -> NDArray[np.bool_]:
    """Which columns have one value, but for rounding errors of `dtype`: whole numbers have none."""
    whole = (low == np.rint(low)) & (high == np.rint(high))
    unit = np.finfo(dtype if dtype.kind == "f" else np.float64).eps
    noise = _ULPS_OF_NOISE * unit * np.maximum(np.abs(low), np.abs(high))
    half = high / 2 - low / 2
    return (high == low) | ((half <= noise / 2) & ~whole) | (half < SMALLEST)


def moments_of(
    parts: Parts, weight: Array | None = None, dtype: np.dtype[Any] | None = None
) -> Moments:
    """Moments in two passes: first the extremes.

    Each column is then mapped to u = (x − m) / h in [−1, 1], m being the middle of its range and
    h half of that, so that no square overflows and none underflows. Means and squared deviations
    of the parts are joined after Chan, Golub and LeVeque, "Algorithms for Computing the Sample
    Variance", The American Statistician 1983.

    Parameters
    ----------
    parts : callable
        Gives the rows in order, some at a time, as arrays of shape (n, n_columns).
    weight : array of shape (n_rows,), optional
        All above 0.
    dtype : dtype, optional
        Which the values had when they were rounded; by default they have it.
    """
    extremes = [(part.min(axis=0), part.max(axis=0)) for part in parts()]
    low, high = (
        np.asarray(function(side, axis=0), dtype=np.float64)
        for function, side in zip((np.min, np.max), zip(*extremes, strict=True), strict=True)
    )
    middle, half = low / 2 + high / 2, high / 2 - low / 2
    half[half == 0] = 1.0
    share = None if weight is None else weight / weight.max()

    dtype = extremes[0][0].dtype if dtype is None else dtype
    two_valued, start, total = high > low, 0, 0.0
    mean, square = np.zeros_like(low), np.zeros_like(low)
    for part in parts():
        if two_valued.any():
            two_valued &= ((part == low) | (part == high)).all(axis=0)
        stop = start + len(part)
        some = np.ones(len(part)) if share is None else share[start:stop]
        start, before, total = stop, total, total + some.sum()
        if total == before:  # weights too small to be seen
            continue
        u = np.subtract(part, middle, order="C")  # one rounding, whatever the memory layout
        u /= half
        own = some @ u / (total - before)
        u -= own
        square += some @ np.square(u, out=u) + (own - mean) ** 2 * before * (1 - before / total)
        mean += (own - mean) * (1 - before / total)
    square /= total

    constant = without_spread(low, high, dtype) | (square == 0)
    return Moments(low, high, middle + half * mean, half * np.sqrt(square), two_valued, constant)


def first_equals(parts: Parts, moments: Moments) -> NDArray[np.intp]:
    """For each column, the index of the first one that equals it in every row.

    Columns are told apart by their extremes, and by a digest of 16 bytes where these agree.
    """
    _, which, counts = np.unique(
        np.column_stack([moments.low, moments.high]) + 0.0,  # −0 is 0
        axis=0, return_inverse=True, return_counts=True,
    )  # fmt: skip
    first = np.arange(len(moments.low))
    candidates = np.flatnonzero(counts[which.ravel()] > 1)
    digests = [blake2b(digest_size=16) for _ in candidates]
    if len(candidates):
        for part in parts():
            columns = np.ascontiguousarray((part[:, candidates] + part.dtype.type(0)).T)
            for digest, column in zip(digests, columns, strict=True):
                digest.update(column)
    seen: dict[bytes, int] = {}
    for column, digest in zip(candidates, digests, strict=True):
        first[column] = seen.setdefault(digest.digest(), int(column))
    return first
