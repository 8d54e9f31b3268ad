"""The nets that a search trains: its own, and those by which it is tested."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.splitting import FEWEST_TO_COMPARE, Splitter
from sk_spectral.search.cross_validation import compare_out_of_fold
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.search.wide_limit import bends
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.callbacks import RecordOutputs
from sk_spectral.training.config import auto_weight_decay, build_net
from sk_spectral.training.losses import LogLoss, SquaredError
from sk_spectral.training.net import SpectralNet

_LARGEST_BATCH_OF_ALL = 100
_AUTO_BATCHES = 20
_SMALLEST_AUTO_BATCH, _LARGEST_AUTO_BATCH = 32, 200
_FEW_ROWS = 1000
_ERRORS_OF_A_BEND = 1.5  # where the network has to make fewer mistakes, too
_SHARE_THAT_COUNTS = 0.01  # of the linear loss, in a comparison with it of few rows
QUIET: dict[str, Any] = {"callbacks": (), "verbose": 0}
_ALL_EPOCHS: dict[str, Any] = {"patience": 10**9}


class Trainer:
    """Makes nets by the parameters of an estimator.

    Parameters
    ----------
    parameters : mapping
        Those of the constructor.
    loss : module of sk_spectral.training.losses
    random_state : RandomState
        Drawn from for each net.
    """

    UNWATCHED = QUIET | _ALL_EPOCHS
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
        return torch.Generator().manual_seed(self._new_seed())

    def _new_seed(self) -> int:
        return int(self._random_state.randint(2**31 - 1))

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

    def epochs_for(self, n_steps: int, n_samples: int) -> int:
        """Epochs of as many steps; those of a line search are dear: no more than `max_iter`."""
        n_epochs = -(-n_steps // -(-n_samples // self.batch_size(n_samples)))
        if self._parameters["solver"] == "lbfgs":
            return min(n_epochs, self._parameters["max_iter"])
        return n_epochs

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
        settings |= changes
        if not settings["verbose"]:
            settings["callbacks__print_log"] = None  # it would make its tables all the same
        return build_net(network, self.loss, stop_early=stop_early, **settings)

    def train_anew(
        self,
        start: SpectralNetwork,
        train: TensorDataset,
        valid: TensorDataset | None,
        n_epochs: int,
        **changes: Any,
    ) -> SpectralNetwork:
        """A copy of `start`, trained as the user's network is."""
        network = deepcopy(start)
        net = self.new_net(network, len(train), valid is not None, **QUIET | changes)
        net.fit_rows(train, valid, n_epochs)
        return network

    def compare(
        self,
        start: SpectralNetwork,
        rows: TensorDataset,
        splitter: Splitter,
        *,
        validated: bool,
        report: Callable[[str], None] = lambda line: None,
        **changes: Any,
    ) -> tuple[OutOfFold | None, SpectralNet]:
        """The training from `start` on against linear maps, out of fold, and the net of one fold.

        Where it is `validated`, each fold sets rows apart for this as the whole does. Else the
        folds find the number of epochs that is best for the rows held out. Too few different rows
        compare linear maps alone. The net returned is the one that the user is told of.
        """
        folds = splitter.folds(self._new_seed())
        nets: list[SpectralNet] = []

        def fit_network(
            some: TensorDataset, held_out: Tensor, linear_loss: float, *, split: Splitter
        ) -> Tensor:
            of_this = changes if not nets else QUIET | changes
            if validated and len(rows) < _FEW_ROWS:
                tol = max(self._parameters["tol"], _SHARE_THAT_COUNTS * linear_loss)
                of_this = of_this | {"tol": tol}
            net, outputs = self._fit_and_say(start, some, held_out, split, validated, of_this)
            nets.append(net)
            return outputs

        fits = [partial(fit_network, split=splitter.take(np.flatnonzero(~out))) for out in folds]
        compared = compare_out_of_fold(
            rows,
            folds,
            fits if splitter.n_groups >= FEWEST_TO_COMPARE else None,
            self.loss,
            start.layer_sizes[-1],
            start.fit_intercept,
            report,
            standard_errors=standard_errors_for(splitter.n_groups, validated),
            tol=self._parameters["prune_tol"],
            bent=not validated
            and rows.y.ndim == 1
            and bends(rows, splitter.groups, _ERRORS_OF_A_BEND),
            apply=None if start.can_be_every_map() else partial(_nearest_outputs, start),
        )
        if not nets:
            nets.append(self.new_net(deepcopy(start), len(rows), False, **changes))
            nets[0].fit_rows(rows, None, self._parameters["max_iter"])
        return compared, nets[0]

    def _fit_and_say(
        self,
        start: SpectralNetwork,
        rows: TensorDataset,
        held_out: Tensor,
        splitter: Splitter,
        validated: bool,
        changes: Mapping[str, Any],
    ) -> tuple[SpectralNet, Tensor]:
        """A net fitted to some rows, and what it says on others in the end or by epoch."""
        valid = None
        said = RecordOutputs(held_out)
        if validated:
            parts = splitter.set_apart(self._parameters["validation_fraction"], self._new_seed())
            rows, valid = (
                TensorDataset(*rows.take(torch.as_tensor(part, device=rows.y.device)))
                for part in parts
            )
        else:
            callbacks = changes.get("callbacks", self._parameters["callbacks"]) or ()
            changes = {**changes, "callbacks": [*callbacks, said]}
        net = self.new_net(deepcopy(start), len(rows), validated, **changes)
        net.fit_rows(rows, valid, self._parameters["max_iter"])
        if validated:
            return net, net.module_.evaluate(held_out)[None]
        net.callbacks_ = [named for named in net.callbacks_ if named[1] is not said]
        net.callbacks.remove(said)
        return net, torch.stack(said.outputs)


def standard_errors_for(n_samples: int, validated: bool) -> float:
    """By how many standard errors units must win on rows held out: 1 + 8 / √n.

    As fits to folds share most of their rows, the true error is about 1.5 times as large (Nadeau
    and Bengio, "Inference for the generalization error", Machine Learning 2003), and of few rows
    some may decide alone. Without validation rows networks are stopped where they are all but
    linear if that is best: 3, so that these do not win by chance.
    """
    return 1.0 + 8.0 / n_samples**0.5 if validated else 3.0


def _nearest_outputs(start: SpectralNetwork, X: Tensor, W: Tensor) -> Tensor:
    """What a network says that has become W as nearly as it can."""
    network = deepcopy(start)
    network.set_linear_map(W)
    return network.evaluate(X)
