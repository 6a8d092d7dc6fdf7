# %% [markdown]
# # 2 · Variational Bayes and expectation propagation
#
# *About 90 minutes. Follows UL p.17-19.*
#
# After this notebook you can
#
# - show in three lines that $\log p(y) = \mathcal L(q) + \mathrm{KL}$, and say for which $q$ that sum does not exist;
# - run variational Bayes and expectation propagation, step by step, on a posterior that you can also compute exactly;
# - say which part of "too compact" comes from the direction of KL, and which from the family of $q$;
# - recognise a run of expectation propagation that oscillates, and one that stands still without having converged;
# - do linear regression with an unknown precision of the weights, and name the prior for which variational Bayes fails.
#
# **Recap.** [Notebook 1](01_mean_field_kl.ipynb) replaced a distribution $p$ by a simpler one, $q$, in two directions:
# $\mathrm{KL}(q\Vert p)$ tends to be too compact, $\mathrm{KL}(p\Vert q)$ is global. There $p$ was given. Here $p$ is a
# *posterior*, which we can write down only up to a factor. All logarithms are natural, so that KL and $\log p$ are counted in *nats*.
#
# The lecture writes $x$ for what is observed and $z$ for what is not. We write $y$ for what is observed throughout, because
# section 2.10 needs $x$ for the regressors.

# %% name="setup"
import itertools
import math
from functools import lru_cache

import numpy as np
import torch
from scipy import integrate, optimize, stats
from torch.distributions import Gamma, Normal

from course_lib.claims import convention, erratum, holds
from course_lib.exercises import check, hint, owner, predict
from course_lib.lessons.n02_variational_bayes_and_ep.own_factors import compare, ep_on_grid
from course_lib.variational import clutter_posterior, variational_linear_regression
from course_lib.widgets import Choice, Panel, Slider, explore

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # everything here is small: sharing it between cores costs more than it saves

# %% [markdown]
# ## 2.1 Posterior and evidence
#
# A model says how likely the hidden $z$ and the observed $y$ are together: the *joint* $p(y, z)$. From it follow
#
# $$\underbrace{p(y) = \sum_z p(y, z)}_{\text{evidence}}, \qquad \underbrace{p(z\mid y) = \frac{p(y, z)}{p(y)}}_{\text{posterior}},$$
#
# with an integral in place of the sum where $z$ is continuous. A small example: a bag holds three kinds of coins. One is drawn,
# and thrown four times. The kind of coin is $z$, the number of heads is $y$.

# %% name="coins"
COINS = ["fair", "bent", "two-headed"]
in_the_bag = torch.tensor([0.6, 0.3, 0.1])  # p(z)
falls_heads = torch.tensor([0.5, 0.8, 1.0])


def joint_of(heads):
    """p(y, z) for y = this many heads in four throws: shape (3,), one number for each coin."""
    return in_the_bag * math.comb(4, heads) * falls_heads**heads * (1 - falls_heads) ** (4 - heads)


def shown(numbers):
    return "  ".join(f"{name} {float(number):.3f}" for name, number in zip(COINS, numbers, strict=True))


for heads in (4, 3):
    joint = joint_of(heads)
    print(f"{heads} heads:  joint  {shown(joint)}   evidence {float(joint.sum()):.3f}")
    print(f"      posterior  {shown(joint / joint.sum())}")

# %% [markdown]
# With four heads all three coins are possible. With three heads the two-headed coin is ruled out: its posterior probability is 0.
# The sum has three terms here. In section 2.3 it will have $2^n$, and in a variational autoencoder it is an integral over all
# latent codes. That is why one approximates.
#
# ## 2.2 A bound that brings its own gap
#
# Take *any* distribution $q(z)$. The lecture needs three lines:
#
# $$\begin{aligned}\log p(y) &= \sum_z q(z)\,\log p(y) && \text{($q$ sums to 1)}\\
# &= \sum_z q(z)\,\log\frac{p(y, z)}{p(z\mid y)} && \text{(the definition of the posterior)}\\
# &= \underbrace{\sum_z q(z)\,\log\frac{p(y, z)}{q(z)}}_{\mathcal L(q)} + \underbrace{\sum_z q(z)\,\log\frac{q(z)}{p(z\mid y)}}_{\mathrm{KL}(q\Vert p(\cdot\mid y))} && \text{(multiply and divide by $q$).}\end{aligned}$$
#
# $\mathcal L(q)$ needs the joint only, and KL is never negative. So $\mathcal L(q)$ is a *lower bound* of the log evidence, the
# *evidence lower bound* or ELBO, and what it lacks is exactly the KL.
#
# ### Exercise 2.1 · The lower bound
#
# `hint("02.elbo")` gives a hint, and one more at each call. Mind the coins that are impossible, and those that $q$ leaves out.

# %% tags=["exercise:02.elbo"]
def elbo(log_joint, q):
    """L(q) in nats, the sum over z of q(z) log(p(y, z) / q(z)).

    log_joint: shape (k,), log p(y, z) for each state z; minus infinity for a state that y rules out.
    q: shape (k,), probabilities that sum to 1. A state with q = 0 contributes 0; a state with q > 0 that is
    ruled out makes L minus infinity. Returns a 0-dimensional tensor.
    """
    # region solution
    return torch.where(q > 0, q * (log_joint - q.log()), 0.0).sum()
    # endregion


elbo = check("02.elbo", elbo)

# %% name="predict-bar" tags=["predict"]
predict(
    "02.bar",
    "Four heads were seen. In the picture below q believes that the coin is almost certainly fair, and a "
    "bar shows L(q) with KL stacked on top of it. You drag q towards the posterior. What does the bar's "
    "upper end do?",
    choices=("it rises", "it falls", "it stays"),
    answer=f"It stays at log p(y) = {float(joint_of(4).sum().log()):.3f} nats whatever q is: q does not "
    "occur in log p(y). The border between the two parts rises: what L gains, KL loses.",
)

# %% name="bar" tags=["picture"]
def kl_to_posterior(q, joint):
    posterior = joint / joint.sum()
    return torch.where(q > 0, q * (q.log() - posterior.log()), 0.0).sum()


def bar(view, heads, fair, two_headed):
    joint = joint_of(heads)
    log_evidence = float(joint.sum().log())
    q_of = lambda a: torch.tensor([a, (1 - a) * (1 - two_headed), (1 - a) * two_headed])
    q = q_of(fair)
    bound, gap = float(elbo(joint.log(), q)), float(kl_to_posterior(q, joint))
    view["coins"].bars("p", COINS, joint / joint.sum(), color="p", label="posterior p(z|y)")
    view["coins"].bars("q", COINS, q, color="q", label="q(z)")
    edge = max(bound, -7.0)
    if math.isfinite(bound):
        view["bar"].fill("L", [0.2, 0.8], [edge, edge], base=-7, color="q", alpha=0.6, label="L(q)")
        top = [log_evidence, log_evidence]
        view["bar"].fill("KL", [0.2, 0.8], top, base=edge, color="third", alpha=0.6, label="KL")
    else:
        view["bar"].text("none", 0.5, 0.5, "L = −∞, KL = ∞", align="center", where="panel")
    line = torch.linspace(0, 1, 101)
    bounds = [float(elbo(joint.log(), q_of(a))) for a in line]
    gaps = [float(kl_to_posterior(q_of(a), joint)) for a in line]
    view["line"].curve("L", line, bounds, color="q", label="L(q)")
    view["line"].curve("KL", line, gaps, color="third", label="KL(q‖p(z|y))")
    view["line"].vline("here", fair, style="--")
    view["bar"].title(f"L by {owner(elbo)}")
    view.readout("L(q)", bound)
    view.readout("KL(q‖p(z|y))", gap)
    view.readout("L + KL", bound + gap)
    view.readout("log p(y)", log_evidence)


explore(
    bar,
    panels=[
        Panel("coins", title="two beliefs about the coin", ylabel="probability", ylim=(0, 1), width=1.1),
        Panel("bar", title="L", xlabel="only the heights count", ylabel="nats", xlim=(0, 1), ylim=(-7, 0),
              width=0.8),
        Panel("line", title="along the slider of the fair coin", xlabel="q(fair)", ylabel="nats", xlim=(0, 1),
              ylim=(-7, 4)),
    ],
    heads=Slider(0, 4, value=4, label="y: heads in four throws"),
    fair=Slider(0.0, 1.0, step=0.01, value=0.95, label="q(fair)"),
    two_headed=Slider(0.0, 1.0, step=0.01, value=0.05, label="of the rest, two-headed"),
    presets={"what is in the bag": {"heads": 4, "fair": 0.6, "two_headed": 0.25},
             "the posterior": {"heads": 4, "fair": 0.14, "two_headed": 0.45},
             "certain: it is fair": {"heads": 4, "fair": 1.0, "two_headed": 0.0},
             "believes the impossible": {"heads": 3, "fair": 0.5, "two_headed": 0.3}},
    size=(13, 4.2),
    alt="Bars of the posterior over three coins and of q; a stacked bar of bound and KL; both as curves",
)

# %% [markdown]
# The bar keeps its height, and KL is what is missing below $\log p(y)$. The last preset shows the limit of "any distribution $q$": after
# three heads the two-headed coin is impossible. A $q$ that believes in it has $\mathcal L = -\infty$ and $\mathrm{KL} = \infty$,
# and $-\infty + \infty$ is no number. The inequality survives that, the identity does not.

# %% name="impossible"
believer = torch.tensor([0.5, 0.35, 0.15])
bound, gap = float(elbo(joint_of(3).log(), believer)), float(kl_to_posterior(believer, joint_of(3)))
print(f"three heads, q(two-headed) = 0.15:  L = {bound}, KL = {gap}, L + KL = {bound + gap}")
q = torch.tensor([0.5, 0.2, 0.3])
binomial = [float(w) * stats.binom(4, float(a)).pmf(4) for w, a in zip(in_the_bag, falls_heads, strict=True)]

# %% tags=["claim:latent-evidence-decomposition"]
convention(
    "latent-evidence-decomposition",
    ("L(q) + KL(q‖p(z|y)) for q = (.5, .2, .3)",
     float(elbo(joint_of(4).log(), q) + kl_to_posterior(q, joint_of(4)))),
    ("log p(y), from binomial probabilities", math.log(sum(binomial))),
    under="q(z) = 0 wherever p(y, z) = 0; otherwise L(q) = -∞ and KL = ∞, and their sum does not exist",
)

# %% [markdown]
# How high can $\mathcal L$ get? A search over *all* $q$ that knows nothing of posteriors finds the evidence, and it ends at the posterior. And
# nowhere else: by Pinsker's inequality the gap is at least $2\,\mathrm{TV}(q, p(\cdot\mid y))^2$, with TV the total variation.

