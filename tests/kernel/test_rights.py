# SPDX-License-Identifier: GPL-2.0-or-later
"""Port rights that a kernel's replies bring can be used, directly and behind a relay."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mig.rpc.errors import MachSendInvalidDest
from mig.rpc.port import Port
from mig.rpc.transport import Transport
from mig.rpc.transports.stream import open_unix
from perfmon._generated.perf_workload import PerfWorkload
from perfmon.kernel.boot import Guest, boot, open_guest, stop
from perfmon.kernel.instrument import InstrumentReport
from perfmon.relay.limits import Limits
from perfmon.relay.listeners import listen_unix
from perfmon.relay.server import Relay

pytestmark = pytest.mark.kernel

BASIC_INFO = 1
PAGE = 4096
DEVICE = 2  # the port of the devices, which the relay holds and does not offer


@pytest.fixture
def mach_host(mach_client: Callable[[str], Any]) -> Any:
    return mach_client("mach_host")


@pytest.fixture(params=["mailbox", "relay"])
def transport(request: pytest.FixtureRequest, guest: Guest, tmp_path: Path) -> Iterator[Transport]:
    if request.param == "mailbox":
        with open_guest(guest.name) as transport:
            yield transport
        return
    relay = Relay(lambda: open_guest(guest.name), Limits(), lambda _: None)
    socket = tmp_path / "socket"
    with (
        relay,
        listen_unix(socket) as listener,
        relay.serving(listener),
        open_unix(socket) as transport,
    ):
        yield transport


def test_a_right_out_of_a_reply_can_be_called(transport: Transport, mach_host: Any) -> None:
    host = mach_host(Port.offered(transport, "host"), timeout=20)
    default_set = host.processor_set_default()
    named = mach_host(Port(transport, default_set), timeout=20)
    answered, info = named.processor_set_info(BASIC_INFO)
    assert info[0] >= 1  # processors
    again = mach_host(Port(transport, answered), timeout=20)
    assert again.processor_set_default() == default_set


def test_rights_that_came_out_of_line_can_be_called(
    transport: Transport, mach_host: Any, mach_client: Callable[[str], Any]
) -> None:
    host = mach_host(Port.offered(transport, "host"), timeout=20)
    privileged = mach_host(Port.offered(transport, "host-priv"), timeout=20)
    control = privileged.host_processor_set_priv(host.processor_set_default())
    tasks = mach_host(Port(transport, control), timeout=20).processor_set_tasks()
    assert len(tasks) >= 2  # the kernel and the relay
    for task in tasks:
        assert mach_client("mach")(Port(transport, task), timeout=20).vm_statistics()[0] == PAGE


def test_no_right_has_the_name_of_the_reply_port(report: InstrumentReport, mach_host: Any) -> None:
    guest = boot(report.output, "names")  # no right has come there yet
    try:
        with open_guest(guest.name) as transport:
            workload = PerfWorkload(Port.offered(transport, "workload"), timeout=60)
            workload.workload_memory(20_000, 4)  # so long that it has a reply port of its own
            privileged = mach_host(Port.offered(transport, "host-priv"), timeout=20)
            default_set = privileged.processor_set_default()
            control = privileged.host_processor_set_priv(default_set)
            assert transport.reply_port not in (default_set, control)
            with pytest.raises(MachSendInvalidDest):
                mach_host(Port(transport, transport.reply_port), timeout=20).processor_set_default()
    finally:
        stop(guest.name)


def test_a_name_that_nobody_gave_reaches_nobody(transport: Transport, mach_host: Any) -> None:
    for name in (DEVICE, 0xFFFF, transport.reply_port):
        with pytest.raises(MachSendInvalidDest):
            mach_host(Port(transport, name), timeout=20).processor_set_default()


def test_messages_to_a_port_of_ones_own_come_to_it_alone(transport: Transport) -> None:
    one, other = transport.allocate_port(), transport.allocate_port()
    assert one != other
    transport.destroy_port(one)
    transport.destroy_port(one)
    transport.destroy_port(other)
