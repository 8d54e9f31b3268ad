"""Tables of other libraries: Parquet files by row group, tables, dask's arrays and frames."""

import numpy as np
import pandas as pd
import pytest

from sk_spectral.data.source import joined_blocks
from sk_spectral.data.tables import arrow_source, dask_source, is_arrow, is_dask, opened

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

RNG = np.random.RandomState(0)
FRAME = pd.DataFrame(RNG.randn(1000, 3).astype(np.float32), columns=["a", "b", "price"])
FRAME["w"] = RNG.uniform(1, 2, 1000)


@pytest.fixture
def folder(tmp_path):
    table = pa.Table.from_pandas(FRAME)
    parquet.write_table(table.slice(0, 600), tmp_path / "0.parquet", row_group_size=250)
    parquet.write_table(table.slice(600), tmp_path / "1.parquet")
    return tmp_path


def whole(source, random=None):
    return joined_blocks(list(source.blocks(random)))


def test_a_folder_is_read_by_row_group(folder):
    source = arrow_source(opened(folder), "price", "w")
    assert source.n_rows == 1000
    assert [len(block) for block in source.blocks()] == [250, 250, 100, 400]
    found = whole(source)
    pd.testing.assert_frame_equal(found.X, FRAME[["a", "b"]])
    np.testing.assert_array_equal(found.y, FRAME["price"])
    np.testing.assert_array_equal(found.sample_weight, FRAME["w"])


def test_row_groups_come_in_another_order(folder):
    source = arrow_source(opened(folder), "price", None)
    orders = [
        tuple(len(block) for block in source.blocks(np.random.default_rng(seed)))
        for seed in range(6)
    ]
    assert len(set(orders)) > 1
    found = whole(source, np.random.default_rng(1))
    order = np.argsort(found.numbers)
    np.testing.assert_array_equal(found.y[order], FRAME["price"])


def test_one_file_and_a_table_in_memory(folder):
    path = folder / "1.parquet"
    for given in (opened(str(path)), parquet.read_table(path)):
        assert is_arrow(given)
        np.testing.assert_array_equal(
            whole(arrow_source(given, "price", None, ["b"])).X["b"], FRAME["b"][600:]
        )


def test_names_that_are_not_there(folder):
    with pytest.raises(ValueError, match="X has no column 'prize'; it has a, b, price, w"):
        arrow_source(opened(folder), "prize", None)


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(ValueError, match="is no file or folder"):
        opened(tmp_path / "nothing")
    broken = tmp_path / "x.parquet"
    broken.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="cannot be read as Parquet"):
        list(arrow_source(opened(broken), None, None).blocks())


def test_text_stays_text(tmp_path):
    frame = pd.DataFrame({"k": ["x", "y", None], "y": [1.0, 2.0, 3.0]})
    frame.to_parquet(tmp_path / "t.parquet")
    found = whole(arrow_source(opened(tmp_path / "t.parquet"), "y", None))
    assert found.X["k"][:2].tolist() == ["x", "y"]
    assert pd.isna(found.X["k"][2])


def test_frames_of_dask():
    dd = pytest.importorskip("dask.dataframe")
    frame = dd.from_pandas(FRAME, npartitions=4)
    assert is_dask(frame)
    found = whole(dask_source(frame, "price", "w"))
    np.testing.assert_array_equal(found.X[["a", "b"]], FRAME[["a", "b"]])
    np.testing.assert_array_equal(found.sample_weight, FRAME["w"])
    series = whole(dask_source(frame[["a", "b"]], frame["price"], None))
    np.testing.assert_array_equal(series.y, FRAME["price"])


def test_arrays_of_dask():
    da = pytest.importorskip("dask.array")
    X, y = FRAME[["a", "b"]].to_numpy(), FRAME["price"].to_numpy()
    blocks = da.from_array(X, chunks=(300, 1)), da.from_array(y, chunks=300)
    found = whole(dask_source(*blocks, None))
    np.testing.assert_array_equal(found.X, X)
    np.testing.assert_array_equal(found.y, y)
    with pytest.raises(ValueError, match="y has 2 partitions, but X has 4"):
        dask_source(blocks[0], da.from_array(y, chunks=500), None)
    with pytest.raises(ValueError, match="y must be of dask"):
        dask_source(blocks[0], y, None)
