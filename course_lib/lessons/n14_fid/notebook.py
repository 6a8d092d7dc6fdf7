# %% [markdown]
# # 14 · Judging samples: Inception score, FID, and what they miss
#
# *About 90 minutes. Follows I24, "Evaluation of likelihood-free models" and "Frechet Inception Distance (FID)".*
#
# After this notebook you can
#
# - compute the Inception score and the FID from a classifier's outputs, and say what each of them looks at;
# - damage a set of images in six ways and predict which score will notice;
# - measure the bias of the FID, remove it by extrapolation, and say why a kernel distance does not have it;
# - build two sets of images that anybody can tell apart and whose FID is zero;
# - say what a table of FID values must tell its readers before they can believe it.
#
# **Recap.** A GAN gives samples and no density. Everything below is computed from samples: real ones on one side, generated
# ones on the other. The images are the 1,797 digits of 8 × 8 pixels, 1,437 to train on and 360 held out. They are small, so
# every experiment takes seconds. The papers in the references report the effects of this notebook at the size of ImageNet.
#
# **Notation**, that of the lecture: $\pi$ is the distribution of the real images, $p$ that of the model's. The letter $p$ also stands
# for the probabilities $p(y\mid x)$ that a classifier gives to the labels $y$. Logarithms are natural, and so entropies and
# log-densities are in *nats* (1 nat = 1.44 bits).

# %% name="setup"
import time

import numpy as np
import torch
from scipy import linalg, optimize
from tqdm.auto import tqdm

from course_lib.claims import argue, convention, holds
from course_lib.data.digits import load_digits
from course_lib.evaluation import cmmd, fid, inception_score, kid, label_entropies, precision_recall
from course_lib.exercises import check, hint, predict
from course_lib.lessons.n14_fid.runs import build_classifier, build_generator, build_vae, stored
from course_lib.networks import mlp
from course_lib.variational import elbo, importance_weighted_bound
from course_lib.widgets import Choice, Panel, Slider, Toggle, explore

torch.set_num_threads(1)  # everything here is small: sharing the work costs more than it saves
digits = load_digits()
real, held_out = digits.train, digits.held_out


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def sheet(images, rows=6, columns=6):
    """The first images side by side, as one picture with white lines between them."""
    tiles = torch.nn.functional.pad(images[: rows * columns].detach().reshape(-1, 8, 8), (0, 1, 0, 1))
    return tiles.reshape(rows, columns, 9, 9).permute(0, 2, 1, 3).reshape(rows * 9, columns * 9)[:-1, :-1]


# %% [markdown]
# ## 14.1 With a likelihood there is a protocol
#
# For a model with a density $p(x)$ the lecture recalls the protocol: split the data into three parts; fit on the first
# (train), choose what is left to choose on the second (validation), report the likelihood of the third (test). Here is the
# smallest such model, a kernel density estimate: a Gaussian of standard deviation $h$ around each training image.
# $h$ is what is left to choose. The picture opens at a wide one; its curves appear as you make $h$ smaller.

# %% name="kernel-density"
order = torch.randperm(len(real), generator=seeded(1))
fit_part, validation_part, test_part = (
    real[order[360:]].double(),
    real[order[:360]].double(),
    held_out.double(),
)
WIDTHS = torch.logspace(-2, 0, 41, dtype=torch.float64)
SQUARES = {
    name: torch.cdist(x, fit_part).square()
    for name, x in (("train", fit_part), ("validation", validation_part), ("test", test_part))
}


def mean_log_density(squares, h):
    """Mean log-density in nats of the kernel estimate, from squared distances of shape (points, centres)."""
    logs = -squares / (2 * h**2) - 32 * torch.log(2 * torch.pi * h**2)
    return (torch.logsumexp(logs, 1) - np.log(squares.shape[1])).mean()


LIKELIHOOD = {name: torch.stack([mean_log_density(s, h) for h in WIDTHS]) for name, s in SQUARES.items()}

# %% name="predict-width" tags=["predict"]
best = {name: int(curve.argmax()) for name, curve in LIKELIHOOD.items()}
predict(
    "14.width",
    "There is a width h with the best test likelihood. Do the samples look best at that h?",
    choices=("yes, best there", "no, better at a smaller h", "no, better at a larger h"),
    answer=f"""Better at a smaller h. The test likelihood is largest at h = {float(WIDTHS[best["test"]]):.2f}
    ({float(LIKELIHOOD["test"].max()):.0f} nats an image), where each sample is a training image under
    noise of that
    standard deviation. At h = {float(WIDTHS[0]):.2f} the samples look perfect, the training likelihood is
    the largest
    of all h on offer, and the test likelihood is {float(LIKELIHOOD["test"][0]):,.0f} nats.""",
)

# %% name="protocol" tags=["picture"]
KDE_NOISE = torch.randn(36, 64, generator=seeded(2), dtype=torch.float64)


def protocol(view, h):
    view["samples"].image("samples", sheet((fit_part[:36] + h * KDE_NOISE).clamp(0, 1)), limits=(0, 1))
    seen = WIDTHS / h > 0.99  # the curves appear from the right
    for name, color, style in (("train", "muted", ":"), ("test", "p", "-"), ("validation", "q", "--")):
        view["curves"].curve(name, WIDTHS[seen], LIKELIHOOD[name][seen], color=color, style=style, label=name)
        view.readout(f"{name}, nats", float(mean_log_density(SQUARES[name], torch.tensor(h))), ".1f")
    view["curves"].vline("h", h)
    view.readout("h", h, ".3f")


explore(
    protocol,
    panels=[
        Panel("samples", title="samples of the model", aspect="equal", axes=False, width=0.7),
        Panel(
            "curves",
            title="mean log-density",
            xlabel="h (grey values from 0 to 1)",
            ylabel="nats an image",
            xlim=(0.01, 1),
            xscale="log",
            ylim=(-120, 140),
        ),
    ],
    h=Slider(0.01, 1.0, step=10**0.05, value=1.0, log=True, label="width h"),
    presets={"best on train": {"h": 0.01}, "best on validation": {"h": float(WIDTHS[best["validation"]])}},
    alt=(
        "Samples of a kernel density estimate beside its log-density on the three parts of the data "
        "as the width varies"
    ),
)

# %% tags=["claim:likelihood-eval-protocol"]
by_validation, by_train = best["validation"], best["train"]
print(
    f"h chosen on validation: {float(WIDTHS[by_validation]):.2f}; on train: {float(WIDTHS[by_train]):.2f},",
    "the smallest on offer",
)
holds(
    "likelihood-eval-protocol",
    ("test log-density, h chosen on validation", float(LIKELIHOOD["test"][by_validation])),
    ("test log-density, h chosen on train", float(LIKELIHOOD["test"][by_train])),
    relation=">=",
    digits=4,
)

# %% [markdown]
# The training part would choose $h\to 0$: a list of the training images. The protocol catches that. Note the second lesson: the samples
# at $h=0.01$ look perfect and the model is the worst of all; at the best $h$ they look noisy. *A good likelihood and good-looking
# samples are two things.*
#
# For a VAE $\log p(x)$ cannot be computed, but the ELBO lies below it, and the lecture says: *compare ELBO values*. Here is that
# number for the VAE that we judge later (8 latent dimensions), and beside it a higher lower bound, the log of a mean of 200
# importance weights: the difference is at least what the ELBO hides.

# %% name="elbo"
STORED = stored()


def load(network, name):
    """Puts stored weights into a network (`runs.py` of this lesson trained them)."""
    prefix = name + "/"
    weights = {
        k[len(prefix) :]: torch.as_tensor(v).float() for k, v in STORED.items() if k.startswith(prefix)
    }
    network.load_state_dict(weights)
    return network.requires_grad_(False)


autoencoder = build_vae().requires_grad_(False)
load(autoencoder.encoder, "encoder")
vae = load(autoencoder.decoder, "vae")
for part, images in (("train", real), ("held out", held_out)):
    lower = float(elbo(autoencoder, images, samples=20, generator=seeded(20)).value.mean())
    higher = float(importance_weighted_bound(autoencoder, images, 200, generator=seeded(21)).value.mean())
    print(f"{part:9s} ELBO {lower:.2f}, importance-weighted bound {higher:.2f} nats an image")

# %% [markdown]
# Two warnings. The higher bound moves a model up by more or less, depending on its encoder, so ELBOs compare models *and* encoders. And
# this decoder is Bernoulli: it takes grey values for probabilities, so its nats compare with those of another such decoder, not with
# the log-densities of the kernel estimate above. A GAN has no likelihood and no bound either: one has to judge its samples.
#
# ## 14.2 Sharp and diverse, according to a classifier
#
# Take a classifier that gives label probabilities $p(y\mid x)$. The lecture asks for two things:
#
# - **sharpness**: $p(y\mid x)$ has low entropy, one sees at once what an image shows;
# - **diversity**: the marginal $p(y) = \int p(y\mid x)\,p(x)\,dx$ has high entropy, all classes occur.
#
# Our classifier is a network of layers 64 → 128 → 32 → 10, trained for 800 steps on noisy training images. The values of its last hidden
# layer, 32 numbers an image, are the *features* of the later sections.

