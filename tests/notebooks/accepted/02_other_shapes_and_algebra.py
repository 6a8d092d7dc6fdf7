"""Results with one entry in place of none, torch where floats are enough, other algebra."""

import math

import torch
from torch.distributions import Normal


def elbo(log_joint, q):
    return (torch.special.entr(q).sum() + (q[q > 0] * log_joint[q > 0]).sum()).reshape(1)


def mean_field_sweep(y, r, weight):
    variance = (r.sum(0, keepdim=True) + 0.01).reciprocal()
    mean = variance * (r @ y)
    logs = torch.stack([
        math.log(1 - weight) + Normal(mean, 1.0).log_prob(y) - variance / 2,
        math.log(weight) + Normal(0.0, math.sqrt(10)).log_prob(y),
    ])  # fmt: skip
    return mean, variance, torch.softmax(logs, 0)[0]


def tilted_moments(y, mean, variance, weight):
    y, mean, variance = (torch.tensor(one, dtype=torch.float64) for one in (y, mean, variance))
    signal = (1 - weight) * Normal(mean, (variance + 1).sqrt()).log_prob(y).exp()
    mass = signal + weight * Normal(0.0, math.sqrt(10)).log_prob(y).exp()
    r, gain = signal / mass, variance / (variance + 1)
    step = gain * (y - mean)
    return mass, mean + r * step, variance * (1 - r * gain) + r * (1 - r) * step**2


def ep_site(y, site, q, weight):
    cavity = torch.tensor(q).double() - torch.tensor(site).double()
    if cavity[0] <= 0:
        return torch.tensor(site)
    _, mean, variance = tilted_moments(y, float(cavity[1] / cavity[0]), float(1 / cavity[0]), weight)
    return torch.stack([1 / variance, mean / variance]) - cavity


def ep_log_evidence(y, sites, weight):
    whole = torch.tensor([0.01, 0.0]).double() + torch.tensor(sites).double().sum(0)

    def phi(a, b):
        return b**2 / a / 2 - a.log() / 2

    total = phi(*whole) - phi(torch.tensor([0.01]).double(), 0.0)
    for datum, site in zip(y, sites, strict=True):
        cavity = whole - torch.tensor(site).double()
        if cavity[0] <= 0:
            return torch.tensor(torch.nan)
        mass, *_ = tilted_moments(datum, float(cavity[1] / cavity[0]), float(1 / cavity[0]), weight)
        total = total + mass.log() + phi(*cavity) - phi(*whole)
    return total


def regression_sweep(X, y, tau, shape, rate, expected_lambda):
    d = X.shape[1]
    root = torch.linalg.cholesky(tau * X.mT @ X + expected_lambda * torch.eye(d).double())
    covariance = torch.cholesky_inverse(root)
    mean = torch.cholesky_solve(tau * X.mT @ y[:, None], root)[:, 0]
    moments = torch.outer(mean, mean) + covariance
    return (
        mean,
        covariance,
        torch.tensor([shape + 0.5 * d]),
        rate + 0.5 * moments.diagonal().sum(0, keepdim=True),
    )
