"""Paths of networks: one for each strength of the penalty, or for each number of hidden units.

As `sklearn.linear_model.lasso_path` for linear models, from the linear map on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import torch

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.splitting import Split
from sk_spectral.model.path import TopologyPath
from sk_spectral.search.candidate import Candidate, no_units
from sk_spectral.search.config import SearchConfig
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.search.fine_tuning import FineTuning
from sk_spectral.search.first_steps import linear_by_folds, reading, reading_by_rows
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.search.path import points_of
from sk_spectral.search.problem import Problem
from sk_spectral.search.pruning import least_important_first, unit_importances, unpruned, without
from sk_spectral.search.result import initial_steps
from sk_spectral.search.selection import baseline, baselines, select
from sk_spectral.search.streams import RandomStreams
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.fit import STRONGER_DECAYS, train, train_by_decay
from sk_spectral.training.losses import loss_for
from sk_spectral.training.replicas import train_replicas


def path_over_alphas(
    data: Data, config: SearchConfig, streams: RandomStreams, alphas: Sequence[float]
) -> TopologyPath:
    """A network for each strength of the penalty, trained side by side.

    From one initial network, in the same order of batches, each up to its own best epoch for the
    rows set apart. Units that these do not miss leave; where all that are left do not beat the best
    linear map there, it takes their place. Nothing is refitted.

    Parameters
    ----------
    data : Data
    config : SearchConfig
        Its `early_stopping="auto"` sets rows apart, however few there are. Callbacks are not
        called.
    streams : RandomStreams
    alphas : sequence of float

    Returns
    -------
    TopologyPath
        The best linear maps, and then a network for each alpha from the strongest on.
    """
    course = _Course.of(data, config, streams)
    ordered = sorted(alphas, reverse=True)
    networks = _trained(course, ordered)
    scaling, rows, evaluator = course.problem.start.scaling, course.rows, course.evaluator
    found = points_of(course.linear, scaling)
    for alpha, network in zip(ordered, networks, strict=True):
        candidate = select(network, evaluator, rows, sources=scaling.sources, ladder=course.best)
        (point,) = points_of([candidate], scaling)
        found.append(replace(point, alpha=alpha))
    return TopologyPath(tuple(found))


def path_over_sizes(
    data: Data, config: SearchConfig, streams: RandomStreams, sizes: Sequence[int]
) -> TopologyPath:
    """A network for each number of hidden units, what is left of one trained further and further.

    The less important units leave, at most half of them at once, and the rest is fine-tuned as in a
    search.

    Parameters
    ----------
    data, config, streams
        As for `path_over_alphas`.
    sizes : sequence of int
        Hidden units, of all layers together.

    Returns
    -------
    TopologyPath
        The best linear maps, and then a network for each size from the smallest on.
    """
    course = _Course.of(data, config, streams)
    problem, rows, valid = course.problem, course.rows, course.valid
    net, training = train_by_decay(
        problem.start.network,
        rows,
        valid,
        problem.loss,
        problem.config.training,
        partial(streams.generator, "shuffle"),
        n_epochs=config.training.max_iter,
        times=STRONGER_DECAYS,
    )
    whole, loss = net.module_, problem.loss
    fine_tuning = FineTuning(whole, training, loss, streams, valid is not None, len(net.history))
    refit = partial(fine_tuning.refit, rows=fine_tuning.soft_targets(rows), valid=valid)
    candidate = unpruned(whole, course.evaluator)
    tried = []
    for size in sorted(set(sizes), reverse=True):
        candidate = _shrunk(candidate, size, course.evaluator, lambda *given: refit(*given)[0])
        tried.append(candidate)
    found = points_of([*course.linear, *reversed(tried)], problem.start.scaling)
    return TopologyPath(tuple(found))


@dataclass(frozen=True, eq=False)
class _Course:
    """What both paths start from.

    Attributes
    ----------
    problem : Problem
    rows, valid : TensorDataset
        To train on, and to stop and prune by, where there are some.
    evaluator : Evaluator
    linear : list of Candidate
        The best linear map of the features, and then that of their pieces as well.
    best : list of Candidate
        Those of them that networks have to beat.
    """

    problem: Problem
    rows: TensorDataset
    valid: TensorDataset | None
    evaluator: Evaluator
    linear: list[Candidate]
    best: list[Candidate]

    @classmethod
    def of(cls, data: Data, config: SearchConfig, streams: RandomStreams) -> Self:
        split = Split.of(
            data,
            None,
            early_stopping=bool(config.early_stopping),
            validation_fraction=config.validation_fraction,
            is_compared=config.asks_folds,
            watches=True,
            random_state=streams.seed("split"),
        )
        start, on_features = initial_steps(data, config, streams)
        start = start.placed(config, len(split.train))
        loss = loss_for(data.targets)
        problem = Problem(split, start, config, loss, streams, lambda line: None)
        problem = problem.with_fitted_loss()
        compared = None
        if split.splitter is not None:
            _, compared = linear_by_folds(problem, split.splitter)
        if compared is None:
            problem = reading_by_rows(problem, on_features)
        elif compared.n_read is not None:  # else what pieces say is to be beaten
            problem = reading(problem, on_features, compared.most_gain_of_pieces)
        rows, valid = problem.rows_by_use()
        network, scaling = problem.start.network, problem.start.scaling
        evaluator = Evaluator.of_rows(problem.loss, network, rows, valid, config.prune_tol)
        if compared is None:
            linear = baselines(network, evaluator, rows, scaling.n_features)
            return cls(problem, rows, valid, evaluator, linear, linear)
        best, lower = _by_folds(problem, compared, rows, evaluator), None
        if compared.n_read is None and scaling.pieces is not None:
            lower = baseline(network, evaluator, rows, scaling.n_features)
        linear = [best] if lower is None else [lower, best]
        return cls(problem, rows, valid, evaluator, linear, [best])


def _by_folds(
    problem: Problem, compared: OutOfFold, rows: TensorDataset, evaluator: Evaluator
) -> Candidate:
    """The linear map that folds prefer: fewer rows set apart would not tell its shrinkage."""
    network, shrinkage, n_read = problem.start.network, compared.shrinkage, compared.n_read
    linear = problem.linear_map(network, shrinkage, n_read, rows, compared.read)
    loss = float(evaluator.losses(linear, no_units(linear)).mean())
    return Candidate.linear(linear, shrinkage, n_read, loss, loss)


def _trained(course: _Course, alphas: Sequence[float]) -> list[SpectralNetwork]:
    """Side by side, but for line searches, which go each its own way."""
    problem, rows, valid = course.problem, course.rows, course.valid
    network, loss, training = problem.start.network, problem.loss, problem.config.training.quiet()
    seed = problem.streams.seed("shuffle")
    generators = [torch.Generator().manual_seed(seed) for _ in alphas]
    if training.solver != "lbfgs":
        of_each = None if valid is None else [valid] * len(alphas)
        networks = [network] * len(alphas)
        replicas = train_replicas(
            networks, rows, loss, training, generators, valid=of_each, alphas=alphas
        )
        return [replica.network for replica in replicas]
    return [
        train(network, rows, valid, loss, training.replace(alpha=alpha), generator).module_
        for alpha, generator in zip(alphas, generators, strict=True)
    ]


def _shrunk(
    candidate: Candidate,
    size: int,
    evaluator: Evaluator,
    refit: Callable[[SpectralNetwork, list[torch.Tensor]], SpectralNetwork],
) -> Candidate:
    """What is left of a candidate with so many units, if it has more."""
    while (n_units := sum(int(mask.sum()) for mask in candidate.unit_masks)) > size:
        network, masks = candidate.network, candidate.unit_masks
        importances = unit_importances(network, evaluator.X, evaluator.sample_weight, masks)
        n_left = max(size, n_units // 2)
        masks = without(masks, least_important_first(importances, masks)[: n_units - n_left])
        network = refit(network, masks)
        loss = float(evaluator.losses(network, masks).mean())
        candidate = replace(candidate, network=network, unit_masks=masks, loss_after=loss)
    return candidate
