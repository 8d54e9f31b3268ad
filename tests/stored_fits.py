"""Ten small fits with their predictions in stored_fits.json: what a restructuring may not move.

`python tests/stored_fits.py` writes them anew, for a change that means to move numbers.
"""

import json
import platform
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import make_circles, make_classification, make_friedman1

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor

STORED = Path(__file__).with_name("stored_fits.json")


def _bent():
    return make_friedman1(240, n_features=6, noise=0.5, random_state=0)


def _classes(n_classes):
    return make_classification(
        150, 6, n_informative=4, n_redundant=0, n_classes=n_classes, random_state=1
    )


def regression():
    X, y = _bent()
    return (
        SpectralNASRegressor((16, 8), n_knots=0, max_iter=60, random_state=0)
        .fit(X, y)
        .predict(X[:12])
    )


def several_outputs():
    X, y = _bent()
    model = SpectralNASRegressor(
        (12,), n_knots=0, max_iter=40, early_stopping=False, random_state=1
    )
    return model.fit(X, np.column_stack([y, y**2])).predict(X[:6])


def binary():
    X, y = make_circles(60, noise=0.2, factor=0.5, random_state=0)
    return SpectralNASClassifier((16, 16), n_knots=0, random_state=0).fit(X, y).predict_proba(X[:6])


def multi_class():
    X, y = _classes(3)
    model = SpectralNASClassifier((16,), n_knots=0, max_iter=60, random_state=0, average=False)
    return model.fit(X, y).predict_proba(X[:6])


def weights():
    X, y = _classes(2)
    weight = np.random.RandomState(0).uniform(0.0, 2.0, len(X)).round()
    model = SpectralNASClassifier(
        (16,), n_knots=0, max_iter=40, class_weight="balanced", random_state=2
    )
    return model.fit(X, y, sample_weight=weight).predict_proba(X[:6])


def validation_rows():
    X, y = _bent()
    model = SpectralNASRegressor((16, 8), n_knots=0, max_iter=60, activation="tanh", random_state=3)
    return model.fit(X[:120], y[:120], X_val=X[120:], y_val=y[120:]).predict(X[:12])


def chunks():
    X, y = _classes(3)
    model = SpectralNASClassifier((16,), n_knots=0, random_state=4)
    for start in range(0, 150, 50):
        part = slice(start, start + 50)
        model.partial_fit(X[part], y[part], classes=[0, 1, 2])
    return model.predict_proba(X[:6])


def penalised():
    X, y = _bent()
    model = SpectralNASRegressor((16, 8), n_knots=0, alpha=1e-3, max_iter=40, random_state=5)
    return model.fit(X, y).predict(X[:12])


def additive():
    X, _ = _bent()
    y = np.abs(X[:, 0] - 0.5) + np.sin(6.0 * X[:, 1]) + X[:, 2]
    model = SpectralNASRegressor((16, 8), n_knots="auto", max_iter=40, random_state=6).fit(X, y)
    assert model.topology_.is_additive
    assert not model.topology_.is_linear
    return model.predict(X[:12])


def network_of_pieces():
    X, y = _bent()
    model = SpectralNASRegressor((16, 8), n_knots="auto", max_iter=60, random_state=7).fit(X, y)
    assert model.compact_.pieces is not None
    assert model.topology_.joins_inputs
    return model.predict(X[:12])


FITS = (
    regression,
    several_outputs,
    binary,
    multi_class,
    weights,
    validation_rows,
    chunks,
    penalised,
    additive,
    network_of_pieces,
)


def where():
    """What rounds: another processor or another torch sums in another order."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    named = ("vendor_id", "cpu family", "model", "stepping", "flags")
    found = dict(line.split(":", 1) for line in reversed(lines) if line.startswith(named))
    processor = sha256(str(sorted(found.items())).encode()).hexdigest()[:16]
    return [platform.machine(), processor, torch.__version__, np.__version__]


def write():
    found = {"where": where()}
    found |= {fit.__name__: [value.hex() for value in fit().ravel().tolist()] for fit in FITS}
    STORED.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    write()
