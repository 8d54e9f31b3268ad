import numpy as np
import pytest
import torch
from torch.nn import functional as F

from sk_spectral.training.losses import LogLoss, SquaredError

N_SAMPLES = 40


def outputs_and_codes(n_outputs, seed=0):
    generator = torch.Generator().manual_seed(seed)
    outputs = 2.0 * torch.randn(N_SAMPLES, n_outputs, generator=generator).double()
    return outputs, torch.arange(N_SAMPLES) % max(n_outputs, 2)


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("weighted", [True, False])
def test_probabilities_in_place_of_codes(n_outputs, weighted):
    """The loss is the mean over codes drawn with these probabilities, and so is its gradient."""
    loss = LogLoss()
    outputs, y = outputs_and_codes(n_outputs)
    targets = loss.soft_targets(outputs_and_codes(n_outputs, seed=1)[0], y, 0.7)
    p = torch.stack([1 - targets, targets], dim=1) if n_outputs == 1 else targets
    torch.testing.assert_close(p.sum(dim=1), torch.ones(N_SAMPLES).double())
    codes = [torch.full_like(y, code) for code in range(p.shape[1])]
    expected = sum(p[:, code] * loss(outputs, codes[code]) for code in range(p.shape[1]))
    torch.testing.assert_close(loss(outputs, targets), expected)

    weight = torch.linspace(0.1, 1.9, N_SAMPLES).double() if weighted else None
    outputs.requires_grad_()
    mean = (loss(outputs, targets) * (1.0 if weight is None else weight)).mean()
    value, gradient = loss.mean_and_gradient(outputs.detach(), targets, weight)
    torch.testing.assert_close(value, mean.detach())
    torch.testing.assert_close(gradient, torch.autograd.grad(mean, outputs)[0])


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_targets_between_the_truth_and_what_a_network_says(n_outputs):
    loss = LogLoss()
    outputs, y = outputs_and_codes(n_outputs)
    torch.testing.assert_close(loss(outputs, loss.soft_targets(outputs, y, 0.0)), loss(outputs, y))
    p = torch.sigmoid(outputs[:, 0]) if n_outputs == 1 else torch.softmax(outputs, dim=1)
    torch.testing.assert_close(loss.soft_targets(outputs, y, 1.0), p)
    _, gradient = loss.mean_and_gradient(outputs, p)
    torch.testing.assert_close(gradient, torch.zeros_like(outputs))
    numbers = torch.ones(N_SAMPLES, n_outputs).double()
    found = SquaredError().soft_targets(outputs, numbers, 0.25)
    torch.testing.assert_close(found, 0.25 * outputs + 0.75)


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_divergence_is_the_rise_of_the_loss_where_the_reference_is_right(n_outputs):
    loss = LogLoss()
    reference, _ = outputs_and_codes(n_outputs)
    outputs, _ = outputs_and_codes(n_outputs, seed=1)
    p = torch.sigmoid(reference[:, 0]) if n_outputs == 1 else torch.softmax(reference, dim=1)
    rise = loss(outputs, p) - loss(reference, p)
    torch.testing.assert_close(loss.divergence(outputs, reference), rise)
    assert (rise > 0).all()
    assert not loss.divergence(reference, reference).any()
    torch.testing.assert_close(
        SquaredError().divergence(outputs, reference),
        F.mse_loss(outputs, reference, reduction="none").mean(dim=1),
    )


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_zero_one_losses_are_classes_that_are_not_the_likeliest(n_outputs):
    outputs, y = outputs_and_codes(n_outputs)
    numbers = outputs.numpy()
    found = (numbers[:, 0] > 0).astype(int) if n_outputs == 1 else numbers.argmax(axis=1)
    np.testing.assert_array_equal(LogLoss().zero_one(outputs, y), found != y.numpy())
    assert SquaredError().zero_one(outputs, outputs) is None
