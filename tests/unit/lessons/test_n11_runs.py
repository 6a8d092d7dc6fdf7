"""The stored races of notebook 11 are what their script makes."""

from pathlib import Path

import numpy as np
import pytest

from course_lib.lessons.n11_wgan_disjoint_supports import runs as script


@pytest.mark.parametrize("regime", ["few", "near"])
def test_the_files_have_the_shapes_that_the_script_promises(regime):
    stored = script.stored(regime)
    n = len(stored["steps"])
    assert stored["steps"][-1] == script.REGIMES[regime]["rounds"]
    for game in script.GAMES:
        for what in ("w1", "seconds", "estimate", "gradient"):
            assert stored[f"{game}/{what}"].shape == (len(script.SEEDS), n)
            assert np.isfinite(stored[f"{game}/{what}"]).all()
        assert (np.diff(stored[f"{game}/seconds"], axis=1) > 0).all()
    assert sum(path.stat().st_size for path in Path(script.__file__).parent.glob("*.npz")) < 300_000


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_game_starts_from_the_same_generator_and_its_exact_distance(seed):
    fresh = script.exact_w1(script.build(seed))
    for regime in script.REGIMES:
        stored = script.stored(regime)
        for game in script.GAMES:
            # 1e-6: the file keeps float32.
            assert stored[f"{game}/w1"][seed, 0] == pytest.approx(fresh, rel=1e-6)


def test_the_first_steps_of_a_stored_race_can_be_run_again():
    regime = {**script.REGIMES["few"], "rounds": 10}
    rows, _ = script.race(0, regime, script.GAMES["penalty"])
    stored = script.stored("few")
    # 1e-3: ten steps of float32 training may round differently on another processor.
    assert [row[0] for row in rows] == pytest.approx(list(stored["penalty/w1"][0, :2]), rel=1e-3)


def test_the_exact_judge_sees_a_shift_of_the_whole_curve():
    game = script.build(0)
    before = script.exact_w1(game)
    # Two units to the right of a curve that lies to the right of the segment: every point travels at least so far more.
    game.generator[-1].bias.data[0] += 2.0
    assert script.exact_w1(game) == pytest.approx(before + 2, abs=0.15)
