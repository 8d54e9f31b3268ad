import numpy as np
import pytest
import torch
from configurations import SOLVERS
from skorch.callbacks import Callback, EpochScoring, LRScheduler

from sk_spectral import SpectralNASRegressor, SpectralNetwork
from sk_spectral.data.batches import TensorDataset
from sk_spectral.spectral.penalties import PENALTIES
from sk_spectral.training import threads
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.fit import new_net
from sk_spectral.training.losses import SquaredError


def rows(n_samples=50, weighted=False, seed=0):
    generator = torch.Generator().manual_seed(seed)
    X = torch.rand(n_samples, 2, generator=generator) * 2 - 1
    weight = torch.rand(n_samples, generator=generator) + 0.5 if weighted else None
    return TensorDataset(X, X.square().sum(dim=1, keepdim=True), weight)


def net_for(network, *, stop_early=False, **changes):
    settings = {
        "batch_size": 16, "learning_rate_init": 1e-2, "eigenvalue_rate": 1.0, "weight_decay": 0.0,
        "tol": 0.0, "n_iter_no_change": 1000, "average": False, "penalty": None,
    }  # fmt: skip
    config = TrainingConfig(**settings | changes)
    generator = torch.Generator().manual_seed(0)
    return new_net(network, SquaredError(), config, 1000, stop_early, generator)


def new_network(sizes=(2, 16, 1)):
    return SpectralNetwork(sizes, generator=torch.Generator().manual_seed(0))


def test_the_loss_is_weighted_and_penalised_in_training_alone():
    network, data = new_network(), rows(weighted=True)
    with torch.no_grad():
        network.eigenvalues[1].fill_(0.3)
    net = net_for(network, penalty="gamma", alpha=0.7).initialize()
    X, y = data[:]
    with torch.no_grad():
        outputs = net.infer(X)
        plain = (data.sample_weight * (outputs - y).square().squeeze(1)).mean()
        cost = PENALTIES["gamma"](list(network.eigenvalues), list(network.eigenvectors))
        torch.testing.assert_close(net.get_loss(outputs, y, X), plain)
        torch.testing.assert_close(net.get_loss(outputs, y, X, training=True), plain + 0.7 * cost)


def test_history_has_one_row_an_epoch_and_the_mean_losses():
    network, data, valid = new_network(), rows(50), rows(20, seed=1)
    net = net_for(network).fit_rows(data, valid, 3)
    assert len(net.history) == 3
    assert "batches" not in net.history[-1] or not net.history[-1]["batches"]
    with torch.no_grad():
        expected = (network(valid.X) - valid.y).square().mean().item()
    assert net.history[-1, "valid_loss"] == pytest.approx(expected, rel=1e-5)


def test_early_stopping_restores_the_best_epoch():
    network, data, valid = new_network(), rows(16), rows(200, seed=1)
    net = net_for(network, stop_early=True, n_iter_no_change=5, learning_rate_init=0.05)
    net.fit_rows(data, valid, 500)
    losses = net.history[:, "valid_loss"]
    assert len(losses) < 500
    assert len(losses) == int(np.argmin(losses)) + 1 + 5
    with torch.no_grad():
        restored = (network(valid.X) - valid.y).square().mean().item()
    assert restored == pytest.approx(min(losses), rel=1e-5)


def test_the_net_keeps_no_rows():
    net = net_for(new_network()).fit_rows(rows(), rows(seed=1), 2)
    assert not any(isinstance(value, TensorDataset) for value in vars(net).values())


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_lowers_the_loss(solver):
    data = rows(64)
    batch_size = 64 if solver == "lbfgs" else 8
    net = net_for(new_network(), solver=solver, batch_size=batch_size).fit_rows(data, None, 60)
    losses = net.history[:, "train_loss"]
    assert losses[-1] < 0.5 * losses[0]


