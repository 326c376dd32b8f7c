# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk that is full, or turns read-only, while something is written to it.

The error names the file; what was written before stays readable, and nothing half written is left.
"""

import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import perfmon
from perfmon.cli.command import Status
from perfmon.recording.recorder import record
from perfmon.regressions import files
from tests.perfmon.faults.disks import Disk, can_mount, mounted
from tests.perfmon.kills.kill_contract import WORKS, await_samples, client, end_of, readable
from tests.perfmon.regressions.made import measurement, noisy

ON_CI = os.environ.get("CI") == "true"  # where nothing is left out

pytestmark = pytest.mark.skipif(
    not ON_CI and not can_mount("-t", "tmpfs", "none", "/mnt"),
    reason="this machine lets nobody mount a disk",
)

WORK = (sys.executable, "-c", WORKS)
RECORD = ("record", "-r", "0", "-o")
FULL, READ_ONLY = "No space left on device", "Read-only file system"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Disk]:
    """Half a megabyte."""
    with mounted(tmp_path, "-t", "tmpfs", "-o", "size=512k", "small") as disk:
        yield disk


def perfmon_on(disk: Disk, *arguments: str) -> tuple[int, str, str]:
    with client("embedded:", *arguments) as process:
        return end_of(process)


def refused(err: str, path: Path, why: str) -> bool:
    """Does the last line name the path and say why?"""
    last = err.splitlines()[-1]
    return str(path) in last and why in last


def test_a_full_disk_ends_a_recording_behind_its_last_whole_packet(small: Disk):
    trace = small.path / "trace"
    status, out, err = perfmon_on(small, *RECORD, str(trace), "--", *WORK)
    assert (status, out) == (Status.USAGE, "")
    assert refused(err, trace, FULL), err
    assert f"{trace} holds what was recorded until now" in err
    assert readable(trace) > 1000


def test_a_disk_that_is_full_from_the_start_is_named(small: Disk):
    small.do("dd if=/dev/zero of=disk/rest bs=4k 2>/dev/null; true")
    trace = small.path / "trace"
    status, out, err = perfmon_on(small, *RECORD, str(trace), "--", *WORK)
    assert (status, out) == (Status.USAGE, "")
    assert refused(err, trace, FULL), err


def test_a_disk_that_turns_read_only_before_the_first_sample_is_named(small: Disk):
    trace = small.path / "trace"
    go = str(small.path / "go")
    waits = f"import os, time\nwhile not os.path.exists({go!r}): time.sleep(0.01)\n"
    program = (sys.executable, "-c", waits + WORKS)
    with client("embedded:", *RECORD, str(trace), "-e", "VM_ALLOC", "--", *program) as process:
        deadline = time.monotonic() + 30
        while not (trace / "metadata").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        small.do("touch disk/go && mount -o remount,ro disk")
        status, out, err = end_of(process)
    assert (status, out) == (Status.USAGE, "")
    assert refused(err, trace, READ_ONLY), err
    assert readable(trace) == 0


@pytest.mark.skipif(
    not ON_CI and (os.geteuid() != 0 or not Path("/dev/loop-control").exists()),
    reason="needs root and loop devices, for an ext4 that meets an error",
)
def test_a_disk_that_turns_read_only_in_the_middle_leaves_a_readable_trace(tmp_path: Path):
    make = "truncate -s 4M image && PATH=$PATH:/usr/sbin:/sbin mkfs.ext4 -q image"
    with mounted(tmp_path, "-o", "loop,errors=remount-ro", "image", prepare=make) as disk:
        trace = disk.path / "trace"
        with client("embedded:", *RECORD, str(trace), "--", *WORK) as process:
            await_samples(trace)
            disk.do("echo 1 > /sys/fs/ext4/$(basename $(findmnt -no SOURCE disk))/trigger_fs_error")
            status, out, err = end_of(process)
        assert (status, out) == (Status.USAGE, "")
        assert refused(err, trace, READ_ONLY) or refused(err, trace, "Input/output error"), err
        assert f"{trace} holds what was recorded until now" in err
        assert readable(trace) > 0


@pytest.mark.parametrize("kind", ["csv", "parquet", "perfetto", "chrome"])
def test_an_export_to_a_full_disk_leaves_nothing(kind: str, small: Disk, tmp_path: Path):
    trace = tmp_path / "trace"
    with perfmon.connect("embedded:") as host:
        host.disable()
        host.configure(sample_rate=0, buffer_size=32768)
        host.enable()
        host.workload.workload_memory(8000, 1)
        host.disable()
        record(host, trace, 0, start=perfmon.Start.OLDEST)
    small.do("dd if=/dev/zero of=disk/rest bs=4k count=120 2>/dev/null")
    output = small.path / "exported"
    status, _, err = perfmon_on(small, "export", str(trace), "-f", kind, "-o", str(output))
    assert status == Status.USAGE
    assert refused(err, output, FULL), err
    assert sorted(path.name for path in small.path.iterdir()) == ["rest"]


def test_a_baseline_that_does_not_fit_leaves_the_old_one(small: Disk):
    path = small.path / "kept.json"
    files.save(measurement(noisy(), label="old"), path)
    small.do("dd if=/dev/zero of=disk/rest bs=4k 2>/dev/null; true")
    with pytest.raises(OSError, match=FULL):
        files.save(measurement(noisy(), runs=200, label="new"), path)
    assert files.load(path).label == "old"
    assert sorted(each.name for each in small.path.iterdir()) == ["kept.json", "rest"]


def history(*arguments: str) -> str:
    """A command line for the shell that has the disk."""
    return f"{sys.executable} -m perfmon history {' '.join(arguments)}"


def test_a_history_on_a_full_disk_keeps_what_it_has(small: Disk, tmp_path: Path):
    files.save(measurement(noisy(), runs=1), tmp_path / "new.json")
    add = history("add", "--db", "disk/history.db", "--baseline", "new.json")
    small.do(f"{add} first")
    small.do("dd if=/dev/zero of=disk/rest bs=4k 2>/dev/null; true")
    status, said = small.outcome(f"{add} second")
    assert status == Status.USAGE
    assert re.fullmatch(r"perfmon: disk/history.db: .*(full|I/O error)\n", said), said
    small.do(f"rm disk/rest && {history('list', '--db', 'disk/history.db')} | grep first")
    small.do(f"{add} second")


def test_a_history_on_a_read_only_disk_says_so(small: Disk, tmp_path: Path):
    files.save(measurement(noisy(), runs=1), tmp_path / "new.json")
    add = history("add", "--db", "disk/history.db", "--baseline", "new.json")
    small.do(f"{add} first && mount -o remount,ro disk")
    status, said = small.outcome(f"{add} second")
    assert status == Status.USAGE
    assert "perfmon: disk/history.db: attempt to write a readonly database" in said
    small.do(f"{history('list', '--db', 'disk/history.db')} | grep first")
