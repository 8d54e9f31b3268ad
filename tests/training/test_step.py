"""The step without an autograd graph against autograd."""

import pickle
from copy import deepcopy

import pytest
import torch
from configurations import (
    ACTIVATIONS,
    FIRST_ORDER_SOLVERS,
    HIDDEN_LAYERS,
    LOSSES,
    PENALTIES,
    as_truth,
)
from skorch.callbacks import Callback, Freezer, GradientNormClipping
from spectral_cases import randomize

from sk_spectral import SpectralNetwork
from sk_spectral.data.batches import Batch, TensorDataset
from sk_spectral.spectral import penalties
from sk_spectral.spectral.carry import one_replica
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.fit import new_net
from sk_spectral.training.flat_parameters import FlatParameters, flat_parameters
from sk_spectral.training.loss import weighted_mean
from sk_spectral.training.losses import SquaredError
from sk_spectral.training.step import GradientStep


def seeded(sizes, **kwargs):
    generator = torch.Generator().manual_seed(0)
    return SpectralNetwork(sizes, generator=generator, dtype=torch.float64, **kwargs)


def attach(network):
    """Flat parameters of which those of the network are views until it is forgotten."""
    flat = [parameter for _, parameter in flat_parameters(network)]
    FlatParameters(network, flat).__enter__()
    return flat


def problem(loss, n_outputs, weighted, n_samples=9):
    generator = torch.Generator().manual_seed(1)
    X = torch.randn(n_samples, 3, generator=generator).double()
    y = as_truth(loss, torch.randn(n_samples, n_outputs, generator=generator).double())
    weight = torch.rand(n_samples, generator=generator).double() + 0.1 if weighted else None
    return Batch(X, y, weight)


def by_autograd(network, loss, penalty, alpha, batch):
    network = deepcopy(network)
    value = weighted_mean(loss(network(batch.X), batch.y), batch.sample_weight)
    if penalty is not None:
        cost = penalties.PENALTIES[penalty](network.eigenvalues, network.eigenvectors)
        value = value + alpha * cost
    value.backward()
    return value.detach(), [p.grad for p in network.parameters()]


def with_constant(batch, network):
    if network.fit_intercept:
        batch = batch._replace(X=torch.cat([batch.X, batch.X.new_ones(len(batch.X), 1)], dim=1))
    return Batch(*one_replica(batch))


