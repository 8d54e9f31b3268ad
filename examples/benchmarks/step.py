"""Time of one training step, side by side and interleaved in one run.

"spectral" is the step that the estimators take with default settings: input eigenvalues are trained
and steps are averaged; "+ gamma" with a penalty; "frozen" without the two; "module" is
SpectralNetwork as a module in a loop of plain torch, one node of an autograd graph. Rivals: a torch
MLP of the same shape in the same loop (autograd, fused AdamW), scikit-learn's MLP, a plain skorch
net with its default loader, and the published form, every skip block at each step: by the formula
of the blocks, and "dense" by the adjacency matrix. Prints medians in milliseconds and the ratio to
the torch MLP.

Expected before the first run, from counting matrix products: twice the MLP for dense hidden
layers, less where the inputs are many, and less than the MLP for tiny networks, where the number of
operator calls decides. Trained input eigenvalues: one product of the inputs' two more each way.

What was tried for the products of a layer, of 200 rows and 64 to 256 units, in microseconds: the
carry and its scaled copy stacked over the batch 87, one product with T_i over φ 83, two products 89
forward of 150 inputs, and likewise backward; stacked, the input eigenvalues take a third product
and two passes over the batch, so that all gradients of 150 → 64 → 64 → 1 took 734 where the two
products take 493.
"""

import argparse
import warnings
from itertools import pairwise
from time import perf_counter

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier, MLPRegressor
from skorch import NeuralNetClassifier, NeuralNetRegressor
from torch import nn

from sk_spectral import SpectralNetwork
from sk_spectral.data.batches import Batch
from sk_spectral.spectral import algebra
from sk_spectral.spectral.tensor_activations import TENSOR_ACTIVATIONS
from sk_spectral.training.flat_parameters import flat_parameters
from sk_spectral.training.losses import LogLoss, SquaredError
from sk_spectral.training.optimizers import FusedAdamW
from sk_spectral.training.step import direct_steps

SHAPES = [
    ((2, 300, 1), 100),
    ((65, 128, 128, 128, 10), 128),
    ((784, 256, 256, 256, 256, 10), 128),
]
_LARGEST_PUBLISHED = 800
_BATCHES_A_FIT = 40


class DenseNetwork(SpectralNetwork):
    """The published form by the adjacency: Φ, its inverse, A = ΦΛΦ⁻¹, and its blocks."""

    def forward(self, X, unit_masks=None):
        X = torch.cat([X, X.new_ones(len(X), 1)], dim=1)
        lam = list(self.eigenvalues)
        A = algebra.adjacency(lam, list(self.eigenvectors))
        blocks = algebra.split_blocks(A, algebra.layer_sizes_of(lam))
        return algebra.direct_forward(X, blocks, TENSOR_ACTIVATIONS[self.activation].function)


class PublishedNetwork(SpectralNetwork):
    """The published form by its blocks.

    W_ij = (−1)^{i−1−j} [φ_{i−1} L_{i−1} − L_i φ_{i−1}] φ_{i−2} … φ_j: every block at each step,
    with products by dense diagonal matrices, and the sum over all of them.
    """

    def forward(self, X, unit_masks=None):
        X = torch.cat([X, X.new_ones(len(X), 1)], dim=1)
        phi, L = list(self.eigenvectors), [torch.diag(lam) for lam in self.eigenvalues]
        blocks = {}
        for i in range(1, len(L)):
            for j in range(i):
                blocks[i, j] = phi[i - 1] @ L[i - 1] - L[i] @ phi[i - 1]
                for k in range(i - 2, j - 1, -1):
                    blocks[i, j] = -blocks[i, j] @ phi[k]
        return algebra.direct_forward(X, blocks, TENSOR_ACTIVATIONS[self.activation].function)


