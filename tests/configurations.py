"""What the tests train and hold against each other: layers, names and losses, all of them small."""

from sk_spectral.training.losses import LabelLoss, LogLoss, SquaredError

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
}
"""Each loss, and how many outputs there are."""


def architectures(n_inputs, n_outputs, *names):
    """Layer sizes for these of the hidden layers, by default for all."""
    return [(n_inputs, *HIDDEN_LAYERS[name], n_outputs) for name in names or HIDDEN_LAYERS]
