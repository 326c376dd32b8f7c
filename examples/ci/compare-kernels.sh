#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# compare-kernels.sh BEFORE AFTER [LABEL]: the performance gate of a kernel's CI.
#
# Boots both images under QEMU with a clock that counts instructions, so that it
# says the same on every machine, and exits with 1 when a call became dearer.
# Leaves verdict.xml (JUnit), verdict.md and both measurements in ./perf; with a
# LABEL the new one joins the history, whose file the pipeline keeps.
set -eu

before=$1
after=$2
label=${3-}
mkdir -p perf

status=0
perfmon kernel compare "$before" "$after" --save perf \
	--report perf/verdict.xml --report perf/verdict.md || status=$?

# 0: no regression, 1: a regression; anything else is no verdict, and no result.
if [ "$status" -le 1 ] && [ -n "$label" ]; then
	perfmon history add "$label" --db perf/history.db --baseline perf/after.json
	perfmon history changes --db perf/history.db || true
fi
exit "$status"
