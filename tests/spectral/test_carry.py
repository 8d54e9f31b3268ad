"""The hand-written adjoint against finite differences and against autograd."""

import pytest
import torch
from configurations import architectures
from spectral_cases import randomize
from torch.utils.flop_counter import FlopCounterMode

from sk_spectral import SpectralNetwork
from sk_spectral.spectral import algebra
from sk_spectral.spectral.carry import carry
from sk_spectral.spectral.tensor_activations import TENSOR_ACTIVATIONS, TensorActivation

SIZES = architectures(3, 2)


def parameters(sizes, fit_intercept, input_eigenvalues):
    network = SpectralNetwork(
        sizes,
        fit_intercept=fit_intercept,
        dtype=torch.float64,
        generator=torch.Generator().manual_seed(0),
    )
    randomize(network, scale=0.7)
    lam = [v.detach().clone().requires_grad_() for v in network.eigenvalues]
    phi = [v.detach().clone().requires_grad_() for v in network.eigenvectors]
    if input_eigenvalues == "frozen at 0":
        lam[0].requires_grad_(False)
    elif input_eigenvalues == "frozen":
        lam[0] = torch.linspace(0.2, 0.9, len(lam[0]), dtype=torch.float64)
    return lam, phi


def masks_for(sizes, n_rows, kind):
    generator = torch.Generator().manual_seed(2)

    def draw(*shape):
        return torch.rand(*shape, generator=generator, dtype=torch.float64).round(decimals=1)

    if kind is None:
        return None
    hidden = sizes[1:-1]
    shapes = [(n,) for n in hidden] if kind == "units" else [(n_rows, n) for n in hidden]
    return [draw(*shape).requires_grad_() for shape in shapes]


@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: f"{len(sizes) - 1} mappings")
@pytest.mark.parametrize("activation", sorted(TENSOR_ACTIVATIONS))
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("masked", [None, "units", "rows"])
@pytest.mark.parametrize("input_eigenvalues", ["frozen at 0", "frozen", "trained"])
def test_values_and_gradients(sizes, activation, fit_intercept, masked, input_eigenvalues):
    lam, phi = parameters(sizes, fit_intercept, input_eigenvalues)
    X = torch.randn(5, len(lam[0]), generator=torch.Generator().manual_seed(1)).double()
    X.requires_grad_()
    masks = masks_for(sizes, 5, masked)
    leaves = [t for t in (X, *lam, *phi, *(masks or ())) if t.requires_grad]

    reference = algebra.carry_forward(X, lam, phi, TENSOR_ACTIVATIONS[activation].function, masks)
    got = carry(X, lam, phi, activation, masks)
    torch.testing.assert_close(got, reference, rtol=1e-12, atol=1e-12)
    cotangent = torch.randn(got.shape, generator=torch.Generator().manual_seed(3)).double()
    expected = torch.autograd.grad(reference, leaves, cotangent)
    gradients = torch.autograd.grad(got, leaves, cotangent)
    for gradient, one in zip(gradients, expected, strict=True):
        torch.testing.assert_close(gradient, one, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: f"{len(sizes) - 1} mappings")
@pytest.mark.parametrize("activation", sorted(TENSOR_ACTIVATIONS))
def test_gradcheck(sizes, activation):
    lam, phi = parameters(sizes, True, "trained")
    X = torch.randn(3, len(lam[0]), generator=torch.Generator().manual_seed(1)).double()
    n = len(lam)
    assert torch.autograd.gradcheck(
        lambda X, *leaves: carry(X, leaves[:n], leaves[n:], activation),
        [X.requires_grad_(), *lam, *phi],
    )


def test_the_adjoint_is_taken_rather_than_autograd(monkeypatch):
    monkeypatch.setattr(algebra, "carry_forward", None)
    network = SpectralNetwork([3, 4, 2], generator=torch.Generator().manual_seed(0))
    output = network(torch.ones(2, 3))
    assert type(output.grad_fn).__name__ == "_CarryBackward"


