# SPDX-License-Identifier: GPL-2.0-or-later
"""What generated marshalling code shares: runs of items, and what to say when a message is wrong.

Generated code checks; the functions here are called where a check failed, and find the words for
it.  Layouts of particular messages do not belong here.
"""

from collections.abc import Iterable, Sequence
from struct import Struct, error, pack, unpack_from
from typing import Any

from mig.rpc.abi import Abi
from mig.rpc.arrays import StructLayout
from mig.rpc.errors import (
    ArgumentError,
    KernReturnError,
    MachError,
    MigServerDied,
    ProtocolError,
)
from mig.rpc.message import NOTIFY_SEND_ONCE, Message, Region, unpack_header


def pack_items(code: str, values: Sequence[Any]) -> bytes:
    """Return scalars of one struct format, one after another.

    Raises:
        struct.error: a value does not fit.
    """
    return pack(_run(code, len(values)), *values)


def unpack_items(code: str, data: Region, offset: int, count: int) -> tuple[Any, ...]:
    """Return ``count`` scalars of one struct format; the bytes must be there."""
    return unpack_from(_run(code, count), data, offset)


def _run(code: str, count: int) -> str:
    return f"<{count}{code}" if len(code) == 1 else "<" + code * count


class Regions:
    """The out-of-line regions of a message, to be taken in the order of their descriptors."""

    __slots__ = ("_regions", "_routine", "_taken")

    def __init__(self, routine: str, message: Message) -> None:
        self._routine = routine
        self._regions = message.out_of_line
        self._taken = 0

    def take(self, argument: str, length: int) -> Region:
        """Return the next region, which the descriptor of ``argument`` says is ``length`` bytes.

        Raises:
            ProtocolError: there is none, or it has another length.
        """
        if self._taken == len(self._regions):
            raise ProtocolError(
                f"expected {length} bytes of {argument} out of line, found no region",
                routine=self._routine,
            )
        region = self._regions[self._taken]
        if len(region) != length:
            raise ProtocolError(
                f"expected {length} bytes of {argument} out of line, found {len(region)}",
                routine=self._routine,
            )
        self._taken += 1
        return region

    def finish(self) -> None:
        """Make sure that no region is left over.

        Raises:
            ProtocolError: one is.
        """
        if self._taken != len(self._regions):
            raise ProtocolError(
                f"expected {self._taken} out-of-line regions, found {len(self._regions)}",
                routine=self._routine,
            )


def check_disposition(routine: str, argument: str, value: int) -> None:
    """Make sure that a value can be a ``msgt_name``.

    Raises:
        ArgumentError: it cannot.
    """
    if not isinstance(value, int) or not 0 <= value <= 0xFF:
        raise ArgumentError(f"{argument} is a disposition and not {value!r}", routine=routine)


def c_string(routine: str, argument: str, value: bytes, size: int) -> bytes:
    """Return a string with its terminating zero.

    Args:
        routine: the routine.
        argument: the argument.
        value: the string.
        size: bytes that there is room for, the zero included.

    Raises:
        ArgumentError: it is too long, or holds a zero.
    """
    if len(value) >= size:
        raise too_many_items(routine, argument, size - 1, len(value))
    if 0 in value:
        raise ArgumentError(f"{argument} holds a zero, which would end it", routine=routine)
    return value + b"\0"


def unfit_arguments(
    routine: str,
    cause: Exception,
    *arguments: tuple[str, str | StructLayout[Any], Iterable[Any]],
) -> ArgumentError:
    """Return the error that names the first argument which does not fit its field.

    Args:
        routine: the routine.
        cause: what struct said.
        arguments: name of each, struct format or layout of an item, and the items.
    """
    for name, layout, items in arguments:
        for item in items:
            reason = _misfit(layout, item)
            if reason:
                return ArgumentError(f"{name} does not hold {item!r}: {reason}", routine=routine)
    return ArgumentError(str(cause), routine=routine)


def _misfit(layout: str | StructLayout[Any], item: Any) -> str:
    try:
        if isinstance(layout, str):
            pack("<" + layout, item)
        else:
            layout.pack_one(item)
    except error as reason:
        return str(reason)
    return ""


def too_many_items(routine: str, argument: str, limit: int, found: int) -> ArgumentError:
    """Return the error for an argument with more items than its type allows."""
    return ArgumentError(f"{argument} holds at most {limit} items, not {found}", routine=routine)


