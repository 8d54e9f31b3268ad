"""From the candidates that a search has tried to the path that a user reads."""

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

import numpy as np

from sk_spectral.data.scaling import Scaling
from sk_spectral.model.compact import CompactNetwork
from sk_spectral.model.path import PathPoint, TopologyPath
from sk_spectral.model.topology import Topology
from sk_spectral.search.candidate import Candidate
from sk_spectral.search.compaction import compact_network


def points_of(tried: Sequence[Candidate], scaling: Scaling) -> list[PathPoint]:
    """Networks that were tried beside the one that is kept, in the user's units.

    Parameters
    ----------
    tried : sequence of Candidate
        Of all inputs of `scaling`, or of those that they name.
    scaling : Scaling
    """
    found = []
    for candidate in tried:
        if not isfinite(candidate.loss_after):
            continue
        masks = [mask.cpu().numpy() for mask in candidate.unit_masks]
        compact = compact_network(candidate.network, masks)
        own = scaling
        if candidate.inputs is not None:
            own = scaling.narrowed(candidate.inputs.cpu().numpy())
        compact, own = _without_unread_pieces(compact, own)
        topology = Topology.from_compact(
            own.attached_to(compact),
            loss_before=candidate.loss_before,
            loss_after=candidate.loss_after,
        )
        found.append(PathPoint(topology, own.fold_into(compact), is_kept=False))
    return found


def _without_unread_pieces(
    compact: CompactNetwork, scaling: Scaling
) -> tuple[CompactNetwork, Scaling]:
    """A linear map reads those alone of the features that bend."""
    n_inputs = compact.n_inputs
    read = np.any([weight[:, :n_inputs].any(axis=0) for weight in compact.weights], axis=0)
    read[: scaling.n_features] = True
    if read.all():
        return compact, scaling
    unread = np.flatnonzero(~read)
    weights = tuple(np.delete(weight, unread, axis=1) for weight in compact.weights)
    return replace(compact, weights=weights), scaling.narrowed(read)


def path_of(points: Sequence[PathPoint], kept: CompactNetwork, topology: Topology) -> TopologyPath:
    """All of them in order, and the one that is kept among them.

    Of those that are larger the numbers alone stay.
    """
    chosen = PathPoint(topology, kept, is_kept=True)
    others = [
        point if point.n_parameters <= chosen.n_parameters else replace(point, compact=None)
        for point in points
    ]
    return TopologyPath(tuple(sorted([chosen, *others], key=lambda point: point.n_parameters)))
