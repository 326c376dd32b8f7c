# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian packages of any suite and architecture, unpacked into a cache.

apt does the fetching, with private state and sources derived from the
machine's own, so nothing is installed and no root is needed.  What is inside
a package is no matter of this file.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from perfmon.kernel import paths
from perfmon.kernel.errors import PackageError
from perfmon.kernel.sources import machine_sources


@dataclass(frozen=True, slots=True)
class Package:
    """A package pinned to a version; `sha256` is that of the .deb file.

    `source` is the source package that it is built from: the archive files it under that name.
    """

    name: str
    architecture: str
    suite: str
    version: str
    sha256: str
    source: str

    @property
    def pool_path(self) -> str:
        """Where an archive keeps the file, whatever its lists say."""
        prefix = self.source[: 4 if self.source.startswith("lib") else 1]
        file = f"{self.name}_{_without_epoch(self.version)}_{self.architecture}.deb"
        return f"pool/main/{prefix}/{self.source}/{file}"

    def __str__(self) -> str:
        return f"{self.name}:{self.architecture} {self.version} ({self.suite})"


_GNUMACH = "2:1.8+git20250702-1"
_MIG = "1.8+git20231217-8"

GNUMACH_DEV_I386 = Package(
    "gnumach-dev", "i386", "trixie", _GNUMACH,
    "85be6ef6e833242712a7f0a25d558e9e2bbb078ac9e00b0c974279317d0e5f15",
    "gnumach",
)  # fmt: skip
GNUMACH_DEV_AMD64 = Package(
    "gnumach-dev", "amd64", "trixie", _GNUMACH,
    "39de7a2d8598465eb142df3d312a71821fe0bd74a9c7f3a6ec8478163df1b988",
    "gnumach",
)  # fmt: skip
GNUMACH_DEV_I386_BOOKWORM = Package(
    "gnumach-dev", "i386", "bookworm", "2:1.8+git20221224-2",
    "44aafaf9fd142e5e08ddb55ac3d1e143cb7cd57560acbf65739e2e06c948d045",
    "gnumach",
)  # fmt: skip
GNUMACH_DEV_AMD64_BOOKWORM = Package(
    "gnumach-dev", "amd64", "bookworm", "2:1.8+git20221224-2",
    "d74b489eddde821f8c2f49e5de43a3e18d80c900dc2bbd79cc7c6315564225b4",
    "gnumach",
)  # fmt: skip
GNUMACH_DEV_I386_SID = Package(
    "gnumach-dev", "i386", "sid", "2:1.8+git20261028-1",
    "1ed2d43e317f29005141f673249d12b996bd8cc044f8609544ede20e5236e266",
    "gnumach",
)  # fmt: skip
GNUMACH_DEV_AMD64_SID = Package(
    "gnumach-dev", "amd64", "sid", "2:1.8+git20261028-1",
    "775960efa5ac0cbad533d54f8533193813929b426d61fdf899dc5c65dd4c8ea9",
    "gnumach",
)  # fmt: skip
GNU_MIG_I386 = Package(
    "mig-i686-gnu", "i386", "trixie", _MIG,
    "5c09e3f06cd469e9ad7a6e78400458e72aa21d4b4d5541cb6ca2612551549985",
    "mig",
)  # fmt: skip
GNU_MIG_AMD64 = Package(
    "mig-x86-64-gnu", "amd64", "trixie", _MIG,
    "b8ebde492856b4cd5cd1b71d6795a45d0c8e284fdfd8c1fe3d9c48828a098ff8",
    "mig",
)  # fmt: skip


def fetch(package: Package, cache: Path | None = None) -> Path:
    """Return the directory of the package's unpacked tree, fetching it the first time.

    The pinned version is taken from where an archive keeps it, without its lists (which a mirror
    can be in the middle of renewing), and verified by its hash.  When it is no longer there, the
    suite's newest is taken (verified by apt's signatures) and stderr says so.

    Raises:
        PackageError: the package cannot be had; names package, suite and apt's message.
    """
    root = (cache or paths.cache()).absolute() / "packages"
    pinned = _place(package, root)
    if not pinned.exists():
        with _locked(root):
            if not pinned.exists():
                _fetch_into(package, pinned, root)
    if pinned.is_symlink():
        newest = pinned.readlink().name
        print(f"perfmon: {package} has vanished: {newest} is used instead", file=sys.stderr)
    return pinned.resolve()


def fetch_first(candidates: Sequence[Package], cache: Path | None = None) -> Path:
    """The unpacked tree of the first candidate that can be had, in its pinned version.

    When none can, the newest version of the first candidate is taken, and stderr says so.

    Raises:
        PackageError: nothing can be had; names every candidate and why not.
    """
    root = (cache or paths.cache()).absolute() / "packages"
    reasons = []
    for package in candidates:
        pinned = _place(package, root)
        try:
            with _locked(root):
                if not pinned.exists():
                    _fetch_into(package, pinned, root, pinned_only=True)
        except PackageError as error:
            reasons.append(str(error))
        else:
            if not pinned.is_symlink():
                return pinned
            reasons.append(f"{package} has vanished")
    try:
        return fetch(candidates[0], cache)
    except PackageError as error:
        reasons.append(f"and no other version: {error}")
    raise PackageError(f"none of {len(candidates)} candidates can be had: {'; '.join(reasons)}")


