# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/limits.md says what the code does."""

import re
from pathlib import Path

import pytest

from mig.model import declarations, expressions, names
from mig.rpc.transports import stream
from perfmon.relay import rights
from perfmon.relay.limits import Limits
from perfmon.relay.log import BoundedLog

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "limits.md").read_text()


def constant(name: str) -> int:
    for path in ("include/mach/perf_monitor.h", "csrc/gnumach/perf_platform.h"):
        found = re.search(rf"#define {name} (\d+)", (ROOT / path).read_text())
        if found:
            return int(found[1])
    raise AssertionError(f"no {name}")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PERF_RATE_MIN", "{} to 5000 samples a second"),
        ("PERF_RATE_MAX", "100 to {} samples a second"),
        ("PERF_BUFFER_MIN", "{} to 32768 samples a CPU"),
        ("PERF_BUFFER_MAX", "1024 to {} samples a CPU"),
        ("PERF_EVENT_MAX", "{} (`PERF_EVENT_MAX`)"),
        ("PERF_EVENT_FIRST_REGISTERED", "is {} (`PERF_EVENT_FIRST_REGISTERED`)"),
        ("PERF_HISTOGRAM_MAX", "{} (`PERF_HISTOGRAM_MAX`)"),
        ("PERF_REGRESSION_MIN_EVENTS", "{} events in each window"),
        ("PERF_ALERT_RECEIVERS_MAX", "{} (`PERF_ALERT_RECEIVERS_MAX`)"),
        ("PERF_PLATFORM_TASKS", "tables of {} and 4096 places"),
        ("PERF_PLATFORM_THREADS", "tables of 1024 and {} places"),
    ],
)
def test_constants_of_c_are_those_of_the_page(name: str, text: str):
    assert text.format(constant(name)) in PAGE


def test_what_a_bucket_counts_is_that_of_the_page():
    header = (ROOT / "csrc" / "core" / "perf_histogram.h").read_text()
    full = re.search(r"#define PERF_BUCKET_FULL \(UINT32_C\(1\) << (\d+)\)", header)
    carry = re.search(r"#define PERF_BUCKET_CARRY_MAX (\d+)", header)
    assert full and carry
    most = (int(carry[1]) + 1) << int(full[1])
    assert f"| a bucket's count | 2^{most.bit_length() - 1} - 1 |" in PAGE


def test_limits_of_python_are_those_of_the_page():
    limits = Limits()
    kib, mib = 1 << 10, 1 << 20
    burst, rate = (BoundedLog.__init__.__kwdefaults__[name] for name in ("burst", "per_second"))
    for text in (
        f"{stream.MESSAGE_MAX // mib} MiB (`MESSAGE_MAX`), {stream.REGIONS_MAX // mib} MiB out of",
        f"{stream.HELLO_MAX} bytes (`HELLO_MAX`)",
        f"| {limits.clients}, `--clients` |",
        f"| {limits.message // kib} KiB, {limits.out_of_line // mib} MiB out of line |",
        f"| {limits.idle:.0f} s, `--idle` |",
        f"| one message's transfer | {limits.transfer:.0f} s |",
        f"| the host's answer | {limits.call:.0f} s |",
        f"| ports of a client's own | {limits.ports} |",
        f"| rights that messages brought a client | {rights.RIGHTS_MAX} |",
        f"| log | {burst} lines, then {rate:.0f} a second |",
        f"| an identifier | {names._LENGTH_LIMIT} characters |",
    ):
        assert text in PAGE
    assert expressions.LIMIT == 2**31 - 1
    assert declarations._FIELD_LIMIT == 2**28
