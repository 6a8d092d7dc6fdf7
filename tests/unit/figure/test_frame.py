"""A frame survives its bytes, and what a page is told since another frame is all that it needs."""

import numpy as np
import pytest

from course_lib.figure.frame import VERSION, Blobs, Frame
from tests.unit.figure.drawing import PRIMITIVES, new_stage, shoot


@pytest.mark.parametrize("draw", PRIMITIVES.values(), ids=PRIMITIVES)
def test_bytes_and_differences_give_the_frame_back(draw):
    stage = new_stage()
    first, second = (shoot(stage, draw, t).frame for t in (0.2, 0.9))
    assert first != second
    assert Frame.from_bytes(first.to_bytes()) == first
    for base in (None, first, second):
        places, new = second.since(base)
        assert Frame.after(base, places, new) == second
    assert second.since(second)[1] == []
    # What stands still is not told again.
    assert sum(map(len, second.since(first)[1])) < sum(map(len, second.since(None)[1]))


def test_the_same_blob_is_kept_once_and_numbers_come_back():
    blobs = Blobs()
    values = np.array([0.5, np.nan, -1e4, 3.0])
    even, same = np.linspace(-2, 7, 50), np.full(9, 0.25)
    references = [blobs.numbers(one) for one in (values, values, even, same)]
    assert references[0] == references[1]
    frame = blobs.frame({"alt": "numbers"})
    assert len(frame.blobs) == 2 and frame.head == {"version": VERSION, "alt": "numbers"}
    # Numbers have four bytes: 24 bits of the largest.
    for reference, wanted in zip(references[1:], (values, even, same), strict=True):
        assert np.allclose(frame.numbers(reference), wanted, rtol=2.0**-23, atol=1e-9, equal_nan=True)


def test_what_is_not_quite_even_is_not_sent_as_two_ends():
    # A bend of a thousandth of the panel is a pixel on a projector.
    bent = np.linspace(0, 1, 101) + 1e-3 * np.sin(np.linspace(0, np.pi, 101))
    blobs = Blobs()
    reference = blobs.numbers(bent)
    assert blobs.frame({}).numbers(reference) == pytest.approx(bent, abs=1e-6)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_numbers_come_back_too(n):
    blobs = Blobs()
    reference = blobs.numbers(np.arange(n) ** 2)
    assert blobs.frame({}).numbers(reference).tolist() == (np.arange(n) ** 2).tolist()


def test_bytes_that_are_no_frame_are_refused():
    data = shoot(new_stage(), PRIMITIVES["curve"], 0.5).frame.to_bytes()
    wrong = {
        "the bytes of a frame": b"PNG" + data[3:],
        f"a frame of version {VERSION}, got version {VERSION + 1}": data[:4]
        + bytes([VERSION + 1])
        + data[5:],
        f"{len(data)} bytes, got {len(data) - 4}": data[:-4],
        "blobs": data[:16],
    }
    for sentence, broken in wrong.items():
        with pytest.raises(ValueError, match="data: expected .*" + sentence):
            Frame.from_bytes(broken)


def test_the_same_picture_is_the_same_bytes():
    for draw in PRIMITIVES.values():
        frames = [shoot(new_stage(), draw, 0.4).frame.to_bytes() for _ in range(2)]
        assert frames[0] == frames[1]
