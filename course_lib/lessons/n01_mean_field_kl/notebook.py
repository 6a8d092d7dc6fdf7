# %% [markdown]
# # 1 · Mean field, and the two directions of KL
#
# *60 to 90 minutes. Follows UL p.10-16 and p.28 (i)-(ii), and I21, "Mode covering vs mode seeking".*
#
# After this notebook you can
#
# - say what changes when the two arguments of the Kullback-Leibler divergence change places, and show it with a number;
# - derive the mean-field equations, run them as coordinate ascent, and say how fast they converge;
# - fit one Gaussian to a target with two modes in both directions, and say *when* one of them seeks a mode;
# - say by how much a mean-field approximation underestimates a variance, in two dimensions and in fifty.
#
# **Recap.** A distribution that we can write down but not handle, $p$, is to be replaced by a simpler one, $q$, from a family
# that we choose. "Closest" needs a measure of distance between distributions. The lecture takes the Kullback-Leibler (KL)
# divergence, and that gives two different answers, because it is not symmetric.

# %% name="setup"
import math

import torch
from scipy import integrate, optimize, stats
from torch.distributions import Categorical, MixtureSameFamily, Normal

from course_lib.claims import convention, erratum, holds
from course_lib.divergences import divergence, gaussian_kl
from course_lib.exercises import check, hint, owner, predict
from course_lib.variational import mean_field_gaussian
from course_lib.widgets import Choice, Panel, Slider, explore

torch.set_default_dtype(torch.float64)

# %% [markdown]
# ## 1.1 Two ways to compare two distributions
#
# For distributions $P$ and $Q$ with densities (or probabilities) $p$ and $q$:
#
# $$\delta(P, Q) = \sup_B |P(B) - Q(B)|, \qquad \mathrm{KL}(p \Vert q) = \mathbb{E}_{x\sim p} \log\frac{p(x)}{q(x)}.$$
#
# The total variation $\delta$ asks for the event $B$ on which the two disagree most. KL asks how much is lost, on
# average, when data from $p$ are described with a code made for $q$. Logarithms are natural, and their unit is the *nat*: a loss of 1 nat is a
# factor of $e \approx 2.7$ in probability, $\log 2 \approx 0.69$ nats are one bit.
#
# ### Exercise 1.1 · KL between two probability vectors
#
# One line to fill in. `hint("01.kl_discrete")` gives a hint, and one more at each call.


# %% tags=["exercise:01.kl_discrete"]
def kl_discrete(p, q):
    """KL(p||q) in nats.

    p, q: tensors of shape (n,), probabilities that sum to 1. An atom with p = 0 contributes 0; an atom
    with q = 0 and p > 0 makes the divergence infinite. Returns a 0-dimensional tensor.
    """
    # region solution
    return torch.where(p > 0, p * (p.log() - q.log()), 0.0).sum()
    # endregion


kl_discrete = check("01.kl_discrete", kl_discrete)

# %% [markdown]
# Two coins fall heads with probability $a$ and $b$. The picture draws both divergences and the total variation for every coin $Q$ that is no farther from $P$
# than the one you chose, so it grows as you move $b$.


# %% name="coin-counts"
def coin(heads):
    return torch.tensor([heads, 1 - heads])


BIASES = [k / 100 for k in range(1, 100)]
pairs = [(a, b) for a in BIASES for b in BIASES if abs(abs(a - 0.5) - abs(b - 0.5)) > 1e-9]
larger = [bool(kl_discrete(coin(a), coin(b)) > kl_discrete(coin(b), coin(a))) for a, b in pairs]
farther = [abs(b - 0.5) > abs(a - 0.5) for a, b in pairs]
agree = sum(one == other for one, other in zip(larger, farther, strict=True))

# %% name="predict-coins" tags=["predict"]
predict(
    "01.coins",
    "When is KL(P‖Q) larger than KL(Q‖P): when Q, with bias b, is nearer to a certain coin than "
    "P, or farther from it?",
    choices=("when Q is nearer to certain", "when Q is farther from it", "it depends on more than that"),
    answer=f"""When Q is nearer to a certain coin: KL(P‖Q) is the larger one if |b - 1/2| > |a - 1/2|, in
    {agree:,} of the
    {len(pairs):,} pairs of biases from 0.01 to 0.99. As b → 0 only KL(P‖Q) grows without bound; the other
    two stay finite,
    KL(Q‖P) at {float(kl_discrete(coin(1e-12), coin(0.5))):.3f} nats and the total variation at 0.5 for a
    = 1/2.""",
)


# %% name="coins" tags=["picture"]
def two_coins(view, a, b):
    reach = max(abs(b - a), 0.01)
    grid = torch.linspace(max(0.002, a - reach), min(0.998, a + reach), 199)
    rows = [(kl_discrete(coin(a), coin(t)), kl_discrete(coin(t), coin(a)), (t - a).abs()) for t in grid]
    curves = torch.tensor([[float(v) for v in row] for row in rows])
    for name, column, color, style in (
        ("KL(P‖Q)", 0, "p", "-"),
        ("KL(Q‖P)", 1, "q", "--"),
        ("total variation", 2, "third", ":"),
    ):
        view["curves"].curve(name, grid, curves[:, column], color=color, style=style, label=name)
    view["curves"].vline("b", b, color="muted", style="--")
    view["coins"].bars("P", ["heads", "tails"], coin(a), color="p", label="P")
    view["coins"].bars("Q", ["heads", "tails"], coin(b), color="q", label="Q")
    view.readout("KL(P‖Q)", float(kl_discrete(coin(a), coin(b))))
    view.readout("KL(Q‖P)", float(kl_discrete(coin(b), coin(a))))
    view.readout("total variation", abs(a - b))


explore(
    two_coins,
    panels=[
        Panel("coins", title="two coins", ylabel="probability", ylim=(0, 1), width=0.7),
        Panel(
            "curves",
            title="the coin Q moves",
            xlabel="b, the probability of heads under Q",
            ylabel="nats; total variation: a share",
            xlim=(0, 1),
            ylim=(0, 3),
        ),
    ],
    a=Slider(0.01, 0.99, step=0.01, value=0.5, label="a: heads under P"),
    b=Slider(0.01, 0.99, step=0.01, value=0.6, label="b: heads under Q"),
    presets={
        "nearly identical": {"a": 0.5, "b": 0.52},
        "Q nearly certain": {"a": 0.5, "b": 0.99},
        "P nearly certain": {"a": 0.99, "b": 0.5},
    },
    alt=(
        "Bars of two coins, and both KL divergences and the total variation as curves of the second "
        "coin's bias"
    ),
)

# %% [markdown]
# Near $b = a$ both KL curves are the same parabola; far away they part. $\mathrm{KL}(P\Vert Q)$ explodes
# when $Q$ gives almost no mass to what $P$ does often; $\mathrm{KL}(Q\Vert P)$ stays below $-\log a$ or $-\log(1-a)$.
#
# The lecture defines total variation by a supremum over events; on four atoms there are sixteen, so we try them all.

# %% tags=["claim:tv-sup-definition"]
P, Q = torch.tensor([0.5, 0.2, 0.2, 0.1]), torch.tensor([0.1, 0.3, 0.2, 0.4])
events = torch.tensor([[(k >> i) & 1 for i in range(4)] for k in range(16)], dtype=torch.float64)
holds(
    "tv-sup-definition",
    ("largest |P(B) - Q(B)| of all 16 events", float((events @ (P - Q)).abs().max())),
    ("half the sum of |p - q|", float((P - Q).abs().sum() / 2)),
)

# %% [markdown]
# And KL is not a distance: it is not symmetric, and a detour can be *shorter* than the direct way, which no distance allows.

