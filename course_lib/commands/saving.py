"""What JupyterLab writes when a student saves (loaded by the server, see ``jupyter/jupyter_server_config.json``).

A slider lives as long as its kernel. A saved notebook that refers to it shows an error the next day, although its
picture stands right beside. So the reference is left out of the file, and the page that is open keeps its sliders.
"""

__all__ = ["keep_pictures"]

WIDGET = "application/vnd.jupyter.widget-view+json"


def keep_pictures(model, **_) -> None:
    """Takes the references to live widgets out of outputs that also hold a picture; changes ``model`` in place.

    Args:
        model: what Jupyter Server is about to save; its ``content`` is a notebook's when its ``type`` says so.
    """
    if model.get("type") != "notebook" or not isinstance(model.get("content"), dict):
        return
    for cell in model["content"].get("cells", []):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                data.pop(WIDGET, None)
