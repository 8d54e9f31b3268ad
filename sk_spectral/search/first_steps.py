"""Before a network is trained: linear maps by folds, and whether it is to read pieces of features.

It reads them beside the features only where they may pay by themselves; of a stream, to which they
are dear, where they pay in a network.
"""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sk_spectral.data.splitting import Splitter
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.search.ladder import linear_steps
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.search.problem import Problem
from sk_spectral.search.result import Start
from sk_spectral.search.selection import baselines, most_gain_on_rows
from sk_spectral.search.significance import GAIN_OF_PIECES, ON_ROWS_SET_APART
from sk_spectral.training.fit import train
from sk_spectral.training.loss import standard_error

_STEPS_OF_A_TRIAL = 2000


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


def reading_by_trial(problem: Problem, on_features: Start | None) -> Problem:
    """Likewise for a stream, by short trainings on its sample with pieces and without.

    With pieces a pass costs several times as much. They are read where the loss on the rows by
    which networks are evaluated is less by the share `GAIN_OF_PIECES` and two standard errors, as
    the trials see it.
    """
    if on_features is None:
        return problem
    without = problem.starting_from(on_features)
    losses = [_trial(given) for given in (problem, without)]
    gains = losses[1] - losses[0]
    least = GAIN_OF_PIECES * float(losses[1].mean()) + ON_ROWS_SET_APART * standard_error(gains)
    return problem if float(gains.mean()) > least else without


def _trial(problem: Problem) -> Tensor:
    """Loss of each row after a short training on the sample."""
    rows, valid = problem.rows_by_use()
    training = problem.config.training.quiet().to_the_last_epoch()
    n_epochs = training.epochs_for(_STEPS_OF_A_TRIAL, len(rows))
    generator = problem.streams.from_the_beginning().generator("shuffle")
    start = problem.start.network
    net = train(
        start, rows, None, problem.loss, training, generator, n_epochs=n_epochs, task="trial"
    )
    evaluator = Evaluator.of_rows(problem.loss, start, rows, valid, problem.config.prune_tol)
    return evaluator.losses(net.module_, net.module_.active_units())
