# SPDX-License-Identifier: GPL-2.0-or-later
"""Starting, finding and stopping guests: GNU Mach under QEMU, detached.

A guest is a directory: its mailbox, its console's output, and a lock that
QEMU holds as long as it runs.  What is said to a guest is no matter of this
file.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mig.rpc.errors import ConnectError
from mig.rpc.transports.mailbox import MailboxTransport, is_ready
from perfmon.kernel import paths
from perfmon.kernel.container import elf32
from perfmon.kernel.errors import GuestError
from perfmon.kernel.machines import I386, Machine, machine_of
from perfmon.kernel.relay import relay

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MAILBOX_SIZE = 16 << 20
_MODULE = "relay ${host-port} ${device-port} $(task-create) $(task-resume)"
_TAIL_LINES = 12
_POLL = 0.02
_STOP_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Guest:
    """A guest, running or not.

    Attributes:
        name: as in the address qemu:NAME.
        directory: where its files are.
        pid: QEMU's process.
        kernel: the image it was booted with.
    """

    name: str
    directory: Path
    pid: int
    kernel: Path

    @property
    def address(self) -> str:
        """What connect() takes."""
        return f"qemu:{self.name}"

    @property
    def alive(self) -> bool:
        """Whether QEMU still runs."""
        return _is_locked(self.directory)

    @property
    def mailbox(self) -> Path:
        """The file behind the memory it shares."""
        return self.directory / "mailbox"

    @property
    def console(self) -> Path:
        """What its serial console printed."""
        return self.directory / "console.log"

    @property
    def control(self) -> Path:
        """The socket that speaks QEMU's machine protocol."""
        return self.directory / "qmp"


def boot(
    kernel: Path,
    name: str,
    *,
    memory: int = 256,
    cpus: int = 1,
    timeout: float = 60.0,
    command_line: str = "",
    options: Sequence[str] = (),
) -> Guest:
    """Boot a kernel with the relay as its boot task and return when it takes requests.

    Args:
        kernel: an image for i386 or x86_64, not compressed.
        name: letters, digits, dots, dashes and underscores.
        memory: MiB.
        cpus: processors of the machine; a kernel for one processor uses one.
        timeout: seconds to wait for the relay.
        command_line: words for the kernel, such as "perf=on".
        options: further arguments for QEMU.

    Raises:
        GuestError: the name is taken or invalid, QEMU is missing or failed, or the guest ended
            or was not ready in time; with the end of its console's output.
        ToolError: the relay could not be built.
    """
    directory = _directory(name)
    if not kernel.is_file():
        raise GuestError(f"{kernel}: no such kernel image")
    machine = machine_of(kernel) or I386  # whose QEMU says what it thinks of the file
    if shutil.which(machine.qemu) is None:
        raise GuestError(f"{machine.qemu} is needed to boot a kernel and is not installed")
    directory.mkdir(parents=True, exist_ok=True)
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _try_lock(lock, fcntl.LOCK_EX):
            raise GuestError(f"guest {name} is running already")
        try:
            guest = _start(
                machine, kernel.absolute(), name, directory, lock,
                [
                    *("-append", f"console=com0 {command_line}".rstrip()),
                    *("-m", str(memory), "-smp", str(cpus), *options),
                ],
            )  # fmt: skip
        except BaseException:
            shutil.rmtree(directory, ignore_errors=True)
            raise
    finally:
        # From here on only QEMU holds the lock.
        os.close(lock)
    try:
        _await_ready(guest, timeout)
    except KeyboardInterrupt:
        stop(name)
        raise
    return guest


def run_module(
    kernel: Path, module: Path, *, timeout: float = 300.0, command_line: str = ""
) -> str:
    """Boot a kernel with a boot task, wait until that reboots the machine; what the console said.

    Args:
        kernel: an image for i386 or x86_64, not compressed.
        module: the boot task.
        timeout: seconds for all of it.
        command_line: words for the kernel.

    Raises:
        subprocess.TimeoutExpired: it did not end in time.
        GuestError: QEMU is missing or failed.
    """
    machine = machine_of(kernel) or I386
    if shutil.which(machine.qemu) is None:
        raise GuestError(f"{machine.qemu} is needed to boot a kernel and is not installed")
    with tempfile.TemporaryDirectory(prefix="perfmon-") as name:
        directory = Path(name)
        shutil.copyfile(module, directory / "relay")
        result = subprocess.run(
            [
                machine.qemu, "-accel", "tcg", "-m", "256", "-no-reboot", "-nic", "none",
                "-display", "none", "-monitor", "none", "-serial", "file:console.log",
                "-kernel", _loadable(machine, kernel.absolute(), directory),
                "-append", f"console=com0 {command_line}".rstrip(), "-initrd", _MODULE,
            ],
            check=False, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout,
        )  # fmt: skip
        if result.returncode:
            raise GuestError(f"QEMU failed: {' '.join(result.stderr.split())}")
        return (directory / "console.log").read_text(errors="replace").replace("\0", "")


def guests() -> list[Guest]:
    """All guests that have a directory, by name; those that have died as well."""
    root = paths.guests()
    found = (_read(path.name) for path in sorted(root.iterdir())) if root.is_dir() else ()
    return [guest for guest in found if guest is not None]


