"""A training that goes on from a state ends as if it had not been interrupted."""

import numpy as np
import pytest
import torch

from sk_spectral.data import TensorDataset
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training import checkpoint as module
from sk_spectral.training.checkpoint import Checkpoint
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.fit import train
from sk_spectral.training.losses import SquaredError

RNG = np.random.RandomState(0)
X = torch.as_tensor(RNG.randn(200, 3), dtype=torch.float32)
Y = (X[:, :1].abs() + X[:, 1:2]).contiguous()
ROWS, VALID = TensorDataset(X[:160], Y[:160]), TensorDataset(X[160:], Y[160:])
N_EPOCHS = 12


class Killed(BaseException):
    """As a process is, between two epochs."""


def trained(config, path=None, kill_after=None, valid=VALID, monkeypatch=None):
    generator = torch.Generator().manual_seed(0)
    network = SpectralNetwork((3, 8, 8, 1), generator=torch.Generator().manual_seed(1))
    if path is not None:
        checkpoint = Checkpoint(path)
        checkpoint.begin({}, [0])
        config = config.replace(checkpoint=checkpoint)
    if kill_after is not None:
        written = module.KeptTraining.keep

        def keep(self, state, **kwargs):
            written(self, state, **kwargs)
            if len(state["history"]) == kill_after:
                raise Killed

        monkeypatch.setattr(module.KeptTraining, "keep", keep)
    net = train(network, ROWS, valid, SquaredError(), config, generator, n_epochs=N_EPOCHS)
    return net, generator


@pytest.mark.parametrize("kill_after", [1, 5, 12])
@pytest.mark.parametrize("valid", [VALID, None], ids=["validated", "not validated"])
@pytest.mark.parametrize(
    "settings",
    [{}, {"average": False}, {"solver": "sgd"}, {"solver": "lbfgs"}, {"n_iter_no_change": 2}],
    ids=str,
)
def test_it_ends_as_if_it_had_not_been_interrupted(
    settings, valid, kill_after, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "_SECONDS", 0.0)
    config = TrainingConfig(batch_size=32, **settings)
    whole, generator = trained(config, valid=valid)
    kill_after = min(kill_after, len(whole.history) - 1) or 1
    with monkeypatch.context() as patched, pytest.raises(Killed):
        trained(config, tmp_path / "c", kill_after, valid, patched)
    again, other = trained(config, tmp_path / "c", valid=valid)
    for one, two in zip(whole.module_.parameters(), again.module_.parameters(), strict=True):
        assert torch.equal(one, two)
    assert [row["train_loss"] for row in whole.history] == again.history[:, "train_loss"]
    assert whole.stopped_ == again.stopped_
    assert torch.equal(generator.get_state(), other.get_state())
    # And once more, of a training that has ended.
    finished, _ = trained(config, tmp_path / "c", valid=valid)
    assert finished.history[:, "train_loss"] == again.history[:, "train_loss"]
    assert torch.equal(finished.module_.eigenvectors[0], whole.module_.eigenvectors[0])
