# SPDX-License-Identifier: GPL-2.0-or-later
"""False alarms and power of live anomalies, measured on a host: `embedded:` or a guest.

    python benchmarks/regressions/live.py --windows 4000

The host does the same work in every window, at the pace of a clock, and is looked at as monitor and
exporter do: every anomaly told is a false alarm.  Then, on the embedded host, one event takes so
much longer for four windows, again and again, and it is counted how often that is told.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import perfmon
from perfmon import Event, Host
from perfmon.analysis.anomalies import IN_A_ROW, RECENT, Anomaly, AnomalyDetector, Quantity
from perfmon.cli.statistics import timed_histograms
from perfmon.errors import MachError
from perfmon.workloads import Work, parse_workload

EVENT = Event.VM_ALLOC
WORKLOAD = "memory:50:4,messages:50,requests:50"
SLOW_DOWNS = (50, 100, 200)
SLOW, BETWEEN = IN_A_ROW + 1, RECENT
"""Windows in which the event is slower, and after which that is no recent behaviour any more."""


class Watch:
    """A host at work, window after window."""

    def __init__(self, host: Host, work: tuple[Work, ...], seconds: float) -> None:
        self._host, self._work, self._seconds = host, work, seconds
        self._detector = AnomalyDetector()
        self._last = host.snapshot()
        self._next = time.monotonic()
        self.quantities = 0
        """Rates and latencies that were looked at."""

    def window(self) -> list[Anomaly]:
        """Work, wait for the end of the window, look."""
        for one in self._work:
            one.run(self._host.workload)
        self._next = max(self._next + self._seconds, time.monotonic())
        time.sleep(max(0.0, self._next - time.monotonic()))
        now = self._host.snapshot()
        told = self._detector.observe(now, self._last, timed_histograms(self._host, now))
        changes = [now.events[event].since(self._last.events[event]) for event in now.events]
        self.quantities += sum(bool(each.count) + bool(each.timed) for each in changes)
        self._last = now
        return told


def null(watch: Watch, windows: int) -> Iterator[str]:
    """Lines of figures; the last ones are the result."""
    told: Counter[str] = Counter()
    with_one = alarms = 0
    ongoing: set[tuple[int, Quantity]] = set()
    for at in range(windows):
        found = watch.window()
        for each in found:
            told[f"{each.name} {each.quantity}"] += 1
        with_one += bool(found)
        now = {(each.event, each.quantity) for each in found}
        alarms += len(now - ongoing)
        ongoing = now
        if (at + 1) % (windows // 4 or 1) == 0:
            yield f"{at + 1} windows: {alarms} alarms (load {os.getloadavg()[0]:.1f})"
    yield (
        f"null: {alarms} alarms, in {with_one} of {windows} windows, "
        f"of {watch.quantities} rates and latencies"
    )
    yield "  windows told: " + (", ".join(f"{n} {what}" for what, n in told.items()) or "none")


def power(host: Host, watch: Watch, times: int) -> Iterator[str]:
    """A line for each slow-down."""
    typical = host.stats(EVENT).mean_ns
    for percent in SLOW_DOWNS:
        found = 0
        for _ in range(times):
            for _ in range(BETWEEN):
                watch.window()
            host.workload.workload_delay(EVENT, round(typical * percent / 100))
            told = [each for _ in range(SLOW) for each in watch.window()]
            host.workload.workload_delay(EVENT, 0)
            found += any((each.event, each.quantity) == (EVENT, Quantity.LATENCY) for each in told)
        yield f"+{percent} % of {EVENT.name} for {SLOW} windows: told {found} of {times} times"


def main() -> int:
    """Run both and print as they go."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-H", "--host", default="embedded:")
    parser.add_argument("--windows", type=int, default=4000)
    parser.add_argument("--seconds", type=float, default=0.25, help="of a window")
    parser.add_argument("--times", type=int, default=20, help="that each slow-down comes")
    parser.add_argument("--workload", default=WORKLOAD)
    args = parser.parse_args()
    print(f"{args.host}: windows of {args.seconds:g} s, each with {args.workload}")
    with perfmon.connect(args.host, timeout=120) as host:
        host.disable()
        host.reset()
        host.enable()
        try:
            watch = Watch(host, parse_workload(args.workload), args.seconds)
            for line in null(watch, args.windows):
                print(line, flush=True)
            if args.host == "embedded:":
                for line in power(host, watch, args.times):
                    print(line, flush=True)
        finally:
            with suppress(MachError):
                host.disable()
    return 0


if __name__ == "__main__":
    sys.exit(main())
