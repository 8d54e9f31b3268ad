"""Tables such as people have: kinds of columns, targets, labels, weights and containers, by name.

All of them follow from a seed and their names alone.
"""

import tempfile
from collections.abc import Callable
from zlib import crc32

import numpy as np
import pandas as pd
import polars as pl

LARGEST = np.finfo(np.float64).max


def generator(seed, *labels):
    return np.random.default_rng([seed, *(crc32(str(label).encode()) for label in labels)])


def _constant(value):
    return lambda rng, n: np.full(n, value)


def _scaled(scale):
    return lambda rng, n: rng.normal(size=n) * scale


def _offset(offset):
    return lambda rng, n: offset + rng.normal(size=n)


def _all_but_one(usual, rare):
    def column(rng, n):
        values = np.full(n, usual)
        values[rng.integers(n) if n else []] = rare
        return values

    return column


COLUMNS: dict[str, Callable] = {
    "normal": _scaled(1.0),
    "zero": _constant(0.0),
    "seven": _constant(7.0),
    "tenth": _constant(0.1),
    "billion": _constant(1e9),
    "constant_1e300": _constant(1e300),
    "constant_1e-310": _constant(1e-310),
    "huge_1e30": _scaled(1e30),
    "huge_1e150": _scaled(1e150),
    "huge_1e300": _scaled(1e300),
    "largest": lambda rng, n: rng.choice([-LARGEST, LARGEST], size=n),
    "tiny_1e-30": _scaled(1e-30),
    "tiny_1e-200": _scaled(1e-200),
    "denormal": _scaled(1e-310),
    "smallest": lambda rng, n: rng.choice([0.0, 5e-324], size=n),
    "signed_zeros": lambda rng, n: rng.choice([0.0, -0.0], size=n),
    "integers": lambda rng, n: rng.integers(-5, 6, size=n).astype(float),
    "over_2_to_53": lambda rng, n: 2.0**53 + 2.0 * rng.integers(9, size=n),
    "boolean": lambda rng, n: rng.integers(2, size=n).astype(float),
    "rare": _all_but_one(0.0, 1.0),
    "one_outlier": _all_but_one(0.0, 1e12),
    "one_ulp_off": _all_but_one(0.1, np.nextafter(0.1, 1.0)),
    "cauchy": lambda rng, n: rng.standard_cauchy(size=n),
    "exp_20": lambda rng, n: np.exp(20.0 * rng.normal(size=n)),
    "offset_1e6": _offset(1e6),
    "offset_1e9": _offset(1e9),
    "offset_1e15": _offset(1e15),
    "identifier": lambda rng, n: 10_000_000.0 + rng.permutation(n),
    "some_missing": lambda rng, n: np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n)),
    "one_missing": _all_but_one(1.0, np.nan),
    "all_missing": _constant(np.nan),
}
"""Columns by themselves, as functions of a generator and the number of rows."""

DEPENDENT = "duplicate", "near_duplicate", "one_hot"
KINDS_OF_COLUMNS = (*COLUMNS, *DEPENDENT)


def table(seed, part, columns, n):
    """Array of these columns; other parts hold other rows of the same kinds."""
    made: list[np.ndarray] = []
    for k, kind in enumerate(columns):
        nth = columns[:k].count(kind)
        rng = generator(seed, part, kind, nth)
        if kind == "one_hot":
            codes = generator(seed, part, kind).integers(5, size=n)
            made.append((codes == nth % 5).astype(float))
        elif kind in COLUMNS:
            made.append(COLUMNS[kind](rng, n))
        elif not made:
            made.append(rng.normal(size=n))
        else:
            blur = 1e-9 * rng.normal(size=n) if kind == "near_duplicate" else 0.0
            with np.errstate(over="ignore"):
                made.append(np.clip(made[-1] * (1.0 + blur), -LARGEST, LARGEST))
    return np.column_stack(made) if made else np.empty((n, 0))


def _bend(rng, n, x):
    """Signal of the first column, by ranks, so that units are worth something."""
    ranks = np.argsort(np.argsort(x)) / max(n - 1, 1)
    return np.abs(2.0 * ranks - 1.0) + 0.01 * rng.normal(size=n)


TARGETS: dict[str, Callable] = {
    "bend": _bend,
    "noise": lambda rng, n, x: rng.normal(size=n),
    "line": lambda rng, n, x: np.clip(x, -1e6, 1e6),
    "integers": lambda rng, n, x: np.round(3.0 * _bend(rng, n, x)),
    "zero": lambda rng, n, x: np.zeros(n),
    "tenth": lambda rng, n, x: np.full(n, 0.1),
    "billion": lambda rng, n, x: np.full(n, 1e9),
    "cauchy": lambda rng, n, x: rng.standard_cauchy(size=n),
    "exp_20": lambda rng, n, x: np.exp(20.0 * rng.normal(size=n)),
    "one_outlier": lambda rng, n, x: _all_but_one(0.0, 1e12)(rng, n),
    "huge_1e30": lambda rng, n, x: 1e30 * _bend(rng, n, x),
    "huge_1e150": lambda rng, n, x: 1e150 * _bend(rng, n, x),
    "huge_1e300": lambda rng, n, x: 1e300 * _bend(rng, n, x),
    "largest": lambda rng, n, x: rng.choice([-LARGEST, LARGEST], size=n),
    "tiny_1e-30": lambda rng, n, x: 1e-30 * _bend(rng, n, x),
    "tiny_1e-200": lambda rng, n, x: 1e-200 * _bend(rng, n, x),
    "denormal": lambda rng, n, x: 1e-310 * _bend(rng, n, x),
    "offset_1e9": lambda rng, n, x: 1e9 + _bend(rng, n, x),
    "offset_1e15": lambda rng, n, x: 1e15 + _bend(rng, n, x),
}
"""Targets, as functions of a generator, the number of rows and the first column."""


