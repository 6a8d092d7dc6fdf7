"""The ledger: what the notebooks print and what the register says must agree, each failure by its sentence."""

import json
import math

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.authoring.ledger import LedgerError, gather, ledger_json
from course_lib.claims import argue, convention, erratum, holds, ledger_counts, showing
from course_lib.claims.register import load_register
from course_lib.claims.showing import CLAIM_MIME

NAME = "01_mean_field_kl"


def shown(*calls) -> list[dict]:
    """The outputs that these claims leave in a notebook."""
    outputs = []

    def receive(head, lines, record):
        data = {"text/plain": "\n".join([head, *lines]), CLAIM_MIME: record}
        outputs.append(new_output("display_data", data=json.loads(json.dumps(data))))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(showing, "_publish", receive)
        for call in calls:
            call()
    return outputs


def one():
    holds("one", ("lecture: 1/Λ₁₁", 0.19), ("computed: inverse", 0.19))


def two():
    erratum(
        "two",
        ("lecture: at P = P_g", 1.0),
        ("computed", 0.0),
        "<=",
        corrected=r"$JS \ge 0$, and $0$ where $P=P_g$",
        corrected_left=("corrected", 0.0),
        corrected_relation="=",
    )


def three():
    argue("three", "convention", "The paper proves it for compact spaces.")


def cell(tags, outputs, id="claim-cell"):
    return new_code_cell("...", id=id, metadata={"tags": tags}, outputs=outputs)


def book(*cells):
    return new_notebook(cells=[new_markdown_cell("# Title\ntext\n## Section $q$"), *cells])


@pytest.fixture
def claims(register):
    return load_register(register)


def test_the_ledger_holds_what_the_reader_sees(claims):
    cells = [
        cell(["claim:two", "claim:three"], shown(two, three), "claim-two"),
        new_markdown_cell("## Another"),
        cell(["claim:one", "nbval-check-output"], shown(one), "claim-one"),
    ]
    confirmed = gather({NAME: book(*cells)}, claims)
    assert [row.id for row in confirmed] == ["one", "two", "three"]  # the order of the register
    assert [row.cell for row in confirmed] == ["claim-one", "claim-two", "claim-two"]
    assert json.loads(ledger_json(confirmed)) == [
        {
            "id": "one",
            "notebook": NAME,
            "section": "Another",
            "verdict": "holds",
            "corrected": None,
            "evidence": {
                "kind": "numbers",
                "left": {"label": "lecture: 1/Λ₁₁", "number": 0.19},
                "relation": "=",
                "right": {"label": "computed: inverse", "number": 0.19},
                "difference": 0.0,
            },
        },
        {
            "id": "two",
            "notebook": NAME,
            "section": "Section $q$",
            "verdict": "erratum",
            "corrected": r"$JS \ge 0$, and $0$ where $P=P_g$",
            "evidence": {
                "kind": "numbers",
                "left": {"label": "lecture: at P = P_g", "number": 1.0},
                "relation": "<=",
                "right": {"label": "computed", "number": 0.0},
                "difference": -1.0,
                "corrected_left": {"label": "corrected", "number": 0.0},
                "corrected_relation": "=",
            },
        },
        {
            "id": "three",
            "notebook": NAME,
            "section": "Section $q$",
            "verdict": "convention",
            "corrected": None,
            "evidence": {
                "kind": "argument",
                "text": "No computation decides this. The paper proves it for compact spaces.",
            },
        },
    ]


