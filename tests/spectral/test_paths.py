"""Sums over paths against every path walked one by one."""

import numpy as np
import pytest
import torch
from hypothesis import given
from spectral_cases import layer_sizes, random_parameters, seeds

from sk_spectral.spectral import algebra
from sk_spectral.spectral.paths import gamma_norm, input_shares, unit_shares


def random_blocks(sizes, seed):
    return algebra.product_blocks(*random_parameters(sizes, seed))


def as_arrays(blocks):
    return {key: np.asarray(block) for key, block in blocks.items()}


def paths_of(blocks):
    """Units of each path as (layer, unit) pairs, with the product of the entries on its way."""
    last = max(i for i, _ in blocks)

    def walk(path, weight):
        layer, unit = path[-1]
        if layer == last:
            yield path, weight
            return
        for target in range(layer + 1, last + 1):
            for row, entry in enumerate(blocks[target, layer][:, unit].tolist()):
                yield from walk([*path, (target, row)], weight * entry)

    for unit in range(blocks[1, 0].shape[1]):
        yield from walk([(0, unit)], 1.0)


@given(layer_sizes, seeds)
def test_gamma_norm_is_the_norm_over_all_paths_through_a_hidden_unit(sizes, seed):
    blocks = random_blocks([min(n, 3) for n in sizes[:5]], seed)
    total = sum(weight**2 for path, weight in paths_of(blocks) if len(path) > 2)
    assert gamma_norm(blocks) == pytest.approx(total**0.5, rel=1e-10, abs=1e-14)


@given(layer_sizes, seeds)
def test_input_shares_are_those_of_all_paths_the_direct_one_included(sizes, seed):
    blocks = random_blocks([min(n, 3) for n in sizes[:5]], seed)
    expected = np.zeros(blocks[1, 0].shape[1])
    for path, weight in paths_of(blocks):
        expected[path[0][1]] += weight**2
    np.testing.assert_allclose(
        input_shares(as_arrays(blocks)), expected / expected.sum(), rtol=1e-10
    )


@given(seeds)
def test_gamma_norm_by_the_tensor_of_paths(seed):
    blocks = random_blocks([4, 6, 3], seed)
    tensor = algebra.gamma_tensor(blocks[2, 1], blocks[1, 0])
    assert gamma_norm(blocks) == pytest.approx(float(tensor.norm()), rel=1e-10)


@given(layer_sizes, seeds)
def test_a_network_turned_round_has_the_same_gamma_norm(sizes, seed):
    """The transposed blocks with the layers counted from the output have the same paths."""
    blocks, last = random_blocks(sizes, seed), len(sizes) - 1
    turned = {(last - j, last - i): block.T for (i, j), block in blocks.items()}
    assert gamma_norm(turned) == pytest.approx(gamma_norm(blocks), rel=1e-10)


@given(layer_sizes, seeds)
def test_arrays_and_tensors_give_the_same(sizes, seed):
    blocks = random_blocks(sizes, seed)
    arrays = as_arrays(blocks)
    assert gamma_norm(arrays) == pytest.approx(gamma_norm(blocks), rel=1e-12)
    of_arrays, of_tensors = input_shares(arrays), input_shares(blocks)
    assert isinstance(of_arrays, np.ndarray)
    assert isinstance(of_tensors, torch.Tensor)
    np.testing.assert_allclose(of_tensors.numpy(), of_arrays, rtol=1e-12)


@given(layer_sizes, seeds)
def test_shares_add_up_to_1(sizes, seed):
    assert float(input_shares(random_blocks(sizes, seed)).sum()) == pytest.approx(1.0)


def test_an_input_that_no_block_reads_has_no_share():
    blocks = as_arrays(random_blocks([3, 4, 5, 2], 0))
    for i in (1, 2, 3):
        blocks[i, 0] = blocks[i, 0] * [1.0, 0.0, 1.0]
    shares = input_shares(blocks)
    assert shares[1] == 0.0
    assert (shares[[0, 2]] > 0).all()


def test_outputs_that_read_nothing_give_shares_of_zero():
    blocks = {key: 0.0 * block for key, block in as_arrays(random_blocks([3, 4, 2], 0)).items()}
    assert input_shares(blocks).tolist() == [0.0, 0.0, 0.0]
    assert gamma_norm(blocks) == 0.0


def test_hidden_layers_without_units_leave_the_direct_block():
    blocks = {(1, 0): np.zeros((0, 2)), (2, 0): np.array([[3.0, 4.0]]), (2, 1): np.zeros((1, 0))}
    assert gamma_norm(blocks) == 0.0
    np.testing.assert_allclose(input_shares(blocks), [9 / 25, 16 / 25])
    assert gamma_norm({(1, 0): np.ones((1, 2))}) == 0.0


def test_shares_of_units_are_those_of_the_paths_that_are_lost_without_them():
    rng = np.random.default_rng(0)
    sizes = (3, 4, 2, 5)
    blocks = {(i, j): rng.normal(size=(sizes[i], sizes[j])) for i in range(4) for j in range(i)}

    def squared(of):
        return gamma_norm(of) ** 2 + np.square(of[3, 0]).sum()

    whole = squared(blocks)
    for layer, shares in enumerate(unit_shares(blocks), start=1):
        assert shares.shape == (sizes[layer],)
        for unit, share in enumerate(shares):
            without = {key: block.copy() for key, block in blocks.items()}
            for i, j in without:
                if i == layer:
                    without[i, j][unit] = 0.0
            assert share == pytest.approx(1.0 - squared(without) / whole, rel=1e-10)
    nothing = {key: 0.0 * block for key, block in blocks.items()}
    assert not any(shares.any() for shares in unit_shares(nothing))
