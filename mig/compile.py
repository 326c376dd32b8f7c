# SPDX-License-Identifier: GPL-2.0-or-later
"""The compiler as a library: a ``.defs`` in, a model or generated text out.

Joins the rooms of the compiler; :mod:`mig.cli` and build scripts call it.
"""

from __future__ import annotations

from functools import cache

from mig.backends.c_side import Options
from mig.files import read_text, write_if_changed
from mig.frontend.diagnostics import CompileError, Diagnostics, Position, SourceMap
from mig.frontend.grammar import parse
from mig.frontend.preprocess import PreprocessError, Preprocessor
from mig.model.abi import ABIS, Abi
from mig.model.resolve import resolve
from mig.model.routines import Model

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = [
    "CompileError",
    "Model",
    "Options",
    "PreprocessError",
    "compile_defs",
    "compile_text",
    "generate_c",
    "generate_python",
    "generate_user_files",
    "write_python",
]


def compile_defs(
    path: str | Path,
    *,
    abi: str | Abi,
    include: Sequence[str | Path] = (),
    defines: Sequence[str] = (),
    options: Sequence[str] = (),
    user_prefix: str = "",
) -> Model:
    """Compile a ``.defs`` file.

    Args:
        path: the file.
        abi: the target, ``"i386"`` or ``"x86_64"``.
        include: directories to look for included files in.
        defines: macros, each ``NAME`` or ``NAME=VALUE``.
        options: further options of the preprocessor.
        user_prefix: put before the names of all the user's functions.

    Raises:
        PreprocessError: when the preprocessor fails; the message is what it said.
        CompileError: when the interface is not correct; it says where and why.
        ValueError: when there is no such ABI.
    """
    target = _abi(abi)
    preprocessor = Preprocessor.from_environment(target_flag=target.compiler_flag)
    words = [
        *(f"-I{directory}" for directory in include),
        *(f"-D{definition}" for definition in defines),
        *options,
    ]
    text = preprocessor.run(str(path), words)
    return compile_text(text, abi=target, file=str(path), user_prefix=user_prefix)


def compile_text(
    text: str, *, abi: str | Abi, file: str = "<text>", user_prefix: str = ""
) -> Model:
    """Compile preprocessed text; line markers in it are honoured.

    Raises:
        CompileError: when the interface is not correct.
        ValueError: when there is no such ABI.
    """
    source = source_of(text, file)
    diagnostics = Diagnostics(source)
    target = _abi(abi)
    try:
        tree = parse(source, diagnostics)
        return resolve(tree, target, diagnostics, file=file, user_prefix=user_prefix)
    except RecursionError:
        diagnostics.error(Position(file, 0, 0), "a type or an expression is nested too deeply")
        raise CompileError(diagnostics.found) from None


def source_of(text: str, file: str) -> SourceMap:
    """The map from preprocessed text to files, which shows lines as the files have them."""
    lines = cache(_lines_of_file)

    def line_of(name: str, line: int) -> str | None:
        found = lines(name)
        return found[line - 1] if 0 < line <= len(found) else None

    return SourceMap(text, file, line_of)


def generate_c(model: Model, kind: str, options: Options | None = None) -> str:
    """Generate one C file of an interface.

    Args:
        model: the interface.
        kind: ``"user"``, ``"server"``, ``"header"``, ``"sheader"``, ``"iheader"`` or ``"list"``.
        options: prefixes and names of headers.

    Raises:
        KeyError: when there is no such kind of file.
    """
    chosen = options or Options()
    # Most runs want few kinds.
    match kind:
        case "user":
            from mig.backends.c_user import generate_user

            return generate_user(model, chosen)
        case "server":
            from mig.backends.c_server import generate_server

            return generate_server(model, chosen)
        case "header" | "sheader" | "iheader":
            from mig.backends import c_header

            return c_header.generate_header(model, kind, chosen)
        case "list":
            from mig.backends.message_ids import generate_message_ids

            return generate_message_ids(model)
        case _:
            raise KeyError(kind)


def generate_user_files(model: Model, options: Options) -> Mapping[str, str]:
    """The user's stubs of an interface, a C file for each routine, by the routine's name."""
    from mig.backends import c_user

    return c_user.generate_user_files(model, options)


def generate_python(model_i386: Model, model_x86_64: Model) -> Mapping[str, str]:
    """The Python package of an interface, compiled for both ABIs: relative file name to text.

    Raises:
        CompileError: when the interface has what the Python back end cannot do.
    """
    from mig.backends.python_package import generate

    models = (model_i386, model_x86_64)
    declared = {kind.position.file for model in models for kind in model.types.values()}
    declared |= {each.position.file for model in models for each in model.defined_routines}
    # The comments in them become docstrings.
    files = generate(model_i386, model_x86_64, {file: _lines_of_file(file) for file in declared})
    return {f"{model_i386.name}/{name}": content for name, content in files.items()}


def write_python(
    path: str | Path,
    directory: str | Path,
    *,
    include: Sequence[str | Path] = (),
    defines: Sequence[str] = (),
    options: Sequence[str] = (),
) -> None:
    """Compile a ``.defs`` to a Python package, named like the subsystem, inside `directory`.

    Files that would not change are left alone.  See `compile_defs` for arguments and errors.
    """
    models = [
        compile_defs(path, abi=abi, include=include, defines=defines, options=options)
        for abi in ABIS.values()
    ]
    for name, content in generate_python(*models).items():
        write_if_changed(f"{directory}/{name}", content)


def _abi(abi: str | Abi) -> Abi:
    if isinstance(abi, Abi):
        return abi
    if abi not in ABIS:
        raise ValueError(f"no ABI {abi!r}: there are {', '.join(ABIS)}")
    return ABIS[abi]


def _lines_of_file(file: str) -> tuple[str, ...]:
    try:
        return tuple(read_text(file).splitlines())
    except (OSError, ValueError):  # a marker may name anything, with a NUL in it too
        return ()
