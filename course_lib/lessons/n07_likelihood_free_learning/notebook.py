# %% [markdown]
# # 7 · Learning without a likelihood
#
# *About 100 minutes. Follows I21 and I22, "Likelihood based models" and "Likelihood-free learning", and U17, "Some intuition" and "Implicit models".*
#
# After this notebook you can
#
# - name a model with perfect samples and a terrible likelihood, one with the opposite, and say when the numbers support that;
# - say what $\log 100$ nats mean in 1, 20 and 2,000 dimensions, and why the size of $\log p$ itself means nothing;
# - list what samples alone can tell about a model that has no density;
# - build a two-sample test from any statistic, with the level that you want, and say what "accept if $T<\alpha$" gets wrong;
# - measure which tests survive in high dimensions, and which part of the loss no test can avoid;
# - move points towards the data with nothing but a classifier, and see where that sticks.
#
# **Recap.** [Notebook 3](03_vae.ipynb) trained models by a bound of their likelihood, and the flows of [notebook 5](05_flows_in_vaes.ipynb)
# make such bounds tighter. Both take for granted that the likelihood is worth maximising. This notebook asks what it measures, and what
# to do when there is none.
#
# **Notation.** $\pi$ is the distribution of the data; $p$, with an index, is a model. Where a classifier comes in (from section 7.8 on), U17 calls
# the data $P$ and the model $Q$, and so do we. $\mathcal N(\mu,\sigma^2)$ is a Gaussian with *variance* $\sigma^2$, $\lVert\cdot\rVert$ the Euclidean norm.
# Logarithms are natural: log-densities are in *nats* (1 nat is 1.44 bits).

# %% name="setup"
import math
from functools import lru_cache

import numpy as np
import torch
from scipy import integrate, optimize, special, stats
from torch.distributions import MultivariateNormal, Normal
from tqdm.auto import tqdm

from course_lib.claims import convention, erratum, holds
from course_lib.data import load_digits, ring
from course_lib.evaluation import classifier_two_sample_test, permutation_test
from course_lib.exercises import check, hint, owner, predict
from course_lib.lessons.n07_likelihood_free_learning.followers import START, TARGETS, Followers, exact_w1
from course_lib.lessons.n07_likelihood_free_learning.runs import SHIFTS, SIZES, blob_pair, stored
from course_lib.widgets import Choice, LiveTraining, Panel, Slider, explore

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # everything here is small: sharing it between cores costs more than it saves
PHI = Normal(0.0, 1.0)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


# %% [markdown]
# ## 7.1 A model that copies
#
# Put a narrow Gaussian around each of the $n$ training points $x_i$:
#
# $$p_1(x) = \frac1n\sum_{i=1}^n \mathcal N(x\mid x_i, \epsilon I).$$
#
# To draw from it, pick a training point and add noise of variance $\epsilon$ to each coordinate. The smaller $\epsilon$, the better the samples: they *are* the training
# points. The lecture says that the likelihood is very poor then. We use two data sets: 50 points of a ring of eight Gaussians in the plane, and
# 400 digits of 64 pixels with grey values from 0 to 1. *Held out* means: from the same source, not among the $x_i$.

# %% name="data"
truth = ring()
ring_train, ring_held = truth.sample(50, seeded(0)), truth.sample(300, seeded(1))
digits = load_digits()
digit_train, digit_held = digits.train[:400].double(), digits.held_out.double()
of_truth = float(truth.log_prob(ring_held).mean())
print(f"ring: mean log-density of held-out points under the truth {of_truth:.2f} nats")

# %% [markdown]
# ### Exercise 7.1 · The log-density of the mixture
#
# `hint("07.log_p1")` gives a hint, and one more at each call. Far from all $x_i$ every term rounds to 0, so the work has to be done in logarithms.


# %% tags=["exercise:07.log_p1"]
def log_p1(x, centres, eps):
    """log p1(x) in nats, for a Gaussian of variance eps (a float) around each centre.

    x: shape (m, d). centres: shape (n, d). Returns shape (m,).
    """
    # region solution
    n, d = centres.shape
    squares = (x[:, None] - centres).square().sum(-1)
    logs = -squares / (2 * eps) - d / 2 * math.log(2 * math.pi * eps)
    return torch.logsumexp(logs, 1) - math.log(n)
    # endregion


log_p1 = check("07.log_p1", log_p1)

# %% name="widths"
EPS = torch.logspace(-6, 0, 61)


def squares_between(x, centres):
    return torch.cdist(x, centres).square()


def mean_log_p1(x, eps):
    """The mean of your log p1 over points of the plane, with bumps on the 50 training points."""
    return float(np.mean([float(value) for value in log_p1(x, ring_train, eps)]))


def from_squares(squares, eps, d):
    """The mean of log p1 from squared distances (m, n): the same formula, on distances computed once."""
    logs = -squares / (2 * eps) - d / 2 * math.log(2 * math.pi * eps)
    return float((torch.logsumexp(logs, 1) - math.log(squares.shape[1])).mean())


digit_parts = {"train": digit_train, "held": digit_held}
digit_squares = {part: squares_between(x, digit_train) for part, x in digit_parts.items()}
nearest = {
    "ring": squares_between(ring_held, ring_train).min(1).values.mean(),
    "digits": digit_squares["held"].min(1).values.mean(),
}
CURVES = {
    "ring": {
        "train": [mean_log_p1(ring_train, float(e)) for e in EPS],
        "held": [mean_log_p1(ring_held, float(e)) for e in EPS],
    },
    "digits": {part: [from_squares(s, float(e), 64) for e in EPS] for part, s in digit_squares.items()},
}
DIMENSION, COUNT = {"ring": 2, "digits": 64}, {"ring": 50, "digits": 400}
best_at = {name: int(np.argmax(CURVES[name]["held"])) for name in CURVES}

# A competitor that nobody would call a good model of digits: one Gaussian.
covariance = torch.cov(digit_train.T) + 1e-3 * torch.eye(64)
one_gaussian = float(MultivariateNormal(digit_train.mean(0), covariance).log_prob(digit_held).mean())

# %% [markdown]
# The picture below opens at a wide $\epsilon$. Its curves appear as you make $\epsilon$ smaller.

# %% name="predict-copy" tags=["predict"]
predict(
    "07.copy",
    "ε goes to 0. What happens to the mean log-likelihood of p₁ on the training digits?",
    choices=("it goes to +∞", "it goes to −∞", "it stays finite"),
    answer=f"""To +∞: at ε = 10⁻⁶ it is {CURVES["digits"]["train"][0]:,.0f} nats an image, because the bump of
    each training point has the height (2πε)^(−d/2). On held-out digits it is
    {CURVES["digits"]["held"][0]:,.0f} there. "The likelihood is very poor" speaks of data that the model has
    not seen.""",
)

# %% name="copying" tags=["picture"]
COPY_NOISE = torch.randn(300, 2, generator=seeded(2)), torch.randn(36, 64, generator=seeded(3))
PICKED = torch.randint(50, (300,), generator=seeded(4))


def sheet(images, side=6):
    tiles = torch.nn.functional.pad(images[: side * side].reshape(-1, 8, 8), (0, 1, 0, 1))
    return tiles.reshape(side, side, 9, 9).permute(0, 2, 1, 3).reshape(9 * side, 9 * side)[:-1, :-1]


def copying(view, eps, data):
    root, d = math.sqrt(eps), DIMENSION[data]
    made = ring_train[PICKED] + root * COPY_NOISE[0]
    view["plane"].scatter("q", made, color="q", size=4, label="samples of p₁")
    view["plane"].scatter("p", ring_train, color="p", size=5, label="training points")
    view["digits"].image("sheet", sheet((digit_train[:36] + root * COPY_NOISE[1]).clamp(0, 1)), limits=(0, 1))
    seen = 0.99 * eps < EPS  # the curves appear from the right
    looks = (("train", "muted", ":", "training data"), ("held", "p", "-", "held out"))
    for part, color, style, label in looks:
        per_dimension = torch.tensor(CURVES[data][part]) / d
        view["curves"].curve(part, EPS[seen], per_dimension[seen], color=color, style=style, label=label)
    rule = -nearest[data] / (2 * EPS) - d / 2 * torch.log(2 * torch.pi * EPS) - math.log(COUNT[data])
    view["curves"].curve("rule", EPS[seen], rule[seen] / d, color="accent", style="--", label="nearest only")
    view["curves"].vline("here", eps)
    here = {
        "ring": lambda: [mean_log_p1(x, eps) for x in (ring_train, ring_held)],
        "digits": lambda: [from_squares(digit_squares[part], eps, 64) for part in ("train", "held")],
    }[data]()
    view.readout("training log-likelihood, nats", here[0], ",.1f")
    view.readout("held-out log-likelihood, nats", here[1], ",.1f")
    view.readout("log_p1 by", owner(log_p1))


explore(
    copying,
    panels=[
        Panel("plane", title="ring", xlabel="x₁", ylabel="x₂", xlim=(-3.2, 3.2), ylim=(-3.2, 3.2),
              aspect="equal"),
        Panel("digits", title="digits drawn from p₁", aspect="equal", axes=False, width=0.8),
        Panel("curves", title="mean log-density", xlabel="ε, the variance", ylabel="nats per dimension",
              xlim=(1e-6, 1), xscale="log", ylim=(-8, 6), width=1.1),
    ],
    eps=Slider(1e-6, 1.0, step=10**0.1, value=1.0, log=True, label="ε"),
    data=Choice(["ring", "digits"], value="digits", label="curves of"),
    presets={
        "copies": {"eps": 1e-4, "data": "digits"},
        "best held out, digits": {"eps": float(EPS[best_at["digits"]]), "data": "digits"},
        "best held out, ring": {"eps": float(EPS[best_at["ring"]]), "data": "ring"},
    },
    size=(13, 4.4),
    alt="Samples of the mixture on the ring and as digits beside its log-density on training and held-out "
    "data",
)

# %% [markdown]
# The dashed line keeps only the nearest training point $x_{\text{near}}$ of each held-out $x$:
# $-\tfrac{1}{2\epsilon}\lVert x - x_{\text{near}}\rVert^2 - \tfrac d2\log 2\pi\epsilon - \log n$. For small $\epsilon$ that is all of it, and it says why the fall is so steep: like $1/\epsilon$. And
# where the held-out likelihood is best, the digits look noisy.

# %% name="copy-numbers"
print("log-likelihood of the digits, nats an image")
for place in (0, 20, best_at["digits"]):  # 20 is the place of ε = 1e-4
    train, held = CURVES["digits"]["train"][place], CURVES["digits"]["held"][place]
    print(f"p1, ε = {float(EPS[place]):.1e}   training {train:9,.1f}   held out {held:12,.1f}")
print(f"one Gaussian                               held out {one_gaussian:12,.1f}")
best_on_ring = of_truth - CURVES["ring"]["held"][best_at["ring"]]
best_eps = float(EPS[best_at["ring"]])
print(f"ring: at its best ε = {best_eps:.1e} p1 loses {best_on_ring:.2f} nats against the truth")

