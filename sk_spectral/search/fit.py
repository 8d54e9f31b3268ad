"""The whole search, from rows and a configuration to a result."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.scaling import Scaling
from sk_spectral.data.splitting import Split, Splitter
from sk_spectral.search.baseline import LinearMaps
from sk_spectral.search.candidate import Candidate, with_linear_map
from sk_spectral.search.compaction import evenly_spaced
from sk_spectral.search.config import SearchConfig
from sk_spectral.search.cross_validation import cross_validate
from sk_spectral.search.evaluation import Evaluator
from sk_spectral.search.fine_tuning import FineTuning
from sk_spectral.search.ladder import linear_steps
from sk_spectral.search.out_of_fold import OutOfFold
from sk_spectral.search.pruning import prune
from sk_spectral.search.result import SearchResult, Start, initial_steps, result_of
from sk_spectral.search.selection import (
    KEEPS_LINEAR,
    baselines,
    most_gain_on_rows,
    over_regularisation,
    select,
)
from sk_spectral.search.significance import BEFORE_A_WARNING, GAIN_OF_PIECES
from sk_spectral.search.streams import RandomStreams
from sk_spectral.search.wide_limit import bends
from sk_spectral.spectral.network import SpectralNetwork
from sk_spectral.training.convergence import UNITS_MIGHT_PAY, cut_off_message, was_cut_off
from sk_spectral.training.fit import STRONGER_DECAYS, new_net, train, train_by_decay
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
        is_compared=config.asks_folds,
        watches=config.training.solver != "lbfgs",
        random_state=streams.seed("split"),
    )
    on_features = None
    if start is None:
        start, on_features = initial_steps(dataset, config, streams)
    search = _Search(
        split,
        start.placed(config, len(split.train)),
        on_features and on_features.placed(config, len(split.train)),
        config,
        loss_for(dataset.targets),
        streams,
        report,
    )
    found = search.run()
    message = config.training.batch_size_message(len(split.train))
    told = () if message is None else ((UserWarning, message),)
    return result_of(found.candidate, found.net, found.scaling, found.rows, told + found.warnings)


@dataclass(frozen=True, eq=False)
class _Found:
    """What is left, the net that a user is shown, some rows trained on, and what to tell."""

    candidate: Candidate
    net: SpectralNet
    scaling: Scaling
    rows: TensorDataset
    warnings: Warnings


@dataclass(frozen=True, eq=False)
class _Search:
    """One search: what its steps share, none of which changes it.

    Attributes
    ----------
    start : Start
        Its network reads the pieces of features as well, where there are some.
    on_features : Start or None
        Then one that reads the features alone.
    """

    split: Split
    start: Start
    on_features: Start | None
    config: SearchConfig
    loss: SquaredError | LogLoss
    streams: RandomStreams
    report: Callable[[str], None]

    def run(self) -> _Found:
        """Climb from linear maps by folds: only where units pay there, all rows are trained on."""
        splitter = self.split.splitter
        if splitter is None:
            return self._reading(self._gain_on_rows())._grow(None)
        folds = splitter.folds(self.streams.seed("folds"))
        linear = linear_steps(
            self.start.network,
            self._rows(self.split.whole),
            splitter,
            folds,
            self.loss,
            n_features=self.start.scaling.n_features,
            tol=self.config.prune_tol or 0.0,
            validated=self.split.valid is not None,
        )
        search = self if linear is None else self._reading(linear.most_gain_of_pieces)
        compared, net = search._cross_validate(splitter, folds, linear)
        if compared is None or compared.prefers_units():
            return search._grow(compared)
        self.report("no hidden unit: on rows held out they do not beat the best linear map")
        warnings: Warnings = ()
        if self.config.training.is_penalized and compared.has_network:
            free, _ = search._without_penalty()._cross_validate(splitter, folds, linear)
            if free is not None and free.prefers_units():
                warnings += self._about_alpha(KEEPS_LINEAR)
        if compared.n_read is None and search is not self:  # additive, beside a network that is not
            net = self._net_beside(net)
            search = self
        return search._stay_linear(compared, net, splitter, warnings)

    def _reading(self, most_gain_of_pieces: float) -> "_Search":
        """With a network that reads pieces only where these may pay by themselves."""
        if self.on_features is None or most_gain_of_pieces >= GAIN_OF_PIECES:
            return self
        return replace(self, start=self.on_features, on_features=None)

    def _rows(self, data: Data) -> TensorDataset:
        like = self.start.network.eigenvalues[0]
        return self.start.scaling.to_rows(data, dtype=like.dtype, device=like.device)

    def _gain_on_rows(self) -> float:
        """What pieces may gain for linear maps on the rows by which networks are evaluated."""
        if self.on_features is None:
            return 1.0
        network, n_features = self.start.network, self.start.scaling.n_features
        rows = self._rows(self.split.train)
        valid = None if self.split.valid is None else self._rows(self.split.valid)
        evaluator = Evaluator.of_rows(self.loss, network, rows, valid, self.config.prune_tol)
        return most_gain_on_rows(baselines(network, evaluator, rows, n_features), evaluator)

    def _cross_validate(
        self,
        splitter: Splitter,
        folds: Sequence[NDArray[np.bool_]],
        linear: OutOfFold | None,
    ) -> tuple[OutOfFold | None, SpectralNet]:
        """The network on rows that it has not seen, against linear maps."""
        return cross_validate(
            self.start.network,
            self._rows(self.split.whole),
            splitter,
            self.config,
            self.loss,
            self.streams,
            folds=folds,
            linear=linear,
            validated=self.split.valid is not None,
            report=self.report,
        )

    def _without_penalty(self) -> "_Search":
        """Draws and trains as this does, but for the penalty; the user is told nothing of it."""
        training = self.config.training.quiet().replace(penalty=None)
        streams = self.streams.from_the_beginning()
        streams.seed("folds")  # the folds themselves
        return replace(
            self,
            config=replace(self.config, training=training),
            streams=streams,
            report=lambda line: None,
        )

    def _linear_map(
        self, network: SpectralNetwork, shrinkage: float, n_read: int | None
    ) -> SpectralNetwork:
        """The best linear map of all rows in place of a network."""
        rows = self._rows(self.split.whole)
        maps = LinearMaps(rows, network.layer_sizes[-1], network.fit_intercept, n_read)
        return with_linear_map(network, torch.as_tensor(maps(shrinkage)))

    def _stay_linear(
        self, compared: OutOfFold, net: SpectralNet, splitter: Splitter, warnings: Warnings
    ) -> _Found:
        """The best linear map of all rows takes the place of a fold's network."""
        max_iter, scaling = self.config.training.max_iter, self.start.scaling
        rows = self._rows(self.split.whole)
        cut_off = compared.has_network and was_cut_off(net, max_iter, compared.n_epochs)
        n_read = compared.n_read or rows.X.shape[1]  # of pieces: whether it bends beyond these
        if cut_off and bends(rows.of_inputs(n_read), splitter.groups, BEFORE_A_WARNING):
            warnings += ((ConvergenceWarning, UNITS_MIGHT_PAY.format(max_iter)),)
        loss = compared.mean_kept_loss()
        candidate = Candidate.linear(
            self._linear_map(net.module_, compared.shrinkage, compared.n_read),
            compared.shrinkage,
            compared.n_read,
            loss_before=compared.mean_loss() if compared.has_network else loss,
            loss_after=loss,
        )
        return _Found(candidate, net, scaling, evenly_spaced(rows), warnings)

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
        split, config, scaling = self.split, self.config, self.start.scaling
        rows = self._rows(split.train)
        valid = None if split.valid is None else self._rows(split.valid)
        given = self.start.network, rows, valid, self.loss
        generator = partial(self.streams.generator, "shuffle")
        net, training = train_by_decay(
            *given,
            config.training,
            generator,
            n_epochs=n_epochs,
            times=() if config.warm_start or config.prune_tol is None else STRONGER_DECAYS,
        )
        network, warnings = net.module_, self._about_max_iter(net, compared)
        if compared is not None:
            multiply_outputs(network, 1.0 / compared.temperature)
        evaluator = Evaluator.of_rows(self.loss, network, rows, valid, config.prune_tol)
        if config.prune_tol is None:
            candidate = prune(network, evaluator)
            return _Found(candidate, net, scaling, evenly_spaced(rows), warnings), None
        fine_tuning = None
        if not config.warm_start and (valid is not None or compared is not None):
            fine_tuning = FineTuning(
                network, training, self.loss, self.streams, watched=valid is not None
            )
        kept = select(
            network,
            evaluator,
            rows,
            valid,
            compared,
            fine_tuning,
            self.report,
            scaling.n_features,
        )
        if config.training.is_penalized and (evaluator.independent or kept.shrinkage is not None):
            without = self._without_penalty()
            shuffled = without.streams.generator("shuffle")
            free = train(*given, without.config.training, shuffled, n_epochs=n_epochs).module_
            found = over_regularisation(
                free, network, kept, evaluator, rows, compared, scaling.n_features
            )
            if found is not None:
                warnings = self._about_alpha(found) + warnings
        return _Found(kept, net, scaling, evenly_spaced(rows), warnings), fine_tuning

    def _net_beside(self, other: SpectralNet) -> SpectralNet:
        """A net of the network at the start, with the history of another that was trained."""
        generator = self.streams.generator("shuffle")
        network, n_samples = deepcopy(self.start.network), len(self.split.train)
        net = new_net(network, self.loss, self.config.training, n_samples, False, generator)
        return net.with_history_of(other)

    def _about_alpha(self, found: str) -> Warnings:
        return ((UserWarning, f"alpha={self.config.training.alpha} {found} Lower alpha."),)

    def _about_max_iter(self, net: SpectralNet, compared: OutOfFold | None) -> Warnings:
        """Where it ended a training that was still getting better."""
        best_epoch = None if compared is None else compared.n_epochs
        message = cut_off_message(net, self.config.training, best_epoch)
        return () if message is None else ((ConvergenceWarning, message),)
