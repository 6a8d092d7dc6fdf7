"""Three wings: lessons stand on theory and kit, and a file imports from its own room or from what stands below it."""

import ast
from pathlib import Path

import pytest

import course_lib

HOUSE = Path(course_lib.__file__).parent

#: What each room may import from, besides itself. Everything it stands on is listed here, so an arrow that is not
#: drawn is refused. ``checks`` and ``device`` are tools that all may use.
THEORY = {
    "checks": set(),
    "device": {"checks"},
    "distributions": {"checks"},
    "data": {"checks", "distributions"},
    "divergences": {"checks", "distributions"},
    "networks": {"checks"},
    "training": {"checks", "device"},
    "variational": {"checks", "data", "device", "distributions", "divergences", "networks", "training"},
    "adversarial": {"checks", "data", "device", "distributions", "divergences", "networks", "training"},
    "evaluation": {"checks", "data", "device", "distributions", "divergences", "networks", "training"},
}
KIT = {
    "catalog": set(),
    "files": set(),
    "markup": set(),
    "numerals": set(),
    "places": set(),
    "figure": set(),
    "widgets": {"figure", "markup", "places"},
    "claims": {"catalog", "files"},
    "exercises": {"catalog", "files", "markup", "places"},
    "workspace": {"files"},
    "authoring": {"catalog", "claims", "exercises", "figure", "files", "widgets"},
    "commands": {"authoring", "catalog", "claims", "exercises", "figure", "files", "widgets", "workspace"},
    "__main__": {"commands"},
}
LESSONS = {"lessons": {*THEORY, *KIT} - {"authoring", "commands", "workspace", "__main__"}}
STANDS_ON = {**THEORY, **KIT, **LESSONS, "__init__": set()}
#: The kit knows no theory, and theory no kit; these tools are neither: the field's own types, and numbers as text.
SHARED = {"checks", "device", "numerals"}


def room_of(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports_of(path: Path):
    """The modules that a file imports, absolute names, relative imports resolved."""
    here = ("course_lib", *path.relative_to(HOUSE).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(here[: -node.level]) if node.level else []
            base += node.module.split(".") if node.module else []
            yield from ([*base, alias.name] for alias in node.names)


def rooms_imported(path: Path):
    return {parts[1] for parts in imports_of(path) if parts[0] == "course_lib" and len(parts) > 1} & set(
        STANDS_ON
    )


FILES = sorted(HOUSE.rglob("*.py"))


def test_every_room_has_its_place():
    assert {room_of(path) for path in FILES} <= set(STANDS_ON)


@pytest.mark.parametrize("room", sorted(STANDS_ON))
def test_a_room_imports_only_what_it_stands_on(room):
    allowed = STANDS_ON[room] | {room} | (SHARED if room in (*THEORY, *KIT) else set())
    found = {
        f"{path.relative_to(HOUSE)} imports {other}"
        for path in FILES
        if room_of(path) == room
        for other in rooms_imported(path) - allowed
    }
    assert found == set()


def test_a_lesson_imports_no_other_lesson():
    found = []
    for path in (HOUSE / "lessons").rglob("*.py"):
        own = path.relative_to(HOUSE).parts[1]
        for parts in imports_of(path):
            if parts[:2] == ["course_lib", "lessons"] and len(parts) > 2 and parts[2] != own:
                found.append(f"{path.relative_to(HOUSE)} imports {parts[2]}")
    assert found == []


def test_there_is_no_circle():
    def below(room, seen=()):
        assert room not in seen, f"{room} stands on itself by {seen}"
        for other in STANDS_ON[room]:
            below(other, (*seen, room))

    for room in STANDS_ON:
        below(room)


def test_a_relative_import_is_read(tmp_path, monkeypatch):
    (tmp_path / "figure").mkdir()
    file = tmp_path / "figure" / "view.py"
    file.write_text("from ..widgets import explore\nfrom . import marks\n", encoding="utf-8")
    monkeypatch.setattr(f"{__name__}.HOUSE", tmp_path)
    assert rooms_imported(file) == {"widgets", "figure"}


def test_no_two_modules_have_one_name():
    repeated = {"__init__", "notebook", "exercises", "runs"}  # a lesson's files have the names of their kind
    seen: dict[str, Path] = {}
    for path in FILES:
        name = path.stem
        if name in repeated:
            continue
        assert name not in seen, f"{path.relative_to(HOUSE)} and {seen[name].relative_to(HOUSE)}"
        seen[name] = path


def test_no_function_hides_its_module():
    for package in sorted({path.parent for path in FILES if path.name == "__init__.py"}):
        tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
        names = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[-1] != package.name
            for alias in node.names
        }
        assert {path.stem for path in package.glob("*.py")} & names == set(), package.name
