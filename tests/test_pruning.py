import numpy as np
import pytest
import torch
from spectral_cases import randomize

from sk_spectral import SpectralNetwork
from sk_spectral.batches import TensorRows
from sk_spectral.losses import SquaredError
from sk_spectral.perceptron import LinearMaps
from sk_spectral.pruning import (
    Judge,
    Pruning,
    halve,
    prefer_perceptron,
    prune,
    unit_importances,
)


def network_with_truth(sizes=(3, 12, 10, 2), silent=()):
    """A network whose units in `silent` (first hidden layer) write next to nothing."""
    network = randomize(
        SpectralNetwork(sizes, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    )
    X = torch.rand(200, sizes[0], generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        network.eigenvectors[1][:, list(silent)] *= 1e-4
    return network, X


def judge_of(X, y, *, tol=0.01, independent=False, weight=None):
    loss = SquaredError()
    return Judge(
        X, lambda outputs: loss(outputs, y), weight,
        constant_loss=float(loss(y.mean(dim=0).expand_as(y), y).mean()),
        tol=tol, independent=independent,
    )  # fmt: skip


def loss_with(network, masks, X, y):
    with torch.no_grad():
        outputs = network(X, [mask.double() for mask in masks])
        return (outputs - y).square().mean().item()


def test_silent_units_leave_and_the_loss_stays_within_the_limit():
    network, X = network_with_truth(silent=(0, 3, 4, 7))
    noise = 0.05 * torch.randn(200, 2, generator=torch.Generator().manual_seed(2)).double()
    y = (network(X) + noise).detach()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    judge = judge_of(X, y)
    pruning = prune(network, judge)
    assert not pruning.unit_masks[0][[0, 3, 4, 7]].any()
    assert pruning.loss_after <= judge.limit(pruning.loss_before)
    assert pruning.loss_after == pytest.approx(loss_with(network, pruning.unit_masks, X, y))
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())


def test_nothing_more_could_leave_in_order_of_importance():
    network, X = network_with_truth(silent=(0, 3))
    y = (network(X) + 0.1).detach()
    judge = judge_of(X, y)
    pruning = prune(network, judge)
    kept = torch.cat(pruning.unit_masks).nonzero().squeeze(1)
    least = kept[torch.cat(unit_importances(network, X))[kept].argmin()]
    flat = torch.cat(pruning.unit_masks).clone()
    flat[least] = False
    fewer = list(flat.split([len(mask) for mask in pruning.unit_masks]))
    assert loss_with(network, fewer, X, y) > judge.limit(pruning.loss_before)


def test_tol_none_keeps_all_active_units():
    network, X = network_with_truth()
    with torch.no_grad():
        network.eigenvalues[1][:2] = 0.0  # T_1 = −λ_1 φ_0: these read nothing
    pruning = prune(network, judge_of(X, torch.zeros(200, 2).double(), tol=None))
    assert [int(mask.sum()) for mask in pruning.unit_masks] == [10, 10]


def test_a_constant_target_keeps_no_unit():
    network, X = network_with_truth()
    pruning = prune(network, judge_of(X, torch.full((200, 2), 3.0).double()))
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


def test_units_that_act_linearly_give_way_to_the_linear_map():
    """All units are on their linear side: none can be dropped, together they are linear."""
    network, X = network_with_truth((3, 6, 2))
    with torch.no_grad():
        network.eigenvectors[0][:, -1] = -100.0 * network.eigenvalues[1].sign()
    y = network(X).detach()
    judge = judge_of(X, y)
    pruning = prune(network, judge)
    assert pruning.unit_masks[0].any()
    fitted = LinearMaps(TensorRows(X, y), 2, True)(1e-9)
    pruning, preferred = prefer_perceptron(network, pruning, judge, [fitted])
    assert preferred == 0
    assert not pruning.unit_masks[0].any()
    assert not network.active_units()[0].any()
    torch.testing.assert_close(network(X).detach(), y, rtol=1e-5, atol=1e-5)


def test_units_that_bend_are_kept_against_the_linear_map():
    network, X = network_with_truth((3, 6, 2))
    y = network(X).detach()
    judge = judge_of(X, y, independent=True)
    pruning = prune(network, judge)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    fitted = LinearMaps(TensorRows(X, y), 2, True)(1e-9)
    same, preferred = prefer_perceptron(network, pruning, judge, [fitted, None])
    assert same is pruning
    assert preferred is None
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())


