# %% [markdown]
# # 5 · Flows in VAEs: noise for the data, shape for the posterior, shape for the prior
#
# *90 to 120 minutes, and half an hour for the hard exercise. Follows I22 (all recap slides on flows, and "Flows in VAE posterior" to "Flows-based VAE
# prior vs posterior").*
#
# After this notebook you can
#
# - say why a density must not be fitted to whole numbers, and bound the probability of a whole number in three ways;
# - write RealNVP's coupling and its inverse, and check every log-determinant against automatic differentiation;
# - say which direction of an autoregressive flow costs $d$ passes, and which of the two kinds belongs where in a VAE;
# - write the ELBO of a flow posterior with the right sign, and say what an expressive posterior still does not cure;
# - turn a flow prior into a flow posterior and back, and name the one condition under which that is the same model.
#
# **Recap.** The evidence lower bound (ELBO) of a VAE is $\mathcal L = \mathbb E_{q(z\mid x)}\log p(x\mid z) - \mathrm{KL}(q(z\mid x)\Vert p(z)) \le \log p(x)$
# ([notebook 03](03_vae.ipynb)); what it lacks to $\log p(x)$ is $\mathrm{KL}(q\Vert p(z\mid x))$, and Gaussian posteriors and the prior
# $\mathcal N(0, I)$ are two of its weaknesses ([notebook 04](04_elbo_surgery.ipynb)). A *flow* is an invertible, smooth map $f$ of $\mathbb R^d$ onto itself. If $z$
# has the density $q$ and $y = f(z)$, then $y$ has the density $q(f^{-1}(y))\,\lvert\det \partial f^{-1}(y)/\partial y\rvert$: probability is kept, so
# where $f$ stretches, the density falls. Logarithms are natural, values are in *nats*: $\log 2\approx0.69$ nats are one bit.

# %% name="setup"
import math
import time

import numpy as np
import torch
from scipy.optimize import brentq
from torch.distributions import Categorical, MixtureSameFamily, Normal

from course_lib.claims import convention, erratum, holds
from course_lib.data.digits import load_digits
from course_lib.exercises import check, hint, predict
from course_lib.lessons.n05_flows_in_vaes import runs
from course_lib.lessons.n05_flows_in_vaes.live_flow import LiveFlow
from course_lib.lessons.n05_flows_in_vaes.targets import TARGETS, WIDE, plane
from course_lib.networks import mlp
from course_lib.variational import (
    AffineCoupling,
    AutoregressiveFlow,
    FlowStack,
    cell_log_prob,
    uniform_dequantization_bound,
)
from course_lib.widgets import Choice, LiveTraining, Panel, Slider, Toggle, explore

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # networks as small as these lose time when a step is shared between cores


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def log_normal(x, mean=0.0, std=1.0):
    """log N(x; mean, std²), entry by entry."""
    std = torch.as_tensor(std)
    return -0.5 * ((x - mean) / std) ** 2 - torch.log(std) - 0.5 * math.log(2 * math.pi)


# %% [markdown]
# ## 5.1 A density on whole numbers
#
# A pixel is a whole number, one of 8, 17 or 256 levels. A flow or a Gaussian decoder models it by a *density*. What goes wrong is seen best with one pixel
# of eight levels $x = 0, \dots, 7$, of which level $k$ occurs with probability $\pi_k$. Let the density be a bump of width $\sigma$ on each level,
# with the right weight: $p(y) = \sum_k \pi_k\,\mathcal N(y; k, \sigma^2)$.

# %% name="levels"
PI = runs.LEVELS
LEVEL = torch.arange(8.0)
entropy = -float(PI @ PI.log())
print(f"entropy of the levels: {entropy:.4f} nats; no probabilities can have a larger mean logarithm than "
      f"{-entropy:.4f}")

U = (torch.arange(400.0) + 0.5) / 400  # midpoints of [0, 1]: a mean over them is an integral over the noise


def comb(y, sigma, shift):
    """log of the bumps' density; shift moves the bumps along."""
    each = log_normal(y[..., None], LEVEL + shift, sigma)
    return torch.logsumexp(PI.log() + each, -1)


SPIKES = torch.logspace(-4, 0, 41)
WITHOUT = torch.stack([PI @ comb(LEVEL, s, 0.0) for s in SPIKES])
WITH = torch.stack([PI @ comb(LEVEL[:, None] + U, s, 0.5).mean(-1) for s in SPIKES])
best_with = int(WITH.argmax())

# %% name="predict-spikes" tags=["predict"]
predict(
    "05.spikes",
    "Make the bumps narrower and narrower. What does the mean log-density of the eight levels do?",
    choices=("it rises to minus the entropy", "it grows without end", "it rises and falls again"),
    answer=f"""It grows without end: {float(WITHOUT[20]):.2f} nats at σ = 0.01 and {float(WITHOUT[0]):.2f}
    at σ = 0.0001, where minus the entropy is {-entropy:.2f}. Each factor of ten is worth log 10 =
    {math.log(10):.2f} nats, and nothing was learnt: the model knew the levels from the start. With
    uniform noise on the levels the best width is {float(SPIKES[best_with]):.2f} with
    {float(WITH[best_with]):.2f} nats, and narrower is worse.""",
)

# %% name="spikes" tags=["picture"]
def draw_staircase(panel):
    """The density of the levels with uniform noise."""
    edges = torch.cat([LEVEL, LEVEL + 1 - 1e-9]).sort().values
    steps = PI.repeat_interleave(2)
    panel.fill("data", edges, steps, color="p", alpha=0.35, label="levels with noise")


def draw_spikes(view, sigma, noise):
    shift = 0.5 if noise else 0.0
    near = [k + shift + sigma * torch.linspace(-4, 4, 33) for k in range(8)]
    y = torch.cat([torch.linspace(-1, 9, 1001), *near]).sort().values
    if noise:
        draw_staircase(view["density"])
    else:
        for k in range(8):
            view["density"].curve(
                f"data {k}", [k, k], [0, float(PI[k])], color="p", style="solid", width=4,
                **({"label": "levels, bare"} if k == 0 else {}),
            )
    view["density"].curve(
        "p", y, comb(y, sigma, shift).exp(), color="q", style="solid", label="density of bumps"
    )
    view["value"].curve("without", SPIKES, WITHOUT, color="third", label="bare levels")
    view["value"].curve("with", SPIKES, WITH, color="fourth", label="levels with noise")
    view["value"].hline("entropy", -entropy, label="−entropy")
    here = PI @ (comb(LEVEL[:, None] + U, sigma, 0.5).mean(-1) if noise else comb(LEVEL, sigma, 0.0))
    view["value"].scatter("here", [[sigma, float(here)]], color="accent", size=9)
    view.readout("mean log-density, nats", float(here), ".3f")


explore(
    draw_spikes,
    panels=[
        Panel(
            "density", title="one pixel", xlabel="y", ylabel="density (bars: probability)",
            xlim=(-0.7, 8.7), ylim=(0, 1.2),
        ),
        Panel(
            "value", title="what the fit maximises", xlabel="σ, width of the bumps", ylabel="nats",
            xscale="log", xlim=(8e-5, 1.2), ylim=(-8, 8),
        ),
    ],
    sigma=Slider(0.001, 1.0, step=10**0.1, value=0.1, log=True, label="σ"),
    noise=Toggle(False, label="uniform noise on the data"),
    presets={
        "bare, narrow": {"sigma": 0.01, "noise": False},
        "with noise, narrow": {"sigma": 0.01, "noise": True},
        "with noise, best": {"sigma": 0.3162, "noise": True},
    },
    alt="Bumps on eight levels and their mean log-density against the bumps' width, with and without noise",
)

# %% [markdown]
# The cause: the data lie on points, and a density may be as large as it likes on points. The cure of the first recap slide is *dequantization*: add
# uniform noise, $y = x + u$ with $u\sim U[0,1]$. Then $y$ has a density itself, $\pi_{\lfloor y\rfloor}$: a staircase, and no other density fits
# it better. Is $y$ really continuous? If it is, the probability of $y\le t$ is the staircase's integral, and no single value has any.

# %% name="noisy-levels"
x = torch.multinomial(PI, 1_000_000, replacement=True, generator=seeded(1))
y = x + torch.rand(len(x), generator=seeded(2))
print(f"{len(x):,} draws: {len(x.unique())} different x, {len(y.unique()):,} different y")

# %% tags=["claim:dequantization-continuous"]
holds(
    "dequantization-continuous",
    ("integral of the density π_⌊y⌋ up to y = 4.3", PI[:4].sum() + 0.3 * PI[4]),
    ("share of 1,000,000 sums x + u up to 4.3", (y <= 4.3).double().mean()), tol=2e-3, digits=3,
)

# %% [markdown]
# ### Exercise 5.1 · Bits per dimension
#
# Papers scale the pixels, $y = (x + u)/\text{levels}$, so that $y$ lies in $[0,1)^D$, fit a density $p(y)$ there, and report *bits per dimension*: what
# the bound on $-\log P(x)$ comes to, in bits, for each of the $D$ pixels. (Section 5.2 shows that the mean of $\log p(x + u)$ is such a bound.) If you are
# stuck, `hint("05.bits_per_dimension")` helps, one step at each call.

# %% tags=["exercise:05.bits_per_dimension"]
def bits_per_dimension(log_density, size, levels):
    """The log-density of y = (x + u) / levels as bits per dimension of x, fewer for a better model.

    log_density: log p(y) of whole images, in nats, a tensor of any shape. size: D, the number of pixels.
    levels: a whole number. Returns the shape of log_density.
    """
    # region solution
    return (size * math.log(levels) - log_density) / (size * math.log(2))
    # endregion


bits_per_dimension = check("05.bits_per_dimension", bits_per_dimension)

# %% name="units"
# Digits of 8 x 8 pixels with 17 levels; one Gaussian a pixel, whose density is written in two units.
grey = load_digits()
dots = (16 * grey.train.double()).round()
noisy = dots + torch.rand(dots.shape, generator=seeded(3))
per_pixel = Normal(noisy.mean(0), noisy.std(0).clamp(min=0.3))
in_dots = per_pixel.log_prob(noisy).sum(1).mean()
scaled = Normal(per_pixel.loc / 17, per_pixel.scale / 17).log_prob(noisy / 17).sum(1).mean()
print(f"log p(x + u) = {in_dots:.1f} nats, log p((x + u)/17) = {scaled:.1f} nats: the same model")
given = (in_dots, 64, 1), (scaled, 64, 17), (scaled, 64, 1)
in_bits = [float(bits_per_dimension(*one)) for one in given]
print(f"bits per dimension: {in_bits[0]:.3f} and {in_bits[1]:.3f}; without the constant {in_bits[2]:.3f}")

# %% [markdown]
# Without the constant of the scaling a mediocre model of digits seems to need less than nothing. A log-density without its unit says little.
#
# ## 5.2 Three bounds on one cell
#
# A density $p$ of the noisy data *induces* probabilities of the whole numbers: level $x$ gets the mass of its *cell* $[x, x+1)$,
# $P(x) = \int_0^1 p(x+u)\,du$. For an image the integral runs over a cube with an axis for each pixel, so one bounds it. The logarithm of a mean is at
# least the mean of the logarithm (Jensen's inequality):
#
# $$\log P(x) \ge \int_0^1 \log p(x+u)\,du .$$
#
# ### Exercise 5.2 · The uniform bound

