# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients and servers of both compilers, each with each: the same values arrive, and the bytes
between them are the same wherever they carry anything, and zero in ours where they do not.
"""

from tests.conformance.loopback import PATTERN, ZERO, Fill, Record
from tests.conformance.vectors import client_record, server_record
from tests.conformance.workshop import Bench

REQUEST, REPLY, REGION = "QPO"
RESOURCES = "SFLUDB"
"""What was asked of mach_msg, what became of memory, references and the reply port."""


def only(records: list[Record], tag: str) -> bytes | None:
    found = [body for each, body in records if each == tag]
    assert len(found) <= 1
    return found[0] if found else None


def message(records: list[Record], tag: str) -> list[bytes]:
    """A message and the memory it carries."""
    kept: list[bytes] = []
    keeping = False
    for each, body in records:
        keeping = each == tag or (each == REGION and keeping)
        if keeping:
            kept.append(body)
    return kept


def sent(bench: Bench, who: str, tag: str, fill: Fill) -> list[list[bytes]]:
    """The requests of a client or the replies of a server, vector by vector."""
    client, server = bench.reference
    pair = (who, server) if tag == REQUEST else (client, who)
    return [message(records, tag) for records in bench.run(*pair, fill)]


def unwritten(before: bytes, after: bytes) -> bytes:
    """A mask, ones where two messages differ that differ only in what was not written."""
    return bytes(0xFF if a != b else 0 for a, b in zip(before, after, strict=True))


def masked(body: bytes, mask: bytes) -> str:
    return bytes(byte & ~hidden for byte, hidden in zip(body, mask, strict=True)).hex(" ", 4)


def senders(bench: Bench) -> list[str]:
    """The kinds of message that both compilers' stubs send."""
    found = [REQUEST] if bench.subject.gnu_client else []
    return [*found, REPLY] if bench.subject.gnu_server else found


def test_the_same_values_arrive_whoever_is_client_and_whoever_server(bench: Bench) -> None:
    assert bench.vectors
    for client, server in bench.pairs:
        for vector, records in zip(bench.vectors, bench.run(client, server, ZERO), strict=True):
            who = f"{vector}: {client} client, {server} server"
            assert only(records, "A") == server_record(bench.as_served(vector)), who
            assert only(records, "R") == client_record(vector), who


def test_requests_and_replies_equal_those_of_gnu_mig(bench: Bench) -> None:
    for tag in senders(bench):
        for vector, ours, theirs, pattern in zip(
            bench.vectors,
            sent(bench, "ours", tag, ZERO),
            sent(bench, "gnu", tag, ZERO),
            sent(bench, "gnu", tag, PATTERN),
            strict=True,
        ):
            assert ours[1:] == theirs[1:], f"{vector}: out-of-line memory of {tag}"
            assert len(ours[0]) == len(theirs[0]), f"{vector}: size of {tag}"
            mask = unwritten(theirs[0], pattern[0])
            assert masked(ours[0], mask) == masked(theirs[0], mask), f"{vector}: {tag}"


def test_bytes_of_ours_that_carry_nothing_are_zero(bench: Bench) -> None:
    for tag in senders(bench):
        for vector, zero, pattern, theirs, their_pattern in zip(
            bench.vectors,
            sent(bench, "ours", tag, ZERO),
            sent(bench, "ours", tag, PATTERN),
            sent(bench, "gnu", tag, ZERO),
            sent(bench, "gnu", tag, PATTERN),
            strict=True,
        ):
            assert pattern[0].hex(" ", 4) == zero[0].hex(" ", 4), f"{vector}: unwritten in {tag}"
            mask = unwritten(theirs[0], their_pattern[0])
            hidden = bytes(byte & bits for byte, bits in zip(pattern[0], mask, strict=True))
            assert not any(hidden), f"{vector}: {tag} carries {hidden.hex(' ', 4)} for nothing"


def test_calls_memory_and_reply_ports_fare_alike(bench: Bench) -> None:
    def resources(records: list[Record]) -> list[tuple[str, str]]:
        return [(tag, body.hex()) for tag, body in records if tag in RESOURCES]

    for client, server in bench.pairs:
        for vector, ours, theirs in zip(
            bench.vectors,
            bench.run(client, server, ZERO),
            bench.run(*bench.reference, ZERO),
            strict=True,
        ):
            assert resources(ours) == resources(theirs), f"{vector}: {client}, {server}"
