"""A topology in a notebook: verdict, a small picture as SVG, and a table; no script.

Text takes the colour of the page, so that it can be read on light and on dark ground. A dot's area
is the importance of a feature or unit over the largest of its layer, an arrow's width the norm of
its block over the largest.
"""

from collections.abc import Iterable
from html import escape
from typing import Any

from sk_spectral.model.topology_text import headline_of, layer_table, name_of

BLUE, VERMILION = "#0072B2", "#D55E00"
"""Of Okabe and Ito's colours, which colour-blind eyes tell apart, on light and on dark ground."""

_MOST_DOTS, _MOST_LETTERS = 12, 22
_STEP, _APART, _LEFT, _ROOM, _ARC = 17.0, 150.0, 172.0, 14.0, 44.0
_MEANING = {
    "linear": "nothing bends or joins surely enough to pay for it",
    "additive": "each feature acts by a curve of its own, none together",
    "network": "features act together",
}


def html_of(topology: Any) -> str:
    """Verdict, picture and table, as one element."""
    rest = headline_of(topology).removeprefix(f"{topology.verdict}: ")
    rows = "".join(
        f"<tr><td style='text-align:left'>{escape(name)}</td><td>{size}</td><td>{active}</td>"
        "<td style='text-align:left'>"
        + escape(", ".join(f"{source} {norm:.3g}" for source, norm in reads))
        + "</td></tr>"
        for name, size, active, reads in layer_table(topology)
    )
    return (
        "<div class='sk-spectral-topology' "
        "style='max-width:46em;overflow-x:auto;overflow-wrap:normal'>"
        f"<p><strong>{topology.verdict}</strong>: {_MEANING[topology.verdict]}<br>"
        f"<small>{escape(rest)}</small></p>{svg_of(topology)}"
        "<table><thead><tr><th style='text-align:left'>layer</th><th>units</th><th>active</th>"
        "<th style='text-align:left'>norms of the blocks it reads</th></tr></thead>"
        f"<tbody>{rows}</tbody></table><small>Dots: share of the paths, orange where a feature "
        "bends; lines: norms of blocks.</small></div>"
    )


def svg_of(topology: Any) -> str:
    """Columns of features and units by importance, joined by the active blocks."""
    layers = topology.layers()
    columns = {number: _dots(topology, number, active) for number, _, _, active in layers}
    tallest = max(len(dots) for dots, _ in columns.values())
    edges = topology.edges()
    above = _ROOM + _ARC * any(_skips(edge, columns) for edge in edges)
    middle = above + _STEP * max(tallest - 1, 3) / 2
    x = {number: _LEFT + _APART * place for place, (number, *_) in enumerate(layers)}
    top = {n: middle - _STEP * (len(dots) - 1) / 2 for n, (dots, _) in columns.items()}
    width, height = x[layers[-1][0]] + 70.0, 2 * middle - above + 66.0
    largest = max((norm for *_, norm in edges), default=1.0)
    parts = [_arrow(edge, x, top, middle, largest) for edge in edges]
    for number, name, size, active in layers:
        dots, left_out = columns[number]
        for place, (share, label, bends) in enumerate(dots):
            y = top[number] + _STEP * place
            colour = VERMILION if bends else BLUE
            parts.append(
                f"<circle cx='{x[number]:.0f}' cy='{y:.1f}' r='{1.5 + 5.5 * share**0.5:.1f}' "
                f"fill='{colour}'><title>{escape(label)}</title></circle>"
            )
            if number == 0:
                parts.append(_text(x[0] - 12, y + 4, label, "end"))
        if left_out:
            below = top[number] + _STEP * len(dots) + 2
            parts.append(_text(x[number], below, f"and {left_out} more"))
        inside = 0 < number < len(topology.layer_sizes) - 1
        count = f"{active} of {size}" if inside else f"{size}"
        parts.append(_text(x[number], height - 24, name))
        parts.append(_text(x[number], height - 9, count))
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' role='img' width='{width:.0f}' "
        f"height='{height:.0f}' viewBox='0 0 {width:.0f} {height:.0f}' "
        f"style='max-width:100%;height:auto'><title>{escape(headline_of(topology))}</title>"
        f"{''.join(parts)}</svg>"
    )


def _dots(topology: Any, number: int, active: int) -> tuple[list[tuple[float, str, bool]], int]:
    """Importance over the largest, label, and whether it bends, of the first; how many more."""
    if number == 0:
        shares, pieces = topology.feature_importances, topology.n_pieces or (0,) * active
        shares = [1.0] * active if shares is None else shares
        names = [_short(name_of(topology, feature)) for feature in range(active)]
        labels = [
            f"{name} ({n} pieces)" if n else name for name, n in zip(names, pieces, strict=True)
        ]
        bends = [n > 0 for n in pieces]
    else:
        of_layer = topology.unit_importances[number - 1 : number]
        is_hidden = len(of_layer) > 0 and number < len(topology.layer_sizes) - 1
        shares = of_layer[0] if is_hidden else [1.0] * active
        labels = [f"{100 * share:.3g} % of the paths" if is_hidden else "" for share in shares]
        bends = [False] * active
    order = sorted(range(active), key=lambda k: -shares[k])[:_MOST_DOTS]
    largest = max(shares, default=0.0) or 1.0
    return [(shares[k] / largest, labels[k], bends[k]) for k in order], active - len(order)


def _skips(edge: tuple[int, int, float], columns: Iterable[int]) -> bool:
    return any(edge[0] < number < edge[1] for number in columns)


def _arrow(
    edge: tuple[int, int, float], x: dict[int, float], top: dict[int, float], middle: float,
    largest: float,
) -> str:  # fmt: skip
    """From layer to layer, in an arc over those that it skips."""
    source, target, norm = edge
    if _skips(edge, x):
        peak = min(top.values()) - _ARC
        d = f"M{x[source]:.0f} {top[source] - 12:.0f}C{x[source] + 30:.0f} {peak:.0f} "
        d += f"{x[target] - 30:.0f} {peak:.0f} {x[target]:.0f} {top[target] - 12:.0f}"
    else:
        d = f"M{x[source] + 16:.0f} {middle:.0f}L{x[target] - 16:.0f} {middle:.0f}"
    return (
        f"<path d='{d}' fill='none' stroke='currentColor' opacity='0.45' stroke-linecap='round' "
        f"stroke-width='{1.0 + 6.0 * norm / largest:.1f}'><title>norm {norm:.3g}</title></path>"
    )


def _text(x: float, y: float, label: str, anchor: str = "middle") -> str:
    return (
        f"<text x='{x:.0f}' y='{y:.1f}' text-anchor='{anchor}' font-size='12' "
        f"font-family='sans-serif' fill='currentColor'>{escape(label)}</text>"
    )


def _short(name: str) -> str:
    return name if len(name) <= _MOST_LETTERS else name[: _MOST_LETTERS - 1] + "…"
