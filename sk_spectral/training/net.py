"""The skorch net that trains a spectral network from tensors held in memory."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, EpochTimer, PrintLog
from skorch.dataset import Dataset
from torch import Tensor

from sk_spectral.data.batches import Batch, BatchIterator, NarrowBatch, TensorDataset, for_skorch
from sk_spectral.data.streamed import StreamedRows
from sk_spectral.spectral.network import SpectralNetwork, diverged
from sk_spectral.spectral.penalties import PENALTIES
from sk_spectral.training.flat_parameters import flat_parameters
from sk_spectral.training.loss import weighted_mean
from sk_spectral.training.scoring import ScoredNet
from sk_spectral.training.step import DirectStep, direct_steps
from sk_spectral.training.team import Team
from sk_spectral.training.threads import limited_threads

_EVALUATION_BATCH = 2048
_BATCH_EVENTS = ("on_batch_begin", "on_grad_computed", "on_batch_end")
_OF_EPOCHS = {EpochTimer, PrintLog, EarlyStopping}


class _Stop(Exception):  # noqa: N818 - no error
    """Raised where a stopping rule has had enough: skorch's own way, a Ctrl-C, is the user's."""


class _Rows(TensorDataset, Dataset):
    """Rows of which skorch's callbacks can take X and y."""


@dataclass(frozen=True, eq=False)
class _Training:
    """What is there while `fit_rows` runs."""

    valid_rows: TensorDataset | None = None
    unit_masks: Sequence[Tensor] | None = None
    step: DirectStep | None = None


