"""The networks that a search tried to do with, from the linear map to the whole; NumPy alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sk_spectral.model.compact import CompactNetwork
from sk_spectral.model.topology import Topology


@dataclass(frozen=True, eq=False)
class PathPoint:
    """One of the networks that were tried.

    Attributes
    ----------
    topology : Topology
        Its `loss_after` is that on the rows by which units were evaluated, in units of training.
    compact : CompactNetwork or None
        The network itself, in the units of X and y, where it is no larger than the one that was
        kept.
    is_kept : bool
        Whether it is the one that predicts.
    alpha : float or None
        Strength of the penalty that it was trained with, on a path over these.
    """

    topology: Topology
    compact: CompactNetwork | None
    is_kept: bool = False
    alpha: float | None = None

    @property
    def n_units(self) -> int:
        """Active hidden units, of all layers."""
        return sum(self.topology.n_active_units)

    @property
    def n_parameters(self) -> int:
        """As of the topology."""
        return self.topology.n_parameters

    @property
    def loss(self) -> float:
        """As of the topology."""
        loss = self.topology.loss_after
        assert loss is not None
        return loss


@dataclass(frozen=True, eq=False, repr=False)
class TopologyPath:
    """What each size of network would have lost, as far as a search has tried it.

    Linear maps, and every network that was left after a part of it had been dropped and the rest
    been fine-tuned, those that were taken back included: these tell what the next smaller ones
    cost.

    Attributes
    ----------
    points : tuple of PathPoint
        From the fewest parameters to the most; of a path over `alpha` the linear maps, and then
        from the strongest on.
    """

    points: tuple[PathPoint, ...]

    @property
    def kept(self) -> PathPoint | None:
        """The network that predicts; None where there is none but the path."""
        return next((point for point in self.points if point.is_kept), None)

    def named(self, names: Sequence[str]) -> "TopologyPath":
        """The same networks, whose topologies know the names of the features."""
        return TopologyPath(
            tuple(
                replace(point, topology=replace(point.topology, feature_names=tuple(names)))
                for point in self.points
            )
        )

    def at(self, *, n_units: int | None = None, n_parameters: int | None = None) -> PathPoint:
        """The network of the least loss that is no larger than this, and than any that is kept.

        Parameters
        ----------
        n_units : int, optional
            At most so many hidden units.
        n_parameters : int, optional
            At most so many parameters.

        Returns
        -------
        PathPoint
            Its `compact` predicts as `compact_` of the estimator does.

        Raises
        ------
        ValueError
            Where none is so small.
        """
        small = [
            point
            for point in self.points
            if point.compact is not None
            and (n_units is None or point.n_units <= n_units)
            and (n_parameters is None or point.n_parameters <= n_parameters)
        ]
        if not small:
            least = min(self.points, key=lambda point: point.n_parameters)
            raise ValueError(
                f"No network that was tried is so small: the smallest has {least.n_units} units "
                f"and {least.n_parameters} parameters."
            )
        return min(small, key=lambda point: point.loss)

    def summary(self) -> str:
        """A text table, a line for each network; a star marks the one that predicts."""
        has_alphas = any(point.alpha is not None for point in self.points)
        lines = [
            f"{'units':>7}  {'by layer':<14}{'parameters':>12}{'‖Γ‖':>10}{'loss':>12}  verdict"
        ]
        if has_alphas:
            lines[0] = f"{'alpha':>8}{lines[0]}"
        for point in self.points:
            by_layer = " + ".join(map(str, point.topology.n_active_units))
            mark = " *" if point.is_kept else ""
            line = (
                f"{point.n_units:>7}  {by_layer:<14}{point.n_parameters:>12}"
                f"{point.topology.gamma_norm:>10.3g}{point.loss:>12.4g}  "
                f"{point.topology.verdict}{mark}"
            )
            if has_alphas:
                line = f"{'' if point.alpha is None else format(point.alpha, 'g'):>8}{line}"
            lines.append(line)
        return "\n".join(lines)

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        sizes = ", ".join(str(point.n_units) for point in self.points)
        kept = "" if self.kept is None else f", kept={self.kept.n_units}"
        return f"TopologyPath(n_units=[{sizes}]{kept})"
