# SPDX-License-Identifier: GPL-2.0-or-later
# ruff: noqa: N818 (the classes are named after Mach's codes)
"""What can go wrong with a call, as exceptions.

A return code of the callee is a KernReturnError, one class per code of Mach's tables; a message
that did not get through, or came back wrong, is a TransportError.  Nothing here reads a message
or knows an interface.
"""

import re
from typing import ClassVar


class MachError(Exception):
    """Base of every error that a call raises.

    Attributes:
        routine: the routine that was called, "" where none is known.
        address: the host it was called on, as given to connect(), "" where none is known.
        hint: what to do next, "" where nobody knows.
    """

    def __init__(self, *, routine: str = "", address: str = "", hint: str = "") -> None:
        super().__init__()
        self.routine = routine
        self.address = address
        self.hint = hint

    @property
    def summary(self) -> str:
        """What went wrong, without where."""
        return type(self).__name__

    def __str__(self) -> str:
        text = self.summary
        if self.routine:
            text += f" from {self.routine}"
        if self.address:
            text += f" on {self.address}"
        if self.hint:
            text += f" ({self.hint})"
        return text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class ArgumentError(MachError, ValueError):
    """An argument of a call cannot be put into the message; nothing was sent."""

    def __init__(self, detail: str, *, routine: str = "", address: str = "") -> None:
        super().__init__(routine=routine, address=address)
        self.detail = detail

    @property
    def summary(self) -> str:
        """Which argument, and what is wrong with it."""
        return self.detail

    def __str__(self) -> str:
        return f"{self.routine}: {self.detail}" if self.routine else self.detail


class TransportError(MachError):
    """A message did not get through.

    Attributes:
        detail: what happened; where something else was expected, both are in it.
    """

    def __init__(
        self, detail: str, *, routine: str = "", address: str = "", hint: str = ""
    ) -> None:
        super().__init__(routine=routine, address=address, hint=hint)
        self.detail = detail

    @property
    def summary(self) -> str:
        """What happened."""
        return self.detail

    def __str__(self) -> str:
        subject = " ".join(filter(None, (self.address, self.routine)))
        colon = "" if subject.endswith(":") else ":"
        text = f"{subject}{colon} {self.detail}" if subject else self.detail
        return f"{text} ({self.hint})" if self.hint else text


class ConnectError(TransportError):
    """The host could not be reached."""


class CallTimeout(TransportError, TimeoutError):
    """No reply within the time allowed."""


class PeerDied(TransportError, ConnectionError):
    """The other end went away."""


class ProtocolError(TransportError):
    """A message is not what the interface says: truncated, malformed or another one."""


class KernReturnError(MachError):
    """The callee, or the kernel on the way to it, answered with a code that is not success.

    Attributes:
        code: the ``kern_return_t``.
        name: its name in Mach's headers.
    """

    code: int = 0
    name: str = ""

    _classes: ClassVar[dict[int, type["KernReturnError"]]] = {}

    def __init_subclass__(cls, *, code: int | None = None) -> None:
        super().__init_subclass__()
        if code is not None:
            cls.code = code
            cls.name = re.sub("(?<!^)(?=[A-Z])", "_", cls.__name__).upper()
            KernReturnError._classes[code] = cls

    def __init__(
        self, detail: str = "", *, routine: str = "", address: str = "", hint: str = ""
    ) -> None:
        super().__init__(routine=routine, address=address, hint=hint)
        self.detail = detail

    @property
    def summary(self) -> str:
        """Name and code, and the detail where there is one."""
        code = hex(self.code) if self.code > 0xFFFF else self.code
        text = f"{self.name} ({code})"
        return f"{text}, {self.detail}" if self.detail else text

    @staticmethod
    def from_code(
        code: int, *, routine: str = "", address: str = "", hint: str = ""
    ) -> "KernReturnError":
        """Return the exception of a code; an UnknownReturnCode where it has no name."""
        found = KernReturnError._classes.get(code)
        if found is None:
            return UnknownReturnCode(code, routine=routine, address=address, hint=hint)
        return found(routine=routine, address=address, hint=hint)


class UnknownReturnCode(KernReturnError):
    """A return code that Mach's headers do not name."""

    def __init__(self, code: int, *, routine: str = "", address: str = "", hint: str = "") -> None:
        super().__init__(routine=routine, address=address, hint=hint)
        self.code = code
        self.name = "return code"

    @property
    def summary(self) -> str:
        """The code, in the base in which it is recognised."""
        return (
            f"return code {self.code}"
            if abs(self.code) < 0x10000
            else f"return code {self.code:#x}"
        )


class KernInvalidAddress(KernReturnError, code=1):
    """The address is not valid in this address space."""


class KernProtectionFailure(KernReturnError, code=2):
    """The memory is there but its protection forbids the access."""


class KernNoSpace(KernReturnError, code=3):
    """The address range is taken, or no range of this size is free."""


class KernInvalidArgument(KernReturnError, code=4):
    """An argument is out of range, or does not apply to this object."""


class KernFailure(KernReturnError, code=5):
    """The operation failed for a reason that has no code of its own."""


class KernResourceShortage(KernReturnError, code=6):
    """Memory or another resource ran out; a later call may succeed."""


class KernNotReceiver(KernReturnError, code=7):
    """The task does not hold the port's receive right."""


class KernNoAccess(KernReturnError, code=8):
    """Access is restricted."""


class KernMemoryFailure(KernReturnError, code=9):
    """The memory object behind the address was destroyed, for good."""


class KernMemoryError(KernReturnError, code=10):
    """The memory object could not deliver the data; it may later."""


