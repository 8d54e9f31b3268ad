"""
From a Pipeline to ONNX
=======================

What the search leaves is a small network, and small is what deployment likes. A Pipeline with the
estimator at its end is converted by skl2onnx, runs in onnxruntime without scikit-learn, torch or
this package, and gives the same answers. Size and latency are shown beside scikit-learn's MLP of
the width that was searched, converted in the same way.

This needs ``pip install onnxruntime skl2onnx``.
"""

import argparse
from pathlib import Path
from time import perf_counter
from warnings import catch_warnings, simplefilter

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
import skl2onnx
from results import OUTPUT, save
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_spectral import SpectralNASRegressor
from sk_spectral.datasets import make_teacher_student
from sk_spectral.export import register_converters

NAME = "plot_07_deploy"

# %%
# Two pipelines
# -------------
# The target is a network with one hidden layer of 10 units; both may use three layers of 64, and
# both read the inputs themselves, without their pieces.


def pipelines(epochs):
    hidden = (64, 64, 64)
    return {
        "scikit-learn's MLP": make_pipeline(
            StandardScaler(),
            MLPRegressor(hidden_layer_sizes=hidden, max_iter=epochs, random_state=0),
        ),
        "spectral": make_pipeline(
            StandardScaler(),
            SpectralNASRegressor(hidden, n_knots=0, max_iter=epochs, random_state=0),
        ),
    }


# %%
# Convert, run, compare
# ---------------------


def latency(call, repeats):
    """Median microseconds."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return 1e6 * float(np.median(times))


def deploy(pipeline, X_test, y_test, folder, name, repeats):
    """Write the model, run it, and say how it does."""
    file = folder / f"{name}.onnx"
    model = skl2onnx.to_onnx(pipeline, X_test[:1])
    file.write_bytes(model.SerializeToString())
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    (answers,) = session.run(None, {given.name: X_test})
    expected = pipeline.predict(X_test)
    one = X_test[:1]
    return {
        "R²": float(pipeline.score(X_test, y_test)),
        "largest difference": float(np.abs(answers.reshape(expected.shape) - expected).max()),
        "kilobytes": file.stat().st_size / 1000,
        "one row in onnxruntime, us": latency(
            lambda: session.run(None, {given.name: one}), repeats
        ),
        f"{len(X_test)} rows in onnxruntime, us": latency(
            lambda: session.run(None, {given.name: X_test}), repeats // 10
        ),
        "one row in scikit-learn, us": latency(lambda: pipeline.predict(one), repeats),
    }


def draw(table):
    quantities = list(next(iter(table.values())))[2:5]
    figure, axes = plt.subplots(1, 3, figsize=(9, 2.8), layout="constrained")
    for axis, quantity in zip(axes, quantities, strict=True):
        bars = axis.bar(list(table), [row[quantity] for row in table.values()], color=["C1", "C0"])
        axis.bar_label(bars, fmt="%.0f", padding=2)
        axis.set_title(quantity)
        axis.margins(y=0.15)
        axis.spines[["top", "right"]].set_visible(False)
    return figure


def main(arguments=None):
    parser = argparse.ArgumentParser(description="From a Pipeline to ONNX.")
    parser.add_argument("--short", action="store_true", help="fewer points, for tests")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    n_samples, epochs, repeats = (3000, 10, 30) if options.short else (20_000, 60, 1000)
    X, y, _ = make_teacher_student(n_samples, 10, random_state=0)
    split = train_test_split(X.astype(np.float32), y, random_state=0)
    X_train, X_test, y_train, y_test = split
    register_converters()
    options.output.mkdir(parents=True, exist_ok=True)
    table = {}
    for name, pipeline in pipelines(epochs).items():
        with catch_warnings():
            simplefilter("ignore", ConvergenceWarning)
            pipeline.fit(X_train, y_train)
        file_name = "mlp" if "MLP" in name else "spectral"
        table[name] = deploy(pipeline, X_test, y_test, options.output, file_name, repeats)
    print(pipeline[-1].topology_.headline())
    for quantity in next(iter(table.values())):
        values = "".join(f"{row[quantity]:>22.4g}" for row in table.values())
        print(f"{quantity:<30}{values}")
    save(NAME, draw(table), table, options.output)
    return table


if __name__ == "__main__":
    main()
    plt.show()
