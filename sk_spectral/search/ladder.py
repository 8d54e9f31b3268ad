"""Linear maps on rows held out: the lower steps of the ladder that a network has to climb.

A linear map of the features is the lowest. One of their pieces as well is an additive model.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.splitting import Splitter
from sk_spectral.search.baseline import SHRINKAGES, LinearMaps
from sk_spectral.search.candidate import nearest_outputs
from sk_spectral.search.out_of_fold import OutOfFold, mean_zero_one
from sk_spectral.search.piece_pruning import prune_pieces
from sk_spectral.search.significance import (
    OF_PIECES,
    RELATIVE_FLOOR,
    SHARE_FOR_PIECES,
    WHERE_BENT,
    most_gain_of_pieces,
    on_folds,
)
from sk_spectral.search.wide_limit import bends
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.loss import Loss, weighted_mean


def linear_steps(
    network: SpectralNetwork,
    rows: TensorDataset,
    splitter: Splitter,
    folds: Sequence[NDArray[np.bool_]],
    loss: Loss,
    *,
    sources: NDArray[np.intp],
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
    loss : Loss
    sources : int array of shape (n_inputs,)
        Feature of each input: the features themselves, then their pieces.
    tol : float
        As for OutOfFold.
    validated : bool
        Whether a network sets rows apart to stop by.
    """
    is_bent = not validated and rows.y.ndim == 1
    some = rows.of_inputs(int(sources.max()) + 1)
    is_bent = is_bent and bends(some, splitter.groups, WHERE_BENT)
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
        sources=sources,
        groups=splitter.groups if splitter.n_groups < len(rows) else None,
    )


def compare_linear_maps(
    rows: TensorDataset,
    held_out: Sequence[NDArray[np.bool_]],
    loss: Loss,
    n_outputs: int,
    fit_intercept: bool,
    *,
    standard_errors: float = 2.0,
    tol: float = 0.0,
    bent: bool = False,
    apply: Callable[[Tensor, Tensor], Tensor] | None = None,
    sources: NDArray[np.intp] | None = None,
    groups: NDArray[np.intp] | None = None,
) -> OutOfFold | None:
    """Fit linear maps to all folds but one, in turn, and test them on that one.

    Parameters
    ----------
    rows : TensorDataset
    held_out : sequence of bool arrays of shape (n_samples,)
        As from `Splitter.folds`.
    loss : Loss
    n_outputs, fit_intercept
        As for LinearMaps.
    standard_errors, tol, bent
        As for OutOfFold.
    apply : callable, optional
        Outputs for X of a linear map W, where a network cannot become every map.
    sources : int array of shape (n_inputs,), optional
        Feature of each input. Where some are pieces, maps of the features alone are tried as well,
        and kept unless those of pieces win, too: of the features that bend alone.
    groups : int array of shape (n_samples,), optional
        Equal for copies of a row.

    Returns
    -------
    OutOfFold, or None where some folds leave a single class to be fitted to
        Without a network.
    """
    fitted, tested, y, weight = split_by_folds(rows, held_out)
    is_every_map = apply is None
    if apply is None:
        apply = partial(_linear_outputs, fit_intercept=fit_intercept)
    best = partial(_best_linear, fitted, tested, y, weight, loss, apply, n_outputs, fit_intercept)
    found = best()
    if found is None:
        return None
    constants = _constant_outputs(fitted, tested, loss, n_outputs)
    compared = OutOfFold(
        network=torch.full_like(found.losses, torch.nan),
        linear=found.losses,
        sample_weight=weight,
        shrinkage=found.shrinkage,
        constant_loss=float(weighted_mean(loss(constants, y), weight)),
        linear_zero_one=found.zero_one,
        standard_errors=standard_errors,
        tol=tol,
        bent=bent,
        constant_zero_one=mean_zero_one(loss, constants, y, weight),
        groups=None if groups is None else _in_order(groups, held_out).to(y.device),
    )
    n_features = rows.X.shape[1] if sources is None else int(sources.max()) + 1
    if sources is None or n_features == len(sources):
        return compared
    simpler = best(np.arange(len(sources)) < n_features)
    if simpler is None:
        return compared
    largest_rise, tried = _largest_rise(compared, simpler), found
    if largest_rise is not None:
        read, pruned = prune_pieces(found.maps, rows, held_out, sources, loss, largest_rise)
        losses = loss(pruned, y).double()
        if is_every_map and float(weighted_mean(losses, weight)) < compared.mean_linear_loss():
            tried = replace(found, losses=losses, zero_one=loss.zero_one(pruned, y))
        if n_features < read.sum() < len(read):
            fewer = best(read, found.shrinkage)
            compared = _with_fewer_pieces(compared, fewer, read, largest_rise)
    return _lowest_step(compared, tried, simpler, n_features)


@dataclass(frozen=True, eq=False)
class _Found:
    """Losses, mistakes and maps by fold of the shrinkage that is best."""

    losses: Tensor
    zero_one: Tensor | None
    shrinkage: float
    maps: list[NDArray[np.float64]]


