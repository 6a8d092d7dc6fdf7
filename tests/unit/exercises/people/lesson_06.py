"""Wrong answers that people give to the exercises of lesson 06."""

import math

import torch

entr, ndtr, ndtri = torch.special.entr, torch.special.ndtr, torch.special.ndtri


def gaps(information, dim=0):
    top = information.sort(dim, descending=True).values
    return top.select(dim, 0) - top.select(dim, 1)


def modular(information, power=2, others=1):
    strong = information.abs() ** power
    best = strong.max(1).values
    count = information.shape[1] - others
    return torch.where(best > 0, 1 - (strong.sum(1) - best) / (best.clamp(min=1e-300) * count), 0.0)


def ratios(batch, everything):
    spread = everything.var(0)
    return torch.where(spread > 0, batch.var(0) / spread.clamp(min=1e-300), math.inf)


def rows(importance):
    shares = importance.sum(1, keepdim=True)
    return importance / torch.where(shares > 0, shares, 1.0)


def dci(importance, base=None, weights=None):
    pure = 1 - entr(rows(importance)).sum(1) / math.log(importance.shape[1] if base is None else base)
    weights = importance.sum(1) / importance.sum() if weights is None else weights
    return (weights * pure).sum()


def level(eigenvalues, threshold):
    return eigenvalues.clamp(max=threshold), 0.5 * (eigenvalues / threshold).clamp(min=1).log()


def covariance(mean, logvar, ddof=0):
    return torch.cov(mean.T, correction=ddof) + torch.diag(logvar.exp().mean(0))


def penalty(cov, off, diagonal):
    hollow = cov - torch.diag(cov.diagonal())
    return off * (hollow**2).sum() + diagonal * ((cov.diagonal() - 1) ** 2).sum()


def upper(cov, off, diagonal):
    return off * (torch.triu(cov, 1) ** 2).sum() + diagonal * ((cov.diagonal() - 1) ** 2).sum()


def phi(x):
    return torch.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


def stretches(u, cdf, quantile, density, matrix):
    x = ndtri(cdf(u))
    y = x @ matrix.T
    return phi(y) / density(quantile(ndtr(y))), density(u) / phi(x)


