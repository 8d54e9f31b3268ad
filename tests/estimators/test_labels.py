"""Several labels a row: as MLPClassifier takes them."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_multilabel_classification
from sklearn.model_selection import cross_val_score
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.utils.estimator_checks import (
    check_classifiers_multilabel_output_format_decision_function,
    check_classifiers_multilabel_output_format_predict,
    check_classifiers_multilabel_output_format_predict_proba,
    check_classifiers_multilabel_representation_invariance,
)

from sk_spectral import SpectralNASClassifier, SpectralNASClassifierCV, spectral_path
from sk_spectral.export import to_onnx, to_torch

X, Y = make_multilabel_classification(600, n_features=10, n_classes=4, random_state=0)
TRAIN, TEST = slice(0, 400), slice(400, None)
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 20, "random_state": 0}


@pytest.fixture(scope="module")
def fitted():
    return SpectralNASClassifier(**SMALL).fit(X[TRAIN], Y[TRAIN])


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_predictions_have_a_column_for_each_label(fitted):
    assert fitted.classes_.tolist() == [0, 1, 2, 3]
    assert (fitted.n_outputs_, fitted.topology_.layer_sizes[-1]) == (4, 4)
    predicted, p = fitted.predict(X[TEST]), fitted.predict_proba(X[TEST])
    assert predicted.shape == p.shape == (200, 4)
    np.testing.assert_array_equal(predicted, p > 0.5)
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-fitted.decision_function(X[TEST]))))
    np.testing.assert_allclose(fitted.predict_log_proba(X[TEST]), np.log(p))
    mlp = MLPClassifier(max_iter=500, random_state=0).fit(X[TRAIN], Y[TRAIN])
    right, theirs = (np.mean(m.predict(X[TEST]) == Y[TEST]) for m in (fitted, mlp))
    assert right > theirs - 0.01


def test_labels_that_join_inputs_share_hidden_units():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(900, 3))
    labels = np.column_stack([A[:, 0] * A[:, 1] > 0, A[:, 2] > 0]).astype(int)
    model = SpectralNASClassifier((16,), random_state=0).fit(A[:600], labels[:600])
    assert model.topology_.verdict == "network"
    assert model.score(A[600:], labels[600:]) > 0.85


def test_sparse_labels_weights_validation_rows_and_pickles(fitted):
    weight = np.linspace(0.5, 1.5, 400)
    dense, held = (
        SpectralNASClassifier(**SMALL).fit(
            X[TRAIN], kind(Y[TRAIN]), weight, X_val=X[TEST], y_val=kind(Y[TEST])
        )
        for kind in (np.asarray, sparse.csr_array)
    )
    np.testing.assert_array_equal(dense.predict_proba(X), held.predict_proba(X))
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))


def test_streams_folds_and_paths_take_them():
    stream = SpectralNASClassifier(hidden_layer_sizes=(8,), random_state=0)
    for _ in range(30):
        stream.partial_fit(X[TRAIN], Y[TRAIN], classes=np.arange(4))
    assert np.mean(stream.predict(X[TEST]) == Y[TEST]) > 0.7
    folds = SpectralNASClassifierCV(**SMALL, alphas=[0.0, 1.0], cv=2).fit(X[TRAIN], Y[TRAIN])
    outputs = folds.decision_function(X[TRAIN])
    losses = np.logaddexp(0.0, outputs) - Y[TRAIN] * outputs
    assert -0.7 < folds.best_score_ < -losses.mean() * 0.9
    path = spectral_path(X, Y, alphas=[0.0], estimator=SpectralNASClassifier(**SMALL))
    assert path.points[-1].compact(X).shape == (600, 4)
    assert cross_val_score(SpectralNASClassifier(**SMALL), X, Y, cv=2).min() > 0.1


def test_one_classifier_a_label_by_scikit_learn():
    for meta in (MultiOutputClassifier, ClassifierChain):
        model = meta(SpectralNASClassifier(**SMALL)).fit(X[TRAIN], Y[TRAIN])
        assert np.mean(model.predict(X[TEST]) == Y[TEST]) > 0.7


@pytest.mark.parametrize(
    "check",
    [
        check_classifiers_multilabel_output_format_decision_function,
        check_classifiers_multilabel_output_format_predict,
        check_classifiers_multilabel_output_format_predict_proba,
        check_classifiers_multilabel_representation_invariance,
    ],
)
def test_scikit_learn_check_of_labels(check):
    check("SpectralNASClassifier", SpectralNASClassifier(**SMALL))


def test_what_does_not_go_with_labels_is_said(fitted):
    with pytest.raises(ValueError, match="class_weight weighs rows by their one class"):
        SpectralNASClassifier(**SMALL, class_weight="balanced").fit(X, Y)
    with pytest.raises(ValueError, match=r"classes=\[0, 1\] are not the numbers of the columns"):
        SpectralNASClassifier(**SMALL).partial_fit(X, Y, classes=[0, 1])
    with pytest.raises(ValueError, match="y_val has 2 labels"):
        SpectralNASClassifier(**SMALL).fit(X, Y, X_val=X, y_val=Y[:, :2])
    with pytest.raises(ValueError, match="several labels a row is not converted to ONNX"):
        to_onnx(fitted)
    with pytest.raises(ValueError, match="y should be a 1d array"):
        SpectralNASClassifier(**SMALL).fit(X, Y + np.arange(4))
    assert to_torch(fitted) is not None
