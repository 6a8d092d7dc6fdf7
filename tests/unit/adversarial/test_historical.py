"""Historical averaging: the mean against numpy's, the gradient by hand, and the smallest game's limit of stability."""

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.adversarial import HistoricalAverage


def test_the_mean_is_that_of_all_values_and_the_penalty_is_its_distance():
    random = np.random.default_rng(0)
    theta = [nn.Parameter(torch.tensor(random.normal(size=shape))) for shape in ((2, 3), (4,))]
    history, seen = HistoricalAverage(theta), [[one.detach().numpy().copy() for one in theta]]
    for _ in range(9):
        with torch.no_grad():
            for one in theta:
                one += torch.tensor(random.normal(size=one.shape))
        history.update()
        seen.append([one.detach().numpy().copy() for one in theta])
    assert history.count == 10
    means = [np.mean([row[k] for row in seen], axis=0) for k in (0, 1)]
    for got, want in zip(history.mean, means, strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-12)
    distance = sum(((one - mean) ** 2).sum() for one, mean in zip(seen[-1], means, strict=True))
    assert history.penalty().item() == pytest.approx(distance, rel=1e-12)
    for slope, now, mean in zip(torch.autograd.grad(history.penalty(), theta), seen[-1], means, strict=True):
        np.testing.assert_allclose(slope.numpy(), 2 * (now - mean), rtol=1e-10)


def test_the_history_is_a_copy():
    theta = nn.Parameter(torch.zeros(2))
    history = HistoricalAverage([theta])
    with torch.no_grad():
        theta += 3
    assert history.penalty().item() == 18 and history.mean[0].abs().max() == 0


@pytest.mark.parametrize(
    ("weight", "settles"), [(0.0, False), (0.02, False), (0.03, True), (1.0, True), (10.5, False)]
)
def test_the_game_xy_settles_where_c_times_1_minus_hc_exceeds_h_over_4(weight, settles, rate=0.1):
    assert (weight * (1 - rate * weight) > rate / 4) is settles
    x, y = (torch.tensor([float(k)], dtype=torch.float64, requires_grad=True) for k in (1, 0))
    histories = [HistoricalAverage([one]) for one in (x, y)]
    radii = []
    for _ in range(600):
        losses = x * y + weight * histories[0].penalty(), -x * y + weight * histories[1].penalty()
        slopes = [torch.autograd.grad(loss, one)[0] for loss, one in zip(losses, (x, y), strict=True)]
        with torch.no_grad():
            for one, slope in zip((x, y), slopes, strict=True):
                one -= rate * slope
        for history in histories:
            history.update()
        radii.append(torch.cat([x, y]).detach().norm().item())
    assert (radii[-1] < radii[299]) is settles
