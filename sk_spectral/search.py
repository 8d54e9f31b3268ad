"""The search that both estimators share: scale, train, prune, cut out, read the topology."""

from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from typing import Any, NamedTuple, Self
from warnings import warn

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from sk_spectral.batches import TensorRows
from sk_spectral.convergence import warn_if_cut_off
from sk_spectral.crossfit import MOST_ROWS, CrossFit, folds
from sk_spectral.cutting import ROWS_TO_COMPARE, cut_out, evenly_spaced, nonlinear_share_of
from sk_spectral.hindrance import how_held_back
from sk_spectral.losses import LogLoss, SquaredError
from sk_spectral.network import SpectralNetwork
from sk_spectral.perceptron import LinearMaps
from sk_spectral.prediction import Predictor
from sk_spectral.preparation import Data, Scaling, split_rows
from sk_spectral.pruning import Judge, Pruning, prune
from sk_spectral.reduction import reduce
from sk_spectral.refit import RelaxedFit
from sk_spectral.stream import learn_on
from sk_spectral.surroundings import plain_torch
from sk_spectral.topology import Topology
from sk_spectral.trainer import Trainer
from sk_spectral.validation import (
    check_device,
    check_hidden_layer_sizes,
    check_parameters,
    warn_of_batch_size,
)

_FEWEST_ROWS_TO_SPLIT = 100


class _Split(NamedTuple):
    """What to train on, what to watch, and what the linear rival may be fitted to in the end.

    Folds of it are what the search and that rival are compared on.
    """

    train: Data
    valid: Data | None = None
    whole: Data | None = None
    folds: list[NDArray[np.bool_]] | None = None


