#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The commands of perfmon, from a checkout: perf-analysis.sh enable, stats 2, monitor -i 5, ...
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
if [ -x "$root/.venv/bin/perfmon" ]; then
	exec "$root/.venv/bin/perfmon" "$@"
fi
exec perfmon "$@"
