"""Pictures that one moves: an author's function, controls, and the exact numbers."""

import inspect
import threading

from course_lib import checks
from course_lib.figure.stage import Stage
from course_lib.widgets import idle, page
from course_lib.widgets.ahead import Ahead
from course_lib.widgets.picture import Picture
from course_lib.widgets.shown import Shown

__all__ = ["Explorable", "explore"]


def explore(
    draw, *, panels=None, presets=None, title=None, alt=None, size=(9, 4), **controls
) -> "Explorable":
    """Shows ``draw(view, **values)`` with a control for each value.

    Args:
        draw: draws by name on a view, for example ``view["left"].curve("p", x, y, color="p", label="p")``. What a later
            call does not draw is hidden. It gets each control's value under the control's name.
        panels: a list of ``Panel`` (or of rows of them); without it there is one panel, ``"main"``.
        presets: name to values, each a button: ``{"independent": {"rho": 0.0}}``. Controls that it does not name go
            back to where they started, so that a button always leads to the same picture.
        title: stands above all panels.
        alt: one sentence that says what is to be seen, for readers who do not see it.
        size: width and height in inches, 100 CSS pixels each.
        controls: ``name=Slider(...)``, ``Slider.of([...])``, ``Choice(...)`` or ``Toggle(...)``. With none the picture
            stands still.

    Raises:
        ValueError: no alternative text, a preset or control that does not fit.

    >>> from course_lib.widgets import Slider
    >>> def draw(view, slope):
    ...     view.curve("line", [0, 1], [0, slope])
    ...     view.readout("slope", slope, ".1f")
    >>> line = explore(draw, alt="A line whose slope follows the slider.", slope=Slider(0.0, 2.0, step=0.1, value=1.0))
    >>> line.set(slope=0.5)
    >>> line.readouts
    {'slope': 0.5}
    """
    return Explorable(
        draw, panels=panels, presets=presets, title=title, alt=alt, size=size, controls=controls
    )