class KernNotInSet(KernReturnError, code=12):
    """The receive right belongs to no port set."""


class KernNameExists(KernReturnError, code=13):
    """The port name already denotes a right."""


class KernAborted(KernReturnError, code=14):
    """The operation was aborted."""


class KernInvalidName(KernReturnError, code=15):
    """The port name denotes no right."""


class KernInvalidTask(KernReturnError, code=16):
    """The task is not an active one."""


class KernInvalidRight(KernReturnError, code=17):
    """The port name denotes a right of another kind."""


class KernInvalidValue(KernReturnError, code=18):
    """A value is far out of range."""


class KernUrefsOverflow(KernReturnError, code=19):
    """Too many user references to one right."""


class KernInvalidCapability(KernReturnError, code=20):
    """The port is not one that this operation accepts."""


class KernRightExists(KernReturnError, code=21):
    """The task has a right to this port under another name."""


class KernInvalidHost(KernReturnError, code=22):
    """The port is not the host port that this operation wants."""


class KernMemoryPresent(KernReturnError, code=23):
    """Precious data was supplied for memory that is already there."""


class KernWriteProtectionFailure(KernReturnError, code=24):
    """A page that reports writes was written."""


class KernTerminated(KernReturnError, code=26):
    """The object has been terminated."""


class KernTimedout(KernReturnError, code=27):
    """The kernel gave up waiting."""


class KernInterrupted(KernReturnError, code=28):
    """The kernel operation was interrupted."""


class KernNotSupported(KernReturnError, code=46):
    """The host does not have this operation."""


class MachSendInProgress(KernReturnError, code=0x10000001):
    """The send is still going on (kernel internal)."""


class MachSendInvalidData(KernReturnError, code=0x10000002):
    """The message's data could not be read."""


class MachSendInvalidDest(KernReturnError, code=0x10000003):
    """The destination is no send or send-once right, or its port is dead."""


class MachSendTimedOut(KernReturnError, code=0x10000004):
    """The destination's queue stayed full until the timeout."""


class MachSendWillNotify(KernReturnError, code=0x10000005):
    """The queue is full; a notification will come when there is room."""


class MachSendNotifyInProgress(KernReturnError, code=0x10000006):
    """The queue is full and a notification is already on its way."""


class MachSendInterrupted(KernReturnError, code=0x10000007):
    """The send was interrupted."""


class MachSendMsgTooSmall(KernReturnError, code=0x10000008):
    """The message ends before its contents do."""


class MachSendInvalidReply(KernReturnError, code=0x10000009):
    """The reply port's name denotes no usable right."""


class MachSendInvalidRight(KernReturnError, code=0x1000000A):
    """A port name in the body denotes no right of the kind to be sent."""


class MachSendInvalidNotify(KernReturnError, code=0x1000000B):
    """The notify port is invalid."""


class MachSendInvalidMemory(KernReturnError, code=0x1000000C):
    """Out-of-line data could not be read."""


class MachSendNoBuffer(KernReturnError, code=0x1000000D):
    """The kernel found no memory for the message."""


class MachSendNoNotify(KernReturnError, code=0x1000000E):
    """The kernel found no memory for the notification."""


class MachSendInvalidType(KernReturnError, code=0x1000000F):
    """A type descriptor is invalid."""


class MachSendInvalidHeader(KernReturnError, code=0x10000010):
    """The message header's bits are invalid."""


class MachRcvInProgress(KernReturnError, code=0x10004001):
    """The receive is still going on (kernel internal)."""


class MachRcvInvalidName(KernReturnError, code=0x10004002):
    """The port or port set to receive from is invalid."""


class MachRcvTimedOut(KernReturnError, code=0x10004003):
    """No message arrived within the timeout."""


class MachRcvTooLarge(KernReturnError, code=0x10004004):
    """The message does not fit into the receiver's buffer."""


class MachRcvInterrupted(KernReturnError, code=0x10004005):
    """The receive was interrupted."""


class MachRcvPortChanged(KernReturnError, code=0x10004006):
    """The receive right moved into a port set meanwhile."""


class MachRcvInvalidNotify(KernReturnError, code=0x10004007):
    """The notify port is invalid."""


class MachRcvInvalidData(KernReturnError, code=0x10004008):
    """The receiver's buffer could not be written."""


class MachRcvPortDied(KernReturnError, code=0x10004009):
    """The port, or its set, died during the receive."""


class MachRcvInSet(KernReturnError, code=0x1000400A):
    """The port is in a port set; receive from the set."""


class MachRcvHeaderError(KernReturnError, code=0x1000400B):
    """The header's rights found no room in the port name space."""


class MachRcvBodyError(KernReturnError, code=0x1000400C):
    """The body's rights or memory found no room in the receiver."""


class MigTypeError(KernReturnError, code=-300):
    """The reply has not the types that the interface says."""


class MigReplyMismatch(KernReturnError, code=-301):
    """The reply carries another routine's id."""


class MigRemoteError(KernReturnError, code=-302):
    """The server detected an error."""


class MigBadId(KernReturnError, code=-303):
    """The server does not know this message id."""


class MigBadArguments(KernReturnError, code=-304):
    """The request has not the size and types that the interface says."""


class MigNoReply(KernReturnError, code=-305):
    """The server sends no reply, or a later one."""


class MigException(KernReturnError, code=-306):
    """The server raised an exception."""


class MigArrayTooLarge(KernReturnError, code=-307):
    """An array does not fit where it is to go."""


class MigServerDied(KernReturnError, code=-308):
    """The server died before it replied."""


class MigDestroyRequest(KernReturnError, code=-309):
    """The request is to be destroyed without a reply."""
