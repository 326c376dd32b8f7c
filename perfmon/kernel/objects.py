# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor as an object file to link a kernel with that is built from source.

The kernel is built once without it: the sizes and offsets that the monitor needs are read from that
image, as they are read from an image that it is added to.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from perfmon.kernel.errors import KernelError
from perfmon.kernel.image import KernelImage
from perfmon.kernel.link import build_object
from perfmon.kernel.plan import plan_of


@dataclass(frozen=True, slots=True)
class LinkInput:
    """What to add to the link of a kernel.

    Attributes:
        object: the object file.
        response: a file of arguments for the linker: the object and the wrapped functions.
        wrapped: the wrapped functions.
    """

    object: Path
    response: Path
    wrapped: tuple[str, ...]


def build_objects(kernel: Path, directory: Path) -> LinkInput:
    """Compile the monitor for a kernel, from the image that was built without it.

    Args:
        kernel: the unstripped image, with debugging information.
        directory: where perfmon.o and perfmon.ld are written; made if need be.

    Raises:
        AssumptionError: the kernel is not one that can be monitored; says which assumption failed.
        ToolError: a program is missing or failed.
        PackageError: Mach's headers cannot be had.
        KernelError: a file cannot be read or written.
    """
    image = KernelImage(kernel)
    plan = plan_of(image)
    wrapped = tuple(dict.fromkeys(plan.wrapped))
    target = directory.absolute() / "perfmon.o"
    response = target.with_name("perfmon.ld")
    try:
        with tempfile.TemporaryDirectory(prefix="perfmon-") as work:
            data = build_object(image, Path(work), plan).read_bytes()
        directory.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        arguments = [f"--wrap={function}" for function in wrapped]
        response.write_text("\n".join([*arguments, f'"{target}"', ""]))
    except OSError as error:
        raise KernelError(f"cannot write {error.filename}: {error.strerror}") from error
    return LinkInput(target, response, wrapped)
