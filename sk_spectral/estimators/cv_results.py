"""Scores of a fold by strength of the penalty, their table, and the choice by it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.metrics import log_loss

from sk_spectral.data.continuous import ContinuousTargets
from sk_spectral.estimators.base import SpectralSearch
from sk_spectral.estimators.scores import mean_loss
from sk_spectral.model.topology import Topology

Array = NDArray[Any]

_MEASURES: dict[str, Callable[[Topology], float]] = {
    "n_units": lambda topology: float(sum(topology.n_active_units)),
    "n_parameters": lambda topology: float(topology.n_parameters),
    "gamma_norm": lambda topology: topology.gamma_norm,
}


def scores_of_fold(
    search: SpectralSearch,
    X: Array,
    y: Array,
    weight: NDArray[np.float64] | None,
    fold: tuple[NDArray[np.intp], NDArray[np.intp]],
    alphas: Sequence[float],
    scorer: Callable[..., float] | None,
    given: Mapping[str, Any],
    classes: Array | None,
) -> dict[str, list[float]]:
    """Fit a path to the rows of a fold and score each of its networks on the others.

    Parameters
    ----------
    search : SpectralSearch
        With the settings of the networks; it is used up.
    X, y, weight : arrays
        Of all rows.
    fold : pair of int arrays
        Rows to train on, and to score on.
    alphas : sequence of float
        In the order of the path.
    scorer : callable or None
        None scores by the loss that is trained on.
    given : mapping
        What the scorer is given, a value for each row or one for all.
    classes : array or None
        All labels: a fold may lack one.

    Returns
    -------
    dict of list of float, by alpha
        "test_score", and of the topology "n_units", "n_parameters" and "gamma_norm".
    """
    train, test = fold
    asked: dict[str, Any] = {} if classes is None else {"classes": classes}
    own = None if weight is None else weight[train]
    path = search._path(X[train], y[train], own, alphas=alphas, **asked)
    given = {name: _taken(value, test, X.shape[0]) for name, value in given.items()}
    found: dict[str, list[float]] = {name: [] for name in ("test_score", *_MEASURES)}
    for point in path.points:
        if point.alpha is None or point.compact is None:
            continue
        search.compact_ = point.compact
        score = (scorer or minus_loss)(search, X[test], y[test], **given)
        found["test_score"].append(float(score))
        for name, measure in _MEASURES.items():
            found[name].append(measure(point.topology))
    return found


def minus_loss(
    search: SpectralSearch, X: Array, y: Array, sample_weight: NDArray[np.float64] | None = None
) -> float:
    """Minus the mean loss, of classes the log loss: more is better."""
    if is_classifier(search) and y.ndim == 2:
        outputs = search.decision_function(X)
        losses = (np.logaddexp(0.0, outputs) - y * outputs).mean(axis=1)
        return -float(np.average(losses, weights=sample_weight))
    if is_classifier(search):
        probabilities = search.predict_proba(X)
        labels = search.classes_
        return -float(log_loss(y, probabilities, sample_weight=sample_weight, labels=labels))
    targets = search._targets
    assert isinstance(targets, ContinuousTargets)
    return -mean_loss(targets, y, search.predict(X), sample_weight)


def _taken(value: Any, rows: NDArray[np.intp], n_samples: int) -> Any:
    is_by_row = isinstance(value, np.ndarray | list | tuple) and len(value) == n_samples
    return np.asarray(value)[rows] if is_by_row else value


def cv_results_of(
    alphas: Sequence[float], folds: Sequence[Mapping[str, Sequence[float]]]
) -> dict[str, Any]:
    """A table of one row for each alpha, named as those of scikit-learn's searches are.

    Parameters
    ----------
    alphas : sequence of float
    folds : sequence of mappings
        As from `scores_of_fold`.
    """
    table: dict[str, Any] = {
        "param_alpha": np.array(alphas),
        "params": [{"alpha": alpha} for alpha in alphas],
    }
    scores = np.array([fold["test_score"] for fold in folds])
    for i, of_fold in enumerate(scores):
        table[f"split{i}_test_score"] = of_fold
    table["mean_test_score"], table["std_test_score"] = scores.mean(0), scores.std(0)
    mean = table["mean_test_score"]
    table["rank_test_score"] = 1 + (mean[:, None] < mean).sum(axis=1)
    for name in _MEASURES:
        values = np.array([fold[name] for fold in folds])
        table[f"mean_{name}"], table[f"std_{name}"] = values.mean(0), values.std(0)
    return table


def standard_errors(table: Mapping[str, Any], name: str) -> NDArray[np.float64]:
    """Of the means over folds of what the table has by this name, for each alpha."""
    n_folds = sum(column.startswith("split") for column in table)
    errors: NDArray[np.float64] = table[f"std_{name}"] / max(n_folds - 1, 1) ** 0.5
    return errors


def chosen(table: Mapping[str, Any], rule: str) -> int:
    """Index of the strongest alpha among the best, or among those no worse than "1se" allows.

    One standard error of the best mean score over the folds, as in Hastie, Tibshirani and Friedman,
    "The Elements of Statistical Learning", section 7.10.
    """
    mean = table["mean_test_score"]
    best = int(np.argmax(mean))
    lowest = mean[best]
    if rule == "1se":
        lowest -= standard_errors(table, "test_score")[best]
    allowed = np.flatnonzero(mean >= lowest)
    return int(allowed[np.argmax(np.asarray(table["param_alpha"])[allowed])])
