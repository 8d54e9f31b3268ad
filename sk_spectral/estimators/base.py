"""The search that both estimators share: scale, train, prune, cut out, read the topology."""

from abc import ABCMeta, abstractmethod
from copy import deepcopy
from functools import partial
from typing import Any, Self
from warnings import warn

import torch
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.scaling import Scaling
from sk_spectral.data.splitting import Split
from sk_spectral.estimators.parameters import (
    check_device,
    check_hidden_layer_sizes,
    check_parameters,
    warn_of_batch_size,
)
from sk_spectral.estimators.prediction import Predictor
from sk_spectral.estimators.stream import learn_on
from sk_spectral.search.baseline import LinearMaps
from sk_spectral.search.compaction import evenly_spaced, read
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.search.fine_tuning import FineTuning
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.search.pruning import Pruning, prune
from sk_spectral.search.selection import KEEPS_LINEAR, over_regularisation, select
from sk_spectral.search.trainer import Trainer
from sk_spectral.search.wide_limit import bends
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.convergence import warn_if_cut_off, warn_that_units_might_pay, was_cut_off
from sk_spectral.training.losses import LogLoss, SquaredError
from sk_spectral.training.net import SpectralNet
from sk_spectral.training.rescaling import multiply_outputs
from sk_spectral.training.threads import limited_threads
from sk_spectral.training.torch_state import plain_torch

