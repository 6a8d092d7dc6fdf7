import math

import pytest
import torch

from course_lib.adversarial import (
    ADVERSARIAL_LOSSES,
    AdversarialGame,
    AdversarialLoss,
    fit,
    update_discriminator,
    update_generator,
)
from course_lib.networks import mlp


def make(seed=0, **settings):
    data = torch.randn(2000, 1, generator=torch.Generator().manual_seed(9)) + 3
    networks = mlp((1, 8, 1), seed=1), mlp((1, 8, 1), seed=2)
    return AdversarialGame(*networks, data, **{"noise_size": 1, "batch_size": 64, "seed": seed} | settings)


def weights(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def test_a_run_repeats_from_its_seed_whatever_happens_between_steps():
    one, other, third = make(), make(), make(seed=1)
    for _ in range(20):
        one.step()
        torch.rand(3)
        other.samples()
        other.step()
        third.step()
    assert torch.equal(weights(one.generator), weights(other.generator))
    assert not torch.equal(weights(one.generator), weights(third.generator))


def test_each_step_moves_one_player_and_leaves_the_others_gradients_alone():
    game = make()
    g, d = weights(game.generator), weights(game.discriminator)
    game.discriminator_step()
    assert torch.equal(weights(game.generator), g) and not torch.equal(weights(game.discriminator), d)
    assert all(p.grad is None for p in game.generator.parameters())
    d = weights(game.discriminator)
    game.generator_step()
    assert not torch.equal(weights(game.generator), g) and torch.equal(weights(game.discriminator), d)


def test_a_discriminator_step_raises_v_and_a_generator_step_raises_d_of_g():
    game = make(lr_d=1e-3, lr_g=1e-3)
    noise = torch.randn(500, 1)

    def value():
        with torch.no_grad():
            real, fake = game.discriminator(game.data), game.discriminator(game.generator(noise))
            loss = ADVERSARIAL_LOSSES["minimax"].ratio_loss(real, fake)
            return -loss.item(), torch.sigmoid(fake).mean().item()

    before, _ = value()
    for _ in range(10):
        game.discriminator_step()
    after, fooled = value()
    assert after > before
    for _ in range(10):
        game.generator_step()
    assert value()[1] > fooled


def test_reset_returns_to_the_start_and_keeps_the_settings():
    game = make(lr_d=1e-2)
    start = weights(game.generator)
    fit(game, 10, progress=False)
    first = weights(game.generator)
    game.reset()
    assert torch.equal(weights(game.generator), start) and game.steps == 0 and len(game.history) == 0
    fit(game, 10, progress=False)
    assert torch.equal(weights(game.generator), first) and game.lr_d == 1e-2


def test_settings_act_at_the_next_step():
    game = make(optimizer="sgd")
    game.step()
    d = weights(game.discriminator)
    game.lr_d = 0.0
    game.step()
    assert torch.equal(weights(game.discriminator), d)
    game.lr_d, game.clip = 1e-3, 0.01
    game.step()
    assert weights(game.discriminator).abs().max() <= 0.01


def test_every_loss_trains_and_is_recorded():
    for name in ADVERSARIAL_LOSSES:
        history = fit(make(loss=name), 3, progress=False)
        assert {"value", "ratio_loss", "generative_loss", "gradient_norm"} <= set(history), name
        assert len(history["value"]) == 3 and (history["gradient_norm"] > 0).all()


def test_own_functions_replace_losses_and_updates():
    calls = []

    def own_d(generator, discriminator, optimizer, real, noise, loss):
        calls.append("d")
        return update_discriminator(generator, discriminator, optimizer, real, noise, loss)

    def own_g(generator, discriminator, optimizer, noise, loss):
        calls.append("g")
        return update_generator(generator, discriminator, optimizer, noise, loss)

    own = AdversarialLoss("own", lambda real, fake: (fake - real).mean(), lambda fake: -fake.mean())
    mine, theirs = make(loss=own, update_d=own_d, update_g=own_g, d_steps=2), make(loss="wgan", d_steps=2)
    fit(mine, 5, progress=False), fit(theirs, 5, progress=False)
    assert calls == ["d", "d", "g"] * 5
    assert torch.equal(weights(mine.generator), weights(theirs.generator))


def test_the_penalty_reaches_a_students_update_through_the_loss():
    game = make(r1=2.0, lr_d=0.0)
    plain = make(lr_d=0.0)
    assert game.discriminator_step()["ratio_loss"] > plain.discriminator_step()["ratio_loss"]


def test_one_pass_for_r1_and_r2_equals_two():
    both, apart = make(r1=0.5, r2=0.5), make(r1=0.5, r2=0.5 + 1e-12)
    one, two = both.discriminator_step()["ratio_loss"], apart.discriminator_step()["ratio_loss"]
    assert math.isclose(one.item(), two.item(), rel_tol=1e-5)  # float32


def test_input_noise_blurs_what_the_discriminator_sees():
    game = make(input_noise=0.5)
    game.step()
    assert game._seen_by_d(torch.zeros(1000, 1)).std() > 0
    game.input_noise = 0.0
    game.step()
    assert game._seen_by_d(torch.zeros(1000, 1)).std() < 1e-6


def test_the_gradient_norm_is_that_of_the_step_even_if_the_update_erases_its_gradients():
    def tidy(generator, discriminator, optimizer, noise, loss):
        objective = loss.generative_loss(discriminator(generator(noise)))
        objective.backward()
        optimizer.step()
        optimizer.zero_grad()
        return objective.item()

    tidied, plain = make(update_g=tidy), make()
    for _ in range(3):
        one, other = tidied.step(), plain.step()
        assert one["gradient_norm"] == other["gradient_norm"] > 0
        assert one["largest_score"] == other["largest_score"] > 0


def test_a_diverged_run_says_so():
    with pytest.raises(FloatingPointError, match="diverged within"):
        fit(make(loss="wgan", optimizer="sgd", lr_d=1e30, lr_g=1e30), 5, progress=False)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "hinge"}, "loss: expected an AdversarialLoss or one of"),
        ({"optimizer": "lion"}, "optimizer: expected"),
    ],
)
def test_unknown_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        make(**settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lr_d", -1.0), ("lr_g", math.nan), ("d_steps", 0), ("d_steps", 1.5), ("batch_size", 0), ("batch_size", "64"),
        ("input_noise", -0.1), ("r1", -1), ("r2", None), ("gp", math.inf), ("clip", -1e-9), ("penalty", -1),
        ("betas", (0.5, 1.0)), ("betas", 0.5), ("optimizer", "lion"), ("loss", None), ("update_d", "step"),
        ("seed", -1),
    ],
)  # fmt: skip
def test_a_setting_that_is_none_is_refused_at_the_start_and_between_two_steps(name, value):
    if name != "penalty":
        with pytest.raises(ValueError, match=f"^{name}: expected"):
            make(**{"seed": 0, name: value})
    game = make()
    game.step()
    before = getattr(game, name)
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        setattr(game, name, value)
    assert getattr(game, name) is before


