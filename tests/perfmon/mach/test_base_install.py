# SPDX-License-Identifier: GPL-2.0-or-later
"""The base install as a Hurd box has it: pure Python, cffi, and nothing else.

The wheel is the one that `make wheel` makes.  It runs on this machine's Python and on the one that
Debian's Hurd has, its `mach:` over a library that provides what the Hurd's libc provides.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from perfmon.recording.trace import open_trace
from tests.perfmon.mach.python313 import unpack

ROOT = Path(__file__).parents[3]

# Python itself loads this; what a Hurd box lacks cannot be imported then.
SITECUSTOMIZE = """
import sys

MISSING = {
    "_ctypes", "_sqlite3", "_ssl", "capstone", "construct", "ctypes", "elftools", "numpy",
    "perfetto", "prometheus_client", "pyarrow", "rich", "scipy", "sqlite3", "ssl", "textual",
}

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a pure wheel is installed that was built from the sdist."""
    work = tmp_path_factory.mktemp("base")

    def run(*command: str | Path, **environment: str) -> None:
        done = subprocess.run(
            command,
            cwd=work,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "-o", work, ROOT)
    (sdist,) = work.glob("*.tar.gz")
    shutil.unpack_archive(sdist, work / "unpacked")
    (tree,) = (work / "unpacked").iterdir()
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")
    run(*pip, "wheel", "--no-build-isolation", "--no-deps", "-w", work, tree, PERFMON_PURE="1")
    (wheel,) = work.glob("*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    run(*pip, "install", "--no-deps", "--no-index", "--target", work / "site", wheel)
    (work / "site" / "sitecustomize.py").write_text(SITECUSTOMIZE)
    return work / "site"


@dataclass
class Box:
    """A Python with the base install, on a machine whose libc is the Hurd's."""

    command: list[str]
    environment: dict[str, str]
    directory: Path  # not that of the checkout, which Python would find first

    def perfmon(self, *arguments: str | Path, status: int = 0) -> tuple[str, str]:
        done = subprocess.run(
            [*self.command, "-m", "perfmon", *arguments],
            env=self.environment,
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout, done.stderr

    @contextmanager
    def relay(self, *arguments: str | Path) -> Iterator[str]:
        """A relay to this machine's kernel; its address."""
        command = [*self.command, "-m", "perfmon", "-H", "mach:", "relay", *arguments]
        with subprocess.Popen(
            command, env=self.environment, cwd=self.directory, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                line = process.stderr.readline()
                yield re.search(r"serving mach: on (\S+);", line)[1]
            finally:
                process.kill()


def own_python(site: Path, libmach: str, tmp_path: Path) -> Box:
    """This machine's, without what is installed for it, but for cffi."""
    path = tmp_path / "cffi"
    path.mkdir()
    for name in ("cffi", "_cffi_backend", "pycparser"):
        origin = Path(importlib.util.find_spec(name).origin)
        origin = origin.parent if origin.name == "__init__.py" else origin
        (path / origin.name).symlink_to(origin)
    python = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    environment = {"PYTHONPATH": f"{site}:{path}", "PATH": str(tmp_path), "LD_PRELOAD": libmach}
    return Box([str(python), "-s"], environment, tmp_path)


def hurd_python(site: Path, libmach: str, tmp_path: Path) -> Box:
    """CPython 3.13 and cffi 1.17, as on Debian's Hurd."""
    root = unpack(tmp_path / "python") / "usr"
    libraries = root / "lib" / "x86_64-linux-gnu"
    loader = [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries)]
    environment = {
        "PYTHONHOME": str(root),
        "PYTHONPATH": f"{site}:{root / 'lib/python3/dist-packages'}",
        "PATH": str(tmp_path),
    }
    python = str(root / "bin" / "python3.13")
    return Box([*loader, "--preload", libmach, python, "-s"], environment, tmp_path)


@pytest.fixture(scope="module", params=[own_python, hurd_python], ids=["own", "3.13"])
def box(
    request: pytest.FixtureRequest,
    site: Path,
    libmach: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Box:
    return request.param(site, libmach, tmp_path_factory.mktemp("box"))


def test_this_machines_kernel_is_reached_with_cffi_alone(box: Box) -> None:
    info = json.loads(box.perfmon("-H", "mach:", "info", "--json")[0])
    assert info["interface"]["version"] == 1
    script = "import sys, cffi; print(sys.version_info[:2], cffi.__version__)"
    done = subprocess.run(
        [*box.command, "-c", script],
        env=box.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    if "3.13" in box.command[-2]:
        assert done.stdout == "(3, 13) 1.17.1\n"


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_every_command_of_the_base_install_works_through_a_relay(
    box: Box, kind: str, tmp_path: Path
) -> None:
    where = ("--unix", tmp_path / "host") if kind == "unix" else ("--tcp", "0")
    with box.relay(*where) as address:

        def perfmon(*arguments: str | Path, status: int = 0) -> tuple[str, str]:
            return box.perfmon("-H", address, *arguments, status=status)

        perfmon("enable")
        assert "paused and resumed" in perfmon("configure", "-r", "0", "-b", "8192")[1]
        for _ in range(3):
            perfmon("stats")
        assert "VM_ALLOC" in perfmon("stats", "2")[0]
        perfmon("thresholds", "--latency", "500")
        perfmon("baseline")
        perfmon("check-regression", "-e", "2", "-t", "20", status=2)
        result = json.loads(
            perfmon("record", "-o", tmp_path / "trace", "-d", "0.3", "--include-past", "--json")[0]
        )
        recorded = sum(cpu["recorded"] for cpu in result["cpus"])
        samples = perfmon("samples", "-n", "100000", "--json")[0].splitlines()
        assert len(samples) >= recorded
        assert (
            len(perfmon("export", tmp_path / "trace", "-f", "csv")[0].splitlines()) == recorded + 1
        )
        assert len(list(open_trace(tmp_path / "trace").samples())) == recorded
        assert perfmon("monitor", "-i", "0.05", "-n", "2")[0].count("PER SECOND") == 2
        perfmon("reset")
        perfmon("disable")


def test_a_relay_on_standard_streams_serves_ssh(box: Box, tmp_path: Path) -> None:
    (tmp_path / "ssh").write_text(
        "#!/bin/sh\nexec " + " ".join([*box.command, "-m", "perfmon", "-H mach: relay --stdio"])
    )
    (tmp_path / "ssh").chmod(0o755)
    environment = {**box.environment, "PERFMON_SSH": str(tmp_path / "ssh"), "PATH": "/usr/bin:/bin"}
    info = Box(box.command, environment, tmp_path).perfmon("-H", "ssh:root@box", "info", "--json")[
        0
    ]
    assert json.loads(info)["interface"]["version"] == 1


def test_what_needs_more_asks_for_it_by_name(box: Box, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    box.perfmon("-H", "mach:", "record", "-o", trace, "-d", "0.01")
    for extra, *arguments in (
        ("arrays", "report", trace),
        ("parquet", "export", trace, "-f", "parquet"),
        ("perfetto", "export", trace, "-f", "perfetto"),
        ("fleet", "exporter", "mach:", "--listen", "0"),
    ):
        assert f"pip install 'perfmon[{extra}]'" in box.perfmon(*arguments, status=2)[1]


def test_without_an_embedded_host_it_is_said_so(box: Box) -> None:
    assert "the embedded host is not built" in box.perfmon("-H", "embedded:", "info", status=3)[1]


def test_ctrl_c_ends_a_recording_of_this_machines_kernel(box: Box, tmp_path: Path) -> None:
    command = [*box.command, "-m", "perfmon", "-H", "mach:", "record", "-o", tmp_path / "trace"]
    with subprocess.Popen(
        command,
        env=box.environment,
        cwd=box.directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 30
        while not (tmp_path / "trace" / "metadata").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(2)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in err) == (0, False), err
    assert "samples of" in out
