# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages made readable: what is shown of good ones, and said of bad ones."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from mig.cli import main
from mig.compile import compile_defs
from mig.decoder.decode import Decoder
from mig.decoder.report import lines_of, value_text
from mig.rpc.abi import ABIS
from mig.rpc.message import Header, Message
from mig.rpc.server import error_reply

ROOT = Path(__file__).parents[3]
DEFS = """\
subsystem shown 700;
type port_t = MACH_MSG_TYPE_COPY_SEND;
type any_t = polymorphic;
type record_t = struct { char tag; short small; int medium; };
type records_t = array[*:4] of record_t;
type far_t = ^array[] of int;
type ports_t = array[] of port_t;
type name_t = c_string[*:16];
type bytes_t = array[*:200] of char;
type real_t = (MACH_MSG_TYPE_REAL, 64);
routine ask(port : port_t; a : int; records : records_t; name : name_t; out b : far_t);
routine hand(port : port_t; right : any_t; rights : ports_t; out real : real_t);
simpleroutine tell(port : port_t; raw : bytes_t);
"""
# header, bits to id, then descriptors with their data
ASK = (
    "13150000 3c000000 11000000 77000000 00000000 bc020000"
    "02200110 ffffffff"
    "02200410 01000200 03000000 ff000500 06000000"
    "0c080310 68690000"
)
ASKED_REPLY = (
    "12000080 30000000 77000000 00000000 00000000 20030000"
    "02200110 00000000"
    "00000060 02002000 03000000 00000000"
    "01000000 02000000 03000000"
)
HAND = (
    "13150080 3c000000 11000000 77000000 00000000 bd020000"
    "13200110 21000000"
    "00000030 13002000 02000000 31000000 32000000"
    "02200110 00000000"
)


@pytest.fixture(scope="module")
def defs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("decoder") / "shown.defs"
    path.write_text(DEFS)
    return path


@pytest.fixture(scope="module")
def decoder(defs: Path) -> Decoder:
    return Decoder([compile_defs(defs, abi="i386")])


def shown(decoder: Decoder, *messages: str | bytes) -> list[str]:
    """The lines of messages, one behind the other."""
    data = b"".join(m if isinstance(m, bytes) else bytes.fromhex(m) for m in messages)
    return [line for message in decoder.decode(data) for line in lines_of(message)]


def test_arguments_are_shown_with_offset_type_and_value(decoder: Decoder) -> None:
    assert shown(decoder, ASK) == [
        "0x0000: request 700, ask, 60 bytes",
        "        remote 0x11 (COPY_SEND), local 0x77 (MAKE_SEND_ONCE), sequence 0",
        "  0x001c a: int = -1",
        "  0x0024 records: records_t"
        " = [{tag: 1, small: 2, medium: 3}, {tag: -1, small: 5, medium: 6}]",
        "  0x0038 name: name_t = b'hi'",
    ]


def test_members_whose_names_begin_with_an_underscore_are_shown() -> None:
    assert value_text({"_io": None, "_a": 1, "b": 2}, None) == "{_a: 1, b: 2}"


def test_messages_delimit_themselves_with_what_is_out_of_line(decoder: Decoder) -> None:
    lines = shown(decoder, ASKED_REPLY, ASK)
    assert lines[:4] == [
        "0x0000: reply 800, ask, 48 bytes, complex",
        "        remote 0x77 (MOVE_SEND_ONCE), local 0x0, sequence 0",
        "  0x001c return code: kern_return_t = KERN_SUCCESS (0)",
        "  0x002c b: far_t, out of line, deallocate = [1, 2, 3]",
    ]
    assert lines[4] == "0x003c: request 700, ask, 60 bytes"


def test_memory_behind_a_pointer_is_not_in_the_input(decoder: Decoder) -> None:
    data = bytearray.fromhex(ASKED_REPLY)[:48]
    data[44] = 0x10
    lines = shown(decoder, bytes(data), ASK)
    assert lines[3] == "  0x002c b: far_t, out of line, not in the input, deallocate = ?"
    assert lines[4].startswith("0x0030: request 700")


