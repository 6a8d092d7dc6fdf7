# %% [markdown]
# # 11 · WGAN on disjoint supports in the plane
#
# *About two hours. Follows I24, "Wasserstein GAN" and "Gradient penalty"; UL p.24-30; I21, "Informal theoretical results" to the end; U17, "Optimal transport vs f-Divergence".*
#
# After this notebook you can
#
# - say why the distributions of data and generator almost never overlap, and what KL, JSD, total variation, MMD and $W$ say then, with their gradients;
# - tell which convergence implies which, with a sequence of distributions for each arrow that cannot be turned round;
# - compute a transport plan, its price in the dual, and the critic that belongs to it;
# - write a critic's step with clipped weights and with a gradient penalty, and predict where the penalty lets the slope settle;
# - say from measurements, not from hearsay, when a minimax generator stops learning and when it does not.
#
# **Recap.** $\pi$ is the distribution of the data, $p$ that of the generator $x = G(z)$. $\mathrm{KL}$ and $\mathrm{JSD}$ are measured in *nats*, the unit that belongs to the
# natural logarithm ($\log 2$ nats are one bit). $\mathrm{JSD}$ is the Jensen-Shannon divergence with the factors $\frac12$, at most $\log 2$; UL p.28 leaves them out, so its values are
# twice as large. The *total variation* $\delta$ is the largest difference between the probabilities that two distributions give to one and the same set: 0 when they are equal, 1 when they
# share nothing. The Wasserstein distance is the least cost of turning one distribution into the other,
#
# $$W(\pi, p) = \inf_\gamma \mathbb E_{(y, z)\sim\gamma}\Vert y - z\Vert = \max_{\Vert f\Vert_L\le1}\bigl[\mathbb E_\pi f - \mathbb E_p f\bigr],$$
#
# over all joint distributions $\gamma$ with the marginals $\pi$ and $p$ (the *plans*), or over all functions $f$ whose slope is nowhere steeper than 1 (the *critics*; section 11.4 shows why both are the same number).

# %% name="setup"
import math

import numpy as np
import torch
from scipy import optimize, stats
from torch.nn.functional import softplus

from course_lib.adversarial import AdversarialLoss, clip_weights, lipschitz_estimate
from course_lib.claims import convention, erratum, holds
from course_lib.data.digits import load_digits
from course_lib.device import trained_on
from course_lib.divergences import emd, emd_dual, gaussian_kernel, mmd2, pairwise_distances, wasserstein_1d
from course_lib.exercises import check, hint, owner, predict
from course_lib.lessons.n11_wgan_disjoint_supports import runs
from course_lib.networks import mlp
from course_lib.training import minimise, train
from course_lib.widgets import Choice, LiveTraining, Panel, Slider, Toggle, explore

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # the matrices are small: threads would only wait for each other
LOG2 = math.log(2)
INF = math.inf


def even(n):
    """n equal masses."""
    return torch.full((n,), 1 / n)


def kl(p, q):
    """KL(p||q) of two probability vectors; infinite where p has mass and q has none."""
    return float(torch.where(p > 0, p * (p.log() - q.log()), 0.0).sum())


