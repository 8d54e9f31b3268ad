"""What `fit` does once the parameters are checked: rows, search, what is kept of it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sklearn.utils import check_random_state

from sk_spectral.estimators.checkpointing import identity_of
from sk_spectral.estimators.shards import learned_by, rows_of_all, stream_beside
from sk_spectral.estimators.streaming import RowsToFit, rows_to_fit
from sk_spectral.search.config import SearchConfig
from sk_spectral.search.fit import search_architecture
from sk_spectral.search.result import Start
from sk_spectral.search.streams import RandomStreams
from sk_spectral.training.checkpoint import Checkpoint
from sk_spectral.training.data_parallel import SharedTraining
from sk_spectral.training.fit import new_net
from sk_spectral.training.observer import Observer
from sk_spectral.training.progress_line import ProgressLine
from sk_spectral.training.team import Team

Given = tuple[Any, Any, Any]
"""X, y and sample_weight."""

Warnings = Iterable[tuple[type[Warning], str]]


def searched(estimator: Any, given: Given, set_apart: Given, observer: Observer | None) -> Warnings:
    """Search the architecture for an estimator, which learns what was found; what to warn of.

    Where torch.distributed has several processes, each gives its own rows: the first decides, and
    in the end all have learned the same.

    Parameters
    ----------
    estimator : SpectralSearch
        With parameters that can be used.
    given : tuple
        X, y and sample_weight as `fit` takes them.
    set_apart : tuple
        Those of rows that the user set apart, or None.
    observer : Observer or None
    """
    if set_apart[0] is None and set_apart[2] is not None:
        raise ValueError("sample_weight_val needs X_val and y_val, which were not given.")
    if estimator.warm_start:
        estimator._check_can_go_on()
    estimator._partially_fitted, estimator._seen = False, None
    continued = estimator.warm_start and hasattr(estimator, "network_")
    if not continued:
        estimator._random_state = check_random_state(estimator.random_state)
    team = Team.of_this_process()
    if team is None:
        return _searched_here(estimator, given, set_apart, observer, continued, None)
    if estimator.solver == "lbfgs":
        raise ValueError(
            "solver='lbfgs' needs all rows in one process: choose 'adam' or 'sgd', or fit before "
            "torch.distributed is initialised."
        )
    if not team.leads:
        return _follow(estimator, team, given, continued)
    try:
        found = _searched_here(estimator, given, set_apart, observer, continued, team)
        team.told(_Learned(learned_by(estimator)))
    except BaseException as error:
        if not team.has_failed:  # else they know
            team.told(error)
        raise
    return found


class _Learned(dict[str, Any]):
    """What an estimator has learned in the end."""


def _follow(estimator: Any, team: Team, given: Given, continued: bool) -> Warnings:
    """Train with the first process, and learn what it has learned."""
    stream = stream_beside(estimator, team, given, not continued)
    while not isinstance(message := team.told(), _Learned):
        assert isinstance(message, SharedTraining)
        assert stream is not None
        message.follow(team, stream, new_net)
    vars(estimator).update(message)
    return ()


def _searched_here(
    estimator: Any,
    given: Given,
    set_apart: Given,
    observer: Observer | None,
    continued: bool,
    team: Team | None,
) -> Warnings:
    config: SearchConfig = estimator._config()
    checkpoint = None if estimator.checkpoint is None else Checkpoint(estimator.checkpoint)
    streams = estimator._streams(None if checkpoint is None else checkpoint.entropy)
    rows = _rows(estimator, given, set_apart[0] is None, config, streams, not continued, team)
    valid = rows.valid or estimator._check_validation_data(*set_apart)
    if continued:
        estimator._check_architecture()
    if checkpoint is not None:
        checkpoint.begin(identity_of(estimator, rows, valid, continued), streams.entropy)
    training = config.training.replace(
        observer=ProgressLine(observer) if estimator.verbose else observer,
        verbose=max(estimator.verbose - 1, 0),
        checkpoint=checkpoint,
        team=team,
    )
    result = search_architecture(
        rows.data,
        replace(config, training=training),
        streams,
        Start(estimator.network_, estimator._scaling) if continued else None,
        valid=valid,
        stream=rows.stream,
        report=print if estimator.verbose else lambda line: None,
    )
    estimator._store(result)
    estimator._n_fitted = len(rows.data) if rows.stream is None else rows.stream.n_rows
    if checkpoint is not None:
        checkpoint.end()
    return result.warnings


def _rows(
    estimator: Any,
    given: Given,
    sets_apart: bool,
    config: SearchConfig,
    streams: RandomStreams,
    reset: bool,
    team: Team | None,
) -> RowsToFit:
    sets_apart = sets_apart and config.early_stopping is not False
    fraction = config.validation_fraction if sets_apart else 0.0
    if team is None:
        return rows_to_fit(estimator, given, config, streams, reset=reset, fraction=fraction)
    return rows_of_all(estimator, team, given, reset, fraction, streams.seed("split"))
