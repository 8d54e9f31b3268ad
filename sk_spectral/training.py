"""What a net is told: its optimiser, its stopping rule, and what to write into its history."""

from collections.abc import Iterable
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping
from torch import Tensor

from sk_spectral.algebra import gamma_norm, product_blocks
from sk_spectral.net import SpectralNet
from sk_spectral.network import SpectralNetwork
from sk_spectral.penalties import unit_strengths

SOLVERS: dict[str, tuple[type[torch.optim.Optimizer], dict[str, Any]]] = {
    "adam": (torch.optim.AdamW, {"fused": True}),
    "sgd": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "fused": True}),
    # One iteration a step, so that an epoch is an iteration.
    "lbfgs": (
        torch.optim.LBFGS,
        {"max_iter": 1, "max_eval": 25, "history_size": 20, "line_search_fn": "strong_wolfe"},
    ),
}


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

    def __init__(self, X: Tensor) -> None:
        self.X = X
        self.outputs: list[Tensor] = []

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        self.outputs.append(net.module_.evaluate(self.X))


class _Stopping(EarlyStopping):
    """Early stopping that lets an epoch without the loss it watches pass, as in partial_fit."""

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        if self.monitor in net.history[-1]:
            super().on_epoch_end(net, **kwargs)


def auto_weight_decay(
    learning_rate: float, batch_size: int, n_samples: int, n_epochs: int
) -> float:
    """Decay of the eigenvectors by 0.1 √(batch_size / (n_samples · n_epochs)) a step.

    The normalised weight decay of Loshchilov and Hutter, "Decoupled Weight Decay Regularization",
    ICLR 2019, appendix B; relative to the learning rate, as torch takes it.
    """
    return 0.1 * (batch_size / (n_samples * n_epochs)) ** 0.5 / learning_rate


def build_net(
    network: SpectralNetwork,
    loss: torch.nn.Module,
    *,
    solver: str,
    learning_rate: float,
    eigenvalue_rate: float,
    weight_decay: float,
    tol: float,
    patience: int,
    stop_early: bool,
    callbacks: Iterable[Any],
    **kwargs: Any,
) -> SpectralNet:
    """Net that trains `network` by `solver`, with the stopping rule after the user's callbacks.

    Parameters
    ----------
    network : SpectralNetwork
    loss : module of sk_spectral.losses
    solver : {"adam", "sgd", "lbfgs"}
    learning_rate, eigenvalue_rate, weight_decay : float
        Learning rate of the eigenvectors, that of the eigenvalues relative to it, and the decay of
        the eigenvectors relative to it; without a meaning for "lbfgs".
    tol, patience : float, int
        Training stops when the loss watched has not fallen by `tol` for `patience` epochs.
    stop_early : bool
        Watch the validation loss and restore the best weights; else watch the training loss.
    callbacks : iterable of skorch callbacks
    **kwargs
        Further parameters of SpectralNet.
    """
    optimizer, settings = SOLVERS[solver]
    if solver == "lbfgs":
        learning_rate = 1.0
    else:
        settings = settings | {
            "weight_decay": weight_decay,
            # The penalty sees to the eigenvalues.
            "param_groups": [
                ("eigenvalues", {"lr": eigenvalue_rate * learning_rate, "weight_decay": 0.0})
            ],
        }
    stopping = _Stopping(
        monitor="valid_loss" if stop_early else "train_loss",
        patience=patience,
        threshold=tol,
        threshold_mode="abs",
        load_best=stop_early,
    )
    return SpectralNet(
        network,
        loss,
        optimizer=optimizer,
        lr=learning_rate,
        callbacks=[*callbacks, ("early_stopping", stopping)],
        **{f"optimizer__{name}": value for name, value in settings.items()},
        **kwargs,
    )
