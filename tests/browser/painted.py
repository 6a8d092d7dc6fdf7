"""The painter of the page in a browser of its own: frames to pictures, for tests.

with open_page() as page:
    picture = painter(page).paint(frame, 900)
"""

import base64
import io
from pathlib import Path

from PIL import Image

import course_lib.figure
from course_lib.figure.frame import Frame

__all__ = ["Painter", "painter"]

MODULE = Path(course_lib.figure.__file__).with_name("canvas.js")

_LOAD = """async (source) => {
    const address = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
    window.painter = await import(address);
    window.bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    window.canvas = document.createElement("canvas");
    document.body.style.margin = 0;
    document.body.append(window.canvas);
    // A font that the page has not used is not there at the first text.
    await document.fonts.ready;
}"""


class Painter:
    """``canvas.js`` in a page."""

    def __init__(self, page):
        self.page = page
        page.goto("about:blank")
        page.evaluate(_LOAD, MODULE.read_text(encoding="utf-8"))

    def show(self, frame: Frame | bytes, width: float, ratio: float = 1, dark: bool = False, **more) -> dict:
        """Paints a frame, or the bytes of one; what ``paint`` returns."""
        data = frame if isinstance(frame, bytes) else frame.to_bytes()
        room = {"width": width, "ratio": ratio, "dark": dark, **more}
        return self.page.evaluate(
            "([data, room]) => painter.paint(canvas, painter.decode(bytesOf(data)), room)",
            [_text(data), room],
        )

    def paint(self, frame, width: float, ratio: float = 1, dark: bool = False, **more) -> Image.Image:
        """The picture that ``show`` paints, RGB, in pixels of the screen."""
        self.show(frame, width, ratio, dark, **more)
        return self.picture()

    def paint_after(self, base: Frame | None, frame: Frame, width: float, **more) -> Image.Image:
        """The picture of ``frame`` for a page that has painted ``base`` and is told only what changed."""
        places, new = frame.since(base)
        self.page.evaluate(
            """([base, places, blobs, room]) => {
                const before = base === null ? null : painter.decode(bytesOf(base));
                if (before) painter.paint(canvas, before, room);
                painter.paint(canvas, painter.after(before, places, blobs.map(bytesOf)), room);
            }""",
            [
                None if base is None else _text(base.to_bytes()),
                places,
                [_text(blob) for blob in new],
                {"width": width, **more},
            ],
        )
        return self.picture()

    def picture(self) -> Image.Image:
        """What stands on the canvas now."""
        data = self.page.evaluate("() => canvas.toDataURL('image/png').split(',')[1]")
        return Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")


def painter(page) -> Painter:
    """The painter of the page, loaded into ``page``."""
    return Painter(page)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
