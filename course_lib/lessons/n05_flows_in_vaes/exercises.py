"""Exercises of notebook 05: noise for whole numbers, couplings, densities of flows, one model from two sides."""

import math

import torch
from torch import nn
from torch.nn.functional import logsigmoid

from course_lib.exercises.exercise import Case, Exercise, Mistake, Reject
from course_lib.variational import AffineCoupling, FlowStack


def normal(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


def log_normal(x):
    """log N(x; 0, 1), entry by entry."""
    return -0.5 * x.square() - 0.5 * math.log(2 * math.pi)


# Bits per dimension


def bits_per_dimension(log_density, size, levels):
    return (size * math.log(levels) - log_density) / (size * math.log(2))


def bits_cases(rng):
    yield Case((torch.tensor(0.0).double(), 3, 256), "the uniform density on [0, 1)³, 256 levels")
    yield Case((torch.tensor([5.0, -2.0]).double(), 1, 2), "one pixel of one bit")
    yield Case((40 * normal(rng, 4), 64, 17), "64 pixels of 17 levels")
    yield Case((9000 + 500 * normal(rng, 3), 3072, 256))


BITS = Exercise(
    id="05.bits_per_dimension",
    title="From a log-density of scaled pixels to bits per dimension",
    reference=bits_per_dimension,
    cases=bits_cases,
    mistakes=(
        Mistake(
            lambda v, d, k: -v / (d * math.log(2)),
            "The change of variables is missing: y = (x + u)/levels squeezes each axis, which adds log(levels) per "
            "axis to log p(y).",
        ),
        Mistake(
            lambda v, d, k: (-d * math.log(k) - v) / (d * math.log(2)),
            "The sign of the constant is turned round: squeezing the axes makes the density of y larger than that of "
            "x + u.",
        ),
        Mistake(
            lambda v, d, k: (math.log(k) - v) / (d * math.log(2)),
            "The constant counts once; every one of the D axes is squeezed.",
        ),
        Mistake(lambda v, d, k: (d * math.log(k) - v) / d, "These are nats per dimension: divide by log 2."),
        Mistake(
            lambda v, d, k: (d * math.log(k) - v) / math.log(2),
            "These are bits for the whole image: divide by the number of dimensions.",
        ),
        Mistake(
            lambda v, d, k: -bits_per_dimension(v, d, k),
            "The sign is turned round: bits are counted for -log₂ P, so that fewer are better.",
        ),
        Mistake(
            lambda v, d, k: (
                (d * math.log(k - 1) - v) / (d * math.log(2)) if k > 2 else -v / (d * math.log(2))
            ),
            "The scale is the number of levels, not the largest level.",
        ),
    ),
    hints=(
        "Which density has x + u, if y = (x + u)/levels has the density p(y)? One factor for each axis.",
        "log p(x + u) = log p(y) - D·log(levels). Then turn the sign, divide by D, and by log 2.",
        "`(size * math.log(levels) - log_density) / (size * math.log(2))`",
    ),
    minutes=6,
)


# The uniform bound


class Bump:
    """log N(x; mean, std²): a log-density for the cases."""

    def __init__(self, mean, std):
        self.mean, self.std = mean, std

    def __call__(self, x):
        return log_normal((x - self.mean) / self.std) - math.log(self.std)


class Flat:
    """The log-density of U[0, 4]: -inf outside."""

    def __call__(self, x):
        return torch.where((x >= 0) & (x <= 4), -math.log(4), -math.inf).to(x.dtype)


def uniform_bound(log_density, x, u):
    return log_density(x + u).mean(0)


def uniform_cases(rng):
    levels = torch.arange(3).double()
    yield Case(
        (Flat(), levels, torch.from_numpy(rng.random((5, 3)))), "a uniform density: the bound is exact"
    )
    for mean, std in ((0.8, 0.4), (2.5, 1.5)):
        yield Case((Bump(mean, std), levels, torch.from_numpy(rng.random((7, 3)))), f"N({mean}, {std}²)")
    yield Case((Bump(0.0, 0.02), levels, torch.from_numpy(rng.random((4, 3)))), "a density that underflows")
    yield Case(
        (Bump(1.0, 1.0), torch.tensor([2.0]).double(), torch.from_numpy(rng.random((1, 1)))), "one draw"
    )


UNIFORM = Exercise(
    id="05.uniform_bound",
    title="The bound of uniform dequantization",
    reference=uniform_bound,
    cases=uniform_cases,
    mistakes=(
        Mistake(
            lambda f, x, u: f(x + u).exp().mean(0).log(),
            "This is the logarithm of the mean density, an estimate of log P(x) itself: the bound averages the "
            "logarithms.",
        ),
        Mistake(
            lambda f, x, u: torch.logsumexp(f(x + u), 0) - math.log(len(u)),
            "This is the logarithm of the mean density, an estimate of log P(x) itself: the bound averages the "
            "logarithms.",
        ),
        Mistake(lambda f, x, u: f(x + u).sum(0), "This is the sum over the draws: take their mean."),
        Mistake(
            lambda f, x, u: f(x + u).mean(),
            "This is one number for all x: average over the draws only, axis 0.",
        ),
        Mistake(
            lambda f, x, u: f(x + u).mean(-1), "The mean must run over the draws, axis 0, not over the x."
        ),
        Mistake(
            lambda f, x, u: f(x).expand_as(u).mean(0),
            "The noise is not used: the density is asked for at x + u.",
        ),
        Mistake(
            lambda f, x, u: f(x - u).mean(0),
            "The noise is subtracted: the cell of x is [x, x + 1), so add it.",
        ),
        Mistake(
            lambda f, x, u: f(x + u - 0.5).mean(0),
            "The noise is centred here: with u in [0, 1) the cell of x is [x, x + 1).",
        ),
        Mistake(
            lambda f, x, u: f(x + u).exp().mean(0),
            "This is the mean density, an estimate of P(x): the bound averages the logarithms.",
        ),
    ),
    hints=(
        "The integral over u from U[0, 1] is an expectation: average over draws of u.",
        "Ask the log-density at x + u (shape (S, n)) and average over axis 0.",
        "`log_density(x + u).mean(0)`",
    ),
    minutes=4,
)


# Noise that is a flow


def noise_flow(eps, mean, log_std):
    v = mean + torch.exp(log_std) * eps
    return torch.sigmoid(v), log_normal(eps) - log_std - logsigmoid(v) - logsigmoid(-v)


def noise_cases(rng):
    zero = torch.zeros(3).double()
    yield Case((zero[:1], zero[:1], zero[:1]), "ε = 0, standard noise: u = 1/2")
    for _ in range(2):
        yield Case((normal(rng, 6, 3), normal(rng, 3), 0.5 * normal(rng, 3)))
    yield Case((normal(rng, 4, 3), zero + 60, zero), "far out: u is 1 to sixteen digits")


def noise_with(u=None, log_q=None):
    def answer(e, m, s):
        v = m + s.exp() * e
        right = noise_flow(e, m, s)
        return (u(e, m, s, v) if u else right[0]), (log_q(e, m, s, v) if log_q else right[1])

    return answer


def log_slope(v):
    return logsigmoid(v) + logsigmoid(-v)


def straight_noise(e, m, s):
    u = torch.sigmoid(m + s.exp() * e)
    return u, log_normal(e) - s - (u * (1 - u)).log()


def no_infinity(answer, eps, mean, log_std):
    """Far out the straight formula gives log 0; it gets its own sentence."""
    value = answer(eps, mean, log_std)
    if isinstance(value, tuple) and len(value) == 2 and all(torch.is_tensor(part) for part in value):
        if value[0].shape == eps.shape and bool(((value[0] < 0) | (value[0] > 1)).any()):
            raise Reject("u leaves [0, 1]: noise must stay in its cell. The sigmoid is missing.")
        if value[1].shape == eps.shape and bool(value[1].isinf().any()):
            raise Reject(
                "log q is infinite far out, where u(1-u) rounds to 0: write log u + log(1-u) as logsigmoid(v) + "
                "logsigmoid(-v)."
            )
    return value


NOISE = Exercise(
    id="05.noise_flow",
    title="Noise that is a flow, and its density",
    reference=noise_flow,
    cases=noise_cases,
    probe=no_infinity,
    keeps=True,
    gradient=("eps", "mean", "log_std"),
    mistakes=(
        Mistake(
            straight_noise,
            "log q is infinite far out, where u(1-u) rounds to 0: write log u + log(1-u) as logsigmoid(v) + "
            "logsigmoid(-v).",
        ),
        Mistake(
            noise_with(log_q=lambda e, m, s, v: log_normal(e) + s + log_slope(v)),
            "The sign of the log-determinant is turned round: where the flow stretches, the density falls.",
        ),
        Mistake(
            noise_with(log_q=lambda e, m, s, v: log_normal(e) + s - log_slope(v)),
            "The sign of log_std is turned round: wider noise is less dense.",
        ),
        Mistake(
            noise_with(log_q=lambda e, m, s, v: log_normal(e) - s + log_slope(v)),
            "The sign of the sigmoid's part is turned round: its slope u(1-u) divides the density.",
        ),
        Mistake(
            noise_with(log_q=lambda e, m, s, v: log_normal(e) - log_slope(v)),
            "The slope of v = mean + exp(log_std)·ε is missing from the log-determinant: subtract log_std.",
        ),
        Mistake(
            noise_with(log_q=lambda e, m, s, v: log_normal(e) - s),
            "The slope of the sigmoid, u(1-u), is missing from the log-determinant.",
        ),
        Mistake(
            noise_with(log_q=lambda e, m, s, v: log_normal(e)),
            "This is the density of ε: the log-determinant of the flow is missing.",
        ),
        Mistake(
            noise_with(log_q=lambda e, m, s, v: log_normal(e) - s - log_slope(e)),
            "The slope of the sigmoid is taken at ε; it must be taken where the sigmoid is used, at v.",
        ),
        Mistake(
            noise_with(log_q=lambda e, m, s, v: log_normal(v) - s - log_slope(v)),
            "The base density is taken at v; the base noise is ε.",
        ),
        Mistake(
            lambda e, m, s: (m + s.exp() * e, log_normal(e) - s),
            "u leaves [0, 1]: noise must stay in its cell. The sigmoid is missing.",
        ),
        Mistake(
            noise_with(u=lambda e, m, s, v: v),
            "u leaves [0, 1]: noise must stay in its cell. The sigmoid is missing.",
        ),
    ),
    hints=(
        "log q(u) = log N(ε; 0, 1) - log|du/dε|. The slope is a product: that of v in ε times that of the sigmoid.",
        "dv/dε = exp(log_std), and the sigmoid's slope is u(1-u). Its logarithm is `logsigmoid(v) + logsigmoid(-v)`.",
        "`v = mean + torch.exp(log_std) * eps`; return `torch.sigmoid(v)` and "
        "`-eps**2 / 2 - math.log(2 * math.pi) / 2 - log_std - logsigmoid(v) - logsigmoid(-v)`",
    ),
    difficulty=2,
    minutes=10,
)


# A coupling, forward and back


def coupling(z, network):
    kept, moved = z.chunk(2, -1)
    shift, raw = network(kept).chunk(2, -1)
    log_scale = 2 * torch.tanh(raw / 2)
    return torch.cat([kept, moved * torch.exp(log_scale) + shift], -1), log_scale.sum(-1)


def coupling_inverse(x, network):
    kept, moved = x.chunk(2, -1)
    shift, raw = network(kept).chunk(2, -1)
    log_scale = 2 * torch.tanh(raw / 2)
    return torch.cat([kept, (moved - shift) * torch.exp(-log_scale)], -1), -log_scale.sum(-1)


def half_network(rng, half, size=1.0):
    """A small network from half the coordinates to a shift and a raw log-scale for the other half."""
    network = nn.Sequential(nn.Linear(half, 5), nn.Tanh(), nn.Linear(5, 2 * half)).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(size * normal(rng, *parameter.shape))
    return network


def coupling_cases(rng):
    yield Case((normal(rng, 1, 2), half_network(rng, 1)), "the plane, one point")
    for half in (2, 3):
        yield Case((normal(rng, 4, 2 * half), half_network(rng, half)))
    yield Case((normal(rng, 3, 2), half_network(rng, 1, 1000.0)), "a network with huge outputs")


def coupling_with(log_det=None, move=None, join=None, order=None, bound=None, swap=False):
    def answer(z, network):
        kept, moved = z.chunk(2, -1)
        if swap:
            kept, moved = moved, kept
        first, second = network(kept).chunk(2, -1)
        shift, raw = (second, first) if order else (first, second)
        log_scale = bound(raw) if bound else 2 * torch.tanh(raw / 2)
        new = move(moved, shift, log_scale) if move else moved * log_scale.exp() + shift
        x = join(kept, new) if join else torch.cat([new, kept] if swap else [kept, new], -1)
        return x, log_det(log_scale) if log_det else log_scale.sum(-1)

    return answer


FORWARD_MISTAKES = (
    Mistake(
        coupling_with(log_det=lambda s: -s.sum(-1)),
        "The sign of the log-determinant is turned round: asked is log|det dx/dz|, large where the map stretches.",
    ),
    Mistake(
        coupling_with(log_det=lambda s: s.exp().sum(-1)),
        "The Jacobian is triangular: its determinant is the product of the scales, so the log-scales are added, not "
        "the scales.",
    ),
    Mistake(
        coupling_with(log_det=lambda s: s.exp().prod(-1)),
        "This is the determinant; its logarithm is asked for.",
    ),
    Mistake(
        coupling_with(log_det=lambda s: s),
        "These are the single log-scales: the log-determinant of a point is their sum over the last axis.",
    ),
    Mistake(
        coupling_with(log_det=lambda s: s.sum()),
        "This is one log-determinant for all points together: sum over the last axis only.",
    ),
    Mistake(
        coupling_with(log_det=lambda s: s.mean(-1)),
        "The log-determinant is the sum of the log-scales, not their mean.",
    ),
    Mistake(
        coupling_with(bound=lambda raw: raw),
        "The log-scale is not bounded: with a network that puts out large numbers exp overflows. Take 2·tanh(raw/2).",
    ),
    Mistake(
        coupling_with(bound=torch.tanh),
        "The bound is 2·tanh(raw/2), which lets a scale reach e²; this is tanh(raw).",
    ),
    Mistake(
        coupling_with(order=True),
        "The network's two outputs have changed places: first the shift, then the log-scale.",
    ),
    Mistake(
        coupling_with(move=lambda b, m, s: (b + m) * s.exp()),
        "First stretch, then shift: here the shift is stretched as well.",
    ),
    Mistake(
        coupling_with(move=lambda b, m, s: b * s + m),
        "The log-scale needs an exp before it multiplies: a scale must be positive.",
    ),
    Mistake(
        coupling_with(move=lambda b, m, s: (b - m) * (-s).exp()), "This is the inverse map, from x back to z."
    ),
    Mistake(
        coupling_with(join=lambda kept, new: torch.cat([new, kept], -1)),
        "The halves have changed places in x: the first half is the one that stays.",
    ),
    Mistake(
        coupling_with(swap=True), "The second half is kept here; asked is the map that keeps the first half."
    ),
)

COUPLING = Exercise(
    id="05.coupling",
    title="RealNVP's coupling, forward",
    reference=coupling,
    cases=coupling_cases,
    mistakes=FORWARD_MISTAKES,
    gradient=True,
    hints=(
        "Split z into halves with `z.chunk(2, -1)`. The network sees only the half that stays.",
        "The network's output splits in the same way: shift and raw. log_scale = 2·tanh(raw/2); then "
        "moved·exp(log_scale) + shift.",
        "Return `torch.cat([kept, moved * torch.exp(log_scale) + shift], -1)` and `log_scale.sum(-1)`.",
    ),
    difficulty=2,
    minutes=10,
)


def inverse_with(log_det=None, move=None, bound=None, network_of=None):
    def answer(x, network):
        kept, moved = x.chunk(2, -1)
        shift, raw = network(network_of(kept, moved) if network_of else kept).chunk(2, -1)
        log_scale = bound(raw) if bound else 2 * torch.tanh(raw / 2)
        new = move(moved, shift, log_scale) if move else (moved - shift) * (-log_scale).exp()
        return torch.cat([kept, new], -1), log_det(log_scale) if log_det else -log_scale.sum(-1)

    return answer


INVERSE = Exercise(
    id="05.coupling_inverse",
    title="RealNVP's coupling, back",
    reference=coupling_inverse,
    cases=coupling_cases,
    mistakes=(
        Mistake(
            inverse_with(log_det=lambda s: s.sum(-1)),
            "This is the log-determinant of the forward map: that of the inverse is its negative.",
        ),
        Mistake(
            inverse_with(move=lambda b, m, s: b * (-s).exp() - m),
            "Undo the steps in reverse order: first take the shift away, then divide by the scale.",
        ),
        Mistake(
            inverse_with(move=lambda b, m, s: (b + m) * (-s).exp()),
            "The shift is added again; the inverse takes it away.",
        ),
        Mistake(
            inverse_with(move=lambda b, m, s: (b - m) * s.exp()),
            "This multiplies by the scale again; the inverse divides by it.",
        ),
        Mistake(coupling, "This is the forward map again."),
        Mistake(
            inverse_with(network_of=lambda kept, moved: moved),
            "The network is asked at the half that was moved; it must be asked at the half that stayed, as in the "
            "forward map.",
        ),
        Mistake(
            inverse_with(bound=lambda raw: raw),
            "The log-scale is not bounded as in the forward map: take 2·tanh(raw/2).",
        ),
        Mistake(
            inverse_with(log_det=lambda s: -s),
            "These are the single log-scales: the log-determinant of a point is minus their sum over the last axis.",
        ),
        Mistake(
            inverse_with(log_det=lambda s: -s.mean(-1)),
            "The log-determinant is minus the sum of the log-scales, not their mean.",
        ),
        Mistake(
            inverse_with(log_det=lambda s: -s.sum()),
            "This is one log-determinant for all points together: sum over the last axis only.",
        ),
    ),
    gradient=True,
    hints=(
        "The first half of x is the first half of z: the network says the same as before. No network is inverted.",
        "moved = (new - shift)·exp(-log_scale), and the log-determinant changes its sign.",
        "Return `torch.cat([kept, (moved - shift) * torch.exp(-log_scale)], -1)` and `-log_scale.sum(-1)`.",
    ),
    minutes=5,
)


# The density of a flow


class Shear:
    """A map of R^d with a known inverse: what the cases hand over as ``inverse``."""

    def __init__(self, network, slope):
        self.network, self.slope = network, slope

    def __call__(self, x):
        z, log_det = coupling_inverse(x * self.slope, self.network)
        return z, log_det + x.shape[-1] * math.log(self.slope)


def flow_log_prob(x, inverse):
    z, log_det = inverse(x)
    return -0.5 * z.square().sum(-1) - 0.5 * x.shape[-1] * math.log(2 * math.pi) + log_det


def density_cases(rng):
    for half, slope in ((1, 1.0), (2, 0.5), (3, 3.0)):
        label = f"{2 * half} dimensions"
        yield Case((normal(rng, 4, 2 * half), Shear(half_network(rng, half), slope)), label)
    yield Case(
        (60 + normal(rng, 2, 2), Shear(half_network(rng, 1), 1.0)), "far out, where the density underflows"
    )


def density_with(base=None, sign=1.0, at=None):
    def answer(x, inverse):
        z, log_det = inverse(x)
        point = x if at == "x" else z
        return (base(point) if base else log_normal(point).sum(-1)) + sign * log_det

    return answer


LOG_PROB = Exercise(
    id="05.flow_log_prob",
    title="The log-density of a flow",
    reference=flow_log_prob,
    cases=density_cases,
    mistakes=(
        Mistake(
            density_with(sign=-1.0),
            "The sign of the log-determinant is turned round: `inverse` gives log|det dz/dx|, which is added.",
        ),
        Mistake(
            density_with(sign=0.0), "The log-determinant is missing: such a density does not integrate to 1."
        ),
        Mistake(density_with(at="x"), "The base density is taken at x; it belongs to z."),
        Mistake(
            density_with(base=lambda z: -0.5 * z.square().sum(-1)),
            "The constant of N(0, I) is missing: -d/2·log 2π.",
        ),
        Mistake(
            density_with(base=lambda z: -0.5 * z.square().sum(-1) - 0.5 * math.log(2 * math.pi)),
            "The constant of N(0, I) counts once for each of the d axes: -d/2·log 2π.",
        ),
        Mistake(
            density_with(base=lambda z: log_normal(z).mean(-1)),
            "The base density is a product over the axes: its logarithms are added, not averaged.",
        ),
        Mistake(
            density_with(base=lambda z: -z.square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi)),
            "The 1/2 before the square is missing.",
        ),
        Mistake(
            lambda x, inverse: flow_log_prob(x, inverse).exp(),
            "This is the density; its logarithm is asked for.",
        ),
        Mistake(
            lambda x, inverse: flow_log_prob(x, inverse).sum(),
            "This is one number for all points: sum over the last axis only.",
        ),
    ),
    gradient=("x",),
    hints=(
        "log p(x) = log p(z) + log|det dz/dx|, with z the point from which x came.",
        "`inverse(x)` gives both z and the log-determinant. The base is N(0, I) in d dimensions.",
        "`z, log_det = inverse(x)`; `-z.square().sum(-1) / 2 - x.shape[-1] / 2 * math.log(2 * math.pi) + log_det`",
    ),
    minutes=6,
)


