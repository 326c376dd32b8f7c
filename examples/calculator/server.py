# SPDX-License-Identifier: GPL-2.0-or-later
"""A server for calculator.defs, in Python, behind a Unix socket.

    python server.py SOCKET [--profile]

Ctrl-C ends it; with --profile it then says where its time went.
"""

import signal
import sys
from contextlib import suppress
from pathlib import Path

from calculator.server import CalculatorServer  # made by `mig --python`
from profiler import ProfiledDemultiplexer

from mig.rpc.abi import X86_64
from mig.rpc.errors import KernInvalidArgument
from mig.rpc.server import Demultiplexer
from mig.rpc.transports.listener import listen_unix

PORT = 0x103


class Calculator(CalculatorServer):
    """What the routines do; an exception is the code that the client gets."""

    def calculator_add(self, server: int, first: int, second: int) -> int:
        """Add, as 32 bits do."""
        return (first + second) % 2**32

    def calculator_divide(self, server: int, dividend: int, divisor: int) -> tuple[int, int]:
        """Quotient and remainder."""
        if divisor == 0:
            raise KernInvalidArgument
        return divmod(dividend, divisor)


def main() -> None:
    """Serve until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    kind = ProfiledDemultiplexer if "--profile" in sys.argv else Demultiplexer
    demultiplexer = kind(X86_64, Calculator())
    with listen_unix(Path(sys.argv[1]), demultiplexer, {"calculator": PORT}) as listener:
        print(f"serving on {listener.address}", flush=True)
        with suppress(KeyboardInterrupt):
            listener.serve()
    if isinstance(demultiplexer, ProfiledDemultiplexer):
        print(demultiplexer.table())


if __name__ == "__main__":
    main()
