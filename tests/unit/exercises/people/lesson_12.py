"""Wrong answers that people give to the exercises of lesson 12."""

import math

import torch

LOG4 = math.log(4)


def divergence(f, p, q):
    return (q * f(p / q)).sum()


def slope(f, u):
    u = u.detach().requires_grad_(True)
    return torch.autograd.grad(f(u).sum(), u)


def conjugate(t):
    return torch.where(t > -2, t + t**2 / 4, -1.0)


def bound(row, a, b):
    return row.output_activation(a).mean() - row.conjugate(row.output_activation(b)).mean()


def loss(row, s):
    return -row.conjugate(row.output_activation(s)).mean()


def game(row, w, theta, x, z, rate):
    w, theta = w.clone().requires_grad_(True), theta.clone().requires_grad_(True)
    fake = theta[0] + theta[1].exp() * z
    a, b = (w[0] + w[1] * s + w[2] * s**2 for s in (x, fake))
    return torch.autograd.grad(bound(row, a, b), (w, theta))


def step(row, w, theta, x, z, rate):
    of_w, of_theta = game(row, w, theta, x, z, rate)
    return w + rate * of_w, theta - rate * of_theta


def in_place(row, w, theta, x, z, rate):
    of_w, of_theta = game(row, w, theta, x, z, rate)
    w += rate * of_w
    theta -= rate * of_theta
    return w, theta


NAMED = [
    ("12.f_divergence", lambda f, p, q: (q * f(p / q)).mean(), "number of (entries|atoms)"),
    ("12.f_divergence", lambda f, p, q: q * f(p / q), "its sum"),
    ("12.f_divergence", lambda f, p, q: divergence(f, q, p), "exchanged"),
    ("12.f_divergence", lambda f, p, q: -divergence(f, p, q), "sign"),
    ("12.f_divergence", lambda f, p, q: (p * f(p / q)).sum(), "weights must be q"),
    ("12.f_divergence", lambda f, p, q: divergence(f, p, q) / 2, "times 1/2"),
    # The published table of conjugates forgets that a ratio is never negative.
    ("12.conjugate_pearson", lambda t: t**2 / 4 + t, "a ratio cannot be negative"),
    ("12.conjugate_pearson", lambda t: -conjugate(t), "sign"),
    ("12.conjugate_pearson", lambda t: 2 * conjugate(t), "times 2"),
    ("12.conjugate_pearson", lambda t: conjugate(-t), "minus `t`"),
    ("12.conjugate_pearson", lambda t: conjugate(t).clamp(min=0), "cut off at 0"),
    # autograd.grad gives a tuple.
    ("12.optimal_critic", lambda f, a, b: slope(f, (a - b).exp()), "return it alone"),
    ("12.optimal_critic", lambda f, a, b: -slope(f, (a - b).exp())[0], "sign"),
    ("12.optimal_critic", lambda f, a, b: slope(f, (b - a).exp())[0], "turned round"),
    ("12.optimal_critic", lambda f, a, b: slope(f, a - b)[0], "exponential"),
    ("12.bound_from_scores", lambda row, a, b: -bound(row, a, b), "sign|times −1"),
    ("12.bound_from_scores", lambda row, a, b: bound(row, b, a), "wrong laws|wrong distributions|exchanged"),
    ("12.bound_from_scores", lambda row, a, b: bound(row, a, b) / 2, "times 1/2"),
    ("12.bound_from_scores", lambda row, a, b: bound(row, a, -b), "minus `b`"),
    ("12.jsd_from_value", lambda v: v + LOG4, "2 JSD"),
    ("12.jsd_from_value", lambda v: (LOG4 - v) / 2, "smaller than the expected one by `value`"),
    ("12.jsd_from_value", lambda v: (v + LOG4) / (2 * math.log(2)), "base 2"),
    ("12.jsd_from_value", lambda v: ((v + LOG4) / 2) ** 0.5, "square root of the expected"),
    ("12.jsd_from_value", lambda v: v + math.log(2), "larger than the expected one by half of `value`"),
    ("12.optimal_critic", lambda f, a, b: slope(f, (a - b).exp())[0].exp(), "exponential of the expected"),
    ("12.generator_loss", lambda row, s: -row.conjugate(row.output_activation(s)), "its mean|averaged"),
    ("12.generator_loss", lambda row, s: -loss(row, s), "sign"),
    ("12.generator_loss", lambda row, s: float(loss(row, s)), "no gradient|ended its graph"),
    ("12.generator_loss", lambda row, s: -row.output_activation(s).mean(), "heuristic"),
    ("12.fgan_step", in_place, "changes `w` and `theta`|changed the w"),
    ("12.fgan_step", lambda *a: step(*a)[::-1], "changed places"),
    ("12.fgan_step", lambda *a: step(*a)[0], "result 1 alone"),
    ("12.fgan_step", lambda row, w, theta, x, z, rate: step(row, w, theta, x, z, -rate), "exchanged"),
    ("12.conjugate_pearson", lambda t: torch.where(t > -2, t + t**2 / 2, -1.0), "1/4|square"),
]  # fmt: skip

UNNAMED = [
    ("12.f_divergence", lambda f, p, q: (p * (p / q).log()).sum(), "f"),
    ("12.conjugate_pearson", lambda t: (t - 1) ** 2 + t, "f itself|conjugate"),
    ("12.bound_from_scores", lambda row, a, b: row.output_activation(a).mean() - row.conjugate(b).mean(), "activ|inf"),
    ("12.bound_from_scores", lambda row, a, b: row.f(a.exp()).mean() - b.mean(), "conjugate"),
    ("12.fgan_step", lambda *a: (step(*a)[0], a[2]), "theta|result 2"),
]  # fmt: skip
