# %% [markdown]
# # 8 · Vanilla GAN: the optimum, the game, and training that you steer
#
# *About two hours. Follows UL p.2-9; I21 and I22, "Vanilla GAN optimality", "Vanishing gradients", "Mode collapse"; I24, first slides.*
#
# After this notebook you can
#
# - derive the discriminator's cost from logistic regression, and say which factors and signs the lectures drop on the way;
# - compute the optimal discriminator, and the value of the game there, in two ways that agree;
# - tell the two Jensen-Shannon divergences of the lectures apart, and say what goes wrong when they are mixed;
# - say why the game circles, why one generator loss saturates and the other is noisy, and where mode collapse comes from;
# - write SGD for GANs, and steer a game on the screen that trains with your own functions.
#
# **Recap.** A generator $G$ turns noise $z \sim P_z$ into a point $x = G(z)$ whose law is $P_g$. A discriminator $D$ sees a point
# and returns the probability $D(x) \in (0, 1)$ that it came from the data law $P$ and not from $P_g$. Below, $\sigma(a) = 1/(1 + e^{-a})$, and
# a *logit* $a$ is what a network returns before the sigmoid.

# %% name="setup"
import math

import numpy as np
import torch
from scipy import optimize, stats
from torch.distributions import Categorical, MixtureSameFamily, Normal, Uniform
from torch.nn.functional import softplus

from course_lib.adversarial import AdversarialGame, AdversarialLoss, count_modes, fit
from course_lib.claims import convention, erratum, holds
from course_lib.data.toy import ring
from course_lib.divergences import F_DIVERGENCES, divergence
from course_lib.exercises import check
from course_lib.lessons.n08_vanilla_gan_optimality.runs import stored
from course_lib.networks import mlp
from course_lib.training import minimise
from course_lib.widgets import Choice, LiveTraining, Panel, Slider, explore

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # networks as small as these lose time when a step is shared between cores
LOG4 = math.log(4)
x = torch.linspace(-14, 14, 5601)  # the grid on which integrals over the line are computed


def integral(values):
    """The integral over the line of a function that is given on the grid x."""
    return float(torch.trapezoid(values, x))


def tensor(*values):
    return torch.tensor(values)


# %% [markdown]
# ## 8.1 From logistic regression to the discriminator's cost
#
# UL starts from labelled points $(x_i, y_i)$, $y_i \in \{0, 1\}$, and the model $P_{\beta_0,\beta}(Y = 1 \mid X = x) = \sigma(\beta_0 + \beta x)$.
# The *empirical law* $\hat P_n$ puts mass $1/n$ on each of the $n$ points. Everything here is a finite sum.

# %% name="ten-points"
points = tensor(-2.3, -1.6, -1.1, -0.4, 0.2, 0.5, 0.9, 1.4, 1.9, 2.6)
labels = tensor(0.0, 0, 0, 1, 0, 1, 0, 1, 1, 1)
n = len(points)


def log_likelihoods(beta0, beta):
    """log P(Y = y_i | X = x_i), shape (n,)."""
    logits = beta0 + beta * points
    return torch.where(labels == 1, -softplus(-logits), -softplus(logits))


# %% [markdown]
# **Predict, then move.** Which slider setting makes the cross-entropy small? Can what UL p.4 calls $\mathrm{KL}(\hat P_n \Vert P_{\beta_0,\beta})$ become negative?

# %% name="logistic" tags=["picture"]
def draw_logistic(view, beta0, beta):
    plot = view["fit"]
    line = torch.linspace(-3, 3, 121)
    plot.curve("sigma", line, torch.sigmoid(beta0 + beta * line), color="p", label="σ(β₀ + βx)")
    plot.scatter("real", torch.stack([points, labels], 1)[labels == 1], color="p", size=8, label="label 1 (real)")
    plot.scatter("fake", torch.stack([points, labels], 1)[labels == 0], color="q", size=8, label="label 0 (fake)")
    cross_entropy = float(-log_likelihoods(beta0, beta).mean())
    view["sums"].bars("sums", ["cross-entropy", "log n", '"KL" of UL p.4'], [cross_entropy, math.log(n), cross_entropy - math.log(n)], values=".2f")
    view.readout("cross-entropy", cross_entropy)
    view.readout('"KL" of UL p.4', cross_entropy - math.log(n))


explore(
    draw_logistic,
    panels=[
        Panel("fit", title="ten points and a model", xlabel="x", ylabel="probability of label 1", xlim=(-3, 3), ylim=(-0.05, 1.05)),
        Panel("sums", title="exact sums", ylabel="nats", ylim=(-2.5, 3.2), width=0.9),
    ],
    beta0=Slider(-3.0, 3.0, step=0.1, value=0.0, label="β₀"),
    beta=Slider(-3.0, 5.0, step=0.1, value=0.5, label="β"),
    presets={"maximum likelihood": {"beta0": -0.5, "beta": 1.8}, "wrong way round": {"beta0": 0.0, "beta": -2.0}},
    alt="Ten labelled points with a logistic curve, and bars of the cross-entropy, log n and the KL of the lecture.",
)

# %% [markdown]
# The last bar is below zero at every reasonable setting, and no KL divergence can be. The model $P(y \mid x)$ is a law of $y$ alone: summed over
# all ten $x_i$ and both labels it has mass 10, not 1. To compare it with $\hat P_n$ it must be turned into a joint law, $\frac1n P(y \mid x)$ on the same
# points. Then the $\log n$ cancels, and the KL *is* the cross-entropy.

# %% tags=["claim:empirical-kl-formula"]
beta0, beta = 0.0, 0.5
cross_entropy = -log_likelihoods(beta0, beta).mean()
joint_model = torch.stack([torch.sigmoid(-(beta0 + beta * points)), torch.sigmoid(beta0 + beta * points)], dim=1) / n
empirical = torch.nn.functional.one_hot(labels.long(), 2) / n
true_kl = (empirical * torch.where(empirical > 0, (empirical / joint_model).log(), 0.0)).sum()
erratum(
    "empirical-kl-formula",
    ("lecture: sum of (1/n) log((1/n) / P(y|x))", (-math.log(n) + cross_entropy)),
    ("KL between two laws on the 20 pairs (x, y)", true_kl),
    corrected="KL = Σ (1/n) log{ (1/n) / [(1/n) P(y|x)] }: the model needs the law of x, which is 1/n",
    corrected_left=("-(1/n) Σ log P(y_i|x_i)", cross_entropy),
)

# %% tags=["claim:empirical-entropy-log-n"]
convention(
    "empirical-entropy-log-n",
    ("log n", math.log(n)),
    ("entropy of the empirical law", Categorical(probs=empirical.flatten()).entropy()),
    under="the n points are distinct; two equal points would share one atom of mass 2/n, with less entropy",
)

# %% tags=["claim:logistic-kl-entropy-identity"]
convention(
    "logistic-kl-entropy-identity",
    ('"KL" of UL p.4 plus H', (empirical * torch.where(empirical > 0, (empirical / (n * joint_model)).log(), 0.0)).sum() + math.log(n)),
    ("-(1/n) Σ log P(y_i|x_i)", cross_entropy),
    under="KL means the printed sum, with P(y|x) where a joint mass should stand; with the true KL the log n is left over",
)

# %% tags=["claim:logistic-cross-entropy"]
sigma = torch.sigmoid(beta0 + beta * points)
holds(
    "logistic-cross-entropy",
    ("-(1/n) Σ y log σ - (1/n) Σ (1-y) log(1-σ)", -(labels * sigma.log() + (1 - labels) * (1 - sigma).log()).mean()),
    ("torch's binary cross-entropy from logits", torch.nn.functional.binary_cross_entropy_with_logits(beta0 + beta * points, labels)),
)

# %% [markdown]
# $\log n$ does not depend on $\beta$, so the slip changes no minimiser: maximum likelihood and minimal KL are the same fit, whichever KL is meant.

# %% tags=["claim:mle-minimises-empirical-kl"]
def true_empirical_kl(b):
    logits = b[0] + b[1] * points.numpy()
    model = np.stack([1 / (1 + np.exp(logits)), 1 / (1 + np.exp(-logits))], axis=1) / n
    chosen = model[np.arange(n), labels.long().numpy()]
    return float(np.sum(np.log((1 / n) / chosen)) / n)


by_kl = optimize.minimize(true_empirical_kl, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14, "maxiter": 2000}).x
b = torch.zeros(2)
for _ in range(20):  # Newton's method on the log-likelihood
    design = torch.stack([torch.ones(n), points], dim=1)
    s = torch.sigmoid(design @ b)
    b = b + torch.linalg.solve(design.T @ (design * (s * (1 - s))[:, None]), design.T @ (labels - s))
holds(
    "mle-minimises-empirical-kl",
    ("slope that maximises the likelihood (Newton)", b[1]),
    ("slope that minimises the KL (Nelder-Mead)", by_kl[1]),
)

# %% tags=["claim:logistic-separates-labels"]
fitted = torch.sigmoid(b[0] + b[1] * points)
print(f"mean σ: {fitted[labels == 1].mean():.3f} on label 1, {fitted[labels == 0].mean():.3f} on label 0")
convention(
    "logistic-separates-labels",
    ("mean fitted σ on label 1", fitted[labels == 1].mean()),
    ("mean fitted σ on label 0", fitted[labels == 0].mean()),
    relation=">",
    under="as far as the classes can be told apart: where they overlap σ goes to the share of label 1, not to 1 or 0",
)

# %% [markdown]
# UL p.4-5 then splits the cross-entropy into a term of the real and a term of the fake points, and calls the latter images. Two things are lost: the sign and the $1/n$.

# %% tags=["claim:cross-entropy-two-terms"]
real_term, fake_term = sigma[labels == 1].log().sum(), (1 - sigma[labels == 0]).log().sum()
erratum(
    "cross-entropy-two-terms",
    ("lecture: the two sums added", real_term + fake_term),
    ("cross-entropy", cross_entropy),
    corrected="cross-entropy = -(1/n) [ Σ_{y=1} log σ + Σ_{y=0} log(1 - σ) ]",
    corrected_left=("-(1/n) of the two sums", -(real_term + fake_term) / n),
)

# %% [markdown]
# Now let label 1 be data and label 0 be generated points, $m$ of each, and let $D$ play the part of $\sigma$. The lecture's cost
#
# $$J^{(d)} = -\frac1m\sum_{i=1}^m\bigl\{\log D(x_i) + \log[1 - D(G(z_i))]\bigr\}$$
#
# has one mean for each kind. The cross-entropy of the pooled batch of $2m$ points is half of it.

