# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers of ours under sanitizers: a malformed request gets an error reply and nothing else."""

import struct
from dataclasses import dataclass

import pytest

from mig.rpc.abi import ABIS, Abi
from mig.rpc.message import BITS_COMPLEX, unpack_header
from tests.conformance import loopback
from tests.conformance.loopback import ZERO, Record, RunnerError
from tests.conformance.mutations import MAX_REGIONS, Mutant, Request, Verdict, mutants
from tests.conformance.subjects import SUBJECTS, Subject
from tests.conformance.targets import TARGETS, Target
from tests.conformance.vectors import SUCCESS, Vector, server_input
from tests.conformance.workshop import Bench, Workshop

BAD_ID, BAD_ARGUMENTS, TYPE_ERROR = -303, -304, -300
VECTORS_PER_ROUTINE = 3


@pytest.fixture(params=TARGETS, ids=lambda target: target.abi)
def target(request: pytest.FixtureRequest) -> Target:
    return request.param


@pytest.fixture(params=SUBJECTS, ids=str)
def bench(request: pytest.FixtureRequest, workshop: Workshop, target: Target) -> Bench:
    subject: Subject = request.param
    return workshop.bench(subject, target)


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
            Case(vector, mutant, arguments) for mutant in mutants(abi, vector.routine, request)
        ]
    return found


def delivery(mutant: Mutant) -> bytes:
    regions = b"".join(
        struct.pack("<II", at, len(region)) + region
        for at, region in zip(mutant.slots, mutant.request.regions, strict=True)
    )
    return struct.pack("<I", len(mutant.slots)) + regions + mutant.request.data


def deliver(bench: Bench, requests: list[tuple[Mutant, Vector]]) -> list[list[Record]]:
    """Give requests to our server, sanitized."""
    bench.driver("server")
    operations = [
        loopback.operation(
            loopback.DELIVER, vector.routine.index, delivery(mutant), server_input(vector)
        )
        for mutant, vector in requests
    ]
    try:
        return loopback.run(
            bench.workshop.runner(bench.target, sanitized=True),
            bench.sides["ours", "client", ZERO],
            bench.build("ours", "server", ZERO, sanitized=True),
            ZERO,
            operations,
        )
    except RunnerError as error:
        mutant, vector = requests[error.done]
        raise AssertionError(f"{bench}: {vector}: {mutant.label}:\n{error.text}") from error


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
    answers = deliver(bench, [(case.mutant, case.vector) for case in every])
    wrong = [
        f"{case}: {text}"
        for case, records in zip(every, answers, strict=True)
        if (text := complaint(abi, case, records))
    ]
    assert not wrong, f"{bench}: {len(wrong)} of {len(every)}:\n" + "\n".join(wrong[:40])
