"""Hundreds of random edits against random updates: what holds for every one of them."""

import copy
import json
import random

import pytest

from course_lib.workspace.cells import content, keyed, text
from course_lib.workspace.merging import merge
from course_lib.workspace.synchronisation import sync_workspace

SEEDS = range(400)


def code(key, source):
    return {
        "cell_type": "code",
        "id": key,
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def book(cells):
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


class Script:
    """Random changes; every text that is written is new, so that it can be found again."""

    def __init__(self, seed):
        self.random, self.count = random.Random(seed), 0

    def fresh(self, who):
        self.count += 1
        return f"{who} {self.count}"

    def start(self):
        return book([code(self.fresh("id").replace(" ", "-"), self.fresh("shipped")) for _ in range(8)])

    def change(self, notebook, who, actions):
        cells = copy.deepcopy(notebook["cells"])
        for action in self.random.choices(actions, k=self.random.randrange(7)):
            place = self.random.randrange(len(cells) + 1)
            one = cells[place % len(cells)] if cells else None
            if action == "add":
                cells.insert(place, code(self.fresh(who).replace(" ", "-"), self.fresh(who)))
            elif one is None:
                continue
            elif action == "edit":
                one["source"] = self.fresh(who)
            elif action == "retype":
                one["cell_type"] = "markdown"
                one["source"] = self.fresh(who)
            elif action == "delete":
                cells.remove(one)
            elif action == "move":
                cells.remove(one)
                cells.insert(self.random.randrange(len(cells) + 1), one)
            elif action == "copy":
                cells.insert(place, {**copy.deepcopy(one), "source": self.fresh(who)})
            elif action == "lose id":
                one.pop("id", None)
        return {**notebook, "cells": cells}


COURSE = ["add", "edit", "delete", "move"]
TIDY = [*COURSE, "edit", "retype"]
WILD = [*TIDY, "copy", "lose id"]


def written(old, mine):
    """The texts in the student's notebook that were not shipped."""
    return [text(cell) for cell in mine["cells"] if text(cell) not in {text(cell) for cell in old["cells"]}]


def check_merge(old, mine, new, merged, clean_ids):
    after = [text(cell) for cell in merged["cells"]]
    for source in written(old, mine):
        assert after.count(source) >= 1, f"lost: {source}"
    for cell in new["cells"]:
        # Whatever is new in the course can be found; only what the student deleted may be missing.
        if text(cell) not in {text(cell) for cell in old["cells"]}:
            assert after.count(text(cell)) == 1, f"not delivered, or twice: {text(cell)}"
    assert len({cell["id"] for cell in merged["cells"]}) == len(after)
    if not clean_ids:
        return
    olds, mines, news, result = (keyed(notebook["cells"]) for notebook in (old, mine, new, merged))
    untouched = [key for key in olds if key in mines and content(olds[key]) == content(mines[key])]
    for key in untouched:
        assert (key in result) == (key in news)
        if key in news:
            assert content(result[key]) == content(news[key])
    for key in set(olds) - set(mines):
        offered_back = key in news and content(news[key]) != content(olds[key])
        assert (key in result) == offered_back
    order = [key for key in news if key in result]
    assert [key for key in result if key in news] == order


@pytest.mark.parametrize("wild", [False, True])
def test_no_text_is_lost_untouched_cells_follow_and_a_repetition_changes_nothing(wild):
    for seed in SEEDS:
        script = Script(seed)
        old = script.start()
        mine = script.change(old, "mine", WILD if wild else TIDY)
        new = script.change(old, "course", COURSE)
        merged = merge(old, mine, new).notebook
        check_merge(old, mine, new, merged, clean_ids=not wild)
        for base in (old, new):  # after a crash, and at the next sync
            assert merge(base, merged, new).notebook["cells"] == merged["cells"], seed


def test_without_a_base_no_text_is_lost_either():
    for seed in SEEDS:
        script = Script(seed)
        old = script.start()
        mine, new = script.change(old, "mine", WILD), script.change(old, "course", COURSE)
        after = [text(cell) for cell in merge(None, mine, new).notebook["cells"]]
        assert {text(cell) for cell in mine["cells"]} | {text(cell) for cell in new["cells"]} <= set(after), (
            seed
        )


def test_added_cells_stay_below_the_cell_above_them_when_it_survives():
    for seed in SEEDS:
        script = Script(seed)
        old = script.start()
        mine, new = script.change(old, "mine", ["add", "edit"]), script.change(old, "course", COURSE)
        merged = [cell["id"] for cell in merge(old, mine, new).notebook["cells"]]
        news = {cell["id"] for cell in new["cells"]}
        for above, cell in zip(mine["cells"], mine["cells"][1:], strict=False):
            if above["id"] in news and cell["id"].startswith("mine"):
                between = merged[merged.index(above["id"]) + 1 : merged.index(cell["id"])]
                assert all(key.startswith(("note-", "offer-")) for key in between), seed


def test_a_long_history_of_updates_loses_nothing(tmp_path):
    """Files this time: ten updates in a row, each after more work; the student deletes only what was shipped."""
    course, workspace = tmp_path / "course", tmp_path / "my_course"
    path, copied = course / "notebooks" / "01_one.ipynb", workspace / "01_one.ipynb"
    path.parent.mkdir(parents=True)
    for seed in range(12):
        script = Script(seed)
        new, mine_texts = script.start(), set()
        for stale in workspace.rglob("*.ipynb"):
            stale.unlink()
        for _ in range(10):
            path.write_text(json.dumps(new))
            assert sync_workspace(course, workspace, list).error is None
            before = json.loads(copied.read_text(encoding="utf-8"))
            assert mine_texts <= {text(cell) for cell in before["cells"]}, seed
            mine = script.change(before, "mine", ["add", "edit", "move", "copy", "lose id"])
            copied.write_text(json.dumps(mine))
            mine_texts = {text(cell) for cell in mine["cells"] if text(cell).startswith("mine")}
            new = script.change(new, "course", COURSE)
