"""Exported models against the estimators, on the runtimes that users have."""

import builtins
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import torch
from configurations import ACTIVATIONS
from sklearn.datasets import load_diabetes, load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_spectral import (
    SpectralNASClassifier,
    SpectralNASClassifierCV,
    SpectralNASRegressor,
    SpectralNASRegressorCV,
)
from sk_spectral.export import register_converters, to_onnx, to_torch
from sk_spectral.search.compaction import compact_network

onnxruntime = pytest.importorskip("onnxruntime")


def regression(**parameters):
    X, y = load_diabetes(return_X_y=True)
    X = X.astype(np.float32)
    settings = {"max_iter": 15, "prune_tol": None, "random_state": 0}
    return SpectralNASRegressor((16, 8), **settings | parameters).fit(X, y), X


def classification(labels=(0, 1, 2), **parameters):
    X, codes = load_iris(return_X_y=True)
    X = X.astype(np.float32)
    rows = codes < len(labels)
    y = np.array(labels)[codes[rows]]
    settings = {"max_iter": 15, "prune_tol": None, "random_state": 0}
    return SpectralNASClassifier((16, 8), **settings | parameters).fit(X[rows], y), X[rows]


def run(model, X):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (given,) = session.get_inputs()
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {given.name: X}), strict=True))


def close(got, expected):
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_regressor(activation, fit_intercept, tmp_path):
    model, X = regression(activation=activation, fit_intercept=fit_intercept)
    exported = to_onnx(model, tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == exported.SerializeToString()
    for rows in (X, X[:1]):
        got = run(exported, rows)["variable"]
        assert got.shape == model.predict(rows).shape
        close(got, model.predict(rows))
    module = to_torch(model)
    with torch.no_grad():
        close(module(torch.as_tensor(X)).numpy()[:, 0], model.predict(X))
        exact = to_torch(model, torch.float64)(torch.as_tensor(X).double()).numpy()[:, 0]
    np.testing.assert_allclose(exact, model.predict(X), rtol=1e-10)


def test_several_outputs_and_a_linear_network(two_output_regressor, linear_regressor, bent_rows):
    X = bent_rows[0].astype(np.float32)
    got = run(to_onnx(two_output_regressor), X)["variable"]
    assert got.shape == (len(X), 2)
    close(got, two_output_regressor.predict(X))
    assert linear_regressor.topology_.is_linear
    close(run(to_onnx(linear_regressor), X)["variable"], linear_regressor.predict(X))
    with torch.no_grad():
        said = to_torch(linear_regressor)(torch.as_tensor(X)).numpy()
    close(said[:, 0], linear_regressor.predict(X))


@pytest.mark.parametrize(
    "labels",
    [
        (0, 1, 2),
        ("setosa", "versicolor", "virginica"),
        (-7, 100, 3),
        (2.0, 1.0, 5.0),
        (False, True),
    ],
    ids=str,
)
def test_classifier(labels):
    model, X = classification(labels)
    got = run(to_onnx(model), X)
    np.testing.assert_allclose(got["probabilities"], model.predict_proba(X), atol=1e-5)
    assert got["label"].tolist() == model.predict(X).tolist()
    with torch.no_grad():
        logits = to_torch(model)(torch.as_tensor(X)).numpy()
    np.testing.assert_allclose(logits.squeeze(), model.decision_function(X), atol=1e-4)


def test_inputs_far_from_zero_keep_their_digits():
    X, y = load_diabetes(return_X_y=True)
    X = (X + 1000.0).astype(np.float32)
    model = SpectralNASRegressor((8,), prune_tol=None, max_iter=15, random_state=0).fit(X, y)
    close(run(to_onnx(model), X)["variable"], model.predict(X))


@pytest.mark.parametrize("labels", [(0, 1, 2), ("a", "b", "c"), (False, True)], ids=str)
def test_classifier_in_a_pipeline_of_skl2onnx(labels):
    skl2onnx = pytest.importorskip("skl2onnx")
    register_converters()
    X, codes = load_iris(return_X_y=True)
    rows = codes < len(labels)
    X, y = X[rows].astype(np.float32), np.array(labels)[codes[rows]]
    pipeline = make_pipeline(
        StandardScaler(), SpectralNASClassifier((8,), max_iter=15, random_state=0)
    ).fit(X, y)
    exported = skl2onnx.to_onnx(pipeline, X[:1], options={"zipmap": False})
    label, probabilities = run(exported, X).values()
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(X), atol=1e-5)
    assert label.tolist() == pipeline.predict(X).tolist()


def test_regressor_in_a_pipeline_of_skl2onnx():
    skl2onnx = pytest.importorskip("skl2onnx")
    register_converters()
    X, y = load_diabetes(return_X_y=True)
    X = X.astype(np.float32)
    pipeline = make_pipeline(
        StandardScaler(), SpectralNASRegressor((8,), max_iter=15, random_state=0)
    )
    for targets in (y, np.column_stack([y, -y])):
        pipeline.fit(X, targets)
        (got,) = run(skl2onnx.to_onnx(pipeline, X[:1]), X).values()
        close(got.squeeze(), pipeline.predict(X))


