"""What users give as rows that need not be in memory, as a `Source`."""

from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from typing import Any

import numpy as np

from sk_spectral.data.knots import MOST_IN_ALL, MOST_KNOTS
from sk_spectral.data.source import ArraySource, BatchSource, Source, joined_blocks
from sk_spectral.data.streamed import rows_in_memory
from sk_spectral.data.tables import (
    arrow_source,
    dask_source,
    is_arrow,
    is_dask,
    opened,
)

_COPIES = 6


def source_of(
    X: Any, y: Any = None, sample_weight: Any = None, features: Sequence[str] | None = None
) -> Source | None:
    """Rows that come in blocks; None for arrays and whatever else is taken as one.

    Parameters
    ----------
    X : object
        A path, a dataset or table of pyarrow, a collection of dask, or an iterable of batches
        (X, y[, sample_weight]) where y is None.
    y, sample_weight : object
        Names of columns of a table, or as for X.
    features : sequence of str, optional
        Columns to read of a table; by default all that are neither y nor weights.
    """
    if isinstance(X, str | PathLike):
        X = opened(X)
    for is_of, made in ((is_arrow, arrow_source), (is_dask, dask_source)):
        if is_of(X):
            return made(X, y, sample_weight, features)
    if y is None and _is_batches(X):
        return BatchSource(X)
    for name, given in (("y", y), ("sample_weight", sample_weight)):
        if isinstance(given, str):
            raise ValueError(
                f"{name}={given!r} names a column of a file, a dataset or a frame of dask, but X "
                f"is of type {type(X).__name__}, of which {name} is not a part: give its values."
            )
    return None


def is_source(X: Any) -> bool:
    """Whether `source_of` takes this in place of rows to predict."""
    return isinstance(X, str | PathLike) or is_arrow(X) or is_dask(X) or _is_batches(X)


def to_score_by(X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any]:
    """The targets and weights of rows, where they have to be read with X."""
    source = source_of(X, y, sample_weight) if is_source(X) else None
    if source is None:
        return y, sample_weight
    rows = [(block.y, block.sample_weight) for block in source.blocks() if len(block)]
    if not rows or rows[0][0] is None:
        raise ValueError("X comes without y: give y, the name of its column, or batches (X, y).")
    y, weight = zip(*rows, strict=True)
    return np.concatenate(y), None if weight[0] is None else np.concatenate(weight)


def _columns(X: Any) -> Any:
    """Names of them, or how many there are."""
    if hasattr(X, "columns"):
        return list(X.columns)
    return np.shape(X)[1] if np.ndim(X) == 2 else None


def _is_batches(X: Any) -> bool:
    if isinstance(X, Iterator):
        raise ValueError(
            "X is an iterator, which can be gone through once: give an object that starts anew "
            "whenever it is iterated over, as a class with __iter__ does."
        )
    if isinstance(X, Sequence):
        return len(X) > 0 and all(isinstance(b, tuple) and np.ndim(b[0]) == 2 for b in X)
    is_array = any(hasattr(X, name) for name in ("__array__", "shape", "columns", "__dataframe__"))
    return isinstance(X, Iterable) and not is_array and not isinstance(X, str | bytes | dict | set)


def beyond_memory(X: Any, y: Any, sample_weight: Any, n_knots: int | str) -> Source | None:
    """Rows of an array or a frame as a source, where there are too many to train on at once.

    Those that do not fit into memory once more, as inputs; a `numpy.memmap` likewise, as joblib
    makes one of an array for its workers. Sparse rows are not too many.
    """
    shape: tuple[int, ...] = getattr(X, "shape", ())
    is_table = isinstance(X, np.ndarray) or hasattr(X, "columns")
    if not is_table or len(shape) != 2 or y is None or shape[0] <= inputs_held(shape[1], n_knots):
        return None
    y = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
    if sample_weight is not None:
        sample_weight = np.asarray(sample_weight)
        if not sample_weight.ndim:
            sample_weight = np.full(shape[0], sample_weight)
    return ArraySource(X, y, sample_weight)


def most_rows(n_features: int, n_knots: int | str) -> int:
    """How many rows are trained on in memory: a fit makes some copies of them in its steps."""
    return inputs_held(n_features, n_knots) // _COPIES


def inputs_held(n_features: int, n_knots: int | str) -> int:
    """How many rows memory holds as inputs, which are features and pieces of them."""
    if n_knots == "auto":
        return rows_in_memory(n_features + min(MOST_KNOTS * n_features, MOST_IN_ALL))
    return rows_in_memory(n_features + int(n_knots) * n_features)


def whole(source: Source, n_knots: int | str) -> tuple[Any, Any, Any] | None:
    """X, y and weights of all rows, where memory holds them as they are trained on."""
    blocks, n_rows = [], 0
    for block in source.blocks():
        n_features = np.shape(block.X)[1] if np.ndim(block.X) == 2 else 1
        n_rows += len(block)
        blocks.append(block)
        if (first := _columns(blocks[0].X)) != (own := _columns(block.X)):
            raise ValueError(f"X of a batch has the columns {own}, but the first had {first}.")
        if max(n_rows, source.n_rows or 0) > most_rows(n_features, n_knots):
            return None
    if not n_rows:
        raise ValueError("X has no rows.")
    found = joined_blocks(blocks)
    return found.X, found.y, found.sample_weight