# %% tags=["exercise:05.uniform_bound"]
def uniform_bound(log_density, x, u):
    """The bound of uniform dequantization from draws of the noise.

    log_density: maps points of any shape to log p there. x: whole numbers, shape (n,). u: draws from U[0, 1],
    shape (S, n). Returns shape (n,), in nats.
    """
    # region solution
    return log_density(x + u).mean(0)
    # endregion


uniform_bound = check("05.uniform_bound", uniform_bound)

# %% name="thousand-cells"
means = 4 * torch.rand(1000, generator=seeded(4)) - 1.5
widths = 10 ** (1.5 * torch.rand(1000, generator=seeded(5)) - 1)
probabilities = torch.stack([cell_log_prob(Normal(m, s), 0.0) for m, s in zip(means, widths, strict=True)])
bounds = uniform_bound(
    lambda y: log_normal(y, means, widths), torch.zeros(1000), U[:, None].expand(400, 1000)
)
excess = probabilities - torch.as_tensor(bounds)
print(f"gap of 1,000 Gaussians on [0, 1): from {excess.min():.6f} to {excess.max():.1f} nats, "
      f"median {excess.median():.3f}")

# %% tags=["claim:uniform-dequantization-bound"]
holds(
    "uniform-dequantization-bound", ("smallest log P(x) - bound of 1,000 densities", excess.min()),
    ("nothing", 0.0), ">=", tol=1e-9, digits=3,
)

# %% [markdown]
# The gap is zero only for a density that is constant on the cell, and it hurts most where the density is sharp. So let the noise have a shape of its
# own, a density $q(u\mid x)$ on $[0, 1)$: *variational dequantization*. The same inequality, with $q$ multiplied in and divided out, gives
#
# $$\log P(x) \ge \int q(u\mid x)\log\frac{p(x+u)}{q(u\mid x)}\,du = \mathcal L(q) .$$
#
# I22 makes $q$ by a flow, $u = g(\epsilon, x)$ with $\epsilon\sim\mathcal N(0, I)$, so $q(u\mid x) = p(g^{-1}(u))\,\lvert\det\partial
# g^{-1}/\partial u\rvert$ with $p$ the density of $\epsilon$. Does that hold for several pixels at once? Take two, $u = \mathrm{sigmoid}(A\epsilon + b)$ with a matrix $A$, and compare the
# formula's integral over a box with the share of draws in it. (The Jacobian is differentiated automatically.)

# %% name="noise-of-two-pixels"
A, b = torch.tensor([[0.9, 0.4], [-0.7, 1.2]]), torch.tensor([0.3, -0.2])
to_noise = lambda u: torch.linalg.solve(A, torch.logit(u) - b)  # g⁻¹
side = [torch.linspace(0.2, 0.6, 61), torch.linspace(0.3, 0.9, 61)]
box = torch.cartesian_prod(*side)
jacobian = torch.func.vmap(torch.func.jacrev(to_noise))(box)
formula = torch.exp(log_normal(torch.func.vmap(to_noise)(box)).sum(1)) * torch.det(jacobian).abs()
mass = torch.trapezoid(torch.trapezoid(formula.reshape(61, 61), side[1]), side[0])
u = torch.sigmoid(torch.randn(1_000_000, 2, generator=seeded(6)) @ A.T + b)
inside = (u[:, 0] > 0.2) & (u[:, 0] < 0.6) & (u[:, 1] > 0.3) & (u[:, 1] < 0.9)

# %% tags=["claim:flow-dequantization-density"]
holds(
    "flow-dequantization-density", ("∫ p(g⁻¹(u)) |det ∂g⁻¹/∂u| du over a box", mass),
    ("share of 1,000,000 draws u = g(ε) in it", inside.double().mean()), tol=2e-3, digits=3,
)

# %% [markdown]
# ### Exercise 5.3 · Noise that is a flow
#
# Write it for one pixel: $u = \mathrm{sigmoid}(v)$ with $v = m + e^{s}\epsilon$ (the *logit-normal* distribution), and its density, with the inverse's
# Jacobian worked out by hand. The sigmoid has the slope $u\,(1-u)$.

# %% tags=["exercise:05.noise_flow"]
def noise_flow(eps, mean, log_std):
    """Noise u in [0, 1] from standard normal noise, and log q(u).

    eps: shape (S, n) or (n,). mean, log_std: shape (n,), of v = mean + exp(log_std) * eps. Returns two
    tensors of eps's shape: u = sigmoid(v), and the logarithm of u's density, in nats.
    """
    # region solution
    v = mean + torch.exp(log_std) * eps
    log_slope = torch.nn.functional.logsigmoid(v) + torch.nn.functional.logsigmoid(-v)
    return torch.sigmoid(v), log_normal(eps) - log_std - log_slope
    # endregion


noise_flow = check("05.noise_flow", noise_flow)

# %% [markdown]
# The picture shows one cell under $p = \mathcal N(m, s^2)$. For each $m$ and $s$ the best logit-normal noise (by your function) and the best Beta
# distribution were found by gradient ascent. The second panel shows all gaps $\log P - \mathcal L(q)$ against $s$.

# %% name="best-noise"
NODES, WEIGHTS = (torch.as_tensor(part) for part in np.polynomial.hermite_e.hermegauss(80))
WEIGHTS = WEIGHTS / WEIGHTS.sum()
MIDDLES = torch.arange(0, 11) / 10
WIDTHS = torch.tensor([0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.56, 0.8, 1.0, 1.4, 2.0])
m, s = (part.flatten() for part in torch.meshgrid(MIDDLES, WIDTHS, indexing="ij"))


def logit_normal_bound(w):
    noise, log_q = noise_flow(NODES[:, None].expand(-1, len(m)), w[0], w[1])
    return WEIGHTS @ (log_normal(noise, m, s) - log_q)


def beta_bound(w):
    q = torch.distributions.Beta(w[0].exp(), w[1].exp())
    return (
        -0.5 * ((q.mean - m) ** 2 + q.variance) / s**2 - torch.log(s * math.sqrt(2 * math.pi)) + q.entropy()
    )


def climb(bound, start, steps=500):
    w = start.clone().requires_grad_()
    rule = torch.optim.Adam([w], lr=0.1)
    for index in range(steps):
        rule.param_groups[0]["lr"] = 0.1 * (1 - index / steps) + 1e-3
        rule.zero_grad()
        (-bound(w).sum()).backward()
        rule.step()
    return w.detach(), bound(w).detach()


centre, inverse_width = m.clamp(0.1, 0.9), (0.3 / s).clamp(min=1)
logit_normal, by_logit_normal = climb(
    logit_normal_bound, torch.stack([torch.logit(centre), -inverse_width.log()])
)
beta, by_beta = climb(
    beta_bound, torch.stack([(centre * inverse_width**2).log(), ((1 - centre) * inverse_width**2).log()])
)
exact = torch.stack([cell_log_prob(Normal(a, c), 0.0) for a, c in zip(m, s, strict=True)])
by_uniform = torch.stack([uniform_dequantization_bound(Normal(a, c), 0.0) for a, c in zip(m, s, strict=True)])
GAPS = {name: (exact - value).clamp(min=1e-7).reshape(11, 12)
        for name, value in (("uniform", by_uniform), ("logit-normal", by_logit_normal), ("Beta", by_beta))}
flat_row = int(((m - 0.5).abs() < 1e-9).logical_and(s == 1.0).nonzero())

# %% name="predict-flat" tags=["predict"]
predict(
    "05.flat",
    "p = N(0.5, 1): nearly flat on the cell [0, 1). Which noise gives the larger bound, uniform or the "
    "best logit-normal?", choices=("uniform noise", "the best logit-normal", "they tie"),
    answer=f"""Uniform noise: {float(by_uniform[flat_row]):.5f} against
    {float(by_logit_normal[flat_row]):.5f} nats, with log P = {float(exact[flat_row]):.5f}. No
    logit-normal density is flat, so a flow can lose against no flow at all. The Beta family contains the
    uniform density and gets {float(by_beta[flat_row]):.5f}.""",
)

# %% name="cell" tags=["picture"]
INSIDE = torch.linspace(0.0025, 0.9975, 200)
COLOURS = {"uniform": "third", "logit-normal": "q", "Beta": "fourth"}


def draw_cell(view, middle, width):
    i, j = int((MIDDLES - middle).abs().argmin()), int((WIDTHS - width).abs().argmin())
    k = 12 * i + j
    posterior = torch.exp(log_normal(INSIDE, m[k], s[k]) - exact[k])
    v = torch.logit(INSIDE)
    eps = (v - logit_normal[0, k]) / logit_normal[1, k].exp()
    shaped = torch.exp(noise_flow(eps, *logit_normal[:, k, None].expand(2, 200))[1])
    by_shape = torch.distributions.Beta(*beta[:, k].exp()).log_prob(INSIDE).exp()
    view["noise"].fill("best", INSIDE, posterior, color="p", alpha=0.3, label="p(x+u)/P(x)")
    view["noise"].hline("uniform", 1.0, color="third", style="dotted", label="uniform")
    view["noise"].curve("logit-normal", INSIDE, shaped, color="q", label="logit-normal")
    view["noise"].curve("Beta", INSIDE, by_shape, color="fourth", label="Beta")
    for name, color in COLOURS.items():
        view["gap"].curve(name, WIDTHS, GAPS[name][i], color=color, label=name)
        view["gap"].scatter(
            name + " here", [[float(WIDTHS[j]), float(GAPS[name][i, j])]], color=color, size=8
        )
    for name, value in (
        ("log P(x)", exact), ("uniform", by_uniform), ("logit-normal", by_logit_normal), ("Beta", by_beta),
    ):
        view.readout(name, float(value[k]), ".5f")


explore(
    draw_cell,
    panels=[
        Panel("noise", title="noise on the cell", xlabel="u", ylabel="density", xlim=(0, 1), ylim=(0, 9)),
        Panel(
            "gap", title="log P(x) − bound", xlabel="s, width of p", ylabel="nats", xscale="log",
            yscale="log", xlim=(0.045, 2.2), ylim=(5e-8, 100),
        ),
    ],
    middle=Slider.of(MIDDLES.tolist(), value=0.8, label="m", format=".1f"),
    width=Slider.of(WIDTHS.tolist(), value=0.4, label="s"),
    presets={
        "wide": {"middle": 0.8, "width": 0.4}, "sharp": {"middle": 0.2, "width": 0.05},
        "nearly flat": {"middle": 0.5, "width": 1.0}, "at the border": {"middle": 0.0, "width": 0.2},
    },
    alt="The best noise of three kinds on one cell of a Gaussian density, and each bound's gap to log P",
)

# %% [markdown]
# Two conditions hide in the bound. Which $q$ attains it? The density of the noise *given* its cell, $q^*(u) = p(x+u)/P(x)$: it plays the posterior's part,
# as the slide says. And where must $q$ live? Inside the cell. Let $q$ be $p$ itself, on the whole line: the formula then gives $\log 1 = 0$, whatever
# $P(x)$ is.

