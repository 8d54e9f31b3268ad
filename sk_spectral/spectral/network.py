"""The network in spectral space, as a module for any torch model."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sk_spectral.spectral import algebra
from sk_spectral.spectral.activations import check_activation
from sk_spectral.spectral.carry import Recursion, carry, layers_at_zero, of_columns, one_replica
from sk_spectral.spectral.layer_sizes import check_layer_sizes

_ROWS_AT_ONCE, _VALUES_AT_ONCE = 2048, 1 << 22


def rows_at_once(n_columns: int) -> int:
    """How many rows to evaluate at once: 2,048, or fewer where they are wide."""
    return min(_ROWS_AT_ONCE, max(1, _VALUES_AT_ONCE // max(n_columns, 1)))


def diverged(what: str) -> ValueError:
    """Error to raise where numbers ran away, which says what to change.

    Parameters
    ----------
    what : str
        What became too large, as the beginning of a sentence.

    Returns
    -------
    ValueError
    """
    return ValueError(
        f"{what}. Lower learning_rate_init or eigenvalue_rate, by which it is multiplied for the "
        "eigenvalues, scale X and y (standardize=True), or look for extreme values in the data."
    )


class SpectralNetwork(nn.Module):
    """Feed-forward network parametrised by the eigenvalues and eigenvectors of its adjacency.

    The network starts as a linear map: φ is Xavier-uniform, every eigenvalue is 0 but the output's,
    which are 1, so every hidden unit is 0. Training the eigenvalues then activates hidden units and
    skip connections. It trains like any module, alone or as a part of a larger model.

    Parameters
    ----------
    layer_sizes : sequence of int
        Units of each layer, from the number of features to the number of outputs; at least two.
    activation : {"relu", "tanh", "gelu", "silu"}
        Applied in the hidden layers. f(0) = 0 is required. "gelu" is its tanh form.
    fit_intercept : bool
        Append a constant-1 unit to the input. Through the skip blocks it gives every unit of every
        layer its intercept.
    train_input_eigenvalues : bool
        Let the input eigenvalues train, too, which gives the skip blocks from the input more
        freedom; frozen at 0 they save products.
    generator : torch.Generator, optional
        Draws the eigenvectors; torch's global one by default.
    device, dtype : optional
        As in torch's own layers.

    Attributes
    ----------
    eigenvalues : ParameterList of L + 1 vectors
        λ_l of shape (n_l,); n_0 counts the constant-1 unit. Those of the input are 0 and, unless
        they are trained, frozen: a constant added to all eigenvalues changes no block.
    eigenvectors : ParameterList of L matrices
        φ_l of shape (n_{l+1}, n_l).

    References
    ----------
    Peri, Chicchi, Fanelli and Giambagli, arXiv:2504.00885.

    Examples
    --------
    >>> import torch
    >>> from sk_spectral import SpectralNetwork
    >>> head = SpectralNetwork([8, 16, 3])
    >>> head(torch.ones(5, 8)).shape
    torch.Size([5, 3])
    >>> [int(mask.sum()) for mask in head.active_units()]
    [0]
    """

    eigenvalues: nn.ParameterList
    eigenvectors: nn.ParameterList

    def __init__(
        self,
        layer_sizes: Sequence[int],
        *,
        activation: str = "relu",
        fit_intercept: bool = True,
        train_input_eigenvalues: bool = False,
        generator: torch.Generator | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_activation(activation)
        self.layer_sizes = check_layer_sizes(layer_sizes, "layer_sizes")
        if len(self.layer_sizes) < 2:
            raise ValueError(
                "layer_sizes needs at least the number of features and the number of outputs, "
                f"got {self.layer_sizes!r}."
            )
        self.activation = activation
        self.fit_intercept = fit_intercept

        units = [self.layer_sizes[0] + bool(fit_intercept), *self.layer_sizes[1:]]
        self.eigenvalues = nn.ParameterList(
            torch.zeros(size, device=device, dtype=dtype) for size in units
        )
        self.eigenvectors = nn.ParameterList(
            torch.empty(target, source, device=device, dtype=dtype)
            for source, target in pairwise(units)
        )
        self.eigenvalues[0].requires_grad_(train_input_eigenvalues)
        self.reset_parameters(generator)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Start again from a linear map with fresh eigenvectors.

        Parameters
        ----------
        generator : torch.Generator, optional
            torch's global one by default.
        """
        for phi in self.eigenvectors:
            nn.init.xavier_uniform_(phi, generator=generator)
        self._set_initial_eigenvalues()

    def _set_initial_eigenvalues(self) -> None:
        with torch.no_grad():
            for lam in self.eigenvalues:
                lam.zero_()
            self.eigenvalues[-1].fill_(1.0)

    def share_inputs(self, first_equal: NDArray[np.intp], silent: NDArray[np.bool_]) -> None:
        """Let equal features start with equal eigenvectors, and those without spread with none.

        Training keeps both, the gradients of equal features being equal and those of features
        that are always 0 being 0.

        Parameters
        ----------
        first_equal : int array of shape (n_features,)
            For each feature the first one that equals it.
        silent : bool array of shape (n_features,)
        """
        with torch.no_grad():
            phi = self.eigenvectors[0]
            for first in np.flatnonzero(np.bincount(first_equal) > 1):
                equal = torch.as_tensor(np.flatnonzero(first_equal == first), device=phi.device)
                phi[:, equal] = phi[:, equal].mean(dim=1, keepdim=True)
            phi[:, torch.as_tensor(np.flatnonzero(silent), device=phi.device)] = 0.0

    def set_linear_map(self, W: Tensor) -> None:
        """Become the linear map W, with the eigenvectors as near as can be to what they are.

        The eigenvalues become those of the start, so that no hidden unit is active, and φ_0 takes
        the least change with which (−1)^L φ_{L−1} … φ_1 φ_0 = W. Where a hidden layer is narrower
        than the rank of W, this is the nearest map that the network can be.

        Parameters
        ----------
        W : Tensor of shape (n_outputs, n_0)
            With the intercepts in the last column where the network has them.

        Raises
        ------
        ValueError
            Where eigenvectors that diverged have no inverse.
        """
        with torch.no_grad():
            self._set_initial_eigenvalues()
            first = self.eigenvectors[0]
            first[:, ~W.to(first.device).any(dim=0)] = 0.0  # is not read, to the last digit
            unit = torch.eye(len(first), dtype=torch.float64, device=first.device)
            # What follows φ_0, with its sign: the map of a network whose φ_0 is the identity.
            after = algebra.linear_map([unit, *(phi.double() for phi in self.eigenvectors[1:])])
            W = W.to(after)
            try:
                change = torch.linalg.pinv(after) @ (W - after @ first.double())
            except RuntimeError:  # of what is not finite
                change = torch.full_like(W, torch.nan)
            if not change.isfinite().all():
                raise diverged("The eigenvectors became too large to be inverted")
            first += change.to(first)

    def can_be_every_map(self) -> bool:
        """Whether no hidden layer is narrower than a linear map may have rank."""
        rank = min(len(self.eigenvalues[0]), self.layer_sizes[-1])
        return min(self.layer_sizes[1:-1], default=rank) >= rank

    def forward(self, X: Tensor, unit_masks: Sequence[Tensor] | None = None) -> Tensor:
        """Outputs for a batch.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
        unit_masks : sequence of Tensor, optional
            For each hidden layer, (n_l,) factors of its activations, 0 for a pruned unit.

        Returns
        -------
        Tensor of shape (n_samples, n_outputs)
        """
        lam, phi = list(self.eigenvalues), list(self.eigenvectors)
        return carry(self._with_constant(X), lam, phi, self.activation, unit_masks)

    def evaluate(self, X: Tensor, unit_masks: Sequence[Tensor] | None = None) -> Tensor:
        """As `forward`, without a graph and in little memory: a few rows at a time.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Or sparse rows, which have `split_narrow`.
        unit_masks : as in `forward`, or boolean

        Returns
        -------
        Tensor of shape (n_samples, n_outputs)
        """
        lam, phi = list(self.eigenvalues), list(self.eigenvectors)
        if unit_masks is not None:
            unit_masks = [mask.to(X.dtype) for mask in unit_masks]
        with torch.no_grad():
            at_zero = layers_at_zero(lam)
            recursion = Recursion(one_replica(lam), one_replica(phi), self.activation, at_zero)
            # Parts that are kept would pin the large temporaries freed beside them.
            outputs, size = X.new_empty(len(X), self.layer_sizes[-1]), rows_at_once(X.shape[1])
            if hasattr(X, "split_narrow"):
                for out, narrow in zip(outputs.split(size), X.split_narrow(size), strict=True):
                    part, columns = self._narrow_with_constant(*narrow)
                    few = one_replica(lam), one_replica(phi)
                    recursion = Recursion(*of_columns(*few, columns), self.activation, at_zero)
                    out.copy_(recursion.forward(part[None], unit_masks)[0])
                return outputs
            for out, part in zip(outputs.split(size), X.split(size), strict=True):
                out.copy_(recursion.forward(self._with_constant(part)[None], unit_masks)[0])
            return outputs

    def _narrow_with_constant(self, X: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        if not self.fit_intercept:
            return X, columns
        own = columns.new_full((1,), self.layer_sizes[0])
        return self._with_constant(X), torch.cat([columns, own])

    def _with_constant(self, X: Tensor) -> Tensor:
        return torch.cat([X, X.new_ones(len(X), 1)], dim=1) if self.fit_intercept else X

    def active_units(self) -> list[Tensor]:
        """For each hidden layer, which units read anything: row j of T_i is non-zero.

        Returns
        -------
        list of L − 1 bool tensors of shape (n_l,)
        """
        with torch.no_grad():
            T = algebra.transfer_blocks(list(self.eigenvalues), list(self.eigenvectors))
        return [block.ne(0).any(dim=1) for block in T[:-1]]

    def extra_repr(self) -> str:
        sizes = ", ".join(map(str, self.layer_sizes))
        return f"[{sizes}], activation={self.activation!r}, fit_intercept={self.fit_intercept}"
