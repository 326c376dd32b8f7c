# SPDX-License-Identifier: GPL-2.0-or-later
# mypy: disable-error-code="name-defined,valid-type,no-untyped-call,misc,untyped-decorator"
"""The peers' servers, each a process of its own: python -m benchmarks.calls.servers KIND SOCKET.

Each answers a 32-bit number with ten of 64 bits, as perf_get_info does.
"""

import asyncio
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

NAME = "org.gnu.perfmon.Benchmark"
PATH = "/org/gnu/perfmon/Benchmark"
METHOD = f"/{NAME}/GetInfo"
WORDS = tuple(range(10))
REPLY = struct.Struct("<10Q")
_PATIENCE = 30.0


def serve_grpc(path: str) -> None:
    """Serve until killed."""
    import grpc

    def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
        del context
        struct.unpack("<I", request)
        return REPLY.pack(*WORDS)

    method = grpc.unary_unary_rpc_method_handler(answer)
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(NAME, {"GetInfo": method}),)
    )
    server.add_insecure_port(f"unix:{path}")
    server.start()
    print("ready", flush=True)
    server.wait_for_termination()


def serve_dbus(address: str) -> None:
    """Serve on the bus at an address until killed."""
    from dbus_fast.aio import MessageBus
    from dbus_fast.service import ServiceInterface, method

    class Benchmark(ServiceInterface):
        @method()
        def GetInfo(self, selector: "u") -> "at":  # noqa: F821, N802
            del selector
            return list(WORDS)

    async def serve() -> None:
        async with asyncio.timeout(_PATIENCE):
            bus = await MessageBus(bus_address=address).connect()
            bus.export(PATH, Benchmark(NAME))
            await bus.request_name(NAME)
        print("ready", flush=True)
        await bus.wait_for_disconnect()

    asyncio.run(serve())


if __name__ == "__main__":
    {"grpc": serve_grpc, "dbus": serve_dbus}[sys.argv[1]](sys.argv[2])
