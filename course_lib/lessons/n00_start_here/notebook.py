# %% [markdown]
# # Start here
#
# *Ten minutes. Five lectures on generative models, to be moved, measured and tried.*
#
# In this course every theorem is a number that you can check, every divergence a slider that answers at once, and every exercise is marked the moment
# you run it. It follows five lectures:
#
# | code | lecture |
# |---|---|
# | **UL** | *GANs & VAEs*, handwritten notes on unsupervised learning (p. = page of the notes) |
# | **I21** | R. Isachenko, *Deep Generative Models*, lecture 9, Ozon Masters, spring 2021 |
# | **I22** | R. Isachenko, *Deep Generative Models*, lecture 8, AI Masters, autumn 2022 |
# | **I24** | R. Isachenko, *Deep Generative Models*, lecture 8, spring 2024 |
# | **U17** | D. Ulyanov, *Implicit generative models*, Deep Bayes 2017 |
#
# You need Python, a little probability (expectation, density, Gaussian) and a little PyTorch (tensors, gradients). You do not need a GPU or, from
# here on, a network.
#
# This is **your copy**: change what you like. An update of the course never overwrites what you wrote.

# %% name="setup"
import torch

from course_lib.claims import ledger_counts
from course_lib.exercises import check, hint, owner, progress
from course_lib.widgets import Panel, Slider, explore

# %% [markdown]
# ## A picture that you can move
#
# **Predict, then move.** Before each picture the text asks what will happen. Answer it, on paper or aloud, *then* move the slider: a picture that you have
# not questioned teaches little. Run the cell with Shift + Enter (the code of pictures is folded: click on the three dots to see it), then take the handle with
# the mouse, or click on it and use the arrow keys.
#
# A biased coin falls heads with probability $a$. How surprising is its outcome on average? Where is the curve highest, and what is its value at the ends?

# %% name="coin" tags=["picture"]
def coin(view, a):
    heads = torch.linspace(1e-6, 1 - 1e-6, 201)
    entropy = -(heads * heads.log() + (1 - heads) * (1 - heads).log())
    here = float(-(a * torch.log(torch.tensor(a)) + (1 - a) * torch.log(torch.tensor(1 - a))))
    view["coin"].bars("coin", ["heads", "tails"], [a, 1 - a], color="p")
    view["entropy"].curve("entropy", heads, entropy, color="q", label="average surprise")
    view["entropy"].scatter("here", [[a, here]], color="accent", size=10)
    view.readout("entropy of this coin, in nats", here)
    view.readout("log 2", 0.6931471805599453)


explore(
    coin,
    panels=[
        Panel("coin", title="the coin", ylabel="probability", ylim=(0, 1), width=0.6, legend=False),
        Panel("entropy", title="entropy", xlabel="a, the probability of heads", ylabel="nats", xlim=(0, 1), ylim=(0, 0.8)),
    ],
    a=Slider(0.01, 0.99, step=0.01, value=0.7, label="a: heads"),
    presets={"fair": {"a": 0.5}, "nearly certain": {"a": 0.99}},
    alt="A coin's two probabilities as bars, and its entropy as a curve with a point that follows the slider",
)

# %% [markdown]
# ## An exercise that marks itself
#
# Replace the line that raises `NotImplementedError` and run the cell. A card says at once whether you are right, and where it can, *which* mistake it was:
# try a wrong answer first, for example a logarithm to base 2 (`p.log2()`).
#
# - `hint("00.entropy")` gives a hint, and one more at each call.
# - When your function passes, the pictures below run on **your** code. Until then they run on the course's own, and the card says so.
# - Solved notebooks lie in the folder `solutions`.

# %% tags=["exercise:00.entropy"]
def entropy(p):
    """Entropy in nats of a probability vector p, a tensor of shape (n,) whose entries sum to 1; 0 log 0 counts as 0."""
    # region solution
    return -torch.where(p > 0, p * p.log(), 0.0).sum()
    # endregion


entropy = check("00.entropy", entropy)

# %% [markdown]
# The function at work, and the picture says whose it is: the entropy of three outcomes is largest where they are equally likely.

