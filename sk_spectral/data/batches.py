"""Rows in memory, and batches of them by whole indexing operations."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from sk_spectral.data.sparse import SparseRows

_VALUES_GATHERED_AT_ONCE = 1 << 20


class Batch(NamedTuple):
    """X of shape (n_samples, n_features), y of (n_samples, n_outputs) or classes, and weights."""

    X: Tensor
    y: Tensor
    sample_weight: Tensor | None


class NarrowBatch(NamedTuple):
    """A batch of sparse rows: X of shape (n_samples, n_columns) has the columns that it needs.

    The others, of which `columns` does not hold the number, are 0.
    """

    X: Tensor
    y: Tensor
    sample_weight: Tensor | None
    columns: Tensor

    def widened(self, n_columns: int) -> Batch:
        """With all columns."""
        X = self.X.new_zeros(len(self.X), n_columns)
        X[:, self.columns] = self.X
        return Batch(X, self.y, self.sample_weight)


class TensorDataset(Dataset[Any]):
    """Rows of a learning problem as whole tensors on one device.

    Parameters
    ----------
    X : Tensor or SparseRows of shape (n_samples, n_features)
    y : Tensor of shape (n_samples, n_outputs), or (n_samples,) of class indices
    sample_weight : Tensor of shape (n_samples,), of mean 1, optional
    """

    def __init__(self, X: Any, y: Tensor, sample_weight: Tensor | None = None) -> None:
        self.X = X
        self.y = y
        self.sample_weight = sample_weight

    def __len__(self) -> int:
        return len(self.X)

    def of_inputs(self, n_inputs: int) -> "TensorDataset":
        """The same rows with so many columns of X, the first of them."""
        if n_inputs == self.X.shape[1]:
            return self
        return TensorDataset(self.X[:, :n_inputs], self.y, self.sample_weight)

    def with_inputs(self, read: Tensor) -> "TensorDataset":
        """The same rows with some columns of X, by a mask of shape (n_features,)."""
        return TensorDataset(self.X[:, read.to(self.X.device)], self.y, self.sample_weight)

    def weight_array(self) -> NDArray[np.float64] | None:
        """The weights in float64, for what is worked out by NumPy."""
        return None if self.sample_weight is None else self.sample_weight.cpu().double().numpy()

    def take(self, rows: Any) -> Batch:
        """The rows of a slice or of a tensor of indices, those of X dense."""
        weight = None if self.sample_weight is None else _taken(self.sample_weight, rows)
        X = self.X.dense(rows) if isinstance(self.X, SparseRows) else _taken(self.X, rows)
        return Batch(X, _taken(self.y, rows), weight)

    def __getitem__(self, rows: Any) -> tuple[Any, Tensor]:
        return for_skorch(self.take(rows))


def _taken(values: Tensor, rows: Any) -> Tensor:
    # For rows of several values this is much faster than values[rows].
    return values.index_select(0, rows) if isinstance(rows, Tensor) else values[rows]


def for_skorch(batch: Batch) -> tuple[Any, Tensor]:
    """Skorch's form of a batch, (X, y), in which X with weights is a dictionary."""
    if batch.sample_weight is None:
        return batch.X, batch.y
    return {"X": batch.X, "sample_weight": batch.sample_weight}, batch.y


class BatchIterator:
    """Batches of a TensorDataset, many of them gathered by one indexing operation.

    Parameters
    ----------
    rows : TensorDataset
    batch_size : int
    generator : torch.Generator, optional
        Shuffles the rows afresh in every pass. Without one the order is kept.
    constant : bool
        Append a column of ones to X.
    narrow : bool
        Give sparse rows as a NarrowBatch.
    """

    def __init__(
        self,
        rows: TensorDataset,
        batch_size: int,
        generator: torch.Generator | None = None,
        *,
        constant: bool = False,
        narrow: bool = False,
    ) -> None:
        self.rows = rows
        self.batch_size = batch_size
        self.generator = generator
        self.constant = constant
        self.narrow = narrow and isinstance(rows.X, SparseRows)

    def __iter__(self) -> Iterator[Any]:
        if self.narrow:
            yield from self._narrow_batches()
            return
        for X, y, weight in self._gathered():
            if self.constant:
                X = torch.cat([X, X.new_ones(len(X), 1)], dim=1)
            gathered = TensorDataset(X, y, weight)
            for start in range(0, len(X), self.batch_size):
                yield gathered.take(slice(start, start + self.batch_size))

    def _narrow_batches(self) -> Iterator[NarrowBatch]:
        n_samples, n_columns = self.rows.X.shape
        order = torch.arange(n_samples)
        if self.generator is not None and self.batch_size < n_samples:
            order = torch.randperm(n_samples, generator=self.generator)
        for picked in order.split(self.batch_size):
            X, columns = self.rows.X.narrow(picked)
            if self.constant:
                X = torch.cat([X, X.new_ones(len(X), 1)], dim=1)
                columns = torch.cat([columns, columns.new_full((1,), n_columns)])
            on_device = picked.to(self.rows.y.device)
            weight = self.rows.sample_weight
            weight = None if weight is None else weight[on_device]
            yield NarrowBatch(X, self.rows.y[on_device], weight, columns)

    def _gathered(self) -> Iterator[Batch]:
        """Whole multiples of the batch size."""
        n_samples, n_features = self.rows.X.shape
        n_batches = max(1, _VALUES_GATHERED_AT_ONCE // (self.batch_size * max(n_features, 1)))
        size = self.batch_size * n_batches
        if self.generator is None or self.batch_size >= n_samples:
            for start in range(0, n_samples, size):
                yield self.rows.take(slice(start, start + size))
            return
        order = torch.randperm(n_samples, generator=self.generator).to(self.rows.X.device)
        for picked in order.split(size):
            yield self.rows.take(picked)

    def __len__(self) -> int:
        return -(-len(self.rows) // self.batch_size)
