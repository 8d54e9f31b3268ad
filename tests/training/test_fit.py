"""From a network and rows to a trained network."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from configurations import FIRST_ORDER_SOLVERS, LOSSES, SOLVERS, as_truth
from skorch.callbacks import Callback
from spectral_cases import randomize

from sk_spectral import SpectralNetwork
from sk_spectral.data.batches import TensorDataset
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.deviances import LogLinkLoss
from sk_spectral.training.fit import new_net, train, train_by_decay
from sk_spectral.training.losses import LabelLoss, LogLoss, SquaredError


def rows(n_samples=60, seed=0, loss_name="squares"):
    loss, n_outputs = LOSSES[loss_name]
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n_samples, 3, generator=generator)
    bend = X.square().sum(dim=1)
    if isinstance(loss, LabelLoss):
        return TensorDataset(X, torch.stack([bend > 2, X[:, 0] > 0], dim=1))
    if isinstance(loss, LogLoss):
        return TensorDataset(X, (bend > 2).long() + (bend > 4).long() * (n_outputs > 1))
    if isinstance(loss, LogLinkLoss):
        bend = bend / bend.mean()
    return TensorDataset(X, as_truth(loss, torch.stack([bend, X[:, 0]], dim=1)))


def new_network(n_outputs=2):
    network = SpectralNetwork((3, 4, 5, n_outputs), generator=torch.Generator().manual_seed(0))
    return randomize(network, scale=0.3)


def trained(config, valid=None, loss_name="squares", network=None, **changes):
    loss, n_outputs = LOSSES[loss_name]
    network = new_network(n_outputs) if network is None else network
    generator = torch.Generator().manual_seed(0)
    data = rows(loss_name=loss_name)
    return train(network, data, valid, loss, config, generator, **changes)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("loss_name", LOSSES)
def test_a_copy_is_trained_and_its_loss_falls(solver, loss_name):
    network = new_network(LOSSES[loss_name][1])
    before = deepcopy(network.state_dict())
    settings = {"batch_size": 20, "max_iter": 15, "eigenvalue_rate": 1.0, "weight_decay": 0.0}
    config = TrainingConfig(solver=solver, **settings)
    net = trained(config, loss_name=loss_name, network=network)
    assert net.module_ is not network
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])
    data, loss = rows(loss_name=loss_name), LOSSES[loss_name][0]
    with torch.no_grad():
        at_first, in_the_end = (
            loss(made(data.X), data.y).mean() for made in (network, net.module_)
        )
    assert in_the_end < at_first


@pytest.mark.parametrize(("n_epochs", "expected"), [(None, 4), (2, 2), (6, 6)])
def test_it_takes_as_many_epochs_as_are_asked_for(n_epochs, expected):
    net = trained(TrainingConfig(max_iter=4), n_epochs=n_epochs)
    assert len(net.history) == expected


def test_masked_units_have_no_part_and_what_they_read_and_write_stays():
    masks = [torch.tensor([True, False, True, True]), torch.tensor([True] * 5)]
    network = new_network()
    config = TrainingConfig(max_iter=3, weight_decay=0.0, learning_rate_init=1e-2)
    net = trained(config, network=network, unit_masks=masks)
    data = rows()
    with torch.no_grad():
        outputs = net.module_(data.X, [mask.float() for mask in masks])
    assert torch.equal(net.module_.evaluate(data.X, masks), outputs)
    moved = net.module_.eigenvectors[0] != network.eigenvectors[0]
    assert moved[masks[0]].all()
    other = trained(config, network=network)
    assert not torch.equal(other.module_.eigenvectors[0], net.module_.eigenvectors[0])


def test_the_best_epoch_for_rows_that_are_watched_is_restored():
    config = TrainingConfig(max_iter=30, n_iter_no_change=30, learning_rate_init=0.1, batch_size=5)
    valid = rows(200, seed=1)
    net = trained(config, valid)
    losses = net.history[:, "valid_loss"]
    assert losses[-1] > min(losses)
    with torch.no_grad():
        found = SquaredError()(net.module_(valid.X), valid.y).mean().item()
    assert found == pytest.approx(min(losses), rel=1e-5)


@pytest.mark.parametrize("stop_early", [True, False])
def test_the_rule_that_stops_comes_after_the_callbacks_of_the_user(stop_early):
    class Mine(Callback):
        pass

    config = TrainingConfig(callbacks=[Mine()], n_iter_no_change=7, tol=0.25)
    net = new_net(new_network(), SquaredError(), config, 60, stop_early).initialize()
    names = [name for name, _ in net.callbacks_]
    assert names[-2:] == ["Mine", "early_stopping"]
    rule = dict(net.callbacks_)["early_stopping"]
    assert rule.monitor == ("valid_loss" if stop_early else "train_loss")
    assert (rule.patience, rule.threshold, rule.load_best) == (7, 0.25, stop_early)


@pytest.mark.parametrize("solver", FIRST_ORDER_SOLVERS)
@pytest.mark.parametrize("trains_input", [True, False])
def test_weight_decay_is_for_the_eigenvectors_and_a_rate_of_their_own_for_eigenvalues(
    solver, trains_input
):
    generator = torch.Generator().manual_seed(0)
    network = SpectralNetwork((2, 16, 1), train_input_eigenvalues=trains_input, generator=generator)
    config = TrainingConfig(
        solver=solver, weight_decay=0.5, eigenvalue_rate=3.0, learning_rate_init=1e-2
    )
    net = new_net(network, SquaredError(), config, 60, False).initialize()
    by_decay = {group["weight_decay"]: group for group in net.optimizer_.param_groups}
    sizes = {decay: sum(p.numel() for p in g["params"]) for decay, g in by_decay.items()}
    assert sizes == {0.5: 16 * 3 + 16, 0.0: 16 + 1 + 3 * trains_input}
    assert {decay: g["lr"] for decay, g in by_decay.items()} == {
        0.5: 1e-2, 0.0: pytest.approx(3e-2),
    }  # fmt: skip


@pytest.mark.parametrize("average", [True, False])
def test_the_net_has_what_the_settings_say(average):
    config = TrainingConfig(penalty="l1", alpha=0.5, average=average, batch_size=13)
    net = new_net(new_network(), SquaredError(), config, 60, False)
    assert (net.penalty, net.alpha, net.average) == ("l1", 0.5, average)
    assert (net.batch_size, net.verbose, net.device) == (13, 0, "cpu")


def test_a_loss_that_is_no_number_any_more_leaves_the_network_as_it_was():
    network = new_network()
    before = deepcopy(network.state_dict())
    config = TrainingConfig(solver="sgd", learning_rate_init=1e6)
    with pytest.raises(ValueError, match="Lower learning_rate_init"):
        trained(config, network=network)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def by_decay(config, times, valid):
    """The net, the settings by which it was trained, and the least losses of all trainings."""
    generators = []

    def generator():
        generators.append(torch.Generator().manual_seed(len(generators)))
        return generators[-1]

    network, data = new_network(), rows()
    found = train_by_decay(
        network, data, valid, SquaredError(), config, generator, n_epochs=6, times=times
    )
    return *found, len(generators)


@pytest.mark.parametrize("n_valid", [10, 30, 300])
def test_more_weight_decay_is_tried_while_it_helps_and_kept_if_that_is_sure(n_valid):
    config, valid = TrainingConfig(batch_size=10), rows(n_valid, seed=1)
    times = 3.0, 10.0, 100.0
    losses = []
    for i, factor in enumerate((1.0, *times)):
        settings = config.with_decay(factor, 60)
        shuffled = torch.Generator().manual_seed(i)
        net = train(new_network(), rows(), valid, SquaredError(), settings, shuffled, n_epochs=6)
        losses.append((net.module_.evaluate(valid.X) - valid.y).square().mean(dim=1).numpy())
    n_falls = 0
    while n_falls < 3 and losses[n_falls + 1].mean() < losses[n_falls].mean():
        n_falls += 1
    assert n_falls < 3  # a hundred times as much is too much
    gains = losses[0] - losses[n_falls]
    kept = n_falls if gains.mean() > gains.std() / n_valid**0.5 else 0
    net, chosen, n_trained = by_decay(config, times, valid)
    assert n_trained == n_falls + 2
    assert chosen == (config if kept == 0 else config.with_decay(times[kept - 1], 60))
    found = (net.module_.evaluate(valid.X) - valid.y).square().mean(dim=1).numpy()
    np.testing.assert_array_equal(found, losses[kept])


@pytest.mark.parametrize("changes", [{"weight_decay": 0.1}, {"solver": "lbfgs"}])
def test_a_decay_that_is_given_is_kept(changes):
    config = TrainingConfig(batch_size=10, **changes)
    _, chosen, n_trained = by_decay(config, (3.0,), rows(30, seed=1))
    assert (chosen, n_trained) == (config, 1)


def test_without_validation_rows_no_decay_is_chosen():
    config = TrainingConfig(batch_size=10)
    assert by_decay(config, (3.0,), None)[1:] == (config, 1)


def test_decay_is_a_multiple_of_what_auto_makes_of_so_many_rows():
    config = TrainingConfig(batch_size=20, max_iter=5)
    assert config.with_decay(3.0, 80).weight_decay == pytest.approx(
        3 * 0.1 * (20 / 400) ** 0.5 / 1e-3
    )