# %% name="classifier"
classifier = load(build_classifier(1), "classifier")
another_seed = load(build_classifier(2), "another_seed")
untrained = build_classifier(7).requires_grad_(False)


def probabilities(images):
    """p(y|x) for images (n, 64): shape (n, 10)."""
    return classifier(images.float()).softmax(-1).double()


def scaled(network):
    """Features in units in which one of them has variance 1 on average over the training images."""
    unit = network(real).double().var(0).mean().sqrt()
    return lambda images: network(images.float()).double() / unit


JUDGES = {
    "trained": scaled(classifier[:-1]),
    "another seed": scaled(another_seed[:-1]),
    "untrained": scaled(untrained[:-1]),
    "raw pixels": scaled(torch.nn.Identity()),
}
features = JUDGES["trained"]
accuracy = (probabilities(held_out).argmax(1) == digits.held_out_labels).double().mean()
print(f"held-out accuracy: {accuracy:.1%}")

# %% [markdown]
# ### Exercise 14.1 · The Inception score
#
# Both wishes in one number: $\mathrm{IS} = \exp\{H(y) - \mathbb{E}_x H(y\mid x)\}$, with entropies in nats. The exponent is the mutual information
# of image and label, so the score lies between 1 and the number of classes.


# %% tags=["exercise:14.inception_score"]
def score(probabilities):
    """The Inception score of a sample.

    probabilities: (n, classes), row i is p(y|x_i); entries may be 0. Returns a 0-dimensional tensor.
    """
    # region solution
    entropy = torch.special.entr  # -p log p for each entry, and 0 at p = 0
    return torch.exp(entropy(probabilities.mean(0)).sum() - entropy(probabilities).sum(1).mean())
    # endregion


score = check("14.inception_score", score)


# %% name="damages"
def blur(images, width):
    """A Gaussian blur with a standard deviation of `width` pixels."""
    if width == 0:
        return images
    weights = torch.exp(-(torch.arange(-4, 5) ** 2) / (2 * width**2))
    weights = (weights / weights.sum()).to(images)
    pictures = images.reshape(-1, 1, 8, 8)
    for shape, padding in (((1, 1, 1, 9), (4, 4, 0, 0)), ((1, 1, 9, 1), (0, 0, 4, 4))):
        pictures = torch.nn.functional.conv2d(
            torch.nn.functional.pad(pictures, padding), weights.reshape(shape)
        )
    return pictures.reshape(-1, 64)


def noise(images, std):
    return (images + std * torch.randn(images.shape, generator=seeded(3))).clamp(0, 1)


likely = (
    classifier(real).double().log_softmax(-1)
)  # log-probabilities: many probabilities are 1 to all digits
SETS = {
    "held-out digits": held_out,
    "blurred": blur(held_out, 1.0),
    "fives only": real[digits.train_labels == 5],
    "no class above 4": held_out[digits.held_out_labels < 5],
    "one digit per class, repeated": real[likely.argmax(0)].repeat(36, 1),
    "pixels in another order": held_out[:, torch.randperm(64, generator=seeded(4))],
    "noise": torch.rand(360, 64, generator=seeded(5)),
}

# %% [markdown]
# Seven sets of images, and for each the two entropies and the score.

# %% name="label-tables"
LABEL_TABLES = {name: probabilities(images) for name, images in SETS.items()}
SCORES = {
    name: (*map(float, label_entropies(table)), float(score(table))) for name, table in LABEL_TABLES.items()
}
CLASSES = [str(c) for c in range(10)]

# %% name="predict-score" tags=["predict"]
predict(
    "14.highest_score",
    "Which of these sets gets the highest Inception score? And what does the classifier say about "
    "an image of pure noise: "
    "that it does not know?",
    choices=("held-out digits", "one digit per class, repeated", "pixels in another order", "noise"),
    answer=f"""One digit per class, repeated: {SCORES["one digit per class, repeated"][2]:.2f}, against
    {SCORES["held-out digits"][2]:.2f} for the held-out digits; no other set beats them. The classifier
    has an opinion on noise as
    well: the mean entropy of p(y|x) is {SCORES["noise"][0]:.2f} nats there, less than on blurred digits
    ({SCORES["blurred"][0]:.2f}), and far from log 10 = {np.log(10):.2f}, the entropy of not knowing.""",
)

# %% name="sharp-and-diverse" tags=["picture"]


def sharp_and_diverse(view, name, image):
    table = LABEL_TABLES[name]
    image = image % len(table)
    view["sheet"].image("sheet", sheet(SETS[name], 5, 5), limits=(0, 1))
    view["one"].image("one", SETS[name][image].reshape(8, 8), limits=(0, 1))
    view["conditional"].bars("conditional", CLASSES, table[image], color="q")
    view["marginal"].bars("marginal", CLASSES, table.mean(0), color="p")
    sharpness, diversity, value = SCORES[name]
    view.readout("mean entropy of p(y|x), nats", sharpness, ".3f")
    view.readout("entropy of p(y), nats", diversity, ".3f")
    view.readout("Inception score", value, ".2f")


explore(
    sharp_and_diverse,
    panels=[
        Panel("sheet", title="the set", aspect="equal", axes=False, width=0.8),
        Panel("one", title="one image x", aspect="equal", axes=False, width=0.5),
        Panel(
            "conditional", title="p(y|x) of that image", xlabel="class y", ylabel="probability", ylim=(0, 1)
        ),
        Panel("marginal", title="p(y) of the set", xlabel="class y", ylabel="probability", ylim=(0, 1)),
    ],
    name=Choice(list(SETS), label="set"),
    image=Slider(0, 24, step=1, value=0, label="image"),
    size=(12, 3.4),
    alt=(
        "A set of digit images, one of them enlarged, the label probabilities of that image and those "
        "of the whole set"
    ),
)

# %% tags=["claim:is-sharpness", "claim:is-diversity"]
print(f"noise: {SCORES['noise'][0]:.2f} nats, less than blurred digits, {SCORES['blurred'][0]:.2f} nats")
convention(
    "is-sharpness",
    ("mean entropy of p(y|x), held-out digits", SCORES["held-out digits"][0]),
    ("the same, blurred by one pixel", SCORES["blurred"][0]),
    relation="<",
    digits=2,
    under=(
        "the images look like digits: low entropy does not make an image sharp, noise gets less than "
        "blurred digits"
    ),
)
convention(
    "is-diversity",
    ("entropy of p(y), five of ten classes", SCORES["no class above 4"][1]),
    ("entropy of p(y), ten classes", SCORES["held-out digits"][1]),
    relation="<",
    digits=3,
    under=(
        "diversity means diversity of classes: one digit of each class, repeated, is as diverse as "
        "the real digits"
    ),
)

# %% [markdown]
# Ten images, repeated, come near the highest score there is, 10, and beat the real digits: the Inception score cannot see that a class
# has one image in it, because $p(y\mid x)$ forgets everything but the class. It never looks at real images either. And the classifier
# has an opinion about everything, noise included.
#
# ## 14.3 The distance between two Gaussians
#
# The lecture's second score compares two distributions. A *coupling* $\gamma$ of $\pi$ and $p$ is a way to move one to the other: a
# distribution of pairs $(x, y)$ in which $x$ alone is distributed as $\pi$ and $y$ alone as $p$ (here $y$ is an image, not a label).
# $\Gamma(\pi, p)$ is the set of all couplings. The Wasserstein distance of order $s$ is the cost of the cheapest one:
#
# $$W_s(\pi, p) = \inf_{\gamma\in\Gamma(\pi,p)} \big(\mathbb{E}_{(x,y)\sim\gamma}\lVert x-y\rVert^s\big)^{1/s}.$$
#
# On the line and for $s\ge 1$ the cheapest coupling is known: the leftmost mass goes to the left. A linear programme that knows
# nothing of this must agree. For $s<1$ the formula still gives a number, but no metric.


# %% tags=["claim:wasserstein-s"]
def by_program(x, y, mass_x, mass_y, s):
    """The infimum over all couplings of two weighted point sets, as a linear programme."""
    cost = np.abs(x[:, None] - y[None, :]) ** s
    rows, columns = np.kron(np.eye(len(x)), np.ones(len(y))), np.kron(np.ones(len(x)), np.eye(len(y)))
    marginals = np.concatenate([mass_x, mass_y])
    result = optimize.linprog(cost.ravel(), A_eq=np.vstack([rows, columns]), b_eq=marginals)
    return result.fun ** (1 / s)


def by_quantiles(x, y, mass_x, mass_y, s):
    """The same from the two quantile functions, exactly, between all their jumps."""
    levels = np.sort(np.concatenate([np.cumsum(mass_x), np.cumsum(mass_y), [0.0]]))
    middles = (levels[1:] + levels[:-1]) / 2

    def quantile(points, mass):
        return points[np.minimum(np.searchsorted(np.cumsum(mass), middles), len(points) - 1)]

    return (np.diff(levels) @ np.abs(quantile(x, mass_x) - quantile(y, mass_y)) ** s) ** (1 / s)


