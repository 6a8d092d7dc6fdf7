"""What was executed before: the outputs of an edition, kept while nothing that they depend on changed.

One JSON file an edition below ``.build/executed`` (ignored by git). The key covers the code cells in order, the
package, the assets and the versions of what computes and draws.
"""

import hashlib
import json
import platform
import re
from importlib import metadata
from pathlib import Path

from .files import write_if_changed
from .register import RegisterError, load_register

__all__ = ["Cache", "digest_files", "execution_key"]

_FORMAT = "1"  # raise it when outputs are cleaned in another way
_VERSIONS = ("torch", "numpy", "scipy", "scikit-learn", "matplotlib", "ipywidgets", "pillow")
# No notebook runs these rooms; of authoring it uses the claims only.
_UNUSED = re.compile(r"course_lib/(commands/|authoring/(?!__init__|claims|claim_text|register|ledger\.))")
_BANK = re.compile(r"course_lib/exercises/bank/nb([0-9]{2})_")
_PICTURE_OF_README = re.compile(r"assets/[^/]*\.(png|gif|svg|md)|assets/claims\.toml")


def digest_files(root: Path, number: str) -> str:
    """A digest of the files of ``course_lib`` and ``assets`` that can change what notebook ``number`` shows.

    Args:
        root: the folder that holds ``course_lib`` and ``assets``.
        number: two digits; the exercise banks of other notebooks do not count.
    """
    digest = hashlib.sha256()
    for folder in ("course_lib", "assets"):
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root).as_posix()
            if not path.is_file() or "__pycache__" in name or "/." in name:
                continue
            bank = _BANK.match(name)
            if _UNUSED.match(name) or _PICTURE_OF_README.fullmatch(name) or (bank and bank[1] != number):
                continue
            digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def execution_key(cells: list[str], claims: tuple[str, ...], root: Path, number: str) -> str:
    """What the outputs of these code cells depend on, as one digest.

    Args:
        cells: the sources of the code cells, in order.
        claims: the ids of the claims among them: the printed block names their place in the lectures.
        root: the folder that holds ``course_lib`` and ``assets``.
        number: the notebook's two digits.
    """
    parts = [_FORMAT, platform.python_version(), *(_version(name) for name in _VERSIONS)]
    parts += [digest_files(root, number), *cells]
    try:
        register = load_register(root / "assets" / "claims.toml")
    except RegisterError:
        register = {}
    parts += [f"{claim}: {register[claim].place if claim in register else None}" for claim in claims]
    if any("ledger_counts" in cell for cell in cells):
        for shown in (root / "notebooks" / "ledger.json", root / "assets" / "claims.toml"):
            parts.append(hashlib.sha256(shown.read_bytes()).hexdigest() if shown.exists() else "none")
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"


class Cache:
    """Outputs by notebook, edition and key."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    def get(self, name: str, edition: str, key: str) -> list[dict] | None:
        """The outputs that were stored under this key, or None; a damaged file counts as none."""
        try:
            stored = json.loads(self._path(name, edition).read_text(encoding="utf-8"))
            return stored["cells"] if stored["key"] == key else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, name: str, edition: str, key: str, cells: list[dict]) -> None:
        """Stores the outputs of an edition in the place of the older ones."""
        text = json.dumps({"key": key, "cells": cells}, ensure_ascii=False)
        write_if_changed(self._path(name, edition), text.encode("utf-8"))

    def _path(self, name: str, edition: str) -> Path:
        return self.folder / "executed" / f"{name}.{edition}.json"
