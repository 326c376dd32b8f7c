# SPDX-License-Identifier: GPL-2.0-or-later
"""An interface on one ABI as checks see it: model, syntax tree, and the way back to the source.

Compiles; decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mig.compile import compile_text, source_of
from mig.frontend.diagnostics import Diagnostic, Diagnostics, Position, Severity, SourceMap
from mig.frontend.grammar import parse
from mig.frontend.nodes import Specification
from mig.frontend.preprocess import Preprocessor
from mig.model.routines import Model


@dataclass(frozen=True, slots=True)
class Unit:
    """A compiled ``.defs``.

    Attributes:
        model: what it means on an ABI.
        tree: what is written.
        source: of the text that both were made from.
        preprocessor: what made the text; for C headers.
        options: the options that it was made with.
    """

    model: Model
    tree: Specification
    source: SourceMap
    preprocessor: Preprocessor
    options: tuple[str, ...] = ()

    def diagnostic(self, severity: Severity, position: Position, message: str) -> Diagnostic:
        """A diagnostic about a place in the ``.defs``."""
        return diagnostic(self.source, severity, position, message)


def compile_unit(
    text: str,
    abi: str,
    *,
    file: str,
    preprocessor: Preprocessor | None = None,
    options: Sequence[str] = (),
    user_prefix: str = "",
) -> Unit:
    """Compile preprocessed text.

    Args:
        text: what the preprocessor made of the file.
        abi: name of the target.
        file: the file.
        preprocessor: for C headers; None: that of the environment.
        options: for it, those that `text` was made with.
        user_prefix: put before the names of the user's functions.

    Raises:
        CompileError: when the interface is not correct.
    """
    model = compile_text(text, abi=abi, file=file, user_prefix=user_prefix)
    source = source_of(text, file)
    tree = parse(source, Diagnostics(source))
    if preprocessor is None:
        preprocessor = Preprocessor.from_environment(target_flag=model.abi.compiler_flag)
    return Unit(model, tree, source, preprocessor, tuple(options))


def diagnostic(
    source: SourceMap, severity: Severity, position: Position, message: str
) -> Diagnostic:
    """A diagnostic about a place in some source."""
    diagnostics = Diagnostics(source)
    add = {
        Severity.ERROR: diagnostics.error,
        Severity.WARNING: diagnostics.warning,
        Severity.NOTE: diagnostics.note,
    }
    add[severity](position, message)
    return diagnostics.found[0]
