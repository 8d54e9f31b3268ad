"""Networks side by side: steps of networks a second, against one by one.

R networks of one shape, each with its own rows and seed, by `train_replicas` ("side by side"), by
the training of the estimators one after the other ("one by one"), and R of scikit-learn's MLP under
joblib on all cores ("scikit-learn"). All take as many steps of the same batches. Prints thousands
of steps of networks a second, medians of interleaved runs, and their ratio to one by one.

Expected before the first run: of the 50 calls of a step of 2 → 300 → 1 three quarters of the time
are calls, so that 64 of them take a quarter of it; of 65 → 64 → 64 → 10 two thirds are. Where all
activations of the R networks leave the cache, arithmetic waits for memory, and half is lost again:
so `train_replicas` takes as many at once as fit, here ten of the first and twenty-four of the
second.
"""

import argparse
import warnings

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.neural_network import MLPClassifier, MLPRegressor
from step import interleaved_medians

from sk_spectral import SpectralNetwork
from sk_spectral.data import TensorDataset
from sk_spectral.training import LogLoss, SquaredError, TrainingConfig, train_replicas
from sk_spectral.training.fit import train

SHAPES = [((2, 300, 1), 100), ((65, 64, 64, 10), 64), ((200, 256, 256, 1), 128)]
_STEPS = 40


def fit_quietly(mlp, X, y):
    """Without a word of the one epoch, which does not converge."""
    warnings.simplefilter("ignore")
    mlp.fit(X, y)


def contenders_for(sizes, batch_size, n_replicas):
    """What to call for each contender; each call takes `_STEPS` steps of every network."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(_STEPS * batch_size, sizes[0])).astype(np.float32)
    classes = sizes[-1] > 1
    y = rng.integers(sizes[-1], size=len(X)) if classes else X[:, 0] ** 2
    tensors = torch.as_tensor(X), torch.as_tensor(y if classes else y[:, None])
    rows, loss = TensorDataset(*tensors), LogLoss() if classes else SquaredError()
    config = TrainingConfig(batch_size=batch_size, max_iter=1)
    seeds = range(n_replicas)
    networks = [
        SpectralNetwork(
            sizes, train_input_eigenvalues=True, generator=torch.Generator().manual_seed(seed)
        )
        for seed in seeds
    ]

    def generators():
        return [torch.Generator().manual_seed(seed) for seed in seeds]

    def one_by_one():
        for network, generator in zip(networks, generators(), strict=True):
            train(network, rows, None, loss, config, generator)

    kind = MLPClassifier if classes else MLPRegressor
    theirs = [
        kind(hidden_layer_sizes=sizes[1:-1], batch_size=batch_size, max_iter=1, random_state=seed)
        for seed in seeds
    ]
    return {
        "one by one": one_by_one,
        "side by side": lambda: train_replicas(networks, rows, loss, config, generators()),
        "scikit-learn": lambda: Parallel(-1)(delayed(fit_quietly)(mlp, X, y) for mlp in theirs),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicas", nargs="+", type=int, default=[1, 4, 6, 16, 64, 256])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'thousands of steps a second':<34}{'one by one':>12}{'side by side':>18}"
          f"{'scikit-learn':>18}")  # fmt: skip
    for sizes, batch_size in SHAPES:
        for n_replicas in options.replicas:
            calls = contenders_for(sizes, batch_size, n_replicas)
            times = interleaved_medians(
                {name: (call, 1) for name, call in calls.items()}, options.repeats
            )
            speed = {name: n_replicas * _STEPS / time / 1e3 for name, time in times.items()}
            shape = f"{' → '.join(map(str, sizes))}, {batch_size}, R = {n_replicas}"
            cells = "".join(
                f"{speed[name]:>11.2f} ({speed[name] / speed['one by one']:.2f})"
                for name in ("side by side", "scikit-learn")
            )
            print(f"{shape:<34}{speed['one by one']:>12.2f}{cells}", flush=True)


if __name__ == "__main__":
    main()
