"""Whether hidden units beat the best linear map, on rows that neither was fitted to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedKFold
from torch import Tensor

from sk_spectral.batches import TensorRows
from sk_spectral.losses import LogLoss, SquaredError, weighted_mean
from sk_spectral.network import SpectralNetwork
from sk_spectral.perceptron import SHRINKAGES, LinearMaps
from sk_spectral.preparation import Data

N_FOLDS = 5
_FEWEST_FOLDS = 2
_ERRORS_TO_END = 2.0
MOST_ROWS = 5000
"""Up to these, the rows set apart for validation are too few to tell, and a fit is cheap."""


@dataclass(frozen=True)
class CrossFit:
    """Losses of the network and of the best linear map on rows held out.

    Attributes
    ----------
    network, linear : Tensor of shape (n_tested,)
        Loss of each row, by fits to the other folds, fold by fold.
    network_mistakes, linear_mistakes : Tensor of shape (n_tested,), or None
        1 for each row that is given a wrong class, where there are classes.
    sample_weight : Tensor of shape (n_tested,), or None
    shrinkage : float
        Of the linear maps with the least loss.
    """

    network: Tensor
    linear: Tensor
    sample_weight: Tensor | None
    shrinkage: float
    network_mistakes: Tensor | None = None
    linear_mistakes: Tensor | None = None

    def mean_loss(self) -> float:
        """Mean loss of the network."""
        return float(weighted_mean(self.network, self.sample_weight))

    def mean_gain(self) -> tuple[float, float]:
        """By how much the network's mean loss is less, and the standard error of that."""
        return self._mean_difference(self.linear, self.network)

    def mean_mistakes_avoided(self) -> tuple[float, float]:
        """Likewise for mistakes: 0 and 0 without classes."""
        if self.network_mistakes is None or self.linear_mistakes is None:
            return 0.0, 0.0
        return self._mean_difference(self.linear_mistakes, self.network_mistakes)

    def _mean_difference(self, of_linear: Tensor, of_network: Tensor) -> tuple[float, float]:
        weight = self.sample_weight
        weight = torch.ones_like(of_linear) if weight is None else weight.to(of_linear)
        differences, share = of_linear - of_network, weight / weight.sum()
        mean = share @ differences
        return float(mean), float((share * (differences - mean)).norm())


def folds(data: Data, random_state: int) -> list[NDArray[np.bool_]] | None:
    """Which rows each fold holds out, by class where classes allow it; None for too few rows.

    Rows of equal X are in one fold: else a weight of 2 would not be the same as two rows. Whatever
    their targets: if these were kept together by target as well, a fold would hold out all rows of
    one target, and what is fitted to the others would be tested on the opposite.
    """
    X = np.concatenate(list(data.parts_of_X()))
    _, first, which = np.unique(X, axis=0, return_index=True, return_inverse=True)
    if len(first) < 2 * N_FOLDS:
        return None
    splitter, y = KFold, None
    if data.y.ndim == 1:
        y = data.y[first]
        counts = np.bincount(y)
        if counts[counts > 0].min() >= N_FOLDS:
            splitter = StratifiedKFold
    split = splitter(N_FOLDS, shuffle=True, random_state=random_state).split(first, y)
    return [np.isin(which.ravel(), out) for _, out in split]


def cross_fit(
    rows: TensorRows,
    held_out: list[NDArray[np.bool_]],
    fit_network: Callable[[TensorRows], SpectralNetwork],
    loss: SquaredError | LogLoss,
    n_outputs: int,
    fit_intercept: bool,
) -> CrossFit | None:
    """Fit the network and linear maps to all folds but one, in turn, and test them on that one.

    From two folds on this ends where the network is worse by two standard errors without making
    fewer mistakes.

    Parameters
    ----------
    rows : TensorRows
    held_out : list of bool arrays of shape (n_samples,)
        As from `folds`.
    fit_network : callable
        Gives a network fitted to the rows it is given.
    loss : module of sk_spectral.losses
    n_outputs, fit_intercept
        As for LinearMaps.

    Returns
    -------
    CrossFit, or None where some folds leave a single class to be fitted to
    """
    masks = [torch.as_tensor(out, device=rows.y.device) for out in held_out]
    fitted = [_taken(rows, ~out) for out in masks]
    X, y, weight = rows.take(torch.cat([out.nonzero().squeeze(1) for out in masks]))
    tested = X.split([int(out.sum()) for out in masks])

    maps = [LinearMaps(others, n_outputs, fit_intercept) for others in fitted]
    best = None
    for shrinkage in SHRINKAGES:
        found = [linear_maps(shrinkage) for linear_maps in maps]
        if any(W is None for W in found):
            return None
        outputs = torch.cat(
            [
                _outputs(some, torch.as_tensor(W), fit_intercept)
                for some, W in zip(tested, found, strict=True)
            ]
        )
        linear = loss(outputs, y).double()
        mean = float(weighted_mean(linear, weight))
        if best is not None and mean >= best[0]:
            break  # less and less shrinkage, past its best
        best = mean, linear, loss.mistakes(outputs, y), shrinkage
    assert best is not None
    _, linear, linear_mistakes, shrinkage = best

    outputs = X.new_empty(0, n_outputs)
    for n_folds, (others, some) in enumerate(zip(fitted, tested, strict=True), start=1):
        outputs = torch.cat([outputs, fit_network(others).evaluate(some)])
        n = len(outputs)
        result = CrossFit(
            loss(outputs, y[:n]).double(),
            linear[:n],
            None if weight is None else weight[:n],
            shrinkage,
            loss.mistakes(outputs, y[:n]),
            None if linear_mistakes is None else linear_mistakes[:n],
        )
        gain, error = result.mean_gain()
        hopeless = gain < -_ERRORS_TO_END * error and result.mean_mistakes_avoided()[0] <= 0
        if n_folds >= _FEWEST_FOLDS and hopeless:
            break  # the others will hardly turn that round
    return result


def _taken(rows: TensorRows, mask: Tensor) -> TensorRows:
    weight = rows.sample_weight
    if weight is not None:
        weight = weight[mask] / weight[mask].mean()
    return TensorRows(rows.X[mask], rows.y[mask], weight)


def _outputs(X: Tensor, W: Tensor, fit_intercept: bool) -> Tensor:
    W = W.to(X)
    return X @ W[:, :-1].T + W[:, -1] if fit_intercept else X @ W.T
