"""Weights and validation rows reach a search through pipelines and searches that ask for them."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor

RNG = np.random.default_rng(0)
X, X_VAL = RNG.normal(size=(160, 3)), RNG.normal(size=(60, 3))
WEIGHT, WEIGHT_VAL = RNG.uniform(0.5, 2.0, 160), RNG.uniform(0.5, 2.0, 60)
GIVEN = ("sample_weight", "X_val", "y_val", "sample_weight_val")


def targets(cls, rows):
    y = np.abs(rows[:, 0]) + rows[:, 1]
    return y if cls is SpectralNASRegressor else (y > 0.5).astype(int)


@pytest.mark.parametrize("cls", [SpectralNASRegressor, SpectralNASClassifier])
def test_all_that_fit_takes_goes_through_a_pipeline(cls):
    y, y_val = targets(cls, X), targets(cls, X_VAL)
    given = dict(zip(GIVEN, (WEIGHT, X_VAL, y_val, WEIGHT_VAL), strict=True))
    search = cls((4,), max_iter=5, random_state=0)
    alone = search.fit(X, y, **given)
    with config_context(enable_metadata_routing=True):
        asking = cls((4,), max_iter=5, random_state=0).set_fit_request(**dict.fromkeys(GIVEN, True))
        pipeline = make_pipeline("passthrough", asking).fit(X, y, **given)
    np.testing.assert_array_equal(pipeline.predict(X), alone.predict(X))
    without = cls((4,), max_iter=5, random_state=0).fit(X, y)
    assert without.loss_ != alone.loss_
    assert pipeline[-1].loss_ == alone.loss_


def test_weights_go_through_searches_to_the_fit_and_to_the_score():
    y = targets(SpectralNASRegressor, X)
    with config_context(enable_metadata_routing=True):
        asking = SpectralNASRegressor((4,), max_iter=5, random_state=0)
        asking.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, asking)
        grid = GridSearchCV(pipeline, {"spectralnasregressor__alpha": [0.0, 0.1]}, cv=2)
        grid.fit(X, y, sample_weight=WEIGHT)
        scores = cross_validate(pipeline, X, y, cv=2, params={"sample_weight": WEIGHT})
    assert np.isfinite(scores["test_score"]).all()
    best = SpectralNASRegressor((4,), max_iter=5, random_state=0, **{
        "alpha": grid.best_params_["spectralnasregressor__alpha"]})  # fmt: skip
    expected = best.fit(StandardScaler().fit_transform(X), y, WEIGHT)
    found = grid.best_estimator_[-1]
    np.testing.assert_allclose(found.loss_, expected.loss_)


def test_what_nobody_asked_for_is_refused():
    y = targets(SpectralNASRegressor, X)
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(SpectralNASRegressor((4,), max_iter=2))
        with pytest.raises(ValueError, match="X_val"):
            pipeline.fit(X, y, X_val=X_VAL, y_val=targets(SpectralNASRegressor, X_VAL))


@pytest.mark.parametrize("transform", ["pandas", "polars"])
def test_frames_that_a_pipeline_makes_are_taken_with_their_names(transform):
    y = targets(SpectralNASRegressor, X)
    pipeline = make_pipeline(StandardScaler(), SpectralNASRegressor((4,), max_iter=2))
    pipeline.set_output(transform=transform).fit(X, y)
    assert pipeline[-1].feature_names_in_.tolist() == ["x0", "x1", "x2"]
    assert pipeline.predict(X).shape == (160,)


def test_tags_tell_what_is_taken():
    tags = SpectralNASRegressor().__sklearn_tags__()
    assert tags.input_tags.sparse
    assert tags.input_tags.allow_nan
    assert tags.target_tags.multi_output
    assert not tags.target_tags.positive_only
    assert SpectralNASRegressor(loss="gamma").__sklearn_tags__().target_tags.positive_only
    assert SpectralNASClassifier().__sklearn_tags__().classifier_tags.multi_label
