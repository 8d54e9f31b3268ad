import os
from contextlib import contextmanager

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a thread for each of pytest's workers

import numpy as np
import pytest
import torch
from hypothesis import settings
from sklearn.datasets import load_iris

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor

# Timings belong to benchmarks; examples are the same in every run.
settings.register_profile("tests", deadline=None, derandomize=True)
settings.load_profile("tests")


def pytest_addoption(parser):
    parser.addoption("--fuzz-runs", type=int, default=40, help="cases of the fuzz test")
    parser.addoption("--fuzz-seed", type=int, default=0, help="seed of all of them")
    parser.addoption(
        "--bit-for-bit", action="store_true", help="predictions of stored fits must be the same"
    )
    parser.addoption("--site", help="folder of the site that .ci/docs has built")


@pytest.fixture(autouse=True)
def global_random_state_is_left_alone():
    """Nothing in the package may draw from torch's global generator or seed it."""
    before = torch.get_rng_state()
    yield
    assert torch.equal(before, torch.get_rng_state())


# Fitted once and read by many tests: one that changes a model takes a deepcopy of it.


@contextmanager
def left_as_it_is(model, X):
    before = model.predict(X)
    parameters = model.get_params()
    yield model
    np.testing.assert_array_equal(model.predict(X), before)
    assert model.get_params() == parameters


@pytest.fixture(scope="session")
def bent_rows():
    """The first column bends y, the second is linear in it, the third says nothing of it."""
    U = np.random.RandomState(0).uniform(-1, 1, (400, 3))
    X = U * [1.0, 50.0, 1.0] + [10.0, -200.0, 0.0]
    return X, 1000.0 * (2.0 * np.abs(U[:, 0]) + U[:, 1]) + 5000.0


@pytest.fixture(scope="session")
def fitted_regressor(bent_rows):
    """Some units of two hidden layers, which read the features alone."""
    settings = {"n_knots": 0, "max_iter": 30, "batch_size": 20, "random_state": 0}
    model = SpectralNASRegressor((16, 16), **settings)
    with left_as_it_is(model.fit(*bent_rows), bent_rows[0]) as fitted:
        yield fitted


@pytest.fixture(scope="session")
def linear_regressor(bent_rows):
    """No hidden unit of two layers."""
    X, _ = bent_rows
    model = SpectralNASRegressor((16, 16), max_iter=20, random_state=0)
    with left_as_it_is(model.fit(X, X @ [1.0, 0.5, 0.0]), X) as fitted:
        yield fitted


@pytest.fixture(scope="session")
def two_output_regressor(bent_rows):
    """Every unit of two hidden layers, and as the second output the first one's opposite."""
    X, y = bent_rows
    model = SpectralNASRegressor((16, 8), max_iter=15, prune_tol=None, random_state=0)
    with left_as_it_is(model.fit(X, np.column_stack([y, -y])), X) as fitted:
        yield fitted


@pytest.fixture(scope="session")
def wide_rows():
    """Twenty columns, of which the first bends y."""
    X = np.random.RandomState(0).normal(size=(600, 20))
    return X, np.abs(X[:, 0]) + X[:, 1]


@pytest.fixture(scope="session")
def unpruned_regressor(wide_rows):
    """Every unit of the default layers."""
    model = SpectralNASRegressor(max_iter=5, prune_tol=None, random_state=0)
    with left_as_it_is(model.fit(*wide_rows), wide_rows[0]) as fitted:
        yield fitted


@pytest.fixture(scope="session")
def iris_rows():
    """Four columns, and three classes by their names."""
    X, codes = load_iris(return_X_y=True)
    return X, np.array(["setosa", "versicolor", "virginica"])[codes]


@pytest.fixture(scope="session")
def fitted_classifier(iris_rows):
    """Every unit of two hidden layers, three classes."""
    model = SpectralNASClassifier((16, 8), max_iter=15, prune_tol=None, random_state=0)
    with left_as_it_is(model.fit(*iris_rows), iris_rows[0]) as fitted:
        yield fitted