# %% tags=["claim:kl-definition-not-distance"]
A, B, C = (torch.tensor([heads, 1 - heads]) for heads in (0.5, 0.75, 0.95))
print(f"KL(A‖C) = {float(kl_discrete(A, C)):.4f}, but KL(C‖A) = {float(kl_discrete(C, A)):.4f}")
holds(
    "kl-definition-not-distance",
    ("KL(A‖C), the direct way", float(kl_discrete(A, C))),
    ("KL(A‖B) + KL(B‖C), by way of B", float(kl_discrete(A, B) + kl_discrete(B, C))),
    relation=">",
)

# %% [markdown]
# ## 1.2 The distribution to approximate
#
# The lecture's example is the bivariate Gaussian with mean $\mu$ and precision matrix $\Lambda = \Sigma^{-1}$,
#
# $$p(x) = \frac{|\Lambda|^{1/2}}{2\pi} \exp\{-\tfrac12 (x-\mu)^\top \Lambda (x-\mu)\},\qquad
# \mu = \begin{pmatrix}0\\1\end{pmatrix},\quad \Sigma = \begin{pmatrix}1 & 0.9\\ 0.9 & 1\end{pmatrix}.$$

# %% name="the-gaussian"
mean = torch.tensor([0.0, 1.0])
cov = torch.tensor([[1.0, 0.9], [0.9, 1.0]])
precision = torch.linalg.inv(cov)


def density(x1, x2):
    """The density as the lecture writes it (UL p.10)."""
    d = torch.tensor([x1, x2]) - mean
    return float(torch.linalg.det(precision) ** 0.5 / (2 * math.pi) * torch.exp(-0.5 * d @ precision @ d))


# %% tags=["claim:bivariate-normal-density"]
mass, _ = integrate.dblquad(density, -5, 7, -6, 6, epsabs=1e-7)
print(f"its integral over the plane: {mass:.6f}")
holds(
    "bivariate-normal-density",
    ("the lecture's formula at (0.3, 0.8)", density(0.3, 0.8)),
    ("scipy's multivariate normal there", stats.multivariate_normal(mean, cov).pdf([0.3, 0.8])),
)

# %% [markdown]
# ## 1.3 The mean-field equations
#
# *Mean field* is the family of distributions whose coordinates are independent: $q(x) = q_1(x_1)\,q_2(x_2)$, with no other
# restriction. For such a $q$ the divergence splits:
#
# $$\mathrm{KL}(q\Vert p) = \int q_1\log q_1 + \int q_2 \log q_2 - \int q_1(x_1)\,\mathbb{E}_{q_2}[\log p(x_1, x_2)]\,dx_1 .$$
#
# Nothing here needs a Gaussian, so we first look at a table: $x_1$ and $x_2$ take three values each, and every integral is a sum.

# %% name="table"
table = torch.tensor(
    [[0.22, 0.05, 0.03], [0.04, 0.20, 0.06], [0.02, 0.08, 0.30]]
)  # p(x1, x2): rows x1, columns x2


def best_q1(table, q2):
    """exp of E_{q2} log p(x1, x2), and its mass Z: the best q1 for this q2 is their quotient."""
    tilde = torch.exp(table.log() @ q2)
    return tilde / tilde.sum(), tilde.sum()


def kl_table(q1, q2, table):
    return kl_discrete(torch.outer(q1, q2).flatten(), table.flatten())


# %% tags=["claim:kl-factorised-decomposition"]
q1, q2 = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.1, 0.6, 0.3])
three_terms = (q1 * q1.log()).sum() + (q2 * q2.log()).sum() - q1 @ (table.log() @ q2)
holds(
    "kl-factorised-decomposition",
    ("the three terms", float(three_terms)),
    ("KL(q‖p), summed over the nine cells", float(kl_table(q1, q2, table))),
)

# %% [markdown]
# Now hold $q_2$ fixed and move $q_1$. The lecture writes $\log\tilde p_1(x_1) = \mathbb{E}_{q_2}\log p(x_1, x_2)$ and finds
# $\mathrm{KL}(q\Vert p) = \mathrm{KL}(q_1\Vert\tilde p_1) + \text{const}$, minimal at $q_1^* = \tilde p_1$.
# One thing is easily missed: $\tilde p_1$ is not a probability. Its mass $Z$ is below one for tables (a geometric mean lies below the
# arithmetic mean, which is at most the first marginal); a density may exceed one, and then $Z$ may too. So the minimiser is $\tilde p_1 / Z$ and the
# smallest value of that KL is $-\log Z$, not $0$.

# %% tags=["claim:mean-field-q1-tilde"]
best, Z = best_q1(table, q2)
search = optimize.minimize(
    lambda logits: float(kl_table(torch.softmax(torch.as_tensor(logits), 0), q2, table)),
    [0.0, 0.0, 0.0],
    tol=1e-12,
)
print(f"mass Z of p̃₁: {Z:.6f}")
narrow = 0.01  # variance of a round Gaussian p: E log p(x1, x2) is log p1(x1) minus the entropy of x2
print(
    f"for p = N(0, {narrow} I) and q₂ its marginal: Z = "
    f"{1 / math.sqrt(2 * math.pi * math.e * narrow):.2f}, so -log Z is negative"
)
convention(
    "mean-field-q1-tilde",
    ("KL(q‖p) at q₁ = p̃₁/Z", float(kl_table(best, q2, table))),
    ("smallest KL(q‖p) that a search over q₁ finds", search.fun),
    under="p̃₁ is divided by its mass Z, which the lecture leaves to the constant in the logarithm",
)

# %% [markdown]
# Doing the same for $q_2$ gives two equations, each of which needs the solution of the other:
#
# $$\log q_1^*(x_1) = \mathbb{E}_{q_2^*}\log p(x_1,x_2) + c_1, \qquad \log q_2^*(x_2) = \mathbb{E}_{q_1^*}\log p(x_1,x_2) + c_2 .$$
#
# The obvious method is to solve them in turn.


# %% name="table-path"
def table_path(table, turns):
    """(q1, q2) after each turn: q1 is made the best for q2, then q2 the best for q1."""
    q2 = torch.tensor([0.9, 0.05, 0.05])
    path = []
    for _ in range(turns + 1):
        q1, _ = best_q1(table, q2)
        path.append((q1, q2))
        q2, _ = best_q1(table.T, q1)
    return path


# %% name="table-turns"
moves = [torch.outer(*pair) for pair in table_path(table, 12)]
changes = [float((after - before).abs().max()) for before, after in zip(moves, moves[1:], strict=False)]
still = next(turn for turn, change in enumerate(changes, 1) if change < 0.005)
gains = moves[-1] - table

# %% name="predict-table" tags=["predict"]
predict(
    "01.table",
    "We start from a q₂ that is nearly certain of the first column. After how many turns does no "
    "cell of q change by more than 0.005?",
    choices=("after 1 or 2", "after about 7", "after more than 12"),
    answer=f"""In turn {still} the largest change is below 0.005 for the first time. At the end the cells
    of the diagonal, where p has most
    of its mass, get too little (the first by {-float(gains[0, 0]):.3f}, the last by
    {-float(gains[2, 2]):.3f}), and all cells beside it get too much
    (up to {float(gains.max()):.3f}): a product of two distributions cannot be large on a diagonal only.""",
)


# %% name="table-picture" tags=["picture"]
def tables(view, turn):
    q1, q2 = table_path(table, int(turn))[-1]
    q = torch.outer(q1, q2)
    for name, values in (("p", table), ("q", q)):
        # As printed: the first row stands on top.
        view[name].heatmap(name, values.flip(0), extent=(0.5, 3.5, 0.5, 3.5), limits=(0, 0.5), smooth=False)
        for i in range(3):
            view[name].text(f"row {i}", 0.4, 3 - i, f"x₁ = {i + 1}", align="right")
            view[name].text(f"column {i}", i + 1, 0.2, f"x₂ = {i + 1}", align="center")
            for j in range(3):
                color = "white" if values[i, j] > 0.33 else "ink"  # what stands on a dark cell
                view[name].text(f"{i}{j}", j + 1, 3 - i, f"{values[i, j]:.3f}", align="center", color=color)
    falls = [float(kl_table(*pair, table)) for pair in table_path(table, int(turn))]
    view["kl"].curve("KL", range(len(falls)), falls, color="q", label="KL(q‖p)")
    view["kl"].scatter("turns", list(enumerate(falls)), color="q", size=8)
    view.readout("KL(q‖p)", falls[-1], ".6f")


