"""One f-divergence: its generator, the conjugate, the output activation, and the form that never overflows.

D_f(P||Q) = E_Q f(p/q) for a convex f. The ratio u = p/q overflows long before the divergence does, so what is
integrated is written in r = log p - log q, from the side on which it stays bounded:

    q f(u)          where u <= 1, as q * below(r)
    p f(u) / u      where u > 1,  as p * above(r)

Both use the centred generator f(u) - f(1) - f'(1)(u - 1): it gives the same divergence up to f(1), it is nowhere
negative, and it does not cancel where p and q nearly agree.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib import checks

__all__ = ["FDivergence", "LogRatioForm"]

Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class LogRatioForm:
    """The centred generator c(u) in terms of r = log u.

    Attributes:
        below: r <= 0 to c(e^r) e^(r * below_rate).
        above: r >= 0 to c(e^r) e^(-r - r * above_rate).
        below_rate, above_rate: how fast c grows as an exponential, kept apart so that it can be added to a log
            density first (p^2 / q may be moderate where p / q overflows and p underflows).
    """

    below: Function
    above: Function
    below_rate: float = 0.0
    above_rate: float = 0.0


@dataclass(frozen=True, eq=False)
class FDivergence:
    """A row of the family. Build one of your own with ``f_divergence``, which checks it.

    Attributes:
        name: the key in ``F_DIVERGENCES``.
        generator, derivative: f and f' on 0 < u < infinity, elementwise.
        dual: f* inside ``conjugate_domain``, elementwise.
        conjugate_domain: (low, high), where f* is finite; an end belongs to it where f* is finite there.
        activation: the real line to the domain of f*.
        at_zero: f(0), the limit from the right. at_infinity: the limit of f(u)/u, the price of mass where q = 0.
        at_one: f(1), zero for every proper row ("gan" keeps the constant -log 4 of its paper).
        slope_at_one: f'(1), or any subgradient.
        form: the same generator in log space.
        dual_of_activation: f* after the activation in one formula, where rounding would reach the domain's end.
    """

    name: str
    generator: Function
    derivative: Function
    dual: Function
    conjugate_domain: tuple[float, float]
    activation: Function
    at_zero: float
    at_infinity: float
    slope_at_one: float
    form: LogRatioForm
    at_one: float = 0.0
    dual_of_activation: Function | None = None

    def f(self, u) -> Tensor:
        """f(u) for ratios u = p/q, any shape; the limit at 0 and at infinity, +inf where u is negative."""
        u = checks.tensor("u", u)
        inside = (u > 0) & (u < math.inf)
        value = self.generator(torch.where(inside, u, 1.0))
        value = torch.where(u == 0, self.at_zero, value)
        return torch.where(u < 0, math.inf, torch.where(u == math.inf, self._end(), value))

    def f_prime(self, u) -> Tensor:
        """f'(u) for u >= 0, any shape: the critic T that makes the variational bound tight; limits at the ends."""
        u = checks.tensor("u", u)
        if (u < 0).any():
            raise ValueError(f"u: expected ratios of at least 0, got {u.min().item():.3g}")
        return self.derivative(u)

    def conjugate(self, t) -> Tensor:
        """f*(t) = sup over u >= 0 of (u t - f(u)), any shape; +inf outside ``conjugate_domain``."""
        t = checks.tensor("t", t)
        low, high = self.conjugate_domain
        inside = (t >= low) & (t <= high) & t.isfinite()
        anchor = min(max(0.0, low + 1.0), high - 1.0) if high - low > 2 else (low + high) / 2
        value = torch.where(inside, self.dual(torch.where(inside, t, anchor)), math.inf)
        # At t = -inf the supremum is reached at u = 0.
        return torch.where(t == -math.inf, -self.at_zero, value) if low == -math.inf else value

    def output_activation(self, v) -> Tensor:
        """Maps scores v on the real line increasingly into the domain of f* (the f-GAN paper's g_f)."""
        return self.activation(checks.tensor("v", v))

    def activated_conjugate(self, v) -> Tensor:
        """f*(output_activation(v)) without the rounding in between.

        At v = 40 the activation of "squared_hellinger" rounds to 1, where f* is infinite; this is e^40 - 1.
        """
        v = checks.tensor("v", v)
        if self.dual_of_activation is None:
            return self.conjugate(self.activation(v))
        return self.dual_of_activation(v)

    def density(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        """q f(p/q) up to terms that integrate to f(1), from log densities; -inf is exactly no density.

        Nowhere negative, no NaN, infinite only where it is (or where it is beyond float64).
        """
        no_p, no_q = log_p == -math.inf, log_q == -math.inf
        if not bool((no_p | no_q).any()):
            return self._density(log_p, log_q)
        both = ~(no_p | no_q)
        value = torch.where(
            both, self._density(torch.where(both, log_p, 0.0), torch.where(both, log_q, 0.0)), 0.0
        )
        price_q = self.at_zero - self.at_one + self.slope_at_one
        price_p = self.at_infinity - self.slope_at_one
        value = torch.where(no_p & ~no_q, _priced(log_q, price_q), value)
        return torch.where(no_q & ~no_p, _priced(log_p, price_p), value)

    def slopes_at_no_mass(self) -> tuple[float, float]:
        """The one-sided slopes of the (centred) divergence in p[i] where p[i] = 0 and in q[i] where q[i] = 0.

        Zero stands for an infinite one: a step into that direction is not described by a slope.
        """
        one = torch.ones((), dtype=torch.float64)
        in_p = self.derivative(0 * one).item() - self.slope_at_one
        # q f(p/q) falls along q like f(u) - u f'(u) = -f*(f'(u)) at u = infinity, where f' ends at at_infinity.
        in_q = -self.conjugate(self.at_infinity * one).item() + self.slope_at_one - self.at_one
        return in_p if math.isfinite(in_p) else 0.0, in_q if math.isfinite(in_q) else 0.0

    def _density(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        r = log_p - log_q
        low, high = r.clamp(max=0.0), r.clamp(min=0.0)
        form = self.form
        weight = torch.where(r > 0, log_p + form.above_rate * high, log_q - form.below_rate * low)
        return torch.exp(weight) * torch.where(r > 0, form.above(high), form.below(low))

    def _end(self) -> float:
        if self.at_infinity != 0:
            return math.copysign(math.inf, self.at_infinity)
        return self.generator(torch.tensor(1e300, dtype=torch.float64)).sign().item() * math.inf


def _priced(log_mass: Tensor, price: float) -> Tensor:
    """Mass times a price that may be infinite; an infinite price holds however little mass there is."""
    return torch.full_like(log_mass, math.inf) if price == math.inf else torch.exp(log_mass) * price
