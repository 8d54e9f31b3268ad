"""What several searches found, and how far they agree; needs NumPy alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_spectral.model.topology import Topology

Array = NDArray[np.float64]

VERDICTS = ("linear", "additive", "network")
"""From the lowest step of the ladder to the highest."""

_MOST_LISTED = 20


@dataclass(frozen=True, eq=False, repr=False)
class TopologySample:
    """Topologies of repeated searches of one configuration: their mean, spread and frequencies.

    Attributes
    ----------
    topologies : tuple of Topology
        Of networks of the same layer sizes but for the inputs, one for each repeat.
    """

    topologies: tuple[Topology, ...]

    def __post_init__(self) -> None:
        hidden = {topology.layer_sizes[1:] for topology in self.topologies}
        if len(hidden) != 1:
            raise ValueError(
                "A sample takes topologies of one configuration, whose layers are of the same "
                f"sizes; got {sorted(hidden)}."
            )

    def __len__(self) -> int:
        return len(self.topologies)

    @property
    def verdicts(self) -> dict[str, float]:
        """Share of the repeats that end "linear", "additive" or as a "network"."""
        found = [topology.verdict for topology in self.topologies]
        return {verdict: found.count(verdict) / len(found) for verdict in VERDICTS}

    @property
    def gamma_norms(self) -> Array:
        """‖Γ‖ of each repeat, shape (n_repeats,)."""
        return np.array([topology.gamma_norm for topology in self.topologies])

    @property
    def n_active_units(self) -> NDArray[np.intp]:
        """Active units of each repeat and hidden layer, shape (n_repeats, n_hidden_layers)."""
        counts = [topology.n_active_units for topology in self.topologies]
        return np.array(counts, dtype=np.intp).reshape(len(self), -1)

    @property
    def n_pieces(self) -> NDArray[np.intp]:
        """Pieces of each repeat and feature, shape (n_repeats, n_features)."""
        n_features = max(topology.layer_sizes[0] for topology in self.topologies)
        n_features = max([n_features, *(len(t.n_pieces) for t in self.topologies)])
        counts = np.zeros((len(self), n_features), dtype=np.intp)
        for own, topology in zip(counts, self.topologies, strict=True):
            own[: len(topology.n_pieces)] = topology.n_pieces
        return counts

    @property
    def block_shares(self) -> Array:
        """Share of the repeats in which a block is active, shape (L + 1, L + 1), target first."""
        return np.mean([topology.active_blocks for topology in self.topologies], axis=0)

    def headline(self) -> str:
        """What was learned, and how surely, in one line."""
        n = len(self)
        told = [
            f"{verdict} in {round(share * n)} of {n}"
            for verdict, share in sorted(self.verdicts.items(), key=lambda item: -item[1])
            if share
        ]
        parts = [", ".join(told)]
        units = self.n_active_units.sum(axis=1)
        if units.any():
            parts.append(f"{_spread(units)} units")
        if self.gamma_norms.any():
            parts.append(f"‖Γ‖ = {_spread(self.gamma_norms)}")
        return "; ".join(parts)

    def summary(self) -> str:
        """The headline, and a text table: means, standard deviations and ranges of the repeats."""
        lines = [
            self.headline(),
            "",
            f"{'':<20}{'mean':>10}{'deviation':>12}{'least':>10}{'most':>10}",
        ]
        values = {"‖Γ‖": self.gamma_norms}
        for i, counts in enumerate(self.n_active_units.T, start=1):
            values[f"units of hidden {i}"] = counts
        values["parameters"] = np.array([topology.n_parameters for topology in self.topologies])
        for name, of_repeats in values.items():
            lines.append(
                f"{name:<20}{of_repeats.mean():>10.4g}{deviation(of_repeats):>12.3g}"
                f"{of_repeats.min():>10.4g}{of_repeats.max():>10.4g}"
            )
        bent = (self.n_pieces > 0).mean(axis=0)
        found = [f"{feature}: {bent[feature]:.0%}" for feature in np.argsort(-bent, kind="stable")
                 if bent[feature]]  # fmt: skip
        if found:
            more = [f"and {len(found) - _MOST_LISTED} more"] if len(found) > _MOST_LISTED else []
            lines.append(f"features that bend   {', '.join(found[:_MOST_LISTED] + more)}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The topologies as by `Topology.to_dict`, with verdicts and block shares, for JSON."""
        return {
            "topologies": [topology.to_dict() for topology in self.topologies],
            "verdicts": self.verdicts,
            "block_shares": self.block_shares.tolist(),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TopologySample":
        """The sample that `to_dict` has written down, by way of JSON or not.

        Parameters
        ----------
        values : dict

        Returns
        -------
        TopologySample

        Raises
        ------
        ValueError
            Where values of a topology are missing.
        """
        return cls(tuple(Topology.from_dict(one) for one in values["topologies"]))

    def _repr_html_(self) -> str:
        head, _, *rows = self.summary().splitlines()
        return f"<div><p>{escape(head)}</p><pre>{escape(chr(10).join(rows))}</pre></div>"

    def __repr__(self) -> str:
        return f"TopologySample({self.headline()})"


def deviation(values: NDArray[Any]) -> float:
    """Standard deviation of the repeats, with n − 1; 0 of a single one.

    Parameters
    ----------
    values : array of shape (n_repeats,)
    """
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _spread(values: Sequence[float] | NDArray[Any]) -> str:
    of_repeats = np.asarray(values)
    return f"{of_repeats.mean():.3g} ± {deviation(of_repeats):.2g}"
