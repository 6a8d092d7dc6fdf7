"""NumPy, loops and other algebra where no gradient is asked for."""

import math

import numpy as np
import torch
from torch.nn import functional


def mmd2_gaussians(m, s, h):
    variances = np.array([2.0, 2 * s**2, 1 + s**2])
    means, signs = np.array([0.0, 0.0, m]), np.array([1.0, 1.0, -2.0])
    return (signs * h / np.sqrt(h**2 + variances) * np.exp(-(means**2) / (2 * (h**2 + variances)))).sum()


def kernel(a, b, bandwidth):
    return np.exp(-((np.asarray(a)[:, None] - np.asarray(b)) ** 2) / (2 * bandwidth**2))


def witness(t, x, y, bandwidth):
    def k(a, b):
        return kernel(a, b, bandwidth).mean(axis=1)

    squared = k(x, x).mean() - 2 * k(x, y).mean() + k(y, y).mean()
    return (k(t, x) - k(t, y)) / np.sqrt(squared)


def ratio_from_classifier(logit, real_share):
    return (logit + math.log1p(-real_share) - math.log(real_share)).exp()


def divergence_two_loss(f_prime, f_star, r_real, r_fake):
    price, gain = f_star(f_prime(r_fake)), f_prime(r_real)
    return price.sum() / len(price) - gain.sum() / len(gain)


def fit_exists(x, y, kind):
    low, high = np.min(np.asarray(y)), np.max(np.asarray(y))
    if kind == "class_probability":
        return not (float(x.min()) >= high or float(x.max()) <= low)
    inside = x if kind == "least_squares" else [float(x.mean())]
    return all(low < float(one) < high for one in inside)


def fit_ratio(x_p, x_q, centres, bandwidth, ridge):
    bumps = kernel(x_q, centres, bandwidth)
    matrix = bumps.T @ bumps / len(bumps) + ridge * np.eye(len(centres))
    return np.linalg.solve(matrix, kernel(x_p, centres, bandwidth).mean(axis=0))


def moment_loss(real_features, fake_features):
    gap = real_features.mean(0) - fake_features.mean(0)
    return functional.mse_loss(gap, torch.zeros_like(gap), reduction="sum")


def code_price(logits):
    return (-logits).sum() / logits.numel()
