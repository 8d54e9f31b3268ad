"""A Ctrl-C, or an error of a callback: it ends a fit, and leaves all as it was."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback

from sk_spectral import SpectralNASRegressor
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
    model = SpectralNASRegressor((32,), n_knots=0, max_iter=200, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert not hasattr(model, "compact_")