NAMED = [
    ("06.mig", lambda i, h: gaps(i).mean(), "entropy of its factor"),
    ("06.mig", lambda i, h: gaps(i).sum() / h.sum(), "its own factor"),
    ("06.mig", lambda i, h: gaps(i, 1).mean(), "wrong axis"),
    ("06.mig", lambda i, h: gaps(i) / h, "one number"),
    ("06.mig", lambda i, h: (gaps(i) / h).sum(), "sum over the factors"),
    ("06.mig", lambda i, h: (i.max(0).values / h).mean(), "second best"),
    ("06.modularity", lambda i: modular(i, power=1).mean(), "squares"),
    ("06.modularity", lambda i: modular(i, others=0).mean(), "K - 1"),
    ("06.modularity", lambda i: modular(i.T).mean(), "Rows are latents"),
    ("06.modularity", lambda i: 1 - modular(i).mean(), "one minus"),
    ("06.modularity", lambda i: modular(i), "one number"),
    ("06.modularity", lambda i: (modular(i) + (i.sum(1) == 0)).mean(), "counts 0"),
    ("06.factor_vote", lambda b, e: int(b.std(0).argmin()), "scales"),
    ("06.factor_vote", lambda b, e: int(torch.nan_to_num(b.var(0) / e.var(0)).argmin()), "never moves"),
    ("06.factor_vote", lambda b, e: int(torch.nan_to_num(b.var(0) / e.var(0), nan=-1.0).argmax()), "varies most"),
    ("06.disentanglement", lambda r: 1 - (entr(rows(r)).sum(1) * r.sum(1)).sum() / r.sum(), "log K"),
    ("06.disentanglement", lambda r: dci(r, base=2), "bits"),
    ("06.disentanglement", lambda r: dci(r, weights=torch.ones(len(r)).double() / len(r)), "idle"),
    ("06.disentanglement", lambda r: dci(r.T), "completeness"),
    ("06.disentanglement", lambda r: 1 - dci(r), "one minus"),
    ("06.disentanglement", lambda r: dci(r, weights=r.sum(1)), "sum to 1"),
    ("06.linear_beta_vae", lambda e, s, b: level(e, s**2), "plain VAE"),
    ("06.linear_beta_vae", lambda e, s, b: level(e, b * s), "not times σ"),
    ("06.linear_beta_vae", lambda e, s, b: level(e, s**2 / b), "rises with beta"),
    ("06.linear_beta_vae", lambda e, s, b: (level(e, b * s**2)[0], 2 * level(e, b * s**2)[1]), "half the logarithm"),
    ("06.linear_beta_vae", lambda e, s, b: (level(e, b * s**2)[0], 0.5 * (e / (b * s**2)).log()), "negative"),
    ("06.linear_beta_vae", lambda e, s, b: ((e - b * s**2).clamp(min=0), level(e, b * s**2)[1]), "what is lost"),
    ("06.linear_beta_vae", lambda e, s, b: level(e, b * s**2)[0], "result 1 alone"),
    ("06.dip_penalty", lambda m, s, a, b: penalty(torch.cov(m.T, correction=0), a, b), "DIP-VAE-I"),
    ("06.dip_penalty", lambda m, s, a, b: upper(covariance(m, s), a, b), "Each pair counts once"),
    ("06.dip_penalty", lambda m, s, a, b: penalty(covariance(m, s, 1), a, b), "n - 1"),
    ("06.dip_penalty", lambda m, s, a, b: penalty(covariance(m, s / 2), a, b), "standard deviation"),
    ("06.dip_penalty", lambda m, s, a, b: penalty(covariance(m, s), b, a), "changed places"),
    ("06.dip_penalty", lambda m, s, a, b: penalty(m.T @ m / len(m) + torch.diag(s.exp().mean(0)), a, b), "subtracted"),
    ("06.dip_penalty", lambda m, s, a, b: penalty(covariance(m, s.detach()), a, b), "No gradient reaches"),
    ("06.entangle", lambda u, g, q, a: q(ndtr(ndtri(g(u)) @ a)), "transpose"),
    ("06.entangle", lambda u, g, q, a: u @ a.T, "rotates u itself"),
    ("06.entangle", lambda u, g, q, a: ndtr(ndtri(g(u)) @ a.T), "last step"),
    ("06.entangle", lambda u, g, q, a: ndtri(g(u)) @ a.T, "Gaussian"),
    ("06.entangle", lambda u, g, q, a: q(ndtr(ndtri(g(u)))), "identity"),
    ("06.entangle_jacobian", lambda *z: z[4].expand(len(z[0]), *z[4].shape), "rotation alone"),
    ("06.entangle_jacobian", lambda *z: z[4] * stretches(*z)[1][:, None, :], "way back is missing"),
    ("06.entangle_jacobian", lambda *z: stretches(*z)[0][..., None] * z[4], "way there is missing"),
    (
        "06.entangle_jacobian",
        lambda *z: (stretches(*z)[0][..., None] * z[4] * stretches(*z)[1][:, None, :]).mT,
        "transpose",
    ),
    ("06.entangle_jacobian", lambda *z: z[4] / stretches(*z)[0][..., None] / stretches(*z)[1][:, None, :], "upside"),
    ("06.explained", lambda s: s.mean(0).var(correction=0) / s.var(correction=0), "seed's number"),
    ("06.explained", lambda s: s.var(1, correction=0).mean() / s.var(correction=0), "left within"),
    ("06.explained", lambda s: s.mean(1).var() / s.var(), "minus one"),
    ("06.explained", lambda s: s.mean(1).std(correction=0) / s.std(correction=0), "square root"),
]  # fmt: skip

UNNAMED = [
    ("06.mig", lambda i, h: (gaps(i) / h).median(), "mean"),
    ("06.factor_vote", lambda b, e: b.var(0).min(), "does not depend on"),
    ("06.disentanglement", lambda r: rows(r).max(1).values.mean(), "entropy"),
    ("06.dip_penalty", lambda m, s, a, b: penalty(torch.corrcoef(m.T), a, b), "covariance"),
    ("06.explained", lambda s: s.mean(1).var(correction=0), "share|divide"),
]  # fmt: skip
