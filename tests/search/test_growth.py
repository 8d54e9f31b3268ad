"""Where hidden units pay: what is trained, kept and refitted."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sk_spectral.data import Data
from sk_spectral.data.splitting import Split
from sk_spectral.search import RandomStreams, SearchConfig
from sk_spectral.search.growth import grow
from sk_spectral.search.problem import Problem
from sk_spectral.search.result import initial_steps
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.losses import SquaredError

X = np.random.default_rng(0).normal(size=(400, 2))


def problem_of(y, max_iter=100, **settings):
    data = Data(y[:, None], None, X)
    config = SearchConfig((12,), n_knots=0, training=TrainingConfig(max_iter=max_iter), **settings)
    streams = RandomStreams(np.random.RandomState(0))
    split = Split.of(
        data,
        None,
        early_stopping=True,
        validation_fraction=0.2,
        is_compared=False,
        watches=True,
        random_state=0,
    )
    start, _ = initial_steps(data, config, streams)
    return Problem(split, start.placed(config, 320), config, SquaredError(), streams, print)


@pytest.mark.slow
@pytest.mark.parametrize("prune_tol", [None, 0.05])
def test_units_that_pay_are_kept_and_the_start_stays_as_it_was(prune_tol):
    problem = problem_of(np.abs(X[:, 0]) + X[:, 1], prune_tol=prune_tol)
    before = [p.clone() for p in problem.start.network.parameters()]
    found = grow(problem, None)
    assert found.candidate.has_units
    assert found.candidate.shrinkage is None
    assert found.candidate.loss_after < 0.1
    for now, then in zip(problem.start.network.parameters(), before, strict=True):
        assert torch.equal(now, then)


@pytest.mark.slow
def test_the_last_refit_is_made_again_on_all_rows():
    problem = problem_of(np.abs(X[:, 0]) + X[:, 1])
    on_all = grow(problem, None).candidate
    # Without other rows than those trained on there is nothing to refit to.
    split = replace(problem.split, whole=problem.split.train)
    streams = problem.streams.from_the_beginning()
    alone = grow(replace(problem, split=split, streams=streams), None).candidate
    assert on_all.fine_tuned_from is None
    assert alone.fine_tuned_from is not None
    assert [mask.tolist() for mask in on_all.unit_masks] == [
        mask.tolist() for mask in alone.unit_masks
    ]


def test_a_linear_map_is_fitted_to_all_rows():
    problem = problem_of(X @ [1.0, -2.0], max_iter=20)
    found = grow(problem, None)
    assert found.candidate.shrinkage is not None
    rows = problem.rows(problem.split.whole)
    design = np.column_stack([rows.X, np.ones(400)])
    best = design @ np.linalg.lstsq(design, rows.y.numpy(), rcond=None)[0]
    np.testing.assert_allclose(found.candidate.network.evaluate(rows.X), best, atol=1e-3)


def test_a_training_that_was_cut_off_is_told_of():
    problem = problem_of(np.abs(X[:, 0]) + X[:, 1], max_iter=3)
    assert any("max_iter" in message for _, message in grow(problem, None).warnings)
