"""Between what is to be predicted and what a network is trained on."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from sk_spectral.data.continuous import ContinuousTargets
from sk_spectral.data.targets import ClassTargets, LabelTargets

NUMBERS = np.random.default_rng(0).normal(size=(8, 3))
LABELS = [np.array(["a", "b", "c"]), np.array([-7, 3, 100]), np.array([False, True]),
          np.array([1.0, 2.5])]  # fmt: skip


@pytest.mark.parametrize("ndim", [1, 2])
def test_numbers_come_back_in_the_shape_that_they_had(ndim):
    y = NUMBERS[:, 0] if ndim == 1 else NUMBERS
    targets = ContinuousTargets(1 if ndim == 1 else 3, ndim)
    encoded = targets.encode(y)
    assert encoded.shape == (8, targets.n_outputs)
    np.testing.assert_array_equal(targets.decode(encoded), y)
    assert targets.strata(encoded) is None
    assert targets.n_strata == 1


def test_integers_become_numbers_in_double_precision():
    assert ContinuousTargets(1, 1).encode(np.arange(3, dtype=np.int8)).dtype == np.float64
    assert ContinuousTargets(1, 1).encode(np.ones(3, dtype=np.float32)).dtype == np.float64


def test_another_number_of_outputs_is_refused_by_the_name_of_the_argument():
    with pytest.raises(ValueError, match=r"y_val has 3 outputs, but .* fitted first have 2"):
        ContinuousTargets(2).encode(NUMBERS, "y_val")


@pytest.mark.parametrize("classes", LABELS, ids=str)
def test_labels_are_codes_in_their_order_and_come_back_from_the_largest_output(classes):
    codes = np.random.default_rng(1).integers(0, len(classes), 12)
    targets = ClassTargets(classes)
    encoded = targets.encode(classes[codes])
    np.testing.assert_array_equal(encoded, codes)
    np.testing.assert_array_equal(targets.strata(encoded), codes)
    assert targets.n_strata == len(classes)
    logits = np.where(np.arange(len(classes)) == codes[:, None], 2.0, -1.0)
    if len(classes) == 2:
        logits = logits[:, 1:] - logits[:, :1]
    assert logits.shape[1] == targets.n_outputs
    decoded = targets.decode(logits)
    assert decoded.dtype == classes.dtype
    np.testing.assert_array_equal(decoded, classes[codes])


def test_labels_that_are_no_classes_are_listed():
    targets = ClassTargets(np.array([1, 2]))
    with pytest.raises(ValueError, match=r"y_val .* not among the classes \[1, 2\]: \[3, 5\]\."):
        targets.encode(np.array([1, 5, 3, 5]), "y_val")


@pytest.mark.parametrize("size", [1.0, 1e3])
def test_probabilities_are_the_softmax_of_the_outputs(size):
    outputs = size * NUMBERS
    np.testing.assert_allclose(
        ClassTargets(np.arange(3)).probabilities(outputs), softmax(outputs, axis=1), rtol=1e-12
    )
    of_two = ClassTargets(np.arange(2)).probabilities(outputs[:, :1])
    expected = softmax(np.column_stack([np.zeros(8), outputs[:, 0]]), axis=1)
    np.testing.assert_allclose(of_two, expected, rtol=1e-12, atol=1e-15)


def test_the_label_is_that_of_the_largest_probability():
    targets = ClassTargets(np.array(["a", "b", "c"]))
    expected = targets.classes[targets.probabilities(NUMBERS).argmax(axis=1)]
    np.testing.assert_array_equal(targets.decode(NUMBERS), expected)
    two = ClassTargets(np.array(["a", "b"]))
    expected = two.classes[two.probabilities(NUMBERS[:, :1]).argmax(axis=1)]
    np.testing.assert_array_equal(two.decode(NUMBERS[:, :1]), expected)


def test_only_numbers_have_units_and_only_classes_a_log_loss():
    assert ContinuousTargets(1).have_units
    assert not ContinuousTargets(1, loss="poisson").have_units
    assert not ClassTargets(np.arange(2)).have_units
    assert ContinuousTargets.loss == "squared_error"
    assert ClassTargets.loss == "log_loss"


def test_small_probabilities_of_two_classes_keep_their_digits():
    found = ClassTargets(np.arange(2)).probabilities(np.array([[-40.0], [800.0]]))
    np.testing.assert_allclose(found[0], [1.0, np.exp(-40.0)], rtol=1e-12)
    assert found[1].tolist() == [0.0, 1.0]


def test_several_labels_are_truth_values_and_log_odds():
    targets, y = LabelTargets(3), np.array([[0, 1, 1], [0, 0, 0]])
    encoded = targets.encode(y)
    assert encoded.dtype == bool
    assert (targets.n_outputs, targets.n_strata, targets.strata(encoded)) == (3, 1, None)
    outputs = np.array([[-2.0, 0.5, 30.0], [-800.0, -1.0, 0.0]])
    np.testing.assert_array_equal(targets.decode(outputs), y)
    np.testing.assert_allclose(targets.probabilities(outputs), expit(outputs))
    assert targets.log_probabilities(outputs)[1, 0] == -800.0
    with pytest.raises(ValueError, match=r"y_val has 2 labels, .* first have 3"):
        targets.encode(y[:, :2], "y_val")
