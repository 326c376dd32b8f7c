/*
 * What an event costs with LTTng-UST.  The session is set up outside; the
 * argument says how, and becomes the name of the path.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE

#include "perf_lttng.h"

#include "../measure.h"

static void
record(uint32_t events)
{
	for (uint32_t i = 0; i < events; i++)
		lttng_ust_tracepoint(perfmon_benchmark, event, i, 1);
}

int
main(int argc, char **argv)
{
	const struct measure_path path = {argv[argc - 1], NULL, record};

	measure_paths(&path, 1);
	return 0;
}
