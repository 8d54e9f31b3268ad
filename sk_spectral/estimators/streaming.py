"""Rows beyond memory as the search takes them: a sample, rows set apart, a stream."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils.validation import check_array, validate_data

from sk_spectral.data.dataset import Data
from sk_spectral.data.source import Block, Source, some_rows_each
from sk_spectral.data.streamed import Stream, rows_in_memory
from sk_spectral.data.survey import MOST_SAMPLED, MOST_SET_APART, Count, Lowest, Survey
from sk_spectral.estimators.inputs import check_sample_weight
from sk_spectral.estimators.prediction import FLOATS
from sk_spectral.estimators.sources import beyond_memory, inputs_held, source_of, whole
from sk_spectral.estimators.table import find_categories
from sk_spectral.search.config import SearchConfig
from sk_spectral.search.streams import RandomStreams

Array = NDArray[Any]

OF_A_BATCH = " of a batch"
"""Completes the names of arguments in messages."""


class RowsToFit(NamedTuple):
    """What a search takes.

    Attributes
    ----------
    data : Data
        All rows, or a sample of the stream.
    valid : Data or None
        Rows set apart from the stream.
    stream : Stream or None
        Where the rows are more than memory is to hold.
    """

    data: Data
    valid: Data | None = None
    stream: Stream | None = None


def rows_to_fit(
    estimator: Any,
    given: tuple[Any, Any, Any],
    config: SearchConfig,
    streams: RandomStreams,
    *,
    reset: bool,
    fraction: float,
) -> RowsToFit:
    """Checked rows of what `fit` is given, as X, y and sample_weight.

    Parameters
    ----------
    estimator : SpectralSearch
        Learns what rows must match, if `reset`.
    given : tuple
    config : SearchConfig
    streams : RandomStreams
    reset : bool
    fraction : float
        Share of the rows that is set apart to stop by, where they are a stream.
    """
    source, rows = source_of(*given), None
    if source is not None:
        rows = whole(source, config.n_knots)
    elif config.training.solver != "lbfgs":
        source = beyond_memory(*given, config.n_knots)
    if source is None or rows is not None:
        return RowsToFit(estimator._check_data(*(rows or given), reset=reset))
    if config.training.solver == "lbfgs":
        raise ValueError(
            "solver='lbfgs' needs all rows at once, but those of X are more than working_memory of "
            "sklearn.set_config allows: choose 'adam' or 'sgd', or allow more."
        )
    survey, is_number = surveyed(estimator, source, reset, fraction, streams.seed("split"))
    return streamed(estimator, source, survey, is_number, reset)


def streamed(
    estimator: Any, source: Source, survey: Survey, is_number: NDArray[np.bool_], reset: bool
) -> RowsToFit:
    """The sample and what is set apart, checked as rows in memory are, and all others as a stream.

    Parameters
    ----------
    estimator : SpectralSearch
        Learns from the sample what rows must match, if `reset`.
    source : Source
    survey : Survey
    is_number : bool array of shape (n_features,)
    reset : bool
    """
    sample = checked_block(estimator, survey.sample, reset, "" if reset else OF_A_BATCH)
    if survey.classes and hasattr(estimator, "_class_totals"):
        labels = estimator.classes_.tolist()
        estimator._class_totals = np.array([survey.classes.get(k, 0.0) for k in labels])
        sample = checked_block(estimator, survey.sample)
    valid = None if survey.valid is None else checked_block(estimator, survey.valid)
    weight = 1.0 if sample.sample_weight is None else float(sample.sample_weight.mean())
    stream = stream_of(estimator, source, survey, is_number, weight)
    return RowsToFit(sample, valid, stream)


def stream_of(
    estimator: Any, source: Source, survey: Survey, is_number: NDArray[np.bool_], weight: float
) -> Stream:
    """What of a source is trained on, checked by what an estimator has learned of it."""

    def blocks(random: np.random.Generator | None) -> Iterator[Data]:
        for block in some_rows_each(map(survey.to_train_on, source.blocks(random))):
            if len(block):
                yield checked_block(estimator, block)

    n_rows = survey.n_rows - survey.n_valid
    return Stream(blocks, n_rows, weight, survey.moments, is_number, survey.complete)


def checked_block(
    estimator: Any, block: Block, reset: bool = False, suffix: str = OF_A_BATCH
) -> Data:
    """Rows of a block as all rows are checked."""
    given = block.X, block.y, block.sample_weight
    data: Data = estimator._check_data(*given, reset=reset, suffix=suffix)
    return data


def surveyed(
    estimator: Any, source: Source, reset: bool, fraction: float, seed: int
) -> tuple[Survey, NDArray[np.bool_]]:
    """The survey of all rows, and which columns of X are numbers.

    Rows are set apart by their values, so that copies stay together; where there are hardly any
    different ones, by their numbers.
    """
    for by_value in (True, False):
        count, is_number = counted(estimator, source, reset, seed, by_value)
        if count.tells_apart():
            break
    if not count.n_rows:
        raise ValueError("X has no rows, or none of a weight above 0.")
    return count.survey(fraction), is_number


def counted(
    estimator: Any, source: Source, reset: bool, seed: int, by_value: bool
) -> tuple[Count, NDArray[np.bool_]]:
    """What one pass tells of all rows, and which columns of X are numbers."""
    count, is_number = None, np.ones(0, dtype=bool)
    for block in some_rows_each(_matching(estimator, source.blocks(), reset)):
        if count is None:
            n_features = estimator.n_features_in_
            is_category = find_categories(block.X, estimator.categorical_features)
            is_number = np.ones(n_features, dtype=bool) if is_category is None else ~is_category
            count = _new_count(n_features, estimator.n_knots, seed, by_value)
        if len(block):
            count.take(block, _numbers(block.X, is_number), _labels(estimator, block.y))
    if count is None:
        raise ValueError("X has no rows.")
    return count, is_number


def _matching(estimator: Any, blocks: Iterable[Block], reset: bool) -> Iterator[Block]:
    """The rows that count, all of the columns of the first, or of those that were fitted."""
    is_first = True
    for block in blocks:
        validate_data(estimator, block.X, reset=reset and is_first, skip_check_array=True)
        is_first = False
        yield _of_weight(block)


def _new_count(n_features: int, n_knots: int | str, seed: int, by_value: bool) -> Count:
    """A quarter of what is allowed is for the sample, an eighth for the rows set apart."""
    room = inputs_held(n_features, n_knots)
    sampled, apart = min(room // 4, MOST_SAMPLED), min(room // 8, MOST_SET_APART)
    most_raw = rows_in_memory(2 * n_features) // 8
    sampled, apart = (max(min(n, most_raw), 100) for n in (sampled, apart))
    return Count(seed, by_value, Lowest(sampled), Lowest(apart))


def _of_weight(block: Block) -> Block:
    """The rows that count, their weights being numbers that weights can be."""
    if block.y is None:
        raise ValueError("X comes without y: give y, the name of its column, or batches (X, y).")
    if block.sample_weight is None:
        return block
    weight = np.asarray(block.sample_weight)
    if not np.any(weight):
        return block.take(np.empty(0, dtype=np.intp))
    checked = check_sample_weight(weight, np.empty((len(block), 0)), f"sample_weight{OF_A_BATCH}")
    block = Block(block.X, block.y, checked, block.numbers)
    return block if np.all(weight) else block.take(np.flatnonzero(weight))


def _numbers(X: Any, is_number: NDArray[np.bool_]) -> Array:
    """The columns of numbers, NaN where one is missing."""
    if not is_number.all():
        places = np.flatnonzero(is_number)
        is_frame = hasattr(X, "columns")
        X = X[[X.columns[j] for j in places]] if is_frame else np.asarray(X)[:, places]
    if not is_number.any():
        return np.empty((len(X), 0))
    asked = {"dtype": FLOATS, "ensure_all_finite": "allow-nan"}
    with np.errstate(all="ignore"):
        return np.asarray(check_array(X, input_name=f"X{OF_A_BATCH}", **asked))


def _labels(estimator: Any, y: Any) -> Array | None:
    """Labels of classes; of all else None, if it is what can be predicted."""
    checked = estimator._checked_y(np.asarray(y), f"y{OF_A_BATCH}")
    return checked if is_classifier(estimator) and checked.ndim == 1 else None
