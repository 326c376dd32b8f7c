# SPDX-License-Identifier: GPL-2.0-or-later
"""Thousands of clients at one relay: its memory is bounded, and those it serves do not notice."""

import json
import re
import socket
import time
from collections import Counter
from pathlib import Path

import perfmon
from tests.perfmon.relay.processes import relay_process

CLIENTS = 4
CONNECTIONS = 2000
GROWTH_KB = 16 * 1024
GARBAGE = (b"GET / HTTP/1.1\r\n\r\n", bytes(24), b"\xff" * 100_000, b"", b"\x13\x15\0\0\x30")


def resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])


def hello_of(path: str) -> tuple[socket.socket, dict[str, object]]:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(path)
    line = b""
    while not line.endswith(b"\n"):
        piece = connection.recv(4096)
        assert piece
        line += piece
    return connection, json.loads(line)


def test_thousands_of_connections_are_turned_away_and_one_client_is_served_on(tmp_path: Path):
    path = str(tmp_path / "relay")
    with relay_process("--unix", path, "--clients", str(CLIENTS)) as relay:
        with perfmon.connect(relay.address) as host:
            host.interface()
            before = resident_kb(relay.process.pid)
            held, answers = [], Counter()
            for number in range(CONNECTIONS):
                connection, hello = hello_of(path)
                answers["error" if "error" in hello else "served"] += 1
                if "error" in hello:
                    assert hello["error"] == f"the relay serves {CLIENTS} clients already"
                    connection.close()
                else:
                    held.append(connection)
                if number % 100 == 0:
                    assert host.interface().cpus > 0
            after = resident_kb(relay.process.pid)
            for connection in held:
                connection.close()
        assert answers == {"served": CLIENTS - 1, "error": CONNECTIONS - CLIENTS + 1}
        assert after - before < GROWTH_KB
        _, said = relay.end()
    assert "turned a client away" in said
    assert len(said.splitlines()) < CONNECTIONS / 2
    assert "lines were left out" in said


def test_clients_that_send_garbage_are_hung_up_on_with_a_line_that_says_why(tmp_path: Path):
    path = str(tmp_path / "relay")
    rounds = 20
    with relay_process("--unix", path, "--clients", str(CLIENTS)) as relay:
        with perfmon.connect(relay.address) as host:
            host.interface()
            before = resident_kb(relay.process.pid)
            for _ in range(rounds):
                for garbage in GARBAGE:
                    connection, _ = hello_of(path)
                    with connection:
                        try:
                            connection.sendall(garbage)
                            connection.shutdown(socket.SHUT_WR)
                            while connection.recv(4096):
                                pass
                        except (BrokenPipeError, ConnectionResetError):
                            pass
                    deadline = time.monotonic() + 5
                    while len(list(Path(f"/proc/{relay.process.pid}/task").iterdir())) > 3:
                        assert time.monotonic() < deadline
                        time.sleep(0.01)
                assert host.interface().cpus > 0
            assert resident_kb(relay.process.pid) - before < GROWTH_KB
        status, said = relay.end()
    assert status == 0
    assert "hung up on: expected a message of" in said
    assert "failed" not in said
