"""What a search is told, out of the parameters of an estimator."""

from dataclasses import FrozenInstanceError, fields

import pytest

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.search.config import SearchConfig
from sk_spectral.training.config import TrainingConfig
from sk_spectral.training.observer import Observer

OTHERS = {
    "hidden_layer_sizes": (3, 2), "activation": "tanh", "prune_tol": None, "fit_intercept": False,
    "train_input_eigenvalues": False, "standardize": False, "n_knots": 5,
    "early_stopping": True, "validation_fraction": 0.3, "warm_start": True,
}  # fmt: skip
OTHERS_OF_TRAINING = {
    "solver": "sgd", "penalty": "l1", "alpha": 0.5, "batch_size": 7, "learning_rate_init": 0.1,
    "eigenvalue_rate": 2.0, "weight_decay": 0.25, "average": False, "max_iter": 3, "tol": 0.125,
    "n_iter_no_change": 4, "device": "meta", "callbacks": (), "verbose": 2, "observer": Observer(),
    "checkpoint": object(), "team": object(),
}  # fmt: skip


def test_every_setting_is_taken_from_the_mapping_and_others_are_left_out():
    found = SearchConfig.from_parameters(OTHERS | OTHERS_OF_TRAINING | {"random_state": 3})
    assert found == SearchConfig(**OTHERS, training=TrainingConfig(**OTHERS_OF_TRAINING))


@pytest.mark.parametrize("name", [*OTHERS, *OTHERS_OF_TRAINING])
def test_one_setting_alone_leaves_the_others_at_their_defaults(name):
    value = (OTHERS | OTHERS_OF_TRAINING)[name]
    found = SearchConfig.from_parameters({name: value})
    if name in OTHERS:
        assert found == SearchConfig(**{name: value}) != SearchConfig()
    else:
        assert found == SearchConfig(training=TrainingConfig(**{name: value})) != SearchConfig()


def test_other_values_are_known_of_every_setting():
    assert [f.name for f in fields(SearchConfig)] == [*OTHERS, "training"]
    assert [f.name for f in fields(TrainingConfig)] == [*OTHERS_OF_TRAINING]


@pytest.mark.parametrize("cls", [SpectralNASRegressor, SpectralNASClassifier])
def test_the_defaults_of_the_configuration_are_those_of_the_estimators(cls):
    parameters = cls().get_params()
    assert SearchConfig.from_parameters(parameters) == SearchConfig()
    of_estimators_alone = {
        "categorical_features", "class_weight", "loss", "quantile", "random_state",
    }  # fmt: skip
    assert set(parameters) - {*OTHERS, *OTHERS_OF_TRAINING} == of_estimators_alone & set(parameters)


def test_settings_cannot_be_changed():
    config = SearchConfig()
    with pytest.raises(FrozenInstanceError):
        config.prune_tol = 0.5
    assert SearchConfig().training is not config.training