points_x, points_y = np.array([0.0, 1.0, 2.5]), np.array([-0.5, 0.5, 2.0, 4.0])
pair = points_x, points_y, np.array([0.5, 0.3, 0.2]), np.array([0.25, 0.25, 0.4, 0.1])
print(
    "both ways, s = 1, 1.5, 3:",
    *(f"{by_program(*pair, s):.4f} {by_quantiles(*pair, s):.4f};" for s in (1, 1.5, 3)),
)
# Half of the mass moves from 0 to 1, then the other half; and both at once.
ends, all_left, half = np.array([0.0, 1.0]), np.array([1.0, 0.0]), np.array([0.5, 0.5])
steps_apart = by_program(ends, ends, all_left, half, 0.5), by_program(ends, ends, half, all_left[::-1], 0.5)
at_once = by_program(ends, ends, all_left, all_left[::-1], 0.5)
print(
    f"s = 1/2: two steps of {steps_apart[0]:.2f} and {steps_apart[1]:.2f},",
    f"and at once {at_once:.2f}: no metric",
)
convention(
    "wasserstein-s",
    ("W₂, infimum over couplings by a linear programme", by_program(*pair, 2)),
    ("W₂, from the quantile functions", by_quantiles(*pair, 2)),
    under="s ≥ 1: for a smaller s the triangle inequality fails, and the formula is no metric",
)

# %% [markdown]
# For two Gaussians the infimum has a closed form, the theorem of the lecture:
#
# $$W_2^2 = \lVert\mu_\pi-\mu_p\rVert^2 + \mathrm{tr}\big[\Sigma_\pi + \Sigma_p - 2\,(\Sigma_\pi^{1/2}\Sigma_p\Sigma_\pi^{1/2})^{1/2}\big].$$
#
# ### Exercise 14.2 · The trace of the matrix root
#
# The square root here is that of matrices: $A^{1/2}$ is the symmetric positive semi-definite matrix whose square is $A$.


# %% tags=["exercise:14.cross_trace"]
def cross_trace(cov_pi, cov_p):
    """tr (cov_pi^1/2 cov_p cov_pi^1/2)^1/2, a real number.

    cov_pi, cov_p: (d, d), symmetric positive semi-definite; either or both may be singular, and
    then rounding can turn an eigenvalue 0 into -1e-17. Returns a 0-dimensional tensor.
    """
    # region solution
    values, vectors = torch.linalg.eigh(cov_pi)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.mT
    return torch.linalg.eigvalsh(root @ cov_p @ root).clamp(min=0).sqrt().sum()
    # endregion


cross_trace = check("14.cross_trace", cross_trace)

# %% [markdown]
# In the picture $\pi$ stays where it is and you move $p$. The grey arrows are the optimal map, $x \mapsto \mu_p + M(x-\mu_\pi)$ with a
# symmetric matrix $M$: the cheapest way to move one Gaussian to the other.

# %% name="gaussians"
STANDARD = torch.randn(2, 150, 2, generator=seeded(6), dtype=torch.float64)


def matrix_root(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.mT


def turned(length, width, degrees):
    angle = torch.tensor(degrees * torch.pi / 180, dtype=torch.float64)
    turn = torch.stack([torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])])
    return turn @ torch.diag(torch.tensor([length, width], dtype=torch.float64) ** 2) @ turn.T


def gaussians(shift, length, degrees):
    """Covariance of π, mean and covariance of p, and the two parts of the squared distance."""
    cov_pi, mean_p, cov_p = (
        turned(1.5, 0.5, 0.0),
        torch.tensor([shift, 0.0]).double(),
        turned(length, 0.5, degrees),
    )
    shape = max(0.0, float(cov_pi.trace() + cov_p.trace() - 2 * cross_trace(cov_pi, cov_p)))
    return cov_pi, mean_p, cov_p, [shift**2, shape]


def exact_transport(x, y):
    """The cheapest way to pair two samples of equal size, in squared distance."""
    cost = torch.cdist(x, y).square().numpy()
    return float(cost[optimize.linear_sum_assignment(cost)].mean())


# %% name="predict-turned" tags=["predict"]
of_angle = {angle: sum(gaussians(0.0, 1.5, angle)[-1]) for angle in range(0, 91, 5)}
own_root = matrix_root(turned(1.5, 0.5, 0.0))
predict(
    "14.turned",
    "Two Gaussians with one mean and one shape (long axis 1.5, short axis 0.5), p turned against "
    "π: at which angle, "
    "from 0 to 90, is the distance largest? And what does the angle do when p is a circle (long axis 0.5)?",
    number="degrees",
    answer=f"""At {max(of_angle, key=of_angle.get)} degrees: the squared distance is {of_angle[0]:.2f} at 0,
    {of_angle[45]:.2f} at 45 and {of_angle[90]:.2f} at 90. When p is a circle, turning it changes nothing:
    the squared distance is
    {sum(gaussians(0.0, 0.5, 0)[-1]):.2f} at 0 and {sum(gaussians(0.0, 0.5, 90)[-1]):.2f} at 90 degrees.
    The exact
    transport of 150 samples of each comes out above the formula, because two samples of one distribution
    differ as well: where
    the formula says 0, these samples are
    {exact_transport(STANDARD[0] @ own_root, STANDARD[1] @ own_root):.2f} apart.""",
)


# %% name="gaussian-transport" tags=["picture"]
def gaussian_transport(view, shift, length, degrees):
    cov_pi, mean_p, cov_p, parts = gaussians(shift, length, degrees)
    root = matrix_root(cov_pi)
    inverse = torch.linalg.inv(root)
    optimal = inverse @ matrix_root(root @ cov_p @ root) @ inverse
    x, y = STANDARD[0] @ root, mean_p + STANDARD[1] @ matrix_root(cov_p)
    view["plane"].ellipse("pi", torch.zeros(2), cov_pi, color="p", label="π")
    view["plane"].ellipse("p", mean_p, cov_p, color="q", label="p")
    view["plane"].arrows("map", x[:40], (mean_p + x @ optimal.T - x)[:40], color="muted")
    view["parts"].bars("parts", ["means", "covariances"], parts, color="third", values=".2f")
    view.readout("W₂², the formula", sum(parts), ".3f")
    view.readout("exact transport of 150 samples", exact_transport(x, y), ".3f")


explore(
    gaussian_transport,
    panels=[
        Panel(
            "plane",
            title="ellipses at 2 standard deviations",
            xlabel="x₁",
            ylabel="x₂",
            xlim=(-4.5, 8.5),
            ylim=(-5.2, 5.2),
            aspect="equal",
        ),
        Panel("parts", title="the two parts of W₂²", ylabel="squared units of x", ylim=(0, 10), width=0.5),
    ],
    shift=Slider(0.0, 3.0, step=0.1, value=1.0, label="distance of the means"),
    length=Slider(0.5, 2.5, step=0.1, value=1.5, label="long axis of p"),
    degrees=Slider(0, 90, step=5, value=30, label="angle, degrees"),
    presets={
        "only turned": {"shift": 0.0, "length": 1.5, "degrees": 30},
        "p a circle": {"shift": 0.0, "length": 0.5, "degrees": 30},
        "equal": {"shift": 0.0, "length": 1.5, "degrees": 0},
    },
    alt=(
        "Two Gaussian ellipses with arrows of the optimal map between them, and bars of the two parts "
        "of the distance"
    ),
)

# %% [markdown]
# To confirm the theorem without using it: the *cost* of a coupling of two centred Gaussians depends on the covariance between $x$ and
# $y$ alone. That covariance is $\Sigma_\pi^{1/2} R\, \Sigma_p^{1/2}$ with $\lVert R\rVert \le 1$, and the best $R$ is orthogonal. In
# the plane we can try all orthogonal ones.

# %% tags=["claim:gaussian-w2"]
cov_pi, cov_p = turned(1.5, 0.5, 20.0), turned(2.0, 0.7, 75.0)
mean_gap = torch.tensor([1.0, -0.5], dtype=torch.float64)
angles = torch.linspace(0, 2 * torch.pi, 20_001, dtype=torch.float64)
rotations = torch.stack([angles.cos(), -angles.sin(), angles.sin(), angles.cos()], -1).reshape(-1, 2, 2)
orthogonal = torch.cat([rotations, rotations @ torch.diag(torch.tensor([1.0, -1.0], dtype=torch.float64))])
shared = torch.einsum("ij,njk,ki->n", matrix_root(cov_pi), orthogonal, matrix_root(cov_p))
cheapest = mean_gap @ mean_gap + cov_pi.trace() + cov_p.trace() - 2 * shared.max()
root_pi = np.real(linalg.sqrtm(cov_pi.numpy()))
cross = np.real(linalg.sqrtm(root_pi @ cov_p.numpy() @ root_pi))
formula = float(mean_gap @ mean_gap) + np.trace(cov_pi.numpy() + cov_p.numpy() - 2 * cross)
holds(
    "gaussian-w2",
    ("the lecture's formula, with SciPy's matrix root", formula),
    ("cheapest of 40,002 couplings of the two Gaussians", float(cheapest)),
)

