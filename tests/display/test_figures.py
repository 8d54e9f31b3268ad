"""What displays are drawn on."""

import builtins
import re
from pathlib import Path

import numpy as np
import pytest

from sk_spectral.display import TopologyDisplay, figures
from sk_spectral.display.figures import (
    PALETTE,
    axes_for,
    colours,
    legend_above,
    log_scale,
    plain,
)

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")
pytest.importorskip("matplotlib.pyplot")


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


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [(0.039, 0.5, ["0.05", "0.1", "0.2", "0.5"]), (3, 40_000, ["10", "100", "1000", "10000"]),
     (0.62, 0.88, ["0.7", "0.8"])],
)  # fmt: skip
def test_logarithmic_axes_have_plain_numbers(low, high, labels):
    figure, axes = matplotlib.pyplot.subplots()
    axes.plot([0, 1], [low, high])
    axes.set_ylim(low, high)
    log_scale(axes.yaxis)
    figure.canvas.draw()
    assert axes.get_yscale() == "log"
    assert [
        label.get_text()
        for label in axes.get_yticklabels()
        if low <= label.get_position()[1] <= high
    ] == labels
    assert not any(label.get_text() for label in axes.get_yticklabels(minor=True))


def test_legends_are_above_what_is_drawn():
    figure, axes = matplotlib.pyplot.subplots(layout="constrained")
    axes.plot([0, 1], [0, 1], label="one")
    right = axes.twinx()
    right.plot([0, 1], [1, 0], label="other")
    legend_above(axes, 2, right)
    figure.canvas.draw()
    legend = axes.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["one", "other"]
    assert legend.get_window_extent().y0 >= axes.get_window_extent().y1 - 1


def test_two_spines_are_left():
    _, axes = matplotlib.pyplot.subplots()
    plain(axes)
    assert [name for name, spine in axes.spines.items() if spine.get_visible()] == [
        "left",
        "bottom",
    ]


def test_colours_are_different_and_one_style_is_used_by_all_displays():
    assert len(set(PALETTE)) == len(PALETTE) == 6
    sources = Path(figures.__file__).parent.glob("*.py")
    assert not any(re.search(r"""["']C\d["']""", path.read_text()) for path in sources)
