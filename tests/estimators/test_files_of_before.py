"""Files that release 0.1 wrote load, and predict what they predicted."""

import pickle

import numpy as np
import pytest
from release import FILES, files_of_before

from sk_spectral.model.topology import Topology


@pytest.fixture(scope="module")
def loaded():
    return {name: (model, said, apart) for name, model, said, apart in files_of_before()}


def test_every_file_says_what_it_said(loaded):
    assert sorted(path.stem for path in FILES.glob("*.joblib")) == sorted(loaded)
    for model, said, apart in loaded.values():
        assert apart < 1e-9
        assert model.topology_.headline() == said["headline"]


def test_topologies_of_then_are_read_as_those_of_now(loaded):
    for model, said, _ in loaded.values():
        html = model.topology_._repr_html_()
        assert html.count("<svg") == html.count("<table") == 1
        assert str(model.topology_).splitlines()[0] == said["headline"]
        again = Topology.from_dict(said["topology"])
        assert again.verdict == model.topology_.verdict
        np.testing.assert_array_equal(again.block_norms, model.topology_.block_norms)


def test_they_can_be_written_anew_and_fitted(loaded):
    for model, said, _ in loaded.values():
        X = np.array(said["X"])
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
    model, said, _ = loaded["linear"]
    X = np.random.default_rng(0).normal(size=(60, 3))
    assert pickle.loads(pickle.dumps(model)).fit(X, X[:, 0]).topology_.verdict == "linear"
