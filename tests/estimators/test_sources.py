"""What is taken as rows that come in blocks, and what stays an array."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy.sparse import csr_matrix

from sk_spectral.data.source import ArraySource, BatchSource, PartSource
from sk_spectral.estimators.sources import (
    beyond_memory,
    inputs_held,
    is_source,
    most_rows,
    source_of,
    to_score_by,
    whole,
)

X = np.random.RandomState(0).randn(100, 2)
Y = X[:, 0]


class Batches:
    """Gives the same batches whenever it is iterated over."""

    def __init__(self, *several):
        self.several = several

    def __iter__(self):
        return iter(self.several)


@pytest.mark.parametrize(
    "given", [X, X.tolist(), pd.DataFrame(X), [[1, 2], [3, 4]], np.zeros((0, 2)), None, 3, {"a": 1}]
)
def test_arrays_and_what_is_nothing_are_no_sources(given):
    assert not is_source(given)
    assert source_of(given, None) is None


def test_batches_and_collections():
    assert isinstance(source_of(Batches((X, Y))), BatchSource)
    assert isinstance(source_of([(X, Y), (X, Y)]), BatchSource)
    assert source_of([(X, Y)], Y) is None  # y is given: then X is what numpy makes of it
    da = pytest.importorskip("dask.array")
    assert isinstance(source_of(da.from_array(X), da.from_array(Y)), PartSource)


def test_an_iterator_is_refused():
    with pytest.raises(ValueError, match="can be gone through once"):
        source_of(iter([(X, Y)]))


def test_arrays_beyond_memory_are_sources(tmp_path):
    with sklearn.config_context(working_memory=1):
        most = inputs_held(2, "auto")
        assert most == 2**20 // (4 * (2 + 66))
        assert most_rows(2, "auto") == most // 6
        rows = np.zeros((most + 1, 2))
        assert isinstance(beyond_memory(rows, rows[:, 0], None, "auto"), ArraySource)
        assert beyond_memory(rows[:-1], rows[:-1, 0], None, "auto") is None
        weighed = next(beyond_memory(rows, csr_matrix(rows), 2.0, "auto").blocks())
        assert weighed.sample_weight.tolist() == [2.0] * len(weighed)
        assert weighed.y.shape == weighed.X.shape
        assert beyond_memory(rows, rows[:, 0], None, 0) is None  # no pieces: more fit
        mapped = np.memmap(tmp_path / "X", dtype=np.float64, mode="w+", shape=rows.shape)
        assert isinstance(beyond_memory(mapped, rows[:, 0], None, "auto"), ArraySource)
        assert beyond_memory(mapped[:-1], rows[:-1, 0], None, "auto") is None
        assert beyond_memory(rows.tolist(), rows[:, 0], None, "auto") is None


def test_what_memory_holds_is_joined():
    found = whole(BatchSource([(X[:60], Y[:60]), (X[60:], Y[60:])]), "auto")
    np.testing.assert_array_equal(found[0], X)
    np.testing.assert_array_equal(found[1], Y)
    with sklearn.config_context(working_memory=1):
        assert whole(BatchSource([(X, Y)] * 1000), "auto") is None
    for nothing in (BatchSource([]), ArraySource(X[:0], Y[:0])):
        with pytest.raises(ValueError, match="X has no rows"):
            whole(nothing, "auto")


def test_targets_to_score_by():
    y, weight = to_score_by(Batches((X[:60], Y[:60], Y[:60]), (X[60:], Y[60:], Y[60:])), None, None)
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_array_equal(weight, Y)
    assert to_score_by(X, Y, None)[0] is Y
    with pytest.raises(ValueError, match="X comes without y"):
        to_score_by(Batches(X), None, None)


def test_names_of_columns_of_what_has_none():
    for given in (X, pd.DataFrame(X)):
        with pytest.raises(ValueError, match="names a column of a file"):
            source_of(given, "y")
    with pytest.raises(ValueError, match="sample_weight='w' names a column"):
        source_of(X, Y, "w")


def test_batches_of_other_columns():
    frames = [pd.DataFrame(X, columns=names) for names in (["a", "b"], ["b", "a"])]
    for one, other in ((X, X[:, :1]), frames):
        with pytest.raises(ValueError, match="of a batch has the columns"):
            whole(BatchSource([(one, Y), (other, Y)]), "auto")
