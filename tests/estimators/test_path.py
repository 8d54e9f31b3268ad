"""`spectral_path`: what it takes, what comes back, and what it leaves alone."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_friedman1
from sklearn.linear_model import Ridge

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor, spectral_path

X, Y = make_friedman1(300, n_features=5, noise=0.3, random_state=0)


def settings(cls=SpectralNASRegressor, **changes):
    return cls(**{"hidden_layer_sizes": (8,), "max_iter": 20, "random_state": 0} | changes)


def test_by_default_it_goes_over_ten_strengths():
    path = spectral_path(X, Y, estimator=settings(n_knots=0))
    assert [point.alpha for point in path.points] == [
        None, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001, 3e-5, 1e-5, 0.0,
    ]  # fmt: skip
    assert path.points[1].n_units == 0


def test_over_sizes_the_strength_is_that_of_the_estimator():
    path = spectral_path(X, Y, sizes=[2, 4], estimator=settings(n_knots=0))
    assert [point.n_units for point in path.points] == [0, 2, 4]
    free, held_back = (
        spectral_path(X, Y, sizes=[8], estimator=settings(n_knots=0, alpha=alpha)).points[-1]
        for alpha in (0.0, 10.0)
    )
    assert held_back.topology.gamma_norm < 0.1 * free.topology.gamma_norm


def test_a_default_regressor_is_as_if_none_were_given(monkeypatch):
    monkeypatch.setattr(SpectralNASRegressor, "_path", lambda self, *given, **asked: (self, asked))
    estimator, asked = spectral_path(X, Y, sizes=np.array([3]))
    assert type(estimator) is SpectralNASRegressor
    assert estimator.get_params() == SpectralNASRegressor().get_params()
    assert asked == {"sizes": [3]}


def test_the_estimator_stays_what_it_is():
    estimator = settings()
    before = dict(vars(estimator))
    spectral_path(X, Y, alphas=[0.0], estimator=estimator)
    assert vars(estimator) == before


def test_several_outputs_classes_and_weights():
    both = np.column_stack([Y, -Y])
    path = spectral_path(X, both, alphas=[0.0], estimator=settings(), sample_weight=np.ones(300))
    assert path.points[-1].compact(X).shape == (300, 2)
    flowers, names = load_iris(return_X_y=True)
    of_classes = settings(SpectralNASClassifier)
    path = spectral_path(flowers, names, alphas=[0.0], estimator=of_classes)
    assert np.mean(path.points[-1].compact(flowers).argmax(1) == names) > 0.9


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"alphas": [0.0], "sizes": [1]}, ValueError, "goes over one of them"),
        ({"alphas": []}, ValueError, "alphas is empty"),
        ({"alphas": [-1.0]}, ValueError, "finite numbers from 0 on, got -1.0"),
        ({"alphas": ["a"]}, TypeError, "alphas must hold numbers, got 'a'"),
        ({"sizes": [0]}, ValueError, "from 1 on, got 0: linear maps are on every path"),
        ({"sizes": [1.5]}, TypeError, "whole numbers of hidden units, got 1.5"),
        ({"sizes": 3}, TypeError, "sizes=3 must be a sequence"),
        ({"estimator": Ridge()}, TypeError, "must be a SpectralNASRegressor or"),
        ({"estimator": SpectralNASRegressor(tol=-1)}, ValueError, "tol == -1"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(given, error, message):
    with pytest.raises(error, match=message):
        spectral_path(X, Y, **given)
