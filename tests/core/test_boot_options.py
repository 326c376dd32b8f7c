# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading perf=... off a kernel's command line."""

import pytest

CONFIGURATION, CLOCK = 1, 2


def boot(core, line: str) -> tuple[list[str], dict[str, int]]:
    complaints: list[str] = []
    ffi = core.ffi

    @ffi.callback("complain_t")
    def complain(item, why):
        complaints.append(f"{ffi.string(item).decode()} {ffi.string(why).decode()}")

    core.boot()
    core.lib.perf_boot(line.encode(), complain)
    words = core.info(CONFIGURATION)
    return complaints, {
        "rate": words[0], "buffer": words[1], "events": words[2], "mode": words[3],
        "enabled": core.info(0)[7],
    }  # fmt: skip


DEFAULT = {"rate": 1000, "buffer": 8192, "events": 0xFFF, "mode": 0, "enabled": 1}
OFF = {**DEFAULT, "enabled": 0}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", OFF),
        ("gnumach console=com0 xperf=on perf", OFF),
        ("perf=off", OFF),
        ("perf=on", DEFAULT),
        ("perf=", DEFAULT),
        ("gnumach  perf=on root=hd0", DEFAULT),
        ("perf=rate:0,buffer:32768,mode:stop", {**DEFAULT, "rate": 0, "buffer": 32768, "mode": 1}),
        ("perf=events:IPC_SEND+PAGE_FAULT", {**DEFAULT, "events": 1 << 0 | 1 << 11}),
        ("perf=events:PROFILE,,mode:overwrite", {**DEFAULT, "events": 1 << 12}),
        ("perf=rate:100 perf=buffer:1024", {**DEFAULT, "rate": 100, "buffer": 1024}),
    ],
)
def test_recording_begins_as_the_command_line_says(core, line, expected):
    assert boot(core, line) == ([], expected)


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        ("rate:99", "rate:99 is not 0 or 100-5000"),
        ("rate:", "rate: is not 0 or 100-5000"),
        ("rate:1e3", "rate:1e3 is not 0 or 100-5000"),
        ("rate:99999999999999999999", "rate:99999999999999999999 is not 0 or 100-5000"),
        ("buffer:3000", "buffer:3000 is no power of two of 1024-32768"),
        ("events:IPC_SEN", "IPC_SEN is no event"),
        ("events:IPC_SENDS", "IPC_SENDS is no event"),
        ("mode:x", "mode:x is not on, off, events:, rate:, buffer: or mode:"),
        ("x" * 200, "x" * 47 + " is not on, off, events:, rate:, buffer: or mode:"),
    ],
)
def test_what_cannot_be_understood_is_named_and_left_out(core, item, complaint):
    assert boot(core, f"perf={item}") == ([complaint], DEFAULT)
