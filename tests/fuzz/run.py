# SPDX-License-Identifier: GPL-2.0-or-later
"""Fuzz all targets, or some, and print what was done: python -m tests.fuzz.run --seconds 60.

What is found is left in the directory of findings; it belongs into regressions/TARGET/ together
with the mend.  Exit status 1 when something was found.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import host
from tests.fuzz.targets import ROOT, TARGETS

HOST = "host"
NAMES = (*TARGETS, HOST)
REGRESSIONS = Path(__file__).parent / "regressions"

_MEMORY_MB = 2048
_LIMIT_SECONDS = 10  # for one input


@dataclass(frozen=True, slots=True)
class Session:
    """What a fuzzer did.

    Attributes:
        executions: inputs that were tried.
        coverage: edges of the code that were reached.
        seconds: how long it took.
        finding: what went wrong, as the fuzzer printed it; empty when nothing did.
    """

    target: str
    executions: int
    coverage: int
    seconds: int
    finding: str


def fuzz(
    name: str,
    seconds: int,
    findings: Path,
    *,
    without: str = "",
    seed: int = 0,
    executions: int = -1,
) -> Session:
    """Fuzz one target for so many seconds; the host without one of its checks, if it is named.

    seed: of the fuzzer's choices; 0: another each time.
    executions: after which to end, though there is time left; -1: never.
    """
    findings.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        f"-runs={executions}",
        f"-seed={seed}",
        f"-rss_limit_mb={_MEMORY_MB}",
        f"-timeout={_LIMIT_SECONDS}",
        f"-artifact_prefix={findings}/{name}-",
        "-print_final_stats=1",
    ]
    with tempfile.TemporaryDirectory(prefix="perfmon-fuzz-") as work:
        if name == HOST:
            seeds = Path(work) / "seeds"
            seeds.mkdir()
            for number, first in enumerate(host.seeds()):
                (seeds / str(number)).write_bytes(first)
            command = [str(host.build(Path(work), without=without)), *options, str(seeds)]
        else:
            command = [sys.executable, "-m", "tests.fuzz.session", name, *options]
        # A session ends without a clean-up of its own.
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "TMPDIR": work},
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    output = done.stdout.decode(errors="replace")
    return Session(
        name,
        _last(r"stat::number_of_executed_units: *(\d+)", output),
        _last(r" cov: (\d+)", output),
        seconds,
        output[-4000:] if done.returncode else "",
    )


def replay(path: Path) -> None:
    """Give a target an input that once was a finding; its name is that of the directory."""
    TARGETS[path.parent.name].load()(path.read_bytes())


def _last(pattern: str, output: str) -> int:
    return int((re.findall(pattern, output) or ["0"])[-1])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--seconds", type=int, default=60, help="for each (default: 60)")
    parser.add_argument(
        "--without", choices=host.CHECKS, default="", help="a check of the host's: leave it out"
    )
    parser.add_argument("--findings", type=Path, default=ROOT / "build" / "findings")
    arguments = parser.parse_args(argv)
    if unknown := set(arguments.targets) - set(NAMES):
        parser.error(f"no target {', '.join(sorted(unknown))}: there are {', '.join(NAMES)}")
    print(f"{'target':10}{'executions':>12}{'each s':>10}{'coverage':>10}{'seconds':>9}  finding")
    status = 0
    for name in arguments.targets or NAMES:
        session = fuzz(name, arguments.seconds, arguments.findings, without=arguments.without)
        rate = session.executions // max(1, session.seconds)
        print(
            f"{name:10}{session.executions:12,}{rate:10,}{session.coverage:10,}"
            f"{session.seconds:9}  {'yes' if session.finding else 'none'}"
        )
        if session.finding:
            print(session.finding, file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
