# SPDX-License-Identifier: GPL-2.0-or-later
"""The package that is generated for a subsystem, as text and as seen by its users."""

import importlib
import inspect
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from mig.backends.python_package import generate
from mig.compile import CompileError, compile_defs, compile_text
from mig.model.abi import ABIS as MODEL_ABIS
from mig.rpc.abi import ABIS, I386, X86_64, Abi
from mig.rpc.arrays import StructArray
from mig.rpc.delivery import deliver
from mig.rpc.errors import (
    ArgumentError,
    CallTimeout,
    KernInvalidArgument,
    KernReturnError,
    MigBadId,
    MigServerDied,
    ProtocolError,
)
from mig.rpc.message import BITS_COMPLEX, Header, Message, pack_header, unpack_header
from mig.rpc.port import Port
from mig.rpc.transport import Transport

ROOT = Path(__file__).parents[3]
FILES = ("gnu_mig_wire.defs", "python_forms.defs", "odd_names.defs")
# Straight-line code has a branch per argument, and as many parameters as the routine.
STRAIGHT_LINE = "PLR0911,PLR0912,PLR0915,PLR0917"

HEAD = """
subsystem sample 7000;
type port_t = MACH_MSG_TYPE_COPY_SEND;
"""


class Scripted(Transport):
    """Answers every call with one message, or one error, and keeps what was asked."""

    def __init__(self, abi: Abi, answer: Message | Exception) -> None:
        self.address = "test:"
        self.abi = abi
        self.reply_port = 0x77
        self.ports = {"host": 0x11}
        self.answer = answer
        self.asked: list[tuple[Message, float | None]] = []
        self.sent: list[Message] = []

    def call(self, request: Message, timeout: float | None = None) -> Message:
        self.asked.append((request, timeout))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def send(self, request: Message) -> None:
        self.sent.append(request)

    def close(self) -> None:
        pass


@pytest.fixture(params=[I386, X86_64], ids=lambda abi: abi.name)
def abi(request: pytest.FixtureRequest) -> Abi:
    return request.param


@pytest.fixture(scope="session")
def wire(python_package: Any) -> Any:
    return python_package("gnu_mig_wire.defs")


@pytest.fixture(scope="session")
def forms(python_package: Any) -> Any:
    return python_package("python_forms.defs")


def client(package: Any, name: str, abi: Abi, answer: Message | Exception) -> Any:
    transport = Scripted(abi, answer)
    return getattr(package.module, name)(Port.offered(transport, "host"), timeout=2.5)


def reply(package: Any, abi: Abi, routine: str, *results: Any) -> Message:
    encode = getattr(package.codec(abi.name), f"encode_{routine}_reply")
    return deliver(abi, encode(0x77, *results))


def error_reply(abi: Abi, message_id: int, code: int, size: int | None = None) -> Message:
    descriptor = (0x1_2000_2002 if abi.wide else 0x1001_2002).to_bytes(
        abi.short_descriptor, "little"
    )
    body = descriptor + code.to_bytes(4, "little", signed=True)
    size = size or abi.error_reply_size
    header = pack_header(abi, Header(0x1200, size, 0, 0x77, 0, message_id))
    return Message((header + body).ljust(size, b"\0")[:size])


# The text.


