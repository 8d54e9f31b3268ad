"""The small network that is left: NumPy arrays, evaluated without torch."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_spectral.model.encoding import Encoding
from sk_spectral.model.pieces import Pieces
from sk_spectral.spectral import paths
from sk_spectral.spectral.activations import ARRAY_ACTIVATIONS, Array

_ROWS_AT_ONCE, _VALUES_AT_ONCE = 1024, 1 << 22


@dataclass(frozen=True, eq=False, repr=False)
class CompactNetwork:
    """Feed-forward network of the active units alone, with all blocks between its layers.

    z_i = Σ_{j<i} W_ij x_j + b_i, x_i = f(z_i), ŷ = z_L, every layer in one matrix product, with
    x_0 = x − c, x being the features and, where there are some, their indicators and pieces. It
    needs NumPy alone: pickled by itself, it loads and predicts where neither torch nor scikit-learn
    is installed.

    Attributes
    ----------
    weights : tuple of L arrays
        ``weights[i - 1]`` of shape (n_i, n_0 + … + n_{i−1}): the blocks W_i0 … W_{i,i−1} side by
        side, n_0 counting indicators and pieces as well. A hidden layer may have no unit.
    intercepts : tuple of L arrays of shape (n_i,), or None
    activation : {"relu", "tanh", "gelu", "silu"}
    unit_masks : tuple of bool arrays
        For each hidden layer, which units of the network it was cut from are here.
    center : array c of shape (n_0,), or None for 0
        Folded into the intercepts it would take the digits of columns far from 0 with it.
    pieces : Pieces, or None
        By which columns become more inputs.
    encoding : Encoding, or None
        By which missing values and categories become columns, before that.
    """

    weights: tuple[Array, ...]
    intercepts: tuple[Array, ...] | None
    activation: str
    unit_masks: tuple[NDArray[np.bool_], ...]
    center: Array | None = None
    pieces: Pieces | None = None
    encoding: Encoding | None = None

    @property
    def n_features(self) -> int:
        """Columns of X."""
        return self.n_columns if self.encoding is None else self.encoding.n_features

    @property
    def n_columns(self) -> int:
        """Features and indicators."""
        return self.n_inputs if self.pieces is None else self.pieces.n_features

    @property
    def n_inputs(self) -> int:
        """Features, indicators and pieces."""
        return self.weights[0].shape[1]

    @property
    def sources(self) -> NDArray[np.intp]:
        """Feature of each input, shape (n_inputs,)."""
        of_columns = np.arange(self.n_columns) if self.pieces is None else self.pieces.sources
        return of_columns if self.encoding is None else self.encoding.sources[of_columns]

    @property
    def n_pieces(self) -> NDArray[np.intp]:
        """Pieces of each feature, shape (n_features,)."""
        return np.bincount(self.sources[self.n_columns :], minlength=self.n_features)

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

        Those from layer 0 have a column for each feature, then each indicator and each piece.
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

    def input_shares(self, variances: Array | None = None) -> Array:
        """Share of the squared norm over all paths to the outputs that starts at each feature.

        As `spectral.paths.input_shares` of the blocks, q_0 / 1ᵀq_0, those of indicators and pieces
        added to their feature's.

        Parameters
        ----------
        variances : array of shape (n_inputs,), optional
            Of the inputs, with which indicators count: a rare one moves few outputs. By default as
            all others do.

        Returns
        -------
        array of shape (n_features,)
        """
        shares = paths.input_shares(self.blocks)
        if self.pieces is None and self.encoding is None:
            return shares
        if variances is not None and self.n_columns > self.n_features:
            own = slice(self.n_features, self.n_columns)
            shares[own] *= variances[own]
            shares /= shares.sum() or 1.0
        by_feature: Array = np.bincount(self.sources, shares, self.n_features).astype(np.float64)
        return by_feature

    def joins_inputs(self) -> bool:
        """Whether a hidden unit reads more than one feature: else the outputs are additive."""
        reads: dict[int, NDArray[np.bool_]] = {}
        for i in range(1, len(self.weights)):
            reads[i] = np.zeros((len(self.weights[i - 1]), self.n_features), dtype=bool)
            units, inputs = np.nonzero(self.blocks[i, 0])
            reads[i][units, self.sources[inputs]] = True
            for j in range(1, i):
                reads[i] |= (self.blocks[i, j] != 0).astype(int) @ reads[j] > 0
        return any(bool((read.sum(axis=1) > 1).any()) for read in reads.values())

    def partial_effect(self, feature: int, grid: ArrayLike) -> Array:
        """What a feature adds to the outputs by itself, through no hidden unit.

        W_L0 (x_0 − c) over the columns of this feature, of its indicators and pieces. In an
        additive model these are its shape functions: summed over the features, with the intercepts,
        they are the outputs. They add up to 0 over the rows that were trained on, if these were
        centred.

        Parameters
        ----------
        feature : int
        grid : array-like of shape (n_points,)
            Values of the feature, NaN for a missing one, or codes of its categories.

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
        inputs, own = self._inputs(X), self.sources == feature
        if self.center is not None:
            inputs = inputs - self.center
        return inputs[:, own] @ self.weights[-1][:, : self.n_inputs][:, own].T

    def __call__(self, X: Array) -> Array:
        """Outputs ŷ for a batch, in few rows at a time.

        Parameters
        ----------
        X : array or CSR matrix of shape (n_samples, n_features)
            Of numbers and codes of categories.

        Returns
        -------
        array of shape (n_samples, n_L)
        """
        outputs = np.empty((X.shape[0], len(self.weights[-1])))
        size = min(_ROWS_AT_ONCE, max(1, _VALUES_AT_ONCE // max(self.n_inputs, 1)))
        for start in range(0, X.shape[0], size):
            rows = slice(start, start + size)
            part = X[rows]
            outputs[rows] = self._evaluate(part.toarray() if hasattr(part, "toarray") else part)
        return outputs

    def _inputs(self, X: NDArray[np.floating]) -> NDArray[np.floating]:
        """Features with their indicators and pieces."""
        columns = X if self.encoding is None else self.encoding.encode(X)
        return columns if self.pieces is None else self.pieces.encode(columns)

    def _evaluate(self, X: Array) -> Array:
        activation = ARRAY_ACTIVATIONS[self.activation]
        inputs = self._inputs(X)
        x = np.empty((len(X), self.weights[-1].shape[1]))
        filled = inputs.shape[1]
        x[:, :filled] = inputs
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
