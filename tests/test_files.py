"""Writing files: whatever step fails, there is the old content or the new, never half of it."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from cop import files

OLD, NEW = b"old " * 1000, b"new " * 2000


class Failing:
    """Lets the first calls of the operating system through and fails at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fail_at: int) -> None:
        self.left, self.failed = fail_at, ""
        for name in ("open", "fsync", "replace", "fdopen", "sync", "fchmod"):
            if hasattr(os, name):
                monkeypatch.setattr(os, name, self._wrap(name, getattr(os, name)))

    def _wrap(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            self.left -= 1
            if self.left == 0:
                self.failed = name
                raise OSError(28, "No space left on device")
            return real(*arguments, **options)

        return call


def run_failing(fail_at: int, action: Callable[[], None]) -> str:
    """Run with one failing call. Returns its name, or '' if there were fewer calls."""
    with pytest.MonkeyPatch.context() as patched:
        failing = Failing(patched, fail_at)
        try:
            action()
        except OSError as error:
            assert error.errno == 28
            assert failing.failed
        else:
            assert not failing.failed, f"a failing {failing.failed} went unnoticed"
    return failing.failed


def test_a_file_is_old_or_new_whichever_step_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    steps = []
    for fail_at in range(1, 20):
        path.write_bytes(OLD)
        failed = run_failing(fail_at, lambda: files.replace(path, NEW))
        assert path.read_bytes() in (OLD, NEW)
        if not failed:
            break
        steps.append(failed)
        assert path.read_bytes() == OLD or steps[-1] in ("open", "fsync")  # of the folder, after the rename
    assert path.read_bytes() == NEW
    assert steps.count("fsync") == 2 and "replace" in steps, steps


def test_a_new_file_is_whole_or_not_there_whichever_step_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    for fail_at in range(1, 20):
        path.unlink(missing_ok=True)
        failed = run_failing(fail_at, lambda: files.replace(path, NEW, mode=0o600))
        assert not path.exists() or path.read_bytes() == NEW
        if not failed:
            break
    assert path.read_bytes() == NEW
    assert path.stat().st_mode & 0o777 == 0o600


def test_each_of_many_files_is_old_or_new_whichever_step_fails(tmp_path: Path) -> None:
    paths = [tmp_path / folder / f"{at}.md" for folder in ("x", "y") for at in range(3)]
    contents: Mapping[Path, bytes] = dict.fromkeys(paths, NEW)
    steps = []
    for fail_at in range(1, 60):
        for path in paths:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(OLD)
        failed = run_failing(fail_at, lambda: files.replace_all(contents))
        assert {path.read_bytes() for path in paths} <= {OLD, NEW}
        if not failed:
            break
        steps.append(failed)
    assert {path.read_bytes() for path in paths} == {NEW}
    assert steps.count("replace") == 6
    assert steps.index("sync") < steps.index("replace"), "a file was renamed before its bytes were on the disk"


def test_what_is_written_bit_by_bit_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"

    def write() -> None:
        with files.writing(path) as file:
            file.write(NEW[:10])
            file.write(NEW[10:])

    for fail_at in range(1, 20):
        path.write_bytes(OLD)
        failed = run_failing(fail_at, write)
        assert path.read_bytes() in (OLD, NEW)
        assert list(tmp_path.iterdir()) == [path]
        if not failed:
            break
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError])
def test_a_writer_that_gives_up_midway_leaves_the_old_file_and_no_rest(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(OLD)
    with pytest.raises(error), files.writing(path) as file:
        file.write(NEW)
        raise error
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (OLD, [path])


def test_bytes_are_on_the_disk_before_the_name_points_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, _name=name, _real=real: (calls.append(_name), _real(*a))[1])
    files.replace(tmp_path / "a", NEW)
    assert calls == ["fsync", "replace", "fsync"]


def test_a_rest_of_an_earlier_crash_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.with_name("a.md.part").write_bytes(b"x" * 100_000)
    files.replace(path, NEW)
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (NEW, [path])


def test_no_files_at_all_is_no_error(tmp_path: Path) -> None:
    files.replace_all({})