def mlp(sizes):
    layers = [layer for pair in pairwise(sizes) for layer in (nn.Linear(*pair), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def step_of(network, X, y, loss):
    """Step of an ordinary loop in torch."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, fused=True)

    def step():
        optimizer.zero_grad()
        loss(network(X), y).mean().backward()
        optimizer.step()

    return step


def spectral_step(network, X, y, loss, penalty, average=False):
    """Step of the estimators, with their two groups of parameters."""
    flat = [parameter for _, parameter in flat_parameters(network)]
    groups = [{"params": flat[:1], "lr": 3e-2, "weight_decay": 0.0}, {"params": flat[1:]}]
    optimizer = FusedAdamW(groups, lr=1e-3)
    steps = direct_steps(network, loss, optimizer, penalty=penalty, alpha=3e-4, average=average)
    step = steps.__enter__()  # for as long as the process lives
    step.begin_epoch()
    batch = Batch(torch.cat([X, X.new_ones(len(X), 1)], dim=1), y, None)

    def call(kept=steps):  # which would put the parameters back
        step(batch)

    return call


def epochs_of_the_others(sizes, X, y, device):
    """One pass of scikit-learn's MLP and of a skorch net, over many batches."""
    regression = sizes[-1] == 1
    rows, targets = X.cpu().repeat(_BATCHES_A_FIT, 1), y.cpu().repeat(_BATCHES_A_FIT, 1)
    targets = targets if regression else y.cpu().repeat(_BATCHES_A_FIT)
    theirs = (MLPRegressor if regression else MLPClassifier)(
        hidden_layer_sizes=sizes[1:-1], batch_size=len(X), max_iter=1
    )
    plain = (NeuralNetRegressor if regression else NeuralNetClassifier)(
        mlp(sizes), optimizer=torch.optim.Adam, batch_size=len(X), max_epochs=1, verbose=0,
        train_split=None, criterion=nn.MSELoss if regression else nn.CrossEntropyLoss,
        device=device,
    ).initialize()  # fmt: skip
    X_array, y_array = rows.double().numpy(), targets.double().numpy().squeeze()
    return {
        "scikit-learn": lambda: theirs.fit(X_array, y_array),
        "skorch": lambda: plain.partial_fit(rows.numpy(), targets.numpy()),
    }


def synchronized_time(step, n_steps, device):
    start = perf_counter()
    for _ in range(n_steps):
        step()
    if device == "cuda":
        torch.cuda.synchronize()
    return (perf_counter() - start) / n_steps


def interleaved_medians(contenders, repeats, device="cpu"):
    """Median seconds a call, for (function, calls in a row) by name; the first pass warms up."""
    times = {name: [] for name in contenders}
    for repeat in range(repeats + 1):
        for name, (call, n_calls) in contenders.items():
            seconds = synchronized_time(call, n_calls, device)
            if repeat:
                times[name].append(seconds)
    return {name: float(np.median(values)) for name, values in times.items()}


def contenders_for(sizes, n_rows, device):
    """For each contender a function to time, how often to call it, and steps in a call."""
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(n_rows, sizes[0], generator=generator).to(device)
    if sizes[-1] == 1:
        y, loss = torch.randn(n_rows, 1, generator=generator).to(device), SquaredError()
    else:
        y = (torch.arange(n_rows) % sizes[-1]).to(device)
        loss = LogLoss()

    def new(trained=True):
        generator = torch.Generator().manual_seed(0)
        network = SpectralNetwork(sizes, train_input_eigenvalues=trained, generator=generator)
        return network.to(device)

    contenders = {
        "torch MLP": (step_of(mlp(sizes).to(device), X, y, loss), 30, 1),
        "spectral": (spectral_step(new(), X, y, loss, None, True), 30, 1),
        "+ gamma": (spectral_step(new(), X, y, loss, "gamma", True), 30, 1),
        "frozen": (spectral_step(new(False), X, y, loss, None, False), 30, 1),
        "module": (step_of(new(), X, y, loss), 30, 1),
    }
    for name, epoch in epochs_of_the_others(sizes, X, y, device).items():
        contenders[name] = (epoch, 1, _BATCHES_A_FIT)
    if sum(sizes) <= _LARGEST_PUBLISHED:
        contenders["dense"] = (step_of(DenseNetwork(sizes).to(device), X, y, loss), 2, 1)
        contenders["blocks"] = (step_of(PublishedNetwork(sizes).to(device), X, y, loss), 2, 1)
    return contenders


def measure(sizes, n_rows, *, device, repeats):
    """Median seconds a step by contender."""
    contenders = contenders_for(sizes, n_rows, device)
    medians = interleaved_medians(
        {name: (step, n_calls) for name, (step, n_calls, _) in contenders.items()}, repeats, device
    )
    return {name: median / contenders[name][2] for name, median in medians.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=15)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # one epoch does not converge
    names = [
        "torch MLP",
        "spectral",
        "+ gamma",
        "frozen",
        "module",
        "scikit-learn",
        "skorch",
        "blocks",
        "dense",
    ]
    print(f"{'shape, batch':<26}" + "".join(f"{name:>16}" for name in names))
    for sizes, n_rows in SHAPES:
        times = measure(sizes, n_rows, device=arguments.device, repeats=arguments.repeats)
        shape = f"{sizes[0]} -> {sizes[1]}x{len(sizes) - 2} -> {sizes[-1]}, {n_rows}"
        line = f"{shape:<26}"
        for name in names:
            if name in times:
                ratio = times[name] / times["torch MLP"]
                line += f"{f'{1e3 * times[name]:.2f} ms ({ratio:.2f})':>16}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
