# SPDX-License-Identifier: GPL-2.0-or-later
"""Fetching, with an apt-get and an apt-helper that serve packages made here."""

import hashlib
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from perfmon.kernel.errors import PackageError
from perfmon.kernel.packages import Package, fetch, fetch_first

APT_GET = """\
#!/bin/sh
# apt-get -q -c CONFIGURATION update|download [NAME=VERSION]
echo "$4 $5" >> {log}
[ "$4" = update ] && exit 0
for deb in {archive}/*.deb; do
  case "$5" in
    "$(dpkg-deb -f $deb Package)=$(dpkg-deb -f $deb Version)"|"$(dpkg-deb -f $deb Package)")
      cp $deb . && exit 0;;
  esac
done
echo "E: Version for '$5' was not found" >&2
exit 100
"""


APT_HELPER = """\
#!/bin/sh
# apt-helper -q -c CONFIGURATION download-file URI TARGET SHA256:DIGEST
echo "$4 $5" >> {log}
file={archive}/"${{5#http://m.example/d/}}"
[ "SHA256:$(sha256sum "$file" | cut -d ' ' -f 1)" = "$7" ] && exec cp "$file" "$6"
echo "E: 404  Not Found" >&2
exit 100
"""

IN_POOL = "http://m.example/d/pool/main/t/things/thing_2.0-1_i386.deb"


def make_package(directory: Path, version: str) -> Path:
    tree = directory / "tree"
    (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
    (tree / "DEBIAN" / "control").write_text(
        f"Package: thing\nVersion: {version}\nArchitecture: i386\nMaintainer: n\nDescription: d\n"
    )
    (tree / "contents").write_text(version)
    deb = directory / "thing.deb"
    subprocess.run(["dpkg-deb", "-b", tree, deb], check=True, capture_output=True)
    return deb


class Archive:
    """A suite that has one version of one package, and a log of what was asked of it."""

    def __init__(self, directory: Path, version: str) -> None:
        self.log = directory / "log"
        self.cache = directory / "cache"
        self.directory = directory
        self.programs = directory / "bin"
        self.programs.mkdir()
        (directory / "sources.list").write_text("deb http://m.example/d bookworm main\n")
        self._program("apt-get", APT_GET.format(log=self.log, archive=directory))
        self._program("apt-helper", APT_HELPER.format(log=self.log, archive=directory))
        self._program(
            "apt-config",
            f"#!/bin/sh\necho \"l='{directory}/sources.list'\np='{directory}/none'\"\n",
        )
        deb = make_package(directory, version)
        digest = hashlib.sha256(deb.read_bytes()).hexdigest()
        self.package = Package("thing", "i386", "trixie", version, digest, "things")

    def keep_in_pool(self) -> None:
        """Have the package's file where an archive keeps it, too."""
        pool = self.directory / "pool" / "main" / "t" / "things"
        pool.mkdir(parents=True)
        shutil.copy(self.directory / "thing.deb", pool / "thing_2.0-1_i386.deb")

    def _program(self, name: str, text: str) -> None:
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    @property
    def requests(self) -> list[str]:
        return self.log.read_text().split("\n")[:-1]


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    archive = Archive(tmp_path, "1:2.0-1")
    monkeypatch.setenv("PATH", f"{archive.programs}{os.pathsep}{os.environ['PATH']}")
    return archive


def test_a_package_is_unpacked_and_the_second_time_taken_from_the_cache(archive: Archive):
    tree = fetch(archive.package, archive.cache)
    assert (tree / "contents").read_text() == "1:2.0-1"
    asked = archive.requests
    assert asked == [f"download-file {IN_POOL}", "update ", "download thing=1:2.0-1"]
    assert fetch(archive.package, archive.cache) == tree
    assert archive.requests == asked


def test_the_pinned_file_is_taken_without_the_archives_lists(archive: Archive):
    archive.keep_in_pool()
    tree = fetch(archive.package, archive.cache)
    assert (tree / "contents").read_text() == "1:2.0-1"
    assert archive.requests == [f"download-file {IN_POOL}"]


def test_a_library_is_kept_under_four_letters(archive: Archive):
    package = replace(archive.package, source="libthing")
    assert package.pool_path == "pool/main/libt/libthing/thing_2.0-1_i386.deb"


def test_a_package_that_is_not_the_pinned_one_is_refused(archive: Archive):
    with pytest.raises(PackageError, match=r"sha256 is .*, expected 00"):
        fetch(replace(archive.package, sha256="00"), archive.cache)
    assert not list(archive.cache.rglob("contents"))


def test_a_vanished_version_gives_way_to_the_newest_and_says_so(
    archive: Archive, capsys: pytest.CaptureFixture[str]
):
    old = replace(archive.package, version="1:1.9-1")
    for _ in range(2):
        assert (fetch(old, archive.cache) / "contents").read_text() == "1:2.0-1"
        message = capsys.readouterr().err
        assert "thing:i386 1:1.9-1 (trixie) has vanished: 2.0-1 is used instead" in message
    assert len([request for request in archive.requests if request == "update "]) == 1


def test_a_package_that_cannot_be_had_is_named_with_suite_and_reason(archive: Archive):
    other = replace(archive.package, name="other")
    with pytest.raises(PackageError, match=r"other:i386 .*\(trixie\).*E: Version for 'other"):
        fetch(other, archive.cache)


def test_a_missing_program_is_named(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (archive.programs / "apt-get").unlink()
    monkeypatch.setenv("PATH", f"{archive.programs}")
    (archive.programs / "sh").symlink_to("/bin/sh")
    with pytest.raises(PackageError, match="apt-get is needed"):
        fetch(archive.package, tmp_path / "empty")


def test_the_first_candidate_that_can_be_had_is_taken(
    archive: Archive, capsys: pytest.CaptureFixture[str]
):
    archive.keep_in_pool()
    vanished = replace(archive.package, version="1:1.9-1")
    tree = fetch_first([vanished, archive.package], archive.cache)
    assert (tree / "contents").read_text() == "1:2.0-1"
    assert capsys.readouterr().err == ""
    assert "update " not in archive.requests


def test_without_any_candidate_the_newest_of_the_first_is_taken_and_said(
    archive: Archive, capsys: pytest.CaptureFixture[str]
):
    vanished = replace(archive.package, version="1:1.9-1")
    for _ in range(2):
        tree = fetch_first([vanished, replace(vanished, suite="sid")], archive.cache)
        assert (tree / "contents").read_text() == "1:2.0-1"
        assert "1:1.9-1 (trixie) has vanished: 2.0-1 is used" in capsys.readouterr().err


def test_candidates_none_of_which_can_be_had_are_all_named(archive: Archive):
    archive.keep_in_pool()
    others = [replace(archive.package, name="one"), replace(archive.package, sha256="00")]
    (archive.directory / "thing.deb").unlink()
    with pytest.raises(PackageError, match="none of 2 candidates can be had") as caught:
        fetch_first(others, archive.cache)
    assert "one:i386 1:2.0-1 (trixie)" in str(caught.value)
    assert "thing:i386 1:2.0-1 (trixie)" in str(caught.value)