_ERRORS_OF_A_BEND = 2.0  # by which a warning is given


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
        with self._unchanged_on_error(), limited_threads(), plain_torch():
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
                self._initialize(data, complete=True)
            self._warn_of_batch_size(len(split.train))
            self._set_dtype(len(split.train))
            self._search(split)
            self._n_fitted = len(data)
        return self

    def _partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, **target: Any
    ) -> Self:
        with self._unchanged_on_error(), limited_threads(), plain_torch():
            check_parameters(self)
            self._check_can_go_on()
            self._partially_fitted = True
            first = not hasattr(self, "network_")
            if first:
                self._random_state = check_random_state(self.random_state)
            data = self._check_data(X, y, sample_weight, reset=first, **target)
            if first:
                self._warn_of_batch_size(len(data))
                self._stream = None
            else:
                self._check_architecture()
            learn_on(self, data)
        return self

    def _split(
        self,
        data: Data,
        validation: tuple[ArrayLike | None, ArrayLike | None, ArrayLike | None],
    ) -> Split:
        X_val, y_val, weight_val = validation
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be given together, only one of them was.")
        valid = None
        if X_val is not None:
            valid = self._check_data(X_val, y_val, weight_val, reset=False, suffix="_val")
        return Split.of(data, valid, self.get_params(deep=False), self._random_state)

    def _initialize(self, data: Data, *, complete: bool) -> None:
        """Scaling of the first rows, and a network that starts as a linear perceptron."""
        n_outputs = self._n_outputs(data)
        scales_y = self.standardize and data.y.ndim == 2  # logits have their own units
        self._scaling = Scaling.fit(
            data,
            None if scales_y else n_outputs,
            centered=self.fit_intercept,
            standardize=self.standardize,
            complete=complete,
        )
        self.network_ = SpectralNetwork(
            (data.n_features, *check_hidden_layer_sizes(self.hidden_layer_sizes), n_outputs),
            activation=self.activation,
            fit_intercept=bool(self.fit_intercept),
            train_input_eigenvalues=bool(self.train_input_eigenvalues),
            generator=self._trainer().new_generator(),
        )
        self.network_.share_inputs(self._scaling.first_equal, self._scaling.silent_inputs())

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
        self.net_ = self._trainer().new_net(self.network_, n_samples, validated)

    def _warn_of_batch_size(self, n_samples: int) -> None:
        if self.solver != "lbfgs":
            warn_of_batch_size(self.batch_size, n_samples)

    def _set_dtype(self, n_samples: int) -> None:
        """Without mini-batches weights count as repeated rows do; float64 keeps that true."""
        if self._trainer().batch_size(n_samples) == n_samples:
            self.network_.double()

    def _to_rows(self, data: Data) -> TensorDataset:
        like = self.network_.eigenvalues[0]
        return self._scaling.to_rows(data, dtype=like.dtype, device=like.device)

    def _search(self, split: Split) -> None:
        """Train on folds first: only where hidden units pay there, the whole network is trained."""
        self.network_ = self.network_.to(check_device(self.device))
        start = deepcopy(self.network_)
        compared = None
        if split.splitter is not None:
            compared, self.net_ = self._compare(start, split)
            self.network_ = self.net_.module_
        if compared is not None and not compared.prefers_units():
            self._report("no hidden unit: on rows held out they do not beat the best linear map")
            pruning = self._become_linear(split.whole, compared)
            rows = evenly_spaced(self._to_rows(split.whole))
            if self._is_penalized() and compared.has_network:
                free, _ = self._compare(start, split, penalty=None, callbacks=(), verbose=0)
                if free is not None and free.prefers_units():
                    self._warn_of_alpha(KEEPS_LINEAR)
        else:
            if compared is not None:
                self.network_ = deepcopy(start)
            self._start_net(len(split.train), split.valid is not None)
            pruning, rows = self._grow(start, split, compared)
        self._finish(pruning, rows)
        self._warn_of_max_iter(split, compared)

    def _warn_of_max_iter(self, split: Split, compared: OutOfFold | None) -> None:
        """Where it ended a training that was still getting better."""
        if compared is None or compared.prefers_units():
            best_epoch = None if compared is None else compared.n_epochs
            rule = self.max_iter, self.tol, self.n_iter_no_change
            warn_if_cut_off(self.net_, *rule, best_epoch, stacklevel=5)
        elif (
            compared.has_network
            and was_cut_off(self.net_, self.max_iter, compared.n_epochs)
            and bends(self._to_rows(split.whole), split.splitter.groups, _ERRORS_OF_A_BEND)
        ):
            warn_that_units_might_pay(self.max_iter, stacklevel=5)

    def _compare(
        self, start: SpectralNetwork, split: Split, **changes: Any
    ) -> tuple[OutOfFold | None, SpectralNet]:
        """The search held against linear maps on rows that neither has seen."""
        return self._trainer().compare(
            start,
            self._to_rows(split.whole),
            split.splitter,
            validated=split.valid is not None,
            report=self._report,
            **changes,
        )

    def _become_linear(self, whole: Data, compared: OutOfFold) -> Pruning:
        """The best linear map of all rows takes the place of the network."""
        nothing = [torch.zeros_like(mask) for mask in self.network_.active_units()]
        self._set_linear_map(whole, compared.shrinkage)
        loss = compared.mean_linear_loss()
        return Pruning(nothing, compared.mean_loss() if compared.has_network else loss, loss)

    def _set_linear_map(self, whole: Data, shrinkage: float) -> None:
        network = self.network_
        maps = LinearMaps(self._to_rows(whole), network.layer_sizes[-1], network.fit_intercept)
        network.set_linear_map(torch.as_tensor(maps(shrinkage)))

    def _grow(
        self, start: SpectralNetwork, split: Split, compared: OutOfFold | None
    ) -> tuple[Pruning, TensorDataset]:
        """Train on all rows, then drop what does not pay.

        Returns
        -------
        Pruning
        TensorDataset
            Some of the rows that were trained on.
        """
        network = self.network_
        train = self._to_rows(split.train)
        valid = None if split.valid is None else self._to_rows(split.valid)
        n_epochs = self.max_iter
        if compared is not None and compared.n_epochs is not None:
            n_epochs = compared.n_epochs
        self.net_.fit_rows(train, valid, n_epochs)
        if compared is not None:
            multiply_outputs(network, 1.0 / compared.temperature)
        evaluator = Evaluator.of_rows(self._loss(), network, train, valid, self.prune_tol)
        if self.prune_tol is None:
            return prune(network, evaluator), evenly_spaced(train)
        refit = None
        if not self.warm_start and (valid is not None or compared is not None):
            more = partial(self._to_rows, split.whole) if len(split.whole) > len(train) else None
            refit = FineTuning(self._trainer(), network, train, valid, more)
        trained = None
        if self._is_penalized():
            trained = evaluator.losses(network, network.active_units())
        pruning, shrinkage = select(network, evaluator, train, compared, refit, self._report)
        if trained is not None and (evaluator.independent or shrinkage is not None):
            free = self._trainer().train_anew(start, train, valid, n_epochs, penalty=None)
            found = over_regularisation(free, train, evaluator, compared, pruning, trained)
            if found is not None:
                self._warn_of_alpha(found)
        some = evenly_spaced(train)
        del evaluator, valid, train  # room for all rows
        if refit is not None:
            refit.again_on_all_rows()
            del refit
        if shrinkage is not None:
            self._set_linear_map(split.whole, shrinkage)
        return pruning, some

    def _finish(self, pruning: Pruning, rows: TensorDataset) -> None:
        """Cut the compact network out and read its topology."""
        compact, self.topology_, self.feature_importances_ = read(self.network_, pruning, rows)
        self.compact_ = self._scaling.fold_into(compact)
        self.loss_curve_ = list(self.net_.history[:, "train_loss"])
        self.loss_ = pruning.loss_after
        self.n_iter_ = len(self.loss_curve_)

    def _is_penalized(self) -> bool:
        return self.penalty is not None and self.alpha > 0

    def _warn_of_alpha(self, found: str) -> None:
        warn(f"alpha={self.alpha} {found} Lower alpha.", UserWarning, stacklevel=5)

    def _report(self, line: str) -> None:
        if self.verbose:
            print(line)
