"""The two-sample test that learns its own statistic: can a classifier tell the two sets apart?

Source: I21, I22 Desired behaviour ("we could try to learn the appropriate T"); Lopez-Paz and Oquab (2017),
arXiv:1610.06545.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from course_lib import checks
from course_lib.device import home
from course_lib.networks import mlp

__all__ = ["ClassifierTest", "classifier_two_sample_test"]

_HIDDEN, _STEPS, _RATE, _DECAY = 32, 150, 1e-2, 1e-2


class ClassifierTest(NamedTuple):
    """The share of held-out points whose sample the classifier names rightly, and its p-value; 0-dim tensors."""

    accuracy: Tensor
    p_value: Tensor


def classifier_two_sample_test(x, y, generator: torch.Generator | None = None) -> ClassifierTest:
    """Tests H0: x and y are samples of one distribution, by the accuracy of a classifier on points it never saw.

    h points of each sample are held out, h half of the smaller sample. A network with one hidden layer of 32 learns
    on all the others which sample a point is from (150 steps of AdamW; with unequal sizes both samples weigh the same).
    Under H0 each held-out point is right with probability 1/2, so the p-value is the upper tail of the binomial
    distribution Bin(2h, 1/2) at the number of right answers. On the training points the accuracy is high under H0, too.

    Args:
        x, y: shape (n, d) and (m, d); shape (n,) counts as d = 1; at least two rows each.
        generator: on the CPU, makes the split and the network repeat.

    Raises:
        ValueError: other shapes, NaN or infinity, fewer than two rows.

    >>> x = torch.linspace(0, 1, 40)
    >>> found = classifier_two_sample_test(x, x + 5, generator=torch.Generator().manual_seed(0))
    >>> float(found.accuracy), float(found.p_value) == 0.5**40
    (1.0, True)
    """
    x = checks.samples("x", home(x)).detach()
    y = checks.samples("y", home(y), x.shape[1], like=x).detach().to(x.device)
    checks.generator("generator", generator)
    for name, points in (("x", x), ("y", y)):
        if len(points) < 2:
            raise ValueError(f"{name}: expected at least two rows, got shape {tuple(points.shape)}")
    held = min(len(x), len(y)) // 2
    x, y = _shuffled(x, generator), _shuffled(y, generator)
    network = _fitted(x[held:], y[held:], generator)
    with torch.no_grad():
        right = int((network(x[:held]) > 0).sum()) + int((network(y[:held]) <= 0).sum())
    from scipy import stats  # a second of import that most of the course can do without

    tail = float(stats.binom.sf(right - 1, 2 * held, 0.5))
    result = torch.tensor([right / (2 * held), tail], dtype=torch.float64, device=x.device)
    return ClassifierTest(result[0], result[1])


def _shuffled(points: Tensor, generator) -> Tensor:
    return points[torch.randperm(len(points), generator=generator).to(points.device)]


def _fitted(x: Tensor, y: Tensor, generator):
    """A network whose output is positive where it believes that a point is one of x."""
    points = torch.cat([x, y])
    centre = points.mean(0)
    # Of the size of the largest coordinate at least: what is constant up to rounding stays constant.
    scale = points.std(0, correction=0).clamp(min=1e-9 * (1 + float(points.abs().max())))
    points = (points - centre) / scale
    is_x = torch.cat([torch.ones(len(x), 1), torch.zeros(len(y), 1)]).to(points)
    weights = torch.where(is_x > 0, 0.5 / len(x), 0.5 / len(y))
    seed = int(torch.randint(2**31, (), generator=generator))
    network = mlp((points.shape[1], _HIDDEN, 1), seed=seed, dtype=torch.float64, device=points.device)
    rule = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    with torch.enable_grad():
        for _ in range(_STEPS):
            rule.zero_grad()
            binary_cross_entropy_with_logits(network(points), is_x, weights, reduction="sum").backward()
            rule.step()
    return lambda new: network((new - centre) / scale)
