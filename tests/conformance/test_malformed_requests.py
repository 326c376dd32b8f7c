# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers of ours under sanitizers: a malformed request gets an error reply and nothing else."""

import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import pytest

from mig.rpc.abi import ABIS, Abi
from mig.rpc.message import BITS_COMPLEX, Header, pack_header, unpack_header
from tests.conformance import loopback
from tests.conformance.checks import Check, separable
from tests.conformance.loopback import ZERO, Record, RunnerError
from tests.conformance.mutations import (
    MAX_REGIONS,
    Mutant,
    Request,
    Verdict,
    carried_there,
    mutants,
)
from tests.conformance.shapes import Form
from tests.conformance.subjects import BEYOND, IN_KERNEL, KITCHEN_SINK, OURS, SUBJECTS, Subject
from tests.conformance.targets import Target
from tests.conformance.vectors import (
    ARRAY_TOO_LARGE,
    SUCCESS,
    Vector,
    client_input,
    server_input,
)
from tests.conformance.workshop import JOBS, Bench, Workshop

BAD_ID, BAD_ARGUMENTS, TYPE_ERROR = -303, -304, -300
VECTORS_PER_ROUTINE = 3
SEPARATED = [
    KITCHEN_SINK,
    BEYOND,
    OURS[0],
    *(
        each
        for each in IN_KERNEL
        if each.kernel_side == "server" and each.name in {OURS[0].name, "mach", "mach4"}
    ),
]
"""Together they have every kind of check that there is."""


@pytest.fixture(
    params=[*SUBJECTS, *(each for each in IN_KERNEL if each.kernel_side == "server")], ids=str
)
def subject(request: pytest.FixtureRequest) -> Subject:
    param: Subject = request.param
    return param


@dataclass(frozen=True, slots=True)
class Case:
    """A mutant of a vector's request, and what the server function saw of the valid one."""

    vector: Vector
    mutant: Mutant
    arguments: bytes

    def __str__(self) -> str:
        return f"{self.vector}: {self.mutant.label}"


def received(records: list[Record]) -> Request | None:
    """The request as the server received it."""
    tags = [tag for tag, _ in records]
    at = tags.index("V")
    regions = []
    for tag, body in records[at + 1 :]:
        if tag != "O":
            break
        regions.append(body)
    return Request(records[at][1], tuple(regions)) if len(regions) <= MAX_REGIONS else None


def cases(bench: Bench) -> list[Case]:
    abi = ABIS[bench.target.abi]
    found = []
    seen: dict[str, int] = {}
    for vector, records in zip(bench.vectors, bench.run("ours", "ours", ZERO), strict=True):
        request = received(records)
        count = seen.get(vector.routine.name, 0)
        if request is None or vector.code != SUCCESS or count >= VECTORS_PER_ROUTINE:
            continue
        seen[vector.routine.name] = count + 1
        arguments = dict(records)["A"]
        found += [
            Case(vector, mutant, arguments)
            for mutant in mutants(abi, carried_there(vector.routine), request)
        ]
    return found


def delivery(mutant: Mutant) -> bytes:
    regions = b"".join(
        struct.pack("<II", at, len(region)) + region
        for at, region in zip(mutant.slots, mutant.request.regions, strict=True)
    )
    return struct.pack("<I", len(mutant.slots)) + regions + mutant.request.data


def operations(bench: Bench, requests: list[Case]) -> list[bytes]:
    return [
        loopback.operation(
            loopback.DELIVER,
            case.vector.routine.index,
            delivery(case.mutant),
            server_input(bench.as_served(case.vector)),
        )
        for case in requests
    ]


def deliver(bench: Bench, requests: list[Case]) -> list[list[Record]]:
    """Give requests to our server, sanitized."""
    sides = bench.sides
    try:
        return loopback.run(
            bench.workshop.runner(bench.target, sanitized=True),
            sides["ours", "client", ZERO],
            bench.build("ours", "server", ZERO, True),
            ZERO,
            operations(bench, requests),
        )
    except RunnerError as error:
        raise AssertionError(f"{bench}: {requests[error.done]}:\n{error.text}") from error


def complaint(abi: Abi, case: Case, records: list[Record]) -> str | None:
    """What is wrong with a server's answer."""
    tags = dict(records)
    called = tags.get("A")
    if case.mutant.verdict is Verdict.SURVIVE:
        return None
    if called is not None:
        if case.mutant.verdict is Verdict.REFUSE:
            return "the server function was called"
        return None if called == case.arguments else "the server function saw other arguments"
    return error_complaint(abi, tags["P"], {BAD_ARGUMENTS, TYPE_ERROR})


def error_complaint(abi: Abi, reply: bytes, codes: set[int]) -> str | None:
    """What is wrong with an error reply."""
    header = unpack_header(abi, reply)
    if len(reply) < abi.error_reply_size:
        return "the reply is too short"
    (code,) = struct.unpack_from("<i", reply, abi.header_size + abi.short_descriptor)
    if code not in codes:
        return f"the reply's code is {code}"
    if header.bits & BITS_COMPLEX or header.size != abi.error_reply_size:
        return "the reply is no error reply"
    return None


