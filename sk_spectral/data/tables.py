"""Tables that other libraries read: Parquet and what else pyarrow knows, and dask's collections."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sk_spectral.data.source import ROWS_OF_A_BLOCK, PartSource, Source

_AHEAD = 1  # blocks and files that pyarrow reads ahead: more are more memory


def is_arrow(X: Any) -> bool:
    """Whether this is a dataset or table of pyarrow."""
    return type(X).__module__.startswith("pyarrow") and hasattr(X, "to_batches")


def is_dask(X: Any) -> bool:
    """Whether this is an array or a frame of dask."""
    return type(X).__module__.startswith("dask") and hasattr(X, "to_delayed")


def opened(path: Any) -> Any:
    """The dataset of a Parquet file, or of a folder of them.

    Raises
    ------
    ValueError
        Where there is none.
    ImportError
        Without pyarrow.
    """
    if not Path(path).exists():
        raise ValueError(f"X={str(path)!r} is no file or folder, nor rows of numbers.")
    try:
        from pyarrow import dataset
    except ImportError as error:
        raise ImportError(
            "Files are read by pyarrow, which is not installed: pip install pyarrow pandas."
        ) from error
    try:
        return dataset.dataset(path, format="parquet")
    except (OSError, ValueError) as error:
        told = str(error).split("\n")[0]
        raise ValueError(f"X={str(path)!r} cannot be read as Parquet: {told}") from error


def arrow_source(
    X: Any, y: Any, sample_weight: Any, features: Sequence[str] | None = None
) -> Source:
    """A dataset of pyarrow, by row groups where it has some, or a table.

    Parameters
    ----------
    X : pyarrow.dataset.Dataset or pyarrow.Table
    y, sample_weight : str or None
        Names of columns.
    features : sequence of str, optional
        Columns of X; by default all others.
    """
    names = X.schema.names
    features = _features(names, y, sample_weight, features)
    columns = [*features, *(name for name in (y, sample_weight) if name is not None)]
    split = partial(_split, features=list(features), y=y, weight=sample_weight)
    if not hasattr(X, "get_fragments"):
        table = X.select(columns)
        starts = range(0, max(len(table), 1), ROWS_OF_A_BLOCK)
        parts = [partial(_of_batches, [table.slice(s, ROWS_OF_A_BLOCK)], split) for s in starts]
        return PartSource(parts, len(table))
    fragments = [piece for fragment in X.get_fragments() for piece in _row_groups(fragment)]
    readers = [partial(_read, fragment, X.schema, columns, split) for fragment in fragments]
    return PartSource(readers, X.count_rows())


def _row_groups(fragment: Any) -> list[Any]:
    return fragment.split_by_row_group() if hasattr(fragment, "split_by_row_group") else [fragment]


def _read(fragment: Any, schema: Any, columns: list[str], split: Any) -> Iterator[tuple[Any, ...]]:
    """Of one row group, its columns unpacked as they are needed."""
    given: dict[str, Any] = {"schema": schema, "columns": columns, "batch_size": ROWS_OF_A_BLOCK}
    if fragment.format.default_extname == "parquet":
        from pyarrow.dataset import ParquetFragmentScanOptions

        given["fragment_scan_options"] = ParquetFragmentScanOptions(
            use_buffered_stream=True, pre_buffer=False
        )
    batches = fragment.to_batches(
        **given, use_threads=False, batch_readahead=_AHEAD, fragment_readahead=_AHEAD
    )
    yield from _of_batches(batches, split)


def _of_batches(batches: Any, split: Any) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        if batch.num_rows:
            yield split(batch.to_pandas())


def _split(frame: Any, features: list[Any], y: Any, weight: Any) -> tuple[Any, ...]:
    """X, y and weights of a frame that holds all of them."""
    own = [None if name is None else frame[name].to_numpy() for name in (y, weight)]
    return (frame[features], *own)


def _features(
    names: Sequence[Any], y: Any, weight: Any, features: Sequence[Any] | None
) -> Sequence[Any]:
    """The columns of X, all named ones being there."""
    asked = [name for name in (y, weight, *(features or ())) if name is not None]
    unknown = [name for name in asked if name not in names]
    if unknown:
        raise ValueError(f"X has no column {unknown[0]!r}; it has {', '.join(map(str, names))}.")
    if features is not None:
        return features
    return [name for name in names if name not in (y, weight)]


def dask_source(
    X: Any, y: Any, sample_weight: Any, features: Sequence[str] | None = None
) -> Source:
    """A frame or an array of dask, by partition: where there is a cluster, it computes them.

    Parameters
    ----------
    X : dask.dataframe.DataFrame or dask.array.Array
    y, sample_weight : str, collection of dask with the partitions of X, array, or None
        Of a frame, names of columns.
    features : sequence of str, optional
        Columns of X; by default all others.
    """
    if hasattr(X, "columns"):
        y_name, weight_name = (
            name if isinstance(name, str) else None for name in (y, sample_weight)
        )
        features = _features(list(X.columns), y_name, weight_name, features)
        y, sample_weight = (
            X[given] if isinstance(given, str) else given for given in (y, sample_weight)
        )
        X = X[list(features)]
    elif X.ndim == 2 and X.numblocks[1] > 1:
        X = X.rechunk({1: -1})
    own = [_lazy_parts(X, "X"), _lazy_parts(y, "y"), _lazy_parts(sample_weight, "sample_weight")]
    for name, parts in (("y", own[1]), ("sample_weight", own[2])):
        if parts is not None and len(parts) != len(own[0] or ()):
            raise ValueError(f"{name} has {len(parts)} partitions, but X has {len(own[0] or ())}.")
    n_parts = len(own[0] or ())
    return PartSource(
        [partial(_compute, [parts and parts[i] for parts in own]) for i in range(n_parts)]
    )


def _lazy_parts(collection: Any, name: str) -> list[Any] | None:
    if collection is None:
        return None
    if not is_dask(collection):
        raise ValueError(f"{name} must be of dask as X is, in the same partitions.")
    if hasattr(collection, "partitions"):
        return [collection.partitions[i] for i in range(collection.npartitions)]
    return [collection.blocks[i] for i in range(collection.numblocks[0])]


def _compute(lazy: list[Any]) -> Iterator[tuple[Any, ...]]:
    """X, y and weights of a partition, those that there are, by one call."""
    from dask.base import compute

    there = iter(compute(*(part for part in lazy if part is not None)))
    X, *others = (None if part is None else next(there) for part in lazy)
    yield (X, *(None if values is None else np.asarray(values) for values in others))
