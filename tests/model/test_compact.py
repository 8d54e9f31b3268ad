from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch
from compact_cases import MASKS, cut

from sk_spectral.model.compact import CompactNetwork
from sk_spectral.spectral import algebra, paths
from sk_spectral.spectral.activations import ARRAY_ACTIVATIONS

X_CASES = {n: np.random.RandomState(0).randn(9, n) for n in (2, 3, 4)}


@pytest.mark.parametrize("sizes", MASKS)
@pytest.mark.parametrize("activation", sorted(ARRAY_ACTIVATIONS))
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_equals_the_masked_network(sizes, activation, fit_intercept):
    network, masks, compact = cut(sizes, activation=activation, fit_intercept=fit_intercept)
    X = X_CASES[sizes[0]]
    with torch.no_grad():
        expected = network(torch.as_tensor(X), [torch.as_tensor(m).double() for m in masks])
    np.testing.assert_allclose(compact(X), expected.numpy(), rtol=1e-10, atol=1e-12)
    assert compact.layer_sizes == (sizes[0], *(int(m.sum()) for m in masks), sizes[-1])
    assert compact.full_layer_sizes == sizes


@pytest.mark.parametrize("sizes", MASKS)
def test_blocks_are_those_of_the_algebra(sizes):
    network, masks, compact = cut(sizes, fit_intercept=False)
    full = algebra.product_blocks(list(network.eigenvalues), list(network.eigenvectors))
    kept = [np.arange(sizes[0]), *map(np.flatnonzero, masks), np.arange(sizes[-1])]
    assert compact.blocks.keys() == full.keys()
    for (i, j), block in compact.blocks.items():
        expected = full[i, j].detach().numpy()[np.ix_(kept[i], kept[j])]
        np.testing.assert_allclose(block, expected, rtol=1e-12)


def test_rescaled_is_the_same_function_in_other_units():
    _, _, compact = cut((2, 3, 4, 3, 2))
    rng = np.random.RandomState(1)
    mean, scale = rng.randn(2), rng.rand(2) + 0.5
    output_mean, output_scale = rng.randn(2), rng.rand(2) + 0.5
    X = X_CASES[2]
    expected = compact((X - mean) / scale) * output_scale + output_mean
    got = compact.rescaled(mean, scale, output_mean, output_scale)(X)
    np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_rows_in_chunks_give_what_single_rows_give():
    _, _, compact = cut((3, 6, 1))
    X = np.random.RandomState(0).randn(10_000, 3)
    whole = compact(X)
    np.testing.assert_allclose(compact(X[9_000:9_001]), whole[9_000:9_001], rtol=1e-12)
    assert compact(X[:0]).shape == (0, 1)


def test_the_input_is_left_as_it_is():
    _, _, compact = cut((3, 6, 1))
    X = X_CASES[3].copy()
    X.flags.writeable = False
    compact(X)


def test_number_of_parameters_by_hand():
    _, _, compact = cut((4, 5, 6, 2))  # 4 inputs, 0 and 3 units, 2 outputs
    assert compact.n_parameters == 3 * (4 + 1) + 2 * (4 + 3 + 1)


def test_intercepts_are_those_of_the_constant_unit():
    """Every unit of every layer reads it, through a block of its own."""
    network, masks, compact = cut((2, 3, 4, 3, 2))
    blocks = algebra.product_blocks(list(network.eigenvalues), list(network.eigenvectors))
    for i, intercept in enumerate(compact.intercepts, start=1):
        kept = masks[i - 1] if i <= len(masks) else slice(None)
        expected = blocks[i, 0][:, -1].detach().numpy()[kept]
        np.testing.assert_allclose(intercept, expected, rtol=1e-12)


def test_rescaled_without_intercepts_where_both_means_are_0():
    _, _, compact = cut((2, 3, 4, 3, 2), fit_intercept=False)
    scale, zero = np.array([0.5, 3.0]), np.zeros(2)
    rescaled = compact.rescaled(zero, scale, zero, scale)
    np.testing.assert_allclose(
        rescaled(X_CASES[2]), compact(X_CASES[2] / scale) * scale, rtol=1e-10
    )
    assert rescaled.intercepts is None
    assert rescaled.center is None


def test_rescaled_twice_is_rescaled_by_both():
    _, _, compact = cut((3, 6, 1))
    mean, scale, one, none = np.arange(3.0), np.array([2.0, 3.0, 4.0]), np.ones(1), np.zeros(1)
    twice = compact.rescaled(mean, scale, none, one).rescaled(mean, scale, none, one)
    inner = ((X_CASES[3] - mean) / scale - mean) / scale
    np.testing.assert_allclose(twice(X_CASES[3]), compact(inner), rtol=1e-10)


def test_a_center_far_from_0_keeps_the_digits_that_a_folded_one_loses():
    _, _, compact = cut((3, 6, 1))
    mean = np.full(3, 1e9)
    far = compact.rescaled(mean, np.ones(3), np.zeros(1), np.ones(1))
    rows = np.round(X_CASES[3] * 8)  # which a sum with 1e9 keeps exactly
    expected = compact(rows)
    np.testing.assert_array_equal(far(rows + mean), expected)
    assert np.abs(far.without_center()(rows + mean) - expected).max() > 1e-9


def test_without_a_center_it_is_the_same_function():
    _, _, compact = cut((2, 3, 4, 3, 2))
    assert compact.without_center() is compact
    mean, one, none = np.array([2.0, -1.0]), np.ones(2), np.zeros(2)
    centred = compact.rescaled(mean, one, none, one)
    folded = centred.without_center()
    assert folded.center is None
    np.testing.assert_allclose(folded(X_CASES[2]), centred(X_CASES[2]), rtol=1e-10)
    with_another = compact.without_center(mean)
    np.testing.assert_allclose(with_another(X_CASES[2]), compact(X_CASES[2] - mean), rtol=1e-10)


@pytest.mark.parametrize("sizes", MASKS)
def test_input_shares_are_those_of_its_paths(sizes):
    _, _, compact = cut(sizes)
    shares = compact.input_shares()
    np.testing.assert_array_equal(shares, paths.input_shares(compact.blocks))
    assert shares.shape == (sizes[0],)
    assert shares.sum() == pytest.approx(1.0)


def test_blocks_are_views_of_the_weights():
    _, _, compact = cut((3, 6, 1))
    compact.blocks[2, 0][0, 0] = 7.0
    assert compact.weights[1][0, 0] == 7.0


def test_it_is_frozen_and_short_to_print():
    _, _, compact = cut((4, 5, 6, 2))
    with pytest.raises(FrozenInstanceError):
        compact.activation = "tanh"
    assert repr(compact) == "CompactNetwork(4 -> 0 -> 3 -> 2, relu, 31 parameters)"


def test_a_network_by_hand():
    """One hidden unit max(x − 1, 0), and an output of 2 x + 3 times it − 5."""
    compact = CompactNetwork(
        weights=(np.array([[1.0]]), np.array([[2.0, 3.0]])),
        intercepts=(np.array([-1.0]), np.array([-5.0])),
        activation="relu",
        unit_masks=(np.array([True]),),
    )
    assert compact(np.array([[0.0], [1.0], [3.0]])).tolist() == [[-5.0], [-3.0], [7.0]]
