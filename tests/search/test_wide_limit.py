import numpy as np
import pytest
import torch
from sklearn.datasets import make_circles
from sklearn.linear_model import Ridge

from sk_spectral.data.batches import TensorDataset
from sk_spectral.search import wide_limit
from sk_spectral.search.wide_limit import bends


def rows_of(X, y, weight=None):
    y = torch.as_tensor(y)
    weight = None if weight is None else torch.as_tensor(weight)
    return TensorDataset(torch.as_tensor(X), y if y.ndim == 1 and not y.is_floating_point() else
                      y.reshape(len(y), -1), weight)  # fmt: skip


def circles(n_samples, seed):
    return make_circles(n_samples, random_state=seed, noise=0.2, factor=0.5)


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_left_out_are_predicted_by_a_fit_to_the_others(weighted):
    random = np.random.RandomState(0)
    X, Y = random.normal(size=(12, 3)), random.normal(size=(12, 2))
    weight = random.uniform(0.5, 2.0, 12) if weighted else np.ones(12)
    weight /= weight.sum()
    said = wide_limit._left_out(X @ X.T, Y, weight)
    fits = []
    for shrinkage in wide_limit._SHRINKAGES:
        expected = np.empty_like(Y)
        for i in range(12):
            others = np.arange(12) != i
            ridge = Ridge(alpha=shrinkage).fit(X[others], Y[others], weight[others])
            expected[i] = ridge.predict(X[i : i + 1])
        fits.append((weight @ np.square(expected - Y).sum(axis=1), expected))
    np.testing.assert_allclose(said, min(fits, key=lambda fit: fit[0])[1], atol=1e-9)


def test_the_kernel_is_the_mean_of_many_random_units():
    random = np.random.RandomState(0)
    X = random.normal(size=(5, 3))
    units = np.maximum(np.column_stack([X, np.ones(5)]) @ random.normal(size=(4, 400_000)), 0.0)
    expected = 2.0 * units @ units.T / 400_000
    np.testing.assert_allclose(wide_limit._kernel(X), expected, rtol=0.02)


def test_circles_bend_and_linear_truths_and_noise_do_not():
    random, found = np.random.RandomState(0), {"circles": 0, "line": 0, "noise": 0, "classes": 0}
    for seed in range(20):
        found["circles"] += bends(rows_of(*circles(40, seed)), np.arange(40), 2.0)
        X = random.normal(size=(40, 3))
        line = X.sum(axis=1) + random.normal(size=40)
        found["line"] += bends(rows_of(X, line), np.arange(40), 2.0)
        found["classes"] += bends(rows_of(X, (line > 0).astype(int)), np.arange(40), 2.0)
        found["noise"] += bends(rows_of(X, random.normal(size=40)), np.arange(40), 2.0)
    assert found["circles"] >= 18
    assert found["line"] + found["noise"] + found["classes"] <= 1


def test_equal_rows_are_left_out_together_and_count_as_weights_do():
    X, y = circles(30, 3)
    again = np.arange(30).repeat(1 + np.arange(30) % 3)
    one = wide_limit._merged(rows_of(X, y, 1.0 + np.arange(30) % 3), np.arange(30))
    other = wide_limit._merged(rows_of(X[again], y[again]), again)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
    noise = np.random.RandomState(0).randint(0, 2, 30)
    copies = np.tile(np.arange(30), 5)
    assert not bends(rows_of(X[copies], noise[copies]), copies, 1.5)
    assert bends(rows_of(X[copies], noise[copies]), np.arange(150), 1.5)  # what must not happen


def test_of_many_rows_some_are_asked(monkeypatch):
    X, y = circles(5000, 0)
    sizes = []
    monkeypatch.setattr(wide_limit, "_kernel", lambda X: sizes.append(len(X)) or X @ X.T)
    assert not bends(rows_of(X, y), np.arange(5000), 2.0)
    assert sizes == [wide_limit.MOST_ROWS]


def test_nothing_is_told_of_nothing():
    assert not bends(rows_of(np.zeros((10, 2)), np.arange(10.0)), np.arange(10), 2.0)
    assert not bends(rows_of(np.eye(2), np.arange(2.0)), np.arange(2), 2.0)
    assert not bends(rows_of(np.eye(9), np.zeros(9)), np.arange(9), 2.0)
