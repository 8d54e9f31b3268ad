"""What a caller has set in torch changes no fit, and is as it was afterwards."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch

from sk_spectral import SpectralNASRegressor
from sk_spectral.training.torch_state import plain_torch

X = np.random.RandomState(0).randn(120, 3)
Y = np.sin(2 * X[:, 0]) + X[:, 1] ** 2


@contextmanager
def default_dtype(dtype):
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


STATES = {
    "no gradients": torch.no_grad,
    "inference": torch.inference_mode,
    "double precision": lambda: default_dtype(torch.float64),
    "meta device": lambda: torch.device("meta"),
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
}


def state_now():
    return (
        torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.get_default_dtype(),
        torch.get_default_device().type, torch.is_autocast_enabled("cpu"),
    )  # fmt: skip


PLAIN = (True, False, torch.float32, "cpu", False)


@pytest.mark.parametrize("state", STATES.values(), ids=list(STATES))
@pytest.mark.parametrize("fails", [True, False])
def test_torch_is_plain_inside_and_as_it_was_afterwards(state, fails):
    with state():
        before = state_now()
        assert before != PLAIN
        try:
            with plain_torch():
                assert state_now() == PLAIN
                if fails:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            pass
        assert state_now() == before
    assert state_now() == PLAIN


def test_products_inside_are_of_full_precision_and_have_gradients():
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16), plain_torch():
        weight = torch.full((2, 2), 1.0 + 1e-6, requires_grad=True)
        product = weight @ torch.ones(2, 2)
        product.sum().backward()
    assert product.dtype == torch.float32
    assert float(product.detach()[0, 0]) == pytest.approx(2.0 * (1.0 + 1e-6), abs=3e-7)
    assert torch.equal(weight.grad, torch.full((2, 2), 2.0))


@pytest.mark.parametrize("state", STATES.values(), ids=list(STATES))
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
