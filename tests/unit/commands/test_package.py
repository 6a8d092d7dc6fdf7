"""What ``pip install .`` puts into an environment: all of the package, and the extension where servers look."""

import shutil
import subprocess
import sys
import zipfile

import pytest
from jupyter_server.extension.config import ExtensionConfigManager

from course_lib.commands.environment import ROOT

pytest.importorskip("setuptools", minversion="77")
CONFIG = "etc/jupyter/jupyter_server_config.d/generative_models_course.json"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy of the repository, unpacked."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    shutil.copytree(ROOT / "course_lib", source / "course_lib", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        folder,
    ]
    done = subprocess.run([*command, source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "wheel")
    return folder / "wheel"


def files(folder):
    return {
        path.relative_to(folder).as_posix()
        for path in (folder / "course_lib").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_everything_that_lies_in_the_package_is_in_the_wheel(wheel):
    assert files(wheel) == files(ROOT)
    kinds = {name.rpartition(".")[2] for name in files(wheel)}
    assert {"py", "toml", "npz", "css", "json"} <= kinds


def test_a_server_of_the_environment_finds_the_extension(wheel):
    (data,) = wheel.glob("*.data/data")
    assert [path.relative_to(data).as_posix() for path in data.rglob("*.json")] == [CONFIG]
    found = ExtensionConfigManager(read_config_path=[str(data / "etc" / "jupyter")])
    assert found.get_jpserver_extensions() == {"course_lib.commands.saving": True}


def test_binder_installs_the_wheel():
    """An editable install carries no data files, so its servers would not find the extension."""
    assert "pip install --no-deps .\n" in (ROOT / "postBuild").read_text()