# %% [markdown]
# ## 14.4 FID: that distance, between features
#
# The Fréchet Inception Distance takes features of real and of generated images from an inner layer of a classifier, computes a mean and a covariance
# of each, and puts them into the formula. The features of 50,000 images do not fit into memory, so the mean and the covariance must come batch by batch.
#
# ### Exercise 14.3 · Mean and covariance, one batch at a time
#
# The common way keeps $\sum x$ and $\sum x x^\top$ and subtracts at the end. It loses its digits when the mean is large, and one of the tests has
# a mean of a million times the spread. Instead, centre the new batch by its own mean, and add to its sum of squares what the
# difference of the two means contributes.


# %% tags=["exercise:14.update_statistics"]
def update_statistics(count, mean, cov, batch):
    """Count, mean and covariance after one more batch.

    count: rows seen so far, at least 2. mean: (d,). cov: (d, d), with count - 1 in the denominator.
    batch: (m, d), m at least 1.
    Returns (new count, new mean, new cov), again with the new count less 1 in the denominator.
    """
    # region solution
    m = len(batch)
    total = count + m
    delta = batch.mean(0) - mean
    centred = batch - batch.mean(0)
    scatter = (count - 1) * cov + centred.T @ centred + torch.outer(delta, delta) * (count * m / total)
    return total, mean + delta * (m / total), scatter / (total - 1)
    # endregion


update_statistics = check("14.update_statistics", update_statistics)


# %% name="streamed"
def streamed(rows, size=50):
    count, mean, cov = size, rows[:size].mean(0), torch.cov(rows[:size].T)
    for batch in rows[size:].split(size):
        count, mean, cov = update_statistics(count, mean, cov, batch)
        count, mean, cov = int(count), torch.as_tensor(mean).double(), torch.as_tensor(cov).double()
    return mean, cov


def fid_of(reals, fakes):
    """The FID from your two functions."""
    (mean_pi, cov_pi), (mean_p, cov_p) = streamed(reals), streamed(fakes)
    shift = (mean_pi - mean_p).square().sum()
    return shift + cov_pi.trace() + cov_p.trace() - 2 * cross_trace(cov_pi, cov_p)


REAL = features(real)
for name in ("held-out digits", "blurred", "no class above 4", "one digit per class, repeated"):
    print(f"FID of {name:30s} {float(fid_of(REAL, features(SETS[name]))):6.2f}")

# %% [markdown]
# The set of ten repeated images, which the Inception score liked best, is far from the digits now: its covariance is too small. Note that the
# held-out digits do not get 0 either. We come back to that.

# %% tags=["claim:fid-formula"]
x, y = REAL.numpy(), features(SETS["blurred"]).numpy()
root_pi = np.real(linalg.sqrtm(np.cov(x.T)))
cross = np.real(linalg.sqrtm(root_pi @ np.cov(y.T) @ root_pi))
shift = ((x.mean(0) - y.mean(0)) ** 2).sum()
holds(
    "fid-formula",
    (
        "the lecture's formula on the features, word for word",
        shift + np.trace(np.cov(x.T) + np.cov(y.T) - 2 * cross),
    ),
    ("the library's, which takes no matrix root", float(fid(REAL, features(SETS["blurred"])))),
    tol=1e-5,
    digits=4,
)

# %% [markdown]
# ### Exercise 14.4 · FID with fewer images than features (half an hour)
#
# The Inception network has $d = 2048$ features. With $n < d$ images the covariances are singular and their matrix roots lose half of the digits.
# There is a better way. With $\Sigma_\pi = A^\top A$ and $\Sigma_p = B^\top B$, where the rows of $A$ and $B$ are centred images over $\sqrt{n-1}$, the trace in
# the formula is a function of the *small* matrix $A B^\top$ alone. Find it, and never form a $d\times d$ matrix. Nine correct digits are asked for.


# %% tags=["exercise:14.fid_few_images"]
def fid_few_images(features_pi, features_p):
    """The FID of features (n, d) and (m, d), for n and m below d. Returns a 0-dimensional tensor."""
    # region solution
    mean_pi, mean_p = features_pi.mean(0), features_p.mean(0)
    a = (features_pi - mean_pi) / (len(features_pi) - 1) ** 0.5
    b = (features_p - mean_p) / (len(features_p) - 1) ** 0.5
    # The eigenvalues of cov_pi^1/2 cov_p cov_pi^1/2 are the squared singular values of a b^T.
    cross = torch.linalg.svdvals(a @ b.T).sum()
    return (mean_pi - mean_p).square().sum() + a.square().sum() + b.square().sum() - 2 * cross
    # endregion


fid_few_images = check("14.fid_few_images", fid_few_images)

# %% [markdown]
# **Is the FID slow, as the lecture says?** Below both ways compute the same number from 100 images with 512 features. Times differ from
# machine to machine, so the claim counts only whether the large root takes at least twice as long.

# %% tags=["claim:fid-slow"]
wide = torch.nn.Sequential(torch.nn.Linear(64, 512), torch.nn.SiLU())
for parameter in wide.parameters():
    torch.nn.init.normal_(parameter, std=0.3, generator=seeded(8))
few_pi, few_p = (wide(images[:100]).detach().double() for images in (real, held_out))


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


by_root = seconds(lambda: linalg.sqrtm(np.cov(few_pi.numpy().T) @ np.cov(few_p.numpy().T)))
# Yours or the library's, whichever is quicker.
by_small_matrix = min(seconds(lambda way=way: way(few_pi, few_p)) for way in [fid_few_images, fid] * 3)
convention(
    "fid-slow",
    (
        "time by the d × d matrix root over time by the small matrix, counted up to 2",
        min(by_root / by_small_matrix, 2.0),
    ),
    ("the same for equally fast ways", 1.0),
    relation=">",
    digits=1,
    under="the root of the d × d matrix is taken; its time grows like d³ whatever n is. With n < d the small "
    "matrix takes it away, and what stays is to pass the images through the classifier",
)

# %% [markdown]
# ## 14.5 Who sees what
#
# We damage the held-out digits step by step, and put four kinds of scores side by side:
#
# - **FID** and **IS**, as above;
# - **KID**, a squared MMD between the features with the kernel $(x^\top y/d + 1)^3$ (section 14.7 builds it);
# - **precision**, the share of fakes that lie among the reals, and **recall**, the share of reals that lie among the fakes. Around each
#   point of a set stands a ball that reaches to the point's $k$-th nearest neighbour in the same set, here the third; to lie among
#   the reals means to lie in at least one of their balls.
#
# The bands are plus and minus one standard deviation over three draws of 240 images.

# %% name="who-sees-what"
LEVELS = 7


def swap_pixels(images, share, seed):
    pairs = torch.randperm(64, generator=seeded(seed))[: 2 * round(32 * share)].reshape(2, -1)
    swapped = images.clone()
    swapped[:, pairs[0]], swapped[:, pairs[1]] = images[:, pairs[1]], images[:, pairs[0]]
    return swapped