# %% name="best-noise-exactly"
fine = torch.linspace(0, 1, 20_001)
log_p = log_normal(fine, 0.8, 0.4)
q_best = torch.exp(log_p) / torch.trapezoid(torch.exp(log_p), fine)
bound_of = lambda q: torch.trapezoid(q * (log_p - q.log()), fine)
p = Normal(torch.tensor(0.8), torch.tensor(0.4))
print(f"L(q*) = {bound_of(q_best):.7f}, log P = {cell_log_prob(p, 0.0):.7f}")
print(f"L(uniform) = {bound_of(torch.ones_like(fine)):.7f}, the uniform bound "
      f"{uniform_dequantization_bound(p, 0.0):.7f}")
line = torch.linspace(-4, 5, 20_001)
q = torch.exp(log_normal(line, 0.8, 0.4) + 1e-9 * line)  # p itself, but for the last digits
outside = torch.trapezoid(q * (log_normal(line, 0.8, 0.4) - q.log()), line)
print(f"q = p on the whole line: L(q) = {outside.abs():.4f} nats, above log P")

# %% tags=["claim:dequantization-optimal-q"]
holds(
    "dequantization-optimal-q",
    (
        "L(q*) - L(uniform), both by the variational formula",
        bound_of(q_best) - bound_of(torch.ones_like(fine)),
    ),
    ("log P(x) - uniform bound, closed forms", cell_log_prob(p, 0.0) - uniform_dequantization_bound(p, 0.0)),
    tol=1e-7,
)

# %% tags=["claim:variational-dequantization-bound"]
best_bound = torch.stack([by_uniform, by_logit_normal, by_beta]).amax(0)
convention(
    "variational-dequantization-bound",
    ("smallest log P(x) - L(q), 132 cells, 3 kinds of noise", (exact - best_bound).min()), ("nothing", 0.0),
    ">=", tol=1e-9, digits=2,
    under="q(u|x) has all its mass on the cell, 0 ≤ u < 1; with noise on the whole line L(q) can exceed "
    "log P(x)",
)

# %% [markdown]
# ### Does it matter?
#
# Fit a mixture of Gaussians to the eight levels in three ways: by the exact $P(x)$, by the uniform bound, and by the variational bound with a
# logit-normal noise for each level that is learnt along. Each was run from three starts beforehand; what counts is the *true* mean $\log P(x)$ of the
# mixture that comes out.

# %% name="fits-of-levels"
archive = runs.stored()
NOISES = ("exact", "uniform", "logit-normal")


def fitted(noise, components, start):
    part = [
        torch.as_tensor(archive[f"levels/{noise}/{components}/{key}"][start])
        for key in ("logits", "mean", "log_std")
    ]
    return MixtureSameFamily(Categorical(logits=part[0]), Normal(part[1], part[2].exp()))


TRUE = {(noise, count): [float(PI @ cell_log_prob(fitted(noise, count, k), LEVEL)) for k in range(3)]
        for noise in NOISES for count in (1, 3)}
BOUND = [float(PI @ uniform_dequantization_bound(fitted("uniform", 3, k), LEVEL)) for k in range(3)]
for count in (1, 3):
    for noise in NOISES:
        print(f"{count} Gaussian{'s' if count > 1 else ' '}, {noise:13} true mean log P(x), three starts: "
              + ", ".join(f"{value:.4f}" for value in TRUE[noise, count]))
print(f"minus the entropy: {-entropy:.4f}")
lost = {noise: max(TRUE["exact", 3]) - max(TRUE[noise, 3]) for noise in NOISES}
lost_by_one = max(abs(max(TRUE["exact", 1]) - max(TRUE[noise, 1])) for noise in NOISES)

# %% name="predict-matter" tags=["predict"]
predict(
    "05.matter",
    "A single Gaussian is fitted to the eight levels. How much true log P(x) does uniform noise cost, "
    "against the exact fit?", choices=("nothing to speak of", "about 0.02 nats", "more than 0.2 nats"),
    answer=f"""Nothing to speak of: at most {lost_by_one:.4f} nats for either noise, because a density as
    wide as that is nearly flat on every cell. With three Gaussians uniform noise costs
    {lost["uniform"]:.3f} nats and logit-normal noise {lost["logit-normal"]:.3f}, the best of three starts
    each.""",
)

# %% name="fit-levels" tags=["picture"]
LINE = torch.linspace(-1.5, 9.5, 881)


def draw_fit(view, noise, components, start):
    law = fitted(noise, components, start)
    mass = cell_log_prob(law, LEVEL).exp()
    view["density"].curve(
        "p", LINE, law.log_prob(LINE).exp(), color="q", style="solid", label="fitted density"
    )
    draw_staircase(view["density"])
    view["mass"].scatter("pi", torch.stack([LEVEL, PI], 1), color="p", size=9, label="levels")
    view["mass"].scatter("P", torch.stack([LEVEL, mass], 1), color="q", size=7, label="P(x) of the fit")
    view.readout("true mean log P(x)", float(PI @ mass.log()), ".4f")
    view.readout("its uniform bound", float(PI @ uniform_dequantization_bound(law, LEVEL)), ".4f")
    view.readout("minus the entropy", -entropy, ".4f")


explore(
    draw_fit,
    panels=[
        Panel("density", title="density", xlabel="y", ylabel="density", xlim=(-1.2, 9.2), ylim=(0, 0.6)),
        Panel(
            "mass", title="probabilities", xlabel="x", ylabel="probability", xlim=(-0.5, 7.5), ylim=(0, 0.42)
        ),
    ],
    noise=Choice(list(NOISES), value="uniform", label="fitted by"),
    components=Choice([1, 3], value=3, label="Gaussians"),
    start=Choice({"start 1": 0, "start 2": 1, "start 3": 2}, label="start"),
    presets={
        "three, uniform": {"noise": "uniform", "components": 3, "start": 0},
        "three, logit-normal": {"noise": "logit-normal", "components": 3, "start": 0},
        "three, exact": {"noise": "exact", "components": 3, "start": 0},
        "one": {"noise": "uniform", "components": 1, "start": 0},
    },
    alt="A mixture of Gaussians fitted to eight levels by three objectives, and the probabilities it induces",
)

# %% [markdown]
# Look at where the exact fit puts its bumps: they may be sharp and stand anywhere in a cell, because only the mass of a cell counts. Uniform noise
# forbids that: it asks the density to be flat on each cell.
#
# ## 5.3 Couplings: a flow that is cheap in both directions
#
# For $d$ dimensions a flow must be invertible, and its determinant must not cost $d^3$. RealNVP's *coupling* splits $z$ into halves. The first half
# stays; the second is stretched and shifted by what a network says of the first:
#
# $$x_a = z_a, \qquad x_b = z_b\odot e^{s(z_a)} + m(z_a) .$$
#
# The Jacobian is triangular with $1$ and $e^{s}$ on its diagonal. In training $s$ is bounded, here by $s = 2\tanh(r/2)$ with $r$ the network's
# output, for $e^{r}$ overflows sooner or later.
#
# ### Exercise 5.4 · The coupling

# %% tags=["exercise:05.coupling"]
def coupling(z, network):
    """A coupling that keeps the first half of z.

    z: shape (n, d), d even. network: maps the kept half (n, d/2) to (n, d): first the shift m (d/2 numbers),
    then the raw log-scale r. Returns x of shape (n, d), halves in z's order, and log|det dx/dz|, shape (n,).
    """
    # region solution
    kept, moved = z.chunk(2, -1)
    shift, raw = network(kept).chunk(2, -1)
    log_scale = 2 * torch.tanh(raw / 2)
    return torch.cat([kept, moved * torch.exp(log_scale) + shift], -1), log_scale.sum(-1)
    # endregion


coupling = check("05.coupling", coupling)

# %% [markdown]
# ### Exercise 5.5 · And back

# %% tags=["exercise:05.coupling_inverse"]
def coupling_inverse(x, network):
    """The inverse of coupling: z of shape (n, d), and log|det dz/dx| of shape (n,). Arguments as there."""
    # region solution
    kept, moved = x.chunk(2, -1)
    shift, raw = network(kept).chunk(2, -1)
    log_scale = 2 * torch.tanh(raw / 2)
    return torch.cat([kept, (moved - shift) * torch.exp(-log_scale)], -1), -log_scale.sum(-1)
    # endregion


coupling_inverse = check("05.coupling_inverse", coupling_inverse)

# %% name="against-autograd"
four = mlp((2, 16, 4), "silu", seed=1)
points = torch.randn(20, 4, generator=seeded(7))
moved, log_det = coupling(points, four)
of_one = lambda z: coupling(z[None], four)[0][0]
by_autograd = torch.stack(
    [torch.linalg.slogdet(torch.autograd.functional.jacobian(of_one, point))[1] for point in points]
)
back, back_det = coupling_inverse(moved, four)
print(f"20 points, d = 4: your log-determinant is that of autograd's Jacobian "
      f"to {(log_det - by_autograd).abs().max():.0e}")
print(f"there and back: {(back - points).abs().max():.0e}; the log-determinants add up to "
      f"{(log_det + back_det).abs().max():.0e}")

# %% [markdown]
# Neither direction inverts a network. One coupling moves only one half, so the next must keep the other: between two layers the coordinates are turned
# round (`flip`).
#
# ### Exercise 5.6 · The density of a flow
#
# A point $x = f(z)$ with $z\sim\mathcal N(0, I)$ has the log-density of the recap. Write it for any flow whose inverse is given.

# %% tags=["exercise:05.flow_log_prob"]
def flow_log_prob(x, inverse):
    """log p(x) of x = f(z), z ~ N(0, I) in d dimensions, in nats.

    x: shape (n, d). inverse: maps x to a pair, z = f⁻¹(x) of shape (n, d) and log|det dz/dx| of shape (n,).
    Returns shape (n,).
    """
    # region solution
    z, log_det = inverse(x)
    return -z.square().sum(-1) / 2 - x.shape[-1] / 2 * math.log(2 * math.pi) + log_det
    # endregion


flow_log_prob = check("05.flow_log_prob", flow_log_prob)

# %% name="stack-of-couplings"
def wild(seed):
    """A network for couplings of the plane, made of random waves."""
    a, b = torch.randn(2, 6, generator=seeded(seed))
    out = torch.randn(6, 2, generator=seeded(seed + 100))
    return lambda kept: torch.sin(kept * a + 3 * b) @ out


WILD = [wild(k) for k in range(8)]


def through(z, layers, turn=True, strength=0.3):
    """z through so many couplings, and the log-determinant of all together."""
    total = torch.zeros(len(z))
    for network in WILD[:layers]:
        z = z.flip(-1) if turn else z
        z, log_det = coupling(z, lambda kept, network=network: strength * network(kept))
        total = total + log_det
    return z, total


def back_through(x, layers, turn=True, strength=0.3):
    total = torch.zeros(len(x))
    for network in reversed(WILD[:layers]):
        x, log_det = coupling_inverse(x, lambda kept, network=network: strength * network(kept))
        x, total = (x.flip(-1) if turn else x), total + log_det
    return x, total


