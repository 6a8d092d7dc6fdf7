"""The stored races of notebook 11 are what their script makes."""

import numpy as np
import pytest

from course_lib.lessons.n11_wgan_disjoint_supports import runs as script


@pytest.fixture(scope="module")
def stored():
    return script.stored()


@pytest.mark.parametrize("regime", ["few", "near"])
def test_the_arrays_have_the_shapes_that_the_script_promises(stored, regime):
    steps = stored[f"{regime}/steps"]
    assert steps[-1] == script.REGIMES[regime]["rounds"]
    for game in script.GAMES:
        for what in ("w1", "seconds", "estimate", "gradient"):
            found = stored[f"{regime}/{game}/{what}"]
            assert found.shape == (len(script.SEEDS), len(steps))
            assert np.isfinite(found).all()
        assert (np.diff(stored[f"{regime}/{game}/seconds"], axis=1) > 0).all()
    assert script.STORE.stat().st_size < 300_000


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_game_starts_from_the_same_generator_and_its_exact_distance(stored, seed):
    fresh = script.exact_w1(script.build(seed))
    for regime in script.REGIMES:
        for game in script.GAMES:
            # 1e-6: the file keeps float32.
            assert stored[f"{regime}/{game}/w1"][seed, 0] == pytest.approx(fresh, rel=1e-6)


@pytest.mark.parametrize("name", ["penalty", "spectral"])
def test_the_first_steps_of_a_stored_race_can_be_run_again(stored, name):
    regime = {**script.REGIMES["few"], "rounds": 10}
    rows, _ = script.race(0, regime, script.GAMES[name])
    # 1e-3: ten steps of float32 training may round differently on another processor.
    assert [row[0] for row in rows] == pytest.approx(list(stored[f"few/{name}/w1"][0, :2]), rel=1e-3)


def test_the_exact_judge_sees_a_shift_of_the_whole_curve():
    game = script.build(0)
    before = script.exact_w1(game)
    # Two units to the right of a curve that lies to the right of the segment: every point travels at least so far more.
    game.generator[-1].bias.data[0] += 2.0
    assert script.exact_w1(game) == pytest.approx(before + 2, abs=0.15)


def test_data_and_judge_take_several_segments():
    game = script.build(0, places=(0.0, 2.0))
    assert game.data[:, 0].unique(return_counts=True)[1].tolist() == [10_000, 10_000]
    data = script.target((0.0, 2.0))
    assert data[:, 0].unique(return_counts=True)[1].tolist() == [128, 128]
    # A generator whose curve is one point (2, 1/2): half of its mass travels by 2 (and a little up or down).
    game.generator[-1].weight.data.zero_()
    game.generator[-1].bias.data.copy_(game.data.new_tensor([2.0, 0.5]))
    heights = script.levels(128).numpy() - 0.5
    near, far = np.abs(heights), np.hypot(2, heights)
    assert script.exact_w1(game, (0.0, 2.0)) == pytest.approx(float(near.mean() + far.mean()) / 2, rel=1e-6)


# What the text says of the races, beyond what it computes.


def test_what_the_text_says_of_few_steps(stored):
    minimax, estimate = stored["few/minimax/w1"], stored["few/minimax/estimate"]
    # At first the minimax generator learns; then the discriminator wins, in all three seeds.
    assert (minimax[:, :31].min(axis=1) < 0.1 * minimax[:, 0]).all()
    assert estimate[:, -1] == pytest.approx(np.full(3, np.log(2)), abs=1e-3)
    assert (stored["few/minimax/gradient"][:, -1] < 1e-4).all()
    others = [stored[f"few/{game}/w1"][:, -1] for game in script.GAMES if game != "non_saturating"]
    assert (stored["few/non_saturating/w1"][:, -1] < np.min(others, axis=0)).all()
    # The penalised generator swings more widely than the clipped one.
    widths = {game: np.ptp(stored[f"few/{game}/w1"][:, -20:], axis=1) for game in ("penalty", "clipping")}
    assert (widths["penalty"] > 3 * widths["clipping"]).all()
    # With few steps a discriminator may do worse than a coin: its estimate of the JSD is negative then.
    assert estimate.min() < -0.2


def test_what_the_text_says_of_a_discriminator_near_its_optimum(stored):
    minimax = stored["near/minimax/w1"]
    assert (stored["near/minimax/gradient"] < 1e-8).all()
    assert (minimax[:, 0] - minimax[:, -1] < 0.02).all()
    w1 = stored["near/penalty/w1"]
    assert stored["near/penalty/estimate"][:, 0] == pytest.approx(w1[:, 0] * (1 + w1[:, 0] / 20), rel=0.02)
    assert (stored["near/non_saturating/gradient"] > 1).all()
    at_32 = list(stored["near/steps"]).index(32)
    assert (w1[:, at_32] < stored["near/non_saturating/w1"][:, at_32]).all()
