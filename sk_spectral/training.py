"""The skorch net that trains a spectral network from tensors held in memory."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from math import isfinite
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping, EpochTimer, PrintLog
from torch import Tensor

from sk_spectral.algebra import gamma_norm, product_blocks
from sk_spectral.averaging import RunningAverage
from sk_spectral.batches import Batch, BatchIterator, TensorRows, for_skorch
from sk_spectral.gradient import FlatParameters, GradientStep, flat_parameters
from sk_spectral.losses import weighted_mean
from sk_spectral.network import SpectralNetwork
from sk_spectral.penalties import PENALTIES, unit_strengths
from sk_spectral.threads import limited_threads

_EVALUATION_BATCH = 2048
_BATCH_EVENTS = ("on_batch_begin", "on_grad_computed", "on_batch_end")

SOLVERS: dict[str, tuple[type[torch.optim.Optimizer], dict[str, Any]]] = {
    "adam": (torch.optim.AdamW, {"fused": True}),
    "sgd": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "fused": True}),
    # One iteration a step, so that an epoch is an iteration.
    "lbfgs": (
        torch.optim.LBFGS,
        {"max_iter": 1, "max_eval": 25, "history_size": 20, "line_search_fn": "strong_wolfe"},
    ),
}


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
    average : bool
        End each epoch with an average over the last steps; the next goes on from the last step.
    generator : torch.Generator, optional
        Shuffles the training rows.
    **kwargs
        As for skorch.NeuralNet.
    """

    module_: SpectralNetwork
    _unit_masks: Sequence[Tensor] | None = None

    def __init__(
        self,
        module: SpectralNetwork,
        criterion: torch.nn.Module,
        *,
        penalty: str | None = None,
        alpha: float = 0.0,
        average: bool = False,
        generator: torch.Generator | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(module, criterion, train_split=None, **kwargs)
        self.penalty = penalty
        self.alpha = alpha
        self.average = average
        self.generator = generator

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        return [("epoch_timer", EpochTimer()), ("print_log", PrintLog())]

    @property
    def _searches_lines(self) -> bool:
        """Whether the optimiser evaluates the loss by itself, as a line search does."""
        return issubclass(self.optimizer, torch.optim.LBFGS)

    def initialize_optimizer(self, *args: Any, **kwargs: Any) -> "SpectralNet":
        """Give the optimiser flat parameters, so that its step is a few calls at any depth."""
        if self._searches_lines:
            return super().initialize_optimizer(*args, **kwargs)
        groups, settings = self.get_params_for_optimizer("optimizer", flat_parameters(self.module_))
        self.optimizer_ = self.optimizer(*groups, **settings)
        return self

    def fit_rows(
        self,
        train: TensorRows,
        valid: TensorRows | None,
        n_epochs: int,
        unit_masks: Sequence[Tensor] | None = None,
    ) -> "SpectralNet":
        """Train for at most `n_epochs` more epochs, watching `valid` where given.

        With `unit_masks`, factors of the hidden activations, only what is left of the network. An
        error leaves parameters and optimiser as they were before.
        """
        if not self.initialized_:
            self.initialize()
        self.max_epochs = n_epochs
        self._valid_rows, self._flat, self._gradient, self._average = valid, None, None, None
        self._unit_masks = unit_masks
        module, optimizer = deepcopy((self.module_.state_dict(), self.optimizer_.state_dict()))
        try:
            if self._searches_lines:
                return self.partial_fit(train)
            eigenvalues, eigenvectors = (g["params"][0] for g in self.optimizer_.param_groups)
            with FlatParameters(self.module_, (eigenvalues, eigenvectors)) as self._flat:
                self._gradient = GradientStep(
                    self.module_, self.criterion_, self.penalty, self.alpha, unit_masks
                )
                if self.average:
                    self._average = RunningAverage([eigenvalues.data, eigenvectors.data])
                largest = max(phi.numel() for phi in self.module_.eigenvectors)
                with limited_threads(2.0 * self.batch_size * largest):
                    return self.partial_fit(train)
        except BaseException:
            self.module_.load_state_dict(module)
            self.optimizer_.load_state_dict(optimizer)
            raise
        finally:
            # The history stays, the data go: a fitted net holds no training rows.
            del self._valid_rows, self._flat, self._gradient, self._average, self._unit_masks

    def get_dataset(self, X: Any, y: Any = None) -> Any:
        return X if isinstance(X, TensorRows) else super().get_dataset(X, y)

    def get_split_datasets(self, X: Any, y: Any = None, **fit_params: Any) -> tuple[Any, Any]:
        return self.get_dataset(X, y), self._valid_rows

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        if not isinstance(dataset, TensorRows):
            return super().get_iterator(dataset, training=training)
        if not training:
            return BatchIterator(dataset, _EVALUATION_BATCH)
        constant = self._gradient is not None and self.module_.fit_intercept
        return BatchIterator(dataset, self.batch_size, self.generator, constant=constant)

    def infer(self, x: Any, **fit_params: Any) -> Tensor:
        if self._unit_masks is not None:
            fit_params["unit_masks"] = self._unit_masks
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
        """One pass over the rows; the history gets one loss an epoch, not one a batch.

        Callbacks that have something to do for each batch are told of it, at their cost.
        """
        if iterator is None:
            return
        heard = any(
            getattr(type(callback), event) is not getattr(Callback, event)
            for _, callback in self.callbacks_
            for event in _BATCH_EVENTS
        )
        direct = training and self._flat is not None
        frozen = self._flat.frozen() if direct else []
        average = self._average if direct else None
        if average is not None:
            average.resume()
        # A sum: small tensors that are kept would pin the large ones freed beside them.
        total = self.module_.eigenvalues[0].new_zeros(())
        n_rows = 0
        for batch in iterator:
            event = {"training": training}
            if heard:
                X = batch.X[:, :-1] if iterator.constant else batch.X
                event["batch"] = for_skorch(batch._replace(X=X))
                self.notify("on_batch_begin", **event)
            if direct:
                step = self._direct_step(batch, event, heard)
                for view, value in frozen:
                    view.copy_(value)
                if average is not None:
                    average.update()
            else:
                step = step_fn(for_skorch(batch), **fit_params)
            total.add_(step["loss"].detach(), alpha=len(batch.y))
            n_rows += len(batch.y)
            if heard:
                self.notify("on_batch_end", **event, **step)
        if average is not None:
            average.show()
        loss = float(total) / n_rows
        self.history.record(f"{prefix}_loss", loss)
        if not isfinite(loss):
            raise ValueError(
                f"The {'training' if training else 'validation'} loss became {loss} in epoch "
                f"{len(self.history)}. Lower learning_rate_init, scale X and y "
                "(standardize=True), or look for extreme values in the data."
            )

    def _direct_step(self, batch: Batch, event: dict[str, Any], heard: bool) -> dict[str, Tensor]:
        """One step of the optimiser without an autograd graph."""
        with torch.no_grad():
            loss, outputs = self._gradient(batch)
        if heard:
            self.notify(
                "on_grad_computed", named_parameters=list(self.module_.named_parameters()), **event
            )
        self.optimizer_.step()
        return {"loss": loss, "y_pred": outputs}

    def on_batch_begin(self, net: NeuralNet, *args: Any, **kwargs: Any) -> None:
        """Keep the history free of rows for batches."""


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