base_draws = torch.randn(20_000, 2, generator=seeded(8))
still = [float(through(base_draws, 8, turn)[0][:, 0].std()) for turn in (False, True)]

# %% name="predict-turn" tags=["predict"]
predict(
    "05.turn",
    "Eight couplings with wild networks, and the coordinates are never turned round. How is x₁ "
    "distributed?", choices=("N(0, 1), as before", "nearly anything", "narrower than before"),
    answer=f"""N(0, 1), as before: every layer keeps z₁, so x₁ = z₁ however many there are. Its standard
    deviation over 20,000 draws is {still[0]:.2f}; with turning it is {still[1]:.2f}.""",
)

# %% name="couplings" tags=["picture"]
SIDE = torch.linspace(-4, 4, 81)
SQUARE = (-4.05, 4.05, -4.05, 4.05)
FIELD = torch.stack(torch.meshgrid(SIDE, SIDE, indexing="xy"), -1).reshape(-1, 2)
TICKS = torch.linspace(-2, 2, 9)
ALONG = torch.linspace(-2, 2, 81)
NET_LINES = [torch.stack([torch.full_like(ALONG, float(t)), ALONG], 1) for t in TICKS]
NET_LINES += [line.flip(1) for line in NET_LINES]


@torch.no_grad()
def draw_couplings(view, layers, strength, turn):
    given = layers, turn, strength
    density = flow_log_prob(FIELD, lambda x: back_through(x, *given)).exp().reshape(81, 81)
    images = through(torch.cat(NET_LINES), *given)[0].reshape(18, 81, 2)
    for k in range(18):
        view["grid"].curve(f"{k}", *images[k].T, color="p" if k < 9 else "q", style="solid", width=1)
    view["density"].heatmap("p", density, SQUARE, limits=(0, 0.25))
    view.readout("mass on the square", float(density.sum()) * 0.01, ".4f")
    x, log_det = through(base_draws[:4000], *given)
    view.readout("standard deviation of x₁, of x₂", f"{float(x[:, 0].std()):.2f}, {float(x[:, 1].std()):.2f}")
    view.readout(
        "log-determinant, smallest and largest", f"{float(log_det.min()):.2f}, {float(log_det.max()):.2f}"
    )


explore(
    draw_couplings,
    panels=[
        Panel(
            "grid", title="where a square grid goes", xlabel="x₁", ylabel="x₂", xlim=(-4, 4), ylim=(-4, 4),
            aspect="equal", legend=False,
        ),
        Panel(
            "density", title="density of x = f(z)", xlabel="x₁", ylabel="x₂", xlim=(-4, 4), ylim=(-4, 4),
            aspect="equal",
        ),
    ],
    layers=Slider(0, 8, value=2, label="couplings"),
    strength=Slider(0.1, 0.5, step=0.1, value=0.3, label="strength of the networks"),
    turn=Toggle(True, label="turn the coordinates round between layers"),
    presets={
        "one": {"layers": 1}, "eight": {"layers": 8}, "eight, never turned": {"layers": 8, "turn": False},
    },
    alt="A square grid and a Gaussian density after some couplings of the plane",
)

# %% [markdown]
# The lines bend and never cross, because $f$ is invertible. The density's mass stays 1 (up to what leaves the square).
#
# ## 5.4 Autoregressive flows: which direction is slow?
#
# A coupling lets half of the coordinates speak. An *autoregressive* flow lets each coordinate listen to all before it, with one masked network that
# gives every shift $m_i$ and log-scale $s_i$ at once. There are two ways to place it:
#
# - **AF** (autoregressive, or masked autoregressive: MAF): $x_i = z_i\,e^{s_i(x_{<i})} + m_i(x_{<i})$: the network looks at $x$.
# - **IAF** (inverse autoregressive): $x_i = z_i\,e^{s_i(z_{<i})} + m_i(z_{<i})$: the network looks at $z$.
#
# One *pass* is one evaluation of the network. For an AF, $z$ from $x$ takes one pass; a draw must make $x_1$ first, then ask the network for $x_2$, and so
# on.
#
# ### Exercise 5.7 · A draw from an AF

# %% tags=["exercise:05.autoregressive_sample"]
def autoregressive_sample(z, network):
    """x of an AF with x_i = z_i exp(s_i(x_<i)) + m_i(x_<i), in d passes through the network.

    z: shape (n, d). network: maps (n, d) to a pair (shift, log_scale), each (n, d); column i depends on the
    columns before i only. Returns x, shape (n, d).
    """
    # region solution
    x = torch.zeros_like(z)
    for i in range(z.shape[-1]):
        shift, log_scale = network(x)
        x[..., i] = z[..., i] * torch.exp(log_scale[..., i]) + shift[..., i]
    return x
    # endregion


autoregressive_sample = check("05.autoregressive_sample", autoregressive_sample)

# %% name="yours-against-the-library"
af = AutoregressiveFlow(6, kind="af", seed=3).requires_grad_(False)
z = torch.randn(100, 6, generator=seeded(9))
drawn = autoregressive_sample(z, af.shift_and_log_scale)
print(
    f"your draws, back through the library's inverse: {(af.inverse(drawn)[0] - z).abs().max():.0e} from "
    "where they began"
)

# %% name="count-passes"
def passes(kind, direction, d):
    flow = AutoregressiveFlow(d, kind=kind, seed=0).requires_grad_(False)
    start = torch.zeros(1, d)
    flow.passes = 0
    flow(start) if direction == "z to x" else flow.inverse(start)
    return flow.passes


print(f"{'passes':24} {'d = 2':>6} {'d = 12':>7} {'d = 64':>7}")
for kind in ("af", "iaf"):
    for direction in ("z to x", "x to z"):
        counted = [passes(kind, direction, d) for d in (2, 12, 64)]
        print(f"{kind.upper():4} {direction:19} {counted[0]:6} {counted[1]:7} {counted[2]:7}")

# %% name="predict-passes" tags=["predict"]
predict(
    "05.passes",
    "A VAE with d = 64 latent numbers and an AF as its posterior: encoder's z, code x = f(z). How many "
    "passes does one draw with its log-density take?", choices=("1", "2", "64", "128"),
    answer=f"""{passes("af", "z to x", 64)}: a draw takes one pass for each coordinate. The density of
    that very draw costs nothing more, because z and all log-scales are at hand when the last pass is
    done. With an IAF it is {passes("iaf", "z to x", 64)}.""",
)

# %% name="passes" tags=["picture"]
FLOWS = {(kind, d): AutoregressiveFlow(d, kind=kind, seed=d, hidden=(24,)).requires_grad_(False)
         for kind in ("af", "iaf") for d in range(2, 13)}
with torch.no_grad():
    for flow in FLOWS.values():  # networks that say more than those at the start of a training
        for weights in flow.parameters():
            weights *= 3
START = torch.randn(1, 12, generator=seeded(10))


def by_passes(kind, direction, d):
    """What is known after 0, 1, 2, ... passes: rows of d numbers, and the right ones."""
    flow, start = FLOWS[kind, d], START[:, :d]
    right = (flow(start) if direction == "z to x" else flow.inverse(start))[0][0]
    if (kind == "iaf") == (direction == "z to x"):
        return torch.stack([torch.zeros(d), right]), right
    known = [torch.zeros(1, d)]
    for _ in range(d):
        shift, log_scale = flow.shift_and_log_scale(known[-1])
        known.append(
            start * log_scale.exp() + shift if direction == "z to x" else (start - shift) * (-log_scale).exp()
        )
    return torch.cat(known), right


def draw_passes(view, flow, direction, d, done):
    rows, right = by_passes(flow, direction, d)
    known = rows[min(done, len(rows) - 1)]
    settled = (known - right).abs() < 1e-9
    place = torch.arange(1.0, d + 1)
    target = torch.stack([place, right], 1)
    view["numbers"].scatter("right", target, color="p", size=13, alpha=0.4, label="right")
    if bool(settled.any()) and done > 0:
        view["numbers"].scatter(
            "known", torch.stack([place, known], 1)[settled], color="third", size=8, label="known"
        )
    if not bool(settled.all()) or done == 0:
        wrong = ~settled if done > 0 else torch.ones(d, dtype=bool)
        view["numbers"].scatter(
            "wrong", torch.stack([place, known], 1)[wrong], color="q", size=7, label="not yet"
        )
    sizes = torch.arange(2.0, 13)
    slow = (flow == "iaf") != (direction == "z to x")
    view["cost"].curve(
        "cost", sizes, sizes if slow else torch.ones(11), color="p", style="solid", label="passes"
    )
    view["cost"].scatter("here", [[d, d if slow else 1]], color="accent", size=10)
    view.readout("passes done", min(done, len(rows) - 1))
    view.readout("coordinates that are right", int(settled.sum()) if done else 0)
    view.readout("passes needed", len(rows) - 1)


explore(
    draw_passes,
    panels=[
        Panel(
            "numbers", title="the coordinates", xlabel="coordinate", ylabel="value", xlim=(0.4, 12.6),
            ylim=(-3.5, 3.5),
        ),
        Panel(
            "cost", title="passes needed", xlabel="d", ylabel="passes", xlim=(1.5, 12.5), ylim=(0, 13),
            width=0.7,
        ),
    ],
    flow=Choice({"AF": "af", "IAF": "iaf"}, label="flow"),
    direction=Choice(["z to x", "x to z"], label="direction"),
    d=Slider(2, 12, value=12, label="d"),
    done=Slider(0, 12, value=1, label="passes done", play=True),
    presets={
        "AF, a draw": {"flow": "af", "direction": "z to x", "d": 8, "done": 3},
        "AF, a density": {"flow": "af", "direction": "x to z", "d": 8, "done": 1},
        "IAF, a draw": {"flow": "iaf", "direction": "z to x", "d": 8, "done": 1},
        "IAF, a density": {"flow": "iaf", "direction": "x to z", "d": 8, "done": 3},
    },
    alt="Coordinates of a point that become right one after the other, or all at once, and the passes needed",
)

# %% [markdown]
# After $k$ passes in the slow direction the first $k$ coordinates are right. Now the slide "Flow-based VAE posterior": there $z^* = f(z,\lambda)$
# leads from the encoder's draw to the code, $g$ leads back, and the inverse autoregressive flow is said to have a "slow $f(z,\lambda)$, fast
# $g(z^*,\lambda)$". (In the recap of the same lecture $f$ and $g$ have changed places, and there the words would fit.)

# %% tags=["claim:iaf-slow-fast"]
erratum(
    "iaf-slow-fast", ("passes of f: z to z*, IAF, d = 12", passes("iaf", "z to x", 12)),
    ("passes of g: z* to z, IAF, d = 12", passes("iaf", "x to z", 12)), ">",
    corrected="with z* = f(z), the IAF has a fast f (1 pass) and a slow g (d passes). An AF would do for a "
    "posterior as well: the bound is right, and each draw costs d passes",
    corrected_left=("passes of f: z to z*, IAF, d = 12", passes("iaf", "z to x", 12)),
    corrected_relation="<", digits=3,
)

