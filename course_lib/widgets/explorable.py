"""Pictures that one moves: an author's function, controls, and the exact numbers."""

import inspect
import threading

import ipywidgets as widgets

from course_lib.figure.stage import Stage
from course_lib.widgets import live_cells, page
from course_lib.widgets.controls import Slider
from course_lib.widgets.rest import Rest
from course_lib.widgets.shown import Picture, Shown, width_of

__all__ = ["Explorable", "explore"]


def explore(
    draw, *, panels=None, presets=None, title=None, alt=None, size=(9, 4), **controls
) -> "Explorable":
    """Shows ``draw(view, **values)`` with a control for each value.

    Args:
        draw: draws by name on a view, for example ``view["left"].curve("p", x, y, color="p", label="p")``. What a later
            call does not draw is hidden. It gets each control's value under the control's name.
        panels: a list of ``Panel`` (or of rows of them); without it there is one panel, ``"main"``.
        presets: name to values, each a button: ``{"independent": {"rho": 0.0}}``. Controls that it does not name stay.
        title: stands above all panels.
        alt: one sentence that says what is to be seen, for readers who do not see it.
        size: width and height in inches, 100 CSS pixels each.
        controls: ``name=Slider(...)``, ``Choice(...)`` or ``Toggle(...)``. With none the picture stands still.

    Raises:
        ValueError: no alternative text, a preset or control that does not fit.

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
        self._draw, self._initial = draw, self.values
        self._staging = (panels, size, title)
        self._stage, self._quick = Stage(*self._staging), None
        self._rest = Rest(lambda: self._request(sharpen=True))
        self._view = None
        self.error = None
        self.draws = 0
        # Guards the two flags below; the drawing itself happens outside it.
        self._state = threading.Condition()
        self._drawing = self._stale = self._dull = False
        self._setting = 0
        self._make_widget()
        live_cells.register(self)
        self._request()

    # What a program sees

    def set(self, **values):
        """Moves controls, and draws once.

        Raises:
            ValueError: an unknown control, or a value that it does not take; nothing is moved then.
        """
        checked = self._check_values("control", values)
        with self._state:
            self._setting += 1
        try:
            for name, value in checked.items():
                self._inputs[name].value = value
            # An input may round; the author's function gets what the program asked for.
            self._values.update(checked)
        finally:
            with self._state:
                self._setting -= 1
        self._request()

    def reset(self):
        """Moves every control back to where it started."""
        self.set(**self._initial)

    def preset(self, name):
        """Moves the controls that a preset names.

        Raises:
            ValueError: there is none of that name.
        """
        if name not in self._presets:
            known = ", ".join(repr(preset) for preset in self._presets)
            raise ValueError(f"preset: expected one of {known}, got {name!r}")
        self.set(**self._presets[name])

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
            if self._setting or self._closed:
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
            self._card.value = page.error_card(error, self._draw, drawn=self._view is not None)
            self._card.remove_class("course-hidden")
            if self._view is None:
                # Nothing was ever drawn: show the empty panels.
                self._send(*self._stage.frame(self._stage.view()))
            return
        if self.error is not None:
            self.error = None
            self._card.value = ""
            self._card.add_class("course-hidden")
        self._readouts = view.readouts
        self._view = view
        self._send(*frame)
        table = page.readout_table(self._readouts.values())
        if table != self._table.value:
            self._table.value = table

    def _frame(self, view):
        """The first picture is sharp; while the reader moves, pictures have a quarter of the pixels, and are JPEGs."""
        if self._view is None:
            return self._stage.frame(view)
        if self._quick is None:
            self._quick = Stage(*self._staging, scale=1.0, like=self._stage)
        frame = self._quick.frame(view, passing=True)
        self._rest.touch()
        return frame

    def _send(self, format, data):
        if self._closed:
            return
        with self._picture.hold_sync():
            self._picture.format = format
            self._picture.value = data

    # Widgets

    def _make_widget(self):
        self._picture = Picture(self._stage, self.alt)
        self._card, self._table = widgets.HTML(), widgets.HTML()
        self._card.add_class("course-hidden")
        self._inputs = self._inputs_that_call(self._moved)
        row = widgets.Box([self._dressed(name) for name in self.controls])
        row.add_class("course-row")
        buttons = widgets.Box(self._buttons())
        buttons.add_class("course-buttons")
        for part in (row, buttons, self._card, self._table):
            part.layout.max_width = width_of(self._stage)
        parts = [widgets.HTML(page.dressing(self.alt)), self._picture, self._card]
        parts += [row, buttons] if self.controls else []
        self.widget = widgets.VBox([*parts, self._table])
        self.widget.add_class("course-explorable")

    def _moved(self, name, value):
        if not self._setting:
            self._values[name] = value
            self._request()

    def _dressed(self, name):
        control, made = self.controls[name], self._inputs[name]
        if not isinstance(control, Slider):
            return made
        parts = [made]
        if control.play:
            play = widgets.Play(
                min=0, max=control.count, step=1, interval=120, value=control.index(control.initial)
            )
            play.show_repeat = True

            def step(change):
                if control.index(made.value) != change["new"]:
                    made.value = control.at(change["new"])

            def follow(change):
                play.value = min(max(control.index(change["new"]), 0), control.count)

            play.observe(step, "value")
            made.observe(follow, "value")
            parts.insert(0, play)
        together = widgets.HBox(parts)
        together.add_class("course-control")
        return together

    def _buttons(self):
        buttons = []
        for name in self._presets:
            button = widgets.Button(description=name)
            button.on_click(lambda _, name=name: self.preset(name))
            buttons.append(button)
        reset = widgets.Button(
            description="Reset", icon="undo", tooltip="Every control back to where it started"
        )
        reset.on_click(lambda _: self.reset())
        return [*buttons, reset]


def _check_signature(draw, controls):
    if not callable(draw):
        raise ValueError(f"draw: expected a function draw(view, **values), got {draw!r:.80}")
    try:
        inspect.signature(draw).bind(None, **dict.fromkeys(controls))
    except TypeError as error:
        names = ", ".join(("view", *controls))
        raise ValueError(f"draw: expected a function that takes ({names}): {error}") from error
    except ValueError:
        return  # a builtin without a signature
