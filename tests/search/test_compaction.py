"""That the compact network is the pruned one, whatever the numbers are like."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from spectral_cases import randomize

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor, SpectralNetwork
from sk_spectral.data.batches import TensorDataset
from sk_spectral.search import compaction
from sk_spectral.search.candidate import Candidate
from sk_spectral.search.compaction import (
    compact_network,
    cut_out,
    interaction_share_of,
    read,
)


def candidate(size=1.0):
    made = SpectralNetwork(
        (3, 6, 5, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    randomize(made)
    with torch.no_grad():
        for phi in made.eigenvectors:
            phi *= size
    return Candidate(made, [torch.ones(6, dtype=bool), torch.ones(5, dtype=bool)], 1.0, 1.0)


X = torch.randn(20, 3, generator=torch.Generator().manual_seed(1)).double()


@pytest.mark.parametrize("size", [1.0, 1e4, 1e30])
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_large_numbers_that_do_not_cancel_are_no_reason_to_stop(size, scale):
    given = candidate(size)
    compact = cut_out(given, X * scale)
    expected = given.network(X * scale).detach().numpy()
    np.testing.assert_allclose(compact(X.numpy() * scale), expected, rtol=1e-6)


def test_outputs_that_are_lost_in_what_cancels_are_refused():
    given = candidate()
    first = given.network.eigenvectors[0]
    with torch.no_grad():  # two inputs all but equal, of weights all but opposite
        first[:, 1] = -first[:, 0] * (1 + 1e-14)
    same = X.clone()
    same[:, 1] = same[:, 0]
    with pytest.raises(ValueError, match=r"lower learning_rate_init, or set standardize=True"):
        cut_out(given, same * torch.tensor([1e17, 1e17, 0.0]).double())


def test_a_network_beyond_the_largest_number_is_refused():
    with pytest.raises(ValueError, match="learning_rate_init"):
        cut_out(candidate(1e160), X)


@pytest.mark.parametrize("size", [1.0, 1e30])
def test_a_compact_network_that_is_another_is_found_out(monkeypatch, size):
    given = candidate(size)
    good = compact_network(given.network, [m.numpy() for m in given.unit_masks])
    other = replace(good, weights=tuple(weight * (1.0 + 1e-6) for weight in good.weights))
    monkeypatch.setattr(compaction, "compact_network", lambda *args: other)
    with pytest.raises(ValueError, match="learning_rate_init"):
        cut_out(given, X)


@pytest.mark.parametrize("n_samples", [2, 12, 99, 150])
def test_a_column_far_from_0_without_intercept_can_be_fitted(n_samples):
    rng = np.random.RandomState(0)
    rows = rng.randn(n_samples, 3)
    y = rows[:, 0].copy()
    rows[:, 1] += 1e9
    model = SpectralNASRegressor((8, 8), fit_intercept=False, max_iter=5, random_state=0)
    assert np.isfinite(model.fit(rows, y).predict(rows)).all()


@pytest.mark.parametrize("rate", [1e-2, 1.0, 100.0])
@pytest.mark.parametrize("kind", [SpectralNASClassifier, SpectralNASRegressor])
def test_steps_that_are_too_large_end_in_predictions_or_one_sentence(kind, rate):
    for seed in range(3):
        rng = np.random.RandomState(seed)
        rows, y = np.round(10.0 * rng.randn(10, 8)), rng.randn(10)
        model = kind(
            (4,), solver="sgd", activation="silu", standardize=False, fit_intercept=False,
            learning_rate_init=rate, early_stopping=False, max_iter=5, random_state=0,
        )  # fmt: skip
        reason = "learning_rate_init"
        try:
            model.fit(rows, y > 0 if kind is SpectralNASClassifier else y)
        except ValueError as error:
            reason = str(error)
        assert "learning_rate_init" in reason
        if reason == "learning_rate_init":
            assert np.isfinite(model.predict(rows)).all()


def test_weights_whose_squares_are_no_numbers_are_refused():
    network = SpectralNetwork(
        (2, 3, 1), fit_intercept=False, dtype=torch.float64, generator=torch.Generator()
    )
    with torch.no_grad():
        network.eigenvalues[1].fill_(2.0)
        network.eigenvectors[0].fill_(1e120)
        network.eigenvectors[1].fill_(1e120)
    rows = TensorDataset(torch.full((5, 2), 1e-200).double(), torch.zeros(5, 1).double())
    with pytest.raises(ValueError, match=r"too large to be squared. Lower learning_rate_init"):
        read(Candidate(network, network.active_units(), 1.0, 1.0), rows)


@pytest.mark.parametrize("knots", [True, False])
def test_the_interaction_share_is_what_no_sum_of_functions_of_one_feature_has(knots):
    """relu(a) + relu(b) is such a sum, relu(a + b) is not."""
    generator = torch.Generator().manual_seed(0)
    n_samples = 4000 if knots else 30
    X = torch.randn(n_samples, 2, generator=generator, dtype=torch.float64)
    rows = TensorDataset(X, X[:, :1])
    shares = []
    for reads in ([[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]):
        made = SpectralNetwork(
            (2, 2, 1), fit_intercept=False, dtype=torch.float64, generator=generator
        )
        with torch.no_grad():
            made.eigenvalues[1].fill_(-1.0)
            made.eigenvalues[2].fill_(0.0)
            made.eigenvectors[0].copy_(torch.tensor(reads))
            made.eigenvectors[1].fill_(-1.0)
        masks = [torch.ones(2, dtype=bool)]
        shares.append(interaction_share_of(Candidate(made, masks, 1.0, 1.0), rows))
        nothing = [torch.zeros(2, dtype=bool)]
        assert interaction_share_of(Candidate(made, nothing, 1.0, 1.0), rows) == 0.0
    if not knots:  # too few rows for any: what is not linear
        assert shares[0] > 0.05
        return
    assert shares[0] < 0.01
    # By numbers: the projection on sums of functions, E[f | a] + E[f | b] - E[f], alike in both.
    a, b = rng = np.random.default_rng(0).normal(size=(2, 200_000))
    f = made(torch.as_tensor(rng.T)).detach().numpy()[:, 0]
    grid, z = np.linspace(-6, 6, 301), np.linspace(-5, 5, 1001)
    pairs = torch.as_tensor(np.stack(np.meshgrid(grid, z, indexing="ij"), axis=-1)).view(-1, 2)
    said = made(pairs).detach().numpy().reshape(301, 1001)
    mean_given = np.average(said, axis=1, weights=np.exp(-0.5 * z**2))
    additive = np.interp(a, grid, mean_given) + np.interp(b, grid, mean_given) - f.mean()
    expected = np.var(f - additive) / np.mean(f**2)  # without an intercept
    assert shares[1] == pytest.approx(expected, rel=0.15)
