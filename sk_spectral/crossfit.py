"""Whether hidden units beat the best linear map, on rows that neither was fitted to."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import copysign, inf

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_spectral.batches import TensorRows
from sk_spectral.losses import LogLoss, SquaredError, weighted_mean
from sk_spectral.perceptron import SHRINKAGES, LinearMaps
from sk_spectral.pruning import RELATIVE_FLOOR

_MISTAKE_ERRORS, _ERRORS_WHERE_BENT, _ERRORS_WHERE_LINEAR_MAPS_FAIL = 2.0, 1.5, 1.0
_SURE, _NEARLY_SURE = 2.33, 1.645
_HOPE = 1.5  # standard errors that are worth going on for, where more are asked for in the end
_FEWEST_ROWS_TO_END = 20


@dataclass(frozen=True)
class CrossFit:
    """Losses of the network and of the best linear map on rows held out.

    Attributes
    ----------
    network, linear : Tensor of shape (n_tested,)
        Loss of each row, by fits to the other folds, fold by fold. Those of the network are NaN
        where it was not compared.
    network_mistakes, linear_mistakes : Tensor of shape (n_tested,), or None
        1 for each row that is given a wrong class, where there are classes.
    sample_weight : Tensor of shape (n_tested,), or None
    shrinkage : float
        Of the linear maps with the least loss.
    constant_loss : float
        Mean loss on all rows of the best constants for the other folds.
    n_epochs : int, or None
        After how many epochs the network's loss was the least, where that was looked for.
    standard_errors : float
        By which units must win in loss; in mistakes it takes two.
    tol : float
        Share of the loss by which they must win in addition.
    temperature : float
        By which the outputs of the network are divided, with `n_epochs`.
    bent : bool
        Whether it is known from elsewhere that no linear map says all: then fewer mistakes by 1.5
        standard errors are enough.
    constant_mistakes : float
        Share of the rows that the best constants give a wrong class. If linear maps do no better
        where the truth is `bent`, fewer mistakes by one standard error are enough, and a network
        may be too sure of those that it makes.
    """

    network: Tensor
    linear: Tensor
    sample_weight: Tensor | None
    shrinkage: float
    constant_loss: float = inf
    network_mistakes: Tensor | None = None
    linear_mistakes: Tensor | None = None
    n_epochs: int | None = None
    standard_errors: float = 2.0
    tol: float = 0.0
    temperature: float = 1.0
    bent: bool = False
    constant_mistakes: float = 0.0

    def mean_loss(self) -> float:
        """Mean loss of the network."""
        return float(weighted_mean(self.network, self.sample_weight))

    def mean_linear_loss(self) -> float:
        """Mean loss of the linear map."""
        return float(weighted_mean(self.linear, self.sample_weight))

    def prefers_units(self) -> bool:
        """Whether units beat the linear map, neither having seen the rows.

        By some standard errors of the loss and a share of it, or by two of the mistakes:
        a few rows that are far off can hide in the error of the loss what all others tell. Their
        loss must be the least at all, that of a constant included.
        """
        if not self.has_network:
            return False
        fewer, error = self.mean_mistakes_avoided()
        enough = fewer > self._mistake_errors * error
        if self._linear_maps_fail:
            return enough
        gain, error = self.mean_gain()
        loss = self.mean_loss()
        if gain <= 0 or loss >= self.constant_loss:
            return False
        return enough or gain - self._forgiven() > self.standard_errors * error

    @property
    def _mistake_errors(self) -> float:
        if self._linear_maps_fail:
            return _ERRORS_WHERE_LINEAR_MAPS_FAIL
        return _ERRORS_WHERE_BENT if self.bent else _MISTAKE_ERRORS

    @property
    def _linear_maps_fail(self) -> bool:
        if not self.bent or self.linear_mistakes is None:
            return False
        mistakes = float(weighted_mean(self.linear_mistakes, self.sample_weight))
        return mistakes >= self.constant_mistakes

    def _forgiven(self) -> float:
        """How much more the linear map may lose, being smaller."""
        return self.tol * self.mean_loss() + RELATIVE_FLOOR * self.constant_loss

    def mean_gain(self) -> tuple[float, float]:
        """By how much the network's mean loss is less, and the standard error of that."""
        return self._mean_difference(self.linear, self.network)

    def mean_mistakes_avoided(self) -> tuple[float, float]:
        """Likewise for mistakes: 0 and 0 without classes."""
        if self.network_mistakes is None or self.linear_mistakes is None:
            return 0.0, 0.0
        return self._mean_difference(self.linear_mistakes, self.network_mistakes)

    @property
    def has_network(self) -> bool:
        """Whether the rows were enough to compare one."""
        return not bool(self.network.isnan().any())

    def is_decided(self, share: float) -> bool:
        """Whether the rows to come will hardly change who wins, a `share` of all being tested.

        If z standard errors are seen now, √share z + √(1 − share) N(0, 1) is to be expected in the
        end where the rest is a draw (Lan, Simon and Halperin, "Stochastically curtailed tests in
        long-term clinical trials", Sequential Analysis 1982). No more than 1 % of it may be on the
        other side, and 5 % for mistakes. Units are not sure of winning before they make fewer of
        these, too: a single row that is yet to come can cost more than all others gain.
        """
        seen, to_come = share**0.5, (1.0 - share) ** 0.5
        gain, error = self.mean_gain()
        by_loss = seen * _ratio(gain - self._forgiven(), error)
        by_mistakes = seen * _ratio(*self.mean_mistakes_avoided())
        if by_loss - _SURE * to_come > self.standard_errors:
            return self.network_mistakes is None or by_mistakes > self._mistake_errors
        return (
            by_loss + _SURE * to_come < min(self.standard_errors, _HOPE)
            and by_mistakes + _NEARLY_SURE * to_come < self._mistake_errors
        )

    def _mean_difference(self, of_linear: Tensor, of_network: Tensor) -> tuple[float, float]:
        weight = self.sample_weight
        weight = torch.ones_like(of_linear) if weight is None else weight.to(of_linear)
        differences, share = of_linear - of_network, weight / weight.sum()
        mean = share @ differences
        return float(mean), float((share * (differences - mean)).norm())


