"""Format, lint and types, by the tools that the test extra installs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]], ids=" ".join
)
def test_is_clean(command):
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_nothing_is_printed_on_import():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "from sk_spectral import *"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout + done.stderr == ""
