"""What a net is told: its optimiser, its stopping rule, and what to write into its history."""

from collections.abc import Iterable
from typing import Any

import torch

from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.callbacks import Stopping
from sk_spectral.training.net import SpectralNet

SOLVERS: dict[str, tuple[type[torch.optim.Optimizer], dict[str, Any]]] = {
    "adam": (torch.optim.AdamW, {"fused": True}),
    "sgd": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "fused": True}),
    # One iteration a step, so that an epoch is an iteration.
    "lbfgs": (
        torch.optim.LBFGS,
        {"max_iter": 1, "max_eval": 25, "history_size": 20, "line_search_fn": "strong_wolfe"},
    ),
}


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
    loss : module of sk_spectral.training.losses
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
    stopping = Stopping(
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
