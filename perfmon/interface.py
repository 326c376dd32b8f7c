# SPDX-License-Identifier: GPL-2.0-or-later
"""The constants of include/mach/perf_monitor.h, which its .defs cannot carry into Python.

Numbers only: what they mean to a user of the library stands in the modules that use them.
Events have a module of their own (perfmon.events).
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final

INTERFACE_VERSION: Final = 1
SAMPLE_SIZE: Final = 32
EVENT_MAX: Final = 64

CURSOR_OLDEST: Final = 0
CURSOR_NEWEST: Final = 2**64 - 1
CURSOR_SEQUENCE_BITS: Final = 48

RATE_EVERY_EVENT: Final = 0
RATE_MIN: Final = 100
RATE_MAX: Final = 5000
RATE_DEFAULT: Final = 1000
BUFFER_MIN: Final = 1024
BUFFER_MAX: Final = 32768
BUFFER_DEFAULT: Final = 8192

REGRESSION_MIN_EVENTS: Final = 30
ALERT_RECEIVERS_MAX: Final = 8
BUCKET_OPEN: Final = 2**64 - 1


class Flag(IntFlag):
    """Flags of a sample (PERF_FLAG_*)."""

    ERROR = 0x0001
    WAITED = 0x0002
    SATURATED = 0x0004
    MIGRATED = 0x0008
    INSTANT = 0x0010


class Option(IntEnum):
    """Selectors of perf_set_options (PERF_OPTION_*)."""

    EVENT_MASK = 0
    MODE = 1
    EXCLUDED_TASK = 2
    REGRESSION_PERCENT = 3


class Mode(IntEnum):
    """What a full ring does (PERF_MODE_*)."""

    OVERWRITE = 0
    STOP = 1


class InfoSelector(IntEnum):
    """Selectors of perf_get_info (PERF_INFO_*); a CPU's is CPU plus its number."""

    INTERFACE = 0
    CONFIGURATION = 1
    CLOCK = 2
    CPU = 16


class HistogramKind(IntEnum):
    """Selectors of perf_get_histogram (PERF_HISTOGRAM_*)."""

    WORK = 0
    WAIT = 1


class AlertKind(IntEnum):
    """What an alert is about (PERF_ALERT_*)."""

    LATENCY = 0
    THROUGHPUT = 1
    ERROR_RATE = 2
    REGRESSION = 3


class NameKind(IntEnum):
    """Kinds of perf_get_names (PERF_NAMES_*)."""

    EVENTS = 0
    TASKS = 1
    THREADS = 2
    TRAPS = 3
