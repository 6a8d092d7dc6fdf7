# %% [markdown]
# # 13 · Learning in implicit models: ratios, differences, moments, codes
#
# *Two hours, and half an hour for the hard exercise. Follows U17 from "Integral Probability Metrics" to "Alpha-GAN" (without optimal transport, which is [notebook 10](10_optimal_transport.ipynb)).*
#
# After this notebook you can
#
# - draw the function by which an integral probability metric tells two distributions apart, for three metrics;
# - compute the MMD of two Gaussians by hand, and say which printed formula is its square;
# - turn a classifier into a density ratio, and every ratio loss of the lecture into one form;
# - say on which samples a ratio loss has no minimum at all, and what each loss does to the generator;
# - say what the two discriminators of an alpha-GAN estimate, and what they cannot see.
#
# **Recap.** An *implicit* model gives points and no density: $x = G(z)$ with noise $z$. [Notebook 08](08_vanilla_gan_optimality.ipynb) trained one against a classifier $D$, whose best value is $p/(p+q)$. [Notebook 12](12_f_gan.ipynb) bounded every f-divergence $D_f(P\Vert Q) = \mathbb E_Q f(p/q)$ from below by $\mathbb E_P T - \mathbb E_Q f^*(T)$, with the conjugate $f^*$ of $f$, tight at $T = f'(p/q)$. [Notebook 11](11_wgan_disjoint_supports.ipynb) replaced divergences by the Wasserstein distance. Here they stand side by side. $P$ with the density $p$ is the data's distribution (the lecture also writes $p^*$), $Q$ with $q$ the model's ($q_\theta$), $r = p/q$. Logarithms are natural; their unit is the *nat*.

# %% name="setup"
import itertools
import math

import numpy as np
import torch
from scipy import optimize
from torch.distributions import Normal, kl_divergence

from course_lib.adversarial import RATIO_LOSSES
from course_lib.claims import convention, erratum, holds
from course_lib.divergences import (
    F_DIVERGENCES,
    divergence,
    emd,
    gaussian_kernel,
    gaussian_kl,
    gaussian_mmd2,
    mmd2,
    polynomial_kernel,
)
from course_lib.exercises import check, hint, predict
from course_lib.lessons.n13_implicit_models.alpha_gan import DATA, AlphaGan
from course_lib.lessons.n13_implicit_models.on_the_line import (
    Mixture,
    fit_line,
    kantorovich,
    products,
    share_without,
    train_classifier,
)
from course_lib.lessons.n13_implicit_models.runs import SEES, WEIGHTS, stored
from course_lib.widgets import LiveTraining, Panel, Slider, Toggle, explore

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # what is computed here is too small to be shared between cores

def seeded(seed):
    return torch.Generator().manual_seed(seed)

# %% [markdown]
# ## 13.1 Distances with a witness
#
# How far apart are $P$ and $Q$? Let a jury of functions answer. Each juror $f$ reports the difference of its means, and the loudest one counts:
#
# $$\mathrm{IPM}_{\mathcal F}(P,Q) = \sup_{f\in\mathcal F}\,\lvert\mathbb E_P f - \mathbb E_Q f\rvert ,$$
#
# an *integral probability metric* (U17). The function that reaches the supremum is called the *witness*: it shows *where* the two differ. Three juries of the lecture, on the line:
#
# - all $f$ with $\lvert f\rvert\le1$: the witness is the sign of $p-q$;
# - all $f$ with slopes of at most 1 ("1-Lipschitz", $\lVert f\rVert_L\le1$): the witness climbs or falls with slope 1 everywhere;
# - the unit ball of a space $\mathcal H$ of smooth functions that belongs to a kernel $k$ (section 13.2): here $k(x,y) = e^{-(x-y)^2/(2h^2)}$ with the *bandwidth* $h$, in the units of $x$.
#
# Below, $P = \mathcal N(0,1)$ and $Q = \mathcal N(m, s^2)$.

# %% name="three-juries"
X = torch.linspace(-8, 14, 1101)
DX = float(X[1] - X[0])
P = Normal(0.0, 1.0)
p_on_x = P.log_prob(X).exp()
SHIFTS = torch.linspace(0, 8, 81)

def bump(t, mean, variance, h):
    """E k(t, x) for x ~ N(mean, variance)."""
    return h / math.sqrt(h**2 + variance) * torch.exp(-((t - mean) ** 2) / (2 * (h**2 + variance)))

def mmd_witness(t, m, s, h):
    """The difference of the two mean bumps, scaled to norm 1."""
    gap = bump(t, 0.0, 1.0, h) - bump(t, m, s**2, h)
    return gap / gaussian_mmd2(0.0, 1.0, m, s, h).sqrt().clamp(min=1e-12)

def slope_witness(m, s):
    """Slope 1 where P lies further right, else slope -1; 0 in the middle between the means."""
    rising = torch.sign(Normal(m, s).cdf(X) - P.cdf(X))
    f = torch.cumsum(rising, 0) * DX
    return f - f[(X - m / 2).abs().argmin()]

def sign_distance(m, s):
    """The integral of |p - q|. Any m of shape (n,)."""
    q = torch.exp(Normal(torch.as_tensor(m)[..., None], s).log_prob(X))
    return (p_on_x - q).abs().sum(-1) * DX

# %% name="predict-far" tags=["predict"]
def change(values):
    return f"from {float(values[0]):.3f} to {float(values[1]):.3f}"

two_shifts = torch.tensor([4.0, 8.0])
predict(
    "13.far",
    "s = 1 and h = 1. Q moves on from m = 4 to m = 8. Which of the three distances still grows clearly?",
    choices=("the one with |f| ≤ 1", "the one with slopes ≤ 1", "the one of the kernel", "all three"),
    answer=f"""The one with slopes of at most 1: {change(kantorovich(two_shifts, 1.0))}. The one with |f|
    ≤ 1 goes {change(sign_distance(two_shifts, 1.0))}, that of the kernel
    {change(gaussian_mmd2(0.0, 1.0, two_shifts[:, None], 1.0, 1.0).sqrt())}: their witnesses are bounded,
    and once P and Q hardly overlap, there is nothing more to see.""",
)

# %% name="juries" tags=["picture"]
def draw_juries(view, m, s, h):
    q = Normal(m, s).log_prob(X).exp()
    view["densities"].fill("p", X, p_on_x, color="p", alpha=0.35, label="p")
    view["densities"].curve("q", X, q, color="q", label="q")
    view["witness"].hline("zero", 0.0)
    view["witness"].curve("sign", X, torch.sign(p_on_x - q), color="p", style="solid", label="|f| ≤ 1")
    view["witness"].curve("slope", X, slope_witness(m, s), color="third", style="solid", label="slopes ≤ 1")
    view["witness"].curve("mmd", X, mmd_witness(X, m, s, h), color="accent", style="solid", label="kernel")
    rows = {
        "|f| ≤ 1": (sign_distance(SHIFTS, s), "p"),
        "slopes ≤ 1": (kantorovich(SHIFTS, s), "third"),
        "kernel": (gaussian_mmd2(0.0, 1.0, SHIFTS[:, None], s, h).sqrt(), "accent"),
    }
    at = int((SHIFTS - m).abs().argmin())
    for name, (values, color) in rows.items():
        view["distance"].curve(name, SHIFTS, values, color=color, style="solid")
        view["distance"].scatter(name + " now", [[m, values[at]]], color=color, size=8)
        view.readout(name, float(values[at]), ".3f")
    view.readout("KL(P‖Q), nats", float(kl_divergence(P, Normal(m, s))), ".3f")

explore(
    draw_juries,
    panels=[
        [Panel("densities", xlabel="x", ylabel="density", xlim=(-5, 12), ylim=(0, 0.85)),
         Panel("distance", title="the three distances", xlabel="m", ylabel="distance", xlim=(0, 8.2),
               ylim=(0, 4))],
        [Panel("witness", title="the witnesses", xlabel="x", ylabel="f(x)", xlim=(-5, 12), ylim=(-3, 3))],
    ],
    size=(10, 6.6),
    m=Slider(0.0, 8.0, step=0.1, value=1.0, label="m, mean of Q"),
    s=Slider(0.5, 2.0, step=0.1, value=1.0, label="s, std of Q"),
    h=Slider.of([0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0], value=1.0, label="h, bandwidth"),
    presets={"near": {"m": 1.0}, "far": {"m": 7.0}, "another width": {"m": 0.0, "s": 2.0},
             "a narrow kernel": {"m": 1.0, "h": 0.2}, "a wide kernel": {"m": 3.0, "h": 20.0}},
    alt="Two Gaussians, the functions by which three metrics tell them apart, and the metrics against the "
    "distance of the means",
)

# %% [markdown]
# With a narrow kernel the third witness has the shape of $p - q$, with a wide one it is nearly a straight line. Now the lecture's three statements. Is $\mathrm{IPM}_{\mathcal F}$ a distance for *any* $\mathcal F$? We draw random juries of 30 bounded functions on six atoms and triples of distributions.

# %% tags=["claim:ipm-definition"]
Q_wide = Normal(0.0, 2.0)
gap_wide = p_on_x - Q_wide.log_prob(X).exp()
inside = (X.abs() <= 8 + 1e-9)  # a grid that is symmetric around 0
odd_part = (gap_wide[inside] - gap_wide[inside].flip(0)) / 2
print(f"all odd functions with |f| ≤ 1, N(0, 1) against N(0, 4): IPM {float(odd_part.abs().sum() * DX):.3f}")
print(f"all functions with |f| ≤ 1:                              IPM {float(gap_wide.abs().sum() * DX):.3f}")
random = np.random.default_rng(0)
juries = random.uniform(-1, 1, size=(200, 30, 6))
triples = random.dirichlet(np.ones(6), size=(200, 3))
reports = np.einsum("jfa,jta->jft", juries, triples)  # the mean of each function under each distribution
distance = np.abs(reports[:, :, :, None] - reports[:, :, None]).max(1)
detour = (distance[:, 0, 2] - distance[:, 0, 1] - distance[:, 1, 2]).max()
convention(
    "ipm-definition",
    ("largest d(P,R) - d(P,Q) - d(Q,R), 200 random juries", detour), ("no detour is shorter: 0", 0.0), "<=",
    digits=3,
    under="it is a metric only if the functions of F tell any two distributions apart; otherwise different "
    "ones may be at distance 0, as N(0,1) and N(0,4) are for the odd functions above",
)

# %% [markdown]
# A name for the first distance: U17 calls it the total variation. But the same lecture's table of f-divergences defines $TV = \frac12\int\lvert p-q\rvert$. To see which of the two is meant, cut the line into cells and let a linear programme find the best function.

# %% name="linear-programmes"
EDGES = torch.linspace(-6, 9, 76)
masses = [torch.diff(one.cdf(EDGES)) for one in (P, Normal(1.5, 1.3))]
masses = [one / one.sum() for one in masses]
CELL, surplus = float(EDGES[1] - EDGES[0]), (masses[0] - masses[1]).numpy()

def loudest(bound=None, slope=None):
    """sup of E_P f - E_Q f over |f| ≤ bound, or over steps of at most slope · CELL between neighbours."""
    steps = np.diff(np.eye(len(surplus)), axis=0)
    limits = {} if slope is None else {
        "A_ub": np.vstack([steps, -steps]), "b_ub": np.full(2 * len(steps), slope * CELL)}
    box = (-bound, bound) if bound else (-100, 100)
    return -optimize.linprog(-surplus, bounds=box, **limits).fun

