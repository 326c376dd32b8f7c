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


def generate_header(model: Model, kind: str, options: Options) -> str:
    """A header.

    Args:
        model: the interface.
        kind: ``"header"`` declares the functions that clients call; ``"sheader"`` those that
            servers define, and finds a routine by its message; ``"iheader"`` declares what the
            user's stubs define, for the stubs themselves.
        options: from the command line.
    """
    side = Side(model, is_server=kind == "sheader", options=options)
    if kind == "header":
        imports = [entry.header for entry in model.imports if entry.user]
        return _header(side, f"_{model.name}_user_", imports, [])
    if kind == "sheader":
        imports = [entry.header for entry in model.imports if entry.server]
        imports.insert(0, "<mach/mig_errors.h>")
        return _header(side, f"_{model.name}_server_", imports, _dispatch(model, options))
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
    """The table of routines and what looks into it; kernels do so even where it is empty."""
    demux = f"{options.server_prefix}{model.server_demux}"
    search = [
        f"\tif (InHeadP->msgh_id < {model.base} ||",
        f"\t    InHeadP->msgh_id > {model.base + len(model.routines) - 1})",
        "\t\treturn 0;",
        f"\treturn {demux}_routines[InHeadP->msgh_id - {model.base}];",
    ]
    return [
        f"extern mig_routine_t {demux}_routines[];",
        "",
        "/* The stub that serves a request, or 0. */",
        f"static __inline mig_routine_t {demux}_routine",
        "\t(const mach_msg_header_t *InHeadP)",
        "{",
        *(search if model.routines else ["\t(void) InHeadP;", "\treturn 0;"]),
        "}",
    ]
