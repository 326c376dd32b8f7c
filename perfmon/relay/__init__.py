# SPDX-License-Identifier: GPL-2.0-or-later
"""The relay: carries whole Mach messages between clients of a byte stream and one host.

`guard` says which messages may pass, `session` serves one client, `server` many, `listeners` makes
the sockets that they come in by.  No routine is known here: what a message asks for is between
the client and the host.
"""
