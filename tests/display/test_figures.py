"""What displays are drawn on."""

import builtins
import re

import numpy as np
import pytest

from sk_spectral.display import TopologyDisplay
from sk_spectral.display.figures import axes_for, colours

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")


def test_axes_are_those_given_or_new_ones_of_the_size_asked_for():
    figure, given = matplotlib.pyplot.subplots()
    assert axes_for(given, figsize=(9, 9)) == (figure, given)
    other, axes = axes_for(None, figsize=(3, 2))
    assert other is axes.figure is not figure
    np.testing.assert_array_equal(other.get_size_inches(), [3, 2])
    matplotlib.pyplot.close("all")


def test_colours_go_from_light_to_dark_and_are_seen_on_white_and_on_black():
    light = colours()(np.linspace(0, 1, 9))[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert np.all(np.diff(light) < 0)
    assert 0.1 < light.min() < light.max() < 0.8


def test_without_matplotlib_the_error_says_what_to_install(fitted_regressor, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=re.escape("pip install matplotlib")):
        TopologyDisplay(fitted_regressor.topology_).plot()
