"""Every control of every notebook, moved in the page and in Python; every picture, painted by both painters.

One run of a notebook serves three questions. Does each slider, menu and button move its picture in JupyterLab without
an error? Does each setting draw, and does each control act? Do the page's painter and the still one show the same?
"""

import json
import math
import runpy
import shutil
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from course_lib.commands.environment import ROOT
from course_lib.figure import agg
from course_lib.figure.frame import Frame
from course_lib.widgets import Panel, Slider, explore
from tests.browser.agreement import disagreement
from tests.browser.lab import open_notebook, run_all, running_lab
from tests.browser.painted import painter

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
PROBE = Path(__file__).with_name("move_controls.py")
# A letter that one painter has and the other has not is some 30 pixels of 360,000; what smoothing leaves over is fewer.
FOREIGN = 5e-5


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A JupyterLab over a folder of its own, and its address."""
    folder = tmp_path_factory.mktemp("every")
    with running_lab(folder, {"COURSE_PROGRESS": "off", "COURSE_DEVICE": "cpu"}) as url:
        yield folder, url


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_control_moves_its_picture_and_both_painters_agree(path, desk, page, tmp_path):
    folder, url = desk
    shutil.copy(path, folder)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    open_notebook(page, url, path.name)
    run_all(page)
    assert outputs_of_kind(page, "error") == []

    moved, complaints = move_in_the_page(page)
    assert (complaints, problems) == ([], [])

    in_kernel(page, f"import runpy\nrunpy.run_path({str(PROBE)!r})['run']({str(tmp_path)!r})")
    report = json.loads((tmp_path / "report.json").read_text())
    pictures = sum("picture" in cell.metadata.get("tags", []) for cell in nbformat.read(path, 4).cells)
    assert (report["pictures"], report["complaints"]) == (pictures, [])
    assert moved == pictures
    close_kernel(page)

    frames = sorted(tmp_path.glob("*.frame"))
    assert len(frames) == 3 * pictures
    assert differing(frames, painter(page.context.browser.new_page()), tmp_path) == []


def outputs_of_kind(page, kind):
    return page.evaluate(
        """(kind) => [...jupyterapp.shell.currentWidget.content.model.cells].filter((cell) => cell.type === 'code')
            .flatMap((cell) => cell.outputs.toJSON()).filter((output) => output.output_type === kind)
            .map((output) => output.evalue ?? '')""",
        kind,
    )


# Moves every control of the pictures in one cell to both ends and back: what went wrong. A picture whose controls the
# hand moves must follow, and say so by another canvas, unless a control is no slider (Python asks these).
_MOVE = """async (root) => {
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const canvas = root.querySelector('canvas.course-picture');
    const alt = canvas.getAttribute('aria-label');
    const complaints = [];
    const painted = async () => {
        for (let waited = 0; root.hasAttribute('data-behind') || waited < 2; waited++) {
            if (waited > 1200) { complaints.push(`${alt}: no answer in a minute`); return null; }
            await (waited < 2 ? new Promise(requestAnimationFrame) : pause(50));
        }
        await new Promise(requestAnimationFrame);
        return canvas.toDataURL();
    };
    const fire = (input, kind) => input.dispatchEvent(new Event(kind, {bubbles: true}));
    const check = (what) => {
        const card = root.querySelector('.course-card-slot').textContent.trim();
        if (card && !root.classList.contains('course-live')) complaints.push(`${alt}, ${what}: ${card}`);
        const note = root.querySelector('.course-note').textContent.trim();
        if (note) complaints.push(`${alt}, ${what}: ${note}`);
    };
    for (const input of root.querySelectorAll('input[type=range]')) {
        const name = root.querySelector(`label[for="${input.id}"]`).textContent;
        const start = input.value;
        const seen = [];
        for (const value of [input.max, input.min, start]) {
            input.value = value;
            fire(input, 'input');
            seen.push(await painted());
            const said = root.querySelector(`output[for="${input.id}"]`).textContent;
            if (said !== input.getAttribute('aria-valuetext')) complaints.push(`${alt}, ${name}: says two things`);
            check(`${name} at ${said}`);
        }
    }
    for (const select of root.querySelectorAll('.course-hand select')) {
        const start = select.selectedIndex;
        for (const index of [...select.options.keys(), start]) {
            select.selectedIndex = index;
            fire(select, 'change');
            await painted();
            check(select.options[index].textContent);
        }
    }
    for (const radio of root.querySelectorAll('.course-hand input[type=radio], .course-hand input[type=checkbox]')) {
        radio.click();
        await painted();
        check(radio.parentElement.textContent);
    }
    const buttons = [...root.querySelectorAll('.course-buttons button')];
    for (const button of root.classList.contains('course-live') ? [] : buttons) {
        button.click();
        await painted();
        await pause(50);
        await painted();
        check(button.textContent);
    }
    return complaints;
}"""


def move_in_the_page(page):
    """Moves all controls of the open notebook; how many pictures there are, and what went wrong."""
    cells = page.evaluate(
        """() => jupyterapp.shell.currentWidget.content.widgets.map((cell, index) =>
            cell.model.type === 'code' && JSON.stringify(cell.model.outputs.toJSON()).includes('widget-view') ? index
            : -1).filter((index) => index >= 0)"""
    )
    count, complaints = 0, []
    for index in cells:
        page.evaluate("(index) => jupyterapp.shell.currentWidget.content.scrollToItem(index, 'start')", index)
        output = page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea")
        output.locator(".jupyter-widgets, .course-explorable").first.wait_for(timeout=30_000)
        for picture in output.locator(".course-explorable").all():
            count += 1
            complaints += picture.evaluate(_MOVE)
    return count, complaints


def in_kernel(page, code):
    """Runs code in the kernel of the open notebook, in no cell of it."""
    failed = page.evaluate(
        """async (code) => {
            const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const reply = await kernel.requestExecute({code, store_history: false, stop_on_error: true}).done;
            return reply.content.status === 'ok' ? null : reply.content.evalue;
        }""",
        code,
    )
    assert failed is None, failed


def close_kernel(page):
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def differing(paths, paper, folder):
    """The frames that the two painters show differently; pictures of the differences are left in ``folder``."""
    found = []
    for path in paths:
        frame = Frame.from_bytes(path.read_bytes())
        width = frame.json(frame.head["plan"])["places"][0]["width"]
        share, where = disagreement(Image.fromarray(agg.paint(frame, ratio=1.0)), paper.paint(frame, width))
        if share > FOREIGN:
            where.save(folder / f"{path.stem}.png")
            found.append((f"{folder / path.stem}.png", frame.head["alt"], share))
    return found


def test_a_control_that_changes_nothing_is_found_and_an_angle_is_none():
    def draw(view, turn, half_turn, dead):
        view.scatter("points", [[math.cos(turn), math.cos(2 * half_turn)]])

    picture = explore(
        draw,
        panels=[Panel("points", xlim=(-1, 1), ylim=(-1, 1))],
        turn=Slider(0, 2 * math.pi, value=1.0),
        half_turn=Slider(0, 2 * math.pi, value=1.0),
        dead=Slider(0.0, 1.0),
        alt="a point",
    )
    report = runpy.run_path(str(PROBE), run_name="probe")["report"]
    assert report([picture])["complaints"] == ["a point dead: changes nothing"]
