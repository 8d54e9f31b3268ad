"""Batches: every row once in a pass, however many are gathered at once."""

import pytest
import torch

from sk_spectral.data import batches
from sk_spectral.data.batches import BatchIterator, TensorDataset, for_skorch


def rows(n_samples=23, weighted=False):
    generator = torch.Generator().manual_seed(0)
    X = torch.rand(n_samples, 2, generator=generator) * 2 - 1
    weight = torch.rand(n_samples, generator=generator) + 0.5 if weighted else None
    return TensorDataset(X, X.square().sum(dim=1, keepdim=True), weight)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def joined(found):
    return [torch.cat(part) for part in zip(*found, strict=True) if part[0] is not None]


def test_batches_hold_every_row_once_by_whole_indexing():
    data = rows()
    asked = []

    class Watched(TensorDataset):
        def take(self, picked):
            asked.append(picked)
            return super().take(picked)

    iterator = BatchIterator(Watched(data.X, data.y), 5, generator=generator())
    found = list(iterator)
    seen = torch.cat([X for X, _, _ in found])
    assert [len(y) for _, y, _ in found] == [5, 5, 5, 5, 3]
    assert len(asked) == 1
    assert sorted(map(tuple, seen.tolist())) == sorted(map(tuple, data.X.tolist()))
    assert not torch.equal(seen, data.X)
    assert not torch.equal(torch.cat([X for X, _, _ in iterator]), seen)


def test_large_batches_are_gathered_one_by_one(monkeypatch):
    monkeypatch.setattr(batches, "_VALUES_GATHERED_AT_ONCE", 20)
    data = rows(weighted=True)
    found = list(BatchIterator(data, 5, generator(), constant=True))
    assert [len(y) for _, y, _ in found] == [5, 5, 5, 5, 3]
    X, _, weight = joined(found)
    assert (X[:, 2] == 1).all()
    order = X[:, 0].argsort(), data.X[:, 0].argsort()
    assert torch.equal(X[order[0], :2], data.X[order[1]])
    assert torch.equal(weight[order[0]], data.sample_weight[order[1]])


@pytest.mark.parametrize("shuffled", [True, False])
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("at_once", [1, 20, 36])
def test_how_many_are_gathered_at_once_changes_no_batch(
    monkeypatch, shuffled, constant, weighted, at_once
):
    found = []
    for values in (1 << 20, at_once):
        monkeypatch.setattr(batches, "_VALUES_GATHERED_AT_ONCE", values)
        given = generator() if shuffled else None
        found.append(list(BatchIterator(rows(weighted=weighted), 6, given, constant=constant)))
    for one, other in zip(*found, strict=True):
        for a, b in zip(one, other, strict=True):
            assert (a is None and b is None) or torch.equal(a, b)


@pytest.mark.parametrize("weighted", [True, False])
def test_without_a_generator_the_order_is_kept(weighted):
    data = rows(weighted=weighted)
    for part, whole in zip(
        joined(BatchIterator(data, 4)), [t for t in vars(data).values() if t is not None],
        strict=True,
    ):  # fmt: skip
        assert torch.equal(part, whole)


@pytest.mark.parametrize("batch_size", [23, 24, 1000])
def test_a_batch_of_all_rows_keeps_their_order_and_draws_nothing(batch_size):
    given = generator()
    (batch,) = BatchIterator(rows(), batch_size, given)
    assert torch.equal(batch.X, rows().X)
    assert torch.equal(given.get_state(), generator().get_state())


@pytest.mark.parametrize("n_samples", [1, 5, 6, 7, 23])
@pytest.mark.parametrize("batch_size", [1, 3, 6, 50])
def test_the_length_is_how_many_batches_there_are(n_samples, batch_size):
    iterator = BatchIterator(rows(n_samples), batch_size, generator())
    sizes = [len(batch.y) for batch in iterator]
    assert len(iterator) == len(sizes)
    assert sum(sizes) == n_samples
    assert set(sizes[:-1]) <= {batch_size}


def test_the_order_is_that_of_a_permutation_from_the_generator():
    order = torch.randperm(23, generator=generator(3))
    (X, y) = joined(BatchIterator(rows(), 5, generator(3)))
    assert torch.equal(X, rows().X[order])
    assert torch.equal(y, rows().y[order])


def test_rows_are_taken_by_slices_and_by_indices():
    data = rows(weighted=True)
    picked = torch.tensor([4, 0, 4])
    for found, expected in ((data.take(picked), picked), (data.take(slice(2, 5)), slice(2, 5))):
        assert torch.equal(found.X, data.X[expected])
        assert torch.equal(found.y, data.y[expected])
        assert torch.equal(found.sample_weight, data.sample_weight[expected])
    assert len(data) == 23


def test_skorch_gets_weights_beside_the_columns():
    batch = rows(weighted=True).take(slice(0, 3))
    X, y = for_skorch(batch)
    assert X["X"] is batch.X
    assert X["sample_weight"] is batch.sample_weight
    assert y is batch.y
    plain = rows().take(slice(0, 3))
    assert for_skorch(plain) == (plain.X, plain.y)
    assert torch.equal(rows(weighted=True)[0:3][0]["sample_weight"], batch.sample_weight)


def test_the_first_columns_are_those_of_the_same_rows():
    data = rows(weighted=True)
    first = data.of_inputs(1)
    assert torch.equal(first.X, data.X[:, :1])
    assert first.y is data.y
    assert first.sample_weight is data.sample_weight


def test_weights_are_given_to_numpy_in_double_precision():
    assert rows().weight_array() is None
    data = rows(weighted=True)
    found = data.weight_array()
    assert found.dtype == "float64"
    assert found.tolist() == data.sample_weight.tolist()
