"""From a table to numbers: which columns are categories, and their codes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OrdinalEncoder

from sk_spectral.data.sparse import is_sparse

_DTYPES = ("category", "categorical", "enum", "str", "string", "object", "large_string")


def find_categories(X: Any, asked: Any) -> NDArray[np.bool_] | None:
    """Which columns are categories, or None where X and what is asked for know of none.

    Parameters
    ----------
    X : array-like or frame of shape (n_samples, n_features)
    asked : "from_dtype", None, or a sequence
        "from_dtype" takes those columns of a frame whose type is a category or text; else a mask,
        numbers of columns, or names of them.

    Raises
    ------
    ValueError
        For columns that X has not, and for any of a sparse X.
    """
    names = _names_of(X)
    if asked is None or (isinstance(asked, str) and names is None):
        return None
    if isinstance(asked, str):
        mask = np.array([_is_category(X, name) for name in names or ()], dtype=bool)
        return mask if mask.any() else None
    if is_sparse(X):
        raise ValueError(
            "categorical_features names columns of a sparse X, in which a category is columns of 0 "
            "and 1: leave it at its default, or give a dense X."
        )
    n_features = np.shape(X)[1] if np.ndim(X) == 2 else 0
    given = np.asarray(asked)
    if given.size == 0:
        return None
    if given.dtype.kind == "b":
        if given.shape != (n_features,):
            raise ValueError(
                f"categorical_features is a mask of shape {given.shape}, but X has {n_features} "
                "columns: it must have an entry for each."
            )
        return given.copy() if given.any() else None
    mask = np.zeros(n_features, dtype=bool)
    if given.dtype.kind in "iu":
        beyond = given[(given < 0) | (given >= n_features)]
        if len(beyond):
            raise ValueError(
                f"categorical_features names column {beyond[0]}, but X has {n_features}, from 0 on."
            )
        mask[given] = True
        return mask
    for name in given.tolist():
        if names is None or name not in names:
            has = "has no column names" if names is None else f"has {', '.join(map(str, names))}"
            raise ValueError(f"categorical_features names column {name!r}, but X {has}.")
        mask[names.index(name)] = True
    return mask


def coder(is_category: NDArray[np.bool_]) -> ColumnTransformer:
    """Codes for the categories, from 0 on in their order; unknown ones are -1, missing ones NaN."""
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=np.nan
    )
    return ColumnTransformer(
        [
            ("categories", codes, np.flatnonzero(is_category)),
            ("numbers", "passthrough", np.flatnonzero(~is_category)),
        ],
    ).set_output(transform="default")


def mixed_column(X: Any, is_category: NDArray[np.bool_]) -> str | None:
    """What to say of the first category that mixes text and numbers, which have no common order."""
    names = _names_of(X)
    for j in np.flatnonzero(is_category):
        column = np.asarray(X)[:, j] if names is None else X[names[j]]
        kinds = {type(value).__name__ for value in column if value is not None and value == value}
        if "str" in kinds and len(kinds) > 1:
            name = f"{j} of X" if names is None else f"{names[j]!r} of X"
            return (
                f"Column {name} mixes {' and '.join(sorted(kinds))}: the values of a category must "
                "be all text or all numbers. Convert the column, for example to str."
            )
    return None


def in_order(coded: Any, is_category: NDArray[np.bool_]) -> Any:
    """The columns of what a `coder` gives, in the order of X."""
    order = np.concatenate([np.flatnonzero(is_category), np.flatnonzero(~is_category)])
    return np.asarray(coded)[:, np.argsort(order)]


def _names_of(X: Any) -> list[Any] | None:
    columns = getattr(X, "columns", None)
    return None if columns is None else list(columns)


def _is_category(X: Any, name: Any) -> bool:
    column = X[name]
    kind = str(getattr(column, "dtype", "")).lower().split("(")[0]
    if kind not in _DTYPES:
        return False
    return kind != "object" or any(isinstance(value, str) for value in column)
