# %% [markdown]
# # 9 · Training tricks: what each of them is for
#
# *About two hours, exercises included. Follows I21, "Deep Convolutional GAN" and "Improved techniques for training GANs".*
#
# After this notebook you can
#
# - train a DCGAN on the screen within a minute, and turn off each of its tricks to see what it was for;
# - compute the size, the overlaps and the checkerboard pattern of strided and transposed convolutions, in the generator and in the discriminator's gradients;
# - say what batch normalisation couples, why real and generated images get separate batches, and what virtual batch normalisation changes;
# - write feature matching, historical averaging and one-sided label smoothing, and say under which condition each of them helps;
# - read a table of ablations, settings by seeds, and tell which sentences of the slides survive it.
#
# **Recap** ([notebook 8](08_vanilla_gan_optimality.ipynb)). Data have the density $p$ (the slides: $\pi$). A generator $G$ turns a *latent code* $z\sim\mathcal N(0, I)$ into a point $G(z)$ of
# density $q$ (the slides: $p(x\mid\theta)$). A discriminator returns $D(x) = \sigma(a(x))$, with the *logit* (or score) $a$ and $\sigma(a) = 1/(1+e^{-a})$; the best one is $D^* = p/(p+q)$. It descends
# $-\log D(x)$ on data and $-\log(1 - D(G(z)))$ on generated points; unless something else is said the generator descends the *non-saturating* loss $-\log D(G(z))$.
# Logarithms are natural, so losses are counted in *nats*.

# %% name="setup"
import math

import numpy as np
import torch
from scipy import optimize
from torch import nn
from torch.nn import functional

from course_lib.adversarial import (
    HistoricalAverage,
    VirtualBatchNorm,
    feature_matching_loss,
    smoothed_optimal_discriminator,
)
from course_lib.claims import convention, erratum, holds
from course_lib.data.digits import load_digits
from course_lib.exercises import check, hint, predict
from course_lib.lessons.n09_gan_training_tricks.discs import centres
from course_lib.lessons.n09_gan_training_tricks.duels import (
    DISTANCES,
    FEATURES,
    LOOKS,
    LOSSES,
    pulls_while_learning,
)
from course_lib.lessons.n09_gan_training_tricks.patterns import (
    mean_patterned,
    patterned,
    resized_pattern,
    transposed_pattern,
)
from course_lib.lessons.n09_gan_training_tricks.runs import (
    MOMENTA,
    SETTINGS,
    Judge,
    build_judge,
    codes,
    disc_generator,
    grey,
    restore,
    stored,
)
from course_lib.lessons.n09_gan_training_tricks.screen import (
    draw_classes,
    draw_training,
    sheet,
    training_screen,
)
from course_lib.lessons.n09_gan_training_tricks.switched import SwitchedGan
from course_lib.networks import conv_discriminator, conv_generator
from course_lib.widgets import Choice, LiveTraining, Panel, Slider, explore

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # networks as small as these lose time when a step is shared between cores
digits = load_digits()
runs = stored()
judge = Judge(restore(runs, "judge", build_judge()))  # a classifier of the digits
held_out_right = float((judge.labels(digits.held_out) == digits.held_out_labels).double().mean())
held_out_fid = judge.distance(digits.held_out)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed):
    return torch.randn(*shape, generator=seeded(seed))


# %% [markdown]
# ## 9.1 A slide as a row of switches
#
# The slide on the *deep convolutional GAN* (DCGAN) is a list: transposed convolutions in $G$, strided ones in $D$, ReLU here and LeakyReLU there, tanh and sigmoid at the ends, batch
# normalisation except in two places, Adam with small numbers. Why each? The honest way to find out is to take them away one by one.
#
# Here is the list as two networks for the 1,437 training digits of $8\times8$ pixels: $G$ maps 16 numbers to $64\times2\times2$, $32\times4\times4$, $1\times8\times8$; $D$ goes the way
# back to one logit. The slide's non-linearities, written out layer by layer with `torch.nn.functional`, must give the same as the library's networks.

# %% name="networks"
generator = conv_generator(16, (1, 8, 8), (64, 32), seed=1)
discriminator = conv_discriminator((1, 8, 8), (32, 64), seed=2)
print(generator)
print(discriminator)

# %% tags=["claim:dcgan-nonlinearities"]
z = normal(64, 16, seed=3)
g, d = generator, discriminator  # the layers with weights, by their places in the lists above
normed = lambda maps: functional.batch_norm(maps, None, None, training=True)
hidden = functional.relu(normed((z @ g[0].weight.T).view(64, 64, 2, 2)))
hidden = functional.conv_transpose2d(hidden, g[4].weight, stride=2, padding=1)
hidden = functional.relu(normed(hidden))
by_hand = functional.tanh(functional.conv_transpose2d(hidden, g[7].weight, g[7].bias, stride=2, padding=1))
hidden = functional.leaky_relu(functional.conv2d(by_hand, d[0].weight, d[0].bias, stride=2, padding=1), 0.2)
hidden = normed(functional.conv2d(hidden, d[2].weight, stride=2, padding=1))
by_hand_score = torch.sigmoid(functional.leaky_relu(hidden, 0.2).flatten(1) @ d[6].weight.T + d[6].bias)
with torch.no_grad():
    library_score = discriminator(generator(z))
holds(
    "dcgan-nonlinearities",
    ("mean D(G(z)), the slide's layers by hand, sigmoid last", by_hand_score.mean()),
    ("the same from the networks' logits, 1/(1 + exp(-a))", (1 / (1 + torch.exp(-library_score))).mean()),
)

# %% [markdown]
# Two things to know. tanh has values in $(-1, 1)$, so the images are scaled to $[-1, 1]$. And the sigmoid stands in the loss, not in the network: from a logit $a$,
# $-\log\sigma(a) = \log(1+e^{-a})$ never sees a rounded 0 or 1.
#
# Who judges? A classifier of the digits that never saw a generated image. Two numbers come from it: the *FID*, the Fréchet distance between the features of generated
# and training images ([notebook 14](14_fid.ipynb); smaller is better), and the *classes found*, how many of the ten digits have at least 2 % of the generated images (in the data each has about 10 %).

# %% name="judge"
print(f"the judge's accuracy on held-out digits: {held_out_right:.3f}")
noise_fid = judge.distance(torch.rand(500, 64, generator=seeded(1)))
print(f"FID of the held-out digits: {held_out_fid:.1f}; of pure noise: {noise_fid:.0f}")

# %% name="predict-first" tags=["predict"]
plain_found = [judge.found(grey(one)) for one in runs["images/no batch norm"]]
predict(
    "09.first",
    "The DCGAN below trains with all its tricks. Of these, which one hurts most when it is turned off: batch "
    "normalisation, the momentum 0.5 (0.9 instead), or unsmoothed labels (alpha = 0.1 instead of 0)?",
    choices=("batch normalisation", "the momentum", "the labels"),
    answer=f"""Batch normalisation: without it 400 steps end with {plain_found[0]}, {plain_found[1]} and
    {plain_found[2]} of ten classes (three seeds) and FID
    {judge.distance(grey(runs["images/no batch norm"][0])):.0f} (first seed), with a momentum of 0.9 the
    FID is {judge.distance(grey(runs["images/β₁ = 0.9"][0])):.0f}, with smoothed labels
    {judge.distance(grey(runs["images/one-sided smoothing, α = 0.1"][0])):.0f}, with all tricks
    {judge.distance(grey(runs["images/DCGAN"][0])):.0f}. Section 9.10 has the whole table.""",
)

# %% name="gan"
gan = SwitchedGan()  # trains on a GPU where there is one

# %% name="live" tags=["picture"]
def draw_live(view, gan):
    draw_training(view, gan, judge)


live = LiveTraining(
    gan, draw_live, **training_screen(),
    alt="Digits from a DCGAN while it trains, the share of each class among them, and both losses",
)
live.run(60, progress=False)
live

# %% [markdown]
# Press **Play**: after about 200 steps there are digits. Then take a preset and *Reset* (networks start anew by themselves only when the normalisation changes), and watch the classes. Turn a
# switch while it trains, too. What you see with one seed is an anecdote; sections 9.3 to 9.9 come back to each switch with three.
#
# ## 9.2 Convolutions that shrink and that enlarge
#
# A *convolution* of kernel size $k$, stride $s$ and padding $p$ moves a kernel over the image in steps of $s$ pixels, after $p$ rows of zeros were put around it. It is linear: with the image as a
# vector $x$ it is a matrix, $y = Wx$. A *transposed convolution* with the same kernel is the transposed matrix, $W^{\mathsf T}$: each input pixel puts down one copy of the kernel, $s$
# pixels after the last one, and the copies are added. What shrank an image by $s$ now enlarges it by $s$. Transposed means $\langle Wx, y\rangle = \langle x, W^{\mathsf T}y\rangle$ for all $x, y$.

# %% tags=["claim:dcgan-transposed-conv"]
up = generator[7]  # 32 maps of 4 x 4 become one image of 8 x 8
small, large = normal(1, 32, 4, 4, seed=4), normal(1, 1, 8, 8, seed=5)
with torch.no_grad():
    enlarged = functional.conv_transpose2d(small, up.weight, stride=2, padding=1)
