"""The losses of adversarial training as functions of scores: one for the discriminator, one for the generator.

Both are minimised. A score is what the discriminator returns before any squashing (a logit for the first two
losses), so that no logarithm ever sees a rounded 0 or 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from course_lib import checks

__all__ = ["AdversarialLoss", "game_value", "minimax", "non_saturating", "value_of", "wgan"]


@dataclass(frozen=True)
class AdversarialLoss:
    """A pair of losses on scores of any shape; both return the mean over all scores, to be minimised.

    Args:
        name: how it is called.
        ratio_loss: ``(real_scores, fake_scores) -> scalar``, what the discriminator (critic) descends.
        generative_loss: ``(fake_scores) -> scalar``, what the generator descends.
        description: one sentence for a reader.

    A student's own pair works wherever a built-in one does:

    >>> import torch
    >>> own = AdversarialLoss("mine", lambda real, fake: (fake - real).mean(), lambda fake: -fake.mean())
    >>> own.generative_loss(torch.tensor([1.0, 3.0]))
    tensor(-2.)
    """

    name: str
    ratio_loss: Callable[[Tensor, Tensor], Tensor]
    generative_loss: Callable[[Tensor], Tensor]
    description: str = ""

    def __post_init__(self) -> None:
        checks.text("name", self.name)
        checks.function("ratio_loss", self.ratio_loss, "a function of real and fake scores")
        checks.function("generative_loss", self.generative_loss, "a function of fake scores")
        if not isinstance(self.description, str):
            raise checks.refuse("description", "a sentence", self.description)


def game_value(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """The sample version of V(G, D) = E log D(x) + E log(1 - D(G(z))) from logits (UL p.6-7).

    Args:
        real_scores, fake_scores: any shapes, at least one score each.

    >>> import torch
    >>> game_value(torch.zeros(4), torch.zeros(4))  # D = 1/2 everywhere: -log 4
    tensor(-1.3863)
    """
    scores = []
    for name, value in (("real_scores", real_scores), ("fake_scores", fake_scores)):
        scores.append(checks.tensor(name, value, keep=True))
        if scores[-1].numel() == 0:
            raise ValueError(f"{name}: expected at least one score, got shape {tuple(scores[-1].shape)}")
    return value_of(*scores)


def value_of(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """``game_value`` without questions, for which a GPU would have to wait at each step."""
    return -softplus(-real_scores).mean() - softplus(fake_scores).mean()


def _minimax_ratio(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    return -value_of(real_scores, fake_scores)


def _saturating(fake_scores: Tensor) -> Tensor:
    return -softplus(fake_scores).mean()  # log(1 - sigmoid(a)) = -softplus(a)


def _non_saturating(fake_scores: Tensor) -> Tensor:
    return softplus(-fake_scores).mean()  # -log sigmoid(a) = softplus(-a)


def _critic_gap(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    return fake_scores.mean() - real_scores.mean()


def _critic_generative(fake_scores: Tensor) -> Tensor:
    return -fake_scores.mean()


minimax = AdversarialLoss(
    "minimax",
    _minimax_ratio,
    _saturating,
    "D descends -V, G descends the only term of V that it moves: E log(1 - D(G(z))) (UL p.6).",
)

non_saturating = AdversarialLoss(
    "non_saturating",
    _minimax_ratio,
    _non_saturating,
    "D as in minimax; G descends -E log D(G(z)), whose gradient does not vanish when D wins (UL p.6).",
)

wgan = AdversarialLoss(
    "wgan",
    _critic_gap,
    _critic_generative,
    "The critic widens E f(x) - E f(G(z)); it must be kept Lipschitz by clipping or a penalty (I24 WGAN).",
)
