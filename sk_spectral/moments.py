"""Weighted means and variances of columns that are seen a few rows at a time."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_NEGLIGIBLE = 1e-13


@dataclass(frozen=True, eq=False)
class Moments:
    """What is known of each column; a new object for each that is learned.

    Attributes
    ----------
    weight : float
        Total weight of the rows.
    mean, variance : arrays of shape (n_columns,)
    low, high : arrays of shape (n_columns,)
    two_valued : bool array of shape (n_columns,)
        Whether there are two different values at most.
    """

    weight: float
    mean: Array
    variance: Array
    low: Array
    high: Array
    two_valued: NDArray[np.bool_]

    @classmethod
    def of(cls, values: Array, weight: Array | None) -> Self:
        """Moments of these rows alone, shape (n_samples, n_columns)."""
        values = values.astype(np.float64, copy=False)
        share = np.full(len(values), 1.0 / len(values)) if weight is None else weight / weight.sum()
        mean = share @ values
        low, high = values.min(axis=0), values.max(axis=0)
        return cls(
            float(len(values) if weight is None else weight.sum()),
            mean,
            share @ np.square(values - mean),
            low,
            high,
            ((values == low) | (values == high)).all(axis=0),
        )

    @classmethod
    def taken_as(cls, weight: float, mean: Array, scale: Array) -> Self:
        """Of rows that are gone, of which only this is known."""
        endless = np.full(len(mean), np.inf)
        return cls(weight, mean, scale**2, -endless, endless, np.zeros(len(mean), dtype=bool))

    def and_of(self, other: "Moments") -> "Moments":
        """Of these rows and others together: Chan, Golub and LeVeque, Am. Stat. 1983."""
        weight = self.weight + other.weight
        share = other.weight / weight
        change = other.mean - self.mean
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        within = [
            moments.two_valued
            & ((moments.low == low) | (moments.low == high))
            & ((moments.high == low) | (moments.high == high))
            for moments in (self, other)
        ]
        return Moments(
            weight,
            self.mean + share * change,
            (1 - share) * self.variance + share * other.variance + share * (1 - share) * change**2,
            low,
            high,
            within[0] & within[1],
        )

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Which columns have had one value, to the last digits."""
        size = np.maximum(np.abs(self.low), np.abs(self.high))
        with np.errstate(invalid="ignore"):
            return ~(self.high - self.low > _NEGLIGIBLE * size + np.finfo(np.float64).tiny)

    def scale_around(self, center: Array) -> Array:
        """Root mean squared distance from `center`; 1 for constant columns."""
        scale = np.sqrt(self.variance + (self.mean - center) ** 2)
        return np.where(self.constant | (scale == 0), 1.0, scale)
