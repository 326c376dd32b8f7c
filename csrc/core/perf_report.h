/*
 * Figures, in the structures and the units of the RPC interface.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_REPORT_H_
#define _PERF_REPORT_H_

#include <stdint.h>

#include "perf_analysis.h"

/*
 * Unknown events, selectors and kinds are KERN_INVALID_ARGUMENT.  A count is the
 * room that there is, and becomes what was filled; info and names leave out
 * what does not fit.
 */
kern_return_t perf_report_info(uint32_t selector, uint64_t *words, uint32_t *count);
kern_return_t perf_report_histogram(uint32_t event, uint32_t selector,
				    perf_histogram_t buckets, uint32_t *count);
void perf_report_system(perf_system_stats_t *stats);

/* The room that perf_report_names() may need. */
kern_return_t perf_report_names_most(uint32_t kind, uint32_t *count);
kern_return_t perf_report_names(uint32_t kind, perf_name_t *names, uint32_t *count);

/* Another RPC was served: perf_system_stats.requests. */
void perf_report_request(void);

#endif /* _PERF_REPORT_H_ */
