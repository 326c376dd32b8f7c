# SPDX-License-Identifier: GPL-2.0-or-later
"""Routines, their arguments, and the model of a whole subsystem.

Pure values; `resolve` makes them and `layout` places them on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from mig.frontend.diagnostics import Diagnostic, Position
from mig.model.abi import Abi
from mig.model.layout import MessageLayout
from mig.model.types import Deallocate, Type
from mig.record import record

#: A reply's message id is its request's plus this.
REPLY_OFFSET = 100


class Role(Enum):
    """What an argument is for."""

    DATA = "data"
    REQUEST_PORT = "requestport"
    REPLY_PORT = "replyport"
    USER_REPLY_PORT = "ureplyport"
    SERVER_REPLY_PORT = "sreplyport"
    WAIT_TIME = "waittime"
    MESSAGE_OPTION = "msgoption"
    SEQUENCE_NUMBER = "msgseqno"
    # Implied by another argument, their `parent`:
    POLYMORPHIC = "Poly"
    COUNT = "Cnt"
    DEALLOCATE = "Dealloc"
    SERVER_COPY = "SCopy"

    @property
    def is_reply_port(self) -> bool:
        """Whether it is one of the three forms of reply port."""
        return self in (Role.REPLY_PORT, Role.USER_REPLY_PORT, Role.SERVER_REPLY_PORT)


class Direction(Enum):
    """Which way an argument travels."""

    IN = "in"
    OUT = "out"
    INOUT = "inout"


@record
class Argument:
    """An argument of a routine's C functions, written or implied.

    Attributes:
        direction: which messages carry it; of an implied argument, its parent's for that side.
        parent: name of the argument that implies this one.
        user: whether the user's function has it.
        server: whether the server's function has it.
        deallocate: for data out of line: whether the sender gives it away.
        longform: has a long descriptor.
        server_copy: the server takes what arrives in the message itself as well.
        count_in_out: the request carries the largest count that the user accepts.
        to_user: what comes back, comes back to the user's function.
        from_server: what comes back, comes from the server's function.
    """

    name: str
    position: Position
    role: Role
    direction: Direction
    type: Type
    user: bool
    server: bool
    parent: str | None = None
    deallocate: Deallocate = Deallocate.NO
    longform: bool = False
    server_copy: bool = False
    count_in_out: bool = False
    to_user: bool = True
    from_server: bool = True

    @property
    def in_request(self) -> bool:
        """Whether its value goes from user to server."""
        return self.direction is not Direction.OUT

    @property
    def in_reply(self) -> bool:
        """Whether its value goes from server to user."""
        return self.direction is not Direction.IN


@record
class Routine:
    """A routine.

    Attributes:
        name: as declared.
        position: of its name.
        simple: it has no reply.
        number: its index in the subsystem; its message id is the base plus this.
        message_id: of the request.
        reply_id: of the reply; None for a simpleroutine.
        user_name: the user's C function, prefixes applied.
        server_name: the server's C function, prefixes applied.
        arguments: all of them in the order of the C functions.
        request: layout of the request.
        reply: layout of the reply; None for a simpleroutine.
        wait_time: time limit for the reply as written in C; None: wait for ever.
        message_option: further mach_msg options as written in C; None: none.
    """

    name: str
    position: Position
    simple: bool
    number: int
    message_id: int
    reply_id: int | None
    user_name: str
    server_name: str
    arguments: tuple[Argument, ...]
    request: MessageLayout
    reply: MessageLayout | None
    wait_time: str | None = None
    message_option: str | None = None

    def with_role(self, role: Role) -> Argument | None:
        """The argument that has a role only one can have; None when there is none."""
        return next((argument for argument in self.arguments if argument.role is role), None)

    def implied(self, parent: Argument, role: Role) -> Argument | None:
        """The argument that `parent` implies for a role."""
        return next(
            (
                argument
                for argument in self.arguments
                if argument.parent == parent.name and argument.role is role
            ),
            None,
        )

    @property
    def request_port(self) -> Argument:
        """The port that the request goes to."""
        port = self.with_role(Role.REQUEST_PORT)
        assert port is not None, "resolve refuses a routine without a request port"
        return port

    @property
    def reply_port(self) -> Argument | None:
        """The reply port argument, of whatever form; None when the stubs take care of it."""
        return next((argument for argument in self.arguments if argument.role.is_reply_port), None)


@record
class Import:
    """A C header that stubs include; `header` keeps its quotes or angle brackets."""

    header: str
    user: bool
    server: bool


@record
class Model:
    """A resolved subsystem on one ABI.

    Attributes:
        abi: the target.
        file: the ``.defs`` as given.
        name: of the subsystem.
        position: where the subsystem was declared.
        base: message id of index 0.
        kernel_user: the user side runs in the kernel.
        kernel_server: the server side runs in the kernel.
        server_demux: name of the server's dispatch function.
        imports: in order.
        types: every named type, in order of declaration, predefined ones first.
        routines: by index; None for a skipped message id.
        rcs_id: the string of ``rcsid``, with its quotes.
        warnings: what was found doubtful.
    """

    abi: Abi
    file: str
    name: str
    position: Position
    base: int
    kernel_user: bool
    kernel_server: bool
    server_demux: str
    imports: tuple[Import, ...]
    types: Mapping[str, Type]
    routines: tuple[Routine | None, ...]
    rcs_id: str | None = None
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def defined_routines(self) -> tuple[Routine, ...]:
        """The routines without the holes between them."""
        return tuple(routine for routine in self.routines if routine is not None)
