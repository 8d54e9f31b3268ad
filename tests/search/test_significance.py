"""How sure it must be that hidden units pay, and that thresholds are in the order they must be."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from sk_spectral.search import significance
from sk_spectral.search.significance import in_standard_errors, on_folds

FINITE = st.floats(-1e100, 1e100)


@given(FINITE, st.floats(1e-100, 1e100))
def test_a_difference_is_told_in_its_standard_errors(difference, error):
    assert in_standard_errors(difference, error) * error == pytest.approx(difference)


@pytest.mark.parametrize(("difference", "expected"), [(0.5, inf), (-1e-300, -inf), (0.0, 0.0)])
def test_what_all_rows_agree_on_is_beyond_any_standard_error(difference, expected):
    assert in_standard_errors(difference, 0.0) == expected


@pytest.mark.parametrize(
    ("n_samples", "validated", "expected"),
    [(199, True, 3.0), (200, True, 1 + 8 / 200**0.5), (6400, True, 1.1), (6400, False, 3.0)],
)
def test_of_few_rows_and_without_validation_rows_more_is_asked_on_folds(
    n_samples, validated, expected
):
    assert on_folds(n_samples, validated) == pytest.approx(expected)


@given(st.integers(200, 10**7))
def test_the_more_rows_the_fewer_standard_errors_and_never_less_than_one(n_samples):
    assert 1.0 < on_folds(n_samples + 1, True) < on_folds(n_samples, True) < 3.0


def test_quantiles_are_those_of_the_normal_distribution():
    assert norm.cdf(significance.SURE) == pytest.approx(0.99, abs=2e-4)
    assert norm.cdf(significance.NEARLY_SURE) == pytest.approx(0.95, abs=2e-4)


def test_less_is_asked_the_more_is_known_from_elsewhere():
    assert (
        significance.WHERE_LINEAR_MAPS_FAIL
        < significance.WHERE_BENT
        < significance.OF_MISTAKES
    )  # fmt: skip
    assert significance.NEARLY_SURE < significance.SURE
