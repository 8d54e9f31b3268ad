"""How many threads torch and NumPy's BLAS may use: one where operations are too small to share.

Sharing thousands of small operations gains next to nothing, and where other processes want the
cores it costs many times the work: each operation waits for the last of its threads.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from threadpoolctl import ThreadpoolController  # comes with scikit-learn

LARGEST_WORK_FOR_ONE_THREAD = 1 << 28
"""Multiplications of one operation, from which on a second thread is worth its wait: measured by
`examples/benchmarks/threads.py`."""


class _Calls(threading.local):
    """Of this thread: what its outermost call found, if one is under way."""

    found: list[int] | None = None


class _Process:
    """Of all threads: how many calls are under way, and what the first of them found."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.n_calls = 0
        self.found: list[int] = []
        self.is_forked = False


_calls = _Calls()
_process = _Process()


@contextmanager
def limited_threads(work: float = 0.0) -> Iterator[None]:
    """One thread for what is done inside, unless `work` is enough to share; afterwards as before.

    Inside, a call for more work gives torch back what the outermost call of this thread found. The
    threads of BLAS belong to the whole process: a call that ends gives them back to those of other
    threads that are still under way, too. A forked child has one thread throughout, since torch's
    others were not forked with it and would be waited for without end.

    Parameters
    ----------
    work : float
        Multiplications of the largest operation, or 0 for as little as can be.
    """
    is_large = work > LARGEST_WORK_FOR_ONE_THREAD and not _process.is_forked
    if _calls.found is not None:
        before = torch.get_num_threads()
        torch.set_num_threads(_calls.found[0] if is_large else 1)
        try:
            yield
        finally:
            torch.set_num_threads(before)
    elif is_large:
        yield
    else:
        _calls.found = _enter()
        try:
            yield
        finally:
            _leave(_calls.found)
            _calls.found = None


def _enter() -> list[int]:
    """Threads that torch and each BLAS had, all of which are set to one."""
    with _process.lock:
        found = [torch.get_num_threads(), *(pool.num_threads for pool in _blas_pools())]
        if _process.n_calls == 0:
            _process.found = found
        # Where another call is under way, one thread is what that call has set.
        found = [n if n > 1 else m for n, m in zip(found, _process.found, strict=True)]
        _process.n_calls += 1
    _set([1] * len(found))
    return found


def _leave(found: list[int]) -> None:
    _set(found)
    with _process.lock:
        _process.n_calls -= 1


def _set(numbers: list[int]) -> None:
    torch.set_num_threads(numbers[0])
    for pool, number in zip(_blas_pools(), numbers[1:], strict=True):
        pool.set_num_threads(number)


@cache
def _blas_pools() -> list[Any]:
    # Their own methods: a limit set by threadpoolctl takes longer than to predict a row.
    return ThreadpoolController().select(user_api="blas").lib_controllers


def _after_fork_in_child() -> None:
    """The calls of other threads are not there any more, nor is anyone to end them."""
    global _process
    before, _process = _process, _Process()
    _process.is_forked, _process.found = True, before.found
    if _calls.found is not None:  # forked inside a call, which ends in the child as well
        _process.n_calls = 1
    elif before.n_calls:
        _set(before.found)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