def jsd(p, q):
    """The Jensen-Shannon divergence, in nats."""
    return (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2


def tv(p, q):
    """The total variation: half of the summed differences."""
    return float((p - q).abs().sum() / 2)

# %% [markdown]
# ## 11.1 Thin supports
#
# A generator with one noise variable draws a *curve*, whatever its network. A curve has no area: divide the square into boxes and count those that it meets.
#
# How much area is left when the boxes shrink?

# %% name="box-functions"
def hilbert(order):
    """The corners of Hilbert's curve of this order, 4**order points of the unit square."""
    z = torch.zeros(1, dtype=torch.complex128)
    for _ in range(order):
        z = (
            torch.cat(
                [1j * z.conj() - 0.5 - 0.5j, z - 0.5 + 0.5j, z + 0.5 + 0.5j, -1j * z.conj() + 0.5 - 0.5j]
            )
            / 2
        )
    return torch.stack([z.real, z.imag], dim=1) + 0.5


curve_network = mlp((1, 32, 32, 2), "tanh", seed=4)
with torch.no_grad():
    curve_network[0].weight.mul_(4)
    network_curve = curve_network(torch.linspace(-3, 3, 200_001)[:, None])
    low, high = network_curve.min(0).values, network_curve.max(0).values
    network_curve = 0.05 + 0.9 * (network_curve - low) / (high - low)


def boxes(points, k):
    """Which of the 2**k by 2**k boxes of the square some point meets."""
    cells = (points * 2**k).long().clamp(0, 2**k - 1)
    met = torch.zeros(2**k, 2**k)
    met[cells[:, 1], cells[:, 0]] = 1.0
    return met


def area_met(curve, k):
    """The area of the boxes of side 1/2**k that a curve meets, "network" or Hilbert's of order k."""
    return float(boxes(network_curve if curve == "network" else hilbert(k), k).mean())

# %% name="predict-boxes" tags=["predict"]
predict(
    "11.boxes",
    "A network with one noise variable: if the side of the boxes is halved, what becomes of the area of "
    "the boxes that its curve meets?",
    choices=("a quarter is left", "about half is left", "it stays as it is"),
    answer="About half is left: from side 1/128 to 1/256 the area falls by the factor "
    f"{area_met('network', 7) / area_met('network', 8):.2f}. Each box has a quarter of the area, but the "
    "curve meets about twice as many of them: their number grows like the length divided by the side.",
)

# %% name="box-counting" tags=["picture"]
def draw_boxes(view, curve, k):
    points = network_curve if curve == "network" else hilbert(k)
    view["plane"].heatmap("boxes", boxes(points, k), extent=(0, 1, 0, 1), limits=(0, 2), smooth=False)
    line = points if len(points) < 5000 else points[::40]
    view["plane"].curve("curve", line[:, 0], line[:, 1], color="q", width=1.2)
    ks = list(range(1, k + 1))
    areas = [area_met(curve, j) for j in ks]
    view["area"].curve("area", [2.0**-j for j in ks], areas, color="q", label="area of the boxes met, so far")
    view["area"].scatter("now", [[2.0**-k, areas[k - 1]]], color="accent", size=10)
    view.readout("side of a box", f"1/{2**k}")
    view.readout("area of the boxes that are met", areas[k - 1])


explore(
    draw_boxes,
    panels=[
        Panel(
            "plane",
            title="boxes that the curve meets",
            xlabel="x₁",
            ylabel="x₂",
            xlim=(0, 1),
            ylim=(0, 1),
            aspect="equal",
            legend=False,
        ),
        Panel(
            "area",
            title="their area",
            xlabel="side of a box",
            ylabel="area",
            xlim=(0.003, 0.6),
            ylim=(0.005, 1.5),
            xscale="log",
            yscale="log",
        ),
    ],
    curve=Choice({"a network G(z)": "network", "Hilbert's curve of order k": "hilbert"}, label="curve"),
    k=Slider(1, 8, step=1, value=2, label="k (side 2⁻ᵏ)"),
    alt="The boxes that a generator's curve meets, and their total area, which shrinks in proportion to "
    "the side of the boxes.",
)

# %% [markdown]
# The network's area shrinks like the side itself, to zero. Hilbert's curves converge to a *continuous* map from an interval onto the whole square: so continuity is
# not the reason, the bounded slope of a network is. A piece no longer than $\varepsilon$ meets at most four boxes of side $\varepsilon$, so a curve of length $L$ meets at most $4(L/\varepsilon + 1)$.

# %% tags=["claim:generator-manifold-measure-zero"]
length = float(network_curve.diff(dim=0).norm(dim=1).sum())
convention(
    "generator-manifold-measure-zero",
    ("area of the boxes met, side 1/1024", boxes(network_curve, 10).mean()),
    ("bound by the length of the curve", 4 * (length * 1024 + 1) / 1024**2),
    relation="<=",
    under="G is Lipschitz, as networks with the usual non-linearities are; a merely continuous G can "
    "fill the square",
)

# %% [markdown]
# For data there is no theorem, only measurement. Near a point of a $d$-dimensional set, the distances $r_1 < r_2$ to the two nearest neighbours obey
# $P(r_2/r_1 > u) = u^{-d}$, which gives the estimate $d = n / \sum\log(r_2/r_1)$.

# %% tags=["claim:data-low-dimensional"]
digits = load_digits(dtype=torch.float64)
images = torch.cat([digits.train, digits.held_out])
distances = torch.cdist(images, images).fill_diagonal_(INF)
nearest = distances.topk(2, largest=False).values
spread = torch.linalg.svdvals(images - images.mean(0)) ** 2
directions = 1 + int((spread.cumsum(0) < 0.95 * spread.sum()).sum())
convention(
    "data-low-dimensional",
    ("dimension of the digits", len(nearest) / (nearest[:, 1] / nearest[:, 0]).log().sum()),
    ("number of pixels", 64),
    relation="<",
    under="concentrated near means: as seen at the distance of the nearest neighbours; 95% of the "
    f"variance needs {directions} directions",
    digits=3,
)

# %% [markdown]
# So both distributions live on thin sets. Unless one was made to follow the other, two thin sets in a large space miss each other, or cross in a set of measure zero. Put them on
# different points, and each f-divergence is stuck at its worst value.

# %% tags=["claim:disjoint-kl-infinite"]
data_atoms, model_atoms = torch.tensor([0.5, 0.5, 0, 0]), torch.tensor([0.0, 0, 0.3, 0.7])
print(
    "Gaussians of width s at distance 1:", [f"s = {s}: KL = {1 / (2 * s**2):.0f}" for s in (0.5, 0.1, 0.01)]
)
holds(
    "disjoint-kl-infinite",
    ("both KL, the lectures", INF),
    ("the smaller, summed over four atoms", min(kl(data_atoms, model_atoms), kl(model_atoms, data_atoms))),
)

# %% tags=["claim:disjoint-jsd-log2"]
print(f"without the two halves, as UL p.28 defines JS: {2 * jsd(data_atoms, model_atoms):.6f} = log 4")
holds(
    "disjoint-jsd-log2",
    ("log 2", LOG2),
    ("JSD summed over four atoms", jsd(data_atoms, model_atoms)),
)

# %% [markdown]
# And the discriminator $D$, which maximises $V = \mathbb E_\pi\log D + \mathbb E_p\log(1 - D)$ in a GAN ([notebook 08](08_vanilla_gan_optimality.ipynb))? If the two sets keep a distance, a smooth $D$ can be 1 in a neighbourhood
# of the one and 0 in a neighbourhood of the other. Then $V = 0$, the largest value there is, and $D$ is flat wherever the generator looks: nothing is learned. If the sets *touch*, as $[0, 1)$ and $(1, 2]$ do, no smooth $D$ reaches the optimum, and any real one has a slope there.

# %% tags=["claim:disjoint-smooth-discriminator"]
def smooth_step(x):
    """1 up to x = 1.25, 0 from 1.75 on, and infinitely smooth between."""
    u = ((x - 1.25) / 0.5).clamp(1e-9, 1 - 1e-9)
    return torch.sigmoid(1 / u - 1 / (1 - u))


left_points = torch.linspace(0, 1, 501)
right_points = torch.linspace(2, 3, 501).requires_grad_(True)
D_left, D_right = smooth_step(left_points), smooth_step(right_points)
V_smooth = D_left.log().mean() + torch.log1p(-D_right).mean()
(slope_there,) = torch.autograd.grad(torch.log1p(-D_right).mean(), right_points)
touching = [-2 * float(torch.trapezoid(softplus(-s * left_points), left_points)) for s in (10.0, 100.0)]
print(f"steepest slope of the minimax loss at the generator's points: {float(slope_there.abs().max()):.1f}")
print(
    f"touching sets, D logistic with slope 10 and 100: V = {touching[0]:.4f} and {touching[1]:.4f}; its "
    "slope at the border is 2.5 and 25"
)
convention(
    "disjoint-smooth-discriminator",
    ("V of the smooth D, at distance 1", V_smooth.detach()),
    ("sup of V", 0.0),
    under="the supports are closed sets, so that they do not touch, and the generator descends the "
    "minimax loss",
)

# %% [markdown]
# ### Noise brings the gradient back
#
# Add noise $\mathcal N(0, \sigma^2)$ to everything that the discriminator sees. For two segments at a distance $\theta$, the noisy distributions differ only in $x_1$, where they are two
# Gaussians.

# %% name="noise-functions"
nodes = torch.linspace(-14, 14, 1401)
normal = torch.exp(-(nodes**2) / 2) / math.sqrt(2 * math.pi)


def noisy_jsd(theta, sigma):
    """JSD between N(0, sigma^2) and N(theta, sigma^2) by quadrature, in nats; theta of shape (k,)."""
    d = torch.as_tensor(theta).reshape(-1, 1).abs() / sigma
    # With z = x / sigma the logarithm of q/p is d z - d^2/2: no ratio of two tiny numbers is formed.
    return LOG2 - torch.trapezoid(normal * softplus(nodes * d - d**2 / 2), nodes, dim=1)


def noisy_slope(theta, sigma):
    """Its derivative with respect to theta > 0, under the integral sign."""
    d = theta / sigma
    # Nodes are counted from the middle between the two: when they are far apart, all of it lies there.
    weight = torch.exp(-((nodes + d / 2) ** 2) / 2) / math.sqrt(2 * math.pi)
    return float(torch.trapezoid(weight * (d / 2 - nodes) * torch.sigmoid(nodes * d), nodes)) / sigma


best_sigma = optimize.minimize_scalar(lambda s: -noisy_slope(1.0, s), bounds=(0.05, 2), method="bounded").x

# %% name="predict-noise" tags=["predict"]
predict(
    "11.noise",
    "Which standard deviation σ of the noise gives θ the strongest gradient at θ = 1?",
    choices=("a tiny one, 0.1", "one between, about 0.4", "a huge one, 2"),
    answer=f"One between: dJSD/dθ is largest at σ = {best_sigma:.2f}, {noisy_slope(1.0, best_sigma):.2f} "
    f"nats a unit of length. At σ = 0.1 it is {noisy_slope(1.0, 0.1):.1e}: the segments are still apart. "
    f"At σ = 2 it is {noisy_slope(1.0, 2.0):.3f}: everything looks alike.",
)

# %% name="noise" tags=["picture"]
jitter = torch.randn(2, 200, 2, generator=torch.Generator().manual_seed(0))
heights = torch.rand(2, 200, generator=torch.Generator().manual_seed(1))
thetas = torch.linspace(-2, 2, 161)


def draw_noise(view, sigma, theta):
    for index, (name, at, color) in enumerate((("data", 0.0, "p"), ("generator", theta, "q"))):
        points = torch.stack([torch.full((200,), at), heights[index]], 1) + sigma * jitter[index]
        view["plane"].scatter(name, points, color=color, size=3, alpha=0.6, label=name)
    x = torch.linspace(-2, 3, 251)
    view["D"].curve(
        "D", x, torch.sigmoid(-(theta / sigma**2) * (x - theta / 2)), color="third", label="D* with noise"
    )
    view["D"].vline("data", 0.0, color="p", style="-")
    view["D"].vline("generator", theta, color="q", style="-")
    view["jsd"].curve("jsd", thetas, noisy_jsd(thetas, sigma), color="accent", label="JSD with noise")
    here, slope = float(noisy_jsd(theta, sigma)), noisy_slope(theta, sigma) if theta else 0.0
    view["jsd"].curve(
        "tangent",
        [theta - 0.5, theta + 0.5],
        [here - slope / 2, here + slope / 2],
        color="muted",
        label="its slope",
    )
    view["jsd"].scatter("now", [[theta, here]], color="q", size=9)
    view.readout("JSD", here)
    view.readout("dJSD/dθ", slope, ".2e")


explore(
    draw_noise,
    panels=[
        Panel(
            "plane",
            title="what the discriminator sees",
            xlabel="x₁",
            ylabel="x₂",
            xlim=(-2, 3),
            ylim=(-1.5, 2.5),
        ),
        Panel(
            "D",
            title="the best discriminator",
            xlabel="x₁",
            ylabel="D*(x₁)",
            xlim=(-2, 3),
            ylim=(-0.05, 1.05),
        ),
        Panel("jsd", title="JSD against θ", xlabel="θ", ylabel="nats", xlim=(-2, 2), ylim=(-0.05, 0.8)),
    ],
    sigma=Slider.of(
        [0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0], label="noise σ"
    ),
    theta=Slider(0.0, 2.0, step=0.05, value=1.0, label="θ"),
    presets={"almost none": {"sigma": 0.02}, "helpful": {"sigma": 0.5}, "too much": {"sigma": 2.0}},
    size=(12, 4),
    alt="Two noisy segments, the optimal discriminator between them, and the Jensen-Shannon divergence "
    "as a function of their distance.",
)

# %% tags=["claim:noise-smooths"]
wide = torch.linspace(-1, 2, 3001)
uniform_p, uniform_q = ((wide - at).abs() <= 0.2 for at in (0.0, 1.0))
still = jsd(uniform_p / uniform_p.sum(), uniform_q / uniform_q.sum())
print(f"uniform noise on [-0.2, 0.2] instead, θ = 1: JSD = {still:.4f} = log 2, as without noise")
convention(
    "noise-smooths",
    ("dJSD/dθ at θ = 1, noise σ = 0.5", noisy_slope(1.0, 0.5)),
    ("without noise", 0.0),
    relation=">",
    under="the noise is Gaussian: smooth, and with a density everywhere; uniform noise narrower than the "
    "gap leaves edges and disjoint supports",
    digits=4,
)

# %% [markdown]
# ## 11.2 Two parallel segments
#
# The example of I21 and U17: $\pi$ is uniform on the segment $\{0\}\times[0, 1]$, $p$ on $\{\theta\}\times[0,1]$. All mass moves sideways by $|\theta|$. On the discriminator's side nothing
# changes with $\theta$, as long as it is not zero. We check the values on segments of 64 points each.

# %% name="segments"
levels = (torch.arange(64) + 0.5) / 64


def segment(theta, n=64):
    """n points on the segment at x1 = theta, shape (n, 2)."""
    return torch.stack([torch.full((n,), float(theta)), (torch.arange(n) + 0.5) / n], dim=1)


def on_common_atoms(theta):
    """Both distributions as probability vectors on the union of their points."""
    if theta == 0:
        return even(64), even(64)
    return torch.cat([even(64), torch.zeros(64)]), torch.cat([torch.zeros(64), even(64)])


def segment_w(theta):
    return float(emd(even(64), even(64), pairwise_distances(segment(0), segment(theta)))[0])

# %% tags=["claim:parallel-kl"]
P, Q = on_common_atoms(0.5)
print(f"θ = 0: KL = {kl(*on_common_atoms(0)):.1f}; θ = 0.5: {kl(P, Q)} and {kl(Q, P)}")
holds("parallel-kl", ("the slides, θ = 0.5", INF), ("min of both KL on the points", min(kl(P, Q), kl(Q, P))))

# %% tags=["claim:parallel-jsd"]
holds("parallel-jsd", ("log 2, for every θ other than 0", LOG2), ("JSD on the points, θ = 0.5", jsd(P, Q)))

# %% tags=["claim:parallel-w-abs"]
holds("parallel-w-abs", ("|θ| at θ = -0.7", 0.7), ("W by the assignment problem", segment_w(-0.7)))

# %% tags=["claim:parallel-w-theta"]
erratum(
    "parallel-w-theta",
    ("U17: θ, at θ = -0.7", -0.7),
    ("W by the assignment problem", segment_w(-0.7)),
    corrected="W = |θ|: a distance is not negative",
    corrected_left=("|θ|", 0.7),
)

# %% tags=["claim:js-kl-not-continuous"]
print(f"W at θ = 1e-9: {segment_w(1e-9):.0e}; at θ = 0: {segment_w(0):.0f}")
holds(
    "js-kl-not-continuous",
    ("JSD at θ = 1e-9", jsd(*on_common_atoms(1e-9))),
    ("JSD at θ = 0", jsd(*on_common_atoms(0))),
    relation=">",
)

# %% [markdown]
# ### Exercise 11.1 · $W$ on a line
#
# On a line no linear programme is needed. Write $W_1$ between two samples of equal size in one line. `hint("11.w1_sorted")` helps, one step at each call.

# %% tags=["exercise:11.w1_sorted"]
def w1_sorted(x, y):
    """W1 between two samples x and y, both of shape (n,), each point with mass 1/n."""
    # region solution
    return (torch.sort(x).values - torch.sort(y).values).abs().mean()
    # endregion


w1_sorted = check("11.w1_sorted", w1_sorted)

# %% [markdown]
# ### Exercise 11.2 · Four slopes in θ, above all that of an MMD
#
# The maximum mean discrepancy compares mean similarities, $\mathrm{MMD}^2 = \mathbb E\,k(x, x') - 2\,\mathbb E\,k(x, y) + \mathbb E\,k(y, y')$. With the kernel $k = \exp(-\Vert x-y\Vert^2/2b^2)$ the two segments give $\mathrm{MMD}^2 = 2A\,(1 - e^{-\theta^2/2b^2})$, where the *overlap* $A$ is the mean of the kernel over two independent heights.
# For $\theta \ne 0$, return the derivatives of (JSD, total variation, $W$, $\mathrm{MMD}^2$) with respect to $\theta$, in this order. Three are short; the work is the last one.

# %% tags=["exercise:11.theta_gradients"]
def theta_gradients(theta, bandwidth, overlap):
    """d/dtheta of (JSD, total variation, W, MMD^2), a tensor of shape (4,), for theta other than 0.

    theta: 0-dim tensor, where the second segment stands. bandwidth: b, overlap: A, 0-dim tensors.
    """
    # region solution
    zero = torch.zeros_like(theta)
    mmd2_slope = 2 * overlap * theta / bandwidth**2 * torch.exp(-(theta**2) / (2 * bandwidth**2))
    return torch.stack([zero, zero, torch.sign(theta), mmd2_slope])
    # endregion


theta_gradients = check("11.theta_gradients", theta_gradients)

# %% name="overlap"
def overlap_of(b):
    """A: the mean of the kernel with the bandwidth b over two independent heights."""
    return torch.exp(-((levels[:, None] - levels) ** 2) / (2 * b**2)).mean()


def mmd_slope(theta, b):
    """The derivative of MMD² in θ, from your function."""
    return float(theta_gradients(torch.tensor(theta), torch.tensor(b), overlap_of(b))[3])

# %% name="predict-two-segments" tags=["predict"]
predict(
    "11.two_segments",
    "The second segment moves away, from θ = 0 to θ = 2; the MMD has the bandwidth b = 0.5. Which slope "
    "rises and then dies out?",
    choices=("that of W", "that of MMD²", "those of both", "that of JSD"),
    answer=f"That of MMD²: {mmd_slope(0.05, 0.5):.2f} at θ = 0.05, {mmd_slope(0.5, 0.5):.2f} at θ = 0.5, "
    f"and {mmd_slope(2.0, 0.5):.1e} at θ = 2, four bandwidths away. W has the slope 1 everywhere to the "
    "right of 0; JSD and total variation jump at 0 and have the slope 0 everywhere else.",
)

# %% name="two-segments" tags=["picture"]
theta_grid = torch.cat([torch.linspace(-2, -0.001, 100), torch.zeros(1), torch.linspace(0.001, 2, 100)])


def draw_segments(view, theta, bandwidth):
    for name, at, color in (("π", 0.0, "p"), ("p", theta, "q")):
        view["plane"].curve(name, [at, at], [0, 1], color=color, width=3, label=name)
    if theta:
        view["plane"].arrows(
            "moves",
            torch.stack([torch.zeros(5), torch.linspace(0.1, 0.9, 5)], 1),
            torch.stack([torch.full((5,), theta), torch.zeros(5)], 1),
            color="muted",
        )
    A = overlap_of(bandwidth)
    seen = theta_grid[theta_grid.abs() <= abs(theta) + 1e-9]  # the curves go as far as you have moved
    away = (seen != 0).double()
    mmd_curve = 2 * A * (1 - torch.exp(-(seen**2) / (2 * bandwidth**2)))
    plot = view["values"]
    plot.curve("KL", seen, torch.where(away > 0, 2.3, torch.nan), color="third", label="KL, both ways: ∞")
    plot.curve("W", seen, seen.abs(), color="p", label="W")
    plot.curve("TV", seen, away, color="fifth", style=":", label="total variation")
    plot.curve("JSD", seen, LOG2 * away, color="q", label="JSD")
    plot.curve("MMD", seen, mmd_curve, color="fourth", label="MMD²")
    plot.vline("now", theta)
    t = torch.tensor(float(theta))
    bars = theta_gradients(t, torch.tensor(float(bandwidth)), A) if theta else torch.zeros(4)
    view["slopes"].bars(
        "slopes", ["JSD", "TV", "W", "MMD²"], bars, color=["q", "fifth", "p", "fourth"], values=".2f"
    )
    view["slopes"].title(f"d/dθ ({owner(theta_gradients)})" if theta else "d/dθ: W has a kink here")
    view.readout("KL", INF if theta else 0.0)
    view.readout("JSD", LOG2 * bool(theta))
    view.readout("W", abs(theta))
    view.readout("MMD²", float(2 * A * (1 - math.exp(-(theta**2) / (2 * bandwidth**2)))))


explore(
    draw_segments,
    panels=[
        Panel(
            "plane",
            title="the segments",
            xlabel="x₁",
            ylabel="x₂",
            xlim=(-2.1, 2.1),
            ylim=(-0.2, 1.2),
            width=0.9,
        ),
        Panel(
            "values",
            title="divergence against θ",
            xlabel="θ",
            ylabel="value (KL off the scale)",
            xlim=(-2, 2),
            ylim=(-0.1, 2.5),
            width=1.2,
        ),
        Panel("slopes", title="d/dθ", ylabel="slope", ylim=(-3, 3), width=0.8, legend=False),
    ],
    theta=Slider(-2.0, 2.0, step=0.05, value=0.05, label="θ"),
    bandwidth=Slider(0.1, 2.0, step=0.05, value=0.5, label="bandwidth b of MMD"),
    presets={"the same": {"theta": 0.0}, "nearly the same": {"theta": 0.05}, "far": {"theta": 2.0}},
    size=(12, 4.2),
    alt="Two parallel segments; KL is infinite, JSD and total variation are constant, W is the absolute "
    "value of theta, MMD levels off.",
)

# %% [markdown]
# MMD has a gradient too, without any transport; but far beyond its bandwidth it levels off as well. Does our formula for it agree with the estimator of the library?

# %% name="mmd-check"
by_points = mmd2(segment(0), segment(0.8), gaussian_kernel(0.5), unbiased=False)
by_formula = 2 * overlap_of(0.5) * (1 - math.exp(-(0.8**2) / 0.5))
print(f"MMD² at θ = 0.8, b = 0.5: from points {float(by_points):.6f}, by the formula {float(by_formula):.6f}")

# %% [markdown]
# **Continuity.** I21's theorem 1 says that $W(\pi, p_\theta)$ is continuous in $\theta$ for *any* feed-forward network with $\mathbb E\Vert z\Vert < \infty$. The reason is
# $|W(\pi, p_\theta) - W(\pi, p_{\theta'})| \le \mathbb E\Vert G_\theta(z) - G_{\theta'}(z)\Vert$, and it needs non-linearities that are Lipschitz. With a threshold unit the segment jumps, and $W$ with it; with a
# unit that squares, $W$ can be infinite. The theorem also says "differentiable almost everywhere". With Lipschitz units $W$ is Lipschitz in $\theta$ on every bounded set of parameters,
# and such a function has kinks on a set of measure zero only (Rademacher). The kinks are real: $|\theta|$ has one at 0, exactly where the generator should arrive.

# %% name="continuity" tags=["picture"]
UNITS = {"ReLU": torch.relu, "tanh": torch.tanh, "threshold": lambda t: (t > 0).double()}


def draw_continuity(view, unit, theta):
    at = float(UNITS[unit](torch.tensor(theta)))
    view["plane"].curve("data", [0, 0], [0, 1], color="p", width=3, label="data")
    view["plane"].curve("model", [at, at], [0, 1], color="q", width=3, label="G(z) = (unit(θ), z)")
    for name, part in (("left", thetas[thetas <= 0]), ("right", thetas[thetas > 0])):
        view["W"].curve(name, part, UNITS[unit](part).abs(), color="p", label="W" if name == "left" else None)
    view["W"].scatter("now", [[theta, abs(at)]], color="q", size=9)
    view.readout("W", abs(at))


explore(
    draw_continuity,
    panels=[
        Panel(
            "plane",
            title="the two distributions",
            xlabel="x₁",
            ylabel="x₂",
            xlim=(-1.2, 2.2),
            ylim=(-0.2, 1.2),
        ),
        Panel("W", title="W against the parameter", xlabel="θ", ylabel="W", xlim=(-2, 2), ylim=(-0.1, 2.1)),
    ],
    unit=Choice(list(UNITS), value="threshold", label="unit"),
    theta=Slider(-2.0, 2.0, step=0.05, value=-0.05, label="θ"),
    alt="W as a function of a generator's parameter: continuous for ReLU and tanh, with a jump for a "
    "threshold unit.",
)

# %% tags=["claim:w-continuity-theorem"]
with torch.no_grad():
    z = torch.randn(200, 1, generator=torch.Generator().manual_seed(0))
    one, other = mlp((1, 16, 2), "relu", seed=0), mlp((1, 16, 2), "relu", seed=0)
    for parameter in other.parameters():
        parameter.add_(1e-3)
    to_data = lambda network: float(
        emd(even(200), even(200), pairwise_distances(network(z), segment(0, 200)))[0]
    )
    change, bound = abs(to_data(other) - to_data(one)), float((other(z) - one(z)).norm(dim=1).mean())
print("a threshold unit instead: W jumps by 1 between θ = 0 and θ = 1e-9")
grid = torch.arange(-500, 501) / 250
one_sided = [(torch.relu(grid + h).abs() - torch.relu(grid).abs()) / h for h in (-1e-6, 1e-6)]
kinks = grid[(one_sided[0] - one_sided[1]).abs() > 1e-3]
print(
    f"the ReLU unit of the picture: left and right slope of W differ at {len(kinks)} of 1,001 places, θ =",
    *kinks.tolist(),
)
convention(
    "w-continuity-theorem",
    ("change of W, weights moved by 0.001", change),
    ("E‖change of G(z)‖, which goes to 0", bound),
    relation="<=",
    under="the non-linearities are Lipschitz (ReLU, tanh, ...); threshold units make W jump, squaring "
    "ones may make it infinite",
)

# %% [markdown]
# ## 11.3 Which convergence is the easier one?
#
# A distribution on $[0, 1]$ is given below by a density on 1,000 cells and by atoms. Five sequences $P_n \to P$, and every distance computed for each.

# %% name="sequences"
cells = (torch.arange(1000) + 0.5) / 1000
flat, nothing = torch.ones(1000), torch.zeros(1000)
SEQUENCES = {  # n to (density and atoms of P_n), (density and atoms of P)
    "a point that moves: δ(1/n) → δ(0)": lambda n: ((nothing, {1 / n: 1.0}), (nothing, {0.0: 1.0})),
    "n grid points → uniform": lambda n: ((nothing, {(i + 0.5) / n: 1 / n for i in range(n)}), (flat, {})),
    "n waves → uniform": lambda n: ((1 + 0.9 * torch.sin(2 * math.pi * n * cells), {}), (flat, {})),
    "a spike of mass 1/n → uniform": lambda n: (((1 - 1 / n) * flat, {0.5: 1 / n}), (flat, {})),
    "a slope of 1/n → uniform": lambda n: ((1 + (2 * cells - 1) / n, {}), (flat, {})),
}


def as_vectors(P, Q):
    """Both distributions as probability vectors on the same cells and atoms; where these stand."""
    places = sorted({*P[1], *Q[1]})
    vector = lambda one: torch.cat([one[0] / 1000, torch.tensor([one[1].get(a, 0.0) for a in places])])
    return vector(P), vector(Q), torch.cat([cells, torch.tensor(places)])


def distances_between(P, Q):
    p, q, places = as_vectors(P, Q)
    order = places.argsort(stable=True)
    # W1 on a line is the area between the distribution functions.
    steps = torch.diff(places[order], append=places.new_ones(1))
    w = float(((p - q)[order].cumsum(0).abs() * steps).sum())
    return {"KL(Pₙ‖P)": kl(p, q), "KL(P‖Pₙ)": kl(q, p), "JSD": jsd(p, q), "TV": tv(p, q), "W": w}


waves = [distances_between(*SEQUENCES["n waves → uniform"](n)) for n in (4, 64)]

# %% name="predict-sequences" tags=["predict"]
predict(
    "11.sequences",
    "Which of these sequences has densities that are finite and positive everywhere, and yet goes to its "
    "limit in W only?",
    choices=("n grid points", "n waves", "a spike of mass 1/n", "a slope of 1/n"),
    answer=f"The waves: from n = 4 to n = 64 their W falls from {waves[0]['W']:.3f} to "
    f"{waves[1]['W']:.4f}, and KL, JSD and total variation do not move ({waves[0]['JSD']:.3f} and "
    f"{waves[1]['JSD']:.3f} nats of JSD): each wave is as high as before, only its earth has a shorter "
    "way. The grid points go in W only too, but have no densities; the spike goes in all but one KL, the "
    "slope in all of them. The table below has the numbers.",
)

# %% name="sequences-picture" tags=["picture"]
def draw_sequence(view, sequence, n):
    P, Q = SEQUENCES[sequence](n)
    p, q, places = as_vectors(P, Q)
    order = places.argsort(stable=True)
    start = torch.tensor([0.0])
    staircase = lambda mass: torch.cat([start, mass[order].cumsum(0)]).repeat_interleave(2)[1:]
    x = torch.cat([start, places[order]]).repeat_interleave(2)
    x = torch.cat([x[1:], torch.ones(1)])[: 2 * len(places) + 1]
    F, G = staircase(p), staircase(q)
    view["cdf"].fill("between", x, F, G, color="accent", alpha=0.3, label="W is this area")
    view["cdf"].curve("P", x, G, color="p", label="P")
    view["cdf"].curve("Pn", x, F, color="q", label="Pₙ")
    found = distances_between(P, Q)
    view["bars"].bars(
        "d", list(found), list(found.values()), color=["third", "third", "q", "fifth", "p"], values=".3f"
    )
    for label, value in found.items():
        view.readout(label, value)


explore(
    draw_sequence,
    panels=[
        Panel(
            "cdf",
            title="distribution functions",
            xlabel="x",
            ylabel="probability of [0, x]",
            xlim=(-0.02, 1.02),
            ylim=(-0.02, 1.05),
        ),
        Panel("bars", title="distances", ylabel="nats; TV a share, W a length", ylim=(0, 1.1), legend=False),
    ],
    sequence=Choice(list(SEQUENCES), label="sequence"),
    n=Slider(1, 64, step=1, value=1, label="n", play=True),
    size=(11, 4.2),
    alt="Distribution functions of one member of a sequence and of its limit, and bars of five distances "
    "between them, some of them infinite.",
)

# %% name="sequences-table"
print(f"{'':37s}" + "".join(f"{name:>17s}" for name in ("KL(Pₙ‖P)", "KL(P‖Pₙ)", "JSD", "TV", "W")))
for name, make in SEQUENCES.items():
    small, large = (distances_between(*make(n)) for n in (4, 64))
    print(f"{name:37s}" + "".join(f"{f'{small[k]:.3f} → {large[k]:.3f}':>17s}" for k in small))

# %% [markdown]
# Behind the theorem (UL p.29, I21 theorem 2) stand three inequalities. On a space of diameter $R$, for any two distributions with the total variation $\delta$,
#
# $$\tfrac12\delta^2 \le \mathrm{JSD} \le \delta\log 2, \qquad \delta \le \sqrt{\mathrm{KL}/2}, \qquad W \le R\,\delta .$$
#
# We try them on 2,000 random pairs of distributions on 12 points of $[0, 1]$, from nearly equal to nearly disjoint ones.

# %% name="random-pairs"
rng = np.random.default_rng(0)
pairs = []
for _ in range(2000):
    p = rng.dirichlet(np.full(12, rng.choice([0.1, 0.5, 3.0])))
    q = rng.dirichlet(np.full(12, rng.choice([0.1, 0.5, 3.0])))
    q = p + rng.uniform(0.001, 1) * (q - p)
    x = np.sort(rng.uniform(size=12))
    pairs.append((torch.tensor(p), torch.tensor(q), torch.tensor(x)))
TVs, JSDs = torch.tensor([[tv(p, q), jsd(p, q)] for p, q, _ in pairs]).T
KLs = torch.tensor([min(kl(p, q), kl(q, p)) for p, q, _ in pairs])
Ws = torch.tensor([float(wasserstein_1d(x, x, weights_x=p, weights_y=q)) for p, q, x in pairs])

# %% tags=["claim:tv-js-equivalence"]
print(f"smallest JSD / (δ²/2) of all pairs: {float((JSDs / (TVs**2 / 2)).min()):.4f}, at least 1")
holds(
    "tv-js-equivalence",
    ("largest JSD / (δ log 2)", (JSDs / (TVs * LOG2)).max()),
    ("the bound", 1.0),
    relation="<=",
)

# %% tags=["claim:kl-implies-tv"]
spike = distances_between(*SEQUENCES["a spike of mass 1/n → uniform"](64))
print(
    f"not the other way round: a spike of mass 1/64 has δ = {spike['TV']:.4f} and KL(Pₙ‖P) = "
    f"{spike['KL(Pₙ‖P)']}"
)
holds(
    "kl-implies-tv",
    ("largest δ / sqrt(KL/2)", (TVs / (KLs / 2).sqrt()).max()),
    ("Pinsker's bound", 1.0),
    relation="<=",
)

# %% tags=["claim:tv-implies-w"]
holds("tv-implies-w", ("largest W / (R δ), R = 1", (Ws / TVs).max()), ("the bound", 1.0), relation="<=")

# %% tags=["claim:arjovsky-chain-i21"]
chain = torch.maximum(JSDs / (LOG2 * (KLs / 2).sqrt()), Ws / (2 * JSDs).sqrt())
holds(
    "arjovsky-chain-i21",
    ("largest JSD/(log2√(KL/2)), W/√(2JSD)", chain.max()),
    ("the bound of both links", 1.0),
    relation="<=",
)

# %% tags=["claim:w-weaker-than-js"]
grid_points = distances_between(*SEQUENCES["n grid points → uniform"](64))
holds(
    "w-weaker-than-js",
    ("W of 64 grid points to uniform", grid_points["W"]),
    ("their JSD, for every n", grid_points["JSD"]),
    relation="<",
    digits=3,
)

# %% [markdown]
# Weak convergence itself has a distance: Lévy's, the smallest $\ell$ with $F(x-\ell)-\ell \le G(x) \le F(x+\ell)+\ell$ for all $x$. On $[0, 1]$ it is squeezed by $W$: $\ell^2 \le W \le 3\ell$. So both go to
# zero together. On the whole line they do not: mass $1/n$ carried to the place $n$ vanishes weakly, and its $W$ is 1 for ever.

# %% tags=["claim:w-weak-convergence"]
def levy(p, q, x):
    """Levy's distance of two distributions on sorted points x, by bisection."""
    F, G = p.cumsum(0), q.cumsum(0)
    at = lambda C, t: torch.where(t < x[0], 0.0, C[(torch.searchsorted(x, t, right=True) - 1).clamp(min=0)])
    low, high = 0.0, 1.0
    for _ in range(40):
        l = (low + high) / 2
        fits = bool((at(F, x + l) + l + 1e-12 >= G).all() and (at(G, x + l) + l + 1e-12 >= F).all())
        low, high = (low, l) if fits else (l, high)
    return high


levys = torch.tensor([levy(*pair) for pair in pairs[:300]])
print(f"largest ℓ²/W of 300 pairs: {float((levys**2 / Ws[:300]).max()):.3f}, at most 1")
far = [float(wasserstein_1d([0.0], [0.0, float(n)], weights_y=[1 - 1 / n, 1 / n])) for n in (10, 1000)]
print(
    f"on the whole line, (1 - 1/n) δ(0) + (1/n) δ(n) against δ(0): W = {far[0]:.1f} for n = 10, "
    f"{far[1]:.1f} for n = 1000"
)
holds(
    "w-weak-convergence",
    ("largest W / (3 ℓ) of 300 pairs", (Ws[:300] / (3 * levys)).max()),
    ("the bound", 1.0),
    relation="<=",
)

# %% [markdown]
# ## 11.4 Transport that one can touch
#
# The piles of I21: $P = (3, 2, 1, 4)$ is to become $Q = (1, 2, 4, 3)$. Carry earth between neighbouring places; a shovel costs 1 a place. A negative number carries to the left.

# %% name="piles" tags=["picture"]
PILES, WANTED = torch.tensor([3.0, 2, 1, 4]), torch.tensor([1.0, 2, 4, 3])
place = torch.arange(4.0)
best_cost, best_plan = emd(PILES / 10, WANTED / 10, (place[:, None] - place).abs())


def draw_piles(view, first, second, third):
    moves = torch.tensor([first, second, third], dtype=torch.float64)
    now = PILES.clone()
    now[:-1] -= moves
    now[1:] += moves
    view["piles"].bars("now", ["1", "2", "3", "4"], now, color="q", label="your piles", values=".0f")
    edges = torch.tensor([-0.45, 0.45])
    for i in range(4):
        view["piles"].curve(
            f"wanted{i}",
            i + edges,
            [WANTED[i]] * 2,
            color="p",
            style="-",
            width=3,
            label="wanted" if i == 0 else None,
        )
    view["plan"].heatmap("plan", 10 * best_plan, extent=(0.5, 4.5, 0.5, 4.5), limits=(0, 4), smooth=False)
    for i in range(4):
        for j in range(4):
            view["plan"].text(f"{i}{j}", j + 1, i + 1, f"{10 * float(best_plan[i, j]):.0f}", align="center")
    view.readout("your cost", float(moves.abs().sum()), ".0f")
    view.readout("least cost, by the linear programme", 10 * float(best_cost), ".0f")
    wrong = float((now - WANTED).abs().sum())
    view.readout("solved", "yes" if wrong == 0 else f"no, {wrong / 2:.0f} misplaced")


explore(
    draw_piles,
    panels=[
        Panel("piles", title="earth", xlabel="place", ylabel="shovels", ylim=(-4, 9)),
        Panel(
            "plan", title="a best plan", xlabel="to", ylabel="from", aspect="equal", legend=False, width=0.8
        ),
    ],
    first=Slider(-4, 4, step=1, value=0, label="1 → 2"),
    second=Slider(-4, 4, step=1, value=0, label="2 → 3"),
    third=Slider(-4, 4, step=1, value=0, label="3 → 4"),
    presets={"solution": {"first": 2, "second": 2, "third": -1}},
    alt="Four piles of earth, the wanted piles, and a best transport plan as a matrix.",
)

# %% [markdown]
# ### Exercise 11.3 · What a plan costs
#
# A plan is a matrix: entry $(i, j)$ is the mass that goes from $x_i$ to $y_j$. Write its cost $\mathbb E\Vert x - y\Vert$, here for places in the plane.

# %% tags=["exercise:11.plan_cost"]
def plan_cost(plan, x, y):
    """E ||x - y|| under a plan: plan (n, m), masses that sum to 1; x (n, 2) and y (m, 2), the places."""
    # region solution
    return (plan * torch.linalg.vector_norm(x[:, None] - y[None], dim=-1)).sum()
    # endregion


plan_cost = check("11.plan_cost", plan_cost)

# %% [markdown]
# **Why both sides are the same number.** For any plan $\gamma$ and any $f$ of slope at most 1, $\mathbb E_\pi f - \mathbb E_p f = \mathbb E_\gamma[f(y) - f(z)] \le \mathbb E_\gamma\Vert y - z\Vert$: no gap is
# larger than any cost. For equality, ask the linear programme of the plan for its prices: numbers $u_i$ and $v_j$ with $u_i + v_j \le \Vert y_i - z_j\Vert$, whose total $\mathbb E u + \mathbb E v$ is the cost of the best plan
# (the duality of linear programmes; [notebook 10](10_optimal_transport.ipynb), section 10.4, proves it). They make a critic, $f(x) = \min_j\,(\Vert x - z_j\Vert - v_j)$: it has slope at most 1, as each of the functions under the minimum has, $f(z_j) \le -v_j$ (take $x = z_j$) and
# $f(y_i) \ge u_i$ (that is the inequality of the prices). So its gap is at least $\mathbb E u + \mathbb E v$, the cost of the best plan. The programme gives prices at the points only; $f$ is a function on the whole plane.
#
# ### Exercise 11.4 · From prices to a function
#
# Among all 1-Lipschitz functions with $f(a_j) = v_j$ at the anchors, write the largest one, $f(x) = \min_j\,(v_j + \Vert x - a_j\Vert)$, at points $x$.

# %% tags=["exercise:11.extend_potential"]
def extend_potential(values, anchors, x):
    """The largest 1-Lipschitz function with these values, at x.

    values (n,), anchors (n, 2), x (k, 2); returns (k,).
    """
    # region solution
    return (values + torch.cdist(x, anchors)).min(dim=1).values
    # endregion


extend_potential = check("11.extend_potential", extend_potential)

# %% name="transport-problem"
def transport_problem(shift, seed, n=12):
    """Real points y around (0, 0), generated points z around (shift, 0); the plan, W, and the prices at z."""
    random = torch.Generator().manual_seed(seed)
    y = 0.5 * torch.randn(n, 2, generator=random)
    z = 0.5 * torch.randn(n, 2, generator=random) + torch.tensor([shift, 0.0])
    cost = pairwise_distances(y, z)
    w, plan = emd(even(n), even(n), cost)
    dual = emd_dual(even(n), even(n), cost)
    return y, z, plan, float(w), -dual.potential_q

# %% name="predict-transport" tags=["predict"]
predict(
    "11.transport",
    "The critic is a surface over the plane. How steep is it along an arrow of the best plan, and which "
    "way is uphill?",
    choices=(
        "slope 1, up to the data",
        "slope 1, up to the generated point",
        "flatter than 1, up to the data",
    ),
    answer="Slope 1, up to the data. E f(y) − E f(z) is the mean rise along the arrows, and the cost is "
    "their mean length. They are equal, and no rise exceeds its length, so every single rise equals its "
    "length. Show f in the picture: on the right, each pair lies on the line of slope 1.",
)

# %% name="transport" tags=["picture"]
side = torch.linspace(-2, 4, 61)
plane = torch.stack(torch.meshgrid(side, side, indexing="xy"), dim=-1).reshape(-1, 2)


def draw_transport(view, shift, seed, show):
    y, z, plan, _, prices = transport_problem(shift, seed)
    surface = extend_potential(prices, z, plane).reshape(61, 61)
    plot = view["plane"]
    if show:
        heights = surface - surface.mean()
        plot.heatmap("f", heights, extent=(-2, 4, -2, 4), cmap="signed", limits=(-2.5, 2.5), alpha=0.6)
    match = plan.argmax(dim=1)
    plot.arrows("plan", z[match], y - z[match], color="ink", alpha=0.7)
    plot.scatter("y", y, color="p", size=7, label="data y")
    plot.scatter("z", z, color="q", size=7, label="generated z")
    view["plan"].heatmap("plan", plan * 12, extent=(0.5, 12.5, 0.5, 12.5), limits=(0, 1), smooth=False)
    rise = torch.as_tensor(extend_potential(prices, z, y)) - prices[match]
    run = (y - z[match]).norm(dim=1)
    view["slopes"].curve("one", [0, 4.5], [0, 4.5], color="muted", label="slope 1")
    if show:
        pairs = torch.stack([run, rise], 1)
        label = f"pairs ({owner(extend_potential)})"
        view["slopes"].scatter("pairs", pairs, color="accent", size=7, label=label)
    view.readout("primal: cost of the plan", float(plan_cost(plan, y, z)))
    if show:
        view.readout("dual: E f(y) − E f(z)", float(extend_potential(prices, z, y).mean() - prices.mean()))


explore(
    draw_transport,
    panels=[
        Panel(
            "plane",
            title="arrows of the plan, f as colour",
            xlabel="x₁",
            ylabel="x₂",
            xlim=(-2, 4),
            ylim=(-2, 2.5),
            aspect="equal",
            width=1.3,
        ),
        Panel(
            "plan",
            title="the plan",
            xlabel="generated point",
            ylabel="data point",
            aspect="equal",
            legend=False,
            width=0.8,
        ),
        Panel(
            "slopes",
            title="along each arrow",
            xlabel="its length",
            ylabel="rise of f",
            xlim=(0, 4.5),
            ylim=(0, 4.5),
            aspect="equal",
            width=0.9,
        ),
    ],
    shift=Slider(0.0, 3.0, step=0.1, value=1.6, label="shift of the generated points"),
    seed=Slider(0, 9, step=1, value=0, label="sample"),
    show=Toggle(False, label="show the critic f"),
    size=(12.5, 4.6),
    alt="Two clouds of points joined by the arrows of the best plan, with the optimal critic as colour; "
    "along each arrow it rises with slope one.",
)

# %% [markdown]
# Both sides of the duality agree for every sample. That *one* function $f$ is enough belongs to a cost that is a distance. For another cost, such as the square, the dual has two prices with
# $f(y) + g(z) \le c(y, z)$. Whoever insists on $g = -f$ gets less, because a chain of short ways is then cheaper than the long one:

# %% name="squared-cost"
y, z, plan, w, prices = transport_problem(1.6, 0)
points = torch.cat([y, z])
masses = torch.cat([even(12), -even(12)])  # maximise masses @ f subject to f_i - f_j <= cost_ij
for power in (1, 2):
    cost = pairwise_distances(points, points, p=power)
    rows = (torch.eye(24)[:, None] - torch.eye(24)).reshape(-1, 24)
    one_f = optimize.linprog(-masses, A_ub=rows, b_ub=cost.flatten(), bounds=(-50, 50)).fun
    both = emd_dual(even(12), even(12), cost[:12, 12:]).value
    primal = float(emd(even(12), even(12), cost[:12, 12:])[0])
    print(
        f"cost ‖y - z‖^{power}: primal {primal:.4f}, dual with f and g {float(both):.4f}, dual with g = "
        f"-f {-one_f:.4f}"
    )

# %% tags=["claim:gp-theorem-existence"]
extended = extend_potential(prices, z, plane)
steepest = ((extended[:, None] - extended).abs() / torch.cdist(plane, plane).clamp(min=1e-9)).max()
print(f"steepest slope of the extended f between any two of 3,721 points: {float(steepest):.6f}")
holds(
    "gp-theorem-existence",
    (
        "E f - E f of the extended f",
        extend_potential(prices, z, y).mean() - extend_potential(prices, z, z).mean(),
    ),
    ("W", w),
)

# %% [markdown]
# ## 11.5 A critic that is a network
#
# A WGAN replaces "all 1-Lipschitz functions" by networks $f_\phi$, and the theorem by gradient ascent.
#
# ### Exercise 11.5 · The critic's loss
#
# The critic wants a wide *gap* $\mathbb E_\pi f - \mathbb E_p f$, and optimisers minimise. One line.

# %% tags=["exercise:11.critic_loss"]
def critic_loss(real_scores, fake_scores):
    """What the critic minimises, from its scores of real points, (n, 1), and of generated ones, (m, 1)."""
    # region solution
    return fake_scores.mean() - real_scores.mean()
    # endregion


critic_loss = check("11.critic_loss", critic_loss)

# %% tags=["claim:wgan-objective"]
sample, noise = (
    torch.tensor([0.1, 0.5, 0.7, 1.4, 2.0]),
    torch.tensor([-0.9, -0.2, 0.1, 0.3, 1.1]),
)  # G(z) = z + θ
inner = lambda theta: float(emd_dual(even(5), even(5), pairwise_distances(sample, noise + theta)).value)
outer = optimize.minimize_scalar(inner, bounds=(-2, 3), method="bounded", options={"xatol": 1e-9})
by_sorting = min(float(w1_sorted(sample, noise + t)) for t in torch.linspace(-2, 3, 5001))
convention(
    "wgan-objective",
    ("min over θ of max over f (LP)", outer.fun),
    ("min over θ of W, by sorting", by_sorting),
    under="f ranges over all 1-Lipschitz functions, as in UL; over the networks of a box Φ (I24) the "
    "maximum is that of a smaller class in an unknown unit K, as section 11.5 measures",
)

# %% [markdown]
# The critic is no classifier. Adding 100 to all its scores changes nothing, while a discriminator's cross-entropy would explode: only differences of $f$ mean anything.

# %% tags=["claim:critic-not-classifier"]
real_scores, fake_scores = torch.tensor([[1.2], [0.3], [2.0]]), torch.tensor([[-0.5], [0.4], [0.1]])
cross_entropy = lambda r, f: float(softplus(-r).mean() + softplus(f).mean())
before, after = (cross_entropy(real_scores + shift, fake_scores + shift) for shift in (0, 100))
print(f"cross-entropy of the same scores as logits: {before:.3f} nats, plus 100: {after:.3f} nats")
holds(
    "critic-not-classifier",
    ("gap of the scores", -float(critic_loss(real_scores, fake_scores))),
    ("gap of the scores + 100", -float(critic_loss(real_scores + 100, fake_scores + 100))),
)

# %% tags=["claim:wgan-nonzero-gradient"]
theta = torch.tensor(0.5, requires_grad=True)
moved = torch.stack([theta.expand(64), levels], dim=1)
(w_slope,) = torch.autograd.grad(emd(even(64), even(64), pairwise_distances(segment(0), moved))[0], theta)
deep_start = mlp((2, *[32] * 10, 1), "leaky_relu", seed=0)
clip_weights(deep_start, 0.01)
at_half = segment(0.5).requires_grad_(True)
(small,) = torch.autograd.grad(deep_start(at_half).sum(), at_half)
print(
    "an untrained critic of ten hidden layers, weights clipped at 0.01: a slope of "
    f"{float(small.norm(dim=1).max()):.0e}"
)
convention(
    "wgan-nonzero-gradient",
    ("dW/dθ of the segments, θ = 0.5", w_slope),
    ("dJSD/dθ there", float(theta_gradients(torch.tensor(0.5), torch.tensor(1.0), torch.tensor(1.0))[0])),
    relation=">",
    under="the critic is an optimal 1-Lipschitz function; a clipped network's slope may be as good as 0 "
    "(section 11.5)",
)

# %% [markdown]
# ### Exercise 11.6 · A step with clipped weights
#
# The lectures keep the critic Lipschitz by force: after each step every weight is clamped to $[-c, c]$. Use your `critic_loss`.

# %% tags=["exercise:11.clipped_step"]
def clipped_step(critic, optimizer, real, fake, bound):
    """One step of the optimiser on `critic_loss`, then each parameter is clamped to [-bound, bound] in place.

    critic: a torch module; optimizer: holds its parameters; real (n, 2), fake (m, 2).
    Returns the loss before the step.
    """
    # region solution
    loss = critic_loss(critic(real), critic(fake))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.clamp_(-bound, bound)
    return loss.detach()
    # endregion


clipped_step = check("11.clipped_step", clipped_step)

# %% name="train-clipped"
def random_segments(theta, n, random, device="cpu"):
    """n random points on each segment."""
    u = torch.rand(2, n, 1, generator=random)
    pair = torch.cat([torch.zeros(n, 1), u[0]], 1), torch.cat([torch.full((n, 1), float(theta)), u[1]], 1)
    return tuple(points.to(device) for points in pair)


def untrained(bound):
    """The critic with which training begins, in the box."""
    critic = mlp((2, 32, 32, 32, 1), "leaky_relu", seed=0)
    clip_weights(critic, bound)
    return critic


def train_clipped(bound, steps):
    """A critic between the segments at θ = 1, its weights in [-bound, bound]; and the gap after each step."""
    critic, random = untrained(bound), torch.Generator().manual_seed(0)
    with trained_on(critic) as device:
        optimizer = torch.optim.Adam(critic.parameters(), lr=5e-3, betas=(0.5, 0.9))
        step = lambda _: -clipped_step(critic, optimizer, *random_segments(1.0, 64, random, device), bound)
        history = train(step, steps, progress=f"c = {bound}")
    return critic, history["loss"].cpu()


BOUNDS = (0.01, 0.03, 0.1, 0.3, 1.0)
clipped = {bound: train_clipped(bound, 400) for bound in BOUNDS}
probe = 2 * torch.rand(2048, 2, generator=torch.Generator().manual_seed(1)) - 0.5
last_gap = {bound: float(gaps[-20:].mean()) for bound, (_, gaps) in clipped.items()}
slopes = {bound: float(lipschitz_estimate(critic, probe)) for bound, (critic, _) in clipped.items()}
for bound in BOUNDS:
    gap, slope = last_gap[bound], slopes[bound]
    print(f"c = {bound:<5} gap {gap:9.2e}, steepest slope {slope:9.2e}, gap/slope {gap / slope:.2f}")

# %% [markdown]
# $W = 1$ here, and a critic with the slope $K$ can reach the gap $K$. So the gap of a clipped critic is $W$ in a unit that nobody knows: from the smallest to the largest of these boxes it
# grows by many orders of magnitude. Divided by the steepest slope that was met, it is between 0.8 and 1 for every $c$.

# %% name="predict-clipping" tags=["predict"]
at_ends = {
    bound: torch.cat([(p.abs() > 0.999 * bound).double().flatten() for p in critic.parameters()]).mean()
    for bound, (critic, _) in clipped.items()
}
predict(
    "11.clipping",
    "What does the histogram of the critic's weights look like after 400 steps in the box [−c, c]?",
    choices=("a bell around 0", "level, from −c to c", "two towers, at −c and c"),
    answer="Two towers: "
    + ", ".join(f"{share:.0%} (c = {c})" for c, share in at_ends.items())
    + " of the weights stand at ±c. Larger weights make a larger gap, so training drives most of them to an "
    "end of their range, and what is left of the critic is little more than a choice of signs.",
)

# %% name="clipping" tags=["picture"]
def draw_clipping(view, bound, moment):
    critic, gaps = clipped[bound] if moment == "after" else (untrained(bound), torch.zeros(0))
    x = torch.linspace(-0.5, 1.5, 101)
    with torch.no_grad():
        f = critic(torch.stack([x, torch.full((101,), 0.5)], 1))[:, 0]
    scale = max(float(f.max() - f.min()), 1e-12)
    view["critic"].curve("f", x, (f - f.min()) / scale, color="third", label="f, scaled to [0, 1]")
    view["critic"].vline("data", 0.0, color="p", style="-")
    view["critic"].vline("model", 1.0, color="q", style="-")
    weights = torch.cat([p.detach().flatten() for p in critic.parameters()]) / bound
    counts = torch.histc(weights, 20, -1.0001, 1.0001) / len(weights)
    centres = torch.linspace(-0.95, 0.95, 20).repeat_interleave(2)
    edges = centres + torch.tensor([-0.05, 0.05]).repeat(20)
    view["weights"].fill("h", edges, counts.repeat_interleave(2), color="accent", alpha=0.9)
    view["gap"].curve("W", [0, 400], [1, 1], color="p", label="W = 1")
    if len(gaps):
        every = gaps[::4].clamp(min=1e-9)
        view["gap"].curve("gap", torch.arange(len(every)) * 4, every, color="third", label="gap")
        view.readout("gap at the end", last_gap[bound], ".3g")
    view.readout("c", bound)
    view.readout("rise of f from x₁ = 1 to x₁ = 0", float(f[25] - f[75]), ".3g")


explore(
    draw_clipping,
    panels=[
        Panel(
            "critic",
            title="the critic along x₂ = 0.5",
            xlabel="x₁ (data at 0, generator at 1)",
            ylabel="f, scaled",
            xlim=(-0.5, 1.5),
            ylim=(-0.05, 1.05),
        ),
        Panel(
            "weights",
            title="its weights",
            xlabel="weight / c",
            ylabel="share",
            xlim=(-1.1, 1.1),
            ylim=(0, 0.6),
            legend=False,
        ),
        Panel(
            "gap",
            title="the gap while it trains",
            xlabel="step",
            ylabel="E f(y) − E f(z)",
            xlim=(0, 400),
            ylim=(1e-7, 1e5),
            yscale="log",
        ),
    ],
    bound=Slider.of(BOUNDS, value=1.0, label="c"),
    moment=Choice({"before training": "before", "after 400 steps": "after"}, label="critic"),
    size=(12, 4),
    alt="A critic with clipped weights along a line, the histogram of its weights, and its gap during "
    "training, for five sizes of the box.",
)

# %% tags=["claim:weight-clipping"]
largest = max(float(p.detach().abs().max()) for p in clipped[0.01][0].parameters())
holds(
    "weight-clipping",
    ("largest weight after 400 steps, c = 0.01", largest),
    ("c", 0.01),
    relation="<=",
    tol=1e-9,
)

# %% [markdown]
# Why is a clipped network Lipschitz? Each layer stretches a distance at most by the largest singular value of its matrix, which is at most $c\sqrt{mn}$ for an $m\times n$ matrix with entries in $[-c, c]$; leaky ReLU stretches nothing. The
# product is the bound $K$. I24 divides by it: $W \ge \frac1K\max_\phi[\mathbb E_\pi f_\phi - \mathbb E_p f_\phi]$. The cell after next prints what is left of $W = 1$ then.

# %% tags=["claim:clipped-net-lipschitz"]
box_constant = lambda bound: math.prod(
    bound * math.sqrt(m * n) for m, n in ((2, 32), (32, 32), (32, 32), (32, 1))
)
convention(
    "clipped-net-lipschitz",
    ("steepest slope met, c = 0.1", slopes[0.1]),
    ("K of the box c = 0.1", box_constant(0.1)),
    relation="<=",
    under="the non-linearities are Lipschitz; a unit that squares has no K on the plane",
    digits=3,
)

# %% tags=["claim:weight-clipping-bound"]
linear_best = 0.1 * 1.0  # f(x) = w·x with |w_i| ≤ 0.1: the best is w = (-0.1, 0), gap 0.1 θ; its K is 0.1 √2
print(f"a linear critic, solved exactly: max of the gap {linear_best:.3f}, K·W = {0.1 * math.sqrt(2):.3f}")
for bound in (0.01, 0.1, 1.0):
    print(
        f"c = {bound:<4}: K of the box {box_constant(bound):.1e}, gap/K = "
        f"{last_gap[bound] / box_constant(bound):.2f}, W = 1"
    )
convention(
    "weight-clipping-bound",
    ("K·W with the K of the box c = 0.1", box_constant(0.1) * 1.0),
    ("gap of the trained critic", last_gap[0.1]),
    relation=">=",
    under="K is one constant for all networks of the box; the bound says nothing about the slope of a "
    "single network",
    digits=3,
)

# %% [markdown]
# **Large c, small c.** Weights that may travel far need more steps: after 100 steps the critic with $c = 1$ has a far smaller share of its later gap than the one with $c = 0.1$. It does arrive: three times
# as many steps hardly add to what 400 have reached. With $c = 0.01$ it is done at once, and the generator gets a tiny gradient.

# %% name="clipped-longer"
longer = train_clipped(1.0, 1200)[1][-20:].mean()

# %% tags=["claim:clipping-tradeoff"]
share = {bound: float(clipped[bound][1][80:100].mean()) / last_gap[bound] for bound in (0.1, 1.0)}
print(f"c = 1: after 400 steps {last_gap[1.0] / float(longer):.0%} of the gap after 1,200")
print(
    f"steepest slope, which reaches the generator: c = 0.01: {slopes[0.01]:.0e}, c = 0.1: {slopes[0.1]:.1f}"
)
convention(
    "clipping-tradeoff",
    ("c = 1: gap after 100 steps / 400 steps", share[1.0]),
    ("the same with c = 0.1", share[0.1]),
    relation="<",
    under="trained to its optimum means in few steps of the same size: gap/slope is between 0.8 and 1 in "
    "all five boxes after 400",
    digits=1,
)

# %% [markdown]
# ### Layer by layer
#
# A critic with ten hidden layers. The gradient of its score with respect to the activations is measured at each layer, after 60 steps. The penalty is the subject of the next section; here it is already used for comparison.

# %% name="layers"
def penalised_loss(critic, real, fake, weight, random):
    """critic_loss plus the gradient penalty, with the library's function; you write it in exercise 11.7."""
    from course_lib.adversarial import gradient_penalty as library_penalty

    return critic_loss(critic(real), critic(fake)) + weight * library_penalty(
        critic, real, fake, generator=random
    )


def deep_critic(bound=None, steps=60):
    """A critic with ten hidden layers, trained with clipped weights or, without a bound, with a penalty."""
    critic, random = mlp((2, *[32] * 10, 1), "leaky_relu", seed=0), torch.Generator().manual_seed(0)
    options = {"lr": 2e-3, "betas": (0.5, 0.9)}
    with trained_on(critic) as device:
        batch = lambda: random_segments(1.0, 64, random, device)
        if bound:
            optimizer = torch.optim.Adam(critic.parameters(), **options)
            step = lambda _: -clipped_step(critic, optimizer, *batch(), bound)
            train(step, steps, progress=f"deep, c = {bound}")
        else:
            loss = lambda: penalised_loss(critic, *batch(), 10.0, random)
            minimise(loss, critic.parameters(), steps, progress="deep, penalty", **options)
    return critic


def layer_gradients(critic):
    """The median norm of d score / d activation, from the input to the last hidden layer, shape (11,)."""
    h = torch.cat(random_segments(1.0, 128, torch.Generator().manual_seed(2))).requires_grad_(True)
    stops = [h]
    for module in critic:
        h = module(h)
        if isinstance(module, torch.nn.Linear):
            stops.append(h)
    gradients = torch.autograd.grad(h.sum(), stops[:-1])
    return torch.stack([g.norm(dim=1).median() for g in gradients])


deep = {f"c = {bound}": layer_gradients(deep_critic(bound)) for bound in (0.01, 0.07, 0.1, 0.3)}
deep["penalty"] = layer_gradients(deep_critic())
# From one hidden layer to the one below it: the mean factor, by a straight line through the logarithms.
factors = {name: math.exp(-np.polyfit(np.arange(10), g[1:].log().numpy(), 1)[0]) for name, g in deep.items()}

# %% name="predict-layers" tags=["predict"]
predict(
    "11.layers",
    "From each hidden layer to the one below it the gradient of the score changes by some factor. In "
    "which direction, with clipped weights?",
    choices=(
        "it shrinks for every c",
        "it grows for every c",
        "it shrinks for small c and grows for large c",
    ),
    answer="It shrinks for small c and grows for large c. The factors towards the input: "
    + ", ".join(f"{factor:.2g} ({name})" for name, factor in factors.items())
    + ". On the way from the last hidden layer to the input the factor acts ten times. Between shrinking "
    "and growing there is one c at which the gradient stays level, here a little below 0.07, but it depends "
    "on the widths of the layers; the penalty finds the level by itself.",
)

# %% name="layers-picture" tags=["picture"]
LAYER_LINES = {"penalty": "p", "c = 0.01": "q", "c = 0.07": "fifth", "c = 0.1": "third", "c = 0.3": "fourth"}


def draw_layers(view, until):
    names = list(LAYER_LINES)
    for name in names[: names.index(until) + 1]:
        view.curve(name, range(11), deep[name], color=LAYER_LINES[name], label=name, style="-")
    view.readout("factor from layer to layer, towards the input", factors[until], ".2g")


explore(
    draw_layers,
    panels=[
        Panel(
            "main",
            title="gradient of the score, layer by layer",
            xlabel="layer (0 is the input)",
            ylabel="norm",
            yscale="log",
            xlim=(0, 10),
            ylim=(1e-18, 1e8),
        )
    ],
    until=Slider.of(list(LAYER_LINES), label="critics shown, up to", play=True),
    size=(8, 4),
    alt="The norm of the gradient at each layer of a deep critic: straight lines on a logarithmic scale, "
    "falling or rising for clipped weights, level with a gradient penalty.",
)

# %% tags=["claim:clipping-gradients-explode"]
print("factor per layer towards the input:", ", ".join(f"{name}: {one:.2g}" for name, one in factors.items()))
convention(
    "clipping-gradients-explode",
    ("smallest |log factor|, clipped", min(abs(math.log(factors[f"c = {b}"])) for b in (0.01, 0.1, 0.3))),
    ("|log factor| with the penalty", abs(math.log(factors["penalty"]))),
    relation=">",
    under="c is not near the one value, about 0.07 for these layers, at which shrinking turns into growing",
    tol=1e-2,
    digits=2,
)

# %% [markdown]
# ## 11.6 The gradient penalty
#
# What does an optimal critic look like? I24 quotes a theorem: if $f^*$ is differentiable and no mass stays in place ($\gamma(y = z) = 0$), then on the segments of an *optimal plan*, at $\hat x_t = t y + (1 - t) z$ with
# $(y, z)\sim\gamma$, the gradient is a unit vector along the segment. But which way? The critic maximises $\mathbb E_\pi f - \mathbb E_p f$: it must be high at the data $y$ and low at $z$. So it climbs from $z$ to $y$. The printed
# vector $(z - \hat x_t)/\Vert z-\hat x_t\Vert$ points downhill. (In the paper the theorem stands with the letters the other way round.)

# %% tags=["claim:gp-theorem-direction"]
match = plan.argmax(dim=1)
t = torch.linspace(0.1, 0.9, 9)[:, None, None]
between = (t * y + (1 - t) * z[match]).reshape(-1, 2).requires_grad_(True)
(gradient,) = torch.autograd.grad(extend_potential(prices, z, between).sum(), between)
downhill = (z[match] - between.detach().reshape(9, 12, 2)).reshape(-1, 2)
uphill = (y - between.detach().reshape(9, 12, 2)).reshape(-1, 2)
cosine = lambda v: float((gradient * v).sum(1).div(v.norm(dim=1)).mean())
erratum(
    "gp-theorem-direction",
    ("as printed: ∇f*·(z - x̂)/‖z - x̂‖", cosine(downhill)),
    ("value when the directions agree", 1.0),
    corrected="∇f*(x̂) = (y - x̂)/‖y - x̂‖ with y real and z generated: the critic climbs towards the data",
    corrected_left=("∇f*·(y - x̂)/‖y - x̂‖", cosine(uphill)),
)

# %% tags=["claim:gp-corollary-unit-norm"]
ends = torch.cat([z[match] + 1e-3 * (y - z[match]), y - 1e-3 * (y - z[match])]).requires_grad_(True)
(at_ends,) = torch.autograd.grad(extend_potential(prices, z, ends).sum(), ends)
print("for π = p the constant f = 0 is optimal (W = 0), and its gradient has norm 0")
convention(
    "gp-corollary-unit-norm",
    ("mean gradient norm at the 24 points", at_ends.norm(dim=1).mean()),
    ("the corollary", 1.0),
    under="the conditions of the theorem hold: f* is differentiable, and no mass stays in place; where "
    "the distributions share mass f* may be flat",
)

# %% [markdown]
# The second step is to replace "1-Lipschitz" by "gradient at most 1". On the whole plane, or any convex domain, that is the same. On a domain with a hole or a slit it is not: around a slit one can walk a long way while
# the distance across is tiny.

# %% tags=["claim:lipschitz-iff-gradient"]
wavy = lambda p: torch.sin(1.3 * p[:, 0] + 0.4) * torch.cos(0.7 * p[:, 1])
box = torch.rand(1500, 2, generator=torch.Generator().manual_seed(0)) * 4 - 2
b = box.clone().requires_grad_(True)
(wavy_gradient,) = torch.autograd.grad(wavy(b).sum(), b)
chords = ((wavy(box)[:, None] - wavy(box)).abs() / torch.cdist(box, box).fill_diagonal_(INF)).max()
angle = math.pi - 0.05
slit = 2 * angle / (2 * 1.01 * math.sin(0.05))
print(
    "on the ring 1 < r < 2 with a slit: f = the angle has a gradient 1/r < 1, across the slit a slope of "
    f"{slit:.0f}"
)
convention(
    "lipschitz-iff-gradient",
    ("steepest chord of 1,500 points", chords),
    (
        "largest gradient in the convex box",
        torch.linspace(-2, 2, 401).mul(1.3).add(0.4).cos().abs().max() * 1.3,
    ),
    relation="<=",
    under="the domain is convex, as the whole space is",
)

# %% [markdown]
# ### Exercise 11.7 · The gradient penalty (the hard one)
#
# Everything is in the details: one $t$ for each pair, one norm for each point, the 1 subtracted before the square, and a graph through the gradient, so that the critic can learn from it.

# %% tags=["exercise:11.gradient_penalty"]
def gradient_penalty(critic, real, fake, t):
    """E (||grad f(x)|| - 1)^2 at x = t real + (1 - t) fake.

    critic: from (n, 2) to (n, 1). real, fake: (n, 2). t: (n,), one number in [0, 1] for each pair.
    Returns a scalar that can be differentiated with respect to the critic's parameters.
    """
    # region solution
    x = (t[:, None] * real + (1 - t[:, None]) * fake).detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return ((gradient.norm(dim=1) - 1) ** 2).mean()
    # endregion


gradient_penalty = check("11.gradient_penalty", gradient_penalty)

# %% tags=["claim:gp-line-sampling"]
random = torch.Generator().manual_seed(0)
real, fake = random_segments(1.0, 20_000, random)
t = torch.rand(20_000, generator=random)


def penalty_on_lines(critic):
    """Your penalty on these pairs, 500 at a time: some ways to write it need memory for each two of them."""
    parts = zip(real.split(500), fake.split(500), t.split(500), strict=True)
    return float(torch.stack([gradient_penalty(critic, *part).detach() for part in parts]).mean())


between = t[:, None] * real + (1 - t[:, None]) * fake
uniformity = stats.kstest(between[:, 0].numpy(), "uniform").statistic
print(f"distance of x̂₁ from the uniform distribution on [0, 1] (Kolmogorov-Smirnov): {uniformity:.3f}")
holds(
    "gp-line-sampling",
    ("penalty of f = x₁² on 20,000 pairs", penalty_on_lines(lambda p: p[:, :1] ** 2)),
    ("∫ (|2t| - 1)² dt over [0, 1]", 1 / 3),
    tol=1e-2,
    digits=3,
)

# %% [markdown]
# ### Where the slope settles
#
# The penalty is soft. Between the two segments let the critic have the slope $s$ everywhere: then the gap is $sW$ and the penalty $\lambda(s-1)^2$, and the critic maximises $sW - \lambda(s - 1)^2$. (It *maximises the gap minus the
# penalty*: I24 prints a plus, and calls the whole $W(\pi\Vert p)$.)
#
# ### Exercise 11.8 · The slope at which it settles

# %% tags=["exercise:11.settled_slope"]
def settled_slope(w, penalty_weight):
    """The s that maximises s * w - penalty_weight * (s - 1)^2; both arguments are 0-dim tensors."""
    # region solution
    return 1 + w / (2 * penalty_weight)
    # endregion


settled_slope = check("11.settled_slope", settled_slope)

# %% tags=["claim:gradient-penalty-objective"]
objective = lambda s, w=1.0, weight=10.0: s * w - weight * (s - 1) ** 2
found = optimize.minimize_scalar(lambda s: -objective(s))
erratum(
    "gradient-penalty-objective",
    ("gap + λ·penalty, as printed", found.x + 10 * (found.x - 1) ** 2),
    ("max of gap - λ·penalty, W = 1", -found.fun),
    corrected="the critic maximises E f - E f MINUS λ·penalty (with a plus there is no maximum); the "
    "largest value is W + W²/(4λ) on the segments, not W",
    corrected_left=("W + W²/(4λ)", 1 + 1 / 40),
)

# %% [markdown]
# Now the test. A critic is trained with *your* loss and *your* penalty, $\lambda = 10$, for 300 steps. Beforehand: the gap will be $W(1 + W/2\lambda)$, not $W$.

# %% name="train-penalised"
def train_penalised(theta, seed, weight=10.0, steps=300, spectral=False):
    """A critic between the segments, with a penalty or normalised matrices; and its gap on even points."""
    critic = mlp((2, 32, 32, 1), "leaky_relu", spectral_norm=spectral, seed=seed)
    random = torch.Generator().manual_seed(seed)
    with trained_on(critic) as device:
        optimizer = torch.optim.Adam(critic.parameters(), lr=5e-3, betas=(0.5, 0.9))
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, steps)

        def step(_):
            real, fake = random_segments(theta, 64, random, device)
            scores = critic(torch.cat([real, fake]))
            loss = critic_loss(scores[:64], scores[64:])
            if not spectral:
                t = torch.rand(64, generator=random).to(device)
                loss = loss + weight * gradient_penalty(critic, real, fake, t)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()

        train(step, steps, progress=f"critic, θ = {theta}, seed {seed}")
    with torch.no_grad():
        return critic, float(critic(segment(0)).mean() - critic(segment(theta)).mean())


