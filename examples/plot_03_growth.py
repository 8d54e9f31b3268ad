"""
A training run, filmed
======================

The search starts from a linear perceptron: every eigenvalue is 0 but the output's, so no hidden
unit is active. Which units and which blocks come to life then? Two targets are learned by the same
student with three hidden layers: the outputs of a teacher with one hidden layer of 10 units, and of
one with two.

The film takes a frame after a few steps of the optimiser at first, and after whole epochs later. In
each frame the network is pruned as it would be at the end of a fit, so that what is shown is what
the network would need if it stopped there. The publication judges a unit by ``|λ|``; here it is
judged by its blocks, for its eigenvalue alone does not tell. What is pruned in one frame trains on
and may come back in the next: growth runs from the output backwards, overshoots, and is taken back
by the penalty.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from results import OUTPUT, save

from sk_spectral import SpectralNASRegressor
from sk_spectral.datasets import make_teacher_student

NAME = "plot_03_growth"

# %%
# The film
# --------
# ``partial_fit`` trains on the rows that it is given, once, and prunes; the topology is read after
# each call.


def film(n_hidden_layers, hidden, n_samples, epochs):
    """Active units and block norms by frame, and the share of variance explained."""
    X, y, _ = make_teacher_student(n_samples, 10, n_hidden_layers, random_state=0)
    batch = 100
    pieces = [2, 2, 4, 8, 16, 32, 64]  # batches
    pieces = [n for n in pieces if n * batch <= n_samples] + [n_samples // batch] * epochs
    model = SpectralNASRegressor(
        hidden, n_knots=0, alpha=1e-3, weight_decay=0, batch_size=batch, random_state=0
    )
    frames, start, step = [], 0, 0
    for n_batches in pieces:
        rows = np.arange(start, start + n_batches * batch) % n_samples
        start, step = start + len(rows), step + n_batches
        model.partial_fit(X[rows], y[rows])
        topology = model.topology_
        frames.append(
            {
                "step": step,
                "active units": [mask.tolist() for mask in topology.active_units],
                "block norms": topology.block_norms.tolist(),
                "gamma_norm": topology.gamma_norm,
                "score": model.score(X[:5000], y[:5000]),
            }
        )
    return frames


# %%
# The picture
# -----------
# Above, a row for each unit, the input at the bottom; below, the norms of all blocks.


def draw(films):
    figure, axes = plt.subplots(
        2, len(films), figsize=(9, 6.4), layout="constrained", sharex=True, squeeze=False,
        height_ratios=[3, 2],
    )  # fmt: skip
    entries = {}
    for (title, frames), (above, below) in zip(films.items(), axes.T, strict=True):
        numbers = np.arange(1, len(frames) + 1)
        masks = np.array([np.concatenate(frame["active units"]) for frame in frames], dtype=int)
        sizes = [len(mask) for mask in frames[0]["active units"]]
        layer = np.repeat(np.arange(1, len(sizes) + 1), sizes)
        colours = plt.get_cmap("viridis", len(sizes) + 2)
        image = np.ones((masks.shape[1], len(frames), 3))
        for i in range(masks.shape[1]):
            image[i, masks[:, i] > 0] = colours(layer[i])[:3]
        above.imshow(
            image, aspect="auto", origin="lower", interpolation="nearest",
            extent=(0.5, len(frames) + 0.5, 0, masks.shape[1]),
        )  # fmt: skip
        edges = np.cumsum([0, *sizes])
        for edge in edges[1:-1]:
            above.axhline(edge, color="0.6", linewidth=0.8)
        last = [sum(mask) for mask in frames[-1]["active units"]]
        above.set_yticks(
            (edges[:-1] + edges[1:]) / 2,
            [
                f"layer {i + 1}\n{n} of {size}"
                for i, (n, size) in enumerate(zip(last, sizes, strict=True))
            ],
        )
        above.set_title(f"{title}\nR² at the end {frames[-1]['score']:.4f}")

        norms = np.array([frame["block norms"] for frame in frames])
        n_layers = norms.shape[1]
        for i in range(1, n_layers):
            for j in range(i):
                if norms[:, i, j].max() > 0:
                    skip = i - j > 1
                    name = "output" if i == n_layers - 1 else f"layer {i}"
                    source = "input" if j == 0 else f"layer {j}"
                    below.plot(
                        numbers, norms[:, i, j], linestyle="--" if skip else "-",
                        color=colours(min(i, len(sizes) + 1)), alpha=0.5 + 0.5 * (not skip),
                        label=f"{source} → {name}",
                    )  # fmt: skip
        later = range(6, len(frames), max(1, len(frames) // 5))
        below.set_xticks([1, *(i + 1 for i in later)], [frames[i]["step"] for i in (0, *later)])
        below.set_xlabel("steps of the optimiser, by frame")
        below.set_ylabel("norm of the block")
        entries |= dict(zip(*reversed(below.get_legend_handles_labels()), strict=True))
        below.spines[["top", "right"]].set_visible(False)
    figure.legend(
        entries.values(), entries.keys(), loc="outside lower center", ncols=5, frameon=False,
        fontsize=8,
    )  # fmt: skip
    return figure


def main(arguments=None):
    parser = argparse.ArgumentParser(description="A training run, filmed.")
    parser.add_argument("--short", action="store_true", help="fewer points, for tests")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    hidden, n_samples, epochs = (50, 50, 50), 20_000, 60
    if options.short:
        hidden, n_samples, epochs = (20, 20, 20), 2000, 8
    films = {
        "teacher with one hidden layer": film(1, hidden, n_samples, epochs),
        "teacher with two hidden layers": film(2, hidden, n_samples, epochs),
    }
    for title, frames in films.items():
        for frame in [*frames[:8:2], *frames[8::10], frames[-1]]:
            units = [sum(mask) for mask in frame["active units"]]
            print(f"{title}, step {frame['step']:>5}: {units}, R² {frame['score']:.4f}")
    save(NAME, draw(films), films, options.output)
    return films


if __name__ == "__main__":
    main()
    plt.show()
