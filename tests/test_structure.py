"""The house: imports point down, and heavy packages stay in the rooms that need them."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "sk_spectral"

# Every module may import those of the lines above it, and nothing beside or below.
FLOORS = [
    ["algebra", "losses", "batches"],
    ["carry", "penalties", "compact"],
    ["network"],
    ["gradient"],
    ["topology", "training", "pruning", "datasets"],
    ["perceptron", "preparation", "validation", "persistence"],
    ["cutting"],
    ["search"],
    ["estimators", "display"],
    ["export"],
    ["__init__"],
]
ROOMS = {
    "torch": {
        "algebra", "batches", "carry", "cutting", "export", "gradient", "losses", "network",
        "penalties", "training", "pruning", "preparation", "validation", "search",
    },
    "skorch": {"training"},
    "sklearn": {
        "datasets", "perceptron", "persistence", "preparation", "validation", "search",
        "estimators", "export",
    },
    "scipy": set(),
}  # fmt: skip


def imports_of(module):
    """Names of the modules imported when `module` is, without those for type checkers alone."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            if node.module == "sk_spectral":
                yield from (f"sk_spectral.{alias.name}" for alias in node.names)
            else:
                yield node.module


MODULES = sorted(path.stem for path in PACKAGE.glob("*.py"))


def test_every_module_has_a_floor():
    assert sorted(name for names in FLOORS for name in names) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module):
    floor = next(i for i, names in enumerate(FLOORS) if module in names)
    below = {name for names in FLOORS[:floor] for name in names}
    own = {name.split(".")[1] for name in imports_of(module) if name.startswith("sk_spectral.")}
    assert own <= below


@pytest.mark.parametrize("package", ROOMS)
def test_packages_stay_in_their_rooms(package):
    users = {m for m in MODULES if any(n.split(".")[0] == package for n in imports_of(m))}
    assert users == ROOMS[package]


OPTIONAL = {"matplotlib", "networkx", "onnx", "skl2onnx"}


def test_only_optional_packages_are_imported_inside_a_function():
    for module in MODULES:
        tree = ast.parse((PACKAGE / f"{module}.py").read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                hidden = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
                names = {
                    name.split(".")[0]
                    for n in hidden
                    for name in ([n.module] if isinstance(n, ast.ImportFrom) else
                                 [alias.name for alias in n.names])
                }  # fmt: skip
                assert names <= OPTIONAL, f"{module}.{node.name}"
