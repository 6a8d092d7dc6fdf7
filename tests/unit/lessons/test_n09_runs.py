"""The stored DCGANs say what notebook 09 tells about them, and its switches do what they are called."""

import numpy as np
import pytest
import torch

from course_lib.data.digits import load_digits
from course_lib.lessons.n09_gan_training_tricks import duels
from course_lib.lessons.n09_gan_training_tricks import runs as script
from course_lib.lessons.n09_gan_training_tricks.discs import centres, random_discs
from course_lib.lessons.n09_gan_training_tricks.switched import BATCH_NORMS, SwitchedGan


@pytest.fixture(scope="module")
def runs():
    return script.stored()


@pytest.fixture(scope="module")
def judge(runs):
    return script.Judge(script.restore(runs, "judge", script.build_judge()))


@pytest.fixture(scope="module")
def fids(runs, judge):
    return {
        name: [judge.distance(script.grey(one)) for one in runs[f"images/{name}"]] for name in script.SETTINGS
    }


def test_everything_is_there(runs):
    for key in [f"images/{name}" for name in script.SETTINGS] + [
        f"paper/{momentum}" for momentum in script.MOMENTA
    ]:
        assert runs[key].shape == (3, 500, 64) and runs[key].max() <= 16, key


def test_the_judge_knows_the_digits_and_tells_noise_from_them(judge):
    digits = load_digits()
    right = (judge.labels(digits.held_out) == digits.held_out_labels).double().mean()
    assert right > 0.95
    assert judge.distance(digits.held_out) < 3 < 50 < judge.distance(torch.rand(500, 64))
    assert judge.found(digits.held_out) == 10 and judge.found(digits.held_out[:1].expand(50, -1)) == 1


def test_what_the_lesson_says_about_the_table(runs, judge, fids):
    found = {
        name: [judge.found(script.grey(one)) for one in runs[f"images/{name}"]] for name in script.SETTINGS
    }
    assert min(found["DCGAN"]) == 10
    assert max(found["no batch norm"] + found["no batch norm, torch's start"]) < 10
    assert max(fids["DCGAN"]) < min(fids["joint batch for D only"])
    assert max(fids["DCGAN"]) < min(fids["β₁ = 0.9"])
    assert max(fids["one joint batch"]) < min(fids["joint batch for D only"])


def test_a_run_repeats_bit_for_bit():
    pictures = [
        script.levels(script.trained("", steps=3, seed=1, alpha=0.1, average=0.01), 20) for _ in range(2)
    ]
    assert np.array_equal(*pictures)


@pytest.mark.parametrize(
    "switches",
    [
        *({"batch_norm": kind} for kind in BATCH_NORMS[1:]),
        {"feature_matching": True}, {"alpha": 0.1}, {"momentum": 0.9}, {"rate": 2e-3}, {"average": 1.0}, {"batch": 32},
        {"std": None}, {"pooling": True},
    ],
)  # fmt: skip
def test_every_switch_changes_the_game(switches):
    plain, other = SwitchedGan(device="cpu"), SwitchedGan(device="cpu", **switches)
    for gan in (plain, other):
        for _ in range(3):  # the players' first steps are all alike where only their second losses differ
            gan.step()
    assert plain.is_finite() and other.is_finite()
    z = script.codes(8)
    assert (plain.pictures(z) - other.pictures(z)).abs().max() > 1e-6


def test_a_switch_that_does_not_exist():
    with pytest.raises(ValueError, match="switches: expected"):
        SwitchedGan(device="cpu", momentun=0.5)


def test_turning_the_normalisation_starts_anew_and_looking_leaves_no_trace():
    gan = SwitchedGan(device="cpu")
    gan.step()
    before = {key: value.clone() for key, value in gan.generator.state_dict().items()}
    gan.pictures(script.codes(5))
    assert all(torch.equal(value, before[key]) for key, value in gan.generator.state_dict().items())
    gan.batch_norm = "none"
    gan.step()
    assert gan.steps == 1 and not any("BatchNorm" in repr(layer) for layer in gan.discriminator)


def test_the_centre_of_a_disc_is_where_it_was_put():
    random = torch.Generator().manual_seed(0)
    across, down = 4 + 7 * torch.rand(2, 50, generator=torch.Generator().manual_seed(0))
    images = (random_discs(50, random) + 1) / 2
    found = centres(images.flatten(1))
    # a disc that is cut into pixels has its centre within a twentieth of one
    assert (found - torch.stack([across, down], 1)).abs().max() < 0.1


def test_the_pull_of_minimax_vanishes_and_that_of_feature_matching_does_not_unless_the_features_saturate():
    pulled = duels.pulls_while_learning()
    last = {
        (loss, kind): pulled[-1, k, j]
        for k, loss in enumerate(duels.LOSSES)
        for j, kind in enumerate(duels.FEATURES)
    }
    leaky, bent = duels.FEATURES
    assert (last["minimax", leaky][3:] < 0.01).all() and (last["feature matching", leaky][3:] > 10).all()
    assert last["feature matching", bent][4] < 2 < 10 < last["feature matching", bent][2]
