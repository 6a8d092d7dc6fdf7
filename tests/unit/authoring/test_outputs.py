"""Saved outputs: what differs from run to run goes, what a reader sees stays."""

import base64
import io

import numpy as np
from PIL import Image

from course_lib.authoring.outputs import clean_outputs
from course_lib.claims.showing import CLAIM_MIME

WIDGET = "application/vnd.jupyter.widget-view+json"


def png(array) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="PNG")
    return buffer.getvalue()


def stream(name, text):
    return {"output_type": "stream", "name": name, "text": text}


def display(**data):
    return {"output_type": "display_data", "data": data, "metadata": {}}


def test_standard_error_goes_and_standard_output_is_joined():
    outputs = [stream("stdout", "a"), stream("stderr", "warning"), stream("stdout", "b\n")]
    assert clean_outputs(outputs) == [stream("stdout", "ab\n")]


def test_of_overwritten_lines_the_last_state_stays():
    assert clean_outputs([stream("stdout", "10%\r50%\r100%\ndone\r\n")]) == [stream("stdout", "100%\ndone\n")]


def test_a_progress_bar_goes():
    bar = {
        "output_type": "display_data",
        "data": {WIDGET: {"model_id": "1"}, "text/plain": " 0%|"},
        "metadata": {},
    }
    assert clean_outputs([bar]) == []


def test_of_an_explorable_the_picture_stays_and_the_widget_goes():
    picture = base64.b64encode(png(np.zeros((4, 4, 3), np.uint8))).decode()
    output = display(
        **{WIDGET: {"model_id": "random"}, "image/png": picture, "text/plain": "<Explorable at 0x7f3a2b1c>"}
    )
    output["metadata"] = {"image/png": {"alt": "a curve"}, WIDGET: {"x": 1}}
    (clean,) = clean_outputs([output])
    assert set(clean["data"]) == {"image/png", "text/plain"}
    assert clean["data"]["text/plain"] == "<Explorable at 0x…>"
    assert clean["metadata"] == {"image/png": {"alt": "a curve"}}


def test_a_result_and_an_html_card_stay():
    card = display(**{"text/html": "<b>passed</b>", "text/plain": "passed"})
    result = {
        "output_type": "execute_result",
        "execution_count": 3,
        "data": {"text/plain": "4"},
        "metadata": {},
    }
    assert clean_outputs([card, result]) == [card, result]


def test_a_claim_keeps_its_numbers():
    claim = display(**{"text/plain": "claim one", CLAIM_MIME: {"id": "one", "left": {"number": 0.19}}})
    assert clean_outputs([stream("stdout", "before\n"), claim, claim]) == [
        stream("stdout", "before\n"),
        claim,
        claim,
    ]


def test_the_given_outputs_are_left_as_they_were():
    given = [stream("stdout", "a"), stream("stdout", "b")]
    clean_outputs(given)
    assert given == [stream("stdout", "a"), stream("stdout", "b")]
