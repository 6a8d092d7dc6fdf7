"""Wrong answers that people give to the exercises of lesson 09."""

import torch
from torch.nn import functional

bce = functional.binary_cross_entropy_with_logits


def normed(x, g, b, e):
    return functional.batch_norm(x, None, None, g, b, training=True, eps=e)


def virtual(x, r, e):
    rows = [torch.cat([r, point[None]]) for point in x]
    return torch.stack([((row - row.mean(0)) / (row.var(0, correction=0) + e).sqrt())[-1] for row in rows])


def virtual_unbiased(x, r, e):
    rows = [torch.cat([r, point[None]]) for point in x]
    return torch.stack([((row - row.mean(0)) / (row.var(0) + e).sqrt())[-1] for row in rows])


def arithmetic(a, b, c):
    return a.mean(0) - b.mean(0) + c.mean(0)


def matching(r, f):
    return ((r.mean(0) - f.mean(0)) ** 2).sum()


def step(theta, mean, t, gradient, rate, weight):
    new = theta - rate * gradient - 2 * rate * weight * (theta - mean)
    return new, (t * mean + new) / (t + 1)


def in_place(theta, mean, t, gradient, rate, weight):
    theta -= rate * (gradient + 2 * weight * (theta - mean))
    return theta, (t * mean + theta) / (t + 1)


def smooth(p, q, a):
    return (1 - a) * p / (p + q)


def label(scores, value):
    return bce(scores, torch.full_like(scores, value))


def smoothed(r, f, a):
    return label(r, 1 - a) + label(f, 0.0)


