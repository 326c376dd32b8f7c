# SPDX-License-Identifier: GPL-2.0-or-later
"""Which identifiers an interface may not use, because the generated code could not."""

from __future__ import annotations

from mig.frontend.diagnostics import Diagnostics
from mig.frontend.nodes import Name

_C_TYPE_WORDS = {"char", "double", "float", "int", "long", "short", "signed", "unsigned", "void"}
# fmt: off
_C_KEYWORDS = _C_TYPE_WORDS | {
    "auto", "break", "case", "const", "continue", "default", "do", "else", "enum", "extern",
    "for", "goto", "if", "inline", "register", "restrict", "return", "sizeof", "static",
    "struct", "switch", "typedef", "union", "volatile", "while", "_Alignas", "_Alignof",
    "_Atomic", "_Bool", "_Complex", "_Generic", "_Imaginary", "_Noreturn", "_Static_assert",
    "_Thread_local", "asm", "typeof",
}
# fmt: on
#: What generated C calls its own variables, types and members, with any number behind a few.
_GENERATED_NAMES = {
    *("Head", "Mess", "Complex", "Size", "Part", "Memory", "Result", "ReplyPort", "Routine"),
    *("TypeCheck", "TRUE", "FALSE", "InHeadP", "OutHeadP"),
}
_GENERATED_NUMBERED_NAMES = {"In", "Out", "Request", "Reply"}
_GENERATED_PREFIXES = ("RetCode", "mig_", "__mig_")
#: The longest identifier; GNU MIG has room for less than a hundred characters.
_LENGTH_LIMIT = 128


def check_name(
    diagnostics: Diagnostics,
    name: Name,
    *,
    allow_type_words: bool = False,
    generated: bool = False,
) -> None:
    """Report a name that C cannot have.

    Args:
        diagnostics: where to report.
        name: the identifier.
        allow_type_words: it may be a type of C, such as ``unsigned``.
        generated: it will stand beside the names that generated code chooses itself.
    """
    text = name.text
    if text in _C_KEYWORDS and not (allow_type_words and text in _C_TYPE_WORDS):
        diagnostics.error(name.position, f"'{text}' is a keyword of C")
    elif generated and _is_generated(text):
        diagnostics.error(name.position, f"'{text}' is a name that generated code uses")
    elif len(text) > _LENGTH_LIMIT:
        diagnostics.error(
            name.position, f"a name of {len(text)} characters is too long: {_LENGTH_LIMIT} at most"
        )


def _is_generated(text: str) -> bool:
    """Whether generated C has a name of its own like this one."""
    return (
        text in _GENERATED_NAMES
        or text.rstrip("0123456789") in _GENERATED_NUMBERED_NAMES
        or text.startswith(_GENERATED_PREFIXES)
    )
