# %% [markdown]
# # 6 · Disentanglement
#
# *About 100 minutes. Follows I22, "Disentangled representations" to "Challenging disentanglement assumptions", and I21, "DIP-VAE" to "Agreement of
# different disentanglement metrics".*
#
# After this notebook you can
#
# - say what a disentangled code is, compute six scores of it, and say where they contradict each other;
# - derive what a β-VAE pays for, and what it gives up first;
# - write the penalty of DIP-VAE, and build codes that it cannot object to and that are not disentangled;
# - write the map of the impossibility theorem: the same distribution, the same pictures, every factor mixed with every other;
# - read a table of disentanglement scores: how much of it is the method, and how much is the seed?
#
# **Recap.** [Notebook 3](03_vae.ipynb) trains a VAE: an *encoder* $q(z\mid x)$, a *decoder* $p(x\mid z)$, a *prior* $p(z)=\mathcal N(0,I)$ and the
# ELBO. [Notebook 4](04_elbo_surgery.ipynb) splits the average KL of $n$ images into the *mutual information* $\mathbb I_q[x,z]$ and the *marginal
# KL*, from the *aggregated posterior* $q_{\rm agg}(z)=\frac1n\sum_i q(z\mid x_i)$ to the prior.
#
# **Notation.** $z\in\mathbb R^d$ is a code, $z_j$ one *latent*; $v_1,\dots,v_K$ are the *factors* that made an image. Logarithms are natural: all
# information is in *nats* (1 nat = 1.44 bits).

# %% name="setup"
import math

import numpy as np
import torch
from scipy import optimize, stats
from tqdm.auto import tqdm

from course_lib.claims import convention, erratum, holds
from course_lib.data import sprites
from course_lib.evaluation import (
    beta_vae_score,
    dci_disentanglement,
    factor_information,
    factor_vae_score,
    mig,
    modularity,
    sap,
)
from course_lib.exercises import check, hint, predict
from course_lib.lessons.n06_disentanglement.factor_families import FAMILIES, normal_density
from course_lib.lessons.n06_disentanglement.guided import GuidedVae
from course_lib.lessons.n06_disentanglement.runs import (
    METRICS,
    SEEDS,
    SETTINGS,
    TRAVERSED,
    load_decoder,
    lost,
    name_of,
    order,
    stored,
)
from course_lib.variational import elbo_surgery
from course_lib.widgets import Choice, LiveTraining, Panel, Slider, Toggle, explore

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # networks as small as these lose time when a step is shared between cores


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def sheet(images, columns):
    """Images (n, 16, 16) side by side with lines between them, as one picture."""
    tiles = torch.nn.functional.pad(images, (1, 1, 1, 1), value=0.35)
    rows = len(images) // columns
    return tiles.reshape(rows, columns, 18, 18).permute(0, 2, 1, 3).reshape(rows * 18, columns * 18)


# %% [markdown]
# ## 6.1 Pictures whose causes are known
#
# To see whether a code finds the causes of a picture, the causes must be known. `sprites()` makes 768 black and white pictures of 16 × 16 pixels, one for
# each combination of four factors: 3 shapes, 4 sizes, 8 columns $x$ and 8 rows $y$.

# %% name="sprites"
data = sprites(dtype=torch.float64)
images, factors = data.images, data.factors
LEVELS = [int(column.max()) + 1 for column in factors.T]
ENTROPIES = {name: math.log(count) for name, count in zip(data.names, LEVELS, strict=True)}
print(f"{len(images)} pictures;", ", ".join(f"{name}: {nats:.3f} nats" for name, nats in ENTROPIES.items()))


def row_of(shape, size, x, y):
    return ((shape * 4 + size) * 8 + x) * 8 + y


# %% name="sprite-picker" tags=["picture"]
def sprite_picker(view, shape, size_level, x, y):
    row = row_of(["square", "diamond", "triangle"].index(shape), size_level - 1, x, y)
    view["sprite"].image("sprite", sheet(images[[row]], 1), limits=(0, 1))
    here = images[row].flatten()
    others = {}
    for k, name in enumerate(data.names):  # all pictures that differ from this one in factor k only
        alike = (factors == factors[row]).sum(1) == 3
        changed = images[alike & (factors[:, k] != factors[row, k])].flatten(1)
        others[name] = float((changed - here).abs().sum(1).mean())
    view["change"].bars("change", list(others), list(others.values()), color="q", values=".1f")
    view.readout("picture", row)
    view.readout("black pixels", int(here.sum()))


explore(
    sprite_picker,
    panels=[
        Panel("sprite", title="one of 768 pictures", axes=False, aspect="equal", width=0.6),
        Panel(
            "change",
            title="pixels that differ when one factor changes",
            xlabel="factor",
            ylabel="pixels, mean over its other values",
            ylim=(0, 70),
        ),
    ],
    shape=Choice(["square", "diamond", "triangle"]),
    size_level=Slider(1, 4, value=3, label="size"),
    x=Slider(0, 7, value=3, label="x, the column"),
    y=Slider(0, 7, value=3, label="y, the row"),
    alt="A sprite beside four bars that say how many pixels change when one of its factors changes",
)

# %% [markdown]
# The lecture's informal definition: *each latent is sensitive to one factor and invariant to the others*. With known factors it can be tested: change one factor at a
# time and see which latents react. A *silent* latent, which reacts to nothing, has to be left out of the count, and nothing is said about how many
# latents serve one factor. A second test asks for information instead: how many nats does $z_j$ tell about $v_k$?

# %% name="known-codes"
standard = factors.double()
standard = (standard - standard.mean(0)) / standard.std(0, correction=0)


def turned(codes, degrees, i=2, j=3):
    """The codes with latents i and j rotated in their plane."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    out = codes.clone()
    out[:, i], out[:, j] = c * codes[:, i] - s * codes[:, j], s * codes[:, i] + c * codes[:, j]
    return out


CODES = {
    "identity": standard,
    "bent": torch.stack([standard[:, 0].exp(), -standard[:, 1], standard[:, 3] ** 3, standard[:, 2]], 1),
    "every factor twice": torch.cat([standard, standard], 1),
    "x and y turned by 45°": turned(standard, 45),
    "noise": torch.randn(768, 6, generator=seeded(0)),
    "silent": torch.zeros(768, 4),
}


def reacts(codes):
    """Which latent reacts to which factor, changed alone: booleans (d, k)."""
    table = codes.T.reshape(-1, *LEVELS)
    moved = [(table - table.narrow(k + 1, 0, 1)).abs().amax((1, 2, 3, 4)) > 1e-9 for k in range(4)]
    return torch.stack(moved, 1)


# %% tags=["claim:disentanglement-definition"]
by_change, by_information = [], []
for name in ("identity", "bent", "every factor twice", "x and y turned by 45°"):
    codes = CODES[name]
    by_change.append(float((reacts(codes).sum(1) == 1).double().mean()))
    # 200 bins tell all values of a latent apart.
    told = factor_information(codes, factors, bins=200).information
    by_information.append(float(((told > 1e-6).sum(1) == 1).double().mean()))
    print(
        f"{name:22} latents with exactly one factor: {by_change[-1]:.0%}; by information "
        f"{by_information[-1]:.0%}"
    )
convention(
    "disentanglement-definition",
    ("share of latents that react to one factor, four codes", sum(by_change) / 4),
    ("share of latents that inform of one factor", sum(by_information) / 4),
    under="silent latents are not counted, and the factors can be changed one at a time",
    tol=1e-9,
)

# %% [markdown]
# ## 6.2 Six scores
#
# The I21 slides list six scores, all from 0 to 1. Each of them makes the definition precise in its own way.
#
# - **MIG** (mutual information gap): for each factor, by how many nats the most informative latent beats the second, divided by the factor's entropy
#   $H(v_k)$:
#   $\frac1K\sum_k \frac{1}{H(v_k)}\bigl(I(z_{(1)};v_k)-I(z_{(2)};v_k)\bigr)$.
# - **Modularity**: for each latent, how much of its information is about one factor, whichever that is.
# - **SAP**: like MIG, but a latent's score is how well it predicts the factor, by a straight line ($R^2$) or a linear classifier ("svm").
# - **DCI disentanglement**: predict each factor from all latents by decision trees; does each latent matter for one factor only?
# - **BetaVAE score**: pairs of pictures agree in one factor. Can a linear classifier say which, from the mean of $|z-z'|$?
# - **FactorVAE score**: many pictures agree in one factor. Does the latent that varies least tell which?
#
# ### Exercise 6.1 · MIG
#
# `information[j, k]` is $I(z_j;v_k)$ in nats. `hint("06.mig")` helps, step by step.


# %% tags=["exercise:06.mig"]
def mutual_information_gap(information, entropy):
    """The mutual information gap of a code.

    information: shape (d, k), d at least 2, latents in rows. entropy: shape (k,), in nats. Returns one
    number.
    """
    # region solution
    best = information.topk(2, dim=0).values
    return ((best[0] - best[1]) / entropy).mean()
    # endregion


mutual_information_gap = check("06.mig", mutual_information_gap)

# %% [markdown]
# ### Exercise 6.2 · Modularity
#
# $$\frac1d\sum_j\Bigl(1-\frac{\sum_{k\ne b(j)} I_{jk}^2}{(K-1)\,I_{j,b(j)}^2}\Bigr),$$
#
# where $b(j)$ is the factor that latent $j$ tells most of. A latent that tells nothing counts 0.


# %% tags=["exercise:06.modularity"]
def modular(information):
    """Modularity.

    information: shape (d, k), k at least 2, in nats; a row may be zero. Returns one number.
    """
    # region solution
    squared = information**2
    best = squared.amax(1)
    others = (squared.sum(1) - best) / (best.clamp(min=1e-300) * (squared.shape[1] - 1))
    return torch.where(best > 0, 1 - others, 0.0).mean()
    # endregion


modular = check("06.modularity", modular)

# %% [markdown]
# ### Exercise 6.3 · The vote of the FactorVAE score
#
# All rows of `batch` are codes of pictures with the same value of one factor. Which latent stood still? Latents have different scales, so compare each variance
# with the latent's variance over all codes; a silent latent must not win.


# %% tags=["exercise:06.factor_vote"]
def factor_vote(batch, everything):
    """The index of the latent that varies least in the batch, for its scale.

    batch: shape (m, d). everything: shape (n, d), all codes; a column may be constant. Returns an int.
    """
    # region solution
    spread = everything.var(0)
    ratio = torch.where(spread > 0, batch.var(0) / spread.clamp(min=1e-300), math.inf)
    return int(ratio.argmin())
    # endregion


factor_vote = check("06.factor_vote", factor_vote)

# %% [markdown]
# ### Exercise 6.4 · DCI disentanglement
#
# A forest of decision trees gives a table $R_{jk}\ge0$: how important latent $j$ is for predicting factor $k$. Turn each row into probabilities
# $P_{jk}=R_{jk}/\sum_k R_{jk}$, take $1-H(P_j)/\log K$, and average over the latents with the weights $\sum_k R_{jk}/\sum_{jk}R_{jk}$.


# %% tags=["exercise:06.disentanglement"]
def disentanglement(importance):
    """DCI disentanglement.

    importance: shape (d, k), k at least 2, entries not negative; a row may be zero, and so may entries.
    Returns one
    number.
    """
    # region solution
    shares = importance.sum(1)
    each = importance / torch.where(shares > 0, shares, 1.0)[:, None]
    pure = 1 - torch.special.entr(each).sum(1) / math.log(importance.shape[1])
    return (shares * pure).sum() / shares.sum()
    # endregion


disentanglement = check("06.disentanglement", disentanglement)

# %% [markdown]
# Now a code of two latents for $x$ and $y$, which we turn in its plane. At 0° each latent is one factor; at 45° each is half of both. (A line of eight levels: the
# picture uses the $R^2$ form of SAP.)

# %% name="turning"
GRID = torch.cartesian_prod(torch.arange(8), torch.arange(8))
GRID_CODES = (GRID.double() - 3.5) / GRID.double().std(0, correction=0)
ANGLES = list(range(0, 46, 3))


def six(codes, factors):
    """The scores in the order of the slide."""
    table = factor_information(codes, factors)
    return [
        float(beta_vae_score(codes, factors)),
        float(factor_vae_score(codes, factors)),
        float(mutual_information_gap(table.information, table.entropy)),
        float(dci_disentanglement(codes, factors)),
        float(modular(table.information)),
        float(sap(codes, factors)),
    ]


SIX = ("BetaVAE", "FactorVAE", "MIG", "DCI", "Modularity", "SAP")
TURNED = torch.tensor(
    [six(turned(GRID_CODES, a, 0, 1), GRID) for a in tqdm(ANGLES, desc="angles", leave=False)]
)

# %% name="predict-turned" tags=["predict"]
predict(
    "06.turned",
    "Turn the two latents by 45°. Which of these scores does not fall to (nearly) zero?",
    choices=("MIG", "SAP", "Modularity", "BetaVAE"),
    answer=f"""BetaVAE: it is still {TURNED[-1, 0]:.2f}, and guessing between two factors gives 0.50. MIG is
    {TURNED[-1, 2]:.2f}, SAP {TURNED[-1, 5]:.2f} and Modularity {TURNED[-1, 4]:.2f}. A score of 0.5 is no
    sign of
    half a success where 0.5 is what guessing gives.""",
)


# %% name="turning-picture" tags=["picture"]
def turning(view, degrees):
    codes = turned(GRID_CODES, degrees, 0, 1)
    view["codes"].scatter("all", codes, color="muted", size=5)
    view["codes"].scatter("column", codes[GRID[:, 0] == 2], color="p", size=8, label="pictures with x = 2")
    view["codes"].scatter("row", codes[GRID[:, 1] == 6], color="q", size=8, label="pictures with y = 6")
    scores = TURNED[ANGLES.index(degrees)]
    view["scores"].bars(
        "scores", [name.replace("ity", ".") for name in SIX], scores, color="third", values=".2f"
    )
    view["scores"].hline("guess", 0.5, style="dashed")
    view.readout("MIG", float(scores[2]), ".4f")
    view.readout("DCI", float(scores[3]), ".4f")


explore(
    turning,
    panels=[
        Panel(
            "codes",
            title="codes of 64 pictures",
            xlabel="z₁",
            ylabel="z₂",
            aspect="equal",
            xlim=(-2.6, 2.6),
            ylim=(-2.6, 2.6),
            width=0.6,
        ),
        Panel(
            "scores",
            title="dashed: what guessing one of two factors gives",
            ylabel="score",
            ylim=(0, 1.15),
            legend=False,
        ),
    ],
    size=(10, 4.4),
    degrees=Slider.of(ANGLES, label="angle in degrees", play=True),
    presets={"20° or so": {"degrees": 21}, "45°": {"degrees": 45}},
    alt="The codes of an 8 by 8 grid of pictures, turned, beside bars of six scores",
)

# %% [markdown]
# The scores fall at different speeds: at 21° MIG has lost most of its value, while the FactorVAE score has lost nothing. The next picture has the codes of 6.1,
# whose scores one can say beforehand.

# %% name="known-scores"
ALL = (*SIX[:5], "SAP svm", "SAP R²")
KNOWN = {}
for name, codes in tqdm(CODES.items(), desc="codes", leave=False):
    scores = six(codes, factors)
    KNOWN[name] = [*scores[:5], float(sap(codes, factors, form="svm")), scores[5]]


# %% name="known-picture" tags=["picture"]
def known(view, code):
    view["scores"].bars("scores", ALL, KNOWN[code], color="third", values=".2f")
    view["scores"].hline("guess", 0.25, style="dashed")
    table = factor_information(CODES[code], factors)
    shares = (table.information / table.entropy).numpy()
    view["table"].heatmap("shares", shares[::-1], (0, 4, 0, 8), limits=(0, 1), smooth=False, bar="I / H")
    height = 8 / len(shares)
    for k, name in enumerate(data.names):
        view["table"].text(name, k + 0.5, -0.45, name, align="center", size=9)
        for j, share in enumerate(shares[:, k]):
            ink = "white" if share > 0.6 else "black"
            place = 8 - (j + 0.5) * height - 0.12
            view["table"].text(f"{j} {k}", k + 0.5, place, f"{share:.2f}", align="center", size=8, color=ink)
    view.readout("latents", len(shares))


explore(
    known,
    panels=[
        Panel(
            "table",
            title="what latents (rows) tell of factors",
            aspect="auto",
            axes=False,
            width=0.55,
            ylim=(-1, 8.2),
            xlim=(0, 4),
        ),
        Panel(
            "scores",
            title="dashed: guessing one of four factors",
            ylabel="score",
            ylim=(0, 1.15),
            legend=False,
        ),
    ],
    size=(10, 4.2),
    code=Choice(list(CODES), label="code"),
    alt="A table of the information between latents and factors beside bars of seven scores, for one code",
)

# %% [markdown]
# Read off: *every factor twice* is fine by the definition of 6.1, by DCI and by modularity, and worth nothing by MIG and SAP. *Noise* has a high modularity: the little that each latent
# seems to tell is spread unevenly, by chance. And the svm form of SAP does not even give the identity a high score, since a linear classifier of one number cannot name eight
# levels. So "the disentanglement of a code" is six different questions.
#
# ## 6.3 The β-VAE is a constrained problem
#
# The β-VAE maximises $\mathcal L(q,\theta,\beta)=\mathbb E_{q(z\mid x)}\log p(x\mid z)-\beta\,\mathrm{KL}(q(z\mid x)\Vert p(z))$. At $\beta=1$ that is the ELBO, and the ELBO is
# $\log p(x)-\mathrm{KL}(q\Vert p(z\mid x))$. A model with five latent states, where all sums are finite, confirms it by Bayes' rule.

# %% tags=["claim:beta-vae-objective"]
rng = np.random.default_rng(1)
TABLE_Q = rng.dirichlet(np.ones(5), size=4)  # row i: q(z|x_i)
TABLE_PRIOR = rng.dirichlet(np.ones(5))
TABLE_P = rng.dirichlet(np.ones(4), size=5).T  # entry (i, z): p(x_i|z)


def objective(beta):
    """The beta-VAE's objective for each of the four images."""
    reconstruction = (TABLE_Q * np.log(TABLE_P)).sum(1)
    return reconstruction - beta * (TABLE_Q * np.log(TABLE_Q / TABLE_PRIOR)).sum(1)