shrunk = functional.conv2d(large, up.weight, stride=2, padding=1)  # the same kernel in a strided convolution
holds(
    "dcgan-transposed-conv",
    ("⟨strided convolution of x, y⟩ over 32 maps of 4 x 4", (shrunk * small).sum()),
    ("⟨x, the generator's last layer applied to y⟩ over 8 x 8 pixels", (large * enlarged).sum()),
)

# %% [markdown]
# (It is not the *inverse*: $W^{\mathsf T}W \ne I$. The paper calls the layer "fractionally-strided".)
#
# ### Exercise 9.1 · How large?
#
# How long is the side of what a transposed convolution makes of $n$ pixels? Padding works backwards: $p$ rows are cut off at both ends. The *output padding* adds rows at one end, for kernels of
# odd size. If you are stuck, `hint("09.transposed_size")` helps, one step at each call.


# %% tags=["exercise:09.transposed_size"]
def transposed_size(n, kernel, stride, padding, output_padding):
    """The side of the output, a whole number, for an input of side n (all five are whole numbers)."""
    # region solution
    return (n - 1) * stride + kernel - 2 * padding + output_padding
    # endregion


transposed_size = check("09.transposed_size", transposed_size)

# %% [markdown]
# With $k = 4$, $s = 2$, $p = 1$ the side doubles: that is the layer of this DCGAN. Now the discriminator. The slide says *mean-pooling instead of max-pooling*, and *downsample with
# strided convolutions and average pooling*. The paper's own list of guidelines says: replace *any* pooling layer, by strided convolutions in $D$. Its networks work on $64\times64$ pixels, and
# four layers lead from 64 to the 4 pixels that the generator begins with.

# %% tags=["claim:dcgan-pooling"]
def layers_until(side, target, shrink):
    """How many layers it takes from one side of an image to another."""
    layers, image = 0, torch.zeros(1, 1, side, side)
    while image.shape[-1] > target:
        image, layers = shrink(image), layers + 1
    return layers


conv = lambda image: functional.conv2d(image, torch.ones(1, 1, 4, 4), stride=2, padding=1)
both = layers_until(64, 4, lambda image: functional.avg_pool2d(conv(image), 2))
erratum(
    "dcgan-pooling",
    ("layers from 64 to 4 pixels, each strided and then averaged", both),
    ("layers of the paper's network, 64 = 4 · 2⁴", math.log2(64 / 4)),
    corrected="a DCGAN has no pooling at all: strided convolutions alone reduce the resolution, and "
    "learn how",
    corrected_left=("layers from 64 to 4 pixels, strided only", layers_until(64, 4, conv)),
)

# %% [markdown]
# Is that a difference? Mean pooling after a convolution *is* a strided convolution, of a larger kernel that happens to be smoothed; so nothing is lost by letting the network learn it, and nothing much gained:
# section 9.10 has a $D$ with mean pooling in its table.
#
# ### Overlaps and checkerboards
#
# Away from the edges a pixel of the output is covered by several copies of the kernel. Count them in one dimension: a pixel's *phase* $r$ is its place modulo the stride.
#
# ### Exercise 9.2 · How many kernels cover a pixel?


# %% tags=["exercise:09.overlap"]
def overlap(kernel, stride):
    """How many copies of the kernel cover a pixel of each phase: a list of `stride` whole numbers.

    A copy begins at each multiple of the stride and is `kernel` pixels long. Phase 0 is where copies begin.
    """
    # region solution
    return [len(range(phase, kernel, stride)) for phase in range(stride)]
    # endregion


overlap = check("09.overlap", overlap)

# %% [markdown]
# In two dimensions the counts multiply: with $k = 3$, $s = 2$ they are $4 : 2 : 2 : 1$, the pattern of a checkerboard; with $k = 4$ all are 4. Hence the common advice to choose a kernel that the stride divides.
# Give a layer a *constant* input, so that everything you see is the layer's own pattern, and measure how much of the output's energy (its mean square) is not its mean.

# %% name="pattern"
KERNELS = {"all ones": 0} | {f"random kernel {number}": number for number in range(1, 7)}
shares = {k: mean_patterned(k) for k in (3, 4, 5)}

# %% name="predict-pattern" tags=["predict"]
predict(
    "09.pattern",
    "Kernel 4, stride 2: every pixel is covered by four kernel entries. The kernel is drawn at random, "
    "as at the start of training, the input is constant. "
    "How much of the output's energy is a pattern?",
    choices=("none", "about a quarter", "about three quarters"),
    answer=f"""About three quarters: {shares[4]:.2f} over 4,000 kernels, and {shares[3]:.2f} with k = 3,
    {shares[5]:.2f} with k = 5. Each of the s² = 4 phases sums kernel entries of its own, and sums of
    different random entries differ. That the stride divides the kernel evens out how MANY are summed
    (look at "all ones"), not what they sum to. Enlarge first and convolve afterwards, and every pixel
    uses the whole kernel: then nothing is left.""",
)