# %% tags=["claim:disc-cost-minibatch"]
random = torch.Generator().manual_seed(0)
m = 6
real, fake = 1 + torch.randn(m, generator=random), torch.randn(m, generator=random)
logit = lambda t: 0.8 * t - 0.3  # a logistic discriminator
J_d = -(torch.sigmoid(logit(real)).log() + (1 - torch.sigmoid(logit(fake))).log()).mean()
pooled = torch.nn.functional.binary_cross_entropy_with_logits(
    torch.cat([logit(real), logit(fake)]), torch.cat([torch.ones(m), torch.zeros(m)])
)
convention(
    "disc-cost-minibatch",
    ("J of the lecture, m = 6", J_d), ("2 × cross-entropy of the 12 pooled points", 2 * pooled),
    under="each kind of points is averaged over its own m; the pooled cross-entropy is J/2",
)

# %% tags=["claim:disc-cost-sample-version"]
data, model = Normal(1.0, 1.0), Normal(0.0, 1.0)
many_real, many_fake = (law + torch.randn(400_000, generator=random) for law in (1.0, 0.0))
J_many = softplus(-logit(many_real)).mean() + softplus(logit(many_fake)).mean()
population = integral(data.log_prob(x).exp() * -softplus(-logit(x)) + model.log_prob(x).exp() * -softplus(logit(x)))
erratum(
    "disc-cost-sample-version",
    ("lecture: J on 400,000 pairs", J_many),
    ("E log D(X) + E log(1 - D(G(Z))) by quadrature", population),
    corrected="J is the sample version of -V, not of V = E log D(X) + E log(1 - D(G(Z)))",
    corrected_left=("-J", -J_many), tol=5e-3, digits=3,
)

# %% tags=["claim:disc-is-binary-classifier"]
P, Q = tensor(0.1, 0.3, 0.2, 0.25, 0.15), tensor(0.3, 0.1, 0.3, 0.1, 0.2)
D = tensor(0.2, 0.7, 0.4, 0.9, 0.5)
weights = torch.cat([P / 2, Q / 2])  # real and generated points equally often
bce = torch.nn.functional.binary_cross_entropy(
    torch.cat([D, D]), torch.cat([torch.ones(5), torch.zeros(5)]), weight=weights, reduction="sum"
)
convention(
    "disc-is-binary-classifier",
    ("V(G, D) on five atoms", (P * D.log() + Q * (1 - D).log()).sum()),
    ("-2 × cross-entropy of balanced classes", -2 * bce),
    under="both classes are equally frequent, and V has the opposite sign and twice the size of the cross-entropy",
)

# %% [markdown]
# ### Exercise 8.1 · The value of the game
#
# One line. `d_real` are probabilities $D(x_i)$ at data, `d_fake` are $D(G(z_j))$.

# %% tags=["exercise:08.gan_value"]
def gan_value(d_real, d_fake):
    """V(G, D) = E log D(x) + E log(1 - D(G(z))), from samples, in nats.

    d_real: tensor (m,), d_fake: tensor (n,), both strictly between 0 and 1. Returns a 0-dimensional tensor.
    """
    # region solution
    return torch.log(d_real).mean() + torch.log(1 - d_fake).mean()
    # endregion


gan_value = check("08.gan_value", gan_value)

# %% [markdown]
# ## 8.2 The generator's law, and the game
#
# Only *samples* of $P_g$ are needed in $V$; its density is never asked for. Where a density exists, two changes of variable connect the two views (UL p.2 and p.7).

# %% tags=["claim:change-of-variables"]
positive = torch.linspace(1.0, 2.0, 20_001)
f_g = Normal(0.0, 1.0).log_prob(positive.log()).exp() / positive  # G(z) = exp(z): g^-1(x) = log x
holds(
    "change-of-variables",
    ("mass of [1, 2] by the density f_g", torch.trapezoid(f_g, positive)),
    ("P(1 <= exp(z) <= 2) from the normal law of z", stats.norm.cdf(math.log(2)) - stats.norm.cdf(0)),
)

# %% tags=["claim:pushforward-change-of-variable"]
log_grid = torch.exp(torch.linspace(-9, 9, 20_001))
d_log = lambda t: softplus(0.5 * t - 1)  # -log(1 - D) of a logistic D
convention(
    "pushforward-change-of-variable",
    ("∫ log(1 - D(G(z))) f_z(z) dz", integral(-d_log(torch.exp(x.clamp(max=9))) * Normal(0.0, 1.0).log_prob(x).exp())),
    ("∫ log(1 - D(x)) f_g(x) dx", torch.trapezoid(-d_log(log_grid) * Normal(0.0, 1.0).log_prob(log_grid.log()).exp() / log_grid, log_grid)),
    under="x = G(z) has a density; that z has one is not enough: G(z) = (z, z²) puts all mass on a curve of area 0",
)

# %% [markdown]
# The game is $\min_G\max_D V(G, D)$. On three atoms everything can be enumerated: all generator laws on a grid of the simplex, and for each the best
# $D$, atom by atom, on a grid of 2,000 values.

# %% tags=["claim:gan-value-function"]
target = tensor(0.5, 0.3, 0.2)
u = torch.linspace(0.0005, 0.9995, 1999)
simplex = torch.tensor([[i / 20, j / 20, (20 - i - j) / 20] for i in range(21) for j in range(21 - i)])
best_d_value = (target[:, None] * u.log() + simplex[:, :, None] * (1 - u).log()).max(dim=2).values.sum(dim=1)
print("the law that minimises the maximum:", [round(v, 4) for v in simplex[best_d_value.argmin()].tolist()])
holds(
    "gan-value-function",
    ("min over laws of max over D, on grids", best_d_value.min()), ("-log 4", -LOG4), tol=1e-5,
)

# %% tags=["claim:v-notation-minmax"]
some_q, some_D = tensor(0.2, 0.2, 0.6), tensor(0.6, 0.4, 0.3)
erratum(
    "v-notation-minmax",
    ("lecture: V(G, D), here for one G and one D", (target * some_D.log() + some_q * (1 - some_D).log()).sum()),
    ("the saddle value, -log 4", -LOG4),
    corrected="V(G, D) = E log D(x) + E log(1 - D(G(z))); its min over G of max over D is one number",
    corrected_left=("min_G max_D V(G, D)", best_d_value.min()), tol=1e-5,
)

# %% [markdown]
# In the zero-sum version the generator's cost is $J^{(g)} = -J^{(d)}$. A generator that can only shift, $G(z) = z + \theta$, against a logistic $D$, with data
# from $N(1, 1)$: the inner maximum by Newton's method from SciPy, the outer minimum by a scalar search.

# %% tags=["claim:zero-sum-generator"]
nodes, node_weights = np.polynomial.hermite_e.hermegauss(60)
node_weights = node_weights / node_weights.sum()
softplus_np = lambda a: np.logaddexp(0, a)


def best_response(theta):
    """max over logistic discriminators of V, for generated points N(theta, 1) and data N(1, 1)."""
    cost = lambda w: node_weights @ (softplus_np(-(w[0] + w[1] * (nodes + 1))) + softplus_np(w[0] + w[1] * (nodes + theta)))
    return -optimize.minimize(cost, [0.0, 0.0], tol=1e-12).fun


shift = optimize.minimize_scalar(best_response, bounds=(-1, 3), method="bounded", options={"xatol": 1e-7}).x
holds("zero-sum-generator", ("arg min over θ of max over D", shift), ("the true shift", 1.0), tol=1e-4)

# %% tags=["claim:generator-minimises-correctness"]
log_correct = (P / 2 * D.log() + Q / 2 * (1 - D).log()).sum()  # a fair coin decides whether a real point is shown
holds(
    "generator-minimises-correctness",
    ("V / 2", (P * D.log() + Q * (1 - D).log()).sum() / 2),
    ("expected log-probability of the right label", log_correct),
)

# %% [markdown]
# The factor 2 changes no minimiser. (It is the *log*-probability that is minimised, not the probability of being right.)
#
# The alternative of UL p.6 carries a $\frac12$ that $J^{(d)}$ does not have. It only rescales the generator's learning rate; we leave it out below.

# %% tags=["claim:nonsaturating-cost"]
a = torch.tensor(-2.0, requires_grad=True)
(slope,) = torch.autograd.grad(-0.5 * torch.nn.functional.logsigmoid(a), a)
convention(
    "nonsaturating-cost",
    ("gradient of -½ log σ(a) at a = -2, by autograd", slope),
    ("-½ (1 - σ(-2))", -0.5 * (1 - 1 / (1 + math.exp(2)))),
    under="the ½ is a matter of taste: the lecture's own cost of D has none, and the slides have none here",
)

# %% [markdown]
# ## 8.3 The best discriminator, point by point
#
# With densities $f$ of the data and $f_g$ of the generator, $V$ is one integral (UL p.8):
# $V = \int \{f(x)\log D(x) + f_g(x)\log(1 - D(x))\}\,dx$. So $D$ can be chosen at each $x$ by itself: maximise $y(D) = a\log D + b\log(1 - D)$.

# %% tags=["claim:v-pointwise-integrand"]
f, f_g = Normal(0.0, 1.0), Normal(1.0, 2.0)
one_D = lambda t: torch.sigmoid(0.3 - 0.6 * t)
by_noise = integral(Normal(0.0, 1.0).log_prob(x).exp() * torch.log(1 - one_D(1 + 2 * x)))  # E over z with G(z) = 1 + 2z
holds(
    "v-pointwise-integrand",
    ("one integral over x", integral(f.log_prob(x).exp() * one_D(x).log() + f_g.log_prob(x).exp() * (1 - one_D(x)).log())),
    ("E over x plus E over z", integral(f.log_prob(x).exp() * one_D(x).log()) + by_noise),
)

# %% [markdown]
# **Predict, then move.** Where is the maximum when $a = b$? When $b = 0$? Can $a$ be negative?

# %% name="pointwise" tags=["picture"]
def draw_pointwise(view, a, b):
    d = torch.linspace(0.002, 0.998, 499)
    y = a * d.log() + b * (1 - d).log()
    view["y"].curve("y", d, y, color="p", label="a log D + b log(1 − D)")
    view["slope"].curve("slope", d, a / d - b / (1 - d), color="q", label="derivative a/D − b/(1 − D)")
    view["slope"].hline("zero", 0)
    if a > 0 or b > 0:
        best = a / (a + b) if a + b != 0 else math.nan
        if 0 <= best <= 1:
            for panel in ("y", "slope"):
                view[panel].vline("best", best, color="accent", label="a/(a + b)")
        view.readout("a/(a + b)", best)
    view.readout("largest on the grid at D =", float(d[y.argmax()]), ".3f")


