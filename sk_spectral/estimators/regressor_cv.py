"""SpectralNASRegressorCV: what it takes."""

from sklearn.base import RegressorMixin

from sk_spectral.estimators.cv import SpectralSearchCV
from sk_spectral.estimators.outputs import RegressorOutputs
from sk_spectral.estimators.regressor import SpectralNASRegressor


class SpectralNASRegressorCV(RegressorMixin, RegressorOutputs, SpectralSearchCV):
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
        As in scikit-learn. None takes minus the loss that is trained on: the mean squared error.
    rule : {"best", "1se"}, default="best"
        "best" takes the alpha of the best mean score. "1se" takes the largest whose mean score is
        no more than a standard error of this below: a smaller network that is not clearly worse.
    n_jobs : int or None, default=None
        Folds at a time, by joblib.
    solver, penalty, prune_tol, fit_intercept, train_input_eigenvalues, standardize, n_knots, \
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
