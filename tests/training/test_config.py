"""What follows from the settings of a training for so many rows."""

from dataclasses import FrozenInstanceError, asdict

import pytest
import torch
from configurations import FIRST_ORDER_SOLVERS, SOLVERS
from hypothesis import given
from hypothesis import strategies as st

from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.config import TrainingConfig

N_ROWS = st.integers(1, 10**6)


def test_settings_cannot_be_changed_but_replaced():
    config = TrainingConfig()
    with pytest.raises(FrozenInstanceError):
        config.alpha = 1.0
    changed = asdict(config.replace(alpha=1.0))
    assert changed == asdict(config) | {"alpha": 1.0}


@given(N_ROWS)
def test_a_batch_is_a_twentieth_of_the_rows_within_bounds_and_all_of_up_to_100(n_samples):
    found = TrainingConfig().batch_size_for(n_samples)
    if n_samples <= 100:
        assert found == n_samples
    else:
        assert found == sorted([32, n_samples // 20, 200])[1]


@given(N_ROWS, st.integers(1, 1000))
def test_a_batch_that_is_asked_for_holds_no_more_rows_than_there_are(n_samples, batch_size):
    config = TrainingConfig(batch_size=batch_size)
    assert config.batch_size_for(n_samples) == min(batch_size, n_samples)
    message = config.batch_size_message(n_samples)
    assert (message is None) == (batch_size <= n_samples)
    if message is not None:
        assert message == (
            f"batch_size={batch_size} is over the {n_samples} training rows; "
            f"batches of {n_samples} rows are used."
        )


@pytest.mark.parametrize("batch_size", ["auto", 7])
def test_a_line_search_is_of_all_rows_and_says_nothing_of_batches(batch_size):
    config = TrainingConfig(solver="lbfgs", batch_size=batch_size)
    assert config.batch_size_for(4321) == 4321
    assert config.batch_size_message(3) is None


@pytest.mark.parametrize("solver", SOLVERS)
@given(st.integers(1, 5000), st.integers(1, 5000))
def test_epochs_are_the_fewest_that_hold_so_many_steps(solver, n_steps, n_samples):
    config = TrainingConfig(solver=solver, max_iter=50)
    steps_of_an_epoch = len(range(0, n_samples, config.batch_size_for(n_samples)))
    found = config.epochs_for(n_steps, n_samples)
    if solver == "lbfgs":
        assert found == min(n_steps, 50)
    else:
        assert (found - 1) * steps_of_an_epoch < n_steps <= found * steps_of_an_epoch


@pytest.mark.parametrize("solver", FIRST_ORDER_SOLVERS)
@pytest.mark.parametrize("rate", [1e-4, 0.3])
def test_the_decay_of_a_step_does_not_depend_on_the_learning_rate(solver, rate):
    config = TrainingConfig(solver=solver, learning_rate_init=rate)
    a_step = rate * config.weight_decay_for(1800 * 100, 200)
    assert a_step == pytest.approx(0.1 * (200 / (1800 * 100)) ** 0.5)
    assert config.replace(weight_decay=0.5).weight_decay_for(10, 5) == 0.5
    assert config.replace(weight_decay=0).weight_decay_for(10, 5) == 0.0


@pytest.mark.parametrize(
    ("penalty", "alpha", "expected"),
    [("gamma", 0.1, True), ("l1", 1e-300, True), ("gamma", 0.0, False), (None, 1.0, False)],
)
def test_the_topology_costs_something_by_a_penalty_and_its_strength(penalty, alpha, expected):
    assert TrainingConfig(penalty=penalty, alpha=alpha).is_penalized == expected


def test_a_quiet_training_tells_nobody_and_changes_nothing_else():
    told = TrainingConfig(callbacks=["something"], verbose=1, alpha=0.5)
    assert told.quiet() == TrainingConfig(alpha=0.5)


def test_a_training_to_the_last_epoch_has_more_patience_than_epochs():
    config = TrainingConfig(max_iter=10**6, n_iter_no_change=1).to_the_last_epoch()
    assert config.n_iter_no_change > config.max_iter
    assert config.replace(n_iter_no_change=1) == TrainingConfig(max_iter=10**6, n_iter_no_change=1)


@pytest.mark.parametrize("device", ["meta", "abacus", "cpu:x", 3.5])
def test_a_device_that_cannot_be_used_is_named(device):
    with pytest.raises(ValueError, match=r"cannot be used here \(.+\).*device='cpu' always can"):
        TrainingConfig(device=device).torch_device()


def test_a_device_may_be_given_as_torch_has_it():
    for device in ("cpu", torch.device("cpu")):
        assert TrainingConfig(device=device).torch_device() == torch.device("cpu")


@pytest.mark.parametrize(
    ("sizes", "batch_size", "kind"),
    [
        ((20, 64, 64, 1), 200, "cpu"),
        ((200, 256, 256, 256, 10), 1024, "cuda"),
        ((200, 256, 256, 256, 10), 64, "cpu"),
    ],
)
def test_auto_takes_a_gpu_for_large_steps_alone(sizes, batch_size, kind, monkeypatch):
    network = SpectralNetwork(sizes, generator=torch.Generator())
    config = TrainingConfig(device="auto", batch_size=batch_size)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert config.torch_device(network, 10**6) == torch.device("cpu")
    asked = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "zeros", lambda *_, device: asked.append(device) or torch.ones(1))
    config.torch_device(network, 10**6)
    assert asked == [torch.device(kind)]
