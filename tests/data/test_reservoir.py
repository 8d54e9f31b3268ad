"""A sample of a stream: of fixed size, every row of a class as likely as any other."""

import numpy as np
import pytest
from scipy.stats import binom

from sk_spectral.data import reservoir
from sk_spectral.data.dataset import Data
from sk_spectral.data.reservoir import Reservoir, joined


def numbered(n_samples, codes=None, weight=None):
    """Rows whose only column is their number."""
    X = np.arange(float(n_samples))[:, None]
    return Data(np.zeros((n_samples, 1)) if codes is None else codes, weight, X)


def streamed(data, size, seed=0):
    sample = Reservoir.empty(data, seed)
    for start in range(0, len(data), size):
        sample = sample.with_rows(data.take(np.arange(start, min(start + size, len(data)))))
    return sample


def kept_of(sample):
    return sample.rows.source[:, 0].astype(int)


def test_all_rows_stay_until_it_is_full(monkeypatch):
    monkeypatch.setattr(reservoir, "_MOST_ROWS", 30)
    data = numbered(30, weight=np.arange(1.0, 31.0))
    sample = streamed(data, 7)
    np.testing.assert_array_equal(kept_of(sample), np.arange(30))
    np.testing.assert_array_equal(sample.rows.sample_weight, data.sample_weight)
    assert len(streamed(numbered(31), 7)) == 30


@pytest.mark.parametrize("size", [1, 13, 1000])
def test_no_more_rows_than_its_capacity_are_kept_and_each_once(size):
    sample = streamed(numbered(1000), size)
    kept = kept_of(sample)
    assert len(sample) == len(set(kept)) == sample.capacity == 500
    assert sample.n_seen.tolist() == [1000]
    assert sample.weights.tolist() == [1000.0]


@pytest.mark.parametrize(("capacity", "n_samples"), [(1, 2), (1, 5), (3, 7), (20, 40)])
@pytest.mark.parametrize("size", [1, 3, 40])
def test_every_row_is_as_likely_as_any_other(monkeypatch, capacity, n_samples, size):
    """Each stays with as many seeds as it should, within bounds of the binomial distribution."""
    monkeypatch.setattr(reservoir, "_MOST_ROWS", capacity)
    monkeypatch.setattr(reservoir, "_FEWEST_ROWS_OF_A_CLASS", 1)
    n_seeds, counts = 200, np.zeros(n_samples, dtype=int)
    for seed in range(n_seeds):
        counts[kept_of(streamed(numbered(n_samples), size, seed))] += 1
    assert counts.sum() == n_seeds * capacity
    low, high = binom.interval(1.0 - 1e-4 / n_samples, n_seeds, capacity / n_samples)
    assert low <= counts.min()
    assert counts.max() <= high


def test_a_reservoir_keeps_rare_classes_and_what_they_weigh():
    data = numbered(4000, (np.arange(4000) % 400 == 0).astype(int))
    sample = streamed(data, 37)
    kept = sample.weighed()
    assert (kept.y == 1).sum() == 10
    assert (kept.y == 0).sum() == 250
    assert kept.sample_weight[kept.y == 0].sum() == pytest.approx(3990)
    assert kept.sample_weight[kept.y == 1].sum() == pytest.approx(10)
    # The mean of 250 of the numbers, by its standard error.
    error = 4000 / 12**0.5 / 250**0.5
    assert kept.source[kept.y == 0].mean() == pytest.approx(2000, abs=4 * error)


def test_weights_count_as_they_came_and_sum_to_those_of_all_rows():
    weight = np.random.default_rng(0).uniform(0.5, 2.0, 1200)
    codes = np.arange(1200) % 2
    sample = streamed(numbered(1200, codes, weight), 100)
    kept = sample.weighed()
    np.testing.assert_array_equal(sample.rows.sample_weight, weight[kept_of(sample)])
    for k in range(2):
        assert kept.sample_weight[kept.y == k].sum() == pytest.approx(weight[codes == k].sum())
        share = kept.sample_weight[kept.y == k] / sample.rows.sample_weight[kept.y == k]
        np.testing.assert_allclose(share, share[0])


def test_even_weights_are_left_out():
    assert streamed(numbered(40), 10).weighed().sample_weight is None
    assert streamed(numbered(40, weight=np.full(40, 3.0)), 10).weighed().sample_weight is None
    uneven = numbered(40, weight=np.arange(1.0, 41.0))
    assert streamed(uneven, 10).weighed().sample_weight is not None


@pytest.mark.parametrize(
    ("n_features", "n_classes", "expected"),
    [
        (1, 1, 500),
        (1 << 10, 1, (1 << 18) // (1 << 10)),
        (1 << 17, 1, 50),
        (1, 4, 500 // 4),
        (1, 100, 20),
    ],
)
def test_there_is_room_for_fewer_rows_where_they_are_wide_or_of_many_classes(
    n_features, n_classes, expected
):
    y = np.zeros((1, 1)) if n_classes == 1 else np.array([n_classes - 1])
    data = Data(y, None, np.zeros((1, n_features)))
    assert Reservoir.empty(data, 0).capacity == expected


def test_the_sample_depends_on_its_seed_alone():
    one, other = (streamed(numbered(900), 50, seed=4) for _ in range(2))
    np.testing.assert_array_equal(kept_of(one), kept_of(other))
    assert not np.array_equal(kept_of(one), kept_of(streamed(numbered(900), 50, seed=5)))


def test_a_sample_stays_what_it_is_when_rows_come():
    before = streamed(numbered(600), 600)
    kept, seen = kept_of(before).copy(), before.n_seen.copy()
    after = before.with_rows(numbered(600))
    np.testing.assert_array_equal(kept_of(before), kept)
    np.testing.assert_array_equal(before.n_seen, seen)
    assert after.n_seen.tolist() == [1200]


def test_rows_of_several_data_are_joined_in_order():
    first, second = numbered(5).take(np.array([3, 1])), numbered(4, weight=np.arange(4.0))
    both = joined(first, second)
    np.testing.assert_array_equal(both.source[:, 0], [3, 1, 0, 1, 2, 3])
    np.testing.assert_array_equal(both.sample_weight, [1, 1, 0, 1, 2, 3])
    assert both.targets is second.targets
