"""Each process fits its shard, and all end with the same estimator."""

import numpy as np
import pytest
from processes import output_of_each

from sk_spectral import SpectralNASRegressor

ROWS = """
from hashlib import blake2b
import sklearn
from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
rng = np.random.RandomState(0)
N = 8000
X = rng.randn(N, 4)
y = np.abs(X[:, 0]) * X[:, 1] + X[:, 2] + 0.1 * rng.randn(N)

def tell(model):
    state = b"".join(values.detach().numpy().tobytes() for values in model.network_.parameters())
    said = model.predict(X[:100])
    digest = blake2b(state + np.asarray(said).tobytes(), digest_size=8).hexdigest()
    print(digest, model.n_iter_, flush=True)
"""

FIT = """
model = SpectralNASRegressor((16,), max_iter=8, random_state=RANK)
model.fit(X[RANK::SIZE], y[RANK::SIZE])
tell(model)
print(model.score(X, y))
"""


@pytest.mark.slow
@pytest.mark.parametrize("n_processes", [2, 4])
def test_all_end_with_the_same_estimator(n_processes, tmp_path):
    outputs = output_of_each(ROWS + FIT, n_processes, tmp_path)
    first, score = outputs[0][0].splitlines()
    for text, errors in outputs:
        assert text.splitlines()[0] == first, errors
    rng = np.random.RandomState(0)
    X = rng.randn(8000, 4)
    y = np.abs(X[:, 0]) * X[:, 1] + X[:, 2] + 0.1 * rng.randn(8000)
    alone = SpectralNASRegressor((16,), max_iter=8, random_state=0).fit(X, y)
    assert float(score) > alone.score(X, y) - 0.01


OTHERS = """
# One class in each shard, uneven shards, and few rows of which the first process has all.
labels = (X[:, 0] > 0).astype(int)
own = np.flatnonzero(labels == RANK)[: 5000 - 2000 * RANK]
tell(SpectralNASClassifier((8,), max_iter=4).fit(X[own], labels[own]))
tell(SpectralNASRegressor((8,), max_iter=4).fit(X[RANK:200:2], y[RANK:200:2]))
weight = np.where(np.arange(N) % 3, 1.0, 0.0)[RANK::SIZE]
tell(SpectralNASRegressor((8,), max_iter=4, n_knots=0).fit(X[RANK::2], y[RANK::2], weight))
for rows, target in ((X, np.where(RANK == 1, np.nan, y)), (X[:, : 4 - RANK], y)):
    try:
        SpectralNASRegressor((8,), max_iter=4).fit(rows, target)
    except ValueError as error:
        print(error)
for parameters in ({"solver": "lbfgs"}, {"alpha": -1}):
    try:
        SpectralNASRegressor((8,), **parameters).fit(X, y)
    except ValueError as error:
        print(error)
"""


@pytest.mark.slow
def test_shards_of_all_kinds(tmp_path):
    (first, errors), (other, _) = output_of_each(ROWS + OTHERS, 2, tmp_path)
    lines, others = first.splitlines(), other.splitlines()
    assert lines[:3] == others[:3], errors
    assert lines[3] == "In process 1 of 2: " + others[3]
    assert "y of a batch contains NaN" in lines[3]
    assert len(lines) == len(others) == 7
    assert lines[4] == others[4] == "X has 4 columns of numbers in one process, but 3 in another."
    assert "needs all rows in one process" in lines[5]
    assert lines[6] == others[6]


DIES = """
from sk_spectral.training import checkpoint as module, team as of_team
module._SECONDS = 0.0
path, dies = sys.argv[4], sys.argv[5] == "dies"
if RANK == 1 and dies:
    steps, whole = [0], of_team.Team.add_up
    def add_up(self, values):
        steps[0] += 1
        if steps[0] > 150:
            os._exit(3)
        whole(self, values)
    of_team.Team.add_up = add_up
model = SpectralNASRegressor((16,), max_iter=8, random_state=0, checkpoint=path)
try:
    tell(model.fit(X[RANK::SIZE], y[RANK::SIZE]))
except RuntimeError as error:
    print(error)
    print(hasattr(model, "n_features_in_"))
"""


@pytest.mark.slow
def test_where_one_dies_the_others_say_so_and_a_checkpoint_goes_on(tmp_path):
    kept = tmp_path / "kept"
    whole = output_of_each(ROWS + DIES, 2, tmp_path, tmp_path / "other", "lives")
    (text, errors), _ = output_of_each(ROWS + DIES, 2, tmp_path, kept, "dies")
    lines = text.splitlines()
    assert lines[0].startswith("Process 0 of 2 has lost another one of this fit"), errors
    assert lines[1] == "False"
    assert kept.exists()
    again = output_of_each(ROWS + DIES, 2, tmp_path, kept, "lives")
    assert [text for text, _ in again] == [text for text, _ in whole]
    assert not kept.exists()
