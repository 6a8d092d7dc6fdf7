"""Loops and NumPy where nothing is trained, floats and lists in place of tensors, tables made row by row."""

import math

import numpy as np
import torch
from scipy.special import logsumexp


def gaussian_kl(mean, logvar):
    total = torch.zeros(len(mean), dtype=mean.dtype)
    for k in range(mean.shape[1]):
        total = total + (torch.expm1(logvar[:, k]) - logvar[:, k] + mean[:, k] ** 2) / 2
    return total


def reparameterise(mean, logvar, noise):
    return torch.addcmul(mean, (0.5 * logvar).exp(), noise)


def gaussian_decoder(x, mean, sigma):
    if x.ndim > 2:
        return [gaussian_decoder(a, b, sigma) for a, b in zip(x, mean, strict=True)]
    rows = ((np.asarray(x) - np.asarray(mean)) / sigma) ** 2
    return [-0.5 * sum(row) - len(row) * math.log(sigma * math.sqrt(2 * math.pi)) for row in rows.tolist()]


def log_q_agg(z, mean, logvar):
    each = [
        -((z - m) ** 2 / s.exp() + s + math.log(2 * math.pi)).sum(-1) / 2
        for m, s in zip(mean, logvar, strict=True)
    ]
    top = torch.stack(each).max(0).values
    return top + (torch.stack(each) - top).exp().mean(0).log()


def mutual_information(log_q):
    log_q = log_q.numpy()
    return np.diag(log_q).mean() - logsumexp(log_q, axis=1).mean() + np.log(len(log_q))


def surgery(mean, logvar, noise):
    own = aggregate = prior = 0.0
    for e in noise:
        z = mean + (logvar / 2).exp() * e
        own += float(-0.5 * (e**2 + logvar).sum(1).mean())
        aggregate += float(log_q_agg(z, mean, logvar).mean()) + mean.shape[1] * math.log(2 * math.pi) / 2
        prior += float(-0.5 * (z**2).sum(1).mean())
    return [(own - prior) / len(noise), (own - aggregate) / len(noise), (aggregate - prior) / len(noise)]


def vamp_log_prob(z, encode, pseudo_inputs):
    means, logvars = zip(*[encode(one[None]) for one in pseudo_inputs], strict=True)
    return log_q_agg(z, torch.cat(means), torch.cat(logvars))


def importance_bound(log_w):
    bounds = []
    for column in zip(*log_w.tolist(), strict=True):
        top = max(column)
        bounds.append(top + math.log(sum(math.exp(one - top) for one in column) / len(column)))
    return bounds
