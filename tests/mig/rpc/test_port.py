# SPDX-License-Identifier: GPL-2.0-or-later
"""Ports on offer, and the runtime as a room of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from mig.rpc.abi import I386
from mig.rpc.errors import ConnectError
from mig.rpc.message import Message
from mig.rpc.port import Port
from mig.rpc.transport import Transport

ROOT = Path(__file__).parents[3]


class Nowhere(Transport):
    def __init__(self) -> None:
        self.address = "nowhere:"
        self.abi = I386
        self.reply_port = 3
        self.ports = {"host": 1, "host-priv": 2}
        self.closed = False

    def call(self, request: Message, timeout: float | None = None) -> Message:
        raise AssertionError(request)

    def send(self, request: Message) -> None:
        raise AssertionError(request)

    def close(self) -> None:
        self.closed = True


def test_a_port_on_offer_is_found_by_its_label() -> None:
    transport = Nowhere()
    assert Port.offered(transport, "host-priv") == Port(transport, 2)


def test_a_port_that_is_not_on_offer_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConnectError) as caught:
        Port.offered(Nowhere(), "workload")
    assert str(caught.value) == ('nowhere: no port "workload" on offer (there is: host, host-priv)')


def test_leaving_a_transports_context_closes_it() -> None:
    with Nowhere() as transport:
        assert not transport.closed
    assert transport.closed


def test_the_runtime_needs_nothing_but_python() -> None:
    modules = sorted(
        f"mig.rpc.{path.stem}"
        for path in (ROOT / "mig" / "rpc").glob("*.py")
        if path.stem != "__init__"
    )
    code = (
        f"import sys; import {', '.join(modules)}; "
        "print([m for m in sys.modules if m.split('.')[0] not in sys.stdlib_module_names"
        " and not m.startswith('mig.rpc') and m not in ('mig', '__main__')])"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