def _ratio(difference: float, error: float) -> float:
    """Standard errors that a difference is worth; one that all rows agree on is beyond any."""
    if error == 0:
        return difference and copysign(inf, difference)
    return difference / error


def cross_fit(
    rows: TensorRows,
    held_out: list[NDArray[np.bool_]],
    fits: list[Callable[[TensorRows, Tensor, float], Tensor]] | None,
    loss: SquaredError | LogLoss,
    n_outputs: int,
    fit_intercept: bool,
    report: Callable[[str], None] = lambda line: None,
    standard_errors: float = 2.0,
    tol: float = 0.0,
    bent: bool = False,
    apply: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> CrossFit | None:
    """Fit the network and linear maps to all folds but one, in turn, and test them on that one.

    This ends with the fold from which on the others will hardly turn the outcome round.

    Parameters
    ----------
    rows : TensorRows
    held_out : list of bool arrays of shape (n_samples,)
        As from `Splitter.folds`.
    fits : list of callables, one for each fold, or None
        Gives the outputs on rows held out, after each epoch to choose from, of a network fitted to
        the rows it is given: shape (n_epochs, n_tested, n_outputs). It is told the mean loss of the
        linear maps. Where there are epochs to choose from, a temperature is chosen with them: of
        few rows a network is soon too sure, of its right outputs as well. Without callables only
        the linear maps are compared with each other.
    loss : module of sk_spectral.losses
    n_outputs, fit_intercept
        As for LinearMaps.
    report : callable
        Told of each fold in a line.
    standard_errors, tol, bent
        As for CrossFit.
    apply : callable, optional
        Outputs for X of a linear map W, where the network cannot become every map.

    Returns
    -------
    CrossFit, or None where some folds leave a single class to be fitted to
    """
    masks = [torch.as_tensor(out, device=rows.y.device) for out in held_out]
    fitted = [_taken(rows, ~out) for out in masks]
    X, y, weight = rows.take(torch.cat([out.nonzero().squeeze(1) for out in masks]))
    tested = X.split([int(out.sum()) for out in masks])
    if apply is None:
        apply = partial(_linear_outputs, fit_intercept=fit_intercept)
    maps = [LinearMaps(others, n_outputs, fit_intercept) for others in fitted]
    found = _best_linear(maps, tested, y, weight, loss, apply)
    if found is None:
        return None
    linear, linear_mistakes, shrinkage = found
    constants = torch.cat(
        [
            loss.best_constant(X.new_empty(len(some), n_outputs), others.y, others.sample_weight)
            for others, some in zip(fitted, tested, strict=True)
        ]
    )
    constant_loss = float(weighted_mean(loss(constants, y), weight))
    wrong = loss.mistakes(constants, y)
    constant_mistakes = 0.0 if wrong is None else float(weighted_mean(wrong, weight))
    if fits is None:
        nothing = torch.full_like(linear, torch.nan)
        return CrossFit(nothing, linear, weight, shrinkage, constant_loss)

    curves: list[Tensor] = []
    for fit, others, some in zip(fits, fitted, tested, strict=True):
        curves.append(fit(others, some, float(weighted_mean(linear, weight))))
        epochs = _by_epoch(curves)
        n_epochs, n = epochs.shape[:2]
        temperatures = loss.temperatures if n_epochs > 1 else (1.0,)
        outputs = torch.cat([epochs / temperature for temperature in temperatures])
        known = None if weight is None else weight[:n]
        losses = loss(outputs.flatten(0, 1), _repeated(y[:n], len(outputs))).double().view(-1, n)
        best, chosen = _best_choices(losses, known, [curve.shape[1] for curve in curves])
        outputs = outputs[chosen, torch.arange(n, device=y.device)]
        result = CrossFit(
            loss(outputs, y[:n]).double(),
            linear[:n],
            known,
            shrinkage,
            constant_loss,
            loss.mistakes(outputs, y[:n]),
            None if linear_mistakes is None else linear_mistakes[:n],
            best % n_epochs + 1 if n_epochs > 1 else None,
            standard_errors,
            tol,
            temperatures[best // n_epochs],
            bent,
            constant_mistakes,
        )
        gain, error = result.mean_gain()
        report(
            f"fold {len(curves)} of {len(masks)}: loss {result.mean_loss():.4g}, of the linear map "
            f"{result.mean_loss() + gain:.4g}, standard error of the difference {error:.2g}"
        )
        hopeful = replace(result, network=losses[best])  # few folds choose for each other badly
        share = n / len(y)
        if n >= _FEWEST_ROWS_TO_END and result.is_decided(share) and hopeful.is_decided(share):
            break
    return result


def _best_linear(
    maps: list[LinearMaps],
    tested: tuple[Tensor, ...],
    y: Tensor,
    weight: Tensor | None,
    loss: SquaredError | LogLoss,
    apply: Callable[[Tensor, Tensor], Tensor],
) -> tuple[Tensor, Tensor | None, float] | None:
    """Losses and mistakes of the linear maps with the shrinkage that is best, and this."""
    best = None
    for shrinkage in SHRINKAGES:
        found = [linear_maps(shrinkage) for linear_maps in maps]
        if any(W is None for W in found):
            return None
        outputs = torch.cat(
            [apply(X, torch.as_tensor(W)) for X, W in zip(tested, found, strict=True)]
        )
        linear = loss(outputs, y).double()
        mean = float(weighted_mean(linear, weight))
        if best is None or mean < best[0]:
            best = mean, linear, loss.mistakes(outputs, y), shrinkage
    assert best is not None
    return best[1:]


def _best_choices(
    losses: Tensor, weight: Tensor | None, fold_sizes: list[int]
) -> tuple[int, Tensor]:
    """The choice of the least mean loss, and for each row that of the rows of other folds.

    Chosen by the rows that it is tested on, an epoch would look better than it is.
    """
    weighted = losses if weight is None else losses * weight
    sums = torch.stack([part.sum(1) for part in weighted.split(fold_sizes, dim=1)])
    total = sums.sum(0)
    by_fold = (total - sums if len(sums) > 1 else sums).argmin(1)
    sizes = torch.tensor(fold_sizes, device=losses.device)
    return int(total.argmin()), by_fold.repeat_interleave(sizes)


def _by_epoch(curves: list[Tensor]) -> Tensor:
    """Outputs of all folds by epoch, those that ended earlier as in their last."""
    n_epochs = max(len(curve) for curve in curves)
    return torch.cat(
        [torch.cat([c, c[-1:].expand(n_epochs - len(c), *c.shape[1:])]) for c in curves], dim=1
    )


def _repeated(y: Tensor, n_times: int) -> Tensor:
    return y.repeat(n_times, *[1] * (y.ndim - 1))


def _taken(rows: TensorRows, mask: Tensor) -> TensorRows:
    weight = rows.sample_weight
    if weight is not None:
        weight = weight[mask] / weight[mask].mean()
    return TensorRows(rows.X[mask], rows.y[mask], weight)


def _linear_outputs(X: Tensor, W: Tensor, *, fit_intercept: bool) -> Tensor:
    W = W.to(X)
    return X @ W[:, :-1].T + W[:, -1] if fit_intercept else X @ W.T
