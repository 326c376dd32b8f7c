# SPDX-License-Identifier: GPL-2.0-or-later
"""What is fuzzed in Python: each target takes any bytes, and may raise only what it documents.

A target is a module that reads what others wrote.  Its function returns normally for bad input
that was refused as documented; whatever else it raises is a finding.
"""

import contextlib
import struct
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tests.fuzz import results

ROOT = Path(__file__).resolve().parents[2]
INTERFACE = ROOT / "include" / "mach" / "perf_monitor.defs"

Fuzzer = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to fuzz.

    Attributes:
        name: what it is called on the command line and in the corpus.
        prefixes: of the modules whose branches guide the fuzzer.
        load: imports those modules and returns the function that takes the bytes.
        seeds: returns inputs to begin with.
        words: pieces that inputs are made of, for the fuzzer's dictionary.
    """

    name: str
    prefixes: tuple[str, ...]
    load: Callable[[], Fuzzer]
    seeds: Callable[[], Sequence[bytes]]
    words: tuple[bytes, ...] = ()


def _load_defs() -> Fuzzer:
    from mig.compile import CompileError, Options, compile_text, generate_c, generate_python

    def compile_both(data: bytes) -> None:
        text = data.decode("latin-1")
        try:
            models = [compile_text(text, abi=abi) for abi in ("i386", "x86_64")]
            for kind in ("user", "server", "header", "sheader", "list"):
                generate_c(models[0], kind, Options())
            generate_python(*models)
        except CompileError as error:
            if not error.diagnostics:
                raise AssertionError("an error without a diagnostic") from error

    return compile_both


def _defs_seeds() -> list[bytes]:
    from mig.frontend.preprocess import Preprocessor

    preprocessor = Preprocessor.from_environment(target_flag="-m64")
    include = [f"-I{ROOT / path}" for path in ("include", "include/fallback")]
    own = (
        INTERFACE,
        ROOT / "include/mach/perf_alert.defs",
        ROOT / "csrc/workload/perf_workload.defs",
    )
    texts = [preprocessor.run(str(path), include) for path in own]
    kitchen_sink = ROOT / "tests" / "conformance" / "kitchen_sink.defs"
    texts.append(preprocessor.run(str(kitchen_sink), include))
    # Whole interfaces are slow to mutate; their declarations one by one are not.
    pieces = [
        f"subsystem s 100;\ntype int = MACH_MSG_TYPE_INTEGER_32;\n{declaration};"
        for text in texts
        for declaration in text.replace("\n\n", "\n").split(";")
    ]
    # Line markers name files, by a path that is another in each checkout.
    return [text.replace(f"{ROOT}/", "").encode("latin-1") for text in (*pieces, *texts)]


_DEFS_WORDS = (
    *(b"subsystem", b"kerneluser", b"kernelserver", b"routine", b"simpleroutine", b"type", b"skip"),
    *(b"array[", b"array[*:", b"struct[", b"struct {", b"c_string[", b"^", b"of", b"polymorphic"),
    *(b"in", b"out", b"inout", b"requestport", b"replyport", b"sreplyport", b"ureplyport"),
    *(b"waittime", b"msgoption", b"msgseqno", b"islong", b"dealloc", b"dealloc[]", b"servercopy"),
    *(b"countinout", b"intran:", b"outtran:", b"destructor:", b"ctype:", b"cusertype:"),
    *(b"cservertype:", b"intranpayload:", b"import", b"uimport", b"simport", b"rcsid"),
    *(b"userprefix", b"serverprefix", b"serverdemux", b"nowaittime", b"MACH_MSG_TYPE_COPY_SEND"),
    *(b"MACH_MSG_TYPE_MAKE_SEND", b"MACH_MSG_TYPE_PORT_SEND", b"MACH_MSG_TYPE_POLYMORPHIC"),
    *(b"MACH_MSG_TYPE_STRING_C", b"(MACH_MSG_TYPE_CHAR, 8)", b"|", b"*:", b'\n# 7 "x.defs"\n'),
)


def _load_decoder() -> Fuzzer:
    from mig.rpc.errors import MachError
    from mig.rpc.message import Message

    wires = [import_module(f"perfmon._generated.perf_monitor.{abi}") for abi in ("i386", "x86_64")]
    readers = [
        [getattr(wire, name) for name in sorted(vars(wire)) if name.startswith("decode_")]
        for wire in wires
    ]

    def decode(data: bytes) -> None:
        if len(data) < 2:
            return
        of_abi = readers[data[0] & 1]
        with contextlib.suppress(MachError):
            of_abi[(data[0] >> 1) % len(of_abi)](_message(data[1:], Message))

    return decode


def _message(data: bytes, message: Callable[[bytes, tuple[bytes, ...]], object]) -> object:
    """A message whose first byte says how much of the end travels out of line."""
    length, rest = data[0], data[1:]
    if length == 0 or length > len(rest):
        return message(rest, ())
    return message(rest[:-length], (rest[-length:],))


def _decoder_seeds() -> list[bytes]:
    from mig.rpc.abi import ABIS

    # Only the headers: the fuzzer learns the bodies from the comparisons that refuse them.
    seeds = []
    for index, abi in enumerate(ABIS.values()):
        for routine in range(32):
            for size in (abi.header_size + 8, abi.header_size + 32, abi.header_size + 104):
                header = abi.header.pack(0x1200, size, 1, 0, 0, 2172 + routine // 2)
                body = bytes(size - len(header))
                seeds.append(bytes([index | routine << 1, 0]) + header + body)
    return seeds


def _load_stream() -> Fuzzer:
    from mig.rpc.abi import ABIS
    from mig.rpc.errors import TransportError
    from mig.rpc.transports.stream import Hello, read_message

    class EndOfStreamError(TransportError):
        """The stream is at its end."""

    def read_all(data: bytes) -> None:
        at = 0

        def read(size: int) -> bytes:
            nonlocal at
            if size > len(data) - at:
                raise EndOfStreamError("the end", address="fuzz")
            at += size
            return data[at - size : at]

        line, separator, data = data.partition(b"\n")
        try:
            abi = Hello.from_line(line + separator).abi
        except TransportError:
            abi = ABIS["i386"]
        try:
            while True:
                message = read_message(abi, read, message_max=1 << 16, regions_max=1 << 16)
                assert len(message.data) <= 1 << 16
                assert sum(map(len, message.out_of_line)) <= 1 << 16
        except TransportError:
            pass

    return read_all


def _stream_seeds() -> list[bytes]:
    from mig.rpc.abi import ABIS
    from mig.rpc.transports.stream import Hello

    seeds = []
    for abi in ABIS.values():
        hello = Hello(abi, 4, {"host": 1, "host-priv": 2}).to_line()
        plain = abi.header.pack(0x1513, abi.header_size, 1, 4, 0, 2072)
        pointer = struct.pack("<I", 0x02002003) if not abi.wide else struct.pack("<II", 0x2002, 3)
        size = abi.header_size + len(pointer) + abi.pointer
        complex_ = abi.header.pack(0x80001513, size, 1, 4, 0, 2079) + pointer + bytes(abi.pointer)
        seeds += [hello + plain, hello + plain + plain, hello + complex_ + bytes(12)]
    return seeds


def _load_trace() -> Fuzzer:
    from perfmon.analysis.report import analyse
    from perfmon.errors import PerfmonError
    from perfmon.recording.trace import open_trace

    directory = Path(tempfile.mkdtemp(prefix="perfmon-fuzz-"))

    def read_trace(data: bytes) -> None:
        metadata, _, streams = data.partition(b"\0\0METADATA ENDS\0\0")
        (directory / "metadata").write_bytes(metadata)
        (directory / "cpu0").write_bytes(streams)
        try:
            trace = open_trace(directory)
            for stream in trace.streams:
                whole = sum(len(packet.samples) for packet in trace.packets(stream))
                assert 32 * whole + trace.cut_off(stream) <= stream.stat().st_size
            analyse(trace)
        except PerfmonError:
            pass

    return read_trace


def _trace_seeds() -> list[bytes]:
    import perfmon
    from perfmon.reader import Start
    from perfmon.recording.recorder import record

    with (
        tempfile.TemporaryDirectory(prefix="perfmon-fuzz-") as name,
        perfmon.connect("embedded:") as host,
    ):
        host.configure(sample_rate=0, buffer_size=1024)
        host.enable()
        host.workload.workload_memory(20, 2)
        host.disable()
        trace = Path(name) / "trace"
        record(host, trace, 0, start=Start.OLDEST)
        metadata = (trace / "metadata").read_bytes()
        stream = max((path.read_bytes() for path in trace.glob("cpu*")), key=len)
    return [metadata + b"\0\0METADATA ENDS\0\0" + stream[:size] for size in (0, 60, 60 + 640, 8192)]


def _load_kernel() -> Fuzzer:
    from tests.fuzz.kernels import edited, examine, standin

    for name in ("container", "image", "instrument"):  # now: here is where they are instrumented
        import_module(f"perfmon.kernel.{name}")
    image = standin()
    file = Path(tempfile.mkdtemp(prefix="perfmon-fuzz-")) / "kernel"

    def survey(data: bytes) -> None:
        file.write_bytes(edited(image, data))
        examine(file)

    return survey


def _kernel_seeds() -> list[bytes]:
    from tests.fuzz.kernels import COMPRESSED, DAMAGED, EDIT, OPERATIONS, PLAIN, standin

    # Any region, any operation: the fuzzer finds the places.
    edits = [
        EDIT.pack(region, region % OPERATIONS, 16 * region, 1)
        for region in range(len(standin().regions))
    ]
    return [
        *(bytes([way]) + edits[0] for way in (COMPRESSED, DAMAGED)),
        *(bytes([PLAIN]) + edit for edit in edits),
    ]


TARGETS = {
    target.name: target
    for target in (
        Target("defs", ("mig.",), _load_defs, _defs_seeds, _DEFS_WORDS),
        Target("decoder", ("mig.rpc", "perfmon._generated"), _load_decoder, _decoder_seeds),
        Target("stream", ("mig.rpc",), _load_stream, _stream_seeds, (b'"abi"', b'"ports"')),
        Target("trace", ("perfmon.",), _load_trace, _trace_seeds),
        Target("kernel", ("perfmon.kernel", "elftools"), _load_kernel, _kernel_seeds),
        Target(
            "baseline",
            ("perfmon.regressions",),
            results.load_baseline,
            results.baseline_seeds,
            (b'"runs"', b'"environment"', b'"buckets_ns"', b"null", b"1e999", b"NaN", b"[[[["),
        ),
        Target("history", ("perfmon.regressions",), results.load_history, results.history_seeds),
    )
}
