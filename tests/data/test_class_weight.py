"""Weights of classes beside weights of rows."""

import numpy as np
import pytest
from sklearn.utils import compute_class_weight

from sk_spectral import SpectralNASClassifier
from sk_spectral.data.class_weight import check_class_weight, weights_of_classes

RNG = np.random.RandomState(0)
X = RNG.randn(45, 3)
Y = (X[:, 0] + 0.5 * RNG.randn(45) > 0.8).astype(int)


def test_balanced_counts_weights_as_repeated_rows():
    weight = RNG.randint(0, 3, 45)
    model = SpectralNASClassifier(
        (8,), class_weight="balanced", early_stopping=False, random_state=0, max_iter=20
    )
    expected = model.fit(np.repeat(X, weight, axis=0), np.repeat(Y, weight)).predict_proba(X)
    found = model.fit(X, Y, sample_weight=weight).predict_proba(X)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    "bad",
    [
        {0: -1, 1: 1},
        {0: np.nan},
        {0: np.inf},
        {0: "1"},
        "auto",
        -1,
        [1, 2],
        {5: 1},
        {0: 1e99, 1: 1},
    ],
)
def test_bad_weights_are_named(bad):
    with pytest.raises(ValueError, match="class_weight"):
        SpectralNASClassifier((4,), class_weight=bad, max_iter=2).fit(X, Y)


def test_balanced_shares_are_those_of_the_whole_stream():
    model = SpectralNASClassifier((4,), class_weight="balanced", random_state=0)
    model.partial_fit(X, Y, classes=[0, 1])
    model.partial_fit(X[Y == 1], Y[Y == 1])
    assert model._class_totals.tolist() == [(Y == 0).sum(), 2 * (Y == 1).sum()]


def test_a_chunk_in_which_no_row_counts_is_refused():
    model = SpectralNASClassifier((4,), class_weight={0: 0, 1: 1}, random_state=0)
    with pytest.raises(ValueError, match="class_weight leaves no row of y with a weight above 0"):
        model.partial_fit(X[Y == 0], Y[Y == 0], classes=[0, 1])
    assert not hasattr(model, "classes_")
    before = model.partial_fit(X, Y, classes=[0, 1]).predict_proba(X)
    with pytest.raises(ValueError, match="class_weight leaves no row"):
        model.partial_fit(X[Y == 0], Y[Y == 0])
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_a_new_fit_may_have_other_classes():
    model = SpectralNASClassifier((4,), class_weight="balanced", max_iter=2, random_state=0)
    model.partial_fit(X, Y, classes=[0, 1])
    assert len(model.fit(X, np.arange(45) % 3).classes_) == 3


@pytest.mark.parametrize("classes", [np.arange(3), np.array(["a", "b", "c"])], ids=str)
def test_balanced_weights_are_those_of_scikit_learn(classes):
    codes = np.repeat([0, 1, 2], [4, 1, 7])
    expected = compute_class_weight("balanced", classes=classes, y=classes[codes])
    found = weights_of_classes("balanced", classes, np.bincount(codes).astype(float))
    np.testing.assert_allclose(found, expected)


def test_balanced_weights_make_all_classes_that_were_seen_weigh_the_same():
    totals = np.array([0.5, 0.0, 3.0, 10.0])
    weighed = totals * weights_of_classes("balanced", np.arange(4), totals)
    np.testing.assert_allclose(weighed[totals > 0], totals.sum() / 3)


def test_a_dict_gives_its_weights_and_1_to_classes_that_it_leaves_out():
    found = weights_of_classes({"b": 2.0, "a": 0.0}, np.array(["a", "b", "c"]), np.ones(3))
    np.testing.assert_array_equal(found, [0.0, 2.0, 1.0])


def test_a_dict_may_name_classes_that_are_not_there_if_it_names_all_that_are():
    classes = np.array([1, 2])
    found = weights_of_classes({1: 3.0, 2: 4.0, 9: 5.0}, classes, np.ones(2))
    np.testing.assert_array_equal(found, [3.0, 4.0])
    with pytest.raises(ValueError, match=r"no classes, but none for the classes \[2\]"):
        weights_of_classes({1: 3.0, 9: 5.0}, classes, np.ones(2))


@pytest.mark.parametrize("good", [None, "balanced", {}, {0: 0, 1: 2.5, "c": np.float32(1)}])
def test_good_weights_pass(good):
    check_class_weight(good)
