"""The cards under a picture."""

from types import SimpleNamespace

from course_lib.widgets import page


def _failing():
    raise RuntimeError("slopes above <1.5> are steep")


def _error():
    try:
        _failing()
    except RuntimeError as error:
        return error


def test_an_error_card_names_the_author_s_line_and_escapes_it():
    card = page.error_card(_error(), _failing)
    assert (
        "<b>RuntimeError</b> in <code>_failing</code>: slopes above &lt;1.5&gt; are steep<pre>line " in card
    )
    assert "raise RuntimeError(&quot;slopes above" in card and 'role="alert"' in card
    assert "last values that could be drawn" in card
    assert "last values" not in page.error_card(_error(), _failing, drawn=False)


def test_a_training_says_why_it_stands_still():
    def card(status, **more):
        runner = SimpleNamespace(status=status, steps=1234, cap=5000, frames=1, error=_error(), **more)
        return page.training_card(runner, _failing)

    assert card("playing") == card("paused") == ""
    assert "<b>The training diverged</b> by step 1,234" in card("diverged")
    assert "<b>The end:</b> 5,000 steps" in card("finished")
    assert "RuntimeError" in card("failed") and "run its cell and this one again" in card("failed")


def test_a_stepper_that_knows_why_it_diverged_says_so_in_place_of_the_advice():
    runner = SimpleNamespace(status="diverged", steps=12)
    assert "Lower the learning rates" in page.training_card(runner, _failing)
    told = page.training_card(runner, _failing, "Your loss returned nan.")
    assert "Your loss returned nan." in told and "Lower" not in told
