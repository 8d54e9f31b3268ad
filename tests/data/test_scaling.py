import numpy as np
import pytest
import torch

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.data import dataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.scaling import Scaling
from sk_spectral.search.compaction import compact_network


def columns():
    rng = np.random.default_rng(0)
    rare = (np.arange(200) < 4).astype(float)
    return np.column_stack(
        [rng.normal(3.0, 5.0, 200), rare, 10.0 - 4.0 * rare, np.full(200, 7.0), np.arange(200) % 3]
    )


@pytest.mark.parametrize("values_at_once", [1 << 18, 60])
@pytest.mark.parametrize("weighted", [True, False])
def test_deviations_are_the_scale_but_of_two_values_their_range(
    monkeypatch, values_at_once, weighted
):
    monkeypatch.setattr(dataset, "_VALUES_AT_ONCE", values_at_once)
    X = columns()
    weight = np.random.default_rng(1).uniform(0.5, 2.0, 200) if weighted else None
    scaling = Scaling.fit(Data(np.zeros((200, 1)), weight, X), centered=True)
    mean = np.average(X, axis=0, weights=weight)
    deviation = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weight))
    np.testing.assert_allclose(scaling.input_mean, mean)
    np.testing.assert_allclose(scaling.input_scale[[0, 4]], deviation[[0, 4]])
    np.testing.assert_array_equal(scaling.input_scale[1:4], [1.0, 4.0, 1.0])


def test_the_code_of_two_values_changes_no_prediction():
    X = columns()
    y = X[:, 0] * X[:, 1] + X[:, 4]
    recoded = X.copy()
    recoded[:, 1] = 5.0 + 3.0 * X[:, 1]
    predictions = [
        SpectralNASRegressor((8,), max_iter=20, prune_tol=None, random_state=0).fit(Z, y).predict(Z)
        for Z in (X, recoded)
    ]
    np.testing.assert_allclose(*predictions, rtol=1e-3, atol=1e-3)


