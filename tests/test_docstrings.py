"""Docstrings name the parameters of the signature, in its order, and say what each is."""

import dataclasses
import inspect
import re
from ast import literal_eval
from importlib import import_module

import pytest

from sk_spectral import (
    SpectralNASClassifier,
    SpectralNASClassifierCV,
    SpectralNASRegressor,
    SpectralNASRegressorCV,
)
from sk_spectral.estimators.parameters import CONSTRAINTS

FACES = ("", ".spectral", ".model", ".data", ".training", ".search", ".estimators", ".datasets",
         ".display", ".export", ".inspection")  # fmt: skip
"""What users and rooms import from."""

ESTIMATORS = [
    SpectralNASRegressor,
    SpectralNASClassifier,
    SpectralNASRegressorCV,
    SpectralNASClassifierCV,
]

BY_REFERENCE = {"SearchConfig", "TrainingConfig"}
"""Their parameters are those of the estimators, and documented there."""

UNDERLINE = re.compile(r"^([A-Z][A-Za-z ]+)\n-{3,}\n", flags=re.MULTILINE)


def sections(doc):
    """Text of each section of a docstring after numpydoc, by its title."""
    _, *parts = UNDERLINE.split(inspect.cleandoc(doc or ""))
    return dict(zip(parts[::2], parts[1::2], strict=True))


def described(section):
    """For each name of a section in order, its type, and whether a text says more."""
    found, names = {}, []
    for line in section.splitlines():
        if line and not line[0].isspace():
            head, _, kind = line.partition(" : ")
            names = [name.strip() for name in head.split(",")]
            found |= {name: (kind, False) for name in names}
        elif line.strip():
            found |= {name: (found[name][0], True) for name in names}
    return found


def parameters(call):
    """Names as a docstring has them, `self` and `cls` left out."""
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    found = inspect.signature(call).parameters.values()
    return [stars.get(p.kind, "") + p.name for p in found if p.name not in {"self", "cls"}]


def exported(face):
    """What a room says that it exports; of a module that says nothing, what is public in it."""
    module = import_module(f"sk_spectral{face}")
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]
    return {name: getattr(module, name) for name in names}


PUBLIC = {name: value for face in FACES for name, value in exported(face).items()}
METHODS = {
    f"{name}.{method}": getattr(value, "__func__", value)
    for name, kind in PUBLIC.items()
    if inspect.isclass(kind)
    for base in reversed(kind.__mro__)
    if base.__module__.startswith("sk_spectral")
    for method, value in vars(base).items()
    if not method.startswith("_") and inspect.isfunction(getattr(value, "__func__", value))
}
LISTED = {name for name, method in METHODS.items() if "Parameters" in sections(method.__doc__)}


def is_what_it_is_made_from(value):
    """Whether it is a class whose parameters are its attributes."""
    return dataclasses.is_dataclass(value) or hasattr(value, "_fields")


def is_made_elsewhere(value):
    """Whether it is a class with a constructor of another package, of which nothing is asked."""
    if not inspect.isclass(value) or is_what_it_is_made_from(value):
        return False
    makers = (base for base in value.__mro__ if "__init__" in vars(base))
    return not next(makers).__module__.startswith("sk_spectral")


def test_public_names_are_found_behind_every_face():
    assert all(exported(face) for face in FACES)
    assert {"SpectralNASClassifier", "search_architecture", "to_onnx"} <= set(PUBLIC)
    assert "SpectralNASClassifier.partial_fit" in LISTED


@pytest.mark.parametrize("name", sorted(PUBLIC.keys() - BY_REFERENCE))
def test_what_is_exported_documents_its_parameters_in_order(name):
    value = PUBLIC[name]
    title = "Attributes" if is_what_it_is_made_from(value) else "Parameters"
    documented = described(sections(value.__doc__).get(title, ""))
    assert list(documented) == ([] if is_made_elsewhere(value) else parameters(value))
    assert all(kind or text for kind, text in documented.values())


@pytest.mark.parametrize("name", sorted(LISTED))
def test_a_method_that_lists_its_parameters_lists_all_in_order(name):
    documented = described(sections(METHODS[name].__doc__)["Parameters"])
    assert list(documented) == parameters(METHODS[name])
    assert all(kind or text for kind, text in documented.values())


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_every_parameter_of_an_estimator_is_checked_and_described(cls):
    documented = described(sections(cls.__doc__)["Parameters"])
    assert list(documented) == parameters(cls)
    assert all(text for _, text in documented.values())
    assert [name for name in CONSTRAINTS if name in documented] == list(documented)


def test_nothing_is_checked_that_no_estimator_takes():
    assert set(CONSTRAINTS) == {name for cls in ESTIMATORS for name in parameters(cls)}


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_the_documented_defaults_are_those_of_the_signature(cls):
    given = inspect.signature(cls).parameters
    assert all(parameter.default is not parameter.empty for parameter in given.values())
    for name, (kind, _) in described(sections(cls.__doc__)["Parameters"]).items():
        if ", default=" in kind:
            written = kind.split(", default=")[1]
            assert literal_eval(written) == given[name].default, name
        elif kind:
            assert kind.endswith(", optional"), name
            assert given[name].default is None, name


def test_the_parser_reads_names_types_and_texts():
    doc = """Title.

    Parameters
    ----------
    a, b : int
    c
        Some text
        over two lines.
    **rest

    Returns
    -------
    int
    """
    found = sections(doc)
    assert list(found) == ["Parameters", "Returns"]
    assert described(found["Parameters"]) == {
        "a": ("int", False), "b": ("int", False), "c": ("", True), "**rest": ("", False),
    }  # fmt: skip
