"""The path of a fit: its networks predict in the units of X and y, and lose what is told."""

import numpy as np
import pytest
import torch
from sklearn.datasets import make_friedman1

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor, spectral_path
from sk_spectral.search.candidate import Candidate
from sk_spectral.search.path import points_of

X, Y = make_friedman1(600, noise=0.5, random_state=0)
X_VAL, Y_VAL = make_friedman1(400, noise=0.5, random_state=1)
SETTINGS = {"hidden_layer_sizes": (32, 16), "random_state": 0}


@pytest.fixture(scope="module")
def regressor():
    return SpectralNASRegressor(**SETTINGS, n_knots="auto").fit(X, Y, X_val=X_VAL, y_val=Y_VAL)


def test_the_one_that_is_kept_is_the_one_that_predicts(regressor):
    kept = regressor.topology_path_.kept
    assert kept.compact is regressor.compact_
    assert kept.topology is regressor.topology_
    assert kept.n_units > 0


def test_it_reaches_from_the_linear_map_to_the_whole(regressor):
    path = regressor.topology_path_
    verdicts = [point.topology.verdict for point in path.points]
    assert verdicts[:2] == ["linear", "additive"]
    assert path.points[-1].n_units == 48
    sizes = [point.n_parameters for point in path.points]
    assert sizes == sorted(sizes)


def test_each_loses_on_the_rows_that_judged_what_is_told(regressor):
    scale = float(regressor._scaling.output_scale[0])
    for point in regressor.topology_path_.points:
        if point.compact is None:
            assert point.n_parameters > regressor.topology_.n_parameters
        elif not point.is_kept:  # which has seen these rows since
            residual = (point.compact(X_VAL)[:, 0] - Y_VAL) / scale
            assert point.loss == pytest.approx(np.square(residual).mean(), rel=1e-3)


def test_a_smaller_network_can_be_taken_out(regressor):
    point = regressor.topology_path_.at(n_units=0)
    assert point.topology.verdict == "additive"
    error = np.square(point.compact(X_VAL)[:, 0] - Y_VAL).mean()
    assert error < np.square(regressor.topology_path_.points[0].compact(X_VAL)[:, 0] - Y_VAL).mean()


def test_a_linear_verdict_and_a_stream_have_one_point():
    model = SpectralNASRegressor(**SETTINGS).fit(X, X @ np.ones(10))
    assert len(model.topology_path_) == 1
    assert model.topology_path_.kept.compact is model.compact_
    classifier = SpectralNASClassifier(**SETTINGS).partial_fit(X, Y > 14.0, classes=[False, True])
    assert len(classifier.topology_path_) == 1


def test_what_lost_more_than_can_be_told_is_left_out(regressor):
    network = regressor.network_
    masks = [torch.ones(n, dtype=torch.bool) for n in (32, 16)]
    tried = [Candidate(network, masks, 1.0, loss) for loss in (float("nan"), float("inf"))]
    assert points_of(tried, regressor._scaling) == []


def test_linear_maps_read_the_pieces_of_features_that_bend_alone():
    bent = np.abs(X[:, 0] - 0.5) + X[:, 1]
    path = spectral_path(X, bent, alphas=[1.0], estimator=SpectralNASRegressor(**SETTINGS))
    for point in path.points[1:]:
        assert [feature for feature, n in enumerate(point.topology.n_pieces) if n] == [0]
        assert point.compact.pieces.n_by_feature[0] == point.topology.n_pieces[0]
    outputs = [point.compact(X)[:, 0] for point in path.points]
    np.testing.assert_allclose(outputs[1], outputs[2])
    assert np.square(outputs[1] - bent).mean() < 0.1 * np.square(outputs[0] - bent).mean()
