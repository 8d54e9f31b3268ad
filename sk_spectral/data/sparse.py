"""Rows of which few values are not 0: kept as they are, made dense some at a time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


class SparseRows:
    """A matrix in the form of compressed rows where a tensor is asked for.

    It has the part of a tensor's face that rows of a learning problem are read by. Some rows are a
    dense tensor where they are trained on or evaluated, and stay sparse where a subset is formed.

    Parameters
    ----------
    matrix : scipy.sparse CSR array or matrix of shape (n_samples, n_features)
        In units of training.
    dtype : torch.dtype
        Of the tensors.
    device : torch.device
        Where they are.
    """

    def __init__(self, matrix: Any, dtype: torch.dtype, device: torch.device) -> None:
        self.matrix, self.dtype, self.device = matrix, dtype, device

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        n_rows, n_columns = self.matrix.shape
        return n_rows, n_columns

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> "SparseRows":
        """These rows, by a slice, a mask or numbers: still sparse."""
        rows = rows.cpu().numpy() if isinstance(rows, Tensor) else rows
        return SparseRows(self.matrix[rows], self.dtype, self.device)

    def dense(self, rows: Any = slice(None)) -> Tensor:
        """These rows as a tensor."""
        some = self[rows].matrix.toarray()
        return torch.from_numpy(some).to(dtype=self.dtype, device=self.device)

    def narrow(self, rows: Any = slice(None)) -> tuple[Tensor, Tensor]:
        """These rows as a tensor of the columns that are not 0 in all of them, and their numbers.

        Of a few rows of a wide table these are far fewer than all.
        """
        some = self[rows].matrix
        there = np.zeros(some.shape[1], dtype=bool)
        there[some.indices] = True
        columns = np.flatnonzero(there)
        place = np.cumsum(there) - 1
        X = np.zeros((some.shape[0], len(columns)), dtype=some.dtype)
        X[np.repeat(np.arange(len(X)), np.diff(some.indptr)), place[some.indices]] = some.data
        return (
            torch.from_numpy(X).to(dtype=self.dtype, device=self.device),
            torch.from_numpy(columns).to(self.device),
        )

    def split_narrow(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """All rows in order, so many at a time, as `narrow` gives them."""
        for start in range(0, len(self), size):
            yield self.narrow(slice(start, start + size))

    def split(self, size: int) -> Iterator[Tensor]:
        """All rows in order, as tensors of so many."""
        for start in range(0, len(self), size):
            yield self.dense(slice(start, start + size))

    def __matmul__(self, W: Tensor) -> Tensor:
        """Product with a dense matrix of few columns."""
        product = self.matrix @ W.cpu().numpy()
        return torch.from_numpy(np.asarray(product)).to(dtype=self.dtype, device=self.device)

    def with_ones(self) -> "SparseRows":
        """With a last column of ones."""
        return SparseRows(with_ones(self.matrix), self.dtype, self.device)

    def new_empty(self, *size: Any) -> Tensor:
        """A tensor of this type."""
        return torch.empty(*size, dtype=self.dtype, device=self.device)

    def new_ones(self, *size: Any) -> Tensor:
        """Likewise, of ones."""
        return torch.ones(*size, dtype=self.dtype, device=self.device)

    def new_zeros(self, *size: Any) -> Tensor:
        """Likewise, of zeros."""
        return torch.zeros(*size, dtype=self.dtype, device=self.device)


def is_sparse(X: Any) -> bool:
    """Whether this is a matrix or an array of scipy.sparse."""
    return hasattr(X, "tocsr")


def canonical(X: Any) -> Any:
    """The same in compressed rows, each with its columns in order and once, and no 0 stored."""
    rows = X.tocsr(copy=True)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    return rows


def column_scales(X: Any, weight: Array | None) -> NDArray[np.float64]:
    """By column the root mean square of what is not 0; inf where nothing is.

    Parameters
    ----------
    X : CSR array or matrix of shape (n_samples, n_features)
        Canonical.
    weight : array of shape (n_samples,), or None
    """
    largest = float(np.abs(X.data).max(initial=0.0)) or 1.0  # no square overflows, or is lost
    share = np.ones(X.shape[0]) if weight is None else weight / weight.max()
    by_value = np.repeat(share, np.diff(X.indptr))
    squares = np.bincount(X.indices, by_value * np.square(X.data / largest), X.shape[1])
    total = np.bincount(X.indices, by_value, X.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        scales: NDArray[np.float64] = largest * np.sqrt(squares / total)
    return np.where(scales > 0, scales, np.inf)


def hashed(X: Any) -> NDArray[np.uint64]:
    """A number for each row, by its values and their columns alone.

    Parameters
    ----------
    X : CSR array or matrix
        Canonical.
    """
    values = np.ascontiguousarray(X.data, dtype=np.float64).view(np.uint64)
    codes = (values ^ (X.indices.astype(np.uint64) * _ODD)) * _ODD
    codes = (codes ^ (codes >> _SHIFT)) * _ODD
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(codes, dtype=np.uint64)])
    return sums[X.indptr[1:]] - sums[X.indptr[:-1]]


def stacked(several: list[Any]) -> Any:
    """The rows of several CSR matrices of the same columns, in order."""
    starts = np.cumsum([0, *(len(X.data) for X in several)])
    indptr = [X.indptr[1:] + start for X, start in zip(several, starts[:-1], strict=True)]
    parts = (
        np.concatenate([X.data for X in several]),
        np.concatenate([X.indices for X in several]),
        np.concatenate([[0], *indptr]),
    )
    return type(several[0])(parts, shape=(sum(X.shape[0] for X in several), several[0].shape[1]))


def with_ones(X: Any) -> Any:
    """A CSR matrix with a last column of ones."""
    n_rows, n_columns = X.shape
    parts = (
        np.insert(X.data, X.indptr[1:], 1.0),
        np.insert(X.indices, X.indptr[1:], n_columns),
        X.indptr + np.arange(n_rows + 1),
    )
    return type(X)(parts, shape=(n_rows, n_columns + 1))
