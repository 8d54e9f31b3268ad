"""A topology in words: one line of it, and a table for a terminal."""

from typing import Any

_MOST_LISTED = 20


def headline_of(topology: Any) -> str:
    """What was learned, in one line."""
    if topology.is_linear:
        parts = ["linear: no hidden unit pays for itself", f"{topology.n_parameters} parameters"]
    elif topology.n_active_layers == 0:
        parts = [
            "additive: no hidden unit pays for itself",
            f"{_pieces(topology)}, {topology.n_parameters} parameters",
        ]
    else:
        share = 100.0 * topology.n_parameters / topology.n_parameters_searched
        parts = [
            f"{topology.n_active_layers} of {len(topology.active_units)} hidden layers, "
            f"{sum(topology.n_active_units)} of {sum(topology.layer_sizes[1:-1])} units, "
            f"{float(f'{share:.2g}'):g} % of the parameters"
        ]
        if any(topology.n_pieces):
            parts.append(_pieces(topology))
    if topology.loss_before is not None and topology.loss_after is not None:
        parts.append(
            f"loss {topology.loss_before:.4g} before pruning, {topology.loss_after:.4g} after"
        )
    if not topology.is_linear:
        if topology.nonlinear_share is not None:
            parts.append(f"{100.0 * topology.nonlinear_share:.2g} % of the predictions nonlinear")
        if topology.interaction_share:
            parts[-1] += f", {100.0 * topology.interaction_share:.2g} % no sum over the features"
        parts.append(f"‖Γ‖ = {topology.gamma_norm:.4g}")
    return "; ".join(parts)


def summary_of(topology: Any) -> str:
    """The headline, and a text table of layers and blocks for a terminal."""
    lines = [
        headline_of(topology),
        "",
        f"{'layer':<12}{'units':>7}{'active':>8}   norms of the blocks it reads",
    ]
    for name, size, active, reads in layer_table(topology):
        blocks = "  ".join(f"{source} {norm:.3g}" for source, norm in reads)
        lines.append(f"{name:<12}{size:>7}{active:>8}   {blocks}".rstrip())
    bent = [
        f"{name_of(topology, feature)}: {n}" for feature, n in enumerate(topology.n_pieces) if n
    ]
    if bent:
        more = [f"and {len(bent) - _MOST_LISTED} more"] if len(bent) > _MOST_LISTED else []
        lines.append(f"pieces by feature   {', '.join(bent[:_MOST_LISTED] + more)}")
    return "\n".join(lines)


def layer_table(topology: Any) -> list[tuple[str, int, int, list[tuple[str, float]]]]:
    """Name, size and active units of each layer, and the blocks that it reads with their norms."""
    names = topology.layer_names()
    counts = (topology.layer_sizes[0], *topology.n_active_units, topology.layer_sizes[-1])
    return [
        (
            names[i],
            topology.layer_sizes[i],
            counts[i],
            [
                (names[j], float(topology.block_norms[i, j]))
                for j in range(i)
                if topology.active_blocks[i, j]
            ],
        )
        for i in range(len(names))
    ]


def name_of(topology: Any, feature: int) -> str:
    """Of a feature, or its number where X had no names."""
    names = topology.feature_names
    return str(names[feature]) if names else str(feature)


def _pieces(topology: Any) -> str:
    n_bent = sum(n > 0 for n in topology.n_pieces)
    return f"{sum(topology.n_pieces)} pieces of {n_bent} feature{'s' * (n_bent != 1)}"
