"""What an installed release does: `python release.py NAME` fits, predicts, reads old files."""

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
import sklearn
from sklearn.datasets import load_diabetes
from sklearn.exceptions import InconsistentVersionWarning

import sk_spectral

FILES = Path(__file__).parent / "data" / "files_of_0_1"


def files_of_before():
    """(name, estimator, its largest difference from what it said then) for each file."""
    said = json.loads((FILES / "predictions.json").read_text())
    for name, values in said.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            model = joblib.load(FILES / f"{name}.joblib")
        how = next(key for key in values if key.startswith("predict"))
        predicted = getattr(model, how)(np.array(values["X"]))
        yield name, model, values, float(np.abs(predicted - np.array(values[how])).max())


def main(name):
    """Use what is installed, in an environment that holds it alone."""
    warnings.simplefilter("error")
    assert Path(sk_spectral.__file__).is_relative_to(sys.prefix), sk_spectral.__file__
    assert version("sk_spectral") == sk_spectral.__version__
    X, y = load_diabetes(return_X_y=True)
    model = sk_spectral.SpectralNASRegressor((8,), random_state=0).fit(X, y)
    assert model.predict(X).shape == y.shape
    assert model.topology_._repr_html_().count("<svg") == 1
    largest = max(difference for *_, difference in files_of_before())
    assert largest < 1e-9 * np.abs(y).max()
    print(
        f"{name}: sk_spectral {sk_spectral.__version__}, Python {sys.version.split()[0]}, "
        f"scikit-learn {sklearn.__version__}: score {model.score(X, y):.2f}, "
        f"{model.topology_.verdict}; files of 0.1 load"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
