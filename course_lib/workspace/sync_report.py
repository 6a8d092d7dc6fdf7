"""What a synchronisation did, as data and as sentences for the student."""

__all__ = ["SyncReport", "explain_os_error"]

import errno
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class SyncReport:
    """What `sync_workspace` did; names are relative to the workspace (`01_mean_field_kl.ipynb`).

    `error` is the sentence that says what to do when nothing could be changed, and None when all went well.
    """

    workspace: Path
    added: list[str] = field(default_factory=list)  # put in place where there was no file
    updated: list[str] = field(default_factory=list)  # brought to the new version
    kept: dict[str, int] = field(default_factory=dict)  # updated notebooks: cells that are the student's own
    offered: dict[str, int] = field(default_factory=dict)  # new versions put below a cell of the student's
    returned: dict[str, int] = field(
        default_factory=dict
    )  # cells that the student deleted and the course changed
    renamed: list[tuple[str, str]] = field(default_factory=list)  # (old name, new name)
    retired: list[str] = field(default_factory=list)  # no longer in the course; the student's file stays
    set_aside: list[tuple[str, str]] = field(
        default_factory=list
    )  # (damaged file, the name it is kept under)
    repaired: list[str] = field(
        default_factory=list
    )  # set aside, but their cells could be read and were carried on
    unreadable: list[str] = field(default_factory=list)  # damaged in the course itself; the student's stays
    unavailable: list[str] = field(
        default_factory=list
    )  # damaged in the course, and the student has none yet
    backup: Path | None = None  # the folder with the old versions of all files that were changed
    first: bool = False  # the workspace was empty before
    error: str | None = None

    @property
    def changed(self) -> bool:
        """Whether the student has something to be told about."""
        return bool(self.sentences())

    def sentences(self) -> list[str]:
        """A few plain sentences; none when nothing happened."""
        if self.error:
            return [self.error]
        where = self.workspace.name
        lines = []
        if self.first and self.added:
            lines.append(f"Your copy of the course is in {where} ({_count(len(self.added), 'file')}).")
        elif self.added:
            lines.append(f"New in {where}: {_names(self.added)}.")
        if self.updated:
            lines.append(f"Updated to the new version of the course: {_names(self.updated)}.")
        for old, new in self.renamed:
            lines.append(f"{old} is now called {new}; your work moved along.")
        if self.kept:
            what = ", ".join(f"{name} ({_count(number, 'cell')})" for name, number in self.kept.items())
            lines.append(f"Your own text was kept in {what}.")
        if self.offered:
            what = ", ".join(f"{name} ({_count(number, 'cell')})" for name, number in self.offered.items())
            lines.append(
                f"Where the course changed a cell that you changed too, its text stands below yours: {what}."
            )
        if self.returned:
            what = ", ".join(f"{name} ({_count(number, 'cell')})" for name, number in self.returned.items())
            lines.append(f"Cells that you had deleted came back because the course changed them: {what}.")
        for name, aside in self.set_aside:
            end = "its cells were carried on" if name in self.repaired else "a fresh copy is in its place"
            lines.append(f"{name} could not be opened as a notebook: it is kept as {aside}, and {end}.")
        if self.retired:
            lines.append(
                f"No longer part of the course, and left as it is in {where}: {_names(self.retired)}."
            )
        for name in self.unreadable:
            lines.append(
                f"The course's own {name} is damaged, so yours was left alone: get a fresh copy of the course."
            )
        for name in self.unavailable:
            lines.append(
                f"The course's own {name} is damaged, so it is not in {where}: get a fresh copy of the course."
            )
        if self.backup:
            lines.append(
                f"Everything that was changed is kept as it was in {where}/{self._relative(self.backup)}."
            )
        return lines

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.workspace).as_posix()


def explain_os_error(error: OSError, workspace: Path) -> str:
    """One sentence that says what went wrong, that nothing was changed, and what to do."""
    path = error.filename or workspace
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return (
            f"There is no room left on the disk for {workspace}, so nothing in it was changed: free some space "
            "and run the same command again."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"{path} may not be read or written, so nothing in {workspace.name} was changed: make the folder yours "
            f"again (for example with `chmod -R u+rwX {workspace}`) and run the same command again."
        )
    reason = error.strerror or error
    return (
        f"{path} could not be updated ({reason}), so nothing in {workspace.name} was changed: repair or move that "
        "file and run the same command again."
    )


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _names(names: list[str], most: int = 5) -> str:
    rest = len(names) - most
    return ", ".join(names) if rest <= 1 else f"{', '.join(names[:most])} and {rest} more"
