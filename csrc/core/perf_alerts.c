/*
 * Thresholds, and whether they were crossed.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_alerts.h"

#include "perf_core.h"
#include "perf_events.h"
#include "perf_regression.h"
#include "perf_snapshot.h"

#define NANOSECONDS_PER_MICROSECOND 1000
#define MICROSECONDS_PER_SECOND 1000000
#define HUNDREDTHS_PER_PERCENT 100
#define KINDS (PERF_ALERT_REGRESSION + 1)

/*
 * The longest work of an event since one was found, in ticks, where it was
 * longer than the threshold; 0: none was.  Each CPU writes its own, and who
 * finds it writes 0: a mark that comes in between is seen twice or once.
 */
static uint32_t late[PERF_PLATFORM_CPUS][PERF_EVENT_MAX];

/* Under the control lock, all of it. */
static struct {
	uint64_t began; /* ticks */
	uint64_t above; /* events whose rate has been at least the threshold */
	uint64_t fell;	/* and then was not */
	uint32_t last;	/* kind and event that were found last */
	/* Of each event when the window began; low words, their difference is enough. */
	uint32_t counts[PERF_EVENT_MAX];
	uint32_t errors[PERF_EVENT_MAX];
} window;

static uint64_t alerts_sent;

uint32_t perf_late_ticks = UINT32_MAX - 1;

void PERF_FAST_CALL
perf_late_mark(const struct perf_statistics *statistics, uint32_t ticks)
{
	uintptr_t offset = (uintptr_t)statistics - (uintptr_t)perf_cpus;
	struct perf_cpu *cpu = &perf_cpus[offset / sizeof *cpu];
	uint32_t *mark = &late[cpu - perf_cpus][statistics - cpu->statistics];

	if (ticks > perf_load32(mark))
		perf_publish32(mark, ticks);
}

void
perf_alerts_renew(void)
{
	uint64_t rest, ticks;

	ticks = perf_control.latency_us
		* perf_divide(perf_control.ticks_per_second, MICROSECONDS_PER_SECOND,
			      &rest);
	ticks += perf_divide(perf_control.latency_us * rest, MICROSECONDS_PER_SECOND,
			     &rest);
	if (perf_control.latency_us == 0 || ticks >= UINT32_MAX)
		ticks = UINT32_MAX - 1;
	perf_publish32(&perf_late_ticks, ticks);
	window.above = window.fell = 0;
}

static uint32_t
late_by(uint32_t event)
{
	uint32_t longest = 0;

	for (unsigned int i = 0; i < perf_platform_cpus(); i++) {
		uint32_t ticks = perf_load32(&late[i][event]);

		if (ticks > longest)
			longest = ticks;
	}
	return longest;
}

static void
forgive(uint32_t event)
{
	for (unsigned int i = 0; i < perf_platform_cpus(); i++)
		perf_publish32(&late[i][event], 0);
}

/* An event's calls and failures since the window began; the next begins. */
static void
advance(uint32_t event, uint32_t *calls, uint32_t *failures)
{
	struct perf_totals totals;
	uint32_t count;

	perf_snapshot_event(event, &totals);
	count = totals.instants + totals.timed + totals.waits;
	*calls = count - window.counts[event];
	*failures = (uint32_t)totals.errors - window.errors[event];
	window.counts[event] = count;
	window.errors[event] = totals.errors;
}

static void
begin(uint64_t now)
{
	uint32_t calls, failures;

	for (uint32_t event = 0; event < PERF_EVENT_MAX; event++) {
		forgive(event);
		advance(event, &calls, &failures);
	}
	window.began = now;
	window.above = window.fell = 0;
}

void
perf_alerts_begin(void)
{
	begin(perf_platform_clock());
}

/* Remember on which side of the threshold an event's rate is. */
static void
follow_rate(uint32_t event, uint64_t rate)
{
	uint64_t bit = UINT64_C(1) << event;

	if (rate >= perf_control.throughput) {
		window.above |= bit;
		window.fell &= ~bit;
	} else if (window.above & bit) {
		window.above &= ~bit;
		window.fell |= bit;
	}
}

