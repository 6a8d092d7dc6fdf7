"""Wrong answers that people give to the exercises of lesson 07."""

import math

import numpy as np
import torch
from scipy import stats
from torch.nn import functional


def squares(x, c):
    return torch.cdist(x, c).square()


def mixture(x, c, eps, d=None):
    logs = -squares(x, c) / (2 * eps) - (x.shape[1] if d is None else d) / 2 * math.log(2 * math.pi * eps)
    return torch.logsumexp(logs, 1) - math.log(len(c))


def gap(p, n, w):
    return torch.logaddexp(math.log(w) + p, math.log(1 - w) + n) - p


def values_of(statistic, x, y, orders):
    z, n = torch.cat([x, y]), len(x)
    return [float(statistic(z[o[:n]], z[o[n:]])) for o in orders]


def p_of(statistic, x, y, orders, count=None):
    t, values = float(statistic(x, y)), values_of(statistic, x, y, orders)
    return (
        (sum(v >= t for v in values) + 1) / (len(orders) + 1) if count is None else count(t, np.array(values))
    )


def tested(x, y, fit, tail=None, half=slice(None), flip=False):
    h = len(x) // 2
    predict = fit(torch.cat([x[:h], y[:h]]), torch.cat([torch.ones(h), torch.zeros(h)]))
    points, labels = torch.cat([x[h:], y[h:]]), torch.cat([torch.ones(h), torch.zeros(h)])
    right = int((predict(points) == (1 - labels if flip else labels)).sum())
    n = len(points)
    return right / n, float(stats.binom.sf(right - 1, n, 0.5) if tail is None else tail(right, n))


def only_x(x, y, fit):
    h = len(x) // 2
    predict = fit(torch.cat([x[:h], y[:h]]), torch.cat([torch.ones(h), torch.zeros(h)]))
    right = int((predict(x[h:]) == 1).sum())
    return right / h, float(stats.binom.sf(right - 1, h, 0.5))


def learned_on_all(x, y, fit):
    points, labels = torch.cat([x, y]), torch.cat([torch.ones(len(x)), torch.zeros(len(y))])
    right = int((fit(points, labels)(points) == labels).sum())
    return right / len(points), float(stats.binom.sf(right - 1, len(points), 0.5))


def by_loop(kernel, n, orders, diagonal=False, cross=2.0, pairs=True):
    out = []
    for o in orders:
        a, b = o[:n], o[n:]
        xx, yy, xy = kernel[a][:, a], kernel[b][:, b], kernel[a][:, b]
        if not diagonal:
            xx, yy = xx - torch.diag(xx.diagonal()), yy - torch.diag(yy.diagonal())
        m = len(b)
        sizes = (n * (n - 1), m * (m - 1)) if pairs else (n * n, m * m)
        out.append(xx.sum() / sizes[0] + yy.sum() / sizes[1] - cross * xy.mean())
    return torch.stack(out)


def slope(f, q):
    x = q.clone().requires_grad_()
    f(x).sum().backward()
    return x.grad


def with_graph(q, f, step):
    x = q.clone().requires_grad_()
    return x + step * torch.autograd.grad(f(x).sum(), x)[0]


bce = functional.binary_cross_entropy_with_logits