# %% name="all-q"
log_joint = joint_of(4).log()
posterior = joint_of(4) / joint_of(4).sum()
q_from = lambda v: torch.softmax(torch.as_tensor(v), 0)
highest = optimize.minimize(lambda v: -float(elbo(log_joint, q_from(v))), [1.0, 0.0, -1.0], tol=1e-13)
best_q = q_from(highest.x)
many = torch.from_numpy(np.random.default_rng(0).dirichlet([1.0] * 3, size=10_000))
gaps = joint_of(4).sum().log() - torch.tensor([float(elbo(log_joint, q)) for q in many])
pinsker = gaps / (0.5 * (many - posterior).abs().sum(1)) ** 2
print(f"the search ends at {shown(best_q)}")
print(f"the posterior is   {shown(posterior)}")
print(f"smallest gap / TV² of 10,000 random q: {float(pinsker.min()):.3f}, never below 2")

# %% tags=["claim:elbo-lower-bound"]
holds(
    "elbo-lower-bound",
    ("highest L(q) that a search over all q finds", -highest.fun),
    ("log p(y)", float(joint_of(4).sum().log())),
)

# %% [markdown]
# Since $\log p(y)$ does not depend on $q$, **raising $\mathcal L$ and lowering $\mathrm{KL}(q\Vert p(\cdot\mid y))$ are the same thing**, over any family of $q$. *Variational
# Bayes* (VB) means: choose a family that you can handle, and do that. The direction comes with it: expectations are under $q$, because it is
# $q$ that we can handle.
#
# ## 2.3 A posterior that one can see: the clutter problem
#
# A sensor measures a position $\theta$ with noise of variance 1. But half of its readings are *clutter*: they come from somewhere else altogether and say nothing about
# $\theta$. With $w = 0.5$,
#
# $$\theta\sim\mathcal N(0, 100), \qquad y_i\mid\theta \;\sim\; (1-w)\,\mathcal N(\theta, 1) + w\,\mathcal N(0, 10).$$
#
# (The second argument of $\mathcal N$ is the variance.) Write $c_i = 1$ for "datum $i$ is signal". For fixed labels $c$ the posterior is a Gaussian: only the signals
# count. But there are $2^n$ label vectors, and the posterior of $\theta$ is the mixture of all these Gaussians. For ten data that can be enumerated.

# %% name="enumeration"
WEIGHT, CLUTTER, PRIOR = 0.5, 10.0, 100.0  # probability and variance of clutter, variance of the prior


def draw_data(seed, n, theta=2.0):
    """n readings of a sensor at theta, about half of them clutter."""
    rng = np.random.default_rng(seed)
    clutter = rng.random(n) < WEIGHT
    return torch.from_numpy(np.where(clutter, rng.normal(0, math.sqrt(CLUTTER), n), rng.normal(theta, 1, n)))


def all_cases(y):
    """For each of the 2^n label vectors c: log p(y, c), mean and variance of p(theta | y, c); each (2^n,)."""
    n = len(y)
    c = ((torch.arange(2**n)[:, None] >> torch.arange(n)) & 1).double()
    # Gaussians multiply: their precisions add, and so do precision times mean.
    precision, shift = 1 / PRIOR + c.sum(1), c @ y
    log_signal = math.log(1 - WEIGHT) + Normal(0.0, 1.0).log_prob(y)
    log_clutter = math.log(WEIGHT) + Normal(0.0, math.sqrt(CLUTTER)).log_prob(y)
    log_integral = 0.5 * (shift**2 / precision - torch.log(precision * PRIOR))
    return c @ log_signal + (1 - c) @ log_clutter + log_integral, shift / precision, 1 / precision


ten = draw_data(0, 10).round(decimals=1)
log_joint, means, variances = all_cases(ten)
shares = torch.softmax(log_joint, 0).sort(descending=True).values
enough = int((shares.cumsum(0) < 0.99).sum()) + 1
print("ten readings:", ten.tolist())
print(f"cases: {len(shares)}; the heaviest holds {float(shares[0]):.3f} of the posterior")

# %% name="predict-cases" tags=["predict"]
predict(
    "02.cases",
    "The ten readings give 1,024 cases. How many of them, the heaviest first, hold 99 % of the posterior?",
    number="cases",
    answer=f"{enough}: the mass is spread over many cases, since a reading near θ may be signal or clutter. "
    "A handful of cases would not do; an approximation must summarise, it cannot select.",
)

# %% name="cases" tags=["picture"]
THETA = torch.linspace(-12, 12, 481)


def normal_densities(x, means, variances):
    """Shape (k, len(x)): the density of each Gaussian."""
    squares = (x - means[:, None]) ** 2 / variances[:, None]
    return torch.exp(-0.5 * squares) / torch.sqrt(2 * math.pi * variances)[:, None]


def cases(view, n, y1):
    y = ten[:n].clone()
    y[0] = y1
    log_joint, means, variances = all_cases(y)
    mass, order = torch.softmax(log_joint, 0).sort(descending=True)
    densities = normal_densities(THETA, means[order], variances[order])
    for k in range(min(6, len(mass))):
        view["theta"].curve(f"case {k}", THETA, mass[k] * densities[k], color="muted", width=1,
                            label="the heaviest cases" if k == 0 else None)
    view["theta"].fill("p", THETA, mass @ densities, color="p", alpha=0.3, label="posterior: their sum")
    view["theta"].scatter("y", torch.stack([y, torch.full((n,), 0.02)], 1), color="accent", label="readings")
    total = mass.cumsum(0)
    view["mass"].curve("mass", torch.arange(1, len(mass) + 1), total, color="p", label="share held")
    first = torch.stack([torch.arange(1.0, len(mass) + 1), total], 1)[:64]
    view["mass"].scatter("each", first, color="p", size=4)
    view["mass"].hline("99", 0.99, style=":", label="99 %")
    mean = mass @ means[order]
    view.readout("cases", len(mass), "d")
    view.readout("cases that hold 99 %", int((total < 0.99).sum()) + 1, "d")
    view.readout("probability that all is clutter", float(torch.softmax(log_joint, 0)[0]))
    view.readout("posterior mean", float(mean), ".3f")
    variance = mass @ (variances[order] + (means[order] - mean) ** 2)
    view.readout("posterior std", float(variance.sqrt()), ".3f")


explore(
    cases,
    panels=[
        Panel("theta", title="the posterior of θ", xlabel="θ", ylabel="density", xlim=(-12, 12),
              ylim=(0, 0.9), width=1.5),
        Panel("mass", title="the heaviest cases together", xlabel="number of cases", xscale="log",
              ylabel="share of the posterior", xlim=(0.9, 1100), ylim=(0, 1.05)),
    ],
    n=Slider(1, 10, value=3, label="n: readings"),
    y1=Slider(-8.0, 8.0, step=0.1, value=float(ten[0]), label="first reading"),
    presets={"one reading": {"n": 1, "y1": 2.5}, "two that disagree": {"n": 2, "y1": 6.0},
             "five readings": {"n": 5, "y1": float(ten[0])}, "ten readings": {"n": 10, "y1": float(ten[0])}},
    size=(12, 4.4),
    alt="The posterior of θ as a sum of Gaussians, one for each labelling, and the share that the "
    "heaviest hold",
)

# %% [markdown]
# With few readings a low, wide foot remains: the case "all clutter", in which the posterior is the prior with its standard deviation of 10. That foot will matter.
#
# The grid is the second exact way, and it works for any $n$: sum out the labels datum by datum, $p(y, \theta) = p(\theta)\prod_i p(y_i\mid\theta)$, and integrate over one
# dimension. Both definitions of section 2.1 give the same evidence.

# %% name="on-a-grid"
def log_likelihood(y, theta):
    """log p(y | theta) with the labels summed out, for theta of shape (m,): shape (m,)."""
    signal = math.log(1 - WEIGHT) + Normal(theta[:, None], 1.0).log_prob(y)
    clutter = math.log(WEIGHT) + Normal(0.0, math.sqrt(CLUTTER)).log_prob(y)
    return torch.logaddexp(signal, clutter).sum(1)


def exact_density(y, theta):
    """The exact posterior at theta, shape (m,)."""
    log_joint = Normal(0.0, math.sqrt(PRIOR)).log_prob(theta) + log_likelihood(y, theta)
    return torch.exp(log_joint - clutter_posterior(y, "exact").log_evidence)


eight = ten[:8]
evidence_by_quadrature, _ = integrate.quad(
    lambda t: float(torch.exp(log_likelihood(eight, torch.tensor([t])))) * stats.norm(0, 10).pdf(t),
    -90, 90, points=sorted(eight.tolist()), limit=400, epsabs=1e-18,
)

# %% tags=["claim:posterior-definition"]
holds(
    "posterior-definition",
    ("log p(y): θ integrated in closed form in 256 cases", float(torch.logsumexp(all_cases(eight)[0], 0))),
    ("log of ∫ p(y, θ) dθ, labels summed, by scipy", math.log(evidence_by_quadrature)),
)

# %% [markdown]
# ## 2.4 Variational Bayes, with two families
#
# **The family that factorises.** The lecture's example of a tractable family is the product over the variables, here $q(\theta)\,q(c_1)\cdots q(c_n)$. As in notebook 1 each factor
# is best where its logarithm is, up to a constant, the expectation of the log joint under the others:
#
# - $q(\theta)$ sees each datum with the weight $r_i = q(c_i = 1)$, and is a Gaussian of precision $\frac1{100} + \sum_i r_i$ and mean (variance times $\sum_i r_i y_i$);
# - $q(c_i)$ compares $\log(1-w) + \mathbb E_{q(\theta)}\log\mathcal N(y_i; \theta, 1)$ with $\log w + \log\mathcal N(y_i; 0, 10)$, and $r_i$ is the logistic function
#   of the difference.
#
# ### Exercise 2.2 · One sweep of mean field
#
# First $q(\theta)$ from the current $r$, then the new $r$ from that $q(\theta)$.

# %% tags=["exercise:02.mean_field_sweep"]
def mean_field_sweep(y, r, weight):
    """One sweep over both factors, for the prior N(0, 100), signal N(theta, 1) and clutter N(0, 10).

    y: shape (n,), the data. r: shape (n,), the current probabilities of being signal. weight: a float, the
    probability of clutter. Returns mean and variance of q(theta), 0-dimensional, and the new r, shape (n,).
    """
    # region solution
    variance = 1 / (1 / 100 + r.sum())
    mean = variance * (r * y).sum()
    log_signal = math.log(1 - weight) - 0.5 * ((y - mean) ** 2 + variance + math.log(2 * math.pi))
    log_clutter = math.log(weight) - 0.5 * (y**2 / 10 + math.log(2 * math.pi * 10))
    return mean, variance, torch.sigmoid(log_signal - log_clutter)
    # endregion


mean_field_sweep = check("02.mean_field_sweep", mean_field_sweep)

# %% [markdown]
# The loop around it, from "all are signal", and the bound $\mathcal L$ of this family, $\mathbb E_q[\log p(y, \theta, c)]$ plus the entropies of the factors.

