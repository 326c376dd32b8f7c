# SPDX-License-Identifier: GPL-2.0-or-later
"""What an event of each type costs a kernel, in exact instructions of the monitor's.

Boots Debian's kernel, instrumented, and does the works of kernel_cost.py while QEMU writes down
every instruction of what was added to the kernel.  Each is the event's whose hook it belongs to,
or was called by; over all works that is divided by the number of events, which the kernel counted.
So it is an average: over usual events and those that are a new extreme, have failed or waited, and
over all that a hook does, ids of new tasks and threads included.  Interrupts, which no work makes,
are counted where they enter the hook, while the task waits for the clock.

    python -m benchmarks.event_cost [--kind i386-up] [--operations 60] [--json]
"""

import argparse
import json
import re
import sys
import tempfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.kernel_cost import build, run
from perfmon.events import Event
from perfmon.kernel.images import kernel_image
from perfmon.kernel.instrument import InstrumentReport, instrument
from perfmon.kernel.kinds import DEFAULT, KINDS
from perfmon.kernel.machines import I386, machine_of

_TIMEOUT = 3000.0
_RUN = re.compile(r"^Trace .*\[[0-9a-f]+/([0-9a-f]+)/")
_TRANSLATED = re.compile(r"^0x([0-9a-f]+):")
_EACH = re.compile(r"each (\w+) (\w+)((?: [0-9a-f]{16}){12})")
_EVENTS = [event.name for event in Event][:12]
_MODES = ("default", "every")
# Also the work that waits for interrupts, of which alone their cost is taken.
_WORKS = 7
_TICKS = "ticks"
_INTERRUPT = "INTERRUPT"
_INTERRUPT_HOOK = "__wrap_interrupt"
# A work in a mode is measured thrice, between two readings each: to warm up, around nothing, and
# the whole.
_READING = "perf_report_system"
_WAITS = "perf_clock_frequency"  # for ticks of the clock, when monitoring is enabled
_READINGS, _AROUND, _WHOLE = 6, 2, 4

# The first of these that a function's name contains says whose hook it is.
_HOOKS = {
    "kmsg_put": "IPC_RECEIVE", "copyout": "IPC_RECEIVE",
    "copyinmsg": "IPC_SEND", "kobject": "IPC_SEND", "mqueue_send": "IPC_SEND",
    "vm_allocate": "VM_ALLOC", "vm_map": "VM_ALLOC", "vm_deallocate": "VM_FREE",
    "task_create": "TASK_CREATE", "task_terminate": "TASK_TERMINATE",
    "thread_create": "THREAD_CREATE", "kernel_thread": "THREAD_CREATE",
    "thread_terminate": "THREAD_TERMINATE", "thread_block": "THREAD_TERMINATE",
    "kmem_cache_free": "THREAD_TERMINATE",
    "switch_context": "CONTEXT_SWITCH", "stack_handoff": "CONTEXT_SWITCH",
    "interrupt": "INTERRUPT", "splx_cli": "INTERRUPT",
    "vm_fault": "PAGE_FAULT", "fault_resolved": "PAGE_FAULT",
    "trap": "SYSCALL", "check_for_ast": "SYSCALL",
}  # fmt: skip
_MOVED_SIZE = 12
_OF_HOOKS = (
    "__wrap_", "perf_trap_ent", "perf_message_trap", "perf_detour", "perf_moved",
    "perf_fault_resolved",
)  # fmt: skip


def _hook(name: str) -> str | None:
    """The event whose hook a function is."""
    if not name.startswith(_OF_HOOKS):
        return None
    return next((event for part, event in _HOOKS.items() if part in name), None)


def _traced(report: InstrumentReport) -> str:
    """The addresses that QEMU is to write down: all that was added, but for what waits there."""
    end = report.address + report.file_size
    waits = report.symbols[_WAITS]
    behind = min(address for address in report.symbols.values() if waits < address <= end)
    return f"{report.address:#x}..{waits - 1:#x},{behind:#x}..{end - 1:#x}"


def _instructions(trace: Path, report: InstrumentReport) -> Iterator[Counter[str]]:
    """How many instructions were each event's, from each reading of statistics to the next."""
    end = report.address + report.file_size
    symbols = sorted(
        (address, name)
        for name, address in report.symbols.items()
        if report.address <= address < end
    )
    starts = [address for address, _ in symbols]
    hooks = [_hook(name) for _, name in symbols]
    reading, interrupt = report.symbols[_READING], report.symbols[_INTERRUPT_HOOK]
    event = ""
    counted: Counter[str] = Counter()
    blocks: dict[int, list[int]] = {}
    block: list[int] = []
    with trace.open() as lines:
        for line in lines:
            if line.startswith("IN:"):
                block = []
            elif found := _TRANSLATED.match(line):
                block.append(int(found[1], 16))
                blocks[block[0]] = block
            elif found := _RUN.match(line):
                for address in blocks.get(int(found[1], 16), ()):
                    if address == reading:
                        yield counted
                        counted = Counter()
                    counted[_INTERRUPT_HOOK] += address == interrupt
                    at = bisect_right(starts, address) - 1
                    # Behind the last hook in a file of assembler are the unusual parts of all.
                    if (
                        not symbols[at][1].startswith("perf_moved")
                        or address - starts[at] < _MOVED_SIZE
                    ):
                        event = hooks[at] or event
                    counted[event] += 1
    yield counted


def costs(trace: Path, report: InstrumentReport, console: str) -> Mapping[str, Mapping[str, float]]:
    """Instructions of an event, by event and mode, of those that there were."""
    windows = list(_instructions(trace, report))[1:]
    spent: dict[str, Counter[str]] = {mode: Counter() for mode in ("off", *_MODES)}
    events: dict[str, Counter[str]] = {mode: Counter() for mode in ("off", *_MODES)}
    for place, (work, mode, each) in enumerate(_EACH.findall(console)):
        around = windows[place * _READINGS + _AROUND]
        whole = windows[place * _READINGS + _WHOLE]
        if work == _TICKS:
            spent[mode][_INTERRUPT] = whole[_INTERRUPT]
            events[mode][_INTERRUPT] = whole[_INTERRUPT_HOOK]
            continue
        for name, number in zip(_EVENTS, each.split(), strict=True):
            if name != _INTERRUPT:
                spent[mode][name] += whole[name] - around[name]
                events[mode][name] += int(number, 16)
    return {
        name: {mode: spent[mode][name] / events[mode][name] for mode in _MODES}
        for name in _EVENTS
        if all(events[mode][name] for mode in _MODES)
    }


def main() -> int:
    """Print the table, or the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kind", choices=KINDS, default=DEFAULT, help="of kernel")
    parser.add_argument("--operations", type=int, default=60, help="of each work")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="perfmon-") as name:
        directory = Path(name)
        kernel = kernel_image(arguments.kind)
        machine = machine_of(kernel) or I386
        build(machine, directory, works=_WORKS, operations=arguments.operations)
        report = instrument(kernel, directory / "kernel")
        trace = directory / "trace"
        where = _traced(report)
        options = ("-d", "in_asm,exec,nochain", "-D", str(trace), "-dfilter", where)
        console = run(machine, directory, 1, *options, timeout=_TIMEOUT)
        found = costs(trace, report, console)
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        print(f"{'event':<18}{'statistics':>12}{'and sample':>12}")
        for event, cost in found.items():
            print(f"{event:<18}{cost['default']:12.1f}{cost['every']:12.1f}")
    if not found or "cost: end" not in console:
        sys.stderr.write(f"the guest did not finish:\n{console[-1000:]}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