explore(
    draw_pointwise,
    panels=[
        Panel("y", title="the integrand of V at one point", xlabel="D", ylabel="y(D), nats", xlim=(0, 1), ylim=(-5, 1)),
        Panel("slope", title="its derivative", xlabel="D", ylabel="dy/dD", xlim=(0, 1), ylim=(-10, 10)),
    ],
    a=Slider(-1.0, 2.0, step=0.05, value=1.0, label="a: density of the data"),
    b=Slider(-1.0, 2.0, step=0.05, value=0.5, label="b: density of the generator"),
    presets={"no generator here": {"a": 1.0, "b": 0.0}, "no data here": {"a": 0.0, "b": 1.0}, "a negative a": {"a": -0.5, "b": 1.0}},
    alt="The integrand of the value as a function of D, and its derivative, with the maximum at a over a plus b.",
)

# %% tags=["claim:optimal-disc-foc"]
pi_x, p_x = 0.7, 0.2
y_of = lambda d: pi_x * math.log(d) + p_x * math.log(1 - d)
slope_of = lambda d, h=1e-6: (y_of(d + h) - y_of(d - h)) / (2 * h)
curvature = (y_of(0.7 + 1e-3) - 2 * y_of(0.7) + y_of(0.7 - 1e-3)) / 1e-6
print(f"second derivative at D = 0.7: {curvature:.2f}, so the root is a maximum")
holds(
    "optimal-disc-foc",
    ("root of the finite-difference derivative", optimize.brentq(slope_of, 0.01, 0.99)), ("π/(π + p)", pi_x / (pi_x + p_x)),
)

# %% [markdown]
# UL states the maximum "for $a, b \neq 0$". The condition is the wrong one: try all signs.

# %% tags=["claim:alogu-blog1mu-max"]
fine = torch.linspace(1e-4, 1 - 1e-4, 9999)


def miss(a, b):
    """How far a/(a + b) is from the largest value on the grid."""
    return abs(a / (a + b) - float(fine[(a * fine.log() + b * (1 - fine).log()).argmax()]))


signs = [(1, 2), (2, 0.5), (-1, 2), (2, -1), (-1, -2)]
erratum(
    "alogu-blog1mu-max",
    ("largest miss over a, b ≠ 0", max(miss(a, b) for a, b in signs)), ("two steps of the grid", 2e-4), relation="<=",
    corrected="for a, b > 0 (one of them may be 0) the maximum on [0, 1] is at a/(a + b)",
    corrected_left=("largest miss over a > 0, b > 0", max(miss(a, b) for a, b in signs if a > 0 and b > 0)), tol=1e-9,
)

# %% [markdown]
# ### Exercise 8.2 · The optimal discriminator

# %% tags=["exercise:08.optimal_discriminator"]
def optimal_discriminator(p, q):
    """D*(x) for data density p and generator density q at the same points: tensors of one shape, not both zero."""
    # region solution
    return p / (p + q)
    # endregion


optimal_discriminator = check("08.optimal_discriminator", optimal_discriminator)

# %% [markdown]
# **Predict, then move.** Where is $D^* = \frac12$? What happens to $D^*$ far to the right when the generator is *wider* than the data, and when it is narrower?

# %% name="two-densities" tags=["picture"]
def draw_densities(view, mean, std):
    line = torch.linspace(-7, 7, 561)
    p, q = Normal(0.0, 1.0).log_prob(line).exp(), Normal(mean, std).log_prob(line).exp()
    d = optimal_discriminator(p, q)
    view["laws"].fill("p", line, p, color="p", alpha=0.3)
    view["laws"].curve("p_line", line, p, color="p", label="data π = N(0, 1)")
    view["laws"].fill("q", line, q, color="q", alpha=0.3)
    view["laws"].curve("q_line", line, q, color="q", label="generator p")
    view["d"].curve("d", line, d, color="third", label="D* = π/(π + p)")
    view["d"].hline("half", 0.5)
    value = torch.trapezoid(p * d.log() + q * torch.log1p(-d).clamp(min=-1e3), line)
    view.readout("V(G, D*)", float(value))
    view.readout("−log 4", -LOG4)


explore(
    draw_densities,
    panels=[
        Panel("laws", title="two densities", xlabel="x", ylabel="density", xlim=(-7, 7), ylim=(0, 0.85)),
        Panel("d", title="the optimal discriminator", xlabel="x", ylabel="D*(x)", xlim=(-7, 7), ylim=(-0.03, 1.03)),
    ],
    mean=Slider(-5.0, 5.0, step=0.1, value=1.5, label="mean of G"),
    std=Slider(0.5, 3.0, step=0.05, value=1.0, label="standard deviation of G"),
    presets={"equal laws": {"mean": 0.0, "std": 1.0}, "wider": {"mean": 0.0, "std": 2.0}, "narrower": {"mean": 0.0, "std": 0.5}, "far away": {"mean": 5.0, "std": 0.5}},
    alt="Densities of data and generator, and the optimal discriminator between them.",
)

# %% [markdown]
# The formula is not restricted to the intersection of the supports, as UL p.8 has it: where only data live $D^* = 1$, where only the generator lives
# $D^* = 0$. These points matter, since $V(G, D^*)$ integrates over all of them. Where neither lives, *any* $D$ is optimal, and a trained network
# does what it likes there.

# %% tags=["claim:optimal-discriminator"]
left, right = Uniform(0.0, 1.0), Uniform(0.5, 1.5)
cells = (torch.arange(1500) + 0.5) / 1000  # midpoints of cells that cover [0, 1.5], the union of the supports
p_cell, q_cell = ((cells < 1).double(), (cells > 0.5).double())
D_star = optimal_discriminator(p_cell, q_cell)
d_grid = torch.linspace(0, 1, 2001)
xlog = lambda weight, t: torch.where(weight == 0, 0.0, weight * t.log())  # 0 · log 0 = 0
searched = (xlog(p_cell[:, None], d_grid) + xlog(q_cell[:, None], 1 - d_grid)).max(dim=1).values.sum() / 1000
convention(
    "optimal-discriminator",
    ("V with π/(π + p) on [0, 1.5]", (xlog(p_cell, D_star) + xlog(q_cell, 1 - D_star)).sum() / 1000),
    ("largest V by search, cell by cell", searched),
    under="the formula is used on the union of the supports; on the intersection alone, as UL restricts it, D would be undetermined on [0, ½] and [1, 1.5]",
)

# %% [markdown]
# ### A network on its way to $D^*$
#
# A small MLP is trained on fresh samples of two fixed laws: data from two bumps, generated points from $N(0.5, 1.2^2)$. The number under the picture is the
# largest error where there are data: where the mixture of both laws has a density of at least 0.02.

# %% name="train-discriminator"
two_bumps = MixtureSameFamily(Categorical(tensor(0.5, 0.5)), Normal(tensor(-1.5, 1.2), tensor(0.5, 0.6)))
one_bump = Normal(0.5, 1.2)
line = torch.linspace(-5, 5, 201)
p_line, q_line = two_bumps.log_prob(line).exp(), one_bump.log_prob(line).exp()
D_line = optimal_discriminator(p_line, q_line)
inhabited = (p_line + q_line) / 2 >= 0.02

torch.manual_seed(0)
network = mlp((1, 48, 48, 1), "silu", seed=0)
SNAPSHOTS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 400, 800, 1200]
snapshots = []
for before, after in zip([0, *SNAPSHOTS[:-1]], SNAPSHOTS, strict=True):
    def loss():
        real, fake = two_bumps.sample((1024, 1)), one_bump.sample((1024, 1))
        return softplus(-network(real)).mean() + softplus(network(fake)).mean()

    minimise(loss, network.parameters(), after - before, lr=1e-2 if after <= 400 else 3e-3 if after <= 800 else 1e-3, progress="training D")
    with torch.no_grad():
        snapshots.append(torch.sigmoid(network(line[:, None])).squeeze(1))
worst = [float((d - D_line).abs()[inhabited].max()) for d in snapshots]

# %% name="mlp-discriminator" tags=["picture"]
def draw_network(view, steps):
    snapshot = SNAPSHOTS.index(steps)
    view["d"].curve("star", line, D_line, color="third", label="D*")
    view["d"].curve("mlp", line, snapshots[snapshot], color="q", label=f"MLP after {steps} steps")
    view["d"].fill("where", line, inhabited.double() * 0.03, color="muted", label="density of at least 0.02")
    view["error"].curve("error", np.maximum(SNAPSHOTS, 0.5), worst, color="p", label="largest error where there are data")
    view["error"].vline("now", max(steps, 0.5), color="q")
    view["error"].hline("goal", 0.05, label="0.05")
    view.readout("steps", steps)
    view.readout("largest error where there are data", worst[snapshot], ".3f")


explore(
    draw_network,
    panels=[
        Panel("d", title="a network approaches D*", xlabel="x", ylabel="D(x)", xlim=(-5, 5), ylim=(0, 1)),
        Panel("error", title="how fast", xlabel="training steps", ylabel="error", xscale="log", xlim=(0.4, 1500), ylim=(0, 0.6), width=0.8),
    ],
    steps=Slider.of(SNAPSHOTS, value=50, label="training steps", play=True),
    alt="The optimal discriminator and a network that approaches it as training goes on, with the largest error.",
)

# %% name="mlp-within"
print(f"largest error where there are data after {SNAPSHOTS[-1]} steps, below 0.05: {worst[-1] < 0.05}")
assert worst[-1] < 0.05

# %% [markdown]
# In the middle the network is soon right. At $|x| > 4$, where neither law has mass, it never has a reason to be.

# %% [markdown]
# ## 8.4 The value at the optimum is a Jensen-Shannon divergence
#
# Put $D^*$ into $V$ and divide both densities inside the logarithms by 2. With the midpoint $M = \frac12(P + P_g)$,
#
# $$V(G, D^*) = -\log 4 + \mathrm{KL}(P \Vert M) + \mathrm{KL}(P_g \Vert M).$$
#
# Now the lectures part. UL (p.9, p.28) calls the sum of the two KL "$JS$"; the slides call *half* the sum "$JSD$". Both are in use:
#
# | | definition | on disjoint supports | then $V(G, D^*)$ is |
# |---|---|---|---|
# | UL | $JS = \mathrm{KL}(P\Vert M) + \mathrm{KL}(P_g\Vert M)$ | $\log 4$ | $JS - \log 4$ |
# | I21, I22, I24, this course | $JSD = \frac12[\mathrm{KL}(P\Vert M) + \mathrm{KL}(P_g\Vert M)]$ | $\log 2$ | $2\,JSD - \log 4$ |
#
# ### Exercise 8.3 · The Jensen-Shannon divergence

