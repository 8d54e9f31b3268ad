"""Growth of a training step with depth, width 128, interleaved in one run.

"spectral" is the step of the estimators, without a penalty. Rivals: a torch MLP of the same shape
and, at the largest depth, the published form. Prints medians in milliseconds and the ratio to
8 hidden layers.

Expected before the first run: 33 / 9 mappings and 31 / 7 products between hidden layers, so that
32 layers cost 3.7 to 4.4 times what 8 do; the published form grows by the cube.
"""

import argparse

import torch
from step import PublishedNetwork, interleaved_medians, mlp, spectral_step, step_of

from sk_spectral import SpectralNetwork
from sk_spectral.training.losses import LogLoss

DEPTHS = [2, 8, 16, 32]
_WIDTH, _BATCH = 128, 128


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--published-repeats", type=int, default=2)
    arguments = parser.parse_args()
    device = arguments.device
    X = torch.randn(_BATCH, 64, generator=torch.Generator().manual_seed(0)).to(device)
    y, loss = (torch.arange(_BATCH) % 10).to(device), LogLoss()

    steps = {}
    for depth in DEPTHS:
        sizes = (64, *[_WIDTH] * depth, 10)
        steps["spectral", depth] = spectral_step(
            SpectralNetwork(sizes).to(device), X, y, loss, None
        )
        steps["torch MLP", depth] = step_of(mlp(sizes).to(device), X, y, loss)
    medians = interleaved_medians(
        {key: (step, 10) for key, step in steps.items()}, arguments.repeats, device
    )
    deepest = DEPTHS[-1]
    if arguments.published_repeats:
        published = PublishedNetwork((64, *[_WIDTH] * deepest, 10)).to(device)
        step = step_of(published, X, y, loss)
        name = "published", deepest
        medians |= interleaved_medians({name: (step, 1)}, arguments.published_repeats, device)

    print(f"{'hidden layers':<16}" + "".join(f"{depth:>20}" for depth in DEPTHS))
    for name in dict.fromkeys(name for name, _ in medians):
        line = f"{name:<16}"
        for depth in DEPTHS:
            cell = ""
            if (name, depth) in medians:
                cell = f"{1e3 * medians[name, depth]:.2f} ms"
                if name != "published":
                    cell += f" ({medians[name, depth] / medians[name, 8]:.2f})"
            line += f"{cell:>20}"
        print(line)
    if ("published", deepest) in medians:
        ratio = medians["published", deepest] / medians["spectral", deepest]
        print(f"published / spectral at {deepest} hidden layers: {ratio:.0f}")


if __name__ == "__main__":
    main()
