"""What the steps of a search share."""

import numpy as np
import pytest
import torch

from sk_spectral.data import Data
from sk_spectral.data.splitting import Split
from sk_spectral.search import RandomStreams, SearchConfig
from sk_spectral.search.problem import Problem
from sk_spectral.search.result import initial_steps
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.losses import SquaredError

X = np.random.default_rng(0).normal(3.0, 2.0, size=(200, 3))
Y = (X @ [1.0, 2.0, -1.0])[:, None]


@pytest.fixture
def problem():
    data, config = Data(Y, None, X), SearchConfig((6,), training=TrainingConfig(alpha=0.1))
    streams = RandomStreams(np.random.RandomState(0))
    split = Split.of(
        data,
        None,
        early_stopping="auto",
        validation_fraction=0.1,
        is_compared=True,
        watches=True,
        random_state=0,
    )
    start, _ = initial_steps(data, config, streams)
    return Problem(split, start, config, SquaredError(), streams, print)


def test_rows_are_in_the_units_of_training(problem):
    rows = problem.rows(problem.split.whole)
    np.testing.assert_allclose(rows.X[:, :3].mean(0), 0.0, atol=1e-6)
    np.testing.assert_allclose(rows.X[:, :3].std(0, correction=0), 1.0, rtol=1e-6)
    np.testing.assert_allclose(rows.X[:, 3:].std(0, correction=0), 0.35, rtol=1e-6)
    train, valid = problem.rows_by_use()
    assert len(train) == len(problem.split.train)
    assert (valid is None) == (problem.split.valid is None)


def test_fewer_inputs_are_those_of_the_rows_and_of_a_new_network(problem):
    n_pieces = problem.start.scaling.pieces.n_by_feature
    read = np.isin(problem.start.scaling.sources, [0, 2])
    read[1] = True
    fewer = problem.with_inputs(read)
    np.testing.assert_array_equal(fewer.start.scaling.pieces.n_by_feature, n_pieces * [1, 0, 1])
    rows, all_rows = (some.rows(problem.split.whole) for some in (fewer, problem))
    assert torch.equal(rows.X, all_rows.X[:, read])
    assert fewer.start.network.layer_sizes[0] == read.sum()
    assert problem.with_inputs(None) is problem
    alone = problem.with_inputs(np.arange(len(read)) < 3)
    assert alone.start.scaling.pieces is None


def test_the_best_linear_map_takes_the_place_of_a_network(problem):
    network = problem.linear_map(problem.start.network, 1e-6, 3)
    rows = problem.rows(problem.split.whole)
    np.testing.assert_allclose(network.evaluate(rows.X), rows.y, atol=1e-4)
    assert not any(mask.any() for mask in network.active_units())


def test_without_the_penalty_the_same_is_drawn(problem):
    folds = problem.streams.seed("folds")
    first = problem.streams.seed("shuffle")
    without = problem.without_penalty()
    assert without.streams.seed("shuffle") == first
    assert without.streams.from_the_beginning().seed("folds") == folds
    assert not without.config.training.is_penalized
    assert problem.config.training.is_penalized
