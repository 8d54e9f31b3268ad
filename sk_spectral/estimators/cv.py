"""What both CV estimators share: strengths of the penalty held against each other by folds."""

from abc import ABCMeta
from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any, Self
from warnings import catch_warnings, filterwarnings

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from sklearn import get_config
from sklearn.base import is_classifier
from sklearn.metrics import get_scorer
from sklearn.model_selection import check_cv
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from sk_spectral.data.scaling import Scaling
from sk_spectral.estimators.base import SpectralSearch
from sk_spectral.estimators.cv_results import chosen, cv_results_of, scores_of_fold
from sk_spectral.estimators.inputs import check_sample_weight
from sk_spectral.estimators.parameters import check_alphas, check_parameters
from sk_spectral.estimators.path import ALPHAS
from sk_spectral.estimators.prediction import Array, Predictor
from sk_spectral.model.path import TopologyPath
from sk_spectral.model.topology import Topology

_LARGEST_SEED = np.iinfo(np.int32).max


class SpectralSearchCV(Predictor, metaclass=ABCMeta):
    """Common part of the CV estimators; SpectralNASRegressorCV documents the parameters."""

    topology_: Topology
    topology_path_: TopologyPath
    _scaling: Scaling
    _search: type[SpectralSearch]

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (64, 64),
        activation: str = "relu",
        *,
        alphas: Sequence[float] | None = None,
        cv: Any = None,
        scoring: str | Callable[..., float] | None = None,
        rule: str = "best",
        n_jobs: int | None = None,
        solver: str = "adam",
        penalty: str = "gamma",
        prune_tol: float | None = 0.03,
        fit_intercept: bool = True,
        train_input_eigenvalues: bool = True,
        standardize: bool = True,
        n_knots: int | str = "auto",
        categorical_features: Any = "from_dtype",
        batch_size: int | str = "auto",
        learning_rate_init: float = 1e-3,
        eigenvalue_rate: float = 30.0,
        weight_decay: float | str = "auto",
        average: bool = True,
        max_iter: int = 200,
        tol: float = 1e-5,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 20,
        random_state: Any = None,
        device: str = "cpu",
        verbose: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.alphas = alphas
        self.cv = cv
        self.scoring = scoring
        self.rule = rule
        self.n_jobs = n_jobs
        self.solver = solver
        self.penalty = penalty
        self.prune_tol = prune_tol
        self.fit_intercept = fit_intercept
        self.train_input_eigenvalues = train_input_eigenvalues
        self.standardize = standardize
        self.n_knots = n_knots
        self.categorical_features = categorical_features
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.eigenvalue_rate = eigenvalue_rate
        self.weight_decay = weight_decay
        self.average = average
        self.max_iter = max_iter
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state
        self.device = device
        self.verbose = verbose

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, **params: Any
    ) -> Self:
        """Hold the strengths of the penalty against each other by folds; search with the best.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, of one or several outputs, or class labels.
        sample_weight : array-like of shape (n_samples,), optional
            Of the rows that are fitted to and of those that are scored.
        **params
            `groups` for the splitter; with metadata routing also what the scorer asks for.

        Returns
        -------
        self
            Fitted estimator. Where anything is wrong it is left as it was.
        """
        with self._unchanged_on_error():
            check_parameters(self)
            if self.penalty is None:
                raise ValueError(
                    f"penalty=None leaves alphas nothing to weigh: name a penalty, or fit a "
                    f"{self._search.__name__}."
                )
            given = ALPHAS if self.alphas is None else self.alphas
            alphas = sorted(check_alphas(given), reverse=True)
            rows, targets = self._validated(X, y, reset=True)
            weight = check_sample_weight(sample_weight, rows)
            targets = self._checked_y(targets, "y")
            self._targets_of(targets, reset=True)
            routed = self._routed(weight, params)
            splitter = check_cv(self.cv, targets, classifier=is_classifier(self))
            folds = list(splitter.split(rows, targets, **routed.splitter.split))
            rng = check_random_state(self.random_state)
            seeds = rng.randint(_LARGEST_SEED, size=len(folds)).tolist()
            scorer = None if self.scoring is None else get_scorer(self.scoring)
            found = Parallel(self.n_jobs)(
                delayed(scores_of_fold)(
                    self._single(random_state=seed, categorical_features=self._is_category),
                    rows, targets, weight, fold, alphas,
                    scorer, routed.scorer.score, getattr(self, "classes_", None),
                )
                for fold, seed in zip(folds, seeds, strict=True)
            )  # fmt: skip
            self.cv_results_ = cv_results_of(alphas, found)
            self.best_index_ = chosen(self.cv_results_, self.rule)
            self.best_score_ = float(self.cv_results_["mean_test_score"][self.best_index_])
            self.alpha_, self.n_splits_ = alphas[self.best_index_], len(folds)
            if self.verbose:
                print(f"alpha={self.alpha_:g} of {len(alphas)}, by {len(folds)} folds")
            self._store(self._single(alpha=self.alpha_, verbose=self.verbose), X, y, sample_weight)
        return self

    def _single(self, **settings: Any) -> SpectralSearch:
        """The estimator of one strength, with the settings of this one."""
        given = self.get_params(deep=False)
        names = set(signature(self._search).parameters)
        own = {name: value for name, value in given.items() if name in names}
        return self._search(**(own | {"verbose": 0} | settings))

    def _store(
        self, best: SpectralSearch, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None
    ) -> None:
        """Fit to all rows what was chosen, and take over what predicts."""
        with catch_warnings():
            filterwarnings("ignore", r"alpha=.* Lower alpha\.", UserWarning)  # folds chose it
            self.best_estimator_ = best.fit(X, y, sample_weight)
        self.compact_, self.topology_, self._scaling = best.compact_, best.topology_, best._scaling
        self.topology_path_ = best.topology_path_
        self.feature_importances_ = best.feature_importances_
        self.n_iter_ = best.n_iter_

    def _routed(self, weight: Array | None, params: dict[str, Any]) -> Bunch:
        """What goes to the splitter and to the scorer."""
        of_weight = {} if weight is None else {"sample_weight": weight}
        if get_config()["enable_metadata_routing"]:
            return process_routing(self, "fit", **of_weight, **params)
        unknown = sorted(set(params) - {"groups"})
        if unknown:
            raise TypeError(
                f"fit takes no {', '.join(unknown)} unless sklearn.set_config("
                "enable_metadata_routing=True) and the splitter or the scorer asks for it."
            )
        return Bunch(splitter=Bunch(split=params), scorer=Bunch(score=of_weight))

    def get_metadata_routing(self) -> MetadataRouter:
        """What is passed on to the splitter and to the scorer.

        Returns
        -------
        MetadataRouter
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        splitter = check_cv(self.cv, classifier=is_classifier(self))
        router.add(splitter=splitter, method_mapping=_from_fit_to("split"))
        scorer = None if self.scoring is None else get_scorer(self.scoring)
        return router.add(scorer=scorer, method_mapping=_from_fit_to("score"))

    def _goes_on(self) -> bool:
        return False


def _from_fit_to(callee: str) -> MethodMapping:
    return MethodMapping().add(caller="fit", callee=callee)