# %% name="mean-field"
def product_bound(y, mean, variance, r):
    """L(q) in nats for q(theta) = N(mean, variance) and q(c_i = 1) = r_i."""
    signal = math.log(1 - WEIGHT) + Normal(mean, 1.0).log_prob(y) - variance / 2
    clutter = math.log(WEIGHT) + Normal(0.0, math.sqrt(CLUTTER)).log_prob(y)
    prior = -0.5 * ((mean**2 + variance) / PRIOR + math.log(2 * math.pi * PRIOR))
    entropy_of_labels = -(torch.xlogy(r, r) + torch.xlogy(1 - r, 1 - r)).sum()
    entropy_of_theta = 0.5 * torch.log(2 * math.pi * math.e * variance)
    return (r * signal + (1 - r) * clutter).sum() + prior + entropy_of_labels + entropy_of_theta


def mean_field_path(y, sweeps, start=None):
    """Mean and variance of q(theta), r, and the bound after each sweep, from r = 1 or from another start."""
    r, path = torch.ones_like(y) if start is None else start, []
    for _ in range(sweeps):
        mean, variance, r = (torch.as_tensor(part).double() for part in mean_field_sweep(y, r, WEIGHT))
        path.append((mean, variance, r, product_bound(y, mean, variance, r)))
    return path


SETS = range(8)
kept, off = [], []  # share of the variance that is kept, and error of the mean in standard deviations
for seed in SETS:
    y = draw_data(seed, 20)
    (mean, variance, *_), exact = mean_field_path(y, 100)[-1], clutter_posterior(y, "exact")
    kept.append(float(variance / exact.variance))
    off.append(float((mean - exact.mean).abs() / exact.variance.sqrt()))

# %% name="predict-product" tags=["predict"]
predict(
    "02.product",
    "Twenty readings. q starts from 'all are signal' and sweeps until nothing moves. How does the "
    "variance of q(θ) end, against that of the posterior?",
    choices=("about the same", "about half of it", "about twice as large"),
    answer=f"In the eight data sets of the slider it ends at {min(kept):.2f} to {max(kept):.2f} of the "
    f"posterior's variance, in the median at {np.median(kept):.2f}: about half is lost. The mean is off by "
    f"at most {max(off):.2f} standard deviations of the posterior.",
)

# %% name="sweeps" tags=["picture"]
CLOSE = torch.linspace(-4, 8, 401)


def sweeps(view, seed, sweep):
    y = draw_data(seed, 20)
    path = mean_field_path(y, 30)
    mean, variance, r, _ = path[sweep - 1]
    exact = clutter_posterior(y, "exact")
    view["theta"].fill("p", CLOSE, exact_density(y, CLOSE), color="p", alpha=0.3, label="posterior")
    density = Normal(mean, variance.sqrt()).log_prob(CLOSE).exp()
    view["theta"].curve("q", CLOSE, density, color="fourth", style="-", label="q(θ) of the product")
    view["labels"].scatter("r", torch.stack([y, r], 1), color="fourth", size=9)
    missing = [float(bound - exact.log_evidence) for *_, bound in path[:sweep]]
    view["bound"].curve("L", range(1, sweep + 1), missing, color="fourth", style="-", label="L(q) − log p(y)")
    view["bound"].scatter("now", [[sweep, missing[-1]]], color="fourth", size=9)
    view["bound"].hline("evidence", 0.0, color="p", label="log p(y)")
    view["theta"].title(f"sweeps by {owner(mean_field_sweep)}")
    view.readout("variance of q(θ)", float(variance))
    view.readout("posterior variance", float(exact.variance))
    view.readout("ratio", float(variance / exact.variance), ".3f")
    view.readout("log p(y) − L", -missing[-1])
    view.readout("largest q(signal)", float(r.max()), ".3f")


explore(
    sweeps,
    panels=[
        Panel("theta", title="sweeps", xlabel="θ", ylabel="density", xlim=(-4, 8), ylim=(0, 1.9)),
        Panel("labels", title="what q takes for signal", xlabel="reading", ylabel="q(signal)", xlim=(-10, 10),
              ylim=(-0.05, 1.05), legend=False),
        Panel("bound", title="the bound rises", xlabel="sweep", ylabel="nats", xlim=(0, 31), ylim=(-7, 0.4)),
    ],
    seed=Slider(0, 7, value=0, label="data set"),
    sweep=Slider(1, 30, value=1, label="sweep", play=True),
    size=(13, 4.2),
    alt="Posterior and product, the probability of each reading to be signal, and the bound against the "
    "sweeps",
)

# %% [markdown]
# Look at the middle panel: readings far from $\theta$ end as clutter, but no reading is signal for certain, since clutter falls near $\theta$, too (read-out "largest q(signal)").
#
# **The family of all Gaussians.** Nothing forces us to factorise. The labels can be summed out, as on the grid above, and then $\mathrm{KL}(q\Vert p)$ can be minimised over *all* Gaussians
# $q(\theta) = \mathcal N(m, s^2)$: the same direction, another family. (It takes a numerical search; `clutter_posterior(y, "gaussian")` does it.)

# %% name="two-families"
def variance_ratios(seeds, n):
    """Variance of the product's q(theta) and of the best Gaussian over that of the posterior; (seeds, 2)."""
    rows = []
    for seed in seeds:
        y = draw_data(seed, n)
        exact, *fits = (clutter_posterior(y, m).variance for m in ("exact", "mean_field", "gaussian"))
        rows.append([float(fit / exact) for fit in fits])
    return np.array(rows)


three = variance_ratios(range(3), 20)

# %% name="predict-families" tags=["predict"]
predict(
    "02.families",
    "Both families are fitted in the direction KL(q‖p). With twenty readings, which of them loses much of "
    "the variance?",
    choices=("both lose about half", "only the product", "only the Gaussian", "neither"),
    answer="Only the product. In the data sets 0, 1, 2 it keeps "
    + ", ".join(f"{row[0]:.2f}" for row in three)
    + " of the variance; the best Gaussian keeps "
    + ", ".join(f"{row[1]:.3f}" for row in three)
    + ". Here it is the factorisation that makes q compact, and not the direction of KL alone. With five "
    "readings the Gaussian is compact, too: move n and look.",
)

# %% name="families" tags=["picture"]
def families(view, seed, n):
    y = draw_data(seed, n)
    exact, product, gaussian = (clutter_posterior(y, m) for m in ("exact", "mean_field", "gaussian"))
    view["theta"].fill("p", CLOSE, exact_density(y, CLOSE), color="p", alpha=0.3, label="posterior")
    names, colors = ["product", "best Gaussian"], ["fourth", "q"]
    for name, fit, color, style in zip(names, (product, gaussian), colors, ("-", "--"), strict=True):
        density = Normal(fit.mean, fit.variance.sqrt()).log_prob(CLOSE).exp()
        view["theta"].curve(name, CLOSE, density, color=color, style=style, label=name)
    ratios = [float(fit.variance / exact.variance) for fit in (product, gaussian)]
    view["ratio"].bars("ratio", names, ratios, color=colors, values=".2f")
    view["ratio"].hline("one", 1.0, color="p")
    gaps = [float(exact.log_evidence - fit.log_evidence) for fit in (product, gaussian)]
    view["gap"].bars("gap", names, gaps, color=colors, values=".3f")
    view.readout("posterior variance", float(exact.variance))
    view.readout("of the product", float(product.variance))
    view.readout("of the best Gaussian", float(gaussian.variance))


explore(
    families,
    panels=[
        Panel("theta", title="one direction, two families", xlabel="θ", ylabel="density", xlim=(-4, 8),
              ylim=(0, 2.2), width=1.5),
        Panel("ratio", title="variance over the exact one", ylabel="ratio", ylim=(0, 1.3), legend=False),
        Panel("gap", title="log p(y) − L", ylabel="nats", ylim=(0, 1.2), legend=False),
    ],
    seed=Slider(0, 7, value=0, label="data set"),
    n=Slider(1, 40, value=5, label="n: readings"),
    presets={"one reading": {"seed": 0, "n": 1}, "five": {"seed": 0, "n": 5}, "twenty": {"seed": 0, "n": 20},
             "forty": {"seed": 0, "n": 40}},
    size=(13, 4.2),
    alt="The posterior with the product and the best Gaussian, their variance ratios and their gaps",
)

# %% [markdown]
# Why does the product lose half? The variance of a mixture has two parts: the mean variance *within* the cases, and the variance *between* their means. Given the labels, $q(\theta)$ knows only
# the first. Enumeration shows both parts.

# %% name="within-between"
print("ten readings    within   between posterior   product  best Gaussian")
for seed in range(4):
    y = draw_data(seed, 10)
    log_joint, means, variances = all_cases(y)
    mass = torch.softmax(log_joint, 0)
    within, between = mass @ variances, mass @ (means - mass @ means) ** 2
    fits = [float(clutter_posterior(y, method).variance) for method in ("exact", "mean_field", "gaussian")]
    numbers = [float(within), float(between), *fits]
    print(f"data set {seed}   " + "".join(f"{number:10.3f}" for number in numbers))

# %% [markdown]
# In all four data sets the product's variance lies below the part *within*, so that it has nothing of the part between the cases.
#
# Is the end of the sweeps really the minimum of $\mathrm{KL}(q\Vert p(\cdot\mid y))$ over products, as the lecture defines VB? With four readings there are sixteen cases, and we can minimise the divergence
# over all factors at once.

# %% name="free-search"
four = ten[:4]
log_joint, means, variances = all_cases(four)
log_posterior = log_joint - torch.logsumexp(log_joint, 0)  # of each label vector
labels = ((torch.arange(16)[:, None] >> torch.arange(4)) & 1).double()


def product_divergence(mean, variance, r):
    """KL(q(theta) q(c) || p(theta, c | y)), summed over the sixteen label vectors."""
    q_of_labels = (labels * r + (1 - labels) * (1 - r)).prod(1)
    kl = 0.5 * ((variance + (mean - means) ** 2) / variances - 1 + torch.log(variances / variance))
    return (q_of_labels * (q_of_labels.log() - log_posterior + kl)).sum()


def objective(v):
    v = torch.as_tensor(v)
    return product_divergence(v[0], v[1].exp(), torch.sigmoid(v[2:]))


searches = [
    optimize.minimize(lambda v: float(objective(v)), [start, 0, 0, 0, 0, 0], tol=1e-12,
                      jac=lambda v: torch.func.grad(objective)(torch.as_tensor(v)))
    for start in (-7.0, 0.0, 2.0)
]
lowest = min(search.fun for search in searches)
swept = {"all": float(product_divergence(*mean_field_path(four, 400)[-1][:3]))}
for i in range(4):
    alone = torch.eye(4)[i]
    swept[f"only {float(four[i]):g}"] = float(product_divergence(*mean_field_path(four, 400, alone)[-1][:3]))
