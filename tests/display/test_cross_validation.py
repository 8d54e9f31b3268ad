"""Folds as a picture: means, standard errors, and the alpha that was chosen."""

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import make_friedman1
from sklearn.exceptions import NotFittedError

from sk_spectral import SpectralNASRegressorCV
from sk_spectral.display import CrossValidationDisplay

mpl.use("agg")
SETTINGS = {"hidden_layer_sizes": (8,), "alphas": [0.0, 1e-3, 1.0], "cv": 3, "n_knots": 0}


def test_points_are_means_over_folds_with_their_standard_errors():
    X, y = make_friedman1(200, n_features=5, noise=0.5, random_state=0)
    model = SpectralNASRegressorCV(**SETTINGS, max_iter=20, random_state=0).fit(X, y)
    display = CrossValidationDisplay.from_estimator(model)
    table = model.cv_results_
    names = ("test_score", "n_units", "gamma_norm")
    for axes, name in zip(display.axes_, names, strict=True):
        ring = axes.lines[-1] if name != "test_score" else axes.lines[-2]
        assert ring.get_ydata() == [table[f"mean_{name}"][model.best_index_]]
        (bars,) = axes.containers
        np.testing.assert_array_equal(bars[0].get_ydata(), table[f"mean_{name}"])
        lengths = [segment[1, 1] - segment[0, 1] for segment in bars[2][0].get_segments()]
        np.testing.assert_allclose(lengths, 2 * table[f"std_{name}"] / 2**0.5)
        labels = [label.get_text() for label in axes.get_xticklabels()]
        assert labels == ["1", "0.001", "0"]
    best = int(np.argmax(table["mean_test_score"]))
    limit = table["mean_test_score"][best] - table["std_test_score"][best] / 2**0.5
    assert display.axes_[0].lines[-1].get_ydata() == pytest.approx([limit, limit])


def test_an_estimator_that_is_not_fitted_has_no_folds():
    with pytest.raises(NotFittedError):
        CrossValidationDisplay.from_estimator(SpectralNASRegressorCV())
