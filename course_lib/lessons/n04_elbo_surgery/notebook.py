# %% [markdown]
# # 4 · ELBO surgery: what the KL term of a VAE is made of
#
# *90 to 120 minutes. Follows I22 (the recap slides "ELBO surgery", "Optimal prior", "VampPrior", "Standart ELBO", and "VAE
# limitations") and UL p.18 and p.20-23.*
#
# After this notebook you can
#
# - write the terms of the ELBO yourself: the closed-form KL, the reparameterised draw, the decoder's log-likelihood;
# - split the KL term into mutual information and marginal KL, estimate both with an error, and check the split to rounding;
# - say what $\beta$ pushes down, what a better prior can gain, and why that gain shrinks on digits that nobody trained on;
# - build the VampPrior, measure whether its pseudo-inputs matter, and what it gains when it is trained with the VAE;
# - measure the gap between the ELBO and $\log p(x)$, and say which part of a VAE is to blame for how much of it.
#
# **Recap.** [Notebook 03](03_vae.ipynb) derives the evidence lower bound (ELBO) in three lines, shows why the posterior $p(z\mid x)$ cannot be
# computed for a real decoder (its section 3.2), and walks through the latent plane of a trained VAE (3.8). Here the bound is taken apart: for a whole
# data set, what is its KL term made of, and what does each part cost? Logarithms are natural, so all values are in *nats*: $\log 2\approx0.69$ nats are one bit.

# %% name="setup"
import math

import numpy as np
import torch
from scipy.optimize import brentq

from course_lib.claims import convention, holds
from course_lib.data.digits import load_digits
from course_lib.device import seed_everything
from course_lib.divergences import gaussian_kl as kl_between_gaussians
from course_lib.exercises import check, hint, predict
from course_lib.lessons.n04_elbo_surgery.runs import BETAS, STEPS, build, load, some_images
from course_lib.variational import (
    AggregatedPosterior,
    MixturePrior,
    StandardNormal,
    VampPrior,
    elbo,
    elbo_surgery,
    evidence_on_grid,
    fit_posteriors,
    fit_prior,
    fit_vae,
    importance_weighted_bound,
)
from course_lib.variational.grid import aggregate_on_grid
from course_lib.widgets import Choice, Panel, Slider, explore

torch.set_num_threads(1)  # these networks are so small that sharing the work costs more than it saves
generator = seed_everything(0)

# %% [markdown]
# ## 4.1 The model: digits of 8 × 8 pixels, a latent space that fits on the screen
#
# The data are 1,797 handwritten digits of 8 × 8 pixels. They are split once: 1,437 images to train on, 360 *held-out* images
# on which nothing is ever trained. Each pixel is set to 1 where at least half of its dots are dark and to 0 elsewhere; then a
# Bernoulli decoder gives the true probability of the image, and $\log p(x)$ below is a number one may quote.

# %% name="digits" tags=["picture"]
digits = load_digits(binary=True)
grey = load_digits()


def strip(images, rows):
    """Images of shape (rows · columns, 64) side by side, as one picture with white lines between them."""
    tiles = torch.nn.functional.pad(images.reshape(rows, -1, 8, 8), (0, 1, 0, 1))
    return tiles.permute(0, 2, 1, 3).reshape(rows * 9, -1)


def show_digits(view):
    first = [int((digits.train_labels == label).nonzero()[0]) for label in range(10)]
    view.image("digits", strip(torch.cat([grey.train[first], digits.train[first]]), 2), limits=(0, 1))


explore(
    show_digits,
    panels=[
        Panel("digits", title="grey values (above), and one bit a pixel (below)", axes=False, aspect="equal")
    ],
    size=(9, 2.3),
    alt="Ten handwritten digits of eight by eight pixels, in grey values and in black and white",
)

# %% [markdown]
# A **variational auto-encoder** has a prior $p(z) = \mathcal N(0, I)$ over latent codes $z\in\mathbb R^d$, a decoder
# $p(x\mid z)$, and an encoder $q(z\mid x) = \mathcal N(\mu(x), \mathrm{diag}\,\sigma^2(x))$ that stands in for the posterior
# $p(z\mid x)$. It maximises the evidence lower bound, the ELBO:
#
# $$\mathcal L(x) = \underbrace{\mathbb E_{q(z\mid x)} \log p(x\mid z)}_{\text{reconstruction}} - \mathrm{KL}(q(z\mid x)\Vert p(z)).$$
#
# (UL p.22 prints this as the "full criterion to *minimize*"; a lower bound is maximised, and
# [notebook 03](03_vae.ipynb), section 3.5, shows with a number where minimising it would lead.)
#
# The encoder puts out $\mu$ and $\log\sigma^2$, the *log-variance*. You write the three pieces.
#
# ### Exercise 4.1 · The closed-form KL
#
# UL p.22 gives it: $\frac12\{\mathrm{Tr}\,\Sigma + \mu^T\mu - d - \log\det\Sigma\}$. If you are stuck, `hint("04.gaussian_kl")` helps, one step at each call.


# %% tags=["exercise:04.gaussian_kl"]
def gaussian_kl(mean, logvar):
    """KL(N(mean, diag exp(logvar)) || N(0, I)) in nats.

    mean, logvar: shape (n, d). Returns shape (n,): one number for each image.
    """
    # region solution
    return 0.5 * (logvar.exp() + mean**2 - 1 - logvar).sum(-1)
    # endregion


gaussian_kl = check("04.gaussian_kl", gaussian_kl)

# %% [markdown]
# ### Exercise 4.2 · The reparameterised draw
#
# A draw from $q(z\mid x)$ is made outside the network: $z = \mu(x) + \Sigma^{1/2}(x)\,\epsilon$ with $\epsilon\sim\mathcal N(0, I)$ (UL p.23). So
# the gradient can pass through $\mu$ and $\Sigma$.


# %% tags=["exercise:04.reparameterise"]
def reparameterise(mean, logvar, noise):
    """A draw from N(mean, diag exp(logvar)) made from standard normal noise.

    mean, logvar: shape (n, d). noise: shape (n, d), or (S, n, d) for S draws of each. Returns the noise's
    shape.
    """
    # region solution
    return mean + torch.exp(0.5 * logvar) * noise
    # endregion


reparameterise = check("04.reparameterise", reparameterise)

# %% [markdown]
# ### Exercise 4.3 · The other decoder
#
# For black and white pixels the decoder is Bernoulli. For grey values UL p.20 takes $p(x\mid z) = \mathcal N(x\mid f(z), \sigma^2 I)$, and p.23 shortens its
# logarithm to "$\lVert x - f(z)\rVert^2 + {}$constant". Write out what was dropped. Section 4.5 trains such a decoder and
# learns $\sigma$ as well. (Without the constant, whose $-D\log\sigma$ punishes a large $\sigma$, the best $\sigma$ would be infinite.)


# %% tags=["exercise:04.gaussian_decoder"]
def gaussian_decoder(x, mean, sigma):
    """log N(x; mean, sigma² I) in nats.

    x, mean: shape (..., D). sigma: a positive number. Returns shape (...): the sum over the D pixels.
    """
    # region solution
    squared_error = ((x - mean) ** 2).sum(-1)
    return -squared_error / (2 * sigma**2) - x.shape[-1] * (math.log(sigma) + 0.5 * math.log(2 * math.pi))
    # endregion


gaussian_decoder = check("04.gaussian_decoder", gaussian_decoder)

# %% [markdown]
# Now the networks, and 2,500 steps of training with your KL and your draw. `fit_vae` is a plain loop of Adam; at eleven
# moments it copies the weights, so that you can look at the training afterwards.

# %% name="train"
LATENT = 2
moments = (0, 25, 50, 100, 200, 400, 700, 1000, 1500, 2000, STEPS)

# The encoder: 64 pixels to mean and log-variance; the decoder: a latent point to 64 logits.
# Both have two hidden layers of 64 units.
vae = build(LATENT, likelihood="bernoulli")


def negative_elbo(vae, images, generator):
    mean, logvar = vae.encode(images)
    noise = torch.randn(mean.shape, generator=generator)
    reconstruction = vae.log_likelihood(images, reparameterise(mean, logvar, noise))
    return (gaussian_kl(mean, logvar) - reconstruction).mean()


snapshots = fit_vae(
    vae, digits.train, STEPS, snapshots=moments, loss=negative_elbo, progress="training the VAE"
)
vae.requires_grad_(False)

for name, images in (("training", digits.train), ("held-out", digits.held_out)):
    terms = elbo(vae, images, samples=50, generator=generator)
    value, reconstruction, kl = (float(term.mean()) for term in terms)
    print(f"{name:9}  ELBO {value:7.2f} nats = reconstruction {reconstruction:7.2f} - KL {kl:5.2f}")

# %% [markdown]
# The printed numbers can differ slightly between processors, since training amplifies rounding. The claims of this notebook are therefore
# computed from stored weights, which an identical training gave; `course_lib/lessons/n04_elbo_surgery` has them beside their script.

# %% name="stored"
frozen = load("beta 1").double()

# %% [markdown]
# **What is bounded?** The slide "Standart ELBO" prints $p(x\mid\theta) \ge \mathcal L(\phi, \theta)$, without a logarithm on the left. Is that false? A model in
# which everything is known decides: $z\sim\mathcal N(0,1)$, $x\mid z\sim\mathcal N(wz, s^2)$, so that $p(x) = \mathcal N(0, w^2+s^2)$, and a Gaussian encoder.


# %% tags=["claim:standard-elbo-bound"]
def linear_gaussian(w, s, x, mean, variance):
    """p(x) and the ELBO of q = N(mean, variance), in closed form."""
    log_p = -0.5 * (x**2 / (w**2 + s**2) + math.log(2 * math.pi * (w**2 + s**2)))
    reconstruction = -0.5 * (((x - w * mean) ** 2 + w**2 * variance) / s**2 + math.log(2 * math.pi * s**2))
    return math.exp(log_p), reconstruction - 0.5 * (variance + mean**2 - 1 - math.log(variance))


