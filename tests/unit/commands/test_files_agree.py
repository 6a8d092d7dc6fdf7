"""pyproject.toml, environment.yml and constraints.txt name the same packages and compatible versions."""

import ast
import json
import re
import sys
import tomllib
from importlib import metadata

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from course_lib.commands import COMMANDS
from course_lib.commands.environment import ROOT

CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base", "POT": "pot"}
NOT_ON_CONDA = {"playwright"}  # drives the browser tests, which conda and Binder users do not run
ONLY_ON_CONDA = {"python", "pip", "setuptools"}
NOT_IMPORTED = {
    "jupyterlab",
    "ipykernel",
    "pytest",
    "nbval",
    "ruff",
    "playwright",
    "zuko",
}  # programs, or what tests use
OPTIONAL = {"torch_fidelity": "torch-fidelity"}  # may be absent, so its distribution cannot be looked up


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def imported():
    """The distributions that the package imports from, anywhere in its files."""
    known = metadata.packages_distributions()
    found = set()
    for path in (ROOT / "course_lib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            tops = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"course_lib", "tests"}
            found |= {OPTIONAL.get(top) or known[top][0] for top in tops}
    return {name.lower() for name in found}


def test_every_direct_import_is_declared_and_nothing_else(project, requirements):
    extra = {Requirement(one).name for one in project["optional-dependencies"]["inception"]}
    declared = {name.lower() for name in {*requirements, *extra}}
    assert imported() == declared - NOT_IMPORTED


@pytest.fixture(scope="module")
def requirements(project):
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return {r.name: r for r in map(Requirement, wanted)}


def test_conda_environment_names_the_same_packages_and_ranges(requirements):
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    listed = dict(re.match(r"([\w-]+)(.*)", line).groups() for line in conda)
    expected = {
        CONDA_NAMES.get(name, name): r.specifier
        for name, r in requirements.items()
        if name not in NOT_ON_CONDA
    }
    found = {name: SpecifierSet(bounds) for name, bounds in listed.items() if name not in ONLY_ON_CONDA}
    assert found == expected


def conda_python() -> str:
    (version,) = re.findall(r"^  - python=([\d.]+)$", (ROOT / "environment.yml").read_text(), re.MULTILINE)
    return version


def test_conda_asks_for_one_python_that_the_course_runs_on(project):
    # Exactly one: Binder reads "python=3.12" and nothing else, and takes an older one where it finds nothing.
    assert SpecifierSet(project["requires-python"]).contains(conda_python())


def test_binder_builds_the_python_of_environment_yml(monkeypatch):
    buildpacks = pytest.importorskip(
        "repo2docker.buildpacks", reason='repo2docker is not installed: pip install -e ".[binder]"'
    )
    monkeypatch.chdir(ROOT)
    assert not buildpacks.DockerBuildPack(
        base_image=None
    ).detect()  # a Dockerfile at the top would take the place of environment.yml
    pack = buildpacks.CondaBuildPack(base_image="docker.io/library/buildpack-deps:jammy")
    pack.platform = "linux/amd64"
    assert pack.detect()
    assert pack.python_version == conda_python()
    dockerfile = pack.render(build_args={})
    assert "environment.yml" in dockerfile and "./postBuild" in dockerfile


def test_binder_puts_the_readers_copy_in_place():
    lines = (ROOT / "postBuild").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [
        "set -euo pipefail",
        "pip install --no-deps .",
        "python -m course_lib sync",
    ]


def test_the_container_has_the_pinned_torch_and_the_python_of_conda():
    lines = (ROOT / ".devcontainer" / "Dockerfile").read_text()
    assert re.search(r"^FROM python:([\d.]+)-slim$", lines, re.MULTILINE)[1] == conda_python()
    (torch,) = re.findall(r"torch==([\d.]+)\+cpu", lines)
    assert f"torch=={torch}" in (ROOT / "constraints.txt").read_text().splitlines()
    assert '-c constraints.txt -e ".[dev]"' in lines
    # Nobody works as root, what is written outlasts the container, and the lab is where it says.
    assert re.findall(r"^USER (.*)$", lines, re.MULTILINE) == ["student"]
    for name in ("COURSE_WORKSPACE", "COURSE_HOME"):
        assert re.search(rf"{name}=/home/student/saved/", lines)
    (port,) = re.findall(r"^EXPOSE (\d+)$", lines, re.MULTILINE)
    assert f"--port={port}" in lines and f"-p {port}:{port}" in lines
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert container["forwardPorts"] == [int(port)] and container["remoteUser"] == "student"
    assert container["build"] == {"dockerfile": "Dockerfile", "context": ".."}


def test_the_workflow_tries_three_systems_and_each_python_of_the_course(project):
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())["jobs"]
    matrix = jobs["systems"]["strategy"]["matrix"]
    assert {one.partition("-")[0] for one in matrix["system"]} == {"ubuntu", "macos", "windows"}
    assert all(SpecifierSet(project["requires-python"]).contains(one) for one in matrix["python"])
    commands = [step["run"].split() for step in jobs["systems"]["steps"] if "run" in step]
    assert all(words[:3] == ["python", "-m", "course_lib"] and words[3] in COMMANDS for words in commands)


def test_every_direct_dependency_is_pinned_to_a_version_in_its_range(requirements):
    pins = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line
    )
    pins = {name.lower(): version for name, version in pins.items()}
    for name, requirement in requirements.items():
        assert requirement.specifier.contains(pins[name.lower()]), (
            f"{requirement} against {pins[name.lower()]}"
        )
    assert pins["torch"] == "2.13.0"


def test_every_dependency_has_its_reason_beside_it():
    block = (ROOT / "pyproject.toml").read_text().split("\n[tool.")[0]
    lines = [line for line in block.splitlines() if re.match(r'\s+"[A-Za-z-]+>=', line)]
    assert len(lines) > 15
    assert [line for line in lines if "#" not in line] == []
