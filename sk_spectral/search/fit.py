"""The whole search, from rows and a configuration to a result."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from sklearn.exceptions import ConvergenceWarning

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.scaling import Scaling
from sk_spectral.data.splitting import Split
from sk_spectral.search.baseline import LinearMaps
from sk_spectral.search.candidate import Candidate, with_linear_map
from sk_spectral.search.compaction import evenly_spaced
from sk_spectral.search.config import SearchConfig
from sk_spectral.search.cross_validation import cross_validate
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.search.fine_tuning import FineTuning
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.search.pruning import prune
from sk_spectral.search.result import SearchResult, Start, initial, result_of
from sk_spectral.search.selection import KEEPS_LINEAR, over_regularisation, select
from sk_spectral.search.significance import BEFORE_A_WARNING
from sk_spectral.search.streams import RandomStreams
from sk_spectral.search.wide_limit import bends
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.convergence import UNITS_MIGHT_PAY, cut_off_message, was_cut_off
from sk_spectral.training.fit import train
from sk_spectral.training.losses import LogLoss, SquaredError, loss_for
from sk_spectral.training.net import SpectralNet
from sk_spectral.training.rescaling import multiply_outputs

Warnings = tuple[tuple[type[Warning], str], ...]


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
    start = start.placed(config, len(split.train))
    search = _Search(
        split, start.network, start.scaling, config, loss_for(dataset.targets), streams, report
    )
    found = search.run()
    message = config.training.batch_size_message(len(split.train))
    told = () if message is None else ((UserWarning, message),)
    return result_of(found.candidate, found.net, start.scaling, found.rows, told + found.warnings)


def _is_compared(config: SearchConfig) -> bool:
    """Whether folds may be asked: not of a network that may have seen the rows before."""
    return not (
        config.prune_tol is None
        or config.early_stopping is False
        or config.training.solver == "lbfgs"
        or config.warm_start
    )


@dataclass(frozen=True, eq=False)
class _Found:
    """What is left, the net that a user is shown, some rows trained on, and what to tell."""

    candidate: Candidate
    net: SpectralNet
    rows: TensorDataset
    warnings: Warnings


@dataclass(frozen=True, eq=False)
class _Search:
    """One search: what its steps share, none of which changes it."""

    split: Split
    start: SpectralNetwork
    scaling: Scaling
    config: SearchConfig
    loss: SquaredError | LogLoss
    streams: RandomStreams
    report: Callable[[str], None]

    def run(self) -> _Found:
        """Fit to folds first: only where hidden units pay there, the whole network is trained."""
        if self.split.splitter is None:
            return self._grow(None)
        compared, net = self._cross_validate()
        if compared is None or compared.prefers_units():
            return self._grow(compared)
        self.report("no hidden unit: on rows held out they do not beat the best linear map")
        return self._stay_linear(compared, net)

    def _rows(self, data: Data) -> TensorDataset:
        like = self.start.eigenvalues[0]
        return self.scaling.to_rows(data, dtype=like.dtype, device=like.device)

    def _cross_validate(self) -> tuple[OutOfFold | None, SpectralNet]:
        """Network and linear maps on rows that neither has seen."""
        assert self.split.splitter is not None
        return cross_validate(
            self.start,
            self._rows(self.split.whole),
            self.split.splitter,
            self.config,
            self.loss,
            self.streams,
            n_features=self.scaling.n_features,
            validated=self.split.valid is not None,
            report=self.report,
        )

    def _without_penalty(self) -> "_Search":
        """Draws and trains as this does, but for the penalty; the user is told nothing of it."""
        training = self.config.training.quiet().replace(penalty=None)
        return replace(
            self,
            config=replace(self.config, training=training),
            streams=self.streams.from_the_beginning(),
            report=lambda line: None,
        )

    def _linear_map(
        self, network: SpectralNetwork, shrinkage: float, n_read: int | None
    ) -> SpectralNetwork:
        """The best linear map of all rows in place of a network."""
        rows = self._rows(self.split.whole)
        maps = LinearMaps(rows, network.layer_sizes[-1], network.fit_intercept, n_read)
        return with_linear_map(network, torch.as_tensor(maps(shrinkage)))

    def _stay_linear(self, compared: OutOfFold, net: SpectralNet) -> _Found:
        """The best linear map of all rows takes the place of a fold's network."""
        warnings: Warnings = ()
        if self.config.training.is_penalized and compared.has_network:
            free, _ = self._without_penalty()._cross_validate()
            if free is not None and free.prefers_units():
                warnings += self._about_alpha(KEEPS_LINEAR)
        max_iter, splitter = self.config.training.max_iter, self.split.splitter
        rows = self._rows(self.split.whole)
        if (
            compared.has_network
            and was_cut_off(net, max_iter, compared.n_epochs)
            and splitter is not None
            and bends(rows.of_inputs(self.scaling.n_features), splitter.groups, BEFORE_A_WARNING)
        ):
            warnings += ((ConvergenceWarning, UNITS_MIGHT_PAY.format(max_iter)),)
        loss = compared.mean_kept_loss()
        candidate = Candidate.linear(
            self._linear_map(net.module_, compared.shrinkage, compared.n_read),
            compared.shrinkage,
            compared.n_read,
            loss_before=compared.mean_loss() if compared.has_network else loss,
            loss_after=loss,
        )
        return _Found(candidate, net, evenly_spaced(rows), warnings)

    def _grow(self, compared: OutOfFold | None) -> _Found:
        """Train on all rows but those set apart, keep what pays, and refit it to all of them."""
        n_epochs = self.config.training.max_iter
        if compared is not None and compared.n_epochs is not None:
            n_epochs = compared.n_epochs
        found, fine_tuning = self._train_and_select(compared, n_epochs)
        candidate = found.candidate
        has_more_rows = len(self.split.whole) > len(self.split.train)
        if fine_tuning is not None and candidate.fine_tuned_from is not None and has_more_rows:
            candidate = fine_tuning.again(candidate, self._rows(self.split.whole))
        if candidate.shrinkage is not None:
            network = self._linear_map(candidate.network, candidate.shrinkage, candidate.n_read)
            candidate = replace(candidate, network=network)
        return replace(found, candidate=candidate)

    def _train_and_select(
        self, compared: OutOfFold | None, n_epochs: int
    ) -> tuple[_Found, FineTuning | None]:
        """What is kept of a network, and how it was fine-tuned.

        The rows that are trained on are let go at its end, before all rows take their room.
        """
        split, config = self.split, self.config
        rows = self._rows(split.train)
        valid = None if split.valid is None else self._rows(split.valid)
        net = self._train(rows, valid, n_epochs)
        network, warnings = net.module_, self._about_max_iter(net, compared)
        if compared is not None:
            multiply_outputs(network, 1.0 / compared.temperature)
        evaluator = Evaluator.of_rows(self.loss, network, rows, valid, config.prune_tol)
        if config.prune_tol is None:
            return _Found(prune(network, evaluator), net, evenly_spaced(rows), warnings), None
        fine_tuning = None
        if not config.warm_start and (valid is not None or compared is not None):
            fine_tuning = FineTuning(
                network, config.training, self.loss, self.streams, watched=valid is not None
            )
        kept = select(
            network,
            evaluator,
            rows,
            valid,
            compared,
            fine_tuning,
            self.report,
            self.scaling.n_features,
        )
        if config.training.is_penalized and (evaluator.independent or kept.shrinkage is not None):
            free = self._without_penalty()._train(rows, valid, n_epochs).module_
            found = over_regularisation(
                free, network, kept, evaluator, rows, compared, self.scaling.n_features
            )
            if found is not None:
                warnings = self._about_alpha(found) + warnings
        return _Found(kept, net, evenly_spaced(rows), warnings), fine_tuning

    def _train(
        self, rows: TensorDataset, valid: TensorDataset | None, n_epochs: int
    ) -> SpectralNet:
        generator = self.streams.generator("shuffle")
        return train(
            self.start, rows, valid, self.loss, self.config.training, generator, n_epochs=n_epochs
        )

    def _about_alpha(self, found: str) -> Warnings:
        return ((UserWarning, f"alpha={self.config.training.alpha} {found} Lower alpha."),)

    def _about_max_iter(self, net: SpectralNet, compared: OutOfFold | None) -> Warnings:
        """Where it ended a training that was still getting better."""
        training = self.config.training
        best_epoch = None if compared is None else compared.n_epochs
        message = cut_off_message(
            net, training.max_iter, training.tol, training.n_iter_no_change, best_epoch
        )
        return () if message is None else ((ConvergenceWarning, message),)
