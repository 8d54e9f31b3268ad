"""How far the truth is from linear maps, in the deviation of a normal."""

import numpy as np
import pytest
import torch

from sk_spectral.data.batches import TensorDataset
from sk_spectral.search.noise import fitted, residual_spread
from sk_spectral.training.losses import SquaredError
from sk_spectral.training.robust_losses import BoundedSlopeLoss, HuberLoss

RNG = np.random.default_rng(0)


def rows(noise, n_samples=2000, weight=None):
    X = RNG.normal(size=(n_samples, 3))
    y = np.column_stack([X[:, 0] + noise(n_samples), X[:, 1] - 1.0])
    weight = None if weight is None else torch.as_tensor(weight)
    return TensorDataset(torch.as_tensor(X), torch.as_tensor(y), weight)


def test_the_spread_of_normal_noise_is_its_deviation_whatever_lies_far_off():
    def noise(n):
        return np.where(RNG.random(n) < 0.05, 1e3, 0.3 * RNG.normal(size=n))

    found = residual_spread(rows(noise), True)
    assert found[0] == pytest.approx(0.3, rel=0.12)
    assert found[1] == 0.01  # none


def test_rows_that_weigh_nothing_have_no_say():
    weight = np.repeat([2.0, 1e-9], 1000)
    some = rows(lambda n: np.where(np.arange(n) < n / 2, 0.0, 50.0), weight=weight)
    assert residual_spread(some, True) == [0.01, 0.01]


def test_losses_of_bounded_slope_are_told_and_others_need_not_know():
    def noisy():
        return rows(lambda n: 0.2 * RNG.normal(size=n))

    told = fitted(HuberLoss(), noisy, 3, True)
    assert told.high[0] == pytest.approx(1.35 * 0.2, rel=0.1)
    assert fitted(BoundedSlopeLoss.absolute(), noisy, 3, True).spread[0] < 0.3
    squared = SquaredError()
    assert fitted(squared, lambda: pytest.fail("not asked for"), 3, True) is squared