# %% tags=["claim:ipm-tv"]
total_variation = divergence(*masses, "total_variation")
erratum(
    "ipm-tv", ("sup over |f| ≤ 1, by linear programming", loudest(bound=1.0)),
    ("TV = ½ Σ|p - q|", total_variation), tol=1e-6,
    corrected="the class |f| ≤ 1 gives 2 TV; |f| ≤ 1/2 (or 0 ≤ f ≤ 1) gives the TV of the lecture's table",
    corrected_left=("sup over |f| ≤ 1/2, by linear programming", loudest(bound=0.5)),
)

# %% tags=["claim:ipm-kantorovich"]
places = torch.arange(len(surplus)) * CELL
cost = (places[:, None] - places).abs()
holds(
    "ipm-kantorovich", ("sup over slopes ≤ 1, by linear programming", loudest(slope=1.0)),
    ("cheapest transport of the same masses", emd(*masses, cost)[0]), tol=1e-6,
)

# %% [markdown]
# ## 13.2 MMD: a jury that can be asked in closed form
#
# A *feature map* $\phi$ sends points into a space $\mathcal H$ with a scalar product; $k(x,y) = \langle\phi(x),\phi(y)\rangle$ is its *kernel*. A function of $\mathcal H$ is $f(x) = \langle f,\phi(x)\rangle$, so $\mathbb E_Pf - \mathbb E_Qf = \langle f,\ \mathbb E_P\phi - \mathbb E_Q\phi\rangle$. Over the unit ball this is largest for $f$ along $\mathbb E_P\phi - \mathbb E_Q\phi$, and the supremum is that vector's length: the *maximum mean discrepancy*, MMD. Its square needs the kernel only:
#
# $$\mathrm{MMD}^2 = \lVert\mathbb E_P\phi - \mathbb E_Q\phi\rVert^2 = \mathbb E\,k(x,x') - 2\,\mathbb E\,k(x,y) + \mathbb E\,k(y,y'), \qquad
# x,x'\sim P,\ \ y,y'\sim Q .$$
#
# ### Exercise 13.1 · MMD² of two Gaussians
#
# If $x - y\sim\mathcal N(\mu, v)$, then $\mathbb E\,e^{-(x-y)^2/(2h^2)} = \frac{h}{\sqrt{h^2+v}}\,e^{-\mu^2/(2(h^2+v))}$. Use it three times. If you are stuck, `hint("13.mmd2_gaussians")` helps, one step at each call.

# %% tags=["exercise:13.mmd2_gaussians"]
def mmd2_gaussians(m, s, h):
    """MMD² between N(0, 1) and N(m, s²) for the kernel exp(-(x - y)² / (2 h²)).

    m, s, h: floats, s and h positive. Returns a number.
    """
    # region solution
    def expected(mu, v):
        return h / math.sqrt(h**2 + v) * math.exp(-(mu**2) / (2 * (h**2 + v)))

    return expected(0, 2) + expected(0, 2 * s**2) - 2 * expected(m, 1 + s**2)
    # endregion

mmd2_gaussians = check("13.mmd2_gaussians", mmd2_gaussians)

# %% [markdown]
# Is it the supremum over the ball? Take functions $f = \sum_i a_i\,k(\cdot, c_i)$ with more and more centres $c_i$ between $-5$ and 6. Their squared norm is $a^\top Ka$ with $K_{ij} = k(c_i,c_j)$, and the best $a$ is found by a solver for constrained problems, from values of the functions alone.

# %% name="best-in-the-ball"
def best_in_the_ball(centres, m, s, h):
    """max of E_P f - E_Q f over f = Σ a_i k(., c_i) with norm ≤ 1, by sequential quadratic programming."""
    c = torch.linspace(-5, 6, centres)
    table = torch.exp(-((X[:, None] - c) ** 2) / (2 * h**2))
    q = Normal(m, s).log_prob(X).exp()
    gain = ((p_on_x - q) @ table * DX).numpy()
    K = torch.exp(-((c[:, None] - c) ** 2) / (2 * h**2)).numpy()
    ball = {"type": "ineq", "fun": lambda a: 1 - a @ K @ a, "jac": lambda a: -2 * K @ a}
    found = optimize.minimize(lambda a: -gain @ a, gain, jac=lambda a: -gain, constraints=ball,
                              method="SLSQP", options={"maxiter": 500, "ftol": 1e-12})
    return -found.fun

in_the_ball = {n: best_in_the_ball(n, 1.5, 1.3, 1.0) for n in (2, 4, 8, 16)}
for n, value in in_the_ball.items():
    print(f"{n:2d} centres: {value:.6f}")

# %% tags=["claim:ipm-mmd"]
holds(
    "ipm-mmd", ("best function of the ball, 16 centres, by a solver", in_the_ball[16]),
    ("MMD = √MMD², closed form", math.sqrt(mmd2_gaussians(1.5, 1.3, 1.0))), tol=1e-4, digits=4,
)

# %% tags=["claim:mmd-closed-form"]
erratum(
    "mmd-closed-form", ("E k - 2 E k + E k, printed as MMD", mmd2_gaussians(1.5, 1.3, 1.0)),
    ("MMD as the slide defines it: best function of the ball", in_the_ball[16]), tol=1e-4, digits=4,
    corrected="the three expectations give MMD²; MMD is their root",
    corrected_left=("root of the three expectations", math.sqrt(mmd2_gaussians(1.5, 1.3, 1.0))),
)

# %% [markdown]
# A feature map can be written down for this kernel: expanding $e^{xy/h^2}$ gives $\phi_j(x) = e^{-x^2/(2h^2)}\,(x/h)^j/\sqrt{j!}$ for $j = 0, 1, 2, \dots$

# %% tags=["claim:mmd-feature-form"]
def power_features(x, h, count=80):
    """The first features of the Gaussian kernel: shape (n,) to (n, count)."""
    j = torch.arange(count)
    log_size = -(x[:, None] ** 2) / (2 * h**2) + j * (x.abs()[:, None] / h).log() - torch.lgamma(j + 1.0) / 2
    return torch.exp(log_size) * torch.sign(x)[:, None] ** j

def mean_features(distribution, h):
    return distribution.log_prob(X + DX / 2).exp() @ power_features(X + DX / 2, h) * DX
length2 = (mean_features(P, 1.0) - mean_features(Normal(1.5, 1.3), 1.0)).square().sum()
convention(
    "mmd-feature-form", ("‖E_P φ - E_Q φ‖², 80 features, by quadrature", length2),
    ("the three expectations, closed form", mmd2_gaussians(1.5, 1.3, 1.0)),
    under="MMD_k stands for the square of the MMD that the same slide defines as a supremum",
)

# %% [markdown]
# U17 writes $\mathcal H\iff k\iff\phi$. From $\phi$ to $k$ there is one way. Back there are many: turn the features by any rotation and no scalar product changes. Here $\phi(x) = (x^2, \sqrt2\,x, 1)$ and a rotated copy of it:

# %% tags=["claim:kernel-map-rkhs"]
turn, _ = torch.linalg.qr(torch.randn(3, 3, generator=seeded(4)))
two_points = torch.tensor([0.7, -1.2])
plain = torch.stack([two_points**2, math.sqrt(2) * two_points, torch.ones(2)], 1)
rotated = plain @ turn
print("φ(0.7) of the first map: ", [round(v, 3) for v in plain[0].tolist()])
print("φ(0.7) of the second map:", [round(v, 3) for v in rotated[0].tolist()])
convention(
    "kernel-map-rkhs", ("⟨φ(x), φ(y)⟩, second map", rotated[0] @ rotated[1]),
    ("k(x, y) = (xy + 1)²", polynomial_kernel(2, scale=1.0)(two_points[:1], two_points[1:])),
    under="φ(x) = k(x, ·), the canonical map; any other is determined by the kernel up to a rotation only",
)

# %% [markdown]
# ### Exercise 13.2 · The witness of two samples
#
# With samples, expectations become means. The witness is $\hat f(t) = \big(\frac1n\sum_ik(t,x_i) - \frac1m\sum_jk(t,y_j)\big)/\widehat{\mathrm{MMD}}$.

# %% tags=["exercise:13.witness"]
def witness(t, x, y, bandwidth):
    """The witness function of two samples at points t, scaled to norm 1.

    t: shape (T,); x: shape (n,); y: shape (m,). The kernel is exp(-(a - b)² / (2 bandwidth²)), and
    MMD² = mean k(x_i, x_j) - 2 mean k(x_i, y_j) + mean k(y_i, y_j) over all pairs. Returns shape (T,).
    """
    # region solution
    def k(a, b):
        return torch.exp(-((a[:, None] - b) ** 2) / (2 * bandwidth**2))

    gap = k(t, x).mean(1) - k(t, y).mean(1)
    return gap / (k(x, x).mean() - 2 * k(x, y).mean() + k(y, y).mean()).sqrt()
    # endregion

witness = check("13.witness", witness)

# %% name="predict-spikes" tags=["predict"]
spike_x, spike_y = torch.randn(10, generator=seeded(1)), 1 + torch.randn(10, generator=seeded(2))

def from_samples(x, y, h):
    return float(mmd2(x, y, gaussian_kernel(h), unbiased=False).sqrt())

predict(
    "13.spikes",
    "Ten points of N(0, 1), ten of N(1, 1), and a very narrow kernel, h = 0.02. What does the MMD "
    "between the "
    "two samples come to?",
    choices=("nearly 0", "the same as between the distributions", "much more than between the distributions"),
    answer=f"""Much more: {from_samples(spike_x, spike_y, 0.02):.3f}, where the two distributions are
    {math.sqrt(mmd2_gaussians(1.0, 1.0, 0.02)):.3f} apart at this h. Each point has a spike of its own,
    and no two samples share a point: the witness tells the samples apart, not the distributions.""",
)

# %% name="samples-witness" tags=["picture"]
T = torch.linspace(-4.5, 6, 351)
pool_x, pool_e = torch.randn(400, generator=seeded(1)), torch.randn(400, generator=seeded(2))

def draw_samples(view, m, h, n):
    x, y = pool_x[:n], m + pool_e[:n]
    view["f"].hline("zero", 0.0)
    view["f"].curve("exact", T, mmd_witness(T, m, 1.0, h), color="muted", style="dashed", width=2,
                    label="of the distributions")
    view["f"].curve("sample", T, witness(T, x, y, h), color="accent", label="of the samples")
    view["f"].scatter("x", torch.stack([x, torch.full((n,), -2.3)], 1), color="p", size=4, label="x ~ P")
    view["f"].scatter("y", torch.stack([y, torch.full((n,), -2.6)], 1), color="q", size=4, label="y ~ Q")
    view.readout("MMD of the samples", from_samples(x, y, h), ".3f")
    view.readout("MMD of the distributions", math.sqrt(mmd2_gaussians(m, 1.0, h)), ".3f")

explore(
    draw_samples,
    panels=[Panel("f", title="the witness of the kernel", xlabel="t", ylabel="f(t)", xlim=(-4.5, 6),
                  ylim=(-2.9, 2.4))],
    size=(9, 4.4),
    m=Slider(0.25, 4.0, step=0.25, value=1.0, label="m"),
    h=Slider.of([0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0], value=0.5, label="h, bandwidth"),
    n=Slider.of([10, 30, 100, 400], value=30, label="points of each"),
    presets={"ten points, narrow": {"n": 10, "h": 0.02}, "many points": {"n": 400, "h": 0.5},
             "ten points, wide": {"n": 10, "h": 2.0}},
    alt="The witness function of two samples and that of the two distributions behind them",
)

