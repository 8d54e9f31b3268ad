"""Weighted quantiles, against repeated rows and the loss that they are the best constants of."""

import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss

from sk_spectral.data.quantiles import median_and_spread, weighted_quantiles

RNG = np.random.default_rng(0)
VALUES = RNG.standard_t(2, size=41)
LEVELS = (0.05, 0.3, 0.5, 0.9)


def test_weights_are_repetitions():
    weight = RNG.integers(0, 4, len(VALUES))
    found = weighted_quantiles(VALUES, LEVELS, weight)
    repeated = np.repeat(VALUES, weight)
    np.testing.assert_array_equal(found, weighted_quantiles(repeated, LEVELS))
    expected = np.quantile(repeated, LEVELS, method="inverted_cdf")
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("level", LEVELS)
def test_no_constant_has_less_pinball_loss(level):
    weight = RNG.uniform(0.1, 3.0, len(VALUES))

    def loss(constant):
        said = np.full(len(VALUES), constant)
        return mean_pinball_loss(VALUES, said, sample_weight=weight, alpha=level)

    (found,) = weighted_quantiles(VALUES, [level], weight)
    assert loss(found) <= min(map(loss, VALUES)) + 1e-15


def test_extremes_are_the_least_and_the_largest_value_of_any_weight():
    weight = np.where(VALUES.max() == VALUES, 0.0, 1e-300)
    found = weighted_quantiles(VALUES, [0.0, 1.0], weight)
    np.testing.assert_array_equal(found, np.sort(VALUES)[[0, -2]])


def test_the_spread_of_a_normal_is_its_deviation_and_far_values_do_not_move_it():
    y = np.column_stack([RNG.normal(3.0, 2.0, 100_000), RNG.normal(-1.0, 0.1, 100_000)])
    y[:100] = 1e12
    median, spread = median_and_spread(y)
    np.testing.assert_allclose(median, [3.0, -1.0], rtol=0.01)
    np.testing.assert_allclose(spread, [2.0, 0.1], rtol=0.02)


def test_what_is_one_value_for_the_most_part_spreads_by_its_mean_distance():
    y = np.array([[0.0, 5.0]] * 9 + [[20.0, 5.0]])
    median, spread = median_and_spread(y)
    np.testing.assert_array_equal(median, [0.0, 5.0])
    np.testing.assert_array_equal(spread, [2.0, 1.0])
