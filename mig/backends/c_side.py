# SPDX-License-Identifier: GPL-2.0-or-later
"""How one side of an interface looks in C: names of types, parameters, prototypes.

The wire is not its business; see `c_messages`.
"""

from __future__ import annotations

from mig.frontend.diagnostics import Position
from mig.model.abi import Abi
from mig.model.layout import Field
from mig.model.routines import Argument, Direction, Model, Role, Routine
from mig.model.types import MessageType, Type
from mig.record import record


@record
class Options:
    """What the command line says about generated C.

    Attributes:
        subroutine_prefix: put before the names of the functions that stubs call.
        server_prefix: put before the names of the server's functions and its demultiplexer.
        header: file name of the user's header, for the user's stubs to include.
        server_header: likewise for the server.
        internal_header: included by the user's stubs before the other one.
        symbol_table: the server has a table of the names of its routines.
        compat: servers leave out the checks of the complex bit against out-of-line data, of
            the deallocate bit and of incomplete elements.
    """

    subroutine_prefix: str = ""
    server_prefix: str = ""
    header: str | None = None
    server_header: str | None = None
    internal_header: str | None = None
    symbol_table: bool = False
    compat: bool = False


@record
class Side:
    """The user's or the server's side of a model.

    Attributes:
        model: the interface.
        is_server: which side.
        options: from the command line.
    """

    model: Model
    is_server: bool
    options: Options

    @property
    def abi(self) -> Abi:
        """The target."""
        return self.model.abi

    @property
    def in_kernel(self) -> bool:
        """Whether this side runs in the kernel, where port rights are pointers."""
        return self.model.kernel_server if self.is_server else self.model.kernel_user

    @property
    def is_lenient(self) -> bool:
        """Whether it takes requests that GNU MIG's servers take, though they break the rules."""
        return self.is_server and self.options.compat

    def support(self, function: str) -> str:
        """The name of a function that stubs call."""
        return f"{self.options.subroutine_prefix}{function}"

    # Types.

    def message_c_type(self, kind: Type) -> str:
        """The C type of a value in this side's messages."""
        return kind.server_type if self.is_server else kind.user_type

    def parameter_c_type(self, kind: Type) -> str:
        """The C type of a value as this side's functions take it."""
        return kind.translated_type if self.is_server else kind.user_type

    def element_c_type(self, kind: Type) -> str:
        """The C type of an element of an array."""
        assert kind.element is not None, f"{kind.name} is no array"
        return self.message_c_type(kind.element)

    def wraps_ports(self, kind: Type) -> bool:
        """Whether port rights are wider in messages than their names are in C."""
        return kind.is_port and kind.inline and not self.in_kernel

    def sent_name(self, field: Field) -> MessageType:
        """``msgt_name`` of what this side sends; the kernel sends rights it already holds."""
        return field.message_type(sent=not (self.is_server and self.in_kernel))

    def out_of_line_bits(self, kind: Type) -> int:
        """``msgt_size`` when data of an indefinite type is out of line."""
        return self.abi.port_name * 8 if self.wraps_ports(kind) else kind.size

    # Functions.

    def parameters(self, routine: Routine) -> list[str]:
        """The declarations of the parameters of a routine's function on this side."""
        return [
            self._parameter(argument)
            for argument in routine.arguments
            if (argument.server if self.is_server else argument.user)
        ]

    def is_result(self, argument: Argument) -> bool:
        """Whether this side's function has a pointer, to put something there."""
        return argument.in_reply and (argument.from_server if self.is_server else argument.to_user)

    def function_name(self, routine: Routine) -> str:
        """The name of a routine's function on this side."""
        if self.is_server:
            return f"{self.options.server_prefix}{routine.server_name}"
        return routine.user_name

    def prototype(self, routine: Routine) -> list[str]:
        """Name and parameters of a routine's function, a line each, without a final semicolon."""
        parameters = self.parameters(routine)
        commas = [","] * (len(parameters) - 1) + [""]
        return [
            f"kern_return_t {self.function_name(routine)}",
            "(",
            *(f"\t{text}{comma}" for text, comma in zip(parameters, commas, strict=True)),
            ")",
        ]

    def _parameter(self, argument: Argument) -> str:
        kind, name = argument.type, argument.name
        c_type = self.parameter_c_type(kind)
        if argument.role is Role.DATA and kind.is_array:
            if argument.direction is Direction.IN:
                is_text = kind.string or (kind.sent.is_text and not kind.variable)
                constant = "const_" if is_text or kind.indefinite else "const "
                return f"{constant}{c_type} {name}"
            return f"{c_type} *{name}" if kind.indefinite else f"{c_type} {name}"
        return f"{c_type} *{name}" if self.is_result(argument) else f"{c_type} {name}"


def origin(position: Position) -> str:
    """A comment that says which line of the ``.defs`` something comes from."""
    name = position.file.replace("\\", "/").rpartition("/")[2]
    return f"/* {name}:{position.line} */"


def title(routine: Routine) -> str:
    """The comment that names a routine; other builds look for exactly this."""
    return f"/* {'SimpleRoutine' if routine.simple else 'Routine'} {routine.name} */"
