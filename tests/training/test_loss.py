"""What all losses have in common, whatever is lost."""

import pytest
import torch
from configurations import LOSSES, as_truth

from sk_spectral.training.loss import (
    ElementwiseLoss,
    as_outputs,
    share_of,
    standard_error,
    weighted_mean,
)

N_SAMPLES = 30
OF_NUMBERS = [name for name in LOSSES if isinstance(LOSSES[name][0], ElementwiseLoss)]


def case(name):
    loss, n_outputs = LOSSES[name]
    generator = torch.Generator().manual_seed(0)
    numbers = torch.randn(2, N_SAMPLES, n_outputs, generator=generator).double()
    return loss, numbers[0], as_truth(loss, numbers[1])


@pytest.mark.parametrize("name", LOSSES)
def test_each_row_has_a_loss_of_its_own(name):
    loss, outputs, y = case(name)
    losses = loss(outputs, y)
    assert losses.shape == (N_SAMPLES,)
    torch.testing.assert_close(losses[3:7], loss(outputs[3:7], y[3:7]))


@pytest.mark.parametrize("name", LOSSES)
def test_networks_side_by_side_have_a_mean_and_a_gradient_each(name):
    loss, outputs, y = case(name)
    several, truths = torch.stack([outputs, 2 * outputs]), torch.stack([y, y.flip(0)])
    weight = torch.rand(2, N_SAMPLES, generator=torch.Generator().manual_seed(1)).double()
    means, gradients = loss.mean_and_gradient(several, truths, weight)
    for k in range(2):
        mean, gradient = loss.mean_and_gradient(several[k], truths[k], weight[k])
        torch.testing.assert_close(means[k], mean)
        torch.testing.assert_close(gradients[k], gradient)


@pytest.mark.parametrize("name", LOSSES)
def test_nothing_diverges_from_itself_and_what_does_costs_something(name):
    loss, outputs, _ = case(name)
    torch.testing.assert_close(loss.divergence(outputs, outputs), torch.zeros(N_SAMPLES).double())
    other = outputs + torch.linspace(0.1, 2.0, outputs.shape[1])
    assert (loss.divergence(other, outputs) > 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_targets_of_the_network_alone_leave_nothing_to_learn_from(name):
    """Their loss is the least where outputs are those of the network."""
    loss, outputs, y = case(name)
    soft = loss.soft_targets(outputs, y, 1.0)
    least = loss(outputs, soft).mean()
    generator = torch.Generator().manual_seed(2)
    for _ in range(5):
        step = 1e-2 * torch.randn(outputs.shape, generator=generator).double()
        assert loss(outputs + step, soft).mean() > least


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_smoothed_losses_come_near_and_have_a_gradient_everywhere(name):
    loss, outputs, y = case(name)
    expected = loss(outputs, y)
    distances = [(some(outputs, y) - expected).abs().max() for some in loss.smoothed()]
    assert distances[-1] <= 0.02
    assert distances == sorted(distances, reverse=True)


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_curvatures_are_those_of_autograd_and_positive_beyond(name):
    loss, outputs, y = case(name)
    for some in loss.smoothed():
        leaf = outputs.clone().requires_grad_()
        slopes = some.values_and_slopes(leaf, y)[1]
        expected = torch.autograd.grad(slopes.sum(), leaf)[0]
        found = some.curvatures(outputs, y)
        assert (found > 0).all()
        torch.testing.assert_close(found[expected > 0], expected[expected > 0])


def test_shares_sum_to_one_and_constants_are_the_same_for_all_rows():
    y, weight = torch.zeros(4, 2), torch.tensor([1.0, 2.0, 3.0, 2.0])
    assert share_of(y, None).tolist() == [0.25] * 4
    torch.testing.assert_close(share_of(y, weight), weight / 8)
    assert as_outputs(torch.tensor([1.0, 2.0]), y).tolist() == [[1.0, 2.0]] * 4
    assert float(weighted_mean(torch.ones(4), weight)) == 2.0
    assert standard_error(torch.tensor([0.0, 2.0])) == pytest.approx(1 / 2**0.5)
