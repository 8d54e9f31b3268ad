"""The losses that networks are trained on: squared error, and log losses of classes and labels."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from sk_spectral.data.targets import Targets
from sk_spectral.training.deviances import GammaDeviance, PoissonDeviance
from sk_spectral.training.loss import Loss
from sk_spectral.training.robust_losses import BoundedSlopeLoss, HuberLoss


class SquaredError(Loss):
    """Squared error, the mean over the outputs: ‖ŷ − y‖² / n_outputs."""

    def forward(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Loss of each row, shape (n_samples,); outputs and y are (n_samples, n_outputs)."""
        return (outputs - y).square().mean(dim=1)

    def mean_and_gradient(
        self, outputs: Tensor, y: Tensor, weight: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """`weighted_mean` of the losses and its gradient for the outputs.

        Of several networks at once where all have a leading axis: one mean for each.
        """
        residual = outputs - y
        weighted = residual if weight is None else residual * weight[..., None]
        n_values = residual.shape[-1] * residual.shape[-2]
        mean = (weighted * residual).sum((-2, -1)) / n_values
        return mean, weighted * (2.0 / n_values)

    def best_constant(self, outputs: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """Weighted mean of y for every row, in the shape of `outputs`."""
        mean = y.mean(dim=0) if weight is None else weight @ y / weight.sum()
        return mean.expand_as(outputs)

    def divergence(self, outputs: Tensor, reference: Tensor) -> Tensor:
        """‖ŷ − ŷ_ref‖² / n_outputs: by how much the loss rises if ŷ_ref is the mean of y."""
        return self(outputs, reference)

    def soft_targets(self, outputs: Tensor, y: Tensor, share: float) -> Tensor:
        """Targets (1 − share) y + share ŷ."""
        return torch.lerp(y, outputs, share)


class LogLoss(Loss):
    """Negative log-likelihood of class codes: logistic for one output, softmax for several.

    Divided by a temperature the outputs say the same classes with less certainty (Guo et al., "On
    calibration of modern neural networks", ICML 2017): in √2 steps, what may be chosen from.
    """

    temperatures = tuple(2.0 ** (i / 2) for i in range(11))

    def forward(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Loss of each row, shape (n_samples,); outputs are (n_samples, n_outputs).

        In place of codes y may hold probabilities: (n_samples,) of the second of two classes, or
        (n_samples, n_outputs).
        """
        if outputs.shape[1] == 1:
            target = y.to(outputs.dtype)
            return F.binary_cross_entropy_with_logits(outputs[:, 0], target, reduction="none")
        return F.cross_entropy(outputs, y, reduction="none")

    def mean_and_gradient(
        self, outputs: Tensor, y: Tensor, weight: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """`weighted_mean` of the losses and its gradient for the outputs: (p − 1_y) w / n.

        Of several networks at once where all have a leading axis: one mean for each.
        """
        if outputs.shape[-1] == 1:
            target = y.to(outputs.dtype)
            losses = F.binary_cross_entropy_with_logits(outputs[..., 0], target, reduction="none")
            gradient = torch.sigmoid(outputs).sub_(target[..., None])
        elif y.ndim == outputs.ndim:
            log_p = F.log_softmax(outputs, dim=-1)
            losses = -(log_p * y).sum(dim=-1)
            gradient = log_p.exp_().sub_(y)
        else:
            log_p, code = F.log_softmax(outputs, dim=-1), y[..., None]
            losses = -log_p.gather(-1, code)[..., 0]
            gradient = log_p.exp_()
            gradient.scatter_add_(-1, code, gradient.new_full((), -1.0).expand(code.shape))
        if weight is not None:
            losses = losses * weight
            gradient *= weight[..., None]
        return losses.mean(-1), gradient.div_(y.shape[outputs.ndim - 2])

    def best_constant(self, outputs: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """Logarithm of the weighted class frequencies for every row, in the shape of `outputs`."""
        n_classes = max(outputs.shape[1], 2)
        counts = torch.bincount(y, weights=weight, minlength=n_classes).to(outputs.dtype)
        logits = (counts / counts.sum()).clamp_min(torch.finfo(outputs.dtype).tiny).log()
        if outputs.shape[1] == 1:
            logits = logits[1:] - logits[:1]
        return logits.expand_as(outputs)

    def divergence(self, outputs: Tensor, reference: Tensor) -> Tensor:
        """KL(p_ref ‖ p): by how much the loss rises if p_ref are the probabilities of y."""
        log_p, log_p_ref = _log_probabilities(outputs), _log_probabilities(reference)
        return F.kl_div(log_p, log_p_ref, reduction="none", log_target=True).sum(dim=1)

    def soft_targets(self, outputs: Tensor, y: Tensor, share: float) -> Tensor:
        """Targets (1 − share) 1_y + share p, of probabilities p."""
        if outputs.shape[1] == 1:
            return torch.lerp(y.to(outputs.dtype), torch.sigmoid(outputs[:, 0]), share)
        p = torch.softmax(outputs, dim=1)
        return torch.lerp(F.one_hot(y, outputs.shape[1]).to(p.dtype), p, share)

    def zero_one(self, outputs: Tensor, y: Tensor) -> Tensor:
        """1 for each row whose class is not the likeliest, else 0."""
        return (_log_probabilities(outputs).argmax(dim=1) != y).double()


class LabelLoss(LogLoss):
    """Negative log-likelihood of labels of which a row may have several: the mean over the labels.

    y is of shape (n_samples, n_labels), of truth values or of probabilities.
    """

    def forward(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Loss of each row, shape (n_samples,); outputs are log odds, (n_samples, n_labels)."""
        target = y.to(outputs.dtype)
        return F.binary_cross_entropy_with_logits(outputs, target, reduction="none").mean(dim=-1)

    def mean_and_gradient(
        self, outputs: Tensor, y: Tensor, weight: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """`weighted_mean` of the losses and its gradient for the outputs: (p − y) w / (n n_labels).

        Of several networks at once where all have a leading axis: one mean for each.
        """
        losses = self(outputs, y)
        gradient = torch.sigmoid(outputs).sub_(y.to(outputs.dtype))
        if weight is not None:
            losses = losses * weight
            gradient *= weight[..., None]
        return losses.mean(-1), gradient.div_(y.shape[-1] * y.shape[-2])

    def best_constant(self, outputs: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """Log odds of the weighted shares of the labels, in the shape of `outputs`."""
        there = y.to(outputs.dtype)
        share = there.mean(dim=0) if weight is None else weight @ there / weight.sum()
        tiny = torch.finfo(outputs.dtype).tiny
        odds = share.clamp_min(tiny).log() - (1.0 - share).clamp_min(tiny).log()
        return odds.expand_as(outputs)

    def divergence(self, outputs: Tensor, reference: Tensor) -> Tensor:
        """KL(p_ref ‖ p), the mean over the labels."""
        p_ref = torch.sigmoid(reference)
        return (self(outputs, p_ref) - self(reference, p_ref)).clamp_min(0.0)

    def soft_targets(self, outputs: Tensor, y: Tensor, share: float) -> Tensor:
        """Targets (1 − share) y + share p, of probabilities p."""
        return torch.lerp(y.to(outputs.dtype), torch.sigmoid(outputs), share)

    def zero_one(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Share of the labels of each row that are wrong."""
        return ((outputs > 0) != y.bool()).double().mean(dim=1)


def _log_probabilities(outputs: Tensor) -> Tensor:
    """Of all classes; one output is the logit of the second of two."""
    if outputs.shape[1] == 1:
        outputs = torch.cat([torch.zeros_like(outputs), outputs], dim=1)
    return F.log_softmax(outputs, dim=1)


def loss_for(targets: Targets) -> Loss:
    """The loss of these targets."""
    if targets.loss == "quantile":
        return BoundedSlopeLoss.of_quantiles(targets.quantiles)
    by_name: dict[str, Callable[[], Loss]] = {
        "squared_error": SquaredError,
        "absolute_error": BoundedSlopeLoss.absolute,
        "huber": HuberLoss,
        "poisson": PoissonDeviance,
        "gamma": GammaDeviance,
        "log_loss": LogLoss,
        "label_loss": LabelLoss,
    }
    return by_name[targets.loss]()
