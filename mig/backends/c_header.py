# SPDX-License-Identifier: GPL-2.0-or-later
"""The C headers of an interface: the user's, the server's and the internal one.

Other builds cut the first two lines and the last one off and read the comments that name the
routines, so their shape is not ours to change.
"""

from __future__ import annotations

from mig.backends.c_side import Options, Side, title
from mig.backends.printer import Printer
from mig.model.routines import Model

_INCLUDES = ("<mach/kern_return.h>", "<mach/port.h>", "<mach/message.h>")


def generate_user_header(model: Model, options: Options) -> str:
    """Declares the functions that clients call."""
    side = Side(model, is_server=False, options=options)
    imports = [entry.header for entry in model.imports if entry.user]
    return _header(side, f"_{model.name}_user_", imports, [])


def generate_server_header(model: Model, options: Options) -> str:
    """Declares the functions that servers define, and finds a routine by its message."""
    side = Side(model, is_server=True, options=options)
    imports = ["<mach/mig_errors.h>", *(entry.header for entry in model.imports if entry.server)]
    return _header(side, f"_{model.name}_server_", imports, _dispatch(model, options))


def generate_internal_header(model: Model, options: Options) -> str:
    """Declares what the user's stubs define, for the stubs themselves."""
    side = Side(model, is_server=False, options=options)
    return _header(side, f"_{model.name}_internal_", [], [])


def _header(side: Side, guard: str, imports: list[str], tail: list[str]) -> str:
    out = Printer()
    out.line(f"#ifndef {guard}")
    out.line(f"#define {guard}")
    out.blank()
    out.line(f"/* Module {side.model.name} */")
    out.blank()
    out.lines(f"#include {header}" for header in _INCLUDES)
    out.blank()
    out.lines(f"#include {header}" for header in imports)
    for routine in side.model.defined_routines:
        out.blank()
        out.line(title(routine))
        out.lines(("#ifdef mig_external", "mig_external", "#else", "extern", "#endif"))
        *head, end = side.prototype(routine)
        out.lines((*head, f"{end};"))
    out.blank()
    out.lines(tail)
    out.blank()
    out.line(f"#endif /* {guard} */")
    return out.text()


def _dispatch(model: Model, options: Options) -> list[str]:
    demux = f"{options.server_prefix}{model.server_demux}"
    if not model.routines:
        return []
    return [
        f"extern mig_routine_t {demux}_routines[];",
        "",
        "/* The stub that serves a request, or 0. */",
        f"static __inline mig_routine_t {demux}_routine",
        "\t(const mach_msg_header_t *InHeadP)",
        "{",
        f"\tif (InHeadP->msgh_id < {model.base} ||",
        f"\t    InHeadP->msgh_id > {model.base + len(model.routines) - 1})",
        "\t\treturn 0;",
        f"\treturn {demux}_routines[InHeadP->msgh_id - {model.base}];",
        "}",
    ]
