"""What models, images and latents are as arguments: the questions that this room asks more than once."""

from torch import Tensor, nn

from course_lib import checks

__all__ = ["batch", "images", "latents", "model", "pixels", "posteriors"]

# Pixels that were computed in float32 may leave the unit interval by this.
_ROUNDING = 1e-6


def model(name: str, value):
    """A VAE, or an object that answers as one."""
    checks.methods(name, value, "encode", "log_likelihood")
    if not isinstance(getattr(value, "latent_size", None), int):
        raise checks.refuse(name, "a model with a latent_size", value)
    return value


def pixels(name: str, value, vae, shape: tuple[str, ...] = ("...", "D")) -> Tensor:
    """Finite images in the type and on the device of the model's weights."""
    weight = _weight(vae)
    x = checks.finite(name, value, weight, shape=shape, keep=True)
    if x.numel() == 0:
        raise ValueError(f"{name}: expected at least one image, got shape {tuple(x.shape)}")
    return x if weight is None else x.to(weight)


def images(name: str, value, vae, shape: tuple[str, ...] = ("...", "D")) -> Tensor:
    """``pixels`` that have a likelihood: from 0 to 1 for a Bernoulli decoder."""
    x = pixels(name, value, vae, shape)
    if getattr(vae, "likelihood", None) == "bernoulli":
        low, high = (end.item() for end in x.detach().aminmax())
        if low < -_ROUNDING or high > 1 + _ROUNDING:
            worst = high if high > 1 + _ROUNDING else low
            raise ValueError(
                f"{name}: expected numbers from 0 to 1, for which a Bernoulli decoder has a likelihood, got {worst:g}"
            )
    return x


def batch(name: str, value, vae) -> Tensor:
    """Images of shape (n, D)."""
    return images(name, value, vae, ("n", "D"))


def latents(name: str, value, vae, shape: tuple[str | int, ...] = ("...",)) -> Tensor:
    """Finite points of the model's latent space, shape (..., d), in the type and on the device of its weights."""
    weight = _weight(vae)
    z = checks.finite(name, value, weight, shape=(*shape, vae.latent_size), keep=True)
    if z.numel() == 0:
        raise ValueError(f"{name}: expected at least one point, got shape {tuple(z.shape)}")
    return z if weight is None else z.to(weight)


def posteriors(name: str, value, n: int, vae) -> tuple[Tensor, Tensor]:
    """A pair (mean, logvar), each of shape (n, d)."""
    pair = checks.items(name, value, "a pair (mean, logvar)")
    if len(pair) != 2:
        raise checks.refuse(name, "a pair (mean, logvar)", value)
    weight = _weight(vae)
    parts = [checks.finite(name, part, weight, shape=(n, vae.latent_size), keep=True) for part in pair]
    return tuple(parts if weight is None else [part.to(weight.device) for part in parts])


def _weight(vae) -> Tensor | None:
    """A parameter of the encoder or the decoder; the decoder's sigma may be of another type than they are."""
    for part in (getattr(vae, "encoder", None), getattr(vae, "decoder", None)):
        if isinstance(part, nn.Module):
            for parameter in part.parameters():
                if parameter.is_floating_point():
                    return parameter
    return None
