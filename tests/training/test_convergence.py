"""Where max_iter cuts a training off, one warning says so."""

import warnings

import numpy as np
import pytest
from configurations import SOLVERS
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor

X = np.random.RandomState(0).randn(400, 4)
Y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]


def warnings_of(call):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        call()
    return [w for w in told if issubclass(w.category, ConvergenceWarning)]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("early_stopping", ["auto", False])
@pytest.mark.parametrize("max_iter", [1, 3])
def test_a_training_that_is_cut_off_gives_one_warning(solver, early_stopping, max_iter):
    model = SpectralNASRegressor(
        (16,), solver=solver, early_stopping=early_stopping, max_iter=max_iter, random_state=0
    )
    (told,) = warnings_of(lambda: model.fit(X, Y))
    assert f"max_iter={max_iter} ended the training" in str(told.message)
    assert "Raise max_iter" in str(told.message)
    assert told.filename == __file__


@pytest.mark.parametrize("joined", [True, False])
def test_an_additive_model_that_says_all_gives_none(joined):
    rng = np.random.RandomState(0)
    rows, noise = rng.normal(size=(300, 4)), 0.3 * rng.normal(size=300)
    y = 2.0 * np.abs(rows[:, 0]) + rows[:, 1] * (rows[:, 2] if joined else 1.0) + noise
    model = SpectralNASRegressor((8,), max_iter=2, random_state=0)
    assert len(warnings_of(lambda: model.fit(rows, y))) == joined
    assert model.topology_.is_additive
    assert not model.topology_.is_linear


def test_partial_fit_gives_none():
    model = SpectralNASRegressor((16,), max_iter=1, random_state=0)
    assert not warnings_of(lambda: model.partial_fit(X, Y).partial_fit(X, Y))


@pytest.mark.parametrize(
    ("cls", "load"),
    [(SpectralNASClassifier, load_iris), (SpectralNASRegressor, load_diabetes)],
)
def test_default_fits_of_ordinary_data_give_none(cls, load):
    model = cls(random_state=0)
    assert not warnings_of(lambda: model.fit(*load(return_X_y=True)))


def test_a_stopping_rule_of_the_users_is_no_cut():
    from skorch.callbacks import EarlyStopping

    rule = EarlyStopping("train_loss", patience=1, threshold=10.0, threshold_mode="abs")
    model = SpectralNASRegressor((16,), max_iter=2, callbacks=[rule], random_state=0)
    assert not warnings_of(lambda: model.fit(X, Y))
    assert model.net_.stopped_


def test_a_loss_that_fell_no_more_gives_none():
    model = SpectralNASRegressor((4,), max_iter=8, learning_rate_init=1e-12, weight_decay=0.0)
    assert not warnings_of(lambda: model.fit(X, Y))
