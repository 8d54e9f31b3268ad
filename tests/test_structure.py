"""The house: imports point down, files and functions are short, heavy packages stay in rooms."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "sk_spectral"

ROOMS = ["spectral", "model", "data", "training", "search", "estimators"]
"""Each may import those before it."""

BESIDE = {
    "compact": {"model"},
    "topology": {"model"},
    "preparation": {"data"},
    "datasets": set(),
    "display": {"display", "spectral", "model", "estimators", "inspection"},
    "inspection": {"model"},
    "export": {"export", "spectral", "model", "estimators"},
    "report": {"report", "model", "estimators", "inspection", "display"},
    "__main__": {"report"},
    "": {"spectral", "estimators"},
}
"""What the modules outside of rooms may import; "" is the package itself."""

LAZY = {"", "spectral"}
"""Import what they export at its first use, and as they are imported for type checkers alone."""

PACKAGES = {
    "skorch": {"training.callbacks", "training.net", "training.scoring",
               "estimators.parameters"},
    "scipy": {"search.convex"},
}  # fmt: skip
"""The only modules that may import these."""

WITHOUT_SKLEARN = {"spectral", "model"}
OPTIONAL = {
    "dask", "matplotlib", "networkx", "onnx", "pandas", "polars", "pyarrow", "skl2onnx",
}  # fmt: skip
PUBLIC_DOCSTRINGS = {"estimators.regressor", "estimators.classifier"}

TESTED_AS_A_WHOLE = {
    "estimators.base", "estimators.classifier", "estimators.classifier_cv",
    "estimators.regressor", "estimators.regressor_cv",
    "search.evaluation", "search.incremental", "search.result",
}  # fmt: skip
"""Modules without a test file of their name: tests of estimators and of searches cover them."""

FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip("."):
    path for path in PACKAGE.rglob("*.py")
}  # fmt: skip
TREES = {name: ast.parse(path.read_text()) for name, path in FILES.items()}


def module_level(module):
    """Statements of a module, and those that only type checkers see."""
    for node in TREES[module].body:
        for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        yield from node.body if for_types else [node]


def imports_of(module):
    """Names imported when `module` is, or what it exports is first used, the own ones in full."""
    for node in module_level(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (
                name if name.removeprefix("sk_spectral.") in FILES else node.module
                for name in inside
            )


def own_imports(module):
    names = {name for name in imports_of(module) if name.split(".")[0] == "sk_spectral"}
    return {name.removeprefix("sk_spectral").removeprefix(".") for name in names}


def room_of(module):
    return module.split(".")[0]


@pytest.mark.parametrize("module", sorted(FILES))
def test_imports_point_down(module):
    room = room_of(module)
    allowed = {*ROOMS[: ROOMS.index(room) + 1]} if room in ROOMS else BESIDE[room]
    assert {room_of(name) for name in own_imports(module)} <= allowed


def test_no_import_is_part_of_a_circle():
    tuple(TopologicalSorter({module: own_imports(module) for module in FILES}).static_order())


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_stay_in_their_rooms(package):
    users = {m for m in FILES if any(n.split(".")[0] == package for n in imports_of(m))}
    assert users == PACKAGES[package]


def test_mathematics_and_model_know_nothing_of_scikit_learn():
    for module in FILES:
        if room_of(module) in WITHOUT_SKLEARN:
            assert not any(name.split(".")[0] == "sklearn" for name in imports_of(module))


def test_every_room_says_what_it_is_for_and_what_it_may_import():
    for room in ROOMS:
        doc = ast.get_docstring(TREES[room])
        assert "mport" in doc, room
        assert room in ast.get_docstring(TREES[""])


@pytest.mark.parametrize("module", sorted(name for name in FILES if "." in name))
def test_every_module_of_a_room_has_a_test_file_of_its_name(module):
    room, name = module.split(".")
    has_one = (TESTS / room / f"test_{name}.py").exists()
    assert has_one != (module in TESTED_AS_A_WHOLE)


@pytest.mark.parametrize("module", sorted(FILES))
def test_files_and_functions_are_short(module):
    if module not in PUBLIC_DOCSTRINGS:
        assert len(FILES[module].read_text().splitlines()) <= 350
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.FunctionDef):
            length = node.end_lineno - node.lineno + 1
            doc = ast.get_docstring(node, clean=False)
            length -= len(doc.splitlines()) if doc else 0
            assert length <= 60, node.name


def test_only_optional_packages_are_imported_inside_a_function():
    for module, tree in TREES.items():
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


def test_only_lazy_faces_import_by_name():
    users = {m for m in FILES if any(name.startswith("importlib") for name in imports_of(m))}
    assert users == LAZY


@pytest.mark.parametrize("face", sorted(LAZY))
def test_a_lazy_face_gives_what_type_checkers_see(face):
    module = import_module(f"sk_spectral.{face}".rstrip("."))
    seen = {}
    for node in module_level(face):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("sk_spectral"):
            seen |= {alias.name: node.module for alias in node.names}
    assert sorted(seen) == sorted(module.__all__)
    for name, source in seen.items():
        assert getattr(module, name) is getattr(import_module(source), name)
        assert name in dir(module)
    with pytest.raises(AttributeError, match=r"has no attribute 'nothing'"):
        _ = module.nothing


def imported_by(statement):
    """Heavy packages that are there after a statement in a fresh process."""
    heavy = "('torch', 'skorch', 'sklearn', 'scipy', 'pandas')"
    code = f"import sys; {statement}; print(*[n for n in {heavy} if n in sys.modules])"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    "statement",
    [
        "import sk_spectral; dir(sk_spectral)",
        "import sk_spectral.model",
        "import sk_spectral; sk_spectral.model.CompactNetwork",
        "import sk_spectral.compact, sk_spectral.topology",
        "import sk_spectral.spectral.activations, sk_spectral.spectral.paths, "
        "sk_spectral.spectral.layer_sizes",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(statement):
    assert imported_by(statement) == []


def test_a_network_needs_torch_alone():
    assert imported_by("from sk_spectral import SpectralNetwork") == ["torch"]


@pytest.mark.slow
def test_rooms_are_attributes_of_the_package():
    rooms = ", ".join(f"sk_spectral.{room}" for room in ROOMS)
    imported_by(f"import sk_spectral; {rooms}")


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


@pytest.mark.slow
def test_imports_fits_and_predicts_without_optional_packages():
    command = [sys.executable, "-W", "error", "-c", WITHOUT_OPTIONAL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True", "True"], done.stderr
