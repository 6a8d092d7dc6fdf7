"""A page with one moving picture and, in place of a kernel, a model that answers when a test says so.

with open_page() as page:
    show(page, explorable(), rho=4)
    slider(page, "correlation").press("ArrowRight")
    answer(page)
"""

from pathlib import Path

from course_lib.commands.environment import ROOT
from course_lib.markup import stylesheet

__all__ = ["answer", "explorable", "live", "pass_time", "readouts", "said", "sent", "show"]

_FAKE = Path(__file__).with_name("fake_model.js")
_SOURCES = ("figure/canvas.js", "widgets/widget.js")


def explorable(**more) -> dict:
    """The ``spec`` of a picture with a control of each kind and three presets."""
    rho = [f"{-1 + 0.1 * step:.1f}".replace("-", "\u2212") for step in range(21)]
    spread = [f"{0.1 * step:.2g}" for step in range(1, 12)]
    controls = [
        control("rho", "correlation", "slider", rho),
        control("sigma", "spread of the prior", "slider", spread, play=True),
        control("family", "family", "buttons", ["normal", "Laplace", "Student"]),
        control(
            "data",
            "data set",
            "menu",
            ["two moons", "eight rings", "a spiral", "a checkerboard", "one point"],
        ),
        control("exact", "show the exact answer", "toggle", ["off", "on"]),
    ]
    buttons = [press(f"preset:{name}", name) for name in ("independent", "strongly coupled", "far away")]
    presets = {
        "preset:independent": {"rho": [10, rho[10]]},
        "preset:strongly coupled": {"rho": [19, rho[19]], "sigma": [2, spread[2]]},
        "preset:far away": {"rho": [0, rho[0]]},
    }
    undo = press("initial", "Reset", "undo", "Every control back to where it started")
    common = {"alt": "A bell that the correlation moves.", "title": "A bell", "width": 900, "live": False}
    return common | {
        "controls": controls, "buttons": [*buttons, undo], "presets": presets, "speeds": None, **more
    }  # fmt: skip


def live(**more) -> dict:
    """The ``spec`` of a training."""
    rates = ["0.0001", "0.0003", "0.001", "0.003", "0.01", "0.03", "0.1"]
    controls = [
        control("rate", "learning rate of G", "slider", rates),
        control("loss", "loss", "buttons", ["KL", "JS"]),
    ]
    undo = press("reset", "Reset", "undo", "The training back to its start; the controls stay")
    actions = [press(f"action:{name}", name, "step") for name in ("One D step", "One G step")]
    buttons = [press("play", "Play", "play"), undo, *actions, press("preset:calm", "calm")]
    speeds = {"texts": ["1 step/s", "10 steps/s", "100 steps/s", "full speed"], "start": 3}
    common = {"alt": "Samples beside data.", "title": None, "width": 900, "live": True}
    return common | {"controls": controls, "buttons": buttons, "speeds": speeds, **more}


def control(name, label, kind, texts, play=False):
    return {"name": name, "label": label, "kind": kind, "texts": texts, "play": play}


def press(name, label, icon=None, title=None):
    return {"name": name, "label": label, "icon": icon, "title": title}


def show(page, spec, *, dark=None, places=1, state=None, **steps):
    """Shows a picture whose time passes only in ``pass_time``; ``steps``: where controls start, 0 otherwise.

    Args:
        dark: what JupyterLab's theme says; ``None``: there is no JupyterLab.
        places: how many views of the same model.
        state: more of the trait ``state``.
    """
    page.clock.install(time=0)
    page.goto("about:blank")
    theme = "" if dark is None else f' data-jp-theme-light="{"false" if dark else "true"}"'
    style = f"body {{ margin: 12px; background: {'#111' if dark else '#fff'}; }} {stylesheet()}"
    page.set_content(
        f"<!doctype html><html lang=en><head><title>A picture</title><style>{style}</style></head><body{theme}></body>"
    )
    page.clock.pause_at(1000)
    page.add_script_tag(content=_FAKE.read_text())
    source = "\n".join((ROOT / "course_lib" / name).read_text() for name in _SOURCES)
    values = {}
    for one in spec["controls"]:
        step = steps.get(one["name"], 0)
        values[one["name"]] = [step, one["texts"][step]]
    page.evaluate(
        """async ([source, spec, values, state, places]) => {
            window.fake = new FakeModel(spec, values, state);
            window.shown = await showModel(source, fake, places);
        }""",
        [source, spec, values, state or {}, places],
    )
    settle(page)


def settle(page):
    """Lets the page lay out and tell its observers, and paint."""
    for _ in range(2):
        page.evaluate("() => new Promise((done) => new ResizeObserver(done).observe(document.body))")
        page.clock.run_for(20)


def pass_time(page, ms):
    """Time passes on the page."""
    page.clock.run_for(ms)


def answer(page):
    """The kernel answers all that it was asked, and the page paints."""
    page.evaluate("() => fake.answer()")
    page.clock.run_for(20)


def sent(page, *kinds) -> list:
    """What the page sent, in order; of these kinds where some are named."""
    return page.evaluate(
        "(kinds) => fake.sent.filter((one) => !kinds.length || kinds.includes(one.do))", kinds
    )


def said(page, kind) -> list:
    """The steps that messages of a kind named."""
    return [message["values"] for message in sent(page, kind)]


def readouts(page, view=0) -> dict:
    """What the exact numbers say, which change with the picture."""
    rows = page.locator(".course-explorable").nth(view).locator(".course-readouts > div").all()
    return {row.locator("span").inner_text(): row.locator("b").inner_text() for row in rows}
