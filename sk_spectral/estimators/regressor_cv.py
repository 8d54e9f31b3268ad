"""SpectralNASRegressorCV: what it takes."""

from collections.abc import Callable, Sequence
from typing import Any

from sk_spectral.estimators.cv import SpectralSearchCV
from sk_spectral.estimators.outputs import RegressorOutputs
from sk_spectral.estimators.regressor import SpectralNASRegressor


class SpectralNASRegressorCV(RegressorOutputs, SpectralSearchCV):
    """Regression by architecture search whose penalty is chosen by cross-validation.

    As `sklearn.linear_model.LassoCV` for the lasso: on each fold a path of networks is trained, one
    for each of `alphas`, side by side (`spectral_path`); what they score on the rows held out
    chooses `alpha_`, with which `SpectralNASRegressor` is fitted to all rows.

    Parameters
    ----------
    hidden_layer_sizes, activation
        As in `SpectralNASRegressor`.
    alphas : sequence of float, optional
        Strengths of the penalty to choose from, against the mean squared error in units of
        training: by default 0 and nine from 1e-5 to 0.1.
    cv : int, splitter, iterable or None, default=None
        As in scikit-learn: five folds by default. A splitter of groups is given these by
        ``fit(X, y, groups=groups)``.
    scoring : str, callable or None, default=None
        As in scikit-learn. None takes minus the loss that is trained on, in the
        units of y; of "huber" the absolute error.
    rule : {"best", "1se"}, default="best"
        "best" takes the alpha of the best mean score. "1se" takes the largest whose mean score is
        no more than a standard error of this below: a smaller network that is not clearly worse.
    n_jobs : int or None, default=None
        Folds at a time, by joblib.
    loss, quantile, solver, penalty, prune_tol, fit_intercept, train_input_eigenvalues, \
standardize, n_knots, \
categorical_features, batch_size, learning_rate_init, eigenvalue_rate, weight_decay, average, \
max_iter, tol, early_stopping, validation_fraction, n_iter_no_change, random_state, device
        As in `SpectralNASRegressor`, except that there has to be a `penalty`. In each fold a tenth
        of the rows is set apart to stop by, unless `early_stopping` is False.
    verbose : int, default=0
        1 prints what was chosen, and what the last fit does.

    Attributes
    ----------
    alpha_ : float
        The strength that was chosen.
    best_estimator_ : SpectralNASRegressor
        Fitted to all rows with it; it predicts.
    best_index_, best_score_ : int, float
        Row of `cv_results_` that was chosen, and its mean score.
    cv_results_ : dict of arrays
        ``pandas.DataFrame(cv_results_)`` has a row for each alpha, from the strongest on: scores by
        fold ("split0_test_score" and so on), their mean, deviation and rank, and mean and deviation
        over the folds of units ("mean_n_units"), parameters and ‖Γ‖ ("mean_gamma_norm").
    n_splits_ : int
        Number of folds.
    topology_, compact_, topology_path_, feature_importances_, linear_coef_, linear_intercept_, \
n_iter_, n_outputs_, n_layers_, categories_
        Those of `best_estimator_`.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    See Also
    --------
    spectral_path : Such a path of all rows.

    Examples
    --------
    >>> from sk_spectral import SpectralNASRegressorCV
    >>> from sk_spectral.datasets import make_linear_to_quadratic
    >>> X, y, _ = make_linear_to_quadratic(500, alpha=0, beta=1000, random_state=0)
    >>> model = SpectralNASRegressorCV((8,), alphas=[0.0, 1e-2], cv=2, random_state=0).fit(X, y)
    >>> model.topology_.is_linear
    True
    """

    _search = SpectralNASRegressor

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
        loss: str = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        solver: str = "adam",
        penalty: str = "gamma",
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
        random_state: Any = None,
        device: str = "cpu",
        verbose: int = 0,
    ) -> None:
        super().__init__(
            hidden_layer_sizes, activation, alphas=alphas, cv=cv, scoring=scoring, rule=rule,
            n_jobs=n_jobs, solver=solver, penalty=penalty, prune_tol=prune_tol,
            fit_intercept=fit_intercept, train_input_eigenvalues=train_input_eigenvalues,
            standardize=standardize, n_knots=n_knots, categorical_features=categorical_features,
            batch_size=batch_size, learning_rate_init=learning_rate_init,
            eigenvalue_rate=eigenvalue_rate, weight_decay=weight_decay, average=average,
            max_iter=max_iter, tol=tol, early_stopping=early_stopping,
            validation_fraction=validation_fraction, n_iter_no_change=n_iter_no_change,
            random_state=random_state, device=device, verbose=verbose,
        )  # fmt: skip
        self.loss = loss
        self.quantile = quantile
