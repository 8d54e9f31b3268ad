"""Units in which numbers are trained on, and what outputs say of them."""

import numpy as np
import pytest

from sk_spectral.data.continuous import LOSSES, ContinuousTargets

RNG = np.random.default_rng(0)
Y = RNG.gamma(2.0, 3.0, size=(200, 2))
WEIGHT = RNG.integers(1, 4, 200).astype(float)


def of(loss, n_columns=2):
    return ContinuousTargets(n_columns, loss=loss, quantiles=(0.3,) if loss == "quantile" else ())


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("centered", [True, False])
def test_units_are_those_of_y(loss, centered):
    """Of 7 y they are 7 times as large, and rows in units are the same."""
    targets = of(loss)
    units, of_others = (targets.units(factor * Y, WEIGHT, centered) for factor in (1.0, 7.0))
    if loss in ("poisson", "gamma"):
        if not centered:
            np.testing.assert_array_equal(targets.in_units(Y, *units), Y)
            return
        np.testing.assert_allclose(np.exp(units[0]), WEIGHT @ Y / WEIGHT.sum())
    else:
        np.testing.assert_allclose(of_others, np.multiply(7.0, units))
    in_units = targets.in_units(Y, *units)
    np.testing.assert_allclose(targets.in_units(7.0 * Y, *of_others), in_units)


@pytest.mark.parametrize("loss", LOSSES)
def test_units_count_weights_as_repetitions(loss):
    repeated = np.repeat(Y, WEIGHT.astype(int), axis=0)
    found, expected = of(loss).units(Y, WEIGHT, True), of(loss).units(repeated, None, True)
    np.testing.assert_allclose(found, expected)


def test_of_squares_they_are_mean_and_deviation_and_of_distances_median_and_quartiles():
    mean, scale = of("squared_error").units(Y, None, True)
    np.testing.assert_allclose([mean, scale], [Y.mean(0), Y.std(0)])
    median, spread = of("huber").units(Y, None, True)
    low, middle, high = np.quantile(Y, [0.25, 0.5, 0.75], axis=0, method="inverted_cdf")
    np.testing.assert_allclose([median, spread], [middle, (high - low) / 1.3489795])


def test_all_quantiles_of_a_column_have_its_units():
    targets = ContinuousTargets(1, 2, "quantile", (0.1, 0.5, 0.9))
    assert targets.n_outputs == 3
    mean, scale = targets.units(Y[:, :1], None, True)
    assert mean.shape == scale.shape == (3,)
    assert np.ptp(mean) == np.ptp(scale) == 0
    assert targets.in_units(Y[:, :1], mean, scale).shape == (200, 1)


def test_logarithms_of_means_and_sorted_quantiles_are_predicted():
    outputs = RNG.normal(size=(20, 3))
    np.testing.assert_array_equal(
        ContinuousTargets(3, loss="poisson").decode(outputs), np.exp(outputs)
    )
    several = ContinuousTargets(1, 2, "quantile", (0.1, 0.5, 0.9)).decode(outputs)
    assert (np.diff(several, axis=1) >= 0).all()
    np.testing.assert_array_equal(several, np.sort(outputs, axis=1))
    one = ContinuousTargets(3, 2, "quantile", (0.9,)).decode(outputs)
    np.testing.assert_array_equal(one, outputs)


def test_values_that_no_scale_fits_are_refused():
    with pytest.raises(ValueError, match=r"y has values of magnitude up to .*e\+302"):
        of("huber").units(Y * 1e301, None, True)
    with pytest.raises(ValueError, match="times as far from its mean"):
        of("huber").in_units(Y * 1e20, *of("huber").units(Y, None, True))
