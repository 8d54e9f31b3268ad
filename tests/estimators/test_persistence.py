"""Files of fitted estimators: small, complete for predictions, and plain about what is missing."""

import os
import pickle
from copy import deepcopy
from pathlib import Path

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_spectral import (
    SpectralNASClassifierCV,
    SpectralNASRegressor,
    SpectralNASRegressorCV,
)
from sk_spectral.model import Topology
from sk_spectral.search.compaction import compact_network
from sk_spectral.search.path import path_of


@pytest.fixture
def model(unpruned_regressor):
    return unpruned_regressor


def bytes_of_arrays(model):
    compact = model.compact_
    return sum(array.nbytes for array in (*compact.weights, *compact.intercepts))


def test_a_file_is_at_most_twice_its_arrays(model, tmp_path):
    assert len(pickle.dumps(model)) <= 2 * bytes_of_arrays(model) + 20_000
    joblib.dump(model, tmp_path / "model.joblib")
    assert (tmp_path / "model.joblib").stat().st_size <= 2 * bytes_of_arrays(model) + 20_000


def test_thirty_units_of_the_default_layers_take_less_than_100_kilobytes(model, wide_rows):
    small = deepcopy(model)
    assert small.compact_.pieces is not None
    masks = [np.arange(64) < 15] * 2
    small.compact_ = small._scaling.fold_into(compact_network(small.network_, masks))
    small.topology_ = Topology.from_compact(small.compact_)
    small.topology_path_ = path_of((), small.compact_, small.topology_)
    dumped = pickle.dumps(small)
    assert len(dumped) <= 100_000
    X, _ = wide_rows
    np.testing.assert_array_equal(pickle.loads(dumped).predict(X), small.predict(X))


def test_predictions_and_what_was_learned_come_back(model, wide_rows):
    loaded = pickle.loads(pickle.dumps(model))
    X, y = wide_rows
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    np.testing.assert_array_equal(loaded.feature_importances_, model.feature_importances_)
    assert loaded.loss_curve_ == model.loss_curve_
    assert not hasattr(loaded, "network_")
    np.testing.assert_array_equal(loaded.fit(X, y).predict(X), model.predict(X))  # afresh


def test_a_file_without_the_network_says_so_when_asked_to_train_on(model, wide_rows):
    X, y = wide_rows
    loaded = pickle.loads(pickle.dumps(model))
    with pytest.raises(ValueError, match=r"without the network .* warm_start=True or call"):
        loaded.partial_fit(X, y)
    with pytest.raises(ValueError, match="without the network"):
        loaded.set_params(warm_start=True).fit(X, y)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_training_goes_on_where_it_was_to(wide_rows):
    X, y = (array[:200] for array in wide_rows)
    settings = {"hidden_layer_sizes": (8,), "batch_size": 50, "random_state": 0}
    one, other = (SpectralNASRegressor(**settings).partial_fit(X, y) for _ in range(2))
    other = pickle.loads(pickle.dumps(other)).partial_fit(X, y)
    np.testing.assert_array_equal(one.partial_fit(X, y).predict(X), other.predict(X))
    warm = SpectralNASRegressor(**settings, warm_start=True, max_iter=2).fit(X, y)
    again = pickle.loads(pickle.dumps(warm))
    np.testing.assert_array_equal(warm.fit(X, y).predict(X), again.fit(X, y).predict(X))


def test_a_deep_copy_keeps_everything(model, wide_rows):
    X, y = wide_rows
    copy = deepcopy(model)
    assert copy.network_ is not model.network_
    copy.partial_fit(X, y)
    assert not np.array_equal(copy.predict(X), model.predict(X))


PAGE = (Path(__file__).parents[2] / "examples" / "docs" / "recipes" / "deploy.md").read_text()
TRUSTED = PAGE.split("<!-- trusted -->\n```text\n")[1].split("```")[0].split()


def test_skops_needs_to_trust_the_own_types_alone(
    model, wide_rows, fitted_classifier, iris_rows, tmp_path
):
    assert len(TRUSTED) == 11
    piped = make_pipeline(StandardScaler().fit(iris_rows[0]), fitted_classifier)
    settings = {"alphas": [0.0], "cv": 2, "max_iter": 3, "n_knots": 0}
    X, y = iris_rows
    by_folds = [
        (SpectralNASClassifierCV((4,), **settings).fit(X, y), iris_rows),
        (SpectralNASRegressorCV((4,), **settings).fit(X, X[:, 0]), iris_rows),
    ]
    for fitted, (X, _) in ((model, wide_rows), (piped, iris_rows), *by_folds):
        file = tmp_path / "model.skops"
        skops.io.dump(fitted, file)
        assert set(skops.io.get_untrusted_types(file=file)) <= set(TRUSTED)
        loaded = skops.io.load(file, trusted=TRUSTED)
        np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))


def test_files_written_before_there_were_rooms_load(model, wide_rows):
    """They name the modules in which these classes were then, and hold no path."""
    former = deepcopy(model)
    del former.topology_path_
    file = pickle.dumps(former, protocol=2)
    for room, module, name in (
        (b"model", b"compact", b"CompactNetwork"),
        (b"model", b"topology", b"Topology"),
        (b"data", b"preparation", b"Scaling"),
    ):
        here, there = (b"csk_spectral." + at + b"\n" + name + b"\n" for at in (room, module))
        assert here in file
        file = file.replace(here, there)
    X, _ = wide_rows
    loaded = pickle.loads(file)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.topology_.summary() == model.topology_.summary()


def test_a_plain_fit_leaves_nothing_of_torch_in_a_file(model):
    """Wherever it was trained, it loads where torch has no such device."""
    assert b"torch" not in pickle.dumps(model)


@pytest.mark.parametrize("damage", ["truncated", "foreign", "untrusted"])
def test_files_that_are_not_ours_are_refused_and_run_nothing(model, damage, tmp_path):
    file, ran = tmp_path / "model.skops", tmp_path / "ran"

    class Harmful:
        def __reduce__(self):
            return os.mkdir, (str(ran),)

    if damage == "foreign":
        file.write_bytes(pickle.dumps(Harmful()))
    elif damage == "untrusted":
        skops.io.dump({"model": model, "other": Harmful()}, file)
    else:
        skops.io.dump(model, file)
        file.write_bytes(file.read_bytes()[:-200])
    message = "ntrusted" if damage == "untrusted" else "zip"
    with pytest.raises(Exception, match=message):
        skops.io.load(file, trusted=TRUSTED)
    assert not ran.exists()


def test_a_file_of_before_a_parameter_has_its_default(model, wide_rows):
    state = model.__getstate__()
    del state["categorical_features"]
    again = type(model).__new__(type(model))
    again.__setstate__(state)
    assert again.get_params() == model.get_params()
    np.testing.assert_array_equal(again.predict(wide_rows[0]), model.predict(wide_rows[0]))