explore(
    tables,
    panels=[
        Panel("p", title="the table p", xlim=(-0.6, 3.5), ylim=(0, 3.5), axes=False, legend=False),
        Panel(
            "q", title="mean field: q₁ times q₂", xlim=(-0.6, 3.5), ylim=(0, 3.5), axes=False, legend=False
        ),
        Panel(
            "kl", title="the objective falls", xlabel="turn", ylabel="nats", xlim=(-0.4, 12.4), ylim=(0, 1.2)
        ),
    ],
    turn=Slider(0, 12, step=1, value=0, label="turns", play=True),
    size=(11, 3.8),
    alt=(
        "A three by three table of probabilities, its mean-field approximation after some turns, and "
        "the falling divergence"
    ),
)

# %% tags=["claim:mean-field-equations"]
solved = table_path(table, 60)[-1]
logits = torch.zeros(6)
search = optimize.minimize(
    lambda v: float(
        kl_table(torch.softmax(torch.as_tensor(v[:3]), 0), torch.softmax(torch.as_tensor(v[3:]), 0), table)
    ),
    [1.0, 0, 0, 1.0, 0, 0],
    tol=1e-12,
)
holds(
    "mean-field-equations",
    ("KL(q‖p) where both equations hold", float(kl_table(*solved, table))),
    ("smallest KL(q‖p) that a search over q₁ and q₂ finds", search.fun),
)

# %% [markdown]
# ## 1.4 The Gaussian, solved exactly
#
# For the Gaussian, $\mathbb{E}_{q_2}\log p$ is a quadratic in $x_1$: so $q_1^*$ *must* be a Gaussian, though nobody asked for one. Completing the
# square,
#
# $$q_1^*(x_1) = \mathcal N\big(x_1 \mid m_1, \Lambda_{11}^{-1}\big), \qquad m_1 = \mu_1 - \Lambda_{11}^{-1}\Lambda_{12}\,(\mathbb{E}_{q_2^*} x_2 - \mu_2).$$
#
# The cell below does not complete the square. It computes $\mathbb{E}_{q_2}\log p$ by quadrature for a $q_2$ that is *not* Gaussian, and reads
# off the best $q_1$.

# %% tags=["claim:mean-field-q1-gaussian"]
q2_given = stats.gamma(a=2.0, scale=0.7)  # any distribution of x2 will do; only its mean, 1.4, enters
nodes = torch.linspace(-5, 5, 501)
inner = torch.linspace(0.0005, 16, 2001)
q2_weights = torch.as_tensor(q2_given.pdf(inner))
q2_weights = q2_weights / q2_weights.sum()
offsets = torch.stack(torch.meshgrid(nodes - mean[0], inner - mean[1], indexing="ij"), dim=-1)
expected_log_p = -0.5 * torch.einsum("ijk,kl,ijl->ij", offsets, precision, offsets) @ q2_weights
q1_numbers = torch.softmax(expected_log_p, dim=0)
m1 = float(mean[0] - precision[0, 1] / precision[0, 0] * (q2_given.mean() - mean[1]))
spread = float(q1_numbers @ (nodes - q1_numbers @ nodes) ** 2)
print(f"its variance by quadrature: {spread:.4f}; the formula 1/Λ₁₁: {float(1 / precision[0, 0]):.4f}")
holds(
    "mean-field-q1-gaussian",
    ("m₁ by the formula", m1),
    ("mean of the best q₁ by quadrature", float(q1_numbers @ nodes)),
    tol=1e-4,
    digits=4,
)

# %% [markdown]
# ### Exercise 1.2 · One mean-field update
#
# Write the update of one mean, for any number of dimensions $d$: with more than two coordinates, $\Lambda_{12}(m_2-\mu_2)$ becomes a sum over all
# *other* coordinates. Your function drives the pictures of the next section.


# %% tags=["exercise:01.mean_field_update"]
def mean_field_update(mean, precision, m, j):
    """The new m_j when all other means are held.

    mean: (d,) the target's mean. precision: (d, d) the target's precision matrix.
    m: (d,) the current means of q. j: which coordinate to update, from 0.
    Returns a 0-dimensional tensor; m itself stays as it is.
    """
    # region solution
    others = torch.arange(len(mean)) != j
    return mean[j] - precision[j, others] @ (m[others] - mean[others]) / precision[j, j]
    # endregion


mean_field_update = check("01.mean_field_update", mean_field_update)

# %% [markdown]
# At the solution both means are their own update. That is a linear system, and its determinant is $1-\rho^2$: as long as $|\Lambda| \ne 0$ the only
# solution is $m = \mu$.

# %% tags=["claim:mean-field-unique-mean"]
coupling = torch.tensor(
    [[1.0, precision[0, 1] / precision[0, 0]], [precision[0, 1] / precision[1, 1], 1.0]]
)  # the system is: coupling @ (m - mean) = 0
ends = []
for seed in range(20):
    m = 10 * torch.randn(2, generator=torch.Generator().manual_seed(seed))
    for _ in range(100):
        for j in range(2):
            m[j] = float(mean_field_update(mean, precision, m, j))
    ends.append(m)
farthest = float((torch.stack(ends) - mean).abs().max())
print(f"determinant of the system: {torch.linalg.det(coupling):.4f} = 1 - 0.9²")
holds(
    "mean-field-unique-mean",
    ("distance from μ that the theorem allows", 0.0),
    ("farthest end of 20 random starts from μ", round(farthest, 6)),
)

# %% [markdown]
# So $\arg\min_{q_1q_2}\mathrm{KL}(q\Vert p) = \mathcal N(\mu_1,\Lambda_{11}^{-1})\,\mathcal N(\mu_2,\Lambda_{22}^{-1})$, and the smallest value is $-\tfrac12\log(1-\rho^2)$.
# We let an optimiser that knows nothing of this look for it, starting far away.


# %% tags=["claim:mean-field-solution", "claim:mean-field-019"]
def kl_of(v):
    return gaussian_kl(v[:2], torch.diag(v[2:].exp()), mean, cov)


start = torch.tensor([3.0, -2.0, 1.0, -1.0])
search = optimize.minimize(
    lambda v: float(kl_of(torch.as_tensor(v))),
    start,
    tol=1e-12,
    jac=lambda v: torch.func.grad(kl_of)(torch.as_tensor(v)),
)
means, variances = search.x[:2], search.x[2:]
print(
    "found: means",
    [round(float(v), 4) + 0.0 for v in means],
    "variances",
    [round(math.exp(v), 4) for v in variances],
)
holds(
    "mean-field-solution",
    ("-1/2 log(1 - 0.9²)", -0.5 * math.log(1 - 0.9**2)),
    ("smallest KL(q‖p) found", search.fun),
)
holds(
    "mean-field-019",
    ("the lecture's 1/Λ₁₁", 0.19),
    ("computed from the inverse of Σ", float(1 / torch.linalg.inv(cov)[0, 0])),
)

# %% [markdown]
# The blue ellipse is $p$, two standard deviations wide. The orange one is the best $q$ in the direction $\mathrm{KL}(q\Vert p)$; the green one is the best in the
# direction $\mathrm{KL}(p\Vert q)$, which section 1.6 derives.


# %% name="ellipse-areas"
def area(cov):
    """Of the ellipse of two standard deviations."""
    return 4 * math.pi * float(torch.linalg.det(cov)) ** 0.5


near_one = torch.tensor([[1.0, 0.99], [0.99, 1.0]])
areas = [
    area(torch.diag(mean_field_gaussian(mean, near_one, which)[1])) for which in ("exclusive", "inclusive")
]

