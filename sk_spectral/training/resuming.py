"""The state of a training between two epochs, and a net that goes on from it."""

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from sk_spectral.training.net import SpectralNet
from sk_spectral.training.step import DirectStep


def state_of(net: SpectralNet) -> dict[str, Any]:
    """All that the next epochs and the end of a training depend on: plain values, and tensors.

    These are copies on the CPU, from which a training goes on anywhere.
    """
    step = net._training.step
    return {
        "module": _copied(net.module_.state_dict()),
        "optimizer": _copied(net.optimizer_.state_dict()),
        "average": _copied(_average_of(step)),
        "generator": None if net.generator is None else net.generator.get_state(),
        "history": [{name: _plain(value) for name, value in row.items()} for row in net.history],
        "least": dict(net._least),
        "stopped": bool(getattr(net, "stopped_", False)),
        "callbacks": [
            {name: _copied(getattr(callback, name)) for name in callback.kept}
            for callback in _that_know_something(net)
        ],
    }


def restore(net: SpectralNet, state: dict[str, Any]) -> None:
    """Let a net, which is set up as the one was, be where that was."""
    net.module_.load_state_dict(state["module"])
    net.optimizer_.load_state_dict(state["optimizer"])
    step = net._training.step
    if step is not None and step.average is not None:
        step.average.restore(state["average"])
    if net.generator is not None:
        net.generator.set_state(state["generator"])
    net.history[:] = deepcopy(state["history"])
    net._least, net.stopped_ = dict(state["least"]), state["stopped"]
    for callback, values in zip(_that_know_something(net), state["callbacks"], strict=True):
        for name, value in values.items():
            setattr(callback, name, _moved(deepcopy(value), net.module_.eigenvalues[0].device))


def _average_of(step: DirectStep | None) -> dict[str, Any] | None:
    return None if step is None or step.average is None else step.average.state()


def _that_know_something(net: SpectralNet) -> list[Any]:
    return [callback for _, callback in net.callbacks_ if hasattr(callback, "kept")]


def _plain(value: Any) -> Any:
    """A number of numpy's as one of Python's, which files are read with without running code."""
    return value.item() if hasattr(value, "dtype") and hasattr(value, "item") else value


def _copied(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().cpu().clone()
    if isinstance(value, dict):
        return {name: _copied(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(part) for part in value]
    return value


def _moved(value: Any, device: torch.device) -> Any:
    """Tensors, alone or in a list, where the network is; what is a state stays where it is."""
    if isinstance(value, Tensor):
        return value.to(device)
    return [_moved(part, device) for part in value] if isinstance(value, list) else value
