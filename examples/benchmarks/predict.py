"""Prediction: throughput on many rows and latency of one, interleaved in one run.

Rivals: scikit-learn's MLP of hidden layers (128, 128, 128), and a plain skorch net of the same.
Ours with nothing pruned, and pruned to 30 units. Prints medians and the ratio to scikit-learn's
MLP.

Expected before the first run, from counting multiplications: with nothing pruned every layer reads
all layers before it, 1.6 to 1.9 times the MLP; with 30 units a twentieth of it.
"""

import argparse
import warnings

import numpy as np
import torch
from sklearn.neural_network import MLPRegressor
from skorch import NeuralNetRegressor
from step import interleaved_medians, mlp

from sk_spectral import SpectralNASRegressor
from sk_spectral.search.compaction import compact_network

HIDDEN = (128, 128, 128)


def with_units(model, n_units):
    """The fitted estimator cut down to its first units, evenly over the layers."""
    masks = [np.arange(size) < n_units // len(HIDDEN) for size in HIDDEN]
    model.compact_ = model._scaling.fold_into(compact_network(model.network_, masks))
    return model


def contenders_for(X, y):
    """Fitted models by name; what they have learned does not matter."""
    settings = {"hidden_layer_sizes": HIDDEN, "max_iter": 3, "random_state": 0}
    ours = {"n_knots": 0, "prune_tol": None, "early_stopping": False, **settings}
    plain = NeuralNetRegressor(
        mlp((X.shape[1], *HIDDEN, 1)), optimizer=torch.optim.Adam, max_epochs=1, verbose=0
    )
    full = SpectralNASRegressor(**ours).fit(X, y)
    small = with_units(SpectralNASRegressor(**ours).fit(X, y), 30)
    assert full.topology_.n_active_units == HIDDEN
    return {
        "scikit-learn MLP": MLPRegressor(**settings).fit(X, y),
        "spectral, all units": full,
        "spectral, 30 units": small,
        "skorch MLP": plain.fit(X.astype(np.float32), y.astype(np.float32)[:, None]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--features", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=11)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # three epochs do not converge
    rng = np.random.default_rng(0)
    X = rng.standard_normal((arguments.rows, arguments.features))
    y = np.abs(X[:, 0]) + X[:, 1] * X[:, 2]
    models = contenders_for(X[:2000], y[:2000])
    print(f"{'':<22}" + "".join(f"{name:>28}" for name in models))
    for label, rows, repeats, unit, factor in (
        (f"{arguments.rows} rows", X, arguments.repeats, "ms", 1e3),
        ("one row", X[:1], 100 * arguments.repeats, "us", 1e6),
    ):
        X32 = rows.astype(np.float32)
        calls = {
            name: (lambda model=model, X=X32 if name == "skorch MLP" else rows: model.predict(X), 1)
            for name, model in models.items()
        }
        medians = interleaved_medians(calls, repeats)
        line = f"{label:<22}"
        for name in models:
            ratio = medians[name] / medians["scikit-learn MLP"]
            line += f"{f'{factor * medians[name]:.1f} {unit} ({ratio:.2f})':>28}"
        print(line)


if __name__ == "__main__":
    main()
