"""A student's first hour, in a real browser: a slider, a wrong answer, the right one, progress after a restart."""

import pytest

from tests.browser.lab import drag, open_notebook, restart_kernel, run_all, wait_idle

WRONG = """\
def mean_field_update(mean, precision, m, j):
    others = torch.arange(len(mean)) != j
    return mean[j] + precision[j, others] @ (m[others] - mean[others]) / precision[j, j]


mean_field_update = check("01.mean_field_update", mean_field_update)
"""
RIGHT = WRONG.replace("mean[j] + precision", "mean[j] - precision")
EXERCISE = "exercise-01-mean-field-update"


def cell_index(page, cell_id):
    index = page.evaluate(
        "(id) => jupyterapp.shell.currentWidget.content.widgets.findIndex((cell) => cell.model.id === id)",
        cell_id,
    )
    assert index >= 0, f"no cell {cell_id}"
    return index


def run_cell(page, cell_id, source=None):
    """Puts a new text into a cell, as a student's typing does, runs it, and gives what stands below it."""
    index = cell_index(page, cell_id)
    page.evaluate(
        """async ([index, source]) => {
            const notebook = jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = index;
            notebook.deselectAll();
            if (source !== null) notebook.activeCell.model.sharedModel.setSource(source);
            await jupyterapp.commands.execute('notebook:run-cell');
        }""",
        [index, source],
    )
    wait_idle(page)
    return output_of(page, cell_id)


def output_of(page, cell_id):
    index = cell_index(page, cell_id)
    page.evaluate("(index) => jupyterapp.shell.currentWidget.content.scrollToItem(index, 'center')", index)
    page.wait_for_timeout(600)
    return page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea")


def picture_of(page, cell_id):
    picture = output_of(page, cell_id).locator("img.course-picture, .course-picture img").first
    picture.wait_for(timeout=30_000)
    return picture.get_attribute("src")


@pytest.fixture
def lecture(course, page):
    """Notebook 01, all of it run, unfinished as it comes."""
    open_notebook(page, course.url, "01_mean_field_kl.ipynb")
    run_all(page)
    return page


def outputs(page):
    """All outputs in the notebook's model, also those that are not on the screen."""
    return page.evaluate(
        """() => [...jupyterapp.shell.currentWidget.content.model.cells].filter((cell) => cell.type === 'code')
            .map((cell) => cell.outputs.toJSON())"""
    )


def test_the_unfinished_notebook_runs_without_an_error(lecture):
    flat = [output for cell in outputs(lecture) for output in cell]
    assert len(flat) > 25
    assert [output["ename"] for output in flat if output["output_type"] == "error"] == []
    assert [output["text"] for output in flat if output.get("name") == "stderr"] == []
    assert lecture.get_by_text("notified about official").count() == 0  # no question at the first start


def test_dragging_a_slider_changes_the_picture_and_the_numbers(lecture):
    area = output_of(lecture, "ellipses")
    before, numbers = picture_of(lecture, "ellipses"), area.locator(".course-readouts").inner_text()
    drag(lecture, area.locator(".noUi-handle").first, -120)
    lecture.wait_for_timeout(1500)
    assert picture_of(lecture, "ellipses") != before
    assert area.locator(".course-readouts").inner_text() != numbers


def test_an_exercise_from_a_wrong_answer_to_progress_that_survives_a_restart(lecture, course):
    page = lecture
    assert "Not started" in output_of(page, EXERCISE).inner_text()
    before = picture_of(page, "ascent")

    assert "The sign of the correction is wrong" in run_cell(page, EXERCISE, WRONG).inner_text()

    assert "Passed" in run_cell(page, EXERCISE, RIGHT).inner_text()
    run_cell(page, "ascent")
    assert picture_of(page, "ascent") != before  # it says now whose function it runs on

    assert progress_row(page, course) == "1 of 5"
    open_notebook(page, course.url, "01_mean_field_kl.ipynb")
    restart_kernel(page)
    assert progress_row(page, course) == "1 of 5"


def progress_row(page, course):
    """What the progress table of the start page says about notebook 01."""
    open_notebook(page, course.url, "00_start_here.ipynb")
    run_cell(page, "setup")
    table = run_cell(page, "progress").inner_text()
    line = next(line for line in table.splitlines() if "Mean field" in line)
    return next(
        part for part in ("1 of 5", "0 of 5", "2 of 5") if part in " ".join(table.split(line)[1].split()[:12])
    )
