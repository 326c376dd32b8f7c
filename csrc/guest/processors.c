/*
 * See processors.h.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <mach/processor_info.h>

#include "mach_host.h"
#include "processors.h"
#include "runtime.h"

static int processors_in(mach_port_t set)
{
	processor_set_basic_info_data_t info;
	mach_msg_type_number_t count = PROCESSOR_SET_BASIC_INFO_COUNT;
	mach_port_t host;

	if (processor_set_info(set, PROCESSOR_SET_BASIC_INFO, &host, (processor_set_info_t)&info,
			       &count) != KERN_SUCCESS)
		return 0;
	return info.processor_count;
}

kern_return_t guest_run_elsewhere(mach_port_t thread)
{
	mach_port_t *sets, set, usual;
	mach_msg_type_number_t count;
	kern_return_t result;

	result = processor_set_default(guest_host_port, &usual);
	if (result == KERN_SUCCESS)
		result = host_processor_sets(guest_host_port, &sets, &count);
	for (mach_msg_type_number_t i = 0; i < count && result == KERN_SUCCESS; i++) {
		if (sets[i] == usual || processors_in(sets[i]) == 0)
			continue;
		result = host_processor_set_priv(guest_host_port, sets[i], &set);
		if (result == KERN_SUCCESS)
			result = thread_assign(thread, set);
		break;
	}
	return result;
}