evidence = TABLE_P @ TABLE_PRIOR
posterior = TABLE_P * TABLE_PRIOR / evidence[:, None]
holds(
    "beta-vae-objective",
    ("lecture: the objective at β = 1, mean of four images", objective(1.0).mean()),
    (
        "log p(x) - KL(q || p(z|x))",
        (np.log(evidence) - (TABLE_Q * np.log(TABLE_Q / posterior)).sum(1)).mean(),
    ),
    tol=1e-12,
)

# %% [markdown]
# The lecture also writes it as: maximise $\mathbb E_q\log p(x\mid z)$ subject to $\mathrm{KL}(q\Vert p)<\epsilon$. Then β is the *Lagrange multiplier*: the price of one more nat. To see both, take the
# **linear** VAE: a linear decoder with noise $\sigma^2$. Along each principal axis of the data, with variance $\lambda$, the best encoder spends one latent; if $v\le1$ is the
# variance of $q(z\mid x)$ there, and the codes have variance 1 altogether,
#
# $$\text{reconstruction} = -\frac{\lambda v}{2\sigma^2}+\text{const},\qquad \mathrm{KL}=-\tfrac12\log v .$$
#
# ### Exercise 6.5 · What the linear β-VAE keeps
#
# Maximise reconstruction $-\,\beta\,$KL over $v\in(0,1]$, for each axis. Return what is lost along it, $\lambda v$, and its KL.


# %% tags=["exercise:06.linear_beta_vae"]
def linear_beta_vae(eigenvalues, sigma, beta):
    """The best linear beta-VAE.

    eigenvalues: shape (d,), variances of the data along their axes, not negative (zero may occur).
    sigma: the decoder's standard deviation. beta: a positive number.
    Returns two tensors of shape (d,): the squared error that is left along each axis, and the KL of its
    latent in nats.
    """
    # region solution
    level = beta * sigma**2
    left = torch.clamp(eigenvalues, max=level)
    price = 0.5 * torch.log(torch.clamp(eigenvalues / level, min=1.0))
    return left, price
    # endregion


linear_beta_vae = check("06.linear_beta_vae", linear_beta_vae)

# %% [markdown]
# So β acts exactly like a larger noise $\sigma^2\to\beta\sigma^2$: it is a water level, and an axis below it is given up. The picture draws the whole frontier of the sprites' linear VAE, best
# reconstruction against KL. β is its slope: the line with slope β touches it at the β-VAE's optimum. A second frontier has only three encoders to choose from: four images of which any two are
# equally far apart, and codes that tell nothing, which half, or which image.

# %% name="frontier"
flat = images.flatten(1)
centre = flat.mean(0)
EIGENVALUES, AXES = torch.linalg.eigh(torch.cov((flat - centre).T, correction=0))
EIGENVALUES, AXES = EIGENVALUES.flip(0).clamp(min=0), AXES.flip(1)
SIGMA = 0.2
BETAS = [2 ** (k / 2) for k in range(-2, 15)]


def water_level(eigenvalues, sigma, beta):
    """Your answer as two tensors."""
    left, price = linear_beta_vae(eigenvalues, sigma, beta)
    return torch.as_tensor(left).double(), torch.as_tensor(price).double()


def optimum(beta):
    """KL in nats and reconstruction in nats (without its constant) of the linear beta-VAE on the sprites."""
    left, price = water_level(EIGENVALUES, SIGMA, beta)
    return float(price.sum()), float(-left.sum() / (2 * SIGMA**2))


FINE = np.geomspace(0.3, 200, 300)
FRONTIER = np.array([optimum(beta) for beta in FINE])
CORNERS = np.array([[0.0, -0.75], [math.log(2), -0.5], [math.log(4), 0.0]]) / np.array([1, 2 * SIGMA**2])


# %% name="frontier-picture" tags=["picture"]
def frontier(view, beta):
    kl, reconstruction = optimum(beta)
    place = int((CORNERS[:, 1] - beta * CORNERS[:, 0]).argmax())
    view["linear"].curve(
        "best", FRONTIER[:, 0], FRONTIER[:, 1], color="q", style="solid", label="best for each KL"
    )
    view["three"].scatter("corners", CORNERS, color="q", size=10, label="the three encoders")
    for name, here in (("linear", (kl, reconstruction)), ("three", CORNERS[place])):
        reach = np.array([-40.0, 60.0])
        line = here[0] + reach, here[1] + beta * reach
        view[name].curve("line", *line, color="accent", style="dashed", label="slope β")
        view[name].scatter("here", [here], color="accent", size=11, label="the β-VAE's choice")
    view.readout("linear: KL, nats", kl, ".3f")
    view.readout("reconstruction, nats", reconstruction, ".1f")
    view.readout("three encoders: KL, nats", CORNERS[place, 0], ".3f")


explore(
    frontier,
    panels=[
        Panel(
            "linear",
            title="all linear encoders",
            xlabel="KL(q || p), nats an image",
            ylabel="reconstruction, nats",
            xlim=(-0.3, 16),
            ylim=(-270, 12),
        ),
        Panel(
            "three",
            title="only three encoders",
            xlabel="KL(q || p), nats an image",
            ylabel="reconstruction, nats",
            xlim=(-0.1, 1.6),
            ylim=(-11, 1),
        ),
    ],
    size=(10, 4.4),
    beta=Slider.of(BETAS, value=2.0, label="β, the slope", format=".3g"),
    presets={"β = 5.7": {"beta": 2**2.5}, "β = 8": {"beta": 8.0}},
    alt="Two frontiers of reconstruction against KL, each with a line of slope beta that touches it",
)

# %% [markdown]
# Along the smooth frontier every $\epsilon$ has its β. Of the three encoders the middle one is the best with at most $\log 2$ nats, and no β ever chooses it: it lies below the line between its
# neighbours.

# %% tags=["claim:beta-vae-constrained"]
few = EIGENVALUES[:8].numpy()


def best_with(epsilon):
    """Reconstruction in nats of the constrained problem, by a general optimiser over log v."""
    found = optimize.minimize(
        lambda t: (few * np.exp(t)).sum() / (2 * SIGMA**2),
        np.full(8, -2 * epsilon / 8),
        jac=lambda t: few * np.exp(t) / (2 * SIGMA**2),
        bounds=[(-30, 0)] * 8,
        constraints={
            "type": "ineq",
            "fun": lambda t: epsilon + t.sum() / 2,
            "jac": lambda t: np.full(8, 0.5),
        },
        options={"ftol": 1e-13, "maxiter": 500},
        method="SLSQP",
    )
    return -found.fun


epsilon, step = 6.0, 1e-2
slope = (best_with(epsilon + step) - best_with(epsilon - step)) / (2 * step)


def price_gap(log_beta):
    return float(water_level(EIGENVALUES[:8], SIGMA, math.exp(log_beta))[1].sum()) - epsilon


