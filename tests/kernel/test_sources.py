# SPDX-License-Identifier: GPL-2.0-or-later
import os
from pathlib import Path

import pytest

from perfmon.kernel.errors import PackageError
from perfmon.kernel.sources import Source, machine_sources, parse_deb822, parse_one_line

DEB822 = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Architectures: amd64
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc

Types: deb
URIs: http://vendor.example
Suites: nodistro
Components: main

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""


def test_a_deb822_source_of_the_archive_is_kept_with_what_makes_it_trusted():
    assert parse_deb822(DEB822) == [
        Source(
            "http://mirror.example/debian",
            (("Signed-By", "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc"),),
        )
    ]


def test_a_one_line_source_keeps_its_trust_and_loses_its_architecture():
    text = "deb [arch=amd64 signed-by=/keys/a.gpg trusted=yes] http://m.example/d sid main # why\n"
    assert parse_one_line(text) == [
        Source("http://m.example/d", (("Signed-By", "/keys/a.gpg"), ("Trusted", "yes")))
    ]


@pytest.mark.parametrize(
    "line",
    [
        "deb-src http://m.example/d bookworm main",
        "deb http://m.example/d bookworm-security main",
        "deb http://m.example/d bookworm stable",
        "# deb http://m.example/d bookworm main",
    ],
)
def test_a_one_line_source_of_something_else_is_left_out(line: str):
    assert parse_one_line(line) == []


def test_a_stanza_names_the_suite_asked_for():
    source = Source("http://m.example/d", (("Signed-By", "/keys/a.gpg"),))
    assert source.stanza("trixie") == (
        "Types: deb\nURIs: http://m.example/d\nSuites: trixie\nComponents: main\n"
        "Signed-By: /keys/a.gpg\n"
    )


@pytest.fixture
def apt_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An apt that has its sources in a directory of the test's."""
    etc = tmp_path / "etc"
    (etc / "sources.list.d").mkdir(parents=True)
    program = tmp_path / "bin" / "apt-config"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho \"l='{etc}/sources.list'\np='{etc}/sources.list.d/'\"\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return etc


def test_sources_of_both_formats_are_found_without_repeats(apt_configuration: Path):
    line = "deb http://m.example/d bookworm main\n"
    (apt_configuration / "sources.list").write_text(line)
    (apt_configuration / "sources.list.d" / "same.list").write_text(line)
    (apt_configuration / "sources.list.d" / "other.sources").write_text(DEB822)
    (apt_configuration / "sources.list.d" / "ignored.save").write_text("deb http://x sid main\n")
    assert [source.uris for source in machine_sources()] == [
        "http://m.example/d",
        "http://mirror.example/debian",
    ]


def test_a_machine_without_the_archive_is_told_which_files_were_read(apt_configuration: Path):
    with pytest.raises(PackageError, match=r"no source of Debian's archive.*sources\.list"):
        machine_sources()


def test_a_machine_without_apt_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackageError, match="apt cannot be asked"):
        machine_sources()
