# SPDX-License-Identifier: GPL-2.0-or-later
"""The project builds from its own source distribution, stubs and core included."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")

TALKS_TO_THE_EMBEDDED_HOST = """
import pathlib, perfmon, perfmon.kernel
assert pathlib.Path(perfmon.__file__).is_relative_to(pathlib.Path(%r)), perfmon.__file__
with perfmon.connect("embedded:") as host:
    host.enable()
    before = host.system_stats().requests
    print("requests", host.system_stats().requests - before)
"""

CALLS_A_GENERATED_SERVER = """
import shutil
from mig.rpc.abi import I386, X86_64
from mig.rpc.errors import KernInvalidArgument
from mig.rpc.port import Port
from mig.rpc.server import Demultiplexer
from mig.rpc.transports.loopback import Loopback
from perfmon._generated.perf_workload.client import PerfWorkload
from perfmon._generated.perf_workload.server import PerfWorkloadServer

assert not any(map(shutil.which, ("cc", "gcc", "cpp", "cat", "sh")))

class Workload(PerfWorkloadServer):
    def workload_messages(self, server, count):
        if count > 10:
            raise KernInvalidArgument
        return count + 1

Workload.__abstractmethods__ = frozenset()
for abi in (I386, X86_64):
    transport = Loopback(Demultiplexer(abi, Workload()), {"workload": 7})
    client = PerfWorkload(Port(transport, 7))
    print(abi.name, client.workload_messages(3))
    try:
        client.workload_messages(11)
    except KernInvalidArgument as error:
        print(type(error).__name__)
"""
PREPROCESSED = "subsystem s 400;\ntype p_t = MACH_MSG_TYPE_COPY_SEND;\nroutine r(p : p_t);\n"


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a source distribution, and a wheel from it."""
    work = tmp_path_factory.mktemp("packaging")
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "-o", work, ROOT, cwd=work)
    (sdist,) = work.glob("*.tar.gz")
    shutil.unpack_archive(sdist, work / "unpacked")
    (tree,) = (work / "unpacked").iterdir()
    run(*PIP, "wheel", "--no-build-isolation", "--no-deps", "-w", work, tree, cwd=work)
    (built,) = work.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """Install the wheel away from the checkout."""
    site = wheel.parent / "site"
    run(*PIP, "install", "--no-deps", "--no-index", "--target", site, wheel, cwd=wheel.parent)
    return site


@pytest.fixture(scope="module")
def environment(wheel: Path) -> Path:
    """Install the wheel, and nothing else, into an environment of its own."""
    place = wheel.parent / "environment"
    venv.create(place)
    python = ("--python", place / "bin" / "python")
    run(*PIP, *python, "install", "--no-deps", "--no-index", wheel, cwd=wheel.parent)
    return place


def run_without_programs(
    environment: Path, *command: str | Path, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command that finds no other program: no compiler, no preprocessor, no shell."""
    return subprocess.run(
        command,
        cwd=environment,
        env={"PATH": str(environment / "nothing")},
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_wheel_made_from_the_sdist_talks_to_the_embedded_host(installed: Path) -> None:
    script = f"import sys; sys.path.insert(0, {str(installed)!r})\n"
    script += TALKS_TO_THE_EMBEDDED_HOST % str(installed)
    assert run(sys.executable, "-c", script, cwd=installed) == "requests 1\n"


def test_a_wheel_carries_the_generated_clients_and_the_sources_of_the_kernel_part(
    installed: Path,
) -> None:
    package = installed / "perfmon"
    assert (package / "_generated" / "perf_monitor" / "client.py").exists()
    assert (package / "exports" / "page_parts" / "page.html").exists()
    assert (package / "_sources" / "csrc" / "core" / "perf_analysis.h").exists()
    assert (package / "_sources" / "include" / "mach" / "perf_monitor.defs").exists()


def test_generated_clients_and_servers_need_no_compiler_and_no_other_package(
    environment: Path,
) -> None:
    python = environment / "bin" / "python"
    done = run_without_programs(environment, python, "-c", CALLS_A_GENERATED_SERVER)
    calls = ["i386 4", "KernInvalidArgument", "x86_64 4", "KernInvalidArgument"]
    assert (done.stdout.split("\n"), done.stderr) == ([*calls, ""], "")


def test_an_installed_mig_takes_preprocessed_text_where_there_is_no_preprocessor(
    environment: Path,
) -> None:
    mig = environment / "bin" / "i686-gnu-mig"
    words = ("-n", "-list", "/dev/stdout")
    done = run_without_programs(environment, mig, *words, "-cc", "cat", "-", text=PREPROCESSED)
    assert (done.stdout, done.stderr, done.returncode) == ("s 400 r 0 400 500\n", "", 0)
    (environment / "s.defs").write_text(PREPROCESSED)
    done = run_without_programs(environment, mig, *words, "s.defs")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == "cannot run gcc: No such file or directory\n"
