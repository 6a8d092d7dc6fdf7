# %% [markdown]
# # 3 · The VAE: a code, its price, and what comes out without it
#
# *60 to 90 minutes, and half an hour for the hard exercise. Follows UL p.19-23, I24 "Evaluation of likelihood-free models", and I22 "VAE limitations"
# (its decoders).*
#
# After this notebook you can
#
# - write a density as an integral over a latent variable, and say by a number why that integral is hard;
# - split the evidence lower bound into reconstruction and price, with the price in closed form for any Gaussian encoder;
# - differentiate an expectation in two ways, and say when the reparameterisation trick is the worse one;
# - train a VAE on your own loss and steer it: what $\sigma$ and $\beta$ decide, and which latent dimensions they kill;
# - draw from a trained VAE correctly, and compare two VAEs without being fooled by their bounds.
#
# **Recap.** For any distribution $q(z)$, $\ \log p(x) = \mathcal L(q) + \mathrm{KL}(q\Vert p(z\mid x))$ with
# $\mathcal L(q) = \mathbb E_q \log\frac{p(x, z)}{q(z)}$ (UL p.18, notebook 02). A KL is never negative, so $\mathcal L$ is a lower bound of the
# *evidence* $\log p(x)$: the *ELBO*. Logarithms are natural; their unit is the *nat*, and 1 nat is a factor of $e \approx 2.7$ in probability.

# %% name="setup"
import itertools
import math

import numpy as np
import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from course_lib.claims import convention, erratum, holds
from course_lib.data.digits import load_digits
from course_lib.exercises import check, hint, predict
from course_lib.lessons.n03_vae.runs import DRAWS, SHAPES, SIGMAS, build, restore, stored, ten
from course_lib.lessons.n03_vae.steered import SteeredVae
from course_lib.networks import mlp
from course_lib.variational import VAE, elbo, fit_vae, importance_weighted_bound, linear_vae_optimum
from course_lib.widgets import Choice, LiveTraining, Panel, Slider, explore

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # networks as small as these lose time when a step is shared between cores


def seeded(seed):
    return torch.Generator().manual_seed(seed)


# %% [markdown]
# ## 3.1 A density that is an average
#
# A handwritten digit is 64 grey values here, but it can be told in few words: which digit, how slanted, how thick. A *latent variable model* takes
# that literally. It draws a *latent vector* $z\in\mathbb R^d$ from a *prior* $p(z)$, nearly always $\mathcal N(0, I)$; a function $f$, the
# *decoder*, turns it into a picture; and noise is added,
#
# $$z\sim p(z), \qquad x\mid z\sim\mathcal N(f(z), \sigma^2 I) .$$
#
# (The notes write $f(z,\theta)$, $\theta$ being the network's weights.) The density of $x$ alone is then an average over all $z$ (UL p.20):
#
# $$p(x) = \int p(x\mid z)\,p(z)\,dz .$$
#
# To see all of it at once we take one latent number, points $x$ of the plane, and a decoder that we know: $f(z) = (\cos 2z, \sin 2z)$ runs round a
# circle. So every integral is a sum over a fine grid of $z$.

# %% name="circle"
Z = torch.linspace(-6, 6, 1201)  # the latent line on which integrals are computed
DZ = float(Z[1] - Z[0])


def circle(z):
    """The decoder: shape (...) to (..., 2)."""
    return torch.stack([torch.cos(2 * z), torch.sin(2 * z)], -1)


def log_normal(x, mean=0.0, std=1.0):
    """log N(x; mean, std²), entry by entry."""
    std = torch.as_tensor(std)
    return -0.5 * ((x - mean) / std) ** 2 - torch.log(std) - 0.5 * math.log(2 * math.pi)


def log_joint(x, sigma):
    """log p(x, z) for each z of the grid: shape (..., 2) to (..., 1201)."""
    return log_normal(x[..., None, :], circle(Z), sigma).sum(-1) + log_normal(Z)


def log_evidence(x, sigma):
    """log p(x), the integral over the grid: shape (..., 2) to (...)."""
    return torch.logsumexp(log_joint(x, sigma), -1) + math.log(DZ)


def share_that_counts(x, sigma):
    """(E w)² / E w² for w = p(x|z) and z from the prior: 1 if all draws count alike."""
    log_square = torch.logsumexp(2 * log_joint(x, sigma) - log_normal(Z), -1) + math.log(DZ)
    return torch.exp(2 * log_evidence(x, sigma) - log_square)


def on_circle(degrees):
    return circle(torch.as_tensor(math.radians(degrees) / 2))


# %% [markdown]
# The picture replaces the integral by the mean of $K$ bumps: draw $z_1, \dots, z_K\sim p(z)$ and average $p(x\mid z_k)$.

# %% name="marked-point"
mark = on_circle(90)
share = float(share_that_counts(mark, 0.05))

# %% name="predict-bumps" tags=["predict"]
predict(
    "03.bumps",
    "σ = 0.05. How many draws of z does it take until the mean of the bumps is right to a tenth at the "
    "marked point?",
    choices=("about 30", "about 300", "about 3,000"),
    answer=f"""About {(1 / share - 1) / 0.1**2:,.0f}. Only a share of {share:.3f} of the draws counts at
    this point (section 3.2 says how that is measured), and then the relative error of K draws is
    √((1/{share:.3f} - 1)/K). Wide bumps need fewer: at σ = 0.3 the share is
    {float(share_that_counts(mark, 0.3)):.2f}.""",
)

# %% name="sum-of-bumps"
SIDE = torch.linspace(-1.6, 1.6, 65)
SQUARE = (-1.6, 1.6, -1.6, 1.6)
prior_draws = torch.randn(10_000, generator=seeded(1))


def plane_density(z, weights, sigma):
    """Σ_k weight_k N(x; f(z_k), σ² I) on the square. A bump is a product: the sum is a matrix product."""
    centres = circle(z)
    across, up = (torch.exp(log_normal(SIDE, centres[:, [axis]], sigma)) for axis in (0, 1))
    return up.T @ (weights[:, None] * across)

# %% name="bumps" tags=["picture"]
def draw_bumps(view, sigma, K):
    K = round(K)
    z = prior_draws[:K]
    exact = plane_density(Z, DZ * torch.exp(log_normal(Z)), sigma)
    limits = (0, float(exact.max()))
    view["sum"].heatmap("sum", plane_density(z, torch.full((K,), 1 / K), sigma), SQUARE, limits=limits)
    view["exact"].heatmap("exact", exact, SQUARE, limits=limits)
    for panel in ("sum", "exact"):
        view[panel].scatter("mark", mark[None], color="accent", size=9, label="the marked point")
    view["sum"].title(f"the mean of {K:,} bumps" if K > 1 else "one bump")
    estimate = torch.logsumexp(log_normal(mark, circle(z), sigma).sum(-1), 0) - math.log(K)
    view.readout("log p at the mark, from the bumps", float(estimate), ".3f")
    view.readout("log p at the mark, exact", float(log_evidence(mark, sigma)), ".3f")


explore(
    draw_bumps,
    panels=[
        Panel("sum", xlabel="x₁", ylabel="x₂", xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal"),
        Panel("exact", title="p(x), the integral", xlabel="x₁", ylabel="x₂", xlim=(-1.6, 1.6),
              ylim=(-1.6, 1.6), aspect="equal"),
    ],
    sigma=Slider(0.05, 0.6, step=0.05, value=0.05, label="σ, the decoder's noise"),
    K=Slider(1.0, 10_000.0, step=10**0.5, value=1.0, log=True, label="K, draws of z"),
    presets={"one bump": {"sigma": 0.05, "K": 1.0}, "a hundred, narrow": {"sigma": 0.05, "K": 100.0},
             "a hundred, wide": {"sigma": 0.3, "K": 100.0}, "ten thousand": {"sigma": 0.05, "K": 10_000.0}},
    alt="A mean of bumps around points of a circle, next to the density that it becomes with many of them",
)

# %% [markdown]
# The right panel is a ring that no single Gaussian can make: brightest at $(1, 0)$, where $z = 0$ goes, faint on the left, where
# $|z| \approx \pi/2$ goes. Does the integral really describe points that are made as the model says, first $z$, then $x$? Count such points in a
# box, and integrate $p(x)$ over it.

# %% tags=["claim:latent-marginal"]
low, high = torch.tensor([-0.5, 0.4]), torch.tensor([0.5, 1.4])
z = torch.randn(1_000_000, generator=seeded(2))
x = circle(z) + 0.2 * torch.randn(len(z), 2, generator=seeded(3))
counted = ((x > low) & (x < high)).all(1).double().mean()
axes = [torch.linspace(float(a), float(b), 81) for a, b in zip(low, high, strict=True)]
table = torch.exp(log_evidence(torch.stack(torch.meshgrid(*axes, indexing="ij"), -1), 0.2))
mass = torch.trapezoid(torch.trapezoid(table, axes[1]), axes[0])
holds(
    "latent-marginal", ("∫ p(x) dx over a box, p(x) = ∫ p(x|z) p(z) dz", mass),
    ("share of 1,000,000 points drawn by z, then x", counted), tol=2e-3, digits=3,
)

# %% [markdown]
# Other decoders only change $p(x\mid z)$. For a *binary* image UL p.20 makes every pixel a coin with success probability $f_j(z)$ (a Bernoulli
# distribution); I22 lets the network put out $\sigma^2(z)$ as well, or the probabilities of several grey levels (a softmax). One thing is not said:
# a network puts out any real number, and a probability is none. Sum over all $2^9$ images of $3\times3$ pixels:

# %% name="all-binary-images"
all_images = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 9)
network_output = 3 * mlp((2, 16, 9), "tanh", seed=0)(torch.tensor([0.8, -1.5])).detach()


def total_mass(success):
    """Σ |p(x|z)| over all images, p(x|z) the product of f_j or 1 - f_j: 1 for a distribution."""
    return torch.where(all_images == 1, success, 1 - success).prod(1).abs().sum()


print(f"the network's raw output as f: Σ |p(x|z)| = {total_mass(network_output):.2f}, some of it negative")

# %% tags=["claim:gaussian-bernoulli-decoder"]
convention(
    "gaussian-bernoulli-decoder",
    ("Σ |p(x|z)| over 512 images, f = sigmoid of the network", total_mass(torch.sigmoid(network_output))),
    ("mass of a distribution", 1.0),
    under="for binary images the last layer of f is a sigmoid, which the Gaussian decoder's f does not have",
)

# %% [markdown]
# ## 3.2 Which z made this x?
#
# Not many $z$ make a given $x$, says UL p.20; which ones, the *posterior* knows, $p(z\mid x) = p(x\mid z)\,p(z)/p(x)$. With one latent number it
# can be drawn. Below, $x$ sits on the circle and 200 draws of the prior are laid out under the curves. Each has the weight $p(x\mid z_k)$, and
# those that together hold 99 % of all weight are marked.

# %% name="posterior-on-the-left"
posterior_left = torch.exp(log_joint(on_circle(180), 0.2) - log_evidence(on_circle(180), 0.2)) * DZ

# %% name="predict-split" tags=["predict"]
predict(
    "03.split",
    "x walks round the circle, from (1, 0) by way of (0, 1) to (-1, 0). What becomes of its posterior?",
    choices=("one bump that moves along", "it splits into two bumps", "it becomes as wide as the prior"),
    answer=f"""It moves along first and then splits: z = π/2 and z = -π/2 decode to the same point (-1,
    0). At σ = 0.2 each side of 0 holds {float(posterior_left[Z > 0].sum()):.2f} of the posterior there. No
    Gaussian looks like that.""",
)

# %% name="posterior" tags=["picture"]
two_hundred = prior_draws[:200]


def draw_posterior(view, angle, sigma):
    x = on_circle(angle)
    joint, evidence = log_joint(x, sigma), log_evidence(x, sigma)
    weights = torch.softmax(log_normal(x, circle(two_hundred), sigma).sum(-1), 0)
    order = weights.argsort(descending=True)
    kept = order[: int((weights[order].cumsum(0) < 0.99).sum()) + 1]
    view["plane"].curve("circle", *circle(Z[Z.abs() <= math.pi / 2]).T, color="muted", width=1)
    view["plane"].scatter("kept", circle(two_hundred[kept]), color="third", size=5)
    view["plane"].scatter("x", x[None], color="accent", size=10, label="x")
    view["line"].curve("prior", Z, torch.exp(log_normal(Z)), color="p", style="dotted", label="prior p(z)")
    posterior = torch.exp(joint - evidence)
    view["line"].fill("posterior", Z, posterior, color="third", alpha=0.5, label="posterior")
    laid_out = torch.stack([two_hundred, torch.full((200,), -0.4)], 1)
    view["line"].scatter("all", laid_out, color="muted", size=3)
    view["line"].scatter("kept", laid_out[kept], color="third", size=6, label="draws with 99 % of the weight")
    view.readout("log p(x)", float(evidence), ".3f")
    view.readout("marked draws, of 200", len(kept))
    view.readout("share of the prior's draws that counts", float(share_that_counts(x, sigma)), ".3f")


