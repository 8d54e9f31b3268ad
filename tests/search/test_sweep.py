"""Paths over the strength of the penalty, and over the number of hidden units."""

import numpy as np
import pytest
import torch
from sklearn.datasets import make_friedman1

from sk_spectral.data import ClassTargets, Data
from sk_spectral.search import RandomStreams, SearchConfig, sweep
from sk_spectral.search.sweep import path_over_alphas, path_over_sizes
from sk_spectral.training.config import TrainingConfig

X, Y = make_friedman1(500, n_features=5, noise=0.3, random_state=0)
DATA = Data(Y[:, None], None, X)
CONFIG = SearchConfig((16, 8), training=TrainingConfig(max_iter=40))
ALPHAS = [1e-3, 10.0, 0.0]


def streams():
    return RandomStreams(np.random.RandomState(0))


def same(one, other):
    np.testing.assert_array_equal(one.compact(X), other.compact(X))


@pytest.fixture(scope="module")
def path():
    return path_over_alphas(DATA, CONFIG, streams(), ALPHAS)


def test_linear_maps_come_first_and_then_the_strongest_alpha(path):
    assert [point.alpha for point in path.points] == [None, None, 10.0, 1e-3, 0.0]
    linear, additive, strongest, *_ = path.points
    assert [p.topology.verdict for p in (linear, additive)] == ["linear", "additive"]
    assert strongest.n_units == 0
    same(strongest, additive)
    assert all(point.n_units > 0 for point in path.points[3:])
    assert path.points[-1].loss < additive.loss < linear.loss


def test_each_is_what_it_is_on_a_path_of_its_own(path):
    for point in path.points[2:]:
        (alone,) = path_over_alphas(DATA, CONFIG, streams(), [point.alpha]).points[2:]
        assert alone.n_units == point.n_units
        np.testing.assert_allclose(alone.compact(X), point.compact(X), atol=1e-3)


def test_by_line_searches_each_is_trained_one_by_one():
    config = SearchConfig((32,), n_knots=0, training=TrainingConfig(solver="lbfgs", max_iter=99))
    path = path_over_alphas(DATA, config, streams(), [0.0, 10.0])
    assert [(point.alpha, point.n_units > 0) for point in path.points] == [
        (None, False),
        (10.0, False),
        (0.0, True),
    ]


def test_rows_are_set_apart_however_few_but_not_where_none_are_wanted(monkeypatch):
    seen, replicas = [], sweep.train_replicas

    def recorded(networks, rows, *rest, valid, alphas):
        seen.append((len(rows), None if valid is None else len(valid[0])))
        return replicas(networks, rows, *rest, valid=valid, alphas=alphas)

    monkeypatch.setattr(sweep, "train_replicas", recorded)
    few = DATA.take(np.arange(40))
    for early_stopping in ("auto", False):
        config = SearchConfig(
            (4,), early_stopping=early_stopping, training=TrainingConfig(max_iter=3)
        )
        path_over_alphas(few, config, streams(), [0.0])
    assert seen == [(36, 4), (40, None)]


def test_sizes_are_those_that_are_asked_for_and_as_large_as_can_be():
    path = path_over_sizes(DATA, CONFIG, streams(), [3, 1, 100, 3])
    assert [point.n_units for point in path.points] == [0, 0, 1, 3, 24]
    assert [point.alpha for point in path.points] == [None] * 5
    assert path.points[3].loss < path.points[1].loss
    smaller = path_over_sizes(DATA, CONFIG, streams(), [3])
    same(smaller.at(n_units=3), path.at(n_units=3))


def test_no_more_than_half_of_the_units_leave_at_once(monkeypatch):
    seen, shrunk = [], sweep._shrunk

    def recorded(candidate, size, evaluator, refit):
        def noted(network, masks):
            seen.append(sum(int(mask.sum()) for mask in masks))
            return refit(network, masks)

        return shrunk(candidate, size, evaluator, noted)

    monkeypatch.setattr(sweep, "_shrunk", recorded)
    path_over_sizes(DATA, CONFIG, streams(), [2, 10])
    assert seen == [12, 10, 5, 2]


def test_classes_have_paths_of_their_own():
    data = Data((np.median(Y) < Y).astype(int), None, X, targets=ClassTargets(np.arange(2)))
    for path in (
        path_over_alphas(data, CONFIG, streams(), [0.0]),
        path_over_sizes(data, CONFIG, streams(), [4]),
    ):
        outputs = path.points[-1].compact(X)[:, 0]
        assert np.mean((outputs > 0) == (np.median(Y) < Y)) > 0.9


def test_torch_is_left_as_it_was():
    threads = torch.get_num_threads()
    path_over_alphas(DATA, CONFIG, streams(), [0.0])
    assert torch.get_num_threads() == threads
