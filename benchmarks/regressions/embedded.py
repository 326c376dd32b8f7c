# SPDX-License-Identifier: GPL-2.0-or-later
"""False alarms and power of comparisons, measured on the embedded host.

    python benchmarks/regressions/embedded.py null --trials 200
    python benchmarks/regressions/embedded.py power --trials 100

`null` compares the host with itself, again and again, at the default settings: every verdict of a
change is a false alarm.  `power` makes one event longer by 2, 5, 10 and 20 % of its typical time
(the workload's delay) and counts how often exactly that is found.  Both say what the machine's load
was, because that is what decides.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import perfmon
from perfmon import Event, Host
from perfmon.regressions.compare import Settings, compare
from perfmon.regressions.findings import Comparison, Metric, Verdict
from perfmon.regressions.measure import (
    DEFAULT_PASSES,
    DEFAULT_RUNS,
    DEFAULT_WORKLOAD,
    Subject,
    measure_interleaved,
    measure_workload,
)
from perfmon.regressions.measurement import Measurement
from perfmon.workloads import Work, parse_workload

MOVED = (Verdict.REGRESSION, Verdict.IMPROVEMENT, Verdict.CHANGED)
SLOW_DOWNS = (2, 5, 10, 20)
EVENT = Event.VM_ALLOC


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured in a trial."""

    work: tuple[Work, ...]
    runs: int
    passes: int


def delayed(nanoseconds: int) -> Callable[[Host], None]:
    """What prepares a pass in which the event takes so much longer."""
    return lambda host: host.workload.workload_delay(EVENT, nanoseconds)


def null_trial(host: Host, size: Size) -> tuple[Measurement, Measurement]:
    """The host beside itself."""
    subjects = [Subject("A", host), Subject("A again", host)]
    before, after = measure_interleaved(subjects, size.work, size.runs, size.passes)
    return before, after


def power_trial(host: Host, size: Size) -> tuple[int, dict[int, tuple[Comparison, Comparison]]]:
    """The event's typical time in nanoseconds, and two comparisons for each slow-down.

    The first is at the default settings, the second at a minimum effect of 1 %.
    """
    shortest = delayed(1)  # any delay takes some nanoseconds more than it says: in both, then
    few = measure_workload(Subject("", host, shortest), size.work, 3, size.passes)
    typical = min(run.events[EVENT].typical_ns for run in few.runs)
    subjects = [Subject("A", host, shortest)]
    subjects += [
        Subject(f"+{percent} %", host, delayed(round(typical * percent / 100)))
        for percent in SLOW_DOWNS
    ]
    try:
        before, *slower = measure_interleaved(subjects, size.work, size.runs, size.passes)
    finally:
        host.workload.workload_delay(EVENT, 0)
    settings = Settings(interleaved=True)
    return round(typical), {
        percent: (compare(before, after, settings), compare(before, after, settings.with_effect(1)))
        for percent, after in zip(SLOW_DOWNS, slower, strict=True)
    }


def moved(comparison: Comparison) -> set[str]:
    """The quantities that a comparison says have moved."""
    return {
        f"{finding.name} {finding.metric} {finding.change_percent:+.1f} %"
        for verdict in MOVED
        for finding in comparison.of(verdict)
    }


def null_experiment(host: Host, size: Size, trials: int) -> Iterator[str]:
    """Lines of figures; the last ones are the result."""
    alarms, tests = 0, 0
    apart = apart_alarms = 0
    last: Measurement | None = None
    open_ = Counter[Verdict]()
    for trial in range(trials):
        before, after = null_trial(host, size)
        comparison = compare(before, after, Settings(interleaved=True))
        found = moved(comparison)
        alarms += bool(found)
        tests += len(comparison.findings)
        open_.update(finding.verdict for finding in comparison.findings)
        if last:
            apart += 1
            apart_alarms += bool(moved(compare(last, before, Settings())))
        last = before
        load = os.getloadavg()[0]
        text = ", ".join(sorted(found)) or "nothing"
        yield f"trial {trial + 1}: {text} (load {load:.1f})"
    yield f"interleaved: {alarms} of {trials} comparisons gave a false alarm, {tests} tests in all"
    yield "  verdicts: " + ", ".join(f"{count} {verdict}" for verdict, count in open_.items())
    yield f"apart: {apart_alarms} of {apart} comparisons with the trial before gave one"


def power_experiment(host: Host, size: Size, trials: int) -> Iterator[str]:
    """Lines of figures; the last ones are the result."""
    found, strict, others = Counter[int](), Counter[int](), 0
    shifts: dict[int, list[float]] = {percent: [] for percent in SLOW_DOWNS}
    for trial in range(trials):
        typical, comparisons = power_trial(host, size)
        shown = []
        for percent, (comparison, stricter) in comparisons.items():
            finding, below = (
                next(f for f in each.findings if (f.event, f.metric) == (EVENT, Metric.TIME))
                for each in (comparison, stricter)
            )
            found[percent] += finding.verdict is Verdict.REGRESSION
            strict[percent] += below.verdict is Verdict.REGRESSION
            shifts[percent].append(finding.change_percent)
            others += any(f.event not in (EVENT, None) for v in MOVED for f in comparison.of(v))
            shown.append(f"+{percent} %: {finding.change_percent:+.1f} % {finding.verdict}")
        load = os.getloadavg()[0]
        yield f"trial {trial + 1}: {EVENT.name} {typical} ns, {'; '.join(shown)} (load {load:.1f})"
    for percent in SLOW_DOWNS:
        middle = sorted(shifts[percent])[trials // 2]
        yield (
            f"+{percent} %: found in {found[percent]} of {trials} trials "
            f"({found[percent] / trials:.0%}), median shift seen {middle:+.1f} %; "
            f"with --min-effect 1 in {strict[percent]}"
        )
    yield f"other events: moved in {others} of {len(SLOW_DOWNS) * trials} comparisons"


def main() -> int:
    """Run an experiment and print as it goes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("experiment", choices=("null", "power"))
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--runs", type=int, default=DEFAULT_RUNS)
    parser.add_argument("--passes", type=int, default=DEFAULT_PASSES)
    parser.add_argument("--workload", default=DEFAULT_WORKLOAD)
    args = parser.parse_args()
    size = Size(parse_workload(args.workload), args.runs, args.passes)
    experiment = null_experiment if args.experiment == "null" else power_experiment
    print(f"{args.runs} runs of {args.passes} passes of {args.workload}; {os.cpu_count()} CPUs")
    with perfmon.connect("embedded:", timeout=120) as host:
        for line in experiment(host, size, args.trials):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