def test_thirty_units_of_the_default_layers_take_at_most_60_kilobytes(
    unpruned_regressor, wide_rows
):
    X, model = wide_rows[0].astype(np.float32), deepcopy(unpruned_regressor)
    assert model.compact_.pieces is not None
    masks = [np.arange(64) < 15] * 2
    model.compact_ = model._scaling.fold_into(compact_network(model.network_, masks))
    exported = to_onnx(model)
    assert len(exported.SerializeToString()) <= 60_000
    close(run(exported, X)["variable"], model.predict(X))


@pytest.mark.parametrize(("package", "use"), [("onnx", to_onnx), ("skl2onnx", None)])
def test_a_missing_package_is_named(package, use, fitted_regressor, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split(".")[0] == package:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=f"pip install {package}"):
        register_converters() if use is None else use(fitted_regressor)


def test_columns_far_from_0_lose_no_digits_in_single_precision():
    rng = np.random.RandomState(0)
    X = np.column_stack([2**24 + 2 * rng.randint(0, 50, 200), rng.randint(0, 9, 200)])
    X = X.astype(np.float32)
    y = X[:, 1].astype(float) * (X[:, 0].astype(float) - 2**24)
    model = SpectralNASRegressor((8,), max_iter=15, prune_tol=None, random_state=0).fit(X, y)
    close(run(to_onnx(model), X)["variable"], model.predict(X))
    with torch.no_grad():
        close(to_torch(model)(torch.as_tensor(X)).numpy()[:, 0], model.predict(X))


@pytest.mark.slow
@pytest.mark.parametrize("bent", [True, False])
def test_pieces_are_exported_as_they_predict(bent):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 3)).astype(np.float32)
    y = 2.0 * np.abs(X[:, 0]) + X[:, 1] * (2.0 * X[:, 2] if bent else 1.0)
    model = SpectralNASRegressor((16,), n_knots="auto", max_iter=100, random_state=0).fit(X, y)
    assert model.compact_.pieces is not None
    assert model.topology_.is_additive is not bent
    beyond = np.vstack([X, 10.0 * X[:20]])
    close(run(to_onnx(model), beyond)["variable"], model.predict(beyond))
    with torch.no_grad():
        close(to_torch(model)(torch.as_tensor(beyond)).numpy()[:, 0], model.predict(beyond))
        exact = to_torch(model, torch.float64)(torch.as_tensor(beyond).double()).numpy()[:, 0]
    np.testing.assert_allclose(exact, model.predict(beyond), rtol=1e-10, atol=1e-10)


def test_a_linear_verdict_among_pieces_is_exported():
    X = np.random.RandomState(0).normal(size=(300, 3)).astype(np.float32)
    model = SpectralNASRegressor((8,), n_knots="auto", random_state=0).fit(X, X.sum(axis=1))
    assert model.topology_.is_linear
    close(run(to_onnx(model), X)["variable"], model.predict(X))


@pytest.mark.parametrize("cls", [SpectralNASRegressorCV, SpectralNASClassifierCV])
def test_what_folds_have_chosen_is_exported_alone_and_in_a_pipeline(cls):
    skl2onnx = pytest.importorskip("skl2onnx")
    register_converters()
    X = np.random.RandomState(0).normal(size=(80, 3)).astype(np.float32)
    y = X[:, 0] > 0 if cls is SpectralNASClassifierCV else np.abs(X[:, 0])
    model = cls((4,), alphas=[0.0], cv=2, max_iter=3, random_state=0).fit(X, y)
    output = "probabilities" if cls is SpectralNASClassifierCV else "variable"
    expected = model.predict_proba(X) if cls is SpectralNASClassifierCV else model.predict(X)
    close(run(to_onnx(model), X)[output], expected)
    options = {"zipmap": False} if cls is SpectralNASClassifierCV else None
    piped = skl2onnx.to_onnx(make_pipeline(model), X[:1], options=options)
    close(list(run(piped, X).values())[-1].reshape(expected.shape), expected)


WITH_GAPS = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
WITH_GAPS[::4, 0] = np.nan
WITH_GAPS[:, 2] = np.arange(300) % 4 + 10


@pytest.mark.parametrize("bends", [True, False])
def test_missing_values_and_numbers_that_are_categories_are_exported(bends):
    gap = np.isnan(WITH_GAPS[:, 0])
    y = np.where(gap, 1.0, np.abs(WITH_GAPS[:, 0])) + (WITH_GAPS[:, 2] == 12)
    model = SpectralNASRegressor(
        (8,), n_knots="auto" if bends else 0, categorical_features=[2], max_iter=40, random_state=0
    ).fit(WITH_GAPS, y)
    some = WITH_GAPS.copy()
    some[:5, 2], some[5:9, 1] = 99.0, np.nan
    expected = model.predict(some)
    exported = run(to_onnx(model), some)["variable"]
    there = ~np.isnan(some[:, 1])  # where none was seen to be missing, none is looked for
    close(exported[there], expected[there])
    numbers = torch.as_tensor(model.to_numbers(some)).float()
    with torch.no_grad():
        close(to_torch(model)(numbers).numpy()[:, 0], expected)


def test_categories_of_text_are_refused_in_a_sentence():
    frame = pd.DataFrame(
        {"a": np.arange(60) % 7, "b": np.array(["x", "y", "z"])[np.arange(60) % 3]}
    )
    model = SpectralNASRegressor((4,), max_iter=3, random_state=0).fit(frame, np.arange(60.0) % 3)
    with pytest.raises(ValueError, match=r"Column 1 of X is a category of text, .* OrdinalEncoder"):
        to_onnx(model)
