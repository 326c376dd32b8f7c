# SPDX-License-Identifier: GPL-2.0-or-later
"""A transport with nothing behind it: what a call costs over it is marshalling alone."""

from mig.rpc.abi import Abi
from mig.rpc.message import Message
from mig.rpc.transport import Transport


class Echo(Transport):
    """Has the same answer to everything, at once."""

    def __init__(self, abi: Abi, answer: Message) -> None:
        """Answer every call with one message."""
        self.address = "echo:"
        self.abi = abi
        self.reply_port = 2
        self.ports = {"host": 1}
        self.answer = answer

    def call(self, request: Message, timeout: float | None = None) -> Message:
        """Return the answer."""
        return self.answer

    def send(self, request: Message) -> None:
        """Drop the message."""

    def close(self) -> None:
        """Do nothing."""
