"""Searches on joblib's backends: the same numbers wherever fits are made, and no thread storm."""

import subprocess
import sys

import pytest

SEARCHES = """
import os, sys, warnings
from contextlib import nullcontext
import joblib
import numpy as np
import torch
from skorch.callbacks import Callback
from sklearn.model_selection import GridSearchCV
from sk_spectral import SpectralNASRegressor, SpectralNASRegressorCV
from sk_spectral.inspection import topology_sample

warnings.simplefilter("ignore")
rng = np.random.RandomState(0)
X = rng.randn(200, 3)
y = np.abs(X[:, 0]) + X[:, 1] + 0.1 * rng.randn(200)


class Threads(Callback):
    def on_epoch_begin(self, net, **kwargs):
        net.history.record("threads", torch.get_num_threads())


def threads_of_a_fit():
    model = SpectralNASRegressor((8,), max_iter=3, callbacks=[Threads()], random_state=0)
    return max(model.fit(X, y).net_.history[:, "threads"])


def found(n_jobs):
    model = SpectralNASRegressor((8,), max_iter=5, random_state=0)
    grid = GridSearchCV(model, {"alpha": [0.0, 0.1]}, cv=3, n_jobs=n_jobs, error_score="raise")
    grid.fit(X, y)
    own = SpectralNASRegressorCV(
        (8,), max_iter=5, alphas=[0.0, 0.1], cv=3, n_jobs=n_jobs, random_state=0
    ).fit(X, y)
    sample = topology_sample(model, X, y, n_repeats=3, n_jobs=n_jobs, random_state=0)
    return np.concatenate([
        grid.cv_results_["mean_test_score"], grid.predict(X),
        own.cv_results_["mean_test_score"], own.predict(X), sample.gamma_norms,
    ])


alone = found(1)
backend = sys.argv[1]
closing = nullcontext()
if backend == "dask":
    from distributed import Client, LocalCluster

    closing = Client(LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None))
elif backend == "ray":
    import ray
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False)
    register_ray()
with closing, joblib.parallel_config(backend, n_jobs=2):
    together = found(2)
    threads = joblib.Parallel()(joblib.delayed(threads_of_a_fit)() for _ in range(2))
print("\\nfound", np.array_equal(alone, together), 2 * max(threads) <= max(os.cpu_count(), 2))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "threading", "dask", "ray"])
def test_searches_are_the_same_on_every_backend(backend):
    if backend in ("dask", "ray"):
        pytest.importorskip({"dask": "distributed"}.get(backend, backend))
    command = [sys.executable, "-W", "ignore", "-c", SEARCHES, backend]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    # ray's own processes print, too.
    assert "found True True" in done.stdout.splitlines(), done.stdout + done.stderr[-3000:]
