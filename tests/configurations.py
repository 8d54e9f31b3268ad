"""What the tests train and hold against each other: layers, names and losses, all of them small."""

from sk_spectral.training.deviances import GammaDeviance, LogLinkLoss, PoissonDeviance
from sk_spectral.training.losses import LabelLoss, LogLoss, SquaredError
from sk_spectral.training.robust_losses import BoundedSlopeLoss, HuberLoss

HIDDEN_LAYERS = {
    "none": (),
    "one": (4,),
    "two": (4, 5),
    "three": (3, 4, 3),
    "five": (2, 3, 4, 3, 2),
}
"""Units of the hidden layers, by how many of these there are: wider and narrower ones in turn."""

ACTIVATIONS = ("relu", "tanh", "gelu", "silu")
PENALTIES = (None, "gamma", "group", "l1")
SOLVERS = ("adam", "sgd", "lbfgs")
FIRST_ORDER_SOLVERS = ("adam", "sgd")
"""Those that a learning rate means something to."""

LOSSES = {
    "squares": (SquaredError(), 2),
    "two classes": (LogLoss(), 1),
    "classes": (LogLoss(), 3),
    "labels": (LabelLoss(), 2),
    "absolute": (BoundedSlopeLoss.absolute(), 2),
    "huber": (HuberLoss([0.5, 0.8]), 2),
    "quantiles": (BoundedSlopeLoss.of_quantiles([0.2, 0.7]), 2),
    "counts": (PoissonDeviance(), 2),
    "positive": (GammaDeviance(), 2),
}
"""Each loss, and how many outputs there are."""


def architectures(n_inputs, n_outputs, *names):
    """Layer sizes for these of the hidden layers, by default for all."""
    return [(n_inputs, *HIDDEN_LAYERS[name], n_outputs) for name in names or HIDDEN_LAYERS]


def as_truth(loss, numbers):
    """Normal numbers, a column for each output, as what a loss can be of."""
    if isinstance(loss, LabelLoss):
        return numbers > 0
    if isinstance(loss, LogLoss):
        return numbers.argmax(dim=1) if numbers.shape[1] > 1 else (numbers[:, 0] > 0).long()
    if isinstance(loss, LogLinkLoss):
        return numbers.exp().round() if isinstance(loss, PoissonDeviance) else numbers.exp()
    return numbers[:, :1] if len(getattr(loss, "low", ())) > 1 and loss.is_sharp else numbers