NAMED = [
    ("09.transposed_size", lambda n, k, s, p, o: (n + 2 * p - k) // s + 1, "after a convolution"),
    ("09.transposed_size", lambda n, k, s, p, o: n * s, "chosen for it"),
    ("09.transposed_size", lambda n, k, s, p, o: (n - 1) * s - 2 * p + k, "output padding"),
    ("09.transposed_size", lambda n, k, s, p, o: (n - 1) * s + k + o, "padding is missing"),
    ("09.transposed_size", lambda n, k, s, p, o: (n - 1) * s - p + k + o, "both ends"),
    ("09.overlap", lambda k, s: [k // s for _ in range(s)], "divides the kernel"),
    ("09.overlap", lambda k, s: [k / s] * s, "mean over the phases"),
    ("09.overlap", lambda k, s: sorted(len(range(r, k, s)) for r in range(s)), "order"),
    ("09.batch_norm", lambda x, g, b, e: (x - x.mean((2, 3), keepdim=True))
     / (x.var((2, 3), correction=0, keepdim=True) + e).sqrt() * g[:, None, None] + b[:, None, None], "instance"),
    ("09.batch_norm", lambda x, g, b, e: (x - x.mean((0, 2, 3), keepdim=True))
     / (x.var((0, 2, 3), keepdim=True) + e).sqrt() * g[:, None, None] + b[:, None, None], "m - 1"),
    ("09.batch_norm", lambda x, g, b, e: normed(x, None, None, e), "gamma and beta"),
    ("09.batch_norm", lambda x, g, b, e: (x - x.mean(0)) / (x.var(0, correction=0) + e).sqrt() * g[:, None, None]
     + b[:, None, None], "pixels too"),
    ("09.batch_norm", lambda x, g, b, e: normed(x, g, None, e), "beta|`b`"),
    ("09.virtual_batch_norm", lambda x, r, e: (x - r.mean(0)) / (r.var(0, correction=0) + e).sqrt(), "alone"),
    ("09.virtual_batch_norm",
     lambda x, r, e: functional.batch_norm(torch.cat([r, x]), None, None, training=True, eps=e)[len(r):], "one batch"),
    ("09.virtual_batch_norm", virtual_unbiased, "divided by m"),
    ("09.virtual_batch_norm", lambda x, r, e: functional.batch_norm(x, None, None, training=True, eps=e)
     if len(x) > 1 else x * 0, "reference is not used"),
    ("09.virtual_batch_norm", lambda x, r, e: virtual(x, r, 0.0), "eps is missing"),
    ("09.latent_arithmetic", lambda a, b, c: a[0] - b[0] + c[0], "first code"),
    ("09.latent_arithmetic", lambda a, b, c: a.mean(0) + b.mean(0) - c.mean(0), "taken away"),
    ("09.latent_arithmetic", lambda a, b, c: a.sum(0) - b.sum(0) + c.sum(0), "sums"),
    ("09.latent_arithmetic", lambda a, b, c: arithmetic(a, b, c) / arithmetic(a, b, c).norm(), "length 1"),
    ("09.feature_matching", lambda r, f: torch.nn.MSELoss()(r.mean(0), f.mean(0)), "averaged over the features"),
    ("09.feature_matching", lambda r, f: torch.norm(r.mean(0) - f.mean(0)), "norm"),
    ("09.feature_matching", lambda r, f: (r.mean(0) - f.mean(0)) ** 2, "its sum"),
    ("09.feature_matching", lambda r, f: matching(r, f).item(), "no gradient|ended its graph"),
    ("09.feature_matching", lambda r, f: matching(r, f.detach()), "no gradient|detach"),
    ("09.feature_matching", lambda r, f: -matching(r, f), "sign"),
    ("09.historical_step", lambda *a: step(*a[:5], a[5] / 2), "2 is missing"),
    ("09.historical_step", in_place, "changes `theta`|changed"),
    ("09.historical_step", lambda *a: (step(*a)[0], a[1]), "mean is the old|result 2"),
    ("09.historical_step", lambda *a: (step(*a)[0], 0.9 * a[1] + 0.1 * step(*a)[0]), "exponential"),
    ("09.historical_step", lambda *a: step(*a)[0], "result 1 alone"),
    ("09.historical_step", lambda *a: step(*a[:4], a[4], -a[5]), "sign|minus"),
    ("09.smoothed_discriminator", lambda p, q, a: (1 - a) * p / ((1 - a) * p + q), "not the mass"),
    ("09.smoothed_discriminator", lambda p, q, a: p / (p + q) - a, "subtracted"),
    ("09.smoothed_discriminator", lambda p, q, a: ((1 - a) * p + a * q) / (p + q), "one-sided"),
    ("09.smoothed_discriminator", lambda p, q, a: a * p / (p + q), "1 - alpha, not alpha"),
    ("09.smoothed_discriminator", lambda p, q, a: 1 - smooth(p, q, a), "1 minus|1 − "),
    ("09.smoothed_loss", lambda r, f, a: label(r, 1 - a) + label(f, a), "one-sided"),
    ("09.smoothed_loss", lambda r, f, a: (1 - a) * label(r, 1.0) + label(f, 0.0), "other part"),
    ("09.smoothed_loss", lambda r, f, a: -((1 - a) * r.sigmoid().log() + a * (1 - r.sigmoid()).log()).mean()
     - (1 - f.sigmoid()).log().mean(), "rounded"),
    ("09.smoothed_loss", lambda r, f, a: smoothed(r.sigmoid(), f.sigmoid(), a), "twice"),
    ("09.smoothed_loss", lambda r, f, a: smoothed(r, f, a).item(), "no gradient|ended its graph"),
    ("09.smoothed_loss", lambda r, f, a: smoothed(r, f, a) / 2, "1/2"),
]  # fmt: skip

UNNAMED = [
    ("09.overlap", lambda k, s: [(k - r) // s for r in range(s)], "Shifted|pixel"),
    ("09.transposed_size", lambda n, k, s, p, o: n * s + k - 2 * p - o, "size"),
    ("09.batch_norm", lambda x, g, b, e: (x - x.mean()) / x.std(), "channel|mean|gamma"),
    ("09.latent_arithmetic", lambda a, b, c: torch.cat([a, c]).mean(0) - b.mean(0), "mean|Two"),
    ("09.smoothed_loss", lambda r, f, a: functional.relu(1 - a - r).mean() + functional.relu(1 + f).mean(), "hinge"),
]  # fmt: skip
