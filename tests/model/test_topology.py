import json

import numpy as np
import pytest
from compact_cases import MASKS, cut

from sk_spectral.model.topology import Topology
from sk_spectral.spectral import algebra
from sk_spectral.spectral.paths import gamma_norm, unit_shares


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


def test_topology_is_frozen_and_speaks():
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


def test_block_norms_from_the_input_include_the_intercepts():
    network, _, compact = cut((2, 3, 4, 3, 2), everything=True)
    blocks = algebra.product_blocks(list(network.eigenvalues), list(network.eigenvectors))
    topology = Topology.from_compact(compact)
    for target_source, block in blocks.items():
        assert topology.block_norms[target_source] == pytest.approx(float(block.detach().norm()))
    expected = gamma_norm({key: block.detach() for key, block in blocks.items()})
    assert topology.gamma_norm == pytest.approx(expected, rel=1e-12)


def test_reading_leaves_the_network_as_it_is():
    _, _, compact = cut((4, 5, 6, 2))
    before = [weight.copy() for weight in compact.weights]
    Topology.from_compact(compact)
    for weight, one in zip(compact.weights, before, strict=True):
        np.testing.assert_array_equal(weight, one)
    assert compact.unit_masks[0].flags.writeable


def test_layers_and_edges_are_those_that_take_part():
    topology = Topology.from_compact(cut((4, 5, 6, 2))[2])
    assert topology.layers() == [(0, "input", 4, 4), (2, "hidden 2", 6, 3), (3, "output", 2, 2)]
    edges = topology.edges()
    # A layer without units reads nothing, and nothing reads it.
    assert [(source, target) for source, target, _ in edges] == [(0, 2), (0, 3), (2, 3)]
    assert all(norm == topology.block_norms[target, source] for source, target, norm in edges)


def test_what_was_measured_is_kept():
    compact = cut((3, 6, 1))[2]
    measured = {"loss_before": 0.5, "loss_after": 0.25, "nonlinear_share": 0.125}
    topology = Topology.from_compact(compact, **measured)
    again = Topology.from_dict(json.loads(json.dumps(topology.to_dict())))
    for name, value in measured.items():
        assert getattr(topology, name) == getattr(again, name) == value
    assert "loss 0.5 before pruning, 0.25 after; 12 % of the predictions" in topology.headline()
    assert "loss" not in Topology.from_compact(compact).headline()


def test_of_other_values_what_is_missing_is_named():
    with pytest.raises(ValueError, match=r"not those of Topology\.to_dict.*gamma_norm"):
        Topology.from_dict({"layer_sizes": [2, 1]})


def test_importances_of_units_are_shares_of_the_paths_by_active_unit():
    compact = cut((4, 5, 6, 2))[2]
    topology = Topology.from_compact(compact)
    for shares, expected in zip(
        topology.unit_importances, unit_shares(compact.blocks), strict=True
    ):
        np.testing.assert_array_equal(shares, expected)
        assert not shares.flags.writeable
    assert [len(shares) for shares in topology.unit_importances] == [0, 3]
    assert topology.feature_importances is None
    again = Topology.from_dict(json.loads(json.dumps(topology.to_dict())))
    np.testing.assert_array_equal(again.unit_importances[1], topology.unit_importances[1])
