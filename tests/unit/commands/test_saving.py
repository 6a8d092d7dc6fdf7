"""A saved notebook keeps its pictures and forgets its sliders, which are gone the next day."""

import json

from traitlets.utils.importstring import import_item

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


def test_a_widget_without_a_picture_stays():
    assert WIDGET in saved({"text/plain": "IntSlider()", WIDGET: {"model_id": "1"}})


def test_other_files_are_left_alone():
    model = {"type": "file", "content": "text"}
    keep_pictures(model=model)
    assert model == {"type": "file", "content": "text"}


def test_the_server_finds_the_function():
    config = json.loads((ROOT / "course_lib/commands/jupyter/jupyter_server_config.json").read_text())
    assert import_item(config["ContentsManager"]["pre_save_hook"]) is keep_pictures
