# SPDX-License-Identifier: GPL-2.0-or-later
"""Generated C compiles without a warning, and carries values from a client to a server and back."""

import subprocess
from pathlib import Path

import pytest

from mig.compile import Options, compile_defs, compile_text, generate_c

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
FALLBACK = ROOT / "include" / "fallback"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")
KINDS = {"user": "user.c", "server": "server.c", "header": "user.h", "sheader": "server.h"}
INTERFACES = (
    ("include/mach/perf_monitor.defs", "PERF_MONITOR_SERVERPREFIX=ipc_"),
    ("include/mach/perf_alert.defs", "PERF_ALERT_SERVERPREFIX=receive_"),
    ("csrc/workload/perf_workload.defs", "PERF_WORKLOAD_SERVERPREFIX=serve_"),
)


def generate(directory, defs, abi, *defines):
    """Write all the C of an interface into a directory; its name."""
    include = [ROOT / "include", FALLBACK]
    model = compile_defs(defs, abi=abi, include=include, defines=defines)
    names = {kind: f"{model.name}_{name}" for kind, name in KINDS.items()}
    options = Options(header=names["header"], server_header=names["sheader"])
    for kind, name in names.items():
        (directory / name).write_text(generate_c(model, kind, options))
    return model.name


def compiler(*words, directory=None):
    includes = [f"-I{path}" for path in (directory, HERE, ROOT / "include") if path]
    command = ["gcc", *FLAGS, *words, *includes, "-idirafter", FALLBACK]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("check", ["1", "0"], ids=["checked", "unchecked"])
@pytest.mark.parametrize("flag", ["-m32", "-m64"])
@pytest.mark.parametrize(("defs", "define"), [*INTERFACES, (str(HERE / "loopback.defs"), "X")])
def test_stubs_compile_without_a_warning(tmp_path, defs, define, flag, check):
    abi = {"-m32": "i386", "-m64": "x86_64"}[flag]
    name = generate(tmp_path, ROOT / defs, abi, define)
    for kind in ("user.c", "server.c"):
        compiler(
            flag,
            "-ffreestanding",
            f"-DTypeCheck={check}",
            "-fsyntax-only",
            tmp_path / f"{name}_{kind}",
            directory=tmp_path,
        )


NESTED = """\
subsystem nested 40;
type mach_port_t = MACH_MSG_TYPE_COPY_SEND;
type two_t = array[2] of mach_port_t;
type square_t = array[2] of two_t;
type squares_t = array[*:3] of two_t;
import "nested.h";
routine r(p : mach_port_t; a : square_t; b : squares_t; out c : square_t; out d : squares_t);
"""


@pytest.mark.parametrize("flag", ["-m32", "-m64"])
def test_arrays_of_arrays_of_rights_compile_without_a_warning(tmp_path, flag):
    (tmp_path / "nested.defs").write_text(NESTED)
    (tmp_path / "nested.h").write_text(
        "#pragma once\ntypedef mach_port_t two_t[2];\ntypedef two_t square_t[2], squares_t[3];\n"
    )
    generate(tmp_path, tmp_path / "nested.defs", {"-m32": "i386", "-m64": "x86_64"}[flag])
    for name in ("nested_user.c", "nested_server.c"):
        compiler(flag, "-fsyntax-only", tmp_path / name, directory=tmp_path)


@pytest.mark.parametrize("check", ["1", "0"], ids=["checked", "unchecked"])
def test_values_arrive_and_come_back(tmp_path, check):
    generate(tmp_path, HERE / "loopback.defs", "x86_64")
    program = tmp_path / "loopback"
    compiler(
        "-fno-strict-aliasing",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover",
        "-DMIG_EOPNOTSUPP=-999",
        f"-DTypeCheck={check}",
        tmp_path / "loopback_user.c",
        tmp_path / "loopback_server.c",
        HERE / "loopback.c",
        "-o",
        program,
        directory=tmp_path,
    )
    environment = {"ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run([program], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


SMALL = """\
subsystem {kernel} small 40;
type mach_port_t = MACH_MSG_TYPE_COPY_SEND;
routine ask(p : mach_port_t; question : int; out answer : int);
skip;
"""


def generated(kind, kernel="", **options):
    model = compile_text(SMALL.format(kernel=kernel), abi="x86_64", file="dir/small.defs")
    return generate_c(model, kind, Options(**options))


def test_the_user_header_is_this():
    assert generated("header") == (HERE / "small.h.golden").read_text()


def test_the_server_header_is_this():
    assert generated("sheader") == (HERE / "small_server.h.golden").read_text()


def test_the_user_stub_is_this():
    text = generated("user")
    assert text[text.index("/* Routine") :] == (HERE / "small_user.c.golden").read_text()


def test_the_server_stub_is_this():
    text = generated("server")
    assert text[text.index("/* Routine") :] == (HERE / "small_server.c.golden").read_text()


def test_only_helpers_that_are_used_are_there():
    text = generated("user")
    assert "mig_type_is(" in text
    for unused in ("mig_type_long", "mig_store", "mig_padded", "mig_load_ports"):
        assert unused not in text


def test_kernel_users_send_through_the_kernel():
    text = generated("user", kernel="KernelUser")
    assert "mach_msg_rpc_from_kernel(&In->Head, 48, 64)" in text
    assert "#include <kern/ipc_mig.h>" in text
    assert "mig_get_reply_port" not in text


@pytest.mark.parametrize("option", ["waittime", "msgoption"])
def test_kernel_users_have_no_use_for_limits_and_options(option):
    text = SMALL.format(kernel="KernelUser") + f"routine r(p : mach_port_t; {option} o : int);"
    stub = generate_c(compile_text(text, abi="i386"), "user", Options())
    assert "\t(void) o;\n" in stub


def test_kernel_servers_leave_the_dispatch_to_the_kernel():
    text = generated("server", kernel="KernelServer")
    assert "mig_routine_t small_server_routines[] = {\n\t_Xask,\n\t0,\n};" in text
    assert "boolean_t small_server\n" not in text
    assert "(ipc_port_t) In->Head.msgh_remote_port" in text


def test_a_symbol_table_lists_the_routines():
    assert '{ "ask", 40, _Xask },' in generated("server", symbol_table=True)


def test_arrays_of_strings_have_the_constant_type_of_strings():
    text = (
        SMALL.format(kernel="")
        + "type t = array[3] of c_string[4]; routine r(p : mach_port_t; a : t);"
    )
    header = generate_c(compile_text(text, abi="i386"), "header", Options())
    assert "\tconst_t a\n" in header