def data(n_samples=60, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.randn(n_samples, 3)
    return X, np.sin(2 * X[:, 0]) + X[:, 1]


SILENT = {"seven": 7.0, "zero": 0.0, "tenth": 0.1, "large": 1e9, "denormal": None}


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("n_samples", [60, 150])
@pytest.mark.parametrize("kind", [SpectralNASRegressor, SpectralNASClassifier])
def test_columns_without_spread_move_nothing(kind, n_samples, standardize):
    X, y = data(n_samples)
    rng = np.random.RandomState(1)
    more = [rng.randn(n_samples) * 1e-310 if v is None else np.full(n_samples, v)
            for v in SILENT.values()]  # fmt: skip
    X = np.column_stack([X, *more])
    target = y > 0 if kind is SpectralNASClassifier else y
    model = kind((16, 8), prune_tol=None, max_iter=5, standardize=standardize, random_state=0)
    model.fit(X, target)
    assert (model.feature_importances_[3:] == 0).all()
    assert (model.feature_importances_[:3] > 0).all()
    outputs = getattr(model, "predict_proba", model.predict)
    moved = X.copy()
    moved[:, 3:] += 10.0
    np.testing.assert_array_equal(outputs(moved), outputs(X))
    assert np.isfinite(outputs(X * 1e3)).all()


def test_a_column_is_constant_among_rows_of_weight_above_0():
    X, y = data()
    X[:10, 2] = 5.0
    X[10:, 2] = 3.0
    weight = np.r_[np.zeros(10), np.ones(50)]
    model = SpectralNASRegressor((8,), prune_tol=None, max_iter=5, random_state=0)
    model.fit(X, y, sample_weight=weight)
    assert model.feature_importances_[2] == 0


def test_columns_that_are_constant_at_first_are_learned_later():
    X, y = data()
    model = SpectralNASRegressor((8,), prune_tol=None, random_state=0)
    first = X.copy()
    first[:, 1] = 0.0
    model.partial_fit(first, y)
    for _ in range(5):
        model.partial_fit(X, y)
    assert model.feature_importances_[1] > 0


@pytest.mark.parametrize("n_samples", [60, 300])
def test_equal_columns_share_alike(n_samples):
    X, y = data(n_samples)
    X = np.column_stack([X[:, 0], X, X[:, 0]])
    model = SpectralNASRegressor((16, 8), prune_tol=None, max_iter=20, random_state=0).fit(X, y)
    importances = model.feature_importances_
    np.testing.assert_allclose(importances[[0, 4]], importances[1], rtol=1e-5)


@pytest.mark.parametrize("low", [10**6, 2**24 - 100])
def test_single_precision_far_from_0_gives_no_bias(low):
    rng = np.random.RandomState(0)
    X = np.column_stack([rng.randint(0, 10, 300) + low, rng.randint(0, 10, 300)])
    y = X[:, 0] - low + 0.5 * X[:, 1]
    X = X.astype(np.float32)
    model = SpectralNASRegressor((8,), max_iter=20, random_state=0).fit(X, y)
    assert abs((model.predict(X) - y).mean()) < 5e-3


@pytest.mark.parametrize(
    ("offset", "scale"), [(0.0, 1e-170), (0.0, 1e150), (0.0, 1e299), (2.0**20, 1.0), (2e6, 2e-3)]
)
def test_predictions_do_not_depend_on_the_units_of_x(offset, scale):
    X, y = data(80)
    far = X * scale + offset
    near = (far - offset) / scale
    predictions = [
        SpectralNASRegressor((8,), prune_tol=None, max_iter=20, random_state=0).fit(Z, y).predict(Z)
        for Z in (near, far)
    ]
    np.testing.assert_allclose(*predictions, atol=1e-6)


def test_predictions_far_from_0_are_those_of_the_network_that_was_trained():
    X, y = data(80)
    X = np.round(2.0**50 + 10.0 * X)
    model = SpectralNASRegressor((8,), prune_tol=None, max_iter=20, random_state=0).fit(X, y)
    scaling = model._scaling
    inputs = torch.as_tensor((scaling.pieces.encode(X) - scaling.input_mean) / scaling.input_scale)
    trained = model.network_(inputs).detach().numpy()[:, 0]
    expected = trained * scaling.output_scale + scaling.output_mean
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e200, 1e290])
def test_targets_of_any_magnitude_are_predicted(scale):
    X, y = data()
    model = SpectralNASRegressor((8,), max_iter=20, prune_tol=None, random_state=0)
    near, far = model.fit(X, y).predict(X), model.fit(X, y * scale).predict(X)
    assert np.isfinite(far).all()
    if scale > 1e-300:
        np.testing.assert_allclose(far / scale, near, rtol=1e-6, atol=1e-6)


def test_weights_and_a_constant_column_go_together():
    X, y = data()
    X[:, 0] = 7.0
    weight = np.random.RandomState(0).rand(60)
    model = SpectralNASRegressor((4,), max_iter=3, random_state=0).fit(X, y, sample_weight=weight)
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize(
    ("column", "parameters", "message"),
    [
        (1e26, {"standardize": False}, "Column 1 of X .* standardize=True"),
        (1e305, {}, "Column 1 of X .* Divide it"),
    ],
)
def test_a_column_beyond_all_bounds_is_named(column, parameters, message):
    X, y = data()
    X[0, 1] = column
    with pytest.raises(ValueError, match=message):
        SpectralNASRegressor((4,), max_iter=2, **parameters).fit(X, y)


def test_a_column_is_named_whose_weights_cannot_be_told_in_its_units():
    X, y = data()
    X[:, 1] *= 1e-250
    with pytest.raises(ValueError, match="Column 1 of X spreads by"):
        SpectralNASRegressor((4,), max_iter=20, random_state=0).fit(X, y * 1e250)


def test_unfolding_gives_the_network_of_training_again():
    X, y = data()
    X[:, 2] = 4.0
    model = SpectralNASRegressor((8,), prune_tol=None, max_iter=5, random_state=0).fit(X + 1e3, y)
    trained = compact_network(model.network_, model.compact_.unit_masks)
    unfolded = model._scaling.unfold_from(model.compact_)
    assert unfolded.center is None
    for got, expected in zip(
        (*unfolded.weights, *unfolded.intercepts), (*trained.weights, *trained.intercepts),
        strict=True,
    ):  # fmt: skip
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
    folded = model.compact_.without_center()  # as earlier releases kept it
    for got, expected in zip(
        model._scaling.unfold_from(folded).intercepts, trained.intercepts, strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)