class SpectralSearch(Predictor, metaclass=ABCMeta):
    """Common part of the estimators; SpectralNASRegressor documents the parameters."""

    @abstractmethod
    def _check_data(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        reset: bool,
        suffix: str = "",
        **target: Any,
    ) -> Data:
        """Checked rows without those of weight 0; `reset` learns what later rows must match.

        `suffix` completes the names of the arguments in messages.
        """

    @abstractmethod
    def _n_outputs(self, data: Data) -> int:
        """Outputs of the network for these data."""

    @abstractmethod
    def _loss(self) -> SquaredError | LogLoss:
        """Loss by row."""

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Search the architecture: train, prune, keep the small network that is left.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, of one or several outputs, or class labels.
        sample_weight : array-like of shape (n_samples,), optional
            Rows of weight 0 are left out.
        X_val, y_val, sample_weight_val : array-likes, optional
            Rows by which training stops and units are pruned. By default a `validation_fraction`
            of X is set apart where `early_stopping` asks for it.

        Returns
        -------
        self
            Fitted estimator. Where anything is wrong it is left as it was.
        """
        with self._unchanged_on_error(), plain_torch():
            check_parameters(self)
            if X_val is None and sample_weight_val is not None:
                raise ValueError("sample_weight_val needs X_val and y_val, which were not given.")
            if self.warm_start:
                self._check_can_go_on()
            self._partially_fitted, self._stream = False, None
            continued = self.warm_start and hasattr(self, "network_")
            if not continued:
                self._random_state = check_random_state(self.random_state)
            data = self._check_data(X, y, sample_weight, reset=not continued)
            if continued:
                self._check_architecture()
                self.network_ = deepcopy(self.network_)  # an error loses nothing
            split = self._split(data, (X_val, y_val, sample_weight_val))
            if not continued:
                self._initialize(split.train)
            self._start_net(len(split.train), split.valid is not None)
            self._search(split, self.max_iter)
            self._n_fitted = len(data)
            rule = self.max_iter, self.tol, self.n_iter_no_change
            warn_if_cut_off(self.net_, *rule, stacklevel=3)
        return self

    def _partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, **target: Any
    ) -> Self:
        with self._unchanged_on_error(), plain_torch():
            check_parameters(self)
            self._check_can_go_on()
            self._partially_fitted = True
            first = not hasattr(self, "network_")
            if first:
                self._random_state = check_random_state(self.random_state)
            data = self._check_data(X, y, sample_weight, reset=first, **target)
            if first:
                if self.solver != "lbfgs":
                    warn_of_batch_size(self.batch_size, len(data))
                self._stream = None
            else:
                self._check_architecture()
            learn_on(self, data)
        return self

    def _split(
        self,
        data: Data,
        validation: tuple[ArrayLike | None, ArrayLike | None, ArrayLike | None],
    ) -> _Split:
        X_val, y_val, weight_val = validation
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be given together, only one of them was.")
        if X_val is not None:
            valid = self._check_data(X_val, y_val, weight_val, reset=False, suffix="_val")
            return _Split(data, valid, data, self._folds(data))
        n_samples = len(data)
        wanted = self.early_stopping is True or (
            self.early_stopping == "auto"
            and self.solver != "lbfgs"
            and n_samples >= _FEWEST_ROWS_TO_SPLIT
        )
        if not wanted or n_samples < 2:
            return _Split(data, None, data, self._folds(data))
        train, valid = split_rows(
            data,
            self.validation_fraction,
            stratified=data.y.ndim == 1,
            random_state=self._random_state,
        )
        return _Split(train, valid, data, self._folds(data))

    def _folds(self, data: Data) -> list[NDArray[np.bool_]] | None:
        """Folds by which the search is compared with linear maps, where it is to be."""
        if (
            len(data) > MOST_ROWS
            or self.prune_tol is None
            or self.early_stopping is False
            or self.solver == "lbfgs"
            or self.warm_start  # may have seen the rows before
        ):
            return None
        return folds(data, int(self._random_state.randint(2**31 - 1)))

    def _initialize(self, data: Data) -> None:
        """Scaling of the first rows, and a network that starts as a linear perceptron."""
        n_outputs = self._n_outputs(data)
        if self.standardize:
            kept = n_outputs if data.y.ndim == 1 else None  # logits have their own units
            self._scaling = Scaling.fit(data, kept, centered=self.fit_intercept)
        else:
            self._scaling = Scaling.identity(data.n_features, n_outputs)
        self.network_ = SpectralNetwork(
            (data.n_features, *check_hidden_layer_sizes(self.hidden_layer_sizes), n_outputs),
            activation=self.activation,
            fit_intercept=bool(self.fit_intercept),
            train_input_eigenvalues=bool(self.train_input_eigenvalues),
            generator=self._trainer().new_generator(),
        )

    def _check_architecture(self) -> None:
        """Training can go on only in the architecture that it began in."""
        network = self.network_
        hidden = check_hidden_layer_sizes(self.hidden_layer_sizes)
        for name, asked, existing in (
            ("hidden_layer_sizes", hidden, network.layer_sizes[1:-1]),
            ("activation", self.activation, network.activation),
            ("fit_intercept", bool(self.fit_intercept), network.fit_intercept),
            (
                "train_input_eigenvalues",
                bool(self.train_input_eigenvalues),
                network.eigenvalues[0].requires_grad,
            ),
        ):
            if asked != existing:
                raise ValueError(
                    f"{name} is {asked!r}, but the fitted network has {existing!r} and cannot be "
                    "trained further with another. Fit with warm_start=False to start afresh."
                )

    def _trainer(self) -> Trainer:
        return Trainer(self.get_params(deep=False), self._loss(), self._random_state)

    def _start_net(self, n_samples: int, validated: bool) -> None:
        trainer = self._trainer()
        if self.solver != "lbfgs":
            warn_of_batch_size(self.batch_size, n_samples)
        if trainer.batch_size(n_samples) == n_samples:
            # Without mini-batches weights count as repeated rows do; float64 keeps that true.
            self.network_.double()
        stop_early = validated and self.early_stopping is not False
        self.net_ = trainer.new_net(self.network_, n_samples, stop_early)

    def _search(self, split: _Split, n_epochs: int) -> None:
        """Train, prune, cut the compact network out and read its topology.

        A whole fit is held against the best linear map as well. What is preferred is then fitted to
        all rows.
        """
        device = check_device(self.device)
        network = self.network_.to(device)
        start = None if split.whole is None else deepcopy(network)  # partial_fit needs none

        def to_rows(data: Data) -> TensorRows:
            return self._scaling.to_rows(data, dtype=network.eigenvalues[0].dtype, device=device)

        train = to_rows(split.train)
        valid = None if split.valid is None else to_rows(split.valid)
        self.net_.fit_rows(train, valid, n_epochs)
        judge = Judge.of_rows(self._loss(), network, train, valid, self.prune_tol)
        if start is None or self.prune_tol is None:
            pruning = prune(network, judge)
        else:
            whole = partial(to_rows, split.whole)
            refit = None
            if valid is not None and not self.warm_start:
                more = whole if len(split.whole) > len(train) else None
                refit = RelaxedFit(self._trainer(), network, train, valid, more)
            pruning, shrinkage = self._reduce(start, split, train, valid, whole, judge, refit)
            train = evenly_spaced(train)
            del judge, valid  # room for all rows
            if refit is not None:
                refit.again_to_all()
                del refit
            if shrinkage is not None:
                settings = network.layer_sizes[-1], network.fit_intercept
                network.set_perceptron(torch.as_tensor(LinearMaps(whole(), *settings)(shrinkage)))
        share = nonlinear_share_of(network, pruning, train)
        network.to("cpu")
        compact = cut_out(network, pruning, train.X[:ROWS_TO_COMPARE].cpu())
        self.topology_ = Topology.from_compact(
            compact,
            loss_before=pruning.loss_before,
            loss_after=pruning.loss_after,
            nonlinear_share=share,
        )
        self.feature_importances_ = compact.input_shares()
        self.compact_ = self._scaling.fold_into(compact)
        self.loss_curve_ = list(self.net_.history[:, "train_loss"])
        self.loss_ = pruning.loss_after
        self.n_iter_ = len(self.loss_curve_)

    def _reduce(
        self,
        start: SpectralNetwork,
        split: _Split,
        train: TensorRows,
        valid: TensorRows | None,
        whole: Callable[[], TensorRows],
        judge: Judge,
        refit: RelaxedFit | None,
    ) -> tuple[Pruning, float | None]:
        """As `reduce`, and warn where the penalty alone held growth back."""
        network, trainer = self.network_, self._trainer()
        compare = partial(self._compare, start, whole, split)
        report = print if self.verbose else lambda line: None
        trained = None
        if self.penalty is not None and self.alpha:
            trained = judge.losses(network, network.active_units())
        pruning, shrinkage = reduce(network, judge, train, compare, refit, report)
        can_tell = judge.independent or (shrinkage is not None and split.folds is not None)
        if trained is not None and can_tell:
            free = trainer.train_anew(start, train, valid, self.max_iter, penalty=None)
            compare = partial(compare, penalty=None)
            found = how_held_back(free, train, judge, compare, pruning, trained)
            if found is not None:
                warn(f"alpha={self.alpha} {found} Lower alpha.", UserWarning, stacklevel=4)
        return pruning, shrinkage

    def _compare(
        self,
        start: SpectralNetwork,
        whole: Callable[[], TensorRows],
        split: _Split,
        **changes: Any,
    ) -> CrossFit | None:
        """The search held against linear maps on rows that neither has seen, where it can be."""
        if split.folds is None:
            return None
        validated = split.valid is not None
        n_epochs = self.max_iter if validated or changes else len(self.net_.history)
        trainer = self._trainer()
        return trainer.compare(start, whole(), split.folds, n_epochs, validated, **changes)

    @contextmanager
    def _unchanged_on_error(self) -> Iterator[None]:
        before = self.__dict__.copy()
        drawn = self._random_state.get_state() if "_random_state" in before else None
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            if drawn is not None:
                self._random_state.set_state(drawn)
            raise
