import numpy as np
import pytest
import torch
from configurations import architectures
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils import all_estimators
from spectral_cases import randomize

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor, SpectralNetwork
from sk_spectral.data.batches import TensorDataset
from sk_spectral.search import convex
from sk_spectral.search.baseline import SHRINKAGES, LinearMaps, RidgeRegressions, nonlinear_share


@pytest.mark.parametrize("sizes", architectures(4, 2), ids=str)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_set_perceptron_becomes_any_linear_map(sizes, fit_intercept):
    network = SpectralNetwork(
        sizes,
        fit_intercept=fit_intercept,
        dtype=torch.float64,
        generator=torch.Generator().manual_seed(0),
    )
    randomize(network)
    W = torch.randn(2, 4 + fit_intercept, generator=torch.Generator().manual_seed(1)).double()
    network.set_linear_map(W)
    X = torch.eye(4, dtype=torch.float64)
    expected = X @ W[:, :4].T + (W[:, 4] if fit_intercept else 0.0)
    torch.testing.assert_close(network(X).detach(), expected)
    assert not any(mask.any() for mask in network.active_units())


def test_linear_map_is_ordinary_least_squares_with_weights():
    rng = np.random.RandomState(0)
    X, y, weight = rng.randn(50, 3), rng.randn(50, 2), rng.rand(50) + 0.1
    rows = TensorDataset(*map(torch.as_tensor, (X, y, weight / weight.mean())))
    fitted = LinearMaps(rows, 2, True)(1e-12)
    root = np.sqrt(weight)[:, None]
    design = np.column_stack([X, np.ones(50)])
    expected = np.linalg.lstsq(design * root, y * root, rcond=None)[0].T
    np.testing.assert_allclose(fitted, expected, rtol=1e-7)


@pytest.mark.parametrize("present", [[0, 2, 3], [1, 3]])
def test_linear_map_for_classes_without_rows(present):
    rng = np.random.RandomState(0)
    X, y = rng.randn(60, 3), rng.choice(present, 60)
    rows = TensorDataset(torch.as_tensor(X), torch.as_tensor(y))
    fitted = LinearMaps(rows, 4, True)(1e-3)
    assert fitted.shape == (4, 4)
    assert np.isin((X @ fitted[:, :3].T + fitted[:, 3]).argmax(axis=1), present).all()
    assert LinearMaps(TensorDataset(rows.X, rows.y * 0), 4, True)(1e-3) is None


def weights(n_samples, weighted):
    if not weighted:
        return None
    weight = np.random.RandomState(2).rand(n_samples) + 0.1
    return weight / weight.mean()


def as_rows(*arrays):
    return TensorDataset(*(None if array is None else torch.as_tensor(array) for array in arrays))


def columns(model):
    """Coefficients, and the intercepts of an sklearn model behind them."""
    coefficients = np.atleast_2d(model.coef_)
    if not model.fit_intercept:
        return coefficients
    return np.column_stack([coefficients, np.atleast_1d(model.intercept_)])


@pytest.mark.parametrize("shape", [(80, 5), (20, 60)])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_ridge_is_that_of_scikit_learn(shape, weighted, fit_intercept):
    rng = np.random.RandomState(0)
    X = rng.randn(*shape) + 1.0
    X[:, 1] = X[:, 0]
    y, weight = rng.randn(len(X), 3), weights(len(X), weighted)
    maps = LinearMaps(as_rows(X, y, weight), 3, fit_intercept)
    for shrinkage in SHRINKAGES:
        oracle = Ridge(alpha=shrinkage * len(X), fit_intercept=fit_intercept, solver="svd")
        oracle.fit(X, y, sample_weight=weight)
        np.testing.assert_allclose(maps(shrinkage), columns(oracle), rtol=1e-6, atol=1e-6)


def test_ridge_of_more_outputs_than_rows_and_of_a_column_of_zeros():
    rng = np.random.RandomState(0)
    X, y = rng.randn(20, 4), rng.randn(20, 30)
    X[:, 2] = 0.0
    W = LinearMaps(as_rows(X, y), 30, True)(1e-2)
    oracle = Ridge(alpha=0.2, solver="svd").fit(X, y)
    np.testing.assert_allclose(W, columns(oracle), rtol=1e-9, atol=1e-12)
    assert (W[:, 2] == 0).all()


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_logistic_map_is_that_of_scikit_learn(n_classes, weighted, fit_intercept):
    rng = np.random.RandomState(0)
    X = rng.randn(150, 4) + 0.5
    y = np.digitize(X[:, 0] + 0.5 * rng.randn(150), [0.5, 1.5][: n_classes - 1])
    weight = weights(150, weighted)
    maps = LinearMaps(as_rows(X, y, weight), 1 if n_classes == 2 else 3, fit_intercept)
    for shrinkage in SHRINKAGES[:-1]:
        oracle = LogisticRegression(
            C=1.0 / (150 * shrinkage), fit_intercept=fit_intercept,
            solver="newton-cg", tol=1e-10, max_iter=10_000,
        ).fit(X, y, sample_weight=weight)  # fmt: skip
        np.testing.assert_allclose(maps(shrinkage), columns(oracle), rtol=1e-6, atol=1e-6)