print("the search over all numbers ends at KL =", ", ".join(f"{search.fun:.4f}" for search in searches))
for start, value in swept.items():
    print(f"sweeps that begin with {start} as signal end at KL = {value:.4f}")

# %% tags=["claim:variational-bayes-definition"]
holds(
    "variational-bayes-definition",
    ("KL(q‖p(·|y)) at the best end of five runs of sweeps", min(swept.values())),
    ("smallest KL(q‖p(·|y)) that a search over products finds", lowest),
)

# %% [markdown]
# The minimum is the same, but not every run of sweeps ends there: the objective has **local minima**, and "obtained by minimising" is a promise that
# one run of coordinate ascent does not keep. `clutter_posterior` starts from every mode of the posterior and keeps the best end.
#
# For the other family we compare the two sides of "raise $\mathcal L$ or lower KL": the Gaussian that maximises $\mathcal L$, for which the evidence is not needed, and the Gaussian that
# minimises KL to the posterior of the 1,024 cases.

# %% name="both-objectives"
log_joint, means, variances = all_cases(ten)
mass = torch.softmax(log_joint, 0)
z = torch.linspace(-8, 8, 401)
z_weights = torch.softmax(-0.5 * z**2, 0)


def divergence_from_mixture(v):
    """KL(q || posterior) of q = N(v[0], exp(v[1])²), with the posterior as the mixture of all cases."""
    theta = v[0] + math.exp(v[1]) * z
    log_q = -0.5 * z**2 - v[1] - 0.5 * math.log(2 * math.pi)
    return float(z_weights @ (log_q - torch.log(mass @ normal_densities(theta, means, variances))))


smallest_kl = optimize.minimize(
    divergence_from_mixture, [1.5, -0.5], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-12}
)

# %% tags=["claim:max-elbo-min-kl"]
holds(
    "max-elbo-min-kl",
    ("std of the Gaussian that maximises L(q)", float(clutter_posterior(ten, "gaussian").variance.sqrt())),
    ("std of the Gaussian that minimises KL(q‖p(·|y))", math.exp(smallest_kl.x[1])),
    tol=1e-5, digits=5,
)

# %% [markdown]
# ## 2.5 Expectation propagation: one datum at a time
#
# The other direction, $\mathrm{KL}(p\Vert q)$, wants expectations under the posterior, which we do not have. *Expectation propagation* (EP) gets hold of one factor at a time. Write the posterior as prior
# times factors $t_i(\theta) = p(y_i\mid\theta)$, and give each factor a Gaussian stand-in, its **site**
#
# $$s_i(\theta) = C_i\,\exp\{b_i\theta - \tfrac12 a_i\theta^2\}, \qquad q(\theta) \propto p(\theta)\prod_i s_i(\theta),$$
#
# with a *precision* $a_i$ and a *shift* $b_i$. Gaussians multiply by adding: $q$ has the precision $\frac1{100}+\sum_i a_i$ and the shift $\sum_i b_i$; its mean is shift over precision. All sites
# start at $a_i = b_i = 0$, and are renewed in turn:
#
# 1. **Cavity**: take site $i$ out of $q$, that is, subtract $(a_i, b_i)$. The cavity is what all the other data say.
# 2. **Tilted distribution**: cavity times the *true* factor $t_i$. It is no Gaussian, but simple: its mass, mean and variance can be computed.
# 3. **Project**: the new $q$ is the Gaussian with this mean and variance. That is the minimum of $\mathrm{KL}(\text{tilted}\Vert q)$ over Gaussians (notebook 1).
# 4. **New site**: the new $q$ divided by the cavity, that is, subtract the cavity's precision and shift.
#
# ### Exercise 2.3 · The tilted distribution
#
# The cavity is $\mathcal N(m, v)$. Times the factor $(1-w)\mathcal N(y;\theta,1) + w\,\mathcal N(y;0,10)$ it becomes a mixture of two Gaussians: the cavity after one more observation, if the datum is signal, and
# the cavity as it is, if it is clutter.

# %% tags=["exercise:02.tilted_moments"]
def tilted_moments(y, mean, variance, weight):
    """Mass, mean and variance of N(theta; mean, variance) ((1 - weight) N(y; theta, 1) + weight N(y; 0, 10)).

    All arguments are Python floats (use math, not torch). Returns three numbers: the mass is the integral
    over theta; mean and variance are those of the product divided by its mass.
    """
    # region solution
    density = lambda x, m, v: math.exp(-0.5 * (x - m) ** 2 / v) / math.sqrt(2 * math.pi * v)
    signal = (1 - weight) * density(y, mean, variance + 1)
    mass = signal + weight * density(y, 0.0, 10.0)
    r = signal / mass
    step = variance * (y - mean) / (variance + 1)
    return mass, mean + r * step, variance - r * variance**2 / (variance + 1) + r * (1 - r) * step**2
    # endregion


tilted_moments = check("02.tilted_moments", tilted_moments)

# %% [markdown]
# ### Exercise 2.4 · The update of one site
#
# Steps 1 to 4. Two things to mind: the cavity may have a precision that is not positive, then it is no distribution, and the site stays as it is. And nobody says that a *site* must be a distribution.

# %% tags=["exercise:02.ep_site"]
def ep_site(y, site, q, weight):
    """The new site of one datum, as (precision, shift).

    y, weight: floats. site, q: pairs of floats (precision, shift), the current site of the datum and the
    current q, which contains it. A cavity whose precision is not positive leaves the site as it is.
    """
    # region solution
    precision, shift = q[0] - site[0], q[1] - site[1]
    if precision <= 0:
        return site
    _, mean, variance = tilted_moments(y, shift / precision, 1 / precision, weight)
    return 1 / variance - precision, mean / variance - shift
    # endregion


ep_site = check("02.ep_site", ep_site)

# %% [markdown]
# The algorithm is a loop around your update. *Damping* $\eta$ goes only a part of the way to the new site; $\eta = 1$ goes all of it.

# %% name="ep-loop"
def product_of(sites):
    """q as (precision, shift): the prior times all sites."""
    return 1 / PRIOR + sum(a for a, _ in sites), sum(b for _, b in sites)


def ep_updates(y, damping, updates):
    """The sites after each single update, beginning with none: updates + 1 lists of (precision, shift)."""
    y, sites = [float(v) for v in y], [(0.0, 0.0)] * len(y)
    history = [list(sites)]
    for step in range(updates):
        i = step % len(y)
        new = ep_site(y[i], sites[i], product_of(sites), WEIGHT)
        sites[i] = tuple(float(old + damping * (to - old)) for old, to in zip(sites[i], new, strict=True))
        history.append(list(sites))
    return history


doubtful = ep_updates([2.6, 1.4, 2.1, 3.0, 0.0], 1.0, 300)[-1]

# %% name="predict-site" tags=["predict"]
predict(
    "02.site",
    "Five readings: 2.6, 1.4, 2.1, 3.0 and one at 0, where it may be either. Can EP give a site a negative "
    "precision, a stand-in that grows towards both ends?",
    choices=("no, a precision is positive", "yes, for the one at 0", "yes, for all of them"),
    answer=f"Yes: the site of the reading at 0 ends at a precision of {doubtful[4][0]:.3f}, the others are "
    "positive. Whether that reading is signal is open, and that spreads q: the tilted distribution is "
    "wider than the cavity. A site need not be a distribution; only q must be one.",
)

# %% name="ep-steps" tags=["picture"]
def ep_steps(view, y5, damping, step):
    y = [2.6, 1.4, 2.1, 3.0, y5]
    history = ep_updates(y, damping, step)
    q = product_of(history[-1])
    exact = clutter_posterior(y, "exact")
    posterior = exact_density(torch.tensor(y), THETA)
    view["theta"].fill("p", THETA, posterior, color="p", alpha=0.25, label="posterior")
    view.readout("this update", f"reading {(step - 1) % 5 + 1}" if step else "none yet: q is the prior")
    if step:
        i = (step - 1) % 5
        before = history[-2]
        cavity = tuple(whole - part for whole, part in zip(product_of(before), before[i], strict=True))
        if cavity[0] > 0:
            m, v = cavity[1] / cavity[0], 1 / cavity[0]
            density = Normal(m, math.sqrt(v)).log_prob(THETA).exp()
            factor = torch.exp(log_likelihood(torch.tensor(y[i : i + 1]), THETA))
            tilted = density * factor / tilted_moments(y[i], m, v, WEIGHT)[0]
            view["theta"].curve("cavity", THETA, density, color="muted", style=":", label="cavity")
            view["theta"].curve("tilted", THETA, tilted, color="accent", label="tilted")
    density = Normal(q[1] / q[0], q[0] ** -0.5).log_prob(THETA).exp()
    view["theta"].curve("q", THETA, density, color="third", style="-", label="q")
    names = ["2.6", "1.4", "2.1", "3.0", "last"]
    view["sites"].bars("a", names, [a for a, _ in history[-1]], color="third", values=".1f")
    view["sites"].hline("zero", 0.0, color="ink")
    stds = [product_of(sites)[0] ** -0.5 for sites in history]
    view["path"].curve("std", range(step + 1), stds, color="third", style="-", label="std of q")
    view["theta"].title(f"updates by {owner(ep_site)}")
    view["path"].hline("exact", float(exact.variance.sqrt()), color="p", label="std of the posterior")
    view.readout("mean of q", q[1] / q[0], ".3f")
    view.readout("posterior mean", float(exact.mean), ".3f")
    view.readout("variance of q", 1 / q[0], ".3f")
    view.readout("posterior variance", float(exact.variance), ".3f")
    view.readout("smallest site precision", min(a for a, _ in history[-1]), ".3f")


explore(
    ep_steps,
    panels=[
        Panel("theta", title="updates", xlabel="θ", ylabel="density", xlim=(-8, 8), ylim=(0, 0.8), width=1.8),
        Panel("sites", title="precision of each site", xlabel="reading", ylabel="1 / variance",
              ylim=(-0.8, 1.2), legend=False, width=1.4),
        Panel("path", title="the spread of q", xlabel="updates", ylabel="standard deviation", xlim=(-1, 41),
              ylim=(0.4, 60), yscale="log"),
    ],
    y5=Slider(-8.0, 8.0, step=0.1, value=0.0, label="last reading"),
    damping=Slider(0.1, 1.0, step=0.1, value=1.0, label="damping η"),
    step=Slider(0, 40, value=1, label="updates", play=True),
    presets={"one sweep": {"y5": 0.0, "damping": 1.0, "step": 5},
             "eight sweeps": {"y5": 0.0, "damping": 1.0, "step": 40},
             "the last agrees": {"y5": 2.2, "damping": 1.0, "step": 40},
             "the last at 6": {"y5": 6.0, "damping": 1.0, "step": 40},
             "the last at -6": {"y5": -6.0, "damping": 1.0, "step": 40}},
    size=(13, 4.4),
    alt="Posterior, cavity, tilted distribution and q of one update; the precision of each site; the "
    "spread of q",
)

