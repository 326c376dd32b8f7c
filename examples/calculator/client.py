# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of calculator.defs, in Python: python client.py SOCKET."""

import sys
from pathlib import Path

from calculator import Calculator  # made by `mig --python`

from mig.rpc.errors import KernInvalidArgument, MachError
from mig.rpc.port import Port
from mig.rpc.transports.stream import open_unix


def main(socket: Path) -> None:
    """Add, divide, and divide by nothing."""
    with open_unix(socket) as transport:
        calculator = Calculator(Port.offered(transport, "calculator"), timeout=5)
        print(f"2 + 40 = {calculator.calculator_add(2, 40)}")
        quotient, remainder = calculator.calculator_divide(1000, 7)
        print(f"1000 / 7 = {quotient}, remainder {remainder}")
        try:
            calculator.calculator_divide(1, 0)
        except KernInvalidArgument as error:
            print(f"1 / 0: {error.name}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: client.py SOCKET", file=sys.stderr)
        sys.exit(2)
    try:
        main(Path(sys.argv[1]))
    except MachError as error:
        sys.exit(f"client.py: {error}")
