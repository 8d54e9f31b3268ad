"""The nets that a search trains: its own, and those by which it is tested and refitted."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_spectral.batches import TensorRows
from sk_spectral.crossfit import CrossFit, cross_fit
from sk_spectral.losses import LogLoss, SquaredError
from sk_spectral.network import SpectralNetwork
from sk_spectral.training import SpectralNet, auto_weight_decay, build_net

_LARGEST_BATCH_OF_ALL = 100
_AUTO_BATCHES = 20
_SMALLEST_AUTO_BATCH, _LARGEST_AUTO_BATCH = 32, 200
_STEPS_TO_REFIT = 400
_ALL_EPOCHS = 10**9
_QUIET: dict[str, Any] = {"callbacks": (), "verbose": 0}


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

    def __init__(
        self,
        parameters: Mapping[str, Any],
        loss: SquaredError | LogLoss,
        random_state: np.random.RandomState,
    ) -> None:
        self._parameters = parameters
        self._loss = loss
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
        return build_net(network, self._loss, stop_early=stop_early, **(settings | changes))

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
                return self.train_anew(start, some, None, n_epochs, patience=_ALL_EPOCHS, **changes)
            order = torch.randperm(len(some), generator=self.new_generator()).to(some.y.device)
            n_valid = int(np.ceil(self._parameters["validation_fraction"] * len(some)))
            train, valid = (
                TensorRows(*some.take(part)) for part in (order[n_valid:], order[:n_valid])
            )
            return self.train_anew(start, train, valid, n_epochs, **changes)

        settings = start.layer_sizes[-1], start.fit_intercept
        return cross_fit(rows, folds, fit_network, self._loss, *settings)

    def refit(
        self,
        network: SpectralNetwork,
        train: TensorRows,
        valid: TensorRows,
        unit_masks: list[Tensor],
    ) -> int:
        """Train what is left of the network without a penalty: a relaxed fit.

        Up to the epoch that is best for the validation rows, whose number is returned.
        """
        n_batches = -(-len(train) // self.batch_size(len(train)))
        n_epochs = -(-_STEPS_TO_REFIT // n_batches)
        net = self._train_the_rest(network, train, valid, unit_masks, n_epochs)
        return 1 + int(np.argmin(net.history[:, "valid_loss"]))

    def refit_to_all(
        self,
        network: SpectralNetwork,
        whole: Callable[[], TensorRows],
        unit_masks: list[Tensor],
        n_epochs: int,
    ) -> None:
        """The same on all rows, for so many epochs."""
        self._train_the_rest(network, whole(), None, unit_masks, n_epochs)

    def _train_the_rest(
        self,
        network: SpectralNetwork,
        rows: TensorRows,
        valid: TensorRows | None,
        unit_masks: list[Tensor],
        n_epochs: int,
    ) -> SpectralNet:
        settings = _QUIET | {"penalty": None, "patience": _ALL_EPOCHS}
        net = self.new_net(network, len(rows), valid is not None, **settings)
        return net.fit_rows(rows, valid, n_epochs, [mask.to(rows.X.dtype) for mask in unit_masks])