# %% name="triangle" tags=["picture"]
def triangle(view, first):
    second = torch.linspace(0.0, 1 - first, 101, dtype=torch.float64)
    laws = [torch.tensor([first, float(s), max(0.0, 1 - first - float(s))], dtype=torch.float64) for s in second]
    values = [float(entropy(law)) for law in laws]
    best = max(range(101), key=values.__getitem__)
    view["curve"].curve("entropy", second, values, color="q")
    view["curve"].scatter("best", [[float(second[best]), values[best]]], color="accent", size=10, label="largest")
    view["bars"].bars("law", ["first", "second", "third"], laws[best], color="p")
    view.readout("largest entropy", values[best])
    view.readout("log 3", 1.0986122886681098)
    view["curve"].title(f"entropy, by {owner(entropy)}")


explore(
    triangle,
    panels=[
        Panel("bars", title="the law of largest entropy", ylabel="probability", ylim=(0, 1), width=0.7, legend=False),
        Panel("curve", title="entropy", xlabel="probability of the second outcome", ylabel="nats",
              xlim=(0, 1), ylim=(0, 1.2)),
    ],
    first=Slider(0.0, 0.98, step=0.02, value=0.2, label="probability of the first outcome"),
    alt="Entropy of three outcomes as a function of the second probability, with the law of largest entropy as bars",
)

# %% [markdown]
# ## The lectures and the notebooks
#
# The notebooks can be read on their own; the order is that of the ideas. Those without a link are still being written.
#
# | notebook | what it shows | lectures |
# |---|---|---|
# | [1 · Mean field and the two directions of KL](01_mean_field_kl.ipynb) | which approximation is too narrow, and when one seeks a mode | UL p.10-16, I21 |
# | 2 · Variational Bayes and expectation propagation | a posterior approximated in both directions | UL p.17-19 |
# | 3 · The variational autoencoder | the ELBO, the reparameterisation, the decoder | UL p.19-23 |
# | [4 · ELBO surgery](04_elbo_surgery.ipynb) | what the KL term of a VAE is made of | I22 |
# | 5 · Flows in VAEs | dequantization, flow priors and flow posteriors | I22 |
# | 6 · Disentanglement | what can be learnt without labels, and what cannot | I21, I22 |
# | 7 · Learning without a likelihood | likelihood against sample quality, two-sample tests | I21, I22, U17 |
# | [8 · Vanilla GAN optimality](08_vanilla_gan_optimality.ipynb) | the optimal discriminator, and a GAN that you steer | UL p.2-9, I21, I22, I24 |
# | 9 · Training tricks | what feature matching, smoothing and normalisation do | I21 |
# | 10 · Optimal transport | plans, costs, duals | UL p.24-28, U17, I21 |
# | [11 · WGAN on disjoint supports](11_wgan_disjoint_supports.ipynb) | where KL and JS are blind and W sees | I24, UL p.24-30, I21 |
# | [12 · f-divergences and the f-GAN](12_f_gan.ipynb) | a family, its conjugates, its bound | I24, U17 |
# | 13 · Learning in implicit models | ratios, moments, kernels | U17 |
# | [14 · Judging samples](14_fid.ipynb) | Inception score, FID, and what they miss | I24 |
#
# ## What is confirmed
#
# The lectures make 280 statements that can be checked. The notebooks confirm them one by one with two numbers, or correct them: some formulas on the slides
# are wrong, and the course says so. The [ledger](ledger.ipynb) lists them all.

# %% name="ledger" tags=["picture"]
def confirmed(view):
    counts = ledger_counts()
    kinds = ["holds", "convention", "erratum", "open"]
    labels = ["holds", "holds under\na convention", "erratum,\ncorrected", "still open"]
    view.bars("claims", labels, [counts[kind] for kind in kinds], color=["third", "accent", "q", "muted"], values=".0f")
    view.readout("confirmed or corrected", counts["confirmed"], ".0f")
    view.readout("statements in the lectures", counts["total"], ".0f")


explore(
    confirmed,
    panels=[Panel("claims", ylabel="statements", ylim=(0, 280), legend=False)],
    size=(7, 3.2),
    alt="How many statements of the lectures hold, hold under a convention, are corrected, or are still open",
)

# %% [markdown]
# ## Your progress
#
# It is kept in a small file outside the notebooks, so it survives a restart, an update, and a notebook that you delete.

# %% name="progress"
progress()