# %% tags=["claim:p1-great-samples-poor-likelihood"]
convention(
    "p1-great-samples-poor-likelihood",
    ("p1 at ε = 1e-4 on held-out digits, nats", CURVES["digits"]["held"][20]),
    ("one Gaussian fitted to the same digits, nats", one_gaussian),
    relation="<",
    under="the likelihood is that of held-out data, and ε is small against their distance from the training "
    "points; on the training data the likelihood grows without bound as ε falls",
    digits=4,
)

# %% [markdown]
# ## 7.2 A model of 99 percent noise
#
# Now the opposite. Take a good model $p$ and replace 99 of 100 samples by noise:
#
# $$p_2(x) = 0.01\,p(x) + 0.99\,p_{\text{noise}}(x).$$
#
# The second term is not negative, so dropping it gives the lecture's bound: $\log p_2(x)\ge\log p(x) - \log 100$. Whatever the dimension, the log-likelihood falls by at most
# $\log 100 = 4.605$ nats.
#
# ### Exercise 7.2 · What the noise costs
#
# Write $\log p_2(x) - \log p(x)$ for a weight $w$ in place of 0.01. It has to work in 2,000 dimensions, where $p(x)$ itself is $0$ on a computer.


# %% tags=["exercise:07.p2_gap"]
def p2_gap(log_p, log_noise, weight):
    """log p2(x) - log p(x) in nats for p2 = weight p + (1 - weight) p_noise.

    log_p, log_noise: log-densities of the same points, both of the same shape. weight: a float in (0, 1).
    Returns that shape.
    """
    # region solution
    return torch.logaddexp(math.log(weight) + log_p, math.log(1 - weight) + log_noise) - log_p
    # endregion


p2_gap = check("07.p2_gap", p2_gap)

# %% [markdown]
# Let $p=\mathcal N(0, I)$ in $m$ dimensions be the truth itself, and the noise $\mathcal N(0, s^2I)$. Both depend on $x$ through $r^2=\lVert x\rVert^2$ only, and $r^2$ has the chi-squared distribution with $m$
# degrees of freedom. So the expected gap $\mathbb E_p[\log p - \log p_2]$ is an integral over one number, in every dimension.
#
# What should 4.6 nats be compared with? Not with $\log p$: measure $x$ in another unit, and $\log p$ changes by as much as you like. Compare with what *another model* loses. Ours has the
# right shape and standard deviations that are too large by a factor $1+\delta$, the same in all directions; it loses $\mathrm{KL} = m\,[\log(1+\delta) + \tfrac12(1+\delta)^{-2} - \tfrac12]$ nats.

# %% name="expected-gaps"
SIZES_M = [1, 2, 3, 5, 7, 10, 14, 20, 30, 50, 70, 100, 140, 200, 300, 500, 700, 1000, 1400, 2000]
LOG100 = math.log(100)
LEVELS = (np.arange(2000) + 0.5) / 2000  # the middles of 2,000 equally likely classes
RADII = torch.stack([torch.from_numpy(stats.chi2(m).ppf(LEVELS)) for m in SIZES_M])  # r² of each class


def losses(s, weight=0.01):
    """E[log p - log p2] in nats for each m: shape (20,)."""
    m = torch.tensor(SIZES_M).double()[:, None]
    log_p = -m / 2 * math.log(2 * math.pi) - RADII / 2
    log_noise = -m / 2 * math.log(2 * math.pi * s**2) - RADII / (2 * s**2)
    return -torch.as_tensor(p2_gap(log_p, log_noise, weight)).mean(1)


def kl_of_scale(delta):
    """KL per dimension between N(0, 1) and N(0, (1 + delta)²), in nats."""
    return math.log1p(delta) + 0.5 / (1 + delta) ** 2 - 0.5


ENTROPY = 0.5 * math.log(2 * math.pi * math.e)  # of N(0, 1): 1.4189 nats
overtakes = {delta: math.ceil(LOG100 / kl_of_scale(delta)) for delta in (0.02, 0.05, 0.1, 0.2)}
loss_at_1, loss_at_20 = float(losses(3.0)[0]), float(losses(3.0)[SIZES_M.index(20)])

# %% name="predict-log100" tags=["predict"]
predict(
    "07.log100",
    "A model of N(0, I) has standard deviations that are 5 % too large; nobody sees it in its samples. "
    "From which dimension m on does it have a worse likelihood than the model of 99 % noise?",
    choices=("m = 2", "about m = 20", "about m = 200", "about m = 2,000", "never"),
    answer=f"""From m = {overtakes[0.05]:,} on: the small error costs {kl_of_scale(0.05):.5f} nats a
    dimension, the noise log 100 = {LOG100:.3f} nats once. With 10 % it is m = {overtakes[0.1]}, with 20 % m =
    {overtakes[0.2]}. In one dimension, with noise three times as wide as p, the noise costs {loss_at_1:.2f}
    nats, in 20 it costs {loss_at_20:.2f}: in few dimensions it often falls where p lives, and is no useless
    noise.""",
)

# %% name="noise" tags=["picture"]
def noise(view, m, s, delta, sigma):
    dims = torch.tensor(SIZES_M).double()
    lost = losses(s)
    other = dims * kl_of_scale(delta / 100)
    place = SIZES_M.index(m)
    view["loss"].curve("p2", dims, lost, color="q", label="p₂: 99 % noise")
    view["loss"].curve("off", dims, other, color="third", label=f"scale {delta} % off")
    view["loss"].hline("bound", LOG100, style=":", label="log 100")
    view["loss"].scatter("at", [[m, float(lost[place])], [m, float(other[place])]], color="accent", size=8)
    level = -dims * (ENTROPY + math.log(sigma))
    view["unit"].curve("p", dims, level, color="p", label="E log p")
    view["unit"].curve("p2", dims, level - lost, color="q", label="E log p₂")
    view["unit"].scatter("at", [[m, float(level[place])]], color="accent", size=8)
    view.readout("E log p, nats", float(level[place]), ",.2f")
    view.readout("p₂ loses, nats", float(lost[place]), ".4f")
    view.readout("the other model loses, nats", float(other[place]), ".4f")
    better = "p₂" if lost[place] < other[place] else "the model that is a little off"
    view.readout("higher likelihood", better)
    view.readout("p2_gap by", owner(p2_gap))


explore(
    noise,
    panels=[
        Panel("loss", title="nats lost against the truth", xlabel="m, the dimension", ylabel="nats",
              xlim=(1, 2000), xscale="log", ylim=(0, 10)),
        Panel("unit", title="the log-likelihood itself", xlabel="m, the dimension", ylabel="nats",
              xlim=(0, 2000), ylim=(-5000, 5000)),
    ],
    m=Slider.of(SIZES_M, value=20, label="m: dimension"),
    s=Slider.of([1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0], value=3.0, label="s: width of the noise"),
    delta=Slider.of([1, 2, 5, 10, 20], value=20, label="δ: error in scale, %"),
    sigma=Slider.of([0.05, 0.1, 0.2, 0.242, 0.5, 1.0, 2.0], value=1.0, label="σ: the unit, one std of x"),
    presets={
        "one dimension": {"m": 1},
        "2,000 dimensions": {"m": 2000},
        "10 % off, 1,000 dimensions": {"m": 1000, "delta": 10},
        "another unit": {"m": 1000, "sigma": 0.1},
    },
    size=(12, 4.4),
    alt="What the noise costs against the dimension, beside a model that is slightly off; and log p in "
    "several units",
)

# %% [markdown]
# Move $\sigma$: the right panel turns from falling to rising, and the left one does not move at all. A density has a unit (one over the unit of $x$, to the power $m$); a *difference* of two log-densities has none.

# %% tags=["claim:p2-log100-bound"]
m = 10
x = torch.randn(20_000, m, generator=seeded(5))
log_p = Normal(0.0, 1.0).log_prob(x).sum(1)
log_p2 = torch.logaddexp(log_p + math.log(0.01), Normal(0.0, 3.0).log_prob(x).sum(1) + math.log(0.99))
worst = float((log_p2 - log_p).min())
print(f"at the worst of 20,000 points log p2 - log p = {worst:.6f}, -log 100 = {-LOG100:.6f}")
holds(
    "p2-log100-bound",
    ("E log p2 in 10 dimensions, by sampling", float(log_p2.mean())),
    ("E log p - log 100, in closed form", -m * ENTROPY - LOG100),
    relation=">=",
    digits=4,
)

# %% tags=["claim:p2-poor-samples"]
place = SIZES_M.index(2000)
convention(
    "p2-poor-samples",
    ("E log p2 in 2,000 dimensions", -2000 * ENTROPY - float(losses(3.0)[place])),
    ("the same for a model whose scale is 10 % off", -2000 * (ENTROPY + kl_of_scale(0.1))),
    relation=">",
    under=f"the dimension is large enough: p2 beats a scale that is 10 % off from m = {overtakes[0.1]} on, "
    f"one that is 5 % off from m = {overtakes[0.05]:,} on; below, log 100 is a large loss",
    digits=5,
)

# %% [markdown]
# Why should $\log 100$ not count in many dimensions? I21 says because $\log p(x)$ *becomes larger*, I22 because it *becomes proportional to $m$*. For independent coordinates with one density
# $g$, $\mathbb E\log p = m\,\mathbb E\log g$: proportional indeed, with a sign that depends on the unit. For $\mathcal N(0, I)$ it falls. And where coordinates hang together it need not be proportional: take
# a random path on $[0, 1]$ (Brownian motion, whose increments are independent with variance $1/m$), seen at $m$ times.

# %% name="proportional"
many = Normal(0.0, 1.0).log_prob(torch.randn(400, 2000, generator=seeded(6))).sum(1)
density = lambda t: math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
per_coordinate, _ = integrate.quad(lambda t: density(t) * math.log(density(t)), -12, 12)


def of_paths(m):
    """E log p of a Brownian path seen at m times, by torch's Gaussian."""
    times = torch.arange(1, m + 1) / m
    path = MultivariateNormal(torch.zeros(m), torch.minimum(times[:, None], times))
    return -float(path.entropy())


print("E log p / m      m = 20    m = 200")
print(f"N(0, I)        {-ENTROPY:8.3f}   {-ENTROPY:8.3f}")
print(f"random path    {of_paths(20) / 20:8.3f}   {of_paths(200) / 200:8.3f}")

# %% tags=["claim:p2-logp-proportional-m"]
convention(
    "p2-logp-proportional-m",
    ("E log p(x) / m in 2,000 dimensions, by sampling", float(many.mean()) / 2000),
    ("E log g of one coordinate, by quadrature", per_coordinate),
    under="the coordinates are independent and alike (or m grows by adding such parts): of a path seen "
    "more and more finely, log p grows like (m/2) log m. What counts beside log 100 is a difference of "
    "models, which has no unit",
    tol=5e-3,
    digits=4,
)

# %% tags=["claim:p2-logp-becomes-larger"]
erratum(
    "p2-logp-becomes-larger",
    ("E log p(x) in 2,000 dimensions, N(0, I), by sampling", float(many.mean())),
    ("E log p(x) in 20 dimensions", -20 * ENTROPY),
    relation=">",
    corrected="|E log p(x)| becomes larger; its sign depends on the unit. For N(0, I) log p falls by "
    "1.419 nats a dimension, and it rises only where the entropy of a coordinate is negative (for a "
    "Gaussian: σ < 0.242)",
    corrected_left=("-2,000 times the entropy of a coordinate", -2000 * ENTROPY),
    corrected_relation="<",
    digits=5,
)

