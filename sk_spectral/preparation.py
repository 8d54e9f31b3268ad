"""What happens to the rows before a network sees them: split, scale, become tensors."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from sk_spectral.batches import TensorRows
from sk_spectral.compact import CompactNetwork

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
    """

    y: Array
    sample_weight: Array | None
    source: Array
    rows: Array | None = None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def n_features(self) -> int:
        """Columns of X."""
        return self.source.shape[1]

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
        return Data(self.y[rows], weight, self.source, chosen)

    def without_zero_weights(self) -> "Data":
        """The rows that count."""
        if self.sample_weight is None or self.sample_weight.all():
            return self
        return self.take(np.flatnonzero(self.sample_weight))


@dataclass(frozen=True, eq=False)
class Scaling:
    """Affine maps between the user's units and those that a network is trained in.

    Attributes
    ----------
    input_mean, input_scale : arrays of shape (n_features,)
    output_mean, output_scale : arrays of shape (n_outputs,)
    """

    input_mean: Array
    input_scale: Array
    output_mean: Array
    output_scale: Array

    @classmethod
    def fit(cls, data: Data, n_outputs: int | None, *, centered: bool) -> Self:
        """Weighted means and standard deviations of X and of the targets.

        Columns of two values are scaled by their range instead: in units of its deviation a rare
        category would be an outlier. After Gelman, "Scaling regression inputs by dividing by two
        standard deviations", Statistics in Medicine 2008, who leaves binary inputs as they are.

        Parameters
        ----------
        data : Data
        n_outputs : int, optional
            Number of outputs that keep their units; without it they are scaled by y.
        centered : bool
            Whether the means are taken off too, which takes an intercept to undo.
        """
        weight = data.sample_weight
        input_mean, input_scale = _mean_and_scale(data.parts_of_X(), weight, centered)
        binary, ranges = _columns_of_two_values(data)
        input_scale[binary] = ranges[binary]
        if n_outputs is None:
            output_mean, output_scale = _mean_and_scale([data.y], weight, centered)
        else:
            output_mean, output_scale = np.zeros(n_outputs), np.ones(n_outputs)
        return cls(input_mean, input_scale, output_mean, output_scale)

    @classmethod
    def identity(cls, n_features: int, n_outputs: int) -> Self:
        """No change of units."""
        return cls(
            np.zeros(n_features), np.ones(n_features), np.zeros(n_outputs), np.ones(n_outputs)
        )

    def to_rows(self, data: Data, *, dtype: torch.dtype, device: torch.device) -> TensorRows:
        """Tensors in the units of training, the weights scaled to a mean of 1."""
        X = torch.empty(len(data), data.n_features, dtype=dtype)
        start = 0
        for part in data.parts_of_X():
            stop = start + len(part)
            X.numpy()[start:stop] = _scaled(part, self.input_mean, self.input_scale)
            start = stop
        if data.y.ndim == 1:
            y = torch.as_tensor(data.y)
        else:
            y = torch.as_tensor(_scaled(data.y, self.output_mean, self.output_scale), dtype=dtype)
        weight = None
        if data.sample_weight is not None:
            weight = torch.as_tensor(data.sample_weight / data.sample_weight.mean(), dtype=dtype)
            weight = weight.to(device)
        return TensorRows(X.to(device), y.to(device), weight)

    def fold_into(self, compact: CompactNetwork) -> CompactNetwork:
        """The same network in the user's units."""
        return compact.rescaled(
            self.input_mean, self.input_scale, self.output_mean, self.output_scale
        )

    def unfold_from(self, compact: CompactNetwork) -> CompactNetwork:
        """The network in the units of training again, for one in the user's units."""
        return compact.rescaled(
            -self.input_mean / self.input_scale,
            1.0 / self.input_scale,
            -self.output_mean / self.output_scale,
            1.0 / self.output_scale,
        )


def _mean_and_scale(
    parts: Iterable[Array], weight: Array | None, centered: bool
) -> tuple[Array, Array]:
    scaler = StandardScaler(with_mean=centered)
    start = 0
    for part in parts:
        stop = start + len(part)
        scaler.partial_fit(part, sample_weight=None if weight is None else weight[start:stop])
        start = stop
    mean = scaler.mean_ if centered else np.zeros(len(scaler.scale_))
    return np.asarray(mean, dtype=np.float64), np.asarray(scaler.scale_, dtype=np.float64)


def _columns_of_two_values(data: Data) -> tuple[NDArray[np.bool_], Array]:
    """Which columns have two values, and the ranges of all."""
    extremes = [(part.min(axis=0), part.max(axis=0)) for part in data.parts_of_X()]
    lows, highs = zip(*extremes, strict=True)
    low = np.min(lows, axis=0).astype(np.float64)
    high = np.max(highs, axis=0).astype(np.float64)
    binary = high > low
    for part in data.parts_of_X():
        if not binary.any():
            break
        binary &= ((part == low) | (part == high)).all(axis=0)
    return binary, high - low


def _scaled(values: Array, mean: Array, scale: Array) -> Array:
    scaled = values - mean.astype(values.dtype)
    scaled /= scale.astype(values.dtype)
    return scaled
