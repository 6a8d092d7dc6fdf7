"""torch.distributions and torch.func, results with one entry in place of none, graphs left on what is returned."""

import math

import torch
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence


def prior_evidence(log_lik):
    weights = torch.softmax(log_lik, 0)
    log_evidence = torch.logsumexp(log_lik - math.log(log_lik.numel()), 0, keepdim=True)
    return log_evidence, 1 / (weights[None] @ weights[:, None])


def full_kl(mean, cov):
    prior = MultivariateNormal(torch.zeros_like(mean), torch.eye(len(mean)).to(mean))
    root = torch.linalg.cholesky(cov)
    return kl_divergence(MultivariateNormal(mean[None], scale_tril=root[None]), prior)


def score_gradient(f, mean, noise):
    mean = mean.clone().requires_grad_(True)
    z = (mean + noise).detach()
    return f(z).reshape(-1, 1) * (z - mean)


def pathwise_gradient(f, mean, noise):
    return torch.func.vmap(torch.func.grad(lambda row: f(row[None])[0]))(noise + mean)


def best_baseline(values, score):
    s = score[:, None]
    return torch.linalg.lstsq(s, (values * score)[:, None]).solution.reshape(1, 1)


def negative_elbo(x, mean, logvar, decode, noise, sigma, beta):
    q = Independent(Normal(mean, (logvar / 2).exp()), 1)
    prior = Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
    z = q.base_dist.loc + q.base_dist.scale * noise
    log_likelihood = Independent(Normal(decode(z), sigma), 1).log_prob(x)
    return (beta * kl_divergence(q, prior) - log_likelihood).mean().reshape(1)


def linear_vae(cov, sigma, latent_size):
    vectors, values, _ = torch.linalg.svd(cov.float())
    values, vectors = values[:latent_size], vectors[:, :latent_size]
    return vectors @ torch.diag(torch.relu(values - sigma**2) ** 0.5), torch.relu(
        values.log() / 2 - math.log(sigma)
    )


def generate(decode, z, noise, sigma):
    return torch.stack([torch.add(decode(code), e, alpha=sigma) for code, e in zip(z, noise, strict=True)])
