"""The HTML around a picture: read-outs, the cards of errors and of trainings, and the stylesheet of it all."""

import html
import linecache
import traceback
from types import SimpleNamespace

__all__ = ["dressing", "error_card", "error_text", "readout_table", "training_card"]

# Colours come from JupyterLab's theme where text stands on the page; the picture itself is always light.
_STYLESHEET = """
.course-explorable { max-width: 100%; padding: 2px 0 10px; overflow: visible; }
.course-explorable .widget-html { height: auto; margin: 0; overflow: visible; flex: 0 0 auto; }
.course-explorable .widget-html-content { height: auto; line-height: 1.45; overflow: visible; }
.course-picture { max-width: 100%; height: auto; background: #fff; border-radius: 4px; margin: 0; }
.course-hidden { display: none !important; }
.course-row { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(330px, 100%), 1fr));
  gap: 4px 32px; margin: 8px 0 0; padding: 0 4px; overflow: visible; align-items: center; }
.course-row > * { width: auto; max-width: 100%; margin: 0; height: auto; min-height: 34px; overflow: visible; }
.course-control { align-items: center; overflow: visible; }
.course-control .widget-slider { flex: 1 1 auto; width: auto; min-width: 0; height: 32px; margin: 0; }
.course-control .widget-play { flex: 0 0 auto; width: auto; height: 28px; margin: 0 10px 0 0; }
.course-control .widget-play .jupyter-button { width: 32px; padding: 0; line-height: 28px; }
.course-row .widget-toggle-buttons { display: flex; flex-flow: row nowrap; align-items: center; }
.course-row .widget-toggle-buttons > .widget-label { flex: 0 0 auto; }
.course-row .widget-checkbox { align-items: center; }
.course-row .widget-toggle-buttons .widget-toggle-button { width: auto; padding: 0 14px; }
.course-buttons { flex-wrap: wrap; gap: 6px 8px; margin: 10px 0 0; padding: 0 4px; overflow: visible; }
.course-buttons .jupyter-button { width: auto; padding: 0 14px; margin: 0; }
.course-explorable .jupyter-button { font-size: 13px; border-radius: 4px; box-shadow: none; }
.course-explorable .jupyter-button.mod-active { background: #0072B2; color: #fff; }
.course-explorable .widget-label, .course-explorable .widget-label-basic { font-size: 14px; width: auto;
  margin-right: 10px; color: var(--jp-content-font-color1, #222); }
.course-explorable .widget-readout { font-size: 14px; font-family: var(--jp-code-font-family, monospace);
  font-variant-numeric: tabular-nums; min-width: 4.4em; text-align: right; margin-left: 8px; }
.course-explorable .slider-container { margin-left: 8px; margin-right: 8px; }
.course-explorable .noUi-handle:focus-visible { outline: 3px solid #E69F00; outline-offset: 1px; }
.course-readouts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(270px, 100%), 1fr));
  gap: 2px 32px; margin: 10px 4px 0; font-size: 14px; color: var(--jp-content-font-color1, #222); }
.course-readouts div { display: flex; justify-content: space-between; gap: 12px; align-items: baseline;
  border-bottom: 1px solid var(--jp-border-color2, #e0e0e0); padding: 2px 0; }
.course-readouts b { font: 600 14px var(--jp-code-font-family, monospace); font-variant-numeric: tabular-nums;
  white-space: pre; }
.course-error { border: 1px solid #D55E00; border-left-width: 6px; border-radius: 4px; padding: 8px 14px;
  margin-top: 8px; background: #fff5ee; color: #222; font-size: 14px; overflow-wrap: anywhere; }
.course-error pre, .course-error code { background: transparent; color: #222; font-size: 13px; }
.course-error pre { margin: 4px 0; white-space: pre-wrap; }
"""

# The image widget has no alternative text of its own; the stylesheet gives it one when it has loaded. The picture's
# view may appear a moment later.
_NAMING = """let tries = 0; const timer = setInterval(() => {
const picture = this.closest('.course-explorable')?.querySelector('img.course-picture');
if (picture) { picture.alt = this.dataset.alt; picture.removeAttribute('title'); }
if (picture || ++tries > 100) clearInterval(timer); }, 50)"""


def dressing(alt: str) -> str:
    """The stylesheet, and the alternative text for the picture."""
    return f'<style data-alt="{html.escape(alt)}" onload="{_NAMING}">{_STYLESHEET}</style>'


def readout_table(readouts) -> str:
    """The exact numbers under a picture."""
    cells = "".join(
        f"<div><span>{html.escape(one.label)}</span><b>{html.escape(one.text)}</b></div>" for one in readouts
    )
    return (
        f'<div class="course-readouts" role="group" aria-label="exact values">{cells}</div>' if cells else ""
    )


def error_text(error: BaseException, draw) -> str:
    """Type, message and the author's line of an error, as plain text."""
    where = _authors_line(error, draw)
    place = f"\n  line {where[0]}: {where[1]}" if where else ""
    return f"{type(error).__name__}: {error}{place}"


def error_card(error: BaseException, draw, drawn: bool = True) -> str:
    """The same as a card; ``drawn``: a picture of earlier values stands above it."""
    where = _authors_line(error, draw)
    place = f"<pre>line {where[0]}:  {html.escape(where[1])}</pre>" if where else ""
    name = html.escape(getattr(draw, "__name__", "draw"))
    earlier = "The picture shows the last values that could be drawn." if drawn else ""
    return (
        f'<div class="course-error" role="alert"><b>{html.escape(type(error).__name__)}</b> in <code>{name}</code>: '
        f"{html.escape(str(error))}{place}{earlier}</div>"
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


def training_card(runner, draw) -> str:
    """Why a training stands still and what to do; empty while there is nothing to say."""
    if runner.status == "failed":
        return error_card(runner.error, _culprit(runner.error, draw), drawn=runner.frames > 0)
    if runner.status == "diverged":
        text = (
            f"<b>The training diverged</b> by step {runner.steps:,}: some numbers are infinite or not a number. "
            "Lower the learning rates, then press Reset."
        )
    elif runner.status == "finished":
        text = (
            f"<b>The end:</b> {runner.cap:,} steps are the limit of this picture. Press Reset to start again."
        )
    else:
        return ""
    return f'<div class="course-error" role="alert">{text}</div>'


def _culprit(error, draw):
    """The deepest function of a notebook cell that the error came through, such as a student's own step."""
    found, trace = draw, error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "ipykernel" in code.co_filename and "site-packages" not in code.co_filename:
            found = SimpleNamespace(__code__=code, __name__=code.co_name)
        trace = trace.tb_next
    return found
