"""What was learned, read off the network that predicts; needs NumPy alone."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_spectral.model.compact import CompactNetwork
from sk_spectral.model.topology_html import html_of
from sk_spectral.model.topology_text import headline_of, layer_table, summary_of
from sk_spectral.spectral.layer_sizes import n_direct_parameters
from sk_spectral.spectral.paths import gamma_norm, unit_shares

_LATER: dict[str, Any] = {
    "n_pieces": (), "joins_inputs": None, "interaction_share": None, "unit_importances": (),
    "feature_importances": None, "feature_names": (),
}  # fmt: skip
"""Values that files of 0.1 do not have."""


@dataclass(frozen=True, eq=False, repr=False)
class Topology:
    """Learned topology of a network with layers 0 (the input) to L (the output).

    Attributes
    ----------
    layer_sizes : tuple of L + 1 ints
        Units of each layer of the network that was searched, without the constant-1 unit.
    gamma_norm : float
        Richness ‖Γ‖, the norm over all paths from input to output through a hidden unit, in the
        units that the network was trained in; 0 for a linear network. A piece counts as a hidden
        unit that reads its feature with the weight 1.
    block_norms : array of shape (L + 1, L + 1)
        Frobenius norm of the block W_ij between active units at [i, j], target first. The blocks
        from the input include the intercepts.
    active_blocks : bool array of shape (L + 1, L + 1)
        Which blocks hold a connection.
    active_units : tuple of L − 1 bool arrays
        For each hidden layer, which units are active.
    n_parameters : int
        Entries of all blocks between active units, and intercepts.
    n_parameters_searched : int
        The same for the network that was searched: all its units, and the inputs that are left.
    loss_before, loss_after : float or None
        Loss before and after units were pruned, without the penalty and in units of training.
    nonlinear_share : float or None
        Share of the variance of the predictions for the training rows that is lost when the best
        linear map in X takes the place of the network; 0 for a linear one.
    n_pieces : tuple of ints
        For each feature, how many pieces of its piecewise-linear encoding are inputs; empty where
        no feature has any.
    joins_inputs : bool or None
        Whether a hidden unit reads more than one feature, itself or through others.
    interaction_share : float or None
        Share of that variance that is lost when the best sum of functions of one feature each takes
        its place: what units that join features are for; 0 where there is no unit.
    unit_importances : tuple of L − 1 arrays
        For each hidden layer, of each of its active units in their order, the share of the squared
        norm over all paths to the outputs that goes through it.
    feature_importances : array of shape (n_features,) or None
        Share of that norm that starts at each feature.
    feature_names : tuple of str
        Names of the features; empty where X had none.
    """

    layer_sizes: tuple[int, ...]
    gamma_norm: float
    block_norms: NDArray[np.float64]
    active_blocks: NDArray[np.bool_]
    active_units: tuple[NDArray[np.bool_], ...]
    n_parameters: int
    n_parameters_searched: int
    loss_before: float | None = None
    loss_after: float | None = None
    nonlinear_share: float | None = None
    n_pieces: tuple[int, ...] = ()
    joins_inputs: bool | None = None
    interaction_share: float | None = None
    unit_importances: tuple[NDArray[np.float64], ...] = ()
    feature_importances: NDArray[np.float64] | None = None
    feature_names: tuple[str, ...] = ()

    @classmethod
    def from_compact(cls, compact: CompactNetwork, **measured: Any) -> "Topology":
        """Read the topology off the network that predicts.

        Parameters
        ----------
        compact : CompactNetwork
        **measured
            Losses, shares of the predictions, importances and names of features, where known.

        Returns
        -------
        Topology
        """
        blocks = compact.blocks
        units = tuple(unit_shares(blocks))
        if compact.intercepts is not None:
            for i, intercept in enumerate(compact.intercepts, start=1):
                blocks[i, 0] = np.column_stack([blocks[i, 0], intercept])
        n_layers = len(compact.layer_sizes)
        norms = np.zeros((n_layers, n_layers))
        for target_source, block in blocks.items():
            norms[target_source] = np.linalg.norm(block)
        masks = tuple(mask.copy() for mask in compact.unit_masks)
        for array in (norms, *masks, *units):
            array.flags.writeable = False
        sizes = compact.full_layer_sizes
        searched = compact.n_inputs, *sizes[1:]
        n_intercepts = 0 if compact.intercepts is None else sum(sizes[1:])
        n_pieces: tuple[int, ...] = ()
        richness = gamma_norm(blocks)
        if compact.pieces is not None:
            n_pieces = tuple(compact.n_pieces.tolist())
            own = compact.weights[-1][:, compact.n_columns : compact.n_inputs]
            richness = float(np.hypot(richness, np.linalg.norm(own)))
        active = norms > 0
        active.flags.writeable = False
        return cls(
            layer_sizes=sizes,
            gamma_norm=richness,
            block_norms=norms,
            active_blocks=active,
            active_units=masks,
            n_parameters=compact.n_parameters,
            n_parameters_searched=n_direct_parameters(searched) + n_intercepts,
            n_pieces=n_pieces,
            joins_inputs=compact.joins_inputs(),
            unit_importances=units,
            **measured,
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
        """Whether no hidden unit is active and no piece: the network is then a linear map."""
        return self.n_active_layers == 0 and not any(self.n_pieces)

    @property
    def is_additive(self) -> bool:
        """Whether the outputs are sums of functions of one feature each; a linear map is, too."""
        return self.n_active_layers == 0 or self.joins_inputs is False

    @property
    def verdict(self) -> str:
        """How much network the data asked for: "linear", "additive" or "network"."""
        return "linear" if self.is_linear else "additive" if self.is_additive else "network"

    def headline(self) -> str:
        """What was learned, in one line."""
        return headline_of(self)

    def summary(self) -> str:
        """The headline, and a text table of layers and blocks for a terminal, as `print` shows."""
        return summary_of(self)

    def to_dict(self) -> dict[str, Any]:
        """The same values in lists, numbers and booleans, ready for JSON and `from_dict`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {
            "layer_sizes": list(self.layer_sizes),
            "n_pieces": list(self.n_pieces),
            "is_additive": self.is_additive,
            "block_norms": self.block_norms.tolist(),
            "active_blocks": self.active_blocks.tolist(),
            "active_units": [mask.tolist() for mask in self.active_units],
            "unit_importances": [shares.tolist() for shares in self.unit_importances],
            "feature_importances": (
                None if self.feature_importances is None else self.feature_importances.tolist()
            ),
            "feature_names": list(self.feature_names),
            "n_active_units": list(self.n_active_units),
            "n_active_layers": self.n_active_layers,
            "is_linear": self.is_linear,
            "verdict": self.verdict,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Topology":
        """The topology that `to_dict` has written down, by way of JSON or not.

        Parameters
        ----------
        values : dict

        Returns
        -------
        Topology

        Raises
        ------
        ValueError
            Where one of the values is missing.
        """
        names = [field.name for field in fields(cls)]
        values = _LATER | values
        missing = [name for name in names if name not in values]
        if missing:
            raise ValueError(
                f"These values are not those of Topology.to_dict(): {', '.join(missing)} "
                "missing from the dictionary."
            )
        own = {name: values[name] for name in names}
        for name in ("layer_sizes", "n_pieces", "feature_names"):
            own[name] = tuple(own[name])
        for name, dtype in (("block_norms", float), ("active_blocks", bool)):
            own[name] = _frozen(own[name], dtype)
        for name, dtype in (("active_units", bool), ("unit_importances", float)):
            own[name] = tuple(_frozen(array, dtype) for array in own[name])
        if own["feature_importances"] is not None:
            own["feature_importances"] = _frozen(own["feature_importances"], float)
        return cls(**own)

    def to_networkx(self) -> Any:
        """networkx.DiGraph of the layers that take part, with the active blocks as edges.

        Nodes are the layers' numbers, with the attributes `name`, `size` and `active` (units);
        edges point from source to target and have the attributes `norm` and `skip`.

        Returns
        -------
        networkx.DiGraph

        Raises
        ------
        ImportError
            Where networkx is not installed.
        """
        try:
            import networkx
        except ImportError as error:
            raise ImportError(
                "Topology.to_networkx needs networkx: pip install networkx."
            ) from error
        graph = networkx.DiGraph()
        for i, name, size, active in self.layers():
            graph.add_node(i, name=name, size=size, active=active)
        for source, target, norm in self.edges():
            graph.add_edge(source, target, norm=norm, skip=target - source > 1)
        return graph

    def to_dot(self) -> str:
        """The same graph in Graphviz's language, skip blocks dashed, wider the larger the norm.

        With a note for each feature that has pieces.
        """
        edges = self.edges()
        largest = max((norm for _, _, norm in edges), default=1.0)
        lines = ["digraph topology {", "  rankdir=LR;", "  node [shape=box];"]
        for i, name, size, active in self.layers():
            units = f"{active} of {size} units" if 0 < i < len(self.layer_sizes) - 1 else size
            lines.append(f'  {i} [label="{name}\\n{units}"];')
        for feature, n in enumerate(self.n_pieces):
            if n:
                lines.append(f'  x{feature} [label="feature {feature}\\n{n} pieces", shape=note];')
                lines.append(f"  x{feature} -> 0 [style=dotted, arrowhead=none];")
        for source, target, norm in edges:
            style = "dashed" if target - source > 1 else "solid"
            width = 0.5 + 3.5 * norm / largest
            lines.append(
                f'  {source} -> {target} [label="{norm:.3g}", style={style}, penwidth={width:.2f}];'
            )
        return "\n".join([*lines, "}"]) + "\n"

    def layers(self) -> list[tuple[int, str, int, int]]:
        """Layers that have an active unit.

        Returns
        -------
        list of (number, name, size, active units)
        """
        return [
            (i, name, size, count)
            for i, (name, size, count, _) in enumerate(layer_table(self))
            if count
        ]

    def edges(self) -> list[tuple[int, int, float]]:
        """Active blocks.

        Returns
        -------
        list of (number of the source layer, of the target layer, Frobenius norm)
        """
        return [
            (int(j), int(i), float(self.block_norms[i, j]))
            for i, j in np.argwhere(self.active_blocks)
        ]

    def _repr_html_(self) -> str:
        return html_of(self)

    def __str__(self) -> str:
        return self.summary()

    def layer_names(self) -> list[str]:
        """Names of all layers, from "input" to "output"."""
        return ["input", *(f"hidden {i + 1}" for i in range(len(self.active_units))), "output"]

    def __repr__(self) -> str:
        sizes = " -> ".join(map(str, self.layer_sizes))
        return (
            f"Topology({sizes}, n_active_units={self.n_active_units}, "
            f"gamma_norm={self.gamma_norm:.4g}, n_parameters={self.n_parameters})"
        )


def _frozen(values: Any, dtype: type) -> NDArray[Any]:
    array: NDArray[Any] = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array
