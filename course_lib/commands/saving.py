"""What JupyterLab writes when a student saves: a Jupyter Server extension.

A slider lives as long as its kernel. A saved notebook that refers to it shows an error the next day, although its
picture or its text stands right beside. So the reference is left out of the file, and the page that is open keeps its
sliders. A progress bar is left out altogether: its text is that of its beginning, ``0%``, whatever became of it.

``jupyter/jupyter_server_config.d/`` turns the extension on. Installing the course puts that file into the environment's
``etc/jupyter``, where every server finds it; ``lab`` names the folder itself.
"""

import re

__all__ = ["keep_pictures"]

WIDGET = "application/vnd.jupyter.widget-view+json"
_STATE = "application/vnd.jupyter.widget-state+json"
_STILL = {"image/png", "text/html"}  # what a reader sees in the place of a widget
# How tqdm writes a bar that has just begun: "training:   0%|          | 0/30 [00:00<?, ?it/s]" or "0it [00:00, ?it/s]".
_BAR = re.compile(r"\d\S* \[\d+:\d\d[<,].*\]")


def keep_pictures(model, **_) -> None:
    """Takes live widgets out of the outputs that are saved, and progress bars whole; changes ``model`` in place.

    A widget without a picture stays where the notebook holds its state, as JupyterLab's "Save Widget State" has it.

    Args:
        model: what Jupyter Server is about to save; its ``content`` is a notebook's when its ``type`` says so.
    """
    if model.get("type") != "notebook" or not isinstance(model.get("content"), dict):
        return
    states = model["content"].get("metadata", {}).get("widgets", {}).get(_STATE, {}).get("state", {})
    for cell in model["content"].get("cells", []):
        if "outputs" in cell:
            cell["outputs"] = [output for output in cell["outputs"] if _is_kept(output, states)]


def _is_kept(output, states) -> bool:
    """Whether anything of an output is saved; its reference to a widget is taken out where it would lead nowhere."""
    data = output.get("data", {})
    if WIDGET not in data:
        return True
    if not _STILL & data.keys():
        if _BAR.search(str(data.get("text/plain", ""))):
            return False
        if data[WIDGET].get("model_id") in states:
            return True
    del data[WIDGET]
    return bool(data)


def _jupyter_server_extension_points() -> list[dict]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server) -> None:
    # Once everything is loaded: another extension may put a contents manager of its own in place (jupytext does).
    server.io_loop.add_callback(lambda: server.contents_manager.register_pre_save_hook(keep_pictures))
