"""The student's copies of the notebooks: an update of the course never overwrites an edit.

The workspace (`my_course/`) mirrors `notebooks/`, so links between notebooks work as they are; `ledger.json` comes
along for the page that counts its claims. Beside them:

- `.base/`: every notebook as it was last shipped to this student, the common ancestor of the three-way merge
  (`merging` has its rules);
- `.backup/0001/`, `0002/`, ...: what each synchronisation that changed something found before it.

A notebook that the course renames takes the student's edits along. A notebook that the student renames or copies is
theirs: it is never touched, and a fresh copy appears under the course's name.
"""

__all__ = ["SyncReport", "sync_workspace"]

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout

from course_lib.workspace.cells import Notebook, dump_notebook, read_notebook
from course_lib.workspace.merging import merge
from course_lib.workspace.renames import renamed_notebooks
from course_lib.workspace.sync_report import SyncReport, explain_os_error
from course_lib.workspace.transaction import (
    ChangedMeanwhileError,
    NotPutBackError,
    Transaction,
    read_if_there,
)

_FOLDERS = ("", "solutions")
_LEDGER = "ledger.json"
_LOCK_SECONDS = 60
_ATTEMPTS = 3


def sync_workspace(course: Path, workspace: Path, report: Callable[[str], object] = print) -> SyncReport:
    """Bring the notebooks of the course into the student's workspace and merge them with the student's work.

    `course` is the folder that holds `notebooks`; `workspace` is made when it is missing. What happened
    is said in a few sentences through `report`, one call each; nothing is said when there was nothing to do. When
    the files cannot be written (a full disk, no permission) every file stays as it was, the sentence says what to
    do, and it is in `SyncReport.error`; no OSError leaves this function.
    """
    course, workspace = Path(course), Path(workspace)
    outcome = SyncReport(workspace)
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        with FileLock(workspace / ".sync.lock", timeout=_LOCK_SECONDS):
            for _ in range(_ATTEMPTS):
                try:
                    outcome = _Sync(course, workspace).run()
                    break
                except ChangedMeanwhileError as changed:
                    outcome.error = (
                        f"{changed.args[0].name} is being saved while the course is updated, so nothing was changed: "
                        "save your notebooks and run the same command again."
                    )
    except Timeout:
        outcome.error = (
            f"Another update of {workspace.name} is still running: wait until it has ended and run the same command "
            "again."
        )
    except NotPutBackError as error:
        outcome.error = (
            f"The update failed and {error} could not be put back: its old version is in the newest folder of "
            f"{workspace / '.backup'}; copy it from there and run the same command again."
        )
    except OSError as error:
        outcome.error = explain_os_error(error, workspace)
    for sentence in outcome.sentences():
        report(sentence)
    return outcome