# %% tags=["exercise:08.jensen_shannon"]
def jensen_shannon(p, q):
    """JSD(p, q) with the 1/2, in nats: p, q are probabilities of shape (n,), some of them possibly 0."""
    # region solution
    m = (p + q) / 2
    kl = lambda a: torch.where(a > 0, a * (a.log() - m.log()), 0.0).sum()
    return (kl(p) + kl(q)) / 2
    # endregion


jensen_shannon = check("08.jensen_shannon", jensen_shannon)

# %% [markdown]
# **Predict, then move.** As $G$ walks away from the data, where does $V(G, D^*)$ go, and how fast? Which of the bars is the odd one out, and by what factor is it wrong?

# %% name="value-two-ways" tags=["picture"]
draws = torch.randn(2, 20_000, generator=torch.Generator().manual_seed(1))


def draw_value(view, mean, std):
    data, model = Normal(0.0, 1.0), Normal(mean, std)
    logit = lambda t: data.log_prob(t) - model.log_prob(t)  # of D*
    estimate = float(-softplus(-logit(draws[0])).mean() - softplus(logit(mean + std * draws[1])).mean())
    p, q = data.log_prob(x).exp(), model.log_prob(x).exp()
    m = (p + q) / 2
    kl = lambda a: integral(torch.where(a > 1e-300, a * (a.clamp(min=1e-300).log() - m.clamp(min=1e-300).log()), 0.0))
    js = kl(p) + kl(q)
    near = (x > -6) & (x < 6)
    view["laws"].fill("p", x[near][::10], p[near][::10], color="p", alpha=0.35, label="data")
    view["laws"].fill("q", x[near][::10], q[near][::10], color="q", alpha=0.35, label="generator")
    bars = [estimate, js - LOG4, js - LOG4, js / 2 - LOG4]
    names = ["V(G, D*), samples", "2 JSD − log 4, grid", "JS(UL) − log 4, grid", "JSD − log 4, mixed up"]
    view["v"].bars("v", ["V by\nsamples", "2 JSD\n− log 4", "JS of UL\n− log 4", "mixed up:\nJSD − log 4"], bars, color=["p", "third", "third", "accent"], values=".3f")
    view["v"].hline("floor", -LOG4, label="−log 4")
    for name, value in zip(names, bars, strict=True):
        view.readout(name, value)


explore(
    draw_value,
    panels=[
        Panel("laws", title="data N(0, 1) and the generator", xlabel="x", ylabel="density", xlim=(-6, 6), ylim=(0, 0.85), width=0.8),
        Panel("v", title="the value at D*", ylabel="nats", ylim=(-1.6, 0.2)),
    ],
    mean=Slider(-5.0, 5.0, step=0.1, value=1.0, label="mean of G"),
    std=Slider(0.5, 3.0, step=0.05, value=1.0, label="standard deviation of G"),
    presets={"equal laws": {"mean": 0.0, "std": 1.0}, "nearly disjoint": {"mean": 5.0, "std": 0.5}},
    alt="Bars of the value at the optimal discriminator by samples and on a grid, in both conventions and mixed up.",
)

# %% tags=["claim:js-def-no-half"]
disjoint = Uniform(0.0, 1.0), Uniform(2.0, 3.0)
js_ul = lambda p, q: 2 * jensen_shannon(p, q)
convention(
    "js-def-no-half",
    ("UL's JS on disjoint supports", js_ul(tensor(1.0, 0.0), tensor(0.0, 1.0))),
    ("2 × the course's JSD of U[0, 1] and U[2, 3]", 2 * divergence(*disjoint, "jensen_shannon")),
    under="JS without the ½, bounded by log 4; this course writes JSD for the one with the ½",
)

# %% tags=["claim:jsd-def-half"]
P, Q = tensor(0.5, 0.3, 0.2), tensor(0.2, 0.2, 0.6)
row = F_DIVERGENCES["jensen_shannon"]
holds(
    "jsd-def-half",
    ("½ [KL(P‖M) + KL(Q‖M)]", jensen_shannon(P, Q)), ("Σ q f(p/q) with the course's f", (Q * row.f(P / Q)).sum()),
)

# %% tags=["claim:js-symmetric"]
dirichlet = torch.distributions.Dirichlet(torch.ones(6))
torch.manual_seed(0)
pairs = [(dirichlet.sample(), dirichlet.sample()) for _ in range(100)]
print(f"largest |JS(P, Q) - JS(Q, P)| of 100 pairs below 1e-14: {max(abs(js_ul(p, q) - js_ul(q, p)) for p, q in pairs) < 1e-14}")
holds("js-symmetric", ("JS(P, Q)", js_ul(P, Q)), ("JS(Q, P)", js_ul(Q, P)))

# %% tags=["claim:cg-two-kl"]
data, model = Normal(0.0, 1.0), Normal(1.5, 0.8)
p, q = data.log_prob(x).exp(), model.log_prob(x).exp()
m = (p + q) / 2
log_d = -softplus(model.log_prob(x) - data.log_prob(x))
log_1_d = -softplus(data.log_prob(x) - model.log_prob(x))
value = integral(p * log_d + q * log_1_d)
kl_to_m = lambda a, other: integral(a * (math.log(2) - softplus(other)))
holds(
    "cg-two-kl",
    ("V(G, D*) by quadrature", value),
    ("-log 4 + KL(π‖m) + KL(p‖m)", -LOG4 + kl_to_m(p, model.log_prob(x) - data.log_prob(x)) + kl_to_m(q, data.log_prob(x) - model.log_prob(x))),
)

# %% tags=["claim:v-2jsd-minus-log4"]
holds("v-2jsd-minus-log4", ("2 JSD - log 4, library", 2 * divergence(data, model, "jensen_shannon") - LOG4), ("V(G, D*) by quadrature", value))

# %% tags=["claim:cg-minus-log4-plus-js"]
print(f"with the slides' JSD instead, -log 4 + JSD = {float(divergence(data, model, 'jensen_shannon')) - LOG4:.6f}, which is not V")
convention(
    "cg-minus-log4-plus-js",
    ("-log 4 + JS, JS = KL(P‖M) + KL(P_g‖M)", divergence(data, model, "gan")), ("V(G, D*) by quadrature", value),
    under="JS is UL's, without the ½; with the JSD of the slides the formula needs a factor 2",
)

# %% [markdown]
# UL p.9 says that $JS(P, P_g)$ is "always non-negative unless $P_g = P$". Read as written, it would be negative there.

# %% tags=["claim:js-nonneg-unless"]
print("smallest JS of 100 random pairs is positive:", min(float(js_ul(p, q)) for p, q in pairs) > 0)
erratum(
    "js-nonneg-unless",
    ("JS(P, P)", js_ul(P, P)), ("zero", 0.0), relation="<",
    corrected="JS is always non-negative, and positive unless P_g = P, where it is 0",
    corrected_left=("JS(P, P)", js_ul(P, P)), corrected_relation=">=",
)

# %% tags=["claim:gan-global-min"]
pi = tensor(0.3, 0.1, 0.25, 0.05, 0.3)


def criterion(logits):
    """C(G) = V(G, D*) for the law softmax(logits) on five atoms, and its gradient."""
    logits = torch.tensor(logits, requires_grad=True)
    q = torch.softmax(logits, 0)
    value = (pi * (pi / (pi + q)).log()).sum() + (q * (q / (pi + q)).log()).sum()
    return value.item(), torch.autograd.grad(value, logits)[0].numpy()


starts = np.random.default_rng(0).normal(size=(8, 5)) * 2
found = [optimize.minimize(criterion, start, jac=True, method="BFGS", options={"gtol": 1e-9}) for start in starts]
apart = max(float((torch.softmax(torch.tensor(one.x), 0) - pi).abs().max()) for one in found)
print(f"eight random starts end within 1e-5 of P: {apart < 1e-5}")
holds("gan-global-min", ("largest minimum found by BFGS from 8 starts", max(one.fun for one in found)), ("-log 4", -LOG4))

# %% tags=["claim:d-star-half"]
searched_d = fine[(pi[:, None] * fine.log() + pi[:, None] * (1 - fine).log()).argmax(dim=1)]
holds("d-star-half", ("D that maximises V on a grid, at p = π", searched_d.mean()), ("one half", 0.5))

# %% [markdown]
# I21 writes the generator's problem as $\max_G V(G, D^*)$. Slide a law from $\pi$ (at $t = 0$) to one on other atoms (at $t = 1$) and see which end wins.

# %% tags=["claim:fixed-d-objective-direction"]
ts = torch.linspace(0, 1, 101)
pi_8, other_8 = torch.cat([pi, torch.zeros(3)]), torch.cat([torch.zeros(5), tensor(0.2, 0.5, 0.3)])
v_of_t = torch.stack([2 * jensen_shannon(pi_8, (1 - t) * pi_8 + t * other_8) - LOG4 for t in ts])
erratum(
    "fixed-d-objective-direction",
    ("lecture: t of the largest V(G, D*)", ts[v_of_t.argmax()]), ("t where the generator has the data law", 0.0),
    corrected="min_G V(G, D*): the generator lowers what the discriminator raises",
    corrected_left=("t of the smallest V(G, D*)", ts[v_of_t.argmin()]),
)

# %% [markdown]
# One more subtlety: $D^*$ depends on $G$. For a $D$ that is truly *fixed*, the best $G$ puts all its mass where $D$ is largest.
#
# ### Two names
#
# I21 and I22 call JSD "symmetric KL" and "a distance measure". The first name belongs to Jeffreys' divergence, $\mathrm{KL}(P\Vert Q) + \mathrm{KL}(Q\Vert P)$, which is infinite
# on disjoint supports. And a distance must satisfy the triangle inequality.

# %% tags=["claim:jsd-called-symmetric-kl"]
kl = lambda a, b: (a * (a / b).log()).sum()
erratum(
    "jsd-called-symmetric-kl",
    ("lecture: JSD(P, Q)", jensen_shannon(P, Q)), ("KL(P‖Q) + KL(Q‖P)", kl(P, Q) + kl(Q, P)),
    corrected="the symmetric KL is Jeffreys' divergence; JSD symmetrises KL to the midpoint (P + Q)/2",
    corrected_left=("Jeffreys, Σ q f(p/q)", (Q * F_DIVERGENCES["jeffreys"].f(P / Q)).sum()),
)

