"""The HTML around a picture: read-outs, the card of an error, and the stylesheet of it all."""

import html
import linecache
import traceback

__all__ = ["STYLESHEET", "error_card", "readout_table"]

# Colours come from JupyterLab's theme where text stands on the page; the picture itself is always light.
STYLESHEET = """<style>
.course-explorable { max-width: 100%; padding: 4px 0 8px; }
.course-explorable .widget-html, .course-explorable .widget-html-content { height: auto; line-height: 1.4;
  overflow: visible; margin: 0; }
.course-picture { max-width: 100%; height: auto; background: #fff; border-radius: 4px; margin: 0; }
.course-row { flex-wrap: wrap; column-gap: 24px; row-gap: 2px; margin: 6px 0 0; overflow: visible; }
.course-buttons { flex-wrap: wrap; gap: 6px; margin: 8px 0 0; overflow: visible; }
.course-explorable .widget-label, .course-explorable .widget-readout { font-size: 14px; }
.course-explorable .widget-label { color: var(--jp-content-font-color1, #222); }
.course-explorable .widget-readout { font-variant-numeric: tabular-nums; min-width: 4.5em; }
.course-explorable .noUi-handle:focus-visible { outline: 3px solid #E69F00; outline-offset: 1px; }
.course-explorable .jupyter-button { font-size: 13px; border-radius: 4px; width: auto; }
.course-readouts { display: flex; flex-wrap: wrap; gap: 4px 28px; margin-top: 8px; font-size: 14px;
  color: var(--jp-content-font-color1, #222); }
.course-readouts div { display: flex; gap: 10px; align-items: baseline; }
.course-readouts dt, .course-readouts dd { margin: 0; }
.course-readouts dd { font-family: var(--jp-code-font-family, monospace); font-variant-numeric: tabular-nums;
  font-weight: 600; min-width: 5.5em; white-space: pre; }
.course-error { border: 1px solid #D55E00; border-left-width: 6px; border-radius: 4px; padding: 8px 14px;
  margin-top: 8px; background: #fff5ee; color: #222; font-size: 14px; max-width: 880px; }
.course-error pre { margin: 6px 0 0; background: transparent; color: #222; white-space: pre-wrap; font-size: 13px; }
</style>"""


def readout_table(readouts) -> str:
    """The exact numbers under a picture."""
    cells = "".join(
        f"<div><dt>{html.escape(one.label)}</dt><dd>{html.escape(one.text)}</dd></div>" for one in readouts
    )
    return f'<dl class="course-readouts">{cells}</dl>' if cells else ""


def error_text(error: BaseException, draw) -> str:
    """Type, message and the author's line of an error, as plain text."""
    where = _authors_line(error, draw)
    place = f"\n  line {where[0]}: {where[1]}" if where else ""
    return f"{type(error).__name__}: {error}{place}"


def error_card(error: BaseException, draw) -> str:
    """The same as a card."""
    where = _authors_line(error, draw)
    place = f"<pre>line {where[0]}:  {html.escape(where[1])}</pre>" if where else ""
    name = html.escape(getattr(draw, "__name__", "draw"))
    return (
        f'<div class="course-error" role="alert"><b>{html.escape(type(error).__name__)}</b> in <code>{name}</code>: '
        f"{html.escape(str(error))}{place}The picture shows the last values that could be drawn.</div>"
    )


def _authors_line(error, draw):
    """The deepest line of the author's own file or cell: its number and its text."""
    code = getattr(draw, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if code is not None and frame.filename == code.co_filename]
    if not own:
        return None
    frame = own[-1]
    line = frame.line or linecache.getline(frame.filename, frame.lineno).strip()
    return (frame.lineno, line) if line else None
