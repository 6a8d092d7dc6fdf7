"""Two scores that hold one factor fixed, let the others change, and ask which it was: BetaVAE and FactorVAE."""

import numpy as np
import torch
from torch import Tensor

from course_lib import checks
from course_lib.evaluation.coded import codes_and_levels

__all__ = ["beta_vae_score", "factor_vae_score"]

_TIE = 1e-9


def beta_vae_score(
    codes, factors, batch: int = 64, points: int = 500, generator: torch.Generator | None = None
) -> Tensor:
    """How often a linear classifier names the factor that was the same in all pairs of a batch.

    A point: draw a factor k, then ``batch`` pairs of rows that agree in factor k and are otherwise free, and take the
    mean of |z - z'| in each latent. A logistic regression learns k from these means on ``points`` points and is marked
    on as many new ones; guessing gives one divided by the number of factors.

    Args:
        codes: shape (n, d).
        factors: shape (n, k), whole numbers; two columns or more.
        batch: pairs in a point.
        points: for learning, and as many for marking.
        generator: draws factors and pairs; a fixed one without it.

    Returns:
        A number without axes between 0 and 1.

    Raises:
        ValueError: other shapes, NaN, factors that are no whole numbers or never change, a single factor.

    Source: Higgins et al. 2017, section 3.

    >>> factors = torch.cartesian_prod(torch.arange(4), torch.arange(4))
    >>> float(beta_vae_score(factors, factors)) > 0.99
    True
    """
    from sklearn.linear_model import LogisticRegression

    codes, levels, random, place = _asked(codes, factors, generator)
    batch, points = checks.integer("batch", batch, 1), checks.integer("points", points, 1)
    fixed = _whole(levels.shape[1], (2 * points,), random)
    x = torch.zeros(2 * points, codes.shape[1], dtype=codes.dtype)
    for k in range(levels.shape[1]):
        mine = (fixed == k).nonzero()[:, 0]
        first = _whole(len(codes), (len(mine), batch), random)
        second = _same_level(levels[:, k], first, random)
        x[mine] = (codes[first] - codes[second]).abs().mean(1)
    # The scale of a code is arbitrary and must not act through the classifier's regularisation.
    scale = x[:points].std(0, correction=0)
    x, y = (x / torch.where(scale > 0, scale, 1.0)).numpy(), fixed.numpy()
    if len(np.unique(y[:points])) < 2:
        return codes.new_tensor((y[points:] == y[0]).mean()).to(place)
    machine = LogisticRegression(max_iter=2000).fit(x[:points], y[:points])
    return codes.new_tensor(machine.score(x[points:], y[points:])).to(place)


def factor_vae_score(
    codes,
    factors,
    batch: int = 64,
    points: int = 500,
    prune: float = 0.05,
    generator: torch.Generator | None = None,
) -> Tensor:
    """How often the latent that varies least names the factor that was held fixed.

    A vote: draw a factor k and one of its values, then ``batch`` rows that have it; divide the variance of each latent
    over them by its variance over all rows, and note the latent d where that is least. A majority table from d to k is
    made of ``points`` votes and marked on as many new ones.

    Args:
        codes: shape (n, d).
        factors: shape (n, k), whole numbers; two columns or more.
        batch: rows in a vote.
        points: votes for the table, and as many for marking.
        prune: latents whose standard deviation over all rows is not above this are left out; with none left
            the score is 0.
        generator: draws factors and rows; a fixed one without it.

    Returns:
        A number without axes between 0 and 1.

    Raises:
        ValueError: other shapes, NaN, factors that are no whole numbers or never change, a single factor.

    Source: Kim & Mnih 2018, arXiv:1802.05983, section 4, with new votes for marking as in Locatello et al. 2019.

    >>> factors = torch.cartesian_prod(torch.arange(4), torch.arange(4))
    >>> float(factor_vae_score(factors, factors)) > 0.99
    True
    """
    codes, levels, random, place = _asked(codes, factors, generator)
    batch, points = checks.integer("batch", batch, 2), checks.integer("points", points, 1)
    prune = checks.number("prune", prune, 0)
    spread = codes.std(0, correction=0)
    alive = spread > prune
    if not bool(alive.any()):
        return codes.new_zeros(()).to(place)
    z = codes[:, alive] / spread[alive]
    fixed = _whole(levels.shape[1], (2 * points,), random)
    least = torch.zeros(2 * points, dtype=torch.long)
    for k in range(levels.shape[1]):
        mine = (fixed == k).nonzero()[:, 0]
        one = _whole(len(codes), (len(mine), 1), random)
        rows = _same_level(levels[:, k], one.expand(-1, batch), random)
        varies = z[rows].var(1)
        # Of latents that vary alike, up to rounding, the first: argmax of booleans is the first that is true.
        least[mine] = (varies <= varies.amin(-1, keepdim=True) * (1 + _TIE)).double().argmax(-1)
    table = torch.zeros(z.shape[1], levels.shape[1])
    table.index_put_((least[:points], fixed[:points]), torch.ones(points), accumulate=True)
    return (table.argmax(1)[least[points:]] == fixed[points:]).double().mean().to(place)


def _asked(codes, factors, generator) -> tuple[Tensor, Tensor, torch.Generator, torch.device]:
    codes, levels = codes_and_levels(codes, factors)
    place = codes.device
    if levels.shape[1] < 2:
        raise checks.refuse(
            "factors", "at least two columns, or there is nothing to tell apart", levels.shape[1]
        )
    checks.generator("generator", generator)
    random = torch.Generator().manual_seed(0) if generator is None else generator
    return codes.cpu(), levels.cpu(), random, place


def _whole(below: int, shape: tuple[int, ...], random: torch.Generator) -> Tensor:
    return torch.randint(below, shape, generator=random, device=random.device).cpu()


def _same_level(level: Tensor, rows: Tensor, random: torch.Generator) -> Tensor:
    """For each row another one, drawn evenly from those that have the same level (itself among them)."""
    by_level = level.argsort(stable=True)
    count = torch.bincount(level)
    start = count.cumsum(0) - count
    wanted = level[rows]
    portion = torch.rand(rows.shape, generator=random, device=random.device, dtype=torch.float64).cpu()
    return by_level[start[wanted] + (portion * count[wanted]).long().clamp(max=len(level) - 1)]
