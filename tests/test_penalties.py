import pytest
import torch
from spectral_cases import perceptron_parameters, random_parameters

from sk_spectral import algebra
from sk_spectral.penalties import PENALTIES

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
    assert float(PENALTIES["gamma"](lam, phi)) == pytest.approx(expected, rel=1e-12)


def test_gamma_with_one_hidden_layer_is_a_group_lasso_on_the_tensor():
    lam, phi = random_parameters([4, 6, 3], 1)
    blocks = algebra.product_blocks(lam, phi)
    tensor = algebra.gamma_tensor(blocks[2, 1], blocks[1, 0])
    expected = float(tensor.square().sum(dim=(0, 2)).sqrt().sum())
    assert float(PENALTIES["gamma"](lam, phi)) == pytest.approx(expected, rel=1e-12)


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
    assert float(PENALTIES["gamma"](lam, phi)) == 0.0
