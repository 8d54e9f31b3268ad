"""The processes that fit one estimator together, each its own rows, by torch.distributed.

torchrun, ray's TorchTrainer or Lightning Fabric set the group of processes up; here it is used.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, distributed


class Team:
    """All processes of the default group; the first of them decides.

    Attributes
    ----------
    rank, size : int
        Which of them this is, and how many there are.
    has_failed : bool
        Whether all of them know that one has failed.
    """

    def __init__(self) -> None:
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()
        self.has_failed = False

    @staticmethod
    def of_this_process() -> "Team | None":
        """The team that this process is of; None where it is alone."""
        there = distributed.is_available() and distributed.is_initialized()
        return Team() if there and distributed.get_world_size() > 1 else None

    @property
    def leads(self) -> bool:
        """Whether this is the process that decides."""
        return self.rank == 0

    def told(self, message: Any = None) -> Any:
        """What the first process says, in all of them.

        Raises
        ------
        Exception
            Which the first process has met, in all others.
        """
        content = [message]
        with self._named():
            distributed.broadcast_object_list(content, src=0)
        if isinstance(content[0], BaseException) and not self.leads:
            self.has_failed = True
            raise content[0]
        return content[0]

    def gathered(self, own: Any) -> list[Any] | None:
        """What each process has, in the first of them; None in the others."""
        found: list[Any] | None = [None] * self.size if self.leads else None
        with self._named():
            distributed.gather_object(own, found, dst=0)
        return found

    def all_or_none(self, error: Exception | None) -> None:
        """Raise in each process what one of them has met."""
        met: list[Exception | None] = [None] * self.size
        with self._named():
            distributed.all_gather_object(met, error)
        for rank, other in enumerate(met):
            if other is not None:
                self.has_failed = True
                if rank == self.rank:
                    raise other
                raise type(other)(f"In process {rank} of {self.size}: {other}")

    def add_up(self, values: Tensor) -> None:
        """Sum of a tensor over all processes, in place."""
        with self._named():
            distributed.all_reduce(values)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            self.has_failed = True
            told = str(error).strip().split("\n")[0]
            raise RuntimeError(
                f"Process {self.rank} of {self.size} has lost another one of this fit, which has "
                "ended or did not answer in time. Start all of them again: with a checkpoint the "
                f"fit goes on. ({told})"
            ) from error