trained = {(1.0, seed): train_penalised(1.0, seed) for seed in (0, 1, 2)}
trained |= {(theta, 0): train_penalised(theta, 0) for theta in (0.25, 0.5, 2.0)}
_, spectral_gap = train_penalised(1.0, 0, spectral=True)
for (theta, seed), (_, gap) in trained.items():
    predicted = theta * float(settled_slope(torch.tensor(theta), torch.tensor(10.0)))
    print(
        f"θ = {theta:<4} seed {seed}: gap {gap:.2f}, predicted {predicted:.2f}, W = {theta}; within 2%: "
        f"{abs(gap / predicted - 1) < 0.02}"
    )
print(f"spectral normalisation instead, θ = 1: gap {spectral_gap:.2f}")

# %% [markdown]
# Met, for each seed and each $\theta$. Spectral normalisation divides each matrix by its largest singular value, so the slope cannot pass 1, and here the gap is $W$ itself.

# %% name="predict-soft-penalty" tags=["predict"]
times = lambda weight: float(settled_slope(torch.tensor(1.0), torch.tensor(weight)))
predict(
    "11.soft_penalty",
    "At W = 1 and λ = 10 the gap is larger than W. What becomes of gap / W when λ falls to 1?",
    choices=("it grows", "it falls to 1", "it falls below 1"),
    answer=f"It grows, from {times(10.0):.3f} to {times(1.0):.3f}: a weak penalty gives way. To read W "
    f"off the gap within 1% at W = 1, λ must be at least 50 (gap / W = {times(50.0):.3f}); in general λ ≥ "
    "50 W, for the excess is W/2λ.",
)

