"""scikit-learn's callbacks are told of every training of a search, through whatever holds it."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.estimators import callback_support

callback = pytest.importorskip("sklearn.callback")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = np.abs(X[:, 0] + X[:, 1]) + 0.05 * RNG.normal(size=300)


def search(**settings):
    return SpectralNASRegressor((8,), **({"max_iter": 4, "random_state": 0} | settings))


class Watching:
    """Writes down tasks as they end, and may ask for an end."""

    def __init__(self, last=10**9):
        self.begun, self.told, self.scores, self.last = [], [], [], last
        self.torn_down = 0

    def setup(self, estimator, context):
        self.begun.append(context.estimator_name)

    def teardown(self, estimator, context):
        self.torn_down += 1

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(context.task_name)

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.told.append(context.task_name)
        if fitted_estimator is not None:
            self.scores.append(fitted_estimator.score(X, y))
        return context.task_name == "epoch" and context.task_id + 1 >= self.last


def test_folds_trainings_epochs_and_pruning_are_tasks():
    watching = Watching()
    fitted = search(max_iter=100).set_callbacks(watching).fit(X, Y)
    assert fitted.topology_.verdict == "network"
    assert watching.begun[:2] == ["SpectralNASRegressor", "fit"]
    assert {"fold", "training", "pruning", "epoch"} <= set(watching.begun)
    assert watching.told[-1] == "fit"
    assert sorted(watching.begun[1:]) == sorted(watching.told)
    assert watching.torn_down == 1
    assert watching.scores[-1] == fitted.score(X, Y)
    assert max(watching.scores) > 0.3
    alone = search(max_iter=100).fit(X, Y)
    np.testing.assert_array_equal(fitted.predict(X), alone.predict(X))


def test_a_callback_may_end_each_training():
    watching = Watching(last=2)
    search(max_iter=50).set_callbacks(watching).fit(X, Y)
    n_epochs = watching.told.count("epoch")
    n_trainings = sum(watching.told.count(t) for t in ("fold", "training", "more weight decay"))
    assert n_epochs <= 2 * (n_trainings + watching.told.count("pruning"))


def test_scores_are_monitored_through_pipelines_and_searches():
    monitor = callback.ScoringMonitor(scoring="r2")
    pipeline = make_pipeline(StandardScaler(), search().set_callbacks(monitor))
    grid = GridSearchCV(pipeline, {"spectralnasregressor__alpha": [0.0, 1e-2]}, cv=2)
    grid.fit(X, Y)
    (log,) = [monitor.get_logs()]
    assert "SpectralNASRegressor" in str(log.data)
    classifier = SpectralNASClassifier((4,), max_iter=3, random_state=0)
    monitor = callback.ScoringMonitor(scoring="accuracy")
    classifier.set_callbacks(monitor).fit(X, Y > 1)
    assert len(monitor.get_logs().data) > 3


def test_a_progress_bar_shows_what_is_done(capsys):
    pytest.importorskip("rich")
    search().set_callbacks(callback.ProgressBar()).fit(X, Y)
    shown = capsys.readouterr().out
    assert "SpectralNASRegressor - fit" in shown
    assert "fold" in shown
    pipeline = make_pipeline(StandardScaler(), search())
    grid = GridSearchCV(pipeline, {"spectralnasregressor__alpha": [0.0, 1e-2]}, cv=2)
    grid.set_callbacks(callback.ProgressBar(max_propagation_depth=None)).fit(X, Y)
    shown = capsys.readouterr().out
    assert "GridSearchCV" in shown
    assert "SpectralNASRegressor" in shown


def test_an_error_ends_them_and_leaves_the_estimator_as_it_was():
    watching = Watching()
    fitted = search().set_callbacks(watching)
    with pytest.raises(ValueError, match="max_iter"):
        fitted.set_params(max_iter=0).fit(X, Y)
    assert watching.torn_down == 1
    assert not {name for name in vars(fitted) if "callback_fit_ctx" in name}
    assert not hasattr(fitted, "compact_")


def test_copies_keep_them_and_files_hold_no_rows():
    watching = Watching()
    fitted = search().set_callbacks(watching).fit(X, Y)
    assert clone(fitted)._skl_callbacks
    fitted.set_callbacks()
    assert len(pickle.dumps(fitted)) < 20_000
    assert not any("TellObserver" in str(named) for named in fitted.net_.callbacks_)


def test_nobody_is_told_where_nobody_asks(monkeypatch):
    assert callback_support.begun(object(), X, Y, None) is None
    made = []
    monkeypatch.setattr(callback_support, "ContextObserver", lambda *given: made.append(given))
    search().fit(X, Y)
    assert not made