# %% name="predict-ellipses" tags=["predict"]
predict(
    "01.ellipses",
    "As ρ goes to 1, what happens to the areas of the orange and of the green ellipse?",
    choices=("both go to 0", "orange goes to 0, green stays", "orange stays, green grows"),
    answer=f"""The orange area is 4π(1 - ρ²) and goes to 0, even faster than the blue one, 4π√(1 - ρ²);
    the green one stays 4π whatever ρ is. At
    ρ = 0.99: orange {areas[0]:.2f}, blue {area(near_one):.2f}, green {areas[1]:.2f}.""",
)


# %% name="ellipses" tags=["picture"]
def both_fits(view, rho):
    cov = torch.tensor([[1.0, rho], [rho, 1.0]])
    fits = {
        "exclusive": (mean_field_gaussian(mean, cov, "exclusive"), "q", "--", "best q for KL(q‖p)"),
        "inclusive": (mean_field_gaussian(mean, cov, "inclusive"), "third", ":", "best q for KL(p‖q)"),
    }
    view["plane"].ellipse("p", mean, cov, std=2, color="p", label="p")
    x = torch.linspace(-4, 4, 301)
    view["marginal"].fill("p", x, Normal(0.0, 1.0).log_prob(x).exp(), color="p", alpha=0.3, label="p")
    for name, ((m, v), color, style, label) in fits.items():
        view["plane"].ellipse(name, m, torch.diag(v), std=2, color=color, style=style, label=label)
        density = Normal(m[0], v[0].sqrt()).log_prob(x).exp()
        view["marginal"].curve(name, x, density, color=color, style=style, label=label)
        view.readout(f"variance, {name}", float(v[0]))
        view.readout(f"KL(q‖p), {name}", float(gaussian_kl(m, torch.diag(v), mean, cov)))
        view.readout(f"KL(p‖q), {name}", float(gaussian_kl(mean, cov, m, torch.diag(v))))


explore(
    both_fits,
    panels=[
        Panel(
            "plane",
            title="two standard deviations",
            xlabel="x₁",
            ylabel="x₂",
            xlim=(-3.5, 3.5),
            ylim=(-2.5, 4.5),
            aspect="equal",
        ),
        Panel(
            "marginal",
            title="the first coordinate alone",
            xlabel="x₁",
            ylabel="density",
            xlim=(-4, 4),
            ylim=(0, 1.6),
        ),
    ],
    rho=Slider(-0.99, 0.99, step=0.01, value=0.3, label="correlation ρ"),
    presets={"independent": {"rho": 0.0}, "the lecture": {"rho": 0.9}, "nearly degenerate": {"rho": 0.99}},
    size=(10, 4.4),
    alt=(
        "The ellipse of a correlated Gaussian with its two factorised approximations, and their first "
        "marginals"
    ),
)

# %% [markdown]
# The orange $q$ has most of its mass where $p$ has its own, though it sticks out of the blue ellipse on both sides of the long axis. Its variance is $\Lambda_{11}^{-1} = 1-\rho^2$, the *conditional* variance of $x_1$ given $x_2$, and not the
# marginal variance 1. The read-outs show the price: each fit is poor when judged by the other direction.

# %% tags=["claim:reverse-kl-underestimates-variance"]
_, excl = mean_field_gaussian(mean, cov, "exclusive")
_, incl = mean_field_gaussian(mean, cov, "inclusive")
region = stats.chi2(2).ppf(0.95)  # p gives this ellipse probability 0.95
for name, v in (("KL(q‖p)", excl), ("KL(p‖q)", incl)):
    x = mean + v.sqrt() * torch.randn(200_000, 2, generator=torch.Generator().manual_seed(1))
    inside = (torch.einsum("ni,ij,nj->n", x - mean, precision, x - mean) < region).double().mean()
    print(f"the best q for {name} puts {inside:.2f} of its mass into the region where p has 0.95")
holds(
    "reverse-kl-underestimates-variance",
    ("variance of x₁ under the best q for KL(q‖p)", float(excl[0])),
    ("variance of x₁ under p", float(cov[0, 0])),
    relation="<",
)

# %% [markdown]
# ### Exercise 1.3 · KL between two Gaussians
#
# Now in one dimension, in nats, with standard deviations as arguments; section 1.7 measures with it how well a Gaussian fits one mode. Mind the direction:
# write $\log q - \log p$, and take its expectation under $q$ term by term.


# %% tags=["exercise:01.gaussian_kl"]
def gaussian_kl_1d(mean_q, std_q, mean_p, std_p):
    """KL(q||p) for q = N(mean_q, std_q²) and p = N(mean_p, std_p²), all 0-dimensional tensors."""
    # region solution
    ratio = (std_q / std_p) ** 2
    return 0.5 * (ratio - 1 - torch.log(ratio) + ((mean_q - mean_p) / std_p) ** 2)
    # endregion


gaussian_kl_1d = check("01.gaussian_kl", gaussian_kl_1d)

# %% [markdown]
# ## 1.5 Coordinate ascent, step by step
#
# In general the mean-field equations have no closed solution, and one updates the factors in turn. (When $p$ is a posterior $p(z\mid x)$, then $\log p(x) =
# \mathcal L(q) + \mathrm{KL}(q\Vert p)$ (UL p.18, notebook 02): the left side is fixed, so raising the lower bound $\mathcal L$ is the same as lowering the KL. Hence
# *ascent*; here we watch $\mathrm{KL}(q\Vert p)$ fall.)
#
# The whole algorithm is a loop around your update.


# %% name="ascent-path"
def ascent_path(mean, precision, start, steps):
    """Means of q after each single update, (steps + 1, d): the coordinates take turns."""
    m, path = start.clone(), [start.clone()]
    for k in range(steps):
        m[k % len(m)] = float(mean_field_update(mean, precision, m, k % len(m)))
        path.append(m.clone())
    return torch.stack(path)


# %% name="sweep-factors"
def sweep_factor(rho):
    """Error in the second mean after one sweep over both coordinates, divided by the error before it."""
    precision = torch.linalg.inv(torch.tensor([[1.0, rho], [rho, 1.0]]))
    path = ascent_path(mean, precision, mean + torch.tensor([-2.5, 2.5]), 6)
    return float((path[4] - mean)[1] / (path[2] - mean)[1])


# %% name="predict-ascent" tags=["predict"]
predict(
    "01.ascent",
    "With ρ = 0.9, by which factor does the distance to the solution shrink in one sweep over "
    "both coordinates?",
    choices=("0.1", "0.19", "0.81", "0.9"),
    answer=f"""By ρ² = {sweep_factor(0.9):.2f}: each of the two updates passes ρ times the other's error
    on. At ρ = 0.5 it is
    {sweep_factor(0.5):.2f}; at ρ = 0 nothing is passed on, and one sweep ends it.""",
)


# %% name="ascent" tags=["picture"]
def watch_ascent(view, rho, steps):
    cov = torch.tensor([[1.0, rho], [rho, 1.0]])
    precision = torch.linalg.inv(cov)
    variances = torch.diag(1 / precision.diagonal())
    path = ascent_path(mean, precision, mean + torch.tensor([-2.5, 2.5]), int(steps))
    view["plane"].ellipse("p", mean, cov, std=2, color="p", label="p")
    view["plane"].ellipse("q", path[-1], variances, std=2, color="q", style="--", label="q")
    view["plane"].curve("path", path[:, 0], path[:, 1], color="accent", width=1.5)
    view["plane"].scatter("points", path, color="accent", size=7)
    values = [float(gaussian_kl(m, variances, mean, cov)) for m in path]
    excess = [math.log10(max(v + 0.5 * math.log(1 - rho**2), 1e-12)) for v in values]
    view["kl"].scatter("excess", list(enumerate(excess)), color="q", label="measured", size=8)
    theory = [excess[0]] + [
        excess[1] + 2 * (k - 1) * math.log10(max(abs(rho), 1e-6)) for k in range(1, len(excess))
    ]
    view["kl"].curve(
        "theory", range(len(theory)), theory, color="muted", style=":", label="factor ρ² an update"
    )
    view.readout("KL(q‖p)", values[-1], ".6f")
    view.readout("its smallest value", -0.5 * math.log(1 - rho**2), ".6f")
    view["plane"].title(f"each update by {owner(mean_field_update)}")


