"""Training that one steers: it runs on the screen while sliders and buttons act on it."""

import math
import time
from collections.abc import Callable, Mapping

from tqdm.auto import tqdm

from course_lib import checks
from course_lib.figure.stage import Stage
from course_lib.widgets import idle, page
from course_lib.widgets.runner import Runner
from course_lib.widgets.shown import Shown, button, known_as

__all__ = ["LiveTraining"]

_SPEEDS = {"1 step/s": 1.0, "10 steps/s": 10.0, "100 steps/s": 100.0, "full speed": math.inf}
# A page says that it has painted a frame, which costs as much as a step or two, once in so many,
_ASKED = 3
# and is sent no more than so many beyond,
_AHEAD = 6
# unless it has answered before but has not for so many seconds: it may be another one.
_PATIENCE = 1.0


class LiveTraining(Shown):
    """A stepper that trains in a notebook while it is steered. The last value of a cell shows it.

    It knows nothing about what is trained. A *stepper* is any object with

    - ``step()``: one update;
    - ``reset()``: back to the start;
    - an attribute for each control: ``lr=Slider(...)`` means that ``stepper.lr = value`` happens between two steps,
      at the start and whenever the slider moves;
    - ``is_finite()`` (optional): a false answer stops the run with a card;
    - ``why_not_finite()`` (optional): what the card says then, in sentences, in place of the advice to train slower.

    For example::

        class Descent:
            rate = 0.1
            def __init__(self): self.reset()
            def reset(self): self.x, self.path = 4.0, [4.0]
            def step(self):
                self.x -= self.rate * 2 * self.x
                self.path.append(self.x)
            def is_finite(self): return abs(self.x) < 1e9

        def draw(view, descent):
            view.curve("path", range(len(descent.path)), descent.path, color="q", label="x")
            view.readout("x", descent.x)

        LiveTraining(Descent(), draw, rate=Slider(0.0, 1.2, value=0.1), alt="x against the step.")

    It runs as a task of the kernel's event loop, in slices of 30 ms, so other cells and sliders stay alive. One
    training plays at a time: a second ``play`` pauses the first. Running the cell again closes the old one. A saved
    notebook shows the picture of the moment when the cell was run. A step that does not end is stopped, after 10 s or,
    once it has lasted two, by Pause, by Reset or by an interrupt of the kernel.

    Args:
        stepper: what trains, see above.
        draw: ``draw(view, stepper)`` draws a frame by name, as for ``explore``. It should take no more than about
            10 ms: small heatmaps, a thousand points, curves thinned to a few hundred.
        panels, title, size: as for ``explore``.
        alt: one sentence that says what is to be seen.
        actions: what a button says, to a function without arguments that it calls between two steps:
            ``{"one D step": game.discriminator_step}``. A playing run is paused first.
        presets: what a button says, to values of controls; those it does not name go back to where they started.
        cap: the run stops by itself after so many steps.
        controls: ``name=Slider(...)``, ``Choice(...)`` or ``Toggle(...)``.

    Raises:
        ValueError: no alternative text, a stepper without ``step`` or ``reset``, a control or preset that does not fit.
    """

    def __init__(
        self,
        stepper,
        draw: Callable,
        *,
        panels=None,
        alt: str | None = None,
        title: str | None = None,
        size: tuple[float, float] = (9, 4),
        actions: Mapping[str, Callable] | None = None,
        presets: Mapping[str, Mapping] | None = None,
        cap: int = 20_000,
        **controls,
    ):
        super().__init__(alt, controls, presets)
        self.stepper = checks.methods("stepper", stepper, "step", "reset")
        self._draw = checks.function("draw", draw, "a function draw(view, stepper)")
        self._actions = dict(actions or {})
        self._stage = Stage(panels, size, title, self.alt)
        # Numbers of the frame that the page painted last and of the one that was sent last, and when that was.
        self._painted, self._sent, self._sent_at = None, None, 0.0
        healthy, cap = getattr(stepper, "is_finite", None), checks.integer("cap", cap, 1)
        self._runner = Runner(
            stepper.step, self._show_frame, is_healthy=healthy, notice=lambda: self._show_status(), cap=cap
        )
        # Until there is a first frame.
        self._last = self._stage.frame(self._stage.view())
        self._moved(self.values)
        self._put_together()

    # What a program sees

    @property
    def playing(self) -> bool:
        """Whether it is training now."""
        return self._runner.playing

    @property
    def status(self) -> str:
        """``"ready"``, ``"playing"``, ``"paused"``, ``"finished"``, ``"diverged"`` or ``"failed"``."""
        return self._runner.status

    @property
    def steps(self) -> int:
        """Steps since the start or the last reset."""
        return self._runner.steps

    @property
    def frames(self) -> int:
        """Pictures since this was made."""
        return self._runner.frames

    def play(self):
        """Trains on, as a task of the notebook's event loop; returns at once."""
        self._runner.play()
        self._show_status()

    def pause(self):
        """Stops after the present step."""
        self._runner.pause()
        self._show_status()

    def reset(self):
        """Back to the start; controls stay where they are (see ``reset_controls``), and a playing run plays on."""
        self._runner.restart(self.stepper.reset)

    def act(self, name: str):
        """Does one of the actions once, after a pause.

        Raises:
            ValueError: there is none of that name.
        """
        known_as("action", name, self._actions)
        self._runner.pause()
        self._runner.submit(self._actions[name])

    def run(self, n: int, progress: bool = True) -> "LiveTraining":
        """Trains n steps at once and shows the result; for scripts, tests and the first picture of a notebook.

        Raises:
            Exception: what the stepper raised, if it did.
        """
        n = checks.integer("n", n, 0)
        with tqdm(total=n, desc="training", leave=False, disable=not progress, mininterval=0.2) as bar:
            self._runner.run(n, bar.update)
        if self._runner.error is not None:
            raise self._runner.error
        return self

    @property
    def frame(self):
        """What a painter is given to show the picture now."""
        return self._last

    def close(self):
        """Stops and takes everything down."""
        if self._closed:
            return
        self._closed = True
        self._runner.close()
        self._take_down()

    # Between two steps

    def _moved(self, values, message=None):
        if message is None:
            # A hand in the page may be further on than what it told of.
            self._tell(values=self._said(self._values))
        self._runner.submit(lambda: self._assign(values))

    def _assign(self, values):
        for name, value in values.items():
            setattr(self.stepper, name, value)

    def _show_frame(self):
        view = self._stage.view()
        try:
            self._draw(view, self.stepper)
            self._last = self._stage.frame(view)
        except Exception as error:
            self._runner.status, self._runner.error = "failed", error
            self._show_status()
            return
        self._readouts = {label: one.value for label, one in view.readouts.items()}
        if self.widget is not None and not self._closed and self._page_is_ready():
            asked = self._painted is None or self._unpainted() + 1 >= _ASKED
            about = {"have": self._painted, "acknowledge": asked, **self._status()}
            self._sent = self.widget.show(self._last, self._said(self._values), **about)
            self._sent_at = time.monotonic()
        self._show_status()

    def _page_is_ready(self) -> bool:
        """While it trains, a page gets few frames that it has not painted yet: they must not pile up."""
        late = self._painted is not None and self._unpainted() >= _AHEAD
        return not (late and self.playing and time.monotonic() - self._sent_at < _PATIENCE)

    def _unpainted(self) -> int:
        """Frames that were sent after the last one of which the page said that it was painted."""
        return 0 if self._sent is None else max(0, self._sent - self._painted)

    # The page

    def _on_ack(self, message):
        idle.harmless()
        self._painted = message["number"]

    def _on_full(self, _message):
        self._painted = None
        self._runner.submit(lambda: None)

    def _on_move(self, message):
        super()._on_move(message)
        self.widget.answer(message["ask"])

    def _on_speed(self, message):
        self._runner.rate = list(_SPEEDS.values())[int(message["index"])]
        self._tell(speed=int(message["index"]))

    def _on_press(self, message):
        kind, _, name = message["name"].partition(":")
        if kind == "play":
            self.pause() if self.playing else self.play()
        elif kind == "reset":
            self.reset()
        elif kind == "action":
            self.act(name)
        else:
            super()._on_press(message)

    def _put_together(self):
        buttons = [
            button("play", "Play", "play"),
            button("reset", "Reset", "undo", "The training back to its start; the controls stay"),
            *(button(f"action:{name}", name, "step") for name in self._actions),
        ]
        speeds = {"texts": list(_SPEEDS), "start": len(_SPEEDS) - 1}
        state = {**self._status(), "speed": speeds["start"]}
        self._assemble("Start values", state, buttons, live=True, speeds=speeds)

    def _show_status(self):
        self._tell(**self._status())

    def _status(self) -> dict:
        """What the page says beside the picture."""
        runner = self._runner
        speed = (
            f" · {runner.steps_per_second:,.0f} steps/s" if runner.playing and runner.steps_per_second else ""
        )
        waiting = runner.patience.waiting
        if waiting:
            limit = runner.patience.seconds
            speed = f" · one step has lasted {waiting:.0f} s: Pause ends it, and it is stopped after {limit:.0f} s"
        return {
            "status": f"step {runner.steps:,} · {runner.status}{speed}",
            "playing": runner.playing,
            "card": page.training_card(runner, self._draw, self._reason()),
        }

    def _reason(self) -> str:
        """Why it diverged, if the stepper knows."""
        ask = getattr(self.stepper, "why_not_finite", None)
        return str(ask()) if self._runner.status == "diverged" and callable(ask) else ""