def test_a_sliders_whole_float_is_a_number_of_steps():
    game = make()
    game.d_steps, game.batch_size = 2.0, 32.0
    assert (game.d_steps, game.batch_size) == (2, 32)
    game.step()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": torch.full((3, 1), math.nan)}, "data: expected numbers, got 3 NaN"),
        ({"data": torch.zeros(3)}, r"data: expected points of shape \(n, ...\)"),
        ({"data": torch.zeros(3, 2)}, r"generator: expected a network that makes points of shape \(2,\)"),
        ({"noise_size": 3}, "noise_size: expected what the generator takes"),
        (
            {"generator": mlp((1, 2)), "data": torch.zeros(3, 2)},
            "data: expected what the discriminator takes",
        ),
        ({"discriminator": torch.nn.Flatten(0)}, "discriminator: expected a network with parameters"),
        ({"generator": len}, "generator: expected a torch.nn.Module"),
    ],
)
def test_networks_and_data_that_do_not_fit_are_named_before_the_first_step(change, message):
    arguments = {
        "generator": mlp((1, 1)),
        "discriminator": mlp((1, 1)),
        "data": torch.zeros(3, 1),
        "noise_size": 1,
    }
    with pytest.raises(ValueError, match=message):
        AdversarialGame(**arguments | change)


def test_lists_and_whole_numbers_are_data():
    game = AdversarialGame(mlp((1, 1)), mlp((1, 1)), [[0], [1], [2]], noise_size=1, batch_size=4)
    game.step()
    assert game.data.dtype == torch.float32
    assert game.scores([[0], [1]]).shape == (2,)
