"""The command from end to end: a file in, a page and some lines out."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sk_spectral.report import main

pytest.importorskip("matplotlib")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 3)), columns=["a", "b", "c"])
    frame["y"] = frame["a"] - frame["b"] + 0.1 * rng.normal(size=200)
    frame["class"] = np.where(frame["a"] > 0, "up", "down")
    frame.to_csv("t.csv", index=False)
    return tmp_path


def test_a_page_is_written_and_the_verdict_printed(folder, capsys):
    assert main(["report", "t.csv", "--target", "y", "--drop", "class", "--repeats", "2"]) == 0
    printed = capsys.readouterr().out
    assert "t.csv: 200 rows, 3 features" in printed
    assert re.search(r"^linear: A linear model is enough", printed, re.MULTILINE)
    assert printed.splitlines()[-1] == "wrote t.report.html"
    text = (folder / "t.report.html").read_text()
    assert "linear in 100%" in text


def test_its_code_gives_what_it_shows(folder, capsys):
    assert main(["report", "t.csv", "--target", "class", "--output", "out.html"]) == 0
    text = (folder / "out.html").read_text()
    assert "2 classes" in text
    code = re.findall(r"<pre>(import.*?)</pre>", text, re.DOTALL)[-1].replace("&#x27;", "'")
    namespace = {}
    exec(code, namespace)
    assert set(namespace["model"].classes_) == {"up", "down"}
    assert namespace["model"].topology_.feature_names == ("a", "b", "c", "y")


def test_bad_files_and_arguments_are_told_on_the_standard_error(folder, capsys):
    assert main(["report", "t.csv", "--target", "z"]) == 2
    caught = capsys.readouterr()
    assert caught.out == ""
    assert caught.err.startswith("sk_spectral report: t.csv has no column 'z'")
    assert caught.err.count("\n") == 1
    assert main(["report", "t.csv", "--target", "y", "--output", "no/where.html"]) == 2
    assert "no is no folder" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["report", "t.csv", "--target", "y", "--repeats", "-1"])
    assert "--repeats" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["report", "t.csv"])
    assert "--target" in capsys.readouterr().err


def test_what_the_estimator_refuses_is_told_as_it_says_it(folder, capsys):
    frame = pd.read_csv("t.csv")
    frame["a"] *= 1e306
    frame.to_csv("t.csv", index=False)
    assert main(["report", "t.csv", "--target", "y"]) == 2
    assert "sk_spectral report: Column 0 of X has values of magnitude" in capsys.readouterr().err


def test_without_matplotlib_the_sentence_says_what_to_install(folder, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["report", "t.csv", "--target", "y"]) == 2
    assert "pip install pandas matplotlib" in capsys.readouterr().err


@pytest.mark.slow
def test_as_a_module_of_the_package(folder):
    command = [sys.executable, "-m", "sk_spectral", "report", "missing.csv", "--target", "y"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        2, "sk_spectral report: missing.csv is not there.\n",
    )  # fmt: skip
