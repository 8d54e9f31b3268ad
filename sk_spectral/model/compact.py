"""The small network that is left: NumPy arrays, evaluated without torch."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_spectral.model.pieces import Pieces
from sk_spectral.spectral import paths
from sk_spectral.spectral.activations import ARRAY_ACTIVATIONS, Array

_ROWS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False, repr=False)
class CompactNetwork:
    """Feed-forward network of the active units alone, with all blocks between its layers.

    z_i = Σ_{j<i} W_ij x_j + b_i, x_i = f(z_i), ŷ = z_L, every layer in one matrix product, with
    x_0 = x − c, x being the features and, where there are some, their pieces. It needs NumPy alone:
    pickled by itself, it loads and predicts where neither torch nor scikit-learn is installed.

    Attributes
    ----------
    weights : tuple of L arrays
        ``weights[i - 1]`` of shape (n_i, n_0 + … + n_{i−1}): the blocks W_i0 … W_{i,i−1} side by
        side, n_0 counting pieces as well. A hidden layer may have no unit.
    intercepts : tuple of L arrays of shape (n_i,), or None
    activation : {"relu", "tanh", "gelu", "silu"}
    unit_masks : tuple of bool arrays
        For each hidden layer, which units of the network it was cut from are here.
    center : array c of shape (n_0,), or None for 0
        Folded into the intercepts it would take the digits of columns far from 0 with it.
    pieces : Pieces, or None
        By which features become more inputs.
    """

    weights: tuple[Array, ...]
    intercepts: tuple[Array, ...] | None
    activation: str
    unit_masks: tuple[NDArray[np.bool_], ...]
    center: Array | None = None
    pieces: Pieces | None = None

    @property
    def n_features(self) -> int:
        """Columns of X."""
        return self.n_inputs if self.pieces is None else self.pieces.n_features

    @property
    def n_inputs(self) -> int:
        """Features and pieces."""
        return self.weights[0].shape[1]

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Units of each layer, from the features, without their pieces, to the outputs."""
        return (self.n_features, *(len(weight) for weight in self.weights))

    @property
    def full_layer_sizes(self) -> tuple[int, ...]:
        """Units of each layer of the network that this one was cut from."""
        sizes = self.layer_sizes
        return (sizes[0], *(len(mask) for mask in self.unit_masks), sizes[-1])

    @property
    def blocks(self) -> dict[tuple[int, int], Array]:
        """Block W_ij from layer j to layer i by (i, j), target first; views of `weights`.

        Those from layer 0 have a column for each feature, and then for each piece.
        """
        sizes = self.n_inputs, *(len(weight) for weight in self.weights)
        starts = np.concatenate([[0], np.cumsum(sizes)])
        return {
            (i, j): self.weights[i - 1][:, starts[j] : starts[j + 1]]
            for i in range(1, len(self.weights) + 1)
            for j in range(i)
        }

    @property
    def n_parameters(self) -> int:
        """Entries of all blocks and intercepts."""
        return sum(weight.size for weight in self.weights) + sum(
            intercept.size for intercept in self.intercepts or ()
        )

    def input_shares(self) -> Array:
        """Share of the squared norm over all paths to the outputs that starts at each feature.

        As `spectral.paths.input_shares` of the blocks, q_0 / 1ᵀq_0, those of pieces added to their
        feature's.

        Returns
        -------
        array of shape (n_features,)
        """
        shares = paths.input_shares(self.blocks)
        if self.pieces is not None:
            shares = np.bincount(self.pieces.sources, shares, self.n_features)
        return shares

    def joins_inputs(self) -> bool:
        """Whether a hidden unit reads more than one feature: else the outputs are additive."""
        sources = np.arange(self.n_features) if self.pieces is None else self.pieces.sources
        reads = {0: np.eye(self.n_features, dtype=bool)[sources]}
        for i in range(1, len(self.weights)):
            reads[i] = np.zeros((len(self.weights[i - 1]), self.n_features), dtype=bool)
            for j in range(i):
                reads[i] |= (self.blocks[i, j] != 0).astype(int) @ reads[j] > 0
        return any(bool((read.sum(axis=1) > 1).any()) for i, read in reads.items() if i)

    def partial_effect(self, feature: int, grid: ArrayLike) -> Array:
        """What a feature adds to the outputs by itself, through no hidden unit.

        W_L0 (x_0 − c) over the columns of this feature and of its pieces. In an additive model
        these are its shape functions: summed over the features, with the intercepts, they are the
        outputs. They add up to 0 over the rows that were trained on, if these were centred.

        Parameters
        ----------
        feature : int
        grid : array-like of shape (n_points,)
            Values of the feature.

        Returns
        -------
        array of shape (n_points, n_L)

        Raises
        ------
        ValueError
            Where there is no such feature.
        """
        if not 0 <= feature < self.n_features:
            raise ValueError(f"feature={feature} is no column of X: it has {self.n_features}.")
        values = np.asarray(grid, dtype=np.float64)
        X = np.zeros((len(values), self.n_features))
        X[:, feature] = values
        own = np.arange(self.n_features) == feature
        if self.pieces is not None:
            X, own = self.pieces.encode(X), self.pieces.sources == feature
        if self.center is not None:
            X = X - self.center
        return X[:, own] @ self.weights[-1][:, : self.n_inputs][:, own].T

    def __call__(self, X: Array) -> Array:
        """Outputs ŷ for a batch, in few rows at a time.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples, n_L)
        """
        outputs = np.empty((len(X), len(self.weights[-1])))
        for start in range(0, len(X), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            outputs[rows] = self._evaluate(X[rows])
        return outputs

    def _evaluate(self, X: Array) -> Array:
        activation = ARRAY_ACTIVATIONS[self.activation]
        if self.pieces is not None:
            X = self.pieces.encode(X)
        x = np.empty((len(X), self.weights[-1].shape[1]))
        filled = X.shape[1]
        x[:, :filled] = X
        if self.center is not None:
            x[:, :filled] -= self.center
        for i, weight in enumerate(self.weights):
            z = x[:, :filled] @ weight.T
            if self.intercepts is not None:
                z += self.intercepts[i]
            if i + 1 < len(self.weights):
                x[:, filled : filled + len(weight)] = activation(z)
                filled += len(weight)
        return z

    def rescaled(
        self, input_mean: Array, input_scale: Array, output_mean: Array, output_scale: Array
    ) -> "CompactNetwork":
        """The same function in other units, the scales folded into the blocks.

        Equal to ``self((X - input_mean) / input_scale) * output_scale + output_mean``. Without
        intercepts both means must be 0.

        Parameters
        ----------
        input_mean, input_scale : arrays of shape (n_features,)
        output_mean, output_scale : arrays of shape (n_L,)

        Returns
        -------
        CompactNetwork
            Of inputs and outputs in the units of means and scales.
        """
        n_inputs = len(input_scale)
        weights = [weight.copy() for weight in self.weights]
        for weight in weights:
            weight[:, :n_inputs] /= input_scale
        weights[-1] *= output_scale[:, None]
        intercepts = self.intercepts
        if intercepts is not None:
            intercepts = (*intercepts[:-1], intercepts[-1] * output_scale + output_mean)
        center = input_mean
        if self.center is not None:
            center = center + self.center * input_scale
        return replace(
            self,
            weights=tuple(weights),
            intercepts=intercepts,
            center=center if center.any() else None,
        )

    def without_center(self, center: Array | None = None) -> "CompactNetwork":
        """The same function with its center folded into the intercepts, b_i − W_i0 c.

        Parameters
        ----------
        center : array of shape (n_features,), optional
            Folded in instead of its own.

        Returns
        -------
        CompactNetwork
            Without a center; itself where it has none, or no intercepts.
        """
        center = self.center if center is None else center
        if center is None or self.intercepts is None:
            return self
        intercepts = tuple(
            intercept - weight[:, : len(center)] @ center
            for weight, intercept in zip(self.weights, self.intercepts, strict=True)
        )
        return replace(self, intercepts=intercepts, center=None)

    def with_pieces(self, pieces: Pieces | None) -> "CompactNetwork":
        """The same weights with inputs that are these pieces, or none where nothing reads them."""
        if pieces is None:
            return self
        n_features, n_inputs = pieces.n_features, self.n_inputs
        if any(weight[:, n_features:n_inputs].any() for weight in self.weights):
            return replace(self, pieces=pieces)
        unread = np.arange(n_features, n_inputs)
        center = self.center
        return replace(
            self,
            weights=tuple(np.delete(weight, unread, axis=1) for weight in self.weights),
            center=None if center is None else center[:n_features],
        )

    def __repr__(self) -> str:
        sizes = " -> ".join(map(str, self.layer_sizes))
        return f"CompactNetwork({sizes}, {self.activation}, {self.n_parameters} parameters)"
