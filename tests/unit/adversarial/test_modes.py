import math

import pytest
import torch

from course_lib.adversarial import count_modes

CENTRES = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])


def mixture(weights, n=40_000, std=0.5):
    random = torch.Generator().manual_seed(0)
    which = torch.multinomial(torch.tensor(weights), n, True, generator=random)
    return CENTRES[which] + std * torch.randn(n, 2, generator=random)


def test_the_mixture_itself_covers_all_modes_with_its_own_masses():
    report = count_modes(mixture([0.4, 0.3, 0.2, 0.1]), CENTRES, std=0.5)
    inside = 1 - math.exp(-(3.0**2) / 2)  # a planar Gaussian within three standard deviations
    assert report.covered == 4
    assert report.on_a_mode == pytest.approx(inside, abs=0.003)  # 40,000 draws: standard error 0.0005
    assert report.masses.tolist() == pytest.approx([w * inside for w in (0.4, 0.3, 0.2, 0.1)], abs=0.01)
    assert report.smallest_mass == report.masses.min()


def test_a_mode_below_its_minimum_share_is_not_covered():
    samples = mixture([0.5, 0.48, 0.01, 0.01])
    assert count_modes(samples, CENTRES, std=0.5).covered == 2  # 0.01 < 0.1 / 4
    assert count_modes(samples, CENTRES, std=0.5, minimum_share=0.02).covered == 4


def test_samples_between_the_modes_are_on_none():
    report = count_modes(torch.full((10, 2), 5.0), CENTRES, std=0.5)
    assert report.on_a_mode == 0.0 and report.covered == 0


def test_bad_shapes_are_named():
    with pytest.raises(ValueError, match=r"samples: expected points of shape \(n, 2\)"):
        count_modes(torch.zeros(3), CENTRES, 0.5)
    with pytest.raises(ValueError, match="radius: expected a positive number, got -1"):
        count_modes(CENTRES, CENTRES, 0.5, radius=-1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shift", [0.0, 500.0, 2.0**20])
def test_an_offset_of_everything_changes_nothing(shift, dtype):
    # Multiples of 1/8, which float32 holds exactly at each of these offsets; counted by a loop over differences.
    centres, samples = CENTRES + shift, (mixture([0.4, 0.3, 0.2, 0.1], n=400) * 8).round() / 8 + shift
    on = [(samples.double() - c.double()).square().sum(1).sqrt() <= 1.5 for c in centres]
    report = count_modes(samples.to(dtype), centres.to(dtype), std=0.5)
    assert report.masses.tolist() == [float(hit.double().mean()) for hit in on]
    assert report.on_a_mode > 0.9
