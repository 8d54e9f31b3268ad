"""Networks trained side by side, each held against the same training alone."""

import numpy as np
import pytest
import torch
from configurations import FIRST_ORDER_SOLVERS, HIDDEN_LAYERS, PENALTIES
from spectral_cases import randomize

from sk_spectral import SpectralNetwork
from sk_spectral.data.batches import Batch, TensorDataset
from sk_spectral.spectral import network as spectral_network
from sk_spectral.spectral import penalties
from sk_spectral.spectral.carry import one_replica
from sk_spectral.training import replicas as side_by_side
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.fit import train
from sk_spectral.training.flat_parameters import FlatParameters, flat_parameters
from sk_spectral.training.losses import LogLoss, SquaredError
from sk_spectral.training.replicas import train_replicas
from sk_spectral.training.step import GradientStep

R, N_ROWS, N_PICKED = 4, 70, 50
RNG = np.random.default_rng(0)
X = torch.as_tensor(RNG.normal(size=(N_ROWS, 3)))
ROWS = {
    "squares": (SquaredError(), torch.stack([X[:, 0] ** 2, X[:, 1]], dim=1), 2),
    "two classes": (LogLoss(), (X[:, 0] * X[:, 1] > 0).long(), 1),
    "three classes": (LogLoss(), (X[:, 0] > 0).long() + (X[:, 1] > 0).long(), 3),
}
WEIGHT = torch.as_tensor(RNG.uniform(0.5, 1.5, size=N_ROWS))
WEIGHT /= WEIGHT.mean()
ALPHAS = [0.0, 1e-3, 1e-2, 0.1]
CONFIG = TrainingConfig(
    penalty="gamma", batch_size=16, max_iter=6, learning_rate_init=1e-2, tol=1e-3
)


def networks(hidden=(5, 4), n_outputs=2, n=R, **settings):
    return [
        SpectralNetwork(
            (3, *hidden, n_outputs),
            dtype=torch.float64,
            generator=torch.Generator().manual_seed(seed),
            **settings,
        )
        for seed in range(n)
    ]


def generators(n=R):
    return [torch.Generator().manual_seed(10 + seed) for seed in range(n)]


def picked():
    return [torch.as_tensor(RNG.permutation(N_ROWS)[:N_PICKED]) for _ in range(R)]


def stacked(alone):
    """Eigenvalues and eigenvectors of networks, by layer."""
    groups = [n.eigenvalues for n in alone], [n.eigenvectors for n in alone]
    return [
        [torch.stack(values).detach() for values in zip(*group, strict=True)] for group in groups
    ]


