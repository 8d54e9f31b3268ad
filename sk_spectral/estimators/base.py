"""What both estimators share: check, search, store."""

from abc import ABCMeta, abstractmethod
from typing import Any, Self
from warnings import warn

from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from sk_spectral.data.dataset import Data
from sk_spectral.data.scaling import Scaling
from sk_spectral.estimators.parameters import (
    check_hidden_layer_sizes,
    check_parameters,
)
from sk_spectral.estimators.prediction import Predictor
from sk_spectral.estimators.stream import learn_on
from sk_spectral.search.config import SearchConfig
from sk_spectral.search.fit import search_architecture
from sk_spectral.search.result import SearchResult, Start
from sk_spectral.search.streams import RandomStreams
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.net import SpectralNet
from sk_spectral.training.threads import limited_threads
from sk_spectral.training.torch_state import plain_torch


class SpectralSearch(Predictor, metaclass=ABCMeta):
    """Common part of the estimators; SpectralNASRegressor documents the parameters."""

    @abstractmethod
    def _check_data(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        reset: bool,
        suffix: str = "",
        **target: Any,
    ) -> Data:
        """Checked rows without those of weight 0; `reset` learns what later rows must match.

        `suffix` completes the names of the arguments in messages.
        """

    network_: SpectralNetwork
    net_: SpectralNet
    _scaling: Scaling

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Search the architecture: train, prune, keep the small network that is left.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, of one or several outputs, or class labels.
        sample_weight : array-like of shape (n_samples,), optional
            Rows of weight 0 are left out.
        X_val, y_val, sample_weight_val : array-likes, optional
            Rows by which training stops and units are pruned. By default a `validation_fraction`
            of X is set apart where `early_stopping` asks for it.

        Returns
        -------
        self
            Fitted estimator. Where anything is wrong it is left as it was.
        """
        with self._unchanged_on_error(), limited_threads(), plain_torch():
            check_parameters(self)
            if X_val is None and sample_weight_val is not None:
                raise ValueError("sample_weight_val needs X_val and y_val, which were not given.")
            if self.warm_start:
                self._check_can_go_on()
            self._partially_fitted, self._stream = False, None
            continued = self.warm_start and hasattr(self, "network_")
            if not continued:
                self._random_state = check_random_state(self.random_state)
            data = self._check_data(X, y, sample_weight, reset=not continued)
            start = None
            if continued:
                self._check_architecture()
                start = Start(self.network_, self._scaling)
            result = search_architecture(
                data,
                self._config(),
                self._streams(),
                start,
                valid=self._check_validation_data(X_val, y_val, sample_weight_val),
                report=print if self.verbose else lambda line: None,
            )
            self._store(result)
            self._n_fitted = len(data)
            for category, message in result.warnings:
                warn(message, category, stacklevel=2)
        return self

    def _partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, **target: Any
    ) -> Self:
        with self._unchanged_on_error(), limited_threads(), plain_torch():
            check_parameters(self)
            self._check_can_go_on()
            self._partially_fitted = True
            first = not hasattr(self, "network_")
            if first:
                self._random_state = check_random_state(self.random_state)
            data = self._check_data(X, y, sample_weight, reset=first, **target)
            if first:
                self._stream = None
                message = self._config().training.batch_size_message(len(data))
                if message is not None:
                    warn(message, UserWarning, stacklevel=3)
            else:
                self._check_architecture()
            learn_on(self, data)
        return self

    def _check_validation_data(
        self, X_val: ArrayLike | None, y_val: ArrayLike | None, weight_val: ArrayLike | None
    ) -> Data | None:
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val must be given together, only one of them was.")
        if X_val is None or y_val is None:
            return None
        return self._check_data(X_val, y_val, weight_val, reset=False, suffix="_val")

    def _config(self) -> SearchConfig:
        hidden = check_hidden_layer_sizes(self.hidden_layer_sizes)
        return SearchConfig.from_parameters(
            self.get_params(deep=False) | {"hidden_layer_sizes": hidden}
        )

    def _streams(self) -> RandomStreams:
        return RandomStreams(self._random_state)

    def _check_architecture(self) -> None:
        """Training can go on only in the architecture that it began in."""
        network = self.network_
        hidden = check_hidden_layer_sizes(self.hidden_layer_sizes)
        for name, asked, existing in (
            ("hidden_layer_sizes", hidden, network.layer_sizes[1:-1]),
            ("activation", self.activation, network.activation),
            ("fit_intercept", bool(self.fit_intercept), network.fit_intercept),
            (
                "train_input_eigenvalues",
                bool(self.train_input_eigenvalues),
                network.eigenvalues[0].requires_grad,
            ),
        ):
            if asked != existing:
                raise ValueError(
                    f"{name} is {asked!r}, but the fitted network has {existing!r} and cannot be "
                    "trained further with another. Fit with warm_start=False to start afresh."
                )

    def _store(self, result: SearchResult) -> None:
        self.network_, self.net_, self._scaling = result.network, result.net, result.scaling
        self.compact_, self.topology_ = result.compact, result.topology
        self.feature_importances_ = result.feature_importances
        self.loss_curve_, self.loss_ = result.history, result.loss
        self.n_iter_ = len(self.loss_curve_)
