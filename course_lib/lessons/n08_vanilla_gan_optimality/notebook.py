# %% [markdown]
# # 8 · Vanilla GAN: the optimum, the game, and training that you steer
#
# *About two hours, exercises included. Follows UL p.2-9; I21 and I22, "Vanilla GAN optimality", "Vanishing gradients", "Mode collapse"; I24, first slides.*
#
# After this notebook you can
#
# - derive the discriminator's cost from logistic regression, and say which factors and signs the lectures drop on the way;
# - compute the optimal discriminator, and the value of the game there, in two ways that agree;
# - tell the two Jensen-Shannon divergences of the lectures apart, and say what goes wrong when they are mixed;
# - say why the game circles, why one generator loss saturates and the other is noisy, and where mode collapse comes from;
# - write SGD for GANs, and steer a game on the screen that trains with your own functions.
#
# **Recap.** Data have the distribution $P$, with density (or probabilities) $p$. A generator $G$ turns noise $z \sim P_z$ into a point $x = G(z)$ whose
# distribution is $Q$, with density $q$. A discriminator $D$ sees a point and returns the probability $D(x) \in (0, 1)$ that it came from $P$ and not
# from $Q$. (UL writes $P_g$ for $Q$ and $f, f_g$ for the densities; the slides write $\pi(x)$ for $p$ and $p(x\mid\theta)$ for $q$.) $\sigma(a) = 1/(1 + e^{-a})$, and a
# *logit* $a$ is what a network returns before the sigmoid. Logarithms are natural, so entropies and divergences are counted in *nats*; a bit is 0.693 nats.

# %% name="setup"
import math

import numpy as np
import torch
from scipy import integrate, optimize, stats
from torch.distributions import Categorical, MixtureSameFamily, Normal, Uniform
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid, softplus

from course_lib.adversarial import AdversarialGame, AdversarialLoss, count_modes, fit, game_value
from course_lib.claims import convention, erratum, holds
from course_lib.divergences import F_DIVERGENCES, divergence
from course_lib.exercises import check, hint, predict
from course_lib.lessons.n08_vanilla_gan_optimality.runs import RING, cell_shares, ring_game, stored
from course_lib.networks import mlp
from course_lib.training import minimise
from course_lib.widgets import Choice, LiveTraining, Panel, Slider, Toggle, explore

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
# A discriminator is a classifier, so UL begins with the oldest one: labelled points $(x_i, y_i)$ with $y_i \in \{0, 1\}$, the model
# $P_{\beta_0,\beta}(Y = 1 \mid X = x) = \sigma(\beta_0 + \beta x)$, and the *cross-entropy* $-\frac1n\sum_i\log P_{\beta_0,\beta}(y_i\mid x_i)$ that maximum likelihood makes small.
# UL p.4 says that this is, up to a constant, the KL divergence from the *empirical distribution* $\hat P_n$, mass $1/n$ on each point, to the model. Everything here is a finite sum.

# %% name="ten-points"
points = tensor(-2.3, -1.6, -1.1, -0.4, 0.2, 0.5, 0.9, 1.4, 1.9, 2.6)
labels = tensor(0.0, 0, 0, 1, 0, 1, 0, 1, 1, 1)
n = len(points)


def cross_entropy_of(beta0, beta):
    """-(1/n) Σ log P(Y = y_i | X = x_i)."""
    return binary_cross_entropy_with_logits(beta0 + beta * points, labels)


best = torch.zeros(2)  # the maximum likelihood fit, by Newton's method
design = torch.stack([torch.ones(n), points], dim=1)
for _ in range(20):
    s = torch.sigmoid(design @ best)
    best = best + torch.linalg.solve(design.T @ (design * (s * (1 - s))[:, None]), design.T @ (labels - s))
best_beta0, best_beta = best.tolist()

# %% name="predict-negative" tags=["predict"]
smallest = float(cross_entropy_of(best_beta0, best_beta))
predict(
    "08.negative",
    "The third bar is the sum that UL p.4 calls a KL divergence: cross-entropy minus log n. Can it become "
    "negative?",
    choices=("no: a KL divergence is at least 0", "yes, at a bad fit", "yes, at every fit worth having"),
    answer=f"""Yes, wherever the cross-entropy is below log n = {math.log(n):.2f}, and at β₀ =
    {best_beta0:.3f}, β = {best_beta:.3f}, the maximum likelihood, it is {smallest - math.log(n):.2f} nats.
    Guessing (β₀ = β = 0) has a cross-entropy of log 2 = 0.69 already. No KL divergence can be negative, so
    this sum is none.""",
)

# %% name="logistic" tags=["picture"]
def draw_logistic(view, beta0, beta):
    plot = view["fit"]
    line = torch.linspace(-3, 3, 121)
    plot.curve("sigma", line, torch.sigmoid(beta0 + beta * line), color="p", label="σ(β₀ + βx)")
    for name, label, color in (("real", 1, "p"), ("fake", 0, "q")):
        xy = torch.stack([points, labels], 1)[labels == label]
        plot.scatter(name, xy, color=color, size=8, label=f"label {label} ({name})")
    cross_entropy = float(cross_entropy_of(beta0, beta))
    sums = [cross_entropy, math.log(n), cross_entropy - math.log(n)]
    view["sums"].bars("sums", ["cross-entropy", "log n", '"KL" of UL p.4'], sums, values=".2f")
    view.readout("cross-entropy", cross_entropy, ".4f")
    view.readout('"KL" of UL p.4', cross_entropy - math.log(n), ".4f")


explore(
    draw_logistic,
    panels=[
        Panel("fit", title="ten points and a model", xlabel="x", ylabel="probability of label 1",
              xlim=(-3, 3), ylim=(-0.05, 1.05)),
        Panel("sums", title="exact sums", ylabel="nats", ylim=(-2.5, 4.9), width=0.9),
    ],
    beta0=Slider(-3.0, 3.0, step=0.05, value=0.0, label="β₀"),
    beta=Slider(-3.0, 5.0, step=0.05, value=-2.2, label="β"),
    presets={"wrong way round": {"beta0": 0.0, "beta": -2.2}, "guessing": {"beta0": 0.0, "beta": 0.0},
             "maximum likelihood": {"beta0": best_beta0, "beta": best_beta}},
    alt="Ten labelled points with a logistic curve, and bars of the cross-entropy, log n and the KL of the "
    "lecture.",
)

# %% [markdown]
# The model $P(y \mid x)$ is a distribution of $y$ alone: summed over all ten $x_i$ and both labels it has mass 10, not 1. To compare it with $\hat P_n$ it must
# become a joint distribution, $\frac1n P(y \mid x)$ on the same points. Then the $\log n$ cancels, and the KL *is* the cross-entropy. The slip changes no fit, because
# $\log n$ does not depend on $\beta$. (Section 8.10 has UL's other lines on $\log n$.)

# %% tags=["claim:empirical-kl-formula"]
beta0, beta = 0.0, 0.5
cross_entropy = cross_entropy_of(beta0, beta)
success = torch.sigmoid(beta0 + beta * points)
chosen = torch.where(labels == 1, success, 1 - success)  # P(y_i | x_i)
empirical = torch.nn.functional.one_hot(labels.long(), 2) / n
joint_model = torch.stack([1 - success, success], dim=1) / n
true_kl = (empirical * torch.where(empirical > 0, (empirical / joint_model).log(), 0.0)).sum()
erratum(
    "empirical-kl-formula",
    ("lecture: Σ (1/n) log{ (1/n) / P(y|x) }", ((1 / n) * ((1 / n) / chosen).log()).sum()),
    ("KL between two distributions on the 20 pairs (x, y)", true_kl),
    corrected="KL = Σ (1/n) log{ (1/n) / [(1/n) P(y|x)] }: the model needs the distribution of x, which is "
    "1/n",
    corrected_left=("-(1/n) Σ log P(y_i|x_i)", cross_entropy),
)

# %% [markdown]
# Now let label 1 be data and label 0 be generated points, $m$ of each, and let $D$ play the part of $\sigma$. The lecture's cost (UL p.5) and the value of the game (UL p.7) are
#
# $$J^{(d)} = -\frac1m\sum_{i=1}^m\bigl\{\log D(x_i) + \log[1 - D(G(z_i))]\bigr\}, \qquad V(G, D) = \mathbb E_{x\sim P}\log D(x) + \mathbb E_{z}\log(1 - D(G(z))) .$$
#
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
# On the way from the cross-entropy to $J^{(d)}$ two things are lost: UL p.4-5 takes the two sums apart without their sign and their $\frac1n$, and $J^{(d)}$ has one mean for *each* kind of points, so
# that the cross-entropy of the pooled batch of $2m$ points is half of it.

# %% tags=["claim:cross-entropy-two-terms", "claim:disc-cost-minibatch"]
real_term, fake_term = success[labels == 1].log().sum(), (1 - success[labels == 0]).log().sum()
erratum(
    "cross-entropy-two-terms",
    ("lecture: the two sums added", real_term + fake_term),
    ("cross-entropy", cross_entropy),
    corrected="cross-entropy = -(1/n) [ Σ_{y=1} log σ + Σ_{y=0} log(1 - σ) ]",
    corrected_left=("-(1/n) of the two sums", -(real_term + fake_term) / n),
)
random = torch.Generator().manual_seed(0)
m = 6
real, fake = 1 + torch.randn(m, generator=random), torch.randn(m, generator=random)
logit = lambda t: 0.8 * t - 0.3  # a logistic discriminator
is_real = torch.cat([torch.ones(m), torch.zeros(m)])
pooled = binary_cross_entropy_with_logits(torch.cat([logit(real), logit(fake)]), is_real)
convention(
    "disc-cost-minibatch",
    ("J of the lecture, m = 6", -float(gan_value(torch.sigmoid(logit(real)), torch.sigmoid(logit(fake))))),
    ("2 × cross-entropy of the 12 pooled points", 2 * pooled),
    under="each kind of points is averaged over its own m; the pooled cross-entropy is J/2",
)

# %% [markdown]
# $J^{(d)}$ is minimised and $V$ is maximised. UL p.6 calls the one the sample version of the other, without the sign. And a classifier of real against generated points has $V$ as its objective only if it sees both equally often.

# %% tags=["claim:disc-cost-sample-version", "claim:disc-is-binary-classifier"]
data, model = Normal(1.0, 1.0), Normal(0.0, 1.0)
many_real, many_fake = (mean + torch.randn(400_000, generator=random) for mean in (1.0, 0.0))
J_many = softplus(-logit(many_real)).mean() + softplus(logit(many_fake)).mean()
population = integral(data.log_prob(x).exp() * logsigmoid(logit(x)))
population += integral(model.log_prob(x).exp() * logsigmoid(-logit(x)))
erratum(
    "disc-cost-sample-version",
    ("lecture: J on 400,000 pairs", J_many),
    ("E log D(X) + E log(1 - D(G(Z))) by quadrature", population),
    corrected="J is the sample version of -V, not of V = E log D(X) + E log(1 - D(G(Z)))",
    corrected_left=("-J", -J_many), tol=5e-3, digits=3,
)
p_five, q_five = tensor(0.1, 0.3, 0.2, 0.25, 0.15), tensor(0.3, 0.1, 0.3, 0.1, 0.2)
D_five = tensor(0.2, 0.7, 0.4, 0.9, 0.5)
v_five = (p_five * D_five.log() + q_five * (1 - D_five).log()).sum()
is_real = torch.cat([torch.ones(5), torch.zeros(5)])
balanced = torch.nn.functional.binary_cross_entropy(
    D_five.repeat(2), is_real, weight=torch.cat([p_five, q_five]) / 2, reduction="sum"
)
convention(
    "disc-is-binary-classifier",
    ("V(G, D) on five atoms", v_five),
    ("-2 × cross-entropy of balanced classes", -2 * balanced),
    under="both classes are equally frequent, and V has the opposite sign and twice the size of the "
    "cross-entropy",
)

