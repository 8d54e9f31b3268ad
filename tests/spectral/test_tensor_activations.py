import numpy as np
import pytest
import torch

from sk_spectral.spectral.activations import ARRAY_ACTIVATIONS
from sk_spectral.spectral.tensor_activations import TENSOR_ACTIVATIONS

EVERY = sorted(TENSOR_ACTIVATIONS)
Z = torch.cat([torch.linspace(-8, 8, 401, dtype=torch.float64), torch.zeros(1).double()])
R = torch.linspace(1, -2, len(Z), dtype=torch.float64)


def test_both_tables_have_the_same_names_in_the_same_order():
    assert list(TENSOR_ACTIVATIONS) == list(ARRAY_ACTIVATIONS)
    assert all(activation.name == name for name, activation in TENSOR_ACTIVATIONS.items())


@pytest.mark.parametrize("name", EVERY)
def test_tensors_and_arrays_give_the_same_values(name):
    of_tensor = TENSOR_ACTIVATIONS[name].function(Z).numpy()
    of_array = ARRAY_ACTIVATIONS[name](Z.numpy().copy())
    np.testing.assert_allclose(of_tensor, of_array, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", EVERY)
def test_zero_at_zero_in_every_precision(name):
    for dtype in (torch.float32, torch.float64):
        assert TENSOR_ACTIVATIONS[name].function(torch.zeros(3, dtype=dtype)).tolist() == [0.0] * 3


@pytest.mark.parametrize("name", EVERY)
def test_the_adjoint_is_that_of_autograd(name):
    activation = TENSOR_ACTIVATIONS[name]
    z = Z.clone().requires_grad_()
    (expected,) = torch.autograd.grad(activation.function(z), z, R)
    out = torch.full_like(Z, torch.nan)
    activation.adjoint(R, Z, out)
    torch.testing.assert_close(out, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", EVERY)
def test_the_adjoint_is_the_slope_of_the_function(name):
    """By central differences, away from the bend of relu at 0."""
    activation, step = TENSOR_ACTIVATIONS[name], 1e-6
    z = Z[Z.abs() > 0.01]
    out = torch.empty_like(z)
    activation.adjoint(torch.ones_like(z), z, out)
    slope = (activation.function(z + step) - activation.function(z - step)) / (2 * step)
    torch.testing.assert_close(out, slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", EVERY)
def test_the_adjoint_leaves_what_it_reads_alone(name):
    r, z = R.clone(), Z.clone()
    TENSOR_ACTIVATIONS[name].adjoint(r, z, torch.empty_like(z))
    assert torch.equal(r, R)
    assert torch.equal(z, Z)
