"""Trains the 55 VAEs of notebook 06 as one program and stores what they came to in runs.npz.

    python -m course_lib.lessons.n06_disentanglement.runs

About six minutes on one core. Eleven settings (``SETTINGS``) with five seeds each: within a seed all settings start
from the same weights and see the same minibatches with the same noise. Every model is 256-96-96-6 with ReLU and back,
a Bernoulli decoder, 3,000 steps of 64 of the 768 sprites. The weights of all models lie in one tensor per layer, so a
layer of all models is one batched matrix product. Keys of the archive, with r = 55 models in the order of ``order()``:

- ``mean`` (r, 768, 6) in float16, ``logvar`` (r, 768, 6) as whole sixteenths of a nat: the encoders' codes;
- ``terms`` (r, 5): reconstruction, average KL, mutual information, marginal KL, total correlation of q_agg, in nats;
- ``fine`` (r, 2): the share of the images' variation that the mean picture misses, in coarse and in fine waves;
- ``scores`` (r, 2, 7): the metrics of ``METRICS`` on the mean codes and on one draw of the codes;
- ``decoder/<name>/<weight>``: the decoders of ``TRAVERSED`` in float16.
"""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm.auto import tqdm

from course_lib.data.sprite_images import sprites
from course_lib.data.stored import load_stored
from course_lib.device import get_device
from course_lib.evaluation import (
    beta_vae_score,
    dci_disentanglement,
    factor_vae_score,
    mig,
    modularity,
    sap,
)
from course_lib.training import train
from course_lib.variational import elbo_surgery
from course_lib.variational.diagonal import mixture_log_prob, reparameterize

# Method and strength: beta of the beta-VAE; lambda (off the diagonal) of the two DIP-VAEs, which have beta = 1.
SETTINGS = (
    *(("beta", strength) for strength in (1, 2, 4, 8, 16)),
    *(("DIP-I", strength) for strength in (2, 10, 50)),
    *(("DIP-II", strength) for strength in (2, 10, 50)),
)
SEEDS = 5
LATENT, HIDDEN, STEPS, BATCH, RATE = 6, 96, 3000, 64, 2e-3
DIAGONAL = {
    "DIP-I": 10.0,
    "DIP-II": 1.0,
}  # lambda on the diagonal, in multiples of that off it, as in the paper
METRICS = {
    "BetaVAE": beta_vae_score,
    "FactorVAE": factor_vae_score,
    "MIG": mig,
    "DCI": partial(dci_disentanglement, trees=50),
    "Modularity": modularity,
    "SAP": partial(sap, form="svm"),
    "SAP (r2)": sap,
}
TRAVERSED = (("beta", 1, 1), ("beta", 8, 1), ("beta", 8, 2))  # the last two differ in their seed only


def order() -> list[tuple[str, int, int]]:
    """Method, strength and seed of each of the models, as they stand in the archive."""
    return [(method, strength, seed) for method, strength in SETTINGS for seed in range(SEEDS)]


def name_of(run: tuple[str, int, int]) -> str:
    """What a model is called: "beta 8, seed 1"."""
    return f"{run[0]} {run[1]}, seed {run[2]}"


