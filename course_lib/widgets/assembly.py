"""The widgets around a picture: rows of inputs, buttons, and the picture itself."""

import ipywidgets as widgets
import traitlets

__all__ = ["Picture", "box", "button", "descendants", "dressed", "hide", "write"]


class Picture(widgets.Image):
    """An image widget whose tooltip works: its view looks for a description, which ipywidgets' own lacks."""

    description = traitlets.Unicode("").tag(sync=True)

    def __init__(self, width, alt):
        layout = widgets.Layout(width=width, max_width="100%", height="auto")
        super().__init__(format="png", tooltip=alt, layout=layout)
        self.add_class("course-picture")

    def send(self, format, data):
        """Shows the bytes of a picture; the page hears of both at once."""
        with self.hold_sync():
            self.format, self.value = format, data


def button(text, act, icon="", tooltip=None):
    """A button that calls ``act()``."""
    made = widgets.Button(description=text, icon=icon, tooltip=tooltip)
    made.on_click(lambda _: act())
    return made


def box(children, *classes):
    """A box with classes of the stylesheet."""
    made = widgets.Box(list(children))
    for name in classes:
        made.add_class(name)
    return made


def dressed(control, made):
    """An input as it stands in its row: a slider takes all the room there is, behind its play button if it has one."""
    if not hasattr(control, "play"):
        return made
    return box([_play(control, made), made] if control.play else [made], "course-control")


def _play(control, made):
    play = widgets.Play(min=0, max=control.count, interval=120, value=control.index(control.initial))

    # Both ask for the present value: what they heard of may be overtaken.
    def step(_):
        if control.index(made.value) != play.value:
            made.value = control.at(play.value)

    def follow(_):
        play.value = min(max(control.index(made.value), 0), control.count)

    play.observe(step, "value")
    made.observe(follow, "value")
    return play


def write(widget, text):
    """Gives an HTML widget its text, if that is another one."""
    if widget.value != text:
        widget.value = text


def hide(widget, hidden):
    """Takes a widget from the page, or puts it back."""
    (widget.add_class if hidden else widget.remove_class)("course-hidden")


def descendants(widget):
    """A widget and all inside it, from the outside in, with their layouts and styles."""
    yield widget
    for attribute in ("layout", "style"):
        if hasattr(widget, attribute):
            yield getattr(widget, attribute)
    for child in getattr(widget, "children", ()):
        yield from descendants(child)