# %% [markdown]
# **Is it OK to use an AF for the posterior?** the slide asks. The ELBO needs draws of the code with their own log-densities, never the density of a point
# that came from elsewhere. An AF gives them: right, and slowly. A *prior* needs the density of codes that the encoder drew: there the AF is the fast one.
# Both statements as numbers: the ELBO of an AF that was never trained, over its draws (z on quadrature nodes) and over a grid of codes, and the ratio of times,
# measured on this machine, with gradients.

# %% name="time-passes"
slow = AutoregressiveFlow(2, kind="af", seed=4).requires_grad_(False)
base, base_weights = torch.cartesian_prod(NODES, NODES), torch.outer(WEIGHTS, WEIGHTS).flatten()
codes, log_det = slow(base)
of_draws = base_weights @ (TARGETS["banana"].log_joint(codes) - log_normal(base).sum(1) + log_det)
axis = torch.linspace(-9, 9, 361)
field = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
log_q = slow.log_prob(field)
over_grid = (log_q.exp() * (TARGETS["banana"].log_joint(field) - log_q)).sum() * (axis[1] - axis[0]) ** 2
print(f"ELBO of an AF posterior: {of_draws:.5f} over its draws, {over_grid:.5f} over a grid")


def seconds(kind, d):
    flow = AutoregressiveFlow(d, kind=kind, hidden=(64, 64), seed=0)
    start = torch.randn(256, d, generator=seeded(11))
    times = []
    for _ in range(9):
        begin = time.perf_counter()
        x, log_det = flow(start)
        (x.square().sum() - log_det.sum()).backward()
        times.append(time.perf_counter() - begin)
    return min(times)


for d in (2, 8, 32):
    ratio = seconds("af", d) / seconds("iaf", d)
    print(f"d = {d:2}: a draw of the AF takes about {ratio:.0f} times as long as one of the IAF")

# %% [markdown]
# For two latent numbers nobody would notice; for 32 the sequence of passes is what training spends its time on.
#
# ## 5.5 The flow posterior: signs
#
# In a VAE with a *flow posterior* the encoder draws $z\sim q(z\mid x,\phi)$, a Gaussian, and a flow with parameters $\lambda$ turns it into the code
# $z^*$. The lecture writes the density of $z^*$ twice, in two notations:
#
# - recap: $z^* = g(z)$ and $\log q(z^*) = \log q(z) + \log\lvert\det\partial g(z)/\partial z\rvert$ (the second recap slide even has the bars inside, $\log\det\lvert\cdot\rvert$);
# - main part: $z^* = f(z)$ and $\log q(z^*) = \log q(z) + \log\lvert\det dz/dz^*\rvert$.
#
# One latent number decides. Let the encoder say $z\sim\mathcal N(\mu, s^2)$ and let the flow be $z\mapsto\sinh(az)/a$: the identity for $a\to0$,
# and the more it stretches the tails the larger $a$ is.

# %% name="sinh-flow"
def stretch(z, a):
    """The flow of one number."""
    return torch.sinh(a * z) / a


def squeeze(code, a):
    """Its inverse."""
    return torch.asinh(a * code) / a


def log_slope(z, a):
    """log of the flow's derivative at z."""
    return torch.log(torch.cosh(a * z))


LONG = torch.cat([-torch.logspace(3, -4, 6001), torch.logspace(-4, 3, 6001)])  # codes, dense around 0


def mass_of(sign, a, mean, std):
    """∫ exp(log q(z) + sign · log|dz*/dz|) dz*, z the encoder's point that goes to z*."""
    z = squeeze(LONG, a)
    return float(torch.trapezoid(torch.exp(log_normal(z, mean, std) + sign * log_slope(z, a)), LONG))


plus, minus = mass_of(1, 0.8, 0.3, 0.5), mass_of(-1, 0.8, 0.3, 0.5)

# %% name="predict-sign" tags=["predict"]
predict(
    "05.sign",
    "a = 0.8 and the encoder says N(0.3, 0.25). One of the two signs gives a density of z*. What does the "
    "other one integrate to?", choices=("also to 1", "to less than 1", "to more than 1"),
    answer=f"""To more than 1, {plus:.3f}: with + log|det dz*/dz| stretched places become denser instead
    of thinner. The minus sign gives {minus:.3f}. At a = 0 both are the same, so a flow at its start hides
    the mistake.""",
)

# %% name="signs" tags=["picture"]
def draw_signs(view, a, mean, std):
    z = torch.linspace(-4, 4, 401)
    view["map"].curve("f", z, stretch(z, a), color="third", style="solid", label="z* = f(z)")
    bell = torch.exp(log_normal(z, mean, std))
    view["map"].fill("q", z, 2.5 * bell - 6, base=-6, color="p", alpha=0.35, label="q(z|x), not to scale")
    code = torch.linspace(-6, 6, 801)
    start = squeeze(code, a)
    base, slope = log_normal(start, mean, std), log_slope(start, a)
    view["density"].fill(
        "right", code, torch.exp(base - slope), color="p", alpha=0.35, label="log q(z) − log|dz*/dz|"
    )
    view["density"].curve("wrong", code, torch.exp(base + slope), color="q", label="with plus")
    view.readout("mass with minus", mass_of(-1, a, mean, std), ".4f")
    view.readout("mass with plus", mass_of(1, a, mean, std), ".4f")


explore(
    draw_signs,
    panels=[
        Panel(
            "map", title="the flow", xlabel="z, encoder's draw", ylabel="z*, code", xlim=(-4, 4), ylim=(-6, 6)
        ),
        Panel(
            "density", title="density of the code", xlabel="z*", ylabel="density", xlim=(-6, 6), ylim=(0, 1.2)
        ),
    ],
    a=Slider(0.1, 1.5, step=0.1, value=0.8, label="a"),
    mean=Slider(-1.5, 1.5, step=0.1, value=0.3, label="μ"),
    std=Slider(0.2, 1.2, step=0.1, value=0.5, label="s"),
    presets={
        "nearly the identity": {"a": 0.1}, "strong": {"a": 1.5, "mean": 1.0, "std": 0.8},
        "off centre": {"a": 0.8, "mean": 1.2, "std": 0.4},
    },
    alt="A flow of one number, the encoder's Gaussian, and the code's density with either sign",
)

# %% tags=["claim:flow-posterior-density-recap"]
erratum(
    "flow-posterior-density-recap", ("recap: ∫ q(z) |det ∂g/∂z| dz*, z* = g(z)", plus),
    ("mass of a density", 1.0), corrected="log q(z*) = log q(z) - log|det ∂g(z)/∂z| for z* = g(z)",
    corrected_left=("∫ q(z) / |det ∂g/∂z| dz*", minus), tol=1e-5, digits=5,
)

# %% [markdown]
# The main part's line is right. A check that knows nothing of the first: two latent numbers, the flow made of two of your couplings, and a count of
# draws. (`flow_log_prob` is yours, too; the encoder here says $\mathcal N(0, I)$.)

# %% name="main-density"
draws, _ = through(torch.randn(400_000, 2, generator=seeded(12)), 2)
inside = (draws > torch.tensor([0.0, -1.0])).all(1) & (draws < torch.tensor([1.5, 0.5])).all(1)
axes = torch.linspace(0, 1.5, 151), torch.linspace(-1, 0.5, 151)
grid = torch.cartesian_prod(*axes)
table = flow_log_prob(grid, lambda x: back_through(x, 2)).exp().reshape(151, 151)
mass = torch.trapezoid(torch.trapezoid(table, axes[1]), axes[0])

# %% tags=["claim:flow-posterior-density-main"]
holds(
    "flow-posterior-density-main", ("∫ q(z) |det dz/dz*| dz* over a box, two couplings", mass),
    ("share of 400,000 codes z* in it", inside.double().mean()), tol=2e-3, digits=3,
)

# %% [markdown]
# The same slide writes the flow as $z^* = f(z,\lambda) = g^{-1}(z^*,\lambda)$: two maps of two different points. Solve for the inverse numerically,
# with $g = f^{-1}$ the squeezing map:

# %% tags=["claim:flow-inverse-notation"]
z = torch.tensor(0.9)
code = float(stretch(z, 0.8))
solve = lambda value: brentq(
    lambda t: float(squeeze(torch.tensor(t), 0.8)) - value, -50, 50
)  # g⁻¹, by root finding
erratum(
    "flow-inverse-notation", ("g⁻¹(z*) at z* = f(0.9)", solve(code)), ("f(0.9)", code),
    corrected="z* = f(z, λ) = g⁻¹(z, λ), and z = g(z*, λ). (The flow prior's z = f(z*, λ) = g⁻¹(z*, λ) is "
    "right)",
    corrected_left=("g⁻¹(z) at z = 0.9", solve(0.9)),
)

# %% [markdown]
# ### The bound
#
# With the right density the ELBO of a flow posterior follows. I22 has it in three forms. First the recap's (there $z^* = g(z)$, and $J_g$ is the
# matrix $\partial g/\partial z$):
#
# $$\mathbb E_{q(z^*)}[\log p(x,z^*) - \log q(z^*)] = \mathbb E_{q(z)}[\log p(x,g(z)) - \log q(z) + \log\lvert\det J_g\rvert] .$$
#
# The *plus* in this line is right: it is minus a minus, and it contradicts the density above it on the same slide. Left an integral over codes, right one over
# the encoder's $z$; prior $\mathcal N(0,1)$, decoder $\mathcal N(\sin 2z^* + z^*, 0.5^2)$, and $x = 0.7$.

# %% name="one-number-model"
X, SIGMA, MEAN, STD, BEND = 0.7, 0.5, 0.3, 0.5, 0.8
decode_one = lambda code: torch.sin(2 * code) + code
log_joint_one = lambda code: log_normal(X, decode_one(code), SIGMA) + log_normal(code)
Z = torch.linspace(MEAN - 9 * STD, MEAN + 9 * STD, 20_001)  # the encoder's line
Q = torch.exp(log_normal(Z, MEAN, STD))
ends = stretch(Z[[0, -1]], BEND)
CODES = torch.linspace(float(ends[0]), float(ends[1]), 200_001)  # the code's line
LOG_Q_CODE = log_normal(squeeze(CODES, BEND), MEAN, STD) - log_slope(squeeze(CODES, BEND), BEND)
over_codes = torch.trapezoid(LOG_Q_CODE.exp() * (log_joint_one(CODES) - LOG_Q_CODE), CODES)
over_z = torch.trapezoid(Q * (log_joint_one(stretch(Z, BEND)) - Q.log() + log_slope(Z, BEND)), Z)
evidence = torch.logsumexp(log_joint_one(CODES), 0) + torch.log(CODES[1] - CODES[0])
print(f"log p(x) = {evidence:.5f}")

# %% tags=["claim:flow-posterior-elbo-recap"]
holds(
    "flow-posterior-elbo-recap", ("E over q(z) of log p(x, g(z)) - log q(z) + log|det J_g|", over_z),
    ("E over q(z*) of log p(x, z*) - log q(z*)", over_codes), tol=1e-6,
)