@pytest.mark.parametrize(("independent", "preferred"), [(True, 0), (False, None)])
@pytest.mark.parametrize("far", [False, True])
def test_within_two_standard_errors_is_forgiven_on_rows_of_their_own(independent, preferred, far):
    network, X = network_with_truth((3, 6, 2))
    y = torch.randn(200, 2, generator=torch.Generator().manual_seed(3)).double()
    fitted = LinearMaps(TensorRows(X, y), 2, True)(1e-9)
    network.set_perceptron(torch.as_tensor(fitted))
    with torch.no_grad():
        network.eigenvalues[1].fill_(1e-3)
    judge = judge_of(X, y, tol=0.0, independent=independent)
    masks = network.active_units()
    losses = judge.losses(network, masks)
    loss = float(losses.mean())
    rival = fitted + (0.2 if far else 0.01)
    outputs = X @ torch.as_tensor(rival[:, :3].T) + torch.as_tensor(rival[:, 3])
    excess = (outputs - y).square().mean(dim=1) - losses
    two_standard_errors = 2 * float(excess.std(correction=0)) / 200**0.5
    assert (float(excess.mean()) > two_standard_errors + 2e-4) == far
    assert float(excess.mean()) > 2e-4  # over the floor
    got = prefer_perceptron(network, Pruning(masks, loss, loss), judge, [rival])[1]
    assert got == (None if far else preferred)


@pytest.mark.parametrize("sizes", [(4, 3), (4, 6, 3), (4, 6, 5, 7, 3)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_set_perceptron_becomes_any_linear_map(sizes, fit_intercept):
    network = SpectralNetwork(
        sizes,
        fit_intercept=fit_intercept,
        dtype=torch.float64,
        generator=torch.Generator().manual_seed(0),
    )
    randomize(network)
    W = torch.randn(3, 4 + fit_intercept, generator=torch.Generator().manual_seed(1)).double()
    network.set_perceptron(W)
    X = torch.eye(4, dtype=torch.float64)
    expected = X @ W[:, :4].T + (W[:, 4] if fit_intercept else 0.0)
    torch.testing.assert_close(network(X).detach(), expected)
    assert not any(mask.any() for mask in network.active_units())


def test_linear_map_is_ordinary_least_squares_with_weights():
    rng = np.random.RandomState(0)
    X, y, weight = rng.randn(50, 3), rng.randn(50, 2), rng.rand(50) + 0.1
    rows = TensorRows(*map(torch.as_tensor, (X, y, weight / weight.mean())))
    fitted = LinearMaps(rows, 2, True)(1e-12)
    root = np.sqrt(weight)[:, None]
    design = np.column_stack([X, np.ones(50)])
    expected = np.linalg.lstsq(design * root, y * root, rcond=None)[0].T
    np.testing.assert_allclose(fitted, expected, rtol=1e-7)


@pytest.mark.parametrize("present", [[0, 2, 3], [1, 3]])
def test_linear_map_for_classes_without_rows(present):
    rng = np.random.RandomState(0)
    X, y = rng.randn(60, 3), rng.choice(present, 60)
    rows = TensorRows(torch.as_tensor(X), torch.as_tensor(y))
    fitted = LinearMaps(rows, 4, True)(1e-3)
    assert fitted.shape == (4, 4)
    assert np.isin((X @ fitted[:, :3].T + fitted[:, 3]).argmax(axis=1), present).all()
    assert LinearMaps(TensorRows(rows.X, rows.y * 0), 4, True)(1e-3) is None


def test_halves_leave_while_the_least_loss_is_kept_to():
    network, X = network_with_truth(silent=(0, 3, 4, 7))
    noise = 0.05 * torch.randn(200, 2, generator=torch.Generator().manual_seed(2)).double()
    y = network(X).detach() + noise
    judge, refits, lines = judge_of(X, y, independent=True), [], []

    def refit(masks):
        refits.append(sum(int(mask.sum()) for mask in masks))
        return len(refits)

    pruning, last = halve(network, judge, refit, lines.append)
    kept = sum(int(mask.sum()) for mask in pruning.unit_masks)
    assert refits[:2] == [22, 11]
    assert refits[last.n_epochs - 1] == kept < 22
    assert pruning.loss_after <= judge.limit(pruning.loss_before)
    assert len(lines) == len(refits)
    assert sum("taken back" in line for line in lines) == 3  # at 1/2, 0.71 and 0.84


def test_a_refit_that_is_too_much_is_taken_back():
    network, X = network_with_truth((3, 6, 2))
    y = network(X).detach()
    before = {k: v.clone() for k, v in network.state_dict().items()}

    def spoil(masks):
        with torch.no_grad():
            network.eigenvectors[1].mul_(2.0)
        return 1

    pruning, last = halve(network, judge_of(X, y, independent=True), spoil)
    assert last is None
    assert all(mask.all() for mask in pruning.unit_masks)
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())


def test_the_last_refit_that_was_kept_can_be_made_again():
    network, X = network_with_truth((3, 6, 5, 2))
    y, before = network(X).detach() + 1.0, []

    def refit(masks):
        before.append(float(network.eigenvalues[2][0].detach()))
        with torch.no_grad():  # a constant for all eigenvalues changes no block
            for lam in network.eigenvalues:
                lam += 1.0
        return len(before)

    _, last = halve(network, judge_of(X, y, tol=1e9, independent=True), refit)
    assert last.n_epochs == len(before)
    assert float(last.parameters["eigenvalues.2"][0]) == before[-1]
    assert float(network.eigenvalues[2][0].detach()) == pytest.approx(before[-1] + 1.0)


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
