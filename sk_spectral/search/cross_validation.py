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
from sk_spectral.search.config import SearchConfig
from sk_spectral.search.ladder import split_by_folds
from sk_spectral.search.out_of_fold import OutOfFold, compared_so_far
from sk_spectral.search.significance import (
    FEW_ROWS,
    SHARE_THAT_COUNTS,
)
from sk_spectral.search.streams import RandomStreams
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.callbacks import RecordOutputs, without_callback
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.fit import train
from sk_spectral.training.loss import Loss, weighted_mean
from sk_spectral.training.net import SpectralNet

_FEWEST_ROWS_TO_END = 20


def cross_validate(
    start_for: Callable[[TensorDataset], SpectralNetwork],
    rows: TensorDataset,
    splitter: Splitter,
    config: SearchConfig,
    loss: Loss,
    streams: RandomStreams,
    *,
    folds: Sequence[NDArray[np.bool_]],
    linear: OutOfFold | None,
    validated: bool,
    report: Callable[[str], None] = lambda line: None,
) -> tuple[OutOfFold | None, SpectralNet]:
    """The training from a start on against `linear` maps, out of fold, and the net of one fold.

    `start_for` gives the network to set out from, for the rows that it is to be fitted to. Where it
    is `validated`, each fold sets rows apart for this as the whole does. Else the folds find the
    number of epochs that is best for the rows held out. Too few different rows compare linear maps
    alone. The net returned is the one that the user is told of.
    """
    training = config.training
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
        net, outputs = fit(start_for(some), some, held_out, of_this, loss, streams)
        nets.append(net)
        return outputs

    fits = [partial(fit_network, split=splitter.take(np.flatnonzero(~out))) for out in folds]
    compared = linear
    if linear is not None and splitter.n_groups >= FEWEST_TO_COMPARE:
        compared = compare_out_of_fold(linear, rows, folds, fits, loss, report)
    if not nets:
        start = start_for(rows)
        nets.append(train(start, rows, None, loss, training, streams.generator("folds")))
    return compared, nets[0]


def _fit_validated(
    start: SpectralNetwork,
    rows: TensorDataset,
    held_out: Tensor,
    training: TrainingConfig,
    loss: Loss,
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
    net = train(start, some, valid, loss, training, streams.generator("folds"), task="fold")
    return net, net.module_.evaluate(held_out)[None]


def _fit_by_epoch(
    start: SpectralNetwork,
    rows: TensorDataset,
    held_out: Tensor,
    training: TrainingConfig,
    loss: Loss,
    streams: RandomStreams,
) -> tuple[SpectralNet, Tensor]:
    """A net fitted to all these rows, and what it said on those held out after each epoch."""
    said = RecordOutputs(held_out)
    callbacks = [*(training.callbacks or ()), said]
    listened = training.replace(callbacks=callbacks)
    net = train(start, rows, None, loss, listened, streams.generator("folds"), task="fold")
    without_callback(net, said)
    return net, torch.stack(said.outputs)


def compare_out_of_fold(
    compared: OutOfFold,
    rows: TensorDataset,
    held_out: Sequence[NDArray[np.bool_]],
    fits: Sequence[Callable[[TensorDataset, Tensor, float], Tensor]],
    loss: Loss,
    report: Callable[[str], None] = lambda line: None,
) -> OutOfFold:
    """Fit a network to all folds but one, in turn, and test it on that one.

    This ends with the fold from which on the others will hardly turn the outcome round.

    Parameters
    ----------
    compared : OutOfFold
        The linear maps on the same rows held out.
    rows : TensorDataset
    held_out : sequence of bool arrays of shape (n_samples,)
        As from `Splitter.folds`.
    fits : sequence of callables, one for each fold
        Gives the outputs on rows held out, after each epoch to choose from, of a network fitted to
        the rows it is given: shape (n_epochs, n_tested, n_outputs). It is told the mean loss of the
        linear maps. Where there are epochs to choose from, a temperature is chosen with them: of
        few rows a network is soon too sure, of its right outputs as well.
    loss : Loss
    report : callable
        Told of each fold in a line.
    """
    fitted, tested, y, weight = split_by_folds(rows, held_out)
    linear_loss = float(weighted_mean(compared.linear, weight))
    curves: list[Tensor] = []
    for fit, others, some in zip(fits, fitted, tested, strict=True):
        curves.append(fit(others, some, linear_loss))
        result, least = compared_so_far(curves, compared, y, loss)
        gain, error = result.mean_gain()
        report(
            f"fold {len(curves)} of {len(tested)}: loss {result.mean_loss():.4g}, of the linear "
            f"map {result.mean_loss() + gain:.4g}, standard error of the difference {error:.2g}"
        )
        hopeful = replace(result, network=least)  # few folds choose for each other badly
        n = len(result.network)
        share = n / len(y)
        if n >= _FEWEST_ROWS_TO_END and result.is_decided(share) and hopeful.is_decided(share):
            return result
    return result
