"""A moving picture in a real JupyterLab: keys and mouse, frames drawn ahead, lost kernels, saved notebooks, widths."""

import contextlib
import json
import os
import re
import signal

import pytest

from course_lib.commands.saving import WIDGET
from tests.browser.lab import drag, open_notebook, restart_kernel
from tests.browser.student import Picture, answer, output_of, run_cell, until

SETTINGS = "shift, pause = 0.0, 0.0"
LINE = """
import os, time
from course_lib.widgets import Panel, Slider, explore

def draw(view, slope, start):
    time.sleep(pause)
    view.curve("line", [0, 1, 2], [start + shift, start + slope, start + 2 * slope], color="p", label="a line")
    view.readout("slope shown", slope, ".1f")
    view.readout("shift shown", shift, ".1f")

line = explore(draw, panels=[Panel("main", xlim=(0, 2), ylim=(-20, 20))], size=(6, 3), alt="A line that one turns.",
               slope=Slider(-5.0, 5.0, step=0.1, value=0.0, label="slope"), start=Slider(-2, 2, value=0, label="start"))
line
"""
SAID = """[{name: line.controls[name].say(value) for name, value in line.values.items()},
           {label: format(value, ".1f") for label, value in line.readouts.items()}, line.values]"""


@pytest.fixture
def wire():
    """What page and kernel tell each other."""
    return Wire()


@pytest.fixture
def line(opened, wire):
    return Picture(opened(SETTINGS, LINE, before=wire.listen)).wait()


class Wire:
    """Counts the messages of moving pictures."""

    def __init__(self):
        self.sent, self.frames_ahead = [], 0

    def listen(self, page):
        page.on("websocket", self._open)

    def _open(self, socket):
        socket.on("framesent", lambda data: self.sent.extend(re.findall(rb'"do": ?"(\w+)"', _bytes(data))))
        socket.on("framereceived", self._received)

    def _received(self, data):
        self.frames_ahead += bool(re.search(rb'"ahead": ?true', _bytes(data)))

    def wait_ahead(self, page, number):
        """Until so many more frames have come that nobody asked for."""
        before = self.frames_ahead
        until(page, lambda: self.frames_ahead >= before + number)


def _bytes(data):
    return data.encode() if isinstance(data, str) else data


def wait_shown(picture, slope):
    """Waits until the exact number says this slope."""
    until(picture.canvas.page, lambda: picture.readouts["slope shown"] == slope)


def moved_to(picture, slope):
    """Waits until control, exact number and Python all say this slope."""
    page = picture.canvas.page
    wait_shown(picture, slope)
    texts, readouts, _ = answer(page, SAID)
    assert texts == {name: picture.value(name) for name in texts}
    assert readouts == {label: text.replace("−", "-") for label, text in picture.readouts.items()}
    assert picture.value("slope") == slope


def assert_painted_as_by_a_program(picture):
    """A program that moves controls away and back comes to the same picture."""
    page = picture.canvas.page
    pixels, (_, _, values) = picture.pixels, answer(page, SAID)
    answer(page, f"line.set(slope={values['slope'] / 2 + 1})")
    until(page, lambda: picture.pixels != pixels)
    answer(page, f"line.set(slope={values['slope']})")
    until(page, lambda: picture.pixels == pixels)


def notebook_state(page):
    """What a shortcut of JupyterLab would change."""
    return page.evaluate(
        """() => {
            const {content} = jupyterapp.shell.currentWidget;
            return {
                active: content.activeCellIndex, mode: content.mode,
                cells: content.widgets.map((cell) => [cell.model.type, cell.model.id]),
                selected: content.selectedCells.length,
                numbered: document.querySelectorAll('.jp-Notebook .cm-lineNumbers').length,
                searches: document.querySelectorAll('.jp-DocumentSearch-overlay').length,
            };
        }"""
    )


def test_keys_move_a_slider_its_picture_and_python_alike(line):
    page = line.canvas.page
    slider = line.slider("slope")
    slider.focus()
    state = notebook_state(page)
    # A page is a tenth of the way.
    for key, slope in [("ArrowRight", "0.1"), ("ArrowUp", "0.2"), ("ArrowLeft", "0.1"), ("ArrowDown", "0.0"),
                       ("PageUp", "1.0"), ("PageDown", "0.0"), ("End", "5.0"), ("Home", "−5.0")]:  # fmt: skip
        pixels = line.pixels
        page.keyboard.press(key)
        moved_to(line, slope)
        assert line.pixels != pixels
    assert notebook_state(page) == state
    assert slider.evaluate("(slider) => slider === document.activeElement")
    assert_painted_as_by_a_program(line)


