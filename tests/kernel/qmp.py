# SPDX-License-Identifier: GPL-2.0-or-later
"""Just enough of QEMU's machine protocol to read a guest's memory from outside."""

import json
import os
import socket
from pathlib import Path
from typing import Any

from perfmon.kernel.boot import Guest


def execute(guest: Guest, command: str, **arguments: Any) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        # A socket's address is at most 107 bytes long; the path may be longer.
        directory = os.open(guest.directory, os.O_PATH)
        try:
            connection.connect(f"/proc/self/fd/{directory}/{guest.control.name}")
        finally:
            os.close(directory)
        with connection.makefile("rw") as stream:
            json.loads(stream.readline())  # the greeting
            for request in (
                {"execute": "qmp_capabilities"},
                {"execute": command, "arguments": arguments},
            ):
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                answer = json.loads(stream.readline())
                while "event" in answer:
                    answer = json.loads(stream.readline())
                assert "return" in answer, answer


def physical_memory(guest: Guest, address: int, size: int, directory: Path) -> bytes:
    dump = directory / "dump"
    execute(guest, "pmemsave", val=address, size=size, filename=str(dump))
    return dump.read_bytes()
