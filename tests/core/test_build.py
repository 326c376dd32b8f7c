# SPDX-License-Identifier: GPL-2.0-or-later
"""What the core may need of a machine: no library, little stack, and nothing when left out."""

import subprocess
from pathlib import Path

import pytest

FREESTANDING = ("-O2", "-ffreestanding", "-fno-pic", "-fno-stack-protector", "-fstack-usage")
TARGETS = {
    "i386": ("-m32", "-march=i686", "-mno-sse", "-mno-mmx"),
    "x86_64": ("-m64", "-mno-red-zone", "-mgeneral-regs-only"),
}
HOOKS = ("perf_record_instant", "perf_record_timed", "perf_record_measured", "perf_stamp_take")
STACK_LIMIT = 256

# What a kernel has of its own.
KERNEL_HAS = {"memcpy", "memset", "memmove", "memcmp"}
PLATFORM_HAS = {"scripted", "scripted_cpu", "scripted_task", "scripted_thread"}
PLATFORM_HAS |= {"aligned_alloc", "strcpy", "strlen", "_GLOBAL_OFFSET_TABLE_"}


def compile_c(directory: Path, source: Path, *arguments: str) -> Path:
    out = directory / f"{source.stem}.o"
    subprocess.run(["gcc", *arguments, "-c", source, "-o", out], check=True)
    return out


@pytest.fixture(scope="module", params=TARGETS)
def objects(request, tmp_path_factory, core_build) -> list[Path]:
    directory = tmp_path_factory.mktemp(request.param)
    arguments = (*core_build.arguments, *FREESTANDING, *TARGETS[request.param])
    return [compile_c(directory, source, *arguments) for source in core_build.sources]


def nm(objects: list[Path], *options: str) -> set[str]:
    listed = subprocess.run(
        ["nm", *options, *objects], check=True, capture_output=True, text=True
    ).stdout
    return {line.split()[-1] for line in listed.splitlines() if line and not line.endswith(":")}


def test_a_freestanding_build_needs_its_platform_and_nothing_else(objects):
    needed = nm(objects, "--undefined-only") - nm(objects, "--defined-only")
    assert needed <= KERNEL_HAS | PLATFORM_HAS


def test_hooks_take_at_most_256_bytes_of_stack_with_all_that_they_call(objects):
    frames: dict[str, int] = {}
    for path in objects:
        for line in path.with_suffix(".su").read_text().splitlines():
            where, size, kind = line.split("\t")
            assert kind in ("static", "dynamic,bounded")
            frames[where.split(":")[-1]] = int(size)
    deepest = max(
        frames["look_closer"]
        + frames["perf_cpu_renew"]
        + max(
            frames["begin_account"],
            frames["clear_statistics"] + frames["perf_statistics_clear"],
            frames["begin_ring"],
            frames["begin_lap"],
            frames["perf_statistics_watch"],
        ),
        frames["count_unusual"]
        + max(
            frames["perf_count_work"]
            + frames["perf_statistics_carry"]
            + frames["perf_bucket_carry"],
            frames["perf_is_extreme"] + frames["perf_late_mark"],
            frames["perf_statistics_watch"],
            frames["perf_count_wait"] + frames["perf_bucket_carry"],
        ),
        max(frames["perf_ids_look_up"], frames["name_others"])
        + frames["perf_thread_id"]
        + frames["insert"],
    )
    returns = 4 * 8
    assert max(frames[hook] for hook in HOOKS) + deepest + returns <= STACK_LIMIT


def test_exported_names_start_with_perf(objects):
    exported = nm(objects, "--defined-only", "--extern-only")
    assert {name for name in exported if not name.startswith("perf_")} == set()


def test_left_out_at_compile_time_the_macros_leave_no_byte(tmp_path, core_build):
    program = """
        #include "perf_analysis.h"
        extern int work(int);
        int run(int x) { %s x = work(x); %s return x; }
    """
    plain = tmp_path / "plain.c"
    plain.write_text(program % ("", ""))
    hooked = tmp_path / "hooked.c"
    before = "perf_analysis_init(); PERF_EVENT_RECORD(3, x, work(1), 2, 3); PERF_TIME_BLOCK("
    before += "2, 0, 0, work(2), x, {"
    hooked.write_text(program % (before, "});"))
    sections = [
        subprocess.run(
            ["objcopy", "-O", "binary", "--only-section=.text", path, "/dev/stdout"],
            check=True,
            capture_output=True,
        ).stdout
        for source in (plain, hooked)
        for path in [compile_c(tmp_path, source, *core_build.arguments, "-O2", "-DPERF_ANALYSIS=0")]
    ]
    assert sections[0] == sections[1] != b""
    assert nm([tmp_path / "hooked.o"], "--undefined-only") <= {"work", "_GLOBAL_OFFSET_TABLE_"}


def test_statistics_of_an_event_take_a_kilobyte_per_cpu(compiled_core):
    assert compiled_core.ffi.sizeof("struct perf_statistics") == 1024
