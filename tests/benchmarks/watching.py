"""When a picture in the page is another one: what the benchmarks of JupyterLab share.

``WATCH`` is JavaScript that gives the page three functions:

- ``benchOutput(cell)``: the output of a cell, by its number;
- ``benchWatch(output, told)``: calls ``told(time)`` whenever a new picture in it has been painted, and returns a
  function that ends this. Our canvas is new when its painter has begun by clearing all of it; an image is new when it
  has another source, has been decoded, and the next animation frame begins. Either way the time is that of the first
  task after that animation frame, when the browser has laid out and painted the page;
- ``benchLook(output)``: something that is equal as long as the picture is the same.
"""

import struct
import time

__all__ = ["HIDE", "WATCH", "Received", "drag_for", "slider_in"]

WATCH = """() => {
    window.benchOutput = (cell) =>
        document.querySelectorAll('.jp-Notebook .jp-CodeCell')[cell].querySelector('.jp-OutputArea');
    window.benchLook = (output) => {
        const canvas = output.querySelector('canvas.course-picture');
        return canvas ? canvas.toDataURL() : output.querySelector('img')?.src;
    };
    const afterFrame = (told) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => told(performance.now());
        port2.postMessage(null);
    };
    const watchCanvas = (canvas, told) => {
        const context = canvas.getContext('2d');
        context.fillRect = function (...box) {
            if (box.join() === [0, 0, canvas.width, canvas.height].join()) afterFrame(told);
            return CanvasRenderingContext2D.prototype.fillRect.apply(this, box);
        };
        return () => { delete context.fillRect; };
    };
    const watchImage = (output, told) => {
        let last = output.querySelector('img').src;
        const observer = new MutationObserver(() => {
            const image = output.querySelector('img');
            if (!image || !image.src || image.src === last) return;
            last = image.src;
            image.decode().catch(() => null).then(() => requestAnimationFrame(() => afterFrame(told)));
        });
        observer.observe(output, { subtree: true, childList: true, attributes: true, attributeFilter: ['src'] });
        return () => observer.disconnect();
    };
    window.benchWatch = (output, told) => {
        const canvas = output.querySelector('canvas.course-picture');
        return canvas ? watchCanvas(canvas, told) : watchImage(output, told);
    };
}"""

#: A page that nobody looks at asks for no neighbours: every move is drawn when it is made. For ``add_init_script``.
HIDE = "Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });"


class Received:
    """What the kernel tells the page; to be made before the page is opened.

    Attributes:
        told: bytes of JSON and buffers of all messages but those on the kernel's state.
        wire: bytes of everything, with the headers.
    """

    def __init__(self, page):
        self.clear()
        page.on("websocket", lambda socket: socket.on("framereceived", self._hear))

    def clear(self):
        """Begins to count again."""
        self.told = self.wire = 0

    def _hear(self, data):
        if isinstance(data, str):
            return  # not from a kernel
        count = struct.unpack_from("<Q", data)[0]
        places = struct.unpack_from(f"<{count}Q", data, 8)
        # Channel, header, parent's header and metadata come before the content and the buffers.
        header, content = data[places[1] : places[2]], len(data) - places[4]
        self.wire += len(data)
        if b'"msg_type": "status"' not in header and b'"msg_type":"status"' not in header:
            self.told += content


def slider_in(page, cell: int):
    """The first slider in a cell's output, ours or that of ipywidgets (a Playwright locator)."""
    output = page.locator(".jp-Notebook .jp-CodeCell").nth(cell).locator(".jp-OutputArea")
    return output.locator("input[type=range], .noUi-handle").first


_GRIP = """(slider) => {
    const track = slider.closest('.noUi-target') ?? slider;
    const box = track.getBoundingClientRect();
    if (track !== slider) {
        const handle = slider.getBoundingClientRect();
        return [handle.x + handle.width / 2, handle.y + handle.height / 2, box.width];
    }
    const part = (slider.value - slider.min) / (slider.max - slider.min);
    const thumb = box.height;
    return [box.x + thumb / 2 + part * (box.width - thumb), box.y + box.height / 2, box.width];
}"""


def drag_for(page, slider, seconds: float, part: float) -> None:
    """Drags a slider by a part of its length, in a given time: each event is where the hand is by then.

    The browser takes one event after the other, as many as it can; it would merge those of one animation frame.
    """
    slider.scroll_into_view_if_needed()
    x, y, width = slider.evaluate(_GRIP)
    page.mouse.move(x, y)
    page.mouse.down()
    start, done = time.perf_counter(), 0.0
    while done < 1:
        time.sleep(0.008)
        done = min(1.0, (time.perf_counter() - start) / seconds)
        page.mouse.move(x + done * part * width, y)
    page.mouse.up()
