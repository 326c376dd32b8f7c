/*
 * What the routines ask of the embedded host; see
 * perf_platform_rpc_contract.h.  Out-of-line memory is malloc()'s: it leaves by
 * its address, and whoever receives it frees it.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_PLATFORM_RPC_H_
#define _PERF_PLATFORM_RPC_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <mach/kern_return.h>
#include <mach/mach_types.h>

#include "embedded_host.h"
#include "embedded_ports.h"

typedef mach_port_t perf_platform_port_t;

static inline bool
perf_platform_is_host(host_t host)
{
	return host == embedded_host || host == embedded_host_priv;
}

static inline bool
perf_platform_is_host_priv(host_priv_t host_priv)
{
	return host_priv == embedded_host_priv;
}

kern_return_t embedded_alerts_wanted(void);

static inline bool
perf_platform_port_lives(perf_platform_port_t port)
{
	return port_is_once(kernel_space, port);
}

static inline void
perf_platform_port_release(perf_platform_port_t port)
{
	port_destroy(kernel_space, port);
}

static inline kern_return_t
perf_platform_alerts_wanted(void)
{
	return embedded_alerts_wanted();
}

static inline kern_return_t
perf_platform_ool_allocate(size_t size, void **memory)
{
	*memory = malloc(size);
	return *memory != NULL ? KERN_SUCCESS : KERN_RESOURCE_SHORTAGE;
}

static inline kern_return_t
perf_platform_ool_finish(void *memory, size_t size, size_t used, void **ool)
{
	(void)size;
	if (used == 0) {
		free(memory);
		memory = NULL;
	}
	*ool = memory;
	return KERN_SUCCESS;
}

#endif /* _PERF_PLATFORM_RPC_H_ */