def damaged(kind, level, seed):
    """240 held-out digits with one damage of strength 0 to 6."""
    rows = torch.randperm(360, generator=seeded(seed))[:240]
    images, labels, t = held_out[rows], digits.held_out_labels[rows], level / (LEVELS - 1)
    if kind == "noise":
        return (images + 0.6 * t * torch.randn(images.shape, generator=seeded(seed + 9))).clamp(0, 1)
    if kind == "blur":
        return blur(images, 1.2 * t**0.7)  # 0.34 pixels at strength 1
    if kind == "occlusion":
        mask = torch.ones(8, 8)
        mask[2 : 2 + round(6 * t), 2:6] = 0
        return images * mask.flatten()
    if kind == "missing classes":
        return images[labels < 10 - round(9 * t)]
    if kind == "copies of few images":
        kept = images[: max(4, round(240 * (1 - t) ** 2))]
        return kept.repeat(240 // len(kept) + 1, 1)[:240]
    return swap_pixels(images, 0.6 * t, 40)


DAMAGES = ["noise", "blur", "occlusion", "missing classes", "copies of few images", "swapped pixels"]
REFERENCE = REAL[torch.randperm(len(REAL), generator=seeded(7))[:480]]


def all_scores(images):
    found = features(images)
    pr = precision_recall(REFERENCE, found)
    return [
        fid(REFERENCE, found),
        kid(REFERENCE, found),
        inception_score(probabilities(images)),
        pr.precision,
        pr.recall,
    ]


CURVES = {}
for kind in tqdm(DAMAGES, desc="damaging", leave=False):
    table = torch.tensor(
        [
            [list(map(float, all_scores(damaged(kind, level, seed)))) for seed in range(3)]
            for level in range(LEVELS)
        ]
    )
    CURVES[kind] = table.mean(1), table.std(1)  # each (levels, scores)
COLUMNS = ("FID", "KID", "IS", "precision", "recall")


def first_noticed(kind):
    """For each score the first strength at which it has moved by three standard deviations of the
    undamaged sets."""
    mean, std = CURVES[kind]
    moved = (mean - mean[0]).abs() > 3 * std[0]
    return {
        name: int(moved[:, i].int().argmax()) if moved[:, i].any() else None for i, name in enumerate(COLUMNS)
    }


# %% name="predict-copies" tags=["predict"]
noticed = first_noticed("copies of few images")
predict(
    "14.copies",
    "A generator knows fewer and fewer images and repeats them: damage `copies of few images`. "
    "Which score never notices?",
    choices=("FID", "KID", "Inception score", "precision", "recall"),
    answer=f"""Precision: each copy lies among the reals, however often it is repeated. It stays between
    {float(CURVES["copies of few images"][0][:, 3].min()):.2f} and
    {float(CURVES["copies of few images"][0][:, 3].max()):.2f}. The
    others move by three standard deviations first at strength {noticed["recall"]} (recall),
    {noticed["FID"]} (FID),
    {noticed["IS"]} (Inception score) and {noticed["KID"]} (KID).""",
)


# %% name="who-sees-what-picture" tags=["picture"]
def who_sees_what(view, kind, level):
    mean, std = CURVES[kind]
    view["images"].image("images", sheet(damaged(kind, level, 0), 5, 5), limits=(0, 1))
    steps = list(range(LEVELS))
    columns = (
        ("fid", "FID", 0, "p"),
        ("kid", "KID", 1, "third"),
        ("is", "IS", 2, "fourth"),
        ("pr", "precision", 3, "q"),
        ("pr", "recall", 4, "fifth"),
    )
    for panel, name, column, color in columns:
        low, high = mean[:, column] - std[:, column], mean[:, column] + std[:, column]
        band = "± 1 standard deviation" if panel in ("fid", "kid") else None
        view[panel].fill(name + " band", steps, high, base=low, color=color, alpha=0.25, label=band)
        view[panel].curve(name, steps, mean[:, column], color=color, label=name if panel == "pr" else None)
        view[panel].vline("level", level)
        view.readout(name, float(mean[level, column]), ".2f")


explore(
    who_sees_what,
    panels=[
        [
            Panel("images", title="the damaged set", aspect="equal", axes=False),
            Panel("fid", title="FID", xlabel="strength", ylabel="squared feature units"),
            Panel("kid", title="KID", xlabel="strength", ylabel="squared MMD"),
        ],
        [
            Panel("is", title="Inception score", xlabel="strength", ylabel="classes", ylim=(0, 10.5)),
            Panel(
                "pr",
                title="precision and recall",
                xlabel="strength",
                ylabel="share",
                ylim=(0, 1.05),
                width=2.0,
            ),
        ],
    ],
    kind=Choice(DAMAGES, label="damage"),
    level=Slider(0, LEVELS - 1, step=1, value=0, label="strength", play=True),
    size=(11.5, 6.4),
    alt=(
        "A damaged set of digits and five scores of it as curves of the strength of the damage, with "
        "error bands"
    ),
)

# %% name="who-noticed"
print("first strength at which a score has moved by three standard deviations (-: not up to strength 6)")
print(f"{'':22s}" + "".join(f"{name:>11s}" for name in COLUMNS))
for kind in DAMAGES:
    found = first_noticed(kind)
    print(f"{kind:22s}" + "".join(f"{'-' if found[name] is None else found[name]:>11}" for name in COLUMNS))

# %% [markdown]
# What you should have seen:
#
# - *Missing classes*: precision stays high, recall falls. FID and KID see it too, and IS falls because it counts classes.
# - *Copies of few images*: precision notices nothing at all. Recall drops to 0 at strength 3, and that is a flaw of the score itself:
#   each image then stands there four times, so its third neighbour is its own copy and its ball has radius 0.
# - *Noise*: recall stays high (large balls around scattered points cover much), precision and IS are the first to fall.
# - *Blur*: at strength 1 (0.34 pixels) no score moves. At strength 2 all do but precision: slightly blurred digits still lie among the
#   reals, and cover less of them.
# - *Swapped pixels*: at strength 6 nobody can read a digit, and precision rises again. Far from what it was trained on, the classifier puts
#   the images anywhere, by chance also among the real ones. Features can be trusted near the training data only.
#
# One number cannot say *what* is wrong. Precision and recall at least tell missing quality from missing variety.
#
# ## 14.6 What the lecture warns of
#
# ### It needs many images
#
# Both halves of the same set of digits come from one distribution, so their true FID is 0. The measured one is not: means and covariances
# of few images differ by chance, and a squared distance counts every difference as positive. The expectation is, up to smaller terms,
#
# $$\mathbb{E}\,\widehat{\mathrm{FID}}_n = \mathrm{FID}_\infty + \frac{c}{n}.$$
#
# ### Exercise 14.5 · Extrapolate to infinitely many images


# %% tags=["exercise:14.extrapolate"]
def extrapolate(sizes, values):
    """FID at n = infinity, by a least-squares line in 1/n.

    sizes: (k,) numbers of images. values: (k,) the FID measured at each. Returns a 0-dimensional tensor.
    """
    # region solution
    x = 1 / sizes
    centred = x - x.mean()
    slope = (centred * values).sum() / centred.square().sum()
    return values.mean() - slope * x.mean()
    # endregion


extrapolate = check("14.extrapolate", extrapolate)

# %% name="finite-samples"
gan_early, gan = load(build_generator(), "gan_early"), load(build_generator(), "gan")
ALL = features(torch.cat([real, held_out]))
GAN_FEATURES = features(gan(torch.randn(1797, 16, generator=seeded(10))))
SIZES = [40, 60, 80, 120, 200, 320, 500, 898]
DRAWS = 12


def finite_values(other):
    """FID and KID of disjoint random samples for each size, (sizes, draws, 2)."""
    draw, table = seeded(11), []
    for n in tqdm(SIZES, desc="drawing", leave=False):
        for _ in range(DRAWS):
            rows = torch.randperm(1797, generator=draw)
            x, y = ALL[rows[:n]], ALL[rows[n : 2 * n]] if other is None else other[rows[:n]]
            table.append([float(fid(x, y)), float(kid(x, y))])
    return torch.tensor(table, dtype=torch.float64).reshape(len(SIZES), DRAWS, 2)


FINITE = {
    "two samples of real digits": finite_values(None),
    "real digits against the GAN": finite_values(GAN_FEATURES),
}
KNOWN_SIZES = torch.tensor(SIZES, dtype=torch.float64)

# %% name="predict-extrapolation" tags=["predict"]
same = FINITE["two samples of real digits"]
small = [k for k, n in enumerate(SIZES) if n <= 100]
at_small, to_small = (
    float(same[small[-1], :, 0].mean()),
    float(extrapolate(KNOWN_SIZES[small], same[small, :, 0].mean(1))),
)
kid_mean, kid_spread = same[:, :, 1].mean(1), same[:, :, 1].std(1)
predict(
    "14.extrapolation",
    f"Two samples of {SIZES[small[-1]]} real digits each: their FID is {at_small:.2f} on average, and the "
    "truth is 0. How near does the line through the sizes up to 100 come? And what becomes of KID, on the "
    "right, when n is small?",
    choices=(
        "it ends as far from 0 as that FID",
        "it takes away most of the bias, not all",
        "it ends within 0.1 of 0",
    ),
    answer=f"""It takes away most: the line through n = {SIZES[0]} to {SIZES[small[-1]]} ends at
    {to_small:.2f}, on the other side of 0, because small samples scatter much; with all sizes up to
    {SIZES[-1]} it ends at {float(extrapolate(KNOWN_SIZES, same[:, :, 0].mean(1))):.2f}. KID has no bias: its
    mean over {DRAWS} draws is {float(kid_mean[0]):.2f} ± {float(kid_spread[0]) / DRAWS**0.5:.2f} at n =
    {SIZES[0]} (one standard error). What grows there is its spread: one draw has a standard deviation of
    {float(kid_spread[0]):.2f} at n = {SIZES[0]}, and of {float(kid_spread[-1]):.2f} at n = {SIZES[-1]}.""",
)


# %% name="bias" tags=["picture"]
def bias(view, pair, largest):
    values = FINITE[pair]
    used = max(2, sum(n <= largest for n in SIZES))
    mean = values.mean(1)
    error = values.std(1) / DRAWS**0.5
    limit = float(extrapolate(KNOWN_SIZES[:used], mean[:used, 0]))
    x = 1000 / KNOWN_SIZES
    for column, panel, color in ((0, "fid", "p"), (1, "kid", "third")):
        middle, half = mean[:used, column], 2 * error[:used, column]
        view[panel].fill(
            "band", x[:used], middle + half, base=middle - half, color=color, alpha=0.25, label="± 2 errors"
        )
        view[panel].scatter(
            "points", torch.stack([x[:used], middle], 1), color=color, size=7, label="mean of 12 draws"
        )
    slope = ((mean[:used, 0] - limit) * x[:used]).sum() / x[:used].square().sum()
    view["fid"].curve(
        "line", [0.0, 26.0], [limit, limit + 26.0 * float(slope)], color="q", label="line through them"
    )
    view["kid"].hline("zero", 0.0)
    view.readout("largest n in use", SIZES[used - 1])
    view.readout("FID at that n", float(mean[used - 1, 0]), ".3f")
    view.readout("FID at n = ∞", limit, ".3f")
    view.readout("KID at that n", float(mean[used - 1, 1]), ".3f")


explore(
    bias,
    panels=[
        Panel(
            "fid",
            title="FID",
            xlabel="1000 / n",
            ylabel="squared feature units",
            xlim=(0, 26),
            ylim=(-1.6, 5.5),
        ),
        Panel("kid", title="KID", xlabel="1000 / n", ylabel="squared MMD", xlim=(0, 26), ylim=(-0.6, 0.6)),
    ],
    pair=Choice(list(FINITE), label="compare"),
    largest=Slider(60, 900, step=20, value=60, label="largest n in use"),
    size=(10, 4),
    alt="FID against one over n lies on a rising line, the kernel distance against one over n stays level",
)

# %% tags=["claim:fid-sample-size"]
measured = same[:, :, 0].mean(1)
spectrum = torch.linalg.eigvalsh(torch.cov(ALL.T))
mixed = torch.outer(spectrum, spectrum) / (spectrum[:, None] + spectrum)
expected = float(2 * spectrum.sum() + mixed.sum() + spectrum.sum() / 2)
print(
    "n · FID, both samples real:",
    " ".join(f"{n}: {n * float(v):.0f}" for n, v in zip(SIZES, measured, strict=True)),
)
print(
    f"c for normal features with our covariance {expected:.0f};",
    f"with 32 independent ones {2 * 32 + 32 * 33 // 2}",
)
print(f"extrapolated from n ≤ 898: {float(extrapolate(KNOWN_SIZES, measured)):.2f}; the truth is 0")
holds(
    "fid-sample-size",
    ("mean FID of two samples of one distribution, n = 40", float(measured[0])),
    ("the same, n = 898 (the truth is 0)", float(measured[-1])),
    relation=">",
    digits=2,
)

# %% [markdown]
# $n\cdot\mathrm{FID}$ hardly changes from 40 to 898 images: nearly all of it is bias. For normal features whose covariance has the eigenvalues
# $\lambda_i$ the constant is $c = \tfrac52\sum_i\lambda_i + \sum_{ij}\lambda_i\lambda_j/(\lambda_i+\lambda_j)$. For $d$ *independent features of
# variance 1* that is $2d + d(d+1)/2$, two million at $d=2048$; correlated features, such as ours, have less. That is why papers use 50,000
# images. Two consequences: compare FID values only at one and the same $n$; and a model whose bias is larger looks worse than it is,
# even at equal $n$.
#
# ### It depends on the classifier
#
# Six sets of images, each judged by the features of four networks. One of the six is a plain Gaussian with the mean and the covariance
# of the training *pixels*, cut to grey values from 0 to 1.

# %% name="models"
mean, cov = real.double().mean(0), torch.cov(real.double().T)
uncut = mean + torch.randn(360, 64, generator=seeded(12), dtype=torch.float64) @ matrix_root(cov)
pixel_gaussian = uncut.clamp(0, 1)
MODELS = {
    "held-out digits": held_out,
    "copies of training images": real[torch.randperm(1437, generator=seeded(13))[:360]],
    "VAE": torch.sigmoid(vae(torch.randn(360, 8, generator=seeded(14)))),
    "GAN": gan(torch.randn(360, 16, generator=seeded(15))),
    "GAN after 300 steps": gan_early(torch.randn(360, 16, generator=seeded(15))),
    "Gaussian on pixels": pixel_gaussian,
}
BY_JUDGE = {
    judge: {name: float(fid(f(real), f(images))) for name, images in MODELS.items()}
    for judge, f in JUDGES.items()
}

# %% name="predict-nearer" tags=["predict"]
vae_fid, gaussian_fid = ([row[name] for row in BY_JUDGE.values()] for name in ("VAE", "Gaussian on pixels"))
predict(
    "14.nearer",
    "Which has the lower FID, the VAE or the Gaussian on pixels?",
    choices=("the VAE", "the Gaussian", "it depends on the features"),
    answer="It depends on the features. VAE against Gaussian: "
    + ", ".join(
        f"{a:.2f} against {b:.2f} ({judge})"
        for judge, a, b in zip(BY_JUDGE, vae_fid, gaussian_fid, strict=True)
    )
    + ".",
)

# %% tags=["claim:fid-classifier-dependence"]
print(f"{'FID by the features of':25s}" + "".join(f"{judge:>14s}" for judge in JUDGES))
for name in MODELS:
    print(f"{name:25s}" + "".join(f"{BY_JUDGE[judge][name]:14.2f}" for judge in JUDGES))
changes = [abs(BY_JUDGE["another seed"][name] / value - 1) for name, value in BY_JUDGE["trained"].items()]
print(f"another seed of the same training changes an FID by {min(changes):.0%} to {max(changes):.0%}")
ratio = {judge: row["VAE"] / row["Gaussian on pixels"] for judge, row in BY_JUDGE.items()}
convention(
    "fid-classifier-dependence",
    ("FID of the VAE / FID of the Gaussian, trained classifier", ratio["trained"]),
    ("the same ratio, untrained classifier", ratio["untrained"]),
    relation="<",
    digits=2,
    under="the classifiers differ in what they were trained for (one here not at all): the order of two "
    "models turns round. Another seed of the same training changes the values by "
    f"{max(changes):.0%} at most, and no order",
)

# %% [markdown]
# One ratio is below 1 and the other above: the order of the two models is turned round by the choice of features. Another seed of the *same*
# training changes no order. So "FID" without the name of the network and of its layer is not a number.
#
# ### It depends on the resizing
#
# A network takes images of one size (Inception 299 × 299, ours 8 × 8), so images are resized before they are judged. Here the *same* held-out
# digits are enlarged smoothly to 30 × 30 and brought back to 8 × 8 by five filters.


# %% name="resizing"
def resized(images, mode, antialias=False):
    """To 30 x 30 by a cubic filter, and back to 8 x 8 by the filter that is named."""
    filters = {"align_corners": False, "antialias": antialias} if mode.startswith("bi") else {}
    large = torch.nn.functional.interpolate(
        images.reshape(-1, 1, 8, 8), 30, mode="bicubic", align_corners=False
    )
    return (
        torch.nn.functional.interpolate(large.clamp(0, 1), 8, mode=mode, **filters)
        .clamp(0, 1)
        .reshape(-1, 64)
    )


print(f"{'not resized':26s} FID {float(fid(REAL, features(held_out))):.2f}")
for mode, antialias in (
    ("bicubic", False),
    ("bilinear", False),
    ("bicubic", True),
    ("bilinear", True),
    ("nearest", False),
):
    label = mode + (", with antialiasing" if antialias else "")
    print(f"{label:26s} FID {float(fid(REAL, features(resized(held_out, mode, antialias)))):.2f}")

# %% [markdown]
# Nobody would call these sets different, and their FIDs differ by more than those of the VAE and the GAN. A table must say how its
# images were resized, and resize real and generated ones alike.
#
# ### It sees two moments
#
# The formula is a distance between Gaussians. Features need not be Gaussian for it to be *defined*, but then an FID of zero no longer means that the distributions are
# equal. Here is a set of images made for that purpose. It is Gaussian noise, moved and stretched until its mean and its covariance are those of the held-out digits.

# %% name="twins"
target = held_out.double()
values, vectors = torch.linalg.eigh(torch.cov(target.T))
kept = values > 1e-9 * values[-1]  # some pixels are white in every image


def twin_noise(seed):
    """360 images of Gaussian noise with the mean and the covariance of the held-out digits."""
    white = torch.randn(360, int(kept.sum()), generator=seeded(seed), dtype=torch.float64)
    white = white - white.mean(0)
    white = white @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(white.T))).T
    return target.mean(0) + (white * values[kept].sqrt()) @ vectors[:, kept].T


