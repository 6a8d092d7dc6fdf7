"""Losses whose minimiser is the density ratio r = p/q, as functions of log r: one form for all of them.

A convex f makes the loss

    L(r) = E_q [f*(f'(r))] - E_p [f'(r)],     f*(f'(r)) = r f'(r) - f(r),

which exceeds its smallest value, -D_f(P||Q), by E_q of the Bregman divergence of f from p/q to r. Logistic regression,
the variational bounds of the f-divergences and least squares are all of this form (U17 Class-probability matching,
Divergence minimization II, Ratio matching; Sugiyama, Suzuki and Kanamori, "Density-ratio matching under the Bregman
divergence", 2012). A network gives log r, so that the ratio is positive whatever it puts out.

Exponentials go on as straight lines where their squares would overflow, beyond 42 in float32 and 352 in float64:
losses and gradients stay finite however confident a network is.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from course_lib import checks

__all__ = ["RatioLoss", "all_ratio_losses"]

Function = Callable[[Tensor], Tensor]


def exp(x: Tensor) -> Tensor:
    """e^x, and its tangent where the square of e^x would overflow."""
    top = math.log(torch.finfo(x.dtype).max) / 2 - 2
    return torch.exp(x.clamp(max=top)) * (1 + (x - top).clamp(min=0))


@dataclass(frozen=True, eq=False)
class RatioLoss:
    """A loss for the logarithm of a density ratio r = p/q; to be minimised over r.

    Attributes:
        name: the key in ``RATIO_LOSSES``.
        gain: f'(r) as a function of log r, elementwise; its mean over points of P is subtracted.
        price: f*(f'(r)) as a function of log r, elementwise; its mean over points of Q is added.
        description: one sentence for a reader.

    >>> import torch
    >>> from course_lib.adversarial import RATIO_LOSSES
    >>> RATIO_LOSSES["class_probability"].ratio_loss(torch.zeros(3), torch.zeros(2))  # log 4
    tensor(1.3863)
    """

    name: str
    gain: Function = field(repr=False)
    price: Function = field(repr=False)
    description: str = ""

    def __post_init__(self) -> None:
        checks.text("name", self.name)
        checks.function("gain", self.gain, "a function of log r")
        checks.function("price", self.price, "a function of log r")
        if not isinstance(self.description, str):
            raise checks.refuse("description", "a sentence", self.description)

    def ratio_loss(self, log_r_real, log_r_fake) -> Tensor:
        """The mean price over points of Q minus the mean gain over points of P, a 0-dim tensor.

        Args:
            log_r_real: log r at points of P, any shape; a tensor keeps its type.
            log_r_fake: log r at points of Q, any shape.

        Raises:
            ValueError: NaN, or no points.
        """
        values = []
        for name, value in (("log_r_real", log_r_real), ("log_r_fake", log_r_fake)):
            values.append(checks.tensor(name, value, keep=True))
            if values[-1].numel() == 0:
                raise ValueError(f"{name}: expected at least one point, got shape {tuple(values[-1].shape)}")
        return self.price(values[1]).mean() - self.gain(values[0]).mean()


_BOUND = "The variational bound of {}, as a function of the ratio."

_LOSSES = (
    RatioLoss(
        "class_probability",
        logsigmoid,
        softplus,
        "The cross-entropy of the classifier D = r / (1 + r): its logit is log r.",
    ),
    RatioLoss(
        "least_squares",
        exp,
        lambda log_r: exp(2 * log_r) / 2,
        "Half the squared error E_q (r - p/q)^2, without the term that does not depend on r.",
    ),
    RatioLoss("f:kl", lambda l: l + 1, exp, _BOUND.format("KL(P||Q)")),
    RatioLoss("f:reverse_kl", lambda l: -exp(-l), lambda l: l - 1, _BOUND.format("KL(Q||P)")),
    RatioLoss(
        "f:pearson_chi2",
        lambda l: 2 * (exp(l) - 1),
        lambda l: exp(2 * l) - 1,
        _BOUND.format("E_q (r - 1)^2") + " Twice least squares.",
    ),
    RatioLoss(
        "f:neyman_chi2",
        lambda l: 1 - exp(-2 * l),
        lambda l: 2 - 2 * exp(-l),
        _BOUND.format("E_p (1/r - 1)^2"),
    ),
    RatioLoss(
        "f:squared_hellinger",
        lambda l: 1 - exp(-l / 2),
        lambda l: exp(l / 2) - 1,
        _BOUND.format("the squared Hellinger distance"),
    ),
    RatioLoss(
        "f:jensen_shannon",
        lambda l: (math.log(2) + logsigmoid(l)) / 2,
        lambda l: (softplus(l) - math.log(2)) / 2,
        _BOUND.format("the Jensen-Shannon divergence") + " Half of class_probability.",
    ),
    RatioLoss("f:gan", logsigmoid, softplus, _BOUND.format("2 JSD - log 4") + " It is class_probability."),
    RatioLoss(
        "f:total_variation",
        lambda l: torch.sign(l) / 2,
        lambda l: torch.sign(l) / 2,
        _BOUND.format("the total variation") + " It sees only the sign of log r, so it has no gradient.",
    ),
    RatioLoss(
        "f:jeffreys", lambda l: l + 1 - exp(-l), lambda l: l + exp(l) - 1, _BOUND.format("KL both ways")
    ),
)


def all_ratio_losses() -> dict[str, RatioLoss]:
    """Every loss by its name."""
    return {loss.name: loss for loss in _LOSSES}