explore(
    watch_ascent,
    panels=[
        Panel(
            "plane",
            title="each update",
            xlabel="m₁",
            ylabel="m₂",
            xlim=(-4.5, 4.5),
            ylim=(-3.5, 5.5),
            aspect="equal",
        ),
        Panel(
            "kl",
            title="excess of KL(q‖p) over its minimum",
            xlabel="single updates",
            ylabel="log₁₀ of nats",
            xlim=(-0.5, 40.5),
            ylim=(-12, 3),
        ),
    ],
    rho=Slider(-0.99, 0.99, step=0.01, value=0.9, label="correlation ρ"),
    steps=Slider(0, 40, step=1, value=0, label="updates", play=True),
    presets={
        "easy: ρ = 0.3": {"rho": 0.3, "steps": 40},
        "ρ = 0.9": {"rho": 0.9, "steps": 40},
        "slow: ρ = 0.98": {"rho": 0.98, "steps": 40},
    },
    size=(10, 4.4),
    alt=(
        "The zigzag path of the means of q towards the target, and the excess divergence falling on a "
        "straight line"
    ),
)

# %% [markdown]
# Each update removes all of the error in one coordinate and leaves the other. The error left after a sweep is $\rho^2$ times the old one, so the excess of
# the objective, which is quadratic in the error, shrinks by $\rho^4$ a sweep, $\rho^2$ an update. Nearly dependent coordinates make mean field not only wrong but slow.

# %% tags=["claim:mean-field-coordinate-descent"]
path = ascent_path(mean, precision, mean + torch.tensor([-2.5, 2.5]), 40)
objective = [float(gaussian_kl(m, torch.diag(excl), mean, cov)) for m in path]
print(
    "the objective never rises:", all(b <= a + 1e-12 for a, b in zip(objective, objective[1:], strict=False))
)
holds(
    "mean-field-coordinate-descent",
    ("ρ², the factor that theory gives for one sweep", 0.9**2),
    ("measured: error after sweep 11 / after sweep 10", float((path[22] - mean)[1] / (path[20] - mean)[1])),
)

# %% [markdown]
# ## 1.6 The other direction
#
# With the arguments exchanged, $q$ stands inside the logarithm only:
#
# $$\mathrm{KL}(p\Vert q) = -\int p(x)\,[\log q_1(x_1) + \log q_2(x_2)]\,dx + \text{const}.$$
#
# The constant is $\int p\log p$. It does not depend on $q$, so for two different $q$ the two sides differ by the same number.


# %% tags=["claim:forward-kl-objective"]
def constant_of(q1, q2):
    objective = -(table * (q1.log()[:, None] + q2.log()[None, :])).sum()
    return float(kl_discrete(table.flatten(), torch.outer(q1, q2).flatten()) - objective)


holds(
    "forward-kl-objective",
    ("the constant, for one q", constant_of(torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.1, 0.6, 0.3]))),
    ("Σ p log p", float((table * table.log()).sum())),
)

# %% [markdown]
# Under the constraint $\int q_1 = 1$ with multiplier $\lambda$, the derivative is zero where $-F_1(x_1)/q_1(x_1) + \lambda = 0$, with $F_1$ the first marginal
# of $p$. Summing $\lambda q_1 = F_1$ over $x_1$ gives $\lambda = 1$, hence $q_1^* = F_1$. A constrained optimiser finds the same multiplier.

# %% tags=["claim:forward-kl-lagrangian", "claim:forward-kl-marginals"]
F1, F2 = table.sum(1), table.sum(0)
found = optimize.minimize(
    lambda q: -float(F1 @ torch.as_tensor(q).log()),
    [1 / 3] * 3,
    method="SLSQP",
    bounds=[(1e-6, 1)] * 3,
    constraints={"type": "eq", "fun": lambda q: sum(q) - 1},
    tol=1e-14,
)
multiplier = float(F1[0]) / float(found.x[0])
holds(
    "forward-kl-lagrangian",
    ("λ in the lecture", 1.0),
    ("F₁/q₁ at the minimum that SLSQP finds", multiplier),
    tol=1e-4,
    digits=4,
)

mutual_information = F1.log() @ -F1 + F2.log() @ -F2 + (table * table.log()).sum()
free = optimize.minimize(
    lambda v: float(
        kl_discrete(
            table.flatten(),
            torch.outer(
                torch.softmax(torch.as_tensor(v[:3]), 0), torch.softmax(torch.as_tensor(v[3:]), 0)
            ).flatten(),
        )
    ),
    [0.5, 0, 0, 0, 0, -0.5],
    tol=1e-12,
)
holds(
    "forward-kl-marginals",
    ("KL(p‖product of marginals) = mutual information", float(mutual_information)),
    ("smallest KL(p‖q₁q₂) that a search finds", free.fun),
)

# %% [markdown]
# For a Gaussian $p$ the marginals are known. The lecture prints $q_j^*(x_j) = \mathcal N(x_j\mid\mu_j, \Sigma_{jj}^{-1})$. In its own notation the second
# argument is a *variance* ($p = \mathcal N(x\mid\mu,\Lambda^{-1})$, $q_1^* = \mathcal N(x_1 \mid m_1, \Lambda_{11}^{-1})$), and the example has $\Sigma_{jj} = 1$, so the slip cannot be
# seen there. With $\Sigma_{11} = 4$ it can.

# %% tags=["claim:forward-kl-gaussian-marginals"]
wide = torch.tensor([[4.0, 1.2], [1.2, 0.5]])
search = optimize.minimize(
    lambda v: float(
        gaussian_kl(mean, wide, torch.as_tensor(v[:2]), torch.diag(torch.as_tensor(v[2:]).exp()))
    ),
    [1.0, 0, 0, 0],
    tol=1e-14,
)
erratum(
    "forward-kl-gaussian-marginals",
    ("the lecture's variance of q₁, 1/Σ₁₁", float(1 / wide[0, 0])),
    ("variance of q₁ that minimises KL(p‖q)", math.exp(search.x[2])),
    corrected="q_j*(x_j) = N(x_j | μ_j, Σ_jj): the variance is Σ_jj, not its inverse",
    corrected_left=("Σ₁₁", float(wide[0, 0])),
    tol=1e-3,
    digits=4,
)

# %% [markdown]
# ## 1.7 Two modes, one Gaussian
#
# Now the target has two modes, $p = \tfrac12\mathcal N(-h, 1) + \tfrac12\mathcal N(h, 1)$, and $q = \mathcal N(m, s^2)$ has one. In the direction $\mathrm{KL}(p\Vert q)$ there is
# nothing to search.
#
# ### Exercise 1.4 · The inclusive fit
#
# Which mean and standard deviation minimise $\mathrm{KL}(p\Vert q)$ when $p$ is a mixture of Gaussians on the line?


# %% tags=["exercise:01.inclusive_fit"]
def inclusive_fit(weights, means, stds):
    """Mean and standard deviation of the Gaussian q that minimises KL(p||q) for a mixture.

    The mixture is p = Σ weights_k N(means_k, stds_k²). weights, means, stds: tensors of shape (k,); the
    weights sum to 1. Returns two 0-dimensional tensors.
    """
    # region solution
    mean = (weights * means).sum()
    variance = (weights * (stds**2 + (means - mean) ** 2)).sum()
    return mean, variance.sqrt()
    # endregion


inclusive_fit = check("01.inclusive_fit", inclusive_fit)

