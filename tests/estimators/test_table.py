"""Tables as people have them: missing values and categories go straight into the estimators."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from sk_spectral import (
    SpectralNASClassifier,
    SpectralNASClassifierCV,
    SpectralNASRegressor,
    SpectralNASRegressorCV,
    spectral_path,
)
from sk_spectral.estimators.table import coder, find_categories, in_order

RNG = np.random.default_rng(0)
N = 600
COLOURS = np.array(["red", "green", "blue"])
CODES, SHOPS = RNG.integers(3, size=N), RNG.integers(40, size=N)
SIZE, AGE = RNG.normal(size=N), RNG.normal(50.0, 10.0, size=N)
MISSING = RNG.random(N) < 0.25
EFFECT = np.array([1.0, -1.0, 0.0])
Y = SIZE + EFFECT[CODES] + 1.5 * MISSING + 0.1 * RNG.normal(size=N)
FRAME = pd.DataFrame(
    {
        "size": SIZE,
        "colour": pd.Categorical(COLOURS[CODES]),
        "age": np.where(MISSING, np.nan, AGE),
        "shop": [f"shop {k}" for k in SHOPS],
    }
)
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 30, "random_state": 0}


@pytest.fixture(scope="module")
def fitted():
    return SpectralNASRegressor(**SMALL).fit(FRAME[:400], Y[:400])


def test_a_frame_goes_in_as_it_is_and_each_column_counts_as_one(fitted):
    assert fitted.score(FRAME[400:], Y[400:]) > 0.97
    assert fitted.n_features_in_ == 4
    assert list(fitted.feature_names_in_) == list(FRAME.columns)
    assert fitted.topology_.is_linear
    assert fitted.topology_.layer_sizes == (4, 8, 1)
    assert fitted.compact_.n_columns == 4 + 3 + 1 + 40
    assert fitted.feature_importances_.shape == (4,)
    assert fitted.feature_importances_.argmin() == 3
    assert [None if c is None else len(c) for c in fitted.categories_] == [None, 3, None, 40]


def test_what_a_missing_value_or_a_category_adds_is_read_off(fitted):
    effect = fitted.compact_.partial_effect
    assert effect(2, [np.nan]) - effect(2, [50.0]) == pytest.approx(1.5, abs=0.1)
    of_colours = effect(1, np.arange(3))[:, 0]  # blue, green, red: sorted
    np.testing.assert_allclose(np.diff(of_colours), [-1.0, 2.0], atol=0.1)


def test_compact_predicts_from_numbers_and_codes(fitted):
    numbers = fitted.to_numbers(FRAME)
    np.testing.assert_array_equal(fitted.compact_(numbers)[:, 0], fitted.predict(FRAME))
    assert np.isnan(numbers[:, 2]).sum() == MISSING.sum()
    assert fitted.categories_[1][numbers[0, 1].astype(int)] == FRAME["colour"][0]


def test_a_missing_number_where_none_was_seen_counts_as_the_mean():
    model = SpectralNASRegressor(**SMALL).fit(AGE[:, None], AGE)
    assert model.predict([[np.nan]]) == pytest.approx(AGE.mean(), abs=1e-3)
    assert model.compact_.n_columns == 1
    with pytest.raises(ValueError, match="Input X contains infinity"):
        model.predict([[np.inf]])


def test_an_unknown_category_has_no_effect_and_its_order_does_not_matter(fitted):
    some = FRAME[400:410].copy()
    some["colour"] = "violet"
    numbers = fitted.to_numbers(some)
    assert (numbers[:, 1] == -1).all()
    known = fitted.to_numbers(FRAME[400:410])
    rest = fitted.compact_.partial_effect(1, known[:, 1])[:, 0]
    none = fitted.compact_.partial_effect(1, [-1.0])[0, 0]
    np.testing.assert_allclose(fitted.predict(some), fitted.predict(FRAME[400:410]) - rest + none)
    back = some.assign(colour=pd.Categorical(FRAME["colour"][400:410], categories=COLOURS[::-1]))
    np.testing.assert_array_equal(fitted.predict(back), fitted.predict(FRAME[400:410]))


def test_polars_masks_numbers_and_names_say_the_same(fitted):
    expected = fitted.predict(FRAME)
    as_polars = pl.DataFrame({name: FRAME[name].astype(object).tolist() for name in FRAME})
    as_polars = as_polars.with_columns(pl.col("age").fill_nan(None))
    model = clone(fitted).fit(as_polars[:400], Y[:400])
    np.testing.assert_allclose(model.predict(as_polars), expected)
    for asked in ([False, True, False, True], [1, 3], ["colour", "shop"]):
        other = clone(fitted).set_params(categorical_features=asked).fit(FRAME[:400], Y[:400])
        np.testing.assert_array_equal(other.predict(FRAME), expected)
    array = np.column_stack([SIZE, CODES, np.where(MISSING, np.nan, AGE), SHOPS])
    of_codes = clone(fitted).set_params(categorical_features=[1, 3]).fit(array[:400], Y[:400])
    np.testing.assert_allclose(of_codes.score(array[400:], Y[400:]), 0.98, atol=0.02)


def test_without_categories_text_is_refused():
    model = SpectralNASRegressor(**SMALL, categorical_features=None)
    with pytest.raises(ValueError, match="X must hold real numbers: could not convert string"):
        model.fit(FRAME, Y)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ([True], r"mask of shape \(1,\), but X has 4 columns"),
        ([4], "names column 4, but X has 4, from 0 on"),
        (["weight"], "names column 'weight', but X has size, colour, age, shop"),
    ],
)
def test_columns_that_are_not_there_are_named(asked, message):
    with pytest.raises(ValueError, match=message):
        SpectralNASRegressor(**SMALL, categorical_features=asked).fit(FRAME, Y)


def test_names_need_a_frame():
    model = SpectralNASRegressor(**SMALL, categorical_features=["a"])
    with pytest.raises(ValueError, match="names column 'a', but X has no column names"):
        model.fit(SIZE[:, None], Y)


def test_classes_folds_paths_and_streams_take_them_too():
    labels = np.median(Y) < Y
    classifier = SpectralNASClassifier(**SMALL).fit(FRAME[:400], labels[:400])
    assert classifier.score(FRAME[400:], labels[400:]) > 0.9
    assert cross_val_score(SpectralNASRegressor(**SMALL), FRAME, Y, cv=3).min() > 0.95
    folds = {"alphas": [0.0, 1.0], "cv": 2}
    by_folds = SpectralNASRegressorCV(**SMALL, **folds).fit(FRAME[:400], Y[:400])
    assert by_folds.score(FRAME[400:], Y[400:]) > 0.95
    of_labels = SpectralNASClassifierCV(**SMALL, **folds).fit(FRAME[:400], labels[:400])
    assert of_labels.score(FRAME[400:], labels[400:]) > 0.9
    path = spectral_path(FRAME, Y, alphas=[1.0], estimator=SpectralNASRegressor(**SMALL))
    numbers = by_folds.to_numbers(FRAME)
    assert np.corrcoef(path.points[0].compact(numbers)[:, 0], Y)[0, 1] > 0.97
    stream = SpectralNASRegressor(hidden_layer_sizes=(8,), random_state=0)
    for _ in range(40):
        stream.partial_fit(FRAME[:400], Y[:400])
    assert stream.score(FRAME[400:], Y[400:]) > 0.8


def test_a_missing_value_bends_with_the_others_where_it_has_to():
    x = RNG.uniform(-2.0, 2.0, size=800)
    missing = RNG.random(800) < 0.3
    y = np.where(missing, 2.0, np.abs(x)) + 0.1 * RNG.normal(size=800)
    X = np.where(missing, np.nan, x)[:, None]
    model = SpectralNASRegressor((8,), random_state=0).fit(X[:600], y[:600])
    assert model.topology_.verdict == "additive"
    assert model.score(X[600:], y[600:]) > 0.95
    np.testing.assert_allclose(model.predict([[np.nan], [0.0], [1.0]]), [2.0, 0.1, 1.0], atol=0.15)


def test_a_pickle_predicts_the_same(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(FRAME), fitted.predict(FRAME))


def test_copies_of_rows_with_missing_values_stay_together():
    twice = pd.concat([FRAME[:100]] * 2, ignore_index=True)
    noise = np.tile(RNG.normal(size=100), 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = SpectralNASRegressor(random_state=0).fit(twice[["size", "age"]], noise)
    assert model.topology_.is_linear


def test_what_a_frame_says_of_its_columns():
    assert find_categories(FRAME, "from_dtype").tolist() == [False, True, False, True]
    assert find_categories(FRAME[["size", "age"]], "from_dtype") is None
    assert find_categories(FRAME.to_numpy(), "from_dtype") is None
    assert find_categories(FRAME, None) is None
    assert find_categories(FRAME, []) is None
    mixed = pd.DataFrame(
        {"a": [1, 2], "b": [True, False], "c": pd.Series(["x", "y"], dtype="string")}
    )
    assert find_categories(mixed, "from_dtype").tolist() == [False, False, True]
    numbers = pd.DataFrame({"a": np.array([1, 2.5], dtype=object)})
    assert find_categories(numbers, "from_dtype") is None


def test_codes_are_in_the_columns_of_the_table():
    table = pd.DataFrame({"b": ["y", "x", None], "a": [1.0, 2.0, np.nan]})
    mask = np.array([True, False])
    codes = coder(mask).fit(table)
    np.testing.assert_array_equal(
        in_order(codes.transform(table), mask).astype(float), [[1, 1], [0, 2], [np.nan, np.nan]]
    )
    later = in_order(codes.transform(pd.DataFrame({"b": ["z"], "a": [3.0]})), mask)
    assert later.tolist() == [[-1.0, 3.0]]


def test_a_column_of_text_and_numbers_is_named():
    frame = pd.DataFrame({"a": [0.5] * 6, "kind": ["x", 1, "y", 2.5, None, "x"]})
    with pytest.raises(TypeError, match=r"^Column 'kind' of X mixes float and int and str: .* str"):
        SpectralNASRegressor().fit(frame, np.arange(6.0))
    rows = np.array([[0.5, "x"], [0.1, 1], [0.2, "y"]], dtype=object)
    with pytest.raises(TypeError, match="Column 1 of X mixes int and str"):
        SpectralNASRegressor(categorical_features=[1]).fit(rows, np.arange(3.0))
