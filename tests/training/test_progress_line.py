"""A line for each training, on paper and on a terminal."""

import io

from sk_spectral import SpectralNetwork
from sk_spectral.training.observer import Observer
from sk_spectral.training.progress_line import ProgressLine

NETWORK = SpectralNetwork((2, 1))


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Stops(Observer):
    def __init__(self):
        self.ended = False

    def begin(self, task, n_epochs):
        return task

    def epoch(self, begun, network):
        return begun == "fold"

    def end(self, begun, network):
        self.ended = True


def written(line, out, task="training", n_epochs=3):
    begun = line.begin(task, 10)
    stops = [line.epoch(begun, NETWORK) for _ in range(n_epochs)]
    line.end(begun, NETWORK)
    return out.getvalue(), stops


def test_a_file_has_a_line_when_a_training_ends():
    out = io.StringIO()
    text, stops = written(ProgressLine(out=out), out)
    assert text.startswith("training: 3 of at most 10 epochs, 0.")
    assert text.endswith(" s\n")
    assert text.count("\n") == 1
    assert stops == [False] * 3


def test_a_terminal_shows_what_is_done_and_left():
    out = Terminal()
    text, _ = written(ProgressLine(out=out), out)
    *growing, last = text.split("\r")
    assert [line.split(" of ")[0] for line in growing] == [f"training: {k}" for k in (1, 2, 3)]
    assert all("s left" in line and len(line) >= 72 for line in growing)
    assert last.endswith("\n")
    assert "left" not in last


def test_who_is_told_as_well_may_end_a_training():
    inner, out = Stops(), io.StringIO()
    assert written(ProgressLine(inner, out), out, "fold", 1)[1] == [True]
    assert inner.ended


def test_it_goes_to_the_standard_output_of_the_moment(capsys):
    line = ProgressLine()
    line.end(line.begin("pruning", 5), NETWORK)
    assert capsys.readouterr().out.startswith("pruning: 0 of at most 5 epochs")