class SpectralNet(ScoredNet):
    """skorch net for a SpectralNetwork: weighted loss plus alpha times the penalty.

    `train_loss` in the history is the penalised loss, `valid_loss` the loss alone; each has a
    column `…_best`. Without validation rows that of the training loss stands for both.

    Parameters
    ----------
    module : SpectralNetwork
    criterion : module of sk_spectral.training.losses
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
    stopped_: bool
    """Whether a stopping rule ended the last training."""
    team: Team | None = None  # of the processes that make the same steps
    _training = _Training()
    _least: dict[str, float]
    """By "train" and "valid", the least loss of an epoch."""

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
        train: TensorDataset | StreamedRows,
        valid: TensorDataset | None,
        n_epochs: int,
        unit_masks: Sequence[Tensor] | None = None,
    ) -> "SpectralNet":
        """Train for at most `n_epochs` more epochs, watching `valid` where given.

        With `unit_masks`, factors of the hidden activations, only what is left of the network. An
        error leaves all as it was before.
        """
        if not self.initialized_:
            self.initialize()
        self.max_epochs = n_epochs
        if isinstance(train, TensorDataset):
            train = _Rows(train.X, train.y, train.sample_weight)
        if valid is not None:
            valid = _Rows(valid.X, valid.y, valid.sample_weight)
        with self.unchanged_on_error(), self.steps(unit_masks, valid):
            return self.partial_fit(train)

    @contextmanager
    def steps(
        self, unit_masks: Sequence[Tensor] | None = None, valid: TensorDataset | None = None
    ) -> Iterator[DirectStep | None]:
        """Inside, steps are made without autograd, but for those of line searches."""
        try:
            with ExitStack() as stack:
                step = None
                if not self._searches_lines:
                    own = self.module_, self.criterion_, self.optimizer_
                    steps = partial(direct_steps, *own, penalty=self.penalty, alpha=self.alpha)
                    asked = steps(average=self.average, unit_masks=unit_masks, team=self.team)
                    step = stack.enter_context(asked)
                    largest = max(phi.numel() for phi in self.module_.eigenvectors)
                    stack.enter_context(limited_threads(2.0 * self.batch_size * largest))
                self._training = _Training(valid, unit_masks, step)
                yield step
        finally:
            self.__dict__.pop("_training", None)  # a fitted net holds no rows

    @contextmanager
    def unchanged_on_error(self) -> Iterator[None]:
        """Put parameters, optimiser, shuffling and history back where anything goes wrong."""
        states = deepcopy((self.module_.state_dict(), self.optimizer_.state_dict()))
        generator = self.generator
        shuffling = None if generator is None else generator.get_state()
        n_epochs, least = len(self.history), dict(self._least)
        try:
            yield
        except BaseException:
            self.module_.load_state_dict(states[0])
            self.optimizer_.load_state_dict(states[1])
            if generator is not None and shuffling is not None:
                generator.set_state(shuffling)
            del self.history[n_epochs:]
            self._least = least
            raise

    def with_history_of(self, other: "SpectralNet") -> "SpectralNet":
        """Be told what another was: for a network that takes the place of that one's."""
        self.initialize()
        self.history: Any = other.history
        self.stopped_ = other.stopped_
        self._least = dict(other._least)
        return self

    def initialize_history(self) -> "SpectralNet":
        super().initialize_history()
        self._least = {}
        return self

    def partial_fit(
        self, X: Any, y: Any = None, classes: Any = None, **fit_params: Any
    ) -> "SpectralNet":
        """As skorch's, but a Ctrl-C goes through: what is half trained is no result."""
        if not self.initialized_:
            self.initialize()
        self.notify("on_train_begin", X=X, y=y)
        self.stopped_ = False
        try:
            self.fit_loop(X, y, **fit_params)
        except _Stop:
            self.stopped_ = True
        self.notify("on_train_end", X=X, y=y)
        return self

    def notify(self, method_name: str, **kwargs: Any) -> None:
        """Tell the net and its callbacks, of which those that stop early end the training."""
        getattr(self, method_name)(self, **kwargs)
        for _, callback in self.callbacks_:
            if method_name == "on_epoch_end" and self._has_nothing_for(callback):
                continue
            try:
                getattr(callback, method_name)(self, **kwargs)
            except KeyboardInterrupt:
                if _has_stopped(callback, method_name):
                    raise _Stop from None
                raise

    def _has_nothing_for(self, callback: Callback) -> bool:
        """Whether a callback watches what only validation rows would give."""
        return (
            self._training.valid_rows is None
            and isinstance(callback, EarlyStopping | Checkpoint)
            and isinstance(callback.monitor, str)
            and callback.monitor not in self.history[-1]
        )

    def evaluation_step(self, batch: Any, training: bool = False) -> Any:
        batch = for_skorch(batch) if isinstance(batch, Batch) else batch
        return super().evaluation_step(batch, training)

    def get_dataset(self, X: Any, y: Any = None) -> Any:
        if isinstance(X, Tensor):  # a DataLoader would draw from torch's global generator
            return _Rows(X, X.new_zeros(len(X)) if y is None else y)
        is_ours = isinstance(X, TensorDataset | StreamedRows)
        return X if is_ours else super().get_dataset(X, y)

    def get_split_datasets(self, X: Any, y: Any = None, **fit_params: Any) -> tuple[Any, Any]:
        return self.get_dataset(X, y), self._training.valid_rows

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        is_direct = self._training.step is not None
        constant = is_direct and self.module_.fit_intercept
        if isinstance(dataset, StreamedRows):
            return dataset.batches(self.batch_size, self.generator, constant=constant)
        if not isinstance(dataset, TensorDataset):
            return super().get_iterator(dataset, training=training)
        if not training:
            return BatchIterator(dataset, _EVALUATION_BATCH)
        given = dataset, self.batch_size, self.generator
        return BatchIterator(*given, constant=constant, narrow=is_direct)

    def infer(self, x: Any, **fit_params: Any) -> Tensor:
        if self._training.unit_masks is not None:
            fit_params["unit_masks"] = self._training.unit_masks
        return super().infer(x["X"] if isinstance(x, dict) else x, **fit_params)

    def get_loss(
        self, y_pred: Tensor, y_true: Tensor, X: Any = None, training: bool = False
    ) -> Tensor:
        weight = X["sample_weight"] if isinstance(X, dict) else None
        loss = weighted_mean(self.criterion_(y_pred, y_true), weight)
        if training and self.penalty is not None and self.alpha:
            value = PENALTIES[self.penalty]
            lam, phi = list(self.module_.eigenvalues), list(self.module_.eigenvectors)
            loss = loss + self.alpha * value(lam, phi)
        return loss

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **fit_params: Any
    ) -> None:
        """One pass over the rows; the history gets one loss an epoch, not one a batch.

        Callbacks that have something to do for each batch are told of it, at their cost, and they
        and those of others, which may read them, find rows for batches in the history.
        """
        if iterator is None:
            return
        heard = any(map(_hears_of_batches, self.callbacks_))
        recorded = heard or not all(map(_reads_no_batches, self.callbacks_))
        direct_step = self._training.step if training else None
        if direct_step is not None:
            direct_step.begin_epoch()
        # A sum: small tensors that are kept would pin the large ones freed beside them.
        total = self.module_.eigenvalues[0].new_zeros(())
        n_rows = n_batches = 0
        for batch in iterator if direct_step is None else direct_step.told_of(iterator):
            event: dict[str, Any] = {"training": training}
            if recorded:
                self.history.new_batch()
            if heard:
                event["batch"] = for_skorch(self._as_given(batch, iterator.constant))
                self.notify("on_batch_begin", **event)
            if direct_step is not None:
                step = direct_step(batch, partial(self._tell_of_gradient, event) if heard else None)
            else:
                step = step_fn(for_skorch(batch), **fit_params)
            total.add_(step["loss"].detach(), alpha=len(batch.y))
            n_rows += len(batch.y)
            n_batches += 1
            if recorded:
                self.history.record_batch(f"{prefix}_loss", step["loss"].item())
                self.history.record_batch(f"{prefix}_batch_size", len(batch.y))
            if heard:
                self.notify("on_batch_end", **event, **step)
        if direct_step is not None:
            direct_step.end_epoch()
        self._record_epoch(prefix, training, float(total) / n_rows, n_batches)

    def _as_given(self, batch: Any, has_constant: bool) -> Batch:
        """A batch with all columns of X, and no others."""
        if isinstance(batch, NarrowBatch):
            batch = batch.widened(self.module_.layer_sizes[0] + has_constant)
        return batch._replace(X=batch.X[:, :-1]) if has_constant else batch

    def _record_epoch(self, prefix: str, training: bool, loss: float, n_batches: int) -> None:
        """Write a loss into the history, or raise ValueError where it is none."""
        if not isfinite(loss):
            name = "training" if training else "validation"
            raise diverged(f"The {name} loss became {loss} in epoch {len(self.history)}")
        is_best = loss < self._least.get(prefix, inf)
        if is_best:
            self._least[prefix] = loss
        self.history.record(f"{prefix}_loss", loss)
        self.history.record(f"{prefix}_loss_best", is_best)
        self.history.record(f"{prefix}_batch_count", n_batches)
        if training and self._training.valid_rows is None:
            self.history.record("valid_loss_best", is_best)

    def _tell_of_gradient(self, event: dict[str, Any]) -> None:
        parameters = list(self.module_.named_parameters())
        self.notify("on_grad_computed", named_parameters=parameters, **event)

    def on_batch_begin(self, net: NeuralNet, *args: Any, **kwargs: Any) -> None:
        """Keep the history free of rows for batches that nobody reads."""


def _hears_of_batches(named: tuple[str, Callback]) -> bool:
    kind = type(named[1])
    return any(getattr(kind, event) is not getattr(Callback, event) for event in _BATCH_EVENTS)


def _reads_no_batches(named: tuple[str, Callback]) -> bool:
    """Whether a callback is one of those known to be about epochs alone."""
    kind = type(named[1])
    return kind in _OF_EPOCHS or kind.__module__.startswith("sk_spectral.")


def _has_stopped(callback: Callback, method_name: str) -> bool:
    """Whether a KeyboardInterrupt is skorch's sign that a rule was met, and nobody's Ctrl-C."""
    if method_name != "on_epoch_end":
        return False
    misses = isinstance(callback, EarlyStopping) and callback.misses_ >= callback.patience
    return misses or getattr(callback, "asked_to_stop", False)
