"""One pass: moments are exact, samples even, rows set apart the same whatever the blocks."""

import numpy as np
import pytest

from sk_spectral.data.moments import moments_of
from sk_spectral.data.source import block_of_part
from sk_spectral.data.survey import Count, Lowest

RNG = np.random.RandomState(0)
X = RNG.standard_t(2, size=(5000, 4)) * [1, 1e6, 1e-6, 1] + [0, 1e6, 0, 5]
X[:, 3] = 7.0
Y = RNG.randint(0, 3, 5000)
WEIGHT = RNG.uniform(0.5, 2, 5000)


def counted(cuts, X=X, y=Y, weight=None, labels=True, by_value=True, sampled=1000, apart=500):
    count = Count(3, by_value, Lowest(sampled), Lowest(apart))
    for start, stop in zip([0, *cuts], [*cuts, len(X)], strict=True):
        rows = slice(start, stop)
        block = block_of_part(0, X[rows], y[rows], None if weight is None else weight[rows])
        block.numbers[:] += np.uint64(start)
        count.take(block, X[rows], y[rows] if labels else None)
    return count


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_moments_are_those_of_all_rows_whatever_the_blocks(weight):
    found = counted([100, 2000, 2001], weight=weight).survey(0.1).moments
    exact = moments_of(lambda: [X], weight)
    for name in ("low", "high"):
        np.testing.assert_array_equal(getattr(found, name), getattr(exact, name))
    for name in ("mean", "deviation"):
        np.testing.assert_allclose(getattr(found, name), getattr(exact, name), rtol=1e-9)
    np.testing.assert_array_equal(found.constant, [False, False, False, True])


def test_rows_set_apart_do_not_depend_on_the_blocks():
    one, other = (counted(cuts).survey(0.1) for cuts in ([], [17, 999, 4000]))
    assert one.limit == other.limit
    np.testing.assert_array_equal(np.sort(one.valid.numbers), np.sort(other.valid.numbers))
    np.testing.assert_array_equal(np.sort(one.sample.numbers), np.sort(other.sample.numbers))
    assert len(one.valid) == 500
    assert not np.isin(one.sample.numbers, one.valid.numbers).any()


def test_what_is_trained_on_is_the_rest():
    survey = counted([]).survey(0.05)
    whole = block_of_part(0, X, Y, np.where(np.arange(5000) % 2, 1.0, 0.0))
    kept = survey.to_train_on(whole).numbers
    assert not np.isin(kept, survey.valid.numbers).any()
    assert (kept % 2 == 1).all()
    expected = set(range(1, 5000, 2)) - set(survey.valid.numbers.tolist())
    assert set(kept.tolist()) == expected


def test_copies_of_a_row_stay_on_one_side():
    twice = np.vstack([X, X])
    survey = counted([3000], X=twice, y=np.tile(Y, 2), apart=2000).survey(0.1)
    places = survey.valid.numbers % np.uint64(5000)
    assert (np.unique(places, return_counts=True)[1] == 2).all()


def test_a_row_that_is_there_all_the_time_does_not_fill_what_is_set_apart():
    same = X.copy()
    same[:4000] = X[0]
    survey = counted([], X=same, apart=200).survey(0.1)
    assert survey.valid is None or len(survey.valid) <= 200


def test_a_table_of_few_different_rows_is_told_apart_by_number():
    few = RNG.randint(0, 2, size=(5000, 2)).astype(float)
    assert not counted([], X=few).tells_apart()
    by_number = counted([], X=few, by_value=False)
    assert by_number.tells_apart()
    assert len(by_number.survey(0.1).valid) == 500


def test_rare_classes_and_missing_numbers_are_in_the_sample():
    y, some = np.zeros(5000, dtype=int), X.copy()
    y[[4321, 4999]] = 1
    some[[17, 2222], 1] = np.nan
    survey = counted([2500], X=some, y=y, sampled=50).survey(0.0)
    assert set(survey.sample.y.tolist()) == {0, 1}
    assert survey.classes == {0: 4998.0, 1: 2.0}
    assert np.isnan(survey.sample.X[:, 1]).any()
    np.testing.assert_array_equal(survey.complete, [True, False, True, True])
    assert survey.valid is None


def test_the_sample_is_even():
    survey = counted([100], sampled=2000).survey(0.0)
    drawn = survey.sample.numbers.astype(float)
    assert len(drawn) == pytest.approx(2000, abs=8)
    assert abs(drawn.mean() - 2499.5) < 4 * 5000 / 12**0.5 / 2000**0.5


def test_counts_of_several_processes_are_those_of_one():
    whole, first, second = counted([2000]), counted([], X=X[:2000], y=Y[:2000]), None
    second = Count(3, True, Lowest(1000), Lowest(500))
    block = block_of_part(0, X[2000:], Y[2000:])
    block.numbers[:] += np.uint64(2000)
    second.take(block, X[2000:], Y[2000:])
    first.and_of(second)
    one, other = whole.survey(0.1), first.survey(0.1)
    assert (one.n_rows, one.limit, one.classes) == (other.n_rows, other.limit, other.classes)
    np.testing.assert_allclose(one.moments.deviation, other.moments.deviation, rtol=1e-12)
    np.testing.assert_array_equal(np.sort(one.valid.numbers), np.sort(other.valid.numbers))


def test_labels_that_are_numbers():
    many = np.arange(20_000)
    with pytest.raises(ValueError, match="more than 10000 different labels"):
        counted([], X=np.zeros((20_000, 1)), y=many)
