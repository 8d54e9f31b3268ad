"""Linear maps by folds, and that a network reads pieces of features only where these may pay."""

import numpy as np
import pytest

from sk_spectral.data import Data
from sk_spectral.data.splitting import Split
from sk_spectral.search import RandomStreams, SearchConfig
from sk_spectral.search.first_steps import linear_by_folds, reading, reading_by_rows
from sk_spectral.search.problem import Problem
from sk_spectral.search.result import initial_steps
from sk_spectral.search.significance import GAIN_OF_PIECES
from sk_spectral.training.losses import SquaredError

RNG = np.random.default_rng(0)
X, NOISE = RNG.uniform(-1, 1, size=(400, 2)), 0.2 * RNG.normal(size=(400, 1))
BENT, LINEAR = np.abs(X[:, :1]) + X[:, 1:] + NOISE, X[:, :1] + X[:, 1:] + NOISE


def problem_of(y, is_compared=False):
    data, config = Data(y, None, X), SearchConfig((6,))
    streams = RandomStreams(np.random.RandomState(0))
    split = Split.of(
        data,
        None,
        early_stopping=True,
        validation_fraction=0.1,
        is_compared=is_compared,
        watches=True,
        random_state=0,
    )
    start, on_features = initial_steps(data, config, streams)
    return Problem(split, start, config, SquaredError(), streams, print), on_features


def test_pieces_are_read_from_a_share_of_the_loss_on():
    problem, on_features = problem_of(BENT)
    assert reading(problem, on_features, GAIN_OF_PIECES) is problem
    assert reading(problem, None, 0.0) is problem
    without = reading(problem, on_features, 0.99 * GAIN_OF_PIECES)
    assert without.start.network.layer_sizes == (2, 6, 1)
    assert without.start.scaling.pieces is None


@pytest.mark.parametrize(("y", "reads"), [(BENT, True), (LINEAR, False)])
def test_rows_set_apart_tell_whether_they_may_pay(y, reads):
    problem, on_features = problem_of(y)
    found = reading_by_rows(problem, on_features)
    assert (found is problem) == reads
    assert (found.start.scaling.pieces is not None) == reads
    assert reading_by_rows(problem, None) is problem


@pytest.mark.parametrize(("y", "n_read"), [(BENT, None), (LINEAR, 2)])
def test_folds_tell_which_linear_map_is_best(y, n_read):
    problem, _ = problem_of(y, is_compared=True)
    folds, compared = linear_by_folds(problem, problem.split.splitter)
    np.testing.assert_array_equal(np.sum(folds, axis=0), np.ones(400))
    assert compared.n_read == n_read
    assert not compared.has_network