explore(
    draw_posterior,
    panels=[
        Panel("plane", title="x, and decoded draws", xlabel="x₁", ylabel="x₂", xlim=(-1.6, 1.6),
              ylim=(-1.6, 1.6), aspect="equal", width=0.8),
        Panel("line", title="the latent line", xlabel="z", ylabel="density", xlim=(-3.5, 3.5),
              ylim=(-0.8, 8.2)),
    ],
    angle=Slider(0, 180, step=5, value=0, label="x at so many degrees"),
    sigma=Slider(0.1, 1.0, step=0.05, value=0.2, label="σ"),
    presets={"right, sharp": {"angle": 0, "sigma": 0.1}, "left, sharp": {"angle": 180, "sigma": 0.1},
             "left, blurred": {"angle": 180, "sigma": 0.8}},
    alt="A point on the circle, the prior and the posterior of its latent variable, and the prior's draws "
    "that count",
)

# %% [markdown]
# With a sharp decoder the posterior is narrow, and split where $f$ meets itself. The more blurred the decoder, the more draws count and the closer
# the posterior comes to the prior.
#
# The number that says it: the *effective sample size* of $K$ weighted draws, $(\sum_k w_k)^2/\sum_k w_k^2$. It is $K$ if all weights are equal and
# 1 if one draw has all of it. For many draws it is $K$ times the *share that counts*, $(\mathbb E\,w)^2/\mathbb E\,w^2$.
#
# ### Exercise 3.1 · The naive evidence
#
# Estimate $\log p(x)$ by plain Monte Carlo, and say how many of your draws counted. Log-likelihoods of images are numbers such as $-800$ or $+90$:
# in floating point $e^{-800}$ is 0. If you are stuck, `hint("03.prior_evidence")` helps, one step at each call.

# %% tags=["exercise:03.prior_evidence"]
def prior_evidence(log_lik):
    """log p(x) from draws of the prior, and their effective sample size.

    log_lik: shape (K,), log p(x|z_k) for z_k drawn from the prior. Returns two 0-dimensional tensors: the
    logarithm of the mean likelihood, in nats, and (sum of w)² / (sum of w²) for the weights w_k = p(x|z_k).
    """
    # region solution
    total = torch.logsumexp(log_lik, 0)
    return total - math.log(len(log_lik)), torch.exp(2 * total - torch.logsumexp(2 * log_lik, 0))
    # endregion


prior_evidence = check("03.prior_evidence", prior_evidence)

# %% [markdown]
# One latent number is harmless: a few per cent of the draws count. But shares *multiply*. Take $d$ latent numbers and the decoder $f(z) = z$, so
# that everything separates, and a typical $x$, every coordinate one standard deviation $\sqrt{1+\sigma^2}$ from 0.

# %% name="share-of-one"
def share_of_one(sigma):
    """The share that counts for d = 1, f(z) = z and x one standard deviation out, by quadrature."""
    likelihood = torch.exp(log_normal(math.sqrt(1 + sigma**2), Z, sigma))
    prior = torch.exp(log_normal(Z)) * DZ
    return float((likelihood @ prior) ** 2 / (likelihood**2 @ prior))

# %% name="predict-million" tags=["predict"]
predict(
    "03.million",
    "d = 10 latent numbers, σ = 0.3. Of a million draws from the prior, how many count for a typical x?",
    number="draws",
    answer=f"""About {1e6 * share_of_one(0.3) ** 10:.1f}: in each dimension a share of
    {share_of_one(0.3):.3f} counts, and {share_of_one(0.3):.3f} to the power 10 is
    {share_of_one(0.3) ** 10:.1e}. With σ = 1 it would be {1e6 * share_of_one(1.0) ** 10:,.0f}.""",
)

# %% name="counting-table"
# 20 repeats of 16,384 draws. ‖x - z‖² needs only Σz and Σz² of the d coordinates, so they are added up once.
REPEATS, MOST, SIZES = 20, 2**14, [2**k for k in range(15)]
sums = [torch.zeros(REPEATS * MOST)] * 2
coordinate_sums = []
for _ in range(10):
    fresh = torch.randn(REPEATS * MOST, generator=seeded(10 + len(coordinate_sums)), dtype=torch.float32)
    sums = [sums[0] + fresh, sums[1] + fresh**2]
    coordinate_sums.append([part.float() for part in sums])


def estimates(log_w):
    """log of the mean of the first K weights, for each K of SIZES: (REPEATS * MOST,) to (REPEATS, 15)."""
    log_w = log_w.view(REPEATS, MOST)
    top = log_w.amax(1, keepdim=True)
    sizes = torch.tensor(SIZES)
    return torch.exp(log_w - top).cumsum(1)[:, sizes - 1].log() + top - torch.log(sizes)


# %% name="counting" tags=["picture"]
SHARES = {sigma: share_of_one(sigma) for sigma in (0.1, 0.2, 0.3, 0.5, 1.0)}


def draw_counting(view, d, sigma):
    total, squares = coordinate_sums[d - 1]
    reach = math.sqrt(1 + sigma**2)
    exact = -d * (0.5 * math.log(2 * math.pi * reach**2) + 0.5)
    distance = squares - 2 * reach * total + d * reach**2
    by_prior = estimates(-distance / (2 * sigma**2) - d * math.log(sigma * math.sqrt(2 * math.pi))) - exact
    wide = 1.2  # an encoder with the right mean and a standard deviation 20 % too large
    by_encoder = estimates(0.5 * squares * (1 - wide**2) + d * math.log(wide))
    for name, values, color in (("the prior", by_prior, "p"), ("an encoder", by_encoder, "q")):
        ends = values.quantile(0.1, 0), values.quantile(0.9, 0)
        view["error"].fill(name + " band", SIZES, ends[1], ends[0], color=color, alpha=0.2)
        view["error"].curve(name, SIZES, values.median(0).values, color=color, label=f"z drawn from {name}")
    view["error"].hline("exact", 0.0, color="ink", style="solid", label="exact")
    powers = torch.arange(1, 11)
    view["share"].curve("share", powers, SHARES[sigma] ** powers, color="p", label="of the prior's draws")
    view["share"].scatter("here", [[d, SHARES[sigma] ** d]], color="p", size=9)
    view.readout("log p(x), exact", exact, ".2f")
    median = exact + float(by_prior[:, -1].median())
    view.readout("from 16,384 draws of the prior, median of 20 tries", median, ".2f")
    view.readout("tries of 20 that are more than 1 nat too low", int((by_prior[:, -1] < -1).sum()))
    view.readout("one draw counts in", 1 / SHARES[sigma] ** d, ",.0f")


explore(
    draw_counting,
    panels=[
        Panel("error", title="estimate − exact log p(x)", xlabel="K, draws",
              ylabel="nats", xscale="log", xlim=(1, 17_000), ylim=(-40, 6), width=1.3),
        Panel("share", title="how many draws count", xlabel="d, latent numbers", ylabel="share",
              xlim=(0.5, 10.5), yscale="log", ylim=(1e-12, 1.5)),
    ],
    d=Slider(1, 10, value=1, label="d"),
    sigma=Choice(list(SHARES), value=0.3, label="σ"),
    presets={"one number, sharp": {"d": 1, "sigma": 0.1}, "ten numbers, sharp": {"d": 10, "sigma": 0.3},
             "ten numbers, blurred": {"d": 10, "sigma": 1.0}},
    alt="The error of the naive estimate of log p(x) against the number of draws, and the share of draws "
    "that count",
)

# %% [markdown]
# The blue band shows 80 % of 20 tries. With ten latent numbers and $\sigma = 0.3$ most tries are more than a nat too low even after sixteen
# thousand draws: the mean likelihood estimates $p(x)$ without bias, but mostly none of the draws that count is among them. Draws from an *encoder*
# that knows roughly where to look (here: the right place, 20 % too wide) need a handful.

# %% name="shares-multiply"
z = torch.randn(500_000, 4, generator=seeded(4))
measured = float(prior_evidence(log_normal(math.sqrt(1 + 0.3**2), z, 0.3).sum(1))[1]) / len(z)
print(f"d = 4, σ = 0.3: share {share_of_one(0.3) ** 4:.4f} by quadrature, {measured:.4f} from 500,000 draws")
print(f"d = 1, σ = 1:   share {share_of_one(1.0):.2f}: there nearly every z counts")

# %% tags=["claim:few-z-matter"]
convention(
    "few-z-matter", ("share of the prior's draws that counts, d = 10, σ = 0.3", share_of_one(0.3) ** 10),
    ("one in ten thousand", 1e-4), "<", digits=3,
    under="the decoder is sharp: σ is small against what z can move, and there are several z; not for σ = 1",
)

# %% [markdown]
# Is it so on digits? Three VAEs with ten latent numbers were trained beforehand (`course_lib/lessons/n03_vae/runs.py`, two minutes): a *sharp* one
# with a Gaussian decoder whose $\sigma$ was learnt, a *blurred* one with $\sigma = 0.3$, and one with a Bernoulli decoder on black and white
# digits. Pick a held-out digit: the row below it shows the eight draws of the prior with the largest weights, as the decoder pictures them.

# %% name="digit-models"
grey, binary = load_digits(dtype=torch.float32), load_digits(binary=True, dtype=torch.float32)
archive = stored()
MODELS = {
    "sharp": (restore(archive, "sharp"), grey),
    "blurred": (restore(archive, "blurred", sigma=0.3), grey),
    "Bernoulli": (restore(archive, "bernoulli", likelihood="bernoulli"), binary),
}
MODELS = {name: (vae.float(), digits) for name, (vae, digits) in MODELS.items()}
shown = ten(grey)  # one held-out digit of each class
latents = torch.randn(20_000, 10, generator=seeded(5), dtype=torch.float32)
decoded = {name: vae.decode(latents) for name, (vae, _) in MODELS.items()}


def log_likelihoods(name, x, K):
    """log p(x|z_k) for the first K latents, which are decoded already: shape (64,) to (K,)."""
    vae, images = MODELS[name][0], decoded[name][:K]
    if vae.likelihood == "bernoulli":
        images = images.clamp(1e-6, 1 - 1e-6)
        return (x * images.log() + (1 - x) * torch.log1p(-images)).sum(1).double()
    return log_normal(x, images, vae.log_sigma.exp()).sum(1).double()


def strip(images, rows=1):
    """Images of shape (rows · columns, 64) side by side, as one picture with white lines between them."""
    tiles = torch.nn.functional.pad(torch.as_tensor(images).reshape(rows, -1, 8, 8), (0, 1, 0, 1))
    return tiles.permute(0, 2, 1, 3).reshape(rows * 9, -1)


# %% name="which-draws" tags=["picture"]
def draw_which(view, model, digit, K):
    vae, digits = MODELS[model]
    x, K = digits.held_out[shown[digit]], round(K)
    log_lik = log_likelihoods(model, x, K)
    estimate, size = prior_evidence(log_lik)
    best = log_lik.argsort(descending=True)[:8]
    weights = torch.softmax(log_lik, 0)[best]
    bound = importance_weighted_bound(vae, x[None], 300, generator=seeded(0)).value
    view["x"].image("x", x.reshape(8, 8), limits=(0, 1))
    view["best"].image("best", strip(decoded[model][best]), limits=(0, 1))
    view["weights"].bars("weights", range(1, len(best) + 1), weights, color="p", values=".2f")
    view.readout("log p(x), K draws of the prior", float(estimate), ".1f")
    view.readout("log p(x), 300 draws of the encoder", float(bound), ".1f")
    view.readout(f"draws that count, of {K:,}", float(size), ".1f")


