"""The path as a picture: points at the sizes and losses that it tells."""

import matplotlib as mpl
import numpy as np
from sklearn.datasets import make_friedman1

from sk_spectral import SpectralNASRegressor
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