beta_of_epsilon = math.exp(optimize.brentq(price_gap, -5, 8))
chosen = {int((CORNERS[:, 1] - b * CORNERS[:, 0]).argmax()) for b in np.geomspace(0.01, 1000, 2000)}
print("of the three encoders, numbered 0 to 2, some β chooses:", sorted(chosen))
convention(
    "beta-vae-constrained",
    ("β whose optimum has a KL of 6 nats", beta_of_epsilon),
    ("slope of the constrained optimum at ε = 6, by SLSQP", slope),
    under="KL ≤ ε in place of <, β the multiplier of that ε, and a frontier without dents",
    tol=1e-2,
    digits=3,
)

# %% [markdown]
# What goes first when the level rises? The axes with little variance. In pictures these are mostly the fine details, so the water level looks like a blur.

# %% name="water"
PICTURED = row_of(2, 2, 4, 3)
WAVES = {}
for beta in BETAS:
    kept = 1 - water_level(EIGENVALUES, SIGMA, beta)[0] / EIGENVALUES.clamp(min=1e-12)
    kept = torch.where(EIGENVALUES > 1e-12, kept, 0.0)
    blurred = centre + ((flat - centre) @ AXES * kept) @ AXES.T
    WAVES[beta] = (
        lost(blurred.view_as(images), images),
        blurred[PICTURED].view(16, 16),
        float((kept > 0).sum()),
    )

# %% name="predict-water" tags=["predict"]
predict(
    "06.water",
    f"At β = 1 the linear VAE keeps {WAVES[1.0][2]:.0f} of the 256 axes of the sprites. How many are "
    f"left at β = 16?",
    choices=("about 6", "about 20", "about 50"),
    answer=f"""{WAVES[16.0][2]:.0f}. The variances of the axes fall
    by orders of magnitude, so a level sixteen times as high drowns those that hold little. What was lost
    in fine waves
    rises from {WAVES[1.0][0][1]:.0%} to {WAVES[16.0][0][1]:.0%}, in coarse ones from
    {WAVES[1.0][0][0]:.1%} to
    {WAVES[16.0][0][0]:.0%}.""",
)


# %% name="water-picture" tags=["picture"]
def water(view, beta):
    shares, blurred, count = WAVES[beta]
    level = beta * SIGMA**2
    number = np.arange(1, 101)
    view["spectrum"].curve(
        "eigenvalues", number, EIGENVALUES[:100].clamp(min=1e-4), color="p", label="variance λ"
    )
    view["spectrum"].curve(
        "left",
        number,
        torch.clamp(EIGENVALUES[:100], min=1e-4, max=level),
        color="q",
        style="dashed",
        label="lost",
    )
    view["spectrum"].hline("level", level, color="accent", label="level βσ²")
    view["picture"].image("picture", sheet(torch.stack([images[PICTURED], blurred]), 2), limits=(0, 1))
    view["waves"].bars("lost", ["coarse", "fine"], shares, color=["p", "q"], values=".2f")
    view.readout("axes kept", int(count))
    view.readout("lost, squared error", float(water_level(EIGENVALUES, SIGMA, beta)[0].sum()), ".2f")


explore(
    water,
    panels=[
        Panel(
            "spectrum",
            title="axes of the sprites",
            xlabel="number of the axis",
            ylabel="variance",
            yscale="log",
            ylim=(1e-2, 10),
        ),
        Panel("picture", title="sprite, reconstruction", axes=False, aspect="equal", width=0.75),
        Panel("waves", title="share lost in waves", ylabel="share", ylim=(0, 1.1), legend=False, width=0.55),
    ],
    size=(10, 3.8),
    beta=Slider.of(BETAS, value=1.0, label="β", format=".3g"),
    presets={"β = 1": {"beta": 1.0}, "β = 16": {"beta": 16.0}, "β = 64": {"beta": 64.0}},
    alt="The spectrum of the sprites with the level below which the beta-VAE gives up, a blurred sprite, "
    "and what is lost",
)

# %% [markdown]
# Is it always the *fine* details? Only where these vary least. Make a world of pictures in which a fine stripe pattern varies more (variance 4) than the brightness of the whole (variance 0.25): there
# the coarse part goes first. The claim's numbers are those of the trained networks: `runs.py` trained 55 VAEs on the sprites, 11 settings with 5 seeds each, and
# stored their codes (section 6.7 has the whole table).

# %% name="runs"
RUNS = stored()
ORDER = order()
TERMS = torch.from_numpy(RUNS["terms"]).double().view(len(SETTINGS), SEEDS, 5)
RECONSTRUCTION, AVERAGE_KL, INFORMATION, MARGINAL, CORRELATION = TERMS.unbind(-1)
LOST = torch.from_numpy(RUNS["fine"]).double().view(len(SETTINGS), SEEDS, 2)
SCORES = torch.from_numpy(RUNS["scores"]).double().view(len(SETTINGS), SEEDS, 2, len(METRICS))
MEANS = torch.from_numpy(RUNS["mean"]).double()
LOGVARS = torch.from_numpy(RUNS["logvar"]).double() / 16
LABELS = [f"β {s}" if m == "beta" else f"{m[4:]} {s}" for m, s in SETTINGS]
BETA_1, BETA_2, BETA_8, DIP_50 = (
    SETTINGS.index(s) for s in (("beta", 1), ("beta", 2), ("beta", 8), ("DIP-II", 50))
)

# %% tags=["claim:beta-vae-recon-worse"]
left, _ = water_level(torch.tensor([4.0, 0.25]), 0.5, 2.0)
print(
    f"stripes of variance 4, brightness of variance 0.25, level 0.5: lost {left[0] / 4:.0%} and "
    f"{left[1] / 0.25:.0%}"
)
for k in range(4):
    fell = bool((RECONSTRUCTION[k + 1] < RECONSTRUCTION[k].min()).all())
    coarse, fine = LOST[k + 1].mean(0).tolist()
    print(
        f"β = {SETTINGS[k + 1][1]:2}: every run worse than all at half of it: {fell}; lost {coarse:.2f} "
        f"coarse, {fine:.2f} fine"
    )
convention(
    "beta-vae-recon-worse",
    ("share of the fine waves lost, β = 8, mean of 5 runs", float(LOST[BETA_8, :, 1].mean())),
    ("share of the coarse waves lost", float(LOST[BETA_8, :, 0].mean())),
    relation=">",
    under="the fine details are what varies least in the data, as in these pictures",
    tol=1e-2,
    digits=3,
)

# %% [markdown]
# ## 6.4 What is it that β pays for?
#
# Surgery (notebook 4) splits the average KL into information and marginal KL. Hence the lecture's formula: averaged over $n$ images, the β-VAE maximises
# reconstruction $-\,\beta\,\mathbb I_q[x,z]-\beta\,\mathrm{KL}(q_{\rm agg}\Vert p)$.

# %% tags=["claim:beta-vae-surgery"]
joint = TABLE_Q / 4
table_aggregate = joint.sum(0)
table_information = (joint * np.log(joint / (0.25 * table_aggregate))).sum()
table_marginal = (table_aggregate * np.log(table_aggregate / TABLE_PRIOR)).sum()
table_reconstruction = (joint * np.log(TABLE_P)).sum()
holds(
    "beta-vae-surgery",
    (
        "lecture: reconstruction - 4 I - 4 marginal KL",
        table_reconstruction - 4 * table_information - 4 * table_marginal,
    ),
    ("mean objective of four images at β = 4", objective(4.0).mean()),
    tol=1e-12,
)

# %% [markdown]
# β is *meant* to press the codes towards the prior, which is a product over the latents. What does it do in the runs? (*β 8* is the β-VAE with β = 8; *I 10* and *II 10* are the two
# DIP-VAEs of section 6.5 with λ = 10.)

# %% name="predict-pays" tags=["predict"]
fell = {
    name: float(part[BETA_1].mean() - part[BETA_8].mean())
    for name, part in (("information", INFORMATION), ("marginal", MARGINAL))
}
predict(
    "06.pays",
    "From β = 1 to β = 8 the average KL falls by several nats. Which part falls by more nats?",
    choices=("the mutual information", "the marginal KL", "both alike"),
    answer=f"""Both about alike, here: the mutual information falls by {fell["information"]:.2f} nats (from
    {INFORMATION[BETA_1].mean():.2f} to {INFORMATION[BETA_8].mean():.2f}, of at most log 768 =
    {math.log(768):.2f}), the
    marginal KL by {fell["marginal"]:.2f}. Most of the latter goes between β = 1 and 2; from 2 to 8 the
    information loses
    {float((INFORMATION[BETA_2] - INFORMATION[BETA_8]).mean()):.2f} nats and the marginal KL
    {float((MARGINAL[BETA_2] - MARGINAL[BETA_8]).mean()):.2f}.""",
)

# %% name="pays-picture" tags=["picture"]
PARTS = {
    "mutual information": (INFORMATION, "q"),
    "marginal KL": (MARGINAL, "third"),
    "total correlation": (CORRELATION, "accent"),
    "minus reconstruction": (-RECONSTRUCTION, "p"),
}


def pays(view, part, methods):
    values, color = PARTS[part]
    chosen = [k for k, (m, _) in enumerate(SETTINGS) if methods in ("all", m)]
    view["terms"].bars("mean", [LABELS[k] for k in chosen], values[chosen].mean(1), color=color, alpha=0.5)
    points = [[place, float(value)] for place, k in enumerate(chosen) for value in values[k]]
    view["terms"].scatter("runs", points, color="ink", size=4)
    view["terms"].title(f"{part}: mean (bar) and 5 runs (points)")
    if part == "mutual information":
        view["terms"].hline("most", math.log(768), style="dashed")
    for k in chosen[:1] + chosen[-2:]:
        view.readout(f"{LABELS[k]}, nats", float(values[k].mean()), ".2f")


explore(
    pays,
    panels=[Panel("terms", ylabel="nats an image", legend=False)],
    size=(9.5, 4),
    part=Choice(list(PARTS), label="part"),
    methods=Choice(
        {"all": "all", "β-VAE": "beta", "DIP-VAE-I": "DIP-I", "DIP-VAE-II": "DIP-II"}, label="methods"
    ),
    alt="Bars with the mean of one term of the objective for eleven settings, and points for the single runs",
)

# %% [markdown]
# The **total correlation** $\mathrm{TC}=\mathrm{KL}(q_{\rm agg}\Vert\prod_j q_{\rm agg}(z_j))$ measures in nats how much the latents depend on each other. It falls with β. At β = 16 hardly anything
# depends on anything, because nearly all latents are silent: independence alone is cheap.

# %% tags=["claim:beta-vae-independence"]
convention(
    "beta-vae-independence",
    ("total correlation at β = 8, largest of 5 runs, nats", float(CORRELATION[BETA_8].max())),
    ("at β = 1, smallest of 5 runs", float(CORRELATION[BETA_1].min())),
    relation="<",
    under="dependence is the total correlation of q_agg; in the linear model it is 0 for every β, so "
    "nothing is gained there",
    tol=1e-2,
    digits=2,
)

# %% [markdown]
# *Does less information help?* The lecture says that pressing on $\mathbb I_q[x,z]$ is neither necessary nor wanted. Not necessary: the identity code of 6.1 has the largest information there is, $\log 768$ nats, and
# MIG 1. Harmful to the reconstruction: in the linear model the marginal KL is 0 at every β, so β presses on the information alone, and with each nat the error grows. Whether it never helps is another matter:
# the two terms fall together in our runs, and the best MIG among them is at β = 8.

# %% tags=["claim:mi-minimisation-hurts"]
mig_of = SCORES[:, :, 0, 2]
print(f"mean MIG at β = 1, 2, 4, 8: {', '.join(f'{mig_of[k].mean():.2f}' for k in range(4))}")
identity_information = float(
    elbo_surgery(
        10 * standard, torch.full_like(standard, -6.0), samples=4, generator=seeded(0)
    ).mutual_information
)
print(
    f"identity code: {identity_information:.3f} nats of {math.log(768):.3f}, MIG "
    f"{float(mig(standard, factors)):.2f}"
)
errors = {}
for nats in (2.0, 4.0):
    beta = math.exp(optimize.brentq(lambda t, nats=nats: optimum(math.exp(t))[0] - nats, -2, 8))
    errors[nats] = float(water_level(EIGENVALUES, SIGMA, beta)[0].sum())
convention(
    "mi-minimisation-hurts",
    ("linear model: squared error with 2 nats of information", errors[2.0]),
    ("with 4 nats", errors[4.0]),
    relation=">",
    under="at the optimum, for the reconstruction; that less information never helps a score is not shown",
    digits=4,
)