NAMED = [
    ("07.log_p1", lambda x, c, eps: mixture(x, c, eps**2), "variance"),
    ("07.log_p1", lambda x, c, eps: mixture(x, c, eps) + math.log(len(c)), "log n|average"),
    ("07.log_p1", lambda x, c, eps: mixture(x, c, eps, 1), "each dimension|d times"),
    (
        "07.log_p1",
        lambda x, c, eps: (
            torch.exp(-squares(x, c) / (2 * eps)) / (2 * math.pi * eps) ** (x.shape[1] / 2)
        ).mean(1).log(),
        "rounds to 0|logarithms|infinite",
    ),
    ("07.log_p1", lambda x, c, eps: mixture(x, c, eps).exp(), "exponential"),
    ("07.log_p1", lambda x, c, eps: mixture(x, c, eps).mean(), "mean|shape"),
    ("07.p2_gap", lambda p, n, w: -torch.full_like(p, math.log(100)), "same number"),
    ("07.p2_gap", lambda p, n, w: (w * p.exp() + (1 - w) * n.exp()).log() - p, "range of numbers"),
    ("07.p2_gap", lambda p, n, w: ((w * p.exp() + (1 - w) * n.exp()) / p.exp()).log(), "range of numbers|finite|NaN"),
    ("07.p2_gap", lambda p, n, w: gap(p, n, w) + p, "subtract log p|log p₂"),
    ("07.p2_gap", lambda p, n, w: gap(p, n, 1 - w), "weights"),
    ("07.p2_gap", lambda p, n, w: -gap(p, n, w), "sign"),
    ("07.p2_gap", lambda p, n, w: gap(p, n, w) / math.log(10), "base 10"),
    ("07.permutation_p_value", lambda s, x, y, o: p_of(s, x, y, o, lambda t, v: np.mean(v >= t)), "k/B"),
    (
        "07.permutation_p_value",
        lambda s, x, y, o: p_of(s, x, y, o, lambda t, v: (1 + np.sum(v > t)) / (1 + len(v))),
        "ties",
    ),
    ("07.permutation_p_value", lambda s, x, y, o: 1 - p_of(s, x, y, o), "1 − p|1 minus"),
    (
        "07.permutation_p_value",
        lambda s, x, y, o: p_of(s, x, y, o, lambda t, v: (1 + np.sum(v <= t)) / (1 + len(v))),
        "less extreme",
    ),
    ("07.cut", lambda s, a: a, "α is a probability"),
    ("07.cut", lambda s, a: torch.quantile(s, 1 - a), "interpolates"),
    ("07.cut", lambda s, a: np.quantile(s.numpy(), 1 - a), "interpolates"),
    ("07.cut", lambda s, a: torch.quantile(s, a), "lower tail"),
    ("07.cut", lambda s, a: s.sort().values[int((1 - a) * len(s))], "."),
    ("07.held_out_test", learned_on_all, "learned from"),
    ("07.held_out_test", lambda x, y, f: tested(x, y, f, lambda k, n: stats.binom.sf(k, n, 0.5)), "P\\(K > k\\)"),
    ("07.held_out_test", lambda x, y, f: tested(x, y, f, lambda k, n: stats.binomtest(k, n).pvalue), "two-sided"),
    (
        "07.held_out_test",
        lambda x, y, f: tested(x, y, f, lambda k, n: stats.norm.sf((k - n / 2) / math.sqrt(n / 4))),
        "normal approximation",
    ),
    ("07.mmd_permutations", lambda k, n, o: by_loop(k, n, o, diagonal=True), "diagonal"),
    ("07.mmd_permutations", lambda k, n, o: by_loop(k, n, o, diagonal=True, pairs=False), "biased|diagonal"),
    ("07.mmd_permutations", lambda k, n, o: by_loop(k, n, o, cross=1.0), "factor 2"),
    ("07.mmd_permutations", lambda k, n, o: by_loop(k, n, o, pairs=False), "n\\(n − 1\\)"),
    ("07.cross_entropy", lambda a, t: bce(a, t, reduction="sum"), "sum"),
    ("07.cross_entropy", lambda a, t: bce(torch.sigmoid(a), t), "twice"),
    ("07.cross_entropy", lambda a, t: bce(a, 1 - t), "exchanged"),
    ("07.cross_entropy", lambda a, t: functional.binary_cross_entropy(a.sigmoid(), t), "−100"),
    ("07.cross_entropy", lambda a, t: -bce(a, t), "sign"),
    ("07.cross_entropy", lambda a, t: bce(a, t).item(), "gradient"),
    ("07.move", lambda q, f, step: q - step * slope(f, q), "away|sign"),
    ("07.move", lambda q, f, step: q + step * slope(lambda x: f(x).sigmoid(), q), "gradient of D"),
    ("07.move", with_graph, "detach"),
    ("07.move", lambda q, f, step: q + slope(f, q), "step size"),
    ("07.move", lambda q, f, step: q + step * slope(f, q) / len(q), "mean"),
]  # fmt: skip

UNNAMED = [
    ("07.permutation_p_value", lambda s, x, y, o: s(x, y), "."),
    ("07.held_out_test", lambda x, y, f: tested(x, y, f)[1], "."),
    ("07.log_p1", lambda x, c, eps: mixture(x, c, 2 * eps), "."),
    ("07.permutation_p_value", lambda s, x, y, o: 0.05, "."),
    ("07.held_out_test", only_x, "."),
    ("07.held_out_test", lambda x, y, f: tested(x, y, f, flip=True), "."),
    ("07.mmd_permutations", lambda k, n, o: by_loop(k, n, o)[:1], "."),
    ("07.move", lambda q, f, step: q + step, "."),
]  # fmt: skip
