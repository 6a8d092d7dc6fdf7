"""pyproject.toml, environment.yml and constraints.txt name the same packages and compatible versions."""

import ast
import re
import sys
import tomllib
from importlib import metadata

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

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


def test_conda_environment_asks_for_the_same_python(project):
    assert "python" + project["requires-python"] in (ROOT / "environment.yml").read_text()


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
    block = (ROOT / "pyproject.toml").read_text().split("[project.urls]")[0].split("[tool.")[0]
    lines = [line for line in block.splitlines() if re.match(r'\s+"[A-Za-z-]+>=', line)]
    assert len(lines) > 15
    assert [line for line in lines if "#" not in line] == []
