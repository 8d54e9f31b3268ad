"""Random numbers of a search."""

import numpy as np
import torch


class RandomStreams:
    """Seeds of all that a search draws.

    Parameters
    ----------
    random_state : RandomState
        Drawn from for each of them.
    """

    def __init__(self, random_state: np.random.RandomState) -> None:
        self.random_state = random_state

    def seed(self) -> int:
        """A new one."""
        return int(self.random_state.randint(2**31 - 1))

    def generator(self) -> torch.Generator:
        """A new one for torch."""
        return torch.Generator().manual_seed(self.seed())
