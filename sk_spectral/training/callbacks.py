"""What is written down in training, and the rule by which it stops."""

from collections.abc import Callable
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping
from torch import Tensor

from sk_spectral.spectral.algebra import product_blocks
from sk_spectral.spectral.paths import gamma_norm
from sk_spectral.spectral.penalties import unit_strengths
from sk_spectral.training.checkpoint import KeptTraining
from sk_spectral.training.observer import Observer
from sk_spectral.training.team import Team


class RecordTopology(Callback):
    """Writes ‖Γ‖ and the number of units in effect into the history of each epoch.

    In effect are the strongest hidden units that make up 99 % of the penalty "gamma": strictly
    active are nearly all of them while training goes on.
    """

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        lam, phi = list(net.module_.eigenvalues), list(net.module_.eigenvectors)
        with torch.no_grad():
            richness = gamma_norm(product_blocks(lam, phi))
            strengths = torch.cat([lam[0].new_zeros(1), *unit_strengths(lam, phi)])
            sums = strengths.sort(descending=True).values.cumsum(0)
            n_units = int((sums < 0.99 * sums[-1]).sum()) + 1 if sums[-1] > 0 else 0
        net.history.record("gamma_norm", richness)
        net.history.record("units_in_effect", n_units)


class RecordOutputs(Callback):
    """Keeps what the network says on some rows after each epoch.

    Parameters
    ----------
    X : Tensor of shape (n_samples, n_features)
    """

    kept = ("outputs",)

    def __init__(self, X: Tensor) -> None:
        self.X = X
        self.outputs: list[Tensor] = []

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        self.outputs.append(net.module_.evaluate(self.X))


class TellObserver(Callback):
    """Tells an observer of each epoch, and ends the training where it wants that.

    Parameters
    ----------
    observer : Observer
    begun : object
        That the observer gave back when the training began.
    """

    asked_to_stop = False

    def __init__(self, observer: Observer, begun: Any) -> None:
        self.observer, self.begun = observer, begun

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        if self.observer.epoch(self.begun, net.module_):
            self.asked_to_stop = True
            raise KeyboardInterrupt


class Stopping(EarlyStopping):
    """Early stopping that lets an epoch without the loss it watches pass, as in partial_fit."""

    kept = ("misses_", "dynamic_threshold_", "best_epoch_", "best_model_weights_")

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        if self.monitor in net.history[-1]:
            super().on_epoch_end(net, **kwargs)


class KeepCheckpoint(Callback):
    """Writes the state of a training down after each epoch, and goes on from what was written.

    The last of the callbacks, as it keeps what those before it know.

    Parameters
    ----------
    training : KeptTraining
    state_of, restore : callable
        As in `sk_spectral.training.resuming`.
    """

    def __init__(
        self,
        training: KeptTraining,
        state_of: Callable[[Any], dict[str, Any]],
        restore: Callable[[Any, dict[str, Any]], None],
    ) -> None:
        self.training, self.state_of, self.restore = training, state_of, restore

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        state = self.training.state
        if state is not None:
            self.restore(net, state)
            net.max_epochs -= len(net.history)

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        if self.training.is_due():
            self.training.keep(self.state_of(net))

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        net.max_epochs = max(net.max_epochs, len(net.history))


class Lead(Callback):
    """Tells the other processes of a team how a training begins, goes on and ends.

    The last of the callbacks: a state may have been restored by one before.

    Parameters
    ----------
    team : Team
    state_of : callable
        As in `sk_spectral.training.resuming`.
    """

    def __init__(self, team: Team, state_of: Callable[[Any], dict[str, Any]]) -> None:
        self.team, self.state_of = team, state_of

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        self.team.told(self.state_of(net) | {"history": []})

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        self.team.told(True)

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        self.team.told(False)


def without_callback(net: Any, callback: Callback) -> Any:
    """A net of which a callback is told nothing more, and which holds none of what it knows."""
    net.callbacks_ = [named for named in net.callbacks_ if named[1] is not callback]
    net.callbacks.remove(callback)
    return net
