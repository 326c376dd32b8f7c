# SPDX-License-Identifier: GPL-2.0-or-later
"""The core, compiled once for a platform whose clock, CPUs and keys the tests set."""

import importlib.util
import os
import struct
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cffi import FFI

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = Path(__file__).parent / "platform"
INCLUDE = [ROOT / "csrc" / "core", PLATFORM, ROOT / "include"]
FALLBACK = ROOT / "include" / "fallback"

FLAGS = ("-std=gnu11", "-Wall", "-Wextra", "-Werror")

DECLARATIONS = """
    typedef int kern_return_t;

    struct scripted {
        uint64_t clock, clock_step, frequency;
        uint32_t cpus, masked, locked, hooks, rings_left;
        kern_return_t enable_answer;
    };
    extern struct scripted scripted;

    typedef struct {
        uint64_t timestamp;
        uint8_t event, cpu;
        uint16_t flags;
        uint32_t duration, task, thread, data1, data2;
    } perf_sample_t;
    typedef struct {
        uint64_t count, errors, waits, timed, total, wait_total, min, max, mean, last;
    } perf_event_stats_t;
    typedef struct { uint64_t lower, upper, count; } perf_bucket_t;
    typedef struct {
        uint64_t events, errors, written, overwritten, rate_limited, refused;
        uint64_t table_overflows, time_monitored, requests, alerts, regression;
    } perf_system_stats_t;
    typedef struct {
        int64_t change;
        uint64_t baseline_count, baseline_mean, current_count, current_mean;
    } perf_regression_t;
    typedef struct { uint32_t id, parent; char name[56]; } perf_name_t;
    struct perf_stamp { uint64_t ticks; uint32_t epoch, cpu; };
    struct perf_scale { uint64_t whole, fraction; };
    struct perf_limit { uint32_t interval, span; };
    struct perf_statistics { ...; };
    struct perf_active { uint32_t events[2], epoch; uint64_t since; };
    extern struct perf_active perf_active;

    kern_return_t perf_register_event(const char *name, uint32_t *event);
    uint32_t perf_task_id(uintptr_t task);
    uint32_t perf_thread_id(uintptr_t thread, uintptr_t task);
    void perf_task_forget(uintptr_t task);
    void perf_thread_forget(uintptr_t thread);

    kern_return_t perf_control_enable(_Bool enable);
    kern_return_t perf_control_configure(uint32_t sample_rate, uint32_t buffer_size);
    kern_return_t perf_control_set_option(uint32_t selector, uint64_t value);
    void perf_control_set_thresholds(uint32_t, uint32_t, uint32_t);
    void perf_control_reset(void);

    typedef void (*complain_t)(const char *item, const char *why);
    void perf_boot(const char *command_line, complain_t complain);

    kern_return_t perf_report_event(uint32_t event, perf_event_stats_t *stats);
    kern_return_t perf_report_info(uint32_t selector, uint64_t *words, uint32_t *count);
    kern_return_t perf_report_histogram(uint32_t event, uint32_t selector,
                                        perf_bucket_t *buckets, uint32_t *count);
    void perf_report_system(perf_system_stats_t *stats);
    kern_return_t perf_report_names_most(uint32_t kind, uint32_t *count);
    kern_return_t perf_report_names(uint32_t kind, perf_name_t *names, uint32_t *count);
    void perf_report_request(void);
    kern_return_t perf_reader_available(uint32_t cpu, uint64_t cursor, uint32_t max,
                                        uint32_t *count);
    kern_return_t perf_reader_read(uint32_t cpu, uint64_t cursor, perf_sample_t *samples,
                                   uint32_t *count, uint64_t *next, uint64_t *lost);
    uint64_t perf_cursor(uint32_t generation, uint64_t sequence);
    void perf_baseline_set(void);
    kern_return_t perf_regression_report(uint32_t event, perf_regression_t *report);
    kern_return_t perf_regression_check(uint32_t event, uint32_t percent, _Bool *detected);
    _Bool perf_regression_flag(void);

    struct perf_alert { uint32_t kind, event; uint64_t value, threshold, timestamp; };
    _Bool perf_alerts_find(struct perf_alert *alert);

    uint64_t perf_multiply_high(uint64_t a, uint64_t b);
    uint64_t perf_divide(uint64_t dividend, uint64_t divisor, uint64_t *remainder);
    void perf_scale_init(uint64_t ticks_per_second, struct perf_scale *scale);
    uint64_t perf_nanoseconds(const struct perf_scale *scale, uint64_t ticks);
    uint32_t perf_work_bucket(uint64_t ticks);
    uint32_t perf_wait_bucket(uint64_t ticks);
    uint64_t perf_bucket_lower(uint32_t index, uint32_t shift);
    void perf_limit_init(uint32_t rate, uint64_t frequency, struct perf_limit *limit);
    uint64_t perf_limit_full(const struct perf_limit *limit, uint64_t now);
    _Bool perf_limit_is_closed(uint64_t now, uint64_t closed);
    void perf_limit_take(const struct perf_limit *limit, uint64_t now, uint64_t *closed);
    struct perf_cpu { uint64_t closed; uint32_t due; ...; };
    void perf_cpu_due(struct perf_cpu *cpu, uint64_t now);

    void harness_boot(uint32_t cpus);
    void harness_record(uint32_t cpu, uint32_t event, uint32_t flags, uint32_t data1,
                        uint32_t data2);
    void harness_time(uint32_t cpu, uint32_t event, uint32_t flags, int64_t ticks,
                      uint32_t data1, uint32_t data2);
    void harness_time_usual(uint32_t cpu, uint32_t event, int64_t ticks, uint32_t data1,
                            uint32_t data2);
    void harness_begin(uint32_t cpu, uint32_t event, struct perf_stamp *stamp);
    void harness_end(uint32_t cpu, uint32_t event, const struct perf_stamp *stamp);
    void harness_be(uintptr_t task, uintptr_t thread);
    void harness_macros(uint32_t event, uint32_t data1, uint32_t data2);
    void harness_fill_bucket(uint32_t cpu, uint32_t event, uint32_t bucket, uint32_t low,
                             uint8_t carry);
    struct harness_stress {
        uint64_t written, read, lost, torn, unaccounted, inconsistent, resets;
    };
    void harness_run_stress(uint32_t writers, uint32_t milliseconds, _Bool reset,
                            struct harness_stress *stress);
    uint32_t harness_insert_together(uint32_t threads, uint32_t keys, uintptr_t first);

    #define PERF_WORK_SHIFT ...
    #define PERF_WORK_BUCKETS ...
    #define PERF_WAIT_SHIFT ...
    #define PERF_WAIT_BUCKETS ...
"""


