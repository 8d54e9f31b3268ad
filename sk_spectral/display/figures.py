"""What all displays draw on, and their one style."""

from typing import Any

import numpy as np

from sk_spectral.model.topology_html import BLUE, VERMILION

PALETTE = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's colours, which colour-blind eyes tell apart."""

GREY = "0.6"


def pyplot_or_error() -> Any:
    """matplotlib.pyplot, or a sentence that says how to get it."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            "Displays need matplotlib: pip install matplotlib, or sk_spectral[plot]."
        ) from error
    return pyplot


def axes_for(ax: Any, **size: Any) -> tuple[Any, Any]:
    """Figure and axes: those given, or new ones of this size."""
    if ax is None:
        figure, ax = pyplot_or_error().subplots(layout="constrained", **size)
        return figure, ax
    return ax.figure, ax


def colours() -> Any:
    """Part of viridis that can be seen on light and on dark ground."""
    whole = pyplot_or_error().get_cmap("viridis_r")
    from matplotlib.colors import ListedColormap

    return ListedColormap(whole(np.linspace(0.25, 0.8, 256)), name="blocks")


def plain(*axes: Any) -> None:
    """Without the two spines that say nothing."""
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)


def legend_above(axes: Any, n_columns: int, *others: Any) -> None:
    """A legend of these axes, and of others over them, where no curve can be under it."""
    handles = [handle for one in (axes, *others) for handle in one.get_legend_handles_labels()[0]]
    axes.legend(
        handles=handles, ncols=n_columns, loc="lower left", bbox_to_anchor=(-0.02, 1.0),
        frameon=False, fontsize="small", handlelength=1.6, columnspacing=1.4,
    )  # fmt: skip


def log_scale(axis: Any) -> None:
    """A logarithmic axis whose labels are plain numbers, with few of them over many decades."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    getattr(axis.axes, f"set_{axis.axis_name}scale")("log")
    low, high = axis.get_view_interval()
    decades = np.log10(high / low) if low > 0 else 1.0
    subs = (1.0,) if decades > 3 else (1.0, 2.0, 5.0) if decades > 0.7 else range(1, 10)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
