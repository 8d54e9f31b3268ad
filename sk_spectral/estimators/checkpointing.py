"""What a checkpoint is of: it goes on with the same parameters, rows and start alone."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np

from sk_spectral.data.dataset import Data
from sk_spectral.estimators.streaming import RowsToFit

_OF_NO_MATTER = "callbacks", "checkpoint", "verbose"


def identity_of(
    estimator: Any, rows: RowsToFit, valid: Data | None, continued: bool
) -> dict[str, str]:
    """All that the numbers of a fit depend on, by a name that a message can give.

    Parameters
    ----------
    estimator : SpectralSearch
    rows : RowsToFit
    valid : Data or None
        Rows that the user set apart.
    continued : bool
        Whether a fitted network is trained on.
    """
    found = {}
    for name, value in sorted(estimator.get_params(deep=False).items()):
        if name not in _OF_NO_MATTER:
            is_drawn = isinstance(value, np.random.RandomState)
            found[name] = type(value).__name__ if is_drawn else repr(value)
    if continued:
        state = estimator.network_.state_dict().values()
        found["fitted network"] = _digest(tensor.numpy() for tensor in state)
    found["X, y or sample_weight"] = _digest_of(rows)
    if valid is not None:
        found["X_val, y_val or sample_weight_val"] = _digest(_arrays_of(valid))
    return found


def _digest_of(rows: RowsToFit) -> str:
    """Of all rows; of a stream of those that are in memory, and of the moments of all."""
    parts = [_digest(_arrays_of(rows.data))]
    if rows.valid is not None:
        parts.append(_digest(_arrays_of(rows.valid)))
    if rows.stream is not None:
        parts.append(f"{rows.stream.n_rows} {rows.stream.mean_weight!r}")
        parts.append(_digest(vars(rows.stream.moments).values()))
    return " ".join(parts)


def _arrays_of(data: Data) -> Iterable[Any]:
    yield data.y
    if data.sample_weight is not None:
        yield data.sample_weight
    if data.is_sparse:
        X = data.matrix()
        yield from (X.data, X.indices, X.indptr)
    else:
        yield from data.parts_of_X()


def _digest(arrays: Iterable[Any]) -> str:
    found = blake2b(digest_size=16)
    for values in arrays:
        found.update(str((values.shape, values.dtype.str)).encode())
        found.update(np.ascontiguousarray(values).data)
    return found.hexdigest()
