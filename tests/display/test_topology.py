"""Pictures are tested for what they show, not for their pixels."""

from copy import deepcopy

import numpy as np
import pytest

from sk_spectral import SpectralNASRegressor
from sk_spectral.display import SpectrumDisplay, TopologyDisplay
from sk_spectral.display.figures import PALETTE
from sk_spectral.model.compact import CompactNetwork
from sk_spectral.model.topology import Topology

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    matplotlib.pyplot.close("all")


@pytest.fixture(scope="module")
def model(fitted_regressor):
    """With names of its columns."""
    named = deepcopy(fitted_regressor)
    named.feature_names_in_ = np.array(["width", "height", "age"], dtype=object)
    return named


@pytest.fixture(scope="module")
def additive(bent_rows):
    """Pieces of the first column, at least, and no hidden unit."""
    return SpectralNASRegressor((16, 16), max_iter=10, random_state=0).fit(*bent_rows)


def with_units(*counts, sizes=(200, 200)):
    """Topology of a network with so many active units a hidden layer."""
    rng = np.random.RandomState(0)
    layers = [4, *counts, 2]
    weights = tuple(rng.normal(size=(n, sum(layers[:i]))) for i, n in enumerate(layers) if i)
    masks = tuple(np.arange(size) < n for n, size in zip(counts, sizes, strict=True))
    return Topology.from_compact(CompactNetwork(weights, None, "relu", masks))


def arrows(axes):
    return [text for text in axes.texts if getattr(text, "arrow_patch", None) is not None]


def words(axes):
    return [text.get_text() for text in axes.texts if text.get_text()]


def n_dots(axes):
    return [len(collection.get_offsets()) for collection in axes.collections]


def test_graph_shows_active_units_and_blocks(model):
    display = TopologyDisplay.from_estimator(model)
    topology = model.topology_
    assert not topology.is_linear
    assert display.figure_ is display.ax_.figure
    assert len(arrows(display.ax_)) == int(topology.active_blocks.sum())
    active = [n for n in topology.n_active_units if n]
    assert sorted(n_dots(display.ax_)) == sorted([3, *[n for n in active if n <= 60], 1])
    labels = words(display.ax_)
    assert {"width", "height", "age"} <= set(labels)
    for i, (n, size) in enumerate(zip(topology.n_active_units, (16, 16), strict=True), start=1):
        assert (f"hidden {i}\n{n} of {size}" in labels) == bool(n)
    title = display.ax_.get_title()
    assert topology.headline().startswith(title)
    assert title.endswith("of 32 units")


def test_an_additive_model_has_an_arrow_and_its_inputs_are_in_the_spectrum(additive):
    topology, compact = additive.topology_, additive.compact_
    assert topology.is_additive
    assert not topology.is_linear
    display = TopologyDisplay.from_estimator(additive)
    assert len(arrows(display.ax_)) == 1
    assert sorted(n_dots(display.ax_)) == [1, 3]
    assert topology.headline().startswith(display.ax_.get_title())
    assert display.ax_.get_title().startswith("additive: ")
    axes = SpectrumDisplay.from_estimator(additive).ax_
    shown = np.concatenate([c.get_offsets()[:, 1] for c in axes.collections])
    expected = np.concatenate([lam.detach().numpy() for lam in additive.network_.eigenvalues])
    np.testing.assert_allclose(np.sort(shown), np.sort(expected), rtol=1e-6)
    filled = sum(len(c.get_offsets()) for c in axes.collections[::2])
    assert filled == compact.n_inputs + 1 + 1 > 3 + 1 + 1
    (image,) = TopologyDisplay.from_estimator(additive, kind="blocks").ax_.images
    assert np.ma.getmaskarray(image.get_array()).sum() == 9 - 1


def test_features_that_bend_are_named_with_their_pieces(additive):
    n_pieces = additive.topology_.n_pieces
    bent = [f"{feature} ({n} pieces)" for feature, n in enumerate(n_pieces) if n]
    assert bent
    shown = words(TopologyDisplay(additive.topology_).plot().ax_)
    assert sorted(word for word in shown if "pieces)" in word) == bent
    named = words(TopologyDisplay(additive.topology_, ["a", "b", "c"]).plot().ax_)
    order = np.argsort(-additive.feature_importances_)
    labels = [
        f"{name} ({n} pieces)" if n else name for name, n in zip("abc", n_pieces, strict=True)
    ]
    assert [word for word in named if word in labels] == [labels[feature] for feature in order]