# %% tags=["claim:jsd-distance-measure"]
A, B, C = tensor(1.0, 0.0), tensor(0.5, 0.5), tensor(0.0, 1.0)
direct, detour = jensen_shannon(A, C), jensen_shannon(A, B) + jensen_shannon(B, C)
root = lambda p, q: jensen_shannon(p, q).sqrt()
triples = [tuple(dirichlet.sample() for _ in range(3)) for _ in range(300)]
print("sqrt(JSD) keeps the triangle inequality on 300 random triples:", all(root(a, c) <= root(a, b) + root(b, c) for a, b, c in triples))
erratum(
    "jsd-distance-measure",
    ("JSD(A, C) / [JSD(A, B) + JSD(B, C)]", direct / detour), ("largest ratio that a distance allows", 1.0), relation="<=",
    corrected="the square root of JSD is a distance (Endres and Schindelin, 2003); JSD itself is not",
    corrected_left=("the same ratio with square roots", root(A, C) / (root(A, B) + root(B, C))),
)

# %% [markdown]
# What does it mean to minimise JSD when the model cannot reach the data? One Gaussian of fixed width, moved along the line, for a target with two unequal bumps.

# %% tags=["claim:gan-minimises-js"]
uneven = MixtureSameFamily(Categorical(tensor(0.65, 0.35)), Normal(tensor(-1.0, 1.5), tensor(0.6, 0.6)))
log_target = uneven.log_prob(x)


def v_at(theta):
    """V(theta, D*) for the generator N(theta, 1), from the discriminator's logit."""
    log_model = Normal(float(theta), 1.0).log_prob(x)
    logit = log_target - log_model
    return integral(-log_target.exp() * softplus(-logit) - log_model.exp() * softplus(logit))


by_v = optimize.minimize_scalar(v_at, bounds=(-2, 2), method="bounded", options={"xatol": 1e-8}).x
by_js = optimize.minimize_scalar(
    lambda theta: float(divergence(uneven, Normal(float(theta), 1.0), "jensen_shannon")), bounds=(-2, 2), method="bounded", options={"xatol": 1e-7}
).x
holds("gan-minimises-js", ("θ that minimises V(θ, D*)", by_v), ("θ that minimises JSD (library)", by_js), tol=1e-5)

# %% [markdown]
# ## 8.5 The game itself
#
# The theorem has two conditions: $D$ is optimal at every step, and the generator moves freely in the space of laws. We take both seriously, and then drop both.
#
# ### Descent in function space
#
# Let $p$ be *any* law on five atoms. With $D = D^*$ held fixed, the gradient of $V$ with respect to $p$ is $\log(1 - D^*)$. A step that keeps $p$ a law multiplies and
# normalises: $p \leftarrow p\, e^{-\eta \log(1 - D^*)} / Z$.
#
# ### Exercise 8.4 · One step of the generator's law

# %% tags=["exercise:08.functional_step"]
def functional_step(p, pi, rate):
    """One multiplicative descent step of the law p (n,) on V(p, D*), against the data law pi (n,), with step size `rate`.

    D* = pi / (pi + p) is computed first and then held fixed. Returns the new law, shape (n,).
    """
    # region solution
    gradient = p.log() - (p + pi).log()  # log(1 - D*)
    return torch.softmax(p.log() - rate * gradient, dim=0)
    # endregion


functional_step = check("08.functional_step", functional_step)

# %% name="path-of-laws"
p_start = tensor(0.05, 0.6, 0.1, 0.2, 0.05)


def run_laws(rate, rounds=60):
    p, path = p_start, [p_start]
    for _ in range(rounds):
        p = functional_step(p, pi, rate).clamp(min=1e-300)
        path.append(p)
    return torch.stack(path)


# %% [markdown]
# **Predict, then move.** "The generator is guaranteed to converge": for every step size $\eta$?

# %% name="function-space" tags=["picture"]
def draw_laws(view, rate, round):
    path = run_laws(rate)
    distance = (path - pi).abs().sum(dim=1) / 2
    view["laws"].bars("pi", [f"{i + 1}" for i in range(5)], pi, color="p", label="data law π", alpha=0.45)
    view["laws"].scatter("p", torch.stack([torch.arange(5.0), path[round]], 1), color="q", size=10, label="generator law p")
    view["tv"].curve("tv", range(61), distance.clamp(min=1e-17), color="q", label="total variation to π")
    view["tv"].vline("now", round)
    view.readout("total variation now", float(distance[round]), ".2e")
    view.readout("after 60 rounds", float(distance[-1]), ".2e")


explore(
    draw_laws,
    panels=[
        Panel("laws", title="five atoms", xlabel="atom", ylabel="probability", ylim=(0, 1)),
        Panel("tv", title="distance to the data law", xlabel="round", ylabel="total variation", yscale="log", xlim=(0, 60), ylim=(1e-17, 3)),
    ],
    rate=Slider(0.1, 20.0, step=0.1, value=0.5, label="step size η"),
    round=Slider(0, 60, value=10, label="round", play=True),
    presets={"small": {"rate": 0.5}, "just below 4": {"rate": 3.8}, "just above 4": {"rate": 4.2}, "20": {"rate": 20.0}},
    alt="Five bars of the data law with the generator's law as points, and the distance between them against the round.",
)

# %% [markdown]
# Near $p = \pi$ one step multiplies the error of $\log p$ by $1 - \eta/2$: it shrinks for $\eta < 4$ and grows beyond. The theorem of the original paper says
# "sufficiently small updates"; the slides drop these words.

# %% tags=["claim:gan-convergence-guarantee"]
tv_after = lambda rate: float((run_laws(rate, 400)[-1] - pi).abs().sum() / 2)
erratum(
    "gan-convergence-guarantee",
    ("total variation after 400 steps, η = 20", tv_after(20.0)), ("limit that the slides promise", 0.0),
    corrected="it converges if the updates are small enough as well (here η < 4)",
    corrected_left=("total variation after 400 steps, η = 0.5", tv_after(0.5)), digits=3,
)

# %% [markdown]
# ### Two parameters
#
# Data $N(0, s^2)$, a generator $G(z) = sz + b$ that can only shift, a discriminator $D(x) = \sigma(wx)$. The game is won at $b = w = 0$. The arrows show where a
# simultaneous step would go; the orbit alternates $k$ steps of $w$ and one of $b$, exactly (expectations by quadrature, no noise).

# %% name="two-parameters"
sigmoid_np = lambda a: 0.5 * (1 + np.tanh(a / 2))


def slope_w(b, w, s):
    """dV/dw for data N(0, s^2) and generated points N(b, s^2); b, w numbers or arrays of one shape."""
    b, w, z = np.asarray(b)[..., None], np.asarray(w)[..., None], s * nodes
    return (sigmoid_np(-w * z) * z - sigmoid_np(w * (z + b)) * (z + b)) @ node_weights


def descent_b(b, w, s, loss):
    """Minus the gradient of the generator's loss with respect to b."""
    b, w = np.asarray(b)[..., None], np.asarray(w)[..., None]
    d = sigmoid_np(w * (s * nodes + b))
    return ((w * d) if loss == "minimax" else (w * (1 - d))) @ node_weights


def play_orbit(lr_d, lr_g, k, gamma, s, loss="minimax", rounds=250):
    b, w, path = 2.0, 0.0, [(2.0, 0.0)]
    for _ in range(rounds):
        for _ in range(k):
            w = w + lr_d * (slope_w(b, w, s) - gamma * w)
        b = b + lr_g * descent_b(b, w, s, loss)
        path.append((b, w))
    return np.array(path, dtype=float)


# %% [markdown]
# **Predict, then move.** Does the orbit spiral in, spiral out, or close? What do more steps of $D$ per step of $G$ do? What does the penalty $\frac\gamma2 w^2$ (R1: the
# squared slope of the logit) do? And wider laws, $s = 1$?

# %% name="orbit" tags=["picture"]
def draw_orbit(view, lr_d, lr_g, k, gamma, s, loss):
    path = play_orbit(lr_d, lr_g, k, gamma, s, loss)
    bs, ws = np.meshgrid(np.linspace(-3.6, 3.6, 13), np.linspace(-2.7, 2.7, 11))
    field = np.stack([lr_g * descent_b(bs, ws, s, loss), k * lr_d * (slope_w(bs, ws, s) - gamma * ws)], -1)
    length = np.linalg.norm(field, axis=-1, keepdims=True)
    view["plane"].arrows("field", np.stack([bs, ws], -1).reshape(-1, 2), (0.5 * field / (length + 0.3 * length.max())).reshape(-1, 2), color="muted")
    view["plane"].curve("orbit", path[:, 0], path[:, 1], color="q", width=1.4, style="solid", label="orbit")
    view["plane"].scatter("start", path[:1], color="p", size=9, label="start")
    view["plane"].scatter("end", path[-1:], color="third", size=9, label="end")
    view["time"].curve("b", range(len(path)), path[:, 0], color="q", label="b: generator's mean")
    view["time"].curve("w", range(len(path)), path[:, 1], color="p", label="w: slope of D")
    view["time"].hline("zero", 0)
    view.readout("largest |b| in the last 50 rounds", float(np.abs(path[-50:, 0]).max()), ".3f")


explore(
    draw_orbit,
    panels=[
        Panel("plane", title="the game in its plane", xlabel="b", ylabel="w", xlim=(-4, 4), ylim=(-3, 3)),
        Panel("time", title="the same against time", xlabel="round", ylabel="parameter", xlim=(0, 250), ylim=(-4, 4)),
    ],
    lr_d=Slider(0.01, 1.0, step=10**0.05, value=0.2, log=True, label="learning rate of D"),
    lr_g=Slider(0.01, 1.0, step=10**0.05, value=0.2, log=True, label="learning rate of G"),
    k=Slider(1, 10, value=1, label="k, steps of D per step of G"),
    gamma=Slider(0.0, 1.0, step=0.05, value=0.0, label="R1 penalty γ"),
    s=Slider(0.0, 1.5, step=0.1, value=0.1, label="s, spread of both laws"),
    loss=Choice({"minimax": "minimax", "non-saturating": "non_saturating"}, label="generator's loss"),
    presets={
        "as first shown": {"s": 0.1}, "ten steps of D": {"k": 10}, "slow D": {"lr_d": 0.02}, "penalised": {"gamma": 0.4},
        "wide laws": {"s": 1.0}, "too fast": {"lr_d": 1.0, "lr_g": 1.0, "k": 10},
    },
    alt="The vector field of a two-parameter game with an orbit, and both parameters against the round.",
)

# %% [markdown]
# Near the solution the game is $V \approx -\log 4 - \frac12 bw - \frac14 s^2 w^2$. The product $bw$ is a rotation: nothing pulls inwards. The last term is friction for
# $w$; wide laws bring it along (that is why noise on the inputs helps), and so does R1. For the bare rotation $V = bw$, one *simultaneous* step has the
# matrix $\begin{pmatrix}1 & -\eta\\ \eta & 1\end{pmatrix}$ with eigenvalues $1 \pm i\eta$ and spirals outwards at any rate.

