"""What an estimator says of what it has learned."""

import builtins
import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LinearRegression

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.model.topology import Topology


@pytest.fixture
def bent(fitted_regressor):
    return fitted_regressor


@pytest.fixture
def linear(linear_regressor):
    return linear_regressor


@pytest.fixture(scope="module")
def additive(bent_rows):
    """Pieces, and no hidden unit."""
    return SpectralNASRegressor((16, 16), max_iter=10, random_state=0).fit(*bent_rows)


def test_nonlinear_share_is_what_the_best_linear_map_misses(bent, linear, bent_rows):
    X, y = bent_rows
    # The estimator takes its training rows; here all of them.
    predictions = bent.predict(X)
    missed = predictions - LinearRegression().fit(X, predictions).predict(X)
    assert bent.topology_.nonlinear_share == pytest.approx(
        missed.var() / predictions.var(), abs=0.03
    )
    assert 0.3 < bent.topology_.nonlinear_share < 1
    assert 0.0 <= bent.topology_.interaction_share < bent.topology_.nonlinear_share
    assert linear.topology_.nonlinear_share == 0.0
    all_rows = clone(bent).set_params(early_stopping=False).fit(X, y)
    predictions = all_rows.predict(X)
    missed = predictions - LinearRegression().fit(X, predictions).predict(X)
    assert all_rows.topology_.nonlinear_share == pytest.approx(
        missed.var() / predictions.var(), rel=1e-4
    )


def test_headline(bent, linear):
    assert linear.topology_.headline().startswith(
        "linear: no hidden unit pays for itself; 4 parameters; loss "
    )
    topology = bent.topology_
    headline = topology.headline()
    assert re.match(
        r"\d of 2 hidden layers, \d+ of 32 units, [\d.]+ % of the parameters; loss [\d.e-]+ before "
        r"pruning, [\d.e-]+ after; [\d.]+ % of the predictions nonlinear(, [\d.e-]+ % no sum over "
        r"the features)?; ‖Γ‖ = ",
        headline,
    )
    share = float(re.search(r"([\d.]+) % of the parameters", headline)[1])
    everything = 3 * (16 + 16 + 1) + 16 * (16 + 1) + 16 * 1 + 16 + 16 + 1
    assert topology.n_parameters_searched == everything
    assert share == pytest.approx(100 * topology.n_parameters / everything, rel=0.05)
    assert topology.summary().splitlines()[0] == headline
    assert topology.loss_after == bent.loss_


def test_headline_of_an_additive_model(additive):
    topology = additive.topology_
    assert topology.is_additive
    assert not topology.is_linear
    n_bent = sum(n > 0 for n in topology.n_pieces)
    assert topology.headline().startswith(
        f"additive: no hidden unit pays for itself; {sum(topology.n_pieces)} pieces of {n_bent} "
        f"feature{'s' * (n_bent > 1)}, {additive.compact_.n_inputs + 1} parameters; loss "
    )
    assert "additive: " in topology._repr_html_()
    assert topology.n_parameters_searched == ((additive.compact_.n_inputs + 1) * 33 + 16 * 17 + 16)


def test_importances_of_an_additive_model_are_those_of_its_pieces(additive):
    compact, scaling = additive.compact_, additive._scaling
    squares = (compact.weights[-1] * scaling.input_scale)[0] ** 2
    expected = np.bincount(compact.pieces.sources, squares) / squares.sum()
    np.testing.assert_allclose(additive.feature_importances_, expected, rtol=1e-9)
    assert additive.feature_importances_[2] < 0.01


@pytest.mark.parametrize("kind", ["bent", "additive"])
def test_a_dictionary_loads_back(kind, request):
    bent = request.getfixturevalue(kind)
    values = json.loads(json.dumps(bent.topology_.to_dict()))
    again = Topology.from_dict(values)
    assert again.to_dict() == values
    assert again.summary() == bent.topology_.summary()
    with pytest.raises(ValueError, match="read-only"):
        again.block_norms[0, 0] = 1.0
    del values["gamma_norm"]
    with pytest.raises(ValueError, match="gamma_norm missing from the dictionary"):
        Topology.from_dict(values)


