"""Repeated searches as a picture: bars and points are the shares and counts of the sample."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from sk_spectral import SpectralNASRegressor
from sk_spectral.display import TopologySampleDisplay

mpl.use("agg")

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(240, 3)), columns=["age", "height", "weight"])
BENT = 2.0 * np.abs(X["age"]) + 0.3 * RNG.normal(size=240)
MODEL = SpectralNASRegressor((8,), max_iter=20)


@pytest.fixture(scope="module")
def display():
    return TopologySampleDisplay.from_estimator(MODEL, X, BENT, n_repeats=3, random_state=0)


def widths(axes):
    return [patch.get_width() for patch in axes.patches]


def test_bars_are_shares_of_verdicts_and_of_features_that_bend(display):
    verdicts, _, bends = display.axes_
    assert widths(verdicts) == list(display.sample.verdicts.values())
    assert bends.get_yticklabels()[0].get_text() == "age"
    assert widths(bends)[0] == np.mean(display.sample.n_pieces[:, 0] > 0) == 1.0
    assert display.figure_.get_suptitle() == display.sample.headline()


def test_points_are_the_units_of_each_search(display):
    points = display.axes_[1].lines[0].get_ydata()
    np.testing.assert_array_equal(points, display.sample.n_active_units[:, 0])


def test_where_nothing_bends_there_are_two_panels():
    linear = X.to_numpy() @ [1.0, 2.0, 0.0] + RNG.normal(size=240)
    display = TopologySampleDisplay.from_estimator(
        MODEL, X.to_numpy(), linear, n_repeats=1, random_state=0
    )
    assert len(display.axes_) == 2
    assert widths(display.axes_[0]) == [1.0, 0.0, 0.0]