class Stack:
    """VAEs with the same shape, whose weights are trained side by side.

    Args:
        seeds: one for each model; equal seeds start from equal weights.
    """

    def __init__(self, seeds, latent: int = LATENT, hidden: int = HIDDEN, pixels: int = 256):
        self.latent = latent
        device = get_device()
        sizes = ((pixels, hidden), (hidden, hidden), (hidden, 2 * latent))
        sizes += ((latent, hidden), (hidden, hidden), (hidden, pixels))
        drawn = {seed: _first_weights(sizes, seed) for seed in seeds}
        self.weights = [
            torch.stack([drawn[seed][k] for seed in seeds]).to(device) for k in range(2 * len(sizes))
        ]
        for weight in self.weights:
            weight.requires_grad_(True)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log-variances (r, n, latent) for images (r, n, pixels), or (n, pixels) for all of them."""
        out = _through(self.weights[:6], x.expand(len(self.weights[0]), *x.shape[-2:]))
        return out[..., : self.latent], out[..., self.latent :].clamp(-12, 4)

    def decode(self, z: Tensor) -> Tensor:
        """Logits (r, n, pixels) for codes (r, n, latent)."""
        return _through(self.weights[6:], z)


def _first_weights(sizes, seed: int) -> list[Tensor]:
    random = torch.Generator().manual_seed(seed)
    made = []
    for fan_in, fan_out in sizes:
        made.append(
            torch.randn(fan_in, fan_out, generator=random, dtype=torch.float32) * (1.6 / fan_in) ** 0.5
        )
        made.append(torch.zeros(1, fan_out, dtype=torch.float32))
    return made


def _through(weights: list[Tensor], x: Tensor) -> Tensor:
    for k in range(0, 6, 2):
        x = torch.baddbmm(weights[k + 1], x, weights[k])
        x = x.relu() if k < 4 else x
    return x


def covariances(mean: Tensor, logvar: Tensor | None = None) -> Tensor:
    """cov of the means (..., n, d); with log-variances that of the mixture of the posteriors: (..., d, d)."""
    centred = mean - mean.mean(-2, keepdim=True)
    found = centred.mT @ centred / mean.shape[-2]
    return found if logvar is None else found + torch.diag_embed(logvar.exp().mean(-2))


def penalty(covariance: Tensor, off: Tensor, diagonal: Tensor) -> Tensor:
    """off * (sum over i != j of C_ij^2) + diagonal * (sum of (C_ii - 1)^2), one number for each model."""
    own = covariance.diagonal(dim1=-2, dim2=-1)
    outside = covariance.square().sum((-2, -1)) - own.square().sum(-1)
    return off * outside + diagonal * (own - 1).square().sum(-1)


def bernoulli_loss(logits: Tensor, x: Tensor, mean: Tensor, logvar: Tensor) -> tuple[Tensor, Tensor]:
    """Minus the mean log-likelihood of images (..., n, pixels), and the mean KL to the prior, in nats: shape (...)."""
    missed = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1).mean(-1)
    return missed, (mean.square() + logvar.exp() - 1 - logvar).sum(-1).mean(-1) / 2


def losses(stack: Stack, x: Tensor, noise: Tensor, beta: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """What each model minimises, shape (r,): beta (r,), first and second (r, 2) the lambdas of DIP-I and DIP-II."""
    mean, logvar = stack.encode(x)
    logits = stack.decode(mean + (logvar / 2).exp() * noise)
    reconstruction, kl = bernoulli_loss(logits, x, mean, logvar)
    of_means, of_draws = covariances(mean), covariances(mean, logvar)
    return (
        reconstruction
        + beta * kl
        + penalty(of_means, *first.unbind(-1))
        + penalty(of_draws, *second.unbind(-1))
    )


def strengths(runs) -> tuple[Tensor, Tensor, Tensor]:
    """beta (r,) and the two lambdas of DIP-I and of DIP-II, (r, 2) each, for (method, strength, ...) of each model."""
    beta = torch.tensor([float(run[1]) if run[0] == "beta" else 1.0 for run in runs], dtype=torch.float32)
    pairs = []
    for name, multiple in DIAGONAL.items():
        off = torch.tensor([float(run[1]) if run[0] == name else 0.0 for run in runs], dtype=torch.float32)
        pairs.append(torch.stack([off, multiple * off], -1))
    return beta, *pairs


def fit(runs, images: Tensor, steps: int = STEPS, progress: str | bool = "training") -> Stack:
    """Adam on all models at once; the rate falls to zero along half a cosine."""
    seeds = [run[2] for run in runs]
    stack = Stack(seeds)
    device = stack.weights[0].device
    data = images.flatten(1).to(device)
    settings = [part.to(device) for part in strengths(runs)]
    rule = torch.optim.Adam(stack.weights, lr=RATE)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(rule, max(steps, 1))
    random = {seed: torch.Generator().manual_seed(1000 + seed) for seed in seeds}

    def step(_: int) -> None:
        rows = {seed: torch.randint(len(data), (BATCH,), generator=g) for seed, g in random.items()}
        noise = {
            seed: torch.randn(BATCH, LATENT, generator=g, dtype=torch.float32) for seed, g in random.items()
        }
        x = data[torch.stack([rows[seed] for seed in seeds]).to(device)]
        total = losses(stack, x, torch.stack([noise[seed] for seed in seeds]).to(device), *settings).sum()
        rule.zero_grad()
        total.backward()
        rule.step()
        falling.step()

    train(step, steps, progress=progress)
    for weight in stack.weights:
        weight.requires_grad_(False)
    return stack


@torch.no_grad()
def measure(mean: Tensor, logvar: Tensor, logits: Tensor, images: Tensor) -> tuple[list[float], list[float]]:
    """``terms`` and ``fine`` of one model: its codes (n, d), and the logits (20, n, pixels) of 20 draws of them."""
    x = images.flatten(1)
    reconstruction = (
        -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1).mean()
    )
    surgery = elbo_surgery(mean, logvar, samples=8, generator=torch.Generator().manual_seed(0))
    z = reparameterize(mean, logvar, 8, generator=torch.Generator().manual_seed(0))
    each = [mixture_log_prob(z[..., [j]], mean[:, [j]], logvar[:, [j]]) for j in range(mean.shape[1])]
    correlation = (mixture_log_prob(z, mean, logvar) - sum(each)).mean()
    terms = [float(part) for part in (reconstruction, *surgery, correlation)]
    return terms, lost(logits.mean(0).sigmoid().view_as(images), images)


def lost(pictures: Tensor, images: Tensor) -> list[float]:
    """The share of the images' variation that pictures (n, 16, 16) miss, in coarse waves and in fine ones.

    Coarse: less than four periods across the picture in both directions, half of the highest frequency.
    """

    def power(of):
        return torch.fft.fft2(of).abs().square().mean(0)

    missed, all_of_it = power(images - pictures), power(images - images.mean(0))
    frequency = torch.fft.fftfreq(images.shape[-1]).abs() * images.shape[-1]
    coarse = torch.maximum(frequency[:, None], frequency) < 4
    return [float(missed[part].sum() / all_of_it[part].sum()) for part in (coarse, ~coarse)]


def score(codes: Tensor, factors: Tensor) -> list[float]:
    """Each metric of ``METRICS``, in that order, for codes (n, d)."""
    return [float(metric(codes, factors)) for metric in METRICS.values()]


def main() -> None:
    torch.set_num_threads(1)
    images, factors, _ = sprites()
    stack = fit(order(), images, progress=f"{len(order())} models")
    with torch.no_grad():
        mean, logvar = (part.cpu() for part in stack.encode(images.flatten(1).to(stack.weights[0].device)))
    mean = mean.half()
    logvar = (16 * logvar).round().clamp(min=-128).to(torch.int8)
    arrays = {"mean": mean.numpy(), "logvar": logvar.numpy()}
    rows = {"terms": [], "fine": [], "scores": []}
    for r in tqdm(range(len(mean)), desc="measuring"):
        codes, spread = mean[r].double(), logvar[r].double() / 16
        noise = torch.randn(20, *codes.shape, generator=torch.Generator().manual_seed(r), dtype=torch.float64)
        draws = codes + (spread / 2).exp() * noise
        one = [weight[r : r + 1].cpu().double() for weight in stack.weights[6:]]
        logits = _through(one, draws.flatten(0, 1)[None])[0].view(20, len(codes), -1)
        terms, fine = measure(codes, spread, logits, images.double())
        rows["terms"].append(terms)
        rows["fine"].append(fine)
        rows["scores"].append([score(codes, factors), score(draws[0], factors)])
    arrays |= {name: np.array(values, dtype=np.float32) for name, values in rows.items()}
    for run in TRAVERSED:
        for k, weight in enumerate(stack.weights[6:]):
            arrays[f"decoder/{name_of(run)}/{k}"] = weight[order().index(run)].cpu().half().numpy()
    np.savez_compressed(Path(__file__).with_name("runs.npz"), **arrays)


def stored() -> dict[str, np.ndarray]:
    """What ``main`` stored: arrays by the keys above."""
    return load_stored(Path(__file__).with_name("runs.npz"))


def load_decoder(archive: dict[str, np.ndarray], run: tuple[str, int, int]):
    """One of the decoders of ``TRAVERSED``: a function from codes (..., 6) to grey values (..., 256) from 0 to 1."""
    weights = [torch.from_numpy(archive[f"decoder/{name_of(run)}/{k}"]).float()[None] for k in range(6)]

    def decode(z: Tensor) -> Tensor:
        logits = _through(weights, z.reshape(1, -1, z.shape[-1]).float())[0]
        return logits.view(*z.shape[:-1], -1).sigmoid()

    return decode


if __name__ == "__main__":
    main()
