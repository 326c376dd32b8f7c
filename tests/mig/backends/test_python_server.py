# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated servers: every routine called through its client, and every request damaged."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mig.backends.python_plan import MessagePlan, Place, plan_message, user_reply_port
from mig.backends.python_text import class_name, variable_name
from mig.rpc.abi import ABIS, Abi
from mig.rpc.delivery import deliver
from mig.rpc.errors import KernInvalidArgument, KernNoSpace, MigNoReply
from mig.rpc.message import BITS_COMPLEX, Message, walk_descriptors
from mig.rpc.port import Port
from mig.rpc.server import Demultiplexer, Server
from mig.rpc.transports.loopback import Loopback
from tests.mig.backends.exchanges import LOCAL, REMOTE, Exchange, every_routine, plain

FILES = (
    "gnu_mig_wire.defs",
    "python_forms.defs",
    "include/mach/perf_monitor.defs",
    "include/mach/perf_alert.defs",
    "csrc/workload/perf_workload.defs",
)
each_routine = pytest.mark.parametrize(("file", "routine"), every_routine(*FILES))
each_abi = pytest.mark.parametrize("abi", ABIS.values(), ids=lambda abi: abi.name)
REPLY_PORT = 0x55
MIG_BAD_ARGUMENTS = -304


class Double:
    """A server that keeps what it was asked, and answers as told."""

    def __init__(self, package: Any) -> None:
        name = class_name(package.models["i386"].name) + "Server"
        base = getattr(package.server, name)
        self.asked: list[tuple[str, tuple[Any, ...]]] = []
        self.answer: Any = None
        methods = {
            entry.method or entry.name: self._method(entry.name)
            for entry in base._routines.values()
        }
        self.server: Server = type("Double", (base,), methods)()

    def _method(self, name: str) -> Any:
        def method(_: Server, *arguments: Any) -> Any:
            self.asked.append((name, arguments))
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        return method


def answer_of(given: list[Any], options: dict[str, Any]) -> Any:
    """What a method returns to answer with these arguments of the reply's encoder."""
    values = [*given, *options.values()]
    return values[0] if len(values) == 1 else tuple(values) or None


