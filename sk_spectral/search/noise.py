"""By how much the truth spreads about linear maps: what bounded losses have to know of the rows."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.quantiles import weighted_quantiles
from sk_spectral.data.sparse import SparseRows
from sk_spectral.search.baseline import LinearMaps, RidgeRegressions
from sk_spectral.search.compaction import evenly_spaced
from sk_spectral.training.loss import Loss
from sk_spectral.training.robust_losses import BoundedSlopeLoss

Array = NDArray[np.float64]

_SHRINKAGE = 1e-3
_MOST_ROWS, _STEPS = 2000, 10
_MEDIAN_DISTANCE = 0.6744897501960817  # of a normal of variance 1
_LEAST = 1e-2


def fitted(
    loss: Loss, rows: Callable[[], TensorDataset], n_features: int, fit_intercept: bool
) -> Loss:
    """The loss for these rows: one of bounded slope is told by how much they spread.

    Parameters
    ----------
    loss : Loss
    rows : callable
        Gives those to train on, of which 2,000 are looked at, at most.
    n_features : int
        Columns that are no pieces.
    fit_intercept : bool
    """
    if not isinstance(loss, BoundedSlopeLoss):
        return loss
    return loss.with_spread(residual_spread(rows().of_inputs(n_features), fit_intercept))


def residual_spread(rows: TensorDataset, fit_intercept: bool) -> list[float]:
    """By column of y, 1.483 medians of the distances from the linear map that makes these least.

    As of a normal, and no less than 0.01, in units in which y spreads by 1. The map is found by
    least squares again and again, each row weighing the less the farther it was off.
    """
    some = evenly_spaced(rows, _MOST_ROWS)
    if isinstance(some.X, SparseRows):
        return _of_sparse(some, fit_intercept)
    X, y, weight = some.X.cpu().double().numpy(), some.y.cpu().double().numpy(), some.weight_array()
    medians = [_median_distance(X, column[:, None], weight, fit_intercept) for column in y.T]
    return [max(median / _MEDIAN_DISTANCE, _LEAST) for median in medians]


def _of_sparse(rows: TensorDataset, fit_intercept: bool) -> list[float]:
    """About the ridge regression of the least squares."""
    y, weight, n_features = rows.y.cpu().double().numpy(), rows.weight_array(), rows.X.shape[1]
    W = LinearMaps(rows, y.shape[1], fit_intercept)(_SHRINKAGE)
    assert W is not None
    said = rows.X.matrix @ W[:, :n_features].T + W[:, n_features:].sum(axis=1)
    medians = [weighted_quantiles(d, [0.5], weight)[0] for d in np.abs(y - said).T]
    return [max(float(median) / _MEDIAN_DISTANCE, _LEAST) for median in medians]


def _median_distance(X: Array, y: Array, weight: Array | None, fit_intercept: bool) -> float:
    own = np.ones(len(X)) if weight is None else weight
    distances = np.ones(len(X))
    for _ in range(_STEPS):
        nearness = own / np.maximum(distances, _LEAST)
        W = RidgeRegressions(X, y, nearness, fit_intercept)(_SHRINKAGE)
        said = X @ W[0, : X.shape[1]] + (W[0, -1] if fit_intercept else 0.0)
        distances = np.abs(y[:, 0] - said)
    return float(weighted_quantiles(distances, [0.5], weight)[0])
