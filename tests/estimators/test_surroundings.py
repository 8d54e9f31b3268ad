"""What a caller does around a fit: Ctrl-C, torch's own settings, callbacks of skorch."""

import tempfile
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    Freezer,
    GradientNormClipping,
    LRScheduler,
    ProgressBar,
    TrainEndCheckpoint,
)

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.training.net import SpectralNet

X = np.random.RandomState(0).randn(200, 3)
Y = np.sin(2 * X[:, 0]) + X[:, 1] ** 2


class Raises(Callback):
    def __init__(self, error):
        self.error = error

    def on_epoch_end(self, net, **kwargs):
        raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("mine")])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_an_interrupt_ends_a_fit_and_leaves_all_as_it_was(error, solver, method):
    model = SpectralNASRegressor((8,), solver=solver, max_iter=3, random_state=0)
    getattr(model, method)(X, Y)
    other = clone(model)
    getattr(other, method)(X, Y)
    before, threads = model.predict(X), torch.get_num_threads()
    model.set_params(callbacks=[Raises(error)])
    if method == "partial_fit":
        model.net_.callbacks_.append(("raises", Raises(error)))
    with pytest.raises(type(error)):
        getattr(model, method)(X, Y)
    np.testing.assert_array_equal(model.predict(X), before)
    assert torch.get_num_threads() == threads
    model.set_params(callbacks=None)
    if method == "partial_fit":
        model.net_.callbacks_.pop()
    getattr(model, method)(X, Y)
    getattr(other, method)(X, Y)
    np.testing.assert_array_equal(model.predict(X), other.predict(X))


@pytest.mark.parametrize("nth", [2, 3, pytest.param(6, marks=pytest.mark.slow)])
def test_an_interrupt_in_a_later_training_of_the_search_ends_the_fit(monkeypatch, nth):
    n_trainings, train = [0], SpectralNet.run_single_epoch

    def interrupted(self, *args, **kwargs):
        n_trainings[0] += not len(self.history[:-1])
        if n_trainings[0] >= 2 * nth:  # each has rows to train on and rows to watch
            raise KeyboardInterrupt
        return train(self, *args, **kwargs)

    monkeypatch.setattr(SpectralNet, "run_single_epoch", interrupted)
    model = SpectralNASRegressor((32,), max_iter=200, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert not hasattr(model, "compact_")


@contextmanager
def default_dtype(dtype):
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(
    "state",
    [
        torch.no_grad,
        torch.inference_mode,
        lambda: default_dtype(torch.float64),
        lambda: torch.device("meta"),
        lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_what_the_caller_set_in_torch_changes_nothing(state, method):
    def found():
        model = SpectralNASRegressor((8,), max_iter=3, random_state=0)
        return getattr(model, method)(X, Y).predict(X)

    expected, drawn = found(), torch.get_rng_state()
    with state():
        np.testing.assert_array_equal(found(), expected)
    assert torch.equal(torch.get_rng_state(), drawn)
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32


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


def test_scorers_of_classes_work():
    scores = [EpochScoring(name, on_train=True) for name in ("accuracy", "roc_auc")]
    model = SpectralNASClassifier(
        (4,), prune_tol=None, max_iter=2, callbacks=scores, random_state=0
    )
    history = model.fit(X, Y > 1).net_.history
    assert all(0.4 < value <= 1 for row in history[:, ("accuracy", "roc_auc")] for value in row)


def test_batches_are_in_the_history_only_where_they_may_be_read():
    model = SpectralNASRegressor((4,), max_iter=2, random_state=0)
    assert not model.fit(X, Y).net_.history[-1, "batches"]
    model.set_params(callbacks=[BatchScoring("r2", name="mine")])
    assert model.fit(X, Y).net_.history[-1, "batches"]