# %% [markdown]
# ## 7.3 Two rankings that disagree
#
# Back to the ring, where we know the truth. A model is judged twice: by the nats that it loses against the truth on held-out points, and by its samples, with the Wasserstein distance $W_1$ (the mean
# distance that 200 of its samples have to travel to become 200 data points, in the cheapest assignment; [notebook 10](10_optimal_transport.ipynb) has more). The noise of $p_2$ is
# $\mathcal N(0, 9I)$ here. A third model is one Gaussian with mean and covariance of the training points.

# %% name="judged"
judge = truth.sample(200, seeded(10))
fresh = truth.sample(200, seeded(11))
STANDARD = torch.randn(200, 2, generator=seeded(12))
CHOSEN = torch.randint(50, (200,), generator=seeded(13))
lots = torch.rand(200, generator=seeded(14))
true_level = float(truth.log_prob(ring_held).mean())
wide = MultivariateNormal(torch.zeros(2), 9 * torch.eye(2))
fitted = MultivariateNormal(ring_train.mean(0), torch.cov(ring_train.T))


def judged(model, eps=1e-4, weight=0.01):
    """Samples (200, 2) of a model, the nats it loses on held-out points, and W1 of its samples."""
    if model == "p₁":
        samples = ring_train[CHOSEN] + math.sqrt(eps) * STANDARD
        level = mean_log_p1(ring_held, eps)
    elif model == "p₂":
        samples = torch.where((lots < weight)[:, None], fresh, 3 * STANDARD)
        log_truth = truth.log_prob(ring_held)
        gaps = torch.as_tensor(p2_gap(log_truth, wide.log_prob(ring_held), weight))
        level = float((log_truth + gaps).mean())
    else:
        samples = fitted.mean + STANDARD @ fitted.scale_tril.T
        level = float(fitted.log_prob(ring_held).mean())
    return samples, true_level - level, exact_w1(samples, judge)


w1_of_truth = exact_w1(fresh, judge)
table = {name: judged(name) for name in ("p₁", "p₂", "one Gaussian")}

# %% name="predict-ranking" tags=["predict"]
predict(
    "07.ranking",
    "The ring, p₁ with ε = 10⁻⁴ and p₂ with 99 % noise. Which of them does the likelihood prefer, and "
    "which do the samples prefer?",
    choices=("p₁ both times", "p₂ both times", "likelihood p₂, samples p₁", "likelihood p₁, samples p₂"),
    answer=f"""The likelihood prefers p₂, which loses {table["p₂"][1]:.1f} nats, to p₁, which loses
    {table["p₁"][1]:.1f}. The samples prefer p₁ with W₁ = {table["p₁"][2]:.2f} to p₂ with
    {table["p₂"][2]:.2f}; the truth itself has {w1_of_truth:.2f}. So p₁ is not perfect in samples either: they
    repeat 50 points, with the shares of the modes that these 50 happen to have.""",
)

# %% name="rankings" tags=["picture"]
def rankings(view, shown, eps, weight):
    found = {name: judged(name, eps, weight) for name in ("p₁", "p₂")}
    found["one Gaussian"] = table["one Gaussian"]
    view["plane"].scatter("q", found[shown][0], color="q", size=4, label=f"samples of {shown}")
    view["plane"].scatter("p", judge, color="p", size=4, alpha=0.6, label="data")
    for (name, (_, lost, distance)), color in zip(found.items(), ("q", "third", "fourth"), strict=True):
        where = [[min(max(lost, 0.02), 9e3), distance]]
        view["ranking"].scatter(name, where, color=color, size=10, label=name)
    view["ranking"].hline("truth", w1_of_truth, style=":", label="truth (0 nats lost)")
    for name in ("p₁", "p₂"):
        view.readout(f"{name}: nats lost", found[name][1], ",.2f")
        view.readout(f"{name}: W₁", found[name][2], ".2f")


explore(
    rankings,
    panels=[
        Panel("plane", title="samples", xlabel="x₁", ylabel="x₂", xlim=(-6, 6), ylim=(-6, 6), aspect="equal"),
        Panel("ranking", title="left and low is good", xlabel="nats lost against the truth (held out)",
              ylabel="W₁ of the samples", xlim=(0.02, 1e4), xscale="log", ylim=(0, 2.6), width=1.2),
    ],
    shown=Choice(["p₁", "p₂", "one Gaussian"], label="samples of"),
    eps=Slider(1e-6, 1.0, step=10**0.25, value=1.0, log=True, label="ε of p₁"),
    weight=Slider.of([0.01, 0.03, 0.1, 0.3, 0.6, 0.9, 0.99], value=0.3, label="share of p in p₂"),
    presets={
        "the lecture's pair": {"shown": "p₂", "eps": 1e-4, "weight": 0.01},
        "p₁ at its best ε": {"shown": "p₁", "eps": float(EPS[best_at["ring"]]), "weight": 0.01},
    },
    size=(11.5, 4.6),
    alt="Samples of three models of a ring, and each model by the nats it loses and by the distance of "
    "its samples",
)

# %% name="ranked"
print(f"the truth itself:  0 nats lost, W1 = {w1_of_truth:.2f} (200 points against 200)")
for name, (_, lost, distance) in table.items():
    print(f"{name:<13} {lost:8.2f} nats lost, W1 = {distance:.2f}")

# %% tags=["claim:likelihood-imperfect-measure"]
holds(
    "likelihood-imperfect-measure",
    ("W1 of the samples of p2, which has the better likelihood", table["p₂"][2]),
    ("W1 of the samples of p1, which has the worse one", table["p₁"][2]),
    relation=">",
    digits=3,
)

# %% [markdown]
# Both numbers are right, and they answer different questions. The likelihood asks: how surprised is the model by new data? It is unforgiving where the model says "impossible" and generous to
# what the model does *besides*. $W_1$ asks how far the samples are from the data. "And for some models the likelihood cannot be computed at all": such models come now.
#
# ## 7.4 Prescribed and implicit models
#
# U17 divides models into two kinds. A *prescribed* model writes down densities: a prior $p(z)$ of the latent $z$ and $p(x\mid z)$. An *implicit* one is a recipe for samples: draw
# $z\sim\mathcal N(0, 1)$ and compute $x = G(z)$. No density is written down, and yet the distribution of $x$ is fixed: $P(x\in A) = P(z: G(z)\in A)$.
#
# On the line one can still find the density: $q(x) = \sum_{z:\,G(z)=x}\varphi(z)/|G'(z)|$, with $\varphi$ the standard normal density. The formula in UL p.2 is the case with one such $z$.
# Our generator is $G(z) = z + b\sin 2z$, with a bend $b$.

# %% name="predict-bend" tags=["predict"]
predict(
    "07.bend",
    "The picture's x₀ = 0.5 has one z with G(z) = x₀ while b is small. For which b does UL's formula, "
    "which knows one such z only, begin to fail somewhere?",
    choices=("b > 0.25", "b > 0.5", "b > 1"),
    answer="For b > 0.5: G′(z) = 1 + 2b cos 2z is smallest at z = π/2, where it is 1 − 2b, and that is "
    "negative from b = 0.5 on. Then G folds, several z give the same x, and their densities add up.",
)

# %% name="bending" tags=["picture"]
Z = torch.linspace(-5, 5, 2001)
MIDDLES = (Z[1:] + Z[:-1]) / 2
LATENT = torch.randn(20_000, generator=seeded(20))
X_GRID = torch.linspace(-4.5, 4.5, 181)


def bent(z, b):
    return z + b * torch.sin(2 * z)


def preimages(x, b):
    """All z on the grid with G(z) = x."""
    below = bent(Z, b) < x
    return MIDDLES[below[1:] != below[:-1]]


def densities(b):
    """q on X_GRID: the sum over all preimages, and the leftmost preimage alone."""
    values = bent(Z, b)
    low, high = torch.minimum(values[1:], values[:-1]), torch.maximum(values[1:], values[:-1])
    hit = (low <= X_GRID[:, None]) & (X_GRID[:, None] < high)
    terms = PHI.log_prob(MIDDLES).exp() * (Z[1] - Z[0]) / (high - low).clamp(min=1e-12)
    first = torch.arange(len(X_GRID)), hit.double().argmax(1)
    return (hit * terms).sum(1), (hit * terms)[first]


def bending(view, b, x0):
    view["G"].curve("G", Z, bent(Z, b), color="q", label="G(z)")
    view["G"].hline("x0", x0, style=":")
    roots = preimages(x0, b)
    view["G"].scatter("roots", torch.stack([roots, torch.full_like(roots, x0)], 1), color="accent", size=8,
                      label="z with G(z) = x₀")
    samples = bent(LATENT, b)
    counts, edges = torch.histogram(samples, bins=60, range=(-4.5, 4.5))
    heights = counts / len(samples) / float(edges[1] - edges[0])
    stairs = edges.repeat_interleave(2)[1:-1]
    heights = heights.repeat_interleave(2)
    view["x"].fill("samples", stairs, heights, color="q", alpha=0.35, label="20,000 samples")
    every, single = densities(b)
    view["x"].curve("single", X_GRID, single, color="third", label="one preimage")
    view["x"].curve("all", X_GRID, every, color="p", label="all preimages")
    view["x"].vline("x0", x0, style=":")
    view.readout("preimages of x₀", len(roots), "d")
    view.readout("share of samples ≤ x₀", float((samples <= x0).double().mean()), ".4f")
    view.readout("P(z: G(z) ≤ x₀)", float((PHI.log_prob(Z).exp() * (bent(Z, b) <= x0)).sum() * 0.005), ".4f")


explore(
    bending,
    panels=[
        Panel("G", title="the generator", xlabel="z", ylabel="x = G(z)", xlim=(-4.5, 4.5), ylim=(-4.5, 4.5)),
        Panel("x", title="what it draws", xlabel="x", ylabel="density", xlim=(-4.5, 4.5), ylim=(0, 0.9)),
    ],
    b=Slider(0.0, 1.5, step=0.05, value=0.0, label="b: bend"),
    x0=Slider(-3.0, 3.0, step=0.1, value=0.5, label="x₀"),
    presets={"straight": {"b": 0.0}, "just before it folds": {"b": 0.5}, "folded": {"b": 1.2}},
    size=(12, 4.2),
    alt="A bent generator with the preimages of one point, and the histogram of its samples with two "
    "densities",
)

# %% tags=["claim:implicit-sampling-defines-q"]
b, x0 = 1.2, 0.5
bend_at = lambda z: z + b * math.sin(2 * z) - x0
line = np.linspace(-6, 6, 2001)
signs = np.sign([bend_at(z) for z in line])
crossings = [optimize.brentq(bend_at, line[i], line[i + 1]) for i in np.flatnonzero(signs[1:] != signs[:-1])]
ends = [-np.inf, *crossings]  # from the left G lies below x0, then above, and so on
levels = stats.norm.cdf(ends)
mass = (levels[1::2] - levels[0::2]).sum()
million = torch.randn(1_000_000, generator=seeded(21))
holds(
    "implicit-sampling-defines-q",
    ("share of a million G(z) below 0.5", float((bent(million, b) <= x0).double().mean())),
    ("normal mass of all z with G(z) < 0.5", mass),
    tol=2e-3,
    digits=3,
)

