import pytest
import torch
from evaluated_cases import evaluator_of, network_with_truth
from spectral_cases import randomize

from sk_spectral import SpectralNetwork
from sk_spectral.search.pruning import prune, unit_importances


def loss_with(network, masks, X, y):
    with torch.no_grad():
        outputs = network(X, [mask.double() for mask in masks])
        return (outputs - y).square().mean().item()


def test_silent_units_leave_and_the_loss_stays_within_the_limit():
    network, X = network_with_truth(silent=(0, 3, 4, 7))
    noise = 0.05 * torch.randn(200, 2, generator=torch.Generator().manual_seed(2)).double()
    y = (network(X) + noise).detach()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    evaluator = evaluator_of(X, y)
    pruning = prune(network, evaluator)
    assert not pruning.unit_masks[0][[0, 3, 4, 7]].any()
    assert pruning.loss_after <= evaluator.tolerated(pruning.loss_before)
    assert pruning.loss_after == pytest.approx(loss_with(network, pruning.unit_masks, X, y))
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())


def test_nothing_more_could_leave_in_order_of_importance():
    network, X = network_with_truth(silent=(0, 3))
    y = (network(X) + 0.1).detach()
    evaluator = evaluator_of(X, y)
    pruning = prune(network, evaluator)
    kept = torch.cat(pruning.unit_masks).nonzero().squeeze(1)
    least = kept[torch.cat(unit_importances(network, X))[kept].argmin()]
    flat = torch.cat(pruning.unit_masks).clone()
    flat[least] = False
    fewer = list(flat.split([len(mask) for mask in pruning.unit_masks]))
    assert loss_with(network, fewer, X, y) > evaluator.tolerated(pruning.loss_before)


def test_tol_none_keeps_all_active_units():
    network, X = network_with_truth()
    with torch.no_grad():
        network.eigenvalues[1][:2] = 0.0  # T_1 = −λ_1 φ_0: these read nothing
    pruning = prune(network, evaluator_of(X, torch.zeros(200, 2).double(), tol=None))
    assert [int(mask.sum()) for mask in pruning.unit_masks] == [10, 10]


def test_a_constant_target_keeps_no_unit():
    network, X = network_with_truth()
    pruning = prune(network, evaluator_of(X, torch.full((200, 2), 3.0).double()))
    assert not any(mask.any() for mask in pruning.unit_masks)


def test_importance_is_the_change_when_a_unit_alone_is_silenced():
    """With one hidden layer the output is linear in each activation, so first order is exact."""
    network, X = network_with_truth((3, 6, 2))
    (importances,) = unit_importances(network, X)
    with torch.no_grad():
        full = network(X)
        for unit in range(6):
            mask = torch.ones(6).double()
            mask[unit] = 0.0
            change = (network(X, [mask]) - full).square().sum(dim=1).mean()
            assert importances[unit].item() == pytest.approx(change.item(), rel=1e-9)


def test_importance_with_weights_is_that_of_repeated_rows():
    network, X = network_with_truth()
    times = torch.arange(200) % 3
    weighted = unit_importances(network, X, times.double())
    repeated = unit_importances(network, X.repeat_interleave(times, dim=0))
    for one, other in zip(weighted, repeated, strict=True):
        torch.testing.assert_close(one, other)


def test_importances_of_units_that_are_there():
    network, X = network_with_truth((3, 6, 2))
    there = [torch.tensor([True, False, True, True, False, True])]
    with torch.no_grad():
        network.eigenvectors[1][0, 0] = 3.0
    found = unit_importances(network, X, unit_masks=there)[0]
    silenced = network.evaluate(X, there)
    for unit in there[0].nonzero().flatten():
        without = there[0].clone()
        without[unit] = False
        # One hidden layer: the outputs are linear in each mask, and the first order is exact.
        change = (network.evaluate(X, [without]) - silenced).square().sum(dim=1).mean()
        assert float(found[unit]) == pytest.approx(float(change), rel=1e-9)


def test_importances_for_many_outputs_are_estimated_well():
    many = SpectralNetwork(
        (5, 12, 8, 40), dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    randomize(many)
    X = torch.randn(800, 5, generator=torch.Generator().manual_seed(1)).double()
    exact = [torch.zeros(12).double(), torch.zeros(8).double()]
    masks = [torch.ones(800, size).double().requires_grad_() for size in (12, 8)]
    for output in many(X, masks).sum(dim=0):
        for sum_, change in zip(
            exact, torch.autograd.grad(output, masks, retain_graph=True), strict=True
        ):
            sum_ += change.square().mean(dim=0)
    found = unit_importances(many, X)
    for got, expected in zip(found, exact, strict=True):
        torch.testing.assert_close(got, expected, rtol=0.1, atol=0.0)
    assert all(map(torch.equal, found, unit_importances(many, X)))
