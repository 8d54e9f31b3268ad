"""SpectralNASRegressor and SpectralNASClassifier."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d

from sk_spectral.data.class_weight import weights_of_classes
from sk_spectral.data.dataset import Data
from sk_spectral.estimators.base import SpectralSearch
from sk_spectral.estimators.parameters import (
    check_classes,
    check_labels,
    check_sample_weight,
    check_spread,
)
from sk_spectral.estimators.prediction import Array


class SpectralNASClassifier(ClassifierMixin, SpectralSearch):
    """Classification by architecture search in spectral space.

    As `SpectralNASRegressor`, on the log loss: logistic for two classes, softmax for more.

    Parameters
    ----------
    class_weight : dict, "balanced" or None, default=None
        Weight of each class; "balanced" makes the weights of all classes sum to the same.
    hidden_layer_sizes, activation, solver, penalty, alpha, prune_tol, fit_intercept, \
train_input_eigenvalues, standardize, batch_size, learning_rate_init, eigenvalue_rate, \
weight_decay, max_iter, tol, early_stopping, validation_fraction, n_iter_no_change, warm_start, \
random_state, device, callbacks, verbose
        As in `SpectralNASRegressor`, except that the loss is the log loss, only X is standardised,
        and the validation rows are drawn by class.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        Class labels, sorted.
    topology_, compact_, feature_importances_, linear_coef_, linear_intercept_, network_, net_, \
loss_, loss_curve_, n_iter_, n_features_in_, feature_names_in_
        As in `SpectralNASRegressor`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_spectral import SpectralNASClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = SpectralNASClassifier(random_state=0).fit(X, y)
    >>> bool(classifier.score(X, y) > 0.95)
    True
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (128, 128, 128),
        activation: str = "relu",
        *,
        solver: str = "adam",
        penalty: str | None = "gamma",
        alpha: float = 0.0,
        prune_tol: float | None = 0.03,
        fit_intercept: bool = True,
        train_input_eigenvalues: bool = True,
        standardize: bool = True,
        class_weight: dict[Any, float] | str | None = None,
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
        self.class_weight = class_weight
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
        self.callbacks = callbacks
        self.verbose = verbose

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on these rows, then prune by a sample of all that were seen.

        What is pruned is left out of predictions only: the next call trains the whole network on.
        The scales of columns, the shares of classes and the sample, up to 500 rows, spread over
        classes, are of all calls. Below 32 rows seen, each call starts afresh with all of them;
        below 50 no unit is pruned.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        classes : array-like of shape (n_classes,)
            All labels that will ever come. Needed in the first call alone.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self
        """
        if not hasattr(self, "classes_") and classes is None:
            raise ValueError("classes must be given in the first call of partial_fit.")
        return self._partial_fit(X, y, sample_weight, classes=classes)

    def decision_function(self, X: ArrayLike) -> Array:
        """Log odds of the second of two classes, or logits of all of several.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples,) or (n_samples, n_classes)
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def predict_proba(self, X: ArrayLike) -> Array:
        """Probabilities of the classes, in the order of `classes_`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples, n_classes)
        """
        outputs = self._outputs(X)
        if outputs.shape[1] == 1:
            positive = 0.5 * (1.0 + np.tanh(0.5 * outputs))
            return np.hstack([1.0 - positive, positive])
        odds = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def predict(self, X: ArrayLike) -> Array:
        """Predict the label of the most probable class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples,)
        """
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
        X, y = self._validated(X, y, reset, suffix)
        y = column_or_1d(y, warn=True)
        check_labels(y, f"y{suffix}")
        weight = check_sample_weight(sample_weight, X, f"sample_weight{suffix}")
        asked = None if classes is None else check_classes(classes)
        if reset:
            self.classes_ = np.unique(y) if asked is None else asked
        elif asked is not None and not np.array_equal(asked, self.classes_):
            raise ValueError(
                f"classes={asked.tolist()} are not those of the first call of partial_fit, "
                f"{self.classes_.tolist()}; they can be left out in later calls."
            )
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"y{suffix} holds labels that are not among the classes "
                f"{self.classes_.tolist()}: {unknown.tolist()}."
            )
        codes = np.searchsorted(self.classes_, y)
        if self.class_weight is not None:
            if not suffix:
                totals = np.bincount(codes, weight, len(self.classes_)).astype(np.float64)
                if self._partially_fitted and not reset:
                    totals = totals + getattr(self, "_class_totals", 0.0)
                self._class_totals = totals
            by_class = weights_of_classes(self.class_weight, self.classes_, self._class_totals)
            by_class = by_class[codes]
            weight = by_class if weight is None else weight * by_class
            check_spread(weight, "class_weight")
        data = Data(codes, weight, X, n_classes=len(self.classes_)).without_zero_weights()
        if not len(data):
            raise ValueError(
                f"class_weight leaves no row of y{suffix} with a weight above 0; at least one must "
                "have one."
            )
        present = len(np.unique(data.y)) if classes is None else len(self.classes_)
        if reset and present < 2:
            raise ValueError(
                "A classifier needs at least two classes, but y holds one class only"
                f"{'' if weight is None else ' among the rows of weight above 0'}."
            )
        return data
