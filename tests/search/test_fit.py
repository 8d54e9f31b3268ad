"""The search as a function, without an estimator."""

from copy import deepcopy
from dataclasses import fields

import numpy as np
import pytest
import torch
from sklearn.datasets import make_friedman1

from sk_spectral import SpectralNASRegressor
from sk_spectral.data import ClassTargets, Data
from sk_spectral.search import RandomStreams, SearchConfig, Start, search_architecture
from sk_spectral.training.config import TrainingConfig


def bent_data():
    X, y = make_friedman1(300, n_features=5, noise=0.3, random_state=0)
    return X, y


@pytest.mark.slow
def test_gives_what_the_estimator_stores():
    X, y = bent_data()
    config = SearchConfig((12, 6), prune_tol=0.05)
    lines = []
    data = Data(y[:, None], None, X)
    result = search_architecture(
        data, config, RandomStreams(np.random.RandomState(0)), report=lines.append
    )
    model = SpectralNASRegressor((12, 6), prune_tol=0.05, random_state=0).fit(X, y)
    np.testing.assert_array_equal(result.compact(X)[:, 0], model.predict(X))
    assert result.topology.summary() == model.topology_.summary()
    np.testing.assert_array_equal(result.feature_importances, model.feature_importances_)
    assert (result.history, result.loss) == (model.loss_curve_, model.loss_)
    assert [int(mask.sum()) for mask in result.unit_masks] == list(model.topology_.n_active_units)
    assert not result.topology.is_linear
    assert lines
    assert not result.warnings


def test_the_defaults_of_the_configuration_are_those_of_the_estimator():
    parameters = SpectralNASRegressor().get_params()
    assert SearchConfig.from_parameters(parameters) == SearchConfig()
    named = {f.name for config in (SearchConfig, TrainingConfig) for f in fields(config)}
    assert set(parameters) - named == {
        "categorical_features", "random_state", "loss", "quantile",
    }  # fmt: skip


@pytest.mark.parametrize("warm_start", [True, False])
def test_the_network_that_a_search_starts_from_stays_what_it_is(warm_start):
    X, y = bent_data()
    data, random = Data(y[:, None], None, X), RandomStreams(np.random.RandomState(0))
    config = SearchConfig((6,), warm_start=warm_start, training=TrainingConfig(max_iter=10))
    start = search_architecture(data, config, random)
    start = Start(start.network, start.scaling)
    before = deepcopy(start.network.state_dict())
    result = search_architecture(data, config, random, start)
    assert result.network is not start.network
    for name, value in start.network.state_dict().items():
        assert torch.equal(value, before[name])


def test_classes_that_no_row_has_keep_their_output():
    X, y = bent_data()
    data = Data((y > np.median(y)).astype(int), None, X, targets=ClassTargets(np.arange(3)))
    config = SearchConfig((4,), training=TrainingConfig(max_iter=3))
    result = search_architecture(data, config, RandomStreams(np.random.RandomState(0)))
    assert result.compact(X).shape == (300, 3)


def test_what_a_user_should_be_told_is_in_the_result():
    X, y = bent_data()
    config = SearchConfig((8,), training=TrainingConfig(max_iter=2, batch_size=1000))
    result = search_architecture(
        Data(y[:, None], None, X), config, RandomStreams(np.random.RandomState(0))
    )
    of_batches, of_epochs = (message for _, message in result.warnings)
    assert "batch_size=1000 is over the 270 training rows" in of_batches
    assert "max_iter=2 ended the training" in of_epochs


def test_settings_cannot_be_changed():
    config = TrainingConfig()
    with pytest.raises(AttributeError):
        config.alpha = 1.0
    assert config.replace(alpha=1.0).alpha == 1.0
    assert config.alpha == 0.0
