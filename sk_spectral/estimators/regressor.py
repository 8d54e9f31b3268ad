"""SpectralNASRegressor: what it takes."""

from collections.abc import Sequence
from typing import Any, Self

from numpy.typing import ArrayLike

from sk_spectral.estimators.base import SpectralSearch
from sk_spectral.estimators.outputs import RegressorOutputs


class SpectralNASRegressor(RegressorOutputs, SpectralSearch):
    """Regression by architecture search in spectral space.

    A network whose adjacency matrix is A = ΦΛΦ⁻¹ starts as a linear map, every hidden eigenvalue
    being 0, and grows hidden units and skip connections as its eigenvalues and eigenvectors are
    trained on the squared error plus `alpha` times a penalty on the topology. Where that does not
    beat the best linear map on rows that neither has seen, this map is what is left. Else the less
    important half of the units leaves and the rest is refitted, again and again, as long as the
    loss on validation rows allows it. `predict` uses the small network of the remaining units.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(64, 64)
        Units of each hidden layer that may be grown.
    activation : {"relu", "tanh", "gelu", "silu"}, default="relu"
        Activation of the hidden units; f(0) = 0 is required.
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"}, \
default="squared_error"
        What is trained on, and what linear maps and networks are held against each other by.
        "huber" is squared up to 1.35 deviations of what a linear map leaves, absolute beyond.
        "poisson", of numbers from 0 on, and "gamma", of numbers above 0, are deviances of a mean
        whose logarithm the network says: so do `linear_coef_` and `compact_`.
    quantile : float or sequence of float, default=0.5
        Of "quantile", between 0 and 1. Several, in ascending order, have a column each in what is
        predicted, and never cross.
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
        "lbfgs" trains on all rows at once in float64 and splits no validation rows off by itself.
    penalty : {"gamma", "group", "l1"} or None, default="gamma"
        "gamma": for each hidden unit, the norm of what comes in times that of what goes out.
        "group": Σ_l ‖λ_l‖₂, the published choice. "l1": Σ_l ‖λ_l‖₁.
    alpha : float, default=0
        Strength of the penalty, against the mean squared error in units of training. Where it alone
        keeps the network linear, `fit` warns.
    prune_tol : float or None, default=0.03
        What may be lost for a smaller network. With validation rows, this share of what hidden
        units gain there over the best linear map, or of the loss if that is less; else this share
        of the loss. None prunes nothing, and holds the network against no linear map.
    fit_intercept : bool, default=True
        Give every unit an intercept.
    train_input_eigenvalues : bool, default=True
        Train the eigenvalues of the input as well, as published; else they stay 0.
    standardize : bool, default=True
        Train in units in which X and y have mean 0 and variance 1, and columns of X that have two
        values a range of 1; what is predicted is in yours.
    n_knots : int or "auto", default="auto"
        Knots of the piecewise-linear encoding of each number, at most: between two of them, at
        quantiles of the column, an input of its own rises from 0 to 1. A linear map of these is an
        additive model, which is then a step between the linear map of X and a network: it is kept
        where it pays and hidden units do not. "auto" takes one for every 25 rows, from 4 on, 13 of
        1,000 rows, up to 33 of more, and no more than 1,024 in all. 0 encodes nothing, as
        published; so does a fit without intercept, and `partial_fit`.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Columns of X that are categories. "from_dtype" takes those of a frame whose type is a
        category or text; else a mask, numbers or names of columns. Each value of at least two rows
        is an input of its own, up to the 512 most frequent of a column; one that is not known has
        none. Numbers and categories may be missing: where some are, that is an input as well.
    batch_size : int or "auto", default="auto"
        "auto" makes 20 batches of 32 to 200 rows, or one of up to 100. A batch that holds all rows
        is trained on in float64.
    learning_rate_init : float, default=1e-3
        Learning rate of the eigenvectors, for "adam" and "sgd".
    eigenvalue_rate : float, default=30
        Learning rate of the eigenvalues relative to that of the eigenvectors.
    weight_decay : float or "auto", default="auto"
        Decoupled decay of the eigenvectors, relative to the learning rate, for "adam" and "sgd".
        "auto" decays them by 0.1 √(batch_size / (n_samples · max_iter)) a step; a network that has
        validation rows is trained again with 3 and then 10 times as much, as long as their loss
        falls, which is kept if it falls by a standard error.
    average : bool, default=True
        End each epoch with an exponential average over about the last 100 steps, which is what is
        validated and predicts; for "adam" and "sgd".
    max_iter : int, default=200
        Largest number of epochs, of iterations for "lbfgs".
    tol : float, default=1e-5
        Improvement of the loss, in units of training, that counts as one.
    early_stopping : bool or "auto", default="auto"
        Stop by the loss of validation rows, and restore the best epoch; by the training loss
        without. "auto" sets validation rows apart from 100 rows on; of fewer, folds tell when to
        stop. Unless it is False, folds of up to 5,000 rows compare the network with linear maps.
    validation_fraction : float, default=0.1
        Share of the rows set apart.
    n_iter_no_change : int, default=20
        Epochs without improvement after which training stops.
    warm_start : bool, default=False
        Let `fit` go on from the last network, in the units of its first fit; units are pruned then
        without a refit. Pickles hold that network, `network_` and `net_`, only with warm_start=True
        or after `partial_fit`.
    random_state : int, RandomState or None, default=None
        Draws the eigenvectors, the validation rows and the order of rows.
    device : str, default="cpu"
        torch device to train on; predictions are made by NumPy. "auto" takes the GPU, where there
        is one, for networks and batches that keep a core busy for 15 ms a step.
    checkpoint : str or PathLike, optional
        File in which `fit` keeps what it has trained, once for each epoch or second, until it ends.
        A fit that was killed goes on from there when it is called again, in a new process, too, and
        gives the numbers that it would have given. One fit at a time may have a file.
    callbacks : sequence of skorch callbacks, optional
        Called by `net_` while it trains, by that of the first fold before, and by those that are
        trained to choose `weight_decay`.
    verbose : int, default=0
        1 prints a line for each training, which on a terminal says what is left, one for each fold,
        and one for each step of pruning; 2 the table of skorch's epochs as well.

    Attributes
    ----------
    topology_ : Topology
        What was learned: ‖Γ‖, active blocks and units, read off the network that predicts.
    compact_ : CompactNetwork
        The network that predicts, NumPy arrays in your units.
    topology_path_ : TopologyPath
        What smaller networks would have lost, as far as they were tried, and `at` so many units
        the network itself.
    feature_importances_ : array of shape (n_features,)
        Share of the squared norm over all paths to the outputs that starts at each input, in units
        of training; exactly 0 for an input that is not read. Categories and missing values count
        with the variance of their indicators.
    linear_coef_, linear_intercept_ : arrays
        Direct block from the inputs to the outputs, in your units, shaped as `coef_` and
        `intercept_` of a linear model are: all of a linear verdict. Beside pieces it is what is
        left to the feature itself, not its whole trend, which `compact_.partial_effect` gives.
    network_ : SpectralNetwork
        The whole network, in units of training; with the masks `topology_.active_units` it is the
        one that predicts.
    net_ : SpectralNet
        The skorch net that trained it, with its `history`: on all rows, or where hidden units lost
        to the linear map before that, on those of the first fold.
    loss_ : float
        Loss of the network that predicts, without the penalty and in units of training, on the
        validation rows where there are some: before it was fitted to these as well, if they were
        set apart from X. Of a linear map that folds preferred, on the rows held out by them.
    loss_curve_ : list of float
        Training loss of `net_` with the penalty, by epoch.
    best_loss_ : float
        The least of these.
    n_iter_ : int
        Epochs that `net_` trained for.
    n_outputs_, n_layers_ : int
        Outputs, and layers with a unit, input and output included, of the network that predicts.
    categories_ : list of arrays or None, one for each feature
        Categories in the order of their codes; None for a number.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    References
    ----------
    Peri, Chicchi, Fanelli and Giambagli, "Spectral Architecture Search for Neural Network Models",
    npj Artificial Intelligence 2025, arXiv:2504.00885.

    Examples
    --------
    >>> from sk_spectral import SpectralNASRegressor
    >>> from sk_spectral.datasets import make_linear_to_quadratic
    >>> X, y, _ = make_linear_to_quadratic(500, alpha=0, beta=1000, random_state=0)
    >>> SpectralNASRegressor(random_state=0).fit(X, y).topology_.is_linear
    True
    >>> X, y, _ = make_linear_to_quadratic(500, alpha=1, beta=1000, random_state=0)
    >>> SpectralNASRegressor(random_state=0).fit(X, y).topology_.is_linear
    False
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (64, 64),
        activation: str = "relu",
        *,
        loss: str = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        solver: str = "adam",
        penalty: str | None = "gamma",
        alpha: float = 0.0,
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
        warm_start: bool = False,
        random_state: Any = None,
        device: str = "cpu",
        checkpoint: Any = None,
        callbacks: Sequence[Any] | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            hidden_layer_sizes, activation, solver=solver, penalty=penalty, alpha=alpha,
            prune_tol=prune_tol, fit_intercept=fit_intercept,
            train_input_eigenvalues=train_input_eigenvalues, standardize=standardize,
            n_knots=n_knots, categorical_features=categorical_features, batch_size=batch_size,
            learning_rate_init=learning_rate_init, eigenvalue_rate=eigenvalue_rate,
            weight_decay=weight_decay, average=average, max_iter=max_iter, tol=tol,
            early_stopping=early_stopping, validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change, warm_start=warm_start, random_state=random_state,
            device=device, checkpoint=checkpoint, callbacks=callbacks, verbose=verbose,
        )  # fmt: skip
        self.loss = loss
        self.quantile = quantile

    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on these rows, then prune by a sample of all that were seen.

        What is pruned is left out of predictions only: the next call trains the whole network on.
        The scales of columns, the shares of classes and the sample, up to 500 rows, spread over
        classes, are of all calls. Below 32 rows seen, each call starts afresh with all of them;
        below 50 no unit is pruned.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self
        """
        return self._partial_fit(X, y, sample_weight)
