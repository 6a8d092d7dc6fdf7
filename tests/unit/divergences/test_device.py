"""On a GPU the same numbers, on the GPU."""

import pytest
import torch
from torch.distributions import Cauchy, MultivariateNormal, Normal, Uniform

from course_lib.divergences import (
    all_divergences,
    c_transform,
    divergence,
    emd,
    emd_dual,
    frechet_distance,
    gaussian_kernel,
    gaussian_kl,
    mmd2,
    pairwise_distances,
    sinkhorn,
    variational_bound,
    wasserstein_1d,
)

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]


def everything(device):
    def t(value):
        return torch.tensor(value, dtype=torch.float64, device=device)

    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(n, 2, generator=generator, dtype=torch.float64).to(device) for n in (6, 5))
    cov = t([[1.0, 0.5], [0.5, 2.0]])
    mean, other = t([0.0, 1.0]), t([1.0, 0.0])
    p, q = t([0.2] * 5), t([0.1, 0.2, 0.3, 0.4])
    cost = pairwise_distances(y, x[:4])
    yield divergence(Normal(t(0.0), t(1.0)), Cauchy(t(0.0), t(1.0)), "kl")
    yield divergence(Uniform(t(0.0), t(1.0)), Uniform(t(0.5), t(2.0)), "total_variation")
    yield divergence(MultivariateNormal(mean, cov), MultivariateNormal(other, cov), "jeffreys")
    yield from all_divergences(p, t([0.1, 0.1, 0.2, 0.3, 0.3])).values()
    yield from (gaussian_kl(mean, cov, other, cov), frechet_distance(mean, cov, other, 2 * cov))
    yield from c_transform(p, cost)
    yield from (emd(p, q, cost)[0], emd_dual(p, q, cost).value, sinkhorn(p, q, cost, 0.5)[0])
    yield from (wasserstein_1d(x[:, 0], y[:, 0], 2), mmd2(x, y, gaussian_kernel(1.0)))
    yield variational_bound("kl", x[:, 0], y[:, 0])


def test_a_gpu_gives_the_numbers_of_the_cpu():
    for here, there in zip(everything("cpu"), everything("cuda"), strict=True):
        assert there.device.type == "cuda"
        # Sums are taken in another order.
        assert there.item() == pytest.approx(here.item(), rel=1e-9)