# %% [markdown]
# Step through the first sweep with the play button. The dotted cavity is what the other readings say, the orange tilted distribution is the cavity times the true factor, and the green $q$ takes its mean and variance.
# With the last reading at 6 two labellings compete, and its site is the most negative; at $-6$ it is clutter for EP, and its site is almost 1 everywhere. (The posterior keeps a foot that $q$ does not see: compare the variances.)
#
# **What does EP minimise?** The lecture says that $q$ is obtained by minimising $\mathrm{KL}(p(\cdot\mid y)\Vert q)$ over the family. The Gaussian that does so has the mean and the variance of the posterior. EP ends
# elsewhere: at its fixed point $q$ has the moments of every *tilted* distribution, in which one factor is true and all the others are still stand-ins.

# %% name="what-ep-minimises"
twenty = draw_data(0, 20)
sites = ep_updates(twenty, 1.0, 20 * 15)[-1]
q = product_of(sites)
cavity = (q[0] - sites[0][0], q[1] - sites[0][1])
fine = torch.linspace(-25, 25, 20_001)
log_cavity = Normal(cavity[1] / cavity[0], cavity[0] ** -0.5).log_prob(fine)
tilted = torch.softmax(log_cavity + log_likelihood(twenty[:1], fine), 0)
tilted_variance = float(tilted @ (fine - tilted @ fine) ** 2)
of_posterior = clutter_posterior(twenty, "exact")
print(f"twenty readings: EP's variance {1 / q[0]:.5f}, the posterior's {float(of_posterior.variance):.5f}")
print(f"sites with a negative precision: {sum(a < 0 for a, _ in sites)} of 20")

# %% tags=["claim:ep-definition"]
erratum(
    "ep-definition",
    ("variance of the Gaussian that minimises KL(p(·|y)‖q)", float(of_posterior.variance)),
    ("variance of q where EP ends", 1 / q[0]),
    corrected="EP minimises KL(tilted_i‖q) for one factor after the other, with tilted_i ∝ p(y_i|θ) "
    "q(θ)/s_i(θ); at its fixed points q has the moments of each tilted distribution, and need not "
    "minimise KL(p(·|y)‖q)",
    corrected_left=("variance of the first tilted distribution, on a grid", tilted_variance),
)

# %% [markdown]
# With a single factor that is not Gaussian the two are the same, and EP is exact in mean, variance and evidence.
#
# ## 2.6 The evidence by EP
#
# Sites have heights, too: $C_i$ is chosen such that cavity times site has the same mass as cavity times factor, the tilted mass $Z_i$. EP's estimate of the evidence is the integral of prior times sites,
#
# $$Z_{\rm EP} = \int p(\theta)\prod_i s_i(\theta)\,d\theta .$$
#
# Both conditions are about integrals of $\exp\{b\theta - \frac12 a\theta^2\}$ for some precision $a$ and shift $b$.
#
# ### Exercise 2.5 · EP's evidence (twenty minutes)
#
# Find that integral, then $\log C_i$, then $\log Z_{\rm EP}$; do it on paper first. The prior and the cavities are normalised densities; the product of prior and sites is not.

# %% tags=["exercise:02.ep_log_evidence"]
def ep_log_evidence(y, sites, weight):
    """log Z of EP in nats, for the prior N(0, 100).

    y: a list of floats. sites: a list of pairs (precision, shift), one for each datum. weight: a float.
    Returns a number; math.nan when a cavity has a precision that is not positive.
    """
    # region solution
    phi = lambda a, b: b**2 / (2 * a) - 0.5 * math.log(a)
    q = (1 / 100 + sum(a for a, _ in sites), sum(b for _, b in sites))
    total = phi(*q) - phi(1 / 100, 0.0)
    for datum, (a, b) in zip(y, sites, strict=True):
        cavity = (q[0] - a, q[1] - b)
        if cavity[0] <= 0:
            return math.nan
        mass, _, _ = tilted_moments(datum, cavity[1] / cavity[0], 1 / cavity[0], weight)
        total += math.log(mass) + phi(*cavity) - phi(*q)
    return total
    # endregion


ep_log_evidence = check("02.ep_log_evidence", ep_log_evidence)

# %% [markdown]
# The bound $\mathcal L$ always lies below $\log p(y)$. Does EP's estimate?

# %% name="ep-evidence"
yours = float(ep_log_evidence(twenty.tolist(), sites, WEIGHT))
bound = float(clutter_posterior(twenty, "gaussian").log_evidence)
print(f"data set 0, twenty readings: EP {yours:.5f}, exact {float(of_posterior.log_evidence):.5f}, "
      f"bound of the best Gaussian {bound:.5f}")
print("30 data sets   EP converged on   log Z too high   too low   median |error| in nats")
for n in (5, 10, 20):
    errors = []
    for seed in range(30):
        y = draw_data(seed, n)
        ep = clutter_posterior(y, "ep", damping=0.5)
        if ep.converged:
            errors.append(float(ep.log_evidence - clutter_posterior(y, "exact").log_evidence))
    high, low = sum(error > 0 for error in errors), sum(error < 0 for error in errors)
    print(f"n = {n:<11}{len(errors):<18}{high:<17}{low:<10}{np.median(np.abs(errors)):.4f}")

# %% [markdown]
# It falls on both sides: EP's evidence is an estimate, and no bound.
#
# ## 2.7 When EP does not converge
#
# Coordinate ascent cannot get worse, since each update raises one and the same bound. EP has no such objective: each update minimises *another* divergence, with the other sites as they happen to be.

# %% name="ep-sweeps"
READINGS = {
    "calm": [2.6, 1.9, 2.2, 1.2, 3.0],
    "oscillates": [2.5, 2.4, 2.1, -1.6, -2.0],
    "stands still": [-7.7, 5.7, 2.3],
}


def ep_sweeps(y, damping, sweeps):
    """After each sweep: q as (precision, shift), the sites, and how many of them were skipped in it."""
    history, n = ep_updates(y, damping, sweeps * len(y)), len(y)
    rows = []
    for sweep in range(1, sweeps + 1):
        turns = range((sweep - 1) * n, sweep * n)
        skipped = sum(product_of(history[t])[0] - history[t][t % n][0] <= 0 for t in turns)
        rows.append((product_of(history[sweep * n]), history[sweep * n], skipped))
    return rows


damped = clutter_posterior(READINGS["oscillates"], "ep", damping=0.5)
exact = clutter_posterior(READINGS["oscillates"], "exact")

# %% name="predict-damping" tags=["predict"]
predict(
    "02.damping",
    "For the readings 2.5, 2.4, 2.1, −1.6, −2.0 undamped EP still swings after 2,000 sweeps. What does it "
    "do with half steps, η = 0.5?",
    choices=("it swings half as far", "it converges to the exact moments", "it converges to something else"),
    answer=f"It converges to the variance {float(damped.variance):.2f}, which is not the exact "
    f"{float(exact.variance):.2f}: damping changes the way, not the fixed points. A fixed point of EP need "
    "not have the moments of the posterior.",
)

# %% name="convergence" tags=["picture"]
def convergence(view, readings, damping, sweeps):
    y = READINGS[readings]
    rows = ep_sweeps(y, damping, sweeps)
    exact = clutter_posterior(y, "exact")
    turns = range(1, sweeps + 1)
    means = [shift / precision for (precision, shift), *_ in rows]
    view["mean"].curve("q", turns, means, color="third", style="-", label="EP")
    view["mean"].hline("p", float(exact.mean), color="p", label="posterior")
    variances = [1 / precision for (precision, _), *_ in rows]
    view["variance"].curve("q", turns, variances, color="third", style="-", label="EP")
    view["variance"].hline("p", float(exact.variance), color="p", label="posterior")
    skips = [(k, variances[k - 1]) for k in turns if rows[k - 1][2]]
    if skips:
        view["variance"].scatter("skipped", skips, color="q", size=8, label="a site was skipped")
    (_, sites, skipped), before = rows[-1], rows[-2][1]
    moved = float((torch.tensor(sites) - torch.tensor(before)).abs().max())
    log_evidence = float(ep_log_evidence(y, sites, WEIGHT))
    view["mean"].title(f"mean, sites by {owner(ep_site)}")
    view.readout("largest move in the last sweep", moved, ".1e")
    view.readout("sites skipped in it", skipped, "d")
    view.readout("log Z of EP", log_evidence)
    view.readout("log p(y)", float(exact.log_evidence))
    view.readout("a fixed point", moved < 1e-6 and math.isfinite(log_evidence))


explore(
    convergence,
    panels=[
        Panel("mean", title="mean", xlabel="sweep", ylabel="mean of q", xlim=(0, 61), ylim=(-5, 4)),
        Panel("variance", title="variance", xlabel="sweep", ylabel="variance of q", xlim=(0, 61),
              ylim=(0.1, 300), yscale="log"),
    ],
    readings=Choice(list(READINGS), value="oscillates", label="readings"),
    damping=Slider(0.1, 1.0, step=0.1, value=1.0, label="damping η"),
    sweeps=Slider(5, 60, value=30, label="sweeps"),
    presets={"calm": {"readings": "calm", "damping": 1.0, "sweeps": 30},
             "oscillates": {"readings": "oscillates", "damping": 1.0, "sweeps": 60},
             "oscillates, half steps": {"readings": "oscillates", "damping": 0.5, "sweeps": 60},
             "stands still": {"readings": "stands still", "damping": 1.0, "sweeps": 30},
             "stands still, half steps": {"readings": "stands still", "damping": 0.5, "sweeps": 60}},
    size=(12, 4.2),
    alt="Mean and variance of q against the sweeps of expectation propagation, and the exact values as lines",
)

# %% [markdown]
# The readings "stands still" are a trap. After a few sweeps nothing moves any more, and a program that looks at the movement alone would report success. But one site has been skipped in every sweep: its cavity has a
# negative precision, its tilted distribution does not exist, and neither does $\log Z$. **That is no fixed point.** Ask for three things: nothing moved, no cavity is improper, $\log Z$ is finite.

# %% name="no-fixed-point"
trap = READINGS["stands still"]
_, sites, skipped = ep_sweeps(trap, 1.0, 30)[-1]
q = product_of(sites)
fixed_point, truth = clutter_posterior(trap, "ep", damping=0.5), clutter_posterior(trap, "exact")
print("cavity precisions where EP stands still:", [round(q[0] - a, 4) for a, _ in sites])
print(f"the variance there is {1 / q[0]:.1f}; half steps lead to a fixed point of variance "
      f"{float(fixed_point.variance):.1f}; the posterior has {float(truth.variance):.1f}")

# %% [markdown]
# Here the state that is no fixed point lies nearer to the truth than the true fixed point. That is luck, and nothing in EP would tell you so.
#
# Does damping always help? `clutter_posterior(y, "ep", damping=...)` runs up to 2,000 sweeps and asks for all three.

