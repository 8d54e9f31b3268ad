"""Logistic regressions for one shrinkage after the other, against scikit-learn and by derivative.

scikit-learn minimises C Σ_i w_i loss_i + ½‖W‖², this Σ_i w_i loss_i / Σ w + ½ shrinkage ‖W‖²: the
same for C = 1 / (shrinkage Σ_i w_i).
"""

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from sk_spectral.search import convex
from sk_spectral.search.logistic import LogisticRegressions

SHRINKAGES = (10.0, 0.1, 1e-3)


def rows(n_classes, n_samples=90, n_features=4, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.randn(n_samples, n_features) + 0.5
    score = X[:, 0] + 0.7 * rng.randn(n_samples)
    return X, np.digitize(score, np.quantile(score, np.arange(1, n_classes) / n_classes))


def by_scikit_learn(X, y, weight, shrinkage, fit_intercept):
    total = len(X) if weight is None else weight.sum()
    model = LogisticRegression(
        C=1.0 / (shrinkage * total), fit_intercept=fit_intercept, solver="newton-cg", tol=1e-10,
        max_iter=10_000,
    ).fit(X, y, sample_weight=weight)  # fmt: skip
    W = np.atleast_2d(model.coef_)
    return np.column_stack([W, np.atleast_1d(model.intercept_)]) if fit_intercept else W


@pytest.fixture(params=["newton", "lbfgs"])
def method(request, monkeypatch):
    """Either way to the minimum, the second one as near to it as it comes."""
    if request.param == "lbfgs":
        monkeypatch.setattr(convex, "_MOST_COEFFICIENTS", 0)
        monkeypatch.setattr(convex, "_LBFGS", {"maxiter": 5000, "gtol": 1e-10, "ftol": 0.0})
    return request.param


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_maps_are_those_of_scikit_learn_in_its_units_of_shrinkage(
    method, n_classes, weighted, fit_intercept
):
    X, y = rows(n_classes)
    weight = np.random.RandomState(1).uniform(0.2, 3.0, len(X)) if weighted else None
    maps = LogisticRegressions(X, y, weight, fit_intercept)
    for shrinkage in SHRINKAGES:
        expected = by_scikit_learn(X, y, weight, shrinkage, fit_intercept)
        np.testing.assert_allclose(maps(shrinkage), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_weights_are_repetitions(method, n_classes):
    X, y = rows(n_classes)
    weight = np.random.RandomState(2).randint(1, 4, len(X))
    one = LogisticRegressions(X, y, weight.astype(float), True)(1e-2)
    other = LogisticRegressions(X.repeat(weight, axis=0), y.repeat(weight), None, True)(1e-2)
    np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("shape", [(90, 4), (12, 40)])
def test_no_step_in_any_direction_lowers_the_objective(method, n_classes, shape):
    X, y = rows(n_classes, *shape)
    W = LogisticRegressions(X, y, None, True)(1e-2)
    targets = np.eye(n_classes)[y]

    def objective(W):
        scores = X @ W[:, :-1].T + W[:, -1]
        scores = np.column_stack([np.zeros(len(X)), scores]) if n_classes == 2 else scores
        loss = -(log_softmax(scores, axis=1) * targets).sum(axis=1).mean()
        return loss + 0.5e-2 * np.square(W[:, :-1]).sum()

    least = objective(W)
    for direction in np.random.RandomState(0).randn(20, *W.shape):
        assert least < objective(W + 1e-3 * direction)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_order_of_shrinkages_changes_nothing_but_the_last_digits(method, n_classes):
    X, y = rows(n_classes)
    down, up = LogisticRegressions(X, y, None, True), LogisticRegressions(X, y, None, True)
    found = {shrinkage: down(shrinkage) for shrinkage in SHRINKAGES}
    for shrinkage in SHRINKAGES[::-1]:
        np.testing.assert_allclose(up(shrinkage), found[shrinkage], rtol=1e-5, atol=1e-6)


def test_with_more_shrinkage_than_can_be_only_the_shares_of_classes_are_left(method):
    X, y = rows(3)
    W = LogisticRegressions(X, y, None, True)(1e12)
    assert np.abs(W[:, :-1]).max() < 1e-9
    shares = np.bincount(y) / len(y)
    odds = np.exp(W[:, -1] - W[:, -1].max())
    np.testing.assert_allclose(odds / odds.sum(), shares, rtol=1e-5)


def test_maps_of_more_columns_than_rows_lie_in_the_space_of_the_rows(method):
    X, y = rows(2, 10, 30)
    W = LogisticRegressions(X, y, None, True)(1e-2)[:, :-1]
    coefficients = np.linalg.lstsq(X.T, W.T, rcond=None)[0]
    np.testing.assert_allclose(X.T @ coefficients, W.T, atol=1e-10)


def test_nothing_is_read_of_a_column_of_zeros_of_fewer_rows_than_columns(method):
    X, y = rows(2, 4, 6)
    X[1], X[:, 2], y = X[0], 0.0, np.array([0, 0, 1, 1])
    assert (LogisticRegressions(X, y, None, True)(1e-3)[:, 2] == 0).all()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_rows_that_are_not_kept_are_read_part_by_part(monkeypatch, n_classes):
    X, y = rows(n_classes)
    kept = LogisticRegressions(X, y, None, True)(1e-2)
    monkeypatch.setattr(convex, "_VALUES_TO_KEEP", 0)
    monkeypatch.setattr(convex, "_ROWS_AT_ONCE", 13)
    read = LogisticRegressions(X, y, None, True)(1e-2)
    np.testing.assert_allclose(read, kept, rtol=1e-9, atol=1e-10)


def test_what_was_given_cannot_be_changed_afterwards():
    X, y = rows(2)
    maps = LogisticRegressions(X, y, None, True)
    first = maps(1e-2)
    first[:] = 1e6
    np.testing.assert_allclose(maps(1e-2), LogisticRegressions(X, y, None, True)(1e-2), rtol=1e-6)
