# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests bent out of shape: each is answered or refused, and the host serves the next."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mig.rpc.errors import KernReturnError, ProtocolError, TransportError
from mig.rpc.message import Message

BITS = st.sampled_from((0x1513, 0x80001513, 0x1511, 0x80001511, 0x1112, 0x0013, 0x1414))

# Where a byte is changed, counted from the end so that bodies are hit as often as headers.
CHANGES = st.lists(st.tuples(st.integers(0, 79), st.integers(0, 255)), max_size=4)


@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(2070, 2090),
    BITS,
    st.lists(st.integers(0, 2**32 - 1), max_size=4),
    CHANGES,
    st.integers(0, 8),
)
def test_no_message_breaks_the_host(post, host, id_, bits, arguments, changes, cut):
    body = b"".join(post.integer(argument) for argument in arguments)
    request = bytearray(post.request(id_, body, bits=bits))
    for position, value in changes:
        request[-1 - position % len(request)] = value
    del request[len(request) - cut :]
    try:
        reply = post.transport.call(Message(bytes(request)), 0.001)
        assert len(reply.data) >= post.abi.header_size
    except (KernReturnError, TransportError, ProtocolError):
        pass
    assert host.interface().cpus == 8
