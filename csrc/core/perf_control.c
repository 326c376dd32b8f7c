/*
 * Initialisation, enabling, configuration and reset.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_control.h"

#include "perf_alerts.h"
#include "perf_core.h"
#include "perf_events.h"
#include "perf_ids.h"
#include "perf_regression.h"

#define DEFAULT_EVENTS ((UINT64_C(1) << PERF_EVENTS_BUILTIN) - 1)

struct perf_shared perf_shared;
struct perf_control perf_control;

/*
 * After a change of anything in perf_shared or in the events let through: the
 * CPUs renew themselves, one by one, at their next events.
 */
static void
take_effect(void)
{
	uint32_t version = perf_shared.version + 1;

	if (version == PERF_LOOK_CLOSER)
		version = 1;
	perf_publish32(&perf_shared.version, version);
	perf_publish32(&perf_shared.settings, perf_load_word(&perf_shared.excluded) != 0
						      ? PERF_LOOK_CLOSER
						      : version);
	if (PERF_ALONE) {
		unsigned long saved = perf_platform_mask();

		perf_cpu_renew(&perf_cpus[0]);
		perf_platform_unmask(saved);
	}
}

static void
let_through(uint64_t events)
{
	for (uint32_t i = 0; i < PERF_EVENT_MAX / 32; i++)
		perf_publish32(&perf_active.events[i], (uint32_t)(events >> 32 * i));
	take_effect();
}

static void
begin_generation(void)
{
	perf_publish32(&perf_shared.generation, perf_shared.generation + 1);
	take_effect();
}

static void
set_limit(void)
{
	struct perf_limit limit;

	perf_limit_init(perf_control.sample_rate, perf_control.ticks_per_second, &limit);
	perf_publish32(&perf_shared.limit.span, limit.span);
	perf_publish32(&perf_shared.limit.interval, limit.interval);
}

void
perf_control_calibrate(void)
{
	struct perf_scale scale;

	if (perf_control.scale_is_kept)
		return;
	perf_control.ticks_per_second = perf_platform_clock_frequency();
	perf_scale_init(perf_control.ticks_per_second, &scale);
	perf_section_begin(&perf_control.scale_sequence);
	perf_store64(&perf_control.scale.whole, scale.whole);
	perf_store64(&perf_control.scale.fraction, scale.fraction);
	perf_section_end(&perf_control.scale_sequence);
	set_limit();
	perf_alerts_renew();
	take_effect();
}

/* All rings or none. */
static kern_return_t
set_rings(uint32_t buffer_size)
{
	perf_ring_t rings[PERF_PLATFORM_CPUS];

	for (unsigned int i = 0; i < perf_platform_cpus(); i++) {
		perf_sample_t *samples = perf_platform_ring(i, buffer_size);

		if (samples == NULL)
			return KERN_RESOURCE_SHORTAGE;
		rings[i] = perf_ring_pack(samples, buffer_size);
	}
	for (unsigned int i = 0; i < perf_platform_cpus(); i++)
		perf_publish_word(&perf_shared.ring[i], rings[i]);
	return KERN_SUCCESS;
}

void
perf_analysis_init(void)
{
	perf_control = (struct perf_control){
		.sample_rate = PERF_RATE_DEFAULT,
		.buffer_size = PERF_BUFFER_DEFAULT,
		.event_mask = DEFAULT_EVENTS,
		.regression_percent = PERF_REGRESSION_PERCENT_DEFAULT,
		.latency_us = PERF_LATENCY_US_DEFAULT,
		.throughput = PERF_THROUGHPUT_DEFAULT,
		.error_rate = PERF_ERROR_RATE_DEFAULT,
		.boot_ticks = perf_platform_clock(),
	};
	perf_control_calibrate();
	begin_generation();
	perf_publish32(&perf_shared.reset, perf_shared.generation);
}

/* Without memory for rings at boot, an enable asks again. */
static kern_return_t
enable(void)
{
	kern_return_t kr = KERN_SUCCESS;

	if (perf_shared.ring[0] == 0) {
		kr = set_rings(perf_control.buffer_size);
		if (kr == KERN_SUCCESS)
			begin_generation();
	}
	if (kr != KERN_SUCCESS)
		return kr;
	/* From here on the hooks see deaths, and until then nobody gets an id. */
	perf_ids_clear();
	kr = perf_platform_enable(true);
	if (kr != KERN_SUCCESS)
		return kr;

	perf_control_calibrate();
	perf_control.scale_is_kept = true;
	perf_publish_word(&perf_shared.excluded, 0);
	perf_control.excluded_task = 0;
	perf_control.enabled_at = perf_platform_clock();
	perf_control.enabled = true;
	if (++perf_control.epoch == PERF_EPOCH_DISABLED)
		perf_control.epoch = 1;
	perf_active.since = perf_control.enabled_at;
	perf_publish32(&perf_active.epoch, perf_control.epoch);
	let_through(perf_control.event_mask);
	return KERN_SUCCESS;
}

