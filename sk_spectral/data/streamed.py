"""Rows that are too many for memory, as they are trained on: blocks, shuffled and read ahead."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pickle import dumps
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import get_config
from torch import Tensor

from sk_spectral.data.batches import Batch, TensorDataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.moments import Moments
from sk_spectral.data.reservoir import joined
from sk_spectral.data.scaling import Scaling

_BYTES = 4  # of a number that is trained on
_SHARE_OF_SHUFFLED, _SHARE_AHEAD, _SHARE_HELD = 0.125, 0.125, 0.25
_MOST_ROWS_SHUFFLED = 1 << 18
_FEWEST_ROWS_IN_UNITS, _ROWS_IN_UNITS = 256, 4096
_PARTS_AHEAD = 8
_MOST_SEEDS = 2**62


def rows_in_memory(n_inputs: int) -> int:
    """How many rows of so many inputs `working_memory` of scikit-learn's configuration holds."""
    return int(get_config()["working_memory"] * 2**20) // (_BYTES * max(n_inputs, 1))


@dataclass(frozen=True, eq=False)
class Stream:
    """Rows that are not all in memory.

    Attributes
    ----------
    blocks : callable
        Gives the rows to train on block by block, checked: in another order with a
        `numpy.random.Generator`, in their own with None.
    n_rows : int
        How many that are.
    mean_weight : float
    moments : Moments
        Exact ones, of the features that are numbers.
    is_number, complete : bool arrays of shape (n_features,)
        Which these are, and in which of them no number is missing.
    n_of_others : int
        How many of the rows are of other processes, whose blocks are not these.
    held : dict
        Rows in units of training, where memory has room for all of this process: by units.
    """

    blocks: Callable[[np.random.Generator | None], Iterator[Data]]
    n_rows: int
    mean_weight: float
    moments: Moments
    is_number: NDArray[np.bool_]
    complete: NDArray[np.bool_]
    n_of_others: int = 0
    held: dict[Any, TensorDataset] = field(default_factory=dict)

    @property
    def n_own(self) -> int:
        """How many of the rows are of this process."""
        return self.n_rows - self.n_of_others

    def exact(self, of_sample: Moments) -> Moments:
        """Moments of all inputs, from those of a sample: of numbers those of all rows.

        Of a number that is missing in some rows, where a sample tells the mean and the deviation
        with what is filled in, the extremes.
        """
        found = {name: values.copy() for name, values in vars(of_sample).items()}
        numbers = np.flatnonzero(self.is_number)
        for name, values in vars(self.moments).items():
            which = np.ones(len(numbers), dtype=bool)
            if name in ("mean", "deviation"):
                silent = (of_sample.deviation[numbers] == 0) & ~self.moments.constant
                which = self.complete | silent
            found[name][numbers[which]] = values[which]
        return Moments(**found)


@dataclass(frozen=True, eq=False)
class Pass:
    """What of a stream is gone through, and as what.

    Attributes
    ----------
    scaling : Scaling
        To whose units rows are brought.
    most : int or None
        Rows, at most, other ones in each pass; None for all.
    changes : tuple of callables
        Each gives the rows to train on for those that come.
    """

    scaling: Scaling
    most: int | None = None
    changes: tuple[Callable[[TensorDataset], TensorDataset], ...] = ()


@dataclass(frozen=True, eq=False)
class OfInputs:
    """Rows with some of their columns alone, by a mask of shape (n_features,)."""

    read: Tensor

    def __call__(self, rows: TensorDataset) -> TensorDataset:
        return rows.with_inputs(self.read)