# %% [markdown]
# ## 8.2 The generator's distribution, and the game
#
# Only *samples* of $Q$ are needed in $V$; its density is never asked for. Where a density exists, two changes of variable connect the two views (UL p.2 and p.7). For points
# with several coordinates the bars in UL's $|\partial g^{-1}/\partial x|$ stand for the *determinant* of the matrix of derivatives, without its sign. Take $G(z) = (e^{z_1}, z_1 - 2 z_2)$:

# %% tags=["claim:change-of-variables", "claim:pushforward-change-of-variable"]
across, up = torch.linspace(1, 2, 401), torch.linspace(0, 1, 401)
z1 = across.log()[:, None]
z2 = (z1 - up) / 2  # the inverse of G
determinant = 1 / across[:, None] * -0.5  # of the derivatives of (z1, z2) in (x1, x2)
density = torch.exp(-(z1**2 + z2**2) / 2) / (2 * math.pi) * determinant.abs()
by_noise, _ = integrate.quad(
    lambda a: stats.norm.pdf(a) * (stats.norm.cdf(a / 2) - stats.norm.cdf((a - 1) / 2)), 0, math.log(2)
)
convention(
    "change-of-variables",
    ("mass of [1, 2] × [0, 1] by the density of x", torch.trapezoid(torch.trapezoid(density, up), across)),
    ("P(1 ≤ exp(z₁) ≤ 2, 0 ≤ z₁ - 2z₂ ≤ 1), by the noise", by_noise),
    under="|∂g⁻¹/∂x| is the absolute value of the determinant of the derivatives, which must exist",
    tol=1e-5,
)
log_grid = torch.exp(torch.linspace(-9, 9, 20_001))
minus_log = lambda t: softplus(0.5 * t - 1)  # -log(1 - D) of a logistic D
f_of_log = Normal(0.0, 1.0).log_prob(log_grid.log()).exp() / log_grid  # the density of exp(z)
convention(
    "pushforward-change-of-variable",
    ("∫ log(1 - D(G(z))) f_z(z) dz",
     integral(-minus_log(torch.exp(x.clamp(max=9))) * Normal(0.0, 1.0).log_prob(x).exp())),
    ("∫ log(1 - D(x)) q(x) dx", torch.trapezoid(-minus_log(log_grid) * f_of_log, log_grid)),
    under="x = G(z) has a density; that z has one is not enough: G(z) = (z, z²) puts all mass on a curve of "
    "area 0",
)

# %% [markdown]
# The game is $\min_G\max_D V(G, D)$. On three atoms everything can be enumerated: all generators $Q$ on a grid of the simplex, and for each the best
# $D$, atom by atom, on a grid of 2,000 values. (I21 writes the saddle value, one number, as if it were the function $V(G, D)$.)

# %% tags=["claim:gan-value-function", "claim:v-notation-minmax"]
p_three = tensor(0.5, 0.3, 0.2)
u = torch.linspace(0.0005, 0.9995, 1999)
simplex = torch.tensor([[i / 20, j / 20, (20 - i - j) / 20] for i in range(21) for j in range(21 - i)])
integrands = p_three[:, None] * u.log() + simplex[:, :, None] * (1 - u).log()
best_d_value = integrands.max(dim=2).values.sum(dim=1)
print("the q that minimises the maximum:", [round(v, 4) for v in simplex[best_d_value.argmin()].tolist()])
holds(
    "gan-value-function",
    ("min over q of max over D, on grids", best_d_value.min()), ("-log 4", -LOG4), tol=1e-5,
)
some_q, some_D = tensor(0.2, 0.2, 0.6), tensor(0.6, 0.4, 0.3)
some_v = (p_three * some_D.log() + some_q * (1 - some_D).log()).sum()
erratum(
    "v-notation-minmax",
    ("lecture: V(G, D), here for one G and one D", some_v),
    ("the saddle value, -log 4", -LOG4),
    corrected="V(G, D) = E log D(x) + E log(1 - D(G(z))); its min over G of max over D is one number",
    corrected_left=("min_G max_D V(G, D)", best_d_value.min()), tol=1e-5,
)

# %% [markdown]
# In the zero-sum version the generator's cost is $J^{(g)} = -J^{(d)}$. A generator that can only shift, $G(z) = z + \theta$, against a logistic $D$, with data
# from $N(1, 1)$: the inner maximum by Newton's method from SciPy, the outer minimum by a scalar search. "The generator minimizes the log-probability of the discriminator being correct"
# (UL p.6) can be played: a coin decides whether a real point is shown, $D$ answers, and the log-probability of its right answer is averaged.

# %% tags=["claim:zero-sum-generator", "claim:generator-minimises-correctness"]
nodes, node_weights = np.polynomial.hermite_e.hermegauss(60)
node_weights = node_weights / node_weights.sum()
softplus_np = lambda a: np.logaddexp(0, a)


def best_response(theta):
    """max over logistic discriminators of V, for generated points N(theta, 1) and data N(1, 1)."""
    def cost(w):
        on_data, on_model = w[0] + w[1] * (nodes + 1), w[0] + w[1] * (nodes + theta)
        return node_weights @ (softplus_np(-on_data) + softplus_np(on_model))

    return -optimize.minimize(cost, [0.0, 0.0], tol=1e-12).fun


shift = optimize.minimize_scalar(best_response, bounds=(-1, 3), method="bounded", options={"xatol": 1e-7}).x
holds("zero-sum-generator", ("arg min over θ of max over D", shift), ("the true shift", 1.0), tol=1e-4)
coin = torch.rand(400_000, generator=random) < 0.5
shown_real = torch.multinomial(p_five, len(coin), replacement=True, generator=random)
shown_fake = torch.multinomial(q_five, len(coin), replacement=True, generator=random)
right = torch.where(coin, D_five[shown_real].log(), (1 - D_five[shown_fake]).log())
convention(
    "generator-minimises-correctness",
    ("V / 2 on five atoms", v_five / 2),
    ("log-probability of the right answer, mean of 400,000 questions", right.mean()),
    under="a real and a generated point are shown equally often; then this mean is V/2, and V's minimiser "
    "is its own",
    tol=5e-3, digits=3,
)

# %% [markdown]
# (It is the *log*-probability that is minimised, not the probability of being right.) The alternative of UL p.6 carries a $\frac12$ that $J^{(d)}$ does not have. It only rescales the
# generator's learning rate; we leave it out below.

# %% tags=["claim:nonsaturating-cost"]
a = torch.tensor(-2.0, requires_grad=True)
(slope,) = torch.autograd.grad(-0.5 * logsigmoid(a), a)
convention(
    "nonsaturating-cost",
    ("gradient of -½ log σ(a) at a = -2, by autograd", slope),
    ("-½ (1 - σ(-2))", -0.5 * (1 - 1 / (1 + math.exp(2)))),
    under="the ½ is a matter of taste: the lecture's own cost of D has none, and the slides have none here",
)

# %% [markdown]
# ## 8.3 The best discriminator, point by point
#
# With densities $V$ is one integral (UL p.8), $V = \int \{p(x)\log D(x) + q(x)\log(1 - D(x))\}\,dx$. So $D$ can be chosen at each $x$ by itself:
# maximise $y(D) = a\log D + b\log(1 - D)$, with $a = p(x)$ and $b = q(x)$.

# %% tags=["claim:v-pointwise-integrand"]
p_x, q_x = Normal(0.0, 1.0).log_prob(x).exp(), Normal(1.0, 2.0).log_prob(x).exp()
one_D = lambda t: torch.sigmoid(0.3 - 0.6 * t)
by_noise = integral(p_x * torch.log(1 - one_D(1 + 2 * x)))  # E over z, with G(z) = 1 + 2z
holds(
    "v-pointwise-integrand",
    ("one integral over x", integral(p_x * one_D(x).log() + q_x * (1 - one_D(x)).log())),
    ("E over x plus E over z", integral(p_x * one_D(x).log()) + by_noise),
)

# %% name="predict-pointwise" tags=["predict"]
predict(
    "08.pointwise",
    "At a place where only data are, b = 0. Where is y(D) = a log D + b log(1 - D) largest?",
    choices=("at D = 1/2", "at D = 1", "nowhere: it has no derivative 0"),
    answer="""At D = 1, the end of the interval: y = a log D still rises there, and its derivative a/D is not
    0 anywhere. At a = b the maximum lies at 1/2. With a negative a the formula a/(a + b) gives no maximum at
    all: move a below 0 and see y grow towards D = 0. Densities are never negative, so this needs no worry,
    but UL's condition "a, b ≠ 0" allows it and forbids b = 0, where all is well.""",
)

# %% name="pointwise" tags=["picture"]
def draw_pointwise(view, a, b):
    d = torch.linspace(0.002, 0.998, 499)
    y = a * d.log() + b * (1 - d).log()
    view["y"].curve("y", d, y, color="p", label="a log D + b log(1 − D)")
    view["slope"].curve("slope", d, a / d - b / (1 - d), color="q", label="derivative a/D − b/(1 − D)")
    view["slope"].hline("zero", 0)
    if a > 0 or b > 0:
        formula = a / (a + b) if a + b != 0 else math.nan
        if 0 <= formula <= 1:
            for panel in ("y", "slope"):
                view[panel].vline("best", formula, color="accent", label="a/(a + b)")
        view.readout("a/(a + b)", formula, ".3f")
    view.readout("largest on the grid at D", float(d[y.argmax()]), ".3f")


explore(
    draw_pointwise,
    panels=[
        Panel("y", title="the integrand of V at one point", xlabel="D", ylabel="y(D), nats",
              xlim=(0, 1), ylim=(-5, 3)),
        Panel("slope", title="its derivative", xlabel="D", ylabel="dy/dD", xlim=(0, 1), ylim=(-10, 10)),
    ],
    a=Slider(-1.0, 2.0, step=0.05, value=1.0, label="a: density of the data"),
    b=Slider(-1.0, 2.0, step=0.05, value=0.5, label="b: density of the generator"),
    presets={"equal": {"a": 1.0, "b": 1.0}, "no generator here": {"a": 1.0, "b": 0.0},
             "no data here": {"a": 0.0, "b": 1.0}, "a negative a": {"a": -0.5, "b": 1.0}},
    alt="The integrand of the value as a function of D, and its derivative, with the maximum at a over a "
    "plus b.",
)

# %% [markdown]
# The slides set the derivative to zero, which finds the maximum where both densities are positive; at the ends there is nothing to set to zero. UL states the maximum "for $a, b \neq 0$", which is the wrong condition: try all signs.

# %% tags=["claim:optimal-disc-foc", "claim:alogu-blog1mu-max"]
p_at, q_at = 0.7, 0.2
y_of = lambda d: p_at * math.log(d) + q_at * math.log(1 - d)
slope_of = lambda d, h=1e-6: (y_of(d + h) - y_of(d - h)) / (2 * h)
convention(
    "optimal-disc-foc",
    ("root of the finite-difference derivative", optimize.brentq(slope_of, 0.01, 0.99)),
    ("p/(p + q)", p_at / (p_at + q_at)),
    under="both densities are positive at x; where one is 0 the maximum lies at D = 0 or 1, with a "
    "derivative ≠ 0",
)
fine = torch.linspace(1e-4, 1 - 1e-4, 9999)


def miss(a, b):
    """How far a/(a + b) is from the largest value on the grid."""
    return abs(a / (a + b) - float(fine[(a * fine.log() + b * (1 - fine).log()).argmax()]))


signs = [(1, 2), (2, 0.5), (-1, 2), (2, -1), (-1, -2)]
erratum(
    "alogu-blog1mu-max",
    ("largest miss over a, b ≠ 0", max(miss(a, b) for a, b in signs)),
    ("two steps of the grid", 2e-4), relation="<=",
    corrected="for a, b > 0 (one of them may be 0) the maximum on [0, 1] is at a/(a + b)",
    corrected_left=("largest miss over a > 0, b > 0", max(miss(a, b) for a, b in signs if a > 0 and b > 0)),
    tol=1e-9,
)

