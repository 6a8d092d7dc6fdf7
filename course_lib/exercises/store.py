"""What a student has done, in one small file outside the notebooks.

The file is ``progress.json`` in the user's data folder, or in the folder that ``COURSE_HOME`` names. It is read,
merged and replaced as a whole under a lock, so that two open notebooks add to it and a crash leaves the old file or
the new one. With ``COURSE_PROGRESS=off`` nothing is written and nothing read: memory alone counts. No function here
raises because of the file: what went wrong is a sentence in ``notice``. Where no home folder can be determined, memory
counts too, and the notice says so.
"""

import contextlib
import datetime
import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import filelock
import platformdirs

from course_lib.files import replace_file

__all__ = ["Saved", "entries", "home", "record"]

_SCHEMA = 1
_LOCK_SECONDS = 2.0
# Of an exercise's mistakes so many are remembered, by so many characters of their names.
_MOST_NAMES, _LONGEST_NAME = 20, 200
_FRESH = {"passed": False, "attempts": 0, "hints": 0, "first_passed": None}
# What this session knows and what of it is not in the file yet, for each file (None: memory alone).
_known: dict[Path | None, dict[str, dict]] = {}
_pending: dict[Path | None, dict[str, dict]] = {}


@dataclass(frozen=True)
class Saved:
    """What came of recording: ``had_passed`` before this time, the number of ``hints``, and a ``notice`` or ''."""

    had_passed: bool = False
    hints: int = 0
    notice: str = ""


class _Newer(Exception):
    """The file was written by a later version of the course."""


def home() -> Path:
    """The folder of the progress file: ``COURSE_HOME``, else the user's data folder.

    Raises:
        OSError: it cannot be determined, as in a container whose user has no entry and no ``HOME``.
    """
    asked = os.environ.get("COURSE_HOME", "").strip()
    try:
        folder = Path(asked or platformdirs.user_data_dir("generative-models-course")).expanduser()
    except (RuntimeError, KeyError) as error:
        raise OSError(f"no home folder: {error}") from error
    # Without a home folder platformdirs hands out "~/..." as it is, which would become a folder of that name.
    if not asked and not folder.is_absolute():
        raise OSError("no home folder")
    return folder


def record(
    exercise_id: str,
    *,
    passed: bool = False,
    attempted: bool = False,
    hints: int = 0,
    said: str | None = None,
    mistake: str = "",
) -> Saved:
    """Adds to what is known about one exercise; a pass stays, hints only grow.

    Args:
        exercise_id: ``"NN.name"``.
        passed: the answer passed just now.
        attempted: an answer was given (a stub is none).
        hints: how many hints the student has seen, at least.
        said: for a prediction, what was predicted; the latest one stays.
        mistake: what the card said of a wrong answer; how often is counted.
    """
    file, homeless = _file()
    before, notice = _load(file)
    had_passed = before.get(exercise_id, _FRESH)["passed"]
    news = {
        "passed": passed,
        "attempts": int(attempted),
        "hints": hints,
        "first_passed": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds") if passed else None,
        **({"said": said} if said is not None else {}),
        **({"mistakes": {mistake[:_LONGEST_NAME]: 1}} if mistake else {}),
    }
    if passed or attempted or said is not None or hints > before.get(exercise_id, _FRESH)["hints"]:
        pending = _pending.setdefault(file, {})
        pending[exercise_id] = _add(pending.get(exercise_id, _FRESH), news)
    if _pending.get(file):
        notice = _save(file) or notice
    return Saved(had_passed, _everything(file).get(exercise_id, _FRESH)["hints"], notice or homeless)


def entries() -> tuple[dict[str, dict], str]:
    """All that is known, by exercise id, and a notice or ''.

    An entry has ``passed``, ``attempts``, ``hints`` and ``first_passed``; a prediction ``said`` too, and an exercise
    that was answered wrongly ``mistakes``, the number of times for each name.
    """
    file, homeless = _file()
    _, notice = _load(file)
    return _everything(file), notice or homeless


def _file() -> tuple[Path | None, str]:
    """The progress file, None for memory alone, and a notice when that is not what was asked for."""
    if os.environ.get("COURSE_PROGRESS", "").strip().lower() == "off":
        return None, ""
    try:
        return home() / "progress.json", ""
    except OSError:
        return None, (
            "No home folder could be found, so progress is kept only until this kernel ends. To keep it, name a folder "
            "in the environment variable COURSE_HOME before JupyterLab starts."
        )


def _everything(file):
    """The known entries with those that could not be written yet."""
    merged = dict(_known.get(file, {}))
    for key, news in _pending.get(file, {}).items():
        merged[key] = _add(merged.get(key, _FRESH), news)
    return merged


