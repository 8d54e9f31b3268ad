"""A sample of all rows of a stream, of fixed size, in which rare classes stay."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sk_spectral.data.dataset import Data
from sk_spectral.data.sparse import stacked

Array = NDArray[Any]

_MOST_ROWS = 500
_FEWEST_ROWS_OF_A_CLASS = 20
_VALUES = 1 << 18


@dataclass(frozen=True, eq=False)
class Reservoir:
    """Rows drawn from all that were seen, each as likely as any other of its class.

    Vitter, "Random sampling with a reservoir", ACM TOMS 1985, one reservoir a class.

    Attributes
    ----------
    rows : Data
        The sample, with the weights that the rows came with.
    capacity : int
        Most rows of each class.
    n_seen : int array of shape (n_strata,)
        Rows seen by stratum: by class, or all of a regression.
    weights : array of shape (n_strata,)
        Sum of their weights.
    seed : int
    """

    rows: Data
    capacity: int
    n_seen: NDArray[np.int64]
    weights: Array
    seed: int

    @classmethod
    def empty(cls, data: Data, seed: int) -> Self:
        """Room for rows like those of `data`, fewer of them where they are wide."""
        n_strata = data.targets.n_strata
        capacity = min(_MOST_ROWS, max(_VALUES // max(data.n_features, 1), 50)) // n_strata
        return cls(
            replace(
                data, y=data.y[:0], sample_weight=np.empty(0), source=data.source[:0], rows=None
            ),
            max(capacity, _FEWEST_ROWS_OF_A_CLASS),
            np.zeros(n_strata, dtype=np.int64),
            np.zeros(n_strata),
            seed,
        )

    def __len__(self) -> int:
        return len(self.rows)

    def with_rows(self, data: Data) -> "Reservoir":
        """The sample after these rows have come, too."""
        both = joined(self.rows, data)
        n_kept, n_seen, weights = len(self), self.n_seen.copy(), self.weights.copy()
        codes, weight = _codes(both), both.sample_weight
        assert weight is not None
        chosen = []
        for k in np.unique(codes):
            slots, new = np.split(rows := np.flatnonzero(codes == k), [(rows < n_kept).sum()])
            weights[k] += weight[new].sum()
            n_free = self.capacity - len(slots)
            slots, rest = np.concatenate([slots, new[:n_free]]), new[n_free:]
            random = np.random.default_rng([self.seed, int(k), int(n_seen[k])])
            seen_before = n_seen[k] + n_free + np.arange(len(rest))
            drawn = (random.random(len(rest)) * (seen_before + 1)).astype(int)
            stays = drawn < self.capacity
            slots[drawn[stays]] = rest[stays]
            chosen.append(slots)
            n_seen[k] += len(new)
        kept = np.sort(np.concatenate(chosen))
        sample = replace(both, y=both.y[kept], sample_weight=weight[kept], source=both.source[kept])
        return Reservoir(sample, self.capacity, n_seen, weights, self.seed)

    def weighed(self) -> Data:
        """The sample with weights that make each class count as all rows seen of it do."""
        codes, own = _codes(self.rows), self.rows.sample_weight
        assert own is not None
        kept = np.bincount(codes, own, len(self.weights))
        weight = own * (self.weights / np.where(kept > 0, kept, 1.0))[codes]
        even = np.ptp(weight) <= 1e-9 * weight.max()
        return replace(self.rows, sample_weight=None if even else weight)


def joined(*several: Data) -> Data:
    """The rows of several data, in order, each with its weight."""
    if several[-1].is_sparse:
        X = stacked([data.matrix() for data in several])
    else:
        X = np.concatenate([part for data in several for part in data.parts_of_X()])
    weights = [
        np.ones(len(data)) if data.sample_weight is None else data.sample_weight for data in several
    ]
    y = np.concatenate([data.y for data in several])
    last = several[-1]
    return Data(y, np.concatenate(weights), X, targets=last.targets, encoding=last.encoding)


def _codes(data: Data) -> NDArray[np.int64]:
    strata = data.strata
    return np.zeros(len(data), dtype=np.int64) if strata is None else strata
