# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated Python as a third implementation: its clients before C servers, its servers behind C
clients, and both before each other, through the vectors that the C stubs go through.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from mig.rpc.abi import ABIS
from mig.rpc.errors import KernReturnError, MachError
from mig.rpc.message import Message
from mig.rpc.server import Demultiplexer
from tests.conformance import loopback
from tests.conformance.loopback import PATTERN, ZERO, Record
from tests.conformance.python_peers import (
    Part,
    Script,
    ToPython,
    ToRunner,
    call,
    find,
    given,
    scripted_server,
    serve_c_client,
)
from tests.conformance.python_side import (
    Call,
    build_package,
    codec,
    expected,
    is_transports_reply_port,
    ports,
    unsigned,
    values_by_name,
)
from tests.conformance.shapes import RECEIVED, Argument, Role
from tests.conformance.subjects import SUBJECTS, Subject
from tests.conformance.vectors import (
    SUCCESS,
    Datum,
    Vector,
    client_input,
    client_record,
    server_input,
    server_record,
)
from tests.conformance.workshop import Bench

MAKE_SEND_ONCE = 21


@pytest.fixture(scope="module", params=SUBJECTS, ids=str)
def subject(request: pytest.FixtureRequest) -> Subject:
    param: Subject = request.param
    return param


