"""A saved notebook keeps its pictures and forgets its sliders, which are gone the next day."""

import asyncio

import nbformat
import pytest
from jupyter_server.extension.config import ExtensionConfigManager
from jupyter_server.extension.manager import ExtensionManager
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_lib.commands.environment import ROOT
from course_lib.commands.saving import WIDGET, keep_pictures


def saved(data):
    model = {
        "type": "notebook",
        "content": {"cells": [{"outputs": [{"data": data}, {"text": "printed"}]}, {}]},
    }
    keep_pictures(model=model, path="a.ipynb", contents_manager=None)
    return model["content"]["cells"][0]["outputs"][0]["data"]


def test_the_picture_stays_and_the_slider_goes():
    assert saved({"image/png": "...", "text/plain": "alt", WIDGET: {"model_id": "1"}}) == {
        "image/png": "...",
        "text/plain": "alt",
    }


def test_of_a_question_the_words_stay_and_the_buttons_go():
    assert saved({"text/html": "<b>Predict</b>", WIDGET: {"model_id": "1"}}) == {
        "text/html": "<b>Predict</b>"
    }


def test_a_widget_without_a_still_form_stays():
    assert WIDGET in saved({"text/plain": "IntSlider()", WIDGET: {"model_id": "1"}})


def test_other_files_are_left_alone():
    model = {"type": "file", "content": "text"}
    keep_pictures(model=model)
    assert model == {"type": "file", "content": "text"}


class Server:
    """As much of Jupyter's server as the extension touches; its contents manager really saves files."""

    def __init__(self, folder):
        self.contents_manager = AsyncLargeFileManager(root_dir=str(folder))
        self.io_loop = self
        self.waiting = []

    def add_callback(self, function):
        self.waiting.append(function)


@pytest.mark.parametrize("replaced", [False, True])
def test_the_server_finds_the_extension_and_saves_without_sliders(tmp_path, replaced):
    found = ExtensionConfigManager(read_config_path=[str(ROOT / "course_lib/commands/jupyter")])
    server = Server(tmp_path)
    manager = ExtensionManager(serverapp=server)
    manager.from_jpserver_extensions(found.get_jpserver_extensions())
    (name,) = manager.extensions
    manager.load_extension(name)
    if replaced:  # as an extension does that is loaded after ours
        server.contents_manager = AsyncLargeFileManager(root_dir=str(tmp_path))
    for function in server.waiting:
        function()

    data = {"image/png": "AAAA", "text/plain": "alt", WIDGET: {"model_id": "1"}}
    cell = new_code_cell("x", outputs=[new_output("display_data", data=data)])
    model = {"type": "notebook", "format": "json", "content": new_notebook(cells=[cell])}
    asyncio.run(server.contents_manager.save(model, "a.ipynb"))
    (output,) = nbformat.read(tmp_path / "a.ipynb", 4).cells[0].outputs
    assert output.data == {"image/png": "AAAA", "text/plain": "alt"}
