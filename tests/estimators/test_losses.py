"""Regressions of other losses than the squared error: what they find, and what they refuse."""

import pickle

import numpy as np
import pytest
import torch
from sklearn import metrics
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sk_spectral import SpectralNASRegressor, SpectralNASRegressorCV, spectral_path
from sk_spectral.data.continuous import LOSSES
from sk_spectral.export import to_onnx, to_torch

LEVELS = [0.1, 0.5, 0.9]
CASES = [*[(loss, 0.5) for loss in LOSSES], ("quantile", LEVELS)]


def model(loss, quantile=0.5, sizes=(8,), **settings):
    settings = {"random_state": 0, "max_iter": 30} | settings
    return SpectralNASRegressor(sizes, loss=loss, quantile=quantile, **settings)


def rows(loss, n_samples=400, seed=0, bent=True):
    """Counts, positive numbers or numbers about a mean that bends or is linear, or its exp."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 3))
    mean = 0.4 * X[:, 0] + (np.abs(X[:, 0] + X[:, 1]) if bent else 0.5 * X[:, 1])
    if loss == "poisson":
        return X, rng.poisson(np.exp(mean)).astype(float)
    if loss == "gamma":
        return X, rng.gamma(5.0, np.exp(mean) / 5.0)
    return X, mean + 0.2 * rng.standard_t(3, size=n_samples)


def expected_failed_checks(estimator):
    """What the checks ask for that such a loss cannot be of."""
    if estimator.loss in ("poisson", "gamma"):
        return {"check_regressor_multioutput": "gives several columns of negative numbers"}
    if estimator.quantile == 0.5:
        return {}
    shape = "expects predictions in the shape of y"
    names = ("regressors_train", "regressor_multioutput", "estimator_sparse_array",
             "estimator_sparse_matrix")  # fmt: skip
    return {f"check_{name}": shape for name in names}


@pytest.mark.slow
@parametrize_with_checks(
    [
        model(loss, q, max_iter=5, random_state=None)
        for loss, q in (("huber", 0.5), ("gamma", 0.5), ("quantile", LEVELS))
    ],
    expected_failed_checks=lambda estimator: expected_failed_checks(estimator),
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix:UserWarning")
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "quantile"), CASES)
def test_linear_truths_stay_linear_and_bent_ones_are_networks(loss, quantile):
    settings = {"sizes": (16, 16), "max_iter": 200}
    linear = model(loss, quantile, **settings).fit(*rows(loss, 1500, bent=False))
    assert linear.topology_.is_linear
    bent = model(loss, quantile, **settings).fit(*rows(loss, 1500))
    assert not bent.topology_.is_linear
    assert bent.score(*rows(loss, 1500, seed=1)) > linear.score(*rows(loss, 1500, seed=1)) + 0.05


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_several_quantiles_hold_as_many_rows_as_they_say_and_never_cross(seed):
    """Of noise whose deviation depends on x, within 2 points on rows that were not seen."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, size=(12_000, 2))
    y = np.sin(2 * X[:, 0]) + (0.2 + 0.3 * np.abs(X[:, 1])) * rng.normal(size=len(X))
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    search = model("quantile", levels, sizes=(64, 64), max_iter=200).fit(X[:4000], y[:4000])
    said = search.predict(X[4000:])
    assert (np.diff(said, axis=1) >= 0).all()
    share = (y[4000:, None] <= said).mean(axis=0)
    np.testing.assert_allclose(share, levels, atol=0.02)
    width = said[:, -1] - said[:, 0]
    calm, wild = np.abs(X[4000:, 1]) < 0.3, np.abs(X[4000:, 1]) > 1.7
    assert width[wild].mean() > 1.8 * width[calm].mean()


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_its_own_deviance_is_less_than_that_of_the_squared_error(loss):
    deviance = {"poisson": metrics.mean_poisson_deviance, "gamma": metrics.mean_gamma_deviance}
    (X, y), (others, truth) = rows(loss, 2000), rows(loss, 2000, seed=1)
    found = [
        deviance[loss](truth, np.maximum(model(name, max_iter=200).fit(X, y).predict(others), 1e-2))
        for name in (loss, "squared_error")
    ]
    assert found[0] < 0.97 * found[1]


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["absolute_error", "huber"])
def test_a_few_rows_that_are_far_off_have_little_say(loss):
    X, y = rows(loss, 2000)
    spoiled = y.copy()
    spoiled[::20] += 50.0
    others, truth = rows(loss, 2000, seed=1)
    found = [
        metrics.median_absolute_error(
            truth, model(name, max_iter=200).fit(X, spoiled).predict(others)
        )
        for name in (loss, "squared_error")
    ]
    assert found[0] < 0.3 * found[1]


@pytest.mark.parametrize(("loss", "quantile"), CASES)
def test_units_of_y_change_predictions_by_these_alone(loss, quantile):
    X, y = rows(loss)
    one, thousand = (model(loss, quantile).fit(X, scale * y).predict(X) for scale in (1.0, 1000.0))
    np.testing.assert_allclose(
        1000.0 * one, thousand, rtol=1e-3, atol=1e-3 * np.abs(thousand).max()
    )


