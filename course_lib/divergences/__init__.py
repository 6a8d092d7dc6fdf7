"""How far apart two distributions are: f-divergences, Gaussian closed forms, optimal transport, kernels."""

from course_lib.divergences.bound import variational_bound
from course_lib.divergences.convex_function import FDivergence
from course_lib.divergences.custom import f_divergence, register
from course_lib.divergences.entropic import sinkhorn
from course_lib.divergences.family import F_DIVERGENCES
from course_lib.divergences.frechet import frechet_distance
from course_lib.divergences.gaussian import gaussian_kl
from course_lib.divergences.gaussian_discrepancy import gaussian_mmd2
from course_lib.divergences.integrals import all_divergences, divergence, divergence_with_error
from course_lib.divergences.kernels import gaussian_kernel, linear_kernel, mmd2, polynomial_kernel
from course_lib.divergences.potentials import c_transform
from course_lib.divergences.transport import Dual, emd, emd_dual, pairwise_distances
from course_lib.divergences.wasserstein import wasserstein_1d

__all__ = [
    "F_DIVERGENCES",
    "Dual",
    "FDivergence",
    "all_divergences",
    "c_transform",
    "divergence",
    "divergence_with_error",
    "emd",
    "emd_dual",
    "f_divergence",
    "frechet_distance",
    "gaussian_kernel",
    "gaussian_kl",
    "gaussian_mmd2",
    "linear_kernel",
    "mmd2",
    "pairwise_distances",
    "polynomial_kernel",
    "register",
    "sinkhorn",
    "variational_bound",
    "wasserstein_1d",
]