# %% [markdown]
# The summary slide says that disentanglement "tries to make latent components more informative". Informative about *what*? About the picture, the codes of the β-VAE carry less. About the one factor that
# a latent knows best, they carry more. Both numbers for β = 1 and 8:


# %% tags=["claim:disentanglement-informative"]
def best_shares(setting):
    """Of each factor's entropy, the share that its best latent tells; the mean over factors and seeds."""
    rows = range(setting * SEEDS, (setting + 1) * SEEDS)
    tables = [factor_information(MEANS[r], factors) for r in rows]
    return float(torch.stack([(t.information / t.entropy).amax(0).mean() for t in tables]).mean())


about_factor = {k: best_shares(k) for k in (BETA_1, BETA_8)}
print(
    f"nats about the picture: {INFORMATION[BETA_1].mean():.2f} at β = 1, "
    f"{INFORMATION[BETA_8].mean():.2f} at β = 8"
)
convention(
    "disentanglement-informative",
    ("share of a factor that its best latent tells, β = 8", about_factor[BETA_8]),
    ("β = 1", about_factor[BETA_1]),
    relation=">",
    under="informative about one factor; about the picture all latents together carry less",
    tol=1e-2,
    digits=3,
)

# %% [markdown]
# ## 6.5 DIP-VAE: press on the marginal only
#
# If the information is not to blame, leave it alone. DIP-VAE asks that the aggregated posterior be a product, $q_{\rm agg}(z)=\prod_j q_{\rm agg}(z_j)$, and subtracts $\lambda\,\mathrm{KL}(q_{\rm agg}\Vert p)$ from the mean
# ELBO. With surgery,
#
# $$\mathcal L_{\rm DIP}=\frac1n\sum_i\mathcal L_i-\lambda\,\mathrm{KL}(q_{\rm agg}\Vert p) = \text{reconstruction}-\mathbb I_q[x,z]-(1+\lambda)\,\mathrm{KL}(q_{\rm agg}\Vert p).$$

# %% tags=["claim:dip-objective-algebra"]
strength = 2.5
holds(
    "dip-objective-algebra",
    (
        "lecture: reconstruction - I - 3.5 marginal KL",
        table_reconstruction - table_information - 3.5 * table_marginal,
    ),
    ("mean ELBO - 2.5 marginal KL", objective(1.0).mean() - strength * table_marginal),
    tol=1e-12,
)

# %% [markdown]
# How does a KL to the prior ask for a product? Since the prior is one, the marginal KL is the total correlation plus what each latent's own distribution is off, $\mathrm{KL}(q_{\rm agg}\Vert p)=\mathrm{TC}+\sum_j\mathrm{KL}(q_{\rm agg}(z_j)\Vert p(z_j))$.
# So it asks for more than a product. Five posteriors in the plane, integrated on a grid:

# %% name="plane"
LINE = torch.linspace(-9, 9, 361)
CELL = float(LINE[1] - LINE[0])
PLANE = torch.stack(torch.meshgrid(LINE, LINE, indexing="ij"), -1)
FEW_MEAN = torch.tensor([[1.5, 1.0], [-1.0, -1.5], [0.2, 0.4], [1.0, -0.6], [-1.2, 0.9]])
FEW_LOGVAR = torch.tensor([[-1.0, -0.5], [-0.3, -1.2], [-2.0, -1.0], [-0.8, -0.6], [-1.5, -0.2]])


def mixture(mean, logvar):
    """Density of the aggregated posterior on the plane's grid, shape (361, 361)."""
    each = torch.distributions.Normal(mean, (logvar / 2).exp())
    first, second = (each.log_prob(LINE[:, None, None])[..., k].exp() for k in (0, 1))
    return torch.einsum("an,bn->ab", first, second) / len(mean)


def grid_kl(q, p):
    return float((q * (q.clamp(min=1e-300).log() - p.clamp(min=1e-300).log())).sum() * CELL**q.ndim)


PRIOR_LINE = normal_density(LINE)
PRIOR_PLANE = PRIOR_LINE[:, None] * PRIOR_LINE


def three_parts(q):
    """Marginal KL, total correlation, and the sum of the latents' own KLs of a density on the grid."""
    own = q.sum(1) * CELL, q.sum(0) * CELL
    return (
        grid_kl(q, PRIOR_PLANE),
        grid_kl(q, own[0][:, None] * own[1]),
        sum(grid_kl(one, PRIOR_LINE) for one in own),
    )


# %% tags=["claim:dip-factorised-aggregate"]
whole, correlation, own = three_parts(mixture(FEW_MEAN, FEW_LOGVAR))
print(f"total correlation {correlation:.4f} nats, the latents' own KLs {own:.4f}")
convention(
    "dip-factorised-aggregate",
    ("marginal KL of five posteriors, on a grid", whole),
    ("total correlation + the latents' own KLs", correlation + own),
    under="asked through KL(q_agg || p), which is 0 only where q_agg is the prior itself, not just any "
    "product",
    tol=1e-6,
)

# %% [markdown]
# The slides call the marginal KL intractable. It has no closed form, and each density of $q_{\rm agg}$ is a sum over all $n$ images, where a training step has a minibatch. But it can be *estimated*, and at two dimensions
# integrated.

# %% tags=["claim:dip-marginal-kl-intractable"]
estimate = elbo_surgery(FEW_MEAN, FEW_LOGVAR, samples=40_000, generator=seeded(3))
print(f"standard error of the estimate: {float(estimate.marginal_kl_error):.4f} nats")
convention(
    "dip-marginal-kl-intractable",
    ("marginal KL by 200,000 draws", float(estimate.marginal_kl)),
    ("on a grid", whole),
    under="intractable: no closed form, and a minibatch gives no unbiased estimate; with all n "
    "posteriors draws do estimate it",
    tol=2e-2,
    digits=2,
)

# %% [markdown]
# So DIP-VAE compares moments instead. The matrix is $C=\mathrm{cov}_{q_{\rm agg}}(z)$, and for encoder means $\mu_i$ and covariances $\Sigma_i$ it is $\frac1n\sum_i\Sigma_i+\mathrm{cov}(\mu_i)$, dividing by $n$.

# %% tags=["claim:dip-cov-definition"]
centred = FEW_MEAN - FEW_MEAN.mean(0)
closed = torch.diag(FEW_LOGVAR.exp().mean(0)) + centred.T @ centred / len(FEW_MEAN)
density = mixture(FEW_MEAN, FEW_LOGVAR)
around = PLANE - (density[..., None] * PLANE).sum((0, 1)) * CELL**2
integrated = torch.einsum("ab,abi,abj->ij", density, around, around) * CELL**2
print("largest difference of an entry is below 1e-8:", bool((closed - integrated).abs().max() < 1e-8))
holds(
    "dip-cov-definition",
    ("closed form, sum of the squared entries", float(closed.square().sum())),
    ("the definition, integrated on a grid", float(integrated.square().sum())),
    tol=1e-8,
)

# %% [markdown]
# ### Exercise 6.6 · The penalty of DIP-VAE
#
# $$\lambda_{\rm off}\sum_{i\ne j}C_{ij}^2+\lambda_{\rm diag}\sum_i(C_{ii}-1)^2 .$$
#
# The slide's $C$ is that of $q_{\rm agg}$; the paper calls this *DIP-VAE-II*, and *DIP-VAE-I* with the covariance of the means alone. (In our runs λ is $\lambda_{\rm off}$, and $\lambda_{\rm diag}$ is $\lambda$ for II and $10\lambda$ for I, as there.) The training below runs on your function, so its gradient counts.


# %% tags=["exercise:06.dip_penalty"]
def dip_penalty(mean, logvar, off, diagonal):
    """The penalty on the covariance of q_agg.

    mean, logvar: shape (n, d), the posteriors N(mean, diag exp(logvar)). off, diagonal: the two weights.
    Returns one number, as a tensor.
    """
    # region solution
    centred = mean - mean.mean(0)
    cov = centred.T @ centred / len(mean) + torch.diag(logvar.exp().mean(0))
    own = cov.diagonal()
    return off * ((cov**2).sum() - (own**2).sum()) + diagonal * ((own - 1) ** 2).sum()
    # endregion


dip_penalty = check("06.dip_penalty", dip_penalty)

# %% [markdown]
# Left to itself the penalty leads to the identity. Inside an objective it is one wish among others; the stored runs say how far it got with λ = 50, over all 768 codes.

# %% tags=["claim:dip-moment-objective"]
free_mean = (2 * torch.randn(60, 3, generator=seeded(4))).requires_grad_()
free_logvar = torch.randn(60, 3, generator=seeded(5)).requires_grad_()
rule = torch.optim.Adam([free_mean, free_logvar], lr=0.05)
for _ in range(600):
    rule.zero_grad()
    dip_penalty(free_mean, free_logvar, 1.0, 1.0).backward()
    rule.step()
with torch.no_grad():
    reached = torch.cov(free_mean.T, correction=0) + torch.diag(free_logvar.exp().mean(0))
    distance = [
        float(
            torch.stack(
                [dip_penalty(MEANS[r], LOGVARS[r], 1.0, 1.0) for r in range(k * SEEDS, (k + 1) * SEEDS)]
            ).mean()
        )
        for k in (BETA_1, DIP_50)
    ]
print(f"trace of C: {float(reached.trace()):.3f} (with the squares this leaves only the identity)")
print(f"|C - I|² in the runs: {distance[0]:.3f} without the penalty, {distance[1]:.4f} with DIP-II at 50")
convention(
    "dip-moment-objective",
    ("squared entries of C, summed, after minimising the penalty alone", float(reached.square().sum())),
    ("the identity's", 3.0),
    under="exactly only without the other terms or as λ grows without bound; the paper's DIP-VAE-I takes "
    "C of the means",
    tol=1e-3,
    digits=3,
)

# %% [markdown]
# ### What moments do not see
#
# A covariance of $I$ is not independence. Put many narrow posteriors on a ring, of a radius that makes $C=I$ exactly, and the penalty is zero. The picture moves from the ring (0) to the prior (1); a *cross* has its codes on the two axes.


# %% name="shapes"
def arrangement(shape, blend):
    """Means and log-variances with C = I: blend 0 is the bare shape, 1 the prior."""
    turn = torch.arange(64) * (2 * math.pi / 64)
    if shape == "ring":
        mean = math.sqrt(2.0) * torch.stack([turn.cos(), turn.sin()], 1)
    else:
        along = torch.linspace(-2.2, 2.2, 32)
        axis = torch.stack([along, torch.zeros(32)], 1)
        mean = torch.cat([axis, axis.flip(1)])
        mean = mean / mean.square().mean(0).sqrt()
    variance = 0.04 + 0.96 * blend
    return mean * math.sqrt(1 - variance), torch.full((64, 2), math.log(variance))


BLENDS = [round(0.1 * k, 1) for k in range(11)]
SHAPES = {}
for shape in ("ring", "cross"):
    for blend in BLENDS:
        codes = arrangement(shape, blend)
        q = mixture(*codes)
        SHAPES[shape, blend] = (q[90:271:2, 90:271:2].T, three_parts(q), float(dip_penalty(*codes, 1.0, 1.0)))


# %% name="shapes-picture" tags=["picture"]
def moments(view, shape, blend):
    density, parts, penalty = SHAPES[shape, blend]
    view["density"].heatmap("q", density, (-4.5, 4.5, -4.5, 4.5), limits=(0, 0.25), bar="density of q_agg")
    view["density"].ellipse("prior", [0, 0], np.eye(2), std=2, color="accent", label="prior, 2 sd")
    names = ["marginal KL", "total corr.", "DIP penalty"]
    view["parts"].bars(
        "parts", names, [parts[0], parts[1], penalty], color=["third", "accent", "q"], values=".2f"
    )
    view.readout("DIP penalty", penalty, ".6f")
    view.readout("total correlation, nats", parts[1], ".3f")


explore(
    moments,
    panels=[
        Panel("density", xlabel="z₁", ylabel="z₂", aspect="equal"),
        Panel("parts", ylabel="nats (penalty: no unit)", ylim=(0, 1.6), legend=False),
    ],
    shape=Choice(["ring", "cross"], label="shape"),
    blend=Slider.of(BLENDS, value=0.0, label="blend with the prior"),
    alt="A density that is a ring or a cross beside bars of its marginal KL, total correlation and DIP "
    "penalty",
)

# %% [markdown]
# The runs show the same: with DIP-II at λ = 50 the matrix $C$ is the identity to a few thousandths, while the latents still share more than a nat (6.4, *total correlation*).
#
# Now train one yourself. Top: one row a latent, which moves from -2 to 2 while the others rest at 0; a row of equal pictures is a silent latent. Bottom: the matrix $C$, the two terms of the ELBO, and MIG over all
# 768 mean codes.

