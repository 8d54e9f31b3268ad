"""What smaller networks would have lost, as a picture."""

from math import inf, log10
from typing import Any, Self

from sk_spectral.display.figures import axes_for
from sk_spectral.model import PathPoint, TopologyPath
from sk_spectral.model.topology_sample import VERDICTS

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
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw the path of a fitted estimator.

        Parameters
        ----------
        estimator : SpectralNASRegressor or SpectralNASClassifier
        ax : matplotlib axes, optional

        Returns
        -------
        PathDisplay
        """
        return cls(estimator.topology_path_).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw, on new axes by default.

        A point for each network, by verdict, with its number of hidden units; a ring marks the one
        that predicts.
        """
        self.figure_, self.ax_ = _, axes = axes_for(ax, figsize=(5.4, 3.6))
        points = self.path.points
        axes.plot(
            [point.n_parameters for point in points], [point.loss for point in points],
            color="0.6", linewidth=1, zorder=1,
        )  # fmt: skip
        for i, verdict in enumerate(VERDICTS):
            own = [point for point in points if point.topology.verdict == verdict]
            if own:
                axes.plot(
                    [point.n_parameters for point in own], [point.loss for point in own],
                    "os^"[i], color=f"C{i}", label=verdict,
                )  # fmt: skip
        kept = self.path.kept
        for point in self._with_room():
            axes.annotate(
                f"{point.n_units}", (point.n_parameters, point.loss), xytext=(0, 9),
                textcoords="offset points", ha="center", fontsize="small",
            )  # fmt: skip
        if kept is not None:
            axes.plot(
                kept.n_parameters, kept.loss, "o", markersize=11, fillstyle="none", color="C3",
                label="predicts",
            )  # fmt: skip
        axes.set_xscale("log")
        axes.set_ylim(bottom=0.0)
        axes.set_xlabel("parameters (labels: hidden units)")
        axes.set_ylabel("loss on the rows that judge")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize="small")
        return self

    def _with_room(self) -> list[PathPoint]:
        """Networks with units, the kept one first, whose labels do not run into one another."""
        kept, shown = self.path.kept, list[PathPoint]()
        for point in (*(() if kept is None else (kept,)), *self.path.points):
            apart = [abs(log10(point.n_parameters / other.n_parameters)) for other in shown]
            if point.n_units and min(apart, default=inf) > _APART:
                shown.append(point)
        return shown