# %% [markdown]
# **What samples give.** An expectation $\mathbb E f(x)$ is a mean over samples. And its gradient in a parameter $\theta$ of $G_\theta$ is a mean, too: differentiate along each sample,
#
# $$\nabla_\theta\,\mathbb E_z f(G_\theta(z)) = \mathbb E_z\,\nabla_\theta f(G_\theta(z)).$$
#
# No density occurs. But gradient and expectation may be exchanged only if $f$ is smooth enough. A probability is the expectation of a step, $f(x) = 1$ for $x>1$ and 0 otherwise: each sample's own derivative is 0.
# Here $G_\theta(z) = \theta z + \tfrac12\sin 2z$ at $\theta = 1$, for three functions $f$.

# %% name="gradients"
theta = torch.tensor(1.0, requires_grad=True)
z = torch.randn(200_000, generator=seeded(22))
made = theta * z + torch.sin(2 * z) / 2
FUNCTIONS = {
    "x²": lambda x: x.square(),
    "steep sigmoid": lambda x: torch.sigmoid(20 * (x - 1)),
    "step at 1": lambda x: (x > 1).double() + 0 * x,
}
line = torch.linspace(-9, 9, 36_001)


def by_quadrature(f, at, h=1e-3):
    """d/dθ of E f by a difference of two sums over a fine grid of z."""
    weight = PHI.log_prob(line).exp() * (line[1] - line[0])
    value = lambda t: float((weight * f(t * line + torch.sin(2 * line) / 2)).sum())
    return (value(at + h) - value(at - h)) / (2 * h)


GRADIENTS = {}
print(f"{'f':<14} along the samples   by quadrature")
for name, f in FUNCTIONS.items():
    along = float(torch.autograd.grad(f(made).mean(), theta, retain_graph=True)[0])
    GRADIENTS[name] = along, by_quadrature(f, 1.0, 0.05 if name == "step at 1" else 1e-3)
    print(f"{name:<14} {along:15.3f} {GRADIENTS[name][1]:16.3f}")

# %% tags=["claim:implicit-expectations-gradients"]
convention(
    "implicit-expectations-gradients",
    ("d/dθ E x² from 200,000 samples alone", GRADIENTS["x²"][0]),
    ("the same in closed form, 2θ + 2 exp(-2)", 2 + 2 * math.exp(-2)),
    under="f and G are smooth enough to differentiate under the expectation: of a probability (f a step) "
    f"the gradient along the samples is 0, where the truth is {GRADIENTS['step at 1'][1]:.2f}",
    tol=2e-2,
    digits=3,
)

# %% [markdown]
# **What a prescribed model gives.** U17 lists, for a VAE, the densities $p(z)$, $p(x\mid z)$, $p(x, z)$, $p(x)$ and $p(z\mid x)$. The first three are products of what is written down. The last two need
# $p(x) = \int p(x\mid z)\,p(z)\,dz$. With one latent number a grid will do that, and the mean of $p(x\mid z)$ over a million prior draws agrees. With 50 latent numbers no grid will, and that is
# why [notebook 3](03_vae.ipynb) maximises a bound.

# %% name="prescribed"
def decoded(z):
    """A decoder from one number to the plane."""
    return torch.stack([2 * torch.tanh(z), torch.sin(2 * z)], -1)


def log_likelihoods(x, z, noise):
    """log p(x|z) for each z, with Gaussian noise on both coordinates of the decoder."""
    return Normal(decoded(z), noise).log_prob(x).sum(-1)


z_grid = torch.linspace(-6, 6, 24_001)
log_prior = PHI.log_prob(z_grid) + torch.log(z_grid[1] - z_grid[0])
draws = torch.randn(1_000_000, generator=seeded(23))
on_curve, off_curve = decoded(torch.tensor(0.5)), torch.tensor([0.5, -0.5])
print("noise    log p(x): on the curve   beside it   by 1,000,000 prior draws, beside it")
BY_DRAWS = {}
for std in (0.5, 0.2, 0.1, 0.05):
    on, off = (
        float(torch.logsumexp(log_likelihoods(x, z_grid, std) + log_prior, 0)) for x in (on_curve, off_curve)
    )
    total = torch.logsumexp(log_likelihoods(off_curve, draws, std), 0)
    BY_DRAWS[std] = off, float(total) - math.log(len(draws))
    print(f"{std:5.2f} {on:22.2f} {off:11.2f} {BY_DRAWS[std][1]:21.2f}")

# %% tags=["claim:prescribed-vs-implicit"]
convention(
    "prescribed-vs-implicit",
    ("log p(x) of a small VAE, noise 0.5, by a grid over z", BY_DRAWS[0.5][0]),
    ("the same from samples of the prior", BY_DRAWS[0.5][1]),
    under="'offers' means that the density is defined: p(z), p(x|z) and p(x, z) are products at hand, "
    "p(x) and p(z|x) need an integral over z, which is estimated or bounded; and an implicit model may "
    "have a density, if G is a flow",
    tol=1e-2,
    digits=3,
)

# %% [markdown]
# Follow the table downwards: as the decoder's noise goes to 0 the VAE becomes an implicit model $x=G(z)$. The density on the curve grows without bound, and beside it $\log p(x)$ goes to $-\infty$.
# The limit has no density in the plane, so no likelihood. Its samples are as good as ever. We need a way to judge and to train by samples.
#
# ## 7.5 A two-sample test from the ground up
#
# Given: $n$ samples of the data, $\mathcal S_1\sim\pi$, and $n$ of the model, $\mathcal S_2\sim p$. The *null hypothesis* $H_0$ says $\pi=p$, the alternative $H_1$ says $\pi\ne p$. A *statistic* $T(\mathcal S_1,\mathcal S_2)$
# is any number that tends to be larger under $H_1$. For numbers on the line our first one is $T=|\bar x-\bar y|$, the distance of the means.
#
# The lecture's rule: *if $T<\alpha$, accept $H_0$, else reject it.* Under $H_0$ a test rejects with some probability; this is its *level*, the error that one wants to control.

# %% name="printed-rule"
COUNTS = (10, 100, 1_000, 10_000)
# Under H0 x̄ − ȳ is N(0, 2/n).
level_of_rule = {n: 2 * stats.norm.sf(0.05 / math.sqrt(2 / n)) for n in COUNTS}

# %% name="predict-rule" tags=["predict"]
predict(
    "07.rule",
    "Both samples have 100 points of N(0, 1): H₀ is true. Read α = 0.05 as the level and reject when T = "
    "|x̄ − ȳ| ≥ α. How often does that reject?",
    choices=("in 5 % of the cases", "in about 25 %", "in about 70 %", "almost never"),
    answer="In "
    + ", ".join(f"{level_of_rule[n]:.2%} for n = {n:,}" for n in COUNTS)
    + ". T is measured in the units of x, α is a probability: comparing them makes no sense. The cut has to "
    "be found in the units of T, and it depends on n.",
)

# %% [markdown]
# How is $T$ distributed under $H_0$? We do not know $\pi$. But if both samples come from one distribution, *which point is in which sample is chance*: all ways to deal the pooled $2n$ points out are equally likely. So
# shuffle, deal, compute $T$, again and again. The *p-value* is the share of orders whose statistic is at least the observed one. The order that came is one of them: with $k$ of $B$ shuffles at least as extreme,
#
# $$p = \frac{k+1}{B+1}.$$
#
# ### Exercise 7.3 · A p-value by permutations
#
# The orders are given, so that your answer can be compared.


# %% tags=["exercise:07.permutation_p_value"]
def permutation_p_value(statistic, x, y, orders):
    """The p-value of H0: x and y come from one distribution.

    statistic: a function of two samples, large when they differ. x: shape (n, d). y: shape (m, d).
    orders: shape (B, n + m), each row a permutation of the pooled points' numbers; its first n go to x.
    Returns a number in (0, 1].
    """
    # region solution
    pooled, n = torch.cat([x, y]), len(x)
    observed = statistic(x, y)
    reached = sum(bool(statistic(pooled[order[:n]], pooled[order[n:]]) >= observed) for order in orders)
    return (reached + 1) / (len(orders) + 1)
    # endregion


permutation_p_value = check("07.permutation_p_value", permutation_p_value)

# %% name="by-scipy"
def distance_of_means(x, y):
    return (x.mean(0) - y.mean(0)).norm()


def random_orders(count, size, seed):
    random = seeded(seed)
    return torch.stack([torch.randperm(size, generator=random) for _ in range(count)])


x, y = torch.randn(30, 1, generator=seeded(30)), 0.4 + torch.randn(30, 1, generator=seeded(34))
own = float(permutation_p_value(distance_of_means, x, y, random_orders(999, 60, 32)))
peer = stats.permutation_test(
    (x[:, 0].numpy(), y[:, 0].numpy()),
    lambda a, b: abs(a.mean() - b.mean()),
    n_resamples=999,
    alternative="greater",
    rng=np.random.default_rng(0),
).pvalue
course = permutation_test(x, y, distance_of_means, 999, seeded(33))
print(f"p-value, each with 999 orders of its own: {owner(permutation_p_value)} {own:.3f},", end=" ")
print(f"SciPy {peer:.3f}, course_lib {float(course.p_value):.3f}")
print(f"without the +1, B = 20: P(k/B ≤ 0.05) = P(k ≤ 1) = 2/21 = {2 / 21:.3f} under H0, not 0.05")

# %% [markdown]
# ### Exercise 7.4 · The cut
#
# The same decision, seen from the other side: for which $T$ is $p\le\alpha$? Those above a *cut*, an order statistic of the $B$ shuffled values: the $j$-th smallest with $j=\lceil(1-\alpha)(B+1)\rceil$.


# %% tags=["exercise:07.cut"]
def cut(statistics, alpha):
    """The number above which T is rejected, so that a true H0 is rejected with probability alpha at most.

    statistics: shape (B,), the values of T in B random orders. alpha: the level, a float in (0, 1).
    Returns a 0-dimensional tensor: the j-th smallest value, or infinity when j > B.
    """
    # region solution
    B = len(statistics)
    j = math.ceil((1 - alpha) * (B + 1) - 1e-9)
    return statistics.sort().values[j - 1] if j <= B else torch.tensor(math.inf)
    # endregion


cut = check("07.cut", cut)

# %% [markdown]
# In the picture the data are $\mathcal N(0,1)$ and the model is $\mathcal N(\text{shift},\text{spread}^2)$. The grey hill is $T$ in 999 shuffled orders, the solid line your cut, the dotted one $T=\alpha$. The second statistic is $T=|\log(s_x/s_y)|$, with $s$ the standard deviation of a sample.

# %% name="tests-on-the-line"
BASE = torch.randn(2, 200, generator=seeded(40))
ALPHAS = [0.01, 0.05, 0.1, 0.2, 0.5]
N_CHOICES = [10, 30, 100, 200]
MASKS = {}  # for each n: 1000 rows of zeros and ones, the first as it came
for n in N_CHOICES:
    keys = torch.rand(999, 2 * n, generator=seeded(n))
    shuffled = (keys.argsort(1).argsort(1) < n).double()
    MASKS[n] = torch.cat([torch.cat([torch.ones(1, n), torch.zeros(1, n)], 1), shuffled])


