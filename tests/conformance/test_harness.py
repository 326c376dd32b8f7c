# SPDX-License-Identifier: GPL-2.0-or-later
"""The comparison notices what it is there to notice: stubs spoiled on purpose."""

import pytest

from tests.conformance import loopback
from tests.conformance.loopback import PATTERN, ZERO, Fill
from tests.conformance.subjects import OURS
from tests.conformance.targets import Target
from tests.conformance.vectors import client_input, server_input, server_record
from tests.conformance.workshop import Bench, Workshop


@pytest.fixture
def bench(workshop: Workshop, target: Target) -> Bench:
    return workshop.bench(OURS[0], target)


def requests(bench: Bench, good: str, bad: str, fill: Fill) -> list[dict[str, bytes]]:
    """The records of our client with something in its text replaced, before our server."""
    stubs = bench.stubs("ours", "client")
    text = stubs.user.read_text()
    assert good in text
    spoiled = stubs.directory / "spoiled.c"
    spoiled.write_text(text.replace(good, bad))
    client = bench.build_stub("client", spoiled, bench.directory / "spoiled.so", fill)
    operations = [
        loopback.operation(
            loopback.CALL, vector.routine.index, client_input(vector), server_input(vector)
        )
        for vector in bench.vectors
    ]
    server = bench.sides["ours", "server", fill]
    runner = bench.workshop.runner(bench.target)
    return [dict(records) for records in loopback.run(runner, client, server, fill, operations)]


def sound(bench: Bench) -> list[dict[str, bytes]]:
    return [dict(records) for records in bench.run("ours", "ours", ZERO)]


def test_a_message_that_is_not_cleared_shows_in_the_pattern(bench: Bench) -> None:
    spoiled = requests(bench, "__builtin_memset(In, 0,", "(void)(In, 0,", PATTERN)
    assert all(each["Q"] != right["Q"] for each, right in zip(spoiled, sound(bench), strict=True))


def test_another_descriptor_shows_in_the_bytes_and_is_refused(bench: Bench) -> None:
    good = "mig_type(MACH_MSG_TYPE_INTEGER_32, 32, 1, TRUE, FALSE);"
    spoiled = requests(bench, good, good.replace("32, 1", "32, 2"), ZERO)
    changed = [
        "A" not in each
        for each, right in zip(spoiled, sound(bench), strict=True)
        if each["Q"] != right["Q"]
    ]
    assert changed
    assert all(changed)


def test_another_value_shows_in_what_arrives(bench: Bench) -> None:
    spoiled = requests(bench, "In->selector = selector;", "In->selector = selector + 1;", ZERO)
    wrong = {
        vector.routine.name
        for vector, each in zip(bench.vectors, spoiled, strict=True)
        if each["A"] != server_record(vector)
    }
    assert wrong == {"perf_set_options", "perf_get_info", "perf_get_histogram"}
