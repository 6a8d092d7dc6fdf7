"""The stored runs on the ring say what notebook 08 tells about them."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon

from course_lib.adversarial import count_modes, game_value
from course_lib.lessons.n08_vanilla_gan_optimality import runs as script


@pytest.fixture(scope="module")
def runs():
    return script.stored()


def test_every_game_is_stored_with_three_seeds(runs):
    for name, (parts, _) in script.GAMES.items():
        for key in ("covered", "on_a_mode", "smallest_mass"):
            assert runs[f"{name}/{key}"].shape == (3, len(parts)), (name, key)


def test_the_penalised_game_covers_all_eight_and_the_plain_one_does_not_always(runs):
    assert (runs["penalised/covered"][:, -1] == 8).all()
    assert runs["plain/covered"][:, -1].min() < 8
    assert (runs["plain/covered"][:, -1] == 8).sum() == 1  # the answer of a prediction


def test_a_plain_game_is_rescued_by_the_penalty_and_its_v_lies_far_below_the_best_one(runs):
    assert runs["rescued/covered"][:, 3].min() < 8 and (runs["rescued/covered"][:, -1] == 8).all()
    assert (runs["rescued/value"][:, -1] < runs["rescued/best"][:, -1] - 0.2).all()
    # the rescued games are plain ones at first
    assert np.array_equal(runs["rescued/covered"][:, :4], runs["plain/covered"][:, :4])


def test_minimax_with_five_steps_of_d_does_not_vanish_on_the_ring(runs):
    assert runs["minimax/norm"].min() > 1 and (runs["minimax/covered"][:, -1] == 8).all()
    # close to the optimal discriminator's value: a fifth of a nat, where the penalised games are half a nat away
    assert np.abs(runs["minimax/value"][:, -1] - runs["minimax/best"][:, -1]).max() < 0.2


@pytest.mark.parametrize("game", ["plain", "penalised"])
def test_the_stored_samples_have_the_stored_numbers(game, runs):
    for seed in range(3):
        samples = torch.from_numpy(runs[f"{game}/samples"][seed].astype(np.float32))
        report = count_modes(samples, script.RING.centres, script.RING.scale)
        # 1,000 samples here, 4,096 there: three standard errors of a share are below 0.05
        assert report.on_a_mode == pytest.approx(runs[f"{game}/on_a_mode"][seed, -1], abs=0.05)
        assert report.smallest_mass == pytest.approx(runs[f"{game}/smallest_mass"][seed, -1], abs=0.03)


def test_the_data_are_on_their_modes():
    report = count_modes(script.ring_game(0).data, script.RING.centres, script.RING.scale)
    assert report.covered == 8 and report.on_a_mode == pytest.approx(1 - np.exp(-4.5), abs=0.005)


def test_the_shares_of_the_cells_add_up_and_count_what_lies_outside_at_the_border():
    points = torch.tensor([[-2.99, -2.99], [2.99, 2.99], [-9.0, -9.0], [0.01, -0.01]])
    shares = script.cell_shares(points, cells=4).reshape(4, 4)
    assert shares.sum() == 1 and shares[0, 0] == 0.5 and shares[3, 3] == 0.25 and shares[2, 1] == 0.25


def test_the_best_value_is_twice_scipys_jensen_shannon_less_log_4():
    random = np.random.default_rng(0)
    p, q = random.dirichlet(np.ones(6)), random.dirichlet(np.ones(6))
    p[0] = q[0] = 0.0
    p, q = p / p.sum(), q / q.sum()
    want = 2 * jensenshannon(p, q) ** 2 - math.log(4)
    assert script.best_value(torch.tensor(p), torch.tensor(q)) == pytest.approx(want, rel=1e-12)


def test_the_value_is_that_of_the_optimal_logit():
    """V of D* on atoms, by the game's own formula from logits."""
    p, q = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.2, 0.2, 0.6])
    logit = (p / q).log()
    at_p, at_q = (torch.repeat_interleave(logit, (10 * w).round().int()) for w in (p, q))
    assert float(game_value(at_p, at_q)) == pytest.approx(script.best_value(p, q), abs=1e-6)
