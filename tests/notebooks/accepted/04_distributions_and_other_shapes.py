"""What torch.distributions knows, double precision throughout, results with one entry in place of none."""

import math

import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl_divergence


def gaussian_kl(mean, logvar):
    q = Normal(mean, logvar.exp().sqrt())
    return kl_divergence(q, Normal(0.0, 1.0)).sum(dim=1)


def reparameterise(mean, logvar, noise):
    return mean.double() + logvar.double().exp().sqrt() * noise.double()


def gaussian_decoder(x, mean, sigma):
    return Independent(Normal(mean.double(), sigma), 1).log_prob(x.double()).numpy()


def log_q_agg(z, mean, logvar):
    parts = Independent(Normal(mean, torch.exp(logvar / 2)), 1)
    return MixtureSameFamily(Categorical(torch.ones(len(mean)).to(mean)), parts).log_prob(z)


def mutual_information(log_q):
    return (torch.log_softmax(log_q, -1).trace() / len(log_q) + math.log(len(log_q))).reshape(1)


def surgery(mean, logvar, noise):
    z = mean + torch.exp(logvar / 2) * noise
    own = Independent(Normal(mean, torch.exp(logvar / 2)), 1).log_prob(z)
    prior = Normal(0.0, 1.0).log_prob(z).sum(-1)
    logs = torch.stack([own, log_q_agg(z, mean, logvar), prior]).mean((1, 2))
    return torch.stack([logs[0] - logs[2], logs[0] - logs[1], logs[1] - logs[2]])


def vamp_log_prob(z, encode, pseudo_inputs):
    return log_q_agg(z.double(), *(part.double() for part in encode(pseudo_inputs)))


def importance_bound(log_w):
    top, _ = log_w.max(dim=0)
    return top + torch.mean(torch.exp(log_w - top), dim=0).log()
