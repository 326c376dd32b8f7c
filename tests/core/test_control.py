# SPDX-License-Identifier: GPL-2.0-or-later
"""Control operations: what they set, and that a refusal changes nothing."""

import pytest

INVALID_ARGUMENT, RESOURCE_SHORTAGE, NOT_SUPPORTED = 4, 6, 46
KEPT = []  # names of events, which the core does not copy
INTERFACE, CONFIGURATION, CLOCK, CPU = 0, 1, 2, 16
DEFAULTS = [1000, 8192, 0xFFF, 0, 0, 20, 1000, 1000, 5]


def test_a_new_core_has_the_defaults_and_is_disabled(core):
    assert core.info(CONFIGURATION)[:9] == DEFAULTS
    assert core.info(INTERFACE) == [1, 32, 64, 0x1FFF, 0xFFF, 0x00C, 1, 0]


@pytest.mark.parametrize(
    ("rate", "size"),
    [(0, 1024), (100, 32768), (5000, 2048), (1000, 8192)],
)
def test_configurations_in_range_are_taken(core, rate, size):
    core.configure(rate, size)
    assert core.info(CONFIGURATION)[:2] == [rate, size]


@pytest.mark.parametrize(
    ("rate", "size"),
    [
        (99, 8192),
        (1, 8192),
        (5001, 8192),
        (2**32 - 1, 8192),
        (1000, 0),
        (1000, 512),
        (1000, 1023),
        (1000, 1025),
        (1000, 3000),
        (1000, 65536),
        (1000, 2**31),
    ],
)
def test_a_configuration_out_of_range_changes_nothing(core, rate, size):
    before = core.info(CONFIGURATION)
    assert core.lib.perf_control_configure(rate, size) == INVALID_ARGUMENT
    assert core.info(CONFIGURATION) == before


def test_configure_is_refused_while_enabled(core):
    core.enable()
    before = core.info(CONFIGURATION)
    assert core.lib.perf_control_configure(1000, 2048) == INVALID_ARGUMENT
    assert core.info(CONFIGURATION) == before


def test_configure_without_memory_changes_nothing(core):
    core.boot(cpus=4)
    core.configure(0, 1024)
    before = core.info(CONFIGURATION)
    core.lib.scripted.rings_left = 2
    assert core.lib.perf_control_configure(100, 2048) == RESOURCE_SHORTAGE
    assert core.info(CONFIGURATION) == before
    core.enable()
    core.record()
    assert len(core.read().samples) == 1


def test_enable_without_memory_leaves_it_disabled(core):
    core.lib.scripted.rings_left = 0
    assert core.lib.perf_control_enable(True) == RESOURCE_SHORTAGE
    core.record()
    assert core.info(INTERFACE)[7] == 0
    assert core.lib.scripted.hooks == 0
    core.lib.scripted.rings_left = 1
    core.enable()


def test_enable_and_disable_are_idempotent_and_move_the_hooks(core):
    for wanted in (True, True, False, False, True):
        assert core.lib.perf_control_enable(wanted) == 0
        assert core.lib.scripted.hooks == core.info(INTERFACE)[7] == wanted


def test_a_platform_that_cannot_place_its_hooks_leaves_it_disabled(core):
    core.lib.scripted.enable_answer = 5
    assert core.lib.perf_control_enable(True) == 5
    core.record()
    assert core.info(INTERFACE)[7] == core.stats(2).count == 0


def test_hooks_that_cannot_be_taken_out_leave_monitoring_enabled(core):
    core.enable()
    core.record()
    core.lib.scripted.enable_answer = 5
    assert core.lib.perf_control_enable(False) == 5
    assert core.info(INTERFACE)[7] == 1
    core.record()
    core.lib.scripted.enable_answer = 0
    core.disable()
    assert (core.info(INTERFACE)[7], core.lib.scripted.hooks) == (0, False)
    assert core.system().events == 2


@pytest.mark.parametrize(
    ("selector", "value"),
    [(0, 1 << 13), (0, 1 << 63), (0, 2**64 - 1), (1, 2), (3, 2**32), (4, 0), (2**32 - 1, 0)],
)
def test_an_option_out_of_range_changes_nothing(core, selector, value):
    before = core.info(CONFIGURATION)
    assert core.lib.perf_control_set_option(selector, value) == INVALID_ARGUMENT
    assert core.info(CONFIGURATION) == before


def test_options_and_thresholds_are_what_they_were_set_to(core):
    for selector, value in ((0, 0x1005), (1, 1), (3, 35)):
        assert core.lib.perf_control_set_option(selector, value) == 0
    core.lib.perf_control_set_thresholds(7, 8, 9)
    assert core.info(CONFIGURATION)[2:9] == [0x1005, 1, 0, 35, 7, 8, 9]


