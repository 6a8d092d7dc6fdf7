"""Wrong answers that people give to the exercises of lesson 04."""

import math

import torch
from torch.distributions import Normal
from torch.nn import functional


def kl(mean, logvar):
    return 0.5 * (logvar.exp() + mean**2 - 1 - logvar).sum(-1)


def log_prob(z, mean, logvar):
    return Normal(mean, (logvar / 2).exp()).log_prob(z).sum(-1)


def decoder(x, mean, sigma):
    return Normal(mean, sigma).log_prob(x).sum(-1)


def table(z, mean, logvar):
    return log_prob(z[..., None, :], mean, logvar)


def aggregate(z, mean, logvar):
    return table(z, mean, logvar).logsumexp(-1) - math.log(len(mean))


def information(t):
    return (t.diagonal() - t.logsumexp(1) + math.log(len(t))).mean()


def bound(w):
    return w.logsumexp(0) - math.log(len(w))


def three_terms(mean, logvar, noise):
    z = mean + (logvar / 2).exp() * noise
    own, mixed, prior = (
        log_prob(z, mean, logvar),
        aggregate(z, mean, logvar),
        Normal(0.0, 1.0).log_prob(z).sum(-1),
    )
    return (own - prior).mean(), (own - mixed).mean(), (mixed - prior).mean()


def own_noise(mean, logvar, noise):
    return mean + (logvar / 2).exp() * torch.randn_like(noise)


def scvi_logsumexp(w):
    return (w - w.log_softmax(0)).mean(0)


def without_graph(mean, logvar, noise):
    with torch.no_grad():
        return mean + (logvar / 2).exp() * noise


