# SPDX-License-Identifier: GPL-2.0-or-later
"""The example in C runs, over a library that provides what the Hurd's libc provides."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "c_client"
STANDIN = ROOT / "tests" / "perfmon" / "standin"

# Of libc too, but not of the library.
MIG_SUPPORT = """
#include <mach/port.h>
mach_port_t mach_reply_port(void);
void mig_put_reply_port(mach_port_t port) { (void)port; }
void mig_dealloc_reply_port(mach_port_t port) { (void)port; }
mach_port_t mig_get_reply_port(void)
{
	static mach_port_t port;
	return port ? port : (port = mach_reply_port());
}
"""


def test_the_c_client_prints_what_the_kernel_did(libmach: str, tmp_path: Path) -> None:
    include = ("-I", ROOT / "include", "-I", ROOT / "include" / "fallback")
    stubs = ("-user", tmp_path / "user.c", "-header", tmp_path / "perf_monitor_user.h")
    subprocess.run(
        [
            *(sys.executable, "-m", "mig", "--abi", "x86_64", *include, *stubs),
            *("-server", "/dev/null", "-sheader", "/dev/null"),
            ROOT / "include" / "mach" / "perf_monitor.defs",
        ],
        check=True,
        cwd=ROOT,
    )
    (tmp_path / "support.c").write_text(MIG_SUPPORT)
    subprocess.run(
        [
            *("gcc", "-Wall", "-Wextra", "-Werror", "-o", tmp_path / "perfstat"),
            *("-I", tmp_path, "-I", STANDIN, "-I", ROOT / "include"),
            *("-idirafter", ROOT / "include" / "fallback"),
            *(EXAMPLE / "perfstat.c", tmp_path / "user.c", tmp_path / "support.c", libmach),
        ],
        check=True,
    )
    out = subprocess.run(
        [tmp_path / "perfstat", "1"], check=True, capture_output=True, text=True, timeout=30
    ).stdout.splitlines()
    assert out[0].split() == ["ID", "EVENT", "COUNT", "ERRORS", "MEAN", "ns", "MAX", "ns"]
    assert [line.split()[0] for line in out[1:]] == [str(event) for event in range(12)]
    counts = {line.split()[1]: int(line.split()[2]) for line in out[1:]}
    assert counts["IPC_SEND"] >= 1  # the request that ended it
    assert all(re.match(r" ?\d+  [A-Z_]+ +\d+ +\d+", line) for line in out[1:])
