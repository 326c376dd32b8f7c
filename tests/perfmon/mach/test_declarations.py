# SPDX-License-Identifier: GPL-2.0-or-later
"""The transport's declarations against gnumach-dev's headers, on both ABIs."""

import subprocess
from pathlib import Path

import pytest

from mig.rpc import errors
from mig.rpc.abi import ABIS
from mig.rpc.message import BITS_COMPLEX
from mig.rpc.transports import mach
from perfmon.kernel.packages import GNUMACH_DEV_AMD64, GNUMACH_DEV_I386, fetch

CHECKED = {"i386": (GNUMACH_DEV_I386, "-m32"), "x86_64": (GNUMACH_DEV_AMD64, "-m64")}

PROGRAM = """\
#include <stddef.h>
#include <stdint.h>
{included}
#define SAME(a, b) _Static_assert(__builtin_types_compatible_p(a, b), #a " is not " #b)
SAME(mach_port_t, unsigned int);
SAME(mach_port_name_t, unsigned int);
SAME(mach_msg_return_t, int);
SAME(mach_msg_option_t, int);
SAME(mach_msg_size_t, unsigned int);
SAME(mach_msg_timeout_t, natural_t);
SAME(natural_t, unsigned int);
SAME(vm_address_t, uintptr_t);
SAME(vm_size_t, uintptr_t);
SAME(__typeof(mach_msg), int(mach_msg_header_t *, int, unsigned int, unsigned int,
                             unsigned int, unsigned int, unsigned int));
{asserted}
"""


@pytest.mark.parametrize("abi", ABIS)
def test_types_layouts_and_numbers_are_those_of_the_headers(abi: str, tmp_path: Path) -> None:
    package, machine = CHECKED[abi]
    layout = ABIS[abi]
    pointer = {"i386": 4, "x86_64": 8}[abi]
    facts = {
        "sizeof(void *)": pointer,
        "sizeof(mach_msg_header_t)": layout.header_size,
        "sizeof(mach_msg_type_t)": layout.short_descriptor,
        "sizeof(mach_msg_type_long_t)": layout.long_descriptor,
        "offsetof(mach_msg_header_t, msgh_size)": 4,
        "offsetof(mach_msg_header_t, msgh_remote_port)": 8,
        "offsetof(mach_msg_header_t, msgh_local_port)": 8 + layout.port,
        "MACH_MSGH_BITS_COMPLEX": BITS_COMPLEX,
        "MACH_SEND_MSG": mach._SEND,
        "MACH_RCV_MSG": mach._RECEIVE,
        "MACH_SEND_TIMEOUT": mach._SEND_TIMEOUT,
        "MACH_RCV_TIMEOUT": mach._RECEIVE_TIMEOUT,
        "MACH_RCV_INTERRUPT": mach._RECEIVE_INTERRUPT,
        "MACH_RCV_INTERRUPTED": mach._RECEIVE_INTERRUPTED,
        "MACH_SEND_TIMED_OUT": mach._TIMED_OUT[0],
        "MACH_RCV_TIMED_OUT": mach._TIMED_OUT[1],
        "MACH_RCV_INVALID_NAME": mach._PORT_DIED[0],
        "MACH_RCV_PORT_DIED": mach._PORT_DIED[1],
        "MACH_SEND_INVALID_DEST": errors.MachSendInvalidDest.code,
    }
    text = PROGRAM.format(
        included="#include <mach/message.h>\n#include <mach/mach_types.h>",
        asserted="\n".join(
            f'_Static_assert((unsigned long)({name}) == {value}u, "{name}");'
            for name, value in facts.items()
        ),
    )
    (tmp_path / "check.c").write_text(text)
    headers = next(fetch(package).rglob("mach/message.h")).parents[1]
    subprocess.run(
        ["gcc", machine, "-fsyntax-only", "-Wall", "-Werror", f"-isystem{headers}", "check.c"],
        cwd=tmp_path,
        check=True,
    )
