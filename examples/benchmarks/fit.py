"""Time of whole fits, interleaved in one run: same shape, rows and epochs, no early stopping.

Rivals: scikit-learn's MLP, and a plain skorch net of a torch MLP with its default loader. Ours with
default settings but for the number of epochs, and without the pieces of numbers, as the shape is to
be that of the rivals: penalty, scaling, pruning and the linear rival included; and without a
penalty and pruning. Prints medians in seconds and the ratio to scikit-learn's MLP.

Expected before the first run: about the ratio of a step, and a constant for pruning.
"""

import argparse
import warnings
from time import perf_counter

import numpy as np
import torch
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier, NeuralNetRegressor
from step import mlp

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor

CASES = [
    # name, features, hidden, outputs, batch, rows
    ("2 -> 300 -> 1", 2, (300,), 1, 100, 10_000),
    ("65 -> 128x3 -> 10", 65, (128, 128, 128), 10, 128, 6_400),
]


def data(n_features, n_outputs, n_rows):
    if n_outputs == 1:
        X, y = make_regression(n_rows, n_features, random_state=0)
        return StandardScaler().fit_transform(X), (y - y.mean()) / y.std()
    X, y = make_classification(
        n_rows, n_features, n_informative=20, n_classes=n_outputs, random_state=0
    )
    return StandardScaler().fit_transform(X), y


def fits(n_features, hidden, n_outputs, batch, n_rows, epochs, device):
    """A function that fits, by contender."""
    X, y = data(n_features, n_outputs, n_rows)
    settings = {"hidden_layer_sizes": hidden, "batch_size": batch, "max_iter": epochs}
    regression = n_outputs == 1
    theirs = (MLPRegressor if regression else MLPClassifier)(
        **settings, tol=0.0, n_iter_no_change=10**6, random_state=0
    )
    ours = (SpectralNASRegressor if regression else SpectralNASClassifier)(
        **settings, n_knots=0, early_stopping=False, tol=0.0, n_iter_no_change=10**6,
        random_state=0, device=device,
    )  # fmt: skip
    bare = clone(ours).set_params(penalty=None, prune_tol=None)
    plain = (NeuralNetRegressor if regression else NeuralNetClassifier)(
        mlp((n_features, *hidden, n_outputs)),
        criterion=torch.nn.MSELoss if regression else torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=batch,
        max_epochs=epochs,
        train_split=None,
        verbose=0,
        device=device,
    )
    X32, y32 = X.astype(np.float32), y.astype(np.float32)[:, None] if regression else y
    return {
        "scikit-learn MLP": lambda: theirs.fit(X, y),
        "spectral": lambda: ours.fit(X, y),
        "no penalty": lambda: bare.fit(X, y),
        "skorch MLP": lambda: plain.fit(X32, y32),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # no contender converges in so few epochs
    names = ["scikit-learn MLP", "spectral", "no penalty", "skorch MLP"]
    print(f"{'shape':<20}{'rows':>7}{'epochs':>8}" + "".join(f"{name:>20}" for name in names))
    for name, *case in CASES:
        contenders = fits(*case, arguments.epochs, arguments.device)
        times = {contender: [] for contender in contenders}
        for _ in range(arguments.repeats):
            for contender, fit in contenders.items():
                start = perf_counter()
                fit()
                times[contender].append(perf_counter() - start)
        medians = {contender: float(np.median(values)) for contender, values in times.items()}
        line = f"{name:<20}{case[-1]:>7}{arguments.epochs:>8}"
        for contender in names:
            ratio = medians[contender] / medians[names[0]]
            line += f"{f'{medians[contender]:.2f} s ({ratio:.2f})':>20}"
        print(line)


if __name__ == "__main__":
    main()
