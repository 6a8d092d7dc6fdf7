"""Loops over Python floats, NumPy arrays, lists in place of tuples."""

import math

import numpy as np


def elbo(log_joint, q):
    terms = zip(log_joint.tolist(), q.tolist(), strict=True)
    return sum(b * (a - math.log(b)) for a, b in terms if b > 0)


def mean_field_sweep(y, r, weight):
    y, r = y.numpy(), np.array(r)
    variance = 1.0 / (0.01 + r.sum())
    mean = variance * np.dot(r, y)
    odds = (1 - weight) / weight * math.sqrt(10) * np.exp(y**2 / 20 - ((y - mean) ** 2 + variance) / 2)
    return [mean, variance, odds / (1 + odds)]


def tilted_moments(y, mean, variance, weight):
    predictive = variance + 1
    signal = (1 - weight) * math.exp(-((y - mean) ** 2) / 2 / predictive) / predictive**0.5
    clutter = weight * math.exp(-(y**2) / 20) / 10**0.5
    r = signal / (signal + clutter)
    with_datum = (mean + variance * y) / predictive
    first = r * with_datum + (1 - r) * mean
    second = r * (with_datum**2 + variance / predictive) + (1 - r) * (mean**2 + variance)
    return np.array([(signal + clutter) / math.sqrt(2 * math.pi), first, second - first**2])


def ep_site(y, site, q, weight):
    cavity = np.subtract(q, site)
    if not cavity[0] > 0:
        return list(site)
    _, mean, variance = tilted_moments(y, cavity[1] / cavity[0], 1 / cavity[0], weight)
    return np.array([1.0, mean]) / variance - cavity


def ep_log_evidence(y, sites, weight):
    sites = np.array(sites)
    q = sites.sum(0) + np.array([0.01, 0.0])
    cavities = q - sites
    if cavities[:, 0].min() <= 0:
        return np.nan

    def phi(natural):
        return natural[..., 1] ** 2 / (2 * natural[..., 0]) - np.log(natural[..., 0]) / 2

    masses = [tilted_moments(d, b / a, 1 / a, weight)[0] for d, (a, b) in zip(y, cavities, strict=True)]
    return np.log(masses).sum() + phi(cavities).sum() - (len(y) - 1) * phi(q) - phi(np.array([0.01, 0.0]))


def regression_sweep(X, y, tau, shape, rate, expected_lambda):
    X, y = np.asarray(X), np.asarray(y)
    precision = tau * X.T @ X + np.diag([expected_lambda] * X.shape[1])
    mean = np.linalg.solve(precision, tau * (y @ X))
    covariance = np.linalg.inv(precision)
    squares = sum(m**2 + v for m, v in zip(mean, covariance.diagonal(), strict=True))
    return [mean.tolist(), covariance.tolist(), shape + X.shape[1] / 2, rate + squares / 2]