@pytest.mark.parametrize(("loss", "quantile"), CASES)
@pytest.mark.parametrize("bent", [True, False])
def test_torch_and_onnx_say_what_is_predicted(loss, quantile, bent):
    ort = pytest.importorskip("onnxruntime")
    X, y = rows(loss, bent=bent)
    search = model(loss, quantile, prune_tol=None if bent else 0.03).fit(X, y)
    expected = search.predict(X)
    module = to_torch(search, torch.float64)(torch.as_tensor(X)).detach().numpy()
    np.testing.assert_allclose(module.reshape(expected.shape), expected, rtol=1e-9)
    session = ort.InferenceSession(to_onnx(search).SerializeToString())
    (found,) = session.run(None, {"X": X.astype(np.float32)})
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("loss", "quantile"), CASES)
def test_pipelines_searches_paths_and_files(loss, quantile):
    X, y = rows(loss)
    search = model(loss, quantile, max_iter=5)
    grid = GridSearchCV(make_pipeline(StandardScaler(), search), {
        "spectralnasregressor__alpha": [0.0, 1e-2]}, cv=2).fit(X, y)  # fmt: skip
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()
    loaded = pickle.loads(pickle.dumps(grid))
    np.testing.assert_array_equal(loaded.predict(X), grid.predict(X))
    settings = {"loss": loss, "quantile": quantile, "max_iter": 5, "random_state": 0}
    folds = SpectralNASRegressorCV((8,), alphas=[0.0, 1e-2], cv=2, **settings).fit(X, y)
    assert folds.predict(X).shape == search.fit(X, y).predict(X).shape
    assert (folds.cv_results_["mean_test_score"] < 0).all()
    assert len(spectral_path(X, y, alphas=[0.0], estimator=search).points) >= 2


@pytest.mark.parametrize(("loss", "quantile"), CASES)
def test_a_stream_learns_it_too(loss, quantile):
    X, y = rows(loss, 2000, bent=False)
    search = model(loss, quantile, learning_rate_init=3e-3)
    for start in (*range(0, 2000, 200), *range(0, 2000, 200)):
        search.partial_fit(X[start : start + 200], y[start : start + 200])
    assert search.score(X, y) > 0.6 * model(loss, quantile).fit(X, y).score(X, y) > 0


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_the_linear_part_is_that_of_a_generalised_linear_model(loss):
    X, y = rows(loss, 1000, bent=False)
    search = model(loss).fit(X, y)
    assert search.topology_.is_linear
    log_mean = X @ search.linear_coef_ + search.linear_intercept_
    np.testing.assert_allclose(np.exp(log_mean), search.predict(X))
    np.testing.assert_allclose(search.linear_coef_, [0.4, 0.5, 0.0], atol=0.08)


def test_the_loss_that_is_told_is_the_deviance_of_rows_set_apart():
    """In units in which the mean of y is 1, which leave that of gamma as it is."""
    (X, y), (X_val, y_val) = rows("gamma"), rows("gamma", seed=1)
    search = model("gamma").fit(X, y, X_val=X_val, y_val=y_val)
    expected = metrics.mean_gamma_deviance(y_val, search.predict(X_val))
    assert search.topology_.loss_after == pytest.approx(expected, rel=1e-4)
    search = model("poisson").fit(X, y, X_val=X_val, y_val=y_val)
    expected = metrics.mean_poisson_deviance(y_val, search.predict(X_val)) / y.mean()
    assert search.topology_.loss_after == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("loss", "y", "told"),
    [
        ("poisson", [1.0, -2.0, 3.0], r"loss='poisson' takes numbers from 0 on, but .* y is -2\."),
        (
            "gamma",
            [1.0, 0.0, 3.0],
            r"loss='gamma' takes numbers above 0, .* of y is 0\.",
        ),
        ("poisson", [0.0, 0.0, 0.0], r"output 0 of y is 0 in every row"),
        ("quantile", [[1.0, 2.0]] * 3, r"Several quantiles of y with 2 columns"),
    ],
)
def test_what_a_loss_cannot_be_of_is_refused(loss, y, told):
    search = model(loss, LEVELS)
    with pytest.raises(ValueError, match=told):
        search.fit(np.arange(6.0).reshape(3, 2), y)
    assert not hasattr(search, "compact_")


def test_validation_rows_are_checked_by_their_own_name():
    X, y = rows("gamma")
    with pytest.raises(ValueError, match="the least of y_val is -1"):
        model("gamma").fit(X, y, X_val=X, y_val=-np.ones(len(y)))


def test_another_loss_is_not_trained_on():
    X, y = rows("gamma")
    search = model("gamma", warm_start=True).fit(X, y)
    before = search.predict(X)
    search.set_params(loss="poisson")
    np.testing.assert_array_equal(search.predict(X), before)
    with pytest.raises(ValueError, match="loss is 'poisson', but the fitted network has 'gamma'"):
        search.fit(X, y)
    several = model("quantile", LEVELS).partial_fit(X, y).set_params(quantile=0.5)
    with pytest.raises(ValueError, match=r"loss is 'quantile' \[0.5\], but .* \[0.1, 0.5, 0.9\]"):
        several.partial_fit(X, y)


def test_scores_of_cross_validation_are_the_shares_that_are_explained():
    X, y = rows("poisson")
    scores = cross_val_score(model("poisson", max_iter=5), X, y, cv=3)
    assert ((scores > 0) & (scores < 1)).all()