# %% name="soft-penalty" tags=["picture"]
def draw_penalty(view, weight, w):
    s = torch.linspace(0, 4, 201)
    settled = float(settled_slope(torch.tensor(float(w)), torch.tensor(float(weight))))
    view["objective"].curve("o", s, objective(s, w, weight), color="third", label="sW − λ(s − 1)²")
    view["objective"].scatter(
        "best", [[settled, objective(settled, w, weight)]], color="accent", size=10, label="settled slope"
    )
    view["objective"].vline("one", 1.0)
    ws = torch.linspace(0, 2.2, 101)
    view["gap"].curve("W", ws, ws, color="p", label="W")
    view["gap"].curve("pred", ws, ws * (1 + ws / (2 * weight)), color="third", label="W(1 + W/2λ)")
    view["gap"].scatter(
        "trained",
        [[theta, gap] for (theta, _), (_, gap) in trained.items()],
        color="q",
        size=8,
        label="trained, λ = 10",
    )
    view["gap"].scatter("now", [[w, w * settled]], color="accent", size=10)
    view.readout("slope", settled)
    view.readout("gap", w * settled)
    view.readout("gap / W", settled)


explore(
    draw_penalty,
    panels=[
        Panel(
            "objective",
            title="what the critic maximises",
            xlabel="slope s",
            ylabel="objective",
            xlim=(0, 4),
            ylim=(-4, 6),
        ),
        Panel("gap", title="the gap it reaches", xlabel="W", ylabel="gap", xlim=(0, 2.2), ylim=(0, 4.5)),
    ],
    weight=Slider.of([1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0], value=10.0, label="λ"),
    w=Slider(0.1, 2.0, step=0.05, value=1.0, label="W"),
    presets={"λ = 10": {"weight": 10.0}, "weak": {"weight": 1.0}, "strong": {"weight": 100.0}},
    alt="The critic's objective against its slope, and the gap against W with the trained critics on the "
    "predicted curve.",
)

