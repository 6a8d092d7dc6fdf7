"""What a training step did, and the true cause when it did the wrong thing."""

import pytest
import torch
from torch import nn

from course_lib.exercises.exercise import Reject
from course_lib.exercises.steps import Watch, why_no_gradient


def networks():
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 2))
    discriminator = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    return generator, discriminator


def loss_of(generator, discriminator, noise):
    return nn.functional.softplus(-discriminator(generator(noise))).mean()


def right(generator, discriminator, optimizer, noise):
    loss = loss_of(generator, discriminator, noise)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def zero_after(generator, discriminator, optimizer, noise):
    loss = loss_of(generator, discriminator, noise)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


def by_hand(generator, discriminator, optimizer, noise):
    parameters = list(generator.parameters())
    for p, slope in zip(
        parameters,
        torch.autograd.grad(loss_of(generator, discriminator, noise), parameters),
        strict=True,
    ):
        p.data -= 0.1 * slope
    return 0.0


def detached(generator, discriminator, optimizer, noise):
    loss = nn.functional.softplus(-discriminator(generator(noise).detach())).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def without_grad(generator, discriminator, optimizer, noise):
    with torch.no_grad():
        fake = generator(noise)
    loss = nn.functional.softplus(-discriminator(fake)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def no_backward(generator, discriminator, optimizer, noise):
    optimizer.step()
    return loss_of(generator, discriminator, noise).detach()


def no_step(generator, discriminator, optimizer, noise):
    loss = loss_of(generator, discriminator, noise)
    optimizer.zero_grad()
    loss.backward()
    return loss.detach()


def zero_between(generator, discriminator, optimizer, noise):
    loss = loss_of(generator, discriminator, noise)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.detach()


def cleared_between(generator, discriminator, optimizer, noise):
    loss = loss_of(generator, discriminator, noise)
    loss.backward()
    for p in generator.parameters():
        p.grad.zero_()
    optimizer.step()
    return loss.detach()


def step_first(generator, discriminator, optimizer, noise):
    loss = loss_of(generator, discriminator, noise)
    optimizer.step()
    loss.backward()
    return loss.detach()


def step_first_with_old_gradients(generator, discriminator, optimizer, noise):
    optimizer.step()
    loss = loss_of(generator, discriminator, noise)
    loss.backward()
    return loss.detach()


def never_zero(generator, discriminator, optimizer, noise):
    loss = loss_of(generator, discriminator, noise)
    loss.backward()
    optimizer.step()
    return loss.detach()


def moves_both(generator, discriminator, optimizer, noise):
    loss = right(generator, discriminator, optimizer, noise)
    with torch.no_grad():
        for p in discriminator.parameters():
            p -= 0.1 * p.grad
    return loss


def half(generator, discriminator, optimizer, noise):
    hidden = torch.tanh(generator[0](noise)).detach()
    loss = nn.functional.softplus(-discriminator(generator[2](hidden))).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def keeps_graph(generator, discriminator, optimizer, noise):
    loss = loss_of(generator, discriminator, noise)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


CONDITIONS = {"moves": "generator", "fixed": ("discriminator",), "detached": True}


def watched(step, conditions=CONDITIONS):
    """Two calls, or one when that one is at fault already, as in a probe."""
    generator, discriminator = networks()
    optimizer = torch.optim.SGD(generator.parameters(), lr=0.1)
    watch = Watch(optimizer, generator=generator, discriminator=discriminator)
    for seed in range(2):
        noise = torch.randn(5, 1, generator=torch.Generator().manual_seed(seed))
        watch.run(step, generator, discriminator, optimizer, noise)
        if watch.fault(**conditions):
            break
    return watch


@pytest.mark.parametrize("step", [right, zero_after, by_hand])
def test_right_steps_have_no_fault(step):
    assert watched(step).fault(**CONDITIONS) is None


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (detached, "reached the discriminator but not the generator"),
        (without_grad, "reached the discriminator but not the generator"),
        (no_backward, "No gradient reached the generator"),
        (no_step, "`optimizer.step()` was not called"),
        (zero_between, "erased between `backward()` and `optimizer.step()`"),
        (cleared_between, "erased between `backward()` and `optimizer.step()`"),
        (step_first, "`optimizer.step()` ran before `backward()`: of gradients the generator had none yet"),
        (step_first_with_old_gradients, "`optimizer.step()` ran before `backward()`"),
        (never_zero, "Gradients of the call before were still at the generator"),
        (moves_both, "The discriminator moved"),
        (half, "Only a part of the generator moved: no gradient reached `0.weight`, `0.bias`"),
        (keeps_graph, "still carries its graph"),
    ],
)
def test_each_wrong_step_gets_its_true_cause(step, words):
    watch = watched(step)
    assert words in watch.fault(**CONDITIONS)
    with pytest.raises(Reject):
        watch.require(**CONDITIONS)


