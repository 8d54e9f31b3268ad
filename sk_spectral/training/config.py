"""How a network is trained: the settings, and what follows from them for so many rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.checkpoint import Checkpoint
from sk_spectral.training.observer import Observer
from sk_spectral.training.team import Team

SOLVERS = ("adam", "sgd", "lbfgs")

_LARGEST_BATCH_OF_ALL = 100
_AUTO_BATCHES = 20
_WORK_FOR_A_GPU = 1 << 27
_SMALLEST_AUTO_BATCH, _LARGEST_AUTO_BATCH = 32, 200


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained, by the estimators' parameters of these names and their defaults.

    And by an `observer`, who is told of all that is trained, a `checkpoint`, which keeps it, and
    a `team` of processes that have rows of a stream each.

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
    observer: Observer | None = None
    checkpoint: Checkpoint | None = None
    team: Team | None = None

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

    def weight_decay_for(self, n_rows: int, batch_size: int) -> float:
        """Decay of the eigenvectors relative to the learning rate, as torch takes it.

        "auto" decays them by 0.1 √(batch_size / n_rows) a step, `n_rows` counting a row once for
        each epoch: the normalised weight decay of Loshchilov and Hutter, "Decoupled Weight Decay
        Regularization", ICLR 2019, appendix B.
        """
        if self.weight_decay != "auto":
            return float(self.weight_decay)
        return 0.1 * (batch_size / n_rows) ** 0.5 / self.learning_rate_init

    def with_decay(self, times: float, n_samples: int) -> "TrainingConfig":
        """With so many times the weight decay that "auto" is for so many rows."""
        n_rows = n_samples * self.max_iter
        decay = self.weight_decay_for(n_rows, self.batch_size_for(n_samples))
        return self.replace(weight_decay=times * decay)

    def torch_device(self, network: SpectralNetwork | None = None, n_rows: int = 0) -> torch.device:
        """The torch device, or ValueError if this machine has no such one.

        "auto" takes the GPU, where there is one, from 2^27 multiplications on for the rows of a
        batch and all parameters of `network`: on one core a step takes 15 ms then, and on any GPU
        about as long as its kernels take to be called.
        """
        name = self.device
        if name == "auto":
            n_parameters = 0 if network is None else sum(p.numel() for p in network.parameters())
            is_large = self.batch_size_for(n_rows) * n_parameters >= _WORK_FOR_A_GPU
            name = "cuda" if is_large and torch.cuda.is_available() else "cpu"
        try:
            device = torch.device(name)
            torch.zeros(1, device=device).item()  # asks for values, which "meta" has not
        except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
            raise ValueError(
                f"device={self.device!r} cannot be used here ({str(error).splitlines()[0]}). "
                "device='cpu' always can."
            ) from error
        return device
