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
# - build the VampPrior, and measure whether its pseudo-inputs matter;
# - measure the gap between the ELBO and $\log p(x)$, and say which part of a VAE is to blame for how much of it.

# %% name="setup"
import math

import numpy as np
import torch

from course_lib.claims import holds
from course_lib.data.digits import load_digits
from course_lib.device import seed_everything
from course_lib.divergences import gaussian_kl as kl_between_gaussians
from course_lib.exercises import check, hint
from course_lib.lessons.n04_elbo_surgery.runs import stored
from course_lib.networks import mlp
from course_lib.variational import (
    VAE,
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
    show_digits, panels=[Panel("digits", title="grey values (above), and one bit a pixel (below)", axes=False, aspect="equal")],
    size=(9, 2.3), alt="Ten handwritten digits of eight by eight pixels, in grey values and in black and white",
)

# %% [markdown]
# A **variational auto-encoder** has a prior $p(z) = \mathcal N(0, I)$ over latent codes $z\in\mathbb R^d$, a decoder
# $p(x\mid z)$, and an encoder $q(z\mid x) = \mathcal N(\mu(x), \mathrm{diag}\,\sigma^2(x))$ that stands in for the posterior
# $p(z\mid x)$. It maximises the evidence lower bound, the ELBO:
#
# $$\mathcal L(x) = \underbrace{\mathbb E_{q(z\mid x)} \log p(x\mid z)}_{\text{reconstruction}} - \mathrm{KL}(q(z\mid x)\Vert p(z)).$$
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

    mean, logvar: shape (n, d). noise: shape (n, d), or (S, n, d) for S draws of each. Returns the noise's shape.
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
# learns $\sigma$ as well. Where would $\sigma$ go if the constant were left out?

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
moments = (0, 25, 50, 100, 200, 400, 700, 1000, 1500, 2000, 2500)

encoder = mlp((64, 64, 64, 2 * LATENT), "silu", seed=1)  # 64 pixels to mean and log-variance
decoder = mlp((LATENT, 64, 64, 64), "silu", seed=2)  # a latent point to 64 logits
vae = VAE(encoder, decoder, LATENT, likelihood="bernoulli")


def negative_elbo(vae, images, generator):
    mean, logvar = vae.encode(images)
    noise = torch.randn(mean.shape, generator=generator)
    reconstruction = vae.log_likelihood(images, reparameterise(mean, logvar, noise))
    return (gaussian_kl(mean, logvar) - reconstruction).mean()


snapshots = fit_vae(vae, digits.train, 2500, snapshots=moments, loss=negative_elbo, progress="training the VAE")
vae.requires_grad_(False)

for name, images in (("training", digits.train), ("held-out", digits.held_out)):
    terms = elbo(vae, images, samples=50, generator=generator)
    value, reconstruction, kl = (float(term.mean()) for term in terms)
    print(f"{name:9}  ELBO {value:7.2f} nats = reconstruction {reconstruction:7.2f} - KL {kl:5.2f}")

# %% [markdown]
# The printed numbers can differ slightly between processors, since training amplifies rounding. The claims of this notebook are therefore
# computed from stored weights, which an identical training gave; `course_lib/lessons/n04_elbo_surgery` has them beside their script.

# %% name="stored"
ARCHIVE = stored()


def stored(name, latent=2):
    """A VAE of the shape above with weights from the archive: "beta 0.25" to "beta 4", or "latent 8"."""
    model = VAE(mlp((64, 64, 64, 2 * latent), "silu"), mlp((latent, 64, 64, 64), "silu"), latent)
    weights = {key.partition("/")[2]: torch.from_numpy(ARCHIVE[key]) for key in ARCHIVE if key.startswith(name + "/")}
    model.load_state_dict(weights, strict=False)
    return model.requires_grad_(False)


frozen = stored("beta 1").double()

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
    p, bound = linear_gaussian(w, s, x, posterior_variance * w * x / s**2, posterior_variance)  # the best encoder
    best_printed, best_log = min(best_printed, p - bound), min(best_log, math.log(p) - bound)
print(f"smallest p(x) - L: {best_printed:.4f} nats; smallest log p(x) - L: {abs(best_log):.4f} nats")
holds(
    "standard-elbo-bound",
    ("smallest p(x) - L of 20,000 models, each with its best encoder", best_printed), ("zero", 0.0), relation=">=", digits=4,
)

# %% [markdown]
# As printed the inequality is **true but empty**: $\log t \le t - 1$ for every $t > 0$, hence $p(x) \ge 1 + \log p(x) \ge 1 + \mathcal L$, and the bound is never
# tighter than 1 nat, whatever the encoder. The statement that is meant is $\log p(x\mid\theta) \ge \mathcal L$: with the best encoder it is an equality, and that
# is why maximising $\mathcal L$ does something for the likelihood.
#
# ## 4.2 The surgery
#
# Average the ELBO over $n$ images, and let an image be drawn at random: $i$ uniform on $1..n$, then $z\sim q(z\mid x_i)$. Without the label $i$ the
# law of $z$ is the **aggregated posterior**
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
    ("lecture: marginal KL + mutual information", marginal_kl + information), ("average KL", average_kl), tol=1e-12,
)

