"""A sparse X is fitted, predicted and explained as a dense one, and is never made dense at once."""

import pickle
import tracemalloc

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from spectral_cases import randomize

from sk_spectral import (
    SpectralNASClassifier,
    SpectralNASClassifierCV,
    SpectralNASRegressor,
    SpectralNetwork,
)
from sk_spectral.data.batches import BatchIterator, NarrowBatch, TensorDataset
from sk_spectral.data.sparse import SparseRows
from sk_spectral.search.baseline import LinearMaps
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.deviances import PoissonDeviance
from sk_spectral.training.fit import train
from sk_spectral.training.losses import LogLoss, SquaredError

RNG = np.random.default_rng(0)
DENSE = RNG.normal(size=(300, 40)) * (RNG.random((300, 40)) < 0.15)
Y = DENSE @ RNG.normal(size=40) + 0.05 * RNG.normal(size=300)
BENT = np.abs(DENSE[:, 0] + DENSE[:, 1] + 0.5) + Y
LABELS = np.array(["a", "b", "c"])[np.digitize(Y, [-0.5, 0.5])]
X = sparse.csr_array(DENSE)
FORMS = (sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.csc_matrix, sparse.coo_array)

CPU = torch.device("cpu")


def datasets(y, weighted=False):
    """The same rows, sparse and dense."""
    weight = torch.linspace(0.5, 1.5, 300) if weighted else None
    y = torch.as_tensor(y)
    return (
        TensorDataset(SparseRows(X.astype(np.float32), torch.float32, CPU), y, weight),
        TensorDataset(torch.tensor(DENSE, dtype=torch.float32), y, weight),
    )


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("penalty", [None, "gamma"])
@pytest.mark.parametrize("hidden", [(), (6, 5)])
def test_narrow_batches_train_as_wide_ones_do(fit_intercept, penalty, hidden):
    network = SpectralNetwork(
        (40, *hidden, 1), fit_intercept=fit_intercept, generator=torch.Generator().manual_seed(0)
    )
    randomize(network, scale=0.2)
    y = BENT[:, None].astype(np.float32)
    config = TrainingConfig(max_iter=3, batch_size=64, penalty=penalty, alpha=1e-2)
    nets = [
        train(network, rows, rows, SquaredError(), config, torch.Generator().manual_seed(1))
        for rows in datasets(y, weighted=True)
    ]
    for column in ("train_loss", "valid_loss"):
        found, expected = (net.history[:, column] for net in nets)
        np.testing.assert_allclose(found, expected, rtol=1e-4)
    for found, expected in zip(*(net.module_.parameters() for net in nets), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
    sparse_rows, dense_rows = datasets(y)
    torch.testing.assert_close(network.evaluate(sparse_rows.X), network.evaluate(dense_rows.X))


def test_batches_of_sparse_rows_are_those_of_dense_ones():
    generators = [torch.Generator().manual_seed(0) for _ in range(2)]
    iterators = [
        BatchIterator(rows, 70, generator, constant=True, narrow=True)
        for rows, generator in zip(datasets(Y, weighted=True), generators, strict=True)
    ]
    for narrow, wide in zip(*iterators, strict=True):
        assert isinstance(narrow, NarrowBatch)
        for found, expected in zip(narrow.widened(41), wide, strict=True):
            torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("y", "loss"),
    [
        (np.digitize(Y, [0.0]), LogLoss()),
        (np.digitize(Y, [-0.5, 0.5]), LogLoss()),
        (Y[:, None], SquaredError()),
        (np.column_stack([Y, BENT]), SquaredError()),
        (np.abs(Y)[:, None].round(), PoissonDeviance()),
    ],
)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_linear_maps_are_those_of_dense_rows(y, loss, fit_intercept, weighted):
    n_outputs = y.shape[1] if y.ndim == 2 else {2: 1, 3: 3}[len(np.unique(y))]
    found, expected = (
        LinearMaps(rows, n_outputs, fit_intercept, None, loss)(1e-2)
        for rows in datasets(y, weighted)
    )
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_whatever_the_form_the_numbers_are_the_same(form, dtype):
    rows = (3 * DENSE).astype(dtype)
    expected = SpectralNASRegressor((4,), max_iter=3, random_state=0)
    expected.fit(sparse.csr_array(rows.astype(float if dtype is np.int64 else dtype)), Y)
    found = SpectralNASRegressor((4,), max_iter=3, random_state=0).fit(form(rows), Y)
    np.testing.assert_array_equal(found.predict(form(rows)), expected.predict(form(rows)))
    np.testing.assert_allclose(found.predict(rows), found.predict(form(rows)), rtol=1e-6)


def test_stored_zeros_and_values_in_parts_are_nothing_new():
    parts = sparse.csr_array(
        (np.concatenate([0.5 * X.data, 0.5 * X.data, np.zeros(300)]),
         (np.tile(np.repeat(np.arange(300), np.diff(X.indptr)), 2).tolist() + list(range(300)),
          np.tile(X.indices, 2).tolist() + [39] * 300)), shape=X.shape,
    )  # fmt: skip
    settings = {"max_iter": 3, "random_state": 0}
    found, expected = (SpectralNASRegressor((4,), **settings).fit(x, Y) for x in (parts, X))
    np.testing.assert_allclose(found.predict(X), expected.predict(X))


