"""What happens to the rows before a network sees them: split, scale, become tensors."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.dataset import Data
from sk_spectral.data.knots import place_pieces
from sk_spectral.data.limits import mean_and_scale, refuse_beyond, refuse_far
from sk_spectral.data.moments import SMALLEST, Moments, first_equals, moments_of
from sk_spectral.data.sparse import SparseRows, column_scales
from sk_spectral.model.compact import CompactNetwork
from sk_spectral.model.encoding import Encoding
from sk_spectral.model.pieces import Pieces

Array = NDArray[Any]

_DEVIATION_OF_PIECES = 0.35


@dataclass(frozen=True, eq=False)
class Scaling:
    """Affine maps between the user's units and those that a network is trained in.

    Attributes
    ----------
    input_mean, input_scale : arrays of shape (n_inputs,)
        Of the features and of their pieces. The scale is inf for a column without spread, so that
        it is 0 whatever comes.
    output_mean, output_scale : arrays of shape (n_outputs,)
    first_equal : int array of shape (n_inputs,), or None
        For each column the first that equals it; None where they were not compared.
    pieces : Pieces or None
        By which columns become more inputs, before they are scaled.
    encoding : Encoding or None
        By which the columns were made of features.
    """

    input_mean: Array
    input_scale: Array
    output_mean: Array
    output_scale: Array
    first_equal: NDArray[np.intp] | None = None
    pieces: Pieces | None = None
    encoding: Encoding | None = None

    @classmethod
    def fit(
        cls,
        data: Data,
        *,
        centered: bool,
        scale_outputs: bool = True,
        standardize: bool = True,
        complete: bool = False,
        n_knots: int | str = 0,
        exact: Callable[[Moments], Moments] | None = None,
    ) -> Self:
        """Weighted means and standard deviations of X and of the targets.

        Columns of two values are scaled by their range instead: in units of its deviation a rare
        category would be an outlier. After Gelman, "Scaling regression inputs by dividing by two
        standard deviations", Statistics in Medicine 2008, who leaves binary inputs as they are.

        Parameters
        ----------
        data : Data
        centered : bool
            Whether the means are taken off too, which takes an intercept to undo. Otherwise the
            scales are root mean squares, and largest magnitudes for columns of two values.
        scale_outputs : bool
            Whether outputs get units by y, as their targets know them.
        standardize : bool
            Whether there is more to do than to leave columns without spread out.
        complete : bool
            Whether no other rows follow, so that columns without spread can be left out. Else they
            keep a scale of 1.
        n_knots : int or "auto"
            As `place_pieces` takes it. Pieces get a standard deviation of 0.35: a ridge that joins
            many of them is then as easily said as a line.
        exact : callable, optional
            Gives moments of all rows for those of `data`, where these are a sample.
        """
        if data.is_sparse:
            return cls._of_sparse(data, centered, standardize, scale_outputs, complete)
        pieces = place_pieces(data, n_knots)
        parts = partial(encoded_parts, data, pieces)
        moments = moments_of(parts, data.sample_weight, data.source.dtype)
        if exact is not None:
            moments = exact(moments)
        refuse_beyond(moments.largest[: data.n_features], "Column {} of X", standardize)
        if standardize:
            mean, scale = mean_and_scale(moments, centered)
            binary = moments.two_valued & ~moments.constant
            binary[data.n_features :] = False
            scale[binary] = (moments.spread if centered else moments.largest)[binary]
            scale[data.n_features :] /= _DEVIATION_OF_PIECES
        else:
            mean, scale = np.zeros(len(moments.low)), np.ones(len(moments.low))
        if complete:
            silent = moments.constant if centered else moments.largest < SMALLEST
            scale[silent] = np.inf
            mean[silent & centered] = moments.low[silent & centered]
        first_equal = first_equals(parts, moments)
        outputs = _units_of_outputs(data, scale_outputs, centered)
        return cls(mean, scale, *outputs, first_equal, pieces, data.encoding)

    @classmethod
    def _of_sparse(
        cls, data: Data, centered: bool, standardize: bool, scale_outputs: bool, complete: bool
    ) -> Self:
        """Scales of what is not 0, which stays where it is; equal columns are not looked for."""
        X = data.matrix()
        largest = abs(X).max(axis=0).toarray().ravel().astype(np.float64)
        refuse_beyond(largest, "Column {} of X", standardize)
        scale = column_scales(X, data.sample_weight)
        if not complete:  # others may come
            scale[np.isinf(scale)] = np.median(scale[np.isfinite(scale)]) if len(X.data) else 1.0
        if not standardize:
            scale[np.isfinite(scale)] = 1.0
        outputs = _units_of_outputs(data, scale_outputs, centered)
        return cls(np.zeros(len(scale)), scale, *outputs, np.arange(len(scale)))

    def to_rows(self, data: Data, *, dtype: torch.dtype, device: torch.device) -> TensorDataset:
        """Tensors in the units of training, the weights scaled to a mean of 1.

        ValueError for values that lie too far from the rows that the units were learned from.
        """
        y = data.targets.in_units(data.y, self.output_mean, self.output_scale)
        X = self._inputs_of(data, dtype, device)
        are_numbers = y.ndim == 2 and y.dtype != bool
        targets = torch.as_tensor(y, dtype=dtype if are_numbers else None)
        weight = None
        if data.sample_weight is not None:
            share = data.sample_weight / data.sample_weight.max()
            weight = torch.as_tensor(share / share.mean(), dtype=dtype).to(device)
        return TensorDataset(X, targets.to(device), weight)

    def _inputs_of(
        self, data: Data, dtype: torch.dtype, device: torch.device
    ) -> torch.Tensor | SparseRows:
        if data.is_sparse and self.pieces is None and not self.input_mean.any():
            return self._sparse_inputs_of(data, dtype, device)
        X = torch.empty(len(data), len(self.input_mean), dtype=dtype)
        start, n = 0, self.n_features
        with np.errstate(over="ignore"):  # looked for
            for part in data.parts_of_X(X.shape[1]):
                stop = start + len(part)
                in_units = (part - self.input_mean[:n]) / self.input_scale[:n]
                refuse_far(in_units, "Column {} of X")
                if self.pieces is not None:  # where values beyond what was seen are cut off
                    encoded = self.pieces.encode(part)
                    in_units = (encoded - self.input_mean) / self.input_scale
                X.numpy()[start:stop] = in_units
                start = stop
        return X.to(device)

    def _sparse_inputs_of(self, data: Data, dtype: torch.dtype, device: torch.device) -> SparseRows:
        X = data.matrix().copy()
        values = X.data / self.input_scale[X.indices]
        if len(values):
            place = int(np.argmax(np.abs(values)))
            in_units = np.zeros((1, X.shape[1]))
            in_units[0, X.indices[place]] = values[place]
            refuse_far(in_units, "Column {} of X")
        X.data = values.astype(torch.empty(0, dtype=dtype).numpy().dtype)
        return SparseRows(X, dtype, device)

    @property
    def n_features(self) -> int:
        """Columns: of X, and indicators."""
        return len(self.input_mean) if self.pieces is None else self.pieces.n_features

    @property
    def sources(self) -> NDArray[np.intp]:
        """Column of each input, shape (n_inputs,)."""
        return np.arange(self.n_features) if self.pieces is None else self.pieces.sources

    def silent_inputs(self) -> NDArray[np.bool_]:
        """Columns that are 0 in the units of training."""
        return np.isinf(self.input_scale)

    def fold_into(self, compact: CompactNetwork) -> CompactNetwork:
        """The same network in the user's units."""
        with np.errstate(over="ignore", invalid="ignore"):
            folded = compact.rescaled(
                self.input_mean, self.input_scale, self.output_mean, self.output_scale
            )
            intercepts = folded.without_center().intercepts or ()
        for weight in folded.weights:
            good = np.isfinite(weight).all(axis=0)
            if not good.all():
                column = int(self.sources[np.flatnonzero(~good)[0]])
                raise ValueError(
                    f"Column {column} of X spreads by {self.input_scale[column]:.3g} only, so that "
                    "weights in its units are beyond the largest number: multiply it by a constant."
                )
        if not all(np.isfinite(intercept).all() for intercept in intercepts):
            raise ValueError(
                "The intercepts of the network in the units of X and y are beyond the largest "
                "number: divide columns of X that are far from 0 for their spread, and y, by a "
                "constant."
            )
        return self.attached_to(folded)

    def attached_to(self, compact: CompactNetwork) -> CompactNetwork:
        """The same weights, the inputs being made of features as they are here."""
        with_pieces = compact.with_pieces(self.pieces)
        return replace(with_pieces, encoding=self.encoding) if self.encoding else with_pieces

    def inputs_of(self, compact: CompactNetwork) -> "Scaling":
        """Of those inputs alone that a network has: not of pieces where it has none."""
        if self.pieces is None or compact.pieces is not None:
            return self
        return self.narrowed(np.arange(len(self.input_mean)) < self.n_features)

    def narrowed(self, read: NDArray[np.bool_]) -> "Scaling":
        """Of some of the inputs, all features among them: a mask of shape (n_inputs,)."""
        first_equal, pieces = self.first_equal, self.pieces
        if first_equal is not None:  # of those that equal it the first that is read
            _, first, equal = np.unique(first_equal[read], return_index=True, return_inverse=True)
            first_equal = first[equal]
        if pieces is not None:
            pieces = pieces.take(read[self.n_features :]) if read[self.n_features :].any() else None
        return replace(
            self,
            input_mean=self.input_mean[read],
            input_scale=self.input_scale[read],
            first_equal=first_equal,
            pieces=pieces,
        )

    def unfold_from(self, compact: CompactNetwork) -> CompactNetwork:
        """The network in the units of training again, for one in the user's units."""
        scale = np.where(self.silent_inputs(), 1.0, self.input_scale)  # their weights are 0
        center = np.zeros(len(scale)) if compact.center is None else compact.center
        in_units = replace(compact, center=None).rescaled(
            np.zeros(len(scale)),
            1.0 / scale,
            -self.output_mean / self.output_scale,
            1.0 / self.output_scale,
        )
        return in_units.without_center((center - self.input_mean) / scale)


def _units_of_outputs(data: Data, scaled: bool, centered: bool) -> tuple[Array, Array]:
    targets = data.targets
    return targets.units(data.y, data.sample_weight, centered) if scaled else targets.no_units()


def encoded_parts(data: Data, pieces: Pieces | None) -> Iterator[Array]:
    """The rows of X in order, some at a time, with the pieces of their features."""
    if pieces is None:
        yield from data.parts_of_X()
        return
    n_inputs = data.n_features + len(pieces.feature)
    for part in data.parts_of_X(n_inputs):
        yield pieces.encode(part)