# %% tags=["claim:gan-losses-oscillate"]
rotation = np.array([[1.0, -0.1], [0.1, 1.0]])
late = lambda gamma, s: np.abs(play_orbit(0.2, 0.2, 1, gamma, s, rounds=1500)[-300:, 0]).max()
for gamma, s in ((0.0, 0.1), (0.4, 0.1), (0.0, 1.0)):
    print(f"γ = {gamma}, s = {s}: largest |b| in the last 300 of 1,500 rounds = {late(gamma, s):.3f}")
convention(
    "gan-losses-oscillate",
    ("growth in a simultaneous step of V = bw, |1 + 0.1i|", np.abs(np.linalg.eigvals(rotation)).max()), ("a step that settles", 1.0), relation=">",
    under="gradient steps without friction; a zero-centred penalty, or noise on the inputs, makes the same game settle",
)

# %% tags=["claim:gan-parametric-nonoptimal"]
path = play_orbit(0.2, 0.2, 1, 0.0, 1.0)
# For N(0, 1) against N(b, 1) the optimal logit is b²/2 - bx. At x = 0 the played discriminator always says 1/2.
off = np.abs(0.5 - sigmoid_np(path[:, 0] ** 2 / 2))
print(f"s = 1: |D(0) - D*(0)| is above 0.05 in {np.mean(off > 0.05):.0%} of the rounds")
holds(
    "gan-parametric-nonoptimal",
    ("largest |D(0) - D*(0)| during the game", off.max()), ("an optimal discriminator at every step", 0.0), relation=">",
)

# %% [markdown]
# ## 8.6 Saturation
#
# At a logit $a$ the generator's two losses have the slopes
#
# $$\frac{d}{da}\log(1 - \sigma(a)) = -\sigma(a), \qquad \frac{d}{da}\bigl(-\log\sigma(a)\bigr) = -(1 - \sigma(a)).$$
#
# A discriminator that rejects a sample gives it a very negative $a$. **Predict, then move.** Which of the two still pulls at $a = -8$? Which has stopped at $a = +8$?

# %% name="saturation" tags=["picture"]
def draw_saturation(view, a):
    logits = torch.linspace(-10, 10, 201)
    view["loss"].curve("mm", logits, -softplus(logits), color="p", label="log(1 − D): minimax")
    view["loss"].curve("ns", logits, softplus(-logits), color="q", label="−log D: non-saturating")
    view["slope"].curve("mm", logits, torch.sigmoid(logits), color="p", label="σ(a)")
    view["slope"].curve("ns", logits, torch.sigmoid(-logits), color="q", label="1 − σ(a)")
    for panel in ("loss", "slope"):
        view[panel].vline("a", a)
    d = torch.sigmoid(torch.tensor(a))
    view.readout("D(G(z))", float(d), ".5f")
    view.readout("slope, minimax", float(d), ".5f")
    view.readout("slope, non-saturating", float(1 - d), ".5f")
    view.readout("ratio", float((1 - d) / d), ".4g")


explore(
    draw_saturation,
    panels=[
        Panel("loss", title="the generator's losses", xlabel="logit a of D(G(z))", ylabel="nats", xlim=(-10, 10), ylim=(-10, 10)),
        Panel("slope", title="size of their slopes", xlabel="logit a of D(G(z))", ylabel="|slope|", xlim=(-10, 10), ylim=(-0.03, 1.05)),
    ],
    a=Slider(-10.0, 10.0, step=0.1, value=-4.0, label="logit a"),
    alt="Both losses of the generator and the size of their slopes against the discriminator's logit.",
)

# %% tags=["claim:saturation"]
a = torch.tensor(-10.0, requires_grad=True)
(saturated,) = torch.autograd.grad(-softplus(a), a)
holds(
    "saturation",
    ("|slope of log(1 - σ(a))| at a = -10, by autograd", saturated.abs()), ("σ(-10)", 1 / (1 + math.exp(10))), tol=1e-9,
)

# %% tags=["claim:nonsaturating-stronger"]
(strong,) = torch.autograd.grad(softplus(-a), a)
holds(
    "nonsaturating-stronger",
    ("ratio of the slopes at a = -10, by autograd", strong / saturated), ("(1 - σ)/σ = e^10", math.exp(10)),
)

# %% [markdown]
# ### A generator that is far away
#
# Data $N(0, 1)$, generator $N(-8, 1)$, and networks $D$ that are trained for longer and longer against this *fixed* generator: one with tanh, one with SiLU units. At each point we
# measure the gradient of both losses with respect to the generator's mean on 200 minibatches of 32: its mean size, and its standard deviation (dotted).

# %% name="watch-gradients"
AT = [0, 25, 50, 100, 200, 400, 800]


def watch_gradients(activation):
    """Mean size and standard deviation of both gradients at the steps AT: two arrays of shape (7, 2)."""
    torch.manual_seed(1)
    judge, rows = mlp((1, 32, 32, 1), activation, seed=3), {"minimax": [], "non-saturating": []}
    for before, after in zip([0, *AT[:-1]], AT, strict=True):
        minimise(
            lambda: softplus(-judge(torch.randn(256, 1))).mean() + softplus(judge(torch.randn(256, 1) - 8)).mean(),
            judge.parameters(), after - before, lr=5e-3, progress="training D",
        )
        fake = (torch.randn(200 * 32, 1, generator=torch.Generator().manual_seed(after)) - 8).requires_grad_(True)
        logits = judge(fake)
        (logit_slope,) = torch.autograd.grad(logits.sum(), fake)
        for name, weight in (("minimax", torch.sigmoid(logits)), ("non-saturating", torch.sigmoid(-logits))):
            per_batch = (-weight * logit_slope).detach().reshape(200, 32).mean(dim=1)  # d loss / d mean
            rows[name].append((float(per_batch.abs().mean()), float(per_batch.std())))
    return {name: np.array(one) for name, one in rows.items()}


watched = {activation: watch_gradients(activation) for activation in ("tanh", "silu")}
final = {name: rows[-1, 0] for name, rows in watched["silu"].items()}
print("SiLU, after 800 steps: the non-saturating gradient is more than 100 times as large:", final["non-saturating"] > 100 * final["minimax"])

# %% name="far-away" tags=["picture"]
def draw_far(view):
    for activation, rows in watched.items():
        for name, color in (("minimax", "p"), ("non-saturating", "q")):
            view[activation].curve(name, AT, rows[name][:, 0], color=color, label=name)
            view[activation].curve(name + " spread", AT, rows[name][:, 1], color=color, style="dotted", width=1.5)


explore(
    draw_far,
    panels=[
        Panel("tanh", title="D with tanh units", xlabel="training steps of D", ylabel="|d loss / d mean of G|", yscale="log", xlim=(0, 800), ylim=(1e-7, 20)),
        Panel("silu", title="D with SiLU units", xlabel="training steps of D", ylabel="|d loss / d mean of G|", yscale="log", xlim=(0, 800), ylim=(1e-7, 20)),
    ],
    alt="Size and spread of the generator's gradient for both losses, while two discriminators are trained against a fixed generator.",
)

# %% [markdown]
# The minimax gradient falls by three orders of magnitude or more within 400 steps, and what is left of it comes from rare samples that $D$ misjudges: its spread is larger than its mean, and it jumps. The non-saturating
# gradient first grows, in mean and in spread, as the slide says. On the SiLU network it then keeps its size. On the tanh network it falls as well: saturated units make $D$ *flat* around the samples.
# (And its direction belongs to another objective: at $D = D^*$ it descends $\mathrm{KL}(P_g \Vert P) - 2\,JSD$; Arjovsky and Bottou, 2017.)
#
# Does it *solve* vanishing gradients, as I24 writes? It removes one factor, the slope of the loss. The other factor is the slope of the logit in $x$. Where a
# saturated network is flat, or where the best $D$ for disjoint supports is constant around each of them, nothing is left to follow, for either loss.

# %% tags=["claim:nonsat-solves-vanishing"]
far = Normal(-4.0, 1.0)
logit_star = Normal(0.0, 1.0).log_prob(x) - far.log_prob(x)  # of D*, slope -4 everywhere
gradient_of = lambda weight: integral(far.log_prob(x).exp() * weight * 4.0)
flat = torch.sigmoid(60 * (x + 2)) * 12 - 6  # as sure as D*, but a step: flat at the samples
flat_slope = torch.gradient(flat, spacing=(x,))[0]
print(f"a step-shaped D, non-saturating: {integral(far.log_prob(x).exp() * torch.sigmoid(-flat) * flat_slope) :.4f}, only from samples at the step itself")
far_flat = (x < -2.5) * far.log_prob(x).exp()
print(f"the same from the {integral(far_flat):.0%} of samples left of -2.5: {integral(far_flat * torch.sigmoid(-flat) * flat_slope):.0e}")
convention(
    "nonsat-solves-vanishing",
    ("generator's gradient at D*, non-saturating", gradient_of(torch.sigmoid(-logit_star))),
    ("generator's gradient at D*, minimax", gradient_of(torch.sigmoid(logit_star))), relation=">",
    under="the logit still has a slope where the samples are; where D is flat, both gradients vanish",
)

# %% [markdown]
# ### Exercise 8.5 · The discriminator's loss from logits
#
# The network returns logits of shape `(m, 1)`, possibly very large: the loss must stay finite and exact at $\pm 1000$.

# %% tags=["exercise:08.discriminator_loss"]
def discriminator_loss(real_scores, fake_scores):
    """-V(G, D) from logits, to be minimised: real_scores (m, 1), fake_scores (n, 1). Returns a 0-dimensional tensor."""
    # region solution
    return softplus(-real_scores).mean() + softplus(fake_scores).mean()
    # endregion


discriminator_loss = check("08.discriminator_loss", discriminator_loss)

# %% [markdown]
# ### Exercise 8.6 · The non-saturating loss from logits

# %% tags=["exercise:08.generator_loss"]
def generator_loss(fake_scores):
    """-E log D(G(z)) from logits (n, 1), to be minimised, without the 1/2 of UL p.6. Returns a 0-dimensional tensor."""
    # region solution
    return softplus(-fake_scores).mean()
    # endregion


generator_loss = check("08.generator_loss", generator_loss)

# %% [markdown]
# ## 8.7 SGD for GANs, by your own hand
#
# The algorithm of UL p.7: for $k$ steps, draw minibatches and let $\theta_d$ climb; then draw noise and let $\theta_g$ descend. Write the two steps. `loss`
# is a pair of losses on scores, *both to be minimised*: `loss.ratio_loss(real_scores, fake_scores)` for $D$ and `loss.generative_loss(fake_scores)` for $G$.
#
# ### Exercise 8.7 · One step of the discriminator

