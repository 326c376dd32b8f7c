# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever is passed and returned: clients and servers of both compilers and Python's, each with
each, through calls that hypothesis makes up.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mig.rpc.abi import ABIS
from mig.rpc.server import Demultiplexer
from tests.conformance import loopback
from tests.conformance.arguments import vectors_of
from tests.conformance.loopback import ZERO, Record
from tests.conformance.python_peers import (
    Part,
    Script,
    ToPython,
    ToRunner,
    call,
    scripted_server,
    serve_c_client,
)
from tests.conformance.python_side import build_package, ports
from tests.conformance.subjects import SUBJECTS, Subject
from tests.conformance.test_interoperation import message, only
from tests.conformance.test_python import (
    check_called,
    check_returned,
    passes,
    vectors_in_python,
)
from tests.conformance.vectors import (
    Vector,
    agreed,
    client_input,
    client_record,
    server_input,
    server_record,
)
from tests.conformance.workshop import Bench

EXAMPLES = 5
"""Each is a call of every routine of an interface."""


@pytest.fixture(scope="module", params=SUBJECTS, ids=str)
def subject(request: pytest.FixtureRequest) -> Subject:
    param: Subject = request.param
    return param


@pytest.fixture(scope="module")
def package(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> str:
    return build_package(subject, tmp_path_factory.mktemp("drawn"))


def calls_of(bench: Bench) -> st.SearchStrategy[tuple[Vector, ...]]:
    """A call of each routine."""
    served = {routine.number: routine for routine in bench.server.routines}
    return st.tuples(
        *(vectors_of(agreed(each, served[each.number])) for each in bench.client.routines)
    )


def test_the_same_values_arrive_whatever_they_are(bench: Bench, package: str) -> None:
    """In one example every pair makes the same calls, so that bytes can be compared."""

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(calls_of(bench))
    def check(table: tuple[Vector, ...]) -> None:
        runs = {pair: bench.through(*pair, ZERO, table) for pair in bench.pairs}
        model = runs[bench.reference]
        for pair, run in runs.items():
            check_c(bench, table, pair, run, model)
        parts = vectors_in_python(bench, package, table, model)
        check_python_servers(bench, package, parts)
        check_python_clients(bench, package, parts)

    check()


def check_c(
    bench: Bench,
    table: tuple[Vector, ...],
    pair: tuple[str, str],
    run: list[list[Record]],
    model: list[list[Record]],
) -> None:
    for vector, records, expected in zip(table, run, model, strict=True):
        who = f"{vector}: {pair[0]} client, {pair[1]} server"
        assert only(records, "A") == server_record(bench.as_served(vector)), who
        assert only(records, "R") == client_record(vector), who
        assert message(records, "Q") == message(expected, "Q"), who
        assert message(records, "P") == message(expected, "P"), who


def check_python_servers(bench: Bench, package: str, parts: list[Part]) -> None:
    operations = [
        loopback.operation(loopback.CALL, each.vector.routine.index, client_input(each.vector), b"")
        for each in parts
    ]
    for client in bench.clients:
        records, script = serve_c_client(
            bench.target,
            bench.workshop.runner(bench.target),
            bench.workshop.relay(bench.target),
            bench.sides[client, "client", ZERO],
            list(zip(operations, parts, strict=True)),
            package,
        )
        for index, (part, answer) in enumerate(zip(parts, records, strict=True)):
            check_called(package, bench, part.vector, script, index)
            who = f"{part.vector}: {client} client, Python server"
            assert only(answer, "R") == client_record(part.vector), who


def check_python_clients(bench: Bench, package: str, parts: list[Part]) -> None:
    script = Script()
    near = ToPython(Demultiplexer(ABIS[bench.target.abi], scripted_server(package, script)))
    can_pass = [part for part in parts if passes(part.vector)]
    for part in can_pass:
        script.part = part
        returned = call(package, near, part, *ports(part.vector))
        check_called(package, bench, part.vector, script, -1)
        check_returned(package, bench, part.vector, returned)
    for server in bench.servers:
        with ToRunner(
            bench.target,
            bench.workshop.runner(bench.target),
            bench.sides["ours", "client", ZERO],
            bench.sides[server, "server", ZERO],
        ) as way:
            for part in can_pass:
                served = bench.as_served(part.vector)
                way.results = server_input(served)
                returned = call(package, way, part, *ports(part.vector))
                assert only(way.records, "A") == server_record(served), part.vector
                check_returned(package, bench, part.vector, returned)