# %% name="guided"
# Adam on your penalty and the ELBO, 64 sprites a step; beta and the weight may change between two steps.
trainer = GuidedVae(sprites(), dip_penalty)


# %% name="live" tags=["picture"]
def draw_live(view, trainer):
    rows = trainer.traversals()
    wide = torch.cat([sheet(rows[k : k + 2].flatten(0, 1), 5) for k in (0, 2, 4)], 1)
    view["rows"].image("rows", wide, limits=(0, 1))
    view["cov"].heatmap(
        "C",
        trainer.covariance.flip(0).clamp(-1, 2),
        (0, 6, 0, 6),
        cmap="signed",
        limits=(-1.5, 1.5),
        smooth=False,
    )
    seen = np.array(trainer.seen)[:: max(1, len(trainer.seen) // 150)]
    view["terms"].curve("miss", seen[:, 0], seen[:, 1], color="p", label="minus reconstruction")
    view["terms"].curve("kl", seen[:, 0], seen[:, 2], color="q", label="KL")
    view["mig"].curve("mig", seen[:, 0], seen[:, 4], color="third")
    last = trainer.seen[-1]
    view.readout("minus reconstruction, nats", last[1], ".1f")
    view.readout("KL, nats", last[2], ".2f")
    view.readout("MIG", last[4], ".3f")
    view.readout("off-diagonal squares", last[3], ".4f")


live = LiveTraining(
    trainer,
    draw_live,
    panels=[
        [
            Panel(
                "rows",
                title="latents 1 and 2 (left), 3 and 4 (middle), 5 and 6 (right): each from -2 to 2",
                axes=False,
                aspect="equal",
            )
        ],
        [
            Panel("cov", title="C (white 0, blue 1)", axes=False, aspect="equal", width=0.7),
            Panel("terms", xlabel="step", ylabel="nats", ylim=(0, 120)),
            Panel("mig", title="MIG", xlabel="step", ylabel="score", ylim=(0, 0.6), legend=False),
        ],
    ],
    size=(10, 6),
    alt="Pictures that a VAE of sprites makes when one latent moves, the covariance of its codes, its "
    "losses and its MIG",
    presets={
        "β = 8": {"beta": 8.0, "weight": 0.0},
        "DIP 50": {"beta": 1.0, "weight": 50.0},
        "β = 32": {"beta": 32.0, "weight": 0.0},
    },
    cap=20_000,
    beta=Slider.of([0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0], value=1.0, label="β"),
    weight=Slider.of([0.0, 2.0, 10.0, 50.0], value=0.0, label="λ of the penalty"),
)
live.run(300, progress=False)
live

# %% [markdown]
# Press **Play** and try, in this order:
#
# 1. *DIP 50*, a thousand steps: $C$ comes close to the identity. Some rows fall silent all the same: a silent latent is its prior, so it has variance 1 and no covariance.
# 2. *β = 8*, two thousand steps: three or four rows are left.
# 3. *β = 32*: within some hundred steps all are silent.
# 4. *Start values* ($\beta=1$, no penalty): those that were there come back, with pictures as sharp as ever. Compare MIG with that of step 300.
#
# ### Does DIP-VAE leave the reconstruction as it was?

# %% name="predict-dip" tags=["predict"]
dip_price = [
    float(RECONSTRUCTION[BETA_1].mean() - RECONSTRUCTION[SETTINGS.index(("DIP-II", s))].mean())
    for s in (2, 10, 50)
]
predict(
    "06.dip",
    "The slide says that DIP-VAE's reconstructions become better, the summary that they do not suffer. "
    "DIP-II at λ = 2, 10 and 50 against β = 1, in "
    "nats of reconstruction:",
    choices=("better", "the same within a nat", "worse, and more so with λ"),
    answer=f"""Worse, and more so with λ: by {dip_price[0]:.1f}, {dip_price[1]:.1f} and {dip_price[2]:.1f}
    nats (means of five seeds). The β-VAE
    loses {float(RECONSTRUCTION[BETA_1].mean() - RECONSTRUCTION[BETA_2].mean()):.1f} nats at β = 2.""",
)

# %% name="trade-picture" tags=["picture"]
METHODS = {"β-VAE": ("beta", "p"), "DIP-VAE-I": ("DIP-I", "q"), "DIP-VAE-II": ("DIP-II", "third")}


def trade(view, against, strongest):
    values = PARTS[against][0]
    for label, (method, color) in METHODS.items():
        chosen = [k for k, (m, s) in enumerate(SETTINGS) if m == method and s <= strongest]
        points = torch.stack([values[chosen].flatten(), -RECONSTRUCTION[chosen].flatten()], 1)
        view["trade"].scatter(label, points, color=color, size=6, alpha=0.8, label=label)
        means = torch.stack([values[chosen].mean(1), -RECONSTRUCTION[chosen].mean(1)], 1)
        view["trade"].curve(f"{label} means", means[:, 0], means[:, 1], color=color, style="solid")
    view["trade"].title(f"minus reconstruction against {against}; lines join the means")
    view.readout("β = 1, minus reconstruction, nats", float(-RECONSTRUCTION[BETA_1].mean()), ".2f")
    view.readout(f"β = 1, {against}, nats", float(values[BETA_1].mean()), ".2f")


explore(
    trade,
    panels=[
        Panel(
            "trade", xlabel="nats an image", ylabel="minus reconstruction, nats", xlim=(-0.2, 7), ylim=(5, 40)
        )
    ],
    size=(8.5, 4.4),
    against=Choice(["marginal KL", "total correlation", "mutual information"], label="against"),
    strongest=Slider.of([2, 4, 8, 10, 50], value=50, label="strength (β or λ) up to"),
    alt="Minus reconstruction against the marginal KL of 50 runs, three methods in three colours",
)

# %% [markdown]
# Points to the lower left are good in both. DIP-VAE-II runs along the β-VAE's line, and above it at λ = 50; DIP-VAE-I, which forbids silent latents, has more marginal KL than β = 1 and no better reconstruction.
#
# What surgery does promise is a comparison with equal weights on the marginal KL. Let A be the optimum of DIP with λ, B that of the β-VAE with $\beta=1+\lambda$. Each is the best for its own objective; adding the two inequalities
# leaves $\mathbb I_A\ge\mathbb I_B$, and then reconstruction $-(1+\lambda)\cdot$marginal KL is no smaller for A. With *moments* in the place of the marginal KL even that is not promised. A search over many
# encoders of a two-image world, with the exact marginal KL:


# %% name="two-images"
def two_image_terms(m, v):
    """Two images ±1 with the codes N(±m, v) on a line, and the decoder E[x|z] with noise 0.5:
    reconstruction, I, marginal KL."""
    plus = torch.exp(-((LINE - m) ** 2) / (2 * v)) / math.sqrt(2 * math.pi * v)
    minus = plus.flip(0)
    both = (plus + minus) / 2
    decoded = (plus - minus) / (plus + minus).clamp(min=1e-300)
    reconstruction = -float(((1 - decoded) ** 2 * plus).sum() * CELL) / (2 * 0.5**2)
    return reconstruction, grid_kl(plus, both), grid_kl(both, PRIOR_LINE)


SEARCH = torch.tensor(
    [two_image_terms(m, v) for m in np.linspace(0, 2, 41) for v in np.geomspace(0.05, 1.2, 41)]
)


def winner(of_information, of_marginal):
    return SEARCH[(SEARCH[:, 0] - of_information * SEARCH[:, 1] - of_marginal * SEARCH[:, 2]).argmax()]


plain, dip_best, beta_best = winner(1, 1), winner(1, 4), winner(4, 4)
for name, row in (("ELBO", plain), ("DIP, λ = 3", dip_best), ("β-VAE, β = 4", beta_best)):
    print(f"{name:13} reconstruction {row[0]:.3f}, information {row[1]:.3f}, marginal KL {row[2]:.3f} nats")

# %% tags=["claim:dip-recon-not-worse"]
for label, k in (("β-VAE, β = 2", BETA_2), ("DIP-II, λ = 50", DIP_50)):
    recon, marginal, dependent = (float(part[k].mean()) for part in (RECONSTRUCTION, MARGINAL, CORRELATION))
    print(
        f"{label:15} reconstruction {recon:.1f}, marginal KL {marginal:.2f}, total correlation "
        f"{dependent:.2f} nats"
    )
erratum(
    "dip-recon-not-worse",
    ("reconstruction of DIP-II, λ = 50, best of 5 runs, nats", float(RECONSTRUCTION[DIP_50].max())),
    ("plain VAE, worst of 5 runs", float(RECONSTRUCTION[BETA_1].min())),
    relation=">=",
    corrected=(
        "DIP-VAE pays for its penalty with reconstruction too; surgery only says that it keeps at least the "
        "information of the β-VAE with β = 1 + λ"
    ),
    corrected_left=("the same reconstruction", float(RECONSTRUCTION[DIP_50].max())),
    corrected_relation="<",
    tol=1e-2,
    digits=3,
)

# %% [markdown]
# The first two lines compare the runs: β = 2 has the better reconstruction *and* the smaller marginal KL and total correlation. The penalty on moments paid for
# something that the marginal KL does not see.
#
# ## 6.6 Why it cannot work without help
#
# The theorem (Locatello et al.): let the factors be independent, $p(z)=\prod_j p(z_j)$, $d>1$. Then infinitely many bijections $f$ keep the distribution of $z$ and mix every coordinate into every other. The proof is a construction in three
# steps, and you can run it. With $g_j(u)=P(z_j\le u)$, the distribution functions, and $\psi$, that of the standard normal,
#
# $$f(u)=g^{-1}\bigl(\psi(A\,\psi^{-1}(g(u)))\bigr),\qquad A\text{ orthogonal, no entry }0 .$$
#
# **Step 1**: $g(z)$ is uniform on the cube. We try four families: Gaussian, uniform on $[0,1]$, exponential, gamma (of shape 2). The draws come from PyTorch's own samplers.

# %% name="draws"
N_DRAWS = 40_000
SAMPLERS = {
    "Gaussian": torch.distributions.Normal(0.0, 1.0),
    "uniform": torch.distributions.Uniform(0.0, 1.0),
    "exponential": torch.distributions.Exponential(1.0),
    "gamma": torch.distributions.Gamma(2.0, 1.0),
}
torch.manual_seed(6)
DRAWS = {name: sampler.sample((N_DRAWS, 2)) for name, sampler in SAMPLERS.items()}
CRITICAL = float(stats.kstwo.ppf(0.99, N_DRAWS))  # what the largest of 1 % of the samples exceeds


def far_from_uniform(points):
    """The Kolmogorov distance of the worst coordinate from the uniform distribution."""
    return max(stats.kstest(column.numpy(), "uniform").statistic for column in points.T)


# %% tags=["claim:impossibility-g-uniform"]
worst = max(far_from_uniform(FAMILIES[name].cdf(z)) for name, z in DRAWS.items())
dependence = max(
    abs(float(stats.spearmanr(FAMILIES[name].cdf(z).numpy()).statistic)) for name, z in DRAWS.items()
)


def gap_cdf(u):
    """P(z ≤ u) where z is uniform on [0, 1] and [2, 3], half of the mass in each."""
    return min(max(u, 0.0), 1.0) / 2 + min(max(u - 2, 0.0), 1.0) / 2


print(
    f"largest rank correlation {dependence:.3f}; a support with a gap: g(1) = {gap_cdf(1.0)}, g(2) = "
    f"{gap_cdf(2.0)}"
)
convention(
    "impossibility-g-uniform",
    ("largest Kolmogorov distance of g(z) from uniform", worst),
    ("what 1 % of uniform samples exceed", CRITICAL),
    relation="<",
    under="onto the open cube, for densities that are positive on an interval: across a gap g takes one "
    "value twice",
    tol=1e-6,
    digits=2,
)

# %% [markdown]
# **Step 2**: $h_j=\psi^{-1}$ turns uniform into standard normal. The slide takes $h$ on $(0,1]^d$. (Its line on the derivatives of $h$ prints $g$ for $h$.)

# %% tags=["claim:impossibility-h-normal"]
at_one = torch.special.ndtri(torch.tensor(1.0))
inside = torch.rand(N_DRAWS, generator=seeded(7)).clamp(min=1e-300)
there = torch.special.ndtri(inside)
returned = (torch.special.ndtr(there) - inside).abs() < 1e-12
print(f"ψ⁻¹(1) = {float(at_one)}")
erratum(
    "impossibility-h-normal",
    ("the end 1 of (0, 1]: share of its values that are real", float(at_one.isfinite())),
    ("what a map to R^d needs", 1.0),
    corrected="h maps the open cube (0, 1)^d onto R^d",
    corrected_left=(
        "40,000 v in (0, 1): share with a real h(v) that leads back to v",
        float(returned.double().mean()),
    ),
)

# %% [markdown]
# **Step 3**: rotate. A standard normal vector looks the same from all sides, so $Ay$ is standard normal again. Independence is a statement about the joint distribution: we integrate $P(Ay\le u)$ over the plane and compare with the product
# $\psi(u_1)\psi(u_2)$.


# %% tags=["claim:impossibility-rotation"]
def rotation(angle):
    return torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


A = rotation(0.7)
corner = (0.4, -0.3)
# Polar coordinates: along the direction θ the corner {Ay <= u} is an interval of r, whose mass is a
# difference of exp(-r²/2).
theta = (torch.arange(200_000) + 0.5) * (2 * math.pi / 200_000)
direction = A @ torch.stack([theta.cos(), theta.sin()])
low, high = torch.zeros_like(theta), torch.full_like(theta, math.inf)
for along, bound in zip(direction, corner, strict=True):  # r · along <= bound
    edge = bound / along
    high = torch.where(along > 0, torch.minimum(high, edge), high)
    low = torch.where(along < 0, torch.maximum(low, edge), low)
mass = (torch.exp(-(low.clamp(min=0) ** 2) / 2) - torch.exp(-(high.clamp(min=0) ** 2) / 2)).clamp(min=0)
holds(
    "impossibility-rotation",
    ("P(Ay ≤ u) by integration, A turned by 0.7 rad", float(mass.mean())),
    ("lecture: ψ(u₁) ψ(u₂)", float(torch.special.ndtr(torch.tensor(corner)).prod())),
    tol=1e-5,
    digits=5,
)

# %% [markdown]
# And such matrices abound (with $d>1$, as the theorem says; for $d=1$ there are two, 1 and -1). For any vector $w$, the mirror $I-2ww^T/\lvert w\rvert^2$ is orthogonal. Its entries off the diagonal are $-2w_iw_j/\lvert w\rvert^2$.

# %% tags=["claim:impossibility-infinite-matrices"]
smallest, off_by, distinct = math.inf, 0.0, set()
for d in (2, 3, 5, 8):
    for k in range(250):
        w = 1 + torch.rand(d, generator=seeded(1000 * d + k))  # no two of these vectors are parallel
        mirror = torch.eye(d) - 2 * torch.outer(w, w) / (w @ w)
        if float(mirror.abs().min()) < 1e-6:  # a diagonal entry can happen to be 0
            continue
        smallest = min(smallest, float(mirror.abs().min()))
        off_by = max(off_by, float((mirror @ mirror.T - torch.eye(d)).abs().max()))
        distinct.add(tuple(mirror.flatten().tolist()))
print(f"{len(distinct)} different matrices of 2, 3, 5 and 8 dimensions; A Aᵀ = I to 1e-12: {off_by < 1e-12}")
holds(
    "impossibility-infinite-matrices",
    ("smallest entry of all of them, as a size", smallest),
    ("zero", 0.0),
    relation=">",
    digits=3,
)

# %% [markdown]
# ### Exercise 6.7 · The map that entangles
#
# Write $f$. The functions `cdf` ($g$) and `quantile` ($g^{-1}$) act on each entry; $\psi$ is `torch.special.ndtr` and $\psi^{-1}$ is `torch.special.ndtri`.


# %% tags=["exercise:06.entangle"]
def entangle(u, cdf, quantile, matrix):
    """f(u) for independent factors that all have the distribution function cdf.

    u: shape (n, d), one point a row. cdf, quantile: functions of tensors, entry by entry. matrix: A, shape
    (d, d).
    Returns shape (n, d).
    """
    # region solution
    gaussian = torch.special.ndtri(cdf(u))
    return quantile(torch.special.ndtr(gaussian @ matrix.T))
    # endregion


entangle = check("06.entangle", entangle)

# %% [markdown]
# The slide prints $g(z)$ inside $f(u)$, so that $u$ does not occur on its right-hand side. It must be $g(u)$.


# %% name="jacobian-by-differences"
def mixed(name, u, matrix):
    """Your map for one family, as a tensor."""
    family = FAMILIES[name]
    return torch.as_tensor(entangle(u, family.cdf, family.quantile, matrix)).double()


def differences(name, u, matrix, step=1e-4):
    """The Jacobian of f at u (n, d) by central differences: entry (i, j) is df_i/du_j, shape (n, d, d)."""
    shifts = step * torch.eye(u.shape[1])
    columns = [
        (mixed(name, u + shift, matrix) - mixed(name, u - shift, matrix)) / (2 * step) for shift in shifts
    ]
    return torch.stack(columns, -1)


INSIDE = {
    name: family.quantile(0.05 + 0.9 * torch.rand(200, 2, generator=seeded(8)))
    for name, family in FAMILIES.items()
}

# %% tags=["claim:impossibility-f-construction"]
smallest_slope = min(float(differences(name, u, A).abs().min()) for name, u in INSIDE.items())
erratum(
    "impossibility-f-construction",
    ("derivative in u as printed: z stands on the right, u does not", 0.0),
    ("zero, which the theorem excludes", 0.0),
    relation=">",
    corrected="f(u) = g⁻¹(h⁻¹(A h(g(u))))",
    corrected_left=("smallest |∂f_i/∂u_j| at 800 points, four families", smallest_slope),
    tol=1e-4,
    digits=2,
)

# %% [markdown]
# ### Exercise 6.8 · Every partial derivative (hard)
#
# Show without differences that no derivative vanishes: $\partial f_i/\partial u_j$ is $A_{ij}$ times two positive numbers. With $x=\psi^{-1}(g(u))$ and $y=Ax$, find them. `density` is the derivative of `cdf`; $\varphi$, the standard normal
# density, is `normal_density`.


# %% tags=["exercise:06.entangle_jacobian"]
def entangle_jacobian(u, cdf, quantile, density, matrix):
    """All partial derivatives of the map that entangles.

    u: shape (n, d). cdf, quantile, density: functions of tensors, entry by entry. matrix: A, shape (d, d).
    Returns shape (n, d, d); entry (i, j) of a row's matrix is df_i/du_j.
    """
    # region solution
    x = torch.special.ndtri(cdf(u))
    y = x @ matrix.T
    f = quantile(torch.special.ndtr(y))
    outer = normal_density(y) / density(f)
    inner = density(u) / normal_density(x)
    return outer[..., :, None] * matrix * inner[..., None, :]
    # endregion


entangle_jacobian = check("06.entangle_jacobian", entangle_jacobian)

# %% [markdown]
# Now look at it. Left, a grid of factor values; middle, where $f$ sends it. The coloured line is where the *first* entangled coordinate changes while the second rests, seen among the true factors: both change. Right, the distribution of
# the first coordinate, before and after.

# %% name="predict-entangle" tags=["predict"]
quarter = rotation(math.pi / 4)
uniform_change = float((mixed("uniform", DRAWS["uniform"], quarter) - DRAWS["uniform"]).abs().mean())
predict(
    "06.entangle",
    "Two factors are uniform on [0, 1] and f turns by 45°. What is f(z) distributed like?",
    choices=("uniform on a turned square", "uniform on the same square", "a Gaussian in the square"),
    answer=f"""Uniform on the same square: that is the theorem. Yet the points moved: a coordinate by
    {uniform_change:.2f} of the side on average. Whoever sees only the cloud of points cannot see that they
    moved.""",
)

# %% name="entangle-picture" tags=["picture"]
RANGES = {"Gaussian": (-3, 3), "uniform": (0, 1), "exponential": (0, 4), "gamma": (0, 6.5)}
PORTIONS = torch.linspace(0.02, 0.98, 41)
STOPS = torch.tensor([0.02, 0.15, 0.3, 0.5, 0.7, 0.85, 0.98])


def entangling(view, family, degrees):
    _, quantile, density = FAMILIES[family]
    low, high = RANGES[family]
    wide = 0.0 if family == "uniform" else low
    matrix = rotation(math.radians(degrees))
    ends = [quantile(PORTIONS), quantile(STOPS)]
    for k, stop in enumerate(ends[1]):
        for name, line in (
            ("v", torch.stack([stop.expand(41), ends[0]], 1)),
            ("h", torch.stack([ends[0], stop.expand(41)], 1)),
        ):
            moved = mixed(family, line, matrix)
            color = "p" if name == "v" else "q"
            view["before"].curve(f"{name}{k}", line[:, 0], line[:, 1], color=color, style="solid", width=1)
            view["after"].curve(f"{name}{k}", moved[:, 0], moved[:, 1], color=color, style="solid", width=1)
    rest = quantile(torch.tensor(0.35))
    path = mixed(family, torch.stack([ends[0], rest.expand(41)], 1), matrix.T)  # Aᵀ undoes A
    view["before"].curve(
        "path",
        path[:, 0],
        path[:, 1],
        color="accent",
        style="solid",
        width=3,
        label="only the first f(z) changes",
    )
    grid = torch.linspace(low, high, 81)
    view["marginal"].curve("density", grid, density(grid), color="p", style="solid", label="density of z₁")
    after = mixed(family, DRAWS[family][:4000], matrix)
    counts, edges = np.histogram(after[:, 0].numpy(), bins=24, range=(low, high))
    heights = counts / (4000 * (edges[1] - edges[0]))
    view["marginal"].curve(
        "after", (edges[1:] + edges[:-1]) / 2, heights, color="q", style="dashed", label="f(z), first"
    )
    view["before"].title(f"{family} factors z")
    for name in ("before", "after"):
        view[name].scatter("corners", [[low, wide], [high, high]], color="muted", size=1)
    view.readout(
        "rank correlation of z₁ and f(z)₁",
        float(stats.spearmanr(DRAWS[family][:4000, 0], after[:, 0]).statistic),
        ".3f",
    )
    view.readout("of f(z)₁ and f(z)₂", float(stats.spearmanr(after[:, 0], after[:, 1]).statistic), ".3f")


explore(
    entangling,
    panels=[
        Panel("before", xlabel="z₁", ylabel="z₂", aspect="equal"),
        Panel(
            "after", title="f(z)", xlabel="f(z), first", ylabel="f(z), second", aspect="equal", legend=False
        ),
        Panel(
            "marginal", title="first coordinate", xlabel="value", ylabel="density", ylim=(0, 1.3), width=0.9
        ),
    ],
    size=(10.5, 4),
    family=Choice(list(FAMILIES), value="uniform", label="factors"),
    degrees=Slider(0, 90, step=5, value=0, label="angle of A in degrees", play=True),
    presets={"30°": {"degrees": 30}, "gamma, 45°": {"family": "gamma", "degrees": 45}},
    alt="A grid of factor values, its image under the entangling map, and the density of one coordinate "
    "before and after",
)

# %% [markdown]
# Whether $f(z)$ has the distribution of $z$ is a question about the joint distribution function: the share of 40,000 draws with $f(z)\le u$, against $P(z_1\le u_1)P(z_2\le u_2)$, at 81 points $u$ for each family. On derivatives the two lectures differ: I22 wants them
# everywhere, I21 almost everywhere.

# %% tags=["claim:impossibility-theorem"]
PORTION = torch.linspace(0.1, 0.9, 9)
largest_gap = 0.0
for name, family in FAMILIES.items():
    uniform = family.cdf(mixed(name, DRAWS[name], A))
    below = (uniform[:, None, :] <= PORTION[:, None]).double()
    largest_gap = max(
        largest_gap,
        float(
            (torch.einsum("na,nb->ab", below[..., 0], below[..., 1]) / N_DRAWS - PORTION[:, None] * PORTION)
            .abs()
            .max()
        ),
    )
by_formula = torch.as_tensor(entangle_jacobian(INSIDE["gamma"], *FAMILIES["gamma"], A))
apart = (by_formula - differences("gamma", INSIDE["gamma"], A)).abs() / (1 + by_formula.abs())
agree = bool(apart.max() < 1e-2)
print(f"the Jacobian by formula and by differences agree: {agree}")
convention(
    "impossibility-theorem",
    ("largest difference of P(f(z) ≤ u) and P(z ≤ u), four families", largest_gap),
    ("four standard errors of a share of 40,000 draws", 4 * 0.5 / math.sqrt(N_DRAWS)),
    relation="<",
    under="for d > 1, on the interior of the support, the derivatives almost everywhere (where a density "
    "jumps, f has none)",
    tol=1e-6,
    digits=2,
)

# %% [markdown]
# Now put a decoder behind. A model with factors $z$ and decoder $p(x\mid z)$; a second model with factors $\hat z=f(z)$ and the decoder that first undoes $f$. Both give the same pictures with the same probabilities. In numbers: two exponential factors,
# $x=z_1+2\sqrt{z_2}$ plus noise, and the density of $x$ at one point, integrated over $z$ in one model and over $\hat z$ in the other.

# %% tags=["claim:equivalent-generative-models"]
exponential = FAMILIES["exponential"]
portions = (torch.arange(800) + 0.5) / 800
square = torch.cartesian_prod(portions, portions)


def density_of(x, factors_of):
    """∫ p(x|z) p(z) dz by the midpoint rule in the quantiles; factors_of gives z at each node."""
    z = factors_of(exponential.quantile(square))
    return float((normal_density((x - z[:, 0] - 2 * z[:, 1].sqrt()) / 0.5) / 0.5).mean())


holds(
    "equivalent-generative-models",
    ("density of x = 3, integrated over z", density_of(3.0, lambda z: z)),
    ("integrated over ẑ, decoded through f⁻¹", density_of(3.0, lambda z: mixed("exponential", z, A.T))),
    tol=1e-3,
    digits=3,
)

# %% [markdown]
# So a method that sees pictures only must give both models the same code. If that code is perfect for $z$, it is entangled for $\hat z$. Which factors are "the" factors is not in the data: it must come from somewhere else, an *inductive bias*. Watch one at work. Two independent factors were mixed by a turn of
# 30°. The model knows that the mixing is a *turn* (that is the bias) and tries all angles. The picture shows the mean log-likelihood of 4,000 points.

# %% name="turn-likelihood"
TRY = torch.arange(-45, 46, 3)


def log_density(name, points):
    """log p(z1) p(z2) of a family, with zero mean and unit variance for all of them."""
    if name == "Gaussian":
        return (-0.5 * points**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
    if name == "Laplace":
        return (-math.sqrt(2) * points.abs() - 0.5 * math.log(2)).sum(-1)
    return (-0.25 * points**4 + 0.5 * points**2).sum(-1) - 2 * TWO_PEAKS_LOG


BUMPY = torch.linspace(-4, 4, 4001)
TWO_PEAKS = torch.exp(-0.25 * BUMPY**4 + 0.5 * BUMPY**2)
TWO_PEAKS_LOG = math.log(float(TWO_PEAKS.sum() * (BUMPY[1] - BUMPY[0])))
ladder = TWO_PEAKS.cumsum(0) / TWO_PEAKS.sum()
torch.manual_seed(9)
UNMIXED = {
    "Gaussian": torch.randn(4000, 2),
    "Laplace": torch.distributions.Laplace(0.0, 2**-0.5).sample((4000, 2)),
    "two peaks": BUMPY[torch.searchsorted(ladder, torch.rand(4000, 2)).clamp(max=4000)],
}
MIXED = {name: z @ rotation(math.radians(30)).T for name, z in UNMIXED.items()}
LIKELIHOODS = {
    name: torch.stack([log_density(name, x @ rotation(math.radians(float(a)))).mean() for a in TRY])
    for name, x in MIXED.items()
}


# %% name="turn-picture" tags=["picture"]
def unturn(view, factors, degrees):
    points = MIXED[factors] @ rotation(math.radians(degrees))
    view["points"].scatter("points", points[:1500], color="p", size=2, alpha=0.5)
    curve = LIKELIHOODS[factors] - LIKELIHOODS[factors].max()
    view["likelihood"].curve("all", TRY, curve, color="q")
    here = float(log_density(factors, points).mean() - LIKELIHOODS[factors].max())
    view["likelihood"].scatter("here", [[degrees, here]], color="accent", size=10)
    view.readout("below the best, nats a point", -here, ".4f")


explore(
    unturn,
    panels=[
        Panel(
            "points",
            title="turned back by this angle",
            xlabel="first coordinate",
            ylabel="second",
            aspect="equal",
            xlim=(-4, 4),
            ylim=(-4, 4),
        ),
        Panel(
            "likelihood",
            title="log-likelihood, less the best",
            xlabel="angle in degrees",
            ylabel="nats a point",
            xlim=(-46, 46),
            ylim=(-0.4, 0.04),
            legend=False,
        ),
    ],
    factors=Choice(list(UNMIXED), label="factors"),
    degrees=Slider.of(list(range(-45, 46, 3)), value=0, label="angle in degrees"),
    presets={"the true 30°": {"degrees": 30}, "Laplace, 30°": {"factors": "Laplace", "degrees": 30}},
    alt="Points turned back by an angle beside the likelihood of all angles: flat for Gaussian factors, "
    "peaked for others",
)

# %% [markdown]
# With Gaussian factors the likelihood is flat: nothing tells the angle. With the others it peaks at 30°, but only since all maps except turns were forbidden. Allow $f$ of Exercise 6.7, and these are flat as well. For the Gaussian prior of a VAE even a linear map does it: the model with the
# decoder $W$ and the one with $WR$, $R$ a turn of 45°, have the same likelihood.

# %% tags=["claim:unsupervised-disentanglement-impossible"]
W = AXES[:, :2] * (EIGENVALUES[:2] - SIGMA**2).sqrt()
codes = torch.randn(2000, 2, generator=seeded(10))
observed = codes @ W.T + SIGMA * torch.randn(2000, 256, generator=seeded(11))


def mean_log_likelihood(weight):
    covariance = weight @ weight.T + SIGMA**2 * torch.eye(256)
    return float(
        torch.distributions.MultivariateNormal(torch.zeros(256), covariance).log_prob(observed).mean()
    )


def found_codes(weight):
    """The posterior means of a linear model."""
    return observed @ weight @ torch.linalg.inv(weight.T @ weight + SIGMA**2 * torch.eye(2)).T


levels = (torch.special.ndtr(codes) * 8).long()  # eight equally frequent levels of each true factor
for name, weight in (("W", W), ("W R", W @ quarter)):
    print(f"codes of the model with {name:3}: MIG {float(mig(found_codes(weight), levels)):.2f}")
holds(
    "unsupervised-disentanglement-impossible",
    ("mean log-likelihood, decoder W (disentangled)", mean_log_likelihood(W)),
    ("decoder W R (entangled)", mean_log_likelihood(W @ quarter)),
    tol=1e-9,
    digits=6,
)

# %% [markdown]
# ## 6.7 A table of runs
#
# What happens in practice? 11 settings × 5 seeds, all with six latents. A point is a run, a bar the mean of a setting.

# %% name="predict-seed" tags=["predict"]
total = mig_of.var(correction=0)
by_setting = float(mig_of.mean(1).var(correction=0) / total)
best_setting = int(mig_of.mean(1).argmax())
predict(
    "06.seed",
    "MIG differs between the 55 runs. How much of its variance is explained by the setting (method and "
    "strength), and how much is left to the seed?",
    choices=("nearly all by the setting", "about half and half", "nearly all by the seed"),
    answer=f"""About half and half: the setting explains {by_setting:.0%}, the seed the rest. At the best
    setting ({LABELS[best_setting]}) MIG goes from
    {mig_of[best_setting].min():.2f} to {mig_of[best_setting].max():.2f}, and five seeds are few.""",
)

# %% name="table-picture" tags=["picture"]
METHOD_COLOURS = ["p" if m == "beta" else "q" if m == "DIP-I" else "third" for m, _ in SETTINGS]


def table_of_runs(view, metric, sampled):
    values = SCORES[:, :, int(sampled), list(METRICS).index(metric)]
    view["runs"].bars("mean", LABELS, values.mean(1), color=METHOD_COLOURS, alpha=0.45)
    points = [[k, float(value)] for k, row in enumerate(values) for value in row]
    view["runs"].scatter("runs", points, color="ink", size=5)
    view["runs"].title(f"{metric}, {'one draw of the codes' if sampled else 'mean codes'}")
    share = float(values.mean(1).var(correction=0) / values.var(correction=0))
    view.readout("explained by the setting", share, ".0%")
    view.readout("best run", float(values.max()), ".3f")


explore(
    table_of_runs,
    panels=[Panel("runs", ylabel="score", ylim=(0, 1.05), legend=False)],
    size=(9.5, 4),
    metric=Choice(list(METRICS), value="MIG", label="score"),
    sampled=Toggle(False, label="sampled codes"),
    alt="The score of 55 runs as points over bars of eleven settings",
)

# %% [markdown]
# ### Exercise 6.9 · What explains the scores?
#
# Of the variance of a table of scores, settings in rows and seeds in columns, return the share that the settings explain: the variance of the row means over the variance of all.


# %% tags=["exercise:06.explained"]
def explained(scores):
    """The share of the variance of the scores that lies between the settings.

    scores: shape (settings, seeds), not all equal. Returns a number from 0 to 1.
    """
    # region solution
    return scores.mean(1).var(correction=0) / scores.var(correction=0)
    # endregion


explained = check("06.explained", explained)

# %% name="explained-all"
for index, name in enumerate(METRICS):
    print(f"{name:11} {float(explained(SCORES[:, :, 0, index])):.0%} by the setting")
tie = (TERMS[BETA_8, :, 0] - 8 * TERMS[BETA_8, :, 1]).tolist()
print("β = 8, objective:", ", ".join(f"{v:.2f}" for v in tie), "nats")
print("β = 8, MIG:      ", ", ".join(f"{v:5.2f}" for v in mig_of[BETA_8].tolist()))

# %% [markdown]
# The last two lines are the five seeds of β = 8, in the same order. Their objectives are within half a nat; their scores are not. So the objective does not tell which seed to keep, and telling it by MIG needs the labels that one wanted to do without.
#
# What does such a code look like? Choose a latent and move it. The bars say what the *mean codes* tell of each factor. The two models with β = 8 differ in their seed only.

# %% name="traversals"
DECODERS = {name_of(run): load_decoder(RUNS, run) for run in TRAVERSED}
SHARES, RANKED = {}, {}
for run in TRAVERSED:
    r = ORDER.index(run)
    kl_each = ((MEANS[r] ** 2 + LOGVARS[r].exp() - 1 - LOGVARS[r]) / 2).mean(0)
    RANKED[name_of(run)] = kl_each.argsort(descending=True).tolist()
    found = factor_information(MEANS[r], factors)
    SHARES[name_of(run)] = (found.information / found.entropy, kl_each)


# %% name="traversal-picture" tags=["picture"]
def traverse(view, model, latent, value):
    j = RANKED[model][latent - 1]
    shares, kl_each = SHARES[model]
    z = torch.zeros(8, 6)
    z[:7, j] = torch.linspace(-2.4, 2.4, 7)
    z[7, j] = value
    made = DECODERS[model](z).view(8, 16, 16).double()
    view["strip"].image("strip", sheet(made[:7], 7), limits=(0, 1))
    view["one"].image("one", sheet(made[7:], 1), limits=(0, 1))
    view["shares"].bars("shares", data.names, shares[j], color="third", values=".2f")
    view.readout("KL of this latent, nats", float(kl_each[j]), ".2f")
    r = ORDER.index(next(run for run in TRAVERSED if name_of(run) == model))
    view.readout("MIG of the model", float(mig(MEANS[r], factors)), ".3f")


explore(
    traverse,
    panels=[
        [Panel("strip", title="the latent from -2.4 to 2.4, the others 0", axes=False, aspect="equal")],
        [
            Panel("one", title="at the slider's value", axes=False, aspect="equal", width=0.5),
            Panel(
                "shares",
                title="what the latent tells",
                ylabel="share of its entropy",
                ylim=(0, 1.1),
                legend=False,
            ),
        ],
    ],
    size=(9, 5),
    model=Choice(list(DECODERS), label="model"),
    latent=Slider(1, 6, value=1, label="latent, by its KL"),
    value=Slider(-3.0, 3.0, step=0.25, value=1.0, label="its value"),
    alt="Pictures that a decoder makes while one latent changes, and what that latent tells of the factors",
)

# %% [markdown]
# ### Turn a trained code
#
# Section 6.6 in practice: take the two strongest latents of a trained model and turn them. If the codes are spread like the prior, a turn leaves that as it is, and a decoder that turns back draws the same pictures. MIG does not stay.

# %% name="turn-trained"
TURN_RUNS = [("beta", 8, 1), ("beta", 8, 2), ("beta", 4, 3), ("DIP-II", 50, 2)]
DEGREES = list(range(0, 91, 5))
TURN_MIG, PAIRS = {}, {}
for run in TURN_RUNS:
    r = ORDER.index(run)
    kl_each = (MEANS[r] ** 2 + LOGVARS[r].exp() - 1 - LOGVARS[r]).mean(0)
    i, j = kl_each.topk(2).indices.tolist()
    PAIRS[name_of(run)] = MEANS[r][:, [i, j]]
    TURN_MIG[name_of(run)] = [float(mig(turned(MEANS[r], a, i, j), factors)) for a in DEGREES]

# %% name="predict-rotate" tags=["predict"]
rises = {name: values[DEGREES.index(45)] - values[0] for name, values in TURN_MIG.items()}
predict(
    "06.rotate",
    "Turn the two strongest latents of four trained models by 45°. What happens to MIG?",
    choices=("falls for all", "rises for all", "falls for some, rises for others"),
    answer="Some fall, some rise: "
    + "; ".join(
        f"{name}: {TURN_MIG[name][0]:.2f} to {TURN_MIG[name][DEGREES.index(45)]:.2f}" for name in rises
    )
    + ". Training does choose axes (the encoder's covariance is diagonal), but it does not know the "
    "factors' axes.",
)

# %% name="turn-trained-picture" tags=["picture"]
X_COLOURS = ("#0072B2", "#56B4E9", "#009E73", "#A6761D", "#E69F00", "#D55E00", "#CC79A7", "#8E6BBF")


def turn_trained(view, model, degrees, factor):
    pair = turned(PAIRS[model], degrees, 0, 1)
    column = factors[:, data.names.index(factor)].tolist()
    view["codes"].scatter("codes", pair, color=[X_COLOURS[level] for level in column], size=4)
    view["codes"].title(f"mean codes; colour: {factor}")
    view["mig"].curve("curve", DEGREES, TURN_MIG[model], color="q")
    here = TURN_MIG[model][DEGREES.index(degrees)]
    view["mig"].scatter("here", [[degrees, here]], color="accent", size=10)
    view.readout("MIG", here, ".3f")
    view.readout("at 0°", TURN_MIG[model][0], ".3f")


explore(
    turn_trained,
    panels=[
        Panel(
            "codes",
            xlabel="first of the two latents",
            ylabel="second",
            aspect="equal",
            xlim=(-3.6, 3.6),
            ylim=(-3.6, 3.6),
            legend=False,
        ),
        Panel(
            "mig",
            title="MIG of all six latents",
            xlabel="angle in degrees",
            ylabel="score",
            xlim=(-2, 92),
            ylim=(0, 0.6),
            legend=False,
        ),
    ],
    model=Choice(list(TURN_MIG), label="model"),
    degrees=Slider.of(DEGREES, label="angle in degrees", play=True),
    factor=Choice(list(data.names), value="x", label="colour"),
    alt="The two strongest latents of a trained model, turned, beside the mutual information gap at all "
    "angles",
)

# %% [markdown]
# ### Mean codes and sampled codes
#
# Training makes *draws* of $q_{\rm agg}$ factorise; the *mean* of the encoder is used afterwards. Can the two differ? Put two posteriors at $\pm(a,a)$ with the variance $1-a^2$ in each latent: the draws have $C$ with ones on the diagonal and $a^2$ off it,
# nearly independent for small $a$, while the means lie on a line. In the stored runs the difference is small. (Scores of draws are lower than those of means, as the toggle above shows: draws are noisier.) The Gaussian total correlation $-\frac12\log\det$ of the correlation matrix measures both.


# %% tags=["claim:mean-vs-sample-representation"]
def gaussian_correlation(covariance):
    scale = covariance.diagonal().rsqrt()
    return float(-0.5 * torch.logdet(scale[:, None] * covariance * scale))


tc_mean, tc_draw = [], []
for r, run in enumerate(ORDER):
    alive = ((MEANS[r] ** 2 + LOGVARS[r].exp() - 1 - LOGVARS[r]).mean(0) / 2) > 0.1
    if run[1] != 16 and alive.sum() > 1:
        of_means = torch.cov(MEANS[r][:, alive].T, correction=0)
        tc_mean.append(gaussian_correlation(of_means))
        tc_draw.append(gaussian_correlation(of_means + torch.diag(LOGVARS[r][:, alive].exp().mean(0))))
print(
    f"{len(tc_mean)} runs, live latents: {np.mean(tc_mean):.3f} nats for mean codes, "
    f"{np.mean(tc_draw):.3f} for draws"
)
a = 0.3
pair_mean = torch.tensor([[a, a], [-a, -a]])
pair_logvar = torch.full((2, 2), math.log(1 - a**2))
draws_tc = three_parts(mixture(pair_mean, pair_logvar))[1]
convention(
    "mean-vs-sample-representation",
    ("two posteriors: total correlation of their draws, nats", draws_tc),
    ("of their means, which share one bit: log 2", math.log(2)),
    relation="<",
    under="the two can differ; in the stored runs they hardly do",
    tol=1e-3,
    digits=3,
)

# %% [markdown]
# ### Do the scores agree?
#
# The I21 slide prints rank correlations of the six scores over many models of Noisy-dSprites, in percent. A table of correlations must be symmetric and have no negative eigenvalue; we check that, and put beside it the same table for our 55 runs (SAP in its svm form).

# %% name="agreement"
SLIDE = np.array([
    [100, 80, 44, 41, 46, 37],
    [80, 100, 49, 52, 25, 38],
    [44, 49, 100, 76, 6, 42],
    [41, 52, 76, 100, -8, 38],
    [46, 25, 6, -8, 100, 13],
    [37, 38, 42, 38, 13, 100],
])  # fmt: skip
LIVE_SETTINGS = [k for k, (_, strength) in enumerate(SETTINGS) if strength != 16]


def rank_table(settings):
    """Rank correlations of the six scores over the runs of some settings, in percent."""
    return np.round(100 * stats.spearmanr(SCORES[settings, :, 0, :6].reshape(-1, 6).numpy()).statistic)


OURS = rank_table(list(range(len(SETTINGS))))

# %% tags=["claim:disentanglement-metric-table"]
print(
    "symmetric:",
    bool((SLIDE == SLIDE.T).all()),
    "| BetaVAE-FactorVAE",
    SLIDE[0, 1],
    "| MIG-DCI",
    SLIDE[2, 3],
    "| DCI-Modularity",
    SLIDE[3, 4],
)
holds(
    "disentanglement-metric-table",
    ("smallest eigenvalue of the printed table, in percent", float(np.linalg.eigvalsh(SLIDE).min())),
    ("what a table of correlations cannot be below", 0.0),
    relation=">=",
    digits=4,
)


# %% name="predict-agree" tags=["predict"]
def mean_with_others(table):
    return (table.sum(1) - 100) / 5


ours_mean = mean_with_others(OURS)
predict(
    "06.agree",
    "One of the six scores agrees least with the others on the slide. Is it the same one in our runs?",
    choices=("the same one", "another one", "ours all agree"),
    answer=f"""The same one, Modularity: its mean correlation with the other five is
    {mean_with_others(SLIDE)[4]:.0f} percent on the slide and
    {ours_mean[4]:.0f} in our runs. The others agree better here than there (MIG:
    {mean_with_others(SLIDE)[2]:.0f} there,
    {ours_mean[2]:.0f} here). Five collapsed runs make much of it: without β = 16, whose silent codes score
    high in Modularity only,
    its mean is {mean_with_others(rank_table(LIVE_SETTINGS))[4]:.0f}.""",
)


# %% name="agreement-picture" tags=["picture"]
def agreement(view, table, without):
    ours = rank_table(LIVE_SETTINGS) if without else OURS
    values = {"slide": SLIDE, "ours": ours, "ours - slide": ours - SLIDE}[table]
    view["table"].heatmap(
        "table", values[::-1], (0, 6, 0, 6), cmap="signed", limits=(-100, 100), smooth=False, bar="percent"
    )
    for i, name in enumerate(SIX):
        view["table"].text(f"row{i}", -0.15, 5.4 - i, name, align="right", size=9)
        view["table"].text(f"column{i}", i + 0.5, 6.15, name, align="center", size=8)
        for j in range(6):
            ink = "white" if abs(values[i, j]) > 60 else "black"
            view["table"].text(
                f"{i} {j}", j + 0.5, 5.4 - i, f"{values[i, j]:.0f}", align="center", size=9, color=ink
            )
    view["mean"].bars("slide", SIX, mean_with_others(SLIDE), color="q", alpha=0.6, label="slide")
    points = [[k, value] for k, value in enumerate(mean_with_others(ours))]
    view["mean"].scatter("ours", points, color="p", size=10, label="our runs")


explore(
    agreement,
    panels=[
        Panel("table", axes=False, xlim=(-1.6, 6.1), ylim=(-0.1, 6.6)),
        Panel("mean", ylabel="mean correlation with others, %", ylim=(-10, 100), width=0.8),
    ],
    size=(11, 4.6),
    table=Choice(["slide", "ours", "ours - slide"], label="table"),
    without=Toggle(False, label="without β = 16"),
    presets={"ours": {"table": "ours"}, "ours, without β = 16": {"table": "ours", "without": True}},
    alt="A table of rank correlations of six scores, and each score's mean correlation with the others",
)

# %% tags=["claim:disentanglement-metrics-agreement"]
pairs = SLIDE[np.triu_indices(6, 1)]
grouped = {(0, 1), (2, 3)}
rest = [SLIDE[i, j] for i in range(6) for j in range(i + 1, 6) if (i, j) not in grouped]
print(
    f"mean of the 13 other pairs: {np.mean(rest):.1f} percent; Modularity with the others: "
    f"{mean_with_others(SLIDE)[4]:.1f}"
)
print(
    f"mean of the 15 pairs: {pairs.mean():.1f} percent on the slide, "
    f"{OURS[np.triu_indices(6, 1)].mean():.0f} in our runs"
)
convention(
    "disentanglement-metrics-agreement",
    ("slide: the weaker of the pairs BetaVAE-FactorVAE and MIG-DCI", float(min(SLIDE[0, 1], SLIDE[2, 3]))),
    ("slide: the strongest of the 13 other pairs", float(max(rest))),
    relation=">",
    under="agreement within two pairs of scores; the mean of the other 13 pairs is half of theirs",
)

# %% [markdown]
# ## Open experiment
#
# - Give the linear β-VAE of 6.3 *two* axes of equal variance. Which turn of the codes does it choose? Add a small difference and look again: this is where a VAE's axes come from.
# - In the live picture, train 4,000 steps at β = 4, then switch to DIP 50. Do the rows keep their meaning?
# - `mig(codes, factors, bins=...)` with 4, 20 and 200 bins for `CODES["noise"]` and for `MEANS[0]`: how much of a small MIG is an artefact of the bins?
# - Build a code that has BetaVAE score 1 and MIG 0.

# %% name="open-experiment"
# Your experiment.

# %% [markdown]
# ## What to remember
#
# - "Disentangled" is six questions. A code can be perfect for one score and worthless for another; read what guessing would give.
# - β is the price of a nat, and for a linear model the same as a noisier decoder: axes with less variance than $\beta\sigma^2$ are given up.
# - β presses on information and on the marginal KL alike. DIP-VAE presses on two moments of $q_{\rm agg}$; the identity as covariance is not independence.
# - For any independent factors there are maps that keep their distribution and mix all of them; pictures alone cannot tell which factors are meant. What decides is an inductive bias.
# - About half of the variance of MIG in our runs is the seed, and the objective does not say which seed is good.
#
# **Next:** [07 · Learning without a likelihood](07_likelihood_free_learning.ipynb): what can be learnt when not even a bound on the likelihood is there.
#
# ## References
#
# - R. Isachenko, *Deep Generative Models*, Lecture 9, Ozon Masters, 2021; Lecture 8, AI Masters, 2022.
# - I. Higgins et al., *beta-VAE: learning basic visual concepts with a constrained variational framework*, 2017.
# - A. Kumar, P. Sattigeri, A. Balakrishnan, *Variational inference of disentangled latent concepts from unlabeled observations*, 2018.
# - F. Locatello et al., *Challenging common assumptions in the unsupervised learning of disentangled representations*, 2019.
# - R. Chen et al., *Isolating sources of disentanglement in VAEs* (MIG), 2018. K. Ridgeway, M. Mozer, *Learning deep disentangled embeddings with the F-statistic loss*
#   (modularity), 2018. H. Kim, A. Mnih, *Disentangling by factorising*, 2018. C. Eastwood, C. Williams, *A framework for the quantitative evaluation of
#   disentangled representations* (DCI), 2018.
# - M. Rolínek, D. Zietlow, G. Martius, *Variational autoencoders pursue PCA directions (by accident)*, 2019.
