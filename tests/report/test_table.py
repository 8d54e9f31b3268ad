"""Files as people have them, and the sentence that is said of each that cannot be used."""

import numpy as np
import pandas as pd
import pytest

from sk_spectral.report.table import TableError, table_from


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": rng.normal(size=60).round(3),
            "colour": rng.choice(["red", "blue"], 60),
            "rooms": rng.integers(1, 4, 60),
            "price": rng.normal(size=60).round(3),
        }
    )


def read(frame, path, target="price", task="auto", drop=(), **how):
    frame.to_csv(path, **({"index": False} | how))
    return table_from(path, target, task, list(drop))


@pytest.mark.parametrize(
    "how",
    [{}, {"sep": ";"}, {"sep": ";", "decimal": ","}, {"sep": "\t"}, {"sep": "|"},
     {"encoding": "utf-8-sig"}],
)  # fmt: skip
def test_the_usual_separators_and_decimal_signs_are_read(frame, tmp_path, how):
    table = read(frame, tmp_path / "t.csv", **how)
    pd.testing.assert_frame_equal(table.X, frame.drop(columns="price"), check_dtype=False)
    np.testing.assert_array_equal(table.y, frame["price"])
    assert not table.is_classification
    assert table.n_dropped == 0


def test_parquet_and_tab_separated_files(frame, tmp_path):
    pytest.importorskip("pyarrow")
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    for name in ("t.parquet", "t.tsv"):
        table = table_from(tmp_path / name, "rooms", "auto", [])
        assert list(table.X) == ["size", "colour", "price"]


def test_rows_without_a_target_empty_columns_and_numbers_of_rows_are_left_out(frame, tmp_path):
    frame.loc[[0, 7], "price"] = np.nan
    frame["nothing"] = np.nan
    frame.insert(0, "id", range(1, 61))
    table = read(frame, tmp_path / "t.csv", index=True)
    assert table.n_dropped == 2
    assert list(table.X) == ["size", "colour", "rooms"]
    assert table.notes == (
        "'Unnamed: 0' numbers the rows and is left out",
        "'id' numbers the rows and is left out",
        "'nothing' is empty and is left out",
    )
    assert list(table.X.index) == list(range(58))


@pytest.mark.parametrize("how", [{}, {"sep": ";", "decimal": ","}])
def test_its_code_gives_the_same_rows(frame, tmp_path, how):
    frame["id"] = range(60)
    frame["when"] = pd.date_range("2024-02-01", periods=60).astype(str)
    frame["power"] = frame["rooms"].astype(str).mask(frame.index % 9 == 0, "?")
    frame.loc[3, "price"] = np.nan
    table = read(frame, tmp_path / "t.csv", drop=["colour"], **how)
    namespace = {"pd": pd}
    exec("\n".join(table.code), namespace)
    again = namespace["frame"].reset_index(drop=True)
    pd.testing.assert_frame_equal(again.drop(columns="price"), table.X)
    np.testing.assert_array_equal(again["price"], table.y)
    assert list(table.X) == ["size", "rooms", "when", "power"]
    assert table.X.dtypes.map(lambda dtype: dtype.kind).isin(["i", "f"]).all()


def test_dropped_columns_are_no_features(frame, tmp_path):
    assert list(read(frame, tmp_path / "t.csv", drop=["rooms"]).X) == ["size", "colour"]


def test_classes_are_text_truths_and_a_few_whole_numbers(frame, tmp_path):
    assert read(frame, tmp_path / "t.csv", "colour").is_classification
    assert read(frame, tmp_path / "t.csv", "rooms").is_classification
    assert not read(frame, tmp_path / "t.csv", "rooms", task="regression").is_classification
    frame["old"] = frame["size"] > 0
    table = read(frame, tmp_path / "t.csv", "old")
    assert table.is_classification
    assert set(table.y) == {"True", "False"}


@pytest.mark.parametrize(
    ("text", "target", "said"),
    [
        ("", "y", "is empty"),
        ("x,y\n1,2\n", "y", "has 1 rows whose 'y' is known; at least 20"),
        ("x,y\n" + "1,2\n" * 30, "y", "'y' is 2 in all rows"),
        ("y\n" + "1\n2\n" * 30, "y", "no column but 'y'"),
        ("price,size\n" + "1,2\n" * 30, "prize", "no column 'prize'; did you mean 'price'"),
        ("a,b\n" + "1,2\n" * 30, "quality", "no column 'quality'; it has 'a', 'b'"),
        ("a,b\n" + "1,2,3,4\n" * 30, "b", "more fields than its first line has names"),
        ("a,b\n" + "".join(f"{i % 3},n{i}\n" for i in range(30)), "b", "30 different values"),
        ("a,b\n" + "1,u\n2,v\n" * 20 + "1,w\n", "b", "class w of 'b' has one row alone"),
        ("a,b\n" + ",1\n,2\n" * 20, "b", "no column but 'b' that could be a feature; 'a' is empty"),
        ('a,b\n1,"2\n' + "3,4\n" * 40, "b", "cannot be read as a table"),
    ],
)
def test_of_a_bad_file_one_sentence(text, target, said, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(TableError, match=said) as caught:
        table_from(path, target, "auto", [])
    assert "\n" not in str(caught.value)
    assert str(caught.value).count("t.csv") <= 2


def test_of_what_is_no_file_and_no_number(frame, tmp_path):
    with pytest.raises(TableError, match="is not there"):
        table_from(tmp_path / "no.csv", "y", "auto", [])
    with pytest.raises(TableError, match="is a folder"):
        table_from(tmp_path, "y", "auto", [])
    (tmp_path / "t.xlsx").touch()
    with pytest.raises(TableError, match=r"no type that is read: \.csv"):
        table_from(tmp_path / "t.xlsx", "y", "auto", [])
    (tmp_path / "b.csv").write_bytes(bytes(range(128, 256)) * 9)
    with pytest.raises(TableError, match="no text in UTF-8"):
        table_from(tmp_path / "b.csv", "y", "auto", [])
    with pytest.raises(TableError, match=r"'colour' holds '(red|blue)', which is no finite"):
        read(frame, tmp_path / "t.csv", "colour", task="regression")