# %% name="how-often"
SIZES, DAMPINGS = (3, 5, 10, 20), (1.0, 0.5, 0.2)
print("converged, of 30 data sets:  " + "  ".join(f"n = {n:<3}" for n in SIZES))
for damping in DAMPINGS:
    runs = [[clutter_posterior(draw_data(s, n), "ep", damping=damping) for s in range(30)] for n in SIZES]
    counts = [sum(ep.converged for ep in of_n) for of_n in runs]
    print(f"η = {damping}                      " + "  ".join(f"{count:<7}" for count in counts))

# %% [markdown]
# For three and five readings damping helps. For ten and twenty it hardly matters: on these data sets what does not converge with full steps mostly does not converge with small ones either.
#
# ## 2.8 Compact and global: thirty data sets
#
# The lecture says that notebook 1's comparison "gives us an idea of the differences one can expect": $\mathrm{KL}(q\Vert p)$ compact, $\mathrm{KL}(p\Vert q)$ global. Thirty data sets for each $n$, every method against the
# exact posterior. EP runs with $\eta = 0.5$, and only where it converges.

# %% name="thirty"
NUMBERS = (1, 2, 3, 5, 10, 20, 50)


@lru_cache
def thirty(n):
    """Variance of EP, of the best Gaussian, of the product over the exact one, for 30 data sets: (30, 3)."""
    rows = []
    for seed in range(30):
        y = draw_data(seed, n)
        exact, ep, *others = (
            clutter_posterior(y, method, damping=0.5) for method in ("exact", "ep", "gaussian", "mean_field")
        )
        ratios = [float(fit.variance / exact.variance) for fit in (ep, *others)]
        rows.append([ratios[0] if ep.converged else math.nan, *ratios[1:]])
    return np.array(rows)


# %% name="predict-wide" tags=["predict"]
predict(
    "02.wide",
    "KL(p‖q) is called global. With fifty readings EP has the posterior's variance. How wide is EP with "
    "five, in the median of the data sets?",
    choices=("wider than the posterior", "about the same", "narrower than the posterior"),
    answer=f"Narrower: the median ratio is {np.nanmedian(thirty(5)[:, 0]):.2f}. Most of the posterior's "
    "variance then lies in a foot of little mass, and EP, which sees one factor at a time, does not find "
    "it. The order of the two directions survives: with three readings or more EP is wider than the best "
    "Gaussian for KL(q‖p) in every data set in which it converges.",
)

# %% name="thirty-picture" tags=["picture"]
def thirty_picture(view, n):
    rows = thirty(n)
    order = rows[:, 1].argsort()
    for column, (name, color) in enumerate((("EP", "third"), ("best Gaussian", "q"), ("product", "fourth"))):
        points = [(k + 1, value) for k, value in enumerate(rows[order, column]) if math.isfinite(value)]
        view["ratio"].scatter(name, points, color=color, size=8, label=name)
    view["ratio"].hline("exact", 1.0, color="p", label="the posterior")
    view.readout("EP converged on", int(np.isfinite(rows[:, 0]).sum()), "d")
    for name, column in (("EP", 0), ("best Gaussian", 1), ("product", 2)):
        view.readout(f"median ratio, {name}", float(np.nanmedian(rows[:, column])), ".3f")
    view.readout("EP wider than the best Gaussian on", int((rows[:, 0] > rows[:, 1]).sum()), "d")


explore(
    thirty_picture,
    panels=[
        Panel("ratio", title="variance over that of the posterior", ylabel="ratio", yscale="log",
              xlabel="data set, ordered by the ratio of the best Gaussian", xlim=(0, 31), ylim=(0.01, 10)),
    ],
    n=Choice({str(n): n for n in NUMBERS}, value=50, label="n: readings"),
    size=(11, 4.4),
    alt="Variance of expectation propagation, of the best Gaussian and of the product over the exact one, "
    "30 data sets",
)

# %% name="thirty-table"
print("variance over the exact one, median (largest)")
print("n    EP           best Gaussian  product      EP over best Gaussian")
for n in NUMBERS:
    rows = thirty(n)
    ratios = [f"{np.nanmedian(column):.2f} ({np.nanmax(column):.2f})" for column in rows.T]
    low, high = np.nanmin(rows[:, 0] / rows[:, 1]), np.nanmax(rows[:, 0] / rows[:, 1])
    print(f"{n:<5}{ratios[0]:<13}{ratios[1]:<15}{ratios[2]:<13}{low:.3f} to {high:.2f}")

# %% [markdown]
# With few readings EP is far too narrow, though it means to follow $\mathrm{KL}(p\Vert q)$. Where does the variance of the posterior come from? For five readings the labellings can be enumerated. We ask what the single case "all is clutter" contributes.

# %% name="the-foot"
mass_of_foot, variance_of_foot = [], []
for seed in range(30):
    log_joint, means, variances = all_cases(draw_data(seed, 5))
    mass = torch.softmax(log_joint, 0)
    spread = variances + (means - mass @ means) ** 2
    mass_of_foot.append(float(mass[0]))  # label vector 0: no signal at all
    variance_of_foot.append(float(mass[0] * spread[0] / (mass @ spread)))
print("five readings, medians of 30 data sets: 'all is clutter' has "
      f"{np.median(mass_of_foot):.3f} of the mass and {np.median(variance_of_foot):.2f} of the variance")

# %% [markdown]
# - **"Compact" is true of the product** in all thirty data sets from three readings on (the largest ratios in the table), whatever $n$. It is true of the best Gaussian where the posterior has a part that can be left out;
#   at $n = 50$ there is none, and the ratio is nearly 1.
# - **"Global" is not true of EP as such.** From three readings on EP is wider than the best Gaussian, but below ten readings it mostly has a fraction of the posterior's variance.
# - **At $n = 1$ the order is reversed.** EP is exact there, and in the median the best Gaussian for $\mathrm{KL}(q\Vert p)$ is *wider* than the posterior: so much of the mass is in the foot, ten units wide, that $q$ cannot leave it out.

# %% name="the-order"
orders = [thirty(n)[:, 0] / thirty(n)[:, 1] for n in NUMBERS if n >= 3]
reversed_order = float(np.median(thirty(1)[:, 0] / thirty(1)[:, 1]))

# %% tags=["claim:vb-vs-ep"]
convention(
    "vb-vs-ep",
    ("smallest EP variance / VB variance, n = 3 to 50", min(float(np.nanmin(ratio)) for ratio in orders)),
    ("1: EP is the wider one, as II.1 suggests", 1.0),
    relation=">", tol=1e-5, digits=4,
    under="both use one Gaussian, EP converges, and there are at least three readings; with one reading "
    f"the order is reversed (median ratio {reversed_order:.2f}), and neither is always narrower or wider "
    "than the posterior",
)

# %% [markdown]
# ## 2.9 Two modes: when does VB choose?
#
# A range finder measures the distance $s$ to a wall, with noise of variance 1, but not the side: $\theta$ may be near $s$ or near $-s$. With a flat prior the posterior is
#
# $$p(\theta\mid s) = \tfrac12\mathcal N(\theta; -s, 1) + \tfrac12\mathcal N(\theta; s, 1).$$
#
# We know three approximations. EP has one factor only, so it takes the moments: mean 0, variance $1 + s^2$. The best Gaussian for $\mathrm{KL}(q\Vert p)$ needs a search from several starts. The product $q(\theta)\,q(c)$, with $c$ the side,
# has the equations $q(\theta) = \mathcal N(m, 1)$, $q(c = \text{right}) = 1/(1 + e^{-2ms})$, hence $m = s\tanh(ms)$.

# %% name="two-modes"
def log_two_modes(theta, s):
    """log density of half N(-s, 1) and half N(s, 1)."""
    both = torch.logaddexp(-0.5 * (theta - s) ** 2, -0.5 * (theta + s) ** 2)
    return both - math.log(2 * math.sqrt(2 * math.pi))


def descend(s, mean, std):
    """The local minimum of KL(q||p) over Gaussians next to a start: its mean, std and depth in nats."""

    def divergence(v):
        theta = v[0] + torch.exp(v[1]) * z
        return -v[1] - 0.5 * math.log(2 * math.pi * math.e) - z_weights @ log_two_modes(theta, s)

    found = optimize.minimize(
        lambda v: float(divergence(torch.as_tensor(v))), [mean, math.log(std)], tol=1e-10,
        jac=lambda v: torch.func.grad(divergence)(torch.as_tensor(v)),
    )
    return float(found.x[0]), math.exp(found.x[1]), float(found.fun)


@lru_cache
def covering(s):
    return descend(s, 0.0, math.sqrt(1 + s * s))


@lru_cache
def on_a_mode(s):
    return descend(s, s, 1.02)


def product_mean(s, turns=2000):
    """Where m = s tanh(m s) settles from the right; 0 for s up to 1."""
    m = s
    for _ in range(turns):
        m = s * math.tanh(m * s)
    return m


SEPARATIONS = [round(0.1 * k, 1) for k in range(2, 41)]
deepest = [min(covering(s), on_a_mode(s), key=lambda fit: fit[2]) for s in SEPARATIONS]
MEANS_AT = {
    "best Gaussian": [abs(mean) for mean, *_ in deepest],
    "product": [product_mean(s) for s in SEPARATIONS],
    "EP": [0.0] * len(SEPARATIONS),
}
jump = optimize.brentq(lambda s: on_a_mode(s)[2] - covering(s)[2], 2.6, 3.2, xtol=1e-4)
opens = next(s for s in np.arange(2.2, 2.6, 0.01) if on_a_mode(round(float(s), 2))[0] > 0.5)

# %% name="predict-jump" tags=["predict"]
predict(
    "02.jump",
    "You pull the two halves apart from s = 0.2 on. The posterior has two modes from s = 1 on. Where does "
    "the best Gaussian for KL(q‖p) put its mean?",
    choices=("it glides to a mode from s = 1 on", "it jumps to a mode at a larger s", "it always stays at 0"),
    answer=f"It jumps, at s = {jump:.2f}. A valley of KL on each mode exists from about s = {opens:.2f} "
    f"on, but up to {jump:.2f} the one that covers both modes is deeper. What glides is the product q(θ) "
    "q(c): its mean leaves 0 at s = 1, where s tanh(ms) begins to rise more steeply than m. And EP always "
    "stays at 0.",
)

# %% name="jump" tags=["picture"]
FITS = {"best Gaussian": ("q", "--"), "product": ("fourth", ":"), "EP": ("third", "-.")}