# %% [markdown]
# With $h = 0.02$ the witness of ten points is a row of spikes and the MMD says little about $P$ and $Q$; with a wide kernel, or with more points, both curves agree.
#
# ### Two families, side by side
#
# An f-divergence is a supremum, too: $D_f(P\Vert Q)\ge\sup_{T\in\mathcal T}\mathbb E_PT - \mathbb E_Qf^*(T)$ (U17, notebook 12). There the price $f^*$ of large values holds $T$ in check, here the class $\mathcal F$ does. The two families meet in one point: for $f(u) = \frac12\lvert u-1\rvert$ the conjugate is $f^*(t) = t$ on $[-\frac12,\frac12]$ and infinite above (below, nothing is gained), and the supremum over all $T$ becomes an IPM. On six atoms:

# %% name="six-atoms"
p6 = torch.tensor([0.30, 0.25, 0.20, 0.15, 0.07, 0.03])
q6 = torch.tensor([0.05, 0.10, 0.15, 0.40, 0.10, 0.20])
tv = F_DIVERGENCES["total_variation"]

critics = torch.cartesian_prod(*[torch.linspace(-0.75, 0.75, 7)] * 6)  # all tables of seven values
values = critics @ p6 - tv.conjugate(critics) @ q6
best_dual = values.max()
by_signs = max(abs(float((p6 - q6) @ torch.tensor(s))) / 2 for s in itertools.product((-1.0, 1.0), repeat=6))
outside = int(torch.isinf(values).sum())
print(f"{len(critics):,} critics tried, {outside:,} of them leave the domain of f* and give -∞")

def free_bound(T):
    """-(E_P T - E_Q e^(T - 1)), the same for KL: T is a table of six numbers."""
    return -(p6.numpy() @ T - q6.numpy() @ np.exp(T - 1))

free_T = torch.from_numpy(optimize.minimize(free_bound, np.ones(6), tol=1e-14).x)
print(f"KL: sup over all tables {-free_bound(free_T.numpy()):.6f}, "
      f"by its sum {float(divergence(p6, q6, 'kl')):.6f}; "
      f"its T reaches from {float(free_T.min()):.2f} to {float(free_T.max()):.2f}")

# %% tags=["claim:f-divergence-vs-ipm"]
holds(
    "f-divergence-vs-ipm", ("f-divergence: sup of E_P T - E_Q f*(T), f = ½|u - 1|", best_dual),
    ("IPM: sup of |E_P f - E_Q f| over |f| ≤ ½", by_signs),
)

# %% [markdown]
# An f-divergence compares *ratios*, point by point; an IPM compares *differences*, and it depends on how far apart points are if the jury knows of distances.
#
# ## 13.3 A classifier knows the ratio
#
# "Learning in implicit models", says U17, needs $r(x) = p(x)/q(x)$ or $p(x) - q(x)$ from samples alone. First way: *class-probability estimation*. Label data $y = 1$ and generated points $y = 0$, and train a classifier $D(x) = p(y=1\mid x)$. Bayes' rule turns its answer into a ratio.
#
# The slide has $r = D/(1-D)$. But let a share $c$ of all the points be real: then $\frac{D}{1-D} = \frac{c\,p}{(1-c)\,q}$. With three real points for each generated one a perfect classifier says 0.75 where $p = q$.
#
# ### Exercise 13.3 · The ratio that a classifier knows
#
# A network puts out the *logit* $a = \log\frac{D}{1-D}$. Correct for the shares, and mind that logits of 40 occur.

# %% tags=["exercise:13.ratio_from_classifier"]
def ratio_from_classifier(logit, real_share):
    """p(x)/q(x) from the logits of a classifier, D = sigmoid(logit) being the probability of "real".

    logit: tensor of any shape. real_share: the share of real points it was trained on, a float in (0, 1).
    Returns a tensor of the same shape.
    """
    # region solution
    return torch.exp(logit) * (1 - real_share) / real_share
    # endregion

ratio_from_classifier = check("13.ratio_from_classifier", ratio_from_classifier)

# %% tags=["claim:class-probability-ratio"]
log_r_at_1 = P.log_prob(torch.tensor(1.0)) - Normal(2.0, 1.0).log_prob(torch.tensor(1.0))
draws = torch.cat([torch.randn(300_000, generator=seeded(3)), 2 + torch.randn(100_000, generator=seeded(4))])
near = (draws - 1).abs() < 0.05
D_counted = near[:300_000].sum() / near.sum()  # the share of real points among those around x = 1
convention(
    "class-probability-ratio",
    ("D by counting around x = 1, made a ratio by your function",
     ratio_from_classifier(torch.logit(D_counted), 0.75)),
    ("p(1)/q(1)", torch.exp(log_r_at_1)), tol=4e-2, digits=3,
    under="p(y=1) = p(y=0), equally many of both; otherwise D/(1 - D) is the ratio times p(y=1)/p(y=0)",
)

# %% [markdown]
# The classifier's loss is $L = \mathbb E_p[-\log D] + \mathbb E_q[-\log(1-D)]$. A *proper scoring rule* is a loss whose expectation is smallest for the true probability. On the six atoms of above we let a general minimiser look for the best table of $D$:

# %% tags=["claim:proper-scoring-loss"]
def cross_entropy(D):
    return -(p6.numpy() @ np.log(D) + q6.numpy() @ np.log1p(-D))

best_table = optimize.minimize(cross_entropy, np.full(6, 0.5), bounds=[(1e-6, 1 - 1e-6)] * 6, tol=1e-14)
print("found:   ", np.round(best_table.x, 4))
print("p/(p+q): ", np.round((p6 / (p6 + q6)).numpy(), 4))
holds(
    "proper-scoring-loss", ("smallest L over all tables of D, by a minimiser", best_table.fun),
    ("log 4 - 2 JSD, which is L at D = p/(p + q)",
     math.log(4) - 2 * float(divergence(p6, q6, "jensen_shannon"))),
)

# %% [markdown]
# ## 13.4 Four ways, one form
#
# U17's second way is *divergence minimisation*. In its **first form** a network $T$ raises $\mathbb E_PT - \mathbb E_Qf^*(T)$ itself. Three sentences of the slides need a number. (1) The bound is printed with "=" although $T$ runs over a class only. Let $T(x) = a + bx$, $P = \mathcal N(0,1)$, $Q = \mathcal N(1, 4)$, and KL:

# %% tags=["claim:divergence-min-1-equality"]
Q_4 = Normal(1.0, 2.0)
q_on_x = Q_4.log_prob(X).exp()
FINE = torch.linspace(-16, 18, 6801)  # for integrals
p_fine, q_fine = (one.log_prob(FINE).exp() * 0.005 for one in (P, Q_4))

def affine_bound(ab):
    """-(E_P T - E_Q e^(T - 1)) for T = a + b x, by quadrature."""
    T = ab[0] + ab[1] * FINE.numpy()
    return -(p_fine.numpy() @ T - q_fine.numpy() @ np.exp(T - 1))

best_affine = -optimize.minimize(affine_bound, [1.0, 0.0], tol=1e-12).fun
exact_kl = gaussian_kl([0.0], [[1.0]], [1.0], [[4.0]])
erratum(
    "divergence-min-1-equality", ("sup over T = a + bx", best_affine), ("KL(P‖Q), closed form", exact_kl),
    digits=4,
    corrected="D_f ≥ sup over the class, with equality exactly if f′(p/q) belongs to it (likewise "
    "for ratios)",
    corrected_left=("sup over T = a + bx", best_affine), corrected_relation="<=",
)

# %% [markdown]
# (2) The number that the network puts out is "interpreted as ratio". But the best $T$ is $f'(r)$, which is $1+\log r$ for KL and never above 0 for the reverse KL. On the six atoms, the best table of $T$ for KL that a minimiser found above:

# %% tags=["claim:divergence-min-1-ratio-reading"]
print("best T:      ", np.round(free_T.numpy(), 3))
print("p/q:         ", np.round((p6 / q6).numpy(), 3))
print("exp(T - 1):  ", np.round(torch.exp(free_T - 1).numpy(), 3))
erratum(
    "divergence-min-1-ratio-reading", ("best T at the first atom, KL", free_T[0]),
    ("p/q there", p6[0] / q6[0]), tol=1e-4, digits=4,
    corrected="T estimates f′(r); the ratio is the derivative of f* at T, which is e^(T - 1) for KL",
    corrected_left=("e^(T - 1) there", torch.exp(free_T[0] - 1)),
)

# %% [markdown]
# (3) $T$ is a network that puts out one number, any number. For the reverse KL $f^*(t) = -1-\log(-t)$ is infinite for $t\ge0$, and one positive output makes $L = -\infty$. With an output activation, here $T = -e^{-v}$, the loss works:

# %% tags=["claim:divergence-min-1"]
reverse = F_DIVERGENCES["reverse_kl"]

def negative_L(v):
    T = reverse.output_activation(torch.from_numpy(v))
    return float(q6 @ reverse.conjugate(T) - p6 @ T)

raw = torch.full((6,), 0.1)
print(f"raw output T = 0.1 everywhere: L = {float(p6 @ raw - q6 @ reverse.conjugate(raw))}")
convention(
    "divergence-min-1",
    ("largest L over the network's outputs", -optimize.minimize(negative_L, np.zeros(6), tol=1e-12).fun),
    ("KL(Q‖P), by its sum", (q6 * (q6 / p6).log()).sum()),
    under="the last layer of the network maps into the domain of f*",
)

# %% [markdown]
# The **second form** puts $T = f'(r)$ and lets a network give the ratio. What it needs is $f^*(f'(r))$, and that is $rf'(r) - f(r)$: the tangent of $f$ at $r$ cuts the vertical axis at $f(r) - rf'(r)$. We compare with the conjugate's definition, a supremum over a fine grid, for all nine rows:

# %% tags=["claim:fstar-fprime-identity"]
points = torch.tensor([0.2, 0.6, 1.7, 4.0])
fine_u = torch.exp(torch.linspace(math.log(1e-3), math.log(1e3), 400_001))
by_sup, by_formula = 0.0, 0.0
for name, row in F_DIVERGENCES.items():
    slopes, heights = row.f_prime(points), row.f(fine_u)
    sup = torch.stack([(fine_u * t - heights).max() for t in slopes])
    formula = points * slopes - row.f(points)
    by_sup, by_formula = by_sup + float(sup.sum()), by_formula + float(formula.sum())
    print(f"{name:18} at r = 0.2, 0.6, 1.7, 4: " + " ".join(f"{v:8.4f}" for v in formula.tolist()))
holds(
    "fstar-fprime-identity", ("r f′(r) - f(r), added up over rows and r", by_formula),
    ("sup over u of u f′(r) - f(u), on a grid", by_sup), tol=1e-5, digits=5,
)

# %% [markdown]
# ### Exercise 13.4 · The ratio loss of the second form

# %% tags=["exercise:13.divergence_two_loss"]
def divergence_two_loss(f_prime, f_star, r_real, r_fake):
    """The loss -L of divergence minimisation II, to be minimised over the ratio.

    f_prime, f_star: f' and f*, functions of tensors. r_real: the ratio at data points, shape (n,), positive;
    r_fake: the ratio at generated points, shape (m,). Returns a 0-dimensional tensor.
    """
    # region solution
    return f_star(f_prime(r_fake)).mean() - f_prime(r_real).mean()
    # endregion

divergence_two_loss = check("13.divergence_two_loss", divergence_two_loss)

# %% name="second-form"
kinds = [name for name in F_DIVERGENCES if name != "total_variation"]