/* What a window held of one event. */
struct seen {
	uint64_t rate;	 /* calls per second */
	uint64_t failed; /* hundredths of a percent of the calls */
	uint64_t work;	 /* the longest that was too long, in nanoseconds */
};

static bool
crossed(uint32_t kind, uint32_t event, const struct seen *seen, struct perf_alert *alert)
{
	perf_regression_t change;

	switch (kind) {
	case PERF_ALERT_LATENCY:
		alert->value = seen->work;
		alert->threshold =
			(uint64_t)perf_control.latency_us * NANOSECONDS_PER_MICROSECOND;
		return perf_control.latency_us != 0 && alert->value > alert->threshold;
	case PERF_ALERT_THROUGHPUT:
		alert->value = seen->rate;
		alert->threshold = perf_control.throughput;
		return perf_control.throughput != 0 && (window.fell >> event & 1);
	case PERF_ALERT_ERROR_RATE:
		alert->value = seen->failed;
		alert->threshold =
			(uint64_t)perf_control.error_rate * HUNDREDTHS_PER_PERCENT;
		return perf_control.error_rate != 0 && alert->value > alert->threshold;
	default:
		if (perf_regression_compare(event, &change) != KERN_SUCCESS
		    || change.change <= 0)
			return false;
		alert->value = change.change;
		alert->threshold =
			(uint64_t)perf_control.regression_percent * HUNDREDTHS_PER_PERCENT;
		return alert->value > alert->threshold;
	}
}

static void
see(uint32_t event, uint64_t elapsed, struct seen *seen)
{
	uint32_t calls, failures;
	uint64_t rest;

	advance(event, &calls, &failures);
	seen->rate = perf_divide(calls * perf_control.ticks_per_second, elapsed, &rest);
	seen->failed = calls == 0 ? 0
				  : perf_divide((uint64_t)failures * 100
							* HUNDREDTHS_PER_PERCENT,
						calls, &rest);
	seen->work = perf_duration_ns(late_by(event));
	follow_rate(event, seen->rate);
}

/* Which turn an event's alert of a kind has, after the one that was found last. */
static uint32_t
turn(uint32_t kind, uint32_t event)
{
	return (event * KINDS + kind - window.last - 1) % (PERF_EVENT_MAX * KINDS);
}

static bool
find(uint64_t now, struct perf_alert *alert)
{
	uint64_t events = perf_control.event_mask & perf_events_named();
	uint64_t elapsed = now - window.began;
	uint32_t first = UINT32_MAX;

	window.began = now;
	for (uint32_t event = 0; event < PERF_EVENT_MAX; event++) {
		struct perf_alert candidate = {.event = event};
		struct seen seen;

		if (!(events >> event & 1))
			continue;
		see(event, elapsed, &seen);
		for (uint32_t kind = 0; kind < KINDS; kind++)
			if (turn(kind, event) < first
			    && crossed(kind, event, &seen, &candidate)) {
				first = turn(kind, event);
				candidate.kind = kind;
				*alert = candidate;
			}
	}
	if (first == UINT32_MAX)
		return false;
	alert->timestamp = perf_instant_ns(now);
	window.last = alert->event * KINDS + alert->kind;
	if (alert->kind == PERF_ALERT_LATENCY)
		forgive(alert->event);
	if (alert->kind == PERF_ALERT_THROUGHPUT)
		window.fell &= ~(UINT64_C(1) << alert->event);
	return true;
}

bool
perf_alerts_find(struct perf_alert *alert)
{
	uint64_t now;
	bool found = false;

	perf_platform_lock();
	now = perf_platform_clock();
	if (!perf_control.enabled || now <= window.began)
		begin(now);
	else
		found = find(now, alert);
	perf_platform_unlock();
	return found;
}

void
perf_alerts_count(uint32_t sent)
{
	perf_platform_lock();
	alerts_sent += sent;
	perf_platform_unlock();
}

uint64_t
perf_alerts_counted(void)
{
	uint64_t sent;

	perf_platform_lock();
	sent = alerts_sent;
	perf_platform_unlock();
	return sent;
}