def pull(view, s):
    cover, mode = covering(s), on_a_mode(s)
    mean, std, _ = min(cover, mode, key=lambda fit: fit[2])
    now = {"best Gaussian": (abs(mean), std), "product": (product_mean(s), 1.0)}
    now["EP"] = (0.0, math.sqrt(1 + s * s))
    so_far = sum(separation <= s + 1e-9 for separation in SEPARATIONS)
    line = torch.linspace(-8, 8, 401)
    view["theta"].fill("p", line, log_two_modes(line, s).exp(), color="p", alpha=0.3, label="posterior")
    for name, (color, style) in FITS.items():
        density = Normal(*map(torch.tensor, now[name])).log_prob(line).exp()
        view["theta"].curve(name, line, density, color=color, style=style, label=name)
        means = MEANS_AT[name][:so_far]
        view["mean"].curve(name, SEPARATIONS[:so_far], means, color=color, style=style, label=name)
        view["mean"].scatter(f"{name} now", [[s, now[name][0]]], color=color, size=8)
    view.readout("best Gaussian: mean", abs(mean) if abs(mean) > 1e-3 else 0.0, ".3f")
    view.readout("its std", std, ".3f")
    view.readout("KL(q‖p) of the covering one", cover[2])
    view.readout("KL(q‖p) on a mode", mode[2] if abs(mode[0]) > 0.2 else "no such valley")
    view.readout("product: mean", now["product"][0] if s > 1 else 0.0, ".3f")


explore(
    pull,
    panels=[
        Panel("theta", title="one posterior, three approximations", xlabel="θ", ylabel="density",
              xlim=(-8, 8), ylim=(0, 0.45)),
        Panel("mean", title="where they stand, so far", xlabel="s: half the distance of the modes",
              ylabel="|mean of q|", xlim=(0, 4.2), ylim=(-0.15, 4.2)),
    ],
    s=Slider(0.2, 4.0, step=0.1, value=0.6, label="s", play=True),
    presets={"two modes": {"s": 1.5}, "a valley opens": {"s": 2.5}, "just below the jump": {"s": 2.7},
             "just above": {"s": 2.9}, "far apart": {"s": 4.0}},
    size=(12, 4.4),
    alt="A posterior with two modes and three approximations, and the mean of each against the separation "
    "of the modes",
)

# %% name="thresholds"
leaves = next(float(s) for s in np.arange(0.9, 1.2, 0.002) if product_mean(float(s), turns=20_000) > 0.05)
print(f"the product's mean leaves 0 at s = {leaves:.2f}; the best Gaussian's jumps at s = {jump:.2f}")

# %% [markdown]
# So "VB picks one mode" has a threshold, and the threshold belongs to the family. Between the two thresholds the same direction of KL gives a compact $q$ in one family and a covering one in the other.
#
# ## 2.10 Variational linear regression
#
# The lecture's example (p.19). Responses $y_i$, regressors $x_i \in\mathbb R^d$, weights $\beta$ with an unknown precision $\lambda$, noise of known precision $\tau$:
#
# $$p(y\mid\beta) = \prod_{i=1}^n\mathcal N(y_i\mid\beta^\top x_i, \tau^{-1}),\qquad p(\beta\mid\lambda) = \mathcal N(\beta\mid 0, \lambda^{-1}I),\qquad p(\lambda) = \Gamma(\lambda\mid\nu_0, b_0) \propto \lambda^{\nu_0-1}e^{-b_0\lambda}.$$
#
# The slide prints $\prod_i\mathcal N(x_i\mid\beta^\top x_i,\tau^{-1})$, with $x_i$ on both sides. Read literally, for scalars, that is no density of the data: its integral over $x$ is $1/|1-\beta|$.

# %% name="as-printed"
beta, tau = 0.5, 4.0
as_printed, _ = integrate.quad(lambda x: stats.norm(beta * x, tau**-0.5).pdf(x), -20, 20, epsabs=1e-10)
with_response, _ = integrate.quad(lambda y: stats.norm(beta * 1.3, tau**-0.5).pdf(y), -20, 20, epsabs=1e-10)

# %% tags=["claim:variational-linear-regression"]
erratum(
    "variational-linear-regression",
    ("∫ N(x | βx, 1/τ) dx as printed, for β = .5", as_printed),
    ("what the integral of a density must be", 1.0),
    corrected="p(y|β) = Π N(y_i | βᵀx_i, 1/τ): the response y_i stands on the left, the regressor x_i on the "
    "right; q(λ, β) = q(λ) q(β) is then found by coordinate ascent as in this section",
    corrected_left=("∫ N(y | βx, 1/τ) dy, for β = .5 and x = 1.3", with_response),
)

# %% [markdown]
# The Gamma distribution has two common parametrisations. The printed kernel decides: $\nu_0$ is the shape and $b_0$ the *rate* (its inverse is the scale).

# %% name="gamma-kernel"
nu, b = 2.5, 0.7
kernel = lambda t: t ** (nu - 1) * math.exp(-b * t)
normaliser, _ = integrate.quad(kernel, 0, 80, epsabs=1e-12)

# %% tags=["claim:gamma-prior-kernel"]
holds(
    "gamma-prior-kernel",
    ("the printed kernel, normalised, at λ = 1.3", kernel(1.3) / normaliser),
    ("torch's Gamma with shape ν₀ and rate b₀ there", float(Gamma(nu, b).log_prob(torch.tensor(1.3)).exp())),
)

# %% [markdown]
# The posterior is proportional to the product of the three. For one weight we can check that on a plane: the mean of $\lambda$ from the product $p(y\mid\beta)\,p(\beta\mid\lambda)\,p(\lambda)$, by a double integral, against
# Bayes' rule for $\lambda$ alone, where $\beta$ is integrated out: given $\lambda$, $y$ is Gaussian with covariance $\tau^{-1}I + \lambda^{-1}XX^\top$.

# %% name="regression-data"
def regression_data(seed, n, d, tau=4.0):
    """n responses to d regressors, with weights of precision 1 and noise of precision tau."""
    rng = np.random.default_rng(seed)
    X, beta = rng.normal(size=(n, d)), rng.normal(size=d)
    return torch.from_numpy(X), torch.from_numpy(X @ beta + rng.normal(size=n) / math.sqrt(tau))


def log_marginal(X, y, tau, lam):
    """log p(y | lambda): the weights are integrated out."""
    covariance = np.eye(len(y)) / tau + (X @ X.T).numpy() / lam
    return stats.multivariate_normal(np.zeros(len(y)), covariance).logpdf(y.numpy())


X, y = regression_data(0, 5, 1)
log_lam = torch.linspace(-12, 4, 801)[:, None]
weight_grid = torch.linspace(-4, 4, 1601)[None, :]
lam = log_lam.exp()
log_product = Normal(weight_grid[..., None] * X[:, 0], 0.5).log_prob(y).sum(-1)  # p(y | beta)
log_product = log_product + Normal(0.0, lam**-0.5).log_prob(weight_grid)  # p(beta | lambda)
log_product = log_product + Gamma(1.0, 1.0).log_prob(lam) + log_lam  # p(lambda), on a grid of its logarithm
plane = torch.softmax(log_product.flatten(), 0).reshape(log_product.shape)
from_plane = float((plane * lam).sum())
marginal = lambda p: math.exp(log_marginal(X, y, 4.0, p)) * stats.gamma(1.0).pdf(p)
mass_of_y, _ = integrate.quad(marginal, 0, 60, epsabs=1e-14, limit=200)
first_moment, _ = integrate.quad(lambda p: p * marginal(p), 0, 60, epsabs=1e-14, limit=200)

# %% tags=["claim:vlr-joint-factorisation"]
holds(
    "vlr-joint-factorisation",
    ("E[λ|y] from p(y|β) p(β|λ) p(λ) on the plane", from_plane),
    ("E[λ|y] from p(y|λ) p(λ), weights integrated out", first_moment / mass_of_y),
    tol=1e-4, digits=4,
)

# %% [markdown]
# ### Exercise 2.6 · Both factors
#
# Mean field: $q(\lambda, \beta) = q(\lambda)\,q(\beta)$. Take expectations of the log joint, once under $q(\lambda)$ and once under $q(\beta)$, and read off a Gaussian and a Gamma distribution. Given $\mathbb E[\lambda]$, write down both factors.

# %% tags=["exercise:02.regression_sweep"]
def regression_sweep(X, y, tau, shape, rate, expected_lambda):
    """q(beta) for the current E[lambda], then q(lambda) for that q(beta).

    X: shape (n, d), the regressors. y: shape (n,), the responses. tau: the noise precision. shape, rate: of
    the Gamma prior. All but X and y are floats. Returns mean (d,) and covariance (d, d) of q(beta), then
    shape and rate of q(lambda).
    """
    # region solution
    d = X.shape[1]
    covariance = torch.linalg.inv(tau * X.T @ X + expected_lambda * torch.eye(d))
    mean = tau * covariance @ X.T @ y
    return mean, covariance, shape + d / 2, rate + 0.5 * (mean @ mean + torch.trace(covariance))
    # endregion


regression_sweep = check("02.regression_sweep", regression_sweep)

# %% [markdown]
# The sweeps start at the prior's mean $\nu_0/b_0$. Beside them stands the exact evidence: $\log p(y) = \log\int p(y\mid\lambda)\,p(\lambda)\,d\lambda$ is an integral over one number, whatever $d$ is, so that we can see the gap.

# %% name="regression"
def regression_bound(X, y, tau, shape, rate, mean, covariance, new_shape, new_rate):
    """L(q) in nats for q(beta) = N(mean, covariance) and q(lambda) = Gamma(new_shape, new_rate)."""
    d, q_lambda = X.shape[1], Gamma(new_shape, new_rate)
    log_lambda = torch.digamma(q_lambda.concentration) - q_lambda.rate.log()
    errors = ((y - X @ mean) ** 2).sum() + torch.trace(X @ covariance @ X.T)
    fit = 0.5 * (len(y) * math.log(tau / (2 * math.pi)) - tau * errors)
    squares = mean @ mean + torch.trace(covariance)
    weights = 0.5 * (d * (log_lambda - math.log(2 * math.pi)) - q_lambda.mean * squares)
    entropy = 0.5 * (torch.logdet(covariance) + d * (1 + math.log(2 * math.pi)))
    return fit + weights + entropy - torch.distributions.kl_divergence(q_lambda, Gamma(shape, rate))


def regression_path(X, y, tau, shape, rate, sweeps):
    """The bound after each sweep, and the last factors."""
    expected, bounds = shape / rate, []
    for _ in range(sweeps):
        new = regression_sweep(X, y, tau, shape, rate, expected)
        factors = [torch.as_tensor(part).double() for part in new]
        expected = float(factors[2] / factors[3])
        bounds.append(float(regression_bound(X, y, tau, shape, rate, *factors)))
    return bounds, factors


