"""
How small, and how sure?
========================

A search ends with one network. Two questions are left to its user: what would a smaller one have
lost, and would another search have found the same? The first is answered by what the search itself
has tried, from the linear map to the whole network. For the second it is repeated, each time with
rows drawn anew from those that are there.

The target is Friedman's first, of ten inputs, with noise: x_0 and x_1 join in a product inside a
sine, x_2 acts through a square, x_3 and x_4 linearly, and the others not at all. So it is a network
that is needed, three inputs bend, and one hidden layer is enough.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from results import OUTPUT, save
from sklearn.datasets import make_friedman1

from sk_spectral import SpectralNASRegressor
from sk_spectral.display import PathDisplay, TopologySampleDisplay

NAME = "plot_08_how_small_how_sure"

# %%
# What smaller networks would have lost
# -------------------------------------
# Each can be taken out, and predicts: their scores are on rows that no network has seen.


def scores_along(path, X, y):
    """Units, parameters and R² of the networks that can be taken out of a path."""
    rest = np.square(y - y.mean()).mean()
    return [
        {
            "units": point.n_units,
            "parameters": point.n_parameters,
            "verdict": point.topology.verdict,
            "score": 1.0 - float(np.square(point.compact(X)[:, 0] - y).mean() / rest),
        }
        for point in path.points
        if point.compact is not None
    ]


# %%
# What other searches would have found
# ------------------------------------


def main(arguments=None):
    parser = argparse.ArgumentParser(description="How small, and how sure?")
    parser.add_argument("--short", action="store_true", help="fewer rows and repeats, for tests")
    parser.add_argument("--repeats", type=int, help="searches, in place of 20 or 2")
    parser.add_argument("--jobs", type=int, default=-1)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    n_samples, n_repeats = (400, 2) if options.short else (1500, 20)
    n_repeats = options.repeats or n_repeats
    X, y = make_friedman1(n_samples, noise=1.0, random_state=0)
    X_test, y_test = make_friedman1(5000, noise=1.0, random_state=1)
    model = SpectralNASRegressor(random_state=0).fit(X, y)
    print(model.topology_path_.summary())
    along = scores_along(model.topology_path_, X_test, y_test)
    path = PathDisplay.from_estimator(model)
    save("plot_08_path", path.figure_, {"path": along}, options.output)

    display = TopologySampleDisplay.from_estimator(
        SpectralNASRegressor(), X, y,
        n_repeats=n_repeats, bootstrap=True, random_state=0, n_jobs=options.jobs,
    )  # fmt: skip
    sample = display.sample
    print(sample.summary())
    numbers = {
        "path": along,
        "verdicts": sample.verdicts,
        "units": sample.n_active_units.tolist(),
        "share that bends": (sample.n_pieces > 0).mean(axis=0).tolist(),
    }
    save(NAME, display.figure_, numbers, options.output)
    return numbers


if __name__ == "__main__":
    main()
    plt.show()
