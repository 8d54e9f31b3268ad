"""The course of a training as a picture."""

from typing import Any, Self

import numpy as np

from sk_spectral.display.figures import PALETTE, axes_for, legend_above, log_scale, plain


class TrainingDisplay:
    """Course of training: losses, and where they were recorded ‖Γ‖ and units in effect, by epoch.

    Parameters
    ----------
    losses : dict from a name to a list of values, one an epoch
    recorded : dict likewise, drawn on an axis of their own

    Attributes
    ----------
    ax_, figure_ : matplotlib axes and figure of the last `plot`
    """

    def __init__(
        self, losses: dict[str, list[float]], recorded: dict[str, list[float]] | None = None
    ) -> None:
        self.losses = losses
        self.recorded = recorded or {}

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw the history of a fitted estimator.

        ‖Γ‖ and units in effect are there with ``callbacks=[RecordTopology()]``, from
        `sk_spectral.training`.
        """
        net = estimator.net_
        history = net.history
        penalized = " + penalty" if net.penalty is not None and net.alpha else ""
        names = {
            "train_loss": f"training loss{penalized}", "valid_loss": "validation loss",
            "gamma_norm": "‖Γ‖", "units_in_effect": "units in effect",
        }  # fmt: skip
        values = {
            title: list(history[:, name]) for name, title in names.items() if name in history[-1]
        }
        losses = {title: v for title, v in values.items() if "loss" in title}
        recorded = {title: v for title, v in values.items() if "loss" not in title}
        return cls(losses, recorded).plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw, on new axes by default.

        Losses on a logarithmic scale, what was recorded relative to its largest value.
        """
        self.figure_, self.ax_ = _, axes = axes_for(ax, figsize=(5.4, 3.6))
        for color, (name, values) in zip(PALETTE, self.losses.items(), strict=False):
            axes.plot(range(1, len(values) + 1), values, label=name, color=color)
        log_scale(axes.yaxis)
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss")
        right = axes.twinx() if self.recorded else None
        if right is None:
            plain(axes)
            legend_above(axes, 2)
        else:
            for i, (name, values) in enumerate(self.recorded.items(), start=2):
                most = max(values) or 1.0
                right.plot(
                    range(1, len(values) + 1), np.divide(values, most), linestyle="--",
                    color=PALETTE[i], label=f"{name}, of {most:.3g}",
                )  # fmt: skip
            right.set_ylim(0, 1.05)
            right.set_ylabel("share of the largest value")
            right.spines["top"].set_visible(False)
            axes.spines["top"].set_visible(False)
            legend_above(axes, 2, right)
        return self
