import asyncio
import gc
import math

import pytest

from course_lib.figure.panel import Panel
from course_lib.widgets.controls import Toggle
from course_lib.widgets.live_training import LiveTraining
from course_lib.widgets.slider import Slider
from tests.unit.widgets.reader import Reader


class Descent:
    """x <- x - 2 rate x, which converges for a rate below 1 and blows up above."""

    rate = 0.1

    def __init__(self):
        self.extra = 0
        self.reset()

    def reset(self):
        self.x = 4.0

    def step(self):
        self.x -= self.rate * 2 * self.x

    def nudge(self):
        self.x += 1

    def is_finite(self):
        return abs(self.x) < 1e6


def draw(view, descent):
    view.curve("level", [0, 1], [descent.x, descent.x], color="q", label="x")
    view.readout("x", descent.x)


@pytest.fixture
def live():
    made = []

    def make(stepper=None, **options):
        options.setdefault("rate", Slider(0.0, 2.0, value=0.1, step=0.1))
        one = LiveTraining(
            stepper or Descent(), draw, panels=[Panel("main", ylim=(-5, 5))], alt="A level.", **options
        )
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


def test_run_trains_and_shows_the_last_state(live):
    one = live()
    before = one.png()
    one.run(3, progress=False)
    assert one.stepper.x == pytest.approx(4.0 * 0.8**3)
    assert one.readouts["x"] == one.stepper.x and one.steps == 3
    assert one.png() != before and one.png().startswith(b"\x89PNG")


def test_controls_set_the_stepper_at_the_start_and_when_they_move(live):
    one = live()
    assert one.stepper.rate == 0.1
    one.set(rate=0.5)
    assert one.stepper.rate == 0.5
    page = Reader(one)
    page.move_to(rate=0.3)
    # The page knows that it was heard, though the picture may come later.
    assert {"tell": "state", "ask": 1} in page.told and page.values == {"rate": "0.3"}
    assert one.stepper.rate == pytest.approx(0.3) and one.values == {"rate": pytest.approx(0.3)}


def test_reset_goes_back_and_keeps_the_controls(live):
    one = live().run(5, progress=False)
    one.set(rate=0.2)
    one.reset()
    assert one.stepper.x == 4.0 and one.steps == 0 and one.status == "ready" and one.stepper.rate == 0.2
    assert one.readouts["x"] == 4.0


def test_an_action_happens_once_and_is_shown(live):
    stepper = Descent()
    one = live(stepper, actions={"nudge": stepper.nudge})
    one.act("nudge")
    assert stepper.x == 5.0 and one.readouts["x"] == 5.0
    with pytest.raises(ValueError, match="action: expected one of 'nudge'"):
        one.act("push")


def test_a_diverged_run_stops_with_a_card_and_reset_takes_it_away(live):
    one = live()
    one.set(rate=2.0)
    one.run(200, progress=False)
    assert one.status == "diverged" and "diverged" in one.widget.state["card"]
    one.set(rate=0.1)
    one.reset()
    assert one.status == "ready" and one.widget.state["card"] == ""


def test_the_cap_stops_the_run(live):
    one = live(cap=7).run(100, progress=False)
    assert one.steps == 7 and one.status == "finished" and "7 steps" in one.widget.state["card"]


def test_an_error_of_the_stepper_is_raised_by_run_and_shown_on_a_card(live):
    class Broken(Descent):
        def step(self):
            raise KeyError("missing")

    one = live(Broken())
    with pytest.raises(KeyError):
        one.run(1, progress=False)
    assert one.status == "failed" and "KeyError" in one.widget.state["card"]


def test_an_error_in_draw_is_shown_on_a_card():
    def wrong(view, stepper):
        view["nowhere"].curve("x", [0], [0])

    one = LiveTraining(Descent(), wrong, alt="Nothing.")
    assert one.status == "failed" and "nowhere" in one.widget.state["card"]
    one.close()


def test_a_saved_notebook_gets_a_picture_and_a_sentence(live):
    data, metadata = live().run(1, progress=False)._repr_mimebundle_()
    assert data["text/plain"].startswith("A level.") and data["image/png"]
    assert "application/vnd.jupyter.widget-view+json" in data and metadata["image/png"]["width"] == 900


def test_presets_and_the_reset_of_the_controls_move_all_of_them_and_leave_the_training_alone(live):
    one = live(presets={"fast": {"rate": 0.9}}, noisy=Toggle())
    page = Reader(one)
    assert [button["label"] for button in page.spec["buttons"]] == ["Play", "Reset", "fast", "Start values"]
    one.run(2, progress=False)
    here = one.stepper.x
    one.set(noisy=True)
    page.press("fast")
    assert one.values == {"rate": 0.9, "noisy": False}
    assert (one.stepper.rate, one.stepper.noisy) == (0.9, False)
    one.set(noisy=True)
    page.press("Start values")
    assert one.values == {"rate": 0.1, "noisy": False}
    assert (one.stepper.rate, one.stepper.noisy) == (0.1, False)
    assert one.stepper.x == here and one.steps == 2


