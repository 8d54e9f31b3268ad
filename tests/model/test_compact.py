import numpy as np
import pytest
import torch
from spectral_cases import randomize

from sk_spectral import SpectralNetwork
from sk_spectral.model.topology import Topology
from sk_spectral.search.compaction import compact_network
from sk_spectral.spectral import algebra
from sk_spectral.spectral.activations import ARRAY_ACTIVATIONS

MASKS = {
    (3, 2): [],
    (3, 6, 1): [[1, 1, 0, 1, 0, 1]],
    (4, 5, 6, 2): [[0, 0, 0, 0, 0], [1, 0, 1, 0, 0, 1]],
    (2, 3, 4, 3, 2): [[1, 1, 1], [0, 1, 0, 1], [1, 0, 0]],
}


def cut(sizes, *, activation="relu", fit_intercept=True, everything=False):
    network = SpectralNetwork(
        sizes, activation=activation, fit_intercept=fit_intercept,
        dtype=torch.float64, generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    randomize(network)
    masks = [np.array(mask, dtype=bool) | everything for mask in MASKS[sizes]]
    return network, masks, compact_network(network, masks)


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


@pytest.mark.parametrize("sizes", MASKS)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_topology_is_that_of_the_compact_network(sizes, fit_intercept):
    _, masks, compact = cut(sizes, fit_intercept=fit_intercept)
    topology = Topology.from_compact(compact)
    assert topology.layer_sizes == sizes
    assert topology.n_active_units == tuple(int(mask.sum()) for mask in masks)
    assert topology.n_active_layers == sum(bool(mask.any()) for mask in masks)
    assert topology.is_linear == (topology.n_active_layers == 0)
    assert topology.n_parameters == compact.n_parameters
    assert topology.block_norms.shape == (len(sizes), len(sizes))
    assert topology.active_blocks.dtype == bool
    assert not np.triu(topology.active_blocks).any()
    for (i, j), block in compact.blocks.items():
        if j > 0:
            assert topology.block_norms[i, j] == pytest.approx(np.linalg.norm(block))
        assert topology.active_blocks[i, j] == (block.size > 0)


def test_gamma_norm_is_that_of_the_network_with_its_constant_unit():
    network, _, compact = cut((3, 6, 1), everything=True)
    blocks = algebra.product_blocks(list(network.eigenvalues), list(network.eigenvectors))
    expected = float(algebra.gamma_tensor(blocks[2, 1], blocks[1, 0]).detach().norm())
    assert Topology.from_compact(compact).gamma_norm == pytest.approx(expected, rel=1e-12)


def test_number_of_parameters_by_hand():
    _, _, compact = cut((4, 5, 6, 2))  # 4 inputs, 0 and 3 units, 2 outputs
    assert compact.n_parameters == 3 * (4 + 1) + 2 * (4 + 3 + 1)


def test_topology_is_frozen_and_speaks():
    import json

    topology = Topology.from_compact(cut((4, 5, 6, 2))[2])
    with pytest.raises(AttributeError):
        topology.gamma_norm = 0.0
    with pytest.raises(ValueError, match="read-only"):
        topology.block_norms[0, 0] = 1.0
    summary = topology.summary()
    assert summary.startswith("1 of 2 hidden layers, 3 of 11 units")
    assert [line.split()[0] for line in summary.splitlines()[3:]] == [
        "input", "hidden", "hidden", "output",
    ]  # fmt: skip
    again = json.loads(json.dumps(topology.to_dict()))
    assert again == topology.to_dict()
    assert again["n_active_units"] == [0, 3]
    linear = Topology.from_compact(cut((3, 2))[2])
    assert linear.summary().startswith("linear: no hidden unit pays for itself")
    assert linear.gamma_norm == 0.0
    assert len(repr(topology)) < 120
