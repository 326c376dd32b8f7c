# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated Python before malformed messages: servers answer a request with an error and nothing
else, clients refuse a reply; and every check that is in the generated code is needed for it.
"""

import ast
import importlib
import logging
import re
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mig.rpc.abi import ABIS, Abi
from mig.rpc.errors import KernAborted, KernReturnError, MigServerDied, ProtocolError
from mig.rpc.message import Message, is_port_right, unpack_header, walk_descriptors
from mig.rpc.server import Demultiplexer, Server
from mig.rpc.transport import Transport
from tests.conformance import test_malformed_replies as malformed_replies
from tests.conformance import test_malformed_requests as malformed_requests
from tests.conformance.loopback import ZERO
from tests.conformance.mutations import Mutant, Verdict
from tests.conformance.python_peers import Part, call, server_class
from tests.conformance.python_side import build_package, codec, ports
from tests.conformance.subjects import KITCHEN_SINK, OURS, SUBJECTS, Subject
from tests.conformance.targets import Target
from tests.conformance.test_python import passes, vectors_in_python
from tests.conformance.vectors import Vector
from tests.conformance.workshop import Bench

BAD_ARGUMENTS = -304


@pytest.fixture(params=SUBJECTS, ids=str)
def subject(request: pytest.FixtureRequest) -> Subject:
    param: Subject = request.param
    return param


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Subject], str]:
    """What builds the package of a subject, once."""
    return cache(lambda subject: build_package(subject, tmp_path_factory.mktemp("malformed")))


@pytest.fixture
def package(subject: Subject, packages: Callable[[Subject], str]) -> str:
    return packages(subject)


def message(mutant: Mutant) -> Message:
    return Message(mutant.request.data, mutant.request.regions)


def verdict_of(abi: Abi, mutant: Mutant) -> Verdict:
    """Python also refuses a complex bit that goes with nothing: no kernel delivers one."""
    data = mutant.request.data
    try:
        carries = any(
            not each.inline or is_port_right(each.name) for each in walk_descriptors(abi, data)
        )
        needless = unpack_header(abi, data).complex and not carries
    except ProtocolError:
        needless = False
    return Verdict.REFUSE if needless else mutant.verdict


def lying(abi: Abi, mutant: Mutant) -> Iterator[Mutant]:
    """A message that says it is of another size, or is another one: no kernel would deliver it."""
    data = mutant.request.data
    for label, at, word in (
        ("says another size", 4, len(data) + abi.alignment),
        ("has another id", abi.header_size - 4, 1),
    ):
        changed = data[:at] + struct.pack("<I", word) + data[at + 4 :]
        yield replace(mutant, label=label, request=replace(mutant.request, data=changed))


# Servers.


class Answering:
    """A generated server whose methods write down their arguments, and a place for complaints.

    Attributes:
        calls: what the methods were called with.
        failures: what they or the code around them failed with.
    """

    def __init__(self, package: str, abi: Abi) -> None:
        self.abi = abi
        self.calls: list[tuple[Any, ...]] = []
        self.failures: list[str] = []
        base = server_class(package)
        methods = {
            routine.method or routine.name: self._method(len(routine.header))
            for routine in base._routines.values()
        }
        made: Server = type("Answering", (base,), methods)()
        self._demultiplexer = Demultiplexer(abi, made)

    def _method(self, ports: int) -> Callable[..., None]:
        def method(_: Server, *values: Any) -> None:
            self.calls.append(values[ports:])
            raise KernAborted

        return method

    def complaint(self, case: malformed_requests.Case, valid: tuple[Any, ...]) -> str | None:
        """What is wrong with the server's answer to a mutant."""
        self.calls.clear()
        with failures_of("mig.rpc.server") as failures:
            try:
                reply = self._demultiplexer.handle(message(case.mutant))
            except Exception as error:
                failures.append(repr(error))
        if failures:
            return f"failed: {failures[0]}"
        verdict = verdict_of(self.abi, case.mutant)
        if self.calls:
            if verdict is Verdict.REFUSE:
                return "the method was called"
            other = verdict is Verdict.TOLERATE and self.calls != [valid]
            return "the method saw other arguments" if other else None
        if reply is None:
            return None if case.vector.routine.simple else "there is no reply"
        return malformed_requests.error_complaint(self.abi, reply.data, {BAD_ARGUMENTS})


@contextmanager
def failures_of(name: str) -> Iterator[list[str]]:
    """The exceptions that are logged meanwhile."""
    found: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info:
                found.append(repr(record.exc_info[1]))

    logger, handler = logging.getLogger(name), Handler(logging.ERROR)
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates


def valid_arguments(bench: Bench, package: str) -> dict[str, tuple[Any, ...]]:
    """What a server's method sees of each vector's valid request, by vector."""
    module = codec(package, bench.target)
    found = {}
    for vector, records in zip(bench.vectors, bench.run("ours", "ours", ZERO), strict=True):
        request = malformed_requests.received(records)
        if request is not None:
            decode = getattr(module, f"decode_{vector.routine.name}_request")
            found[str(vector)] = decode(Message(request.data, request.regions))
    return found