def targets(seed, part, kinds, X):
    x = np.nan_to_num(X[:, 0]) if X.shape[1] else np.arange(len(X))
    made = [
        TARGETS[kind](generator(seed, part, "target", kind, k), len(X), x)
        for k, kind in enumerate(kinds)
    ]
    return np.column_stack(made)


CLASSES: dict[str, Callable] = {
    "two": lambda rng, n, bend: (bend > np.median(bend)).astype(int) if n else np.zeros(0, int),
    "three": lambda rng, n, bend: np.floor(2.99 * np.clip(bend, 0.0, 1.0)).astype(int),
    "ten": lambda rng, n, bend: rng.integers(10, size=n),
    "each": lambda rng, n, bend: rng.permutation(n),
    "one": lambda rng, n, bend: np.zeros(n, int),
    "rare": lambda rng, n, bend: _all_but_one(0, 1)(rng, n),
    "rare_third": lambda rng, n, bend: np.where(np.arange(n) == n // 2, 2, rng.integers(2, size=n)),
    "skewed": lambda rng, n, bend: np.minimum(rng.geometric(0.7, size=n) - 1, 4),
}
"""Codes of classes, as functions of a generator, the number of rows and a signal."""

LABELS: dict[str, Callable] = {
    "ints": lambda codes: codes,
    "int8": lambda codes: codes.astype(np.int8),
    "negative": lambda codes: codes - 3,
    "far_apart": lambda codes: codes * 2**40,
    "booleans": lambda codes: codes % 2 == 1,
    "floats": lambda codes: codes.astype(float),
    "float32": lambda codes: codes.astype(np.float32),
    "fractions": lambda codes: codes + 0.5,
    "strings": lambda codes: np.array([f"class {code}" for code in codes], dtype=str),
    "objects": lambda codes: np.array([f"class {code}" for code in codes], dtype=object),
    "object_ints": lambda codes: codes.astype(object),
    "mixed": lambda codes: np.array([code if code % 2 else "even" for code in codes], dtype=object),
}
"""Labels for codes of classes; "fractions" are no labels."""


def class_codes(seed, part, kind, X):
    bend = targets(seed, part, ("bend",), X)[:, 0]
    return np.asarray(CLASSES[kind](generator(seed, part, "classes"), len(X), bend), dtype=int)


WEIGHTS: dict[str, Callable] = {
    "ones": lambda rng, n, first: np.ones(n),
    "uniform": lambda rng, n, first: rng.uniform(0.1, 3.0, size=n),
    "some_zero": lambda rng, n, first: rng.integers(0, 3, size=n).astype(float),
    "one_row": lambda rng, n, first: (np.arange(n) == n // 2).astype(float),
    "first_class": lambda rng, n, first: first.astype(float),
    "huge": lambda rng, n, first: rng.uniform(1.0, 2.0, size=n) * 1e300,
    "largest": lambda rng, n, first: np.full(n, 1e308),
    "tiny": lambda rng, n, first: rng.uniform(1.0, 2.0, size=n) * 1e-300,
    "denormal": lambda rng, n, first: np.full(n, 5e-324),
    "huge_and_tiny": lambda rng, n, first: rng.choice([1e-300, 1e300], size=n),
    "far_apart": lambda rng, n, first: 10.0 ** rng.integers(-12, 13, size=n),
    "integers": lambda rng, n, first: rng.integers(1, 4, size=n),
    "booleans": lambda rng, n, first: rng.integers(2, size=n) == 1,
    "float32": lambda rng, n, first: rng.uniform(size=n).astype(np.float32),
    "list": lambda rng, n, first: rng.uniform(size=n).tolist(),
    "series": lambda rng, n, first: pd.Series(rng.uniform(size=n), index=np.arange(n) + 5),
    "scalar": lambda rng, n, first: 2.5,
    "negative": lambda rng, n, first: np.where(np.arange(n) == n // 2, -1.0, 1.0),
    "nan": lambda rng, n, first: np.where(np.arange(n) == n // 2, np.nan, 1.0),
    "infinite": lambda rng, n, first: np.where(np.arange(n) == n // 2, np.inf, 1.0),
    "all_zero": lambda rng, n, first: np.zeros(n),
    "column": lambda rng, n, first: np.ones((n, 1)),
    "short": lambda rng, n, first: np.ones(max(n - 1, 0)),
    "text": lambda rng, n, first: np.full(n, "heavy"),
}
"""Weights, as functions of a generator, the number of rows and which are of the first class."""

USUAL_WEIGHTS = "ones", "uniform", "some_zero", "integers", "booleans", "float32", "list", "series"
REFUSED_WEIGHTS = "negative", "nan", "infinite", "all_zero", "column", "short", "text"


def _memmap(array):
    with tempfile.NamedTemporaryFile() as file:
        written = np.memmap(file.name, dtype=array.dtype, mode="w+", shape=array.shape)
        written[...] = array
        written.flush()
        return np.memmap(file.name, dtype=array.dtype, mode="r", shape=array.shape)


def _strided(array):
    wide = np.zeros([2 * size for size in array.shape], dtype=array.dtype)
    part = wide[tuple(slice(None, None, -2) for _ in array.shape)]
    part[...] = array
    return part


def _read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def _smaller(dtype):
    def convert(array):
        with np.errstate(over="ignore"):
            return array.astype(dtype)

    return convert


def _whole(dtype):
    return lambda array: np.clip(np.round(array), 0, 100).astype(dtype)


def _pandas(array):
    if array.ndim == 1:
        return pd.Series(array, index=np.arange(len(array))[::-1] * 3)
    return pd.DataFrame({f"x{k}": array[:, k] for k in range(array.shape[1])})


def _pandas_mixed(array):
    frame = _pandas(array)
    if array.ndim == 1:
        return frame
    for k, name in enumerate(frame.columns):
        values = np.asarray(frame[name])
        if values.dtype == float and (values == np.round(np.clip(values, -1e9, 1e9))).all():
            is_truth = np.isin(values, (0, 1)).all()
            frame[name] = values.astype(bool) if is_truth else values.astype(np.int32)
            if k % 2:
                frame[name] = frame[name].astype("boolean" if is_truth else "Int64")
    return frame


def _polars(array):
    if array.ndim == 1:
        return pl.Series("y", array.tolist(), strict=False)
    return pl.DataFrame(
        {f"x{k}": array[:, k].tolist() for k in range(array.shape[1])}, strict=False
    )


CONTAINERS: dict[str, Callable] = {
    "array": np.copy,
    "fortran": np.asfortranarray,
    "strided": _strided,
    "read_only": _read_only,
    "memmap": lambda array: _memmap(array) if array.size else array,
    "other_endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
    "long_double": lambda array: array.astype(np.longdouble),
    "float32": _smaller(np.float32),
    "float16": _smaller(np.float16),
    "int64": _whole(np.int64),
    "uint8": _whole(np.uint8),
    "bool": lambda array: array > 0.0,
    "object": lambda array: array.astype(object),
    "list": lambda array: array.tolist(),
    "pandas": _pandas,
    "pandas_mixed": _pandas_mixed,
    "polars": _polars,
}
"""What rows are held in, as functions of a float64 array."""

TARGET_CONTAINERS = (
    *("array", "read_only", "strided", "list", "pandas", "polars", "object"),
    *("float32", "int64", "other_endian"),
)
LABEL_CONTAINERS = "array", "read_only", "list", "pandas", "polars", "column", "category"
OF_ANYTHING = "object", "list", "pandas", "polars"
OF_WHOLE_NUMBERS = "int64", "uint8", "bool"

BAD_CELLS = {"inf": np.inf, "minus_inf": -np.inf, "text": "a lot"}
BAD = (*BAD_CELLS, "no rows", "no columns", "one dimension", "short y", "missing y")
"""What nobody can fit."""


def hold(array, container):
    """The array in a container, or in one that can hold its values."""
    if array.dtype == object and container not in OF_ANYTHING:
        container = "object"
    elif container in OF_WHOLE_NUMBERS and not np.isfinite(array).all():
        container = "array"
    return CONTAINERS[container](array)


def hold_labels(labels, container):
    if container == "column":
        return labels.reshape(-1, 1)
    if container == "category":
        return pd.Series(labels).astype(container)
    return hold(labels, container)


def spoil(X, y, bad):
    """The table with something in it that cannot be used."""
    if bad == "no rows":
        return X[:0], y[:0]
    if bad == "no columns":
        return X[:, :0], y
    if bad == "one dimension":
        return np.arange(len(X)), y
    if bad == "short y":
        return X, y[:-1]
    if bad == "missing y":
        numbers = y.dtype.kind in "fiu"
        y = y.astype(float if numbers else object)
        y[len(y) // 2] = np.nan if numbers else None
        return X, y
    if bad is not None:
        X = X.astype(object if bad == "text" else float)
        X[len(X) // 2, X.shape[1] // 2] = BAD_CELLS[bad]
    return X, y


def is_finite(data):
    return bool(np.isfinite(np.asarray(data, dtype=float)).all())


def is_infinite(data):
    return bool(np.isinf(np.asarray(data, dtype=float)).any())


def fingerprint(data):
    """What must be the same as long as nobody writes to `data`."""
    array = np.asarray(data)
    content = repr(array.tolist()) if array.dtype == object else array.tobytes()
    return type(data), array.dtype, array.shape, content