class Explorable(Shown):
    """A picture with controls; the last value of a cell shows it. Made by ``explore``.

    Attributes:
        error: what the author's function raised at the last values, or ``None``.
        draws: how many pictures were drawn, without those drawn ahead of the reader.
    """

    def __init__(self, draw, *, panels=None, presets=None, title=None, alt=None, size=(9, 4), controls=None):
        super().__init__(alt, controls, presets)
        _check_signature(draw, self.controls)
        self._draw = draw
        self._stage = Stage(panels, size, title, self.alt)
        self._frame, self._drawn = None, False
        self._ahead = Ahead(self._stage)
        self.error = None
        self.draws = 0
        # Guards the flags below; the drawing itself happens outside it.
        self._state = threading.Condition()
        self._drawing = self._stale = self._behind = False
        # What the page asked last, and the neighbour that it would like to have.
        self._asked, self._wished = {}, None
        self._card = ""
        self._request()
        self._assemble("Reset", {"card": self._card})
        idle.on_cell(self)

    # What a program sees

    @property
    def frame(self):
        """What a painter is given to show the picture now."""
        self._bring_up_to_date()
        return self._frame

    def reset(self):
        """Moves every control back to where it started."""
        self.reset_controls()

    def flush(self):
        """Waits until the latest values are drawn."""
        with self._state:
            self._state.wait_for(lambda: not (self._drawing or self._stale) or self._closed)

    def close(self):
        """Takes the widget down."""
        with self._state:
            if self._closed:
                return
            self._closed = True
            self._state.notify_all()
        self._take_down()

    def _as_text(self):
        if self.error is None:
            return super()._as_text()
        return "The drawing function failed.\n" + page.error_text(self.error, self._draw)

    # Drawing

    def _request(self, message=None, wish=None):
        """Draws the latest values, now or, when another thread is drawing, as soon as that is done.

        Messages come in several threads: only one draws, the others leave word. What changed several times meanwhile is
        drawn once, with the last values. A neighbour that the page wishes for is drawn when nothing else is to do.
        """
        with self._state:
            if self._closed:
                return
            if wish is not None:
                self._wished = wish
            else:
                self._stale = True
                self._asked = message or self._asked
            if self._drawing:
                return
            self._drawing = True
        try:
            while (job := self._next_job()) is not None:
                job()
        except BaseException:
            with self._state:
                self._drawing = False
                self._state.notify_all()
            raise

    def _next_job(self):
        """What to draw next; ``None`` ends the drawing: whoever comes from then on finds nobody at it."""
        with self._state:
            stale, wish = self._stale and not self._closed, self._wished
            if stale:
                asked, self._asked, self._stale = self._asked, {}, False
                values = dict(self._values)
                return lambda: self._draw_once(values, asked)
            if wish is not None and not self._closed:
                self._wished = None
                return lambda: self._draw_ahead(wish)
            self._drawing = False
            self._state.notify_all()
            return None

    def _draw_once(self, values, asked):
        self.draws += 1
        view = self._stage.view()
        memory, era = self._stage.memory(), self._ahead.era
        readouts = None
        try:
            with self._ahead.measured():
                self._draw(view, **values)
                frame = self._stage.frame(view)
        except Exception as error:
            self.error = error
            if self._frame is None:
                # Nothing was ever drawn: show the empty panels.
                self._frame = self._stage.frame(self._stage.view())
            self._card = page.error_card(error, self._draw, drawn=self._drawn)
        else:
            self.error, self._frame, self._drawn, self._card = None, frame, True, ""
            self._readouts = readouts = {label: one.value for label, one in view.readouts.items()}
        overtaken = era != self._ahead.era
        if memory != self._stage.memory():
            self._drop()
        number = self._send(values, asked)
        if overtaken:
            # A cell began to run meanwhile: who knows what was drawn.
            self._drop(by_force=True)
        elif readouts is not None:
            self._ahead.remember(number, values, readouts)

    def _send(self, values, asked) -> int:
        """Shows the frame; its number. The first one goes with the widget."""
        if self.widget is None or self._closed:
            return Picture.FIRST
        about = {"have": asked.get("have"), "ask": asked.get("ask")}
        return self.widget.show(self._frame, self._said(values), card=self._card, **about)

    def _hear(self, message):
        idle.harmless()
        super()._hear(message)

    def _moved(self, values, message=None):
        self._request(message)

    # Ahead of the reader

    def _draw_ahead(self, wish):
        """Draws a neighbour of the present values, if that takes a moment only and leaves no trace."""
        ask, have = wish["ask"], wish.get("have")
        values = {**self._values, **self._meant(wish["values"])}
        if self.error is not None or not self._ahead.quick:
            self.widget.refuse(ask, again=False)
            return
        if idle.busy():
            self.widget.refuse(ask, again=True)
            return
        era = self._ahead.era
        drawn = self._ahead.draw(self._draw, values)
        if drawn is None or self._closed:
            self.widget.refuse(ask, again=False)
            return
        frame, readouts = drawn
        if era != self._ahead.era:
            self.widget.refuse(ask, again=True)
            return
        number = self.widget.next_number()
        self._ahead.remember(number, values, readouts)
        self.widget.show(frame, self._said(values), have=have, ask=ask, ahead=True, number=number, card="")

    def _on_ahead(self, message):
        self._request(wish=message)

    def _on_shown(self, message):
        """The page shows a frame that it had: the values are those of it now."""
        kept = self._ahead.recall(message["number"])
        if kept is None:
            return
        values, readouts, fresh = kept
        with self._hand:
            self._values = dict(values)
        if not fresh:
            # It was thrown away when the page had already shown it.
            self._request()
            return
        self.error, self._readouts = None, readouts
        with self._state:
            self._behind = True

    def _on_full(self, _message):
        self._request()

    def _bring_up_to_date(self):
        """Draws what the page shows from its own frames, for who asks the kernel."""
        with self._state:
            behind, self._behind = self._behind, False
        if behind:
            self._request()
            self.flush()

    def on_cell(self):
        """A cell begins or ends, and may change what the author's function depends on."""
        self._drop()

    def _drop(self, by_force=False):
        """The frames that the page keeps may be wrong."""
        if (self._ahead.forget() or by_force) and self.widget is not None and not self._closed:
            self.widget.drop()


def _check_signature(draw, controls):
    checks.function("draw", draw, "a function draw(view, **values)")
    try:
        inspect.signature(draw).bind(None, **dict.fromkeys(controls))
    except TypeError as error:
        names = ", ".join(("view", *controls))
        raise ValueError(f"draw: expected a function that takes ({names}): {error}") from error
    except ValueError:
        return  # a builtin without a signature