def test_a_loss_that_is_not_finite_stops_and_leaves_the_network_as_it_was():
    network, data = new_network(), rows()
    net = net_for(network, solver="sgd", learning_rate_init=1e6)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(ValueError, match="Lower learning_rate_init"):
        net.fit_rows(data, None, 50)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_user_callbacks_get_batches_and_epochs():
    X, y = rows(250).X.numpy(), rows(250).y.numpy()[:, 0]

    class Recorder(Callback):
        n_batches = n_valid_batches = 0

        def __init__(self):
            self.epochs = []

        def on_batch_end(self, net, batch, training, **kwargs):
            self.n_batches += training
            self.n_valid_batches += not training

        def on_epoch_end(self, net, **kwargs):
            self.epochs.append(net.history[-1, "train_loss"])

    recorder = Recorder()
    scoring = EpochScoring("r2", name="valid_r2", lower_is_better=False)
    schedule = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.5)
    model = SpectralNASRegressor(
        (8,), prune_tol=None, max_iter=4, batch_size=50,
        callbacks=[recorder, scoring, schedule], random_state=0,
    ).fit(X, y)  # fmt: skip
    assert recorder.epochs == model.loss_curve_
    assert recorder.n_batches == 4 * 5  # 225 training rows
    assert recorder.n_valid_batches == 4
    assert len(model.net_.history[:, "valid_r2"]) == 4
    assert model.net_.optimizer_.param_groups[-1]["lr"] < 1e-3


def test_verbose_prints_a_line_an_epoch_and_nothing_by_default(capsys):
    X, y = rows(30).X.numpy(), rows(30).y.numpy()[:, 0]
    SpectralNASRegressor((4,), max_iter=3).fit(X, y)
    assert capsys.readouterr().out == ""
    SpectralNASRegressor((4,), max_iter=3, verbose=1).fit(X, y)
    assert capsys.readouterr().out.count("\n") >= 3 + 2


class Threads(Callback):
    def __init__(self):
        self.seen = set()

    def on_epoch_end(self, net, **kwargs):
        self.seen.add(torch.get_num_threads())


@pytest.mark.parametrize(("width", "expected"), [(16, 1), (400, 2)])
def test_small_networks_train_in_one_thread_and_the_number_comes_back(width, expected, monkeypatch):
    monkeypatch.setattr(threads, "LARGEST_WORK_FOR_ONE_THREAD", 1 << 20)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        told = Threads()
        net_for(new_network((2, width, width, 1)), callbacks=[told]).fit_rows(rows(), None, 2)
        assert told.seen == {expected}
        assert torch.get_num_threads() == 2
        with pytest.raises(ValueError, match="Lower learning_rate_init"):
            net_for(new_network((2, width, 1)), solver="sgd", learning_rate_init=1e9).fit_rows(
                rows(), None, 50
            )
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_average_changes_what_an_epoch_ends_with_and_not_the_steps():
    data, valid = rows(), rows(seed=1)
    plain, averaged = (
        net_for(new_network(), average=average).fit_rows(data, valid, 5)
        for average in (False, True)
    )
    assert plain.history[:, "train_loss"] == averaged.history[:, "train_loss"]
    assert plain.history[:, "valid_loss"] != averaged.history[:, "valid_loss"]
    assert not torch.equal(plain.module_.eigenvectors[0], averaged.module_.eigenvectors[0])


def test_masked_units_stay_out_of_training_and_of_validation():
    data = rows()
    network = new_network((2, 8, 1))
    masks = [torch.tensor([1.0, 0, 0, 0, 0, 0, 0, 0])]
    net = net_for(network, average=True).fit_rows(data, data, 30, masks)
    with torch.no_grad():
        outputs = network(data.X, masks)
    loss = float((outputs - data.y).square().mean())
    assert net.history[-1, "valid_loss"] == pytest.approx(loss, rel=1e-5)
    assert network.eigenvalues[1][1:].any()  # the masked ones carry on
    with torch.no_grad():
        assert not torch.allclose(network(data.X), outputs)
