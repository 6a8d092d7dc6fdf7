"""Right answers to the exercises of lesson 07 in other words than the reference's: each must pass."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal
from torch.nn import functional

from course_lib.exercises import registry
from course_lib.exercises.marking import mark
from course_lib.lessons.n07_likelihood_free_learning.exercises import log_p1


def by_torch(x, centres, eps):
    bumps = Independent(Normal(centres, math.sqrt(eps)), 1)
    return MixtureSameFamily(Categorical(torch.ones(len(centres)).double()), bumps).log_prob(x)


def in_a_loop(x, centres, eps):
    n, d = centres.shape
    out = []
    for point in x:
        logs = [-((point - c) ** 2).sum() / (2 * eps) - d / 2 * np.log(2 * np.pi * eps) for c in centres]
        out.append(torch.logsumexp(torch.stack(logs), 0) - math.log(n))
    return torch.stack(out)


def with_softplus(log_p, log_noise, weight):
    a, b = math.log(weight) + log_p, math.log(1 - weight) + log_noise
    return torch.logsumexp(torch.stack([a, b]), 0) - log_p


def in_numpy(statistic, x, y, orders):
    pooled, n = np.concatenate([x.numpy(), y.numpy()]), len(x)
    count = 1
    for order in orders.numpy():
        dealt = torch.from_numpy(pooled[order])
        count += int(statistic(dealt[:n], dealt[n:]) >= statistic(x, y))
    return count / (len(orders) + 1)


def by_sorting(statistics, alpha):
    allowed = math.floor(alpha * (len(statistics) + 1) + 1e-9)
    ordered = torch.sort(statistics, descending=True).values
    return float(ordered[allowed - 1]) if allowed else math.inf


def by_binomtest(x, y, fit):
    h = len(x) // 2
    # The labels the other way round are as good.
    predict = fit(torch.cat([y[:h], x[:h]]), torch.cat([torch.zeros(h), torch.ones(h)]))
    right = int((predict(x[h:]) == 1).sum() + (predict(y[h:]) == 0).sum())
    return right / (2 * h), stats.binomtest(right, 2 * h, alternative="greater").pvalue


def mmd_in_a_loop(kernel, n, orders):
    out = []
    for o in orders:
        K = kernel[o][:, o].clone().fill_diagonal_(0)
        m = len(o) - n
        out.append(K[:n, :n].sum() / (n * (n - 1)) + K[n:, n:].sum() / (m * (m - 1)) - 2 * K[:n, n:].mean())
    return torch.stack(out)


def by_backward(q, logit, step):
    x = q.clone().requires_grad_(True)
    logit(x).sum().backward()
    return (x + step * x.grad).detach()


RIGHT = [
    ("07.log_p1", by_torch),
    ("07.log_p1", in_a_loop),
    ("07.p2_gap", with_softplus),
    ("07.p2_gap", lambda p, n, w: math.log(w) + functional.softplus(n - p + math.log((1 - w) / w))),
    ("07.permutation_p_value", in_numpy),
    ("07.cut", by_sorting),
    ("07.held_out_test", by_binomtest),
    ("07.mmd_permutations", mmd_in_a_loop),
    ("07.cross_entropy", functional.binary_cross_entropy_with_logits),
    (
        "07.cross_entropy",
        lambda a, t: torch.where(t > 0, functional.softplus(-a), functional.softplus(a)).mean(),
    ),
    ("07.move", by_backward),
]


@pytest.mark.parametrize(("exercise_id", "answer"), RIGHT)
def test_other_words_pass(exercise_id, answer):
    for seed in range(5):
        verdict = mark(registry.find(exercise_id), answer, [seed, 7])
        assert verdict.passed, verdict


def test_the_mixture_integrates_to_one():
    grid = torch.linspace(-8, 8, 401, dtype=torch.float64)
    points = torch.stack(torch.meshgrid(grid, grid, indexing="xy"), -1).reshape(-1, 2)
    centres = torch.tensor([[0.0, 0.0], [2.0, -1.0], [-1.5, 1.0]], dtype=torch.float64)
    mass = log_p1(points, centres, 0.5).exp().sum() * float(grid[1] - grid[0]) ** 2
    # Sums of Gaussians over a grid finer than their width are exact to rounding; the tails beyond 8 are below 1e-15.
    assert float(mass) == pytest.approx(1, abs=1e-9)