# %% [markdown]
# The recap's bullets turn that into a recipe: draw $z$ from the encoder, apply the flow, and "compute likelihood for $z^*$ using the decoder, base
# distribution for $z^*$ and the Jacobian". Count the densities: the decoder's, the prior's of the code, the encoder's of $z$, and the Jacobian: four. The
# bullet names three, and reading "base distribution" as one of the two leaves the other out.

# %% name="recipe"
z = MEAN + STD * torch.randn(1_000_000, generator=seeded(13))
code = stretch(z, BEND)
parts = {
    "decoder": log_normal(X, decode_one(code), SIGMA).mean(), "prior": log_normal(code).mean(),
    "encoder": -log_normal(z, MEAN, STD).mean(), "Jacobian": log_slope(z, BEND).mean(),
}
print("  ".join(f"{name} {value:+.3f}" for name, value in parts.items()))
for left_out in ("encoder", "prior"):
    print(f"without the {left_out}: {sum(v for name, v in parts.items() if name != left_out):.3f}, "
          f"log p(x) is {evidence:.3f}")

# %% tags=["claim:flow-posterior-recipe"]
convention(
    "flow-posterior-recipe", ("the recipe with all four densities, 1,000,000 draws", sum(parts.values())),
    ("ELBO by quadrature over the codes", over_codes), tol=5e-3, digits=3,
    under="the base density is the encoder's log q(z|x), which is subtracted, and the prior log p(z*) counts "
    "besides the decoder's likelihood",
)

# %% [markdown]
# The main part has the other two forms. The ELBO is the reconstruction minus a KL, whose expectation is under $q$ (a *reverse* KL, which seeks modes:
# [notebook 01](01_mean_field_kl.ipynb)):

# %% name="two-forms"
reconstruction = torch.trapezoid(LOG_Q_CODE.exp() * log_normal(X, decode_one(CODES), SIGMA), CODES)
kl = torch.trapezoid(LOG_Q_CODE.exp() * (LOG_Q_CODE - log_normal(CODES)), CODES)
print(f"reconstruction {reconstruction:.5f}, KL {kl:.5f}")

# %% tags=["claim:flow-posterior-elbo-kl"]
holds(
    "flow-posterior-elbo-kl", ("E log p(x|z*) - KL(q(z*) ‖ p(z*)), over the codes", reconstruction - kl),
    ("mean of log p(x, z*) - log q(z*), over the encoder's line", over_z), tol=1e-6,
)

# %% [markdown]
# And with the flow's density inserted, $z = g(z^*)$, $\log q(z^*) = \log q(g(z^*)) + \log\lvert\det J_g\rvert$, where $J_g = \partial g/\partial z^*$: now in two dimensions, on the
# **banana** of section 5.6, where a flow of four couplings was trained beforehand. The left side takes fresh draws of the code and goes back through $g$; the
# right side integrates the flow's density over a fine grid of the plane.

# %% name="banana-flow"
banana = TARGETS["banana"]
flow = runs.build(4)
flow.load_state_dict({key: torch.as_tensor(archive["weights/" + key]) for key in flow.state_dict()})
flow = flow.double().requires_grad_(False)
codes = flow(torch.randn(100_000, 2, generator=seeded(14)))[0]
z, log_det_g = flow.inverse(codes)
by_draws = (banana.log_joint(codes) - (log_normal(z).sum(1) + log_det_g)).mean()
axis = torch.linspace(-5, 5, 401)
field = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
log_q = flow_log_prob(field.reshape(-1, 2), flow.inverse).reshape(401, 401)
by_grid = (log_q.exp() * (banana.log_joint(field) - log_q)).sum() * (axis[1] - axis[0]) ** 2
print(f"log p(x) = {banana.log_evidence():.4f}")

# %% tags=["claim:flow-posterior-elbo-expanded"]
holds(
    "flow-posterior-elbo-expanded",
    ("mean of log p(x|z*) + log p(z*) - (log q(g(z*)) + log|det J_g|)", by_draws),
    ("∫ q (log p(x, z*) - log q) over a grid", by_grid), tol=3e-3, digits=4,
)

# %% [markdown]
# ## 5.6 Does an expressive posterior find the posterior?
#
# Three VAEs with two latent numbers, prior $\mathcal N(0, I)$ and one observation each, so simple that a grid gives $\log p(x)$:
#
# - **banana**: $x = z_2 - 0.8 z_1^2$ plus noise of standard deviation 0.2;
# - **ring**: $x = \lVert z\rVert$, noise 0.15;
# - **islands**: $x = (\lvert z_1\rvert, z_2)$, noise 0.4: the sign of $z_1$ leaves no trace, so there are two equal islands.
#
# First the slide's claim that RealNVP can serve as posterior. To beat is the *best* Gaussian with a full covariance.

# %% name="gaps"
gaussian_gap = {name: float(archive[f"{name}/gaussian_gap"]) for name in TARGETS}
# Rows: 2, 4, 8 couplings; columns: three seeds.
gap, error, left = (
    {name: np.stack([archive[f"{name}/{k}/{key}"] for k in runs.COUPLINGS]) for name in TARGETS}
    for key in ("gap", "error", "left")
)
print(f"gap log p(x) - ELBO, nats (standard errors up to {max(e.max() for e in error.values()):.3f})")
print(f"{'':8} {'Gaussian':>9}   {'2 couplings':^20}   {'4 couplings':^20}   {'8 couplings':^20}")
for name in TARGETS:
    rows = "   ".join(" ".join(f"{value:6.3f}" for value in row) for row in gap[name])
    print(f"{name:8} {gaussian_gap[name]:9.3f}   {rows}")

# %% tags=["claim:realnvp-coupling"]
holds(
    "realnvp-coupling", ("ELBO of four couplings on the banana, 100,000 fresh draws", by_draws),
    ("ELBO of the best Gaussian there", banana.log_evidence() - gaussian_gap["banana"]), ">", tol=1e-2,
    digits=3,
)

# %% name="predict-islands" tags=["predict"]
alone = (left["islands"] < 0.05) | (left["islands"] > 0.95)
predict(
    "05.islands",
    "Two equal islands. The best Gaussian sits on one of them and loses log 2 = 0.69 nats. What do nine "
    "flows of 2, 4 and 8 couplings do?",
    choices=("all cover both islands", "some cover both, some only one", "all sit on one"),
    answer=f"""{int(alone.sum())} of the nine, with 4 or 8 couplings, sit on one
    island, at a gap of {float(gap["islands"][alone].mean()):.2f} nats. With 2 couplings all cover both and
    gain little, the gaps are {float(gap["islands"][0].min()):.2f} to {float(gap["islands"][0].max()):.2f}:
    the bridge between the islands costs nearly as much as an island. The best of all has
    {float(gap["islands"].min()):.2f}.""",
)

# %% name="posteriors" tags=["picture"]
COARSE = torch.linspace(-WIDE, WIDE, 65)
TRUTH = {name: target.posterior(65) for name, target in TARGETS.items()}
PLANE = (-WIDE, WIDE, -WIDE, WIDE)


def latent_panel(name, title):
    sides = {"xlim": (-WIDE, WIDE), "ylim": (-WIDE, WIDE), "aspect": "equal"}
    return Panel(name, title=title, xlabel="z₁", ylabel="z₂", **sides)


def draw_levels(panel, target, *levels):
    """Level lines of the true posterior, at these shares of its maximum."""
    truth = TRUTH[target]
    at = [level * float(truth.max()) for level in levels]
    panel.contour("p", COARSE, COARSE, truth, levels=at, color="accent", width=1)



FAMILIES = ["best Gaussian", "2 couplings", "4 couplings", "8 couplings"]


def gaussian_density(name):
    stored = torch.as_tensor(archive[f"{name}/gaussian"])
    law = torch.distributions.MultivariateNormal(stored[:2], scale_tril=stored[2:].reshape(2, 2))
    return 255 * law.log_prob(plane(64)).exp() / TARGETS[name].posterior(401).max()


GAUSSIANS = {name: gaussian_density(name).clamp(max=255) for name in TARGETS}


def draw_posteriors(view, target, family, seed):
    truth = TRUTH[target]
    top = float(truth.max())
    row = FAMILIES.index(family) - 1 if family != "best Gaussian" else None
    picture = GAUSSIANS[target]
    if row is not None:
        picture = archive[f"{target}/{runs.COUPLINGS[row]}/density"][seed].astype(float)
    view["truth"].heatmap("p", truth, PLANE, limits=(0, top))
    view["fit"].heatmap("q", picture, PLANE, limits=(0, 255))
    draw_levels(view["fit"], target, 0.1, 0.5)
    labels = ["none", "2", "4", "8"]
    heights = [gaussian_gap[target], *gap[target][:, seed]]
    view["gap"].bars("gap", labels, heights, color=["third", "q", "q", "q"], values=".2f")
    view["gap"].hline("log 2", math.log(2))
    chosen = gaussian_gap[target] if row is None else float(gap[target][row, seed])
    view.readout("gap, nats", chosen, ".3f")
    if row is not None:
        view.readout("share of q with z₁ < 0", float(left[target][row, seed]), ".3f")


explore(
    draw_posteriors,
    panels=[
        latent_panel("truth", "posterior p(z|x)"),
        latent_panel("fit", "q, and the posterior's levels"),
        Panel("gap", title="gap (none: the Gaussian)", xlabel="couplings", ylabel="nats", ylim=(0, 2.2)),
    ],
    size=(10, 4),
    target=Choice(list(TARGETS), label="posterior"),
    family=Choice(FAMILIES, value="4 couplings", label="q"),
    seed=Choice({"seed 0": 0, "seed 1": 1, "seed 2": 2}, label="seed"),
    presets={f"{name}, {family}": {"target": name, "family": family}
             for name in TARGETS for family in ("best Gaussian", "4 couplings")},
    alt="A posterior, the fitted posterior of a Gaussian or of couplings, and the gaps of the bound",
)

# %% [markdown]
# On the ring, four couplings with seed 1 or 2 leave one side nearly empty: a kind of island again.
#
# **Why log 2, exactly?** A $q$ that is one island's half of the posterior has twice the posterior's density there, so $\mathrm{KL}(q\Vert p) = \log 2$, and
# no small step leads away: on the water between the islands $\log p$ is far lower. And one blob stays one blob: a continuous, invertible $f$ cannot
# tear the Gaussian apart, so a flow on both islands keeps a *bridge*. Watch the moment of decision:

# %% name="islands-frames" tags=["picture"]
def draw_frames(view, frame):
    for seed in range(3):
        picture = archive["islands/frames"][seed, frame].astype(float)
        view[f"seed {seed}"].heatmap("q", picture, PLANE, limits=(0, 255))
        draw_levels(view[f"seed {seed}"], "islands", 0.1)
    shares = left["islands"][1]
    view.readout("step", runs.FRAMES[frame])
    view.readout("in the end z₁ < 0 has", ", ".join(f"{share:.3f}" for share in shares))
    view.readout("and the gaps are", ", ".join(f"{value:.2f}" for value in gap["islands"][1]))


explore(
    draw_frames,
    panels=[latent_panel(f"seed {k}", f"seed {k}") for k in range(3)], size=(10, 3.8),
    frame=Slider.of(
        {f"step {n}": k for k, n in enumerate(runs.FRAMES)}, value=2, label="training", play=True
    ),
    presets={"start": {"frame": 0}, "the decision": {"frame": 2}, "end": {"frame": 7}},
    alt="Three flows of four couplings while they are trained on two islands",
)

