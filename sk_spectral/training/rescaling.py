"""A network in other units of its inputs and outputs, the function staying the same.

Column k of φ_0 times a_k takes in an input that is a_k times smaller, whatever the eigenvalues
are, and row o of φ_{L−1} times r_o gives an output that is r_o times larger. A shift would be
exact only where the input eigenvalues are equal, so centres stay where they are.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.flat_parameters import views_of
from sk_spectral.training.net import SpectralNet

Array = NDArray[Any]


def rescale(net: SpectralNet, inputs: Array, outputs: Array) -> None:
    """Multiply the columns of φ_0 of the inputs and the rows of φ_{L−1} by these factors.

    What the optimiser remembers of gradients is divided by them, as gradients are.
    """
    _multiply(list(net.module_.eigenvectors), inputs, outputs)
    if not net.initialized_:
        return
    for state in net.optimizer_.state.values():
        if "old_dirs" in state:  # of a line search: curvatures in other units
            net.optimizer_.state.clear()
            return
    if len(net.optimizer_.param_groups) == 2:
        parameter = net.optimizer_.param_groups[1]["params"][0]
        for name, power in (("exp_avg", 1), ("exp_avg_sq", 2), ("momentum_buffer", 1)):
            remembered = net.optimizer_.state[parameter].get(name)
            if remembered is not None:
                views = views_of(remembered, net.module_, 1)
                _multiply(views, inputs**-power, outputs**-power)


def multiply_outputs(network: SpectralNetwork, factor: float) -> None:
    """Let the network say `factor` times what it says."""
    with torch.no_grad():
        network.eigenvectors[-1] *= factor


def silence(network: SpectralNetwork, inputs: Array) -> None:
    """Let the network read nothing of these inputs, a bool array of shape (n_features,)."""
    with torch.no_grad():
        network.eigenvectors[0][:, np.flatnonzero(inputs)] = 0.0


def _multiply(matrices: list[Tensor], inputs: Array, outputs: Array) -> None:
    with torch.no_grad():
        matrices[0][:, : len(inputs)] *= torch.as_tensor(inputs).to(matrices[0])
        matrices[-1] *= torch.as_tensor(outputs).to(matrices[-1])[:, None]