def shuffled_statistics(statistic, pooled, masks):
    """T for each row of masks, the observed order first: from sums and sums of squares, all at once."""
    n = pooled.shape[-1] / 2
    moments = [(masks * v).sum(-1) if pooled.ndim > 1 else masks @ v for v in (pooled, pooled.square())]
    totals = [v.sum(-1, keepdim=pooled.ndim == 1) for v in (pooled, pooled.square())]
    mean_x, mean_y = moments[0] / n, (totals[0] - moments[0]) / n
    if statistic == "means":
        return (mean_x - mean_y).abs()
    var_x, var_y = moments[1] / n - mean_x**2, (totals[1] - moments[1]) / n - mean_y**2
    return 0.5 * (var_x / var_y).log().abs()

# %% name="line-test" tags=["picture"]
def line_test(view, statistic, shift, spread, n, alpha):
    x, y = BASE[0, :n], shift + spread * BASE[1, :n]
    values = shuffled_statistics(statistic, torch.cat([x, y]), MASKS[n])
    observed, null = float(values[0]), values[1:]
    heights, edges = np.histogram(null.numpy(), bins=np.linspace(0, 1.5, 61))
    view["T"].fill("null", edges.repeat(2)[1:-1], heights.repeat(2) / 999, color="muted", alpha=0.4,
                   label="999 shuffled orders")
    where = float(cut(null, alpha))
    view["T"].vline("cut", min(where, 1.5), color="p", style="-", width=2, label="cut")
    view["T"].vline("alpha", alpha, color="third", style=":", width=2, label="T = α")
    view["T"].scatter("T", [[min(observed, 1.5), 0.004]], color="accent", size=11, label="T observed")
    grid = torch.linspace(-5, 5, 201)
    view["x"].curve("p", grid, PHI.log_prob(grid).exp(), color="p", label="π")
    view["x"].curve("q", grid, Normal(shift, spread).log_prob(grid).exp(), color="q", label="model")
    view["x"].scatter("sx", torch.stack([x, torch.full((n,), -0.04)], 1), color="p", size=4)
    view["x"].scatter("sy", torch.stack([y, torch.full((n,), -0.09)], 1), color="q", size=4)
    view.readout("T", observed, ".3f")
    view.readout("cut", where, ".3f")
    view.readout("p-value", float((null >= observed).sum() + 1) / 1000, ".3f")
    view.readout("the test says", "reject" if observed > where else "no evidence against H₀")
    view.readout("T < α says", "reject" if observed >= alpha else "accept")


explore(
    line_test,
    panels=[
        Panel("x", title="two samples", xlabel="x", ylabel="density", xlim=(-5, 5), ylim=(-0.13, 0.85)),
        Panel("T", title="T under H₀", xlabel="T", ylabel="share of orders", xlim=(0, 1.5), ylim=(0, 0.25)),
    ],
    statistic=Choice({"distance of means": "means", "ratio of spreads": "spreads"}, label="T"),
    shift=Slider(0.0, 1.5, step=0.1, value=0.0, label="shift"),
    spread=Slider(0.5, 2.0, step=0.1, value=1.0, label="spread"),
    n=Slider.of(N_CHOICES, value=100, label="n"),
    alpha=Slider.of(ALPHAS, value=0.05, label="α: level"),
    presets={
        "H₀ is true": {},
        "a shift": {"shift": 0.5},
        "a spread, seen by means": {"spread": 2.0},
        "a spread, seen by spreads": {"spread": 2.0, "statistic": "spreads"},
        "a shift, ten points": {"shift": 0.5, "n": 10},
    },
    size=(12, 4.2),
    alt="Two samples on the line, and the histogram of the statistic in shuffled orders with cut and "
    "observed value",
)

# %% [markdown]
# Two experiments, 4,000 pairs of samples each, of 30 points. Under $H_0$: how often does the cut reject? And under $H_1$, where the model has the right mean and twice the spread: how often does each statistic
# notice? The probability to reject a false $H_0$ is the *power*.

# %% name="level-and-power"
def rejections(statistic, spread, pairs=4000, n=30, orders=19, seed=0):
    """The share of pairs with p ≤ 0.05; with 19 orders that means: T above all of them."""
    random = seeded(seed)
    pooled = torch.randn(pairs, 1, 2 * n, generator=random)
    pooled[:, :, n:] *= spread
    masks = (torch.rand(pairs, orders, 2 * n, generator=random).argsort(2) < n).double()
    first = torch.cat([torch.ones(n), torch.zeros(n)]).expand(pairs, 1, -1)
    values = shuffled_statistics(statistic, pooled, torch.cat([first, masks], 1))
    return float((values[:, 0] > values[:, 1:].max(1).values).double().mean())


LEVELS_FOUND = {name: rejections(name, 1.0) for name in ("means", "spreads")}
POWERS_FOUND = {name: rejections(name, 2.0, seed=1) for name in ("means", "spreads")}
for name in ("means", "spreads"):
    found = LEVELS_FOUND[name], POWERS_FOUND[name]
    print(f"T from {name:8} rejects a true H0 in {found[0]:.3f}, twice the spread in {found[1]:.3f}")

# %% tags=["claim:two-sample-accept-rule"]
convention(
    "two-sample-accept-rule",
    ("share of true H0 that the cut of the permutations rejects", LEVELS_FOUND["means"]),
    ("α, the level that was asked for", 0.05),
    under="T is compared with the (1 - α)-quantile of T under H0, in the units of T, not with the level α "
    f"itself (which rejects a true H0 in {level_of_rule[100]:.0%} of the cases at n = 100), and 'accept' "
    "means 'found nothing'",
    tol=0.014,  # four standard errors of 4,000 pairs
    digits=2,
)

# %% tags=["claim:two-sample-hypotheses"]
convention(
    "two-sample-hypotheses",
    ("power against twice the spread, T = |log ratio of spreads|", POWERS_FOUND["spreads"]),
    ("power of T = |difference of means|, at the same level", POWERS_FOUND["means"]),
    relation=">",
    under="T sees the difference: by permutations every T gives a test of the right level, but one that "
    "looks at means has no power against equal means, however large n is",
    tol=0.3,
    digits=2,
)

# %% [markdown]
# So the level is free: permutations give it to *every* statistic. The power is not. "Not rejected" may mean that there is no difference, that $n$ is small, or that $T$ looks elsewhere.
#
# ## 7.6 A statistic that sees everything, in principle
#
# The *maximum mean discrepancy* compares all pairs of points by a kernel, here $k(x,y) = \exp\!\big(-\lVert x-y\rVert^2/(2h^2)\big)$ with a *bandwidth* $h$:
#
# $$\mathrm{MMD}^2 = \mathbb E\,k(x,x') - 2\,\mathbb E\,k(x,y) + \mathbb E\,k(y,y').$$
#
# The primes mark an independent second point. It is 0 only if both distributions are the same. From samples, means over pairs take the place of expectations, and a point is *no pair with itself*.
#
# ### Exercise 7.5 · All orders in a few products (the hard one)
#
# Shuffling does not change the kernel matrix $K$ of the pooled points; only the rows change sides. So compute $K$ once, and all $B$ statistics with products of matrices. That is much faster than a
# loop that computes kernels. Mind the diagonal of $K$: it is 1, and in 60 dimensions everything else is tiny.


# %% tags=["exercise:07.mmd_permutations"]
def mmd_permutations(kernel, n, orders):
    """The unbiased estimate of MMD² for each order.

    kernel: shape (N, N), k of all pairs of the N pooled points, with its diagonal. n: how many go to x.
    orders: shape (B, N), integers: in order b the points orders[b, :n] go to x, the others to y.
    Returns shape (B,).
    """
    # region solution
    m = len(kernel) - n
    K = kernel - torch.diag(kernel.diagonal())
    a = torch.zeros(orders.shape, dtype=K.dtype).scatter(1, orders[:, :n], 1.0)
    c = 1 - a
    within = (a @ K * a).sum(1) / (n * (n - 1)) + (c @ K * c).sum(1) / (m * (m - 1))
    return within - 2 * (a @ K * c).sum(1) / (n * m)
    # endregion


mmd_permutations = check("07.mmd_permutations", mmd_permutations)

# %% [markdown]
# "In principle": the bandwidth decides what MMD sees. The two distributions of the next picture are grids of nine blobs, round in the data and slanted (correlation 0.8) in the model. The common advice is to take for $h$ the median of all
# distances. The right panel shows the power for 400 points each, counted beforehand over 60 pairs of samples (`runs.py` in this lesson's folder); its curve appears as you lower $h$.

# %% name="blobs"
POWER = stored()
BLOB_N = 400
blob_x, blob_y = blob_pair(BLOB_N, seeded(50))
blob_squares = squares_between(*[torch.cat([blob_x, blob_y])] * 2)
BLOB_ORDERS = torch.cat([torch.arange(2 * BLOB_N)[None], random_orders(99, 2 * BLOB_N, 51)])
WIDTHS = [round(float(w), 2) for w in POWER["blobs/widths"]]
blob_power = dict(zip(WIDTHS, POWER["blobs/power"].tolist(), strict=True))
median_h = float(POWER["blobs/median"])
BLOB_VALUES = {
    h: mmd_permutations(torch.exp(-blob_squares / (2 * h**2)), BLOB_N, BLOB_ORDERS)
    for h in tqdm(WIDTHS, desc="bandwidths", leave=False, mininterval=0.5)
}

# %% name="predict-median" tags=["predict"]
near_median = min(WIDTHS, key=lambda w: abs(w - median_h))
best_h = max(blob_power, key=blob_power.get)
predict(
    "07.median",
    f"The median distance between two points is {median_h:.1f}, a blob's standard deviation is 0.1. How "
    "does the test with the median as bandwidth do, at level 0.05?",
    choices=("it rejects nearly always", "about half of the time", "hardly more often than under H₀"),
    answer=f"""Hardly more often than under H₀: at h = {near_median:g}, the nearest that was counted, the
    power is {blob_power[near_median]:.2f}. At h = {best_h:g} it is {blob_power[best_h]:.2f}. The median is
    the distance between blobs, and there both distributions agree.""",
)

