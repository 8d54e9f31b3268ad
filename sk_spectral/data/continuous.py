"""Targets of a regression, and the units in which a network says them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_spectral.data.limits import mean_and_scale, refuse_beyond, refuse_far
from sk_spectral.data.moments import moments_of
from sk_spectral.data.quantiles import median_and_spread
from sk_spectral.data.targets import Targets

Array = NDArray[Any]

LOSSES = "squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"

LOG_LINK = "poisson", "gamma"
"""Those whose outputs are logarithms of means."""


@dataclass(frozen=True)
class ContinuousTargets(Targets):
    """Numbers: the outputs are they, or quantiles of them, or logarithms of their means.

    Attributes
    ----------
    n_columns : int
    ndim : {1, 2}
        Of what is predicted.
    loss : str
        One of LOSSES.
    quantiles : tuple of float
        Levels of the loss "quantile", ascending; several of one column alone.
    """

    n_columns: int
    ndim: int = 2
    loss: str = "squared_error"
    quantiles: tuple[float, ...] = ()

    @property
    def have_units(self) -> bool:
        """Of squared error: medians and logarithms have others."""
        return self.loss == "squared_error"

    @property
    def n_outputs(self) -> int:
        """One for each column of y, or for each of several quantiles of one."""
        return max(self.n_columns, len(self.quantiles))

    @property
    def n_strata(self) -> int:
        """One."""
        return 1

    def encode(self, y: Array, name: str = "y") -> NDArray[np.float64]:
        """Y of shape (n_samples, n_columns)."""
        targets = y.reshape(len(y), -1).astype(np.float64, copy=False)
        if targets.shape[1] != self.n_columns:
            raise ValueError(
                f"{name} has {targets.shape[1]} outputs, but the rows that were fitted first have "
                f"{self.n_columns}."
            )
        return targets

    @property
    def decoding(self) -> str | None:
        """Logarithms get an "exp", several quantiles, which may cross, a "sort"."""
        if self.loss in LOG_LINK:
            return "exp"
        return "sort" if len(self.quantiles) > 1 else None

    def decode(self, outputs: Array) -> Array:
        """Predictions in the shape of y, or (n_samples, n_quantiles) for several quantiles.

        These are sorted, which brings them nearer to the true ones where they cross (Chernozhukov,
        Fernández-Val and Galichon, "Quantile and Probability Curves Without Crossing", Econometrica
        2010).
        """
        if self.decoding == "exp":
            with np.errstate(over="ignore"):
                outputs = np.exp(outputs)
        elif self.decoding == "sort":
            return np.sort(outputs, axis=1)
        return outputs if self.ndim == 2 else outputs[:, 0]

    def units(
        self, y: Array, weight: Array | None, centered: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and deviation of y, or median and spread, or the logarithm of the mean and 1.

        The spread is that between the quartiles, which a few far-off values do not move. Divided by
        its mean, y has deviances without units.
        """
        moments = moments_of(lambda: [y], weight)
        refuse_beyond(moments.largest, "y")
        if self.have_units:
            return mean_and_scale(moments, centered)
        mean, scale = self.no_units()
        if self.loss in LOG_LINK:
            return (np.log(moments.mean) if centered else mean), scale
        median, spread = median_and_spread(y, weight)
        if not centered:
            return mean, np.broadcast_to(np.hypot(median, spread), mean.shape).copy()
        return mean + median, scale * spread

    def in_units(self, y: Array, mean: Array, scale: Array) -> Array:
        """(y − mean) / scale, or y / exp(mean)."""
        if self.loss in LOG_LINK:
            return y / np.exp(mean)
        n = self.n_columns  # all quantiles of one column have its units
        in_units: Array = (y - mean[:n]) / scale[:n]
        refuse_far(in_units, "y")
        return in_units

    def strata(self, encoded: Array) -> None:
        """None: every row is of its own."""
