"""Losses of bounded slope, against scikit-learn, torch and what their divergences stand for."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.stats import norm
from sklearn.metrics import mean_absolute_error, mean_pinball_loss
from torch.nn import functional as F

from sk_spectral.training.robust_losses import BoundedSlopeLoss, HuberLoss

GENERATOR = torch.Generator().manual_seed(0)
OUTPUTS = torch.randn(60, 2, generator=GENERATOR).double()
Y = torch.randn(60, 2, generator=GENERATOR).double()


def test_the_absolute_error_and_pinball_losses_are_those_of_scikit_learn():
    loss = BoundedSlopeLoss.absolute()(OUTPUTS, Y).mean()
    assert float(loss) == pytest.approx(mean_absolute_error(Y, OUTPUTS))
    levels = [0.1, 0.8]
    loss = BoundedSlopeLoss.of_quantiles(levels)(OUTPUTS, Y[:, :1]).mean()
    expected = [mean_pinball_loss(Y[:, 0], OUTPUTS[:, k], alpha=levels[k]) for k in range(2)]
    assert float(loss) == pytest.approx(np.mean(expected))


def test_the_huber_loss_is_that_of_torch_with_a_threshold_for_each_output():
    loss = HuberLoss([1.0, 0.2])(OUTPUTS, Y)
    of_each = [
        F.huber_loss(OUTPUTS[:, k], Y[:, k], reduction="none", delta=1.35 * spread)
        for k, spread in enumerate([1.0, 0.2])
    ]
    torch.testing.assert_close(loss, torch.stack(of_each).mean(0))


def test_an_envelope_is_the_least_of_the_loss_and_a_square():
    """Moreau's: min over v of ρ(v) + (u − v)² / (2 width)."""
    loss, width = BoundedSlopeLoss([-0.7], [0.3], [0.5]), 0.5
    for u in np.linspace(-2, 2, 9):
        found = minimize_scalar(lambda v: max(0.3 * v, -0.7 * v) + (u - v) ** 2 / (2 * width))  # noqa: B023
        zero = torch.zeros(1, 1).double()
        assert float(loss(zero, zero + u)) == pytest.approx(found.fun, abs=1e-8)


@pytest.mark.parametrize("level", [0.5, 0.3])
def test_divergences_are_about_what_normal_noise_would_lose(level):
    """Of outputs that are off by a tenth of the deviation, where the density is that at 0."""
    noise = norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    at = np.quantile(noise, level)
    loss = BoundedSlopeLoss.of_quantiles([level])
    right = torch.full((len(noise), 1), at).double()
    y = torch.as_tensor(noise)[:, None]
    rise = float((loss(right + 0.1, y) - loss(right, y)).mean())
    assert float(loss.divergence(right + 0.1, right).mean()) == pytest.approx(rise, rel=0.25)


def test_a_spread_moves_divergences_and_the_threshold_of_huber():
    near, far = (HuberLoss().with_spread([s]) for s in (0.1, 1.0))
    assert near.high.tolist() == [pytest.approx(0.135)]
    assert isinstance(near, HuberLoss)
    assert (near(OUTPUTS, Y) <= far(OUTPUTS, Y)).all()
    loss = BoundedSlopeLoss.absolute()
    small, large = (loss.with_spread([s]).divergence(OUTPUTS, Y) for s in (0.1, 1.0))
    assert (small > large).all()
    torch.testing.assert_close(loss.with_spread([0.1])(OUTPUTS, Y), loss(OUTPUTS, Y))
