"""Sparse rows give what the same dense ones give, a few at a time."""

import numpy as np
import pytest
import torch
from scipy import sparse

from sk_spectral.data.sparse import (
    SparseRows,
    canonical,
    column_scales,
    hashed,
    is_sparse,
    stacked,
    with_ones,
)

DENSE = np.random.default_rng(0).normal(size=(30, 12))
DENSE[np.random.default_rng(1).random(DENSE.shape) < 0.7] = 0.0
DENSE[4], DENSE[:, 7] = 0.0, 0.0
X = sparse.csr_array(DENSE)
ROWS = SparseRows(X, torch.float32, torch.device("cpu"))


def test_rows_are_those_of_the_dense_matrix():
    expected = torch.tensor(DENSE, dtype=torch.float32)
    assert (len(ROWS), ROWS.shape) == (30, (30, 12))
    for rows in (slice(3, 9), torch.tensor([5, 1, 1]), expected[:, 0] > 0):
        torch.testing.assert_close(ROWS.dense(rows), expected[rows])
        assert isinstance(ROWS[rows], SparseRows)
        torch.testing.assert_close(ROWS[rows].dense(), expected[rows])
    torch.testing.assert_close(torch.cat(list(ROWS.split(7))), expected)
    W = torch.randn(12, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(ROWS @ W, expected @ W)
    ones = torch.cat([expected, torch.ones(30, 1)], dim=1)
    torch.testing.assert_close(ROWS.with_ones().dense(), ones)
    assert {t.dtype for t in (ROWS.new_ones(2), ROWS.new_zeros(2), ROWS.new_empty(2))} == {
        torch.float32
    }


@pytest.mark.parametrize("size", [1, 4, 30])
def test_narrow_rows_have_the_columns_that_they_need_alone(size):
    found = []
    for part, columns in ROWS.split_narrow(size):
        assert part.any(dim=0).all()
        assert columns.tolist() == sorted(set(columns.tolist()))
        wide = torch.zeros(len(part), 12)
        wide[:, columns] = part
        found.append(wide)
    torch.testing.assert_close(torch.cat(found), ROWS.dense())


def test_a_canonical_matrix_has_each_value_once_and_in_order_and_is_a_copy():
    given = sparse.csr_array(([1.0, 2.0, 3.0, 0.0], [2, 0, 2, 1], [0, 4]), shape=(1, 3))
    found = canonical(given)
    assert (found.indices.tolist(), found.data.tolist()) == ([0, 2], [2.0, 4.0])
    assert given.nnz == 4
    assert is_sparse(given)
    assert not is_sparse(DENSE)


def test_equal_rows_have_equal_numbers_and_others_have_others():
    twice = stacked([X, X[[3, 0]]])
    codes = hashed(canonical(twice))
    assert codes[30] == codes[3]
    assert codes[31] == codes[0]
    assert len(np.unique(codes)) == len(np.unique(DENSE, axis=0))
    np.testing.assert_array_equal(hashed(canonical(sparse.csr_array(DENSE.astype(np.float32)))),
                                  hashed(canonical(sparse.csr_array(
                                      DENSE.astype(np.float32).astype(float)))))  # fmt: skip


@pytest.mark.parametrize("size", [1.0, 1e200, 1e-200])
@pytest.mark.parametrize("weighted", [True, False])
def test_scales_are_root_mean_squares_of_what_is_there(size, weighted):
    weight = np.random.default_rng(2).integers(1, 4, 30).astype(float) if weighted else None
    found = column_scales(size * X, weight)
    for column, scale in zip(DENSE.T, found, strict=True):
        there = column != 0
        if not there.any():
            assert scale == np.inf
            continue
        own = None if weight is None else weight[there]
        expected = size * np.sqrt(np.average(column[there] ** 2, weights=own))
        assert scale == pytest.approx(expected)


def test_rows_are_put_below_each_other_and_ones_beside_them():
    np.testing.assert_array_equal(stacked([X, X[:2]]).toarray(), np.vstack([DENSE, DENSE[:2]]))
    ones = with_ones(X)
    np.testing.assert_array_equal(ones.toarray(), np.column_stack([DENSE, np.ones(30)]))
