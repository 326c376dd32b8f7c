/*
 * What the routines of perf_monitor.defs ask of their platform, beside what
 * the core asks: <perf_platform_rpc.h> gives host_t, host_priv_t and
 * perf_platform_port_t, as the generated server header has them (in a kernel
 * the last is ipc_port_t, elsewhere mach_port_t), and the inline functions
 * declared here.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_PLATFORM_RPC_CONTRACT_H_
#define _PERF_PLATFORM_RPC_CONTRACT_H_

#include <stdbool.h>
#include <stddef.h>

#include <mach/kern_return.h>

#include <perf_platform_rpc.h>

/* Is this the host, reached through either port, or through the privileged one? */
static inline bool perf_platform_is_host(host_t host);
static inline bool perf_platform_is_host_priv(host_priv_t host_priv);

/*
 * Memory that will leave out of line.  size is not 0.  The server writes from
 * the beginning of it, then hands it over with the number of bytes that it
 * used (perhaps 0): what leaves holds nothing but those and zeros.  finish
 * consumes the memory, whether or not it succeeds.
 */
static inline kern_return_t perf_platform_ool_allocate(size_t size, void **memory);
static inline kern_return_t perf_platform_ool_finish(void *memory, size_t size,
						     size_t used, void **ool);

/*
 * Is this a right to send to somebody?  Give back a send-once right unused,
 * alive or dead.
 */
static inline bool perf_platform_port_lives(perf_platform_port_t port);
static inline void perf_platform_port_release(perf_platform_port_t port);

/*
 * From now on a thread calls perf_alert_receivers_tell() once a second, until
 * that says to stop; it is not running when this is called.  Under the control
 * lock.
 */
static inline kern_return_t perf_platform_alerts_wanted(void);

#endif /* _PERF_PLATFORM_RPC_CONTRACT_H_ */
