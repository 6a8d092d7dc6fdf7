"""ELBO surgery: the average KL of a VAE is mutual information plus a marginal KL (I22 ELBO surgery).

    1/n Σᵢ KL(q(z|xᵢ) ‖ p)  =  I_q[x, z]  +  KL(q_agg ‖ p),      q_agg(z) = 1/n Σᵢ q(z|xᵢ)

Hoffman & Johnson, "ELBO surgery: yet another way to carve up the variational evidence lower bound", 2016.
"""

from dataclasses import dataclass

import torch

from course_lib.variational.diagonal import check_posteriors, log_prob, mixture_log_prob, reparameterize
from course_lib.variational.grid import grid_surgery
from course_lib.variational.priors import StandardNormal

__all__ = ["ElboSurgery", "elbo_surgery"]

# Enough draws for a standard error of a few thousandths of a nat, spread over the posteriors.
_DRAWS = 16_384


@dataclass(frozen=True)
class ElboSurgery:
    """Three numbers in nats, as tensors without axes, and the error of each; unpacking gives the three numbers.

    By Monte Carlo an error is a standard error; on a grid it is the change from half as many points an axis.
    """

    average_kl: torch.Tensor
    mutual_information: torch.Tensor
    marginal_kl: torch.Tensor
    average_kl_error: torch.Tensor
    mutual_information_error: torch.Tensor
    marginal_kl_error: torch.Tensor

    def __iter__(self):
        return iter((self.average_kl, self.mutual_information, self.marginal_kl))

    @property
    def errors(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The errors in the order of the three numbers."""
        return self.average_kl_error, self.mutual_information_error, self.marginal_kl_error


@torch.no_grad()
def elbo_surgery(
    mean,
    logvar,
    *,
    prior=None,
    samples: int | None = None,
    independent: bool = False,
    grid: int | None = None,
    generator: torch.Generator | None = None,
) -> ElboSurgery:
    """Average KL, mutual information I_q[x, z] and marginal KL(q_agg ‖ p) of n diagonal Gaussian posteriors.

    Args:
        mean, logvar: shape (n, d), one row for each data point's posterior N(mean, diag exp(logvar)).
        prior: anything with ``log_prob(z)`` over the last axis; the standard normal without it.
        samples: draws from each posterior; about 16,000 in all without it, two from each at least.
        independent: three estimates from three separate sets of draws. Otherwise one set serves all three, and
            average_kl = mutual_information + marginal_kl holds to rounding.
        grid: that many points on each axis, for d = 1 or 2 only: exact up to rounding, and without any draw.
        generator: makes the draws repeat.

    The aggregated posterior is evaluated in chunks, so memory stays bounded; time grows with samples · n².

    >>> far = torch.tensor([[-100.0], [100.0]])
    >>> result = elbo_surgery(far, torch.zeros(2, 1), generator=torch.Generator().manual_seed(0))
    >>> round(result.mutual_information.item(), 6)      # log 2
    0.693147
    """
    mean, logvar = check_posteriors(mean, logvar)
    prior = StandardNormal(mean.shape[1]) if prior is None else prior
    if grid is not None:
        return ElboSurgery(*grid_surgery(mean, logvar, prior, grid))
    if samples is None:
        samples = max(2, -(-_DRAWS // len(mean)))
    elif isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise ValueError(f"samples: expected a positive whole number, got {samples!r}")

    def draw():
        return reparameterize(mean, logvar, samples, generator=generator)

    z = draw()
    log_q, log_prior = log_prob(z, mean, logvar), _prior_log_prob(prior, z)
    average = log_q - log_prior
    if independent:
        z = draw()
        log_q = log_prob(z, mean, logvar)
    log_aggregate = mixture_log_prob(z, mean, logvar)
    information = log_q - log_aggregate
    if independent:
        z = draw()
        log_aggregate, log_prior = mixture_log_prob(z, mean, logvar), _prior_log_prob(prior, z)
    marginal = log_aggregate - log_prior
    terms = (average, information, marginal)
    return ElboSurgery(*(term.mean() for term in terms), *(_standard_error(term) for term in terms))


def _prior_log_prob(prior, z: torch.Tensor) -> torch.Tensor:
    value = prior.log_prob(z)
    if value.shape != z.shape[:-1]:
        raise ValueError(
            f"prior: expected log_prob to give shape {tuple(z.shape[:-1])}, one number a point, "
            f"got shape {tuple(value.shape)}"
        )
    return value.to(z)


def _standard_error(term: torch.Tensor) -> torch.Tensor:
    """Of the mean of a (samples, n) table whose columns are drawn separately: only the spread within a column
    counts. With one draw a column that spread is unknown, and the spread of the whole table bounds it."""
    samples, n = term.shape
    if samples > 1:
        return (term.var(0).sum() / samples).sqrt() / n
    return term.std() / n**0.5 if n > 1 else term.new_tensor(float("nan"))
