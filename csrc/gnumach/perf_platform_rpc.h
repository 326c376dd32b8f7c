/*
 * GNU Mach as a platform of the RPC routines: both host ports become the one
 * host, a port that is none becomes null.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_PLATFORM_RPC_H_
#define _PERF_PLATFORM_RPC_H_

#include <stdbool.h>
#include <stddef.h>

#include <perf_kernel.h>
#include <perf_offsets.h>

typedef ipc_port_t perf_platform_port_t;

#define PERF_PAGE_SIZE 4096u

static inline bool
perf_platform_is_host(host_t host)
{
	return host != NULL;
}

static inline bool
perf_platform_is_host_priv(host_priv_t host_priv)
{
	return host_priv != NULL;
}

kern_return_t perf_alerts_wanted(void);

static inline bool
perf_platform_port_lives(perf_platform_port_t port)
{
	return port != NULL && port != IP_DEAD &&
	       (*(const volatile uint32_t *)((uintptr_t)port + PERF_OFFSET_PORT_BITS) &
		PERF_PORT_ACTIVE) != 0;
}

static inline void
perf_platform_port_release(perf_platform_port_t port)
{
	ipc_port_release_sonce(port);
}

static inline kern_return_t
perf_platform_alerts_wanted(void)
{
	return perf_alerts_wanted();
}

static inline size_t
perf_page_round(size_t size)
{
	return (size + PERF_PAGE_SIZE - 1) & ~(size_t)(PERF_PAGE_SIZE - 1);
}

/* Fresh pageable memory reads as zeros. */
static inline kern_return_t
perf_platform_ool_allocate(size_t size, void **memory)
{
	vm_offset_t address;
	kern_return_t result;

	result = kmem_alloc_pageable(ipc_kernel_map, &address, perf_page_round(size));
	*memory = (void *)address;
	return result;
}

static inline kern_return_t
perf_platform_ool_finish(void *memory, size_t size, size_t used, void **ool)
{
	vm_offset_t address = (vm_offset_t)memory;
	size_t kept = perf_page_round(used), allocated = perf_page_round(size);
	vm_map_copy_t copy = NULL;
	kern_return_t result = KERN_SUCCESS;

	if (kept < allocated)
		kmem_free(ipc_kernel_map, address + kept, allocated - kept);
	if (used > 0)
		result = vm_map_copyin(ipc_kernel_map, address, used, TRUE, &copy);
	if (result != KERN_SUCCESS)
		kmem_free(ipc_kernel_map, address, kept);
	*ool = copy;
	return result;
}

#endif /* _PERF_PLATFORM_RPC_H_ */
