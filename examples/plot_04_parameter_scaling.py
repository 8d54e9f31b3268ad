"""
Parameters and time against depth
=================================

A network with skip connections between all its layers has Σ_{j<i} n_i n_j weights in direct space,
which grow with the square of the depth. In spectral space it has Σ n_l n_{l+1} + Σ n_l parameters,
which grow linearly. Its time need not grow faster either: with the carry, no skip block is ever
built. The published form builds every block at each step.

The numbers of parameters are counted on networks of width 10, as published (there, 2 layers have no
hidden one): 120 against 100, 230 against 300, 450 against 1000, 1110 against 5500 for 2, 3, 5 and
11 layers. The times are medians of one interleaved run at the width below, without a penalty.
"""

import argparse
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from results import OUTPUT, save

from sk_spectral import SpectralNetwork
from sk_spectral.spectral import algebra

sys.path.append(str(OUTPUT.parent / "benchmarks"))
from step import PublishedNetwork, interleaved_medians, spectral_step, step_of

from sk_spectral.training.losses import LogLoss

NAME = "plot_04_parameter_scaling"

# %%
# Parameters
# ----------
# Counted on networks themselves: the entries of their parameters, and of their blocks.


def count(n_layers, width=10):
    network = SpectralNetwork([width] * n_layers, fit_intercept=False)
    lam, phi = list(network.eigenvalues), list(network.eigenvectors)
    blocks = algebra.product_blocks(lam, phi)
    return {
        "layers": n_layers,
        "spectral": sum(parameter.numel() for parameter in network.parameters()),
        "direct": sum(block.numel() for block in blocks.values()),
    }


# %%
# Time per step
# -------------


def time_steps(depths, width, batch, repeats):
    """Median milliseconds a step of both forms, by number of hidden layers."""
    X = torch.randn(batch, 20, generator=torch.Generator().manual_seed(0))
    y = torch.arange(batch) % 10
    steps = {}
    for depth in depths:
        sizes = (20, *[width] * depth, 10)
        steps["carry", depth] = spectral_step(SpectralNetwork(sizes), X, y, LogLoss(), None)
        steps["published form", depth] = step_of(PublishedNetwork(sizes), X, y, LogLoss())
    medians = interleaved_medians({key: (step, 1) for key, step in steps.items()}, repeats)
    return [
        {
            "hidden layers": depth,
            **{form: 1e3 * medians[form, depth] for form in
               ("carry", "published form")},
        }
        for depth in depths
    ]  # fmt: skip


def draw(counts, times):
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    layers = [entry["layers"] for entry in counts]
    left.plot(layers, [entry["direct"] for entry in counts], "s-", label="direct space")
    left.plot(layers, [entry["spectral"] for entry in counts], "o-", label="spectral space")
    left.set_title("parameters, width 10")
    left.set_xlabel("layers, input and output included")
    depths = [entry["hidden layers"] for entry in times]
    for form, marker in (("published form", "s-"), ("carry", "o-")):
        right.plot(depths, [entry[form] for entry in times], marker, label=form)
    right.set_yscale("log")
    right.set_title("milliseconds a training step")
    right.set_xlabel("hidden layers")
    for axis in (left, right):
        axis.legend(frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
    return figure


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Parameters and time against depth.")
    parser.add_argument("--short", action="store_true", help="few depths, for tests")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    depths, width, repeats = [1, 2, 4, 8, 12, 16], 64, 9
    if options.short:
        depths, width, repeats = [1, 4], 16, 3
    counts = [count(n_layers) for n_layers in range(2, 12)]
    times = time_steps(depths, width, batch=100, repeats=repeats)
    print(f"{'layers':>8}{'spectral':>12}{'direct':>12}")
    for entry in counts:
        print(f"{entry['layers']:>8}{entry['spectral']:>12}{entry['direct']:>12}")
    print(f"{'hidden':>8}{'carry, ms':>12}{'published':>12}{'ratio':>8}")
    for entry in times:
        carry, published = entry["carry"], entry["published form"]
        print(
            f"{entry['hidden layers']:>8}{carry:>12.2f}{published:>12.2f}{published / carry:>8.0f}"
        )
    numbers = {"width": width, "parameters": counts, "times": times}
    save(NAME, draw(counts, times), numbers, options.output)
    return counts, times


if __name__ == "__main__":
    main()
    plt.show()
