"""From a network and rows to a trained network: `train`."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import torch

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.streamed import StreamedRows
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.callbacks import (
    KeepCheckpoint,
    Lead,
    Stopping,
    TellObserver,
    without_callback,
)
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.data_parallel import SharedTraining
from sk_spectral.training.loss import Loss, standard_error
from sk_spectral.training.net import SpectralNet
from sk_spectral.training.optimizers import settings_for
from sk_spectral.training.resuming import restore, state_of

STRONGER_DECAYS = 3.0, 10.0
"""Weight decays to try after that of "auto", relative to it."""


def train(
    network: SpectralNetwork,
    rows: TensorDataset | StreamedRows,
    valid: TensorDataset | None,
    loss: Loss,
    config: TrainingConfig,
    generator: torch.Generator,
    *,
    n_epochs: int | None = None,
    unit_masks: list[torch.Tensor] | None = None,
    task: str = "training",
) -> SpectralNet:
    """Train a copy of a network on these rows; the network itself stays what it is.

    Parameters
    ----------
    network : SpectralNetwork
        From which to set out.
    rows : TensorDataset or StreamedRows
    valid : TensorDataset
        To train on, and to stop by and choose the best epoch, where there are some.
    loss : Loss
    config : TrainingConfig
    generator : torch.Generator
        Shuffles the rows.
    n_epochs : int, optional
        At most so many; by default `config.max_iter`.
    unit_masks : list of tensors of shape (n_l,), optional
        By hidden layer, the units that take part; by default all.
    task : str
        What an observer is told that this is.

    Returns
    -------
    SpectralNet
        Its `module_` is the trained network.

    Raises
    ------
    ValueError
        Where the loss is not finite any more.
    """
    most = config.max_iter if n_epochs is None else n_epochs
    observer, factors, own = config.observer, None, []
    if unit_masks is not None:
        factors = [mask.to(network.eigenvalues[0].dtype) for mask in unit_masks]
    begun = None if observer is None else observer.begin(task, most)
    if observer is not None:
        own.append(TellObserver(observer, begun))
    heard = config.replace(callbacks=[*(config.callbacks or ()), *own])
    kept = None if config.checkpoint is None else config.checkpoint.training()
    last: list[Any] = [] if kept is None else [KeepCheckpoint(kept, state_of, restore)]
    team = config.team if isinstance(rows, StreamedRows) else None
    if team is not None:
        last.append(Lead(team, state_of))
    given = len(rows), valid is not None, generator
    net = new_net(deepcopy(network), loss, heard, *given, last=last)
    if kept is not None and kept.has_ended:
        restore(net.initialize(), kept.state or {})
    else:
        if team is not None and isinstance(rows, StreamedRows):
            team.told(SharedTraining.of(network, rows, loss, config, factors))
            net.team = team
        net.fit_rows(rows, valid, most, factors)
        net.team = None
        if kept is not None:
            kept.keep(state_of(net), has_ended=True)
    if observer is not None:
        observer.end(begun, net.module_)
    for callback in (*own, *last):
        without_callback(net, callback)
    return net


def train_by_decay(
    network: SpectralNetwork,
    rows: TensorDataset | StreamedRows,
    valid: TensorDataset | None,
    loss: Loss,
    config: TrainingConfig,
    generator: Callable[[], torch.Generator],
    *,
    n_epochs: int,
    times: Sequence[float] = (),
) -> tuple[SpectralNet, TrainingConfig]:
    """As `train`, and again with more weight decay while the loss on validation rows falls by it.

    Kept where it falls by a standard error in all.

    Parameters
    ----------
    network, rows, valid, loss, config
        As for `train`.
    generator : callable
        Gives one for each training.
    n_epochs : int
    times : sequence of float
        The decays to try after that of "auto", relative to it. None is tried where `config` names
        one, nor without validation rows.

    Returns
    -------
    SpectralNet
        Of the least decay, or of the best where this is better by a standard error.
    TrainingConfig
        By which that was trained.
    """
    first = net = train(network, rows, valid, loss, config, generator(), n_epochs=n_epochs)
    if valid is None or config.weight_decay != "auto" or config.solver == "lbfgs":
        return first, config
    chosen = config
    for factor in times:
        stronger = config.with_decay(factor, len(rows))
        given = network, rows, valid, loss, stronger, generator()
        other = train(*given, n_epochs=n_epochs, task="more weight decay")
        if float(_gains(other, net, valid, loss).mean()) <= 0:
            break
        net, chosen = other, stronger
    gains = _gains(net, first, valid, loss)
    if float(gains.mean()) <= standard_error(gains):
        return first, config
    return net, chosen


def _gains(net: SpectralNet, other: SpectralNet, rows: TensorDataset, loss: Loss) -> torch.Tensor:
    """By how much less each row loses by the one than by the other, as far as it counts."""
    losses, others = (loss(each.module_.evaluate(rows.X), rows.y) for each in (net, other))
    gains = others - losses
    return gains if rows.sample_weight is None else gains * rows.sample_weight


def new_net(
    network: SpectralNetwork,
    loss: Loss,
    config: TrainingConfig,
    n_samples: int,
    stop_early: bool,
    generator: torch.Generator | None = None,
    *,
    last: Sequence[Any] = (),
) -> SpectralNet:
    """Net that trains `network` itself on so many rows, shuffled by `generator`.

    It stops by the validation loss and restores the best weights where it is to `stop_early`, else
    by the training loss. That rule comes after the user's callbacks, and before the `last` ones.
    """
    optimizer, settings, of_eigenvalues = settings_for(config, n_samples)
    learning_rate = settings.pop("lr")
    if of_eigenvalues:
        settings = settings | {"param_groups": [("eigenvalues", of_eigenvalues)]}
    stopping = Stopping(
        monitor="valid_loss" if stop_early else "train_loss",
        patience=config.n_iter_no_change,
        threshold=config.tol,
        threshold_mode="abs",
        load_best=stop_early,
    )
    # skorch would make its tables all the same.
    silent = {} if config.verbose else {"callbacks__print_log": None}
    return SpectralNet(
        network,
        loss,
        optimizer=optimizer,
        lr=learning_rate,
        callbacks=[*(config.callbacks or ()), ("early_stopping", stopping), *last],
        penalty=config.penalty,
        alpha=config.alpha,
        average=bool(config.average),
        generator=generator,
        batch_size=config.batch_size_for(n_samples),
        device=str(network.eigenvalues[0].device),
        verbose=int(config.verbose),
        **{f"optimizer__{name}": value for name, value in settings.items()},
        **silent,
    )
