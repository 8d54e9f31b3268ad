"""Random numbers of a search: a stream for each purpose, so that none moves another."""

import numpy as np
import torch

NAMES = ("split", "folds", "initialization", "shuffle", "fine-tuning", "sample")
"""What is drawn for: rows set apart; folds and all that is drawn in them; the network; the order of
its batches; that of what is left of it; the rows of a stream that are kept. New ones go to the end:
the place of a name is part of its seeds."""


class RandomStreams:
    """Seeds by name, each a child of one SeedSequence.

    Parameters
    ----------
    random_state : RandomState
        Drawn from once.
    entropy : list of int, optional
        That of streams that are to be drawn again; by default what was drawn.

    Attributes
    ----------
    entropy : list of int
    """

    def __init__(
        self, random_state: np.random.RandomState, entropy: list[int] | None = None
    ) -> None:
        drawn = random_state.randint(2**32, size=4, dtype=np.uint64)
        self.entropy = [int(number) for number in drawn] if entropy is None else entropy
        self._n_drawn = dict.fromkeys(NAMES, 0)

    def seed(self, name: str) -> int:
        """The next one of this stream, below 2^32."""
        key = NAMES.index(name), self._n_drawn[name]
        self._n_drawn[name] += 1
        return int(np.random.SeedSequence(self.entropy, spawn_key=key).generate_state(1)[0])

    def generator(self, name: str) -> torch.Generator:
        """A generator of torch with the next seed of this stream."""
        return torch.Generator().manual_seed(self.seed(name))

    def from_the_beginning(self) -> "RandomStreams":
        """The same streams, none of them drawn from: for what is compared with what has drawn."""
        again = object.__new__(RandomStreams)
        again.entropy, again._n_drawn = self.entropy, dict.fromkeys(NAMES, 0)
        return again
