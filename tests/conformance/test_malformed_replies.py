# SPDX-License-Identifier: GPL-2.0-or-later
"""C clients of ours under sanitizers: a malformed reply is refused, and nothing of it is used.

The server is a relay that hands over prepared replies as if the kernel had delivered them.
"""

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mig.rpc.abi import ABIS, Abi
from mig.rpc.message import out_of_line_slots
from tests.conformance import loopback
from tests.conformance.checks import Check, separable
from tests.conformance.loopback import ZERO, Record, RunnerError
from tests.conformance.mutations import (
    MAX_REGIONS,
    Mutant,
    Request,
    Verdict,
    carried_back,
    error_mutants,
    mutants,
)
from tests.conformance.python_peers import find
from tests.conformance.shapes import Form
from tests.conformance.subjects import KITCHEN_SINK, SUBJECTS, Subject
from tests.conformance.targets import Target
from tests.conformance.vectors import ARRAY_TOO_LARGE, SUCCESS, Vector, client_input, client_record
from tests.conformance.workshop import JOBS, Bench, Workshop

TYPE_ERROR, REPLY_MISMATCH, TOO_LARGE = -300, -301, 0x10004004
NOTIFY_SEND_ONCE, SERVER_DIED, FAILURE = 71, -308, 5
VECTORS_PER_ROUTINE = 2


@pytest.fixture(params=SUBJECTS, ids=str)
def subject(request: pytest.FixtureRequest) -> Subject:
    param: Subject = request.param
    return param


@dataclass(frozen=True, slots=True)
class Case:
    """A reply, and what may come of it: codes of errors, or what the client is to see.

    Without a mutant the client is not even to send its request.
    """

    vector: Vector
    mutant: Mutant | None
    codes: frozenset[int]
    results: bytes | None

    @property
    def survives(self) -> bool:
        """Whether anything may come of it that stays within memory."""
        return not self.codes and self.results is None

    def __str__(self) -> str:
        return f"{self.vector}: {self.mutant.label if self.mutant else 'too many items'}"


def replies(bench: Bench) -> Iterable[tuple[Vector, Request]]:
    """Vectors with the valid reply that their client gets."""
    seen: dict[str, int] = {}
    for vector, records in zip(bench.vectors, bench.run("ours", "ours", ZERO), strict=True):
        reply = find(records, "W")
        count = seen.get(vector.routine.name, 0)
        if vector.routine.simple or vector.code != SUCCESS or reply is None:
            continue
        fits = len(reply.out_of_line) <= MAX_REGIONS
        if fits and (vector.overflows or count < VECTORS_PER_ROUTINE):
            seen[vector.routine.name] = count + 1
            yield vector, Request(reply.data, tuple(map(bytes, reply.out_of_line)))


def cases(bench: Bench) -> list[Case]:
    abi = ABIS[bench.target.abi]
    found = []
    refused = frozenset({TYPE_ERROR, TOO_LARGE})
    for vector, reply in replies(bench):
        carried = carried_back(vector.routine)
        right = client_record(vector)
        valid = Mutant("valid", Verdict.REFUSE, reply, _slots(abi, reply))
        found.append(Case(vector, valid, frozenset(), right))
        found += excessive(vector)
        for what, at, number, code in (
            ("id", abi.header_size - 4, 1, REPLY_MISMATCH),
            ("id", abi.header_size - 4, NOTIFY_SEND_ONCE, SERVER_DIED),
            ("code", abi.header_size + abi.short_descriptor, FAILURE, FAILURE),
        ):
            data = reply.data[:at] + struct.pack("<i", number) + reply.data[at + 4 :]
            other = replace(valid, label=f"{what} {number}", request=replace(reply, data=data))
            found.append(Case(vector, other, frozenset({code}), None))
        if vector.overflows:
            continue
        wrong = list(mutants(abi, carried, reply))
        if len(carried) > 1:
            wrong += error_mutants(abi, carried, reply)
        for mutant in wrong:
            tolerated = right if mutant.verdict is Verdict.TOLERATE else None
            codes = frozenset() if mutant.verdict is Verdict.SURVIVE else refused
            found.append(Case(vector, mutant, codes, tolerated))
    return found


def _slots(abi: Abi, reply: Request) -> tuple[int, ...]:
    """Where the pointers of a valid reply lie."""
    return tuple(slot.offset for slot in out_of_line_slots(abi, reply.data))


