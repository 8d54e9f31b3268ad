"""What stays of a trained network: the linear map, or units, by an evaluator or by folds."""

from dataclasses import replace

import pytest
import torch
from evaluated_cases import evaluator_of, network_with_truth

from sk_spectral.data.batches import TensorDataset
from sk_spectral.search.baseline import SHRINKAGES, LinearMaps, best_baseline
from sk_spectral.search.candidate import Candidate, with_linear_map
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.search.pruning import prune, unpruned
from sk_spectral.search.selection import select


def test_units_that_act_linearly_give_way_to_the_linear_map():
    """All units are on their linear side: none can be dropped, together they are linear."""
    network, X = network_with_truth((3, 6, 2))
    with torch.no_grad():
        network.eigenvectors[0][:, -1] = -100.0 * network.eigenvalues[1].sign()
    y = network(X).detach()
    evaluator = evaluator_of(X, y)
    assert prune(network, evaluator).unit_masks[0].any()
    found = select(network, evaluator, TensorDataset(X, y))
    assert found.shrinkage == SHRINKAGES[-1]
    assert not found.has_units
    assert not found.network.active_units()[0].any()
    assert network.active_units()[0].any()
    outputs = found.network(X).detach()
    torch.testing.assert_close(outputs, y, rtol=1e-4, atol=1e-4)
    assert found.loss_before == pytest.approx(0.0)
    assert found.loss_after == pytest.approx(float((outputs - y).square().mean()))


def test_units_that_bend_are_kept_against_the_linear_map():
    network, X = network_with_truth((3, 6, 2))
    y = network(X).detach()
    evaluator = evaluator_of(X, y, independent=True)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    found = select(network, evaluator, TensorDataset(X, y))
    assert found.shrinkage is None
    assert all(mask.any() for mask in found.unit_masks)
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())


@pytest.mark.parametrize("independent", [True, False])
@pytest.mark.parametrize("far", [False, True])
def test_within_two_standard_errors_is_forgiven_on_rows_of_their_own(independent, far):
    network, X = network_with_truth((3, 6, 2))
    y = torch.randn(200, 2, generator=torch.Generator().manual_seed(3)).double()
    fitted = LinearMaps(TensorDataset(X, y), 2, True)(1e-9)
    network.set_linear_map(torch.as_tensor(fitted))
    with torch.no_grad():
        network.eigenvalues[1].fill_(1e-3)
    evaluator = evaluator_of(X, y, tol=0.0, independent=independent)
    masks = network.active_units()
    losses = evaluator.losses(network, masks)
    loss = float(losses.mean())
    linear = with_linear_map(network, torch.as_tensor(fitted + (0.2 if far else 0.01)))
    excess = (linear(X).detach() - y).square().mean(dim=1) - losses
    two_standard_errors = 2 * float(excess.std(correction=0)) / 200**0.5
    assert (float(excess.mean()) > two_standard_errors + 2e-4) == far
    assert float(excess.mean()) > 2e-4  # over the floor
    linear = Candidate.linear(linear, 1.0, None, loss, loss)
    kept = Candidate(network, masks, loss, loss)
    assert evaluator.prefers(kept, linear) == (far or not independent)
    assert kept.has_units
    assert not replace(kept, unit_masks=[mask & False for mask in masks]).has_units


def test_the_baseline_has_the_shrinkage_that_is_best_for_the_evaluator():
    network, X = network_with_truth((3, 6, 2))
    y = torch.randn(200, 2, generator=torch.Generator().manual_seed(3)).double()
    maps = LinearMaps(TensorDataset(X[:20], y[:20]), 2, True)
    evaluator = evaluator_of(X[20:], y[20:], independent=True)
    baseline = best_baseline(network, evaluator, maps)
    by_hand = {}
    for shrinkage in SHRINKAGES:
        W = torch.as_tensor(maps(shrinkage))
        by_hand[shrinkage] = float((X[20:] @ W[:, :3].T + W[:, 3] - y[20:]).square().mean())
    assert baseline.shrinkage == min(by_hand, key=by_hand.get) > SHRINKAGES[-1]
    assert baseline.loss_after == pytest.approx(min(by_hand.values()))
    trained_on = best_baseline(network, replace(evaluator, independent=False), maps)
    assert trained_on.shrinkage == SHRINKAGES[-1]
    assert best_baseline(network, evaluator, lambda shrinkage: None) is None


def compared(gain, spread, fewer=None, constant_loss=2.0):
    """Folds of 100 rows where units gain `gain` with a standard error of spread / 10."""
    linear = torch.ones(100).double() + gain
    linear[::2] += spread
    linear[1::2] -= spread
    mistakes = (None, None)
    if fewer is not None:
        mistakes = torch.zeros(100).double(), (torch.arange(100) < fewer).double()
    return OutOfFold(
        torch.ones(100).double(), linear, None, 0.01, constant_loss, *mistakes, tol=0.01
    )


@pytest.mark.parametrize(
    ("gain", "spread", "fewer", "constant_loss", "expected"),
    [
        (0.5, 1.0, None, 2.0, True),
        (0.205, 1.0, None, 2.0, False),  # 2.05 standard errors, but within tol = 1 % of the loss
        (0.205, 0.9, None, 2.0, True),
        (0.16, 0.9, None, 2.0, False),
        (0.16, 0.9, 10, 2.0, True),  # 10 mistakes in 100 avoided: 3.3 standard errors
        (0.16, 0.9, 10, 0.9, False),  # the loss of the network is 1
        (0.01, 1.0, 3, 2.0, False),  # 1.8 standard errors
        (-0.01, 1.0, 10, 2.0, False),  # a loss that is worse is not made up for
        (0.01, 1.0, 10, 2.0, True),
    ],
)
def test_units_are_preferred_by_two_standard_errors_of_loss_or_of_mistakes(
    gain, spread, fewer, constant_loss, expected
):
    assert compared(gain, spread, fewer, constant_loss).prefers_units() == expected


@pytest.mark.parametrize(
    ("gain", "fewer", "constant_zero_one", "expected"),
    [
        (0.01, 3, 0.5, True),  # 1.8 standard errors of the mistakes
        (0.01, 2, 0.5, False),  # 1.4
        (-0.01, 3, 0.5, False),
        (-0.01, 2, 0.0, True),  # the linear map is no better than a constant
        (-0.01, 0, 0.0, False),
    ],
)
def test_fewer_mistakes_are_enough_where_the_truth_is_known_to_bend(
    gain, fewer, constant_zero_one, expected
):
    found = replace(
        compared(gain, 1.0, fewer), tol=0.5, bent=True, constant_zero_one=constant_zero_one
    )
    assert found.prefers_units() == expected


@pytest.mark.parametrize(("gain", "expected"), [(0.17, True), (0.15, False)])
def test_a_lower_loss_needs_less_where_the_truth_is_known_to_bend(gain, expected):
    found = replace(compared(gain, 1.0), standard_errors=3.0, bent=True)
    assert found.prefers_units() == expected
    assert not replace(found, bent=False).prefers_units()


def test_units_that_folds_preferred_are_not_asked_of_the_evaluator():
    network, X = network_with_truth((3, 6, 2))
    y = torch.randn(200, 2, generator=torch.Generator().manual_seed(3)).double()
    evaluator = evaluator_of(X, y, independent=True)
    assert unpruned(network, evaluator).unit_masks[0].all()
    rows = TensorDataset(X, y)
    assert select(network, evaluator, rows).shrinkage is not None
    found = select(network, evaluator, rows, compared=compared(1.0, 1.0))
    assert found.shrinkage is None
    assert found.has_units