@pytest.mark.parametrize("hidden", ["none", "one", "two", "five"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss_name", sorted(LOSSES))
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("train_input_eigenvalues", [True, False])
def test_value_and_gradient(
    hidden, activation, loss_name, penalty, weighted, train_input_eigenvalues
):
    loss, n_outputs = LOSSES[loss_name]
    network = seeded(
        [3, *HIDDEN_LAYERS[hidden], n_outputs],
        activation=activation,
        fit_intercept=weighted,
        train_input_eigenvalues=train_input_eigenvalues,
    )
    randomize(network)
    if train_input_eigenvalues:
        with torch.no_grad():
            network.eigenvalues[0].copy_(torch.linspace(-0.4, 0.7, len(network.eigenvalues[0])))
    batch = problem(loss, n_outputs, weighted)
    value, gradients = by_autograd(network, loss, penalty, 0.1, batch)
    attach(network)
    step = GradientStep.of(network, loss, penalty, 0.1)
    for _ in range(2):  # buffers are used again
        got, outputs = step(with_constant(batch, network))
        torch.testing.assert_close(got[0], value, rtol=1e-12, atol=1e-12)
        with torch.no_grad():
            torch.testing.assert_close(outputs[0], network(batch.X), rtol=1e-12, atol=1e-12)
        for parameter, expected in zip(network.parameters(), gradients, strict=True):
            if expected is None:
                assert parameter.grad is None
            else:
                torch.testing.assert_close(parameter.grad, expected, rtol=1e-10, atol=1e-11)


def test_growth_from_the_perceptron_is_followed_step_by_step():
    """Layers leave zero one after the other, and the gradient is right at each of these stages."""
    loss, batch = SquaredError(), problem(SquaredError(), 2, False)
    network = seeded([3, 4, 5, 4, 2])
    flat = attach(network)
    step = GradientStep.of(network, loss, None, 0.0)
    stages = set()
    for _ in range(6):
        _, gradients = by_autograd(network, loss, None, 0.0, batch)
        step(with_constant(batch, network))
        stages.add(tuple(step._recursion.at_zero))
        for parameter, expected in zip(network.parameters(), gradients, strict=True):
            if expected is not None:
                torch.testing.assert_close(parameter.grad, expected, rtol=1e-10, atol=1e-11)
        with torch.no_grad():
            for parameter in flat:
                parameter.sub_(parameter.grad, alpha=0.1)
    assert len(stages) == 4
    assert tuple(step._recursion.at_zero) == (True, False, False, False)


def test_batches_of_several_sizes():
    loss, network = SquaredError(), randomize(seeded([3, 4, 2]))
    attach(network)
    step = GradientStep.of(network, loss, "gamma", 0.1)
    for n_samples in (9, 4, 9):
        batch = problem(loss, 2, True, n_samples)
        _, gradients = by_autograd(network, loss, "gamma", 0.1, batch)
        step(with_constant(batch, network))
        torch.testing.assert_close(network.eigenvectors[0].grad, gradients[3])


def rows(n_samples=60):
    generator = torch.Generator().manual_seed(3)
    X = torch.rand(n_samples, 2, generator=generator) * 2 - 1
    return TensorDataset(X, X.square().sum(dim=1, keepdim=True))


def net_for(network, *callbacks, **changes):
    settings = {
        "batch_size": 16, "learning_rate_init": 1e-2, "eigenvalue_rate": 1.0, "weight_decay": 0.0,
        "tol": 0.0, "n_iter_no_change": 1000, "average": False, "penalty": None,
        "callbacks": callbacks,
    }  # fmt: skip
    config = TrainingConfig(**settings | changes)
    generator = torch.Generator().manual_seed(0)
    return new_net(network, SquaredError(), config, 1000, False, generator)


@pytest.mark.parametrize("solver", FIRST_ORDER_SOLVERS)
@pytest.mark.parametrize("penalty", PENALTIES)
def test_trains_as_a_loop_in_plain_torch_does(solver, penalty):
    network = randomize(seeded([2, 8, 8, 1]), scale=0.3)
    data = TensorDataset(rows().X.double(), rows().y.double())
    reference = deepcopy(network)
    settings = {"penalty": penalty, "alpha": 0.01, "weight_decay": 0.1, "eigenvalue_rate": 3.0}
    net = net_for(network, solver=solver, **settings).fit_rows(data, None, 3)

    groups = [
        {"params": list(reference.eigenvalues)[1:], "lr": 3e-2, "weight_decay": 0.0},
        {"params": list(reference.eigenvectors)},
    ]
    if solver == "adam":
        optimizer = torch.optim.AdamW(groups, lr=1e-2, weight_decay=0.1)
    else:
        optimizer = torch.optim.SGD(groups, lr=1e-2, momentum=0.9, nesterov=True, weight_decay=0.1)
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        for picked in torch.randperm(60, generator=generator).split(16):
            optimizer.zero_grad()
            loss = SquaredError()(reference(data.X[picked]), data.y[picked]).mean()
            if penalty is not None:
                cost = penalties.PENALTIES[penalty](reference.eigenvalues, reference.eigenvectors)
                loss = loss + 0.01 * cost
            loss.backward()
            optimizer.step()
    for one, other in zip(net.module_.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(one.detach(), other.detach(), rtol=1e-9, atol=1e-9)


def test_an_interrupted_training_goes_on_as_if_it_had_not_been():
    one, other = (randomize(seeded([2, 8, 1])).float() for _ in range(2))
    whole = net_for(one).fit_rows(rows(), None, 4)
    parts = net_for(other).fit_rows(rows(), None, 2)
    parts = pickle.loads(pickle.dumps(parts)).fit_rows(rows(), None, 2)
    for a, b in zip(whole.module_.parameters(), parts.module_.parameters(), strict=True):
        assert torch.equal(a, b)


def test_callbacks_that_work_on_gradients_and_parameters():
    class Norms(Callback):
        def __init__(self):
            self.norms = []

        def on_grad_computed(self, net, named_parameters, **kwargs):
            named = {name: p for name, p in named_parameters if p.requires_grad}
            assert "eigenvectors.0" in named
            self.norms.append(
                float(torch.stack([p.grad.square().sum() for p in named.values()]).sum().sqrt())
            )

    norms = Norms()
    clipped = net_for(seeded([2, 8, 1]).float(), GradientNormClipping(0.01), norms, solver="sgd")
    clipped.fit_rows(rows(), None, 2)
    assert len(norms.norms) == 8
    assert max(norms.norms) <= 0.01 * (1 + 1e-5)


def test_a_callback_can_freeze_parameters():
    network = randomize(seeded([2, 8, 1])).float()
    before = network.eigenvectors[0].detach().clone()
    output = network.eigenvectors[1].detach().clone()
    settings = {"weight_decay": 0.5, "eigenvalue_rate": 1.0}
    net_for(network, Freezer("eigenvectors.0"), **settings).fit_rows(rows(), None, 2)
    assert torch.equal(network.eigenvectors[0], before)
    assert not torch.equal(network.eigenvectors[1], output)


def test_callbacks_without_batch_events_cost_no_notification(monkeypatch):
    told = []

    class Epochs(Callback):
        def on_epoch_end(self, net, **kwargs):
            pass

    net = net_for(seeded([2, 8, 1]).float(), Epochs()).initialize()
    notify = net.notify
    monkeypatch.setattr(net, "notify", lambda name, **kw: (told.append(name), notify(name, **kw)))
    net.fit_rows(rows(), None, 2)
    assert told.count("on_epoch_end") == 2
    assert not {"on_batch_begin", "on_batch_end", "on_grad_computed"} & set(told)
