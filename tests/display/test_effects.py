"""What single features add: shape functions of an additive model, drawn with its data."""

import numpy as np
import pandas as pd
import pytest

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.display import EffectDisplay

pytest.importorskip("matplotlib").use("agg")

RNG = np.random.RandomState(0)
X = np.column_stack([RNG.uniform(-2.0, 2.0, (500, 2)), RNG.randint(0, 3, 500), RNG.rand(500) > 0.5])
TRUTH = [np.abs, lambda x: np.sin(2.0 * x), lambda x: 1.0 * (x == 1), lambda x: 0.5 * x]
PARTS = np.column_stack([f(X[:, j]) for j, f in enumerate(TRUTH)])
Y = PARTS.sum(axis=1) + 0.1 * RNG.normal(size=500)


@pytest.fixture(scope="module")
def additive():
    model = SpectralNASRegressor((8,), n_knots="auto", random_state=0).fit(X, Y)
    assert model.topology_.is_additive
    assert not model.topology_.is_linear
    return model


def test_effects_and_intercept_are_the_model(additive):
    compact = additive.compact_
    effects = sum(compact.partial_effect(j, X[:, j])[:, 0] for j in range(4))
    np.testing.assert_allclose(effects + compact.intercepts[-1], additive.predict(X), rtol=1e-10)
    for j in range(4):
        assert compact.partial_effect(j, X[:, j]).mean() == pytest.approx(0.0, abs=1e-10)


def test_effects_are_the_truth_within_noise(additive):
    for j in range(4):
        expected = PARTS[:, j] - PARTS[:, j].mean()
        found = additive.compact_.partial_effect(j, X[:, j])[:, 0]
        assert np.sqrt(np.mean((found - expected) ** 2)) < 0.1


def test_a_feature_that_is_not_there_is_refused(additive):
    for feature in (-1, 4):
        with pytest.raises(ValueError, match=r"no column of X: it has 4"):
            additive.compact_.partial_effect(feature, [0.0])


def test_a_panel_for_each_feature_the_most_important_first(additive):
    display = EffectDisplay.from_estimator(additive, X)
    order = np.argsort(-additive.feature_importances_)
    assert display.names == [f"feature {j}" for j in order]
    assert len(display.axes_) == 4
    assert display.is_whole
    bars = {name: len(ax.patches) for name, ax in zip(display.names, display.axes_, strict=True)}
    assert bars == {"feature 0": 0, "feature 1": 0, "feature 2": 3, "feature 3": 2}
    line = display.axes_[display.names.index("feature 0")].lines[1]
    values = additive.compact_.partial_effect(0, line.get_xdata())[:, 0]
    np.testing.assert_array_equal(line.get_ydata(), values)


def test_features_are_chosen_by_name_or_number_and_classes_are_named():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    labels = np.where(np.median(Y) < Y, "high", "low")
    model = SpectralNASClassifier((8,), n_knots="auto", random_state=0).fit(frame, labels)
    display = EffectDisplay.from_estimator(model, frame, features=["b", 0])
    assert display.names == ["b", "a"]
    assert display.output_names == ["log odds of low"]
    with pytest.raises(ValueError, match="'z' is no column"):
        EffectDisplay.from_estimator(model, frame, features=["z"])
    with pytest.raises(ValueError, match=r"7 is no column; there are 4"):
        EffectDisplay.from_estimator(model, frame, features=[7])
    with pytest.raises(ValueError, match="X has 3 features, but SpectralNASClassifier"):
        EffectDisplay.from_estimator(model, X[:, :3])


@pytest.mark.slow
def test_a_network_has_effects_of_its_part_without_hidden_units():
    y = X[:, 0] * X[:, 1] * 2.0 + Y
    model = SpectralNASRegressor((16,), n_knots="auto", random_state=0).fit(X, y)
    assert not model.topology_.is_additive
    display = EffectDisplay.from_estimator(model, X)
    assert not display.is_whole
    assert "part without hidden units" in display.figure_.get_suptitle()


def test_categories_are_bars_with_their_names_and_missing_values_a_dotted_line():
    frame = pd.DataFrame(
        {
            "number": np.where(RNG.rand(500) < 0.2, np.nan, X[:, 0]),
            "kind": np.array(["a", "b", "c"])[X[:, 2].astype(int)],
        }
    )
    model = SpectralNASRegressor((8,), max_iter=30, random_state=0).fit(
        frame, PARTS[:, 2] + X[:, 0]
    )
    display = EffectDisplay.from_estimator(model, frame, features=["kind", "number"])
    bars, line = display.axes_
    assert [label.get_text() for label in bars.get_xticklabels()] == ["a", "b", "c"]
    heights = [patch.get_height() for patch in bars.patches]
    np.testing.assert_array_equal(heights, model.compact_.partial_effect(1, np.arange(3))[:, 0])
    assert np.isfinite(line.lines[1].get_ydata()).all()
    (dotted,) = [drawn for drawn in line.lines if drawn.get_linestyle() == ":"]
    found = model.compact_.partial_effect(0, [np.nan])[0, 0]
    np.testing.assert_array_equal(dotted.get_ydata(), [found, found])
    assert [text.get_text() for text in line.texts] == ["missing"]
    assert not bars.texts


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"loss": "poisson"}, ["log mean"]),
        ({"loss": "quantile", "quantile": [0.1, 0.9]}, ["quantile 0.1", "quantile 0.9"]),
        ({"loss": "huber"}, ["output"]),
    ],
)
def test_outputs_are_named_by_the_loss(settings, names):
    y = RNG.poisson(np.exp(X[:, 0])).astype(float)
    model = SpectralNASRegressor((4,), max_iter=2, random_state=0, **settings).fit(X, y)
    assert EffectDisplay.from_estimator(model, X).output_names == names
