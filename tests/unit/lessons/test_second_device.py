"""What the lessons train runs on the second device, and what they look at comes back from it."""

import torch

from course_lib.adversarial import fit
from course_lib.data.digits import load_digits
from course_lib.lessons.n03_vae.steered import SteeredVae
from course_lib.lessons.n04_elbo_surgery import runs as n04
from course_lib.lessons.n08_vanilla_gan_optimality import runs as n08
from course_lib.lessons.n09_gan_training_tricks import duels as n09
from course_lib.lessons.n09_gan_training_tricks.switched import BATCH_NORMS, NOISE, SwitchedGan
from course_lib.lessons.n11_wgan_disjoint_supports import runs as n11
from course_lib.lessons.n12_f_gan import runs as n12
from course_lib.lessons.n14_fid import runs as n14
from course_lib.variational import fit_vae
from tests.unit.second_device import META, second_device

CPU = torch.device("cpu")


def test_lesson_03_a_vae_that_is_steered():
    def loss(x, mean, logvar, decode, noise, sigma, beta):
        z = mean + torch.exp(logvar / 2) * noise
        return (x - decode(z)).square().mean() / sigma + beta * mean.square().mean()

    with second_device():
        vae = SteeredVae(load_digits(), loss, [0, 1, 2])
        for _ in range(2):
            vae.step()
        assert {p.device for p in vae.vae.parameters()} == {META}
        assert {part.device for part in vae.pictures()} == {CPU}
        assert vae.is_finite()
        vae.reset()


def test_lessons_04_and_14_their_vaes():
    digits = load_digits(binary=True)
    with second_device():
        for vae in (n04.build(), n14.build_vae()):
            fit_vae(vae, digits.train, 2, progress=False)
            assert vae.encode(digits.held_out)[0].device == CPU


def test_lesson_14_its_classifier():
    with second_device():
        network = n14.train_classifier(0, steps=2)
        assert {p.device for p in network.parameters()} == {CPU}


def test_lesson_08_the_ring():
    with second_device():
        game = n08.ring_game(0, r1=0.1, r2=0.1)
        fit(game, 2, progress=False)
        assert n08.cell_shares(game.samples(100)).device == CPU


def test_lesson_09_a_dcgan_with_every_switch():
    with second_device():
        for batch_norm in BATCH_NORMS:
            gan = SwitchedGan(batch_norm=batch_norm, average=0.1, alpha=0.1)
            for matching in (False, True):
                gan.feature_matching = matching
                gan.step()
            assert {p.device for net in (gan.generator, gan.discriminator) for p in net.parameters()} == {META}
            assert gan.pictures(torch.zeros(3, NOISE)).device == CPU
            assert gan.is_finite()
            gan.reset()


def test_lesson_09_discriminators_that_win():
    with second_device():
        assert n09.pulls_while_learning((0, 2)).device == CPU


def test_lesson_11_the_race_to_the_segment():
    with second_device():
        for settings in n11.GAMES.values():
            game = n11.build(0, **settings)
            assert n11.curve(game).device == CPU
            fit(game, 2, progress=False)
            n11.estimate(game)


def test_lesson_12_the_blobs():
    with second_device():
        game = n12.Blobs()
        fit(game, 2, progress=False)
        assert {part.device for part in game.gaussian()} == {CPU}
        assert len(game.track) == 3
