# SPDX-License-Identifier: GPL-2.0-or-later
"""How the builds of GNU Mach, the Hurd and glibc call mig: their command lines, as shell text.

`$MIG` is the compiler, `$CPP` and `$CC` are for the target, `$CPPFLAGS` leads to Mach's headers.
Nothing here runs anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gnumach_jobs import JOBS, write_wrappers
from tests.conformance.targets import HERE

SOURCES = HERE / "builds"


@dataclass(frozen=True, slots=True)
class Command:
    """One run of mig, with what a makefile does before it and after it.

    Attributes:
        name: unique in its build.
        text: for a shell; the exit status is that of the last command.
        compiled: C files that it makes, and the side they are compiled for in the kernel, if so.
        succeeds: whether GNU MIG does what is asked.
    """

    name: str
    text: str
    compiled: tuple[str, ...] = ()
    kernel_side: str | None = None
    succeeds: bool = True


@dataclass(frozen=True, slots=True)
class Build:
    """The runs of one build."""

    name: str
    commands: tuple[Command, ...]

    def __str__(self) -> str:
        return self.name

    def prepare(self, directory: Path) -> None:
        """Write the sources that the commands read."""
        write_wrappers(directory)
        for path in SOURCES.iterdir():
            (directory / path.name).write_bytes(path.read_bytes())


# GNU Mach: preprocesses for itself, and every output has a name.


def _gnumach() -> Iterator[Command]:
    for job in JOBS:
        stem = f"{job.name}.{job.kind}"
        side = {"server": "server", "user": "client", "none": None}[job.kind]
        yield Command(
            stem,
            f"$CPP -x c $CPPFLAGS -E -o {stem}.defs.i {stem}.defs &&"
            f" $MIG -n -cc cat - /dev/null {' '.join(job.outputs())} < {stem}.defs.i",
            (f"{stem}.c",) if side else (),
            side,
        )


# The Hurd: the same, but what is not wanted goes to /dev/null.

_MIGCOM = "$MIG -cc cat - /dev/null -subrprefix __"


def _hurd_server(name: str, defs: str, cppflags: str = "", migflags: str = "") -> Command:
    stem = defs.rsplit("/", 1)[-1]
    source = f"{defs}.defs" if "/" not in defs else f"$MACH/{defs}.defs"
    return Command(
        name,
        f"$CPP $CPPFLAGS -DSERVERPREFIX=S_ -DHURD_SERVER=1 {cppflags} -MD -MF {name}.sdefsi.d"
        f" -x c {source} -o {name}.sdefsi -E &&"
        f" {_MIGCOM} {migflags} -sheader {name}_S.h -server {name}Server.c"
        f" -user /dev/null -header /dev/null < {name}.sdefsi",
        (f"{name}Server.c",),
        succeeds=stem != "refused",
    )


def _hurd_user(name: str, defs: str, cppflags: str = "") -> Command:
    source = f"{defs}.defs" if "/" not in defs else f"$MACH/{defs}.defs"
    return Command(
        f"{name}-user",
        f"$CPP $CPPFLAGS {cppflags} -MD -MF {name}.udefsi.d -x c {source} -o {name}.udefsi -E &&"
        f" {_MIGCOM} < {name}.udefsi -user {name}User.c -server /dev/null -header {name}_U.h",
        (f"{name}User.c",),
    )


def _hurd_message_ids(name: str, defs: str) -> Command:
    return Command(
        f"{name}-msgids",
        f"$CPP $CPPFLAGS -x c {defs} -E | {_MIGCOM} -n -list {name}.msgids",
    )


_MUTATED = "-imacros mutations.h"
_PAYLOADS = "-DHURD_DEFAULT_PAYLOAD_TO_PORT=1 -DMACH_PAYLOAD_TO_PORT=ports_payload_get_name"
_IMPORTS = "'-DMEMORY_OBJECT_IMPORTS=import \"service_types.h\";'"


def _hurd() -> Iterator[Command]:
    yield _hurd_server("service", "service")
    yield _hurd_server("mutated", "service", _MUTATED)
    yield _hurd_server("prefixed", "service", _MUTATED, "-prefix diskfs_")
    yield _hurd_server("ported", "service", f"{_MUTATED} -DREPLY_PORTS=1")
    yield _hurd_server("payloads", "service", f"{_MUTATED} {_PAYLOADS}")
    yield _hurd_server("numbered", "service", "-DSEQNOS=1", "-prefix cons_")
    yield _hurd_server("everything", "service", f"{_MUTATED} -DREPLY_PORTS=1 -DSEQNOS=1")
    yield _hurd_server("reply", "service_reply")
    yield _hurd_server("pager", "mach/memory_object", f"-DSEQNOS=1 {_IMPORTS}", "-prefix _pager_")
    yield _hurd_server("notify", "mach/notify", "", "-prefix ports_")
    yield _hurd_server("netfs_notify", "mach/notify", "-DSEQNOS=1", "-prefix netfs_")
    yield _hurd_server("exc", "mach/exc")
    yield _hurd_server("device", "device/device", "-DDEVICE_ENABLE_DEVICE_OPEN_NEW", "-prefix x_")
    yield _hurd_server("default_pager", "mach/default_pager")
    yield _hurd_user("service", "service")
    yield _hurd_user("reply", "service_reply")
    yield _hurd_user("ps_service", "service", "-DUSERPREFIX=ps_")
    yield _hurd_user("device", "device/device", "-DDEVICE_ENABLE_DEVICE_OPEN_NEW")
    yield _hurd_user("device_reply", "device/device_reply")
    yield _hurd_user("memory_object", "mach/memory_object")
    yield _hurd_message_ids("service", "service.defs")
    yield _hurd_message_ids("service_reply", "service_reply.defs")
    yield _hurd_message_ids("default_pager", "$MACH/mach/default_pager.defs")


# glibc: mig preprocesses; a file for each routine; headers are cut and read afterwards.

_GLIBC_INTERFACES = (
    *("device/device", "mach/mach", "mach/mach4", "mach/mach_host", "mach/mach_port"),
    *("mach/gnumach", "mach/experimental", "mach/task_notify", "mach/exc", "mach/notify"),
    *("mach/default_pager", "mach/memory_object", "mach_debug/mach_debug", "device/device_request"),
    *("service", "service_reply"),
)
_GLIBC_COMPILED = ("mach_port", "service", "task_notify")
_GLIBC_MIG = 'CC="$CC" CPP="$CPP -E -x c" $MIG'
_GLIBC_FLAGS = "-DSTANDALONE -DTypeCheck=0 $CPPFLAGS -subrprefix __"
_NOTHING = "-server /dev/null -user /dev/null"


def _glibc() -> Iterator[Command]:
    for interface in _GLIBC_INTERFACES:
        name = interface.rsplit("/", 1)[-1]
        call = f"echo '#include <{interface}.defs>' | {_GLIBC_MIG} - /dev/null"
        yield Command(
            f"{name}-calls",
            f"{call} -prefix __ {_GLIBC_FLAGS} -i tmp_{name}_ {_NOTHING} -header /dev/null",
            (f"tmp_{name}_*.c",) if name in _GLIBC_COMPILED else (),
        )
        yield Command(
            f"{name}-headers",
            f"{call} {_GLIBC_FLAGS} -header {name}.uh {_NOTHING} &&"
            f" {call} -prefix __ {_GLIBC_FLAGS} -header {name}.__h {_NOTHING} &&"
            f" {{ sed -e '$d' {name}.__h; sed -e '1,2d' {name}.uh; }} > {name}.h &&"
            f' awk \'NF == 4 && ($2 == "Routine" || $2 == "SimpleRoutine") {{ print $3 }}\''
            f" {name}.uh > {name}.routines",
        )
    for interface in ("mach/exc", "service", "service_reply"):
        name = interface.rsplit("/", 1)[-1]
        yield Command(
            f"{name}-server",
            f"echo '#include <{interface}.defs>' | {_GLIBC_MIG} - /dev/null -prefix _S_"
            f" {_GLIBC_FLAGS} -user /dev/null -header /dev/null"
            f" -server {name}_server.c -sheader {name}_server.h",
            (f"{name}_server.c",),
        )


# What a makefile's writer does wrong.


def _mistakes() -> Iterator[Command]:
    def refused(name: str, text: str) -> Command:
        return Command(name, text, succeeds=False)

    yield refused("absent", "$MIG -user absent.c absent.defs")
    yield refused("refused", "$MIG $CPPFLAGS -user r.c -server rs.c -header r.h refused.defs")
    yield refused("refused-cat", f"{_MIGCOM} -server rs.c -user r.c -header r.h < refused.defs")
    yield refused("empty", f"{_MIGCOM} -server es.c -user e.c -header e.h < /dev/null")
    yield refused("removed-switch", "$MIG -R -n -list l service.defs")
    yield refused("debugging-switch", "$MIG -t -n -list l service.defs")


BUILDS = (
    Build("gnumach", tuple(_gnumach())),
    Build("hurd", tuple(_hurd())),
    Build("glibc", tuple(_glibc())),
    Build("mistakes", tuple(_mistakes())),
)