# %% tags=["exercise:08.discriminator_step"]
def discriminator_step(generator, discriminator, optimizer, real, noise, loss):
    """One step of `optimizer`, which holds the discriminator's parameters; the generator must not notice anything.

    real: (m, d), noise: (n, noise_size). Returns the loss before the step, without a graph.
    """
    # region solution
    fake = generator(noise).detach()
    objective = loss.ratio_loss(discriminator(real), discriminator(fake))
    optimizer.zero_grad()
    objective.backward()
    optimizer.step()
    return objective.detach()
    # endregion


discriminator_step = check("08.discriminator_step", discriminator_step)

# %% [markdown]
# ### Exercise 8.8 · One step of the generator

# %% tags=["exercise:08.generator_step"]
def generator_step(generator, discriminator, optimizer, noise, loss):
    """One step of `optimizer`, which holds the generator's parameters. noise: (n, noise_size). Returns the loss before."""
    # region solution
    objective = loss.generative_loss(discriminator(generator(noise)))
    optimizer.zero_grad()
    objective.backward()
    optimizer.step()
    return objective.detach()
    # endregion


generator_step = check("08.generator_step", generator_step)

# %% [markdown]
# **From here on everything trains with these two functions** (yours, once they pass). First the lecture's algorithm on a problem where we know the answer: data $N(3, 1)$,
# $G(z) = az + b$, and a $D$ whose logit is a quadratic in $x$, so that $D^*$ is within reach.

# %% name="affine-game"
class Affine(torch.nn.Module):
    """G(z) = a z + b."""

    def __init__(self):
        super().__init__()
        self.a, self.b = torch.nn.Parameter(torch.tensor(1.5)), torch.nn.Parameter(torch.tensor(0.0))

    def forward(self, z):
        return self.a * z + self.b


class Quadratic(torch.nn.Module):
    """A logit that is a quadratic polynomial, written around 1.5 so that its three terms are of one size."""

    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(3))

    def forward(self, x):
        u = (x - 1.5) / 2
        return self.w[0] + self.w[1] * u + self.w[2] * (u * u - 1)


def affine_path(k, rounds=800):
    game = AdversarialGame(
        Affine(), Quadratic(), 3 + torch.randn(5000, 1, generator=torch.Generator().manual_seed(0)),
        noise_size=1, loss="minimax", optimizer="sgd", lr_d=0.3, lr_g=0.05, d_steps=k, batch_size=128,
        update_d=discriminator_step, update_g=generator_step,
    )
    path = [(1.5, 0.0)]
    for _ in range(rounds):
        game.step()
        path.append((game.generator.a.item(), game.generator.b.item()))
    return np.array(path)


affine_paths = {k: affine_path(k) for k in (1, 5)}

# %% name="affine-picture" tags=["picture"]
def draw_affine(view):
    for k, color in ((1, "q"), (5, "p")):
        path = affine_paths[k]
        view["plane"].curve(f"k{k}", path[:, 1], path[:, 0], color=color, width=1.5, label=f"k = {k}")
        view["b"].curve(f"k{k}", range(len(path)), path[:, 1], color=color, width=1.5, label=f"k = {k}")
    view["plane"].scatter("goal", [[3.0, 1.0]], color="third", size=11, label="the answer")
    view["b"].hline("goal", 3.0)


explore(
    draw_affine,
    panels=[
        Panel("plane", title="the generator's parameters", xlabel="b", ylabel="a", xlim=(-0.2, 4), ylim=(0, 2.5)),
        Panel("b", title="the generator's mean", xlabel="round", ylabel="b", xlim=(0, 800), ylim=(0, 4)),
    ],
    alt="Paths of the generator's two parameters for one and for five discriminator steps per round; five go straight to the answer.",
)

# %% tags=["claim:sgd-gan-algorithm"]
settled = affine_paths[5][-200:]
print(f"mean of a over the last 200 rounds within 0.05 of 1: {abs(settled[:, 0].mean() - 1) < 0.05}")
holds(
    "sgd-gan-algorithm",
    ("b, averaged over the last 200 of 800 rounds, k = 5", settled[:, 1].mean()), ("mean of the data law", 3.0), tol=0.02, digits=2,
)

# %% [markdown]
# One step of each player, seen from outside: the discriminator's step raises $V$, the generator's step raises $D(G(z))$.

# %% tags=["claim:disc-step-ascent"]
G, D = Affine(), Quadratic()
real, noise = 3 + torch.randn(2000, 1, generator=random), torch.randn(2000, 1, generator=random)
pair = AdversarialLoss("minimax", discriminator_loss, lambda fake_scores: -softplus(fake_scores).mean())
v_now = lambda: float(-discriminator_loss(D(real), D(G(noise))).detach())
v_before = v_now()
discriminator_step(G, D, torch.optim.SGD(D.parameters(), lr=0.3), real, noise, pair)
fooled = lambda: float(torch.sigmoid(D(G(noise))).mean().detach())
v_after, fooled_before = v_now(), fooled()
generator_step(G, D, torch.optim.SGD(G.parameters(), lr=0.3), noise, pair)
print(f"mean D(G(z)) rises as well: {fooled_before:.4f} -> {fooled():.4f}")
holds("disc-step-ascent", ("V after the step of D", v_after), ("V before", v_before), relation=">")

# %% [markdown]
# ## 8.8 Mode collapse, live
#
# Eight Gaussians on a ring. A mode counts as *covered* when it gets at least a tenth of its fair share of $\frac18$, from samples within three standard deviations
# of its centre.
#
# Press **Play**, and steer while it trains. In the left panel red is where $D$ says "real". The middle panel compares the minibatch's $V$ with its floor $-\log 4$ and with
# $2\,JSD - \log 4$, computed on a grid of cells from the samples: where the orange curve lies *below* the black one, $D$ is not optimal. Try:
#
# 1. *Plain* from the start; watch modes appear and vanish. Then *R1 + R2* without a reset.
# 2. Pause. *One D step* ten times: what happens to $V$? *One G step* ten times?
# 3. The loss *minimax* with 5 steps of $D$ per step of $G$: watch the gradient norm.
# 4. *Yours* uses the losses that you wrote in 8.5 and 8.6; both steps are yours in any case.

# %% name="ring-data"
RING = ring(8, radius=2.0, std=0.05)
CENTRES, STD = RING.centres, RING.scale


def ring_game(seed, **settings):
    generator = mlp((2, 64, 64, 2), "relu", seed=seed, dtype=torch.float32)
    discriminator = mlp((2, 64, 64, 1), "leaky_relu", seed=seed + 100, dtype=torch.float32)
    data = RING.sample(20_000, torch.Generator().manual_seed(seed)).float()
    return AdversarialGame(generator, discriminator, data, noise_size=2, seed=seed, **settings)


# %% name="ring-game"
game = ring_game(0, update_d=discriminator_step, update_g=generator_step)
yours = AdversarialLoss("yours", discriminator_loss, generator_loss)

# %% name="ring-live" tags=["picture"]
side = torch.linspace(-3, 3, 41, dtype=torch.float32)
plane = torch.cartesian_prod(side, side)


def cell_shares(points, cells=24):
    """The share of the points in each cell of a grid over [-3, 3]^2."""
    index = ((points + 3) / 6 * cells).long().clamp(0, cells - 1)
    return torch.bincount(index[:, 0] * cells + index[:, 1], minlength=cells * cells) / len(points)


data_shares, ring_data = cell_shares(game.data), game.data[:500]
on_grid = {}  # step to 2 JSD - log 4