# %% name="bandwidths" tags=["picture"]
def bandwidths(view, h):
    values = torch.as_tensor(BLOB_VALUES[h])
    scale = float(values[1:].std())
    null, observed = values[1:] / scale, float(values[0]) / scale
    view["plane"].scatter("p", blob_x, color="p", size=3, label="data")
    view["plane"].scatter("q", blob_y, color="q", size=3, label="model")
    view["plane"].ellipse("h", [1.0, 1.0], torch.eye(2) * h**2, std=1, color="accent", label="h")
    heights, edges = np.histogram(null.numpy(), bins=np.linspace(-4, 12, 49))
    view["T"].fill("null", edges.repeat(2)[1:-1], heights.repeat(2) / 99, color="muted", alpha=0.4,
                   label="99 shuffled orders")
    view["T"].scatter("T", [[min(max(observed, -4), 12), 0.004]], color="accent", size=11, label="observed")
    view["T"].vline("cut", float(cut(null, 0.05)), color="p", style="-", label="cut, α = 0.05")
    seen = [w for w in WIDTHS if w >= h]  # the curve appears from the right
    view["power"].curve("power", seen, [blob_power[w] for w in seen], color="q", style="-", label="MMD")
    view["power"].scatter("here", [[h, blob_power[h]]], color="accent", size=10)
    view["power"].hline("level", 0.05, style=":", label="level")
    view["power"].vline("median", median_h, style="--", label="median distance")
    view.readout("MMD² of this pair", float(values[0]), ".2e")
    view.readout("p-value of this pair", float((null >= observed).sum() + 1) / 100, ".2f")
    view.readout("power at this h", blob_power[h], ".2f")
    view.readout("mmd_permutations by", owner(mmd_permutations))


explore(
    bandwidths,
    panels=[
        Panel("plane", title="400 points each", xlabel="x₁", ylabel="x₂", xlim=(-0.6, 2.6), ylim=(-0.6, 2.6),
              aspect="equal"),
        Panel("T", title="MMD² in shuffled orders", xlabel="MMD² / its std under H₀", ylabel="share",
              xlim=(-4, 12), ylim=(0, 0.3)),
        Panel("power", title="power, 60 pairs", xlabel="bandwidth h", ylabel="power", xlim=(0.025, 4),
              xscale="log", ylim=(0, 1.05)),
    ],
    h=Slider.of(WIDTHS, value=3.2, label="h"),
    presets={"nearest to the median": {"h": near_median}, "where it sees most": {"h": best_h}},
    size=(13, 4.4),
    alt="Nine round and nine slanted blobs, MMD in shuffled orders, and the power of the test against its "
    "bandwidth",
)

# %% [markdown]
# ## 7.7 As the dimension grows
#
# The lecture warns: *it is hard to find an appropriate test statistic in high dimensions.* How much of that is the fault of the statistic? Take the simplest difference: $\pi=\mathcal N(0, I)$ in $d$ dimensions, the model shifted by $\delta$ in
# one of them, $n$ points each. Here the best test is known. If nobody tells you the direction, all must be treated alike, and with known covariance the best such test uses $\tfrac n2\lVert\bar x-\bar y\rVert^2$. It has the chi-squared distribution with
# $d$ degrees of freedom under $H_0$, and the *noncentral* one, with noncentrality $\tfrac n2\delta^2$, under $H_1$. No statistic that treats all directions alike beats it.
#
# Beside it stand four tests, counted over 200 pairs of samples: MMD with the median bandwidth and with $h=1$, a linear classifier on held-out points, and, for $\delta=0.6$ and $n=100$, the course's small network on held-out points
# (100 pairs). All have a level of at most 0.05.

# %% name="powers"
DIMS = [1, 2, 4, 8, 16, 32, 64, 128]
TESTS = {
    "median": ("MMD, median h", "q"),
    "one": ("MMD, h = 1", "third"),
    "linear": ("linear classifier", "fourth"),
    "network": ("network", "fifth"),
}


@lru_cache
def best_power(shift, n, d, alpha=0.05):
    """The power of the best test that treats all directions alike."""
    return stats.ncx2.sf(stats.chi2.isf(alpha, d), d, max(n * shift**2 / 2, 1e-12))


def informed_power(shift, n, alpha=0.05):
    """The power of the same test for someone who knows which coordinate to look at."""
    return best_power(shift, n, 1, alpha)


def counted(test, shift, n):
    """Powers against the dimension, from runs.npz."""
    return POWER[f"power/{test}"][SHIFTS.index(shift), SIZES.index(n)].astype(float)


for shift in SHIFTS:
    for n in SIZES:
        _ = [best_power(shift, n, d) for d in DIMS]  # remembered: the picture asks for all of them


# %% name="predict-dimension" tags=["predict"]
predict(
    "07.dimension",
    f"δ = 0.6, n = 100. In one dimension the best test has the power {best_power(0.6, 100, 1):.2f}. What "
    "is left of it in 128 dimensions, where 127 coordinates are pure noise?",
    choices=("about 0.95", "about 0.6", "about 0.3", "0.05, the level"),
    answer=f"""{best_power(0.6, 100, 128):.2f}. MMD with the median bandwidth has
    {counted("median", 0.6, 100)[-1]:.2f}, with h = 1 {counted("one", 0.6, 100)[-1]:.2f}, the linear
    classifier {counted("linear", 0.6, 100)[-1]:.2f}. Most of the fall is no fault of the statistic: the shift
    drowns in the noise of the other coordinates. Who knows the direction keeps {informed_power(0.6, 100):.2f}
    in every dimension.""",
)

# %% name="dimensions" tags=["picture"]
def hill(r, d, noncentrality):
    """The density of √T, for T noncentral chi-squared: by a Bessel function, quicker than SciPy's `ncx2`."""
    if noncentrality == 0:
        return stats.chi.pdf(r, d)
    order, centre = d / 2 - 1, math.sqrt(noncentrality)
    bessel = special.ive(order, centre * r)  # times exp(-centre r)
    return r * (r / centre) ** order * np.exp(-((r - centre) ** 2) / 2) * bessel


def dimensions(view, d, shift, n):
    root = np.linspace(0.02, 18, 180)
    where = math.sqrt(stats.chi2.isf(0.05, d))
    heights = hill(root, d, n * shift**2 / 2)
    view["T"].curve("h0", root, hill(root, d, 0), color="p", label="under H₀")
    view["T"].curve("h1", root, heights, color="q", label="under H₁")
    above = root >= where
    view["T"].fill("power", root[above], heights[above], color="q", alpha=0.3, label="power")
    view["T"].vline("cut", where, color="ink", style="-", label="cut")
    view["power"].curve("informed", [1, 128], [informed_power(shift, n)] * 2, color="muted", style=":",
                        label="direction known")
    best = [best_power(shift, n, one) for one in DIMS]
    view["power"].curve("best", DIMS, best, color="p", label="best test")
    for test, (label, color) in TESTS.items():
        values = counted(test, shift, n)
        if np.isfinite(values).all():
            view["power"].curve(test, DIMS, values, color=color, label=label)
            view.readout(label, values[DIMS.index(d)], ".2f")
    view["power"].vline("d", d, style=":")
    view.readout("best test", best_power(shift, n, d), ".3f")
    view.readout("direction known", informed_power(shift, n), ".3f")


explore(
    dimensions,
    panels=[
        Panel("T", title="the best statistic", xlabel="√T = √(n/2) · |x̄ − ȳ|", ylabel="density",
              xlim=(0, 18), ylim=(0, 0.9)),
        Panel("power", title="power at level 0.05", xlabel="d, dimension", ylabel="power", xlim=(0.95, 135),
              xscale="log", ylim=(0, 1.05), width=1.3),
    ],
    d=Slider.of(DIMS, value=1, label="d: dimension"),
    shift=Slider.of(list(SHIFTS), value=1.0, label="δ: shift"),
    n=Slider.of(list(SIZES), value=200, label="n"),
    presets={
        "δ = 0.6, n = 100": {"shift": 0.6, "n": 100},
        "the same in 128 dimensions": {"shift": 0.6, "n": 100, "d": 128},
        "no shift: the level": {"shift": 0.0, "n": 100},
    },
    size=(13, 4.6),
    alt="Null and alternative distribution of the best statistic, and the power of five tests against the "
    "dimension",
)

# %% tags=["claim:test-statistic-high-dim-hard"]
print(f"best test, d = 1 and 128:       {best_power(0.6, 100, 1):.3f} {best_power(0.6, 100, 128):.3f}")
print(f"who knows the direction:        {informed_power(0.6, 100):.3f} {informed_power(0.6, 100):.3f}")
convention(
    "test-statistic-high-dim-hard",
    ("power of MMD, median bandwidth, in 128 dimensions", float(counted("median", 0.6, 100)[-1])),
    ("power of the best test in one dimension", best_power(0.6, 100, 1)),
    relation="<",
    under="it is not known where to look: even the best test that treats all directions alike falls to "
    f"{best_power(0.6, 100, 128):.2f}, and one that knows the direction stays at "
    f"{informed_power(0.6, 100):.2f}",
    tol=0.3,
    digits=2,
)

# %% [markdown]
# At $\delta=0$ all curves should lie at the level: look. MMD with $h=1$ dies for another reason than the best test: in 128 dimensions all distances are near $\sqrt{2d}=16$, and a kernel of width 1 sees no pair at all.
#
# So the statistic has to be fitted to the difference. *We could try to learn the appropriate $T$*, says the lecture: train a classifier to tell the samples apart, and take its accuracy.
#
# ### Exercise 7.6 · A test that learns its statistic
#
# Learn on one half, count on the other. Under $H_0$ each held-out answer is right with probability ½, so the number of right ones is binomial.


# %% tags=["exercise:07.held_out_test"]
def held_out_test(x, y, fit):
    """A classifier's two-sample test.

    x, y: shape (n, d), n even, in random order. fit(points, labels) learns from points of shape (k, d) and
    labels of shape (k,), 1 for x and 0 for y; it returns predict: points (k, d) to labels (k,), 0 or 1.
    The first half of each sample is learned from, the second one is counted.
    Returns the accuracy on the second halves, and the p-value P(K >= right answers) for K of Bin(n, 1/2).
    """
    # region solution
    h = len(x) // 2
    predict_label = fit(torch.cat([x[:h], y[:h]]), torch.cat([torch.ones(h), torch.zeros(h)]))
    points = torch.cat([x[h:], y[h:]])
    labels = torch.cat([torch.ones(len(x) - h), torch.zeros(len(y) - h)])
    right = int((predict_label(points) == labels).sum())
    return right / len(points), float(stats.binom.sf(right - 1, len(points), 0.5))
    # endregion


held_out_test = check("07.held_out_test", held_out_test)

# %% name="accuracies"
def fit_linear(points, labels):
    """A linear classifier, by least squares with a small ridge."""
    centre = points.mean(0)
    features = points - centre
    ridge = 1e-2 * len(points) * torch.eye(points.shape[1])
    weights = torch.linalg.solve(features.T @ features + ridge, features.T @ (2 * labels - 1))
    return lambda new: ((new - centre) @ weights > 0).double()


