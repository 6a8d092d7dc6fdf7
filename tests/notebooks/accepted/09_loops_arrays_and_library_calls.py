"""Loops where the reference has none, NumPy where it is enough, torch's own functions, one entry in place of none."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional


def transposed_size(n, kernel, stride, padding, output_padding):
    layer = nn.ConvTranspose1d(1, 1, kernel, stride, padding, output_padding)
    return layer(torch.zeros(1, 1, n, dtype=layer.weight.dtype)).shape[-1]


def overlap(kernel, stride):
    counts = np.zeros(stride)
    for entry in range(kernel):
        counts[entry % stride] += 1
    return counts


def batch_norm(x, gamma, beta, eps):
    return functional.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


def virtual_batch_norm(x, reference, eps):
    rows = []
    for point in x:
        batch = torch.cat([reference, point[None]])
        rows.append((point - batch.mean(0)) / torch.sqrt(batch.var(0, correction=0) + eps))
    return torch.stack(rows)


def latent_arithmetic(a, b, c):
    return np.mean(a.numpy(), 0) - np.mean(b.numpy(), 0) + np.mean(c.numpy(), 0)


def feature_matching(real_features, fake_features):
    return functional.mse_loss(fake_features.mean(0), real_features.mean(0), reduction="sum").reshape(1)


def historical_step(theta, mean, t, gradient, rate, weight):
    theta, mean, gradient = (np.asarray(one) for one in (theta, mean, gradient))
    new = theta - rate * gradient - 2 * rate * weight * (theta - mean)
    return [new, mean * t / (t + 1) + new / (t + 1)]


def smoothed_discriminator(p, q, alpha):
    return ((1 - alpha) * torch.sigmoid(p.log() - q.log())).numpy()


def smoothed_loss(real_scores, fake_scores, alpha):
    bce = functional.binary_cross_entropy_with_logits
    labels = torch.ones_like(real_scores) - alpha
    return (bce(real_scores, labels) + bce(fake_scores, torch.zeros_like(fake_scores))).reshape(1, 1)
