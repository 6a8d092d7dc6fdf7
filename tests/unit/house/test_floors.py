"""A file imports only from its own floor or from one below."""

import ast
from pathlib import Path

import course_lib

HOUSE = Path(course_lib.__file__).parent

FLOORS = {
    "distributions": 0, "data": 0, "device": 0, "checks": 0,
    "divergences": 1,
    "networks": 2, "training": 2,
    "adversarial": 3, "variational": 3,
    "evaluation": 4,
    "widgets": 5, "exercises": 5, "authoring": 5,
    "commands": 6, "__main__": 6, "__init__": 0,
}  # fmt: skip


def room_of(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imported_rooms(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "course_lib" and len(parts) > 1:
                yield parts[1]


def test_every_room_has_a_floor():
    rooms = {room_of(path) for path in HOUSE.rglob("*.py")}
    assert rooms <= set(FLOORS)


def test_imports_go_down_never_up():
    upward = [
        f"{path.relative_to(HOUSE)} imports {room}"
        for path in HOUSE.rglob("*.py")
        for room in imported_rooms(path)
        if room in FLOORS and FLOORS[room] > FLOORS[room_of(path)]
    ]
    assert upward == []


def test_widgets_know_no_theory():
    allowed = {"widgets", "device", "checks"}
    theory = {room for path in (HOUSE / "widgets").rglob("*.py") for room in imported_rooms(path)} - allowed
    assert theory == set()