# Drawing from an autoregressive flow


class Earlier:
    """Shift and log-scale of each coordinate from the coordinates before it, as a masked network gives them."""

    def __init__(self, shift, scale, offset):
        self.shift, self.scale, self.offset = shift, scale, offset

    def __call__(self, x):
        return torch.sin(x @ self.shift.T) + self.offset, torch.tanh(x @ self.scale.T)


def earlier(rng, d):
    return Earlier(normal(rng, d, d).tril(-1), normal(rng, d, d).tril(-1), normal(rng, d))


def autoregressive_sample(z, network):
    x = torch.zeros_like(z)
    for i in range(z.shape[-1]):
        shift, log_scale = network(x)
        new = z[..., i] * torch.exp(log_scale[..., i]) + shift[..., i]
        x = torch.cat([x[..., :i], new[..., None], x[..., i + 1 :]], -1)
    return x


def sample_cases(rng):
    yield Case((normal(rng, 2, 1), earlier(rng, 1)), "one dimension")
    for d in (2, 4, 7):
        yield Case((normal(rng, 3, d), earlier(rng, d)), f"{d} dimensions")


def in_passes(count):
    def answer(z, network):
        x = torch.zeros_like(z)
        for _ in range(count(z.shape[-1])):
            shift, log_scale = network(x)
            x = z * log_scale.exp() + shift
        return x

    return answer


