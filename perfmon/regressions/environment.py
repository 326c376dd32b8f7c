# SPDX-License-Identifier: GPL-2.0-or-later
"""What a host is made of: kernel image, processor, accelerator, clock, configuration."""

from __future__ import annotations

import hashlib
import platform
import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from perfmon.address import QemuAddress, parse_address
from perfmon.errors import AddressError
from perfmon.host import Host
from perfmon.regressions.measurement import Environment

_VERSION: Final = re.compile(rb"GNU Mach [ -~]{1,80}|GNU-Mach [ -~]{1,80}")


def environment_of(host: Host) -> Environment:
    """What is known of a host; the processor is this machine's, and unknown for remote hosts."""
    interface, configuration, clock = host.interface(), host.configuration(), host.clock()
    accelerator, kernel, digest = _platform(host.address)
    return Environment(
        host=host.address,
        kernel=kernel,
        image_sha256=digest,
        cpu=_processor() if accelerator else "",
        machine=host.transport.abi.name,
        accelerator=accelerator,
        clock_hz=clock.ticks_per_second,
        cpus=interface.cpus,
        interface_version=interface.version,
        sample_rate=configuration.sample_rate,
        buffer_size=configuration.buffer_size,
        event_mask=configuration.event_mask,
        mode=configuration.mode.name.lower(),
        hooked=interface.hooked,
    )


def _platform(address: str) -> tuple[str, str, str]:
    """Accelerator, kernel version and image hash, as far as they can be seen from here."""
    try:
        parsed = parse_address(address)
    except AddressError:
        return "", "", ""
    if isinstance(parsed, QemuAddress):
        from perfmon.kernel import boot
        from perfmon.kernel.errors import GuestError

        try:
            guest = boot.find(parsed.name)
        except GuestError:  # it has just ended
            return "", "", ""
        return _accelerator(guest.pid), *_image(guest.kernel)
    if address in ("embedded:", "mach:"):
        kernel = f"{platform.system()} {platform.release()}" if address == "mach:" else ""
        return "native", kernel, ""
    return "", "", ""


def _accelerator(pid: int) -> str:
    """What QEMU was started with."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    kinds = [then for now, then in pairwise(arguments) if now == "-accel"]
    name = kinds[0].split(",")[0] if kinds else "tcg"
    return f"{name},icount" if "-icount" in arguments else name


def _image(kernel: Path) -> tuple[str, str]:
    try:
        status = kernel.stat()
    except OSError:
        return "", ""
    return _read_image(kernel, status.st_mtime_ns)


@lru_cache(maxsize=16)
def _read_image(kernel: Path, changed_ns: int) -> tuple[str, str]:
    del changed_ns
    data = kernel.read_bytes()
    found = _VERSION.search(data)
    return found[0].decode().strip() if found else "", hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=1)
def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        found = None
    return found[1].strip() if found else platform.machine()
