"""One output a claim: the text in a script, the text and the same numbers as JSON in a notebook."""

import json
import math
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient

from course_lib.claims import argue, convention, erratum, holds
from course_lib.claims.showing import CLAIM_MIME

pytestmark = pytest.mark.usefixtures("register")


@pytest.fixture
def displayed(monkeypatch):
    """What a notebook would receive, without a kernel."""
    import IPython.display

    bundles = []
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=object, display=IPython.display))
    monkeypatch.setattr(IPython.display, "display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def claims(capsys):
    holds("one", ("lecture: 1/Λ₁₁", 0.19 + 1e-13), ("computed", 2), "<", digits=3)
    convention("one", ("a  b", math.inf), ("n", 3), ">", under="a long\n convention " * 9)
    erratum("two", ("l", 1.0), ("r", 2.0), corrected="x = 2", corrected_left=("c", 2.0))
    erratum(
        "two", ("l", 0.0), ("r", 0.0), "<", corrected="c", corrected_left=("c", 0.0), corrected_relation=">="
    )
    argue("three", "erratum", "Nobody computes it. " * 9, corrected="what is\nright")
    return capsys.readouterr().out


def test_in_a_notebook_the_json_has_what_the_text_says(displayed, capsys):
    assert claims(capsys) == ""
    assert [set(bundle) for bundle in displayed] == [{"text/plain", CLAIM_MIME}] * 5
    records = [bundle[CLAIM_MIME] for bundle in displayed]
    assert json.loads(json.dumps(records, allow_nan=False)) == records
    assert records == [
        {
            "id": "one",
            "verdict": "holds",
            "left": {"label": "lecture: 1/Λ₁₁", "number": 0.19},
            "relation": "<",
            "right": {"label": "computed", "number": 2},
            "difference": 1.81,
        },
        {
            "id": "one",
            "verdict": "convention",
            "left": {"label": "a b", "number": "inf"},
            "relation": ">",
            "right": {"label": "n", "number": 3},
            "difference": "-inf",
            "under": ("a long convention " * 9).strip(),
        },
        {
            "id": "two",
            "verdict": "erratum",
            "left": {"label": "l", "number": 1.0},
            "relation": "=",
            "right": {"label": "r", "number": 2.0},
            "difference": 1.0,
            "corrected": "x = 2",
            "corrected_left": {"label": "c", "number": 2.0},
            "corrected_relation": "=",
        },
        {
            "id": "two",
            "verdict": "erratum",
            "left": {"label": "l", "number": 0.0},
            "relation": "<",
            "right": {"label": "r", "number": 0.0},
            "difference": 0.0,
            "corrected": "c",
            "corrected_left": {"label": "c", "number": 0.0},
            "corrected_relation": ">=",
        },
        {
            "id": "three",
            "verdict": "erratum",
            "argument": ("Nobody computes it. " * 9).strip(),
            "corrected": "what is right",
        },
    ]
    lines = displayed[3]["text/plain"].splitlines()
    assert lines == [
        "claim two · erratum · UL p.2; I21 JSD",
        "  l                                    0.000000",
        "  r                                    0.000000",
        "  first < second                       false",
        "  second - first                       0.000000",
        "  corrected: c",
        "  c                                    0.000000",
        "  corrected >= second                  true",
        "  second - corrected                   0.000000",
    ]


def test_a_script_prints_the_same_text(displayed, capsys, monkeypatch):
    claims(capsys)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert claims(capsys) == "".join(bundle["text/plain"] + "\n" for bundle in displayed)
    monkeypatch.delitem(sys.modules, "IPython")
    assert claims(capsys).startswith("claim one · holds · UL p.1\n")


@pytest.fixture
def executed(tmp_path):
    """A notebook with one claim cell, run in a kernel."""
    code = (
        "from course_lib.claims import holds\n"
        "print('before')\n"
        "holds('one', ('l', .5), ('r', .5))\n"
        "holds('two', ('l', 1), ('r', 2), '<')"
    )
    tags = {"tags": ["claim:one", "claim:two", "nbval-check-output"]}
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code, metadata=tags)])
    NotebookClient(
        book, timeout=60, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    return book


def test_a_kernel_sends_one_output_a_claim(executed):
    stream, first, second = executed.cells[0].outputs
    assert stream.text == "before\n"
    assert [output.output_type for output in (first, second)] == ["display_data"] * 2
    assert first.data["text/plain"].splitlines()[1:] == [
        "  l                                    0.500000",
        "  r                                    0.500000",
        "  second - first                       0.000000",
    ]
    assert second.data[CLAIM_MIME]["difference"] == 1
    again = nbformat.reads(nbformat.writes(executed), as_version=4)  # a saved file gives the same values back
    assert again.cells[0].outputs[1].data == first.data


def test_nbval_compares_the_text_and_the_numbers(executed, tmp_path):
    def verdict(name):
        path = tmp_path / f"{name}.ipynb"
        path.write_text(nbformat.writes(executed), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "--nbval-lax",
            "--nbval-current-env",
        ]
        done = subprocess.run([*command, str(path)], cwd=tmp_path, capture_output=True, text=True)
        return done.returncode, done.stdout

    assert verdict("as_it_was")[0] == 0
    data = executed.cells[0].outputs[1].data
    data[CLAIM_MIME]["right"]["number"] = 0.6
    code, report = verdict("another_number")
    assert code == 1 and f"mismatch '{CLAIM_MIME}'" in report
    data[CLAIM_MIME]["right"]["number"] = 0.5
    data["text/plain"] = data["text/plain"].replace("0.500000", "0.600000", 1)
    code, report = verdict("another_text")
    assert code == 1 and "mismatch 'text/plain'" in report