def test_configure_and_reset_begin_a_generation(core):
    first = core.info(CONFIGURATION)[9]
    core.configure(0, 1024)
    second = core.info(CONFIGURATION)[9]
    core.lib.perf_control_reset()
    third = core.info(CONFIGURATION)[9]
    assert (second, third) == (first + 1, first + 2)


def test_time_is_monitored_while_enabled_since_the_last_reset(core):
    core.advance(100)
    core.enable()
    core.advance(1000)
    core.disable()
    core.advance(100)
    core.enable()
    core.advance(500)
    assert core.system().time_monitored == 1500
    core.lib.perf_control_reset()
    core.advance(7)
    assert core.system().time_monitored == 7
    core.disable()
    core.lib.perf_control_reset()
    core.advance(9)
    assert core.system().time_monitored == 0


def test_no_time_is_monitored_by_a_clock_that_is_set_back(core):
    core.advance(1000)
    core.enable()
    core.advance(-600)
    assert core.system().time_monitored == 0
    core.disable()
    assert core.system().time_monitored == 0


def test_the_clock_is_calibrated_at_enable(core):
    core.lib.scripted.frequency = 2_500_000_000
    core.enable()
    frequency, now, boot, seconds, nanoseconds = core.info(CLOCK)
    assert (frequency, now, boot) == (2_500_000_000, 1000, 1000)
    assert (seconds, nanoseconds) == (1700000000, 123456789)


def test_the_clock_is_calibrated_when_it_is_asked_for_before_the_first_enable(core):
    core.lib.scripted.frequency = 2_400_000_000
    assert core.info(CLOCK)[0] == 2_400_000_000
    core.enable()
    core.lib.scripted.frequency = 3_000_000_000
    assert core.info(CLOCK)[0] == 2_400_000_000


def test_figures_stay_on_one_scale_until_they_are_reset(core):
    core.enable()
    core.time(3, 1000)
    before = core.info(CLOCK)[0], core.stats(3).total, core.histogram(3)
    core.disable()
    core.lib.scripted.frequency = 2_400_000_000
    assert (core.info(CLOCK)[0], core.stats(3).total, core.histogram(3)) == before
    core.enable()
    core.lib.perf_control_reset()
    assert core.info(CLOCK)[0] == before[0]  # what is in progress
    core.disable()
    core.lib.perf_control_reset()
    assert core.info(CLOCK)[0] == 2_400_000_000


def test_info_gives_as_many_words_as_there_is_room_for(core):
    assert core.info(CONFIGURATION, room=3) == DEFAULTS[:3]
    assert core.info(CONFIGURATION, room=0) == []


@pytest.mark.parametrize("selector", [3, 15, CPU + 1, 2**32 - 1])
def test_unknown_information_is_refused(core, selector):
    words, count = core.ffi.new("uint64_t[32]"), core.ffi.new("uint32_t *", 32)
    assert core.lib.perf_report_info(selector, words, count) == INVALID_ARGUMENT


def test_events_of_others_get_ids_and_are_served_like_ours(core):
    KEPT.append(core.ffi.new("char[]", b"DISK_READ"))
    event = core.ffi.new("uint32_t *")
    assert core.lib.perf_register_event(KEPT[-1], event) == 0
    assert event[0] >= 16
    assert core.lib.perf_control_set_option(0, 1 << event[0]) == 0
    core.enable()
    core.time(event[0], 70)
    assert core.stats(event[0]).max == 70
    assert core.names(0)[event[0]] == (0, "DISK_READ")
    assert (
        core.info(INTERFACE)[3:6] == [mask | 1 << event[0] for mask in (0x1FFF, 0xFFF, 0x00C)]
        or event[0] > 16
    )
    assert core.lib.perf_register_event(core.ffi.NULL, event) == INVALID_ARGUMENT
    assert core.lib.perf_register_event(core.ffi.new("char[]", b""), event) == INVALID_ARGUMENT


def test_a_name_that_is_too_long_is_cut_and_ends(core):
    KEPT.append(core.ffi.new("char[]", b"N" * 100))
    event = core.ffi.new("uint32_t *")
    assert core.lib.perf_register_event(KEPT[-1], event) == 0
    assert core.names(0)[event[0]] == (0, "N" * 55)


def test_event_and_trap_names_are_those_of_the_interface(core):
    events = core.names(0)
    assert [events[number][1] for number in (0, 1, 11, 12)] == [
        "IPC_SEND",
        "IPC_RECEIVE",
        "PAGE_FAULT",
        "PROFILE",
    ]
    assert core.names(3) == {25: (0, "mach_msg_trap")}
    count = core.ffi.new("uint32_t *")
    assert core.lib.perf_report_names_most(4, count) == INVALID_ARGUMENT


def test_requests_are_counted(core):
    before = core.system().requests
    core.lib.perf_report_request()
    assert core.system().requests == before + 1
