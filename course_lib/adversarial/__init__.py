"""Adversarial training: losses on scores, penalties, the alternating game and how many modes it reaches."""

from types import MappingProxyType

from course_lib.adversarial.f_gan_losses import f_gan
from course_lib.adversarial.feature_matching import feature_matching_loss
from course_lib.adversarial.game import AdversarialGame, fit
from course_lib.adversarial.historical import HistoricalAverage
from course_lib.adversarial.kernel_ratio import KernelRatio, ulsif
from course_lib.adversarial.label_smoothing import smoothed_optimal_discriminator
from course_lib.adversarial.losses import AdversarialLoss, game_value, minimax, non_saturating, wgan
from course_lib.adversarial.modes import ModeReport, count_modes
from course_lib.adversarial.noisy_inputs import NoisyInputs
from course_lib.adversarial.penalties import (
    clip_weights,
    gradient_penalty,
    input_gradient,
    lipschitz_estimate,
    zero_centred_penalty,
)
from course_lib.adversarial.ratio_losses import RatioLoss, all_ratio_losses
from course_lib.adversarial.updates import (
    DiscriminatorUpdate,
    GeneratorUpdate,
    update_discriminator,
    update_generator,
)
from course_lib.adversarial.virtual_batch_norm import VirtualBatchNorm
from course_lib.divergences.family import F_DIVERGENCES

__all__ = [
    "ADVERSARIAL_LOSSES",
    "RATIO_LOSSES",
    "AdversarialGame",
    "AdversarialLoss",
    "DiscriminatorUpdate",
    "GeneratorUpdate",
    "HistoricalAverage",
    "KernelRatio",
    "ModeReport",
    "NoisyInputs",
    "RatioLoss",
    "VirtualBatchNorm",
    "clip_weights",
    "count_modes",
    "f_gan",
    "feature_matching_loss",
    "fit",
    "game_value",
    "gradient_penalty",
    "input_gradient",
    "lipschitz_estimate",
    "smoothed_optimal_discriminator",
    "ulsif",
    "update_discriminator",
    "update_generator",
    "zero_centred_penalty",
]

ADVERSARIAL_LOSSES = MappingProxyType(
    {loss.name: loss for loss in (minimax, non_saturating, wgan, *map(f_gan, F_DIVERGENCES))}
)
"""Every pair of losses by name; both members are minimised."""

RATIO_LOSSES = MappingProxyType(all_ratio_losses())
"""Every loss for a density ratio by name: "class_probability", "least_squares", "f:<kind>"; all are minimised."""
