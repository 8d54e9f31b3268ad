"""Scores by alpha, their table, and the choice by it."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_friedman1
from sklearn.metrics import get_scorer, log_loss, mean_squared_error

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor, spectral_path
from sk_spectral.estimators.cv_results import chosen, cv_results_of, minus_loss, scores_of_fold

X, Y = make_friedman1(200, n_features=5, noise=0.3, random_state=0)
TRAIN, TEST = np.arange(150), np.arange(150, 200)
ALPHAS = [10.0, 1e-3]


def search(cls=SpectralNASRegressor):
    return cls((8,), max_iter=15, random_state=0)


def scores(estimator, X, y, weight=None, scorer=None, given=None, classes=None):
    fold = TRAIN, TEST
    return scores_of_fold(estimator, X, y, weight, fold, ALPHAS, scorer, given or {}, classes)


def test_networks_of_the_path_are_scored_on_rows_held_out():
    weight = np.linspace(0.5, 1.5, len(Y))
    found = scores(search(), X, Y, weight, given={"sample_weight": weight})
    path = spectral_path(
        X[TRAIN], Y[TRAIN], alphas=ALPHAS, estimator=search(), sample_weight=weight[TRAIN]
    )
    points = [point for point in path.points if point.alpha is not None]
    expected = [
        -mean_squared_error(Y[TEST], p.compact(X[TEST])[:, 0], sample_weight=weight[TEST])
        for p in points
    ]
    np.testing.assert_allclose(found["test_score"], expected)
    assert found["n_units"] == [point.n_units for point in points]
    assert found["n_parameters"] == [point.n_parameters for point in points]
    assert found["gamma_norm"] == [point.topology.gamma_norm for point in points]


def test_a_scorer_is_asked_in_place_of_the_loss():
    by_loss, by_r2 = (scores(search(), X, Y, scorer=s) for s in (None, get_scorer("r2")))
    np.testing.assert_allclose(
        by_r2["test_score"], 1 + np.array(by_loss["test_score"]) / Y[TEST].var()
    )


def test_a_class_that_a_fold_lacks_is_known_to_its_score():
    flowers, names = load_iris(return_X_y=True)
    rows = np.r_[0:150, 0:25, 50:75]  # those held out are of two classes
    found = scores(search(SpectralNASClassifier), flowers[rows], names[rows], classes=np.arange(3))
    assert np.isfinite(found["test_score"]).all()
    classifier = search(SpectralNASClassifier).fit(flowers, names)
    some = names < 2
    assert minus_loss(classifier, flowers[some], names[some]) == pytest.approx(
        -log_loss(names[some], classifier.predict_proba(flowers[some]), labels=[0, 1, 2])
    )


FOLDS = [
    {"test_score": s, "n_units": [0.0, 3.0, 9.0], "n_parameters": [2.0, 5.0, 20.0],
     "gamma_norm": [0.0, 1.0, 2.0]}
    for s in ([-5.0, -2.1, -1.0], [-5.0, -2.0, -2.0], [-5.0, -2.2, -3.0])
]  # fmt: skip


def test_the_table_has_a_row_for_each_alpha():
    table = cv_results_of([1.0, 0.1, 0.0], FOLDS)
    lengths = {name: len(column) for name, column in table.items()}
    assert set(lengths.values()) == {3}
    assert list(lengths)[:5] == [
        "param_alpha", "params", "split0_test_score", "split1_test_score", "split2_test_score",
    ]  # fmt: skip
    np.testing.assert_allclose(table["mean_test_score"], [-5.0, -2.1, -2.0])
    np.testing.assert_allclose(
        table["std_test_score"], [0.0, np.std([1, 2, 3]) / 10, np.std([1, 2, 3])]
    )
    assert table["rank_test_score"].tolist() == [3, 2, 1]
    assert table["mean_n_units"].tolist() == [0.0, 3.0, 9.0]
    assert table["std_gamma_norm"].tolist() == [0.0] * 3
    assert table["params"][1] == {"alpha": 0.1}


def test_the_strongest_of_the_best_is_chosen_and_by_one_standard_error_a_stronger_one():
    table = cv_results_of([1.0, 0.1, 0.0], FOLDS)
    assert chosen(table, "best") == 2
    assert chosen(table, "1se") == 1  # 0.1 below, of 0.58
    equal = cv_results_of([1.0, 0.1, 0.0], [f | {"test_score": [-1.0] * 3} for f in FOLDS])
    assert chosen(equal, "best") == chosen(equal, "1se") == 0
