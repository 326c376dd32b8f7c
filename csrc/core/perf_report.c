/*
 * Events, histograms, totals and state of the host.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_report.h"

#include "perf_alerts.h"
#include "perf_control.h"
#include "perf_core.h"
#include "perf_events.h"
#include "perf_ids.h"
#include "perf_reader.h"
#include "perf_regression.h"
#include "perf_snapshot.h"

static uint32_t requests[2]; /* low, high: any thread counts */

void
perf_report_request(void)
{
	if (__atomic_add_fetch(&requests[0], 1, __ATOMIC_RELAXED) == 0)
		__atomic_add_fetch(&requests[1], 1, __ATOMIC_RELAXED);
}

static uint64_t
requests_served(void)
{
	uint32_t low, high;

	do {
		high = perf_load32(&requests[1]);
		low = perf_load32(&requests[0]);
	} while (perf_load32(&requests[1]) != high);
	return (uint64_t)high << 32 | low;
}

kern_return_t
perf_report_event(uint32_t event, perf_event_stats_t *stats)
{
	struct perf_totals totals;
	uint64_t rest;

	if (!perf_event_exists(event))
		return KERN_INVALID_ARGUMENT;
	perf_snapshot_event(event, &totals);
	stats->count = totals.instants + totals.timed + totals.waits;
	stats->errors = totals.errors;
	stats->waits = totals.waits;
	stats->timed = totals.timed;
	stats->total = perf_duration_ns(totals.total);
	stats->wait_total = perf_duration_ns(totals.wait_total);
	stats->min = stats->max = stats->mean = 0;
	if (totals.timed != 0) {
		stats->min = perf_duration_ns(~totals.min_inverted);
		stats->max = perf_duration_ns(totals.max);
		stats->mean = perf_divide(stats->total, totals.timed, &rest);
	}
	stats->last = perf_instant_ns(totals.last);
	return KERN_SUCCESS;
}

kern_return_t
perf_report_histogram(uint32_t event, uint32_t selector, perf_histogram_t buckets,
		      uint32_t *count)
{
	bool wait = selector == PERF_HISTOGRAM_WAIT;
	uint32_t number = wait ? PERF_WAIT_BUCKETS : PERF_WORK_BUCKETS;
	uint32_t shift = wait ? PERF_WAIT_SHIFT : PERF_WORK_SHIFT;

	if (!perf_event_exists(event)
	    || (selector != PERF_HISTOGRAM_WORK && selector != PERF_HISTOGRAM_WAIT))
		return KERN_INVALID_ARGUMENT;
	*count = 0;
	for (uint32_t i = 0; i < number; i++) {
		uint64_t hits = perf_snapshot_bucket(event, wait, i);
		perf_bucket_t *bucket = &buckets[*count];

		if (hits == 0)
			continue;
		bucket->lower = perf_duration_ns(perf_bucket_lower(i, shift));
		bucket->upper = i == number - 1 ? UINT64_MAX
						: perf_duration_ns(perf_bucket_lower(
							i + 1, shift));
		bucket->count = hits;
		++*count;
	}
	return KERN_SUCCESS;
}

static void
add_cpu(unsigned int cpu, perf_system_stats_t *stats)
{
	struct perf_cpu_snapshot snapshot;

	perf_snapshot_cpu(cpu, &snapshot);
	stats->events += perf_account_events(&snapshot.earlier)
			 + perf_account_events(&snapshot.account);
	stats->written += snapshot.earlier.written + snapshot.account.written;
	/* A change of the configuration empties the ring. */
	stats->overwritten += snapshot.earlier.written
			      + perf_ring_oldest(snapshot.ring, snapshot.account.written);
	stats->rate_limited +=
		snapshot.earlier.rate_limited + snapshot.account.rate_limited;
	stats->refused += snapshot.earlier.refused + snapshot.account.refused;
}

static uint64_t
time_monitored(void)
{
	uint64_t ticks;

	perf_platform_lock();
	ticks = perf_control.monitored;
	if (perf_control.enabled)
		ticks += perf_ticks_since(perf_control.enabled_at);
	perf_platform_unlock();
	return perf_duration_ns(ticks);
}