def wrong_count(routine: str, argument: str, expected: int, found: int) -> ArgumentError:
    """Return the error for an argument with another number of items than its type has."""
    return ArgumentError(f"{argument} holds {expected} items, not {found}", routine=routine)


def uneven_items(routine: str, argument: str, scale: int, found: int) -> ArgumentError:
    """Return the error for an argument whose items do not come in groups of ``scale``."""
    return ArgumentError(
        f"{argument} holds items in groups of {scale}, not {found}", routine=routine
    )


def unexpected_reply(
    abi: Abi, routine: str, reply_id: int, sizes: tuple[int, int], message: Message
) -> MachError:
    """Return what is wrong with a reply that failed the checks of its fixed part.

    Args:
        abi: its layout.
        routine: the routine that was called.
        reply_id: the id that its reply has.
        sizes: bytes that its reply has at least and at most.
        message: what came instead.

    Returns:
        The KernReturnError that it reports, or MigServerDied, or a ProtocolError that says what
        was expected and what was found.
    """
    try:
        header = unpack_header(abi, message.data)
    except ProtocolError as wrong:
        wrong.routine = routine
        return wrong
    if header.id == NOTIFY_SEND_ONCE != reply_id:
        return MigServerDied(routine=routine)
    if header.id != reply_id:
        return ProtocolError(f"expected reply {reply_id}, found {header.id}", routine=routine)
    return _reported(abi, routine, sizes, message) or _unexpected_body(routine, sizes, message)


def _reported(abi: Abi, routine: str, sizes: tuple[int, int], message: Message) -> MachError | None:
    """The error in a reply: in one of an error's form, or in a whole one whose rest is ignored."""
    return_code = Struct("<Qi" if abi.wide else "<Ii")
    if len(message.data) < abi.header_size + return_code.size:
        return unexpected_size(routine, abi.error_reply_size, len(message.data))
    descriptor, code = return_code.unpack_from(message.data, abi.header_size)
    expected = 0x1_2000_2002 if abi.wide else 0x1001_2002
    if descriptor != expected:
        return unexpected_type(routine, "the return code", expected, descriptor)
    least, most = sizes
    form = (
        len(message.data) == abi.error_reply_size and not unpack_header(abi, message.data).complex
    )
    if not code or not (form or least <= len(message.data) <= most):
        return None
    return KernReturnError.from_code(code, routine=routine)


def unexpected_request(
    abi: Abi, routine: str, request_id: int, sizes: tuple[int, int], message: Message
) -> ProtocolError:
    """Return what is wrong with a request that failed the checks of its fixed part.

    Args:
        abi: its layout.
        routine: the routine that it should be for.
        request_id: the id that its request has.
        sizes: bytes that its request has at least and at most.
        message: what came instead.
    """
    try:
        header = unpack_header(abi, message.data)
    except ProtocolError as wrong:
        wrong.routine = routine
        return wrong
    if header.id != request_id:
        return ProtocolError(f"expected request {request_id}, found {header.id}", routine=routine)
    return _unexpected_body(routine, sizes, message)


def _unexpected_body(routine: str, sizes: tuple[int, int], message: Message) -> ProtocolError:
    least, most = sizes
    if not least <= len(message.data) <= most:
        size = f"{least}" if least == most else f"{least} to {most}"
        return ProtocolError(f"expected {size} bytes, found {len(message.data)}", routine=routine)
    return not_complex(routine)


def not_complex(routine: str) -> ProtocolError:
    """Return the error for a complex bit that does not go with what the message carries."""
    return ProtocolError(
        "expected the complex bit with port rights and out-of-line data, and only with them",
        routine=routine,
    )


def unexpected_size(routine: str, expected: int, found: int) -> ProtocolError:
    """Return the error for a message that is shorter or longer than its contents."""
    return ProtocolError(f"expected {expected} bytes, found {found}", routine=routine)


def unexpected_count(routine: str, argument: str, expected: str, found: int) -> ProtocolError:
    """Return the error for a descriptor with a number of elements that its type cannot have."""
    return ProtocolError(
        f"expected {expected} elements of {argument}, found {found}", routine=routine
    )


def unexpected_type(routine: str, argument: str, expected: int, found: int) -> ProtocolError:
    """Return the error for a type descriptor; both are words as they lie in the message."""
    return ProtocolError(
        f"expected type descriptor {expected:#010x} for {argument}, found {found:#010x}",
        routine=routine,
    )
