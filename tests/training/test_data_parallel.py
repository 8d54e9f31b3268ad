"""Several processes train as one does with the same batches."""

import pytest
from processes import output_of_each

TRAIN = """
from hashlib import blake2b
from sk_spectral.data import Data, Scaling, TensorDataset
from sk_spectral.data.moments import moments_of
from sk_spectral.data.streamed import Pass, Stream, StreamedRows
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.data_parallel import SharedTraining
from sk_spectral.training.fit import new_net, train
from sk_spectral.training.losses import SquaredError
from sk_spectral.training.team import Team

N, BATCH = 240, int(sys.argv[4])
rng = np.random.default_rng(0)
X = rng.standard_normal((N, 3))
y = np.abs(X[:, :1]) + X[:, 1:2]
data = Data(y, None, X)
scaling = Scaling.fit(data, centered=True, complete=True)
team = Team()
# Batch k of all is batch k of each process, one after the other.
own = np.concatenate([part[RANK::SIZE] for part in np.arange(N).reshape(-1, BATCH)])
everything = np.ones(3, dtype=bool)
moments = moments_of(lambda: [X])
stream = Stream(
    lambda random: iter([data.take(own)]), N, 1.0, moments, everything, everything, N - len(own)
)
network = SpectralNetwork((3, 8, 8, 1), generator=torch.Generator().manual_seed(1)).double()
config = TrainingConfig(batch_size=BATCH, team=team, penalty="gamma", alpha=1e-4)
if not team.leads:
    message = team.told()
    message.follow(team, stream, new_net)
else:
    rows = StreamedRows(stream, Pass(scaling), torch.float64, torch.device("cpu"))
    net = train(network, rows, None, SquaredError(), config, None, n_epochs=15)
    whole = scaling.to_rows(data, dtype=torch.float64, device=torch.device("cpu"))
    alone = train(network, whole, None, SquaredError(), config, None, n_epochs=15)
    print(max(
        float((a - b).abs().max())
        for a, b in zip(net.module_.parameters(), alone.module_.parameters())
    ) < 1e-6)
    lost = net.history[-1, "train_loss"] - alone.history[-1, "train_loss"]
    print(abs(lost) < 1e-6, len(net.history), lost < 1e-6 < np.ptp(net.history[:, "train_loss"]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("n_processes", [2, 4])
@pytest.mark.parametrize("batch_size", [24, 240], ids=["mini-batches", "all rows at once"])
def test_it_is_the_training_of_one_process(batch_size, n_processes, tmp_path):
    outputs = output_of_each(TRAIN, n_processes, tmp_path, batch_size)
    text, errors = outputs[0]
    assert text.split() == ["True", "True", "15", "True"], errors
    assert not any(error for _, error in outputs[1:]), outputs
