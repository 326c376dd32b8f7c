# SPDX-License-Identifier: GPL-2.0-or-later
"""What a message costs in Python: the generated code, struct by hand, ctypes and construct.

One request with two numbers, one reply with a structure of ten, and 4096 samples out of line;
every reader ends with the same values in a Python object.  From the project's directory:

    python -m benchmarks.marshalling
"""

from __future__ import annotations

import ctypes
import timeit
from collections.abc import Callable, Iterator
from struct import Struct
from types import ModuleType

from benchmarks.echo import Echo
from benchmarks.figures import Figure, grouped, table
from mig.rpc.abi import I386, X86_64, Abi
from mig.rpc.delivery import deliver
from mig.rpc.message import Message
from mig.rpc.port import Port
from perfmon._generated.perf_monitor import PerfEventStats, PerfMonitor, PerfSample, i386, x86_64

CALLS = 5_000
SLOW_CALLS = 200
ROUNDS = 9
SAMPLES = 4096

_HEADER = ("bits", "size", "remote", "local", "seqno", "id")


def measure() -> Iterator[Figure]:
    """Yield nanoseconds of a message, for both ABIs."""
    for abi, codec in ((I386, i386), (X86_64, x86_64)):
        yield from _of_abi(abi, codec)
    yield from _beside_others()


def _of_abi(abi: Abi, codec: ModuleType) -> Iterator[Figure]:
    answer = deliver(abi, codec.encode_perf_check_regression_reply(1, True))
    host = PerfMonitor(Port.offered(Echo(abi, answer), "host"))
    words = deliver(abi, codec.encode_perf_get_info_reply(1, tuple(range(10))))
    batch = [PerfSample(*range(9))] * SAMPLES
    samples = deliver(abi, codec.encode_perf_read_samples_reply(1, batch, 5, 6))
    array = codec.decode_perf_read_samples_reply(samples).samples
    cases: dict[str, tuple[Callable[[], object], int, int, str]] = {
        "a whole call without a transport": (
            lambda: host.perf_check_regression(3, 4), CALLS, 1, "1,000 ns",
        ),
        "a reply with an array of 10": (
            lambda: codec.decode_perf_get_info_reply(words), CALLS, 1, "",
        ),
        f"a reply with {SAMPLES} samples": (
            lambda: codec.decode_perf_read_samples_reply(samples), CALLS, 1, "",
        ),
        "a sample, iterated": (lambda: sum(1 for _ in array), 5, SAMPLES, ""),
    }  # fmt: skip
    for subject, (function, calls, per, target) in cases.items():
        values = tuple(
            seconds / calls / per * 1e9
            for seconds in timeit.repeat(function, number=calls, repeat=ROUNDS)
        )
        yield Figure(f"messages in Python, {abi.name}", subject, "mig", "ns", values, target)


def _beside_others() -> Iterator[Figure]:
    """The same two messages of x86_64 with what Python has for it."""
    data = deliver(
        X86_64, x86_64.encode_perf_get_event_stats_reply(1, PerfEventStats(*range(10)))
    ).data
    readers = {"mig": _mig_reader(data), "struct, by hand": _struct_reader(data)}
    readers |= {"ctypes": _ctypes_reader(data), "construct": _construct_reader(data)}
    writers = {"mig": _mig_writer(), "struct, by hand": _struct_writer()}
    writers |= {"ctypes": _ctypes_writer(), "construct": _construct_writer()}
    expected = tuple(range(10))
    assert all(tuple(read()) == expected for read in readers.values())
    request = writers["mig"]()
    assert all(write() == request for write in writers.values())
    for subject, functions in (
        ("a reply with a structure of 10, read", readers),
        ("a request with 2 numbers, written", writers),
    ):
        rows = []
        for _ in range(ROUNDS):
            for who, function in functions.items():
                calls = SLOW_CALLS if who == "construct" else CALLS
                rows.append((who, timeit.timeit(function, number=calls) / calls * 1e9))
        for who, values in grouped(rows).items():
            yield Figure("messages in Python, beside others", subject, who, "ns", values)


Reader = Callable[[], tuple[int, ...]]
Writer = Callable[[], bytes]

