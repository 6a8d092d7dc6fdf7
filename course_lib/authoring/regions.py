"""The solution's region inside an exercise cell: where it is, and the stub that stands in its place.

``# region solution`` and ``# endregion`` stand alone on their lines, with the indentation of the code between.
"""

import ast
import re

__all__ = ["STUB", "RegionError", "check_exercise", "find_regions", "strip_markers", "stub"]

STUB = 'raise NotImplementedError("your turn")'
_OPEN, _CLOSE = "# region solution", "# endregion"
# What somebody may have meant as a marker; it is refused, because it would leave the solution in the stub.
_ALMOST = re.compile(
    r"\s*#+\s*(end[\s_-]?region|region)\b.*|.*\S.*#\s*(end[\s_-]?region\b|region\s+solution\b).*",
    re.IGNORECASE,
)


class RegionError(ValueError):
    """A malformed marker; ``index`` is the line within the cell."""

    def __init__(self, sentence: str, index: int):
        super().__init__(sentence)
        self.sentence, self.index = sentence, index


def find_regions(source: str) -> tuple[tuple[int, int], ...]:
    """Index pairs of the opening and the closing lines, in order.

    Raises:
        RegionError: a marker is nested, unclosed, unopened, indented differently, empty or misspelt.
    """
    regions, start, indent, stray = [], None, "", None
    for index, line in enumerate(source.splitlines()):
        mark = line.strip()
        before = line[: len(line) - len(line.lstrip())]
        if mark == _OPEN:
            if start is not None:
                raise RegionError("a solution region begins inside another one", index)
            start, indent, stray = index, before, None
        elif mark == _CLOSE:
            if start is None:
                raise RegionError("'# endregion' closes no region", index)
            if before != indent:
                raise RegionError("'# endregion' is indented differently from its '# region solution'", index)
            if stray is not None:
                raise RegionError("a line of the solution region is indented less than its marker", stray)
            if not "".join(source.splitlines()[start + 1 : index]).strip():
                raise RegionError("the solution region is empty", index)
            regions.append((start, index))
            start = None
        elif _ALMOST.fullmatch(line):
            raise RegionError(f"expected {_OPEN!r} or {_CLOSE!r} alone on the line, got {mark!r}", index)
        elif start is not None and mark and stray is None and not line.startswith(indent):
            stray = index
    if start is not None:
        raise RegionError("the solution region is never closed by '# endregion'", start)
    return tuple(regions)


def strip_markers(source: str, regions: tuple[tuple[int, int], ...]) -> str:
    """The solved edition: the code of the regions stays, the marker lines go."""
    marks = {index for region in regions for index in region}
    return "\n".join(line for index, line in enumerate(source.splitlines()) if index not in marks)


def stub(source: str, regions: tuple[tuple[int, int], ...]) -> str:
    """The student's edition: one ``raise`` in the place of each region."""
    lines = source.splitlines()
    for start, end in reversed(regions):
        indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
        lines[start : end + 1] = [indent + STUB]
    return "\n".join(lines)


def check_exercise(source: str, regions: tuple[tuple[int, int], ...], exercise: str) -> None:
    """Sees to it that the stub is Python, that it raises only when called, and that its answer is checked.

    Raises:
        RegionError: there is no region, a region stands outside a function, one of the editions is not valid
            Python, or ``check("<exercise>", ...)`` is missing.
    """
    if not regions:
        raise RegionError(f"an exercise cell needs a region: {_OPEN!r} ... {_CLOSE!r}", 0)
    for edition, text in (("solution", strip_markers(source, regions)), ("stub", stub(source, regions))):
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            raise RegionError(
                f"the {edition} is not valid Python: {error.msg}", (error.lineno or 1) - 1
            ) from None
    if _stubs_in_functions(tree) < len(regions):
        raise RegionError("the solution region must stand inside a function", regions[0][0])
    if not any(_is_check(node, exercise) for node in tree.body):
        raise RegionError(f"expected a line with check({exercise!r}, ...) outside the region", regions[-1][1])


def _stubs_in_functions(tree: ast.Module) -> int:
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Raise) and ast.unparse(node) == ast.unparse(ast.parse(STUB))
    }
    return len(inside)


def _is_check(statement: ast.stmt, exercise: str) -> bool:
    return isinstance(statement, ast.Assign | ast.Expr) and any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "check"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value == exercise
        for node in ast.walk(statement)
    )
