"""Checked rows of a learning problem, before they become tensors."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_VALUES_AT_ONCE = 1 << 18


@dataclass(frozen=True, eq=False)
class Data:
    """Checked rows, X being held once however it is split.

    Attributes
    ----------
    y : array of shape (n_samples, n_outputs), or (n_samples,) of class codes
    sample_weight : array of shape (n_samples,), or None
    source : array of shape (n, n_features)
        Rows among which those of X are.
    rows : array of shape (n_samples,), or None
        Which these are; None for all.
    n_classes : int, or None
        Of class codes, how many there may be.
    """

    y: Array
    sample_weight: Array | None
    source: Array
    rows: Array | None = None
    n_classes: int | None = None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def n_features(self) -> int:
        """Columns of X."""
        return self.source.shape[1]

    @property
    def n_outputs(self) -> int:
        """Outputs of a network for these targets: one for each class, or one for two."""
        if self.y.ndim == 2:
            return self.y.shape[1]
        n_classes = int(self.y.max()) + 1 if self.n_classes is None else self.n_classes
        return 1 if n_classes == 2 else n_classes

    def parts_of_X(self) -> Iterator[Array]:
        """X in order, some rows at a time."""
        step = max(1, _VALUES_AT_ONCE // max(self.n_features, 1))
        for start in range(0, len(self), step):
            part = slice(start, start + step)
            yield self.source[part if self.rows is None else self.rows[part]]

    def take(self, rows: Array) -> "Data":
        """These rows alone."""
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        chosen = rows if self.rows is None else self.rows[rows]
        return Data(self.y[rows], weight, self.source, chosen, self.n_classes)

    def without_zero_weights(self) -> "Data":
        """The rows that count."""
        if self.sample_weight is None or self.sample_weight.all():
            return self
        return self.take(np.flatnonzero(self.sample_weight))
