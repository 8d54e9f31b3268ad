"""The house: imports point down, and heavy packages stay in the rooms that need them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "sk_spectral"

# Every module may import those of the lines above it, and nothing beside or below.
FLOORS = [
    [
        "algebra",
        "divergence",
        "losses",
        "batches",
        "averaging",
        "moments",
        "logistic",
        "threads",
        "surroundings",
        "class_weight",
    ],
    ["carry", "penalties", "compact", "scoring"],
    ["network"],
    ["gradient"],
    ["topology", "net", "pruning", "datasets", "running_moments"],
    ["training", "convergence", "units"],
    ["perceptron", "preparation", "validation", "persistence"],
    [
        "splitting",
        "prediction",
        "cutting",
        "crossfit",
        "halving",
        "rival",
        "reservoir",
        "wide_limit",
    ],
    ["trainer", "stream"],
    ["refit"],
    ["reduction"],
    ["hindrance"],
    ["search"],
    ["estimators", "display"],
    ["export"],
    ["__init__"],
]
ROOMS = {
    "torch": {
        "algebra", "averaging", "batches", "carry", "crossfit", "cutting", "export", "gradient",
        "halving", "hindrance", "losses", "net", "network", "penalties", "training", "trainer",
        "pruning", "preparation", "reduction", "refit", "rival", "scoring", "search",
        "stream", "surroundings", "threads", "units", "validation",
    },
    "skorch": {"net", "scoring", "training", "validation"},
    "sklearn": {
        "convergence", "datasets", "splitting", "persistence", "prediction", "scoring",
        "validation", "search", "estimators", "export",
    },
    "scipy": {"logistic"},
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


WITHOUT_OPTIONAL = """
import sys
for name in ("matplotlib", "networkx", "onnx", "onnxruntime", "skl2onnx", "skops"):
    sys.modules[name] = None  # any import of it fails
import warnings
import numpy as np
import sk_spectral.display, sk_spectral.export
from sklearn.exceptions import ConvergenceWarning
warnings.simplefilter("ignore", ConvergenceWarning)  # three epochs are few
from sk_spectral import SpectralNASClassifier
X = np.random.RandomState(0).normal(size=(60, 2))
model = SpectralNASClassifier((4,), max_iter=3).fit(X, X[:, 0] > 0)
print(model.score(X, X[:, 0] > 0) > 0.8, len(model.topology_.summary()) > 0)
"""


def test_imports_fits_and_predicts_without_optional_packages():
    command = [sys.executable, "-W", "error", "-c", WITHOUT_OPTIONAL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True", "True"], done.stderr
