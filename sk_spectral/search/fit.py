"""The whole search, from rows and a configuration to a result."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.splitting import Split, Splitter
from sk_spectral.data.streamed import Stream
from sk_spectral.search.calibration import calibrated, shifted_loss
from sk_spectral.search.candidate import Candidate
from sk_spectral.search.compaction import evenly_spaced
from sk_spectral.search.config import SearchConfig
from sk_spectral.search.cross_validation import cross_validate
from sk_spectral.search.first_steps import (
    linear_by_folds,
    reading,
    reading_by_rows,
    reading_by_trial,
)
from sk_spectral.search.growth import grow
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.search.problem import Found, Problem, Warnings
from sk_spectral.search.result import SearchResult, Start, initial_steps, result_of
from sk_spectral.search.selection import KEEPS_LINEAR
from sk_spectral.search.significance import BEFORE_A_WARNING, DECAY_FROM_ADDITIVE
from sk_spectral.search.streams import RandomStreams
from sk_spectral.search.wide_limit import bends
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.convergence import UNITS_MIGHT_PAY, was_cut_off
from sk_spectral.training.loss import ElementwiseLoss
from sk_spectral.training.losses import loss_for
from sk_spectral.training.net import SpectralNet


def search_architecture(
    dataset: Data,
    config: SearchConfig,
    streams: RandomStreams,
    start: Start | None = None,
    *,
    valid: Data | None = None,
    stream: Stream | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> SearchResult:
    """Search the architecture that these rows need.

    Network and linear baseline are compared out of fold; where hidden units pay, the whole is
    trained and pruned, what is left fine-tuned, and the result cut out.

    Parameters
    ----------
    dataset : Data
        Checked rows: finite, of weights above 0.
    config : SearchConfig
    streams : RandomStreams
    start : Start, optional
        To train on from; by default a network that is a linear map.
    valid : Data, optional
        Rows by which training stops and units are pruned. By default some are set apart, as
        `config` says.
    stream : Stream, optional
        To train on in place of `dataset`, which is a sample of it; no other rows are set apart
        then, and no folds are asked.
    report : callable
        Told of each step in a line.

    Returns
    -------
    SearchResult

    Raises
    ------
    ValueError
        Where the numbers of the rows or of the training are too large to go on with.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_spectral.data import Data
    >>> from sk_spectral.search import RandomStreams, SearchConfig, search_architecture
    >>> X = np.random.RandomState(0).normal(size=(80, 3))
    >>> streams = RandomStreams(np.random.RandomState(0))
    >>> config = SearchConfig(hidden_layer_sizes=(8,))
    >>> search_architecture(Data(X @ np.ones((3, 1)), None, X), config, streams).topology.is_linear
    True
    """
    if stream is None:
        split = Split.of(
            dataset,
            valid,
            early_stopping=config.early_stopping,
            validation_fraction=config.validation_fraction,
            is_compared=config.asks_folds,
            watches=config.training.solver != "lbfgs",
            random_state=streams.seed("split"),
        )
    else:
        split = Split(dataset, valid, dataset, None, stream)
    on_features = None
    if start is None:
        start, on_features = initial_steps(dataset, config, streams, stream)
    start = start.placed(config, split.n_train)
    problem = Problem(split, start, config, loss_for(dataset.targets), streams, report)
    problem = problem.with_fitted_loss().observed()
    found = _climb(problem, on_features)
    message = config.training.batch_size_message(split.n_train)
    told = () if message is None else ((UserWarning, message),)
    found = _calibrated(problem, found, valid)
    given = found.candidate, found.net, found.scaling, found.rows
    return result_of(*given, told + found.warnings, found.points)


def _calibrated(problem: Problem, found: Found, valid: Data | None) -> Found:
    """With intercepts by all rows, and what rows that the user set apart lose then."""
    loss = problem.loss
    if not isinstance(loss, ElementwiseLoss) or not problem.config.fit_intercept:
        return found
    final = replace(problem, start=Start(found.candidate.network, found.scaling))
    rows = final.rows(problem.split.whole)
    candidate = found.candidate
    scaling, shift = calibrated(candidate, found.scaling, loss, rows)
    if valid is not None:
        told = shifted_loss(candidate, shift, loss, final.rows(valid))
        candidate = replace(candidate, loss_after=told)
    return replace(found, candidate=candidate, scaling=scaling)


def _climb(problem: Problem, on_features: Start | None) -> Found:
    """Climb from linear maps by folds: only where units pay there, all rows are trained on.

    With `on_features` in place of the start, which reads pieces, where these are of no use.
    """
    split, config = problem.split, problem.config
    if split.splitter is None:
        read = reading_by_rows if split.stream is None else reading_by_trial
        return grow(read(problem, on_features), None)
    folds, linear = linear_by_folds(problem, split.splitter)
    found = problem
    if linear is not None:
        found = reading(problem, on_features, linear.most_gain_of_pieces)
    compared, net = _cross_validate(found, split.splitter, folds, linear)
    if compared is None or linear is None or compared.prefers_units():
        return grow(found, compared)
    reads_pieces = found.start.scaling.pieces is not None
    if compared.has_network and compared.n_read is None and reads_pieces:
        grown = _from_additive(found, split.splitter, folds, linear)
        if grown is not None:
            return grown
    problem.report("no hidden unit: on rows held out they do not beat the best linear map")
    warnings: Warnings = ()
    if config.training.is_penalized and compared.has_network:
        free, _ = _cross_validate(found.without_penalty(), split.splitter, folds, linear)
        if free is not None and free.prefers_units():
            warnings += problem.about_alpha(KEEPS_LINEAR)
    if compared.n_read is None and (found is not problem or compared.read is not None):
        found = problem.with_inputs(compared.read)  # additive, beside a network that is not
        net = found.net_beside(net)
    return _stay_linear(found, compared, net, split.splitter, warnings)


def _cross_validate(
    problem: Problem,
    splitter: Splitter,
    folds: Sequence[NDArray[np.bool_]],
    linear: OutOfFold | None,
    start_for: Callable[[TensorDataset], SpectralNetwork] | None = None,
) -> tuple[OutOfFold | None, SpectralNet]:
    """The network on rows that it has not seen, against linear maps."""
    return cross_validate(
        start_for or (lambda rows: problem.start.network),
        problem.rows(problem.split.whole),
        splitter,
        problem.config,
        problem.loss,
        problem.streams,
        folds=folds,
        linear=linear,
        validated=problem.split.valid is not None,
        report=problem.report,
    )


def _from_additive(
    problem: Problem,
    splitter: Splitter,
    folds: Sequence[NDArray[np.bool_]],
    linear: OutOfFold,
) -> Found | None:
    """A network that sets out from the additive model, and reads no other pieces than it does.

    None where such networks lose to it on rows held out.

    With more weight decay, too: where inputs hardly join, a network that has to learn how they bend
    as well learns as much noise as it gains.
    """
    problem.report("networks that set out from the additive model:")
    training = problem.config.training.quiet()
    if training.weight_decay == "auto":
        training = training.with_decay(DECAY_FROM_ADDITIVE, len(problem.split.train))
    above = problem.with_inputs(linear.read)
    start_for = partial(above.linear_map, above.start.network, linear.shrinkage, None)
    by_folds = above.with_training(training), splitter, folds, replace(linear, read=None)
    compared, _ = _cross_validate(*by_folds, start_for)
    if compared is None or not compared.prefers_units():
        return None
    rows, _ = above.rows_by_use()
    start = replace(above.start, network=start_for(rows))
    return grow(above.starting_from(start), compared)


def _stay_linear(
    problem: Problem,
    compared: OutOfFold,
    net: SpectralNet,
    splitter: Splitter,
    warnings: Warnings,
) -> Found:
    """The best linear map of all rows takes the place of a fold's network."""
    max_iter = problem.config.training.max_iter
    rows = problem.rows(problem.split.whole)
    cut_off = compared.has_network and was_cut_off(net, max_iter, compared.n_epochs)
    n_read = compared.n_read or rows.X.shape[1]  # of pieces: whether it bends beyond these
    if cut_off and bends(rows.of_inputs(n_read), splitter.groups, BEFORE_A_WARNING):
        is_additive = compared.n_read is None and problem.start.scaling.pieces is not None
        kept = ("additive model", "additive") if is_additive else ("linear map", "linear")
        warnings += ((ConvergenceWarning, UNITS_MIGHT_PAY.format(max_iter, *kept)),)
    loss = compared.mean_kept_loss()
    candidate = Candidate.linear(
        problem.linear_map(net.module_, compared.shrinkage, compared.n_read),
        compared.shrinkage,
        compared.n_read,
        loss_before=compared.mean_loss() if compared.has_network else loss,
        loss_after=loss,
    )
    return Found(candidate, net, problem.start.scaling, evenly_spaced(rows), warnings)
