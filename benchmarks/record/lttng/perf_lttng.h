/*
 * The same event for LTTng-UST: what it cannot know by itself (timestamp and
 * CPU it adds) is recorded as fields.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER perfmon_benchmark

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./perf_lttng.h"

#if !defined(_PERF_LTTNG_H_) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define _PERF_LTTNG_H_

#include <stdint.h>

#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_EVENT(
	perfmon_benchmark, event,
	LTTNG_UST_TP_ARGS(uint32_t, data1, uint32_t, data2),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint32_t, data1, data1)
		lttng_ust_field_integer(uint32_t, data2, data2)))

#endif /* _PERF_LTTNG_H_ */

#include <lttng/tracepoint-event.h>
