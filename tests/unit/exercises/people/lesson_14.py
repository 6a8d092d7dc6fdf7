"""Wrong answers that people give to the exercises of lesson 14."""

import math

import torch

entr, xlogy = torch.special.entr, torch.special.xlogy


def score(p):
    return (entr(p.mean(0)).sum() - entr(p).sum(1).mean()).exp()


def root(c):
    values, vectors = torch.linalg.eigh(c)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.mT


def cross(p, q):
    return torch.linalg.eigvalsh(root(p) @ q @ root(p)).clamp(min=0).sqrt().sum()


def merged(n, mean, cov, batch, scatter_only=False):
    m, other = len(batch), batch.mean(0)
    delta, total = other - mean, n + len(batch)
    scatter = cov * (n - 1) + (batch - other).T @ (batch - other) + torch.outer(delta, delta) * n * m / total
    return total, mean + delta * m / total, scatter if scatter_only else scatter / (total - 1)


def fid(p, q, ddof=1, root=True):
    a, b = ((x - x.mean(0)) / math.sqrt(len(x) - ddof) for x in (p, q))
    spectrum = torch.linalg.svdvals(a @ b.T)
    shift = ((p.mean(0) - q.mean(0)) ** 2).sum()
    return shift + (a**2).sum() + (b**2).sum() - 2 * (spectrum if root else spectrum**2).sum()


def pairs(k):
    return (k.sum() - k.diagonal().sum()) / (len(k) * (len(k) - 1))


def mmd(a, b, c):
    return pairs(a) + pairs(b) - 2 * c.mean()


def unit_diagonal(a, b, c):
    within = sum((k.sum() - len(k)) / (len(k) * (len(k) - 1)) for k in (a, b))
    return within - 2 * c.mean()


def plain_average(n, mean, cov, batch):
    total, _, new_cov = merged(n, mean, cov, batch)
    return total, (mean + batch.mean(0)) / 2, new_cov


def exponentials(p):
    m = p.mean(0)
    return torch.stack([(xlogy(row, row) - xlogy(row, m)).sum().exp() for row in p]).mean()


def turned_round(p):
    m = p.mean(0, keepdim=True)
    return (m * (m / p).log()).sum(1).mean().exp()


def numpy_rowvar(n, mean, cov, batch):
    total, new_mean, right = merged(n, mean, cov, batch)
    deviations = batch - batch.mean(0)
    return total, new_mean, right + (deviations @ deviations.T - deviations.T @ deviations) / (total - 1)


def unweighted_delta(n, mean, cov, batch):
    total, new_mean, right = merged(n, mean, cov, batch)
    delta, m = batch.mean(0) - mean, len(batch)
    return total, new_mean, right + torch.outer(delta, delta) * (1 - n * m / total) / (total - 1)


def by_moments(n, mean, cov, batch):
    total, new_mean, _ = merged(n, mean, cov, batch)
    products = cov * (n - 1) + n * torch.outer(mean, mean) + batch.T @ batch
    return total, new_mean, (products - total * torch.outer(new_mean, new_mean)) / (total - 1)


def line(x, y):
    slope = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
    return y.mean() - slope * x.mean(), slope