def test_generated_packages_pass_ruff_and_strict_mypy(python_package: Any) -> None:
    directories = [python_package(file).directory for file in FILES]
    config = ["--config", str(ROOT / "pyproject.toml")]
    for command in (
        ["ruff", "check", "--no-cache", *config, "--ignore", STRAIGHT_LINE, *directories],
        ["ruff", "format", "--no-cache", "--check", *config, *directories],
        ["mypy", "--strict", "--cache-dir", "/dev/null", *directories],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *map(str, command)],
            cwd=ROOT,
            env={"MYPYPATH": str(ROOT), "PATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_generating_twice_gives_the_same_text(wire: Any) -> None:
    models = (wire.models["i386"], wire.models["x86_64"])
    assert generate(*models) == generate(*models)


def test_no_path_of_the_build_machine_is_in_the_text(wire: Any) -> None:
    for text in generate(wire.models["i386"], wire.models["x86_64"]).values():
        assert str(ROOT) not in text


def test_a_method_says_what_the_interface_says(wire: Any) -> None:
    text = inspect.getdoc(wire.module.Wire.r_var)
    lines = (Path(__file__).parent / "gnu_mig_wire.defs").read_text().splitlines()
    line = next(at for at, line in enumerate(lines, 1) if line.startswith("routine r_var("))
    assert f"``r_var``, message 5003; gnu_mig_wire.defs:{line}" in text
    assert "a: ``numbers_t``, up to 10 items." in text
    assert "c: ``numbers_t``, up to 10 items." in text
    assert "KernReturnError" in text


COMMENTED = """\
subsystem sample 7000;
type port_t = MACH_MSG_TYPE_COPY_SEND;
/*
 * Wait a while, in \\milliseconds.
 * Nothing "else" happens.
 *
 * Second paragraph.
 */
routine wait(p : port_t; time : int);
/* One line. */
routine again(p : port_t);

/* Not above it. */

routine bare(p : port_t);
type t = int; /* Of something else. */
routine other(p : port_t);
/* On one condition. */
#if A
routine if_a(p : port_t);
#elif B
skip;	/* Not this. */
#if C
#endif
#else	/* B */
routine unless_b(p : port_t);
#endif
routine bare_again(p : port_t);
type vm_size_t = int;
type point_t = struct {
	int x; /* metres. */
	int y; int z; /* whose? */
};
routine measure(		/* 7007 */
	p : port_t;		/* no argument in Python */
	time : int;		/* in milliseconds, from the moment on at which the message has arrived there */
	a : int; b : int;	/* whose? */
	size : vm_size_t;	/* XXX */
	out at : point_t);	/* where was "it"? */
"""


def documented(directory: Path) -> Any:
    defs = directory / "sample.defs"
    defs.write_text(COMMENTED)
    models = [compile_defs(defs, abi=name) for name in ABIS]
    return generate(*models, {str(defs): COMMENTED.splitlines()})


def test_what_stands_above_a_routine_is_in_its_docstring(tmp_path: Path) -> None:
    client = documented(tmp_path)["client.py"]
    wait, again, rest = client.split("def wait")[1].split("    def ", 2)
    assert textwrap.dedent("""
        Wait a while, in /milliseconds. Nothing 'else' happens.

        Second paragraph.

        Args:
    """) in textwrap.dedent(wait[wait.index("\n        Wait") :])
    assert "        One line.\n\n        Raises:" in again
    assert "above it" not in rest
    assert "something else" not in rest


def test_conditions_do_not_part_a_routine_from_what_stands_above_them(tmp_path: Path) -> None:
    client = documented(tmp_path)["client.py"]
    assert client.count("On one condition.") == 1
    _, _, method = client.partition("def unless_b")
    assert "        On one condition.\n\n        Raises:" in method
    assert "Not this." not in client


@pytest.mark.parametrize("module", ["client.py", "server.py"])
def test_what_stands_beside_an_argument_is_said_of_it(tmp_path: Path, module: str) -> None:
    _, _, method = documented(tmp_path)[module].partition("def measure")
    assert (
        """
            time: ``int``: in milliseconds, from the moment on at which the message has arrived
                there.
            a: ``int``.
            b: ``int``.
            size: ``vm_size_t``, in bytes.

        Returns:
            at: ``point_t``: where was 'it'?
"""
        in method
    )
    assert "7007" not in method.partition("Args:")[2]


def test_what_stands_beside_a_member_is_said_of_it(tmp_path: Path) -> None:
    assert """
    Attributes:
        x: metres.
    \"""

    x: int
    y: int
""" in documented(tmp_path)["types.py"]


def test_generated_modules_do_not_load_the_compiler(wire: Any) -> None:
    package = wire.directory
    code = f"import {package.name}, sys; print([m for m in sys.modules if m.startswith('mig.')])"
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{package.parent}:{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "mig.rpc.client" in loaded
    assert all(room not in loaded for room in ("mig.frontend", "mig.model", "mig.backends"))


@pytest.mark.parametrize(
    ("declaration", "reason"),
    [
        ("type odd_t = (MACH_MSG_TYPE_INTEGER_32, 24); type t = array[4] of odd_t;", "an element"),
        ("type odd_t = (MACH_MSG_TYPE_INTEGER_32, 24); type t = array[] of odd_t;", "an element"),
    ],
)
def test_what_python_cannot_carry_is_refused_by_name(declaration: str, reason: str) -> None:
    text = f"{HEAD}{declaration} routine strange(p : port_t; what : t);"
    models = [compile_text(text, abi=name) for name in ABIS]
    complaint = f"routine strange: argument what is or holds {reason}"
    with pytest.raises(CompileError, match=complaint):
        generate(*models)


def test_a_routine_of_one_abi_is_refused_on_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = f"{HEAD} routine both(p : port_t);"
    here, there = common + " routine one(p : port_t);", common + " skip;"
    files = generate(compile_text(here, abi="i386"), compile_text(there, abi="x86_64"))
    (tmp_path / "one_abi").mkdir()
    for name, text in files.items():
        (tmp_path / "one_abi" / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("one_abi")
    port = Port(Scripted(X86_64, ProtocolError("not reached")), 1)
    with pytest.raises(MigBadId, match=r"only i386 has it from one on test:"):
        module.Sample(port).one()


@pytest.mark.parametrize(
    ("declarations", "complaint"),
    [
        (
            "type a_b_t = struct { int x; }; type a_b = struct { int y; };"
            "routine r(p : port_t; one : a_b_t; two : a_b);",
            "routine r: a_b and a_b_t are both AB",
        ),
        (
            "type r_result_t = struct { int x; };"
            "routine r(p : port_t; in a : r_result_t; out b : int; out c : int);",
            "routine r: r_result_t and the result of r are both RResult",
        ),
    ],
)
def test_two_classes_of_one_name_are_refused(declarations: str, complaint: str) -> None:
    models = [compile_text(HEAD + declarations, abi=name) for name in ABIS]
    with pytest.raises(CompileError, match=complaint):
        generate(*models)


def test_names_that_a_client_has_already_get_out_of_its_way() -> None:
    text = f"""{HEAD} type sample_t = struct {{ int x; }};
        routine port(p : port_t; class : sample_t);"""
    files = generate(*(compile_text(text, abi=name) for name in ABIS))
    assert "class SampleClient(Client):" in files["client.py"]
    assert "def port_(self, class_: Sample) -> None:" in files["client.py"]


def test_routines_that_differ_by_case_have_structs_and_classes_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"""{HEAD}
        routine ask(p : port_t; out a : int; out b : short);
        routine Ask(p : port_t; out a : int64; out b : int64);"""
    (tmp_path / "case").mkdir()
    for name, source in generate(*(compile_text(text, abi=name) for name in ABIS)).items():
        (tmp_path / "case" / name).write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("case")
    codec = importlib.import_module("case.i386")
    for name, number in (("ask", 0), ("Ask", 1)):
        answer = deliver(I386, getattr(codec, f"encode_{name}_reply")(0x77, 1, 2))
        found = getattr(module.Sample(Port(Scripted(I386, answer), 1)), name)()
        assert found == (1, 2)
        assert type(found).__name__ == f"AskResult{number}"


def test_structures_that_differ_by_case_are_refused() -> None:
    text = f"""{HEAD} type a_t = struct {{ int x; }}; type aB = struct {{ int y; }};
        type AB_t = struct {{ int y; }};
        routine r(p : port_t; one : aB; two : a_t; three : AB_t);"""
    models = [compile_text(text, abi=name) for name in ABIS]
    with pytest.raises(CompileError, match="routine r: AB_t and aB are both AB"):
        generate(*models)


def test_a_routine_that_differs_between_the_abis_is_refused() -> None:
    here = compile_text(f"{HEAD} routine both(p : port_t; a : int);", abi="i386")
    there = compile_text(f"{HEAD} routine both(p : port_t; b : int);", abi="x86_64")
    with pytest.raises(CompileError, match="routine both: it differs between i386 and x86_64"):
        generate(here, there)


def test_compiler_and_runtime_agree_on_the_layout_of_messages(abi: Abi) -> None:
    model = MODEL_ABIS[abi.name]
    assert (model.header, model.word, model.inline_port) == (
        abi.header_size,
        abi.pointer,
        abi.port,
    )
    assert (model.short_descriptor, model.long_descriptor) == (
        abi.short_descriptor,
        abi.long_descriptor,
    )
    assert model.error_reply == abi.error_reply_size
    assert [model.align(size) for size in range(20)] == [abi.align(size) for size in range(20)]


# Calls.


def test_a_call_sends_the_request_and_returns_the_result(wire: Any, abi: Abi) -> None:
    caller = client(wire, "Wire", abi, reply(wire, abi, "r_int", 42))
    assert caller.r_int(7) == 42
    ((request, timeout),) = caller.port.transport.asked
    assert request == wire.codec(abi.name).encode_r_int_request(0x11, 0x77, 7)
    assert timeout == 2.5


def test_a_call_waits_as_long_as_its_caller_says_else_its_client(forms: Any, abi: Abi) -> None:
    caller = client(forms, "Forms", abi, reply(forms, abi, "f_waits", 42))
    assert caller.f_waits(7, limit=0.5) == caller.f_waits(7) == 42
    assert [timeout for _, timeout in caller.port.transport.asked] == [0.5, 2.5]


def test_a_call_waits_as_long_as_the_interface_says_unless_its_client_does(
    forms: Any, abi: Abi
) -> None:
    caller = client(
        forms, "Forms", abi, reply(forms, abi, "f_long_name_without_any_room_left", 1, 2)
    )
    caller.f_long_name_without_any_room_left()
    caller.timeout = None
    caller.f_long_name_without_any_room_left()
    assert [timeout for _, timeout in caller.port.transport.asked] == [2.5, 0.25]
    assert "Waits 250 ms" in inspect.getdoc(type(caller).f_long_name_without_any_room_left)


def test_several_results_are_a_named_tuple(wire: Any, abi: Abi) -> None:
    result = client(wire, "Wire", abi, reply(wire, abi, "r_var", (1, 2), 3)).r_var((), 0)
    assert (result.c, result.d) == ((1, 2), 3)


def test_no_result_is_none(wire: Any, abi: Abi) -> None:
    assert client(wire, "Wire", abi, reply(wire, abi, "r_make")).r_make(1) is None


def test_structures_stay_bytes_until_they_are_looked_at(forms: Any, abi: Abi) -> None:
    point = forms.module.Point(1, 2, 3)
    answer = reply(forms, abi, "f_points", [point, point], 9)
    points = client(forms, "Forms", abi, answer).f_points((), 0).c
    assert isinstance(points, StructArray)
    assert points.buffer == b"\1\0\2\0\3\0\0\0" * 2
    assert list(points) == [point, point]


def test_a_simpleroutine_waits_for_no_reply(wire: Any, forms: Any, abi: Abi) -> None:
    caller = client(wire, "Wire", abi, ProtocolError("not reached"))
    assert caller.r_simple(5) is None
    (message,) = caller.port.transport.sent
    assert unpack_header(abi, message.data).local == 0

    caller = client(forms, "Forms", abi, ProtocolError("not reached"))
    caller.f_reply_to(0x55, 1)
    (message,) = caller.port.transport.sent
    assert unpack_header(abi, message.data).local == 0x55


def test_memory_comes_back_from_out_of_line(forms: Any, abi: Abi) -> None:
    answer = reply(forms, abi, "f_far_octets", b"xyz")
    assert client(forms, "Forms", abi, answer).f_far_octets(b"") == b"xyz"


# Bad arguments: nothing is sent.


@pytest.mark.parametrize(
    ("package", "arguments", "complaint"),
    [
        ("wire", (1 << 31,), "r_int: a does not hold 2147483648"),
        ("wire", ("7",), "r_int: a does not hold '7'"),
        ("wire", (0, 1 << 40), "r_i64: b does not hold"),
        ("wire", ((1, 2),), "r_fixed: a holds 3 items, not 2"),
        ("wire", ((0,) * 11, 0), "r_var: a holds at most 10 items, not 11"),
        ("wire", ((0, "x"), 0), "r_var: a does not hold 'x'"),
        ("wire", (b"x" * 65, 0), "r_bytes: data holds at most 64 items, not 65"),
        ("wire", (b"x" * 32,), "r_str: a holds at most 31 items, not 32"),
        ("wire", (b"a\0b", 0), "r_strv: a holds a zero"),
        ("forms", ((1, 2),), "f_rows: a holds items in groups of 3, not 2"),
        ("forms", (b"x" * 17,), "f_octets: a holds at most 16 items, not 17"),
    ],
)
def test_an_argument_that_does_not_fit_is_named(
    request: pytest.FixtureRequest,
    abi: Abi,
    package: str,
    arguments: tuple[Any, ...],
    complaint: str,
) -> None:
    name = package.capitalize()
    caller = client(request.getfixturevalue(package), name, abi, ProtocolError("not reached"))
    with pytest.raises(ArgumentError) as caught:
        getattr(caller, complaint.partition(":")[0])(*arguments)
    assert str(caught.value).startswith(complaint)
    assert not caller.port.transport.asked


def test_a_disposition_that_is_none_is_refused(wire: Any, abi: Abi) -> None:
    caller = client(wire, "Wire", abi, ProtocolError("not reached"))
    for disposition in (256, -1, "send"):
        with pytest.raises(ArgumentError, match="r_poly: a_poly is a disposition and not"):
            caller.r_poly(1, disposition)


def test_a_member_that_does_not_fit_is_named(forms: Any, abi: Abi) -> None:
    module = forms.module
    point = module.Point(0, 0, 0)
    caller = client(forms, "Forms", abi, ProtocolError("not reached"))
    for line in (
        module.Line(point, module.Point(0, 1 << 16, 0), b"", 0),
        module.Line(point, point, b"x" * 11, 0),
    ):
        with pytest.raises(ArgumentError, match="f_struct: a does not hold Line"):
            caller.f_struct(line)


# Bad replies.


def refused(wire: Any, abi: Abi, answer: Message | Exception, routine: str = "r_int") -> Exception:
    with pytest.raises(Exception, match="test:") as caught:
        getattr(client(wire, "Wire", abi, answer), routine)(0)
    return caught.value


def test_a_return_code_is_an_exception_that_says_where(wire: Any, abi: Abi) -> None:
    error = refused(wire, abi, error_reply(abi, 5100, 4))
    assert isinstance(error, KernInvalidArgument)
    assert (error.code, error.name) == (4, "KERN_INVALID_ARGUMENT")
    assert str(error) == "KERN_INVALID_ARGUMENT (4) from r_int on test:"


def test_an_unknown_return_code_keeps_its_number(wire: Any, abi: Abi) -> None:
    error = refused(wire, abi, error_reply(abi, 5100, 0x40000002))
    assert isinstance(error, KernReturnError)
    assert error.code == 0x40000002
    assert str(error) == "return code 0x40000002 from r_int on test:"


def test_a_return_code_in_a_whole_reply_counts_too(wire: Any, abi: Abi) -> None:
    whole = reply(wire, abi, "r_int", 1).data
    at = abi.header_size + abi.short_descriptor
    damaged = whole[:at] + (4).to_bytes(4, "little") + whole[at + 4 :]
    assert isinstance(refused(wire, abi, Message(damaged)), KernInvalidArgument)


def test_another_routines_reply_is_refused(wire: Any, abi: Abi) -> None:
    error = refused(wire, abi, reply(wire, abi, "r_i64", 1))
    assert isinstance(error, ProtocolError)
    assert str(error) == "test: r_int: expected reply 5100, found 5101"


def test_a_dead_server_is_reported_as_such(wire: Any, abi: Abi) -> None:
    notification = Message(pack_header(abi, Header(0x1200, abi.header_size, 0, 0x77, 0, 71)))
    error = refused(wire, abi, notification)
    assert isinstance(error, MigServerDied)
    assert str(error) == "MIG_SERVER_DIED (-308) from r_int on test:"


def test_a_truncated_reply_is_refused_at_every_length(wire: Any, abi: Abi) -> None:
    whole = reply(wire, abi, "r_var", (1, 2, 3), 4).data
    caller = client(wire, "Wire", abi, Message(whole))
    assert caller.r_var((), 0).d == 4
    for length in range(len(whole)):
        cut = bytearray(whole[:length])
        cut[4:8] = length.to_bytes(4, "little")
        for data in (whole[:length], bytes(cut[:length])):
            caller.port.transport.answer = Message(data)
            with pytest.raises(ProtocolError, match="expected"):
                caller.r_var((), 0)


def test_success_without_the_results_is_refused(wire: Any, abi: Abi) -> None:
    error = refused(wire, abi, error_reply(abi, 5100, 0))
    size = 40 if abi is I386 else 64
    assert str(error) == f"test: r_int: expected {size} bytes, found {abi.error_reply_size}"


def test_another_type_is_refused(wire: Any, abi: Abi) -> None:
    data = bytearray(reply(wire, abi, "r_int", 1).data)
    data[abi.error_reply_size] = 1
    error = refused(wire, abi, Message(bytes(data)))
    assert isinstance(error, ProtocolError)
    assert "expected type descriptor" in str(error)
    assert "for b, found" in str(error)


def test_a_count_beyond_the_type_is_refused(wire: Any, abi: Abi) -> None:
    whole = reply(wire, abi, "r_cio", tuple(range(10))).data
    data = bytearray(whole)
    at = abi.error_reply_size + (4 if abi.wide else 2)
    assert data[at] == 10
    data[at] = 11
    caller = client(wire, "Wire", abi, Message(bytes(data)))
    with pytest.raises(ProtocolError, match="r_cio: expected at most 10 elements of a, found 11"):
        caller.r_cio()


def test_an_out_of_line_pointer_in_a_simple_message_is_refused(wire: Any, abi: Abi) -> None:
    for routine in ("r_ool", "r_ind"):
        whole = reply(wire, abi, routine, tuple(range(1000)))
        data = bytearray(whole.data)
        assert int.from_bytes(data[:4], "little") & BITS_COMPLEX
        data[3] = 0
        caller = client(wire, "Wire", abi, Message(bytes(data), whole.out_of_line))
        with pytest.raises(ProtocolError, match="complex bit"):
            getattr(caller, routine)(())


@pytest.mark.parametrize("regions", [(), (b"123",), (b"1234" * 3, b"")])
def test_regions_that_do_not_match_are_refused(
    wire: Any, abi: Abi, regions: tuple[bytes, ...]
) -> None:
    whole = reply(wire, abi, "r_ool", (1, 2, 3))
    caller = client(wire, "Wire", abi, Message(whole.data, regions))
    with pytest.raises(ProtocolError, match=r"expected .* out.of.line"):
        caller.r_ool(())


def test_errors_of_the_transport_pass_through(wire: Any, abi: Abi) -> None:
    error = refused(wire, abi, CallTimeout("no reply within 2.5 s", address="test:"))
    assert isinstance(error, TimeoutError)
    assert str(error) == "test: r_int: no reply within 2.5 s"
