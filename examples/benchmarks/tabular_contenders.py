"""What the tabular benchmark compares: estimators by name, and how large they became."""

import logging
from importlib.util import find_spec

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor

OURS = "spectral"
OF_PYTABKIT = {
    "lightgbm": "LGBM_TD",
    "catboost": "CatBoost_TD",
    "realmlp s": "RealMLP_TD_S",
    "realmlp": "RealMLP_TD",
    "tabm": "TabM_D",
}
RIVALS = ("linear", "mlp", "mlp grid", "trees", "lassonet", *OF_PYTABKIT)
DEAR = ("realmlp s", "realmlp", "tabm")
PACKAGES = {
    "lassonet": ("lassonet",),
    "lightgbm": ("pytabkit", "lightgbm"),
    "catboost": ("pytabkit", "catboost"),
    **dict.fromkeys(DEAR, ("pytabkit",)),
}
GRID = {
    "hidden_layer_sizes": [(100,), (100, 100), (100, 100, 100)],
    "alpha": [1e-4, 1e-3, 1e-2, 1e-1],
}


def not_installed(name):
    """Packages that a contender needs and that are missing."""
    return [package for package in PACKAGES.get(name, ()) if find_spec(package) is None]


def contender(name, classes, seed, settings):
    """Estimator by name."""
    if name == "linear":
        if classes:
            return LogisticRegressionCV(
                Cs=np.logspace(-4, 2, 7), l1_ratios=(0,), scoring="neg_log_loss", max_iter=1000,
                use_legacy_attributes=False,
            )  # fmt: skip
        return RidgeCV(np.logspace(-2, 4, 13))
    if name in ("mlp", "mlp grid"):
        mlp = (MLPClassifier if classes else MLPRegressor)(random_state=seed)
        return mlp if name == "mlp" else GridSearchCV(mlp, GRID, cv=3)
    if name == "trees":
        kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
        return kind(random_state=seed)
    if name == "lassonet":
        return LassoNet(classes, seed)
    if name in OF_PYTABKIT:
        return of_pytabkit(name, classes, seed)
    kind = SpectralNASClassifier if classes else SpectralNASRegressor
    return kind(random_state=seed, **settings)


def of_pytabkit(name, classes, seed):
    """Estimator with the tuned defaults of pytabkit, on one thread of the processor."""
    import pytabkit

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)  # it reports each prediction
    kind = getattr(pytabkit, f"{OF_PYTABKIT[name]}_{'Classifier' if classes else 'Regressor'}")
    return kind(device="cpu", random_state=seed, n_threads=1, verbosity=-1)


class LassoNet:
    """The network on LassoNet's path with the least loss on rows that it sets apart itself."""

    def __init__(self, classes, seed):
        from lassonet import LassoNetClassifier, LassoNetRegressor

        kind = LassoNetClassifier if classes else LassoNetRegressor
        self.model = kind(random_state=seed, torch_seed=seed, verbose=0)

    def fit(self, X, y):
        self.classes, codes = np.unique(y, return_inverse=True)
        self.coded = hasattr(self.model, "predict_proba")
        path = self.model.path(
            X.astype(np.float32), codes if self.coded else y, return_state_dicts=True
        )
        self.model.load(min(path, key=lambda item: item.val_loss).state_dict)
        self.n_parameters = sum(p.numel() for p in self.model.model.parameters())
        return self

    def predict(self, X):
        found = self.model.predict(X.astype(np.float32))
        return self.classes[found] if self.coded else np.ravel(found)

    def predict_proba(self, X):
        return self.model.predict_proba(X.astype(np.float32))


def size(estimator):
    """Hidden units and parameters, as far as there are any and they are known."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    if hasattr(estimator, "topology_"):
        topology = estimator.topology_
        return sum(topology.n_active_units), topology.n_parameters
    if hasattr(estimator, "coefs_"):
        arrays = (*estimator.coefs_, *estimator.intercepts_)
        return sum(len(b) for b in estimator.intercepts_[:-1]), sum(a.size for a in arrays)
    if hasattr(estimator, "coef_"):
        return 0, estimator.coef_.size + np.size(estimator.intercept_)
    if hasattr(estimator, "n_parameters"):
        return 100, estimator.n_parameters
    return None, None
