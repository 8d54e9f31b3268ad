"""Cases of a fuzz test: an estimator, what is called on it and with which data; printed as code."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

import numpy as np
from nasty_tables import (
    BAD,
    CLASSES,
    CONTAINERS,
    KINDS_OF_COLUMNS,
    LABEL_CONTAINERS,
    LABELS,
    REFUSED_WEIGHTS,
    TARGET_CONTAINERS,
    TARGETS,
    WEIGHTS,
    class_codes,
    generator,
    hold,
    hold_labels,
    is_finite,
    is_infinite,
    spoil,
    table,
    targets,
)

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor

SIZES = (1,), (2,), (8,), 5, (4, 3), (16, 8), (2, 2, 2)
OPTIONS: dict[str, tuple] = {
    "activation": ("relu", "tanh", "gelu", "silu"),
    "solver": ("adam", "sgd", "lbfgs"),
    "penalty": ("gamma", "group", "l1", None),
    "alpha": (0, 1e-3, 10),
    "prune_tol": (None, 0, 0.03, 1),
    "fit_intercept": (True, False),
    "train_input_eigenvalues": (True, False),
    "standardize": (True, False),
    "n_knots": (0, 3, "auto", 7),
    "batch_size": ("auto", 1, 7, 1000),
    "learning_rate_init": (1e-4, 1e-2, 0.1, 1.0),
    "eigenvalue_rate": (0, 1, 30.0),
    "weight_decay": ("auto", 0, 0.01, 1.0),
    "average": (True, False),
    "tol": (0, 1e-5, 1e9),
    "early_stopping": ("auto", True, False),
    "validation_fraction": (0.05, 0.3, 0.9),
    "n_iter_no_change": (1, 2, 20),
    "warm_start": (True, False),
}
CLASS_WEIGHTS = "balanced", "balanced", "by label", "by label", "one is zero"
HOW = "fit", "fit, fit", "fit, refused", "fit, partial_fit", "partial_fit", "partial_fit, fit"
MOST_ROWS_FOR_SMALL_BATCHES = 20
MOST_ATTEMPTS = 150


class Call(NamedTuple):
    """A call of an estimator, and whether it has to be refused."""

    method: str
    arguments: dict[str, Any]
    refused: bool


@dataclass(frozen=True, repr=False)
class Case:
    """An estimator and its data, which follow from these values alone."""

    seed: int = 0
    classifier: bool = False
    parameters: dict[str, Any] = field(default_factory=dict)
    n_rows: int = 20
    columns: tuple[str, ...] = ("normal",)
    container: str = "array"
    targets: tuple[str, ...] = ("bend",)
    flat: bool = True
    classes: str = "two"
    labels: str = "ints"
    y_container: str = "array"
    weights: str | None = None
    n_valid: int = 0
    how: str = "fit"
    bad: str | None = None

    def __repr__(self) -> str:
        usual = Case()
        given = (
            f"{f.name}={getattr(self, f.name)!r}"
            for f in fields(self)
            if f.name == "seed" or getattr(self, f.name) != getattr(usual, f.name)
        )
        return f"Case({', '.join(given)})"

    def estimator(self) -> SpectralNASRegressor | SpectralNASClassifier:
        parameters = {"hidden_layer_sizes": (2,), "max_iter": 1, "random_state": 0}
        parameters |= self.parameters
        if parameters["random_state"] == "RandomState":
            parameters["random_state"] = np.random.RandomState(self.seed)
        if not self.classifier:
            return SpectralNASRegressor(**parameters)
        if parameters.get("class_weight") in ("by label", "one is zero"):
            labels = dict.fromkeys(self.rows("train", self.n_rows)[1].tolist())
            first = 0.0 if parameters["class_weight"] == "one is zero" else 0.5
            parameters["class_weight"] = {label: k + first for k, label in enumerate(labels)}
        return SpectralNASClassifier(**parameters)

    def rows(self, part: str, n: int) -> tuple[np.ndarray, np.ndarray]:
        """X and y as plain arrays; labels of other parts are those of the training rows."""
        X = table(self.seed, part, self.columns, n)
        if not self.classifier:
            y = targets(self.seed, part, self.targets, X)
            return X, y[:, 0] if self.flat else y
        codes = class_codes(self.seed, part, self.classes, X)
        if part != "train":
            A = table(self.seed, "train", self.columns, self.n_rows)
            known = class_codes(self.seed, "train", self.classes, A)
            codes = np.where(np.isin(codes, known), codes, known[0])
        return X, LABELS[self.labels](codes)

    def wrap(self, X: np.ndarray) -> Any:
        return hold(X, self.container)

    def wrap_y(self, y: np.ndarray) -> Any:
        return (hold_labels if self.classifier else hold)(y, self.y_container)

    def weight(self, y: np.ndarray) -> Any:
        if self.weights is None:
            return None
        first = y.reshape(len(y), -1)[:, 0]
        rng = generator(self.seed, "weights")
        return WEIGHTS[self.weights](rng, len(y), first == first[0])

    def calls(self) -> list[Call]:
        """What is called one after the other."""
        calls = []
        for k, step in enumerate(self.how.split(", ")):
            X, y = self.rows("later" if k else "train", self.n_rows)
            if step == "partial_fit":
                parts = np.array_split(np.arange(len(X)), min(3, len(X)))
                calls += [self._call(step, X[part], y[part], self.bad) for part in parts]
            else:
                calls.append(self._call("fit", X, y, "inf" if step == "refused" else self.bad))
        return calls

    def _call(self, method: str, X: np.ndarray, y: np.ndarray, bad: str | None) -> Call:
        weight = self.weight(y)
        X, y = spoil(X, y, bad)
        arguments = {"X": self.wrap(X), "y": self.wrap_y(y)}
        if weight is not None:
            arguments["sample_weight"] = weight
        if method == "partial_fit" and self.classifier:
            arguments["classes"] = list(dict.fromkeys(self.rows("train", self.n_rows)[1].tolist()))
        if method == "fit" and self.n_valid:
            X_val, y_val = self.rows("valid", self.n_valid)
            arguments |= {"X_val": self.wrap(X_val), "y_val": self.wrap_y(y_val)}
            if self.weights in ("ones", "uniform"):
                arguments["sample_weight_val"] = self.weight(y_val)
        refused = (
            bad is not None
            or self.weights in REFUSED_WEIGHTS
            or any(is_infinite(arguments[name]) for name in ("X", "X_val") if name in arguments)
            or (self.classifier and self.labels == "fractions")
            or not (self.classifier or is_finite(arguments["y"]))
        )
        return Call(method, arguments, refused)


def _draw_parameters(rng: np.random.Generator, n_rows: int, classifier: bool) -> dict[str, Any]:
    def pick(options):
        return options[rng.integers(len(options))]

    share = pick((0.1, 0.3, 0.7))
    parameters = {"hidden_layer_sizes": pick(SIZES), "max_iter": int(rng.integers(1, 6))}
    for name, options in OPTIONS.items():
        if rng.random() < share:
            parameters[name] = pick(options)
    if n_rows > MOST_ROWS_FOR_SMALL_BATCHES and parameters.get("batch_size") in (1, 7):
        del parameters["batch_size"]
    if classifier and rng.random() < share:
        parameters["class_weight"] = pick(CLASS_WEIGHTS)
    if rng.random() < 0.2:
        parameters["random_state"] = pick((None, "RandomState"))
    return parameters


def draw(seed: int, k: int) -> Case:
    """The case of this number: most parts of most cases are usual."""
    rng = generator(seed, k)

    def pick(options):
        return options[rng.integers(len(options))]

    def rarely(options, usual, share=0.3):
        return pick(tuple(options)) if rng.random() < share else usual

    classifier = bool(rng.integers(2))
    low, high = pick(((1, 4), *[(4, 40)] * 6, *[(40, 100)] * 2, (100, 400)))
    n_rows = int(rng.integers(low, high + 1))
    n_columns = int(rng.integers(1, 41 if rng.random() < 0.1 else 5))
    nasty = pick((0.0, 0.2, 0.5, 1.0))
    n_targets = 1 if classifier else int(rarely((2, 3, 5), 1))
    of_kind, classes = (("bend",), CLASSES) if classifier else (TARGETS, ("two",))
    if n_rows > MOST_ROWS_FOR_SMALL_BATCHES:
        classes = tuple(name for name in classes if name != "each")
    return Case(
        seed=k,
        classifier=classifier,
        parameters=_draw_parameters(rng, n_rows, classifier),
        n_rows=n_rows,
        columns=tuple(rarely(KINDS_OF_COLUMNS, "normal", nasty) for _ in range(n_columns)),
        container=rarely(CONTAINERS, "array"),
        targets=tuple(rarely(of_kind, "bend") for _ in range(n_targets)),
        flat=n_targets == 1 and bool(rng.integers(4)),
        classes=rarely(classes, "two", 0.5),
        labels=rarely(LABELS if classifier else ("ints",), "ints"),
        y_container=rarely(LABEL_CONTAINERS if classifier else TARGET_CONTAINERS, "array"),
        weights=rarely(WEIGHTS, None),
        n_valid=int(rarely((1, 2, 20), 0, 0.15)),
        how=rarely(HOW, "fit"),
        bad=rarely(BAD, None, 0.06),
    )


def simpler(case: Case) -> Iterator[Case]:
    """Cases with a little less in them."""
    usual = Case()
    for f in fields(case):
        if f.name not in ("seed", "parameters", "n_rows", "columns", "classifier"):
            value = getattr(usual, f.name)
            if getattr(case, f.name) != value:
                yield replace(case, **{f.name: value})
    columns = case.columns
    half = (len(columns) + 1) // 2
    if len(columns) > 1:
        yield replace(case, columns=columns[:half])
        yield replace(case, columns=columns[half:])
        for k in range(len(columns)):
            yield replace(case, columns=columns[:k] + columns[k + 1 :])
    for k, kind in enumerate(columns):
        if kind != "normal":
            yield replace(case, columns=(*columns[:k], "normal", *columns[k + 1 :]))
    for k, kind in enumerate(case.targets):
        if len(case.targets) > 1:
            yield replace(case, targets=case.targets[:k] + case.targets[k + 1 :])
        if kind != "bend":
            yield replace(case, targets=(*case.targets[:k], "bend", *case.targets[k + 1 :]))
    for name in case.parameters:
        yield replace(
            case, parameters={key: value for key, value in case.parameters.items() if key != name}
        )
    for n in (1, 2, 3, 5, 10, 20, 50, 100, 200):
        if n < case.n_rows:
            yield replace(case, n_rows=n)
    if case.seed:
        yield replace(case, seed=0)


def simplified(case: Case, still_fails: Callable[[Case], bool]) -> Case:
    """The case with all left out that the failure does not need."""
    smaller_ones = simpler(case)
    for _ in range(MOST_ATTEMPTS):
        smaller = next(smaller_ones, None)
        if smaller is None:
            break
        if still_fails(smaller):
            case, smaller_ones = smaller, simpler(smaller)
    return case
