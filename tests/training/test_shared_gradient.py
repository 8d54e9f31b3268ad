"""The gradient of all processes' rows is that of one process with all of them."""

import pytest
from processes import output_of_each

STEP = """
from sk_spectral.data.batches import Batch
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.fit import new_net
from sk_spectral.training.losses import SquaredError
from sk_spectral.training.team import Team
from copy import deepcopy
generator = torch.Generator().manual_seed(0)
X = torch.randn(60, 4, generator=generator, dtype=torch.float64)
y = torch.randn(60, 2, generator=generator, dtype=torch.float64)
weight = torch.rand(60, generator=generator, dtype=torch.float64)
X[:, 3] = 1.0
network = SpectralNetwork((3, 5, 5, 2), generator=generator).double()
with torch.no_grad():
    for values in network.parameters():
        values.add_(0.3 * torch.randn(values.shape, generator=generator, dtype=torch.float64))

def gradient(rows, team, penalty):
    config = TrainingConfig(penalty=penalty, alpha=0.1)
    net = new_net(deepcopy(network), SquaredError(), config, 60, False).initialize()
    net.team = team
    with net.steps() as step:
        flat = [group["params"][0] for group in net.optimizer_.param_groups]
        batch = Batch(X[rows], y[rows], weight[rows])
        loss = step(batch)["loss"]
        return torch.cat([values.grad for values in flat]), loss

# Uneven parts; the last process of four has none.
ends = [0, 7, 60] if SIZE == 2 else [0, 30, 31, 60, 60]
for penalty in (None, "gamma"):
    whole = gradient(slice(0, 60), None, penalty)
    shared = gradient(slice(ends[RANK], ends[RANK + 1]), Team(), penalty)
    print(all(torch.allclose(a, b, rtol=1e-12, atol=1e-14) for a, b in zip(whole, shared)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("n_processes", [2, 4])
def test_it_is_that_of_all_rows(n_processes, tmp_path):
    for text, errors in output_of_each(STEP, n_processes, tmp_path):
        assert text.split() == ["True", "True"], errors


FAILS = """
from sk_spectral.training.shared_gradient import SharedGradient
from sk_spectral.training.team import Team
team, flat = Team(), [torch.nn.Parameter(torch.zeros(3))]
flat[0].grad = torch.ones(3)
shared = SharedGradient(team, flat)

def batches():
    yield 1
    if RANK == 1:
        raise OSError("no such disk")
    yield 2

try:
    for batch in shared.telling(batches()):
        shared(1, torch.tensor(1.0))
except Exception as error:
    print(f"{type(error).__name__}: {error} {team.has_failed}")
"""


@pytest.mark.slow
def test_where_one_cannot_read_its_rows_all_stop(tmp_path):
    (leader, _), (other, _) = output_of_each(FAILS, 2, tmp_path)
    assert leader.startswith("RuntimeError: Process 0 of 2 stops, as another one has met an error")
    assert leader.rstrip().endswith("True")
    assert other == "OSError: no such disk True\n"
