# SPDX-License-Identifier: GPL-2.0-or-later
"""What a test needs to know of a routine to call it: each argument's form, size and direction.

Built from the compiler's resolved model in one place, `interfaces.py`; drivers, vectors and
comparisons see only this.
"""

from dataclasses import dataclass
from enum import Enum, auto

RECEIVED = {16: 16, 17: 17, 18: 18, 19: 17, 20: 17, 21: 18}
"""Which right arrives when one is sent, by MACH_MSG_TYPE_*: the kernel's side of the matter."""


class Role(Enum):
    """What an argument is for."""

    DATA = auto()
    REQUEST_PORT = auto()
    REPLY_PORT = auto()
    WAIT_TIME = auto()
    MESSAGE_OPTION = auto()
    SEQUENCE_NUMBER = auto()


class Form(Enum):
    """How C passes an argument."""

    VALUE = auto()  # by value; a pointer to it when it comes back
    ARRAY = auto()  # a fixed number of elements, always a pointer
    STRING = auto()  # c_string, fixed or bounded: a pointer to char
    BOUNDED = auto()  # array[*:n]: a pointer and a count
    INDEFINITE = auto()  # array[]: a pointer and a count; comes back inline or out of line
    REGION = auto()  # ^array[]: a pointer and a count; comes back as a pointer to memory


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar inside an element; offset and size in bytes; a boolean is 0 or 1."""

    offset: int
    size: int
    boolean: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """What an array is made of, or the one value of a scalar."""

    size: int
    leaves: tuple[Leaf, ...]
    is_right: bool


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a routine.

    Attributes:
        count: how many elements, or at most how many, or for INDEFINITE how many fit inline.
        sent: it is in the request.
        returned: it is in the reply.
        user: the client function has it.
        server: the server function has it.
        counted: the caller's count travels in the request (CountInOut).
        maybe_dealloc: a dealloc flag of the sender goes with it (dealloc[]).
        user_poly: the client function has the right's type as a parameter of its own.
        server_poly: the server function has.
        asks: the client says which right it sends.
        tells: whoever receives the argument learns which right arrived.
        answers: the server function says which right it returns.
        rights: the types of right that its sender may name, by MACH_MSG_TYPE_*.
        accepts: those that its receiver takes.
        server_copy: the server function is told whether it came inline.
        variable: a c_string whose length on the wire is that of its text.
    """

    name: str
    role: Role
    form: Form
    element: Element
    count: int
    sent: bool
    returned: bool
    user: bool = True
    server: bool = True
    counted: bool = False
    maybe_dealloc: bool = False
    user_poly: bool = False
    server_poly: bool = False
    asks: bool = False
    tells: bool = False
    answers: bool = False
    rights: tuple[int, ...] = ()
    accepts: tuple[int, ...] = ()
    server_copy: bool = False
    variable: bool = False

    @property
    def has_count(self) -> bool:
        return self.form in {Form.BOUNDED, Form.INDEFINITE, Form.REGION}

    @property
    def room(self) -> int:
        """Bytes of the largest inline value."""
        return self.element.size * self.count


@dataclass(frozen=True, slots=True)
class Routine:
    """A routine; `index` is its place among the routines of the interface."""

    index: int
    name: str
    number: int
    simple: bool
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Interface:
    """A subsystem as one ABI sees it; `demux` is the C function that serves a message."""

    name: str
    demux: str
    routines: tuple[Routine, ...]
