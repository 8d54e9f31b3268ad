import numpy as np
import pytest
import torch
from spectral_cases import randomize

from sk_spectral import SpectralNetwork
from sk_spectral.batches import TensorRows
from sk_spectral.perceptron import LinearMaps


@pytest.mark.parametrize("sizes", [(4, 3), (4, 6, 3), (4, 6, 5, 7, 3)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_set_perceptron_becomes_any_linear_map(sizes, fit_intercept):
    network = SpectralNetwork(
        sizes,
        fit_intercept=fit_intercept,
        dtype=torch.float64,
        generator=torch.Generator().manual_seed(0),
    )
    randomize(network)
    W = torch.randn(3, 4 + fit_intercept, generator=torch.Generator().manual_seed(1)).double()
    network.set_perceptron(W)
    X = torch.eye(4, dtype=torch.float64)
    expected = X @ W[:, :4].T + (W[:, 4] if fit_intercept else 0.0)
    torch.testing.assert_close(network(X).detach(), expected)
    assert not any(mask.any() for mask in network.active_units())


def test_linear_map_is_ordinary_least_squares_with_weights():
    rng = np.random.RandomState(0)
    X, y, weight = rng.randn(50, 3), rng.randn(50, 2), rng.rand(50) + 0.1
    rows = TensorRows(*map(torch.as_tensor, (X, y, weight / weight.mean())))
    fitted = LinearMaps(rows, 2, True)(1e-12)
    root = np.sqrt(weight)[:, None]
    design = np.column_stack([X, np.ones(50)])
    expected = np.linalg.lstsq(design * root, y * root, rcond=None)[0].T
    np.testing.assert_allclose(fitted, expected, rtol=1e-7)


@pytest.mark.parametrize("present", [[0, 2, 3], [1, 3]])
def test_linear_map_for_classes_without_rows(present):
    rng = np.random.RandomState(0)
    X, y = rng.randn(60, 3), rng.choice(present, 60)
    rows = TensorRows(torch.as_tensor(X), torch.as_tensor(y))
    fitted = LinearMaps(rows, 4, True)(1e-3)
    assert fitted.shape == (4, 4)
    assert np.isin((X @ fitted[:, :3].T + fitted[:, 3]).argmax(axis=1), present).all()
    assert LinearMaps(TensorRows(rows.X, rows.y * 0), 4, True)(1e-3) is None