def second_form(kind):
    """The ratios at the atoms (as 100 points of each) that minimise your loss, and -loss there."""
    row = F_DIVERGENCES[kind]
    at_p, at_q = (torch.repeat_interleave(torch.arange(6), (100 * w).round().long()) for w in (p6, q6))

    def loss(log_r):
        r = torch.exp(torch.from_numpy(log_r))
        return float(divergence_two_loss(row.f_prime, row.conjugate, r[at_p], r[at_q]))

    best = optimize.minimize(loss, np.zeros(6), tol=1e-12)
    return torch.exp(torch.from_numpy(best.x)), -best.fun

found = {kind: second_form(kind) for kind in kinds}
for kind, (r, value) in found.items():
    exact, worst = float(divergence(p6, q6, kind)), float((r - p6 / q6).abs().max())
    print(f"{kind:18} sup {value:8.5f}   D_f {exact:8.5f}   |r - p/q| at most {worst:.2f}")

# %% tags=["claim:divergence-min-2"]
convention(
    "divergence-min-2",
    ("sup over ratios, added up over eight rows", sum(value for _, value in found.values())),
    ("D_f, added up", sum(float(divergence(p6, q6, kind)) for kind in kinds)), tol=1e-5,
    under="the network's output is positive (let it give log r), and f is strictly convex: for the total "
    "variation f′ is only the sign of r - 1, so every r on the right side of 1 is as good",
)

# %% [markdown]
# The third way, *ratio matching*, minimises the squared error $\frac12\mathbb E_q(r - r^*)^2$, $r^* = p/q$. Expanding it leaves only expectations under $q$ and $p$. Take a wrong ratio, $r(x) = e^{0.3-0.4x}$:

# %% tags=["claim:ratio-matching-expansion"]
log_r_star = P.log_prob(FINE) - Q_4.log_prob(FINE)
some_r = torch.exp(0.3 - 0.4 * FINE)
error = 0.5 * (q_fine @ (some_r - log_r_star.exp()) ** 2)
expanded = 0.5 * (q_fine @ some_r**2) - p_fine @ some_r + 0.5 * (p_fine @ log_r_star.exp())
reals = torch.tensor([0.5, 0.5, 0.0])  # P has half of its mass where Q has none
fakes = torch.tensor([0.5, 0.0, 0.5])
r3 = torch.tensor([1.0, 1.0, 0.5])
r3_star = torch.tensor([1.0, 0.0, 0.0])  # p/q where q > 0
print(f"with a hole: error {float(0.5 * fakes @ (r3 - r3_star) ** 2):.4f}, expanded "
      f"{float(0.5 * fakes @ r3**2 - reals @ r3 + 0.5 * fakes @ r3_star**2):.4f}")
convention(
    "ratio-matching-expansion", ("½ E_q (r - r*)²", error), ("½ E_q r² - E_p r + ½ E_p r*", expanded),
    under="q > 0 wherever p > 0, and E_p r* is finite; mass of P where q = 0 is missing on the left",
)

# %% [markdown]
# All three are **one form**. For a convex $f$ the loss is
#
# $$L_f(r) = \mathbb E_q\big[\underbrace{r f'(r) - f(r)}_{\text{price}}\big] - \mathbb E_p\big[\underbrace{f'(r)}_{\text{gain}}\big] ,$$
#
# and `RATIO_LOSSES` holds them as functions of $\log r$. Logistic regression is the row "gan" ($f' = \log D$, price $-\log(1-D)$), ratio matching is half of Pearson's $\chi^2$. All have the same minimiser. They differ in what an error costs: $L_f(r) - L_f(r^*)$ is the average under $q$ of the gap between $f(r^*)$ and the tangent of $f$ at $r$.

# %% name="one-form"
log_rs = (p6 / q6).log() + torch.tensor([0.3, -0.2, 0.1, 0.4, -0.5, 0.2])
for name in ("class_probability", "least_squares", "f:kl"):
    loss = RATIO_LOSSES[name]
    at = [float(q6 @ loss.price(l) - p6 @ loss.gain(l)) for l in (log_rs, (p6 / q6).log())]
    row = F_DIVERGENCES[{"class_probability": "gan", "least_squares": "pearson_chi2"}.get(name, name[2:])]
    r, r_star = log_rs.exp(), p6 / q6
    gap = float(q6 @ (row.f(r_star) - row.f(r) - row.f_prime(r) * (r_star - r)))
    gap /= 2 if name == "least_squares" else 1
    print(f"{name:18} L(r) - L(r*) = {at[0] - at[1]:.6f}, gap above the tangent {gap:.6f}")

# %% name="error-costs"
FOUR = {"class_probability": ("logistic", "p"), "f:squared_hellinger": ("Hellinger", "third"),
        "f:kl": ("KL", "accent"), "least_squares": ("least squares", "q")}

def excess(name, log_r, log_true):
    """What it costs to say log r where log_true is right, at a point with q = 1."""
    loss, log_true = RATIO_LOSSES[name], torch.as_tensor(log_true)
    value = loss.price(log_r) - torch.exp(log_true) * loss.gain(log_r)
    return value - (loss.price(log_true) - torch.exp(log_true) * loss.gain(log_true))

# %% name="predict-ten-times" tags=["predict"]
ten_times = {name: float(excess(name, torch.tensor(math.log(10)), 0.0)) for name in FOUR}
predict(
    "13.ten_times",
    "At some x the true ratio is 1, and a model says 10. For which loss does that cost most?",
    choices=("logistic", "KL", "least squares"),
    answer=f"""Least squares: {ten_times["least_squares"]:.1f}, against {ten_times["f:kl"]:.2f} for KL and
    {ten_times["class_probability"]:.2f} for logistic regression. A ratio of 1/10 instead costs
    {float(excess("least_squares", torch.tensor(-math.log(10)), 0.0)):.2f},
    {float(excess("f:kl", torch.tensor(-math.log(10)), 0.0)):.2f} and
    {float(excess("class_probability", torch.tensor(-math.log(10)), 0.0)):.2f}.""",
)

# %% name="costs" tags=["picture"]
LOG_R = torch.linspace(-6, 6, 241)

def draw_costs(view, log_true, log_r):
    for name, (label, color) in FOUR.items():
        curve = excess(name, LOG_R, log_true)
        view["cost"].curve(label, LOG_R, curve.clamp(max=40), color=color, style="solid", label=label)
        here = float(excess(name, torch.tensor(log_r), log_true))
        view["cost"].scatter(label + " here", [[log_r, min(here, 40.0)]], color=color, size=7)
        view.readout(label, here, ".3f")
    view["cost"].vline("truth", log_true)
    view.readout("true ratio", math.exp(log_true), ".3g")
    view.readout("said ratio", math.exp(log_r), ".3g")

explore(
    draw_costs,
    panels=[Panel("cost", title="what an error costs, where q = 1", xlabel="log r that the model says",
                  ylabel="loss above the smallest", xlim=(-6, 6), ylim=(0, 8))],
    size=(8.5, 4.6),
    log_true=Slider(-3.0, 3.0, step=0.5, value=0.0, label="log of the true ratio"),
    log_r=Slider(-6.0, 6.0, step=0.1, value=2.3, label="log r of the model"),
    presets={"ten times too much": {"log_true": 0.0, "log_r": 2.3}, "ten times too little": {"log_r": -2.3},
             "few generated points": {"log_true": 2.0, "log_r": 4.0},
             "few real points": {"log_true": -3.0, "log_r": 0.0}},
    alt="What a wrong density ratio costs under four losses, against the ratio that the model says",
)

# %% [markdown]
# Every curve touches zero at the truth. Least squares hardly minds a ratio that is far too small, and explodes where it is too large; the logistic loss grows like $\lvert\log r\rvert$ on both sides. Such a cost decides how much a single far point can do.
#
# ## 13.5 Little overlap: when there is nothing to be found
#
# In expectation all four losses have the same minimum. On samples some have none. Take the class $\log r(x) = a + bx$, which contains the truth for $P = \mathcal N(0,1)$, $Q = \mathcal N(m,1)$: $\log r = m^2/2 - mx$. With $n$ points $x_i$ of $P$ and $n$ points $y_j$ of $Q$, ratio matching minimises
#
# $$\tfrac12\,\text{mean}_j\, e^{2(a+by_j)} - \text{mean}_i\, e^{a+bx_i}.$$
#
# If one $x_i$ lies beyond all $y_j$, tilt the line so that it rises there and falls on all $y_j$: the second term grows without bound, the price goes to 0. The loss falls to $-\infty$: *no minimum*, whatever the optimiser.
#
# ### Exercise 13.5 · Does the loss have a minimum? (half an hour)
#
# Find the exact condition for three losses. Logistic regression minimises $\text{mean}_i\log(1+e^{-(a+bx_i)}) + \text{mean}_j\log(1+e^{a+by_j})$; divergence minimisation II with KL minimises $\text{mean}_j\,e^{a+by_j} - \text{mean}_i(a+bx_i)$. A loss that comes nearer and nearer to a value without reaching it has no minimum.

# %% tags=["exercise:13.fit_exists"]
def fit_exists(x, y, kind):
    """Whether the loss has a minimum over log r(x) = a + b x on these samples.

    x: points of P, shape (n,); y: points of Q, shape (m,), at least two; no two points coincide.
    kind: "least_squares", "f:kl" or "class_probability". Returns True or False.
    """
    # region solution
    if kind == "least_squares":
        return bool(y.min() < x.min() and x.max() < y.max())
    if kind == "f:kl":
        return bool(y.min() < x.mean() < y.max())
    return bool(x.max() > y.min() and y.max() > x.min())
    # endregion

fit_exists = check("13.fit_exists", fit_exists)

# %% [markdown]
# In more dimensions ranges become convex hulls: *all* real points inside the hull of the generated ones (least squares), their *mean* inside it (KL), no hyperplane that separates the two samples (logistic, and Hellinger as well). The conditions become weaker in this order.

# %% name="fits"
MS = [0.5, 1.0, 2.0, 3.0, 4.0, 6.0]
N_POINTS = 200
THREE = ("least_squares", "f:kl", "class_probability")

def two_samples(m, seed, n=N_POINTS):
    return torch.randn(n, generator=seeded(1017 + seed)), m + torch.randn(n, generator=seeded(2017 + seed))

lines = {}
for m, seed in itertools.product(MS, range(4)):
    x, y = two_samples(m, seed)
    for name in THREE:
        if fit_exists(x, y, name):
            lines[m, seed, name] = fit_line(x, y, name, [m * m / 2, -m])

# The share of 1,000 draws on which each loss has no minimum, for n points of each.
SHIFT = torch.linspace(0, 7, 29)

shares = {n: share_without(n, SHIFT) for n in (20, 50, 200, 1000)}
print("n = 200: share of 1,000 draws without a minimum, at m = 1, 2, 3, 4")
for name in THREE:
    print(f"{FOUR[name][0]:14}", *(f"{float(shares[200][name][int(4 * m)]):.3f}" for m in (1, 2, 3, 4)))

# %% name="predict-survive" tags=["predict"]
predict(
    "13.survive",
    "n = 200 points of each, m = 3. Which losses have a minimum on most draws?",
    choices=("all three", "logistic and KL", "logistic only", "none"),
    answer=f"""Logistic only. Of 1,000 draws at m = 3 there is no minimum in
    {float(shares[200]["class_probability"][12]):.1%} for the logistic loss,
    {float(shares[200]["f:kl"][12]):.1%} for KL and {float(shares[200]["least_squares"][12]):.1%} for
    least squares. More points help KL little: it needs one generated point beyond the mean of the real
    ones.""",
)

