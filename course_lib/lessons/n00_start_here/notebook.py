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
import math
from fractions import Fraction

import torch
from IPython.display import Markdown

from course_lib.catalog import lessons_table
from course_lib.claims import ledger_counts
from course_lib.exercises import check, hint, owner, predict, progress
from course_lib.widgets import Panel, Slider, explore

# %% [markdown]
# ## A picture that you can move
#
# **Predict, then move.** Before a picture the text asks what will happen. Commit to an answer with one click, *then* move the slider: a picture that you
# have not questioned teaches little. A prediction is not marked. Run each cell with Shift + Enter (the code of pictures is folded: click on the three dots
# to see it), then take the handle with the mouse, or click on it and use the arrow keys.
#
# A biased coin falls heads with probability $a$. An outcome of probability $p$ surprises by $-\log p$, so the coin surprises on average by its *entropy*
# $-a\log a-(1-a)\log(1-a)$. With the natural logarithm it is measured in *nats*; one bit is $\log 2\approx 0.693$ nats.

# %% name="predict-highest" tags=["predict"]
predict(
    "00.highest",
    "Which coin surprises most on average?",
    choices=("one that almost always falls heads", "a fair one", "all the same"),
    answer=f"A fair one, by log 2 = {math.log(2):.4f} nats. A coin that almost always falls heads surprises "
    "greatly when it does not, but that is rare: towards both ends the entropy goes to 0.",
)

# %% name="coin" tags=["picture"]
def coin(view, a):
    heads = torch.linspace(1e-6, 1 - 1e-6, 201)
    entropy = -(heads * heads.log() + (1 - heads) * (1 - heads).log())
    here = float(-(a * torch.log(torch.tensor(a)) + (1 - a) * torch.log(torch.tensor(1 - a))))
    view["coin"].bars("coin", ["heads", "tails"], [a, 1 - a], color="p")
    view["entropy"].curve("entropy", heads, entropy, color="q", label="average surprise")
    view["entropy"].scatter("here", [[a, here]], color="accent", size=10)
    view.readout("entropy of this coin, in nats", here)
    view.readout("log 2", math.log(2))


explore(
    coin,
    panels=[
        Panel("coin", title="the coin", ylabel="probability", ylim=(0, 1), width=0.6, legend=False),
        Panel("entropy", title="entropy", xlabel="a, the probability of heads", ylabel="nats",
              xlim=(0, 1), ylim=(0, 0.8)),
    ],
    a=Slider(0.01, 0.99, step=0.01, value=0.9, label="a: heads"),
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
# - An answer that loops for ever is stopped after a few seconds. Code that never gives the interpreter back (`9**9**9`, or an unlucky regular expression)
#   cannot be stopped from inside: choose *Kernel*, *Restart Kernel* in the menu, mend the cell, and run the notebook again from the top. Nothing is lost:
#   what you wrote stands in the notebook, and your progress is kept outside it.

# %% tags=["exercise:00.entropy"]
def entropy(p):
    """Entropy in nats of a probability vector p.

    p is a tensor of shape (n,) whose entries sum to 1; 0 log 0 counts as 0.
    """
    # region solution
    return -torch.where(p > 0, p * p.log(), 0.0).sum()
    # endregion


entropy = check("00.entropy", entropy)

# %% [markdown]
# The function at work, and the picture says whose it is. Three outcomes: the slider fixes the probability of the first, the curve shows the entropy for
# each way to share the rest between the other two, and the bars show the distribution with the largest entropy among these.

# %% name="predict-three" tags=["predict"]
predict(
    "00.three",
    "Which distribution on three outcomes has the largest entropy of all?",
    choices=("one outcome certain", "two equally likely, the third impossible", "all three equally likely"),
    answer=f"All three equally likely: log 3 = {math.log(3):.4f} nats, where the slider stands at 1/3. "
    "Whatever the first probability is, the rest is best shared evenly.",
)

# %% name="triangle" tags=["picture"]
def triangle(view, first):
    second = torch.linspace(0.0, 1 - first, 101, dtype=torch.float64)
    rest = (1 - first - second).clamp(min=0.0)
    distributions = torch.stack([torch.full_like(second, first), second, rest], dim=1)
    values = [float(entropy(distribution)) for distribution in distributions]
    best = max(range(101), key=values.__getitem__)
    highest = [[float(second[best]), values[best]]]
    view["curve"].curve("entropy", second, values, color="q")
    view["curve"].scatter("best", highest, color="accent", size=10, label="largest")
    view["bars"].bars("distribution", ["first", "second", "third"], distributions[best], color="p")
    view.readout("largest entropy", values[best])
    view.readout("log 3", math.log(3))
    view["curve"].title(f"entropy, by {owner(entropy)}")


explore(
    triangle,
    panels=[
        Panel("bars", title="at the largest entropy", ylabel="probability",
              ylim=(0, 1), width=0.7, legend=False),
        Panel("curve", title="entropy", xlabel="probability of the second outcome", ylabel="nats",
              xlim=(0, 1), ylim=(0, 1.2)),
    ],
    first=Slider.of({str(Fraction(k, 12)): k / 12 for k in range(12)}, value=1 / 12,
                    label="probability of the first outcome"),
    alt="Entropy of three outcomes as a function of the second probability, and as bars the distribution of "
    "largest entropy",
)

# %% [markdown]
# ## The lectures and the notebooks
#
# The notebooks can be read on their own; the order is that of the ideas. Those without a link are still being written.

# %% name="lessons"
lessons_table()

# %% [markdown]
# ## What is confirmed
#
# The statements of the lectures that can be checked are confirmed one by one with two numbers, or corrected: some formulas on the slides are wrong, and
# the course says so. The [ledger](ledger.ipynb) lists them all.

# %% name="so_far"
counts = ledger_counts()
Markdown(
    f"So far the notebooks have confirmed or corrected **{counts['confirmed']} of {counts['total']}** "
    f"statements: {counts['holds']} hold as printed, {counts['convention']} under a convention that is "
    f"named, and {counts['erratum']} are wrong as printed and corrected. {counts['open']} are still open."
)

# %% name="ledger" tags=["picture"]
def confirmed(view):
    kinds = ["holds", "convention", "erratum", "open"]
    labels = ["holds", "holds under\na convention", "erratum,\ncorrected", "still open"]
    colors = ["third", "accent", "q", "muted"]
    view.bars("claims", labels, [counts[kind] for kind in kinds], color=colors, values=".0f")
    view.readout("confirmed or corrected", counts["confirmed"], ".0f")
    view.readout("statements in the lectures", counts["total"], ".0f")


explore(
    confirmed,
    panels=[Panel("claims", ylabel="statements", ylim=(0, counts["total"]), legend=False)],
    size=(7, 3.2),
    alt="How many statements of the lectures hold, hold under a convention, are corrected, or are still open",
)

# %% [markdown]
# ## Your progress
#
# It is kept in a small file outside the notebooks, so it survives a restart, an update, and a notebook that you delete.

# %% name="progress"
progress()
