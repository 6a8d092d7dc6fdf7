"""Instance noise: what a discriminator sees is blurred, so that two distributions overlap."""

import torch
from torch import Tensor, nn

from course_lib import checks
from course_lib.device import normal

__all__ = ["NoisyInputs"]


class NoisyInputs(nn.Module):
    """A discriminator that sees its input through Gaussian noise of standard deviation ``std``."""

    def __init__(self, network: nn.Module, std: float = 0.0, generator: torch.Generator | None = None):
        super().__init__()
        self.network = checks.module("network", network)
        self.std = checks.number("std", std, 0)
        self.generator = checks.generator("generator", generator)

    def forward(self, x: Tensor) -> Tensor:
        if self.std > 0:
            x = x + self.std * normal(x.shape, x, self.generator)
        return self.network(x)