draws = np.random.default_rng(0).uniform(size=(20_000, 3))
best_printed, best_log = math.inf, math.inf
for a, b, c in draws:
    w, s, x = 0.05 + a, 0.05 + b, 2 * c
    posterior_variance = 1 / (1 + w**2 / s**2)
    p, bound = linear_gaussian(
        w, s, x, posterior_variance * w * x / s**2, posterior_variance
    )  # the best encoder
    best_printed, best_log = min(best_printed, p - bound), min(best_log, math.log(p) - bound)
print(f"smallest p(x) - L: {best_printed:.4f}; smallest log p(x) - L: {abs(best_log):.4f} nats")
holds(
    "standard-elbo-bound",
    ("smallest p(x) - L of 20,000 models, each with its best encoder", best_printed),
    ("zero", 0.0),
    relation=">=",
    digits=4,
)

# %% [markdown]
# As printed the inequality is **true but empty**: $\log t \le t - 1$ for every $t > 0$, hence $p(x) \ge 1 + \log p(x) \ge 1 + \mathcal L$, and the two sides
# are never closer than 1, whatever the encoder. The statement that is meant is $\log p(x\mid\theta) \ge \mathcal L$: with the best encoder it is an equality, and that
# is why maximising $\mathcal L$ does something for the likelihood.
#
# ## 4.2 The surgery
#
# Average the ELBO over $n$ images, and let an image be drawn at random: $i$ uniform on $1..n$, then $z\sim q(z\mid x_i)$. Without the label $i$ the
# distribution of $z$ is the **aggregated posterior**
#
# $$q_{\rm agg}(z) = \frac1n\sum_{i=1}^n q(z\mid x_i).$$
#
# Insert $q_{\rm agg}$ into the logarithm, $\log\frac{q(z\mid x_i)}{p(z)} = \log\frac{q(z\mid x_i)}{q_{\rm agg}(z)} + \log\frac{q_{\rm agg}(z)}{p(z)}$, and take expectations:
#
# $$\underbrace{\frac1n\sum_i \mathrm{KL}(q(z\mid x_i)\Vert p)}_{\text{average KL}} = \underbrace{\mathbb I_q[x, z]}_{\text{mutual information}} + \underbrace{\mathrm{KL}(q_{\rm agg}\Vert p)}_{\text{marginal KL}}.$$
#
# The mutual information $\mathbb I_q[x,z] = \frac1n\sum_i\mathrm{KL}(q(z\mid x_i)\Vert q_{\rm agg})$ counts the nats that $z$ tells about *which* image it came
# from. The marginal KL says how far all codes together are from the prior. The first is what a code is for; the second is waste.
#
# The identity needs no Gaussians. Four images and five latent states are enough to check it with exact sums; the mutual information is computed from
# the joint table here, as $\sum_{i,z} \pi_{iz}\log\frac{\pi_{iz}}{\pi_i\pi_z}$, and not from the formula that the proof uses.

# %% tags=["claim:elbo-surgery-kl"]
rng = np.random.default_rng(1)
encoder_table = rng.dirichlet(np.ones(5), size=4)  # row i: q(z|x_i)
prior_table = rng.dirichlet(np.ones(5))
joint = encoder_table / 4
average_kl = (encoder_table * np.log(encoder_table / prior_table)).sum(1).mean()
information = (joint * np.log(joint / (joint.sum(1, keepdims=True) * joint.sum(0)))).sum()
marginal_kl = (joint.sum(0) * np.log(joint.sum(0) / prior_table)).sum()
holds(
    "elbo-surgery-kl",
    ("lecture: marginal KL + mutual information", marginal_kl + information),
    ("average KL", average_kl),
    tol=1e-12,
)

# %% [markdown]
# ### Exercise 4.4 · The log-density of the aggregated posterior
#
# Most of the $n = 1437$ densities at a point are tiny, and where a point is far from all codes every one of them is rounded to 0. The
# logarithm of their mean must be taken without ever leaving the logarithms.

# %% name="underflow"
frozen_mean, frozen_logvar = frozen.encode(digits.train.double())
each_posterior = torch.distributions.Normal(frozen_mean, torch.exp(frozen_logvar / 2))
own_points = frozen_mean + torch.exp(frozen_logvar / 2) * torch.randn(
    frozen_mean.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64
)
log_densities = each_posterior.log_prob(own_points[:, None]).sum(-1)  # of every draw under every posterior
zeros = {
    kind: float((log_densities.to(kind).exp() == 0).double().mean())
    for kind in (torch.float32, torch.float64)
}
print(f"draws from the posteriors: the median density is {float(log_densities.exp().median()):.0e};")
print(f"{zeros[torch.float32]:.0%} of all are 0 in single precision, {zeros[torch.float64]:.2%} in double")
for corner in (4.0, 6.0, 8.0):
    far_densities = each_posterior.log_prob(torch.full((2,), corner, dtype=torch.float64)).sum(-1)
    counted = [int((far_densities.to(kind).exp() == 0).sum()) for kind in (torch.float32, torch.float64)]
    single, double = counted
    print(
        f"at z = ({corner:.0f}, {corner:.0f}) {single:,} of 1,437 are 0 in single precision, "
        f"{double:,} in double"
    )

# %% [markdown]
# Complete the function.


# %% tags=["exercise:04.log_q_agg"]
def log_q_agg(z, mean, logvar):
    """log of 1/n Σ_i N(z; mean_i, diag exp(logvar_i)).

    z: shape (..., d). mean, logvar: shape (n, d). Returns shape (...).
    """
    # region solution
    z = z[..., None, :]  # lines every point up with every posterior
    each = -0.5 * ((z - mean) ** 2 / logvar.exp() + logvar + math.log(2 * math.pi)).sum(-1)
    return torch.logsumexp(each, -1) - math.log(len(mean))
    # endregion


log_q_agg = check("04.log_q_agg", log_q_agg)

# %% [markdown]
# ### Exercise 4.5 · Mutual information
#
# For each image $i$ one point $z_i\sim q(z\mid x_i)$ is drawn, and the table $t_{ij} = \log q(z_i\mid x_j)$ is given. Estimate $\mathbb I_q[x,z]$.


# %% tags=["exercise:04.mutual_information"]
def mutual_information(log_q):
    """An estimate of I_q[x, z] in nats.

    log_q: shape (n, n), log_q[i, j] = log q(z_i | x_j) with z_i drawn from q(z | x_i). Returns a
    0-dimensional tensor.
    """
    # region solution
    log_aggregate = torch.logsumexp(log_q, 1) - math.log(len(log_q))
    return (log_q.diagonal() - log_aggregate).mean()
    # endregion


mutual_information = check("04.mutual_information", mutual_information)

# %% name="apart-curves"
distances = torch.linspace(0, 8, 41, dtype=torch.float64)


