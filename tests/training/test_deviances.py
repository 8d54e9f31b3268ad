"""Deviances of logarithms of means, against those of scikit-learn and what noise costs."""

import pytest
import torch
from sklearn.metrics import mean_gamma_deviance, mean_poisson_deviance

from sk_spectral.training.deviances import GammaDeviance, PoissonDeviance

GENERATOR = torch.Generator().manual_seed(0)
OUTPUTS = torch.randn(80, 1, generator=GENERATOR).double()
COUNTS = torch.poisson(OUTPUTS.exp() * 2, generator=GENERATOR)
POSITIVE = (OUTPUTS + torch.randn(80, 1, generator=GENERATOR)).exp()


def test_deviances_are_those_of_scikit_learn():
    for loss, y, expected in (
        (PoissonDeviance(), COUNTS, mean_poisson_deviance),
        (GammaDeviance(), POSITIVE, mean_gamma_deviance),
    ):
        found = float(loss(OUTPUTS, y).mean())
        assert found == pytest.approx(expected(y[:, 0], OUTPUTS[:, 0].exp()))


@pytest.mark.parametrize("loss", [PoissonDeviance(), GammaDeviance()])
def test_divergence_is_the_rise_of_the_mean_deviance_where_the_reference_is_the_mean(loss):
    """It is linear in y but for what is of y alone: any y with this mean will do."""
    reference, other = OUTPUTS[:40], OUTPUTS[40:]
    y = torch.stack([0.5 * reference.exp(), 1.5 * reference.exp()])
    rise = sum(loss(other, some) - loss(reference, some) for some in y) / 2
    torch.testing.assert_close(loss.divergence(other, reference), rise)


def test_no_counts_at_all_have_a_finite_constant():
    constant = PoissonDeviance().best_constant(OUTPUTS, torch.zeros(80, 1).double())
    assert torch.isfinite(constant).all()
    assert float(PoissonDeviance()(constant, torch.zeros(80, 1).double()).mean()) < 1e-12
