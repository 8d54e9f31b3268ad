"""From a file to features and target, or one sentence that says why not."""

import csv
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sk_spectral.report.columns import features_of

_FEWEST_ROWS, _MOST_CLASSES, _MOST_NAMED, _LOOKED_AT = 20, 20, 12, 1 << 16
_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")


class TableError(ValueError):
    """What is wrong with a file, in one sentence."""


@dataclass(frozen=True)
class Table:
    """Features and target of the rows whose target is known.

    Attributes
    ----------
    X : pandas.DataFrame of shape (n_samples, n_features)
    y : pandas.Series of shape (n_samples,)
    is_classification : bool
    n_dropped : int
        Rows whose target is missing.
    notes : tuple of str
        What was done to columns.
    code : tuple of str
        Lines of Python that read the file and do the same, to a frame of the name ``frame``.
    """

    X: Any
    y: Any
    is_classification: bool
    n_dropped: int
    notes: tuple[str, ...] = ()
    code: tuple[str, ...] = ()


def table_from(path: Path, target: str, task: str, drop: list[str]) -> Table:
    """Read a table and take its target off.

    Parameters
    ----------
    path : Path
        CSV, with any of the usual separators, or Parquet.
    target : str
        Name of a column.
    task : {"auto", "classification", "regression"}
        "auto": classes where the target is text, true and false, or a few whole numbers.
    drop : list of str
        Columns that are not features.

    Returns
    -------
    Table

    Raises
    ------
    TableError
        Of a file that cannot be read, a column that is not there, and rows that are too few or all
        of one target.
    """
    frame, reading = _frame(path)
    for name in (target, *drop):
        if name not in frame.columns:
            raise TableError(_no_column(name, [str(column) for column in frame.columns], path))
    y = frame[target]
    known = y.notna()
    y = y[known]
    if len(y) < _FEWEST_ROWS:
        raise TableError(
            f"{path} has {len(y)} rows whose {target!r} is known; at least {_FEWEST_ROWS} are "
            "needed."
        )
    if y.nunique() < 2:
        raise TableError(f"{target!r} is {y.iloc[0]} in all rows: there is nothing to learn.")
    columns = features_of(frame.drop(columns=[target, *drop]))
    if not columns.X.shape[1]:
        notes = "".join(f"; {note}" for note in columns.notes)
        raise TableError(f"{path} has no column but {target!r} that could be a feature{notes}.")
    is_classification = _has_classes(y) if task == "auto" else task == "classification"
    y = _classes(y, target) if is_classification else _numbers(y, target)
    n_dropped = int((~known).sum())
    code = [reading, *([f"frame = frame.drop(columns={drop!r})"] if drop else []), *columns.code]
    if n_dropped:
        code.append(f"frame = frame.dropna(subset=[{target!r}])")
    X = columns.X.loc[known].reset_index(drop=True)
    return Table(X, y, is_classification, n_dropped, columns.notes, tuple(code))


def _frame(path: Path) -> tuple[Any, str]:
    """The table, and the line of Python that reads it."""
    import pandas as pd

    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "is not there"
        raise TableError(f"{path} {what}.")
    if path.suffix.lower() not in _SUFFIXES:
        raise TableError(f"{path} is of no type that is read: {', '.join(_SUFFIXES)}.")
    try:
        if path.suffix.lower() == ".parquet":
            frame, how = pd.read_parquet(path), f"pd.read_parquet({str(path)!r})"
        else:
            frame, how = _csv(path)
    except TableError:
        raise
    except UnicodeDecodeError as error:
        raise TableError(f"{path} is no text in UTF-8, as a table would be.") from error
    except (ImportError, ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise TableError(f"{path} cannot be read as a table: {reason}") from error
    frame.columns = [str(column) for column in frame.columns]
    return frame, f"frame = {how}"


def _csv(path: Path) -> tuple[Any, str]:
    """With the separator and decimal sign by which most columns are numbers, and how."""
    import pandas as pd

    with path.open(encoding="utf-8-sig", newline="") as file:
        start = file.read(_LOOKED_AT)
    if not start.strip():
        raise TableError(f"{path} is empty.")
    try:
        separator = csv.Sniffer().sniff(start, delimiters=",;\t|").delimiter
    except csv.Error:
        separator = "\t" if path.suffix.lower() == ".tsv" else ","
    how: dict[str, Any] = {} if separator == "," else {"sep": separator}
    frame = pd.read_csv(path, **how)
    if separator != ",":
        other = pd.read_csv(path, **how, decimal=",")
        if _n_numbers(other) > _n_numbers(frame):
            frame, how = other, how | {"decimal": ","}
    if not isinstance(frame.index, pd.RangeIndex):
        raise TableError(f"{path} has rows of more fields than its first line has names.")
    given = "".join(f", {name}={value!r}" for name, value in how.items())
    return frame, f"pd.read_csv({str(path)!r}{given})"


def _n_numbers(frame: Any) -> int:
    return int(frame.select_dtypes("number").shape[1])


def _no_column(name: str, columns: list[str], path: Path) -> str:
    near = get_close_matches(name, columns, n=1, cutoff=0.5)
    if near:
        return f"{path} has no column {name!r}; did you mean {near[0]!r}?"
    shown = ", ".join(map(repr, columns[:_MOST_NAMED]))
    more = f" and {len(columns) - _MOST_NAMED} more" if len(columns) > _MOST_NAMED else ""
    return f"{path} has no column {name!r}; it has {shown}{more}."


def _has_classes(y: Any) -> bool:
    """Text, true and false, or whole numbers of which each stands for many rows."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if is_bool_dtype(y) or not is_numeric_dtype(y):
        return True
    n_values = y.nunique()
    return bool((y == y.round()).all()) and n_values <= _MOST_CLASSES and len(y) >= 20 * n_values


def _classes(y: Any, target: str) -> Any:
    counts = y.value_counts()
    if len(counts) > len(y) // 4:
        raise TableError(
            f"{target!r} has {len(counts)} different values in {len(y)} rows, too many for "
            "classes; name another column, or --task regression where these are numbers."
        )
    rare = counts.index[counts < 2]
    if len(rare):
        raise TableError(
            f"The class {rare[0]} of {target!r} has one row alone; at least two are needed, to "
            "learn from one and to judge by the other."
        )
    return y.reset_index(drop=True).astype(str)


def _numbers(y: Any, target: str) -> Any:
    import pandas as pd

    values = pd.to_numeric(y.reset_index(drop=True), errors="coerce")
    bad = values.isna() | values.abs().eq(float("inf"))
    if bad.any():
        value = y.reset_index(drop=True)[bad].iloc[0]
        raise TableError(f"{target!r} holds {value!r}, which is no finite number.")
    return values.astype(float)
