"""The same random_state draws the same for each purpose, whatever else is asked for."""

import numpy as np
import pytest
import torch
from sklearn.datasets import make_friedman1

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.search import growth, result
from sk_spectral.search.streams import NAMES, RandomStreams

X, Y = make_friedman1(150, n_features=5, noise=0.3, random_state=0)


def test_streams_do_not_depend_on_each_other():
    one, other = (RandomStreams(np.random.RandomState(7)) for _ in range(2))
    first = {name: [one.seed(name) for _ in range(3)] for name in NAMES}
    second = {name: [] for name in NAMES}
    for _ in range(3):
        for name in reversed(NAMES):
            second[name].append(other.seed(name))
    assert first == second
    seeds = [seed for some in first.values() for seed in some]
    assert len(set(seeds)) == len(seeds)
    again = one.from_the_beginning()
    assert [again.seed("folds") for _ in range(3)] == first["folds"]
    assert RandomStreams(np.random.RandomState(8)).seed("folds") != first["folds"][0]


def first_networks(monkeypatch, fitted):
    """Parameters of the networks that were initialised."""
    seen, initial = [], result.initial

    def remembered(*given, **settings):
        start = initial(*given, **settings)
        seen.append([p.detach().clone().double() for p in start.network.parameters()])
        return start

    monkeypatch.setattr(result, "initial", remembered)
    fitted()
    monkeypatch.setattr(result, "initial", initial)
    return seen[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"prune_tol": None},
        {"early_stopping": False},
        {"early_stopping": True, "validation_fraction": 0.3},
        {"warm_start": True},
        {"alpha": 1e-3},
        {"solver": "sgd", "batch_size": 17},
    ],
    ids=str,
)
def test_the_initial_network_depends_on_nothing_but_random_state(monkeypatch, changes):
    settings = {"hidden_layer_sizes": (6,), "max_iter": 1, "random_state": 3}
    one, other = (
        first_networks(
            monkeypatch, lambda more=more: SpectralNASRegressor(**settings | more).fit(X, Y)
        )
        for more in ({}, changes)
    )
    for a, b in zip(one, other, strict=True):
        assert torch.equal(a, b)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("cls", [SpectralNASRegressor, SpectralNASClassifier])
def test_no_diagnostic_moves_a_prediction(monkeypatch, cls):
    """What looks whether the penalty holds the network back trains others."""
    y = Y if cls is SpectralNASRegressor else (np.median(Y) < Y).astype(int)
    model, n_free = cls((12,), n_knots=0, alpha=1e-3, random_state=0), []
    train = growth.train

    def shorter(*given, n_epochs, task):
        if given[4].penalty is None:
            n_free.append(n_epochs)
            n_epochs = min(n_epochs, longest)
        return train(*given, n_epochs=n_epochs, task=task)

    monkeypatch.setattr(growth, "train", shorter)
    longest = 1000
    expected = model.fit(X, y)._outputs(X)
    assert n_free
    longest = 1
    np.testing.assert_array_equal(model.fit(X, y)._outputs(X), expected)


def test_chunks_are_learned_alike_by_the_same_random_state():
    def learned():
        model = SpectralNASRegressor((6,), random_state=5)
        for start in range(0, 150, 30):
            model.partial_fit(X[start : start + 30], Y[start : start + 30])
        return model.predict(X)

    np.testing.assert_array_equal(learned(), learned())


@pytest.mark.slow
def test_a_penalty_of_next_to_nothing_is_never_told_to_hold_back(recwarn):
    """The network without it is trained with the same draws."""
    for seed in range(4):
        SpectralNASRegressor((12,), alpha=1e-9, max_iter=60, random_state=seed).fit(X, Y)
    assert not [w for w in recwarn if "alpha" in str(w.message)]
