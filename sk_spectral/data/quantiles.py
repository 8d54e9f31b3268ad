"""Quantiles of rows that have weights, and scales that a few far-off values do not move."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

_QUARTILES = 0.25, 0.5, 0.75
_RANGE_OF_A_NORMAL = 1.3489795003921634  # between its quartiles, of variance 1
_ROUNDING = 1e-12


def weighted_quantiles(
    values: ArrayLike, levels: Sequence[float], weight: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Least values up to which such shares of all lie: the constants of least pinball loss.

    Parameters
    ----------
    values : array of shape (n_samples,)
    levels : sequence of float
        From 0 to 1.
    weight : array of shape (n_samples,), optional

    Returns
    -------
    array of shape (n_levels,)
    """
    given = np.asarray(values, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    share = np.ones(len(given)) if weight is None else np.asarray(weight, dtype=np.float64)
    reached = np.cumsum(share[order])
    wanted = np.asarray(levels) * reached[-1] * (1.0 - _ROUNDING)
    return given[order[np.minimum(np.searchsorted(reached, wanted), len(given) - 1)]]


def median_and_spread(
    y: Array, weight: Array | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By column the median, and the range between the quartiles, that of a normal being 1.349 σ.

    Where half of a column is one value, the mean distance from the median; else 1.

    Parameters
    ----------
    y : array of shape (n_samples, n_columns)
    weight : array of shape (n_samples,), optional

    Returns
    -------
    median, spread : arrays of shape (n_columns,)
    """
    quartiles = np.array([weighted_quantiles(column, _QUARTILES, weight) for column in y.T])
    median = quartiles[:, 1]
    spread = (quartiles[:, 2] - quartiles[:, 0]) / _RANGE_OF_A_NORMAL
    for j in np.flatnonzero(~(spread > 0)):
        spread[j] = np.average(np.abs(y[:, j] - median[j]), weights=weight)
    spread[~(spread > 0)] = 1.0
    return median, spread