def test_what_moved_and_what_received_gradients_can_be_read():
    first, second = watched(right).calls
    assert first.moved["generator"] == ("0.weight", "0.bias", "2.weight", "2.bias")
    assert first.moved["discriminator"] == ()
    assert first.reached["discriminator"] == ("2.bias", "2.weight", "0.bias", "0.weight")
    assert first.events == ("backward", "step")
    # Only the generator's optimiser clears gradients, so the discriminator's add up from call to call.
    assert not second.stale["generator"]
    assert second.stale["discriminator"]


def test_gradients_left_at_a_network_that_must_stay_clean():
    def undetached(generator, discriminator, optimizer, noise):
        loss = nn.functional.softplus(discriminator(generator(noise))).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    generator, discriminator = networks()
    optimizer = torch.optim.SGD(discriminator.parameters(), lr=0.1)
    watch = Watch(optimizer, discriminator=discriminator, generator=generator)
    watch.run(undetached, generator, discriminator, optimizer, torch.ones(4, 1))
    assert watch.fault("discriminator", fixed=("generator",)) is None
    assert "left gradients at the generator" in watch.fault("discriminator", clean=("generator",))


def test_several_backward_passes_in_one_call_add_up_as_they_should():
    def two_halves(generator, discriminator, optimizer, noise):
        optimizer.zero_grad()
        for part in noise.chunk(2):
            (loss_of(generator, discriminator, part) / 2).backward()
        optimizer.step()

    assert watched(two_halves).fault("generator") is None


def test_gradients_from_before_the_first_call_are_noticed():
    generator, discriminator = networks()
    for p in generator.parameters():
        p.grad = torch.ones_like(p)
    optimizer = torch.optim.SGD(generator.parameters(), lr=0.1)
    watch = Watch(optimizer, generator=generator)
    watch.run(never_zero, generator, discriminator, optimizer, torch.ones(4, 1))
    assert "from before the call" in watch.fault("generator")


def test_hooks_are_gone_after_the_call():
    generator, discriminator = networks()
    optimizer = torch.optim.SGD(generator.parameters(), lr=0.1)
    watch = Watch(optimizer, generator=generator)
    with pytest.raises(ZeroDivisionError):
        watch.run(lambda: 1 / 0)
    watch.run(right, generator, discriminator, optimizer, torch.ones(4, 1))
    assert not any(p._backward_hooks or p._post_accumulate_grad_hooks for p in generator.parameters())
    assert not optimizer._optimizer_step_pre_hooks


def test_plain_tensors_are_networks_too():
    w = [torch.ones(2, requires_grad=True)]
    watch = Watch(None, weights=w)
    watch.run(lambda: None)
    assert "No gradient reached the weights" in watch.fault("weights")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, "is a Python number"),
        (torch.tensor(0.5), "carries no gradient"),
        (torch.ones(1, requires_grad=True).sum().detach(), "carries no gradient"),
    ],
)
def test_why_a_loss_cannot_be_trained_with(value, words):
    assert words in why_no_gradient(value)