def _largest_rise(compared: OutOfFold, simpler: _Found) -> float | None:
    """What features may cost that lose their pieces; None where all pieces gain nothing."""
    loss = compared.mean_linear_loss()
    gain = float(weighted_mean(simpler.losses, compared.sample_weight)) - loss
    if gain <= 0:
        return None
    tolerated = SHARE_FOR_PIECES * compared.tol * min(gain, loss)
    return tolerated + RELATIVE_FLOOR * compared.constant_loss


def _with_fewer_pieces(
    compared: OutOfFold, fewer: _Found | None, read: NDArray[np.bool_], largest_rise: float
) -> OutOfFold:
    """Those that are left, fitted anew, unless too much is lost by that, or too many mistakes made.

    By a standard error of these.
    """
    if fewer is None:
        return compared
    with_fewer = replace(compared, network=fewer.losses, network_zero_one=fewer.zero_one)
    gain, (zero_one_gain, error) = with_fewer.mean_gain()[0], with_fewer.mean_zero_one_gain()
    if -gain > largest_rise or -zero_one_gain > error:
        return compared
    return replace(
        compared,
        linear=fewer.losses,
        linear_zero_one=fewer.zero_one,
        shrinkage=fewer.shrinkage,
        read=read,
    )


def split_by_folds(
    rows: TensorDataset, held_out: Sequence[NDArray[np.bool_]]
) -> tuple[list[TensorDataset], tuple[Tensor, ...], Tensor, Tensor | None]:
    """By fold, the rows to fit to and X to test on; y and weights of what is tested, in order."""
    masks = [torch.as_tensor(out, device=rows.y.device) for out in held_out]
    order = torch.cat([out.nonzero().squeeze(1) for out in masks])
    weight = None if rows.sample_weight is None else rows.sample_weight[order]
    tested = tuple(rows.X[out] for out in masks)
    return [_taken(rows, ~out) for out in masks], tested, rows.y[order], weight


def _lowest_step(
    compared: OutOfFold,
    tried: _Found,
    simpler: _Found,
    n_read: int,
) -> OutOfFold:
    """What the network is compared with, and what is kept if it loses, of two sorts of maps.

    By what was `tried` of pieces: those that are left were chosen by the same rows.
    """
    before = float(weighted_mean(simpler.losses, compared.sample_weight))
    of_pieces = replace(
        compared,
        network=tried.losses,
        network_zero_one=tried.zero_one,
        linear=simpler.losses,
        linear_zero_one=simpler.zero_one,
        standard_errors=OF_PIECES,
        tol=SHARE_FOR_PIECES * compared.tol,
    )
    most = most_gain_of_pieces(*of_pieces.mean_gain(), before)
    compared, pays = replace(compared, most_gain_of_pieces=most), of_pieces.prefers_units()
    if pays:
        return compared
    kept = replace(compared, shrinkage=simpler.shrinkage, n_read=n_read)
    if before <= compared.mean_linear_loss():
        return replace(kept, linear=simpler.losses, linear_zero_one=simpler.zero_one)
    return replace(kept, kept=simpler.losses)


def _constant_outputs(
    fitted: list[TensorDataset],
    tested: Sequence[Tensor],
    loss: Loss,
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
    fitted: list[TensorDataset],
    tested: tuple[Tensor, ...],
    y: Tensor,
    weight: Tensor | None,
    loss: Loss,
    apply: Callable[[Tensor, Tensor], Tensor],
    n_outputs: int,
    fit_intercept: bool,
    read: NDArray[np.bool_] | None = None,
    strongest: float = inf,
) -> _Found | None:
    """Of the linear maps that read these inputs, with the shrinkage that is best.

    From the strongest on, until one is past it.
    """
    maps = [LinearMaps(rows, n_outputs, fit_intercept, read, loss) for rows in fitted]
    best, least = None, inf
    for shrinkage in [some for some in SHRINKAGES if some <= strongest]:
        found = [W for W in (of_fold(shrinkage) for of_fold in maps) if W is not None]
        if len(found) < len(maps):
            return None
        outputs = torch.cat(
            [apply(X, torch.as_tensor(W)) for X, W in zip(tested, found, strict=True)]
        )
        losses = loss(outputs, y).double()
        mean = float(weighted_mean(losses, weight))
        if best is not None and mean >= least:
            break
        least, best = mean, _Found(losses, loss.zero_one(outputs, y), shrinkage, found)
    return best


def _in_order(groups: NDArray[np.intp], held_out: Sequence[NDArray[np.bool_]]) -> Tensor:
    """Of the rows tested, fold by fold."""
    return torch.from_numpy(np.concatenate([groups[out] for out in held_out]))


def _taken(rows: TensorDataset, mask: Tensor) -> TensorDataset:
    weight = rows.sample_weight
    if weight is not None:
        weight = weight[mask] / weight[mask].mean()
    return TensorDataset(rows.X[mask], rows.y[mask], weight)


def _linear_outputs(X: Tensor, W: Tensor, *, fit_intercept: bool) -> Tensor:
    W = W.to(device=X.device, dtype=X.dtype)
    return X @ W[:, :-1].T + W[:, -1] if fit_intercept else X @ W.T