# %% name="overlap" tags=["picture"]
def draw_overlap(view, m, seed, n):
    x, y = two_samples(m, seed)
    view["fit"].curve("truth", T, m * m / 2 - m * T, color="ink", style="dashed", width=2, label="truth")
    for name in THREE:
        label, color = FOUR[name]
        if (m, seed, name) in lines:
            a, b = lines[m, seed, name]
            view["fit"].curve(label, T, a + b * T, color=color, style="solid", label=label)
            view.readout(label, f"a = {a:.2f}, b = {b:.2f}")
        else:
            view.readout(label, "no minimum")
    view["fit"].scatter("x", torch.stack([x, torch.full_like(x, -17.0)], 1), color="p", size=4,
                        label="x ~ P")
    view["fit"].scatter("y", torch.stack([y, torch.full_like(y, -19.0)], 1), color="q", size=4,
                        label="y ~ Q")
    for name in THREE:
        label, color = FOUR[name]
        view["share"].curve(label, SHIFT, shares[n][name], color=color, style="solid", label=label)
    view["share"].vline("m", m)

explore(
    draw_overlap,
    panels=[
        Panel("fit", title="the fits that exist, 200 points of each", xlabel="x", ylabel="log r, nats",
              xlim=(-4, 6), ylim=(-21, 21), width=1.2),
        Panel("share", title="how often there is no minimum", xlabel="m", ylabel="share of 1,000 draws",
              xlim=(0, 7), ylim=(-0.02, 1.05)),
    ],
    size=(10.5, 4.6),
    m=Slider.of(MS, value=1.0, label="m, mean of Q"),
    seed=Slider(0, 3, value=0, label="another draw"),
    n=Slider.of(list(shares), value=200, label="n, right panel"),
    presets={"much overlap": {"m": 0.5}, "some": {"m": 2.0}, "hardly any": {"m": 4.0}, "none": {"m": 6.0}},
    alt="Fitted logarithms of the density ratio where a minimum exists, and how often it does not, "
    "against the "
    "distance of two Gaussians",
)

# %% [markdown]
# (The first draw was chosen so that least squares has a minimum at $m = 1$; the right panel says how rare that is.) With less overlap first least squares and then KL drop out, while the logistic fit stays. Between $m = 4$ and 7 it goes, too.
#
# ### Ratio or difference?
#
# A richer class and a *ridge*, a price on large coefficients, always give a minimum. Let $r(x) = \sum_l a_l\,\varphi_l(x)$ with bumps $\varphi_l(x) = e^{-(x-c_l)^2/(2h^2)}$ (an IPM's witness looked like this, too). Ratio matching is then a quadratic form, known as *uLSIF*:
#
# $$\tfrac12\,a^\top Ha - \eta^\top a + \tfrac{\lambda}2\lVert a\rVert^2, \qquad H = \mathrm{mean}_j\,\varphi(y_j)\varphi(y_j)^\top,\quad \eta = \mathrm{mean}_i\,\varphi(x_i).$$
#
# ### Exercise 13.6 · Ratio matching with bumps

# %% tags=["exercise:13.fit_ratio"]
def fit_ratio(x_p, x_q, centres, bandwidth, ridge):
    """The coefficients a of r(x) = sum_l a_l exp(-(x - c_l)² / (2 bandwidth²)) that minimise the loss above.

    x_p: points of P, shape (n,); x_q: points of Q, shape (m,); centres: shape (b,). Returns shape (b,).
    """
    # region solution
    def phi(x):
        return torch.exp(-((x[:, None] - centres) ** 2) / (2 * bandwidth**2))

    H = phi(x_q).T @ phi(x_q) / len(x_q)
    return torch.linalg.solve(H + ridge * torch.eye(len(centres), dtype=H.dtype), phi(x_p).mean(0))
    # endregion

fit_ratio = check("13.fit_ratio", fit_ratio)

# %% [markdown]
# The *difference* $p - q$ can be learnt in the same way: minimise $\int(g - (p-q))^2$ over $g = \sum_l a_l\varphi_l$. The square of $g$ is an integral that is known, so $H$ becomes $\int\varphi_l\varphi_k = h\sqrt\pi\,e^{-(c_l-c_k)^2/(4h^2)}$, and $\eta = \mathrm{mean}_i\,\varphi(x_i) - \mathrm{mean}_j\,\varphi(y_j)$.

# %% name="difference"
CENTRES = torch.linspace(-4, 9, 40)

def fit_difference(x_p, x_q, centres, bandwidth, ridge):
    """The coefficients of the difference p - q, as for fit_ratio."""
    H = bandwidth * math.sqrt(math.pi) * torch.exp(-((centres[:, None] - centres) ** 2) / (4 * bandwidth**2))
    eta = sum(sign * torch.exp(-((x[:, None] - centres) ** 2) / (2 * bandwidth**2)).mean(0)
              for sign, x in ((1, x_p), (-1, x_q)))
    return torch.linalg.solve(H + ridge * torch.eye(len(centres)), eta)

def both_errors(m, seed, h, ridge=0.1):
    """Relative errors: of the ratio, in the mean square under q, and of the difference, on the line."""
    x, y = two_samples(m, seed)
    table = torch.exp(-((FINE[:, None] - CENTRES) ** 2) / (2 * h**2))
    q = Normal(m, 1.0).log_prob(FINE).exp()
    r, d = torch.exp(m * m / 2 - m * FINE), Normal(0.0, 1.0).log_prob(FINE).exp() - q
    r_hat = table @ fit_ratio(x, y, CENTRES, h, ridge)
    d_hat = table @ fit_difference(x, y, CENTRES, h, ridge)
    in_r = (q @ (r_hat - r) ** 2 / (q @ r**2)).sqrt()
    return float(in_r), float(((d_hat - d).square().sum() / d.square().sum()).sqrt())