# %% [markdown]
# ### Exercise 1.5 · The exclusive fit (half an hour)
#
# $\mathrm{KL}(q\Vert p)$ has no closed form here, so descend. Write $x = m + s z$ with $z$ standard normal; then
#
# $$\mathrm{KL}(q\Vert p) = -\log s - \mathbb{E}_z \log p(m + s z) + \text{const},$$
#
# and a grid of $z$ with Gaussian weights turns the expectation into a sum. Take gradient steps on $(m, \log s)$. All the pictures below run on your function.


# %% tags=["exercise:01.exclusive_fit"]
def exclusive_fit(log_p, mean, std, steps=200, rate=0.1):
    """Gradient descent of KL(q||p) over q = N(mean, std²).

    log_p: function of a tensor (n,) that gives log p there, shape (n,). mean, std: floats, the start.
    steps: number of gradient steps of size rate on (mean, log std).
    Returns the path, a tensor (steps + 1, 2) of (mean, std), start first.
    """
    # region solution
    z = torch.linspace(-6, 6, 121)
    weights = torch.softmax(-(z**2) / 2, dim=0)
    parameters = torch.tensor([mean, math.log(std)], requires_grad=True)
    path = [(mean, std)]
    for _ in range(steps):
        m, log_s = parameters
        objective = -log_s - weights @ log_p(m + log_s.exp() * z)
        (gradient,) = torch.autograd.grad(objective, parameters)
        with torch.no_grad():
            parameters -= rate * gradient
        path.append((parameters[0].item(), math.exp(parameters[1].item())))
    return torch.tensor(path)
    # endregion


exclusive_fit = check("01.exclusive_fit", exclusive_fit)

# %% name="two-modes"
Z = torch.linspace(-9, 9, 1201)
Z_WEIGHTS = torch.softmax(-(Z**2) / 2, dim=0)


def log_mixture(x, h):
    """log p of the target with modes at -h and h."""
    return torch.logaddexp(-0.5 * (x - h) ** 2, -0.5 * (x + h) ** 2) - math.log(2 * math.sqrt(2 * math.pi))


def kl_to_mixture(m, log_s, h):
    """KL(q||p) for q = N(m, s²) by quadrature over 1,201 nodes."""
    s = torch.as_tensor(log_s).exp()
    return -0.5 - 0.5 * math.log(2 * math.pi) - log_s - Z_WEIGHTS @ log_mixture(m + s * Z, h)


# %% name="landscapes"
MEANS, STDS, X = torch.linspace(-6, 6, 61), torch.linspace(0.3, 5.5, 53), torch.linspace(-16, 16, 321)
# Shape (std, mean, x).
Q_GRID = torch.softmax(-0.5 * ((X - MEANS[None, :, None]) / STDS[:, None, None]) ** 2, dim=-1)


def landscapes(h):
    """KL(q||p) and KL(p||q) over the grid of means and standard deviations, each (53, 61)."""
    log_p, dx = log_mixture(X, h), float(X[1] - X[0])
    exclusive = -0.5 - torch.log(STDS * math.sqrt(2 * math.pi))[:, None] - Q_GRID @ log_p
    entropy = -(log_p.exp() * log_p).sum() * dx
    inclusive = (
        torch.log(STDS * math.sqrt(2 * math.pi))[:, None]
        + ((1 + h**2) + MEANS[None, :] ** 2) / (2 * STDS[:, None] ** 2)
        - entropy
    )
    return exclusive, inclusive


# %% name="predict-landscape" tags=["predict"]
predict(
    "01.landscape",
    "In the landscape of KL(q‖p) over the mean and the standard deviation of q, how many valleys "
    "are there when the modes lie far apart, h = 4?",
    choices=("one", "two", "three"),
    answer="""Three: one on each mode, and a third between them, with a wide q that covers both. Which of
    them a descent ends in depends on where it
    starts. The landscape of KL(p‖q), on the right, has one valley at every h.""",
)

# %% name="landscape" tags=["picture"]
# At h = 3, 3.5, 4 and 4.5 the lines 0.95, 1.16, 1.385 and 1.6 close around the shallow third valley.
LEVELS = [0.3, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 1.05, 1.16, 1.27, 1.385, 1.5, 1.6, 1.8]


def two_modes(view, h, start_mean, start_std):
    exclusive, inclusive = landscapes(h)
    # A larger rate saves steps, and throws the descent out of the valley that covers both.
    path = exclusive_fit(lambda x: log_mixture(x, h), start_mean, start_std, steps=200, rate=0.1)
    path = torch.as_tensor(path)
    half = torch.tensor([0.5, 0.5])
    m_in, s_in = map(float, inclusive_fit(half, torch.tensor([-h, h]), torch.ones(2)))
    for name, values in (("excl", exclusive), ("incl", inclusive)):
        roots = values.clamp(min=0, max=4).sqrt()
        view[name].heatmap(
            "kl", roots, extent=(-6, 6, 0.3, 5.5), cmap="viridis_r", limits=(0, 2), bar="√nats"
        )
        view[name].contour("lines", MEANS, STDS, roots, levels=LEVELS, color="white", alpha=0.6, width=0.8)
    view["excl"].curve("path", path[:, 0], path[:, 1], color="q", width=2)
    view["excl"].scatter("end", path[-1:], color="q", size=10, label="end of the descent")
    view["incl"].scatter("best", [[m_in, s_in]], color="third", size=10, label="the minimum")
    x = torch.linspace(-8, 8, 321)
    view["fits"].fill("p", x, log_mixture(x, h).exp(), color="p", alpha=0.3, label="p")
    m, s = (float(v) for v in path[-1])
    view["fits"].curve(
        "excl", x, Normal(m, s).log_prob(x).exp(), color="q", style="--", label="q for KL(q‖p)"
    )
    view["fits"].curve(
        "incl", x, Normal(m_in, s_in).log_prob(x).exp(), color="third", style=":", label="q for KL(p‖q)"
    )
    view.readout("descent ends at mean", m, ".3f")
    view.readout("std", s, ".3f")
    view.readout("KL(q‖p) there", float(kl_to_mixture(m, math.log(s), h)))
    nearest = gaussian_kl_1d(*(torch.tensor(v) for v in (m, s, math.copysign(h, m), 1.0)))
    view.readout("KL(q‖nearest mode)", float(nearest))
    view.readout("inclusive std", s_in, ".3f")
    view["excl"].title(f"√KL(q‖p), by {owner(exclusive_fit)}")


explore(
    two_modes,
    panels=[
        Panel(
            "fits",
            title="the target and both fits",
            xlabel="x",
            ylabel="density",
            xlim=(-8, 8),
            ylim=(0, 0.45),
        ),
        Panel(
            "excl",
            title="√KL(q‖p), bright is low",
            xlabel="mean of q",
            ylabel="std of q",
            xlim=(-6, 6),
            ylim=(0.3, 5.5),
        ),
        Panel(
            "incl",
            title="√KL(p‖q), bright is low",
            xlabel="mean of q",
            ylabel="std of q",
            xlim=(-6, 6),
            ylim=(0.3, 5.5),
        ),
    ],
    h=Slider(0.0, 5.0, step=0.1, value=1.0, label="h: half the distance of the modes"),
    start_mean=Slider(-5.5, 5.5, step=0.1, value=-2.0, label="start: mean"),
    start_std=Slider(0.4, 5.0, step=0.1, value=1.0, label="start: std"),
    presets={
        "left mode": {"h": 4.0, "start_mean": -2.0, "start_std": 1.0},
        "right mode": {"h": 4.0, "start_mean": 2.0, "start_std": 1.0},
        "covers both": {"h": 4.0, "start_mean": 0.1, "start_std": 4.0},
        "start on a mode, h = 2": {"h": 2.0, "start_mean": 2.0, "start_std": 0.5},
    },
    size=(13, 4.2),
    alt=(
        "A bimodal density with two Gaussian fits, and the landscapes of both divergences over mean "
        "and standard deviation"
    ),
)

