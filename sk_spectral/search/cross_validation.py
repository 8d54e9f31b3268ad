"""Network and linear maps fitted to all folds but one, in turn, and tested on that one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.search.baseline import SHRINKAGES, LinearMaps
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.training.losses import LogLoss, SquaredError, weighted_mean

_FEWEST_ROWS_TO_END = 20


def compare_out_of_fold(
    rows: TensorDataset,
    held_out: list[NDArray[np.bool_]],
    fits: list[Callable[[TensorDataset, Tensor, float], Tensor]] | None,
    loss: SquaredError | LogLoss,
    n_outputs: int,
    fit_intercept: bool,
    report: Callable[[str], None] = lambda line: None,
    standard_errors: float = 2.0,
    tol: float = 0.0,
    bent: bool = False,
    apply: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> OutOfFold | None:
    """Fit the network and linear maps to all folds but one, in turn, and test them on that one.

    This ends with the fold from which on the others will hardly turn the outcome round.

    Parameters
    ----------
    rows : TensorDataset
    held_out : list of bool arrays of shape (n_samples,)
        As from `Splitter.folds`.
    fits : list of callables, one for each fold, or None
        Gives the outputs on rows held out, after each epoch to choose from, of a network fitted to
        the rows it is given: shape (n_epochs, n_tested, n_outputs). It is told the mean loss of the
        linear maps. Where there are epochs to choose from, a temperature is chosen with them: of
        few rows a network is soon too sure, of its right outputs as well. Without callables only
        the linear maps are compared with each other.
    loss : module of sk_spectral.training.losses
    n_outputs, fit_intercept
        As for LinearMaps.
    report : callable
        Told of each fold in a line.
    standard_errors, tol, bent
        As for OutOfFold.
    apply : callable, optional
        Outputs for X of a linear map W, where the network cannot become every map.

    Returns
    -------
    OutOfFold, or None where some folds leave a single class to be fitted to
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
    linear, linear_zero_one, shrinkage = found
    constants = _constant_outputs(fitted, tested, loss, n_outputs)
    compared = OutOfFold(
        network=torch.full_like(linear, torch.nan),
        linear=linear,
        sample_weight=weight,
        shrinkage=shrinkage,
        constant_loss=float(weighted_mean(loss(constants, y), weight)),
        linear_zero_one=linear_zero_one,
        standard_errors=standard_errors,
        tol=tol,
        bent=bent,
        constant_zero_one=_mean_zero_one(loss, constants, y, weight),
    )
    curves: list[Tensor] = []
    for fit, others, some in zip(fits or (), fitted, tested, strict=fits is not None):
        curves.append(fit(others, some, float(weighted_mean(linear, weight))))
        result, least = _compared_so_far(curves, compared, y, loss)
        gain, error = result.mean_gain()
        report(
            f"fold {len(curves)} of {len(masks)}: loss {result.mean_loss():.4g}, of the linear map "
            f"{result.mean_loss() + gain:.4g}, standard error of the difference {error:.2g}"
        )
        hopeful = replace(result, network=least)  # few folds choose for each other badly
        n = len(result.network)
        share = n / len(y)
        if n >= _FEWEST_ROWS_TO_END and result.is_decided(share) and hopeful.is_decided(share):
            return result
    return result if curves else compared


def _compared_so_far(
    curves: list[Tensor], compared: OutOfFold, y: Tensor, loss: SquaredError | LogLoss
) -> tuple[OutOfFold, Tensor]:
    """The comparison on the first folds, and the network's losses by what is best for all these."""
    epochs = _by_epoch(curves)
    n_epochs, n = epochs.shape[:2]
    temperatures = loss.temperatures if n_epochs > 1 else (1.0,)
    outputs = torch.cat([epochs / temperature for temperature in temperatures])
    y, weight, mistakes = y[:n], compared.sample_weight, compared.linear_zero_one
    weight = None if weight is None else weight[:n]
    losses = loss(outputs.flatten(0, 1), _repeated(y, len(outputs))).double().view(-1, n)
    best, chosen = _best_choices(losses, weight, [curve.shape[1] for curve in curves])
    outputs = outputs[chosen, torch.arange(n, device=y.device)]
    result = replace(
        compared,
        network=loss(outputs, y).double(),
        linear=compared.linear[:n],
        sample_weight=weight,
        network_zero_one=loss.zero_one(outputs, y),
        linear_zero_one=None if mistakes is None else mistakes[:n],
        n_epochs=best % n_epochs + 1 if n_epochs > 1 else None,
        temperature=temperatures[best // n_epochs],
    )
    return result, losses[best]


def _constant_outputs(
    fitted: list[TensorDataset],
    tested: Sequence[Tensor],
    loss: SquaredError | LogLoss,
    n_outputs: int,
) -> Tensor:
    """The best constants for the rows fitted to, for the rows tested."""
    return torch.cat(
        [
            loss.best_constant(some.new_empty(len(some), n_outputs), rows.y, rows.sample_weight)
            for rows, some in zip(fitted, tested, strict=True)
        ]
    )


def _mean_zero_one(
    loss: SquaredError | LogLoss, outputs: Tensor, y: Tensor, weight: Tensor | None
) -> float:
    wrong = loss.zero_one(outputs, y)
    return 0.0 if wrong is None else float(weighted_mean(wrong, weight))


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
            best = mean, linear, loss.zero_one(outputs, y), shrinkage
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


def _taken(rows: TensorDataset, mask: Tensor) -> TensorDataset:
    weight = rows.sample_weight
    if weight is not None:
        weight = weight[mask] / weight[mask].mean()
    return TensorDataset(rows.X[mask], rows.y[mask], weight)


def _linear_outputs(X: Tensor, W: Tensor, *, fit_intercept: bool) -> Tensor:
    W = W.to(X)
    return X @ W[:, :-1].T + W[:, -1] if fit_intercept else X @ W.T
