# SPDX-License-Identifier: GPL-2.0-or-later
"""What is written whole or not at all, and what is left as it is."""

import os
import threading
from pathlib import Path

import pytest

from perfmon.kernel.instrument import _write
from perfmon.whole_file import whole_file


def write(path: Path, text: str) -> None:
    with whole_file(path) as partial:
        partial.write_text(text)


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ValueError, match="halfway"), whole_file(path) as partial:
        partial.write_text("ne")
        raise ValueError("halfway")
    assert path.read_text() == "old"
    write(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    write(pipe, "through")
    reader.join(10)
    assert read == ["through"]
    assert pipe.is_fifo()


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "file", tmp_path / "link"
    link.symlink_to(target)
    for text in ("first", "second"):
        write(link, text)
        assert target.read_text() == text
    assert link.is_symlink()


@pytest.mark.parametrize("name", [".", "..", "directory"])
def test_a_directory_is_named_in_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "directory").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IsADirectoryError) as raised:
        write(Path(name), "text")
    assert raised.value.filename in (name, Path(name))


def test_a_path_below_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="file/below"):
        write(tmp_path / "file" / "below", "text")


def test_an_instrumented_kernel_does_not_replace_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = threading.Thread(target=pipe.read_bytes, daemon=True)
    reader.start()
    _write(pipe, b"kernel")
    reader.join(10)
    assert pipe.is_fifo()
