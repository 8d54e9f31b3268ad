"""The skorch net that trains a spectral network from tensors held in memory."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from math import isfinite
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping, EpochTimer, PrintLog
from torch import Tensor
from torch.utils.data import Dataset

from sk_spectral.network import SpectralNetwork
from sk_spectral.penalties import PENALTIES

_EVALUATION_BATCH = 16_384

SOLVERS: dict[str, tuple[type[torch.optim.Optimizer], dict[str, Any]]] = {
    "adam": (torch.optim.AdamW, {"fused": True}),
    "sgd": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    # One iteration a step, so that an epoch is an iteration.
    "lbfgs": (
        torch.optim.LBFGS,
        {"max_iter": 1, "max_eval": 25, "history_size": 20, "line_search_fn": "strong_wolfe"},
    ),
}


class TensorRows(Dataset):
    """Rows of a learning problem as whole tensors on one device.

    Parameters
    ----------
    X : Tensor of shape (n_samples, n_features)
    y : Tensor of shape (n_samples, n_outputs), or (n_samples,) of class indices
    sample_weight : Tensor of shape (n_samples,), of mean 1, optional
    """

    def __init__(self, X: Tensor, y: Tensor, sample_weight: Tensor | None = None) -> None:
        self.X = X
        self.y = y
        self.sample_weight = sample_weight

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, rows: Any) -> tuple[Any, Tensor]:
        """The batch (X, y) of `rows`; skorch's form of X with weights is a dictionary."""
        X: Any = self.X[rows]
        if self.sample_weight is not None:
            X = {"X": X, "sample_weight": self.sample_weight[rows]}
        return X, self.y[rows]


class BatchIterator:
    """Batches of a TensorRows by one indexing operation each, never row by row.

    Parameters
    ----------
    rows : TensorRows
    batch_size : int
    generator : torch.Generator, optional
        Shuffles the rows afresh in every pass. Without one the order is kept.
    """

    def __init__(
        self, rows: TensorRows, batch_size: int, generator: torch.Generator | None = None
    ) -> None:
        self.rows = rows
        self.batch_size = batch_size
        self.generator = generator

    def __iter__(self) -> Iterator[tuple[Any, Tensor]]:
        n_samples = len(self.rows)
        if self.generator is None or self.batch_size >= n_samples:
            for start in range(0, n_samples, self.batch_size):
                yield self.rows[start : start + self.batch_size]
            return
        order = torch.randperm(n_samples, generator=self.generator).to(self.rows.X.device)
        for picked in order.split(self.batch_size):
            yield self.rows[picked]

    def __len__(self) -> int:
        return -(-len(self.rows) // self.batch_size)


def weighted_mean(losses: Tensor, sample_weight: Tensor | None) -> Tensor:
    """Mean loss of rows whose weights have mean 1 over all rows that are trained on."""
    return losses.mean() if sample_weight is None else (losses * sample_weight).mean()


class SpectralNet(NeuralNet):
    """skorch net for a SpectralNetwork: weighted loss plus alpha times the penalty.

    `train_loss` in the history is the penalised loss, `valid_loss` the loss alone.

    Parameters
    ----------
    module : SpectralNetwork
    criterion : module of sk_spectral.losses
    penalty : {"gamma", "group", "l1"} or None
    alpha : float
        Strength of the penalty.
    generator : torch.Generator, optional
        Shuffles the training rows.
    **kwargs
        As for skorch.NeuralNet.
    """

    module_: SpectralNetwork

    def __init__(
        self,
        module: SpectralNetwork,
        criterion: torch.nn.Module,
        *,
        penalty: str | None = None,
        alpha: float = 0.0,
        generator: torch.Generator | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(module, criterion, train_split=None, **kwargs)
        self.penalty = penalty
        self.alpha = alpha
        self.generator = generator

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        return [("epoch_timer", EpochTimer()), ("print_log", PrintLog())]

    def fit_rows(self, train: TensorRows, valid: TensorRows | None, n_epochs: int) -> "SpectralNet":
        """Train for at most `n_epochs` more epochs, watching `valid` where given.

        An error leaves parameters and optimiser as they were before.
        """
        if not self.initialized_:
            self.initialize()
        self.max_epochs = n_epochs
        self._valid_rows = valid
        module, optimizer = deepcopy((self.module_.state_dict(), self.optimizer_.state_dict()))
        try:
            return self.partial_fit(train)
        except BaseException:
            self.module_.load_state_dict(module)
            self.optimizer_.load_state_dict(optimizer)
            raise
        finally:
            # The history stays, the data go: a fitted net holds no training rows.
            del self._valid_rows

    def get_dataset(self, X: Any, y: Any = None) -> Any:
        return X if isinstance(X, TensorRows) else super().get_dataset(X, y)

    def get_split_datasets(self, X: Any, y: Any = None, **fit_params: Any) -> tuple[Any, Any]:
        return self.get_dataset(X, y), self._valid_rows

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        if not isinstance(dataset, TensorRows):
            return super().get_iterator(dataset, training=training)
        if training:
            return BatchIterator(dataset, self.batch_size, self.generator)
        return BatchIterator(dataset, _EVALUATION_BATCH)

    def infer(self, x: Any, **fit_params: Any) -> Tensor:
        return super().infer(x["X"] if isinstance(x, dict) else x, **fit_params)

    def get_loss(
        self, y_pred: Tensor, y_true: Tensor, X: Any = None, training: bool = False
    ) -> Tensor:
        weight = X["sample_weight"] if isinstance(X, dict) else None
        loss = weighted_mean(self.criterion_(y_pred, y_true), weight)
        if training and self.penalty is not None and self.alpha:
            value = PENALTIES[self.penalty]
            loss = loss + self.alpha * value(self.module_.eigenvalues, self.module_.eigenvectors)
        return loss

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **fit_params: Any
    ) -> None:
        """One pass over the rows; the history gets one loss an epoch, not one a batch."""
        if iterator is None:
            return
        total = torch.zeros((), device=self.device)
        n_rows = 0
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            total += step["loss"].detach() * len(batch[1])
            n_rows += len(batch[1])
            self.notify("on_batch_end", batch=batch, training=training, **step)
        loss = float(total) / n_rows
        self.history.record(f"{prefix}_loss", loss)
        if not isfinite(loss):
            raise ValueError(
                f"The {'training' if training else 'validation'} loss became {loss} in epoch "
                f"{len(self.history)}. Lower learning_rate_init, scale X and y "
                "(standardize=True), or look for extreme values in the data."
            )

    def on_batch_begin(self, net: NeuralNet, *args: Any, **kwargs: Any) -> None:
        """Keep the history free of rows for batches."""


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
                ("eigenvalues.*", {"lr": eigenvalue_rate * learning_rate, "weight_decay": 0.0})
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