# %% [markdown]
# The discriminator of a GAN on the same segments: it learns that they are disjoint, and nothing about how far apart they are.

# %% name="train-discriminators"
def train_discriminator(theta, steps=400):
    """The JSD, in nats, that a discriminator sees between the segments after its training."""
    logit, random = mlp((2, 32, 32, 1), "leaky_relu", seed=0), torch.Generator().manual_seed(0)
    with trained_on(logit) as device:

        def loss():
            scores = logit(torch.cat(random_segments(theta, 64, random, device)))
            return softplus(-scores[:64]).mean() + softplus(scores[64:]).mean()

        minimise(loss, logit.parameters(), steps, lr=5e-3, progress=f"discriminator, θ = {theta}")
    with torch.no_grad():
        cross_entropy = softplus(-logit(segment(0))).mean() + softplus(logit(segment(theta))).mean()
    return float(LOG2 - cross_entropy / 2)


seen = {theta: train_discriminator(theta) for theta in (0.25, 2.0)}

# %% tags=["claim:jsd-log2-constant"]
convention(
    "jsd-log2-constant",
    ("JSD that D sees, θ = 0.25 or 2", min(seen.values())),
    ("log 2", LOG2),
    under="D is near its optimum; with few steps its estimate moves, as section 11.7 measures",
    tol=0.02,
    digits=2,
)