explore(
    draw_which,
    panels=[
        [Panel("x", title="x, held out", axes=False, aspect="equal", width=0.2),
         Panel("best", title="the draws with the largest weights, decoded", axes=False, aspect="equal")],
        [Panel("weights", title="their share of all weight", xlabel="draw", ylabel="share", ylim=(0, 1.15))],
    ],
    size=(9, 4.2),
    model=Choice(list(MODELS), value="blurred", label="model"),
    digit=Choice(list(range(10)), value=3, label="digit"),
    K=Slider(10.0, 20_000.0, step=10**0.5, value=10.0, log=True, label="K, draws of the prior"),
    presets={"blurred, 10 draws": {"model": "blurred", "digit": 3, "K": 10.0},
             "blurred, 20,000": {"model": "blurred", "digit": 3, "K": 20_000.0},
             "sharp, 20,000": {"model": "sharp", "digit": 3, "K": 20_000.0},
             "Bernoulli, 20,000": {"model": "Bernoulli", "digit": 3, "K": 20_000.0}},
    alt="A held-out digit, the eight draws from the prior that explain it best, and their shares of the "
    "weight",
)

# %% [markdown]
# Averaged over 100 held-out digits, with 300 draws each from the prior and from the encoder (for which the weights are $p(x, z)/q(z\mid x)$;
# section 3.9 says why):

# %% name="naive-on-digits"
print(f"{'model':10} {'prior says':>11} {'encoder says':>13} {'draws of 300 that count':>25}")
for name, (vae, digits) in MODELS.items():
    some = digits.held_out[:100]
    naive = [prior_evidence(log_likelihoods(name, x, 300)) for x in some]
    bound = importance_weighted_bound(vae, some, 300, generator=seeded(0)).value.mean()
    value, size = np.mean([[float(part) for part in pair] for pair in naive], axis=0)
    print(f"{name:10} {value:11.1f} {bound:13.1f} {size:25.1f}")

# %% [markdown]
# So "only few $z$ matter" is a statement about *sharp* decoders. For the blurred and the Bernoulli model a few of 300 blind draws count, and the
# naive estimate is about a nat too low; for the sharp one a single draw has nearly all the weight, and the estimate is many nats too low.
#
# **Intractable?** UL p.21 says that neither the posterior nor the integral can be computed when $f$ is a network. In one dimension we have just
# done it, and in two a grid does it as well. What stops us is the exponent: how many grid points does the ring need for an error below 0.01 nats,
# and what does that number become to the tenth power?

# %% name="grid-cost"
around = torch.stack([on_circle(angle) for angle in range(0, 360, 15)])


def worst_error(points, sigma):
    """Of log p(x) on a grid of so many points over [-5, 5], over 24 places on the circle."""
    grid = torch.linspace(-5, 5, points)
    joint = log_normal(around[:, None], circle(grid), sigma).sum(-1) + log_normal(grid)
    estimate = torch.logsumexp(joint, 1) + math.log(grid[1] - grid[0])
    return float((estimate - log_evidence(around, sigma)).abs().max())


needed = next(points for points in itertools.count(5) if worst_error(points, 0.1) < 0.01)
print(f"σ = 0.1: {needed} points for d = 1, {needed**2:,} for d = 2, {needed**10:.1e} for d = 10")

# %% tags=["claim:vae-posterior-intractable"]
convention(
    "vae-posterior-intractable",
    ("points of a grid with error 0.01 nats, d = 10, σ = 0.1", float(needed**10)),
    ("decoder calls in a century at a billion a second", 3.2e18), ">", digits=2,
    under="computed means in closed form, or by a grid at a VAE's latent sizes; for d = 1 and 2 a grid "
    "gives both",
)

# %% [markdown]
# ## 3.3 The bound: reconstruction minus price
#
# The way out: let a second network, the *encoder*, look at $x$ and propose where to search, $q(z\mid x) = \mathcal N(\mu(x), \Sigma(x))$. It stands
# in for the posterior in the bound of the recap. Write $p(x,z) = p(x\mid z)\,p(z)$ there, and (UL p.21)
#
# $$\mathcal L(x) = \underbrace{\mathbb E_{q(z\mid x)}\log p(x\mid z)}_{\text{reconstruction}} - \underbrace{\mathrm{KL}(q(z\mid x)\Vert p(z))}_{\text{price of the code}} \;\le\; \log p(x) .$$
#
# The first term wants codes from which $x$ can be decoded. The second charges for every nat by which the code says more than the prior. Be the
# encoder yourself:

# %% name="encoder-by-hand"
def elbo_terms(x, mean, std, sigma):
    """Reconstruction (by Gauss-Hermite quadrature) and KL of q = N(mean, std²) for one x of the plane."""
    z = mean + std * NODES
    reconstruction = float(WEIGHTS @ log_normal(x, circle(z), sigma).sum(-1))
    return reconstruction, 0.5 * (std**2 + mean**2 - 1) - math.log(std)


NODES, WEIGHTS = (torch.as_tensor(part) for part in np.polynomial.hermite_e.hermegauss(80))
WEIGHTS = WEIGHTS / WEIGHTS.sum()
top = on_circle(90)
points = {std: elbo_terms(top, math.pi / 4, std, 0.3) for std in (0.15, 1e-3, 1e-6)}

# %% name="predict-point" tags=["predict"]
predict(
    "03.point",
    "x is at 90 degrees and q sits on the best code, π/4. Make q narrower and narrower: what does the ELBO "
    "do?",
    choices=("it rises to log p(x)", "it rises, then falls without end", "it falls from the start"),
    answer=f"""It rises, then falls without end. A point decodes best, but its price is infinite: with s =
    0.15, 0.001 and 0.000001 the reconstruction is {points[0.15][0]:.2f}, {points[1e-3][0]:.2f} and
    {points[1e-6][0]:.2f} nats and the price {points[0.15][1]:.2f}, {points[1e-3][1]:.2f} and
    {points[1e-6][1]:.2f}.""",
)

# %% name="by-hand" tags=["picture"]
def draw_by_hand(view, angle, mean, std):
    x = on_circle(angle)
    joint, evidence = log_joint(x, 0.3), float(log_evidence(x, 0.3))
    reconstruction, price = elbo_terms(x, mean, std, 0.3)
    view["line"].curve("prior", Z, torch.exp(log_normal(Z)), color="p", style="dotted", label="prior")
    posterior = torch.exp(joint - evidence)
    view["line"].fill("posterior", Z, posterior, color="third", alpha=0.5, label="posterior")
    view["line"].curve("q", Z, torch.exp(log_normal(Z, mean, std)), color="q", label="q(z|x), yours")
    bars = [reconstruction, -price, reconstruction - price, evidence]
    names = ["recon-\nstruction", "− price", "ELBO", "log p(x)"]
    view["terms"].bars("terms", names, bars, color=["q", "accent", "third", "p"], values=".2f")
    view.readout("ELBO", bars[2], ".3f")
    view.readout("log p(x)", evidence, ".3f")
    view.readout("gap", evidence - bars[2], ".3f")


explore(
    draw_by_hand,
    panels=[
        Panel("line", title="the latent line", xlabel="z", ylabel="density", xlim=(-3.2, 3.2), ylim=(0, 4.5)),
        Panel("terms", title="σ = 0.3", ylabel="nats", ylim=(-14, 2.5)),
    ],
    angle=Slider(0, 180, step=5, value=90, label="x at so many degrees"),
    mean=Slider(-2.5, 2.5, step=0.05, value=0.8, label="μ, mean of q"),
    std=Slider(0.01, 1.5, step=10**0.1, value=0.63, log=True, label="s, standard deviation of q"),
    presets={"q is the prior": {"angle": 90, "mean": 0.0, "std": 1.0},
             "nearly a point": {"angle": 90, "mean": 0.8, "std": 0.01},
             "x on the left": {"angle": 180, "mean": 1.55, "std": 0.16}},
    alt="Prior, posterior and your Gaussian on the latent line, and bars of reconstruction, price, ELBO and "
    "log p(x)",
)

# %% [markdown]
# At 90 degrees you get the gap below 0.1. On the left, at 180, you cannot get below 0.69: try.
#
# Do the two terms add up to $\mathbb E_q\log\frac{p(x,z)}{q(z\mid x)}$, and does the bound hold for *every* $q$? The left side uses quadrature
# nodes of $q$ and a closed form, the right side one sum over the grid.

# %% name="two-terms"
mean, std = 0.5, 0.4
reconstruction, price = elbo_terms(top, mean, std, 0.3)
log_q = log_normal(Z, mean, std)
direct = (DZ * torch.exp(log_q) * (log_joint(top, 0.3) - log_q)).sum()
excess = []
for angle, m, s in torch.rand(1000, 3, generator=seeded(6)).tolist():
    x = on_circle(360 * angle)
    fit, cost = elbo_terms(x, 4 * m - 2, 0.03 + s, 0.3)
    excess.append(fit - cost - float(log_evidence(x, 0.3)))
print(f"1,000 random x and q: the largest ELBO - log p(x) is {max(excess):.3f}; above 0: {max(excess) > 0}")

# %% tags=["claim:vae-elbo-recon-kl"]
holds(
    "vae-elbo-recon-kl", ("reconstruction - KL(q‖p), nodes and closed form", reconstruction - price),
    ("E_q log p(x,z)/q(z|x), summed over a grid", direct), tol=1e-9,
)

# %% [markdown]
# ### Exercise 3.2 · The price of any Gaussian code
#
# UL p.22 gives the price for every covariance matrix $\Sigma$ of size $k\times k$, not only for diagonal ones (the formula belongs to the prior
# $\mathcal N(0, I)$):
#
# $$\mathrm{KL}(\mathcal N(\mu,\Sigma)\Vert\mathcal N(0,I)) = \tfrac12\{\mathrm{Tr}\,\Sigma + \mu^\top\mu - k - \log\det\Sigma\} .$$

# %% tags=["exercise:03.full_kl"]
def full_kl(mean, cov):
    """KL(N(mean, cov) || N(0, I)) in nats.

    mean: shape (k,). cov: shape (k, k), symmetric and positive definite. Returns a 0-dimensional tensor.
    """
    # region solution
    return 0.5 * (torch.trace(cov) + mean @ mean - len(mean) - torch.logdet(cov))
    # endregion


full_kl = check("03.full_kl", full_kl)

# %% name="price-of-a-tilted-code"
mu, Sigma = torch.tensor([0.5, -1.0]), torch.tensor([[0.6, -0.3], [-0.3, 0.4]])
code, prior = MultivariateNormal(mu, Sigma), MultivariateNormal(torch.zeros(2), torch.eye(2))
axis = torch.linspace(-6, 6, 481)
grid = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), -1)
log_code = code.log_prob(grid)
summed = (log_code.exp() * (log_code - prior.log_prob(grid))).sum() * (axis[1] - axis[0]) ** 2
print(f"torch.distributions says {kl_divergence(code, prior):.6f}")
uncorrelated = float(full_kl(mu, torch.diag(Sigma.diagonal())))
print(f"the same variances without the correlation cost {uncorrelated:.6f}")

# %% tags=["claim:vae-kl-closed-form"]
holds(
    "vae-kl-closed-form", ("the formula of UL p.22, your function", float(full_kl(mu, Sigma))),
    ("the integral, summed over a grid", summed), tol=1e-9,
)

# %% [markdown]
# ### What the bound leaves out
#
# The gap $\log p(x) - \mathcal L(x)$ is $\mathrm{KL}(q(z\mid x)\Vert p(z\mid x))$, a term that "we have neglected", says UL p.23, and that "we
# expect to be small if $q$ has high capacity". Give $q$ more capacity: instead of one Gaussian a mixture of two or four, fitted to each of 13
# points on the circle by maximising the ELBO.

# %% name="fit-families"
ANGLES = torch.arange(0, 181, 15)
thirteen = torch.stack([on_circle(float(angle)) for angle in ANGLES])
FINE = Z[100:1101:4]  # [-5, 5] in steps of 0.04


def best_mixtures(bumps, steps=250):
    """The best mixture of so many Gaussians for each of the 13 x at σ = 0.3: log q on FINE, and its ELBO."""
    joint = log_normal(thirteen[:, None], circle(FINE), 0.3).sum(-1) + log_normal(FINE)
    code = torch.deg2rad(ANGLES)[:, None] / 2
    # The codes of x stand half a turn apart; a fourth bump starts beside the first.
    start = torch.cat([code, code - math.pi, code + 0.1, code + math.pi][:bumps], 1)
    mean, logits = start.clone().requires_grad_(), (-0.5 * start**2).requires_grad_()
    log_std = torch.full_like(mean, -1.8, requires_grad=True)
    rule = torch.optim.Adam([mean, log_std, logits], lr=0.03)
    for _ in range(steps):
        each = log_normal(FINE, mean[..., None], log_std.clamp(min=-2.5).exp()[..., None])
        log_q = torch.logsumexp(torch.log_softmax(logits, 1)[..., None] + each, 1)
        bound = 0.04 * (log_q.exp() * (joint - log_q)).sum(1)
        rule.zero_grad()
        (-bound.sum()).backward()
        rule.step()
    return log_q.detach(), bound.detach()