def test_rights_are_shown_with_their_disposition(decoder: Decoder) -> None:
    message = bytes.fromhex(HAND)[:52]
    message = message[:4] + (52).to_bytes(4, "little") + message[8:]
    assert shown(decoder, message)[2:] == [
        "  0x001c right: any_t, COPY_SEND = 0x21",
        "  0x002c rights: ports_t, COPY_SEND = [0x31, 0x32]",
    ]


def test_an_error_reply_ends_with_its_code(decoder: Decoder) -> None:
    for code, name in ((4, "KERN_INVALID_ARGUMENT (4)"), (-304, "MIG_BAD_ARGUMENTS (-304)")):
        reply = error_reply(ABIS["i386"], Header(0x12, 0, 0x77, 0, 0, 700), code)
        assert shown(decoder, reply.data)[2:] == [f"  0x001c return code: kern_return_t = {name}"]


def test_long_values_are_cut(decoder: Decoder) -> None:
    body = "08086410" + "61" * 100
    message = "13000000 80000000 11000000 00000000 00000000 be020000" + body
    (line,) = shown(decoder, message)[2:]
    assert line == f"  0x001c raw: bytes_t = {b'a' * 64!r} ... 100 bytes"
    (decoded,) = decoder.decode(bytes.fromhex(message))
    assert list(lines_of(decoded, everything=True))[2].endswith(f"= {b'a' * 100!r}")


# What does not fit.


@pytest.mark.parametrize(
    ("at", "to", "offset", "complaint"),
    [
        (24, "01", 0x18, "a: expected msgt_name INTEGER_32, found INTEGER_16"),
        (25, "10", 0x18, "a: expected msgt_size 32, found 16"),
        (26, "02", 0x18, "a: expected msgt_number 1, found 2"),
        (27, "30", 0x18, "a: expected msgt_longform False, found True"),
        (27, "00", 0x18, "a: expected msgt_inline True, found False"),
        (27, "90", 0x18, "a: expected unused bits 0, found 1"),
        (34, "0a", 0x20, "records: expected msgt_number at most 8, a multiple of 2, found 10"),
        (34, "03", 0x20, "records: expected msgt_number at most 8, a multiple of 2, found 3"),
        (34, "08", 0x24, "expected the data of records, found 24 bytes"),
        (3, "80", 0, "expected the complex bit clear with neither, found it set"),
        (20, "bd", 0x20, "rights: expected msgt_name COPY_SEND or PORT_SEND, found INTEGER_16"),
        (20, "01", 0x14, "message 513 is none of shown"),
        (4, "10", 4, "expected a size of 24 to 60 bytes, found 16"),
        (4, "44", 4, "expected a size of 24 to 60 bytes, found 68"),
    ],
)
def test_what_does_not_fit_is_said_with_its_place(
    decoder: Decoder, at: int, to: str, offset: int, complaint: str
) -> None:
    data = bytearray.fromhex(ASK)
    data[at] = int(to, 16)
    (decoded, *_) = decoder.decode(bytes(data))
    findings = [(finding.offset, finding.text) for finding in decoded.findings]
    assert findings
    assert findings[0][0] == offset
    assert findings[0][1].startswith(complaint)
    assert any("WRONG: " + findings[0][1] in line for line in lines_of(decoded))


def test_more_than_the_routine_has_is_shown_and_wrong(decoder: Decoder) -> None:
    lines = shown(decoder, HAND)
    assert "  0x0034 WRONG: expected the end of the message, found 8 more bytes" in lines
    assert "  0x0038 INTEGER_32, 32 bits x 1 = b'\\x00\\x00\\x00\\x00'" in lines