def test_the_most_important_are_on_top_and_largest_and_what_bends_has_its_colour(additive, model):
    axes = TopologyDisplay.from_estimator(additive).ax_
    inputs = max(axes.collections, key=lambda dots: len(dots.get_offsets()))
    order = np.argsort(-additive.feature_importances_)
    shares = additive.feature_importances_[order] / additive.feature_importances_.max()
    np.testing.assert_allclose(inputs.get_sizes(), 70 * np.maximum(shares, 0.04))
    assert (np.diff(inputs.get_offsets()[:, 1]) < 0).all()
    bends = np.array(additive.topology_.n_pieces)[order] > 0
    colours = [matplotlib.colors.to_hex(rgba).upper() for rgba in inputs.get_facecolors()]
    assert colours == [PALETTE[int(bent)] for bent in bends]
    for dots in TopologyDisplay.from_estimator(model).ax_.collections:
        assert (np.diff(dots.get_sizes()) <= 0).all()


def test_width_and_colour_follow_the_norm(model):
    display = TopologyDisplay.from_estimator(model)
    widths = [arrow.arrow_patch.get_linewidth() for arrow in arrows(display.ax_)]
    norms = sorted(norm for *_, norm in model.topology_.edges())
    expected = [0.8 + 4 * norm / norms[-1] for norm in norms]
    np.testing.assert_allclose(sorted(widths), expected)
    colours = {arrow.arrow_patch.get_edgecolor() for arrow in arrows(display.ax_)}
    assert len(colours) == len(norms)


@pytest.mark.parametrize("counts", [(1, 0), (0, 1), (60, 3), (61, 200), (0, 0)])
def test_graph_from_one_to_many_units(counts):
    topology = with_units(*counts)
    axes = TopologyDisplay(topology).plot().ax_
    assert len(arrows(axes)) == int(topology.active_blocks.sum())
    assert sorted(n_dots(axes)) == sorted([4, *[n for n in counts if 0 < n <= 60], 2])
    assert len(axes.lines) == sum(n > 60 for n in counts)
    assert sum("hidden" in word for word in words(axes)) == sum(n > 0 for n in counts)
    low, high = axes.get_ylim()
    for text in axes.texts:
        assert low <= text.get_position()[1] <= high


def test_names_of_many_features_are_left_out():
    topology = with_units(3, 3)
    names = [f"feature {i}" for i in range(4)]
    assert set(names) <= set(words(TopologyDisplay(topology, names).plot().ax_))
    assert not words(TopologyDisplay(topology, names * 11).plot().ax_)[0].startswith("feature")


def test_blocks_shows_the_norms(model):
    display = TopologyDisplay.from_estimator(model, kind="blocks")
    (image,) = display.ax_.images
    shown = image.get_array()
    norms = model.topology_.block_norms[1:, :-1]
    active = model.topology_.active_blocks[1:, :-1]
    np.testing.assert_array_equal(np.ma.getmaskarray(shown), ~active)
    np.testing.assert_array_equal(shown[active], norms[active])
    assert sorted(map(float, words(display.ax_))) == sorted(
        float(f"{norm:.2g}") for norm in norms[active]
    )
    ticks = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert ticks == ["hidden 1", "hidden 2", "output"]


def test_spectrum_shows_every_eigenvalue(model):
    axes = SpectrumDisplay.from_estimator(model).ax_
    shown = np.concatenate([c.get_offsets()[:, 1] for c in axes.collections])
    expected = np.concatenate([lam.detach().numpy() for lam in model.network_.eigenvalues])
    np.testing.assert_allclose(np.sort(shown), np.sort(expected), rtol=1e-6)
    filled = sum(len(c.get_offsets()) for c in axes.collections[::2])
    assert filled == 4 + sum(model.topology_.n_active_units) + 1


def test_draws_on_given_axes_and_returns_itself(model):
    figure, axes = matplotlib.pyplot.subplots(1, 2)
    display = TopologyDisplay(model.topology_)
    assert display.plot(axes[0]) is display
    assert display.ax_ is axes[0]
    assert SpectrumDisplay.from_estimator(model, ax=axes[1]).figure_ is figure


def test_a_kind_that_is_not_one(model):
    with pytest.raises(ValueError, match="kind='tree' is not an option"):
        TopologyDisplay(model.topology_).plot(kind="tree")