static kern_return_t
disable(void)
{
	kern_return_t kr;

	let_through(0);
	kr = perf_platform_enable(false);
	if (kr != KERN_SUCCESS) {
		let_through(perf_control.event_mask);
		return kr;
	}
	perf_publish32(&perf_active.epoch, PERF_EPOCH_DISABLED);
	perf_control.enabled = false;
	perf_control.monitored += perf_ticks_since(perf_control.enabled_at);
	return KERN_SUCCESS;
}

kern_return_t
perf_control_enable(bool wanted)
{
	kern_return_t kr = KERN_SUCCESS;

	perf_platform_lock();
	if (wanted != perf_control.enabled)
		kr = wanted ? enable() : disable();
	perf_platform_unlock();
	return kr;
}

bool
perf_control_admits(uint32_t sample_rate, uint32_t buffer_size)
{
	return (sample_rate == PERF_RATE_EVERY_EVENT
		|| (sample_rate >= PERF_RATE_MIN && sample_rate <= PERF_RATE_MAX))
	       && buffer_size >= PERF_BUFFER_MIN && buffer_size <= PERF_BUFFER_MAX
	       && (buffer_size & (buffer_size - 1)) == 0;
}

kern_return_t
perf_control_configure(uint32_t sample_rate, uint32_t buffer_size)
{
	kern_return_t kr = KERN_INVALID_ARGUMENT;

	perf_platform_lock();
	if (perf_control_admits(sample_rate, buffer_size) && !perf_control.enabled)
		kr = set_rings(buffer_size);
	if (kr == KERN_SUCCESS) {
		perf_control.sample_rate = sample_rate;
		perf_control.buffer_size = buffer_size;
		set_limit();
		begin_generation();
	}
	perf_platform_unlock();
	return kr;
}

static kern_return_t
exclude(uint64_t task)
{
	uintptr_t key = task > UINT32_MAX ? 0 : perf_ids_key(&perf_tasks, task);

	if (task != 0 && key == 0)
		return KERN_INVALID_ARGUMENT;
	perf_control.excluded_task = task;
	perf_publish_word(&perf_shared.excluded, key);
	take_effect();
	return KERN_SUCCESS;
}

static kern_return_t
set_option(uint32_t selector, uint64_t value)
{
	switch (selector) {
	case PERF_OPTION_EVENT_MASK:
		if (value & ~perf_events_named())
			return KERN_INVALID_ARGUMENT;
		perf_control.event_mask = value;
		if (perf_control.enabled)
			let_through(value);
		return KERN_SUCCESS;
	case PERF_OPTION_MODE:
		if (value != PERF_MODE_OVERWRITE && value != PERF_MODE_STOP)
			return KERN_INVALID_ARGUMENT;
		perf_publish32(&perf_shared.mode, value);
		take_effect();
		return KERN_SUCCESS;
	case PERF_OPTION_EXCLUDED_TASK:
		return exclude(value);
	case PERF_OPTION_REGRESSION_PERCENT:
		if (value > UINT32_MAX)
			return KERN_INVALID_ARGUMENT;
		perf_control.regression_percent = value;
		return KERN_SUCCESS;
	default:
		return KERN_INVALID_ARGUMENT;
	}
}

kern_return_t
perf_control_set_option(uint32_t selector, uint64_t value)
{
	kern_return_t kr;

	perf_platform_lock();
	kr = set_option(selector, value);
	perf_platform_unlock();
	return kr;
}

void
perf_control_set_thresholds(uint32_t latency_us, uint32_t throughput, uint32_t error_rate)
{
	perf_platform_lock();
	perf_control.latency_us = latency_us;
	perf_control.throughput = throughput;
	perf_control.error_rate = error_rate;
	perf_alerts_renew();
	take_effect();
	perf_platform_unlock();
}

void
perf_control_reset(void)
{
	perf_platform_lock();
	perf_regression_forget();
	perf_ids_overflows_clear();
	perf_control.monitored = 0;
	perf_control.enabled_at = perf_platform_clock();
	perf_control.scale_is_kept = perf_control.enabled;
	/* The mark first: a CPU that sees the generation must see that it is a reset. */
	perf_publish32(&perf_shared.reset, perf_shared.generation + 1);
	begin_generation();
	perf_alerts_begin();
	perf_platform_unlock();
}

uint64_t
perf_duration_ns(uint64_t ticks)
{
	struct perf_scale scale;
	uint32_t before;

	for (;;) {
		before = perf_section_read(&perf_control.scale_sequence);
		scale.whole = perf_load64(&perf_control.scale.whole);
		scale.fraction = perf_load64(&perf_control.scale.fraction);
		if (perf_section_same(&perf_control.scale_sequence, before))
			break;
		perf_platform_pause();
	}
	return perf_nanoseconds(&scale, ticks);
}

uint64_t
perf_instant_ns(uint64_t ticks)
{
	return ticks == 0 ? 0 : perf_duration_ns(ticks - perf_control.boot_ticks);
}
