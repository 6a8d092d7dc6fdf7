"""The stored runs on the ring say what notebook 08 tells about them."""

import numpy as np
import pytest
import torch

from course_lib.adversarial import count_modes
from course_lib.lessons.n08_vanilla_gan_optimality import runs as script


@pytest.fixture(scope="module")
def runs():
    return script.stored()


def test_the_penalised_game_covers_all_eight_and_the_plain_one_does_not_always(runs):
    assert (runs["penalised/covered"][:, -1] == 8).all()
    assert runs["plain/covered"][:, -1].min() < 8


@pytest.mark.parametrize("game", ["plain", "penalised"])
def test_the_stored_samples_have_the_stored_numbers(game, runs):
    for seed in range(3):
        samples = torch.from_numpy(runs[f"{game}/samples"][seed].astype(np.float32))
        report = count_modes(samples, script.RING.centres, script.RING.scale)
        # 1,000 samples here, 4,096 there: three standard errors of a share are below 0.05
        assert report.on_a_mode == pytest.approx(runs[f"{game}/on_a_mode"][seed, -1], abs=0.05)
        assert report.smallest_mass == pytest.approx(runs[f"{game}/smallest_mass"][seed, -1], abs=0.03)


def test_the_data_are_on_their_modes():
    report = count_modes(script.build(0).data, script.RING.centres, script.RING.scale)
    assert report.covered == 8 and report.on_a_mode == pytest.approx(1 - np.exp(-4.5), abs=0.005)