evidences = log_evidence(thirteen, 0.3)
fitted = {bumps: best_mixtures(bumps) for bumps in (1, 2, 4)}
gaps = {bumps: (evidences - bound).clamp(min=1e-6) for bumps, (_, bound) in fitted.items()}

# %% name="predict-gap" tags=["predict"]
predict(
    "03.gap",
    "x at 180 degrees has two equally good codes, π/2 and -π/2. How large is the gap of the best single "
    "Gaussian?",
    choices=("nearly 0", "about log 2 = 0.69 nats", "infinite"),
    answer=f"""{float(gaps[1][-1]):.3f} nats, nearly log 2: a q on one of two equal bumps is twice as dense
    there as the posterior. With two Gaussians the gap is {float(gaps[2][-1]):.4f}, with four
    {float(gaps[4][-1]):.4f}.""",
)

# %% name="families" tags=["picture"]
def draw_families(view, angle, bumps):
    row = int((angle == ANGLES).nonzero())
    posterior = torch.exp(log_joint(thirteen[row], 0.3) - evidences[row])
    view["line"].fill("posterior", Z, posterior, color="third", alpha=0.5, label="posterior")
    view["line"].curve("q", FINE, fitted[bumps][0][row].exp(), color="q", label="best q")
    for count, color in ((1, "q"), (2, "p"), (4, "fourth")):
        view["gaps"].curve(f"{count}", ANGLES, gaps[count], color=color, label=f"bumps: {count}")
    view["gaps"].scatter("here", [[angle, float(gaps[bumps][row])]], color="ink", size=8)
    view.readout("log p(x)", float(evidences[row]), ".4f")
    view.readout("ELBO", float(fitted[bumps][1][row]), ".4f")
    view.readout("gap", float(gaps[bumps][row]), ".4f")


explore(
    draw_families,
    panels=[
        Panel("line", title="posterior and best q", xlabel="z", ylabel="density", xlim=(-3, 3), ylim=(0, 3)),
        Panel("gaps", title="log p(x) − ELBO", xlabel="x at so many degrees", ylabel="nats", xlim=(-5, 185),
              yscale="log", ylim=(1e-6, 2)),
    ],
    angle=Slider(0, 180, step=15, value=0, label="x at so many degrees"),
    bumps=Choice([1, 2, 4], value=1, label="Gaussians in q"),
    presets={"right, one": {"angle": 0, "bumps": 1}, "left, one": {"angle": 180, "bumps": 1},
             "left, two": {"angle": 180, "bumps": 2}, "left, four": {"angle": 180, "bumps": 4}},
    alt="The posterior and the best mixture of Gaussians for it, and the gap of the bound against the place "
    "of x",
)

# %% name="gradient-of-the-gap"
w = torch.tensor([0.5, math.log(0.4)], requires_grad=True)  # mean and log std of one Gaussian q
log_q = log_normal(Z, w[0], w[1].exp())
bound = DZ * (log_q.exp() * (log_joint(top, 0.3) - log_q)).sum()
left_out = DZ * (log_q.exp() * (log_q - log_joint(top, 0.3) + log_evidence(top, 0.3))).sum()
pull, push = (torch.autograd.grad(value, w, retain_graph=True)[0] for value in (bound, left_out))
print("gradient of the ELBO in (μ, log s):", [round(v, 4) for v in pull.tolist()])
print("gradient of the neglected KL:      ", [round(v, 4) for v in push.tolist()])

# %% tags=["claim:vae-neglected-kl"]
convention(
    "vae-neglected-kl", ("largest gap of 13 points, best mixture of four Gaussians", gaps[4].max()),
    ("a hundredth of the largest gap of one Gaussian", gaps[1].max() / 100), "<", tol=1e-4, digits=2,
    under="q can take the posterior's shape and is fitted to this x. The term is neglected only in name: "
    "log p(x) does not depend on q, so every step of q that raises the ELBO lowers it by the same "
    "amount",
)

# %% [markdown]
# What the encoder *network* adds to the gap, because it must answer for all $x$ at once, is measured in notebook 04.
#
# ## 3.4 Gradients through a draw
#
# Training needs the gradient of $\mathbb E_{z\sim q}\log p(x\mid z)$ with respect to the encoder's $\mu$ and $\Sigma$. The expectation is estimated
# by a draw, and a draw has no slope (UL p.22). Take $\mathbb E\,z^2$ with $z\sim\mathcal N(\mu, 1)$: it is $\mu^2 + 1$, with the slope $2\mu$.

# %% name="drawn-inside"
centre = torch.tensor(0.7, requires_grad=True)
drawn = Normal(centre, 1.0).sample((1000,))  # z drawn inside the network
estimate = (drawn**2).mean() + 0 * centre  # 0 · μ, so that autograd has something to differentiate at all
through = torch.autograd.grad(estimate, centre)[0]
print(f"the draws carry a gradient: {drawn.requires_grad}")

# %% tags=["claim:vae-backprop-needs-trick"]
holds(
    "vae-backprop-needs-trick", ("slope that reaches μ through the drawn z", through),
    ("slope of μ² + 1 at μ = 0.7", 2 * centre.detach()), "<",
)

# %% [markdown]
# **The trick** of UL p.23 moves the randomness to an input: $z = \mu + \Sigma^{1/2}\epsilon$ with $\epsilon\sim\mathcal N(0, I)$. Now $z$ is a
# smooth function of $\mu$ and $\Sigma$. Any matrix $A$ with $AA^\top = \Sigma$ will do for $\Sigma^{1/2}$: the symmetric root, or the Cholesky
# factor $L$ (lower triangular, $LL^\top = \Sigma$), but not $L^\top$, a common slip. A distribution is known by its characteristic function: for
# $\mathcal N(\mu,\Sigma)$ the expectation of $\cos(t^\top z)$ is $\cos(t^\top\mu)\,e^{-\frac12 t^\top\Sigma t}$. On the other side the expectation
# over $\epsilon$ is computed by quadrature, for each of the three.

# %% name="three-roots"
values, vectors = torch.linalg.eigh(Sigma)
lower = torch.linalg.cholesky(Sigma)
roots = {"symmetric root": vectors * values.sqrt() @ vectors.T, "Cholesky L": lower, "its transpose": lower.T}
t = torch.tensor([0.9, -0.6])
eps = torch.cartesian_prod(NODES, NODES)
product_weights = torch.outer(WEIGHTS, WEIGHTS).flatten()
by_noise = {kind: product_weights @ torch.cos((mu + eps @ A.T) @ t) for kind, A in roots.items()}
print(", ".join(f"{kind}: {value:.6f}" for kind, value in by_noise.items()))

# %% tags=["claim:reparameterisation"]
holds(
    "reparameterisation", ("E cos(tᵀz), z = μ + Σ^½ ε, over the noise", by_noise["symmetric root"]),
    ("cos(tᵀμ) exp(-½ tᵀΣt) of N(μ, Σ)", torch.cos(t @ mu) * torch.exp(-0.5 * t @ Sigma @ t)), tol=1e-9,
)

# %% [markdown]
# ### Two estimates of one gradient
#
# There is another way, without any slope of $f$. Differentiate the *density*:
# $\nabla_\mu\mathbb E f(z) = \mathbb E\big[f(z)\,\nabla_\mu\log\mathcal N(z;\mu, I)\big]$, and the gradient of the logarithm, the *score*, is
# $z - \mu$. This is the **score-function** estimate (REINFORCE in reinforcement learning). The trick gives the **pathwise** estimate, $\nabla f(z)$
# at $z = \mu + \epsilon$.
#
# ### Exercise 3.3 · The score-function estimate

# %% tags=["exercise:03.score_gradient"]
def score_gradient(f, mean, noise):
    """K one-draw estimates of the gradient of E f(z), z ~ N(mean, I), with respect to the mean, by the score.

    f: maps points of shape (K, d) to K numbers. mean: shape (d,). noise: standard normal, shape (K, d), so
    that z = mean + noise. Returns shape (K, d): each draw's own estimate, not their average.
    """
    # region solution
    return f(mean + noise)[:, None] * noise
    # endregion


score_gradient = check("03.score_gradient", score_gradient)

# %% [markdown]
# ### Exercise 3.4 · The pathwise estimate

# %% tags=["exercise:03.pathwise_gradient"]
def pathwise_gradient(f, mean, noise):
    """K one-draw estimates of the same gradient, by the slope of f at z = mean + noise.

    Arguments and result as for score_gradient; f is made of torch functions and treats every row by itself.
    """
    # region solution
    z = (mean + noise).requires_grad_()
    return torch.autograd.grad(f(z).sum(), z)[0]
    # endregion


pathwise_gradient = check("03.pathwise_gradient", pathwise_gradient)

# %% [markdown]
# Both are unbiased. A *baseline* $b$, subtracted from $f$ in the score-function estimate, leaves it unbiased, since $\mathbb E[z-\mu] = 0$, and can
# lower its variance.
#
# ### Exercise 3.5 · The best baseline
#
# Everyone subtracts the mean of $f$. Find the $b$ that minimises the variance of $(f - b)\,s$ where $s$ is the score.

# %% tags=["exercise:03.best_baseline"]
def best_baseline(values, score):
    """The number b for which (values - b) * score varies least.

    values: shape (K,), f at K draws. score: shape (K,), z - mu of one coordinate. Means over the draws stand
    for expectations, and the score has expectation 0. Returns a 0-dimensional tensor.
    """
    # region solution
    return (values * score**2).mean() / (score**2).mean()
    # endregion


best_baseline = check("03.best_baseline", best_baseline)

# %% [markdown]
# For $f(z) = \lVert z\rVert^2$ with every $\mu_i = 0.7$, the variance of one coordinate of each estimate, from 200,000 draws with your functions,
# and the exact value for $d = 1$:

# %% name="gradient-variance"
squares = lambda z: (z**2).sum(1)
exact_one = (0.7**4 + 14 * 0.7**2 + 15, 8 * 0.7**2 + 10, 8 * 0.7**2 + 6, 4.0)
print(f"{'':28} {'d = 1':>8} {'exact':>8} {'d = 10':>8}")
columns = []
for d in (1, 10):
    noise, centre = torch.randn(200_000, d, generator=seeded(8)), torch.full((d,), 0.7)
    # 500 draws at a time: some ways to write them need memory for each pair of draws.
    by_score, by_path = (
        torch.cat([estimate(squares, centre, part) for part in noise.split(500)])[:, 0]
        for estimate in (score_gradient, pathwise_gradient)
    )
    values, score = squares(centre + noise), noise[:, 0]
    with_baselines = [by_score - b * score for b in (values.mean(), float(best_baseline(values, score)))]
    columns.append([float(estimate.var()) for estimate in (by_score, *with_baselines, by_path)])
names = "score function", "  with the mean as baseline", "  with the best baseline", "pathwise"
for name, one, exact, ten_d in zip(names, columns[0], exact_one, columns[1], strict=True):
    print(f"{name:28} {one:8.2f} {exact:8.2f} {ten_d:8.1f}")

# %% [markdown]
# The pathwise estimate wins, and its lead grows with $d$. Is it always better? Only if $f$ is smooth on the scale of $q$. Take $f(z) = \sin(kz)$.

# %% name="wave-variances"
def wave_variances(k, mu=0.7):
    """Variances for sin(kz), z ~ N(mu, 1): score function with no, mean, best baseline; pathwise."""
    slope = k * math.cos(k * mu) * math.exp(-(k**2) / 2)
    mean = math.sin(k * mu) * math.exp(-(k**2) / 2)
    square_score = 0.5 - 0.5 * math.cos(2 * k * mu) * (1 - 4 * k**2) * math.exp(-2 * k**2)  # E f² s²
    f_score = math.sin(k * mu) * (1 - k**2) * math.exp(-(k**2) / 2)  # E f s², and E s² = 1
    pathwise = k**2 * (0.5 + 0.5 * math.cos(2 * k * mu) * math.exp(-2 * k**2)) - slope**2
    with_baseline = lambda b: square_score - 2 * b * f_score + b**2 - slope**2
    return [with_baseline(0.0), with_baseline(mean), with_baseline(f_score), pathwise]

