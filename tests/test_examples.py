"""The examples in their short modes: what they write, and what the publication says of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import joblib
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SCRIPTS = sorted(path.stem for path in EXAMPLES.glob("plot_*.py"))


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("output")


def run(name, output, *arguments):
    """Numbers that an example writes, and what it prints."""
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "--short", "--output", str(output)]
    printed = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, check=True,
        env=os.environ | {"MPLBACKEND": "agg", "PYTHONWARNINGS": "error"},
    )  # fmt: skip
    picture = (output / f"{name}.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    return json.loads((output / f"{name}.json").read_text()), printed.stdout


@pytest.mark.slow
def test_linear_to_nonlinear(output):
    name = "plot_01_linear_to_nonlinear"
    numbers, _ = run(name, output, "--jobs", "1")
    findings = numbers["findings"]
    assert findings["largest fall at beta 5, in standard errors"] <= 2
    assert findings["share of the last value at alpha 0, beta 5"] < 0.01
    assert findings["jump from alpha 0.45 to 0.55 at beta 1000"] > 50
    curve = numbers["curves"]["5"]
    assert curve["mean_eigenvalue"][0] < 0.1 * curve["mean_eigenvalue"][-1]

    # Cut short in the middle of a line, the run goes on and loses nothing that was whole.
    lines = output / f"{name}.jsonl"
    whole = lines.read_text().splitlines(keepends=True)
    lines.write_text("".join(whole[:5]) + whole[5][:25])
    again, _ = run(name, output, "--jobs", "1")
    assert again == numbers
    assert sorted(lines.read_text().splitlines()) == sorted(map(str.strip, whole))
    assert lines.read_text().startswith("".join(whole[:5]))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("backend", ["threading", "multiprocessing"])
def test_any_backend_of_joblib_runs_them(backend, tmp_path, monkeypatch):
    """The second cannot give results as they come, as others cannot."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from results import run_all

    settings = [{"a": a, "b": b} for a in range(5) for b in range(4)]
    with joblib.parallel_config(backend=backend):
        first = run_all(total, settings[:11], tmp_path / "runs.jsonl", 2)
        results = run_all(total, settings, tmp_path / "runs.jsonl", 2)
    assert [r["total"] for r in results] == [s["a"] + s["b"] for s in settings]
    assert first == results[:11]
    assert len((tmp_path / "runs.jsonl").read_text().splitlines()) == 20


def total(a, b):
    return {"total": a + b}


@pytest.mark.slow
def test_teacher_student(output):
    numbers, printed = run("plot_02_teacher_student", output)
    (gamma,) = (r for r in numbers["runs"] if r["penalty"] == "gamma")
    assert gamma["active layers"] == 1
    assert gamma["units"] <= 40
    assert gamma["test error"] <= numbers["published"]["test error"] == 8.1e-5
    assert printed.splitlines()[1].split()[-3:] == ["1", "280", "8.1e-05"]
    assert "published" in printed.splitlines()[1]


@pytest.mark.slow
def test_growth(output):
    films, _ = run("plot_03_growth", output)
    for frames in films.values():
        units = [sum(map(sum, frame["active units"])) for frame in frames]
        assert units[0] == 0
        assert max(units) > 0
        assert frames[0]["gamma_norm"] == 0 < frames[-1]["gamma_norm"]
        assert frames[-1]["score"] > frames[1]["score"] + 0.3


@pytest.mark.slow
def test_parameter_scaling(output):
    numbers, _ = run("plot_04_parameter_scaling", output)
    counts = {
        entry["layers"]: (entry["spectral"], entry["direct"]) for entry in numbers["parameters"]
    }
    published = {2: (120, 100), 3: (230, 300), 5: (450, 1000), 11: (1110, 5500)}
    assert {layers: counts[layers] for layers in published} == published


@pytest.mark.slow
def test_spectral_head(output):
    numbers, _ = run("plot_05_spectral_head", output)
    mean = {
        (backbone, quantity): sum(r[quantity] for r in numbers["runs"] if r["backbone"] == backbone)
        for backbone in ("trained", "random")
        for quantity in ("linear head", "spectral head", "units needed")
    }
    assert mean["random", "units needed"] > mean["trained", "units needed"]
    assert mean["random", "spectral head"] > mean["random", "linear head"]
    assert all(len(r["accuracy by units"]) == 65 for r in numbers["runs"])


@pytest.mark.slow
def test_read_the_topology(output):
    numbers, printed = run("plot_06_read_the_topology", output)
    assert printed.startswith(numbers["headline"])
    assert sum(numbers["importances"]) == pytest.approx(1)
    assert {0, 1, 3} <= set(numbers["relevant"])


@pytest.mark.slow
def test_deploy(output):
    pytest.importorskip("skl2onnx")
    pytest.importorskip("onnxruntime")
    table, _ = run("plot_07_deploy", output)
    for row in table.values():
        assert row["largest difference"] <= 1e-5
    assert table["spectral"]["kilobytes"] == (output / "spectral.onnx").stat().st_size / 1000


def test_every_example_is_run():
    text = Path(__file__).read_text()
    assert all(f'"{name}"' in text for name in SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_has_the_form_of_a_gallery(name):
    text = (EXAMPLES / f"{name}.py").read_text()
    title, underline = text.splitlines()[1:3]
    assert text.startswith('"""\n')
    assert underline == "=" * len(title)
    assert text.count("\n# %%\n") >= 2


@pytest.mark.slow
def test_how_small_how_sure(output):
    numbers, printed = run("plot_08_how_small_how_sure", output, "--jobs", "1")
    assert (output / "plot_08_path.png").exists()
    assert printed.splitlines()[0].split()[:3] == ["units", "by", "layer"]
    linear, additive, *_ = numbers["path"]
    assert (linear["verdict"], additive["verdict"]) == ("linear", "additive")
    assert 0.6 < linear["score"] < additive["score"] < numbers["path"][-1]["score"]
    assert sum(numbers["verdicts"].values()) == 1.0


@pytest.mark.slow
def test_how_strong_a_penalty(output):
    numbers, printed = run("plot_09_how_strong_a_penalty", output, "--jobs", "1")
    assert (output / "plot_09_stays.png").exists()
    assert printed.startswith("rule='best': alpha=")
    assert numbers["best"]["alpha"] <= numbers["1se"]["alpha"]
    assert numbers["folds"]["param_alpha"] == sorted(numbers["folds"]["param_alpha"], reverse=True)
    assert min(numbers[rule]["score"] for rule in ("best", "1se")) > 0.7


@pytest.mark.slow
def test_beyond_memory(output):
    numbers, printed = run("plot_10_beyond_memory", output)
    assert printed.splitlines()[0].lstrip().startswith("8 MiB: 0.9")
    assert min(numbers["score"]) > numbers["in memory"]["score"] - 0.03
    assert numbers["megabytes"] == [8, 32]