def one_pass_at(z, network):
    shift, log_scale = network(z)
    return z * log_scale.exp() + shift


def sample_step(step):
    def answer(z, network):
        x = torch.zeros_like(z)
        for _ in range(z.shape[-1]):
            x = step(z, *network(x))
        return x

    return answer


SAMPLE = Exercise(
    id="05.autoregressive_sample",
    title="A draw from an autoregressive flow",
    reference=autoregressive_sample,
    cases=sample_cases,
    mistakes=(
        Mistake(
            one_pass_at,
            "The network is asked at z: that is the inverse autoregressive flow, another map. Here x_i depends on the "
            "x before it.",
        ),
        Mistake(
            in_passes(lambda d: 1),
            "One pass is not enough: the network saw zeros where x₁, x₂, ... belong. Ask it again once they are known.",
        ),
        Mistake(
            in_passes(lambda d: max(1, d - 1)),
            "One pass is missing: d coordinates need d passes, because the last one waits for all others.",
        ),
        Mistake(
            sample_step(lambda z, m, s: (z - m) * (-s).exp()),
            "This is the step of the other direction, from x to z: a draw is z·exp(log_scale) + shift.",
        ),
        Mistake(
            sample_step(lambda z, m, s: z * s + m),
            "The log-scale needs an exp before it multiplies.",
        ),
        Mistake(
            sample_step(lambda z, m, s: (z + m) * s.exp()),
            "First stretch, then shift: here the shift is stretched as well.",
        ),
    ),
    hints=(
        "x₁ needs no other coordinate, x₂ needs x₁, and so on: one coordinate after the other.",
        "Start with x full of zeros. In pass i ask the network at the x so far and fill in column i. (What the network "
        "says of column i does not depend on the columns from i on.)",
        "`for i in range(d): shift, log_scale = network(x); "
        "x[..., i] = z[..., i] * log_scale[..., i].exp() + shift[..., i]`",
    ),
    difficulty=2,
    minutes=10,
)