@pytest.fixture(scope="module")
def package(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> str:
    return build_package(subject, tmp_path_factory.mktemp("python"))


@pytest.fixture
def parts(bench: Bench, package: str) -> list[Part]:
    runs = bench.run(*bench.reference, ZERO)
    return vectors_in_python(bench, package, bench.vectors, runs)


# Values.


def vectors_in_python(
    bench: Bench, package: str, vectors: Sequence[Vector], runs: Iterable[Sequence[Record]]
) -> list[Part]:
    """What Python makes of the messages of C stubs, which is what it is to pass and to return."""
    module = codec(package, bench.target)
    return [_part(module, vector, records) for vector, records in zip(vectors, runs, strict=True)]


def _part(module: Any, vector: Vector, records: Sequence[Record]) -> Part:
    name = vector.routine.name
    request, reply = find(records, "V"), find(records, "W")
    assert request is not None
    reads = Call(module, name, "request")
    arguments = values_by_name(reads, vector, reads.decode(request))
    check_values(carried(vector), arguments, vector.arguments)
    results: dict[str, Any] = {}
    if reply is not None and vector.code == SUCCESS:
        reads = Call(module, name, "reply")
        results = values_by_name(reads, vector, reads.decode(reply))
        check_results(vector, results)
    return Part(vector, given(vector.arguments, arguments), given(vector.results, results))


def carried(vector: Vector) -> list[Argument]:
    """The arguments that a request has data of."""
    return [a for a in vector.routine.arguments if a.role is Role.DATA and a.sent]


def check_values(
    arguments: Iterable[Argument], values: Mapping[str, Any], expectation: Mapping[str, Datum]
) -> None:
    """Check values in Python against those of a vector, as their receiver sees them."""
    for argument in arguments:
        name = argument.name
        assert unsigned(argument, values[name]) == expected(argument, expectation[name]), name
        if f"{name}_poly" in values:
            assert values[f"{name}_poly"] == RECEIVED[expectation[name].right], name


def check_results(vector: Vector, results: Mapping[str, Any]) -> None:
    check_values([a for a in vector.routine.arguments if a.returned], results, vector.results)


def check_returned(package: str, bench: Bench, vector: Vector, returned: Any) -> None:
    """Check what a generated client's method came to."""
    if vector.routine.simple:
        assert returned is None
        return
    if vector.code != SUCCESS:
        assert isinstance(returned, KernReturnError)
        assert returned.code == vector.code
        assert returned.routine == vector.routine.name
        return
    assert not isinstance(returned, Exception), returned
    reads = Call(codec(package, bench.target), vector.routine.name, "reply")
    check_results(vector, values_by_name(reads, vector, returned))


def check_called(package: str, bench: Bench, vector: Vector, script: Script, index: int) -> None:
    """Check what a method of a server was called with."""
    name, header, values = script.calls[index]
    assert name == vector.routine.name
    reads = Call(codec(package, bench.target), name, "request")
    arguments = values_by_name(reads, vector, values)
    check_values(carried(vector), arguments, vector.arguments)
    for argument in vector.routine.arguments:
        if argument.counted:
            assert arguments[f"{argument.name}_count"] == vector.capacities[argument.name]
    fields = {"seqno": 0} | _ports_of(vector)
    assert header == {field: fields[field] for field in header}


def _ports_of(vector: Vector) -> dict[str, int]:
    """The ports that the header of a request names, as the server sees it."""
    port, reply = ports(vector)
    found = {"request_port": port, "reply_port": reply}
    for argument in vector.routine.arguments:
        if argument.role is Role.REQUEST_PORT:
            found["request_type"] = RECEIVED[vector.arguments[argument.name].right]
        if argument.role is Role.REPLY_PORT:
            sent = vector.arguments[argument.name].right if argument.user else MAKE_SEND_ONCE
            found["reply_type"] = RECEIVED[sent]
    return found


# Bytes.


def check_bytes(written: Message | None, zero: Message | None, pattern: Message | None) -> None:
    """Python's message is the C stub's, and zero where that wrote nothing."""
    assert written is not None
    assert zero is not None
    assert pattern is not None
    assert [bytes(region) for region in written.out_of_line] == list(zero.out_of_line)
    assert len(written.data) == len(zero.data)
    mask = bytes(0xFF if a != b else 0 for a, b in zip(zero.data, pattern.data, strict=True))
    wanted = bytes(byte & ~bits for byte, bits in zip(zero.data, mask, strict=True))
    assert written.data.hex(" ", 4) == wanted.hex(" ", 4)


def models(bench: Bench, tag: str) -> list[tuple[Message | None, Message | None]]:
    """The messages of the C stubs that are the reference, without and with what was not written."""
    runs = (bench.run(*bench.reference, fill) for fill in (ZERO, PATTERN))
    return [(find(zero, tag), find(pattern, tag)) for zero, pattern in zip(*runs, strict=True)]


# Who with whom.


def passes(vector: Vector) -> bool:
    """Whether a Python client can make the call, and whether it ends as a C client's does.

    Transports make a send-once right for each reply; and a client has room for all that comes.
    """
    return is_transports_reply_port(vector) and not vector.overflows


def test_python_clients_before_c_servers(bench: Bench, package: str, parts: list[Part]) -> None:
    for server in bench.servers:
        with ToRunner(
            bench.target,
            bench.workshop.runner(bench.target),
            bench.sides["ours", "client", ZERO],
            bench.sides[server, "server", ZERO],
        ) as way:
            for part, model in zip(parts, models(bench, "Q"), strict=True):
                if passes(part.vector):
                    _call_c_server(bench, package, way, part, model, server)


def _call_c_server(
    bench: Bench, package: str, way: ToRunner, part: Part, model: Any, server: str
) -> None:
    vector, served = part.vector, bench.as_served(part.vector)
    way.results = server_input(served)
    try:
        returned = call(package, way, part, *ports(vector))
        check_bytes(way.sent, *model)
        assert dict(way.records)["A"] == server_record(served)
        check_returned(package, bench, vector, returned)
    except (AssertionError, MachError, TypeError) as error:
        raise AssertionError(f"{bench}, {server} server: {vector}: {error!r}") from error


def test_c_clients_before_python_servers(bench: Bench, package: str, parts: list[Part]) -> None:
    for client in bench.clients:
        _serve(bench, package, parts, client)


def _serve(bench: Bench, package: str, parts: list[Part], client: str) -> None:
    operations = [
        loopback.operation(loopback.CALL, part.vector.routine.index, client_input(part.vector), b"")
        for part in parts
    ]
    records, script = serve_c_client(
        bench.target,
        bench.workshop.runner(bench.target),
        bench.workshop.relay(bench.target),
        bench.sides[client, "client", ZERO],
        list(zip(operations, parts, strict=True)),
        package,
    )
    for index, (part, answer, model) in enumerate(
        zip(parts, records, models(bench, "P"), strict=True)
    ):
        vector = part.vector
        try:
            check_called(package, bench, vector, script, index)
            assert dict(answer)["R"] == client_record(vector)
            if not vector.routine.simple:
                check_bytes(find(answer, "P"), *model)
        except AssertionError as error:
            raise AssertionError(f"{bench}, {client} client: {vector}: {error}") from error


def test_python_clients_before_python_servers(
    bench: Bench, package: str, parts: list[Part]
) -> None:
    script = Script()
    way = ToPython(Demultiplexer(ABIS[bench.target.abi], scripted_server(package, script)))
    for part, request, reply in zip(parts, models(bench, "Q"), models(bench, "P"), strict=True):
        if not passes(part.vector):
            continue
        script.part = part
        try:
            returned = call(package, way, part, *ports(part.vector))
            check_bytes(way.sent, *request)
            check_called(package, bench, part.vector, script, -1)
            check_returned(package, bench, part.vector, returned)
            if not part.vector.routine.simple:
                check_bytes(way.reply, *reply)
        except (AssertionError, MachError, TypeError) as error:
            raise AssertionError(f"{bench}: {part.vector}: {error!r}") from error