# %% [markdown]
# ### Is it enough on the lines?
#
# I24 says that unit slope cannot be asked everywhere, and that it suffices on the segments between real and generated points. Two things are true. If the slope is at most one on the segments between *all* pairs, then $f(y) - f(z) \le \Vert y - z\Vert$ for
# each pair, and the gap cannot exceed $W$, however wild $f$ is elsewhere. But *unit* slope on all those segments is not what an optimal critic has: the theorem speaks of pairs of the optimal plan, while the penalty draws $y$ and $z$ independently.
#
# On a line, let the data sit at $\pm1$ and the generated points at $\pm2$: $W = 1$. The function with $f' = 1$ on $[-2, -1]$, $f' = -\sin(\pi x/2)$ on $[-1, 1]$ and $f' = -1$ on $[1, 2]$ is differentiable, 1-Lipschitz and optimal. The
# segment from $-2$ to $1$ leads through its flat middle.

# %% name="flat-middle"
def optimal_f(x):
    """Differentiable, 1-Lipschitz and optimal for data at -1, 1 and generated points at -2, 2."""
    middle = 2 / math.pi * torch.cos(math.pi * x / 2)
    return torch.where(x.abs() <= 1, middle, 1 - x.abs())


def penalty_on(pairs):
    """E (|f'| - 1)^2 on the segments between the given pairs."""
    t = torch.linspace(0, 1, 6001)
    slopes = [
        torch.where((x := t * y + (1 - t) * z).abs() <= 1, torch.sin(math.pi * x / 2).abs(), 1.0)
        for y, z in pairs
    ]
    return float(torch.stack([torch.trapezoid((s - 1) ** 2, t) for s in slopes]).mean())


