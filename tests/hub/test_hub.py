"""A class on one server: ten users at once work, none sees another's progress, an update comes, nothing is lost."""

import importlib.util
import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from course_lib.commands.environment import ROOT

if importlib.util.find_spec("jupyterhub") is None:
    pytest.skip(
        'JupyterHub is not installed: pip install -c constraints.txt -e ".[dev,hub]"', allow_module_level=True
    )

from tests.hub import hub

if hub.proxy_command() is None:
    pytest.skip(
        "configurable-http-proxy is not installed: npm install -g configurable-http-proxy, or name it in "
        "CONFIGURABLE_HTTP_PROXY",
        allow_module_level=True,
    )

USERS = [f"student-{number}" for number in range(10)]
NOTEBOOK = "01_mean_field_kl.ipynb"
OWN = "# my own note, which nobody may lose"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the course, which an update can change."""
    folder = tmp_path_factory.mktemp("course") / "course"
    folder.mkdir()
    for name in ("course_lib", "notebooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.fixture(scope="module")
def users(tmp_path_factory, course):
    """Ten users who log in and start their servers at once."""
    folder = tmp_path_factory.mktemp("hub")
    with hub.running_hub(folder, course) as url, ThreadPoolExecutor(len(USERS)) as together:
        yield list(together.map(lambda name: hub.User(url, name).start(), USERS)), folder


def at_once(work, users):
    with ThreadPoolExecutor(len(users)) as together:
        return list(together.map(work, users))


def code_of(notebook):
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_ten_users_work_at_once_and_an_update_loses_nothing(users, course):
    everybody, folder = users

    def work(user):
        """Runs the lesson as it comes, moves a slider, passes an exercise, and writes something of one's own."""
        notebook, kernel = user.read(NOTEBOOK), user.kernel()
        for source in code_of(notebook):
            kernel.run(source)
        pictures = kernel.move_a_slider()
        card = kernel.run(
            "from course_lib.exercises import check, registry\n"
            "mine = registry.exercises_of('01')[0]\n"
            "_ = check(mine.id, mine.reference)"
        )
        notebook["cells"][1]["source"] = OWN
        user.save(NOTEBOOK, notebook)
        return kernel, pictures, card

    done = at_once(work, everybody)
    assert all(pictures for _, pictures, _ in done)
    assert all("✓ Passed" in card for _, _, card in done)
    check_that_nobody_sees_anothers_work(everybody)
    check_that_progress_is_ones_own(folder)

    # The course changes while they work; each brings the copy up to date from the running kernel.
    shipped = course / "notebooks" / NOTEBOOK
    book = json.loads(shipped.read_text(encoding="utf-8"))
    last = next(cell for cell in reversed(book["cells"]) if cell["cell_type"] == "markdown")
    last["source"] = "An update from the lecturer."
    shipped.write_text(json.dumps(book), encoding="utf-8")
    update = (
        "import subprocess, sys\n"
        "print(subprocess.run([sys.executable, '-m', 'course_lib', 'sync'], capture_output=True, text=True))"
    )
    told = at_once(lambda one: one[0].run(update), done)
    assert all("returncode=0" in text for text in told), told[0]
    for user in everybody:
        texts = ["".join(cell["source"]) for cell in user.read(NOTEBOOK)["cells"]]
        assert OWN in texts
        assert "An update from the lecturer." in texts
    passed = at_once(
        lambda one: one[0].run(
            "from course_lib.exercises import progress_summary\nprogress_summary()['passed']"
        ),
        done,
    )
    assert [text.strip() for text in passed] == ["1"] * len(USERS)
    at_once(lambda one: one[0].close(), done)


def check_that_nobody_sees_anothers_work(everybody):
    for user, other in zip(everybody, [*everybody[1:], everybody[0]], strict=True):
        assert user.get("api/contents").status_code == 200
        assert user.get("api/contents", of=other.name).status_code == 403
        assert user.get(f"api/contents/{NOTEBOOK}", of=other.name).status_code == 403


def check_that_progress_is_ones_own(folder):
    files = sorted((folder / "homes").glob("*/**/progress.json"))
    assert sorted(file.relative_to(folder / "homes").parts[0] for file in files) == sorted(USERS)
    for file in files:
        assert file.parent.stat().st_mode & 0o077 == 0  # the folder is nobody else's
        known = json.loads(file.read_text(encoding="utf-8"))["exercises"]
        assert sum(one["passed"] for one in known.values()) == 1
