"""A training that one steers, in a real browser: sliders, pause, single steps, reset, a second one, a dead kernel."""

import pytest

from tests.browser.lab import restart_kernel, run_all
from tests.browser.student import Picture, run_cell, until

GAME = """
import torch
from course_lib.adversarial import AdversarialGame
from course_lib.networks import mlp
from course_lib.widgets import LiveTraining, Panel, Slider

torch.set_num_threads(1)
counts = {"d": 0, "g": 0}

class Counted(AdversarialGame):
    def discriminator_step(self):
        counts["d"] += 1
        return super().discriminator_step()
    def generator_step(self):
        counts["g"] += 1
        return super().generator_step()

def make():
    data = torch.randn(500, 2, generator=torch.Generator().manual_seed(0)) + 2
    return Counted(mlp((2, 16, 2), seed=0), mlp((2, 16, 1), seed=1), data, noise_size=2, batch_size=32)

def draw(view, game):
    view.scatter("data", game.data[:100], color="data", label="data")
    view.scatter("model", game.samples(100), color="model", label="samples")
    view.readout("rate in use", game.lr_g, ".6g")
    view.readout("D", counts["d"])
    view.readout("G", counts["g"])

def show(game, **options):
    return LiveTraining(
        game, draw, alt="Samples beside data.", panels=[Panel("plane", xlim=(-4, 6), ylim=(-4, 6))], size=(5, 3.5),
        actions={"One D step": game.discriminator_step, "One G step": game.generator_step},
        lr_g=Slider(1e-4, 1e-1, value=1e-3, log=True, label="learning rate of G"), **options)
"""
FIRST = "game = make()\nlive = show(game, cap=1_000_000)\nlive"
SECOND = "other = show(make())\nother"
LEFT = "import asyncio\nprint('tasks', sum('Runner' in repr(t.get_coro()) for t in asyncio.all_tasks()), live.status)"

# Changes nothing until the game has played.
STUCK = """
from course_lib.adversarial import AdversarialLoss

def my_loss(fake):
    while True:
        pass

if counts["d"]:
    game.loss = AdversarialLoss("own", game.loss.ratio_loss, my_loss)
"""


@pytest.fixture
def lab(opened):
    """A notebook with two trainings, all of it run; both stand still."""
    page = opened(GAME, FIRST, SECOND, LEFT, STUCK)
    page.set_viewport_size({"width": 1400, "height": 2000})  # both trainings on the screen
    for index in (0, 1):
        Picture(page, index).wait()
    return page


def training(page, index):
    return page.locator(".course-live").nth(index)


def press(page, index, text):
    training(page, index).get_by_role("button", name=text).click()


def status(page, index):
    return training(page, index).locator(".course-status").inner_text()


def steps(page, index):
    return int(status(page, index).replace(",", "").split("step ")[1].split()[0])


def readout(page, index, label):
    return float(Picture(page, index).readouts[label].replace("−", "-"))


def printed(page, cell):
    """Runs a cell; what it prints."""
    run_cell(page, f"cell-{cell}")
    return page.evaluate(
        "(cell) => jupyterapp.shell.currentWidget.content.widgets[cell].model.outputs.toJSON()[0].text", cell
    )


def test_sliders_act_on_a_running_game_and_the_buttons_do_what_they_say(lab):
    page = lab
    pixels = Picture(page, 0).pixels
    press(page, 0, "Play")
    until(page, lambda: steps(page, 0) > 50)
    assert "playing" in status(page, 0)
    assert Picture(page, 0).pixels != pixels

    # a slider acts while it trains
    before = readout(page, 0, "rate in use")
    Picture(page, 0).slider("learning rate of G").press("ArrowRight")
    until(page, lambda: readout(page, 0, "rate in use") > before)
    assert "playing" in status(page, 0)
    # and cells run beside it
    assert "tasks 1 playing" in "".join(printed(page, 3))

    press(page, 0, "Pause")
    until(page, lambda: "paused" in status(page, 0))
    page.wait_for_timeout(300)
    stopped, d, g = steps(page, 0), readout(page, 0, "D"), readout(page, 0, "G")
    page.wait_for_timeout(500)
    assert steps(page, 0) == stopped

    press(page, 0, "One D step")
    until(page, lambda: readout(page, 0, "D") == d + 1)
    assert readout(page, 0, "G") == g and steps(page, 0) == stopped
    press(page, 0, "One G step")
    until(page, lambda: readout(page, 0, "G") == g + 1)
    assert readout(page, 0, "D") == d + 1

    press(page, 0, "Reset")
    until(page, lambda: steps(page, 0) == 0)
    assert "ready" in status(page, 0)
    assert training(page, 0).get_by_role("button", name="Play").is_visible()


def test_a_second_training_stops_the_first(lab):
    page = lab
    press(page, 0, "Play")
    until(page, lambda: steps(page, 0) > 20)
    press(page, 1, "Play")
    until(page, lambda: "paused" in status(page, 0) and steps(page, 1) > 20)
    page.wait_for_timeout(300)
    stopped = steps(page, 0)
    page.wait_for_timeout(500)
    assert steps(page, 0) == stopped and "playing" in status(page, 1)
    press(page, 1, "Pause")
    until(page, lambda: "paused" in status(page, 1))


def test_running_the_cell_again_closes_the_old_training(lab):
    page = lab
    press(page, 0, "Play")
    until(page, lambda: steps(page, 0) > 20)
    run_cell(page, "cell-1")
    until(page, lambda: "ready" in status(page, 0))
    assert page.locator(".course-live").count() == 2
    assert "tasks 0 ready" in "".join(printed(page, 3))


def test_a_kernel_that_is_restarted_in_the_middle_leaves_a_clean_page(lab):
    page = lab
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    press(page, 0, "Play")
    until(page, lambda: steps(page, 0) > 20)
    restart_kernel(page)
    page.wait_for_timeout(1000)
    run_all(page)
    until(page, lambda: page.locator(".course-live").count() == 2 and "ready" in status(page, 0))
    assert "tasks 0 ready" in "".join(printed(page, 3))
    press(page, 0, "Play")
    until(page, lambda: steps(page, 0) > 20)
    press(page, 0, "Pause")
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert page.get_by_text("Error displaying widget").count() == 0
    assert problems == []


@pytest.mark.parametrize("hand", ["pause", "interrupt"])
def test_an_endless_loop_in_a_loss_of_one_s_own_is_told_and_ended(lab, hand):
    page = lab
    press(page, 0, "Play")
    until(page, lambda: steps(page, 0) > 5)
    press(page, 0, "Pause")
    until(page, lambda: "paused" in status(page, 0))
    run_cell(page, "cell-4")
    press(page, 0, "Play")
    until(page, lambda: "one step has lasted" in status(page, 0))
    if hand == "pause":
        press(page, 0, "Pause")
    else:
        page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()", None
        )
    until(page, lambda: "failed" in status(page, 0))
    card = training(page, 0).get_by_role("alert").inner_text()
    assert "my_loss" in card and "endless loop" in card and "while True:" in card
    assert "tasks 0 failed" in "".join(printed(page, 3))  # the kernel answers