twins = twin_noise(16)
TWIN_SCORES = {}
for name, images in (
    ("held-out digits", target),
    ("noise", twins),
    ("VAE", MODELS["VAE"]),
    ("GAN", MODELS["GAN"]),
):
    found = features(images)
    TWIN_SCORES[name] = {
        "FID": float(fid(REAL, found)),
        "precision": float(precision_recall(REAL, found).precision),
        "CMMD": float(cmmd(REAL, found, sigma=4.0)),
    }

# %% name="predict-twins" tags=["predict"]
predict(
    "14.twins",
    "The FID of this noise on the pixels is 0. On the features of the classifier, against the "
    "training digits: how does it "
    "compare with the FIDs of the VAE and of the GAN?",
    choices=("higher than both", "between them", "lower than both"),
    answer=f"""Lower than both: {TWIN_SCORES["noise"]["FID"]:.2f}, against {TWIN_SCORES["VAE"]["FID"]:.2f}
    for the VAE and
    {TWIN_SCORES["GAN"]["FID"]:.2f} for the GAN. Precision sees that it is noise:
    {TWIN_SCORES["noise"]["precision"]:.2f}, against
    {TWIN_SCORES["VAE"]["precision"]:.2f} and {TWIN_SCORES["GAN"]["precision"]:.2f}.""",
)


