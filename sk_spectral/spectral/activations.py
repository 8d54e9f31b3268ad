"""Activations on NumPy arrays, and which can be used; imports no torch.

An inactive unit reads nothing, z = 0, and must output exactly 0. So an activation needs f(0) = 0,
and ``|f(z)| ≤ |z|``, by which a compact network is compared with the one that it was cut from.

A new one takes an entry in each of two tables under the same name: in `ARRAY_ACTIVATIONS` what a
compact network computes, in `tensor_activations.TENSOR_ACTIVATIONS` what training computes. Tests
compare the two with one another and the adjoint with autograd. The ONNX export has nodes for it in
a place of its own.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _relu(z: Array) -> Array:
    return np.maximum(z, 0.0, out=z)


def _tanh(z: Array) -> Array:
    return np.tanh(z, out=z)


def _gelu(z: Array) -> Array:
    return 0.5 * z * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (z + 0.044715 * z**3)))


def _silu(z: Array) -> Array:
    return 0.5 * z * (1.0 + np.tanh(0.5 * z))


ARRAY_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": _relu,
    "tanh": _tanh,
    "gelu": _gelu,
    "silu": _silu,
}
"""f(z), entry by entry, by name. The result may lie in the memory of z."""

_REFUSED = {
    "logistic": "f(0) = 0.5",
    "sigmoid": "f(0) = 0.5",
    "softplus": "f(0) = 0.69",
    "exp": "f(0) = 1",
    "cos": "f(0) = 1",
    "identity": "it is linear, so that no hidden unit could ever add anything",
}


def check_activation(activation: str) -> None:
    """Refuse what is no activation with f(0) = 0.

    Parameters
    ----------
    activation : str

    Raises
    ------
    ValueError
        With the reason, unless `activation` is one of the names in `ARRAY_ACTIVATIONS`.
    """
    if isinstance(activation, str) and activation in ARRAY_ACTIVATIONS:
        return
    why = _REFUSED.get(activation) if isinstance(activation, str) else None
    reason = f" ({why})" if why else ""
    raise ValueError(
        f"activation={activation!r} cannot be used{reason}: an inactive unit must output exactly "
        "0, which takes a non-linear f with f(0) = 0. "
        f"Choose one of {', '.join(ARRAY_ACTIVATIONS)}."
    )
