"""NumPy, SciPy and plain Python: arrays, numbers and lists in place of tensors."""

import math

import numpy as np
from scipy import linalg, spatial, stats


def score(probabilities):
    p = probabilities.numpy()
    return float(np.exp(np.mean([stats.entropy(row, p.mean(axis=0)) for row in p])))


def cross_trace(cov_pi, cov_p):
    values, vectors = np.linalg.eigh(cov_pi.numpy())
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    inner = root @ cov_p.numpy() @ root
    return np.sqrt(np.linalg.eigvalsh(inner).clip(0)).sum()


def update_statistics(count, mean, cov, batch):
    mean, scatter = mean.numpy().copy(), (count - 1) * cov.numpy()
    for row in batch.numpy():  # one image after the other
        count += 1
        away = row - mean
        mean += away / count
        scatter = scatter + np.outer(away, row - mean)
    return count, mean.tolist(), scatter / (count - 1)


def fid_few_images(features_pi, features_p):
    x, y = features_pi.numpy(), features_p.numpy()
    a, b = ((one - one.mean(0)) / math.sqrt(len(one) - 1) for one in (x, y))
    norms = [linalg.norm(one) ** 2 for one in (a, b, x.mean(0) - y.mean(0))]
    return sum(norms) - 2 * linalg.svdvals(a @ b.T).sum()


def extrapolate(sizes, values):
    return np.polyfit(1 / sizes.numpy(), values.numpy(), 1)[-1]


def mmd2_unbiased(kxx, kyy, kxy):
    total = -2 * kxy.numpy().mean()
    for k in (kxx.tolist(), kyy.tolist()):
        pairs = [k[i][j] for i in range(len(k)) for j in range(i)]
        total += sum(pairs) / len(pairs)
    return total


def nearest(samples, training):
    return spatial.cKDTree(training.numpy()).query(samples.numpy())[0]
