import pytest
import torch
from configurations import architectures
from spectral_cases import perceptron_parameters, random_parameters

from sk_spectral.spectral import algebra
from sk_spectral.spectral.penalties import PENALTIES, Gamma, unit_strengths

SIZES = [4, 6, 5, 3]


def test_gamma_unit_by_unit():
    lam, phi = random_parameters(SIZES, 0)
    T = [None, *algebra.transfer_blocks(lam, phi)]
    expected = 0.0
    for i in (1, 2):
        for j in range(SIZES[i]):
            going_out = T[i + 1][:, j].square().sum()
            if i + 1 < len(SIZES) - 1:
                going_out = going_out + phi[i][:, j].square().sum()
            expected += float(T[i][j].norm() * going_out.sqrt())
    assert float(Gamma()(lam, phi)) == pytest.approx(expected, rel=1e-12)


def test_gamma_with_one_hidden_layer_is_a_group_lasso_on_the_tensor():
    lam, phi = random_parameters([4, 6, 3], 1)
    blocks = algebra.product_blocks(lam, phi)
    tensor = algebra.gamma_tensor(blocks[2, 1], blocks[1, 0])
    expected = float(tensor.square().sum(dim=(0, 2)).sqrt().sum())
    assert float(Gamma()(lam, phi)) == pytest.approx(expected, rel=1e-12)


def test_group_and_l1_leave_the_output_out():
    lam, phi = random_parameters(SIZES, 2)
    group = sum(float(v.square().sum()) ** 0.5 for v in lam[:-1])
    l1 = sum(float(v.abs().sum()) for v in lam[:-1])
    assert float(PENALTIES["group"](lam, phi)) == pytest.approx(group, rel=1e-12)
    assert float(PENALTIES["l1"](lam, phi)) == pytest.approx(l1, rel=1e-12)


@pytest.mark.parametrize("name", sorted(PENALTIES))
def test_zero_and_finite_gradient_at_the_perceptron(name):
    lam, phi = perceptron_parameters(SIZES, 0)
    leaves = [t.requires_grad_() for t in (*lam, *phi)]
    value = PENALTIES[name](lam, phi)
    assert value.item() == 0.0
    gradients = torch.autograd.grad(value, leaves, allow_unused=True)
    assert all(g is None or torch.isfinite(g).all() for g in gradients)


@pytest.mark.parametrize("name", sorted(PENALTIES))
def test_gradient_away_from_zero(name):
    lam, phi = random_parameters(SIZES, 3)
    leaves = [t.requires_grad_() for t in (*lam, *phi)]

    def value(*leaves):
        return PENALTIES[name](leaves[: len(SIZES)], leaves[len(SIZES) :])

    assert torch.autograd.gradcheck(value, leaves)


def test_without_hidden_layers_there_is_nothing_to_penalise():
    lam, phi = random_parameters([3, 2], 0)
    assert float(Gamma()(lam, phi)) == 0.0


@pytest.mark.parametrize("name", sorted(PENALTIES))
@pytest.mark.parametrize("sizes", architectures(3, 2), ids=str)
@pytest.mark.parametrize("start", ["perceptron", "random", "units at 0"])
@pytest.mark.parametrize("input_at_zero", [True, False])
def test_written_gradients_are_those_of_autograd(name, sizes, start, input_at_zero):
    lam, phi = (perceptron_parameters if start == "perceptron" else random_parameters)(sizes, 4)
    if input_at_zero or start == "units at 0":
        lam[0].zero_()
    if start == "units at 0" and len(sizes) > 2:
        lam[1][1:] = 0.0
    leaves = [t.requires_grad_() for t in (*lam, *phi)]
    value = PENALTIES[name](lam, phi)
    expected = [torch.zeros_like(t) for t in leaves]
    if value.requires_grad:
        got = torch.autograd.grad(value, leaves, allow_unused=True)
        expected = [e if g is None else g for e, g in zip(expected, got, strict=True)]
    with torch.no_grad():
        written = [torch.full_like(t, 0.5) for t in leaves]
        again = PENALTIES[name].add_gradient(
            lam, phi, 0.3, [None, *written[1 : len(lam)]] if input_at_zero else written[: len(lam)],
            written[len(lam) :], input_at_zero=input_at_zero,
        )  # fmt: skip
    torch.testing.assert_close(again, value.detach())
    for i, (one, other) in enumerate(zip(written, expected, strict=True)):
        if i > 0 or not input_at_zero:
            torch.testing.assert_close(one, 0.5 + 0.3 * other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", [1e-6, 1e-15, 1e-19, 1e-21, 1e-30, 0.0])
def test_gradients_of_tiny_blocks_stay_within_their_bounds(size):
    """Where squares are lost in float32 a ratio of norms must not become huge."""
    lam, phi = random_parameters(SIZES, 5)
    lam, phi = [v.float() for v in lam], [v.float() for v in phi]
    for v in lam[:-1]:
        v.mul_(size)
    written = [torch.zeros_like(t) for t in (*lam, *phi)]
    Gamma().add_gradient(
        lam, phi, 1.0, written[: len(lam)], written[len(lam) :], input_at_zero=False
    )
    bound = sum(float(p.norm()) for p in phi) ** 2 * 4
    assert all(float(gradient.abs().max()) < bound for gradient in written)


@pytest.mark.parametrize("name", sorted(PENALTIES))
def test_a_gradient_is_added_once_for_each_unit_of_strength(name):
    lam, phi = random_parameters(SIZES, 6)

    def written(*alphas):
        gradient = [torch.zeros_like(t) for t in (*lam, *phi)]
        for alpha in alphas:
            PENALTIES[name].add_gradient(
                lam, phi, alpha, gradient[: len(lam)], gradient[len(lam) :], input_at_zero=False
            )
        return gradient

    for one, other in zip(written(0.5), written(0.2, 0.3), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", sorted(PENALTIES))
def test_what_is_not_trained_gets_no_gradient_and_changes_none(name):
    lam, phi = random_parameters(SIZES, 7)
    full = [torch.zeros_like(t) for t in (*lam, *phi)]
    some = [torch.zeros_like(t) if i % 2 else None for i, t in enumerate((*lam, *phi))]
    values = [
        PENALTIES[name].add_gradient(
            lam, phi, 0.3, gradient[: len(lam)], gradient[len(lam) :], input_at_zero=False
        )
        for gradient in (full, some)
    ]
    assert values[0] == values[1]
    for one, other in zip(full, some, strict=True):
        assert other is None or torch.equal(one, other)


@pytest.mark.parametrize("name", sorted(PENALTIES))
def test_the_output_eigenvalues_cost_nothing_by_themselves(name):
    lam, phi = perceptron_parameters(SIZES, 1)
    lam[-1] *= 7.0
    assert PENALTIES[name](lam, phi).item() == 0.0


def test_unit_strengths_are_0_for_exactly_the_units_that_read_nothing():
    lam, phi = random_parameters(SIZES, 8)
    lam[0].zero_()
    lam[1][[0, 3]] = 0.0
    first, second = unit_strengths(lam, phi)
    assert (first == 0).nonzero().flatten().tolist() == [0, 3]
    assert (second > 0).all()
    assert Gamma()(lam, phi) == pytest.approx(float(first.sum() + second.sum()), rel=1e-12)
