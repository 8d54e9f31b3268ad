"""What is done of a training, of how much, and what is left: a line for each."""

import sys
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TextIO

from sk_spectral.data.scaling import Scaling
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.observer import Observer


@dataclass
class _Begun:
    """A training that is under way."""

    task: str
    n_epochs: int
    start: float
    inner: Any
    n_done: int = 0


class ProgressLine(Observer):
    """Writes a line for each training when it ends; on a terminal it is seen to grow.

    Parameters
    ----------
    inner : Observer, optional
        Who is told as well, and decides whether a training ends early.
    out : file, optional
        To write to; by default what is the standard output then.
    """

    def __init__(self, inner: Observer | None = None, out: TextIO | None = None) -> None:
        self._inner, self._out = Observer() if inner is None else inner, out

    def of(self, scaling: Scaling) -> "ProgressLine":
        return ProgressLine(self._inner.of(scaling), self._out)

    def begin(self, task: str, n_epochs: int) -> _Begun:
        return _Begun(task, n_epochs, perf_counter(), self._inner.begin(task, n_epochs))

    def epoch(self, begun: _Begun, network: SpectralNetwork) -> bool:
        begun.n_done += 1
        if self._file.isatty():
            spent = perf_counter() - begun.start
            left = spent / begun.n_done * (begun.n_epochs - begun.n_done)
            self._write(begun, f"{spent:.1f} s, at most {left:.1f} s left", "\r")
        return self._inner.epoch(begun.inner, network)

    def end(self, begun: _Begun, network: SpectralNetwork) -> None:
        self._write(begun, f"{perf_counter() - begun.start:.1f} s", "\n")
        self._inner.end(begun.inner, network)

    @property
    def _file(self) -> TextIO:
        return sys.stdout if self._out is None else self._out

    def _write(self, begun: _Begun, time: str, end: str) -> None:
        line = f"{begun.task}: {begun.n_done} of at most {begun.n_epochs} epochs, {time}"
        padded = f"{line:<72}" if self._file.isatty() else line  # over a longer one before
        self._file.write(padded + end)
        self._file.flush()
