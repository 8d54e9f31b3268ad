"""The file: whole or not there, of one version, refused in a sentence where it is neither."""

import pytest
import torch

from sk_spectral.training import checkpoint as module
from sk_spectral.training.checkpoint import Checkpoint

OF = {"alpha": "0.0", "X": "abc"}


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch):
    monkeypatch.setattr(module, "_SECONDS", 0.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fit.checkpoint"


def begun(path):
    checkpoint = Checkpoint(path)
    checkpoint.begin(OF, [1, 2, 3, 4])
    return checkpoint


def test_trainings_come_back_in_their_order(path):
    first = begun(path)
    assert first.training().state is None
    second = first.training()
    first = begun(path)
    one, other = first.training(), first.training()
    one.keep({"x": torch.ones(2)}, has_ended=True)
    other.keep({"x": torch.zeros(3)})
    again = Checkpoint(path)
    assert again.entropy == [1, 2, 3, 4]
    again.begin(OF, [1, 2, 3, 4])
    found = [again.training(), again.training(), again.training()]
    assert [training.has_ended for training in found] == [True, False, False]
    assert found[1].state["x"].tolist() == [0.0, 0.0, 0.0]
    assert found[2].state is None
    assert second.state is None  # of another object, to which nothing was told


def test_an_epoch_is_written_once_in_a_while(path, monkeypatch):
    checkpoint = begun(path)
    monkeypatch.setattr(module, "_SECONDS", 1e9)
    training = checkpoint.training()
    assert not training.is_due()
    training.keep({"x": 1}, has_ended=True)
    assert training.has_ended
    assert Checkpoint(path)._kept["trainings"] == []


def test_what_ended_leaves_no_file(path):
    checkpoint = begun(path)
    assert path.exists()
    checkpoint.end()
    assert list(path.parent.iterdir()) == []
    assert Checkpoint(path).entropy is None


@pytest.mark.parametrize(
    ("of", "changed"),
    [
        ({"alpha": "0.1", "X": "abc"}, "another alpha:"),
        ({"alpha": "0.1", "X": "b"}, "another alpha and another X:"),
        ({"alpha": "0.0"}, "another X:"),
    ],
)
def test_it_goes_on_with_the_same_alone(path, of, changed):
    begun(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=changed):
        Checkpoint(path).begin(of, [1, 2, 3, 4])
    assert path.read_bytes() == before


def test_what_is_damaged_is_refused_wherever_it_is(path):
    begun(path).training().keep({"x": torch.ones(100)})
    whole = path.read_bytes()
    start = whole.index(b"\n") + 1
    for place in (start, start + 70, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(ValueError, match="is damaged: delete the file to start afresh"):
            Checkpoint(path)
    path.write_bytes(whole[:-1])
    with pytest.raises(ValueError, match="is damaged"):
        Checkpoint(path)


def test_other_versions_and_other_files(path):
    begun(path)
    path.write_bytes(path.read_bytes().replace(b"checkpoint 1\n", b"checkpoint 9\n"))
    with pytest.raises(
        ValueError, match="is of version 9, but this release goes on from version 1"
    ):
        Checkpoint(path)
    path.write_text("notes of mine\n")
    with pytest.raises(ValueError, match="names a file that is no checkpoint"):
        Checkpoint(path)
    assert path.read_text() == "notes of mine\n"


def test_places_that_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match="a folder that is there"):
        begun(tmp_path / "nowhere" / "file")
    with pytest.raises(ValueError, match="cannot be read or written"):
        Checkpoint(tmp_path)