def test_graph(bent, linear):
    networkx = pytest.importorskip("networkx")
    topology = bent.topology_
    graph = topology.to_networkx()
    active = [0, *(i + 1 for i, n in enumerate(topology.n_active_units) if n), 3]
    assert sorted(graph.nodes) == active
    edges = {(int(j), int(i)) for i, j in np.argwhere(topology.active_blocks)}
    assert set(graph.edges) == edges
    for source, target, data in graph.edges(data=True):
        assert data["norm"] == topology.block_norms[target, source]
        assert data["skip"] == (target - source > 1)
    assert networkx.is_directed_acyclic_graph(graph)
    assert list(linear.topology_.to_networkx().edges) == [(0, 3)]


def test_dot(bent):
    dot = bent.topology_.to_dot()
    assert dot.startswith("digraph")
    assert len(re.findall(r"\d -> \d", dot)) == int(bent.topology_.active_blocks.sum())
    assert dot.count("{") == dot.count("}") == 1


def test_without_networkx_the_error_says_what_to_install(bent, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "networkx":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="pip install networkx"):
        bent.topology_.to_networkx()


def test_notebook_form(bent):
    html = bent.topology_._repr_html_()
    assert "hidden layers" in html
    assert html.count("<svg") == html.count("<table") == 1
    assert "estimator" in bent._repr_html_()  # scikit-learn's own diagram


def test_a_topology_knows_importances_and_names_of_features(bent, bent_rows):
    np.testing.assert_array_equal(bent.topology_.feature_importances, bent.feature_importances_)
    assert bent.feature_importances_.flags.writeable
    assert not bent.topology_.feature_importances.flags.writeable
    assert bent.topology_.feature_names == ()
    frame = pd.DataFrame(bent_rows[0], columns=["<i>", "b", "c"])
    named = SpectralNASRegressor((16, 16), max_iter=10, random_state=0).fit(frame, bent_rows[1])
    assert named.topology_.feature_names == ("<i>", "b", "c")
    assert "&lt;i&gt;" in named.topology_._repr_html_()
    assert "<i>" in str(named.topology_)


def test_importances_are_shares_of_the_paths(bent, bent_rows):
    blocks = bent.compact_.blocks
    scale_in, scale_out = bent._scaling.input_scale, bent._scaling.output_scale
    paths = {0: np.diag(scale_in**2)}
    for i in range(1, 4):
        paths[i] = sum(blocks[i, j] ** 2 @ paths[j] for j in range(i))
    expected = (paths[3] / scale_out[:, None] ** 2).sum(axis=0)
    np.testing.assert_allclose(bent.feature_importances_, expected / expected.sum(), rtol=1e-9)
    assert bent.feature_importances_[2] < 0.01
    selected = SelectFromModel(bent, prefit=True, threshold=0.02).transform(bent_rows[0])
    assert selected.shape[1] == 2


def test_importance_of_an_input_that_is_not_read_is_exactly_zero(bent_rows):
    X, y = bent_rows[0].copy(), bent_rows[1]
    X[:, 2] = 0.0  # constant: its weights are never trained, nor needed
    model = SpectralNASRegressor((8,), prune_tol=None, max_iter=5, random_state=0).fit(X, y)
    compact = model.compact_
    for weight in compact.weights:
        weight[:, 2] = 0.0
    shares = compact.input_shares()
    assert shares[2] == 0.0
    assert shares.sum() == pytest.approx(1.0)


def test_linear_part(bent, linear, two_output_regressor, bent_rows):
    X, y = bent_rows
    assert linear.linear_coef_.shape == (3,)
    assert isinstance(float(linear.linear_intercept_), float)
    np.testing.assert_allclose(
        X @ linear.linear_coef_ + linear.linear_intercept_, linear.predict(X), rtol=1e-9, atol=1e-9
    )
    np.testing.assert_array_equal(bent.linear_coef_, bent.compact_.blocks[3, 0][0])
    several = two_output_regressor
    assert several.linear_coef_.shape == (2, 3)
    assert several.linear_intercept_.shape == (2,)
    no_intercept = SpectralNASRegressor((4,), fit_intercept=False, max_iter=2).fit(X, y)
    assert no_intercept.linear_intercept_ == 0.0


def test_linear_part_of_a_classifier():
    X, y = load_iris(return_X_y=True)
    model = SpectralNASClassifier((8,), max_iter=20, random_state=0).fit(X, y)
    assert model.linear_coef_.shape == (3, 4)
    assert model.feature_importances_.shape == (4,)
    if model.topology_.is_linear:
        logits = X @ model.linear_coef_.T + model.linear_intercept_
        np.testing.assert_allclose(logits, model.decision_function(X), rtol=1e-9, atol=1e-9)
    with pytest.raises(AttributeError):
        _ = SpectralNASClassifier().linear_coef_
