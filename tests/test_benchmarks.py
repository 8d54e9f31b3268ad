"""The benchmarks run; what they measure is not for tests."""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parent.parent / "examples" / "benchmarks"


def test_step_prints_a_line_a_shape():
    command = [sys.executable, "-W", "error", str(BENCHMARKS / "step.py"), "--repeats", "1"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = printed.splitlines()
    assert len(lines) == 5
    assert all(line.count(" ms (") >= 3 for line in lines[1:])
