# SPDX-License-Identifier: GPL-2.0-or-later
"""Runtime of generated Python: messages, ports, errors and transports.

This room carries Mach messages and names what goes wrong with them.  It needs nothing
beyond the standard library, knows no interface, and must never import the compiler.
"""
