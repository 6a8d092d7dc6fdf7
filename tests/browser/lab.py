"""JupyterLab and Chromium for tests and benchmarks: start them, open a notebook, run it, move its sliders.

with running_lab(folder) as url, open_page() as page:
    open_notebook(page, url, "example.ipynb")
    run_all(page)
    wait_idle(page)
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

__all__ = [
    "chromium_path",
    "drag",
    "open_notebook",
    "open_page",
    "restart_kernel",
    "run_all",
    "running_lab",
    "wait_idle",
    "write_notebook",
]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
_FLAGS += ["--disable-background-networking", "--disable-component-update"]


def chromium_path() -> str | None:
    """The browser: ``CHROMIUM_PATH``, or the first one on the path; ``None`` when there is none."""
    asked = os.environ.get("CHROMIUM_PATH")
    return asked or next((found for name in _NAMES if (found := shutil.which(name))), None)


@contextlib.contextmanager
def running_lab(root_dir, environment=None, timeout=90.0) -> Iterator[str]:
    """A JupyterLab server over ``root_dir`` with folders of its own; its address.

    Args:
        environment: more environment variables, which the kernels inherit.

    Raises:
        RuntimeError: it does not answer within ``timeout`` seconds; the text holds the end of its log.
    """
    with tempfile.TemporaryDirectory(prefix="course-lab-") as private, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        folders = {
            name: os.path.join(private, name)
            for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
        }
        folders["JUPYTERLAB_SETTINGS_DIR"] = os.path.join(private, "settings")
        folders["JUPYTERLAB_WORKSPACES_DIR"] = os.path.join(private, "workspaces")
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
        command += ["--ServerApp.port_retries=0", "--IdentityProvider.token=", "--expose-app-in-browser"]
        command += [f"--ServerApp.root_dir={root_dir}"]
        settings = Path(folders["JUPYTERLAB_SETTINGS_DIR"], "@jupyterlab", "apputils-extension")
        settings.mkdir(parents=True)
        # No question about news on top of the page.
        (settings / "notification.jupyterlab-settings").write_text(
            '{"fetchNews": "false", "checkForUpdates": false}'
        )
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")
        log_path = Path(private, "lab.log")
        with open(log_path, "wb") as log:
            server = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **folders, **(environment or {})},
                start_new_session=True,
            )
            try:
                _wait_for(f"http://127.0.0.1:{port}/api/status", server, log_path, timeout)
                yield f"http://127.0.0.1:{port}"
            finally:
                _stop(server)


def _wait_for(address, server, log_path, timeout):
    end = time.monotonic() + timeout
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    tail = log_path.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"JupyterLab did not answer within {timeout:.0f} s. The end of its log:\n{tail}")


def _stop(server):
    """Ends the server and the kernels that it started, which share its process group or end with it."""
    for sign, patience in ((signal.SIGINT, 0.3), (signal.SIGTERM, 8), (signal.SIGKILL, 5)):
        if server.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            server.send_signal(sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(patience)


@contextlib.contextmanager
def open_page(width=1400, height=1000, pixel_ratio=1.0):
    """A Playwright page in a Chromium of its own.

    Raises:
        RuntimeError: there is no Chromium.
    """
    from playwright.sync_api import sync_playwright

    path = chromium_path()
    if path is None:
        raise RuntimeError("No Chromium was found: install one, or name it in CHROMIUM_PATH.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=_FLAGS)
        try:
            size = {"width": width, "height": height}
            yield browser.new_page(viewport=size, device_scale_factor=pixel_ratio)
        finally:
            browser.close()


def write_notebook(path, sources):
    """A notebook of code cells, their code folded so that several pictures fit on the screen."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {"jupyter": {"source_hidden": True}},
            "execution_count": None,
            "outputs": [],
            "source": source.strip(),
        }
        for number, source in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    Path(path).write_text(json.dumps(notebook))


def open_notebook(page, url, path, timeout=90.0):
    """Opens a notebook (a path from the server's root) and waits for its kernel."""
    page.goto(f"{url}/lab/tree/{path}?reset", timeout=timeout * 1000)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=timeout * 1000)
    _rouse(page, timeout)
    wait_idle(page, timeout)


def wait_idle(page, timeout=120.0):
    """Waits until the kernel of the open notebook is idle and no cell is waiting."""
    page.wait_for_function(
        """() => {
            const panel = window.jupyterapp?.shell?.currentWidget;
            const status = panel?.sessionContext?.session?.kernel?.status;
            const waiting = document.querySelectorAll('.jp-InputArea-prompt');
            return status === 'idle' && ![...waiting].some((prompt) => prompt.textContent.includes('[*]'));
        }""",
        timeout=timeout * 1000,
    )


def run_all(page, timeout=300.0):
    """Runs every cell of the open notebook and waits until all have run."""
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')", None)
    wait_idle(page, timeout)


def restart_kernel(page, timeout=90.0):
    """Restarts the kernel of the open notebook; outputs stay."""
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    _rouse(page, timeout)
    wait_idle(page, timeout)


def _rouse(page, timeout):
    """Asks the kernel until the page knows that it is idle.

    The page can connect too late for the kernel's own "idle", and then shows "starting" or "unknown" until the kernel
    next executes something (an answer about its version does not count), so it is given nothing to execute.
    """
    idle = page.evaluate(
        """async (patience) => {
            const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
            for (const end = performance.now() + patience; performance.now() < end; await pause(200)) {
                const kernel = window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel;
                if (!kernel) continue;
                // An answer may be lost with the old connection: ask again rather than wait for it.
                const nothing = kernel.requestExecute({code: '', silent: true, store_history: false});
                await Promise.race([nothing.done.catch(() => null), pause(2000)]);
                if (kernel.status === 'idle') return true;
            }
            return false;
        }""",
        timeout * 1000,
    )
    assert idle, f"the kernel did not become idle within {timeout:.0f} s"


def drag(page, handle, pixels, steps=20):
    """Drags an element (a Playwright locator) sideways, as a hand does."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixels, y, steps=steps)
    page.mouse.up()