def excessive(vector: Vector) -> Iterator[Case]:
    """Calls with one item too many."""
    for argument in vector.routine.arguments:
        if argument.sent and argument.form is Form.BOUNDED:
            datum = vector.arguments[argument.name]
            items = datum.elements or ((0,) * len(argument.element.leaves),)
            many = replace(datum, elements=(items * (argument.count + 1))[: argument.count + 1])
            call = replace(vector, arguments={**vector.arguments, argument.name: many})
            yield Case(call, None, frozenset({ARRAY_TOO_LARGE}), None)


def answer(mutant: Mutant | None) -> bytes:
    """A reply as the relay reads it."""
    if mutant is None:
        return b""
    parts = [struct.pack("<I", len(mutant.request.data)), mutant.request.data]
    parts.append(struct.pack("<I", len(mutant.slots)))
    for at, region in zip(mutant.slots, mutant.request.regions, strict=True):
        parts += [struct.pack("<II", at, len(region)), region]
    return b"".join(parts)


def hand_over(
    bench: Bench, client: Path, every: Sequence[Case], left_out: int | None = None
) -> list[list[Record]]:
    """What a client makes of replies, under sanitizers."""
    path = bench.directory / f"replies-{left_out}"
    path.write_bytes(b"".join(answer(case.mutant) for case in every))
    operations = [
        loopback.operation(loopback.CALL, case.vector.routine.index, client_input(case.vector), b"")
        for case in every
    ]
    with path.open("rb") as prepared, Path(os.devnull).open("wb") as nowhere:
        pipes = nowhere.fileno(), prepared.fileno()
        return loopback.run(
            bench.workshop.runner(bench.target, sanitized=True),
            client,
            bench.workshop.relay(bench.target, sanitized=True),
            ZERO,
            operations,
            left_out=left_out,
            relay=pipes,
        )


def complaint(case: Case, records: list[Record]) -> str | None:
    """What is wrong with what a client made of a reply."""
    saw = dict(records)["R"]
    (code,) = struct.unpack_from("<i", saw)
    if saw == case.results or code in case.codes or case.survives:
        return None
    return f"the client saw {code} and {len(saw) - 4} bytes"


def test_a_malformed_reply_is_refused_and_nothing_of_it_used(bench: Bench) -> None:
    every = cases(bench)
    client = bench.build("ours", "client", ZERO, True)
    try:
        answers = hand_over(bench, client, every) if every else []
    except RunnerError as error:
        raise AssertionError(f"{bench}: {every[error.done]}:\n{error.text}") from error
    wrong = [
        f"{case}: {text}"
        for case, records in zip(every, answers, strict=True)
        if (text := complaint(case, records))
    ]
    assert not wrong, f"{bench}: {len(wrong)} of {len(every)}:\n" + "\n".join(wrong[:40])


def test_every_form_of_check_is_left_out_somewhere(workshop: Workshop, target: Target) -> None:
    def forms(subject: Subject) -> dict[str, str]:
        stub = workshop.bench(subject, target).stubs("ours", "client").user
        return {check.form: f"{subject}: {check}" for check in separable(stub.read_text())[1]}

    left_out = forms(KITCHEN_SINK)
    found = {form: where for subject in SUBJECTS for form, where in forms(subject).items()}
    assert not [where for form, where in found.items() if form not in left_out]


@pytest.mark.parametrize("subject", [KITCHEN_SINK], ids=str)
def test_no_check_of_a_client_could_be_left_out(bench: Bench) -> None:
    stubs = bench.stubs("ours", "client")
    text, checks = separable(stubs.user.read_text())
    stub = stubs.directory / "separable.c"
    stub.write_text(text)
    client = bench.build_stub(
        "client", stub, bench.directory / "separable-client.so", ZERO, loopback.ADDRESS_SANITIZER
    )
    every = cases(bench)

    def is_missed(check: Check) -> bool:
        relevant = [case for case in every if check.routine.endswith(case.vector.routine.name)]
        try:
            answers = hand_over(bench, client, relevant, check.number)
        except RunnerError:
            return True
        return any(map(complaint, relevant, answers))

    # Before threads want them.
    bench.workshop.runner(bench.target, sanitized=True)
    bench.workshop.relay(bench.target, sanitized=True)
    with ThreadPoolExecutor(JOBS) as pool:
        missed = dict(zip(checks, pool.map(is_missed, checks), strict=True))
    # What an error reply leaves unwritten can be refused by luck: once each is enough.
    kinds = {check.kind for check in checks if missed[check]}
    unmissed = [str(check) for check in checks if check.kind not in kinds]
    assert checks
    assert not unmissed, f"{bench}: {len(unmissed)} of {len(checks)}:\n" + "\n".join(unmissed)
