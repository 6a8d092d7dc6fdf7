"""Loops, plain numbers and NumPy arrays where no gradient is asked for, and torch's own functions."""

import math

import numpy as np
import torch
from scipy import special, stats
from torch.nn import functional


def log_p1(x, centres, eps):
    d = centres.shape[1]
    squares = ((x.numpy()[:, None] - centres.numpy()) ** 2).sum(-1)
    return (
        special.logsumexp(-squares / (2 * eps), axis=1)
        - d / 2 * np.log(2 * np.pi * eps)
        - np.log(len(centres))
    )


def p2_gap(log_p, log_noise, weight):
    return math.log(weight) + functional.softplus(log_noise - log_p + math.log((1 - weight) / weight))


def permutation_p_value(statistic, x, y, orders):
    pooled, n, count = torch.cat([x, y]), len(x), 1
    for order in orders.tolist():
        count += float(statistic(pooled[order[:n]], pooled[order[n:]])) >= float(statistic(x, y))
    return count / (1 + len(orders))


def cut(statistics, alpha):
    allowed = math.floor(alpha * (len(statistics) + 1) + 1e-9)
    return sorted(np.asarray(statistics).tolist(), reverse=True)[allowed - 1] if allowed else math.inf


def mmd_permutations(kernel, n, orders):
    found = []
    for order in orders:
        k = kernel[order][:, order].clone().fill_diagonal_(0)
        m = len(order) - n
        within = k[:n, :n].sum() / (n * (n - 1)) + k[n:, n:].sum() / (m * (m - 1))
        found.append(within - 2 * k[:n, n:].mean())
    return torch.stack(found)


def held_out_test(x, y, fit):
    h = len(x) // 2
    predict = fit(torch.cat([y[:h], x[:h]]), torch.cat([torch.zeros(h), torch.ones(h)]))
    right = int((predict(x[h:]) == 1).sum() + (predict(y[h:]) == 0).sum())
    return np.float64(right / (2 * h)), stats.binomtest(right, 2 * h, alternative="greater").pvalue


def cross_entropy(logits, labels):
    return functional.binary_cross_entropy_with_logits(logits, labels)


def move(q, logit, step):
    x = q.clone().requires_grad_(True)
    logit(x).sum().backward()
    return (x + step * x.grad).detach()