# %% [markdown]
# ### Exercise 4.4 · The log-density of the aggregated posterior
#
# With $n = 1437$ narrow Gaussians most of the densities at a point are smaller than the smallest floating point number. The logarithm
# of their mean must be taken without ever leaving the logarithms.

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

    log_q: shape (n, n), log_q[i, j] = log q(z_i | x_j) with z_i drawn from q(z | x_i). Returns a 0-dimensional tensor.
    """
    # region solution
    log_aggregate = torch.logsumexp(log_q, 1) - math.log(len(log_q))
    return (log_q.diagonal() - log_aggregate).mean()
    # endregion


mutual_information = check("04.mutual_information", mutual_information)

# %% [markdown]
# **Predict, then move.** The posteriors of $n$ images, each a Gaussian of width 1, stand side by side on a line. You pull them apart. What is the
# mutual information at distance 0? Does it grow without end, as the average KL does? At which distance is it halfway?

# %% name="apart" tags=["picture"]
distances = torch.linspace(0, 8, 41, dtype=torch.float64)


def side_by_side(n, distance):
    return ((torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * distance)[:, None]


def terms_apart(n, distance):
    terms = elbo_surgery(side_by_side(n, distance), torch.zeros(n, 1, dtype=torch.float64), grid=400)
    return [float(term) for term in terms]


curves_apart = {n: torch.tensor([terms_apart(n, d) for d in distances]) for n in (2, 3, 5, 8)}


def pull_apart(view, distance, n):
    z = torch.linspace(-32, 32, 1001, dtype=torch.float64)
    mean = side_by_side(n, distance)
    zeros = torch.zeros_like(mean)
    for k in range(n):
        density = torch.exp(-0.5 * (z - mean[k]) ** 2) / math.sqrt(2 * math.pi)
        view["line"].curve(f"q{k}", z, density, color="muted", style="solid", width=1, label="each q(z|xᵢ)" if k == 0 else None)
    view["line"].fill("agg", z, log_q_agg(z[:, None], mean, zeros).exp(), color="q", alpha=0.5, label="aggregated")
    average, information, marginal = terms_apart(n, distance)
    view["terms"].curve("information", distances, curves_apart[n][:, 1], color="q", label="mutual information")
    view["terms"].curve("marginal", distances, curves_apart[n][:, 2], color="third", label="marginal KL")
    view["terms"].hline("limit", math.log(n), color="accent", style="dotted", label="log n")
    view["terms"].vline("here", distance, color="muted", style="dashed")
    view.readout("average KL", average)
    view.readout("mutual information", information)
    view.readout("marginal KL", marginal)
    view.readout("log n", math.log(n))


explore(
    pull_apart,
    panels=[
        Panel("line", title="the posteriors and their mean", xlabel="z", ylabel="density", xlim=(-32, 32), ylim=(0, 0.45)),
        Panel("terms", title="the two terms", xlabel="distance between neighbours, in sd", ylabel="nats",
              xlim=(0, 8), ylim=(0, 4)),
    ],
    distance=Slider(0.0, 8.0, step=0.2, value=2.0, label="distance"),
    n=Choice([2, 3, 5, 8], value=5, label="n images"),
    presets={"all equal": {"distance": 0.0}, "told apart": {"distance": 8.0}},
    alt="Gaussian posteriors that are pulled apart; their mutual information rises and saturates at log n",
)

# %% [markdown]
# Mutual information **never exceeds** $\log n$: once the code names the image there is nothing left to tell. From there on every further nat of the KL term is marginal KL.
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
# On the VAE that you trained. `elbo_surgery` does the same in chunks of bounded memory, gives a standard error with each term, and can use
# separate draws for the three. In two dimensions it can also integrate on a grid, which leaves no error at all.

# %% name="surgery-numbers"
mean, logvar = (part.double() for part in vae.encode(digits.train))
held_mean, held_logvar = (part.double() for part in vae.encode(digits.held_out))

by_hand = surgery(mean, logvar, torch.randn(2, *mean.shape, generator=generator, dtype=torch.float64))
together = elbo_surgery(mean, logvar, generator=generator)
separate = elbo_surgery(mean, logvar, independent=True, generator=generator)
exact = elbo_surgery(mean, logvar, grid=800)

def line(name, values, errors=(None,) * 3):
    cells = [f"{float(v):8.4f}" + ("         " if e is None else f" ± {e:.4f}") for v, e in zip(values, errors, strict=True)]
    print(f"{name:24}" + "   ".join(cells) + f"   {float(values[0] - values[1] - values[2]):+.0e}")


print(" " * 26 + "average KL          information         marginal KL       difference")
line("your function, 2 draws", by_hand)
for name, result in (("same draws", together), ("separate draws", separate), ("grid", exact)):
    line(name, [*result], result.errors)
print(f"\nlog n = {math.log(len(mean)):.4f}; the closed-form average KL is {gaussian_kl(mean, logvar).mean():.4f}")

# %% [markdown]
# With the *same* draws the identity holds to rounding, as the same logarithms are added and taken away; that checks the bookkeeping and
# nothing else. With *separate* draws it holds within the errors; that checks the theorem. On the grid both agree.
#
# The code tells 3.1 of the $\log n = 7.3$ nats that it could tell: it narrows 1,437 images down to about $e^{7.3 - 3.1} \approx 60$.
#
# The same for the whole ELBO. The lecture's side takes its two terms from the grid, the other side takes the closed-form KL of each image.

# %% tags=["claim:elbo-surgery"]
frozen_mean, frozen_logvar = frozen.encode(digits.train.double())
terms = elbo(frozen, digits.train.double(), samples=20, generator=torch.Generator().manual_seed(0))
split = elbo_surgery(frozen_mean, frozen_logvar, grid=800)
holds(
    "elbo-surgery",
    ("lecture: reconstruction - information - marginal KL", float(terms.reconstruction.mean() - split.mutual_information - split.marginal_kl)),
    ("average ELBO, KL in closed form", float(terms.value.mean())), tol=1e-6,
)

# %% [markdown]
# ## 4.3 The aggregated posterior against the prior
#
# **Predict, then move.** The slider runs through the training. At the start all images have nearly the same posterior. Which term rises first? Does the
# marginal KL fall during the training, since the ELBO punishes it?

# %% name="training-time" tags=["picture"]
AXIS = torch.linspace(-4, 4, 161, dtype=torch.float64)
EXTENT = (-4, 4, -4, 4)


def density_picture(mean, logvar):
    """q_agg on the square, as rows of z2 and columns of z1."""
    return aggregate_on_grid(mean.double(), logvar.double(), [AXIS, AXIS]).T


def circles(panel):
    for radius in (1, 2, 3):
        panel.ellipse(f"prior {radius}", [0, 0], np.eye(2), std=radius, color="p", width=1.2, label="prior: 1, 2, 3 sd" if radius == 1 else None)


history = []
for step, weights in snapshots:
    at_step = VAE(mlp((64, 64, 64, 4), "silu"), mlp((2, 64, 64, 64), "silu"), 2)
    at_step.load_state_dict(weights)
    at_step.requires_grad_(False)
    then = at_step.encode(digits.train)
    reconstruction = elbo(at_step, digits.train, samples=4, generator=generator).reconstruction.mean()
    split = elbo_surgery(*then, grid=400)
    history.append((step, density_picture(*then), float(reconstruction), *(float(v) for v in split)))
recorded = np.array([[entry[0], *entry[3:]] for entry in history])


def training_time(view, moment):
    step, picture, reconstruction, average, information, marginal = history[moment]
    view["latent"].heatmap("aggregated", picture, EXTENT, limits=(0, 0.25))
    circles(view["latent"])
    view["latent"].title(f"aggregated, step {step}")
    view["terms"].curve("information", recorded[:, 0], recorded[:, 2], color="q", label="mutual information")
    view["terms"].curve("marginal", recorded[:, 0], recorded[:, 3], color="third", label="marginal KL")
    view["terms"].vline("now", step, style="dashed")
    view.readout("reconstruction", reconstruction, ".2f")
    view.readout("mutual information", information, ".3f")
    view.readout("marginal KL", marginal, ".3f")
    view.readout("ELBO", reconstruction - average, ".2f")


explore(
    training_time,
    panels=[
        Panel("latent", xlabel="z₁", ylabel="z₂", xlim=(-4, 4), ylim=(-4, 4), aspect="equal"),
        Panel("terms", title="the two parts of the KL term", xlabel="training step", ylabel="nats", xlim=(0, 2500), ylim=(0, 4)),
    ],
    moment=Slider.of({f"{step:,}": i for i, step in enumerate(moments)}, value=len(moments) - 1, label="training step", play=True),
    alt="The aggregated posterior during training: a round blob that breaks up into clusters with gaps between them, while the mutual information rises",
)

# %% [markdown]
# Learning to reconstruct *is* raising the mutual information: the images must be told apart. Apart from a jump in the first steps, the marginal KL stays small, a few per cent of the
# KL term. Almost the whole KL term is thus the price of a useful code, and not a distance to the prior that could be trained away.
#
# Small does not mean none. The picture below shows $q_{\rm agg}(z)/p(z)$: red where the prior promises more codes than there are, blue where it promises fewer. A
# red region is a **hole**: the prior sends samples there, and the decoder was hardly ever trained there.
#
# **Predict, then move.** What does the decoder draw in a hole between two clusters: noise, a mixture of both digits, or a digit of its own?

# %% name="holes" tags=["picture"]
log_ratio = (density_picture(mean, logvar).clamp_min(1e-12).log() + 0.5 * (AXIS[:, None] ** 2 + AXIS**2) + math.log(2 * math.pi)) / math.log(10)
radius = (AXIS[:, None] ** 2 + AXIS**2).sqrt()
deepest = torch.where(radius < 2, log_ratio, torch.inf).argmin()
fullest = torch.where(radius < 2, log_ratio, -torch.inf).argmax()


def place(index):
    return {"z1": round(float(AXIS[index % 161]), 2), "z2": round(float(AXIS[index // 161]), 2)}


def probe(view, z1, z2):
    z = torch.tensor([[z1, z2]])
    view["latent"].heatmap("ratio", torch.where(radius < 3.4, log_ratio.clamp(-1.5, 1.5), 0.0), EXTENT, cmap="RdBu", limits=(-1.5, 1.5))
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
        Panel("latent", title="log₁₀ q_agg / p, red: a hole", xlabel="z₁", ylabel="z₂", xlim=(-4, 4), ylim=(-4, 4), aspect="equal", width=1.4),
        Panel("decoded", title="the decoder draws", axes=False, aspect="equal"),
        Panel("nearest", title="nearest training digit", axes=False, aspect="equal"),
    ],
    z1=Slider(-4.0, 4.0, step=0.05, value=place(deepest)["z1"], label="z₁"),
    z2=Slider(-4.0, 4.0, step=0.05, value=place(deepest)["z2"], label="z₂"),
    presets={"deepest hole": place(deepest), "most crowded": place(fullest), "far outside": {"z1": 3.8, "z2": 3.8}},
    alt="A map of where the prior promises more codes than there are, a point on it, and the digit that the decoder draws at this point",
)

# %% [markdown]
# In a hole the decoder draws a passage between its neighbours: neither noise nor a digit of its own. Are such pictures worse? Count the pixels in which a picture
# (cut at one half) differs from the nearest training digit, for 5,000 samples from the prior; real held-out digits are the yardstick.

# %% name="holes-number"
def to_nearest(images):
    """Pixels that differ from the nearest training digit, shape (n,)."""
    return torch.cdist(images, digits.train, p=1).amin(1)


z = torch.randn(5000, 2, generator=generator)
ratio = (log_q_agg(z.double(), mean, logvar) + 0.5 * (z**2).sum(1) + math.log(2 * math.pi)).exp()
differ = to_nearest((vae.decode(z) > 0.5).float())
for name, where in (("q_agg < p/2, holes", ratio < 0.5), ("between", (ratio >= 0.5) & (ratio <= 2)), ("q_agg > 2p, crowded", ratio > 2)):
    print(f"{name:20} {where.float().mean():6.1%} of the samples, {differ[where].mean():.1f} pixels from the nearest training digit")
print(f"{'held-out digits':20}         {to_nearest(digits.held_out).mean():.1f} pixels from the nearest training digit")

# %% [markdown]
# Pictures from holes are the farthest from any training digit, those from crowded places the nearest. Yet a new real digit is just as far from the training set: at a
# marginal KL of 0.14 nats the holes are shallow, and samples from them are not garbage. "Holes spoil the samples" is true of deep holes only; at β = 0.25 below you can see some.
#
# ## 4.4 What β pushes down
#
# A β-VAE maximises reconstruction $- \beta\cdot$ average KL, and by the surgery this is reconstruction $-\ \beta\,\mathbb I_q[x,z] - \beta\,\mathrm{KL}(q_{\rm agg}\Vert p)$. The hope is often
# that β makes the codes fit the prior. But β multiplies *both* terms, and one of them is some twenty times larger.
#
# **Predict, then move.** Between β = 0.5 and β = 2, which of the two terms loses more nats? Which loses the larger share of itself? What do reconstructions look like at β = 4?

# %% name="beta" tags=["picture"]
BETAS = [0.25 * 2 ** (k / 2) for k in range(9)]
chosen = [int((digits.held_out_labels == label).nonzero()[2]) for label in range(10)]
prior_draws = torch.randn(10, 2, generator=generator)
beta_runs = {}
for b in BETAS:
    model = stored(f"beta {b:.3g}")
    posterior = model.encode(digits.train)
    split = elbo_surgery(*posterior, grid=800 if b < 0.5 else 400)
    own = elbo(model, digits.train, samples=10, generator=generator)
    held = elbo(model, digits.held_out, samples=20, generator=generator)
    pictures = [digits.held_out[chosen], model.decode(model.encode(digits.held_out[chosen])[0]), model.decode(prior_draws)]
    beta_runs[b] = {
        "density": density_picture(*posterior), "strip": strip(torch.cat(pictures), 3),
        "information": float(split.mutual_information), "marginal": float(split.marginal_kl),
        "reconstruction": float(own.reconstruction.mean()), "held": float(held.value.mean()),
    }


def move_beta(view, beta):
    b = min(BETAS, key=lambda other: abs(math.log(other / beta)))
    run = beta_runs[b]
    view["latent"].heatmap("aggregated", run["density"], EXTENT, limits=(0, 0.25))
    circles(view["latent"])
    view["latent"].title(f"aggregated, β = {b:.3g}")
    for key, label, color in (("information", "mutual information", "q"), ("marginal", "marginal KL", "third")):
        values = [beta_runs[other][key] for other in BETAS]
        view["terms"].curve(key, BETAS, values, color=color, label=label)
        view["terms"].scatter(key + " points", np.c_[BETAS, values], color=color, size=5)
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
            Panel("terms", title="the two terms", xlabel="β", ylabel="nats", xlim=(0.23, 4.4), ylim=(0, 5.5), xscale="log"),
        ],
        [Panel("strip", title="held-out digits; their reconstructions; samples from the prior", axes=False, aspect="equal")],
    ],
    size=(9, 6.4),
    beta=Slider(0.25, 4.0, step=2**0.5, value=1.0, label="β", log=True),
    alt="The aggregated posterior, the two parts of the KL term and reconstructed digits for nine values of beta",
)

# %% [markdown]
# In nats β pushes down the **mutual information**: from β = 0.5 to 2 it takes about 2.2 nats from it and 0.2 nats from the marginal KL. As a share of itself the marginal KL
# falls faster (by about 80 % against 50 %): bending the latent space can lower it, while the information, which no invertible map changes, can only be given up. At β = 4 the code is nearly given up: the
# posterior of every image is close to the prior (*posterior collapse*), the marginal KL is zero, and the reconstruction is the same grey blob for nearly every digit. A
# small marginal KL alone is thus no sign of a good model.
#
# ## 4.5 The best prior
#
# The prior stands in one term only, $-\mathrm{KL}(q_{\rm agg}\Vert p)$. With encoder and decoder fixed, the best prior is therefore $p = q_{\rm agg}$, and it raises the
# training ELBO by exactly the marginal KL. On a table of five states we can let an optimiser look for the best prior, without telling it:

# %% tags=["claim:optimal-prior"]
logits = torch.zeros(5, dtype=torch.float64, requires_grad=True)
table = torch.tensor(encoder_table)
optimiser = torch.optim.LBFGS([logits], max_iter=200, tolerance_grad=1e-12, tolerance_change=1e-16, line_search_fn="strong_wolfe")


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
    ("lecture: least average KL is the mutual information (marginal KL = 0)", information), ("least average KL that the optimiser found", float(average_kl_of_prior())), tol=1e-8,
)

# %% [markdown]
# Now on the digits. We replace $\mathcal N(0, I)$ by the aggregated posterior **of the training images**, and look at the ELBO of both parts of the data.

# %% name="optimal-prior-digits"
def log_normal(z):
    return StandardNormal(z.shape[-1]).log_prob(z)


def gain(log_prior, z):
    """What a prior adds to the average ELBO, in nats: the mean of log prior - log N(0, I) over draws from posteriors."""
    return float((log_prior(z) - log_normal(z)).mean())


def some_draws(mean, logvar, draws, seed):
    noise = torch.randn(draws, *mean.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return reparameterise(mean, logvar, noise).reshape(-1, mean.shape[1])


z_train, z_held = some_draws(mean, logvar, 5, 1), some_draws(held_mean, held_logvar, 20, 2)
aggregated = AggregatedPosterior(mean, logvar)
print(f"marginal KL on the grid:                          {exact.marginal_kl:.3f} nats")
print(f"gain of the aggregated prior, training digits:    {gain(aggregated.log_prob, z_train):.3f} nats")
print(f"gain of the aggregated prior, held-out digits:    {gain(aggregated.log_prob, z_held):.3f} nats")

# %% [markdown]
# On the training set the gain is the marginal KL, as it must be. On held-out digits it is smaller. The reason: the aggregated posterior puts a bump *exactly where the training
# codes are*, and the held-out codes lie beside them. How bad it gets depends on how narrow the bumps are and how many there are.
#
# For narrow bumps we train the other VAE: grey values and a Gaussian decoder whose $\sigma$ is learnt. Your `gaussian_decoder` measures how well it fits.

# %% name="train-gaussian"
grey_vae = VAE(mlp((64, 64, 64, 4), "silu", seed=1), mlp((2, 64, 64, 64), "silu", seed=2), 2, likelihood="gaussian")
fit_vae(grey_vae, grey.train, 2500, progress="training the Gaussian VAE")
grey_vae.requires_grad_(False)

sigma = float(grey_vae.log_sigma.exp())
grey_mean, grey_logvar = (part.double() for part in grey_vae.encode(grey.train))
grey_held = tuple(part.double() for part in grey_vae.encode(grey.held_out))
fit_of_means = gaussian_decoder(grey.held_out, grey_vae.decode(grey_vae.encode(grey.held_out)[0]), sigma).mean()
widths = [float(torch.exp(part / 2).mean()) for part in (logvar, grey_logvar)]
print(f"learnt σ = {sigma:.3f}; held-out log p(x|z) at the posterior means: {fit_of_means:.1f} nats (a log-density)")
print(f"mean width of a posterior: Bernoulli {widths[0]:.3f}, Gaussian {widths[1]:.3f}")

# %% [markdown]
# **Predict, then move.** The prior is now the aggregated posterior of only $m$ training digits. For which $m$ is it better than $\mathcal N(0, I)$ on its own $m$ digits? For which on held-out ones?

# %% name="overfit" tags=["picture"]
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
        overfit[name, count] = (gain(prior.log_prob, z_own), gain(prior.log_prob, z_other))


def move_count(view, count, decoder):
    m, s, z_other = models[decoder]
    view["latent"].heatmap("prior", density_picture(m[:count], s[:count]).clamp_max(0.3), EXTENT, limits=(0, 0.3))
    view["latent"].scatter("held-out", z_other[:360], color="muted", size=3, alpha=0.7, label="codes of held-out digits")
    view["latent"].title(f"prior made of {count} digits")
    values = np.array([overfit[decoder, other] for other in COUNTS])
    view["gains"].curve("own", COUNTS, values[:, 0], color="p", label="on its own digits")
    view["gains"].curve("held-out", COUNTS, values[:, 1], color="q", label="on held-out digits")
    view["gains"].hline("zero", 0.0)
    view["gains"].vline("now", count, style="dashed")
    view.readout("gain on its own digits", overfit[decoder, count][0], ".3f")
    view.readout("gain on held-out digits", overfit[decoder, count][1], ".3f")


explore(
    move_count,
    panels=[
        Panel("latent", xlabel="z₁", ylabel="z₂", xlim=(-4, 4), ylim=(-4, 4), aspect="equal"),
        Panel("gains", title="gain over N(0, I)", xlabel="m, digits in the prior", ylabel="nats", xlim=(9, 1600), ylim=(-4, 4), xscale="log"),
    ],
    count=Slider.of(COUNTS, value=100, label="m, digits in the prior", play=True),
    decoder=Choice(["Bernoulli", "Gaussian"], value="Bernoulli", label="decoder"),
    alt="A prior made of a growing number of posteriors, and what it gains on its own digits and on held-out ones",
)

# %% [markdown]
# On its own digits the aggregated prior always gains, and most when it is made of few. On held-out digits it loses by many nats until enough bumps cover the space: for the
# Bernoulli decoder between 400 and 700 digits, for the narrow bumps of the Gaussian one between 700 and 1,000. That is overfitting in the plain sense: a prior with as many bumps as there
# are training images has memorised their codes.
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
# We keep encoder and decoder as they are and learn the prior alone, so that all differences come from the prior. Three families:
# pseudo-inputs that are images (pixels in $[0,1]$), pseudo-inputs that may be anything, and, as a **control**, $K$ free Gaussians in the latent space that know nothing of the
# encoder. If the control does as well, the pseudo-inputs do not matter.
#
# Every prior gains at most the marginal KL on the training set. Is each of them at least as good as $\mathcal N(0, I)$?

# %% name="fit-priors"
SIZES = (1, 2, 5, 10, 50, len(digits.train))
FAMILIES = ("images", "free inputs", "Gaussians")
order = torch.randperm(len(digits.train), generator=torch.Generator().manual_seed(5))
average_image = digits.train.mean(0)
spread = torch.log(vae.encode(digits.train)[0].var(0) + 0.1)
by_student = lambda prior, z: vamp_log_prob(z, vae.encode, prior.inputs)

codes = mean.float(), logvar.float()
fitted, gains = {}, {}
for family in FAMILIES:
    for size in SIZES[:-1]:
        rows, label = order[:size], f"{family}, K = {size}"
        if family == "images":
            start = VampPrior(vae.encode, digits.train[rows])
            prior = fit_prior(start, *codes, 400, log_prob=by_student, progress=label)
        elif family == "free inputs":
            noise = torch.randn(size, 64, generator=torch.Generator().manual_seed(size))
            start = VampPrior(vae.encode, average_image + 0.1 * noise, low=None, high=None)
            prior = fit_prior(start, *codes, 600, rate=0.02, log_prob=by_student, progress=label)
        else:
            start = MixturePrior(codes[0][rows], (spread - math.log(size)).expand(size, 2))
            prior = fit_prior(start, *codes, 400, progress=label)
        fitted[family, size] = prior.requires_grad_(False)
    # K = n and u = x: the aggregated posterior.
    fitted[family, SIZES[-1]] = VampPrior(vae.encode, digits.train).requires_grad_(False)
for key, prior in fitted.items():
    gains[key] = (gain(prior.log_prob, z_train[:8000]), gain(prior.log_prob, z_held))

# %% [markdown]
# **Predict, then move.** How many pseudo-inputs come close to the aggregated posterior? What does one pseudo-image look like that stands for *all* digits?

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
    view["latent"].contour("aggregated", AXIS, AXIS, history[-1][1], levels=[0.02, 0.1], color="q", width=1, label="aggregated posterior")
    view["latent"].title(f"prior, K = {k}")
    view["inputs"].image("images", images, extent=extent, limits=(0, 1))
    view["inputs"].title("decoded means" if family == "Gaussians" else "pseudo-inputs" + (" (the first 51)" if k > 50 else ""))
    for other in FAMILIES:
        values = np.array([gains[other, size] for size in SIZES])
        chosen_one = other == family
        view["gains"].curve(other, SIZES, values[:, 0], color=COLORS[other], style="solid", width=2.4 if chosen_one else 1, alpha=1.0 if chosen_one else 0.4, label=other)
        if chosen_one:
            view["gains"].curve("held-out", SIZES, values[:, 1], color=COLORS[other], style="dotted", label="held-out")
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
            Panel("gains", title="gain over N(0, I)", xlabel="K", ylabel="nats", xlim=(0.9, 1600), ylim=(-0.5, 0.2), xscale="log"),
        ],
        [Panel("inputs", axes=False, aspect="equal", xlim=(0, 5), ylim=(0, 1))],
    ],
    size=(9, 5.4),
    k=Slider.of(SIZES, value=10, label="K, components", play=True),
    family=Choice(list(FAMILIES), value="images", label="components from"),
    presets={"one image": {"k": 1, "family": "images"}, "fifty images": {"k": 50, "family": "images"},
             "fifty Gaussians": {"k": 50, "family": "Gaussians"}},
    alt="The VampPrior for a growing number of pseudo-inputs: its density, the pseudo-inputs, and the gain in ELBO on training and held-out digits",
)

# %% [markdown]
# Three things that the slide does not say:
#
# - With encoder and decoder fixed, a few pseudo-*images* are **worse than** $\mathcal N(0, I)$: no image has a posterior as wide as the prior, and one narrow bump cannot cover all codes. From about ten on they gain. In
#   the VampPrior's own training the encoder moves along and can avoid this.
# - Without the bounds on the pixels the pseudo-inputs do about as well as free Gaussians; in this latent space the *pseudo-inputs* are not what matters, the *mixture* is.
# - Fifty components reach nearly the whole gain of all 1,437, in training and on held-out digits.
#
# With the wide posteriors of this VAE there was little to overfit. The Gaussian VAE has narrow ones, and there the small prior wins on held-out digits:

# %% name="small-prior"
grey_codes = grey_mean.float(), grey_logvar.float()
grey_spread = torch.log(grey_codes[0].var(0) / 50).expand(50, 2)
fifty = fit_prior(MixturePrior(grey_codes[0][order[:50]], grey_spread), *grey_codes, 800, progress="50 Gaussians")
z_grey, z_grey_held = some_draws(grey_mean, grey_logvar, 5, 7), some_draws(*grey_held, 20, 8)
for name, prior in (("50 free Gaussians", fifty), ("all 1,437 posteriors", AggregatedPosterior(grey_mean, grey_logvar))):
    with torch.no_grad():
        print(f"{name:22} gain {gain(prior.log_prob, z_grey):.2f} nats in training, {gain(prior.log_prob, z_grey_held):.2f} nats held-out")

# %% [markdown]
# With $K = n$ and $u_i = x_i$ the VampPrior *is* the aggregated posterior. Two different computations agree on that:

# %% tags=["claim:vampprior"]
full = VampPrior(frozen.encode, digits.train.double())
few = VampPrior(frozen.encode, digits.train[order[:50]].double())
kl_full, kl_few = (float(elbo_surgery(frozen_mean, frozen_logvar, prior=prior, grid=200).average_kl) for prior in (full, few))
print(f"average KL to N(0, I): {float(gaussian_kl(frozen_mean, frozen_logvar).mean()):.4f}; to a VampPrior of 50 training images: {kl_few:.4f}")
holds(
    "vampprior",
    ("average KL to the VampPrior with K = n, u = x", kl_full),
    ("mutual information, which no prior can beat", float(elbo_surgery(frozen_mean, frozen_logvar, grid=800).mutual_information)), tol=1e-5,
)

# %% [markdown]
# ## 4.7 The gap that is left
#
# The slide "VAE limitations" leaves a question mark: $\log p(x\mid\theta) - \mathcal L(q,\theta) = (?)$. The notes answer it (UL p.18 and p.21): it is $\mathrm{KL}(q(z\mid x)\Vert p(z\mid x))$, the price of an
# encoder that is not the posterior. In a linear-Gaussian model with a two-dimensional code whose posterior is *tilted* all parts have closed forms:

# %% tags=["claim:vae-gap"]
W = torch.tensor([[1.0, 0.8], [0.3, 1.0], [0.5, -0.2]], dtype=torch.float64)
noise_variance, x = 0.5, torch.tensor([0.7, -1.1, 0.4], dtype=torch.float64)
evidence = torch.distributions.MultivariateNormal(torch.zeros(3).double(), W @ W.T + noise_variance * torch.eye(3).double())
posterior_cov = torch.linalg.inv(torch.eye(2).double() + W.T @ W / noise_variance)
posterior_mean = posterior_cov @ W.T @ x / noise_variance
q_mean, q_variance = torch.tensor([0.2, -0.5], dtype=torch.float64), torch.tensor([0.3, 0.2], dtype=torch.float64)
residual = (x - W @ q_mean).square().sum() + (W.square().sum(0) * q_variance).sum()
bound = -0.5 * residual / noise_variance - 1.5 * math.log(2 * math.pi * noise_variance) - gaussian_kl(q_mean[None], q_variance.log()[None])[0]
holds(
    "vae-gap",
    ("lecture: KL(q ‖ p(z|x))", float(kl_between_gaussians(q_mean, torch.diag(q_variance), posterior_mean, posterior_cov))),
    ("log p(x) - ELBO", float(evidence.log_prob(x) - bound)), tol=1e-9,
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
# **Predict, then move.** How many draws halve the gap? How many close it to a tenth of a nat? (The exact value comes from a grid over the latent square; that is possible in two dimensions only.)

# %% name="more-draws" tags=["picture"]
some = digits.held_out[:200]
some_posterior = vae.encode(some)
table_noise = torch.randn(4096, len(some), 2, generator=torch.Generator().manual_seed(6))
z = reparameterise(*some_posterior, table_noise)
log_own = -0.5 * (table_noise**2 + some_posterior[1] + math.log(2 * math.pi)).sum(-1)
log_w = (torch.cat([vae.log_likelihood(some, part) for part in z.split(128)]) + log_normal(z) - log_own).double()
true_evidence = float(evidence_on_grid(vae, some, points=200).log_evidence.mean())

DRAWS = [2**k for k in range(12)]
bounds = []
for k in DRAWS:  # the mean over disjoint groups of k draws, and the error that one group alone would have
    groups = torch.stack([importance_bound(group) for group in log_w.split(k)])
    bounds.append((float(groups.mean()), float(groups.var(0).mean() / len(some)) ** 0.5))
bounds = np.array(bounds)


def more_draws(view, k):
    index = DRAWS.index(k)
    view.curve("bound", DRAWS, bounds[:, 0], color="q", label="importance-weighted bound")
    view.scatter("here", [[k, bounds[index, 0]]], color="q", size=9)
    view.hline("exact", true_evidence, color="p", style="solid", label="log p(x), on a grid")
    view.hline("elbo", bounds[0, 0], color="muted", style="dotted", label="ELBO")
    view.readout("draws K", k)
    view.readout("bound", bounds[index, 0], ".3f")
    view.readout("standard error with K draws", bounds[index, 1], ".3f")
    view.readout("gap to log p(x)", true_evidence - bounds[index, 0], ".3f")


explore(
    more_draws,
    panels=[Panel("bound", title="mean over 200 held-out digits", xlabel="K, draws for each image", ylabel="nats", xlim=(0.9, 2300), xscale="log")],
    k=Slider.of(DRAWS, label="draws K"),
    alt="The importance-weighted bound rises with the number of draws from the ELBO to the exact log-likelihood",
)

# %% [markdown]
# Who is to blame for the gap: the encoder *network*, which must answer for every image at once, or the *Gaussian family*? Give every held-out image its own best Gaussian, found
# by optimising $\mu$ and $\log\sigma^2$ for this image alone, once from the encoder's answer and once from the highest point of the exact posterior. What the bound gains is the network's fault; what is left is the family's.
#
# The slider shows ten held-out digits: 0 and 1 have the largest gaps of all, 2 to 5 have the largest gap that even the best Gaussian leaves, the others become more and more typical.

# %% name="posteriors" tags=["picture"]
WINDOW = 2.0
by_network = evidence_on_grid(vae, digits.held_out, points=200)
best = fit_posteriors(vae, digits.held_out, 100, starts=[by_network.mode], progress="the best Gaussian of each image")
by_best = evidence_on_grid(vae, digits.held_out, points=200, posteriors=best)
hardest, worst_family = by_network.posterior_kl.argsort(descending=True), by_best.posterior_kl.argsort(descending=True)
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


def move_image(view, index):
    row = int(shown[index])
    centre, density = portraits[index]
    view["latent"].heatmap("posterior", density, (-WINDOW, WINDOW, -WINDOW, WINDOW), limits=(0, 1))
    for name, (m, s), color in (("encoder", (vae.encode(digits.held_out)), "q"), ("best Gaussian", best, "third")):
        view["latent"].ellipse(name, m[row] - centre, torch.diag(s[row].exp()), std=2, color=color, label=f"{name} (2 sd)")
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
        Panel("latent", title="exact posterior p(z|x)", xlabel="z₁ - its mean", ylabel="z₂ - its mean", xlim=(-2, 2), ylim=(-2, 2), aspect="equal", width=1.3),
        Panel("gaps", title="log p(x) - ELBO", ylabel="nats", ylim=(0, 4)),
    ],
    index=Slider(0, len(shown) - 1, value=0, label="digit"),
    alt="The exact posterior of a held-out digit as a map, the ellipses of the encoder and of the best Gaussian, and the gap of each",
)

# %% [markdown]
# Some exact posteriors have two islands: two different codes explain the digit, and no Gaussian covers both. Yet for most held-out digits the Gaussian family is
# innocent; it is the *network* that points at the wrong place.
#
# **The limitations, each with its number.** The slide lists four weak points without saying how much each of them costs. Measured on the stored model and every second held-out digit:
#
# - *poor decoder*: six more latent dimensions, everything else equal, raise $\log p(x)$ by so much. Given $z$, the pixels are independent, so what a code of two numbers cannot say must be noise;
# - *loose bound*: the mean gap $\log p(x) - \mathcal L$;
# - *poor posterior*: the part of the gap that the best Gaussian leaves. (The rest is the network's.)
# - *poor prior*: the gain of the aggregated training posterior.

# %% tags=["claim:vae-limitations"]
held = digits.held_out[::2].double()
exact_held = evidence_on_grid(frozen, held, points=200)
frozen_best = fit_posteriors(frozen, held, 100, starts=[exact_held.mode])
richer = importance_weighted_bound(stored("latent 8", 8).double(), held, 500, generator=torch.Generator().manual_seed(0))
z_frozen = some_draws(*frozen.encode(held), 20, 2)
costs = {
    "poor decoder (and code)": float(richer.value.mean() - exact_held.log_evidence.mean()),
    "loose bound": float(exact_held.posterior_kl.mean()),
    "poor posterior (Gaussian family)": float(evidence_on_grid(frozen, held, points=200, posteriors=frozen_best).posterior_kl.mean()),
    "poor prior": gain(AggregatedPosterior(frozen_mean, frozen_logvar).log_prob, z_frozen),
}
for name, cost in costs.items():
    print(f"{name:34} {cost:5.2f} nats")
holds(
    "vae-limitations",
    ("lecture: each of the four costs something; the smallest, in nats", min(costs.values())), ("nothing", 0.0), relation=">", tol=1e-2, digits=1,
)

# %% [markdown]
# All four are real, and they are far from equal. What two numbers and independent pixels cannot express costs most. Then comes the bound, mostly through the encoder network.
# Gaussian posteriors and the $\mathcal N(0, I)$ prior, which the literature repairs first with flows and VampPriors, cost a tenth of a nat each **in this model**. With a
# Gaussian decoder the prior's share is several times larger: section 4.5 has the number.
#
# ## Open experiment
#
# - Train the VAE with eight latent dimensions (`LATENT = 8`; the pictures need two, `elbo_surgery(mean, logvar)` does not). Does the mutual information come closer to $\log n$? What happens to
#   the marginal KL?
# - Train encoder, decoder and VampPrior *together*: `fit_vae` takes your loss, and `elbo(vae, images, prior=prior)` gives it. Put the pseudo-inputs among the parameters. Do few pseudo-images still do harm?
# - Choose β so that the held-out $\log p(x)$ is largest. Is it 1?

# %% name="open-experiment"
# Your experiment.

# %% [markdown]
# ## What to remember
#
# - average KL $=$ mutual information $+$ marginal KL. The first part is the code's content, at most $\log n$; only the second part measures the distance to the prior.
# - The same draws make the identity exact; separate draws test it.
# - β pushes on both. In nats it takes from the mutual information; at large β the code collapses with a perfect marginal KL.
# - The aggregated posterior is the best prior for the images it is made of, by exactly the marginal KL, and for no others. Fifty components do as well.
# - $\log p(x) - \mathcal L = \mathrm{KL}(q\Vert p(z\mid x))$: importance weighting measures it, and a per-image fit says whose fault it is.
# - The bound is on $\log p(x)$. Without the logarithm it is true and useless.
#
# ## References
#
# - R. Isachenko, *Deep Generative Models*, Lecture 8, AI Masters, 2022; *UL: GANs & VAEs*, p.18-23.
# - M. Hoffman, M. Johnson, *ELBO surgery: yet another way to carve up the variational evidence lower bound*, 2016.
# - J. Tomczak, M. Welling, *VAE with a VampPrior*, 2018.
# - Y. Burda, R. Grosse, R. Salakhutdinov, *Importance weighted autoencoders*, 2016.
# - C. Cremer, X. Li, D. Duvenaud, *Inference suboptimality in variational autoencoders*, 2018.
