import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a thread for each of pytest's workers

import pytest
import torch
from hypothesis import settings

# Timings belong to benchmarks; examples are the same in every run.
settings.register_profile("tests", deadline=None, derandomize=True)
settings.load_profile("tests")


def pytest_addoption(parser):
    parser.addoption("--fuzz-runs", type=int, default=40, help="cases of the fuzz test")
    parser.addoption("--fuzz-seed", type=int, default=0, help="seed of all of them")
    parser.addoption(
        "--bit-for-bit", action="store_true", help="predictions of stored fits must be the same"
    )


@pytest.fixture(autouse=True)
def global_random_state_is_left_alone():
    """Nothing in the package may draw from torch's global generator or seed it."""
    before = torch.get_rng_state()
    yield
    assert torch.equal(before, torch.get_rng_state())
