# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Prometheus server scrapes hosts through the exporter; its own tool checks the rules."""

import json
import re
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from perfmon.kernel.packages import Package, fetch
from tests.perfmon.relay.processes import ENVIRONMENT, PERFMON, relay_process

EXAMPLE = Path(__file__).parents[3] / "examples" / "prometheus"
# Unpacked and not installed: its package would start a service.
PROMETHEUS = Package(
    "prometheus", "amd64", "bookworm", "2.42.0+ds-5+deb12u1",
    "81d59a24fce84f7fbe97a45a4f2914b6a5881b5cd1db2a6a0e129e515e1a5f55",
    "prometheus",
)  # fmt: skip


@pytest.fixture(scope="module")
def programs() -> Path:
    return fetch(PROMETHEUS) / "usr" / "bin"


@pytest.mark.parametrize(
    "arguments",
    [("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")],
    ids=" ".join,
)
def test_promtool_is_content_with_the_examples(programs: Path, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [programs / "promtool", *arguments],
        cwd=EXAMPLE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Server:
    """A Prometheus server."""

    def __init__(self, url: str) -> None:
        self._url = url

    def query(self, expression: str) -> dict[str, float]:
        """Values by host."""
        query = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self._url}/api/v1/query?{query}", timeout=10) as reply:
            result = json.load(reply)["data"]["result"]
        return {row["metric"].get("host", ""): float(row["value"][1]) for row in result}

    def await_query(self, expression: str, good: Callable[[dict[str, float]], bool]) -> None:
        deadline = time.monotonic() + 40
        while not good(found := self.query(expression)):
            assert time.monotonic() < deadline, (expression, found)
            time.sleep(0.2)


@contextmanager
def exporter_process(*addresses: str) -> Iterator[str]:
    """The exporter's HOST:PORT."""
    command = [*PERFMON, "exporter", *addresses, "--listen", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        try:
            line = process.stderr.readline()
            yield re.search(r"http://(\S+)/metrics", line)[1]
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()


@contextmanager
def prometheus_process(programs: Path, exporter: str, directory: Path) -> Iterator[Server]:
    text = (EXAMPLE / "prometheus.yml").read_text()
    for old, new in (
        ("127.0.0.1:9914", exporter),
        ("scrape_interval: 15s", "scrape_interval: 1s\n  evaluation_interval: 1s"),
        ("scrape_timeout: 10s", "scrape_timeout: 1s"),
        ("alerts.yml", str(EXAMPLE / "alerts.yml")),
    ):
        assert old in text
        text = text.replace(old, new)
    (directory / "prometheus.yml").write_text(text)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [
        programs / "prometheus",
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address={address}",
    ]
    log = directory / "log"
    with log.open("w") as output, subprocess.Popen(command, stderr=output) as process:
        try:
            deadline = time.monotonic() + 40
            while "ready to receive" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield Server(f"http://{address}")
        finally:
            process.terminate()


def perfmon(address: str, *arguments: str) -> None:
    subprocess.run(
        [*PERFMON, "-H", address, *arguments], env=ENVIRONMENT, check=True, capture_output=True
    )


def test_prometheus_scrapes_several_hosts_and_outlives_the_death_of_one(
    programs: Path, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        relays = [
            stack.enter_context(relay_process("--unix", str(tmp_path / name))) for name in "ab"
        ]
        first, second = (relay.address for relay in relays)
        exporter = stack.enter_context(exporter_process(first, second))
        server = stack.enter_context(prometheus_process(programs, exporter, tmp_path))
        server.await_query("perfmon_up", lambda found: found == {first: 1, second: 1})
        for address, operations in ((first, "300"), (second, "500")):
            perfmon(address, "enable")
            perfmon(address, "workload", "memory", operations)
        allocations = 'perfmon_events_total{event="VM_ALLOC"}'
        server.await_query(
            allocations, lambda found: found.get(first, 0) >= 300 and found.get(second, 0) >= 500
        )
        timed = 'perfmon_event_duration_seconds_count{event="VM_ALLOC"}'
        server.await_query(timed, lambda found: found.get(second, 0) >= 500)

        dashboard = json.loads((EXAMPLE / "dashboard.json").read_text())
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                expression = target["expr"].replace("$__rate_interval", "1m")
                expression = expression.replace("$host", ".+").replace("$event", ".+")
                server.await_query(expression, bool)

        relays[0].end(signal.SIGKILL)
        server.await_query("perfmon_up", lambda found: found == {first: 0, second: 1})
        before = server.query("perfmon_requests_total")[second]
        server.await_query("perfmon_requests_total", lambda found: found[second] > before)
        server.await_query('ALERTS{alertname="PerfmonHostGone"}', lambda found: first in found)
