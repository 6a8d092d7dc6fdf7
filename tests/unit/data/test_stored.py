"""A stored file that cannot be used says what to do, whatever is wrong with it."""

import importlib.resources
import io
import pickle
import zipfile

import numpy as np
import pytest

from course_lib.data.stored import load_stored

ARRAYS = {"steps": np.arange(2000), "values": np.linspace(0, 1, 2000).reshape(40, 50)}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "runs.npz"
    np.savez_compressed(path, **ARRAYS)
    return path


def test_all_arrays_come_back(file):
    for path in (file, str(file), zipfile.Path(zipped(file), "inside/runs.npz")):
        loaded = load_stored(path)
        assert loaded.keys() == ARRAYS.keys()
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(loaded[name], array)


def zipped(file):
    """A package inside a zip file has resources that are no files."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("inside/runs.npz", file.read_bytes())
    return zipfile.ZipFile(whole)


def test_the_stored_files_of_the_course_can_be_read():
    folders = importlib.resources.files("course_lib.lessons").iterdir()
    stored = [
        one for folder in folders if folder.is_dir() for one in folder.iterdir() if one.name.endswith(".npz")
    ]
    assert stored
    for one in stored:
        assert all(array.dtype != object for array in load_stored(one).values())


def pickled():
    buffer = io.BytesIO()
    np.savez(buffer, rows=np.array([{"a": 1}], dtype=object))
    return buffer.getvalue()


def with_a_changed_byte(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


DAMAGE = {
    "empty": (lambda content: b"", "is damaged or cut off (0 bytes)"),
    "cut off at the end": (lambda content: content[:-1], "is damaged or cut off"),
    "cut off in the middle": (lambda content: content[: len(content) // 2], "is damaged or cut off"),
    "a changed byte": (with_a_changed_byte, "is damaged or cut off"),
    "a pointer": (
        lambda content: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n",
        "is only a pointer to a large file: get a fresh copy of the course with `git lfs pull`",
    ),
    "a page": (lambda content: b"<!DOCTYPE html><html>Not found</html>", "is damaged or cut off"),
    "a pickle": (lambda content: pickle.dumps(ARRAYS), "is damaged or cut off"),
    "pickled objects": (lambda content: pickled(), "is damaged or cut off"),
    "another archive": (lambda content: zipped_text(), "is damaged or cut off"),
}


def zipped_text():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("rows.npy", "no array")
    return buffer.getvalue()


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_says_what_to_do(file, kind):
    damage, words = DAMAGE[kind]
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError, match="get a fresh copy of the course") as caught:
        load_stored(file)
    assert words in str(caught.value)
    assert "runs.npz" in str(caught.value)
    assert "pickle" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_missing_file_and_a_folder_in_its_place(tmp_path):
    with pytest.raises(ValueError, match=r"runs\.npz is missing: get a fresh copy of the course"):
        load_stored(tmp_path / "runs.npz")
    with pytest.raises(ValueError, match=r"cannot be read .*: get a fresh copy of the course"):
        load_stored(tmp_path)


@pytest.mark.parametrize("path", [None, 3, ["runs.npz"]])
def test_what_is_no_path_is_named(path):
    with pytest.raises(ValueError, match="path: expected a file or a resource, got"):
        load_stored(path)
