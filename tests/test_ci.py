"""Lanes, workflow and CONTRIBUTING speak of what there is."""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LANES = sorted(path.name for path in (ROOT / ".ci").iterdir() if path.read_text().startswith("#!/"))
WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
CONTRIBUTING = (ROOT / ".github" / "CONTRIBUTING.md").read_text()


@pytest.mark.parametrize("lane", LANES)
def test_lane_can_be_run_and_is_documented(lane):
    assert os.access(ROOT / ".ci" / lane, os.X_OK)
    assert f"`.ci/{lane}`" in CONTRIBUTING


def test_the_workflow_calls_every_lane_and_nothing_else():
    (listed,) = re.findall(r"lane: \[(.*)\]", WORKFLOW)
    assert sorted(listed.split(", ")) == LANES
    assert re.findall(r"run: (.*)", WORKFLOW) == [".ci/${{ matrix.lane }}"]


def test_contributing_names_files_that_exist():
    places = r"\.ci|\.github|examples|sk_spectral|tests"
    named = set(re.findall(rf"`((?:{places})/[^`\s]*)`", CONTRIBUTING))
    assert len(named) > 30
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing


def test_contributing_names_what_the_files_hold():
    """A path and the names in capitals or in CamelCase that follow it in one item of a list."""
    items = re.findall(r"^(?:\d+\.) (.*(?:\n {3}.*)*)", CONTRIBUTING, flags=re.MULTILINE)
    assert len(items) > 15
    for item in items:
        text = "".join((ROOT / path).read_text() for path in re.findall(r"`([\w/]+\.py)`", item))
        for name in re.findall(r"`(_?[A-Za-z]\w*)`", item):
            assert re.search(rf"\b{name}\b", text), (name, item)
