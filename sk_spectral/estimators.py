"""SpectralNASRegressor and SpectralNASClassifier."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from sk_spectral.losses import LogLoss, SquaredError
from sk_spectral.preparation import Data
from sk_spectral.search import FLOATS, Array, SpectralSearch
from sk_spectral.validation import check_sample_weight


class SpectralNASRegressor(RegressorMixin, SpectralSearch):
    """Regression by spectral architecture search."""

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (128, 128, 128),
        activation: str = "relu",
        *,
        solver: str = "adam",
        penalty: str | None = "gamma",
        alpha: float = 3e-4,
        prune_tol: float | None = 0.01,
        fit_intercept: bool = True,
        standardize: bool = True,
        batch_size: int | str = "auto",
        learning_rate_init: float = 1e-3,
        eigenvalue_rate: float = 10.0,
        weight_decay: float | str = "auto",
        max_iter: int = 200,
        tol: float = 1e-5,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 20,
        warm_start: bool = False,
        random_state: Any = None,
        device: str = "cpu",
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
        self.standardize = standardize
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.eigenvalue_rate = eigenvalue_rate
        self.weight_decay = weight_decay
        self.max_iter = max_iter
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.random_state = random_state
        self.device = device
        self.callbacks = callbacks
        self.verbose = verbose

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
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))

    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: ArrayLike) -> Array:
        outputs = self._outputs(X)
        return outputs if self._y_ndim == 2 else outputs[:, 0]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _check_data(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        reset: bool,
        suffix: str = "",
    ) -> Data:
        X, y = validate_data(
            self, X, y, dtype=FLOATS, multi_output=True, y_numeric=True, reset=reset
        )
        weight = check_sample_weight(sample_weight, X, f"sample_weight{suffix}")
        if reset:
            self._y_ndim = y.ndim
        y = y.reshape(len(y), -1).astype(np.float64, copy=False)
        if not reset and y.shape[1] != self.network_.layer_sizes[-1]:
            raise ValueError(
                f"y has {y.shape[1]} outputs, but this estimator is fitted to "
                f"{self.network_.layer_sizes[-1]}."
            )
        return Data(X, y, weight).without_zero_weights()

    def _output_units(self, data: Data) -> Array:
        return data.y

    def _loss(self) -> SquaredError:
        return SquaredError()


class SpectralNASClassifier(ClassifierMixin, SpectralSearch):
    """Classification by spectral architecture search."""

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (128, 128, 128),
        activation: str = "relu",
        *,
        solver: str = "adam",
        penalty: str | None = "gamma",
        alpha: float = 3e-4,
        prune_tol: float | None = 0.01,
        fit_intercept: bool = True,
        standardize: bool = True,
        class_weight: dict[Any, float] | str | None = None,
        batch_size: int | str = "auto",
        learning_rate_init: float = 1e-3,
        eigenvalue_rate: float = 10.0,
        weight_decay: float | str = "auto",
        max_iter: int = 200,
        tol: float = 1e-5,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 20,
        warm_start: bool = False,
        random_state: Any = None,
        device: str = "cpu",
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
        self.standardize = standardize
        self.class_weight = class_weight
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.eigenvalue_rate = eigenvalue_rate
        self.weight_decay = weight_decay
        self.max_iter = max_iter
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.random_state = random_state
        self.device = device
        self.callbacks = callbacks
        self.verbose = verbose

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
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        if not hasattr(self, "classes_") and classes is None:
            raise ValueError("classes must be given in the first call of partial_fit.")
        return self._partial_fit(X, y, sample_weight, classes=classes)

    def decision_function(self, X: ArrayLike) -> Array:
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def predict_proba(self, X: ArrayLike) -> Array:
        outputs = self._outputs(X)
        if outputs.shape[1] == 1:
            positive = 0.5 * (1.0 + np.tanh(0.5 * outputs))
            return np.hstack([1.0 - positive, positive])
        odds = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def predict(self, X: ArrayLike) -> Array:
        outputs = self._outputs(X)
        if outputs.shape[1] == 1:
            return self.classes_[(outputs[:, 0] > 0).astype(int)]
        return self.classes_[outputs.argmax(axis=1)]

    def _check_data(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        reset: bool,
        suffix: str = "",
        classes: ArrayLike | None = None,
    ) -> Data:
        X, y = validate_data(self, X, y, dtype=FLOATS, multi_output=True, reset=reset)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        weight = check_sample_weight(sample_weight, X, f"sample_weight{suffix}")
        if reset:
            self.classes_ = np.unique(y) if classes is None else np.unique(classes)
        if self.class_weight is not None:
            by_class = compute_sample_weight(self.class_weight, y)
            weight = by_class if weight is None else weight * by_class
        codes = LabelEncoder().fit(self.classes_).transform(y)
        data = Data(X, codes, weight).without_zero_weights()
        if reset and classes is None and len(np.unique(data.y)) < 2:
            raise ValueError(
                f"y holds only one class, {self.classes_[data.y[0]]!r} (rows of weight 0 do not "
                "count); a classifier needs at least two."
            )
        return data

    def _output_units(self, data: Data) -> int:
        return 1 if len(self.classes_) == 2 else len(self.classes_)

    def _loss(self) -> LogLoss:
        return LogLoss()
