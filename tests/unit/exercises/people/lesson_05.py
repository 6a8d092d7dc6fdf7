"""Wrong answers that people give to the exercises of lesson 05."""

import math

import torch
from torch.distributions import Normal
from torch.nn.functional import logsigmoid


def bits(v, d, k):
    return (d * math.log(k) - v) / (d * math.log(2))


def base(z):
    return Normal(0.0, 1.0).log_prob(z).sum(-1)


def noise(e, m, s):
    v = m + s.exp() * e
    return torch.sigmoid(v), Normal(0.0, 1.0).log_prob(e) - s - logsigmoid(v) - logsigmoid(-v)


def unbounded_coupling(z, network):
    kept, moved = z.chunk(2, -1)
    shift, log_scale = network(kept).chunk(2, -1)
    return torch.cat([kept, moved * log_scale.exp() + shift], -1), log_scale.sum(-1)


def halves(x, network):
    kept, moved = x.chunk(2, -1)
    shift, raw = network(kept).chunk(2, -1)
    return kept, moved, shift, 2 * torch.tanh(raw / 2)


def forward_with(det=None, move=None):
    def answer(z, network):
        kept, moved, shift, s = halves(z, network)
        new = move(moved, shift, s) if move else moved * s.exp() + shift
        return torch.cat([kept, new], -1), det(s) if det else s.sum(-1)

    return answer


def inverse_with(det=None, move=None):
    def answer(x, network):
        kept, moved, shift, s = halves(x, network)
        new = move(moved, shift, s) if move else (moved - shift) / s.exp()
        return torch.cat([kept, new], -1), det(s) if det else -s.sum(-1)

    return answer


def only_x(z, network):
    return forward_with()(z, network)[0]


def sampled_from_z(z, network):
    shift, log_scale = network(z)
    return shift + log_scale.exp() * z


def sampled_once(z, network):
    shift, log_scale = network(torch.zeros_like(z))
    return shift + log_scale.exp() * z


def sampled_as_density(z, network):
    x = torch.zeros_like(z)
    for i in range(z.shape[-1]):
        shift, log_scale = network(x)
        x[:, i] = (z[:, i] - shift[:, i]) / log_scale[:, i].exp()
    return x


def sampled_short(z, network):
    x = torch.zeros_like(z)
    for _ in range(max(1, z.shape[-1] - 1)):
        shift, log_scale = network(x)
        x = z * log_scale.exp() + shift
    return x


def sampled_without_exp(z, network):
    x = torch.zeros_like(z)
    for i in range(z.shape[-1]):
        shift, log_scale = network(x)
        x[:, i] = z[:, i] * log_scale[:, i] + shift[:, i]
    return x


def sampled_by_std(z, network):
    """Took the log-scale for a log-variance."""
    x = torch.zeros_like(z)
    for i in range(z.shape[-1]):
        shift, log_scale = network(x)
        x[:, i] = z[:, i] * (log_scale[:, i] / 2).exp() + shift[:, i]
    return x


def dual(
    x, mean, std, flow, decode, sigma, noise, *, at=None, sign=-1.0, prior=None, encoder=True, reduce=None
):
    z = mean + std * noise
    z_star, log_det = flow.inverse(z)
    log_q = sign * log_det
    if encoder:
        log_q = log_q + Normal(mean, std).log_prob(z).sum(-1)
    fit = Normal(decode(at(z, z_star) if at else z), sigma).log_prob(x).sum(-1)
    value = fit + base(prior(z, z_star) if prior else z_star) - log_q
    return reduce(value) if reduce else value


def dual_with(**parts):
    return lambda *args: dual(*args, **parts)


def dual_of_the_prior_at_z(x, mean, std, flow, decode, sigma, noise):
    """The plain ELBO of a VAE without any flow."""
    z = mean + std * noise
    return Normal(decode(z), sigma).log_prob(x).sum(-1) + base(z) - Normal(mean, std).log_prob(z).sum(-1)