class Sample(NamedTuple):
    """perf_sample_t."""

    timestamp: int
    event: int
    cpu: int
    flags: int
    duration: int
    task: int
    thread: int
    data1: int
    data2: int


class Batch(NamedTuple):
    """What perf_reader_read() gave."""

    samples: list[Sample]
    next: int
    lost: int


class Core:
    """The core as a test uses it: results returned, codes returned where there are any."""

    def __init__(self, module: Any) -> None:
        self.ffi, self.lib = module.ffi, module.lib

    def boot(self, cpus: int = 1) -> None:
        self.lib.harness_boot(cpus)

    def advance(self, ticks: int) -> None:
        self.lib.scripted.clock += ticks

    def enable(self) -> None:
        assert self.lib.perf_control_enable(True) == 0

    def disable(self) -> None:
        assert self.lib.perf_control_enable(False) == 0

    def configure(self, rate: int, size: int) -> None:
        assert self.lib.perf_control_configure(rate, size) == 0

    def record_every_event(self, size: int = 1024, cpus: int = 1) -> None:
        self.boot(cpus)
        self.configure(0, size)
        self.enable()

    def record(
        self, event: int = 2, *, cpu: int = 0, flags: int = 0, data1: int = 0, data2: int = 0
    ) -> None:
        self.lib.harness_record(cpu, event, flags, data1, data2)

    def time(self, event: int, ticks: int, *, cpu: int = 0, flags: int = 0) -> None:
        self.lib.harness_time(cpu, event, flags, ticks, 0, 0)

    def stats(self, event: int) -> Any:
        stats = self.ffi.new("perf_event_stats_t *")
        assert self.lib.perf_report_event(event, stats) == 0
        return stats

    def system(self) -> Any:
        stats = self.ffi.new("perf_system_stats_t *")
        self.lib.perf_report_system(stats)
        return stats

    def info(self, selector: int, room: int = 32) -> list[int]:
        words, count = self.ffi.new("uint64_t[32]"), self.ffi.new("uint32_t *", room)
        assert self.lib.perf_report_info(selector, words, count) == 0
        return list(words[0 : count[0]])

    def histogram(self, event: int, selector: int = 0) -> list[tuple[int, int, int]]:
        buckets, count = self.ffi.new("perf_bucket_t[128]"), self.ffi.new("uint32_t *", 128)
        assert self.lib.perf_report_histogram(event, selector, buckets, count) == 0
        return [(b.lower, b.upper, b.count) for b in buckets[0 : count[0]]]

    def names(self, kind: int) -> dict[int, tuple[int, str]]:
        count = self.ffi.new("uint32_t *")
        assert self.lib.perf_report_names_most(kind, count) == 0
        names = self.ffi.new("perf_name_t[]", count[0])
        assert self.lib.perf_report_names(kind, names, count) == 0
        return {
            entry.id: (entry.parent, self.ffi.string(entry.name).decode())
            for entry in names[0 : count[0]]
        }

    def read(self, cursor: int = 0, room: int = 32768, *, cpu: int = 0) -> Batch:
        samples = self.ffi.new("perf_sample_t[]", room)
        count = self.ffi.new("uint32_t *", room)
        next_, lost = self.ffi.new("uint64_t *"), self.ffi.new("uint64_t *")
        assert self.lib.perf_reader_read(cpu, cursor, samples, count, next_, lost) == 0
        assert count[0] <= room
        read = struct.iter_unpack("<QBBHIIIII", self.ffi.buffer(samples, count[0] * 32))
        return Batch([Sample(*fields) for fields in read], next_[0], lost[0])


