"""The benchmarks run; what they measure is not for tests."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "examples" / "benchmarks"

# Arguments of a short run, lines printed, and what each line but the first holds.
SHORT = {
    "step": (["--repeats", "1"], 4, " ms ("),
    "fit": (["--repeats", "1", "--epochs", "1"], 3, " s ("),
    "depth": (["--repeats", "1", "--published-repeats", "0"], 3, " ms ("),
    "predict": (["--repeats", "1", "--rows", "3000"], 3, "s ("),
    "small": (["--repeats", "1", "--cases", "iris"], 2, " "),
    "frames": (["--sets", "made", "--repeats", "1"], 3, "  "),
    "calibration": (["--sets", "wine", "breast_cancer"], 4, "0.0"),
    "cross_validation": (["--sets", "diabetes"], 2, "  "),
    "replicas": (["--repeats", "1", "--replicas", "2"], 4, " "),
    "threads": (["--repeats", "1", "--busy", "0"], 11, " "),
}


def output_of(name, *arguments):
    command = [sys.executable, "-W", "error", str(BENCHMARKS / f"{name}.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SHORT))
def test_prints_a_table_of_ratios(name):
    arguments, n_lines, cell = SHORT[name]
    lines = output_of(name, *arguments)
    assert len(lines) == n_lines
    assert all(line.count(cell) >= 3 for line in lines[1:])


@pytest.mark.slow
def test_cross_validation_holds_what_it_finds_beside_the_teacher():
    line, summary = output_of("cross_validation", "--rotations", "1", "--rows", "300")
    assert line.startswith("teacher 0 ")
    own = float(line.split(" of ")[1])
    assert 7.0 < own < 8.5
    assert summary.startswith("units ")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_prints_a_multiple_of_the_rows():
    (line,) = output_of("memory", "--rows", "20000", "--only", "spectral regressor")
    assert line.endswith(" x X")


@pytest.mark.slow
def test_tabular_prints_scores_and_comparisons_and_goes_on(tmp_path):
    arguments = [
        *("--sets", "wine", "diabetes", "--contenders", "spectral", "linear", "mlp", "trees"),
        *("--repeats", "1", "--jobs", "1", "--output", str(tmp_path / "tabular.jsonl")),
    ]
    lines = output_of("tabular", *arguments)
    assert [line.split()[0] for line in lines[1:3]] == ["wine", "diabetes"]
    assert [len(line.split()) for line in lines[1:4]] == [5, 5, 5]
    assert lines[-4].split()[:3] == ["spectral", "against", "wins"]
    assert [line.split()[0] for line in lines[-3:]] == ["linear", "mlp", "trees"]
    assert len((tmp_path / "tabular.jsonl").read_text().splitlines()) == 8
    assert output_of("tabular", *arguments) == lines  # nothing is measured again, times included


@pytest.mark.slow
def test_tabular_runs_the_named_contenders_alone(tmp_path):
    arguments = ["--sets", "wine", "--contenders", "linear", "--repeats", "1", "--jobs", "1"]
    lines = output_of("tabular", *arguments, "--output", str(tmp_path / "tabular.jsonl"))
    assert lines[0].split() == ["R²", "or", "accuracy", "linear"]
    assert not any("against" in line for line in lines)


def test_every_benchmark_is_run():
    names = {path.stem for path in BENCHMARKS.glob("*.py")}
    others = {"losses", "memory", "scale", "tabular", "tabular_contenders", "tabular_sets", "text"}
    assert names == {*SHORT, *others, "verdicts"}


@pytest.mark.slow
def test_losses_print_a_line_for_each_set():
    arguments = ["--noises", "normal", "--counts", "made", "--repeats", "1"]
    lines = [line.split() for line in output_of("losses", *arguments)]
    assert [line[0] for line in lines] == [
        "quantiles", "normal", "counts", "made", "outliers", "normal",
    ]  # fmt: skip
    assert float(lines[1][1]) < 4.0
    assert float(lines[3][1]) < float(lines[3][2])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_texts_are_scored_beside_others():
    lines = output_of("text", "--rows", "300", "--columns", "1000")
    assert len(lines) == 4
    assert all(float(line[20:28]) > 0.5 for line in lines[1:])


@pytest.mark.slow
def test_verdicts_are_counted(tmp_path):
    """Linear truths of 200 rows."""
    arguments = ("--sorts", "linear", "--sizes", "200", "--seeds", "1", "--jobs", "1")
    (line,) = output_of("verdicts", *arguments, "--output", str(tmp_path / "verdicts.jsonl"))
    assert line.startswith("linear    truths: linear ")
    n_rows = len((tmp_path / "verdicts.jsonl").read_text().splitlines())
    assert n_rows == 20


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_scale_prints_time_memory_and_score():
    lines = output_of("scale", "--rows", "3000", "--contenders", "parquet", "MLP partial_fit")
    assert [line.split()[0] for line in lines] == ["rows", "3000", "3000"]
    assert all(line.split()[-2] == "MB" for line in lines[1:])


@pytest.mark.slow
def test_scale_prints_rows_a_second_of_several_processes():
    lines = output_of("scale", "--processes", "2")
    assert len(lines) == 3
    assert all(line.endswith("the same parameters") for line in lines[1:])