# %% name="predict-trick" tags=["predict"]
predict(
    "03.trick",
    "f(z) = sin(kz) and z ~ N(0.7, 1). Which estimate of the gradient varies less when k is large?",
    choices=("the pathwise one", "the score function", "they tie"),
    answer=f"""The score function: at k = 10 its variance is {wave_variances(10)[0]:.2f} against
    {wave_variances(10)[3]:.0f}. f stays between -1 and 1, but its slope grows with k, and the pathwise
    estimate is that slope. At k = 0.5 it is {wave_variances(0.5)[0]:.2f} against
    {wave_variances(0.5)[3]:.3f}; near k = 1 they tie.""",
)

# %% name="wave-curves"
KS = torch.logspace(math.log10(0.2), 1, 61)
CURVES = torch.tensor([wave_variances(float(k)) for k in KS])
BASELINES = ["none", "the mean of f", "the best"]
wave_noise = torch.randn(4000, 1, generator=seeded(9))

# %% name="trick-loses" tags=["picture"]
def draw_trick(view, k, baseline):
    f = lambda z: torch.sin(k * z[:, 0])
    centre, which = torch.tensor([0.7]), BASELINES.index(baseline)
    values, score = f(centre + wave_noise), wave_noise[:, 0]
    b = (0.0, float(values.mean()), float(best_baseline(values, score)))[which]
    by_score = score_gradient(f, centre, wave_noise)[:, 0] - b * score
    by_path = pathwise_gradient(f, centre, wave_noise)[:, 0]
    line = torch.linspace(-2.8, 4.2, 281)
    bell = 1.5 * torch.exp(log_normal(line, 0.7))
    view["f"].fill("q", line, bell, color="muted", alpha=0.3, label="density of z (not to scale)")
    view["f"].curve("f", line, torch.sin(k * line), color="ink", width=1.5, label="f(z) = sin kz")
    view["variance"].curve("score", KS, CURVES[:, which], color="q", label="score function")
    view["variance"].curve("path", KS, CURVES[:, 3], color="third", label="pathwise")
    measured = [[k, float(by_score.var())], [k, float(by_path.var())]]
    view["variance"].scatter("measured", measured, color="ink", size=7, label="4,000 draws, your functions")
    view.readout("score function, exact variance", wave_variances(k)[which], ".4f")
    view.readout("pathwise, exact variance", wave_variances(k)[3], ".4f")
    view.readout("baseline", b, ".3f")


explore(
    draw_trick,
    panels=[
        Panel("f", title="f, and where z falls", xlabel="z", ylabel="f", xlim=(-2.8, 4.2), ylim=(-1.2, 1.4)),
        Panel("variance", title="variance of one draw's estimate", xlabel="k", ylabel="variance",
              xscale="log", yscale="log", xlim=(0.19, 10.5), ylim=(1e-4, 100)),
    ],
    k=Slider(0.2, 10.0, step=10**0.1, value=0.2, log=True, label="k"),
    baseline=Choice(BASELINES, value="none", label="baseline"),
    presets={"smooth": {"k": 0.4, "baseline": "none"},
             "smooth, best baseline": {"k": 0.4, "baseline": "the best"},
             "wiggly": {"k": 10.0, "baseline": "none"}},
    alt="A sine under a bell of draws, and the variances of the two gradient estimates against its frequency",
)

# %% [markdown]
# A network seen through a narrow $q$ is usually smooth: that is why the trick is used for VAEs. Where $f$ jumps (a discrete code, a simulator) the
# score function is what is left. Note how little a baseline does for the wiggly $f$, whose mean is nearly 0.
#
# ## 3.5 The loss
#
# The last line of UL's section writes $\log p(x\mid z) = \lVert x - f(z)\rVert^2 + \text{constant}$. Compare two codes of one digit; the constant
# cancels.

# %% tags=["claim:gaussian-loglik-square"]
sharp = MODELS["sharp"][0]
sigma = float(sharp.log_sigma.exp())
x = grey.held_out[0].double()
means = sharp.decode(torch.randn(2, 10, generator=seeded(11)).float()).double()
exact = Normal(means, sigma).log_prob(x).sum(1)
squared = (x - means).square().sum(1)
erratum(
    "gaussian-loglik-square", ("lecture: ‖x - f(z)‖² - ‖x - f(z')‖²", squared[0] - squared[1]),
    ("log p(x|z) - log p(x|z'), torch's Normal", exact[0] - exact[1]),
    corrected="log p(x|z) = -‖x - f(z)‖²/(2σ²) + constant, and the constant, -D log(σ√(2π)) for D pixels, "
    "contains σ",
    corrected_left=("-(‖x - f(z)‖² - ‖x - f(z')‖²)/(2σ²)", -(squared[0] - squared[1]) / (2 * sigma**2)),
    digits=5,
)

# %% [markdown]
# The sign decides whether a good picture is rewarded or punished, and $1/(2\sigma^2)$ decides how much a squared error costs against the price of
# the code. That is why $\sigma$ is no detail; section 3.7 is about nothing else.
#
# ### Exercise 3.6 · Your loss
#
# Everything above in four lines: the draw, the log-likelihood, the price, and their difference, averaged over a minibatch. The price gets a weight
# $\beta$ (1 in the lecture). You will train with it, and steer $\sigma$ and $\beta$ while it runs.

# %% tags=["exercise:03.negative_elbo"]
def negative_elbo(x, mean, logvar, decode, noise, sigma, beta):
    """What training minimises: the minibatch's mean of beta * KL - log-likelihood, one draw for each image.

    x: images, shape (n, D). mean, logvar: the encoder's output, shape (n, d), for q(z|x) = N(mean, diag
    exp(logvar)). decode: maps codes (n, d) to mean images (n, D). noise: standard normal, shape (n, d).
    sigma, beta: numbers; the decoder is N(decode(z), sigma² I). Returns a 0-dimensional tensor, in nats.
    """
    # region solution
    z = mean + torch.exp(0.5 * logvar) * noise
    squared_error = (x - decode(z)).square().sum(-1)
    log_likelihood = -squared_error / (2 * sigma**2) - x.shape[-1] * math.log(sigma * math.sqrt(2 * math.pi))
    kl = 0.5 * (logvar.exp() + mean.square() - 1 - logvar).sum(-1)
    return (beta * kl - log_likelihood).mean()
    # endregion


negative_elbo = check("03.negative_elbo", negative_elbo)

# %% [markdown]
# UL p.22 calls $\mathbb E_{x}\{\mathbb E_{z}\log p(x\mid z) - \mathrm{KL}\}$ the "full criterion to *minimise*". For a *linear* VAE the best model
# is known (section 3.7): put its weights into a VAE, and compare with the same VAE whose decoder ignores $z$.

# %% name="criterion"
train = grey.train.double()
average = train.mean(0)
covariance = torch.cov(train.T, correction=0)
eigenvalues, eigenvectors = (part.flip(-1) for part in torch.linalg.eigh(covariance))
eigenvalues = eigenvalues.clamp(min=0)


def linear_model(sigma, latent=10, used=10):
    """The best linear VAE at this sigma (or one that uses fewer latent numbers): two layers nn.Linear."""
    noise, kept = sigma**2, torch.where(torch.arange(latent) < used, eigenvalues[:latent], 0.0)
    weight = eigenvectors[:, :latent] * (kept - noise).clamp(min=0).sqrt()
    variance = noise / kept.clamp(min=noise)
    layers = torch.nn.Linear(64, 2 * latent), torch.nn.Linear(latent, 64)
    vae = VAE(*layers, latent, likelihood="gaussian", sigma=sigma)
    with torch.no_grad():
        reading = variance[:, None] * weight.T / noise
        vae.encoder.weight.copy_(torch.cat([reading, torch.zeros(latent, 64)]))
        vae.encoder.bias.copy_(torch.cat([-reading @ average, variance.log()]))
        vae.decoder.weight.copy_(weight)
        vae.decoder.bias.copy_(average)
    return vae.requires_grad_(False)


def criterion(vae):
    return float(elbo(vae, train, samples=40, generator=seeded(12)).value.mean())


best, blind = criterion(linear_model(0.15)), criterion(linear_model(0.15, used=0))
exact = linear_vae_optimum(eigenvalues, 0.15, 10).elbo
print(f"average log p(x) of the best linear VAE, in closed form: {exact:.2f} nats")

# %% tags=["claim:vae-full-criterion"]
erratum(
    "vae-full-criterion", ("criterion of the best linear VAE, σ = 0.15", best),
    ("criterion of a decoder that ignores z", blind), "<=",
    corrected="the criterion is maximised; training minimises its negative",
    corrected_left=("criterion of the best linear VAE, σ = 0.15", best), corrected_relation=">=", digits=4,
)

# %% [markdown]
# And *stochastic gradient descent* takes one $x$ at random, then one $z$, and the gradient there. Is it right on average? In a VAE with one latent
# number and five data points every average can be taken exactly: over $x$ by a sum, over the noise by quadrature. Your loss gives the stochastic
# gradients; the closed form of the ELBO gives the other side.

# %% name="stochastic-gradients"
five = torch.randn(5, 3, generator=seeded(13))
reading, log_variance, column = (
    torch.randn(*shape, generator=seeded(14)).mul(0.5).requires_grad_() for shape in ((1, 3), (1,), (3, 1))
)


def gradient_of(value):
    """With respect to encoder (4 numbers) and decoder (3), as one vector."""
    return torch.cat([part.flatten() for part in torch.autograd.grad(value, (reading, log_variance, column))])


def mean_stochastic_gradient(decode):
    total = torch.zeros(7)
    for x in five:
        for noise, weight in zip(NODES[:, None, None], WEIGHTS, strict=True):
            loss = negative_elbo(x[None], x[None] @ reading.T, log_variance[None], decode, noise, 0.5, 1.0)
            total += weight / 5 * gradient_of(loss)
    return total


through_z = mean_stochastic_gradient(lambda z: z @ column.T)
at_fixed_z = mean_stochastic_gradient(lambda z: z.detach() @ column.T)
codes, variance = five @ reading.T, log_variance.exp()
squared = (five - codes @ column.T).square().sum(1) + variance * column.square().sum()
exact = gradient_of((squared / (2 * 0.5**2) + 0.5 * (variance + codes[:, 0] ** 2 - 1 - log_variance)).mean())
print(f"largest error of the seven entries: {(through_z - exact).abs().max():.0e}")
print(f"with z held fixed: {(at_fixed_z - exact)[4:].abs().max():.0e} for the decoder's three, "
      f"{(at_fixed_z - exact)[:4].abs().max():.2f} for the encoder's four")

# %% tags=["claim:vae-sgd"]
convention(
    "vae-sgd", ("length of the mean stochastic gradient", through_z.norm()),
    ("length of the gradient of the exact ELBO", exact.norm()), tol=1e-8,
    under="the gradient goes through z = μ + Σ^½ ε; at a fixed z it is right for the decoder only, and the "
    "encoder does not hear of the reconstruction",
)

# %% [markdown]
# ### Gaussian or Bernoulli?
#
# The digits have 17 grey levels. With a Gaussian decoder $\log p(x)$ is a log-*density*: it may be positive and it depends on the unit (in dots
# from 0 to 16 instead of grey from 0 to 1, $64\log 16 = 177$ nats less). With one bit a pixel and a Bernoulli decoder it is a log-*probability*,
# never positive. The two cannot be compared. Two warnings, in the picture: a Bernoulli "likelihood" of a *grey* pixel is not a density on $[0, 1]$,
# its mass is below 1; and of a pixel that counts dots it has no maximum at all.

# %% name="one-pixel" tags=["picture"]
SUCCESS = torch.linspace(0.005, 0.995, 199)


def draw_pixel(view, x, sigma):
    coin = x * SUCCESS.log() + (1 - x) * torch.log1p(-SUCCESS)
    view["log"].curve("coin", SUCCESS, coin, color="q", label="Bernoulli formula")
    view["log"].curve("normal", SUCCESS, log_normal(x, SUCCESS, sigma), color="p", label="Gaussian")
    view["log"].vline("x", min(x, 1.0), label="x" if x <= 1 else "x is off to the right")
    odds = SUCCESS / (1 - SUCCESS)
    mass = torch.where((SUCCESS - 0.5).abs() < 1e-4, 0.5, (2 * SUCCESS - 1) / torch.log(odds))
    view["mass"].curve("mass", SUCCESS, mass, color="q", label="Bernoulli formula, x in [0, 1]")
    view["mass"].hline("one", 1.0, label="a density")
    far = torch.sigmoid(torch.tensor([5.0, 20.0, 30.0]))
    far = (x * far.log() + (1 - x) * torch.log1p(-far)).round(decimals=1)
    view.readout("Bernoulli formula at logits 5, 20, 30", ", ".join(f"{v + 0.0:.1f}" for v in far.tolist()))