WIDTH, SEVEN = 0.8, [0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
errors = torch.tensor([[both_errors(m, seed, WIDTH) for seed in range(10)] for m in SEVEN])
middle = errors.median(1).values  # of ten draws: columns ratio, difference

# %% name="predict-difference" tags=["predict"]
predict(
    "13.difference",
    "200 points of each. Which is learnt better, measured by its relative error: the ratio p/q, or "
    "the difference "
    "p - q?",
    choices=("always the ratio", "the ratio near, the difference far", "always the difference"),
    answer=f"""The ratio near, the difference far. At m = 0.5 the relative errors are
    {middle[0, 0]:.2f} for the ratio and {middle[0, 1]:.2f} for the difference; at m = 4 they are
    {middle[5, 0]:.2f} and {middle[5, 1]:.2f} (medians of ten draws). The ratio is largest where there are
    hardly any points of Q.""",
)

# %% name="ratio-or-difference" tags=["picture"]
def draw_difference(view, m, seed, h):
    x, y = two_samples(m, seed)
    table = torch.exp(-((T[:, None] - CENTRES) ** 2) / (2 * h**2))
    log_q = Normal(m, 1.0).log_prob(T)
    exact = torch.exp(P.log_prob(T) - log_q).clamp(max=60)
    view["ratio"].curve("true", T, exact, color="ink", style="dashed", width=2, label="p/q")
    r_hat = table @ fit_ratio(x, y, CENTRES, h, 0.1)
    view["ratio"].curve("fit", T, r_hat, color="accent", style="solid", label="from 200 points of each")
    d_hat = table @ fit_difference(x, y, CENTRES, h, 0.1)
    view["difference"].curve("true", T, P.log_prob(T).exp() - log_q.exp(), color="ink", style="dashed",
                             width=2, label="p - q")
    view["difference"].curve("fit", T, d_hat, color="accent", style="solid", label="from 200 points of each")
    view["errors"].curve("ratio", SEVEN, middle[:, 0], color="p", style="solid", label="ratio, h = 0.8")
    view["errors"].curve("difference", SEVEN, middle[:, 1], color="third", style="solid", label="difference")
    in_r, in_d = both_errors(m, seed, h)
    view["errors"].scatter("now r", [[m, in_r]], color="p", size=8)
    view["errors"].scatter("now d", [[m, in_d]], color="third", size=8)
    view.readout("relative error of the ratio", in_r, ".3f")
    view.readout("relative error of the difference", in_d, ".3f")

explore(
    draw_difference,
    panels=[
        Panel("ratio", xlabel="x", ylabel="ratio", xlim=(-4.5, 6), ylim=(-1, 12)),
        Panel("difference", xlabel="x", ylabel="density", xlim=(-4.5, 6), ylim=(-0.45, 0.45)),
        Panel("errors", xlabel="m, mean of Q", ylabel="relative error", xlim=(0, 6.3), ylim=(0, 1.1)),
    ],
    size=(12, 4.2),
    m=Slider.of(SEVEN, value=1.0, label="m, mean of Q"),
    seed=Slider(0, 9, value=0, label="another draw"),
    h=Slider.of([0.4, 0.6, 0.8, 1.2, 2.0], value=0.8, label="h, width of the bumps"),
    presets={"near": {"m": 0.5}, "m = 2": {"m": 2.0}, "far": {"m": 4.0}},
    alt="An estimated density ratio, an estimated density difference, and their relative errors against the "
    "distance of the two Gaussians",
)

# %% [markdown]
# A relative error of 1 means that nearly all of the ratio is missing: at $m = 4$ it is thousands where the data are, and bumps held down by a ridge do not reach that. The difference is a difference of two averages; less overlap even makes it simpler. The witness of an IPM is such a difference. Whether the generator feels it is another question.
#
# ## 13.6 What the generator feels
#
# The ratio loss is for $\phi$. The *generative loss* is for $\theta$: the lecture turns the sign of the same $L$. Let the generator be $x = m + z$, $z\sim\mathcal N(0,1)$, and let the ratio be exact *for the present* $m_0$ and held fixed. Does the derivative of the generative loss in $m$ at $m_0$ equal that of a divergence?

# %% name="generative-slopes"
def held_fixed(of_log_r, m0, eps=1e-4):
    """d/dm of E_q g(log r) at m0, for the true log r at m0 held fixed."""
    log_r = P.log_prob(FINE) - Normal(m0, 1.0).log_prob(FINE)
    ends = [Normal(m0 + e, 1.0).log_prob(FINE).exp() @ of_log_r(log_r) * 0.005 for e in (eps, -eps)]
    return float(ends[0] - ends[1]) / (2 * eps)

def slope_of(kind, m0):
    """d/dm of D_f(N(0, 1) ‖ N(m, 1)) at m0, by automatic differentiation."""
    m = torch.tensor(m0, requires_grad=True)
    return float(torch.autograd.grad(divergence(P, Normal(m, 1.0), kind, FINE), m)[0])

logistic, kl_loss, squares = (RATIO_LOSSES[name] for name in ("class_probability", "f:kl", "least_squares"))
slopes = {kind: (-held_fixed(RATIO_LOSSES[f"f:{kind}"].price, 1.0), slope_of(kind, 1.0)) for kind in kinds}
for kind, (fixed, exact) in slopes.items():
    print(f"{kind:18} generative loss {fixed:9.5f}   divergence {exact:9.5f}")

# %% tags=["claim:class-generative-loss"]
holds(
    "class-generative-loss",
    ("slope of -L in θ at the best classifier, m = 1", -held_fixed(logistic.price, 1.0)),
    ("slope of 2 JSD - log 4, m = 1", 2 * slope_of("jensen_shannon", 1.0)), tol=1e-5, digits=5,
)

# %% tags=["claim:divergence-min-2-losses"]
holds(
    "divergence-min-2-losses",
    ("slopes of L in θ at the best ratio, added up over eight rows", sum(a for a, _ in slopes.values())),
    ("slopes of D_f, added up", sum(b for _, b in slopes.values())), tol=1e-5, digits=5,
)

# %% [markdown]
# For ratio matching the slide keeps $\frac12\mathbb E_{p}r^*$ in $L$ with the note "const($r_\phi$)" and lets the generator minimise $-L$. It is constant in $\phi$, but not in $\theta$: $r^* = p/q_\theta$. With it, $L = \frac12\mathbb E_q(r_\phi-r^*)^2$ is at its *smallest*, 0, when the ratio is exact, and a minimum has no slope.

# %% tags=["claim:ratio-matching-losses"]
def last_term(m):
    """½ E_p r* = ½ e^(m²) for these Gaussians."""
    return 0.5 * math.exp(m * m)

eps = 1e-5
without_last = held_fixed(lambda l: 0.5 * torch.exp(2 * l), 1.0)  # of L; E_p r does not move with m
with_last = without_last + (last_term(1 + eps) - last_term(1 - eps)) / (2 * eps)
chi2_slope = 0.5 * slope_of("pearson_chi2", 1.0)
erratum(
    "ratio-matching-losses", ("slope of -L in θ as printed, three terms", -round(with_last, 6) + 0.0),
    ("slope of ½ χ²(P‖Q), m = 1", chi2_slope), tol=1e-4, digits=4,
    corrected="the generative loss is min over θ of E_p r - ½ E_q r²: the last term of L is constant "
    "in r but "
    "not in θ, and must be dropped",
    corrected_left=("slope of -L without the last term", -without_last),
)

# %% name="predict-force" tags=["predict"]
force_at_5 = {kind: slope_of(kind, 5.0) for kind in ("jensen_shannon", "kl")}
mmd_force = float(torch.autograd.functional.jacobian(
    lambda m: gaussian_mmd2(0.0, 1.0, m, 1.0, 1.0), torch.tensor([5.0]))[0])
predict(
    "13.force",
    "Q = N(5, 1), hardly any overlap, and every ratio is exact. Which generative loss pulls Q back hardest?",
    choices=("logistic (2 JSD)", "KL", "least squares (½ χ²)", "MMD², h = 1"),
    answer=f"""Least squares, with a slope of m e^(m²) = {5 * math.exp(25):.1e}; KL has
    {force_at_5["kl"]:.1f}, 2 JSD {2 * force_at_5["jensen_shannon"]:.3f}, MMD² {mmd_force:.3f}. But such a
    ratio cannot be had from samples (section 13.5): the loss with the strongest pull is the one that is
    estimated worst.""",
)

# %% name="forces-table"
FORCE_M = torch.linspace(0.05, 8, 160)
coarse_m = np.linspace(0.05, 8, 41)
js_slope = np.interp(FORCE_M.numpy(), coarse_m, [slope_of("jensen_shannon", float(m)) for m in coarse_m])
js_slope = torch.from_numpy(js_slope)

def mmd_slope(m, h):
    return 2 * h / math.sqrt(h**2 + 2) * m / (h**2 + 2) * torch.exp(-(m**2) / (2 * (h**2 + 2)))

FORCES = {
    "logistic: 2 JSD": (2 * js_slope, "p"),
    "Hellinger": (FORCE_M / 2 * torch.exp(-(FORCE_M**2) / 8), "third"),
    "KL": (FORCE_M, "accent"),
    "least squares: ½ χ²": (FORCE_M * torch.exp(FORCE_M**2), "q"),
    "Wasserstein": (torch.ones_like(FORCE_M), "ink"),
}

# %% name="forces" tags=["picture"]
def draw_forces(view, m, h):
    at = int((FORCE_M - m).abs().argmin())
    rows = FORCES | {"MMD²": (mmd_slope(FORCE_M, h), "fourth")}
    for name, (values, color) in rows.items():
        view["force"].curve(name, FORCE_M, values.clamp(1e-9, 1e9), color=color, style="solid", label=name)
        view["force"].scatter(name + " now", [[m, float(values[at].clamp(1e-6, 1e4))]], color=color, size=7)
        view.readout(name, float(values[at]), ".3g")
    view["force"].vline("m", m)

explore(
    draw_forces,
    panels=[Panel("force", title="slope in m of what the generator minimises", xlabel="m, mean of Q",
                  ylabel="slope, per unit of m", xlim=(0, 8.1), yscale="log", ylim=(1e-6, 1e4))],
    size=(9, 4.8),
    m=Slider(0.5, 8.0, step=0.25, value=1.0, label="m, mean of Q"),
    h=Slider.of([0.3, 0.5, 1.0, 2.0, 4.0, 8.0], value=1.0, label="h, bandwidth of the MMD"),
    presets={"near": {"m": 1.0}, "far": {"m": 6.0}, "far, a wide kernel": {"m": 6.0, "h": 8.0}},
    alt="The pull that six losses exert on a generator's mean, against that mean",
)

# %% [markdown]
# Only KL, $\chi^2$ and $W$ still pull from far away; the logistic loss, Hellinger and the MMD let go. A wide kernel holds longer. (Notebook 08 mends the logistic loss with another generative loss for the same $D$.)
#
# Both halves together make a game: fit the ratio, move the generator, fit anew. The generator starts at $m = 2.5$ with 400 points; the ratio is fitted with the logistic loss in the class $a+bx$, and $m$ descends $\mathbb E_q\log(1-D)$. The other way, by differences, moves $m$ down the squared MMD of the same samples.

# %% name="both-ways"
data = torch.randn(400, generator=seeded(8))

def play(ways, rounds=60, rate=1.0):
    """KL(P‖Q) in each round, for Q = N(m, 1)."""
    m, kls = 2.5, [2.5**2 / 2]
    for k in range(rounds):
        shift = torch.tensor(m, requires_grad=True)
        fake = shift + torch.randn(400, generator=seeded(100 + k))
        if ways == "ratio":
            a, b = fit_line(data, fake.detach(), "class_probability", [0.0, 0.0])
            loss = -torch.nn.functional.softplus(a + b * fake).mean()  # log(1 - D)
        else:
            loss = mmd2(data, fake, gaussian_kernel(1.0))
        m -= rate * float(torch.autograd.grad(loss, shift)[0])
        kls.append(m * m / 2)
    return kls

games = {ways: play(ways) for ways in ("ratio", "difference")}
for ways, kls in games.items():
    print(f"by {ways:10} KL {kls[0]:.3f} -> {kls[5]:.3f} after 5 rounds -> {kls[-1]:.4f} after 60")

# %% tags=["claim:density-ratio-difference"]
convention(
    "density-ratio-difference",
    ("KL(P‖Q) after 60 rounds of ratio loss and generative loss", games["ratio"][-1]),
    ("KL(P‖Q) at the start", games["ratio"][0]), "<", digits=2,
    under="the ratio loss has a minimum on the samples at hand, and the generator's steps are small",
)

# %% [markdown]
# ## 13.7 Moment matching
#
# The fourth way needs no ratio and no second network: choose features $\phi$ and bring their means together,
#
# $$L(\theta) = \big(\mathbb E_p\phi(x) - \mathbb E_{q_\theta}\phi(x)\big)^2 \approx \Big(\frac1N\sum_{i=1}^N\phi(x_i) - \frac1N\sum_{i=1}^M\phi(G(z_i))\Big)^2 .$$
#
# So it is printed in U17. Look at the second sum before you write the exercise.
#
# ### Exercise 13.7 · The moment matching loss

# %% tags=["exercise:13.moment_loss"]
def moment_loss(real_features, fake_features):
    """The squared distance between the mean features of two samples.

    real_features: phi(x_i), shape (N, k); fake_features: phi(G(z_i)), shape (M, k). Returns a 0-dim tensor.
    """
    # region solution
    return (real_features.mean(0) - fake_features.mean(0)).square().sum()
    # endregion

moment_loss = check("13.moment_loss", moment_loss)

# %% name="features-of-a-kernel"
def three_features(x):
    """(x², √2 x, 1): their kernel is (xy + 1)²."""
    return torch.stack([x**2, math.sqrt(2) * x, torch.ones_like(x)], 1)

few_real, few_fake = torch.randn(40, generator=seeded(11)), 1 + 0.5 * torch.randn(10, generator=seeded(12))
square = polynomial_kernel(2, scale=1.0)
K = [square(a, b).mean() for a, b in ((few_real, few_real), (few_real, few_fake), (few_fake, few_fake))]
by_kernel = K[0] - 2 * K[1] + K[2]
printed = (three_features(few_real).mean(0) - three_features(few_fake).sum(0) / len(few_real)).square().sum()

# %% tags=["claim:moment-matching-estimator"]
erratum(
    "moment-matching-estimator", ("as printed, 1/N before both sums, N = 40, M = 10", printed),
    ("the kernel's three means, the next line of the slide", by_kernel),
    corrected="the generated points are averaged by 1/M",
    corrected_left=("your moment_loss", moment_loss(three_features(few_real), three_features(few_fake))),
)

# %% tags=["claim:moment-matching-kernel-form"]
convention(
    "moment-matching-kernel-form", ("(1/N²) Σ k - (2/NM) Σ k + (1/M²) Σ k", by_kernel),
    ("‖mean of 40 features - mean of 10 features‖²",
     moment_loss(three_features(few_real), three_features(few_fake))),
    under="the line before it is read with 1/M for the generated points",
)

# %% [markdown]
# What does the loss know? Only its features. Here is the mixture $0.4\,\mathcal N(-1.2, 0.6^2) + 0.6\,\mathcal N(1.2, 0.9^2)$ and the Gaussian with the same mean and variance: for $(x^2, \sqrt2x, 1)$ the loss is zero, although the two look different. A kernel with infinitely many features sees it.

# %% name="mixture"
mixture = Mixture([0.4, 0.6], [-1.2, 1.2], [0.6, 0.9])
twin = Normal(mixture.mean, mixture.std)
mass = {"mixture": mixture.density(FINE) * 0.005, "Gaussian": twin.log_prob(FINE).exp() * 0.005}
print(f"same mean and variance: L for (x², √2 x, 1) "
      f"{float(sum(((mass['mixture'] - mass['Gaussian']) @ f) ** 2 for f in three_features(FINE).T)):.4f}, "
      f"MMD² for h = 1 {mixture.mmd2(mixture.mean, mixture.std, 1.0):.4f}")

# %% tags=["claim:moment-matching-loss"]
shifted = Normal(0.5, 1.0).log_prob(FINE).exp() * 0.005
coarse = FINE[::20]
gap = (mixture.density(coarse) - Normal(0.5, 1.0).log_prob(coarse).exp()) * 0.1
convention(
    "moment-matching-loss",
    ("Σ (E_p φ - E_q φ)² over x², √2 x, 1, for q = N(0.5, 1)",
     sum(((mass["mixture"] - shifted) @ f) ** 2 for f in three_features(FINE).T)),
    ("∫∫ (p - q)(x) (xy + 1)² (p - q)(y)", gap @ square(coarse, coarse) @ gap), tol=1e-5, digits=5,
    under="for several features (·)² is the squared length; L = 0 says that these features agree, "
    "not that p = q",
)

# %% [markdown]
# Which Gaussian $\mathcal N(\mu, s^2)$ is best for the squared MMD? Notebook 01 fitted one by the KL, and one direction of it sought a single mode.

# %% name="bandwidth-fits"
BANDWIDTHS = [0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0]
fitted = {h: mixture.nearest(h) for h in BANDWIDTHS}
print(f"moments of the mixture: mean {mixture.mean:.3f}, std {mixture.std:.3f}")
for h in (0.3, 1.0, 30.0):
    print(f"h = {h:4}: mean {fitted[h][0]:.3f}, std {fitted[h][1]:.3f}")

# %% name="predict-narrow-kernel" tags=["predict"]
predict(
    "13.narrow_kernel",
    "The kernel becomes narrow, h = 0.3. What does the Gaussian of the smallest MMD do?",
    choices=("it sits on one mode", "it becomes narrower than the mixture", "it becomes broader"),
    answer=f"""Broader: its std is {fitted[0.3][1]:.3f}, the mixture's {mixture.std:.3f}. With h = 30 it
    is {fitted[30.0][1]:.3f}: a wide kernel matches mean and variance. A small bandwidth does not seek a
    mode here; it nearly minimises ∫(p - q)², which the bulk of both modes decides.""",
)

# %% name="mmd-fit" tags=["picture"]
def draw_mmd_fit(view, h):
    mu, s = fitted[h]
    view["fit"].fill("p", T, mixture.density(T), color="p", alpha=0.35, label="the mixture p")
    view["fit"].curve("moments", T, twin.log_prob(T).exp(), color="muted", style="dotted", width=2,
                      label="same moments")
    view["fit"].curve("q", T, Normal(mu, s).log_prob(T).exp(), color="q", style="solid", label="smallest MMD")
    table = torch.tensor([fitted[b] for b in BANDWIDTHS])
    view["path"].curve("mu", BANDWIDTHS, table[:, 0], color="third", style="solid", label="mean")
    view["path"].curve("s", BANDWIDTHS, table[:, 1], color="q", style="solid", label="std")
    view["path"].scatter("now", [[h, mu], [h, s]], color=["third", "q"], size=8)
    view["path"].hline("std", mixture.std)
    view["path"].hline("mean", mixture.mean)
    view.readout("mean", mu, ".4f")
    view.readout("std", s, ".4f")
    view.readout("MMD² there", f"{mixture.mmd2(mu, s, h):.2e}")

explore(
    draw_mmd_fit,
    panels=[
        Panel("fit", xlabel="x", ylabel="density", xlim=(-4.5, 6), ylim=(0, 0.42)),
        Panel("path", title="the best Gaussian", xlabel="h, bandwidth", ylabel="units of x", xscale="log",
              xlim=(0.08, 40), ylim=(0, 2)),
    ],
    size=(10, 4.2),
    h=Slider.of(BANDWIDTHS, value=1.0, label="h, bandwidth"),
    presets={"narrow": {"h": 0.1}, "h = 1": {"h": 1.0}, "wide": {"h": 30.0}},
    alt="A mixture of two Gaussians, the Gaussian with the smallest MMD to it, and its mean and "
    "width against the "
    "bandwidth",
)

# %% [markdown]
# A narrow kernel makes the best Gaussian broader than the mixture, never one-sided; a wide one gives the two moments.
#
# **The bias.** "Note, that the estimator above is biased." Let $P = Q = \mathcal N(0,1)$, so the loss is 0. The pairs of a point with itself have $k = 1$ where two different points have $\mathbb E k = h/\sqrt{h^2+2}$, so the estimate averages $(1 - \frac h{\sqrt{h^2+2}})(\frac1N + \frac1M)$. Leaving those pairs out removes it; [notebook 14](14_fid.ipynb) uses that estimate to judge samples.

# %% tags=["claim:moment-matching-bias"]
N_, M_ = 5, 9
repeats = torch.randn(20_000, N_ + M_, generator=seeded(13))
kernel_table = torch.exp(-((repeats[:, :, None] - repeats[:, None]) ** 2) / 2)
own_x, own_y = kernel_table[:, :N_, :N_], kernel_table[:, N_:, N_:]
cross = kernel_table[:, :N_, N_:].mean((1, 2))
biased = own_x.mean((1, 2)) + own_y.mean((1, 2)) - 2 * cross
without = sum((own.sum((1, 2)) - k) / (k * (k - 1)) for own, k in ((own_x, N_), (own_y, M_))) - 2 * cross
print(f"pairs of a point with itself left out: {float(without.mean()):.4f} "
      f"± {float(without.std() / 20_000**0.5):.4f}")
holds(
    "moment-matching-bias", ("mean of 20,000 estimates, N = 5, M = 9, truth 0", biased.mean()),
    ("(1 - 1/√3)(1/N + 1/M)", (1 - 1 / math.sqrt(3)) * (1 / N_ + 1 / M_)), tol=2e-3, digits=3,
)

# %% [markdown]
# ## 13.8 Alpha-GAN: two classifiers in the place of an ELBO
#
# A VAE ([notebook 03](03_vae.ipynb)) needs a decoder and an encoder with densities. *Alpha-GAN* keeps the ELBO,
#
# $$\log p_\theta(x)\ \ge\ \mathbb E_{q_\eta(z\mid x)}\log p_\theta(x\mid z) - \mathrm{KL}\big(q_\eta(z\mid x)\Vert p(z)\big),$$
#
# and lets classifiers stand in for both terms: $D_\phi$ tells data from decoded points, $C_\omega$ tells draws of the prior $p(z)$ from codes. Then decoder and encoder may be implicit. We check the three replacements where everything is known: $x\sim\mathcal N(0,1)$ and $z\mid x\sim\mathcal N(\rho x, \tau^2)$. And we let a classifier *find out*: logistic regression on all products of its inputs up to degree two, which contains the truth for Gaussians.

# %% name="known-pairs"
n = 40_000
x_data, z_prior, e_code = (torch.randn(n, generator=seeded(20 + k)) for k in range(3))

# %% tags=["claim:alpha-gan-ratio-trick"]
w = train_classifier(products(x_data), products(1.0 + 1.5 * z_prior))
at = torch.tensor([-1.0, 0.0, 2.0])
convention(
    "alpha-gan-ratio-trick", ("mean |log D/(1 - D) - log p/q| at three points, trained D, q = N(1, 1.5²)",
     (products(at) @ w - P.log_prob(at) + Normal(1.0, 1.5).log_prob(at)).abs().mean()),
    ("a tenth of a nat", 0.1), "<", tol=1e-3, digits=2,
    under="D is (nearly) the best classifier, trained on equally many of both; any other D gives "
    "another ratio",
)

# %% [markdown]
# **The KL term.** $-\mathrm{KL}(q(z\mid x)\Vert p(z)) = \mathbb E_q\log\frac{p(z)}{q(z\mid x)}\approx\mathbb E_q\log\frac{C(z)}{1-C(z)}$, prints U17.
#
# ### Exercise 13.8 · What the codes cost

# %% tags=["exercise:13.code_price"]
def code_price(logits):
    """The estimate of KL(q ‖ p) from a classifier C = sigmoid(logit), the probability of "from the prior p".

    logits: log C/(1 - C) at codes drawn from q, shape (n,). Returns a 0-dimensional tensor, in nats.
    """
    # region solution
    return -logits.mean()
    # endregion

code_price = check("13.code_price", code_price)

# %% name="code-classifiers"
def codes_of(rho, tau2, count=n):
    return rho * x_data[:count] + math.sqrt(tau2) * e_code[:count]

def price_seen(rho, tau2, sees_x, count=n):
    """What a trained C reads as KL: it sees the code alone, or the code and x."""
    z, prior, x = codes_of(rho, tau2, count), z_prior[:count], x_data[:count]
    see = (lambda z: products(z, x)) if sees_x else (lambda z: products(z))
    return float(code_price(see(z) @ train_classifier(see(prior), see(z))))

def price_true(rho, tau2):
    """KL(q(z|x) ‖ N(0,1)) on average over x, and its two parts: I(x, z) and KL(q(z) ‖ N(0,1))."""
    variance = rho**2 + tau2
    return (0.5 * (variance - 1 - math.log(tau2)), 0.5 * math.log(variance / tau2),
            0.5 * (variance - 1 - math.log(variance)))

# %% name="predict-blind" tags=["predict"]
predict(
    "13.blind",
    "z|x ~ N(0.8 x, 0.36). The KL to the prior is 0.51 nats on average. What does the best "
    "classifier C(z) of "
    "codes read?",
    choices=("0.51", "about half of it", "0"),
    answer=f"""0: it reads {price_seen(0.8, 0.36, False) + 0.0:.3f}. Over all x together the codes are
    distributed as 0.8² + 0.36 = {0.8**2 + 0.36:.0f} says: exactly like the prior, so codes and prior
    cannot be told apart. A classifier that sees x as well reads {price_seen(0.8, 0.36, True):.3f}.""",
)

# %% name="what-c-sees" tags=["picture"]
def draw_blind(view, rho, tau2):
    total, information, marginal = price_true(rho, tau2)
    z = codes_of(rho, tau2, 600)
    x, prior = x_data[:600], z_prior[:600]
    view["plane"].scatter("joint", torch.stack([x, z], 1), color="q", size=3, label="x and its code")
    view["plane"].scatter("prior", torch.stack([x, prior], 1), color="p", size=2, alpha=0.5,
                          label="x and a draw of the prior")
    seen = price_seen(rho, tau2, False, 3000), price_seen(rho, tau2, True, 3000)
    names = ["KL(q(z|x)‖p)", "I(x, z)", "KL(q(z)‖p)", "C(z)", "C(x, z)"]
    view["bars"].bars("bars", names, [total, information, marginal, *seen],
                      color=["ink", "muted", "muted", "q", "third"], values=".2f")
    view.readout("KL(q(z|x)‖p), nats", total, ".3f")
    view.readout("of which I(x, z)", information, ".3f")
    view.readout("C(z) reads", seen[0], ".3f")
    view.readout("C(x, z) reads", seen[1], ".3f")

explore(
    draw_blind,
    panels=[
        Panel("plane", title="what C is asked to tell apart", xlabel="x", ylabel="z", xlim=(-4, 4),
              ylim=(-4, 4), aspect="equal", width=0.8),
        Panel("bars", title="exact, and read from 3,000 points", ylabel="nats", ylim=(-0.1, 2.2),
              legend=False, width=1.2),
    ],
    size=(10.5, 4.6),
    rho=Slider(0.0, 1.2, step=0.1, value=0.8, label="ρ: mean of the code is ρx"),
    tau2=Slider.of([0.05, 0.1, 0.2, 0.36, 0.5, 0.75, 1.0, 1.5], value=0.36, label="τ², its variance"),
    presets={"the prior, on the whole": {"rho": 0.8, "tau2": 0.36},
             "no information": {"rho": 0.0, "tau2": 1.0}, "too wide": {"rho": 1.0, "tau2": 1.5},
             "sharp codes": {"rho": 1.0, "tau2": 0.05}},
    alt="Pairs of a point and its code against pairs with a draw of the prior, and the parts of the "
    "KL that two "
    "classifiers see",
)

# %% [markdown]
# $C$ sees all codes at once, without knowing whose they are. It estimates $\mathrm{KL}(q(z)\Vert p(z))$ of the *aggregated* codes, and the mutual information $I(x,z)$ between a point and its code is missing: two of the three terms of [notebook 04](04_elbo_surgery.ipynb).

# %% tags=["claim:implicit-variational-kl"]
erratum(
    "implicit-variational-kl",
    ("KL read from C(z), 40,000 codes", round(price_seen(0.8, 0.36, False), 4) + 0.0),
    ("mean KL(q(z|x)‖p(z)), closed form", price_true(0.8, 0.36)[0]), tol=2e-2, digits=2,
    corrected="C must see x: E log C(x,z)/(1 - C(x,z)) for pairs of x with the prior against pairs "
    "with its codes; "
    "C(z) gives KL(q(z)‖p(z)) of the aggregated codes, which lacks I(x,z)",
    corrected_left=("KL read from C(x, z)", price_seen(0.8, 0.36, True)),
)

# %% [markdown]
# **The reconstruction term.** Multiply and divide by the data's density $p^*(x)$; this is exact. Take the decoder $x\mid z\sim\mathcal N(0.8z, 0.36)$: with $z\mid x\sim\mathcal N(0.8x, 0.36)$ it makes the perfect pair, $p_\theta = p^*$.

# %% name="synthetic"
z_code = codes_of(0.8, 0.36)
log_like = Normal(0.8 * z_code, 0.6).log_prob(x_data)
log_data = P.log_prob(x_data)
nodes, weights = np.polynomial.hermite_e.hermegauss(40)
nodes, weights = torch.from_numpy(nodes), torch.from_numpy(weights / weights.sum())
grid_x, grid_e = torch.meshgrid(nodes, nodes, indexing="ij")
joint = weights[:, None] * weights
grid_like = Normal(0.8 * (0.8 * grid_x + 0.6 * grid_e), 0.6).log_prob(grid_x)
exact_like = -0.5 * math.log(2 * math.pi * 0.36) - 0.5 * ((1 - 0.64) ** 2 + 0.64 * 0.36) / 0.36

# %% tags=["claim:synthetic-likelihood-identity"]
holds(
    "synthetic-likelihood-identity",
    ("E log p(x|z)/p*(x) + E log p*(x), by quadrature",
     (joint * (grid_like - P.log_prob(grid_x))).sum() + (joint * P.log_prob(grid_x)).sum()),
    ("E log p(x|z), closed form", exact_like),
)

# %% [markdown]
# Then U17 puts $\log\frac{D(G(z))}{1-D(G(z))}$ in the place of $\log\frac{p_\theta(x\mid z)}{p^*(x)}$. But $D/(1-D)$ estimates $p^*/q_\theta$: the data stand *above* the line, what is below is the distribution of all decoded points and not that of those from this $z$, and $x$ itself no longer occurs. For the perfect pair $D = \frac12$ everywhere.

# %% tags=["claim:synthetic-likelihood-estimate"]
decoded = 0.8 * z_code + 0.6 * torch.randn(n, generator=seeded(30))
w_D = train_classifier(products(x_data), products(decoded))
fresh_x = torch.randn(n, generator=seeded(31))  # a data point that has nothing to do with z
w_pair = train_classifier(products(decoded, z_code), products(fresh_x, z_code))
erratum(
    "synthetic-likelihood-estimate",
    ("E log D/(1 - D) at decoded points, as printed",
     round(float((products(decoded) @ w_D).mean()), 4) + 0.0),
    ("E log p(x|z)/p*(x), by quadrature", (joint * (grid_like - P.log_prob(grid_x))).sum()), tol=2e-2,
    digits=2,
    corrected="a classifier of pairs, decoded from z (label 1) against data with an unrelated z "
    "(label 0), read at "
    "(x, z); D alone says how real G(z) looks, not whether it resembles x",
    corrected_left=("E log D/(1 - D) at (x, z), D trained on pairs",
                    (products(x_data, z_code) @ w_pair).mean()),
)

# %% [markdown]
# ### An alpha-GAN, live
#
# So with both replacements nothing asks whether $G(E(x))$ resembles $x$, and nothing asks how much $z$ knows of $x$. The alpha-GAN's authors add a plain distance $\lambda\,\lVert x - G(E(x))\rVert_1$. Below, a network learns a ring of eight blobs with a latent plane, an encoder that gets $x$ and noise, and both classifiers.

# %% name="stored-games"
archive = stored()
for i, weight in enumerate(WEIGHTS):
    for j, sees in enumerate(SEES):
        rows = {name: archive[name][i, j] for name in ("modes", "on a mode", "error", "noise")}
        who = "C(x, z)" if sees else "C(z)   "
        print(f"λ = {weight:.0f}, {who} three seeds: modes {rows['modes'].astype(int)}, error "
              f"{np.round(rows['error'], 2)}, noise of a code {np.round(rows['noise'], 2)}")
some = DATA.sample(2000, seeded(40))
random_pairs = float((some[:1000] - some[1000:]).norm(dim=1).mean())
print(f"mean distance between two unrelated data points: {random_pairs:.2f}")

# %% name="predict-live" tags=["predict"]
no_distance = archive["error"][0, 0]
predict(
    "13.reconstruction",
    "λ = 0: both classifiers as the slide prints them, no distance. What will the reconstructions "
    "G(E(x)) be after "
    "3,000 steps?",
    choices=("near x", "on the ring, but where is left to chance", "anywhere in the plane"),
    answer=f"""On the ring, but where is left to chance: for three seeds the mean distance to x is
    {", ".join(f"{e:.2f}" for e in no_distance)}, where two unrelated data points are
    {random_pairs:.2f} apart. Nothing in the loss asks for it, so the first weights decide. With λ = 1 it is
    {archive["error"][1, 0].min():.2f} to {archive["error"][1, 0].max():.2f}.""",
)

# %% name="alpha-gan"
game = AlphaGan(seed=3, recon=0.0)

# %% name="live" tags=["picture"]
def draw_game(view, game):
    seen = game.look(300, 4)
    view["plane"].scatter("data", seen["x"], color="p", size=3, label="data")
    view["plane"].scatter("samples", seen["samples"], color="q", size=3, label="samples G(z)")
    view["rec"].scatter("x", seen["x"][:40], color="p", size=5, label="x")
    view["rec"].arrows("to", seen["x"][:40], seen["decoded"][:40] - seen["x"][:40], color="accent")
    view["codes"].scatter("codes", seen["codes"], color="third", size=3, label="codes")
    view["codes"].ellipse("prior", [0, 0], torch.eye(2), std=2, color="p", label="prior, 2 std")
    thin = max(1, len(game.when) // 200)
    view["path"].curve("error", game.when[::thin], game.error[::thin], color="accent", style="solid",
                       label="|x - G(E(x))|")
    view["path"].curve("noise", game.when[::thin], game.noise[::thin], color="third", style="solid",
                       label="noise of a code")
    view.readout("distance from x to its reconstruction", float(seen["error"]), ".3f")
    view.readout("standard deviation of the codes of one x", float(seen["noise"]), ".3f")

SQUARE = {"xlim": (-3.2, 3.2), "ylim": (-3.2, 3.2), "aspect": "equal"}
live = LiveTraining(
    game,
    draw_game,
    panels=[
        [Panel("plane", title="data and samples", xlabel="x₁", ylabel="x₂", **SQUARE),
         Panel("rec", title="from x to G(E(x))", xlabel="x₁", ylabel="x₂", **SQUARE),
         Panel("codes", title="codes E(x)", xlabel="z₁", ylabel="z₂", **SQUARE)],
        [Panel("path", title="while it trains", xlabel="step", ylabel="units of x; of z", ylim=(0, 5))],
    ],
    size=(11, 6.6),
    alt="Data and samples of an alpha-GAN while it trains, where its reconstructions go, its codes, "
    "and two errors",
    presets={"as printed, λ = 0": {"recon": 0.0, "sees_x": False},
             "with a distance": {"recon": 1.0, "sees_x": False}, "C sees x": {"recon": 1.0, "sees_x": True}},
    cap=20_000,
    recon=Slider(0.0, 5.0, step=0.25, value=0.0, label="λ, weight of the distance"),
    sees_x=Toggle(False, label="C sees x, too"),
)
live.run(150, progress=False)
live

# %% [markdown]
# Press Play. With $\lambda = 0$ the samples find the ring, and the arrows go where they like; raise $\lambda$ and they shrink. What $C$ sees matters as much (the table above): shown $x$ and with $\lambda = 0$, it drives the codes of *every* $x$ to the whole prior, whose standard deviation is 1: they forget $x$. With $\lambda = 1$ and $C(z)$ codes are sharp for free; a $C$ that sees $x$ charges for them, and the reconstructions stay worse.
#
# ## An open experiment
#
# Choose one and write down what you expect *before* you run it.
#
# - **A loss of your own.** `RatioLoss("mine", gain, price)` from `course_lib.adversarial` takes any convex $f$ as $f'$ and $rf'-f$ of $\log r$. Build $f(u) = u^{3/2}$. On which samples has it a minimum in the class $a + bx$?
# - **Two bandwidths.** The sum of two kernels is a kernel. In the picture of 13.6, which sum pulls at $m = 1$ *and* at $m = 8$?
# - **Rescue the ratio.** Mix: estimate $p/(\alpha p + (1-\alpha)q)$ with `fit_ratio`, by adding a share $\alpha$ of $x$ to $y$. How does the relative error at $m = 4$ depend on $\alpha$?

# %% name="open-experiment"
alpha = 0.2
x, y = two_samples(4.0, 0)
mixed_y = torch.cat([y, x[: int(alpha / (1 - alpha) * len(y))]])
table = torch.exp(-((T[:, None] - CENTRES) ** 2) / (2 * WIDTH**2))
mixed = table @ fit_ratio(x, mixed_y, CENTRES, WIDTH, 0.1)
true_mixed = 1 / (alpha + (1 - alpha) * torch.exp(4.0 * T - 8))
bulk = T.abs() < 2
worst = float((mixed - true_mixed)[bulk].abs().max())
print(f"α = {alpha}: largest error of p/(αp + (1-α)q) on |x| < 2: {worst:.2f}; it is at most {1 / alpha:.0f}")

# %% [markdown]
# ## What to remember
#
# - An IPM is a jury; its witness shows where $P$ and $Q$ differ. $\lvert f\rvert\le1$ gives *twice* the TV, slopes $\le1$ give $W$, the kernel's ball gives MMD, and the three expectations of $k$ are MMD *squared*.
# - $D/(1-D)$ is the ratio for equally many of both classes and the best $D$. Classifiers, f-divergences and least squares are one loss, $\mathbb E_q[rf'-f]-\mathbb E_p[f']$, with one minimiser; they differ in what an error costs.
# - On samples a minimum may not exist: least squares needs all real points inside the generated ones' hull, KL their mean, the logistic loss only that nothing separates them.
# - The loss that pulls the generator hardest is estimated worst. Differences (IPMs) can be learnt without overlap; bounded ones no longer pull there.
# - What a classifier does not see it does not count: $C(z)$ misses $I(x,z)$, and $D(G(z))$ does not ask for $x$.
# - Looking back on the course: variational methods (01-06) need densities and give bounds; adversarial ones (07-13) need samples and give ratios, differences or witnesses. Every one of them is as good as the class of functions that it optimises over.
#
# ## References
#
# - D. Ulyanov, *Implicit models* (U17), slides 2017.
# - S. Mohamed, B. Lakshminarayanan, *Learning in implicit generative models*, [arXiv:1610.03483](https://arxiv.org/abs/1610.03483), 2016: the four ways.
# - A. Gretton et al., *A kernel two-sample test*, JMLR 13, 2012. B. Sriperumbudur et al., *On integral probability metrics*, [arXiv:0901.2698](https://arxiv.org/abs/0901.2698), 2009.
# - M. Sugiyama, T. Suzuki, T. Kanamori, *Density-ratio matching under the Bregman divergence*, 2012; T. Kanamori, S. Hido, M. Sugiyama, *A least-squares approach to direct importance estimation*, JMLR 10, 2009; M. Sugiyama et al., *Density-difference estimation*, 2013.
# - A. Albert, J. Anderson, *On the existence of maximum likelihood estimates in logistic regression models*, 1984.
# - M. Rosca et al., *Variational approaches for auto-encoding generative adversarial networks*, [arXiv:1706.04987](https://arxiv.org/abs/1706.04987), 2017: alpha-GAN.
#
# Next: [14 · Judging samples](14_fid.ipynb).
