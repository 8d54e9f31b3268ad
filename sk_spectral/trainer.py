"""The nets that a search trains: its own, and those by which it is tested."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sk_spectral.batches import TensorRows
from sk_spectral.crossfit import CrossFit, cross_fit
from sk_spectral.losses import LogLoss, SquaredError
from sk_spectral.net import SpectralNet
from sk_spectral.network import SpectralNetwork
from sk_spectral.training import auto_weight_decay, build_net

_LARGEST_BATCH_OF_ALL = 100
_AUTO_BATCHES = 20
_SMALLEST_AUTO_BATCH, _LARGEST_AUTO_BATCH = 32, 200
_QUIET: dict[str, Any] = {"callbacks": (), "verbose": 0}
_ALL_EPOCHS: dict[str, Any] = {"patience": 10**9}


class Trainer:
    """Makes nets by the parameters of an estimator.

    Parameters
    ----------
    parameters : mapping
        Those of the constructor.
    loss : module of sk_spectral.losses
    random_state : RandomState
        Drawn from for each net.
    """

    UNWATCHED = _QUIET | _ALL_EPOCHS
    """Changes for a net of which the user is told nothing and that trains for all its epochs."""

    def __init__(
        self,
        parameters: Mapping[str, Any],
        loss: SquaredError | LogLoss,
        random_state: np.random.RandomState,
    ) -> None:
        self._parameters = parameters
        self.loss = loss
        self._random_state = random_state

    def new_generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(int(self._random_state.randint(2**31 - 1)))

    def batch_size(self, n_samples: int) -> int:
        """Rows of a batch; "auto" makes 20 batches, of 32 to 200 rows, or one of up to 100."""
        wanted = self._parameters["batch_size"]
        if self._parameters["solver"] == "lbfgs":
            return n_samples
        if wanted != "auto":
            return min(wanted, n_samples)
        if n_samples <= _LARGEST_BATCH_OF_ALL:
            return n_samples
        return min(max(n_samples // _AUTO_BATCHES, _SMALLEST_AUTO_BATCH), _LARGEST_AUTO_BATCH)

    def new_net(
        self, network: SpectralNetwork, n_samples: int, stop_early: bool, **changes: Any
    ) -> SpectralNet:
        """Net that trains `network` on so many rows; `changes` of the parameters of build_net."""
        parameters = self._parameters
        batch_size = self.batch_size(n_samples)
        weight_decay = parameters["weight_decay"]
        if weight_decay == "auto":
            weight_decay = auto_weight_decay(
                parameters["learning_rate_init"], batch_size, n_samples, parameters["max_iter"]
            )
        settings = {
            "solver": parameters["solver"],
            "learning_rate": parameters["learning_rate_init"],
            "eigenvalue_rate": parameters["eigenvalue_rate"],
            "weight_decay": weight_decay,
            "tol": parameters["tol"],
            "patience": parameters["n_iter_no_change"],
            "callbacks": parameters["callbacks"] or (),
            "penalty": parameters["penalty"],
            "alpha": parameters["alpha"],
            "average": bool(parameters["average"]),
            "generator": self.new_generator(),
            "batch_size": batch_size,
            "device": str(parameters["device"]),
            "verbose": int(parameters["verbose"]),
        }
        return build_net(network, self.loss, stop_early=stop_early, **(settings | changes))

    def train_anew(
        self,
        start: SpectralNetwork,
        train: TensorRows,
        valid: TensorRows | None,
        n_epochs: int,
        **changes: Any,
    ) -> SpectralNetwork:
        """A copy of `start`, trained as the user's network is."""
        network = deepcopy(start)
        net = self.new_net(network, len(train), valid is not None, **_QUIET | changes)
        net.fit_rows(train, valid, n_epochs)
        return network

    def compare(
        self,
        start: SpectralNetwork,
        rows: TensorRows,
        folds: list[NDArray[np.bool_]],
        n_epochs: int,
        validated: bool,
        **changes: Any,
    ) -> CrossFit | None:
        """The training from `start` on, cross-fitted with linear maps.

        Where it is `validated`, each fold sets rows apart for this as the whole does.
        """

        def fit_network(some: TensorRows) -> SpectralNetwork:
            if not validated:
                return self.train_anew(start, some, None, n_epochs, **_ALL_EPOCHS, **changes)
            order = torch.randperm(len(some), generator=self.new_generator()).to(some.y.device)
            fraction = self._parameters["validation_fraction"]
            n_valid = min(int(np.ceil(fraction * len(some))), len(some) - 1)
            train, valid = (
                TensorRows(*some.take(part)) for part in (order[n_valid:], order[:n_valid])
            )
            return self.train_anew(start, train, valid, n_epochs, **changes)

        settings = start.layer_sizes[-1], start.fit_intercept
        return cross_fit(rows, folds, fit_network, self.loss, *settings)
