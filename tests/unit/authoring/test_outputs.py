"""Saved outputs: what differs from run to run goes, what a reader sees stays."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from course_lib.authoring.outputs import clean_outputs, shrink_png
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


@pytest.mark.parametrize("channels", [3, 4])
def test_a_picture_gets_smaller_and_hardly_changes(channels):
    # Smooth ramps of 64 x 64 colours, antialiasing and heatmaps in one: far more than a palette holds.
    x = np.linspace(0, 255, 256)
    array = np.stack(np.broadcast_arrays(x[None, :], x[:, None], 128 + 0 * x[None, :]), axis=-1).astype(
        np.uint8
    )
    if channels == 4:
        array = np.concatenate([array, np.full((256, 256, 1), 200, np.uint8)], axis=-1)
    noise = np.random.default_rng(0).integers(0, 3, size=array.shape[:2])
    array[..., 2] += noise.astype(np.uint8)
    picture = png(array)
    small = shrink_png(picture)
    assert len(small) < 0.6 * len(picture)
    assert small == shrink_png(picture)
    with Image.open(io.BytesIO(small)) as opened:
        again = np.asarray(opened.convert("RGBA" if channels == 4 else "RGB")).astype(int)
    # 256 colours for a plane of 256 x 256: cells of 16 x 16, so half of that and a little on average is less.
    assert np.abs(again - array).mean() < 8


def test_a_picture_of_few_colours_is_kept_exactly():
    array = np.random.default_rng(0).integers(0, 2, size=(32, 32, 1)).astype(np.uint8) * np.array(
        [255, 128, 7], np.uint8
    )
    with Image.open(io.BytesIO(shrink_png(png(array)))) as opened:
        assert np.array_equal(np.asarray(opened.convert("RGB")), array)


def test_what_is_no_picture_is_left_alone():
    assert shrink_png(b"no picture") == b"no picture"