def compile_core(directory: Path, name: str, *flags: str) -> Any:
    """Compile the core with the scripted platform and return its cffi module.

    Flags in the environment's PERFMON_CORE_FLAGS come last: `make coverage` asks for counters.
    """
    ffi = FFI()
    flags = (*flags, *os.environ.get("PERFMON_CORE_FLAGS", "").split())
    ffi.cdef(DECLARATIONS)
    ffi.set_source(
        name,
        '#include "harness.h"',
        sources=[str(path) for path in (*sorted(INCLUDE[0].glob("*.c")), PLATFORM / "harness.c")],
        include_dirs=[str(path) for path in INCLUDE],
        extra_compile_args=["-idirafter", str(FALLBACK), *FLAGS, *flags],
        extra_link_args=["-pthread", *flags],
    )
    spec = importlib.util.spec_from_file_location(name, ffi.compile(tmpdir=str(directory)))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class CoreBuild(NamedTuple):
    """How to compile the core: its sources, and the arguments that each of them takes."""

    sources: list[Path]
    arguments: list[str]


@pytest.fixture(scope="session")
def core_build() -> CoreBuild:
    include = [f"-I{path}" for path in INCLUDE]
    return CoreBuild(
        sorted(INCLUDE[0].glob("*.c")), [*FLAGS, *include, "-idirafter", str(FALLBACK)]
    )


@pytest.fixture(scope="session")
def compiled_core(tmp_path_factory: pytest.TempPathFactory) -> Core:
    return Core(compile_core(tmp_path_factory.mktemp("core"), "_scripted_core", "-O2"))


@pytest.fixture
def core(compiled_core: Core) -> Core:
    compiled_core.boot()
    return compiled_core
