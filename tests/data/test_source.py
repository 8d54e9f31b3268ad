"""Blocks: every row once, the same rows under the same numbers whatever the order."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from sk_spectral.data import source as module
from sk_spectral.data.source import (
    ArraySource,
    BatchSource,
    Block,
    PartSource,
    block_of_part,
    joined_blocks,
    mixed,
    some_rows_each,
)

X = np.random.RandomState(0).randn(1000, 3)
Y = np.arange(1000.0)
NAMES = ["a", "b", "c"]


@pytest.fixture
def mapped(tmp_path):
    rows = np.memmap(tmp_path / "X", dtype=np.float64, mode="w+", shape=X.shape)
    rows[:] = X
    return rows


def sources(mapped):
    half = [(X[:400], Y[:400], Y[:400]), (X[400:], Y[400:], Y[400:])]
    return {
        "array": ArraySource(X, Y, Y),
        "memmap": ArraySource(mapped, Y, Y),
        "pandas": ArraySource(pd.DataFrame(X, columns=NAMES), Y, Y),
        "polars": ArraySource(pl.DataFrame(X, schema=NAMES), Y, Y),
        "batches": BatchSource(half),
        "parts": PartSource([lambda: half[:1], lambda: half[1:]]),
    }


@pytest.mark.parametrize("kind", ["array", "memmap", "pandas", "polars", "batches", "parts"])
@pytest.mark.parametrize("seed", [None, 0])
def test_every_row_comes_once_with_its_target_weight_and_number(kind, seed, mapped, monkeypatch):
    monkeypatch.setattr(module, "ROWS_OF_A_BLOCK", 300)
    monkeypatch.setattr(module, "_ROWS_OF_A_SLICE", 7)
    source = sources(mapped)[kind]
    in_order = joined_blocks(list(source.blocks()))
    np.testing.assert_array_equal(in_order.X, X)
    np.testing.assert_array_equal(in_order.y, Y)
    found = joined_blocks(
        list(source.blocks(None if seed is None else np.random.default_rng(seed)))
    )
    places = np.asarray(found.y).astype(int)
    assert sorted(places) == list(range(len(X)))
    np.testing.assert_array_equal(np.asarray(found.X), X[places])
    np.testing.assert_array_equal(found.sample_weight, Y[places])
    np.testing.assert_array_equal(found.numbers, in_order.numbers[places])
    np.testing.assert_array_equal(found.values(), in_order.values()[places])
    assert len(set(found.numbers.tolist())) == len(X)


def test_arrays_are_shuffled_row_by_row_and_files_in_slices(mapped):
    random = [np.random.default_rng(0) for _ in range(2)]
    of_array = joined_blocks(list(ArraySource(X, Y).blocks(random[0]))).y
    of_file = joined_blocks(list(ArraySource(mapped, Y).blocks(random[1]))).y
    assert (np.diff(of_array) == 1).mean() < 0.01
    assert 0.9 < (np.diff(of_file) == 1).mean() < 1.0


def test_equal_rows_have_equal_values_and_signs_of_zero_do_not_matter():
    block = block_of_part(0, np.array([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0]]))
    first, second, third = block.values()
    assert first == second != third
    frame = pd.DataFrame({"a": ["x", "y", "x"], "b": [1.0, 1.0, 1.0]})
    first, second, third = block_of_part(0, frame).values()
    assert first == third != second


def test_mixed_numbers_are_even_and_differ_by_seed():
    numbers = np.arange(100_000, dtype=np.uint64)
    shares = mixed(numbers, 0) / 2.0**64
    counts, _ = np.histogram(shares, bins=20, range=(0, 1))
    assert np.abs(counts - 5000).max() < 5 * 5000**0.5
    assert (mixed(numbers, 0) != mixed(numbers, 1)).all()
    assert numbers[1] == 1  # what is given stays as it is


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ((X, Y, Y, Y), "Batch 0 of X holds 4 things"),
        ((X, Y[:-1]), r"Part 0 of X has 1000 rows, but its y is of shape \(999,\)"),
        ((X, Y, Y[:3]), r"its sample_weight is of shape \(3,\)"),
    ],
)
def test_what_is_no_batch(batch, message):
    with pytest.raises(ValueError, match=message):
        list(BatchSource([batch]).blocks())


def test_sparse_batches_are_refused_in_a_sentence():
    from scipy.sparse import csr_matrix

    with pytest.raises(ValueError, match="give one sparse matrix, or call partial_fit"):
        list(BatchSource([(csr_matrix(X), Y)]).blocks())


def test_arrays_of_other_lengths():
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[1000, 999\]"):
        ArraySource(X, Y[:-1])


def test_a_block_is_taken_from_by_places():
    block = Block(X, Y, None, np.arange(1000, dtype=np.uint64)).take(np.array([5, 3]))
    np.testing.assert_array_equal(block.X, X[[5, 3]])
    np.testing.assert_array_equal(block.numbers, [5, 3])
    assert block.sample_weight is None


def test_small_blocks_are_put_together():
    small = [block_of_part(k, X[k : k + 1], Y[k : k + 1]) for k in range(1000)]
    for n_least, n_found in ((300, 4), (5000, 1)):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(module, "_FEWEST_ROWS_OF_A_BLOCK", n_least)
            found = list(some_rows_each(small))
        assert len(found) == n_found
        np.testing.assert_array_equal(joined_blocks(found).y, Y)
    assert list(some_rows_each([])) == []


def test_batches_with_and_without_weights():
    blocks = [block_of_part(0, X, Y), block_of_part(1, X, Y, Y)]
    with pytest.raises(ValueError, match="come with sample_weight and others without it"):
        joined_blocks(blocks)


def test_loaders_of_torch():
    rows = torch.utils.data.TensorDataset(torch.as_tensor(X), torch.as_tensor(Y))
    found = joined_blocks(
        list(
            BatchSource(
                torch.utils.data.DataLoader(rows, 300, generator=torch.Generator())
            ).blocks()
        )
    )
    np.testing.assert_array_equal(found.X, X)
    np.testing.assert_array_equal(found.y, Y)
