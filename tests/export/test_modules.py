"""The small network in torch, of features, indicators and pieces as in NumPy."""

import numpy as np
import pytest
import torch

from sk_spectral.export import CompactModule, EncodingModule, PiecesModule
from sk_spectral.model import CompactNetwork, Encoding, Pieces

RNG = np.random.default_rng(0)
ENCODING = Encoding(
    np.array([0.5, np.nan, 2.0]), np.array([0, 1, 1, 1]), np.array([np.nan, 0.0, 2.0, np.nan])
)
PIECES = Pieces(
    np.array([-1.0, *[-np.inf] * 6]), np.array([1.0, *[np.inf] * 6]),
    np.array([0, 0, 2]), np.array([-0.5, 0.0, 1.0]), np.array([0.0, 0.5, 3.0]),
)  # fmt: skip
X = np.column_stack([RNG.normal(size=50), RNG.integers(-1, 4, size=50), RNG.normal(2.0, size=50)])
X[::5, 0], X[1::5, 1] = np.nan, np.nan


def test_columns_and_pieces_are_those_of_numpy():
    columns = EncodingModule(ENCODING, torch.float64)(torch.as_tensor(X))
    np.testing.assert_array_equal(columns.numpy(), ENCODING.encode(X))
    inputs = PiecesModule(PIECES, torch.float64)(columns)
    np.testing.assert_allclose(inputs.numpy(), PIECES.encode(ENCODING.encode(X)), atol=1e-12)


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "silu"])
def test_a_whole_network_says_what_it_says_in_numpy(activation):
    weights = RNG.normal(size=(4, 10)), RNG.normal(size=(2, 14))
    intercepts = RNG.normal(size=4), RNG.normal(size=2)
    center, masks = RNG.normal(size=10), (np.ones(4, dtype=bool),)
    compact = CompactNetwork(
        weights, intercepts, activation, masks, center, pieces=PIECES, encoding=ENCODING
    )
    with torch.no_grad():
        found = CompactModule(compact, torch.float64)(torch.as_tensor(X)).numpy()
    np.testing.assert_allclose(found, compact(X), atol=1e-10)
