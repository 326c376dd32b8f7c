/*
 * What the tests of the core drive beside the core itself.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _HARNESS_H_
#define _HARNESS_H_

#include "perf_alerts.h"
#include "perf_arithmetic.h"
#include "perf_boot.h"
#include "perf_control.h"
#include "perf_core.h"
#include "perf_events.h"
#include "perf_histogram.h"
#include "perf_ids.h"
#include "perf_limiter.h"
#include "perf_reader.h"
#include "perf_regression.h"
#include "perf_report.h"
#include "perf_usual.h"

/* As at boot: a core that has recorded nothing, on CPUs CPUs, at 1 GHz. */
void harness_boot(uint32_t cpus);

/* Record on a CPU, in the name of a task and a thread. */
void harness_record(uint32_t cpu, uint32_t event, uint32_t flags, uint32_t data1,
		    uint32_t data2);
/* The same, timed: the clock moves by ticks in between. */
void harness_time(uint32_t cpu, uint32_t event, uint32_t flags, int64_t ticks,
		  uint32_t data1, uint32_t data2);
/* The same, as a hook that knows its event does it. */
void harness_time_usual(uint32_t cpu, uint32_t event, int64_t ticks, uint32_t data1,
			uint32_t data2);
void harness_begin(uint32_t cpu, uint32_t event, struct perf_stamp *stamp);
void harness_end(uint32_t cpu, uint32_t event, const struct perf_stamp *stamp);
void harness_be(uintptr_t task, uintptr_t thread);

/* PERF_TIME_BLOCK and PERF_EVENT_RECORD, as a kernel uses them. */
void harness_macros(uint32_t event, uint32_t data1, uint32_t data2);

/* Set a bucket of the work histogram and count an event into it. */
void harness_fill_bucket(uint32_t cpu, uint32_t event, uint32_t bucket, uint32_t low,
			 uint8_t carry);

/* What threads that write, read and reset at the same time found. */
struct harness_stress {
	uint64_t written;
	uint64_t read;
	uint64_t lost;
	uint64_t torn;		/* samples whose data words do not agree */
	uint64_t unaccounted;	/* gaps in the numbering that no loss explains */
	uint64_t inconsistent;	/* statistics that no instant could have had */
	uint64_t resets;
};

void harness_run_stress(uint32_t writers, uint32_t milliseconds, bool reset,
			struct harness_stress *stress);

/* As many threads insert the same keys at once; ids that are not unique. */
uint32_t harness_insert_together(uint32_t threads, uint32_t keys, uintptr_t first);

#endif /* _HARNESS_H_ */
