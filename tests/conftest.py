import pytest
import torch
from hypothesis import settings

# Timings belong to benchmarks; examples are the same in every run.
settings.register_profile("tests", deadline=None, derandomize=True)
settings.load_profile("tests")


@pytest.fixture(autouse=True)
def global_random_state_is_left_alone():
    """Nothing in the package may draw from torch's global generator or seed it."""
    before = torch.get_rng_state()
    yield
    assert torch.equal(before, torch.get_rng_state())
