"""Time, peak memory and score of a fit from 10,000 to 10,000,000 rows of 20 numbers.

Rows are in memory, in a `numpy.memmap` or in Parquet files of 250,000 rows, made once by this
script; y is what 20 hidden units say of them, with noise. Each fit has a process of its own, of
which the memory that it holds after imports is taken off, for arrays their own as well. Rivals take
the same rows: scikit-learn's MLP by `partial_fit` over the same blocks, as often as there are
epochs; trees in memory. With `--processes`, rows a second of one epoch of data-parallel training
instead, of 200 numbers, three layers of 256 and 10 classes, in batches of 1024.

Expected before the first run, of 10,000,000 rows: 1.2 times the time of the MLP, 0.8 GB; twice the
rows, twice the time.
"""

import argparse
import subprocess
import sys
import warnings
from pathlib import Path
from tempfile import mkdtemp
from time import perf_counter

import numpy as np
from memory import resident

N_FEATURES, ROWS_OF_A_FILE, N_TEST, N_EPOCHS = 20, 250_000, 20_000, 2
CONTENDERS = ["in memory", "memmap", "parquet", "MLP partial_fit", "trees", "LightGBM"]
IN_MEMORY = {"in memory", "trees", "LightGBM"}


def made(start, n_rows):
    """Rows from a place on: features and target in float32."""
    rng = np.random.default_rng([7, start])
    X = rng.standard_normal((n_rows, N_FEATURES), dtype=np.float32)
    teacher = np.random.default_rng(0)
    W = teacher.standard_normal((N_FEATURES, 20)) / N_FEATURES**0.5
    y = np.maximum(X @ W, 0) @ teacher.standard_normal(20) + 0.3 * rng.standard_normal(n_rows)
    return X, y.astype(np.float32)


def write(folder, n_rows):
    """The same rows as Parquet files and as maps."""
    import pyarrow as pa
    from pyarrow import parquet

    (folder / "parquet").mkdir(parents=True)
    names = [f"x{j}" for j in range(N_FEATURES)]
    X_map = np.memmap(folder / "X", dtype=np.float32, mode="w+", shape=(n_rows, N_FEATURES))
    y_map = np.memmap(folder / "y", dtype=np.float32, mode="w+", shape=(n_rows,))
    for start in range(0, n_rows, ROWS_OF_A_FILE):
        X, y = made(start, min(ROWS_OF_A_FILE, n_rows - start))
        X_map[start : start + len(X)], y_map[start : start + len(X)] = X, y
        table = pa.table([*X.T, y], names=[*names, "y"])
        parquet.write_table(table, folder / "parquet" / f"{start:09d}.parquet", compression=None)
    X_map.flush()
    y_map.flush()


def rows_of(name, folder, n_rows):
    """What `fit` is given."""
    if name in ("parquet", "MLP partial_fit"):
        return str(folder / "parquet"), "y"
    X = np.memmap(folder / "X", dtype=np.float32, mode="r", shape=(n_rows, N_FEATURES))
    y = np.memmap(folder / "y", dtype=np.float32, mode="r", shape=(n_rows,))
    return (np.array(X), np.array(y)) if name in IN_MEMORY else (X, np.array(y))


def contender_of(name):
    if name == "trees":
        from sklearn.ensemble import HistGradientBoostingRegressor

        return HistGradientBoostingRegressor(random_state=0)
    if name == "LightGBM":
        from lightgbm import LGBMRegressor

        return LGBMRegressor(random_state=0, verbose=-1)
    if name == "MLP partial_fit":
        from sklearn.neural_network import MLPRegressor

        return MLPRegressor(random_state=0)
    from sk_spectral import SpectralNASRegressor

    return SpectralNASRegressor(max_iter=N_EPOCHS, random_state=0)


def fitted(name, model, X, y):
    if name != "MLP partial_fit":
        return model.fit(X, y)
    from pyarrow import dataset

    for _ in range(N_EPOCHS):
        for batch in dataset.dataset(X).to_batches(batch_size=65_536):
            frame = batch.to_pandas()
            model.partial_fit(frame.drop(columns="y").to_numpy(), frame["y"].to_numpy())
    return model


