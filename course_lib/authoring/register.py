"""The register of claims: every statement of the lectures that the course confirms or corrects.

``assets/claims.toml`` is written by hand, one ``[[claim]]`` table a statement. The ledger compares it with
what the notebooks print, so a statement that nobody confirmed stays visible.
"""

import os
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

__all__ = ["NOTEBOOKS", "RegisterError", "RegisteredClaim", "load_register", "register_path"]

NOTEBOOKS = (
    "01_mean_field_kl",
    "02_variational_bayes_and_ep",
    "03_vae",
    "04_elbo_surgery",
    "05_flows_in_vaes",
    "06_disentanglement",
    "07_likelihood_free_learning",
    "08_vanilla_gan_optimality",
    "09_gan_training_tricks",
    "10_optimal_transport",
    "11_wgan_disjoint_supports",
    "12_f_gan",
    "13_implicit_models",
    "14_fid",
)

_TEXTS = ("id", "place", "kind", "notebook", "statement")


class RegisterError(ValueError):
    """The register is missing, cannot be read, or lacks a claim."""


@dataclass(frozen=True)
class RegisteredClaim:
    """One statement of the lectures."""

    id: str
    lectures: tuple[str, ...]
    place: str
    kind: str
    notebook: str
    statement: str


def register_path() -> Path:
    """Where the register lies: ``COURSE_REGISTER``, else ``assets/claims.toml`` beside the package."""
    asked = os.environ.get("COURSE_REGISTER", "").strip()
    return Path(asked) if asked else Path(__file__).resolve().parents[2] / "assets" / "claims.toml"


def load_register(path: Path | None = None) -> dict[str, RegisteredClaim]:
    """Reads the register.

    Args:
        path: the TOML file; without it, the one that ``register_path`` names.

    Returns:
        The claims by id, in the order of the file.

    Raises:
        RegisterError: there is no such file, it is no TOML, a field is missing or empty, an id comes twice.
    """
    path = Path(path or register_path())
    try:
        stamp = path.stat().st_mtime_ns
    except OSError as error:
        raise RegisterError(f"the register of claims {path} cannot be read: {error.strerror}") from error
    return dict(_read(path, stamp))


@lru_cache(maxsize=4)
def _read(path: Path, stamp: int) -> dict[str, RegisteredClaim]:
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("claim", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RegisterError(f"the register of claims {path} is not valid TOML: {error}") from error
    claims: dict[str, RegisteredClaim] = {}
    for number, row in enumerate(rows, 1):
        claim = _claim(row, f"{path.name}, claim {number}")
        if claim.id in claims:
            raise RegisterError(f"{path.name}: the id {claim.id!r} comes twice")
        claims[claim.id] = claim
    return claims


def _claim(row: dict, where: str) -> RegisteredClaim:
    for field in _TEXTS:
        if not isinstance(row.get(field), str) or not row[field].strip():
            raise RegisterError(f"{where} ({row.get('id', 'no id')}): expected a text in {field!r}")
    lectures = row.get("lectures")
    if not isinstance(lectures, list) or not lectures or not all(isinstance(name, str) for name in lectures):
        raise RegisterError(f"{where} ({row['id']}): expected a list of lecture codes in 'lectures'")
    return RegisteredClaim(lectures=tuple(lectures), **{field: row[field].strip() for field in _TEXTS})
