"""What is predicted, and what may be predicted: numbers for regressors, classes for classifiers."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import type_of_target

from sk_spectral.data.continuous import LOG_LINK, ContinuousTargets
from sk_spectral.data.targets import ClassTargets, LabelTargets, Targets
from sk_spectral.estimators.inputs import (
    check_classes,
    check_labels,
    check_means,
    check_range,
    check_targets,
)
from sk_spectral.estimators.prediction import Array, Predictor
from sk_spectral.estimators.scores import explained
from sk_spectral.estimators.sources import to_score_by


class RegressorOutputs(RegressorMixin, Predictor):
    """Numbers, of one or several outputs, or quantiles of them."""

    loss: str
    quantile: float | Sequence[float]
    _n_targets: int
    _y_ndim: int
    """Of what is predicted."""
    _loss = "squared_error"
    _quantiles: tuple[float, ...] = ()

    def predict(self, X: ArrayLike) -> Array:
        """Predict targets, in float64 and in the shape that y had.

        Means, or what else the loss is about: medians by "absolute_error", quantiles by "quantile",
        which never cross where there are several.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples,), (n_samples, n_outputs), or (n_samples, n_quantiles)
        """
        return self._decoded(X)

    def score(
        self, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """D², the share of the loss of the best constant that is done without: R² of squared error.

        Of "huber" that of squared error, too; of several outputs or quantiles the mean.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
        """
        y, sample_weight = to_score_by(X, y, sample_weight)
        return explained(self._targets, y, self.predict(X), sample_weight)

    @property
    def _targets(self) -> ContinuousTargets:
        return ContinuousTargets(self._n_targets, self._y_ndim, self._loss, self._quantiles)

    def _as_y(self, by_output: Array) -> Any:
        return by_output if self._y_ndim == 2 else by_output[0]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = self.loss in LOG_LINK
        return tags

    def _checked_y(self, y: Array, name: str) -> Array:
        return check_range(check_targets(y, name), self.loss, name)

    def _targets_of(self, y: Array, *, reset: bool, **asked: Any) -> Targets:
        several = isinstance(self.quantile, Iterable)
        levels = tuple(self.quantile) if isinstance(self.quantile, Iterable) else (self.quantile,)
        quantiles = tuple(map(float, levels)) if self.loss == "quantile" else ()
        if reset:
            check_means(y, self.loss)
            n_columns = 1 if y.ndim == 1 else y.shape[1]
            if quantiles and several and n_columns > 1:
                raise ValueError(
                    f"Several quantiles of y with {n_columns} columns were asked for: fit one "
                    "estimator to each column, or ask for one quantile."
                )
            self._y_ndim = 2 if quantiles and several else y.ndim
            self._n_targets, self._loss, self._quantiles = n_columns, self.loss, quantiles
        elif (self.loss, quantiles) != (self._loss, self._quantiles):
            before, now = (
                f"{loss!r}{f' {list(of)}' if of else ''}"
                for loss, of in ((self._loss, self._quantiles), (self.loss, quantiles))
            )
            raise ValueError(
                f"loss is {now}, but the fitted network has {before} and cannot be trained further "
                "with another. Fit with warm_start=False to start afresh."
            )
        return self._targets


class ClassifierOutputs(ClassifierMixin, Predictor):
    """Classes by their probabilities, or labels of which a row may have several."""

    classes_: Array
    _n_labels: int | None = None
    """None where each row is of one class."""

    def decision_function(self, X: ArrayLike) -> Array:
        """Log odds of the second of two classes, logits of all of several, or log odds of labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples,) or (n_samples, n_classes)
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 and self._n_labels is None else outputs

    def predict_proba(self, X: ArrayLike) -> Array:
        """Probabilities of the classes, in the order of `classes_`, or of each of several labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples, n_classes)
        """
        outputs = self._outputs(X)
        return self._targets.probabilities(outputs)

    def predict_log_proba(self, X: ArrayLike) -> Array:
        """Logarithms of `predict_proba`, finite where that is 0 to the last digit.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples, n_classes)
        """
        outputs = self._outputs(X)
        return self._targets.log_probabilities(outputs)

    def predict(self, X: ArrayLike) -> Array:
        """Predict the label of the most probable class, or which of several labels there are.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples,), or of 0 and 1 (n_samples, n_labels)
        """
        return self._decoded(X)

    def score(
        self, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Share of the rows that get the right label, or all of the right labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
        """
        y, sample_weight = to_score_by(X, y, sample_weight)
        return float(super().score(X, y, sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    @property
    def _targets(self) -> ClassTargets | LabelTargets:
        return (
            ClassTargets(self.classes_) if self._n_labels is None else LabelTargets(self._n_labels)
        )

    def _checked_y(self, y: Array, name: str) -> Array:
        y = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
        if y.ndim == 2 and y.shape[1] > 1 and type_of_target(y) == "multilabel-indicator":
            return y
        y = column_or_1d(y, warn=True)
        check_labels(y, name)
        return y

    def _targets_of(
        self, y: Array, *, reset: bool, classes: ArrayLike | None = None, **asked: Any
    ) -> Targets:
        found = None if classes is None else check_classes(classes)
        if reset:
            self._n_labels = y.shape[1] if y.ndim == 2 else None
        if self._n_labels is not None:
            labels = np.arange(self._n_labels)
            if found is not None and not np.array_equal(found, labels):
                raise ValueError(
                    f"classes={found.tolist()} are not the numbers of the columns of y, by which "
                    f"labels are named: {labels.tolist()}."
                )
            self.classes_ = labels
        elif reset:
            self.classes_ = np.unique(y) if found is None else found
        elif found is not None and not np.array_equal(found, self.classes_):
            raise ValueError(
                f"classes={found.tolist()} are not those of the first call of partial_fit, "
                f"{self.classes_.tolist()}; they can be left out in later calls."
            )
        return self._targets
