"""Wrong answers that people give to the exercises of lesson 01."""

import torch
from torch.distributions import Normal, kl_divergence
from torch.nn import functional


def changes_in_place(mean, precision, m, j):
    others = [k for k in range(len(m)) if k != j]
    m[j] = mean[j] - precision[j, others] @ (m[others] - mean[others]) / precision[j, j]
    return m[j]


def kl(p, q):
    return torch.special.xlogy(p, p / q).sum()


def weighted(w, m, s):
    mean = (w * m).sum()
    return mean, (w * (s**2 + (m - mean) ** 2)).sum().sqrt()


def gaussian(mean_q, std_q, mean_p, std_p):
    return kl_divergence(Normal(mean_q, std_q), Normal(mean_p, std_p))


NAMED = [
    # The target of torch's kl_div is its second argument, so KL runs the other way.
    ("01.kl_discrete", lambda p, q: functional.kl_div(p.log(), q, reduction="sum"), "KL\\(q‖p\\)"),
    # On a vector "batchmean" divides by the number of atoms.
    ("01.kl_discrete", lambda p, q: functional.kl_div(q.log(), p, reduction="batchmean"), "entries of|over the atoms"),
    # Its first argument must be a log-probability.
    ("01.kl_discrete", lambda p, q: functional.kl_div(q, p, reduction="sum"), "exponential of `q`|log"),
    ("01.kl_discrete", lambda p, q: -(p * q.log()).sum(), "cross-entropy"),
    ("01.kl_discrete", lambda p, q: torch.special.xlogy(p, q / p).sum(), "sign"),
    ("01.kl_discrete", lambda p, q: kl(p, q) / torch.tensor(2.0).log(), "bits"),
    ("01.kl_discrete", lambda p, q: torch.special.xlogy(p, p / q), "sum is the expected|too many entries"),
    ("01.kl_discrete", lambda p, q: kl(p, q) / 2, "times 1/2"),
    ("01.gaussian_kl", lambda a, s, b, r: gaussian(b, r, a, s), "KL\\(p‖q\\)"),
    ("01.gaussian_kl", lambda a, s, b, r: gaussian(a, s.sqrt(), b, r.sqrt()), "used as variances"),
    ("01.gaussian_kl", lambda a, s, b, r: (r / s).log() + (s**2 + (a - b) ** 2) / (2 * r**2), "−1 is missing"),
    ("01.gaussian_kl", lambda a, s, b, r: gaussian(a, s**2, b, r**2), "the square of `s` and the square of `r`"),
    ("01.gaussian_kl", lambda a, s, b, r: (s / r).log() - (s**2 + (a - b) ** 2) / (2 * r**2) + 0.5, "sign"),
    ("01.gaussian_kl", lambda a, s, b, r: gaussian(a, s, b, r) / torch.tensor(2.0).log(), "base 2|bits"),
    ("01.gaussian_kl", lambda a, s, b, r: gaussian(a, s, torch.zeros_like(b), r), "zero in place of `b`"),
    ("01.mean_field_update", changes_in_place, "changes `m`"),
    ("01.mean_field_update", lambda mu, prec, m, j: mu[j] - prec[j] @ (m - mu) / prec[j, j], "own old mean"),
    ("01.inclusive_fit", lambda w, m, s: weighted(w, m, s)[::-1], "changed places"),
    ("01.inclusive_fit", lambda w, m, s: weighted(w, m, s)[0], "result 1 alone"),
    ("01.inclusive_fit", lambda w, m, s: (weighted(w, m, s)[0], weighted(w, m, s)[1] ** 2), "variance"),
    ("01.inclusive_fit", lambda w, m, s: ((w * m).sum(), (w * s).sum()), "average second moments"),
    ("01.inclusive_fit", lambda w, m, s: weighted(w, m, 0 * s), "zero in place of `s`|within"),
]  # fmt: skip

UNNAMED = [
    ("01.kl_discrete", lambda p, q: kl(p, q) + kl(q, p), "symmetr|both"),
    ("01.gaussian_kl", lambda a, s, b, r: (r / s).log() + (s**2 + (a - b)) / (2 * r**2) - 0.5, "square"),
    ("01.mean_field_update", lambda mu, prec, m, j: -prec[j] @ (m - mu) / prec[j, j] + (m - mu)[j], "μ|mean"),
    ("01.inclusive_fit", lambda w, m, s: (m.mean(), weighted(w, m, s)[1]), "weights"),
]  # fmt: skip
