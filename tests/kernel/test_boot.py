# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests come up, are found, are not confused with each other, and are missed when they die."""

import fcntl
import os
import signal
import threading
import time
from pathlib import Path
from random import Random

import pytest

from mig.rpc.errors import (
    CallTimeout,
    ConnectError,
    KernReturnError,
    MigBadId,
    PeerDied,
    ProtocolError,
)
from mig.rpc.message import Header, Message, make_bits, pack_header
from perfmon.kernel.boot import Guest, boot, find, guests, open_guest, stop
from perfmon.kernel.errors import GuestError
from perfmon.kernel.instrument import InstrumentReport
from tests.kernel.clients import connected
from tests.kernel.messages import descriptor

pytestmark = pytest.mark.kernel

NUMBERS = [0, 1, 9, 4095, 1 << 28]


@pytest.mark.parametrize("name", ["", "a/b", "../a", "-a", ".a", "a b", "a" * 65, "a,b"])
def test_a_name_that_is_none_is_refused(name: str, stock_kernel: Path):
    with pytest.raises(GuestError, match="is no name for a guest"):
        boot(stock_kernel, name)


def test_a_missing_kernel_is_named(tmp_path: Path):
    with pytest.raises(GuestError, match="nowhere: no such kernel image"):
        boot(tmp_path / "nowhere", "none")


def test_what_is_no_kernel_does_not_boot(tmp_path: Path):
    kernel = tmp_path / "zeros"
    kernel.write_bytes(bytes(8192))
    with pytest.raises(GuestError, match="QEMU did not start: qemu"):
        boot(kernel, "zeros")
    assert "zeros" not in [guest.name for guest in guests()]


def test_a_name_is_given_once(guest: Guest, report: InstrumentReport):
    with pytest.raises(GuestError, match=f"guest {guest.name} is running already"):
        boot(report.output, guest.name)
    assert guest.alive


def test_a_running_guest_is_listed_and_found(guest: Guest):
    assert guest in guests()
    assert find(guest.name) == guest
    assert guest.address == f"qemu:{guest.name}"
    assert "relay: ready" in guest.console.read_text(errors="replace")


def test_a_guest_that_does_not_exist_is_told_from_those_that_do(guest: Guest):
    with pytest.raises(GuestError, match=f"guest none does not exist; running: .*{guest.name}"):
        stop("none")
    with pytest.raises(ConnectError, match="guest none does not exist") as caught:
        open_guest("none")
    assert "qemu:none" in str(caught.value)
    assert str(caught.value).endswith(" (`perfmon kernel boot none` boots it)")


def test_a_guest_that_ends_by_itself_before_it_is_stopped_is_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    directory = tmp_path / "perfmon" / "ending"
    directory.mkdir(parents=True)
    (directory / "guest.json").write_text('{"name": "ending", "pid": 1, "kernel": "gnumach"}')
    lock = (directory / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)

    def find_nobody(pid: int, number: int) -> None:
        lock.close()
        raise ProcessLookupError

    monkeypatch.setattr(os, "kill", find_nobody)
    assert stop("ending").pid == 1
    assert not directory.exists()


def test_a_guest_that_is_not_ready_in_time_is_stopped_and_its_console_shown(
    stock_kernel: Path, monkeypatch: pytest.MonkeyPatch
):
    def not_even_when_it_has_printed(mailbox: Path) -> bool:
        while b"\n" not in (mailbox.parent / "console.log").read_bytes():
            time.sleep(0.05)
        return False

    monkeypatch.setattr("perfmon.kernel.boot.is_ready", not_even_when_it_has_printed)
    with pytest.raises(GuestError, match=r"not ready within 0.1 s; its console's last lines:\n"):
        boot(stock_kernel, "late", timeout=0.1)
    assert "late" not in [guest.name for guest in guests()]


def test_a_guest_with_too_little_memory_says_so_on_its_console(stock_kernel: Path):
    with pytest.raises(GuestError, match=r"guest small (ended|was not ready).*its console"):
        boot(stock_kernel, "small", memory=8, timeout=5)


def test_a_port_that_is_not_on_offer_is_refused(guest: Guest):
    with open_guest(guest.name) as transport:
        header = Header(make_bits(19), transport.abi.header_size, 77, 0, 0, 2609)
        with pytest.raises(Exception, match="MACH_SEND_INVALID_DEST"):
            transport.call(Message(pack_header(transport.abi, header)), 5)


def test_a_message_that_no_server_knows_is_answered(guest: Guest):
    with open_guest(guest.name) as transport:
        port, reply_port = transport.ports["host"], transport.reply_port
        header = Header(make_bits(19, 21), transport.abi.header_size, port, reply_port, 0, 2087)
        reply = transport.call(Message(pack_header(transport.abi, header)), 5)
        at = transport.abi.header_size + transport.abi.short_descriptor
        assert int.from_bytes(reply.data[at : at + 4], "little", signed=True) == MigBadId.code


def test_a_call_that_takes_too_long_does_not_hold_up_the_next(guest: Guest):
    with connected(guest) as clients:
        clients.workload.timeout = 0.1
        with pytest.raises(CallTimeout, match=rf"qemu:{guest.name}.*no reply within 0\.(1|09)"):
            clients.workload.workload_sleep(500)
        start = time.monotonic()
        clients.host.perf_get_system_stats()
        assert time.monotonic() - start < 1
        clients.workload.timeout = 5
        assert clients.workload.workload_messages(3) == 3


def test_a_guest_that_dies_is_missed_at_once_and_its_name_is_free_again(report: InstrumentReport):
    guest = boot(report.output, "mortal")
    with connected(guest) as clients:
        threading.Timer(0.2, os.kill, (guest.pid, signal.SIGKILL)).start()
        start = time.monotonic()
        with pytest.raises(PeerDied, match=r"qemu:mortal.*the guest has ended"):
            clients.workload.workload_sleep(10_000)
        assert time.monotonic() - start < 1.2
        with pytest.raises(PeerDied):
            clients.host.perf_get_system_stats()
    assert [found.alive for found in guests() if found.name == "mortal"] == [False]
    with pytest.raises(ConnectError, match="guest mortal has ended"):
        open_guest("mortal")
    again = boot(report.output, "mortal")
    assert again.alive
    assert again.pid != guest.pid
    assert stop("mortal") == again
    assert not again.alive
    assert not again.directory.exists()


def test_malformed_requests_are_answered_and_the_guest_lives_on(guest: Guest):
    random = Random(1)
    refused = 0
    with connected(guest) as clients, open_guest(guest.name) as transport:
        abi, port, reply_port = transport.abi, transport.ports["host"], transport.reply_port
        for _ in range(500):
            body = b"".join(
                descriptor(abi, random.choice([0, 2, 9]), 8, random.choice(NUMBERS))
                + bytes(abi.pointer)  # to nowhere
                for _ in range(random.randrange(4))
            ) + random.randbytes(4 * random.randrange(3))
            bits = make_bits(random.choice([17, 19]), 21, complex_=True)
            header = Header(bits, abi.header_size + len(body), port, reply_port, 0, 2079)
            try:
                transport.call(Message(pack_header(abi, header) + body), 5)
            except (ProtocolError, KernReturnError):
                refused += 1
        assert refused > 100
        assert clients.workload.workload_messages(3) == 3
