# SPDX-License-Identifier: GPL-2.0-or-later
"""What the host does with messages, good and bad, as a kernel would."""

import pytest

from mig.rpc.errors import CallTimeout, KernReturnError
from mig.rpc.message import Message
from perfmon import _embedded
from perfmon._generated.perf_monitor import PerfMonitor
from perfmon._generated.perf_workload import PerfWorkload

BAD_ID, BAD_ARGUMENTS = -303, -304
INVALID_ARGUMENT, INVALID_HOST = 4, 22
INVALID_DEST, MSG_TOO_SMALL = 0x10000003, 0x10000008
INVALID_REPLY, INVALID_RIGHT = 0x10000009, 0x1000000A
INVALID_MEMORY, INVALID_HEADER = 0x1000000C, 0x10000010

ENABLE, GET_INFO, BASELINE, ALERTS = 2072, 2075, 2080, 2085
COMPLEX = 0x80000000


def refused(post, *args, **kwargs):
    with pytest.raises(KernReturnError) as caught:
        post.call(*args, **kwargs)
    return caught.value.code


def test_a_request_without_arguments_is_answered_with_the_id_a_hundred_above(post):
    assert post.answer(BASELINE) == (2180, post.abi.error_reply_size, 0)


@pytest.mark.parametrize("id_", [0, 2071, 2087, 2088, 2089, 2172, 2**31 - 1, -1])
def test_an_unknown_id_is_answered_with_bad_id(post, id_):
    assert post.answer(id_)[1:] == (post.abi.error_reply_size, BAD_ID)


@pytest.mark.parametrize("id_", [*range(2072, 2078), 2079, *range(2082, 2087)])
def test_a_request_without_its_arguments_is_answered_with_bad_arguments(post, id_):
    assert post.answer(id_)[1:] == (post.abi.error_reply_size, BAD_ARGUMENTS)


def test_every_part_of_a_descriptor_is_checked(post):
    good = post.integer(0)
    assert post.answer(GET_INFO, good + post.integer(32))[2] == 0
    for wrong in (
        post.integer(0, name=1),
        post.integer(0, bits=64) if post.abi.wide else post.integer(0, bits=16) + b"\0\0",
        post.integer(0, number=2),
        bytes([good[0], good[1], good[2], good[3] ^ 0x40]) + good[4:],
    ):
        assert post.answer(GET_INFO, wrong + post.integer(32))[2] == BAD_ARGUMENTS
    assert post.answer(GET_INFO, good + post.integer(32) + b"\0" * 8)[2] == BAD_ARGUMENTS


def test_a_complex_bit_on_a_simple_request_is_a_bad_argument(post):
    bits = COMPLEX | 0x1513
    assert post.answer(GET_INFO, post.integer(0) + post.integer(32), bits=bits)[2] == BAD_ARGUMENTS


@pytest.mark.parametrize("label", ["host", "host-priv"])
def test_aggregate_figures_take_either_port(post, label):
    assert post.answer(GET_INFO, post.integer(0) + post.integer(32), port=label)[2] == 0


def test_control_takes_the_privileged_port(host):
    unprivileged = PerfMonitor(host.port("host"), timeout=5)
    calls = {
        "perf_monitor_enable": (True,),
        "perf_monitor_configure": (1000, 8192),
        "perf_set_options": (1, 1),
        "perf_read_samples": (0, 0, 10),
        "perf_set_baseline": (),
        "perf_reset_stats": (),
        "perf_set_thresholds": (1, 1, 1),
        "perf_get_names": (0,),
    }
    before = host.configuration()
    for routine, arguments in calls.items():
        with pytest.raises(KernReturnError) as caught:
            getattr(unprivileged, routine)(*arguments)
        assert caught.value.code == INVALID_HOST, routine
    assert host.configuration() == before
    assert not host.interface().enabled


def test_a_name_that_means_nothing_is_no_destination(post, lib):
    stale = lib.embedded_port_allocate()
    lib.embedded_port_destroy(stale)
    for name in (0, 1, stale, stale + 1, 0xFFFFFF00, 0xFFFFFFFF):
        assert refused(post, BASELINE, remote=name) == INVALID_DEST


def test_a_destroyed_name_is_not_given_out_again_at_once(lib):
    names = []
    for _ in range(50):
        names.append(lib.embedded_port_allocate())
        lib.embedded_port_destroy(names[-1])
    assert len(set(names)) == 50


@pytest.mark.parametrize("bits", [0, 0x1500, 0x1510, 0x15FF, 0x1513 | 1 << 16, 0xFF13, 0x1013])
def test_a_header_with_impossible_dispositions_is_refused(post, bits):
    assert refused(post, BASELINE, bits=bits) == INVALID_HEADER


def test_a_right_that_the_sender_does_not_hold_is_refused(post, transport):
    assert refused(post, BASELINE, bits=0x1512) == INVALID_DEST  # no send-once right
    assert refused(post, BASELINE, bits=0x1514) == INVALID_DEST  # not the receiver
    assert refused(post, BASELINE, local=transport.ports["host"]) == INVALID_REPLY
    assert refused(post, BASELINE, local=12345) == INVALID_REPLY


def test_a_call_that_could_not_be_answered_is_refused(post):
    assert refused(post, BASELINE, bits=0x0013, local=0) == INVALID_REPLY


