# SPDX-License-Identifier: GPL-2.0-or-later
"""The HTTP server that Prometheus scrapes: /metrics, and nothing of this process itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from perfmon.errors import MissingExtraError, PerfmonError
from perfmon.exporter.target import Target


class ServeError(PerfmonError):
    """The exporter cannot listen where it was told to."""


@contextmanager
def serving(targets: Sequence[Target], host: str, port: int, patience: float) -> Iterator[int]:
    """Serve the metrics of these hosts; gives the port, which is any free one for 0.

    Raises:
        MissingExtraError: prometheus-client is not installed.
        ServeError: the port is taken, or there is no such host.
    """
    try:
        from prometheus_client import CollectorRegistry, start_http_server

        from perfmon.exporter.collector import Collector
    except ImportError:
        raise MissingExtraError("fleet", "prometheus-client", "exporter") from None
    registry = CollectorRegistry(auto_describe=False)
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise ServeError(f"{host}:{port}: cannot listen: {error}") from error
    registry.register(Collector(targets, patience))
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        for target in targets:
            target.close()
