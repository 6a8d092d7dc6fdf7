"""Points that follow a classifier: Gaussians in closed form, two targets, and what a reset means."""

import itertools

import pytest
import torch

from course_lib.lessons.n07_likelihood_free_learning.exercises import cross_entropy, move
from course_lib.lessons.n07_likelihood_free_learning.followers import TARGETS, Followers, exact_w1


def played(target, moves, seed=0):
    game = Followers(cross_entropy, move, seed)
    game.target = target
    game.reset()
    for _ in range(moves):
        game.step()
    return game


def test_under_the_best_classifier_of_two_gaussians_the_mean_shrinks_geometrically():
    q = 3 + torch.randn(500, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    start = q.mean(0)
    for _ in range(6):
        mean = q.mean(0)
        q = move(q, lambda x, mean=mean: mean @ mean / 2 - x @ mean[:, None], 0.3)
    # p = N(0, I), q = N(mean, I): the slope of log p/q is -mean everywhere.
    assert torch.allclose(q.mean(0), 0.7**6 * start, atol=1e-12)


def test_overlapping_blobs_are_found_and_separated_ones_are_not():
    near, far = played("overlapping", 60), played("separated", 60)
    assert near.w1[-1] < 0.4 < 2 < near.w1[0]
    assert near.far[-1] > 0.35
    assert far.far[-1] < 0.1
    assert far.w1[-1] > 2


def test_a_reset_repeats_the_run_bit_for_bit():
    game = played("overlapping", 6)
    before = game.q.clone()
    game.reset()
    assert (game.moves, game.when) == (0, [0])
    for _ in range(6):
        game.step()
    assert torch.equal(game.q, before)


def test_a_move_that_breaks_the_points_stops_the_game():
    game = Followers(cross_entropy, lambda q, logit, step: q * float("inf"))
    game.step()
    assert not game.is_finite()
    game.step()
    assert game.moves == 1


def test_the_distance_is_that_of_the_best_of_all_orders():
    x, y = torch.randn(2, 5, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    best = min(float((x - y[list(order)]).norm(dim=1).mean()) for order in itertools.permutations(range(5)))
    assert exact_w1(x, y) == pytest.approx(best)


def test_half_of_each_target_lies_on_the_right():
    for toy in TARGETS.values():
        points = toy.sample(4000, torch.Generator().manual_seed(4))
        # Four standard errors of a share of 4,000.
        assert float((points[:, 0] > 0).double().mean()) == pytest.approx(0.5, abs=0.032)
