# SPDX-License-Identifier: GPL-2.0-or-later
"""A server for calculator.defs, in Python, behind a Unix socket.

    python server.py SOCKET [--profile]

Ctrl-C ends it; with --profile it then says where its time went.
"""

import argparse
import signal
import sys
from contextlib import suppress
from pathlib import Path

from calculator.server import CalculatorServer  # made by `mig --python`
from profiler import ProfiledDemultiplexer

from mig.rpc.abi import X86_64
from mig.rpc.errors import KernInvalidArgument, MachError
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
    parser = argparse.ArgumentParser(description="Serve calculator.defs until Ctrl-C.")
    parser.add_argument("socket", type=Path, metavar="SOCKET")
    parser.add_argument("--profile", action="store_true", help="say at the end what took how long")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    kind = ProfiledDemultiplexer if args.profile else Demultiplexer
    demultiplexer = kind(X86_64, Calculator())
    with listen_unix(args.socket, demultiplexer, {"calculator": PORT}) as listener:
        print(f"serving on {listener.address}", flush=True)
        with suppress(KeyboardInterrupt):
            listener.serve()
    if isinstance(demultiplexer, ProfiledDemultiplexer):
        print(demultiplexer.table())


if __name__ == "__main__":
    try:
        main()
    except MachError as error:
        sys.exit(f"server.py: {error}")
