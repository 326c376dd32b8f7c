# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses to names.  Where a table comes from, an image or a file, is its maker's matter."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple


class Place(NamedTuple):
    """A place in a program: a function, and bytes from its beginning."""

    function: str
    offset: int

    def __str__(self) -> str:
        return f"{self.function}+{self.offset:#x}" if self.offset else self.function


class SymbolTable:
    """Functions by address."""

    def __init__(self, functions: Iterable[tuple[int, int, str]]) -> None:
        """Make a table.

        Args:
            functions: address, size in bytes and name of each, in any order; they do not overlap.
        """
        ordered = sorted(functions)
        self._addresses = [address for address, _, _ in ordered]
        self._ends = [address + size for address, size, _ in ordered]
        self._names = [name for _, _, name in ordered]

    def __len__(self) -> int:
        return len(self._names)

    def find(self, address: int) -> Place | None:
        """The place that an address is; None if it is in no function of the table."""
        index = bisect_right(self._addresses, address) - 1
        if index < 0 or address >= self._ends[index]:
            return None
        return Place(self._names[index], address - self._addresses[index])
