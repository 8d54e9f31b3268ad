"""What a search finds, and what the fitted estimator says of it."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from configurations import ACTIVATIONS, SOLVERS
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_wine,
    make_classification,
    make_regression,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import LRScheduler

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.datasets import make_linear_to_quadratic, make_teacher_student
from sk_spectral.model.topology import Topology


def linear_data(seed, noise, n_samples=1000, n_features=10):
    return make_regression(
        n_samples, n_features, n_informative=5, noise=noise, bias=3.0, random_state=seed
    )


@pytest.mark.parametrize("noise", [0.0, 20.0])
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 10))]
)
def test_linear_data_needs_no_hidden_unit(seed, noise):
    X, y = linear_data(seed, noise)
    train, test = slice(0, 700), slice(700, None)
    model = SpectralNASRegressor(random_state=seed).fit(X[train], y[train])
    assert model.topology_.is_linear
    assert model.topology_.n_active_units == (0, 0)
    assert model.topology_.gamma_norm == 0.0
    assert model.topology_.n_parameters == X.shape[1] + 1
    linear = LinearRegression().fit(X[train], y[train])
    assert abs(model.score(X[test], y[test]) - linear.score(X[test], y[test])) < 0.002


def test_a_linear_boundary_needs_no_hidden_unit():
    rng = np.random.RandomState(0)
    X = rng.randn(1000, 5)
    y = X @ rng.randn(5) + 0.5 * rng.randn(1000) > 0
    model = SpectralNASClassifier(random_state=0).fit(X[:700], y[:700])
    assert model.topology_.is_linear
    linear = LogisticRegression().fit(X[:700], y[:700])
    assert abs(model.score(X[700:], y[700:]) - linear.score(X[700:], y[700:])) < 0.01


@pytest.mark.slow
def test_linear_to_quadratic():
    models, scores = {}, {}
    for alpha in (0, 1):
        X, y, _ = make_linear_to_quadratic(10_000, alpha=alpha, beta=5, random_state=0)
        X_test, y_test, _ = make_linear_to_quadratic(10_000, alpha=alpha, beta=5, random_state=1)
        models[alpha] = SpectralNASRegressor(random_state=0).fit(X, y)
        scores[alpha] = models[alpha].score(X_test, y_test)
    assert scores[1] > 0.99
    assert models[1].topology_.gamma_norm > 50 * models[0].topology_.gamma_norm


@pytest.mark.slow
def test_a_student_finds_its_teacher():
    X, y, _ = make_teacher_student(60_000, random_state=0)
    model = SpectralNASRegressor(
        (200, 200), alpha=2e-3, weight_decay=0, batch_size=100, max_iter=40, early_stopping=False,
        callbacks=[LRScheduler("CosineAnnealingLR", T_max=40)], random_state=0, eigenvalue_rate=10,
        train_input_eigenvalues=False, average=False, n_knots=0,
    ).fit(X[:30_000], y[:30_000])  # fmt: skip
    error = np.mean((model.predict(X[30_000:]) - y[30_000:]) ** 2)
    assert model.topology_.n_active_layers == 1
    assert 20 <= sum(model.topology_.n_active_units) <= 40
    assert error <= 8.1e-5


REAL_DATA = {
    "breast cancer": (load_breast_cancer, SpectralNASClassifier(random_state=0)),
    "digits": (load_digits, SpectralNASClassifier(random_state=0)),
    "wine": (load_wine, SpectralNASClassifier(random_state=0)),
    "diabetes": (load_diabetes, SpectralNASRegressor(random_state=0)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL_DATA)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_real_data_against_the_linear_model_and_the_mlp(name):
    load, ours = REAL_DATA[name]
    X, y = load(return_X_y=True)
    if name == "diabetes":
        folds = KFold(5, shuffle=True, random_state=0)
        rivals = [LinearRegression(), MLPRegressor(random_state=0)]
        allowed = 0.02
    else:
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        rivals = [LogisticRegression(), MLPClassifier(random_state=0)]
        allowed = 0.01

    def score(estimator):
        return cross_val_score(make_pipeline(StandardScaler(), estimator), X, y, cv=folds).mean()

    assert score(ours) >= max(map(score, rivals)) - allowed


@pytest.fixture
def model(fitted_regressor):
    return fitted_regressor


def test_predictions_are_in_the_units_of_y(model, bent_rows):
    X, y = bent_rows
    assert model.score(X, y) > 0.98
    assert model.predict(X).dtype == np.float64
    assert model.predict(X.astype(np.float32)).shape == y.shape


def test_the_topology_is_that_of_the_network_that_predicts(model, bent_rows):
    X, _ = bent_rows
    units = model.topology_.n_active_units
    assert model.compact_.layer_sizes == (3, *units, 1)
    assert sum(units) > 0
    assert model.topology_.n_parameters == model.compact_.n_parameters
    np.testing.assert_array_equal(model.compact_(X)[:, 0], model.predict(X))


def test_the_compact_network_is_the_pruned_full_one(model, bent_rows):
    X, _ = bent_rows
    scaled = torch.as_tensor((X - model._scaling.input_mean) / model._scaling.input_scale)
    masks = [torch.tensor(mask).double() for mask in model.topology_.active_units]
    with torch.no_grad():
        output = deepcopy(model.network_).double()(scaled, masks).numpy()
    expected = output * model._scaling.output_scale + model._scaling.output_mean
    np.testing.assert_allclose(model.predict(X), expected[:, 0], rtol=1e-8)


def test_predict_needs_no_torch(model, bent_rows, monkeypatch):
    X, _ = bent_rows

    def refuse(*args, **kwargs):
        raise AssertionError("torch was used")

    expected = model.predict(X)
    monkeypatch.setattr(torch.nn.Module, "__call__", refuse)
    monkeypatch.setattr(torch, "as_tensor", refuse)
    np.testing.assert_array_equal(model.predict(X), expected)


def test_prune_tol_none_keeps_every_active_unit(bent_rows):
    X, y = bent_rows
    model = SpectralNASRegressor((8, 8), prune_tol=None, max_iter=5, random_state=0).fit(X, y)
    assert model.topology_.n_active_units == (8, 8)


def test_gamma_is_reported_in_units_of_training(bent_rows):
    X, y = bent_rows
    model = SpectralNASRegressor(
        (16,), standardize=False, prune_tol=None, max_iter=2, random_state=0
    ).fit(X / 100, y / 10_000)
    expected = Topology.from_compact(model.compact_).gamma_norm
    assert model.topology_.gamma_norm == pytest.approx(expected, rel=1e-12)
    standardized = SpectralNASRegressor((16,), prune_tol=None, max_iter=2, random_state=0)
    standardized.fit(X, y)
    in_user_units = Topology.from_compact(standardized.compact_).gamma_norm
    assert standardized.topology_.gamma_norm != pytest.approx(in_user_units, rel=0.1)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_every_combination_of_settings_fits(fit_intercept, standardize, activation, solver):
    X, y = linear_data(0, 1.0, n_samples=120)
    model = SpectralNASRegressor(
        (6, 5), activation, solver=solver, fit_intercept=fit_intercept, standardize=standardize,
        learning_rate_init=1e-4 if solver == "sgd" else 1e-3, max_iter=5, random_state=0,
    ).fit(X, y / y.std())  # fmt: skip
    assert np.isfinite(model.predict(X)).all()
    if not fit_intercept:
        assert model.predict(np.zeros((1, X.shape[1])))[0] == 0.0


def test_no_hidden_layer_is_a_linear_model():
    X, y = linear_data(0, 10.0)
    model = SpectralNASRegressor((), random_state=0).fit(X, y)
    assert model.topology_.layer_sizes == (10, 1)
    assert abs(model.score(X, y) - LinearRegression().fit(X, y).score(X, y)) < 1e-3


@pytest.mark.slow
def test_several_outputs_and_the_shape_of_y():
    X, Y = make_regression(300, 5, n_targets=3, random_state=0)
    model = SpectralNASRegressor((16,), random_state=0)
    assert model.fit(X, Y).predict(X).shape == (300, 3)
    assert model.score(X, Y) > 0.99
    assert model.fit(X, Y[:, :1]).predict(X).shape == (300, 1)
    assert model.fit(X, Y[:, 0]).predict(X).shape == (300,)


@pytest.mark.slow
def test_more_classes_than_hidden_units():
    X, y = load_digits(return_X_y=True)
    model = SpectralNASClassifier((4,), random_state=0).fit(X, y)
    assert model.score(X, y) > 0.8
    assert model.predict_proba(X).shape == (len(X), 10)


def test_sample_weight_moves_the_fit():
    X = np.linspace(-1, 1, 400)[:, None]
    y = np.where(np.arange(400) % 2, 1.0, -1.0) * X[:, 0]
    weight = np.where(np.arange(400) % 2, 10.0, 0.1)
    model = SpectralNASRegressor((8,), random_state=0).fit(X, y, sample_weight=weight)
    assert model.predict([[1.0]])[0] == pytest.approx(9.9 / 10.1, abs=0.05)


def test_class_weight_balanced_equals_the_weights_it_stands_for():
    X, y = make_classification(400, weights=[0.9], flip_y=0.2, random_state=0)
    settings = {"hidden_layer_sizes": (8,), "max_iter": 30, "random_state": 0}
    balanced = SpectralNASClassifier(class_weight="balanced", **settings).fit(X, y)
    weight = len(y) / (2 * np.bincount(y))[y]
    by_hand = SpectralNASClassifier(**settings).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(balanced.predict_proba(X), by_hand.predict_proba(X), rtol=1e-6)
    plain = SpectralNASClassifier(**settings).fit(X, y)
    assert balanced.predict(X).mean() > plain.predict(X).mean()


@pytest.mark.slow
def test_given_validation_rows_are_watched(bent_rows):
    X, y = bent_rows
    model = SpectralNASRegressor((16,), n_knots=0, random_state=0, max_iter=100)
    model.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    error = np.mean((model.predict(X[300:]) - y[300:]) ** 2) / y[:300].var()
    assert model.loss_ == pytest.approx(error, rel=1e-4)
    assert len(model.net_.history[:, "valid_loss"]) == model.n_iter_


def test_loss_curve_and_n_iter(model):
    assert len(model.loss_curve_) == model.n_iter_ <= model.max_iter
    assert min(model.loss_curve_) < 0.1 * model.loss_curve_[0]


def test_a_second_fit_starts_afresh(bent_rows):
    X, y = bent_rows
    settings = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0}
    once = SpectralNASRegressor(**settings).fit(X, y)
    twice = SpectralNASRegressor(**settings).fit(X[:, ::-1] * 3, -y).fit(X, y)
    np.testing.assert_array_equal(once.predict(X), twice.predict(X))


def test_warm_start_goes_on(bent_rows):
    X, y = bent_rows
    model = SpectralNASRegressor(
        (16,), n_knots=0, warm_start=True, prune_tol=None, max_iter=1, learning_rate_init=1e-2,
        random_state=2,
    ).fit(X, y)  # fmt: skip
    first = model.loss_
    scaling = model._scaling
    for _ in range(3):
        model.fit(X, y)
    assert model.loss_ < 0.8 * first
    assert model._scaling is scaling
    richness = model.topology_.gamma_norm
    model.set_params(alpha=1.0, max_iter=100, early_stopping=False).fit(X, y)
    assert model.topology_.gamma_norm < 0.1 * richness


def test_partial_fit_learns_batch_by_batch(bent_rows):
    X, y = bent_rows
    model = SpectralNASRegressor((16,), learning_rate_init=1e-2, random_state=0)
    order = np.random.RandomState(0)
    for _ in range(60):
        batch = order.permutation(len(X))[:300]
        model.partial_fit(X[batch], y[batch])
    assert model.n_iter_ == 60
    assert model.score(X, y) > 0.9
    X, y = load_wine(return_X_y=True)
    classifier = SpectralNASClassifier((8,), learning_rate_init=1e-2, random_state=0)
    for _ in range(60):
        batch = order.permutation(len(X))[:90]
        classifier.partial_fit(X[batch], y[batch], classes=[0, 1, 2])
    assert classifier.score(X, y) > 0.9


def test_warns_where_the_penalty_alone_keeps_it_linear(bent_rows):
    X, y = bent_rows
    model = SpectralNASRegressor((16,), n_knots=0, alpha=30.0, random_state=0)
    with pytest.warns(UserWarning, match=r"alpha=30.0 alone keeps .* linear.*Lower alpha"):
        model.fit(X, y)
    assert model.topology_.is_linear
    linear = np.random.default_rng(0).normal(size=(len(X), 1))
    assert model.fit(X, X[:, 0] + 0.1 * linear[:, 0]).topology_.is_linear  # and no warning


@pytest.mark.slow
def test_warns_where_the_penalty_keeps_some_growth_back():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    y = 3.0 * np.abs(X[:, 0]) + 0.3 * np.sin(4.0 * X[:, 1]) + 0.01 * rng.normal(size=600)
    model = SpectralNASRegressor((32,), n_knots=0, alpha=0.03, random_state=0)
    with pytest.warns(UserWarning, match="alpha=0.03 holds the growth.*Lower alpha") as caught:
        model.fit(X, y)
    assert not model.topology_.is_linear
    assert f"with it {model.loss_:.3g}" in str(caught[0].message)
    model.set_params(alpha=1e-6).fit(X, y)  # and no warning


@pytest.mark.slow
@pytest.mark.parametrize("n_samples", [40, 90, 150])
def test_noise_grows_no_hidden_unit_on_few_rows(n_samples):
    rng = np.random.default_rng(n_samples)
    for seed in range(3):
        X, y = rng.normal(size=(n_samples, 4)), rng.normal(size=n_samples)
        assert SpectralNASRegressor(random_state=seed).fit(X, y).topology_.is_linear
        classes = rng.integers(2, size=n_samples)
        assert SpectralNASClassifier(random_state=seed).fit(X, classes).topology_.is_linear


@pytest.mark.slow
def test_few_rows_are_enough_for_a_strong_bend():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 2))
    model = SpectralNASRegressor(random_state=0).fit(X, np.abs(X[:, 0]))
    assert not model.topology_.is_linear


@pytest.mark.slow
def test_what_is_left_is_refitted_to_all_rows(bent_rows, capsys):
    X, y = bent_rows
    settings = {"n_knots": 0, "random_state": 0, "verbose": 1, "max_iter": 20}
    SpectralNASRegressor((32, 32), **settings).fit(X, y)
    lines = [line for line in capsys.readouterr().out.splitlines() if "refitted" in line]
    assert lines[0].startswith("without hidden layer 1 of 2, refitted: loss ")
    assert any(" hidden units, refitted: loss " in line for line in lines)
