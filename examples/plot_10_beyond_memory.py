"""
Beyond memory
=============

Rows that do not fit into memory are read from where they lie: a folder of Parquet files, a
`numpy.memmap`, a collection of dask, or anything that gives batches each time it is gone through.
`fit` goes through them once, to see where columns lie and to draw a sample; then it trains on
blocks of them, shuffled and read ahead. What is decided by few rows is decided by the sample.

Here the same rows are fitted from files with more and less memory, set by `working_memory` of
`sklearn.set_config`, and from an array. A checkpoint keeps what has been trained: a fit that was
killed goes on when it is called again.

What `dask_ml.wrappers.Incremental` does with `partial_fit`, batch by batch, works as well; but a
`fit` that sees the rows again in each epoch finds what a single pass does not.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from warnings import catch_warnings, simplefilter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sklearn
from results import OUTPUT, save
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score

from sk_spectral import SpectralNASRegressor

NAME = "plot_10_beyond_memory"
NAMES = [f"x{j}" for j in range(8)]

# %%
# Rows in files
# -------------


def truth(X):
    """Bends in one column and joins two others."""
    return np.abs(X["x0"]) + X["x1"] * X["x2"] + X["x3"]


def made(n_rows, seed):
    """Rows and their target, with noise."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, len(NAMES)), dtype=np.float32)
    frame = pd.DataFrame(X, columns=NAMES)
    return frame.assign(y=truth(frame) + 0.3 * rng.standard_normal(n_rows))


def write(folder, n_rows, n_files):
    for k in range(n_files):
        made(n_rows // n_files, k).to_parquet(folder / f"{k:03d}.parquet")


# %%
# More and less memory
# --------------------


def fitted(rows, target, megabytes, max_iter, checkpoint=None):
    """A model, and the seconds that it took within so much working memory."""
    model = SpectralNASRegressor(random_state=0, max_iter=max_iter, checkpoint=checkpoint)
    start = perf_counter()
    with sklearn.config_context(working_memory=megabytes), catch_warnings():
        simplefilter("ignore", ConvergenceWarning)  # a few epochs are enough to compare
        model.fit(rows, target)
    return model, perf_counter() - start


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Beyond memory")
    parser.add_argument("--short", action="store_true", help="fewer rows, for tests")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    n_rows, max_iter = (20_000, 4) if options.short else (200_000, 8)
    test = made(20_000, 10**6)

    numbers = {"rows": n_rows, "megabytes": [], "score": [], "seconds": []}
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, n_rows, 10)
        for megabytes in (8, 32) if options.short else (8, 32, 128, 512):
            model, seconds = fitted(folder, "y", megabytes, max_iter, f"{name}.checkpoint")
            score = model.score(test[NAMES], test["y"])
            print(f"{megabytes:>5} MiB: {score:.4f}, {seconds:.0f} s, {model.topology_.headline()}")
            numbers["megabytes"].append(megabytes)
            numbers["score"].append(score)
            numbers["seconds"].append(seconds)
        rows = pd.read_parquet(folder)
    model, seconds = fitted(rows[NAMES], rows["y"], 2**20, max_iter)
    numbers["in memory"] = {"score": model.score(test[NAMES], test["y"]), "seconds": seconds}
    print(f"in memory: {numbers['in memory']['score']:.4f}, {seconds:.0f} s")

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    axes.plot(numbers["megabytes"], numbers["score"], "o-", label="from files")
    axes.axhline(numbers["in memory"]["score"], color="0.5", linestyle="--", label="in memory")
    numbers["truth"] = r2_score(test["y"], truth(test))
    axes.axhline(numbers["truth"], color="0.8", linewidth=4, zorder=0, label="the truth itself")
    axes.set_ylim(0.9, 1.0)
    axes.set_xscale("log", base=2)
    axes.set_xticks(numbers["megabytes"], [f"{size} MiB" for size in numbers["megabytes"]])
    axes.set_xlabel("working memory")
    axes.set_ylabel("R² on held-out rows")
    axes.set_title(f"{n_rows:,} rows, {max_iter} epochs")
    axes.legend()
    save(NAME, figure, numbers, options.output)
    return numbers


if __name__ == "__main__":
    main()
    plt.show()
