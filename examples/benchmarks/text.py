"""Words against each other: sparse TF-IDF rows, by score, seconds and peak memory.

Texts are the docstrings of numpy, scipy, scikit-learn and torch, which are there wherever this
package is: which of the four is each from? 12,000 of them, 20,000 words. Beside this classifier,
which is fitted with its defaults, stand logistic regression and scikit-learn's MLP. The memory is
what a fit adds at its peak, each in a process of its own (Linux), in all and over what the matrix
itself takes.

Expected before the first run: above logistic regression, as words join in names of functions; the
time of the MLP; less than three matrices and 500 MB.
"""

import argparse
import ast
import importlib.util
import subprocess
import sys
import warnings
from pathlib import Path
from time import perf_counter

import numpy as np
from memory import resident
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from sk_spectral import SpectralNASClassifier

PACKAGES = ("numpy", "scipy", "sklearn", "torch")
FEWEST_WORDS = 5
CONTENDERS = {
    "spectral": lambda: SpectralNASClassifier(random_state=0),
    "logistic regression": lambda: LogisticRegression(max_iter=1000),
    "scikit-learn MLP": lambda: MLPClassifier(early_stopping=True, random_state=0),
}


def docstrings(package):
    """Those of its functions and classes, each once, in the order of its files."""
    root, found = Path(importlib.util.find_spec(package).origin).parent, {}
    for path in sorted(root.rglob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                text = ast.get_docstring(node) or ""
                if len(text.split()) >= FEWEST_WORDS:
                    found[text] = None
    return list(found)


def split(n_rows, n_columns):
    warnings.simplefilter("ignore")  # of escapes in others' docstrings
    texts, packages = [], []
    for package in PACKAGES:
        own = docstrings(package)
        texts += own
        packages += [package] * len(own)
    texts, texts_test, y, y_test = train_test_split(
        texts, np.array(packages), train_size=n_rows, stratify=packages, random_state=0
    )
    vectorizer = TfidfVectorizer(max_features=n_columns)
    return vectorizer.fit_transform(texts), vectorizer.transform(texts_test), y, y_test


def measure(name, n_rows, n_columns):
    X, X_test, y, y_test = split(n_rows, n_columns)
    CONTENDERS[name]().set_params(max_iter=2).fit(X[:200], y[:200])  # what libraries load
    with open("/proc/self/clear_refs", "w") as reset:
        reset.write("5")  # the peak counts from here on
    before, start = resident("VmRSS"), perf_counter()
    model = CONTENDERS[name]().fit(X, y)
    seconds, added = perf_counter() - start, resident("VmHWM") - before
    own = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    found = f"  {model.topology_.verdict}" if name == "spectral" else ""
    print(
        f"{name:<20}{model.score(X_test, y_test):>8.4f}{seconds:>8.1f} s"
        f"{added / 1e6:>8.0f} MB, less 3 matrices {(added - 3 * own) / 1e6:.0f} MB{found}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=12_000)
    parser.add_argument("--columns", type=int, default=20_000)
    parser.add_argument("--only", choices=CONTENDERS, help="measure this one, in this process")
    arguments = parser.parse_args()
    if arguments.only:
        measure(arguments.only, arguments.rows, arguments.columns)
        return
    print(f"{'':<20}{'score':>8}{'seconds':>10}{'peak':>11}")
    for name in CONTENDERS:
        size = ["--rows", str(arguments.rows), "--columns", str(arguments.columns)]
        subprocess.run([sys.executable, __file__, "--only", name, *size], check=True)


if __name__ == "__main__":
    main()
