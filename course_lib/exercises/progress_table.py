"""``progress``: a table with a bar for each notebook."""

from course_lib.exercises import registry, store
from course_lib.exercises.cards import notice_line, show
from course_lib.exercises.texts import error_text
from course_lib.markup import element, styled

__all__ = ["progress", "progress_summary"]


def progress() -> None:
    """Shows how many exercises of each notebook have passed, and how many hints were used."""
    show(_Table(progress_summary()))


def progress_summary() -> dict:
    """What ``progress`` shows, as data.

    Returns:
        ``{"notebooks": [...], "passed": int, "total": int, "notice": str}``; a notebook has ``notebook``
        ("00_start_here"), ``title``, ``passed``, ``total``, ``hints`` and ``exercises``, a list of dicts with ``id``,
        ``title``, ``passed``, ``attempts`` and ``hints``.
    """
    known, notice = store.entries()
    notebooks, notices = [], [notice] if notice else []
    for digits, lesson in registry.lessons_with_exercises().items():
        try:
            found = registry.exercises_of(digits)
        except Exception as error:
            notices.append(
                f"The exercises of notebook {digits} could not be read ({error_text(error, 200)})."
            )
            continue
        exercises = []
        for exercise in found:
            entry = known.get(exercise.id, {"passed": False, "attempts": 0, "hints": 0})
            counts = {key: entry[key] for key in ("passed", "attempts", "hints")}
            exercises.append({"id": exercise.id, "title": exercise.title, **counts})
        notebooks.append(
            {
                "notebook": lesson.name,
                "title": lesson.title,
                "passed": sum(one["passed"] for one in exercises),
                "total": len(exercises),
                "hints": sum(one["hints"] for one in exercises),
                "exercises": exercises,
            }
        )
    return {
        "notebooks": notebooks,
        "passed": sum(one["passed"] for one in notebooks),
        "total": sum(one["total"] for one in notebooks),
        "notice": " ".join(notices),
    }


class _Table:
    def __init__(self, summary: dict):
        self.summary = summary

    def __repr__(self):
        rows = self.summary["notebooks"]
        width = max((len(row["title"]) for row in rows), default=0)
        lines = [self._total()]
        for row in rows:
            full = round(10 * row["passed"] / row["total"]) if row["total"] else 0
            bar = "█" * full + "·" * (10 - full)
            lines.append(
                f"  {row['notebook'][:2]}  {row['title']:<{width}}  {bar}  {_count(row)}{_hints(row, ', ')}"
            )
        return "\n".join([*lines, *([self.summary["notice"]] if self.summary["notice"] else [])])

    def _total(self):
        return f"Your progress: {self.summary['passed']} of {self.summary['total']} exercises passed"

    def _repr_html_(self):
        head = [
            styled("th", "course-progress-cell", name, scope="col", colspan=columns)
            for name, columns in (("Notebook", 1), ("Passed", 2), ("Hints", 1))
        ]
        body = element("tbody", *(self._row(row) for row in self.summary["notebooks"]))
        table = styled("table", "course-progress-table", element("thead", element("tr", *head)), body)
        notice = [notice_line(self.summary["notice"])] if self.summary["notice"] else []
        return styled("div", "course-progress", element("strong", self._total()), table, *notice)

    @staticmethod
    def _row(row):
        percent = round(100 * row["passed"] / row["total"]) if row["total"] else 0
        full = styled("div", "course-bar-done", more=f"width: {percent}%;")
        bar = styled("div", "course-bar", full, role="img", aria_label=f"{_count(row)} passed")
        done = "✓ " if row["total"] and row["passed"] == row["total"] else ""
        name = f"{row['notebook'][:2]} · {row['title']}"
        cells = (bar, f"{done}{_count(row)}", str(row["hints"] or "–"))
        return element(
            "tr",
            styled("th", "course-progress-cell course-progress-name", name, scope="row"),
            *(styled("td", "course-progress-cell", cell) for cell in cells),
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def _count(row) -> str:
    return f"{row['passed']} of {row['total']}"


def _hints(row, before: str) -> str:
    return f"{before}{row['hints']} hint{'s' if row['hints'] != 1 else ''} used" if row["hints"] else ""
