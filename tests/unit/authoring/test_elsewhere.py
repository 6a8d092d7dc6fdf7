"""Links and the installing cell stand on a page when the course is published, and not before."""

import ast
import subprocess
import sys

import pytest

from course_lib.authoring import editions, elsewhere
from course_lib.authoring.layout import Layout
from course_lib.authoring.source import parse_source

ADDRESS = "https://github.com/somebody/generative-models"


@pytest.fixture
def source():
    return parse_source(Layout().written()[0].notebook)


def test_an_unpublished_course_has_no_links(source):
    assert elsewhere.elsewhere_cells("01_x.ipynb", "") == []
    if not elsewhere.published_at():
        assert not {"elsewhere", "install"} & {cell.id for cell in editions.notebook(source, "student").cells}


@pytest.mark.parametrize(("edition", "folder"), [("student", ""), ("solution", "solutions/")])
def test_a_published_page_leads_to_itself_on_colab_and_binder(source, monkeypatch, edition, folder):
    monkeypatch.setattr(editions, "published_at", lambda: ADDRESS)
    title, links, install, *_ = editions.notebook(source, edition).cells
    page = f"{folder}{source.name}.ipynb"
    assert title.source.startswith("# ")
    assert (
        f"https://colab.research.google.com/github/somebody/generative-models/blob/main/notebooks/{page}"
        in links.source
    )
    assert (
        f"https://mybinder.org/v2/gh/somebody/generative-models/main?urlpath=lab/tree/my_course/{page}"
        in links.source
    )
    assert install.metadata.jupyter.source_hidden
    assert {cell.id for cell in (links, install)} == {"elsewhere", "install"}


def test_the_cell_installs_only_where_the_course_is_missing(monkeypatch):
    (_, cell) = elsewhere.elsewhere_cells("01_x.ipynb", ADDRESS + "/")
    commands = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    exec(cell.source, {})
    assert commands == []
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    exec(cell.source, {})
    assert commands == [[sys.executable, "-m", "pip", "install", "--quiet", f"git+{ADDRESS}"]]
    assert all(len(line) <= 130 for line in cell.source.splitlines()) and ast.parse(cell.source)


@pytest.mark.parametrize("address", ["https://example.org/course", "github.com/a/b", "https://github.com/a"])
def test_an_address_that_colab_cannot_open_is_refused(monkeypatch, tmp_path, address):
    project = tmp_path / "pyproject.toml"
    project.write_text(f'[project.urls]\nRepository = "{address}"\n')
    monkeypatch.setattr(elsewhere, "_PROJECT", project)
    with pytest.raises(ValueError, match="Repository: expected an address"):
        elsewhere.published_at.__wrapped__()
