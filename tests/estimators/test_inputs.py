"""What rows, weights, targets and labels may be, and one clear sentence for what they may not."""

from contextlib import nullcontext

import numpy as np
import pytest

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.estimators.inputs import (
    check_classes,
    check_labels,
    check_sample_weight,
    check_spread,
    check_targets,
    say_which,
)

X = np.random.RandomState(0).randn(6, 2)
ONES = np.ones(6)


def with_value(array, value):
    array = np.array(array, dtype=float)
    array[3] = value
    return array


@pytest.mark.parametrize(
    "weight", [ONES, [1, 2, 3, 4, 5, 6], np.arange(6), ONES.astype(np.float32), with_value(ONES, 0)]
)
def test_weights_become_numbers_in_double_precision(weight):
    found = check_sample_weight(weight, X)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, np.asarray(weight, dtype=float))


def test_no_weights_stay_none_and_one_number_is_that_of_every_row():
    assert check_sample_weight(None, X) is None
    np.testing.assert_array_equal(check_sample_weight(2.5, X), np.full(6, 2.5))


def test_tiny_weights_are_brought_to_a_size_that_can_be_squared():
    weight = 1e-200 * np.arange(1.0, 7.0)
    found = check_sample_weight(weight, X)
    np.testing.assert_allclose(found / found.sum(), np.arange(1.0, 7.0) / 21.0)
    assert found.max() == 1.0


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.zeros(6), "^mine is zero for every row; at least one weight must be positive"),
        (with_value(ONES, -1), "^mine must not be negative, its least value is -1"),
        (with_value(ONES, np.nan), "mine contains NaN"),
        (with_value(ONES, np.inf), "mine contains infinity"),
        (np.ones(5), r"^X and mine have inconsistent numbers of samples: \[6, 5\]"),
        (np.ones((6, 2)), r"^mine must be 1D.*\(6, 2\)"),
        (["a"] * 6, "^mine must hold a number for each row: .*could not convert"),
        (with_value(ONES, 1e101), "^mine gives weights from 1 to 1e.101, .*divide all of them"),
        (with_value(ONES, 1e-31), "^mine gives weights from 1e-31 to 1, too far apart"),
    ],
)
def test_weights_that_cannot_be_used_are_named(weight, message):
    with pytest.raises(ValueError, match=message):
        check_sample_weight(weight, X, "mine")


@pytest.mark.parametrize("cls", [SpectralNASRegressor, SpectralNASClassifier])
@pytest.mark.parametrize("suffix", ["", "_val"])
def test_the_weights_of_a_fit_are_named_by_their_argument(cls, suffix):
    given = {f"sample_weight{suffix}": np.zeros(6)}
    if suffix:
        given |= {"X_val": X, "y_val": [0, 1] * 3}
    with pytest.raises(ValueError, match=f"sample_weight{suffix} is zero for every row"):
        cls((2,), max_iter=1).fit(X, [0, 1] * 3, **given)


@pytest.mark.parametrize(
    ("weight", "passes"),
    [
        ([1e100, 1e71], True),
        ([1e100, 1e69], False),
        ([1.1e100], False),
        ([1.0, 1.1e-30, 0.0], True),
        ([1.0, 0.9e-30], False),
    ],
)
def test_weights_may_be_so_far_apart_that_sums_still_hold_them(weight, passes):
    refused = pytest.raises(ValueError, match=r"^mine gives weights from")
    with nullcontext() if passes else refused:
        check_spread(np.array(weight), "mine")


@pytest.mark.parametrize(
    "y", [np.arange(3), np.array([[True], [False]]), np.array(["1.5", "-2"]), np.ones(2, object)]
)
def test_targets_become_numbers_in_their_shape(y):
    found = check_targets(y, "y")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, y.astype(float))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([1, np.nan]), "^Input mine contains NaN"),
        (np.array([[1], [np.inf]]), "^Input mine contains infinity"),
        (np.array(["a"]), "^mine must hold numbers: could not convert"),
        (np.array([1 + 1j]), "^mine must hold numbers, but is of type complex"),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), "^mine must hold numbers, but is of"),
    ],
)
def test_targets_that_are_no_numbers_are_named(y, message):
    with pytest.raises(ValueError, match=message):
        check_targets(y, "mine")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array(["a", 1], object), "mine mixes int and str; labels must be all of them"),
        (np.array(["a", None], object), "mine mixes NoneType and str"),
        (np.array([None, None], object), "mine mixes NoneType"),
        (np.array([0.5, 1.5, 2.25]), "Unknown label type"),
    ],
)
def test_labels_that_are_none_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        check_labels(labels, "mine")


@pytest.mark.parametrize(
    "labels",
    [np.array(["a", "b"]), np.array(["a", "b"], object), np.array([True, False]), np.arange(4),
     np.array([1.0, 2.0])],
)  # fmt: skip
def test_labels_of_one_kind_pass(labels):
    check_labels(labels, "y")


@pytest.mark.parametrize(
    ("classes", "expected"),
    [(["b", "a", "b"], ["a", "b"]), ((3, 1), [1, 3]), ({True, False}, [False, True])],
)
def test_classes_are_sorted_and_each_once(classes, expected):
    assert check_classes(np.array(list(classes))).tolist() == expected


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([1, "a"], "all of them numbers or all of them strings"),
        ([None, 1], "all of them numbers or all of them strings"),
        ([[1, 2], [3, 4]], "all of them numbers or all of them strings"),
        (5, "holds one class only"),
        ([2, 2], "holds one class only"),
        ([], "holds one class only"),
        ([1.0, np.nan], "must not hold NaN or infinity"),
        ([1.0, np.inf], "must not hold NaN or infinity"),
    ],
)
def test_classes_that_cannot_be_are_refused(classes, message):
    with pytest.raises(ValueError, match=f"^classes=.*{message}"):
        check_classes(classes)


@pytest.mark.parametrize(
    ("told", "y", "suffix", "expected"),
    [
        ("could not convert string", ["a"], "", "y must hold real numbers: could not convert str"),
        ("could not convert string", [1.0], "", "X must hold real numbers: could not convert str"),
        ("could not convert string", [1.0], "_val", "X_val must hold real numbers"),
        ("Complex data not supported", [1j], "_val", "y_val must hold real numbers: Complex data"),
        ("Found 0 samples.\nMore", [1.0], "_val", r"X_val and y_val cannot be used: Found 0 sam.*"),
        ("anything", np.ones((3, 0)), "", "y has no column; it needs one for each output."),
    ],
)
def test_an_error_that_names_no_array_is_told_with_its_name(told, y, suffix, expected):
    with pytest.raises(ValueError, match=f"^{expected}"):
        raise say_which(ValueError(told), y, suffix)


def test_other_errors_of_the_first_rows_stay_as_they_are():
    error = TypeError("mine")
    assert say_which(error, [1.0], "") is error