class _Sync:
    """One synchronisation: first everything is planned in memory, then it is written in one transaction."""

    def __init__(self, course: Path, workspace: Path):
        self.notebooks = course / "notebooks"
        self.workspace, self.base = workspace, workspace / ".base"
        self.report = SyncReport(workspace, first=not self.base.exists())
        # (path, new bytes or None, old bytes or None), in the order in which they have to reach the disk
        self.changes: list[tuple[str, bytes | None, bytes | None]] = []
        self.base_changes: list[tuple[str, bytes | None, bytes | None]] = []

    def run(self) -> SyncReport:
        shipped = {name: (self.notebooks / name).read_bytes() for name in _notebook_names(self.notebooks)}
        if not shipped:
            self.report.error = f"There are no notebooks in {self.notebooks}: get a fresh copy of the course."
            return self.report
        bases = {name: (self.base / name).read_bytes() for name in _notebook_names(self.base)}
        origins = renamed_notebooks(shipped, bases)
        for name, raw in shipped.items():
            self._notebook(name, raw, origins.get(name, name), bases.get(origins.get(name, name)))
        for name in sorted(set(bases) - set(shipped) - set(origins.values())):
            self.base_changes.append((name, None, bases[name]))
            if (self.workspace / name).exists():
                self.report.retired.append(name)
        ledger, mine = read_if_there(self.notebooks / _LEDGER), read_if_there(self.workspace / _LEDGER)
        if ledger not in (None, mine):  # generated: there is nothing of the student's in it
            self._put(_LEDGER, ledger, mine)
        self._write()
        return self.report

    def _notebook(self, name: str, raw: bytes, origin: str, base_raw: bytes | None) -> None:
        if raw != base_raw and read_notebook(raw)[0] is None:
            missing = not (self.workspace / name).exists()
            (self.report.unavailable if missing else self.report.unreadable).append(name)
            return
        mine_name, mine_raw = name, read_if_there(self.workspace / name)
        if mine_raw is None and origin != name:
            mine_name, mine_raw = origin, read_if_there(self.workspace / origin)

        mine, clean = read_notebook(mine_raw) if mine_raw is not None else (None, True)
        if raw != base_raw or origin != name:
            self._base(name, raw, base_raw if origin == name else None)
        if origin != name:
            self.base_changes.append((origin, None, base_raw))
        if mine_raw is None:
            self._put(name, raw, None)
            self.report.added.append(name)
            return
        if not clean:
            self._set_aside(mine_name, mine_raw, carried_on=mine is not None)
        if raw == base_raw and origin == name and clean:
            return
        data = raw if mine is None else self._merged(name, base_raw, mine, raw, mine_raw)
        if mine_name != name:
            self._put(name, data, None)  # before the old file goes: killed in between, both are there
            self.changes.append((mine_name, None, mine_raw))
            self.report.renamed.append((mine_name, name))
        elif data != mine_raw:
            self._put(name, data, mine_raw)
            if clean:
                self.report.updated.append(name)

    def _merged(
        self, name: str, base_raw: bytes | None, mine: Notebook, raw: bytes, mine_raw: bytes
    ) -> bytes:
        base = read_notebook(base_raw)[0] if base_raw is not None else None
        new = read_notebook(raw)[0]
        result = merge(base, mine, new)
        if result.notebook == mine:
            # The bytes stay as the student's tool wrote them, unless JupyterLab cannot read them.
            return mine_raw if read_notebook(mine_raw)[1] else dump_notebook(mine)
        for numbers, number in (
            (self.report.kept, result.kept),
            (self.report.offered, result.offered),
            (self.report.returned, result.returned),
        ):
            if number:
                numbers[name] = number
        return raw if result.notebook == new else dump_notebook(result.notebook)

    def _set_aside(self, name: str, raw: bytes, carried_on: bool) -> None:
        path, number = PurePosixPath(name), 1
        while (
            self.workspace / (aside := str(path.with_name(f"{path.stem}.damaged-{number}.ipynb")))
        ).exists():
            number += 1
        self._put(aside, raw, None)
        self.report.set_aside.append((name, aside))
        if carried_on:
            self.report.repaired.append(name)

    def _put(self, name: str, data: bytes, old: bytes | None) -> None:
        self.changes.append((name, data, old))

    def _base(self, name: str, data: bytes, old: bytes | None) -> None:
        self.base_changes.append((name, data, old))

    def _write(self) -> None:
        """Backups first, then the student's files, then what they were made from.

        A crash between the last two leaves an old base beside merged notebooks; merging these once more changes
        nothing. The other way round, old notebooks would look as if the student had edited them.
        """
        transaction = Transaction(self.workspace)
        replaced = [(name, old) for name, _, old in self.changes if old is not None and name != _LEDGER]
        if replaced:
            folder = self._next_backup()
            self.report.backup = folder
            for name, old in replaced:
                transaction.write(folder / name, old, None)
        for root, changes in ((self.workspace, self.changes), (self.base, self.base_changes)):
            for name, data, old in changes:
                if data is None:
                    transaction.remove(root / name, old)
                else:
                    transaction.write(root / name, data, old)
        if transaction:
            transaction.commit()

    def _next_backup(self) -> Path:
        folder = self.workspace / ".backup"
        taken = (
            [int(path.name) for path in folder.glob("*") if path.name.isdigit()] if folder.exists() else []
        )
        return folder / f"{max(taken, default=0) + 1:04d}"


def _notebook_names(root: Path) -> list[str]:
    """The notebooks below `root` (`01_x.ipynb`, `solutions/01_x.ipynb`), in order."""
    found = ((folder, path) for folder in _FOLDERS for path in sorted((root / folder).glob("[!.]*.ipynb")))
    return [str(PurePosixPath(folder) / path.name) for folder, path in found if path.is_file()]
