/*
 * Memory for the rings, wired and never given back: a reader may be in it.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <perf_platform.h>

static struct {
	perf_sample_t *samples;
	uint32_t size;
} rings[PERF_PLATFORM_CPUS];

perf_sample_t *
perf_ring_memory(unsigned int cpu, uint32_t samples)
{
	vm_offset_t address;

	if (samples > rings[cpu].size) {
		if (kmem_alloc_wired(kernel_map, &address, samples * sizeof(perf_sample_t)) !=
		    KERN_SUCCESS)
			return NULL;
		rings[cpu].samples = (perf_sample_t *)address;
		rings[cpu].size = samples;
	}
	return rings[cpu].samples;
}
