"""The CV estimators: scikit-learn's contract, what is chosen, and what is passed on."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, make_friedman1
from sklearn.metrics import get_scorer, make_scorer, r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sk_spectral import (
    SpectralNASClassifier,
    SpectralNASClassifierCV,
    SpectralNASRegressor,
    SpectralNASRegressorCV,
)

X, Y = make_friedman1(240, n_features=5, noise=0.3, random_state=0)
LABELS = np.where(np.median(Y) < Y, "high", "low")
TRAINED = {"hidden_layer_sizes": (8,), "max_iter": 30, "learning_rate_init": 5e-3, "n_knots": 0}
SMALL = TRAINED | {"alphas": [0.0, 1e-3, 10.0], "cv": 3}


PASSING = {"alphas": [0.0, 10.0], "max_iter": 4}
"""Where it is not what is found that counts."""
FEW, Y_FEW = X[:90], Y[:90]


def regressor(**changes):
    return SpectralNASRegressorCV(**SMALL | {"random_state": 0} | changes)


def classifier(**changes):
    return SpectralNASClassifierCV(**SMALL | {"random_state": 0} | changes)


@pytest.fixture(scope="module")
def fitted():
    return regressor().fit(X, Y)


@pytest.mark.slow
@parametrize_with_checks(
    [
        SpectralNASRegressorCV((8,), alphas=[0.0, 1e-2], cv=3, max_iter=5),
        SpectralNASClassifierCV((8,), alphas=[0.0, 1e-2], cv=3, max_iter=5),
    ]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix:UserWarning")
def test_scikit_learn_check(estimator, check):
    check(estimator)


def test_what_predicts_is_the_search_with_the_alpha_that_was_chosen(fitted):
    alone = SpectralNASRegressor(**TRAINED, alpha=fitted.alpha_, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(fitted.predict(X), alone.predict(X))
    np.testing.assert_array_equal(fitted.best_estimator_.predict(X), alone.predict(X))
    assert fitted.topology_.to_dict() == alone.topology_.to_dict()
    assert fitted.topology_path_.kept.compact is fitted.compact_
    np.testing.assert_array_equal(fitted.linear_coef_, alone.linear_coef_)
    np.testing.assert_array_equal(fitted.feature_importances_, alone.feature_importances_)


def test_the_best_mean_score_chooses(fitted):
    table = fitted.cv_results_
    assert table["param_alpha"].tolist() == [10.0, 1e-3, 0.0]
    assert table["mean_test_score"][fitted.best_index_] == max(table["mean_test_score"])
    assert fitted.best_score_ == max(table["mean_test_score"])
    assert fitted.alpha_ == table["param_alpha"][fitted.best_index_] < 10.0
    assert fitted.n_splits_ == 3
    assert table["mean_n_units"][0] == 0.0 < table["mean_n_units"][-1]


def test_one_standard_error_takes_the_smallest_that_is_not_clearly_worse():
    noise = np.random.default_rng(0).normal(size=len(X))
    model = regressor(rule="1se").fit(X, noise)
    assert model.alpha_ == 10.0
    assert model.topology_.is_linear


def test_of_an_alpha_that_folds_have_chosen_nobody_is_told_to_lower_it():
    with pytest.warns(UserWarning, match="Lower alpha"):
        SpectralNASRegressor(**TRAINED, alpha=10.0, random_state=0).fit(X, Y)
    assert regressor(alphas=[10.0]).fit(X, Y).topology_.is_linear


def test_the_table_reads_as_a_frame(fitted):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(fitted.cv_results_).set_index("param_alpha")
    assert frame.loc[10.0, "mean_n_units"] == 0.0


def test_classes_are_drawn_by_class_and_scored_by_log_loss():
    model = classifier(max_iter=80).fit(X, LABELS)
    assert model.classes_.tolist() == ["high", "low"]
    assert model.score(X, LABELS) > 0.8
    assert -np.log(2) < model.best_score_ < 0
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    assert model.decision_function(X).shape == (240,)
    alone = SpectralNASClassifier(**TRAINED | {"max_iter": 80}, alpha=model.alpha_, random_state=0)
    np.testing.assert_array_equal(model.predict(X), alone.fit(X, LABELS).predict(X))
    balanced = classifier(class_weight="balanced", max_iter=80).fit(X, LABELS)
    assert balanced.score(X, LABELS) > 0.8


def test_folds_may_be_a_number_a_splitter_or_pairs():
    pairs = list(KFold(3).split(FEW))
    expected = regressor(**PASSING).fit(FEW, Y_FEW).cv_results_["mean_test_score"]
    for cv in (KFold(3), pairs, iter(pairs)):
        found = regressor(**PASSING, cv=cv).fit(FEW, Y_FEW).cv_results_["mean_test_score"]
        np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_folds_at_a_time_change_nothing():
    one, two = (regressor(**PASSING, n_jobs=n_jobs).fit(FEW, Y_FEW) for n_jobs in (1, 2))
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )


def test_groups_reach_the_splitter():
    groups = np.arange(len(FEW)) % 7
    model = regressor(**PASSING, cv=GroupKFold(3))
    with pytest.raises(ValueError, match="groups"):
        model.fit(FEW, Y_FEW)
    by_groups = model.fit(FEW, Y_FEW, groups=groups).cv_results_["mean_test_score"]
    pairs = list(GroupKFold(3).split(FEW, Y_FEW, groups))
    expected = regressor(**PASSING, cv=pairs).fit(FEW, Y_FEW).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(by_groups, expected)
    with pytest.raises(TypeError, match="fit takes no colour unless"):
        model.fit(FEW, Y_FEW, groups=groups, colour="red")


def test_metadata_are_routed_to_splitter_and_scorer():
    groups, weight = np.arange(len(FEW)) % 7, np.linspace(0.5, 1.5, len(FEW))
    seen = []

    def weighted(y, predicted, sample_weight=None):
        seen.append(len(sample_weight))
        return r2_score(y, predicted, sample_weight=sample_weight)

    with sklearn.config_context(enable_metadata_routing=True):
        scorer = make_scorer(weighted).set_score_request(sample_weight=True)
        model = regressor(**PASSING, cv=GroupKFold(3), scoring=scorer)
        model.fit(FEW, Y_FEW, sample_weight=weight, groups=groups)
        assert sum(seen) == 2 * len(FEW)
        pipeline = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            regressor(**PASSING, cv=GroupKFold(3)).set_fit_request(sample_weight=True),
        )
        pipeline.fit(FEW, Y_FEW, sample_weight=weight, groups=groups)
    assert pipeline[-1].n_splits_ == 3


def test_scores_are_those_that_are_asked_for():
    by_r2 = regressor(**PASSING, scoring="r2").fit(FEW, Y_FEW)
    assert 0.0 < by_r2.best_score_ < 1.0
    same = regressor(**PASSING, scoring=get_scorer("r2")).fit(FEW, Y_FEW)
    assert same.best_score_ == by_r2.best_score_
    weight = np.where(np.arange(len(FEW)) < 50, 1.0, 1e-6)
    assert (
        regressor(**PASSING, scoring="r2").fit(FEW, Y_FEW, weight).best_score_ != by_r2.best_score_
    )


def test_it_goes_where_estimators_go(fitted):
    assert cross_val_score(regressor(), X, Y, cv=2).min() > 0.5
    search = GridSearchCV(regressor(), {"rule": ["best", "1se"]}, cv=2).fit(X, Y)
    assert search.best_params_["rule"] in ("best", "1se")
    for copy in (pickle.loads(pickle.dumps(fitted)), deepcopy(fitted)):
        np.testing.assert_array_equal(copy.predict(X), fitted.predict(X))
        assert copy.alpha_ == fitted.alpha_
    assert not hasattr(clone(fitted), "alpha_")
    both = np.column_stack([Y, -Y])
    assert regressor().fit(X, both).predict(X).shape == both.shape


def test_it_says_what_it_chose(capsys):
    model = regressor(verbose=1, max_iter=2).fit(X[:60], Y[:60])
    assert f"alpha={model.alpha_:g} of 3, by 3 folds" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"penalty": None}, "penalty=None leaves alphas nothing to weigh: .*SpectralNASRegressor"),
        ({"alphas": [-1.0]}, "alphas must hold finite numbers from 0 on"),
        ({"rule": "2se"}, "rule='2se' is not an option"),
        ({"cv": 1}, "cv=1 must be a number of folds from 2 on"),
        ({"scoring": "best"}, "scoring='best' must be one of"),
        ({"cv": 500}, "Cannot have number of splits"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_changes(fitted, settings, message):
    model = deepcopy(fitted).set_params(**settings)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert vars(model) == before


@pytest.mark.slow
def test_breast_cancer_is_as_good_as_the_best_of_a_grid():
    cancer, malign = load_breast_cancer(return_X_y=True)
    train, test = np.arange(400), np.arange(400, 569)
    model = SpectralNASClassifierCV(random_state=0, cv=3).fit(cancer[train], malign[train])
    grid = GridSearchCV(
        SpectralNASClassifier(random_state=0), {"alpha": [0.0, 1e-3, 1e-2]}, cv=3
    ).fit(cancer[train], malign[train])
    assert model.score(cancer[test], malign[test]) > grid.score(cancer[test], malign[test]) - 0.02