# One model from two sides


class Curve:
    """A decoder that is no linear map."""

    def __init__(self, weight):
        self.weight = weight

    def __call__(self, z):
        return torch.sin(z @ self.weight.T) + z @ self.weight.T / 2


def gaussian(x, mean, sigma):
    return (log_normal((x - mean) / sigma) - math.log(sigma)).sum(-1)


def dual_elbo(x, mean, std, flow, decode, sigma, noise):
    z_star, log_det = flow.inverse(mean + std * noise)
    log_q = (log_normal(noise) - torch.log(std)).sum(-1) - log_det
    code = flow(z_star)[0]
    return gaussian(x, decode(code), sigma) + log_normal(z_star).sum(-1) - log_q


def a_flow(rng, size):
    layers = [
        AffineCoupling(size, hidden=(6,), flip=bool(k % 2), seed=int(rng.integers(10**6))) for k in range(3)
    ]
    return FlowStack(layers).requires_grad_(False)


def dual_cases(rng):
    for size, pixels, n in ((2, 1, 1), (2, 3, 4), (3, 2, 5)):
        yield Case(
            (
                normal(rng, pixels),
                normal(rng, size),
                torch.from_numpy(rng.uniform(0.3, 1.5, size)),
                a_flow(rng, size),
                Curve(normal(rng, pixels, size)),
                float(rng.uniform(0.3, 1.2)),
                normal(rng, n, size),
            ),
            "one draw" if n == 1 else f"{size} latent numbers, {n} draws",
        )