def test_without_controls_there_is_nothing_to_reset_but_the_training():
    one = LiveTraining(Descent(), draw, alt="A level.")
    assert [button["label"] for button in Reader(one).spec["buttons"]] == ["Play", "Reset"]
    one.close()


def test_closing_takes_every_widget_down(live):
    from ipywidgets.widgets.widget import _instances

    gc.collect()
    before = set(_instances)
    one = live(noisy=Toggle())
    # The controls are no widgets of their own: one, and its layout.
    assert 1 <= len(set(_instances) - before) <= 2
    one.close()
    gc.collect()
    assert set(_instances) - before == set()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alt": ""}, "alt: expected a sentence"),
        ({"stepper": object()}, "stepper: expected an object with step"),
        ({"draw": 3}, "draw: expected a function"),
        ({"cap": 0}, "cap: expected a positive"),
        ({"presets": {"p": {"nothing": 1}}}, "preset 'p': expected one of none"),
        ({"rate": 3}, "rate: expected a Slider"),
    ],
)
def test_bad_arguments_are_named(change, message):
    arguments = {"stepper": Descent(), "draw": draw, "alt": "A level.", **change}
    with pytest.raises(ValueError, match=message):
        LiveTraining(arguments.pop("stepper"), arguments.pop("draw"), **arguments)


def test_a_value_outside_the_range_moves_nothing(live):
    one = live()
    with pytest.raises(ValueError, match="rate: expected a number from"):
        one.set(rate=math.inf)
    assert one.values["rate"] == 0.1


def test_the_status_says_for_how_long_a_step_lasts_and_the_card_where(live, monkeypatch):
    monkeypatch.setattr("course_lib.widgets.patience._LONG", 0.0)

    class Stuck(Descent):
        def step(self):
            while True:
                self.x += 0

    one = live(Stuck())
    one._runner.patience.seconds = 1.6
    page = Reader(one)
    with pytest.raises(TimeoutError, match="endless loop"):
        one.run(1, progress=False)
    assert any("one step has lasted" in told.get("status", "") for told in page.told)
    assert one.status == "failed" and "TimeoutError" in one.widget.state["card"]


def test_a_stepper_may_say_why_it_diverged(live):
    class Wise(Descent):
        def why_not_finite(self):
            return "x was doubled too often."

    one = live(Wise(), rate=Slider(0.0, 2.0, value=2.0, step=0.1))
    one.run(200, progress=False)
    assert one.status == "diverged" and "x was doubled too often." in one.widget.state["card"]


def frames(page):
    return [told for told in page.told if told["tell"] == "frame"]


def test_frames_of_a_playing_training_do_not_pile_up_at_a_page_that_does_not_paint_them(live):
    async def story():
        one = live(cap=1_000_000)
        page = Reader(one)
        first = page.number
        page.say(do="ack", number=first)
        page.press("Play")
        for _ in range(300):
            await asyncio.sleep(0.01)
            if one.frames > 12:
                break
        waiting = page.number
        assert one.playing and one.frames > 9
        # A few were sent since, the last of them with the wish to hear when they are painted.
        assert 1 < waiting - first <= 6 and len(frames(page)) == waiting - first
        assert frames(page)[-1]["acknowledge"]
        page.say(do="ack", number=waiting)
        for _ in range(200):
            await asyncio.sleep(0.01)
            if page.number != waiting:
                break
        assert frames(page)[-1]["number"] > waiting and frames(page)[-1]["base"] == waiting
        page.press("Play")
        for _ in range(100):
            await asyncio.sleep(0.01)
        # What stands still is shown to whoever looks.
        assert one.status == "paused" and page.frame == one.frame

    asyncio.run(story())


def test_a_page_that_paints_all_frames_gets_all_and_need_not_say_so_each_time(live):
    async def story():
        one = live(cap=1_000_000)
        page = Reader(one)
        page.say(do="ack", number=page.number)
        page.press("Play")
        start, answered = one.frames, set()
        for _ in range(300):
            await asyncio.sleep(0.01)
            if page.told and page.told[-1].get("acknowledge") and page.number not in answered:
                answered.add(page.number)
                page.say(do="ack", number=page.number)
            if one.frames > start + 9:
                break
        one.pause()
        assert len(frames(page)) >= 9 and 0 < len(answered) <= len(frames(page)) / 2
        # All that the page says of the training comes with its frame.
        assert all({"status", "playing", "card"} <= told.keys() for told in frames(page))

    asyncio.run(story())


def test_the_speed_of_a_training_follows_the_menu(live):
    one = live()
    page = Reader(one)
    assert page.spec["speeds"]["texts"][page.spec["speeds"]["start"]] == "full speed"
    page.say(do="speed", index=1)
    assert one._runner.rate == 10.0 and page.state["speed"] == 1


def test_an_action_is_a_button(live):
    stepper = Descent()
    page = Reader(live(stepper, actions={"nudge": stepper.nudge}))
    page.press("nudge")
    assert stepper.x == 5.0 and page.readouts == {"x": "5.0000"}
    page.press("Reset")
    assert stepper.x == 4.0 and page.readouts == {"x": "4.0000"}
