"""What both estimators share: check, search, store."""

from abc import ABCMeta
from collections.abc import Sequence
from typing import Any, Self
from warnings import warn

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from sk_spectral.data.dataset import Data
from sk_spectral.data.encoding import learn_encoding
from sk_spectral.data.scaling import Scaling
from sk_spectral.data.sparse import canonical, is_sparse
from sk_spectral.estimators.callback_support import (
    CallbackSupportMixin,
    begun,
    ended,
    with_callbacks,
)
from sk_spectral.estimators.fitting import searched
from sk_spectral.estimators.inputs import check_sample_weight
from sk_spectral.estimators.parameters import check_hidden_layer_sizes, check_parameters
from sk_spectral.estimators.prediction import Array, Predictor
from sk_spectral.model.encoding import Encoding
from sk_spectral.model.path import TopologyPath
from sk_spectral.search.config import SearchConfig
from sk_spectral.search.incremental import Learned, Seen, learn_on
from sk_spectral.search.result import SearchResult
from sk_spectral.search.streams import RandomStreams
from sk_spectral.search.sweep import path_over_alphas, path_over_sizes
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.net import SpectralNet
from sk_spectral.training.threads import limited_threads
from sk_spectral.training.torch_state import plain_torch

_ABOVE_FIT = 3 if CallbackSupportMixin.__module__.startswith("sklearn.") else 2
"""Frames from a warning to who called `fit`, which scikit-learn's callbacks wrap."""