def test_logistic_map_of_fewer_rows_than_columns_leaves_a_column_of_zeros_alone():
    X = np.random.RandomState(0).randn(3, 5)
    X[1], X[:, 2] = X[0], 0.0
    assert (LinearMaps(as_rows(X, np.array([0, 0, 1])), 1, True)(1e-3)[:, 2] == 0).all()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_separable_classes_have_a_logistic_map(n_classes):
    X = np.linspace(-1.0, 1.0, 90)[:, None]
    y = np.repeat(np.arange(n_classes), 90 // n_classes)
    W = LinearMaps(as_rows(X, y), 1 if n_classes == 2 else 3, True)(1e-6)
    scores = X @ W[:, :1].T + W[:, 1]
    found = scores[:, 0] > 0 if n_classes == 2 else scores.argmax(axis=1)
    assert (found == y).mean() > 0.97


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("shape", [(150, 4), (30, 50)])
def test_both_ways_to_a_logistic_map_agree(monkeypatch, n_classes, shape):
    rng = np.random.RandomState(0)
    X, y = rng.randn(*shape), rng.randint(0, n_classes, shape[0])
    n_outputs = 1 if n_classes == 2 else 3
    monkeypatch.setitem(convex._LBFGS, "gtol", 1e-10)
    monkeypatch.setitem(convex._LBFGS, "ftol", 0.0)
    found = []
    for most, kept in ((1000, 1 << 22), (0, 0)):
        monkeypatch.setattr(convex, "_MOST_COEFFICIENTS", most)
        monkeypatch.setattr(convex, "_VALUES_TO_KEEP", kept)
        monkeypatch.setattr(convex, "_ROWS_AT_ONCE", 13)
        found.append(LinearMaps(as_rows(X, y), n_outputs, True)(1e-2))
    np.testing.assert_allclose(*found, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", [SpectralNASRegressor, SpectralNASClassifier])
@pytest.mark.parametrize("n_samples", [60, 150])
def test_no_estimator_of_scikit_learn_is_fitted_on_the_way(monkeypatch, kind, n_samples):
    fitted = []
    for _, estimator in all_estimators():
        for method in ("fit", "partial_fit", "fit_transform"):
            if method in vars(estimator):
                monkeypatch.setattr(
                    estimator, method, lambda self, *a, name=estimator, **k: fitted.append(name)
                )
    X = np.random.RandomState(0).randn(n_samples, 3)
    y = X[:, 0] + np.sin(X[:, 1])
    kind((8,), max_iter=5, random_state=0).fit(X, y > 0 if kind is SpectralNASClassifier else y)
    assert fitted == []


def test_a_logistic_map_of_equal_columns_far_from_0_is_found():
    rng = np.random.RandomState(0)
    column = 1e9 + rng.randn(17)
    W = LinearMaps(as_rows(np.column_stack([column, column]), rng.randint(0, 2, 17)), 1, True)
    assert all(np.isfinite(W(shrinkage)).all() for shrinkage in SHRINKAGES)


@pytest.mark.parametrize("scale", [1.0, 1e-300, 1e300])
def test_the_nonlinear_share_is_that_of_outputs_in_any_units(scale):
    A = np.random.RandomState(0).randn(50, 2)
    outputs = A[:, :1] + np.abs(A[:, 1:])
    expected = nonlinear_share(A, outputs, None, True)
    assert 0 < expected < 1
    assert nonlinear_share(A, scale * outputs, None, True) == pytest.approx(expected)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_labels_have_a_logistic_map_each(fit_intercept):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    y = np.column_stack([X[:, 0] + rng.normal(size=80) > 0, X[:, 1] > 0.5, np.ones(80, dtype=bool)])
    rows = TensorDataset(torch.as_tensor(X), torch.as_tensor(y))
    W = LinearMaps(rows, 3, fit_intercept)(0.01)
    for k in range(2):
        one = TensorDataset(rows.X, torch.as_tensor(y[:, k].astype(int)))
        np.testing.assert_allclose(W[k], LinearMaps(one, 1, fit_intercept)(0.01)[0], atol=1e-6)
    assert not W[2, :3].any()  # all rows have it
    if fit_intercept:
        assert W[2, 3] == pytest.approx(np.log(80.5 / 0.5))
    read = np.array([True, False, True])
    assert not LinearMaps(rows, 3, fit_intercept, read)(0.01)[:, 1].any()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_rows_that_come_in_parts_give_the_map_of_all(weighted, fit_intercept):
    rng = np.random.RandomState(0)
    X, y, weight = rng.randn(100, 4) + 3, rng.randn(100, 2) + 1, rng.uniform(0.5, 2, 100)
    X[:, 3] = 0.0
    read = np.array([True, False, True, True])
    whole = RidgeRegressions(X[:, read], y, weight if weighted else None, fit_intercept)
    tensors = [torch.as_tensor(values) for values in (X, y, weight)]
    parts = [
        TensorDataset(*(values[rows] for values in tensors[: 3 if weighted else 2]))
        for rows in (slice(0, 3), slice(3, 60), slice(60, 100))
    ]
    found = RidgeRegressions.of_parts(parts, read, fit_intercept)
    for shrinkage in (1.0, 1e-3, 1e-6):
        np.testing.assert_allclose(found(shrinkage), whole(shrinkage), atol=1e-10)
