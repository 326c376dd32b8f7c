/*
 * Baseline, change of the mean, and the flag.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_regression.h"

#include "perf_core.h"
#include "perf_events.h"
#include "perf_snapshot.h"

/* Means carry this many bits below a tick, as long as the total has room. */
#define MEAN_FRACTION_BITS 10
#define HUNDREDTHS_PER_UNIT 10000 /* of a percent */

struct window {
	uint64_t count;
	uint64_t total; /* ticks */
};

/* Under the control lock, all of it. */
static struct {
	bool set;
	bool flag;
	bool evaluated;
	uint64_t evaluated_at; /* ticks */
	struct window window[PERF_EVENT_MAX];
} baseline;

static void
window_now(uint32_t event, struct window *window)
{
	struct perf_totals totals;

	perf_snapshot_event(event, &totals);
	window->count = totals.timed;
	window->total = totals.total;
}

/* *fraction_bits is how many bits of a mean lie below a tick. */
static uint64_t
mean(const struct window *window, uint32_t fraction_bits)
{
	uint64_t rest;

	return perf_divide(window->total << fraction_bits, window->count, &rest);
}

/* (current - base) / base in hundredths of a percent, rounded towards zero. */
static int64_t
change(uint64_t base, uint64_t current)
{
	bool faster = current < base;
	uint64_t difference = faster ? base - current : current - base;
	uint64_t quotient, rest;

	if (base == 0)
		return current == 0 ? 0 : INT64_MAX;
	while (difference > UINT64_MAX / HUNDREDTHS_PER_UNIT) {
		difference >>= 1;
		base >>= 1;
	}
	quotient = perf_divide(difference * HUNDREDTHS_PER_UNIT, base, &rest);
	if (quotient > INT64_MAX)
		quotient = INT64_MAX;
	return faster ? -(int64_t)quotient : (int64_t)quotient;
}

kern_return_t
perf_regression_compare(uint32_t event, perf_regression_t *report)
{
	const struct window *base = &baseline.window[event];
	struct window current;
	uint32_t fraction_bits = MEAN_FRACTION_BITS;
	uint64_t base_mean, current_mean;

	if (!baseline.set)
		return KERN_FAILURE;
	window_now(event, &current);
	current.count -= base->count;
	current.total -= base->total;
	if (base->count < PERF_REGRESSION_MIN_EVENTS
	    || current.count < PERF_REGRESSION_MIN_EVENTS)
		return KERN_FAILURE;

	while (fraction_bits > 0 && (base->total | current.total) >> (64 - fraction_bits))
		fraction_bits--;
	base_mean = mean(base, fraction_bits);
	current_mean = mean(&current, fraction_bits);
	report->change = change(base_mean, current_mean);
	report->baseline_count = base->count;
	report->baseline_mean = perf_duration_ns(base_mean >> fraction_bits);
	report->current_count = current.count;
	report->current_mean = perf_duration_ns(current_mean >> fraction_bits);
	return KERN_SUCCESS;
}

static bool
exceeds(const perf_regression_t *report, uint32_t percent)
{
	return report->change > (int64_t)percent * (HUNDREDTHS_PER_UNIT / 100);
}

void
perf_baseline_set(void)
{
	perf_platform_lock();
	for (uint32_t event = 0; event < PERF_EVENT_MAX; event++)
		window_now(event, &baseline.window[event]);
	baseline.set = true;
	baseline.flag = baseline.evaluated = false;
	perf_platform_unlock();
}

void
perf_regression_forget(void)
{
	baseline.set = baseline.flag = baseline.evaluated = false;
}

kern_return_t
perf_regression_report(uint32_t event, perf_regression_t *report)
{
	kern_return_t kr;

	if (!perf_event_exists(event))
		return KERN_INVALID_ARGUMENT;
	perf_platform_lock();
	kr = perf_regression_compare(event, report);
	perf_platform_unlock();
	return kr;
}

kern_return_t
perf_regression_check(uint32_t event, uint32_t threshold_percent, bool *detected)
{
	perf_regression_t report;
	kern_return_t kr = perf_regression_report(event, &report);

	if (kr == KERN_SUCCESS)
		*detected = exceeds(&report, threshold_percent);
	return kr;
}

static bool
evaluate(void)
{
	perf_regression_t report;

	for (uint32_t event = 0; event < PERF_EVENT_MAX; event++)
		if (perf_regression_compare(event, &report) == KERN_SUCCESS
		    && exceeds(&report, perf_control.regression_percent))
			return true;
	return false;
}

bool
perf_regression_flag(void)
{
	uint64_t now;
	bool flag;

	perf_platform_lock();
	now = perf_platform_clock();
	if (baseline.set
	    && (!baseline.evaluated
		|| now - baseline.evaluated_at >= perf_control.ticks_per_second)) {
		baseline.flag = evaluate();
		baseline.evaluated = true;
		baseline.evaluated_at = now;
	}
	flag = baseline.flag;
	perf_platform_unlock();
	return flag;
}
