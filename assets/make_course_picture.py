"""Makes course.png, the picture at the top of the README: notebook 01 in JupyterLab, as a student sees it.

    .venv/bin/python assets/make_course_picture.py

It needs Chromium, as the browser tests do.
"""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from course_lib.workspace.synchronisation import sync_workspace  # noqa: E402
from tests.browser.lab import open_notebook, open_page, run_all, running_lab  # noqa: E402


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder, "my_course")
        sync_workspace(ROOT, workspace, report=lambda line: None)
        environment = {"COURSE_HOME": folder}
        with (
            running_lab(workspace, environment) as url,
            open_page(width=1180, height=1000, pixel_ratio=1.25) as page,
        ):
            open_notebook(page, url, "01_mean_field_kl.ipynb")
            run_all(page)
            page.evaluate(
                """async () => {
                    await jupyterapp.commands.execute('application:toggle-left-area');
                    const notebook = jupyterapp.shell.currentWidget.content;
                    const index = notebook.widgets.findIndex((cell) => cell.model.id === 'ellipses');
                    for (let i = 0; i < 4; i++) {  // pictures above that load late push it down again
                        await notebook.scrollToItem(index, 'start');
                        await new Promise((resolve) => setTimeout(resolve, 1500));
                    }
                }"""
            )
            page.screenshot(path=ROOT / "assets" / "course.png")


if __name__ == "__main__":
    main()
