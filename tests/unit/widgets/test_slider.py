"""Properties of sliders: every value they accept reaches the author's function, and what is shown is that value."""

import itertools

import numpy as np
import pytest

from course_lib.widgets.slider import Slider

_SLIDERS = [
    Slider(0.0, 1.0),
    Slider(-0.99, 0.99, step=0.01, value=0.9),
    Slider(0, 10),
    Slider(1, 100, step=7, value=1),
    Slider(0.001, 100.0, log=True),
    Slider(0.01, 1.0, log=True, step=1.5),
    Slider(1, 2048, log=True, step=2),
    Slider.of([1, 3, 10]),
    Slider.of({"start": 0, "end": 7.5}),
]


def _ends(slider):
    return (
        (slider.low, slider.high) if isinstance(slider, Slider) else (slider.at(0), slider.at(slider.count))
    )


@pytest.mark.parametrize("slider", _SLIDERS)
def test_steps_lead_from_end_to_end_and_back_to_their_number(slider):
    values = [slider.at(index) for index in range(slider.count + 1)]
    low, high = _ends(slider)
    assert values[0] == low and values[-1] == high
    assert all(a < b for a, b in itertools.pairwise(values))
    assert [slider.index(value) for value in values] == list(range(slider.count + 1))
    assert all(slider.check("x", value) == value for value in values)


@pytest.mark.parametrize("slider", _SLIDERS)
def test_the_page_has_a_text_of_its_own_for_each_step(slider):
    spec = slider.spec("x")
    assert spec["kind"] == "slider" and spec["label"] == "x"
    assert len(set(spec["texts"])) == slider.count + 1
    assert spec["texts"][slider.index(slider.initial)] == slider.say(slider.initial)
    assert not any("e" in text for text in spec["texts"] if text not in ("start", "end"))


@pytest.mark.parametrize("slider", [one for one in _SLIDERS if isinstance(one, Slider)])
def test_the_text_says_the_value(slider):
    for index in range(slider.count + 1):
        said = float(slider.say(slider.at(index)).replace("−", "-").replace(",", ""))
        # Sliders whose steps multiply show three digits.
        assert said == pytest.approx(slider.at(index), rel=5e-3 if slider.log else 1e-9, abs=1e-12)


def test_a_log_slider_multiplies():
    slider = Slider(0.01, 100.0, log=True, step=10)
    assert [slider.at(index) for index in range(5)] == [0.01, 0.1, 1.0, 10.0, 100.0]
    assert slider.initial == 1.0


def test_a_log_slider_meets_the_powers_of_ten_whatever_its_range():
    slider = Slider(1e-5, 1e-1, log=True)
    values = [slider.at(index) for index in range(slider.count + 1)]
    assert {1e-5, 1e-4, 1e-3, 1e-2, 1e-1} <= set(values)
    assert 15 <= Slider(2.0, 3.0, log=True).count <= 25


def test_whole_numbers_stay_whole_and_refuse_fractions():
    slider = Slider(0, 10)
    assert isinstance(slider.check("n", 3.0), int) and isinstance(slider.check("n", np.int64(3)), int)
    with pytest.raises(ValueError, match=r"n: expected a whole number, got 3\.5"):
        slider.check("n", 3.5)


@pytest.mark.parametrize(
    ("sentence", "make"),
    [
        ("low: expected less than high", lambda: Slider(1, 1)),
        ("low: expected a positive number, got 0.0", lambda: Slider(0.0, 1.0, log=True)),
        ("step: expected a positive number", lambda: Slider(0.0, 1.0, step=0)),
        ("step: expected a number above 1", lambda: Slider(0.1, 1.0, step=0.5, log=True)),
        ("value: expected a number from 0 to 1, got 2", lambda: Slider(0.0, 1.0, value=2)),
        ("high: expected a finite number", lambda: Slider(0.0, float("inf"))),
        ("step: expected a positive number, got 'wide'", lambda: Slider(0.0, 1.0, step="wide")),
        ("values: expected at least two", lambda: Slider.of([1])),
        ("values: expected at least two", lambda: Slider.of("abc")),
        ("value: expected one of 1, 3, got 2", lambda: Slider.of([1, 3], value=2)),
    ],
)
def test_bad_controls_are_named(sentence, make):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value).startswith(sentence)


def test_a_log_slider_of_whole_numbers_gives_whole_numbers():
    slider = Slider(50, 10_000, log=True, step=10**0.1, value=500)
    assert all(type(slider.at(index)) is int for index in range(slider.count + 1))
    assert slider.at(1) == 63 and slider.index(63) == 1
    with pytest.raises(ValueError, match="n: expected a whole number"):
        slider.check("n", 62.946)


@pytest.mark.parametrize(
    ("slider", "value", "shown"),
    [
        (Slider(50, 10_000, log=True), 50, "50"),
        (Slider(50, 10_000, log=True), 10_000, "10,000"),
        (Slider(1.0, 2048.0, log=True), 2048.0, "2,048"),
        (Slider(1.0, 2048.0, log=True), 1.0, "1"),
        (Slider(0.02, 2.0, log=True), 0.2, "0.2"),
        (Slider(0.001, 0.1, log=True), 0.0126, "0.0126"),
        (Slider(1e-6, 0.1, log=True), 2.51e-6, "0.00000251"),
        (Slider(-1.0, 1.0, step=0.25), -0.25, "−0.25"),
        (Slider(-1.0, 1.0, step=0.5), 0.0, "0.0"),
        (Slider(0.0, 1.0, step=0.1), 0.123, "0.123"),
        (Slider(0.0, 1.0, step=0.1, format=".0%"), 0.3, "30%"),
        (Slider(0, 50_000), 12_500, "12,500"),
    ],
)
def test_a_value_is_shown_exactly_and_without_exponent(slider, value, shown):
    assert slider.say(value) == shown


def test_a_slider_over_values_shows_them_and_gives_them():
    slider = Slider.of([1, 32, 2048], value=32, label="draws K")
    spec = slider.spec("k")
    assert spec["kind"] == "slider" and spec["label"] == "draws K"
    assert spec["texts"] == ["1", "32", "2,048"] and slider.say(32) == "32"
    assert slider.check("k", 2048.0) == 2048 and type(slider.check("k", np.int64(2048))) is int
    assert slider.check("k", "2,048") == 2048
    with pytest.raises(ValueError, match="k: expected one of 1, 32, 2048, got 31"):
        slider.check("k", 31)


def test_numbers_on_a_slider_are_shown_as_the_author_wants_and_never_as_exponents_of_whole_ones():
    def labels(*arguments, **settings):
        return [shown for shown, _ in Slider.of(*arguments, **settings).pairs]

    assert labels([0.1, 0.25, 50.0, 100_000.0]) == ["0.1", "0.25", "50", "100,000"]
    assert labels([-0.5, 0.5], format=".2f") == ["−0.50", "0.50"]
    assert labels(["small", "large"]) == ["small", "large"]
    assert labels({"n": 1437, "ten": 10}) == ["n", "ten"]


def test_the_middle_of_a_range_around_zero_is_zero():
    slider = Slider(-0.99, 0.99, step=0.01)
    assert str(slider.at(99)) == "0.0" == str(slider.check("rho", -1.1e-16))
    # The ends are themselves, however they are written.
    thirds = Slider(1 / 3, 2 / 3)
    assert thirds.check("x", 1 / 3) == 1 / 3 and thirds.check("x", 2 / 3 + 1e-12) == 2 / 3
    # A small value of a fine slider is no dust.
    assert Slider(0.0, 1e-9).check("x", 1e-12) == 1e-12