def test_a_malformed_request_gets_an_error_reply_and_nothing_else(bench: Bench) -> None:
    abi = ABIS[bench.target.abi]
    every = cases(bench)
    assert every
    answers = deliver(bench, every)
    wrong = [
        f"{case}: {text}"
        for case, records in zip(every, answers, strict=True)
        if (text := complaint(abi, case, records))
    ]
    assert not wrong, f"{bench}: {len(wrong)} of {len(every)}:\n" + "\n".join(wrong[:40])


def excessive(bench: Bench) -> Iterator[tuple[Vector, bytes]]:
    """Calls whose server function returns too many of something: the call, and what it takes."""
    for vector in {each.routine.number: each for each in reversed(bench.vectors)}.values():
        served = bench.as_served(vector)
        for argument in served.routine.arguments:
            if argument.returned and argument.form in {Form.BOUNDED, Form.INDEFINITE}:
                yield vector, server_input(served, too_many=argument.name)


def excess_complaints(
    bench: Bench, server: Path, every: list[tuple[Vector, bytes]], left_out: int | None = None
) -> list[str]:
    """What is wrong with the replies to such calls."""
    abi = ABIS[bench.target.abi]
    answers = loopback.run(
        bench.workshop.runner(bench.target, sanitized=True),
        bench.sides["ours", "client", ZERO],
        server,
        ZERO,
        [
            loopback.operation(loopback.CALL, vector.routine.index, client_input(vector), results)
            for vector, results in every
        ],
        left_out=left_out,
    )
    texts = [error_complaint(abi, dict(each)["P"], {ARRAY_TOO_LARGE}) for each in answers]
    return [f"{call}: {text}" for (call, _), text in zip(every, texts, strict=True) if text]


def test_a_server_function_that_returns_too_much_makes_an_error_reply(bench: Bench) -> None:
    every = list(excessive(bench))
    server = bench.build("ours", "server", ZERO, True)
    wrong = excess_complaints(bench, server, every) if every else []
    assert not wrong, f"{bench}:\n" + "\n".join(wrong)


def test_an_unknown_message_id_is_refused(bench: Bench) -> None:
    abi = ABIS[bench.target.abi]
    routines = bench.server.routines
    known = {routine.number for routine in routines}
    unknown = set(range(min(known) - 2, max(known) + 102)) - known | {0, -1, 0x7FFFFFFF}
    header = Header(bits=0x1112, size=abi.header_size, remote=1, local=2, seqno=0, id=0)
    requests = [
        Case(
            bench.vectors[0],
            Mutant(
                f"id {number}",
                Verdict.REFUSE,
                Request(pack_header(abi, header._replace(id=number)), ()),
                (),
            ),
            b"",
        )
        for number in sorted(unknown)
    ]
    for case, records in zip(requests, deliver(bench, requests), strict=True):
        tags = dict(records)
        assert tags["B"] == struct.pack("<I", 0), case
        assert "A" not in tags, case
        assert error_complaint(abi, tags["P"], {BAD_ID}) is None, case


def test_every_form_of_check_is_left_out_somewhere(workshop: Workshop, target: Target) -> None:
    forms: dict[str, str] = {}
    for subject in (*SEPARATED, *SUBJECTS, *IN_KERNEL):
        text = workshop.bench(subject, target).stubs("ours", "server").server.read_text()
        for check in separable(text)[1]:
            if subject in SEPARATED:
                forms[check.form] = ""
            else:
                forms.setdefault(check.form, f"{subject}: {check}")
    assert not [where for where in forms.values() if where]


@pytest.mark.parametrize("subject", SEPARATED, ids=str)
def test_no_check_of_a_server_could_be_left_out(bench: Bench) -> None:
    abi = ABIS[bench.target.abi]
    stubs = bench.stubs("ours", "server")
    text, checks = separable(stubs.server.read_text())
    stub = bench.stubs("ours", "server").directory / "separable.c"
    stub.write_text(text)
    server = bench.build_stub(
        "server", stub, bench.directory / "separable.so", ZERO, loopback.ADDRESS_SANITIZER
    )
    every = cases(bench)
    results = list(excessive(bench))

    def is_missed(check: Check) -> bool:
        returned = [call for call in results if call[0].routine.name == check.routine]
        relevant = [case for case in every if case.vector.routine.name == check.routine]
        try:
            answers = loopback.run(
                bench.workshop.runner(bench.target, sanitized=True),
                bench.sides["ours", "client", ZERO],
                server,
                ZERO,
                operations(bench, relevant),
                left_out=check.number,
            )
            if returned and excess_complaints(bench, server, returned, check.number):
                return True
        except RunnerError:
            return True
        return any(map(complaint, repeat(abi), relevant, answers))

    bench.workshop.runner(bench.target, sanitized=True)  # before threads want it
    with ThreadPoolExecutor(JOBS) as pool:
        missed = pool.map(is_missed, checks)
        unmissed = [str(check) for check, is_it in zip(checks, missed, strict=True) if not is_it]
    assert checks
    assert not unmissed, f"{bench}: {len(unmissed)} of {len(checks)}:\n" + "\n".join(unmissed)