def refusals(package: str, bench: Bench, kind: str, name: str, mutant: Mutant) -> Iterator[str]:
    """Complaints about messages that only a decoder can be given."""
    decode = getattr(codec(package, bench.target), f"decode_{name}_{kind}")
    for each in lying(ABIS[bench.target.abi], mutant):
        try:
            decode(message(each))
        except ProtocolError:
            continue
        except Exception as error:
            yield f"{name}: {each.label}: {error!r}"
        else:
            yield f"{name}: {each.label}: it was taken"


def request_complaints(
    bench: Bench, package: str, every: list[malformed_requests.Case], valid: dict[str, Any]
) -> Iterator[str]:
    server = Answering(package, ABIS[bench.target.abi])
    for case in every:
        text = server.complaint(case, valid[str(case.vector)])
        if text:
            yield f"{case}: {text}"
    for case in {case.vector.routine.name: case for case in every}.values():
        (whole,) = whole_requests(bench, case.vector)
        yield from refusals(package, bench, "request", case.vector.routine.name, whole)


def whole_requests(bench: Bench, vector: Vector) -> Iterator[Mutant]:
    """The valid request of a vector."""
    at = next(i for i, each in enumerate(bench.vectors) if str(each) == str(vector))
    request = malformed_requests.received(bench.run("ours", "ours", ZERO)[at])
    assert request is not None
    yield Mutant("", Verdict.REFUSE, request, ())


def test_a_python_server_answers_a_malformed_request_with_an_error(
    bench: Bench, package: str
) -> None:
    every = malformed_requests.cases(bench)
    valid = valid_arguments(bench, package)
    wrong = list(request_complaints(bench, package, every, valid))
    assert every
    assert not wrong, f"{bench}: {len(wrong)} of {len(every)}:\n" + "\n".join(wrong[:40])


# Clients.


class Prepared(Transport):
    """Answers whatever is sent with what it was given."""

    def __init__(self, abi: Abi) -> None:
        self.address = "prepared:"
        self.abi = abi
        self.reply_port = 0
        self.ports = {}
        self.reply = Message(b"")

    def call(self, request: Message, timeout: float | None = None) -> Message:
        """See Transport."""
        return self.reply

    def send(self, request: Message) -> None:
        """See Transport."""

    def close(self) -> None:
        """See Transport."""


@dataclass(frozen=True, slots=True)
class ReplyCase:
    """A case of the C clients with what a Python client passes."""

    case: malformed_replies.Case
    part: Part
    valid: Any

    def complaint(self, package: str, way: Prepared) -> str | None:
        """What is wrong with what a client makes of the reply."""
        assert self.case.mutant is not None
        way.reply = message(self.case.mutant)
        try:
            returned = call(package, way, self.part, *ports(self.part.vector))
        except ProtocolError:
            return "a valid reply was refused" if self.case.mutant.label == "valid" else None
        except Exception as error:
            return f"failed: {error!r}"
        if isinstance(returned, MigServerDied):
            died = malformed_replies.SERVER_DIED in self.case.codes
            return None if died else "the server did not die"
        if isinstance(returned, KernReturnError):
            reported = returned.code in self.case.codes or self.case.survives
            return None if reported else f"an error was reported: {returned!r}"
        verdict = verdict_of(way.abi, self.case.mutant)
        if verdict is Verdict.SURVIVE:
            return None
        right = self.case.mutant.label == "valid" or verdict is Verdict.TOLERATE
        return None if right and returned == self.valid else f"it returned {returned!r}"


def reply_cases(bench: Bench, package: str) -> list[ReplyCase]:
    runs = bench.run("ours", "ours", ZERO)
    parts = {
        str(part.vector): part
        for part in vectors_in_python(bench, package, bench.vectors, runs)
        if passes(part.vector)
    }
    module = codec(package, bench.target)
    found = []
    valid: dict[str, Any] = {}
    for case in malformed_replies.cases(bench):
        name = str(case.vector)
        if name not in parts or case.mutant is None:
            continue
        if case.mutant.label == "valid":
            decode = getattr(module, f"decode_{case.vector.routine.name}_reply")
            valid[name] = decode(message(case.mutant))
        found.append(ReplyCase(case, parts[name], valid[name]))
    return found


def reply_complaints(bench: Bench, package: str, every: list[ReplyCase]) -> Iterator[str]:
    way = Prepared(ABIS[bench.target.abi])
    for each in every:
        text = each.complaint(package, way)
        if text:
            yield f"{each.case}: {text}"
    for name, mutant in {
        each.case.vector.routine.name: each.case.mutant
        for each in every
        if each.case.mutant and each.case.mutant.label == "valid"
    }.items():
        yield from refusals(package, bench, "reply", name, mutant)


