"""Files are written whole or not at all."""

import os
import stat

import pytest

from course_lib import files


def test_what_is_right_is_not_touched(tmp_path):
    path = tmp_path / "folder" / "file"
    assert files.write_if_changed(path, b"one")
    stamp = path.stat().st_mtime_ns
    assert not files.write_if_changed(path, b"one")
    assert path.stat().st_mtime_ns == stamp
    assert files.write_if_changed(path, b"two")
    assert path.read_bytes() == b"two"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_no_scraps(tmp_path, monkeypatch, step):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, step, full)
    with pytest.raises(OSError, match="No space"):
        files.replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="permissions are Unix's")
def test_a_new_file_has_the_permissions_that_any_new_file_has(tmp_path):
    (tmp_path / "other").write_bytes(b"")
    files.replace_file(tmp_path / "file", b"")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("file", "other")}
    assert len(modes) == 1
