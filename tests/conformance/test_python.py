# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated Python as a third implementation: it reads what C stubs wrote, and writes it again
byte for byte.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from mig.rpc.errors import KernReturnError, MachError
from mig.rpc.message import Message
from tests.conformance.loopback import PATTERN, ZERO, Record
from tests.conformance.python_side import (
    Call,
    as_sent,
    build_package,
    codec,
    expected,
    is_transports_reply_port,
    ports,
    unsigned,
    values_by_name,
)
from tests.conformance.shapes import Argument, Role
from tests.conformance.subjects import SUBJECTS, Subject
from tests.conformance.vectors import SUCCESS, Datum, Vector
from tests.conformance.workshop import Bench


@pytest.fixture(scope="module", params=SUBJECTS, ids=str)
def subject(request: pytest.FixtureRequest) -> Subject:
    param: Subject = request.param
    return param


@pytest.fixture(scope="module")
def package(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> str:
    return build_package(subject, tmp_path_factory.mktemp("python"))


def find(records: list[Record], tag: str) -> Message | None:
    """A message of the records with the memory it carries."""
    tags = [each for each, _ in records]
    if tag not in tags:
        return None
    at = tags.index(tag)
    regions = []
    for each, body in records[at + 1 :]:
        if each != "O":
            break
        regions.append(body)
    return Message(records[at][1], tuple(regions))


def check_values(
    arguments: list[Argument], values: dict[str, Any], given: Mapping[str, Datum]
) -> None:
    """Check the values that were decoded."""
    for argument in arguments:
        name = argument.name
        assert unsigned(argument, values[name]) == expected(argument, given[name]), name


def hidden(message: bytes, other: bytes) -> bytes:
    return bytes(0xFF if a != b else 0 for a, b in zip(message, other, strict=True))


def check_bytes(written: Message, zero: Message, pattern: Message) -> None:
    """Python's message is the C stub's, and zero where that wrote nothing."""
    assert [bytes(region) for region in written.out_of_line] == list(zero.out_of_line)
    mask = hidden(zero.data, pattern.data)
    wanted = bytes(byte & ~bits for byte, bits in zip(zero.data, mask, strict=True))
    assert written.data.hex(" ", 4) == wanted.hex(" ", 4)


def test_python_reads_and_writes_the_requests_of_c_clients(bench: Bench, package: str) -> None:
    module = codec(package, bench.target)
    server = bench.servers[-1]
    runs = (bench.run("gnu", server, fill) for fill in (ZERO, PATTERN))
    for vector, zero, pattern in zip(bench.vectors, *runs, strict=True):
        if not is_transports_reply_port(vector):
            continue
        try:
            _check_request(module, vector, zero, pattern)
        except (AssertionError, MachError, TypeError) as error:
            raise AssertionError(f"{bench}: {vector}: {error!r}") from error


def _check_request(module: Any, vector: Vector, zero: list[Record], pattern: list[Record]) -> None:
    call = Call(module, vector.routine.name, "request")
    received, sent, other = find(zero, "V"), find(zero, "Q"), find(pattern, "Q")
    assert received and sent and other
    values = values_by_name(call, vector, call.decode(received))
    carried = [a for a in vector.routine.arguments if a.role is Role.DATA and a.sent]
    check_values(carried, values, vector.arguments)
    written = call.encode(*ports(vector), values=as_sent(call, vector, values))
    check_bytes(written, sent, other)


def test_python_reads_and_writes_the_replies_of_c_servers(bench: Bench, package: str) -> None:
    module = codec(package, bench.target)
    server = bench.servers[-1]
    runs = (bench.run("gnu", server, fill) for fill in (ZERO, PATTERN))
    for vector, zero, pattern in zip(bench.vectors, *runs, strict=True):
        replies = not vector.routine.simple and find(zero, "W") is not None
        if not replies or not is_transports_reply_port(vector):
            continue
        try:
            _check_reply(module, vector, zero, pattern)
        except (AssertionError, MachError, TypeError) as error:
            raise AssertionError(f"{bench}: {vector}: {error!r}") from error


def _check_reply(module: Any, vector: Vector, zero: list[Record], pattern: list[Record]) -> None:
    call = Call(module, vector.routine.name, "reply")
    received, sent, other = find(zero, "W"), find(zero, "P"), find(pattern, "P")
    assert received and sent and other
    if vector.code != SUCCESS:
        with pytest.raises(KernReturnError) as caught:
            call.decode(received)
        assert caught.value.code == vector.code
        return
    values = values_by_name(call, vector, call.decode(received))
    check_values([a for a in vector.routine.arguments if a.returned], values, vector.results)
    written = call.encode(ports(vector)[1], values=as_sent(call, vector, values))
    check_bytes(written, sent, other)
