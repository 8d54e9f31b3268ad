"""How good predictions of numbers are, by the loss that they were made for."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import (
    d2_absolute_error_score,
    d2_pinball_score,
    d2_tweedie_score,
    mean_absolute_error,
    mean_pinball_loss,
    mean_squared_error,
    mean_tweedie_deviance,
    r2_score,
)

from sk_spectral.data.continuous import ContinuousTargets

Array = NDArray[Any]

_POWERS = {"poisson": 1, "gamma": 2}


def explained(
    targets: ContinuousTargets, y: ArrayLike, predicted: Array, sample_weight: ArrayLike | None
) -> float:
    """D², the share of the loss of the best constant that is done without.

    Parameters
    ----------
    targets : ContinuousTargets
    y : array of shape (n_samples,) or (n_samples, n_columns)
    predicted : array of shape (n_samples,), (n_samples, n_columns) or (n_samples, n_quantiles)
    sample_weight : array of shape (n_samples,), optional
    """
    if targets.loss in ("squared_error", "huber"):
        return float(r2_score(y, predicted, sample_weight=sample_weight))
    return _mean_over_outputs(targets, y, predicted, sample_weight, _d2)


def mean_loss(
    targets: ContinuousTargets, y: ArrayLike, predicted: Array, sample_weight: ArrayLike | None
) -> float:
    """Mean loss in the units of y, deviances as scikit-learn has them; of "huber" the absolute one.

    Parameters
    ----------
    targets, y, predicted, sample_weight
        As for `explained`.
    """
    if targets.loss == "squared_error":
        return float(mean_squared_error(y, predicted, sample_weight=sample_weight))
    return _mean_over_outputs(targets, y, predicted, sample_weight, _loss)


def _mean_over_outputs(
    targets: ContinuousTargets,
    y: ArrayLike,
    predicted: Array,
    sample_weight: ArrayLike | None,
    measure: Callable[[ContinuousTargets, float], Callable[..., float]],
) -> float:
    truth, said = np.asarray(y).reshape(len(predicted), -1), predicted.reshape(len(predicted), -1)
    levels = targets.quantiles or (0.5,)
    values = [
        measure(targets, levels[k % len(levels)])(
            truth[:, k % truth.shape[1]], said[:, k], sample_weight=sample_weight
        )
        for k in range(said.shape[1])
    ]
    return float(np.mean(values))


def _d2(targets: ContinuousTargets, level: float) -> Callable[..., float]:
    if targets.loss in _POWERS:
        return partial(d2_tweedie_score, power=_POWERS[targets.loss])
    if targets.loss == "quantile":
        return partial(d2_pinball_score, alpha=level)
    return d2_absolute_error_score


def _loss(targets: ContinuousTargets, level: float) -> Callable[..., float]:
    if targets.loss in _POWERS:
        return partial(mean_tweedie_deviance, power=_POWERS[targets.loss])
    if targets.loss == "quantile":
        return partial(mean_pinball_loss, alpha=level)
    return mean_absolute_error
