"""That what predicts and what is read need NumPy alone, wherever they were made."""

import json
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor

LOAD = """
import sys
for name in ("torch", "skorch", "sklearn", "scipy", "pandas"):
    sys.modules[name] = None  # any import of it fails
import json, pickle
folder, load_with = sys.argv[1:]
if load_with == "joblib":
    import joblib
    load = joblib.load
else:
    load = lambda path: pickle.loads(open(path, "rb").read())
import numpy as np
compact, topology = load(f"{folder}/compact"), load(f"{folder}/topology")
np.save(f"{folder}/outputs.npy", compact(np.load(f"{folder}/X.npy")))
print(json.dumps({
    "module": type(compact).__module__,
    "summary": topology.summary(),
    "values": topology.to_dict(),
    "shares": compact.input_shares().tolist(),
    "read again": type(topology).from_compact(compact).to_dict(),
    "folded": compact.without_center().n_parameters,
}))
"""


def without_torch(folder, load_with):
    command = [sys.executable, "-W", "error", "-c", LOAD, str(folder), load_with]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), np.load(folder / "outputs.npy")


def rows():
    X = np.random.RandomState(0).normal([0.0, 5.0, 0.0, 0.0], size=(120, 4))
    return X, np.abs(X[:, 0]) + X[:, 1]


def regressor(activation):
    model = SpectralNASRegressor((6, 5), activation=activation, max_iter=10, random_state=0)
    return model.set_params(prune_tol=None).fit(*rows())


def linear():
    X, _ = rows()
    return SpectralNASRegressor((6,), max_iter=5, random_state=0).fit(X, X[:, 1])


def classifier():
    X, y = rows()
    labels = np.digitize(y, [5.0, 6.0])
    return SpectralNASClassifier((6,), max_iter=10, prune_tol=None, random_state=0).fit(X, labels)


MADE = {
    **{name: lambda name=name: regressor(name) for name in ("relu", "tanh", "gelu", "silu")},
    "linear": linear,
    "classifier": classifier,
}


@pytest.mark.parametrize("dump", [pickle, joblib], ids=lambda module: module.__name__)
@pytest.mark.parametrize("name", MADE)
def test_files_load_and_predict_the_same_numbers_where_torch_is_not_installed(name, dump, tmp_path):
    model = MADE[name]()
    compact, topology = model.compact_, model.topology_
    X, _ = rows()
    np.save(tmp_path / "X.npy", X)
    for what, it in (("compact", compact), ("topology", topology)):
        if dump is joblib:
            joblib.dump(it, tmp_path / what)
        else:
            (tmp_path / what).write_bytes(pickle.dumps(it))
    found, outputs = without_torch(tmp_path, dump.__name__)
    np.testing.assert_array_equal(outputs, compact(X))
    assert outputs.any()
    assert found["module"] == "sk_spectral.model"
    assert found["summary"] == topology.summary()
    assert found["values"] == topology.to_dict()
    assert found["shares"] == compact.input_shares().tolist()
    assert found["read again"] == type(topology).from_compact(compact).to_dict()
    assert found["folded"] == compact.n_parameters
