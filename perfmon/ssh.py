# SPDX-License-Identifier: GPL-2.0-or-later
"""The transport `ssh:[USER@]HOST`: a relay on the other machine, started by the user's own ssh.

Keys, passwords, jump hosts and the like are ssh's and its configuration's; nothing of them is
known here.
"""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import tempfile
from typing import IO, Final

from mig.rpc.errors import ConnectError, PeerDied
from mig.rpc.transports.stream import StreamTransport
from perfmon.address import SshAddress

SSH_VARIABLE: Final = "PERFMON_SSH"
"""The environment variable with the command to use in place of `ssh`."""

_RELAY: Final = "perfmon relay --stdio"
_HELLO_TIMEOUT: Final = 120.0
"""The user may be typing a password."""
_FAREWELL: Final = 2.0
# Ctrl-C must end what reads the host, not the way to it.  ssh honours an ignored SIGINT, unless
# it shares a connection with others.
_IGNORING_CTRL_C: Final = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")
_OPTIONS: Final = ("-T", "-o", "ControlPath=none")
_SSH_FAILED, _NOT_FOUND = 255, 127


class SshTransport(StreamTransport):
    """A way to the host of a relay that ssh runs on another machine; it ends with this."""

    def __init__(self, address: SshAddress) -> None:
        """Start ssh and wait for the relay.

        Raises:
            ConnectError: ssh is not there or could not log in, or there is no perfmon on the
                other machine, or its relay does not reach a host.
            ProtocolError: something else answers there.
        """
        command = _command(address)
        connection, theirs = socket.socketpair()
        # What ssh and the relay have to say: the reason, should they fail.
        with tempfile.TemporaryFile() as messages:
            try:
                self._ssh = subprocess.Popen(
                    command, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=messages
                )
            except BaseException:
                connection.close()
                raise
            finally:
                theirs.close()
            try:
                super().__init__(connection, address=str(address), timeout=_HELLO_TIMEOUT)
            except PeerDied as error:
                raise ConnectError(self._reason(messages), address=str(address)) from error

    def close(self) -> None:
        """See Transport."""
        super().close()
        try:
            self._ssh.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            self._ssh.kill()
            self._ssh.wait()

    def _reason(self, messages: IO[bytes]) -> str:
        messages.seek(0)
        lines = messages.read().decode(errors="replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "nothing said why")
        status = self._ssh.returncode
        if status == _SSH_FAILED:
            return f"ssh could not connect: {said}"
        if status == _NOT_FOUND:
            return f"expected `{_RELAY}` to run there: {said}"
        return f"the relay there ended with status {status}: {said}"


def _command(address: SshAddress) -> list[str]:
    ssh = shlex.split(os.environ.get(SSH_VARIABLE, "")) or ["ssh"]
    if shutil.which(ssh[0]) is None:
        raise ConnectError(f"expected the program {ssh[0]!r}, found none", address=str(address))
    user = ("-l", address.user) if address.user else ()
    return [*_IGNORING_CTRL_C, *ssh, *_OPTIONS, *user, "--", address.host, _RELAY]
