"""What is asked of a prior, an object with ``log_prob(z)``: its size, one number a point, a KL in closed form."""

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, MultivariateNormal, Normal, kl_divergence

from course_lib import checks
from course_lib.divergences import gaussian_kl
from course_lib.variational.diagonal import kl_to_gaussian, kl_to_standard_normal
from course_lib.variational.priors import Mixture, StandardNormal

__all__ = ["exact_kl", "log_density", "usable_prior"]


def usable_prior(prior, size: int):
    """The prior itself, or the standard normal for None.

    Raises:
        ValueError: no ``log_prob``, or another number of dimensions than ``size`` (where the prior tells its own).
    """
    if prior is None:
        return StandardNormal(size)
    checks.methods("prior", prior, "log_prob")
    own = _size(prior)
    if own not in (None, size):
        raise ValueError(f"prior: expected one over {size} latent dimensions, got one over {own}")
    return prior


def _size(prior) -> int | None:
    if isinstance(prior, StandardNormal):
        return prior.size
    if isinstance(prior, Distribution):
        return prior.event_shape[0] if len(prior.event_shape) == 1 else None
    mean = getattr(prior, "mean", None)
    return mean.shape[-1] if isinstance(prior, Mixture) and isinstance(mean, Tensor) else None


def log_density(prior, z: Tensor) -> Tensor:
    """``prior.log_prob(z)``, shape (...) for z of shape (..., d).

    Raises:
        ValueError: the prior cannot take such points, or does not give one number for each.
    """
    try:
        value = prior.log_prob(z)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ValueError(
            f"prior: expected log_prob to take points of shape {tuple(z.shape)}, and it said: {lines[0]}"
        ) from error
    if not isinstance(value, Tensor) or value.shape != z.shape[:-1]:
        got = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else checks.shown(value)
        raise ValueError(
            f"prior: expected log_prob to give shape {tuple(z.shape[:-1])}, one number a point, got {got}"
        )
    return value


def exact_kl(mean: Tensor, logvar: Tensor, prior) -> Tensor | None:
    """KL(N(mean, diag exp(logvar)) ‖ prior), shape (n,), where it has a closed form: for a Gaussian prior, and for what
    ``torch.distributions.kl_divergence`` knows. None for all others.
    """
    if isinstance(prior, StandardNormal):
        return kl_to_standard_normal(mean, logvar)
    if isinstance(prior, Mixture):
        centre, spread, _ = prior.components()
        return (
            kl_to_gaussian(mean, logvar, centre[0].to(mean), spread[0].to(mean)) if len(centre) == 1 else None
        )
    if isinstance(prior, MultivariateNormal) and not prior.batch_shape:
        return gaussian_kl(mean, torch.diag_embed(logvar.exp()), prior.loc, prior.covariance_matrix)
    if isinstance(prior, Distribution) and len(prior.event_shape) == 1:
        posteriors = Independent(Normal(mean, torch.exp(0.5 * logvar)), 1)
        try:
            return kl_divergence(posteriors, prior).expand(len(mean))
        except NotImplementedError:
            return None
    return None
