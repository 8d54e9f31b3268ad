"""scikit-learn's own checks, and the tools of scikit-learn that people put estimators into."""

import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import __version__ as sklearn_version
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import BaggingRegressor
from sklearn.inspection import permutation_importance
from sklearn.metrics import get_scorer, r2_score
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from skorch.callbacks import LRScheduler

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor

EXPECTED_FAILED_CHECKS: dict[str, str] = {}
"""None: batches that hold all rows are trained on in float64, where weights equal repeated rows."""


@pytest.mark.slow
@parametrize_with_checks(
    [SpectralNASRegressor(), SpectralNASClassifier()],
    expected_failed_checks=lambda estimator: EXPECTED_FAILED_CHECKS,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix:UserWarning")
def test_scikit_learn_check(estimator, check):
    check(estimator)


@parametrize_with_checks(
    [SpectralNASRegressor((8,), max_iter=5), SpectralNASClassifier((8,), max_iter=5)],
    expected_failed_checks=lambda estimator: EXPECTED_FAILED_CHECKS,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix:UserWarning")
def test_scikit_learn_check_of_a_small_network(estimator, check):
    check(estimator)


@pytest.mark.parametrize("cls", [SpectralNASRegressor, SpectralNASClassifier])
def test_lbfgs_counts_weights_as_repeated_rows(cls):
    from sklearn.utils.estimator_checks import check_sample_weight_equivalence_on_dense_data

    check_sample_weight_equivalence_on_dense_data(cls.__name__, cls(solver="lbfgs", max_iter=50))


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def cancer():
    return load_breast_cancer(return_X_y=True, as_frame=True)


def regressor(**changes):
    settings = {"hidden_layer_sizes": (16,), "max_iter": 20, "random_state": 0}
    return SpectralNASRegressor(**settings | changes)


def classifier(**changes):
    settings = {"hidden_layer_sizes": (16,), "max_iter": 20, "random_state": 0}
    return SpectralNASClassifier(**settings | changes)


@pytest.mark.slow
def test_grid_search_in_a_pipeline_over_the_architecture(diabetes):
    X, y = diabetes
    grid = [
        {
            "spectralnasregressor__alpha": [1e-4, 1e-2],
            "spectralnasregressor__hidden_layer_sizes": [(8,), (8, 8)],
        },
        {
            "spectralnasregressor__alpha": [1e-2],
            "spectralnasregressor__penalty": ["gamma", "group", "l1", None],
        },
    ]
    pipeline = make_pipeline(StandardScaler(), regressor(max_iter=5))
    one = GridSearchCV(pipeline, grid, cv=2, n_jobs=1).fit(X, y)
    two = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, y)
    assert np.isfinite(one.cv_results_["mean_test_score"]).all()
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )
    np.testing.assert_array_equal(one.predict(X), two.predict(X))
    assert one.best_estimator_[-1].topology_.layer_sizes[0] == X.shape[1]


@pytest.mark.slow
def test_cross_validate_with_frames(cancer):
    X, y = cancer
    result = cross_validate(classifier(), X, y, cv=3, scoring=["accuracy", "roc_auc"], n_jobs=2)
    assert result["test_accuracy"].min() > 0.9
    assert result["test_roc_auc"].min() > 0.97


def test_sample_weight_is_routed_through_a_pipeline_and_a_search(diabetes):
    X, y = diabetes
    weight = np.where(np.arange(len(y)) % 2, 3.0, 0.0)
    with config_context(enable_metadata_routing=True):
        step = regressor(max_iter=5).set_fit_request(sample_weight=True)
        step.set_score_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=True), step)
        grid = {"spectralnasregressor__alpha": [1e-4, 1e-2]}
        # Before scikit-learn 1.8 a search does not ask a pipeline for its own score with weights.
        asks = tuple(map(int, sklearn_version.split(".")[:2])) >= (1, 8)
        r2 = None if asks else get_scorer("r2").set_score_request(sample_weight=True)
        search = GridSearchCV(pipeline, grid, cv=2, scoring=r2).fit(X, y, sample_weight=weight)
        unweighted = GridSearchCV(pipeline, grid, cv=2, scoring=r2).fit(X, y)
        best = search.best_estimator_
        expected = r2_score(y, best.predict(X), sample_weight=weight)
        assert best.score(X, y, sample_weight=weight) == pytest.approx(expected)
    assert not np.allclose(search.predict(X), unweighted.predict(X))