@pytest.mark.parametrize("size", [0, 1, 23, 31])
def test_less_than_a_header_is_no_message(transport, size):
    with pytest.raises(KernReturnError) as caught:
        transport.call(Message(bytes(size)), 5)
    assert caught.value.code == MSG_TOO_SMALL


def test_a_complex_body_that_does_not_hold_what_it_says_is_refused(post):
    bits = COMPLEX | 0x1513
    long_array = post.integer(0, number=1000)
    for body, code in (
        (long_array, MSG_TOO_SMALL),
        (long_array[:4], MSG_TOO_SMALL),
        (post.integer(0, number=0xFFFFFFFF if post.abi.wide else 0xFFF), MSG_TOO_SMALL),
    ):
        assert refused(post, BASELINE, body, bits=bits) == code


def test_rights_in_a_body_must_be_the_senders(post, lib):
    bits, port_bits = COMPLEX | 0x1513, 64 if post.abi.wide else 32
    for name in (999, 0xFFFFFFFF, post.transport.ports["host"]):
        body = post.integer(name, name=21, bits=port_bits)
        assert refused(post, ALERTS, body, bits=bits) == INVALID_RIGHT
    mine = lib.embedded_port_allocate()
    body = post.integer(mine, name=21, bits=port_bits)
    assert post.answer(ALERTS, body, bits=bits)[2] == 0
    lib.embedded_port_destroy(mine)


def test_a_right_sent_with_a_refused_request_comes_back_to_its_port(post, lib):
    mine = lib.embedded_port_allocate()
    body = post.integer(mine, name=21, bits=64 if post.abi.wide else 32)
    post.call(ALERTS, body, bits=COMPLEX | 0x1513, port="host")
    note = _embedded.ffi.new("uint32_t[16]")
    assert lib.embedded_receive(mine, note, 64, 1000) == 0
    assert note[(post.abi.header_size // 4) - 1] == 71
    lib.embedded_port_destroy(mine)


def test_out_of_line_memory_from_nowhere_is_refused(post):
    body = bytearray(post.integer(0, number=16))
    body[3] &= ~(0x20 if post.abi.wide else 0x10)
    if not post.abi.wide:
        body += bytes(4)
    assert refused(post, GET_INFO, bytes(body), bits=COMPLEX | 0x1513) == INVALID_MEMORY


def test_a_pointer_to_no_memory_at_all_is_not_followed(post):
    body = bytearray(post.integer(0xDEADBEEF, number=0))
    body[3] &= ~(0x20 if post.abi.wide else 0x10)
    assert post.answer(GET_INFO, bytes(body), bits=COMPLEX | 0x1513)[2] == BAD_ARGUMENTS


def test_one_message_cannot_move_a_right_twice(post, lib):
    mine = lib.embedded_port_allocate()
    code = lib.embedded_send(
        post.request(1, remote=mine, local=mine, bits=0x1111), post.abi.header_size
    )
    assert code == 0
    assert lib.embedded_send(post.request(1, remote=mine), post.abi.header_size) == INVALID_DEST
    lib.embedded_port_destroy(mine)


@pytest.mark.parametrize("label", ["host", "host-priv", "workload"])
def test_nobody_can_move_an_offered_port_away_from_the_others(post, label):
    sleep = 4905, post.integer(0)
    for _ in range(3):
        answer = post.answer(*sleep, port=label, bits=0x1511)
        assert answer[2] == (0 if label == "workload" else BAD_ID)


def test_every_request_is_counted_by_the_host(host):
    before = host.rpc.perf_get_system_stats().requests
    for _ in range(10):
        host.interface()
    with pytest.raises(KernReturnError):
        host.configure(sample_rate=7, buffer_size=8192)
    assert host.rpc.perf_get_system_stats().requests == before + 12


def test_a_call_that_takes_too_long_times_out_and_its_answer_goes_nowhere(host):
    hasty = PerfWorkload(host.port("workload"), timeout=0.02)
    with pytest.raises(CallTimeout, match="embedded:"):
        hasty.workload_sleep(100)
    patient = PerfWorkload(host.port("workload"), timeout=5)
    assert patient.workload_memory(3, 1) == 3


def test_a_full_queue_times_out_the_sender(post, lib):
    mine = lib.embedded_port_allocate()
    message = post.request(1, remote=mine, local=0, bits=0x13)
    codes = [lib.embedded_call(post.request(1, remote=mine), post.abi.header_size, b"", 0, 1)]
    codes += [lib.embedded_send(message, len(message)) for _ in range(4)]
    assert codes == [0x10004003, 0, 0, 0, 0]
    full = lib.embedded_call(post.request(1, remote=mine), post.abi.header_size, b"", 0, 1)
    assert full == 0x10000004
    lib.embedded_port_destroy(mine)


def test_askers_that_do_not_wait_cost_the_server_no_name(host, post, lib):
    sleep = post.request(4905, post.integer(0), port="workload")
    for _ in range(10000):
        assert lib.embedded_call(sleep, len(sleep), b"", 0, 0) in (
            0x10004003,
            0x10004004,
            0x10000004,
        )
    assert host.workload.workload_sleep(0) == 1


def test_calls_do_not_use_up_names(host):
    for _ in range(5000):
        host.interface()
    assert host.names(0)