def draw_ring(view, game):
    samples = game.samples(2048)
    view["plane"].heatmap("d", torch.sigmoid(game.scores(plane)).reshape(41, 41).T, extent=(-3, 3, -3, 3), cmap="RdBu_r", limits=(0, 1), alpha=0.6)
    view["plane"].scatter("data", ring_data, color="ink", size=2.5, label="data")
    view["plane"].scatter("model", samples[:500], color="third", size=3.5, label="samples")
    if on_grid and game.steps < max(on_grid):  # after a reset
        on_grid.clear()
    on_grid[game.steps] = 2 * float(jensen_shannon(data_shares.double(), cell_shares(samples).double())) - LOG4
    view["value"].curve("grid", list(on_grid), list(on_grid.values()), color="ink", style="solid", width=1.4, label="2 JSD − log 4 (grid)")
    view["value"].hline("floor", -LOG4, label="−log 4")
    if game.steps:
        thin = max(1, game.steps // 200)
        steps = np.arange(1, game.steps + 1)[::thin]
        view["value"].curve("v", steps, game.history.numpy("value")[::thin], color="q", style="solid", width=1.0, label="V (minibatch)")
        view["norm"].curve("norm", steps, game.history.numpy("gradient_norm")[::thin].clip(1e-4), color="p", style="solid", width=1.0)
    report = count_modes(samples, CENTRES, STD)
    view.readout("step", game.steps)
    view.readout("modes covered", report.covered)
    view.readout("share of samples on a mode", report.on_a_mode, ".3f")
    view.readout("smallest mass (even: 0.125)", report.smallest_mass, ".3f")


live = LiveTraining(
    game,
    draw_ring,
    panels=[
        Panel("plane", title="D, data, samples", xlabel="x₁", ylabel="x₂", xlim=(-3, 3), ylim=(-3, 3), aspect="equal", width=1.1),
        Panel("value", title="the value", xlabel="step", ylabel="nats", ylim=(-2.0, 0.1)),
        Panel("norm", title="generator's gradient", xlabel="step", ylabel="norm", yscale="log", ylim=(1e-3, 30)),
    ],
    size=(10, 3.7),
    alt="Samples of a GAN on a ring of eight Gaussians over the discriminator as a heatmap, the value of the game, and the generator's gradient norm.",
    actions={"One D step": game.discriminator_step, "One G step": game.generator_step},
    presets={"Plain": {"penalty": 0.0, "input_noise": 0.0}, "R1 + R2": {"penalty": 0.1, "input_noise": 0.0}},
    cap=20_000,
    lr_d=Slider(1e-5, 1e-1, value=1e-3, log=True, label="learning rate of D"),
    lr_g=Slider(1e-5, 1e-1, value=1e-3, log=True, label="learning rate of G"),
    d_steps=Slider(1, 10, value=1, label="D steps per G step"),
    batch_size=Slider(16, 512, step=16, value=256, label="batch size"),
    input_noise=Slider(0.0, 1.0, step=0.05, value=0.0, label="noise on the inputs of D"),
    penalty=Slider(0.0, 1.0, step=0.05, value=0.0, label="R1 + R2 penalty γ"),
    loss=Choice({"non-saturating": "non_saturating", "minimax": "minimax", "yours": yours}, label="loss"),
)
for _ in range(10):
    live.run(30, progress=False)
live

# %% [markdown]
# ### The same game, three seeds, 8,000 steps
#
# What you just saw depends on the seed. These runs were played beforehand with the same networks and settings (`course_lib/lessons/n08_vanilla_gan_optimality/runs.py`, two minutes), without and with the
# zero-centred penalties R1 + R2 at $\gamma = 0.1$.

# %% name="ring-runs"
runs = stored()
print(f"{'game':>12} {'seed':>5} {'covered':>8} {'on a mode':>10} {'smallest mass':>14}")
for name in ("plain", "penalised"):
    for seed in range(3):
        covered, on_a_mode, smallest = (runs[f"{name}/{key}"][seed, -1] for key in ("covered", "on_a_mode", "smallest_mass"))
        print(f"{name:>12} {seed:>5} {int(covered):>6}/8 {on_a_mode:>10.3f} {smallest:>14.4f}")

# %% name="ring-runs-picture" tags=["picture"]
def draw_runs(view, seed):
    for panel, name in (("plain", "plain"), ("penalised", "penalised")):
        view[panel].scatter("model", runs[f"{name}/samples"][seed].astype(float), color="q", size=3.5, label="samples")
        view[panel].scatter("centres", CENTRES, color="p", size=6, label="modes")
        covered = runs[f"{name}/covered"][seed]
        view["covered"].curve(name, runs["steps"], covered, color="q" if name == "plain" else "p", label=name)
        view.readout(f"{name}: modes covered", int(covered[-1]))
        view.readout(f"{name}: smallest mass", float(runs[f"{name}/smallest_mass"][seed, -1]), ".4f")


explore(
    draw_runs,
    panels=[
        Panel("plain", title="plain", xlabel="x₁", ylabel="x₂", xlim=(-3, 3), ylim=(-3, 3), aspect="equal"),
        Panel("penalised", title="R1 + R2", xlabel="x₁", ylabel="x₂", xlim=(-3, 3), ylim=(-3, 3), aspect="equal"),
        Panel("covered", title="modes covered", xlabel="step", ylabel="modes", xlim=(0, 8000), ylim=(-0.3, 8.5)),
    ],
    seed=Choice({"seed 0": 0, "seed 1": 1, "seed 2": 2}, label="seed"),
    alt="Samples of the plain and of the penalised game after 8,000 steps, and the modes covered against the step.",
)

# %% tags=["claim:mode-collapse-def"]
holds(
    "mode-collapse-def",
    ("modes covered by the plain game, worst of 3 seeds", runs["plain/covered"][:, -1].min()), ("modes of the data", 8), relation="<",
)

# %% [markdown]
# Note both sides of this table. The plain game *can* cover all modes, and with another seed of the same game it does not; the penalised one covered all eight each time. The objective is
# the same JSD in both.
#
# ### Whose fault is it?
#
# I24 says that mode collapse is *caused by the Jensen-Shannon divergence*. Take the game away and minimise the divergence itself. Target: two bumps $d$ to the left and right
# of 0. First family: one Gaussian; it cannot have two modes, so every divergence has to choose. Second family: two bumps at the right places with weights $w$ and $1 - w$.

# %% name="one-gaussian"
half = torch.linspace(-10, 10, 401)
means, stds = torch.linspace(-5, 5, 41), torch.exp(torch.linspace(math.log(0.4), math.log(6.0), 28))
family = torch.stack([Normal(mu, sd).log_prob(half) for mu in means for sd in stds])
members = [(float(mu), float(sd)) for mu in means for sd in stds]
cell = float(half[1] - half[0])


def best_members(log_p):
    """The member of the one-Gaussian family that minimises each divergence from the target."""
    p, q = log_p.exp(), family.exp()
    log_m = torch.logaddexp(log_p, family) - math.log(2)
    kl_pq, kl_qp = (p * (log_p - family)).sum(1), (q * (family - log_p)).sum(1)
    js = ((p * (log_p - log_m)).sum(1) + (q * (family - log_m)).sum(1)) / 2
    return {name: members[int(values.argmin())] for name, values in (("KL(p‖q)", kl_pq), ("KL(q‖p)", kl_qp), ("JSD", js))}


# %% [markdown]
# **Predict, then move.** For which $d$ does JSD's best single Gaussian sit on one bump? Does JSD ever prefer $w = 0$?

# %% name="whose-fault" tags=["picture"]
def draw_fault(view, d):
    target = MixtureSameFamily(Categorical(tensor(0.5, 0.5)), Normal(tensor(-d, d), tensor(0.7, 0.7)))
    log_p = target.log_prob(half)
    view["one"].fill("p", half, log_p.exp(), color="p", alpha=0.3, label="target")
    for (name, (mu, sd)), color in zip(best_members(log_p).items(), ("third", "fourth", "q"), strict=True):
        view["one"].curve(name, half, Normal(mu, sd).log_prob(half).exp(), color=color, label=f"best for {name}")
        view.readout(f"{name}: mean, std", f"{mu:.2f}, {sd:.2f}")
    weights = torch.linspace(0, 1, 101)
    left, right = Normal(-d, 0.7).log_prob(half).exp(), Normal(d, 0.7).log_prob(half).exp()
    q = weights[:, None] * left + (1 - weights[:, None]) * right
    p = log_p.exp()
    log_m = ((p + q) / 2).clamp(min=1e-300).log()
    log_q, log_p = q.clamp(min=1e-300).log(), p.clamp(min=1e-300).log()
    js = cell * ((p * (log_p - log_m)).sum(1) + (q * (log_q - log_m)).sum(1)) / 2
    view["two"].curve("js", weights, js, color="q", label="JSD")
    view["two"].curve("kl", weights[1:-1], cell * (p * (log_p - log_q)).sum(1)[1:-1], color="third", label="KL(p‖q)")
    view["two"].vline("best", float(weights[js.argmin()]), label="best for JSD")
    view.readout("weight that JSD prefers", float(weights[js.argmin()]), ".2f")


explore(
    draw_fault,
    panels=[
        Panel("one", title="one Gaussian for two bumps", xlabel="x", ylabel="density", xlim=(-8, 8), ylim=(0, 0.6)),
        Panel("two", title="two bumps, two weights", xlabel="weight w of the left bump", ylabel="nats", xlim=(0, 1), ylim=(0, 0.75), width=0.8),
    ],
    d=Slider(0.3, 4.5, step=0.1, value=3.0, label="half distance d"),
    presets={"close": {"d": 1.0}, "JSD covers": {"d": 2.9}, "JSD picks": {"d": 3.0}, "far": {"d": 4.0}},
    alt="The best single Gaussian for three divergences, and the JSD against the weight of one of two bumps.",
)

# %% [markdown]
# With one Gaussian, KL$(q\Vert p)$ gives up one bump at $d = 2.0$, JSD only at $d = 3.0$, more than four standard deviations, and both only because the family cannot do better. Give it a family that can, and it wants
# both bumps in their right proportion, exactly like KL. The ring's network *is* such a family, and the penalised game proves it. The collapse comes from the game: from $D$ not being optimal, from
# alternating steps, from a generator that moves all its samples at once.

# %% tags=["claim:mode-collapse-cause"]
both = MixtureSameFamily(Categorical(tensor(0.5, 0.5)), Normal(tensor(-3.0, 3.0), tensor(0.7, 0.7)))


def js_of_weight(w):
    model = MixtureSameFamily(Categorical(tensor(w, 1 - w)), Normal(tensor(-3.0, 3.0), tensor(0.7, 0.7)))
    return float(divergence(both, model, "jensen_shannon"))


w_best = optimize.minimize_scalar(js_of_weight, bounds=(0.001, 0.999), method="bounded", options={"xatol": 1e-6}).x
erratum(
    "mode-collapse-cause",
    ("mass of the rarer mode where JSD is smallest", min(w_best, 1 - w_best)),
    ("mass below which a mode counts as lost", 0.05), relation="<",
    corrected="JSD's own minimiser keeps every mode that its family can make; collapse comes from the dynamics of the game, and R1 + R2 prevents it with the same JSD",
    corrected_left=("mass of the rarer mode where JSD is smallest", min(w_best, 1 - w_best)), corrected_relation=">", digits=3,
)

# %% [markdown]
# ## 8.9 An open experiment
#
# Take `ring_game(0)`, which collapsed in the table. Find the *smallest* change that makes it cover all eight modes within 4,000 steps: a penalty, noise that you lower by hand, more steps of
# $D$, another ratio of the learning rates, a larger batch. Write down the reason that you expect to be the right one *before* you try it, and use three seeds before you believe it.

# %% name="open-experiment"
experiment = ring_game(0, r1=0.1, r2=0.1)
fit(experiment, 400, progress="your experiment")
report = count_modes(experiment.samples(4096), CENTRES, STD)
print(f"after {experiment.steps} steps: at least 4 modes covered: {report.covered >= 4}")

# %% [markdown]
# ## What to remember
#
# - The discriminator's cost is twice the balanced cross-entropy; $V$ is its negative. Watch signs and factors: UL's $J^{(d)}$ is the sample version of $-V$.
# - $D^* = \pi/(\pi + p)$ wherever either law lives; elsewhere nothing is determined.
# - $V(G, D^*) = 2\,JSD - \log 4 = JS_{UL} - \log 4$. Say which JS you mean. $JSD$ is bounded by $\log 2$ and is no metric; $\sqrt{JSD}$ is.
# - "Guaranteed to converge" needs an optimal $D$, a free $p$ *and* small steps. The game in parameters rotates; friction (R1, R2, noise) makes it settle.
# - The non-saturating loss removes the factor $\sigma(a)$, not the factor $\nabla_x a$.
# - Mode collapse belongs to the game and not to the divergence: the same JSD covered all modes with a zero-centred penalty.
#
# ## References
#
# - Goodfellow et al., *Generative adversarial nets*, 2014, arXiv:1406.2661: the game, the theorem ("sufficiently small updates"), the algorithm.
# - Arjovsky and Bottou, *Towards principled methods for training GANs*, 2017, arXiv:1701.04862: saturation, the non-saturating gradient at $D^*$.
# - Mescheder, Geiger and Nowozin, *Which training methods for GANs do actually converge?*, 2018, arXiv:1801.04406: the rotating game, R1 and R2.
# - Endres and Schindelin, *A new metric for probability distributions*, 2003: the square root of JSD.