@pytest.mark.slow
def test_inside_other_estimators(diabetes, cancer):
    X, y = diabetes
    bagging = BaggingRegressor(regressor(), n_estimators=2, random_state=0).fit(X, y)
    assert bagging.score(X, y) > 0.3
    several = MultiOutputRegressor(regressor()).fit(X, np.column_stack([y, -y]))
    assert several.predict(X).shape == (len(y), 2)
    importances = permutation_importance(
        regressor().fit(X, y), X, y, n_repeats=2, random_state=0
    ).importances_mean
    by_name = dict(zip(X.columns, importances, strict=True))
    assert by_name["bmi"] > 10 * abs(by_name["age"])
    X, y = cancer
    calibrated = CalibratedClassifierCV(classifier(), cv=2).fit(X, y)
    assert calibrated.score(X, y) > 0.9


def test_frames_of_pandas_and_polars_give_what_arrays_give(diabetes):
    X, y = diabetes
    expected = regressor().fit(X.to_numpy(), y.to_numpy()).predict(X.to_numpy())
    for frame in (X, pl.from_numpy(X.to_numpy(), schema=list(X.columns))):
        model = regressor().fit(frame, y)
        assert model.feature_names_in_.tolist() == X.columns.tolist()
        np.testing.assert_array_equal(model.predict(frame), expected)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X.rename(columns={"bmi": "weight"}))


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_same_random_state_gives_equal_predictions(diabetes, n_jobs):
    X, y = diabetes
    expected = regressor().fit(X, y).predict(X)
    results = joblib.Parallel(n_jobs)(
        joblib.delayed(lambda: regressor().fit(X, y).predict(X))() for _ in range(2)
    )
    for result in results:
        np.testing.assert_array_equal(result, expected)
    other = regressor(random_state=1).fit(X, y).predict(X)
    assert not np.array_equal(other, expected)


def test_round_trips(fitted_regressor, bent_rows, fitted_classifier, iris_rows, tmp_path):
    for model, (X, _) in ((fitted_regressor, bent_rows), (fitted_classifier, iris_rows)):
        joblib.dump(model, tmp_path / "model.joblib")
        for loaded in (pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model.joblib")):
            np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
            assert loaded.topology_.to_dict() == model.topology_.to_dict()


def test_clone_is_unfitted_and_equal(diabetes):
    X, y = diabetes
    model = regressor(alpha=0.123).fit(X, y)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    scheduled = regressor(callbacks=[LRScheduler("CosineAnnealingLR", T_max=20)])
    expected = scheduled.fit(X, y).predict(X)
    np.testing.assert_array_equal(clone(scheduled).fit(X, y).predict(X), expected)
    assert not hasattr(copy, "network_")


def test_the_notebook_repr_works_before_and_after_fit(fitted_regressor):
    assert "SpectralNASRegressor" in clone(fitted_regressor)._repr_html_()
    assert "SpectralNASRegressor" in fitted_regressor._repr_html_()


@pytest.mark.parametrize(
    "labels",
    [["setosa", "versicolor", "virginica"], [-7, 100, 3], [2.0, 1.0, 5.0]],
)
def test_any_labels(labels):
    X, codes = load_iris(return_X_y=True)
    y = np.array(labels)[codes]
    model = classifier(max_iter=100).fit(X, y)
    assert model.classes_.tolist() == sorted(labels)
    assert model.score(X, y) > 0.9
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert (model.classes_[probabilities.argmax(axis=1)] == model.predict(X)).all()
    assert model.decision_function(X).shape == (len(X), 3)


def test_boolean_labels_lists_and_integers():
    X, codes = load_iris(return_X_y=True)
    y = (codes == 0).tolist()
    model = classifier().fit((10 * X).astype(int).tolist(), y)
    assert model.predict([[51, 35, 14, 2]]).dtype == bool
    assert model.decision_function((10 * X).astype(int)).shape == (len(X),)
    assert pd.Series(model.predict((10 * X).astype(int))).eq(y).mean() > 0.95


def test_what_users_of_mlps_ask_for(fitted_regressor, unpruned_regressor):
    for model in (fitted_regressor, unpruned_regressor):
        assert model.n_layers_ == 2 + model.topology_.n_active_layers
        assert model.n_outputs_ == 1
        assert model.best_loss_ == min(model.loss_curve_) > 0.0
    assert not hasattr(regressor(), "n_layers_")
