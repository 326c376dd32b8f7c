# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine's own apt sources, read and rewritten for another Debian suite.

Text in, text out, but for `machine_sources`, which asks apt where its sources
lie.  Nothing is downloaded here.
"""

import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from perfmon.kernel.errors import PackageError

# A source counts as Debian's own archive if it has component "main" under one
# of these names; "bookworm-updates" or a vendor's "nodistro" do not.
_NAMES = "bullseye bookworm trixie forky sid oldoldstable oldstable stable testing unstable"
_SUITES = frozenset(_NAMES.split(" "))
# Options of a one-line entry that say how to trust it, not what to take from it.
_KEPT_OPTIONS = frozenset({"signed-by", "trusted", "check-valid-until", "allow-insecure"})
_REPLACED_FIELDS = frozenset({"types", "uris", "suites", "components", "architectures", "enabled"})

_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<rest>\S.*)")


@dataclass(frozen=True, slots=True)
class Source:
    """One place packages come from: its URIs and the fields that say how to trust it."""

    uris: str
    trust: tuple[tuple[str, str], ...] = ()

    def stanza(self, suite: str) -> str:
        """The deb822 text that makes apt take component main of `suite` from here."""
        fields = [("Types", "deb"), ("URIs", self.uris), ("Suites", suite), ("Components", "main")]
        return "".join(f"{name}: {value}\n" for name, value in [*fields, *self.trust])


def parse_deb822(text: str) -> list[Source]:
    """Sources of Debian's archive in the text of a `.sources` file."""
    sources = []
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields = re.findall(r"^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE)
        values = {name.lower(): value for name, value in fields}
        if (
            "deb" in values.get("types", "").split()
            and values.get("enabled", "yes").strip().lower() != "no"
            and "main" in values.get("components", "").split()
            and _SUITES.intersection(values.get("suites", "").split())
        ):
            trust = tuple((n, v) for n, v in fields if n.lower() not in _REPLACED_FIELDS)
            sources.append(Source(values["uris"].strip(), trust))
    return sources


def parse_one_line(text: str) -> list[Source]:
    """Sources of Debian's archive in the text of a `.list` file."""
    sources = []
    for line in text.splitlines():
        match = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if match is None:
            continue
        suite, *components = match["rest"].split()
        if suite in _SUITES and "main" in components:
            options = (option.partition("=") for option in (match["options"] or "").split())
            trust = tuple((n.title(), v) for n, _, v in options if n.lower() in _KEPT_OPTIONS)
            sources.append(Source(match["uri"], trust))
    return sources


def machine_sources() -> list[Source]:
    """Debian's archive as this machine's apt is configured to reach it, without repeats.

    Raises:
        PackageError: there is no apt here, or it has no source of Debian's archive.
    """
    try:
        shell = subprocess.run(
            ["apt-config", "shell", "l", "Dir::Etc::sourcelist/f", "p", "Dir::Etc::sourceparts/d"],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
    except (OSError, subprocess.CalledProcessError) as error:
        raise PackageError(f"apt cannot be asked for its sources: {error}") from error
    where = dict(word.partition("=")[::2] for word in shlex.split(shell))
    files = [Path(where["l"]), *sorted(Path(where["p"]).glob("*"))]
    found: list[Source] = []
    for file in files:
        if file.is_file() and file.suffix in {".list", ".sources"}:
            parse = parse_deb822 if file.suffix == ".sources" else parse_one_line
            found += parse(file.read_text(errors="replace"))
    if not found:
        names = " ".join(str(file) for file in files)
        raise PackageError(f"no source of Debian's archive (component main) among {names}")
    return list(dict.fromkeys(found))
