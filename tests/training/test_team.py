"""What processes tell each other, and how they learn that one is gone."""

import pytest
from processes import output_of_each

from sk_spectral.training.team import Team


def test_alone_there_is_no_team():
    assert Team.of_this_process() is None


TALK = """
from sk_spectral.training.team import Team
team = Team.of_this_process()
told = team.told("go" if team.leads else None)
gathered = team.gathered(RANK + 1)
values = torch.tensor([float(RANK), 1.0])
team.add_up(values)
print(told, gathered, values.tolist())
try:
    team.all_or_none(ValueError("bad rows") if RANK == 1 else None)
except ValueError as error:
    print(error, team.has_failed)
team = Team()
try:
    team.told(KeyError("lost")) if team.leads else team.told()
except KeyError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("n_processes", [2, 4])
def test_they_talk(n_processes, tmp_path):
    outputs = output_of_each(TALK, n_processes, tmp_path)
    total = float(sum(range(n_processes)))
    for rank, (text, errors) in enumerate(outputs):
        lines = text.splitlines()
        gathered = list(range(1, n_processes + 1)) if rank == 0 else None
        assert lines[0] == f"go {gathered} [{total}, {float(n_processes)}]", errors
        named = "" if rank == 1 else f"In process 1 of {n_processes}: "
        assert lines[1] == f"{named}bad rows True"
        assert lines[2:] == ([] if rank == 0 else ["'lost'"])


GONE = """
from sk_spectral.training.team import Team
team = Team()
team.told(None)
if RANK == 1:
    os._exit(3)
try:
    team.add_up(torch.ones(10))
except RuntimeError as error:
    print(error, team.has_failed)
"""


@pytest.mark.slow
def test_one_that_is_gone_is_named_a_loss(tmp_path):
    (text, errors), _ = output_of_each(GONE, 2, tmp_path)
    assert text.startswith("Process 0 of 2 has lost another one of this fit"), errors
    assert "with a checkpoint the fit goes on" in text
    assert text.rstrip().endswith("True")