optimal_pairs, all_pairs = [(-1.0, -2.0), (1.0, 2.0)], [(y, z) for y in (-1.0, 1.0) for z in (-2.0, 2.0)]
flat_gap = float(optimal_f(torch.tensor([-1.0, 1.0])).mean() - optimal_f(torch.tensor([-2.0, 2.0])).mean())
print(
    f"gap of this f: {flat_gap:.6f} = W; penalty on pairs of the plan {penalty_on(optimal_pairs):.4f}, on "
    f"independent pairs {penalty_on(all_pairs):.4f}"
)

# %% name="lines-picture" tags=["picture"]
def draw_lines(view, which, t):
    x = torch.linspace(-2.5, 2.5, 501)
    view["f"].curve("f", x, optimal_f(x), color="third", label="an optimal f")
    view["f"].scatter(
        "y", [[v, float(optimal_f(torch.tensor(v)))] for v in (-1.0, 1.0)], color="p", size=9, label="data"
    )
    view["f"].scatter(
        "z",
        [[v, float(optimal_f(torch.tensor(v)))] for v in (-2.0, 2.0)],
        color="q",
        size=9,
        label="generated",
    )
    slope = torch.where(x.abs() <= 1, torch.sin(math.pi * x / 2).abs(), 1.0)
    view["slope"].curve("s", x, slope, color="third", label="|f′|")
    chosen = optimal_pairs if which == "plan" else all_pairs
    for i in range(4):
        if i < len(chosen):
            (a, b), height = chosen[i], 1.1 + 0.1 * i
            view["slope"].curve(
                f"line{i}",
                [b, a],
                [height, height],
                color="muted",
                style="-",
                label="segments" if i == 0 else None,
            )
            view["slope"].scatter(f"dot{i}", [[t * a + (1 - t) * b, height]], color="accent", size=7)
    view.readout("gap", flat_gap)
    view.readout("penalty on these segments", penalty_on(chosen))


explore(
    draw_lines,
    panels=[
        Panel("f", title="an optimal critic", xlabel="x", ylabel="f(x)", xlim=(-2.5, 2.5), ylim=(-1.6, 0.9)),
        Panel(
            "slope",
            title="its slope, and where it is penalised",
            xlabel="x",
            ylabel="|f′(x)|",
            xlim=(-2.5, 2.5),
            ylim=(-0.05, 1.55),
        ),
    ],
    which=Choice(
        {"pairs of the optimal plan": "plan", "independent pairs": "all"}, value="all", label="pairs"
    ),
    t=Slider(0.0, 1.0, step=0.02, value=0.5, label="t"),
    alt="An optimal critic on a line with a flat middle, its slope, and the segments on which a penalty "
    "measures it.",
)

# %% tags=["claim:gp-necessary-conditions"]
erratum(
    "gp-necessary-conditions",
    ("penalty of f*, independent pairs", penalty_on(all_pairs)),
    ("penalty of a necessary condition", 0.0),
    corrected="unit slope is necessary on the segments of an optimal plan only; on independent pairs the "
    "penalty also punishes optimal critics",
    corrected_left=("penalty of f*, pairs of the plan", penalty_on(optimal_pairs)),
)

# %% tags=["claim:gp-lines-sufficient"]
steep_outside = lambda p: (
    -(p[:, :1].clamp(0, 1) + 5 * (p[:, :1] - 1).clamp(min=0))
)  # slope 1 between the segments, 5 beyond
print(
    f"its penalty on the lines: {penalty_on_lines(steep_outside):.1f}; its "
    f"Lipschitz constant: {float(lipschitz_estimate(steep_outside, probe)):.0f}"
)
convention(
    "gp-lines-sufficient",
    (
        "gap of f: slope 1 on lines, else 5",
        steep_outside(segment(0)).mean() - steep_outside(segment(1)).mean(),
    ),
    ("W", 1.0),
    relation="<=",
    under="enough means: the gap cannot exceed W when the slope is at most 1 between all pairs; f need "
    "not be 1-Lipschitz, nor unit slope be optimal",
)

# %% [markdown]
# ## 11.7 The race: measured, not repeated
#
# One small generator (noise on a line, two layers of 32) begins as a curve at a distance of about 1 from the segment. Five games carry it: minimax, non-saturating, and three WGANs, with clipping ($c = 0.05$), with a gradient penalty ($\lambda = 10$) and
# with spectral normalisation. Adam everywhere, the same networks, three seeds. The judge is exact: $W_1$ between 256 quantiles of the curve and 256 of the segment, by the assignment problem. Two regimes:
#
# - **few**: 5 steps of the discriminator for each step of the generator, 600 generator steps;
# - **near-optimal**: 1,000 steps ahead, then 60 for each generator step, 80 generator steps. How near is it? While the curve does not touch the segment the optimum is known: $\mathrm{JSD} = \log 2$ for a discriminator, $W(1 + W/2\lambda)$ for the penalised
#   critic, $W$ for the one with spectral normalisation. The table says what is reached.
#
# The runs are stored beside their script, `course_lib/lessons/n11_wgan_disjoint_supports/runs.py`; "seconds" are those of the processor, on one thread.

# %% name="races"
races = runs.stored()
GAMES = {"minimax": "q", "non_saturating": "third", "clipping": "fourth", "penalty": "p", "spectral": "fifth"}


def raced(regime, game, what):
    """What was stored of one game: "w1", "gradient", "estimate" or "seconds", shape (3 seeds, n)."""
    return races[f"{regime}/{game}/{what}"]


def at_the_end(regime):
    return "; ".join(
        f"{game} " + ", ".join(f"{v:.2f}" for v in raced(regime, game, "w1")[:, -1]) for game in GAMES
    )


starts = ", ".join(f"{v:.2f}" for v in raced("few", "minimax", "w1")[:, 0])
print(f"every game begins at W1 = {starts} (three seeds)")

# %% name="predict-races" tags=["predict"]
predict(
    "11.races",
    "With five steps of the discriminator for each step of the generator: which game ends closest to the "
    "data?",
    choices=(
        "minimax",
        "non-saturating",
        "WGAN with clipping",
        "WGAN with a penalty",
        "WGAN, spectral normalisation",
    ),
    answer=f"The non-saturating one, in all three seeds. W1 at the end: {at_the_end('few')}. Near the "
    f"optimum of the discriminator it is the WGAN with spectral normalisation: {at_the_end('near')}.",
)

# %% name="races-picture" tags=["picture"]
def draw_races(view, regime, part):
    steps = races[f"{regime}/steps"]
    until = max(2, round(part * len(steps)))
    for game, color in GAMES.items():
        for panel, floor in (("w1", 1e-3), ("gradient", 1e-12), ("estimate", -np.inf)):
            values = np.maximum(raced(regime, game, panel)[:, :until], floor)
            view[panel].fill(
                game + " range", steps[:until], values.max(0), values.min(0), color=color, alpha=0.15
            )
            label = game if panel == "w1" else None
            middle = np.median(values, axis=0)
            view[panel].curve(game, steps[:until], middle, color=color, style="-", label=label)
        view.readout(f"W1, {game}", float(np.median(raced(regime, game, "w1")[:, until - 1])), ".3f")
    view["estimate"].hline("log2", LOG2, color="muted")


explore(
    draw_races,
    panels=[
        [
            Panel(
                "w1",
                title="exact W1 to the data",
                xlabel="generator step",
                ylabel="W1",
                yscale="log",
                ylim=(4e-3, 2),
            ),
            Panel(
                "gradient",
                title="gradient of the generator",
                xlabel="generator step",
                ylabel="norm",
                yscale="log",
                ylim=(1e-12, 1e4),
                legend=False,
            ),
            Panel(
                "estimate",
                title="JSD that D sees, gap of f",
                xlabel="generator step",
                ylabel="nats, or length",
                ylim=(-1.1, 1.4),
                legend=False,
            ),
        ]
    ],
    regime=Choice({"few steps of D": "few", "D near its optimum": "near"}, label="regime"),
    part=Slider.of(
        [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0], label="share of the race", play=True
    ),
    size=(13, 4.4),
    alt="Exact W1, the generator's gradient and the discriminator's own estimate for five games in two "
    "regimes, as medians and ranges of three seeds.",
)

# %% name="races-table"
def three(values):
    """A number for each seed."""
    return " ".join(f"{v:5.3f}" for v in values)


