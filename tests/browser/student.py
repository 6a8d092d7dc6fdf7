"""What a student does in a notebook and sees there: cells, pictures, sliders; for tests in a real JupyterLab."""

import json

from tests.browser.lab import wait_idle

__all__ = ["Picture", "answer", "new_page", "output_of", "run_cell", "until"]


def new_page(browser):
    """A page that leaves a notebook although it is not saved."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.on("dialog", lambda dialog: dialog.accept())
    return page


def cell_index(page, cell_id) -> int:
    """The place of a cell in the open notebook."""
    index = page.evaluate(
        "(id) => jupyterapp.shell.currentWidget.content.widgets.findIndex((cell) => cell.model.id === id)",
        cell_id,
    )
    assert index >= 0, f"no cell {cell_id}"
    return index


def run_cell(page, cell_id, source=None):
    """Puts a new text into a cell, as a student's typing does, runs it, and gives what stands below it."""
    page.evaluate(
        """async ([index, source]) => {
            const notebook = jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = index;
            notebook.deselectAll();
            if (source !== null) notebook.activeCell.model.sharedModel.setSource(source);
            await jupyterapp.commands.execute('notebook:run-cell');
        }""",
        [cell_index(page, cell_id), source],
    )
    wait_idle(page)
    return output_of(page, cell_id)


def output_of(page, cell_id):
    """The outputs of a cell, brought onto the screen."""
    index = cell_index(page, cell_id)
    page.evaluate("(index) => jupyterapp.shell.currentWidget.content.scrollToItem(index, 'center')", index)
    area = page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea")
    area.wait_for(state="attached")
    page.wait_for_timeout(600)
    return area


def answer(page, code):
    """What the kernel answers to an expression, which goes through JSON; no cell is touched."""
    text = page.evaluate(
        """async (code) => {
            const {kernel} = jupyterapp.shell.currentWidget.sessionContext.session;
            const future = kernel.requestExecute({code, store_history: false});
            const said = [];
            future.onIOPub = ({content}) => said.push(content.text ?? content.evalue ?? '');
            await future.done;
            return said.join('');
        }""",
        f"import json as _json; print(_json.dumps({code}))",
    )
    try:
        return json.loads(text)
    except ValueError:
        raise AssertionError(f"{code}: the kernel said {text!r}") from None


def until(page, condition, seconds=30):
    """Waits until ``condition()`` is true."""
    for _ in range(int(seconds / 0.1)):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError("waited in vain")


class Picture:
    """A moving picture on the page.

    Args:
        area: a page or a locator in which it is.
        index: how many stand there before it.
    """

    def __init__(self, area, index=0):
        self.root = area.locator(".course-explorable").nth(index)
        self.canvas = self.root.locator("canvas.course-picture")
        self.stage = self.root.locator(".course-stage")
        self.note = self.root.locator(".course-note")

    def wait(self):
        """Until it stands there; itself."""
        self.canvas.wait_for(timeout=60_000)
        until(self.canvas.page, lambda: self.readouts)
        return self

    def slider(self, label):
        """A slider by its label."""
        return self.root.get_by_label(label, exact=True)

    def value(self, label) -> str:
        """What stands beside a slider."""
        return self.slider(label).locator("xpath=..").locator(".course-value").inner_text()

    @property
    def pixels(self) -> str:
        """What is painted."""
        return self.canvas.evaluate("(canvas) => canvas.toDataURL()")

    @property
    def readouts(self) -> dict:
        """The exact numbers."""
        rows = self.root.locator(".course-readouts > div")
        return dict(
            rows.evaluate_all("(rows) => rows.map((row) => [...row.children].map((one) => one.innerText))")
        )