explore(
    draw_pixel,
    panels=[
        Panel("log", title="one pixel", xlabel="f, what the decoder says", ylabel="log p(x|z), nats",
              xlim=(0, 1), ylim=(-6, 3)),
        Panel("mass", title="integral over grey x", xlabel="f", ylabel="mass", xlim=(0, 1), ylim=(0, 1.15)),
    ],
    x=Slider(0.0, 2.0, step=0.1, value=0.5, label="x, the pixel"),
    sigma=Slider(0.05, 0.5, step=0.05, value=0.15, label="σ of the Gaussian decoder"),
    presets={"black": {"x": 1.0, "sigma": 0.15}, "grey": {"x": 0.5, "sigma": 0.15},
             "two dots": {"x": 2.0, "sigma": 0.15}},
    alt="The log-likelihood of one pixel under a Bernoulli and a Gaussian decoder, and the mass of the "
    "Bernoulli formula",
)

# %% [markdown]
# For $x = 2$ the orange curve climbs without end as $f\to1$: a training on pixels of 0 to 16 (or 255) under a Bernoulli decoder drives its loss to
# minus infinity and learns nothing. The Gaussian has a trap of its own when $\sigma$ may shrink. Three of the 64 pixels are white in *all* training
# digits; a decoder with its own $\sigma_j(z)$ for each pixel, as I22 writes it, can make the density there as large as it likes:

# %% name="dead-pixels"
never = int((grey.train.amax(0) == 0).sum())
print(f"pixels that are 0 in every training digit: {never}")
for power in (1, 3, 6):
    nats = never * float(log_normal(torch.tensor(0.0), 0.0, 10.0**-power))
    print(f"σ = 1e-{power} on those pixels alone gives {nats:5.1f} nats an image")

# %% [markdown]
# One $\sigma$ for all pixels is safe against that. (Notebook 05 treats the cause: a density of values that are whole numbers.)
#
# ## 3.6 Train it, and steer
#
# Two latent numbers, your loss. Top: ten held-out digits, their mean reconstructions, and the mean images of ten fixed draws from the prior.
# Bottom: where the encoder puts the 360 held-out digits, each class in its colour; the price; the error of the reconstructions in grey levels (0
# white, 1 black).

# %% name="predict-live" tags=["predict"]
predict(
    "03.live",
    "A VAE is trained at σ = 0.2, β = 1. Which change makes all its reconstructions collapse to one grey "
    "blob?",
    choices=("only β up to 20", "only σ up to 0.9", "either of the two"),
    answer="""Either. Divide the loss by β: the reconstruction then has σ²β in place of σ², and nothing
    else changes but a constant. So β = 20 at σ = 0.2 has the same optimum as β = 1 at σ = 0.2·√20 = 0.89.
    Try both, and watch the price.""",
)

# %% name="steered"
# Adam on your loss, 128 digits a step; sigma, beta and rate may change between any two steps.
trainer = SteeredVae(grey, negative_elbo, shown)

# %% name="live" tags=["picture"]
TEN_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9",
               "#E69F00", "#222222", "#8E6BBF", "#767676", "#A6761D")
LABEL_COLOURS = [TEN_COLOURS[label] for label in grey.held_out_labels.tolist()]


