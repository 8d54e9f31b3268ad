"""Every snippet of the site is run, as a notebook; every message of the package has its remedy."""

import ast
import os
import re
import sys
from pathlib import Path

import pytest
from pages import DOCS, PAGES, blocks, cells

PACKAGE = DOCS.parent.parent / "sk_spectral"
WITH_CODE = [path for path in PAGES if list(cells(path))]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", WITH_CODE, ids=lambda path: path.stem)
def test_a_page_runs_from_top_to_bottom(path, tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells(path)])
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(book, timeout=300, resources=resources).execute()
    for cell in book.cells:
        for output in cell.outputs:
            assert "Warning" not in output.get("text", ""), output["text"]


def test_every_block_is_of_a_kind_that_is_run():
    kinds = [kind for path in PAGES for kind, _ in blocks(path)]
    assert kinds.count("install") == 1
    assert kinds.count("cell") > 50
    assert {"cell", "script", "command", "install"} == set(kinds)


def test_every_page_can_be_reached():
    listed = set()
    for path in PAGES:
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", path.read_text(), re.DOTALL):
            names = [line for line in tree.splitlines() if line and not line.startswith(":")]
            listed |= {(path.parent / name).resolve().relative_to(DOCS) for name in names}
    pages = {path.relative_to(DOCS).with_suffix("") for path in PAGES}
    assert listed - {Path("gallery/index")} == pages - {Path("index")}


def _template(node):
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_template(part) for part in node.values)
    return ""


def _messages():
    """What is raised, without what is filled in."""
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name == "report":
            continue  # sentences of the command, of which each says what to do
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                found = [text for text in map(_template, node.exc.args) if text.strip()]
                if found:
                    yield found[0]


def test_every_error_has_its_remedy_and_every_remedy_its_error():
    text = (DOCS / "troubleshooting.md").read_text()
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    fragments = [part for row in rows for part in re.findall(r"`([^`]+)`", row)]
    messages = list(_messages())
    for message in messages:
        assert any(part in message for part in fragments), message
    source = "\n".join(
        _template(node)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant | ast.JoinedStr)
    )
    by_scikit_learn = {"must be a string"}
    for part in fragments:
        assert part in source or part in by_scikit_learn, part