# %% [markdown]
# ### Exercise 8.2 · The optimal discriminator

# %% tags=["exercise:08.optimal_discriminator"]
def optimal_discriminator(p, q):
    """D*(x) for data density p and generator density q at the same points: tensors of one shape.

    One of the two may be 0 at a point, or very small, but not both are 0.
    """
    # region solution
    return p / (p + q)
    # endregion


optimal_discriminator = check("08.optimal_discriminator", optimal_discriminator)

# %% name="predict-wider" tags=["predict"]
D_star = lambda p, q: torch.as_tensor(optimal_discriminator(p, q)).double()
at_six = {std: Normal(0.0, std).log_prob(tensor(6.0)).exp() for std in (0.5, 1.0, 2.0)}
wide, narrow = float(D_star(at_six[1.0], at_six[2.0])), float(D_star(at_six[0.5], at_six[1.0]))
predict(
    "08.wider",
    "Data N(0, 1), a generator with the same mean that is wider, N(0, 2²). What does D* say far to the "
    "right, at x = 6?",
    choices=("about 0", "about 1/2", "about 1"),
    answer=f"""About 0: D*(6) = {wide:.1e}. Both densities are tiny there, but the ratio decides, and the
    wider one is larger by far. Under a narrower generator, N(0, 0.5²), 1 − D* is {narrow:.0e} there. D* = 1/2
    exactly where the two densities cross.""",
)

# %% name="two-densities" tags=["picture"]
def draw_densities(view, mean, std):
    line = torch.linspace(-7, 7, 561)
    p, q = Normal(0.0, 1.0).log_prob(line).exp(), Normal(mean, std).log_prob(line).exp()
    d = D_star(p, q)
    view["densities"].fill("p", line, p, color="p", alpha=0.3)
    view["densities"].curve("p_line", line, p, color="p", label="data p = N(0, 1)")
    view["densities"].fill("q", line, q, color="q", alpha=0.3)
    view["densities"].curve("q_line", line, q, color="q", label="generator q")
    view["d"].curve("d", line, d, color="third", label="D* = p/(p + q)")
    view["d"].hline("half", 0.5)
    value = torch.trapezoid(p * d.log().clamp(min=-1e3) + q * torch.log1p(-d).clamp(min=-1e3), line)
    view.readout("V(G, D*)", float(value), ".4f")
    view.readout("−log 4", -LOG4, ".4f")


explore(
    draw_densities,
    panels=[
        Panel("densities", title="two densities", xlabel="x", ylabel="density", xlim=(-7, 7), ylim=(0, 0.85)),
        Panel("d", title="the optimal discriminator", xlabel="x", ylabel="D*(x)",
              xlim=(-7, 7), ylim=(-0.03, 1.03)),
    ],
    mean=Slider(-5.0, 5.0, step=0.1, value=0.0, label="mean of G"),
    std=Slider(0.5, 3.0, step=0.05, value=1.0, label="standard deviation of G"),
    presets={"equal": {"mean": 0.0, "std": 1.0}, "wider": {"mean": 0.0, "std": 2.0},
             "narrower": {"mean": 0.0, "std": 0.5}, "far away": {"mean": 5.0, "std": 0.5}},
    alt="Densities of data and generator, and the optimal discriminator between them.",
)

# %% [markdown]
# The formula is not restricted to the intersection of the supports, as UL p.8 has it: where only data live $D^* = 1$, where only the generator lives
# $D^* = 0$. These points matter, since $V(G, D^*)$ integrates over all of them. Where neither lives, *any* $D$ is optimal, and a trained network
# does what it likes there.

# %% tags=["claim:optimal-discriminator"]
cells = (torch.arange(1500) + 0.5) / 1000  # midpoints of cells that cover [0, 1.5], the union of the supports
p_cell, q_cell = ((cells < 1).double(), (cells > 0.5).double())  # the densities of U[0, 1] and U[½, 1.5]
D_cell = D_star(p_cell, q_cell)
d_grid = torch.linspace(0, 1, 2001)
xlog = lambda weight, t: torch.where(weight == 0, 0.0, weight * t.log())  # 0 · log 0 = 0
searched = (xlog(p_cell[:, None], d_grid) + xlog(q_cell[:, None], 1 - d_grid)).max(dim=1).values.sum() / 1000
convention(
    "optimal-discriminator",
    ("V with p/(p + q) on [0, 1.5]", (xlog(p_cell, D_cell) + xlog(q_cell, 1 - D_cell)).sum() / 1000),
    ("largest V by search, cell by cell", searched),
    under="the formula is used on the union of the supports; on the intersection alone, as UL restricts it, "
    "D would be "
    "undetermined on [0, ½] and [1, 1.5]",
)

# %% [markdown]
# ### A network on its way to $D^*$
#
# A small network is trained on fresh samples of two fixed distributions: data from two bumps, generated points from $N(0.5, 1.2^2)$. The number under the picture is the
# largest error where there are data: where the mixture of both has a density of at least 0.02.

# %% name="train-discriminator"
two_bumps = MixtureSameFamily(Categorical(tensor(0.5, 0.5)), Normal(tensor(-1.5, 1.2), tensor(0.5, 0.6)))
one_bump = Normal(0.5, 1.2)
line = torch.linspace(-5, 5, 201)
p_line, q_line = two_bumps.log_prob(line).exp(), one_bump.log_prob(line).exp()
D_line = D_star(p_line, q_line)
inhabited = (p_line + q_line) / 2 >= 0.02

torch.manual_seed(0)
network = mlp((1, 48, 48, 1), "silu", seed=0)
SNAPSHOTS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 400, 800, 1200]
snapshots = []
for before, after in zip([0, *SNAPSHOTS[:-1]], SNAPSHOTS, strict=True):
    def loss():
        real, fake = two_bumps.sample((1024, 1)), one_bump.sample((1024, 1))
        return softplus(-network(real)).mean() + softplus(network(fake)).mean()

    rate = 1e-2 if after <= 400 else 3e-3 if after <= 800 else 1e-3
    minimise(loss, network.parameters(), after - before, lr=rate, progress="training D")
    with torch.no_grad():
        snapshots.append(torch.sigmoid(network(line[:, None])).squeeze(1))
worst = [float((d - D_line).abs()[inhabited].max()) for d in snapshots]

# %% name="predict-network" tags=["predict"]
soon = next(step for step, error in zip(SNAPSHOTS, worst, strict=True) if error < 0.1)
predict(
    "08.network",
    "A network with two layers of 48 units, fresh batches of 2 × 1,024 points: after about how many steps "
    "is its largest "
    "error below 0.1 where there are data?",
    choices=("about 10", "about 100", "about 1,000"),
    answer=f"""Among the snapshots the first one below 0.1 is that of step {soon}; after {SNAPSHOTS[-1]:,}
    steps the error is {worst[-1]:.3f}. Outside, where neither distribution lives, no batch ever says
    anything: what the network answers there it carries on from inside.""",
)

# %% name="mlp-discriminator" tags=["picture"]
def draw_network(view, snapshot):
    index = SNAPSHOTS.index(snapshot)
    view["d"].curve("star", line, D_line, color="third", label="D*")
    view["d"].curve("mlp", line, snapshots[index], color="q", label=f"network after {snapshot} steps")
    view["d"].fill("where", line, inhabited.double() * 0.03, color="muted", label="density of at least 0.02")
    seen = np.maximum(SNAPSHOTS, 0.5)[: index + 1]
    view["error"].curve("error", seen, worst[: index + 1], color="p", label="error where there are data")
    view["error"].scatter("now", [[seen[-1], worst[index]]], color="q", size=8)
    view["error"].hline("goal", 0.1)
    view.readout("steps", snapshot)
    view.readout("largest error where there are data", worst[index], ".3f")


explore(
    draw_network,
    panels=[
        Panel("d", title="a network approaches D*", xlabel="x", ylabel="D(x)", xlim=(-5, 5), ylim=(0, 1)),
        Panel("error", title="how fast", xlabel="training steps", ylabel="error", xscale="log",
              xlim=(0.4, 1500), ylim=(0, 0.6), width=0.8),
    ],
    snapshot=Slider.of(SNAPSHOTS, label="training steps", play=True),
    alt="The optimal discriminator and a network that approaches it as training goes on, with the largest "
    "error.",
)

# %% name="mlp-within"
print(f"largest error where there are data after {SNAPSHOTS[-1]} steps, below 0.05: {worst[-1] < 0.05}")
assert worst[-1] < 0.05

# %% [markdown]
# ## 8.4 The value at the optimum is a Jensen-Shannon divergence
#
# Put $D^*$ into $V$, and compare both densities with their *midpoint* $m = \frac12(p + q)$, the density of $M = \frac12(P + Q)$. What comes out is a constant and two KL divergences,
#
# $$V(G, D^*) = c + \mathrm{KL}(P \Vert M) + \mathrm{KL}(Q \Vert M).$$
#
# ### Exercise 8.3 · Where the $-\log 4$ comes from
#
# Do the algebra on paper: which constant $c$? Then return the three terms.

# %% tags=["exercise:08.value_split"]
def value_split(p, q):
    """The three terms of V(G, D*) = c + KL(P‖M) + KL(Q‖M), in nats.

    p (data) and q (generator) are probabilities of shape (n,), some of them possibly 0, M is their midpoint.
    Returns (c, KL(P‖M), KL(Q‖M)): three numbers or 0-dimensional tensors.
    """
    # region solution
    m = (p + q) / 2
    kl = lambda a: torch.where(a > 0, a * (a.log() - m.log()), 0.0).sum()
    return -math.log(4), kl(p), kl(q)
    # endregion


value_split = check("08.value_split", value_split)

# %% [markdown]
# Now the lectures part. UL (p.9, p.28) calls the sum of the two KL "$JS$"; the slides call *half* the sum "$JSD$". Both are in use:
#
# | | definition | on disjoint supports | then $V(G, D^*)$ is |
# |---|---|---|---|
# | UL | $JS = \mathrm{KL}(P\Vert M) + \mathrm{KL}(Q\Vert M)$ | $\log 4$ | $JS - \log 4$ |
# | I21, I22, I24, this course | $JSD = \frac12[\mathrm{KL}(P\Vert M) + \mathrm{KL}(Q\Vert M)]$ | $\log 2$ | $2\,JSD - \log 4$ |
#
# ### Exercise 8.4 · The Jensen-Shannon divergence

# %% tags=["exercise:08.jensen_shannon"]
def jensen_shannon(p, q):
    """JSD(p, q) with the 1/2, in nats: p, q are probabilities of shape (n,), some of them possibly 0."""
    # region solution
    m = (p + q) / 2
    kl = lambda a: torch.where(a > 0, a * (a.log() - m.log()), 0.0).sum()
    return (kl(p) + kl(q)) / 2
    # endregion


jensen_shannon = check("08.jensen_shannon", jensen_shannon)

# %% name="predict-away" tags=["predict"]
jsd = lambda p, q: torch.as_tensor(jensen_shannon(p, q)).double().reshape(())
js_ul = lambda p, q: 2 * jsd(p, q)


def masses_on_the_grid(mean, std):
    """N(mean, std²) as probabilities of the grid's cells."""
    density = Normal(mean, std).log_prob(x).exp()
    return density / density.sum()


standard = masses_on_the_grid(0.0, 1.0)
away = {mean: 2 * float(jsd(standard, masses_on_the_grid(mean, 0.5))) for mean in (1.0, 3.0, 5.0)}
predict(
    "08.away",
    "The bars below show V + log 4, the height of the value above its minimum. As G walks away from the "
    "data, where does "
    "the first one go?",
    choices=("to log 2 = 0.69", "to log 4 = 1.39", "it grows without end"),
    answer=f"""To log 4, and soon: with a standard deviation of 0.5 it is {away[1.0]:.2f} at a mean of 1,
    {away[3.0]:.2f} at 3 and {away[5.0]:.2f} at 5. V itself goes to 0: D is always right. The odd one out is
    the fourth bar, JSD without the factor 2, which comes from mixing the lectures (UL's "JS - log 4" with the
    slides' JSD): it is too low by the factor 2.""",
)

