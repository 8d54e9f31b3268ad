"""Whoever is told of trainings: the default wants nothing, and changes nothing."""

import numpy as np
import torch

from sk_spectral import SpectralNetwork
from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.scaling import Scaling
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.fit import train
from sk_spectral.training.losses import SquaredError
from sk_spectral.training.observer import Observer

X = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
ROWS = TensorDataset(X, X[:, :1].abs())
NETWORK = SpectralNetwork((3, 4, 1), generator=torch.Generator().manual_seed(0))


def trained(observer, **asked):
    config = TrainingConfig(max_iter=6, observer=observer)
    generator = torch.Generator().manual_seed(0)
    return train(NETWORK, ROWS, None, SquaredError(), config, generator, **asked)


class Watching(Observer):
    """Writes down what it is told, and wants the third epoch to be the last."""

    def __init__(self, last=99):
        self.told, self.last = [], last

    def begin(self, task, n_epochs):
        self.told.append((task, n_epochs))
        return self.told

    def epoch(self, begun, network):
        assert begun is self.told
        begun.append(float(network.eigenvectors[0].detach().sum()))
        return len(begun) > self.last

    def end(self, begun, network):
        begun.append("end")


def test_one_that_wants_nothing_changes_nothing():
    scaling = Scaling(np.zeros(3), np.ones(3), np.zeros(1), np.ones(1))
    nobody = Observer()
    assert nobody.of(scaling) is nobody
    assert nobody.begin("training", 3) is None
    nets = [trained(observer) for observer in (None, nobody, Watching())]
    for net in nets[1:]:
        assert net.history[:, "train_loss"] == nets[0].history[:, "train_loss"]
        assert [type(c) for _, c in net.callbacks_] == [type(c) for _, c in nets[0].callbacks_]
        assert len(net.callbacks) == len(nets[0].callbacks)


def test_one_is_told_of_each_epoch_by_the_name_of_the_task():
    watching = Watching()
    trained(watching, task="fold", n_epochs=4)
    assert watching.told[0] == ("fold", 4)
    assert len(set(watching.told[1:5])) == 4
    assert watching.told[5:] == ["end"]


def test_one_may_end_a_training_which_is_no_interruption():
    net = trained(Watching(last=3))
    assert len(net.history) == 3
    assert net.stopped_
