"""Which notebook of the course used to have which name."""

__all__ = ["renamed_notebooks"]

from collections.abc import Mapping
from pathlib import PurePosixPath

from course_lib.workspace.cells import Notebook, cell_id, read_notebook


def renamed_notebooks(shipped: Mapping[str, bytes], bases: Mapping[str, bytes]) -> dict[str, str]:
    """Match new names of the course with names that are gone from it: `{new name: old name}`.

    `shipped` and `bases` map names to the bytes of notebooks, as they are now and as they were shipped last. Two
    notebooks of one folder are the same when most of the old cell ids are in the new one. A name that is in both is
    never a renaming.
    """
    appeared = {name: read_notebook(shipped[name])[0] for name in shipped if name not in bases}
    vanished = {name: read_notebook(bases[name])[0] for name in bases if name not in shipped}
    pairs = sorted(
        (-_likeness(old, new), new_name, old_name)
        for new_name, new in appeared.items()
        for old_name, old in vanished.items()
        if old and new and PurePosixPath(new_name).parent == PurePosixPath(old_name).parent
    )
    result: dict[str, str] = {}
    for negative, new_name, old_name in pairs:
        if negative < -0.5 and new_name not in result and old_name not in result.values():
            result[new_name] = old_name
    return result


def _likeness(old: Notebook, new: Notebook) -> float:
    """The share of the old cell ids that the new notebook has."""
    olds, news = ({cell_id(cell) for cell in notebook["cells"]} - {None} for notebook in (old, new))
    return len(olds & news) / len(olds) if olds else 0.0
