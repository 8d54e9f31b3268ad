"""The path as a picture: points at the sizes and losses that it tells."""

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import make_friedman1

from sk_spectral import SpectralNASRegressor, spectral_path
from sk_spectral.display import PathDisplay

mpl.use("agg")


def test_points_are_sizes_and_losses():
    X, y = make_friedman1(300, n_features=5, noise=0.5, random_state=0)
    model = SpectralNASRegressor((16,), random_state=0).fit(X, y)
    display = PathDisplay.from_estimator(model)
    line, *by_verdict, ring = display.ax_.lines
    path = model.topology_path_
    np.testing.assert_array_equal(line.get_xdata(), [point.n_parameters for point in path.points])
    np.testing.assert_array_equal(line.get_ydata(), [point.loss for point in path.points])
    assert {one.get_label() for one in by_verdict} == {p.topology.verdict for p in path.points}
    assert ring.get_xdata() == [model.topology_.n_parameters]
    labels = [text.get_text() for text in display.ax_.texts]
    assert labels[0] == str(path.kept.n_units)
    assert set(labels) <= {str(point.n_units) for point in path.points if point.n_units}


def test_what_stays_is_told_by_layer_and_feature():
    X, y = make_friedman1(300, n_features=5, noise=0.5, random_state=0)
    estimator = SpectralNASRegressor((16,), max_iter=60, random_state=0)
    path = spectral_path(X, y, sizes=[2, 16], estimator=estimator)
    axes = PathDisplay(path).plot(kind="stays").ax_
    names = [label.get_text() for label in axes.get_yticklabels()]
    whole = path.points[-1].topology.n_pieces
    bent = [f"pieces, feature {feature}" for feature in np.flatnonzero(whole)]
    assert names == ["units, hidden 1", *bent]
    told = {text.get_position(): int(text.get_text()) for text in axes.texts}
    for column, point in enumerate(path.points):
        assert told.get((column, 0), 0) == point.n_units
        pieces = point.topology.n_pieces or (0,) * 5
        shown = [told.get((column, row), 0) for row in range(1, len(names))]
        assert shown == [pieces[feature] for feature in np.flatnonzero(whole)]
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels == [str(point.n_parameters) for point in path.points]


def test_a_path_over_alpha_is_labelled_by_it():
    X, y = make_friedman1(200, n_features=5, noise=0.5, random_state=0)
    path = spectral_path(X, y, alphas=[0.0, 1.0], estimator=SpectralNASRegressor((4,), n_knots=0))
    display = PathDisplay(path).plot(kind="stays")
    labels = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert labels == ["linear", "1", "0"]
    assert PathDisplay(path).plot().ax_.get_legend() is not None
    with pytest.raises(ValueError, match="kind='units' is not an option"):
        display.plot(kind="units")
