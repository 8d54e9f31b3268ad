"""What callbacks write down: the package's own by hand, those of skorch by having them work."""

import tempfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from configurations import HIDDEN_LAYERS
from skorch.callbacks import (
    BatchScoring,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    Freezer,
    GradientNormClipping,
    LRScheduler,
    ProgressBar,
    TrainEndCheckpoint,
)
from skorch.history import History
from spectral_cases import randomize

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor, SpectralNetwork
from sk_spectral.data.batches import TensorDataset
from sk_spectral.training.callbacks import RecordOutputs, RecordTopology, Stopping
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.fit import new_net
from sk_spectral.training.losses import SquaredError

X = np.random.RandomState(0).randn(200, 3)
Y = np.sin(2 * X[:, 0]) + X[:, 1] ** 2


def rows(n_samples=60):
    A = torch.as_tensor(X[:n_samples]).float()
    return TensorDataset(A, torch.as_tensor(Y[:n_samples, None]).float())


def new_network(hidden=(4,)):
    return SpectralNetwork((3, *hidden, 1), generator=torch.Generator().manual_seed(0))


def net_of(network, *callbacks, stop_early=False, **settings):
    config = TrainingConfig(callbacks=callbacks, average=False, **settings)
    return new_net(network, SquaredError(), config, 60, stop_early)


def test_the_topology_of_one_hidden_layer_is_recorded_as_by_hand():
    network = randomize(new_network((6,)), scale=1.0)
    with torch.no_grad():
        network.eigenvalues[1][:2] *= 1e-3  # what these units read and write is next to nothing
        network.eigenvectors[1][:, :2] *= 1e-3
    net = net_of(network, RecordTopology()).fit_rows(rows(), None, 1)
    lam, phi = (
        [p.detach().double().numpy() for p in given]
        for given in (network.eigenvalues, network.eigenvectors)
    )
    reads, writes = (phi[i] * lam[i] - lam[i + 1][:, None] * phi[i] for i in range(2))
    strengths = np.linalg.norm(reads, axis=1) * np.linalg.norm(writes, axis=0)
    assert net.history[-1, "gamma_norm"] == pytest.approx(np.linalg.norm(strengths), rel=1e-5)
    strongest = np.sort(strengths)[::-1]
    few = next(n for n in range(7) if strongest[:n].sum() >= 0.99 * strongest.sum())
    assert net.history[-1, "units_in_effect"] == few
    assert 1 < few < 6


@pytest.mark.parametrize("hidden", HIDDEN_LAYERS.values(), ids=HIDDEN_LAYERS)
def test_a_network_that_is_linear_has_neither_richness_nor_units(hidden):
    """With rates of 0 it stays the linear map that it starts as."""
    still = {"learning_rate_init": 1e-30, "eigenvalue_rate": 0.0, "weight_decay": 0.0}
    net = net_of(new_network(hidden), RecordTopology(), **still).fit_rows(rows(), None, 2)
    assert net.history[:, "gamma_norm"] == [0.0, 0.0]
    assert net.history[:, "units_in_effect"] == [0, 0]


def test_outputs_are_kept_as_they_are_after_each_epoch():
    A, network = rows().X[:5], new_network()
    outputs, seen = RecordOutputs(A), []

    class Copies(RecordOutputs):
        def on_epoch_end(self, net, **kwargs):
            with torch.no_grad():
                seen.append(net.module_(self.X))

    net_of(network, outputs, Copies(A)).fit_rows(rows(), None, 3)
    assert len(outputs.outputs) == 3
    for one, other in zip(outputs.outputs, seen, strict=True):
        torch.testing.assert_close(one, other)
    assert not torch.equal(outputs.outputs[0], outputs.outputs[2])
    torch.testing.assert_close(outputs.outputs[-1], network.evaluate(A))


def test_a_stopping_rule_passes_epochs_without_the_loss_that_it_watches():
    rule = Stopping(monitor="valid_loss", patience=2, sink=lambda line: None)
    net = SimpleNamespace(history=History(), verbose=0)
    rule.on_train_begin(net)
    for watched, n_misses in ((True, 0), (False, 0), (True, 1), (False, 1), (False, 1)):
        net.history.new_epoch()
        net.history.record("epoch", len(net.history))
        net.history.record("valid_loss" if watched else "train_loss", 1.0)
        rule.on_epoch_end(net)
        assert rule.misses_ == n_misses
    net.history.new_epoch()
    net.history.record("epoch", len(net.history))
    net.history.record("valid_loss", 1.0)
    with pytest.raises(KeyboardInterrupt):
        rule.on_epoch_end(net)


@pytest.mark.parametrize("patience", [1, 3])
def test_a_training_stops_once_its_loss_has_not_fallen_for_so_many_epochs(patience):
    still = {"learning_rate_init": 1e-30, "eigenvalue_rate": 0.0, "weight_decay": 0.0}
    net = net_of(new_network(), n_iter_no_change=patience, **still).fit_rows(rows(), None, 20)
    assert len(net.history) == 1 + patience
    assert net.stopped_


CALLBACKS = {
    "progress": lambda: ProgressBar(detect_notebook=False),
    "checkpoint": lambda: Checkpoint(dirname=tempfile.mkdtemp(), load_best=True),
    "last checkpoint": lambda: TrainEndCheckpoint(dirname=tempfile.mkdtemp()),
    "batches": lambda: BatchScoring("r2", name="mine"),
    "epochs": lambda: EpochScoring("r2", name="mine"),
    "uncached": lambda: EpochScoring("r2", name="mine", use_caching=False),
    "stopping": EarlyStopping,
    "schedule": lambda: LRScheduler("CosineAnnealingLR", T_max=3),
    "freezer": lambda: Freezer("eigenvectors.*"),
    "clipping": lambda: GradientNormClipping(0.1),
}


@pytest.mark.parametrize("name", CALLBACKS)
@pytest.mark.parametrize("n_samples", [60, pytest.param(200, marks=pytest.mark.slow)])
def test_callbacks_of_skorch_work(name, n_samples):
    A, y = X[:n_samples], Y[:n_samples]
    model = SpectralNASRegressor((4,), max_iter=2, callbacks=[CALLBACKS[name]()], random_state=0)
    assert len(model.fit(A, y).net_.history) == 2
    model.set_params(callbacks=[CALLBACKS[name]()])
    SpectralNASClassifier((4,), max_iter=2, callbacks=model.callbacks).fit(A, y > 1)


def test_batches_are_in_the_history_only_where_they_may_be_read():
    model = SpectralNASRegressor((4,), max_iter=2, random_state=0)
    assert not model.fit(X, Y).net_.history[-1, "batches"]
    model.set_params(callbacks=[BatchScoring("r2", name="mine")])
    assert model.fit(X, Y).net_.history[-1, "batches"]
