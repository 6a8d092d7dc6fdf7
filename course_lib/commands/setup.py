"""``setup``: makes ``.venv`` with exactly the versions that were tested (standard library only)."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import time

from course_lib.commands.environment import ROOT, VENV, venv_python

__all__ = ["main"]

STAMP = VENV / ".course-ready"
LOG = VENV / "setup.log"
NEEDED_GIB = (
    3.0  # a complete environment takes 1.8 GiB with the CPU build of torch, and pip unpacks beside it
)

#: How lines of pip begin that say what it is doing.
_SHOWN = ("Collecting", "Downloading", "Processing", "Installing", "Building", "Obtaining")

#: What pip says -> what to do. The first pattern that occurs in the log is the answer.
ADVICE = (
    (("No space left on device", "Errno 28"), "The disk is full: free about 3 GiB, then run it again."),
    (
        (
            "Temporary failure in name resolution",
            "Name or service not known",
            "getaddrinfo failed",
            "NewConnectionError",
            "ConnectTimeoutError",
            "Network is unreachable",
            "ProxyError",
            "ReadTimeoutError",
        ),
        "The package index cannot be reached: connect to the network (or set your proxy), then run it again.",
    ),
    (
        ("SSLError", "CERTIFICATE_VERIFY_FAILED"),
        "The connection to the package index is not trusted: check the clock "
        "and the certificates of this machine, then run it again.",
    ),
    (
        ("Permission denied", "Errno 13"),
        "The folder of the course cannot be written: move the course to a folder that you own.",
    ),
    (
        ("No matching distribution found", "Could not find a version"),
        "A package has no build for this system; Python 3.11 to 3.13 on 64-bit Linux, macOS or Windows have all.",
    ),
)


def main(argv: list[str]) -> int:
    """Makes the environment, or returns at once where it is up to date; ``--force`` makes it anew.

    ``--quiet`` says nothing where there was nothing to do.
    """
    if "--force" in argv:
        shutil.rmtree(VENV, ignore_errors=True)
    if STAMP.exists() and STAMP.read_text() == _fingerprint() and venv_python().exists():
        if "--quiet" not in argv:
            print("The environment is ready.")
        return 0
    problem = _missing_parts() or _make_venv()
    if problem is None:
        problem = _install()
    if problem is not None:
        print(f"\nSetup stopped. {problem}", file=sys.stderr)
        return 1
    STAMP.write_text(_fingerprint())
    follow = "" if "--quiet" in argv else " Next: make lab   (without make: python -m course_lib lab)"
    print("The environment is ready." + follow, flush=True)
    return 0


def _fingerprint() -> str:
    """Changes when the course asks for other packages, or moves to another folder or Python."""
    digest = hashlib.sha256(f"{ROOT} {sys.version_info[:2]}".encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _missing_parts() -> str | None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return f"This Python lacks its venv module: on Debian or Ubuntu, run: sudo apt install python{version}-venv"
    if not os.access(ROOT, os.W_OK):
        return f"The folder {ROOT} cannot be written: move the course to a folder that you own."
    free = shutil.disk_usage(ROOT).free / 2**30
    if free < NEEDED_GIB and not VENV.exists():
        return f"The environment needs {NEEDED_GIB:.0f} GiB, and {free:.1f} GiB are free: make room, then run it again."
    return None


def _make_venv() -> str | None:
    if venv_python().exists() and _same_python():
        return None
    shutil.rmtree(VENV, ignore_errors=True)
    print("Making the environment in .venv")
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode == 0:
        return None
    shutil.rmtree(VENV, ignore_errors=True)
    said = made.stdout + made.stderr
    return _advice(said) or "Python could not make a virtual environment: " + " ".join(said.split())[-300:]


def _same_python() -> bool:
    """Whether .venv was made by this version of Python (an upgrade of the system's leaves a broken one)."""
    probe = [str(venv_python()), "-c", "import sys; print(sys.version_info[:2])"]
    try:
        answer = subprocess.run(probe, capture_output=True, text=True, timeout=60)
    except OSError:
        return False
    return answer.stdout.strip() == str(sys.version_info[:2])


def _install() -> str | None:
    """Installs the course and what it needs, a line of progress a package; the whole log is kept in .venv."""
    command = [
        str(venv_python()),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--progress-bar",
        "off",
        "-c",
        "constraints.txt",
        "-e",
        ".[dev]",
    ]
    print("Installing the packages (a few minutes the first time; torch is the big one)")
    lines = []
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PIP_NO_INPUT": "1"}
    with LOG.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        with _Progress() as progress:
            for line in process.stdout:
                log.write(line)
                lines.append(line)
                progress.show(line)
    print()
    if process.wait() == 0:
        return None
    said = "".join(lines)
    return (
        _advice(said)
        or f"pip failed; its last words: {lines[-1].strip() if lines else '(none)'} (all of them: {LOG})"
    )


class _Progress:
    """What pip is doing and for how long; pip unpacks for minutes without a word, and this goes on counting."""

    def __init__(self):
        self._started = time.monotonic()
        self._doing = "Starting"
        self._over = threading.Event()
        self._is_terminal = sys.stdout.isatty()

    def __enter__(self):
        threading.Thread(target=self._count, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._over.set()

    def show(self, line: str) -> None:
        doing = line.strip()
        if doing.startswith(_SHOWN):
            self._doing = doing
            if self._is_terminal or doing.startswith(("Installing", "Downloading")):
                self._say()

    def _count(self) -> None:
        while not self._over.wait(1 if self._is_terminal else 30):
            self._say()

    def _say(self) -> None:
        doing = self._doing
        if doing.startswith("Installing collected packages"):
            doing = f"Unpacking {doing.count(',') + 1} packages, which takes a few minutes"
        text = f"  {time.monotonic() - self._started:4.0f} s  {doing}"[:100]
        if self._is_terminal:
            print("\r" + text.ljust(100), end="", flush=True)
        else:
            print(text, flush=True)


def _advice(said: str) -> str | None:
    return next((advice for patterns, advice in ADVICE if any(p in said for p in patterns)), None)