X, y = regression_data(0, 20, 2)
bounds, factors = regression_path(X, y, 4.0, 1.0, 1.0, 30)
integrand = lambda p: math.exp(log_marginal(X, y, 4.0, p) - bounds[-1]) * stats.gamma(1.0).pdf(p)
log_evidence = bounds[-1] + math.log(integrate.quad(integrand, 0, 60, epsabs=1e-12, limit=200)[0])
library = variational_linear_regression(X, y, noise_precision=4.0, shape=1.0, rate=1.0)
falls = [before - after for before, after in itertools.pairwise(bounds)]
print("20 responses, 2 weights, ν₀ = b₀ = 1")
print(f"L ends at {bounds[-1]:.5f} (the library's {float(library.elbo):.5f})")
print(f"largest fall of L from one sweep to the next: {max(0.0, max(falls)):.0e} nats")
print(f"log p(y) = {log_evidence:.5f} by quadrature (the library's {float(library.log_evidence):.5f})")

# %% name="vague-numbers"
def gaps_of(seed, n, d):
    """log p(y) - L for hyperpriors nu0 = b0 from .01 to 10."""
    X, y = regression_data(seed, n, d)
    fits = [variational_linear_regression(X, y, noise_precision=4.0, shape=v, rate=v) for v in HYPER]
    return [float(fit.log_evidence - fit.elbo) for fit in fits]


HYPER = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]
few, many_responses = gaps_of(0, 3, 2), gaps_of(0, 100, 2)

# %% name="predict-vague" tags=["predict"]
predict(
    "02.vague",
    "The prior of λ becomes vague: ν₀ = b₀ goes from 10 to 0.01, with three responses and two weights. What "
    "happens to the gap log p(y) − L?",
    choices=("it shrinks: the data decide", "it stays", "it grows"),
    answer=f"It grows from {few[-1]:.3f} nats at 10 to {few[0]:.3f} at 0.01. A firm prior ties λ down, so "
    "that little is lost by treating it as independent of β; a vague one leaves λ to β, and then the two "
    f"are anything but independent. With 100 responses the gap at 0.01 is {many_responses[0]:.4f}.",
)

# %% name="hyperprior" tags=["picture"]
U = torch.linspace(-6, 9, 301)
cached_gaps = lru_cache(gaps_of)


def exact_given_log_lambda(X, y, tau, shape, rate, u):
    """The posterior mass of each u = log(lambda) on a grid; mean and variance of the first weight given u."""
    eigenvalues, axes = torch.linalg.eigh(tau * X.T @ X)
    pull = tau * axes.T @ (X.T @ y)
    sums = eigenvalues.clamp(min=0) + u.exp()[:, None]
    log_p = 0.5 * (len(pull) * u - sums.log().sum(1) + (pull**2 / sums).sum(1)) + shape * u - rate * u.exp()
    return torch.softmax(log_p, 0), (axes[0] * pull / sums).sum(1), (axes[0] ** 2 / sums).sum(1)


def hyperprior(view, number, n, d, seed):
    X, y = regression_data(seed, n, d)
    wide = torch.linspace(-40, 12, 1041)
    mass, means, variances = exact_given_log_lambda(X, y, 4.0, number, number, wide)
    fit = variational_linear_regression(X, y, noise_precision=4.0, shape=number, rate=number)
    view["lambda"].fill("p", wide, mass / 0.05, color="p", alpha=0.3, label="exact")
    density = (Gamma(fit.shape, fit.rate).log_prob(U.exp()) + U).exp()  # of log lambda
    view["lambda"].curve("q", U, density, color="fourth", style="-", label="VB")
    center, spread = float(fit.mean[0]), float(fit.covariance[0, 0].sqrt())
    mean = float(mass @ means)
    std = float((mass @ (variances + (means - mean) ** 2)).sqrt())
    line = torch.linspace(-3.5, 3.5, 281)
    exact = mass @ normal_densities(line, means, variances)
    view["beta"].fill("p", line, exact, color="p", alpha=0.3, label="exact")
    density = Normal(center, spread).log_prob(line).exp()
    view["beta"].curve("q", line, density, color="fourth", style="-", label="VB")
    gap = float(fit.log_evidence - fit.elbo)
    firmer = [(v, lacks) for v, lacks in zip(HYPER, cached_gaps(seed, n, d), strict=True) if v > number]
    line_x, line_y = zip((number, gap), *firmer, strict=True)
    view["gap"].curve("gap", line_x, line_y, color="fourth", style="-", label="log p(y) − L, down to here")
    view["gap"].scatter("here", [[number, gap]], color="accent", size=10)
    view.readout("gap", gap, ".4f")
    view.readout("std of β₁, exact", std, ".3f")
    view.readout("std of β₁, VB", spread, ".3f")
    view.readout("E λ, exact", float(mass @ wide.exp()), ".2f")
    view.readout("E λ, VB", float(fit.shape / fit.rate), ".2f")
    view.readout("sweeps", fit.sweeps, "d")


explore(
    hyperprior,
    panels=[
        Panel("lambda", title="precision of the weights", xlabel="log λ", ylabel="density", xlim=(-6, 9),
              ylim=(0, 1.7)),
        Panel("beta", title="the first weight", xlabel="β₁", ylabel="density", xlim=(-3.5, 3.5)),
        Panel("gap", title="what the bound lacks", xlabel="ν₀ = b₀", ylabel="nats", xlim=(0.009, 11),
              ylim=(0, 0.9), xscale="log"),
    ],
    number=Slider(0.01, 10.0, value=10.0, log=True, label="ν₀ = b₀"),
    n=Slider(3, 100, value=3, label="n: responses"),
    d=Choice([1, 2, 5, 10], value=2, label="d: weights"),
    seed=Slider(0, 7, value=0, label="data set"),
    presets={"firm": {"number": 10.0, "n": 3, "d": 2, "seed": 0},
             "ν₀ = b₀ = 1": {"number": 1.0, "n": 3, "d": 2, "seed": 0},
             "vague": {"number": 0.01, "n": 3, "d": 2, "seed": 0},
             "vague, many data": {"number": 0.01, "n": 100, "d": 2, "seed": 0},
             "more weights than data": {"number": 1.0, "n": 3, "d": 10, "seed": 0}},
    size=(13, 4.2),
    alt="Exact and variational densities of log λ and of the first weight; the gap against the hyperprior",
)

# %% name="regression-summary"
print("8 data sets                   gap in nats      variance of β₁ / exact   sweeps")
for n, d in ((10, 2), (3, 10)):
    for number in (10.0, 1.0, 0.01):
        rows = []
        for seed in range(8):
            X, y = regression_data(seed, n, d)
            wide = torch.linspace(-60, 12, 1441)
            mass, means, variances = exact_given_log_lambda(X, y, 4.0, number, number, wide)
            fit = variational_linear_regression(X, y, noise_precision=4.0, shape=number, rate=number)
            exact = float(mass @ (variances + (means - mass @ means) ** 2))
            rows.append([float(fit.log_evidence - fit.elbo), float(fit.covariance[0, 0]) / exact, fit.sweeps])
        low, high = np.min(rows, 0), np.max(rows, 0)
        print(f"n = {n:2}, d = {d:2}, ν₀ = b₀ = {number:<5g} {low[0]:.3f} to {high[0]:.3f}   "
              f"{low[1]:.2f} to {high[1]:.2f}             {low[2]:.0f} to {high[2]:.0f}")

# %% [markdown]
# With ten responses and $\nu_0 = b_0 \ge 1$ the factorisation costs little. With a vague hyperprior it costs more, most where the data say little: $q$ cannot follow the ridge along which small weights go with a
# large $\lambda$. And with more weights than responses even $\nu_0 = b_0 = 1$ does not protect you. Look at the hyperprior, and at $n$ against $d$, before you trust a variance.
#
# ## 2.11 An open experiment
#
# `compare` takes *any* factors on a line: a list of functions that give $\log t_i(\theta)$ for $\theta$ of shape $(m,)$, the prior first. All moments are sums over a grid from $-40$ to $40$. It prints the exact posterior, EP (damped, a site
# for every factor), the best Gaussian for $\mathrm{KL}(q\Vert p)$, and the Laplace approximation (a Gaussian at the mode, with the curvature there). `ep_on_grid` gives the sites.
#
# - **Probit**: the label $\pm1$ of an input $x_i$ has the factor $P(\pm x_i\theta)$, with $P$ the normal distribution function. Its logarithm is concave, and then the tilted distribution is never wider than the cavity: which sign
#   do the sites have? Who is wider, EP or the best Gaussian, and does that depend on the prior's width?
# - **Heavy tails**: readings with Student noise. Move one reading away: at which distance do the methods part?
# - **Your own**: two range finders at different places; a factor that allows an interval only; a prior with two bumps.

# %% name="your-experiment"
prior = lambda theta: Normal(0.0, 5.0).log_prob(theta)


def probit_factor(label, x):
    return lambda theta: torch.special.log_ndtr(label * x * theta)


def student_factor(reading, scale=0.5):
    return lambda theta: torch.distributions.StudentT(3.0, theta, scale).log_prob(torch.tensor(reading))


labelled = [(1, 0.8), (1, 2.0), (-1, -0.5), (1, 0.3), (1, 1.5)]
probit = [prior] + [probit_factor(label, x) for label, x in labelled]
print("probit")
compare(probit)
print("precisions of the sites:", [round(a, 3) for a, _ in ep_on_grid(probit).sites])
print("Student noise")
compare([prior] + [student_factor(reading) for reading in (1.8, 2.3, 2.0, 9.0)])

# %% [markdown]
# ## What to remember
#
# | | variational Bayes | expectation propagation |
# |---|---|---|
# | minimises | $\mathrm{KL}(q\Vert p(\cdot\mid y))$, one objective | $\mathrm{KL}(\text{tilted}_i\Vert q)$, one factor after the other |
# | evidence | a lower bound, gap = KL | an estimate, on either side |
# | convergence | coordinate ascent never falls; local optima | may oscillate; may stand still at no fixed point |
# | variance | product: lacks what lies between the cases; Gaussian: small where it can ignore a part | wider than the best Gaussian here, but not always as wide as the posterior |
#
# - $\log p(y) = \mathcal L(q) + \mathrm{KL}(q\Vert p(\cdot\mid y))$, as long as $q$ does not believe the impossible.
# - "Too compact" belongs to the family as much as to the direction; a jump to one mode needs modes that are far enough apart, and the distance depends on the family.
# - EP is done when nothing moves, no cavity is improper, and $\log Z$ is finite.
# - In variational regression look at the hyperprior and at $n$ against $d$ before you trust a variance.
#
# **References.** UL p.17-19. T. Minka, *Expectation propagation for approximate Bayesian inference*, UAI 2001, and *A family of algorithms for approximate Bayesian inference*, PhD thesis, MIT, 2001. C. Bishop, *Pattern Recognition and Machine Learning* (2006), chapter 10. D. Blei, A. Kucukelbir,
# J. McAuliffe, *Variational inference: a review for statisticians*, [arXiv:1601.00670](https://arxiv.org/abs/1601.00670). Next: [the variational autoencoder](03_vae.ipynb),
# where a network proposes $q(z\mid y)$ for every $y$ at once.
