"""A training step in one thread and in two, by width and batch, quiet and beside busy processes.

Prints median milliseconds, interleaved, and what the second thread gains, as a factor. From this
table comes `threads.LARGEST_WORK_FOR_ONE_THREAD`, the work being 2 · batch · width² of a product.

Expected before the first run: nothing below 10⁷ multiplications, up to 1.7 above 10⁸; beside two
busy processes on two cores a loss at any size, by the time slices that a thread waits for.
"""

import argparse
import subprocess
import sys

import torch
from small import SPIN
from step import interleaved_medians, spectral_step

from sk_spectral import SpectralNetwork
from sk_spectral.training.losses import SquaredError

SHAPES = [(32, 128), (200, 128), (200, 256), (200, 512), (512, 1024)]


def in_threads(step, n_threads):
    """A step that sets the number of threads before."""

    def run():
        torch.set_num_threads(n_threads)
        step()

    return run


def measure(batch, width, repeats):
    """Median seconds of a step with one thread and with two."""
    generator = torch.Generator().manual_seed(0)
    X, y = torch.randn(batch, 20, generator=generator), torch.randn(batch, 1, generator=generator)
    network = SpectralNetwork((20, width, width, width, 1), generator=generator)
    with torch.no_grad():
        for lam in network.eigenvalues[1:-1]:
            lam.normal_(generator=generator)
    step = spectral_step(network, X, y, SquaredError(), None)
    medians = interleaved_medians(
        {n_threads: (in_threads(step, n_threads), 3) for n_threads in (1, 2)}, repeats
    )
    return medians[1], medians[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--busy", type=int, default=2, help="other processes")
    arguments = parser.parse_args()
    before = torch.get_num_threads()
    print(f"{'':<24}{'work':>8}{'one thread':>14}{'two':>12}{'gain':>8}")
    for n_busy in (0, arguments.busy):
        others = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(n_busy)]
        try:
            for batch, width in SHAPES:
                one, two = measure(batch, width, arguments.repeats)
                name = f"{batch} x {width}{f', {n_busy} busy' if n_busy else ''}"
                print(
                    f"{name:<24}{2 * batch * width**2:>8.0e}{1e3 * one:>11.2f} ms"
                    f"{1e3 * two:>9.2f} ms{one / two:>8.2f}",
                    flush=True,
                )
        finally:
            for other in others:
                other.kill()
    torch.set_num_threads(before)


if __name__ == "__main__":
    main()
