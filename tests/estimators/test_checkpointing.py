"""Fits that are killed go on, and give the numbers that they would have given."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.training import checkpoint as module

RNG = np.random.RandomState(0)
X = RNG.randn(150, 3)
Y = np.abs(X[:, 0]) + X[:, 1]


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch):
    monkeypatch.setattr(module, "_SECONDS", 0.0)


class Killed(BaseException):
    """As a process is."""


def killed(monkeypatch, model, n_kept, *given, **kwargs):
    """Fit until so many states were kept."""
    written, left = module.KeptTraining.keep, [n_kept]

    def keep(self, state, **kept):
        written(self, state, **kept)
        left[0] -= 1
        if not left[0]:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(module.KeptTraining, "keep", keep)
        with pytest.raises(Killed):
            model.fit(*given, **kwargs)


def model_of(path, kind=SpectralNASRegressor, **parameters):
    given = {"random_state": 0, "max_iter": 12, **parameters}
    return kind((8,), checkpoint=path, **given)


@pytest.mark.parametrize("n_kept", [1, 8, 20])
def test_a_fit_goes_on(n_kept, tmp_path, monkeypatch):
    path = tmp_path / "c"
    whole = model_of(None).fit(X, Y)
    killed(monkeypatch, model_of(path), n_kept, X, Y)
    assert path.exists()
    again = model_of(path).fit(X, Y)
    np.testing.assert_array_equal(again.predict(X), whole.predict(X))
    assert again.loss_curve_ == whole.loss_curve_
    assert not path.exists()


def test_what_was_drawn_is_drawn_again(tmp_path, monkeypatch):
    path = tmp_path / "c"
    killed(monkeypatch, model_of(path, random_state=None), 10, X, Y)
    entropy = module.Checkpoint(path).entropy
    drawn = []
    begin = module.Checkpoint.begin
    monkeypatch.setattr(
        module.Checkpoint, "begin", lambda self, of, e: (drawn.append(e), begin(self, of, e))[1]
    )
    model_of(path, random_state=None).fit(X, Y)
    assert drawn == [entropy]


@pytest.mark.parametrize(
    ("parameters", "rows", "named"),
    [
        ({"alpha": 0.1}, (X, Y), "another alpha"),
        ({"random_state": 1}, (X, Y), "another random_state"),
        ({}, (X[:-1], Y[:-1]), "another X, y or sample_weight"),
        ({}, (X, Y + 1), "another X, y or sample_weight"),
        ({}, (X, Y, np.arange(1.0, 151)), "another X, y or sample_weight"),
        ({}, (csr_matrix(X), Y), "another X, y or sample_weight"),
    ],
)
def test_another_fit_is_refused(parameters, rows, named, tmp_path, monkeypatch):
    killed(monkeypatch, model_of(tmp_path / "c"), 3, X, Y)
    model = model_of(tmp_path / "c", **parameters)
    with pytest.raises(ValueError, match=named):
        model.fit(*rows)
    assert not hasattr(model, "network_")
    assert (tmp_path / "c").exists()


def test_verbose_and_callbacks_may_differ(tmp_path, monkeypatch, capsys):
    killed(monkeypatch, model_of(tmp_path / "c"), 3, X, Y)
    model_of(str(tmp_path / "c"), verbose=1, callbacks=[]).fit(X, Y)
    assert "fold" in capsys.readouterr().out


def test_classes_labels_sparse_rows_and_validation_rows(tmp_path, monkeypatch):
    path = tmp_path / "c"
    of_class, of_labels = (Y > 0.5).astype(int), np.column_stack([Y > 0.5, X[:, 2] > 0])
    for y, rows in ((of_class, X), (of_labels.astype(int), X), (of_class, csr_matrix(X))):
        asked = {"X_val": rows[:40], "y_val": y[:40]}
        whole = model_of(None, SpectralNASClassifier).fit(rows, y, **asked)
        model = model_of(path, SpectralNASClassifier)
        killed(monkeypatch, model, 7, rows, y, **asked)
        with pytest.raises(ValueError, match="another X_val, y_val"):
            model.fit(rows, y)
        model.fit(rows, y, **asked)
        np.testing.assert_array_equal(model.predict_proba(rows), whole.predict_proba(rows))


@pytest.mark.parametrize("path", [3, "", b"c", ["c"]])
def test_what_is_no_path(path):
    with pytest.raises(TypeError, match=r"checkpoint=.* must be the path of a file, or None"):
        model_of(path).fit(X, Y)


TWENTY_KILLS = """
import os, random, signal, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
from sk_spectral import SpectralNASRegressor
from sk_spectral.training import checkpoint as module
module._SECONDS = 0.0
X = np.random.RandomState(0).randn(1000, 5)
y = np.abs(X[:, 0]) * X[:, 1] + X[:, 2]
def fit(path):
    return SpectralNASRegressor((16, 16), random_state=0, max_iter=60, checkpoint=path).fit(X, y)
start = time.monotonic()
whole, took = fit(None), time.monotonic() - start
drawn, n_killed, n_states = random.Random(0), 0, set()
while n_killed < 20:
    child = os.fork()
    if not child:
        fit(sys.argv[1])
        os._exit(0)
    time.sleep(drawn.uniform(0.1, 0.4) * took)
    os.kill(child, signal.SIGKILL)
    n_killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    if os.path.exists(sys.argv[1]):
        kept = module.Checkpoint(sys.argv[1])._kept["trainings"]
        n_states.add((len(kept), len(kept[-1]["history"]) if kept and kept[-1] else 0))
last = fit(sys.argv[1])
print(n_killed, len(n_states) > 3, np.array_equal(last.predict(X), whole.predict(X)))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="processes are forked")
def test_twenty_of_twenty_kills_are_survived(tmp_path):
    command = [sys.executable, "-c", TWENTY_KILLS, str(tmp_path / "c")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["20", "True", "True"], done.stderr
