"""Which files of ``course_lib`` a notebook's outputs can depend on, read from the imports, and a digest of them.

A name that a notebook takes from a package (``from course_lib.widgets import explore``) leads to the module that
defines it, not to all that the package gathers. Code counts as what Python makes of it: comments, docstrings and layout
change no output. What lies beside a module and is no Python (a stylesheet, stored arrays) belongs to it.
"""

import ast
import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

__all__ = ["dependencies", "digest_of", "missing_modules", "shows_whole_course"]

_PACKAGE = "course_lib"
_WHOLE_COURSE = {"ledger_counts", "lessons_table"}


def dependencies(texts: Iterable[str], root: Path) -> set[Path]:
    """The files of the package that some code needs: modules that it imports, directly or through others.

    Args:
        texts: Python sources, such as the code cells of a notebook.
        root: the folder that holds ``course_lib``.
    """
    found: set[Path] = set()
    waiting = [imported for text in texts for imported in _imports(text)]
    seen = set()
    while waiting:
        wanted = waiting.pop()
        if wanted in seen:
            continue
        seen.add(wanted)
        path, further = _resolve(root, *wanted)
        waiting += further
        if path is not None and path not in found:
            found.add(path)
            waiting += _imports(path.read_text(encoding="utf-8"))
    return found | {file for folder in {path.parent for path in found} for file in _beside(folder)}


def missing_modules(texts: Iterable[str], *roots: Path) -> list[str]:
    """The modules of the package that some code imports and that no root holds, in the order of the code."""
    wanted = [module for text in texts for module, _ in _imports(text)]
    return [one for one in dict.fromkeys(wanted) if not any(_file(root, one) for root in roots)]


def shows_whole_course(texts: Iterable[str]) -> bool:
    """Whether some code shows how many claims are confirmed or which lessons there are: it follows all lessons."""
    return any(name in _WHOLE_COURSE for text in texts for _, name in _imports(text))


def digest_of(path: Path) -> str:
    """A digest of a file: of the code without docstrings for Python, of the bytes otherwise."""
    return _digest(path.read_bytes(), path.suffix == ".py")


@lru_cache(maxsize=4096)
def _digest(content: bytes, is_python: bool) -> str:
    if is_python:
        with contextlib.suppress(SyntaxError):  # it will say so when it is imported
            content = ast.dump(_without_docstrings(ast.parse(content))).encode()
    return hashlib.sha256(content).hexdigest()


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def _beside(folder: Path) -> list[Path]:
    """What a folder holds besides Python; the register is left out, as a notebook depends on its own claims only."""
    return [
        path for path in folder.iterdir() if path.is_file() and path.suffix not in (".py", ".pyc", ".toml")
    ]


@lru_cache(maxsize=4096)
def _imports(text: str) -> tuple[tuple[str, str], ...]:
    """The pairs (module, name) that some code imports from the package; the name is "" for the module itself."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return ()
    return tuple(_from_package(tree))


def _from_package(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if _is_ours(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and _is_ours(node.module):
            yield from ((node.module, alias.name) for alias in node.names)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == _PACKAGE


def _resolve(root: Path, module: str, name: str) -> tuple[Path | None, list[tuple[str, str]]]:
    """The file behind one import, or the imports that it leads on to."""
    path = _file(root, module)
    if name and path is not None and path.name == "__init__.py":
        handed_on = _imports(path.read_text(encoding="utf-8"))
        if given := [pair for pair in handed_on if pair[1] == name and pair[0] != module]:
            return None, given
    if name and _file(root, f"{module}.{name}") is not None:
        return None, [(f"{module}.{name}", "")]
    return path, []


def _file(root: Path, module: str) -> Path | None:
    place = root.joinpath(*module.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)
