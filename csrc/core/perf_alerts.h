/*
 * Thresholds: what a hook notices, and what is found when somebody looks, once
 * a second.
 *
 * A hook only leaves a mark, and only for an event whose work was longer than
 * any threshold allows; rates and the regression flag are compared when they
 * are looked at.  Who is told, and how, is no matter of the core.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_ALERTS_H_
#define _PERF_ALERTS_H_

#include <stdbool.h>
#include <stdint.h>

#include "perf_analysis.h"

/* The arguments of perf_alert, in its units. */
struct perf_alert {
	uint32_t kind;
	uint32_t event;
	uint64_t value;
	uint64_t threshold;
	uint64_t timestamp;
};

/*
 * End the window and begin the next.  True if a threshold was crossed in it;
 * of several, the one whose turn it is.  What cannot happen again by itself (a
 * long event, a rate that fell) stays to be found until it has been.
 */
bool perf_alerts_find(struct perf_alert *alert);

/* Under the control lock.  Begin a window: what has happened until now is nothing to look at. */
void perf_alerts_begin(void);

/* Under the control lock, after a change of the thresholds or of the clock's rate. */
void perf_alerts_renew(void);

/* Alerts sent, ever. */
void perf_alerts_count(uint32_t sent);
uint64_t perf_alerts_counted(void);

#endif /* _PERF_ALERTS_H_ */
