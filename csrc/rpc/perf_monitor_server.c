/*
 * The routines of perf_monitor.defs: the same bodies in a kernel and in the
 * embedded host.  Each checks its port and its arguments' form, asks the core,
 * and leaves no byte of its reply unset.
 *
 * A port that is not the host's arrives as something that
 * perf_platform_is_host() refuses, a null pointer in a kernel.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "perf_platform_rpc_contract.h"

#include "perf_alert_receivers.h"
#include "perf_control.h"
#include "perf_reader.h"
#include "perf_regression.h"
#include "perf_report.h"

#include "perf_monitor_server.h"

/* Every routine counts, whether or not it then succeeds. */
static bool
admit_host(host_t host)
{
	perf_report_request();
	return perf_platform_is_host(host);
}

static bool
admit_host_priv(host_priv_t host_priv)
{
	perf_report_request();
	return perf_platform_is_host_priv(host_priv);
}

kern_return_t
ipc_perf_monitor_enable(host_priv_t host_priv, boolean_t enable)
{
	if (!admit_host_priv(host_priv))
		return KERN_INVALID_HOST;
	return perf_control_enable(enable != 0);
}

kern_return_t
ipc_perf_monitor_configure(host_priv_t host_priv, uint32_t sample_rate,
			   uint32_t buffer_size)
{
	if (!admit_host_priv(host_priv))
		return KERN_INVALID_HOST;
	return perf_control_configure(sample_rate, buffer_size);
}

kern_return_t
ipc_perf_set_options(host_priv_t host_priv, uint32_t selector, uint64_t value)
{
	if (!admit_host_priv(host_priv))
		return KERN_INVALID_HOST;
	return perf_control_set_option(selector, value);
}

kern_return_t
ipc_perf_get_info(host_t host, uint32_t selector, perf_info_t info,
		  mach_msg_type_number_t *info_count)
{
	if (!admit_host(host))
		return KERN_INVALID_HOST;
	return perf_report_info(selector, info, info_count);
}

kern_return_t
ipc_perf_get_event_stats(host_t host, uint32_t event, perf_event_stats_t *stats)
{
	if (!admit_host(host))
		return KERN_INVALID_HOST;
	return perf_report_event(event, stats);
}

kern_return_t
ipc_perf_get_histogram(host_t host, uint32_t event, uint32_t selector,
		       perf_histogram_t buckets, mach_msg_type_number_t *bucket_count)
{
	if (!admit_host(host))
		return KERN_INVALID_HOST;
	return perf_report_histogram(event, selector, buckets, bucket_count);
}

kern_return_t
ipc_perf_get_system_stats(host_t host, perf_system_stats_t *stats)
{
	if (!admit_host(host))
		return KERN_INVALID_HOST;
	perf_report_system(stats);
	return KERN_SUCCESS;
}

kern_return_t
ipc_perf_read_samples(host_priv_t host_priv, uint32_t cpu, uint64_t cursor, uint32_t max,
		      perf_sample_array_t *samples, mach_msg_type_number_t *sample_count,
		      uint64_t *next, uint64_t *lost)
{
	perf_sample_t none, *read = &none;
	uint32_t room;
	void *memory = NULL;
	kern_return_t kr;

	if (!admit_host_priv(host_priv))
		return KERN_INVALID_HOST;
	kr = perf_reader_available(cpu, cursor, max, &room);
	if (kr != KERN_SUCCESS)
		return kr;
	if (room != 0) {
		kr = perf_platform_ool_allocate(room * sizeof none, &memory);
		if (kr != KERN_SUCCESS)
			return kr;
		read = memory;
	}
	*sample_count = room;
	perf_reader_read(cpu, cursor, read, sample_count, next, lost);
	*samples = NULL;
	if (room == 0)
		return KERN_SUCCESS;
	return perf_platform_ool_finish(memory, room * sizeof none,
					*sample_count * sizeof none, (void **)samples);
}

kern_return_t
ipc_perf_set_baseline(host_priv_t host_priv)
{
	if (!admit_host_priv(host_priv))
		return KERN_INVALID_HOST;
	perf_baseline_set();
	return KERN_SUCCESS;
}

kern_return_t
ipc_perf_reset_stats(host_priv_t host_priv)
{
	if (!admit_host_priv(host_priv))
		return KERN_INVALID_HOST;
	perf_control_reset();
	return KERN_SUCCESS;
}

kern_return_t
ipc_perf_check_regression(host_t host, uint32_t event, uint32_t threshold_percent,
			  boolean_t *detected)
{
	bool found;
	kern_return_t kr;

	if (!admit_host(host))
		return KERN_INVALID_HOST;
	kr = perf_regression_check(event, threshold_percent, &found);
	if (kr == KERN_SUCCESS)
		*detected = found;
	return kr;
}

kern_return_t
ipc_perf_get_regression(host_t host, uint32_t event, perf_regression_t *report)
{
	if (!admit_host(host))
		return KERN_INVALID_HOST;
	return perf_regression_report(event, report);
}

kern_return_t
ipc_perf_set_thresholds(host_priv_t host_priv, uint32_t latency_us, uint32_t throughput,
			uint32_t error_rate)
{
	if (!admit_host_priv(host_priv))
		return KERN_INVALID_HOST;
	perf_control_set_thresholds(latency_us, throughput, error_rate);
	return KERN_SUCCESS;
}

/* With an error the caller of this function gives the right back. */
kern_return_t
ipc_perf_request_alerts(host_priv_t host_priv, perf_platform_port_t notify)
{
	if (!admit_host_priv(host_priv))
		return KERN_INVALID_HOST;
	return perf_alert_receivers_add(notify);
}

kern_return_t
ipc_perf_get_names(host_priv_t host_priv, uint32_t kind, perf_name_array_t *names,
		   mach_msg_type_number_t *name_count)
{
	uint32_t room;
	void *memory;
	kern_return_t kr;

	if (!admit_host_priv(host_priv))
		return KERN_INVALID_HOST;
	kr = perf_report_names_most(kind, &room);
	if (kr != KERN_SUCCESS)
		return kr;
	*names = NULL;
	*name_count = room;
	if (room == 0)
		return KERN_SUCCESS;
	kr = perf_platform_ool_allocate(room * sizeof(perf_name_t), &memory);
	if (kr != KERN_SUCCESS)
		return kr;
	perf_report_names(kind, memory, name_count);
	return perf_platform_ool_finish(memory, room * sizeof(perf_name_t),
					*name_count * sizeof(perf_name_t),
					(void **)names);
}
