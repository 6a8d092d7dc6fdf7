"""Why a game's weights are no numbers any more: which of its records was the first that is none."""

from collections.abc import Mapping

import torch
from torch import Tensor

__all__ = ["why_not_finite"]

_RATES = "Lower the learning rates, then press Reset."
_TRAP = "a logarithm of a rounded 0 or 1 does that. Work from the scores, with softplus."
_ORDER = ("value", "ratio_loss", "largest_score", "generative_loss", "gradient_norm")


def why_not_finite(history: Mapping[str, Tensor]) -> str:
    """What happened first, in sentences that tell a loss of one's own from learning rates that are too high.

    Args:
        history: the records of an ``AdversarialGame``, each of shape ``(n,)``, of which a step makes one each in this
            order: ``value`` (the minibatch's V, finite as long as the discriminator's scores are), ``ratio_loss``,
            ``largest_score`` (of those that the generator gets), ``generative_loss``, ``gradient_norm``.

    >>> one, broken = torch.ones(2), torch.tensor([1.0, torch.nan])
    >>> why_not_finite({"value": -one, "ratio_loss": broken, "generative_loss": one})[:75]
    'At step 2 the loss of the discriminator was nan although the scores were fi'
    """
    firsts = []
    for place, name in enumerate(_ORDER):
        finite = torch.isfinite(history[name].detach().double()) if name in history else torch.ones(1)
        if not bool(finite.all()):
            firsts.append((int((finite == 0).int().argmax()), place, name))
    if not firsts:
        return _RATES
    step, _, name = min(firsts)
    when, found = f"At step {step + 1}", f"{float(history[name][step]):g}"
    if name == "ratio_loss":
        return f"{when} the loss of the discriminator was {found} although the scores were finite: {_TRAP}"
    if name == "generative_loss":
        return f"{when} the loss of the generator was {found} although the scores were finite: {_TRAP}"
    if name == "gradient_norm":
        return (
            f"{when} the loss of the generator was a finite number and its gradient {found}: a square root or a "
            "logarithm of 0 does that, also inside `torch.where`."
        )
    losses = "The scores are no finite numbers" if step == 0 else f"The losses were finite up to step {step}"
    after = "from the first step on" if step == 0 else "and the scores are not after it"
    return (
        f"{losses} {after}. {_RATES} If that changes nothing, look for a gradient that is no number in the loss of the "
        "discriminator."
    )
