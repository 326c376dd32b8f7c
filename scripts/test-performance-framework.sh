#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The test suite inside a guest, and the checks of a host in this process.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
make --no-print-directory -C "$root" run-performance-analysis
"$root/scripts/perf-analysis.sh" -H embedded: test
