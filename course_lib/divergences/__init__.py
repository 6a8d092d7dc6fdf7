"""How far apart two laws are: f-divergences, Gaussian closed forms, optimal transport, kernels."""

from course_lib.divergences.gaussian import gaussian_kl

__all__ = ["gaussian_kl"]
