import numpy as np
import pytest

from sk_spectral import SpectralNASRegressor, preparation
from sk_spectral.preparation import Data, Scaling


def columns():
    rng = np.random.default_rng(0)
    rare = (np.arange(200) < 4).astype(float)
    return np.column_stack(
        [rng.normal(3.0, 5.0, 200), rare, 10.0 - 4.0 * rare, np.full(200, 7.0), np.arange(200) % 3]
    )


@pytest.mark.parametrize("values_at_once", [1 << 18, 60])
@pytest.mark.parametrize("weighted", [True, False])
def test_deviations_are_the_scale_but_of_two_values_their_range(
    monkeypatch, values_at_once, weighted
):
    monkeypatch.setattr(preparation, "_VALUES_AT_ONCE", values_at_once)
    X = columns()
    weight = np.random.default_rng(1).uniform(0.5, 2.0, 200) if weighted else None
    scaling = Scaling.fit(Data(np.zeros((200, 1)), weight, X), None, centered=True)
    mean = np.average(X, axis=0, weights=weight)
    deviation = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weight))
    np.testing.assert_allclose(scaling.input_mean, mean)
    np.testing.assert_allclose(scaling.input_scale[[0, 4]], deviation[[0, 4]])
    np.testing.assert_array_equal(scaling.input_scale[1:4], [1.0, 4.0, 1.0])


def test_the_code_of_two_values_changes_no_prediction():
    X = columns()
    y = X[:, 0] * X[:, 1] + X[:, 4]
    recoded = X.copy()
    recoded[:, 1] = 5.0 + 3.0 * X[:, 1]
    predictions = [
        SpectralNASRegressor((8,), max_iter=20, prune_tol=None, random_state=0).fit(Z, y).predict(Z)
        for Z in (X, recoded)
    ]
    np.testing.assert_allclose(*predictions, rtol=1e-3, atol=1e-3)
