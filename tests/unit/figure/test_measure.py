"""Texts are as wide as the font says."""

import subprocess
import sys

import pytest
from fontTools.ttLib import TTFont

from course_lib.figure import measure


@pytest.fixture(params=["normal", "bold"])
def weight(request):
    return request.param


def test_a_width_is_the_sum_of_the_advances_in_the_font_file(weight):
    file = TTFont(measure.font(10, weight).path)
    glyphs, advances = file.getBestCmap(), file["hmtx"]
    # No pair of these letters is one that fonts kern.
    for string in ("samples", "0.123", "number σ²", "10⁻³", "→∞"):
        units = sum(advances[glyphs[ord(letter)]][0] for letter in string)
        # The outlines' unit is the unit in which widths are measured: only that one rounds.
        expected = units / file["head"].unitsPerEm * 12.5
        assert measure.text_width(string, 12.5, weight) == pytest.approx(expected, abs=12.5 / 2048)


def test_the_widest_line_counts_and_an_empty_text_has_no_width():
    assert measure.text_width("x\nlonger\nxy", 12) == measure.text_width("longer", 12)
    assert measure.text_width("", 12) == 0.0


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="weight: expected 'normal' or 'bold', got 'thin'"):
        measure.text_width("x", 12, "thin")
    with pytest.raises(ValueError, match="size: expected a positive number"):
        measure.font(0)


def test_a_missing_font_is_a_sentence(monkeypatch):
    monkeypatch.setattr(measure.importlib.util, "find_spec", lambda name: None)
    measure._file.cache_clear()
    with pytest.raises(FileNotFoundError, match=r"DejaVuSans.ttf is missing: it comes with Matplotlib"):
        measure._file("normal")
    measure._file.cache_clear()


def test_matplotlib_is_not_imported():
    use = "from course_lib.figure import measure; measure.text_width('x', 9)"
    code = f"import sys; {use}; print('matplotlib' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
