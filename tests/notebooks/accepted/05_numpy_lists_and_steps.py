"""NumPy and lists where they are enough, tensors that are filled in place, and the library's distributions."""

import math

import numpy as np
import torch
from torch.distributions import Normal, SigmoidTransform, TransformedDistribution


def bits_per_dimension(log_density, size, levels):
    return (size * np.log2(levels) - log_density.numpy() / np.log(2)) / size


def uniform_bound(log_density, x, u):
    return [float(one) for one in sum(log_density(x + draw) for draw in u) / len(u)]


def noise_flow(eps, mean, log_std):
    v = mean + log_std.exp() * eps
    law = TransformedDistribution(
        Normal(mean.expand_as(eps), log_std.exp().expand_as(eps)), [SigmoidTransform()]
    )
    slope = SigmoidTransform().log_abs_det_jacobian(v, None)
    return [torch.sigmoid(v), law.base_dist.log_prob(v) - slope]


def coupling(z, network):
    half = z.shape[1] // 2
    out = network(z[:, :half])
    log_scale = 2 * torch.tanh(out[:, half:] / 2)
    x = torch.zeros(z.shape)
    x[:, :half] = z[:, :half]
    x[:, half:] = z[:, half:] * torch.exp(log_scale) + out[:, :half]
    return x, torch.sum(log_scale, dim=1)


def coupling_inverse(x, network):
    half = x.shape[1] // 2
    out = network(x[:, :half])
    log_scale = 2 * torch.tanh(out[:, half:] / 2)
    z = x.clone()
    z[:, half:] = (x[:, half:] - out[:, :half]) / log_scale.exp()
    return [z, -log_scale.sum(1)]


def flow_log_prob(x, inverse):
    z, log_det = inverse(x)
    return Normal(0.0, 1.0).log_prob(z).sum(dim=-1) + log_det


def autoregressive_sample(z, network):
    x = z.clone()
    for _ in range(z.shape[1]):
        shift, log_scale = network(x)
        x = z * log_scale.exp() + shift
    return x.detach().numpy()


def dual_elbo(x, mean, std, flow, decode, sigma, noise):
    z = mean + std * noise
    z_star = flow.inverse(z)[0]
    again, log_det_back = flow(z_star)
    value = -((x - decode(again)) ** 2).sum(1) / (2 * sigma**2) - len(x) * math.log(
        sigma * math.sqrt(2 * math.pi)
    )
    value = value - (z_star**2).sum(1) / 2 + (noise**2).sum(1) / 2 + std.log().sum() - log_det_back
    return value.detach().numpy().tolist()
