"""The optimisers of the solvers, and Adam's step without what does not change between steps."""

from collections.abc import Sequence
from inspect import unwrap
from typing import Any

import torch
from torch import Tensor, nn

from sk_spectral.training.config import TrainingConfig


class FusedAdamW(torch.optim.AdamW):
    """torch's fused AdamW, of which a step is the kernel alone.

    In torch's own step of two small tensors three parts in four are hooks, checks, and a sorting of
    tensors by device and type; and the first takes two seconds to import a compiler that is not
    asked for. State and numbers are torch's. Hooks of steps are not called.

    Parameters
    ----------
    params, **settings
        As for torch.optim.AdamW. All parameters must have gradients at each step.
    """

    def __init__(self, params: Any, **settings: Any) -> None:
        super().__init__(params, fused=True, **settings)

    # As torch's, without the wrappers that import the compiler.
    add_param_group = unwrap(torch.optim.Optimizer.add_param_group)
    state_dict = unwrap(torch.optim.Optimizer.state_dict)
    load_state_dict = unwrap(torch.optim.Optimizer.load_state_dict)

    def step(self, closure: None = None) -> None:  # type: ignore[override]  # none is called
        """As torch's; gradients are those that are there."""
        with torch.no_grad():
            for group in self.param_groups:
                parameters = group["params"]
                states = [self._state_of(parameter) for parameter in parameters]
                beta1, beta2 = group["betas"]
                torch._fused_adamw_(
                    parameters,
                    [parameter.grad for parameter in parameters],
                    [state["exp_avg"] for state in states],
                    [state["exp_avg_sq"] for state in states],
                    [],
                    [state["step"].add_(1) for state in states],
                    amsgrad=False,
                    lr=group["lr"],
                    beta1=beta1,
                    beta2=beta2,
                    weight_decay=group["weight_decay"],
                    eps=group["eps"],
                    maximize=False,
                )

    step.hooked = True  # type: ignore[attr-defined]  # torch's mark of what is not to be wrapped

    def _state_of(self, parameter: Tensor) -> dict[str, Tensor]:
        state: dict[str, Tensor] = self.state[parameter]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        return state


OPTIMIZERS: dict[str, tuple[type[torch.optim.Optimizer], dict[str, Any]]] = {
    "adam": (FusedAdamW, {}),
    "sgd": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "fused": True}),
    # One iteration a step, so that an epoch is an iteration.
    "lbfgs": (
        torch.optim.LBFGS,
        {"max_iter": 1, "max_eval": 25, "history_size": 20, "line_search_fn": "strong_wolfe"},
    ),
}
"""By the name of the solver: a class and its settings."""


def settings_for(
    config: TrainingConfig, n_samples: int
) -> tuple[type[torch.optim.Optimizer], dict[str, Any], dict[str, Any]]:
    """The optimiser of a training on so many rows, its settings, and those of the eigenvalues."""
    optimizer, settings = OPTIMIZERS[config.solver]
    if config.solver == "lbfgs":
        return optimizer, settings | {"lr": 1.0}, {}
    learning_rate, batch_size = config.learning_rate_init, config.batch_size_for(n_samples)
    decay = config.weight_decay_for(n_samples * config.max_iter, batch_size)
    # The penalty sees to the eigenvalues.
    of_eigenvalues = {"lr": config.eigenvalue_rate * learning_rate, "weight_decay": 0.0}
    return optimizer, settings | {"lr": learning_rate, "weight_decay": decay}, of_eigenvalues


def optimizer_for(
    flat: Sequence[nn.Parameter], config: TrainingConfig, n_samples: int
) -> torch.optim.Optimizer:
    """An optimiser of the eigenvalues and the eigenvectors, each in one tensor."""
    optimizer, settings, of_eigenvalues = settings_for(config, n_samples)
    eigenvalues, eigenvectors = ({"params": [parameter]} for parameter in flat)
    return optimizer([eigenvalues | of_eigenvalues, eigenvectors], **settings)