void
perf_report_system(perf_system_stats_t *stats)
{
	*stats = (perf_system_stats_t){0};
	for (unsigned int i = 0; i < perf_platform_cpus(); i++)
		add_cpu(i, stats);
	for (uint32_t event = 0; event < PERF_EVENT_MAX; event++) {
		if (perf_event_exists(event))
			stats->errors += perf_snapshot_errors(event);
	}
	stats->table_overflows = perf_ids_overflows();
	stats->time_monitored = time_monitored();
	stats->requests = requests_served();
	stats->alerts = perf_alerts_counted();
	stats->regression = perf_regression_flag();
}

static void
interface_info(perf_info_interface_t *info)
{
	info->version = PERF_INTERFACE_VERSION;
	info->sample_size = sizeof(perf_sample_t);
	info->event_max = PERF_EVENT_MAX;
	info->events = perf_events_named();
	info->hooked = perf_platform_hooked() | perf_events_registered();
	info->timed = perf_platform_timed() | perf_events_registered();
	info->cpus = perf_platform_cpus();
	info->enabled = perf_control.enabled;
}

static void
configuration_info(perf_info_configuration_t *info)
{
	info->sample_rate = perf_control.sample_rate;
	info->buffer_size = perf_control.buffer_size;
	info->event_mask = perf_control.event_mask;
	info->mode = perf_load32(&perf_shared.mode);
	info->excluded_task = perf_load_word(&perf_shared.excluded) == 0
				      ? 0
				      : perf_control.excluded_task;
	info->regression_percent = perf_control.regression_percent;
	info->latency_us = perf_control.latency_us;
	info->throughput = perf_control.throughput;
	info->error_rate = perf_control.error_rate;
	info->generation = perf_cursor(perf_shared.generation, 0)
			   >> PERF_CURSOR_SEQUENCE_BITS;
}

static void
clock_info(perf_info_clock_t *info)
{
	perf_control_calibrate();
	info->ticks_per_second = perf_control.ticks_per_second;
	info->ticks_now = perf_platform_clock();
	info->boot_ticks = perf_control.boot_ticks;
	perf_platform_wall_clock(&info->wall_seconds, &info->wall_nanoseconds);
}

static void
cpu_info(unsigned int cpu, perf_info_cpu_t *info)
{
	struct perf_cpu_snapshot snapshot;

	perf_snapshot_cpu(cpu, &snapshot);
	info->events = perf_account_events(&snapshot.account);
	info->written = snapshot.account.written;
	info->overwritten = perf_ring_oldest(snapshot.ring, snapshot.account.written);
	info->rate_limited = snapshot.account.rate_limited;
	info->refused = snapshot.account.refused;
	info->readable = info->written - info->overwritten;
	info->oldest = perf_cursor(snapshot.generation, info->overwritten);
	info->newest = perf_cursor(snapshot.generation, info->written);
}

kern_return_t
perf_report_info(uint32_t selector, uint64_t *words, uint32_t *count)
{
	union {
		perf_info_interface_t interface;
		perf_info_configuration_t configuration;
		perf_info_clock_t clock;
		perf_info_cpu_t cpu;
		perf_info_t words;
	} info;
	uint32_t size;

	if (selector >= PERF_INFO_CPU && selector - PERF_INFO_CPU < perf_platform_cpus()) {
		cpu_info(selector - PERF_INFO_CPU, &info.cpu);
		size = sizeof info.cpu;
	} else {
		perf_platform_lock();
		switch (selector) {
		case PERF_INFO_INTERFACE:
			interface_info(&info.interface);
			size = sizeof info.interface;
			break;
		case PERF_INFO_CONFIGURATION:
			configuration_info(&info.configuration);
			size = sizeof info.configuration;
			break;
		case PERF_INFO_CLOCK:
			clock_info(&info.clock);
			size = sizeof info.clock;
			break;
		default:
			size = 0;
		}
		perf_platform_unlock();
	}
	if (size == 0)
		return KERN_INVALID_ARGUMENT;
	size /= sizeof words[0];
	if (*count > size)
		*count = size;
	for (uint32_t i = 0; i < *count; i++)
		words[i] = info.words[i];
	return KERN_SUCCESS;
}
