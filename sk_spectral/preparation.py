"""What happens to the rows before a network sees them: split, scale, become tensors."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sk_spectral.batches import TensorRows
from sk_spectral.compact import CompactNetwork

Array = NDArray[Any]


class Data(NamedTuple):
    """Checked rows: X of shape (n, p), y of (n, q) targets or (n,) class codes, (n,) weights."""

    X: Array
    y: Array
    sample_weight: Array | None

    def take(self, rows: Array) -> "Data":
        """These rows alone."""
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        return Data(self.X[rows], self.y[rows], weight)

    def without_zero_weights(self) -> "Data":
        """The rows that count."""
        if self.sample_weight is None or self.sample_weight.all():
            return self
        return self.take(np.flatnonzero(self.sample_weight))


def split_rows(
    data: Data, fraction: float, *, stratified: bool, random_state: np.random.RandomState
) -> tuple[Data, Data]:
    """Set `fraction` of the rows apart for validation, by class where each class allows it."""
    n_samples = len(data.X)
    n_valid = min(max(int(np.ceil(fraction * n_samples)), 1), n_samples - 1)
    labels = None
    if stratified:
        counts = np.bincount(data.y)
        counts = counts[counts > 0]
        if counts.min() >= 2 and len(counts) <= min(n_valid, n_samples - n_valid):
            labels = data.y
    train, valid = train_test_split(
        np.arange(n_samples), test_size=n_valid, stratify=labels, random_state=random_state
    )
    return data.take(train), data.take(valid)


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
    def fit(cls, X: Array, targets: Array | int, weight: Array | None, *, centered: bool) -> Self:
        """Weighted means and standard deviations of X and of the targets.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        targets : array of shape (n_samples, n_outputs), or the number of outputs that keep
            their units
        weight : array of shape (n_samples,), optional
        centered : bool
            Whether the means are taken off too, which takes an intercept to undo.
        """
        input_mean, input_scale = _mean_and_scale(X, weight, centered)
        if isinstance(targets, int):
            output_mean, output_scale = np.zeros(targets), np.ones(targets)
        else:
            output_mean, output_scale = _mean_and_scale(targets, weight, centered)
        return cls(input_mean, input_scale, output_mean, output_scale)

    @classmethod
    def identity(cls, n_features: int, n_outputs: int) -> Self:
        """No change of units."""
        return cls(
            np.zeros(n_features), np.ones(n_features), np.zeros(n_outputs), np.ones(n_outputs)
        )

    def to_rows(self, data: Data, *, dtype: torch.dtype, device: torch.device) -> TensorRows:
        """Tensors in the units of training, the weights scaled to a mean of 1."""
        X = torch.as_tensor(_scaled(data.X, self.input_mean, self.input_scale), dtype=dtype)
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


def _mean_and_scale(values: Array, weight: Array | None, centered: bool) -> tuple[Array, Array]:
    scaler = StandardScaler(with_mean=centered, copy=False).fit(values, sample_weight=weight)
    mean = scaler.mean_ if centered else np.zeros(values.shape[1])
    return np.asarray(mean, dtype=np.float64), np.asarray(scaler.scale_, dtype=np.float64)


def _scaled(values: Array, mean: Array, scale: Array) -> Array:
    scaled = values - mean.astype(values.dtype)
    scaled /= scale.astype(values.dtype)
    return scaled
