# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses: what is read, what is refused and how."""

import pytest

from perfmon.address import (
    EmbeddedAddress,
    MachAddress,
    QemuAddress,
    SshAddress,
    TcpAddress,
    UnixAddress,
    default_address,
    parse_address,
)
from perfmon.errors import AddressError, ConnectError
from perfmon.transports import open_transport

GOOD = {
    "embedded:": EmbeddedAddress(),
    "mach:": MachAddress(),
    "qemu:first-light": QemuAddress("first-light"),
    "unix:/run/perfmon.sock": UnixAddress("/run/perfmon.sock"),
    "tcp:localhost:7777": TcpAddress("localhost", 7777),
    "tcp:[::1]:7777": TcpAddress("::1", 7777),
    "ssh:box": SshAddress("box"),
    "ssh:ann@box": SshAddress("box", "ann"),
}


@pytest.mark.parametrize("text", GOOD)
def test_an_address_is_read_and_written_alike(text):
    assert parse_address(text) == GOOD[text]
    assert str(GOOD[text]) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected one of embedded:, mach:, qemu:NAME"),
        ("embedded", "expected one of"),
        ("http://box", "expected one of"),
        ("embedded:x", "embedded: with nothing behind it"),
        ("mach:0", "mach: with nothing behind it"),
        ("qemu:", "qemu:NAME"),
        ("qemu:../x", "qemu:NAME"),
        ("unix:", "unix:PATH"),
        ("tcp:box", "tcp:HOST:PORT"),
        ("tcp:box:", "tcp:HOST:PORT"),
        ("tcp:box:0", "port 1-65535"),
        ("tcp:box:65536", "port 1-65535"),
        ("tcp::80", "tcp:HOST:PORT"),
        ("ssh:", "ssh:[USER@]HOST"),
        ("ssh:@box", "ssh:[USER@]HOST"),
        ("ssh:ann@", "ssh:[USER@]HOST"),
        ("ssh:-oProxyCommand=x", "ssh:[USER@]HOST"),
        ("ssh:-x@box", "ssh:[USER@]HOST"),
        ("ssh:ann@-oProxyCommand=x", "ssh:[USER@]HOST"),
    ],
)
def test_a_wrong_address_is_refused_with_the_form_that_was_expected(text, expected):
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert repr(text) in str(caught.value)
    assert expected in str(caught.value)


@pytest.mark.parametrize(("platform", "address"), [("gnu0", "mach:"), ("linux", "embedded:")])
def test_without_an_address_the_platform_decides(monkeypatch, platform, address):
    monkeypatch.setattr("perfmon.address.sys.platform", platform)
    assert str(default_address()) == address


def test_an_unknown_guest_is_named_with_the_way_to_boot_it():
    with pytest.raises(ConnectError) as caught:
        open_transport(QemuAddress("no-such-guest"))
    assert "qemu:no-such-guest" in str(caught.value)
    assert "perfmon kernel boot" in str(caught.value)
