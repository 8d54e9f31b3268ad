from copy import deepcopy
from itertools import pairwise

import numpy as np
import pytest
import torch
from evaluated_cases import evaluator_of, network_with_truth

from sk_spectral.search.iterative_pruning import (
    IterativePruning,
    Limits,
    drop_layers,
    expected_rise,
    halve_units,
)
from sk_spectral.training.losses import SquaredError


def noisy_truth(network, X):
    noise = 0.05 * torch.randn(200, 2, generator=torch.Generator().manual_seed(2)).double()
    return network(X).detach() + noise


def halved(network, evaluator, linear_loss, refit, *report):
    pruning = IterativePruning(network, evaluator, Limits(linear_loss), refit, *report)
    halve_units(pruning)
    return pruning.best


def n_units(masks):
    return sum(int(mask.sum()) for mask in masks)


def test_halves_leave_while_the_loss_is_not_expected_to_rise():
    network, X = network_with_truth(silent=(0, 3, 4, 7))
    y = noisy_truth(network, X)
    evaluator, refits, lines = evaluator_of(X, y, independent=True), [], []

    def refit(network, masks, inputs):
        refits.append(n_units(masks))
        return network, len(refits)

    linear_loss = 0.1
    found = halved(network, evaluator, linear_loss, refit, lines.append)
    kept = n_units(found.unit_masks)
    assert refits[0] == 11
    assert refits[found.fine_tuned_from.n_epochs - 1] == kept < 22
    assert len(lines) == len(refits)
    assert sum("taken back" in line for line in lines) >= 1
    assert all(a != b for a, b in pairwise(refits))  # none is tried again from the same units
    # Without refits the outputs differ by the units that left, to which the noise is nothing.
    allowed = 0.01 * min(0.0025, linear_loss) + 1e-4 * evaluator.constant_loss
    whole = evaluator.losses(network, network.active_units()).mean()
    assert found.loss_after == pytest.approx(float(whole), abs=3 * allowed)


def test_no_more_may_be_lost_than_a_share_of_the_gain_over_the_linear_map():
    network, X = network_with_truth(silent=(0, 3, 4, 7))
    evaluator = evaluator_of(X, noisy_truth(network, X), tol=0.5, independent=True)
    loss = float(evaluator.losses(network, network.active_units()).mean())
    kept = {
        linear_loss: n_units(
            halved(network, evaluator, linear_loss, lambda *given: (given[0], 1)).unit_masks
        )
        for linear_loss in (0.5 * loss, 1.1 * loss, 100.0)
    }
    assert kept[0.5 * loss] >= kept[1.1 * loss] >= kept[100.0]
    assert kept[0.5 * loss] > kept[100.0]


def test_a_refit_that_is_too_much_is_taken_back():
    network, X = network_with_truth((3, 6, 2))
    y = network(X).detach()
    before = {k: v.clone() for k, v in network.state_dict().items()}

    def spoil(network, masks, inputs):
        worse = deepcopy(network)
        with torch.no_grad():
            worse.eigenvectors[1].mul_(2.0)
        return worse, 1

    found = halved(network, evaluator_of(X, y, independent=True), 1.0, spoil)
    assert found.fine_tuned_from is None
    assert all(mask.all() for mask in found.unit_masks)
    assert all(torch.equal(v, before[k]) for k, v in found.network.state_dict().items())


def test_the_last_refit_that_was_kept_can_be_made_again():
    network, X = network_with_truth((3, 6, 5, 2))
    y, refits = network(X).detach() + 1.0, []

    def refit(network, masks, inputs):
        refits.append((network, deepcopy(network)))
        with torch.no_grad():  # a constant for all eigenvalues changes no block
            for lam in refits[-1][1].eigenvalues:
                lam += 1.0
        return refits[-1][1], len(refits)

    evaluator = evaluator_of(X, y, tol=1e9, independent=True)
    found = halved(network, evaluator, 1e9, refit)
    assert len(refits) > 1
    assert found.fine_tuned_from.n_epochs == len(refits)
    assert (found.fine_tuned_from.network, found.network) == refits[-1]


def test_layers_that_do_nothing_leave_whole_before_any_unit():
    network, X = network_with_truth((3, 6, 5, 4, 2))
    with torch.no_grad():  # nothing reads the second of three hidden layers
        network.eigenvalues[2].zero_()
        network.eigenvectors[2].zero_()
        network.eigenvalues[3].fill_(1.0)
    y, tried = network(X).detach(), []

    def refit(network, masks, inputs):
        tried.append([int(mask.sum()) for mask in masks])
        return network, 1

    pruning = IterativePruning(network, evaluator_of(X, y, independent=True), Limits(1.0), refit)
    drop_layers(pruning)
    assert [int(mask.sum()) for mask in pruning.best.unit_masks].count(0) >= 1
    assert all(0 in layers for layers in tried)
    assert pruning.best.has_units


def test_a_network_of_one_hidden_layer_keeps_it():
    network, X = network_with_truth((3, 6, 2))
    evaluator = evaluator_of(X, network(X).detach(), tol=1e9, independent=True)
    pruning = IterativePruning(network, evaluator, Limits(1e9), None)
    drop_layers(pruning)
    assert pruning.best.fine_tuned_from is None


def test_a_rise_is_the_posterior_mean_of_measurement_and_expectation():
    rng = np.random.default_rng(0)
    differences = torch.as_tensor(rng.normal(0.02, 0.3, 400))
    divergences = torch.as_tensor(rng.exponential(0.01, 400))
    D, V = differences.mean().item(), divergences.mean().item()
    grid = np.linspace(-0.2, 0.2, 20001)
    s = differences.numpy().std() / 20
    posterior = np.exp(-0.5 * ((grid - V) / V) ** 2 - 0.5 * ((D - grid) / s) ** 2)
    expected = np.sum(grid * posterior) / posterior.sum()
    assert expected_rise(differences, divergences) == pytest.approx(expected, rel=1e-6)
    # What is measured well is believed, and so is what is expected where nothing is measured.
    sharp = torch.full((400,), 0.02).double()
    assert expected_rise(sharp, divergences) == pytest.approx(0.02)
    assert expected_rise(1e6 * differences, divergences) == pytest.approx(V, rel=1e-3)
    assert expected_rise(0 * differences, 0 * divergences) == 0.0
    # Squares of both would be 0.
    assert expected_rise(0 * differences, 1e-200 * divergences) == 0.0


def test_the_divergence_is_the_rise_that_is_expected_of_independent_errors():
    rng = np.random.default_rng(0)
    truth, noise, error = rng.normal(size=(3, 100_000, 2))
    y, worse = (torch.as_tensor(truth + 0.5 * part) for part in (noise, error))
    loss, truth = SquaredError(), torch.as_tensor(truth)
    rise = (loss(worse, y) - loss(truth, y)).mean()
    assert float(rise) == pytest.approx(float(loss.divergence(worse, truth).mean()), rel=0.02)