class StreamedRows:
    """Rows of a stream in the units of training, of which some are in memory at a time.

    Where several processes have rows each, these are its own, and its length is that of all.

    Parameters
    ----------
    stream : Stream
    of_pass : Pass
    dtype : torch.dtype
    device : torch.device
    """

    def __init__(
        self, stream: Stream, of_pass: Pass, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.stream, self.of_pass = stream, of_pass
        self._scaling, self._dtype, self._device = of_pass.scaling, dtype, device
        most, n_all = of_pass.most, stream.n_rows
        self._n_rows = n_all if most is None else min(most, n_all)
        self.n_own = stream.n_own * self._n_rows // n_all
        # Here, as a thread has a configuration of its own.
        ahead = int(_SHARE_AHEAD * rows_in_memory(len(self._scaling.input_mean))) // _PARTS_AHEAD
        self._step = min(max(ahead, _FEWEST_ROWS_IN_UNITS), _ROWS_IN_UNITS)
        room = int(_SHARE_OF_SHUFFLED * rows_in_memory(2 * self._scaling.n_features))
        n_held = int(_SHARE_HELD * rows_in_memory(len(self._scaling.input_mean)))
        self.holds_all = stream.n_own <= n_held
        self._room = max(min(room, _MOST_ROWS_SHUFFLED, self.n_own), self._step)

    def __len__(self) -> int:
        return self._n_rows

    @property
    def is_whole(self) -> bool:
        """Whether a pass goes through all rows."""
        return self._n_rows == self.stream.n_rows

    def at_most(self, n_rows: int) -> "StreamedRows":
        """So many of the rows in a pass, other ones in each."""
        return self._with(replace(self.of_pass, most=n_rows))

    def with_changed(self, change: Callable[[TensorDataset], TensorDataset]) -> "StreamedRows":
        """With the rows that a function gives for them."""
        return self._with(replace(self.of_pass, changes=(*self.of_pass.changes, change)))

    def with_inputs(self, read: Tensor) -> "StreamedRows":
        """The same rows with some columns of X, by a mask of shape (n_features,)."""
        return self.with_changed(OfInputs(read))

    def _with(self, of_pass: Pass) -> "StreamedRows":
        return StreamedRows(self.stream, of_pass, self._dtype, self._device)

    def batches(
        self, batch_size: int, generator: torch.Generator | None, *, constant: bool = False
    ) -> "StreamedBatches":
        """Batches, in another order in each pass: without a generator in that of the rows."""
        return StreamedBatches(self, batch_size, generator, constant)

    def in_units(self, random: np.random.Generator | None) -> Iterator[TensorDataset]:
        """Rows in a random order, or in their own, some thousands at a time."""
        parts = self._of_held(random) if self.holds_all else self._read(random)
        for rows in parts:
            for change in self.of_pass.changes:
                rows = change(rows)
            yield rows

    def one_pass(self) -> Iterator[TensorDataset]:
        """As many of the rows as are gone through, in no order that matters."""
        left = self.n_own
        for rows in self.in_units(np.random.default_rng(0)):
            yield rows if len(rows) <= left else TensorDataset(*rows.take(slice(left)))
            left -= len(rows)
            if left <= 0:
                return

    def _of_held(self, random: np.random.Generator | None) -> Iterator[TensorDataset]:
        # By what the units are: another scaling may be a copy that another process has sent.
        held, units = self.stream.held, (dumps(self._scaling), self._dtype, self._device)
        if units not in held:
            held.clear()
            held[units] = joined_tensors(list(self._read(None)))
        n_rows = len(held[units])
        order = torch.arange(n_rows)
        if random is not None:
            order = torch.as_tensor(random.permutation(n_rows))
        for picked in order.to(self._device).split(self._step):
            yield TensorDataset(*held[units].take(picked))

    def _read(self, random: np.random.Generator | None) -> Iterator[TensorDataset]:
        for data in self._shuffled(random):
            rows = self._scaling.to_rows(data, dtype=self._dtype, device=self._device)
            if data.sample_weight is not None:
                weight = torch.as_tensor(data.sample_weight / self.stream.mean_weight)
                rows.sample_weight = weight.to(self._device, self._dtype)
            yield rows

    def _shuffled(self, random: np.random.Generator | None) -> Iterator[Data]:
        """Rows of several blocks in one random order, some at a time."""
        held: list[Data] = []
        for data in self.stream.blocks(random):
            held.append(data)
            if sum(map(len, held)) >= self._room:
                yield from _cut(held, random, self._step)
                held = []
        if held:
            yield from _cut(held, random, self._step)


def _cut(held: list[Data], random: np.random.Generator | None, step: int) -> Iterator[Data]:
    """Pieces of so many rows of all of them, in a random order."""
    data = joined(*held)
    if all(some.sample_weight is None for some in held):
        data = replace(data, sample_weight=None)
    order = np.arange(len(data)) if random is None else random.permutation(len(data))
    for start in range(0, len(order), step):
        yield data.take(order[start : start + step])


class StreamedBatches:
    """What `StreamedRows.batches` gives: to be gone through once for each epoch.

    Parameters
    ----------
    rows : StreamedRows
    batch_size : int
    generator : torch.Generator or None
        Gives the seed of each pass; without it rows keep their order.
    constant : bool
        Append a column of ones to X.
    """

    def __init__(
        self,
        rows: StreamedRows,
        batch_size: int,
        generator: torch.Generator | None,
        constant: bool,
    ) -> None:
        self.rows, self.batch_size, self.constant = rows, batch_size, constant
        self._generator = generator
        self.n_batches = -(-len(rows) // batch_size)

    def __len__(self) -> int:
        return self.n_batches

    def __iter__(self) -> Iterator[Batch]:
        random = None
        if self._generator is not None:
            seed = int(torch.randint(_MOST_SEEDS, (1,), generator=self._generator))
            random = np.random.default_rng(seed)
        parts = self.rows.in_units(random)
        yield from self._of_parts(parts if self.rows.holds_all else _ahead(parts))

    def _of_parts(self, parts: Iterator[TensorDataset]) -> Iterator[Batch]:
        """Batches of as equal sizes as they can be."""
        n_rows = self.rows.n_own
        rest: TensorDataset | None = None
        for k in range(self.n_batches):
            size = (k + 1) * n_rows // self.n_batches - k * n_rows // self.n_batches
            while rest is None or len(rest) < size:
                found = next(parts, None)
                if found is None:
                    break
                found = self._with_constant(found)
                rest = joined_tensors([rest, found]) if rest is not None and len(rest) else found
            if rest is None or len(rest) < size:
                raise ValueError(
                    f"X had {n_rows} rows to train on in the first pass, but fewer in a later one: "
                    "it must give the same rows whenever it is gone through."
                )
            yield rest.take(slice(0, size))
            rest = TensorDataset(*rest.take(slice(size, None)))
        if self.rows.is_whole and ((rest is not None and len(rest)) or next(parts, None)):
            raise ValueError(
                f"X had {n_rows} rows to train on in the first pass, but more in a later one: it "
                "must give the same rows whenever it is gone through."
            )

    def _with_constant(self, rows: TensorDataset) -> TensorDataset:
        if not self.constant:
            return rows
        X: Tensor = torch.cat([rows.X, rows.X.new_ones(len(rows), 1)], dim=1)
        return TensorDataset(X, rows.y, rows.sample_weight)


def joined_tensors(several: list[TensorDataset]) -> TensorDataset:
    """The rows of several, in order."""
    if len(several) == 1:
        return several[0]
    weights = [rows.sample_weight for rows in several if rows.sample_weight is not None]
    return TensorDataset(
        torch.cat([rows.X for rows in several]),
        torch.cat([rows.y for rows in several]),
        torch.cat(weights) if weights else None,
    )


def _ahead(parts: Iterator[TensorDataset]) -> Iterator[TensorDataset]:
    """The same, the next being made by another thread while one is worked on."""
    coming: deque[Future[TensorDataset | None]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="sk_spectral-read-ahead") as thread:
        coming.extend(thread.submit(next, parts, None) for _ in range(_PARTS_AHEAD))
        while (found := coming.popleft().result()) is not None:
            coming.append(thread.submit(next, parts, None))
            yield found
