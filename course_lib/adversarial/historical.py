"""Historical averaging: parameters are drawn to the mean of what they were."""

import torch
from torch import Tensor

from course_lib import checks

__all__ = ["HistoricalAverage"]


class HistoricalAverage:
    """The mean of a player's earlier parameters, and the price of being away from it.

    The price is ||theta - (1/T) sum_t theta_t||^2 over all of a player's numbers. At each step add it (times a weight)
    to the player's loss, and call ``update`` after the optimiser's step:

    >>> theta = torch.tensor([3.0], requires_grad=True)
    >>> history = HistoricalAverage([theta])
    >>> with torch.no_grad():
    ...     _ = theta.sub_(2.0)
    >>> history.penalty().item()
    4.0
    >>> history.update()
    >>> [one.tolist() for one in history.mean]
    [[2.0]]

    Args:
        parameters: the player's tensors, ``network.parameters()``; their present values are the first of the history.

    Attributes:
        mean: the mean of the T values so far, one tensor for each parameter, without a graph.
        count: T.

    Raises:
        ValueError: no tensors of floating point numbers.

    Source: I21 Improved techniques for training GANs; Salimans et al. 2016, arXiv:1606.03498.
    """

    def __init__(self, parameters):
        wanted = "a network's parameters: tensors of floating point numbers"
        self.parameters = checks.items("parameters", parameters, wanted)
        good = all(isinstance(one, Tensor) and one.is_floating_point() for one in self.parameters)
        if not self.parameters or not good:
            raise checks.refuse("parameters", wanted, parameters)
        for one in self.parameters:
            checks.finite("parameters", one, keep=True)
        self.mean = [one.detach().clone() for one in self.parameters]
        self.count = 1

    def penalty(self) -> Tensor:
        """||theta - mean||^2, a scalar with a gradient to the parameters, 2 (theta - mean)."""
        distances = [
            (one - mean).square().sum() for one, mean in zip(self.parameters, self.mean, strict=True)
        ]
        return sum(distances[1:], distances[0])

    @torch.no_grad()
    def update(self) -> None:
        """Adds the present parameters to the history."""
        self.count += 1
        for one, mean in zip(self.parameters, self.mean, strict=True):
            mean.lerp_(one.detach(), 1 / self.count)
