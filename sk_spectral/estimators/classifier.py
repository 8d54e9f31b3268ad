"""SpectralNASClassifier: what it takes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sk_spectral.data.class_weight import weights_of_classes
from sk_spectral.data.dataset import Data
from sk_spectral.estimators.base import SpectralSearch
from sk_spectral.estimators.inputs import check_spread
from sk_spectral.estimators.outputs import ClassifierOutputs


class SpectralNASClassifier(ClassifierOutputs, SpectralSearch):
    """Classification by architecture search in spectral space.

    As `SpectralNASRegressor`, on the log loss: logistic for two classes, softmax for more. Where y
    has a column of 0 and 1 for each of several labels, a row may have any of them: the loss is the
    mean of their logistic losses.

    Parameters
    ----------
    hidden_layer_sizes, activation, solver, penalty, alpha, prune_tol, fit_intercept, \
train_input_eigenvalues, standardize, n_knots, categorical_features
        As in `SpectralNASRegressor`, except that the loss is the log loss and only X is
        standardised.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class; "balanced" makes the weights of all classes sum to the same.
    batch_size, learning_rate_init, eigenvalue_rate, weight_decay, average, max_iter, tol, \
early_stopping, validation_fraction, n_iter_no_change, warm_start, random_state, device, \
checkpoint, callbacks, verbose
        As in `SpectralNASRegressor`, except that the validation rows are drawn by class.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        Class labels, sorted; numbers of columns where a row may have several labels.
    topology_, compact_, topology_path_, feature_importances_, linear_coef_, linear_intercept_, \
network_, net_, loss_, loss_curve_, best_loss_, n_iter_, n_outputs_, n_layers_, categories_, \
n_features_in_, feature_names_in_
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
        checkpoint: Any = None,
        callbacks: Sequence[Any] | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            hidden_layer_sizes, activation, solver=solver, penalty=penalty, alpha=alpha,
            prune_tol=prune_tol, fit_intercept=fit_intercept,
            train_input_eigenvalues=train_input_eigenvalues, standardize=standardize,
            n_knots=n_knots, categorical_features=categorical_features, batch_size=batch_size,
            learning_rate_init=learning_rate_init, eigenvalue_rate=eigenvalue_rate,
            weight_decay=weight_decay, average=average, max_iter=max_iter, tol=tol,
            early_stopping=early_stopping, validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change, warm_start=warm_start, random_state=random_state,
            device=device, checkpoint=checkpoint, callbacks=callbacks, verbose=verbose,
        )  # fmt: skip
        self.class_weight = class_weight

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
        data = super()._check_data(X, y, sample_weight, reset=reset, suffix=suffix, **asked)
        one_each = self._n_labels is None
        if one_each and reset and asked.get("classes") is None and len(np.unique(data.y)) < 2:
            raise ValueError(
                "A classifier needs at least two classes, but y holds one class only"
                f"{'' if data.sample_weight is None else ' among the rows of weight above 0'}."
            )
        return data

    def _weighted(self, data: Data, reset: bool, suffix: str) -> Data:
        """The rows with their weights times those of their classes."""
        if self.class_weight is None:
            return data
        if self._n_labels is not None:
            raise ValueError(
                "class_weight weighs rows by their one class, but here a row may have several "
                "labels: weigh rows by sample_weight."
            )
        if not suffix:
            weight, n_classes = data.sample_weight, len(self.classes_)
            totals = np.bincount(data.y, weight, n_classes).astype(np.float64)
            if self._partially_fitted and not reset:
                totals = totals + getattr(self, "_class_totals", 0.0)
            self._class_totals = totals
        by_class = weights_of_classes(self.class_weight, self.classes_, self._class_totals)
        weight = by_class[data.y]
        if data.sample_weight is not None:
            weight = data.sample_weight * weight
        check_spread(weight, "class_weight")
        if not weight.any():
            raise ValueError(
                f"class_weight leaves no row of y{suffix} with a weight above 0; at least one must "
                "have one."
            )
        return replace(data, sample_weight=weight)
