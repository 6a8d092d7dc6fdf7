"""A generator and the math module: a Python float comes back."""

import math


def entropy(p):
    return math.fsum(-x * math.log(x) for x in p.tolist() if x)