def _place(package: Package, root: Path) -> Path:
    folder = root / package.suite / f"{package.name}_{package.architecture}"
    return folder / _without_epoch(package.version)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_into(package: Package, pinned: Path, root: Path, *, pinned_only: bool = False) -> None:
    """Unpack the package at `pinned`, or its newest version beside it with a link at `pinned`."""
    with tempfile.TemporaryDirectory(dir=root, prefix="new-") as name:
        work = Path(name)
        apt = _Apt(package, root / "apt" / f"{package.suite}-{package.architecture}")
        deb = apt.download_pinned(work)
        if deb is None and pinned_only:
            raise PackageError(f"cannot fetch {package}: {apt.messages()}")
        if deb is None:
            apt.update()
            deb = apt.download(work, f"{package.name}={package.version}")
        tree = pinned
        if deb is None:
            deb = apt.download(work, package.name)
            if deb is None:
                raise PackageError(f"cannot fetch {package}: {apt.messages()}")
            newest = _run("dpkg-deb", "--field", str(deb), "Version").stdout.strip()
            tree = pinned.with_name(_without_epoch(newest))
        elif (digest := hashlib.sha256(deb.read_bytes()).hexdigest()) != package.sha256:
            raise PackageError(f"{package}: sha256 is {digest}, expected {package.sha256}")
        unpacked = work / "tree"
        if (result := _run("dpkg-deb", "--extract", str(deb), str(unpacked))).returncode:
            raise PackageError(f"cannot unpack {package}: {_one_line(result.stderr)}")
        tree.parent.mkdir(parents=True, exist_ok=True)
        if not tree.exists():
            unpacked.rename(tree)
        if tree != pinned:
            pinned.symlink_to(tree.name)


def _without_epoch(version: str) -> str:
    """The version as a directory name that search paths can hold: no colon."""
    return version.rpartition(":")[2]


class _Apt:
    """apt-get for one suite and one architecture, with state of its own."""

    def __init__(self, package: Package, state: Path) -> None:
        self._package = package
        self._errors: list[str] = []
        for directory in ("lists/partial", "cache/archives/partial"):
            (state / directory).mkdir(parents=True, exist_ok=True)
        self._archives = machine_sources()
        sources = state / "perfmon.sources"
        sources.write_text("\n".join(s.stanza(package.suite) for s in self._archives))
        status = state / "status"
        status.touch()
        # The machine's own settings (proxy, hosts) stay in force; its hooks and
        # the switch to an unprivileged user, which could not read our state, do not.
        self._configuration = state / "apt.conf"
        self._configuration.write_text(
            f"""\
#clear APT::Architectures;
#clear APT::Update;
#clear DPkg::Post-Invoke;
APT::Architecture "{package.architecture}";
APT::Architectures {{ "{package.architecture}"; }};
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "2";
Dir::Etc::SourceList "{sources}";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "{state / "lists"}";
Dir::State::status "{status}";
Dir::Cache "{state / "cache"}";
"""
        )

    def _run(
        self, *arguments: str, program: str = "apt-get", directory: Path | None = None
    ) -> bool:
        result = _run(program, "-q", "-c", str(self._configuration), *arguments, cwd=directory)
        if result.returncode:
            self._errors.append(_one_line(result.stderr))
        return result.returncode == 0

    def download_pinned(self, directory: Path) -> Path | None:
        """Download the pinned file from the first archive that has it; None if none has."""
        package = self._package
        target = directory / f"{package.name}.deb"
        helper = shutil.which("apt-helper", path=f"{os.environ['PATH']}{os.pathsep}/usr/lib/apt")
        for uri in (uri for archive in self._archives for uri in archive.uris.split()):
            if helper is not None and self._run(
                "download-file",
                f"{uri.rstrip('/')}/{package.pool_path}",
                str(target),
                f"SHA256:{package.sha256}",
                program=helper,
            ):
                return target
            target.unlink(missing_ok=True)
        return None

    def update(self) -> None:
        """Refresh the lists; a failure shows when the download fails."""
        self._run("update")

    def download(self, directory: Path, what: str) -> Path | None:
        """Download `what` (name or name=version); None if apt refuses."""
        done = self._run("download", what, directory=directory)
        return next(directory.glob("*.deb"), None) if done else None

    def messages(self) -> str:
        """Everything apt complained of, on one line."""
        return "; ".join(dict.fromkeys(self._errors)) or "apt gave no message"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _run(
    program: str, *arguments: str, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    if shutil.which(program) is None:
        raise PackageError(f"{program} is needed to fetch packages and is not installed")
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(
        [program, *arguments], check=False, capture_output=True, text=True, cwd=cwd, env=environment
    )
