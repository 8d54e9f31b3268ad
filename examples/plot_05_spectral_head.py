"""
A spectral head for a convolutional network
===========================================

`SpectralNetwork` is an ordinary torch module. Here it takes the place of the last, linear layer of
a small convolutional network on scikit-learn's digits, in a plain torch loop with a penalty on its
hidden layer. How many of its hidden units does the task need, and does the accuracy gain?

That depends on what the backbone leaves to do. One is trained together with its head, makes the
classes all but linearly separable and needs no hidden unit; the other keeps its random filters, and
leaves more to the head: there some units are needed, and worth their place.

The publication puts such heads on CIFAR-10 and CIFAR-100 with the penalty 1e-4 ‖λ_2‖₁ in its
numbering of layers from 1; in ours that is λ_1, which is what ``PENALTIES["l1"]`` amounts to with
the input eigenvalues at 0. It counts the largest eigenvalues kept; here units are silenced one
after the other, the least important first, and the accuracy on held-out images is drawn against how
many are left. The head starts as a linear map, so without units it still is one.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from results import OUTPUT, save
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

from sk_spectral import SpectralNetwork
from sk_spectral.search.pruning import unit_importances
from sk_spectral.spectral.penalties import PENALTIES

NAME = "plot_05_spectral_head"
FEATURES, HIDDEN, CLASSES = 32, 64, 10

# %%
# The network
# -----------
# The same backbone under both heads.


def with_head(new_head, *, trained, seed):
    torch.manual_seed(seed)  # the same filters for both
    backbone = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.BatchNorm1d(FEATURES, affine=False),
    )  # fmt: skip
    return nn.Sequential(backbone.requires_grad_(trained), new_head())


def images(seed):
    X, y = load_digits(return_X_y=True)
    X = torch.as_tensor(X / 16.0, dtype=torch.float32).reshape(-1, 1, 8, 8)
    split = train_test_split(X, torch.as_tensor(y), test_size=0.3, stratify=y, random_state=seed)
    return split  # X_train, X_test, y_train, y_test


# %%
# A plain loop
# ------------
# The penalty is a function of the head's spectral parameters.


def train(model, X, y, epochs, alpha):
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    groups = [
        {"params": [p for name, p in named if "eigenvalues" not in name]},
        # Eigenvalues may learn faster, as they do in the estimators.
        {"params": [p for name, p in named if "eigenvalues" in name], "lr": 3e-2},
    ]
    optimizer = torch.optim.Adam(groups, lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    head = model[-1]
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(64):
            loss = nn.functional.cross_entropy(model(X[rows]), y[rows])
            if isinstance(head, SpectralNetwork):
                loss = loss + alpha * PENALTIES["l1"](head.eigenvalues, head.eigenvectors)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    return model.eval()


@torch.no_grad()
def accuracy(outputs, y):
    return float((outputs.argmax(dim=1) == y).float().mean())


# %%
# Units against accuracy
# ----------------------


def curve(model, X_train, X_test, y_test):
    """Held-out accuracy with the most important 0, 1, … units of the head alone."""
    head = model[-1]
    with torch.no_grad():
        features, test_features = model[0](X_train), model[0](X_test)
    (importances,) = unit_importances(head, features)
    order = importances.argsort(descending=True)
    scores = []
    for n_units in range(HIDDEN + 1):
        mask = torch.zeros(HIDDEN)
        mask[order[:n_units]] = 1.0
        scores.append(accuracy(head.evaluate(test_features, [mask]), y_test))
    return scores


def run(seed, epochs, trained, alpha=1e-4):
    X_train, X_test, y_train, y_test = images(seed)
    with torch.random.fork_rng():
        linear = with_head(lambda: nn.Linear(FEATURES, CLASSES), trained=trained, seed=seed)
        train(linear, X_train, y_train, epochs, alpha)
        spectral = with_head(
            lambda: SpectralNetwork([FEATURES, HIDDEN, CLASSES]), trained=trained, seed=seed
        )
        train(spectral, X_train, y_train, epochs, alpha)
    scores = curve(spectral, X_train, X_test, y_test)
    with torch.no_grad():
        linear_score = accuracy(linear(X_test), y_test)
    needed = int(np.argmax(np.array(scores) >= scores[-1] - 0.002))
    backbone = "trained" if trained else "random"
    return {
        "backbone": backbone, "seed": seed, "linear head": linear_score,
        "spectral head": scores[-1], "units needed": needed, "accuracy by units": scores,
    }  # fmt: skip


def draw(results):
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", sharey=True)
    for axis, backbone in zip(axes, ("trained", "random"), strict=True):
        of = [r for r in results if r["backbone"] == backbone]
        curves = np.array([r["accuracy by units"] for r in of])
        for one in curves:
            axis.plot(one, color="C0", linewidth=0.8, alpha=0.4)
        axis.plot(curves.mean(axis=0), color="C0", linewidth=2, label="spectral head, mean")
        linear = np.mean([r["linear head"] for r in of])
        axis.axhline(linear, color="C1", linestyle="--", label="linear head, mean")
        axis.set_title(f"{backbone} backbone")
        axis.set_xlabel(f"hidden units of the head, of {HIDDEN},\nthe most important first")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("held-out accuracy")
    axes[0].legend(frameon=False, loc="lower right")
    return figure


def main(arguments=None):
    parser = argparse.ArgumentParser(description="A spectral head for a convolutional network.")
    parser.add_argument("--short", action="store_true", help="two seeds, for tests")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    seeds, epochs = range(2 if options.short else 5), 40
    results = [run(seed, epochs, trained) for trained in (True, False) for seed in seeds]
    print(
        f"{'backbone':<10}{'seed':>6}{'linear head':>14}{'spectral head':>16}{'units needed':>15}"
    )
    for r in results:
        print(
            f"{r['backbone']:<10}{r['seed']:>6}{r['linear head']:>14.4f}"
            f"{r['spectral head']:>16.4f}{r['units needed']:>15}"
        )
    save(NAME, draw(results), {"epochs": epochs, "runs": results}, options.output)
    return results


if __name__ == "__main__":
    main()
    plt.show()