# %% [markdown]
# There are *three* valleys when the modes are far apart: one on each mode, as the lecture says, and a third that covers both. The third never goes away:
# where the derivative by $s$ vanishes, the curvature along the mean is exactly $1/s^2 > 0$ (integrate by parts: both are
# $\mathbb{E}_q[-(\log p)'']$), so the covering fit is always a local minimum.
#
# On a mode, $q$ ignores the other one altogether, at a price of $\log 2$ nats and no more: $\mathrm{KL}(q\Vert p) = \log 2 + \mathrm{KL}(q\Vert\text{that mode})$ up to what $q$
# puts on the other side, and your formula of exercise 1.3 measures the last term.

# %% tags=["claim:reverse-kl-zero-forcing"]
h = 4.0
on_mode = torch.as_tensor(exclusive_fit(lambda x: log_mixture(x, h), 3.0, 1.0, steps=400)[-1])
m_in, s_in = inclusive_fit(torch.tensor([0.5, 0.5]), torch.tensor([-h, h]), torch.ones(2))
alone = gaussian_kl_1d(on_mode[0], on_mode[1], torch.tensor(h), torch.tensor(1.0))
print(f"KL(q‖p) on one mode: {kl_to_mixture(on_mode[0], on_mode[1].log(), h):.4f}")
print(f"log 2 + KL(q‖that mode): {math.log(2) + float(alone):.4f}")
holds(
    "reverse-kl-zero-forcing",
    ("std of the q that sits on one mode", round(float(on_mode[1]), 4)),
    ("std of p", float(s_in)),
    relation="<",
    digits=4,
)

# %% [markdown]
# Is a valley on a mode the *deepest* of the three? The lecture says that the exclusive fit "typically" picks a mode. Follow the depth of both kinds of valley as the modes
# move apart.


# %% name="valleys"
def valley(h, m, s):
    """The local minimum of KL(q||p) next to N(m, s²): its mean, standard deviation and depth."""

    objective = lambda v: kl_to_mixture(v[0], v[1], h)
    found = optimize.minimize(
        lambda v: float(objective(torch.as_tensor(v))),
        [m, math.log(s)],
        tol=1e-10,
        jac=lambda v: torch.func.grad(objective)(torch.as_tensor(v)),
    )
    return float(found.x[0]), math.exp(found.x[1]), float(found.fun)


distances = torch.linspace(0.5, 4.5, 41)
covering = [valley(float(h), 0.0, math.sqrt(1 + float(h) ** 2)) for h in distances]
on_a_mode = [valley(float(h), float(h), 1.05) for h in distances]
exists = [abs(m) > 0.5 for m, _, _ in on_a_mode]  # otherwise the search slid down into the covering valley


# %% name="thresholds"
def has_valley_on_a_mode(h):
    return abs(valley(h, h, 1.0)[0]) > 0.5


low, high = 2.0, 3.0  # at 2 every descent slides into the covering valley, at 3 none does
while high - low > 1e-3:
    middle = (low + high) / 2
    low, high = (low, middle) if has_valley_on_a_mode(middle) else (middle, high)
opens = high
crossing = optimize.brentq(
    lambda h: valley(h, h, 1.05)[2] - valley(h, 0.0, math.sqrt(1 + h * h))[2], 2.6, 3.2, xtol=1e-4
)

# %% name="predict-crossing" tags=["predict"]
predict(
    "01.crossing",
    "The target has two modes from h = 1 on. From which half-distance h on does the best Gaussian "
    "for KL(q‖p) sit on one of them?",
    choices=("h = 1, at once", "about 2", "about 2.8", "never"),
    answer=f"""From h = {crossing:.2f} on. Below h = {opens:.2f} there is no valley on a mode at all;
    between the two there is one, but the valley that covers
    both is deeper.""",
)


# %% name="crossing" tags=["picture"]
def depths(view, h):
    seen = [i for i, distance in enumerate(distances) if distance <= h + 1e-6]
    on_it = [i for i in seen if exists[i]]
    view["depth"].curve(
        "cover", distances[seen], [covering[i][2] for i in seen], color="third", label="covers both modes"
    )
    if on_it:
        view["depth"].curve(
            "mode",
            distances[on_it],
            [on_a_mode[i][2] for i in on_it],
            color="q",
            style="--",
            label="sits on one mode",
        )
        view["depth"].scatter(
            "mode here", [[distances[on_it[-1]], on_a_mode[on_it[-1]][2]]], color="q", size=8
        )
    view["depth"].scatter("cover here", [[distances[seen[-1]], covering[seen[-1]][2]]], color="third", size=8)
    view["depth"].hline("log2", math.log(2), color="muted", style=":", label="log 2")
    view["depth"].vline("h", h, color="muted")
    x = torch.linspace(-8, 8, 321)
    m, s, depth = min((valley(h, 0.0, math.sqrt(1 + h * h)), valley(h, h, 1.05)), key=lambda v: v[2])
    view["fits"].fill("p", x, log_mixture(x, h).exp(), color="p", alpha=0.3, label="p")
    view["fits"].curve("q", x, Normal(m, s).log_prob(x).exp(), color="q", label="the deepest valley's q")
    view.readout("deepest: mean", abs(m), ".3f")
    view.readout("deepest: std", s, ".3f")
    view.readout("KL(q‖p)", depth)


explore(
    depths,
    panels=[
        Panel(
            "fits",
            title="the best Gaussian for KL(q‖p)",
            xlabel="x",
            ylabel="density",
            xlim=(-8, 8),
            ylim=(0, 0.45),
        ),
        Panel(
            "depth",
            title="depth of the valleys",
            xlabel="h: half the distance of the modes",
            ylabel="KL(q‖p) in nats",
            xlim=(0.5, 4.5),
            ylim=(0, 1.6),
        ),
    ],
    h=Slider(0.5, 4.5, step=0.05, value=1.1, label="h"),
    presets={
        "just bimodal": {"h": 1.1},
        "a valley has opened": {"h": 2.5},
        "they cross": {"h": 2.8},
        "far apart": {"h": 4.0},
    },
    alt=(
        "The best Gaussian under the exclusive divergence, and the depth of its valleys against the "
        "distance of the modes"
    ),
)

# %% tags=["claim:reverse-kl-picks-mode"]
print("the target has two modes from h = 1 on")
print(f"a valley on each mode exists from h = {opens:.2f} on")
print(f"it is the deepest one from h = {crossing:.2f} on; below, the best q covers both modes")
deepest = min(valley(4.0, 4.0, 1.05), valley(4.0, 0.0, 4.0), key=lambda found: found[2])
convention(
    "reverse-kl-picks-mode",
    ("h = 4: mean of the deepest valley's q", round(abs(deepest[0]), 3)),
    ("h = 4: where the mode is", 4.0),
    tol=1e-3,
    digits=4,
    under=f"the modes are far apart: equal weights, half-distance above {crossing:.2f} standard deviations",
)

# %% [markdown]
# So between $h = 1$, where the target becomes bimodal, and $h \approx 2.8$ the minimiser of $\mathrm{KL}(q\Vert p)$ is **mode covering**. "Reverse KL seeks a mode" is true for modes
# that are far apart. A descent that starts on a mode stays there only where that mode has a valley, and below $h \approx 2.41$ it has none: try the preset with
# $h = 2$.
#
# The inclusive fit has no such history. It must not be negligible anywhere where $p$ has mass, and takes the moments of $p$ whatever the distance.