def dual_with(code=None, prior=None, det=-1.0, encoder=True, fit=None, log_det_of=None, reduce=None):
    def answer(x, mean, std, flow, decode, sigma, noise):
        z = mean + std * noise
        z_star, log_det = flow.inverse(z)
        log_det = log_det_of(flow, z, z_star) if log_det_of else log_det
        log_q = det * log_det
        if encoder:
            log_q = log_q + (log_normal(noise) - torch.log(std)).sum(-1)
        where = code(z, z_star, flow) if code else z
        image = decode(where)
        value = (fit(x, image, sigma) if fit else gaussian(x, image, sigma)) - log_q
        value = value + log_normal(prior(z, z_star) if prior else z_star).sum(-1)
        return reduce(value) if reduce else value

    return answer


def other_way(x, mean, std, flow, decode, sigma, noise):
    """The flow taken in the wrong direction: z* = f(z)."""
    z = mean + std * noise
    z_star, log_det = flow(z)
    log_q = (log_normal(noise) - torch.log(std)).sum(-1) - log_det
    return gaussian(x, decode(z), sigma) + log_normal(z_star).sum(-1) - log_q


def base_at_noise(x, mean, std, flow, decode, sigma, noise):
    """log q without the encoder's own log std."""
    z = mean + std * noise
    z_star, log_det = flow.inverse(z)
    log_q = log_normal(noise).sum(-1) - log_det
    return gaussian(x, decode(z), sigma) + log_normal(z_star).sum(-1) - log_q


