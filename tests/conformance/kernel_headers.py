# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's own headers that stubs include, each a line that leads to our stand-in."""

from pathlib import Path

FLAGS = ("-DKERNEL", "-DMACH_KERNEL", "-DNCPUS=1")

_HEADERS = (
    "device/device_types_kernel.h",
    "ipc/ipc_port.h",
    "ipc/ipc_space.h",
    "ipc/ipc_types.h",
    "kern/assert.h",
    "kern/host.h",
    "kern/ipc_host.h",
    "kern/ipc_kobject.h",
    "kern/ipc_mig.h",
    "kern/ipc_tt.h",
    "kern/processor.h",
    "kern/task.h",
    "kern/thread.h",
    "machine/io_perm.h",
    "vm/vm_map.h",
    "vm/vm_object.h",
)
_NOT_OBJECTS = {
    "kern/assert.h": "#include <assert.h>\n",
    "ipc/ipc_types.h": "#include <kernel_types.h>\n",
    "device/device_types_kernel.h": "#include <kernel_types.h>\n",
}


def write_kernel_headers(directory: Path) -> Path:
    """Fill `directory`, to be put on the include path of kernel stubs."""
    for header in _HEADERS:
        path = directory / header
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_NOT_OBJECTS.get(header, "#include <kernel_objects.h>\n"))
    return directory
