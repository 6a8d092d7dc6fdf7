"""Answers to notebook 06 that pass and look different: numbers, arrays, single precision, loops, autograd."""

import math

import numpy as np
import torch
from scipy import stats


def mutual_information_gap(information, entropy):
    total = 0.0
    for k in range(information.shape[1]):
        column = sorted(information[:, k].tolist(), reverse=True)
        total += (column[0] - column[1]) / float(entropy[k])
    return total / information.shape[1]


def modular(information):
    values = []
    for row in information.tolist():
        squares = sorted((v * v for v in row), reverse=True)
        values.append(1 - sum(squares[1:]) / (squares[0] * (len(row) - 1)) if squares[0] > 0 else 0.0)
    return float(np.mean(values))


def factor_vote(batch, everything):
    moving = everything.std(0) > 0
    ratio = torch.full((batch.shape[1],), torch.inf, dtype=batch.dtype)
    ratio[moving] = batch[:, moving].std(0) / everything[:, moving].std(0)
    return ratio.argmin()


def disentanglement(importance):
    table = importance.numpy()
    shares = table.sum(1)
    pure = [1 - stats.entropy(row, base=table.shape[1]) if row.sum() > 0 else 0.0 for row in table]
    return float(np.dot(shares, pure) / shares.sum())


def linear_beta_vae(eigenvalues, sigma, beta):
    values = np.asarray(eigenvalues)
    v = np.where(values > beta * sigma**2, beta * sigma**2 / np.maximum(values, 1e-300), 1.0)
    return values * v, -np.log(v) / 2


def dip_penalty(mean, logvar, off, diagonal):
    d = mean.shape[1]
    cov = torch.cov(mean.T, correction=0).reshape(d, d) + torch.diag(logvar.exp().mean(0))
    weights = off * (1 - torch.eye(d)) + diagonal * torch.eye(d)
    return (weights * (cov - torch.eye(d)) ** 2).sum()


def entangle(u, cdf, quantile, matrix):
    gaussian = stats.norm.ppf(cdf(u).numpy()) @ matrix.numpy().T
    return quantile(torch.from_numpy(stats.norm.cdf(gaussian))).numpy()


def entangle_jacobian(u, cdf, quantile, density, matrix):
    x = torch.from_numpy(stats.norm.ppf(cdf(u).numpy()))
    y = x @ matrix.T
    f = quantile(torch.from_numpy(stats.norm.cdf(y.numpy())))
    phi = torch.distributions.Normal(0.0, 1.0)
    log = (
        phi.log_prob(y).unsqueeze(-1)
        - density(f).log().unsqueeze(-1)
        + density(u).log().unsqueeze(-2)
        - phi.log_prob(x).unsqueeze(-2)
    )
    return log.exp().numpy() * matrix.numpy()


def explained(scores):
    means = scores.mean(1, keepdim=True)
    within = ((scores - means) ** 2).sum()
    return 1 - math.fsum([float(within)]) / float(((scores - scores.mean()) ** 2).sum())
