import numpy as np
import pytest

from sk_spectral.spectral.activations import ARRAY_ACTIVATIONS, check_activation

EVERY = sorted(ARRAY_ACTIVATIONS)
Z = np.concatenate([np.linspace(-30, 30, 6001), [0.0, -0.0, 1e-300, -1e-300, 1e6, -1e6]])


@pytest.mark.parametrize("name", EVERY)
def test_an_inactive_unit_outputs_exactly_0(name):
    assert (ARRAY_ACTIVATIONS[name](np.zeros(3)) == 0.0).all()


@pytest.mark.parametrize("name", EVERY)
def test_no_activation_is_larger_than_what_goes_in(name):
    assert (np.abs(ARRAY_ACTIVATIONS[name](Z.copy())) <= np.abs(Z)).all()


@pytest.mark.parametrize("name", EVERY)
def test_every_activation_is_nonlinear(name):
    below, one, two = ARRAY_ACTIVATIONS[name](np.array([-1.0, 1.0, 2.0]))
    assert max(abs(two - 2.0 * one), abs(below + one)) > 0.01


@pytest.mark.parametrize("name", EVERY)
def test_a_name_in_the_table_passes(name):
    check_activation(name)


@pytest.mark.parametrize(
    ("activation", "reason"),
    [
        ("logistic", r"\(f.0. = 0.5\)"),
        ("identity", "linear"),
        ("softsign?", "cannot be used: .* f.0. = 0"),
        (np.cos, "Choose one of relu, tanh, gelu, silu"),
        (["relu"], "Choose one of"),
        (None, "Choose one of"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(activation, reason):
    with pytest.raises(ValueError, match=reason):
        check_activation(activation)