def mean_accuracies(d, n, shift, repeats=20):
    """On points that were learned from and on held-out ones; the share of p-values up to 0.05."""
    random, seen, unseen, rejected = seeded(1000 * d + n), [], [], 0
    for _ in range(repeats):
        z = torch.randn(2 * n, d, generator=random)
        z[n:, 0] += shift
        x, y = z[:n], z[n:]
        accuracy, p_value = held_out_test(x, y, fit_linear)
        known, labels = torch.cat([x[: n // 2], y[: n // 2]]), torch.arange(n) < n // 2
        seen.append(float((fit_linear(known, labels.double())(known) == labels).double().mean()))
        unseen.append(float(accuracy))
        rejected += float(p_value) <= 0.05
    return np.mean(seen), np.mean(unseen), rejected / repeats


ACCURACY_SHIFTS, ACCURACY_SIZES = [0.0, 0.6, 1.0], [50, 100, 200]
ACCURACY = {
    (shift, n): np.array([mean_accuracies(d, n, shift) for d in DIMS])
    for shift in ACCURACY_SHIFTS
    for n in ACCURACY_SIZES
}

# %% name="predict-accuracy" tags=["predict"]
in_32 = DIMS.index(32)
predict(
    "07.accuracy",
    "H₀ is true, d = 32, and a linear classifier learns from 50 + 50 points. How accurate is it on these "
    "very points?",
    choices=("about 50 %", "about 60 %", "about 75 %", "about 100 %"),
    answer=f"""{ACCURACY[0.0, 100][in_32, 0]:.0%} on average, and {ACCURACY[0.0, 100][in_32, 1]:.0%} on
    held-out points. In 128 dimensions 100 points can be told apart perfectly, or nearly:
    {ACCURACY[0.0, 100][-1, 0]:.0%} with this ridge. A test that counts on what it learned from always finds a
    difference.""",
)

# %% name="accuracy-picture" tags=["picture"]
def accuracy_picture(view, shift, n, d):
    seen, unseen, rejected = ACCURACY[shift, n].T
    view["accuracy"].curve("seen", DIMS, seen, color="muted", style="--", label="on what it learned from")
    view["accuracy"].curve("unseen", DIMS, unseen, color="q", style="-", label="held out")
    possible = [stats.norm.cdf(shift / 2)] * 2
    view["accuracy"].curve("bayes", [1, 128], possible, color="p", label="best possible")
    view["accuracy"].vline("d", d, style=":")
    view["test"].curve("rejected", DIMS, rejected, color="q", style="-", label="held-out test")
    best = [best_power(shift, n, one) for one in DIMS]
    view["test"].curve("best", DIMS, best, color="p", label="best test")
    view["test"].hline("level", 0.05, style=":", label="level")
    place = DIMS.index(d)
    view.readout("accuracy, learned from", seen[place], ".3f")
    view.readout("accuracy, held out", unseen[place], ".3f")
    view.readout("best possible accuracy", stats.norm.cdf(shift / 2), ".3f")
    view.readout("held_out_test by", owner(held_out_test))


explore(
    accuracy_picture,
    panels=[
        Panel("accuracy", title="linear classifier", xlabel="d, the dimension", ylabel="accuracy",
              xlim=(0.95, 135), xscale="log", ylim=(0.4, 1.02)),
        Panel("test", title="share of p ≤ 0.05", xlabel="d, the dimension", ylabel="share of 20 pairs",
              xlim=(0.95, 135), xscale="log", ylim=(-0.03, 1.05)),
    ],
    shift=Slider.of(ACCURACY_SHIFTS, value=1.0, label="δ: shift"),
    n=Slider.of(ACCURACY_SIZES, value=200, label="n"),
    d=Slider.of(DIMS, value=1, label="d: dimension"),
    presets={"H₀ is true": {"shift": 0.0, "n": 100, "d": 32}, "δ = 0.6": {"shift": 0.6, "n": 100, "d": 32}},
    size=(12, 4.4),
    alt="Accuracy of a classifier on learned and on held-out points against the dimension, and how often "
    "its test rejects",
)

# %% [markdown]
# A learned $T$ is not magic: half of the data are spent on learning it, and for a plain shift it loses to MMD. What it has is generality, and a second gift: it can be differentiated. U17 puts it in two words, *only samples*: to
# learn the classifier we needed no density. With plenty of samples it comes near the best one, which does know both densities and answers $x$ where $\pi(x)$ is larger.

# %% tags=["claim:classifier-only-samples"]
z = torch.randn(20_000, 2, generator=seeded(60))
z[10_000:, 0] += 1.0
learned = held_out_test(z[:10_000], z[10_000:], fit_linear)[0]
small = classifier_two_sample_test(z[:500], z[10_000:10_500], seeded(61))
found = float(small.accuracy), float(small.p_value)
print(f"the course's network, 500 + 500 points: accuracy {found[0]:.2f}, p-value {found[1]:.0e}")
holds(
    "classifier-only-samples",
    ("held-out accuracy of a classifier that saw 10,000 samples", learned),
    ("the best there is, from both densities: Φ(1/2)", stats.norm.cdf(0.5)),
    tol=0.015,
    digits=2,
)

# %% [markdown]
# ## 7.8 A classifier that moves the model
#
# So far $P$ and $Q$ were fixed. U17 asks: *how do we use the classifier's output to move $Q$ towards $P$?* Let $D(x)$ be the probability with which the classifier takes $x$ for a point of $P$, and $a(x)=\log\frac{D(x)}{1-D(x)}$ its *logit*. The best
# classifier has $a(x)=\log\frac{p(x)}{q(x)}$: positive where $Q$ has too little mass, negative where it has too much. So let each point $x$ of $Q$ climb:
#
# $$x \leftarrow x + \eta\,\nabla a(x), \qquad \eta\text{: the step size},$$
#
# and let the classifier learn again. In the limit of small steps and perfect classifiers $\mathrm{KL}(Q\Vert P)$ falls at the rate $\mathbb E_Q\lVert\nabla a\rVert^2$, so it never rises.
#
# ### Exercise 7.7 · The classifier's loss
#
# Its mean over all labelled points, from logits, with label 1 for $P$ and 0 for $Q$. The classifier below is trained with it.


# %% tags=["exercise:07.cross_entropy"]
def cross_entropy(logits, labels):
    """The mean of -log D for points with label 1 and -log(1 - D) for points with label 0; D = sigmoid(logit).

    logits: shape (n,), any size. labels: shape (n,), each 1.0 or 0.0. Returns a 0-dimensional tensor.
    """
    # region solution
    return (torch.nn.functional.softplus(logits) - labels * logits).mean()
    # endregion


cross_entropy = check("07.cross_entropy", cross_entropy)

# %% [markdown]
# ### Exercise 7.8 · One move
#
# Each point follows the slope of the logit at its own place.


# %% tags=["exercise:07.move"]
def move(q, logit, step):
    """All points of Q, one step up the logit.

    q: shape (n, d). logit: a differentiable function from (n, d) to (n, 1). step: a float.
    Returns shape (n, d), without gradients.
    """
    # region solution
    x = q.detach().clone().requires_grad_(True)
    slope = torch.autograd.grad(logit(x).sum(), x)[0]
    return q.detach() + step * slope
    # endregion


move = check("07.move", move)

# %% [markdown]
# A check by hand: $P=\mathcal N(0,1)$, $Q=\mathcal N(\mu,1)$. Then $a(x)=\log\frac{p(x)}{q(x)}=\tfrac12\mu^2-\mu x$, its slope is $-\mu$ everywhere, and with a new best classifier after each move the mean becomes $(1-\eta)^t\mu$ after $t$ moves.
# Then a real run: points of $Q$ near $(-2, 1.5)$, a network as the classifier (two hidden layers of 32), five of its steps before each move. Two targets: blobs 2 apart, whose tails meet, and blobs 6 apart, with nothing between them.

# %% name="by-hand"
points = 3 + torch.randn(2000, 1, generator=seeded(70))
start = float(points.mean())
for _ in range(10):
    now = float(points.mean())
    points = torch.as_tensor(move(points, lambda x, now=now: now**2 / 2 - now * x, 0.2)).detach()
print(f"mean after 10 moves: {float(points.mean()):.6f}, (1 - 0.2)^10 of the first: {start * 0.8**10:.6f}")

# %% name="followers"
def followed(target, moves=120, seed=0):
    game = Followers(cross_entropy, move, seed)
    game.target, game.stride = target, 0.1
    game.reset()
    for _ in tqdm(range(moves), desc=target, leave=False, mininterval=0.5):
        game.step()
    return game


ENDED = {target: followed(target) for target in TARGETS}

# %% name="predict-stuck" tags=["predict"]
far_share = {target: game.far[-1] for target, game in ENDED.items()}
predict(
    "07.stuck",
    "The blobs are 6 apart, half of P in each; Q starts beside the left one. What share of Q is on the "
    "right after 120 moves?",
    choices=("about a half", "about a quarter", "almost nothing"),
    answer=f"""{far_share["separated"]:.1%}. Once the left blob is filled, the classifier's logit is flat
    there, near log ½: "too many here", the same for all, and no slope says where to go. The right blob has a
    large logit and no point of Q that could feel it. With blobs 2 apart {far_share["overlapping"]:.0%} end on
    the right.""",
)

# %% name="live" tags=["picture"]
side = torch.linspace(-5, 5, 36)
plane = torch.stack(torch.meshgrid(side, side[3:33], indexing="xy"), -1).reshape(-1, 2)


def draw_followers(view, game):
    extent = (-5, 5, float(side[3]), float(side[32]))
    surface = torch.sigmoid(game.logits(plane)).reshape(30, 36).double() - 0.5
    view["plane"].heatmap("D", surface, extent=extent, cmap="signed", limits=(-0.5, 0.5), alpha=0.6)
    view["plane"].scatter("p", game.p.cpu()[:200], color="p", size=4, label="P")
    view["plane"].scatter("q", game.q.cpu()[:200], color="q", size=4, label="Q")
    view["w1"].curve("w1", game.when, np.maximum(game.w1, 1e-2), color="q", style="-", label="W₁")
    view["far"].curve("far", game.when, game.far, color="third", style="-", label="Q")
    view["far"].hline("half", 0.5, style=":", label="P")
    view.readout("moves", game.moves, "d")
    view.readout("W₁", game.w1[-1], ".3f")
    view.readout("share of Q on the right", game.far[-1], ".3f")
    view.readout("move by", owner(move))


game = Followers(cross_entropy, move)
live = LiveTraining(
    game,
    draw_followers,
    panels=[
        Panel("plane", title="P, Q, and D as colour (blue: P)", xlabel="x₁", ylabel="x₂", xlim=(-5, 5),
              ylim=(-4.1, 4.1), aspect="equal", width=1.2),
        Panel("w1", title="distance of Q to P", xlabel="move", ylabel="W₁", yscale="log", ylim=(0.05, 5),
              legend=False),
        Panel("far", title="mass on the right", xlabel="move", ylabel="share", ylim=(-0.03, 1)),
    ],
    target=Choice({"overlapping": "overlapping", "separated": "separated"}, label="target"),
    stride=Slider(0.01, 1.0, step=10**0.25, value=0.1, log=True, label="η: step size"),
    lessons=Slider(0, 30, step=1, value=5, label="classifier's steps per move"),
    actions={"One move": game.step, "One step of the classifier": game.teach},
    presets={
        "overlapping": {"target": "overlapping"},
        "separated": {"target": "separated"},
        "a classifier that stands still": {"target": "overlapping", "lessons": 0},
        "long steps": {"target": "overlapping", "stride": 1.0},
    },
    cap=3000,
    size=(12.5, 4.4),
    alt="Points of Q that climb the logit of a classifier towards P, their distance, and their mass on "
    "the right",
).run(5, progress=False)
live

# %% [markdown]
# Play. Then stop the classifier (0 steps): the points run after a hill that no longer moves, closer at first, then past the data. With $\eta=1$ they overshoot, and $W_1$ stays larger. Press *Reset* and take the separated
# target. Once $Q$ sits on the left blob, can any setting bring it across? Then play the overlapping target for 60 moves and change to the separated one while it plays: now there are points for both sides.

# %% name="ended"
for target, ended in ENDED.items():
    first, last, share = ended.w1[0], ended.w1[-1], ended.far[-1]
    print(f"{target:<12} W1 {first:.1f} -> {last:.1f}, share of Q on the right {share:.1f}")

# %% tags=["claim:classifier-moves-q"]
convention(
    "classifier-moves-q",
    ("W1 between Q and P after 120 moves, blobs 2 apart", ENDED["overlapping"].w1[-1]),
    ("W1 before the first move", ENDED["overlapping"].w1[0]),
    relation="<",
    under="Q reaches every part of P, so that the slopes where Q lives know of it: with blobs 6 apart Q "
    "fills the near one, and hardly a point finds the other",
    tol=0.5,
    digits=1,
)

# %% [markdown]
# ## 7.9 The step to the GAN: learn $T$, then make it small
#
# Two things are left to do. The points should come from a generator $G_\theta$, so that there are new ones whenever we want: then $\theta$ moves in place of the points, by the same gradients (section 7.4). And the classifier's loss itself may
# serve as the statistic:
#
# $$T(\theta) = \log 4 + \max_D\Big\{\mathbb E_P\log D(x) + \mathbb E_{Q_\theta}\log\big(1-D(x)\big)\Big\}.$$
#
# The *generator* makes $T$ small, the *discriminator* $D$ makes it as large as it can. For the best $D$ of all, $T$ is twice the Jensen-Shannon divergence; [notebook 8](08_vanilla_gan_optimality.ipynb) proves that. Take $P=\mathcal N(0,1)$ and
# $Q_\theta=\mathcal N(\theta,s^2)$: the best logit is a quadratic function of $x$, so a logistic regression on $x$ and $x^2$ can find it from samples.

# %% name="learned-statistic"
line = torch.linspace(-12, 12, 4801)
LOG4 = math.log(4)


def by_densities(mean, std):
    """log 4 + V at the best discriminator, by a sum over a grid."""
    log_p, log_q = PHI.log_prob(line), Normal(mean, std).log_prob(line)
    both = torch.logaddexp(log_p, log_q)
    inside = log_p.exp() * (log_p - both) + log_q.exp() * (log_q - both)
    return LOG4 + float(inside.sum() * (line[1] - line[0]))


def fit_logit(x, y, steps=12, ridge=1e-3):
    """Logistic regression on 1, x and x² by Newton's method: the coefficients."""
    features = lambda t: torch.stack([torch.ones_like(t), t, t**2], 1)
    points, labels = features(torch.cat([x, y])), torch.cat([torch.ones(len(x)), torch.zeros(len(y))])
    w = torch.zeros(3)
    for _ in range(steps):
        d = torch.sigmoid(points @ w)
        slope = points.T @ (d - labels) / len(labels) + ridge * w
        curve = (points.T * (d * (1 - d))) @ points / len(labels) + ridge * torch.eye(3)
        w = w - torch.linalg.solve(curve, slope)
    return lambda t: features(t) @ w


def value_of(logit, x, y):
    soft = torch.nn.functional.softplus
    return LOG4 - float(soft(-logit(x)).mean() + soft(logit(y)).mean())


THETAS = torch.linspace(-2, 2, 41)
LEARN_X, LEARN_Z = torch.randn(2, 500, generator=seeded(80))
LOOK_X, LOOK_Z = torch.randn(2, 500, generator=seeded(81))


def learned_curves(s):
    """T on what the discriminator learned from and on fresh samples, for each θ."""
    seen, fresh = [], []
    for t in THETAS.tolist():
        logit = fit_logit(LEARN_X, t + s * LEARN_Z)
        seen.append(value_of(logit, LEARN_X, t + s * LEARN_Z))
        fresh.append(value_of(logit, LOOK_X, t + s * LOOK_Z))
    return seen, fresh


SPREADS = [0.5, 0.7, 1.0, 1.4, 2.0, 3.0]
LEARNED = {s: learned_curves(s) for s in SPREADS}
EXACT = {s: [by_densities(t, s) for t in THETAS.tolist()] for s in SPREADS}

# %% name="predict-fixed" tags=["predict"]
predict(
    "07.fixed",
    "The generator has the mean 0, as P has, but the spread s = 3. Which statistic tells it that "
    "something is wrong?",
    choices=("only the distance of the means", "only the learned T", "both", "neither"),
    answer=f"""Only the learned T: it is {EXACT[3.0][20]:.3f} at θ = 0, s = 3, and 0 at s = 1. The distance of
    the means is 0 at θ = 0 for every s, so a generator that minimises it has no reason to change its spread.
    """,
)

# %% name="learning-t" tags=["picture"]
def learning_t(view, theta, s):
    place = int((THETAS - theta).abs().argmin())
    seen, fresh = LEARNED[s]
    grid = torch.linspace(-5, 5, 201)
    view["x"].curve("p", grid, PHI.log_prob(grid).exp(), color="p", label="P")
    view["x"].curve("q", grid, Normal(theta, s).log_prob(grid).exp(), color="q", label="Q")
    logit = fit_logit(LEARN_X, theta + s * LEARN_Z)
    view["x"].curve("D", grid, torch.sigmoid(logit(grid)), color="third", label="D, learned")
    view["T"].curve("means", THETAS, THETAS.abs() / 4, color="muted", style=":", label="|θ| / 4: the means")
    view["T"].curve("exact", THETAS, EXACT[s], color="p", label="2 JSD")
    view["T"].curve("seen", THETAS, seen, color="accent", style="--", label="learned from")
    view["T"].curve("fresh", THETAS, fresh, color="third", label="fresh samples")
    view["T"].scatter("here", [[theta, fresh[place]]], color="accent", size=10)
    view.readout("2 JSD", EXACT[s][place], ".4f")
    view.readout("T, learned from", seen[place], ".4f")
    view.readout("T, fresh samples", fresh[place], ".4f")
    view.readout("distance of the means", abs(theta), ".2f")


explore(
    learning_t,
    panels=[
        Panel("x", title="P, Q and D", xlabel="x", ylabel="density; D", xlim=(-5, 5), ylim=(0, 1)),
        Panel("T", title="T against the generator's mean", xlabel="θ", ylabel="nats (means: units of x)",
              xlim=(-2, 2), ylim=(-0.05, 0.8), width=1.2),
    ],
    theta=Slider(-2.0, 2.0, step=0.1, value=1.5, label="θ: mean of Q"),
    s=Slider.of(SPREADS, value=0.5, label="s: spread of Q"),
    presets={
        "right mean, wrong spread": {"theta": 0.0, "s": 3.0},
        "the truth": {"theta": 0.0, "s": 1.0},
        "far away": {"theta": 2.0, "s": 0.5},
    },
    size=(12, 4.4),
    alt="Two Gaussians with the learned discriminator, and several statistics against the mean of the "
    "generator",
)

# %% name="copy-again"
best = {s: float(THETAS[int(np.argmin(LEARNED[s][1]))]) for s in SPREADS}
smallest = min(SPREADS, key=lambda s: min(LEARNED[s][1]))
copy, sample = LEARN_X.clone(), torch.randn(500, generator=seeded(82))
copied = {name: exact_w1(LEARN_X[:, None], y[:, None]) for name, y in (("copy", copy), ("truth", sample))}
print(f"smallest T on fresh samples: at s = {smallest}, θ = {best[smallest]:+.1f}")
print(f"W1 to the 500 data points: of a copy {copied['copy']:.3f}, of new samples of P {copied['truth']:.3f}")

# %% tags=["claim:generator-minimises-statistic"]
convention(
    "generator-minimises-statistic",
    ("mean of Q at which the learned T is smallest, s = 1", best[1.0]),
    ("mean of P", 0.0),
    under="T is the value for the distributions, or is measured with fresh samples: between two fixed "
    "sets a copy of the data has T = 0, less than new samples of the truth have",
    tol=0.15,
    digits=1,
)

# %% [markdown]
# Here the circle closes. Between two fixed sets of samples the statistic is smallest for $p_1$ with $\epsilon = 0$, the copy of section 7.1. What keeps a GAN from it is not the objective but the generator, which does not get to see the
# data, and the discriminator, which is no perfect test.
#
# ## 7.10 An open experiment
#
# `Followers` takes your loss, your move, and a classifier of your own. Ideas:
#
# - **The other slopes.** Replace $a$ by $D$, by $\log D$ or by $-\log(1-D)$ in your `move`. Which of them is slow at the start, when the classifier is sure, and why? ([Notebook 8](08_vanilla_gan_optimality.ipynb) has the names.)
# - **Noise.** Add a little noise to the points after each move, $\sqrt{2\eta\tau}$ times normal numbers. Which $\tau$ brings them across the gap, and what does it cost on the near blob?
# - **A smooth or a stiff classifier.** Replace `tanh` by `relu`, or take one hidden layer. Does the gap become easier?

# %% name="your-experiment"
def noisy_move(q, logit, step, temperature=0.3):
    """A move with noise: change me."""
    moved = move(q, logit, step)
    return moved + math.sqrt(2 * step * temperature) * torch.randn(q.shape, generator=NOISE).to(q)


NOISE = seeded(90)
trial = Followers(cross_entropy, noisy_move)
trial.target = "separated"
trial.reset()
for _ in range(60):
    trial.step()
print(f"separated, noisy, 60 moves: W1 {trial.w1[-1]:.1f}, share of Q on the right {trial.far[-1]:.2f}")

# %% [markdown]
# ## What to remember
#
# - A copy of the training data has perfect samples and a terrible *held-out* likelihood; 99 % noise costs at most $\log 100$ nats, which is much in a few dimensions and little in 2,000, *compared with what small errors cost there*. The size of $\log p$ depends on the unit.
# - Likelihood and samples rank models differently, and both are right.
# - An implicit model gives expectations and, for smooth functions, their gradients. It need not have a density.
# - Permutations give every statistic the right level, $p=(k+1)/(B+1)$. The power depends on what the statistic sees. Never compare $T$ with $\alpha$.
# - In many dimensions even the best test loses power when the direction is unknown. A learned statistic must be counted on held-out points.
# - The slope of a classifier's logit moves $Q$ towards $P$, where $Q$ can feel it. Put a generator in place of the points, and it is a GAN.
#
# **References.** I21 lecture 9, I22 lecture 8, U17, UL p.2. L. Theis, A. van den Oord, M. Bethge, *A note on the evaluation of generative models*, [arXiv:1511.01844](https://arxiv.org/abs/1511.01844) (both mixtures). S. Mohamed, B. Lakshminarayanan, *Learning in implicit
# generative models*, [arXiv:1610.03483](https://arxiv.org/abs/1610.03483). A. Gretton et al., *A kernel two-sample test*, JMLR 2012. D. Lopez-Paz, M. Oquab, *Revisiting classifier two-sample tests*, [arXiv:1610.06545](https://arxiv.org/abs/1610.06545). B. Phipson, G. Smyth, *Permutation
# p-values should never be zero*, 2010.
# Next: [Vanilla GAN optimality](08_vanilla_gan_optimality.ipynb), where the game of section 7.9 is solved.