# %% tags=["claim:forward-kl-global"]
mixture = MixtureSameFamily(Categorical(torch.ones(2)), Normal(torch.tensor([-4.0, 4.0]), torch.ones(2)))
grid = torch.linspace(-40, 40, 3201)
best = optimize.minimize(
    lambda v: float(divergence(mixture, Normal(v[0], math.exp(v[1])), "kl", grid)),
    [2.0, 1.0],
    method="Nelder-Mead",
    options={"xatol": 1e-6, "fatol": 1e-10},
)
print(f"mean {abs(round(float(best.x[0]), 4)):.4f}")
print(f"the modes at ±4 are {4 / math.exp(best.x[1]):.2f} standard deviations of q away from it")
holds(
    "forward-kl-global",
    ("std by matching moments, √(1 + 4²)", math.sqrt(17)),
    ("std that minimises KL(p‖q) by quadrature and search", math.exp(best.x[1])),
    tol=1e-3,
    digits=4,
)

# %% [markdown]
# ## 1.8 Beyond two dimensions
#
# For a Gaussian in $d$ dimensions, mean field keeps $\Lambda_{jj}^{-1}$, the variance of $x_j$ when *all others are known*. More neighbours know more. For two shapes of
# correlation there is a formula for the ratio of $\Lambda_{jj}^{-1}$ to the true variance:
#
# - all pairs equally correlated: $\dfrac{(1-\rho)(1+(d-1)\rho)}{1+(d-2)\rho}$, which falls towards $1-\rho$;
# - a chain, where neighbours have correlation $\rho$ and the others follow ($\rho^{|i-j|}$): $\dfrac{1-\rho^2}{1+\rho^2}$ for every inner coordinate.


# %% name="correlations"
def correlation(shape, d, rho):
    index = torch.arange(d)
    if shape == "all pairs equal":
        return torch.full((d, d), rho) + (1 - rho) * torch.eye(d)
    return rho ** (index[:, None] - index[None, :]).abs().double()


def ratio_theory(shape, d, rho):
    if shape == "all pairs equal":
        return (1 - rho) * (1 + (d - 1) * rho) / (1 + (d - 2) * rho)
    return (1 - rho**2) / (1 + rho**2) if d > 2 else 1 - rho**2


fifty = {
    shape: float(1 / torch.linalg.inv(correlation(shape, 50, 0.9))[25, 25])
    for shape in ("all pairs equal", "chain")
}

# %% name="predict-dimensions" tags=["predict"]
predict(
    "01.dimensions",
    "At ρ = 0.9 and d = 2 the ratio is 0.19. In 50 dimensions, for which shape is it smaller?",
    choices=("all pairs equal", "the chain", "the same for both"),
    answer=f"""All pairs equal: {fifty["all pairs equal"]:.3f} against {fifty["chain"]:.3f} for the chain,
    both computed from the inverse of the matrix. Of the two
    divergences KL(p‖q) grows faster: in proportion to d for both shapes, while KL(q‖p) does so for the
    chain only.""",
)

# %% name="dimensions" tags=["picture"]
DIMENSIONS = [2, 3, 4, 6, 8, 12, 16, 24, 32, 50]


def many_dimensions(view, shape, rho):
    ratios, exclusive, inclusive = [], [], []
    for d in DIMENSIONS:
        cov, zero = correlation(shape, d, rho), torch.zeros(d)
        _, v = mean_field_gaussian(zero, cov, "exclusive")
        _, u = mean_field_gaussian(zero, cov, "inclusive")
        ratios.append(float(v[d // 2] / cov[0, 0]))
        exclusive.append(float(gaussian_kl(zero, torch.diag(v), zero, cov)) / d)
        inclusive.append(float(gaussian_kl(zero, cov, zero, torch.diag(u))) / d)
    d = torch.arange(2, 51)
    view["ratio"].curve(
        "theory", d, [ratio_theory(shape, int(k), rho) for k in d], color="muted", label="formula"
    )
    view["ratio"].scatter(
        "measured", torch.tensor([DIMENSIONS, ratios]).T, color="q", label="from the precision matrix", size=8
    )
    view["kl"].curve("excl", DIMENSIONS, exclusive, color="q", style="--", label="KL(q‖p), exclusive fit")
    view["kl"].curve("incl", DIMENSIONS, inclusive, color="third", style=":", label="KL(p‖q), inclusive fit")
    view.readout("ratio at d = 2", ratios[0])
    view.readout("ratio at d = 50", ratios[-1])
    view.readout("formula at d = 50", ratio_theory(shape, 50, rho))


explore(
    many_dimensions,
    panels=[
        Panel(
            "ratio",
            title="variance of q over variance of p",
            xlabel="dimensions d",
            ylabel="ratio",
            xlim=(0, 51),
            ylim=(0, 1),
        ),
        Panel(
            "kl",
            title="divergence for each dimension",
            xlabel="dimensions d",
            ylabel="nats / d",
            xlim=(0, 51),
            ylim=(0, 2),
        ),
    ],
    shape=Choice(["all pairs equal", "chain"], value="all pairs equal", label="shape of the correlation"),
    rho=Slider(0.0, 0.98, step=0.02, value=0.3, label="ρ"),
    alt=(
        "The ratio of the mean-field variance to the true variance, and both divergences, against the "
        "number of dimensions"
    ),
)

# %% [markdown]
# At $\rho = 0.9$, 81 % of the variance is gone at $d = 2$ already, in both shapes; at $\rho = 0.3$ only 14 to 17 % at $d = 3$ (move the slider). The price in $\mathrm{KL}(p\Vert q)$ grows in proportion to $d$. The price in $\mathrm{KL}(q\Vert p)$ does so for the chain, but
# for equal pairs only like $\tfrac12\log d$: there, all dependence comes from one shared direction, and a narrow $q$ gets only that one wrong.
#
# ## 1.9 An open experiment
#
# The modes above had equal weights and equal widths. Give one of them weight $w$ and width $\sigma$, and find out with your `exclusive_fit`:
#
# - At $h = 4$, how small may $w$ be before the valley on that mode is no longer the deepest one? Is the depth there $-\log w$?
# - Two modes of equal weight, one narrow and one wide: which valley is deeper, and which one do more random starts fall into? (These are different questions.)
# - Take a target with heavy tails (a Student $t$): what do the two directions do to the spread of $q$?

# %% name="your-experiment"
w, sigma, h = 0.2, 0.5, 4.0


def log_target(x):
    left = math.log(1 - w) - 0.5 * (x + h) ** 2
    right = math.log(w) - 0.5 * ((x - h) / sigma) ** 2 - math.log(sigma)
    return torch.logaddexp(left, right) - 0.5 * math.log(2 * math.pi)


for start in (-4.5, 0.0, 4.5):
    m, s = map(float, exclusive_fit(log_target, start, 1.0)[-1])
    print(f"from mean {start:4.1f}: mean {m:6.3f}, std {s:.3f}")

# %% [markdown]
# ## What to remember
#
# | | $\min_q \mathrm{KL}(q\Vert p)$, exclusive | $\min_q \mathrm{KL}(p\Vert q)$, inclusive |
# |---|---|---|
# | expectation under | $q$: you can sample it | $p$: you usually cannot |
# | best factorised $q$ | coupled equations, coordinate ascent | the marginals |
# | Gaussian $p$ | variance $\Lambda_{jj}^{-1}$: too small | variance $\Sigma_{jj}$: exact |
# | two far modes | a valley on each mode, and one that covers | one minimum: the moments |
# | used in | variational Bayes, VAEs | maximum likelihood, expectation propagation |
#
# - One sweep of coordinate ascent shrinks the error by $\rho^2$: dependence makes mean field wrong and slow.
# - Mode seeking is a matter of distance: with equal weights it begins at a half-distance of about 2.8 standard deviations.
# - The lecture's $\Sigma_{jj}^{-1}$ for the inclusive fit should read $\Sigma_{jj}$.
#
# **References.** UL p.10-16, p.28. C. Bishop, *Pattern Recognition and Machine Learning* (2006), section 10.1. T. Minka, *Divergence measures and message passing*
# (2005), for both directions and what lies between. Next: [variational Bayes and expectation propagation](02_variational_bayes_and_ep.ipynb), where $p$ is a posterior.
