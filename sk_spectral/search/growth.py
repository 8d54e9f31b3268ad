"""Where hidden units pay: train on all rows but those set apart, and keep what is needed."""

from dataclasses import replace
from functools import partial

from sklearn.exceptions import ConvergenceWarning

from sk_spectral.data.streamed import StreamedRows
from sk_spectral.search.compaction import evenly_spaced
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.search.fine_tuning import FineTuning
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.search.path import points_of
from sk_spectral.search.problem import Found, Problem, Warnings
from sk_spectral.search.pruning import prune
from sk_spectral.search.selection import over_regularisation, select
from sk_spectral.training.convergence import cut_off_message
from sk_spectral.training.fit import STRONGER_DECAYS, train, train_by_decay
from sk_spectral.training.net import SpectralNet
from sk_spectral.training.rescaling import multiply_outputs


def grow(problem: Problem, compared: OutOfFold | None) -> Found:
    """Train, keep what pays, and refit it to all rows.

    Parameters
    ----------
    problem : Problem
    compared : OutOfFold or None
        Folds by which units were preferred. Without them the rows set apart decide, or those that
        are trained on.
    """
    n_epochs = problem.config.training.max_iter
    if compared is not None and compared.n_epochs is not None:
        n_epochs = compared.n_epochs
    found, fine_tuning = _train_and_select(problem, compared, n_epochs)
    candidate, split = found.candidate, problem.split
    has_more_rows = len(split.whole) > len(split.train)
    if fine_tuning is not None and candidate.fine_tuned_from is not None and has_more_rows:
        candidate = fine_tuning.again(candidate, problem.rows(split.whole))
    if candidate.shrinkage is not None:
        network = problem.linear_map(candidate.network, candidate.shrinkage, candidate.n_read)
        candidate = replace(candidate, network=network)
    return _with_inputs(problem, replace(found, candidate=candidate))


def _with_inputs(problem: Problem, found: Found) -> Found:
    """In a net, units and rows of those inputs alone that the network has left."""
    candidate = found.candidate
    if candidate.inputs is None:
        return found
    read = candidate.inputs.cpu().numpy()
    return Found(
        replace(candidate, inputs=None),
        problem.net_beside(found.net, candidate.network),
        found.scaling.narrowed(read),
        found.rows.with_inputs(candidate.inputs),
        found.warnings,
        found.points,
    )


def _train_and_select(
    problem: Problem, compared: OutOfFold | None, n_epochs: int
) -> tuple[Found, FineTuning | None]:
    """What is kept of a network, and how it was fine-tuned.

    The rows that are trained on are let go at its end, before all rows take their room.
    """
    config, scaling, loss = problem.config, problem.start.scaling, problem.loss
    rows, valid = problem.rows_by_use()
    all_rows = problem.rows_to_train_on(rows)
    given = problem.start.network, all_rows, valid, loss
    stream = all_rows if isinstance(all_rows, StreamedRows) else None
    gets_more_decay = not (config.warm_start or config.prune_tol is None or stream is not None)
    net, training = train_by_decay(
        *given,
        config.training,
        partial(problem.streams.generator, "shuffle"),
        n_epochs=n_epochs,
        times=STRONGER_DECAYS if gets_more_decay else (),
    )
    network, warnings = net.module_, _about_max_iter(problem, net, compared)
    if compared is not None:
        multiply_outputs(network, 1.0 / compared.temperature)
    evaluator = Evaluator.of_rows(loss, network, rows, valid, config.prune_tol)
    if config.prune_tol is None:
        candidate = prune(network, evaluator)
        return Found(candidate, net, scaling, evenly_spaced(rows), warnings), None
    fine_tuning = None
    if not config.warm_start and (valid is not None or compared is not None):
        watched = valid is not None
        fine_tuning = FineTuning(
            network, training, loss, problem.streams, watched, len(net.history), stream
        )
    sources = scaling.sources
    kept = select(network, evaluator, rows, valid, compared, fine_tuning, problem.report, sources)
    if config.training.is_penalized and (evaluator.independent or kept.shrinkage is not None):
        without = problem.without_penalty()
        given_too = without.config.training, without.streams.generator("shuffle")
        task = "without the penalty"
        free = train(*given, *given_too, n_epochs=n_epochs, task=task).module_
        found = over_regularisation(free, network, kept, evaluator, rows, compared, sources)
        if found is not None:
            warnings = problem.about_alpha(found) + warnings
    points = tuple(points_of(kept.tried, scaling))
    kept = replace(kept, tried=())
    return Found(kept, net, scaling, evenly_spaced(rows), warnings, points), fine_tuning


def _about_max_iter(problem: Problem, net: SpectralNet, compared: OutOfFold | None) -> Warnings:
    """Where it ended a training that was still getting better."""
    best_epoch = None if compared is None else compared.n_epochs
    message = cut_off_message(net, problem.config.training, best_epoch)
    return () if message is None else ((ConvergenceWarning, message),)
