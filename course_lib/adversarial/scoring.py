"""The scores of a minibatch of real and one of fake points: in one pass where that changes nothing, else in two."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from course_lib import checks
from course_lib.checks.given import given_to

__all__ = ["evaluating", "has_batch_statistics", "score_both", "try_out"]


def has_batch_statistics(network: nn.Module) -> bool:
    """Whether some layer makes a point's output depend on its batch: batch normalisation that is not in ``eval`` mode.

    Found are the layers of torch and others whose class has "BatchNorm" in its name.

    >>> has_batch_statistics(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)))
    True
    """
    return any(
        module.training or (isinstance(module, _BatchNorm) and module.running_mean is None)
        for module in network.modules()
        if isinstance(module, _BatchNorm) or "batchnorm" in type(module).__name__.lower()
    )


@contextlib.contextmanager
def evaluating(*networks: nn.Module) -> Iterator[None]:
    """Looks without leaving a trace: no gradients, no dropout, no batch statistics that are used or updated."""
    modules = [(module, module.training) for network in networks for module in network.modules()]
    try:
        for module, _ in modules:
            module.training = False
        with torch.no_grad():
            yield
    finally:
        for module, training in modules:
            module.training = training


def score_both(
    discriminator: nn.Module, real: Tensor, fake: Tensor, joint: bool | None = None
) -> tuple[Tensor, Tensor]:
    """The discriminator's scores of both minibatches.

    Small networks pay per call and not per point, so one pass is quicker. Under batch normalisation it is another
    game: normalised by the statistics of both halves together, each real point tells of the fake ones, and training
    fails. So a network with batch statistics gets two passes.

    Args:
        real, fake: shapes (m, ...) and (n, ...).
        joint: one pass or two; without it, one unless ``has_batch_statistics``.
    """
    if real.shape[1:] != fake.shape[1:]:
        raise ValueError(
            f"generator, noise: expected points of shape (n, {', '.join(map(str, real.shape[1:]))}), as real ones, "
            f"got shape {tuple(fake.shape)}"
        )
    if joint is None:
        joint = not has_batch_statistics(discriminator)
    if joint:
        return _scores(discriminator, torch.cat([real, fake])).split([len(real), len(fake)])
    return _scores(discriminator, real), _scores(discriminator, fake)


def _scores(discriminator: nn.Module, points: Tensor) -> Tensor:
    scores = given_to(discriminator, "real", points, "the discriminator")
    if scores.ndim == 0 or len(scores) != len(points):
        raise ValueError(
            f"discriminator: expected a score for each of {len(points)} points, got shape {tuple(scores.shape)}"
        )
    return scores


def try_out(generator: nn.Module, discriminator: nn.Module, data: Tensor, noise_size: int) -> None:
    """Whether two networks fit the data and one another: better said at once than in the middle of a step.

    Raises:
        ValueError: with the name of what does not fit.
    """
    with evaluating(generator, discriminator), torch.random.fork_rng(devices=[]):
        fake = given_to(generator, "noise_size", data.new_zeros(2, noise_size), "the generator")
        if fake.shape[1:] != data.shape[1:]:
            wanted = f"a network that makes points of shape {tuple(data.shape[1:])}, like those of data"
            raise checks.refuse("generator", wanted, fake)
        scores = given_to(discriminator, "data", data[[0, 0]], "the discriminator")
        if scores.ndim == 0 or len(scores) != 2:
            raise checks.refuse("discriminator", "a network that gives a score for each of 2 points", scores)
