"""What the README shows is run: its Python blocks here, its first command's script too."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.slow
def test_python_blocks_run_in_order(capsys):
    namespace = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), namespace)
    assert "layer" in capsys.readouterr().out


@pytest.mark.slow
def test_the_quickstart_prints_what_the_readme_shows():
    script = ROOT / "examples" / "quickstart.py"
    command = [sys.executable, "-W", "error", str(script)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (table,) = blocks("text")
    for shown in table.splitlines()[1:]:
        name = re.split(r"\s{2,}", shown)[0]
        (line,) = [line for line in printed.splitlines() if line.startswith(f"{name}  ")]
        expected, got = (
            [float(number) for number in re.findall(r"-?\d+\.\d+", text)] for text in (shown, line)
        )
        # Other processors round otherwise; the linear models and the scores stay.
        assert abs(got[0] - expected[0]) < 0.002
        assert abs(got[2] - expected[2]) < 0.01
    assert printed.count("norms of the blocks it reads") == len(table.splitlines()) - 1


def test_both_commands_do_all_their_set_up():
    for command in blocks("bash"):
        assert command.startswith("python3 -m venv")
        assert "-c tests/constraints.txt" in command
