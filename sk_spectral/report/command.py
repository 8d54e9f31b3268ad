"""The command: its arguments, what it prints, and the one sentence that it says of a bad file."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from warnings import catch_warnings, filterwarnings

from sklearn.exceptions import ConvergenceWarning

from sk_spectral.estimators import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.inspection import topology_sample
from sk_spectral.report.contenders import NETWORK, contenders
from sk_spectral.report.page import advice, page
from sk_spectral.report.table import Table, TableError, table_from

_CODE = """\
import pandas as pd
from sk_spectral import {estimator}

{frame}
model = {estimator}(random_state={seed})
model.fit(frame.drop(columns={target!r}), frame[{target!r}])
print(model.topology_)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        0, or 2 where the file cannot be used, which is told on the standard error.
    """
    options = _parser().parse_args(arguments)
    try:
        _report(options, options.output or Path(f"{options.table.stem}.report.html"))
    except (ValueError, OSError) as error:  # each a sentence, of the file or of the estimator
        print(f"sk_spectral report: {error}", file=sys.stderr)
        return 2
    return 0


def _report(options: argparse.Namespace, output: Path) -> None:
    _check_packages()
    table = table_from(options.table, options.target, options.task, options.drop)
    if not output.parent.is_dir():
        raise TableError(f"{output.parent} is no folder, so that no report can go there.")
    print(f"{options.table.name}: {len(table.y):,} rows, {table.X.shape[1]} features", flush=True)
    with catch_warnings():
        filterwarnings("ignore", category=ConvergenceWarning)
        filterwarnings("ignore", message="Found unknown categories", category=UserWarning)
        found = contenders(table, options.random_state)
        sample = None
        if options.repeats:
            network = SpectralNASClassifier() if table.is_classification else SpectralNASRegressor()
            sample = topology_sample(
                network, table.X, table.y, n_repeats=options.repeats, bootstrap=True,
                random_state=options.random_state, n_jobs=options.jobs,
            )  # fmt: skip
    text = page(options.table, options.target, table, found, _code(options, table), sample)
    output.write_text(text, encoding="utf-8")
    topology = found[0].model.topology_
    print(f"{topology.verdict}: {advice(found)}")
    metric = "accuracy" if table.is_classification else "R²"
    for one in found:
        print(f"  {one.name:<14}{metric} {one.score:.3f} on held-out rows")
    print(f"wrote {output}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sk_spectral")
    commands = parser.add_subparsers(required=True, metavar="report")
    report = commands.add_parser(
        "report",
        help="is this table linear, additive or a network? Writes a page that answers",
        description=f"Fit {NETWORK} to a table, beside a linear model and boosted trees, and write "
        "what was learned as one HTML file.",
    )
    report.add_argument("table", type=Path, help="CSV or Parquet file")
    report.add_argument("--target", required=True, help="column to be predicted")
    report.add_argument("--output", type=Path, help="default: TABLE.report.html")
    report.add_argument(
        "--task", choices=["auto", "classification", "regression"], default="auto",
        help="default: by what the target holds",
    )  # fmt: skip
    report.add_argument(
        "--drop", action="append", default=[], metavar="COLUMN", help="column that is no feature"
    )
    report.add_argument(
        "--repeats", type=_count, default=0, metavar="N",
        help="repeat the search on N bootstrap samples, to tell how sure it is",
    )  # fmt: skip
    report.add_argument("--random-state", type=int, default=0, metavar="SEED")
    report.add_argument("--jobs", type=int, metavar="N", help="processes, for --repeats")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError  # which argparse tells with the name of the option
    return number


def _check_packages() -> None:
    try:
        import matplotlib
        import pandas
    except ImportError as error:
        raise TableError(
            f"a report needs pandas and matplotlib, and {error.name} is not there: "
            "pip install pandas matplotlib."
        ) from error
    assert pandas.__name__
    matplotlib.use("agg")


def _code(options: argparse.Namespace, table: Table) -> str:
    estimator = SpectralNASClassifier if table.is_classification else SpectralNASRegressor
    return _CODE.format(
        frame="\n".join(table.code),
        estimator=estimator.__name__,
        target=options.target,
        seed=options.random_state,
    )
