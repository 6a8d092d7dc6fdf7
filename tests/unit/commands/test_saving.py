"""A saved notebook keeps its pictures and forgets its sliders, which are gone the next day."""

import asyncio

import nbformat
import pytest
from jupyter_server.extension.config import ExtensionConfigManager
from jupyter_server.extension.manager import ExtensionManager
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from nbformat.v4 import new_code_cell, new_notebook, new_output
from tqdm.notebook import tqdm

from course_lib.commands.environment import ROOT
from course_lib.commands.saving import WIDGET, keep_pictures


def outputs(*datas, metadata=None):
    """What is saved of a cell whose outputs hold these data, the printed line after them left out."""
    shown = [{"data": data} for data in datas]
    content = {"cells": [{"outputs": [*shown, {"text": "printed"}]}, {}], "metadata": metadata or {}}
    keep_pictures(model={"type": "notebook", "content": content}, path="a.ipynb", contents_manager=None)
    *kept, last = content["cells"][0]["outputs"]
    assert last == {"text": "printed"}
    return [output["data"] for output in kept]


def saved(data):
    (kept,) = outputs(data)
    return kept


def test_the_picture_stays_and_the_slider_goes():
    assert saved({"image/png": "...", "text/plain": "alt", WIDGET: {"model_id": "1"}}) == {
        "image/png": "...",
        "text/plain": "alt",
    }


def test_of_a_question_the_words_stay_and_the_buttons_go():
    assert saved({"text/html": "<b>Predict</b>", WIDGET: {"model_id": "1"}}) == {
        "text/html": "<b>Predict</b>"
    }


@pytest.mark.parametrize("text", ["IntSlider(value=3)", ["IntSlider(\n", "value=3)"]])
def test_of_a_widget_with_a_text_only_the_text_stays(text):
    assert saved({"text/plain": text, WIDGET: {"model_id": "1"}}) == {"text/plain": text}


def test_of_a_widget_with_nothing_beside_it_nothing_stays():
    assert outputs({WIDGET: {"model_id": "1"}}) == []


def test_a_widget_whose_state_is_saved_too_stays():
    kept = {"text/plain": "IntSlider(value=3)", WIDGET: {"model_id": "1"}}
    state = {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"1": {}}}}}
    assert outputs(dict(kept), metadata=state) == [kept]
    assert outputs({**kept, WIDGET: {"model_id": "2"}}, metadata=state) == [
        {"text/plain": "IntSlider(value=3)"}
    ]


@pytest.mark.parametrize(
    "how",
    [
        {"total": 30, "desc": "training"},
        {"total": 0},
        {"total": None},
        {"total": 2_000_000, "unit": "images", "unit_scale": True, "postfix": "loss=1"},
    ],
)
@pytest.mark.parametrize("done", [0, 3])
def test_of_a_progress_bar_nothing_stays(how, done):
    bar = tqdm(display=False, **how)
    bar.update(done)
    text = bar.container.__repr__(pretty=True)
    bar.close()
    bar = {"text/plain": text, WIDGET: {"model_id": "1"}}
    still = {"image/png": "...", "text/plain": "alt"}
    assert outputs(bar, {**still, WIDGET: {"model_id": "2"}}) == [still]


def test_a_printed_progress_bar_stays():
    text = {"text/plain": "training:  10%|#         | 3/30 [00:00<00:00, 981.81it/s]"}
    assert saved(dict(text)) == text


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