def _add(old: dict, news: dict) -> dict:
    dates = [one["first_passed"] for one in (old, news) if one["first_passed"]]
    return {
        "passed": old["passed"] or news["passed"],
        "attempts": old["attempts"] + news["attempts"],
        "hints": max(old["hints"], news["hints"]),
        "first_passed": min(dates, default=None),
        **{key: one[key] for one in (old, news) for key in ("said",) if key in one},
        **({"mistakes": mistakes} if (mistakes := _counted(old, news)) else {}),
    }


def _counted(old, news):
    """How often each mistake was made, those first that were made most often, and of these the newest."""
    both = Counter(news.get("mistakes", {})) + Counter(old.get("mistakes", {}))
    return dict(both.most_common(_MOST_NAMES))


def _load(file) -> tuple[dict, str]:
    """Brings what is known up to date with the file; a damaged file is set aside."""
    if file is None:
        return _everything(file), ""
    notice = ""
    try:
        _known[file] = _read(file)
    except FileNotFoundError:
        _known[file] = {}
    except _Newer as error:
        notice = str(error)
    except ValueError:
        notice = _set_aside(file)
    except OSError as error:
        notice = f"The progress file could not be read ({_reason(error)})."
    return _everything(file), notice


def _read(file: Path) -> dict:
    """The entries of the file; ``ValueError`` when it is damaged."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except RecursionError as error:  # brackets within brackets, thousands deep
        raise ValueError("nested too deeply") from error
    if not isinstance(content, dict) or not isinstance(content.get("schema"), int):
        raise ValueError("no schema")
    if content["schema"] > _SCHEMA:
        raise _Newer(
            f"A newer version of the course wrote the progress file ({file}); it is left alone, and this session's "
            "progress is not saved. Update the course."
        )
    found = content.get("exercises")
    if not isinstance(found, dict) or not all(_is_entry(entry) for entry in found.values()):
        raise ValueError("no exercises")
    return found


def _is_entry(entry) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("passed"), bool)
        and all(isinstance(entry.get(name), int) and entry[name] >= 0 for name in ("attempts", "hints"))
        and isinstance(entry.get("first_passed", 0), str | None)
        and isinstance(entry.get("said", ""), str)
        and isinstance(entry.get("mistakes", {}), dict)
        and all(isinstance(count, int) and count >= 0 for count in entry.get("mistakes", {}).values())
    )


def _set_aside(file: Path) -> str:
    """Renames a damaged file; what this session knew of it counts as not yet written, so the next save has it."""
    try:
        with _locked(file):
            with contextlib.suppress(FileNotFoundError):
                try:
                    _known[file] = _read(file)
                    return ""  # another kernel was quicker
                except (ValueError, _Newer):
                    pass
            number = 1
            while (aside := file.with_name(f"progress.damaged-{number}.json")).exists():
                number += 1
            os.replace(file, aside)
    except (OSError, filelock.Timeout) as error:
        return f"The progress file is damaged and could not be set aside ({_reason(error)})."
    lost = _known.pop(file, {})
    pending = _pending.setdefault(file, {})
    for key, entry in lost.items():
        pending[key] = _add(entry, pending.get(key, _FRESH))
    return f"The progress file was damaged. It is kept as {aside}, and a new one is begun."


def _save(file) -> str:
    """Writes what is pending, on top of what the file has now. Returns a notice, '' when all went well."""
    if file is None:
        _known[file] = _everything(file)
        _pending.pop(file, None)
        return ""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # on a shared machine nobody else's
        with _locked(file):
            try:
                _known[file] = _read(file)
            except FileNotFoundError:
                _known[file] = {}
            merged = _everything(file)
            _write(file, merged)
    except _Newer as error:
        return str(error)
    except filelock.Timeout:
        return "Another notebook holds the progress file; this is saved with the next exercise."
    except ValueError:
        return "The progress file is damaged; this is saved with the next exercise."
    except OSError as error:
        return f"Progress could not be saved ({_reason(error)}): it is kept until this kernel ends, and tried again."
    _known[file] = merged
    _pending.pop(file, None)
    return ""


def _write(file: Path, found: dict):
    text = json.dumps({"schema": _SCHEMA, "exercises": dict(sorted(found.items()))}, indent=1) + "\n"
    replace_file(file, text.encode())


@contextlib.contextmanager
def _locked(file: Path):
    lock = filelock.FileLock(file.with_name("progress.lock"), timeout=_LOCK_SECONDS)
    try:
        lock.acquire()
    except NotImplementedError:
        # Some network file systems have no locks; the replacement of the whole file still leaves no half of one.
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _reason(error) -> str:
    place = getattr(error, "filename", None) or "the progress file"
    return f"{getattr(error, 'strerror', None) or type(error).__name__}: {place}"
