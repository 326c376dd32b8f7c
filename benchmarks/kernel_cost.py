# SPDX-License-Identifier: GPL-2.0-or-later
"""What monitoring costs a kernel, in exact instructions.

Boots Debian's kernel, instrumented, under QEMU with a clock that counts
instructions, and compares the same work in the same kernel with monitoring
off, at the default rate and with every event recorded.  Beside the cost stand
the events and samples that were recorded meanwhile, so that nothing can be
cheap because it was left out.  Figures are the same every time.  At the end
stands the memory that the monitor takes, the default ring included.

    python benchmarks/kernel_cost.py [--kind x86_64-up] [--json]
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from perfmon.kernel.container import elf32
from perfmon.kernel.images import kernel_image
from perfmon.kernel.instrument import InstrumentReport, instrument
from perfmon.kernel.kinds import DEFAULT, KINDS
from perfmon.kernel.machines import I386, Machine, machine_of
from perfmon.kernel.relay import boot_module

_TIMEOUT = 300.0
_MODULE = "cost ${host-port} ${device-port} $(task-create) $(task-resume)"
_LINE = re.compile(r"cost (\w+) (\w+)((?: [0-9a-f]{16}){4})")
_DEFAULT_RING = 8192 * 32


@dataclass(frozen=True, slots=True)
class Cost:
    """One work in one mode; ticks are instructions."""

    work: str
    mode: str
    operations: int
    ticks: int
    events: int
    samples: int


def build(machine: Machine, directory: Path, **settings: int | None) -> None:
    """Build the boot task `cost` for a machine in a directory.

    Settings are works, how many of the first ones instead of all, and operations, of each work.
    """
    source = Path(__file__).parent / "kernel" / "cost.c"
    main = directory / "cost_main.c"
    set_ = (f"#define COST_{name.upper()} {n}\n" for name, n in settings.items() if n is not None)
    main.write_text(f'{"".join(set_)}#include "{source}"\n')
    module = boot_module(machine, main, directory)
    module.rename(directory / "cost")


def run(
    machine: Machine, directory: Path, cpus: int = 1, *options: str, timeout: float = _TIMEOUT
) -> str:
    """Boot the kernel in a directory with the task there; what the console printed."""
    kernel = directory / "kernel"
    if machine.bits == 64:
        kernel.write_bytes(elf32(kernel.read_bytes()))
    command = [
        machine.qemu, "-accel", "tcg", "-smp", str(cpus), "-m", "256", "-no-reboot", "-nic", "none",
        "-display", "none", "-monitor", "none", "-serial", "stdio",
        "-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm",
        "-kernel", "kernel", "-append", "console=com0", "-initrd", _MODULE,
        *options,
    ]  # fmt: skip
    result = subprocess.run(
        command, check=True, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=timeout,
    )  # fmt: skip
    return result.stdout.decode(errors="replace")


def costs(console: str) -> Iterator[Cost]:
    """The figures that the task printed."""
    for work, mode, numbers in _LINE.findall(console):
        yield Cost(work, mode, *(int(number, 16) for number in numbers.split()))


def table(found: Iterable[Cost]) -> Iterator[str]:
    """One line for each work and mode."""
    yield (
        f"{'work':<10}{'mode':<9}{'instructions':>13}{'more':>9}{'events':>9}{'samples':>9}"
        f"{'an event':>10}"
    )
    off = 0.0
    for cost in found:
        each = cost.ticks / cost.operations
        line = f"{cost.work:<10}{cost.mode:<9}{each:13.1f}"
        if cost.mode == "off":
            off = each
            yield line
            continue
        events = cost.events / cost.operations
        yield (
            f"{line}{(each - off) / off:9.1%}{events:9.2f}{cost.samples / cost.operations:9.2f}"
            f"{(each - off) / events:10.1f}"
        )


def memory(report: InstrumentReport) -> dict[str, int]:
    """Bytes of memory that the monitor takes in a kernel, on one processor."""
    return {
        "code and data": report.file_size,
        "tables": report.memory_size - report.file_size,
        "default ring": _DEFAULT_RING,
        "all": report.memory_size + _DEFAULT_RING,
    }


def main() -> int:
    """Print the table, for one operation of each work, or all figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kind", choices=KINDS, default=DEFAULT, help="of kernel")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="perfmon-") as name:
        directory = Path(name)
        kernel = kernel_image(arguments.kind)
        machine = machine_of(kernel) or I386
        build(machine, directory)
        report = instrument(kernel, directory / "kernel")
        console = run(machine, directory)
    found = list(costs(console))
    if arguments.json:
        works = [asdict(cost) for cost in found]
        print(json.dumps({"works": works, "memory": memory(report)}, indent=2))
    else:
        print(*table(found), *(f"{k:<17}{v:>9}" for k, v in memory(report).items()), sep="\n")
    if not found or "cost: end" not in console:
        sys.stderr.write(f"the guest did not finish:\n{console[-1000:]}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
