"""The course of a training, as it is drawn."""

import numpy as np
import pytest

from sk_spectral import SpectralNASRegressor
from sk_spectral.display import TrainingDisplay
from sk_spectral.training.callbacks import RecordTopology

pytest.importorskip("matplotlib").use("agg")


def test_training_shows_losses_and_what_was_recorded(fitted_regressor):
    axes = TrainingDisplay.from_estimator(fitted_regressor).ax_
    assert [line.get_label() for line in axes.lines] == [
        "training loss", "validation loss",
    ]  # fmt: skip
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), fitted_regressor.loss_curve_)
    assert len(axes.figure.axes) == 1

    X = np.random.RandomState(0).normal(size=(60, 2))
    recorded = SpectralNASRegressor(
        (8,),
        alpha=1e-4,
        max_iter=5,
        early_stopping=False,
        callbacks=[RecordTopology()],
        random_state=0,
    ).fit(X, np.abs(X[:, 0]))
    history = recorded.net_.history
    assert len(history[:, "gamma_norm"]) == 5
    assert history[-1, "gamma_norm"] > 0
    assert 0 < history[-1, "units_in_effect"] <= 8
    display = TrainingDisplay.from_estimator(recorded)
    left, right = display.figure_.axes
    assert [line.get_label() for line in left.lines] == ["training loss + penalty"]
    assert len(right.lines) == 2
    assert max(right.lines[0].get_ydata()) == 1.0