@pytest.mark.parametrize("seed", range(3))
def test_linear_truths_stay_linear_and_others_are_networks(seed):
    rng = np.random.default_rng(seed)
    dense = (rng.random((1500, 60)) < 0.2).astype(float)
    noise = 0.1 * rng.normal(size=1500)
    line = dense @ rng.normal(size=60) + noise
    search = SpectralNASRegressor((32,), random_state=0).fit(sparse.csr_array(dense), line)
    assert search.topology_.is_linear
    pairs = 2.0 * dense[:, 0] * dense[:, 1] + 2.0 * dense[:, 2] * dense[:, 3]
    x_or = 2.0 * (dense[:, 4] != dense[:, 5])
    search = SpectralNASRegressor((32,), random_state=0)
    search.fit(sparse.csr_array(dense[:, :10]), pairs + x_or + noise)
    assert search.topology_.verdict == "network"
    assert 0.01 < search.topology_.nonlinear_share < 1
    assert search.feature_importances_[:6].sum() > 0.9


def test_weights_validation_rows_streams_searches_and_files():
    weight = np.repeat([0.0, 1.0], 150)
    settings = {"max_iter": 5, "random_state": 0}
    search = SpectralNASClassifier((4,), **settings).fit(X, LABELS, weight)
    alone = SpectralNASClassifier((4,), **settings).fit(X[150:], LABELS[150:])
    np.testing.assert_allclose(search.predict_proba(X), alone.predict_proba(X), rtol=1e-5)
    search.fit(X[:200], LABELS[:200], X_val=X[200:], y_val=LABELS[200:])
    loaded = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(loaded.predict(X), search.predict(X))
    folds = SpectralNASClassifierCV((4,), alphas=[0.0, 1e-2], cv=2, **settings).fit(X, LABELS)
    assert folds.score(X, LABELS) > 0.5
    grid = GridSearchCV(SpectralNASClassifier((4,), **settings), {"alpha": [0.0, 1e-2]}, cv=2)
    assert grid.fit(X, LABELS).score(X, LABELS) > 0.5


def test_a_stream_of_sparse_chunks_learns_columns_that_come_later():
    rng = np.random.default_rng(0)
    dense = (rng.random((4000, 20)) < 0.2) * rng.normal(size=(4000, 20))
    dense[:400, 10:] = 0.0
    y = dense @ rng.normal(size=20)
    search = SpectralNASRegressor((8,), learning_rate_init=3e-3, random_state=0)
    for _ in range(5):
        for start in range(0, 4000, 200):
            part = slice(start, start + 200)
            search.partial_fit(sparse.csr_array(dense[part]), y[part])
    assert search.score(dense, y) > 0.9
    assert (search.feature_importances_[10:] > 0).all()


def test_a_few_first_rows_are_fitted_again_with_the_next():
    search = SpectralNASRegressor((4,), random_state=0)
    for part in (slice(0, 5), slice(5, 12), slice(12, 300)):
        search.partial_fit(X[part], Y[part])
    assert search.predict(X).shape == (300,)


def test_a_dense_fit_takes_sparse_chunks_and_a_sparse_one_dense_chunks():
    for first, later in ((X, DENSE), (DENSE, X)):
        search = SpectralNASRegressor((4,), max_iter=3, random_state=0).fit(first, Y)
        search.partial_fit(later, Y)
        np.testing.assert_allclose(search.predict(X), search.predict(DENSE), rtol=1e-6, atol=1e-9)


def test_what_a_sparse_matrix_cannot_be_is_said_in_a_sentence():
    spoiled = X.copy()
    spoiled.data[3] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        SpectralNASRegressor().fit(spoiled, Y)
    with pytest.raises(ValueError, match="categorical_features names columns of a sparse X"):
        SpectralNASRegressor(categorical_features=[0]).fit(X, Y)
    large = DENSE.copy()
    large[0, 5] = 1e305
    with pytest.raises(ValueError, match=r"Column 5 of X has values of magnitude up to 1e\+305"):
        SpectralNASRegressor().fit(sparse.csr_array(large), Y)
    search = SpectralNASRegressor((4,), max_iter=2).fit(X, Y)
    with pytest.raises(ValueError, match="contains NaN"):
        search.predict(spoiled)


@pytest.mark.slow
def test_texts_are_classified_as_well_as_by_logistic_regression_in_little_memory():
    """Words of a topic among those of all: 2,000 texts, 20,000 columns, dense 320 MB."""
    rng = np.random.default_rng(0)
    topics = rng.integers(4, size=3000)
    common = 1.0 / np.arange(1, 40_001)
    own = [rng.permutation(40_000)[:3000] for _ in range(4)]
    texts = []
    for topic in topics:
        words = rng.choice(40_000, size=80, p=common / common.sum())
        special = rng.random(80) < 0.08
        words[special] = rng.choice(own[topic], size=special.sum())
        texts.append(" ".join(f"w{word}" for word in words))
    vectorizer = TfidfVectorizer(max_features=20_000)
    X_train = vectorizer.fit_transform(texts[:2000])
    X_test = vectorizer.transform(texts[2000:])
    search = SpectralNASClassifier((16,), max_iter=20, random_state=0)
    tracemalloc.start()
    search.fit(X_train, topics[:2000])
    score = search.score(X_test, topics[2000:])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 150e6  # of NumPy's; torch's is that of batches
    linear = LogisticRegression(max_iter=1000).fit(X_train, topics[:2000])
    assert score > linear.score(X_test, topics[2000:]) - 0.01
    pipeline = make_pipeline(TfidfVectorizer(), SpectralNASClassifier((4,), max_iter=2))
    assert pipeline.fit(texts[:200], topics[:200]).predict(texts[:3]).shape == (3,)
