"""One valid call of each function of ``course_lib.variational``."""

import math

import torch
from torch import nn
from torch.distributions import Categorical, MultivariateNormal, Normal, Poisson

from course_lib.networks import mlp
from course_lib.variational import (
    VAE,
    AffineCoupling,
    AggregatedPosterior,
    AutoregressiveFlow,
    FlowStack,
    MixturePrior,
    StandardNormal,
    VampPrior,
)

IMAGES = [[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]]
MEAN, LOGVAR = [[0.0, 1.0], [2.0, -1.0]], [[0.0, -1.0], [1.0, 0.0]]
COV = [[2.0, 1.0], [1.0, 3.0]]


def seeded():
    return torch.Generator().manual_seed(0)


def model():
    return VAE(mlp((3, 4), seed=1), mlp((2, 3), seed=2), 2)


def encode(images):
    return images[..., :2], images[..., 1:] - 1


def of_images(**more):
    return {"vae": model(), "x": IMAGES, **more}


def prior():
    return MixturePrior(MEAN, LOGVAR)


PRIORS = {
    "AggregatedPosterior": lambda: AggregatedPosterior(MEAN, LOGVAR),
    "MixturePrior": prior,
    "StandardNormal": lambda: StandardNormal(2),
    "VampPrior": lambda: VampPrior(encode, IMAGES),
}

FLOWS = {
    "AffineCoupling": lambda: AffineCoupling(2, seed=0),
    "AutoregressiveFlow": lambda: AutoregressiveFlow(2, seed=0),
    "FlowStack": lambda: FlowStack([AffineCoupling(2, seed=0), AutoregressiveFlow(2, kind="iaf", seed=1)]),
}

CALLS = {
    "AffineCoupling": lambda: {
        "size": 3, "hidden": (4,), "flip": True, "bound": 2.0, "seed": 0, "dtype": torch.float32
    },
    "AutoregressiveFlow": lambda: {
        "size": 3, "kind": "iaf", "hidden": (4,), "bound": 2.0, "seed": 0, "dtype": torch.float32
    },
    "AutoregressiveFlow.shift_and_log_scale": lambda: {"self": AutoregressiveFlow(2, seed=0), "x": MEAN},
    "FlowStack": lambda: {"flows": [AffineCoupling(2, seed=0)]},
    **{f"{name}.forward": lambda make=make: {"self": make(), "z": MEAN} for name, make in FLOWS.items()},
    **{f"{name}.{method}": lambda make=make: {"self": make(), "x": MEAN}
       for name, make in FLOWS.items() for method in ("inverse", "log_prob")},
    "cell_log_prob": lambda: {"law": Normal(0.0, 1.0), "x": [0.0, 3.0]},
    "uniform_dequantization_bound": lambda: {"law": Normal(0.0, 1.0), "x": [0.0, 3.0]},
    "VAE": lambda: {"encoder": mlp((3, 4)), "decoder": mlp((2, 3)), "latent_size": 2, "sigma": 0.5},
    "VAE.decode": lambda: {"self": model(), "z": MEAN},
    "VAE.encode": lambda: {"self": model(), "x": IMAGES},
    "VAE.log_likelihood": lambda: {"self": model(), "x": IMAGES, "z": MEAN},
    "VAE.sample": lambda: {"self": model(), "n": 3, "prior": prior(), "generator": seeded()},
    "AggregatedPosterior": lambda: {"mean": MEAN, "logvar": LOGVAR},
    "MixturePrior": lambda: {"mean": MEAN, "logvar": LOGVAR},
    "StandardNormal": lambda: {"size": 2},
    "VampPrior": lambda: {"encode": encode, "inputs": IMAGES},
    **{f"{name}.log_prob": lambda make=make: {"self": make(), "z": MEAN} for name, make in PRIORS.items()},
    **{f"{name}.sample": lambda make=make: {"self": make(), "n": 3, "generator": seeded()}
       for name, make in PRIORS.items()},
    "elbo": lambda: of_images(prior=prior(), generator=seeded()),
    "elbo_surgery": lambda: {
        "mean": MEAN, "logvar": LOGVAR, "prior": prior(), "samples": 3, "grid": 60, "generator": seeded()
    },
    "evidence_on_grid": lambda: of_images(points=20, prior=prior(), posteriors=(MEAN, LOGVAR)),
    "fit_posteriors": lambda: of_images(steps=1, starts=[MEAN], samples=2),
    "fit_prior": lambda: {
        "prior": prior(), "mean": MEAN, "logvar": LOGVAR, "steps": 1, "log_prob": lambda prior, z: prior.log_prob(z)
    },
    "fit_vae": lambda: of_images(
        steps=1, snapshots=[0], loss=lambda vae, x, generator: -vae.log_likelihood(x, vae.encode(x)[0]).mean(),
        progress=False,
    ),
    "clutter_posterior": lambda: {
        "y": [0.5, 2.0], "method": "ep", "weight": 0.4, "clutter_variance": 9.0, "prior_variance": 50.0, "damping": 0.5
    },
    "variational_linear_regression": lambda: {
        "X": [[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]],
        "y": [0.0, 1.0, 3.0],
        "noise_precision": 2.0,
        "shape": 1.0,
        "rate": 1.0,
    },
    "linear_vae_optimum": lambda: {"eigenvalues": [3.0, 1.0, 0.2], "sigma": 0.5, "latent_size": 2},
    "importance_weighted_bound": lambda: of_images(samples=2, prior=prior(), generator=seeded()),
    "mean_field_gaussian": lambda: {"mean": [0.0, 1.0], "cov": COV, "direction": "exclusive"},
}  # fmt: skip

