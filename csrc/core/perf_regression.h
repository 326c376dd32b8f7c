/*
 * Regression of an event's mean work time against a baseline.
 *
 * The baseline is the statistics from the last reset to perf_baseline_set();
 * the current window is what came after.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_REGRESSION_H_
#define _PERF_REGRESSION_H_

#include <stdbool.h>
#include <stdint.h>

#include "perf_analysis.h"

void perf_baseline_set(void);

/* KERN_FAILURE without a baseline, or with too few events in a window. */
kern_return_t perf_regression_report(uint32_t event, perf_regression_t *report);

/*
 * Has any event regressed by more than the option's percent?  Evaluated at
 * most once a second; in between, what was found last.
 */
bool perf_regression_flag(void);

/* Under the control lock, both. */
kern_return_t perf_regression_compare(uint32_t event, perf_regression_t *report);
void perf_regression_forget(void);

#endif /* _PERF_REGRESSION_H_ */
