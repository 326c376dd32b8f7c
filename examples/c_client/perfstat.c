/*
 * perfstat SECONDS: what the kernel did meanwhile, event by event.
 *
 * A program for the Hurd, in C, on the user stubs that mig generates from
 * perf_monitor.defs.  Run as root: starting and stopping the monitor takes the
 * privileged host port.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <errno.h>
#include <error.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <hurd.h>
#include <mach.h>

#include "perf_monitor_user.h"

static const char *const event_names[PERF_EVENTS_BUILTIN] = {
	"IPC_SEND",	 "IPC_RECEIVE",	  "VM_ALLOC",	   "VM_FREE",
	"TASK_CREATE",	 "TASK_TERMINATE", "THREAD_CREATE", "THREAD_TERMINATE",
	"CONTEXT_SWITCH", "INTERRUPT",	  "SYSCALL",	   "PAGE_FAULT",
};

static void
check(kern_return_t result, const char *what)
{
	if (result == MIG_BAD_ID)
		error(EXIT_FAILURE, 0, "this kernel has no performance monitor");
	if (result != KERN_SUCCESS)
		error(EXIT_FAILURE, result, "%s", what);
}

static void
print_event(mach_port_t host, uint32_t event)
{
	perf_event_stats_t stats;

	check(perf_get_event_stats(host, event, &stats), "perf_get_event_stats");
	printf("%2" PRIu32 "  %-16s  %10" PRIu64 "  %8" PRIu64, event, event_names[event],
	       stats.count, stats.errors);
	if (stats.timed != 0)
		printf("  %10" PRIu64 "  %10" PRIu64, stats.mean, stats.max);
	printf("\n");
}

int
main(int argc, char **argv)
{
	unsigned int seconds = argc == 2 ? (unsigned int)atoi(argv[1]) : 0;
	mach_port_t host_priv, device;
	error_t err;

	if (seconds == 0)
		error(2, 0, "usage: perfstat SECONDS");
	err = get_privileged_ports(&host_priv, &device);
	if (err)
		error(EXIT_FAILURE, err, "cannot get the privileged host port");

	check(perf_monitor_enable(host_priv, TRUE), "perf_monitor_enable");
	sleep(seconds);
	check(perf_monitor_enable(host_priv, FALSE), "perf_monitor_enable");

	printf("ID  %-16s  %10s  %8s  %10s  %10s\n", "EVENT", "COUNT", "ERRORS", "MEAN ns",
	       "MAX ns");
	for (uint32_t event = 0; event < PERF_EVENTS_BUILTIN; event++)
		print_event(mach_host_self(), event);
	return EXIT_SUCCESS;
}