def test_a_hand_drags_a_slider(line):
    page = line.canvas.page
    drag(page, line.slider("slope"), 60)
    until(page, lambda: line.readouts["slope shown"] == line.value("slope"))
    slope = line.value("slope")
    assert 0 < float(slope) < 5
    moved_to(line, slope)
    assert_painted_as_by_a_program(line)


def test_keys_act_on_the_picture_and_not_on_the_notebook(line):
    page = line.canvas.page
    line.canvas.focus()
    state, width = notebook_state(page), line.canvas.bounding_box()["width"]
    page.keyboard.press("l")
    until(page, lambda: line.canvas.bounding_box()["width"] > width)
    page.keyboard.press("Shift+L")
    until(page, lambda: line.canvas.bounding_box()["width"] == width)
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement?.matches('.course-explorable')")
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement === null")
    # In a notebook these insert, delete, cut and change cells.
    for focused in (line.canvas, line.slider("slope")):
        focused.focus()
        for key in "abddxmy":
            page.keyboard.press(key)
    page.keyboard.press("Control+s")  # this is for JupyterLab
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.model.dirty")
    assert notebook_state(page) == state


@contextlib.contextmanager
def frozen(process):
    """Nothing of a process runs meanwhile."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_a_neighbour_drawn_ahead_is_shown_while_the_kernel_sleeps(line, wire):
    page = line.canvas.page
    process = answer(page, "os.getpid()")
    line.slider("slope").press("ArrowRight")
    wait_shown(line, "0.1")
    wire.wait_ahead(page, 7)  # the four that are one step away, and what else was on its way
    before, pixels = len(wire.sent), line.pixels
    with frozen(process):
        line.slider("slope").press("ArrowRight")
        wait_shown(line, "0.2")
        assert line.pixels != pixels
        line.slider("slope").press("ArrowLeft")
        wait_shown(line, "0.1")
        assert line.pixels == pixels
        line.slider("slope").press("ArrowLeft")
        wait_shown(line, "0.0")
        assert wire.sent[before:].count(b"shown") == 3 and b"move" not in wire.sent[before:]
    moved_to(line, "0.0")


def test_no_frame_from_before_a_cell_is_shown_after_it(line, wire):
    page = line.canvas.page
    wire.wait_ahead(page, 6)
    run_cell(page, "cell-0", "shift, pause = 5.0, 0.0")
    page.evaluate(
        """() => {
            const table = document.querySelector('.course-readouts');
            window.seen = [];
            new MutationObserver(() => seen.push([...table.querySelectorAll('b')].map((one) => one.textContent)))
                .observe(table, {subtree: true, childList: true, characterData: true});
        }"""
    )
    for key in ("ArrowRight", "ArrowLeft", "ArrowLeft"):
        line.slider("slope").press(key)
    moved_to(line, "−0.1")
    seen = page.evaluate("() => seen")
    assert seen and {shift for _, shift in seen} == {"5.0"}


def test_a_long_computation_keeps_the_old_picture_and_says_that_it_is_at_work(line):
    page = line.canvas.page
    run_cell(page, "cell-0", "shift, pause = 0.0, 1.0")
    page.evaluate(
        """() => {
            const stage = document.querySelector('.course-stage');
            const canvas = stage.querySelector('canvas');
            window.atWork = null;
            new MutationObserver(() => {
                if (stage.ariaBusy === 'true') window.atWork ??= canvas.toDataURL();
            }).observe(stage, {attributes: true});
        }"""
    )
    pixels = line.pixels
    line.slider("slope").press("End")
    until(page, lambda: page.evaluate("() => atWork") is not None)
    assert page.evaluate("() => atWork") == pixels
    until(page, lambda: line.stage.get_attribute("aria-busy") == "false")
    assert line.readouts["slope shown"] == "5.0" and line.pixels != pixels


def test_after_a_restart_the_picture_says_what_to_do_and_the_cell_run_again_moves(line):
    page = line.canvas.page
    pixels = line.pixels
    restart_kernel(page)
    until(page, lambda: "The kernel was restarted: run this cell again" in line.note.inner_text())
    assert line.slider("slope").is_disabled() and line.pixels == pixels
    run_cell(page, "cell-0")
    run_cell(page, "cell-1")
    again = Picture(page).wait()
    assert not again.note.is_visible()
    again.slider("slope").press("End")
    moved_to(again, "5.0")
    assert page.locator(".course-explorable").count() == 1


TRAINING = """
from course_lib.widgets import LiveTraining