def find(name: str) -> Guest:
    """The running guest of a name.

    Raises:
        GuestError: there is none; names those that run.
    """
    guest = _existing(name)
    if not guest.alive:
        raise GuestError(f"guest {name} has ended; {_running()}")
    return guest


def stop(name: str) -> Guest:
    """End a guest, or clear away what a dead one left, and return what it was.

    Raises:
        GuestError: there is no such guest, or it would not end.
    """
    guest = _existing(name)
    for number in (signal.SIGTERM, signal.SIGKILL):
        if guest.alive:
            with suppress(ProcessLookupError):  # it has ended by itself meanwhile
                os.kill(guest.pid, number)
            deadline = time.monotonic() + _STOP_TIMEOUT
            while guest.alive and time.monotonic() < deadline:
                time.sleep(_POLL)
    if guest.alive:
        raise GuestError(f"guest {name} (process {guest.pid}) does not end")
    shutil.rmtree(guest.directory)
    return guest


def open_guest(name: str) -> MailboxTransport:
    """Connect to the guest behind the address qemu:NAME.

    Raises:
        ConnectError: no such guest runs.
        ProtocolError: its mailbox is damaged.
    """
    try:
        guest = find(name)
    except GuestError as error:
        raise ConnectError(
            str(error), address=f"qemu:{name}", hint=f"`perfmon kernel boot {name}` boots it"
        ) from error
    return MailboxTransport(
        guest.mailbox, address=guest.address, alive=lambda: _is_locked(guest.directory)
    )


def _loadable(machine: Machine, kernel: Path, directory: Path) -> str:
    """The kernel as QEMU reads it, made in the guest's directory where it is not."""
    if machine.bits == 32:
        return str(kernel)
    (directory / "kernel").write_bytes(elf32(kernel.read_bytes()))
    return "kernel"


def _start(
    machine: Machine,
    kernel: Path,
    name: str,
    directory: Path,
    lock: int,
    options: Sequence[str],
) -> Guest:
    for file in ("mailbox", "console.log", "qmp", "pid", "guest.json"):
        (directory / file).unlink(missing_ok=True)
    shutil.copyfile(relay(machine), directory / "relay")
    with (directory / "mailbox").open("wb") as mailbox:
        mailbox.truncate(_MAILBOX_SIZE)
    command = [
        machine.qemu, "-name", name, "-accel", "tcg", "-no-reboot", "-nic", "none",
        "-display", "none", "-monitor", "none", "-serial", "file:console.log",
        "-qmp", "unix:qmp,server=on,wait=off", "-daemonize", "-pidfile", "pid",
        "-object",
        f"memory-backend-file,id=mailbox,mem-path=mailbox,size={_MAILBOX_SIZE},share=on",
        "-device", "ivshmem-plain,memdev=mailbox",
        "-kernel", _loadable(machine, kernel, directory), "-initrd", _MODULE,
        *options,
    ]  # fmt: skip
    # Relative paths, because QEMU's options give commas in paths a meaning.
    result = subprocess.run(
        command, check=False, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, pass_fds=(lock,),
    )  # fmt: skip
    if result.returncode:
        raise GuestError(f"QEMU did not start: {' '.join(result.stderr.split())}")
    pid = int((directory / "pid").read_text())
    description = {"name": name, "pid": pid, "kernel": str(kernel)}
    (directory / "guest.json").write_text(json.dumps(description))
    return Guest(name, directory, pid, kernel)


def _await_ready(guest: Guest, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not is_ready(guest.mailbox):
        if not guest.alive:
            raise GuestError(f"guest {guest.name} ended while booting{_tail(guest)}")
        if time.monotonic() >= deadline:
            tail = _tail(guest)
            stop(guest.name)
            raise GuestError(f"guest {guest.name} was not ready within {timeout:g} s{tail}")
        time.sleep(_POLL)


def _tail(guest: Guest) -> str:
    """The end of the console's output, as the continuation of a message."""
    try:
        text = guest.console.read_text(errors="replace")
    except OSError:
        text = ""
    printable = "".join(char for char in text if char.isprintable() or char == "\n")
    lines = [line.rstrip() for line in printable.splitlines() if line.strip()]
    if not lines:
        return "; its console printed nothing"
    return "; its console's last lines:\n" + "\n".join(lines[-_TAIL_LINES:])


def _directory(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise GuestError(
            f"{name!r} is no name for a guest: 1 to 64 letters, digits, dots, dashes and "
            "underscores are, beginning with a letter or digit"
        )
    return paths.guests() / name


def _existing(name: str) -> Guest:
    guest = _read(name) if _NAME.fullmatch(name) else None
    if guest is None:
        raise GuestError(f"guest {name} does not exist; {_running()}")
    return guest


def _running() -> str:
    return "running: " + (", ".join(guest.name for guest in guests() if guest.alive) or "none")


def _read(name: str) -> Guest | None:
    directory = paths.guests() / name
    try:
        description = json.loads((directory / "guest.json").read_text())
        return Guest(name, directory, int(description["pid"]), Path(description["kernel"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_locked(directory: Path) -> bool:
    try:
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _try_lock(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)


def _try_lock(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