def test_a_python_client_refuses_a_malformed_reply(bench: Bench, package: str) -> None:
    every = reply_cases(bench, package)
    wrong = list(reply_complaints(bench, package, every))
    assert not wrong, f"{bench}: {len(wrong)} of {len(every)}:\n" + "\n".join(wrong[:40])


# Checks left out.


class Separator(ast.NodeTransformer):
    """Puts `keeps(number)` before each check of the functions that decode."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._routine = ""
        self.checks: list[tuple[str, str]] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Look into the decoders only."""
        if node.name.startswith("decode_") and node.name.endswith(f"_{self._kind}"):
            self._routine = node.name.removeprefix("decode_").removesuffix(f"_{self._kind}")
            self.generic_visit(node)
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        """Take a check apart."""
        self.generic_visit(node)
        if isinstance(node.body[0], ast.Raise):
            both = isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.Or)
            operands = node.test.values if both else [node.test]
            parts = [self._separable(each) for each in operands]
            node.test = ast.BoolOp(ast.Or(), parts) if len(parts) > 1 else parts[0]
        return node

    def _separable(self, test: ast.expr) -> ast.expr:
        number = len(self.checks)
        self.checks.append((self._routine, ast.unparse(test)))
        keeps = ast.parse(f"keeps({number})", mode="eval").body
        return ast.BoolOp(ast.And(), [keeps, test])


@contextmanager
def separable(module: ModuleType, separator: Separator) -> Iterator[dict[str, int]]:
    """The module with its checks taken apart in its place; `left_out` of what is given back."""
    source = ast.parse(open(str(module.__file__)).read())  # noqa: PTH123, SIM115
    changed = ast.fix_missing_locations(separator.visit(source))
    state = {"left_out": -1}
    other = ModuleType(module.__name__)
    other.__package__ = module.__package__
    vars(other)["keeps"] = lambda number: number != state["left_out"]
    exec(compile(changed, str(module.__file__), "exec"), vars(other))
    sys.modules[module.__name__] = other
    try:
        yield state
    finally:
        sys.modules[module.__name__] = module


SEPARATED = [KITCHEN_SINK, OURS[0]]


def checks_of(subject: Subject, module: ModuleType) -> dict[tuple[str, str], str]:
    """Every kind of check in an interface's decoders, with one of them."""
    found = {}
    for kind in ("request", "reply"):
        separator = Separator(kind)
        separator.visit(ast.parse(Path(str(module.__file__)).read_text()))
        for routine, condition in separator.checks:
            found[kind, kind_of(condition)] = f"{subject}: {routine}: {condition}"
    return found


def test_every_kind_of_check_is_left_out_somewhere(
    target: Target, packages: Callable[[Subject], str]
) -> None:
    kinds = {str(each): checks_of(each, codec(packages(each), target)) for each in SUBJECTS}
    left_out = set().union(*(kinds[str(subject)] for subject in SEPARATED))
    assert left_out
    assert not [
        where for each in kinds.values() for kind, where in each.items() if kind not in left_out
    ]


@pytest.mark.parametrize("subject", SEPARATED, ids=str)
def test_no_check_of_a_python_server_could_be_left_out(bench: Bench, package: str) -> None:
    every = malformed_requests.cases(bench)
    valid = valid_arguments(bench, package)

    def is_missed(routine: str) -> bool:
        relevant = [case for case in every if case.vector.routine.name == routine]
        return any(request_complaints(bench, package, relevant, valid))

    check_all_missed(bench, package, "request", is_missed)


@pytest.mark.parametrize("subject", SEPARATED, ids=str)
def test_no_check_of_a_python_client_could_be_left_out(bench: Bench, package: str) -> None:
    every = reply_cases(bench, package)

    def is_missed(routine: str) -> bool:
        relevant = [each for each in every if each.case.vector.routine.name == routine]
        return any(reply_complaints(bench, package, relevant))

    check_all_missed(bench, package, "reply", is_missed)


def check_all_missed(
    bench: Bench, package: str, kind: str, is_missed: Callable[[str], bool]
) -> None:
    """Leave out one check after the other."""
    separator = Separator(kind)
    module = importlib.import_module(f"{package}.{bench.target.abi}")
    missed: set[str] = set()
    with separable(module, separator) as state:
        for number, (routine, condition) in enumerate(separator.checks):
            state["left_out"] = number
            if is_missed(routine):
                missed.add(kind_of(condition))
    # The count of an array that is the only one follows from the size: once each is enough, and
    # an interface whose arrays are all alone need not miss it.
    if bench.subject is not KITCHEN_SINK:
        missed.add(kind_of("a_count > 1"))
    unmissed = [
        f"{routine}: {condition}"
        for routine, condition in separator.checks
        if kind_of(condition) not in missed
    ]
    assert separator.checks
    assert not unmissed, f"{bench}: {len(unmissed)}:\n" + "\n".join(unmissed)


def kind_of(condition: str) -> str:
    """What a check looks at, whatever the names and the numbers."""
    return re.sub(r"\b[a-z]\w*?(?=_(?:type|count|poly)\b)|\b_[A-Z]\w*|\d+", "_", condition)
