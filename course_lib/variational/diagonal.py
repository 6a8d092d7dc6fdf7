"""Gaussians with diagonal covariance, given by mean and log-variance: what an encoder puts out.

Everything else about the aggregated posterior is built from the functions here.
"""

import math

import torch

from course_lib import checks
from course_lib.device import normal

__all__ = [
    "check_posteriors",
    "kl_to_gaussian",
    "kl_to_standard_normal",
    "log_prob",
    "mixture_log_prob",
    "reparameterize",
]

# At most this many (point, component) pairs are held at once: a megabyte of doubles stays in the cache, which is
# four times as fast as blocks that leave it.
PAIRS_AT_ONCE = 131_072


def check_posteriors(mean, logvar, keep: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """Both as floating tensors of one shape (n, d); float64 where the device has it.

    Args:
        keep: tensors of floats keep their type, as what is trained must.

    Raises:
        ValueError: another shape, no posterior at all, NaN or infinity.
    """
    found = {}
    for name, value in (("mean", mean), ("logvar", logvar)):
        # MPS has no float64; there the type that came is kept.
        mps = isinstance(value, torch.Tensor) and value.device.type == "mps"
        found[name] = checks.finite(name, value, found.get("mean"), keep=keep or mps)
    mean, logvar = found["mean"], found["logvar"]
    if mean.ndim != 2 or mean.numel() == 0:
        raise ValueError(
            f"mean: expected shape (n, d) with n and d at least 1, got shape {tuple(mean.shape)}"
        )
    if logvar.shape != mean.shape:
        raise ValueError(
            f"logvar: expected the shape of mean, {tuple(mean.shape)}, got shape {tuple(logvar.shape)}"
        )
    return mean, logvar.to(mean)


def log_prob(z: torch.Tensor, mean: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    """log N(z; mean, diag exp(logvar)), summed over the last axis; the arguments broadcast."""
    squares = (z - mean).square() * torch.exp(-logvar)
    return -0.5 * (squares + logvar + math.log(2 * math.pi)).sum(-1)


def kl_to_standard_normal(mean: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    """KL(N(mean, diag exp(logvar)) ‖ N(0, I)) in nats, summed over the last axis (UL p.22).

    >>> kl_to_standard_normal(torch.tensor([3.0]), torch.tensor([0.0]))
    tensor(4.5000)
    """
    return 0.5 * (logvar.exp() + mean.square() - 1 - logvar).sum(-1)


def kl_to_gaussian(
    mean: torch.Tensor, logvar: torch.Tensor, centre: torch.Tensor, spread: torch.Tensor
) -> torch.Tensor:
    """KL(N(mean, diag exp(logvar)) ‖ N(centre, diag exp(spread))) in nats; the arguments broadcast.

    >>> kl_to_gaussian(torch.tensor([3.0]), torch.tensor([0.0]), torch.tensor([1.0]), torch.tensor([0.0]))
    tensor(2.)
    """
    return kl_to_standard_normal((mean - centre) * torch.exp(-0.5 * spread), logvar - spread)


def reparameterize(
    mean: torch.Tensor,
    logvar: torch.Tensor,
    samples: int | None = None,
    *,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """z = mean + exp(logvar / 2) · ε with ε ~ N(0, I): a draw that lets gradients through (UL p.23).

    Args:
        mean, logvar: shape (..., d).
        samples: how many draws of each; they become a new first axis. None draws one and adds no axis.
        generator: makes the draw repeat. The noise is drawn on the generator's device and moved, so that a CPU
            generator gives the same noise on every device.
    """
    shape = mean.shape if samples is None else (samples, *mean.shape)
    return mean + torch.exp(0.5 * logvar) * normal(shape, mean, generator)


def mixture_log_prob(
    z: torch.Tensor, mean: torch.Tensor, logvar: torch.Tensor, log_weights: torch.Tensor | None = None
) -> torch.Tensor:
    """log of a mixture of K diagonal Gaussians, in bounded memory and for components any distance apart.

    Args:
        z: shape (..., d).
        mean, logvar: shape (K, d).
        log_weights: shape (K,), logarithms that sum to one in the exponential; equal weights without it.

    Returns:
        Shape (...): logsumexp over the components. Squared distances are taken dimension by dimension from the
        differences themselves, never from an expanded square, which would cancel for narrow components.
    """
    if z.shape[-1] != mean.shape[-1]:
        raise ValueError(f"z: expected a last axis of {mean.shape[-1]} numbers, got shape {tuple(z.shape)}")
    components, size = mean.shape
    if log_weights is None:
        log_weights = mean.new_full((components,), -math.log(components))
    constant = log_weights - 0.5 * logvar.sum(-1) - 0.5 * size * math.log(2 * math.pi)
    scale = torch.exp(-0.5 * logvar)
    flat = z.reshape(-1, size)
    chunks = flat.split(max(1, PAIRS_AT_ONCE // components))
    if torch.is_grad_enabled():
        return torch.cat([_rows_log_prob(rows, mean, scale, constant) for rows in chunks]).reshape(
            z.shape[:-1]
        )
    # Written in place: a list of small results between large temporaries fragments the heap to gigabytes.
    result = torch.empty_like(flat[:, 0])
    start = 0
    for rows in chunks:
        result[start : start + len(rows)] = _rows_log_prob(rows, mean, scale, constant)
        start += len(rows)
    return result.reshape(z.shape[:-1])


def _rows_log_prob(z, mean, scale, constant):
    exponent = constant.expand(len(z), -1)
    for axis in range(z.shape[-1]):
        exponent = exponent - 0.5 * ((z[:, None, axis] - mean[:, axis]) * scale[:, axis]).square()
    return torch.logsumexp(exponent, -1)
