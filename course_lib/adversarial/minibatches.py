"""What networks, minibatches and losses are when they come as arguments: what this room asks more than once."""

from torch import Tensor, nn

from course_lib import checks

__all__ = ["batch", "loss_pair", "optimizer", "weight_of"]


def weight_of(*networks) -> Tensor | None:
    """A parameter of the first network that has one: its type and device are those of everything that goes in."""
    for network in networks:
        if isinstance(network, nn.Module):
            for parameter in network.parameters():
                if parameter.is_floating_point():
                    return parameter
    return None


def batch(name: str, value, *networks) -> Tensor:
    """Finite points of shape (n, ...) with two axes at least, in the type and on the device of the networks."""
    weight = weight_of(*networks)
    points = checks.finite(name, value, weight, keep=True)
    if points.ndim < 2 or points.numel() == 0:
        raise ValueError(
            f"{name}: expected points of shape (n, ...) with n at least 1, got shape {tuple(points.shape)}"
        )
    return points if weight is None else points.to(weight)


def loss_pair(name: str, value):
    """An ``AdversarialLoss`` or anything with its two functions."""
    return checks.methods(name, value, "ratio_loss", "generative_loss")


def optimizer(name: str, value):
    """An optimiser of torch, or anything that steps as one does."""
    checks.methods(name, value, "zero_grad", "step")
    if not isinstance(getattr(value, "param_groups", None), list):
        raise checks.refuse(name, "a torch.optim.Optimizer", value)
    return value
