"""Columns as files have them: what is no feature, and what is a number in disguise."""

from dataclasses import dataclass
from typing import Any

import numpy as np

_STRANGE, _NUMBERS_AT_LEAST, _DIFFERENT_AT_MOST, _DELETED = 3, 0.8, 0.9, 1.1
_DATE = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?"


@dataclass(frozen=True)
class Columns:
    """Features, and what was done to have them.

    Attributes
    ----------
    X : pandas.DataFrame of shape (n_samples, n_features)
    notes : tuple of str
        For a reader, each about one column.
    code : tuple of str
        The same as lines of Python, which change a frame of the name ``frame``.
    """

    X: Any
    notes: tuple[str, ...]
    code: tuple[str, ...]


def features_of(frame: Any) -> Columns:
    """Features of a table without its target.

    Columns that are empty, that number the rows, or whose texts are nearly all different are left
    out; texts that are numbers but for up to three signs of a missing one are numbers, and dates
    are days since the first.

    Parameters
    ----------
    frame : pandas.DataFrame

    Returns
    -------
    Columns
    """
    from pandas.api.types import is_numeric_dtype

    X, notes, code, left_out = frame.copy(), list[str](), list[str](), list[str]()
    for name in frame.columns:
        told = None
        if frame[name].isna().all():
            left_out.append(name)
            notes.append(f"{name!r} is empty and is left out")
        elif is_numeric_dtype(frame[name]):
            told = _without_infinity(X, name)
            if _counts(frame[name]):
                left_out.append(name)
                notes.append(f"{name!r} numbers the rows and is left out")
        else:
            told = _from_text(X, name)
            if told is None and _nearly_all_different(frame[name]):
                left_out.append(name)
                notes.append(f"{name!r} is different in nearly every row and is left out")
        if told is not None:
            notes.append(told[0])
            code.append(told[1])
    if left_out:
        code.append(f"frame = frame.drop(columns={left_out!r})")
    return Columns(X.drop(columns=left_out), tuple(notes), tuple(code))


def _without_infinity(X: Any, name: str) -> tuple[str, str] | None:
    """Infinity is missing, in place; what was done, in words and in Python."""
    is_infinite = X[name].abs() == float("inf")
    if not is_infinite.any():
        return None
    X[name] = X[name].mask(is_infinite)
    return (
        f"infinity in {name!r} is read as missing",
        f"frame[{name!r}] = frame[{name!r}].mask(frame[{name!r}].abs() == float('inf'))",
    )


def _counts(column: Any) -> bool:
    """Whether it is 0, 1, 2, … or 1, 2, 3, …, as numbers of rows are, of which few were deleted."""
    values = column.to_numpy(dtype=np.float64)
    steps = np.diff(values)
    whole = bool((steps == np.round(steps)).all())
    most = _DELETED * len(values)
    return values[0] in (0, 1) and whole and bool((steps > 0).all()) and bool(values[-1] <= most)


def _from_text(X: Any, name: str) -> tuple[str, str] | None:
    """Numbers and dates written as text, in place; what was done, in words and in Python."""
    import pandas as pd

    text = X[name].dropna().astype(str).str.strip()
    numbers = pd.to_numeric(text, errors="coerce")
    strange = [str(value) for value in text[numbers.isna()].unique()]
    if len(strange) <= _STRANGE and numbers.notna().mean() >= _NUMBERS_AT_LEAST:
        X[name] = pd.to_numeric(X[name], errors="coerce")
        stands = f", {' and '.join(map(repr, strange))} for a missing one" if strange else ""
        return (
            f"{name!r} is read as numbers{stands}",
            f"frame[{name!r}] = pd.to_numeric(frame[{name!r}], errors='coerce')",
        )
    if text.str.fullmatch(_DATE).all():
        dates = pd.to_datetime(X[name], format="ISO8601", utc=True, errors="coerce")
        first = dates.min()
        X[name] = (dates - first).dt.days
        return (
            f"{name!r} is read as days since {first.date()}",
            f"dates = pd.to_datetime(frame[{name!r}], format='ISO8601', utc=True)\n"
            f"frame[{name!r}] = (dates - dates.min()).dt.days",
        )
    return None


def _nearly_all_different(column: Any) -> bool:
    known = column.dropna()
    return bool(known.nunique() > _DIFFERENT_AT_MOST * len(known))
