"""Checked rows of a learning problem, before they become tensors."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_spectral.data.continuous import ContinuousTargets
from sk_spectral.data.sparse import is_sparse
from sk_spectral.data.targets import ClassTargets, LabelTargets, Targets
from sk_spectral.model.encoding import Encoding

Array = NDArray[Any]

_VALUES_AT_ONCE = 1 << 18


@dataclass(frozen=True, eq=False)
class Data:
    """Checked rows, X being held once however it is split.

    Attributes
    ----------
    y : array of shape (n_samples, n_outputs), of truth values for labels, or (n_samples,) of class
        codes
    sample_weight : array of shape (n_samples,), or None
    source : array or CSR matrix of shape (n, n_features)
        Rows among which those of X are.
    rows : array of shape (n_samples,), or None
        Which these are; None for all.
    targets : Targets
        What y encodes. By default the columns of y, or the classes up to its largest code.
    encoding : Encoding or None
        By which the columns were made, where they are no features as they came.
    """

    y: Array
    sample_weight: Array | None
    source: Array
    rows: Array | None = None
    targets: Targets = field(default=None)  # type: ignore[assignment]
    encoding: Encoding | None = None

    def __post_init__(self) -> None:
        if self.targets is None:
            found: Targets
            if self.y.ndim == 2 and self.y.dtype == bool:
                found = LabelTargets(self.y.shape[1])
            elif self.y.ndim == 2:
                found = ContinuousTargets(self.y.shape[1])
            else:
                found = ClassTargets(np.arange(int(self.y.max(initial=0)) + 1))
            object.__setattr__(self, "targets", found)

    def __len__(self) -> int:
        return len(self.y)

    @property
    def n_features(self) -> int:
        """Columns of X."""
        return self.source.shape[1]

    @property
    def n_numbers(self) -> int:
        """Columns that may have more than two values: no categories, and no indicators."""
        if self.encoding is None:
            return self.n_features
        return int((~self.encoding.is_category).sum())

    @property
    def strata(self) -> NDArray[np.int64] | None:
        """Codes by which rows are spread over folds and samples, where there are some."""
        return self.targets.strata(self.y)

    @property
    def total_weight(self) -> float:
        """Sum of the weights, or how many rows there are."""
        return float(len(self)) if self.sample_weight is None else float(self.sample_weight.sum())

    def is_missing(self, feature: int) -> NDArray[np.bool_] | None:
        """The rows in which a number was filled in, where there are some."""
        encoding = self.encoding
        if encoding is None or feature >= encoding.n_features:
            return None
        own = np.flatnonzero((encoding.feature == feature) & np.isnan(encoding.value))
        if not len(own):
            return None
        return self.column(encoding.n_features + int(own[0])) > 0

    def column(self, feature: int) -> Array:
        """One column of X."""
        values = self.source[:, feature]
        return values if self.rows is None else values[self.rows]

    def parts_of_X(self, n_columns: int | None = None) -> Iterator[Array]:
        """X in order, some rows at a time: fewer where they are to have so many columns."""
        step = max(1, _VALUES_AT_ONCE // max(n_columns or self.n_features, 1))
        for start in range(0, len(self), step):
            part = slice(start, start + step)
            some: Any = self.source[part if self.rows is None else self.rows[part]]
            yield some.toarray() if self.is_sparse else some

    @property
    def is_sparse(self) -> bool:
        """Whether X is a sparse matrix: then no column is a category, and none has pieces."""
        return is_sparse(self.source)

    def matrix(self) -> Any:
        """X as a whole, in the form that it has."""
        return self.source if self.rows is None else self.source[self.rows]

    def take(self, rows: Array) -> "Data":
        """These rows alone."""
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        chosen = rows if self.rows is None else self.rows[rows]
        return Data(self.y[rows], weight, self.source, chosen, self.targets, self.encoding)

    def without_zero_weights(self) -> "Data":
        """The rows that count."""
        if self.sample_weight is None or self.sample_weight.all():
            return self
        return self.take(np.flatnonzero(self.sample_weight))
