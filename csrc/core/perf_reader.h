/*
 * Reading samples.  It consumes nothing and keeps nothing: where a reader is, is
 * in its cursor.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_READER_H_
#define _PERF_READER_H_

#include <stdint.h>

#include "perf_analysis.h"

/* Generation (16 bits, never 0 or all ones) and sequence; see perf_monitor.h. */
uint64_t perf_cursor(uint32_t generation, uint64_t sequence);

/*
 * At most how many samples perf_reader_read() would now give for this cursor
 * and max.  KERN_INVALID_ARGUMENT: there is no such CPU.
 */
kern_return_t perf_reader_available(uint32_t cpu, uint64_t cursor, uint32_t max,
				    uint32_t *count);

/* *count is the room in samples and becomes the number of samples. */
kern_return_t perf_reader_read(uint32_t cpu, uint64_t cursor, perf_sample_t *samples,
			       uint32_t *count, uint64_t *next, uint64_t *lost);

#endif /* _PERF_READER_H_ */
