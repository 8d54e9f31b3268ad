"""Pages of the site as notebooks: their cells, scripts and commands, in the order of the page."""

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent.parent / "examples" / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "gallery" not in path.parts)
INSTALL = "<!-- install -->"
_BLOCK = re.compile(r"(<!-- install -->\n)?^```(\S+)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_DIRECTIVES = {"{toctree}", "{include}", "{eval-rst}"}


def blocks(path):
    """(kind, text) of each block: "cell", "script", "command" or "install"."""
    for install, language, text in _BLOCK.findall(path.read_text()):
        if language in _DIRECTIVES or language == "text":
            continue
        if language == "{code-cell}":
            yield "cell", text
        elif language == "python":
            yield "script", text
        elif language == "bash":
            yield ("install" if install else "command"), text
        else:
            raise AssertionError(f"{path.name} has a block of {language}, which nothing runs")


def cells(path):
    """Code of the cells that run a page; a script goes to the file that its first line names."""
    for kind, text in blocks(path):
        if kind == "cell":
            yield text
        elif kind == "script":
            name = text.splitlines()[0].removeprefix("# ")
            assert name.endswith(".py"), "a script begins with the name of its file"
            yield f"%%writefile {name}\n{text}"
        elif kind == "command":
            yield f"%%bash\nset -euo pipefail\n{text}"
