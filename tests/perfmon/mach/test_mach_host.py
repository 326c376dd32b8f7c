# SPDX-License-Identifier: GPL-2.0-or-later
"""The transport to this machine's kernel, where the kernel is the embedded host."""

import gc
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from cffi import FFI

import perfmon
from mig.rpc.port import Port
from mig.rpc.transports.mach import MachTransport
from perfmon import Host, errors
from tests.perfmon.host_contract import HostContract


class Library:
    """The library and what tests may do to it."""

    def __init__(self, path: str) -> None:
        ffi = FFI()
        ffi.cdef(
            "extern int test_no_privilege, test_null_privilege, test_interrupts;"
            "extern int test_deallocated, test_reply_ports;"
            "unsigned int test_workload_port(void);"
        )
        self.path = path
        self.lib: Any = ffi.dlopen(path)

    def connect(self, *, privileged: bool = True) -> Host:
        transport = MachTransport(self.path)
        transport.ports["workload"] = self.lib.test_workload_port()
        label = "host-priv" if privileged else "host"
        return perfmon.connect(Port.offered(transport, label), privileged=privileged)


@pytest.fixture
def library(libmach: str) -> Iterator[Library]:
    library = Library(libmach)
    yield library
    library.lib.test_no_privilege = library.lib.test_null_privilege = 0
    library.lib.test_interrupts = 0


class TestMachHost(HostContract):
    @pytest.fixture
    def address(self, library: Library) -> str:
        self.library = library
        return "mach:"

    def connect(self, address: str, *, privileged: bool = True) -> AbstractContextManager[Host]:
        return self.library.connect(privileged=privileged)


@pytest.fixture
def at_home(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine whose libc is the library."""
    monkeypatch.setattr(
        "mig.rpc.transports.mach.MachTransport.__init__.__defaults__", (library.path,)
    )


@pytest.mark.usefixtures("at_home")
def test_the_address_and_a_port_name_reach_this_machines_kernel() -> None:
    with perfmon.connect("mach:") as host:
        assert (host.address, host.privileged) == ("mach:", True)
        name = host.transport.ports["host-priv"]
        with perfmon.connect(name) as same:
            assert same.interface() == host.interface()
            same.enable()
            same.disable()


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("missing", ["test_no_privilege", "test_null_privilege"])
def test_without_privilege_the_host_port_is_all_there_is(library: Library, missing: str) -> None:
    setattr(library.lib, missing, 1)
    with perfmon.connect("mach:") as host:
        assert (set(host.transport.ports), host.privileged) == ({"host"}, False)
        assert host.interface().version == 1
        with pytest.raises(errors.KernInvalidHost, match="as root"):
            host.enable()


def test_an_interrupted_call_goes_on(library: Library) -> None:
    with library.connect() as host:
        for interrupts in (1, 3):
            library.lib.test_interrupts = interrupts
            assert host.interface().version == 1
            assert library.lib.test_interrupts == 0


def test_memory_of_a_reply_is_given_back_when_nobody_refers_to_it(library: Library) -> None:
    with library.connect() as host:
        host.configure(sample_rate=0)
        host.enable()
        host.workload.workload_memory(10, 1)
        host.disable()
        gc.collect()
        before = library.lib.test_deallocated
        batches = list(host.samples())
        assert sum(map(len, batches)) >= 20
        assert library.lib.test_deallocated == before
        filled = len(batches)
        batches.clear()
        gc.collect()
        assert library.lib.test_deallocated == before + filled


def test_a_late_reply_is_not_taken_for_that_of_the_next_call(library: Library) -> None:
    with library.connect() as host:
        workload = host.workload
        workload.timeout = 0.05
        with pytest.raises(errors.CallTimeout, match=r"mach: workload_sleep: expected a reply"):
            workload.workload_sleep(200)
        workload.timeout = 10
        assert workload.workload_memory(7, 1) == 7


def test_calls_of_threads_do_not_meet(library: Library) -> None:
    with library.connect() as host:
        found: list[int] = []

        def call(times: int) -> None:
            found.extend(host.workload.workload_memory(times, 1) for _ in range(20))

        threads = [threading.Thread(target=call, args=(n,)) for n in (1, 2, 3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [1] * 20 + [2] * 20 + [3] * 20


def test_closing_gives_the_reply_ports_back(library: Library) -> None:
    before = library.lib.test_reply_ports
    with library.connect() as host:
        host.interface()
        assert library.lib.test_reply_ports == before + 1
    assert library.lib.test_reply_ports == before
    with pytest.raises(errors.PeerDied, match="mach:"):
        host.interface()


@pytest.mark.parametrize("library", [None, "libc.so.6", "no-such-library.so"])
def test_a_system_without_mach_is_told_so(library: str | None) -> None:
    with pytest.raises(errors.ConnectError, match=r"mach: expected .* mach_msg.*the Hurd"):
        MachTransport(library)
