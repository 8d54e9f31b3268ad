"""Values that cannot be scaled, and rows that a scale does not fit."""

import numpy as np
import pytest

from sk_spectral.data.limits import mean_and_scale, refuse_beyond, refuse_far
from sk_spectral.data.moments import moments_of

X = np.random.default_rng(0).normal([1.0, -2.0], [3.0, 0.5], size=(50, 2))


def test_columns_are_centred_unless_they_may_not_be():
    moments = moments_of(lambda: [X])
    mean, scale = mean_and_scale(moments, centered=True)
    np.testing.assert_allclose(mean, X.mean(0))
    np.testing.assert_allclose(scale, X.std(0))
    mean, scale = mean_and_scale(moments, centered=False)
    np.testing.assert_array_equal(mean, 0.0)
    np.testing.assert_allclose(scale, np.sqrt((X**2).mean(0)))


@pytest.mark.parametrize("centered", [True, False])
def test_a_column_of_one_value_keeps_its_units(centered):
    moments = moments_of(lambda: [np.full((4, 1), 7.0 if centered else 0.0)])
    assert mean_and_scale(moments, centered)[1].tolist() == [1.0]


@pytest.mark.parametrize(
    ("largest", "standardize", "remedy"),
    [(1e301, True, "Divide it by a constant"), (1e19, False, "or set standardize=True")],
)
def test_values_beyond_are_named(largest, standardize, remedy):
    refuse_beyond(np.array([1.0, 1e18]), "Column {} of X", standardize)
    with pytest.raises(ValueError, match=rf"Column 1 of X has values .* {remedy}"):
        refuse_beyond(np.array([1.0, largest]), "Column {} of X", standardize)


@pytest.mark.parametrize("value", [1e19, -1e19, np.nan, np.inf])
def test_rows_far_from_those_of_the_scale_are_named(value):
    refuse_far(X, "y")
    far = X.copy()
    far[3, 1] = value
    with pytest.raises(ValueError, match=r"Column 1 of X has values .* times as far"):
        refuse_far(far, "Column {} of X")
