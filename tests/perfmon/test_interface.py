# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands in Python about the interface is what perf_monitor.h says."""

import re
from pathlib import Path

import pytest

from perfmon import interface
from perfmon.events import Event
from perfmon.interface import Flag, HistogramKind, InfoSelector, Mode, NameKind, Option
from perfmon.samples import LAYOUT

HEADER = (Path(__file__).parents[2] / "include" / "mach" / "perf_monitor.h").read_text()


def constants() -> dict[str, int]:
    found = {}
    for name, value in re.findall(
        r"^(?:#define)?\s+PERF_(\w+)\s*=?\s*(?:UINT64_C\()?(0x[0-9a-f]+|\d+|UINT64_MAX)",
        HEADER,
        re.M,
    ):
        found[name] = 2**64 - 1 if value == "UINT64_MAX" else int(value, 0)
    return found


CONSTANTS = constants()


@pytest.mark.parametrize(
    ("prefix", "kind"),
    [
        ("FLAG", Flag),
        ("OPTION", Option),
        ("MODE", Mode),
        ("INFO", InfoSelector),
        ("HISTOGRAM", HistogramKind),
        ("NAMES", NameKind),
        ("EVENT", Event),
    ],
)
def test_every_member_of_an_enumeration_has_the_headers_value(prefix, kind):
    sizes = {"INFO_MAX", "HISTOGRAM_MAX", "EVENT_MAX", "EVENT_FIRST_REGISTERED"}
    header = {
        name.removeprefix(prefix + "_"): value
        for name, value in CONSTANTS.items()
        if name.startswith(prefix + "_") and name not in sizes
    }
    assert {member.name: member.value for member in kind} == header


@pytest.mark.parametrize(
    "name",
    [
        "INTERFACE_VERSION",
        "EVENT_MAX",
        "CURSOR_OLDEST",
        "CURSOR_NEWEST",
        "CURSOR_SEQUENCE_BITS",
        "RATE_EVERY_EVENT",
        "RATE_MIN",
        "RATE_MAX",
        "RATE_DEFAULT",
        "BUFFER_MIN",
        "BUFFER_MAX",
        "BUFFER_DEFAULT",
        "REGRESSION_MIN_EVENTS",
    ],
)
def test_every_constant_has_the_headers_value(name):
    assert getattr(interface, name) == CONSTANTS[name]


def test_a_sample_is_laid_out_as_the_header_asserts():
    asserted = re.findall(r"PERF_ASSERT_OFFSET\(perf_sample_t, (\w+), (\d+)\)", HEADER)
    offsets, offset = [], 0
    for name, width in LAYOUT:
        offsets.append((name, str(offset)))
        offset += width
    assert offsets == asserted
    assert offset == interface.SAMPLE_SIZE