# %% name="value-two-ways" tags=["picture"]
draws = torch.randn(2, 20_000, generator=torch.Generator().manual_seed(1))
near = (x > -6) & (x < 6)


def draw_value(view, mean, std):
    data, model = Normal(0.0, 1.0), Normal(mean, std)
    logit = lambda t: data.log_prob(t) - model.log_prob(t)  # of D*
    at_data, at_model = logit(draws[0]), logit(mean + std * draws[1])
    estimate = float(-softplus(-at_data).mean() - softplus(at_model).mean())
    twice = 2 * float(jsd(standard, masses_on_the_grid(mean, std)))
    for name, one, color, label in (("p", data, "p", "data"), ("q", model, "q", "generator")):
        density = one.log_prob(x[near][::10]).exp()
        view["densities"].fill(name, x[near][::10], density, color=color, alpha=0.35, label=label)
    names = ["V + log 4,\nsamples", "2 JSD", "JS of UL", "mixed up:\nJSD"]
    heights = [estimate + LOG4, twice, twice, twice / 2]
    view["v"].bars("v", names, heights, color=["p", "third", "third", "accent"], values=".3f")
    view.readout("V(G, D*) by samples", estimate, ".4f")
    view.readout("2 JSD − log 4 on a grid", twice - LOG4, ".4f")


explore(
    draw_value,
    panels=[
        Panel("densities", title="data N(0, 1) and the generator", xlabel="x", ylabel="density",
              xlim=(-6, 6), ylim=(0, 0.85), width=0.8),
        Panel("v", title="how far V(G, D*) is above −log 4", ylabel="nats (at most log 4 = 1.386)",
              ylim=(0, 1.6)),
    ],
    mean=Slider(-5.0, 5.0, step=0.1, value=1.0, label="mean of G"),
    std=Slider(0.5, 3.0, step=0.05, value=1.0, label="standard deviation of G"),
    presets={"equal": {"mean": 0.0, "std": 1.0}, "one apart": {"mean": 1.0, "std": 1.0},
             "nearly disjoint": {"mean": 5.0, "std": 0.5}},
    alt="Bars of the value at the optimal discriminator above its minimum, by samples and on a grid, in both "
    "conventions and mixed up.",
)

# %% [markdown]
# Which $JS$ is meant, and that it is symmetric; one side of each pair is your function, the other one does not use it.

# %% tags=["claim:js-def-no-half", "claim:jsd-def-half", "claim:js-symmetric"]
convention(
    "js-def-no-half",
    ("UL's JS on disjoint supports", js_ul(tensor(1.0, 0.0), tensor(0.0, 1.0))),
    ("2 × the course's JSD of U[0, 1] and U[2, 3]",
     2 * divergence(Uniform(0.0, 1.0), Uniform(2.0, 3.0), "jensen_shannon")),
    under="JS without the ½, bounded by log 4; this course writes JSD for the one with the ½",
)
p_a, q_a = tensor(0.5, 0.3, 0.2), tensor(0.2, 0.2, 0.6)
holds(
    "jsd-def-half",
    ("½ [KL(P‖M) + KL(Q‖M)]", jsd(p_a, q_a)),
    ("Σ q f(p/q) with the course's f", (q_a * F_DIVERGENCES["jensen_shannon"].f(p_a / q_a)).sum()),
)
holds(
    "js-symmetric",
    ("JS(P, Q)", js_ul(p_a, q_a)),
    ("JS(Q, P), library", 2 * divergence(Categorical(probs=q_a), Categorical(probs=p_a), "jensen_shannon")),
)

# %% [markdown]
# And the theorem, in the three forms of the lectures. $V(G, D^*)$ is an integral of the optimal logit; the right sides come from the library's KL and JSD.

# %% tags=["claim:cg-two-kl", "claim:v-2jsd-minus-log4", "claim:cg-minus-log4-plus-js"]
data, model = Normal(0.0, 1.0), Normal(1.5, 0.8)
midpoint = MixtureSameFamily(Categorical(tensor(0.5, 0.5)), Normal(tensor(0.0, 1.5), tensor(1.0, 0.8)))
best_logit = data.log_prob(x) - model.log_prob(x)
value = integral(data.log_prob(x).exp() * logsigmoid(best_logit))  # V(G, D*)
value += integral(model.log_prob(x).exp() * logsigmoid(-best_logit))
two_kl = divergence(data, midpoint, "kl") + divergence(model, midpoint, "kl")
holds("cg-two-kl", ("V(G, D*) by quadrature", value), ("-log 4 + KL(P‖M) + KL(Q‖M), library", -LOG4 + two_kl))
library_jsd = divergence(data, model, "jensen_shannon")
holds("v-2jsd-minus-log4", ("2 JSD - log 4, library", 2 * library_jsd - LOG4), ("V(G, D*)", value))
holds("cg-minus-log4-plus-js", ("-log 4 + JS, JS as UL defines it", -LOG4 + two_kl), ("V(G, D*)", value))
print(f"with the slides' JSD in UL's formula: -log 4 + JSD = {float(library_jsd) - LOG4:.6f}, which is not V")

# %% [markdown]
# UL p.9 says that $JS(P, P_g)$ is "always non-negative unless $P_g = P$". Read as written, it would be negative there.

# %% tags=["claim:js-nonneg-unless"]
erratum(
    "js-nonneg-unless",
    ("JS(P, P)", js_ul(p_a, p_a)), ("zero", 0.0), relation="<",
    corrected="JS is always non-negative, and positive unless P_g = P, where it is 0",
    corrected_left=("JS(P, P)", js_ul(p_a, p_a)), corrected_relation=">=",
)

# %% [markdown]
# So the smallest value is $-\log4$, at $Q = P$ and nowhere else, and there $D^* = \frac12$ wherever there are data. The first by descent from eight random generators on five atoms, the second by
# trying all $D$ on a grid.

# %% tags=["claim:gan-global-min", "claim:d-star-half"]
p_atoms = tensor(0.3, 0.1, 0.25, 0.05, 0.3)


def criterion(logits):
    """C(G) = V(G, D*) for q = softmax(logits) on five atoms, and its gradient."""
    logits = torch.tensor(logits, requires_grad=True)
    q = torch.softmax(logits, 0)
    value = (p_atoms * (p_atoms / (p_atoms + q)).log()).sum() + (q * (q / (p_atoms + q)).log()).sum()
    return value.item(), torch.autograd.grad(value, logits)[0].numpy()


starts = np.random.default_rng(0).normal(size=(8, 5)) * 2
descent = {"jac": True, "method": "BFGS", "options": {"gtol": 1e-9}}
found = [optimize.minimize(criterion, start, **descent) for start in starts]
apart = max(float((torch.softmax(torch.tensor(one.x), 0) - p_atoms).abs().max()) for one in found)
print(f"eight random starts end within 1e-5 of p: {apart < 1e-5}")
worst_minimum = max(one.fun for one in found)
holds("gan-global-min", ("largest minimum found from 8 starts", worst_minimum), ("-log 4", -LOG4))
best_d = fine[(p_atoms[:, None] * fine.log() + p_atoms[:, None] * (1 - fine).log()).argmax(dim=1)]
convention(
    "d-star-half",
    ("the D farthest from ½ among those that maximise V at q = p", best_d[(best_d - 0.5).abs().argmax()]),
    ("one half", 0.5),
    under="on the support of the data; where neither distribution lives every D is optimal",
)

# %% [markdown]
# I21 writes the generator's problem as $\max_G V(G, D^*)$. Slide $Q$ from $P$ (at $t = 0$) to a distribution on other atoms (at $t = 1$) and see which end wins.

