"""A fitted estimator as a torch module."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from sk_spectral.model.compact import CompactNetwork
from sk_spectral.model.encoding import Encoding
from sk_spectral.model.pieces import Pieces
from sk_spectral.spectral.tensor_activations import TENSOR_ACTIVATIONS


class CompactModule(nn.Module):
    """The small network in torch: every layer reads all layers before it.

    Parameters
    ----------
    compact : CompactNetwork
    dtype : torch.dtype
    decoding : {"exp", "sort"} or None
        What makes predictions of its outputs.

    Attributes
    ----------
    weights, intercepts : ParameterList
        Those of layer i for the inputs and the outputs of the layers before it, side by side. No
        intercepts where the network has none.
    center : Tensor of shape (2, n_inputs), or None
        Taken off the inputs in two parts, which keep the digits of one of twice the precision.
    pieces : PiecesModule, or None
        Makes inputs of the columns.
    encoding : EncodingModule, or None
        Makes columns of the features.
    """

    def __init__(
        self,
        compact: CompactNetwork,
        dtype: torch.dtype = torch.float32,
        decoding: str | None = None,
    ) -> None:
        super().__init__()
        self.activation, self.decoding = compact.activation, decoding
        self.weights, self.intercepts = (
            nn.ParameterList(torch.tensor(array, dtype=dtype) for array in arrays or ())
            for arrays in (compact.weights, compact.intercepts)
        )
        self.center: Tensor | None
        center = None if compact.center is None else _in_two_parts(compact.center, dtype)
        self.register_buffer("center", center)
        self.pieces = None if compact.pieces is None else PiecesModule(compact.pieces, dtype)
        encoding = compact.encoding
        self.encoding = None if encoding is None else EncodingModule(encoding, dtype)

    def forward(self, X: Tensor) -> Tensor:
        """Outputs of shape (n_samples, n_outputs) for X of shape (n_samples, n_features)."""
        if self.encoding is not None:
            X = self.encoding(X)
        if self.pieces is not None:
            X = self.pieces(X)
        if self.center is not None:
            X = X - self.center[0] - self.center[1]
        intercepts = list(self.intercepts) or [None] * len(self.weights)
        for i, (weight, intercept) in enumerate(zip(self.weights, intercepts, strict=True)):
            z = nn.functional.linear(X, weight, intercept)
            if i + 1 < len(self.weights):
                X = torch.cat([X, TENSOR_ACTIVATIONS[self.activation].function(z)], dim=1)
        if self.decoding == "exp":
            return z.exp()
        return z.sort(dim=1).values if self.decoding == "sort" else z


class EncodingModule(nn.Module):
    """Features with missing ones filled in, and indicators, as `Encoding.encode` gives them.

    Parameters
    ----------
    encoding : Encoding
    dtype : torch.dtype
    """

    fill: Tensor
    feature: Tensor
    value: Tensor
    is_category: Tensor

    def __init__(self, encoding: Encoding, dtype: torch.dtype) -> None:
        super().__init__()
        fill = torch.tensor(encoding.fill, dtype=dtype)
        self.register_buffer("fill", fill.nan_to_num())
        self.register_buffer("is_category", fill.isnan())
        self.register_buffer("feature", torch.from_numpy(encoding.feature))
        self.register_buffer("value", torch.tensor(encoding.value, dtype=dtype))

    def forward(self, X: Tensor) -> Tensor:
        """Columns of shape (n_samples, n_features + n_indicators)."""
        own, values = X[:, self.feature], self.value
        there = (own == values) | (own.isnan() & values.isnan())
        filled = torch.where(X.isnan() | self.is_category, self.fill, X)
        return torch.cat([filled, there.to(X.dtype)], dim=1)


class PiecesModule(nn.Module):
    """The features and their pieces, as `Pieces.encode` gives them.

    Parameters
    ----------
    pieces : Pieces
    dtype : torch.dtype
    """

    low: Tensor
    high: Tensor
    feature: Tensor
    start: Tensor
    width: Tensor

    def __init__(self, pieces: Pieces, dtype: torch.dtype) -> None:
        super().__init__()
        self.register_buffer("low", torch.tensor(pieces.low, dtype=dtype))
        self.register_buffer("high", torch.tensor(pieces.high, dtype=dtype))
        self.register_buffer("feature", torch.from_numpy(pieces.feature))
        self.register_buffer("start", _in_two_parts(pieces.start, dtype))
        self.register_buffer("width", torch.tensor(pieces.end - pieces.start, dtype=dtype))

    def forward(self, X: Tensor) -> Tensor:
        """Inputs of shape (n_samples, n_features + n_pieces)."""
        p = (X[:, self.feature] - self.start[0] - self.start[1]) / self.width
        return torch.cat([X.clamp(self.low, self.high), p.clamp(0.0, 1.0)], dim=1)


def _in_two_parts(values: NDArray[np.float64], dtype: torch.dtype) -> Tensor:
    """A value rounded, and what this has left of it: shape (2, n)."""
    exact = torch.from_numpy(values)
    return torch.stack([exact.to(dtype), (exact - exact.to(dtype)).to(dtype)])


def to_torch(estimator: Any, dtype: torch.dtype = torch.float32) -> CompactModule:
    """The network that predicts as a torch module, in your units.

    Its outputs are those of `predict` for a regressor, of shape (n_samples, n_outputs), and the
    logits for a classifier: one for two classes, else one for each. It takes numbers, NaN where
    they are missing, and codes of categories, as `estimator.to_numbers(X)` gives them.

    Parameters
    ----------
    estimator : fitted SpectralNASRegressor or SpectralNASClassifier, or of those with CV
    dtype : torch.dtype, default=torch.float32

    Examples
    --------
    >>> import torch
    >>> from sk_spectral import SpectralNASRegressor
    >>> from sk_spectral.datasets import make_linear_to_quadratic
    >>> from sk_spectral.export import to_torch
    >>> X, y, _ = make_linear_to_quadratic(200, random_state=0)
    >>> model = SpectralNASRegressor((8,), max_iter=5, random_state=0).fit(X, y)
    >>> to_torch(model)(torch.ones(3, 2)).shape
    torch.Size([3, 1])
    """
    check_is_fitted(estimator)
    return CompactModule(estimator.compact_, dtype, estimator._targets.decoding)
