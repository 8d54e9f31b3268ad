"""What may be left of a search: nobody changes the network that it holds."""

from copy import deepcopy

import pytest
import torch
from configurations import HIDDEN_LAYERS
from spectral_cases import randomize

from sk_spectral import SpectralNetwork
from sk_spectral.search.candidate import Candidate, no_units, with_linear_map


def new_network(hidden=(4, 5)):
    return randomize(
        SpectralNetwork(
            (3, *hidden, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(0)
        )
    )


@pytest.mark.parametrize("hidden", HIDDEN_LAYERS.values(), ids=HIDDEN_LAYERS)
def test_masks_that_leave_no_unit_are_shaped_as_the_layers_are(hidden):
    masks = no_units(new_network(hidden))
    assert [mask.shape for mask in masks] == [(n,) for n in hidden]
    assert all(mask.dtype == torch.bool and not mask.any() for mask in masks)


def test_a_copy_becomes_the_linear_map_and_the_network_stays():
    network = new_network()
    before = deepcopy(network.state_dict())
    W = torch.randn(2, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    linear = with_linear_map(network, W)
    X = torch.randn(9, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    torch.testing.assert_close(linear.evaluate(X), X @ W[:, :3].T + W[:, 3])
    assert not any(mask.any() for mask in linear.active_units())
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_linear_candidate_has_no_units_and_a_shrinkage():
    network = new_network()
    found = Candidate.linear(network, 0.1, 2, 3.0, 4.0)
    assert found.network is network
    assert not found.has_units
    assert (found.shrinkage, found.n_read) == (0.1, 2)
    assert (found.loss_before, found.loss_after) == (3.0, 4.0)


@pytest.mark.parametrize(("layer", "unit"), [(0, 0), (1, 4)])
def test_one_unit_of_any_layer_is_a_unit(layer, unit):
    network = new_network()
    masks = no_units(network)
    assert not Candidate(network, masks, 1.0, 1.0).has_units
    masks[layer][unit] = True
    assert Candidate(network, masks, 1.0, 1.0).has_units


def test_a_network_without_hidden_layers_has_no_units():
    assert not Candidate(new_network(()), [], 1.0, 1.0).has_units
