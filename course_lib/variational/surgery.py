"""ELBO surgery: the average KL of a VAE is mutual information plus a marginal KL (I22 ELBO surgery).

    1/n Σᵢ KL(q(z|xᵢ) ‖ p)  =  I_q[x, z]  +  KL(q_agg ‖ p),      q_agg(z) = 1/n Σᵢ q(z|xᵢ)

Hoffman & Johnson, "ELBO surgery: yet another way to carve up the variational evidence lower bound", 2016.
"""

from dataclasses import dataclass

import torch

from course_lib import checks
from course_lib.variational.against_prior import exact_kl, log_density, usable_prior
from course_lib.variational.diagonal import check_posteriors, log_prob, mixture_log_prob, reparameterize
from course_lib.variational.grid import grid_surgery

__all__ = ["ElboSurgery", "elbo_surgery"]

# Enough draws for a standard error of a few thousandths of a nat, spread over the posteriors.
_DRAWS = 16_384


@dataclass(frozen=True)
class ElboSurgery:
    """Three numbers in nats, as tensors without axes, and the error of each; unpacking gives the three numbers.

    An average KL in closed form has the error 0. By Monte Carlo an error is a standard error; on a grid it is the
    change from half as many points an axis.
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

    The average KL is exact (error 0) wherever a KL has a closed form: for the standard normal and any other Gaussian
    prior. The other two are estimates, since the aggregated posterior is a mixture.

    Args:
        mean, logvar: shape (n, d), one row for each data point's posterior N(mean, diag exp(logvar)).
        prior: anything with ``log_prob(z)`` over the last axis; the standard normal without it.
        samples: draws from each posterior; about 16,000 in all without it, two from each at least.
        independent: each estimate from a set of draws of its own. Otherwise one set serves all, and
            average_kl = mutual_information + marginal_kl holds to rounding; with an exact average KL the better of the
            two estimates gives the other one too.
        grid: that many points on each axis, for d = 1 or 2 only: exact up to rounding, and without any draw. The
            identity holds within the errors.
        generator: makes the draws repeat.

    The aggregated posterior is evaluated in chunks, so memory stays bounded; time grows with samples · n².

    >>> far = torch.tensor([[-100.0], [100.0]])
    >>> result = elbo_surgery(far, torch.zeros(2, 1), generator=torch.Generator().manual_seed(0))
    >>> round(result.mutual_information.item(), 6)      # log 2
    0.693147
    """
    mean, logvar = check_posteriors(mean, logvar)
    prior = usable_prior(prior, mean.shape[1])
    independent = checks.flag("independent", independent)
    samples = max(2, -(-_DRAWS // len(mean))) if samples is None else checks.integer("samples", samples, 1)
    checks.generator("generator", generator)
    exact = exact_kl(mean, logvar, prior)
    if grid is not None:
        return ElboSurgery(*grid_surgery(mean, logvar, prior, grid, None if exact is None else exact.mean()))

    def draw():
        return reparameterize(mean, logvar, samples, generator=generator)

    def prior_at(z):
        return log_density(prior, z).to(z)

    z = draw()  # also where the average KL needs none: a seed means the same draws for every prior
    log_q, log_prior = log_prob(z, mean, logvar), prior_at(z)
    average = log_q - log_prior
    if independent:
        z = draw()
        log_q = log_prob(z, mean, logvar)
    log_aggregate = mixture_log_prob(z, mean, logvar)
    information = log_q - log_aggregate
    if independent:
        z = draw()
        log_aggregate, log_prior = mixture_log_prob(z, mean, logvar), prior_at(z)
    marginal = log_aggregate - log_prior
    terms = (average, information, marginal)
    values, errors = [term.mean() for term in terms], [_standard_error(term) for term in terms]
    if exact is not None:
        values[0], errors[0] = exact.mean(), torch.zeros_like(errors[0])
        if not independent:
            # What the sum is, is known: the estimate that spreads less gives the other one, with its own small error.
            better, other = (2, 1) if bool(errors[2] < errors[1]) else (1, 2)
            values[other], errors[other] = values[0] - values[better], errors[better]
    return ElboSurgery(*values, *errors)


def _standard_error(term: torch.Tensor) -> torch.Tensor:
    """Of the mean of a (samples, n) table whose columns are drawn separately: only the spread within a column
    counts. With one draw a column that spread is unknown, and the spread of the whole table bounds it."""
    samples, n = term.shape
    if samples > 1:
        return (term.var(0).sum() / samples).sqrt() / n
    return term.std() / n**0.5 if n > 1 else term.new_tensor(float("nan"))