NAMED = [
    ("05.bits_per_dimension", lambda v, d, k: -v / d / math.log(2), "change of variables"),
    ("05.bits_per_dimension", lambda v, d, k: -(v + d * math.log(k)) / (d * math.log(2)), "sign of the constant"),
    ("05.bits_per_dimension", lambda v, d, k: bits(v, d, k) * math.log(2), "nats"),
    ("05.bits_per_dimension", lambda v, d, k: bits(v, d, k) * d, "whole image|number of dimensions"),
    ("05.bits_per_dimension", lambda v, d, k: -bits(v, d, k), "sign"),
    ("05.bits_per_dimension", lambda v, d, k: (math.log(k) - v) / (d * math.log(2)), "every one of|once"),
    ("05.uniform_bound", lambda f, x, u: f(x + u).exp().mean(0).log(), "averages the logarithms"),
    ("05.uniform_bound", lambda f, x, u: f(x + u).mean(), "one number"),
    ("05.uniform_bound", lambda f, x, u: f(x + u).sum(0), "sum"),
    ("05.uniform_bound", lambda f, x, u: -f(x + u).mean(0), "sign"),
    ("05.uniform_bound", lambda f, x, u: f(x + u - 0.5).mean(0), "centred"),
    ("05.uniform_bound", lambda f, x, u: f(x + u), "draws|mean|shape"),
    ("05.noise_flow", lambda e, m, s: (noise(e, m, s)[0], base(e[..., None]) - s), "sigmoid, u"),
    ("05.noise_flow", lambda e, m, s: (m + s.exp() * e, noise(e, m, s)[1]), "leaves|sigmoid is missing"),
    ("05.noise_flow", lambda e, m, s: (noise(e, m, s)[0], -noise(e, m, s)[1]), "sign"),
    ("05.noise_flow", lambda e, m, s: noise(e, m, s)[::-1], "changed places|leaves"),
    ("05.coupling", unbounded_coupling, "bounded"),
    ("05.coupling", forward_with(det=lambda s: s.exp().prod(-1).abs()), "determinant"),
    ("05.coupling", forward_with(det=lambda s: s.sum()), "one log-determinant"),
    ("05.coupling", forward_with(det=lambda s: -s.sum(-1)), "sign"),
    ("05.coupling", forward_with(move=lambda b, m, s: (b + m) * s.exp()), "First stretch"),
    ("05.coupling", only_x, "result 1 alone"),
    ("05.coupling_inverse", inverse_with(det=lambda s: s.sum(-1)), "forward map"),
    ("05.coupling_inverse", inverse_with(move=lambda b, m, s: b / s.exp() - m), "reverse order"),
    ("05.coupling_inverse", forward_with(), "forward map"),
    ("05.coupling_inverse", inverse_with(move=lambda b, m, s: (b - m) * s.exp()), "divides"),
    ("05.coupling_inverse", inverse_with(det=lambda s: -s.mean(-1)), "mean|average|sum"),
    ("05.flow_log_prob", lambda x, inverse: base(inverse(x)[0]), "log-determinant is missing"),
    ("05.flow_log_prob", lambda x, inverse: base(inverse(x)[0]) - inverse(x)[1], "sign"),
    ("05.flow_log_prob", lambda x, inverse: base(x) + inverse(x)[1], "belongs to z"),
    ("05.flow_log_prob", lambda x, inverse: -(base(inverse(x)[0]) + inverse(x)[1]), "sign"),
    ("05.flow_log_prob", lambda x, inverse: (base(inverse(x)[0]) + inverse(x)[1]).mean(), "one number|mean"),
    ("05.autoregressive_sample", sampled_from_z, "inverse autoregressive"),
    ("05.autoregressive_sample", sampled_once, "One pass is not enough"),
    ("05.autoregressive_sample", sampled_as_density, "other direction"),
    ("05.autoregressive_sample", sampled_short, "One pass is missing"),
    ("05.autoregressive_sample", sampled_without_exp, "exp"),
    ("05.dual_elbo", dual_with(at=lambda z, s: s), "z\\* itself"),
    ("05.dual_elbo", dual_with(sign=1.0), "sign of the log-determinant"),
    ("05.dual_elbo", dual_with(encoder=False), "of the encoder is missing"),
    ("05.dual_elbo", dual_with(prior=lambda z, s: z), "belongs to z\\*"),
    ("05.dual_elbo", dual_with(reduce=torch.mean), "mean over the draws|each draw"),
    ("05.dual_elbo", lambda *a: -dual(*a), "sign"),
]  # fmt: skip

UNNAMED = [
    ("05.autoregressive_sample", sampled_by_std, "log-scale|twice|half"),
    ("05.dual_elbo", dual_of_the_prior_at_z, "flow|prior"),
]