def test_a_second_derivative_is_refused_clearly():
    lam, phi = parameters([3, 4, 2], True, "trained")
    output = carry(torch.ones(2, 4).double(), lam, phi, "tanh").sum()
    with pytest.raises(RuntimeError, match="has no second derivative"):
        torch.autograd.grad(output, [phi[0]], create_graph=True)


def n_multiplications(lam, phi, activation="relu"):
    """Of the matrix products in one step, by number of rows."""
    X = torch.ones(2, len(lam[0])).double()
    in_place = {torch.ops.aten.baddbmm_: lambda _, a, b, **rest: 2 * a[0] * a[1] * a[2] * b[2]}
    with FlopCounterMode(display=False, custom_mapping=in_place) as counter:
        carry(X, lam, phi, activation).sum().backward()
    return counter.get_total_flops() // 2 // len(X)


def test_frozen_input_eigenvalues_save_products():
    frozen = n_multiplications(*parameters([40, 4, 2], True, "frozen at 0"))
    trained = n_multiplications(*parameters([40, 4, 2], True, "trained"))
    # Of φ_0: G_1, which they need alone. At 0, they save one forward anyway.
    assert trained - frozen == 41 * 4
    lam, phi = parameters([40, 4, 2], True, "frozen")
    assert n_multiplications(lam, phi) - frozen == 2 * 41 * 4  # one forward, one for its gradient


def test_layers_at_zero_cost_half_a_product_and_no_activation(monkeypatch):
    lam, phi = parameters([3, 4, 5, 2], True, "frozen at 0")
    full = n_multiplications(lam, phi)
    with torch.no_grad():
        lam[1].zero_()
        lam[2].zero_()
    assert n_multiplications(lam, phi) == full - 2 * 4 * 5  # φ_1: forward and for its gradient
    reference = algebra.carry_forward(torch.ones(2, 4).double(), lam, phi, torch.relu)
    never = TensorActivation("relu", None, TENSOR_ACTIVATIONS["relu"].adjoint)
    monkeypatch.setitem(TENSOR_ACTIVATIONS, "relu", never)
    got = carry(torch.ones(2, 4).double(), [lam[0], lam[1] * 0, lam[2] * 0, lam[3]], phi, "relu")
    with pytest.raises(TypeError):
        carry(torch.ones(2, 4).double(), [lam[0], lam[1] + 1, lam[2], lam[3]], phi, "relu")
    assert torch.equal(got[0], got[1])
    torch.testing.assert_close(got, reference, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("activation", sorted(TENSOR_ACTIVATIONS))
@pytest.mark.parametrize("at_zero", [(1,), (2,), (1, 2), (2, 3), (1, 2, 3)], ids=str)
def test_gradients_where_layers_are_at_zero(activation, at_zero):
    lam, phi = parameters([3, 4, 5, 4, 2], True, "frozen at 0")
    with torch.no_grad():
        for i in at_zero:
            lam[i].zero_()
    X = torch.randn(5, 4, generator=torch.Generator().manual_seed(1)).double()
    reference = algebra.carry_forward(X, lam, phi, TENSOR_ACTIVATIONS[activation].function)
    got = carry(X, lam, phi, activation)
    torch.testing.assert_close(got, reference, rtol=1e-12, atol=1e-12)
    leaves = [*lam[1:], *phi]
    expected = torch.autograd.grad(reference.square().sum(), leaves)
    for gradient, one in zip(
        torch.autograd.grad(got.square().sum(), leaves), expected, strict=True
    ):
        torch.testing.assert_close(gradient, one, rtol=1e-10, atol=1e-10)


def test_only_what_is_asked_for_is_computed():
    lam, phi = parameters([3, 4, 2], True, "frozen at 0")
    X = torch.ones(2, 4).double()
    carry(X, lam, phi, "relu").sum().backward()
    assert X.grad is None
    assert lam[0].grad is None
    assert all(t.grad is not None for t in (*lam[1:], *phi))
