"""``hint``."""

from . import registry
from .cards import Card
from .progress import _memory, record

__all__ = ["hint"]


def hint(exercise_id: str) -> None:
    from IPython.display import display

    exercise = registry.find(exercise_id)
    used = min(_memory.get(exercise_id, {}).get("hints", 0) + 1, len(exercise.hints))
    record(exercise_id, hints=used)
    display(Card("hint", f"{exercise.title} (`{exercise.id}`)", items=exercise.hints[:used]))