def test_conventions_inequalities_integers_and_infinities_are_read(claims):
    def infinite():
        convention("one", ("KL", math.inf), ("n", 3), ">", under="0 log 0 = 0")

    (row,) = gather({NAME: book(cell(["claim:one"], shown(infinite)))}, claims)
    assert row.evidence == {
        "kind": "numbers",
        "left": {"label": "KL", "number": "inf"},
        "relation": ">",
        "right": {"label": "n", "number": 3},
        "difference": "-inf",
        "under": "0 log 0 = 0",
    }
    json.loads(ledger_json([row]), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_an_id_that_the_register_lacks_fails(claims):
    outputs = shown(one)
    outputs[0].data[CLAIM_MIME]["id"] = "nine"
    with pytest.raises(LedgerError, match="register does not have the claim nine"):
        gather({NAME: book(cell(["claim:nine"], outputs))}, claims)


def test_a_tag_without_its_output_fails(claims):
    text = new_output("stream", text=shown(one)[0].data["text/plain"])  # the words alone are no claim
    for outputs in ([], [text]):
        with pytest.raises(LedgerError, match=r"'claim-cell'.*shows no claim one"):
            gather({NAME: book(cell(["claim:one"], outputs))}, claims)


def test_an_output_without_its_tag_fails(claims):
    with pytest.raises(LedgerError, match="without the tag claim:one"):
        gather({NAME: book(cell([], shown(one)))}, claims)


def named():
    convention("one", ("l", 1.0), ("r", 1.0), under="0 log 0 = 0")


@pytest.mark.parametrize(
    ("call", "field"),
    [
        *((one, field) for field in ("left", "relation", "right", "difference")),
        (named, "under"),
        *((two, field) for field in ("corrected", "corrected_left", "corrected_relation")),
        (three, "left"),
    ],
)
def test_a_verdict_without_evidence_fails(claims, call, field):
    outputs = shown(call)
    record = outputs[0].data[CLAIM_MIME]
    record.pop("argument" if call is three else field)
    with pytest.raises(LedgerError, match=f"without '{field}'"):
        gather({NAME: book(cell([f"claim:{record['id']}"], outputs))}, claims)


def test_an_unknown_verdict_fails(claims):
    outputs = shown(one)
    outputs[0].data[CLAIM_MIME]["verdict"] = "true"
    with pytest.raises(LedgerError, match="'true' is no verdict"):
        gather({NAME: book(cell(["claim:one"], outputs))}, claims)


def test_the_same_claim_twice_fails(claims):
    twice = book(cell(["claim:one"], shown(one), "a"), cell(["claim:one"], shown(one), "b"))
    with pytest.raises(LedgerError, match="'b': claim one was confirmed before"):
        gather({NAME: twice}, claims)
    with pytest.raises(LedgerError, match="'a': claim one was confirmed before"):
        gather({NAME: book(cell(["claim:one"], shown(one, one), "a"))}, claims)


def test_a_claim_in_another_notebook_than_registered_fails(claims):
    with pytest.raises(LedgerError, match="puts the claim one into 01_mean_field_kl"):
        gather({"02_variational_bayes_and_ep": book(cell(["claim:one"], shown(one)))}, claims)


def test_all_problems_are_said_at_once(claims):
    wrong = book(cell(["claim:one"], [], "a"), cell([], shown(three), "b"))
    with pytest.raises(LedgerError) as caught:
        gather({NAME: wrong}, claims)
    assert len(str(caught.value).splitlines()) == 2


def test_counts_come_from_the_stored_ledger(claims, register, tmp_path):
    confirmed = gather({NAME: book(cell(["claim:one", "claim:two"], shown(one, two)))}, claims)
    path = tmp_path / "ledger.json"
    path.write_bytes(ledger_json(confirmed))
    assert ledger_counts(path) == {
        "holds": 1,
        "convention": 0,
        "erratum": 1,
        "confirmed": 2,
        "open": 2,
        "total": 4,
    }


def test_counts_without_a_ledger_or_with_a_damaged_one_are_zero(register, tmp_path, monkeypatch):
    nothing = {"holds": 0, "convention": 0, "erratum": 0, "confirmed": 0, "open": 4, "total": 4}
    assert ledger_counts(tmp_path / "none.json") == nothing
    (tmp_path / "bad.json").write_text('[{"id"', encoding="utf-8")
    assert ledger_counts(tmp_path / "bad.json") == nothing
    monkeypatch.setenv("COURSE_REGISTER", str(tmp_path / "none"))
    assert set(ledger_counts(tmp_path / "none.json").values()) == {0}
