"""The network beside a linear model and boosted trees, on rows that none of them has seen."""

from dataclasses import dataclass
from math import sqrt
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from sk_spectral.estimators import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.report.table import Table

Array = NDArray[np.float64]

NETWORK, LINEAR, TREES = "this network", "linear model", "boosted trees"
_MOST_CATEGORIES = 200
_CHANCE, _TOO_LITTLE = 2.0, 0.01
_STRENGTHS = np.logspace(-3, 4, 15)


@dataclass(frozen=True)
class Contender:
    """One model and what it does on the rows held out.

    Attributes
    ----------
    name : str
    model : estimator
        Fitted.
    score : float
        R² or accuracy.
    losses : array of shape (n_held_out,)
        Squared errors, or log losses.
    seconds : float
        Of the fit.
    """

    name: str
    model: Any
    score: float
    losses: Array
    seconds: float

    def behind(self, best: "Contender") -> float:
        """Mean difference of the losses in its standard errors."""
        difference = self.losses - best.losses
        error = float(difference.std(ddof=1)) / sqrt(len(difference))
        return float(difference.mean()) / error if error > 0 else 0.0

    def loses_to(self, best: "Contender") -> bool:
        """Whether it is behind by more than chance, and by more than a hundredth of the loss."""
        enough = (1.0 + _TOO_LITTLE) * best.losses.mean() < self.losses.mean()
        return self.behind(best) > _CHANCE and bool(enough)


def held_out(table: Table, random_state: int) -> tuple[Any, Any, Any, Any]:
    """Three quarters of the rows to fit and one to judge, of classes as many of each."""
    strata = table.y if table.is_classification and table.y.value_counts().min() >= 4 else None
    parts = train_test_split(table.X, table.y, random_state=random_state, stratify=strata)
    return tuple(parts)


def contenders(table: Table, random_state: int) -> list[Contender]:
    """All three with their defaults, fitted to the same rows, the network first."""
    X, X_test, y, y_test = held_out(table, random_state)
    network = SpectralNASClassifier if table.is_classification else SpectralNASRegressor
    found = []
    for name, model in (
        (NETWORK, network(random_state=random_state)),
        (LINEAR, _linear(table.is_classification)),
        (TREES, _trees(table.is_classification, random_state)),
    ):
        start = perf_counter()
        model.fit(X, y)
        seconds = perf_counter() - start
        score = float(model.score(X_test, y_test))
        found.append(Contender(name, model, score, _losses(model, X_test, y_test), seconds))
    return found


def _losses(model: Any, X: Any, y: Any) -> Array:
    if not hasattr(model, "predict_proba"):
        return np.asarray(np.square(np.asarray(y) - model.predict(X)), dtype=np.float64)
    classes = list(model.classes_)
    rows = [(row, classes.index(label)) for row, label in enumerate(y) if label in classes]
    likelihood = np.zeros(len(y))
    if rows:
        at, of_class = np.array(rows).T
        likelihood[at] = np.asarray(model.predict_proba(X))[at, of_class]
    return np.asarray(-np.log(np.clip(likelihood, 1e-15, 1.0)))


def _linear(is_classification: bool) -> Any:
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    categories = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=2, max_categories=_MOST_CATEGORIES
    )
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (categories, make_column_selector(dtype_exclude="number")),
    )
    last = LogisticRegression(max_iter=2000) if is_classification else RidgeCV(_STRENGTHS)
    return make_pipeline(columns, last)


def _trees(is_classification: bool, random_state: int) -> Any:
    categories = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=_MOST_CATEGORIES
    )
    columns = make_column_transformer(
        ("passthrough", make_column_selector(dtype_include="number")),
        (categories, make_column_selector(dtype_exclude="number")),
    )
    trees = HistGradientBoostingClassifier if is_classification else HistGradientBoostingRegressor
    return make_pipeline(columns, trees(random_state=random_state))
