# SPDX-License-Identifier: GPL-2.0-or-later
"""Relays and an ssh server as processes of their own, for the tests that need them."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PERFMON = (sys.executable, "-m", "perfmon")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


@dataclass
class RelayProcess:
    process: subprocess.Popen[str]
    address: str
    said: list[str]

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """End it; its exit status and everything that it said."""
        self.process.send_signal(number)
        rest = self.process.communicate(timeout=20)[1]
        return self.process.returncode, "".join(self.said) + rest


@contextmanager
def relay_process(*arguments: str, host: str = "embedded:") -> Iterator[RelayProcess]:
    """A relay that serves already."""
    with subprocess.Popen(
        [*PERFMON, "-H", host, "relay", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as process:
        try:
            said: list[str] = []
            found = None
            while not found:
                said.append(process.stderr.readline())
                assert said[-1], said
                found = re.search(r"serving \S+ on (\S+);", said[-1])
            yield RelayProcess(process, found[1], said)
            assert process.poll() is None or process.stderr.closed, process.stderr.read()
        finally:
            process.kill()


SSHD_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {directory}/host_key
PidFile none
AuthorizedKeysFile {directory}/client_key.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
SetEnv PATH={directory}/bin:/usr/bin:/bin PYTHONPATH={root} PERFMON_HOST={host}
"""

SSH_CONFIG = """\
Host *
    Port {port}
    IdentityFile {directory}/client_key
    IdentitiesOnly yes
    UserKnownHostsFile {directory}/known_hosts
    StrictHostKeyChecking yes
    BatchMode yes
    LogLevel ERROR
"""

PROGRAM = """\
#!/bin/sh
exec {python} -m perfmon "$@"
"""


@contextmanager
def ssh_server(directory: Path, host: str) -> Iterator[str]:
    """An ssh server of this user's, with `perfmon` on its PATH; gives the ssh command to use.

    host: the address that perfmon uses there when none is given.
    """
    sshd = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    assert sshd, "tools/system-packages test installs openssh-server"
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for key in ("host_key", "client_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / key], check=True
        )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    values = {"port": port, "directory": directory, "root": ROOT, "host": host}
    (directory / "sshd_config").write_text(SSHD_CONFIG.format(**values))
    (directory / "ssh_config").write_text(SSH_CONFIG.format(**values))
    public = (directory / "host_key.pub").read_text()
    (directory / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}")
    (directory / "bin").mkdir()
    (directory / "bin" / "perfmon").write_text(PROGRAM.format(python=sys.executable))
    (directory / "bin" / "perfmon").chmod(0o755)
    log = directory / "sshd.log"
    command = [sshd, "-D", "-f", directory / "sshd_config", "-E", log]
    with subprocess.Popen(command) as process:
        try:
            _await_port(port, process, log)
            yield f"ssh -F {directory}/ssh_config"
        finally:
            process.terminate()


def _await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(log.read_text())
