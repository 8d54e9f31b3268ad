"""What scorers and skorch's scoring callbacks ask a net for: classes, predictions, a score."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, RegressorTags
from skorch import NeuralNet

from sk_spectral.training.losses import LabelLoss, LogLoss


class ScoredNet(NeuralNet):
    """A classifier where its criterion is the log loss, else a regressor."""

    @property
    def classes_(self) -> NDArray[np.int64]:
        """Codes of the classes, where there are some: what a scorer looks for."""
        if not isinstance(self.criterion, LogLoss) or isinstance(self.criterion, LabelLoss):
            raise AttributeError("This net predicts no classes.")
        return np.arange(max(2, self.module.layer_sizes[-1]))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if isinstance(self.criterion, LogLoss):
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        else:
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        return tags

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Probabilities of the classes; of a regression, the outputs."""
        outputs = torch.as_tensor(super().predict_proba(X))
        if not isinstance(self.criterion, LogLoss):
            return outputs.numpy()
        if isinstance(self.criterion, LabelLoss):
            return torch.sigmoid(outputs).numpy()
        if outputs.shape[1] == 1:
            outputs = torch.cat([torch.zeros_like(outputs), outputs], dim=1)
        return torch.softmax(outputs, dim=1).numpy()

    def predict(self, X: Any) -> NDArray[Any]:
        """Codes of the likeliest classes, or labels; of a regression, outputs in its units."""
        found = self.predict_proba(X)
        if isinstance(self.criterion, LabelLoss):
            return (found > 0.5).astype(np.int64)
        return found.argmax(axis=1) if isinstance(self.criterion, LogLoss) else found

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R², or the share of classes that are right."""
        score = accuracy_score if isinstance(self.criterion, LogLoss) else r2_score
        return float(score(y, self.predict(X), sample_weight=sample_weight))
