"""What each constructor parameter may be, and the one sentence for what it may not."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from configurations import ACTIVATIONS, PENALTIES, SOLVERS
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import KFold
from skorch.callbacks import EpochTimer

from sk_spectral import (
    SpectralNASClassifier,
    SpectralNASClassifierCV,
    SpectralNASRegressor,
    SpectralNASRegressorCV,
)
from sk_spectral.data.continuous import LOSSES as REGRESSION_LOSSES
from sk_spectral.estimators.parameters import (
    CONSTRAINTS,
    check_hidden_layer_sizes,
    check_parameters,
)

CLASSES = [SpectralNASRegressor, SpectralNASClassifier]
CV_CLASSES = [SpectralNASRegressorCV, SpectralNASClassifierCV]

SWITCH = ([True, False, np.True_, np.False_], [None, 1, 0, "no", "True", 1.0])
POSITIVE_INTEGER = ([1, 7, np.int64(3)], [0, -1, 1.5, 2.0, "many", None, True, np.nan])
NOT_NEGATIVE = ([0, 0.0, 1e-300, 5, np.float32(0.5)], [-1e-3, np.nan, np.inf, "many", False, 1j])
POSITIVE = (NOT_NEGATIVE[0][2:], [0, 0.0, *NOT_NEGATIVE[1]])

GOOD_AND_BAD = {
    "hidden_layer_sizes": (
        [(), 5, (4, 3), [2], np.array([3, 4]), np.int32(2)],
        [(8, 0), -3, 2.5, (2.0,), "8", None, (True,), ("4",), [[2]]],
    ),
    "activation": (
        ACTIVATIONS, ["logistic", "identity", "sigmoid", "RELU", None, 1, ["relu"], np.tanh],
    ),
    "alphas": (
        [None, [0.0], (1, 2), np.array([0.1, 0.0]), {0.5}],
        [[], [-1.0], [np.nan], ["1"], "0.1", 0.1, [True]],
    ),
    "cv": (
        [None, 2, np.int64(10), KFold(3), [([0], [1])], iter([([0], [1])])],
        [1, 0, -3, 2.5, "five", True],
    ),
    "scoring": ([None, "r2", "neg_log_loss", make_scorer(r2_score)], ["best", 1, ["r2"]]),
    "rule": (["best", "1se"], ["2se", None, 1]),
    "n_jobs": ([None, 1, -1, np.int64(2)], ["all", 1.5, True]),
    "loss": (REGRESSION_LOSSES, ["log_loss", "L1", None, 0, ["huber"]]),
    "quantile": (
        [0.5, np.float32(0.1), [0.1], (0.1, 0.9), np.array([0.25, 0.5, 0.75])],
        [0, 1, 0.0, -0.1, 1.5, np.nan, "0.5", "half", None, True, [], [0.9, 0.1], [0.5, 0.5], [1]],
    ),
    "solver": (SOLVERS, ["newton", "Adam", None, 0, ["adam"]]),
    "penalty": (PENALTIES, ["l2", "None", 0, False, ["l1"]]),
    "alpha": NOT_NEGATIVE,
    "prune_tol": ([None, *NOT_NEGATIVE[0]], ["none", *NOT_NEGATIVE[1]]),
    "fit_intercept": SWITCH,
    "train_input_eigenvalues": SWITCH,
    "standardize": SWITCH,
    "n_knots": (
        ["auto", 0, *POSITIVE_INTEGER[0]], [None, "many", -1, 1.5, 2.0, True, np.nan],
    ),
    "categorical_features": (
        ["from_dtype", None, [], [0, 2], ["a"], [True, False], np.array([1])],
        ["auto", 1, True, [0, "a"], [0.5], [None], iter([0])],
    ),
    "class_weight": (
        [None, "balanced", {0: 1.0}, {}],
        ["auto", -1, [1, 2], {0: -1}, {0: np.nan}, {0: np.inf}, {0: "1"}, True],
    ),
    "batch_size": (["auto", *POSITIVE_INTEGER[0]], ["all", *POSITIVE_INTEGER[1]]),
    "learning_rate_init": POSITIVE,
    "eigenvalue_rate": NOT_NEGATIVE,
    "weight_decay": (["auto", *NOT_NEGATIVE[0]], ["Auto", None, *NOT_NEGATIVE[1]]),
    "average": SWITCH,
    "max_iter": POSITIVE_INTEGER,
    "tol": NOT_NEGATIVE,
    "early_stopping": (["auto", *SWITCH[0]], ["yes", *SWITCH[1]]),
    "validation_fraction": ([0.1, 0.999, 1e-9], [0, 1, 1.0, 2.5, -0.1, np.nan, "half", None, True]),
    "n_iter_no_change": POSITIVE_INTEGER,
    "warm_start": SWITCH,
    "random_state": (
        [None, 0, 2**32 - 1, np.int64(3), np.random.RandomState(0)],
        [-1, 2**32, 1.5, "seed", [[1]]],
    ),
    "device": (["cpu", "cpu:0", "auto"], ["abacus", "meta", None, 1.5]),
    "checkpoint": ([None, "fit.checkpoint", Path("fit.checkpoint")], [3, "", b"c", ["c"]]),
    "callbacks": (
        [None, [], (), [EpochTimer()], [EpochTimer], [("mine", EpochTimer())]],
        [3, "timer", EpochTimer(), [3], ["timer"], [("a", "b")], [(1, EpochTimer())]],
    ),
    "verbose": ([0, 1, 5, True, False], [-1, 0.5, "loud", None]),
}  # fmt: skip
GOOD, BAD = (
    [(name, value) for name, values in GOOD_AND_BAD.items() for value in values[i]] for i in (0, 1)
)


def named(case):
    return re.sub(r" at 0x\w+", "", repr(case))


def takers(name):
    return [cls for cls in (*CLASSES, *CV_CLASSES) if name in inspect.signature(cls).parameters]


def test_good_and_bad_values_are_known_of_every_parameter_that_is_checked():
    assert list(GOOD_AND_BAD) == list(CONSTRAINTS)


@pytest.mark.parametrize(("name", "value"), GOOD, ids=named)
def test_what_a_parameter_may_be_passes(name, value):
    for cls in takers(name):
        check_parameters(cls(**{name: value}))


@pytest.mark.parametrize(("name", "value"), BAD, ids=named)
def test_what_a_parameter_may_not_be_gets_one_sentence_that_names_it(name, value):
    for cls in takers(name):
        with pytest.raises((ValueError, TypeError)) as told:
            check_parameters(cls(**{name: value}))
        message = str(told.value)
        assert message.startswith(name)
        assert message.endswith(".")
        assert "\n" not in message


@pytest.mark.parametrize("cls", CLASSES)
def test_defaults_pass_and_the_first_bad_parameter_is_told_of(cls):
    check_parameters(cls())
    with pytest.raises(ValueError, match=r"^alpha"):
        check_parameters(cls(tol=-1, alpha=-1, max_iter=0))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"activation": "logistic"}, r"activation='logistic' .*f\(0\) = 0\.5.*relu, tanh"),
        ({"activation": "identity"}, "it is linear"),
        ({"hidden_layer_sizes": (8, 0)}, r"hidden_layer_sizes must hold positive integers, got 0"),
        ({"hidden_layer_sizes": b"ab"}, "hidden_layer_sizes=b'ab' must be an int or a sequence"),
        ({"hidden_layer_sizes": iter((8,))}, "must be an int or a sequence of ints, such as"),
        ({"hidden_layer_sizes": -3}, "hidden_layer_sizes must hold positive integers, got -3"),
        ({"hidden_layer_sizes": 2.5}, "hidden_layer_sizes must hold positive integers, got 2.5"),
        ({"penalty": "l2"}, "penalty='l2' is not an option. Choose one of 'gamma', 'group', 'l1'"),
        ({"solver": "newton"}, "solver='newton' is not an option. Choose one of 'adam'"),
        ({"alpha": -1e-3}, "alpha == -0.001, must be >= 0"),
        ({"alpha": np.nan}, "alpha == nan, must be finite"),
        ({"learning_rate_init": 0.0}, "learning_rate_init == 0.0, must be > 0"),
        ({"batch_size": 0}, "batch_size == 0, must be >= 1"),
        ({"validation_fraction": 1.0}, "validation_fraction == 1.0, must be below 1"),
        ({"callbacks": 3}, "callbacks=3 must be a sequence of skorch callbacks"),
        ({"device": "abacus"}, "device='abacus' cannot be used here .*device='cpu' always can"),
        ({"random_state": -1}, "random_state=-1 must be None, an int from 0 to 4294967295"),
    ],
)
@pytest.mark.parametrize("cls", CLASSES)
def test_a_fit_refuses_what_is_not_an_option_in_words(cls, parameters, message):
    with pytest.raises(ValueError, match=message):
        cls(**parameters).fit(np.zeros((4, 1)), [0, 1, 0, 1])


@pytest.mark.parametrize("name", ["alpha", "max_iter", "batch_size", "tol"])
def test_a_number_of_the_wrong_type_is_a_type_error(name):
    with pytest.raises(TypeError, match=f"{name} must be an instance of"):
        check_parameters(SpectralNASRegressor(**{name: "many"}))


@pytest.mark.parametrize(
    ("sizes", "expected"), [(5, (5,)), ((), ()), ([4, 3], (4, 3)), (np.array([2]), (2,))]
)
def test_hidden_layers_become_a_tuple_of_ints(sizes, expected):
    found = check_hidden_layer_sizes(sizes)
    assert found == expected
    assert all(type(size) is int for size in found)


@pytest.mark.parametrize("switch", [True, False])
def test_switches_of_numpy_are_obeyed(switch):
    X = np.random.RandomState(0).normal(size=(60, 2))
    y = np.abs(X[:, 0])
    plain, of_numpy = (
        SpectralNASRegressor((4,), early_stopping=value, max_iter=3, random_state=0).fit(X, y)
        for value in (switch, np.bool_(switch))
    )
    np.testing.assert_array_equal(plain.predict(X), of_numpy.predict(X))
    assert ("valid_loss" in of_numpy.net_.history[-1]) == switch
