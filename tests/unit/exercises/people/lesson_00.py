"""Wrong answers that people give to the exercise of lesson 00."""

import math

from torch.distributions import Categorical

NAMED = [
    # The bonus for exploration in policy gradients, added with the wrong sign.
    ("00.entropy", lambda p: (p * p.log()).sum(), "sign|turned round"),
    # The mean over the classes, where a library's reduction is left at its default.
    ("00.entropy", lambda p: -(p * p.log()).mean(), "mean"),
    ("00.entropy", lambda p: -(p * p.log()).nansum() / p.numel(), "mean"),
    # Entropy relative to that of the uniform distribution.
    ("00.entropy", lambda p: -(p * p.log()).nansum() / math.log(len(p)), "divided by log n"),
    # An unguarded logarithm of a class that never comes.
    ("00.entropy", lambda p: -(p * p.log()).sum(), "0 · log 0|NaN"),
    ("00.entropy", lambda p: -(p * p.log10()).nansum(), "base 10"),
    ("00.entropy", lambda p: (-(p * p.log()).nansum()).exp(), "exponential"),
    ("00.entropy", lambda p: -p * p.log().clamp(min=-1e9), "sum|entries|shape"),
]

UNNAMED = [
    # A small number inside the logarithm; the entropy of a certain event comes out negative.
    ("00.entropy", lambda p: -(p * (p + 1e-3).log()).sum(), "added|digits"),
    ("00.entropy", lambda p: Categorical(logits=p).entropy(), "logits"),
    ("00.entropy", lambda p: 1 - (p**2).sum(), "Gini|square"),
]
