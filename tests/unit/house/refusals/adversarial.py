"""One valid call of each function of ``course_lib.adversarial``."""

import torch
from torch import nn

from course_lib.adversarial import (
    ADVERSARIAL_LOSSES,
    RATIO_LOSSES,
    AdversarialGame,
    VirtualBatchNorm,
    f_gan,
    ulsif,
)
from course_lib.networks import mlp

REAL, FAKE = [[0.0, 1.0], [2.0, 0.0], [1.0, 3.0]], [[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]
SCORES = [0.5, -1.0, 2.0]
LOSS = ADVERSARIAL_LOSSES["minimax"]


def seeded():
    return torch.Generator().manual_seed(0)


def networks():
    return {"generator": mlp((1, 2), seed=1), "discriminator": mlp((2, 3, 1), seed=2)}


def settings():
    return networks() | {"data": REAL, "noise_size": 1, "device": "cpu"}


def game(**more):
    return AdversarialGame(**settings(), **more)


def d_step(**more):
    two = networks()
    rule = torch.optim.SGD(two["discriminator"].parameters(), lr=0.1)
    return two | {"optimizer": rule, "real": REAL, "noise": [[0.5], [1.0]], "loss": LOSS, **more}


def g_step():
    two = networks()
    rule = torch.optim.SGD(two["generator"].parameters(), lr=0.1)
    return two | {"optimizer": rule, "noise": [[0.5], [1.0]], "loss": LOSS}


def critic():
    return mlp((2, 3, 1), seed=2)


CALLS = {
    "AdversarialGame": settings,
    "AdversarialGame.samples": lambda: {"self": game()},
    "AdversarialGame.scores": lambda: {"self": game(), "points": REAL},
    "AdversarialLoss": lambda: {
        "name": "own", "ratio_loss": LOSS.ratio_loss, "generative_loss": LOSS.generative_loss, "description": "mine"
    },
    "HistoricalAverage": lambda: {"parameters": [torch.tensor([1.0, 2.0]), torch.tensor([3.0])]},
    "KernelRatio.__call__": lambda: {"self": ulsif(REAL, FAKE, REAL, 1.0, 0.1), "x": FAKE},
    "NoisyInputs": lambda: {"network": critic(), "std": 0.5, "generator": seeded()},
    "RatioLoss": lambda: {
        "name": "own", "gain": torch.sigmoid, "price": torch.exp, "description": "mine"
    },
    "RatioLoss.ratio_loss": lambda: {
        "self": RATIO_LOSSES["f:kl"], "log_r_real": SCORES, "log_r_fake": SCORES
    },
    "VirtualBatchNorm": lambda: {"reference": REAL, "eps": 1e-3},
    "VirtualBatchNorm.forward": lambda: {"self": VirtualBatchNorm(REAL), "x": FAKE},
    "clip_weights": lambda: {"critic": critic(), "bound": 0.1},
    "count_modes": lambda: {"samples": REAL, "centres": FAKE, "std": 0.5},
    "f_gan": lambda: {"kind": "kl"},
    "feature_matching_loss": lambda: {"real_features": REAL, "fake_features": FAKE},
    "fit": lambda: {"game": game(), "steps": 1, "progress": False},
    "game_value": lambda: {"real_scores": SCORES, "fake_scores": SCORES},
    "gradient_penalty": lambda: {"critic": critic(), "real": REAL, "fake": FAKE, "generator": seeded()},
    "input_gradient": lambda: {"critic": critic(), "points": REAL},
    "lipschitz_estimate": lambda: {"critic": critic(), "points": REAL},
    "ulsif": lambda: {"x_p": REAL, "x_q": FAKE, "centres": REAL, "bandwidth": 1.0, "ridge": 0.1},
    "smoothed_optimal_discriminator": lambda: {
        "p_data": [0.5, 0.5], "p_model": [0.25, 0.75], "alpha": 0.25, "beta": 0.125
    },
    "update_discriminator": lambda: d_step(joint=True),
    "update_generator": g_step,
    "zero_centred_penalty": lambda: {"critic": critic(), "points": REAL},
}  # fmt: skip

RECORDS = {
    "DiscriminatorUpdate": "a protocol",
    "DiscriminatorUpdate.__call__": "a protocol",
    "GeneratorUpdate": "a protocol",
    "GeneratorUpdate.__call__": "a protocol",
    "KernelRatio": "made by ulsif",
    "ModeReport": "made by count_modes",
    "NoisyInputs.forward": "a network's own pass at each step, as of any torch.nn.Module",
}

WIDE = [[0.0, 1.0, 2.0], [1.0, 0.0, 2.0], [1.0, 0.0, 2.0]]
NO_CRITIC = [mlp((2, 3)), lambda points: points[:1], lambda points: "scores"]

OUTSIDE = {
    ("AdversarialGame", "generator"): [mlp((1, 3)), nn.Flatten(), nn.Linear],
    ("AdversarialGame", "discriminator"): [nn.Flatten(), nn.Linear],
    ("AdversarialGame", "data"): [[1.0, 2.0]],
    ("AdversarialGame", "noise_size"): [2],
    ("AdversarialGame", "betas"): [(0.5,), (0.5, 1.0), (-0.1, 0.9), 0.5],
    ("AdversarialGame", "loss"): [LOSS.ratio_loss],
    ("AdversarialGame.samples", "n"): [5000],
    ("AdversarialGame.scores", "points"): [WIDE],
    ("count_modes", "samples"): [WIDE],
    ("f_gan", "kind"): [f_gan("kl")],
    ("feature_matching_loss", "real_features"): [WIDE, SCORES],
    ("feature_matching_loss", "fake_features"): [WIDE, SCORES],
    ("smoothed_optimal_discriminator", "p_data"): [[-0.5, 0.5], [0.5, 0.2, 0.3]],
    ("smoothed_optimal_discriminator", "p_model"): [[-0.5, 0.5], [0.5, 0.2, 0.3]],
    ("smoothed_optimal_discriminator", "alpha"): [1.5],
    ("smoothed_optimal_discriminator", "beta"): [1.5],
    ("VirtualBatchNorm", "reference"): [SCORES],
    ("VirtualBatchNorm.forward", "x"): [WIDE, SCORES],
    **{(name, "critic"): NO_CRITIC for name in (
        "gradient_penalty", "input_gradient", "lipschitz_estimate", "zero_centred_penalty")},
    **{(name, "points"): [WIDE, SCORES] for name in (
        "input_gradient", "lipschitz_estimate", "zero_centred_penalty")},
    ("gradient_penalty", "real"): [WIDE, REAL[:2]],
    ("gradient_penalty", "fake"): [WIDE, FAKE[:2]],
    ("update_discriminator", "real"): [WIDE, SCORES],
    ("update_discriminator", "noise"): [REAL, SCORES],
    ("update_generator", "noise"): [REAL, SCORES],
    ("update_discriminator", "loss"): [LOSS.ratio_loss],
    ("update_generator", "loss"): [LOSS.ratio_loss],
}  # fmt: skip

VALID = {
    ("AdversarialGame", "seed", "zero"): "a seed",
    ("AdversarialGame", "lr_d", "zero"): "a discriminator that stands still",
    ("AdversarialGame", "lr_g", "zero"): "a generator that stands still",
    **{("AdversarialGame", name, "zero"): "none of it" for name in ("input_noise", "r1", "r2", "gp", "clip")},
    ("AdversarialLoss", "name", "text"): "any name will do",
    ("AdversarialLoss", "description", "text"): "any sentence will do",
    ("AdversarialLoss", "description", "range"): "none will do",
    ("NoisyInputs", "std", "zero"): "no noise",
    ("RatioLoss", "name", "text"): "any name will do",
    ("RatioLoss", "description", "text"): "any sentence will do",
    ("RatioLoss", "description", "range"): "none will do",
    ("RatioLoss.ratio_loss", "*", "axis"): "log ratios of any shape",
    ("RatioLoss.ratio_loss", "*", "infinite"): "a ratio of zero or infinity",
    ("VirtualBatchNorm", "reference", "axis"): "one image with one channel",
    ("smoothed_optimal_discriminator", "*", "zero"): "a label that is not smoothed",
    ("count_modes", "minimum_share", "zero"): "every mode is covered",
    ("fit", "progress", "text"): "what the bar says",
    ("fit", "steps", "zero"): "no rounds",
    ("game_value", "*", "axis"): "scores of any shape",
    ("game_value", "*", "infinite"): "a discriminator that is certain",
    ("gradient_penalty", "target", "zero"): "the slope that costs nothing may be none",
    ("ulsif", "ridge", "zero"): "no ridge where the bumps are independent",
    ("update_generator", "noise", "axis"): "noise of any shape that the generator takes",
}