NAMED = [
    # The example in a popular library took the mean over the latent dimensions for a year.
    ("04.gaussian_kl", lambda m, s: -0.5 * (1 + s - m**2 - s.exp()).mean(-1), "mean over the latent"),
    ("04.gaussian_kl", lambda m, s: -0.5 * (1 + s - m**2 - s.exp()).sum(), "one number for all images"),
    ("04.gaussian_kl", lambda m, s: -0.5 * (1 + s - m**2 - s.exp()).mean(), "one number for all images"),
    ("04.gaussian_kl", lambda m, s: 0.5 * (1 + s - m**2 - s.exp()).sum(-1), "sign"),
    ("04.gaussian_kl", lambda m, s: -(1 + s - m**2 - s.exp()).sum(-1), "1/2 is missing"),
    # A recurrent model summed everything but the 1/2, which it took once for each step.
    ("04.gaussian_kl", lambda m, s: 0.5 * (m**2 + s.exp() - s).sum(-1) - 0.5, "half of n − 1|−1 of each"),
    ("04.gaussian_kl", lambda m, s: 0.1 * kl(m, s), "times 1/10"),
    ("04.gaussian_kl", lambda m, s: 0.5 * (s.exp() + m**2 - 1 - s), "its sum over the last axis"),
    ("04.gaussian_kl", lambda m, s: kl(m, s)[:, None], "in another shape"),
    ("04.gaussian_kl", lambda m, s: kl(m, -s), "minus `s`|sign"),
    # exp(logvar) is a variance; the MNIST numbers of one reproduction came from this.
    ("04.reparameterise", lambda m, s, e: m + e * s.exp(), "variance"),
    ("04.reparameterise", own_noise, "does not depend on `noise`"),
    ("04.reparameterise", without_graph, "No gradient"),
    ("04.reparameterise", lambda m, s, e: (m + (s / 2).exp() * e, m, s), "must be a tensor"),
    ("04.reparameterise", lambda m, s, e: m + (s / 2).exp() * e.abs(), "absolute value of `e`"),
    ("04.reparameterise", lambda m, s, e: e + (s / 2).exp() * m, "`m` and `e` exchanged|`e` and `m` exchanged|shape"),
    ("04.gaussian_decoder", lambda x, m, s: -decoder(x, m, s), "sign"),
    ("04.gaussian_decoder", lambda x, m, s: Normal(m, s).log_prob(x), "its sum over the last axis"),
    ("04.gaussian_decoder", lambda x, m, s: decoder(x, m, s).mean(), "mean of the expected"),
    ("04.gaussian_decoder", lambda x, m, s: decoder(x, m, s).sum(), "sum of the expected"),
    ("04.gaussian_decoder", lambda x, m, s: decoder(x, m, s**2), "square of `s`"),
    ("04.gaussian_decoder", lambda x, m, s: decoder(x, m, s**0.5), "square root of `s`"),
    ("04.gaussian_decoder", lambda x, m, s: decoder(x, m, math.exp(s)), "exponential of `s`"),
    ("04.gaussian_decoder", lambda x, m, s: decoder(x, m, s) - 5 / 2 * math.log(2 * math.pi), "smaller"),
    ("04.gaussian_decoder", lambda x, m, s: -functional.mse_loss(m, x, reduction="none").mean(-1), "`s`|constant"),
    ("04.gaussian_decoder", lambda x, m, s: -((x - m) ** 2).sum(-1) / (2 * s**2), "constant is missing"),
    ("04.log_q_agg", lambda z, m, s: table(z, m, s).logsumexp(-1), "1/n is missing"),
    ("04.log_q_agg", lambda z, m, s: -aggregate(z, m, s), "sign"),
    ("04.log_q_agg", lambda z, m, s: aggregate(z, m, s).mean(), "mean of the expected"),
    ("04.log_q_agg", lambda z, m, s: aggregate(z, m, s).exp(), "exponential of the expected"),
    ("04.log_q_agg", lambda z, m, s: aggregate(z, m, 2 * s), "standard deviation|twice"),
    ("04.log_q_agg", lambda z, m, s: table(z, m, s) - math.log(len(m)), "too many entries|shape|logsumexp"),
    ("04.mutual_information", lambda t: information(t) / math.log(2), "base 2|bits"),
    ("04.mutual_information", lambda t: information(t).abs(), "absolute value"),
    ("04.mutual_information", lambda t: information(t) * len(t) / (len(t) - 1), "n/\\(n − 1\\)"),
    ("04.mutual_information", lambda t: (t.diagonal() - t.logsumexp(0) + math.log(len(t))).mean(), "over the points"),
    ("04.surgery", lambda m, s, e: tuple(-one for one in three_terms(m, s, e)), "sign"),
    ("04.surgery", lambda m, s, e: tuple(three_terms(m, s, e)[k] for k in (1, 0, 2)), "1 and 2 have changed places"),
    ("04.surgery", lambda m, s, e: three_terms(m, s, torch.randn_like(e)), "does not depend on `e`"),
    ("04.surgery", lambda m, s, e: sum(three_terms(m, s, e)[1:]), "result 1 alone"),
    ("04.vamp_log_prob", lambda z, encode, u: -aggregate(z, *encode(u)), "sign"),
    ("04.vamp_log_prob", lambda z, encode, u: table(z, *encode(u)).logsumexp(-1), "1/K is missing"),
    ("04.vamp_log_prob", lambda z, encode, u: aggregate(z, *encode(u)).sum(), "sum of the expected"),
    ("04.importance_bound", lambda w: -bound(w), "sign"),
    # A hand-written logsumexp of a first version, without the log of the number of draws.
    ("04.importance_bound", scvi_logsumexp, "1/K is missing"),
    ("04.importance_bound", lambda w: w.mean(0), "mean of the logarithms"),
    ("04.importance_bound", lambda w: bound(w).sum(), "sum of the expected"),
    ("04.importance_bound", lambda w: bound(w.T), "must run over the draws"),
    ("04.reparameterise", lambda m, s, e: m + 0.5 * s * e, "exp|standard deviation"),
    ("04.log_q_agg", lambda z, m, s: table(z, m, s).logsumexp(-1) / len(m), "log n|divided"),
    ("04.surgery", lambda m, s, e: (kl(m, s).mean(), *three_terms(m, s, e)[1:]), "closed form|draws"),
    ("04.vamp_log_prob", lambda z, encode, u: table(z, *encode(u)).sum(-1), "logarithm of the mean"),
    ("04.importance_bound", lambda w: w.max(0).values, "largest|logsumexp"),
    ("04.importance_bound", lambda w: w.logsumexp(0) / len(w), "log K"),
]  # fmt: skip

UNNAMED = []