class Descent:
    rate = 0.1
    def reset(self): self.x = 4.0
    __init__ = reset
    def step(self): self.x -= self.rate * 2 * self.x

def show_x(view, descent):
    view.curve("x", [0, descent.x], [0, 1], color="q", label="x")
    view.readout("x", descent.x)

LiveTraining(Descent(), show_x, rate=Slider(0.0, 1.0, value=0.1), size=(6, 3), alt="The way down.").run(30)
"""
PREDICTION = """
from course_lib.exercises import predict
predict("00.highest", "Where is it highest?", choices=("in the middle", "at the ends"), answer="In the middle.")
"""
BAR = "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)): pass"
PLAIN = "import ipywidgets\nipywidgets.IntSlider(3)"


def test_a_saved_notebook_shows_pictures_and_no_errors_on_the_next_day(opened, course):
    page = opened(SETTINGS, LINE, TRAINING, PREDICTION, BAR, PLAIN)
    page.set_viewport_size({"width": 1400, "height": 3000})
    shown = page.evaluate(
        "() => JSON.stringify([...jupyterapp.shell.currentWidget.model.cells].map((cell) => cell.toJSON().outputs))"
    )
    assert shown.count(WIDGET) == 6  # two bars among them
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    until(page, lambda: not page.evaluate("() => jupyterapp.shell.currentWidget.model.dirty"))
    saved = json.loads((course.workspace / "own.ipynb").read_text())["cells"]
    assert WIDGET not in json.dumps(saved)
    assert [len(cell["outputs"]) for cell in saved] == [0, 1, 1, 1, 0, 1]

    page.evaluate("() => jupyterapp.serviceManager.sessions.shutdownAll()")
    open_notebook(page, course.url, "own.ipynb")
    pictures = page.locator(".jp-OutputArea img")
    until(page, lambda: pictures.count() == 2)
    assert all(size > 100 for size in pictures.evaluate_all("(all) => all.map((one) => one.naturalHeight)"))
    text = page.locator(".jp-Notebook").inner_text()
    assert "Where is it highest?" in text and "IntSlider(value=3)" in text
    assert not re.search(r"model not found|error displaying|0%\|", text, re.IGNORECASE)


# A window of 1,400 pixels as its page sees it at a zoom of 200 %, a small laptop, a phone.
WINDOWS = [(700, 500), (1024, 700), (360, 740)]


def overflow(page):
    """By how many pixels anything of a picture reaches beyond its own edge or that of the outputs' area."""
    return page.locator(".course-explorable").evaluate_all(
        """(roots) => Math.max(...roots.map((root) => {
            const {left, right} = root.closest('.jp-OutputArea-output').getBoundingClientRect();
            const boxes = [root, ...root.querySelectorAll('*')].map((one) => one.getBoundingClientRect());
            return Math.max(...boxes.map((box) => box.width && Math.max(box.right - right, left - box.left)));
        }))"""
    )


def test_nothing_overflows_on_a_narrow_or_magnified_page(opened):
    page = opened(SETTINGS, LINE, TRAINING)
    page.evaluate("() => jupyterapp.commands.execute('application:toggle-left-area')")
    for window in WINDOWS:
        page.set_viewport_size(dict(zip(("width", "height"), window, strict=True)))
        for cell in ("cell-1", "cell-2"):
            picture = Picture(output_of(page, cell)).wait()
            page.wait_for_function(
                "([one, other]) => one.clientWidth > 0 && Math.abs(one.clientWidth - other.clientWidth) < 2",
                arg=[picture.canvas.element_handle(), picture.stage.element_handle()],
            )
            assert overflow(page) <= 0.5, (window, cell)