# %% name="twins-picture" tags=["picture"]
def show_twins(view, noise):
    view["digits"].image("digits", sheet(target), limits=(0, 1))
    view["twins"].image("twins", sheet(twins), limits=(0, 1))
    roles = {"held-out digits": "p", "noise": "q", "VAE": "third", "GAN": "fourth"}
    shown = [name for name in TWIN_SCORES if noise or name != "noise"]
    labels, colors = [name.removesuffix(" digits") for name in shown], [roles[name] for name in shown]
    for panel, column in (("fid", "FID"), ("precision", "precision"), ("cmmd", "CMMD")):
        heights = [TWIN_SCORES[name][column] for name in shown]
        view[panel].bars("bars", labels, heights, color=colors, values=".2f")
    view.readout("FID on pixels, digits against noise", abs(round(float(fid(target, twins)), 9)), ".4f")


explore(
    show_twins,
    panels=[
        [
            Panel("digits", title="held-out digits", aspect="equal", axes=False),
            Panel("twins", title="noise, same two moments", aspect="equal", axes=False),
        ],
        [
            Panel("fid", title="FID, features", ylabel="squared feature units", ylim=(0, 1.6), legend=False),
            Panel("precision", title="precision, features", ylabel="share", ylim=(0, 1.1), legend=False),
            Panel(
                "cmmd",
                title="CMMD, features, σ = 4",
                ylabel="1000 · squared MMD",
                ylim=(-2.5, 14),
                legend=False,
            ),
        ],
    ],
    noise=Toggle(False, label="show the scores of the noise"),
    size=(11, 6),
    alt=(
        "Held-out digits beside noise with the same mean and covariance, and three scores of both, of "
        "a VAE and a GAN"
    ),
)

# %% tags=["claim:fid-normality"]
other_twins = twin_noise(17)
print(f"FID on pixels, digits and noise: {abs(round(float(fid(target, twins)), 9)):.4f}")
print(f"FID on pixels, noise and noise:  {abs(round(float(fid(other_twins, twins)), 9)):.4f}")
print(f"exact W₂² of another pair of such noise: {exact_transport(twin_noise(18), twin_noise(19)):.2f}")
holds(
    "fid-normality",
    ("exact W₂² of two sets of such noise, by assignment", exact_transport(other_twins, twins)),
    ("exact W₂² of the digits and such noise, by assignment", exact_transport(target, twins)),
    relation="<",
    digits=3,
)

# %% [markdown]
# The FID is 0 for both pairs. The distance that it stands for is not: two samples of 360 images in 64 dimensions lie apart in any case, and
# the digits lie farther from the noise than the noise from other noise. Only for normal distributions do two moments decide.
#
# A kernel that looks at small distances sees the noise too: CMMD, which section 14.7 builds. It thinks even less of the VAE. KID sees
# nothing in the pixels: its cubic kernel compares three moments, and the third ones hardly differ. The "Gaussian on pixels" of the table
# above is such noise as well, cut to grey values from 0 to 1, which an image must have, and the cut costs it a part of its FID:

# %% name="twins-numbers"
for label, images in (("uncut", uncut), ("cut to grey values", pixel_gaussian)):
    print(f"FID of the Gaussian on pixels, {label}: {float(fid(REAL, features(images))):.2f}")
print(
    f"KID in the pixels: noise {float(kid(target, twins)):.4f},",
    f"training digits {float(kid(target, real.double())):.4f}",
)

# %% [markdown]
# ## 14.7 The alternative: compare with a kernel
#
# The paper that the lecture cites (Jayasumana et al., 2024) replaces the formula by a maximum mean discrepancy (MMD) between features, with a
# Gaussian kernel, and calls it CMMD (the C is for CLIP, the network that it takes the features from; it reports 1000 times the MMD²). With a kernel $k(x, y)$, a measure of similarity,
#
# $$\mathrm{MMD}^2 = \mathbb{E}\,k(x, x') + \mathbb{E}\,k(y, y') - 2\,\mathbb{E}\,k(x, y),$$
#
# where $x, x'$ are two *different* real images and $y, y'$ two different generated ones. Each term is a mean over pairs, and a mean over pairs is unbiased when an image
# is never paired with itself.
#
# ### Exercise 14.6 · The unbiased squared MMD


# %% tags=["exercise:14.mmd2_unbiased"]
def mmd2_unbiased(kxx, kyy, kxy):
    """The unbiased estimate of the squared MMD.

    kxx: (n, n), kernel values among the reals. kyy: (m, m), among the fakes. kxy: (n, m), between them.
    Returns a 0-dimensional tensor, which may be negative.
    """
    # region solution
    n, m = kxy.shape
    within_x = (kxx.sum() - kxx.diagonal().sum()) / (n * (n - 1))
    within_y = (kyy.sum() - kyy.diagonal().sum()) / (m * (m - 1))
    return within_x + within_y - 2 * kxy.mean()
    # endregion


mmd2_unbiased = check("14.mmd2_unbiased", mmd2_unbiased)

# %% [markdown]
# Two samples of $n$ real digits, three hundred times over, so that the true distance is 0. The histogram shows the estimates: unbiased, and
# biased, which keeps the pairs of an image with itself. The kernel is $\exp(-\lVert x-y\rVert^2/2\sigma^2)$, as in CMMD.

# %% name="estimates"
REPEATS = 300
GAPS = torch.cdist(ALL, ALL).square()
BINS = torch.linspace(-0.15, 0.35, 51, dtype=torch.float64)


def estimates(n, sigma):
    kernel = torch.exp(-GAPS / (2 * sigma**2))
    draw, found = seeded(18), []
    for _ in range(REPEATS):
        rows = torch.randperm(1797, generator=draw)[: 2 * n]
        a, b = rows[:n], rows[n:]
        kxx, kyy, kxy = kernel[a][:, a], kernel[b][:, b], kernel[a][:, b]
        biased = kxx.mean() + kyy.mean() - 2 * kxy.mean()
        found.append([float(mmd2_unbiased(kxx, kyy, kxy)), float(biased)])
    return torch.tensor(found, dtype=torch.float64)


SAMPLE_SIZES = [5, 10, 20, 80]
ESTIMATES = {(n, sigma): estimates(n, sigma) for n in SAMPLE_SIZES for sigma in (2.0, 5.0, 12.0)}

# %% name="predict-negative" tags=["predict"]
at_ten = ESTIMATES[10, 5.0]
predict(
    "14.negative",
    "Two samples of n = 10 real digits, σ = 5. Which share of the unbiased estimates of the "
    "squared distance is negative?",
    choices=("none: a squared distance is not negative", "about one in ten", "about half or more"),
    answer=f"""About half or more: {float((at_ten[:, 0] < 0).double().mean()):.0%}. Their mean is
    {float(at_ten[:, 0].mean()) + 0:.4f}, give or take
    {float(at_ten[:, 0].std() / REPEATS**0.5):.4f}, so that they must lie on both sides of 0. Of the
    biased ones none is negative
    (smallest {float(at_ten[:, 1].min()):.3f}), and their mean is {float(at_ten[:, 1].mean()):.3f} for a
    distance that is 0.""",
)


# %% name="unbiasedness" tags=["picture"]
def unbiasedness(view, n, sigma, unbiased):
    found = ESTIMATES[n, sigma]
    for column, name, color in ((1, "biased", "q"), (0, "unbiased", "p"))[: 1 + unbiased]:
        counts = torch.histc(found[:, column].clamp(-0.149, 0.349), 50, -0.15, 0.35) / REPEATS
        x, y = BINS.repeat_interleave(2)[1:-1], counts.repeat_interleave(2)
        view.fill(name + " fill", x, y, color=color, alpha=0.3)
        view.curve(name, x, y, color=color, label=name)
        mean, error = float(found[:, column].mean()), float(found[:, column].std() / REPEATS**0.5)
        view.readout(f"{name}: mean ± standard error", f"{round(mean, 4) + 0:.4f} ± {error:.4f}")
    view.vline("truth", 0.0)
    for column, name in ((1, "biased"), (0, "unbiased"))[: 1 + unbiased]:
        view.readout(f"share below 0, {name}", float((found[:, column] < 0).double().mean()), ".2f")


explore(
    unbiasedness,
    panels=[
        Panel(
            "main",
            title="300 estimates of a distance that is 0",
            ylabel="share of the estimates",
            xlim=(-0.15, 0.35),
            xlabel="squared MMD (the ends collect what lies outside)",
        ),
    ],
    n=Choice(SAMPLE_SIZES, value=80, label="sample size n"),
    sigma=Choice({"σ = 2": 2.0, "σ = 5": 5.0, "σ = 12": 12.0}, value=5.0, label="kernel"),
    unbiased=Toggle(False, label="show the unbiased estimates"),
    alt=(
        "Histograms of the unbiased and the biased estimate of the squared MMD between samples of one "
        "distribution"
    ),
)

# %% [markdown]
# Unbiased does not mean exact: at $n=5$ the spread is wide. It means that averaging over draws removes the error, which no averaging does for the FID. The price is a
# kernel to choose: its $\sigma$ says at which distance differences count, and the value has no units that one could interpret.
#
# ## 14.8 The models of the course, judged
#
# Back to the six sets. One of them is no model at all: 360 copies of training images. Something should notice.
#
# ### Exercise 14.7 · A detector of copies


# %% tags=["exercise:14.nearest"]
def nearest(samples, training):
    """Euclidean distance from each sample to its nearest training image.

    samples: (n, d). training: (m, d). Returns (n,).
    """
    # region solution
    return torch.cdist(samples, training).min(1).values
    # endregion


