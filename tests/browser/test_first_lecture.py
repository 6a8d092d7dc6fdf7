"""A student's first hour, in a real browser: a slider, a wrong answer, the right one, progress after a restart."""

import pytest

from tests.browser.lab import drag, open_notebook, restart_kernel, run_all
from tests.browser.student import Picture, answer, new_page, output_of, run_cell, until

WRONG = """\
def mean_field_update(mean, precision, m, j):
    others = torch.arange(len(mean)) != j
    return mean[j] + precision[j, others] @ (m[others] - mean[others]) / precision[j, j]


mean_field_update = check("01.mean_field_update", mean_field_update)
"""
RIGHT = WRONG.replace("mean[j] + precision", "mean[j] - precision")
EXERCISE = "exercise-01-mean-field-update"


@pytest.fixture(scope="module")
def lecture(course, browser):
    """Notebook 01, all of it run, unfinished as it comes; the tests go on from one another."""
    page = new_page(browser)
    open_notebook(page, course.url, "01_mean_field_kl.ipynb")
    run_all(page)
    yield page
    page.evaluate("() => jupyterapp.serviceManager.sessions.shutdownAll()")


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
    picture = Picture(output_of(lecture, "ellipses")).wait()
    before, numbers, rho = picture.pixels, picture.readouts, picture.value("correlation ρ")
    drag(lecture, picture.slider("correlation ρ"), -120)
    until(lecture, lambda: picture.pixels != before and picture.readouts != numbers)
    assert picture.value("correlation ρ") != rho
    # Nobody waits for it, and no kernel needs its memory.
    assert answer(lecture, "'matplotlib' in __import__('sys').modules") is False


def test_an_exercise_from_a_wrong_answer_to_progress_that_survives_a_restart(lecture, course):
    page = lecture
    assert "Not started" in output_of(page, EXERCISE).inner_text()
    before = Picture(output_of(page, "ascent")).wait().pixels

    assert "The sign of the correction is wrong" in run_cell(page, EXERCISE, WRONG).inner_text()

    assert "Passed" in run_cell(page, EXERCISE, RIGHT).inner_text()
    again = Picture(run_cell(page, "ascent")).wait()
    assert again.pixels != before  # it says now whose function it runs on

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
