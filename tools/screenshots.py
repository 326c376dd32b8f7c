# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the pictures of docs/views.md: the live view of an embedded host at work, as SVG.

``tools/screenshots.py DIRECTORY``; `make screenshots` writes them to docs/.  The figures differ
from run to run, since they are measured.
"""

import asyncio
import re
import sys
import threading
from pathlib import Path

import perfmon
from perfmon.live import Watched
from perfmon.live.app import Monitor
from perfmon.live.source import HostSource

# Name, size, number of hosts, keys pressed.
SHOTS = (
    ("monitor.svg", (80, 24), 1, ("s",)),
    ("monitor-histogram.svg", (80, 24), 1, ("down", "down", "enter")),
    ("monitor-two-hosts.svg", (120, 22), 2, ("tab",)),
)


def work(stop: threading.Event) -> None:
    """Let the embedded host work until it is stopped."""
    with perfmon.connect("embedded:") as host:
        host.configure(sample_rate=0)
        host.enable()
        while not stop.wait(0.02):
            host.workload.workload_memory(50, 2)
            host.workload.workload_messages(100)
            host.workload.workload_threads(2)
        host.disable()


async def picture(size: tuple[int, int], hosts: int, keys: tuple[str, ...]) -> str:
    """The screen after some readings and keys."""
    watched = Watched("embedded:", lambda: HostSource(perfmon.connect("embedded:")))
    app = Monitor([watched] * hosts, 0.5)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(6)
        await pilot.press(*keys)
        await pilot.pause(1)
        return app.export_screenshot()


def main(directory: Path) -> None:
    """Write all pictures."""
    stop = threading.Event()
    worker = threading.Thread(target=work, args=(stop,))
    worker.start()
    try:
        for name, size, hosts, keys in SHOTS:
            svg = asyncio.run(picture(size, hosts, keys))
            # A picture refers to nothing outside; any monospaced font will do.
            svg = re.sub(r"@font-face \{.*?\n    \}\n", "", svg, flags=re.S)
            svg = re.sub(r"<!--.*?-->", "", svg)
            lines = (line.rstrip() for line in svg.splitlines())
            (directory / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    finally:
        stop.set()
        worker.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