def measure(name, folder, n_rows):
    """Seconds, bytes that the fit adds at its peak, score."""
    model = contender_of(name)
    X, y = made(10**9, 1000)
    fitted_first = contender_of(name)
    fitted_first.fit(X, y)  # what is imported at first use
    X, y = rows_of(name, folder, n_rows)
    with open("/proc/self/clear_refs", "w") as reset:
        reset.write("5")  # the peak counts from here on
    before, start = resident("VmRSS"), perf_counter()
    fitted(name, model, X, y)
    seconds, added = perf_counter() - start, resident("VmHWM") - before
    X_test, y_test = made(10**10, N_TEST)
    if name == "parquet":
        import pandas as pd

        X_test = pd.DataFrame(X_test, columns=model.feature_names_in_)
    return seconds, added, model.score(X_test, y_test)


def epoch_of_a_process(rank, n_processes, address, batch_size):
    """Rows a second of this process and all others, and a digest of the parameters."""
    from hashlib import blake2b

    import torch
    from torch import distributed

    from sk_spectral import SpectralNASClassifier

    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=n_processes)
    rng = np.random.default_rng(rank)
    X = rng.standard_normal((100_000 // n_processes, 200), dtype=np.float32)
    W = np.random.default_rng(0).standard_normal((200, 10))
    y = np.argmax(np.abs(X @ W), axis=1)
    model = SpectralNASClassifier(
        (256, 256, 256), n_knots=0, batch_size=batch_size, max_iter=5, prune_tol=None,
        early_stopping=False, random_state=0,
    )  # fmt: skip
    model.fit(X, y)
    seconds = np.median(model.net_.history[:, "dur"])
    state = [values.detach().numpy() for values in model.network_.parameters()]
    digest = blake2b(b"".join(values.tobytes() for values in state), digest_size=4).hexdigest()
    print(f"{100_000 / seconds:.0f} {digest}", flush=True)
    distributed.destroy_process_group()


def of_processes(numbers):
    print("processes, rows of a batch, rows a second, in times those of one", flush=True)
    alone = None
    for n_processes, batch_size in [
        (n, size) for n in numbers for size in sorted({1024, 1024 * n})
    ]:
        address = f"file://{mkdtemp()}/meeting"
        command = [sys.executable, __file__, "--address", address, "--of", str(n_processes)]
        command += ["--batch", str(batch_size)]
        running = [
            subprocess.Popen([*command, "--rank", str(rank)], stdout=subprocess.PIPE, text=True)
            for rank in range(n_processes)
        ]
        told = [process.communicate()[0].split() for process in running]
        rate = float(told[0][0])
        alone = alone or rate
        same = "the same" if len({digest for _, digest in told}) == 1 else "not the same"
        print(
            f"{n_processes:>3}{batch_size:>8}{rate:>12.0f}{rate / alone:>8.2f} x   "
            f"{same} parameters", flush=True,
        )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10**4, 10**5, 10**6, 10**7])
    parser.add_argument("--contenders", nargs="+", default=CONTENDERS, choices=CONTENDERS)
    parser.add_argument("--processes", type=int, nargs="+")
    for name in ("--only", "--folder", "--rank", "--of", "--batch", "--address"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.rank is not None:
        given = int(arguments.rank), int(arguments.of), arguments.address, int(arguments.batch)
        return epoch_of_a_process(*given)
    if arguments.processes:
        return of_processes(arguments.processes)
    if arguments.only:
        found = measure(arguments.only, Path(arguments.folder), arguments.rows[0])
        print(f"{found[0]:>10.1f} s{found[1] / 1e6:>8.0f} MB{found[2]:>10.4f}")
        return None
    print(f"{'rows':>9}  {'':<17}{'time':>12}{'memory':>11}{'score':>10}", flush=True)
    for n_rows in arguments.rows:
        folder = Path(mkdtemp())
        write(folder, n_rows)
        for name in arguments.contenders:
            command = [sys.executable, __file__, "--only", name, "--folder", str(folder)]
            told = subprocess.run(
                [*command, "--rows", str(n_rows)], capture_output=True, text=True, check=True
            ).stdout
            print(f"{n_rows:>9}  {name:<17}{told.rstrip()}", flush=True)
        subprocess.run(["rm", "-r", str(folder)], check=True)
    return None


if __name__ == "__main__":
    main()
