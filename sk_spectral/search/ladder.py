"""Linear maps on rows held out: the lower steps of the ladder that a network has to climb.

A linear map of the features is the lowest. One of their pieces as well is an additive model.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.splitting import Splitter
from sk_spectral.search.baseline import SHRINKAGES, LinearMaps
from sk_spectral.search.candidate import nearest_outputs
from sk_spectral.search.out_of_fold import OutOfFold, mean_zero_one
from sk_spectral.search.significance import (
    OF_PIECES,
    SHARE_FOR_PIECES,
    WHERE_BENT,
    most_gain_of_pieces,
    on_folds,
)
from sk_spectral.search.wide_limit import bends
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.losses import LogLoss, SquaredError, weighted_mean


def linear_steps(
    network: SpectralNetwork,
    rows: TensorDataset,
    splitter: Splitter,
    folds: Sequence[NDArray[np.bool_]],
    loss: SquaredError | LogLoss,
    *,
    n_features: int,
    tol: float,
    validated: bool,
) -> OutOfFold | None:
    """Linear maps that may take the place of `network`, out of fold, and how sure it must be.

    Parameters
    ----------
    network : SpectralNetwork
        Of the shape that they are to have; is not trained.
    rows : TensorDataset
    splitter : Splitter
        Of these rows.
    folds : sequence of bool arrays of shape (n_samples,)
        As from `splitter.folds`.
    loss : SquaredError or LogLoss
    n_features : int
        Inputs that are no pieces, the first of them.
    tol : float
        As for OutOfFold.
    validated : bool
        Whether a network sets rows apart to stop by.
    """
    is_bent = not validated and rows.y.ndim == 1
    is_bent = is_bent and bends(rows.of_inputs(n_features), splitter.groups, WHERE_BENT)
    return compare_linear_maps(
        rows,
        folds,
        loss,
        network.layer_sizes[-1],
        network.fit_intercept,
        standard_errors=on_folds(splitter.n_groups, validated),
        tol=tol,
        bent=is_bent,
        apply=None if network.can_be_every_map() else partial(nearest_outputs, network),
        n_features=n_features,
    )


def compare_linear_maps(
    rows: TensorDataset,
    held_out: Sequence[NDArray[np.bool_]],
    loss: SquaredError | LogLoss,
    n_outputs: int,
    fit_intercept: bool,
    *,
    standard_errors: float = 2.0,
    tol: float = 0.0,
    bent: bool = False,
    apply: Callable[[Tensor, Tensor], Tensor] | None = None,
    n_features: int | None = None,
) -> OutOfFold | None:
    """Fit linear maps to all folds but one, in turn, and test them on that one.

    Parameters
    ----------
    rows : TensorDataset
    held_out : sequence of bool arrays of shape (n_samples,)
        As from `Splitter.folds`.
    loss : SquaredError or LogLoss
    n_outputs, fit_intercept
        As for LinearMaps.
    standard_errors, tol, bent
        As for OutOfFold.
    apply : callable, optional
        Outputs for X of a linear map W, where a network cannot become every map.
    n_features : int, optional
        Maps of so many inputs, the first of them, are tried as well, and kept unless those of all
        win.

    Returns
    -------
    OutOfFold, or None where some folds leave a single class to be fitted to
        Without a network.
    """
    fitted, tested, y, weight = split_by_folds(rows, held_out)
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
        constant_zero_one=mean_zero_one(loss, constants, y, weight),
    )
    if n_features is None or n_features == rows.X.shape[1]:
        return compared
    maps = [LinearMaps(others, n_outputs, fit_intercept, n_features) for others in fitted]
    simpler = _best_linear(maps, tested, y, weight, loss, apply)
    return compared if simpler is None else _lowest_step(compared, *simpler, n_features)


def split_by_folds(
    rows: TensorDataset, held_out: Sequence[NDArray[np.bool_]]
) -> tuple[list[TensorDataset], tuple[Tensor, ...], Tensor, Tensor | None]:
    """By fold, the rows to fit to and X to test on; y and weights of what is tested, in order."""
    masks = [torch.as_tensor(out, device=rows.y.device) for out in held_out]
    X, y, weight = rows.take(torch.cat([out.nonzero().squeeze(1) for out in masks]))
    tested = X.split([int(out.sum()) for out in masks])
    return [_taken(rows, ~out) for out in masks], tested, y, weight


def _lowest_step(
    compared: OutOfFold,
    simpler: Tensor,
    simpler_zero_one: Tensor | None,
    shrinkage: float,
    n_read: int,
) -> OutOfFold:
    """What the network is compared with, and what is kept if it loses, of two sorts of maps."""
    before = float(weighted_mean(simpler, compared.sample_weight))
    of_pieces = replace(
        compared,
        network=compared.linear,
        network_zero_one=compared.linear_zero_one,
        linear=simpler,
        linear_zero_one=simpler_zero_one,
        standard_errors=OF_PIECES,
        tol=SHARE_FOR_PIECES * compared.tol,
    )
    most = most_gain_of_pieces(*of_pieces.mean_gain(), before)
    compared, pays = replace(compared, most_gain_of_pieces=most), of_pieces.prefers_units()
    if pays:
        return compared
    kept = replace(compared, shrinkage=shrinkage, n_read=n_read)
    if before <= compared.mean_linear_loss():
        return replace(kept, linear=simpler, linear_zero_one=simpler_zero_one)
    return replace(kept, kept=simpler)


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


def _taken(rows: TensorDataset, mask: Tensor) -> TensorDataset:
    weight = rows.sample_weight
    if weight is not None:
        weight = weight[mask] / weight[mask].mean()
    return TensorDataset(rows.X[mask], rows.y[mask], weight)


def _linear_outputs(X: Tensor, W: Tensor, *, fit_intercept: bool) -> Tensor:
    W = W.to(X)
    return X @ W[:, :-1].T + W[:, -1] if fit_intercept else X @ W.T
