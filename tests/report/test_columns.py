"""What is a feature of a file, and what its texts mean."""

import numpy as np
import pandas as pd
import pytest

from sk_spectral.report.columns import features_of

N = 40


def of(**columns):
    return features_of(pd.DataFrame(columns, index=range(N)))


def test_what_is_no_feature_is_left_out_and_told():
    found = of(
        number=np.arange(N) + 1,
        id=np.delete(np.arange(N + 2), [5, 9]),
        nothing=np.full(N, np.nan),
        name=[f"person {i}" for i in range(N)],
        sort=["a", "b"] * (N // 2),
        year=np.arange(1990, 1990 + N),
        depth=np.arange(N) * 3.0,
        size=np.linspace(0, 1, N),
    )
    assert list(found.X) == ["sort", "year", "depth", "size"]
    assert found.notes == (
        "'number' numbers the rows and is left out",
        "'id' numbers the rows and is left out",
        "'nothing' is empty and is left out",
        "'name' is different in nearly every row and is left out",
    )
    assert found.code == ("frame = frame.drop(columns=['number', 'id', 'nothing', 'name'])",)


@pytest.mark.parametrize("signs", [["?"], ["?", "-", "n/a"], []])
def test_texts_of_numbers_are_numbers_and_few_signs_stand_for_missing_ones(signs):
    values = [f" {i % 5}.5" for i in range(N)]
    values[: len(signs)] = signs
    found = of(power=values)
    expected = np.array([i % 5 + 0.5 for i in range(N)])
    expected[: len(signs)] = np.nan
    np.testing.assert_array_equal(found.X["power"], expected)
    assert found.notes[0].startswith("'power' is read as numbers")
    assert all(repr(sign) in found.notes[0] for sign in signs)


def test_infinity_is_missing():
    values = np.linspace(0, 1, N)
    values[[3, 8]] = np.inf, -np.inf
    found = of(size=values)
    assert found.notes == ("infinity in 'size' is read as missing",)
    np.testing.assert_array_equal(found.X["size"].isna(), np.isinf(values))
    namespace = {"frame": pd.DataFrame({"size": values})}
    exec(found.code[0], namespace)
    pd.testing.assert_series_equal(namespace["frame"]["size"], found.X["size"])


def test_categories_and_truths_stay_what_they_are():
    given = {
        "grade": ["1", "2", "3", "x", "y", "z", "w", "v"] * (N // 8),
        "old": [True, False] * (N // 2),
        "half": ["1", "none"] * (N // 2),
    }
    found = of(**given)
    assert found.notes == found.code == ()
    pd.testing.assert_frame_equal(found.X, pd.DataFrame(given, index=range(N)))


@pytest.mark.parametrize("suffix", ["", " 12:30:00", "T01:02"])
def test_dates_are_days_since_the_first(suffix):
    days = pd.Series(pd.date_range("2024-02-27", periods=N).strftime("%Y-%m-%d") + suffix)
    days[5] = None
    found = of(day=days)
    expected = np.arange(N, dtype=float)
    expected[5] = np.nan
    np.testing.assert_array_equal(found.X["day"], expected)
    assert found.notes == ("'day' is read as days since 2024-02-27",)


def test_what_was_given_is_left_as_it_is():
    frame = pd.DataFrame({"power": ["1", "?"] * (N // 2)}, index=range(N))
    before = frame.copy()
    features_of(frame)
    pd.testing.assert_frame_equal(frame, before)