class SpectralSearch(CallbackSupportMixin, Predictor, metaclass=ABCMeta):
    """Common part of the estimators; SpectralNASRegressor documents the parameters."""

    network_: SpectralNetwork
    net_: SpectralNet
    loss_curve_: list[float]
    _scaling: Scaling
    _encoding: Encoding | None = None
    _random_state: np.random.RandomState
    _n_fitted: int
    _partially_fitted = False
    _seen: Seen | None = None
    """What partial_fit keeps of the rows that it has seen."""

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (64, 64),
        activation: str = "relu",
        *,
        solver: str = "adam",
        penalty: str | None = "gamma",
        alpha: float = 0.0,
        prune_tol: float | None = 0.03,
        fit_intercept: bool = True,
        train_input_eigenvalues: bool = True,
        standardize: bool = True,
        n_knots: int | str = "auto",
        categorical_features: Any = "from_dtype",
        batch_size: int | str = "auto",
        learning_rate_init: float = 1e-3,
        eigenvalue_rate: float = 30.0,
        weight_decay: float | str = "auto",
        average: bool = True,
        max_iter: int = 200,
        tol: float = 1e-5,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 20,
        warm_start: bool = False,
        random_state: Any = None,
        device: str = "cpu",
        checkpoint: Any = None,
        callbacks: Sequence[Any] | None = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.penalty = penalty
        self.alpha = alpha
        self.prune_tol = prune_tol
        self.fit_intercept = fit_intercept
        self.train_input_eigenvalues = train_input_eigenvalues
        self.standardize = standardize
        self.n_knots = n_knots
        self.categorical_features = categorical_features
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.eigenvalue_rate = eigenvalue_rate
        self.weight_decay = weight_decay
        self.average = average
        self.max_iter = max_iter
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.random_state = random_state
        self.device = device
        self.checkpoint = checkpoint
        self.callbacks = callbacks
        self.verbose = verbose

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike | str | None = None,
        sample_weight: ArrayLike | str | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Search the architecture: train, prune, keep the small network that is left.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), table, or iterable of batches
            Rows need not be in memory: the path of a Parquet file or of a folder of them, a dataset
            of pyarrow, an array or a frame of dask, or whatever gives batches (X, y) or
            (X, y, sample_weight) each time it is iterated over. They may be arrays, too, or a
            `numpy.memmap`: where they are more than `working_memory` of `sklearn.set_config` holds
            as inputs, they are trained on block by block.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), str or None
            Targets, of one or several outputs, or class labels. Of a table the name of their
            column; None for batches, which have them.
        sample_weight : array-like of shape (n_samples,) or str, optional
            Rows of weight 0 are left out. Of a table the name of their column.
        X_val, y_val, sample_weight_val : array-likes, optional
            Rows by which training stops and units are pruned. By default a `validation_fraction`
            of X is set apart where `early_stopping` asks for it.

        Returns
        -------
        self
            Fitted estimator. Where anything is wrong it is left as it was.
        """
        observer = begun(self, X, y, sample_weight)
        with self._unchanged_on_error(), limited_threads(), plain_torch():
            check_parameters(self)
            found = searched(
                self, (X, y, sample_weight), (X_val, y_val, sample_weight_val), observer
            )
            for category, message in found:
                warn(message, category, stacklevel=_ABOVE_FIT)
        ended(self, observer)
        return self

    def _partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, **asked: Any
    ) -> Self:
        with self._unchanged_on_error(), limited_threads(), plain_torch():
            check_parameters(self)
            self._check_can_go_on()
            self._partially_fitted = True
            first = not hasattr(self, "network_")
            if first:
                self._random_state = check_random_state(self.random_state)
            data = self._check_data(X, y, sample_weight, reset=first, **asked)
            config, streams = self._config(), self._streams()
            if first:
                self._seen = None
                message = config.training.batch_size_message(len(data))
                if message is not None:
                    warn(message, UserWarning, stacklevel=3)
            else:
                self._check_architecture()
            learned = None if first else self._learned(data, streams)
            result, learned = learn_on(data, config, streams, learned)
            self._store(result)
            self._seen = learned.seen
        return self

    def _learned(self, data: Data, streams: RandomStreams) -> Learned:
        """What there is to learn on with: of chunks, or of a fit before the first of them."""
        seen = self._seen
        if seen is None:
            units = None
            if not self.warm_start and self.topology_.n_active_layers:
                # The others were left alone while these were refitted.
                units = [np.asarray(mask, dtype=bool) for mask in self.compact_.unit_masks]
            seen = Seen.of_a_fit(self._n_fitted, self._scaling, units, data, streams)
        return Learned(self.net_, self._scaling, self.loss_curve_, seen)

    def _path(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        alphas: Sequence[float] | None = None,
        sizes: Sequence[int] = (),
        **asked: Any,
    ) -> TopologyPath:
        """A path with the settings of this estimator, which learns what rows it is of."""
        with limited_threads(), plain_torch():
            check_parameters(self)
            self._random_state = check_random_state(self.random_state)
            data = self._check_data(X, y, sample_weight, reset=True, **asked)
            given = data, self._config(), self._streams()
            if alphas is None:
                return path_over_sizes(*given, sizes)
            return path_over_alphas(*given, alphas)

    def _check_data(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        reset: bool,
        suffix: str = "",
        **asked: Any,
    ) -> Data:
        """Checked rows without those of weight 0; `reset` learns what later rows must match.

        `suffix` completes the names of the arguments in messages.
        """
        X, y = self._validated(X, y, reset, suffix)
        weight = check_sample_weight(sample_weight, X, f"sample_weight{suffix}")
        y = self._checked_y(y, f"y{suffix}")
        targets = self._targets_of(y, reset=reset, **asked)
        columns = self._columns(X, weight, reset)
        encoded = targets.encode(y, f"y{suffix}")
        data = Data(encoded, weight, columns, targets=targets, encoding=self._encoding)
        return self._weighted(data, reset, suffix).without_zero_weights()

    def _columns(self, X: Array, weight: Array | None, reset: bool) -> Array:
        """Checked rows as columns of numbers; a sparse X is that already."""
        rows: Any = X
        if is_sparse(rows):
            if reset:
                self._encoding = None
            if self._encoding is None:
                return canonical(rows)
            rows = rows.toarray()
        if reset:
            is_category = self._is_category
            if is_category is None:
                is_category = np.zeros(rows.shape[1], dtype=bool)
            self._encoding = learn_encoding(rows, is_category, weight)
        return rows if self._encoding is None else self._encoding.encode(rows)

    def _weighted(self, data: Data, reset: bool, suffix: str) -> Data:
        """The rows with the weights that their targets have by themselves."""
        return data

    def _check_validation_data(
        self, X_val: ArrayLike | None, y_val: ArrayLike | None, weight_val: ArrayLike | None
    ) -> Data | None:
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be given together, only one of them was.")
        if X_val is None or y_val is None:
            return None
        return self._check_data(X_val, y_val, weight_val, reset=False, suffix="_val")

    @property
    def best_loss_(self) -> float:
        """Least training loss of an epoch, in `loss_curve_`."""
        return min(self.loss_curve_)

    def _config(self) -> SearchConfig:
        hidden = check_hidden_layer_sizes(self.hidden_layer_sizes)
        given = self.get_params(deep=False) | {"hidden_layer_sizes": hidden}
        given.pop("checkpoint", None)  # a path, which fit opens
        return SearchConfig.from_parameters(
            {name: bool(v) if isinstance(v, np.bool_) else v for name, v in given.items()}
        )

    def _streams(self, entropy: list[int] | None = None) -> RandomStreams:
        return RandomStreams(self._random_state, entropy)

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

    def _store(self, result: SearchResult) -> None:
        self.network_, self.net_, self._scaling = result.network, result.net, result.scaling
        names = tuple(map(str, getattr(self, "feature_names_in_", ())))
        self.topology_path_ = result.path.named(names)
        kept = self.topology_path_.kept
        assert kept is not None  # what predicts is one of them
        self.compact_, self.topology_ = result.compact, kept.topology
        self.feature_importances_ = result.feature_importances
        self.loss_curve_, self.loss_ = result.history, result.loss
        self.n_iter_ = len(self.loss_curve_)
