"""Distributions on finitely many atoms: their probabilities and the logarithms of these, from what they were given.

torch keeps ``probs`` and ``logits`` side by side and makes the one from the other when it is first asked for, with
rounding and a bound of 1e-16. Here both come from the parameter that was given, whatever has been asked since.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Binomial, Categorical, OneHotCategorical
from torch.distributions.utils import probs_to_logits

__all__ = ["Atoms", "atoms", "log_mass", "log_probabilities"]


class Atoms(NamedTuple):
    """n atoms: the probabilities, shape (n,), and their logarithms, -inf where there is no mass; both float64."""

    mass: Tensor
    log: Tensor


def atoms(distribution) -> Atoms | None:
    """The atoms of one distribution of torch; None where it does not have finitely many."""
    if isinstance(distribution, OneHotCategorical):
        return atoms(distribution._categorical)
    if isinstance(distribution, Categorical):
        log = log_probabilities(distribution, torch.float64)
        return Atoms(log.exp() if _from_logits(distribution) else _normalised(distribution.probs), log)
    if isinstance(distribution, Bernoulli):
        if _from_logits(distribution):
            logits = distribution.logits.to(torch.float64)
            log = torch.nn.functional.logsigmoid(torch.stack([-logits, logits]))
            return Atoms(log.exp(), log)
        one = distribution.probs.to(torch.float64)
        mass = torch.stack([1 - one, one])
        return Atoms(mass, torch.stack([_log1m(one), log_mass(one)]))
    if isinstance(distribution, Binomial):
        zero, one = atoms(Bernoulli(**_given(distribution))).log
        count = distribution.total_count.to(zero)
        k = torch.arange(int(count) + 1, dtype=zero.dtype, device=zero.device)
        choices = torch.lgamma(count + 1) - torch.lgamma(k + 1) - torch.lgamma(count - k + 1)
        log = choices + _times(k, one) + _times(count - k, zero)
        return Atoms(log.exp(), log)
    if distribution.has_enumerate_support:
        log = distribution.log_prob(distribution.enumerate_support(expand=False))
        log = log.to(torch.float64).reshape(-1)
        return Atoms(log.exp(), log)
    return None


def log_probabilities(distribution: Categorical, dtype: torch.dtype | None = None) -> Tensor:
    """log of the probabilities of a categorical distribution or a batch of them, shape (..., n), in their own type."""
    if _from_logits(distribution):
        return torch.log_softmax(distribution.logits, -1, dtype=dtype)
    return log_mass(_normalised(distribution.probs, dtype))


def _normalised(probs: Tensor, dtype: torch.dtype | None = torch.float64) -> Tensor:
    probs = probs if dtype is None else probs.to(dtype)
    return probs / probs.sum(-1, keepdim=True)


def log_mass(mass: Tensor) -> Tensor:
    """log(mass), -inf where there is none; that entry lets no gradient through, where log's would be NaN times zero."""
    some = mass > 0
    return torch.where(some, torch.log(torch.where(some, mass, 1.0)), -torch.inf)


def _log1m(mass: Tensor) -> Tensor:
    some = mass < 1
    return torch.where(some, torch.log1p(-torch.where(some, mass, 0.0)), -torch.inf)


def _times(count: Tensor, log: Tensor) -> Tensor:
    """count * log, zero where the count is, also when the logarithm is infinite."""
    return torch.where(count == 0, 0.0, torch.where(count == 0, 1.0, count) * log)


def _given(distribution) -> dict[str, Tensor]:
    name = "logits" if _from_logits(distribution) else "probs"
    return {name: getattr(distribution, name)}


def _from_logits(distribution) -> bool:
    """Whether logits were given. Where both are there, the logits that torch makes of probs tell."""
    parts = vars(distribution)
    if "logits" not in parts:
        return False
    if "probs" not in parts:
        return True
    binary = not isinstance(distribution, Categorical)
    return not torch.equal(parts["logits"], probs_to_logits(parts["probs"], is_binary=binary))
