"""Any parameters and any data: a sound fit without a warning, or a refusal that changes nothing.

A few runs by default; `--fuzz-runs 2000 --fuzz-seed 7` goes wider. A failure is simplified, and
printed as code.
"""

import json
import pickle
import traceback
import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from fuzz_cases import Call, Case, draw, simplified
from nasty_tables import (
    BAD,
    CONTAINERS,
    REFUSED_WEIGHTS,
    USUAL_WEIGHTS,
    fingerprint,
    is_finite,
    is_infinite,
)
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.utils import check_random_state

import sk_spectral
from sk_spectral.search import fine_tuning

LONGEST_MESSAGE = 400
MOST_SIMPLIFIED = 12
STEPS_OF_REFITS = 30  # fewer than usual, for time
N_FRESH = 7


class PropertyError(AssertionError):
    """What went wrong: its kind, the same for the same fault, and details."""

    def __init__(self, kind: str, detail: object = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind


def require(condition, kind, detail=""):
    if not condition:
        raise PropertyError(kind, detail)


def is_documented(text, category, case):
    return (
        (category is UserWarning and text.startswith(("batch_size=", "alpha=")))
        or category is ConvergenceWarning
        # scikit-learn's own, on y
        or (category is DataConversionWarning and case.y_container == "column")
        or text.startswith("The number of unique classes is greater than 50%")
    )


def frames_of_package(frames):
    home = str(Path(sk_spectral.__file__).parent)
    return [k for k, frame in enumerate(frames) if frame.filename.startswith(home)]


def innermost(frames):
    """Where in the package something came from, and where in what it calls."""
    ours = frames_of_package(frames)
    places = [frames[ours[-1]], frames[-1]] if ours else [frames[-1]]
    return " > ".join(dict.fromkeys(f"{Path(f.filename).name}:{f.name}" for f in places))


@contextmanager
def without_warnings(case, doing) -> Iterator[None]:
    """No warning but those that are documented, and no global state that is not as it was."""
    caught = []

    def show(message, category, *args, **kwargs):
        stack = traceback.extract_stack()[:-1]
        caught.append(
            (message, category, innermost([f for f in stack if "warnings" not in f.filename]))
        )

    threads, torch_state = torch.get_num_threads(), torch.get_rng_state()
    numpy_state = pickle.dumps(check_random_state(None).get_state())
    errors = np.geterr()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        yield
    try:
        require(torch.get_num_threads() == threads, f"{doing} changes torch's threads")
        require(torch.equal(torch.get_rng_state(), torch_state), f"{doing} draws from torch")
        if case.parameters.get("random_state", 0) is not None:
            require(
                pickle.dumps(check_random_state(None).get_state()) == numpy_state,
                f"{doing} draws from NumPy",
            )
        require(np.geterr() == errors, f"{doing} changes NumPy's handling of errors")
    finally:
        torch.set_num_threads(threads)
        torch.set_rng_state(torch_state)
    for message, category, place in caught:
        if not is_documented(str(message), category, case):
            raise PropertyError(f"{doing} gives a {category.__name__} in {place}", message)


def is_from_scikit_learn(error):
    """Whether it was raised by a check of scikit-learn that the package called."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = frames_of_package(frames)
    below = frames[ours[-1] + 1 :] if ours else frames
    return bool(below) and "/sklearn/utils/" in below[0].filename.replace("\\", "/")


def refusal_of(model, call: Call, case: Case):
    """ValueError or TypeError of the call, None if it is a fit; anything else is a failure."""
    try:
        with without_warnings(case, call.method):
            try:
                getattr(model, call.method)(**call.arguments)
            except (ValueError, TypeError) as error:
                return error
    except PropertyError:
        raise
    except Exception as error:
        place = innermost(traceback.extract_tb(error.__traceback__))
        kind = f"{call.method} raises {type(error).__name__} in {place}"
        raise PropertyError(kind, str(error)[:300]) from error
    return None


def check_refusal(error, model, before, case: Case):
    """One sentence, and nothing is changed."""
    message = str(error)
    if not is_from_scikit_learn(error):
        place = innermost(traceback.extract_tb(error.__traceback__))
        kind = f"the refusal by {place} is not a sentence"
        require("\n" not in message, kind, message)
        require(0 < len(message) <= LONGEST_MESSAGE, kind, message)
        require(message[-1:] in (".", "!", ")"), kind, message)
    after = vars(model)
    require(after.keys() == before.keys(), "a refused call adds or removes attributes", message)
    changed = [name for name in after if after[name] is not before[name]]
    require(not changed, "a refused call changes attributes", changed)


def outputs_of(model, X):
    """All that a fitted model says of X."""
    names = ("predict", "predict_proba", "decision_function")
    return {name: getattr(model, name)(X) for name in names if hasattr(model, name)}


def check_outputs(model, X, n_rows, case: Case, of):
    with without_warnings(case, "predict"):
        outputs = outputs_of(model, X)
    predicted = outputs["predict"]
    if not case.classifier:
        shape = (n_rows,) if case.flat else (n_rows, len(case.targets))
        require(predicted.shape == shape, "predict has a wrong shape", predicted.shape)
        require(predicted.dtype == np.float64, "predict has a wrong dtype", predicted.dtype)
        require(np.isfinite(predicted).all(), f"predict is not finite on {of}")
        return
    k = len(model.classes_)
    logits, shares = outputs["decision_function"], outputs["predict_proba"]
    shape = (n_rows,) if k == 2 else (n_rows, k)
    require(logits.shape == shape, "decision_function has a wrong shape", logits.shape)
    require(np.isfinite(logits).all(), f"decision_function is not finite on {of}")
    require(shares.shape == (n_rows, k), "predict_proba has a wrong shape", shares.shape)
    require(np.isfinite(shares).all() and (shares >= 0).all(), f"predict_proba is wrong on {of}")
    require(np.allclose(shares.sum(axis=1), 1.0, atol=1e-12), "predict_proba does not sum to 1")
    require(predicted.shape == (n_rows,), "predict has a wrong shape", predicted.shape)
    require(predicted.dtype == model.classes_.dtype, "predict has a wrong dtype", predicted.dtype)
    require(np.isin(predicted, model.classes_).all(), "predict gives other labels")
    chosen = shares[np.arange(n_rows), np.searchsorted(model.classes_, predicted)]
    require((chosen >= shares.max(axis=1)).all(), "predict is not the most probable class")


def check_attributes(model, case: Case):
    """The topology is that of the compact network, and all that is reported is finite."""
    topology, compact = model.topology_, model.compact_
    counts = tuple(int(mask.sum()) for mask in compact.unit_masks)
    n_features = len(case.columns)
    n_outputs = len(case.targets)
    if case.classifier:
        n_outputs = 1 if len(model.classes_) == 2 else len(model.classes_)
    require(topology.n_active_units == counts, "topology_ counts other units", topology)
    require(compact.layer_sizes == (n_features, *counts, n_outputs), "compact_ has other sizes")
    require(compact.full_layer_sizes == topology.layer_sizes, "topology_ has other layers")
    require(topology.n_parameters == compact.n_parameters, "topology_ counts other parameters")
    require(
        topology.n_parameters <= topology.n_parameters_searched, "more parameters than searched"
    )
    require(
        not topology.is_linear or topology.gamma_norm == 0.0, "‖Γ‖ of a linear network", topology
    )
    require(np.isfinite(topology.block_norms).all(), "topology_.block_norms is not finite")
    for name in ("gamma_norm", "loss_before", "loss_after", "nonlinear_share"):
        value = getattr(topology, name)
        require(value is None or np.isfinite(value), f"topology_.{name} is not finite", value)
    require(
        0.0 <= topology.nonlinear_share <= 1.0,
        "topology_.nonlinear_share is no share",
        topology.nonlinear_share,
    )
    require(sum(counts) == 0 or not topology.is_linear, "is_linear with hidden units")
    json.dumps(topology.to_dict(), allow_nan=False), topology.summary()
    importances = model.feature_importances_
    require(importances.shape == (n_features,), "feature_importances_ has a wrong shape")
    require(np.isfinite(importances).all(), "feature_importances_ is not finite", importances)
    require((importances >= 0).all(), "feature_importances_ is negative", importances)
    total = importances.sum()
    require(total == 0.0 or abs(total - 1.0) < 1e-9, "feature_importances_ sums to neither", total)
    for name in ("linear_coef_", "linear_intercept_", "loss_", "loss_curve_"):
        require(is_finite(getattr(model, name)), f"{name} is not finite")
    require(all(is_finite(weight) for weight in compact.weights), "compact_ is not finite")
    require(model.n_iter_ == len(model.loss_curve_), "n_iter_ is not that of loss_curve_")
    require(model.n_features_in_ == n_features, "n_features_in_ is wrong")


def equal(one, other):
    return all(np.array_equal(one[name], other[name]) for name in one)


def check_model(model, call: Call, case: Case):
    """All that holds of a fit."""
    X = call.arguments["X"]
    try:
        check_attributes(model, case)
        check_outputs(model, X, len(X), case, "training rows")
        fresh = case.wrap(case.rows("fresh", N_FRESH)[0])
        if not is_infinite(fresh):
            check_outputs(model, fresh, N_FRESH, case, "fresh rows")
        again = pickle.loads(pickle.dumps(model))
        require(equal(outputs_of(model, X), outputs_of(again, X)), "a pickle predicts otherwise")
    except PropertyError:
        raise
    except Exception as error:
        place = innermost(traceback.extract_tb(error.__traceback__))
        raise PropertyError(
            f"a fitted model raises {type(error).__name__} in {place}", error
        ) from error


def check(case: Case) -> bool:
    """Whether there was a fit; PropertyError for the first property that does not hold."""
    of_numpy = check_random_state(None)
    state = of_numpy.get_state()
    of_numpy.seed(case.seed)  # for random_state=None
    try:
        with patch.object(fine_tuning, "_STEPS", STEPS_OF_REFITS):
            return check_calls(case)
    finally:
        of_numpy.set_state(state)


def check_calls(case: Case) -> bool:
    """What is called one after the other, and then on a clone."""
    model = case.estimator()
    twin = clone(model)
    parameters = model.get_params(deep=False)
    printed = repr(model)
    fitted, calls = None, case.calls()
    for call in calls:
        before = vars(model).copy()
        prints = {name: fingerprint(value) for name, value in call.arguments.items()}
        said = None if fitted is None else outputs_of(model, fitted.arguments["X"])
        error = refusal_of(model, call, case)
        for name, value in call.arguments.items():
            require(fingerprint(value) == prints[name], f"{call.method} writes to {name}")
        same = all(
            value is parameters[name] for name, value in model.get_params(deep=False).items()
        )
        require(same and repr(model) == printed, "constructor parameters are changed")
        if error is None:
            require(not call.refused, f"{call.method} accepts what it must refuse")
            check_model(model, call, case)
            fitted = call
            continue
        check_refusal(error, model, before, case)
        if fitted is not None:
            now = outputs_of(model, fitted.arguments["X"])
            require(equal(said, now), "a refused call changes what is predicted")
    if fitted is not None and case.parameters.get("random_state", 0) is not None:
        check_twin(model, twin, calls, fitted, case)
    return fitted is not None


def check_twin(model, twin, calls, fitted: Call, case: Case):
    """The same calls of a clone give the same model."""
    for call in calls:
        refusal_of(twin, call, case)
    X = fitted.arguments["X"]
    require(equal(outputs_of(model, X), outputs_of(twin, X)), "a clone predicts otherwise")


def failure_of(case: Case) -> PropertyError | None:
    try:
        check(case)
    except PropertyError as failure:
        return failure
    return None


def fails(case: Case, kind: str) -> bool:
    return getattr(failure_of(case), "kind", None) == kind


def report(cases: dict[str, list[Case]]) -> str:
    """Kinds of failures, the most frequent first, each with a case as code."""
    lines = []
    for k, (kind, some) in enumerate(sorted(cases.items(), key=lambda item: -len(item[1]))):
        case = min(some, key=lambda case: len(repr(case)))
        if k < MOST_SIMPLIFIED:
            case = simplified(case, partial(fails, kind=kind))
        lines += [f"{len(some)} x {failure_of(case)}", f"    check({case!r})"]
    imports = "from fuzz_cases import Case", "from test_fuzz import check"
    return "\n".join(["in tests/:", *imports, *lines])


def test_any_fit_is_sound_or_refused_in_a_sentence(request):
    n_runs, seed = (request.config.getoption(f"--fuzz-{name}") for name in ("runs", "seed"))
    failures, n_fitted = defaultdict(list), 0
    for k in range(n_runs):
        case = draw(seed, k)
        try:
            n_fitted += check(case)
        except PropertyError as failure:
            failures[failure.kind].append(case)
    if failures:
        pytest.fail(report(failures), pytrace=False)
    assert n_fitted >= n_runs / 2


@pytest.mark.slow
@pytest.mark.parametrize("classifier", [True, False])
def test_usual_data_are_fitted_in_any_container_and_with_any_usual_weights(classifier):
    usual = Case(classifier=classifier, n_rows=9, columns=("boolean", "normal", "integers"))
    for name in CONTAINERS:
        assert check(replace(usual, container=name))
    for name in USUAL_WEIGHTS:
        assert check(replace(usual, weights=name))


@pytest.mark.parametrize("classifier", [True, False])
def test_what_nobody_can_fit_is_refused(classifier):
    usual = Case(classifier=classifier, columns=("normal", "normal"))
    for bad in BAD:
        assert not check(replace(usual, bad=bad))
    for name in REFUSED_WEIGHTS:
        assert not check(replace(usual, weights=name))
