"""
Reading a learned topology
==========================

What did the search find, and which inputs does it use? The target here is Friedman's first: of ten
inputs five matter, x_3 and x_4 linearly, x_0 and x_1 through their product, x_2 through a square.
The displays show the layers and blocks in use, the spectrum from which they come, and the course of
training.

The publication counts units by ``|λ|``. Here a unit is active when its row of blocks is not 0 and
it was not pruned: in the spectrum the rings are units that left, and some of them have large
eigenvalues.
"""

import argparse
from pathlib import Path
from warnings import simplefilter

import matplotlib.pyplot as plt
import numpy as np
from results import OUTPUT, save
from sklearn.datasets import make_friedman1
from sklearn.exceptions import ConvergenceWarning

from sk_spectral import SpectralNASRegressor
from sk_spectral.display import SpectrumDisplay, TopologyDisplay, TrainingDisplay
from sk_spectral.training.callbacks import RecordTopology

NAME = "plot_06_read_the_topology"

# %%
# Fit
# ---
# ``RecordTopology`` writes ‖Γ‖ and the number of units in effect into the history of each epoch.
# With ``n_knots=0`` the network reads the inputs themselves, so that all that bends is its units.


def fit(n_samples, epochs):
    simplefilter("ignore", ConvergenceWarning)  # the epochs are given
    X, y = make_friedman1(n_samples, 10, noise=1.0, random_state=0)
    model = SpectralNASRegressor(
        (64, 64), n_knots=0, max_iter=epochs, callbacks=[RecordTopology()], random_state=0
    )
    return model.fit(X, y)


# %%
# Look
# ----


def draw(model):
    figure, axes = plt.subplots(2, 2, figsize=(11, 7.6), layout="constrained")
    TopologyDisplay.from_estimator(model, ax=axes[0, 0])
    TopologyDisplay.from_estimator(model, kind="blocks", ax=axes[0, 1])
    SpectrumDisplay.from_estimator(model, ax=axes[1, 0])
    TrainingDisplay.from_estimator(model, ax=axes[1, 1])
    return figure


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Reading a learned topology.")
    parser.add_argument("--short", action="store_true", help="fewer points, for tests")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    n_samples, epochs = (500, 40) if options.short else (4000, 150)
    model = fit(n_samples, epochs)
    print(model.topology_.summary())
    print("\nshare of the paths that start at each input, and the linear part")
    for i, (share, slope) in enumerate(
        zip(model.feature_importances_, model.linear_coef_, strict=True)
    ):
        print(f"x_{i}{share:>8.3f}{slope:>9.2f}")
    numbers = {
        "headline": model.topology_.headline(),
        "topology": model.topology_.to_dict(),
        "importances": model.feature_importances_.tolist(),
        "relevant": np.argsort(-model.feature_importances_)[:5].tolist(),
    }
    save(NAME, draw(model), numbers, options.output)
    return numbers


if __name__ == "__main__":
    main()
    plt.show()
