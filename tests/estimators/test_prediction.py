"""What a fitted estimator says: in the units and the form of y, and its linear part."""

from copy import deepcopy

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor


def by_the_blocks(compact, X):
    """Layer by layer, each block by itself."""
    X = X if compact.pieces is None else compact.pieces.encode(X)
    x = {0: X if compact.center is None else X - compact.center}
    last = len(compact.weights)
    for i in range(1, last + 1):
        z = sum(x[j] @ compact.blocks[i, j].T for j in range(i))
        z = z if compact.intercepts is None else z + compact.intercepts[i - 1]
        x[i] = z if i == last else np.maximum(z, 0.0)
    return x[last]


def test_predictions_are_the_sum_over_all_blocks(
    fitted_regressor, two_output_regressor, linear_regressor, bent_rows
):
    X, _ = bent_rows
    for model in (fitted_regressor, two_output_regressor, linear_regressor):
        expected = by_the_blocks(model.compact_, X)
        expected = expected if model is two_output_regressor else expected[:, 0]
        np.testing.assert_allclose(model.predict(X), expected, rtol=1e-9)


def test_a_linear_network_says_what_its_coefficients_say(linear_regressor, bent_rows):
    X, _ = bent_rows
    said = X @ linear_regressor.linear_coef_ + linear_regressor.linear_intercept_
    np.testing.assert_allclose(linear_regressor.predict(X), said, rtol=1e-9)


def test_coefficients_are_shaped_as_y_is(linear_regressor, two_output_regressor, fitted_classifier):
    assert linear_regressor.linear_coef_.shape == (3,)
    assert np.ndim(linear_regressor.linear_intercept_) == 0
    assert two_output_regressor.linear_coef_.shape == (2, 3)
    assert two_output_regressor.linear_intercept_.shape == (2,)
    assert fitted_classifier.linear_coef_.shape == (3, 4)
    assert fitted_classifier.linear_intercept_.shape == (3,)


@pytest.mark.parametrize(
    ("fit_intercept", "n_knots"), [(True, 0), (False, 0), (True, "auto"), (False, "auto")]
)
def test_what_pieces_and_hidden_units_say_is_what_the_linear_part_leaves(
    fit_intercept, n_knots, bent_rows
):
    X, y = bent_rows
    model = SpectralNASRegressor(
        (4,), fit_intercept=fit_intercept, n_knots=n_knots, prune_tol=None, max_iter=3,
        random_state=0,
    ).fit(X, y)  # fmt: skip
    compact = model.compact_.without_center()
    assert (compact.pieces is not None) == (fit_intercept and n_knots == "auto")
    inputs = X if compact.pieces is None else compact.pieces.encode(X)
    hidden = inputs @ compact.blocks[1, 0].T
    if fit_intercept:
        hidden += compact.intercepts[0]
    others = np.maximum(hidden, 0.0) @ compact.blocks[2, 1].T
    others += inputs[:, 3:] @ compact.blocks[2, 0][:, 3:].T
    said = X @ model.linear_coef_ + model.linear_intercept_ + others[:, 0]
    np.testing.assert_allclose(model.predict(X), said, rtol=1e-9)
    assert (model.linear_intercept_ != 0) == fit_intercept


def test_coefficients_are_copies(linear_regressor, bent_rows):
    X, _ = bent_rows
    model = deepcopy(linear_regressor)
    model.linear_coef_[:] = 0.0
    np.testing.assert_array_equal(model.predict(X), linear_regressor.predict(X))


def test_several_outputs_are_predicted_as_columns(two_output_regressor, bent_rows):
    X, y = bent_rows
    said = two_output_regressor.predict(X)
    assert said.shape == (len(X), 2)
    error = np.square(said - np.column_stack([y, -y])).mean(axis=0)
    assert (error < y.var()).all()
    one = clone(two_output_regressor).set_params(max_iter=1).fit(X[:40], y[:40, None])
    assert one.predict(X[:5]).shape == (5, 1)


def test_classes_are_the_likeliest_by_the_softmax_of_the_outputs(fitted_classifier, iris_rows):
    X, y = iris_rows
    logits = fitted_classifier.decision_function(X)
    np.testing.assert_allclose(logits, by_the_blocks(fitted_classifier.compact_, X), rtol=1e-9)
    p = fitted_classifier.predict_proba(X)
    np.testing.assert_allclose(p, softmax(logits, axis=1), rtol=1e-12)
    assert fitted_classifier.classes_.tolist() == sorted(set(y))
    expected = fitted_classifier.classes_[p.argmax(axis=1)]
    np.testing.assert_array_equal(fitted_classifier.predict(X), expected)


def test_two_classes_have_one_column_of_log_odds(iris_rows):
    X, y = iris_rows
    rows = y != "setosa"
    model = SpectralNASClassifier((4,), max_iter=3, random_state=0).fit(X[rows], y[rows])
    odds = model.decision_function(X)
    assert odds.shape == (len(X),)
    expected = 1.0 / (1.0 + np.exp(-odds))
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], expected, atol=1e-15)
    np.testing.assert_array_equal(model.predict(X) == "virginica", odds > 0)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_nothing_is_said_before_a_fit(method):
    with pytest.raises(NotFittedError):
        getattr(SpectralNASClassifier(), method)(np.ones((1, 2)))


def test_single_precision_and_lists_are_rows_as_well(fitted_regressor, bent_rows):
    X, _ = bent_rows
    single = X.astype(np.float32)
    expected = fitted_regressor.predict(single.astype(float))
    np.testing.assert_array_equal(fitted_regressor.predict(single), expected)
    np.testing.assert_array_equal(fitted_regressor.predict(single.tolist()), expected)
    assert fitted_regressor.predict(single).dtype == np.float64


def test_a_row_says_the_same_alone_and_among_others(fitted_regressor, bent_rows):
    X, _ = bent_rows
    together = fitted_regressor.predict(X)
    alone = np.concatenate([fitted_regressor.predict(X[i : i + 1]) for i in range(20)])
    np.testing.assert_allclose(alone, together[:20], rtol=1e-12)
