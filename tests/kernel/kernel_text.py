# SPDX-License-Identifier: GPL-2.0-or-later
"""A running kernel's code, read from outside."""

from pathlib import Path

from perfmon.kernel.boot import Guest
from perfmon.kernel.image import KernelImage, Section
from tests.kernel.qmp import physical_memory


class Memory:
    """The kernel's text and trap table, as the image has them and as the guest has them."""

    def __init__(self, image: KernelImage, guest: Guest, directory: Path) -> None:
        self._image = image
        self._guest = guest
        self._directory = directory
        self._base = image.segments[-1].address - image.segments[-1].physical

    @property
    def text(self) -> Section:
        return next(s for s in self._image.sections if s.name == ".text")

    def changed_text(self) -> set[int]:
        """Addresses of bytes of text that are not those of the image that was booted.

        Left out are the segment descriptors, which lie in the text and which every kernel fills
        in when it boots.
        """
        now = self._read(self.text.address, len(self.text.data))
        different = (
            self.text.address + at
            for at, (a, b) in enumerate(zip(self.text.data, now, strict=True))
            if a != b
        )
        return {
            address
            for address in different
            if not self._image.label_at(address).name.startswith(("boot_gdt", "boot_percpu"))
        }

    def traps_are_stock(self) -> bool:
        table = self._image.symbols["mach_trap_table"]
        size = self._image.sizes["mach_trap_table"]
        return self._read(table, size) == self._image.read(table, size)

    def _read(self, address: int, size: int) -> bytes:
        return physical_memory(self._guest, address - self._base, size, self._directory)
