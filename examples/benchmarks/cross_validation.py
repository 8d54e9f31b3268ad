"""Ten strengths of the penalty by five folds: what the CV estimators cost and find.

For each set one line: seconds of a single fit and of the CV estimator, both with default settings,
their ratio, the alpha that was chosen, and units and score on held-out rows of both. With
`--rotations n` instead n teachers of 20 units (`make_teacher_student`, each a rotation of its own),
one call of the estimator for each: hidden units by layer, mean squared error on new points, and ‖Γ‖
of what was found beside the teacher's own.

Expected before the first run: fifty networks are trained and one is searched for. A search trains
about four, and side by side ten take half as long as one by one: six single fits, and more where
folds of a single fit end early because a linear map is enough.
"""

import argparse
import warnings
from time import perf_counter

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine, make_friedman1
from sklearn.model_selection import train_test_split

from sk_spectral import (
    SpectralNASClassifier,
    SpectralNASClassifierCV,
    SpectralNASRegressor,
    SpectralNASRegressorCV,
)
from sk_spectral.datasets import make_teacher_student
from sk_spectral.model import CompactNetwork, Topology

SETS = {
    "diabetes": (lambda: load_diabetes(return_X_y=True), False),
    "wine": (lambda: load_wine(return_X_y=True), True),
    "breast_cancer": (lambda: load_breast_cancer(return_X_y=True), True),
    "friedman1": (lambda: make_friedman1(2000, noise=1.0, random_state=0), False),
    "teacher": (lambda: make_teacher_student(40_000, random_state=0)[:2], False),
}


def timed(model, X, y):
    start = perf_counter()
    model.fit(X, y)
    return perf_counter() - start


def cost(name, rule):
    """Seconds, ratio, and what each found."""
    load, of_classes = SETS[name]
    X, X_test, y, y_test = train_test_split(*load(), random_state=0)
    single = (SpectralNASClassifier if of_classes else SpectralNASRegressor)(random_state=0)
    folds = SpectralNASClassifierCV if of_classes else SpectralNASRegressorCV
    folds = folds(rule=rule, random_state=0)
    seconds = [timed(model, X, y) for model in (single, folds)]
    units = [sum(model.topology_.n_active_units) for model in (single, folds)]
    scores = [model.score(X_test, y_test) for model in (single, folds)]
    return (
        f"{name:<15}{seconds[0]:>8.1f} s{seconds[1]:>8.1f} s{seconds[1] / seconds[0]:>7.1f} x"
        f"{folds.alpha_:>9g}{units[0]:>7} ->{units[1]:>4}{scores[0]:>9.4f} -> {scores[1]:.4f}"
    )


def norm_of(rotation, X, y):
    """‖Γ‖ of the teacher y = R relu(R x), in units in which X and y have a deviation of 1."""
    n_units = len(rotation)
    to_hidden = rotation * X.std(axis=0)
    to_outputs = rotation / y.std(axis=0)[:, None]
    direct = np.zeros((n_units, n_units))
    weights = (to_hidden, np.hstack([direct, to_outputs]))
    own = CompactNetwork(weights, None, "relu", (np.ones(n_units, dtype=bool),))
    return Topology.from_compact(own).gamma_norm


def rotations(n_teachers, n_samples, rule, cv):
    """A line for each teacher, and one for all."""
    found = []
    for seed in range(n_teachers):
        X, y, (rotation, _) = make_teacher_student(n_samples, random_state=seed)
        model = SpectralNASRegressorCV(rule=rule, cv=cv, random_state=seed).fit(X, y)
        X_test = np.random.default_rng(seed).uniform(-1, 1, size=(5000, X.shape[1]))
        truth = np.maximum(X_test @ rotation.T, 0.0) @ rotation.T
        error = float(np.square(model.predict(X_test) - truth).mean())
        topology, own = model.topology_, norm_of(rotation, X, y)
        found.append((sum(topology.n_active_units), error, topology.gamma_norm))
        print(
            f"teacher {seed:<4} units {topology.n_active_units!s:<10} error {error:.1e}"
            f"   alpha {model.alpha_:g}   ‖Γ‖ {topology.gamma_norm:.3f} of {own:.3f}",
            flush=True,
        )
    units, errors, norms = np.array(found).T
    print(
        f"units {units.min():.0f} to {units.max():.0f}, error {errors.min():.1e} to "
        f"{errors.max():.1e}, ‖Γ‖ {norms.mean():.3f} ± {norms.std():.3f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--cv", type=int, default=5, help="folds, for the rotations")
    parser.add_argument("--rule", default="best", choices=["best", "1se"])
    parser.add_argument("--rotations", type=int, default=0)
    parser.add_argument("--rows", type=int, default=30_000, help="of each teacher")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.rotations:
        rotations(arguments.rotations, arguments.rows, arguments.rule, arguments.cv)
        return
    head = ("single", 10), ("CV", 10), ("ratio", 9), ("alpha", 9), ("units", 14), ("score", 19)
    print(f"{'':<15}" + "".join(f"{name:>{width}}" for name, width in head))
    for name in arguments.sets:
        print(cost(name, arguments.rule), flush=True)


if __name__ == "__main__":
    main()
