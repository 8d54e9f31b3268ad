"""Is the verdict right? Linear, additive and joined truths of many sorts, default settings.

Each truth is that of ten inputs, of which it reads up to five, with noise of a third of its
deviation. Printed are, by sort of truth, the verdicts, and for additive ones how far the shape
functions are from the truth: their mean squared error over the inputs, relative to the variance of
the noise, beside that which as many free parameters as there are pieces would have by chance.
"""

import argparse
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from sk_spectral import SpectralNASRegressor

sys.path.insert(0, str(Path(__file__).parent.parent))
from results import OUTPUT, run_all

N_FEATURES, NOISE = 10, 1 / 3
INPUTS = {
    "normal": lambda rng, n: rng.normal(size=(n, N_FEATURES)),
    "uniform": lambda rng, n: rng.uniform(-1.7, 1.7, size=(n, N_FEATURES)),
    "heavy": lambda rng, n: rng.standard_t(4, size=(n, N_FEATURES)) / 2**0.5,
    "correlated": lambda rng, n: rng.normal(size=(n, N_FEATURES)) @ mixing(),
    "counts": lambda rng, n: rng.poisson(3.0, size=(n, N_FEATURES)) - 3.0,
}
LINEAR = {
    "one": lambda X: X[:, 0],
    "three": lambda X: X[:, 0] - 2.0 * X[:, 1] + 0.5 * X[:, 2],
    "all": lambda X: X @ np.linspace(-1, 1, N_FEATURES),
    "nothing": lambda X: 0.0 * X[:, 0],
}
BENDS = {
    "hinge": lambda x: np.maximum(x, 0.0),
    "modulus": np.abs,
    "square": lambda x: x**2,
    "cube": lambda x: x**3 / 3.0,
    "sine": lambda x: np.sin(2.0 * x),
    "step": lambda x: (x > 0.3) * 1.0,
    "hill": lambda x: np.exp(-2.0 * x**2),
    "root": lambda x: np.sqrt(np.abs(x)),
    "logistic": lambda x: 1.0 / (1.0 + np.exp(-4.0 * x)),
    "saw": lambda x: np.abs((x % 2.0) - 1.0),
}
JOINED = {
    "product": lambda X: X[:, 0] * X[:, 1] + X[:, 2],
    "xor": lambda X: ((X[:, 0] > 0) ^ (X[:, 1] > 0)) * 1.0,
    "friedman1": lambda X: friedman1(X),
    "distance": lambda X: np.hypot(X[:, 0], X[:, 1]),
    "switch": lambda X: np.where(X[:, 2] > 0, X[:, 0], X[:, 1]),
}


def mixing():
    """Of independent inputs to inputs that correlate by a half with their neighbours."""
    wanted = 0.5 ** np.abs(np.subtract.outer(np.arange(N_FEATURES), np.arange(N_FEATURES)))
    return np.linalg.cholesky(wanted).T


def friedman1(X):
    """As in scikit-learn, of inputs in the range of these."""
    a, b, c, d, e = (X[:, :5] / 3.4 + 0.5).T
    return np.sin(np.pi * a * b) + 2.0 * (c - 0.5) ** 2 + d + 0.5 * e


def truth_of(sort, name):
    """As a function of X."""
    if sort != "additive":
        return (LINEAR if sort == "linear" else JOINED)[name]
    second = list(BENDS)[(list(BENDS).index(name) + 3) % len(BENDS)]
    return lambda X: 2.0 * BENDS[name](X[:, 0]) + BENDS[second](X[:, 1]) + 0.5 * X[:, 2]


def measure(sort, name, inputs, n_samples, seed):
    """One verdict."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rng = np.random.default_rng([seed, n_samples])
    X = INPUTS[inputs](rng, n_samples)
    y = truth = truth_of(sort, name)(X)
    noise = NOISE * (truth.std() or 1.0)
    y = truth + noise * rng.normal(size=n_samples)
    model = SpectralNASRegressor(random_state=seed).fit(X, y)
    topology = model.topology_
    verdict = "linear" if topology.is_linear else "joined"
    if topology.is_additive and not topology.is_linear:
        verdict = "additive"
    error = float(np.mean((model.predict(X) - truth) ** 2)) / noise**2
    return {
        "verdict": verdict,
        "error": error,
        "by_chance": topology.n_parameters / n_samples,
        "n_bent": sum(n > 0 for n in topology.n_pieces),
        "units": sum(topology.n_active_units),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=[500, 2000])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--sorts", nargs="+", default=["linear", "additive", "joined"])
    parser.add_argument("--jobs", type=int, default=-1)
    parser.add_argument("--output", type=Path, default=OUTPUT / "verdicts.jsonl")
    options = parser.parse_args()
    names = {"linear": LINEAR, "additive": BENDS, "joined": JOINED}
    jobs = [
        {"sort": sort, "name": name, "inputs": inputs, "n_samples": n_samples, "seed": seed}
        for sort in options.sorts
        for name in names[sort]
        for inputs in INPUTS
        for n_samples in options.sizes
        for seed in range(options.seeds)
    ]
    results = run_all(measure, jobs, options.output, options.jobs)
    for sort in options.sorts:
        found = [result for result in results if result["sort"] == sort]
        counts = Counter(result["verdict"] for result in found)
        told = ", ".join(f"{verdict} {n}" for verdict, n in counts.most_common())
        error, chance = (np.median([r[key] for r in found]) for key in ("error", "by_chance"))
        print(
            f"{sort:<9} truths: {told}; median error {error:.3f} of the noise, "
            f"{chance:.3f} by chance; {np.median([r['n_bent'] for r in found]):.0f} bent features"
        )


if __name__ == "__main__":
    main()
