"""Wrong answers that people give to the exercises of lesson 13."""

import math

import torch


def c(mu, v, h, scale=0.5):
    return (h * h / (h * h + v)) ** scale * math.exp(-mu * mu / (2 * (h * h + v)))


def kernel(a, b, h, factor=2.0):
    return torch.exp(-((a[:, None] - b) ** 2) / (factor * h**2))


def gap(t, x, y, h, **more):
    return kernel(t, x, h, **more).mean(1) - kernel(t, y, h, **more).mean(1)


def norm2(x, y, h, **more):
    return (
        kernel(x, x, h, **more).mean() + kernel(y, y, h, **more).mean() - 2 * kernel(x, y, h, **more).mean()
    )


def no_diagonal(t, x, y, h):
    within = sum(
        (k.sum() - k.diagonal().sum()) / max(1, len(k) * (len(k) - 1))
        for k in (kernel(x, x, h), kernel(y, y, h))
    )
    return gap(t, x, y, h) / (within - 2 * kernel(x, y, h).mean()).sqrt()


def lsif(x_p, x_q, centres, h, ridge, H_of="q", n=None, factor=2.0, clip=False):
    on = {"p": torch.exp(-((x_p[:, None] - centres) ** 2) / (factor * h**2))}
    on["q"] = torch.exp(-((x_q[:, None] - centres) ** 2) / (factor * h**2))
    base = on[H_of]
    H = base.T @ base / (n or len(base))
    a = torch.linalg.inv(H + ridge * torch.eye(len(centres), dtype=H.dtype)) @ on["p"].mean(0)
    return a.clamp(min=0) if clip else a


def scaled_by_root(m, s, h):
    return c(0, 2, h) + c(0, 2 * s**2, h) - 2 * c(m, 1 + s**2, h) ** 0.5


def overlap_of_ranges(x, y, kind):
    return bool(max(x.min(), y.min()) < min(x.max(), y.max()))


def range_of_real(x, y, kind):
    if kind == "least_squares":
        return bool(x.min() < y.min() and y.max() < x.max())
    if kind == "f:kl":
        return bool(x.min() < y.mean() < x.max())
    return overlap_of_ranges(x, y, kind)


def mean_for_logistic(x, y, kind):
    if kind == "class_probability":
        return bool(y.min() < x.mean() < y.max())
    return bool(y.min() < (x.mean() if kind == "f:kl" else x.min())) and bool(
        (x.mean() if kind == "f:kl" else x.max()) < y.max()
    )


def one_sided(x, y, kind):
    if kind == "class_probability":
        return bool(x.min() < y.max())
    return mean_for_logistic(x, y, kind)


NAMED = [
    ("13.mmd2_gaussians",
     lambda m, s, h: max(0, c(0, 2, h) + c(0, 2 * s * s, h) - 2 * c(m, 1 + s * s, h)) ** 0.5, "MMD"),
    ("13.mmd2_gaussians", lambda m, s, h: c(0, 2, h) + c(0, 2 * s, h) - 2 * c(m, 1 + s, h), "s²"),
    ("13.mmd2_gaussians", lambda m, s, h: c(0, 2, h) + c(0, 2 * s * s, h) - c(m, 1 + s * s, h), "twice"),
    ("13.mmd2_gaussians", lambda m, s, h: c(0, 1, h) + c(0, s * s, h) - 2 * c(m, (1 + s * s) / 2, h), "variance of x"),
    ("13.mmd2_gaussians",
     lambda m, s, h: c(0, 2, h, 0) + c(0, 2 * s * s, h, 0) - 2 * c(m, 1 + s * s, h, 0), "missing"),
    ("13.witness", lambda t, x, y, h: gap(t, y, x, h) / norm2(x, y, h).sqrt(), "turned round"),
    ("13.witness", lambda t, x, y, h: gap(t, x, y, h), "not normalised"),
    ("13.witness", lambda t, x, y, h: gap(t, x, y, h) / norm2(x, y, h), "MMD²"),
    ("13.witness", lambda t, x, y, h: gap(t, x, y, h, factor=1.0) / norm2(x, y, h, factor=1.0).sqrt(), "2 is missing"),
    ("13.ratio_from_classifier", lambda a, s: 1 / (1 + torch.exp(-a)), "D itself"),
    ("13.ratio_from_classifier", lambda a, s: torch.exp(a), "forgotten"),
    ("13.ratio_from_classifier", lambda a, s: torch.exp(a) * s / (1 - s), "upside down"),
    ("13.ratio_from_classifier", lambda a, s: torch.exp(-a) * s / (1 - s), "q/p"),
    ("13.ratio_from_classifier",
     lambda a, s: torch.sigmoid(a) * (1 - s) / ((1 - torch.sigmoid(a)) * s), "sigmoid rounds"),
    ("13.divergence_two_loss", lambda d, s, r, f: s(f).mean() - r.mean(), "first form"),
    ("13.divergence_two_loss", lambda d, s, r, f: torch.mean(d(r)) - torch.mean(s(d(f))), "raised"),
    ("13.divergence_two_loss", lambda d, s, r, f: s(f).mean() - d(r).mean(), "must be f"),
    ("13.divergence_two_loss", lambda d, s, r, f: s(d(f)).sum() - d(r).sum(), "sums"),
    ("13.fit_exists", lambda x, y, kind: True, "Not always"),
    ("13.fit_exists", range_of_real, "exchanged"),
    ("13.fit_exists", overlap_of_ranges, "all three"),
    ("13.fit_exists", mean_for_logistic, "Logistic"),
    ("13.fit_exists", one_sided, "to the left"),
    ("13.fit_ratio", lambda *a: lsif(*a, H_of="p"), "H is averaged over x_p"),
    ("13.fit_ratio", lambda p, q, *a: lsif(q, p, *a), "exchanged"),
    ("13.fit_ratio", lambda *a: lsif(*a, n=1), "H is a sum"),
    ("13.fit_ratio", lambda *a: lsif(*a, factor=1.0), "2 is missing"),
    ("13.fit_ratio", lambda *a: lsif(*a, clip=True), "cut off"),
    ("13.moment_loss", lambda x, g: ((x.mean(0) - g.mean(0)) ** 2).mean(), "mean over the features"),
    ("13.moment_loss", lambda x, g: ((x.sum(0) / len(x) - g.sum(0) / len(x)) ** 2).sum(), "divided by N"),
    ("13.moment_loss", lambda x, g: torch.linalg.norm(x.mean(0) - g.mean(0)), "length"),
    ("13.moment_loss", lambda x, g: torch.cdist(x, g).square().mean(), "pairs"),
    ("13.code_price", lambda a: a.mean(), "−KL"),
    ("13.code_price", lambda a: -torch.sigmoid(a).mean(), "C itself"),
    ("13.code_price", lambda a: -torch.nn.functional.logsigmoid(a).mean(), "log C"),
    ("13.code_price", lambda a: -a.sum(), "sum"),
]  # fmt: skip

UNNAMED = [
    ("13.mmd2_gaussians", scaled_by_root, "cross"),
    ("13.witness", lambda t, x, y, h: gap(t, x, y, h) / norm2(x, y, h).sqrt() + 1, "1 larger"),
    ("13.ratio_from_classifier", lambda a, s: a, "logit"),
    ("13.divergence_two_loss", lambda d, s, r, f: s(d(f)).mean() * d(r).mean(), "product"),
    ("13.fit_exists", lambda x, y, kind: x.std() < y.std(), "spread"),
    ("13.moment_loss", lambda x, g: (x.var(0) - g.var(0)).square().sum() + x.sum() * 0 + 1, "variances"),
]
