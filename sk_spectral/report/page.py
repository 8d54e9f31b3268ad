"""The page: verdict, scores, topology, shapes and importances; one file, and no script."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from sk_spectral.display import EffectDisplay
from sk_spectral.model import TopologySample
from sk_spectral.report.contenders import LINEAR, NETWORK, TREES, Contender
from sk_spectral.report.table import Table

_MOST_BARS = 15
_STYLE = """
:root { color-scheme: light dark; --ink: #1d2530; --paper: #fff; --line: #d4d9df; --bar: #0072B2; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e3e6ea; --paper: #15191e; --line: #3a424c; --bar: #4fa3d9; }
}
* { box-sizing: border-box; }
body { color: var(--ink); background: var(--paper); font: 16px/1.5 system-ui, sans-serif;
       max-width: 54em; margin: 2em auto; padding: 0 1em; overflow-wrap: anywhere; }
h1 { font-size: 1.5em; margin-bottom: 0; } h2 { font-size: 1.15em; margin-top: 2em; }
.verdict { font-size: 1.25em; border-left: .3em solid var(--bar); padding-left: .8em; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
td, th { padding: .25em .9em .25em 0; border-bottom: 1px solid var(--line); text-align: right; }
td:first-child, th:first-child { text-align: left; }
td:nth-child(n+2) { font-variant-numeric: tabular-nums; }
td, th, small { overflow-wrap: normal; } td:nth-child(2) { white-space: nowrap; }
.wide { overflow-x: auto; }
.wide img { width: 100%; min-width: 34em; background: #fff; border-radius: .3em; }
.bars { display: grid; grid-template-columns: minmax(5em, 14em) 1fr 4em; gap: .2em .8em; }
.bars i { background: var(--bar); height: 1em; align-self: center; border-radius: 2px; }
pre { border: 1px solid var(--line); padding: .8em; overflow-x: auto; border-radius: .3em; }
small { opacity: .85; }
"""


def page(
    path: Path, target: str, table: Table, found: list[Contender], code: str,
    sample: TopologySample | None,
) -> str:  # fmt: skip
    """The whole page, as a text that is a file by itself."""
    model, topology = found[0].model, found[0].model.topology_
    kind = f"{table.y.nunique()} classes" if table.is_classification else "a number"
    dropped = f"; {table.n_dropped} rows without it are left out" if table.n_dropped else ""
    dropped += "".join(f"; {note}" for note in table.notes)
    title = f"{path.name}: {target}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p><small>{len(table.y):,} rows, {table.X.shape[1]} features; the target is {kind}"
        f"{escape(dropped)}.</small></p>",
        f"<p class='verdict'><b>{topology.verdict}</b><br>{escape(advice(found))}</p>",
        _scores(found, table),
        "<h2>What was learned</h2>",
        topology._repr_html_(),
        "<h2>What each feature adds</h2>",
        _effects(model, table),
        "<h2>Which features matter</h2>",
        _importances(topology),
    ]
    if sample is not None:
        parts += ["<h2>How sure is that?</h2>", _certainty(sample)]
    parts += ["<h2>The same in Python</h2>", f"<pre>{escape(code)}</pre>"]
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        "<link rel='icon' href='data:,'>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def advice(found: Sequence[Contender]) -> str:
    """What to do, in a sentence or two, by verdict and by the rows held out."""
    by_name = {one.name: one for one in found}
    network, linear, trees = by_name[NETWORK], by_name[LINEAR], by_name[TREES]
    said = {
        "linear": "A linear model is enough: nothing bends or joins surely enough to pay for it.",
        "additive": "Features act by curves of their own, which add up: read them below.",
        "network": "Features act together: no sum of curves says what this network does.",
    }[network.model.topology_.verdict]
    best = min((linear, trees), key=lambda one: float(one.losses.mean()))
    if network.loses_to(best):
        said += f" But here {_predicts(best.name)} better, by more than chance."
    elif best.loses_to(network):
        said += f" It predicts better than {_the(best.name)}, by more than chance."
    else:
        said += f" It predicts as well as {_the(best.name)}, but for chance."
    return said


def _predicts(name: str) -> str:
    return "the linear model predicts" if name == LINEAR else f"{name} predict"


def _the(name: str) -> str:
    return "the linear model" if name == LINEAR else name


def _scores(found: Sequence[Contender], table: Table) -> str:
    metric = "accuracy" if table.is_classification else "R²"
    best = min(found, key=lambda one: float(one.losses.mean()))
    rows = ""
    for one in found:
        told = "best" if one is best else f"{one.behind(best):.1f} standard errors"
        told += "" if one is best or one.loses_to(best) else " (chance)"
        rows += (
            f"<tr><td>{one.name}</td><td>{one.score:.3f}</td><td>{told}</td>"
            f"<td>{one.seconds:.1f}</td></tr>"
        )
    return (
        f"<table><thead><tr><th>on {len(found[0].losses):,} rows held out</th><th>{metric}</th>"
        "<th>behind in the loss</th><th>seconds to fit</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _effects(model: Any, table: Table) -> str:
    from matplotlib import pyplot

    display = EffectDisplay.from_estimator(model, table.X)
    buffer = BytesIO()
    display.figure_.savefig(buffer, format="png", dpi=130)
    pyplot.close(display.figure_)
    what = "all of the model" if display.is_whole else "the part without hidden units"
    return (
        f"<div class='wide'><img alt='What single features add: {what}' "
        f"src='data:image/png;base64,{b64encode(buffer.getvalue()).decode()}'></div>"
    )


def _importances(topology: Any) -> str:
    shares = np.asarray(topology.feature_importances)
    order = [int(j) for j in np.argsort(-shares, kind="stable")[:_MOST_BARS] if shares[j] > 0]
    if not order:
        return "<p>None of them: the same is predicted for every row.</p>"
    bars = "".join(
        f"<span>{escape(topology.feature_names[j])}</span>"
        f"<i style='width:{100 * shares[j] / shares[order[0]]:.1f}%'></i>"
        f"<span>{100 * shares[j]:.1f} %</span>"
        for j in order
    )
    rest = int((shares > 0).sum()) - len(order)
    more = f"<p><small>and {rest} more</small></p>" if rest else ""
    return (
        "<p><small>Share of the squared norm over all paths to the output that starts at each."
        f"</small></p><div class='bars'>{bars}</div>{more}"
    )


def _certainty(sample: TopologySample) -> str:
    said = ", ".join(f"{verdict} in {share:.0%}" for verdict, share in sample.verdicts.items())
    return (
        f"<p>Of {len(sample)} searches on rows drawn anew: {escape(said)}.</p>"
        f"<pre>{escape(sample.summary())}</pre>"
    )
