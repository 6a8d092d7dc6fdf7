"""Log densities that say -inf where, and only where, a distribution has no mass."""

import math

import torch
from torch import Tensor
from torch.distributions import Independent, MixtureSameFamily, MultivariateNormal, Normal, constraints

from course_lib import checks
from course_lib.distributions.atoms import log_probabilities

__all__ = ["bounds", "log_density", "unchecked_log_density"]

# A density of torch that underflows inside its support is not zero; this keeps the two apart.
_TINY = -1e300


def bounds(distribution) -> tuple[Tensor, Tensor]:
    """The closed box (low, high) of a support, each of the shape of the parameters; infinite where open."""
    support = getattr(distribution, "support", None)
    while isinstance(support, constraints.independent):
        support = support.base_constraint
    zero = torch.zeros((), dtype=torch.float64)
    low = getattr(support, "lower_bound", -math.inf)
    high = getattr(support, "upper_bound", math.inf)
    return zero + low, zero + high


def log_density(distribution, x) -> Tensor:
    """log p(x), shape of x without the event axis; -inf exactly where x lies outside the support.

    Unlike ``log_prob`` it never raises for points outside the support, mixtures of bounded distributions included, and
    a density that underflows inside the support stays a finite (very negative) logarithm.

    Args:
        distribution: from ``torch.distributions``, or anything with ``log_prob``.
        x: shape (..., *event_shape).

    Raises:
        ValueError: something without ``log_prob``, NaN, points of another shape.
    """
    checks.methods("distribution", distribution, "log_prob")
    event = tuple(getattr(distribution, "event_shape", ()))
    batch = tuple(getattr(distribution, "batch_shape", ()))
    x = checks.tensor("x", x, shape=("...", *event))
    try:
        torch.broadcast_shapes(x.shape[: x.ndim - len(event)], batch)
    except RuntimeError as error:
        wanted = f"points for a batch of distributions of shape {batch}"
        raise ValueError(f"x: expected {wanted}, got shape {tuple(x.shape)}") from error
    if x.numel() == 0:
        return x.new_zeros(torch.broadcast_shapes(x.shape[: x.ndim - len(event)], batch))
    return unchecked_log_density(distribution, x)


def unchecked_log_density(distribution, x: Tensor) -> Tensor:
    """``log_density`` for points that were checked: quadrature asks thousands of times."""
    if isinstance(distribution, MixtureSameFamily):
        weights = log_probabilities(distribution.mixture_distribution)
        event = len(distribution.event_shape)
        inside = unchecked_log_density(distribution.component_distribution, x.unsqueeze(-1 - event))
        # Where no component has mass the gradient of logsumexp is NaN.
        inside = weights + inside
        none = (inside == -math.inf).all(-1)
        value = torch.logsumexp(torch.where(none.unsqueeze(-1), 0.0, inside), -1)
        return torch.where(none, -math.inf, value)
    if isinstance(distribution, Independent):
        inner = unchecked_log_density(distribution.base_dist, x)
        return inner.sum(tuple(range(-distribution.reinterpreted_batch_ndims, 0)))
    if isinstance(distribution, Normal):
        # The formula itself: an explorable asks for it at every slider move.
        z = (x - distribution.loc) / distribution.scale
        return -0.5 * z * z - torch.log(distribution.scale) - 0.5 * math.log(2 * math.pi)
    ours = type(distribution).__module__.startswith("torch.distributions")
    support = getattr(distribution, "support", None) if ours else None
    if support is None or isinstance(distribution, MultivariateNormal) or support is constraints.real:
        value = distribution.log_prob(x)
        return value.nan_to_num(nan=_TINY, posinf=math.inf, neginf=_TINY) if ours else value
    with torch.no_grad():
        inside = support.check(x)
        low, high = _bounds_over(distribution, x)
        one_sided = torch.where(low.isfinite(), low + 1, torch.where(high.isfinite(), high - 1, 0.0))
        anchor = torch.where(low.isfinite() & high.isfinite(), (low + high) / 2, one_sided).to(x.dtype)
    within = inside.reshape(*inside.shape, *[1] * len(distribution.event_shape))
    value = distribution.log_prob(torch.where(within, x, anchor))
    return torch.where(inside, value.nan_to_num(nan=_TINY, posinf=math.inf, neginf=_TINY), -math.inf)


def _bounds_over(distribution, x: Tensor) -> tuple[Tensor, Tensor]:
    low, high = bounds(distribution)
    shape = torch.broadcast_shapes(x.shape, low.shape, high.shape)
    return low.to(x.device).broadcast_to(shape), high.to(x.device).broadcast_to(shape)