# %% name="checkerboard" tags=["picture"]
def draw_pattern(view, kernel, stride, entries, way):
    counts = torch.as_tensor(overlap(kernel, stride)).double()
    grid = torch.outer(counts, counts)
    repeated = grid.repeat(12 // stride, 12 // stride)
    weight = torch.ones(kernel, kernel) if entries == 0 else normal(kernel, kernel, seed=100 + entries)
    out = (transposed_pattern if way == "transposed" else resized_pattern)(weight, stride)
    out = out / out.square().mean().sqrt()
    if way == "transposed":
        view["counts"].image("counts", repeated, limits=(0, 9))
        least, most = int(grid.min()), int(grid.max())
        view["counts"].title(f"entries a pixel: {least}" + (f" to {most}" if most > least else ""))
    else:
        view["counts"].image("counts", torch.full((12, 12), float(kernel**2)), limits=(0, 36))
        view["counts"].title(f"entries a pixel: {kernel**2}")
    view["out"].image("out", out, cmap="signed", limits=(-2.5, 2.5))
    view.readout("share of the energy that is a pattern", patterned(out), ".3f")


explore(
    draw_pattern,
    panels=[
        Panel("counts", title="entries a pixel", axes=False, aspect="equal"),
        Panel("out", title="output for a constant input", axes=False, aspect="equal"),
    ],
    size=(8, 4),
    kernel=Slider.of([2, 3, 4, 5, 6], value=3, label="kernel size k"),
    stride=Slider.of([2, 3], label="stride s"),
    entries=Slider.of(KERNELS, label="kernel"),
    way=Choice({"transposed convolution": "transposed", "resize, then convolve": "resize"}, label="layer"),
    presets={
        "4 and 2": {"kernel": 4},
        "4 and 2, random": {"kernel": 4, "entries": 1},
        "resized, random": {"kernel": 4, "entries": 1, "way": "resize"},
    },
    alt="How many kernel entries each output pixel sums, and the output of the layer for a constant input",
)

# %% [markdown]
# The same pattern is in the *discriminator*, where nobody looks: the gradient with respect to its input goes back through the transposed convolution. With a kernel of 3 and stride 2 a quarter of the pixels
# is read by four kernel entries and another quarter by one, and this is how strongly a random layer pulls at them, on average.

# %% name="gradient-pattern"
def gradient_energy(k, maps=4000):
    """Mean squared gradient, by phase, of random strided layers' outputs, summed with random signs."""
    images = torch.zeros(1, maps, 16, 16, requires_grad=True)  # one for each layer
    kernels = normal(maps, 1, k, k, seed=6)
    out = functional.conv2d(images, kernels, stride=2, padding=(k - 1) // 2, groups=maps)
    signs = torch.randint(0, 2, out.shape, generator=seeded(7)) * 2.0 - 1
    (slope,) = torch.autograd.grad((signs * out).sum(), images)
    energy = slope[0].square().mean(0)[4:12, 4:12]  # away from the edges
    return torch.stack([energy[r::2, c::2].mean() for r in (0, 1) for c in (0, 1)])


for k in (3, 4):
    energy = gradient_energy(k)
    relative = ", ".join(f"{float(one):.1f}" for one in energy / energy.min())
    print(f"k = {k}: energy of D's gradient by phase, smallest = 1: {relative}")

# %% [markdown]
# Up to noise of the random draw these are the overlaps: $1:2:2:4$ for $k = 3$, all equal for $k = 4$. A good reason for $k = 4$ that has nothing to do with how pictures look. Training can undo either
# pattern, but with $k = 3$ it has to.
#
# ## 9.3 Batch normalisation, and what it couples
#
# *Batch normalisation* shifts and scales each feature map (*channel*) so that over the batch and over all pixels its mean is $\beta$ and its standard deviation $\gamma$, two learned numbers:
#
# $$y = \gamma\,\frac{x - \mu}{\sqrt{v + \varepsilon}} + \beta, \qquad \mu, v\ \text{mean and variance of the channel in this minibatch.}$$
#
# ### Exercise 9.3 · Batch normalisation


# %% tags=["exercise:09.batch_norm"]
def batch_norm(x, gamma, beta, eps):
    """Feature maps of shape (m, c, rows, columns), normalised as in training; the same shape comes back.

    gamma, beta: shape (c,), the scale and the shift of each channel. eps: a number, added to the variance.
    """
    # region solution
    mean = x.mean((0, 2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean((0, 2, 3), keepdim=True)
    return gamma[:, None, None] * (x - mean) / (variance + eps).sqrt() + beta[:, None, None]
    # endregion


batch_norm = check("09.batch_norm", batch_norm)

# %% [markdown]
# So $G(z_1)$ depends on $z_2, z_3, \dots$: whoever shares the minibatch with it. The slide says that samples of a minibatch become *highly correlated*. Correlated in which sense? Take $m$ independent numbers and
# normalise them. Their outputs sum to 0, so each pair of them has the correlation exactly $-1/(m-1)$: with two points that is $-1$, with 128 it is nothing. But hold *two inputs fixed* and draw only their partners
# anew: now both outputs move because $\mu$ and $v$ move, and they move together.

# %% name="coupling"
def normalised(points, gamma=1.0):
    """Batch normalisation of batches of plain numbers, shape (batches, m), by the exercise's function."""
    maps = points.T[:, :, None, None]  # every batch is a channel of its own
    one = torch.ones(len(points))
    return batch_norm(maps, gamma * one, 0 * one, 1e-8)[:, :, 0, 0].T


def partners(m, batches, seed=20):
    return normal(batches, m, seed=seed + m)


def fixed_pair(a, b, m, batches=400):
    """Outputs for two fixed inputs in many minibatches with m - 2 other points: shape (batches, 2)."""
    points = partners(m, batches)
    points[:, 0], points[:, 1] = a, b
    return normalised(points)[:, :2]


def delta_correlation(a, b):
    """The same for large m, by hand: δy = -δμ - a δσ, with variances 1/m and 1/(2m)."""
    return (1 + a * b / 2) / math.sqrt((1 + a * a / 2) * (1 + b * b / 2))


SIZES = [3, 4, 8, 16, 32, 64, 128]
spread = {m: float(fixed_pair(0.8, 0.0, m, 4000)[:, 0].std()) for m in SIZES}
paired = float(torch.corrcoef(fixed_pair(1.0, 0.5, 64, 4000).T)[0, 1])

# %% name="predict-coupling" tags=["predict"]
predict(
    "09.coupling",
    "Two inputs, 1.0 and 0.5, are always in the minibatch; their 62 partners are drawn anew each time. "
    "How are the two outputs correlated, over many minibatches?",
    choices=("hardly: about -1/63", "by about 0.5", "strongly: more than 0.9"),
    answer=f"""Strongly: {paired:.2f}. They share μ and v, so what shifts one shifts the other. The -1/63
    is also right, for pairs that are drawn anew WITH the batch: there the points' own variance hides what
    they share. How far the outputs move is a matter of m: an input of 0.8 comes out with a standard
    deviation of {spread[4]:.2f} for m = 4, {spread[32]:.2f} for m = 32 and {spread[128]:.2f} for m =
    128.""",
)

# %% name="coupling-picture" tags=["picture"]
def draw_coupling(view, m, a, b):
    outputs = fixed_pair(a, b, m)
    view["pair"].scatter("pairs", outputs, color="q", size=4, label="outputs")
    view["pair"].scatter("input", [[a, b]], color="p", size=10, label="inputs")
    closed = [math.sqrt((1 + a * a / 2) / n) for n in SIZES]
    view["spread"].curve("closed", SIZES, closed, color="third", label="√((1 + a²/2)/m)")
    moved = [float(fixed_pair(a, b, n)[:, 0].std()) for n in SIZES]
    view["spread"].curve("batch", SIZES, moved, color="q", label="batch norm")
    view["spread"].hline("virtual", 0.0, color="p", label="virtual batch norm")
    view["spread"].vline("m", m)
    view.readout("correlation of the two outputs", float(torch.corrcoef(outputs.T)[0, 1]), ".2f")
    view.readout("for large m, in closed form", delta_correlation(a, b), ".2f")
    view.readout("if the pair is drawn anew too", -1 / (m - 1), ".3f")


explore(
    draw_coupling,
    panels=[
        Panel("pair", title="400 minibatches", xlabel="output for a", ylabel="output for b",
              xlim=(-3, 3), ylim=(-3, 3), aspect="equal"),
        Panel("spread", title="how far the output for a moves", xlabel="m, points in a minibatch",
              ylabel="standard deviation", xlim=(2.8, 140), ylim=(-0.05, 1.5), xscale="log"),
    ],
    m=Slider.of(SIZES, value=8, label="m, points in a minibatch"),
    a=Slider(-2.0, 2.0, step=0.25, value=1.0, label="input a"),
    b=Slider(-2.0, 2.0, step=0.25, value=0.5, label="input b"),
    presets={"small batch": {"m": 3}, "64": {"m": 64}, "opposite sides": {"m": 64, "a": -1.5, "b": 1.5}},
    size=(10, 4.6),
    alt="Outputs of two fixed inputs under batch normalisation over many minibatches, and how far one "
    "of them moves for each batch size",
)

# %% tags=["claim:batchnorm-couples-samples"]
pairs = normal(60, 2, seed=8)
measured = np.mean([float(torch.corrcoef(fixed_pair(a, b, 128, 2000).T)[0, 1]) for a, b in pairs.tolist()])
everything = normalised(partners(128, 4000))
anew = torch.corrcoef(everything.T)  # all 128 points of a batch, drawn anew 4,000 times
print(f"drawn anew with the batch, mean of all pairs: {float((anew.sum() - 128) / (128 * 127)):.4f};"
      f" -1/(m-1) = {-1 / 127:.4f}")
convention(
    "batchnorm-couples-samples",
    ("mean correlation of two outputs, partners drawn anew (60 pairs, m = 128)", measured),
    ("mean of (1 + ab/2)/√((1 + a²/2)(1 + b²/2)) over the pairs",
     np.mean([delta_correlation(a, b) for a, b in pairs.tolist()])),
    under="the two inputs are held fixed while their partners are drawn anew; drawn anew themselves, m "
    "outputs of one distribution correlate by -1/(m-1) only",
    tol=0.03, digits=2,
)

# %% [markdown]
# ### Separate batches, and not at the input of $D$
#
# In $D$ the coupling is a trap. The slide leaves batch normalisation out *at the output of $G$ and at the input of $D$*, and does not say whether real and generated images are normalised together. Here is what 400
# steps make of each arrangement; the images were generated beforehand (`runs.py` in this lesson's folder) and are judged now.

# %% name="ablations"
images = {name: grey(runs[f"images/{name}"]) for name in SETTINGS}  # (3 seeds, 500 images, 64)
fids = {name: [judge.distance(one) for one in made] for name, made in images.items()}
found = {name: [judge.found(one) for one in made] for name, made in images.items()}


def in_words(name):
    return ", ".join(f"{value:.0f}" for value in fids[name])


# %% name="predict-joint" tags=["predict"]
predict(
    "09.joint",
    "D's step normalises real and generated images in one joint batch; in G's step D sees generated "
    "images alone, normalised alone. What happens?",
    choices=("about the same as with separate batches", "it is somewhat worse", "training fails"),
    answer=f"""Training fails: FID {in_words("joint batch for D only")} for three seeds, and
    {found["joint batch for D only"][0]}, {found["joint batch for D only"][1]} and
    {found["joint batch for D only"][2]} classes, against {in_words("DCGAN")} with separate batches. But
    the joint batch is not the culprit: if G's step uses the joint batch too, the FID is
    {in_words("one joint batch")}. In one joint batch D learns to tell real from generated by where they
    lie RELATIVE TO ONE ANOTHER; asked about generated images alone, the same network answers another
    question than the one it was trained for.""",
)

# %% name="norm-pictures" tags=["picture"]
NORMS = {
    "separate batches": "DCGAN", "one joint batch, both steps": "one joint batch",
    "joint batch for D's step only": "joint batch for D only",
    "at D's input too": "batch norm at D's input too",
    "none": "no batch norm", "none, torch's start": "no batch norm, torch's start",
}


def draw_setting(view, setting, seed):
    made = images[setting][seed]
    view["images"].image("images", sheet(made, 6, 12), limits=(0, 1))
    draw_classes(view["classes"], made, judge)
    view.readout("FID", fids[setting][seed], ".1f")
    view.readout("classes found", found[setting][seed])
    view.readout("FID of held-out digits", held_out_fid, ".1f")


def browse(choices, **options):
    return explore(
        draw_setting,
        panels=[Panel("images", title="72 of 500 generated images", axes=False, aspect="equal", width=1.6),
                Panel("classes", title="what the judge sees", xlabel="digit", ylabel="share", ylim=(0, 1))],
        setting=Choice(choices, label="setting"),
        seed=Choice({f"seed {seed}": seed for seed in range(3)}, label="seed"),
        alt="Generated digits of one setting and seed after 400 steps, and the share of each class",
        **options,
    )


browse(NORMS, presets={
    "joint, both": {"setting": "one joint batch"}, "joint, D only": {"setting": "joint batch for D only"},
    "none": {"setting": "no batch norm"},
})

# %% [markdown]
# And the input of $D$? Normalised there, in separate batches, real and generated images have the same mean grey level and the same contrast *by construction*. What a batch's mean or spread would
# tell is gone before the first layer: multiply all images by 2 and add 1, and $D$ does not notice. So nothing keeps $G$ at the right
# brightness: compare the mean grey levels.

# %% name="blind"
blind = nn.Sequential(nn.BatchNorm2d(1), *conv_discriminator((1, 8, 8), (32, 64), seed=2))
real = 2 * digits.train[:64].reshape(-1, 1, 8, 8).double() - 1
with torch.no_grad():
    for name, network in (("DCGAN's D", discriminator), ("batch norm at its input", blind)):
        change = float((network(2 * real + 1) - network(real)).abs().max())
        print(f"{name}: a logit changes from x to 2x + 1 by at most {change:.4f}")
for name in ("DCGAN", "batch norm at D's input too"):
    levels = ", ".join(f"{float(one.mean()):.2f}" for one in images[name])
    print(f"{name}: mean grey level {levels} (three seeds); data {float(digits.train.mean()):.2f}")

# %% tags=["claim:dcgan-batchnorm"]
convention(
    "dcgan-batchnorm",
    ("classes found without batch norm, best of 2 starts x 3 seeds",
     max(found["no batch norm"] + found["no batch norm, torch's start"])),
    ("classes found with it, worst of 3 seeds", min(found["DCGAN"])),
    relation="<",
    under="these digits, learning rate 1e-3, 400 steps, and D sees in G's step what it saw in its own "
    "(separate batches in both, or a joint one in both)",
)

# %% [markdown]
# ## 9.4 Virtual batch normalisation
#
# Can the coupling go and the normalisation stay? Draw a *reference batch* $r_1, \dots, r_m$ once, and normalise every point by *its* mean and variance. Now no point depends on its neighbours. But the reference itself would be
# normalised perfectly and nothing else; the slide's remedy is to put the point into the batch: $x_i$ is normalised by mean and variance of the $m + 1$ points $r_1, \dots, r_m, x_i$.
#
# ### Exercise 9.4 · Virtual batch normalisation, all points at once (hard)
#
# No loop over the points. Features only, no pixels, and neither scale nor shift.


# %% tags=["exercise:09.virtual_batch_norm"]
def virtual_batch_norm(x, reference, eps):
    """Each point of x, normalised by the statistics of the reference together with that one point.

    x: shape (n, d). reference: shape (m, d). The variance is that of m + 1 points, with the divisor m + 1;
    eps is added to it. Returns shape (n, d).
    """
    # region solution
    m = len(reference)
    mean = (reference.sum(0) + x) / (m + 1)  # one for each point
    squares = ((reference - mean[:, None]) ** 2).sum(1) + (x - mean) ** 2
    return (x - mean) / (squares / (m + 1) + eps).sqrt()
    # endregion


virtual_batch_norm = check("09.virtual_batch_norm", virtual_batch_norm)

# %% tags=["claim:virtual-batchnorm"]
reference, x = normal(32, 5, 4, 4, seed=30), normal(6, 5, 4, 4, seed=31)
with torch.no_grad():
    at_once = VirtualBatchNorm(reference)(x)  # the library's, on feature maps
one_by_one = torch.cat([
    functional.batch_norm(torch.cat([reference, point[None]]), None, None, training=True)[-1:] for point in x
])
holds(
    "virtual-batchnorm",
    ("sum of |outputs| of virtual batch normalisation, 6 points", at_once.abs().sum()),
    ("the same by torch's batch_norm of 6 batches (reference, x_i)", one_by_one.abs().sum()),
)
with torch.no_grad():
    alone = VirtualBatchNorm(reference)(x[:1])
difference = float((alone - at_once[:1]).abs().max())
print(f"x_1 with and without its 5 neighbours: largest difference {difference:.3f}")

# %% name="far-out"
far_out = virtual_batch_norm(torch.tensor([[100.0]]), normal(8, 1, seed=33), 1e-8)

# %% name="predict-outlier" tags=["predict"]
predict(
    "09.outlier",
    "A reference of 8 points and one point x that goes off to infinity. Where does its output under "
    "virtual batch normalisation go?",
    choices=("to infinity", "to 1", "to a number near 3"),
    answer=f"""To √8 = {math.sqrt(8):.2f}: among m + 1 numbers none is more than √m standard deviations
    from their mean, and a point that is far from all the others reaches this bound. With the reference's
    statistics alone the output would grow without end. At x = 100 your function gives
    {float(torch.as_tensor(far_out).reshape(())):.3f}.""",
)

# %% name="outlier" tags=["picture"]
line = torch.linspace(-10, 10, 201)[:, None]


def draw_virtual(view, m, seed):
    reference = normal(m, 1, seed=40 + seed)
    own = torch.as_tensor(virtual_batch_norm(line, reference, 1e-5)).reshape(-1)
    alone = (line - reference.mean()) / (reference.var(correction=0) + 1e-5).sqrt()
    view.curve("alone", line[:, 0], alone[:, 0].clamp(-12, 12), color="p", label="by the reference alone")
    view.curve("virtual", line[:, 0], own, color="q", label="virtual: with the point itself")
    below = torch.stack([reference[:, 0], torch.full((m,), -7.5)], 1)
    view.scatter("reference", below, color="p", size=5, label="reference")
    for sign in (-1, 1):
        view.hline(f"bound {sign}", sign * math.sqrt(m), label="±√m" if sign > 0 else None)
    view.readout("largest output", float(own.abs().max()), ".2f")
    view.readout("√m", math.sqrt(m), ".2f")
    view.readout("weight of the point in its batch", 1 / (m + 1), ".3f")


explore(
    draw_virtual,
    panels=[Panel("main", xlabel="the point x", ylabel="its output", xlim=(-10, 10), ylim=(-8, 8))],
    m=Slider.of([2, 4, 8, 16, 32], value=8, label="m, points in the reference"),
    seed=Slider(0, 5, step=1, value=0, label="which reference"),
    presets={"a tiny reference": {"m": 2}, "32 points": {"m": 32}},
    alt="Output against input of normalisation by a reference batch, with and without the point itself",
)

# %% [markdown]
# Its price: the reference goes through the network with every minibatch, a second forward pass. That is why the slide's paper used it in the generator only.
#
# ## 9.5 Small steps, and a small momentum
#
# *Adam: small learning rate $2\cdot10^{-4}$, small momentum 0.5, batches of 128.* Adam averages the gradients of about $1/(1-\beta_1)$ steps before it moves: two steps with $\beta_1 = 0.5$, ten with the usual 0.9. In a
# minimisation old gradients still point downhill. In a game they answer an opponent who has moved on.

# %% name="paper-runs"
paper = {momentum: grey(runs[f"paper/{momentum}"]) for momentum in MOMENTA}  # 1,000 steps, three seeds
paper_fid = {momentum: [judge.distance(one) for one in made] for momentum, made in paper.items()}
paper_found = {momentum: [judge.found(one) for one in made] for momentum, made in paper.items()}

# %% name="predict-momentum" tags=["predict"]
predict(
    "09.momentum",
    "The learning rate is 2e-4, the batch 128, 1,000 steps, as on the slide but with β₁ = 0.9 in the "
    "place of 0.5. What happens to the FID?",
    choices=("nearly the same", "about two or three times as large", "more than ten times as large"),
    answer=f"""More than ten times as large: {", ".join(f"{value:.0f}" for value in paper_fid[0.9])}
    instead of {", ".join(f"{value:.1f}" for value in paper_fid[0.5])}. With five times the learning rate
    (400 steps, batch 64) it is {in_words("β₁ = 0.9")} instead of {in_words("DCGAN")}, and
    {found["β₁ = 0.9"][0]}, {found["β₁ = 0.9"][1]} and {found["β₁ = 0.9"][2]} classes are left.""",
)

# %% name="momentum-picture" tags=["picture"]
def draw_momentum(view, momentum, rate, seed):
    if rate == "slide":
        made, value, classes = paper[momentum][seed], paper_fid[momentum][seed], paper_found[momentum][seed]
    else:
        name = "DCGAN" if momentum == 0.5 else "β₁ = 0.9"
        made, value, classes = images[name][seed], fids[name][seed], found[name][seed]
    view["images"].image("images", sheet(made, 6, 12), limits=(0, 1))
    lags = np.arange(30)
    names = [str(k) if k % 5 == 0 else "" for k in lags]
    view["memory"].bars("weights", names, (1 - momentum) * momentum**lags, color="q")
    view.readout("FID", value, ".1f")
    view.readout("classes found", classes)


explore(
    draw_momentum,
    panels=[Panel("images", title="72 of 500 generated images", axes=False, aspect="equal", width=1.6),
            Panel("memory", title="Adam's memory", xlabel="steps ago", ylabel="weight",
                  ylim=(0, 0.55))],
    momentum=Choice({"β₁ = 0.5": 0.5, "β₁ = 0.9": 0.9}, label="momentum"),
    rate=Choice({"2e-4, batch 128, 1,000 steps": "slide", "1e-3, batch 64, 400 steps": "fast"},
                label="learning rate"),
    seed=Choice({f"seed {seed}": seed for seed in range(3)}, label="seed"),
    presets={"0.9": {"momentum": 0.9}, "0.9, faster": {"momentum": 0.9, "rate": "fast"}},
    alt="Generated digits for two momenta and two learning rates, and the weights with which Adam "
    "remembers gradients",
)

# %% tags=["claim:dcgan-adam-values"]
convention(
    "dcgan-adam-values",
    ("FID with the slide's values, mean of 3 seeds", np.mean(paper_fid[0.5])),
    ("FID with the momentum 0.9 and all else the same", np.mean(paper_fid[0.9])),
    relation="<", tol=0.1, digits=2,
    under='"momentum" is Adam\'s β₁, of both players; its β₂ stays at 0.999',
)

# %% [markdown]
# ## 9.6 Walks and sums in the latent space
#
# The slides show *smooth interpolations* and *vector arithmetic*, with faces; whether "man with glasses - man + woman" has glasses, each looks for himself. On pictures whose factors are known one can count. Here are discs with a
# known centre; a DCGAN for $16\times16$ pixels learned 400 steps on 2,000 of them, three times.

# %% name="discs"
def settled(generator, batch):
    """Fixes the statistics at those of one large batch: then an image depends on its own code only."""
    for layer in generator:
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None  # the plain mean of what comes
            layer.reset_running_stats()
    with torch.no_grad():
        generator.train()(batch)
    return generator.eval().requires_grad_(False)


latent = codes(4000, seed=12)
disc_makers = [settled(restore(runs, f"discs/{seed}", disc_generator()), latent) for seed in range(3)]


def made_discs(seed, z):
    """Images (n, 256) in [0, 1] from codes (n, 16)."""
    return ((disc_makers[seed](z.float()) + 1) / 2).flatten(1)


places = [centres(made_discs(seed, latent)) for seed in range(3)]  # (column, row) of each disc, pixels


def quadrant(seed, right, low):
    """All codes whose disc lies there."""
    return latent[((places[seed][:, 0] > 7.5) == right) & ((places[seed][:, 1] > 7.5) == low)].double()


# %% [markdown]
# ### Exercise 9.5 · Latent arithmetic
#
# *Top right* - *top left* + *bottom left* should be *bottom right*. The paper found that single codes do badly and takes the mean of three of each kind.


# %% tags=["exercise:09.latent_arithmetic"]
def latent_arithmetic(a, b, c):
    """The code of "a - b + c", shape (d,), from sets of codes: shapes (k_a, d), (k_b, d) and (k_c, d)."""
    # region solution
    return a.mean(0) - b.mean(0) + c.mean(0)
    # endregion


latent_arithmetic = check("09.latent_arithmetic", latent_arithmetic)

# %% name="arithmetic"
CORNERS = {"top right": (True, False), "top left": (False, False), "bottom left": (False, True)}


def sums(seed, k, trials, start=0):
    """The codes used, (trials, 3, k, 16), and the results, (trials, 16)."""
    random, used = seeded(50 + k + start), []
    for right, low in CORNERS.values():
        pool = quadrant(seed, right, low)
        used.append(pool[torch.randint(len(pool), (trials, k), generator=random)])
    used = torch.stack(used, 1)
    return used, torch.stack([torch.as_tensor(latent_arithmetic(*three)).reshape(16) for three in used])


def success(seed, k, trials=300):
    """How often the result is a disc at the bottom right."""
    place = centres(made_discs(seed, sums(seed, k, trials)[1]))
    return float(((place > 7.5).all(1)).double().mean())


succeeded = {k: [success(seed, k) for seed in range(3)] for k in (1, 3, 20)}

# %% name="predict-arithmetic" tags=["predict"]
predict(
    "09.arithmetic",
    "With one code of each kind, how often is top right - top left + bottom left a disc at the bottom right?",
    choices=("in a quarter: chance", "in about half of the trials", "nearly always"),
    answer=f"""In about half: {", ".join(f"{value:.2f}" for value in succeeded[1])} of 300 trials (three
    generators); with means of three codes in {", ".join(f"{value:.2f}" for value in succeeded[3])}, of
    twenty in {", ".join(f"{value:.2f}" for value in succeeded[20])}. The directions for "right" and "low"
    are there on average; a single code brings its own noise, three times.""",
)

# %% name="arithmetic-picture" tags=["picture"]
TRIALS = {(seed, k): sums(seed, k, 8) for seed in range(3) for k in (1, 3, 20)}


def draw_arithmetic(view, k, seed, trial):
    used, results = TRIALS[seed, k]
    means = torch.cat([used[trial].mean(1), results[trial : trial + 1]])
    view["sum"].image("sum", sheet(made_discs(seed, means), 1, 4, 16), limits=(0, 1))
    walk = torch.linspace(0, 1, 12)[:, None]
    ends = used[trial, 1].mean(0), results[trial]
    straight = made_discs(seed, ends[0] + walk * (ends[1] - ends[0]))
    view["walk"].image("walk", sheet(straight, 1, 12, 16), limits=(0, 1))
    bright = straight.sum(1)
    place = centres(made_discs(seed, results))
    good = (place > 7.5).all(1)
    view["map"].scatter("results", place, color=["q" if one else "accent" for one in good], size=7)
    view["map"].scatter("this", place[trial : trial + 1], color="ink", size=11, alpha=0.4)
    view["map"].vline("middle", 7.5)
    view["map"].hline("middle row", 7.5)
    view.readout("bottom right, of 8 trials", int(good.sum()))
    view.readout("of 300 trials, this generator", succeeded[k][seed], ".2f")
    faintest = float(2 * bright.min() / (bright[0] + bright[-1]))
    view.readout("faintest disc of the walk, of its ends", faintest, ".2f")


explore(
    draw_arithmetic,
    panels=[
        [Panel("sum", title="top right - top left + bottom left = ?", axes=False, aspect="equal", width=1.4),
         Panel("map", title="8 results", xlabel="column of the centre, pixels", ylabel="row", xlim=(2, 13),
               ylim=(13, 2), aspect="equal")],
        [Panel("walk", title="straight from top left to the result", axes=False, aspect="equal")],
    ],
    size=(9, 5.6),
    k=Choice({"one code of each kind": 1, "means of 3": 3, "means of 20": 20}, label="codes"),
    seed=Choice({f"generator {seed}": seed for seed in range(3)}, label="generator"),
    trial=Slider(0, 7, step=1, value=0, label="trial"),
    presets={"one": {"k": 1}, "three": {"k": 3}, "twenty": {"k": 20}},
    alt="Three discs and the disc that their latent arithmetic gives, where eight such results lie, and "
    "a walk through the latent space",
)

# %% tags=["claim:dcgan-latent-space"]
convention(
    "dcgan-latent-space",
    ("right results with single codes, mean of 3 generators", np.mean(succeeded[1])),
    ("right results with means of 20 codes", np.mean(succeeded[20])),
    relation="<", tol=0.02, digits=2,
    under="arithmetic is done with means of several codes. That a walk is smooth says little: G is a "
    "continuous function, so every walk is, in a collapsed G too",
)
print(f"a DCGAN with batch norm, momentum 0.9: classes found {found['β₁ = 0.9']}")

# %% [markdown]
# Look at the walks, too. They are smooth, and in some of them the disc fades in the middle and comes back, as no disc of the data does: a smooth walk need not lead along the data.
#
# The slide's third sentence, that a DCGAN may *still* collapse, is the line above: with all its batch normalisation, and one wrong number in Adam.
#
# ## 9.7 Feature matching
#
# The generator stops asking for a high score. Let $d(x)$ be the output of an inner layer of $D$, a vector of *features*; $G$ shall only make their mean right:
#
# $$L_G = \bigl\lVert \mathbb E_{p}\,d(x) - \mathbb E_{z}\,d(G(z))\bigr\rVert_2^2 .$$
#
# ### Exercise 9.6 · The loss of feature matching
#
# Expectations are means over a minibatch. The generator trains on your function in section 9.10, so it must be made of torch functions that carry gradients.


# %% tags=["exercise:09.feature_matching"]
def feature_matching(real_features, fake_features):
    """The squared distance of two means, one number. Shapes (m, features) and (n, features)."""
    # region solution
    return (real_features.mean(0) - fake_features.mean(0)).square().sum()
    # endregion


feature_matching = check("09.feature_matching", feature_matching)

# %% [markdown]
# A check in closed form. Let $d(x) = (x, x^2)$, data $\mathcal N(0, 1)$ and generated points $\mathcal N(\mu, s^2)$: the means are $(0, 1)$ and $(\mu, \mu^2 + s^2)$.

# %% tags=["claim:feature-matching"]
mu, s, batch = 0.7, 1.3, 400_000
x, fake = normal(batch, seed=60), mu + s * normal(batch, seed=61)
by_samples = feature_matching_loss(torch.stack([x, x**2], 1), torch.stack([fake, fake**2], 1))
holds(
    "feature-matching",
    ("‖E d(x) - E d(G(z))‖² in closed form, d(x) = (x, x²)", mu**2 + (mu**2 + s**2 - 1) ** 2),
    ("the loss on 400,000 points of each kind", by_samples),
    tol=0.02, digits=2,
)
few = (x.reshape(-1, 8).mean(1) - fake.reshape(-1, 8).mean(1)) ** 2  # d(x) = x, 50,000 minibatches of 8
print(f"minibatches of 8, d(x) = x: mean loss {float(few.mean()):.2f} = the distance {mu**2:.2f}"
      f" + the excess (1 + s²)/8 = {(1 + s * s) / 8:.2f}")

# %% [markdown]
# (A minibatch's loss is too large on average, by the variances of the two means. The excess has a gradient too: it pulls the generated points a little together.)
#
# ### Does it help when $D$ is too good?
#
# The slide: it helps *to avoid vanishing gradients for a sufficiently good discriminator*. Try it where $D$ wins easily: data $\mathcal N(0, 1)$, generated points $\mathcal N(\text{distance}, 1)$ on a line. $D$ is a network with two
# hidden layers of 32 units and trains alone, up to 400 steps; after each we ask how strongly $G$ would be pulled, $|dL_G/d\,\text{shift}|$, by the minimax loss $\log(1 - D)$, by the non-saturating one and by feature matching on
# the last hidden layer.

# %% name="duels"
pulled = pulls_while_learning()  # thirty discriminators learn at once


def pull(loss, kind, distance, look=-1):
    return float(pulled[look, LOSSES.index(loss), FEATURES.index(kind), DISTANCES.index(distance)])


# %% name="predict-vanishing" tags=["predict"]
predict(
    "09.vanishing",
    "Distance 16, D after 400 steps with tanh units. Which of the three losses still pulls with a "
    "strength of at least 1?",
    choices=("only the non-saturating one", "only feature matching", "both of these", "none"),
    answer=f"""None: the pulls are {pull("minimax", "tanh", 16.0):.1e} (minimax),
    {pull("non-saturating", "tanh", 16.0):.2g} (non-saturating) and
    {pull("feature matching", "tanh", 16.0):.2g} (feature matching). With leaky units they are
    {pull("minimax", "leaky ReLU", 16.0):.1e}, {pull("non-saturating", "leaky ReLU", 16.0):.2g} and
    {pull("feature matching", "leaky ReLU", 16.0):.2g}. Leaving out the sigmoid at the end does not help
    if the features saturate themselves.""",
)

# %% name="vanishing" tags=["picture"]
def draw_vanishing(view, distance, kind):
    for loss, color in zip(LOSSES, ("p", "third", "q"), strict=True):
        values = [pull(loss, kind, distance, look) for look in range(len(LOOKS))]
        view["steps"].curve(loss, LOOKS, values, color=color, label=loss)
        at_end = [pull(loss, kind, one) for one in DISTANCES]
        view["distance"].curve(loss, DISTANCES, at_end, color=color, label=loss)
        view.readout(loss, pull(loss, kind, distance), ".2e")
    view["distance"].vline("here", distance)


explore(
    draw_vanishing,
    panels=[
        Panel("steps", title="while D learns", xlabel="steps of D", ylabel="pull on G, |dL/d shift|",
              yscale="log", ylim=(1e-5, 1e3), xlim=(0, 400)),
        Panel("distance", title="after 400 steps", xlabel="distance of the two Gaussians", ylabel="pull on G",
              yscale="log", xscale="log", ylim=(1e-5, 1e3), xlim=(0.9, 18)),
    ],
    distance=Slider.of(list(DISTANCES), value=4.0, label="distance"),
    kind=Choice(list(FEATURES), label="units of D"),
    presets={"far, leaky": {"distance": 16.0}, "far, tanh": {"distance": 16.0, "kind": "tanh"},
             "overlapping": {"distance": 1.0}},
    alt="The pull on the generator of three losses while D learns, and against the distance",
)

# %% tags=["claim:feature-matching-no-vanishing"]
convention(
    "feature-matching-no-vanishing",
    ("log10 of feature matching's pull, distance 8, leaky units",
     math.log10(pull("feature matching", "leaky ReLU", 8.0))),
    ("log10 of minimax's pull, the same D", math.log10(pull("minimax", "leaky ReLU", 8.0))),
    relation=">", tol=1.0, digits=1,
    under="the features do not saturate themselves (leaky units; with tanh the pull falls with the "
    "distance), and the comparison is with minimax: the non-saturating loss keeps its pull as "
    "well",
)

# %% [markdown]
# On the digits feature matching is the one trick of the second slide that visibly improves this DCGAN; the table of section 9.10 has its FID.
#
# ## 9.8 Historical averaging
#
# Add to *each* player's loss the squared distance between its parameters $\theta$ and the mean of their history,
#
# $$c\,\Bigl\lVert\theta - \frac1T\sum_{t=1}^{T}\theta_t\Bigr\rVert_2^2 .$$
#
# (The slide has $c = 1$.) The smallest game on which to see it: $\min_x\max_y\,xy$. From [notebook 8](08_vanilla_gan_optimality.ipynb): simultaneous gradient steps of length $h$ spiral *outwards*, by the factor $\sqrt{1+h^2}$ at each.
#
# ### Exercise 9.7 · One step of one player


# %% tags=["exercise:09.historical_step"]
def historical_step(theta, mean, t, gradient, rate, weight):
    """One gradient step with historical averaging: the new theta and the new mean, each of shape (d,).

    theta: the player's parameters, shape (d,). mean: the mean of the t values so far, theta among them.
    gradient: of the player's own loss at theta. The step descends the loss plus weight · ‖theta - mean‖² by
    `rate`; the mean counts as a constant. Then the new theta joins the history.
    """
    # region solution
    theta = theta - rate * (gradient + 2 * weight * (theta - mean))
    return theta, (t * mean + theta) / (t + 1)
    # endregion


historical_step = check("09.historical_step", historical_step)

# %% name="orbits"
WEIGHTS = [0.0, 0.02, 0.03, 0.05, 0.1, 0.5, 1.0, 5.0, 9.0, 9.9, 10.5]
RATES = [0.05, 0.1, 0.2]


def orbit(weights, rate, steps):
    """x and y at each step from (1, 0), for many weights at once: shape (steps + 1, 2, weights)."""
    place = np.stack([np.ones(len(weights)), np.zeros(len(weights))])
    mean, path = place.copy(), [place.copy()]
    for t in range(1, steps + 1):
        slope = np.stack([place[1], -place[0]])  # x descends xy, y climbs it
        place = place - rate * (slope + 2 * weights * (place - mean))
        mean = mean + (place - mean) / (t + 1)
        path.append(place)
    return np.stack(path)


def radius_after(weight, rate, steps=2000):
    """The distance from the solution (0, 0) after so many steps of the exercise's own function."""
    theta = [torch.tensor([1.0]), torch.tensor([0.0])]
    mean = [one.clone() for one in theta]
    for t in range(1, steps + 1):
        slopes = theta[1], -theta[0]
        moved = [historical_step(theta[k], mean[k], t, slopes[k], rate, weight) for k in (0, 1)]
        theta, mean = ([torch.as_tensor(one[k]).reshape(1) for one in moved] for k in (0, 1))
    return float(torch.cat(theta).norm())


after = {c: radius_after(c, 0.1) for c in (0.0, 0.02, 0.05, 1.0)}
with np.errstate(over="ignore", invalid="ignore"):  # some weights are far too large
    ORBITS = {rate: orbit(np.array(WEIGHTS), rate, 2000) for rate in RATES}

# %% name="predict-average" tags=["predict"]
predict(
    "09.average",
    "The game xy, steps of 0.1, from a distance of 1. Which weight c of historical averaging ends "
    "nearest to the solution after 2,000 steps?",
    choices=("c = 0.02", "c = 0.05", "c = 1"),
    answer=f"""c = 0.05: distance {after[0.05]:.4f}. With c = 0.02 the game still spirals outwards, to
    {after[0.02]:.1f} (c = 0: {after[0.0]:,.0f}), and with c = 1 the memory holds it back,
    {after[1.0]:.2f}: there the distance falls like t to the power -1/(1 + 4c²).""",
)

# %% name="orbit-picture" tags=["picture"]
def draw_orbit(view, c, rate, steps):
    path = ORBITS[rate][: steps + 1, :, WEIGHTS.index(c)]
    with np.errstate(over="ignore"):
        radius = np.hypot(*path.T)
    outside = np.flatnonzero(radius[: min(steps, 400) + 1] > 4)  # beyond the picture
    shown = path[: outside[0] if len(outside) else min(steps, 400) + 1]
    view["plane"].curve("orbit", *shown.T, color="q", style="solid", label="first 400 steps")
    view["plane"].scatter("start", [[1, 0]], color="p", size=8, label="start")
    view["plane"].scatter("solution", [[0, 0]], color="third", size=8, label="solution")
    thin = max(1, steps // 400)
    t, shown = np.arange(1, steps + 2)[::thin], np.clip(radius, 1e-6, 1e6)[::thin]
    view["radius"].curve("radius", t, shown, color="q", style="solid", label="distance")
    if c >= 0.5 and c * (1 - rate * c) > rate / 4:  # with less the power law begins later
        t = np.arange(max(steps // 10, 1), steps + 1)
        late = radius[-1] * (t / steps) ** (-1 / (1 + 4 * c * c))
        view["radius"].curve("power", t, late, color="third", style="dashed", label="t^(-1/(1 + 4c²))")
    view.readout("distance at the end", float(radius[-1]), ".3g")
    view.readout("c (1 - hc)", c * (1 - rate * c), ".4f")
    view.readout("must exceed h/4", rate / 4, ".4f")


explore(
    draw_orbit,
    panels=[
        Panel("plane", title="the game's path", xlabel="x", ylabel="y", xlim=(-3, 3), ylim=(-3, 3),
              aspect="equal"),
        Panel("radius", title="distance from the solution", xlabel="step", ylabel="distance", xscale="log",
              yscale="log", ylim=(1e-5, 1e6), xlim=(1, 2000)),
    ],
    c=Slider.of(WEIGHTS, value=0.0, label="c, weight of the average"),
    rate=Slider.of(RATES, value=0.1, label="h, length of a step"),
    steps=Slider.of([50, 200, 500, 1000, 2000], value=2000, label="steps"),
    presets={"too little": {"c": 0.02}, "enough": {"c": 0.05}, "much": {"c": 1.0}, "too much": {"c": 10.5}},
    alt="The path of the game xy with historical averaging, and its distance from the solution against "
    "the step",
)

# %% [markdown]
# Where is the limit? After many steps the mean hardly moves. Write $w = x + iy$: a step multiplies the deviation from a fixed mean by $(1 - 2hc) + ih$, whose squared modulus is $(1-2hc)^2 + h^2$. It is below 1 exactly if
#
# $$c\,(1 - hc) > \tfrac h4 .$$

# %% tags=["claim:historical-averaging"]
weights = np.linspace(0.02, 0.03, 101)  # all at once; x and y as one complex number
place, mean, steps = np.ones(101, dtype=complex), np.ones(101, dtype=complex), 20_000
for t in range(1, steps + 1):
    place = place - 0.1 * (-1j * place + 2 * weights * (place - mean))
    mean = mean + (place - mean) / (t + 1)
    if t == steps // 2:
        halfway = abs(place)
settles = weights[abs(place) < halfway]
closed = optimize.brentq(lambda c: c * (1 - 0.1 * c) - 0.1 / 4, 0, 1)
convention(
    "historical-averaging",
    ("smallest weight c with which the game xy settles, in 20,000 steps", settles.min()),
    ("root of c(1 - hc) = h/4 at h = 0.1", closed),
    under="c(1 - hc) > h/4 in this game with steps h: for the slide's weight c = 1 that is h < 0.8. With "
    "less weight it does not steady the game, and more weight makes it slow",
    tol=2e-4, digits=3,
)
theta = torch.tensor([3.0, -1.0], requires_grad=True)
history = HistoricalAverage([theta])
with torch.no_grad():
    theta -= 1.0
(slope,) = torch.autograd.grad(0.5 * history.penalty(), theta)
print(f"the library's class, weight 0.5: gradient {slope.tolist()} at (2, -2) with the mean (3, -1)")

# %% [markdown]
# ## 9.9 One-sided label smoothing
#
# A sure discriminator has large logits. Tell it that a real image is real with probability $1 - \alpha$ only. *One-sided*: generated images keep the label 0.
#
# ### Exercise 9.8 · The best discriminator
#
# At a point $x$ the discriminator maximises $p\,[(1-\alpha)\log D + \alpha\log(1-D)] + q\log(1-D)$. What is the best $D$?


# %% tags=["exercise:09.smoothed_discriminator"]
def smoothed_discriminator(p, q, alpha):
    """The best D, shape (n,), at points where data have density p and generated points q (not both 0)."""
    # region solution
    return (1 - alpha) * p / (p + q)
    # endregion


smoothed_discriminator = check("09.smoothed_discriminator", smoothed_discriminator)

# %% tags=["claim:one-sided-label-smoothing"]
p_here, q_here, alpha = 0.35, 0.12, 0.15


def what_d_maximises(d):
    return p_here * ((1 - alpha) * math.log(d) + alpha * math.log(1 - d)) + q_here * math.log(1 - d)


search = optimize.minimize_scalar(
    lambda d: -what_d_maximises(d), bounds=(1e-6, 1 - 1e-6), method="bounded", options={"xatol": 1e-10}
)
holds(
    "one-sided-label-smoothing",
    ("(1 - α) p/(p + q)", smoothed_optimal_discriminator([p_here], [q_here], alpha)),
    ("the D that maximises the smoothed value, by search", search.x),
    tol=1e-6,
)

# %% [markdown]
# Why one-sided? With a label $\beta > 0$ for generated points the best discriminator is $D^* = \frac{(1-\alpha)p + \beta q}{p + q}$. Look at what pulls a generated point, the slope $\frac{d}{dx}\log D^*(x)$ of the
# non-saturating loss, for data $\mathcal N(0, 1)$ and generated points $\mathcal N(4, 1)$.

# %% name="smoothing"
axis = torch.linspace(-4, 8, 481)


def gaussian(x, mean):
    return torch.exp(-0.5 * (x - mean) ** 2) / math.sqrt(2 * math.pi)


def field(x, alpha, beta):
    """d/dx log D*, by automatic differentiation of the library's function."""
    x = x.clone().requires_grad_(True)
    best = smoothed_optimal_discriminator(gaussian(x, 0.0), gaussian(x, 4.0), alpha, beta)
    return torch.autograd.grad(best.log().sum(), x)[0]


at_four = {key: float(field(torch.tensor([4.0]), *key)[0]) for key in ((0.0, 0.0), (0.1, 0.0), (0.1, 0.1))}

# %% name="predict-smoothing" tags=["predict"]
predict(
    "09.smoothing",
    "At x = 4, in the middle of the generated points, the non-saturating field is about -4: towards the "
    "data. What does smoothing by 0.1 make of it: one-sided, two-sided?",
    choices=("both leave it", "one-sided leaves it, two-sided nearly kills it", "both nearly kill it"),
    answer=f"""Without smoothing {at_four[0.0, 0.0]:.4f}, one-sided {at_four[0.1, 0.0]:.4f}, two-sided
    {at_four[0.1, 0.1]:.4f}. log((1 - α) D*) differs from log D* by a constant, so one-sided smoothing
    cannot change the field of the BEST discriminator at all. With β the numerator keeps βq where there
    are no data, D* is nearly β there, flat, and a generated point has no reason to move.""",
)

# %% name="smoothing-picture" tags=["picture"]
def draw_smoothing(view, alpha, beta, x):
    p, q = gaussian(axis, 0.0), gaussian(axis, 4.0)
    d = smoothed_optimal_discriminator(p, q, alpha, beta)
    view["d"].fill("p", axis, p, color="p", alpha=0.25, label="data")
    view["d"].fill("q", axis, q, color="q", alpha=0.25, label="generated")
    if beta == 0:
        d = torch.as_tensor(smoothed_discriminator(p, q, alpha)).reshape(-1)
    view["d"].curve("d", axis, d, color="third", label="best D")
    plain = field(axis, 0.0, 0.0)
    view["field"].curve("plain", axis, plain, color="muted", style="dashed", label="without smoothing")
    view["field"].curve("field", axis, field(axis, alpha, beta), color="third", label="d/dx log D")
    here = float(field(torch.tensor([x]), alpha, beta)[0])
    view["field"].scatter("here", [[x, here]], color="accent", size=9)
    view.readout("field at x", here, ".4f")
    view.readout("largest D", float(d.max()), ".3f")
    view.readout("its logit", float(torch.logit(d.max())), ".1f")


explore(
    draw_smoothing,
    panels=[
        Panel("d", title="the best discriminator", xlabel="x", ylabel="density, probability", xlim=(-4, 8),
              ylim=(0, 1.05)),
        Panel("field", title="what pulls a generated point", xlabel="x", ylabel="slope, nats per unit",
              xlim=(-4, 8), ylim=(-4.5, 0.7)),
    ],
    alpha=Slider(0.0, 0.3, step=0.05, value=0.1, label="α: label of data is 1 - α"),
    beta=Slider(0.0, 0.3, step=0.05, value=0.0, label="β: label of generated points"),
    x=Slider(-2.0, 8.0, step=0.5, value=4.0, label="x, a generated point"),
    presets={"plain": {"alpha": 0.0}, "one-sided": {"alpha": 0.1}, "two-sided": {"alpha": 0.1, "beta": 0.1}},
    alt="The optimal discriminator for smoothed labels, and the slope of its logarithm",
)

# %% [markdown]
# So what is $\alpha$ for? For a $D$ that is not at its optimum: the largest sensible logit is $\log\frac{1-\alpha}{\alpha}$, and weights have no reason to grow beyond it.
#
# ### Exercise 9.9 · The discriminator's loss, from scores


# %% tags=["exercise:09.smoothed_loss"]
def smoothed_loss(real_scores, fake_scores, alpha):
    """The discriminator's cross-entropy in nats, one number: mean over real plus mean over generated points.

    Scores are logits of any shape. Real points have the label 1 - alpha, generated ones 0. It is trained
    with, so it needs a gradient, and it must stay finite for scores of ±900.
    """
    # region solution
    on_real = (1 - alpha) * functional.softplus(-real_scores) + alpha * functional.softplus(real_scores)
    return on_real.mean() + functional.softplus(fake_scores).mean()
    # endregion


smoothed_loss = check("09.smoothed_loss", smoothed_loss)

# %% [markdown]
# ## 9.10 All switches, three seeds
#
# Now the DCGAN again, on **your** two functions: `smoothed_loss` trains $D$, and with the toggle on `feature_matching` trains $G$.

# %% name="own-gan"
own = SwitchedGan(smoothed_loss=smoothed_loss, matching=feature_matching, feature_matching=True)

# %% name="own-live" tags=["picture"]
own_live = LiveTraining(
    own, draw_live, **training_screen("your feature matching", on=True),
    alt="Digits from a DCGAN that trains with the reader's own loss functions, their classes and the losses",
)
own_live.run(60, progress=False)
own_live

# %% [markdown]
# And the table: every setting with three seeds, 400 steps, learning rate $10^{-3}$, batches of 64; 500 images each, judged now.

# %% name="predict-table" tags=["predict"]
best = min(SETTINGS, key=lambda name: np.mean(fids[name]))
own_range = min(fids["DCGAN"]), max(fids["DCGAN"])
overlapping = [
    name for name in SETTINGS
    if name != "DCGAN" and min(fids[name]) <= own_range[1] and max(fids[name]) >= own_range[0]
]
predict(
    "09.table",
    "Eleven settings, three seeds each. How many of the ten changes to the DCGAN give FIDs that do NOT "
    "overlap with the DCGAN's own three?",
    number="changes",
    answer=f"""{10 - len(overlapping)}. The FIDs of these overlap with the DCGAN's:
    {"; ".join(overlapping) or "none"}. With three seeds nothing can be said about them. The smallest mean
    has: {best}.""",
)

# %% name="table-picture" tags=["picture"]
def draw_table(view, seed, order):
    by = fids if order == "FID" else {name: [-count for count in counts] for name, counts in found.items()}
    names = sorted(SETTINGS, key=lambda name: (np.mean(by[name]), np.mean(fids[name])))
    kept = range(3) if seed == "all" else [seed]
    for place, name in enumerate(names, start=1):
        color = "p" if name == "DCGAN" else "q"
        view["fid"].text(f"name {place}", 0.004, place + 0.15, name, size=9)
        view["fid"].scatter(name, [[fids[name][k], place] for k in kept], color=color, size=8, alpha=0.7)
        view["found"].scatter(name, [[found[name][k], place] for k in kept], color=color, size=8, alpha=0.7)
    view["fid"].vline("held-out", held_out_fid, style="dotted")
    view.readout("best on average", names[0])
    view.readout("FID of held-out digits (dotted)", held_out_fid, ".1f")


explore(
    draw_table,
    panels=[
        Panel("fid", title="FID: smaller is better", xlabel="FID (log scale)", ylabel="place", xscale="log",
              xlim=(0.003, 2000), ylim=(11.7, 0.3), legend=False, width=1.7),
        Panel("found", title="classes found, of 10", xlabel="classes", xlim=(0, 10.5), ylim=(11.7, 0.3),
              legend=False),
    ],
    size=(10, 5),
    seed=Choice({"all seeds": "all", "seed 0": 0, "seed 1": 1, "seed 2": 2}, label="seeds"),
    order=Choice({"by FID": "FID", "by classes": "found"}, label="sorted"),
    presets={"everything": {"seed": "all"}, "one seed": {"seed": 0}},
    alt="FID and classes found of eleven settings, one point for each of three seeds",
)

# %% name="table"
print(f"{'setting':>30}  {'FID, three seeds':>20}  {'classes found':>14}  {'FID like the DCGAN':>18}")
for name in sorted(SETTINGS, key=lambda name: np.mean(fids[name])):
    values = "  ".join(f"{value:5.0f}" for value in fids[name])
    counts = "  ".join(f"{count:2d}" for count in found[name])
    alike = "yes" if name in overlapping or name == "DCGAN" else "no"
    print(f"{name:>30}  {values:>20}  {counts:>14}  {alike:>18}")
slide = ", ".join(f"{value:.1f}" for value in paper_fid[0.5])
print(f"The DCGAN with the slide's rate and batch, 1,000 steps: FID {slide}")

# %% name="all-pictures" tags=["picture"]
browse({name: name for name in SETTINGS},
       presets={name: {"setting": name} for name in ("feature matching", "β₁ = 0.9", "no batch norm")})

# %% [markdown]
# ### Which sentences of the slides survive?
#
# | the slide | here |
# |---|---|
# | mean pooling instead of max pooling, strides *and* average pooling | no: a DCGAN has no pooling. With it, these digits come out about as well |
# | transposed convolutions in $G$ | yes; an even coverage by $k = 4$, not an even output |
# | batch normalisation prevents mode collapse | here yes, if $D$ is asked in the same kind of batch that it was trained on |
# | not at $D$'s input | yes: there it hides brightness and contrast from $D$; the images are worse, not lost |
# | small momentum | yes, at both learning rates |
# | smooth interpolation, vector arithmetic | arithmetic with means of several codes; smoothness is no evidence |
# | feature matching against vanishing gradients | yes if the features do not saturate; it is the trick that pays most here |
# | historical averaging steadies the game | above a weight that depends on the step; on the digits it does nothing that three seeds could show |
# | one-sided smoothing, its $D^*$ | exactly; it changes nothing for a generator that faces $D^*$ |
# | batch norm correlates the samples | fixed inputs strongly, samples drawn together by $-1/(m-1)$ |
# | virtual batch normalisation | yes: no coupling, for a second forward pass |
#
# ## 9.11 An open experiment
#
# The table turns one switch at a time. Switches interact: is the momentum 0.9 harmless under feature matching? Does smoothing rescue the network without batch normalisation? Does a $D$ with *no* batch normalisation and a $G$
# with it work? Write down what you expect and why, use three seeds, and compare with the spread of the DCGAN's own three. (`SwitchedGan(**switches)` takes every switch; 400 steps take some ten seconds on a CPU.)

# %% name="open-experiment"
experiment = SwitchedGan(momentum=0.9, feature_matching=True, seed=0)
STEPS_HERE = 20  # 400 for an answer
for _ in range(STEPS_HERE):
    experiment.step()
print(f"{experiment.steps} steps; the losses are finite: {experiment.is_finite()}")

# %% [markdown]
# ## What to remember
#
# - A trick has a *reason*, and the reason says when it helps. Turn it off, with several seeds, before you believe in it.
# - A transposed convolution is the transpose of a strided one. The stride should divide the kernel, so that all pixels are covered alike, in $G$ and in $D$'s gradients; flat it is only after resize and convolve.
# - Batch normalisation makes an image depend on its neighbours. In $D$: real and generated images apart, or together in *both* players' steps, never mixed.
# - Virtual batch normalisation: the statistics of a fixed batch and the point itself; outputs are bounded by $\sqrt m$, and no neighbour matters.
# - A momentum remembers gradients from before the opponent moved.
# - Feature matching needs features that do not saturate. One-sided smoothing leaves $D^*$'s field alone, two-sided kills it. Historical averaging needs $c(1 - hc) > h/4$, and more is slower.
#
# ## References
#
# - R. Isachenko, *Deep Generative Models*, 2021, lecture 9: "Deep Convolutional GAN", "Improved techniques for training GANs".
# - A. Radford, L. Metz, S. Chintala, *Unsupervised representation learning with deep convolutional generative adversarial networks*, 2015, arXiv:1511.06434.
# - T. Salimans et al., *Improved techniques for training GANs*, 2016, arXiv:1606.03498.
# - S. Ioffe, C. Szegedy, *Batch normalization*, 2015, arXiv:1502.03167.
# - A. Odena, V. Dumoulin, C. Olah, *Deconvolution and checkerboard artifacts*, 2016, doi:10.23915/distill.00003.
# - I. Goodfellow, *NIPS 2016 tutorial: generative adversarial networks*, arXiv:1701.00160: why smoothing is one-sided, and what batch normalisation does to a minibatch.
#
# Next: [optimal transport](10_optimal_transport.ipynb), another distance than the one $D$ measures.
