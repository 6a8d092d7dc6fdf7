"""Eight grey levels, and mixtures of Gaussians that are fitted to them exactly or by a bound with noise."""

import math

import numpy as np
import torch

from course_lib.training import minimise

__all__ = ["LEVELS", "fit_levels", "mixture_log_density"]

# Eight grey levels and how often each occurs.
LEVELS = torch.tensor([0.30, 0.06, 0.02, 0.02, 0.24, 0.20, 0.04, 0.12], dtype=torch.float64)
NODES, WEIGHTS = (torch.as_tensor(part) for part in np.polynomial.hermite_e.hermegauss(40))
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def mixture_log_density(y, logits, mean, log_std):
    """log p(y) of mixtures of Gaussians: parameters (starts, components), y (starts, ...) or (...)."""
    shape = (len(mean), *[1] * (y.ndim - 1), -1)
    logits, mean, log_std = (part.reshape(shape) for part in (torch.log_softmax(logits, -1), mean, log_std))
    each = -0.5 * ((y[..., None] - mean) / log_std.exp()) ** 2 - log_std - 0.5 * math.log(2 * math.pi)
    return torch.logsumexp(logits + each, -1)


def fit_levels(noise: str, components: int, steps: int = 1500) -> dict[str, np.ndarray]:
    """Mixtures fitted to the eight levels from three starts, by the bound that belongs to the noise."""
    random = torch.Generator().manual_seed(components)
    start = torch.rand(3, components, generator=random, dtype=torch.float64) * 8
    parts = {
        "logits": torch.zeros_like(start),
        "mean": start,
        "log_std": torch.full_like(start, 0.3),
        "noise_mean": torch.zeros(3, 8, dtype=torch.float64),
        "noise_log_std": torch.full((3, 8), 0.5, dtype=torch.float64),
    }
    parts = {name: part.clone().requires_grad_() for name, part in parts.items()}
    level = torch.arange(8, dtype=torch.float64)
    even = (torch.arange(64, dtype=torch.float64) + 0.5) / 64

    def loss():
        mixture = parts["logits"], parts["mean"], parts["log_std"]
        if noise == "exact":
            ends = torch.arange(9, dtype=torch.float64)
            shape = (3, 1, components)
            mean, log_std = parts["mean"].reshape(shape), parts["log_std"].reshape(shape)
            below = torch.special.ndtr((ends[None, :, None] - mean) / log_std.exp())
            share = torch.softmax(parts["logits"], -1).reshape(shape)
            value = ((share * below).sum(-1).diff(dim=-1) + 1e-300).log()
        elif noise == "uniform":
            value = mixture_log_density((level[:, None] + even).expand(3, 8, 64), *mixture).mean(-1)
        else:
            v = parts["noise_mean"][..., None] + parts["noise_log_std"].exp()[..., None] * NODES
            log_slope = torch.nn.functional.logsigmoid(v) + torch.nn.functional.logsigmoid(-v)
            log_q = (
                -0.5 * NODES**2 - 0.5 * math.log(2 * math.pi) - parts["noise_log_std"][..., None] - log_slope
            )
            value = (
                (mixture_log_density(level[:, None] + torch.sigmoid(v), *mixture) - log_q) * WEIGHTS
            ).sum(-1)
        return -(value @ LEVELS).sum()

    label = f"{noise}, {components}"
    minimise(loss, list(parts.values()) if noise == "logit-normal" else list(parts.values())[:3],
             steps, lr=1e-2, progress=label)  # fmt: skip
    return {name: part.detach().numpy() for name, part in parts.items()}