def show_table(regime, early):
    """W1 early on, at the end, and its swing, for three seeds; then medians."""
    steps = list(races[f"{regime}/steps"])
    print(f"{regime}: W1 of three seeds; swing: its highest minus its lowest value in the last third")
    titles = [f"{one:>19s}" for one in (early, "at the end", "swing")]
    titles += [f"{one:>11s}" for one in ("gradient", "estimate", "seconds")]
    print(" " * 15 + "".join(titles))
    for game in GAMES:
        w1, gradient, seen, seconds = (
            raced(regime, game, what) for what in ("w1", "gradient", "estimate", "seconds")
        )
        soon = w1[:, : len(steps) // 2 + 1].min(1) if regime == "few" else w1[:, steps.index(32)]
        row = [three(soon), three(w1[:, -1]), three(np.ptp(w1[:, -(len(steps) // 3) :], axis=1))]
        last, first, spent = np.median(gradient[:, -1]), np.median(seen[:, 0]), np.median(seconds[:, -1])
        print(
            f"{game:15s}"
            + "".join(f"{one:>19s}" for one in row)
            + f"{last:>11.0e}{first:>11.2f}{spent:>11.1f}"
        )


show_table("few", "best in first half")
show_table("near", "after 32 steps")
print("gradient: its norm at the end; estimate: the first one, in nats or as a length; both medians")
begin = raced("near", "penalty", "w1")[:, 0]
reached = raced("near", "penalty", "estimate")[:, 0] / (begin * (1 + begin / 20))
print(f"near, first gap of the penalised critic / W(1 + W/20): {three(reached)}")
fall, largest_norm = raced("near", "minimax", "w1"), raced("near", "minimax", "gradient").max()
print(f"near, minimax: largest |gradient| {largest_norm:.0e}, W1 falls by {three(fall[:, 0] - fall[:, -1])}")
lowest = min(raced("few", game, "estimate").min() for game in ("minimax", "non_saturating"))
print(f"few: lowest JSD that a discriminator sees {lowest:.2f} nats")
way = lambda w1: 1 - w1[:, list(races["near/steps"]).index(32)] / w1[:, 0]
shares = [f"{game} {three(way(raced('near', game, 'w1')))}" for game in ("non_saturating", "penalty")]
print("near, share of its way that a game has made after 32 steps: " + "; ".join(shares))

# %% [markdown]
# What the table says, for this task:
#
# - **Few steps.** The non-saturating generator comes closest. The minimax one, too, gets within a tenth of its way in the first half, although its supports are disjoint: a discriminator of few steps is not optimal, and its slope points the right way. Then
#   the discriminator wins, in all three seeds: its estimate is $\log 2$, the gradient all but vanishes, and the generator stays where it is. The folklore arrives late, but it arrives. Of the WGANs the spectral one ends nearest, and the
#   penalised one keeps swinging, most widely of all: with five steps a critic is not near its optimum either.
# - **Near-optimal.** Now the theory holds to the letter. The minimax gradient is nearly zero from the first step, and the generator does not get anywhere. The gap of the penalised critic begins within 2% of the predicted $W(1 + W/20)$, that of the spectral one
#   a little below $W$, and the generators follow. After 32 steps the penalised game is ahead. Then 60 steps no longer suffice for so close a quarry, and it swings out again; the spectral game goes on and ends closest. But the
#   *non-saturating* loss, against a discriminator as good as that, has made most of its way by then as well: its gradient does not vanish, it is large.
# - **Seconds.** A near-optimal critic costs: 80 generator steps take longer than the 600 of the other regime. By the clock, few steps and the non-saturating loss win here.
#
# The discriminator's estimate, $\log 2$ minus its mean cross-entropy, is a *lower bound* of the JSD. It can be negative: when the generator has just moved on, a discriminator of few steps is surer of the wrong answer than a coin would be.
#
# "WGANs have gradients where GANs have none" is true of the minimax loss against a discriminator near its optimum. It is not a statement about GANs as they are trained.
#
# A good judge inside the game would be a number that falls together with the exact $W_1$. We measure it by the rank correlation: 1 when both always rise and fall together, 0 when they have nothing to do with each other.

# %% name="ranks"
def rank_correlation(regime, game):
    """Of W1 and the estimate along a race, the median of three seeds; 0 where the estimate does not move."""
    pairs = zip(raced(regime, game, "w1"), raced(regime, game, "estimate"), strict=True)
    found = [stats.spearmanr(w1, seen)[0] if np.ptp(seen) > 1e-4 else 0.0 for w1, seen in pairs]
    return float(np.median(found))

# %% name="predict-judges" tags=["predict"]
predict(
    "11.judges",
    "With the discriminator near its optimum, which of its own numbers tells least about the distance "
    "that is left?",
    choices=(
        "the JSD, minimax",
        "the JSD, non-saturating",
        "the gap, clipping",
        "the gap, penalty",
        "the gap, spectral",
    ),
    answer="The JSD in the minimax game, which stays at log 2. Rank correlations near the optimum: "
    + ", ".join(f"{game} {rank_correlation('near', game):.2f}" for game in GAMES)
    + "; with few steps: "
    + ", ".join(f"{game} {rank_correlation('few', game):.2f}" for game in GAMES)
    + ".",
)

# %% name="judges" tags=["picture"]
def draw_judges(view, regime):
    for panel, games in (
        ("jsd", ("minimax", "non_saturating")),
        ("gap", ("clipping", "penalty", "spectral")),
    ):
        for game in games:
            xy = np.stack(
                [raced(regime, game, "w1").ravel(), raced(regime, game, "estimate").ravel()], axis=1
            )
            view[panel].scatter(game, xy, color=GAMES[game], size=4, alpha=0.6, label=game)
    w = torch.linspace(0, 1.25, 60)
    view["jsd"].hline("log2", LOG2)
    view["jsd"].text("log2", 0.6, LOG2 + 0.09, "log 2")
    view["gap"].curve("predicted", w, w * (1 + w / 20), color="muted", style="-", label="W(1 + W/20)")
    for game in GAMES:
        view.readout(f"rank correlation, {game}", rank_correlation(regime, game), ".2f")


explore(
    draw_judges,
    panels=[
        Panel(
            "jsd",
            title="the JSD that the discriminator sees",
            xlabel="exact W1",
            ylabel="nats",
            xlim=(0, 1.25),
            ylim=(-0.6, 0.9),
        ),
        Panel(
            "gap",
            title="the gap of the critic",
            xlabel="exact W1",
            ylabel="gap",
            xlim=(0, 1.25),
            ylim=(-1.1, 1.4),
        ),
    ],
    regime=Choice({"few steps of D": "few", "D near its optimum": "near"}, label="regime"),
    alt="The discriminator's own estimates against the exact distance: near its optimum the penalised "
    "critic's gap lies on the predicted line, the JSD stays at log 2.",
)

# %% tags=["claim:w-correlates-quality"]
convention(
    "w-correlates-quality",
    ("rank corr. of gap and W1, near-opt.", rank_correlation("near", "penalty")),
    ("the same with five critic steps", rank_correlation("few", "penalty")),
    relation=">",
    under="the critic is near its optimum at each step; then its gap tells how far the samples are, with "
    "few steps it does not",
    tol=0.3,
    digits=2,
)

# %% [markdown]
# ## 11.8 Your own race
#
# The same game, on the screen, with *your* loss of the critic. Each step is one of the discriminator; after every $k$ of them the generator moves once. Change the game while it runs. Begin with the minimax loss and $k = 5$. Then press Reset, set $k$ to 60,
# and watch the gradient from the start: it falls by many powers of ten within the first ten generator steps.

# %% name="predict-live" tags=["predict"]
last_gradient = raced("few", "minimax", "gradient")[:, -1]
predict(
    "11.live",
    "Minimax with k = 5: the generator learns at first. What becomes of its gradient when you play on?",
    choices=("it settles between 1 and 10", "it dies", "it grows without end"),
    answer="It dies, sooner or later: in the three stored races it has a norm of "
    + ", ".join(f"{v:.0e}" for v in last_gradient)
    + " after 600 generator steps (3,000 steps here). It may wake up once or twice before, when the "
    "discriminator forgets, and dies again. With the non-saturating loss it grows instead.",
)

# %% name="live-game"
KINDS = {name.replace("_", "-"): runs.GAMES[name] for name in GAMES if name != "spectral"}


class Race:
    """A stepper: one step trains the discriminator once; every k-th one also moves the generator.

    places: where the segments of the data stand, x1.
    """

    wgan = AdversarialLoss("wgan", critic_loss, lambda fake: -fake.mean())  # yours, once it passes

    def __init__(self, seed=0, places=(0.0,)):
        self.game = runs.build(seed, places=places, batch_size=128)
        self.places, self.k, self.kind = places, 5, "minimax"
        self.reset()

    def reset(self):
        self.game.reset()
        self.steps, self.w1, self.gradients = 0, [], []

    def step(self):
        settings = KINDS[self.kind]
        self.game.clip, self.game.gp = settings.get("clip", 0.0), settings.get("gp", 0.0)
        self.game.loss = self.wgan if settings["loss"] == "wgan" else settings["loss"]
        self.game.discriminator_step()
        self.steps += 1
        if self.steps % int(self.k) == 0:
            self.gradients.append(float(self.game.generator_step()["gradient_norm"]))
            self.w1.append(runs.exact_w1(self.game, self.places, n=64))

    def shares(self):
        """Which share of the generated points stands nearest to each segment."""
        nearest = (runs.curve(self.game)[:, :1] - torch.tensor(self.places)).abs().argmin(dim=1)
        return torch.bincount(nearest, minlength=len(self.places)) / len(nearest)

    def is_finite(self):
        return self.game.is_finite()

# %% name="live" tags=["picture"]
live_x, live_y = torch.linspace(-1, 2.5, 36), torch.linspace(-1, 2, 31)
live_grid = torch.stack(torch.meshgrid(live_x, live_y, indexing="xy"), -1).reshape(-1, 2)


def draw_race(view, race):
    scores = race.game.scores(live_grid).cpu().double()
    if KINDS[race.kind]["loss"] == "wgan":
        surface = (scores - scores.mean()) / (scores.std() + 1e-12) / 4
    else:
        surface = torch.sigmoid(scores) - 0.5
    curve, extent = runs.curve(race.game, 64), (-1, 2.5, -1, 2)
    plot = view["plane"]
    plot.heatmap("D", surface.reshape(31, 36), extent=extent, cmap="signed", limits=(-0.5, 0.5), alpha=0.6)
    for i, at in enumerate(race.places):
        plot.curve(f"data{i}", [at, at], [0, 1], color="p", width=3, label=None if i else "data")
    plot.curve("G", curve[:, 0], curve[:, 1], color="q", width=2, label="generator")
    stride = max(1, len(race.w1) // 200)
    x = np.arange(0, len(race.w1), stride)
    view["w1"].curve("w1", x, np.maximum(race.w1[::stride], 1e-3), color="q", label="exact W1")
    view["gradient"].curve("g", x, np.maximum(race.gradients[::stride], 1e-12), color="third")
    view.readout("generator steps", len(race.w1))
    view.readout("W1", race.w1[-1] if race.w1 else float("nan"))
    view.readout("|gradient| of the generator", race.gradients[-1] if race.gradients else float("nan"), ".1e")
    if len(race.places) > 1:
        shares = ", ".join(f"{share:.0%}" for share in race.shares())
        view.readout("share of the points at each segment", shares)


race = Race()
LiveTraining(
    race,
    draw_race,
    panels=[
        Panel(
            "plane",
            title="generator, data, and D or f as colour",
            xlabel="x₁",
            ylabel="x₂",
            xlim=(-1, 2.5),
            ylim=(-1, 2),
            aspect="equal",
        ),
        Panel(
            "w1",
            title="distance to the data",
            xlabel="generator step",
            ylabel="W1",
            yscale="log",
            ylim=(5e-3, 3),
        ),
        Panel(
            "gradient",
            title="gradient of the generator",
            xlabel="generator step",
            ylabel="norm",
            yscale="log",
            ylim=(1e-12, 1e4),
            legend=False,
        ),
    ],
    kind=Choice(list(KINDS), value="minimax", label="game"),
    k=Slider(1, 60, step=1, value=5, label="k"),
    presets={
        "few steps, minimax": {"kind": "minimax", "k": 5},
        "near-optimal, minimax": {"kind": "minimax", "k": 60},
        "near-optimal, penalty": {"kind": "penalty", "k": 60},
    },
    size=(12.5, 4.4),
    alt="A generator's curve on its way to a segment, with the exact distance and the norm of its gradient.",
).run(300)

# %% [markdown]
# **An open experiment.** The non-saturating loss won with few steps. Does it still win when the target is *two* segments, far apart? Write `race = Race(places=(0.0, 2.0))` in the cell above (data, judge and picture follow), and say before you play which
# game will drop one of them. The share of the points at each segment stands under the picture then.
#
# ## What to remember
#
# - Thin supports do not overlap: KL is infinite, JSD is $\log2$, total variation is 1, and none of them moves with the distance. $W$ does, with slope 1.
# - KL is the strongest of the convergences, then JSD and total variation (the same), then $W$, which is weak convergence on a compact space.
# - An optimal critic climbs with slope 1 from generated points *to the data*, along the optimal plan. The direction and the sign of the penalty are printed the wrong way round in I24.
# - Clipping hides the scale $K$ and, but for one value of $c$, makes gradients grow or shrink by a factor per layer. A soft penalty settles at the slope $1 + W/2\lambda$; spectral normalisation keeps to 1.
# - The vanishing gradient belongs to the minimax loss and a discriminator near its optimum. With few steps it comes late. The non-saturating loss loses nothing to the saturated sigmoid (in
#   section 11.7 its gradient was large); but where the discriminator itself is flat, as the smooth one of section 11.1, no loss has a gradient.
#
# ## References
#
# I24 slides "Wasserstein GAN" to "Gradient penalty"; UL p.24-30; I21 from "Informal theoretical results"; U17 "Optimal transport". Arjovsky and Bottou (2017), arXiv:1701.04862; Arjovsky, Chintala and Bottou (2017), arXiv:1701.07875; Gulrajani
# et al. (2017), arXiv:1704.00028; Facco et al. (2017), "Estimating the intrinsic dimension" (the two-neighbour estimate); Villani (2009), *Optimal Transport*.
#
# **Next:** [12 · f-divergences and the f-GAN](12_f_gan.ipynb): a GAN for every convex function.
