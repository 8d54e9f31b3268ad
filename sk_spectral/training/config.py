"""How a network is trained: the settings, and the net that they make."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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

_LARGEST_BATCH_OF_ALL = 100
_AUTO_BATCHES = 20
_SMALLEST_AUTO_BATCH, _LARGEST_AUTO_BATCH = 32, 200


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained, by the estimators' parameters of these names and their defaults.

    Raises
    ------
    ValueError
        By `torch_device`, where this machine has no such device.
    """

    solver: str = "adam"
    penalty: str | None = "gamma"
    alpha: float = 0.0
    batch_size: int | str = "auto"
    learning_rate_init: float = 1e-3
    eigenvalue_rate: float = 30.0
    weight_decay: float | str = "auto"
    average: bool = True
    max_iter: int = 200
    tol: float = 1e-5
    n_iter_no_change: int = 20
    device: str = "cpu"
    callbacks: Sequence[Any] | None = None
    verbose: int = 0

    def replace(self, **changes: Any) -> "TrainingConfig":
        """The same but for these."""
        return replace(self, **changes)

    def quiet(self) -> "TrainingConfig":
        """For a net of which the user is told nothing."""
        return self.replace(callbacks=None, verbose=0)

    def to_the_last_epoch(self) -> "TrainingConfig":
        """Without a rule that stops it."""
        return self.replace(n_iter_no_change=10**9)

    @property
    def is_penalized(self) -> bool:
        """Whether the topology costs anything."""
        return self.penalty is not None and self.alpha > 0

    def batch_size_for(self, n_samples: int) -> int:
        """Rows of a batch; "auto" makes 20 batches, of 32 to 200 rows, or one of up to 100."""
        if self.solver == "lbfgs":
            return n_samples
        if self.batch_size != "auto":
            return min(int(self.batch_size), n_samples)
        if n_samples <= _LARGEST_BATCH_OF_ALL:
            return n_samples
        return min(max(n_samples // _AUTO_BATCHES, _SMALLEST_AUTO_BATCH), _LARGEST_AUTO_BATCH)

    def batch_size_message(self, n_samples: int) -> str | None:
        """What to say where there are fewer rows than a batch is to have."""
        wanted = self.batch_size
        if self.solver == "lbfgs" or wanted == "auto" or int(wanted) <= n_samples:
            return None
        return (
            f"batch_size={wanted} is over the {n_samples} training rows; "
            f"batches of {n_samples} rows are used."
        )

    def epochs_for(self, n_steps: int, n_samples: int) -> int:
        """Epochs of as many steps; those of a line search are dear: no more than `max_iter`."""
        n_epochs = -(-n_steps // -(-n_samples // self.batch_size_for(n_samples)))
        return min(n_epochs, self.max_iter) if self.solver == "lbfgs" else n_epochs

    def torch_device(self) -> torch.device:
        """The device, tried."""
        return check_device(self.device)

    def new_net(
        self,
        network: SpectralNetwork,
        loss: torch.nn.Module,
        n_samples: int,
        stop_early: bool,
        generator: torch.Generator,
    ) -> SpectralNet:
        """Net that trains `network` on so many rows, shuffled by `generator`."""
        batch_size, weight_decay = self.batch_size_for(n_samples), self.weight_decay
        if weight_decay == "auto":
            weight_decay = auto_weight_decay(
                self.learning_rate_init, batch_size, n_samples, self.max_iter
            )
        # skorch would make its tables all the same.
        silent = {} if self.verbose else {"callbacks__print_log": None}
        return build_net(
            network,
            loss,
            solver=self.solver,
            learning_rate=self.learning_rate_init,
            eigenvalue_rate=self.eigenvalue_rate,
            weight_decay=float(weight_decay),
            tol=self.tol,
            patience=self.n_iter_no_change,
            stop_early=stop_early,
            callbacks=self.callbacks or (),
            penalty=self.penalty,
            alpha=self.alpha,
            average=bool(self.average),
            generator=generator,
            batch_size=batch_size,
            device=str(self.device),
            verbose=int(self.verbose),
            **silent,
        )


def check_device(device: str | torch.device) -> torch.device:
    """The torch device, or ValueError if this machine has no such one."""
    try:
        checked = torch.device(device)
        torch.zeros(1, device=checked).item()  # asks for values, which "meta" has not
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        raise ValueError(
            f"device={device!r} cannot be used here ({str(error).splitlines()[0]}). "
            "device='cpu' always can."
        ) from error
    return checked


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
