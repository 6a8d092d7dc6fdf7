"""What a claim cell may show: its claims and what it prints, no picture and nothing beside the numbers."""

import pytest

from course_lib.authoring.composition import BuildError, compose
from course_lib.authoring.source import parse_source
from course_lib.claims.showing import CLAIM_MIME

SOURCE = '# %% tags=["claim:one"]\nholds("one", ("l", 1), ("r", 1))\n\n# %% name="free"\n1\n'
TEXT = {"text/plain": "claim one"}
CLAIM = {**TEXT, CLAIM_MIME: {"id": "one"}}


def display(data, kind="display_data"):
    counted = {"execution_count": 1} if kind == "execute_result" else {}
    return {"output_type": kind, "data": data, "metadata": {}, **counted}


@pytest.fixture
def composed(tmp_path):
    (tmp_path / "n01_topic").mkdir()
    path = tmp_path / "n01_topic" / "notebook.py"
    path.write_text(SOURCE, encoding="utf-8")

    def of(claim_outputs, free_outputs=()):
        outputs = (claim_outputs, list(free_outputs))
        results = [{"execution_count": count, "outputs": each} for count, each in enumerate(outputs, 1)]
        return compose(parse_source(path), "solution", results).decode()

    return of


def test_claims_and_printed_text_are_what_a_claim_cell_shows(composed):
    printed = {"output_type": "stream", "name": "stdout", "text": "before\n"}
    book = composed([printed, display(CLAIM), display(CLAIM)], [display({"image/svg+xml": "<svg/>"})])
    assert book.count(CLAIM_MIME) == 2


@pytest.mark.parametrize(
    "output",
    [
        display(TEXT),
        display({"image/svg+xml": "<svg/>"}),
        display({**CLAIM, "image/svg+xml": "<svg/>"}),
        display({CLAIM_MIME: {"id": "one"}}),
        display(CLAIM, "execute_result"),
    ],
)
def test_anything_else_in_a_claim_cell_is_refused(composed, output):
    with pytest.raises(BuildError, match=r"'claim-one': a claim cell only shows its claims and prints"):
        composed([display(CLAIM), output])
