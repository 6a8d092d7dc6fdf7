"""What a page says to a reader who has not installed the course: links that open it on Colab and Binder.

Where the course is published stands in one line of ``pyproject.toml``, ``[project.urls] Repository``. Without it there
are no links, since they would lead nowhere.
"""

import re
import tomllib
from functools import cache
from pathlib import Path

from nbformat.v4 import new_code_cell, new_markdown_cell

__all__ = ["elsewhere_cells", "published_at"]

_PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
_ADDRESS = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?")

_INSTALL = """# Where the course is not installed (on Colab) this installs it; anywhere else it does nothing.
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("course_lib") is None:
    address = "git+{address}"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", address], check=True)
    print("Installed. On Colab no background thread can paint widgets, so a slider waits for each picture; "
          "what you write ends with the session unless you save a copy.")"""


@cache
def published_at() -> str:
    """The address of the repository, '' when none is stated.

    Raises:
        ValueError: it is no repository on GitHub, from which Colab and Binder open notebooks.
    """
    stated = tomllib.loads(_PROJECT.read_text(encoding="utf-8")) if _PROJECT.is_file() else {}
    address = stated.get("project", {}).get("urls", {}).get("Repository", "")
    if address and not _ADDRESS.fullmatch(address):
        raise ValueError(f"Repository: expected an address https://github.com/OWNER/NAME, got {address!r}")
    return address


def elsewhere_cells(path: str, address: str) -> list:
    """The cells that stand below a page's title: links, and what installs the course on Colab.

    Args:
        path: the page below ``notebooks/``, such as ``"solutions/01_mean_field_kl.ipynb"``.
        address: of the repository; '' gives no cells.
    """
    if not address:
        return []
    owner_and_name = _ADDRESS.fullmatch(address)[1]
    colab = f"https://colab.research.google.com/github/{owner_and_name}/blob/main/notebooks/{path}"
    binder = f"https://mybinder.org/v2/gh/{owner_and_name}/main?urlpath=lab/tree/my_course/{path}"
    install = _INSTALL.format(address=address.removesuffix("/"))
    return [
        new_markdown_cell(
            f"Without installing anything: [Colab]({colab}), [Binder]({binder}).", id="elsewhere"
        ),
        new_code_cell(install, id="install", metadata={"jupyter": {"source_hidden": True}}),
    ]
