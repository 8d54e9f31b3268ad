"""The whole search, from rows and a configuration to a result."""

from collections.abc import Callable
from copy import deepcopy
from functools import partial

import torch
from sklearn.exceptions import ConvergenceWarning

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.splitting import Split
from sk_spectral.search.baseline import LinearMaps
from sk_spectral.search.compaction import evenly_spaced
from sk_spectral.search.config import SearchConfig
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.search.fine_tuning import FineTuning
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.search.pruning import Pruning, prune
from sk_spectral.search.result import SearchResult, Start, initial, result_of, set_dtype
from sk_spectral.search.selection import KEEPS_LINEAR, over_regularisation, select
from sk_spectral.search.streams import RandomStreams
from sk_spectral.search.trainer import Trainer
from sk_spectral.search.wide_limit import bends
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.convergence import UNITS_MIGHT_PAY, cut_off_message, was_cut_off
from sk_spectral.training.losses import loss_for
from sk_spectral.training.net import SpectralNet
from sk_spectral.training.rescaling import multiply_outputs

_ERRORS_OF_A_BEND = 2.0  # by which a warning is given


def search_architecture(
    dataset: Data,
    config: SearchConfig,
    streams: RandomStreams,
    start: Start | None = None,
    *,
    valid: Data | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> SearchResult:
    """Search the architecture that these rows need.

    Network and linear baseline are compared out of fold; where hidden units pay, the whole is
    trained and pruned, what is left fine-tuned, and the result cut out.

    Parameters
    ----------
    dataset : Data
        Checked rows: finite, of weights above 0.
    config : SearchConfig
    streams : RandomStreams
    start : Start, optional
        To train on from; by default a network that is a linear map.
    valid : Data, optional
        Rows by which training stops and units are pruned. By default some are set apart, as
        `config` says.
    report : callable
        Told of each step in a line.

    Returns
    -------
    SearchResult

    Raises
    ------
    ValueError
        Where the numbers of the rows or of the training are too large to go on with.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_spectral.data import Data
    >>> from sk_spectral.search import RandomStreams, SearchConfig, search_architecture
    >>> X = np.random.RandomState(0).normal(size=(80, 3))
    >>> streams = RandomStreams(np.random.RandomState(0))
    >>> config = SearchConfig(hidden_layer_sizes=(8,))
    >>> search_architecture(Data(X @ np.ones((3, 1)), None, X), config, streams).topology.is_linear
    True
    """
    split = Split.of(
        dataset,
        valid,
        early_stopping=config.early_stopping,
        validation_fraction=config.validation_fraction,
        is_compared=_is_compared(config),
        watches=config.training.solver != "lbfgs",
        random_state=streams.seed("split"),
    )
    if start is None:
        start = initial(dataset, config, streams, complete=True)
    set_dtype(start.network, config, len(split.train))
    start.network.to(config.training.torch_device())
    search = _Search(split, start, Trainer(config, loss_for(dataset.y), streams), report)
    message = config.training.batch_size_message(len(split.train))
    if message is not None:
        search.warnings.append((UserWarning, message))
    return search.run()


def _is_compared(config: SearchConfig) -> bool:
    """Whether folds may be asked: not of a network that may have seen the rows before."""
    return not (
        config.prune_tol is None
        or config.early_stopping is False
        or config.training.solver == "lbfgs"
        or config.warm_start
    )


class _Search:
    """One search: what its steps share."""

    def __init__(
        self, split: Split, start: Start, trainer: Trainer, report: Callable[[str], None]
    ) -> None:
        self.split = split
        self.start = start.network
        self.scaling = start.scaling
        self.trainer = trainer
        self.config = trainer.config
        self.training = trainer.config.training
        self.report = report
        self.warnings: list[tuple[type[Warning], str]] = []

    def run(self) -> SearchResult:
        """Fit to folds first: only where hidden units pay there, the whole network is trained."""
        compared = None
        if self.split.splitter is not None:
            compared, net = self._compare(self.trainer)
            network = net.module_
        if compared is not None and not compared.prefers_units():
            self.report("no hidden unit: on rows held out they do not beat the best linear map")
            pruning = self._become_linear(network, compared)
            rows = evenly_spaced(self._rows(self.split.whole))
            if self.training.is_penalized and compared.has_network:
                free, _ = self._compare(self._free_trainer())
                if free is not None and free.prefers_units():
                    self._tell_of_alpha(KEEPS_LINEAR)
        else:
            network = self.start if compared is None else deepcopy(self.start)
            net = self.trainer.new_net(network, len(self.split.train), self.split.valid is not None)
            pruning, rows = self._grow(network, net, compared)
        self._tell_of_max_iter(net, compared)
        return result_of(network, net, self.scaling, pruning, rows, tuple(self.warnings))

    def _rows(self, data: Data) -> TensorDataset:
        like = self.start.eigenvalues[0]
        return self.scaling.to_rows(data, dtype=like.dtype, device=like.device)

    def _free_trainer(self) -> Trainer:
        """Trains as the search did, but without the penalty; the user is told nothing of it."""
        return self.trainer.from_the_beginning(self.training.quiet().replace(penalty=None))

    def _compare(self, trainer: Trainer) -> tuple[OutOfFold | None, SpectralNet]:
        """Network and linear maps on rows that neither has seen."""
        assert self.split.splitter is not None
        return trainer.compare(
            self.start,
            self._rows(self.split.whole),
            self.split.splitter,
            validated=self.split.valid is not None,
            report=self.report,
        )

    def _become_linear(self, network: SpectralNetwork, compared: OutOfFold) -> Pruning:
        """The best linear map of all rows takes the place of the network."""
        nothing = [torch.zeros_like(mask) for mask in network.active_units()]
        self._set_linear_map(network, compared.shrinkage)
        loss = compared.mean_linear_loss()
        return Pruning(nothing, compared.mean_loss() if compared.has_network else loss, loss)

    def _set_linear_map(self, network: SpectralNetwork, shrinkage: float) -> None:
        rows = self._rows(self.split.whole)
        maps = LinearMaps(rows, network.layer_sizes[-1], network.fit_intercept)
        network.set_linear_map(torch.as_tensor(maps(shrinkage)))

    def _grow(
        self, network: SpectralNetwork, net: SpectralNet, compared: OutOfFold | None
    ) -> tuple[Pruning, TensorDataset]:
        """Train on all rows, then drop what does not pay.

        Returns
        -------
        Pruning
        TensorDataset
            Some of the rows that were trained on.
        """
        split, config = self.split, self.config
        start = deepcopy(network) if self.training.is_penalized else None
        train = self._rows(split.train)
        valid = None if split.valid is None else self._rows(split.valid)
        n_epochs = self.training.max_iter
        if compared is not None and compared.n_epochs is not None:
            n_epochs = compared.n_epochs
        net.fit_rows(train, valid, n_epochs)
        if compared is not None:
            multiply_outputs(network, 1.0 / compared.temperature)
        evaluator = Evaluator.of_rows(self.trainer.loss, network, train, valid, config.prune_tol)
        if config.prune_tol is None:
            return prune(network, evaluator), evenly_spaced(train)
        refit = None
        if not config.warm_start and (valid is not None or compared is not None):
            more = partial(self._rows, split.whole) if len(split.whole) > len(train) else None
            refit = FineTuning(self.trainer, network, train, valid, more)
        trained = None
        if start is not None:
            trained = evaluator.losses(network, network.active_units())
        pruning, shrinkage = select(network, evaluator, train, compared, refit, self.report)
        if start is not None and (evaluator.independent or shrinkage is not None):
            free = self._free_trainer().train_anew(start, train, valid, n_epochs)
            found = over_regularisation(free, train, evaluator, compared, pruning, trained)
            if found is not None:
                self._tell_of_alpha(found)
        some = evenly_spaced(train)
        del evaluator, valid, train  # room for all rows
        if refit is not None:
            refit.again_on_all_rows()
            del refit
        if shrinkage is not None:
            self._set_linear_map(network, shrinkage)
        return pruning, some

    def _tell_of_alpha(self, found: str) -> None:
        self.warnings.append((UserWarning, f"alpha={self.training.alpha} {found} Lower alpha."))

    def _tell_of_max_iter(self, net: SpectralNet, compared: OutOfFold | None) -> None:
        """Where it ended a training that was still getting better."""
        max_iter, message = self.training.max_iter, None
        if compared is None or compared.prefers_units():
            best_epoch = None if compared is None else compared.n_epochs
            training = self.training
            message = cut_off_message(
                net, max_iter, training.tol, training.n_iter_no_change, best_epoch
            )
        elif (
            compared.has_network
            and was_cut_off(net, max_iter, compared.n_epochs)
            and self.split.splitter is not None
            and bends(self._rows(self.split.whole), self.split.splitter.groups, _ERRORS_OF_A_BEND)
        ):
            message = UNITS_MIGHT_PAY.format(max_iter)
        if message is not None:
            self.warnings.append((ConvergenceWarning, message))
