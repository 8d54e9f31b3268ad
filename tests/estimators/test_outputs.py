"""What is predicted, in the form that y had, by whatever holds a compact network."""

import numpy as np
import pytest

from sk_spectral.estimators.outputs import ClassifierOutputs, RegressorOutputs
from sk_spectral.model import CompactNetwork

X = np.array([[1.0, 2.0], [0.0, -3.0], [5.0, 0.5]])


class Regressor(RegressorOutputs):
    fit, loss, quantile = None, "squared_error", 0.5


class Classifier(ClassifierOutputs):
    fit = None


def holding(cls, W, **known):
    outputs = cls()
    outputs.compact_ = CompactNetwork((np.array(W),), None, "relu", ())
    outputs.n_features_in_ = 2
    for name, value in known.items():
        setattr(outputs, name, value)
    return outputs


def test_a_y_of_one_dimension_is_predicted_in_one():
    W = [[2.0, -1.0]]
    one = holding(Regressor, W, _n_targets=1, _y_ndim=1)
    np.testing.assert_array_equal(one.predict(X), X @ W[0])
    np.testing.assert_array_equal(one.linear_coef_, W[0])
    assert one.linear_intercept_ == 0.0
    column = holding(Regressor, W, _n_targets=1, _y_ndim=2)
    np.testing.assert_array_equal(column.predict(X), X @ np.transpose(W))
    np.testing.assert_array_equal(column.linear_coef_, W)


def test_two_classes_have_log_odds_and_several_have_logits():
    labels = np.array(["no", "yes"])
    two = holding(Classifier, [[1.0, 1.0]], classes_=labels)
    np.testing.assert_array_equal(two.decision_function(X), X.sum(axis=1))
    np.testing.assert_allclose(two.predict_proba(X)[:, 1], 1 / (1 + np.exp(-X.sum(axis=1))))
    assert two.predict(X).tolist() == ["yes", "no", "yes"]
    np.testing.assert_allclose(two.predict_log_proba(X), np.log(two.predict_proba(X)))
    sure = two.predict_log_proba([[-2000.0, 0.0]])
    np.testing.assert_array_equal(sure, [[0.0, -2000.0]])
    three = holding(Classifier, [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], classes_=np.arange(3))
    np.testing.assert_array_equal(three.decision_function(X)[:, :2], X)
    np.testing.assert_allclose(three.predict_proba(X).sum(axis=1), 1.0)
    np.testing.assert_allclose(three.predict_log_proba(X), np.log(three.predict_proba(X)))
    assert three.predict(X).tolist() == [1, 0, 0]
    assert (two.n_outputs_, three.n_outputs_) == (1, 3)


def test_targets_are_learned_from_all_rows_and_not_from_later_ones():
    regressor = Regressor()
    assert regressor._targets_of(np.zeros((3, 2)), reset=True).n_outputs == 2
    classifier = Classifier()
    classifier._targets_of(np.array([3, 1, 3]), reset=True)
    classifier._targets_of(np.array([1]), reset=False)
    assert classifier.classes_.tolist() == [1, 3]
    with pytest.raises(ValueError, match="are not those of the first call"):
        classifier._targets_of(np.array([1]), reset=False, classes=[1, 2])
