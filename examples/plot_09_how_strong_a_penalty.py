"""
How strong a penalty?
=====================

The penalty on the topology makes a network small while it grows. How strong should it be? As for
the lasso, folds can tell: for each of them a path of networks is trained, one for each strength,
all side by side, and scored on the rows held out. Then the search is made with the strength that
did best, or with the largest that does no worse than a standard error.

The target is Friedman's first, of ten inputs, with noise. Below the folds: which knots and units
stay along the path of a single network that loses units, step by step.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
from results import OUTPUT, save
from sklearn.datasets import make_friedman1

from sk_spectral import SpectralNASRegressor, SpectralNASRegressorCV, spectral_path
from sk_spectral.display import CrossValidationDisplay, PathDisplay

NAME = "plot_09_how_strong_a_penalty"

# %%
# What folds say
# --------------


def choose(X, y, rule, n_jobs):
    model = SpectralNASRegressorCV(rule=rule, random_state=0, n_jobs=n_jobs).fit(X, y)
    table = model.cv_results_
    print(f"rule={rule!r}: alpha={model.alpha_:g}, {model.topology_.headline()}")
    return model, {name: list(map(float, table[name])) for name in table if name != "params"}


# %%
# What stays
# ----------


def main(arguments=None):
    parser = argparse.ArgumentParser(description="How strong a penalty?")
    parser.add_argument("--short", action="store_true", help="fewer rows, for tests")
    parser.add_argument("--jobs", type=int, default=-1)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    X, y = make_friedman1(300 if options.short else 1500, noise=1.0, random_state=0)
    X_test, y_test = make_friedman1(5000, noise=1.0, random_state=1)

    numbers = {}
    for rule in ("best", "1se"):
        model, table = choose(X, y, rule, options.jobs)
        numbers[rule] = {
            "alpha": model.alpha_,
            "units": sum(model.topology_.n_active_units),
            "score": model.score(X_test, y_test),
        }
    numbers["folds"] = table
    save(NAME, CrossValidationDisplay.from_estimator(model).figure_, numbers, options.output)

    sizes = [1, 2, 3, 4, 8, 16, 32, 64, 128]
    path = spectral_path(X, y, sizes=sizes, estimator=SpectralNASRegressor(random_state=0))
    print(path.summary())
    stays = PathDisplay.from_estimator(model, kind="stays")
    save("plot_09_stays", stays.figure_, {"sizes": sizes}, options.output)
    return numbers


if __name__ == "__main__":
    main()
    plt.show()