@each_abi
@each_routine
def test_arguments_and_results_come_through(
    python_package: Any, abi: Abi, file: str, routine: str
) -> None:
    package = python_package(file)
    double = Double(package)
    transport = Loopback(Demultiplexer(abi, double.server), {"host": REMOTE})
    client = getattr(package.module, class_name(package.models[abi.name].name))
    method = getattr(client(Port(transport, REMOTE)), variable_name(routine, ("port", "timeout")))
    request = Exchange(package, abi.name, routine, "request")
    reply = request.routine.reply and Exchange(package, abi.name, routine, "reply")

    @settings(max_examples=10, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        given_, options, expected = request.draw(data)
        results = ([], {}, []) if reply is None else reply.draw(data)
        double.answer = answer_of(*results[:2])
        double.asked.clear()
        ports = [REPLY_PORT] if user_reply_port(request.routine) else []
        found = method(*ports, *given_, **options)
        ((called, arguments),) = double.asked
        assert called == routine
        assert plain(arguments[len(arguments) - len(expected) :]) == plain(expected)
        if len(results[2]) == 1:
            found = (found,)
        assert plain(found or ()) == plain(results[2])

    check()


@each_abi
@each_routine
def test_a_code_that_is_raised_reaches_the_caller(
    python_package: Any, abi: Abi, file: str, routine: str
) -> None:
    package = python_package(file)
    double, demultiplexer, request = subject(package, abi, routine)

    @settings(max_examples=1, deadline=None, database=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        message = request.message(*request.draw(data)[:2])
        double.answer = KernNoSpace()
        reply = demultiplexer.handle(deliver(abi, message))
        if request.routine.simple and not user_reply_port(request.routine):
            # A simpleroutine has no port to reply to; exchanges hand one over all the same.
            assert reply is None or return_code(abi, reply) == KernNoSpace.code
        else:
            assert reply is not None
            assert return_code(abi, reply) == KernNoSpace.code
        double.answer = MigNoReply()
        assert demultiplexer.handle(deliver(abi, message)) is None

    check()


def subject(package: Any, abi: Abi, routine: str) -> tuple[Double, Demultiplexer, Exchange]:
    double = Double(package)
    return (
        double,
        Demultiplexer(abi, double.server),
        Exchange(package, abi.name, routine, "request"),
    )


RETURN_CODE = {"i386": "02200110", "x86_64": "0220002001000000"}


def return_code(abi: Abi, reply: Message) -> int:
    """The return code of an error reply, of which nothing else is left open."""
    data, regions = reply.data, reply.out_of_line
    bits, size, remote, local, seqno, _ = abi.header.unpack_from(data)
    descriptor = bytes.fromhex(RETURN_CODE[abi.name])
    code = data[abi.header_size + len(descriptor) :]
    assert (size, local, seqno, regions) == (len(data), 0, 0, ())
    assert bits < 0x100
    assert remote != 0
    assert len(data) == abi.error_reply_size
    assert data[abi.header_size :].startswith(descriptor)
    assert not any(code[4:])
    return int.from_bytes(code[:4], "little", signed=True)


@each_abi
@each_routine
def test_a_damaged_request_is_refused_or_harmless(
    python_package: Any, abi: Abi, file: str, routine: str, caplog: pytest.LogCaptureFixture
) -> None:
    package = python_package(file)
    double, demultiplexer, request = subject(package, abi, routine)
    double.answer = KernInvalidArgument()
    model = package.models[abi.name]
    plan = plan_message(model.abi, request.routine, request.routine.request, sent=False)

    @settings(
        max_examples=3,
        deadline=None,
        suppress_health_check=[HealthCheck.large_base_example, HealthCheck.data_too_large],
    )
    @given(st.data())
    def check(data: st.DataObject) -> None:
        whole = deliver(abi, request.message(*request.draw(data)[:2]))
        for message, must_refuse in mutations(abi, plan, whole):
            double.asked.clear()
            reply = demultiplexer.handle(message)
            codes = set() if double.asked else {MIG_BAD_ARGUMENTS, -303}
            codes |= {KernInvalidArgument.code} if double.asked else set()
            assert reply is None or return_code(abi, reply) in codes
            assert not (must_refuse and double.asked), message

    with caplog.at_level(logging.WARNING):
        check()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def mutations(abi: Abi, plan: MessagePlan, whole: Message) -> Iterator[tuple[Message, bool]]:
    """Messages with one thing wrong, and whether that must be refused."""
    data, regions = whole.data, whole.out_of_line
    fixed = fixed_bits(abi, plan, whole)
    # Any bit; of long messages the descriptors' and some of the data's.
    for bit in range(8 * len(data)):
        if bit in fixed or bit < 8 * abi.header_size or bit % 13 == 0 or len(data) < 200:
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << bit % 8
            yield Message(bytes(flipped), regions), bit in fixed
    # The end of the message, with and without the size that goes with it.
    for length in {*range(abi.header_size, len(data), 4), len(data) - 1}:
        yield Message(data[:length], regions), True
        yield Message(sized(data[:length]), regions), True
    for extra in (1, 4, 8, 64, 4096):
        yield Message(data + bytes(extra), regions), True
        yield Message(sized(data + bytes(extra)), regions), True
    # Counts beyond all that fits, and of memory that is not there.
    for part, descriptor in zip(plan.parts, walk_descriptors(abi, data), strict=True):
        long = abi.wide or descriptor.longform
        at = descriptor.data - 4 if long else descriptor.offset + 2
        for large in (descriptor.number + 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x40000001):
            count = large if long else large & 0xFFF
            counted = bytearray(data)
            if long:
                counted[at : at + 4] = count.to_bytes(4, "little")
            else:
                high = counted[at + 1] & 0xF0
                counted[at : at + 2] = (count | high << 8).to_bytes(2, "little")
            # A few small items more may be the padding, and fewer of them leave more of it.
            hides = part.place in (Place.VARIABLE, Place.INDEFINITE) and descriptor.inline
            wrong = count > descriptor.number + abi.pointer if hides else count != descriptor.number
            yield Message(bytes(counted), regions), wrong
    yield Message(data, (*regions, b"")), any(part.out_of_line for part in plan.parts)
    for index in range(len(regions)):
        yield Message(data, regions[:index] + regions[index + 1 :]), True
        longer = bytes(regions[index]) + b"\0"
        yield Message(data, (*regions[:index], longer, *regions[index + 1 :])), True


def sized(data: bytes) -> bytes:
    return data[:4] + len(data).to_bytes(4, "little") + data[8:]


def fixed_bits(abi: Abi, plan: MessagePlan, whole: Message) -> set[int]:
    """The bits of a message that its receiver must insist on."""
    fixed = {BITS_COMPLEX.bit_length() - 1, *range(32, 64)}
    for part, descriptor in zip(plan.parts, walk_descriptors(abi, whole.data), strict=True):
        start = 8 * descriptor.offset
        bits = set(range(start, 8 * descriptor.data))
        separate = descriptor.longform and not abi.wide
        if part.polymorphic:
            bits -= set(range(start + 32 * separate, start + 32 * separate + 8))
        if not descriptor.inline:
            bits.remove(start + abi.inline_shift + 2)
        if part.place is not Place.FIXED:
            number = {(False, False): range(16, 28), (False, True): range(64, 96)}
            found = range(32, 64) if abi.wide else number[abi.wide, separate]
            bits -= {start + bit for bit in found}
        fixed |= bits
    return fixed


@each_abi
@each_routine
def test_padding_means_nothing(python_package: Any, abi: Abi, file: str, routine: str) -> None:
    package = python_package(file)
    double, demultiplexer, request = subject(package, abi, routine)
    double.answer = KernInvalidArgument()

    @settings(max_examples=5, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        whole = deliver(abi, request.message(*request.draw(data)[:2]))
        dirty = bytearray(whole.data)
        descriptors = list(walk_descriptors(abi, whole.data))
        starts = [*(descriptor.offset for descriptor in descriptors), len(dirty)]
        for descriptor, end in zip(descriptors, starts[1:], strict=True):
            if descriptor.inline:
                start = descriptor.data + descriptor.length
                dirty[start:end] = b"\xaa" * (end - start)
        demultiplexer.handle(whole)
        demultiplexer.handle(Message(bytes(dirty), whole.out_of_line))
        clean, same = double.asked[-2:]
        assert plain(clean[1]) == plain(same[1])

    check()


def test_a_server_that_leaves_a_routine_out_cannot_be_made(python_package: Any) -> None:
    with pytest.raises(TypeError, match="abstract method"):
        python_package("gnu_mig_wire.defs").server.WireServer()


@each_abi
def test_a_method_gets_what_the_header_says(python_package: Any, abi: Abi) -> None:
    package = python_package("python_forms.defs")
    double, demultiplexer, request = subject(package, abi, "f_headers")
    double.answer = 9
    message = request.encode(REMOTE, LOCAL, 3, port_poly=17)
    seqno = 16 if not abi.wide else 24
    data = message.data[:seqno] + (7).to_bytes(4, "little") + message.data[seqno + 4 :]
    reply = demultiplexer.handle(deliver(abi, Message(data)))
    assert double.asked == [("f_headers", (REMOTE, 17, LOCAL, 18, 7, 3))]
    assert reply is not None
    decode = package.codec(abi.name).decode_f_headers_reply
    assert decode(deliver(abi, reply)) == 9


@each_abi
def test_results_that_do_not_fit_are_the_servers_failure(
    python_package: Any, abi: Abi, caplog: pytest.LogCaptureFixture
) -> None:
    double, demultiplexer, request = subject(python_package("gnu_mig_wire.defs"), abi, "r_var")
    message = deliver(abi, request.encode(REMOTE, LOCAL, (1, 2), 3))
    for wrong in (
        (range(11), 4),
        ("x", 4),
        ((1,), 1 << 40),
        5,
        None,
        (1, 2, 3),
        ZeroDivisionError(),
    ):
        double.answer = wrong
        caplog.clear()
        reply = demultiplexer.handle(message)
        assert reply is not None
        assert return_code(abi, reply) == 5
        assert "r_var of Double failed" in caplog.text
