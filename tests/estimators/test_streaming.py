"""Rows beyond memory: fitted as well as in memory, whatever they come from."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.linear_model import LinearRegression

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.estimators import fitting

RNG = np.random.RandomState(0)
N = 8000
X = RNG.randn(N, 4)
LINEAR = X @ [1.0, -2.0, 0.5, 0.0] + 0.1 * RNG.randn(N)
BENT = np.abs(X[:, 0]) * X[:, 1] + X[:, 2] + 0.1 * RNG.randn(N)
X_TEST = RNG.randn(3000, 4)
BENT_TEST = np.abs(X_TEST[:, 0]) * X_TEST[:, 1] + X_TEST[:, 2]


class Batches:
    """(X, y[, sample_weight]), the same ones whenever they are gone through."""

    def __init__(self, *arrays, size=1000):
        self.arrays, self.size = arrays, size

    def __iter__(self):
        for start in range(0, len(self.arrays[0]), self.size):
            yield tuple(values[start : start + self.size] for values in self.arrays)


@pytest.fixture
def little_memory():
    with sklearn.config_context(working_memory=2):
        yield


@pytest.fixture
def was_streamed(monkeypatch):
    """Whether searches were given a stream, in order."""
    seen = []

    def search(*args, stream=None, **kwargs):
        seen.append(stream is not None)
        return whole_search(*args, stream=stream, **kwargs)

    whole_search = fitting.search_architecture
    monkeypatch.setattr(fitting, "search_architecture", search)
    return seen


def regressor(**parameters):
    return SpectralNASRegressor((16,), random_state=0, max_iter=10, **parameters)


def test_batches_that_memory_holds_are_fitted_as_arrays_are(was_streamed):
    whole = regressor().fit(X[:500], BENT[:500])
    batches = regressor().fit(Batches(X[:500], BENT[:500], size=70))
    np.testing.assert_array_equal(batches.predict(X), whole.predict(X))
    assert was_streamed == [False, False]


@pytest.mark.slow
def test_beyond_memory_it_is_as_good(little_memory, was_streamed):
    streamed = regressor().fit(Batches(X, BENT))
    with sklearn.config_context(working_memory=1024):
        whole = regressor().fit(X, BENT)
    assert was_streamed == [True, False]
    assert streamed.score(X_TEST, BENT_TEST) > whole.score(X_TEST, BENT_TEST) - 0.005
    assert streamed.topology_.active_units
    assert streamed.n_features_in_ == 4


@pytest.mark.slow
@pytest.mark.usefixtures("little_memory")
def test_arrays_maps_and_files_beyond_memory(tmp_path, was_streamed):
    mapped = np.memmap(tmp_path / "X", dtype=np.float64, mode="w+", shape=X.shape)
    mapped[:] = X
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame.assign(y=BENT).to_parquet(tmp_path / "rows.parquet", row_group_size=3000)
    for given in (
        (X, BENT), (mapped, BENT), (frame, BENT), (str(tmp_path / "rows.parquet"), "y"),
    ):  # fmt: skip
        model = regressor().fit(*given)
        rows = pd.DataFrame(X_TEST, columns=list("abcd"))
        rows = rows if hasattr(model, "feature_names_in_") else X_TEST
        assert model.score(rows, BENT_TEST) > 0.95
    assert was_streamed == [True] * 4
    assert model.feature_names_in_.tolist() == list("abcd")
    by_file = model.predict(tmp_path / "rows.parquet")
    np.testing.assert_allclose(by_file, model.predict(frame))
    assert model.score(tmp_path / "rows.parquet", "y") == pytest.approx(model.score(frame, BENT))


@pytest.mark.slow
@pytest.mark.usefixtures("little_memory")
def test_dask(was_streamed):
    dd = pytest.importorskip("dask.dataframe")
    frame = pd.DataFrame(X, columns=list("abcd")).assign(y=BENT)
    model = regressor().fit(dd.from_pandas(frame, npartitions=5), y="y")
    assert was_streamed == [True]
    assert model.score(frame[list("abcd")], BENT) > 0.95


@pytest.mark.usefixtures("little_memory", "was_streamed")
def test_linear_rows_stay_linear(was_streamed):
    model = regressor().fit(Batches(X, LINEAR))
    assert was_streamed == [True]
    assert model.topology_.is_linear
    np.testing.assert_allclose(model.linear_coef_, [1.0, -2.0, 0.5, 0.0], atol=0.02)


@pytest.mark.usefixtures("little_memory")
def test_the_same_seed_gives_the_same_numbers():
    one, other = (regressor().fit(Batches(X, LINEAR)).predict(X[:10]) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.usefixtures("little_memory")
def test_classes_one_of_them_rare_and_the_last_to_come():
    y = np.where(np.abs(X[:, 0]) > 1, "far", "near").astype(object)
    y[-3:] = "rare"
    model = SpectralNASClassifier((16,), random_state=0, max_iter=20).fit(Batches(X, y))
    assert model.classes_.tolist() == ["far", "near", "rare"]
    assert model.score(X[:-3], y[:-3].astype(str)) > 0.95


@pytest.mark.slow
@pytest.mark.usefixtures("little_memory")
def test_balanced_classes_count_all_rows(was_streamed):
    y = (X[:, 0] > 1).astype(int)
    model = SpectralNASClassifier((8,), class_weight="balanced", random_state=0, max_iter=5)
    model.fit(Batches(X, y))
    assert was_streamed == [True]
    np.testing.assert_array_equal(model._class_totals, np.bincount(y))


@pytest.mark.slow
@pytest.mark.usefixtures("little_memory")
def test_text_and_missing_values(tmp_path):
    table = pd.DataFrame({"a": X[:, 0], "k": np.where(X[:, 1] > 0, "yes", "no"), "b": X[:, 2]})
    table.loc[::7, "b"] = np.nan
    y = X[:, 0] + (X[:, 1] > 0) + np.nan_to_num(table["b"].to_numpy())
    table.assign(y=y).to_parquet(tmp_path / "rows.parquet")
    model = regressor().fit(tmp_path / "rows.parquet", "y")
    assert model.categories_[1].tolist() == ["no", "yes"]
    assert model.score(tmp_path / "rows.parquet", "y") > 0.99


@pytest.mark.usefixtures("little_memory")
def test_rows_of_weight_0_are_left_out():
    weight = np.ones(N)
    weight[::2] = 0
    y = LINEAR.copy()
    y[::2] = 1000.0
    model = regressor().fit(Batches(X, y, weight))
    assert model.score(X, LINEAR) > 0.99


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Batches(X, np.append(LINEAR[:-1], np.nan)), "y of a batch contains NaN"),
        (Batches(np.vstack([X[:-1], [[np.inf] * 4]]), LINEAR), "X of a batch contains inf"),
        (Batches(X), "X comes without y"),
        (Batches(X, LINEAR, -np.ones(N)), "sample_weight of a batch must not be negative"),
        (Batches(X, LINEAR, np.zeros(N)), "none of a weight above 0"),
        ([(X, LINEAR), (X[:, :2], LINEAR)], "2 features"),
        ([(X, LINEAR), (X[:, :2].astype(str), LINEAR)], "features|could not convert"),
    ],
)  # fmt: skip
def test_bad_batches_get_a_sentence_and_change_nothing(given, message):
    model = regressor()
    with pytest.raises(ValueError, match=message):
        model.fit(given)
    assert not hasattr(model, "n_features_in_")


@pytest.mark.usefixtures("little_memory")
def test_lbfgs_needs_all_rows():
    with pytest.raises(ValueError, match="needs all rows at once"):
        regressor(solver="lbfgs").fit(Batches(X, LINEAR))


@pytest.mark.slow
@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(
    "parameters",
    [
        {"early_stopping": False}, {"prune_tol": None}, {"loss": "absolute_error"},
        {"alpha": 1e-3}, {"solver": "sgd"}, {"fit_intercept": False}, {"standardize": False},
    ],
)  # fmt: skip
def test_other_settings(parameters, was_streamed):
    model = regressor(**parameters).fit(Batches(X, BENT))
    assert was_streamed == [True]
    linear = LinearRegression().fit(X, BENT).score(X_TEST, BENT_TEST)
    stays_linear = {"solver", "fit_intercept"} & set(parameters)  # ten epochs are few
    assert model.score(X_TEST, BENT_TEST) > linear + (-0.001 if stays_linear else 0.1)


@pytest.mark.slow
@pytest.mark.usefixtures("little_memory")
def test_what_was_fitted_goes_on(was_streamed):
    model = regressor().fit(Batches(X, BENT))
    before = model.score(X_TEST, BENT_TEST)
    model.partial_fit(X[:100], BENT[:100])
    assert model.score(X_TEST, BENT_TEST) > before - 0.05
    model.set_params(warm_start=True).fit(Batches(X, BENT))
    assert model.score(X_TEST, BENT_TEST) > before - 0.01
    assert was_streamed == [True, True]


@pytest.mark.usefixtures("little_memory")
def test_a_linear_map_is_that_of_all_rows():
    model = regressor(n_knots=0, early_stopping=False)
    rows = Batches(X, LINEAR, size=500)
    with sklearn.config_context(working_memory=0.1):
        model.fit(rows)
    exact = LinearRegression().fit(X, LINEAR)
    assert model.topology_.is_linear
    np.testing.assert_allclose(model.linear_coef_, exact.coef_, atol=2e-5)
    np.testing.assert_allclose(model.linear_intercept_, exact.intercept_, atol=2e-5)
