"""Opening a lesson: seconds from "run all cells" to the last of its pictures on the screen.

JupyterLab runs in Chromium with a kernel that has just started. The notebook is the students' one as it is stored.

    python -m tests.benchmarks.bench_open [NOTEBOOK]
"""

import sys
import tempfile
import time
from pathlib import Path

if __name__ == "__main__" and not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.browser.lab import open_notebook, open_page, run_all, running_lab

__all__ = ["run"]

_NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"

# Pictures that are on the page, and cells that show one: [shown, all].
_PICTURES = """() => {
    const isShown = (one) => one.tagName === 'CANVAS' ? one.style.width : one.complete && one.naturalWidth;
    const shown = [...document.querySelectorAll('.course-picture')].filter(
        (one) => isShown(one.tagName === 'CANVAS' ? one : one.querySelector('img') ?? one));
    const outputs = jupyterapp.shell.currentWidget.content.widgets.flatMap(
        (cell) => cell.model.outputs?.toJSON() ?? []);
    const views = outputs.filter(
        ({ data = {} }) => data['application/vnd.jupyter.widget-view+json'] && data['image/png']);
    return [shown.length, views.length];
}"""


def run(notebook: str = "08_vanilla_gan_optimality", say=print) -> list[dict]:
    """One row: name, seconds until all cells have run, and until all pictures are shown, the number of pictures."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "lesson.ipynb").write_bytes((_NOTEBOOKS / f"{notebook}.ipynb").read_bytes())
        with running_lab(folder) as url, open_page(height=1300) as page:
            open_notebook(page, url, "lesson.ipynb")
            start = time.perf_counter()
            run_all(page, 900)
            ran = time.perf_counter() - start
            shown, views = page.evaluate(_PICTURES)
            while shown < views and time.perf_counter() - start < ran + 60:
                page.wait_for_timeout(50)
                shown, views = page.evaluate(_PICTURES)
            seconds = time.perf_counter() - start
    row = {"name": notebook, "cells have run, s": round(ran, 1), "pictures are shown, s": round(seconds, 1)}
    say(row | {"pictures": f"{shown} of {views}"})
    return [row | {"pictures": f"{shown} of {views}"}]


if __name__ == "__main__":
    run(*sys.argv[1:2])
