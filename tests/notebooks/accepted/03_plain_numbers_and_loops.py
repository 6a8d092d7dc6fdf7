"""Python floats, NumPy and loops where they are enough; a loss put together one latent number after the other."""

import math

import numpy as np
import torch


def prior_evidence(log_lik):
    log_lik = log_lik.tolist()
    top = max(log_lik)
    weights = [math.exp(one - top) for one in log_lik]
    log_evidence = top + math.log(math.fsum(weights) / len(weights))
    return log_evidence, math.fsum(weights) ** 2 / math.fsum(w * w for w in weights)


def full_kl(mean, cov):
    mean, cov = mean.numpy(), cov.numpy()
    return (np.trace(cov) + np.dot(mean, mean) - mean.size - np.linalg.slogdet(cov)[1]) / 2


def score_gradient(f, mean, noise):
    # A matrix of all pairs of draws, of which the diagonal is used.
    return torch.diag(f(mean + noise)) @ noise


def pathwise_gradient(f, mean, noise):
    _, slopes = torch.autograd.functional.vjp(
        f, torch.stack([mean + one for one in noise]), torch.ones(len(noise))
    )
    return slopes


def best_baseline(values, score):
    return np.average(values.numpy(), weights=score.numpy() ** 2)


def negative_elbo(x, mean, logvar, decode, noise, sigma, beta):
    codes, price = [], 0
    for m, s, e in zip(mean.T, logvar.T, noise.T, strict=True):  # one latent number after the other
        codes.append(m + s.exp() ** 0.5 * e)
        price = price + (s.exp() + m**2 - 1 - s).sum() / 2
    miss = x - decode(torch.stack(codes).T)
    constant = x.numel() * (math.log(sigma) + 0.5 * math.log(2 * math.pi))
    return (torch.einsum("ij,ij->", miss, miss) / (2 * sigma**2) + constant + beta * price) / len(x)


def linear_vae(cov, sigma, latent_size):
    values, vectors = np.linalg.eigh(cov.numpy())
    weight, prices = np.zeros((len(cov), latent_size)), []
    for k in range(latent_size):
        value = values[-1 - k]
        if value > sigma**2:
            weight[:, k] = vectors[:, -1 - k] * math.sqrt(value - sigma**2)
        prices.append(max(0.0, 0.5 * math.log(max(value, 1e-300) / sigma**2)))
    return torch.from_numpy(weight), torch.tensor(prices)


def generate(decode, z, noise, sigma):
    images = decode(z).detach().numpy() + sigma * noise.numpy()
    return torch.tensor(images, requires_grad=True)
