# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel linked with the monitor counts what the same kernel counts that it was added to.

The kernel is a stand-in (tests/kernel/standin), linked as GNU Mach is: an archive, `ld -r`,
and then the image.
"""

import subprocess
from pathlib import Path

import pytest

from perfmon.kernel.errors import AssumptionError
from perfmon.kernel.image import KernelImage
from perfmon.kernel.instrument import instrument
from perfmon.kernel.link import monitor_build, monitor_objects
from perfmon.kernel.objects import build_objects
from perfmon.kernel.plan import plan_of
from tests.kernel.standin_kernel import build, link

pytestmark = pytest.mark.kernel

ONCE = (5, 3, 2, 2, 2, 1, 2, 3, 3, 2, 6, 2)
"""What tests/kernel/standin/workload.c does, by event."""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in without the monitor."""
    return build(tmp_path_factory.mktemp("standin"))


def run(image: Path) -> dict[str, tuple[int, ...]]:
    """Boot it and read what it prints."""
    printed = subprocess.run(
        [
            "qemu-system-i386", "-accel", "tcg", "-m", "64", "-display", "none", "-monitor", "none",
            "-serial", "stdio", "-no-reboot", "-nic", "none",
            "-device", "isa-debug-exit,iobase=0xf4", "-kernel", image,
        ],
        check=False, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    lines = (line.split() for line in printed.splitlines())
    return {title: tuple(map(int, counts)) for title, *counts in lines}


def test_both_ways_into_a_kernel_count_the_same(kernel: Path, tmp_path: Path):
    made = build_objects(kernel, tmp_path / "monitor")
    linked = run(link(kernel.parent, "linked", f"@{made.response}"))
    instrument(kernel, tmp_path / "added")
    thrice = tuple(3 * count for count in ONCE)
    assert linked == {"once": ONCE, "thrice": thrice, "disabled": thrice}
    assert run(tmp_path / "added") == linked


def test_a_kernel_whose_last_calls_are_jumps_counts_the_same(tmp_path: Path):
    """Debian's are compiled without such jumps, which GNU Mach's own Makefile does not ask for."""
    kernel = build(tmp_path, "-foptimize-sibling-calls")
    made = build_objects(kernel, tmp_path / "monitor")
    thrice = tuple(3 * count for count in ONCE)
    linked = run(link(tmp_path, "linked", f"@{made.response}"))
    assert linked == {"once": ONCE, "thrice": thrice, "disabled": thrice}


def test_the_objects_are_the_same_for_both_ways(kernel: Path, tmp_path: Path):
    image = KernelImage(kernel)
    plan = plan_of(image)
    compiled = []
    for name in ("one", "other"):
        directory = tmp_path / name
        directory.mkdir()
        objects = monitor_objects(monitor_build(image, directory, plan, all_calls=True), plan)
        compiled.append({path.name: path.read_bytes() for path in objects})
    assert compiled[0] == compiled[1]
    assert "site_table.o" not in compiled[0]


def test_nothing_is_left_undefined_that_the_kernel_has_not(kernel: Path, tmp_path: Path):
    made = build_objects(kernel, tmp_path / "monitor")
    link(kernel.parent, "whole", f"@{made.response}")
    undefined = subprocess.run(
        ["nm", "-u", kernel.parent / "whole.o"], check=True, capture_output=True, text=True
    ).stdout.split()
    assert undefined == ["U", "_end"]


def test_names_of_the_monitor_are_its_own(kernel: Path, tmp_path: Path):
    made = build_objects(kernel, tmp_path / "monitor")
    listing = subprocess.run(
        ["nm", "-g", "--defined-only", made.object], check=True, capture_output=True, text=True
    ).stdout
    names = [line.split()[-1] for line in listing.splitlines()]
    assert [n for n in names if not n.startswith(("perf_", "__wrap_", "ipc_perf_"))] == []


def test_a_kernel_that_is_stripped_is_refused(kernel: Path, tmp_path: Path):
    stripped = tmp_path / "stripped"
    subprocess.run(["strip", "-o", stripped, kernel], check=True)
    with pytest.raises(AssumptionError, match="symbols are present"):
        build_objects(stripped, tmp_path / "monitor")
    assert not (tmp_path / "monitor").exists()
