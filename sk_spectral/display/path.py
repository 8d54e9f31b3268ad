"""What smaller networks would have lost, as a picture."""

from math import inf, log10
from typing import Any, Self

import numpy as np

from sk_spectral.display.figures import GREY, PALETTE, axes_for, log_scale, plain
from sk_spectral.model import PathPoint, TopologyPath
from sk_spectral.model.topology_sample import VERDICTS
from sk_spectral.model.topology_text import name_of

_MOST_FEATURES = 12
_APART = 0.2  # of a power of ten in parameters, that labels take


class PathDisplay:
    """Loss against size of the networks that a search has tried, from the linear map on.

    Parameters
    ----------
    path : TopologyPath

    Attributes
    ----------
    ax_, figure_ : matplotlib axes and figure of the last `plot`

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from sk_spectral import SpectralNASRegressor
    >>> from sk_spectral.display import PathDisplay
    >>> X, y = make_friedman1(1000, noise=1.0, random_state=0)
    >>> model = SpectralNASRegressor(random_state=0).fit(X, y)  # doctest: +SKIP
    >>> display = PathDisplay.from_estimator(model)  # doctest: +SKIP
    """

    def __init__(self, path: TopologyPath) -> None:
        self.path = path

    @classmethod
    def from_estimator(cls, estimator: Any, *, kind: str = "loss", ax: Any = None) -> Self:
        """Draw the path of a fitted estimator.

        Parameters
        ----------
        estimator : SpectralNASRegressor or SpectralNASClassifier
        kind, ax
            As for `plot`.

        Returns
        -------
        PathDisplay
        """
        return cls(estimator.topology_path_).plot(ax, kind=kind)

    def plot(self, ax: Any = None, *, kind: str = "loss") -> Self:
        """Draw, on new axes by default.

        Parameters
        ----------
        ax : matplotlib axes, optional
        kind : {"loss", "stays"}, default="loss"
            "loss": against the number of parameters, a point for each network, by verdict, with its
            number of hidden units; a ring marks the one that predicts. "stays": which knots and
            units stay, a column for each network.
        """
        if kind not in ("loss", "stays"):
            raise ValueError(f"kind={kind!r} is not an option. Choose 'loss' or 'stays'.")
        if kind == "stays":
            return self._plot_stays(ax)
        self.figure_, self.ax_ = _, axes = axes_for(ax, figsize=(5.4, 3.6))
        points = self.path.points
        axes.plot(
            [point.n_parameters for point in points], [point.loss for point in points],
            color=GREY, linewidth=1, zorder=1,
        )  # fmt: skip
        for i, verdict in enumerate(VERDICTS):
            own = [point for point in points if point.topology.verdict == verdict]
            if own:
                axes.plot(
                    [point.n_parameters for point in own], [point.loss for point in own],
                    "os^"[i], color=PALETTE[i], label=verdict,
                )  # fmt: skip
        kept = self.path.kept
        for point in self._with_room():
            axes.annotate(
                f"{point.n_units}", (point.n_parameters, point.loss), xytext=(0, 9),
                textcoords="offset points", ha="center", fontsize="small",
            )  # fmt: skip
        if kept is not None:
            axes.plot(
                kept.n_parameters, kept.loss, "o", markersize=11, fillstyle="none",
                color=PALETTE[3], label="predicts",
            )  # fmt: skip
        log_scale(axes.xaxis)
        axes.set_ylim(bottom=0.0)
        axes.set_xlabel("parameters (labels: hidden units)")
        axes.set_ylabel("loss on the rows that judge")
        plain(axes)
        axes.legend(frameon=False, fontsize="small")
        return self

    def _plot_stays(self, ax: Any) -> Self:
        """Pieces by feature and units by layer, each as a share of the most that there are."""
        points = self.path.points
        by_layer = np.array([point.topology.n_active_units for point in points]).T
        n_features = max(len(point.topology.n_pieces) for point in points)
        none = (0,) * n_features
        bends = np.array([point.topology.n_pieces or none for point in points]).T
        shown = np.flatnonzero(bends.any(axis=1))[:_MOST_FEATURES]
        counts = np.vstack([by_layer, bends[shown].reshape(-1, len(points))])
        names = [f"units, hidden {layer + 1}" for layer in range(len(by_layer))]
        topology = points[0].topology
        named = "pieces, " if topology.feature_names else "pieces, feature "
        names += [f"{named}{name_of(topology, feature)}" for feature in shown]
        self.figure_, self.ax_ = _, axes = axes_for(ax, figsize=(7.0, 0.8 + 0.28 * len(names)))
        most = np.maximum(counts.max(axis=1, keepdims=True), 1)
        axes.imshow(counts / most, cmap="Blues", vmin=0.0, vmax=1.6, aspect="auto")
        for (row, column), count in np.ndenumerate(counts):
            if count:
                axes.text(column, row, count, ha="center", va="center", fontsize="small")
        axes.set_yticks(range(len(names)), names)
        has_alphas = any(point.alpha is not None for point in points)
        labels = [f"{point.n_parameters}" for point in points]
        if has_alphas:
            labels = [p.topology.verdict if p.alpha is None else f"{p.alpha:g}" for p in points]
        axes.set_xticks(range(len(points)), labels, rotation=60)
        axes.set_xlabel("alpha" if has_alphas else "parameters")
        return self

    def _with_room(self) -> list[PathPoint]:
        """Networks with units, the kept one first, whose labels do not run into one another."""
        kept, shown = self.path.kept, list[PathPoint]()
        for point in (*(() if kept is None else (kept,)), *self.path.points):
            apart = [abs(log10(point.n_parameters / other.n_parameters)) for other in shown]
            if point.n_units and min(apart, default=inf) > _APART:
                shown.append(point)
        return shown