RECORDS = {"ElboSurgery": "made by elbo_surgery"}

NO_PIXELS = [[[0.0, 255.0, 1.0]], [[-0.5, 0.0, 1.0]]]
NO_IMAGES = [*NO_PIXELS, [[0.0, 1.0], [1.0, 1.0]], [0.0, 1.0, 1.0]]
NO_PRIOR = [StandardNormal(3), MixturePrior([[0.0]], [[0.0]]), Normal(0.0, 1.0), nn.Linear(2, 1)]
NO_COVARIANCE = [[[1.0, 2.0], [2.0, 1.0]], [[1.0, 0.5], [0.0, 1.0]], [[1.0]]]
ON_IMAGES = ("elbo", "evidence_on_grid", "fit_posteriors", "importance_weighted_bound")

OUTSIDE = {
    ("AffineCoupling", "size"): [1],
    ("FlowStack", "flows"): [[], [nn.Linear(2, 2)], [AffineCoupling(2), AffineCoupling(3)], AffineCoupling(2)],
    **{(name, "law"): [Categorical(torch.ones(3)), Normal(torch.zeros(2), 1.0), MultivariateNormal(
        torch.zeros(2), torch.eye(2)), Poisson(2.0)] for name in ("cell_log_prob", "uniform_dequantization_bound")},
    ("VAE", "sigma"): [math.nan],
    ("VAE.decode", "z"): [[[1.0]], 1.0],
    ("VAE.encode", "x"): [[[1.0]]],
    ("VAE.log_likelihood", "x"): [*NO_PIXELS, [[0.0, 1.0]], IMAGES + IMAGES[:1]],
    ("VAE.log_likelihood", "z"): [[[1.0]]],
    **{(name, "x"): NO_IMAGES for name in ON_IMAGES},
    ("fit_vae", "x"): NO_PIXELS,
    **{(name, "prior"): NO_PRIOR for name in (
        "VAE.sample", "elbo", "elbo_surgery", "evidence_on_grid", "importance_weighted_bound")},
    ("fit_prior", "prior"): [StandardNormal(2)],
    **{(name, "vae"): [mlp((3, 4)), VAE] for name in (*ON_IMAGES, "fit_vae")},
    **{(name, "logvar"): [[[0.0, 1.0]], [[0.0], [1.0]]] for name in (
        "AggregatedPosterior", "MixturePrior", "elbo_surgery", "fit_prior")},
    ("VampPrior", "low"): [1.5],
    ("VampPrior", "high"): [-0.5],
    **{(f"{name}.log_prob", "z"): [[[1.0]], 1.0] for name in PRIORS},
    ("mean_field_gaussian", "cov"): [*NO_COVARIANCE, [[1.0, 1.0], [1.0, 1.0]]],
    ("elbo_surgery", "grid"): [7],
    ("evidence_on_grid", "points"): [1],
    ("evidence_on_grid", "posteriors"): [(MEAN,), (MEAN, [[0.0]]), (MEAN, "abc"), (MEAN, None), MEAN[0]],
    ("fit_posteriors", "starts"): [[[[1.0, 2.0]]], [None], ["abc"]],
    ("fit_vae", "snapshots"): [[2], [-1], [0.5], ["abc"]],
}  # fmt: skip

VALID = {
    **{(name, "hidden", "empty"): "a linear network" for name in ("AffineCoupling", "AutoregressiveFlow")},
    **{(f"{name}.{method}", "*", "axis"): "points in any number of axes" for name in FLOWS for method in (
        "forward", "inverse", "log_prob")},
    ("AutoregressiveFlow.shift_and_log_scale", "*", "axis"): "points in any number of axes",
    **{(name, "x", "axis"): "any shape" for name in ("cell_log_prob", "uniform_dequantization_bound")},
    **{(f"{name}.log_prob", "z", kind): "a density of points in any number of axes, at infinity as well" for name in
       PRIORS for kind in ("axis", "infinite", "empty")},
    **{(f"VAE.{name}", "*", "axis"): "points and images in any number of axes" for name in (
        "decode", "encode", "log_likelihood")},
    ("fit_vae", "x", "axis"): "images of any shape, for a loss of one's own",
    ("fit_vae", "snapshots", "empty"): "no snapshots",
    ("fit_posteriors", "starts", "empty"): "the encoder's answer alone",
    ("VampPrior", "inputs", "axis"): "images of any shape",
    **{("VampPrior", end, "none"): "no end on that side" for end in ("low", "high")},
    ("VampPrior", "low", "negative"): "any range",
    ("VampPrior", "low", "zero"): "any range",
    ("elbo", "beta", "zero"): "the reconstruction alone",
    ("fit_vae", "beta", "zero"): "the reconstruction alone",
    ("clutter_posterior", "weight", "zero"): "no clutter",
    **{(name, "rate", "zero"): "nothing moves" for name in ("fit_posteriors", "fit_prior", "fit_vae")},
    ("*", "seed", "zero"): "a seed",
    ("*", "steps", "zero"): "no steps",
    ("*", "progress", "text"): "what the bar says",
}  # fmt: skip
