"""What each feature adds by itself, as a picture: the shape functions of an additive model."""

from collections.abc import Sequence
from typing import Any, Self
from warnings import catch_warnings, filterwarnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_spectral.display.figures import PALETTE, plain, pyplot_or_error

Array = NDArray[np.float64]

_MOST_PANELS = 12
_POINTS, _MOST_BARS, _MOST_NAMED, _MOST_IN_RUG = 200, 12, 20, 300
_MOST_LETTERS = 24  # of labels side by side


class EffectDisplay:
    """Small multiples of what single features add to the outputs.

    For an additive model these are all of it; for a network, the part that no hidden unit has a
    hand in.

    Parameters
    ----------
    names : sequence of str
        Of the features, one for each panel.
    grids : sequence of arrays of shape (n_points,)
        Values of each feature, ascending.
    effects : sequence of arrays of shape (n_points, n_outputs)
        What it adds there.
    observed : sequence of arrays
        Values of each feature that were seen, for the rug.
    output_names : sequence of str
    is_whole : bool
        Whether the effects add up to the outputs.
    tick_labels : sequence of sequences of str or None, optional
        Names of the values of each feature, where it is a category.
    missing : sequence of arrays of shape (n_outputs,) or None, optional
        What each feature adds where it is missing, where it is in some rows.

    Attributes
    ----------
    figure_ : matplotlib figure of the last `plot`
    axes_ : array of its axes, one for each feature

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sk_spectral import SpectralNASRegressor
    >>> from sk_spectral.display import EffectDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = SpectralNASRegressor(random_state=0).fit(X, y)
    >>> display = EffectDisplay.from_estimator(model, X)  # doctest: +SKIP
    """

    def __init__(
        self,
        names: Sequence[str],
        grids: Sequence[Array],
        effects: Sequence[Array],
        observed: Sequence[Array],
        output_names: Sequence[str],
        is_whole: bool,
        tick_labels: Sequence[Sequence[str] | None] | None = None,
        missing: Sequence[Array | None] | None = None,
    ) -> None:
        self.missing = missing or [None] * len(names)
        self.tick_labels = tick_labels or [None] * len(names)
        self.names = names
        self.grids = grids
        self.effects = effects
        self.observed = observed
        self.output_names = output_names
        self.is_whole = is_whole

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: ArrayLike, *, features: Sequence[int | str] | None = None
    ) -> Self:
        """Draw the effects of a fitted estimator over the values that X has.

        Parameters
        ----------
        estimator : SpectralNASRegressor or SpectralNASClassifier
        X : array-like of shape (n_samples, n_features)
        features : sequence of int or str, optional
            By default the 12 that matter most, the first of them first.

        Returns
        -------
        EffectDisplay
        """
        columns = list(getattr(estimator, "feature_names_in_", ()))
        with catch_warnings():
            filterwarnings("ignore", "X does not have valid feature names", UserWarning)
            rows = estimator.to_numbers(X).astype(np.float64)
        n_features = rows.shape[1]
        if features is None:
            order = np.argsort(-estimator.feature_importances_, kind="stable")
            read = [int(j) for j in order if estimator.feature_importances_[j] > 0]
            chosen = (read or [0])[:_MOST_PANELS]
        else:
            chosen = [_index(feature, columns, n_features) for feature in features]
        seen = [rows[~np.isnan(rows[:, j]), j] for j in chosen]
        categories = [estimator.categories_[j] for j in chosen]
        grids = [_grid(v, c is not None) for v, c in zip(seen, categories, strict=True)]
        return cls(
            [columns[j] if columns else f"feature {j}" for j in chosen],
            grids,
            [estimator.compact_.partial_effect(j, g) for j, g in zip(chosen, grids, strict=True)],
            [values[:: -(-len(values) // _MOST_IN_RUG) or 1] for values in seen],
            _output_names(estimator),
            estimator.topology_.n_active_layers == 0,
            [
                None if of_j is None else [str(of_j[int(c)]) if c >= 0 else "?" for c in grid]
                for of_j, grid in zip(categories, grids, strict=True)
            ],
            [
                estimator.compact_.partial_effect(j, [np.nan])[0]
                if np.isnan(rows[:, j]).any()
                else None
                for j in chosen
            ],
        ).plot()

    def plot(self) -> Self:
        """Draw a panel for each feature: a line, or bars where it has few values, and a rug.

        A dotted line is what a missing value adds.
        """
        plt = pyplot_or_error()
        n_panels = len(self.names)
        n_columns = min(n_panels, 4)
        n_rows = -(-n_panels // n_columns)
        self.figure_, axes = plt.subplots(
            n_rows, n_columns, figsize=(2.7 * n_columns, 2.2 * n_rows + 0.4), sharey=True,
            squeeze=False, layout="constrained",
        )  # fmt: skip
        self.axes_ = axes.ravel()[:n_panels]
        for ax in axes.ravel()[n_panels:]:
            ax.remove()
        for i, ax in enumerate(self.axes_):
            self._draw(ax, i)
        for ax in axes[:, 0]:
            ax.set_ylabel("adds")
        whole = "all of the model" if self.is_whole else "the part without hidden units"
        self.figure_.suptitle(f"What single features add: {whole}", fontsize="medium")
        if len(self.output_names) > 1:
            self.figure_.legend(
                *self.axes_[0].get_legend_handles_labels(), frameon=False,
                loc="outside right upper", fontsize="small",
            )  # fmt: skip
        return self

    def _draw(self, ax: Any, i: int) -> None:
        grid, effects = self.grids[i], self.effects[i]
        ax.axhline(0.0, color=pyplot_or_error().rcParams["axes.edgecolor"], linewidth=0.6)
        n_outputs = effects.shape[1]
        for k in range(n_outputs):
            if self._has_bars(i):
                width = 0.8 * float(np.diff(grid).min(initial=np.ptp(grid) or 1.0)) / n_outputs
                at = grid + (k - (n_outputs - 1) / 2) * width
                ax.bar(at, effects[:, k], width=width, label=self.output_names[k], color=_colour(k))
            else:
                ax.plot(grid, effects[:, k], label=self.output_names[k], color=_colour(k))
        if self._has_bars(i):
            few = len(grid) <= _MOST_NAMED
            labels = self.tick_labels[i]
            ax.set_xticks(grid if few else [], labels if few else None)
            if labels and sum(map(len, labels)) > _MOST_LETTERS:
                ax.set_xticks(ax.get_xticks(), labels if few else [], rotation=35, ha="right")
        of_missing = self.missing[i]
        if of_missing is not None:
            self._draw_missing(ax, of_missing)
        seen = self.observed[i]
        ax.plot(
            seen, np.zeros(len(seen)), "|", markersize=6, alpha=0.3, clip_on=False,
            color=pyplot_or_error().rcParams["text.color"], transform=ax.get_xaxis_transform(),
        )  # fmt: skip
        ax.set_xlabel(self.names[i], fontsize="small")
        ax.tick_params(labelsize="x-small")
        plain(ax)

    def _draw_missing(self, ax: Any, effects: Array) -> None:
        for k, effect in enumerate(effects):
            ax.axhline(effect, linestyle=":", linewidth=1.2, color=_colour(k))
        ax.annotate(
            "missing", (0.98, float(effects[0])), xycoords=ax.get_yaxis_transform(),
            fontsize="x-small", ha="right", va="bottom",
        )  # fmt: skip

    def _has_bars(self, i: int) -> bool:
        return len(self.grids[i]) <= _MOST_BARS or self.tick_labels[i] is not None


def _colour(output: int) -> str:
    return PALETTE[output % len(PALETTE)]


def _index(feature: int | str, columns: list[str], n_features: int) -> int:
    if isinstance(feature, str):
        if feature not in columns:
            raise ValueError(f"features: {feature!r} is no column of what was fitted.")
        return columns.index(feature)
    if not 0 <= feature < n_features:
        raise ValueError(f"features: {feature} is no column; there are {n_features}, from 0 on.")
    return int(feature)


def _grid(values: Array, is_category: bool) -> Array:
    """The values themselves where they are few, else evenly spaced ones between their ends."""
    different = np.unique(values)
    if len(different) <= _MOST_BARS or is_category:
        return different
    return np.linspace(different[0], different[-1], _POINTS)


def _output_names(estimator: Any) -> list[str]:
    n_outputs = len(estimator.compact_.weights[-1])
    if hasattr(estimator, "classes_"):
        if n_outputs == 1:
            return [f"log odds of {estimator.classes_[1]}"]
        return [str(label) for label in estimator.classes_]
    levels = estimator._targets.quantiles
    if levels and n_outputs == len(levels):
        return [f"quantile {level:g}" for level in levels]
    what = "log mean" if estimator._targets.decoding == "exp" else "output"
    return [what] if n_outputs == 1 else [f"{what} {k}" for k in range(n_outputs)]
