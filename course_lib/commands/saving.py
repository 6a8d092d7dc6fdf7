"""What JupyterLab writes when a student saves: a Jupyter Server extension.

A slider lives as long as its kernel. A saved notebook that refers to it shows an error the next day, although its
picture stands right beside. So the reference is left out of the file, and the page that is open keeps its sliders.

``jupyter/jupyter_server_config.d/`` turns the extension on. Installing the course puts that file into the environment's
``etc/jupyter``, where every server finds it; ``lab`` names the folder itself.
"""

__all__ = ["keep_pictures"]

WIDGET = "application/vnd.jupyter.widget-view+json"
_STILL = {"image/png", "text/html"}  # what a reader sees in the place of a widget


def keep_pictures(model, **_) -> None:
    """Takes the references to live widgets out of outputs that also hold a still form; changes ``model`` in place.

    Args:
        model: what Jupyter Server is about to save; its ``content`` is a notebook's when its ``type`` says so.
    """
    if model.get("type") != "notebook" or not isinstance(model.get("content"), dict):
        return
    for cell in model["content"].get("cells", []):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if _STILL & data.keys():
                data.pop(WIDGET, None)


def _jupyter_server_extension_points() -> list[dict]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server) -> None:
    # Once everything is loaded: another extension may put a contents manager of its own in place (jupytext does).
    server.io_loop.add_callback(lambda: server.contents_manager.register_pre_save_hook(keep_pictures))
