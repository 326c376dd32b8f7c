# SPDX-License-Identifier: GPL-2.0-or-later
"""Pieces of messages, as either ABI has them, for requests that no client would send."""

import struct

from mig.rpc.abi import Abi


def descriptor(
    abi: Abi, name: int, size: int, number: int, *, inline: bool = False, deallocate: bool = False
) -> bytes:
    """A long type descriptor; `size` is in bits."""
    flags = (int(inline) | 2 | int(deallocate) << 2) << abi.inline_shift
    if abi.wide:
        return struct.pack("<II", name | size << 8 | flags, number)
    return struct.pack("<IHHI", flags, name, size, number)
