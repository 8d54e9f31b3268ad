"""Peak memory of a whole fit on a million rows, over the bytes of X, each in a process of its own.

What the process holds before the fit (X, y, the libraries, a first small fit) is taken off: the
number is what a fit adds, as a multiple of X. Rivals: scikit-learn's MLP and a plain skorch net.

Expected before the first run: 1 for the rows in the units of training, and buffers.
"""

import argparse
import subprocess
import sys
import warnings

import numpy as np

CONTENDERS = ["spectral regressor", "spectral classifier", "scikit-learn MLP", "skorch MLP"]


def resident(field):
    """VmRSS or VmHWM of this process in bytes (Linux)."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith(field))
    return 1024 * int(line.split()[1])


def contender_of(name, n_features):
    if name == "scikit-learn MLP":
        from sklearn.neural_network import MLPRegressor

        return MLPRegressor(
            hidden_layer_sizes=(128, 128, 128), batch_size=1000, max_iter=1, early_stopping=True
        )
    if name == "skorch MLP":
        import torch
        from skorch import NeuralNetRegressor
        from step import mlp

        return NeuralNetRegressor(
            mlp((n_features, 128, 128, 128, 1)), batch_size=1000, max_epochs=1, verbose=0,
            optimizer=torch.optim.Adam,
        )  # fmt: skip
    from sk_spectral import SpectralNASClassifier, SpectralNASRegressor

    kind = SpectralNASRegressor if name == "spectral regressor" else SpectralNASClassifier
    return kind((128, 128, 128), n_knots=0, batch_size=1000, max_iter=1)


def measure(name, n_rows, n_features):
    """Bytes that a fit adds at its peak, and the bytes of X."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_features), dtype=np.float32)
    y = X[:, 0] + np.abs(X[:, 1])
    if name == "spectral classifier":
        y = (y > 0.5).astype(np.int64)
    if name == "skorch MLP":
        y = y[:, None]
    contender_of(name, n_features).fit(X[:5000], y[:5000])
    with open("/proc/self/clear_refs", "w") as reset:
        reset.write("5")  # the peak counts from here on
    before = resident("VmRSS")
    contender_of(name, n_features).fit(X, y)
    return resident("VmHWM") - before, X.nbytes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=20)
    parser.add_argument("--only", choices=CONTENDERS, help="measure this one, in this process")
    arguments = parser.parse_args()
    if arguments.only:
        warnings.simplefilter("ignore")
        added, size = measure(arguments.only, arguments.rows, arguments.features)
        print(f"{arguments.only:<22}{added / 1e6:>10.0f} MB{added / size:>8.2f} x X")
        return
    print(
        f"what a fit on {arguments.rows} x {arguments.features} float32 adds at its peak",
        flush=True,
    )
    for name in CONTENDERS:
        command = [sys.executable, __file__, "--only", name]
        command += ["--rows", str(arguments.rows), "--features", str(arguments.features)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