def test_a_message_of_another_interface_is_shown_by_its_descriptors(decoder: Decoder) -> None:
    data = bytes.fromhex(ASK)
    other = data[:20] + (9999).to_bytes(4, "little") + data[24:]
    lines = shown(decoder, other, ASK)
    assert lines[2] == "  0x001c INTEGER_32, 32 bits x 1 = b'\\xff\\xff\\xff\\xff'"
    assert "  0x0014 WRONG: message 9999 is none of shown" in lines
    assert "0x003c: request 700, ask, 60 bytes" in lines


@pytest.mark.parametrize("length", range(1, 60))
def test_a_truncated_message_is_wrong_at_every_length(decoder: Decoder, length: int) -> None:
    data = bytearray.fromhex(ASK)[:length]
    for resized in (False, True):
        if resized and length >= 24:
            data[4:8] = length.to_bytes(4, "little")
        (decoded, *_) = decoder.decode(bytes(data))
        assert decoded.findings
        assert list(lines_of(decoded))


def test_memory_that_is_missing_behind_the_message_is_said(decoder: Decoder) -> None:
    (decoded,) = decoder.decode(bytes.fromhex(ASKED_REPLY)[:-4])
    assert decoded.findings[0].text == "expected 12 bytes of b behind the message, found 8"
    assert decoded.end is None


# The command.


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: bytes, *words: str
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
    status = main(["decode", *words])
    return (status, *capsys.readouterr())


def test_hexadecimal_and_binary_input_are_the_same(
    defs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = run(monkeypatch, capsys, ASK.encode() + b"\n", str(defs))
    assert text == run(monkeypatch, capsys, bytes.fromhex(ASK), str(defs))
    status, out, err = text
    assert (status, err) == (0, "")
    assert "request 700, ask" in out


def test_a_misfit_is_status_1_and_nonsense_status_2(
    defs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(monkeypatch, capsys, ASK.encode()[:-8], str(defs))
    assert status == 1
    assert "WRONG" in out
    for words, complaint in (
        ([], "no input file"),
        ([str(defs), "--abi", "vax"], "no ABI 'vax': there are i386, x86_64"),
        ([str(defs), "--nonsense"], "unknown option --nonsense"),
    ):
        status, _, err = run(monkeypatch, capsys, b"", *words)
        assert status == 2
        assert complaint in err
    status, _, err = run(monkeypatch, capsys, b"123", str(defs))
    assert (status, "in the middle of a hexadecimal number" in err) == (2, True)
    status, _, err = run(monkeypatch, capsys, b"", str(defs) + "x")
    assert status == 1
    assert "shown.defsx" in err


def test_flags_of_the_preprocessor_and_the_abi_are_honoured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    message = "13150000 28000000 11000000 00000000 77000000 00000000 00000000 1f080000"
    include = ROOT / "include"
    status, out, _ = run(
        monkeypatch,
        capsys,
        message.encode(),
        *("--abi=x86_64", f"-I{include}", "-I", str(include / "fallback")),
        str(include / "mach" / "perf_monitor.defs"),
    )
    assert status == 1
    assert "expected a size of 32 to 32 bytes, found 40" in out


def test_a_missing_construct_is_asked_for_by_name(
    defs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in ("mig.decoder.decode", "mig.decoder.declare"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "construct", None)
    status, _, err = run(monkeypatch, capsys, b"", str(defs))
    assert status == 1
    assert "pip install 'perfmon[decode]'" in err


def test_stubs_are_made_without_loading_the_decoder(defs: Path) -> None:
    code = (
        "import sys, mig.cli; mig.cli.main(sys.argv[1:]);"
        "print([m for m in sys.modules if m.startswith(('construct', 'mig.decoder', 'mig.rpc'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "-n", "--abi", "i386", str(defs)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_a_message_of_a_server_decodes(defs: Path, decoder: Decoder) -> None:
    reply = error_reply(ABIS["i386"], Header(0x12, 0, 0x77, 0, 0, 701), 5)
    assert isinstance(reply, Message)
    assert "KERN_FAILURE (5)" in shown(decoder, reply.data)[-1]
