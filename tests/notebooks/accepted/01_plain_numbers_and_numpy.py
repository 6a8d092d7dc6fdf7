"""Python floats, NumPy numbers and lists of numbers; a path as a list of pairs."""

import math

import numpy as np
import torch


def kl_discrete(p, q):
    total = 0.0
    for one, other in zip(p.tolist(), q.tolist(), strict=True):
        if one > 0 and other == 0:
            return math.inf
        total += one * math.log(one / other) if one else 0.0
    return total


def mean_field_update(mean, precision, m, j):
    away = (m - mean).numpy().copy()
    away[j] = 0.0
    return mean.numpy()[j] - precision.numpy()[j] @ away / precision.numpy()[j, j]


def gaussian_kl_1d(mean_q, std_q, mean_p, std_p):
    s, r = float(std_q), float(std_p)
    return math.log(r / s) + (s**2 + float(mean_q - mean_p) ** 2) / (2 * r**2) - 0.5


def inclusive_fit(weights, means, stds):
    mean = np.average(means.numpy(), weights=weights.numpy())
    second = np.average((stds**2 + means**2).numpy(), weights=weights.numpy())
    return [float(mean), float(np.sqrt(second - mean**2))]


def exclusive_fit(log_p, mean, std, steps=200, rate=0.1):
    z, weights = np.polynomial.hermite_e.hermegauss(40)
    z, weights = torch.tensor(z).double(), torch.tensor(weights / weights.sum()).double()
    path = [(mean, std)]
    for _ in range(steps):
        m, s = path[-1]
        x = (m + s * z).requires_grad_(True)
        (slope,) = torch.autograd.grad(log_p(x), x, weights)
        moved = math.log(s) + rate * (1 + s * float(slope @ z))
        path.append((m + rate * float(slope.sum()), math.exp(moved)))
    return path
