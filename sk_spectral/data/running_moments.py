"""Weighted means and variances of columns that are seen a few rows at a time."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sk_spectral.data.moments import Parts, moments_of

Array = NDArray[Any]

_NEGLIGIBLE = 1e-13


@dataclass(frozen=True, eq=False)
class RunningMoments:
    """What is known of each column; a new object for each that is learned.

    Attributes
    ----------
    weight : float
        Total weight of the rows.
    mean, deviation : arrays of shape (n_columns,)
    low, high : arrays of shape (n_columns,)
    two_valued : bool array of shape (n_columns,)
        Whether there are two different values at most.
    """

    weight: float
    mean: Array
    deviation: Array
    low: Array
    high: Array
    two_valued: NDArray[np.bool_]

    @classmethod
    def of(cls, parts: Parts, weight: Array | None) -> Self:
        """Moments of these rows alone, as `moments_of` takes them."""
        found = moments_of(parts, weight)
        return cls(
            float(sum(map(len, parts())) if weight is None else weight.sum()),
            found.mean,
            found.deviation,
            found.low,
            found.high,
            found.two_valued | (found.low == found.high),
        )

    @classmethod
    def taken_as(cls, weight: float, mean: Array, scale: Array) -> Self:
        """Of rows that are gone, of which only this is known; a scale of inf is of no spread."""
        constant = np.isinf(scale)
        endless = np.where(constant, 0.0, np.inf)
        deviation = np.where(constant, 0.0, scale)
        return cls(weight, mean, deviation, mean - endless, mean + endless, constant)

    def and_of(self, other: "RunningMoments") -> "RunningMoments":
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
        return RunningMoments(
            weight,
            self.mean + share * change,
            np.hypot(
                np.hypot((1 - share) ** 0.5 * self.deviation, share**0.5 * other.deviation),
                (share * (1 - share)) ** 0.5 * np.abs(change),
            ),
            low,
            high,
            within[0] & within[1],
        )

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Which columns have had one value, to the last digits."""
        half = self.high / 2 - self.low / 2
        noise = _NEGLIGIBLE * self.largest + np.finfo(np.float64).tiny
        return (half <= noise / 2) & np.isfinite(half)

    @property
    def largest(self) -> Array:
        """Largest magnitude in each column."""
        return np.maximum(np.abs(self.low), np.abs(self.high))

    def scale_around(self, center: Array) -> Array:
        """Root mean squared distance from `center`; 1 for constant columns."""
        scale = np.hypot(self.deviation, self.mean - center)
        return np.where(self.constant | (scale == 0), 1.0, scale)
