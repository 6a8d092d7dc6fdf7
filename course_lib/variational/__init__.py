"""How likelihood models are trained and understood: mean field, evidence bounds, priors, flows."""

from course_lib.variational import priors
from course_lib.variational.autoregressive import AutoregressiveFlow
from course_lib.variational.clutter import ClutterPosterior, clutter_posterior
from course_lib.variational.coupling import AffineCoupling
from course_lib.variational.dequantization import cell_log_prob, uniform_dequantization_bound
from course_lib.variational.evidence import (
    GridEvidence,
    ImportanceBound,
    evidence_on_grid,
    importance_weighted_bound,
)
from course_lib.variational.fit import fit_posteriors, fit_prior, fit_vae
from course_lib.variational.latent_flow import FlowStack
from course_lib.variational.linear_regression import VariationalRegression, variational_linear_regression
from course_lib.variational.linear_vae import LinearVaeOptimum, linear_vae_optimum
from course_lib.variational.mean_field import mean_field_gaussian
from course_lib.variational.priors import AggregatedPosterior, MixturePrior, StandardNormal, VampPrior
from course_lib.variational.surgery import ElboSurgery, elbo_surgery
from course_lib.variational.vae import VAE, ElboTerms, elbo

__all__ = [
    "VAE",
    "AffineCoupling",
    "AggregatedPosterior",
    "AutoregressiveFlow",
    "ClutterPosterior",
    "ElboSurgery",
    "ElboTerms",
    "FlowStack",
    "GridEvidence",
    "ImportanceBound",
    "LinearVaeOptimum",
    "MixturePrior",
    "StandardNormal",
    "VampPrior",
    "VariationalRegression",
    "cell_log_prob",
    "clutter_posterior",
    "elbo",
    "elbo_surgery",
    "evidence_on_grid",
    "fit_posteriors",
    "fit_prior",
    "fit_vae",
    "importance_weighted_bound",
    "linear_vae_optimum",
    "mean_field_gaussian",
    "priors",
    "uniform_dequantization_bound",
    "variational_linear_regression",
]
