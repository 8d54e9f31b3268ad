"""
Richness against the complexity of the task
===========================================

A target goes from linear to quadratic as alpha goes from 0 to 1, smoothly for β = 5 and at a jump
for β = 1000:

    y = ½(1 − tanh β(α − ½)) · mean(x) + ½(1 + tanh β(α − ½)) · mean(x²),  x uniform in [−1, 1]².

How much of a network does each of these need? The richness ‖Γ‖ of what is learned answers: it is
the norm over all paths through a hidden unit, 0 for a linear map. This is the first experiment of
Peri, Chicchi, Fanelli and Giambagli, arXiv:2504.00885, with the published settings: 2 inputs and a
constant, 300 hidden ReLU units, 10,000 points, Adam at 1e-3, batches of 100, the penalty
1e-4 (‖λ_0‖₂ + ‖λ_1‖₂), input eigenvalues trained.

Layers are counted from 0 here and from 1 in the publication: its (λ_1, λ_2) are our (λ_0, λ_1). The
second panel shows their mean size, which follows ‖Γ‖; which units are active it does not tell, for
a unit is active as soon as its own eigenvalue or one of the layer before it is not 0.

The repeats of an alpha are networks of one shape, and are trained side by side. For β = 1000 all
alphas on one side of ½ make the same target to the last digit, so that one training stands for all
of them. By default 40 epochs and 5 repeats: a minute on two cores. ``--full`` runs the published
300 epochs and 100 repeats, 2,400 different networks of 30,000 steps each: some four hours of one
core. Results land in one file as they come, and an interrupted run goes on where it stopped.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from results import OUTPUT, run_all, save

from sk_spectral import SpectralNetwork
from sk_spectral.data import TensorDataset
from sk_spectral.datasets import make_linear_to_quadratic
from sk_spectral.search import RandomStreams
from sk_spectral.spectral.algebra import product_blocks
from sk_spectral.spectral.paths import gamma_norm
from sk_spectral.training import SquaredError, TrainingConfig, train_replicas

NAME = "plot_01_linear_to_nonlinear"
ALPHAS = [round(0.05 * i, 2) for i in range(21)]
BETAS = [5, 1000]
AT_ONCE = 10

# %%
# Some runs side by side
# ----------------------
# Nothing is standardised, stopped early or pruned, so that ‖Γ‖ is that of the publication. Each run
# is that of ``SpectralNASRegressor(random_state=repeat)`` with these settings, but for rounding.


def train(beta, alpha, repeats, epochs, n_samples):
    """‖Γ‖, the mean size of the eigenvalues and the loss after the training of each repeat."""
    torch.set_num_threads(1)
    X, y, _ = make_linear_to_quadratic(n_samples, alpha, beta, random_state=42)
    rows = TensorDataset(torch.as_tensor(X).float(), torch.as_tensor(y).float()[:, None])
    config = TrainingConfig(
        penalty="group",
        alpha=1e-4,
        eigenvalue_rate=1,
        weight_decay=0,
        average=False,
        batch_size=100,
        max_iter=epochs,
        n_iter_no_change=epochs + 1,
    )
    streams = [RandomStreams(np.random.RandomState(repeat)) for repeat in repeats]
    networks = [
        SpectralNetwork(
            (2, 300, 1), train_input_eigenvalues=True, generator=stream.generator("initialization")
        )
        for stream in streams
    ]
    shuffles = [stream.generator("shuffle") for stream in streams]
    found = train_replicas(networks, rows, SquaredError(), config, shuffles)
    lam = [[values.detach() for values in replica.network.eigenvalues] for replica in found]
    phi = [[values.detach() for values in replica.network.eigenvectors] for replica in found]
    return {
        "gamma_norm": [
            gamma_norm(product_blocks(*parameters)) for parameters in zip(lam, phi, strict=True)
        ],
        "mean_eigenvalue": [float(torch.cat(values[:2]).abs().mean()) for values in lam],
        "loss": [replica.train_losses[-1] for replica in found],
    }


# %%
# All of them
# -----------


def different_targets(alphas, n_samples):
    """For each beta and alpha the first alpha that makes the same target."""
    first = {}
    for beta in BETAS:
        targets = {}
        for alpha in alphas:
            _, y, _ = make_linear_to_quadratic(n_samples, alpha, beta, random_state=42)
            first[beta, alpha] = targets.setdefault(y.astype(np.float32).tobytes(), alpha)
    return first


def of_each_alpha(results, first):
    """Results of different targets, for all alphas that make them."""
    return [
        result | {"alpha": alpha}
        for (beta, alpha), trained in first.items()
        for result in results
        if (result["beta"], result["alpha"]) == (beta, trained)
    ]


def summarize(results):
    """Mean and standard error over the repeats, by beta and quantity, in the order of alpha."""
    summary = {}
    for beta in sorted({r["beta"] for r in results}):
        of_beta = [r for r in results if r["beta"] == beta]
        alphas = sorted({r["alpha"] for r in of_beta})
        summary[str(beta)] = curves = {"alpha": alphas}
        for quantity in ("gamma_norm", "mean_eigenvalue"):
            values = [
                [value for r in of_beta if r["alpha"] == alpha for value in r[quantity]]
                for alpha in alphas
            ]
            curves[quantity] = [float(np.mean(v)) for v in values]
            curves[f"{quantity}_error"] = [
                float(np.std(v, ddof=1) / len(v) ** 0.5) if len(v) > 1 else 0.0 for v in values
            ]
    return summary


def draw(summary):
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    titles = {"gamma_norm": "richness ‖Γ‖", "mean_eigenvalue": "mean |(λ₀, λ₁)|"}
    for axis, (quantity, title) in zip(axes, titles.items(), strict=True):
        for (beta, curves), marker in zip(summary.items(), "os", strict=False):
            axis.errorbar(
                curves["alpha"], curves[quantity], yerr=curves[f"{quantity}_error"],
                marker=marker, markersize=4, capsize=2, label=f"β = {beta}",
            )  # fmt: skip
        axis.set_xlabel("α: from a linear to a quadratic target")
        axis.set_title(title)
        axis.set_ylim(bottom=0)
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False)
    return figure


def check(summary):
    """What the publication shows, in numbers."""
    findings = {}
    for beta, curves in summary.items():
        mean, error = np.array(curves["gamma_norm"]), np.array(curves["gamma_norm_error"])
        fall = (mean[:-1] - mean[1:]) / np.hypot(error[:-1], error[1:]).clip(1e-12)
        findings[f"largest fall at beta {beta}, in standard errors"] = float(fall.max())
        findings[f"share of the last value at alpha 0, beta {beta}"] = float(mean[0] / mean[-1])
    steep = summary.get("1000")
    if steep and {0.45, 0.55} <= set(steep["alpha"]):
        at = dict(zip(steep["alpha"], steep["gamma_norm"], strict=True))
        findings["jump from alpha 0.45 to 0.55 at beta 1000"] = at[0.55] / max(at[0.45], 1e-12)
    return findings


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Richness against the complexity of the task.")
    parser.add_argument("--full", action="store_true", help="300 epochs, 100 repeats")
    parser.add_argument("--repeats", type=int, help="in place of 100 or 5")
    parser.add_argument("--short", action="store_true", help="5 alphas, 2 repeats, for tests")
    parser.add_argument("--jobs", type=int, default=-1)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    alphas, repeats, epochs, n_samples = ALPHAS, 5, 40, 10_000
    if options.full:
        repeats, epochs = 100, 300
    if options.short:
        alphas, repeats, epochs, n_samples = [0.0, 0.25, 0.45, 0.55, 1.0], 2, 20, 5000
    repeats = options.repeats or repeats
    first = different_targets(alphas, n_samples)
    blocks = [list(range(repeats))[i : i + AT_ONCE] for i in range(0, repeats, AT_ONCE)]
    settings = [
        {"beta": beta, "alpha": alpha, "repeats": some, "epochs": epochs, "n_samples": n_samples}
        for some in blocks
        for (beta, alpha), trained in first.items()
        if alpha == trained
    ]
    results = run_all(train, settings, options.output / f"{NAME}.jsonl", options.jobs)
    results = of_each_alpha(results, first)
    summary = summarize(results)
    findings = check(summary)
    for name, value in findings.items():
        print(f"{name}: {value:.3g}")
    settings = {"epochs": epochs, "repeats": repeats, "n_samples": n_samples}
    save(NAME, draw(summary), settings | {"curves": summary, "findings": findings}, options.output)
    return summary, findings


if __name__ == "__main__":
    main()
    plt.show()
