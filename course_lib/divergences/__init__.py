"""How far apart two laws are: f-divergences, Gaussian closed forms, optimal transport, kernels."""

from course_lib.divergences.bound import variational_bound
from course_lib.divergences.f_divergence import FDivergence
from course_lib.divergences.family import F_DIVERGENCES
from course_lib.divergences.gaussian import gaussian_kl
from course_lib.divergences.integrals import all_divergences, divergence, divergence_with_error

__all__ = [
    "F_DIVERGENCES",
    "FDivergence",
    "all_divergences",
    "divergence",
    "divergence_with_error",
    "gaussian_kl",
    "variational_bound",
]
