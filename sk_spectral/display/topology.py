"""Topology and eigenvalues as pictures."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sk_spectral.display.figures import GREY, PALETTE, axes_for, colours, plain, pyplot_or_error
from sk_spectral.model.topology import Topology

_MOST_NAMES = 40
_MOST_DOTS = 60


class TopologyDisplay:
    """Learned topology as a graph of layers or as the matrix of its blocks.

    Parameters
    ----------
    topology : Topology
    feature_names : sequence of str, optional
        Names of the inputs, written beside them where there are at most 40.

    Attributes
    ----------
    ax_, figure_ : matplotlib axes and figure of the last `plot`

    Examples
    --------
    >>> from sk_spectral import SpectralNASRegressor
    >>> from sk_spectral.datasets import make_linear_to_quadratic
    >>> from sk_spectral.display import TopologyDisplay
    >>> X, y, _ = make_linear_to_quadratic(200, random_state=0)
    >>> model = SpectralNASRegressor((8,), max_iter=5, random_state=0).fit(X, y)
    >>> display = TopologyDisplay.from_estimator(model)  # doctest: +SKIP
    """

    def __init__(self, topology: Topology, feature_names: Sequence[str] | None = None) -> None:
        self.topology = topology
        self.feature_names = feature_names

    @classmethod
    def from_estimator(cls, estimator: Any, *, kind: str = "graph", ax: Any = None) -> Self:
        """Draw the topology of a fitted estimator.

        Parameters
        ----------
        estimator : SpectralNASRegressor or SpectralNASClassifier
        kind : {"graph", "blocks"}
        ax : matplotlib axes, optional

        Returns
        -------
        TopologyDisplay
        """
        names = getattr(estimator, "feature_names_in_", None)
        return cls(estimator.topology_, names).plot(kind=kind, ax=ax)

    def plot(self, ax: Any = None, *, kind: str = "graph") -> Self:
        """Draw, on new axes by default.

        "graph": a column of units for each layer that takes part, the most important on top, an
        arrow for each active block, those that skip layers as arcs. A dot's area is the share of
        the paths through it over the largest of its layer, in another colour where a feature bends;
        an arrow's width and colour the norm of the block. "blocks": the matrix of norms, target by
        source.
        """
        if kind not in ("graph", "blocks"):
            raise ValueError(f"kind={kind!r} is not an option. Choose one of 'graph', 'blocks'.")
        if kind == "graph":
            self._plot_graph(ax)
        else:
            self._plot_blocks(ax)
        return self

    def _plot_graph(self, ax: Any) -> None:
        plt = pyplot_or_error()
        layers, edges = self.topology.layers(), self.topology.edges()
        self.figure_, self.ax_ = figure, axes = axes_for(ax, figsize=(2.0 + 1.9 * len(layers), 4.4))
        position = {number: x for x, (number, *_) in enumerate(layers)}
        norms = [norm for *_, norm in edges] or [1.0]
        scale = plt.Normalize(0.0, max(norms))
        palette = colours()
        heights = {}
        for number, name, size, active in layers:
            heights[number] = self._draw_column(axes, position[number], number, active)
            last = number == len(self.topology.layer_sizes) - 1
            count = f"{active} of {size}" if number > 0 and not last else f"{size}"
            if number == 0 and any(self.topology.n_pieces):
                count += f"\n{sum(self.topology.n_pieces)} pieces"
            axes.text(position[number], -1.18, f"{name}\n{count}", ha="center", va="top")
        highest = 1.0
        for source, target, norm in sorted(edges, key=lambda edge: edge[2]):
            span = position[target] - position[source]
            straight = span == 1
            start = (position[source], 0.0 if straight else heights[source])
            end = (position[target], 0.0 if straight else heights[target])
            over = max(0.0, _tallest(heights, source, target) - (start[1] + end[1]) / 2)
            bend = 0.0 if straight else -0.25 - 0.08 * (span - 2) - 1.7 * over / span
            highest = max(highest, max(start[1], end[1]) - bend * span * 0.55)
            axes.annotate(
                "", end, start, zorder=1 if straight else 3,
                arrowprops={
                    "arrowstyle": "-|>", "connectionstyle": f"arc3,rad={bend}",
                    "linewidth": 0.8 + 4.0 * norm / max(norms), "color": palette(scale(norm)),
                    "shrinkA": 9, "shrinkB": 9, "mutation_scale": 12,
                },
            )  # fmt: skip
        longest = max(map(len, self._names()), default=0)
        left = 0.6 + 0.075 * longest
        axes.set_xlim(-left, len(layers) - 0.4)
        axes.set_ylim(-1.75, highest + 0.25)
        axes.set_axis_off()
        axes.set_title(self._title(), fontsize="medium")
        bar = plt.cm.ScalarMappable(scale, palette)
        figure.colorbar(bar, ax=axes, label="norm of the block", shrink=0.6)

    def _draw_column(self, axes: Any, x: float, number: int, active: int) -> float:
        """Dots for units, or a bar where they are many; the height that it reaches."""
        shown = min(active, _MOST_DOTS)
        height = min(1.0, 0.12 * (shown - 1) / 2 + 0.02)
        if active > _MOST_DOTS:
            axes.plot(
                [x, x], [-1, 1], linewidth=7, color=PALETTE[0], alpha=0.6, solid_capstyle="round",
                zorder=2,
            )  # fmt: skip
            return 1.0
        y = np.linspace(height, -height, shown)
        shares = self._importances(number, active)
        order = np.argsort(-shares, kind="stable")
        area = (70 if shown <= 20 else 70 * 20 / shown) * np.maximum(shares[order], 0.04)
        bends = np.zeros(active, dtype=bool)
        if number == 0 and self.topology.n_pieces:
            bends = np.array(self.topology.n_pieces)[order] > 0
        axes.scatter(np.full(shown, x), y, s=area, color=np.array(PALETTE)[bends * 1], zorder=2)
        names = self._names() if number == 0 else []
        if names:
            for feature, level in zip(order, y, strict=True):
                axes.text(
                    x - 0.12, level, names[feature], ha="right", va="center", fontsize="small"
                )
        return height

    def _importances(self, number: int, active: int) -> NDArray[np.float64]:
        """Of the units of a layer, over the largest; 1 where they are not known."""
        topology = self.topology
        shares = topology.feature_importances if number == 0 else None
        if 0 < number <= len(topology.unit_importances):
            shares = topology.unit_importances[number - 1]
        if shares is None or not shares.any():
            return np.ones(active)
        return np.asarray(shares / shares.max())

    def _title(self) -> str:
        """The headline as far as the number of units."""
        return ", ".join(self.topology.headline().split("; ")[0].split(", ")[:2])

    def _names(self) -> list[str]:
        """Names or numbers of the inputs, with how many pieces they have; none of many."""
        pieces = self.topology.n_pieces
        given = self.topology.feature_names if self.feature_names is None else self.feature_names
        if len(given):
            names = [str(name) for name in given]
        else:
            names = [f"{feature}" for feature in range(self.topology.layer_sizes[0])]
        if len(names) > _MOST_NAMES:
            return []
        if not any(pieces):
            return names
        return [
            f"{name} ({n} pieces)" if n else name for name, n in zip(names, pieces, strict=True)
        ]

    def _plot_blocks(self, ax: Any) -> None:
        topology = self.topology
        names = topology.layer_names()
        self.figure_, self.ax_ = figure, axes = axes_for(ax, figsize=(5.2, 4.4))
        norms = np.ma.masked_where(~topology.active_blocks, topology.block_norms)[1:, :-1]
        image = axes.imshow(norms, cmap=colours(), vmin=0)
        axes.set_xticks(range(len(names) - 1), names[:-1], rotation=45, ha="right")
        axes.set_yticks(range(len(names) - 1), names[1:])
        axes.set_xlabel("from")
        axes.set_ylabel("to")
        if len(names) <= 9:
            for i, j in np.argwhere(~np.ma.getmaskarray(norms)):
                axes.text(j, i, f"{norms[i, j]:.2g}", ha="center", va="center", color="white")
        axes.set_title("norms of the active blocks", fontsize="medium")
        axes.spines[:].set_color(GREY)
        figure.colorbar(image, ax=axes, shrink=0.8)


def _tallest(heights: dict[int, float], source: int, target: int) -> float:
    """Of the columns between two layers."""
    return max((h for number, h in heights.items() if source < number < target), default=0.0)


class SpectrumDisplay:
    """Eigenvalues of the network that was searched, by layer, each layer sorted.

    Parameters
    ----------
    eigenvalues : sequence of arrays of shape (n_l,), from the input to the output
    active_units : sequence of bool arrays, for each hidden layer, optional
        Units that are left are drawn filled, the others as rings.

    Attributes
    ----------
    ax_, figure_ : matplotlib axes and figure of the last `plot`
    """

    def __init__(
        self,
        eigenvalues: Sequence[NDArray[Any]],
        active_units: Sequence[NDArray[np.bool_]] | None = None,
    ) -> None:
        self.eigenvalues = eigenvalues
        self.active_units = active_units

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw the eigenvalues of a fitted estimator that still has its `network_`."""
        eigenvalues = [lam.detach().cpu().numpy() for lam in estimator.network_.eigenvalues]
        return cls(eigenvalues, estimator.topology_.active_units).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw, on new axes by default."""
        n_layers = len(self.eigenvalues)
        self.figure_, self.ax_ = _, axes = axes_for(ax, figsize=(1.8 + 1.4 * n_layers, 3.6))
        names = ["input", *(f"hidden {i}" for i in range(1, n_layers - 1)), "output"]
        for i, lam in enumerate(self.eigenvalues):
            order = np.argsort(lam)
            x = i + np.linspace(-0.36, 0.36, len(lam)) if len(lam) > 1 else np.array([i])
            active = np.ones(len(lam), dtype=bool)
            if self.active_units is not None and 0 < i < n_layers - 1:
                active = self.active_units[i - 1][order]
            colour = PALETTE[0]
            axes.scatter(x[active], lam[order][active], s=14, color=colour, linewidths=0)
            axes.scatter(
                x[~active], lam[order][~active], s=22, facecolors="none", edgecolors=colour,
                linewidths=0.6,
            )  # fmt: skip
        axes.axhline(0.0, color=GREY, linewidth=0.8, zorder=0)
        plain(axes)
        axes.set_xticks(range(n_layers), names)
        axes.set_ylabel("eigenvalue")
        axes.set_title("eigenvalues by layer; rings: units that were pruned", fontsize="medium")
        return self