# x86_64: header, return code with its descriptor, padding, descriptor of the structure, ten words.
_REPLY = Struct("<IIQQiiIIi4xII10Q")
_REQUEST = Struct("<IIQQiiIII4xIII4x")
_REQUEST_WORDS = (0x1513, 64, 1, 2, 0, 2082, 0x20002002, 1, 3, 0x20002002, 1, 4)


def _mig_reader(data: bytes) -> Reader:
    message = Message(data)
    return lambda: x86_64.decode_perf_get_event_stats_reply(message)


def _mig_writer() -> Writer:
    return lambda: x86_64.encode_perf_check_regression_request(1, 2, 3, 4).data


def _struct_reader(data: bytes) -> Reader:
    def read() -> tuple[int, ...]:
        fields = _REPLY.unpack(data)
        if fields[5] != 2176 or fields[1] != len(data) or fields[8]:
            raise ValueError(fields)
        return PerfEventStats(*fields[11:])

    return read


def _struct_writer() -> Writer:
    def write() -> bytes:
        return _REQUEST.pack(
            0x1513, _REQUEST.size, 1, 2, 0, 2082, 0x20002002, 1, 3, 0x20002002, 1, 4
        )

    return write


def _ctypes_reader(data: bytes) -> Reader:
    reply = _ctypes_structure(
        "Reply", "IIQQiiIIi", [("pad", ctypes.c_uint32), ("word", ctypes.c_uint32 * 2)],
        [("stats", ctypes.c_uint64 * 10)],
    )  # fmt: skip

    def read() -> tuple[int, ...]:
        message = reply.from_buffer_copy(data)
        if message.f5 != 2176 or message.f1 != len(data) or message.f8:
            raise ValueError
        return PerfEventStats(*message.stats)

    return read


def _ctypes_writer() -> Writer:
    request = _ctypes_structure(
        "Request", "IIQQiiIII", [("pad", ctypes.c_uint32)],
        [(f"g{index}", ctypes.c_uint32) for index in range(3)], [("tail", ctypes.c_uint32)],
    )  # fmt: skip

    def write() -> bytes:
        *first, descriptor, number, value = _REQUEST_WORDS
        return bytes(request(*first, 0, descriptor, number, value, 0))

    return write


def _ctypes_structure(
    name: str, words: str, *groups: list[tuple[str, type]]
) -> type[ctypes.LittleEndianStructure]:
    kinds = {"I": ctypes.c_uint32, "Q": ctypes.c_uint64, "i": ctypes.c_int32}
    fields: list[tuple[str, type]] = [(f"f{i}", kinds[word]) for i, word in enumerate(words)]
    for group in groups:
        fields += group
    return type(name, (ctypes.LittleEndianStructure,), {"_pack_": 1, "_fields_": fields})


def _construct_reader(data: bytes) -> Reader:
    import construct as c

    message = c.Struct(
        *_construct_header(), "code" / c.Int32sl, c.Padding(4),
        "descriptor" / c.Int32ul[2], "stats" / c.Int64ul[10],
    )  # fmt: skip

    def read() -> tuple[int, ...]:
        fields = message.parse(data)
        if fields.id != 2176 or fields.size != len(data) or fields.code:
            raise ValueError
        return PerfEventStats(*fields.stats)

    return read


def _construct_writer() -> Writer:
    import construct as c

    message = c.Struct(
        *_construct_header(), "first" / c.Int32ul, c.Padding(4),
        "descriptor2" / c.Int32ul[2], "second" / c.Int32ul, c.Padding(4),
    )  # fmt: skip
    names = (*_HEADER, "descriptor", "first", "descriptor2", "second")
    values = (*_REQUEST_WORDS[:6], [0x20002002, 1], 3, [0x20002002, 1], 4)
    return lambda: message.build(dict(zip(names, values, strict=True)))


def _construct_header() -> list[object]:
    import construct as c

    kinds = (c.Int32ul, c.Int32ul, c.Int64ul, c.Int64ul, c.Int32sl, c.Int32sl)
    fields = [name / kind for name, kind in zip(_HEADER, kinds, strict=True)]
    return [*fields, "descriptor" / c.Int32ul[2]]


if __name__ == "__main__":
    print(table(list(measure())))
