"""Time of one training step, side by side and interleaved in one run.

Rivals: a plain torch MLP of the same shape in the same loop (autograd, fused AdamW), the carry
recursion differentiated by autograd, and the published dense form (Φ, its inverse, A and every
block at each step). Prints medians in milliseconds and the ratio to the torch MLP.

Expected before the first run, from counting matrix products: twice the MLP for dense hidden
layers, less where the inputs are many, and more for tiny networks, where operator calls decide.
"""

import argparse
from itertools import pairwise
from time import perf_counter

import numpy as np
import torch
from torch import nn

from sk_spectral import SpectralNetwork, algebra
from sk_spectral.carry import ACTIVATIONS
from sk_spectral.losses import LogLoss, SquaredError

SHAPES = [
    ((2, 300, 1), 100),
    ((65, 128, 128, 128, 10), 128),
    ((784, 256, 256, 256, 256, 10), 128),
    ((64, *[128] * 8, 10), 128),
]
_LARGEST_DENSE = 800


class AutogradNetwork(SpectralNetwork):
    """The same recursion without the hand-written adjoint."""

    def forward(self, X, unit_masks=None):
        X = torch.cat([X, X.new_ones(len(X), 1)], dim=1)
        activation = ACTIVATIONS[self.activation]
        return algebra.carry_forward(
            X, list(self.eigenvalues), list(self.eigenvectors), activation, unit_masks
        )


class DenseNetwork(SpectralNetwork):
    """The published form."""

    def forward(self, X, unit_masks=None):
        X = torch.cat([X, X.new_ones(len(X), 1)], dim=1)
        lam = list(self.eigenvalues)
        A = algebra.adjacency(lam, list(self.eigenvectors))
        blocks = algebra.split_blocks(A, algebra.layer_sizes_of(lam))
        return algebra.direct_forward(X, blocks, ACTIVATIONS[self.activation])


def mlp(sizes):
    layers = [layer for pair in pairwise(sizes) for layer in (nn.Linear(*pair), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def step_of(network, X, y, loss):
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, fused=True)

    def step():
        optimizer.zero_grad()
        loss(network(X), y).mean().backward()
        optimizer.step()

    return step


def synchronized_time(step, n_steps, device):
    start = perf_counter()
    for _ in range(n_steps):
        step()
    if device == "cuda":
        torch.cuda.synchronize()
    return (perf_counter() - start) / n_steps


def measure(sizes, n_rows, *, device, repeats):
    """Median seconds a step by contender."""
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(n_rows, sizes[0], generator=generator).to(device)
    if sizes[-1] == 1:
        y, loss = torch.randn(n_rows, 1, generator=generator).to(device), SquaredError()
    else:
        y = torch.randint(0, sizes[-1], (n_rows,), generator=generator).to(device)
        loss = LogLoss()
    networks = {"torch MLP": mlp(sizes), "spectral": SpectralNetwork(sizes)}
    networks["autograd"] = AutogradNetwork(sizes)
    if sum(sizes) <= _LARGEST_DENSE:
        networks["dense"] = DenseNetwork(sizes)
    steps = {name: step_of(net.to(device), X, y, loss) for name, net in networks.items()}
    n_steps = {name: 3 if name == "dense" else 30 for name in steps}
    times = {name: [] for name in steps}
    for repeat in range(repeats + 1):
        for name, step in steps.items():
            seconds = synchronized_time(step, n_steps[name], device)
            if repeat:  # the first pass warms up
                times[name].append(seconds)
    return {name: float(np.median(values)) for name, values in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=15)
    arguments = parser.parse_args()
    names = ["torch MLP", "spectral", "autograd", "dense"]
    print(f"{'shape':<24}{'batch':>6}" + "".join(f"{name:>18}" for name in names))
    for sizes, n_rows in SHAPES:
        times = measure(sizes, n_rows, device=arguments.device, repeats=arguments.repeats)
        hidden = f"{sizes[1]}x{len(sizes) - 2}"
        line = f"{f'{sizes[0]} -> {hidden} -> {sizes[-1]}':<24}{n_rows:>6}"
        for name in names:
            if name in times:
                ratio = times[name] / times["torch MLP"]
                line += f"{f'{1e3 * times[name]:.2f} ms ({ratio:.2f})':>18}"
        print(line)


if __name__ == "__main__":
    main()
