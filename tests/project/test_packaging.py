# SPDX-License-Identifier: GPL-2.0-or-later
"""The project builds from its own source distribution, stubs and core included."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

TALKS_TO_THE_EMBEDDED_HOST = """
import pathlib, perfmon, perfmon.kernel
assert pathlib.Path(perfmon.__file__).is_relative_to(pathlib.Path(%r)), perfmon.__file__
with perfmon.connect("embedded:") as host:
    host.enable()
    before = host.system_stats().requests
    print("requests", host.system_stats().requests - before)
"""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build sdist, wheel from the sdist, and install the wheel away from the checkout."""
    work = tmp_path_factory.mktemp("packaging")
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "-o", work, ROOT, cwd=work)
    (sdist,) = work.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(work / "unpacked", filter="data")
    (tree,) = (work / "unpacked").iterdir()
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")
    run(*pip, "wheel", "--no-build-isolation", "--no-deps", "-w", work, tree, cwd=work)
    (wheel,) = work.glob("*.whl")
    run(*pip, "install", "--no-deps", "--no-index", "--target", work / "site", wheel, cwd=work)
    return work / "site"


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