def draw_live(view, trainer):
    images, codes = trainer.pictures()
    view["images"].image("images", strip(images.clamp(0, 1), 3), limits=(0, 1))
    view["codes"].scatter("codes", codes, color=LABEL_COLOURS, size=3)
    view["codes"].ellipse("prior", [0, 0], torch.eye(2), std=2, color="p", label="prior, 2 sd")
    if trainer.when:
        thin = max(1, len(trainer.when) // 200)
        view["price"].curve("price", trainer.when[::thin], trainer.price[::thin], color="q", style="solid")
        view["error"].curve("error", trainer.when[::thin], trainer.error[::thin], color="p", style="solid")
        view.readout("price, nats", trainer.price[-1], ".2f")
        view.readout("error, grey levels", trainer.error[-1], ".3f")
    view.readout("σ √β", trainer.sigma * math.sqrt(trainer.beta), ".3f")


live = LiveTraining(
    trainer,
    draw_live,
    panels=[
        [Panel("images", title="digits; reconstructions; draws of the prior", axes=False, aspect="equal")],
        [Panel("codes", title="codes", xlabel="z₁", ylabel="z₂", xlim=(-4, 4), ylim=(-4, 4), aspect="equal"),
         Panel("price", title="price, held-out", xlabel="step", ylabel="nats", ylim=(0, 9)),
         Panel("error", title="error, held-out", xlabel="step", ylabel="grey levels", ylim=(0, 0.35))],
    ],
    size=(10, 6.4),
    alt="Digits, their reconstructions and draws of a VAE while it trains, its codes, the price and the "
    "error",
    presets={"sharp": {"sigma": 0.1, "beta": 1.0, "rate": 3e-3},
             "σ = 0.9": {"sigma": 0.9, "beta": 1.0, "rate": 3e-3},
             "β = 20": {"sigma": 0.2, "beta": 20.0, "rate": 3e-3}},
    cap=20_000,
    sigma=Slider(0.05, 1.0, step=0.05, value=0.2, label="σ, the decoder's noise"),
    beta=Slider(0.1, 20.0, step=10**0.1, value=1.0, log=True, label="β, weight of the price"),
    rate=Slider(3e-4, 3e-1, step=10**0.5, value=3e-3, log=True, label="learning rate"),
)
live.run(400, progress=False)
live

# %% [markdown]
# Press **Play** and try, in this order:
#
# 1. As it stands, a thousand steps: the classes part, and the price rises, because telling digits apart is what the price pays for.
# 2. *σ = 0.9*: within some hundred steps the price falls to nearly nothing and all reconstructions become the average digit. This is *posterior
#   collapse*: the code says nothing any more.
# 3. *Start values*: the code comes back within a few hundred steps. Nothing was broken; at $\sigma = 0.9$ the collapsed model has the higher
#   bound.
# 4. *β = 20*: the same collapse, as the prediction's answer says.
# 5. *Start values*, then *sharp*: the price rises by about two nats and the error hardly falls: two numbers cannot say more about a digit.
# 6. The learning rate at its right end: the weights soon are no numbers any more, and the training stops and says so. *Start values* and *Reset*
#   bring the beginning back.
#
# ## 3.7 Sigma decides what is alive
#
# Why does a larger $\sigma$ kill a code? With a linear decoder, $f(z) = Wz + b$, everything has a closed form. Let $\lambda_1\ge\lambda_2\ge\dots$
# be the eigenvalues of the data's covariance, the variances along its principal axes $u_1, u_2, \dots$
#
# Along $u_i$ the model has the variance $w_i^2 + \sigma^2$, if a latent number moves $x$ by $w_i$ along it. The best choice makes it equal to
# $\lambda_i$, so $w_i = \sqrt{\lambda_i - \sigma^2}$. But if $\lambda_i \le \sigma^2$ there is nothing to add: the noise alone makes more variance
# than the data have there, the best $w_i$ is 0, and the latent number is *dead*, its posterior is the prior. No optimiser failed; this is the
# maximum of the bound.
#
# ### Exercise 3.7 · The best linear VAE (hard)
#
# Write it down for any covariance: the decoder's weight, and the average price of each latent number. For the price, find the posterior's variance
# $v_i$ (a Gaussian prior with one Gaussian observation), note that the means spread over the data with the variance $1 - v_i$, and simplify.

# %% tags=["exercise:03.linear_vae"]
def linear_vae(cov, sigma, latent_size):
    """The best linear VAE for data with this covariance: decoder N(Wz + b, sigma² I), prior N(0, I).

    cov: shape (D, D), symmetric, possibly singular. sigma: a positive number. latent_size: d, at most D.
    Returns W of shape (D, d), and the average KL of each latent number, shape (d,), in nats, largest first.
    """
    # region solution
    values, vectors = torch.linalg.eigh(cov)
    values, vectors = values.flip(0)[:latent_size], vectors.flip(1)[:, :latent_size]
    weight = vectors * (values - sigma**2).clamp(min=0).sqrt()
    return weight, 0.5 * torch.log((values / sigma**2).clamp(min=1))
    # endregion


linear_vae = check("03.linear_vae", linear_vae)

# %% name="alive"
alive = {sigma: int((linear_vae(covariance, sigma, 10)[1] > 1e-6).sum()) for sigma in (0.2, 0.4, 0.8)}

# %% name="predict-alive" tags=["predict"]
predict(
    "03.alive",
    "The digits, ten latent numbers, a linear VAE. At σ = 0.2 all ten are alive. How many are at σ = 0.4?",
    number="latent numbers",
    answer=f"""{alive[0.4]}: as many as the covariance has eigenvalues above σ² = 0.16. At σ = 0.8 there
    are {alive[0.8]}.""",
)

# %% name="knob-curves"
LINE_SIGMAS = torch.logspace(math.log10(0.05), 0, 60)
LINE_KL = torch.stack([linear_vae_optimum(eigenvalues, float(s), 10).kl.sum() for s in LINE_SIGMAS])
ten_digits = grey.held_out[shown].double()
trained_kl = archive["knob/train_kl"]

# %% name="knob" tags=["picture"]
def draw_knob(view, sigma, beta):
    effective = sigma * math.sqrt(beta)
    weight, kl = (part.double() for part in linear_vae(covariance, effective, 10))
    kept = eigenvalues[:20]
    living = kept > effective**2
    variances = torch.stack([torch.arange(1, 21), kept], 1)
    view["spectrum"].scatter("alive", variances[living], color="p", size=7, label="λ > βσ²: alive")
    view["spectrum"].scatter("dead", variances[~living], color="muted", size=7, label="λ ≤ βσ²: dead")
    view["spectrum"].hline("noise", effective**2, color="q", style="dashed", label="βσ²")
    view["spectrum"].vline("ten", 10.5, style="dotted")
    view["kl"].bars("kl", range(1, 11), kl, color="p")
    view["total"].curve("linear", LINE_SIGMAS, LINE_KL, color="p", label="linear VAE, exact")
    dots = [[s, value] for s, row in zip(SIGMAS, trained_kl, strict=True) for value in row]
    view["total"].scatter("trained", dots, color="third", size=5, label="networks, 3 seeds")
    view["total"].vline("here", effective, color="q", style="dashed")
    mean_code = torch.linalg.solve(weight.T @ weight + effective**2 * torch.eye(10), weight.T)
    back = average + (ten_digits - average) @ (weight @ mean_code).T
    nearest = min(range(len(SIGMAS)), key=lambda i: abs(math.log(SIGMAS[i] / effective)))
    network = torch.as_tensor(archive["knob/pictures"][nearest][:10] / 255)
    rows = torch.cat([ten_digits, back.clamp(0, 1), network])
    view["images"].image("images", strip(rows, 3), limits=(0, 1))
    view["images"].title(f"held-out digits; linear VAE; network trained at σ = {SIGMAS[nearest]:g} (β = 1)")
    view.readout("alive, of 10", int((kl > 1e-6).sum()))
    view.readout("price of the code, nats", float(kl.sum()), ".2f")
    view.readout("σ √β", effective, ".3f")


explore(
    draw_knob,
    panels=[
        [Panel("spectrum", title="variances of the digits", xlabel="principal axis", ylabel="λ", yscale="log",
               xlim=(0, 21), ylim=(0.002, 2)),
         Panel("kl", title="price of each number", xlabel="latent number", ylabel="nats", ylim=(0, 3)),
         Panel("total", title="price of the code", xlabel="σ √β", ylabel="nats", xscale="log",
               xlim=(0.045, 1.1), ylim=(0, 30))],
        [Panel("images", axes=False, aspect="equal")],
    ],
    size=(10, 6.4),
    sigma=Slider(0.05, 0.9, step=0.05, value=0.2, label="σ"),
    beta=Slider(1.0, 10.0, step=10**0.1, value=1.0, log=True, label="β"),
    presets={"σ = 0.1": {"sigma": 0.1, "beta": 1.0}, "σ = 0.4": {"sigma": 0.4, "beta": 1.0},
             "σ = 0.2, β = 4": {"sigma": 0.2, "beta": 3.98}, "nearly all dead": {"sigma": 0.8, "beta": 1.0}},
    alt="Eigenvalues of the digits and the noise, the price of each latent number, and digits as two VAEs "
    "return them",
)

# %% [markdown]
# Move $\sigma$ up and the noise line rises through the spectrum: one number after the other dies, the finest detail first. The green dots are the
# *networks* that were trained beforehand, with nonlinear encoder and decoder: their price takes the same course. For it they give back sharper
# digits than the linear model, and their bound is higher at every $\sigma$ of the table:

# %% name="knob-table"
print(f"{'σ':>5}   {'linear, exact':^23}   {'networks, 2,000 steps, three seeds (training digits)':^54}")
print(f"{'':>5}   {'alive':>5} {'price':>7} {'ELBO':>8}    {'price':^21}   {'ELBO':^24}")
for i, s in enumerate(SIGMAS):
    optimum = linear_vae_optimum(eigenvalues, s, 10)
    prices, bounds = (
        " ".join(f"{v:7.2f}" for v in archive[f"knob/train_{key}"][i]) for key in ("kl", "value")
    )
    exact = f"{int(optimum.active.sum()):5d} {optimum.kl.sum():7.2f} {optimum.elbo:8.2f}"
    print(f"{s:5.2f}   {exact}    {prices}   {bounds}")

# %% [markdown]
# Does training really end at the closed form, dead numbers and all? Two linear layers, your loss, $\sigma = 0.4$, from random weights:

# %% name="train-linear"
def on_your_loss(sigma, beta=1.0):
    """A loss for fit_vae that calls yours."""
    def loss(vae, images, generator):
        mean, logvar = vae.encode(images)
        noise = torch.randn(mean.shape, generator=generator, dtype=images.dtype).to(images.device)
        return negative_elbo(images, mean, logvar, vae.decode, noise, sigma, beta)

    return loss


linear = VAE(mlp((64, 20), seed=1), mlp((10, 64), seed=2), 10, likelihood="gaussian", sigma=0.4).float()
fit_vae(linear, grey.train, 2500, rate=1e-2, loss=on_your_loss(0.4), progress="two linear layers")
mean, logvar = (part.detach().double() for part in linear.encode(grey.train))
trained = (0.5 * (logvar.exp() + mean**2 - 1 - logvar)).mean(0).sort(descending=True).values
for name, price in (("trained", trained), ("closed form", linear_vae_optimum(eigenvalues, 0.4, 10).kl)):
    each = " ".join(f"{v:.2f}" for v in price.tolist())
    print(f"price of each number, {name:12} {each}  sum {price.sum():.2f}")

# %% [markdown]
# The sums agree. (Single numbers differ a little: where two eigenvalues are close, turning their axes into each other costs next to nothing, and
# the optimiser is in no hurry.)
#
# And which $\sigma$ is right? The one with the largest evidence. In the linear model it is known: $\sigma^2$ is the mean of the eigenvalues that
# get no latent number, here the last 54 (this model has a name, *probabilistic PCA*). A network that learns its $\sigma$ finds a smaller one, as it
# explains more, and it depends on how long one trains.

# %% name="best-sigma"
by_mean = math.sqrt(eigenvalues[10:].mean())
by_search = max(np.linspace(0.1, 0.2, 2001), key=lambda s: float(linear_vae_optimum(eigenvalues, s, 10).elbo))
print(f"linear VAE, best σ: {by_mean:.4f} by the formula, {by_search:.4f} by search")
learnt = ", ".join(f"{s:.3f}" for s in archive["learned/sigma"])
print(f"networks, learnt σ after 2,000 steps, three seeds: {learnt}")
for key, steps in (("learned", "2,000"), ("long", "6,000")):
    s, own, other = (float(archive[f"{key}/{part}"][0]) for part in ("sigma", "train_value", "held_value"))
    print(f"the first one after {steps} steps: σ = {s:.3f}, ELBO {own:.1f} in training, {other:.1f} held-out")

# %% [markdown]
# The gap between training and held-out digits widens meanwhile: a network with a small $\sigma$ has begun to learn its 1,437 digits by heart.
#
# ## 3.8 Without the encoder
#
# "Once the model is trained, we can drop the encoder. Simply use the decoder" (UL p.23): draw $z\sim p(z)$, decode. What one usually sees then is
# $f(z)$, the *mean image*. But the model says $x\mid z\sim\mathcal N(f(z),\sigma^2 I)$.
#
# ### Exercise 3.8 · A draw from the model

# %% tags=["exercise:03.generate"]
def generate(decode, z, noise, sigma):
    """Draws from p(x): z has been drawn from the prior already.

    decode: maps codes (n, d) to mean images (n, D). z: shape (n, d). noise: standard normal, shape (n, D).
    sigma: the decoder's standard deviation. Returns shape (n, D).
    """
    # region solution
    return decode(z) + sigma * noise
    # endregion


generate = check("03.generate", generate)

# %% name="means-and-draws"
def to_nearest(images):
    """Root mean squared difference to the nearest training digit, in grey levels, mean over the images."""
    return float(torch.cdist(images.float(), grey.train).amin(1).mean()) / 8


two_models = {name: MODELS[name][0] for name in ("sharp", "blurred")}
noise_64 = torch.randn(1000, 64, generator=seeded(15), dtype=torch.float32)
pictures_of, distances = {}, {}
for name, vae in two_models.items():
    spread, mean_images = float(vae.log_sigma.exp()), vae.decode(latents[:1000])
    draws = generate(vae.decode, latents[:1000], noise_64, spread).detach()
    pictures_of[name] = mean_images, draws, spread
    distances[name] = to_nearest(mean_images), to_nearest(draws)

# %% name="predict-draws" tags=["predict"]
predict(
    "03.draws",
    "The blurred model, σ = 0.3. Which look like digits: its mean images f(z), or real draws from its p(x)?",
    choices=("the mean images", "the draws", "both", "neither"),
    answer=f"""The mean images. To the nearest training digit they are {distances["blurred"][0]:.3f} grey
    levels away, nearly as near as real held-out digits are ({to_nearest(grey.held_out):.3f}); the draws
    {distances["blurred"][1]:.3f}. But it is the draws that the model believes in: at σ = 0.3 it says that
    digits are that noisy. Draws of the sharp model: {distances["sharp"][1]:.3f}.""",
)

# %% name="mean-or-draw" tags=["picture"]
def draw_generated(view, model, shown_as):
    mean_images, draws, spread = pictures_of[model]
    images = mean_images if shown_as == "mean images" else draws
    view["images"].image("images", strip(images[:30].clamp(0, 1), 3), limits=(0, 1))
    view["images"].title(f"{model}: {shown_as}")
    variance = [float(part.double().var(0, correction=0).sum()) for part in (grey.train, mean_images, draws)]
    labels, colours = ["digits", "mean\nimages", "draws"], ["p", "accent", "q"]
    view["variance"].bars("variance", labels, variance, color=colours, values=".2f")
    view.readout("σ", spread, ".3f")
    view.readout("64 σ²", 64 * spread**2, ".2f")


explore(
    draw_generated,
    panels=[
        Panel("images", axes=False, aspect="equal", width=2.2),
        Panel("variance", title="total variance, 64 pixels", ylabel="grey levels²", ylim=(0, 11)),
    ],
    size=(10, 3.6),
    model=Choice(["sharp", "blurred"], value="sharp", label="model"),
    shown_as=Choice(["mean images", "draws"], value="mean images", label="show"),
    presets={"sharp, means": {"model": "sharp", "shown_as": "mean images"},
             "sharp, draws": {"model": "sharp", "shown_as": "draws"},
             "blurred, means": {"model": "blurred", "shown_as": "mean images"},
             "blurred, draws": {"model": "blurred", "shown_as": "draws"}},
    alt="Thirty images of a VAE, as means or as draws with the decoder's noise, and their variance against "
    "the digits'",
)

# %% [markdown]
# The mean images vary too little in both models. Draws have $64\,\sigma^2$ more: not quite enough in the sharp model, far too much in the blurred
# one. In the linear model at its best $\sigma$ the balance is exact: mean images have the covariance $WW^\top$, draws $WW^\top + \sigma^2 I$, whose
# total is that of the data.

# %% name="draws-of-the-linear-model"
ppca = linear_model(by_mean)
z = torch.randn(200_000, 10, generator=seeded(16))
drawn = generate(ppca.decode, z, torch.randn(len(z), 64, generator=seeded(17)), by_mean).detach()
print(f"total variance of mean images: {ppca.decode(z).var(0).sum():.3f}")

# %% tags=["claim:vae-drop-encoder"]
convention(
    "vae-drop-encoder",
    ("total variance of 200,000 draws of the decoder alone, linear VAE", drawn.var(0).sum()),
    ("total variance of the training digits", eigenvalues.sum()), tol=1e-2, digits=3,
    under="a draw is f(z) + σ ε; the mean images f(z) that are usually shown are no sample of p(x)",
)

# %% [markdown]
# ### A walk through the latent plane
#
# Now a VAE with two latent numbers, trained on your loss at $\sigma = 0.2$. The map shows the mean image at each place. The two held-out digits are
# encoded, and the walk goes from one code to the other: in the latent plane (upper row), and, to compare, by mixing pixels (lower row).

# %% name="train-plane"
plane_vae = build(2, sigma=0.2).float()
fit_vae(plane_vae, grey.train, 2500, loss=on_your_loss(0.2), progress="a latent plane")
plane_vae.requires_grad_(False)
SIDE_15 = torch.linspace(-2.8, 2.8, 15, dtype=torch.float32)
places = torch.stack(torch.meshgrid(-SIDE_15, SIDE_15, indexing="ij"), -1).flip(-1).reshape(-1, 2)
atlas = plane_vae.decode(places).clamp(0, 1).reshape(15, 15, 8, 8).permute(0, 2, 1, 3).reshape(120, 120)
HALF_CELL = 5.6 / 14 / 2
EXTENT = (-2.8 - HALF_CELL, 2.8 + HALF_CELL) * 2

# %% name="walk" tags=["picture"]
steps_along = torch.linspace(0, 1, 9, dtype=torch.float32)[:, None]


def draw_walk(view, start, end, t):
    x = grey.held_out[[shown[start], shown[end]]]
    codes = plane_vae.encode(x)[0]
    path = codes[0] + steps_along * (codes[1] - codes[0])
    here = codes[0] + t * (codes[1] - codes[0])
    mixed = x[0] + steps_along * (x[1] - x[0])
    view["map"].image("atlas", atlas, EXTENT, limits=(0, 1), alpha=0.55)
    view["map"].curve("path", *path.T, color="q", style="solid", width=2)
    view["map"].scatter("here", here[None], color="accent", size=10)
    view["here"].image("here", plane_vae.decode(here).clamp(0, 1).reshape(8, 8), limits=(0, 1))
    rows = torch.cat([plane_vae.decode(path).clamp(0, 1), mixed])
    view["rows"].image("rows", strip(rows, 2), limits=(0, 1))
    view.readout("z₁, z₂", f"{float(here[0]):.2f}, {float(here[1]):.2f}")
    view.readout("here, to the nearest training digit", to_nearest(plane_vae.decode(here)[None]), ".3f")
    mixed_here = x[0] + t * (x[1] - x[0])
    view.readout("mixed pixels, to the nearest training digit", to_nearest(mixed_here[None]), ".3f")


explore(
    draw_walk,
    panels=[
        [Panel("map", title="mean images", xlabel="z₁", ylabel="z₂", xlim=EXTENT[:2], ylim=EXTENT[:2],
               aspect="equal"),
         Panel("here", title="at the mark", axes=False, aspect="equal", width=0.5)],
        [Panel("rows", title="along the line of codes; by mixing pixels", axes=False, aspect="equal")],
    ],
    size=(9, 6.8),
    start=Choice(list(range(10)), value=0, label="from"),
    end=Choice(list(range(10)), value=1, label="to"),
    t=Slider(0.0, 1.0, step=0.05, value=0.0, label="how far", play=True),
    presets={"from 0 to 1": {"start": 0, "end": 1, "t": 0.5}, "from 4 to 9": {"start": 4, "end": 9, "t": 0.5},
             "from 7 to 2": {"start": 7, "end": 2, "t": 0.5}},
    alt="A map of the images that a decoder makes over the latent plane, and a walk through it from digit "
    "to digit",
)

# %% name="walk-number"
pairs = torch.randint(360, (400, 2), generator=seeded(18))
pairs = pairs[grey.held_out_labels[pairs[:, 0]] != grey.held_out_labels[pairs[:, 1]]]
ends = [grey.held_out[pairs[:, side]] for side in (0, 1)]
half_code = plane_vae.decode((plane_vae.encode(ends[0])[0] + plane_vae.encode(ends[1])[0]) / 2)
half_pixels = (ends[0] + ends[1]) / 2
print(f"halfway between {len(pairs)} pairs of different digits, to the nearest training digit:")
print(f"codes {to_nearest(half_code):.3f} grey levels, by mixing pixels {to_nearest(half_pixels):.3f}, "
      f"held-out digits themselves {to_nearest(grey.held_out):.3f}")

# %% [markdown]
# Halfway along the codes there is usually one digit, perhaps another than both ends; halfway between the pixels there are two faint ones on top of
# each other. Where the straight line crosses a seam between classes the decoder draws something in between (notebook 04 looks at such places).
#
# ## 3.9 Which of two VAEs is better?
#
# A VAE's likelihood cannot be computed, so I24 compares ELBOs. But an ELBO is $\log p(x)$ *minus a gap*, and the gap is the encoder's: a good model
# with a poor encoder can lose. There is a better bound. With $K$ draws from the encoder and the weights $w_k = p(x,z_k)/q(z_k\mid x)$,
#
# $$\log\frac1K\sum_{k=1}^K w_k, \qquad z_k\sim q(z\mid x),$$
#
# is a lower bound on average for every $K$ (Jensen's inequality), equals the ELBO for $K = 1$, and rises to $\log p(x)$. It is your naive evidence
# with a proposal that knows where to look.
#
# Four kinds of VAE at $\sigma = 0.15$ were trained with three seeds each. *Full*: as before. *Linear encoder* and *narrow encoder* (16 hidden
# units) have the same decoder. *Four dimensions* has a smaller code. All numbers are means over the 360 held-out digits.

# %% name="bounds"
curves = {name: archive[f"compare/{name}"] for name in SHAPES}
poor, small = curves["narrow encoder"][0], curves["four dimensions"][0]

# %% name="predict-rank" tags=["predict"]
predict(
    "03.rank",
    "Seed 0: the narrow encoder has a slightly lower ELBO than four dimensions. Which bound is larger at K "
    "= 4,096?",
    choices=("four dimensions", "narrow encoder", "no difference"),
    answer=f"""The narrow encoder's: {poor[-1]:.2f} against {small[-1]:.2f}, where the ELBOs are
    {poor[0]:.2f} and {small[0]:.2f}. It has the better decoder, and its own encoder hides that.""",
)

# %% name="rank" tags=["picture"]
COLOURS = {"full": "p", "linear encoder": "q", "narrow encoder": "third", "four dimensions": "fourth"}


def draw_rank(view, K, seed):
    index = round(math.log2(K))
    for name, color in COLOURS.items():
        so_far = curves[name][seed][: index + 1]
        view["bound"].curve(name, DRAWS[: index + 1], so_far, color=color, label=name)
        view["bound"].scatter(name + " now", [[DRAWS[index], curves[name][seed][index]]], color=color, size=7)
    values = [curves[name][seed][index] for name in COLOURS]
    labels = ["full", "linear\nencoder", "narrow\nencoder", "four\ndims"]
    view["bars"].bars("bars", labels, values, color=list(COLOURS.values()), values=".1f")
    for name, value in zip(COLOURS, values, strict=True):
        view.readout(name, value, ".2f")


explore(
    draw_rank,
    panels=[
        Panel("bound", title="importance-weighted bound", xlabel="K, draws from the encoder", ylabel="nats",
              xscale="log", xlim=(0.9, 5000), ylim=(18, 29)),
        Panel("bars", title="at this K", ylabel="nats", ylim=(0, 32)),
    ],
    K=Slider(1.0, 4096.0, step=2.0, value=1.0, log=True, label="K"),
    seed=Choice({"seed 0": 0, "seed 1": 1, "seed 2": 2}, label="seed"),
    presets={"ELBO, seed 0": {"K": 1.0, "seed": 0}, "K = 4,096, seed 0": {"K": 4096.0, "seed": 0},
             "K = 4,096, seed 1": {"K": 4096.0, "seed": 1}, "K = 4,096, seed 2": {"K": 4096.0, "seed": 2}},
    alt="Lower bounds of four kinds of VAE against the number of draws: their order changes",
)

# %% name="rank-number"
models = [(name, seed) for name in SHAPES for seed in range(3)]
first = {model: float(curves[model[0]][model[1], 0]) for model in models}
last = {model: float(curves[model[0]][model[1], -1]) for model in models}
pairs = list(itertools.combinations(models, 2))
turned = [abs(first[a] - first[b]) for a, b in pairs if (first[a] - first[b]) * (last[a] - last[b]) < 0]
print(f"of the {len(pairs)} pairs of these models {len(turned)} change their order from K = 1 to K = 4,096;")
print(f"their ELBOs differ by {min(turned):.2f} to {max(turned):.2f} nats")
for name in SHAPES:
    gain = curves[name][:, -1] - curves[name][:, 0]
    print(f"{name:16} gains {' '.join(f'{g:.2f}' for g in gain)} nats from K = 1 to 4,096 (three seeds)")

# %% [markdown]
# The gains differ by model: that is what an ELBO hides. At $K = 4{,}096$ the bounds still rise a little, those of the poorer encoders more: further
# draws would push the same way.
#
# When is the lecture's recipe right? If the gaps are equal, for instance all zero. Two linear VAEs, each with its own exact posterior as encoder;
# the left side is the library's ELBO by sampling, the right side the Gaussian density of the model:

# %% name="two-linear-models"
pair = [linear_model(0.15), linear_model(0.2, used=6)]
densities = []
for vae in pair:
    W, noise = vae.decoder.weight, float((2 * vae.log_sigma).exp())
    model = MultivariateNormal(average, W @ W.T + noise * torch.eye(64))
    densities.append(float(model.log_prob(train).mean()))
bounds = [criterion(vae) for vae in pair]
wide = linear_model(0.15)
wide.encoder.bias[10:] += 2.0  # log-variances: the better model with an encoder that is too wide
print(f"log p(x): {densities[0]:.2f} and {densities[1]:.2f} nats")
print(f"ELBO, exact encoders: {bounds[0]:.2f} and {bounds[1]:.2f}; first one too wide: {criterion(wide):.2f}")

# %% tags=["claim:elbo-compare-models"]
convention(
    "elbo-compare-models", ("difference of the ELBOs, both encoders exact", bounds[0] - bounds[1]),
    ("difference of the mean log p(x)", densities[0] - densities[1]), tol=1e-2, digits=3,
    under="the gaps of both models are equal, or their difference is smaller than that of the ELBOs; "
    "otherwise compare importance-weighted bounds with many draws",
)

# %% [markdown]
# If the better bound is better, why not *train* on it? For the decoder one may. For the encoder there is a catch: the more draws, the less it
# matters where each of them lies, and the gradient drowns in its noise. In the model $z\sim\mathcal N(0,1)$, $x\mid z\sim\mathcal N(z, 1)$ at
# $x = 1$, with an encoder whose mean is 0.3 too small and whose width is right, the mean of the encoder's gradient over its standard deviation:

# %% name="signal-to-noise"
for K in (1, 4, 16, 64, 256):
    noise = torch.randn(20_000, K, generator=seeded(20))
    z = 0.2 + math.sqrt(0.5) * noise  # the exact posterior is N(0.5, 0.5)
    log_w = log_normal(1.0, z) + log_normal(z) - log_normal(noise)
    gradient = (torch.softmax(log_w, 1) * (1 - 2 * z)).sum(1)  # the weighted mean of d log w_k / dμ
    signal, spread = float(gradient.mean()), float(gradient.std())
    print(f"K = {K:3d}: signal {signal:.4f}, noise {spread:.3f}, ratio {signal / spread:.3f}")

# %% [markdown]
# The signal falls about like $1/K$, the noise only about like $1/\sqrt K$.
#
# ## Open experiment
#
# Choose one, write down what you expect *before* you run it, and use three seeds.
#
# - **Another knob.** `fit_vae(build(10, seed=s).float(), grey.train, 2000)` learns $\sigma$ (the library's own ELBO);
#   `build(10, sigma=0.1, seed=s)` keeps it. `elbo(vae, grey.held_out, samples=50)` measures both. Is a learnt $\sigma$ better on held-out digits
#   than the best fixed one?
# - **Collapse undone.** Train at $\sigma = 0.6$, then go on with `on_your_loss(0.1)` on the same model. Do the dead numbers come back? Go through
#   $\sigma = 0.3$ first: is the end another one?
# - **A better encoder only.** Take `vae = restore(archive, "sharp").float()` and train its encoder alone: `vae.encoder.requires_grad_(True)`, then
#   `minimise(loss, vae.encoder.parameters(), 2000)` from `course_lib.training` with
#   `loss = lambda: -elbo(vae, grey.train[torch.randint(1437, (128,))]).value.mean()`. Which moves on held-out digits, the ELBO or
#   `importance_weighted_bound(vae, grey.held_out, 1000)`?

# %% name="open-experiment"
experiment = build(10, sigma=0.15, seed=3).float()
fit_vae(experiment, grey.train, 300, loss=on_your_loss(0.15), progress="your experiment")
with torch.no_grad():
    outcome = elbo(experiment, grey.held_out, samples=20, generator=seeded(21))
value, reconstruction, price = (float(part.mean()) for part in outcome)
print(f"300 steps, held-out: ELBO {value:.0f} = reconstruction {reconstruction:.0f} - price {price:.0f} nats")

# %% [markdown]
# ## What to remember
#
# - $p(x)$ is an average over $z$. With a sharp decoder and several latent numbers hardly any draw of the prior counts, and the shares multiply;
#   with a blurred one they do.
# - ELBO $=$ reconstruction $-$ price. The price is $\frac12\{\mathrm{Tr}\,\Sigma + \mu^\top\mu - k - \log\det\Sigma\}$; the gap is the KL from $q$
#   to the posterior, and raising the bound in $q$ *is* lowering the gap.
# - Pathwise gradients win where $f$ is smooth on the scale of $q$, and lose to the score function where it wiggles. The best baseline is
#   $\mathbb E[fs^2]/\mathbb E[s^2]$.
# - $\log p(x\mid z) = -\lVert x - f\rVert^2/(2\sigma^2) - D\log(\sigma\sqrt{2\pi})$: sign, factor and $\log\sigma$ matter. The ELBO is maximised.
# - $\sigma$ (or $\sigma\sqrt\beta$) decides which latent numbers live: in the linear VAE those with $\lambda_i > \sigma^2$, at a price of
#   $\frac12\log(\lambda_i/\sigma^2)$. Collapse is the optimum there, not an accident.
# - A draw is $f(z) + \sigma\epsilon$; a mean image is not a draw.
# - An ELBO ranks model *and* encoder together. Compare importance-weighted bounds.
#
# **Next:** [04 · ELBO surgery](04_elbo_surgery.ipynb) takes the price apart.
#
# ## References
#
# - *UL: GANs & VAEs*, lecture notes, p.19-23. R. Isachenko, *Deep Generative Models*, lecture 8, 2022 and 2024.
# - D. Kingma, M. Welling, *Auto-encoding variational Bayes*, 2013, arXiv:1312.6114; D. Rezende, S. Mohamed, D. Wierstra, *Stochastic
#   backpropagation and approximate inference in deep generative models*, 2014, arXiv:1401.4082.
# - M. Tipping, C. Bishop, *Probabilistic principal component analysis*, 1999; J. Lucas, G. Tucker, R. Grosse, M. Norouzi, *Don't blame the ELBO! A
#   linear VAE perspective on posterior collapse*, 2019, arXiv:1911.02469.
# - Y. Burda, R. Grosse, R. Salakhutdinov, *Importance weighted autoencoders*, 2015, arXiv:1509.00519; T. Rainforth et al., *Tighter variational
#   bounds are not necessarily better*, 2018, arXiv:1802.04537.
# - G. Loaiza-Ganem, J. Cunningham, *The continuous Bernoulli: fixing a pervasive error in variational autoencoders*, 2019, arXiv:1907.06845: grey
#   pixels under a Bernoulli decoder.
