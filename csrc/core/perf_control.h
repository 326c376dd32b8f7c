/*
 * Control operations.  Each takes the control lock, checks, and either does all
 * of it or nothing.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_CONTROL_H_
#define _PERF_CONTROL_H_

#include <stdbool.h>
#include <stdint.h>

#include "perf_analysis.h"

/* See perf_monitor.defs for arguments and answers. */
kern_return_t perf_control_configure(uint32_t sample_rate, uint32_t buffer_size);
kern_return_t perf_control_set_option(uint32_t selector, uint64_t value);
void perf_control_set_thresholds(uint32_t latency_us, uint32_t throughput,
				 uint32_t error_rate);
void perf_control_reset(void);

/* Is this a rate and a size that may be configured? */
bool perf_control_admits(uint32_t sample_rate, uint32_t buffer_size);

/*
 * Ask the platform how fast its clock is, unless there are figures, from an
 * enable to the next reset: what one report says and another is on one scale.
 * Under the control lock.
 */
void perf_control_calibrate(void);

#endif /* _PERF_CONTROL_H_ */
