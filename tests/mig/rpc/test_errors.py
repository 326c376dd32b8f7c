# SPDX-License-Identifier: GPL-2.0-or-later
"""The exceptions of a call: which code is which, and what they say."""

import pytest

from mig.rpc import errors
from mig.rpc.errors import (
    CallTimeout,
    KernReturnError,
    MachError,
    PeerDied,
    ProtocolError,
    TransportError,
    UnknownReturnCode,
)


@pytest.mark.parametrize(
    ("code", "name", "class_name"),
    [
        (1, "KERN_INVALID_ADDRESS", "KernInvalidAddress"),
        (4, "KERN_INVALID_ARGUMENT", "KernInvalidArgument"),
        (22, "KERN_INVALID_HOST", "KernInvalidHost"),
        (24, "KERN_WRITE_PROTECTION_FAILURE", "KernWriteProtectionFailure"),
        (46, "KERN_NOT_SUPPORTED", "KernNotSupported"),
        (0x10000003, "MACH_SEND_INVALID_DEST", "MachSendInvalidDest"),
        (0x10004003, "MACH_RCV_TIMED_OUT", "MachRcvTimedOut"),
        (-303, "MIG_BAD_ID", "MigBadId"),
        (-309, "MIG_DESTROY_REQUEST", "MigDestroyRequest"),
    ],
)
def test_each_code_has_a_class_of_its_own(code: int, name: str, class_name: str) -> None:
    error = KernReturnError.from_code(code)
    assert type(error) is getattr(errors, class_name)
    assert (error.code, error.name) == (code, name)


def test_all_codes_of_machs_tables_are_there() -> None:
    kern = [*range(1, 11), *range(12, 25), 26, 27, 28, 46]
    send = range(0x10000001, 0x10000011)
    receive = range(0x10004001, 0x1000400D)
    mig = range(-309, -299)
    for code in (*kern, *send, *receive, *mig):
        error = KernReturnError.from_code(code)
        assert not isinstance(error, UnknownReturnCode), code
        assert error.code == code


def test_an_unnamed_code_is_still_a_return_code() -> None:
    error = KernReturnError.from_code(2500, routine="device_open", address="mach:")
    assert isinstance(error, UnknownReturnCode)
    assert error.code == 2500
    assert str(error) == "return code 2500 from device_open on mach:"


def test_a_return_code_says_name_routine_address_and_hint() -> None:
    error = KernReturnError.from_code(4, routine="perf_monitor_configure", address="embedded:")
    assert str(error) == "KERN_INVALID_ARGUMENT (4) from perf_monitor_configure on embedded:"
    error.hint = "disable first"
    assert str(error).endswith("on embedded: (disable first)")
    assert repr(error).startswith("KernInvalidArgument('KERN_INVALID_ARGUMENT (4)")


def test_large_codes_are_shown_in_hexadecimal() -> None:
    assert str(KernReturnError.from_code(0x10000003)) == "MACH_SEND_INVALID_DEST (0x10000003)"


def test_a_transport_error_starts_with_the_address() -> None:
    error = ProtocolError("expected 8 bytes, found 3", routine="r", address="unix:/run/x")
    assert str(error) == "unix:/run/x r: expected 8 bytes, found 3"
    assert str(CallTimeout("no reply", address="embedded:")) == "embedded: no reply"


def test_errors_can_be_caught_as_pythons_own() -> None:
    assert issubclass(CallTimeout, TimeoutError)
    assert issubclass(PeerDied, ConnectionError)
    assert issubclass(errors.ArgumentError, ValueError)
    for kind in (CallTimeout, PeerDied, ProtocolError, errors.ConnectError):
        assert issubclass(kind, TransportError)
        assert issubclass(kind, MachError)