def close(one, other):
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("hidden", HIDDEN_LAYERS.values(), ids=HIDDEN_LAYERS)
@pytest.mark.parametrize("penalty", [name for name in PENALTIES if name])
@pytest.mark.parametrize("case", ROWS)
def test_values_and_gradients_are_those_of_each_alone(hidden, penalty, case):
    loss, y, n_outputs = ROWS[case]
    alone = [randomize(network, seed) for seed, network in enumerate(networks(hidden, n_outputs))]
    constant = torch.cat([X, X.new_ones(N_ROWS, 1)], dim=1)
    batches = [Batch(constant[some], y[some], WEIGHT[some]) for some in picked()]
    found = []
    for network, batch, alpha in zip(alone, batches, ALPHAS, strict=True):
        FlatParameters(network, [p for _, p in flat_parameters(network)]).__enter__()
        step = GradientStep.of(network, loss, penalty, alpha)
        value, outputs = step(Batch(*one_replica(batch)))
        found.append((value[0], outputs[0], [p.grad for p in network.parameters()]))
    lam, phi = stacked(alone)
    d_lam = [None, *(torch.zeros_like(values) for values in lam[1:])]
    d_phi = [torch.zeros_like(values) for values in phi]
    step = GradientStep(
        lam, phi, d_lam, d_phi, "relu", loss, penalty, torch.tensor(ALPHAS, dtype=torch.float64)
    )
    together = Batch(*(torch.stack(values) for values in zip(*batches, strict=True)))
    for _ in range(2):  # buffers are used again
        values, outputs = step(together)
    for r, (value, said, gradients) in enumerate(found):
        torch.testing.assert_close(values[r], value, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(outputs[r], said, rtol=1e-12, atol=1e-12)
        for all_of_them, gradient in zip([*d_lam, *d_phi], gradients, strict=True):
            if gradient is not None:
                torch.testing.assert_close(all_of_them[r], gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("solver", FIRST_ORDER_SOLVERS)
@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("case", ROWS)
@pytest.mark.parametrize("trained", [True, False])
def test_each_ends_as_it_would_alone(solver, average, case, trained):
    loss, y, n_outputs = ROWS[case]
    config = CONFIG.replace(solver=solver, average=average, learning_rate_init=1e-3)
    rows, some = TensorDataset(X, y, WEIGHT), picked()
    start = networks(n_outputs=n_outputs, train_input_eigenvalues=trained)
    found = train_replicas(start, rows, loss, config, generators(), picked=some, alphas=ALPHAS)
    for r, replica in enumerate(found):
        own = TensorDataset(*rows.take(some[r]))
        alone = train(start[r], own, None, loss, config.replace(alpha=ALPHAS[r]), generators()[r])
        close(replica.network, alone.module_)
        np.testing.assert_allclose(replica.train_losses, alone.history[:, "train_loss"])


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("case", ["squares", "three classes"])
def test_each_stops_by_rows_of_its_own_or_of_all(monkeypatch, shared, case):
    monkeypatch.setattr(spectral_network, "_ROWS_AT_ONCE", 20)
    loss, y, n_outputs = ROWS[case]
    config = CONFIG.replace(max_iter=60, n_iter_no_change=3, learning_rate_init=3e-2)
    rows, some = TensorDataset(X, y), picked()
    valid = [TensorDataset(X[i::R], y[i::R], WEIGHT[i::R]) for i in range(R)]
    if shared:
        valid = valid[:1] * R
    for at_once in (1 << 18, 1):
        monkeypatch.setattr(side_by_side, "_VALUES_AT_ONCE", at_once)
        found = train_replicas(
            networks(n_outputs=n_outputs), rows, loss, config, generators(), picked=some,
            valid=valid,
        )  # fmt: skip
        for r, replica in enumerate(found):
            own = TensorDataset(*rows.take(some[r]))
            start = networks(n_outputs=n_outputs)[r]
            alone = train(start, own, valid[r], loss, config, generators()[r])
            assert replica.stopped == alone.stopped_
            np.testing.assert_allclose(replica.valid_losses, alone.history[:, "valid_loss"])
            close(replica.network, alone.module_)
        assert len({len(replica.valid_losses) for replica in found}) > 1


def test_all_rows_are_one_batch_in_their_order():
    loss, y, _ = ROWS["squares"]
    config = CONFIG.replace(batch_size=N_ROWS)
    rows = TensorDataset(X, y)
    (replica,) = train_replicas(networks(n=1), rows, loss, config, generators(1))
    alone = train(networks(n=1)[0], rows, None, loss, config, generators(1)[0])
    close(replica.network, alone.module_)


def test_the_networks_that_are_given_stay_what_they_are():
    loss, y, _ = ROWS["squares"]
    start, before = networks(), networks()
    train_replicas(start, TensorDataset(X, y), loss, CONFIG, generators())
    for one, other in zip(start, before, strict=True):
        for a, b in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.equal(a, b)


def test_penalties_of_several_networks_are_those_of_each():
    alone = [randomize(network, seed) for seed, network in enumerate(networks())]
    lam, phi = stacked(alone)
    for penalty in penalties.PENALTIES.values():
        written = [torch.zeros_like(values) for values in (*lam, *phi)]
        values = penalty.add_gradient(
            lam, phi, 1.0, written[: len(lam)], written[len(lam) :], input_at_zero=False
        )
        expected = [penalty(list(n.eigenvalues), list(n.eigenvectors)) for n in alone]
        torch.testing.assert_close(values, torch.stack(expected).detach())


def test_what_does_not_fit_side_by_side_is_refused():
    loss, y, _ = ROWS["squares"]
    rows = TensorDataset(X, y)
    assert train_replicas([], rows, loss, CONFIG, []) == []
    with pytest.raises(ValueError, match="of one shape"):
        train_replicas([*networks(n=1), *networks((6, 4), n=1)], rows, loss, CONFIG, generators(2))
    some = [torch.arange(10), torch.arange(11)]
    with pytest.raises(ValueError, match="equally many rows, got \\[10, 11\\]"):
        train_replicas(networks(n=2), rows, loss, CONFIG, generators(2), picked=some)
    with pytest.raises(ValueError, match="'adam' or 'sgd'"):
        train_replicas(networks(), rows, loss, CONFIG.replace(solver="lbfgs"), generators())
    wild = TensorDataset(X * 1e200, y)
    with pytest.raises(ValueError, match=r"loss became .* in epoch 1"):
        train_replicas(networks(), wild, loss, CONFIG, generators())
