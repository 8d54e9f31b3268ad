"""Bad input gets one clear sentence, and a fitted estimator stays as it was."""

import numpy as np
import pytest
import torch

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor, SpectralNetwork

RNG = np.random.RandomState(0)
X = RNG.randn(60, 4)
Y = X @ [1.0, 2.0, 0.0, -1.0] + 0.5


def regressor(**changes):
    return SpectralNASRegressor(**{"hidden_layer_sizes": (6,), "max_iter": 3} | changes)


def classifier(**changes):
    return SpectralNASClassifier(**{"hidden_layer_sizes": (6,), "max_iter": 3} | changes)


def with_value(array, value):
    array = array.copy()
    array[3] = value
    return array


@pytest.mark.parametrize(
    ("X_bad", "y_bad", "message"),
    [
        (with_value(X, np.inf), Y, "Input X contains infinity"),
        (X, with_value(Y, np.nan), "Input y contains NaN"),
        (X, with_value(Y, np.inf), "Input y contains infinity"),
        (X, Y[:-1], "inconsistent numbers of samples: .60, 59."),
        (X[:, 0], Y, "Expected 2D array"),
        (X[:0], Y[:0], "Found array with 0 sample"),
        (X[:, :0], Y, "0 feature"),
        (X, None, "requires y to be passed"),
        (X, np.full(60, "a"), "could not convert string to float"),
    ],
)
def test_data(X_bad, y_bad, message):
    with pytest.raises(ValueError, match=message):
        regressor().fit(X_bad, y_bad)


def test_one_class():
    with pytest.raises(ValueError, match="needs at least two classes, but y holds one class only"):
        classifier().fit(X, np.ones(60, dtype=int))
    weight = (Y > 0).astype(float)
    with pytest.raises(ValueError, match="one class only among the rows of weight above 0"):
        classifier().fit(X, Y > 0, sample_weight=weight)
    with pytest.raises(ValueError, match="Unknown label type"):
        classifier().fit(X, Y)


def test_partial_fit():
    with pytest.raises(ValueError, match="classes must be given in the first call"):
        classifier().partial_fit(X, Y > 0)
    model = classifier().partial_fit(X, Y > 0, classes=[False, True])
    with pytest.raises(ValueError, match="holds labels that are not among the classes"):
        model.partial_fit(X, np.full(60, 7))
    with pytest.raises(ValueError, match="5 features"):
        model.partial_fit(np.ones((60, 5)), Y > 0)
    with pytest.raises(
        ValueError, match="y has 2 outputs, but the rows that were fitted first have 1"
    ):
        regressor().partial_fit(X, Y).partial_fit(X, np.column_stack([Y, Y]))


def test_validation_rows():
    with pytest.raises(ValueError, match="X_val and y_val must be given together"):
        regressor().fit(X, Y, X_val=X)
    with pytest.raises(ValueError, match="5 features"):
        regressor().fit(X, Y, X_val=np.ones((3, 5)), y_val=np.ones(3))
    with pytest.raises(ValueError, match="sample_weight_val is zero for every row"):
        regressor().fit(X, Y, X_val=X, y_val=Y, sample_weight_val=np.zeros(60))
    with pytest.raises(ValueError, match="y_val holds labels"):
        classifier().fit(X, Y > 0, X_val=X, y_val=np.full(60, 2))


def test_predict():
    with pytest.raises(AttributeError, match="not fitted"):
        regressor().predict(X)
    model = regressor().fit(X, Y)
    with pytest.raises(ValueError, match=r"X has 3 features, but .* is expecting 4 features"):
        model.predict(X[:, :3])
    with pytest.raises(ValueError, match="Input X contains infinity"):
        model.predict(with_value(X, np.inf))


def test_a_batch_size_over_n_is_clipped_with_a_warning():
    with pytest.warns(UserWarning, match="batch_size=500 is over the 60 training rows"):
        model = regressor(batch_size=500, prune_tol=None).fit(X, Y)
    assert model.net_.batch_size == 60


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hidden_layer_sizes": (7,)}, r"hidden_layer_sizes is \(7,\), .* has \(6,\)"),
        ({"activation": "tanh"}, "activation is 'tanh', but the fitted network has 'relu'"),
        ({"fit_intercept": False}, "fit_intercept is False, .*warm_start=False to start afresh"),
        ({"train_input_eigenvalues": False}, "train_input_eigenvalues is False, .* has True"),
    ],
)
def test_another_architecture_cannot_go_on(parameters, message):
    model = regressor(warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match=message):
        model.set_params(**parameters).fit(X, Y)


