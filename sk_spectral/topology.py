"""What was learned, read off the network that predicts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_spectral.algebra import gamma_norm
from sk_spectral.compact import CompactNetwork


@dataclass(frozen=True, eq=False, repr=False)
class Topology:
    """Learned topology of a network with layers 0 (the input) to L (the output).

    Attributes
    ----------
    layer_sizes : tuple of L + 1 ints
        Units of each layer of the network that was searched, without the constant-1 unit.
    gamma_norm : float
        Richness ‖Γ‖, the norm over all paths from input to output through a hidden unit, in the
        units that the network was trained in; 0 for a linear network.
    block_norms : array of shape (L + 1, L + 1)
        Frobenius norm of the block W_ij between active units at [i, j], target first. The blocks
        from the input include the intercepts.
    active_blocks : bool array of shape (L + 1, L + 1)
        Which blocks hold a connection.
    active_units : tuple of L − 1 bool arrays
        For each hidden layer, which units are active.
    n_parameters : int
        Entries of all blocks between active units, and intercepts.
    """

    layer_sizes: tuple[int, ...]
    gamma_norm: float
    block_norms: NDArray[np.float64]
    active_blocks: NDArray[np.bool_]
    active_units: tuple[NDArray[np.bool_], ...]
    n_parameters: int

    @classmethod
    def from_compact(cls, compact: CompactNetwork) -> "Topology":
        """Read the topology off the network that predicts."""
        blocks = compact.blocks
        if compact.intercepts is not None:
            for i, intercept in enumerate(compact.intercepts, start=1):
                blocks[i, 0] = np.column_stack([blocks[i, 0], intercept])
        n_layers = len(compact.layer_sizes)
        norms = np.zeros((n_layers, n_layers))
        for target_source, block in blocks.items():
            norms[target_source] = np.linalg.norm(block)
        masks = tuple(mask.copy() for mask in compact.unit_masks)
        for array in (norms, *masks):
            array.flags.writeable = False
        active = norms > 0
        active.flags.writeable = False
        return cls(
            layer_sizes=compact.full_layer_sizes,
            gamma_norm=gamma_norm(blocks),
            block_norms=norms,
            active_blocks=active,
            active_units=masks,
            n_parameters=compact.n_parameters,
        )

    @property
    def n_active_units(self) -> tuple[int, ...]:
        """Number of active units of each hidden layer."""
        return tuple(int(mask.sum()) for mask in self.active_units)

    @property
    def n_active_layers(self) -> int:
        """Number of hidden layers with an active unit."""
        return sum(n_units > 0 for n_units in self.n_active_units)

    @property
    def is_linear(self) -> bool:
        """Whether no hidden unit is active: the network is then a linear map."""
        return self.n_active_layers == 0

    def summary(self) -> str:
        """Text table of layers and blocks for a terminal."""
        n_hidden = len(self.active_units)
        units = sum(self.n_active_units)
        if self.is_linear:
            head = "linear: no hidden unit pays for itself"
        else:
            head = (
                f"{self.n_active_layers} of {n_hidden} hidden layers, "
                f"{units} of {sum(self.layer_sizes[1:-1])} units"
            )
        lines = [
            f"{head}; {self.n_parameters} parameters, ‖Γ‖ = {self.gamma_norm:.4g}",
            "",
            f"{'layer':<12}{'units':>7}{'active':>8}   norms of the blocks it reads",
        ]
        counts = (self.layer_sizes[0], *self.n_active_units, self.layer_sizes[-1])
        for i, (size, count) in enumerate(zip(self.layer_sizes, counts, strict=True)):
            reads = "  ".join(
                f"{self._layer_name(j)} {self.block_norms[i, j]:.3g}"
                for j in range(i)
                if self.active_blocks[i, j]
            )
            lines.append(f"{self._layer_name(i):<12}{size:>7}{count:>8}   {reads}".rstrip())
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The same values in lists, numbers and booleans, ready for JSON."""
        return {
            "layer_sizes": list(self.layer_sizes),
            "gamma_norm": self.gamma_norm,
            "block_norms": self.block_norms.tolist(),
            "active_blocks": self.active_blocks.tolist(),
            "active_units": [mask.tolist() for mask in self.active_units],
            "n_active_units": list(self.n_active_units),
            "n_active_layers": self.n_active_layers,
            "n_parameters": self.n_parameters,
            "is_linear": self.is_linear,
        }

    def _layer_name(self, i: int) -> str:
        if i == 0:
            return "input"
        return "output" if i == len(self.layer_sizes) - 1 else f"hidden {i}"

    def __repr__(self) -> str:
        sizes = " -> ".join(map(str, self.layer_sizes))
        return (
            f"Topology({sizes}, n_active_units={self.n_active_units}, "
            f"gamma_norm={self.gamma_norm:.4g}, n_parameters={self.n_parameters})"
        )
