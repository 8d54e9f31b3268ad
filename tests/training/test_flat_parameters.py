"""The parameters of a network as views of two tensors, and alone again afterwards."""

import pickle

import pytest
import torch
from configurations import HIDDEN_LAYERS
from spectral_cases import randomize

from sk_spectral import SpectralNetwork
from sk_spectral.training.flat_parameters import FlatParameters, flat_parameters, views_of


def new_network(sizes, **given):
    settings = {"train_input_eigenvalues": True, "dtype": torch.float64} | given
    return randomize(SpectralNetwork(sizes, generator=torch.Generator().manual_seed(0), **settings))


@pytest.mark.parametrize("hidden", HIDDEN_LAYERS.values(), ids=HIDDEN_LAYERS)
@pytest.mark.parametrize("trains_input", [True, False])
def test_there_is_room_for_every_parameter_that_is_trained(hidden, trains_input):
    network = new_network((3, *hidden, 2), train_input_eigenvalues=trains_input)
    named = flat_parameters(network)
    assert [name for name, _ in named] == ["eigenvalues", "eigenvectors"]
    for group, ((_, flat), name) in enumerate(zip(named, ("eigenval", "eigenvec"), strict=True)):
        wanted = [
            p for key, p in network.named_parameters() if p.requires_grad and key.startswith(name)
        ]
        assert flat.numel() == sum(p.numel() for p in wanted)
        assert [v.shape for v in views_of(flat, network, group)] == [p.shape for p in wanted]


@pytest.mark.parametrize("hidden", HIDDEN_LAYERS.values(), ids=HIDDEN_LAYERS)
def test_every_number_of_the_flat_tensors_is_one_of_the_network(hidden):
    network = new_network((3, *hidden, 2))
    flat = [parameter for _, parameter in flat_parameters(network)]
    before = [p.detach().clone() for p in network.parameters()]
    with FlatParameters(network, flat):
        for parameter, value in zip(network.parameters(), before, strict=True):
            assert torch.equal(parameter, value)
        with torch.no_grad():
            for whole in flat:
                whole.copy_(torch.arange(whole.numel()))
                whole.grad.copy_(-torch.arange(whole.numel()))
        numbers = torch.cat([p.detach().flatten() for p in network.parameters()])
        gradients = torch.cat([p.grad.flatten() for p in network.parameters()])
        expected = torch.cat([torch.arange(whole.numel()).double() for whole in flat])
        assert torch.equal(numbers.sort().values, expected.sort().values)
        assert torch.equal(gradients, -numbers)


def test_parameters_are_views_while_attached_and_alone_after_it():
    network = new_network((3, 5, 2))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    flat = [parameter for _, parameter in flat_parameters(network)]
    with FlatParameters(network, flat):
        shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
        assert shapes == {name: tuple(value.shape) for name, value in before.items()}
        with torch.no_grad():
            flat[1] += 1.0
        assert torch.equal(network.eigenvectors[0], before["eigenvectors.0"] + 1.0)
        assert torch.equal(network.eigenvalues[1], before["eigenvalues.1"])
    with torch.no_grad():
        flat[1] += 1.0
    assert torch.equal(network.eigenvectors[0], before["eigenvectors.0"] + 1.0)
    assert all(p.grad is None and p.is_contiguous() for p in network.parameters())
    n_bytes = sum(p.numel() * p.element_size() for p in network.parameters())
    assert len(pickle.dumps(network)) < n_bytes + 6000


def test_an_error_inside_lets_the_parameters_go_as_well():
    network = new_network((3, 5, 2))
    flat = [parameter for _, parameter in flat_parameters(network)]
    with pytest.raises(KeyboardInterrupt), FlatParameters(network, flat):
        raise KeyboardInterrupt
    with torch.no_grad():
        flat[0].fill_(9.0)
    assert not any((p == 9.0).any() for p in network.parameters())
    assert all(p.grad is None for p in network.parameters())


def test_what_a_callback_has_frozen_is_told_with_what_it_must_stay():
    network = new_network((3, 5, 2))
    flat = [parameter for _, parameter in flat_parameters(network)]
    with FlatParameters(network, flat) as parameters:
        assert parameters.frozen() == []
        network.eigenvectors[0].requires_grad_(False)
        ((view, value),) = parameters.frozen()
        with torch.no_grad():
            flat[1] += 1.0
        assert torch.equal(view, network.eigenvectors[0])
        assert torch.equal(value + 1.0, view)


@pytest.mark.parametrize("n_columns", [1, 3, 4])
def test_a_matrix_of_few_columns_has_contiguous_ones(n_columns):
    network = new_network((n_columns, 6, 2), fit_intercept=False)
    flat = [parameter for _, parameter in flat_parameters(network)]
    with FlatParameters(network, flat):
        phi = network.eigenvectors[0]
        assert (phi.T if n_columns <= 3 else phi).is_contiguous()


def test_a_network_without_intercept_has_no_room_for_one():
    sizes = [
        sum(flat.numel() for _, flat in flat_parameters(new_network((3, 5, 2), fit_intercept=has)))
        for has in (True, False)
    ]
    assert sizes[0] - sizes[1] == 5 + 1  # a column of the first eigenvectors, and an eigenvalue
