"""The table of configurations leaves nothing out that the package accepts."""

import inspect
from itertools import pairwise

import pytest
from configurations import (
    ACTIVATIONS,
    FIRST_ORDER_SOLVERS,
    HIDDEN_LAYERS,
    LOSSES,
    PENALTIES,
    SOLVERS,
    architectures,
)

from sk_spectral import SpectralNASRegressor
from sk_spectral.spectral.activations import ARRAY_ACTIVATIONS
from sk_spectral.spectral.penalties import PENALTIES as WRITTEN_PENALTIES
from sk_spectral.spectral.tensor_activations import TENSOR_ACTIVATIONS
from sk_spectral.training import config, losses
from sk_spectral.training.loss import Loss

BY_PARAMETER = {"activation": ACTIVATIONS, "penalty": PENALTIES, "solver": SOLVERS}


def test_every_activation_of_the_package_is_in_the_table():
    assert sorted(ACTIVATIONS) == sorted(ARRAY_ACTIVATIONS) == sorted(TENSOR_ACTIVATIONS)


def test_every_penalty_of_the_package_is_in_the_table():
    assert set(PENALTIES) == {None, *WRITTEN_PENALTIES}


def test_every_solver_of_the_package_is_in_the_table():
    assert sorted(SOLVERS) == sorted(config.SOLVERS)
    assert {*SOLVERS} - {*FIRST_ORDER_SOLVERS} == {"lbfgs"}


def test_every_loss_of_the_package_is_in_the_table():
    written = {
        kind
        for _, kind in inspect.getmembers(losses, inspect.isclass)
        if issubclass(kind, Loss) and not inspect.isabstract(kind) and kind is not Loss
    }
    assert {type(loss) for loss, _ in LOSSES.values()} == written


@pytest.mark.parametrize(
    ("parameter", "value"), [(name, v) for name, values in BY_PARAMETER.items() for v in values]
)
def test_estimators_take_what_the_table_holds(parameter, value, bent_rows):
    model = SpectralNASRegressor((3,), max_iter=1, random_state=0, **{parameter: value})
    X, y = bent_rows
    assert model.fit(X[:40], y[:40]).n_iter_ == 1


@pytest.mark.parametrize("parameter", BY_PARAMETER)
def test_what_an_estimator_may_choose_from_is_what_its_message_lists(parameter, bent_rows):
    with pytest.raises(ValueError, match="Choose one of") as told:
        SpectralNASRegressor(**{parameter: "nothing"}).fit(*bent_rows)
    listed = str(told.value).split("Choose one of ")[1].rstrip(".").split(", ")
    none_last = sorted(BY_PARAMETER[parameter], key=lambda value: value is None)
    assert [name.strip("'") for name in listed] == [*map(str, none_last)]


def test_layers_get_wider_and_narrower_at_every_depth():
    depths = [len(layers) for layers in HIDDEN_LAYERS.values()]
    assert sorted({*depths}) == depths
    assert min(depths) == 0
    steps = [m - n for layers in HIDDEN_LAYERS.values() for n, m in pairwise(layers)]
    assert min(steps) < 0 < max(steps)


def test_architectures_have_inputs_and_outputs_around_the_hidden_layers():
    assert architectures(7, 6, "none", "two") == [(7, 6), (7, *HIDDEN_LAYERS["two"], 6)]
    assert len(architectures(1, 1)) == len(HIDDEN_LAYERS)