# %% [markdown]
# ### Train one yourself
#
# A flow made of **your** coupling, and everything may be changed while it runs. Without a grid you could not see the dropped island from the ELBO
# alone: both ends look like convergence.

# %% name="live-flow"
live_flow = LiveFlow(coupling, coupling_inverse)

# %% name="live" tags=["picture"]
def draw_live(view, flow):
    view["q"].heatmap("q", flow.density(), PLANE, limits=(0, float(TRUTH[flow.target].max())))
    draw_levels(view["q"], flow.target, 0.1, 0.5)
    codes = flow.draws(200)
    draw_levels(view["draws"], flow.target, 0.1)
    view["draws"].scatter("draws", codes, color="q", size=3)
    if flow.when:
        thin = max(1, len(flow.when) // 200)
        view["gap"].curve("gap", flow.when[::thin], flow.gap[::thin], color="q", style="solid")
        view.readout("gap, nats (mean of 5 steps)", flow.gap[-1], ".3f")
    view["gap"].hline("log 2", math.log(2))
    view.readout("share of 200 draws with z₁ < 0", float((codes[:, 0] < 0).double().mean()), ".2f")


live = LiveTraining(
    live_flow, draw_live,
    panels=[
        latent_panel("q", "q, and the posterior's levels"),
        latent_panel("draws", "200 draws"),
        Panel("gap", title="gap (line: log 2)", xlabel="step", ylabel="nats", ylim=(0, 3), width=0.8),
    ],
    size=(10, 4),
    alt="A flow posterior while it is trained: its density, draws of it, and the gap of its bound",
    presets={"banana": {"target": "banana"}, "ring": {"target": "ring"}, "islands": {"target": "islands"}},
    cap=20_000,
    target=Choice(list(TARGETS), label="posterior"),
    couplings=Choice([2, 4, 8], value=4, label="couplings"),
    rate=Slider(1e-4, 1.0, step=10**0.5, value=1e-3 * 10**0.5, log=True, label="learning rate"),
)
live.run(150, progress=False)
live

# %% [markdown]
# Press **Play** and try, in this order:
#
# 1. *banana*, as it starts: after 300 steps the gap is below 0.1 nats. Then *2 couplings*, which starts anew and gets there, too.
# 2. *ring*: the gap comes to rest between 0.1 and 0.2: a blob that is bent into a ring must leave a cut. From the trained banana that takes some hundred
#    steps; from new weights (the preset goes back to 4 couplings) about 2,000, and after 300 the gap is still above 0.5.
# 3. *islands*: both are kept, with a bridge. Then the learning rate to 0.1 for a hundred steps, and back: one island is lost (the share of draws says
#    which), and the gap does not get below 0.69 = log 2 any more. No training at the old rate brings it back. *Reset* does.
#
# ## 5.7 The flow prior, and two views of one model
#
# A flow can also shape the *prior*: draw $z^*\sim\mathcal N(0, I)$ and let $z = f(z^*)$ be the code. With $g = f^{-1}$,
#
# $$\log p(z\mid\lambda) = \log p(z^*) + \log\lvert\det(dz^*/dz)\rvert = \log p(z^*) + \log\lvert\det J_g\rvert, \qquad z^* = g(z) .$$
#
# Check it without any Jacobian: $P(z\le t) = \Phi(g(t))$, $\Phi$ the standard normal's distribution function, and a density is the slope of that.

# %% tags=["claim:flow-prior-density"]
t, step = torch.tensor(1.1), 1e-4
base = squeeze(t, BEND)
slope = (torch.special.ndtr(squeeze(t + step, BEND)) - torch.special.ndtr(squeeze(t - step, BEND))) / (
    2 * step
)
holds(
    "flow-prior-density",
    ("exp of log p(z*) + log|det J_g| at z = 1.1", torch.exp(log_normal(base) - log_slope(base, BEND))),
    ("slope of P(z ≤ t) at t = 1.1, by differences", slope), tol=1e-6,
)

# %% [markdown]
# The theorem of this lecture: prior and posterior flows are two views of one thing. It rests on two facts. A KL divergence does not notice when *both* its
# arguments are sent through the same invertible map. With $q(z^*\mid x)$ the distribution of $z^* = g(z)$,
#
# $$\mathrm{KL}(q(z\mid x)\Vert p(z\mid\lambda)) = \mathrm{KL}(q(z^*\mid x,\lambda)\Vert p(z^*)) .$$
#
# And an expectation of $h(z)$ may be taken on either side (LOTUS, "the law of the unconscious statistician"): $\mathbb E_{q(z)}h(z) = \mathbb E_{q(z^*)}h(f(z^*))$.

# %% name="two-sides"
# The code's side: q(z|x) = N(0.3, 0.25) against the flow prior. The base's side: q(z*|x) against N(0, 1).
LOG_PRIOR = log_normal(squeeze(Z, BEND)) - log_slope(squeeze(Z, BEND), BEND)  # log p(z|λ) on the code's line
BASE = torch.linspace(-4.5, 4.5, 40_001)  # the base's line; z = stretch(BASE)
LOG_Q_BASE = log_normal(stretch(BASE, BEND), MEAN, STD) + log_slope(BASE, BEND)
kl_code = torch.trapezoid(Q * (Q.log() - LOG_PRIOR), Z)
kl_base = torch.trapezoid(LOG_Q_BASE.exp() * (LOG_Q_BASE - log_normal(BASE)), BASE)
read_code = torch.trapezoid(Q * log_normal(X, decode_one(Z), SIGMA), Z)
read_base = torch.trapezoid(LOG_Q_BASE.exp() * log_normal(X, decode_one(stretch(BASE, BEND)), SIGMA), BASE)
read_uncomposed = torch.trapezoid(LOG_Q_BASE.exp() * log_normal(X, decode_one(BASE), SIGMA), BASE)
print(
    f"reconstruction: {read_code:.5f} from z, {read_base:.5f} from f(z*), {read_uncomposed:.5f} from z* "
    "itself"
)

# %% tags=["claim:flow-kl-duality"]
holds(
    "flow-kl-duality", ("KL(q(z|x) ‖ p(z|λ)), integral over z", kl_code),
    ("KL(q(z*|x,λ) ‖ p(z*)), integral over z*", kl_base), tol=1e-7,
)

# %% tags=["claim:lotus"]
holds(
    "lotus", ("E of h(z) over q(z), h = log p(x|·)", read_code),
    ("E of h(f(z*)) over q(z*)", read_base), tol=1e-7,
)

# %% name="predict-decoder" tags=["predict"]
first, second = float(read_code - kl_code), float(read_uncomposed - kl_base)
predict(
    "05.decoder",
    "A VAE with flow prior is turned into one with flow posterior: same encoder, same flow, same decoder "
    "network p(x|·), which now reads the new code z*. Are the two ELBOs equal?",
    choices=("yes, that is the theorem", "no"),
    answer=f"""No: {first:.4f} and {second:.4f} nats. The KL terms agree, the reconstructions do not,
    because the decoder was made for z and is handed z*. Let it read f(z*) and both are
    {float(read_base - kl_base):.4f}.""",
)

# %% name="duality" tags=["picture"]
def sides(a, mean, std):
    """Both sides for the picture: grids, densities, KLs and ELBOs."""
    z = torch.linspace(mean - 8 * std, mean + 8 * std, 2001)
    q = torch.exp(log_normal(z, mean, std))
    log_prior = log_normal(squeeze(z, a)) - log_slope(squeeze(z, a), a)
    ends = squeeze(z[[0, -1]], a)
    base = torch.linspace(float(ends[0]), float(ends[1]), 2001)
    log_q = log_normal(stretch(base, a), mean, std) + log_slope(base, a)
    fit = lambda weight, grid, code: float(
        torch.trapezoid(weight * log_normal(X, decode_one(code), SIGMA), grid)
    )
    kls = (
        float(torch.trapezoid(q * (q.log() - log_prior), z)),
        float(torch.trapezoid(log_q.exp() * (log_q - log_normal(base)), base)),
    )
    reads = fit(q, z, z), fit(log_q.exp(), base, stretch(base, a)), fit(log_q.exp(), base, base)
    return kls, reads


def draw_duality(view, a, mean, std):
    z = torch.linspace(-4, 4, 401)
    base = squeeze(z, a)
    view["code"].curve(
        "prior", z, torch.exp(log_normal(base) - log_slope(base, a)), color="p", label="flow prior p(z|λ)"
    )
    view["code"].fill(
        "q", z, torch.exp(log_normal(z, mean, std)), color="q", alpha=0.3, label="q(z|x), Gaussian"
    )
    view["base"].curve("prior", z, torch.exp(log_normal(z)), color="p", label="p(z*) = N(0, 1)")
    view["base"].fill(
        "q", z, torch.exp(log_normal(stretch(z, a), mean, std) + log_slope(z, a)), color="q", alpha=0.3,
        label="flow posterior q(z*|x)",
    )
    kls, reads = sides(a, mean, std)
    labels = ["flow\nprior", "reads\nf(z*)", "reads\nz*"]
    view["elbo"].bars(
        "elbo", labels, [reads[0] - kls[0], reads[1] - kls[1], reads[2] - kls[1]],
        color=["p", "third", "q"], values=".3f",
    )
    view.readout("KL on either side", f"{kls[0]:.5f}, {kls[1]:.5f}")


explore(
    draw_duality,
    panels=[
        Panel(
            "code", title="flow prior: the code z", xlabel="z", ylabel="density", xlim=(-4, 4), ylim=(0, 1.4)
        ),
        Panel(
            "base", title="flow posterior: the code z*", xlabel="z*", ylabel="density", xlim=(-4, 4),
            ylim=(0, 1.4),
        ),
        Panel("elbo", title="ELBO", xlabel="posterior's decoder", ylabel="nats", ylim=(-14, 1)),
    ],
    size=(10, 3.8),
    a=Slider(0.1, 1.5, step=0.1, value=0.8, label="a, of the flow"),
    mean=Slider(-0.6, 1.5, step=0.1, value=0.3, label="μ"),
    std=Slider(0.3, 1.0, step=0.1, value=0.5, label="s"),
    presets={
        "no flow": {"a": 0.1}, "strong": {"a": 1.5, "mean": 1.2, "std": 0.6},
        "to the left": {"a": 0.8, "mean": -0.5},
    },
    alt="A flow prior with a Gaussian posterior, the same model with a flow posterior, and three ELBOs",
)

# %% [markdown]
# The third bar is sometimes above and sometimes below the first: without the flow in its decoder the second VAE is simply another model.
#
# ### Exercise 5.8 · From prior to posterior (hard)
#
# A VAE with a flow prior has the encoder $\mathcal N(\mu, \mathrm{diag}\,s^2)$ for its code $z$, a flow $f$ with $z = f(z^*)$, and the decoder
# $\mathcal N(\mathrm{decode}(z), \sigma^2 I)$. Write the ELBO of the *other* view, whose code is $z^*$: prior $\mathcal N(0, I)$, posterior the
# distribution of $g(z)$, and the decoder that makes it the same model. One value for each draw of the noise.

# %% tags=["exercise:05.dual_elbo"]
def dual_elbo(x, mean, std, flow, decode, sigma, noise):
    """One-draw ELBOs of the flow posterior that is equivalent to a flow prior, in nats.

    x: one observation, shape (D,). mean, std: the encoder's, shape (d,). flow: flow(z_star) gives (z, log|det
    dz/dz*|), flow.inverse(z) gives (z_star, log|det dz*/dz|), log-determinants of shape (n,). decode: maps
    codes z (n, d) to means (n, D). sigma: a number. noise: standard normal, shape (n, d). Returns shape (n,).
    """
    # region solution
    z = mean + std * noise
    z_star, log_det = flow.inverse(z)
    log_q = log_normal(z, mean, std).sum(-1) - log_det
    log_likelihood = log_normal(x, decode(flow(z_star)[0]), sigma).sum(-1)
    return log_likelihood + log_normal(z_star).sum(-1) - log_q
    # endregion


dual_elbo = check("05.dual_elbo", dual_elbo)

# %% name="two-dimensions"
bent = FlowStack([AffineCoupling(2, flip=bool(k % 2), seed=20 + k) for k in range(4)]).requires_grad_(False)
decode_two = lambda z: torch.cat(
    [torch.sin(2 * z[..., :1]) + z[..., 1:], z.square().sum(-1, keepdim=True) / 2], -1
)
seen, mean_two, std_two = torch.tensor([0.6, 0.9]), torch.tensor([0.4, -0.3]), torch.tensor([0.5, 0.4])
# The flow posterior's view, your function: "draws" on a product of Gauss-Hermite nodes, and their weights.
node, weight = (torch.as_tensor(part) for part in np.polynomial.hermite_e.hermegauss(40))
noise, weights = torch.cartesian_prod(node, node), torch.outer(weight, weight).flatten() / (2 * math.pi)
by_posterior = weights @ torch.as_tensor(dual_elbo(seen, mean_two, std_two, bent, decode_two, 0.5, noise))
# The flow prior's view, on a grid of the code's plane, with the library's density.
side = torch.linspace(-8, 8, 601)
grid = torch.stack(torch.meshgrid(side, side, indexing="xy"), -1) * std_two + mean_two
log_q = log_normal(grid, mean_two, std_two).sum(-1)
value = log_normal(seen, decode_two(grid), 0.5).sum(-1) + bent.log_prob(grid) - log_q
by_prior = (log_q.exp() * value).sum() * (side[1] - side[0]) ** 2 * std_two.prod()
z = mean_two + std_two * noise
z_star, log_det = bent.inverse(z)
difference = log_normal(seen, decode_two(z_star), 0.5).sum(-1) - log_normal(seen, decode_two(z), 0.5).sum(-1)
print(f"two latent numbers: flow posterior {by_posterior:.5f}, flow prior {by_prior:.5f}; "
      f"the decoder at z* itself would give {by_posterior + weights @ difference:.5f}")

# %% tags=["claim:flow-prior-posterior-duality"]
convention(
    "flow-prior-posterior-duality", ("flow posterior, decoder at f(z*), your function", by_posterior),
    ("flow prior, by a grid of z", by_prior), tol=1e-5, digits=5,
    under="the formula's reading: p(z|λ) is the prior of z and q(z*|x) the posterior of z* (the sentence has "
    "the codes exchanged), and the second decoder contains the flow, p(x|f(z*)); a fixed decoder network "
    "gives another model",
)

# %% [markdown]
# The recap states the theorem with one letter for both codes: $\mathbb E_{q(z\mid x,\phi)}\log p(x\mid z) - \mathrm{KL}(q(z\mid x,\phi)\Vert p(z\mid\lambda))
# = \mathbb E_{q(z\mid x,\phi)}\log p(x\mid z) - \mathrm{KL}(q(z\mid x,\phi,\lambda)\Vert p(z))$. The two reconstructions are literally the same, so as an equation
# it is KL duality once more. But read the second line as the words say, as the ELBO of a VAE whose code $z$ has the posterior $q(z\mid x,\phi,\lambda)$ and the
# prior $p(z)$: its reconstruction would be an expectation under that posterior, and $p(x)$ would be another number.

# %% name="one-letter"
second_line = read_code - kl_base
everywhere = torch.linspace(-12, 12, 60_001)
seen_there = log_normal(X, decode_one(everywhere), SIGMA)
flow_prior = log_normal(squeeze(everywhere, BEND)) - log_slope(squeeze(everywhere, BEND), BEND)
evidence_of_both = {
    name: torch.trapezoid(torch.exp(seen_there + prior), everywhere).log()
    for name, prior in (("p(z|λ)", flow_prior), ("N(0, 1)", log_normal(everywhere)))
}
print(
    f"second line as printed {second_line:.4f}; with its expectation under q(z|x,φ,λ) "
    f"{read_uncomposed - kl_base:.4f}"
)
print(", ".join(f"log p(x) = {value:.4f} with the prior {name}" for name, value in evidence_of_both.items()))

# %% tags=["claim:flow-prior-posterior-recap"]
convention(
    "flow-prior-posterior-recap", ("second line: E log p(x|z) - KL(q(z|x,φ,λ) ‖ p(z))", second_line),
    ("first line: ELBO of the flow prior", read_code - kl_code), tol=1e-7, digits=5,
    under="in the second line q(z|x,φ,λ) and p(z) are distributions of z* = g(z) while the decoder reads "
    "z = f(z*); with one and the same code z for all, the second VAE's ELBO is another number",
)

# %% [markdown]
# ### Two paths to an image
#
# The last bullets compare how the two models make an $x$. With a flow *posterior*, $z\sim p(z)$ and then $x\sim p(x\mid z)$: the flow is not needed any more.
# With a flow *prior*, $z^*\sim p(z^*)$, then $z = f(z^*)$, then $x\sim p(x\mid z)$: the flow is part of the generator, and for an AF it costs $d$ passes. Do
# they make the same images?

# %% name="paths"
z_star = torch.randn(1_000_000, generator=seeded(16))
noise = SIGMA * torch.randn(len(z_star), generator=seeded(17))
along_prior = decode_one(stretch(z_star, BEND)) + noise
z = torch.linspace(-40, 40, 400_001)
prior_density = torch.exp(log_normal(squeeze(z, BEND)) - log_slope(squeeze(z, BEND), BEND))
share_above = torch.trapezoid(prior_density * torch.special.ndtr((decode_one(z) - 3.0) / SIGMA), z)
own_decoder = decode_one(z_star) + noise
print(
    f"share of x above 3: AF prior's path {(along_prior > 3).double().mean():.4f}; posterior's path "
    f"with the same decoder {(own_decoder > 3).double().mean():.4f}"
)

# %% tags=["claim:iaf-af-decoder-paths"]
convention(
    "iaf-af-decoder-paths",
    ("share of x > 3: z* ~ N(0,1), x ~ p(x|f(z*)), 1,000,000 draws", (along_prior > 3).double().mean()),
    ("share of x > 3: z ~ p(z|λ), x ~ p(x|z), by quadrature", share_above), tol=2e-3, digits=3,
    under="each path has its own decoder: the posterior's is p(x|f(·)) when the two are the theorem's pair; "
    "one decoder for both makes two models that draw different x",
)

# %% [markdown]
# So which one? For an equal model, the choice is about cost: the *prior* needs densities of the encoder's codes (an AF is fast there, and slow in
# generating); the *posterior* needs draws (an IAF is fast, and generating needs no flow). In practice the two are not quite equal, since the flow posterior's
# decoder is a free network that need not contain $f$, and a posterior's flow may depend on $x$.
#
# ## Open experiment
#
# Choose one, write down what you expect *before* you run it, and use three seeds.
#
# - **More islands.** Does a longer training, a smaller rate or a wider start save the second island? `runs.fit_flow(TARGETS["islands"], 4, seed, steps=2000)`
#   trains, `runs.draws(flow, 20_000)` gives codes and their log q. What if the first 300 steps use a blurred target (a larger sigma)?
# - **Better noise.** Fit the levels with five Gaussians: `runs.fit_levels("logit-normal", 5)`. Does the noise still matter?
# - **A flow that cannot fail.** With `AutoregressiveFlow(2, kind="iaf")` in place of the couplings: is one layer enough for the banana?

# %% name="open-experiment"
experiment = runs.fit_flow(TARGETS["islands"], 4, seed=3, steps=150, progress="your experiment")
codes, log_q = runs.draws(experiment, 10_000)
short = TARGETS["islands"].log_evidence() - float((TARGETS["islands"].log_joint(codes) - log_q).mean())
print(f"150 steps: gap {short:.1f} nats, share with z₁ < 0: {float((codes[:, 0] < 0).double().mean()):.1f}")

# %% [markdown]
# ## What to remember
#
# - A density on whole numbers grows without end. Add noise *inside the cell*; then $\mathbb E\log p(x+u) \le \log P(x)$, with equality for the noise
#   $p(x+u)/P(x)$. Shaped noise helps where the density is sharp, and a poor family can be worse than uniform noise.
# - Scaling the data moves a log-density by $D\log(\text{levels})$. Report bits per dimension.
# - A coupling is cheap both ways; its log-determinant is the sum of the log-scales. Turn the halves round.
# - $z^* = f(z)$: $\log q(z^*) = \log q(z) - \log\lvert\det\partial f/\partial z\rvert$; the ELBO gets $+\log\lvert\det\rvert$. With the wrong sign nothing integrates
#   to 1.
# - AF: density in one pass, a draw in $d$. IAF: a draw in one, a density in $d$. A posterior needs draws, a prior densities.
# - A flow closes most of the gap where the posterior is bent. Under $\mathrm{KL}(q\Vert p)$ it still may drop an island, for $\log 2$ nats that nobody sees.
# - Flow prior $=$ flow posterior, *if* the second decoder is $p(x\mid f(z^*))$.
#
# **Next:** [06 · Disentanglement](06_disentanglement.ipynb): what single latent numbers mean.
#
# ## References
#
# - R. Isachenko, *Deep Generative Models*, Lecture 8, AI Masters, 2022.
# - D. Rezende, S. Mohamed, *Variational inference with normalizing flows*, 2015, arXiv:1505.05770.
# - D. Kingma et al., *Improving variational inference with inverse autoregressive flow*, 2016, arXiv:1606.04934; G. Papamakarios, T. Pavlakou, I. Murray, *Masked
#   autoregressive flow for density estimation*, 2017, arXiv:1705.07057.
# - L. Dinh, J. Sohl-Dickstein, S. Bengio, *Density estimation using Real NVP*, 2017, arXiv:1605.08803.
# - X. Chen et al., *Variational lossy autoencoder*, 2017, arXiv:1611.02731: the AF prior and the IAF posterior.
# - L. Theis, A. van den Oord, M. Bethge, *A note on the evaluation of generative models*, 2016, arXiv:1511.01844; J. Ho et al., *Flow++*, 2019,
#   arXiv:1902.00275: uniform and variational dequantization.
