"""Where the examples put what they find: pictures, numbers, and runs that can be gone on with.

Importing it gives their pictures the colours of the package's own.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from cycler import cycler
from joblib import Parallel, delayed, effective_n_jobs
from tqdm import tqdm

from sk_spectral.display.figures import PALETTE

plt.rcParams["axes.prop_cycle"] = cycler(color=PALETTE)

OUTPUT = Path(__file__).parent / "output"


def save(name: str, figure: Any, numbers: dict[str, Any], folder: Path | None = None) -> None:
    """Write `name`.png and `name`.json under `folder`, examples/output by default."""
    folder = folder or OUTPUT
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.png", dpi=110)
    (folder / f"{name}.json").write_text(json.dumps(numbers, indent=1) + "\n")
    print(f"wrote {name}.png and {name}.json to {folder.name}/")


def run_all(
    function: Callable[..., dict[str, Any]],
    settings: Iterable[dict[str, Any]],
    file: Path,
    n_jobs: int = -1,
) -> list[dict[str, Any]]:
    """Results of `function(**setting)` for every setting, on all cores, in the order of settings.

    Each result is a line of `file` as soon as it comes, with its setting, so that an interrupted
    run goes on where it stopped. joblib runs them, by whichever backend is set around the call.

    Parameters
    ----------
    function : callable
        Returns a dictionary of numbers.
    settings : iterable of dictionaries
        Keyword arguments.
    file : Path
        A JSON lines file. A last line that an interruption cut short is dropped.
    n_jobs : int
        As in joblib.
    """
    settings = list(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    done = _read(file)
    missing = [setting for setting in settings if _key(setting) not in done]
    bar = tqdm(total=len(settings), initial=len(settings) - len(missing), desc=file.stem)
    jobs = [delayed(_with_setting)(function, setting) for setting in missing]
    with bar, file.open("a") as out:
        for setting, result in _as_they_come(jobs, n_jobs):
            out.write(json.dumps({"setting": setting, "result": result}) + "\n")
            out.flush()
            done[_key(setting)] = result
            bar.update()
    return [setting | done[_key(setting)] for setting in settings]


def _as_they_come(jobs: list[Any], n_jobs: int) -> Iterator[Any]:
    """Results one by one, or some at a time from a backend that cannot give them so (ray)."""
    try:
        parallel = Parallel(n_jobs, return_as="generator_unordered")
    except ValueError:
        parallel, at_once = Parallel(n_jobs), 4 * effective_n_jobs(n_jobs)
        for start in range(0, len(jobs), at_once):
            yield from parallel(jobs[start : start + at_once])
    else:
        yield from parallel(jobs)


def _with_setting(function: Callable[..., Any], setting: dict[str, Any]) -> tuple[Any, Any]:
    return setting, function(**setting)


def _key(setting: dict[str, Any]) -> str:
    return json.dumps(setting, sort_keys=True)


def _read(file: Path) -> dict[str, Any]:
    """Results by setting; the file is cut back to its whole lines."""
    if not file.exists():
        return {}
    done, whole = {}, []
    for line in file.read_text().splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        done[_key(entry["setting"])] = entry["result"]
        whole.append(line)
    file.write_text("".join(line + "\n" for line in whole))
    return done
