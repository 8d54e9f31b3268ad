"""The fused step of Adam, held against torch's own."""

import subprocess
import sys
from copy import deepcopy

import pytest
import torch
from torch import nn

from sk_spectral.training.optimizers import OPTIMIZERS, FusedAdamW


def parameters():
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(n, generator=generator)) for n in (5, 70)]


def optimizer_of(kind, some, **settings):
    groups = [{"params": some[:1], "lr": 0.3, "weight_decay": 0.0}, {"params": some[1:]}]
    return kind(groups, lr=1e-2, weight_decay=0.1, **settings)


def take_steps(optimizer, some, n_steps):
    generator = torch.Generator().manual_seed(1)
    for _ in range(n_steps):
        for parameter in some:
            parameter.grad = torch.randn(len(parameter), generator=generator)
        optimizer.step()


@pytest.fixture
def both():
    ours, theirs = parameters(), parameters()
    kinds = (FusedAdamW, ours, {}), (torch.optim.AdamW, theirs, {"fused": True})
    return [(optimizer_of(kind, some, **settings), some) for kind, some, settings in kinds]


def test_steps_are_those_of_torch_to_the_bit(both):
    for optimizer, some in both:
        take_steps(optimizer, some, 4)
        optimizer.param_groups[1]["lr"] = 1e-3  # as a schedule does
        take_steps(optimizer, some, 3)
    (_, ours), (_, theirs) = both
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)


def test_the_state_is_that_of_torch(both):
    for optimizer, some in both:
        take_steps(optimizer, some, 3)
    ours, theirs = (optimizer.state_dict() for optimizer, _ in both)
    assert ours["param_groups"] == theirs["param_groups"]
    for i, state in theirs["state"].items():
        assert state.keys() == ours["state"][i].keys()
        for name, value in state.items():
            assert torch.equal(value, ours["state"][i][name])


def test_a_state_that_was_kept_goes_on(both):
    (optimizer, some), _ = both
    take_steps(optimizer, some, 3)
    kept, values = deepcopy(optimizer.state_dict()), [p.detach().clone() for p in some]
    take_steps(optimizer, some, 2)
    expected = [p.detach().clone() for p in some]
    optimizer.load_state_dict(kept)
    with torch.no_grad():
        for parameter, value in zip(some, values, strict=True):
            parameter.copy_(value)
    take_steps(optimizer, some, 2)
    for parameter, value in zip(some, expected, strict=True):
        assert torch.equal(parameter, value)


def test_a_schedule_of_torch_finds_its_steps(both):
    (optimizer, some), _ = both
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    take_steps(optimizer, some, 1)
    schedule.step()  # warns where it has seen no step before it
    assert optimizer.param_groups[0]["lr"] == 0.15


def test_adam_is_the_fused_one():
    assert OPTIMIZERS["adam"][0] is FusedAdamW


def test_a_first_fit_imports_no_compiler():
    script = (
        "import sys, numpy as np\n"
        "from sk_spectral import SpectralNASRegressor\n"
        "X = np.random.RandomState(0).normal(size=(40, 2))\n"
        "SpectralNASRegressor(max_iter=3).fit(X, X[:, 0])\n"
        "print('torch._dynamo' in sys.modules)"
    )
    command = [sys.executable, "-c", script]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.strip() == "False"