NAMED = [
    ("14.inception_score", lambda p: score(p).log(), "exponential is missing"),
    ("14.inception_score", lambda p: 1 / score(p), "turned round"),
    ("14.inception_score", lambda p: score(p.T), "axes"),
    ("14.inception_score", lambda p: score(p) - 1, "1 smaller"),
    ("14.inception_score", lambda p: (p * (p.log() - p.mean(0).log())).sum(1).mean().exp(), "0 · log 0|entr"),
    ("14.cross_trace", lambda p, q: 2 * cross(p, q), "factor 2"),
    ("14.cross_trace", lambda p, q: torch.trace(p @ q), "root is missing"),
    ("14.cross_trace", lambda p, q: torch.trace((p @ q).sqrt()), "each entry"),
    ("14.cross_trace", lambda p, q: -cross(p, q), "sign"),
    ("14.cross_trace", lambda p, q: torch.trace(root(p) @ root(q)), "one by one"),
    ("14.cross_trace", lambda p, q: cross(p, q) / len(p), "number of"),
    ("14.update_statistics", lambda n, mean, cov, batch: merged(n, mean, cov, batch, True), "result 3 is proportional"),
    ("14.update_statistics", lambda *a: tuple(merged(*a)[k] for k in (0, 2, 1)), "changed places"),
    ("14.update_statistics", lambda *a: tuple(merged(*a)[k] for k in (1, 0, 2)), "changed places"),
    ("14.update_statistics", plain_average, "of one size"),
    ("14.fid_few_images", lambda p, q: fid(p, q, ddof=0), "n - 1"),
    ("14.fid_few_images", lambda p, q: fid(p, q, root=False), "squared"),
    ("14.fid_few_images", lambda p, q: fid(p.float(), q.float()), "single precision"),
    ("14.mmd2_unbiased", lambda a, b, c: a.mean() + b.mean() - 2 * c.mean(), "biased"),
    ("14.mmd2_unbiased", lambda a, b, c: pairs(a) + pairs(b) - c.mean(), "twice"),
    ("14.mmd2_unbiased", lambda a, b, c: -mmd(a, b, c), "sign"),
    ("14.mmd2_unbiased", lambda a, b, c: mmd(a, b, c).clamp(min=0), "no longer unbiased"),
    ("14.mmd2_unbiased", lambda a, b, c: mmd(a, b, c) / 2, "times 1/2"),
    # polyfit gives the slope first.
    ("14.extrapolate", lambda n, v: line(1 / n, v)[1], "slope"),
    ("14.extrapolate", lambda n, v: line(1 / n, v), "Result 1 of your 2"),
    ("14.extrapolate", lambda n, v: line(n, v)[0], "fitted in n"),
    ("14.extrapolate", lambda n, v: v[-1], "largest size"),
    ("14.extrapolate", lambda n, v: line(1 / n**2, v)[0], "square of `n`"),
    ("14.extrapolate", lambda n, v: -line(1 / n, v)[0], "sign"),
    ("14.nearest", lambda s, t: torch.cdist(s, t).min(1), "Result 1 of your 2"),
    ("14.nearest", lambda s, t: torch.cdist(s, t).min(1).values ** 2, "squared"),
    ("14.nearest", lambda s, t: torch.cdist(s, t).argmin(1), "which image"),
    ("14.nearest", lambda s, t: torch.cdist(s, t).min(1).values / s.shape[1] ** 0.5, "√n"),
    ("14.nearest", lambda s, t: torch.cdist(s, t), "smallest entry over the last axis"),
    ("14.nearest", lambda s, t: torch.cdist(s, t).min(1).values.mean(), "mean of the expected"),
    ("14.nearest", lambda s, t: torch.cdist(t, s).min(1).values, "exchanged"),
    ("14.inception_score", lambda p: (entr(p.mean(0)).sum() - entr(p).mean()).exp(), "images and classes"),
    ("14.inception_score", exponentials, "then averaged"),
    ("14.inception_score", turned_round, "other way round"),
    ("14.cross_trace", lambda p, q: torch.linalg.svdvals(p @ q).sqrt().sum(), "singular values of the product"),
    ("14.cross_trace", lambda p, q: torch.linalg.eigvalsh(p @ q).clamp(min=0).sqrt().sum(), "not symmetric"),
    ("14.cross_trace", lambda p, q: torch.linalg.eigvals(p @ q).sqrt().sum(), "complex"),
    ("14.update_statistics", numpy_rowvar, "wrong axis"),
    ("14.update_statistics", unweighted_delta, "no weight"),
    ("14.update_statistics", lambda *a: (a[0], *merged(*a)[1:]), "old one"),
    ("14.fid_few_images", lambda p, q: fid(p, q).sqrt(), "squared distance"),
    ("14.mmd2_unbiased", unit_diagonal, "1 is taken off"),
    ("14.nearest", lambda s, t: torch.cdist(s, t).topk(2, largest=False).values[:, 1], "second nearest"),
]  # fmt: skip

UNNAMED = [
    # What is left of the digits is chance, and so there is nothing to recognise it by.
    ("14.update_statistics", by_moments, "digits"),
    ("14.cross_trace", lambda p, q: (p.trace() * q.trace()).sqrt(), "trace"),
    ("14.update_statistics", lambda n, mean, cov, batch: merged(n, mean, cov, batch)[1:], "count"),
    ("14.mmd2_unbiased", lambda a, b, c: pairs(a) + pairs(b) - 2 * c.sum(), "mean|sum"),
]  # fmt: skip