nearest = check("14.nearest", nearest)

# %% name="summary"
SUMMARY = {}
for name, images in MODELS.items():
    found = features(images)
    pr = precision_recall(REAL, found)
    distances = torch.as_tensor(nearest(images.double(), real.double()))
    SUMMARY[name] = {
        "FID": BY_JUDGE["trained"][name],
        "KID": float(kid(REAL, found)),
        "IS": float(inception_score(probabilities(images))),
        "precision": float(pr.precision),
        "recall": float(pr.recall),
        "median distance to a training image": float(distances.median()),
    }

# %% name="predict-memorising" tags=["predict"]
copied, honest = SUMMARY["copies of training images"], SUMMARY["held-out digits"]
predict(
    "14.memorising",
    "Which of FID, KID, Inception score, precision and recall tells you that the copies are copies?",
    choices=("FID", "KID", "Inception score", "precision or recall", "none of them"),
    answer=(
        "None of them: in every one the copies are as good as the held-out digits or better. Copies "
        "against held-out digits: "
    )
    + ", ".join(f"{key} {copied[key]:.2f} against {honest[key]:.2f}" for key in COLUMNS)
    + ". The distance to the nearest training image tells: its median is "
    + f"{copied['median distance to a training image']:.2f} "
    + f"against {honest['median distance to a training image']:.2f}.",
)

# %% name="ranking" tags=["picture"]
SHORT = ["held out", "copies", "VAE", "GAN", "early GAN", "Gaussian"]


def ranking(view, name, judge):
    view["images"].image("images", sheet(MODELS[name]), limits=(0, 1))
    chosen = ["q" if other == name else "p" for other in MODELS]
    values = list(BY_JUDGE[judge].values())
    view["bars"].bars("fid", SHORT, [min(v, 10.0) for v in values], color=chosen)
    for i, v in enumerate(values):
        view["bars"].text(f"value {i}", i, min(v, 10.0) + 0.45, f"{v:.2f}", align="center")
    for score_name, value in SUMMARY[name].items():
        if score_name != "FID":
            plain = score_name == "IS" or "distance" in score_name
            view.readout(
                score_name if plain else f"{score_name}, trained features", round(value, 2) + 0, ".2f"
            )


explore(
    ranking,
    panels=[
        Panel("images", title="samples", aspect="equal", axes=False, width=0.6),
        Panel(
            "bars",
            title="FID against the training digits (bars end at 10)",
            ylabel="squared feature units",
            ylim=(0, 11),
            legend=False,
        ),
    ],
    name=Choice(list(MODELS), label="model"),
    judge=Choice(list(JUDGES), label="features"),
    size=(10, 3.8),
    alt="Samples of one model, and the FID of all models by the chosen features",
)

# %% [markdown]
# Look at the samples before you read on, and rank them by eye. How far can the draw of the samples alone move a score? Twenty draws of each
# model say it. The last line is the difference of the two models in standard deviations of such a difference.

# %% name="spread"
DRAWN = {}
for name, network, size in (("VAE", lambda z: torch.sigmoid(vae(z)), 8), ("GAN", gan, 16)):
    rows = []
    for seed in range(20):
        images = network(torch.randn(360, size, generator=seeded(100 + seed)))
        found = features(images)
        distance = torch.as_tensor(nearest(images.double(), real.double())).median()
        values = (
            fid(REAL, found),
            kid(REAL, found),
            inception_score(probabilities(images)),
            *precision_recall(REAL, found),
        )
        rows.append([*map(float, values), float(distance)])
    DRAWN[name] = torch.tensor(rows)
labels = (*COLUMNS, "distance")
print(" " * 10 + "".join(f"{label:>15s}" for label in labels))
for name, table in DRAWN.items():
    cells = (f"{float(m):.2f} ± {float(s):.2f}" for m, s in zip(table.mean(0), table.std(0), strict=True))
    print(f"{name:10s}" + "".join(f"{cell:>15s}" for cell in cells))
apart = (DRAWN["VAE"].mean(0) - DRAWN["GAN"].mean(0)).abs() / sum(t.var(0) for t in DRAWN.values()).sqrt()
print(f"{'apart':10s}" + "".join(f"{float(v):15.1f}" for v in apart))
for name, table in DRAWN.items():
    deviations = (SUMMARY[name]["FID"] - table[:, 0].mean()) / table[:, 0].std()
    print(
        f"the {name} in the picture has FID {SUMMARY[name]['FID']:.2f},",
        f"{float(deviations):+.1f} standard deviations from its mean",
    )

# %% name="neighbours"
print("precision by the number k of the neighbour that a ball reaches to")
for name in ("held-out digits", "VAE", "GAN", "Gaussian on pixels"):
    found = features(MODELS[name])
    by_k = {k: float(precision_recall(REAL, found, k=k).precision) for k in (1, 3, 5, 10, 20)}
    print(f"{name:20s}" + "".join(f"   k = {k}: {value:.2f}" for k, value in by_k.items()))

# %% [markdown]
# - FID and recall prefer the GAN, precision prefers the VAE, by more than the draw of the samples explains; one draw of each cannot tell
#   whose KID or IS is better. The VAE's mean images are smooth and readable, and much alike; the GAN's have contrast and variety, and
#   some are no digit at all. Neither score is wrong: they ask different questions.
# - Precision grows with $k$ until everything lies among the reals. Compare it only at one $k$, and at one number of images.
# - The copies are as good as the held-out digits or better in every score, and the training set is all they know. *No score notices
#   memorising*: it must be looked for separately. Your detector does it: all copies are at distance 0. The VAE's samples lie slightly nearer
#   to the training images than held-out digits do, and that alone is no proof of copying: an average of digits is near to many.
#   The GAN's lie farther off.
# - The early GAN draws two or three shapes only, and every score agrees that it is bad. Scores agree on large differences and argue about small ones.

# %% tags=["claim:fid-most-popular"]
argue(
    "fid-most-popular",
    "holds",
    "This is a statement about habit, and no computation decides it. Since 2017 nearly every "
    "paper on image generation reports the FID, and surveys of"
    " evaluation measures (Borji 2019 and 2022) name the Inception score and the FID as the two "
    "most used, the FID as the more trusted. It says"
    " nothing about merit: the paper that the lecture itself cites argues for another distance.",
)

# %% [markdown]
# ## An open experiment
#
# Lower the FID of a model *without making its images better*. Start from the VAE's samples and change them: sharpen the contrast, add noise,
# replace every tenth image by a training image, choose the 360 best of 3,600 samples. Watch precision and recall while you do it, and the
# judge with another seed, which you did not optimise for. Which trick works, and which score gives it away?

# %% name="open-experiment"
samples = torch.sigmoid(vae(torch.randn(360, 8, generator=seeded(14))))
contrast = 1.5  # try other values, and other tricks
changed = ((samples - 0.5) * contrast + 0.5).clamp(0, 1)
for name, images in (("VAE", samples), ("changed", changed)):
    pr = precision_recall(REAL, features(images))
    print(
        f"{name:8s} FID {float(fid(REAL, features(images))):.2f}   by another seed "
        f"{float(fid(JUDGES['another seed'](real), JUDGES['another seed'](images))):.2f}   "
        f"precision {float(pr.precision):.2f}   recall {float(pr.recall):.2f}"
    )

# %% [markdown]
# ## What to remember
#
# - A likelihood has a protocol (train, validation, test), and a VAE has its ELBO in place of it. Samples need a judge, and the judge is a classifier with opinions of its own.
# - $\mathrm{IS} = \exp$ of the mutual information of image and label. It never sees a real image, and one image per class is enough for it.
# - FID is the squared Wasserstein distance of order 2 between Gaussians fitted to features. It has a bias of $c/n$, depends on the features,
#   and sees two moments.
# - Compare FID values only with the same features, the same resizing and the same $n$, or at $n=\infty$.
# - An unbiased MMD has no such bias; its spread and its kernel remain.
# - Precision and recall separate quality from variety. None of these scores notices copied training images.
#
# ## References
#
# - R. Isachenko, *Deep Generative Models*, lecture 8 (2024): "Evaluation of likelihood-free models", "Frechet Inception Distance".
# - T. Salimans et al., *Improved techniques for training GANs*, arXiv:1606.03498 (Inception score).
# - M. Heusel et al., *GANs trained by a two time-scale update rule converge to a local Nash equilibrium*, arXiv:1706.08500 (FID).
# - M. Binkowski et al., *Demystifying MMD GANs*, arXiv:1801.01401 (KID, and the bias of FID).
# - T. Kynkäänniemi et al., *Improved precision and recall metric*, arXiv:1904.06991.
# - M. Chong and D. Forsyth, *Effectively unbiased FID and Inception score*, arXiv:1911.07023 (extrapolation).
# - G. Parmar, R. Zhang and J.-Y. Zhu, *On aliased resizing and surprising subtleties in GAN evaluation*, arXiv:2104.11222.
# - S. Jayasumana et al., *Rethinking FID*, arXiv:2401.09603 (CMMD).
# - For the features of the papers themselves: `course_lib.evaluation.InceptionFeatures`, with `pip install -e .[inception]`.