# %% tags=["claim:fixed-d-objective-direction"]
ts = torch.linspace(0, 1, 101)
p_eight, other = torch.cat([p_atoms, torch.zeros(3)]), torch.cat([torch.zeros(5), tensor(0.2, 0.5, 0.3)])
v_of_t = torch.stack([2 * jsd(p_eight, (1 - t) * p_eight + t * other) - LOG4 for t in ts])
erratum(
    "fixed-d-objective-direction",
    ("lecture: t of the largest V(G, D*)", ts[v_of_t.argmax()]),
    ("t where the generator has the data's distribution", 0.0),
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

# %% tags=["claim:jsd-called-symmetric-kl", "claim:jsd-distance-measure"]
kl = lambda a, b: (a * (a / b).log()).sum()
erratum(
    "jsd-called-symmetric-kl",
    ("lecture: JSD(P, Q)", jsd(p_a, q_a)), ("KL(P‖Q) + KL(Q‖P)", kl(p_a, q_a) + kl(q_a, p_a)),
    corrected="the symmetric KL is Jeffreys' divergence; JSD symmetrises KL to the midpoint (P + Q)/2",
    corrected_left=("Jeffreys, Σ q f(p/q)", (q_a * F_DIVERGENCES["jeffreys"].f(p_a / q_a)).sum()),
)
one, middle, two = tensor(1.0, 0.0), tensor(0.5, 0.5), tensor(0.0, 1.0)
direct, detour = jsd(one, two), jsd(one, middle) + jsd(middle, two)
root = lambda p, q: jsd(p, q).sqrt()
erratum(
    "jsd-distance-measure",
    ("JSD(A, C) / [JSD(A, B) + JSD(B, C)]", direct / detour),
    ("largest ratio that a distance allows", 1.0), relation="<=",
    corrected="the square root of JSD is a distance (Endres and Schindelin, 2003); JSD itself is not",
    corrected_left=("the same with square roots", root(one, two) / (root(one, middle) + root(middle, two))),
)

# %% [markdown]
# What does it mean to minimise JSD when the model cannot reach the data? One Gaussian of fixed width, moved along the line, for a target with two unequal bumps.

# %% tags=["claim:gan-minimises-js"]
uneven = MixtureSameFamily(Categorical(tensor(0.65, 0.35)), Normal(tensor(-1.0, 1.5), tensor(0.6, 0.6)))
log_target = uneven.log_prob(x)


def v_at(theta):
    """V(θ, D*) for the generator N(θ, 1), from the discriminator's logit."""
    log_model = Normal(float(theta), 1.0).log_prob(x)
    logit = log_target - log_model
    return integral(-log_target.exp() * softplus(-logit) - log_model.exp() * softplus(logit))


js_at = lambda theta: float(divergence(uneven, Normal(float(theta), 1.0), "jensen_shannon"))
by_v = optimize.minimize_scalar(v_at, bounds=(-2, 2), method="bounded", options={"xatol": 1e-8}).x
by_js = optimize.minimize_scalar(js_at, bounds=(-2, 2), method="bounded", options={"xatol": 1e-7}).x
holds(
    "gan-minimises-js",
    ("θ that minimises V(θ, D*)", by_v), ("θ that minimises JSD (library)", by_js), tol=1e-5,
)

# %% [markdown]
# ## 8.5 The game itself
#
# The theorem has two conditions: $D$ is optimal at every step, and the generator moves freely in the space of distributions. We take both seriously, and then drop both.
#
# ### Descent in function space
#
# Let $q$ be *any* distribution on five atoms. With $D = D^*$ held fixed, the gradient of $V$ with respect to $q$ is $\log(1 - D^*)$. A step that keeps $q$ a distribution multiplies and
# normalises: $q \leftarrow q\, e^{-\eta \log(1 - D^*)} / Z$.
#
# ### Exercise 8.5 · One step of the generator's distribution (hard)

# %% tags=["exercise:08.functional_step"]
def functional_step(q, p, rate):
    """One multiplicative descent step of the generator q on V(q, D*), against the data p.

    q, p: positive probabilities, shape (n,). D* = p / (p + q) is computed first and then held fixed.
    `rate` is the step size. Returns the new q, shape (n,).
    """
    # region solution
    gradient = q.log() - (p + q).log()  # log(1 - D*)
    return torch.softmax(q.log() - rate * gradient, dim=0)
    # endregion


functional_step = check("08.functional_step", functional_step)

# %% name="path-of-laws"
q_start = tensor(0.05, 0.6, 0.1, 0.2, 0.05)


def run_generator(rate, rounds=60, q=q_start):
    """The generators of all rounds, shape (rounds + 1, 5)."""
    path = [q]
    for _ in range(rounds):
        q = torch.as_tensor(functional_step(q, p_atoms, rate)).double().clamp(min=1e-12)
        path.append(q)
    return torch.stack(path)


def distance(q):
    """Total variation to the data: half of Σ |q - p|, the mass that is in the wrong place."""
    return (q - p_atoms).abs().sum(-1) / 2


some_starts = torch.distributions.Dirichlet(torch.ones(5))
torch.manual_seed(0)
forty = some_starts.sample((40,))
ends_at = lambda eta, q: float(distance(run_generator(eta, 120, q)[-1]))
arrived = {eta: sum(ends_at(eta, q) < 1e-3 for q in forty) for eta in (2.0, 3.2, 3.8)}

# %% name="predict-function-space" tags=["predict"]
after_60 = {eta: float(distance(run_generator(eta)[-1])) for eta in (3.2, 3.4, 3.8)}
predict(
    "08.function_space",
    "\"The generator is guaranteed to converge\", say the slides, if D is optimal and q is free. For which "
    "step sizes η does it?",
    choices=("for every η", "only below some limit", "for none"),
    answer=f"""Only below a limit, and the limit depends on the start. Near q = p one step multiplies the
    error of log q by 1 − η/2, so beyond η = 4 nothing can settle. That is only local: from the start of this
    picture η = 3.2 arrives (total variation {after_60[3.2]:.0e} after 60 rounds), while 3.4 and 3.8 end on a
    cycle ({after_60[3.4]:.2f} and {after_60[3.8]:.2f}). Of 40 random starts {arrived[2.0]} arrive at η = 2,
    {arrived[3.2]} at 3.2 and {arrived[3.8]} at 3.8.""",
)

# %% name="function-space" tags=["picture"]
def draw_generator(view, rate, round):
    path = run_generator(rate, round)
    far = distance(path)
    atoms = [f"{i + 1}" for i in range(5)]
    view["bars"].bars("p", atoms, p_atoms, color="p", label="data p", alpha=0.45)
    now = torch.stack([torch.arange(5.0), path[-1]], 1)
    view["bars"].scatter("q", now, color="q", size=10, label="generator q")
    view["tv"].curve("tv", range(len(far)), far.clamp(min=1e-17), color="q", label="total variation to p")
    view["tv"].scatter("now", [[round, max(float(far[-1]), 1e-17)]], color="q", size=8)
    view.readout("round", round)
    view.readout("total variation", float(far[-1]), ".3g")


explore(
    draw_generator,
    panels=[
        Panel("bars", title="five atoms", xlabel="atom", ylabel="probability", ylim=(0, 1.05)),
        Panel("tv", title="distance to the data", xlabel="round", ylabel="total variation", yscale="log",
              xlim=(-1.5, 61.5), ylim=(1e-17, 3)),
    ],
    rate=Slider(0.1, 8.0, step=0.1, value=0.5, label="step size η"),
    round=Slider(0, 60, value=1, label="round", play=True),
    presets={"η = 0.5": {"rate": 0.5, "round": 60}, "η = 3.2": {"rate": 3.2, "round": 60},
             "below 4, and yet": {"rate": 3.8, "round": 60}, "η = 8": {"rate": 8.0, "round": 60}},
    alt="Five bars of the data with the generator as points, and the distance between them against the "
    "round.",
)

# %% [markdown]
# The theorem of the original paper says "sufficiently small updates"; the slides drop these words.

# %% tags=["claim:gan-convergence-guarantee"]
tv_after = lambda rate: float(distance(run_generator(rate, 400)[-1]))
erratum(
    "gan-convergence-guarantee",
    ("total variation after 400 steps, η = 6", tv_after(6.0)), ("limit that the slides promise", 0.0),
    corrected="it converges if the updates are small enough as well: η < 4 near p, and less from farther "
    "away",
    corrected_left=("total variation after 400 steps, η = 0.5", tv_after(0.5)), digits=3,
)

# %% [markdown]
# ### Two parameters
#
# Data $N(0, s^2)$, a generator $G(z) = sz + b$ that can only shift, a discriminator $D(x) = \sigma(wx)$. The game is won at $b = w = 0$. The arrows show where a
# simultaneous step would go; the orbit alternates $k$ steps of $w$ and one of $b$, exactly (expectations by quadrature, no noise), or makes both from the same point.

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


def value_of(b, w, s):
    """V at one point of the plane."""
    return -(softplus_np(-w * s * nodes) + softplus_np(w * (s * nodes + b))) @ node_weights


def play_orbit(lr_d=0.2, lr_g=0.2, k=1, gamma=0.0, s=0.1, loss="minimax", together=False, rounds=250):
    b, w, path = 2.0, 0.0, [(2.0, 0.0)]
    for _ in range(rounds):
        w_before = w
        for _ in range(k):
            w = w + lr_d * (slope_w(b, w, s) - gamma * w)
        b = b + lr_g * descent_b(b, w_before if together else w, s, loss)
        path.append((b, w))
    return np.array(path, dtype=float)


# %% name="predict-orbit" tags=["predict"]
reach = lambda **settings: np.abs(play_orbit(**settings)[-50:, 0]).max()
predict(
    "08.orbit",
    "Minimax, one step of each, narrow distributions (s = 0.1): what does the orbit do in 250 rounds?",
    choices=("it spirals in", "it stays on a circle, nearly", "it spirals out"),
    answer=f"""It circles: the generator still swings out to |b| = {reach():.2f} in the last 50 of 250 rounds,
    of 2 at the start. With s = 0 nothing at all pulls inwards ({reach(s=0.0):.2f}), and simultaneous steps
    then spiral out (after 250 rounds b and w are {np.linalg.norm(play_orbit(s=0.0, together=True)[-1]):.2f}
    from the solution). What makes it settle: the penalty γ = 0.4 ({reach(gamma=0.4):.3f}) and wide
    distributions, s = 1 ({reach(s=1.0):.0e}). The non-saturating loss pulls inwards as well, but slowly
    ({reach(loss="non_saturating"):.2f}). More steps of D help in the end ({reach(k=10):.2f} with k = 10, and
    {np.abs(play_orbit(k=10, rounds=1500)[-50:, 0]).max():.2f} after 1,500 rounds), at the price of a w that
    swings to {np.abs(play_orbit(k=10)[:, 1]).max():.1f} at first.""",
)

# %% name="orbit" tags=["picture"]
def draw_orbit(view, rounds, lr_d, lr_g, k, gamma, s, loss, together):
    path = play_orbit(lr_d, lr_g, k, gamma, s, loss, together, rounds)
    bs, ws = np.meshgrid(np.linspace(-4.6, 4.6, 13), np.linspace(-4.6, 4.6, 13))
    slopes = lr_g * descent_b(bs, ws, s, loss), k * lr_d * (slope_w(bs, ws, s) - gamma * ws)
    field = np.stack(slopes, -1).reshape(-1, 2)
    length = np.linalg.norm(field, axis=-1, keepdims=True)
    shown = 0.5 * field / (length + 0.3 * length.max())
    view["plane"].arrows("field", np.stack([bs, ws], -1).reshape(-1, 2), shown, color="muted")
    view["plane"].curve("orbit", path[:, 0], path[:, 1], color="q", width=1.4, style="solid", label="orbit")
    view["plane"].scatter("start", path[:1], color="p", size=9, label="start")
    view["plane"].scatter("end", path[-1:], color="third", size=9, label="now")
    view["time"].curve("b", range(len(path)), path[:, 0], color="q", label="b: generator's mean")
    view["time"].curve("w", range(len(path)), path[:, 1], color="p", label="w: slope of D")
    view["time"].hline("zero", 0)
    view.readout("largest |b| in the last 50 rounds", float(np.abs(path[-50:, 0]).max()), ".3f")


explore(
    draw_orbit,
    panels=[
        Panel("plane", title="the game in its plane", xlabel="b", ylabel="w", xlim=(-5, 5), ylim=(-5, 5)),
        Panel("time", title="the same against time", xlabel="round", ylabel="parameter",
              xlim=(0, 250), ylim=(-5, 5)),
    ],
    rounds=Slider(0, 250, step=5, value=10, label="rounds", play=True),
    lr_d=Slider(0.01, 1.0, step=10**0.05, value=0.2, log=True, label="learning rate of D"),
    lr_g=Slider(0.01, 1.0, step=10**0.05, value=0.2, log=True, label="learning rate of G"),
    k=Slider(1, 10, value=1, label="k, steps of D per step of G"),
    gamma=Slider(0.0, 1.0, step=0.05, value=0.0, label="R1 penalty γ"),
    s=Slider(0.0, 1.5, step=0.1, value=0.1, label="s, spread of data and generator"),
    loss=Choice({"minimax": "minimax", "non-saturating": "non_saturating"}, label="generator's loss"),
    together=Toggle(label="simultaneous steps"),
    presets={
        "as first": {"rounds": 250}, "ten steps of D": {"rounds": 250, "k": 10},
        "slow D": {"rounds": 250, "lr_d": 0.02}, "penalised": {"rounds": 250, "gamma": 0.4},
        "wide": {"rounds": 250, "s": 1.0}, "non-saturating": {"rounds": 250, "loss": "non_saturating"},
        "together": {"rounds": 250, "s": 0.0, "together": True},
    },
    alt="The vector field of a two-parameter game with an orbit, and both parameters against the round.",
)

# %% [markdown]
# Near the solution the minimax game is $V \approx -\log 4 - \frac12 bw - \frac14 s^2 w^2$. The product $bw$ is a rotation, and for minimax nothing else acts on $b$. The last term is friction for
# $w$; wide distributions bring it along (that is why noise on the inputs helps), and so does R1, the penalty $\frac\gamma2 w^2$ on the squared slope of the logit. For the bare rotation $V = bw$, one *simultaneous* step has the
# matrix $\begin{pmatrix}1 & -\eta\\ \eta & 1\end{pmatrix}$ with eigenvalues $1 \pm i\eta$: their size $\sqrt{1 + \eta^2}$ exceeds 1 at any rate, so it spirals outwards. The non-saturating loss bends $b$'s own equation: where $D$ is fooled the generator moves less than under minimax, and that pulls in.

# %% tags=["claim:gan-losses-oscillate"]
def late_range(gamma, s):
    """Largest minus smallest V in the last 300 of 1,500 rounds."""
    values = [value_of(b, w, s) for b, w in play_orbit(gamma=gamma, s=s, rounds=1500)[-300:]]
    return max(values) - min(values)


print(f"range of V in the last 300 of 1,500 rounds, s = 1, γ = 0: {late_range(0.0, 1.0):.6f}")
convention(
    "gan-losses-oscillate",
    ("range of V in the last 300 of 1,500 rounds, s = 0.1, γ = 0", late_range(0.0, 0.1)),
    ("the same with a penalty, γ = 0.4", late_range(0.4, 0.1)), relation=">",
    under="gradient steps without friction; a zero-centred penalty, or noise on the inputs, makes the same "
    "game settle",
    digits=3,
)

# %% tags=["claim:gan-parametric-nonoptimal"]
path = play_orbit(s=1.0)
# For N(0, 1) against N(b, 1) the optimal logit is b²/2 - bx; the one that plays always says D(0) = 1/2.
off = np.abs(0.5 - sigmoid_np(path[:, 0] ** 2 / 2))
holds(
    "gan-parametric-nonoptimal",
    ("largest |D(0) - D*(0)| during the game, s = 1", off.max()),
    ("an optimal discriminator at every step", 0.0), relation=">",
)

# %% [markdown]
# ## 8.6 Saturation
#
# At a logit $a$ the generator's two losses have the slopes
#
# $$\frac{d}{da}\log(1 - \sigma(a)) = -\sigma(a), \qquad \frac{d}{da}\bigl(-\log\sigma(a)\bigr) = -(1 - \sigma(a)).$$
#
# A discriminator that rejects a sample gives it a very negative $a$.

# %% name="predict-saturation" tags=["predict"]
sigma_8 = 1 / (1 + math.exp(8))
predict(
    "08.saturation",
    "D rejects a sample with a logit of −8. Which of the two losses still pulls it?",
    choices=("log(1 − D)", "−log D", "both alike"),
    answer=f"""−log D, with a slope of size {1 - sigma_8:.5f}; that of log(1 − D) is {sigma_8:.5f}, a factor
    of e⁸ = {math.exp(8):,.0f} less. At +8, where D is fooled, it is the other way round: −log D has
    stopped.""",
)

# %% name="saturation" tags=["picture"]
def draw_saturation(view, a):
    logits = torch.linspace(-max(abs(a), 0.05), max(abs(a), 0.05), 201)
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


explore(
    draw_saturation,
    panels=[
        Panel("loss", title="the generator's losses", xlabel="logit a of D(G(z))", ylabel="nats",
              xlim=(-10, 10), ylim=(-10, 10)),
        Panel("slope", title="size of their slopes", xlabel="logit a of D(G(z))", ylabel="|slope|",
              xlim=(-10, 10), ylim=(-0.03, 1.05)),
    ],
    a=Slider(-10.0, 10.0, step=0.1, value=0.0, label="logit a"),
    presets={"undecided": {"a": 0.0}, "rejected": {"a": -8.0}, "fooled": {"a": 8.0}},
    alt="Both losses of the generator and the size of their slopes against the discriminator's logit.",
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

    def loss():
        return softplus(-judge(torch.randn(256, 1))).mean() + softplus(judge(torch.randn(256, 1) - 8)).mean()

    for before, after in zip([0, *AT[:-1]], AT, strict=True):
        minimise(loss, judge.parameters(), after - before, lr=5e-3, progress="training D")
        noise = torch.randn(200 * 32, 1, generator=torch.Generator().manual_seed(after))
        fake = (noise - 8).requires_grad_(True)
        logits = judge(fake)
        (logit_slope,) = torch.autograd.grad(logits.sum(), fake)
        for name, weight in (("minimax", torch.sigmoid(logits)), ("non-saturating", torch.sigmoid(-logits))):
            per_batch = (-weight * logit_slope).detach().reshape(200, 32).mean(dim=1)  # d loss / d mean
            rows[name].append((float(per_batch.abs().mean()), float(per_batch.std())))
    return {name: np.array(one) for name, one in rows.items()}


watched = {activation: watch_gradients(activation) for activation in ("tanh", "silu")}

# %% name="predict-far" tags=["predict"]
silu, tanh = watched["silu"], watched["tanh"]
lowest = int(silu["minimax"][:, 0].argmin())
predict(
    "08.far",
    "D is trained for 400 steps against this far generator. What has become of the two gradients by then?",
    choices=("both have vanished", "minimax has, the other one has grown", "both have grown"),
    answer=f"""Minimax has vanished: on the SiLU network its mean size falls from {silu["minimax"][0, 0]:.1e}
    to {silu["minimax"][lowest, 0]:.0e} at step {AT[lowest]}. It does not stay there
    ({silu["minimax"][-1, 0]:.1e} at step {AT[-1]}): what is left comes from the few samples that D misjudges,
    so its standard deviation is {silu["minimax"][-1, 1] / silu["minimax"][-1, 0]:.0f} times its mean. The
    non-saturating gradient grows from {silu["non-saturating"][0, 0]:.1e} to
    {silu["non-saturating"][:, 0].max():.1f} and its standard deviation from
    {silu["non-saturating"][0, 1]:.1e} to {silu["non-saturating"][:, 1].max():.2f}. On the tanh network it
    peaks at {tanh["non-saturating"][:, 0].max():.2f} and falls to {tanh["non-saturating"][-1, 0]:.2f}:
    saturated units make D flat around the samples.""",
)

# %% name="far-away" tags=["picture"]
def draw_far(view, trained):
    seen = AT.index(trained) + 1
    for activation, rows in watched.items():
        for name, color in (("minimax", "p"), ("non-saturating", "q")):
            sizes, spreads = rows[name][:seen].T
            view[activation].curve(name, AT[:seen], sizes, color=color, style="solid", label=name)
            view[activation].curve(name + " spread", AT[:seen], spreads, color=color, style="dotted")
            view[activation].scatter(name + " now", [[trained, sizes[-1]]], color=color, size=7)
            view.readout(f"{name}, {activation}", sizes[-1], ".1e")


explore(
    draw_far,
    panels=[
        Panel(activation, title=f"D with {shown} units", xlabel="training steps of D",
              ylabel="|d loss / d mean of G|", yscale="log", xlim=(-15, 815), ylim=(1e-7, 20))
        for activation, shown in (("tanh", "tanh"), ("silu", "SiLU"))
    ],
    trained=Slider.of(AT, label="training steps of D", play=True),
    alt="Size and spread of the generator's gradient for both losses, while two discriminators are trained "
    "against a "
    "fixed generator.",
)

# %% tags=["claim:saturation", "claim:nonsaturating-stronger"]
hundred = AT.index(100)
convention(
    "saturation",
    ("minimax gradient at the far generator, D trained for 100 steps", silu["minimax"][hundred, 0]),
    ("a hundredth of what it was before D was trained", silu["minimax"][0, 0] / 100), relation="<",
    under="D has learned to reject the samples; before its first steps nothing is saturated", digits=2,
)
convention(
    "nonsaturating-stronger",
    ("non-saturating gradient, D trained for 100 steps", silu["non-saturating"][hundred, 0]),
    ("1,000 × the minimax gradient then", 1000 * silu["minimax"][hundred, 0]), relation=">",
    under="where D rejects the samples, a < 0; where it is fooled, a > 0, the minimax gradient is the "
    "larger one",
    digits=2,
)

# %% [markdown]
# (The direction of the non-saturating gradient belongs to another objective: at $D = D^*$ it descends $\mathrm{KL}(Q \Vert P) - 2\,JSD$; Arjovsky and Bottou, 2017.)
#
# Does it *solve* vanishing gradients, as I24 writes? It removes one factor, the slope of the loss. The other factor is the slope of the logit in $x$. Where a
# saturated network is flat, or where the best $D$ for disjoint supports is constant around each of them, nothing is left to follow, for either loss.

# %% tags=["claim:nonsat-solves-vanishing"]
far = Normal(-4.0, 1.0)
logit_star = Normal(0.0, 1.0).log_prob(x) - far.log_prob(x)  # of D*, slope -4 everywhere
gradient_of = lambda weight: integral(far.log_prob(x).exp() * weight * 4.0)
flat = torch.sigmoid(60 * (x + 2)) * 12 - 6  # as sure as D*, but a step: flat at the samples
flat_slope = torch.gradient(flat, spacing=(x,))[0]
left = (x < -2.5) * far.log_prob(x).exp()
stuck = integral(left * torch.sigmoid(-flat) * flat_slope)
print(f"a step-shaped D, samples left of -2.5 ({integral(left):.0%}): non-saturating gradient {stuck:.0e}")
convention(
    "nonsat-solves-vanishing",
    ("generator's gradient at D*, non-saturating", gradient_of(torch.sigmoid(-logit_star))),
    ("generator's gradient at D*, minimax", gradient_of(torch.sigmoid(logit_star))), relation=">",
    under="the logit still has a slope where the samples are; where D is flat, both gradients vanish",
)

# %% [markdown]
# ### Exercise 8.6 · The discriminator's loss from logits
#
# The network returns logits of shape `(m, 1)`, possibly very large: the loss and its gradient must stay finite and exact at $\pm 1000$.

# %% tags=["exercise:08.discriminator_loss"]
def discriminator_loss(real_scores, fake_scores):
    """-V(G, D) from logits, to be minimised: real_scores (m, 1), fake_scores (n, 1).

    Returns a 0-dimensional tensor.
    """
    # region solution
    return softplus(-real_scores).mean() + softplus(fake_scores).mean()
    # endregion


discriminator_loss = check("08.discriminator_loss", discriminator_loss)

# %% [markdown]
# ### Exercise 8.7 · The non-saturating loss from logits

# %% tags=["exercise:08.generator_loss"]
def generator_loss(fake_scores):
    """-E log D(G(z)) from logits (n, 1), to be minimised, without the 1/2 of UL p.6.

    Returns a 0-dimensional tensor.
    """
    # region solution
    return softplus(-fake_scores).mean()
    # endregion


generator_loss = check("08.generator_loss", generator_loss)

# %% [markdown]
# ## 8.7 SGD for GANs, by your own hand
#
# The algorithm of UL p.7: for $k$ steps, draw minibatches and let $\theta_d$ climb; then draw noise and let $\theta_g$ descend. Write the two steps. `loss`
# is a pair of losses on scores (logits), *both to be minimised*: `loss.ratio_loss(real_scores, fake_scores)` for $D$ and `loss.generative_loss(fake_scores)` for $G$.
# The two steps alternate, so each finds the gradients that the other one left behind.
#
# ### Exercise 8.8 · One step of the discriminator

# %% tags=["exercise:08.discriminator_step"]
def discriminator_step(generator, discriminator, optimizer, real, noise, loss):
    """One step of `optimizer`, which holds the discriminator's parameters.

    The generator must not notice anything. real: (m, d), noise: (n, noise_size).
    Returns the loss before the step, without a graph.
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
# ### Exercise 8.9 · One step of the generator

# %% tags=["exercise:08.generator_step"]
def generator_step(generator, discriminator, optimizer, noise, loss):
    """One step of `optimizer`, which holds the generator's parameters.

    The discriminator's parameters stay as they are, and trainable. noise: (n, noise_size).
    Returns the loss before the step, without a graph.
    """
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
        view.readout(f"k = {k}: mean of b, last 200 rounds", path[-200:, 1].mean(), ".2f")
        view.readout(f"k = {k}: its standard deviation", path[-200:, 1].std(), ".2f")
    view["plane"].scatter("goal", [[3.0, 1.0]], color="third", size=11, label="the answer")
    view["b"].hline("goal", 3.0)


explore(
    draw_affine,
    panels=[
        Panel("plane", title="the generator's parameters", xlabel="b", ylabel="a",
              xlim=(-0.2, 4.4), ylim=(0, 2.5)),
        Panel("b", title="the generator's mean", xlabel="round", ylabel="b", xlim=(0, 800), ylim=(0, 4.4)),
    ],
    alt="Paths of the generator's two parameters for one and for five discriminator steps per round, and "
    "its mean "
    "against the round.",
)

# %% tags=["claim:sgd-gan-algorithm"]
settled = affine_paths[5][-200:]
print(f"mean of a over the last 200 rounds within 0.05 of 1: {abs(settled[:, 0].mean() - 1) < 0.05}")
holds(
    "sgd-gan-algorithm",
    ("b, averaged over the last 200 of 800 rounds, k = 5", settled[:, 1].mean()), ("mean of the data", 3.0),
    tol=0.02, digits=2,
)

# %% [markdown]
# With one step of $D$ per round the generator's mean keeps swinging about the answer, with five it comes to rest; the standard deviations under the picture say so.
#
# One step of each player with SGD at a rate of 0.3, seen from outside: the discriminator's step raises $V$, the generator's step raises $D(G(z))$.

# %% tags=["claim:disc-step-ascent"]
G, D = Affine(), Quadratic()
real, noise = 3 + torch.randn(2000, 1, generator=random), torch.randn(2000, 1, generator=random)
pair = AdversarialLoss("minimax", discriminator_loss, lambda fake_scores: -softplus(fake_scores).mean())
v_now = lambda: float(game_value(D(real), D(G(noise))).detach())
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
# Eight Gaussians on a ring of radius 2, each with a standard deviation of 0.05. A mode counts as *covered* when it gets at least a tenth of its fair share of $\frac18$, from samples within three standard deviations
# of its centre. $G$ and $D$ are networks with two hidden layers of 64 units, trained by your two steps with Adam (`ring_game` in this lesson's `runs.py`). Three predictions first.

# %% name="ring-data"
CENTRES, STD = RING.centres, RING.scale
runs = stored()  # games of the same networks, played beforehand with three seeds each
game = ring_game(0, update_d=discriminator_step, update_g=generator_step)
real_points = game.data.cpu()
data_shares, ring_data = cell_shares(real_points), real_points[:2000]


def value_now(game):
    """V of the present D and G on 2,000 points each: a number without the noise of a minibatch."""
    return float(game_value(game.scores(ring_data), game.scores(game.samples(2000))))


def best_now(game):
    """2 JSD - log 4 between data and samples on a grid of cells: about V of the optimal D."""
    return 2 * float(jsd(data_shares, cell_shares(game.samples(4096)))) - LOG4


# %% name="predict-rescue" tags=["predict"]
before = runs["rescued/covered"][:, 3].astype(int).tolist()
first_full = [int(np.argmax(row[4:] == 8)) * 500 + 500 for row in runs["rescued/covered"]]
predict(
    "08.rescue",
    f"Three plain games have played 2,000 steps and cover {before[0]}, {before[1]} and {before[2]} of the 8 "
    "modes. The zero-centred penalties R1 + R2 are switched on without a reset. What happens in the next "
    "2,000 steps?",
    choices=("they lose modes", "nothing much", "each covers all 8"),
    answer=f"""All 8, in three of three, for the first time after {min(first_full):,} to {max(first_full):,}
    steps. And V? At the end the minibatches' V was {runs["rescued/value"][0, -1]:.2f} (seed 0), where an
    optimal D would have {runs["rescued/best"][0, -1]:.2f}: the penalty keeps D flat, far below its optimum,
    close to D = 1/2 and V = -log 4 = -1.39. A good discriminator is not what leads the generator here; one
    that gives calm directions does.""",
)

# %% name="predict-one-player" tags=["predict"]
trial = ring_game(0, update_d=discriminator_step, update_g=generator_step)
fit(trial, 300, progress="300 rounds")
one_player = [value_now(trial)]
for step in (trial.discriminator_step, trial.generator_step):
    for _ in range(10):
        step()
    one_player.append(value_now(trial))
predict(
    "08.one_player",
    "After 300 rounds the game is paused. Ten steps of D alone, then ten of G alone: what does V do?",
    choices=("it rises, then falls", "it falls, then rises", "it stays where it is"),
    answer=f"""It rises and falls: from {one_player[0]:.2f} to {one_player[1]:.2f} by ten steps of D, and to
    {one_player[2]:.2f} by ten of G. D climbs V, G goes down (by −log D here, which has the same direction at
    each sample). Ten steps of G against a D that stands still overshoot: V falls further than D had raised
    it, below -log 4 = -1.39, which no optimal D allows.""",
)

# %% name="predict-minimax" tags=["predict"]
predict(
    "08.minimax_five",
    "Minimax with 5 steps of D per step of G, from the start. Does the generator's gradient vanish?",
    choices=("yes, and nothing is learned", "yes, but only at first", "no"),
    answer=f"""No. In the three stored games its norm is {runs["minimax/norm"].min():.1f} to
    {runs["minimax/norm"].max():.1f} (medians of 100 steps), and {int(runs["minimax/covered"][:, -1].min())}
    of 8 modes are covered after 1,000 steps. Saturation needs samples that D rejects with certainty. Here the
    generator's samples soon overlap the data, and a D that is nearly optimal (V =
    {runs["minimax/value"][0, -1]:.2f} against {runs["minimax/best"][0, -1]:.2f} on the grid, seed 0) is what
    the theorem asks for.""",
)

# %% [markdown]
# Press **Play**, and steer while it trains. In the left panel red is where $D$ says "real". In the middle, $V$ of the minibatches and of 2,000 fixed points (the dot), the floor $-\log 4$, and
# $2\,JSD - \log 4$ on a grid of cells: where $V$ lies *below* the green curve, $D$ is not optimal. Every button that names settings moves *all* controls. Try:
#
# 1. *Plain* for 2,000 steps; watch modes appear and vanish. Then *R1 + R2* without a reset (the first prediction).
# 2. *Reset*, 300 steps of *Plain*, *Pause*. *One D step* ten times, *One G step* ten times; watch the dot and "V now" (the second prediction).
# 3. *Reset*, *Minimax, 5 D steps*, 1,000 steps; watch the gradient norm (the third prediction).
# 4. The loss *yours* uses what you wrote in 8.6 and 8.7; both steps are yours in any case. After a reset it plays the same game as *non-saturating*, to rounding.

# %% name="ring-game"
yours = AdversarialLoss("yours", discriminator_loss, generator_loss)

# %% name="ring-live" tags=["picture"]
side = torch.linspace(-3, 3, 41, dtype=torch.float32)
plane = torch.cartesian_prod(side, side)
on_grid = {}  # step to 2 JSD - log 4


def draw_ring(view, game):
    samples, trust = game.samples(2048), torch.sigmoid(game.scores(plane)).reshape(41, 41).T
    view["plane"].heatmap("d", trust, (-3, 3, -3, 3), cmap="RdBu_r", limits=(0, 1), alpha=0.6)
    view["plane"].scatter("data", ring_data[:500], color="ink", size=2.5, label="data")
    view["plane"].scatter("model", samples[:500], color="third", size=3.5, label="samples")
    if on_grid and game.steps < max(on_grid):  # after a reset
        on_grid.clear()
    on_grid[game.steps] = best_now(game)
    end = max(500, game.steps)
    view["value"].curve("floor", [0, end], [-LOG4, -LOG4], color="muted", width=1.6, label="−log 4")
    if game.steps:
        thin = max(1, game.steps // 200)
        steps = np.arange(1, game.steps + 1)[::thin]
        values, norms = (game.history.numpy(name)[::thin] for name in ("value", "gradient_norm"))
        view["value"].curve("v", steps, values, color="q", style="solid", width=1.0, label="V")
        view["norm"].curve("norm", steps, norms.clip(1e-4), color="p", style="solid", width=1.0)
    best = list(on_grid.values())
    view["value"].curve("grid", list(on_grid), best, color="third", style="solid", label="2 JSD − log 4")
    now = value_now(game)
    view["value"].scatter("now", [[game.steps, now]], color="accent", size=9, label="V now")
    view["norm"].curve("frame", [0, end], [1.0, 1.0], width=0)  # as long an axis as the middle panel's
    report = count_modes(samples, CENTRES, STD)
    view.readout("V now (2,000 points)", now, ".3f")
    view.readout("2 JSD − log 4", on_grid[game.steps], ".3f")
    view.readout("modes covered", report.covered)
    view.readout("share of samples on a mode", report.on_a_mode, ".3f")
    view.readout("smallest mass (even: 0.125)", report.smallest_mass, ".3f")


live = LiveTraining(
    game,
    draw_ring,
    panels=[
        Panel("plane", title="D, data, samples", xlabel="x₁", ylabel="x₂", xlim=(-3, 3), ylim=(-3, 3),
              aspect="equal", width=1.1),
        Panel("value", title="the value", xlabel="round", ylabel="nats", ylim=(-2.0, 0.1)),
        Panel("norm", title="generator's gradient", xlabel="round", ylabel="norm",
              yscale="log", ylim=(1e-3, 30)),
    ],
    size=(10, 4.2),
    alt="Samples of a GAN on a ring of eight Gaussians over the discriminator as a heatmap, the value of "
    "the game, and "
    "the generator's gradient norm.",
    actions={"One D step": game.discriminator_step, "One G step": game.generator_step},
    presets={"Plain": {"penalty": 0.0}, "R1 + R2": {"penalty": 0.1},
             "Minimax, 5 D steps": {"loss": "minimax", "d_steps": 5}},
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
# A loss that does not end is stopped after ten seconds (or by *Pause*, once a step has lasted two), one that is no number any more stops the training, and the card under the picture says which function it was.
#
# ### The same game, three seeds, 8,000 steps
#
# What you just saw depends on the seed. These games were played beforehand with the same networks (`runs.py` in this lesson's folder, three minutes), without and with the
# zero-centred penalties R1 + R2 at $\gamma = 0.1$.

# %% name="predict-seeds" tags=["predict"]
covered = {name: runs[f"{name}/covered"][:, -1].astype(int).tolist() for name in ("plain", "penalised")}
predict(
    "08.seeds",
    "Three seeds of the plain game, 8,000 steps each: how many of them cover all eight modes at the end?",
    choices=("none", "one", "two", "all three"),
    answer=f"""One. The plain games end with {covered["plain"][0]}, {covered["plain"][1]} and
    {covered["plain"][2]} modes, after having covered up to {int(runs["plain/covered"][0].max())},
    {int(runs["plain/covered"][1].max())} and {int(runs["plain/covered"][2].max())} on the way; the penalised
    ones end with {covered["penalised"][0]}, {covered["penalised"][1]} and {covered["penalised"][2]}. Three
    seeds are few, but enough to distrust any single run.""",
)

# %% name="ring-runs-picture" tags=["picture"]
def draw_runs(view, seed, steps):
    last = int(np.argmin(np.abs(runs["steps"] - steps)))
    for panel, name in (("plain", "plain"), ("penalised", "penalised")):
        if last == len(runs["steps"]) - 1:  # samples were stored after the last step
            samples = runs[f"{name}/samples"][seed].astype(float)
            view[panel].scatter("model", samples, color="q", size=3.5, label="samples")
        else:
            view[panel].text("later", 0.5, 0.07, "samples at 8,000 steps", align="center", where="panel")
        view[panel].scatter("centres", CENTRES, color="p", size=6, label="modes")
        covered = runs[f"{name}/covered"][seed][: last + 1]
        color = "q" if name == "plain" else "p"
        view["covered"].curve(name, runs["steps"][: last + 1], covered, color=color, label=name)
        view["covered"].scatter(f"{name} now", [[steps, covered[-1]]], color=color, size=8)
        view.readout(f"{name}: modes covered", int(covered[-1]))
        view.readout(f"{name}: smallest mass", float(runs[f"{name}/smallest_mass"][seed, last]), ".4f")


explore(
    draw_runs,
    panels=[
        Panel("plain", title="plain, at the end", xlabel="x₁", ylabel="x₂",
              xlim=(-3, 3), ylim=(-3, 3), aspect="equal"),
        Panel("penalised", title="R1 + R2, at the end", xlabel="x₁", ylabel="x₂",
              xlim=(-3, 3), ylim=(-3, 3), aspect="equal"),
        Panel("covered", title="modes covered", xlabel="step", ylabel="modes",
              xlim=(0, 8200), ylim=(-0.3, 8.5)),
    ],
    seed=Choice({"seed 0": 0, "seed 1": 1, "seed 2": 2}, label="seed"),
    steps=Slider.of(runs["steps"].tolist(), label="steps", play=True),
    presets={f"seed {seed}, the end": {"seed": seed, "steps": 8000} for seed in range(3)},
    alt="Samples of the plain and of the penalised game after 8,000 steps, and the modes covered against "
    "the step.",
)

# %% name="ring-runs"
print("After 8,000 steps:")
print(f"{'game':>12} {'seed':>5} {'covered':>8} {'on a mode':>10} {'smallest mass':>14}")
for name in ("plain", "penalised"):
    for seed in range(3):
        keys = ("covered", "on_a_mode", "smallest_mass")
        count, on_a_mode, smallest = (runs[f"{name}/{key}"][seed, -1] for key in keys)
        print(f"{name:>12} {seed:>5} {int(count):>6}/8 {on_a_mode:>10.3f} {smallest:>14.4f}")

# %% tags=["claim:mode-collapse-def"]
holds(
    "mode-collapse-def",
    ("modes covered by the plain game, worst of 3 seeds", int(runs["plain/covered"][:, -1].min())),
    ("modes of the data", 8), relation="<",
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
cell = float(half[1] - half[0])
KINDS = ("KL(p‖q)", "KL(q‖p)", "JSD")


def bumps(d, weight=0.5):
    return MixtureSameFamily(Categorical(tensor(weight, 1 - weight)), Normal(tensor(-d, d), tensor(0.7, 0.7)))


def divergences_to(log_p, means, log_stds):
    """The three divergences of one target from many Gaussians: by name, of shape (len(means),)."""
    log_q = Normal(means[:, None], log_stds.exp()[:, None]).log_prob(half)
    p, q, log_m = log_p.exp(), log_q.exp(), torch.logaddexp(log_p, log_q) - math.log(2)
    kl_pq, kl_qp = (p * (log_p - log_q)).sum(1), (q * (log_q - log_p)).sum(1)
    js = ((p * (log_p - log_m)).sum(1) + (q * (log_q - log_m)).sum(1)) / 2
    return dict(zip(KINDS, (kl_pq, kl_qp, js), strict=True))


coarse = torch.cartesian_prod(torch.linspace(-5, 5, 41), torch.linspace(math.log(0.4), math.log(6.0), 28)).T
around = torch.cartesian_prod(torch.linspace(-1, 1, 7), torch.linspace(-1, 1, 7)).T


def best_members(d):
    """For each divergence the mean and the standard deviation of the best single Gaussian, to 0.01."""
    log_p, found = bumps(d).log_prob(half), {}
    for kind, values in divergences_to(log_p, *coarse).items():
        here, reach = coarse[:, values.argmin()], tensor(0.25, 0.1)
        for _ in range(3):  # a finer grid around the best, three times
            near_here = here[:, None] + reach[:, None] * around
            here, reach = near_here[:, divergences_to(log_p, *near_here)[kind].argmin()], reach / 3
        found[kind] = (float(here[0]), float(here[1].exp()))
    return found


distances = [d / 10 for d in range(10, 46)]
centred = {d: {kind: abs(mean) < 0.5 for kind, (mean, _) in best_members(d).items()} for d in distances}
gives_up = {kind: next((d for d in distances if not centred[d][kind]), math.inf) for kind in KINDS}

# %% name="predict-fault" tags=["predict"]
predict(
    "08.fault",
    "One Gaussian, two bumps of standard deviation 0.7 at −d and d. From which d on does the JSD's best "
    "Gaussian sit on one "
    "bump and give up the other?",
    choices=("about 1", "about 2", "about 3", "never"),
    answer=f"""From d = {gives_up["JSD"]:.1f} on, {gives_up["JSD"] / 0.7:.1f} standard deviations; KL(q‖p)
    does it from d = {gives_up["KL(q‖p)"]:.1f} on, KL(p‖q) never. And only because one Gaussian cannot do
    better: in the right panel, where the model can have both bumps, JSD is smallest at w = 1/2 for every d,
    and leaving one of them out, w = 0 or w = 1, is its worst choice.""",
)

# %% name="whose-fault" tags=["picture"]
def draw_fault(view, d):
    log_p = bumps(d).log_prob(half)
    view["one"].fill("p", half, log_p.exp(), color="p", alpha=0.3, label="target")
    for (name, (mu, sd)), color in zip(best_members(d).items(), ("third", "fourth", "q"), strict=True):
        density = Normal(mu, sd).log_prob(half).exp()
        view["one"].curve(name, half, density, color=color, label=f"best for {name}")
        view.readout(f"{name}: |mean|, std", f"{abs(mu):.2f}, {sd:.2f}")
    weights = torch.linspace(0, 1, 101)
    left, right = (Normal(mean, 0.7).log_prob(half).exp() for mean in (-d, d))
    q = (weights[:, None] * left + (1 - weights[:, None]) * right).clamp(min=1e-300)
    p = log_p.exp().clamp(min=1e-300)
    m = (p + q) / 2
    js = cell * ((p * (p / m).log()).sum(1) + (q * (q / m).log()).sum(1)) / 2
    view["two"].curve("js", weights, js, color="q", label="JSD")
    kl = cell * (p * (p / q).log()).sum(1)
    view["two"].curve("kl", weights[1:-1], kl[1:-1], color="third", label="KL(p‖q)")
    view["two"].vline("best", float(weights[js.argmin()]), label="best for JSD")
    view.readout("weight that JSD prefers", float(weights[js.argmin()]), ".2f")


explore(
    draw_fault,
    panels=[
        Panel("one", title="one Gaussian for two bumps", xlabel="x", ylabel="density",
              xlim=(-8, 8), ylim=(0, 0.6)),
        Panel("two", title="two bumps, two weights", xlabel="weight w of the left bump", ylabel="nats",
              xlim=(0, 1), ylim=(0, 0.75), width=0.8),
    ],
    d=Slider(0.3, 4.5, step=0.1, value=1.0, label="half distance d"),
    presets={"close": {"d": 1.0}, "JSD covers": {"d": 2.9}, "JSD picks": {"d": 3.1}, "far": {"d": 4.0}},
    alt="The best single Gaussian for three divergences, and the JSD against the weight of one of two bumps.",
)

# %% [markdown]
# Give JSD a family that can have both bumps, and it wants them in their right proportion, exactly like KL. The ring's network *is* such a family: the penalised game shows that it can have all eight. The collapse comes from the game: from $D$ not being optimal, from
# alternating steps, from a generator that moves all its samples at once.

# %% tags=["claim:mode-collapse-cause"]
js_of_weight = lambda w: float(divergence(bumps(3.0), bumps(3.0, w), "jensen_shannon"))
search = {"method": "bounded", "options": {"xatol": 1e-6}}
found = optimize.minimize_scalar(js_of_weight, bounds=(0.001, 0.999), **search)
rarer = min(found.x, 1 - found.x)
erratum(
    "mode-collapse-cause",
    ("mass of the rarer mode where JSD is smallest", rarer),
    ("mass below which a mode counts as lost", 0.05), relation="<",
    corrected="JSD's own minimiser keeps every mode that its family can make; collapse comes from the "
    "dynamics of the "
    "game, and R1 + R2 prevents it with the same JSD",
    corrected_left=("mass of the rarer mode where JSD is smallest", rarer), corrected_relation=">", digits=3,
)

# %% [markdown]
# ## 8.9 An open experiment
#
# Take `ring_game(0)`, which collapsed in the table. Find the *smallest* change that makes it cover all eight modes within 4,000 steps: a penalty, noise that you lower by hand, more steps of
# $D$, another ratio of the learning rates, a larger batch, a loss of your own (`loss=AdversarialLoss("mine", my_d_loss, my_g_loss)`). Write down the reason that you expect to be the right one *before* you try it, and use three seeds before you believe it.

# %% name="open-experiment"
experiment = ring_game(0, r1=0.1, r2=0.1)
fit(experiment, 400, progress="your experiment")
report = count_modes(experiment.samples(4096), CENTRES, STD)
print(f"after {experiment.steps} steps: at least 4 modes covered: {report.covered >= 4}")

# %% [markdown]
# ## 8.10 UL's lines on $\log n$
#
# What section 8.1 left aside. On UL p.3-4 the entropy of $\hat P_n$ is $\log n$, "KL" plus entropy is the cross-entropy, and maximum likelihood is the same problem as a minimal KL. All of this is right
# as soon as one says what the model is: the conditional $P(y\mid x)$, as printed, or the joint $\frac1n P(y\mid x)$, for which the words KL and cross-entropy are meant.

# %% tags=["claim:empirical-entropy-log-n", "claim:logistic-kl-entropy-identity", "claim:logistic-cross-entropy"]
convention(
    "empirical-entropy-log-n",
    ("log n", math.log(n)),
    ("entropy of the empirical distribution", Categorical(probs=empirical.flatten()).entropy()),
    under="the n points are distinct; two equal points would share one atom of mass 2/n, with less entropy",
)
printed_kl = ((1 / n) * ((1 / n) / chosen).log()).sum()
convention(
    "logistic-kl-entropy-identity",
    ('"KL" of UL p.4 plus H', printed_kl + math.log(n)),
    ("-(1/n) Σ log P(y_i|x_i)", cross_entropy),
    under="KL means the printed sum, with P(y|x) where a joint mass should stand; with the true KL the log "
    "n is left over",
)
convention(
    "logistic-cross-entropy",
    ("-(1/n) Σ y log σ - (1/n) Σ (1-y) log(1-σ)",
     -(labels * success.log() + (1 - labels) * (1 - success).log()).mean()),
    ("-Σ p̂ log(joint model) - log n", -(empirical * joint_model.log()).sum() - math.log(n)),
    under="the cross-entropy of y given x; that of the pairs (x, y) and the joint model is larger by log n",
)

# %% tags=["claim:mle-minimises-empirical-kl", "claim:logistic-separates-labels"]
def printed_kl_at(b):
    s = 1 / (1 + np.exp(-(b[0] + b[1] * points.numpy())))
    return float(np.sum(np.log((1 / n) / np.where(labels.numpy() == 1, s, 1 - s))) / n)


simplex_search = {"xatol": 1e-9, "fatol": 1e-14, "maxiter": 2000}
by_kl = optimize.minimize(printed_kl_at, [0.0, 0.0], method="Nelder-Mead", options=simplex_search).x
holds(
    "mle-minimises-empirical-kl",
    ("slope that maximises the likelihood (Newton)", best_beta),
    ("slope that minimises the KL of UL p.4 (Nelder-Mead)", by_kl[1]),
)
fitted = torch.sigmoid(best_beta0 + best_beta * points)
convention(
    "logistic-separates-labels",
    ("mean fitted σ on label 1", fitted[labels == 1].mean()),
    ("mean fitted σ on label 0", fitted[labels == 0].mean()),
    relation=">",
    under="as far as the classes can be told apart: where they overlap σ goes to the share of label 1, not "
    "to 1 or 0",
)

# %% [markdown]
# ## What to remember
#
# - The discriminator's cost is twice the balanced cross-entropy; $V$ is its negative. Watch signs and factors: UL's $J^{(d)}$ is the sample version of $-V$.
# - $D^* = p/(p + q)$ wherever either distribution lives; elsewhere nothing is determined.
# - $V(G, D^*) = 2\,JSD - \log 4 = JS_{UL} - \log 4$. Say which JS you mean. $JSD$ is bounded by $\log 2$ and is no metric; $\sqrt{JSD}$ is.
# - "Guaranteed to converge" needs an optimal $D$, a free $q$ *and* small steps. The game in parameters rotates; friction (R1, R2, noise) makes it settle.
# - The non-saturating loss removes the factor $\sigma(a)$, not the factor $\nabla_x a$.
# - Mode collapse belongs to the game and not to the divergence: the same JSD covered all modes with a zero-centred penalty.
#
# ## References
#
# - Goodfellow et al., *Generative adversarial nets*, 2014, arXiv:1406.2661: the game, the theorem ("sufficiently small updates"), the algorithm.
# - Arjovsky and Bottou, *Towards principled methods for training GANs*, 2017, arXiv:1701.04862: saturation, the non-saturating gradient at $D^*$.
# - Mescheder, Geiger and Nowozin, *Which training methods for GANs do actually converge?*, 2018, arXiv:1801.04406: the rotating game, R1 and R2.
# - Endres and Schindelin, *A new metric for probability distributions*, 2003: the square root of JSD.
#
# **Next:** [09 · Training tricks](09_gan_training_tricks.ipynb): what each of them is for, measured.
