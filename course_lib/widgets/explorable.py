"""Pictures that one moves: an author's function, controls, and the exact numbers."""

import inspect
import threading

from course_lib import checks
from course_lib.figure.stage import Stage
from course_lib.widgets import page
from course_lib.widgets.assembly import box
from course_lib.widgets.host import paints_from_threads
from course_lib.widgets.rest import Rest
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
        draws: how many pictures were drawn.
    """

    def __init__(self, draw, *, panels=None, presets=None, title=None, alt=None, size=(9, 4), controls=None):
        super().__init__(alt, controls, presets)
        _check_signature(draw, self.controls)
        self._draw = draw
        self._staging = (panels, size, title)
        self._stage, self._quick = Stage(*self._staging), None
        self._rest = Rest(lambda: self._request(sharpen=True))
        self._view = None
        self.error = None
        self.draws = 0
        # Guards the two flags below; the drawing itself happens outside it.
        self._state = threading.Condition()
        self._drawing = self._stale = self._dull = False
        between = [self._row(), box(self._preset_buttons("Reset"), "course-buttons")] if controls else []
        self._assemble(*between)
        self._request()

    # What a program sees

    def reset(self):
        """Moves every control back to where it started."""
        self.reset_controls()

    def flush(self):
        """Waits until the latest values are drawn."""
        with self._state:
            self._state.wait_for(lambda: not (self._drawing or self._stale or self._dull) or self._closed)

    def png(self) -> bytes:
        """The picture now, as a PNG."""
        self.flush()
        if self._view is not None:
            self._stage.show(self._view)
        return self._stage.static_png()

    def close(self):
        """Takes the widgets and the figure down."""
        with self._state:
            if self._closed:
                return
            self._closed = True
            self._state.notify_all()
        self._take_down()
        self._rest.cancel()
        for stage in filter(None, (self._stage, self._quick)):
            stage.close()

    def _as_text(self):
        if self.error is None:
            return super()._as_text()
        return "The drawing function failed.\n" + page.error_text(self.error, self._draw)

    # Drawing

    def _request(self, sharpen=False):
        """Draws the latest values, now or, when another thread is drawing, as soon as that is done.

        Callbacks come from several threads: only one draws, the others leave word. What changed several times
        meanwhile is drawn once, with the last values.
        """
        with self._state:
            if self._closed:
                return
            self._dull |= sharpen
            self._stale |= not sharpen
            if self._drawing:
                return
            self._drawing = True
        try:
            while True:
                with self._state:
                    stale, dull = self._stale, self._dull
                    if not (stale or dull) or self._closed:
                        return
                    self._stale = self._dull = False
                if stale:
                    self._draw_once(dict(self._values))
                elif self._view is not None:
                    self._send(*self._stage.frame(self._view))
        finally:
            with self._state:
                self._drawing = False
                self._state.notify_all()

    def _draw_once(self, values):
        self.draws += 1
        view = self._stage.view()
        try:
            self._draw(view, **values)
            frame = self._frame(view)
        except Exception as error:
            self.error = error
            self._show_card(page.error_card(error, self._draw, drawn=self._view is not None))
            if self._view is None:
                # Nothing was ever drawn: show the empty panels.
                self._send(*self._stage.frame(self._stage.view()))
            return
        self.error = None
        self._show_card("")
        self._view = view
        self._send(*frame)
        self._show_readouts(view.readouts)

    def _frame(self, view):
        """The first picture is sharp; while the reader moves, pictures have a quarter of the pixels, and are JPEGs."""
        if self._view is None or not paints_from_threads():
            return self._stage.frame(view)
        if self._quick is None:
            self._quick = Stage(*self._staging, scale=1.0, like=self._stage)
        frame = self._quick.frame(view, passing=True)
        self._rest.touch()
        return frame

    def _send(self, format, data):
        if not self._closed:
            self._picture.send(format, data)

    def _moved(self, values):
        self._request()


def _check_signature(draw, controls):
    checks.function("draw", draw, "a function draw(view, **values)")
    try:
        inspect.signature(draw).bind(None, **dict.fromkeys(controls))
    except TypeError as error:
        names = ", ".join(("view", *controls))
        raise ValueError(f"draw: expected a function that takes ({names}): {error}") from error
    except ValueError:
        return  # a builtin without a signature
