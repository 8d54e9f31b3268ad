"""A network in other units: the same function, and an optimiser that remembers in these units."""

import numpy as np
import pytest
import torch
from configurations import FIRST_ORDER_SOLVERS, HIDDEN_LAYERS
from spectral_cases import randomize

from sk_spectral import SpectralNetwork
from sk_spectral.data.batches import TensorDataset
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.fit import new_net
from sk_spectral.training.flat_parameters import views_of
from sk_spectral.training.losses import SquaredError
from sk_spectral.training.rescaling import multiply_outputs, rescale, silence

INPUTS, OUTPUTS = np.array([2.0, 0.1, 1.0, 3.0]), np.array([0.5, 7.0])
A = torch.randn(40, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
ROWS = TensorDataset(A, torch.stack([A.square().sum(dim=1), A[:, 0]], dim=1))
IN_NEW_UNITS = TensorDataset(A / torch.as_tensor(INPUTS), ROWS.y)
MEMORY = {"adam": ("exp_avg", "exp_avg_sq"), "sgd": ("momentum_buffer",)}


def new_network(hidden=(8, 6)):
    network = SpectralNetwork(
        (4, *hidden, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    randomize(network)
    with torch.no_grad():
        network.eigenvalues[0].copy_(torch.linspace(-0.5, 0.8, 5))
    return network


def net_of(network, solver="adam"):
    config = TrainingConfig(
        solver=solver, batch_size=len(A), average=False, weight_decay=0.0, learning_rate_init=1e-2
    )
    return new_net(network, SquaredError(), config, len(A), False).initialize()


@pytest.mark.parametrize("hidden", HIDDEN_LAYERS.values(), ids=HIDDEN_LAYERS)
@pytest.mark.parametrize("initialized", [True, False])
def test_other_units_leave_the_function_as_it_is(hidden, initialized):
    network = new_network(hidden)
    expected = network(A)
    net = net_of(network)
    net.initialized_ = initialized
    rescale(net, INPUTS, OUTPUTS)
    found = net.module_(A / torch.as_tensor(INPUTS))
    torch.testing.assert_close(found, expected * torch.as_tensor(OUTPUTS))


def remembered(net, solver):
    (parameter,) = net.optimizer_.param_groups[1]["params"]
    state = net.optimizer_.state[parameter]
    return [views_of(state[name].clone(), net.module_, 1) for name in MEMORY[solver]]


@pytest.mark.parametrize("solver", FIRST_ORDER_SOLVERS)
@pytest.mark.parametrize("hidden", HIDDEN_LAYERS.values(), ids=HIDDEN_LAYERS)
def test_the_optimiser_remembers_what_it_would_have_seen_in_the_new_units(solver, hidden):
    before, after = net_of(new_network(hidden), solver), net_of(new_network(hidden), solver)
    before.fit_rows(ROWS, None, 1)
    rescale(before, INPUTS, np.ones(2))
    rescale(after, INPUTS, np.ones(2))
    after.fit_rows(IN_NEW_UNITS, None, 1)
    for one, other in zip(remembered(before, solver), remembered(after, solver), strict=True):
        for a, b in zip(one, other, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("solver", FIRST_ORDER_SOLVERS)
def test_what_it_remembers_of_outputs_is_divided_as_gradients_are(solver):
    net = net_of(new_network(), solver).fit_rows(ROWS, None, 2)
    before = remembered(net, solver)
    rescale(net, np.ones(4), OUTPUTS)
    for power, one, other in zip((1, 2), before, remembered(net, solver), strict=False):
        torch.testing.assert_close(other[-1], one[-1] / torch.as_tensor(OUTPUTS)[:, None] ** power)
        for a, b in zip(one[:-1], other[:-1], strict=True):
            assert torch.equal(a, b)


def test_a_line_search_forgets_its_curvatures_and_goes_on():
    net = net_of(new_network(), "lbfgs").fit_rows(ROWS, None, 5)
    assert any("old_dirs" in state for state in net.optimizer_.state.values())
    rescale(net, INPUTS, np.ones(2))
    assert not net.optimizer_.state
    reached = net.history[-1, "train_loss"]
    net.fit_rows(IN_NEW_UNITS, None, 5)
    assert net.history[-1, "train_loss"] < reached


def test_outputs_are_multiplied():
    network = new_network()
    expected = 0.25 * network(A).detach()
    multiply_outputs(network, 0.25)
    torch.testing.assert_close(network(A).detach(), expected)


def test_nothing_is_read_of_inputs_that_are_silenced():
    network = new_network()
    silence(network, np.array([False, True, False, True]))
    moved = A.clone()
    moved[:, [1, 3]] += 100.0
    assert torch.equal(network(moved), network(A))
    moved[:, 0] += 1.0
    assert not torch.allclose(network(moved), network(A))
