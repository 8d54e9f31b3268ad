"""Searches repeated: seeds, resampled rows, and what is refused."""

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.inspection import topology_sample

RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 3))
NOISE = 0.3 * RNG.normal(size=240)
LINEAR, BENT = X @ [1.0, -2.0, 0.0] + NOISE, 2.0 * np.abs(X[:, 0]) + NOISE
SETTINGS = {"hidden_layer_sizes": (8,), "max_iter": 20}


@pytest.fixture(scope="module")
def regressor():
    return SpectralNASRegressor(**SETTINGS, random_state=5)


def test_repeats_differ_by_their_seeds_alone(regressor):
    model = clone(regressor).set_params(n_knots=0, prune_tol=None, early_stopping=False)
    sample = topology_sample(model, X, BENT, n_repeats=3, random_state=0)
    assert len(set(sample.gamma_norms)) == 3
    with parallel_config(backend="threading"):
        again = topology_sample(model, X, BENT, n_repeats=3, random_state=0, n_jobs=2)
    assert again.to_dict() == sample.to_dict()
    seed = int(np.random.RandomState(0).randint(np.iinfo(np.int32).max, size=(3, 2))[1, 0])
    alone = clone(model).set_params(random_state=seed).fit(X, BENT)
    assert sample.gamma_norms[1] == alone.topology_.gamma_norm
    assert model.random_state == 5
    assert not hasattr(model, "topology_")


def test_verdicts_of_a_linear_and_of_a_bent_truth(regressor):
    sample = topology_sample(regressor, X, LINEAR, n_repeats=4, random_state=0)
    assert sample.verdicts == {"linear": 1.0, "additive": 0.0, "network": 0.0}
    sample = topology_sample(regressor, X, BENT, n_repeats=4, random_state=0)
    assert sample.verdicts["additive"] == 1.0
    assert (sample.n_pieces[:, 0] > 0).all()


def test_bootstrap_draws_other_rows_for_each_and_no_class_is_lost(regressor):
    model = clone(regressor).set_params(n_knots=0)
    sample = topology_sample(model, X, LINEAR, n_repeats=3, bootstrap=True, random_state=0)
    norms = [topology.block_norms[-1, 0] for topology in sample.topologies]
    assert len(set(norms)) == 3
    seeds = [topology_sample(model, X, LINEAR, n_repeats=3, random_state=0).topologies]
    assert np.ptp([t.block_norms[-1, 0] for t in seeds[0]]) < np.ptp(norms)
    y = np.array(["often"] * 230 + ["rare"] * 10)
    classifier = SpectralNASClassifier(**SETTINGS)
    assert len(topology_sample(classifier, X, y, n_repeats=3, bootstrap=True, random_state=0)) == 3


def test_the_last_step_of_a_pipeline_is_read(regressor):
    pipeline = make_pipeline(StandardScaler(), regressor)
    sample = topology_sample(pipeline, X, LINEAR, n_repeats=2, random_state=0)
    assert sample.headline() == "linear in 2 of 2"


def test_weights_are_passed_on(regressor):
    weight = np.where(np.arange(240) < 120, 1.0, 0.0)
    model = clone(regressor).set_params(n_knots=0)
    sample = topology_sample(model, X, LINEAR, n_repeats=1, random_state=0, sample_weight=weight)
    half = topology_sample(model, X[:120], LINEAR[:120], n_repeats=1, random_state=0)
    np.testing.assert_allclose(
        sample.topologies[0].block_norms, half.topologies[0].block_norms, rtol=1e-3
    )


@pytest.mark.parametrize("n_repeats", [0, -1, 1.5, "3"])
def test_numbers_of_repeats_that_are_none_are_refused(n_repeats, regressor):
    with pytest.raises(ValueError, match="must be a whole number of at least 1"):
        topology_sample(regressor, X, BENT, n_repeats=n_repeats)


def test_what_does_not_belong_together_is_refused(regressor):
    with pytest.raises(ValueError, match="to which sample_weight would no longer belong"):
        topology_sample(regressor, X, BENT, bootstrap=True, sample_weight=np.ones(240))
    with pytest.raises(ValueError, match="Ridge has no topology_"):
        topology_sample(Ridge(), X, BENT, n_repeats=1)