DUAL = Exercise(
    id="05.dual_elbo",
    title="A flow prior, written as a flow posterior",
    reference=dual_elbo,
    cases=dual_cases,
    mistakes=(
        Mistake(
            dual_with(code=lambda z, s, f: s),
            "The decoder gets z* itself. It was made for z: in the other view it is decode after the flow, so hand it "
            "f(z*).",
        ),
        Mistake(
            dual_with(det=1.0),
            "The sign of the log-determinant is turned round: log q(z*) = log q(z) - log|det dz*/dz|.",
        ),
        Mistake(
            dual_with(det=0.0), "The log-determinant is missing: log q(z*) = log q(z) - log|det dz*/dz|."
        ),
        Mistake(
            dual_with(encoder=False),
            "-log q(z|x) of the encoder is missing: the flow only adds its log-determinant to it.",
        ),
        Mistake(
            base_at_noise,
            "The encoder's density is that of z, not of the noise: its log std is missing.",
        ),
        Mistake(
            dual_with(prior=lambda z, s: z),
            "The prior N(0, I) is taken at z; it belongs to z*, the code of this view.",
        ),
        Mistake(
            dual_with(log_det_of=lambda f, z, s: f(z)[1]),
            "The Jacobian is that of the other direction at the wrong point: dz*/dz comes from flow.inverse(z).",
        ),
        Mistake(
            dual_with(log_det_of=lambda f, z, s: f.inverse(s)[1]),
            "The Jacobian dz*/dz is taken at z*; it must be taken at z, where the map is used.",
        ),
        Mistake(
            dual_with(code=lambda z, s, f: f(z)[0]),
            "The decoder gets f(z); the flow must be applied to z*, the code of this view.",
        ),
        Mistake(
            dual_with(fit=lambda x, image, sigma: -(x - image).square().sum(-1) / (2 * sigma**2)),
            "The decoder's constant, -D log(σ√2π), is missing.",
        ),
        Mistake(
            other_way,
            "The flow is used the wrong way round: f leads from z* to z, so z* = flow.inverse(z).",
        ),
        Mistake(
            dual_with(reduce=torch.mean),
            "This is the mean over the draws; asked is the value of each draw, shape (n,).",
        ),
    ),
    hints=(
        "z = mean + std·noise is the encoder's draw, z* = f⁻¹(z) the code of the other view. `flow.inverse(z)` gives "
        "z* and log|det dz*/dz|.",
        "Value of a draw: log p(x|f(z*)) + log N(z*; 0, I) - log q(z*), and log q(z*) = log q(z) - log|det dz*/dz|.",
        "log q(z) is the sum over the axes of -noise²/2 - log std - log(2π)/2. The decoder's image is "
        "`decode(flow(z_star)[0])`.",
        "`return Normal(decode(flow(z_star)[0]), sigma).log_prob(x).sum(-1) + "
        "Normal(0.0, 1.0).log_prob(z_star).sum(-1) - log_q`",
    ),
    rtol=1e-5,
    difficulty=3,
    minutes=30,
)
