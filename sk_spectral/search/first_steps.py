"""Before a network is trained: linear maps by folds, and whether it is to read pieces of features.

It reads them beside the features only where they may pay by themselves.
"""

import numpy as np
from numpy.typing import NDArray

from sk_spectral.data.splitting import Splitter
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.search.ladder import linear_steps
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.search.problem import Problem
from sk_spectral.search.result import Start
from sk_spectral.search.selection import baselines, most_gain_on_rows
from sk_spectral.search.significance import GAIN_OF_PIECES


def linear_by_folds(
    problem: Problem, splitter: Splitter
) -> tuple[list[NDArray[np.bool_]], OutOfFold | None]:
    """The folds, as from `Splitter.folds`, and linear maps by them, as from `linear_steps`."""
    folds = splitter.folds(problem.streams.seed("folds"))
    split, start = problem.split, problem.start
    linear = linear_steps(
        start.network,
        problem.rows(split.whole),
        splitter,
        folds,
        problem.loss,
        sources=start.scaling.sources,
        tol=problem.config.prune_tol or 0.0,
        validated=split.valid is not None,
    )
    return folds, linear


def reading(problem: Problem, on_features: Start | None, most_gain_of_pieces: float) -> Problem:
    """The problem, or from `on_features` on where pieces are of no use.

    Parameters
    ----------
    problem : Problem
        Of a network that reads pieces, where there are some.
    on_features : Start or None
        That reads none; None where there are none.
    most_gain_of_pieces : float
        Share of the loss of linear maps that these may take off.
    """
    if on_features is None or most_gain_of_pieces >= GAIN_OF_PIECES:
        return problem
    return problem.starting_from(on_features)


def reading_by_rows(problem: Problem, on_features: Start | None) -> Problem:
    """Likewise, by the rows by which networks are evaluated."""
    if on_features is None:
        return problem
    network, n_features = problem.start.network, problem.start.scaling.n_features
    rows, valid = problem.rows_by_use()
    evaluator = Evaluator.of_rows(problem.loss, network, rows, valid, problem.config.prune_tol)
    gain = most_gain_on_rows(baselines(network, evaluator, rows, n_features), evaluator)
    return reading(problem, on_features, gain)
