"""Batches of a stream: every row once in each pass, in units, in another order each time."""

from dataclasses import replace

import numpy as np
import pytest
import sklearn
import torch

from sk_spectral.data import Data, Scaling, TensorDataset
from sk_spectral.data.moments import moments_of
from sk_spectral.data.streamed import Pass, Stream, StreamedRows, rows_in_memory

RNG = np.random.RandomState(0)
X = RNG.randn(1003, 3)
Y = np.arange(1003.0)[:, None]
WEIGHT = RNG.uniform(1, 3, 1003)


def stream_of(X=X, y=Y, weight=None, size=100):
    data = Data(y, weight, X)

    def blocks(random):
        starts = np.arange(0, len(X), size)
        if random is not None:
            random.shuffle(starts)
        for start in starts:
            yield data.take(np.arange(start, min(start + size, len(X))))

    everything = np.ones(3, dtype=bool)
    mean = 1.0 if weight is None else weight.mean()
    return Stream(blocks, len(X), mean, moments_of(lambda: [X]), everything, everything)


SCALING = Scaling.fit(Data(Y, None, X), centered=True, complete=True)


def rows_of(stream, scaling=SCALING, dtype=torch.float64):
    return StreamedRows(stream, Pass(scaling), dtype, torch.device("cpu"))


def gone_through(batches):
    parts = list(batches)
    return [torch.cat([getattr(part, name) for part in parts]) for name in ("X", "y")], parts


@pytest.mark.parametrize("n_knots", [0, 8])
def test_every_row_once_in_units_and_in_another_order_in_each_pass(n_knots):
    data = Data(Y, None, X)
    scaling = Scaling.fit(data, centered=True, complete=True, n_knots=n_knots)
    expected = scaling.to_rows(data, dtype=torch.float64, device=torch.device("cpu"))
    batches = rows_of(stream_of(), scaling).batches(64, torch.Generator().manual_seed(0))
    orders = []
    for _ in range(2):
        (found, y), parts = gone_through(batches)
        assert len(parts) == len(batches) == 16
        assert {len(part.y) for part in parts} == {62, 63}  # even batches: 1003 rows in 16
        places = (y[:, 0] * scaling.output_scale[0] + scaling.output_mean[0]).round().long()
        assert sorted(places.tolist()) == list(range(1003))
        torch.testing.assert_close(found, expected.X[places])
        orders.append(places)
    assert not torch.equal(*orders)
    assert (orders[0].diff() == 1).float().mean() < 0.02


def test_the_seed_tells_the_order():
    one, other, third = (
        gone_through(rows_of(stream_of()).batches(50, torch.Generator().manual_seed(seed)))[0][1]
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, other)
    assert not torch.equal(one, third)


def test_weights_count_beside_those_of_all_rows():
    batches = rows_of(stream_of(weight=WEIGHT)).batches(100, None)
    given = torch.cat([batch.sample_weight for batch in batches])
    assert float(given.mean()) == pytest.approx(1.0)
    assert float(given.max() / given.min()) == pytest.approx(WEIGHT.max() / WEIGHT.min())


def test_a_column_of_ones():
    batch = next(iter(rows_of(stream_of()).batches(10, None, constant=True)))
    assert batch.X.shape[1] == 4
    assert (batch.X[:, 3] == 1).all()


def test_passes_through_some_rows():
    rows = (
        rows_of(stream_of())
        .at_most(200)
        .with_changed(lambda rows: TensorDataset(rows.X, 2 * rows.y))
    )
    assert len(rows) == 200
    batches = rows.batches(100, torch.Generator().manual_seed(0))
    (_, first), (_, second) = (gone_through(batches)[0] for _ in range(2))
    assert len(first) == 200
    assert not torch.equal(first.sort(dim=0).values, second.sort(dim=0).values)
    whole = rows_of(stream_of()).batches(1003, None)
    assert float(first.max()) > float(next(iter(whole)).y.max())


def test_inputs_of_a_mask():
    rows = rows_of(stream_of()).with_inputs(torch.tensor([True, False, True]))
    found, parts = gone_through(rows.batches(10, None))
    whole = SCALING.to_rows(Data(Y, None, X), dtype=torch.float64, device=torch.device("cpu"))
    torch.testing.assert_close(found[0], whole.X[:, [0, 2]])
    assert len(parts) == 101


@pytest.mark.parametrize(("n_rows", "word"), [(1100, "fewer"), (900, "more")])
def test_rows_that_change_between_passes(n_rows, word):
    stream = stream_of()
    other = Stream(**{**vars(stream), "n_rows": n_rows})
    with pytest.raises(ValueError, match=f"but {word} in a later one"):
        list(rows_of(other).batches(50, None))


def test_an_error_of_the_thread_that_reads_ahead_is_told():
    def broken(random):
        yield Data(Y[:10], None, X[:10])
        raise OSError("no such disk")

    stream = Stream(**{**vars(stream_of()), "blocks": broken})
    with pytest.raises(OSError, match="no such disk"):
        list(rows_of(stream).batches(5, None))


def test_moments_are_exact_where_all_values_are_there():
    sample = moments_of(lambda: [X[:50]])
    stream = Stream(**{**vars(stream_of()), "complete": np.array([True, False, True])})
    found, exact = stream.exact(sample), moments_of(lambda: [X])
    np.testing.assert_array_equal(found.high, exact.high)
    np.testing.assert_array_equal(found.mean[[0, 2]], exact.mean[[0, 2]])
    assert found.mean[1] == sample.mean[1]


def test_a_column_that_is_constant_in_the_sample_alone_is_read():
    rare = X.copy()
    rare[:, 1] = 0.0
    rare[1000, 1] = 1.0
    stream = stream_of(rare)
    scaling = Scaling.fit(
        Data(Y[:500], None, rare[:500]), centered=True, complete=True, exact=stream.exact
    )
    assert np.isfinite(scaling.input_scale).all()
    alone = Scaling.fit(Data(Y[:500], None, rare[:500]), centered=True, complete=True)
    assert np.isinf(alone.input_scale[1])


def test_room_follows_the_configuration():
    with sklearn.config_context(working_memory=8):
        assert rows_in_memory(16) == 8 * 2**20 // 64


@pytest.mark.parametrize("megabytes", [1024, 0.01], ids=["held", "read anew"])
def test_rows_that_are_held_are_those_of_the_units_that_are_asked_for(megabytes):
    stream, others = stream_of(), replace(SCALING, input_mean=SCALING.input_mean + 1.0)
    for scaling in (SCALING, others, SCALING):
        with sklearn.config_context(working_memory=megabytes):
            rows = rows_of(stream, replace(scaling))
        assert rows.holds_all == (megabytes > 1)
        (found, _), _ = gone_through(rows.batches(100, None))
        expected = scaling.to_rows(
            Data(Y, None, X), dtype=torch.float64, device=torch.device("cpu")
        )
        torch.testing.assert_close(found, expected.X)
    assert len(stream.held) == (megabytes > 1)
