"""Linear, additive, or a network: the lowest step that rows held out do not refute."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.data.batches import TensorDataset
from sk_spectral.search import fit
from sk_spectral.search.baseline import LinearMaps
from sk_spectral.search.cross_validation import cross_validate

RNG = np.random.RandomState(0)
X = RNG.normal(size=(600, 5))
NOISE = 0.3 * RNG.normal(size=600)
LINEAR = X @ [1.0, -2.0, 0.5, 0.0, 1.0] + NOISE
ADDITIVE = np.abs(X[:, 0]) + np.sin(2.0 * X[:, 1]) + X[:, 2] + NOISE
JOINED = 2.0 * X[:, 0] * X[:, 1] + X[:, 2] + NOISE
SETTINGS = {"hidden_layer_sizes": (16, 8), "n_knots": "auto", "random_state": 0}


@pytest.fixture(scope="module")
def fitted():
    return {
        name: SpectralNASRegressor(**SETTINGS).fit(X, y)
        for name, y in (("linear", LINEAR), ("additive", ADDITIVE), ("joined", JOINED))
    }


def verdict(model):
    topology = model.topology_
    if topology.is_linear:
        return "linear"
    return "additive" if topology.is_additive else "joined"


@pytest.mark.slow
def test_the_verdict_is_what_the_truth_says(fitted):
    assert {name: verdict(model) for name, model in fitted.items()} == {
        name: name for name in fitted
    }
    assert fitted["additive"].topology_.headline().startswith("additive: ")
    assert fitted["linear"].topology_.nonlinear_share == 0.0
    assert 0.2 < fitted["additive"].topology_.nonlinear_share < 1.0


@pytest.mark.slow
def test_a_linear_verdict_has_no_piece_and_goes_on_beyond_what_was_seen(fitted):
    model = fitted["linear"]
    assert model.compact_.pieces is None
    far = 100.0 * X[:5]
    np.testing.assert_allclose(
        model.predict(far), far @ model.linear_coef_ + model.linear_intercept_
    )


@pytest.mark.slow
def test_features_keep_their_pieces_where_they_bend(fitted):
    n_pieces = np.array(fitted["additive"].topology_.n_pieces)
    np.testing.assert_array_equal(n_pieces > 0, [True, True, False, False, False])


@pytest.mark.slow
def test_an_additive_model_is_a_sum_of_functions_of_one_feature_each(fitted):
    model = fitted["additive"]
    base = np.zeros((1, 5))
    effects = []
    for feature in range(5):
        alone = np.zeros_like(X)
        alone[:, feature] = X[:, feature]
        effects.append(model.predict(alone) - model.predict(base))
    np.testing.assert_allclose(sum(effects) + model.predict(base), model.predict(X))
    assert model.score(X, ADDITIVE) > 0.9


@pytest.mark.parametrize("early_stopping", [False, True])
def test_rows_set_apart_or_trained_on_climb_the_same_ladder(early_stopping):
    settings = SETTINGS | {"early_stopping": early_stopping, "max_iter": 60}
    given = {"X_val": X[400:], "y_val": ADDITIVE[400:]} if early_stopping else {}
    model = SpectralNASRegressor(**settings).fit(X[:400], ADDITIVE[:400], **given)
    assert not model.topology_.is_linear


@pytest.mark.slow
def test_what_a_training_that_was_cut_off_lost_to_is_named():
    y = ADDITIVE[:300] + 0.3 * np.sign(X[:300, 3] * X[:300, 4])
    model = SpectralNASRegressor((8,), max_iter=2, random_state=0)
    with pytest.warns(ConvergenceWarning, match="beat the best additive model, .* not additive"):
        assert verdict(model.fit(X[:300], y)) == "additive"
    with pytest.warns(ConvergenceWarning, match="beat the best linear map, .* is not linear"):
        clone(model).set_params(n_knots=0).fit(X[:300], y)


@pytest.mark.slow
def test_classes_climb_it_as_well():
    labels = np.where(np.abs(X[:, 0]) + 0.3 * NOISE > 0.7, "far", "near")
    model = SpectralNASClassifier(**SETTINGS).fit(X, labels)
    assert verdict(model) == "additive"
    assert model.score(X, labels) > 0.9
    plain = clone(model).set_params(n_knots=0).fit(X, labels)
    assert verdict(plain) != "additive"


@pytest.mark.slow
def test_the_network_the_topology_and_the_importances_tell_of_one_function(fitted):
    for model in fitted.values():
        masks = [torch.tensor(mask) for mask in model.topology_.active_units]
        scaling = model._scaling
        inputs = X if scaling.pieces is None else scaling.pieces.encode(X)
        rows = torch.as_tensor((inputs - scaling.input_mean) / scaling.input_scale)
        outputs = deepcopy(model.network_).double().evaluate(rows, masks).numpy()
        expected = outputs * scaling.output_scale + scaling.output_mean
        np.testing.assert_allclose(model.predict(X), expected[:, 0], rtol=1e-5, atol=1e-5)
        assert model.feature_importances_.shape == (5,)
        assert model.feature_importances_.sum() == pytest.approx(1.0)


@pytest.mark.slow
def test_pickles_and_chunks_after_a_fit_go_on(fitted):
    for name, y in (("additive", ADDITIVE), ("joined", JOINED), ("linear", LINEAR)):
        model = fitted[name]
        loaded = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
        again = SpectralNASRegressor(**SETTINGS).fit(X, y)
        before = again.score(X, y)
        assert again.partial_fit(X[:100], y[:100]).score(X, y) > before - 0.1


def test_units_grow_in_chunks_after_an_additive_fit():
    model = SpectralNASRegressor(**SETTINGS | {"max_iter": 30}).fit(X, ADDITIVE)
    assert verdict(model) == "additive"
    y = ADDITIVE + 2.0 * X[:, 3] * X[:, 4]
    for _ in range(40):
        model.partial_fit(X, y)
    assert verdict(model) == "joined"
    assert model.score(X, y) > 0.9


def test_chunks_leave_the_units_of_pieces_as_they_are(fitted):
    model = deepcopy(fitted["additive"])
    before = model._scaling.input_scale
    wider = X * [1.0, 1.0, 3.0, 1.0, 1.0]
    for _ in range(5):
        model.partial_fit(wider, ADDITIVE)
    after = model._scaling.input_scale
    np.testing.assert_array_equal(after[5:], before[5:])
    assert after[2] > before[2]


def test_weights_are_repeated_rows():
    weight = RNG.randint(1, 4, 80)
    one = SpectralNASRegressor((4,), n_knots=5, solver="lbfgs", max_iter=20, random_state=0)
    one.fit(X[:80], ADDITIVE[:80], sample_weight=weight.astype(float))
    other = clone(one).fit(np.repeat(X[:80], weight, axis=0), np.repeat(ADDITIVE[:80], weight))
    np.testing.assert_allclose(one.predict(X), other.predict(X), rtol=1e-6, atol=1e-6)


@pytest.mark.slow
def test_a_network_reads_pieces_only_where_these_pay_by_themselves(fitted):
    """A product of two inputs bends in neither of them alone."""
    assert fitted["joined"].compact_.pieces is None
    y = JOINED + 2.0 * np.abs(X[:, 2])
    model = SpectralNASRegressor(**SETTINGS).fit(X, y)
    assert verdict(model) == "joined"
    assert model.compact_.pieces is not None
    assert model.score(X, y) > 0.9


@pytest.mark.slow
def test_inputs_that_hardly_join_are_told_by_networks_that_set_out_from_the_additive_model(capsys):
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(2000, 10))
    distance = np.hypot(wide[:, 0], wide[:, 1])  # 97 % of its variance is additive
    y = distance + distance.std() / 3.0 * rng.normal(size=2000)
    model = SpectralNASRegressor(random_state=0, verbose=1).fit(wide, y)
    told = capsys.readouterr().out
    assert "networks that set out from the additive model:" in told
    assert verdict(model) == "joined"
    assert np.flatnonzero(model.topology_.n_pieces).tolist() == [0, 1]


def test_such_networks_are_the_additive_model_of_the_rows_that_they_are_fitted_to(monkeypatch):
    found = []

    def cross_validated(start_for, rows, *args, **kwargs):
        compared, net = cross_validate(start_for, rows, *args, **kwargs)
        found.append((start_for, rows, kwargs["linear"]))
        return compared, net

    monkeypatch.setattr(fit, "cross_validate", cross_validated)
    SpectralNASRegressor(**SETTINGS, max_iter=2).fit(X, ADDITIVE)
    _, (start_for, rows, linear) = found
    some = rows.take(slice(0, 300))
    network = start_for(TensorDataset(*some))
    W = torch.as_tensor(LinearMaps(TensorDataset(*some), 1, True)(linear.shrinkage)).float()
    torch.testing.assert_close(
        network.evaluate(rows.X), rows.X @ W[:, :-1].T + W[:, -1], rtol=1e-3, atol=1e-3
    )
    assert [int(mask.sum()) for mask in network.active_units()] == [0, 0]