def side_by_side(n, distance):
    """The means of n posteriors of width 1 on a line, neighbours ``distance`` apart."""
    return ((torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * distance)[:, None]


def terms_apart(n, distance):
    """Average KL, mutual information and marginal KL to N(0, 1)."""
    terms = elbo_surgery(side_by_side(n, distance), torch.zeros(n, 1, dtype=torch.float64), grid=400)
    return [float(term) for term in terms]


curves_apart = {n: torch.tensor([terms_apart(n, d) for d in distances]) for n in (2, 3, 5, 8)}
halfway = {n: brentq(lambda d: terms_apart(n, d)[1] - math.log(n) / 2, 0.1, 8, xtol=1e-3) for n in (2, 5)}

# %% name="predict-apart" tags=["predict"]
predict(
    "04.apart",
    "The posteriors of 5 images, each a Gaussian of standard deviation 1, stand side by side on a "
    "line, and you pull "
    "them apart. At which distance between neighbours has the mutual information reached half of "
    "what it can reach?",
    number="standard deviations",
    answer=f"""At {halfway[5]:.2f} standard deviations ({halfway[2]:.2f} for two images). At distance 0
    the information is 0:
    the code is the same for all. Far apart it stops at log 5 = {math.log(5):.3f} nats, at distance 8 it is
    {curves_apart[5][-1, 1]:.3f}. The average KL grows without end (at 8 it is
    {curves_apart[5][-1, 0]:.1f} nats): from some
    distance on all of its growth is marginal KL.""",
)


# %% name="apart" tags=["picture"]
def pull_apart(view, distance, n):
    z = torch.linspace(-32, 32, 1001, dtype=torch.float64)
    mean = side_by_side(n, distance)
    zeros = torch.zeros_like(mean)
    for k in range(n):
        density = torch.exp(-0.5 * (z - mean[k]) ** 2) / math.sqrt(2 * math.pi)
        label = "each q(z|xᵢ)" if k == 0 else None
        view["line"].curve(f"q{k}", z, density, color="muted", style="solid", width=1, label=label)
    view["line"].fill(
        "agg", z, log_q_agg(z[:, None], mean, zeros).exp(), color="q", alpha=0.5, label="aggregated"
    )
    average, information, marginal = terms_apart(n, distance)
    passed = distances <= distance + 1e-9  # the curves grow with the distance
    for name, column, color in (("mutual information", 1, "q"), ("marginal KL", 2, "third")):
        view["terms"].curve(name, distances[passed], curves_apart[n][passed, column], color=color, label=name)
        view["terms"].scatter(
            f"{name} here", [[distance, (information, marginal)[column - 1]]], color=color, size=7
        )
    view["terms"].hline("limit", math.log(n), color="accent", style="dotted", label="log n")
    view.readout("average KL", average)
    view.readout("mutual information", information)
    view.readout("marginal KL", marginal)
    view.readout("log n", math.log(n))


explore(
    pull_apart,
    panels=[
        Panel(
            "line",
            title="the posteriors and their mean",
            xlabel="z",
            ylabel="density",
            xlim=(-32, 32),
            ylim=(0, 0.45),
        ),
        Panel(
            "terms",
            title="the two terms",
            xlabel="distance between neighbours, in sd",
            ylabel="nats",
            xlim=(0, 8),
            ylim=(-0.15, 4),
        ),
    ],
    distance=Slider(0.0, 8.0, step=0.2, value=0.0, label="distance, in sd", play=True),
    n=Choice([2, 3, 5, 8], value=5, label="n images"),
    presets={
        "all equal": {"distance": 0.0, "n": 5},
        "half told apart": {"distance": 1.4, "n": 5},
        "told apart": {"distance": 8.0, "n": 5},
    },
    alt="Gaussian posteriors that are pulled apart; their mutual information rises and saturates at log n",
)

# %% [markdown]
# Mutual information **never exceeds** $\log n$: once the code names the image there is nothing left to tell. From there on every further nat
# of the KL term is marginal KL. (The curves are for the prior $\mathcal N(0, 1)$, so at distance 0 all posteriors equal it.)
#
# ### Exercise 4.6 · The three terms from one set of draws (hard)
#
# Write the surgery for any $n$, any latent size and $S$ draws from each posterior. Use the same draws in all three terms.


# %% tags=["exercise:04.surgery"]
def surgery(mean, logvar, noise):
    """Estimates of (average KL, mutual information, marginal KL) for the prior N(0, I).

    mean, logvar: shape (n, d). noise: standard normal, shape (S, n, d). Returns three 0-dimensional tensors.
    """
    # region solution
    z = reparameterise(mean, logvar, noise)
    constant = math.log(2 * math.pi)
    log_own = -0.5 * ((z - mean) ** 2 / logvar.exp() + logvar + constant).sum(-1)
    log_aggregate = log_q_agg(z, mean, logvar)
    log_prior = -0.5 * (z**2 + constant).sum(-1)
    return (log_own - log_prior).mean(), (log_own - log_aggregate).mean(), (log_aggregate - log_prior).mean()
    # endregion


surgery = check("04.surgery", surgery)

# %% [markdown]
# On the VAE that you trained. `elbo_surgery` does the same in chunks of bounded memory and gives a standard error with each term. The average KL to
# $\mathcal N(0, I)$ has a closed form, so it takes that, with error 0, and estimates the other two; it can use separate draws for them. In two dimensions it
# can also integrate on a grid, without any draw; the error is then the change from half as many points.

# %% name="surgery-numbers"
mean, logvar = (part.double() for part in vae.encode(digits.train))
held_mean, held_logvar = (part.double() for part in vae.encode(digits.held_out))

by_hand = surgery(mean, logvar, torch.randn(2, *mean.shape, generator=generator, dtype=torch.float64))
together = elbo_surgery(mean, logvar, generator=generator)
separate = elbo_surgery(mean, logvar, independent=True, generator=generator)
exact = elbo_surgery(mean, logvar, grid=800)


def line(name, values, errors=None):
    numbers = [f"{float(v):8.4f}" for v in values]
    spreads = ["         "] * 3 if errors is None else [f" ± {float(e):.4f}" for e in errors]
    cells = "   ".join(number + spread for number, spread in zip(numbers, spreads, strict=True))
    print(f"{name:24}{cells}   {float(values[0] - values[1] - values[2]) + 0.0:+.0e}")


print(" " * 26 + "average KL          information         marginal KL       first - second - third")
line("your function, 2 draws", by_hand)
for name, result in (("same draws", together), ("separate draws", separate), ("grid", exact)):
    line(name, [*result], result.errors)
print(f"\nthe closed-form average KL of your gaussian_kl: {float(gaussian_kl(mean, logvar).mean()):.4f}")

one_draw = reparameterise(mean, logvar, torch.randn(mean.shape, generator=generator, dtype=torch.float64))
own_table = torch.distributions.Normal(mean, torch.exp(logvar / 2)).log_prob(one_draw[:, None]).sum(-1)
print(f"your mutual_information, from one draw of each posterior: {float(mutual_information(own_table)):.4f}")
told = float(exact.mutual_information)
print(
    f"\nThe code tells {told:.1f} of the log n = {math.log(len(mean)):.1f} nats that it could tell: "
    "it narrows"
)
left = len(mean) / math.exp(told)
print(f"{len(mean):,} images down to about exp({math.log(len(mean)):.1f} - {told:.1f}) = {left:.0f}.")

# %% [markdown]
# In your function the identity holds to rounding, as the same logarithms are added and taken away; that checks the bookkeeping and nothing else. So
# it does in the second row, where one of the last two numbers is the exact first one minus the other. With *separate* draws nothing is shared, and the
# identity holds within the errors; that checks the theorem. On the grid, where the three are separate integrals, it holds almost to rounding.
#
# The same for the whole ELBO. The lecture's side takes its two terms from the grid, the other side takes the closed-form KL of each image.

# %% tags=["claim:elbo-surgery"]
terms = elbo(frozen, digits.train.double(), samples=20, generator=torch.Generator().manual_seed(0))
split = elbo_surgery(frozen_mean, frozen_logvar, grid=800)
holds(
    "elbo-surgery",
    (
        "lecture: reconstruction - information - marginal KL",
        float(terms.reconstruction.mean() - split.mutual_information - split.marginal_kl),
    ),
    ("average ELBO, KL in closed form", float(terms.value.mean())),
    tol=1e-6,
)

# %% [markdown]
# ## 4.3 The aggregated posterior against the prior
#
# The slider below runs through the training. At the start all images have nearly the same posterior.

# %% name="training-terms"
AXIS = torch.linspace(-4, 4, 161, dtype=torch.float64)
EXTENT = (-4, 4, -4, 4)


def density_picture(mean, logvar):
    """q_agg on the square, as rows of z2 and columns of z1."""
    return aggregate_on_grid(mean.double(), logvar.double(), [AXIS, AXIS]).T


def circles(panel):
    for radius in (1, 2, 3):
        label = "prior: 1, 2, 3 sd" if radius == 1 else None
        panel.ellipse(f"prior {radius}", [0, 0], np.eye(2), std=radius, color="p", width=1.2, label=label)


history = {}
for step, weights in snapshots:
    at_step = build(LATENT)
    at_step.load_state_dict(weights)
    at_step.requires_grad_(False)
    then = at_step.encode(digits.train)
    reconstruction = elbo(at_step, digits.train, samples=4, generator=generator).reconstruction.mean()
    split = elbo_surgery(*then, grid=400)
    history[step] = density_picture(*then), float(reconstruction), *(float(v) for v in split)
# Columns: step, average KL, mutual information, marginal KL.
recorded = np.array([[step, *terms[2:]] for step, terms in history.items()])
peak = int(recorded[:, 3].argmax())
shares = recorded[1:, 3] / recorded[1:, 1]

# %% name="predict-training" tags=["predict"]
predict(
    "04.training",
    "The ELBO punishes the marginal KL. What does the marginal KL do during the training?",
    choices=(
        "it falls all the way",
        "it rises first, then falls and stays small",
        "it rises with the mutual information",
    ),
    answer=f"""It rises first, then falls and stays small. It is {recorded[0, 3]:.2f} nats before the
    first step, {recorded[peak, 3]:.2f} after {recorded[peak, 0]:.0f} steps (its
    highest of the recorded ones), when the mutual information is {recorded[peak, 2]:.2f}, and
    {recorded[-1, 3]:.2f} at the end, when
    the mutual information is {recorded[-1, 2]:.2f}. After 25 steps the information stands at
    {recorded[1, 2]:.2f} and the marginal KL
    at {recorded[1, 3]:.2f}; at the end the marginal KL is {shares[-1]:.0%} of the KL term.""",
)


# %% name="training-time" tags=["picture"]
def training_time(view, moment):
    picture, reconstruction, average, information, marginal = history[moment]
    view["latent"].heatmap("aggregated", picture, EXTENT, limits=(0, 0.25))
    circles(view["latent"])
    view["latent"].title(f"aggregated, step {moment:,}")
    past = recorded[recorded[:, 0] <= moment]
    for name, column, color in (("mutual information", 2, "q"), ("marginal KL", 3, "third")):
        view["terms"].curve(name, past[:, 0], past[:, column], color=color, label=name)
        view["terms"].scatter(f"{name} here", past[-1:, [0, column]], color=color, size=7)
    view.readout("reconstruction", reconstruction, ".2f")
    view.readout("mutual information", information, ".3f")
    view.readout("marginal KL", marginal, ".3f")
    view.readout("ELBO", reconstruction - average, ".2f")


explore(
    training_time,
    panels=[
        Panel("latent", xlabel="z₁", ylabel="z₂", xlim=(-4, 4), ylim=(-4, 4), aspect="equal"),
        Panel(
            "terms",
            title="the two parts of the KL term",
            xlabel="training step",
            ylabel="nats",
            xlim=(-40, STEPS + 40),
            ylim=(-0.15, 4),
        ),
    ],
    moment=Slider.of(moments, value=0, label="training step", play=True),
    alt=(
        "The aggregated posterior during training: a blob that breaks up into clusters with gaps "
        "between them, while "
        "the mutual information rises"
    ),
)

# %% [markdown]
# Learning to reconstruct *is* raising the mutual information: the images must be told apart. At the end almost the whole KL term is the price of a
# useful code, and not a distance to the prior that could be trained away.
#
# Small does not mean none. The picture below shows $q_{\rm agg}(z)/p(z)$: red where the prior promises more codes than there are, blue where it promises fewer. A
# red region is a **hole**: the prior sends samples there, and the decoder was trained there more rarely than it will be used. "The deepest hole" is
# the place with the smallest quotient within two standard deviations of the prior, where $1 - e^{-2}$, that is 86 %, of its samples fall.

# %% name="find-holes"
log_prior_picture = -0.5 * (AXIS[:, None] ** 2 + AXIS**2) - math.log(2 * math.pi)
log_ratio = (density_picture(mean, logvar).clamp_min(1e-12).log() - log_prior_picture) / math.log(10)
radius = (AXIS[:, None] ** 2 + AXIS**2).sqrt()
deepest = torch.where(radius < 2, log_ratio, torch.inf).argmin()
fullest = torch.where(radius < 2, log_ratio, -torch.inf).argmax()


def place(index):
    return {"z1": round(float(AXIS[index % 161]), 2), "z2": round(float(AXIS[index // 161]), 2)}


def to_nearest(images):
    """Pixels that differ from the nearest training digit, shape (n,)."""
    return torch.cdist(images, digits.train, p=1).amin(1)


in_hole = vae.decode(torch.tensor([[place(deepest)["z1"], place(deepest)["z2"]]]))
undecided = float(((in_hole > 0.25) & (in_hole < 0.75)).sum())

# %% name="predict-holes" tags=["predict"]
predict(
    "04.holes",
    "What does the decoder draw in a hole between two clusters?",
    choices=("noise", "something between its neighbours", "a clear digit of its own"),
    answer=f"""Something between its neighbours. In the deepest hole q_agg/p is
    {10 ** float(log_ratio.flatten()[deepest]):.2f};
    {undecided:.0f} of the 64 pixels are undecided there (a probability between 1/4 and 3/4), and cut at
    one half the picture
    differs from the nearest training digit in {float(to_nearest((in_hole > 0.5).float())[0]):.0f} pixels.""",
)


# %% name="holes" tags=["picture"]
def probe(view, z1, z2):
    z = torch.tensor([[z1, z2]])
    ratios = torch.where(radius < 3.4, log_ratio.clamp(-1.5, 1.5), 0.0)
    view["latent"].heatmap("ratio", ratios, EXTENT, cmap="RdBu", limits=(-1.5, 1.5))
    circles(view["latent"])
    view["latent"].scatter("point", z, color="black", size=9)
    probabilities = vae.decode(z)[0]
    view["decoded"].image("mean", probabilities.reshape(8, 8), limits=(0, 1))
    distances_to = (digits.train - (probabilities > 0.5).float()).abs().sum(1)
    view["nearest"].image("image", digits.train[distances_to.argmin()].reshape(8, 8), limits=(0, 1))
    log_q = float(log_q_agg(z.double(), mean, logvar))
    view.readout("q_agg(z) / p(z)", math.exp(log_q + 0.5 * (z1**2 + z2**2) + math.log(2 * math.pi)), ".3f")
    view.readout("pixels that differ", int(distances_to.min()))


explore(
    probe,
    panels=[
        Panel(
            "latent",
            title="log₁₀ q_agg / p, red: a hole",
            xlabel="z₁",
            ylabel="z₂",
            xlim=(-4, 4),
            ylim=(-4, 4),
            aspect="equal",
            width=1.4,
        ),
        Panel("decoded", title="the decoder draws", axes=False, aspect="equal"),
        Panel("nearest", title="nearest training digit", axes=False, aspect="equal"),
    ],
    z1=Slider(-4.0, 4.0, step=0.05, value=place(fullest)["z1"], label="z₁"),
    z2=Slider(-4.0, 4.0, step=0.05, value=place(fullest)["z2"], label="z₂"),
    presets={
        "deepest hole within 2 sd": place(deepest),
        "most crowded": place(fullest),
        "far outside": {"z1": 3.8, "z2": 3.8},
    },
    alt=(
        "A map of where the prior promises more codes than there are, a point on it, and the digit "
        "that the decoder draws at this point"
    ),
)

# %% [markdown]
# Are pictures from holes worse? Count the pixels in which a picture (cut at one half) differs from the nearest training digit, for 5,000 samples from the
# prior; real held-out digits are the yardstick. Beside your VAE stands one that was trained with the weight β = 0.25 on its KL term (section 4.4), whose
# holes are deeper.

# %% name="holes-number"
z = torch.randn(5000, 2, generator=generator)


def holes_in_numbers(model, name):
    ratio = (
        log_q_agg(z.double(), *(part.double() for part in model.encode(digits.train))) - log_normal(z)
    ).exp()
    differ = to_nearest((model.decode(z) > 0.5).float())
    for where, chosen in (
        ("q_agg < p/20, deep holes", ratio < 0.05),
        ("q_agg < p/2, holes", ratio < 0.5),
        ("between p/2 and 2p", (ratio >= 0.5) & (ratio <= 2)),
        ("q_agg > 2p, crowded", ratio > 2),
    ):
        value, error = mean_and_error(differ[chosen])
        found = f"{value:6.2f} ± {error:.2f} pixels" if chosen.sum() >= 30 else "   too few to say"
        print(f"{name:13} {where:25} {chosen.float().mean():6.1%} of the samples {found}")


def log_normal(z):
    return StandardNormal(z.shape[-1]).log_prob(z)


def mean_and_error(values):
    """The mean and its standard error; the error of a single value is unknown."""
    return float(values.mean()), float(values.std() / len(values) ** 0.5) if len(values) > 1 else math.nan


holes_in_numbers(vae, "your VAE")
holes_in_numbers(load("beta 0.25"), "β = 0.25")
real, error = mean_and_error(to_nearest(digits.held_out))
print(f"{'':13} {'held-out digits':25} {'':21} {real:6.2f} ± {error:.2f} pixels")

# %% [markdown]
# Pictures from holes are farther from any training digit than those from crowded places; but a *new real digit* is farther still than the pictures of ordinary
# holes, and about as far as those of the deep holes at β = 0.25. So this measure does not confirm that "holes spoil the samples". It cannot see everything: a picture
# halfway between two digits may be near both of them and still be no digit.
#
# ## 4.4 What β pushes down
#
# A β-VAE maximises reconstruction $- \beta\cdot$ average KL, and by the surgery this is reconstruction $-\ \beta\,\mathbb I_q[x, z] - \beta\,\mathrm{KL}(q_{\rm agg}\Vert p)$. The hope is often
# that β makes the codes fit the prior. But β multiplies *both* terms, and the mutual information is much the larger one. Nine VAEs were trained like yours,
# with nine values of β, and stored.

# %% name="beta-runs"
chosen = [int((digits.held_out_labels == label).nonzero()[2]) for label in range(10)]
prior_draws = torch.randn(10, 2, generator=generator)
beta_runs = {}
for b in BETAS:
    model = load(f"beta {b:.3g}")
    posterior = model.encode(digits.train)
    split = elbo_surgery(*posterior, grid=800 if b < 0.5 else 400)
    own = elbo(model, digits.train, samples=10, generator=generator)
    held = elbo(model, digits.held_out, samples=20, generator=generator)
    decoded = model.decode(model.encode(digits.held_out[chosen])[0])
    pictures = [digits.held_out[chosen], decoded, model.decode(prior_draws)]
    beta_runs[b] = {
        "density": density_picture(*posterior),
        "strip": strip(torch.cat(pictures), 3),
        "information": float(split.mutual_information),
        "marginal": float(split.marginal_kl),
        "reconstruction": float(own.reconstruction.mean()),
        "held": float(held.value.mean()),
    }


half, two = beta_runs[0.5], beta_runs[2.0]
lost = {key: half[key] - two[key] for key in ("information", "marginal")}
share = {key: lost[key] / half[key] for key in lost}

# %% name="predict-beta" tags=["predict"]
predict(
    "04.beta",
    "Between β = 0.5 and β = 2, which of the two terms loses more nats, and which the larger "
    "share of itself?",
    choices=(
        "the information loses more of both",
        "the marginal KL loses more of both",
        "information more nats, marginal KL the larger share",
    ),
    answer=f"""In nats the mutual information loses {lost["information"]:.2f} and the marginal KL
    {lost["marginal"]:.2f}; as a share of
    itself the information loses {share["information"]:.0%} and the marginal KL {share["marginal"]:.0%}.
    At β = 4 the information
    is {beta_runs[4.0]["information"]:.2f} nats and the marginal KL {beta_runs[4.0]["marginal"]:.3f}.""",
)


# %% name="beta" tags=["picture"]
def move_beta(view, beta):
    b = min(BETAS, key=lambda other: abs(other - beta))
    run = beta_runs[b]
    view["latent"].heatmap("aggregated", run["density"], EXTENT, limits=(0, 0.25))
    circles(view["latent"])
    view["latent"].title(f"aggregated, β = {b:.3g}")
    for key, label, color in (
        ("information", "mutual information", "q"),
        ("marginal", "marginal KL", "third"),
    ):
        passed = [other for other in BETAS if other <= b]  # the curves grow with β
        values = [beta_runs[other][key] for other in passed]
        view["terms"].curve(key, passed, values, color=color, label=label)
        view["terms"].scatter(key + " points", np.c_[passed, values], color=color, size=5)
    view["terms"].vline("now", b, style="dashed")
    view["strip"].image("digits", run["strip"], limits=(0, 1))
    view.readout("reconstruction (train)", run["reconstruction"], ".2f")
    view.readout("mutual information", run["information"], ".3f")
    view.readout("marginal KL", run["marginal"], ".4f")
    view.readout("ELBO (held-out, at β = 1)", run["held"], ".2f")


explore(
    move_beta,
    panels=[
        [
            Panel("latent", xlabel="z₁", ylabel="z₂", xlim=(-4, 4), ylim=(-4, 4), aspect="equal"),
            Panel(
                "terms",
                title="the two terms",
                xlabel="β",
                ylabel="nats",
                xlim=(0.23, 4.4),
                ylim=(-0.2, 5.5),
                xscale="log",
            ),
        ],
        [
            Panel(
                "strip",
                title="held-out digits; their reconstructions; samples from the prior",
                axes=False,
                aspect="equal",
            )
        ],
    ],
    size=(9, 6.4),
    beta=Slider.of(BETAS, value=BETAS[0], label="β", play=True, format=".3g"),
    presets={
        "β = 0.5": {"beta": BETAS[2]},
        "the ELBO: β = 1": {"beta": BETAS[4]},
        "β = 4": {"beta": BETAS[8]},
    },
    alt=(
        "The aggregated posterior, the two parts of the KL term and reconstructed digits for nine "
        "values of beta"
    ),
)

# %% [markdown]
# In nats β pushes down mainly the **mutual information**; as a share of itself the marginal KL falls faster: bending the latent space can lower it, while the
# information, which no invertible map changes, can only be given up. At β = 4 the code is nearly given up: the posterior of every image is close to the
# prior (*posterior collapse*), the marginal KL is nearly zero, and the reconstruction is about the same grey blob for every digit. A small marginal KL
# alone is thus no sign of a good model. ([Notebook 03](03_vae.ipynb), section 3.7, shows in a linear VAE that collapse is the optimum there.)
#
# ## 4.5 The best prior
#
# The prior stands in one term only, $-\mathrm{KL}(q_{\rm agg}\Vert p)$. With encoder and decoder fixed, the best prior is therefore $p = q_{\rm agg}$, and it raises the
# training ELBO by exactly the marginal KL. For the digits on which nothing was trained this says nothing; we shall see. On a table of five states we can let an optimiser look for the best prior, without telling it:

# %% tags=["claim:optimal-prior"]
logits = torch.zeros(5, dtype=torch.float64, requires_grad=True)
table = torch.tensor(encoder_table)
optimiser = torch.optim.LBFGS(
    [logits], max_iter=200, tolerance_grad=1e-12, tolerance_change=1e-16, line_search_fn="strong_wolfe"
)


def average_kl_of_prior():
    optimiser.zero_grad()
    value = (table * (table.log() - torch.log_softmax(logits, 0))).sum(1).mean()
    value.backward()
    return value.detach()


optimiser.step(average_kl_of_prior)
found = torch.softmax(logits.detach(), 0)
print("best prior found:      ", [f"{v:.4f}" for v in found.tolist()])
print("aggregated posterior:  ", [f"{v:.4f}" for v in table.mean(0).tolist()])
holds(
    "optimal-prior",
    ("lecture: least average KL is the mutual information (marginal KL = 0)", information),
    ("least average KL that the optimiser found", float(average_kl_of_prior())),
    tol=1e-8,
)

# %% [markdown]
# Now on the digits. We replace $\mathcal N(0, I)$ by the aggregated posterior **of the training images**, and look at the ELBO of both parts of the data.


# %% name="optimal-prior-digits"
def some_draws(mean, logvar, draws, seed):
    """Draws from every posterior, shape (draws, n, d)."""
    noise = torch.randn(
        draws, *mean.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    return reparameterise(mean, logvar, noise)


def gains_at(log_prior, z):
    """What a prior adds to the ELBO at every draw, in nats: log prior - log N(0, I), shape (draws, n)."""
    with torch.no_grad():
        return log_prior(z) - log_normal(z)


aggregated = AggregatedPosterior(mean, logvar)
on_train = gains_at(aggregated.log_prob, some_draws(mean, logvar, 16, 1))
on_held = gains_at(aggregated.log_prob, some_draws(held_mean, held_logvar, 20, 2))
draw_error = float(
    (on_train.var(0).mean() / on_train.numel()) ** 0.5
)  # the images are given, only the draws vary
held_gain, held_error = mean_and_error(on_held.mean(0))  # other held-out images would give another number
print(f"marginal KL on the grid: {exact.marginal_kl:.3f} nats")
print("gain of the aggregated prior")
print(f"  training digits: {on_train.mean():.3f} ± {draw_error:.3f} nats (error of the draws)")
print(f"  held-out digits: {held_gain:.3f} ± {held_error:.3f} nats (error over the images)")

# %% [markdown]
# On the training set the gain is the marginal KL, up to about twice the error of the draws, as it must be. On held-out digits it is smaller, though still a gain. The reason: the
# aggregated posterior puts a bump *exactly where the training codes are*, and the held-out codes lie beside them. How much is lost depends on how narrow
# the bumps are and how many there are.
#
# For narrow bumps we train the other VAE: grey values and a Gaussian decoder whose $\sigma$ is learnt. Your `gaussian_decoder` measures how well it fits.

# %% name="train-gaussian"
grey_vae = build(LATENT, likelihood="gaussian")
fit_vae(grey_vae, grey.train, STEPS, progress="training the Gaussian VAE")
grey_vae.requires_grad_(False)

sigma = float(grey_vae.log_sigma.exp())
grey_mean, grey_logvar = (part.double() for part in grey_vae.encode(grey.train))
grey_held = tuple(part.double() for part in grey_vae.encode(grey.held_out))
fit_of_means = torch.as_tensor(
    gaussian_decoder(grey.held_out, grey_vae.decode(grey_vae.encode(grey.held_out)[0]), sigma)
).mean()
widths = [float(torch.exp(part / 2).mean()) for part in (logvar, grey_logvar)]
print(
    f"learnt σ = {sigma:.3f}; held-out log p(x|z) at the posterior means: {fit_of_means:.1f} nats "
    "(of a density)"
)
print(f"mean width of a posterior: Bernoulli {widths[0]:.3f}, Gaussian {widths[1]:.3f}")

# %% [markdown]
# The prior is now the aggregated posterior of only $m$ training digits.

# %% name="overfit-gains"
COUNTS = (10, 20, 50, 100, 200, 400, 700, 1000, 1437)
models = {
    "Bernoulli": (mean, logvar, some_draws(held_mean, held_logvar, 5, 3)),
    "Gaussian": (grey_mean, grey_logvar, some_draws(*grey_held, 5, 3)),
}
overfit = {}
for name, (m, s, z_other) in models.items():
    for count in COUNTS:
        prior = AggregatedPosterior(m[:count], s[:count])
        z_own = some_draws(m[:count], s[:count], -(-1500 // count), 4)
        overfit[name, count] = tuple(float(gains_at(prior.log_prob, z).mean()) for z in (z_own, z_other))


def enough(name):
    """The counts between which the gain on held-out digits turns positive, in words."""
    losing = [count for count in COUNTS if overfit[name, count][1] < 0]
    after = [count for count in COUNTS if count > max(losing, default=0)]
    if not losing or not after:
        return f"for {'no' if losing else 'every'} m"
    return f"from between {losing[-1]:,} and {after[0]:,} on"


# %% name="predict-overfit" tags=["predict"]
predict(
    "04.overfit",
    "From how many digits m on is this prior better than N(0, I) on held-out digits, for the "
    "Bernoulli decoder?",
    choices=("from about 10", "from about 50", "from about 500", "never"),
    answer=f"""On its own digits it gains for every m shown, most with few
    ({overfit["Bernoulli", 10][0]:.1f} nats at m = 10). On held-out
    digits it is better {enough("Bernoulli")} for the Bernoulli decoder, {enough("Gaussian")} for the
    Gaussian one with its
    narrower bumps. With the Bernoulli decoder the loss is {-overfit["Bernoulli", 10][1]:.1f} nats at m = 10,
    {-overfit["Bernoulli", 100][1]:.2f} at 100 and {-overfit["Bernoulli", 200][1]:.2f} at 200; with the
    Gaussian one
    {-overfit["Gaussian", 10][1]:.1f}, {-overfit["Gaussian", 100][1]:.1f} and
    {-overfit["Gaussian", 200][1]:.1f}.""",
)


# %% name="overfit" tags=["picture"]
def move_count(view, count, decoder):
    m, s, z_other = models[decoder]
    view["latent"].heatmap(
        "prior", density_picture(m[:count], s[:count]).clamp_max(0.3), EXTENT, limits=(0, 0.3)
    )
    view["latent"].scatter(
        "held-out", z_other[0], color="muted", size=3, alpha=0.7, label="codes of held-out digits"
    )
    view["latent"].title(f"prior made of {count} digits")
    passed = [other for other in COUNTS if other <= count]  # the curves grow with m
    values = np.array([overfit[decoder, other] for other in passed])
    for key, column, color in (("own", 0, "p"), ("held-out", 1, "q")):
        label = f"on {'its own' if key == 'own' else key} digits"
        view["gains"].curve(key, passed, values[:, column], color=color, label=label)
        view["gains"].scatter(f"{key} here", [[count, values[-1, column]]], color=color, size=7)
    view["gains"].hline("zero", 0.0)
    view["gains"].vline("now", count, style="dashed")
    view.readout("gain on its own digits", overfit[decoder, count][0], ".2f")
    view.readout("gain on held-out digits", overfit[decoder, count][1], ".2f")


explore(
    move_count,
    panels=[
        Panel("latent", xlabel="z₁", ylabel="z₂", xlim=(-4, 4), ylim=(-4, 4), aspect="equal"),
        Panel(
            "gains",
            title="gain over N(0, I)",
            xlabel="m, digits in the prior",
            ylabel="nats",
            xlim=(9, 1600),
            ylim=(-4.5, 4.5),
            xscale="log",
        ),
    ],
    count=Slider.of(COUNTS, value=10, label="m, digits in the prior", play=True),
    decoder=Choice(["Bernoulli", "Gaussian"], value="Bernoulli", label="decoder"),
    alt=(
        "A prior made of a growing number of posteriors, and what it gains on its own digits and on "
        "held-out ones"
    ),
)

# %% [markdown]
# With few bumps the held-out digits fall between them, where the prior has next to no density. That is overfitting in the plain
# sense: a prior with a bump for each of its images has memorised their codes. (Its curves leave the picture where the loss is larger than 4.5 nats.)
#
# ## 4.6 The VampPrior
#
# The remedy of the slide is a mixture of only $K$ posteriors, of $K$ learnt *pseudo-inputs* $\lambda = \{u_1, \dots, u_K\}$:
#
# $$p(z\mid\lambda) = \frac1K\sum_{k=1}^K q(z\mid u_k).$$
#
# ### Exercise 4.7 · The log-density of the VampPrior
#
# What you have written above does nearly all of it.


# %% tags=["exercise:04.vamp_log_prob"]
def vamp_log_prob(z, encode, pseudo_inputs):
    """log p(z | u_1..u_K).

    z: shape (..., d). encode: maps images of shape (K, D) to (mean, logvar), each of shape (K, d).
    pseudo_inputs: shape (K, D). Returns shape (...).
    """
    # region solution
    return log_q_agg(z, *encode(pseudo_inputs))
    # endregion


vamp_log_prob = check("04.vamp_log_prob", vamp_log_prob)

# %% [markdown]
# First encoder and decoder stay as they are and the prior alone is learnt, so that all differences come from the prior. Three families:
# pseudo-inputs that are images (pixels in $[0,1]$), pseudo-inputs that may be anything, and, as a **control**, $K$ free Gaussians in the latent space that know nothing of the
# encoder. If the control does as well, the pseudo-inputs do not matter. The gains are integrals over a grid here, so they have no error from draws.
#
# Every prior gains at most the marginal KL on the training set. Is each of them at least as good as $\mathcal N(0, I)$?

# %% name="fit-priors"
SIZES = (1, 2, 5, 10, 50, len(digits.train))
FAMILIES = ("images", "free inputs", "Gaussians")
average_image = digits.train.mean(0)
spread = torch.log(vae.encode(digits.train)[0].var(0) + 0.1)
by_student = lambda prior, z: vamp_log_prob(z, vae.encode, prior.inputs)

FINE = torch.linspace(-6, 6, 301, dtype=torch.float64)
POINTS = torch.stack(torch.meshgrid(FINE, FINE, indexing="ij"), -1)


def gain_on_grid(log_prior, mean, logvar):
    """What a prior with these log-densities at POINTS adds to the average ELBO of these posteriors, in
    nats."""
    density = aggregate_on_grid(mean, logvar, [FINE, FINE])
    return float((density * (log_prior - log_normal(POINTS))).sum() * (FINE[1] - FINE[0]) ** 2)


codes = mean.float(), logvar.float()
fitted, gains = {}, {}
for family in FAMILIES:
    for size in SIZES[:-1]:
        label = f"{family}, K = {size}"
        images = some_images(digits.train, size)
        if family == "images":
            start = VampPrior(vae.encode, images)
            prior = fit_prior(start, *codes, 400, log_prob=by_student, progress=label)
        elif family == "free inputs":
            noise = torch.randn(size, 64, generator=torch.Generator().manual_seed(size))
            start = VampPrior(vae.encode, average_image + 0.1 * noise, low=None, high=None)
            prior = fit_prior(start, *codes, 600, rate=0.02, log_prob=by_student, progress=label)
        else:
            start = MixturePrior(vae.encode(images)[0], (spread - math.log(size)).expand(size, 2))
            prior = fit_prior(start, *codes, 400, rate=0.1, progress=label)
        fitted[family, size] = prior.requires_grad_(False)
    # K = n and u = x: the aggregated posterior.
    fitted[family, SIZES[-1]] = VampPrior(vae.encode, digits.train).requires_grad_(False)
for key, prior in fitted.items():
    if key[1] < len(digits.train):
        with torch.no_grad():
            at_points = prior.log_prob(POINTS)
    else:
        at_points = aggregate_on_grid(mean, logvar, [FINE, FINE]).clamp_min(1e-300).log()
    gains[key] = gain_on_grid(at_points, mean, logvar), gain_on_grid(at_points, held_mean, held_logvar)

# %% name="predict-vamp" tags=["predict"]
most = gains["images", len(digits.train)][0]
near = next(size for size in SIZES if gains["images", size][0] > 0.9 * most)
worse = [size for size in SIZES if gains["images", size][0] < 0]
predict(
    "04.vamp",
    "How many of these pseudo-images does the prior need to reach nine tenths of what all 1,437 "
    "posteriors gain on the training set?",
    choices=("1", "5", "10", "50", "all"),
    answer=f"""Of the sizes tried, {near} is the first that does: {gains["images", near][0]:.3f} of
    {most:.3f} nats. With K =
    {", ".join(str(size) for size in worse)} the prior is worse than N(0, I), by
    {-gains["images", 1][0]:.1f} nats for one
    image: so no, not each of them is at least as good.""",
)


# %% name="vamp" tags=["picture"]
COLORS = {"images": "q", "free inputs": "third", "Gaussians": "fourth"}
square = torch.stack(torch.meshgrid(AXIS, AXIS, indexing="xy"), -1)


def inputs_of(prior):
    """Two rows of 5 pseudo-inputs, or three of 17; a Gaussian has none, so its mean is decoded."""
    images = prior.inputs if isinstance(prior, VampPrior) else vae.decode(prior.mean)
    rows, columns = (2, 5) if len(images) <= 10 else (3, 17)
    blank = torch.zeros(rows * columns, 64)
    blank[: min(len(blank), len(images))] = images[: len(blank)]
    tile = min(1 / rows, 5 / columns)
    return strip(blank, rows), (0, columns * tile, 1 - rows * tile, 1)


prior_pictures = {key: (prior.log_prob(square).exp(), inputs_of(prior)) for key, prior in fitted.items()}


def move_size(view, k, family):
    density, (images, extent) = prior_pictures[family, k]
    view["latent"].heatmap("prior", density, EXTENT, limits=(0, 0.25))
    view["latent"].contour(
        "aggregated",
        AXIS,
        AXIS,
        history[STEPS][0],
        levels=[0.02, 0.1],
        color="q",
        width=1,
        label="aggregated posterior",
    )
    view["latent"].title(f"prior, K = {k}")
    view["inputs"].image("images", images, extent=extent, limits=(0, 1))
    kind = "decoded means" if family == "Gaussians" else "pseudo-inputs"
    view["inputs"].title(kind + (" (the first 51)" if k > 50 else ""))
    passed = [size for size in SIZES if size <= k]  # the curves grow with K
    for other in FAMILIES:
        values = np.array([gains[other, size] for size in passed])
        strength = {"width": 2.4, "alpha": 1.0} if other == family else {"width": 1, "alpha": 0.4}
        view["gains"].curve(
            other, passed, values[:, 0], color=COLORS[other], style="solid", label=other, **strength
        )
        if other == family:
            view["gains"].curve(
                "held-out", passed, values[:, 1], color=COLORS[other], style="dotted", label="held-out"
            )
            view["gains"].scatter("here", [[k, values[-1, 0]]], color=COLORS[other], size=7)
    view["gains"].hline("normal", 0.0)
    view["gains"].vline("now", k, style="dashed")
    view.readout("gain on training digits", gains[family, k][0], ".3f")
    view.readout("gain on held-out digits", gains[family, k][1], ".3f")
    view.readout("most that training can gain", float(exact.marginal_kl), ".3f")


explore(
    move_size,
    panels=[
        [
            Panel("latent", xlabel="z₁", ylabel="z₂", xlim=(-4, 4), ylim=(-4, 4), aspect="equal"),
            Panel(
                "gains",
                title="gain over N(0, I)",
                xlabel="K, components",
                ylabel="nats",
                xlim=(0.9, 1600),
                ylim=(-1.15, 0.25),
                xscale="log",
            ),
        ],
        [Panel("inputs", axes=False, aspect="equal", xlim=(0, 5), ylim=(0, 1))],
    ],
    size=(9, 5.4),
    k=Slider.of(SIZES, value=1, label="K, components", play=True),
    family=Choice(list(FAMILIES), value="images", label="components from"),
    presets={
        "one image": {"k": 1, "family": "images"},
        "fifty images": {"k": 50, "family": "images"},
        "fifty Gaussians": {"k": 50, "family": "Gaussians"},
    },
    alt=(
        "The VampPrior for a growing number of pseudo-inputs: its density, the pseudo-inputs, and "
        "the gain in ELBO on "
        "training and held-out digits"
    ),
)

# %% [markdown]
# All the numbers of the picture in one table:

# %% name="priors-table"
print("gain over N(0, I) in nats: on training digits, on held-out digits")
print(" " * 14 + "".join(f"{f'K = {size:,}':>17}" for size in SIZES))
for family in FAMILIES:
    print(f"{family:14}" + "".join("   {:6.3f}, {:6.3f}".format(*gains[family, size]) for size in SIZES))

# %% [markdown]
# Three things that the slide does not say, all for this VAE as it stands:
#
# - A few pseudo-*images* are **worse than** $\mathcal N(0, I)$: no image has a posterior as wide as the prior, and one narrow bump cannot cover all codes.
# - Free Gaussians gain more than pseudo-images at every $K$ tried up to ten, and at fifty the two differ by a few thousandths of a nat. So what gains is the
#   *mixture*; that its parts are posteriors of pseudo-inputs adds nothing here.
# - Fifty components reach nearly the whole gain of all 1,437, in training and on held-out digits.
#
# With the wide posteriors of this VAE there was little to overfit. The Gaussian VAE has narrow ones, and there fifty Gaussians can be compared with all 1,437:

# %% name="small-prior"
grey_codes = grey_mean.float(), grey_logvar.float()
grey_spread = torch.log(grey_codes[0].var(0) / 50).expand(50, 2)
start = MixturePrior(some_images(grey_codes[0], 50), grey_spread)
fifty = fit_prior(start, *grey_codes, 800, progress="50 Gaussians")
z_grey, z_grey_held = some_draws(grey_mean, grey_logvar, 5, 7), some_draws(*grey_held, 20, 8)
everyone = AggregatedPosterior(grey_mean, grey_logvar)
for name, prior in (("50 free Gaussians", fifty), ("all 1,437 posteriors", everyone)):
    value, error = mean_and_error(gains_at(prior.log_prob, z_grey_held).mean(0))
    own = gains_at(prior.log_prob, z_grey).mean()
    print(f"{name:22} gain {own:.2f} nats in training, {value:.2f} ± {error:.2f} held-out")
difference = (gains_at(fifty.log_prob, z_grey_held) - gains_at(everyone.log_prob, z_grey_held)).mean(0)
print("held-out, fifty minus all, image by image: {:.2f} ± {:.2f} nats".format(*mean_and_error(difference)))

# %% [markdown]
# In training all posteriors must gain more, for nothing can beat them there; on held-out digits the last line says which prior wins.
#
# **Trained together.** On the slide the pseudo-inputs are learnt *with* the model, and then the encoder moves along. A VAE like yours was trained with fifty
# pseudo-inputs among its parameters (`loss_with_prior` in the lesson's `runs.py` is the whole difference) and stored. Beside it stands the stored VAE with
# $\mathcal N(0, I)$; each is one training, from one seed.

# %% name="joint-vamp"
together = load("vamp 50")
prior_of = {"N(0, I)": (load("beta 1"), None), "VampPrior, K = 50": (together, together.prior)}
joint_bounds = {}
print(" " * 20 + "ELBO (held-out)   reconstruction   average KL   information   KL(q_agg ‖ its prior)")
for name, (model, prior) in prior_of.items():
    seed = torch.Generator().manual_seed(0)
    own = elbo(model, digits.held_out, prior=prior, samples=100, generator=seed)
    split = elbo_surgery(*model.encode(digits.held_out), prior=prior, grid=400)
    joint_bounds[name] = own.value
    print(
        f"{name:20}{own.value.mean():15.2f}{own.reconstruction.mean():17.2f}{own.kl.mean():13.2f}"
        f"{split.mutual_information:14.2f}{split.marginal_kl:24.2f}"
    )
joint_gain, joint_error = mean_and_error(joint_bounds["VampPrior, K = 50"] - joint_bounds["N(0, I)"])
fitted_gain = max(held for _, held in gains.values())
print("gain in ELBO on held-out digits")
print(
    f"  trained together:                           {joint_gain:.2f} ± {joint_error:.2f} nats "
    "(error over the images)"
)
print(f"  best of the priors that were fitted above:  {fitted_gain:.2f} nats")

# %% [markdown]
# In this training the prior gains several times what a fitted one gains, and it gains it in the *reconstruction*; the average KL is even larger than before. The
# codes tell more about the image, and that is worth more than it costs. A prior that is fitted afterwards cannot bring this about: it leaves the codes where
# they are.

# %% [markdown]
# With $K = n$ and $u_i = x_i$ the VampPrior *is* the aggregated posterior. Two different computations agree on that:

# %% tags=["claim:vampprior"]
full = VampPrior(frozen.encode, digits.train.double())
few = VampPrior(frozen.encode, some_images(digits.train, 50).double())
kl_full, kl_few = (
    float(elbo_surgery(frozen_mean, frozen_logvar, prior=prior, grid=200).average_kl) for prior in (full, few)
)
print(f"average KL to N(0, I): {float(gaussian_kl(frozen_mean, frozen_logvar).mean()):.4f}")
print(f"average KL to a VampPrior of 50 training images: {kl_few:.4f}")
holds(
    "vampprior",
    ("average KL to the VampPrior with K = n, u = x", kl_full),
    (
        "mutual information, which no prior can beat",
        float(elbo_surgery(frozen_mean, frozen_logvar, grid=800).mutual_information),
    ),
    tol=1e-5,
)

# %% [markdown]
# ## 4.7 The gap that is left
#
# The slide "VAE limitations" leaves a question mark: $\log p(x\mid\theta) - \mathcal L(q,\theta) = (?)$. The notes answer it (UL p.18 and p.21): it is $\mathrm{KL}(q(z\mid x)\Vert p(z\mid x))$, the price of an
# encoder that is not the posterior. In a linear-Gaussian model with a two-dimensional code whose posterior is *tilted* all parts have closed forms:

# %% tags=["claim:vae-gap"]
W = torch.tensor([[1.0, 0.8], [0.3, 1.0], [0.5, -0.2]], dtype=torch.float64)
noise_variance, x = 0.5, torch.tensor([0.7, -1.1, 0.4], dtype=torch.float64)
evidence = torch.distributions.MultivariateNormal(
    torch.zeros(3).double(), W @ W.T + noise_variance * torch.eye(3).double()
)
posterior_cov = torch.linalg.inv(torch.eye(2).double() + W.T @ W / noise_variance)
posterior_mean = posterior_cov @ W.T @ x / noise_variance
q_mean, q_variance = (
    torch.tensor([0.2, -0.5], dtype=torch.float64),
    torch.tensor([0.3, 0.2], dtype=torch.float64),
)
residual = (x - W @ q_mean).square().sum() + (W.square().sum(0) * q_variance).sum()
reconstruction = -0.5 * residual / noise_variance - 1.5 * math.log(2 * math.pi * noise_variance)
bound = reconstruction - gaussian_kl(q_mean[None], q_variance.log()[None])[0]
gap = kl_between_gaussians(q_mean, torch.diag(q_variance), posterior_mean, posterior_cov)
holds(
    "vae-gap",
    ("lecture: KL(q ‖ p(z|x))", float(gap)),
    ("log p(x) - ELBO", float(evidence.log_prob(x) - bound)),
    tol=1e-9,
)

# %% [markdown]
# ### Exercise 4.8 · A better bound
#
# For the VAE $\log p(x)$ has no closed form. With $K$ draws $z_k\sim q(z\mid x)$ and weights $w_k = p(x, z_k)/q(z_k\mid x)$, the mean weight estimates $p(x)$ without bias, and its
# *logarithm* is a lower bound of $\log p(x)$ on average. $K = 1$ is the ELBO; more draws bring it closer.


# %% tags=["exercise:04.importance_bound"]
def importance_bound(log_w):
    """The log of the mean weight of each image.

    log_w: shape (K, n), log-weights of K draws for each of n images. Returns shape (n,).
    """
    # region solution
    return torch.logsumexp(log_w, 0) - math.log(len(log_w))
    # endregion


importance_bound = check("04.importance_bound", importance_bound)

# %% [markdown]
# For 200 held-out digits the bound is computed with up to 2,048 draws. The exact value comes from a grid over the latent square; that is possible in two dimensions only.

# %% name="bounds-by-draws"
some = digits.held_out[:200]
some_posterior = vae.encode(some)
table_noise = torch.randn(4096, len(some), 2, generator=torch.Generator().manual_seed(6))
z = reparameterise(*some_posterior, table_noise)
log_own = -0.5 * (table_noise**2 + some_posterior[1] + math.log(2 * math.pi)).sum(-1)
log_w = (
    torch.cat([vae.log_likelihood(some, part) for part in z.split(128)]) + log_normal(z) - log_own
).double()
true_evidence = float(evidence_on_grid(vae, some, points=200).log_evidence.mean())

DRAWS = [2**k for k in range(12)]
bounds = []
for k in DRAWS:  # the mean over disjoint groups of k draws, and the error that one group alone would have
    groups = torch.stack([torch.as_tensor(importance_bound(group)) for group in log_w.split(k)])
    bounds.append((float(groups.mean()), float(groups.var(0).mean() / len(some)) ** 0.5))
bounds = np.array(bounds)
left = true_evidence - bounds[:, 0]
halved = next((k for k, gap in zip(DRAWS, left, strict=True) if gap <= left[0] / 2), None)
closed = next((k for k, gap in zip(DRAWS, left, strict=True) if gap <= 0.1), None)

# %% name="predict-draws" tags=["predict"]
predict(
    "04.draws",
    "How many draws for each image does the bound need until only a tenth of a nat is missing to log p(x)?",
    choices=("about 4", "about 16", "about 64", "about 1,000"),
    answer=f"""Of the powers of two, {halved} is the first that closes half of the ELBO's gap of
    {left[0]:.2f} nats, and {closed} the
    first that leaves at most 0.1. With 2,048 draws {left[-1]:.3f} nats are left.""",
)


# %% name="more-draws" tags=["picture"]


def more_draws(view, k):
    index = DRAWS.index(k)
    passed = slice(index + 1)  # the curve grows with K
    view.curve("bound", DRAWS[passed], bounds[passed, 0], color="q", label="importance-weighted bound")
    view.scatter("here", [[k, bounds[index, 0]]], color="q", size=9)
    view.hline("exact", true_evidence, color="p", style="solid", label="log p(x), on a grid")
    view.hline("elbo", bounds[0, 0], color="muted", style="dotted", label="ELBO")
    view.readout("draws K", k)
    view.readout("bound", bounds[index, 0], ".3f")
    view.readout("standard error with K draws", bounds[index, 1], ".3f")
    view.readout("gap to log p(x)", true_evidence - bounds[index, 0], ".3f")


explore(
    more_draws,
    panels=[
        Panel(
            "bound",
            title="mean over 200 held-out digits",
            xlabel="K, draws for each image",
            ylabel="nats",
            xlim=(0.9, 2300),
            ylim=(bounds[0, 0] - 0.1, true_evidence + 0.15),
            xscale="log",
        ),
    ],
    k=Slider.of(DRAWS, value=1, label="draws K", play=True),
    alt=(
        "The importance-weighted bound rises with the number of draws from the ELBO to the exact "
        "log-likelihood"
    ),
)

# %% [markdown]
# Who is to blame for the gap: the encoder *network*, which must answer for every image at once, or the *Gaussian family*? Give every held-out image its own best Gaussian, found
# by optimising $\mu$ and $\log\sigma^2$ for this image alone, once from the encoder's answer and once from the highest point of the exact posterior. What the bound gains is the network's fault; what is left is the family's.
#
# The slider shows ten held-out digits: the first two have the largest gaps of all, the next four the largest gap that even the best Gaussian leaves, the
# others become more and more typical.

# %% name="best-gaussians"
WINDOW = 2.0
by_network = evidence_on_grid(vae, digits.held_out, points=200)
best = fit_posteriors(
    vae, digits.held_out, 100, starts=[by_network.mode], progress="the best Gaussian of each image"
)
by_best = evidence_on_grid(vae, digits.held_out, points=200, posteriors=best)
hardest, worst_family = (
    by_network.posterior_kl.argsort(descending=True),
    by_best.posterior_kl.argsort(descending=True),
)
shown = torch.cat([hardest[:2], worst_family[:4], hardest[[10, 40, 120, 240]]])

# The exact posterior of each of them on a grid of its own, centred at its mean.
window = torch.linspace(-WINDOW, WINDOW, 101)
offsets = torch.stack(torch.meshgrid(window, window, indexing="xy"), -1).reshape(-1, 2)
coarse = torch.stack(torch.meshgrid(AXIS.float(), AXIS.float(), indexing="xy"), -1).reshape(-1, 2)
portraits = []
for image in digits.held_out[shown]:
    centre = torch.softmax(vae.log_likelihood(image, coarse) + log_normal(coarse), 0) @ coarse
    density = torch.softmax(vae.log_likelihood(image, centre + offsets) + log_normal(centre + offsets), 0)
    portraits.append((centre, density.reshape(101, 101) / density.max()))
network_gap, family_gap = by_network.posterior_kl, by_best.posterior_kl
mostly_family = (family_gap > network_gap / 2).float().mean()
print(
    f"mean gap of the encoder {network_gap.mean():.2f} nats, "
    f"of the best Gaussians {family_gap.mean():.2f} nats;"
)
print(f"the family is to blame for more than half of the gap in {mostly_family:.0%} of the digits")


# %% name="posteriors" tags=["picture"]
def move_image(view, index):
    row = int(shown[index])
    centre, density = portraits[index]
    view["latent"].heatmap("posterior", density, (-WINDOW, WINDOW, -WINDOW, WINDOW), limits=(0, 1))
    for name, (m, s), color in (
        ("encoder", vae.encode(digits.held_out), "q"),
        ("best Gaussian", best, "third"),
    ):
        view["latent"].ellipse(
            name, m[row] - centre, torch.diag(s[row].exp()), std=2, color=color, label=f"{name} (2 sd)"
        )
    view["image"].image("digit", digits.held_out[row].reshape(8, 8), limits=(0, 1))
    evidence_here = float(by_network.log_evidence[row])
    gaps = [float(by_network.posterior_kl[row]), float(by_best.posterior_kl[row])]
    view["gaps"].bars("gaps", ["encoder", "best Gaussian"], gaps, color=["q", "third"], values=".2f")
    view.readout("log p(x)", evidence_here, ".2f")
    view.readout("gap of the encoder", gaps[0], ".3f")
    view.readout("gap of the best Gaussian", gaps[1], ".3f")


explore(
    move_image,
    panels=[
        Panel("image", title="held-out digit", axes=False, width=0.7, aspect="equal"),
        Panel(
            "latent",
            title="exact posterior p(z|x)",
            xlabel="z₁ - its mean",
            ylabel="z₂ - its mean",
            xlim=(-2, 2),
            ylim=(-2, 2),
            aspect="equal",
            width=1.3,
        ),
        Panel("gaps", title="log p(x) - ELBO", ylabel="nats", ylim=(0, 4)),
    ],
    index=Slider.of(
        {f"{i + 1}: a {int(digits.held_out_labels[row])}": i for i, row in enumerate(shown.tolist())},
        value=0,
        label="held-out digit",
        play=True,
    ),
    alt=(
        "The exact posterior of a held-out digit as a map, the ellipses of the encoder and of the "
        "best Gaussian, and the gap of each"
    ),
)

# %% [markdown]
# Some exact posteriors have two islands: two different codes explain the digit, and no Gaussian has the shape of both. For most held-out digits, though, the
# larger part of the gap is the *network's*, which must answer for all images at once.
#
# **The limitations, each with its number.** The slide lists four weak points without saying how much each of them costs. Measured on the stored model and every second held-out digit:
#
# - *poor decoder*: given $z$ the pixels are independent, so what a code of two numbers cannot say must be noise. Measured by six more latent dimensions,
#   everything else equal: the importance-weighted bound of that model (a *lower* bound of its $\log p(x)$) minus the exact $\log p(x)$ of this one. A
#   decoder with more layers or dependent pixels is another remedy, which is not measured here;
# - *loose bound*: the mean gap $\log p(x) - \mathcal L$;
# - *poor posterior*: the part of the gap that the best Gaussian leaves. (The rest is the network's.)
# - *poor prior*: the gain of the aggregated training posterior, on all held-out digits.

# %% name="limitations-numbers"
held = digits.held_out[::2].double()
exact_held = evidence_on_grid(frozen, held, points=200)
frozen_best = fit_posteriors(
    frozen, held, 100, starts=[exact_held.mode], progress="the best Gaussian of each image"
)
richer = importance_weighted_bound(
    load("latent 8").double(), held, 500, generator=torch.Generator().manual_seed(0)
)
z_frozen = some_draws(*frozen.encode(digits.held_out.double()), 20, 2)
costs = {
    "poor decoder (and code)": richer.value - exact_held.log_evidence,
    "loose bound": exact_held.posterior_kl,
    "poor posterior (Gaussian family)": evidence_on_grid(
        frozen, held, points=200, posteriors=frozen_best
    ).posterior_kl,
    "poor prior": gains_at(AggregatedPosterior(frozen_mean, frozen_logvar).log_prob, z_frozen).mean(0),
}
costs = {name: mean_and_error(values) for name, values in costs.items()}
for name, (cost, error) in costs.items():
    print(f"{name:34} {cost:5.2f} ± {error:.2f} nats")

# %% tags=["claim:vae-limitations"]
convention(
    "vae-limitations",
    (
        "the smallest of the four costs, less two standard errors",
        min(cost - 2 * error for cost, error in costs.values()),
    ),
    ("nothing", 0.0),
    relation=">",
    under=(
        "each weakness is read as a number of nats on held-out digits, the decoder's together with "
        "the size of its code"
    ),
    tol=1e-2,
    digits=1,
)

# %% [markdown]
# In **this model** all four cost something, and far from the same. What two numbers and independent pixels cannot express costs most. Then comes the bound,
# mostly through the encoder network. Gaussian posteriors and the $\mathcal N(0, I)$ prior, which flows and VampPriors repair, cost least when the rest
# stays as it is; trained together, section 4.6, a better prior was worth more. With the narrow posteriors of the Gaussian decoder the prior's share is
# larger too: section 4.6 prints it.
#
# ## Open experiment
#
# - Train with eight latent dimensions: `wide = build(8)`, `fit_vae(wide, digits.train, STEPS)`, then `elbo_surgery(*wide.encode(digits.train))`, which
#   needs no grid. Does the mutual information come closer to $\log n$? What happens to the marginal KL?
# - Train a VAE together with only *five* pseudo-images. From the lesson's `runs` (`from course_lib.lessons.n04_elbo_surgery.runs import loss_with_prior, with_vamp_prior`):
#   `five = with_vamp_prior(build(), some_images(digits.train, 5))`, `fit_vae(five, digits.train, STEPS, loss=loss_with_prior)`, and its ELBO is
#   `elbo(five, digits.held_out, prior=five.prior, samples=50).value.mean()`. Do few pseudo-images still do harm?
# - Choose β so that the held-out $\log p(x)$ is largest: `evidence_on_grid(model, digits.held_out).log_evidence.mean()` for the stored
#   `load(f"beta {b:.3g}")` or for your own `fit_vae(model, digits.train, STEPS, beta=...)`. Is it 1?

# %% name="open-experiment"
# Your experiment.

# %% [markdown]
# ## What to remember
#
# - average KL $=$ mutual information $+$ marginal KL. The first part is the code's content, at most $\log n$; only the second part measures the distance to the prior.
# - The same draws make the identity exact; separate draws, or a grid, test it.
# - β pushes on both. In nats it takes from the mutual information; at large β the code collapses with a perfect marginal KL.
# - The aggregated posterior is the best prior for the images it is made of, and gains exactly the marginal KL there. On held-out digits it gains less, and
#   made of too few digits it loses. Fifty components do about as well as all.
# - A prior that is trained *with* its VAE can gain more than the marginal KL, since the codes change with it.
# - $\log p(x) - \mathcal L = \mathrm{KL}(q\Vert p(z\mid x))$: importance weighting measures it, and a per-image fit says whose fault it is.
# - The bound is on $\log p(x)$. Without the logarithm it is true and useless.
#
# **Next:** [05 · Flows in VAEs](05_flows_in_vaes.ipynb): posteriors and priors that are no Gaussians.
#
# ## References
#
# - R. Isachenko, *Deep Generative Models*, Lecture 8, AI Masters, 2022; *UL: GANs & VAEs*, p.18-23.
# - M. Hoffman, M. Johnson, *ELBO surgery: yet another way to carve up the variational evidence lower bound*, 2016.
# - J. Tomczak, M. Welling, *VAE with a VampPrior*, 2018.
# - Y. Burda, R. Grosse, R. Salakhutdinov, *Importance weighted autoencoders*, 2016.
# - C. Cremer, X. Li, D. Duvenaud, *Inference suboptimality in variational autoencoders*, 2018.
