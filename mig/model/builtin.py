# SPDX-License-Identifier: GPL-2.0-or-later
"""What the language knows without being told: message types and predefined types."""

from __future__ import annotations

from functools import cache

from mig.model import types
from mig.model.abi import Abi
from mig.model.types import POLYMORPHIC, MessageType, Type
from mig.record import record, replace

#: Stands for the ABI's size of a port right in a message.
PORT_SIZE = -1


@record
class MessageTypeInfo:
    """A message type as written: what is sent, what arrives, bits of a value (0: not implied)."""

    sent: MessageType
    received: MessageType
    size: int

    def bits(self, abi: Abi) -> int:
        """Bits of a value on an ABI; 0 when the declaration has to say."""
        return abi.inline_port * 8 if self.size == PORT_SIZE else self.size


def _data(symbol: str, number: int, size: int) -> tuple[str, MessageTypeInfo]:
    name = MessageType(number, f"MACH_MSG_TYPE_{symbol}")
    return name.symbol, MessageTypeInfo(name, name, size)


def _right(symbol: str, number: int, received: MessageType) -> tuple[str, MessageTypeInfo]:
    name = MessageType(number, f"MACH_MSG_TYPE_{symbol}")
    return name.symbol, MessageTypeInfo(name, received, PORT_SIZE)


_RECEIVE = MessageType(16, "MACH_MSG_TYPE_PORT_RECEIVE")
_SEND = MessageType(17, "MACH_MSG_TYPE_PORT_SEND")
_SEND_ONCE = MessageType(18, "MACH_MSG_TYPE_PORT_SEND_ONCE")
_RECEIVED_RIGHTS = (_RECEIVE, _SEND, _SEND_ONCE)
_ANY = MessageType(POLYMORPHIC, "MACH_MSG_TYPE_POLYMORPHIC")

MESSAGE_TYPES = {
    **dict(
        (
            _data("UNSTRUCTURED", 0, 0),
            _data("BIT", 0, 1),
            _data("BOOLEAN", 0, 32),
            _data("INTEGER_16", 1, 16),
            _data("INTEGER_32", 2, 32),
            _data("CHAR", 8, 8),
            _data("BYTE", 9, 8),
            _data("INTEGER_8", 9, 8),
            _data("REAL", 10, 0),
            _data("INTEGER_64", 11, 64),
            _data("STRING", 12, 0),
            _data("STRING_C", 12, 0),
            _data("PORT_NAME", 15, 32),
            _right("MOVE_RECEIVE", 16, _RECEIVE),
            _right("MOVE_SEND", 17, _SEND),
            _right("MOVE_SEND_ONCE", 18, _SEND_ONCE),
            _right("COPY_SEND", 19, _SEND),
            _right("MAKE_SEND", 20, _SEND),
            _right("MAKE_SEND_ONCE", 21, _SEND_ONCE),
        )
    ),
    # Whoever sends one of these says at run time how it came by the right.
    **{right.symbol: MessageTypeInfo(_ANY, right, PORT_SIZE) for right in _RECEIVED_RIGHTS},
    "polymorphic": MessageTypeInfo(_ANY, _ANY, PORT_SIZE),
    "MACH_MSG_TYPE_POLYMORPHIC": MessageTypeInfo(_ANY, _ANY, PORT_SIZE),
}


def named(abi: Abi, name: str, symbol: str, c_type: str | None = None) -> Type:
    """A scalar type that no declaration made."""
    info = MESSAGE_TYPES[symbol]
    c_name = c_type or name
    return replace(
        types.scalar(abi, info.sent, info.received, info.bits(abi)),
        name=name,
        aliases=(name,),
        user_type=c_name,
        server_type=c_name,
        translated_type=c_name,
    )


@cache
def predefined_types(abi: Abi) -> dict[str, Type]:
    """The types that every interface can use by name; the caller must not change the dict."""
    word = "MACH_MSG_TYPE_INTEGER_64" if abi.word == 8 else "MACH_MSG_TYPE_INTEGER_32"
    symbols = {
        "char": "MACH_MSG_TYPE_CHAR",
        "short": "MACH_MSG_TYPE_INTEGER_16",
        "int": "MACH_MSG_TYPE_INTEGER_32",
        "int64": "MACH_MSG_TYPE_INTEGER_64",
        "uintptr_t": word,
        "intptr_t": word,
    }
    return {name: named(abi, name, symbol) for name, symbol in symbols.items()}


@cache
def struct_units(abi: Abi) -> dict[int, Type]:
    """The integers that a struct is an array of, by their width in bytes."""
    symbols = {1: "INTEGER_8", 2: "INTEGER_16", 4: "INTEGER_32", 8: "INTEGER_64"}
    return {
        width: named(abi, f"int{width * 8}_t", f"MACH_MSG_TYPE_{symbol}")
        for width, symbol in symbols.items()
    }


@cache
def string_character(abi: Abi) -> Type:
    """What a ``c_string`` is an array of."""
    info = MESSAGE_TYPES["MACH_MSG_TYPE_STRING_C"]
    character = predefined_types(abi)["char"]
    return replace(character, sent=info.sent, received=info.received)


@cache
def return_code_type(abi: Abi) -> Type:
    """``kern_return_t``, the first field of every reply."""
    return named(abi, "kern_return_t", "MACH_MSG_TYPE_INTEGER_32")


@cache
def count_type(abi: Abi) -> Type:
    """``mach_msg_type_number_t``, for counts."""
    return named(abi, "mach_msg_type_number_t", "MACH_MSG_TYPE_INTEGER_32")


@cache
def boolean_type(abi: Abi) -> Type:
    """``boolean_t``, for the arguments that say who deallocates."""
    return named(abi, "boolean_t", "MACH_MSG_TYPE_BOOLEAN")


@cache
def type_name_type(abi: Abi) -> Type:
    """``mach_msg_type_name_t``, for the names of polymorphic arguments."""
    return named(abi, "mach_msg_type_name_t", "MACH_MSG_TYPE_INTEGER_32")
