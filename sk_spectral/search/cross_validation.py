"""Network and linear maps fitted to all folds but one, in turn, and tested on that one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.splitting import FEWEST_TO_COMPARE, Splitter
from sk_spectral.search.baseline import SHRINKAGES, LinearMaps
from sk_spectral.search.candidate import with_linear_map
from sk_spectral.search.config import SearchConfig
from sk_spectral.search.out_of_fold import OutOfFold, compared_so_far, mean_zero_one
from sk_spectral.search.significance import (
    FEW_ROWS,
    OF_PIECES,
    SHARE_FOR_PIECES,
    SHARE_THAT_COUNTS,
    WHERE_BENT,
    on_folds,
)
from sk_spectral.search.streams import RandomStreams
from sk_spectral.search.wide_limit import bends
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.callbacks import RecordOutputs
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.fit import train
from sk_spectral.training.losses import LogLoss, SquaredError, weighted_mean
from sk_spectral.training.net import SpectralNet

_FEWEST_ROWS_TO_END = 20


def cross_validate(
    start: SpectralNetwork,
    rows: TensorDataset,
    splitter: Splitter,
    config: SearchConfig,
    loss: SquaredError | LogLoss,
    streams: RandomStreams,
    *,
    n_features: int,
    validated: bool,
    report: Callable[[str], None] = lambda line: None,
) -> tuple[OutOfFold | None, SpectralNet]:
    """The training from `start` on against linear maps, out of fold, and the net of one fold.

    Those of the first `n_features` inputs alone are a step below those of all.

    Where it is `validated`, each fold sets rows apart for this as the whole does. Else the folds
    find the number of epochs that is best for the rows held out. Too few different rows compare
    linear maps alone. The net returned is the one that the user is told of.
    """
    training = config.training
    folds = splitter.folds(streams.seed("folds"))
    nets: list[SpectralNet] = []

    def fit_network(
        some: TensorDataset, held_out: Tensor, linear_loss: float, *, split: Splitter
    ) -> Tensor:
        of_this = training.quiet() if nets else training
        if validated and len(rows) < FEW_ROWS:
            of_this = of_this.replace(tol=max(training.tol, SHARE_THAT_COUNTS * linear_loss))
        fit = _fit_by_epoch
        if validated:
            fit = partial(_fit_validated, splitter=split, fraction=config.validation_fraction)
        net, outputs = fit(start, some, held_out, of_this, loss, streams)
        nets.append(net)
        return outputs

    fits = [partial(fit_network, split=splitter.take(np.flatnonzero(~out))) for out in folds]
    compared = compare_out_of_fold(
        rows,
        folds,
        fits if splitter.n_groups >= FEWEST_TO_COMPARE else None,
        loss,
        start.layer_sizes[-1],
        start.fit_intercept,
        report,
        standard_errors=on_folds(splitter.n_groups, validated),
        tol=config.prune_tol or 0.0,
        bent=not validated
        and rows.y.ndim == 1
        and bends(rows.of_inputs(n_features), splitter.groups, WHERE_BENT),
        n_features=n_features,
        apply=None if start.can_be_every_map() else partial(_nearest_outputs, start),
    )
    if not nets:
        nets.append(train(start, rows, None, loss, training, streams.generator("folds")))
    return compared, nets[0]


def _fit_validated(
    start: SpectralNetwork,
    rows: TensorDataset,
    held_out: Tensor,
    training: TrainingConfig,
    loss: SquaredError | LogLoss,
    streams: RandomStreams,
    *,
    splitter: Splitter,
    fraction: float,
) -> tuple[SpectralNet, Tensor]:
    """A net fitted to some rows, by others of these, and what it says on those held out."""
    parts = splitter.set_apart(fraction, streams.seed("folds"))
    some, valid = (
        TensorDataset(*rows.take(torch.as_tensor(part, device=rows.y.device))) for part in parts
    )
    net = train(start, some, valid, loss, training, streams.generator("folds"))
    return net, net.module_.evaluate(held_out)[None]


def _fit_by_epoch(
    start: SpectralNetwork,
    rows: TensorDataset,
    held_out: Tensor,
    training: TrainingConfig,
    loss: SquaredError | LogLoss,
    streams: RandomStreams,
) -> tuple[SpectralNet, Tensor]:
    """A net fitted to all these rows, and what it said on those held out after each epoch."""
    said = RecordOutputs(held_out)
    callbacks = [*(training.callbacks or ()), said]
    listened = training.replace(callbacks=callbacks)
    net = train(start, rows, None, loss, listened, streams.generator("folds"))
    net.callbacks_ = [named for named in net.callbacks_ if named[1] is not said]
    net.callbacks.remove(said)
    return net, torch.stack(said.outputs)


def _nearest_outputs(start: SpectralNetwork, X: Tensor, W: Tensor) -> Tensor:
    """What a network says that has become W as nearly as it can."""
    return with_linear_map(start, W).evaluate(X)


def compare_out_of_fold(
    rows: TensorDataset,
    held_out: Sequence[NDArray[np.bool_]],
    fits: Sequence[Callable[[TensorDataset, Tensor, float], Tensor]] | None,
    loss: SquaredError | LogLoss,
    n_outputs: int,
    fit_intercept: bool,
    report: Callable[[str], None] = lambda line: None,
    standard_errors: float = 2.0,
    tol: float = 0.0,
    bent: bool = False,
    apply: Callable[[Tensor, Tensor], Tensor] | None = None,
    n_features: int | None = None,
) -> OutOfFold | None:
    """Fit the network and linear maps to all folds but one, in turn, and test them on that one.

    This ends with the fold from which on the others will hardly turn the outcome round.

    Parameters
    ----------
    rows : TensorDataset
    held_out : sequence of bool arrays of shape (n_samples,)
        As from `Splitter.folds`.
    fits : sequence of callables, one for each fold, or None
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
    n_features : int, optional
        Linear maps of so many inputs are tried as well, and kept unless those of all win as units
        have to.

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
        constant_zero_one=mean_zero_one(loss, constants, y, weight),
    )
    if n_features is not None and n_features < rows.X.shape[1]:
        maps = [LinearMaps(others, n_outputs, fit_intercept, n_features) for others in fitted]
        simpler = _best_linear(maps, tested, y, weight, loss, apply)
        if simpler is not None:
            compared = _on_the_ladder(compared, *simpler, n_features)
    linear = compared.linear
    curves: list[Tensor] = []
    for fit, others, some in zip(fits or (), fitted, tested, strict=fits is not None):
        curves.append(fit(others, some, float(weighted_mean(linear, weight))))
        result, least = compared_so_far(curves, compared, y, loss)
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


def _on_the_ladder(
    compared: OutOfFold,
    simpler: Tensor,
    simpler_zero_one: Tensor | None,
    shrinkage: float,
    n_read: int,
) -> OutOfFold:
    """What the network is compared with, and what is kept if it loses, of two sorts of maps."""
    pays = replace(
        compared,
        network=compared.linear,
        network_zero_one=compared.linear_zero_one,
        linear=simpler,
        linear_zero_one=simpler_zero_one,
        standard_errors=OF_PIECES,
        tol=SHARE_FOR_PIECES * compared.tol,
    ).prefers_units()
    if pays:
        return compared
    kept = replace(compared, shrinkage=shrinkage, n_read=n_read)
    if weighted_mean(simpler, compared.sample_weight) <= compared.mean_linear_loss():
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
