"""Topologies of repeated searches as a picture: what they agree on, and how far they spread."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from sk_spectral.display.figures import PALETTE, plain, pyplot_or_error
from sk_spectral.inspection import topology_sample
from sk_spectral.model import TopologySample
from sk_spectral.model.topology_sample import VERDICTS, deviation

_MOST_FEATURES = 12


class TopologySampleDisplay:
    """Verdicts, units by layer and features that bend, over repeated searches.

    Parameters
    ----------
    sample : TopologySample
    feature_names : sequence of str, optional

    Attributes
    ----------
    figure_ : matplotlib figure of the last `plot`
    axes_ : array of its axes

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sk_spectral import SpectralNASRegressor
    >>> from sk_spectral.display import TopologySampleDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> display = TopologySampleDisplay.from_estimator(
    ...     SpectralNASRegressor(), X, y, n_repeats=10, random_state=0
    ... )  # doctest: +SKIP
    """

    def __init__(self, sample: TopologySample, feature_names: Sequence[str] | None = None) -> None:
        self.sample = sample
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        n_repeats: int = 10,
        bootstrap: bool = False,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> Self:
        """Repeat a search and draw what it finds.

        Parameters
        ----------
        estimator, X, y, n_repeats, bootstrap, random_state, n_jobs
            As for `sk_spectral.inspection.topology_sample`.

        Returns
        -------
        TopologySampleDisplay
        """
        sample = topology_sample(
            estimator, X, y,
            n_repeats=n_repeats, bootstrap=bootstrap, random_state=random_state, n_jobs=n_jobs,
        )  # fmt: skip
        names = getattr(X, "columns", None)
        return cls(sample, None if names is None else [str(name) for name in names]).plot()

    def plot(self) -> Self:
        """Draw on new axes: the third is there where features bend."""
        bends = bool(self.sample.n_pieces.any())
        n_panels = 2 + bends
        self.figure_, self.axes_ = pyplot_or_error().subplots(
            1, n_panels, figsize=(3.1 * n_panels, 3.0), layout="constrained"
        )
        self._plot_verdicts(self.axes_[0])
        self._plot_units(self.axes_[1])
        if bends:
            self._plot_bends(self.axes_[2])
        plain(*self.axes_)
        self.figure_.suptitle(self.sample.headline(), fontsize="medium")
        return self

    def _plot_verdicts(self, axes: Any) -> None:
        shares = [self.sample.verdicts[verdict] for verdict in VERDICTS]
        axes.barh(VERDICTS, shares, color=PALETTE[0], height=0.6)
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.set_xlabel(f"share of {len(self.sample)} searches")

    def _plot_units(self, axes: Any) -> None:
        counts = self.sample.n_active_units
        n_repeats, n_layers = counts.shape
        beside = np.linspace(-0.18, 0.18, n_repeats) if n_repeats > 1 else np.zeros(1)
        for layer in range(n_layers):
            own = counts[:, layer]
            axes.plot(layer + beside, own, "o", color=PALETTE[0], alpha=0.45, markersize=4)
            axes.errorbar(
                layer + 0.32, own.mean(), deviation(own), fmt="_", color=PALETTE[1], capsize=3
            )
        axes.set_xticks(range(n_layers), [f"hidden {layer + 1}" for layer in range(n_layers)])
        axes.set_xlim(-0.6, n_layers - 0.4)
        axes.set_ylim(bottom=0 if counts.any() else -0.05, top=None if counts.any() else 1.0)
        axes.set_ylabel("units")

    def _plot_bends(self, axes: Any) -> None:
        shares = (self.sample.n_pieces > 0).mean(axis=0)
        shown = np.argsort(-shares, kind="stable")[:_MOST_FEATURES]
        shown = shown[shares[shown] > 0]
        names = self.feature_names
        labels = [f"feature {i}" if names is None else names[i] for i in shown]
        axes.barh(range(len(shown)), shares[shown], color=PALETTE[0], height=0.6)
        axes.set_yticks(range(len(shown)), labels)
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.set_xlabel("share in which it bends")
