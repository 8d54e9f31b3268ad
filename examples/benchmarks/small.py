"""Small fits with default settings against scikit-learn's MLP, and beside busy processes.

Both are fitted in turn, the seeds being those of the repeats; the first fits are not counted.
Prints median seconds, and the median of the ratios. With --busy as many processes as that keep the
cores busy meanwhile: what is compared then is with the quiet run of the same line.

Expected before the first run: iris and breast cancer 3 to 5 times the MLP, since a network of
three layers is trained on one or two folds where the MLP is trained once; 300 outputs 3 to 5.
"""

import argparse
import subprocess
import sys
import warnings
from statistics import median
from time import perf_counter

import numpy as np
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor

SPIN = "while True: pass"


def many_outputs():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 10))
    return X, np.tanh(X @ rng.normal(size=(10, 20))) @ rng.normal(size=(20, 300))


CASES = {
    "iris": lambda: load_iris(return_X_y=True),
    "breast cancer": lambda: load_breast_cancer(return_X_y=True),
    "wine": lambda: load_wine(return_X_y=True),
    "300 outputs": many_outputs,
}


def seconds(model, X, y):
    start = perf_counter()
    model.fit(X, y)
    return perf_counter() - start


def measure(X, y, repeats):
    """Seconds of both by repeat."""
    kinds = (SpectralNASClassifier, MLPClassifier)
    if y.ndim == 2:
        kinds = (SpectralNASRegressor, MLPRegressor)
    found = [[seconds(kind(random_state=i), X, y) for kind in kinds] for i in range(repeats + 1)]
    return np.array(found[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--busy", type=int, default=0, help="other processes")
    parser.add_argument("--cases", nargs="+", choices=[*CASES], default=[*CASES])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # of the MLP's convergence
    others = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(arguments.busy)]
    try:
        print(f"{'':<16}{'spectral':>12}{'MLP':>12}{'ratio':>10}")
        for name in arguments.cases:
            found = measure(*CASES[name](), arguments.repeats)
            ours, mlp = np.median(found, axis=0)
            ratio = median(found[:, 0] / found[:, 1])
            print(f"{name:<16}{ours:>10.2f} s{mlp:>10.2f} s{ratio:>10.1f}", flush=True)
    finally:
        for other in others:
            other.kill()


if __name__ == "__main__":
    main()
