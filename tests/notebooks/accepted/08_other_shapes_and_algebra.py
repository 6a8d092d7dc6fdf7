"""Results with one entry in place of none, one batch for both kinds of points, other algebra."""

import math

import torch
from torch.nn.functional import logsigmoid


def gan_value(d_real, d_fake):
    return (torch.log(d_real).mean() + torch.log(1 - d_fake).mean()).reshape(1)


def optimal_discriminator(p, q):
    return torch.sigmoid(p.log() - q.log())


def relative(a, m):
    return torch.where(a > 0, a * (a / m).log(), 0.0).sum()


def value_split(p, q):
    m = (p + q) / 2
    return torch.stack([torch.tensor(-math.log(4)), relative(p, m), relative(q, m)])


def jensen_shannon(p, q):
    m = (p + q) / 2
    return ((relative(p, m) + relative(q, m)) / 2).reshape(1)


def functional_step(q, p, rate):
    moved = q * torch.exp(-rate * torch.log(1 - p / (p + q)))
    return moved / moved.sum()


def discriminator_loss(real_scores, fake_scores):
    return -(logsigmoid(real_scores).mean() + logsigmoid(-fake_scores).mean()).reshape(1)


def generator_loss(fake_scores):
    return -logsigmoid(fake_scores).mean().reshape(1, 1)


def discriminator_step(generator, discriminator, optimizer, real, noise, loss):
    optimizer.zero_grad(set_to_none=False)
    with torch.no_grad():
        fake = generator(noise)
    scores = discriminator(torch.cat([real, fake]))
    objective = loss.ratio_loss(scores[: len(real)], scores[len(real) :])
    objective.backward()
    optimizer.step()
    return objective.detach().reshape(1)


def generator_step(generator, discriminator, optimizer, noise, loss):
    optimizer.zero_grad()
    discriminator.zero_grad()
    objective = loss.generative_loss(discriminator(generator(noise)))
    objective.backward()
    optimizer.step()
    discriminator.zero_grad()
    return objective.detach().reshape(1)
