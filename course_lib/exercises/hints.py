"""``hint``: one more graded hint at each call."""

from course_lib.exercises import registry, store
from course_lib.exercises.cards import Card, show, unknown_card

__all__ = ["hint"]


def hint(exercise_id: str) -> None:
    """Shows the hints seen so far and one more; after the last it says where the solution stands.

    The number of hints seen is remembered with the progress.
    """
    try:
        exercise = registry.find(exercise_id)
    except registry.UnknownExercise as error:
        show(unknown_card(error))
        return
    known, first_notice = store.entries()
    before = known.get(exercise.id, {"hints": 0})["hints"]
    total = len(exercise.hints)
    saved = store.record(exercise.id, hints=min(before + 1, total))
    shown = exercise.hints[: saved.hints]
    if before >= total:
        place = f"solutions/{registry.lesson_of(exercise.id).name}.ipynb"
        last = f"There are no more hints. The solution stands in `{place}`."
    else:
        last = f"Hint {len(shown)} of {total}." + ("" if len(shown) < total else " This was the last one.")
    notices = tuple(dict.fromkeys(one for one in (first_notice, saved.notice) if one))
    show(Card("hint", f"{exercise.title} (`{exercise.id}`)", items=shown, notes=(last,), notices=notices))
