"""What all displays draw on."""

from typing import Any

import numpy as np


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
