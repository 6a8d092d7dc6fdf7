"""What the lessons train runs on the second device, and what they look at comes back from it."""

import torch

from course_lib.adversarial import fit
from course_lib.data import sprites
from course_lib.data.digits import load_digits
from course_lib.lessons.n03_vae.steered import SteeredVae
from course_lib.lessons.n04_elbo_surgery import runs as n04
from course_lib.lessons.n05_flows_in_vaes import runs as n05
from course_lib.lessons.n05_flows_in_vaes.live_flow import LiveFlow
from course_lib.lessons.n06_disentanglement import runs as n06
from course_lib.lessons.n06_disentanglement.guided import GuidedVae
from course_lib.lessons.n07_likelihood_free_learning.exercises import cross_entropy, move
from course_lib.lessons.n07_likelihood_free_learning.followers import Followers
from course_lib.lessons.n08_vanilla_gan_optimality import runs as n08
from course_lib.lessons.n09_gan_training_tricks import duels as n09
from course_lib.lessons.n09_gan_training_tricks.switched import BATCH_NORMS, NOISE, SwitchedGan
from course_lib.lessons.n11_wgan_disjoint_supports import runs as n11
from course_lib.lessons.n12_f_gan import runs as n12
from course_lib.lessons.n13_implicit_models.alpha_gan import AlphaGan
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


def test_lesson_05_a_flow_on_the_screen():
    def forward(z, network):
        kept, moved = z.chunk(2, -1)
        shift, log_scale = network(kept).chunk(2, -1)
        return torch.cat([kept, moved * log_scale.exp() + shift], -1), log_scale.sum(-1)

    with second_device():
        flow = LiveFlow(forward, forward)
        for _ in range(5):
            flow.step()
        assert {p.device for p in flow.networks.parameters()} == {META}
        assert {flow.density().device, flow.draws(3).device} == {CPU}
        assert flow.is_finite() and len(flow.gap) == 1
        flow.couplings = 2
        flow.step()
        assert len(flow.networks) == 2


def test_lesson_05_its_flows():
    with second_device():
        flow = n05.fit_flow(n05.TARGETS["ring"], 2, 0, steps=2, progress=False)
        assert {p.device for p in flow.parameters()} == {CPU}
        assert {part.device for part in n05.draws(flow, 3)} == {CPU}


def test_lesson_06_its_stack_and_a_vae_that_is_guided():
    data = sprites()
    with second_device():
        stack = n06.fit(n06.order()[:2], data.images, 2, progress=False)
        assert {weight.device for weight in stack.weights} == {META}
        vae = GuidedVae(data, lambda mean, logvar, off, diagonal: off * mean.square().mean())
        vae.weight = 2.0
        for _ in range(2):
            vae.step()
        assert vae.traversals().device == vae.covariance.device == CPU


def test_lesson_07_points_that_follow_a_classifier():
    with second_device():
        game = Followers(cross_entropy, move)
        for game.target in ("overlapping", "separated"):
            for _ in range(5):
                game.step()
        assert {p.device for p in game.classifier.parameters()} == {META}
        assert game.q.device == game.p.device == META
        assert game.logits(torch.rand(4, 2)).device == CPU
        assert len(game.w1) == 3
        game.reset()


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
            assert {p.device for net in (gan.generator, gan.discriminator) for p in net.parameters()} == {
                META
            }
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


def test_lesson_13_an_alpha_gan_that_is_steered():
    with second_device():
        game = AlphaGan(recon=1.0, sees_x=True)
        for _ in range(2):
            game.step()
        networks = (game.G, game.E, game.D, game.C)
        assert {p.device for network in networks for p in network.parameters()} == {META}
        assert {part.device for part in game.look(20).values()} == {CPU}
        assert game.is_finite()
