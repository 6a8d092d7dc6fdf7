"""Browser tests need a Chromium; without one they are skipped with a sentence, and fail where CI demands them."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from types import SimpleNamespace

import pytest

from course_lib.commands.environment import ROOT
from tests.browser.lab import chromium_path, open_notebook, open_page, run_all, write_notebook
from tests.browser.student import new_page

HOW_TO = "install Chromium (Debian, Ubuntu: apt install chromium), or name one in CHROMIUM_PATH"


def pytest_collection_modifyitems(items):
    here = [item for item in items if "tests/browser" in item.path.as_posix()]
    for item in here:
        item.add_marker(pytest.mark.browser)
        if chromium_path() is None and not os.environ.get("COURSE_REQUIRE_BROWSER"):
            item.add_marker(pytest.mark.skip(reason=f"no browser: {HOW_TO}"))


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """The course as a student has it: ``python -m course_lib lab`` on a fresh copy, with progress of its own."""
    home = tmp_path_factory.mktemp("student")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folders = {
        name: str(home / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "COURSE_HOME",
                     "COURSE_WORKSPACE", "JUPYTERLAB_SETTINGS_DIR",
                     "JUPYTERLAB_WORKSPACES_DIR")
    }  # fmt: skip
    environment = {**os.environ, **folders, "COURSE_PROGRESS": "on", "COURSE_DEVICE": "cpu"}
    options = [
        "--no-browser",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        "--expose-app-in-browser",
    ]
    command = [sys.executable, "-m", "course_lib", "lab", f"--port={port}", *options]
    url = f"http://127.0.0.1:{port}"
    log = home / "lab.log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        _wait(f"{url}/api/status", server, log)
        yield SimpleNamespace(
            url=url, workspace=home / "course_workspace", home=home / "course_home", log=log
        )
    finally:
        server.terminate()  # goes on to JupyterLab, which takes its kernels with it
        server.wait(30)


@pytest.fixture(scope="module")
def browser():
    with open_page() as page:
        yield page.context.browser


@pytest.fixture
def page(browser):
    page = new_page(browser)
    yield page
    page.close()


@pytest.fixture
def opened(course, page):
    """``opened(*sources)`` opens a notebook of these cells with a kernel of its own, and runs all of them.

    The page, whose ``sources`` come with their numbers as ids: ``cell-0``, ``cell-1``, ... What a test needs to hear of
    from the first moment on it gives as ``before(page)``.
    """

    def open(*sources, before=lambda page: None):
        write_notebook(course.workspace / "own.ipynb", sources)
        before(page)
        open_notebook(page, course.url, "own.ipynb")
        run_all(page)
        return page

    yield open
    page.evaluate("() => jupyterapp.serviceManager.sessions.shutdownAll()")


def _wait(address, server, log, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(
        f"make lab did not answer; the end of its log:\n{log.read_text(errors='replace')[-2000:]}"
    )
