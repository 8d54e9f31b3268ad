"""Rows of which several processes have a shard each: the first learns what all must know."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_spectral.data.source import ArraySource, Shard, Source
from sk_spectral.data.sparse import is_sparse
from sk_spectral.data.splitting import MOST_ROWS
from sk_spectral.data.streamed import Stream
from sk_spectral.data.survey import Count, Survey
from sk_spectral.estimators.sources import source_of
from sk_spectral.estimators.streaming import (
    OF_A_BATCH,
    RowsToFit,
    checked_block,
    counted,
    stream_of,
    streamed,
)
from sk_spectral.training.team import Team


@dataclass(frozen=True, eq=False)
class _Schema:
    """What the first process has learned of all rows."""

    learned: dict[str, Any]
    survey: Survey
    is_number: NDArray[np.bool_]
    weight: float


def learned_by(estimator: Any) -> dict[str, Any]:
    """What an estimator has learned: all that it holds but its parameters."""
    parameters = estimator.get_params(deep=False)
    return {
        name: value
        for name, value in vars(estimator).items()
        if name not in parameters and not name.startswith("_skl_")
    }


def shard_of(team: Team, X: Any, y: Any, sample_weight: Any) -> Source:
    """The rows of this process."""
    source = source_of(X, y, sample_weight)
    if source is None:
        if is_sparse(X):
            raise ValueError(
                "Sparse rows are fitted by one process: call fit before torch.distributed is "
                "initialised, or give dense rows."
            )
        X = X if hasattr(X, "columns") else np.asarray(X)
        if np.ndim(X) != 2:
            raise ValueError(f"X must be of shape (n_samples, n_features), got {np.shape(X)}.")
        weight = None if sample_weight is None else np.asarray(sample_weight)
        source = ArraySource(X, None if y is None else np.asarray(y), weight)
    return Shard(source, team.rank)


def rows_of_all(
    estimator: Any,
    team: Team,
    given: tuple[Any, Any, Any],
    reset: bool,
    fraction: float,
    seed: int,
) -> RowsToFit:
    """In the first process, what a search takes of the rows of all; up to 5,000 it has all of them.

    Parameters
    ----------
    estimator : SpectralSearch
    team : Team
    given : tuple
        X, y and sample_weight of this process.
    reset : bool
    fraction : float
        Share of the rows that is set apart.
    seed : int
    """
    own = _Own(estimator, team, given, reset, int(team.told(seed)))
    count = own.of_all
    assert count is not None
    if not count.n_rows:
        raise ValueError("X has no rows in any process, or none of a weight above 0.")
    if count.n_rows <= min(MOST_ROWS, count.sample.most):
        suffix = "" if reset else OF_A_BATCH
        rows = RowsToFit(checked_block(estimator, count.survey(0.0).sample, reset, suffix))
        team.told(None)
        return rows
    survey = count.survey(fraction)
    rows = streamed(estimator, own.source, survey, own.is_number, reset)
    assert rows.stream is not None
    bare = replace(survey, sample=survey.sample.take(slice(0)), valid=None)
    schema = _Schema(learned_by(estimator), bare, own.is_number, rows.stream.mean_weight)
    team.told(schema)
    return rows._replace(stream=own.part_of(rows.stream, survey))


def stream_beside(
    estimator: Any, team: Team, given: tuple[Any, Any, Any], reset: bool
) -> Stream | None:
    """In the other processes, the stream of their own rows; None where the first fits alone."""
    own = _Own(estimator, team, given, reset, int(team.told()))
    schema = team.told()
    if schema is None:
        return None
    vars(estimator).update(schema.learned)
    given_too = schema.survey, schema.is_number, schema.weight
    return own.part_of(stream_of(estimator, own.source, *given_too), schema.survey)


class _Own:
    """The rows of this process, counted as those of all others are at the same time."""

    def __init__(
        self, estimator: Any, team: Team, given: tuple[Any, Any, Any], reset: bool, seed: int
    ) -> None:
        for by_value in (True, False):
            error = None
            try:
                self.source = shard_of(team, *given)
                count, self.is_number = counted(estimator, self.source, reset, seed, by_value)
                self._n_rows, self._keys = count.n_rows, count.apart.keys()
            except Exception as found:  # all others wait for this one
                error = found
            team.all_or_none(error)
            self.of_all = _together(team.gathered(count))
            if team.told(self.of_all is not None and self.of_all.tells_apart()):
                break

    def part_of(self, stream: Stream, survey: Survey) -> Stream:
        """That has the rows of this process alone."""
        n_apart = 0 if survey.limit is None else int((self._keys <= np.uint64(survey.limit)).sum())
        return replace(stream, n_of_others=stream.n_rows - (self._n_rows - n_apart))


def _together(counts: list[Count] | None) -> Count | None:
    if counts is None:
        return None
    first, *others = counts
    for other in others:
        first.and_of(other)
    return first
