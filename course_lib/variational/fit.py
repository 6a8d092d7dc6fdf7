"""Training of a VAE; of a prior for a VAE that stays as it is; of single posteriors without an encoder."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from course_lib import checks
from course_lib.device import trained_on
from course_lib.training import train
from course_lib.variational import model_inputs
from course_lib.variational.against_prior import log_density, usable_prior
from course_lib.variational.diagonal import check_posteriors, kl_to_standard_normal, reparameterize
from course_lib.variational.vae import VAE, elbo

__all__ = ["fit_posteriors", "fit_prior", "fit_vae"]


def fit_vae(
    vae: VAE,
    x: Tensor,
    steps: int,
    *,
    beta: float = 1.0,
    batch: int = 128,
    rate: float = 3e-3,
    seed: int = 0,
    snapshots: Sequence[int] = (),
    loss: Callable[[VAE, Tensor, torch.Generator], Tensor] | None = None,
    progress: str | bool = "training",
) -> list[tuple[int, dict[str, Tensor]]]:
    """Adam on the negative ELBO for a fixed number of steps; the rate falls to zero along half a cosine.

    Args:
        vae: trained in place, on ``get_device()``.
        x: shape (n, D), the training images only; from 0 to 1 for a Bernoulli decoder.
        steps: how many minibatches of ``batch`` images, drawn with replacement.
        beta: the weight of the KL term.
        rate: the learning rate.
        snapshots: the steps after which the weights are copied, from 0 (before the first) to ``steps``.
        loss: ``loss(vae, images, generator)`` in place of the negative mean of ``elbo``.
        progress: the label of the progress bar; False shows none.

    Returns:
        (step, state dict) for each of the snapshots, in order.

    Raises:
        ValueError: pixels outside [0, 1] under a Bernoulli decoder, NaN, a setting that is none.
    """
    checks.module("vae", model_inputs.model("vae", vae))
    x = model_inputs.images("x", x, vae, ("...", "n", "D"))
    steps, batch = checks.integer("steps", steps, 0), checks.integer("batch", batch, 1)
    checks.number("beta", beta, 0)
    generator, rate = _seeded(seed), checks.number("rate", rate, 0)
    wanted, kept = (
        {checks.integer("snapshots", s, 0, steps) for s in checks.items("snapshots", snapshots)},
        [],
    )
    if loss is not None:
        checks.function("loss", loss, "a function of the model, images and a generator, or None")

    def keep(step: int) -> None:
        if step in wanted:
            kept.append((step, {name: weight.cpu().clone() for name, weight in vae.state_dict().items()}))

    def negative(images: Tensor) -> Tensor:
        return (
            loss(vae, images, generator)
            if loss
            else -elbo(vae, images, beta=beta, generator=generator).value.mean()
        )

    with trained_on(vae) as device:
        x = x.to(device)
        update = _updater(vae.parameters(), rate, steps)

        def step(index: int) -> Tensor:
            value = negative(x[torch.randint(len(x), (batch,), generator=generator).to(device)])
            update(value)
            keep(index + 1)
            return value

        keep(0)
        train(step, steps, progress=progress)
    return kept


def fit_prior(
    prior,
    mean: Tensor,
    logvar: Tensor,
    steps: int,
    *,
    batch: int = 512,
    rate: float = 3e-2,
    seed: int = 0,
    log_prob: Callable | None = None,
    progress: str | bool = False,
):
    """Maximises E_{q_agg}[log p(z|λ)] over a prior's parameters: the one term of the ELBO that has the prior in it.

    Args:
        prior: a module whose parameters are λ; trained in place and returned. After each step its ``project_()``
            is called where it has one.
        mean, logvar: shape (n, d), the training posteriors, which stay as they are.
        rate: the learning rate.
        log_prob: ``log_prob(prior, z)`` in place of ``prior.log_prob(z)``.

    Raises:
        ValueError: a prior without parameters or of another size, posteriors that are none, a setting that is none.
    """
    mean, logvar = (part.detach() for part in check_posteriors(mean, logvar, keep=True))
    if not any(True for _ in checks.module("prior", prior).parameters()):
        raise checks.refuse("prior", "a prior with parameters to fit", prior)
    if log_prob is None:
        usable_prior(prior, mean.shape[1])
    else:
        checks.function("log_prob", log_prob, "a function of the prior and points, or None")
    steps, batch = checks.integer("steps", steps, 0), checks.integer("batch", batch, 1)
    generator, rate = _seeded(seed), checks.number("rate", rate, 0)
    with trained_on(prior) as device:
        mean, logvar = mean.to(device), logvar.to(device)
        update = _updater(prior.parameters(), rate, steps)

        def step(_: int) -> Tensor:
            rows = torch.randint(len(mean), (batch,), generator=generator).to(device)
            z = reparameterize(mean[rows], logvar[rows], generator=generator)
            value = -(log_prob(prior, z) if log_prob else log_density(prior, z)).mean()
            update(value)
            if hasattr(prior, "project_"):
                prior.project_()
            return value

        train(step, steps, progress=progress)
    return prior


def fit_posteriors(
    vae: VAE,
    x: Tensor,
    steps: int = 150,
    *,
    starts: Sequence[Tensor] = (),
    samples: int = 16,
    rate: float = 3e-2,
    seed: int = 0,
    progress: str | bool = False,
) -> tuple[Tensor, Tensor]:
    """The best diagonal Gaussian for each image by itself; the decoder stays as it is.

    What the ELBO gains is the encoder's part of the gap (the amortisation gap); what is left is the price of the
    Gaussian family (I22 VAE limitations: "poor variational posterior distribution").

    Args:
        x: shape (n, D); from 0 to 1 for a Bernoulli decoder.
        starts: means of shape (n, d), from each of which the search starts too. It always starts from the
            encoder's answer, but where a posterior has several modes that may lead to a lesser one.
        samples: draws for each image at each step.
        rate: the learning rate.

    Returns:
        mean, logvar: shape (n, d), for each image the best of all results and of the encoder's own answer, by the
        ELBO on one common set of draws.
    """
    x = model_inputs.batch("x", x, model_inputs.model("vae", vae))
    steps, samples = checks.integer("steps", steps, 0), checks.integer("samples", samples, 1)
    rate = checks.number("rate", rate, 0)
    _seeded(seed)
    starts = [model_inputs.latents("starts", s, vae, (len(x),)) for s in checks.items("starts", starts)]
    before = x.device
    with trained_on(vae) as device:
        x = x.to(device)
        with torch.no_grad():
            own = vae.encode(x)
        found = [own]
        for start in (own, *((mean.to(device), own[1]) for mean in starts)):
            found.append(_search(vae, x, start, steps, samples, rate, seed, progress))
        with torch.no_grad():
            values = torch.stack(
                [_bound(vae, x, *pair, 256, torch.Generator().manual_seed(seed + 1)) for pair in found]
            )
            which = values.argmax(0)[None, :, None]
            best = [torch.stack(parts).take_along_dim(which, 0)[0] for parts in zip(*found, strict=True)]
    return best[0].to(before), best[1].to(before)


def _search(vae, x, start, steps, samples, rate, seed, progress):
    mean, logvar = (part.detach().clone().requires_grad_() for part in start)
    generator = torch.Generator().manual_seed(seed)
    update = _updater([mean, logvar], rate, steps)

    def step(_: int) -> Tensor:
        value = -_bound(vae, x, mean, logvar, samples, generator).sum()
        update(value)
        return value.detach()

    train(step, steps, progress=progress)
    return mean.detach(), logvar.detach()


def _bound(vae, x, mean, logvar, draws, generator):
    z = reparameterize(mean, logvar, draws, generator=generator)
    return vae.log_likelihood(x, z).mean(0) - kl_to_standard_normal(mean, logvar)


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(checks.integer("seed", seed, 0, 2**32 - 1))


def _updater(parameters, rate: float, steps: int) -> Callable[[Tensor], None]:
    """One step of Adam with a cosine schedule on a loss; other parameters that the loss reaches get no gradient."""
    parameters = list(parameters)
    fused = all(parameter.device.type in ("cpu", "cuda") for parameter in parameters)
    optimiser = torch.optim.Adam(parameters, lr=rate, fused=fused)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, steps))

    def update(loss: Tensor) -> None:
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = gradient
        optimiser.step()
        schedule.step()

    return update