def test_a_failed_fit_changes_nothing():
    model = regressor(random_state=0).fit(X, Y)
    before, state = vars(model).copy(), model.predict(X)
    weights = [p.clone() for p in model.network_.parameters()]
    for bad in (
        lambda: model.fit(X[:, :2], with_value(Y, np.nan)),
        lambda: model.fit(X[:, :2], Y, sample_weight=np.zeros(60)),
        lambda: model.fit(np.ones((5, 2)), np.ones((5, 2)), X_val=np.ones((2, 3)), y_val=[1, 2]),
        lambda: model.partial_fit(X, np.column_stack([Y, Y])),
    ):
        with pytest.raises(ValueError, match=r"."):
            bad()
        assert vars(model) == before
        np.testing.assert_array_equal(model.predict(X), state)
    for weight, old in zip(model.network_.parameters(), weights, strict=True):
        assert torch.equal(weight, old)


def test_a_loss_that_blows_up_says_what_to_try_and_changes_nothing():
    model = regressor(solver="sgd", warm_start=True, random_state=0, max_iter=50).fit(X, Y)
    before = model.predict(X)
    model.set_params(learning_rate_init=1e6)
    with pytest.raises(ValueError, match=r"loss became .* in epoch .*Lower learning_rate_init"):
        model.fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), before)
    assert all(torch.isfinite(p).all() for p in model.network_.parameters())
    model.set_params(learning_rate_init=1e-4).fit(X, Y)


@pytest.mark.parametrize("n_samples", [60, 300])
def test_a_constant_target_works(n_samples):
    A = RNG.randn(n_samples, 4)
    model = regressor(random_state=0).fit(A, np.full(n_samples, 7.5))
    np.testing.assert_allclose(model.predict(A), 7.5, rtol=1e-6)
    assert model.topology_.is_linear


@pytest.mark.parametrize("estimator", [regressor(max_iter=100), classifier(max_iter=100)])
def test_constant_and_duplicate_columns_work(estimator):
    A = np.column_stack([X, X[:, 0], np.full(60, 3.0), np.zeros(60), np.full(60, 1e-300)])
    y = Y > 0 if isinstance(estimator, SpectralNASClassifier) else Y
    model = estimator.set_params(random_state=0).fit(A, y)
    assert model.score(A, y) > 0.9


def test_one_row_and_one_column_work():
    assert regressor().fit(X[:1], Y[:1]).predict(X[:1])[0] == pytest.approx(Y[0])
    model = regressor(max_iter=100, random_state=0).fit(X[:, :1], 3 * X[:, 0] - 1)
    np.testing.assert_allclose(model.predict(X[:, :1]), 3 * X[:, 0] - 1, atol=1e-3)
    with pytest.raises(ValueError, match="class"):
        classifier().fit(X[:1], [1])


def test_one_row_in_a_class():
    labels = ["rare"] + ["common"] * 99 + ["other"] * 100
    A = RNG.randn(200, 3)
    model = classifier(random_state=0).fit(A, labels)
    assert model.predict_proba(A).shape == (200, 3)


LARGEST = np.finfo(np.float64).max


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("estimator", [regressor(), classifier()])
def test_what_overflows_in_a_sum_is_refused_without_a_warning(estimator):
    table, y = X.copy(), (Y > 0).astype(float)
    table[:, 1] = np.where(np.arange(60) % 2, LARGEST, -LARGEST)
    with pytest.raises(ValueError, match="Column 1 of X has values of magnitude"):
        estimator.fit(table, y)
    with pytest.raises(ValueError, match="y has values of magnitude"):
        regressor().fit(X, table[:, 1])


@pytest.mark.parametrize("argument", ["X", "y", "sample_weight"])
def test_text_for_numbers_is_refused_in_a_whole_sentence(argument):
    given = {"X": X.astype(object), "y": Y.astype(object), "sample_weight": np.ones(60, object)}
    given[argument].flat[0] = "a lot"
    with pytest.raises(ValueError, match=rf"^{argument} must hold .*[^.]\.$"):
        regressor().fit(**given)


def test_eigenvectors_that_diverged_are_refused_where_they_would_be_inverted():
    network = SpectralNetwork((3, 4, 2), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        network.eigenvectors[1].fill_(torch.inf)
    with pytest.raises(ValueError, match=r"too large to be inverted. Lower learning_rate_init"):
        network.set_linear_map(torch.ones(2, 4))
