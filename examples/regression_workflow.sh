#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Is VM_ALLOC (event 2) slower than it was?  Before and after a change:
#
#     PERFMON_HOST=qemu:mach examples/regression_workflow.sh
#
# The exit status is that of the check: 0 within 20 %, 1 a regression, 2 no
# verdict (too few events), 3 no host.
set -eu

: "${PERFMON_HOST:?an address, as perfmon -H takes it}"
perfmon=${PERFMON:-perfmon}

$perfmon enable
$perfmon configure -r 2000 -b 8192
$perfmon reset

$perfmon workload memory 500	# before the change
$perfmon stats 2
$perfmon baseline

# The change goes here; whatever the system does then is held against the baseline.
$perfmon workload memory 500
$perfmon check-regression -e 2 -t 20
