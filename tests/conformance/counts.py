# SPDX-License-Identifier: GPL-2.0-or-later
"""How much the comparison compares:

python -m tests.conformance.counts              routines, vectors, runs
python -m tests.conformance.counts --malformed  malformed messages, too: runs every C stub once,
                                                and takes minutes for it
"""

import sys
import tempfile
from pathlib import Path

from tests.conformance import test_malformed_replies as replies
from tests.conformance import test_malformed_requests as requests
from tests.conformance.subjects import IN_KERNEL, SUBJECTS
from tests.conformance.targets import TARGETS
from tests.conformance.test_python import passes
from tests.conformance.workshop import Bench, Workshop


def main() -> None:
    """Count and print."""
    with tempfile.TemporaryDirectory() as directory:
        workshop = Workshop(Path(directory))
        tasks = [workshop.bench(s, t) for t in TARGETS for s in SUBJECTS]
        kernels = [workshop.bench(s, t) for t in TARGETS for s in IN_KERNEL]
        _print_runs(tasks, kernels)
        if "--malformed" in sys.argv[1:]:
            _print_malformed(tasks, kernels)


def _print_runs(tasks: list[Bench], kernels: list[Bench]) -> None:
    both = [*tasks, *kernels]
    names = {
        (bench.subject.name, routine.number) for bench in tasks for routine in bench.client.routines
    }
    print(f"{len(SUBJECTS)} interfaces, {len(names)} routines, {len(both)} pairings with an ABI")
    print(f"{sum(len(bench.vectors) for bench in both)} vectors")
    runs = sum(len(bench.vectors) * len(list(bench.pairs)) for bench in both)
    print(f"{runs} calls of C clients at C servers")
    called = sum(len(bench.vectors) * len(bench.clients) for bench in tasks)
    print(f"{called} calls of C clients at Python servers")
    able = {bench: sum(map(passes, bench.vectors)) for bench in tasks}
    print(f"{sum(able[b] * len(b.servers) for b in tasks)} calls of Python clients at C servers")
    print(f"{sum(able.values())} calls of Python clients at Python servers")


def _print_malformed(tasks: list[Bench], kernels: list[Bench]) -> None:
    to_servers = to_clients = to_python = 0
    for bench in [*tasks, *(b for b in kernels if b.subject.kernel_side == "server")]:
        sent = len(requests.cases(bench))
        returned = len(replies.cases(bench)) if bench in tasks else 0
        print(f"  {bench}: {sent} malformed requests, {returned} replies", flush=True)
        to_servers += sent
        to_clients += returned
        to_python += sent if bench in tasks else 0
    print(f"{to_servers} malformed requests to C servers, {to_python} of them to Python's, too")
    print(f"{to_clients} malformed replies to C clients")


if __name__ == "__main__":
    main()
