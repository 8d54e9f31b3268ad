import numpy as np
import pytest
import torch
from configurations import LOSSES, as_truth
from scipy.special import softmax
from scipy.stats import sem
from sklearn.metrics import log_loss
from torch.nn import functional as F

from sk_spectral.data.continuous import ContinuousTargets
from sk_spectral.data.targets import ClassTargets, LabelTargets
from sk_spectral.training.deviances import GammaDeviance, PoissonDeviance
from sk_spectral.training.loss import standard_error, weighted_mean
from sk_spectral.training.losses import LabelLoss, LogLoss, SquaredError, loss_for
from sk_spectral.training.robust_losses import BoundedSlopeLoss, HuberLoss

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


def test_log_loss_and_its_best_constant():
    y = torch.tensor([0, 1, 1, 2])
    weight = torch.tensor([1.0, 2.0, 1.0, 4.0])
    constant = LogLoss().best_constant(torch.empty(4, 3), y, weight)
    torch.testing.assert_close(constant[0].exp(), torch.tensor([0.125, 0.375, 0.5]))
    binary = LogLoss().best_constant(torch.empty(4, 1), torch.tensor([0, 1, 1, 1]))
    torch.testing.assert_close(binary[:, 0], torch.full((4,), 3.0).log())
    losses = LogLoss()(binary, torch.tensor([0, 1, 1, 1]))
    torch.testing.assert_close(losses, -torch.tensor([0.25, 0.75, 0.75, 0.75]).log())


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("weighted", [True, False])
def test_the_mean_and_its_gradient_are_those_of_autograd(name, weighted):
    loss, n_outputs = LOSSES[name]
    outputs, y = outputs_and_codes(n_outputs)
    y = as_truth(loss, outputs_and_codes(n_outputs, seed=1)[0])
    weight = torch.linspace(0.1, 1.9, N_SAMPLES).double() if weighted else None
    outputs.requires_grad_()
    mean = (loss(outputs, y) * (1.0 if weight is None else weight)).mean()
    value, gradient = loss.mean_and_gradient(outputs.detach(), y, weight)
    torch.testing.assert_close(value, mean.detach())
    torch.testing.assert_close(value, weighted_mean(loss(outputs, y), weight).detach())
    torch.testing.assert_close(gradient, torch.autograd.grad(mean, outputs)[0])


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_log_loss_is_that_of_scikit_learn(n_outputs, weighted):
    outputs, y = outputs_and_codes(n_outputs)
    logits = torch.cat([torch.zeros_like(outputs), outputs], dim=1) if n_outputs == 1 else outputs
    weight = torch.linspace(0.1, 1.9, N_SAMPLES).double() if weighted else None
    expected = log_loss(
        y, softmax(logits.numpy(), axis=1), sample_weight=weight, labels=range(logits.shape[1])
    )
    mean = weighted_mean(LogLoss()(outputs, y), weight)
    assert float(mean) == pytest.approx(expected)  # the mean weight is 1


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("weighted", [True, False])
def test_no_constant_is_better_than_the_best(name, weighted):
    """The gradient of the weighted mean vanishes there, for a loss that is convex in it.

    Or changes its sign there, for one that has a kink.
    """
    loss, n_outputs = LOSSES[name]
    outputs, y = outputs_and_codes(n_outputs)
    y = as_truth(loss, outputs_and_codes(n_outputs, seed=1)[0])
    weight = torch.linspace(0.1, 1.9, N_SAMPLES).double() if weighted else None
    constant = loss.best_constant(outputs, y, weight)
    assert constant.shape == outputs.shape
    assert torch.equal(constant, constant[:1].expand_as(constant))

    def slope_at(step):
        leaf = (constant[0] + step).requires_grad_()
        weighted_mean(loss(leaf.expand_as(outputs), y), weight).backward()
        return leaf.grad

    if getattr(loss, "is_sharp", False):
        assert (slope_at(1e-9) > -1e-15).all()
        assert (slope_at(-1e-9) < 1e-15).all()
    else:
        torch.testing.assert_close(slope_at(0.0), torch.zeros_like(constant[0]), rtol=0, atol=1e-10)


def test_the_standard_error_is_that_of_a_mean():
    values = np.random.default_rng(0).normal(size=37)
    assert standard_error(torch.as_tensor(values)) == pytest.approx(sem(values, ddof=0))


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (ContinuousTargets(2), SquaredError),
        (ContinuousTargets(2, loss="absolute_error"), BoundedSlopeLoss),
        (ContinuousTargets(2, loss="huber"), HuberLoss),
        (ContinuousTargets(2, loss="poisson"), PoissonDeviance),
        (ContinuousTargets(2, loss="gamma"), GammaDeviance),
        (ClassTargets(np.arange(3)), LogLoss),
        (LabelTargets(3), LabelLoss),
    ],
)
def test_targets_have_the_loss_of_their_name(targets, expected):
    assert type(loss_for(targets)) is expected


@pytest.fixture
def labels():
    generator = torch.Generator().manual_seed(3)
    return torch.rand(N_SAMPLES, 3, generator=generator) > 0.6


@pytest.mark.parametrize("weighted", [True, False])
def test_the_loss_of_labels_is_the_mean_of_their_log_losses(labels, weighted):
    loss, (outputs, _) = LabelLoss(), outputs_and_codes(3)
    weight = torch.linspace(0.1, 1.9, N_SAMPLES).double() if weighted else None
    of_each = [LogLoss()(outputs[:, k : k + 1], labels[:, k].long()) for k in range(3)]
    torch.testing.assert_close(loss(outputs, labels), torch.stack(of_each).mean(0))
    outputs.requires_grad_()
    for y in (labels, loss.soft_targets(2.0 * outputs.detach(), labels, 0.7)):
        mean = weighted_mean(loss(outputs, y), weight)
        value, gradient = loss.mean_and_gradient(outputs.detach(), y, weight)
        torch.testing.assert_close(value, mean.detach())
        torch.testing.assert_close(gradient, torch.autograd.grad(mean, outputs)[0])


def test_labels_side_by_side_have_a_mean_each(labels):
    loss, (outputs, _) = LabelLoss(), outputs_and_codes(3)
    both = torch.stack([outputs, 0.5 * outputs])
    values, gradients = loss.mean_and_gradient(both, labels.expand(2, -1, -1))
    for r in range(2):
        value, gradient = loss.mean_and_gradient(both[r], labels)
        torch.testing.assert_close(values[r], value)
        torch.testing.assert_close(gradients[r], gradient)


def test_what_else_a_search_asks_of_labels(labels):
    loss, (outputs, _) = LabelLoss(), outputs_and_codes(3)
    constant = loss.best_constant(outputs, labels)
    least = loss(constant, labels).mean()
    for shift in (-0.1, 0.1):
        assert loss(constant + shift, labels).mean() > least
    reference, _ = outputs_and_codes(3, seed=1)
    p = torch.sigmoid(reference)
    rise = loss(outputs, p) - loss(reference, p)
    torch.testing.assert_close(loss.divergence(outputs, reference), rise)
    wrong = (torch.sigmoid(outputs) > 0.5) != labels
    torch.testing.assert_close(loss.zero_one(outputs, labels), wrong.double().mean(1))
    assert isinstance(loss_for(LabelTargets(3)), LabelLoss)
