"""SpectralNASClassifierCV: what it takes."""

from collections.abc import Callable, Sequence
from typing import Any

from sk_spectral.estimators.classifier import SpectralNASClassifier
from sk_spectral.estimators.cv import SpectralSearchCV
from sk_spectral.estimators.outputs import ClassifierOutputs


class SpectralNASClassifierCV(ClassifierOutputs, SpectralSearchCV):
    """Classification by architecture search whose penalty is chosen by cross-validation.

    As `SpectralNASRegressorCV`, on the log loss.

    Parameters
    ----------
    hidden_layer_sizes, activation, alphas, cv, scoring, rule, n_jobs
        As in `SpectralNASRegressorCV`, except that folds are drawn by class, and None scores by
        minus the log loss.
    solver, penalty, prune_tol, fit_intercept, train_input_eigenvalues, standardize, n_knots, \
categorical_features, class_weight, batch_size, learning_rate_init, eigenvalue_rate, \
weight_decay, average, max_iter, tol, early_stopping, validation_fraction, n_iter_no_change, \
random_state, device, verbose
        As in `SpectralNASClassifier` and `SpectralNASRegressorCV`. `class_weight` does not reach
        the scores.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        Class labels, sorted.
    alpha_, best_estimator_, best_index_, best_score_, cv_results_, n_splits_, topology_, \
compact_, topology_path_, feature_importances_, linear_coef_, linear_intercept_, n_iter_, \
n_outputs_, n_layers_, categories_, n_features_in_, feature_names_in_
        As in `SpectralNASRegressorCV`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_spectral import SpectralNASClassifierCV
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SpectralNASClassifierCV((8,), alphas=[0.0, 1e-2], cv=2, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.95)
    True
    """

    _search = SpectralNASClassifier

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (64, 64),
        activation: str = "relu",
        *,
        alphas: Sequence[float] | None = None,
        cv: Any = None,
        scoring: str | Callable[..., float] | None = None,
        rule: str = "best",
        n_jobs: int | None = None,
        solver: str = "adam",
        penalty: str = "gamma",
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
        random_state: Any = None,
        device: str = "cpu",
        verbose: int = 0,
    ) -> None:
        super().__init__(
            hidden_layer_sizes, activation, alphas=alphas, cv=cv, scoring=scoring, rule=rule,
            n_jobs=n_jobs, solver=solver, penalty=penalty, prune_tol=prune_tol,
            fit_intercept=fit_intercept, train_input_eigenvalues=train_input_eigenvalues,
            standardize=standardize, n_knots=n_knots, categorical_features=categorical_features,
            batch_size=batch_size,
            learning_rate_init=learning_rate_init, eigenvalue_rate=eigenvalue_rate,
            weight_decay=weight_decay, average=average, max_iter=max_iter, tol=tol,
            early_stopping=early_stopping, validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change, random_state=random_state, device=device,
            verbose=verbose,
        )  # fmt: skip
        self.class_weight = class_weight
