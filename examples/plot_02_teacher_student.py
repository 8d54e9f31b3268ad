"""
A student finds its teacher's architecture
==========================================

The teacher has one hidden layer of 20 ReLU units: y = R relu(R x) with a random rotation R. The
student may grow two hidden layers. Does it find that one is enough, and how many units are kept?
This is the second experiment of Peri, Chicchi, Fanelli and Giambagli, arXiv:2504.00885, here with a
student of 200 + 200 units and 30,000 points, and with ``--full`` as published: 2000 + 2000 units
and 100,000 points.

Three things differ from the publication. Layers are counted from 0. Units are counted as kept
where a block that leads to them is not 0 and the loss is missed without them, not where ``|λ|`` is
1e-3 or more: a unit with a small eigenvalue is active as soon as the layer before it has a larger
one. And the error is the mean squared error on new points: the published 7.88e-8 divides the means
of batches by the number of points, which makes 8.1e-5 in the unit used here.

The published penalty ("group") acts on whole layers. The default one ("gamma") prices each hidden
unit by what comes in times what goes out, so that units leave one by one.
"""

import argparse
from pathlib import Path
from warnings import simplefilter

import matplotlib.pyplot as plt
import numpy as np
from results import OUTPUT, run_all, save
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import LRScheduler

from sk_spectral import SpectralNASRegressor
from sk_spectral.datasets import make_teacher_student

NAME = "plot_02_teacher_student"
PUBLISHED = {"active layers": 1, "units": 280, "test error": 8.1e-5}

# %%
# One student
# -----------


def student(penalty, alpha, hidden, batch_size, epochs, seed):
    if penalty == "group":  # the published optimiser
        settings = {"standardize": False, "fit_intercept": False, "eigenvalue_rate": 1}
    else:
        schedule = LRScheduler("CosineAnnealingLR", T_max=epochs)
        settings = {"callbacks": [schedule], "eigenvalue_rate": 10}
    return SpectralNASRegressor(
        (hidden, hidden),
        penalty=penalty,
        alpha=alpha,
        weight_decay=0,
        average=False,
        train_input_eigenvalues=False,
        n_knots=0,
        batch_size=batch_size,
        max_iter=epochs,
        early_stopping=False,
        random_state=seed,
        **settings,
    )


def run(penalty, alpha, hidden, n_samples, n_units, batch_size, epochs, seed):
    simplefilter("ignore", ConvergenceWarning)  # the epochs are given
    """What is left of a student, and its error on points of its own."""
    X, y, maps = make_teacher_student(n_samples, n_units, random_state=seed)
    model = student(penalty, alpha, hidden, batch_size, epochs, seed).fit(X, y)
    X_test = np.random.RandomState(10_000 + seed).uniform(-1, 1, X.shape)
    truth = np.maximum(X_test @ maps[0].T, 0) @ maps[1].T
    eigenvalues = [lam.detach().numpy() for lam in model.network_.eigenvalues[1:-1]]
    return {
        "units by layer": list(model.topology_.n_active_units),
        "active layers": model.topology_.n_active_layers,
        "units": sum(model.topology_.n_active_units),
        "eigenvalues over 1e-3": int(sum((np.abs(lam) >= 1e-3).sum() for lam in eigenvalues)),
        "test error": float(np.mean((model.predict(X_test) - truth) ** 2)),
    }


# %%
# The table
# ---------


def table(results, alphas):
    rows = [("published run (2000 + 2000)", [PUBLISHED])]
    for penalty in ("group", "gamma"):
        of = [r for r in results if (r["penalty"], r["alpha"]) == (penalty, alphas[penalty])]
        rows.append((f'penalty="{penalty}", alpha={alphas[penalty]:g}, {len(of)} seeds', of))
    lines = [f"{'':<42}{'active layers':>15}{'hidden units':>20}{'true test error':>24}"]
    for name, of in rows:
        layers = sorted({r["active layers"] for r in of})
        cells = [", ".join(map(str, layers))]
        for quantity, form in (("units", "{:.0f}"), ("test error", "{:.1e}")):
            low, high = (f([r[quantity] for r in of]) for f in (min, max))
            span = form.format(low)
            cells.append(span if low == high else f"{span} to {form.format(high)}")
        lines.append(f"{name:<42}{cells[0]:>15}{cells[1]:>20}{cells[2]:>24}")
    return lines


def draw(results, alphas, n_units):
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for offset, penalty in ((-0.2, "group"), (0.2, "gamma")):
        of = [r for r in results if (r["penalty"], r["alpha"]) == (penalty, alphas[penalty])]
        units = np.array([r["units by layer"] for r in of])
        bars = left.bar(
            np.arange(units.shape[1]) + offset, units.mean(axis=0), 0.36, label=f'"{penalty}"',
            yerr=[units.mean(axis=0) - units.min(axis=0), units.max(axis=0) - units.mean(axis=0)],
            capsize=3,
        )  # fmt: skip
        left.bar_label(bars, fmt="%.0f", padding=2)
    left.axhline(n_units, color="0.5", linestyle=":", label="teacher's one layer")
    left.set_xticks(range(units.shape[1]), [f"hidden layer {i + 1}" for i in range(units.shape[1])])
    left.set_title("units kept (mean, least and most)")
    left.margins(y=0.15)

    path = [r for r in results if r["penalty"] == "gamma"]
    for alpha in sorted({r["alpha"] for r in path}):
        of = [r for r in path if r["alpha"] == alpha]
        right.plot(
            [r["units"] for r in of], [r["test error"] for r in of], "o", label=f"α = {alpha:g}"
        )
    right.axvline(n_units, color="0.5", linestyle=":")
    right.axhline(PUBLISHED["test error"], color="0.5", linestyle="--", linewidth=1)
    right.text(
        0.98, PUBLISHED["test error"], "published run, 280 units ", ha="right", va="bottom",
        transform=right.get_yaxis_transform(), color="0.4", fontsize=9,
    )  # fmt: skip
    right.set_yscale("log")
    right.set_xlabel("hidden units kept")
    right.set_title('true test error along the path, "gamma"')
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, fontsize=9)
    return figure


def main(arguments=None):
    parser = argparse.ArgumentParser(description="A student finds its teacher's architecture.")
    parser.add_argument("--full", action="store_true", help="2000 + 2000 units, 100,000 points")
    parser.add_argument("--short", action="store_true", help="one seed, for tests")
    parser.add_argument("--jobs", type=int, default=-1)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    size = {"hidden": 200, "n_samples": 30_000, "n_units": 20, "batch_size": 100, "epochs": 40}
    alphas, others, seeds = {"group": 1e-4, "gamma": 2e-3}, [5e-4, 1e-3, 4e-3], 5
    if options.full:
        size |= {"hidden": 2000, "n_samples": 100_000, "batch_size": 1024, "epochs": 100}
        seeds = 1
    if options.short:
        others, seeds = [], 1
    settings = [
        {"penalty": penalty, "alpha": alpha, "seed": seed} | size
        for penalty, alpha in alphas.items()
        for seed in range(seeds)
    ]
    settings += [
        {"penalty": "gamma", "alpha": alpha, "seed": seed} | size
        for alpha in others
        for seed in range(min(seeds, 2))
    ]
    results = run_all(run, settings, options.output / f"{NAME}.jsonl", options.jobs)
    lines = table(results, alphas)
    print("\n".join(lines))
    numbers = size | {"published": PUBLISHED, "runs": results, "table": lines}
    save(NAME, draw(results, alphas, size["n_units"]), numbers, options.output)
    return results


if __name__ == "__main__":
    main()
    plt.show()
