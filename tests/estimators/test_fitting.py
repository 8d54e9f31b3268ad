"""What is checked before a search, and what an estimator holds after it."""

import numpy as np
import pytest

from sk_spectral import SpectralNASRegressor
from sk_spectral.estimators.shards import learned_by

X = np.random.RandomState(0).randn(40, 2)


def test_validation_weights_alone():
    with pytest.raises(ValueError, match="sample_weight_val needs X_val and y_val"):
        SpectralNASRegressor().fit(X, X[:, 0], sample_weight_val=np.ones(40))


def test_what_was_learned_is_all_but_the_parameters():
    model = SpectralNASRegressor((4,), max_iter=3).fit(X, X[:, 0])
    learned = learned_by(model)
    assert {"compact_", "topology_", "n_features_in_", "_scaling"} <= set(learned)
    assert not set(learned) & set(model.get_params())
    other = SpectralNASRegressor((4,), max_iter=3)
    vars(other).update(learned)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
