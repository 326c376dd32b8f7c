# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of calculator.defs, in Python: python client.py SOCKET."""

import sys
from pathlib import Path

from calculator import Calculator  # made by `mig --python`

from mig.rpc.errors import KernInvalidArgument
from mig.rpc.port import Port
from mig.rpc.transports.stream import open_unix

with open_unix(Path(sys.argv[1])) as transport:
    calculator = Calculator(Port.offered(transport, "calculator"), timeout=5)
    print(f"2 + 40 = {calculator.calculator_add(2, 40)}")
    quotient, remainder = calculator.calculator_divide(1000, 7)
    print(f"1000 / 7 = {quotient}, remainder {remainder}")
    try:
        calculator.calculator_divide(1, 0)
    except KernInvalidArgument as error:
        print(f"1 / 0: {error.name}")
